"""Bootstrap confidence intervals: from replicates of statistics to limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from trustsem.arrays import Floats


def bootstrap_quantiles(values: Floats, probability: Floats) -> Floats:
    """Interpolate between ordered replicates on the scale of normal quantiles.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Replicates of k statistics; missing ones (NaN) are left out.
    probability : ndarray, shape (k,)
        Which quantile of each.

    Returns
    -------
    ndarray, shape (k,)
        NaN where the probability is.

    Notes
    -----
    With n replicates the quantile of p lies at place (n + 1)p of their order [davison1997]_, eq.
    5.8. Beyond the first or last replicate it is that replicate.
    """
    ordered = np.sort(values, axis=0)  # NaN last
    n = np.isfinite(values).sum(axis=0)
    exists = np.isfinite(probability) & (n > 0)
    n = np.where(exists, n, 1)
    place = (n + 1) * np.where(exists, probability, 0.5)
    below = np.clip(np.floor(place).astype(np.intp), 1, n)
    above = np.minimum(below + 1, n)
    first = np.take_along_axis(ordered, below[None] - 1, axis=0)[0]
    second = np.take_along_axis(ordered, above[None] - 1, axis=0)[0]
    within = (place > 1) & (place < n) & (below < above)
    low = ndtri(below / (n + 1))
    width = np.where(within, ndtri(np.where(within, above, below + 0.5) / (n + 1)) - low, 1.0)
    position = ndtri(np.where(within, place, below) / (n + 1)) - low
    share = np.where(within, position / np.where(width == 0, 1.0, width), 0.0)
    return np.where(exists, first + share * (second - first), np.nan)


def percentile_interval(values: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the central replicates [efron1979]_; parameters as in :func:`bca_interval`."""
    tail = np.full(values.shape[1], (1 - level) / 2)
    return bootstrap_quantiles(values, tail), bootstrap_quantiles(values, 1 - tail)


def bca_interval(
    estimate: Floats, values: Floats, level: float, acceleration: Floats | float = 0.0
) -> tuple[Floats, Floats]:
    r"""Return bias-corrected and accelerated limits [efron1987]_, [diciccio1996]_.

    Parameters
    ----------
    estimate : ndarray, shape (k,)
        Statistics of the sample.
    values : ndarray, shape (n, k)
        Their replicates.
    level : float
        Confidence level.
    acceleration : ndarray, shape (k,), or float
        a; 0 corrects for bias only.

    Returns
    -------
    lower, upper : ndarray, shape (k,)
        NaN where all replicates lie on one side of the estimate.

    Notes
    -----
    The limits are the quantiles :math:`\Phi[z_0 + (z_0 + z)/(1 - a(z_0 + z))]`, with
    :math:`\Phi(z_0)` the share of replicates below the estimate.
    """
    exists = np.isfinite(values)
    count = np.maximum(exists.sum(axis=0), 1)
    share = (exists & (values < estimate)).sum(axis=0) / count
    inside = (share > 0) & (share < 1)
    z0 = np.where(inside, ndtri(np.where(inside, share, 0.5)), np.nan)
    limits = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = z0 + ndtri(tail)
        probability = ndtr(z0 + shifted / (1 - acceleration * shifted))
        limits.append(bootstrap_quantiles(values, np.asarray(probability)))
    constant = np.where(exists, values == estimate, True).all(axis=0)
    lower, upper = (np.where(constant, estimate, limit) for limit in limits)
    return lower, upper


def studentised_interval(
    estimate: Floats, error: Floats, values: Floats, errors: Floats, level: float
) -> tuple[Floats, Floats]:
    """Return limits from replicates of (estimate - truth) / standard error [diciccio1996]_.

    Parameters
    ----------
    estimate, error : ndarray, shape (k,)
        Statistics of the sample and their standard errors.
    values, errors : ndarray, shape (n, k)
        The same of the replicates.
    level : float
        Confidence level.
    """
    exists = np.isfinite(errors) & (errors > 0)
    ratios = np.where(exists, (values - estimate) / np.where(exists, errors, 1.0), np.nan)
    tail = np.full(len(estimate), (1 - level) / 2)
    upper = estimate - error * bootstrap_quantiles(ratios, tail)
    return estimate - error * bootstrap_quantiles(ratios, 1 - tail), upper


def jackknife_acceleration(values: Floats, strata: NDArray[np.intp]) -> Floats:
    r"""Return the acceleration a from statistics of samples that lack one case each.

    Parameters
    ----------
    values : ndarray, shape (N, k)
        The statistics.
    strata : ndarray of int, shape (N,)
        The group of the case that is left out.

    Notes
    -----
    :math:`a = \tfrac16 \sum l^3 / (\sum l^2)^{3/2}`, where l is the influence of a case over the
    size of its group, here by the jackknife: (n - 1)/n times the mean in the group less the value
    [efron1987]_; for several groups [davison1997]_, eq. 5.45. A constant
    has none.
    """
    influence = np.empty_like(values)
    for stratum in np.unique(strata):
        chosen = strata == stratum
        size = int(chosen.sum())
        part = values[chosen]
        influence[chosen] = (size - 1) / size * (part.mean(axis=0) - part)
    square = (influence**2).sum(axis=0)
    moves = square > 0
    cube = (influence**3).sum(axis=0)
    return np.where(moves, cube / (6 * np.where(moves, square, 1.0) ** 1.5), 0.0)
