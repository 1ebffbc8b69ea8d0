"""Are answers missing completely at random? Little's test over the patterns of missing answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from trustsem.errors import MomentsError
from trustsem.moments.incomplete import incomplete_moments
from trustsem.moments.sample import numeric_columns


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
        Without a test where nothing is missing, or where the saturated moments do not exist or do
        not converge.

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
    if not np.isnan(data).any():
        return _no_test(len(data), min(len(data), 1), "No answer is missing.")
    if len(data) <= len(names):
        return _no_test(len(data), 0, "There are not more cases than variables.")
    try:
        patterns, moments = incomplete_moments(data, names)
    except MomentsError as error:
        return _no_test(len(data), 0, str(error))
    n_patterns = len(patterns.counts)
    if not moments.converged:
        return _no_test(len(data), n_patterns, "The moments of the incomplete data do not settle.")
    df = float(patterns.observed.sum() - len(names))
    if df == 0:
        return _no_test(len(data), n_patterns, "All cases have the same pattern.")
    gap = np.where(patterns.observed, patterns.mean - moments.mean, 0.0)
    W = patterns.inverses(moments.cov)
    chisq = float(np.einsum("j,ja,jab,jb->", patterns.counts, gap, W, gap))
    return McarTest(chisq, df, float(chdtrc(df, chisq)), len(data), n_patterns)


def _no_test(n_obs: int, n_patterns: int, reason: str) -> McarTest:
    return McarTest(np.nan, np.nan, np.nan, n_obs, n_patterns, reason)
