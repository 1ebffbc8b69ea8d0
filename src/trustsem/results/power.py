"""What a user holds of a power analysis: what studies of several sizes would find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from trustsem.arrays import Flags, Floats
from trustsem.charts import Plot, PowerChart, Width, power_chart
from trustsem.errors import SpecificationError
from trustsem.findings import Finding, Findings, at_least, labelled
from trustsem.fit import FIT_TESTS, rmsea_power
from trustsem.results.plain import plain
from trustsem.results.power_plan import (
    TestedPath,
    apportioned,
    confirmation,
    detectable_effect,
)
from trustsem.results.power_tables import power_tables
from trustsem.results.rows import row_keys
from trustsem.simulation import (
    MonteCarlo,
    Report,
    Simulated,
    cases_needed,
    normal_power,
    share,
    simulate,
    size_for_power,
    summarise,
    supported,
)
from trustsem.tables import Page, Shown, Table

GOAL = 0.80
"""Power that is usually wanted [cohen1988]_."""
ALL = "all"
EVERYTHING = "everything"
_LARGEST_N = 100_000
_MOST_MORE = 3
_LARGEST_MORE = 10_000
_NEAR = 0.15
_ZERO = 1e-6
"""Standardised paths up to which nothing is there: they are estimated from the population."""
_MANY = 0.1
_JOINT_DRAWS = 20_000

_HYPOTHESES = (
    "n", "hypothesis", "path", "sign", "tails", "population", "std", "power", "power_error",
    "power_approximate",
)  # fmt: skip
_SUMMARY = (
    "n_used", "mean", "bias", "bias_error", "relative_bias", "relative_bias_error", "coverage",
    "coverage_error", "mean_se", "mean_se_error", "sd", "sd_error",
)  # fmt: skip
_PARAMETERS = ("n", "model", "lhs", "op", "rhs", "group", "label", "population")
_CONVERGENCE = (
    "n", "model", "samples", "converged", "converged_error", "admissible", "admissible_error",
)  # fmt: skip
_PROCEDURE = ("n", "event", "description", "population", "share", "share_error")
_REQUIRED = (
    "target", "path", "goal", "n_approximate", "n_required", "n_error", "inside", "reason",
)  # fmt: skip
_DETECTABLE = (
    "n", "hypothesis", "path", "std", "est", "power", "power_error", "reason",
)  # fmt: skip
_RMSEA = ("n", "model", "df", "test", "rmsea0", "rmsea1", "power")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is so in a sample or not.

    Parameters
    ----------
    name, description : str
        Stable name, and words for a reader.
    population : bool or None
        Whether the population itself meets it; None where that is no question.
    """

    name: str
    description: str
    population: bool | None = None


@dataclass(frozen=True, slots=True)
class PowerPlan:
    """What is simulated, and by which rules it is judged.

    Parameters
    ----------
    simulation : MonteCarlo
        Population, models and judge.
    names : tuple of str
        What the models are called.
    tested : tuple of TestedPath
        The hypotheses, about the last model.
    events : tuple of Event
        What the judge says, in its order.
    alpha, goal : float
        Level of the tests, and wanted power.
    present_n : int or None
        Cases of the study as it is.
    findings : tuple of Finding
        What a reader must know of the population.
    labels : mapping of str to str
        What constructs are called for readers.
    """

    simulation: MonteCarlo
    names: tuple[str, ...]
    tested: tuple[TestedPath, ...]
    events: tuple[Event, ...]
    alpha: float
    goal: float
    present_n: int | None
    findings: tuple[Finding, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, repr=False)
