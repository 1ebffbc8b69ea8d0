"""Sample moments of other cases: of the same kind, whatever kind that is."""

from __future__ import annotations

from dataclasses import replace

from trustsem.arrays import Floats
from trustsem.moments.incomplete import incomplete_moments
from trustsem.moments.ordinal import renewed_ordinal
from trustsem.moments.sample import SampleMoments, complete_moments


def renewed(sample: SampleMoments, data: Floats, *, variances_only: bool = False) -> SampleMoments:
    """Form the moments of other cases as those of a sample were formed.

    Parameters
    ----------
    sample : SampleMoments
        Tells variables, divisor, categories, and whether cases are incomplete.
    data : ndarray, shape (n, p)
        Cases, as in the sample's own ``data``.
    variances_only : bool
        Of the spread of moments of ordered items the diagonal is needed only; the rest is NaN.

    Raises
    ------
    MomentsError
        If they cannot be formed: a category is empty, a variable constant, a pair never observed.
    """
    alike = replace(sample, data=data, n_obs=len(data), rows=None)
    if sample.ordinal is not None:
        moments = renewed_ordinal(sample.ordinal, data, variances_only=variances_only)
        return replace(alike, cov=moments.cov, mean=moments.mean, ordinal=moments)
    if sample.patterns is not None:
        patterns, found = incomplete_moments(data, sample.names)
        return replace(alike, cov=found.cov, mean=found.mean, patterns=patterns)
    cov, mean = complete_moments(data, sample.names, sample.divisor)
    return replace(alike, cov=cov, mean=mean)
