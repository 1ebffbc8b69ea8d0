"""What would studies of some size find, if the population were known? Stacks of simulated samples.

Every sample has a random stream of its own, made from the seed, the number of cases and the
sample's number. What sample 17 of 200 cases holds depends neither on how many samples there are,
nor on which other sizes are looked at, nor on which process draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np

from trustsem.arrays import Flags, Floats
from trustsem.errors import InferenceError, TooFewObservationsError
from trustsem.estimation import (
    Estimate,
    Problem,
    admissible_members,
    refit,
    stacked_objective,
)
from trustsem.fit import stacked_fit
from trustsem.inference import estimate_covariance, stacked_covariances
from trustsem.moments import SampleMoments
from trustsem.simulation.parallel import Report, run_in_parts
from trustsem.simulation.resampling import Moments, NormalPopulation, Resampling, weighted_moments

_Array = TypeVar("_Array", Floats, Flags)

AT_ONCE = 200
"""Samples that are estimated together."""


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """A model whose population is known.

    Parameters
    ----------
    problem : Problem
        The model on the moments of the population.
    params : ndarray, shape (q,)
        Its free parameters there, where every search starts.
    n_independent : int
        Number of independently estimated parameters.
    """

    problem: Problem
    params: Floats
    n_independent: int

    def of_size(self, sizes: Sequence[int]) -> SimulatedModel:
        """Return the same model with other numbers of cases in its groups."""
        samples = [
            replace(sample, n_obs=n) for sample, n in zip(self.problem.samples, sizes, strict=True)
        ]
        return replace(self, problem=self.problem.with_samples(samples))

    def covariance(self) -> Floats:
        """Return the sampling covariance of the estimates by large-sample theory, (q, q)."""
        return np.asarray(covariances(self.problem, self.params[None])[0])


@dataclass(frozen=True, slots=True)
class RoundedPopulation:
    """Samples of answers on a scale: normal values, rounded, and cut off at both ends.

    Parameters
    ----------
    population : NormalPopulation
        What is rounded, in scale points.
    lowest, highest : ndarray, shape (p,)
        Ends of the scale of each variable; infinite where it is not rounded.
    """

    population: NormalPopulation
    lowest: Floats
    highest: Floats

    def draw_moments(self, streams: Sequence[np.random.Generator]) -> Moments:
        """Draw the moments of one sample from each stream."""
        each = np.ones((1, self.population.n_obs))
        divisor = self.population.divisor
        drawn = [weighted_moments(self.draw_cases(one), each, divisor) for one in streams]
        S, mean = zip(*drawn, strict=True)
        return np.concatenate(S), np.concatenate(mean)

    def draw_cases(self, stream: np.random.Generator) -> Floats:
        """Draw the cases of one sample."""
        values = self.population.draw_cases(stream)
        answers = np.clip(np.rint(values), self.lowest, self.highest)
        return np.where(np.isfinite(self.lowest), answers, values)


@dataclass(frozen=True, slots=True)
class Scale:
    """Scales of one group's variables.

    Parameters
    ----------
    lowest, highest : ndarray, shape (p,)
        Ends of each scale; infinite for a variable that is continuous.
    """

    lowest: Floats
    highest: Floats


@dataclass(frozen=True, slots=True)
class Estimates:
    """What one model gave on a stack of samples.

    Parameters
    ----------
    params : ndarray, shape (b, q)
        All free parameters.
    covariance : ndarray, shape (b, q, q)
        Their sampling covariance, as each sample estimates it; NaN where there is none.
    S : tuple of ndarray, each of shape (b, p, p)
        Sample covariance matrices of each group.
    fit : mapping of str to ndarray, shape (b,)
        Fit measures.
    converged, admissible : ndarray of bool, shape (b,)
        Whether a minimum was reached, and a proper one.
    n_obs : int
        Cases of a sample; 0 for the population itself.
    """

    params: Floats
    covariance: Floats
    S: tuple[Floats, ...]
    fit: Mapping[str, Floats]
    converged: Flags
    admissible: Flags
    n_obs: int

    @property
    def errors(self) -> Floats:
        """Standard errors, shape (b, q); NaN where there is none."""
        variances = np.diagonal(self.covariance, axis1=-2, axis2=-1)
        return np.sqrt(np.where(variances >= 0, variances, np.nan))


@dataclass(frozen=True, slots=True)
class Chain:
    """A path, or a product of paths, among the parameters of a model.

    Parameters
    ----------
    positions : tuple of int
        Place of each path among the free parameters; -1 for one that is fixed.
    values : tuple of float
        Value of each fixed path; not used for the others.
    """

    positions: tuple[int, ...]
    values: tuple[float, ...]

    def value(self, params: Floats) -> Floats:
        """Return the product, shape (...)."""
        return np.asarray(np.prod(self._factors(params), axis=-1))

    def gradient(self, params: Floats) -> Floats:
        """Return its derivative in all free parameters, shape (..., q)."""
        factors = self._factors(params)
        slope = np.zeros(params.shape)
        for place, position in enumerate(self.positions):
            if position >= 0:
                others = np.delete(factors, place, axis=-1)
                slope[..., position] += np.prod(others, axis=-1)
        return slope

    def _factors(self, params: Floats) -> Floats:
        parts = [
            params[..., position] if position >= 0 else np.full(params.shape[:-1], value)
            for position, value in zip(self.positions, self.values, strict=True)
        ]
        return np.stack(parts, axis=-1)


def chain_values(
    chains: Sequence[Chain], params: Floats, covariance: Floats
) -> tuple[Floats, Floats]:
    """Return products of paths and their standard errors by the delta method [sobel1982]_.

    Parameters
    ----------
    chains : sequence of Chain
        Which products.
    params : ndarray, shape (b, q)
        Free parameters.
    covariance : ndarray, shape (b, q, q)
        Their sampling covariance.

    Returns
    -------
    value, se : ndarray, shape (b, k)
    """
    if not chains:
        nothing = np.zeros((len(params), 0))
        return nothing, nothing
    value = np.stack([chain.value(params) for chain in chains], axis=-1)
    J = np.stack([chain.gradient(params) for chain in chains], axis=-2)
    variances = np.einsum("bkq,bqr,bkr->bk", J, covariance, J, optimize=True)
    return value, np.sqrt(np.where(variances > 0, variances, np.nan))


Judge = Callable[[tuple[Estimates, ...]], Floats]
"""Judges a stack of samples from what each model gave: 1, 0 or NaN, shape (b, events)."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the samples of one size gave.

    Parameters
    ----------
    sizes : tuple of int
        Cases in each group.
    params, errors : tuple of ndarray, each of shape (n, q)
        Estimates and standard errors of each model.
    converged, admissible : tuple of ndarray of bool, each of shape (n,)
        Of each model.
    values, value_errors : ndarray, shape (n, k)
        The chains of the last model, and their standard errors.
    judged : ndarray, shape (n, events)
        What the judge said.
    """

    sizes: tuple[int, ...]
    params: tuple[Floats, ...]
    errors: tuple[Floats, ...]
    converged: tuple[Flags, ...]
    admissible: tuple[Flags, ...]
    values: Floats
    value_errors: Floats
    judged: Floats

    @property
    def n(self) -> int:
        """Samples."""
        return len(self.values)

    @classmethod
    def joined(cls, parts: Sequence[Simulated]) -> Simulated:
        """Return the samples of all parts."""
        return cls(
            sizes=parts[0].sizes,
            params=_stacked([part.params for part in parts]),
            errors=_stacked([part.errors for part in parts]),
            converged=_stacked([part.converged for part in parts]),
            admissible=_stacked([part.admissible for part in parts]),
            values=np.concatenate([part.values for part in parts]),
            value_errors=np.concatenate([part.value_errors for part in parts]),
            judged=np.concatenate([part.judged for part in parts]),
        )


def _stacked(parts: Sequence[tuple[_Array, ...]]) -> tuple[_Array, ...]:
    """Return each model's arrays of all parts as one."""
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """A study to be simulated.

    Parameters
    ----------
    population : tuple of SampleMoments
        Moments of the population of each group: of all variables of all models.
    models : tuple of SimulatedModel
        The models that are estimated from each sample.
    chains : tuple of Chain
        Products of paths of the last model whose estimates are kept.
    judge : callable
        What is said of each sample.
    seed : int
        Seed of everything.
    scales : tuple of Scale
        Of each group, where answers are rounded; empty for normal values.
    key : tuple of int
        What tells these samples from others of the same seed.
    """

    population: tuple[SampleMoments, ...]
    models: tuple[SimulatedModel, ...]
    chains: tuple[Chain, ...]
    judge: Judge
    seed: int
    scales: tuple[Scale, ...] = ()
    key: tuple[int, ...] = field(default=())

    def draws(self, sizes: tuple[int, ...], samples: int) -> Resampling:
        """Return the samples of one size."""
        sources: list[NormalPopulation | RoundedPopulation] = []
        for group, (sample, n) in enumerate(zip(self.population, sizes, strict=True)):
            mean = np.zeros(len(sample.names)) if sample.mean is None else sample.mean
            population = NormalPopulation(sample.cov, mean, n, sample.divisor)
            rounded = group < len(self.scales)
            sources.append(
                RoundedPopulation(population, self.scales[group].lowest, self.scales[group].highest)
                if rounded
                else population
            )
        return Resampling(tuple(sources), samples, self.seed, (*self.key, *sizes))

    def moments_of(self, model: SimulatedModel, drawn: Sequence[Moments]) -> tuple[Moments, ...]:
        """Return the moments of one model's variables, in its order."""
        found = []
        for own, every, (S, mean) in zip(
            model.problem.samples, self.population, drawn, strict=True
        ):
            if own.names == every.names:
                found.append((S, mean))
                continue
            index = [every.names.index(name) for name in own.names]
            found.append((S[:, index][:, :, index], mean[:, index]))
        return tuple(found)


