"""Which estimates differ between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.arrays import Floats

_SMALLEST = 1e-12
"""Variance of a difference, relative to those of its estimates, that counts as none."""


def differences(
    places: Mapping[tuple[str, str, str], Sequence[int]], estimates: Floats, covariance: Floats
) -> dict[tuple[str, str, str], float]:
    """Test for each parameter whether it is equal in all groups [wald1943]_.

    Parameters
    ----------
    places : mapping
        By ``(lhs, op, rhs)``: where its free parameters stand, one for each group.
    estimates : ndarray, shape (q,)
        Free parameters.
    covariance : ndarray, shape (q, q)
        Their sampling covariance.

    Returns
    -------
    dict
        p-value by parameter; parameters that are constrained to be equal, or have no standard
        errors, are left out.

    Notes
    -----
    The statistic is :math:`d' (C V C')^{-1} d` with the differences ``d = C b`` of every group from
    the first; chi-square with as many degrees of freedom. In two groups it is the square of the
    critical ratio for the difference of two parameters.
    """
    found = {}
    for key, indices in places.items():
        chosen = list(indices)
        if len(set(chosen)) < len(chosen) or len(chosen) == 1:
            continue
        contrast = np.hstack([-np.ones((len(chosen) - 1, 1)), np.eye(len(chosen) - 1)])
        spread = covariance[np.ix_(chosen, chosen)]
        change = contrast @ estimates[chosen]
        variance = contrast @ spread @ contrast.T
        if not np.isfinite(variance).all():
            continue
        if np.linalg.eigvalsh(variance)[0] <= _SMALLEST * max(np.trace(spread), _SMALLEST):
            continue
        statistic = float(change @ np.linalg.solve(variance, change))
        found[key] = float(special.chdtrc(len(change), statistic))
    return found
