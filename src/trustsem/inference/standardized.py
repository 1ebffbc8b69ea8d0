"""The standardised solution: the values of all rows and their standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, Numbers, complex_step_jacobian
from trustsem.estimation import Problem
from trustsem.implied import Implied, Structure
from trustsem.specification import Parameter, ParameterTable

KINDS = ("std_lv", "std_all", "std_nox")
"""Constructs scaled to unit variance; observed variables too; all but fixed covariates."""

_NAMES = ("est", *KINDS)
_ROUNDING = 1e-14
"""Share of a value within which it counts as constant."""
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class RowValues:
    """Values of every row of the table, then of every defined parameter.

    Parameters
    ----------
    est, std_lv, std_all, std_nox : ndarray, shape (..., n_rows)
        Unstandardised and standardised values.
    """

    est: Floats
    std_lv: Floats
    std_all: Floats
    std_nox: Floats


def row_values(problem: Problem, params: Floats) -> RowValues:
    """Evaluate all rows of the table at a stack of parameters.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (..., q)
        All free parameters.

    Notes
    -----
    A loading or path is multiplied by the standard deviation of its source and divided by that
    of its target [bollen1989]_; a variance is divided by the variable's own implied variance; a
    covariance by the root of the two variances that stand with it in its matrix, so that the
    covariance of two residuals becomes their correlation.
    """
    return _values(problem.table, _groups(problem, params))


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
        Keys ``est, std_lv, std_all, std_nox``. The derivatives are exact.

    Notes
    -----
    The variances are the diagonal of J V J' with J the derivatives of the values. J is made of rows
    of the identity and few derivatives D of variances, JV in the same way of rows of V and of DV.
    """
    groups = _groups(problem, params)
    values = _values(problem.table, groups)
    moved = [group.variance_slopes(len(params)) for group in groups]
    identity = np.eye(len(params))
    pairs = list(zip(groups, moved, strict=True))
    slopes = [group.slopes(identity, D) for group, D in pairs]
    weighted = [group.slopes(vcov, D @ vcov) for group, D in pairs]
    spread = np.sqrt(np.abs(np.diag(vcov)))
    errors = {}
    for name in _NAMES:
        J, JV = (np.concatenate([part[name] for part in parts]) for parts in (slopes, weighted))
        outer = _definition_slopes(problem.table, getattr(values, name)[: len(J)])
        J, JV = _chained(outer, J), _chained(outer, JV)
        largest = np.where(J != 0, np.abs(J) * spread, 0.0).max(axis=1, initial=0.0)
        still = largest <= _ROUNDING * np.abs(getattr(values, name))
        errors[name] = np.where(still, 0.0, root((J * JV).sum(axis=1)))
    derived = [place for place, row in enumerate(problem.table.parameters) if row.derived]
    errors["est"][derived] = 0.0  # not a parameter, though it follows from parameters
    return errors


def scale_factors(
    structure: Structure, implied: Implied, keys: Sequence[_Key], table: ParameterTable
) -> dict[str, Floats]:
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
    deviations = _deviations(implied)
    return {kind: _scaling(structure, keys, table, kind).of(deviations) for kind in KINDS}


