"""Minimise a stack of smooth functions: Fisher steps first, then exact Newton steps.

All steps are taken in a metric in which the expected Hessian has unit diagonal, so that neither
the path nor the stopping rule depends on the units of any item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from trustsem.arrays import Flags, Floats, diagonal, outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-9
"""Largest gradient element at a solution, in the unit metric of the expected Hessian."""

_STALLED = 1e-8
_FISHER_STEPS = 2
_RADIUS = 10.0
_SUFFICIENT = 1e-4
_NOISE = 1e-13
_HALVINGS = 40
_SMALLEST_CURVATURE = 1e-4
_JOINT_CURVATURE = 1e4
_BALANCINGS = 60


class Point(Protocol):
    """A stack of evaluated points."""

    @property
    def value(self) -> Floats:
        """F, infinite outside the domain."""
        ...

    def gradient(self) -> Floats:
        """Shape (..., r)."""
        ...

    def exact_hessian(self) -> Floats:
        """Shape (..., r, r)."""
        ...

    def expected_hessian(self) -> Floats:
        """Shape (..., r, r), positive semidefinite."""
        ...


class Smooth(Protocol):
    """A stack of functions."""

    def at(self, reduced: Floats) -> Point:
        """Evaluate at points of shape (..., r)."""
        ...

    def take(self, index: NDArray[np.intp]) -> Smooth:
        """Return some members of the stack."""
        ...


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the minimisation of each member of a stack ended.

    Parameters
    ----------
    reduced : ndarray, shape (b, r)
        Points.
    value : ndarray, shape (b,)
        F there.
    gradient_norm : ndarray, shape (b,)
        Largest scaled gradient element, see :data:`TOLERANCE`.
    iterations : ndarray of int, shape (b,)
        Steps taken.
    converged : ndarray of bool, shape (b,)
        Whether the stopping rule was met.
    """

    reduced: Floats
    value: Floats
    gradient_norm: Floats
    iterations: NDArray[np.intp]
    converged: NDArray[np.bool_]

    def take(self, index: NDArray[np.intp]) -> Optimum:
        """Return some members of the stack."""
        return Optimum(
            reduced=self.reduced[index],
            value=self.value[index],
            gradient_norm=self.gradient_norm[index],
            iterations=self.iterations[index],
            converged=self.converged[index],
        )


def minimise(
    function: Smooth,
    start: Floats,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = 300,
) -> Optimum:
    """Minimise each member of a stack from its own start.

    Parameters
    ----------
    function : Smooth
        The stack of functions.
    start : ndarray, shape (b, r)
        Starting points, inside the domain.
    tolerance : float
        Stopping rule.
    max_iterations : int
        Steps after which a member counts as not converged.
    """
    state = _State.begin(start)
    active = np.arange(len(start))
    member: Smooth = function
    point = function.at(start)
    here = start.copy()
    for iteration in range(max_iterations + 1):
        gradient, expected = point.gradient(), point.expected_hessian()
        metric = unit_metric(expected)
        norm = _scaled_norm(gradient, metric, point)
        curvature = expected
        if iteration >= _FISHER_STEPS and (norm > tolerance).any():
            curvature = point.exact_hessian()
            metric = unit_metric(expected, curvature)
            norm = _scaled_norm(gradient, metric, point)
        state.record(active, here, point.value, norm, iteration)
        going = (norm > tolerance) & np.isfinite(point.value)
        if not going.any() or iteration == max_iterations:
            break
        if not going.all():
            active, here = active[going], here[going]
            member = member.take(np.flatnonzero(going))
            point = member.at(here)
            gradient, metric, curvature = gradient[going], metric[going], curvature[going]
        step = _descent(curvature, gradient, metric)
        here, point, moved = _search(member, here, point, gradient, step)
        if not moved.all():
            state.record(active, here, point.value, norm[going], iteration)
            if not moved.any():
                break
            active, here = active[moved], here[moved]
            member = member.take(np.flatnonzero(moved))
            point = member.at(here)
    return state.optimum(tolerance)


