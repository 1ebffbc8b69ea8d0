"""Conditions that cannot be eliminated: the augmented Lagrangian around the optimiser.

F + multipliers' h + (penalty/2) h'h is minimised repeatedly, the multipliers being moved after
each round, until the conditions hold. An inequality g <= 0 takes part only while it pushes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats
from trustsem.estimation.optimiser import Optimum, minimise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trustsem.estimation.objective import Evaluation, Objective
    from trustsem.estimation.reduction import Conditions

_PENALTY = 10.0
_ROUNDS = 60
_STIFFEST = 1e8
_MET = 1e-11
_STEP = 1e-5


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
        return self.inner.exact_hessian() + self._normal() + self._bend()

    def _normal(self) -> Floats:
        J = self.function.jacobian(self.reduced[0])
        working = (self.function.forces(self.gaps)[0] != 0) | self.function.conditions.equality
        return np.asarray(self.function.penalty * (J[working].T @ J[working]))

    def _bend(self) -> Floats:
        """Return the conditions' own curvature, by central differences of their Jacobian."""
        forces = self.function.forces(self.gaps)[0]
        point = self.reduced[0]
        bend = np.zeros((len(point), len(point)))
        for position, value in enumerate(point):
            step = _STEP * max(1.0, abs(value))
            ahead, behind = point.copy(), point.copy()
            ahead[position] += step
            behind[position] -= step
            change = self.function.jacobian(ahead) - self.function.jacobian(behind)
            bend[position] = forces @ change / (2 * step)
        return (bend + bend.T) / 2


def minimise_under_conditions(
    objective: Objective, start: Floats, conditions: Conditions
) -> Optimum:
    """Minimise F subject to nonlinear equalities and inequalities.

    Parameters
    ----------
    objective : Objective
        A stack of one.
    start : ndarray, shape (1, r)
        Starting point; need not meet the conditions.
    conditions : Conditions
        What must hold at the end.
    """
    penalty, before = _PENALTY, np.inf
    multipliers = np.zeros(len(conditions))
    here, iterations = start, 0
    for _ in range(_ROUNDS):
        function = _Augmented(objective, conditions, multipliers, penalty)
        optimum = minimise(function, here)
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