class Power(Shown):
    """What studies of several sizes would find if the population were as assumed.

    Every share, mean and deviation has its Monte-Carlo error beside it (``..._error``): how much it
    would vary over simulations with other seeds.

    Parameters
    ----------
    n : tuple of int
        Numbers of cases that were simulated.
    samples, seed : int
        Samples of each size, and the seed of all.
    alpha, goal : float
        Level of the tests, and wanted power.
    present_n : int or None
        Cases of the study as it is.
    hypotheses : DataFrame
        A row per size and hypothesis: ``power``, by simulation and by large-sample theory
        (``power_approximate``), ``bias``, ``relative_bias``, ``coverage`` of the 95 % interval,
        ``mean_se`` against ``sd`` of the estimates; of the ``n_used`` samples with an admissible
        solution.
    parameters : DataFrame
        The same for every free parameter of every model.
    convergence : DataFrame
        A row per size and model: shares of samples with a solution, and with an admissible one.
    procedure : DataFrame
        A row per size and event of the whole procedure: in which share of all samples it happens,
        and whether the population meets it.
    required_n : DataFrame
        A row per hypothesis, for all together, and for everything at once: the number of cases for
        the wanted power, by large-sample theory and from the simulated sizes.
    detectable : DataFrame
        A row per hypothesis: the smallest effect with the wanted power at the present number of
        cases, confirmed by simulation.
    rmsea : DataFrame
        Power of the tests of close, not-close and exact fit, in closed form.
    findings : Findings
        What a reader must know before the numbers.
    interrupted : bool
        Whether the user stopped before the end.
    labels : mapping of str to str
        What constructs are called for readers.

    References
    ----------
    Muthén & Muthén (2002) [muthen2002power]_; fit: MacCallum et al. (1996) [maccallum1996]_.
    """

    n: tuple[int, ...]
    samples: int
    seed: int
    alpha: float
    goal: float
    present_n: int | None
    hypotheses: pd.DataFrame
    parameters: pd.DataFrame
    convergence: pd.DataFrame
    procedure: pd.DataFrame
    required_n: pd.DataFrame
    detectable: pd.DataFrame
    rmsea: pd.DataFrame
    findings: Findings
    interrupted: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def plot(self) -> Plot[PowerChart]:
        """The power curves: ``.plot()`` draws them, ``.plot.chart()`` returns the chart."""

        def power(*, width: Width = "190mm") -> PowerChart:
            """Power of the hypotheses and of the whole procedure by number of cases.

            Parameters
            ----------
            width : str or float
                Final width.
            """
            return power_chart(
                self.hypotheses, self.procedure, self.rmsea, goal=self.goal,
                present_n=self.present_n, samples=self.samples, width=width,
            )  # fmt: skip

        return Plot(power)

    def draw(self, *, width: Width = "190mm") -> PowerChart:
        """Return the chart of the power curves.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        return self.plot.chart(width=width)

    def tables(self, labels: Mapping[str, str] | None = None) -> list[Table]:
        """Return the tables of a report.

        Parameters
        ----------
        labels : mapping of str to str, optional
            Construct to the name that readers see.
        """
        return list(power_tables(self, self.labels if labels is None else labels))

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, unrounded, as plain values."""
        return {name: plain(getattr(self, name)) for name in PARTS}

    def _page(self) -> Page:
        """Return how it came about, findings and tables."""
        sizes = ", ".join(map(str, self.n))
        present = f"; the study has {self.present_n}" if self.present_n else ""
        heading = f"Power: {self.samples} samples of each size, seed {self.seed}"
        return Page(((heading, f"N = {sizes}{present}", *map(str, self.findings)), *self.tables()))


PARTS = (
    "n", "samples", "seed", "alpha", "goal", "present_n", "hypotheses", "parameters", "convergence",
    "procedure", "required_n", "detectable", "rmsea", "findings", "interrupted",
)  # fmt: skip
"""What a document holds of a power analysis."""


