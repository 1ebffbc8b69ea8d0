"""Information and the covariance matrix of the estimates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trustsem.arrays import (
    SINGULAR,
    Floats,
    exceeds,
    invert_positive,
    null_space,
    outer,
    symmetric,
)
from trustsem.estimation import Estimate, Problem
from trustsem.estimation.identification import parameter_names
from trustsem.estimation.optimiser import unit_metric
from trustsem.inference.casewise import meat_matrix
from trustsem.inference.least_squares import moment_noise

SANDWICHES = {"robust.sem": True, "robust.huber.white": False}
"""Robust standard errors, and whether the casewise slopes inside are centred."""

_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Covariance:
    """Sampling covariance of the estimates.

    Parameters
    ----------
    matrix : ndarray, shape (q, q)
        Of all free parameters; NaN if it does not exist.
    inverse_information : ndarray, shape (q, q)
        The same where the discrepancy weights the moments efficiently; otherwise what it would be
        if it did, which is what scores of further parameters are judged by.
    n_independent : int
        Number of independently estimated parameters. Equality constraints lower it; inequalities
        do not, even where they hold with their boundary, so that df never depends on the data.
    flat : tuple of str
        Parameters along which the information is singular; empty if it is regular.
    """

    matrix: Floats
    inverse_information: Floats
    n_independent: int
    flat: tuple[str, ...]


def estimate_covariance(
    estimate: Estimate, information: str = "expected", se: str = "standard"
) -> Covariance:
    r"""Compute the sampling covariance of the estimates.

    Parameters
    ----------
    estimate : Estimate
        The solution.
    information : {"expected", "observed", "first.order"}
        Fisher information under the model, the exact Hessian at the solution, or the outer
        products of the casewise slopes.
    se : {"standard", "robust.sem", "robust.huber.white"}
        The inverse of the information; or a sandwich of it, with the fourth moments of the sample
        [satorra1994]_ or the outer products of casewise slopes [white1982]_ inside.

    Notes
    -----
    With F the discrepancy and n the multiplier of chi-square, the information is n/2 times the
    second derivative of F [joreskog1969]_. Equality constraints with null-space basis N give
    ``N (N'IN)^-1 N'``, and so do inequalities on their boundary. Everything is inverted in the unit
    metric, so that neither accuracy nor the verdict on singularity depends on the items' units.
    Where the weights are not efficient (ULS), the inverse is the bread of a sandwich [browne1984]_.
    """
    naive = _inverse_information(estimate, information)
    if se not in SANDWICHES or naive.flat:
        return naive
    problem = estimate.problem
    meat = meat_matrix(problem, estimate.params, centred=SANDWICHES[se])
    matrix = symmetric(naive.matrix @ meat @ naive.matrix) * problem.weight
    return replace(naive, matrix=matrix)


def _inverse_information(estimate: Estimate, information: str) -> Covariance:
    """Invert the information matrix within the constraints."""
    problem = estimate.problem
    reduced = problem.reduction.reduce(estimate.params)
    point = problem.information_objective.at(reduced[None])
    expected, exact = point.expected_hessian()[0], point.exact_hessian()[0]
    metric = unit_metric(expected, exact)
    hessian = exact if information == "observed" else expected
    if information == "first.order":
        K = problem.reduction.K
        hessian = 2 * K.T @ meat_matrix(problem, estimate.params, centred=False) @ K
    units = outer(metric, metric)
    n_independent = _n_independent(problem, estimate.params, metric)
    conditions = problem.condition_jacobian(estimate.params) / metric
    basis = null_space(conditions, len(reduced)) if len(conditions) else None
    inside = _turned(symmetric(hessian) / units, None if basis is None else basis.T)
    flat = _flat_directions(inside, basis, parameter_names(problem))
    size = len(estimate.params)
    if flat:
        nothing = np.full((size, size), np.nan)
        return Covariance(nothing, nothing, n_independent, flat)
    inverse = symmetric(np.asarray(np.linalg.inv(inside), dtype=float))
    outward = None if problem.reduction.is_identity else problem.reduction.K
    bread = _turned(_turned(inverse, basis) / units, outward) * (2 / problem.weight)
    if problem.estimator.naive:
        return Covariance(bread, bread, n_independent, ())
    matrix = bread @ moment_noise(estimate) @ bread * problem.weight
    return Covariance(symmetric(matrix), bread, n_independent, ())


def count_independent(estimate: Estimate) -> int:
    """Return how many parameters are estimated independently: all but those tied by equalities."""
    problem, params = estimate.problem, estimate.params
    if not len(problem.reduction.conditions):
        return int(problem.reduction.K.shape[1])
    point = problem.information_objective.at(problem.reduction.reduce(params)[None])
    metric = unit_metric(point.expected_hessian()[0], point.exact_hessian()[0])
    return _n_independent(problem, params, metric)


def _n_independent(problem: Problem, params: Floats, metric: Floats) -> int:
    """Return the dimension of the space that equalities leave, in a metric of the parameters."""
    equalities = problem.condition_jacobian(params, with_active=False) / metric
    return int(null_space(equalities, len(metric)).shape[1])


def _turned(M: Floats, P: Floats | None) -> Floats:
    """Return P M P', or M where there is nothing to turn."""
    return M if P is None else symmetric(P @ M @ P.T)


def expected_errors(problem: Problem, params: Floats) -> Floats:
    """Return standard errors of a stack of solutions, from the expected information of each.

    Parameters
    ----------
    problem : Problem
        The model on a stack of b samples (or on one sample, for b = 1), without nonlinear
        constraints, with a discrepancy that weights moments efficiently.
    params : ndarray, shape (b, q)
        The solutions.

    Returns
    -------
    ndarray, shape (b, q)
        NaN where the information is singular.
    """
    reduced = problem.reduction.reduce(params)
    information = problem.information_objective.at(reduced).expected_hessian()
    K = problem.reduction.K
    variances = np.einsum("qr,brs,qs->bq", K, invert_positive(information).matrix, K, optimize=True)
    return np.asarray(np.sqrt(variances * (2 / problem.weight)))


def stacked_covariances(problem: Problem, params: Floats, *, exact: bool = False) -> Floats:
    """Return sampling covariances of a stack of solutions, from the information of each.

    Parameters
    ----------
    problem : Problem
        The model on a stack of b samples (or on one sample, for any b), without nonlinear
        constraints, with a discrepancy that weights moments efficiently.
    params : ndarray, shape (b, q)
        The solutions.
    exact : bool
        Observed information; otherwise expected information.

    Returns
    -------
    ndarray, shape (b, q, q)
        As :func:`estimate_covariance` gives for each; NaN where the information is singular.
    """
    point = problem.information_objective.at(problem.reduction.reduce(params))
    hessian = point.exact_hessian() if exact else point.expected_hessian()
    inverse = invert_positive(symmetric(hessian)).matrix * (2 / problem.weight)
    K = problem.reduction.K
    return inverse if problem.reduction.is_identity else np.asarray(K @ inverse @ K.T)


def independent_directions(estimate: Estimate) -> Floats:
    """Return a basis of the directions in which all constraints leave the parameters free.

    Returns
    -------
    ndarray, shape (q, d)
    """
    problem = estimate.problem
    J = problem.condition_jacobian(estimate.params)
    return np.asarray(problem.reduction.K @ null_space(J, problem.reduction.K.shape[1]))


def _flat_directions(inside: Floats, basis: Floats | None, names: list[str]) -> tuple[str, ...]:
    """Return the parameters involved where the information has (nearly) no curvature."""
    if not inside.size:
        return ()
    if exceeds(inside, SINGULAR * max(1.0, float(np.trace(inside)))):
        return ()  # the trace is larger than any eigenvalue
    values, vectors = np.linalg.eigh(inside)
    flat = np.abs(values) < SINGULAR * max(1.0, float(np.abs(values).max()))
    if not flat.any():
        return ()
    directions = vectors[:, flat] if basis is None else basis @ vectors[:, flat]
    reach = np.abs(directions).max(axis=1)
    return tuple(
        name for name, share in zip(names, reach, strict=True) if share > _SHARE * reach.max()
    )
