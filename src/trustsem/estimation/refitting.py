"""Estimate one model from many samples at once, from where it was estimated before.

Samples that resemble each other have solutions close together: each is reached by quasi-Newton
steps from the common start (:mod:`trustsem.nearby`). The few that are not reached so are searched
for with the safeguards and exact Hessians of :mod:`trustsem.estimation.optimiser`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, exceeds, invert_positive, outer
from trustsem.completion import WeightedCases
from trustsem.errors import EstimationError
from trustsem.estimation.augmented import descend_under_conditions
from trustsem.estimation.completed import CompletedBlock
from trustsem.estimation.factored import in_factors
from trustsem.estimation.objective import AnyBlock, Objective
from trustsem.estimation.optimiser import TOLERANCE, Optimum, minimise, unit_metric
from trustsem.estimation.problem import Problem
from trustsem.estimation.responses import ResponseBlock
from trustsem.estimation.stacked import StackedObjective
from trustsem.moments import StackedMoments
from trustsem.nearby import Sloped, minimise_near

Moments = tuple[Floats, Floats]
"""Covariance matrices (..., p, p) and means (..., p) of one group."""

_FLATTEST = 1e-6
_PATIENCE = 100


def stacked_objective(problem: Problem, moments: Sequence[Moments]) -> Objective:
    """Return the objective of a model for a stack of samples.

    Parameters
    ----------
    problem : Problem
        The model.
    moments : sequence of (ndarray, ndarray)
        For each group covariance matrices (b, p, p) and means (b, p), with the divisor of the
        problem's own samples.

    Raises
    ------
    EstimationError
        If the discrepancy needs the cases themselves, or thresholds of ordered items.
    """
    form = problem.estimator.from_moments
    blocks: list[AnyBlock] = []
    for block, (S, mean) in zip(problem.objective.blocks, moments, strict=True):
        if form is None or isinstance(block, ResponseBlock):
            raise EstimationError(
                f"{problem.estimator.name} cannot be estimated from covariances and means alone "
                "where it needs the cases or thresholds."
            )
        means = None if block.mean is None else mean
        blocks.append(replace(block, S=S, mean=means, criterion=form(S, means)))
    return replace(problem.objective, blocks=tuple(blocks))


def refit(problem: Problem, objective: Objective, params: Floats) -> Optimum:
    """Estimate a model from each sample of a stack.

    Parameters
    ----------
    problem : Problem
        The model and the sample that it was estimated from first.
    objective : Objective
        The same model on b samples, from :func:`stacked_objective`; or on one.
    params : ndarray, shape (q,)
        The estimates from the first sample: the common start.

    Returns
    -------
    Optimum
        One end per sample; which other samples are in the stack makes no difference to it.

    Notes
    -----
    The searches end after a number of steps, not after a time, so that the outcome is the same on
    every machine. A sample whose covariance matrix has no inverse is not searched for. Bounds are
    those of the first sample.
    """
    n = 1 if _is_single(objective) else len(objective.blocks[0].S)
    near = problem.reduction.reduce(params)
    start = np.repeat(near[None], n, axis=0)
    if not near.size:
        nothing = np.zeros(n)
        value = objective.at(start).value
        return Optimum(start, value, nothing, nothing.astype(np.intp), np.isfinite(value))
    if len(problem.reduction.conditions):
        return _each_under_conditions(problem, objective, start)
    if problem.bounds:
        found = _search_from_near(problem, objective, start)
    else:
        quick = in_factors(objective) if n > 1 else None
        found = _near(quick or objective, start, _curvature(problem, near))
    for search in (_search_from_near, _search_from_own_start):
        if found.converged.all():
            break
        lost = np.flatnonzero(~found.converged & _invertible(objective))
        if not lost.size:
            break
        found = _joined(found, lost, search(problem, objective.take(lost), start[lost]))
    return found


def refit_completed(
    problem: Problem,
    samples: Sequence[tuple[WeightedCases, StackedMoments]],
    shares: Floats,
    params: Floats,
) -> Optimum:
    """Estimate a model from each of many samples of the same incomplete cases.

    Parameters
    ----------
    problem : Problem
        The model without bounds and nonlinear constraints, and the incomplete sample that it was
        estimated from first.
    samples : sequence of (WeightedCases, StackedMoments)
        For each group b samples and their saturated moments.
    shares : ndarray, shape (g, b)
        Weight of each group in F of each sample.
    params : ndarray, shape (q,)
        The estimates from the first sample: the common start.

    Returns
    -------
    Optimum
        One end per sample. Those that are not converged should be searched for otherwise.
    """
    near = problem.reduction.reduce(params)
    start = np.repeat(near[None], len(samples[0][1].value), axis=0)
    blocks = [
        CompletedBlock(
            structure=block.structure,
            S=moments.cov,
            mean=moments.mean,
            cases=cases,
            saturated=moments.value,
            share=share,
        )
        for block, (cases, moments), share in zip(
            problem.objective.blocks, samples, shares, strict=True
        )
    ]
    objective = StackedObjective(blocks, problem.reduction)
    if not near.size:
        value = objective.at(start).value
        nothing = np.zeros(len(value))
        return Optimum(start, value, nothing, nothing.astype(np.intp), np.isfinite(value))
    return _near(objective, start, _curvature(problem, near))


def _near(objective: Sloped, start: Floats, hessian: Floats) -> Optimum:
    """Return where quasi-Newton steps from the common start end."""
    ends = minimise_near(objective, start, hessian, TOLERANCE)
    return Optimum(ends.at, ends.value, ends.slope, ends.steps, ends.converged)


def _curvature(problem: Problem, near: Floats) -> Floats:
    """Return the expected Hessian at the common start, its flat directions lifted."""
    H = problem.objective.at(near[None]).expected_hessian()[0]
    metric = unit_metric(H)
    if exceeds(H / outer(metric, metric), _FLATTEST * len(H)):
        return np.asarray(H)
    values, vectors = np.linalg.eigh(H / outer(metric, metric))
    lifted = np.maximum(values, _FLATTEST * values.max())
    return np.asarray((vectors * lifted) @ vectors.T * outer(metric, metric))


def _search_from_near(problem: Problem, objective: Objective, start: Floats) -> Optimum:
    """Search with line searches and exact Hessians from the common start."""
    return minimise(objective, start, max_iterations=_PATIENCE, bounds=problem.bounds)


def _search_from_own_start(problem: Problem, objective: Objective, start: Floats) -> Optimum:
    """Search from the starting values that each sample would have by itself."""
    own = start.copy()
    for position in range(len(start)):
        samples = []
        for sample, block in zip(
            problem.samples, objective.take(np.array([position])).blocks, strict=True
        ):
            S = block.S.reshape(block.S.shape[-2:])
            mean = None if block.mean is None else block.mean.reshape(-1)
            samples.append(replace(sample, cov=S, mean=mean, data=None))
        moved = replace(problem, samples=tuple(samples))
        own[position] = problem.bounds.clip(moved.start())
    exists = np.isfinite(objective.at(own).value)
    own = np.where(exists[:, None], own, start)
    return minimise(objective, own, max_iterations=_PATIENCE, bounds=problem.bounds)


def _is_single(objective: Objective) -> bool:
    """Return whether an objective holds one sample rather than a stack of them."""
    return objective.blocks[0].S.ndim == 2  # noqa: PLR2004 - a matrix


def _invertible(objective: Objective) -> Flags:
    """Return which samples have an invertible covariance matrix in all groups.

    Correlations behind ordered items need not be a matrix that can be inverted.
    """
    positive = [
        isinstance(block, ResponseBlock) | invert_positive(block.S).positive
        for block in objective.blocks
    ]
    return np.atleast_1d(np.logical_and.reduce(positive))


def _each_under_conditions(problem: Problem, objective: Objective, start: Floats) -> Optimum:
    """Estimate one sample after the other within nonlinear constraints."""
    ends = [
        descend_under_conditions(
            replace(problem, objective=objective.take(np.array([k]))), start[k : k + 1]
        )
        for k in range(len(start))
    ]
    names = ("reduced", "value", "gradient_norm", "iterations", "converged")
    return Optimum(**{name: np.concatenate([getattr(end, name) for end in ends]) for name in names})


def _joined(found: Optimum, index: NDArray[np.intp], later: Optimum) -> Optimum:
    """Return the ends with those of a later search in the places where it came further."""
    better = index[later.converged]
    chosen = later.take(np.flatnonzero(later.converged))
    for name in ("reduced", "value", "gradient_norm", "iterations", "converged"):
        getattr(found, name)[better] = getattr(chosen, name)
    return found