def run_power(
    plan: PowerPlan,
    sizes: Sequence[int],
    samples: int,
    *,
    workers: int = 1,
    report: Report | None = None,
    confirm: bool = True,
) -> Power:
    """Simulate studies of several sizes and tabulate what they find.

    Parameters
    ----------
    plan : PowerPlan
        What is simulated.
    sizes : sequence of int
        Numbers of cases.
    samples : int
        Samples of each size.
    workers : int
        Processes; they change no result.
    report : callable, optional
        Called with the number of finished parts and of all parts.
    confirm : bool
        Simulate the sizes, too, that large-sample theory asks for, and the detectable effects.

    Raises
    ------
    TooFewObservationsError
        If a sample could have no invertible covariance matrix.
    SpecificationError
        If sizes or samples are no whole numbers, or too small.
    """
    groups = [sample.n_obs for sample in plan.simulation.population]
    theory = _Theory.of(plan)
    chosen = sorted({*map(_whole, sizes)})
    if _whole(samples, "samples") < 2:  # noqa: PLR2004 - a spread needs two
        raise SpecificationError(f"A simulation needs at least 2 samples, got {samples!r}.")
    if confirm:
        least = 2 * len(plan.simulation.population[0].names) * len(groups)
        chosen = sorted({*chosen, *_further_sizes(plan, theory, chosen, least)})
    by_group = [apportioned(n, groups) for n in chosen]
    found, interrupted = simulate(
        plan.simulation, by_group, samples, workers=workers, report=report
    )
    convergence = _convergence(plan, found)
    hypotheses = _hypotheses(plan, found, theory)
    procedure = _procedure(plan, found)
    detectable = pd.DataFrame(columns=list(_DETECTABLE))
    if plan.present_n is not None and len(groups) == 1 and not interrupted:
        detectable = _detectable(plan, samples, workers, confirm=confirm)
    findings = [
        *([_interrupted(found, len(by_group), samples)] if interrupted else []),
        *plan.findings,
        *_population_findings(plan),
        *_convergence_findings(convergence),
        *_low_power(plan, hypotheses),
    ]
    return Power(
        n=tuple(sum(each.sizes) for each in found),
        samples=samples,
        seed=plan.simulation.seed,
        alpha=plan.alpha,
        goal=plan.goal,
        present_n=plan.present_n,
        hypotheses=hypotheses,
        parameters=_parameters(plan, found),
        convergence=convergence,
        procedure=procedure,
        required_n=_required(plan, found, theory),
        detectable=detectable,
        rmsea=_rmsea(plan, [sum(each.sizes) for each in found]),
        findings=at_least(labelled(findings, plan.labels), "note"),
        interrupted=interrupted,
        labels=plan.labels,
    )


