"""Residuals: what the model leaves of the sample moments, in five metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, diagonal, outer
from trustsem.errors import InferenceError, UnknownOptionError
from trustsem.estimation import Estimate, Problem
from trustsem.estimation.responses import ResponseBlock
from trustsem.fit.categorical import residual_vector_variances
from trustsem.implied import Implied, Structure, Tangents
from trustsem.inference import SANDWICHES, independent_directions
from trustsem.moments import FreeSpread, SampleMoments, SaturatedModel, Spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.estimation.objective import Block

RESIDUAL_KINDS = ("raw", "cor_bentler", "cor_bollen", "normalized", "standardized")
"""Kinds of residuals; aliases ``cor`` and ``cor.bollen`` style names are accepted."""

RMS_KINDS = ("rmr", "srmr", "crmr", "srmr_mplus")
"""Root mean square residuals."""

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
    thresholds : ndarray, shape (t,), or None
        Of thresholds item by item, if some variables are ordered.
    """

    cov: Floats
    mean: Floats | None
    thresholds: Floats | None = None


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
    if problem.table.ordered:
        return _of_responses(estimate, name)
    if name not in ("normalized", "standardized"):
        return tuple(
            _of_kind(name, sample.cov, _modelled_mean(sample, structure), moments)
            for sample, structure, moments in zip(
                problem.samples, problem.structures, implied, strict=True
            )
        )
    robust = se in SANDWICHES
    if name == "normalized":
        variances = [
            _sample_variances(problem, sample, information, robust=robust)
            for sample in problem.samples
        ]
    else:
        variances = _residual_variances(estimate, implied, information, robust=robust)
    return tuple(
        _studentised(
            _of_kind("raw", sample.cov, _modelled_mean(sample, structure), moments), errors, sample
        )
        for sample, structure, moments, errors in zip(
            problem.samples, problem.structures, implied, variances, strict=True
        )
    )


def _sample_variances(
    problem: Problem, sample: SampleMoments, information: str, *, robust: bool
) -> tuple[Floats, Floats]:
    """Return the sampling variances of a group's moments.

    Complete data: of normal theory (WLS: free of it) whatever the standard errors. Incomplete: what
    the information says, given fixed covariates.
    """
    incomplete = sample.patterns is not None
    given = problem.table.exogenous if incomplete else ()
    G = _spread(problem, sample, given, information, robust=robust and incomplete)
    cov, mean = G.variances()
    return cov / sample.n_obs, mean / sample.n_obs


def _modelled_mean(sample: SampleMoments, structure: Structure) -> Floats | None:
    """Return the means that the model explains; None if it explains none."""
    return sample.mean if structure.has_means else None


def _of_kind(kind: str, S: Floats, mean: Floats | None, implied: Implied) -> Residuals:
    """Return one group's residuals of a kind that needs no sampling theory, also of a stack."""
    raw = S - implied.Sigma
    d = None if mean is None else mean - implied.mu
    sd = np.sqrt(diagonal(S))
    if kind == "raw":
        return Residuals(raw, d)
    if kind == "cor_bentler":
        return Residuals(raw / outer(sd, sd), None if d is None else d / sd)
    return _bollen(S, mean, implied)


def _of_responses(estimate: Estimate, kind: str) -> tuple[Residuals, ...]:
    """Return the residuals of every group with ordered items."""
    problem = estimate.problem
    variances: tuple[Floats | None, ...] = (None,) * len(problem.samples)
    if kind == "standardized":
        variances = residual_vector_variances(estimate)
    found = []
    for block, sample, implied, variance in zip(
        problem.objective.blocks,
        problem.samples,
        problem.implied(estimate.params),
        variances,
        strict=True,
    ):
        if not isinstance(block, ResponseBlock) or sample.ordinal is None:
            continue
        thresholds, mean, cov = block.responses.seen(implied)
        raw = Residuals(
            sample.cov - cov, sample.ordinal.mean - mean, sample.ordinal.thresholds - thresholds
        )
        if kind in ("raw", "cor_bentler", "cor_bollen"):
            sd, sd_implied = np.sqrt(np.diag(sample.cov)), np.sqrt(np.diag(cov))
            found.append(_scaled_responses(kind, raw, sample, (sd, sd_implied), (cov, mean)))
        else:
            own = np.diag(sample.ordinal.spread) / sample.n_obs
            found.append(_studentised_responses(raw, own if variance is None else variance, sample))
    return tuple(found)


