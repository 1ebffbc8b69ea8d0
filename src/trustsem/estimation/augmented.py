"""Conditions that cannot be eliminated: the augmented Lagrangian around the optimiser.

F + multipliers' h + (penalty/2) h'h is minimised repeatedly, the multipliers being moved after
each round, until the conditions hold. An inequality g <= 0 takes part only while it pushes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats, null_space
from trustsem.estimation.optimiser import Optimum, minimise, unit_metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trustsem.estimation.objective import Evaluation, Objective
    from trustsem.estimation.problem import Problem
    from trustsem.estimation.reduction import Conditions, Reduction

_PENALTY = 10.0
_ROUNDS = 60
_STIFFEST = 1e8
_MET = 1e-11
_STEP = 1e-5
_SADDLE = -1e-7
_ESCAPES = 3
_LOWER = 1e-9
_FREE_STEPS = 100
_AROUND = 3
_SPREAD = (0.4, 1.6)


@dataclass(frozen=True, slots=True)
class _Augmented:
    """F with its conditions, at fixed multipliers; a stack of one."""

    objective: Objective
    conditions: Conditions
    multipliers: Floats
    penalty: float

    def at(self, reduced: Floats) -> _AugmentedPoint:
        params = self.objective.reduction.expand(reduced)
        gaps = self.conditions.evaluate(params)
        return _AugmentedPoint(self, self.objective.at(reduced), reduced, gaps)

    def take(self, index: NDArray[np.intp]) -> _Augmented:
        del index  # a stack of one has nothing to choose
        return self

    def forces(self, gaps: Floats) -> Floats:
        """Return multipliers + penalty * gaps, zero for inequalities that do not push."""
        pushed = self.multipliers + self.penalty * gaps
        return np.where(self.conditions.equality, pushed, np.maximum(pushed, 0.0))

    def jacobian(self, reduced: Floats) -> Floats:
        """Return the derivative of the conditions in the reduced parameters, shape (k, r)."""
        reduction = self.objective.reduction
        return reduction.condition_slopes(reduction.expand(reduced))


@dataclass(frozen=True, slots=True)
class _AugmentedPoint:
    """The augmented function at a stack of one point."""

    function: _Augmented
    inner: Evaluation
    reduced: Floats
    gaps: Floats

    @property
    def value(self) -> Floats:
        function = self.function
        forces = function.forces(self.gaps)
        terms = (forces**2 - function.multipliers**2) / (2 * function.penalty)
        return np.asarray(self.inner.value + terms.sum(axis=-1))

    def gradient(self) -> Floats:
        forces = self.function.forces(self.gaps)
        J = self.function.jacobian(self.reduced[0])
        return self.inner.gradient() + forces @ J

    def expected_hessian(self) -> Floats:
        return self.inner.expected_hessian() + self._normal()

    def exact_hessian(self) -> Floats:
        forces = self.function.forces(self.gaps)[0]
        return (
            self.inner.exact_hessian()
            + self._normal()
            + _bend(self.function.objective.reduction, self.reduced[0], forces)
        )

    def _normal(self) -> Floats:
        J = self.function.jacobian(self.reduced[0])
        working = (self.function.forces(self.gaps)[0] != 0) | self.function.conditions.equality
        return np.asarray(self.function.penalty * (J[working].T @ J[working]))


def minimise_under_conditions(problem: Problem, start: Floats) -> Optimum:
    """Minimise F subject to nonlinear equalities and inequalities.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    start : ndarray, shape (r,)
        Starting point; need not meet the conditions.

    Returns
    -------
    Optimum
        A stack of one: the lowest of several minima, each from its own start.

    Notes
    -----
    Conditions cut the space, so that one descent may end in the wrong part of it. Further descents
    begin at the unconstrained solution, at modest starting values and at points around both. A
    solution along whose conditions F curves downwards is a saddle point and is left.
    """
    best: Optimum | None = None
    iterations = 0
    for begin in _starts(problem, start):
        end = descend_under_conditions(problem, begin[None])
        iterations += int(end.iterations[0])
        for _ in range(_ESCAPES):
            beside = _beside(problem, end) if end.converged[0] else None
            if beside is None:
                break
            other = descend_under_conditions(problem, beside[None])
            iterations += int(other.iterations[0])
            if not other.converged[0] or other.value[0] > end.value[0] - _LOWER:
                break
            end = other
        if best is None or _better(end, best):
            best = end
    if best is None:
        raise ValueError("there is no start")
    return replace(best, iterations=np.array([iterations]))


def _better(end: Optimum, best: Optimum) -> bool:
    """Tell whether an end is to be preferred: converged, then lower."""
    if end.converged[0] != best.converged[0]:
        return bool(end.converged[0])
    return bool(end.value[0] < best.value[0] - _LOWER)


def _starts(problem: Problem, start: Floats) -> list[Floats]:
    """Return different starting points inside the domain."""
    bounds, objective = problem.bounds, problem.objective
    free = minimise(objective, start[None], max_iterations=_FREE_STEPS, bounds=bounds).reduced[0]
    generator = np.random.default_rng(1989)
    scattered = [
        centre * generator.uniform(*_SPREAD, size=len(start))
        for centre in (start, free)
        for _ in range(_AROUND)
    ]
    points = np.array([start, free, bounds.clip(problem.start(modest=True)), *scattered])
    points = bounds.clip(points)
    inside = np.isfinite(objective.at(points).value)
    return list(points[inside]) or [start]


def _beside(problem: Problem, end: Optimum) -> Floats | None:
    """Return a lower point beside a saddle point of F along the conditions; None at a minimum."""
    reduction, conditions = problem.reduction, problem.reduction.conditions
    here = end.reduced[0]
    params = reduction.expand(here)
    working = conditions.equality | conditions.on_boundary(params)
    J = reduction.condition_slopes(params)[working]
    point = problem.objective.at(end.reduced)
    forces = np.zeros(len(conditions))
    if len(J):
        forces[working] = np.linalg.lstsq(J.T, -point.gradient()[0], rcond=None)[0]
    exact = point.exact_hessian()[0] + _bend(reduction, here, forces)
    metric = unit_metric(point.expected_hessian()[0], exact)
    basis = null_space(J / metric, len(here))
    if not basis.shape[1]:
        return None
    values, vectors = np.linalg.eigh(basis.T @ (exact / np.outer(metric, metric)) @ basis)
    if values[0] > _SADDLE:
        return None
    step = basis @ vectors[:, 0] / metric
    trials = problem.bounds.clip(here + np.array([[0.3], [-0.3], [0.1], [-0.1]]) * step)
    value = problem.objective.at(trials).value
    lowest = int(np.argmin(value))
    return np.asarray(trials[lowest]) if np.isfinite(value[lowest]) else None


def _bend(reduction: Reduction, point: Floats, forces: Floats) -> Floats:
    """Return the conditions' own curvature, by central differences of their Jacobian."""
    bend = np.zeros((len(point), len(point)))
    for position, value in enumerate(point):
        step = _STEP * max(1.0, abs(value))
        ahead, behind = point.copy(), point.copy()
        ahead[position] += step
        behind[position] -= step
        slopes = [reduction.condition_slopes(reduction.expand(x)) for x in (ahead, behind)]
        bend[position] = forces @ (slopes[0] - slopes[1]) / (2 * step)
    return (bend + bend.T) / 2