def simulate(
    plan: MonteCarlo,
    sizes: Sequence[tuple[int, ...]],
    samples: int,
    *,
    workers: int = 1,
    report: Report | None = None,
    at_once: int = AT_ONCE,
) -> tuple[tuple[Simulated, ...], bool]:
    """Estimate all models from many samples of each size.

    Parameters
    ----------
    plan : MonteCarlo
        The study.
    sizes : sequence of tuple of int
        Cases in each group, for each size of the whole sample.
    samples : int
        Samples of each size.
    workers : int
        Processes.
    report : callable, optional
        Called with the number of finished samples and of all.
    at_once : int
        Samples in a part. Neither this nor ``workers`` changes the result beyond rounding.

    Returns
    -------
    simulated : tuple of Simulated
        One for each size of which a sample was finished.
    interrupted : bool
        Whether the user stopped before the end.

    Raises
    ------
    TooFewObservationsError
        If a sample could have no invertible covariance matrix.

    References
    ----------
    Muthén & Muthén (2002) [muthen2002power]_.
    """
    p = len(plan.population[0].names)
    for group in sizes:
        if min(group) <= p:
            raise TooFewObservationsError(min(group), p + 1, f"samples of {p} variables")
    parts = [
        (tuple(group), range(first, min(first + at_once, samples)))
        for group in sizes
        for first in range(0, samples, at_once)
    ]
    task = partial(_simulate_part, plan, samples)
    finished = run_in_parts(
        task, parts, workers=workers, report=report, pieces=lambda part: len(part[-1])
    )
    by_size: dict[tuple[int, ...], list[Simulated]] = {}
    for outcome in finished.outcomes:
        by_size.setdefault(outcome.sizes, []).append(outcome)
    return tuple(Simulated.joined(found) for found in by_size.values()), finished.interrupted


