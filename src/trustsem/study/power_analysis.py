"""The power of a study: what studies of several sizes would find, by the study's own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from trustsem.arrays import Flags, Floats, diagonal
from trustsem.errors import PlanError, SpecificationError, TrustsemError
from trustsem.findings import Finding
from trustsem.implied import Structure
from trustsem.results import ModelResult, Power, cfa, sem
from trustsem.results.power import Event, PowerPlan, normal_theory, observed_effects, run_power
from trustsem.results.power_plan import (
    FROM_MOMENTS,
    free_paths,
    population_of,
    simulated_model,
    tested_paths,
)
from trustsem.results.progress import progress_report
from trustsem.simulation import Estimates, MonteCarlo, Scale, SimulatedModel, require_workers
from trustsem.study.answers import Data
from trustsem.study.plan import Study
from trustsem.study.result import StudyResult
from trustsem.study.settings import WITHOUT, RunSettings
from trustsem.study.study_file import load_study
from trustsem.validity.constructs import (
    MODEL_INDICES,
    MeasuredConstructs,
    model_indices,
    moment_indices,
)
from trustsem.validity.heterotrait import heterotrait_monotrait_of_covariances, memberships
from trustsem.validity.intervals import moment_covariance, moment_weights
from trustsem.validity.thresholds import Thresholds

_UPWARD = ("cfi", "tli")
_DOWNWARD = ("rmsea", "srmr")
_STEPS = ("measurement", "structural")
_AROUND = (0.5, 0.75, 1.0, 1.5, 2.0)
_ROUND = 5
_FIFTHS = 5
_EXACT = 1e-8
_PLANNED = (100, 150, 200, 300, 400)
_REACH = float(special.ndtri(0.975))
_LEFT_OUT = ("missing", "se", "test", "information", "meanstructure", "ordered", "parameterization")
"""Options of a study that samples of a complete normal population do not need."""


def power(
    what: Study | StudyResult | ModelResult | str | Path,
    n: int | Sequence[int] | None = None,
    samples: int | None = None,
    *,
    data: Data = None,
    seed: int | None = None,
    alpha: float | None = None,
    goal: float | None = None,
    rounded: bool = False,
    confirm: bool = True,
    estimates: bool = False,
    workers: int = 1,
    progress: bool | None = None,
) -> Power:
    """Simulate what studies of several sizes would find.

    Parameters
    ----------
    what : Study, StudyResult, ModelResult, str or path
        A study whose section ``[power]`` states the population that theory expects, which needs no
        data; or a study with data, its result, or an estimated model: the population is then made
        of the estimates.
    n : int or sequence of int, optional
        Numbers of cases; by default those of the section ``[power]``, else the present number and
        some around it.
    samples : int, optional
        Samples of each size; by default those of the section ``[power]``, else 1000.
    data : path, DataFrame or Survey, optional
        Answers to estimate the study from, where the population is made of estimates.
    seed : int, optional
        Seed of everything; the study's own by default. With the same seed, the samples of one size
        are the same whatever else is simulated.
    alpha : float, optional
        Level of the tests; the study's ``significance`` by default, else .05.
    goal : float, optional
        Wanted power; that of the section ``[power]`` by default, else .80.
    rounded : bool
        Round the items of a study to its scale, and cut them off at its ends.
    confirm : bool
        Simulate, too, the sizes that large-sample theory asks for, and the detectable effects.
    estimates : bool
        Make the population of estimates although the study states one.
    workers : int
        Processes, -1 for one on each core; they change no result.
    progress : bool, optional
        Say on a terminal how far it is; by default where standard error is one.

    Returns
    -------
    Power

    Raises
    ------
    PlanError
        If a study states no population and there are no data to estimate one from.
    UnsupportedError
        If samples of the model cannot be estimated from covariances and means.
    TooFewObservationsError
        If a sample could have no invertible covariance matrix.
    SpecificationError
        If a number cannot be meant.

    References
    ----------
    Muthén & Muthén (2002) [muthen2002power]_.

    Examples
    --------
    >>> power("my_study.toml", n=[100, 200, 300])  # doctest: +SKIP
    """
    plan = load_study(what) if isinstance(what, str | Path) else what
    if not isinstance(plan, Study | StudyResult | ModelResult):
        raise SpecificationError(
            f"Power is that of a study, its result, or an estimated model; got {plan!r}.",
            remedy="Name a study file, or a shipped study.",
        )
    require_workers(workers)
    chosen = _Chosen(alpha, goal, seed, rounded)
    if isinstance(plan, ModelResult):
        prepared = plan_of_model(plan, chosen)
        section = _DEFAULTS
    else:
        study = plan.study if isinstance(plan, StudyResult) else plan
        prepared = _plan_of_study(plan, chosen, data, n, estimates=estimates)
        section = study.power.n, study.power.samples
    sizes = _sizes(n, section[0], prepared)
    number = section[1] if samples is None else samples
    report = progress_report("power", progress)
    return run_power(prepared, sizes, number, workers=workers, report=report, confirm=confirm)


_DEFAULTS: tuple[tuple[int, ...], int] = ((), 1000)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a call says; None where it leaves something to the study."""

    alpha: float | None = None
    goal: float | None = None
    seed: int | None = None
    rounded: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name in ("alpha", "goal"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (number and 0 < value < 1):
                raise SpecificationError(f"{name} lies between 0 and 1, got {value!r}.")
        seed = self.seed
        whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
        if seed is not None and not (whole and seed >= 0):
            raise SpecificationError(f"A seed is a whole number from 0 on, got {seed!r}.")


def _sizes(said: int | Sequence[int] | None, planned: Sequence[int], plan: PowerPlan) -> list[int]:
    """Return the numbers of cases to simulate."""
    if said is not None:
        chosen = [said] if isinstance(said, int | np.integer) else list(said)
        if not chosen:
            raise SpecificationError("n is a number of cases, or several; got none.")
        return chosen
    if planned:
        present = [] if plan.present_n is None else [plan.present_n]
        return sorted({*planned, *present})
    if plan.present_n is None:
        return list(_PLANNED)
    present_n = plan.present_n
    least = (len(plan.simulation.population[0].names) + 1) * len(plan.simulation.population)
    around = {
        present_n if share == 1 else _ROUND * round(share * present_n / _ROUND) for share in _AROUND
    }
    return sorted(n for n in around if n > least)


# -- plans ------------------------------------------------------------------------------------


def plan_of_model(model: ModelResult, chosen: _Chosen) -> PowerPlan:
    """Return what is simulated for an estimated model.

    Raises
    ------
    PlanError
        If the model has no admissible solution.
    UnsupportedError
        If its samples cannot be estimated from covariances and means.
    """
    _require_solution(model, "model")
    if chosen.rounded:
        raise SpecificationError("Answers are rounded to the scale of a study; a model has none.")
    simulated = simulated_model(model)
    judge = StudyJudge(Thresholds(), None)
    simulation = MonteCarlo(
        population=population_of(model),
        models=(simulated,),
        chains=(),
        judge=judge,
        seed=_seed(chosen.seed if chosen.seed is not None else model.options.seed),
    )
    tested = free_paths(simulated)
    return PowerPlan(
        simulation=replace(simulation, chains=tuple(test.chain for test in tested)),
        names=("model",),
        tested=tested,
        events=(_fit_event("model", Thresholds()),),
        alpha=0.05 if chosen.alpha is None else chosen.alpha,
        goal=0.80 if chosen.goal is None else chosen.goal,
        present_n=model.n_obs,
        findings=(observed_effects(model.n_obs), *_assumptions(model)),
    )


def _seed(seed: int | None) -> int:
    """Return a seed, chosen where none is given."""
    return int(str(np.random.SeedSequence(seed).entropy))


def _plan_of_study(
    what: Study | StudyResult,
    chosen: _Chosen,
    data: Data,
    n: int | Sequence[int] | None,
    *,
    estimates: bool,
) -> PowerPlan:
    """Return what is simulated for a study, from stated values or from estimates."""
    study = what.study if isinstance(what, StudyResult) else what
    stated = study.power.states_population and not estimates and data is None
    if isinstance(what, StudyResult):
        return plan_of_result(what, chosen, estimates=not stated)
    if stated:
        given = n if n is not None else study.power.n
        single = isinstance(given, int | np.integer) or len(given) == 1
        present = (given if isinstance(given, int | np.integer) else given[0]) if single else None
        return plan_of_values(study, chosen, present)
    if data is None and study.data_file is None and study.moments is None:
        raise PlanError(
            f"The study {study.name!r} neither states a population nor has data to estimate one "
            "from.",
            remedy="Give it a section [power] with loadings, paths and correlations, or give data.",
        )
    from trustsem.study.run import two_step  # noqa: PLC0415 (which reports power itself)

    result = two_step(study, data, **{**WITHOUT, "second_engine": False})
    return plan_of_result(result, chosen, estimates=True)


def plan_of_result(result: StudyResult, chosen: _Chosen, *, estimates: bool) -> PowerPlan:
    """Return what is simulated for a study that was run.

    Parameters
    ----------
    result : StudyResult
        The study's outcome.
    chosen : _Chosen
        What the call says.
    estimates : bool
        Whether the population is made of the estimates, or stated by the study.

    Raises
    ------
    PlanError
        If there is no admissible solution.
    UnsupportedError
        If samples cannot be estimated from covariances and means.
    """
    if not estimates:
        return plan_of_values(result.study, chosen, result.measurement.model.n_obs)
    return plan_of_steps(
        result.study,
        result.measurement.model,
        None if result.structural is None else result.structural.model,
        chosen,
    )


def plan_of_steps(
    study: Study, measurement: ModelResult, structural: ModelResult | None, chosen: _Chosen
) -> PowerPlan:
    """Return what is simulated where the population is made of the estimates of both steps."""
    last = measurement if structural is None else structural
    for name, model in zip(_STEPS, (measurement, last), strict=True):
        _require_solution(model, f"{name} model")
    population = population_of(last)
    models = [simulated_model(measurement, population if structural else None)]
    if structural is not None:
        models.append(simulated_model(structural))
    n = last.n_obs
    findings = (observed_effects(n), *_assumptions(last))
    return _study_plan(study, population, models, chosen, present_n=n, findings=findings)


def plan_of_values(study: Study, chosen: _Chosen, present_n: int | None) -> PowerPlan:
    """Return what is simulated where the study states the population that theory expects.

    Raises
    ------
    PlanError
        If it states none.
    """
    stated = study.hypothesised
    items = [item for names in study.items_of.values() for item in names]
    names = list(stated.columns)
    sd = _spreads(study, names) if chosen.rounded else pd.Series(1.0, index=names)
    cov = stated * np.outer(sd, sd)
    plan = study.with_variances({item: float(sd[item] ** 2) for item in study.reliabilities})
    options: dict[str, Any] = {
        key: value for key, value in study.options.items() if key not in _LEFT_OUT
    }
    estimator = str(options.pop("estimator", "ML"))
    options["estimator"] = estimator if estimator in FROM_MOMENTS else "ML"
    options |= {"sample_nobs": present_n or max(_PLANNED), "sample_cov_rescale": False}
    first = cfa(plan.measurement_model(), sample_cov=cov.loc[items, items], **options)
    models = [simulated_model(first)]
    last = first
    if study.hypotheses:
        last = sem(plan.structural_model(), sample_cov=cov, **options)
        models.append(simulated_model(last))
    exact = all(model.converged and model.estimate.value < _EXACT for model in (first, last))
    if not exact:
        raise PlanError(
            "The models of the study do not reproduce the population that it states.",
            remedy="Look for values near 0 or 1 in the section [power].",
        )
    findings = () if not _special(study) else (normal_theory(_special(study)),)
    return _study_plan(
        plan, population_of(last), models, chosen, present_n=present_n, findings=findings
    )


def _special(study: Study) -> str:
    """Return in words what the study does that normal complete samples do not need."""
    options = study.options
    parts = []
    estimator = str(options.get("estimator", "ML"))
    if estimator not in FROM_MOMENTS or options.get("ordered"):
        parts.append(
            f"estimator {estimator}" + (" for ordered items" if options.get("ordered") else "")
        )
    if options.get("missing", "listwise") not in ("listwise", "default"):
        parts.append(f"missing = '{options['missing']}'")
    return " and ".join(parts)


def _assumptions(model: ModelResult) -> tuple[Finding, ...]:
    """Say what simulated samples leave out of an estimated model."""
    options = model.options
    parts = []
    if options.se not in ("standard", "none") or options.scaled:
        parts.append(f"estimator {options.estimator}")
    if options.incomplete:
        parts.append("missing = 'fiml'")
    return (normal_theory(" and ".join(parts)),) if parts else ()


def _require_solution(model: ModelResult, name: str) -> None:
    """Refuse a population made of a solution that is none."""
    if not (model.converged and model.admissible):
        raise PlanError(
            f"The {name} has no admissible solution; a population cannot be made of it.",
            remedy="State the population in a section [power].",
        )


def _study_plan(
    study: Study,
    population: Sequence[Any],
    models: Sequence[SimulatedModel],
    chosen: _Chosen,
    *,
    present_n: int | None,
    findings: Sequence[Finding],
) -> PowerPlan:
    """Return what is simulated for a study, and the rules by which it judges."""
    limits = study.thresholds
    measured = Measured.of(models[0], study.items_of)
    judge = StudyJudge(limits, measured)
    tested = (
        tested_paths(models[-1], [(h.name, h.chain, h.sign, h.tails) for h in study.hypotheses])
        if study.hypotheses
        else ()
    )
    names = _STEPS[: len(models)]
    truth = judge.truth(tuple(models))
    judge = replace(judge, distinct=tuple(bool(each) for each in truth.distinct))
    simulation = MonteCarlo(
        population=tuple(population),
        models=tuple(models),
        chains=tuple(test.chain for test in tested),
        judge=judge,
        seed=study.run.seed if chosen.seed is None else _seed(chosen.seed),
        scales=_scales(study, population) if chosen.rounded else (),
    )
    if chosen.rounded:
        simulation = _on_scale(simulation)
    not_distinct = truth.distinct.size - int(truth.distinct.sum())
    events = [_fit_event(name, limits) for name in names]
    events.append(Event("convergent", "Convergent validity met", bool(truth.convergent)))
    if truth.distinct.size:
        exceptions = (
            f" ({not_distinct} of {truth.distinct.size} not distinct)" if not_distinct else ""
        )
        words = f"Discriminant verdict right for all pairs{exceptions}"
        events.append(Event("discriminant", words))
    return PowerPlan(
        simulation=simulation,
        names=names,
        tested=tested,
        events=tuple(events),
        alpha=limits.significance if chosen.alpha is None else chosen.alpha,
        goal=study.power.goal if chosen.goal is None else chosen.goal,
        present_n=present_n,
        findings=tuple(findings),
        labels=dict(study.labels),
    )


def _fit_event(name: str, limits: Thresholds) -> Event:
    """Return the event that a model meets the cutoffs of fit."""
    shown = ", ".join(
        f"{index.upper()} {'≥' if index in _UPWARD else '≤'} "
        f"{format(getattr(limits, index), '.3g').removeprefix('0')}"
        for index in (*_UPWARD, *_DOWNWARD)
    )
    which = "" if name == "model" else f" of the {name} model"
    return Event(f"fit_{name}", f"Fit{which} ({shown})", True)


# -- answers on a scale -----------------------------------------------------------------------


def _scales(study: Study, population: Sequence[Any]) -> tuple[Scale, ...]:
    """Return the scale of each variable; none for those without."""
    known = study.scales
    if not known:
        raise PlanError(
            "The study declares no scale to round answers to.",
            remedy="Give it scale = [1, 7] under [data], or leave out rounded=True.",
        )
    ends = [known.get(name, (-np.inf, np.inf)) for name in population[0].names]
    lowest, highest = (np.array(each, dtype=float) for each in zip(*ends, strict=True))
    return (Scale(lowest, highest),)


def _spreads(study: Study, names: Sequence[str]) -> pd.Series[float]:
    """Return standard deviations for items of which only the scale is known: a fifth of it."""
    scales = study.scales
    spans = {name: scales[name][1] - scales[name][0] for name in names if name in scales}
    return pd.Series({name: spans[name] / _FIFTHS if name in spans else 1.0 for name in names})


def _on_scale(simulation: MonteCarlo) -> MonteCarlo:
    """Return a simulation whose population lies on the scale of the answers.

    Where nothing is known of the means of the answers, they lie in the middle of the scale.
    """
    (scale,), (sample,) = simulation.scales, simulation.population
    rounded = np.isfinite(scale.lowest)
    middle = np.where(rounded, scale.lowest, 0.0) + np.where(rounded, scale.highest, 0.0)
    middle = middle / 2
    mean = np.zeros(len(sample.names)) if sample.mean is None else sample.mean
    centred = np.where(rounded & ~mean.astype(bool), middle, mean)
    return replace(simulation, population=(replace(sample, mean=centred),))


# -- the judgement of a sample ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """Where the parameters of a measurement model stand, and what items belong together.

    Parameters
    ----------
    structure : Structure
        The compiled model.
    rows, cols : tuple of int
        Places of items and constructs in its matrices, in the order of the study.
    members : tuple of tuple of int
        Positions of each construct's items among ``rows``.
    loadings : tuple of (int, int, int, int)
        For each item of each construct: its construct, its place, and the free parameters of its
        loading, residual variance and construct variance as far as they are free (-1 if not).
    pairs : tuple of (int, int)
        Pairs of constructs.
    pair_params : tuple of (int, int, int)
        The free parameters of covariance and both variances; -1 if fixed.
    htmt_errors : ndarray, shape (k,)
        Standard errors of HTMT in the population, times the root of N.
    membership : ndarray, shape (p, m)
        1 where an item measures a construct.
    """

    structure: Structure
    rows: tuple[int, ...]
    cols: tuple[int, ...]
    members: tuple[tuple[int, ...], ...]
    loadings: tuple[tuple[int, int, int, int, int], ...]
    pairs: tuple[tuple[int, int], ...]
    pair_params: tuple[tuple[int, int, int], ...]
    htmt_errors: Floats
    membership: Floats

    @classmethod
    def of(cls, model: SimulatedModel, items_of: Mapping[str, Sequence[str]]) -> Measured:
        """Find them in a measurement model of one group."""
        problem = model.problem
        (structure,), (sample,) = problem.structures, problem.samples
        free = {(row.lhs, row.op, row.rhs): row.free - 1 for row in problem.table.parameters}
        free |= {(rhs, op, lhs): place for (lhs, op, rhs), place in free.items() if op == "~~"}
        items, membership = memberships(items_of)
        names = list(items_of)
        pairs = tuple((i, j) for i in range(len(names)) for j in range(i))
        S = sample.select(items).cov

        def ratios(stack: Any) -> Any:
            found = heterotrait_monotrait_of_covariances(stack, membership, "absolute")
            return np.stack([found[..., i, j] for i, j in pairs], axis=-1)

        errors = np.zeros(0)
        if pairs:
            variances = np.diag(moment_covariance(moment_weights(ratios, S), S, 1))
            errors = np.sqrt(np.where(variances >= 0, variances, np.nan))
        return cls(
            structure=structure,
            rows=tuple(structure.observed.index(item) for item in items),
            cols=tuple(structure.eta.index(name) for name in names),
            members=tuple(tuple(items.index(item) for item in own) for own in items_of.values()),
            loadings=tuple(
                (
                    number,
                    items.index(item),
                    free.get((name, "=~", item), -1),
                    free.get((item, "~~", item), -1),
                    free.get((name, "~~", name), -1),
                )
                for number, (name, own) in enumerate(items_of.items())
                for item in own
            ),
            pairs=pairs,
            pair_params=tuple(
                (
                    free.get((names[i], "~~", names[j]), -1),
                    free.get((names[i], "~~", names[i]), -1),
                    free.get((names[j], "~~", names[j]), -1),
                )
                for i, j in pairs
            ),
            htmt_errors=errors,
            membership=membership,
        )

    def at(self, params: Floats, S: Floats) -> MeasuredConstructs:
        """Return the measurement model at a stack of solutions."""
        implied = self.structure.evaluate(params, S, None)
        rows, cols = list(self.rows), list(self.cols)
        return MeasuredConstructs(
            Lambda=np.asarray(implied.matrices["Lambda"])[..., rows, :][..., :, cols],
            Theta=np.asarray(implied.matrices["Theta"])[..., rows, :][..., :, rows],
            Phi=np.asarray(implied.cov_eta)[..., cols, :][..., :, cols],
            S=S[..., rows, :][..., :, rows],
            members=self.members,
        )


@dataclass(frozen=True, slots=True)
class Truth:
    """What the population itself meets.

    Parameters
    ----------
    convergent : bool
        Every criterion of convergent validity.
    distinct : ndarray of bool, shape (k,)
        Which pairs of constructs are distinct.
    """

    convergent: bool
    distinct: Flags


@dataclass(frozen=True, slots=True)
class StudyJudge:
    """The rules of a study, applied to a stack of samples.

    Fit: CFI, TLI, RMSEA and SRMR meet the thresholds. Convergent validity: every loading is
    significant, large enough and of the sign of its construct's others; alpha, composite
    reliability and AVE reach their thresholds. Discriminant validity: every pair is declared as it
    is in the population, by AVE against the shared variance, HTMT and its interval, and the
    interval of the correlation.

    Parameters
    ----------
    limits : Thresholds
        The criteria.
    measured : Measured or None
        The measurement model, which is the first; None where only fit is judged.
    distinct : tuple of bool
        Which pairs are distinct in the population.

    Notes
    -----
    The criteria are those of the verdicts on a study, but for the chi-square differences of pairs,
    which would need as many models again in every sample. The standard error of HTMT is that of the
    population; differences between samples in it are left out.
    """

    limits: Thresholds
    measured: Measured | None
    distinct: tuple[bool, ...] = ()

    def __call__(self, found: tuple[Estimates, ...]) -> Floats:
        """Return 1, 0 or NaN for each sample and event, shape (b, events)."""
        events = [self._fit(each) for each in found]
        if self.measured is not None:
            first = found[0]
            constructs = self.measured.at(first.params, first.S[0])
            events.append(self._convergent(self.measured, first, constructs))
            if self.measured.pairs:
                declared = self._declared(self.measured, first, constructs)
                right = declared == np.array(self.distinct, dtype=float)
                events.append((right | np.isnan(declared)).all(axis=-1))
        return np.stack([np.asarray(event, dtype=float) for event in events], axis=-1)

    def truth(self, models: tuple[SimulatedModel, ...]) -> Truth:
        """Return what the population itself meets."""
        measured = self.measured
        if measured is None:
            return Truth(True, np.zeros(0, dtype=bool))
        (sample,) = models[0].problem.samples
        params = models[0].params[None]
        yes, q = np.ones(1, dtype=bool), params.shape[-1]
        exact = Estimates(params, np.zeros((1, q, q)), (sample.cov[None],), {}, yes, yes, n_obs=0)
        constructs = measured.at(params, sample.cov[None])
        declared = np.zeros(0)
        if measured.pairs:
            declared = self._declared(measured, exact, constructs)[0]
        convergent = bool(self._convergent(measured, exact, constructs)[0] != 0)
        return Truth(convergent, np.asarray(declared != 0))

    def _fit(self, found: Estimates) -> Floats:
        """Judge the fit of one model."""
        met = np.ones(len(found.params))
        for name in (*_UPWARD, *_DOWNWARD):
            value = found.fit.get(name)
            if value is None:
                continue
            limit = getattr(self.limits, name)
            holds = value >= limit if name in _UPWARD else value <= limit
            met = met * np.where(np.isnan(value), 1.0, holds)
        return met

    def _convergent(
        self, measured: Measured, found: Estimates, constructs: MeasuredConstructs
    ) -> Floats:
        """Judge every loading and every construct."""
        met = np.ones(len(found.params), dtype=bool)
        variances = constructs.implied_variances()
        spread = np.asarray(diagonal(constructs.Phi))
        with np.errstate(invalid="ignore", divide="ignore"):
            std = {}
            for construct, item, loading, residual, variance in measured.loadings:
                raw = np.asarray(constructs.Lambda)[..., item, construct]
                std[construct, item] = raw * np.sqrt(spread[..., construct] / variances[..., item])
                met &= ~(np.abs(std[construct, item]) < self.limits.loading)
                z = _distance(found, raw, spread[..., construct], variances[..., item],
                              (loading, residual, variance))  # fmt: skip
                met &= ~(z <= self.limits.loading_se)
            for construct, own in enumerate(measured.members):
                signs = np.stack([np.sign(std[construct, item]) for item in own], axis=-1)
                met &= (signs == signs[..., :1]).all(axis=-1)
            alpha = moment_indices(constructs.S, measured.members)[..., 0]
            indices = model_indices(constructs, residual_covariances=False)
            cr, ave = (indices[..., MODEL_INDICES.index(name)] for name in ("cr", "ave"))
            for values, name in ((alpha, "alpha"), (cr, "cr"), (ave, "ave")):
                met &= ~(values < getattr(self.limits, name)).any(axis=-1)
        return met.astype(float)

    def _declared(
        self, measured: Measured, found: Estimates, constructs: MeasuredConstructs
    ) -> Floats:
        """Return which pairs are declared distinct, shape (b, k); NaN where nothing is judged."""
        limits, n = self.limits, found.n_obs
        phi = np.asarray(constructs.correlations())
        ave = model_indices(constructs, residual_covariances=False)[..., MODEL_INDICES.index("ave")]
        ratios = heterotrait_monotrait_of_covariances(constructs.S, measured.membership, "absolute")
        declared = np.empty((len(found.params), len(measured.pairs)))
        with np.errstate(invalid="ignore", divide="ignore"):
            for place, (i, j) in enumerate(measured.pairs):
                r, htmt = phi[..., i, j], ratios[..., i, j]
                se = _correlation_error(found, constructs, (i, j), measured.pair_params[place])
                reach = _REACH * measured.htmt_errors[place] / np.sqrt(n) if n else 0.0
                least = np.minimum(ave[..., i], ave[..., j])
                judged = (
                    (r**2 < least, r + least),
                    (htmt < limits.htmt, htmt),
                    (htmt + reach < limits.htmt_limit, htmt + reach),
                    (np.abs(r) + limits.phi_se * se < 1, r + se),
                    (np.abs(r) + _REACH * se < limits.phi_moderate, r + se),
                )
                holds = np.logical_and.reduce([verdict | np.isnan(x) for verdict, x in judged])
                known = np.logical_or.reduce([~np.isnan(x) for _, x in judged])
                declared[:, place] = np.where(known, holds, np.nan)
        return declared


def _distance(
    found: Estimates,
    raw: Floats,
    spread: Floats,
    variance: Floats,
    params: tuple[int, int, int],
) -> Floats:
    """Return how many standard errors a loading is from 0; a fixed one standardised.

    By the delta method the logarithm of a standardised loading with fixed raw value varies with
    residual variance and construct variance.
    """
    loading, residual, construct = params
    if loading >= 0:
        se = np.sqrt(found.covariance[:, loading, loading])
        return np.asarray(np.abs(raw) / se)
    if residual < 0 or construct < 0:
        return np.full(len(raw), np.nan)
    V = found.covariance
    own = (variance - raw**2 * spread) / (2 * spread * variance)
    rest = -1 / (2 * variance)
    square = (
        own**2 * V[:, construct, construct]
        + 2 * own * rest * V[:, construct, residual]
        + rest**2 * V[:, residual, residual]
    )
    return np.asarray(1 / np.sqrt(square))


def _correlation_error(
    found: Estimates,
    constructs: MeasuredConstructs,
    pair: tuple[int, int],
    params: tuple[int, int, int],
) -> Floats:
    """Return the standard error of a construct correlation by the delta method."""
    i, j = pair
    covariance, first, second = params
    if covariance < 0:
        return np.full(len(found.params), np.nan)
    Phi = np.asarray(constructs.Phi)
    sd = np.sqrt(Phi[..., i, i] * Phi[..., j, j])
    r = Phi[..., i, j] / sd
    J = np.zeros(found.params.shape)
    J[:, covariance] = 1 / sd
    for place, variance in ((first, Phi[..., i, i]), (second, Phi[..., j, j])):
        if place >= 0:
            J[:, place] = -r / (2 * variance)
    square = np.einsum("bq,bqr,br->b", J, found.covariance, J)
    return np.sqrt(np.where(square >= 0, square, np.nan))


# -- within a study ---------------------------------------------------------------------------


def study_power(
    study: Study,
    measurement: ModelResult,
    structural: ModelResult | None,
    settings: RunSettings,
) -> tuple[Power | None, tuple[Finding, ...]]:
    """Simulate the power of a study beside its two steps.

    Parameters
    ----------
    study : Study
        The plan.
    measurement, structural : ModelResult, ModelResult or None
        The models of the two steps.
    settings : RunSettings
        ``power``, the number of samples, 0 for none; ``seed``, ``workers``, ``progress``.

    Returns
    -------
    Power or None
        None where it was not asked for, or is not possible.
    tuple of Finding
        What a reader must know, the reason for None among it.
    """
    if not settings.power:
        return None, ()
    chosen = _Chosen(seed=settings.seed)
    try:
        if study.power.states_population:
            plan = plan_of_values(study, chosen, measurement.n_obs)
        else:
            plan = plan_of_steps(study, measurement, structural, chosen)
        report = progress_report("power", settings.progress)
        found = run_power(
            plan, _sizes(None, study.power.n, plan), settings.power, workers=settings.workers,
            report=report,
        )  # fmt: skip
    except TrustsemError as error:
        return None, (_without(str(error)),)
    return found, tuple(found.findings)


def _without(reason: str) -> Finding:
    """Return the finding that there is no power analysis, and why."""
    return Finding(
        code="no_power",
        subject="power",
        claim=f"There is no power analysis: {reason}",
        severity="warning",
    )
