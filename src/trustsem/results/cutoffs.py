"""Cut-offs of fit indices for one model and one sample size, as users hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem import display
from trustsem.arrays import Floats
from trustsem.charts import CutoffChart, Plots, Plotted, Width, cutoffs_chart
from trustsem.errors import (
    ResamplingError,
    SpecificationError,
    UnknownOptionError,
    UnsupportedError,
)
from trustsem.estimation import Problem
from trustsem.findings import Finding, Findings, at_least
from trustsem.results.plain import plain
from trustsem.simulation import (
    CUTOFF_INDICES,
    MISFIT,
    Layout,
    Population,
    Relation,
    Report,
    Rule,
    SimulatedFit,
    cross_loadings,
    cutoff_rates,
    require_workers,
    residual_correlations,
    simulate_fit,
    structural_relations,
    thirds,
)
from trustsem.tables import Notes, Page, Shown, Table

if TYPE_CHECKING:
    from trustsem.results.model import ModelResult

PARTS = ("measurement", "structural")
"""Parts of a model in which something can be left out."""
TITLES = {"srmr": "SRMR", "rmsea": "RMSEA", "cfi": "CFI", "tli": "TLI"}
JUDGED = ("srmr", "rmsea", "cfi")
"""Indices of the literature, which decide together."""
_LEAST_SAMPLES = 20
_MANY = 0.05
_VISIBLE = 1e-6
_LEAST_PAIRED = 4
_RULE_WORDS: dict[Rule, str] = {
    "cross-loadings": "cross-loadings",
    "residual correlations": "correlations of residuals",
    "structural relations": "structural relations",
}


@dataclass(frozen=True, eq=False, repr=False)
class DynamicCutoffs(Shown):
    """Cut-offs of fit indices for the very model and sample size at hand [mcneish2023]_.

    Parameters
    ----------
    rule : {"cross-loadings", "residual correlations", "structural relations"}
        What the levels of misspecification add.
    relations : tuple of Relation
        What they add, all of it.
    counts : tuple of int
        How many of these each level has, from level 1 on.
    layout : Layout
        The model's variables.
    simulated : SimulatedFit
        The fit of all samples.
    observed : mapping of str to float
        Fit of the model itself; empty where there are no data.
    n_obs, n, seed : int
        Cases of a sample, samples of a level, and their seed.
    remarks : tuple of Finding
        What a reader must know about the simulation.
    """

    rule: Rule
    relations: tuple[Relation, ...]
    counts: tuple[int, ...]
    layout: Layout
    simulated: SimulatedFit
    observed: Mapping[str, float]
    n_obs: int
    n: int
    seed: int
    remarks: tuple[Finding, ...] = ()

    @property
    def n_levels(self) -> int:
        """Number of levels of misspecification."""
        return len(self.counts)

    @property
    def levels(self) -> pd.DataFrame:
        """What each level adds to the one before, and to the model.

        Returns
        -------
        DataFrame
            ``level lhs op rhs size added``: the relation in model syntax, its standardised size,
            and in words. The model leaves all of them out.
        """
        rows = []
        for number, one in enumerate(self.relations):
            level = next(k for k, count in enumerate(self.counts, start=1) if number < count)
            lhs, op, rhs = self._syntax(one)
            rows.append((level, lhs, op, rhs, one.size, self._words(one)))
        return pd.DataFrame(rows, columns=["level", "lhs", "op", "rhs", "size", "added"])

    def _syntax(self, one: Relation) -> tuple[str, str, str]:
        items, eta = self.layout.items, self.layout.eta
        if one.kind == "cross-loading":
            return eta[one.second], "=~", items[one.first]
        if one.kind == "residual correlation":
            return items[one.first], "~~", items[one.second]
        if one.kind == "path":
            return eta[one.second], "~", eta[one.first]
        return eta[one.first], "~~", eta[one.second]

    def _words(self, one: Relation, labels: Mapping[str, str] | None = None) -> str:
        """Return a relation in words."""
        named = labels or {}
        lhs, _, rhs = (named.get(name, name) for name in self._syntax(one))
        return {
            "cross-loading": f"{rhs} measures {lhs}, too",
            "residual correlation": f"the residuals of {lhs} and {rhs} correlate",
            "path": f"{rhs} → {lhs}",
            "disturbance correlation": f"the disturbances of {lhs} and {rhs} correlate",
        }[one.kind]

    def words(self, level: int, labels: Mapping[str, str] | None = None) -> list[str]:
        """Return what a level adds to the one before, in words.

        Parameters
        ----------
        level : int
            From 1 on.
        labels : mapping of str to str, optional
            Variable to the name that readers see.
        """
        first = self.counts[level - 2] if level > 1 else 0
        return [self._words(one, labels) for one in self.relations[first : self.counts[level - 1]]]

    @cached_property
    def _rates(self) -> pd.DataFrame:
        values = self.simulated.values
        rows = []
        for level in range(1, self.n_levels + 1):
            for place, index in enumerate(CUTOFF_INDICES):
                found = cutoff_rates(
                    values[0, :, place], values[level, :, place], misfit=index in MISFIT
                )
                rows.append(
                    (level, index, found.kind, found.cutoff, found.true_positive_rate,
                     found.false_positive_rate, found.sensitivity)
                )  # fmt: skip
        columns = ["level", "index", "kind", "cutoff", "true_positive_rate",
                   "false_positive_rate", "sensitivity"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    @property
    def cutoffs(self) -> pd.DataFrame:
        """The cut-off of each index for each level.

        Returns
        -------
        DataFrame
            ``level index kind cutoff true_positive_rate false_positive_rate sensitivity``. Kind
            ``95/5``: the cut-off is reached by 95 % of the samples of this level, and by at most
            5 % of those in which the model holds; ``90/10`` where that cannot be had; ``none``
            where neither can: the two overlap too much, and there is no number.
            ``sensitivity``: share of the level's samples beyond what 95 % of those in which the
            model holds stay within.
        """
        return self._rates.copy()

    @property
    def distributions(self) -> pd.DataFrame:
        """How each index is distributed; level 0 is the population in which the model holds.

        Returns
        -------
        DataFrame
            ``level index q05 median q95 population n n_failed``: percentiles over samples; the
            value in the population, which samples without end would give; samples with and
            without a solution.
        """
        rows = []
        for level in range(self.n_levels + 1):
            for place, index in enumerate(CUTOFF_INDICES):
                values = self.simulated.values[level, :, place]
                present = values[np.isfinite(values)]
                nothing = [np.nan] * 3
                marks = np.quantile(present, [0.05, 0.5, 0.95]) if present.size else nothing
                population = self.simulated.population[level, place]
                lost = self.n_failed[level]
                rows.append((level, index, *marks, population, present.size, lost))
        columns = ["level", "index", "q05", "median", "q95", "population", "n", "n_failed"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def values(self) -> pd.DataFrame:
        """Indices of every sample: ``level sample srmr rmsea cfi tli``; NaN without a solution."""
        levels, n, _ = self.simulated.values.shape
        frame = pd.DataFrame(
            self.simulated.values.reshape(levels * n, -1), columns=list(CUTOFF_INDICES)
        )
        frame.insert(0, "sample", np.tile(np.arange(n), levels))
        frame.insert(0, "level", np.repeat(np.arange(levels), n))
        return frame

    @property
    def n_failed(self) -> tuple[int, ...]:
        """Samples without a solution, level by level from 0."""
        there = np.isfinite(self.simulated.values).any(axis=-1).sum(axis=1)
        return tuple(
            int(tried - found)
            for tried, found in zip(self.simulated.tried, there.tolist(), strict=True)
        )

    @property
    def verdict(self) -> pd.DataFrame:
        """What the fit of the model says.

        Returns
        -------
        DataFrame
            ``index observed at_least below reading``. ``at_least``: the highest level whose
            cut-off the misfit reaches, 0 for none. ``below``: the lowest level above that one whose
            cut-off it does not reach; NA where there is none. Without data, all are missing.
        """
        rows = []
        for index in CUTOFF_INDICES:
            value = float(self.observed.get(index, np.nan))
            rows.append((index, value, *self._read(index, value)))
        frame = pd.DataFrame(rows, columns=["index", "observed", "at_least", "below", "reading"])
        return frame.astype({"at_least": "Int64", "below": "Int64"})

    def _read(self, index: str, value: float) -> tuple[int | None, int | None, str]:
        """Return the level that a value reaches, the one that it does not, and that in words."""
        rates = self._rates
        known = rates[(rates["index"] == index) & (rates["kind"] != "none")]
        if np.isnan(value):
            return None, None, "no fit to judge"
        if known.empty:
            return None, None, "no level can be told from exact fit"
        sign = 1.0 if index in MISFIT else -1.0
        reached = known["level"][sign * value >= sign * known["cutoff"]]
        at_least = int(reached.max()) if len(reached) else 0
        above = known["level"][(known["level"] > at_least)]
        below = int(above.min()) if len(above) else None
        if not at_least:
            return 0, below, f"less misfit than level {below}"
        if below is None:
            return at_least, None, f"at least the misfit of level {at_least}"
        return at_least, below, f"the misfit of level {at_least} or more, less than level {below}"

    @property
    def level(self) -> int | None:
        """The highest level whose misfit SRMR, RMSEA or CFI reaches; None if none can say."""
        found = self.verdict.set_index("index").loc[list(JUDGED), "at_least"].dropna()
        return int(found.max()) if len(found) else None

    @property
    def findings(self) -> Findings:
        """What a reader must know before the numbers, the most serious first."""
        found = [*self.remarks]
        if self.simulated.interrupted:
            found.append(_interrupted(sum(self.simulated.tried), self.n * (self.n_levels + 1)))
        tried, lost = sum(self.simulated.tried), sum(self.n_failed)
        if lost:
            found.append(_failed(lost, tried))
        hidden = [
            level
            for level in range(1, self.n_levels + 1)
            if self.simulated.population[level, CUTOFF_INDICES.index("rmsea")] < _VISIBLE
        ]
        if hidden:
            found.append(_hidden(hidden))
        rates = self._rates[self._rates["index"].isin(JUDGED)]
        blind = [
            level
            for level in range(1, self.n_levels + 1)
            if (rates["kind"][rates["level"] == level] == "none").all() and level not in hidden
        ]
        if blind and not self.simulated.interrupted:
            found.append(_blind(blind, self.n_obs))
        return at_least(found, "note")

    @property
    def plot(self) -> CutoffPlots:
        """The chart: ``cutoffs.plot.distributions()``."""
        return CutoffPlots(self)

    # -- presentation -------------------------------------------------------------------------

    def tables(
        self, labels: Mapping[str, str] | None = None, *, name: str = "cutoffs", of: str = ""
    ) -> list[Table]:
        """Return the tables: levels, cut-offs, and what the observed fit says.

        Parameters
        ----------
        labels : mapping of str to str, optional
            Variable to the name that readers see.
        name : str
            What the tables' names begin with.
        of : str
            Which model, for the titles.
        """
        model = f" of the {of.title()}" if of else ""
        words = [self._words(one, labels) for one in self.relations]
        levels = self.levels.assign(added=words)
        tables = [
            Table(
                f"{name}-levels",
                f"Levels of Misspecification{model}",
                levels,
                show=("level", "added", "size"),
                columns=_COLUMNS,
                notes=Notes(
                    f"Relations ({_RULE_WORDS[self.rule]}) that populations have and the model "
                    "leaves out; each level keeps those of the levels before. Standardised."
                ),
            ),
            self._cutoff_table(name, model),
        ]
        if self.observed:
            verdict = self.verdict.assign(index=[TITLES[key] for key in self.verdict["index"]])
            tables.append(
                Table(
                    f"{name}-verdict",
                    f"Observed Fit{model} by These Cut-Offs",
                    verdict,
                    show=("index", "observed", "reading"),
                    columns=_COLUMNS,
                    notes=Notes("TLI: an addition to the published method."),
                )
            )
        return tables

    def _cutoff_table(self, name: str, model: str) -> Table:
        """Return cut-offs with rates, one row per level."""
        rates, columns = self._rates, dict(_COLUMNS)
        wide = pd.DataFrame({"level": range(1, self.n_levels + 1)})
        forms: dict[tuple[int, str], display.Format] = {}
        for index in CUTOFF_INDICES:
            part = rates[rates["index"] == index].reset_index(drop=True)
            wide[index] = part["cutoff"]
            wide[f"{index}_kind"] = part["kind"]
            wide[f"{index}_hits"] = part["sensitivity"]
            columns[index] = display.Column(
                TITLES[index], display.Format("bounded", 3, missing="none")
            )
            columns[f"{index}_kind"] = display.Column("Rates", display.TEXT)
            columns[f"{index}_hits"] = display.Column("Hits", display.Format("bounded", 2))
        shown = [
            column
            for index in CUTOFF_INDICES
            for column in (index, f"{index}_kind", f"{index}_hits")
        ]
        lost = sum(self.n_failed)
        return Table(
            f"{name}-values",
            f"Cut-Offs{model} for N = {self.n_obs}",
            wide,
            show=("level", *shown),
            columns=columns,
            cell_formats=forms,
            notes=Notes(
                f"{self.n} samples for each level and for the model itself, seed {self.seed}, "
                f"{lost} without a solution. Rates = 95/5: 95% of the misspecified samples reach "
                "the cut-off and at most 5% of those in which the model holds (McNeish & Wolf, "
                "2023); 90/10 where that cannot be had; none where neither can. Hits = share of "
                "misspecified samples beyond what 95% of the others stay within."
            ),
        )

    def summary(self) -> str:
        """Return the result as text."""
        return self._page().to_text()

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, without the single samples."""
        names = (
            "rule", "n_obs", "n", "seed", "n_failed", "level", "levels", "cutoffs",
            "distributions", "verdict", "findings",
        )  # fmt: skip
        return {name: plain(getattr(self, name)) for name in names}

    def _page(self) -> Page:
        """Return heading, findings and tables."""
        heading = (
            f"Cut-offs for N = {self.n_obs}: left-out {_RULE_WORDS[self.rule]} on {self.n_levels} "
            f"level{'s' * (self.n_levels > 1)}, {self.n} samples each, seed {self.seed}"
        )
        lines = (heading, *map(str, self.findings))
        return Page((lines, *self.tables()))


