"""Residuals: what the model leaves of the sample moments, in five metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats
from trustsem.errors import UnknownOptionError
from trustsem.estimation import Estimate, Problem
from trustsem.implied import Implied, Structure, Tangents
from trustsem.inference import SANDWICHES, independent_directions
from trustsem.moments import FreeSpread, SampleMoments, SaturatedModel, Spread

RESIDUAL_KINDS = ("raw", "cor_bentler", "cor_bollen", "normalized", "standardized")
"""Kinds of residuals; aliases ``cor`` and ``cor.bollen`` style names are accepted."""

_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of one group.

    Parameters
    ----------
    cov : ndarray, shape (p, p)
        Of covariances or correlations.
    mean : ndarray, shape (p,), or None
        Of means, if the model has a mean structure.
    """

    cov: Floats
    mean: Floats | None


def residuals(
    estimate: Estimate, kind: str, information: str = "expected", se: str = "standard"
) -> tuple[Residuals, ...]:
    r"""Compute residuals of every group.

    Parameters
    ----------
    estimate : Estimate
        The solution.
    kind : str
        ``raw``: s - sigma. ``cor_bentler``: divided by the sample standard deviations
        [bentler1995]_. ``cor_bollen``: difference of the two correlation matrices [bollen1989]_.
        ``normalized``: divided by the standard error of s [joreskog1986]_. ``standardized``:
        divided by the standard error of s - sigma.
    information : {"expected", "observed", "first.order"}
        Which information weights the moments, for ``standardized``; anything but "observed" is
        the expected one.
    se : str
        Kind of standard errors; with robust ones, ``standardized`` residuals rest on the fourth
        moments of the sample rather than those of normal data.

    Raises
    ------
    UnknownOptionError
        If the kind does not exist.

    Notes
    -----
    The sampling variance of s_ij is :math:`(s_{ii}s_{jj} + s_{ij}^2)/N`; by WLS it comes from the
    fourth moments. A residual varies less, since estimation absorbs a part: with G the matrix of
    these sampling (co)variances, D the derivatives of the moments, W the weights that the
    estimator gives them (ML: the normal-theory ones at the implied moments) and
    :math:`Q = I - D(D'WD)^{-1}D'W`, its variance is the diagonal of QGQ' [browne1984]_. With
    incomplete cases s are the saturated estimates and G the inverse of their information (or its
    sandwich), and W the information about the moments at the implied ones.
    """
    name = kind.replace(".", "_")
    name = "cor_bollen" if name == "cor" else name
    if name not in RESIDUAL_KINDS:
        raise UnknownOptionError(kind, RESIDUAL_KINDS, kind="kind of residuals")
    problem = estimate.problem
    implied = problem.implied(estimate.params)
    if name not in ("normalized", "standardized"):
        return tuple(
            _of_kind(name, sample, structure, moments)
            for sample, structure, moments in zip(
                problem.samples, problem.structures, implied, strict=True
            )
        )
    found = []
    for group, moments in enumerate(implied):
        sample = problem.samples[group]
        raw = _of_kind("raw", sample, problem.structures[group], moments)
        robust = se in SANDWICHES
        if name == "normalized":
            # Complete data: of normal theory (WLS: free of it) whatever the standard errors.
            # Incomplete: what the information says, given fixed covariates.
            incomplete = sample.patterns is not None
            given = problem.table.exogenous if incomplete else ()
            G = _spread(problem, sample, given, information, robust=robust and incomplete)
            cov, mean = G.variances()
            variances = cov / sample.n_obs, mean / sample.n_obs
        else:
            variances = _residual_variances(estimate, group, moments, information, robust=robust)
        found.append(_studentised(raw, variances, sample))
    return tuple(found)


def _of_kind(kind: str, sample: SampleMoments, structure: Structure, implied: Implied) -> Residuals:
    """Return one group's residuals of a kind that needs no sampling theory."""
    raw = sample.cov - implied.Sigma
    d = sample.mean - implied.mu if structure.has_means and sample.mean is not None else None
    sd = np.sqrt(np.diag(sample.cov))
    if kind == "raw":
        return Residuals(raw, d)
    if kind == "cor_bentler":
        return Residuals(raw / np.outer(sd, sd), None if d is None else d / sd)
    return _bollen(sample, implied, with_means=d is not None)


def _studentised(
    raw: Residuals, variances: tuple[Floats, Floats], sample: SampleMoments
) -> Residuals:
    """Divide residuals by the roots of their sampling variances."""
    reference = _sampling_variances(sample.cov, sample.n_obs)
    return Residuals(
        _divide(raw.cov, variances[0], reference[0]),
        None if raw.mean is None else _divide(raw.mean, variances[1], reference[1]),
    )


def _bollen(sample: SampleMoments, implied: Implied, *, with_means: bool) -> Residuals:
    """Return differences of correlations, and of means in standard deviations."""
    sd, sd_implied = np.sqrt(np.diag(sample.cov)), np.sqrt(np.diag(implied.Sigma))
    cor = sample.cov / np.outer(sd, sd) - implied.Sigma / np.outer(sd_implied, sd_implied)
    if not with_means or sample.mean is None:
        return Residuals(cor, None)
    return Residuals(cor, sample.mean / sd - implied.mu / sd_implied)


