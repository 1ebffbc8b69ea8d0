"""The population of a simulation, made from estimated models, and what is asked of its samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from trustsem.arrays import Floats
from trustsem.errors import UnsupportedError
from trustsem.estimation import Problem, estimate, stacked_objective
from trustsem.inference import row_values
from trustsem.moments import SampleMoments
from trustsem.results.model import ModelResult
from trustsem.simulation import Chain, MonteCarlo, SimulatedModel, normal_power
from trustsem.simulation.monte_carlo import covariances
from trustsem.simulation.summaries import Sign
from trustsem.specification import Parameter

FROM_MOMENTS = ("ML", "GLS", "ULS")
"""Estimators of simulated samples: those that need covariances and means only."""
_CANDIDATES = 33
_LARGEST = 0.985
_SAME = 1e-8


@dataclass(frozen=True, slots=True)
class TestedPath:
    """A hypothesis about one path of the simulated model, or a chain of them.

    Parameters
    ----------
    name, path : str
        What it is called, and the path in words.
    chain : Chain
        The parameters that it is about.
    sign : {"+", "-", "any"}
        Expected direction.
    tails : {1, 2}
        Tails of the test.
    population, std : float
        Its value in the population, raw and standardised.
    """

    name: str
    path: str
    chain: Chain
    sign: Sign
    tails: int
    population: float
    std: float


def simulated_model(
    model: ModelResult, population: Sequence[SampleMoments] | None = None
) -> SimulatedModel:
    """Return an estimated model as one whose population is known.

    Parameters
    ----------
    model : ModelResult
        The model, with its solution.
    population : sequence of SampleMoments, optional
        Moments of the population of each group, of at least the model's variables; by default those
        that the model implies. Its parameters there are found by estimating it from them.

    Raises
    ------
    UnsupportedError
        If the samples of the model could not be estimated from covariances and means.
    """
    _require_continuous(model)
    own = model.estimate.problem
    table = own.table
    name = "ML" if own.estimator.likelihood else own.estimator.name
    implied = population_of(model) if population is None else population
    samples = [sample.select(table.observed) for sample in implied]
    problem = Problem.build(table, samples, name)
    params = model.estimate.params
    if population is not None:
        params = estimate(problem).params
    return SimulatedModel(problem, params, model.n_free)


def population_of(model: ModelResult) -> tuple[SampleMoments, ...]:
    """Return the moments that a model implies, as those of the population of each group."""
    problem = model.estimate.problem
    found = []
    for sample, implied in zip(
        problem.samples, problem.implied(model.estimate.params), strict=True
    ):
        mean = sample.mean if sample.mean is not None else np.zeros(len(sample.names))
        found.append(
            SampleMoments(
                names=sample.names,
                cov=np.asarray(implied.Sigma),
                mean=np.asarray(implied.mu) if problem.table.meanstructure else mean,
                n_obs=sample.n_obs,
                divisor=sample.divisor,
                group=sample.group,
            )
        )
    return tuple(found)


def _require_continuous(model: ModelResult) -> None:
    """Refuse models whose samples need more than covariances and means."""
    estimator = model.estimate.problem.estimator
    if model.table.ordered:
        raise UnsupportedError(
            "the simulated power of a model with ordered items",
            "Estimate it with continuous items (estimator='MLR') and look at the power of that.",
        )
    if not estimator.likelihood and estimator.name not in FROM_MOMENTS:
        raise UnsupportedError(
            f"the simulated power of {estimator.name}, whose weights come from the cases",
            "Use ML, MLM, MLR, GLS or ULS.",
        )


def tested_paths(
    model: SimulatedModel, named: Sequence[tuple[str, Sequence[str], Sign, int]]
) -> tuple[TestedPath, ...]:
    """Return hypotheses with the parameters that they are about.

    Parameters
    ----------
    model : SimulatedModel
        The model of the hypotheses, of one group.
    named : sequence of (str, sequence of str, str, int)
        Name, the names on the way from predictor to outcome, sign and tails.
    """
    rows = {(row.rhs, row.lhs): row for row in model.problem.table.parameters if row.op == "~"}
    standardised = _standardised(model)
    found = []
    for name, way, sign, tails in named:
        steps = [rows[pair] for pair in pairwise(way)]
        std = float(np.prod([standardised[_key(row)] for row in steps]))
        path = " -> ".join(way)
        found.append(_tested(model, (name, path), steps, std, (sign, tails)))
    return tuple(found)


def free_paths(model: SimulatedModel) -> tuple[TestedPath, ...]:
    """Return every free path as a hypothesis without direction; without paths, correlations."""
    table = model.problem.table
    constructs = set(table.constructs)
    paths = [row for row in table.parameters if row.op == "~" and row.free]
    paths = paths or [
        row
        for row in table.parameters
        if row.op == "~~" and row.free and row.lhs != row.rhs and {row.lhs, row.rhs} <= constructs
    ]
    standardised = _standardised(model)
    several = table.n_groups > 1
    found = []
    for row in paths:
        words = f"{row.rhs} -> {row.lhs}" if row.op == "~" else f"{row.lhs} ~~ {row.rhs}"
        place = f" ({table.group_labels[row.group - 1]})" if several else ""
        name = f"{row.lhs}{row.op}{row.rhs}{place}"
        std = standardised[_key(row)]
        found.append(_tested(model, (name, words + place), [row], std, ("any", 2)))
    return tuple(found)


def _tested(
    model: SimulatedModel,
    names: tuple[str, str],
    steps: Sequence[Parameter],
    std: float,
    test: tuple[Sign, int],
) -> TestedPath:
    """Return one hypothesis."""
    chain = Chain(
        tuple(row.free - 1 for row in steps),
        tuple(float("nan") if row.fixed is None else float(row.fixed) for row in steps),
    )
    population = float(chain.value(model.params[None])[0])
    return TestedPath(*names, chain, *test, population, std)


def _key(row: Parameter) -> tuple[str, str, str, int]:
    return row.lhs, row.op, row.rhs, row.group


def _standardised(model: SimulatedModel) -> dict[tuple[str, str, str, int], float]:
    """Return the standardised population value of every row."""
    values = row_values(model.problem, model.params[None]).std_all[0]
    rows = model.problem.table.parameters
    return {_key(row): float(value) for row, value in zip(rows, values, strict=False)}


def apportioned(n: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """Divide cases over groups in the proportions of present sizes."""
    exact = np.array(sizes, dtype=float) * n / sum(sizes)
    whole = np.floor(exact).astype(int)
    rest = np.argsort(whole - exact, kind="stable")[: n - int(whole.sum())]
    whole[rest] += 1
    return tuple(int(size) for size in whole)


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest effect that a sample of some size finds with some power.

    Parameters
    ----------
    params : ndarray, shape (q,), or None
        The population in which the effect is just as large.
    population, std : float
        The effect, raw and standardised; NaN where there is none.
    reason : str
        Why there is none; empty if there is.
    """

    params: Floats | None
    population: float
    std: float
    reason: str = ""


