"""The standardised solution, as a function that also accepts complex stacks of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats, Numbers, complex_step_jacobian, diagonal
from trustsem.estimation import Problem
from trustsem.implied import VECTORS, Implied, Structure
from trustsem.specification import ParameterTable

KINDS = ("std_lv", "std_all", "std_nox")
"""Constructs scaled to unit variance; observed variables too; all but fixed covariates."""


@dataclass(frozen=True, slots=True)
class RowValues:
    """Values of every row of the table, then of every defined parameter.

    Parameters
    ----------
    est, std_lv, std_all, std_nox : ndarray, shape (..., n_rows)
        Unstandardised and standardised values.
    """

    est: Numbers
    std_lv: Numbers
    std_all: Numbers
    std_nox: Numbers


def row_values(problem: Problem, params: Numbers) -> RowValues:
    """Evaluate all rows of the table at a stack of parameters.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (..., q)
        Real or complex.

    Notes
    -----
    A loading or path is multiplied by the standard deviation of its source and divided by that
    of its target [bollen1989]_; a variance is divided by the variable's own implied variance; a
    covariance by the root of the two variances that stand with it in its matrix, so that the
    covariance of two residuals becomes their correlation.
    """
    est: list[Numbers] = []
    scales: dict[str, list[Numbers]] = {kind: [] for kind in KINDS}
    for group, (structure, block) in enumerate(
        zip(problem.structures, problem.objective.blocks, strict=True), start=1
    ):
        implied = structure.evaluate(params, block.S, block.mean)
        keys = [
            (row.lhs, row.op, row.rhs) for row in problem.table.parameters if row.group == group
        ]
        est.append(_cell_values(structure, implied, keys))
        factors = scale_factors(structure, implied, keys, problem.table)
        for kind in KINDS:
            scales[kind].append(factors[kind])
    plain = np.concatenate(est, axis=-1)
    values = {kind: plain * np.concatenate(scales[kind], axis=-1) for kind in KINDS}
    return RowValues(
        est=_with_definitions(problem.table, plain),
        **{kind: _with_definitions(problem.table, values[kind]) for kind in KINDS},
    )


def standardized_errors(problem: Problem, params: Floats, vcov: Floats) -> dict[str, Floats]:
    """Return delta-method standard errors of every row, unstandardised and standardised.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        Estimates.
    vcov : ndarray, shape (q, q)
        Their sampling covariance.

    Returns
    -------
    dict of str to ndarray, shape (n_rows,)
        Keys ``est, std_lv, std_all, std_nox``. The derivative is exact (complex step).
    """
    names = ("est", *KINDS)

    def all_values(stack: Numbers) -> Numbers:
        values = row_values(problem, stack)
        return np.concatenate([getattr(values, name) for name in names], axis=-1)

    if not len(params):
        empty = row_values(problem, params)
        return {name: np.zeros(getattr(empty, name).shape) for name in names}
    J = complex_step_jacobian(all_values, params)
    variances = ((J @ vcov) * J).sum(axis=1)
    moves = np.abs(J).max(axis=1) > 0
    errors = np.where(moves, root(variances), 0.0)
    found = dict(zip(names, np.split(errors, len(names)), strict=True))
    derived = [place for place, row in enumerate(problem.table.parameters) if row.derived]
    found["est"][derived] = 0.0  # not a parameter, though it follows from parameters
    return found


def scale_factors(
    structure: Structure,
    implied: Implied,
    keys: Sequence[tuple[str, str, str]],
    table: ParameterTable,
) -> dict[str, Numbers]:
    """Return what each parameter is multiplied with to be standardised.

    Parameters
    ----------
    structure, implied
        The compiled group and its implied moments (a stack).
    keys : sequence of (lhs, op, rhs)
        Parameters, in the model or not.
    table : ParameterTable
        Tells which variables are constructs and which are fixed covariates.

    Returns
    -------
    dict of str to ndarray, shape (..., len(keys))
        One entry per kind of standardisation.
    """
    sd, residual = _deviations(structure, implied)
    one = np.ones(implied.Sigma.shape[:-2])
    scaled = {
        "std_lv": set(table.constructs),
        "std_all": set(sd),
        "std_nox": set(sd) - set(table.exogenous),
    }
    factors = {}
    for kind, chosen in scaled.items():
        columns = [
            _factor(
                op,
                *(sd[name] if name in chosen else one for name in (lhs, rhs or lhs)),
                *(residual[name] if name in chosen else one for name in (lhs, rhs or lhs)),
                same=lhs == rhs,
            )
            for lhs, op, rhs in keys
        ]
        factors[kind] = np.stack(columns, axis=-1) if columns else np.ones((*one.shape, 0))
    return factors


def _factor(
    op: str,
    left: Numbers,
    right: Numbers,
    left_residual: Numbers,
    right_residual: Numbers,
    *,
    same: bool,
) -> Numbers:
    """Return the factor of one parameter from the deviations of its two variables."""
    if op == "=~":
        return divided(left, right)
    if op == "~":
        return divided(right, left)
    if op in ("~1", "|"):
        return divided(1.0, left)
    if op == "~*~":
        return left
    return divided(1.0, left**2) if same else divided(1.0, left_residual * right_residual)


def divided(a: Numbers | float, b: Numbers) -> Numbers:
    """Divide; NaN where the divisor is zero or does not exist."""
    exists = np.isfinite(b) & (b != 0)
    return np.where(exists, a / np.where(exists, b, 1.0), np.nan)


def explained_variances(structure: Structure, implied: Implied) -> dict[str, float]:
    """Return the explained share of each indicator's and outcome's variance, R2 [bollen1989]_.

    Parameters
    ----------
    structure, implied
        The compiled group and its implied moments at one point.

    Returns
    -------
    dict of str to float
        1 - residual variance / variance of each variable that something explains.
    """
    explained: dict[str, float] = {}
    Theta, Sigma = np.diag(implied.matrices["Theta"]), np.diag(implied.Sigma)
    Psi, cov = np.diag(implied.matrices["Psi"]), np.diag(implied.cov_eta)
    loaded = (implied.matrices["Lambda"] != 0).any(axis=1)
    for position, name in enumerate(structure.observed):
        if name not in structure.eta and loaded[position]:
            explained[name] = 1 - Theta[position] / Sigma[position]
    affected = (implied.matrices["Beta"] != 0).any(axis=1)
    for position, name in enumerate(structure.eta):
        if affected[position]:
            explained[name] = 1 - Psi[position] / cov[position]
    return explained


def root(values: Numbers) -> Numbers:
    """Return square roots; NaN where the (real part of the) value is negative."""
    return np.asarray(np.sqrt(np.where(np.real(values) >= 0, values, np.nan)))


def _size(values: Numbers) -> Numbers:
    """Return roots of absolute values; a negative residual variance is a finding elsewhere."""
    return np.asarray(np.sqrt(values * np.sign(np.real(values))))


def _deviations(
    structure: Structure, implied: Implied
) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
    """Return implied standard deviations and those of residuals, by name."""
    sd: dict[str, Numbers] = {}
    residual: dict[str, Numbers] = {}
    total, unique = root(diagonal(implied.Sigma)), _size(diagonal(implied.matrices["Theta"]))
    for position, name in enumerate(structure.observed):
        sd[name], residual[name] = total[..., position], unique[..., position]
    total, unique = root(diagonal(implied.cov_eta)), _size(diagonal(implied.matrices["Psi"]))
    for position, name in enumerate(structure.eta):
        sd[name], residual[name] = total[..., position], unique[..., position]
    return sd, residual


def _cell_values(
    structure: Structure, implied: Implied, keys: Sequence[tuple[str, str, str]]
) -> Numbers:
    """Return the value in each parameter's cell."""
    columns = []
    for lhs, op, rhs in keys:
        cell = structure.cell_of(op, lhs, rhs)
        at = (cell.row,) if cell.matrix in VECTORS else (cell.row, cell.col)
        columns.append(implied.matrices[cell.matrix][(..., *at)])
    if not columns:
        return np.empty((*implied.Sigma.shape[:-2], 0))
    return np.stack(columns, axis=-1)


def _with_definitions(table: ParameterTable, values: Numbers) -> Numbers:
    """Append the defined parameters, evaluated at these values of the rows."""
    if not table.definitions:
        return values
    known: dict[str, Numbers] = {}
    for position, row in enumerate(table.parameters):
        known[row.plabel] = values[..., position]
        if row.label:
            known.setdefault(row.label, values[..., position])
    defined = []
    for definition in table.definitions:
        value = np.broadcast_to(
            np.asarray(definition.expression.evaluate(known)), values.shape[:-1]
        )
        known[definition.name] = value
        defined.append(value)
    return np.concatenate([values, np.stack(defined, axis=-1)], axis=-1)
