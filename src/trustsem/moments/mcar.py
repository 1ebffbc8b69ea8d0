"""Are answers missing completely at random? Little's test over the patterns of missing answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from trustsem.arrays import Floats
from trustsem.errors import MomentsError
from trustsem.moments.incomplete import incomplete_moments
from trustsem.moments.sample import numeric_columns

_MOST_WORK = 1e8
"""Patterns times cubed number of variables; with more, a test takes minutes and means little."""


@dataclass(frozen=True, slots=True)
class McarTest:
    """Little's test, or the reason why there is none.

    Parameters
    ----------
    chisq : float
        Test statistic d²; NaN where it does not exist.
    df : float
        Observed variables summed over the patterns, less the number of variables.
    pvalue : float
        Chance of a larger value if answers are missing completely at random and normal.
    n_obs : int
        Cases with at least one answer.
    n_patterns : int
        Patterns among them, the complete one included.
    reason : str
        Why there is no test, or an empty string.
    """

    chisq: float
    df: float
    pvalue: float
    n_obs: int
    n_patterns: int
    reason: str = ""


def little_test(frame: pd.DataFrame, names: Sequence[str]) -> McarTest:
    r"""Test whether answers are missing completely at random.

    Parameters
    ----------
    frame : DataFrame
        Raw data, NaN for missing.
    names : sequence of str
        Variables.

    Returns
    -------
    McarTest
        Without a test where nothing is missing, where the saturated moments do not exist or do not
        converge, or where there are thousands of patterns.

    Raises
    ------
    UnknownIndicatorError, NotNumericError
        If a variable is not a column or holds text.

    Notes
    -----
    With :math:`\hat\mu, \hat\Sigma` the maximum-likelihood moments of all cases (divisor N), and
    :math:`n_j, \bar y_j` cases and means of pattern j,

    .. math:: d^2 = \sum_j n_j (\bar y_j - \hat\mu_j)' \hat\Sigma_j^{-1} (\bar y_j - \hat\mu_j)

    is chi-square with :math:`\sum_j p_j - p` degrees of freedom in large samples. Little's paper
    offers :math:`N/(N-1)\,\hat\Sigma` for small ones, by which :math:`d^2` is smaller by
    :math:`(N-1)/N`; programs print the form above.

    References
    ----------
    Little (1988) [little1988]_.
    """
    values = numeric_columns(frame, names)
    data = values[~np.isnan(values).all(axis=1)]
    n_distinct = len(np.unique(np.isnan(data), axis=0))
    obstacle = _obstacle(data, n_distinct)
    if obstacle:
        return _no_test(len(data), n_distinct, obstacle)
    try:
        patterns, moments = incomplete_moments(data, names)
    except MomentsError as error:
        return _no_test(len(data), n_distinct, str(error))
    if not moments.converged:
        return _no_test(len(data), n_distinct, "The moments of the incomplete data do not settle.")
    df = float(patterns.observed.sum() - len(names))
    gap = np.where(patterns.observed, patterns.mean - moments.mean, 0.0)
    W = patterns.inverses(moments.cov)
    chisq = float(np.einsum("j,ja,jab,jb->", patterns.counts, gap, W, gap))
    return McarTest(chisq, df, float(chdtrc(df, chisq)), len(data), n_distinct)


def _obstacle(data: Floats, n_patterns: int) -> str:
    """Return why cases cannot be tested, or an empty string."""
    if not np.isnan(data).any():
        return "No answer is missing."
    if n_patterns == 1:
        return "All cases have the same pattern."
    if len(data) <= data.shape[1]:
        return "There are not more cases than variables."
    if n_patterns * data.shape[1] ** 3 > _MOST_WORK:
        return f"There are too many patterns ({n_patterns}) for a test."
    return ""


def _no_test(n_obs: int, n_patterns: int, reason: str) -> McarTest:
    return McarTest(np.nan, np.nan, np.nan, n_obs, n_patterns, reason)