_COLUMNS = {
    "level": display.Column("Level", display.COUNT),
    "added": display.Column("What the model leaves out", display.TEXT),
    "size": display.Column("Size", display.Format("bounded", 3)),
    "index": display.Column("Index", display.TEXT),
    "observed": display.Column("Observed", display.BOUNDED),
    "reading": display.Column("Reading", display.TEXT),
}


class CutoffPlots(Plots):
    """The chart of cut-offs.

    Parameters
    ----------
    result : DynamicCutoffs
        The cut-offs.
    """

    def __init__(self, result: DynamicCutoffs) -> None:
        self._result = result

    @Plotted
    def distributions(
        self, *, labels: Mapping[str, str] | None = None, width: Width = "140mm"
    ) -> CutoffChart:
        """Distributions of SRMR, RMSEA and CFI by level, with cut-offs and the observed fit.

        Parameters
        ----------
        labels : mapping of str to str, optional
            Variable to the name that readers see.
        width : str or float
            Final width.
        """
        found = self._result
        names = ["the model holds"]
        for level in range(1, found.n_levels + 1):
            words = found.words(level, labels)
            more = f" and {len(words) - 1} more" if len(words) > 1 else ""
            names.append(f"+ {words[0]}{more}")
        return cutoffs_chart(
            found.values, found.cutoffs, dict(found.observed), names, JUDGED,
            n_obs=found.n_obs, width=width,
        )  # fmt: skip