def _scaled_responses(
    kind: str,
    raw: Residuals,
    sample: SampleMoments,
    deviations: tuple[Floats, Floats],
    implied: tuple[Floats, Floats],
) -> Residuals:
    """Return residuals in the metric of a kind that needs no sampling theory."""
    (sd, sd_implied), (cov, mean) = deviations, implied
    if kind == "raw" or raw.mean is None or sample.mean is None:
        return raw
    if kind == "cor_bentler":
        return Residuals(raw.cov / np.outer(sd, sd), raw.mean / sd, raw.thresholds)
    difference = sample.cov / np.outer(sd, sd) - cov / np.outer(sd_implied, sd_implied)
    return Residuals(difference, sample.mean / sd - mean / sd_implied, raw.thresholds)


def _studentised_responses(raw: Residuals, variances: Floats, sample: SampleMoments) -> Residuals:
    """Divide the residuals of a group with ordered items by their standard errors."""
    moments = sample.ordinal
    if moments is None or raw.mean is None or raw.thresholds is None:
        return raw
    layout = moments.layout
    vector = layout.stacked(raw.thresholds, raw.mean, raw.cov)
    reference = np.diag(moments.spread) / sample.n_obs
    ratio = _divide(vector, variances, reference)
    thresholds, means, own, pairs = layout.parts
    C, (rows, cols) = layout.continuous, layout.pairs
    cov, mean = np.zeros(raw.cov.shape), np.zeros(raw.mean.shape)
    cov[rows, cols] = cov[cols, rows] = ratio[pairs]
    cov[C, C], mean[C] = ratio[own], ratio[means]
    return Residuals(cov, mean, ratio[thresholds])


def _studentised(
    raw: Residuals, variances: tuple[Floats, Floats], sample: SampleMoments
) -> Residuals:
    """Divide residuals by the roots of their sampling variances."""
    reference = _sampling_variances(sample.cov, sample.n_obs)
    return Residuals(
        _divide(raw.cov, variances[0], reference[0]),
        None if raw.mean is None else _divide(raw.mean, variances[1], reference[1]),
    )


def _bollen(S: Floats, mean: Floats | None, implied: Implied) -> Residuals:
    """Return differences of correlations, and of means in standard deviations."""
    sd, sd_implied = np.sqrt(diagonal(S)), np.sqrt(diagonal(implied.Sigma))
    cor = S / outer(sd, sd) - implied.Sigma / outer(sd_implied, sd_implied)
    return Residuals(cor, None if mean is None else mean / sd - implied.mu / sd_implied)


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