@dataclass(slots=True)
class _State:
    """What is known so far of every member."""

    reduced: Floats
    value: Floats
    norm: Floats
    iterations: NDArray[np.intp]

    @classmethod
    def begin(cls, start: Floats) -> _State:
        n = len(start)
        return cls(start.copy(), np.full(n, np.inf), np.full(n, np.inf), np.zeros(n, dtype=np.intp))

    def record(
        self, index: NDArray[np.intp], at: Floats, value: Floats, norm: Floats, iteration: int
    ) -> None:
        self.reduced[index], self.value[index], self.norm[index] = at, value, norm
        self.iterations[index] = iteration

    def optimum(self, tolerance: float) -> Optimum:
        limit = max(tolerance, _STALLED)
        return Optimum(
            reduced=self.reduced,
            value=self.value,
            gradient_norm=self.norm,
            iterations=self.iterations,
            converged=np.isfinite(self.value) & (self.norm <= limit),
        )


def unit_metric(expected: Floats, exact: Floats | None = None) -> Floats:
    """Return the scale in which parameters are measured: the root of their curvature.

    Where expected and exact curvature are both given the larger is taken: a parameter at a point
    of symmetry (a loading of zero on an otherwise empty construct) has no expected curvature.

    Parameters
    ----------
    expected : ndarray, shape (..., r, r)
        Positive semidefinite Hessian.
    exact : ndarray, shape (..., r, r), optional
        Any Hessian.

    Returns
    -------
    ndarray, shape (..., r)
        Positive.
    """
    largest = np.abs(diagonal(expected))
    if exact is not None:
        largest = np.maximum(largest, np.abs(diagonal(exact)))
    metric = np.where(largest > 0, np.sqrt(largest), 1.0)
    if exact is None:
        return metric
    # At a saddle parameters may curve together only: then their joint curvature sets the scale.
    excess = (np.abs(exact) / outer(metric, metric)).max(axis=-1, initial=0.0)
    together = (excess > _JOINT_CURVATURE) | ((largest == 0) & (excess > 0))
    if not together.any():
        return metric
    return _balanced(np.maximum(np.abs(expected), np.abs(exact)), metric, together)


def _balanced(joint: Floats, metric: Floats, together: Flags) -> Floats:
    """Return the scale in which the joint curvatures of the parameters chosen sum to 1."""
    metric = np.where(together, 1.0, metric)
    for _ in range(_BALANCINGS):
        total = (joint / outer(metric, metric)).sum(axis=-1)
        metric = metric * np.where(together, np.sqrt(total), 1.0)
    return np.asarray(metric)


def _scaled_norm(gradient: Floats, metric: Floats, point: Point) -> Floats:
    """Return the largest scaled gradient element; infinite outside the domain."""
    norm = np.abs(gradient / metric).max(axis=-1, initial=0.0)
    return np.where(np.isfinite(point.value), norm, np.inf)


def _descent(curvature: Floats, gradient: Floats, metric: Floats) -> Floats:
    """Return Newton steps; where the curvature is indefinite, along its absolute value."""
    with np.errstate(over="ignore", invalid="ignore"):
        H = curvature / outer(metric, metric)
    H = np.where(np.isfinite(H), H, 0.0)
    slope = gradient / metric
    try:
        np.linalg.cholesky(H)
        step = -np.linalg.solve(H, slope[..., None])[..., 0]
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(H)
        bounded = np.maximum(np.abs(values), _SMALLEST_CURVATURE)
        along = np.swapaxes(vectors, -1, -2) @ slope[..., None]
        step = -(vectors @ (along / bounded[..., None]))[..., 0]
    length = np.linalg.norm(step, axis=-1, keepdims=True)
    step = step * np.minimum(1.0, _RADIUS / np.maximum(length, _RADIUS))
    return np.asarray(step / metric)


def _search(
    function: Smooth, here: Floats, point: Point, gradient: Floats, step: Floats
) -> tuple[Floats, Point, NDArray[np.bool_]]:
    """Halve each step until its function decreases enough; return points and who moved."""
    promised = (gradient * step).sum(axis=-1)
    slack = _NOISE * (1 + np.abs(point.value))
    size = np.ones(len(here))
    trial_at = here + step
    trial = function.at(trial_at)
    for _ in range(_HALVINGS):
        good = trial.value <= point.value + _SUFFICIENT * size * promised + slack
        if good.all():
            return trial_at, trial, good
        size = np.where(good, size, size / 2)
        trial_at = here + size[:, None] * step
        trial = function.at(trial_at)
    good = trial.value <= point.value + slack
    trial_at = np.where(good[:, None], trial_at, here)
    return trial_at, function.at(trial_at), good & (size > 2.0 ** (1 - _HALVINGS))
