"""How sure is an index? Errors by the delta method, intervals, and the chance of a criterion.

Indices are functions of the observed covariances (alpha, HTMT) or of a model's parameters
(composite reliability, AVE, ...). The kernels see arrays alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from trustsem.arrays import Floats, Numbers, complex_step_jacobian, forms

Scale = Literal["natural", "logit"]
"""Where a sampling distribution is taken for normal. ``logit``: ln(x / (1 - x)), for shares of
variance, whose intervals then stay between 0 and 1."""


def moment_weights(function: Callable[[Numbers], Numbers], S: Floats) -> Floats:
    """Differentiate functions of a covariance matrix.

    Parameters
    ----------
    function : callable
        Maps a stack of covariance matrices (b, p, p), real or complex, to values (b, k).
    S : ndarray, shape (p, p)
        Where to differentiate.

    Returns
    -------
    ndarray, shape (k, p, p)
        Symmetric C with dF = tr(C dS); exact (complex step).
    """
    p = len(S)
    rows, cols = np.tril_indices(p)

    def of_triangle(values: Numbers) -> Numbers:
        full = np.zeros((len(values), p, p), dtype=values.dtype)
        full[:, rows, cols] = values
        full[:, cols, rows] = values
        return function(full)

    slopes = complex_step_jacobian(of_triangle, S[rows, cols])
    C = np.zeros((len(slopes), p, p))
    shared = np.where(rows == cols, slopes, slopes / 2)
    C[:, rows, cols] = shared
    C[:, cols, rows] = shared
    return C


def moment_covariance(C: Floats, S: Floats, n_obs: int, cases: Floats | None = None) -> Floats:
    r"""Compute the sampling covariance of functions of a covariance matrix.

    Parameters
    ----------
    C : ndarray, shape (k, p, p)
        Their derivatives, as :func:`moment_weights` returns them.
    S : ndarray, shape (p, p)
        The covariance matrix, with any divisor.
    n_obs : int
        Number of cases.
    cases : ndarray, shape (n_obs, p), optional
        The answers. With them no distribution is assumed; without, a normal one is.

    Returns
    -------
    ndarray, shape (k, k)

    Notes
    -----
    For data of any distribution the mean product of the casewise contributions
    :math:`(x - \bar x)' C (x - \bar x) - \mathrm{tr}(C S)`, over N [maydeu2007]_; under normality
    :math:`2\,\mathrm{tr}(C_k S C_l S) / N` [vanzyl2000]_.
    """
    if cases is None:
        products = C @ S
        return np.asarray(2 * np.einsum("kij,lji->kl", products, products) / n_obs)
    centred = cases - cases.mean(axis=0)
    contributions = np.einsum("ni,kij,nj->nk", centred, C, centred, optimize=True)
    contributions -= contributions.mean(axis=0)
    contributions *= np.trace(S) / (centred**2).sum(axis=1).mean()  # the divisor of S
    return np.asarray(contributions.T @ contributions / n_obs**2)


def delta_errors(J: Floats, covariance: Floats) -> Floats:
    """Return the roots of the diagonal of J V J'; NaN where a derivative does not exist."""
    variances = forms(J, covariance)
    return np.asarray(np.sqrt(np.where(variances >= 0, variances, np.nan)))


def interval(
    estimate: ArrayLike, se: ArrayLike, scale: Scale = "natural", level: float = 0.95
) -> tuple[Floats, Floats]:
    r"""Compute a confidence interval on the scale on which the estimate is taken for normal.

    Parameters
    ----------
    estimate, se : array_like, shape (...)
        Estimates and standard errors on the natural scale.
    scale : {"natural", "logit"}
        See :data:`Scale`.
    level : float
        Coverage.

    Returns
    -------
    lower, upper : ndarray, shape (...)
        NaN where there is no standard error, or the estimate lies outside the scale.

    Notes
    -----
    On the logit scale the standard error is :math:`\mathrm{SE}/\{x(1-x)\}` and the limits are
    transformed back [raykov2011]_, [kelley2016]_.
    """
    centre, spread = _on_scale(np.asarray(estimate, dtype=float), np.asarray(se, float), scale)
    reach = float(special.ndtri((1 + level) / 2)) * spread
    return _back(centre - reach, scale), _back(centre + reach, scale)


def probability_above(
    estimate: ArrayLike, se: ArrayLike, criterion: ArrayLike, scale: Scale = "natural"
) -> Floats:
    r"""Compute the probability that a population value exceeds a criterion.

    Parameters
    ----------
    estimate, se : array_like, shape (...)
        Estimates and standard errors on the natural scale.
    criterion : array_like, shape (...)
        Criterion, inside the scale.
    scale : {"natural", "logit"}
        See :data:`Scale`.

    Returns
    -------
    ndarray, shape (...)
        :math:`\Phi\{(g(x) - g(c)) / \mathrm{SE}_g\}`: one minus the p-value of the one-sided test
        that the criterion is missed, or the posterior probability under a flat prior on that scale.
        It is .975 where the lower 95 % limit meets the criterion.
    """
    centre, spread = _on_scale(np.asarray(estimate, dtype=float), np.asarray(se, float), scale)
    target = np.asarray(criterion, dtype=float)
    if scale == "logit":
        target = np.log(target / (1 - target))
    positive = np.where(spread > 0, spread, np.nan)
    return np.asarray(special.ndtr((centre - target) / positive))


def _on_scale(estimate: Floats, se: Floats, scale: Scale) -> tuple[Floats, Floats]:
    """Return estimate and standard error on a scale; NaN outside it."""
    if scale == "natural":
        return estimate, se
    inside = (estimate > 0) & (estimate < 1)
    x = np.where(inside, estimate, np.nan)
    return np.log(x / (1 - x)), se / (x * (1 - x))


def _back(values: Floats, scale: Scale) -> Floats:
    """Return values on the natural scale."""
    return values if scale == "natural" else 1 / (1 + np.exp(-values))