def detectable_effect(
    model: SimulatedModel, tested: TestedPath, *, alpha: float, goal: float
) -> Detectable:
    """Find the smallest path that is supported with a power, by large-sample theory.

    The path takes other values while the variance of its outcome and everything else of the
    population stay as they are: the residual variance of the outcome follows.

    Parameters
    ----------
    model : SimulatedModel
        The model, with the number of cases in question.
    tested : TestedPath
        A hypothesis about one path.
    alpha : float
        Level of the test.
    goal : float
        Wanted power.
    """
    nothing = float("nan")
    row = _single_row(model, tested)
    if row is None:
        reason = "it is a product of paths, which many combinations of paths make as large"
        return Detectable(None, nothing, nothing, reason)
    (implied,) = model.problem.implied(model.params)
    structure = model.problem.structures[0]
    target, source = (structure.eta.index(name) for name in (row.lhs, row.rhs))
    if not _recursive(implied.matrices["Beta"]):
        reason = "a path of a model with feedback has no value of its own"
        return Detectable(None, nothing, nothing, reason)
    cov, Beta = np.asarray(implied.cov_eta), np.asarray(implied.matrices["Beta"])
    ratio = float(np.sqrt(cov[source, source] / cov[target, target]))
    downward = tested.sign == "-" or (tested.sign == "any" and tested.population < 0)
    low, high = 0.0, _LARGEST
    for _ in range(2):
        sizes = np.linspace(low, high, _CANDIDATES)
        values = (-sizes if downward else sizes) / ratio
        params = _with_path(model, row, values, (Beta[target], cov, target, source))
        power = _power_of(model, params, tested, alpha)
        reached = np.flatnonzero(power >= goal)
        if not len(reached) or not np.isfinite(power[: reached[0] + 1]).all():
            reason = "no standardised path below 1 has that power at this number of cases"
            return Detectable(None, nothing, nothing, reason)
        first = int(reached[0])
        if first == 0:
            break
        low, high = float(sizes[first - 1]), float(sizes[first])
    left, right = float(power[max(first - 1, 0)]), float(power[first])
    share = 1.0 if first == 0 or right == left else (goal - left) / (right - left)
    size = low + share * (high - low) if first else low
    value = (-size if downward else size) / ratio
    found = _with_path(model, row, np.array([value]), (Beta[target], cov, target, source))[0]
    return Detectable(found, value, value * ratio)


