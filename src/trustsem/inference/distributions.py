"""The chi-square distribution of statistics that corrections may make negative."""

from __future__ import annotations

import numpy as np
from scipy import special

from trustsem.arrays import Floats


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