def _whole(value: Any, name: str = "n") -> int:
    """Return a whole number, or say that it is none."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise SpecificationError(f"{name} is a whole number from 1 on, got {value!r}.")
    return int(value)


# -- large-sample theory ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Theory:
    """The hypotheses by large-sample theory.

    Parameters
    ----------
    delta : ndarray, shape (k,)
        Population values in standard errors of a sample whose chi-square multiplier is 1.
    correlation : ndarray, shape (k, k)
        Correlations of the estimates.
    lost : int
        Cases that the multiplier lacks: one per group with divisor N - 1.
    """

    delta: Floats
    correlation: Floats
    lost: int

    @classmethod
    def of(cls, plan: PowerPlan) -> _Theory:
        """Compute it from the information of the population."""
        model = plan.simulation.models[-1]
        problem = model.problem
        lost = problem.n_obs - problem.weight
        if not plan.tested:
            return cls(np.zeros(0), np.zeros((0, 0)), lost)
        V = model.covariance()
        J = np.stack([test.chain.gradient(model.params[None])[0] for test in plan.tested])
        joint = J @ V @ J.T
        se = np.sqrt(np.where(np.diag(joint) > 0, np.diag(joint), np.nan))
        delta = np.array([test.population for test in plan.tested]) / se
        return cls(delta / np.sqrt(problem.weight), joint / np.outer(se, se), lost)

    def power(self, test: TestedPath, position: int, n: int, alpha: float) -> float:
        """Return the power of one hypothesis."""
        delta = self.delta[position] * np.sqrt(max(n - self.lost, 0))
        return float(normal_power(delta, test.sign, test.tails, alpha))

    def cases(self, plan: PowerPlan, position: int) -> float:
        """Return the number of cases that one hypothesis needs."""
        test = plan.tested[position]
        found = cases_needed(
            float(self.delta[position]), plan.goal, sign=test.sign, tails=test.tails,
            alpha=plan.alpha, most=_LARGEST_N,
        )  # fmt: skip
        return found + self.lost

    def cases_for_all(self, plan: PowerPlan) -> float:
        """Return the number of cases with which all hypotheses are supported together."""
        if not plan.tested or not np.isfinite(self.delta).all():
            return float("nan")
        values, vectors = np.linalg.eigh(self.correlation)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        stream = np.random.default_rng(np.random.SeedSequence(plan.simulation.seed))
        noise = stream.standard_normal((_JOINT_DRAWS, len(self.delta))) @ root.T
        ones = np.ones(len(noise))

        def reached(weight: int) -> bool:
            z = self.delta * np.sqrt(weight) + noise
            met = np.ones(len(noise), dtype=bool)
            for position, test in enumerate(plan.tested):
                met &= supported(z[:, position], ones, test.sign, test.tails, plan.alpha)
            return bool(met.mean() >= plan.goal)

        if not reached(_LARGEST_N):
            return float("nan")
        low, high = 0, _LARGEST_N
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return float(high + self.lost)


def _further_sizes(plan: PowerPlan, theory: _Theory, sizes: Sequence[int], least: int) -> list[int]:
    """Return the sizes that theory asks for and that nothing near is simulated of."""
    wanted = [theory.cases(plan, position) for position in range(len(plan.tested))]
    wanted.append(theory.cases_for_all(plan))
    possible = sorted({int(n) for n in wanted if np.isfinite(n) and least < n <= _LARGEST_MORE})
    chosen: list[int] = []
    for n in reversed(possible):
        near = any(abs(n - other) <= _NEAR * other for other in (*sizes, *chosen))
        if not near and len(chosen) < _MOST_MORE:
            chosen.append(n)
    return chosen


# -- what the samples say ---------------------------------------------------------------------


def _usable(found: Simulated) -> Flags:
    """Return the samples in which the last model has an admissible solution."""
    return found.converged[-1] & found.admissible[-1]


def _hypotheses(plan: PowerPlan, sizes: Sequence[Simulated], theory: _Theory) -> pd.DataFrame:
    """Tabulate power, bias, coverage and errors of every hypothesis at every size."""
    rows = []
    for found in sizes:
        n, used = sum(found.sizes), _usable(found)
        for position, test in enumerate(plan.tested):
            values, errors = found.values[used, position], found.value_errors[used, position]
            met = supported(values, errors, test.sign, test.tails, plan.alpha)
            power, error = share(met)
            rows.append(
                {
                    "n": n,
                    "hypothesis": test.name,
                    "path": test.path,
                    "sign": test.sign,
                    "tails": test.tails,
                    "population": test.population,
                    "std": test.std,
                    "power": power,
                    "power_error": error,
                    "power_approximate": theory.power(test, position, n, plan.alpha),
                    **_summary(values, errors, test.population),
                }
            )
    return pd.DataFrame(rows, columns=[*_HYPOTHESES, *_SUMMARY])


def _summary(values: Floats, errors: Floats, population: float) -> dict[str, Any]:
    """Return a summary as columns."""
    found = summarise(values, errors, population)
    return {name: getattr(found, name) for name in _SUMMARY}


def _parameters(plan: PowerPlan, sizes: Sequence[Simulated]) -> pd.DataFrame:
    """Tabulate the same for every free parameter; power against 0, two-tailed."""
    rows = []
    for number, (name, model) in enumerate(zip(plan.names, plan.simulation.models, strict=True)):
        table = pd.DataFrame(row_keys(model.problem.table))
        keys = table[table["free"] > 0].to_dict("records")
        for found in sizes:
            used = found.converged[number] & found.admissible[number]
            for key in keys:
                place = int(key["free"]) - 1
                values, errors = (
                    found.params[number][used, place], found.errors[number][used, place],
                )  # fmt: skip
                power, error = share(supported(values, errors, "any", 2, plan.alpha))
                population = float(model.params[place])
                rows.append(
                    {
                        "n": sum(found.sizes),
                        "model": name,
                        **{part: key[part] for part in ("lhs", "op", "rhs", "group", "label")},
                        "population": population,
                        "power": power,
                        "power_error": error,
                        **_summary(values, errors, population),
                    }
                )
    return pd.DataFrame(rows, columns=[*_PARAMETERS, "power", "power_error", *_SUMMARY])


def _convergence(plan: PowerPlan, sizes: Sequence[Simulated]) -> pd.DataFrame:
    """Tabulate the shares of samples with a solution, and with an admissible one."""
    rows = []
    for found in sizes:
        for number, name in enumerate(plan.names):
            converged = share(found.converged[number])
            admissible = share(found.converged[number] & found.admissible[number])
            rows.append((sum(found.sizes), name, found.n, *converged, *admissible))
    return pd.DataFrame(rows, columns=list(_CONVERGENCE))


def _happened(plan: PowerPlan, found: Simulated) -> dict[str, Flags]:
    """Return in which samples each event of the procedure happens, by name.

    Nothing happens in a sample without an admissible solution of every model. An event that cannot
    be judged in a sample counts as met there, as in the verdicts of a study.
    """
    usable = np.logical_and.reduce([*found.converged, *found.admissible])
    events: dict[str, Flags] = {"estimated": usable}
    for position, event in enumerate(plan.events):
        said = found.judged[:, position]
        events[event.name] = usable & (np.isnan(said) | (said > 0))
    together = usable
    for position, test in enumerate(plan.tested):
        met = usable & supported(
            found.values[:, position], found.value_errors[:, position], test.sign, test.tails,
            plan.alpha,
        )  # fmt: skip
        events[test.name] = met
        together = together & met
    if plan.tested:
        events[ALL] = together
    whole = together
    for event in plan.events:
        whole = whole & events[event.name]
    if plan.events:
        events[EVERYTHING] = whole
    return events


def _described(plan: PowerPlan) -> dict[str, tuple[str, bool | None]]:
    """Return what each event is, and whether the population meets it."""
    models = "both models" if len(plan.names) > 1 else "the model"
    described: dict[str, tuple[str, bool | None]] = {
        "estimated": (f"Admissible solution of {models}", None)
    }
    described |= {event.name: (event.description, event.population) for event in plan.events}
    described |= {test.name: (f"{test.name} supported", _true(test)) for test in plan.tested}
    described[ALL] = ("All hypotheses supported", all(map(_true, plan.tested)))
    judged = [event.population for event in plan.events if event.population is not None]
    described[EVERYTHING] = ("Everything at once", all([*judged, *map(_true, plan.tested)]))
    return described


def _true(test: TestedPath) -> bool:
    """Return whether a hypothesis is true in the population."""
    value = test.std if np.isfinite(test.std) else test.population
    if test.sign == "any":
        return abs(value) > _ZERO
    return value > _ZERO if test.sign == "+" else value < -_ZERO


def _procedure(plan: PowerPlan, sizes: Sequence[Simulated]) -> pd.DataFrame:
    """Tabulate in which share of all samples each event of the procedure happens."""
    described = _described(plan)
    rows = [
        (sum(found.sizes), name, *described[name], *share(met))
        for found in sizes
        for name, met in _happened(plan, found).items()
    ]
    return pd.DataFrame(rows, columns=list(_PROCEDURE))


def _required(plan: PowerPlan, sizes: Sequence[Simulated], theory: _Theory) -> pd.DataFrame:
    """Tabulate the number of cases that each hypothesis, and the whole procedure, needs."""
    happened = [_happened(plan, found) for found in sizes]
    n = np.array([sum(found.sizes) for found in sizes], dtype=float)
    targets: list[tuple[str, str, float]] = [
        (test.name, test.path, theory.cases(plan, position))
        for position, test in enumerate(plan.tested)
    ]
    if len(plan.tested) > 1:
        targets.append((ALL, "", theory.cases_for_all(plan)))
    if plan.events:
        targets.append((EVERYTHING, "", float("nan")))
    described = _described(plan)
    rows = []
    for name, path, expected in targets:
        met = np.array([events[name].sum() for events in happened], dtype=float)
        totals = np.array([len(events[name]) for events in happened], dtype=float)
        found = size_for_power(n, met, totals, plan.goal)
        n_required, n_error, approximate = found.n, found.n_error, expected
        reason = "" if found.inside else _why_not(met / totals, plan.goal)
        if described[name][1] is False:
            n_required = n_error = approximate = float("nan")
            reason = "not so in the population"
        if np.isfinite(n_required):
            n_required = float(ceil(n_required))
        rows.append((name, path, plan.goal, approximate, n_required, n_error, found.inside, reason))
    return pd.DataFrame(rows, columns=list(_REQUIRED))


def _why_not(shares: Floats, goal: float) -> str:
    """Say why no number of cases lies among those that were simulated."""
    if (shares >= goal).all():
        return "reached at every size simulated"
    if (shares < goal).all():
        return "reached at no size simulated"
    return "not among the sizes simulated"


def _detectable(plan: PowerPlan, samples: int, workers: int, *, confirm: bool) -> pd.DataFrame:
    """Tabulate the smallest effects that the present number of cases detects."""
    n = plan.present_n or 0
    model = plan.simulation.models[-1].of_size((n,))
    rows = []
    for number, test in enumerate(plan.tested):
        found = detectable_effect(model, test, alpha=plan.alpha, goal=plan.goal)
        power = error = float("nan")
        if confirm and found.params is not None:
            simulation = confirmation(plan.simulation, test, found.params, number)
            (outcome,), _ = simulate(simulation, [(n,)], samples, workers=workers)
            used = _usable(outcome)
            met = supported(
                outcome.values[used, 0], outcome.value_errors[used, 0], test.sign, test.tails,
                plan.alpha,
            )  # fmt: skip
            power, error = share(met)
        rows.append(
            (n, test.name, test.path, found.std, found.population, power, error, found.reason)
        )
    return pd.DataFrame(rows, columns=list(_DETECTABLE))


def _rmsea(plan: PowerPlan, sizes: Sequence[int]) -> pd.DataFrame:
    """Tabulate the power of the tests of fit."""
    rows = []
    for name, model in zip(plan.names, plan.simulation.models, strict=True):
        problem = model.problem
        df = problem.n_moments - model.n_independent
        groups = len(problem.samples)
        for n in sizes:
            for test, (before, truth) in FIT_TESTS.items():
                power = float("nan")
                if df > 0:
                    value = rmsea_power(
                        df=df, n=n, rmsea0=before, rmsea1=truth, alpha=plan.alpha, groups=groups
                    )
                    power = float(value)
                rows.append((n, name, df, test, before, truth, power))
    return pd.DataFrame(rows, columns=list(_RMSEA))


# -- findings ---------------------------------------------------------------------------------


def observed_effects(n: int) -> Finding:
    """Return the finding that power at the estimates is no evidence."""
    return Finding(
        code="power_at_estimates",
        subject="power",
        claim=f"The population is made of the estimates from {n} cases. Power at the observed "
        "effect restates its p-value: it is no evidence about a result that is at hand, for or "
        "against the hypothesis.",
        severity="warning",
        source="hoenig2001",
        remedy="Use these numbers to plan a new study, or state the values that theory expects in "
        "a section [power].",
    )


def normal_theory(what: str) -> Finding:
    """Return the finding that simulated samples are complete and normal, unlike the study's."""
    return Finding(
        code="power_normal_samples",
        subject="power",
        claim=f"Samples are drawn from a normal population without missing answers, and estimated "
        f"by normal theory; the study itself uses {what}. With skewed or missing answers power is "
        "lower.",
    )


