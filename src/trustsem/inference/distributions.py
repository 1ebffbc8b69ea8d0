"""Chi-square distributions, central and noncentral, of statistics that may be corrected."""

from __future__ import annotations

import numpy as np
from scipy import special

from trustsem.arrays import Floats

_NEVER = 1e-100
"""A probability so small that numerics of the noncentral distribution overflow."""
_CANCELLED = 1e-5
"""Probabilities above a value that are smaller lose digits as complements."""
_SPREAD = 15.0
"""Standard deviations over which a mixture is summed."""


def chi_square_below(chisq: float, df: float) -> float:
    """Return the probability of a chi-square below a value; NaN without degrees of freedom."""
    return float(special.chdtr(df, max(chisq, 0.0))) if df > 0 else float("nan")


def chi_square_above(chisq: float, df: float) -> float:
    """Return the probability of a chi-square above a value, precise also if small.

    NaN without degrees of freedom.
    """
    return float(chi_squares_above(np.asarray(chisq, dtype=float), df))


def chi_squares_above(chisq: Floats, df: float) -> Floats:
    """Return the same of an array of values."""
    if df <= 0:
        return np.full(chisq.shape, np.nan)
    return np.asarray(special.chdtrc(df, np.maximum(chisq, 0.0)))


def noncentral_below(chisq: float, df: float, noncentrality: float) -> float:
    """Return the probability of a noncentral chi-square below a value."""
    if chi_square_below(chisq, df) < _NEVER:
        return 0.0
    return float(special.chndtr(chisq, df, noncentrality))


def noncentral_above(chisq: float, df: float, noncentrality: float) -> float:
    r"""Return the probability of a noncentral chi-square above a value, precise also if small.

    Notes
    -----
    Where the complement of the probability below has no digits left, the mixture is summed:
    :math:`\sum_j \mathrm{Pois}(j; \lambda/2)\, P(\chi^2_{df+2j} > x)`, all of whose terms are
    positive. They are largest near :math:`j = \sqrt{\lambda x}/2`.
    """
    above = 1.0 - noncentral_below(chisq, df, noncentrality)
    if above > _CANCELLED:
        return above
    most = max(noncentrality, np.sqrt(noncentrality * chisq)) / 2
    j = np.arange(int(most + _SPREAD * np.sqrt(most + 1)) + 1)
    weight = np.exp(
        special.xlogy(j, noncentrality / 2) - noncentrality / 2 - special.gammaln(j + 1)
    )
    return float(weight @ special.chdtrc(df + 2 * j, chisq))