@dataclass(frozen=True, slots=True)
class _Moves:
    """What estimation makes of one group's sampling errors.

    Parameters
    ----------
    free : ndarray of int, shape (k,)
        The group's parameters among all.
    share : float
        How much the group counts in F.
    moves, shifts : ndarray, shapes (p, p, k) and (p, k)
        D: what each parameter changes in covariances and means.
    noise, mean_noise : ndarray, shapes (p, p, k) and (p, k)
        GWD: how sampling errors go together with what they move the parameters by.
    information, middle : ndarray, shape (k, k)
        D'WD and D'WGWD.
    variances : tuple of ndarray, shapes (p, p) and (p,)
        The diagonal of G.
    """

    free: NDArray[np.intp]
    share: float
    moves: Floats
    shifts: Floats
    noise: Floats
    mean_noise: Floats
    information: Floats
    middle: Floats
    variances: tuple[Floats, Floats]

    @classmethod
    def of(cls, block: Block, implied: Implied, G: Spread, *, exact: bool) -> _Moves:
        """Compute them at the implied moments."""
        at = block.discrepancy(implied)
        curvature = at.exact if exact else at.expected
        tangents = Tangents(implied.projection, block.structure.directions)
        cov, mean = (part / 2 for part in curvature.weighted(tangents))
        noise, mean_noise = G.times(cov, mean)
        return cls(
            free=block.structure.free,
            share=block.share,
            moves=tangents.moves(),
            shifts=tangents.shifts(),
            noise=noise,
            mean_noise=mean_noise,
            information=curvature.products(tangents, tangents) / 2,
            middle=np.einsum("ijk,ijl->kl", cov, noise) + mean.T @ mean_noise,
            variances=G.variances(),
        )

    def residual_variances(
        self, V: Floats, VBV: Floats, n: int, n_all: int
    ) -> tuple[Floats, Floats]:
        """Return the group's part of the diagonal of QGQ', covariances and means."""
        V, VBV = V[np.ix_(self.free, self.free)], VBV[np.ix_(self.free, self.free)]
        cov, mean = self.variances
        both = np.einsum("ijk,kl,ijl->ij", self.moves, V, self.noise)
        moved = np.einsum("ijk,kl,ijl->ij", self.moves, VBV, self.moves)
        both_mean = np.einsum("ik,kl,il->i", self.shifts, V, self.mean_noise)
        moved_mean = np.einsum("ik,kl,il->i", self.shifts, VBV, self.shifts)
        return (
            cov / n - (2 * both - moved) / n_all,
            mean / n - (2 * both_mean - moved_mean) / n_all,
        )


def _residual_variances(
    estimate: Estimate, implied: Sequence[Implied], information: str, *, robust: bool
) -> list[tuple[Floats, Floats]]:
    """Return the sampling variances of each group's residuals.

    Parameters that groups share take up a part of each group's sampling errors, so that V, the
    inverse of D'WD, and D'WGWD are those of all groups together.
    """
    problem = estimate.problem
    size = problem.table.n_free
    total, middle = np.zeros((size, size)), np.zeros((size, size))
    groups = []
    blocks = problem.information_objective.blocks
    for block, moments, sample in zip(blocks, implied, problem.samples, strict=True):
        if isinstance(block, ResponseBlock):
            raise InferenceError("Ordered items have their own spread of moments.")
        G = _spread(problem, sample, problem.table.exogenous, information, robust=robust)
        group = _Moves.of(block, moments, G, exact=information == "observed")
        place = np.ix_(group.free, group.free)
        total[place] += group.share * group.information
        middle[place] += group.share * group.middle
        groups.append(group)
    K = independent_directions(estimate)
    V = K @ np.linalg.pinv(K.T @ total @ K, hermitian=True) @ K.T
    VBV = V @ middle @ V
    return [
        group.residual_variances(V, VBV, sample.n_obs, problem.n_obs)
        for group, sample in zip(groups, problem.samples, strict=True)
    ]


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


def root_mean_squares(estimate: Estimate) -> dict[str, float | Floats]:
    r"""Compute the root mean square residuals of a solution.

    Returns
    -------
    dict of str to float
        ``rmr srmr srmr_bentler crmr srmr_mplus``, each also with ``_nomean``.

    Notes
    -----
    SRMR: residuals divided by sample standard deviations [bentler1995]_; CRMR: differences of
    correlations, without the diagonal [bollen1989]_; the Mplus form takes relative differences of
    the variances on the diagonal of the latter, and is not defined for ordered items. With these,
    thresholds take the place of means, and SRMR leaves them out. Groups are averaged by their size.
    """
    problem = estimate.problem
    groups: list[dict[str, float | Floats]] = []
    for sample, structure, implied in zip(
        problem.samples, problem.structures, problem.implied(estimate.params), strict=True
    ):
        values = (
            moment_rms(sample.cov, _modelled_mean(sample, structure), implied)
            if structure.responses is None
            else _response_rms(estimate, len(groups))
        )
        groups.append(values)
    return averaged_rms(groups, [sample.n_obs for sample in problem.samples])