def _single_row(model: SimulatedModel, tested: TestedPath) -> Parameter | None:
    """Return the row of a hypothesis about a single free path of one group."""
    if len(tested.chain.positions) != 1 or tested.chain.positions[0] < 0:
        return None
    number = tested.chain.positions[0] + 1
    rows = [row for row in model.problem.table.parameters if row.free == number]
    return rows[0] if len(rows) == 1 and rows[0].op == "~" else None


def _recursive(Beta: Floats) -> bool:
    """Return whether no variable reaches itself."""
    step = (np.asarray(Beta) != 0).astype(float)
    power = step
    for _ in range(len(step)):
        if not power.any():
            return True
        power = power @ step
    return not power.any()


def _with_path(
    model: SimulatedModel, row: Parameter, values: Floats, at: tuple[Floats, Floats, int, int]
) -> Floats:
    """Return populations in which a path has other values, shape (b, q); NaN if impossible."""
    own, cov, target, source = at
    params = np.tile(model.params, (len(values), 1))
    params[:, row.free - 1] = values
    residuals = [
        each.free - 1
        for each in model.problem.table.parameters
        if each.op == "~~" and each.lhs == each.rhs == row.lhs and each.free
    ]
    paths = np.tile(own, (len(values), 1))
    paths[:, source] = values
    explained = np.einsum("bi,ij,bj->b", paths, cov, paths)
    if residuals:
        moved = params[:, residuals[0]] + float(own @ cov @ own) - explained
        params[:, residuals[0]] = np.where(moved > _SAME * cov[target, target], moved, np.nan)
    return params


def _power_of(model: SimulatedModel, params: Floats, tested: TestedPath, alpha: float) -> Floats:
    """Return the large-sample power in each of some populations; NaN where there is none."""
    power = np.full(len(params), np.nan)
    possible = np.flatnonzero(np.isfinite(params).all(axis=-1))
    some = params[possible]
    moments = [
        (np.asarray(each.Sigma), np.asarray(each.mu)) for each in model.problem.implied(some)
    ]
    positive = np.linalg.eigvalsh(moments[0][0])[:, 0] > 0
    possible, some = possible[positive], some[positive]
    moments = [(Sigma[positive], mu[positive]) for Sigma, mu in moments]
    objective = stacked_objective(model.problem, moments)
    V = covariances(replace(model.problem, objective=objective), some)
    J = tested.chain.gradient(some)
    se = np.sqrt(np.einsum("bq,bqr,br->b", J, V, J))
    delta = tested.chain.value(some) / se
    power[possible] = normal_power(delta, tested.sign, tested.tails, alpha)
    return power


def moved_population(model: SimulatedModel, params: Floats) -> tuple[SampleMoments, ...]:
    """Return the moments of the population in which a model has other parameters."""
    pairs = zip(model.problem.samples, model.problem.implied(params), strict=True)
    return tuple(
        replace(sample, cov=np.asarray(implied.Sigma), mean=np.asarray(implied.mu))
        for sample, implied in pairs
    )


def confirmation(plan: MonteCarlo, tested: TestedPath, params: Floats, number: int) -> MonteCarlo:
    """Return the simulation that confirms a detectable effect, with samples of its own."""
    model = plan.models[-1]
    population = moved_population(model, params)
    problem = model.problem.with_samples(population)
    moved = replace(model, problem=problem, params=params)
    return replace(
        plan, population=population, models=(moved,), chains=(tested.chain,), judge=no_events,
        key=(number,),
    )  # fmt: skip


def no_events(found: Sequence[Any]) -> Floats:
    """Judge nothing."""
    return np.zeros((len(found[-1].params), 0))
