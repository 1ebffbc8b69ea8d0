"""The charts of a study, each from the public tables of its result."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import special

from trustsem.charts import (
    CorrelationMap,
    CurvesChart,
    CutoffChart,
    DensityChart,
    Forest,
    IndexChart,
    LadderChart,
    LikertChart,
    MissingChart,
    ModificationChart,
    Plots,
    Plotted,
    PowerChart,
    QuantileChart,
    ResidualMap,
    SlopesChart,
    SpecificationCurve,
    Width,
    WithoutChart,
    bootstrap_chart,
    correlations_chart,
    likert_chart,
    loadings_chart,
    mahalanobis_chart,
    missing_chart,
    modification_chart,
    paths_chart,
    residuals_chart,
    without_chart,
)
from trustsem.errors import PlanError, UnknownOptionError
from trustsem.inference import ARROW
from trustsem.results.influence import MEASURES, measure_chart
from trustsem.results.plots import indirect_table, with_limits
from trustsem.study.resampled_tables import TITLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.arrays import Floats
    from trustsem.results import Bootstrap, Invariance
    from trustsem.study.influence import StudyInfluence
    from trustsem.study.multiverse_analysis import Multiverse
    from trustsem.study.result import StudyResult
    from trustsem.study.structural import StructuralStep
    from trustsem.survey import Screening

_REACH = float(special.ndtri(0.975))
Step = Literal["measurement", "structural"]
STEPS: tuple[Step, ...] = ("measurement", "structural")


class StudyPlots(Plots):
    """The charts of a study.

    Parameters
    ----------
    result : StudyResult
        The study's outcome.
    """

    def __init__(self, result: StudyResult) -> None:
        self._result = result

    # -- answers ------------------------------------------------------------------------------

    @Plotted
    def likert(self, *, width: Width = "140mm") -> LikertChart:
        """Bars of the answers to every item, by construct.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        items = self._result.measurement.loadings
        return likert_chart(
            self._screened.answers,
            labels=self._result.study.labels,
            wordings=dict(zip(items["item"], items["label"], strict=True)),
            scales=self._result.study.scales,
            width=width,
        )

    @Plotted
    def missing(self, *, width: Width = "140mm") -> MissingChart:
        """Patterns of missing answers, the most frequent first.

        Parameters
        ----------
        width : str or float
            Final width; more patterns fit on a wider page.
        """
        study = self._result.study
        return missing_chart(
            self._screened.patterns, study.items_of, labels=study.labels, width=width
        )

    @Plotted
    def mahalanobis(self, *, width: Width = "90mm") -> QuantileChart:
        """Squared Mahalanobis distances of the cases against the quantiles of chi-square.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        return mahalanobis_chart(self._screened.distances, width=width)

    @property
    def _screened(self) -> Screening:
        if self._result.screening is None:
            raise PlanError(
                "The study was run from a printed matrix, which holds no answers.",
                remedy="Run it on raw data.",
            )
        return self._result.screening

    # -- step one -----------------------------------------------------------------------------

    @Plotted
    def loadings(self, *, width: Width = "140mm") -> Forest:
        """Forest of the standardised loadings with 95% intervals, by construct.

        Intervals are those of the bootstrap where the study asked for one, else Wald's; the note
        says which.

        Parameters
        ----------
        width : str or float
            Final width; wordings stand beside the items where there is room.
        """
        result = self._result
        step, resampled = result.measurement, result.resampled
        table, kind = step.loadings, "Wald"
        if resampled is not None:
            method = resampled.method
            limits = resampled.measurement.interval(method, what="std_all")
            table, kind = with_limits(table, limits), f"bootstrap {TITLES[method]}"
        limit = step.thresholds
        return loadings_chart(
            table, labels=result.study.labels, cutoffs=(limit.loading, limit.loading_ideal),
            intervals=kind, width=width,
        )  # fmt: skip

    @Plotted
    def correlations(self, *, width: Width = "140mm") -> CorrelationMap:
        """Map of the correlations of constructs (below), HTMT (above) and √AVE (diagonal).

        Parameters
        ----------
        width : str or float
            Final width.
        """
        step, study = self._result.measurement, self._result.study
        names = list(study.items_of)
        if len(names) < 2:  # noqa: PLR2004  # a correlation has two ends
            raise PlanError("Correlations need two constructs at least; the study has one.")
        return correlations_chart(
            step.model.latent_cor.loc[names, names], step.reliability["ave"], step.htmt,
            labels=study.labels, limit=step.thresholds.htmt, width=width,
        )  # fmt: skip

    @Plotted
    def residuals(self, *, step: Step = "measurement", width: Width = "140mm") -> ResidualMap:
        """Map of the residual correlations, items ordered by construct.

        Parameters
        ----------
        step : {"measurement", "structural"}
            Of which model.
        width : str or float
            Final width.
        """
        result = self._result
        if step not in STEPS:
            raise UnknownOptionError(str(step), STEPS, kind="step")
        if step == "structural":
            self._require_structure()
        model = result.models[step]
        if not model.converged:
            raise PlanError(f"The {step} model has no solution, hence no residuals.")
        return residuals_chart(
            model.residuals("cor_bollen"), model.residuals("standardized"),
            result.study.items_of, labels=result.study.labels,
            critical=result.study.thresholds.residual_z, subject=f"{step} model", width=width,
        )  # fmt: skip

    @Plotted
    def modification(self, *, width: Width = "140mm") -> ModificationChart:
        """Modification indices against expected changes, of the measurement model.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        table = self._result.measurement.modifications
        return modification_chart(table, labels=dict(self._result.study.labels), width=width)

    # -- step two -----------------------------------------------------------------------------

    @Plotted
    def paths(self, *, indirect: bool = True, width: Width = "140mm") -> Forest:
        """Forest of the hypothesised paths with 95% intervals, indirect effects below.

        Intervals are those of the bootstrap where the study asked for one, else Wald's; the note
        says which.

        Parameters
        ----------
        indirect : bool
            Whether to add indirect effects.
        width : str or float
            Final width.
        """
        step, resampled = self._require_structure(), self._result.resampled
        labels = self._result.study.labels
        effects, kind = step.effects, "Wald"
        hypotheses = _hypothesised(step.hypotheses)
        if resampled is not None and resampled.structural is not None:
            method = resampled.method
            hypotheses = _with_bootstrap(hypotheses, resampled.hypotheses, "hypothesis", method)
            effects = _with_bootstrap(effects, resampled.effects, _EFFECT, method)
            kind = f"bootstrap {TITLES[method]}"
        table = pd.DataFrame(
            {
                "block": "Hypotheses",
                "code": hypotheses["hypothesis"],
                "path": [_printed(path, labels) for path in hypotheses["path"]],
                "std": hypotheses["std"],
                "std_ci_lower": hypotheses["std_ci_lower"],
                "std_ci_upper": hypotheses["std_ci_upper"],
                "filled": hypotheses["supported"].astype(bool),
            }
        )
        marked = "not supported"
        if indirect:
            table = pd.concat([table, indirect_table(effects, labels)], ignore_index=True)
            marked += ", or an indirect effect not significant at .05"
        return paths_chart(table, intervals=kind, width=width, marked=marked)

    @Plotted
    def bootstrap(self, *, width: Width = "140mm") -> DensityChart:
        """Bootstrap densities of the hypothesised effects with intervals.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        self._require_structure()
        found = self._result.resampled
        if found is None or found.structural is None:
            raise PlanError(
                "The study was run without a bootstrap.",
                remedy="Run it with one: two_step(study, bootstrap=5000).",
            )
        method = found.method
        labels = self._result.study.labels
        table = pd.DataFrame(
            {
                "code": found.hypotheses["hypothesis"],
                "path": [_printed(path, labels) for path in found.hypotheses["path"]],
                "est": found.hypotheses["std"],
                "ci_lower": found.hypotheses[f"std_{method}_ci_lower"],
                "ci_upper": found.hypotheses[f"std_{method}_ci_upper"],
            }
        )
        draws = _draws(found.structural, list(found.hypotheses["path"]))
        return bootstrap_chart(
            table, draws, intervals=TITLES[method],
            n=found.structural.n, width=width,
        )  # fmt: skip

    @Plotted
    def influence(
        self, *, step: Step | None = None, measure: str = "cook", width: Width = "140mm"
    ) -> IndexChart:
        """Index plot of Cook's distance of every respondent, the largest labelled by row.

        Parameters
        ----------
        step : {"measurement", "structural"}, optional
            Of which model; by default the structural one if there is one.
        measure : {"cook", "likelihood_distance", "chisq_change", "max_dfbetas"}
            What is drawn.
        width : str or float
            Final width.
        """
        found = self._influence
        if step is None:
            step = "measurement" if found.structural is None else "structural"
        if step not in STEPS:
            raise UnknownOptionError(str(step), STEPS, kind="step")
        if step == "structural":
            self._require_structure()
        if measure not in MEASURES:
            raise UnknownOptionError(str(measure), MEASURES, kind="measure of influence")
        model = found.measurement if step == "measurement" else found.structural
        if model is None:
            raise PlanError("The study has no structural model to leave cases out of.")
        return measure_chart(model, found.cases(step), measure, width, f"{step} model")

    @Plotted
    def fragility(self, *, width: Width = "140mm") -> WithoutChart:
        """Hypothesised effects with 95% intervals, and below each the effect without each case.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        step, found = self._require_structure(), self._influence
        if not len(found.hypotheses):
            raise PlanError("The hypotheses could not be judged without single cases.")
        hypotheses = _hypothesised(step.hypotheses)
        labels = self._result.study.labels
        sizes = found.fragility.set_index("hypothesis")
        table = pd.DataFrame(
            {
                "code": hypotheses["hypothesis"],
                "path": [_printed(path, labels) for path in hypotheses["path"]],
                "std": hypotheses["std"],
                "std_ci_lower": hypotheses["std_ci_lower"],
                "std_ci_upper": hypotheses["std_ci_upper"],
                "supported": hypotheses["supported"].astype(bool),
                "set": [_set_size(sizes, name) for name in hypotheses["hypothesis"]],
            }
        )
        by_name = found.without.groupby("hypothesis", sort=False)["std"]
        strips = [by_name.get_group(name).to_numpy() for name in hypotheses["hypothesis"]]
        return without_chart(table, strips, width=width)

    @property
    def _influence(self) -> StudyInfluence:
        if self._result.influence is None:
            raise PlanError(
                "The study was run without an influence analysis, or it was not possible.",
                remedy="Run it with one on raw data: two_step(study, influence=True).",
            )
        return self._result.influence

    # -- cut-offs -----------------------------------------------------------------------------

    @Plotted
    def cutoffs(self, *, width: Width = "140mm") -> CutoffChart:
        """Fit of the measurement model in simulated samples by level, with cut-offs.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        return self._cutoffs("measurement", width)

    @Plotted
    def structural_cutoffs(self, *, width: Width = "140mm") -> CutoffChart:
        """Fit of the structural model in simulated samples by level, with cut-offs.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        return self._cutoffs("structural", width)

    def _cutoffs(self, step: Step, width: Width) -> CutoffChart:
        """Return the chart of one step's cut-offs."""
        found = self._result.cutoffs
        if found is None or step not in found.models:
            raise PlanError(
                f"The study has no cut-offs for its {step} model.",
                remedy="Run it with them: two_step(study, cutoffs=500).",
            )
        labels = dict(self._result.study.labels)
        return found.models[step].plot.distributions.chart(labels=labels, width=width)

    def _require_structure(self) -> StructuralStep:
        """Return step two of a study that has one."""
        if self._result.structural is None:
            raise PlanError(
                f"The study {self._result.study.name!r} has no hypotheses; there is no structural "
                "model to show.",
                remedy="Draw .plot.loadings() or .plot.correlations().",
            )
        return self._result.structural

    @Plotted
    def power(self, *, width: Width = "190mm") -> PowerChart:
        """Power of the hypotheses and of the whole procedure by number of cases.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        found = self._result.power
        if found is None:
            raise PlanError(
                "The study was run without a power analysis.",
                remedy="Run it with one: two_step(study, power=1000).",
            )
        return found.plot.chart(width=width)

    # -- groups and interactions --------------------------------------------------------------

    @Plotted
    def invariance(self, *, width: Width = "140mm") -> LadderChart:
        """Fit over the levels of invariance: CFI, RMSEA and SRMR.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        return self._compared.plot.invariance.chart(width=width)

    @Plotted
    def groups(self, *, width: Width = "140mm") -> Forest:
        """Forest of the paths of all groups, with tests of their difference.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        study = self._result.study
        names = {(h.predictor, h.outcome): h.name for h in study.hypotheses if not h.via}
        return self._compared.plot.groups.chart(labels=study.labels, hypotheses=names, width=width)

    @property
    def _compared(self) -> Invariance:
        if self._result.invariance is None:
            raise PlanError(
                "The study compares no groups.",
                remedy="Give it a section [groups] with by = 'column'.",
            )
        return self._result.invariance

    @Plotted
    def slopes(self, *, name: str | None = None, width: Width = "190mm") -> SlopesChart:
        """Slopes of an interaction at three values, and where the slope is significant.

        Parameters
        ----------
        name : str, optional
            Which interaction, where there are several.
        width : str or float
            Final width.
        """
        known = dict(self._result.interactions or {})
        if not known:
            raise PlanError(
                "The study has no latent interaction.",
                remedy="Give it a section [interactions] with lines like "
                "I1 = 'trust x goal -> sharing'.",
            )
        if name is None and len(known) > 1:
            raise PlanError(
                "The study has several interactions.",
                remedy=f"Choose one: name={next(iter(known))!r}; there are {', '.join(known)}.",
            )
        if name is not None and name not in known:
            raise UnknownOptionError(name, list(known), kind="interaction")
        found = known[name or next(iter(known))]
        return found.chart(self._result.study.labels, width=width)

    # -- choices ------------------------------------------------------------------------------

    @Plotted
    def multiverse(
        self, *, hypothesis: str | None = None, width: Width = "165mm"
    ) -> SpecificationCurve:
        """Specification curve of a hypothesis: estimates in order, the choices below.

        Parameters
        ----------
        hypothesis : str, optional
            Its name; by default the one that the fewest specifications agree on.
        width : str or float
            Final width.
        """
        return self._explored.plot.multiverse.chart(hypothesis=hypothesis, width=width)

    @Plotted
    def curves(self, *, width: Width = "165mm") -> CurvesChart:
        """Specification curves of all hypotheses beside each other.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        return self._explored.plot.curves.chart(width=width)

    @property
    def _explored(self) -> Multiverse:
        if self._result.multiverse is None:
            raise PlanError(
                "The study declares no choices.",
                remedy="Give it a section [multiverse] with lines like estimator = ['ML', 'MLR'].",
            )
        return self._result.multiverse