def averaged_rms(
    groups: Sequence[Mapping[str, float | Floats]], sizes: Sequence[int]
) -> dict[str, float | Floats]:
    """Average the root mean squares of groups by their sizes."""
    n = sum(sizes)
    total: dict[str, float | Floats] = dict.fromkeys(groups[0], 0.0)
    for values, size in zip(groups, sizes, strict=True):
        for name, value in values.items():
            total[name] = total[name] + size / n * value
    return total


def moment_rms(
    S: Floats, mean: Floats | None, implied: Implied, kinds: Sequence[str] = RMS_KINDS
) -> dict[str, float | Floats]:
    """Compute the root mean squares of one group without ordered items.

    Parameters
    ----------
    S : ndarray, shape (..., p, p)
        Sample covariance matrices.
    mean : ndarray, shape (..., p), or None
        Sample means; None if the model explains none.
    implied : Implied
        Implied moments of the same samples.
    kinds : sequence of str
        Which of :data:`RMS_KINDS`.

    Returns
    -------
    dict
        As of :func:`root_mean_squares`, arrays of shape (...).
    """
    values: dict[str, float | Floats] = {}
    for name in kinds:
        cov, gap = _summed(name, S, mean, implied)
        plain = _root_mean_square(cov)
        values[f"{name}_nomean"] = plain
        both = None if gap is None else np.concatenate([cov, gap], axis=-1)
        values[name] = plain if both is None else _root_mean_square(both)
    return values | ({"srmr_bentler": values["srmr"]} if "srmr" in values else {})


def _summed(
    name: str, S: Floats, mean: Floats | None, implied: Implied
) -> tuple[Floats, Floats | None]:
    """Return the residuals whose squares a root mean square averages: covariances, then means."""
    p = S.shape[-1]
    rows, cols = np.tril_indices(p, -1 if name == "crmr" else 0)
    if name in ("rmr", "srmr"):
        found = _of_kind("raw" if name == "rmr" else "cor_bentler", S, mean, implied)
        return found.cov[..., rows, cols], found.mean
    bollen = _of_kind("cor_bollen", S, mean, implied)
    if name == "crmr":
        return bollen.cov[..., rows, cols], _of_kind("cor_bentler", S, mean, implied).mean
    relative = diagonal(S - implied.Sigma) / diagonal(S)
    return (bollen.cov + relative[..., None] * np.eye(p))[..., rows, cols], bollen.mean


def _response_rms(estimate: Estimate, group: int) -> dict[str, float | Floats]:
    """Return the root mean squares of a group with ordered items."""
    parts = {
        "rmr": residuals(estimate, "raw")[group],
        "srmr": residuals(estimate, "cor_bentler")[group],
        "crmr": residuals(estimate, "cor_bollen")[group],
    }
    low, strict = (np.tril_indices(len(parts["rmr"].cov), shift) for shift in (0, -1))
    values: dict[str, float | Floats] = {}
    for name, found in parts.items():
        cov = found.cov[strict if name == "crmr" else low]
        thresholds = np.empty(0) if found.thresholds is None else found.thresholds
        values[f"{name}_nomean"] = _root_mean_square(cov)
        values[name] = _root_mean_square(np.concatenate([cov, thresholds]))
    nothing = float("nan")
    return values | {
        "srmr_bentler": values["srmr"],
        "srmr": values["srmr_nomean"],
        "srmr_mplus": nothing,
        "srmr_mplus_nomean": nothing,
    }


def _root_mean_square(values: Floats) -> Floats:
    """Return the root of the mean square over the last axis; 0 for none."""
    if not values.shape[-1]:
        return np.zeros(values.shape[:-1])
    return np.asarray(np.sqrt(np.mean(values**2, axis=-1)))