def run_cutoffs(
    result: ModelResult,
    *,
    samples: int,
    seed: int | None,
    part: str | None = None,
    workers: int = 1,
    report: Report | None = None,
    observed: bool = True,
) -> DynamicCutoffs:
    """Simulate cut-offs for an estimated model.

    Parameters
    ----------
    result : ModelResult
        The model.
    samples, seed : int
        Samples for each level, and their seed; None chooses one.
    part : {"measurement", "structural"}, optional
        In which part of the model something is left out; by default the structural one where the
        model has paths and leaves any out.
    workers : int
        Processes.
    report : callable, optional
        Called with the number of finished and of all parts.
    observed : bool
        Whether the model's own fit is judged.

    Raises
    ------
    UnsupportedError
        For several groups, ordered items, and discrepancies that need cases.
    ResamplingError
        If the solution is that of no population, or the model leaves nothing out.
    SpecificationError
        If an argument cannot be meant.
    """
    _require_arguments(samples, seed, workers)
    if part is not None and part not in PARTS:
        raise UnknownOptionError(str(part), PARTS, kind="part of the model")
    _require_supported(result)
    problem, params, remarks = _complete(result)
    (sample,) = problem.samples
    (implied,) = problem.implied(params)
    mean = np.zeros(len(sample.names)) if sample.mean is None else sample.mean
    population = Population.of(implied, None if problem.table.meanstructure else mean)
    if not population.is_proper():
        raise ResamplingError(
            "The standardised solution is that of no population.",
            remedy="Look at the model's findings; cut-offs need a proper solution.",
        )
    layout = Layout.of(problem)
    rule, levels = _levels(problem, params, population, layout, part)
    remarks += _fewer(rule, levels, layout)
    entropy = int(str(np.random.SeedSequence(seed).entropy))
    simulated = simulate_fit(
        problem, params, [population.having(level).Sigma for level in ((), *levels)],
        population.mu, n=samples, seed=entropy, n_independent=result.n_free, workers=workers,
        report=report,
    )  # fmt: skip
    measures = {str(name): float(value) for name, value in result.fit_measures.items()}
    fit = {name: _best(measures, name) for name in CUTOFF_INDICES} if observed else {}
    return DynamicCutoffs(
        rule=rule,
        relations=levels[-1],
        counts=tuple(len(level) for level in levels),
        layout=layout,
        simulated=simulated,
        observed=fit,
        n_obs=result.n_obs,
        n=samples,
        seed=entropy,
        remarks=remarks,
    )


