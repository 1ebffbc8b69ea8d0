"""Estimate one model from many samples at once, from where it was estimated before.

Samples that resemble each other have solutions close together. Each is reached by quasi-Newton
steps from the common start, with the common curvature there as first guess: a step costs one value
and one gradient, a tenth of an exact Hessian. F does not change if a sample's items are rescaled
together with the parameters. What samples share is therefore rather the curvature in the metric of
each sample: after the first step the guess is brought to the unit metric of where that led, which
saves a quarter of the steps. The few samples whose solutions are not reached so are searched for
with the safeguards and exact Hessians of :mod:`trustsem.estimation.optimiser`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, invert_positive, outer
from trustsem.errors import EstimationError
from trustsem.estimation.augmented import descend_under_conditions
from trustsem.estimation.factored import FactoredObjective
from trustsem.estimation.objective import AnyBlock, Objective
from trustsem.estimation.optimiser import TOLERANCE, Optimum, minimise, unit_metric
from trustsem.estimation.problem import Problem
from trustsem.estimation.responses import ResponseBlock

Moments = tuple[Floats, Floats]
"""Covariance matrices (..., p, p) and means (..., p) of one group."""

_TARGET = TOLERANCE / 10
_STEPS = 40
_MEMORY = 12
_NOISE = 1e-12
_STRETCH = 4.0
_CROWDED = 0.75
_FLATTEST = 1e-6
_PATIENCE = 100


class SlopedPoint(Protocol):
    """A stack of evaluated points."""

    @property
    def value(self) -> Floats:
        """F, infinite outside the domain."""
        ...

    def gradient(self) -> Floats:
        """Shape (b, r)."""
        ...

    def curvatures(self) -> Floats | None:
        """Return about how each function curves along each parameter, shape (b, r), if known."""
        ...


class Sloped(Protocol):
    """A stack of functions with gradients."""

    def at(self, reduced: Floats) -> SlopedPoint:
        """Evaluate at points of shape (b, r)."""
        ...

    def take(self, index: NDArray[np.intp]) -> Sloped:
        """Return some members of the stack."""
        ...


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
        quick = FactoredObjective.of(objective) if n > 1 else None
        found = minimise_near(quick or objective, start, _curvature(problem, near))
    for search in (_search_from_near, _search_from_own_start):
        if found.converged.all():
            break
        lost = np.flatnonzero(~found.converged & _invertible(objective))
        if not lost.size:
            break
        found = _joined(found, lost, search(problem, objective.take(lost), start[lost]))
    return found


def minimise_near(function: Sloped, start: Floats, hessian: Floats) -> Optimum:
    """Minimise each member of a stack by limited-memory BFGS [nocedal1980]_, from nearby starts.

    Parameters
    ----------
    function : Sloped
        The stack of b functions.
    start : ndarray, shape (b, r)
        Where each starts.
    hessian : ndarray, shape (r, r)
        Positive definite guess of the curvature of all of them.

    Returns
    -------
    Optimum
        Members that are not converged should be searched for otherwise.
    """
    metric = unit_metric(hessian)
    inverse = np.linalg.inv(hessian / outer(metric, metric)) / outer(metric, metric)
    evaluated = function.at(start)
    common = evaluated.curvatures()
    n = len(start)
    ends = Optimum(
        reduced=start.copy(),
        value=evaluated.value.copy(),
        gradient_norm=np.full(n, np.inf),
        iterations=np.zeros(n, dtype=np.intp),
        converged=np.zeros(n, dtype=bool),
    )
    walk = _Walk.begin(start, evaluated.value, evaluated.gradient(), inverse)
    active = np.arange(n)
    for iteration in range(_STEPS + 1):
        norm = np.abs(walk.gradient / metric).max(axis=-1)
        norm = np.where(np.isfinite(walk.value), norm, np.inf)
        ends.reduced[active], ends.value[active] = walk.at, walk.value
        ends.gradient_norm[active], ends.iterations[active] = norm, iteration
        going = (norm > _TARGET) & np.isfinite(norm)
        arrived = norm <= _TARGET
        # The next step is known already and costs nothing.
        ends.reduced[active[arrived]] += walk.step[arrived]
        if not going.any() or iteration == _STEPS:
            break
        if going.mean() < _CROWDED:
            active, walk = active[going], walk.take(going)
            function = function.take(np.flatnonzero(going))
        trial = walk.at + walk.step
        evaluated = function.at(trial)
        stretch = None
        if iteration == 0 and common is not None:
            stretch = _stretch(common[active], evaluated.curvatures())
        walk = walk.moved(trial, evaluated.value, evaluated.gradient(), stretch)
    return replace(ends, converged=ends.gradient_norm <= TOLERANCE)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where each member is, the step that it tries next, and what its last steps taught.

    A pair of a step and the change of the gradient along it whose weight is zero has no effect:
    that of a member that did not move, or along which the function is not convex. ``stretch`` tells
    how much longer each parameter's unit is for the member than where ``inverse`` was formed.
    """

    at: Floats
    value: Floats
    gradient: Floats
    step: Floats
    inverse: Floats
    stretch: Floats
    pairs: tuple[tuple[Floats, Floats, Floats], ...]

    @classmethod
    def begin(cls, at: Floats, value: Floats, gradient: Floats, inverse: Floats) -> _Walk:
        return cls(at, value, gradient, -gradient @ inverse, inverse, np.ones_like(at), ())

    def take(self, chosen: Flags) -> _Walk:
        pairs = tuple((s[chosen], y[chosen], weight[chosen]) for s, y, weight in self.pairs)
        return _Walk(
            at=self.at[chosen],
            value=self.value[chosen],
            gradient=self.gradient[chosen],
            step=self.step[chosen],
            inverse=self.inverse,
            stretch=self.stretch[chosen],
            pairs=pairs,
        )

    def moved(
        self, trial: Floats, value: Floats, gradient: Floats, stretch: Floats | None = None
    ) -> _Walk:
        """Accept the trial of each member whose function does not grow; halve other steps."""
        good = value <= self.value + _NOISE * (1 + np.abs(self.value))
        gradient = np.where(good[:, None], gradient, self.gradient)
        change = gradient - self.gradient
        along = np.einsum("ij,ij->i", self.step, change)
        taught = good & (along > 0)
        weight = np.where(taught, 1 / np.where(taught, along, 1.0), 0.0)
        pairs = (*self.pairs[-_MEMORY + 1 :], (self.step, change, weight))
        if stretch is None:
            stretch = self.stretch
        else:
            stretch = np.where(good[:, None], stretch, self.stretch)
        onward = _descent(gradient, self.inverse, stretch, pairs)
        return _Walk(
            at=np.where(good[:, None], trial, self.at),
            value=np.where(good, value, self.value),
            gradient=gradient,
            step=np.where(good[:, None], onward, self.step / 2),
            inverse=self.inverse,
            stretch=stretch,
            pairs=pairs,
        )


