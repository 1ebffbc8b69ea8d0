"""Minimise stacks of smooth functions that resemble one whose minimum is known.

Samples that resemble each other have solutions close together. Each is reached by quasi-Newton
steps from the common start, with the common curvature there as first guess: a step costs one value
and one gradient, a tenth of an exact Hessian. A likelihood does not change if a sample's items are
rescaled together with the parameters. What samples share is therefore rather the curvature in the
metric of each sample: after the first step the guess is brought to the unit metric of where that
led, which saves a quarter of the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, diagonal, outer

_EARLIER = 10
"""How much smaller slopes are where a search ends by itself than where it counts as converged."""
_STEPS = 40
_MEMORY = 12
_NOISE = 1e-12
_STRETCH = 4.0
_CROWDED = 0.75
_LAST = 1e-4
"""Largest last step, in the unit metric: slopes near rounding say nothing of curvature, and steps
learnt from them may lead anywhere."""


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


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the search of each member of a stack ended.

    Parameters
    ----------
    at : ndarray, shape (b, r)
        Points.
    value : ndarray, shape (b,)
        The function there.
    slope : ndarray, shape (b,)
        Largest gradient element in the unit metric of the guessed curvature.
    steps : ndarray of int, shape (b,)
        Steps taken.
    converged : ndarray of bool, shape (b,)
        Whether the slope is within the tolerance.
    """

    at: Floats
    value: Floats
    slope: Floats
    steps: NDArray[np.intp]
    converged: Flags


def minimise_near(function: Sloped, start: Floats, hessian: Floats, tolerance: float) -> Ends:
    """Minimise each member of a stack by limited-memory BFGS [nocedal1980]_, from nearby starts.

    Parameters
    ----------
    function : Sloped
        The stack of b functions.
    start : ndarray, shape (b, r)
        Where each starts.
    hessian : ndarray, shape (r, r) or (r,)
        Positive definite guess of the curvature of all of them; or its diagonal, where it has
        nothing else.
    tolerance : float
        Largest gradient element of a solution, in the unit metric of that curvature.

    Returns
    -------
    Ends
        Members that are not converged should be searched for otherwise.
    """
    curvature = hessian if hessian.ndim == 1 else diagonal(hessian)
    metric = np.sqrt(np.where(curvature > 0, curvature, 1.0))
    target = tolerance / _EARLIER
    if hessian.ndim == 1:
        inverse = metric**-2.0
    else:
        inverse = np.linalg.inv(hessian / outer(metric, metric)) / outer(metric, metric)
    evaluated = function.at(start)
    common = evaluated.curvatures()
    n = len(start)
    ends = Ends(
        at=start.copy(),
        value=evaluated.value.copy(),
        slope=np.full(n, np.inf),
        steps=np.zeros(n, dtype=np.intp),
        converged=np.zeros(n, dtype=bool),
    )
    walk = _Walk.begin(start, evaluated.value, evaluated.gradient(), inverse)
    active = np.arange(n)
    for iteration in range(_STEPS + 1):
        norm = np.abs(walk.gradient / metric).max(axis=-1)
        norm = np.where(np.isfinite(walk.value), norm, np.inf)
        ends.at[active], ends.value[active] = walk.at, walk.value
        ends.slope[active], ends.steps[active] = norm, iteration
        going = (norm > target) & np.isfinite(norm)
        arrived = norm <= target
        # The next step is known already and costs nothing.
        sound = arrived & (np.abs(walk.step * metric).max(axis=-1) <= _LAST)
        ends.at[active[sound]] += walk.step[sound]
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
    return replace(ends, converged=ends.slope <= tolerance)


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
        return cls(at, value, gradient, -_times(gradient, inverse), inverse, np.ones_like(at), ())

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


def _times(vectors: Floats, inverse: Floats) -> Floats:
    """Return vectors times a symmetric matrix, or times a diagonal one."""
    return vectors * inverse if inverse.ndim == 1 else np.asarray(vectors @ inverse)


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
    onward = stretch * _times(stretch * rest, inverse)
    for (step, change, weight), share in zip(pairs, reversed(shares), strict=True):
        back = weight * np.einsum("ij,ij->i", change, onward)
        onward += (share - back)[:, None] * step
    return -onward