def _best(measures: Mapping[str, float], name: str) -> float:
    """Return an index, corrected for what the simulation does not have where it is known."""
    robust = measures.get(f"{name}_robust", float("nan"))
    return robust if np.isfinite(robust) else measures[name]


def _require_arguments(samples: object, seed: object, workers: object) -> None:
    """Refuse what cannot be meant."""
    if not _whole(samples) or int(str(samples)) < _LEAST_SAMPLES:
        raise SpecificationError(
            f"Cut-offs are percentiles of {_LEAST_SAMPLES} samples at least, got {samples!r}."
        )
    require_workers(workers)
    if seed is not None and not (_whole(seed) and int(str(seed)) >= 0):
        raise SpecificationError(f"A seed is a whole number that is not negative, got {seed!r}.")


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _require_supported(result: ModelResult) -> None:
    """Raise unless the method is defined for a model."""
    if result.table.n_groups > 1:
        raise UnsupportedError(
            "cut-offs for several groups",
            "The method is defined for one; estimate the model in each group by itself.",
        )
    if result.table.ordered:
        raise UnsupportedError(
            "cut-offs for ordered items",
            "Their samples need thresholds and polychoric correlations, one by one; treat the "
            "items as continuous (estimator='MLR') if they have five categories or more.",
        )
    if not (result.converged and result.admissible):
        raise ResamplingError(
            "The solution is not proper: there is no population that has it.",
            remedy="Look at the model's findings; cut-offs need a proper solution.",
        )
    if result.df == 0:
        raise ResamplingError(
            "A model without degrees of freedom fits perfectly whatever it leaves out.",
            remedy="Cut-offs need a model that could be wrong.",
        )
    estimator = result.estimate.problem.estimator
    if estimator.from_moments is None and not result.options.incomplete:
        raise UnsupportedError(
            f"cut-offs by {result.options.estimator}",
            "Its weights come from the cases; use ML, MLM or MLR.",
        )


