"""Information and the covariance matrix of the estimates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats, scaled_eigh, symmetric
from trustsem.estimation import Estimate
from trustsem.estimation.identification import parameter_names

_SINGULAR = 1e-11
_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Covariance:
    """Sampling covariance of the estimates.

    Parameters
    ----------
    matrix : ndarray, shape (q, q)
        Of all free parameters; NaN if it does not exist.
    reduced_information : ndarray, shape (r, r)
        Total information in the reduced parameters, before conditions.
    basis : ndarray, shape (r, d)
        Directions that active nonlinear conditions leave free.
    n_independent : int
        Number of independently estimated parameters.
    flat : tuple of str
        Parameters along which the information is singular; empty if it is regular.
    """

    matrix: Floats
    reduced_information: Floats
    basis: Floats
    n_independent: int
    flat: tuple[str, ...]


def estimate_covariance(estimate: Estimate, information: str = "expected") -> Covariance:
    r"""Invert the information matrix.

    Parameters
    ----------
    estimate : Estimate
        The solution.
    information : {"expected", "observed"}
        Fisher information under the model, or the exact Hessian at the solution.

    Notes
    -----
    With F the discrepancy and n the multiplier of chi-square, the information is n/2 times the
    second derivative of F [joreskog1969]_. Equality constraints with null-space basis N give
    ``N (N'IN)^-1 N'``.
    """
    problem = estimate.problem
    reduced = problem.reduction.reduce(estimate.params)
    point = problem.objective.at(reduced[None])
    hessian = point.exact_hessian() if information == "observed" else point.expected_hessian()
    total = symmetric(hessian[0]) * problem.weight / 2
    basis = _null_space(problem.condition_jacobian(estimate.params), len(reduced))
    inside = symmetric(basis.T @ total @ basis)
    flat = _flat_directions(inside, basis, parameter_names(problem))
    K = problem.reduction.K @ basis
    matrix = (
        np.full((len(estimate.params),) * 2, np.nan) if flat else K @ _inverse(inside) @ K.T
    )
    return Covariance(matrix, total, basis, basis.shape[1], flat)


def _inverse(A: Floats) -> Floats:
    """Invert a symmetric matrix, definite or not, free of the scale of its rows."""
    scale = np.sqrt(np.abs(np.diag(A)))
    scale = np.where(scale > 0, scale, 1.0)
    return np.asarray(symmetric(np.linalg.inv(A / np.outer(scale, scale))) / np.outer(scale, scale))


def _null_space(J: Floats, size: int) -> Floats:
    """Return directions along which all conditions stay as they are."""
    if not len(J):
        return np.eye(size)
    scale = np.linalg.norm(J, axis=1, keepdims=True)
    _, singular, right = np.linalg.svd(J / np.where(scale > 0, scale, 1.0))
    rank = int((singular > _SINGULAR).sum())
    return np.asarray(right[rank:].T)


def _flat_directions(inside: Floats, basis: Floats, names: list[str]) -> tuple[str, ...]:
    """Return the parameters involved where the information has (nearly) no curvature."""
    if not inside.size:
        return ()
    scale, values, vectors = scaled_eigh(inside)
    flat = np.abs(values) < _SINGULAR * max(1.0, float(np.abs(values).max()))
    if not flat.any():
        return ()
    unit = vectors[:, flat] / scale[:, None]
    weight = np.abs(basis @ unit) * np.sqrt(np.abs(np.diag(basis @ inside @ basis.T)))[:, None]
    reach = weight.max(axis=1)
    return tuple(
        name for name, share in zip(names, reach, strict=True) if share > _SHARE * reach.max()
    )