def _divide(values: Floats, variances: Floats, reference: Floats) -> Floats:
    """Divide by standard errors; 0 where both vanish, NaN where only the error does."""
    exists = variances > _NEGLIGIBLE * reference
    ratio = values / np.sqrt(np.where(exists, variances, 1.0))
    vanishes = values**2 <= _NEGLIGIBLE**2 * reference
    return np.where(exists, ratio, np.where(vanishes, 0.0, np.nan))


def _sampling_variances(M: Floats, n: int) -> tuple[Floats, Floats]:
    """Return the sampling variances of covariances and means of normal data."""
    variances = np.diag(M)
    return (np.outer(variances, variances) + M**2) / n, variances / n


def _residual_variances(
    estimate: Estimate, group: int, implied: Implied, information: str, *, robust: bool
) -> tuple[Floats, Floats]:
    """Return the sampling variances of residuals: the diagonal of QGQ' over N."""
    problem = estimate.problem
    block, sample = problem.objective.blocks[group], problem.samples[group]
    structure = block.structure
    fitted = block.discrepancy(implied)
    curvature = fitted.exact if information == "observed" else fitted.expected
    tangents = Tangents(implied.project(), structure.directions)
    moves, shifts = tangents.moves(), tangents.shifts()
    weighted = tuple(part / 2 for part in curvature.weighted(tangents))
    G = _spread(problem, sample, problem.table.exogenous, information, robust=robust)
    spread, spread_shifts = G.times(*weighted)
    information_matrix = curvature.products(tangents, tangents) / 2
    B = np.einsum("ijk,ijl->kl", weighted[0], spread) + weighted[1].T @ spread_shifts
    K = independent_directions(estimate)[structure.free]
    V = K @ np.linalg.pinv(K.T @ information_matrix @ K, hermitian=True) @ K.T
    VBV = V @ B @ V
    cov_G, mean_G = G.variances()
    cov_variance = (
        cov_G
        - 2 * np.einsum("ijk,kl,ijl->ij", moves, V, spread)
        + np.einsum("ijk,kl,ijl->ij", moves, VBV, moves)
    )
    mean_variance = (
        mean_G
        - 2 * np.einsum("ik,kl,il->i", shifts, V, spread_shifts)
        + np.einsum("ik,kl,il->i", shifts, VBV, shifts)
    )
    return cov_variance / sample.n_obs, mean_variance / sample.n_obs


def _spread(
    problem: Problem,
    sample: SampleMoments,
    covariates: Sequence[str],
    information: str,
    *,
    robust: bool,
) -> Spread:
    """Return the spread of the moments that residuals are judged by."""
    if sample.patterns is not None:
        kind = "observed" if information == "observed" else "expected"
        return SaturatedModel.of(sample, covariates).spread(kind, robust=robust)
    return (FreeSpread.of if robust else problem.estimator.spread)(sample, covariates)


def root_mean_squares(estimate: Estimate) -> dict[str, float]:
    r"""Compute the root mean square residuals of a solution.

    Returns
    -------
    dict of str to float
        ``rmr srmr crmr srmr_mplus``, each also with ``_nomean``.

    Notes
    -----
    SRMR: residuals divided by sample standard deviations [bentler1995]_; CRMR: differences of
    correlations, without the diagonal [bollen1989]_; the Mplus form takes relative differences of
    the variances on the diagonal of the latter. Groups are averaged by their size.
    """
    problem = estimate.problem
    total: dict[str, float] = {}
    for sample, structure, implied in zip(
        problem.samples, problem.structures, problem.implied(estimate.params), strict=True
    ):
        share = sample.n_obs / problem.n_obs
        for name, value in _group_rms(sample, structure, implied).items():
            total[name] = total.get(name, 0.0) + share * value
    return total


def _group_rms(sample: SampleMoments, structure: Structure, implied: Implied) -> dict[str, float]:
    """Return one group's root mean squares."""
    raw = _of_kind("raw", sample, structure, implied)
    bentler = _of_kind("cor_bentler", sample, structure, implied)
    bollen = _of_kind("cor_bollen", sample, structure, implied)
    mplus = bollen.cov + np.diag(np.diag(raw.cov) / np.diag(sample.cov))
    low, strict = np.tril_indices(len(raw.cov)), np.tril_indices(len(raw.cov), -1)
    parts = {
        "rmr": (raw.cov[low], raw.mean),
        "srmr": (bentler.cov[low], bentler.mean),
        "crmr": (bollen.cov[strict], bentler.mean),
        "srmr_mplus": (mplus[low], bollen.mean),
    }
    values: dict[str, float] = {}
    for name, (cov, mean) in parts.items():
        plain = _root_mean_square(cov)
        values[f"{name}_nomean"] = plain
        values[name] = plain if mean is None else _root_mean_square(np.concatenate([cov, mean]))
    return values


def _root_mean_square(values: Floats) -> float:
    """Return the root of the mean square; 0 for none."""
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0