def _complete(result: ModelResult) -> tuple[Problem, Floats, tuple[Finding, ...]]:
    """Return the model on complete normal data, its parameters, and how it differs."""
    problem, params = result.estimate.problem, result.estimate.params
    remarks: list[Finding] = []
    if result.options.incomplete:
        remarks.append(_complete_data(result.n_obs))
    if result.options.scaled:
        remarks.append(_normal_theory(result.options.estimator))
    (sample,) = problem.samples
    (implied,) = problem.implied(params)
    mean = implied.mu if problem.table.meanstructure else sample.mean
    there = replace(sample, cov=implied.Sigma, mean=mean, data=None, patterns=None, findings=())
    name = "ML" if result.options.incomplete else problem.estimator.name
    exact = Problem.build(problem.table, [there], name, result.options.bounds)
    return exact, params, tuple(remarks)


def _levels(
    problem: Problem, params: Floats, population: Population, layout: Layout, part: str | None
) -> tuple[Rule, tuple[tuple[Relation, ...], ...]]:
    """Choose what the levels add."""
    if part != "measurement" and layout.paths.any():
        found = structural_relations(problem, params, population, layout)
        if found:
            return "structural relations", _one_by_one(found)
    if part == "structural":
        raise ResamplingError(
            "The structural model leaves no relation out: it has nothing that cut-offs could find.",
            remedy="Its measurement part can be examined (part='measurement').",
        )
    n_constructs = len(layout.constructs)
    if n_constructs == 1:
        if int((layout.owner >= 0).sum()) < _LEAST_PAIRED:
            raise ResamplingError(
                "Levels of misspecification of one construct are correlations of residuals; they "
                "need four items at least whose residuals do not correlate yet."
            )
        return "residual correlations", thirds(residual_correlations(population, layout))
    crossing = cross_loadings(population, layout) if n_constructs else ()
    if not crossing:
        raise ResamplingError(
            "No item of the model measures one construct alone, with a residual of its own and "
            "beside other items: there is nothing that could be given a cross-loading."
        )
    return "cross-loadings", _one_by_one(crossing)


