"""Charts: plain numbers and names, drawn with matplotlib in one look; SVG, PNG, PDF or axes."""

from trustsem.charts.chart import Chart, Layout, Width
from trustsem.charts.cutoffs import CutoffChart, cutoffs_chart
from trustsem.charts.densities import DensityChart, Ridge, bootstrap_chart, density
from trustsem.charts.estimates import groups_chart, loadings_chart, paths_chart
from trustsem.charts.forest import Block, Forest, Mark, Row
from trustsem.charts.influence import IndexChart, WithoutChart, index_chart, without_chart
from trustsem.charts.levels import LadderChart, invariance_chart
from trustsem.charts.maps import (
    CorrelationMap,
    ResidualMap,
    correlations_chart,
    residuals_chart,
)
from trustsem.charts.multiverse import (
    CurvesChart,
    SpecificationCurve,
    curve_chart,
    curves_chart,
)
from trustsem.charts.plot import Plot, Plots, Plotted
from trustsem.charts.points import (
    ModificationChart,
    QuantileChart,
    mahalanobis_chart,
    modification_chart,
)
from trustsem.charts.power import PowerChart, power_chart
from trustsem.charts.responses import (
    Bar,
    BarBlock,
    LikertChart,
    MissingChart,
    likert_chart,
    missing_chart,
)
from trustsem.charts.settings import style
from trustsem.charts.slopes import SlopesChart, SlopesKind

__all__ = [
    "Bar",
    "BarBlock",
    "Block",
    "Chart",
    "CorrelationMap",
    "CurvesChart",
    "CutoffChart",
    "DensityChart",
    "Forest",
    "IndexChart",
    "LadderChart",
    "Layout",
    "LikertChart",
    "Mark",
    "MissingChart",
    "ModificationChart",
    "Plot",
    "Plots",
    "Plotted",
    "PowerChart",
    "QuantileChart",
    "ResidualMap",
    "Ridge",
    "Row",
    "SlopesChart",
    "SlopesKind",
    "SpecificationCurve",
    "Width",
    "WithoutChart",
    "bootstrap_chart",
    "correlations_chart",
    "curve_chart",
    "curves_chart",
    "cutoffs_chart",
    "density",
    "groups_chart",
    "index_chart",
    "invariance_chart",
    "likert_chart",
    "loadings_chart",
    "mahalanobis_chart",
    "missing_chart",
    "modification_chart",
    "paths_chart",
    "power_chart",
    "residuals_chart",
    "style",
    "without_chart",
]
