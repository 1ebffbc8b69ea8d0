"""Judge whether constructs are measured well, distinct, and related as the theory says.

Pure formulas of arrays at the bottom (``reliability``, the kernel of ``discriminant``), labelled
tables on top of them, and checks that judge the tables and return findings. Nothing here knows how
a model was estimated.
"""

from trustsem.validity.convergent import (
    check_loadings,
    check_reliability,
    loadings_table,
    reliability_intervals,
    reliability_table,
)
from trustsem.validity.discriminant import (
    anderson_gerbing_distinct,
    difference_table,
    discriminant_table,
    fornell_larcker,
    holm,
    problem_by_tests,
    ronkko_cho_problem,
)
from trustsem.validity.discriminant_checks import check_discriminant
from trustsem.validity.heterotrait import heterotrait_monotrait, htmt, htmt_intervals
from trustsem.validity.invariance import (
    CRITERIA,
    LevelChange,
    check_level,
    gamma_hat,
    level_holds,
    noncentrality,
)
from trustsem.validity.local_fit import (
    check_modifications,
    misspecification_power,
    modification_table,
    residual_table,
)
from trustsem.validity.method_bias import (
    adjusted_correlation,
    adjusted_correlations,
    check_adjusted_correlations,
    check_changed_hypotheses,
    check_method_variance,
    marker_correlation,
    reliability_split,
    scale_correlations,
    variance_split,
)
from trustsem.validity.model_fit import check_fit, check_residuals
from trustsem.validity.nomological import (
    Hypothesis,
    check_hypotheses,
    check_structural_difference,
    hypotheses_table,
)
from trustsem.validity.reliability import (
    ave_observed,
    average_shared_variance,
    average_variance_extracted,
    coefficient_h,
    composite_reliability,
    composite_reliability_observed,
    cronbach_alpha,
    item_r2,
    maximum_shared_variance,
    standardized_alpha,
)
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.verdict import Verdict, measurement_verdict, structural_verdict

__all__ = [
    "CRITERIA",
    "Hypothesis",
    "LevelChange",
    "Thresholds",
    "Verdict",
    "adjusted_correlation",
    "adjusted_correlations",
    "anderson_gerbing_distinct",
    "ave_observed",
    "average_shared_variance",
    "average_variance_extracted",
    "check_adjusted_correlations",
    "check_changed_hypotheses",
    "check_discriminant",
    "check_fit",
    "check_hypotheses",
    "check_level",
    "check_loadings",
    "check_method_variance",
    "check_modifications",
    "check_reliability",
    "check_residuals",
    "check_structural_difference",
    "coefficient_h",
    "composite_reliability",
    "composite_reliability_observed",
    "cronbach_alpha",
    "difference_table",
    "discriminant_table",
    "fornell_larcker",
    "gamma_hat",
    "heterotrait_monotrait",
    "holm",
    "htmt",
    "htmt_intervals",
    "hypotheses_table",
    "item_r2",
    "level_holds",
    "loadings_table",
    "marker_correlation",
    "maximum_shared_variance",
    "measurement_verdict",
    "misspecification_power",
    "modification_table",
    "noncentrality",
    "problem_by_tests",
    "reliability_intervals",
    "reliability_split",
    "reliability_table",
    "residual_table",
    "ronkko_cho_problem",
    "scale_correlations",
    "standardized_alpha",
    "structural_verdict",
    "variance_split",
]
