"""Equality constraints: all parameters as a function of fewer free ones.

Linear constraints (equal labels, and linear ``==``) are eliminated exactly:
``params = offset + K @ reduced``. Each reduced value is itself one of the model's parameters, so
that its scale and meaning stay. Nonlinear equalities and inequalities remain as functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Flags, Floats, Numbers, complex_step_jacobian
from trustsem.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustsem.specification import Constraint, ParameterTable

BOUNDARY = 1e-8
"""How close to its boundary an inequality counts as active, and any condition as met."""

_TINY = 1e-10


@dataclass(frozen=True, slots=True)
class Conditions:
    """Constraints that cannot be eliminated: h(params) = 0 and g(params) <= 0.

    Parameters
    ----------
    evaluate : callable
        Maps params of shape (..., q) to the k values of shape (..., k); also complex.
    equality : ndarray of bool, shape (k,)
        True for h, False for g.
    texts : tuple of str
        Each constraint as written.
    """

    evaluate: Callable[[Numbers], Numbers]
    equality: np.ndarray
    texts: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of conditions."""
        return len(self.texts)

    def violations(self, gaps: Floats) -> Floats:
        """Return by how much each condition is missed; zero where it is met."""
        return np.where(self.equality, np.abs(gaps), np.maximum(gaps, 0.0))

    def on_boundary(self, params: Floats) -> Flags:
        """Return which inequalities hold as equalities at one point."""
        return np.asarray(~self.equality & (np.abs(self.evaluate(params)) < BOUNDARY))

    def named(self, chosen: Flags) -> tuple[str, ...]:
        """Return some of the conditions as written."""
        return tuple(text for text, here in zip(self.texts, chosen, strict=True) if here)


@dataclass(frozen=True, slots=True)
class Reduction:
    """``params = offset + K @ reduced``, with further conditions that remain.

    Parameters
    ----------
    K : ndarray, shape (q, r)
        Full column rank.
    offset : ndarray, shape (q,)
        Value of the parameters where all reduced ones are zero.
    kept : ndarray of int, shape (r,)
        Which parameter each reduced value is.
    conditions : Conditions
        Nonlinear equalities and inequalities.
    """

    K: Floats
    offset: Floats
    kept: np.ndarray
    conditions: Conditions

    @property
    def is_identity(self) -> bool:
        """Whether nothing is constrained."""
        return self.K.shape[0] == self.K.shape[1] and not self.offset.any()

    def expand(self, reduced: Floats) -> Floats:
        """Return all parameters, shape (..., q)."""
        return reduced if self.is_identity else reduced @ self.K.T + self.offset

    def slope(self, full: Floats) -> Floats:
        """Return slopes in the reduced parameters from those in all, shape (..., r)."""
        return full if self.is_identity else np.asarray(full @ self.K)

    def squares(self, full: Floats) -> Floats:
        """Return curvatures along the reduced parameters from those along all, if these add up."""
        return full if self.is_identity else np.asarray(full @ self.K**2)

    def curvature(self, full: Floats) -> Floats:
        """Return a Hessian in the reduced parameters from that in all, shape (..., r, r).

        Rows of K that belong to kept parameters are unit vectors, so they only choose.
        """
        if self.is_identity:
            return full
        others = np.setdiff1d(np.arange(len(self.K)), self.kept)
        R = self.K[others]
        half = full[..., self.kept] + full[..., others] @ R
        return np.asarray(half[..., self.kept, :] + R.T @ half[..., others, :])

    def condition_slopes(self, params: Floats) -> Floats:
        """Return the derivative of all conditions in the reduced parameters, shape (k, r)."""
        return complex_step_jacobian(self.conditions.evaluate, params) @ self.K

    def reduce(self, params: Floats) -> Floats:
        """Return the reduced values closest to parameters that may break the constraints."""
        if self.is_identity:
            return params
        counts = np.abs(self.K).sum(axis=0)
        if not self.offset.any() and np.isin(self.K, (0.0, 1.0)).all():
            return np.asarray(params @ self.K / counts)
        return np.asarray(params[..., self.kept])


def parameter_values(table: ParameterTable, params: Numbers) -> dict[str, Numbers]:
    """Return the values that expressions may name: labels, plabels and defined parameters.

    Parameters
    ----------
    table : ParameterTable
        The model.
    params : ndarray, shape (..., q)
        All free parameters.
    """
    values: dict[str, Numbers] = {}
    for row in table.parameters:
        if row.free:
            value = params[..., row.free - 1]
        elif row.fixed is not None:
            value = np.broadcast_to(np.asarray(row.fixed, dtype=params.dtype), params.shape[:-1])
        else:
            continue
        values[row.plabel] = value
        if row.label:
            values.setdefault(row.label, value)
    for definition in table.definitions:
        values[definition.name] = np.asarray(definition.expression.evaluate(values))
    return values


