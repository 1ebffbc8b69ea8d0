"""Lagrange multiplier tests: what releasing equality constraints would do, without refitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats, complex_step_jacobian, outer, symmetric
from trustsem.estimation import Estimate
from trustsem.estimation.reduction import linear_constraints
from trustsem.inference.distributions import chi_square_above

_INDEPENDENT = 1e-9
_INFORMATION = 1e-8


@dataclass(frozen=True, slots=True)
class ReleaseTest:
    """Test of equality constraints that a model could do without.

    Parameters
    ----------
    chisq : float
        Expected drop of chi-square; NaN where the model would not be identified without them.
    df : int
        Number of constraints released at once.
    pvalue : float
        Of the drop; a probability.
    change : ndarray, shape (q,)
        Expected change of all free parameters.
    """

    chisq: float
    df: int
    pvalue: float
    change: Floats


def release_tests(estimate: Estimate, releases: Sequence[Sequence[int]]) -> list[ReleaseTest]:
    r"""Test the release of equality constraints, one set after the other.

    Parameters
    ----------
    estimate : Estimate
        The solution under the constraints.
    releases : sequence of sequence of int
        Each a set of positions in ``table.equalities`` to release together.

    Returns
    -------
    list of ReleaseTest
        In the order of ``releases``.

    Notes
    -----
    With s the slope of the log-likelihood, I the expected information and R the Jacobian of all
    constraints, s = R'λ at the solution. :math:`\lambda = (RJR')^{-1}RJs` with
    :math:`J = (I + R'R)^{-1}` has the variance :math:`V = (RJR')^{-1} - 1`, also where the model
    without constraints is not identified [aitchison1958]_. The test of a set of constraints is
    :math:`\lambda'V^{-1}\lambda` over its members [sorbom1989]_, and :math:`V^{-1}\lambda` is how
    far the two sides of each are expected to part. Multiplied with N for either likelihood, as
    modification indices are.
    """
    score, information = _score(estimate), _information(estimate)
    metric = np.sqrt(np.where(np.diag(information) > 0, np.diag(information), 1.0))
    score, information = score / metric, information / outer(metric, metric)
    R = _constraints(estimate) / metric
    J = np.linalg.inv(symmetric(information + R.T @ R))
    inside = np.linalg.inv(symmetric(R @ J @ R.T))
    multipliers = inside @ R @ J @ score
    variance = symmetric(inside - np.eye(len(R)))
    spread = J @ R.T @ inside / metric[:, None]
    return [_tested(list(chosen), multipliers, variance, spread) for chosen in releases]


def _tested(
    chosen: list[int], multipliers: Floats, variance: Floats, spread: Floats
) -> ReleaseTest:
    """Test one set of constraints."""
    V = variance[np.ix_(chosen, chosen)]
    if not chosen or np.linalg.eigvalsh(V)[0] <= _INFORMATION:
        nothing = np.full(len(spread), np.nan)
        return ReleaseTest(float("nan"), len(chosen), float("nan"), nothing)
    parting = np.linalg.solve(V, multipliers[chosen])
    chisq = float(multipliers[chosen] @ parting)
    pvalue = chi_square_above(chisq, len(chosen))
    return ReleaseTest(chisq, len(chosen), pvalue, np.asarray(spread[:, chosen] @ parting))


def _score(estimate: Estimate) -> Floats:
    """Return the slope of the log-likelihood in all parameters, shape (q,)."""
    problem = estimate.problem
    slope = problem.objective.at_params(estimate.params[None]).full_gradient()[0]
    n = problem.n_obs if problem.estimator.likelihood else problem.weight
    return np.asarray(-n / 2 * slope)


def _information(estimate: Estimate) -> Floats:
    """Return the expected information of all parameters, shape (q, q)."""
    problem = estimate.problem
    point = problem.information_objective.at_params(estimate.params[None])
    return np.asarray(problem.n_obs / 2 * symmetric(point.full_hessian(exact=False)[0]))


def _constraints(estimate: Estimate) -> Floats:
    """Return the Jacobian of all constraints, those of equal labels first, shape (k, q).

    A constraint that follows from those before it is left out.
    """
    problem = estimate.problem
    tied, others = linear_constraints(problem.table)
    rows = [*tied, *(row for row, _ in others)]
    conditions = problem.reduction.conditions
    if len(conditions):
        working = conditions.equality | conditions.on_boundary(estimate.params)
        rows += list(complex_step_jacobian(conditions.evaluate, estimate.params)[working])
    kept = list(tied)
    for row in rows[len(tied) :]:
        if not kept or _adds(np.array(kept), row):
            kept.append(row)
    return np.array(kept).reshape(-1, problem.table.n_free)


def _adds(rows: Floats, row: Floats) -> bool:
    """Tell whether a row is independent of others."""
    left = row - np.linalg.lstsq(rows.T, row, rcond=None)[0] @ rows
    return bool(np.linalg.norm(left) > _INDEPENDENT * np.linalg.norm(row))