def _interrupted(found: Sequence[Simulated], sizes: int, samples: int) -> Finding:
    done = sum(each.n for each in found)
    return Finding(
        code="interrupted",
        subject="power",
        claim=f"Stopped by the user after {done} of {sizes * samples} samples; these are used.",
        severity="warning",
        value=float(done),
        threshold=float(sizes * samples),
    )


def _population_findings(plan: PowerPlan) -> list[Finding]:
    """Say what the population itself does not meet."""
    missed = [event.description for event in plan.events if event.population is False]
    if not missed:
        return []
    return [
        Finding(
            code="power_population",
            subject="power",
            claim="In the population itself this does not hold: "
            f"{'; '.join(missed)}. No number of cases changes that.",
            severity="warning",
            holds=False,
        )
    ]


def _convergence_findings(table: pd.DataFrame) -> list[Finding]:
    """Say at which sizes many samples have no proper solution."""
    poor = table[table["admissible"] < 1 - _MANY]
    if not len(poor):
        return []
    worst = poor.sort_values("admissible", kind="stable").iloc[0]
    sizes = ", ".join(str(n) for n in dict.fromkeys(poor["n"]))
    return [
        Finding(
            code="power_improper_samples",
            subject="power",
            claim=f"More than {_MANY:.0%} of the samples have no admissible solution at N = "
            f"{sizes} (at worst {1 - worst['admissible']:.1%}, {worst['model']} model, N = "
            f"{worst['n']}). Power, bias and coverage describe the others.",
            severity="warning",
            holds=False,
            value=float(1 - worst["admissible"]),
            threshold=_MANY,
            remedy="Plan more cases, or more items for each construct.",
        )
    ]


def _low_power(plan: PowerPlan, table: pd.DataFrame) -> list[Finding]:
    """Say which true hypotheses lack power at the present number of cases."""
    at = table[table["n"] == plan.present_n]
    true = {test.name for test in plan.tested if _true(test)}
    low = at[(at["power"] < plan.goal) & at["hypothesis"].isin(true)]
    if not len(low):
        return []
    names = ", ".join(f"{row.hypothesis} ({row.power:.2f})" for row in low.itertuples(index=False))
    return [
        Finding(
            code="power_low",
            subject="power",
            claim=f"With {plan.present_n} cases the power is below {plan.goal:g} for {names}.",
            holds=False,
            value=float(low["power"].min()),
            threshold=plan.goal,
            source="cohen1988",
        )
    ]


__all__ = [
    "ALL",
    "EVERYTHING",
    "GOAL",
    "PARTS",
    "Event",
    "Power",
    "PowerPlan",
    "normal_theory",
    "observed_effects",
    "run_power",
]
