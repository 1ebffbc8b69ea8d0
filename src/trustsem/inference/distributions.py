"""The chi-square distribution of statistics that corrections may make negative."""

from __future__ import annotations

from scipy import special


def chi_square_below(chisq: float, df: float) -> float:
    """Return the probability of a chi-square below a value; NaN without degrees of freedom."""
    return float(special.chdtr(df, max(chisq, 0.0))) if df > 0 else float("nan")


def chi_square_above(chisq: float, df: float) -> float:
    """Return the probability of a chi-square above a value, precise also if small.

    NaN without degrees of freedom.
    """
    return float(special.chdtrc(df, max(chisq, 0.0))) if df > 0 else float("nan")