def _simulate_part(
    plan: MonteCarlo, samples: int, part: tuple[tuple[int, ...], Sequence[int]]
) -> Simulated:
    """Estimate all models from some samples of one size."""
    sizes, numbers = part
    drawn = plan.draws(sizes, samples).moments(numbers)
    found = tuple(
        estimate_stack(model.of_size(sizes), plan.moments_of(model, drawn)) for model in plan.models
    )
    value, se = chain_values(plan.chains, found[-1].params, found[-1].covariance)
    return Simulated(
        sizes=sizes,
        params=tuple(each.params for each in found),
        errors=tuple(each.errors for each in found),
        converged=tuple(each.converged for each in found),
        admissible=tuple(each.admissible for each in found),
        values=value,
        value_errors=se,
        judged=plan.judge(found),
    )


def estimate_stack(model: SimulatedModel, moments: Sequence[Moments]) -> Estimates:
    """Estimate a model from each of a stack of samples, with errors and fit.

    Parameters
    ----------
    model : SimulatedModel
        The model, its samples as large as those of the stack.
    moments : sequence of (ndarray, ndarray)
        For each group covariance matrices (b, p, p) and means (b, p), in the order of the model's
        variables and with its divisor.
    """
    problem = model.problem
    objective = stacked_objective(problem, moments)
    ends = refit(problem, objective, model.params)
    params = problem.reduction.expand(ends.reduced)
    converged = ends.converged & _with_variances(problem, params)
    kept = np.flatnonzero(converged)
    n, q = params.shape
    admissible = np.zeros(n, dtype=bool)
    covariance = np.full((n, q, q), np.nan)
    fit: dict[str, Floats] = {}
    if len(kept):
        some = replace(problem, objective=objective.take(kept))
        admissible[kept] = admissible_members(some, params[kept])
        covariance[kept] = covariances(some, params[kept])
        for name, values in stacked_fit(some, params[kept], model.n_independent).items():
            fit[name] = np.full(n, np.nan)
            fit[name][kept] = values
    S = tuple(matrices for matrices, _ in moments)
    return Estimates(params, covariance, S, fit, converged, admissible, problem.n_obs)


