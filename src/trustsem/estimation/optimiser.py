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

    from trustsem.estimation.bounds import Bounds

TOLERANCE = 1e-9
"""Largest gradient element at a solution, in the unit metric of the expected Hessian."""

_STALLED = 1e-8
_FISHER_STEPS = 2
_RADIUS = 10.0
_SUFFICIENT = 1e-4
_NOISE = 1e-13
_VANISHING = 15
_INVISIBLE = 1e-6
_HALVINGS = 30
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

    def joined(self, other: Optimum) -> Optimum:
        """Return the members of both stacks."""
        return Optimum(
            reduced=np.concatenate([self.reduced, other.reduced]),
            value=np.concatenate([self.value, other.value]),
            gradient_norm=np.concatenate([self.gradient_norm, other.gradient_norm]),
            iterations=np.concatenate([self.iterations, other.iterations]),
            converged=np.concatenate([self.converged, other.converged]),
        )

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
    bounds: Bounds | None = None,
) -> Optimum:
    """Minimise each member of a stack from its own start.

    Under bounds the steps are projected Newton steps [bertsekas1982]_: parameters that the
    gradient pushes against a bound are left out of the step, the others are cut off at theirs.

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
    bounds : Bounds, optional
        Box that no member leaves; its start is moved inside.
    """
    box = bounds or None
    start = start if box is None else box.clip(start)
    state = _State.begin(start)
    active = np.arange(len(start))
    member: Smooth = function
    point = function.at(start)
    here = start.copy()
    for iteration in range(max_iterations + 1):
        gradient, expected = point.gradient(), point.expected_hessian()
        held = None if box is None else box.held(here, gradient)
        metric = unit_metric(expected)
        norm = _scaled_norm(gradient, metric, point, held)
        curvature = expected
        if iteration >= _FISHER_STEPS and (norm > tolerance).any():
            curvature = point.exact_hessian()
            metric = unit_metric(expected, curvature)
            norm = _scaled_norm(gradient, metric, point, held)
        state.record(active, here, point.value, norm, iteration)
        going = (norm > tolerance) & np.isfinite(point.value)
        if not going.any() or iteration == max_iterations:
            break
        if not going.all():
            active, here = active[going], here[going]
            member = member.take(np.flatnonzero(going))
            point = member.at(here)
            gradient, metric, curvature = gradient[going], metric[going], curvature[going]
            held = None if held is None else held[going]
        step = _descent(curvature, gradient, metric, held)
        here, point, moved, noise = _search(member, here, point, (gradient, step), box)
        if not moved.all():
            # Near-singular data: what a Newton step promises is less than the rounding of F.
            promised = np.abs((gradient * step).sum(axis=-1)) / 2
            hidden = (promised <= noise) & (promised < _INVISIBLE)
            settled = np.where(hidden, _STALLED, np.inf)
            stuck = np.where(moved, norm[going], np.minimum(norm[going], settled))
            state.record(active, here, point.value, stuck, iteration)
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


def _scaled_norm(gradient: Floats, metric: Floats, point: Point, held: Flags | None) -> Floats:
    """Return the largest scaled gradient element not held; infinite outside the domain."""
    slope = gradient / metric
    slope = slope if held is None else np.where(held, 0.0, slope)
    norm = np.abs(slope).max(axis=-1, initial=0.0)
    return np.where(np.isfinite(point.value), norm, np.inf)


def _descent(
    curvature: Floats, gradient: Floats, metric: Floats, held: Flags | None = None
) -> Floats:
    """Return Newton steps; where the curvature is indefinite, along its absolute value."""
    with np.errstate(over="ignore", invalid="ignore"):
        H = curvature / outer(metric, metric)
    H = np.where(np.isfinite(H), H, 0.0)
    slope = gradient / metric
    if held is not None:
        H = np.where(outer(~held, ~held), H, np.eye(H.shape[-1]))
        slope = np.where(held, 0.0, slope)
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
    function: Smooth,
    here: Floats,
    point: Point,
    line: tuple[Floats, Floats],
    box: Bounds | None,
) -> tuple[Floats, Point, NDArray[np.bool_], Floats]:
    """Halve each step until its function decreases enough.

    ``line`` holds each member's gradient and step. Returns points, who moved, and for those who
    did not how much F changes by rounding alone, along steps next to nothing.
    """
    gradient, step = line
    trial_at = here + step if box is None else box.clip(here + step)
    trial = function.at(trial_at)
    good = _decreases(trial.value, point.value, gradient, trial_at - here)
    if good.all():
        return trial_at, trial, good, np.zeros(len(here))
    noise = np.zeros(len(here))
    left = np.flatnonzero(~good)
    size, value = 1.0, trial.value.copy()
    for halving in range(_HALVINGS):
        size /= 2
        shorter = here[left] + size * step[left]
        trial_at[left] = shorter if box is None else box.clip(shorter)
        value[left] = function.take(left).at(trial_at[left]).value
        done = _decreases(
            value[left], point.value[left], gradient[left], trial_at[left] - here[left]
        )
        good[left] = done
        if halving >= _VANISHING:
            noise[left] = np.maximum(noise[left], np.abs(value[left] - point.value[left]))
        left = left[~done]
        if not len(left):
            break
    good[left] = False
    trial_at = np.where(good[:, None], trial_at, here)
    return trial_at, function.at(trial_at), good, noise


def _decreases(value: Floats, before: Floats, gradient: Floats, moved: Floats) -> Flags:
    """Return whose function falls by a sufficient share of what its gradient promises."""
    promised = (gradient * moved).sum(axis=-1)
    slack = _NOISE * (1 + np.abs(before))
    return np.asarray(value <= before + _SUFFICIENT * promised + slack)
