"""Estimate many models at once that differ from a solved one by a single fixed parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats
from trustsem.estimation.optimiser import minimise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trustsem.estimation.native import Estimate
    from trustsem.estimation.objective import Evaluation, Objective
    from trustsem.specification import Parameter

_SHARES = (0.9, 0.75, 0.5, 0.0)
"""By which covariances shrink, one after the other."""


@dataclass(frozen=True, slots=True)
class PinnedSolutions:
    """Where the minimisations ended.

    Parameters
    ----------
    params : ndarray, shape (b, q)
        All free parameters of the general model, the pinned one at its value.
    value : ndarray, shape (b,)
        F there.
    converged : ndarray of bool, shape (b,)
        Whether a minimum was reached.
    """

    params: Floats
    value: Floats
    converged: NDArray[np.bool_]


def estimate_pinned(
    general: Estimate, positions: Sequence[int], values: Sequence[float]
) -> PinnedSolutions:
    """Minimise the discrepancy with one parameter held, for several parameters and values.

    All problems are one stack that starts from the general solution.

    Parameters
    ----------
    general : Estimate
        Solution of the model in which nothing is held, without constraints.
    positions : sequence of int, length b
        Which parameter each member holds: its number among the free ones, from 0.
    values : sequence of float, length b
        At what value.

    Returns
    -------
    PinnedSolutions
        Members that have not converged are to be estimated by themselves.
    """
    problem = general.problem.dimensionless()
    held = np.array(positions, dtype=np.intp)
    at = np.array(values, dtype=float)
    function = _Pinned.of(problem.objective, held, at, len(general.params))
    optimum = minimise(function, _start(function, general))
    params = function.expand(optimum.reduced)
    return PinnedSolutions(
        params=params,
        value=general.problem.objective.at(params).value,
        converged=optimum.converged,
    )


def _start(function: _Pinned, general: Estimate) -> Floats:
    """Return the general solution, its free covariances shrunk where F does not exist there."""
    whole = np.broadcast_to(general.params, (len(function.held), len(general.params)))
    start = np.take_along_axis(whole, function.others, axis=-1)
    covariance = np.array([row.op == "~~" and row.lhs != row.rhs for row in _free_rows(general)])
    shrinking = np.take_along_axis(np.broadcast_to(covariance, whole.shape), function.others, -1)
    for share in _SHARES:
        outside = ~np.isfinite(function.at(start).value)
        if not outside.any():
            break
        start = np.where(outside[:, None] & shrinking, start * share, start)
    return start


def _free_rows(general: Estimate) -> list[Parameter]:
    """Return the row of the table that each free parameter is."""
    rows = {row.free: row for row in general.problem.table.parameters if row.free}
    return [rows[number] for number in sorted(rows)]


@dataclass(frozen=True, slots=True)
class _Pinned:
    """A stack of objectives, each a function of all parameters but one.

    Parameters
    ----------
    objective : Objective
        F of all parameters.
    held : ndarray of int, shape (b,)
        The parameter that each member holds.
    values : ndarray, shape (b,)
        Where.
    others : ndarray of int, shape (b, q - 1)
        The parameters that it does not.
    """

    objective: Objective
    held: NDArray[np.intp]
    values: Floats
    others: NDArray[np.intp]

    @classmethod
    def of(
        cls, objective: Objective, held: NDArray[np.intp], values: Floats, n_params: int
    ) -> _Pinned:
        """List the other parameters of each member."""
        order = np.arange(n_params - 1)
        return cls(objective, held, values, order + (order >= held[:, None]))

    def expand(self, reduced: Floats) -> Floats:
        """Return all parameters, shape (b, q)."""
        full = np.empty((len(reduced), reduced.shape[-1] + 1))
        np.put_along_axis(full, self.others, reduced, axis=-1)
        np.put_along_axis(full, self.held[:, None], self.values[:, None], axis=-1)
        return full

    def at(self, reduced: Floats) -> _PinnedPoint:
        """Evaluate at points of shape (b, q - 1)."""
        return _PinnedPoint(self.objective.at(self.expand(reduced)), self.others)

    def take(self, index: NDArray[np.intp]) -> _Pinned:
        """Return some members of the stack."""
        return replace(
            self,
            objective=self.objective.take(index),
            held=self.held[index],
            values=self.values[index],
            others=self.others[index],
        )


@dataclass(frozen=True, slots=True)
class _PinnedPoint:
    """An evaluation whose derivatives leave the held parameters out."""

    evaluation: Evaluation
    others: NDArray[np.intp]

    @property
    def value(self) -> Floats:
        """F."""
        return self.evaluation.value

    def gradient(self) -> Floats:
        """Shape (b, q - 1)."""
        return np.take_along_axis(self.evaluation.gradient(), self.others, axis=-1)

    def exact_hessian(self) -> Floats:
        """Shape (b, q - 1, q - 1)."""
        return self._without(self.evaluation.exact_hessian())

    def expected_hessian(self) -> Floats:
        """Shape (b, q - 1, q - 1)."""
        return self._without(self.evaluation.expected_hessian())

    def _without(self, H: Floats) -> Floats:
        rows = np.take_along_axis(H, self.others[:, :, None], axis=-2)
        return np.take_along_axis(rows, self.others[:, None, :], axis=-1)
