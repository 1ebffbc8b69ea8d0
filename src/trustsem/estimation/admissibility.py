"""Judge whether a solution is admissible; name the variable or pair that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Flags, Floats, diagonal, is_positive_definite, outer
from trustsem.estimation.optimiser import unit_metric
from trustsem.findings import Finding, at_least

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustsem.estimation.native import Estimate
    from trustsem.estimation.problem import Problem
    from trustsem.implied import Implied

_TOLERANCE = 1e-8
_PUSH = 1e-6
_BOUNDED = "Estimate with bounds='standard' beside it to see the best solution inside."


def check_admissibility(estimate: Estimate) -> tuple[Finding, ...]:
    """Judge convergence, variances, correlations and covariance matrices of a solution.

    Parameters
    ----------
    estimate : Estimate
        The outcome of an estimation.

    Returns
    -------
    tuple of Finding
        Serious ones where the solution must not be interpreted; empty for a proper solution.
    """
    findings = [
        *_convergence(estimate),
        *_lower(estimate),
        *_proper(estimate),
        *_boundaries(estimate),
        *_bounds(estimate),
    ]
    return (*findings, *_improper(estimate.problem, estimate.params))


def is_proper(problem: Problem, params: Floats) -> bool:
    """Tell whether variances, correlations and covariance matrices at a point are possible."""
    return not at_least(_improper(problem, params), "serious")


def _improper(problem: Problem, params: Floats) -> tuple[Finding, ...]:
    """Return a finding for everything at a point that no population can have."""
    findings: list[Finding] = []
    labels = problem.table.group_labels or ("",)
    for label, structure, implied in zip(
        labels, problem.structures, problem.implied(params), strict=True
    ):
        place = f" (group {label})" if label else ""
        findings += _negative_variances(structure.eta, implied.matrices["Psi"], "", place)
        findings += _negative_variances(
            structure.observed, implied.matrices["Theta"], "residual ", place
        )
        findings += _correlations(structure.eta, implied, place)
        findings += _matrices(structure.observed, structure.eta, implied, place)
    return tuple(findings)


def admissible_members(problem: Problem, params: Floats) -> Flags:
    """Return which members of a stack of minima are proper by the rules of the single ones.

    Parameters
    ----------
    problem : Problem
        The model on a stack of b samples.
    params : ndarray, shape (b, q)
        Where the minima are.
    """
    proper = np.ones(len(params), dtype=bool)
    for implied in problem.implied(params):
        for name in ("Psi", "Theta"):
            M = implied.matrices[name]
            limit = -_TOLERANCE * (1 + np.abs(M).max(axis=(-2, -1), initial=0.0))
            proper &= (diagonal(M) >= limit[:, None]).all(axis=-1)
        proper &= _proper_covariances(implied.cov_eta)
        proper &= _proper_covariances(implied.matrices["Theta"])
    return proper


def _proper_covariances(M: Floats) -> Flags:
    """Return which matrices are covariance matrices, as far as their variances are positive."""
    p = M.shape[-1]
    together = ((M != 0) & ~np.eye(p, dtype=bool)).any(axis=tuple(range(M.ndim - 1)))
    M = M[..., together, :][..., together]
    variances = diagonal(M)
    exists = variances > 0
    scale = np.sqrt(np.where(exists, variances, 1.0))
    R = np.where(outer(exists, exists), M / outer(scale, scale), np.eye(M.shape[-1]))
    try:
        np.linalg.cholesky(R)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.eigvalsh(R)[..., 0] > -_TOLERANCE)
    return np.ones(len(M), dtype=bool)


def _convergence(estimate: Estimate) -> Iterator[Finding]:
    if not estimate.converged:
        yield Finding(
            code="not_converged",
            subject="model",
            claim=f"No solution was found after {estimate.iterations} iterations: "
            f"{estimate.message}. The numbers below are where the search ended.",
            severity="serious",
            holds=False,
            value=estimate.gradient_norm,
            remedy="Estimate with bounds='standard', use fewer constructs or more items for each, "
            "or collect more cases.",
        )


def _lower(estimate: Estimate) -> Iterator[Finding]:
    """Yield a finding where the discrepancy is lower elsewhere."""
    if estimate.converged and estimate.lower is not None:
        yield Finding(
            code="lower_elsewhere",
            subject="model",
            claim=f"The discrepancy is {estimate.value:.5f} here, but {estimate.lower:.5f} on a "
            "path without end: the data hardly determine this model.",
            severity="warning",
            value=estimate.value,
            threshold=estimate.lower,
            remedy="Collect more cases, measure constructs by more items, or simplify the model.",
        )


def _proper(estimate: Estimate) -> Iterator[Finding]:
    """Yield a finding where a proper minimum lies above the improper solution."""
    if estimate.proper is not None:
        yield Finding(
            code="proper_elsewhere",
            subject="model",
            claim=f"The lowest discrepancy, {estimate.value:.5f}, is that of an improper solution; "
            f"the lowest proper minimum that was found has {estimate.proper:.5f}. Programs that "
            "stop at the first minimum may print that one.",
            severity="warning",
            value=estimate.value,
            threshold=estimate.proper,
            remedy="Estimate with bounds='standard' to keep the solution proper.",
        )


def _boundaries(estimate: Estimate) -> Iterator[Finding]:
    """Yield a finding for each inequality that holds with its boundary."""
    for text in estimate.problem.active_conditions(estimate.params):
        yield Finding(
            code="on_boundary",
            subject=text,
            claim=f"The estimates lie on the boundary of {text}: without it they would be beyond. "
            "Standard errors take the boundary as given; chi-square and its p-value are "
            "approximate.",
            severity="warning",
            remedy="Estimate without the inequality to see what the data say.",
        )


def _bounds(estimate: Estimate) -> Iterator[Finding]:
    """Yield a finding for each bound that keeps a parameter from where F is lower."""
    problem = estimate.problem
    if not problem.bounds or not estimate.converged:
        return
    reduced = problem.reduction.reduce(estimate.params)
    point = problem.objective.at(reduced[None])
    slopes = point.gradient()[0] / unit_metric(point.expected_hessian()[0])
    held = problem.bounds.held(reduced, slopes) & (np.abs(slopes) > _PUSH)
    for position in np.flatnonzero(held):
        row, value = problem.reduced_rows[position], float(reduced[position])
        side = "lower" if slopes[position] > 0 else "upper"
        place = f" (group {row.group})" if problem.table.n_groups > 1 else ""
        yield Finding(
            code="on_bound",
            subject=row.name,
            claim=f"{row.name}{place} is held at its {side} bound {value:.4g}: without the bound "
            f"the estimate would lie beyond. Standard errors do not know of the bound; chi-square "
            "and its p-value are approximate.",
            severity="warning",
            value=value,
            threshold=value,
            source="dejonckere2022",
            remedy="Estimate with bounds='none' to see what the data say.",
        )


def _negative_variances(
    names: Sequence[str], M: Floats, kind: str, place: str
) -> Iterator[Finding]:
    """Yield a finding for each negative variance on a diagonal."""
    for name, variance in zip(names, np.diag(M), strict=True):
        if variance < -_TOLERANCE * (1 + np.abs(M).max()):
            yield Finding(
                code="negative_variance",
                subject=name,
                claim=f"The {kind}variance of {name}{place} is negative ({variance:.3f}): "
                "the solution is inadmissible.",
                severity="serious",
                holds=False,
                value=float(variance),
                threshold=0.0,
                source="bollen1989",
                remedy="Check the item, the number of items per construct and the sample size. "
                + _BOUNDED,
            )


def _correlations(names: Sequence[str], implied: Implied, place: str) -> Iterator[Finding]:
    """Yield a finding for each correlation among constructs beyond 1."""
    cov = implied.cov_eta
    variances = np.diag(cov)
    for i in range(len(names)):
        for j in range(i):
            if min(variances[i], variances[j]) <= 0:
                continue
            r = cov[i, j] / np.sqrt(variances[i] * variances[j])
            if abs(r) > 1 + _TOLERANCE:
                yield Finding(
                    code="correlation_beyond_one",
                    subject=f"{names[j]} ~~ {names[i]}",
                    claim=f"The correlation of {names[j]} with {names[i]}{place} is {r:.3f}: "
                    "the solution is inadmissible.",
                    severity="serious",
                    holds=False,
                    value=float(r),
                    threshold=1.0,
                    source="bollen1989",
                    remedy="The two constructs are not distinct: merge them or drop items.",
                )


def _matrices(
    observed: Sequence[str], eta: Sequence[str], implied: Implied, place: str
) -> Iterator[Finding]:
    """Yield a finding for each covariance matrix that is indefinite."""
    used = np.diag(implied.matrices["Theta"]) != 0
    candidates = (
        ("constructs", list(eta), implied.cov_eta),
        (
            "residuals",
            [name for name, flag in zip(observed, used, strict=True) if flag],
            implied.matrices["Theta"][np.ix_(used, used)],
        ),
    )
    for what, names, M in candidates:
        if (np.diag(M) > 0).all() and not _semidefinite(M):
            yield Finding(
                code="indefinite_matrix",
                subject=what,
                claim=f"The covariance matrix of the {what}{place} is not positive definite: "
                "the solution is inadmissible.",
                severity="serious",
                holds=False,
                value=float(np.linalg.eigvalsh(M)[0]),
                threshold=0.0,
                source="bollen1989",
                remedy=f"Look at the largest correlations among {', '.join(names[:8])}.",
            )


def _semidefinite(M: Floats) -> bool:
    """Return whether a matrix is positive definite, or singular within rounding."""
    if is_positive_definite(M):
        return True
    scale = np.sqrt(np.diag(M))
    return bool(np.linalg.eigvalsh(M / np.outer(scale, scale))[0] > -_TOLERANCE)