def descend_under_conditions(problem: Problem, start: Floats) -> Optimum:
    """Minimise F from one point, shape (1, r), until the conditions hold."""
    objective, conditions = problem.objective, problem.reduction.conditions
    penalty, before = _PENALTY, np.inf
    multipliers = np.zeros(len(conditions))
    here, iterations = start, 0
    for _ in range(_ROUNDS):
        function = _Augmented(objective, conditions, multipliers, penalty)
        optimum = minimise(function, here, bounds=problem.bounds)
        iterations += int(optimum.iterations[0])
        here = optimum.reduced
        gaps = conditions.evaluate(objective.reduction.expand(here))[0]
        multipliers = function.forces(gaps)
        unmet = conditions.violations(gaps)
        complementary = np.where(conditions.equality, 0.0, np.minimum(np.abs(gaps), multipliers))
        miss = float(max(unmet.max(), complementary.max()))
        if not optimum.converged[0] or miss < _MET or penalty > _STIFFEST:
            break  # found, or the conditions contradict each other
        if miss > before / 4:
            penalty *= 5
        before = miss
    return Optimum(
        reduced=here,
        value=objective.at(here).value,
        gradient_norm=optimum.gradient_norm,
        iterations=np.array([iterations]),
        converged=optimum.converged & (miss < _MET),
    )