def _one_by_one(relations: tuple[Relation, ...]) -> tuple[tuple[Relation, ...], ...]:
    return tuple(relations[:count] for count in range(1, len(relations) + 1))


# -- findings ---------------------------------------------------------------------------------


def _fewer(
    rule: Rule, levels: tuple[tuple[Relation, ...], ...], layout: Layout
) -> tuple[Finding, ...]:
    """Return the finding that there are fewer levels than constructs would have."""
    asked = len(layout.constructs) - 1
    if rule != "cross-loadings" or len(levels) >= asked:
        return ()
    return (
        Finding(
            code="fewer_misspecification_levels",
            subject="cut-offs",
            claim=f"There {_levels_in_words(len(levels))} of misspecification rather than {asked}: "
            "in the other constructs no item measures that construct alone with a residual of "
            "its own.",
            value=float(len(levels)),
            threshold=float(asked),
            source="mcneish2023",
        ),
    )


def _complete_data(n_obs: int) -> Finding:
    return Finding(
        code="cutoffs_of_complete_data",
        subject="cut-offs",
        claim=f"The cut-offs are those of {n_obs} complete cases. With missing answers the indices "
        "vary more, so that true and false positives are rarer and more frequent than stated.",
        severity="note",
        remedy="Where much is missing, read the cut-offs as approximate.",
    )


def _normal_theory(estimator: str) -> Finding:
    return Finding(
        code="cutoffs_of_normal_data",
        subject="cut-offs",
        claim="The cut-offs are those of normal samples, estimated by maximum likelihood. The fit "
        f"by {estimator} is judged by its robust indices, which estimate the same quantities.",
        severity="note",
    )


def _interrupted(finished: int, asked: int) -> Finding:
    return Finding(
        code="interrupted",
        subject="cut-offs",
        claim=f"Stopped by the user after {finished} of {asked} samples; these are used.",
        severity="warning",
        value=float(finished),
        threshold=float(asked),
    )


def _failed(lost: int, tried: int) -> Finding:
    share = lost / tried
    return Finding(
        code="cutoff_samples_failed",
        subject="cut-offs",
        claim=f"{lost} of {tried} simulated samples ({share:.1%}) have no solution and are left "
        "out: the cut-offs describe the others.",
        severity="warning" if share > _MANY else "note",
        holds=share <= _MANY,
        value=share,
        threshold=_MANY,
        remedy="The sample is small for this model, or the model barely identified.",
    )


def _hidden(levels: list[int]) -> Finding:
    return Finding(
        code="hidden_misspecification",
        subject="cut-offs",
        claim=f"What {_numbered(levels)} adds leaves no misfit: the model has other parameters "
        "with the same covariances, so that no index can show it.",
        severity="warning",
    )


def _blind(levels: list[int], n_obs: int) -> Finding:
    return Finding(
        code="no_cutoff",
        subject="cut-offs",
        claim=f"With {n_obs} cases no index tells {_numbered(levels)} of misspecification from "
        "exact fit, with at most 10 % errors of either kind: good fit is no evidence against it.",
        severity="note",
        source="mcneish2023",
        remedy="Look at the single residuals and modification indices.",
    )


def _levels_in_words(number: int) -> str:
    return "is one level" if number == 1 else f"are {number} levels"


def _numbered(levels: list[int]) -> str:
    words = [str(level) for level in levels]
    if len(words) == 1:
        return f"level {words[0]}"
    return f"levels {', '.join(words[:-1])} and {words[-1]}"