_EFFECT = ("predictor", "outcome", "kind")


def _set_size(sizes: pd.DataFrame, name: str) -> str:
    """Return the size of the smallest set found that flips a hypothesis, in words."""
    if name not in sizes.index:
        return ""
    row = sizes.loc[name]
    return f"> {row['most']:.0f}" if np.isnan(row["size"]) else f"{row['size']:.0f}"


def _printed(path: str, labels: Mapping[str, str]) -> str:
    """Return a path with the names that readers see."""
    return ARROW.join(labels.get(end, end) for end in path.split(ARROW))


def _hypothesised(hypotheses: pd.DataFrame) -> pd.DataFrame:
    """Return hypotheses with normal intervals of the standardised effects."""
    reach = _REACH * hypotheses["std_all_se"]
    return hypotheses.assign(
        std=hypotheses["std_all"],
        std_ci_lower=hypotheses["std_all"] - reach,
        std_ci_upper=hypotheses["std_all"] + reach,
    )


def _with_bootstrap(
    table: pd.DataFrame, found: pd.DataFrame, keys: str | tuple[str, ...], method: str
) -> pd.DataFrame:
    """Return effects with bootstrap limits in the places of the normal ones."""
    names = [keys] if isinstance(keys, str) else list(keys)
    limits = {f"std_{method}_ci_{side}": f"std_ci_{side}" for side in ("lower", "upper")}
    chosen = found.drop_duplicates(names)[[*names, *limits]].rename(columns=limits)
    return table.drop(columns=list(limits.values())).merge(chosen, on=names, how="left")


def _draws(bootstrap: Bootstrap, paths: list[str]) -> Floats:
    """Return the standardised effects along paths for all resamples, shape (n, k).

    A standardised effect along a chain is the product of its standardised paths [bollen1987]_.
    """
    values = bootstrap.values("std_all")
    rows = bootstrap.parameters
    place = {
        (rhs, lhs): number
        for number, (lhs, op, rhs) in enumerate(
            zip(rows["lhs"], rows["op"], rows["rhs"], strict=True)
        )
        if op == "~"
    }
    columns = []
    for path in paths:
        ends = path.split(ARROW)
        steps = [place[pair] for pair in pairwise(ends)]
        columns.append(np.prod(values[:, steps], axis=1))
    return np.column_stack(columns)