@dataclass(frozen=True, slots=True)
class _Scaling:
    """By which deviations parameters are multiplied and divided: places in :func:`_deviations`.

    Parameters
    ----------
    times, over, over_too : ndarray of int, shape (k,)
        One factor and two divisors of each parameter.
    """

    times: NDArray[np.intp]
    over: NDArray[np.intp]
    over_too: NDArray[np.intp]

    def of(self, deviations: Floats) -> Floats:
        """Return the factor of each parameter, shape (..., k)."""
        divisor = deviations[..., self.over] * deviations[..., self.over_too]
        return divided(deviations[..., self.times], divisor)

    def relative(self, slopes: Floats) -> Floats:
        """Return the slopes of the factors' logarithms from those of the deviations'."""
        return np.asarray(slopes[self.times] - slopes[self.over] - slopes[self.over_too])


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of one group at a stack of parameters."""

    structure: Structure
    implied: Implied
    rows: tuple[Parameter, ...]
    scalings: dict[str, _Scaling]
    est: Floats

    @classmethod
    def of(cls, problem: Problem, number: int, implied: Implied) -> _Group:
        """Collect the rows of a group, counted from 1."""
        structure, table = problem.structures[number - 1], problem.table
        rows = tuple(row for row in table.parameters if row.group == number)
        keys = [(row.lhs, row.op, row.rhs) for row in rows]
        scalings = {kind: _scaling(structure, keys, table, kind) for kind in KINDS}
        est = structure.values(structure.cells_of(keys), implied.matrices)
        return cls(structure, implied, rows, scalings, est)

    def values(self) -> dict[str, Floats]:
        """Return the values of the rows, by kind."""
        deviations = _deviations(self.implied)
        scaled = {kind: self.est * by.of(deviations) for kind, by in self.scalings.items()}
        return {"est": self.est, **scaled}

    def variance_slopes(self, n_params: int) -> Floats:
        """Return the derivatives of the implied variances, shape (2(p + m), n_params)."""
        own = self.structure.variance_slopes(self.implied)
        slopes = np.zeros((len(own), n_params))
        slopes[:, self.structure.free] = own
        return slopes

    def slopes(self, of_params: Floats, of_variances: Floats) -> dict[str, Floats]:
        """Return the derivatives of the values, shape (n_rows, k), by kind.

        A standardised value is x times a factor f of deviations: its change is f (dx + x dln f).
        The logarithm of a deviation changes by half the relative change of the variance.

        Parameters
        ----------
        of_params : ndarray, shape (q, k)
            Derivatives of the free parameters.
        of_variances : ndarray, shape (2(p + m), k)
            Derivatives of the implied variances.
        """
        logarithms = np.zeros((len(of_variances) + 1, of_params.shape[1]))
        logarithms[:-1] = divided(of_variances, 2 * self.implied.variances()[:, None])
        free = np.array([row.free - 1 for row in self.rows], dtype=np.intp)
        loose = np.flatnonzero(free >= 0)
        own = np.zeros((len(free), of_params.shape[1]))
        own[loose] = of_params[free[loose]]
        for position, place in self._derived():
            if self.rows[position].op == "~*~":
                own[position] = -self.est[position] * logarithms[place]
            else:
                own[position] = of_variances[len(of_variances) // 2 + place]
        deviations = _deviations(self.implied)
        slopes = {"est": own}
        for kind, scaling in self.scalings.items():
            factor = scaling.of(deviations)
            relative = scaling.relative(logarithms)
            slopes[kind] = factor[:, None] * (own + self.est[:, None] * relative)
        return slopes

    def _derived(self) -> list[tuple[int, int]]:
        """Return the rows that follow from parameters, and the places of their variances.

        Such a row is the residual variance of an ordered item, or the inverse of its deviation.
        """
        place = _places(self.structure)
        return [(i, place[row.lhs]) for i, row in enumerate(self.rows) if row.derived]


def _groups(problem: Problem, params: Floats) -> list[_Group]:
    """Return the rows of every group at a stack of parameters."""
    moments = problem.implied(params)
    return [_Group.of(problem, number, implied) for number, implied in enumerate(moments, start=1)]


def _values(table: ParameterTable, groups: list[_Group]) -> RowValues:
    """Join the groups' values and append the defined parameters."""
    parts = [group.values() for group in groups]
    joined = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in _NAMES}
    return RowValues(**{name: _with_definitions(table, x) for name, x in joined.items()})


def _scaling(
    structure: Structure, keys: Sequence[_Key], table: ParameterTable, kind: str
) -> _Scaling:
    """Return the deviations that standardise parameters."""
    p, m = structure.n_observed, structure.n_eta
    place = _places(structure)
    one = 2 * (p + m)
    chosen = set(table.constructs) if kind == "std_lv" else set(place)
    chosen -= set(table.exogenous) if kind == "std_nox" else set()
    total = {name: i if name in chosen else one for name, i in place.items()}
    residual = {name: i + p + m if name in chosen else one for name, i in place.items()}
    places = []
    for lhs, op, rhs in keys:
        if op == "=~":
            places.append((total[lhs], total[rhs], one))
        elif op == "~":
            places.append((total[rhs], total[lhs], one))
        elif op in ("~1", "|"):
            places.append((one, total[lhs], one))
        elif op == "~*~":
            places.append((total[lhs], one, one))
        elif lhs == rhs:
            places.append((one, total[lhs], total[lhs]))
        else:
            places.append((one, residual[lhs], residual[rhs]))
    return _Scaling(*np.array(places, dtype=np.intp).reshape(-1, 3).T)


def _places(structure: Structure) -> dict[str, int]:
    """Return the place of each variable's total variance in :meth:`Implied.variances`."""
    return {name: i for i, name in enumerate((*structure.observed, *structure.eta))}


def _deviations(implied: Implied) -> Floats:
    """Return standard deviations of variables and of residuals (p and m of each), then 1.

    Negative total variances have none (NaN). Of residual ones the absolute value counts: that
    they are negative is a finding elsewhere.
    """
    variances = implied.variances()
    half = variances.shape[-1] // 2
    one = np.ones((*variances.shape[:-1], 1))
    parts = [root(variances[..., :half]), np.sqrt(np.abs(variances[..., half:])), one]
    return np.concatenate(parts, axis=-1)


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


def _with_definitions(table: ParameterTable, values: Floats) -> Floats:
    """Append the defined parameters, evaluated at these values of the rows."""
    if not table.definitions:
        return values
    return np.concatenate([values, _defined(table, values)], axis=-1)


def _definition_slopes(table: ParameterTable, values: Floats) -> Floats:
    """Return the derivatives of the defined parameters in the values of the rows."""
    if not table.definitions:
        return np.empty((0, len(values)))
    return complex_step_jacobian(lambda stack: _defined(table, stack), values)


def _chained(outer: Floats, J: Floats) -> Floats:
    """Append the slopes of the defined parameters to those of the rows that they are made of."""
    made_of = (outer != 0).any(axis=0)
    return np.concatenate([J, outer[:, made_of] @ J[made_of]])


def _defined(table: ParameterTable, values: Numbers) -> Numbers:
    """Return the defined parameters at some values of the rows, real or complex."""
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
    return np.stack(defined, axis=-1)