def _with_variances(problem: Problem, params: Floats) -> Flags:
    """Return at which ends of searches all implied variances are positive: the others are none."""
    positive = np.ones(len(params), dtype=bool)
    for implied in problem.implied(params):
        variances = np.diagonal(np.asarray(implied.Sigma), axis1=-2, axis2=-1)
        positive &= (np.isfinite(variances) & (variances > 0)).all(axis=-1)
    return positive


def covariances(problem: Problem, params: Floats) -> Floats:
    """Return the sampling covariance of each of a stack of solutions, shape (b, q, q).

    Parameters
    ----------
    problem : Problem
        The model on a stack of b samples, or on one sample for all.
    params : ndarray, shape (b, q)
        The solutions.

    Notes
    -----
    The inverse of the expected information. Where the estimator is not efficient (ULS) or a
    constraint not linear, each solution is looked at by itself.
    """
    if problem.estimator.efficient and not len(problem.reduction.conditions):
        return stacked_covariances(problem, params)
    found = np.full((len(params), params.shape[-1], params.shape[-1]), np.nan)
    for number, each in enumerate(params):
        try:
            one = _member(problem, number)
            found[number] = estimate_covariance(Estimate(one, each, 0.0, True, 0, 0.0)).matrix
        except InferenceError:
            continue
    return found


def _member(problem: Problem, number: int) -> Problem:
    """Return the model on one sample of the stack."""
    samples = []
    for sample, block in zip(problem.samples, problem.objective.blocks, strict=True):
        single = block.S.ndim == 2  # noqa: PLR2004 - one sample for the whole stack
        S = block.S if single else block.S[number]
        means = sample.mean
        if block.mean is not None:
            means = block.mean if single else block.mean[number]
        samples.append(replace(sample, cov=S, mean=means))
    return problem.with_samples(samples)