def _stretch(before: Floats, now: Floats | None) -> Floats:
    """Return how much longer units of parameters have become, from curvatures along them."""
    if now is None:
        return np.ones_like(before)
    ratio = np.sqrt(before / np.where(now > 0, now, np.nan))
    return np.where(np.isfinite(ratio), np.clip(ratio, 1 / _STRETCH, _STRETCH), 1.0)


def _descent(
    gradient: Floats,
    inverse: Floats,
    stretch: Floats,
    pairs: Sequence[tuple[Floats, Floats, Floats]],
) -> Floats:
    """Return the quasi-Newton step of each member (the two loops of the limited-memory method)."""
    rest = gradient.copy()
    shares = []
    for step, change, weight in reversed(pairs):
        share = weight * np.einsum("ij,ij->i", step, rest)
        rest -= share[:, None] * change
        shares.append(share)
    onward = stretch * ((stretch * rest) @ inverse)
    for (step, change, weight), share in zip(pairs, reversed(shares), strict=True):
        back = weight * np.einsum("ij,ij->i", change, onward)
        onward += (share - back)[:, None] * step
    return -onward


def _curvature(problem: Problem, near: Floats) -> Floats:
    """Return the expected Hessian at the common start, its flat directions lifted."""
    H = problem.objective.at(near[None]).expected_hessian()[0]
    metric = unit_metric(H)
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
