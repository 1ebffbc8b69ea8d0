"""How well do a construct's indicators measure it? The formulas, of arrays alone.

Every function takes leading batch axes, so that one sample and a bootstrap run through the same
code: a single set of loadings gives a single number. Which loadings to hand over, and what a value
means, is decided in :mod:`trustsem.validity.convergent`.

Two families of reliability and AVE are in use and differ. Fornell & Larcker's take the completely
standardised solution, so that each indicator counts alike. The ``_observed`` variants stay in the
metric of the items and divide by observed variances, so that items with large variances
count more.

Complex arguments pass through: delta-method errors rest on exact derivatives (complex step).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trustsem.arrays import Numbers, diagonal
from trustsem.errors import ImproperSolutionError, UndefinedIndexError


def cronbach_alpha(cov: ArrayLike) -> Numbers:
    r"""Compute Cronbach's alpha of a sum score from the covariances of its items.

    Parameters
    ----------
    cov : array_like, shape (..., k, k)
        Covariances of the items with any divisor; squared scale points.

    Returns
    -------
    ndarray, shape (...)
        Alpha; unitless, at most 1, negative when the items covary negatively on average.

    Raises
    ------
    UndefinedIndexError
        If there are fewer than two items.

    Notes
    -----
    .. math:: \frac{k}{k-1} \left(1 - \frac{\sum_i s_{ii}}{\sum_{ij} s_{ij}}\right)

    Equals reliability only for items with equal loadings and uncorrelated residuals. The divisor
    of the covariances cancels.

    References
    ----------
    Cronbach (1951) [cronbach1951]_.

    Examples
    --------
    >>> float(cronbach_alpha([[2.0, 1.0], [1.0, 2.0]])).__round__(6)
    0.666667
    """
    S = as_numbers(cov)
    n_items = S.shape[-1]
    _require_several(n_items, "Cronbach's alpha")
    share = diagonal(S).sum(axis=-1) / S.sum(axis=(-2, -1))
    return np.asarray(n_items / (n_items - 1) * (1 - share))


def standardized_alpha(cov: ArrayLike) -> Numbers:
    r"""Compute alpha of a sum of standardised items.

    Parameters
    ----------
    cov : array_like, shape (..., k, k)
        Covariances or correlations of the items.

    Returns
    -------
    ndarray, shape (...)
        Alpha of the items after each is given variance 1; unitless.

    Raises
    ------
    UndefinedIndexError
        If there are fewer than two items.

    Notes
    -----
    .. math:: k \bar r / \{1 + (k - 1) \bar r\}

    with the mean correlation :math:`\bar r` of the distinct pairs.

    References
    ----------
    Cronbach (1951) [cronbach1951]_.
    """
    S = as_numbers(cov)
    sd = np.sqrt(diagonal(S))
    return cronbach_alpha(S / (sd[..., :, None] * sd[..., None, :]))


def composite_reliability(
    loadings: ArrayLike, residual_variances: ArrayLike, residual_covariances: ArrayLike = 0.0
) -> Numbers:
    r"""Compute the share of a sum score's implied variance that is due to its construct.

    Parameters
    ----------
    loadings : array_like, shape (..., k)
        Loadings, construct variance fixed at 1. Completely standardised for Fornell & Larcker's
        coefficient (unitless), in scale points for the reliability of the unweighted sum.
    residual_variances : array_like, shape (..., k)
        Residual variance of each indicator in the square of the loadings' unit, not negative.
    residual_covariances : array_like, shape (...), default 0
        Sum of the residual covariances among these indicators, each pair once.

    Returns
    -------
    ndarray, shape (...)
        Reliability; unitless.

    Raises
    ------
    ImproperSolutionError
        If a residual variance is negative (a Heywood case).

    Notes
    -----
    .. math::

        \frac{(\sum \lambda_i)^2}
             {(\sum \lambda_i)^2 + \sum \theta_{ii} + 2 \sum_{i<j} \theta_{ij}}

    Each indicator measures this construct only.

    References
    ----------
    Jöreskog (1971) [joreskog1971]_; Fornell & Larcker (1981) [fornell1981]_.

    Examples
    --------
    >>> float(composite_reliability([0.8, 0.7, 0.9], [0.36, 0.51, 0.19])).__round__(3)
    0.845
    """
    Lambda, Theta = _proper(loadings, residual_variances)
    explained = Lambda.sum(axis=-1) ** 2
    unexplained = Theta.sum(axis=-1) + 2 * as_numbers(residual_covariances)
    return np.asarray(explained / (explained + unexplained))


def composite_reliability_observed(
    loadings: ArrayLike, construct_variance: ArrayLike, observed_cov: ArrayLike
) -> Numbers:
    r"""Compute the share of a sum score's observed variance that is due to its construct.

    Parameters
    ----------
    loadings : array_like, shape (..., k)
        Unstandardised loadings.
    construct_variance : array_like, shape (...)
        Total variance of the construct, which in a structural model is more than its residual
        variance.
    observed_cov : array_like, shape (..., k, k)
        Covariances of the items as analysed, with the divisor that the estimates used.

    Returns
    -------
    ndarray, shape (...)
        Coefficient omega of the unweighted sum; unitless.

    Raises
    ------
    ImproperSolutionError
        If the construct's variance is negative.

    Notes
    -----
    .. math:: (\sum \lambda_i)^2 \psi / \sum_{ij} s_{ij}

    Residual covariances count as error by themselves, being part of the observed variance.

    References
    ----------
    McDonald (1999) [mcdonald1999]_.
    """
    Lambda, psi = _proper_construct(loadings, construct_variance)
    S = as_numbers(observed_cov)
    return np.asarray(Lambda.sum(axis=-1) ** 2 * psi / S.sum(axis=(-2, -1)))


def average_variance_extracted(loadings: ArrayLike, residual_variances: ArrayLike) -> Numbers:
    r"""Compute the share of the indicators' variance that their construct explains on average.

    Parameters
    ----------
    loadings : array_like, shape (..., k)
        Completely standardised loadings; unitless.
    residual_variances : array_like, shape (..., k)
        Completely standardised residual variances, not negative; unitless.

    Returns
    -------
    ndarray, shape (...)
        Average variance extracted in [0, 1]; unitless.

    Raises
    ------
    ImproperSolutionError
        If a residual variance is negative (a Heywood case).

    Notes
    -----
    .. math:: \sum \lambda_i^2 / (\sum \lambda_i^2 + \sum \theta_{ii})

    which is the mean squared loading when each indicator measures this construct only.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_.

    Examples
    --------
    >>> float(average_variance_extracted([0.8, 0.6], [0.36, 0.64]))
    0.5
    """
    Lambda, Theta = _proper(loadings, residual_variances)
    explained = (Lambda**2).sum(axis=-1)
    return np.asarray(explained / (explained + Theta.sum(axis=-1)))


def ave_observed(
    loadings: ArrayLike, construct_variance: ArrayLike, observed_variances: ArrayLike
) -> Numbers:
    r"""Compute the share of the items' total observed variance that their construct explains.

    Parameters
    ----------
    loadings : array_like, shape (..., k)
        Unstandardised loadings.
    construct_variance : array_like, shape (...)
        Total variance of the construct.
    observed_variances : array_like, shape (..., k)
        Variances of the items as analysed, with the divisor that the estimates used.

    Returns
    -------
    ndarray, shape (...)
        Average variance extracted, weighted by the items' variances; unitless.

    Raises
    ------
    ImproperSolutionError
        If the construct's variance is negative.

    Notes
    -----
    .. math:: \sum \lambda_i^2 \psi / \sum s_{ii}

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_, in the metric of the items.
    """
    Lambda, psi = _proper_construct(loadings, construct_variance)
    total = as_numbers(observed_variances).sum(axis=-1)
    return np.asarray((Lambda**2).sum(axis=-1) * psi / total)


def coefficient_h(std_loadings: ArrayLike) -> Numbers:
    r"""Compute the reliability of the optimally weighted composite of the indicators.

    Parameters
    ----------
    std_loadings : array_like, shape (..., k)
        Completely standardised loadings, each below 1 in absolute value; unitless.

    Returns
    -------
    ndarray, shape (...)
        Maximal reliability in [0, 1]; unitless, never below the squared loading of the best
        indicator.

    Raises
    ------
    ImproperSolutionError
        If a loading reaches 1 in absolute value.

    Notes
    -----
    .. math:: \left[1 + 1 / \sum \frac{\lambda_i^2}{1 - \lambda_i^2}\right]^{-1}

    Assumes uncorrelated residuals and that each indicator measures this construct only.

    References
    ----------
    Hancock & Mueller (2001) [hancock2001]_.
    """
    squared = as_numbers(std_loadings) ** 2
    if np.any(squared.real >= 1):
        raise ImproperSolutionError(
            "Coefficient H does not exist: a standardised loading reaches 1 in absolute value.",
            remedy="Respecify the construct, or fix the residual variance with a reason.",
        )
    signal = (squared / (1 - squared)).sum(axis=-1)
    return np.asarray(signal / (1 + signal))


def maximum_shared_variance(phi: ArrayLike) -> Numbers:
    r"""Compute each construct's largest squared correlation with another construct.

    Parameters
    ----------
    phi : array_like, shape (..., m, m)
        Construct correlations; unitless.

    Returns
    -------
    ndarray, shape (..., m)
        Maximum shared variance; NaN where a construct has no other beside it.

    Notes
    -----
    .. math:: \max_{j \ne i} \phi_{ij}^2

    References
    ----------
    Hair et al. (2019) [hair2019]_.
    """
    shared = _shared_variances(phi)
    if shared.shape[-1] == 0:
        return np.full(shared.shape[:-1], np.nan)
    largest = np.argmax(shared.real, axis=-1)[..., None]
    return np.take_along_axis(shared, largest, axis=-1)[..., 0]


def average_shared_variance(phi: ArrayLike) -> Numbers:
    r"""Compute each construct's mean squared correlation with the other constructs.

    Parameters
    ----------
    phi : array_like, shape (..., m, m)
        Construct correlations; unitless.

    Returns
    -------
    ndarray, shape (..., m)
        Average shared variance; NaN where a construct has no other beside it.

    Notes
    -----
    .. math:: \sum_{j \ne i} \phi_{ij}^2 / (m - 1)

    References
    ----------
    Hair et al. (2019) [hair2019]_.
    """
    shared = _shared_variances(phi)
    if shared.shape[-1] == 0:
        return np.full(shared.shape[:-1], np.nan)
    return np.asarray(shared.mean(axis=-1))


def item_r2(residual_variances: ArrayLike, total_variances: ArrayLike) -> Numbers:
    r"""Compute the share of each indicator's variance that the model explains.

    Parameters
    ----------
    residual_variances : array_like, shape (..., k)
        Residual variances; any unit.
    total_variances : array_like, shape (..., k)
        Implied variances in the same unit.

    Returns
    -------
    ndarray, shape (..., k)
        Squared multiple correlations; unitless.

    Raises
    ------
    ImproperSolutionError
        If a residual variance is negative.

    Notes
    -----
    .. math:: 1 - \theta_{ii} / \sigma_{ii}

    References
    ----------
    Bollen (1989) [bollen1989]_.
    """
    total, Theta = _proper(total_variances, residual_variances)
    return np.asarray(1 - Theta / total)


def as_numbers(values: ArrayLike) -> Numbers:
    """Return an array of floats, or of complex numbers where derivatives are taken."""
    array = np.asarray(values)
    return array if array.dtype.kind == "c" else array.astype(float)


def _shared_variances(phi: ArrayLike) -> Numbers:
    """Return squared correlations with every *other* construct, shape (..., m, m - 1)."""
    squared = as_numbers(phi) ** 2
    m = squared.shape[-1]
    others = ~np.eye(m, dtype=bool)
    return np.asarray(squared[..., others].reshape(*squared.shape[:-2], m, max(m - 1, 0)))


def _require_several(n_items: int, index: str) -> None:
    """Raise unless a sum score has at least two items."""
    if n_items < 2:  # noqa: PLR2004 - the definition needs a pair
        raise UndefinedIndexError(f"{index} is not defined for a single item.")


def _proper(values: ArrayLike, residual_variances: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return both as arrays, refusing negative residual variances."""
    Theta = as_numbers(residual_variances)
    if np.any(Theta.real < 0):
        raise ImproperSolutionError(
            "The index does not exist: a residual variance is negative (a Heywood case).",
            remedy="Respecify the construct, or fix the residual variance with a reason.",
        )
    return as_numbers(values), Theta


def _proper_construct(
    loadings: ArrayLike, construct_variance: ArrayLike
) -> tuple[Numbers, Numbers]:
    """Return both as arrays, refusing a negative construct variance."""
    psi = as_numbers(construct_variance)
    if np.any(psi.real < 0):
        raise ImproperSolutionError(
            "The index does not exist: the variance of the construct is negative.",
            remedy="Check the marker item and the sign of its correlations.",
        )
    return as_numbers(loadings), psi