def build_reduction(table: ParameterTable) -> Reduction:
    """Collect a model's constraints and eliminate the linear ones.

    Raises
    ------
    SpecificationError
        If linear constraints contradict each other.
    """
    q = table.n_free
    linear, left = _classify(table)
    rows = _tied_rows(table) + [A for A, _ in linear]
    right = [0.0] * len(table.equalities) + [b for _, b in linear]
    K, offset, kept = _eliminate(np.array(rows).reshape(-1, q), np.array(right), q)
    return Reduction(K=K, offset=offset, kept=kept, conditions=_conditions(table, left))


def linear_constraints(
    table: ParameterTable,
) -> tuple[list[Floats], list[tuple[Floats, float]]]:
    """Return the linear constraints of a model as rows of ``row @ params = value``.

    Returns
    -------
    tied : list of ndarray, shape (q,)
        One row per pair of ``table.equalities``; the value is 0.
    others : list of (ndarray, float)
        Further linear equalities.
    """
    return _tied_rows(table), _classify(table)[0]


def _tied_rows(table: ParameterTable) -> list[Floats]:
    """Return one row per pair of parameters with equal labels."""
    return [_difference(a - 1, b - 1, table.n_free) for a, b in table.equalities]


def _difference(a: int, b: int, q: int) -> Floats:
    """Return the row of ``params[a] - params[b] = 0``."""
    row = np.zeros(q)
    row[a], row[b] = 1.0, -1.0
    return row


def _gap(table: ParameterTable, constraint: Constraint) -> Callable[[Numbers], Numbers]:
    """Return lhs - rhs of a constraint (rhs - lhs for ``>``) as a function of params."""
    sign = -1.0 if constraint.op == ">" else 1.0

    def evaluate(params: Numbers) -> Numbers:
        values = parameter_values(table, params)
        gap = constraint.lhs.evaluate(values) - constraint.rhs.evaluate(values)
        return np.broadcast_to(np.asarray(sign * gap), params.shape[:-1])

    return evaluate


def _classify(
    table: ParameterTable,
) -> tuple[list[tuple[Floats, float]], list[Constraint]]:
    """Split constraints into linear equalities (row, right side) and the others."""
    linear: list[tuple[Floats, float]] = []
    left: list[Constraint] = []
    generator = np.random.default_rng(1)
    points = generator.uniform(0.3, 1.7, size=(3, table.n_free))
    free = {row.plabel for row in table.parameters if row.free}
    for constraint in table.constraints:
        if not constraint.user and constraint.names <= free:
            continue  # one of table.equalities
        evaluate = _gap(table, constraint)

        def column(params: Numbers, evaluate: Callable[[Numbers], Numbers] = evaluate) -> Numbers:
            return evaluate(params)[..., None]

        slopes = [complex_step_jacobian(column, point)[0] for point in points]
        constant = all(np.allclose(slope, slopes[0], rtol=1e-9, atol=1e-12) for slope in slopes)
        if constraint.op == "==" and constant:
            intercept = float(np.real(evaluate(points[0]))) - float(slopes[0] @ points[0])
            linear.append((slopes[0], -intercept))
        else:
            left.append(constraint)
    return linear, left


def _eliminate(A: Floats, b: Floats, q: int) -> tuple[Floats, Floats, np.ndarray]:
    """Solve A x = b for as many parameters as there are independent rows."""
    work = np.column_stack([A, b]) if len(A) else np.empty((0, q + 1))
    pivots: list[int] = []
    for index in range(len(work)):
        rest = np.abs(work[index:, :q])
        if not rest.size or rest.max() < _TINY:
            break
        # The last parameter named is expressed by the earlier ones.
        row = index + int((rest.max(axis=1) > _TINY).argmax())
        col = int(np.flatnonzero(np.abs(work[row, :q]) > _TINY)[-1])
        work[[index, row]] = work[[row, index]]
        work[index] /= work[index, col]
        others = np.arange(len(work)) != index
        work[others] -= np.outer(work[others, col], work[index])
        pivots.append(col)
    rank = len(pivots)
    if (np.abs(work[rank:, q]) > _TINY).any():
        raise SpecificationError("The equality constraints contradict each other.")
    kept = np.array([col for col in range(q) if col not in pivots], dtype=np.intp)
    K, offset = np.zeros((q, len(kept))), np.zeros(q)
    K[kept, np.arange(len(kept))] = 1.0
    for row, col in enumerate(pivots):
        K[col] = -work[row, kept]
        offset[col] = work[row, q]
    return K + 0.0, offset, kept


def _conditions(table: ParameterTable, constraints: list[Constraint]) -> Conditions:
    """Stack the remaining constraints into one function."""
    gaps = [_gap(table, constraint) for constraint in constraints]

    def evaluate(params: Numbers) -> Numbers:
        return np.stack([gap(params) for gap in gaps], axis=-1)

    return Conditions(
        evaluate=evaluate,
        equality=np.array([constraint.op == "==" for constraint in constraints], dtype=bool),
        texts=tuple(constraint.text for constraint in constraints),
    )
