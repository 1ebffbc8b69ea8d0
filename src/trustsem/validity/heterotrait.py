"""The heterotrait-monotrait ratio of correlations, of one sample or of stacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trustsem.arrays import Floats, Numbers, diagonal, outer
from trustsem.errors import UnknownOptionError
from trustsem.validity.intervals import (
    delta_errors,
    interval,
    moment_covariance,
    moment_weights,
)
from trustsem.validity.reliability import as_numbers
from trustsem.validity.rows import lower_part, require_indicators

HtmtKind = Literal["absolute", "signed", "geometric"]

HTMT_KINDS: tuple[HtmtKind, ...] = ("absolute", "signed", "geometric")
HTMT_COLUMNS: dict[HtmtKind, str] = {
    "absolute": "htmt",
    "signed": "htmt_signed",
    "geometric": "htmt2",
}
"""What each kind is called in tables."""


def heterotrait_monotrait(
    R: ArrayLike, membership: ArrayLike, *, kind: HtmtKind = "absolute"
) -> Numbers:
    r"""Compute the heterotrait-monotrait ratio of correlations of every pair of constructs.

    Parameters
    ----------
    R : array_like, shape (..., p, p)
        Correlations of the items; unitless.
    membership : array_like, shape (p, m)
        1 where an item measures a construct, else 0.
    kind : {"absolute", "signed", "geometric"}
        Arithmetic means of absolute correlations; of correlations as they are; geometric means of
        absolute correlations (HTMT2).

    Returns
    -------
    ndarray, shape (..., m, m)
        Ratios; unitless, with 1 on the diagonal. NaN wherever a construct has a single item, and
        where signed monotrait means have no real geometric mean.

    Raises
    ------
    UnknownOptionError
        If ``kind`` is none of the three.

    Notes
    -----
    .. math:: \bar r_{ij} / \sqrt{\bar r_{ii} \, \bar r_{jj}}

    with :math:`\bar r_{ij}` the mean correlation between the items of two constructs and
    :math:`\bar r_{ii}` that among the items of one, each item's correlation with itself left out.
    All means come from one product :math:`M' R M` with the membership matrix.

    References
    ----------
    Henseler et al. (2015) [henseler2015]_; geometric means: Roemer et al. (2021) [roemer2021]_.

    Examples
    --------
    >>> R = [[1, 0.8, 0.4, 0.4], [0.8, 1, 0.4, 0.4], [0.4, 0.4, 1, 0.5], [0.4, 0.4, 0.5, 1]]
    >>> ratios = heterotrait_monotrait(R, [[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> float(ratios[0, 1]).__round__(4)
    0.6325
    """
    if kind not in HTMT_KINDS:
        raise UnknownOptionError(kind, HTMT_KINDS, kind="kind of HTMT")
    M = np.asarray(membership, dtype=float)
    p = M.shape[0]
    off_diagonal = 1 - np.eye(p)
    pairs = M.T @ off_diagonal @ M
    correlations = as_numbers(R)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = _block_means(correlations, M, off_diagonal, pairs, kind)
        monotrait = diagonal(means)
        product = monotrait[..., :, None] * monotrait[..., None, :]
        ratios = means / np.sqrt(np.where(product.real > 0, product, np.nan))
    return np.where(np.isfinite(ratios), ratios, np.nan)


def _block_means(
    R: Numbers, M: Floats, off_diagonal: Floats, pairs: Floats, kind: HtmtKind
) -> Numbers:
    """Return the mean correlation of every block, shape (..., m, m), without the diagonal of R."""
    if kind == "signed":
        return np.asarray(M.T @ (R * off_diagonal) @ M / pairs)
    size = R * np.sign(R.real) * off_diagonal
    if kind == "absolute":
        return np.asarray(M.T @ size @ M / pairs)
    has_zero = M.T @ ((size == 0) * off_diagonal) @ M > 0
    logs = np.log(np.where(size == 0, 1.0, size))
    return np.where(has_zero, 0.0, np.exp(M.T @ logs @ M / pairs))


def htmt(
    correlations: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    kind: HtmtKind = "absolute",
) -> pd.DataFrame:
    """Tabulate the heterotrait-monotrait ratio of every pair of constructs.

    Parameters
    ----------
    correlations : DataFrame, shape (p, p)
        Correlations of the items; unitless. Covariances are accepted and scaled.
    constructs : mapping of str to sequence of str
        Construct to its items, in the order of the table.
    kind : {"absolute", "signed", "geometric"}
        See :func:`heterotrait_monotrait`.

    Returns
    -------
    DataFrame, shape (m, m)
        Ratios below the diagonal, NaN elsewhere and for single-item constructs; unitless.

    Raises
    ------
    UnknownIndicatorError
        If an item is not among the correlations.
    UnknownOptionError
        If ``kind`` does not exist.

    References
    ----------
    Henseler et al. (2015) [henseler2015]_; Roemer et al. (2021) [roemer2021]_.
    """
    require_indicators([str(name) for name in correlations.columns], constructs)
    items, membership = memberships(constructs)
    S = correlations.loc[items, items].to_numpy(dtype=float)
    names = list(constructs)
    ratios = heterotrait_monotrait_of_covariances(S, membership, kind)
    return pd.DataFrame(lower_part(ratios), index=names, columns=names)


def htmt_intervals(
    cov: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    n_obs: int,
    cases: pd.DataFrame | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Tabulate all three ratios of every pair of constructs with delta-method intervals.

    Parameters
    ----------
    cov : DataFrame, shape (p, p)
        Covariances or correlations of the items.
    constructs : mapping of str to sequence of str
        Construct to its items, in the order of the table.
    n_obs : int
        Number of cases.
    cases : DataFrame, shape (n_obs, p), optional
        Complete answers; with them the errors assume no distribution, without a normal one.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        A row per pair: ``construct_a construct_b`` and for ``htmt``, ``htmt_signed``, ``htmt2``
        the ratio and its ``_se``, ``_ci_lower``, ``_ci_upper``; unitless. NaN for single items.

    Raises
    ------
    UnknownIndicatorError
        If an item is not in ``cov``.

    Notes
    -----
    The ratio is taken for normal in large samples, which fails where correlations near zero change
    sign between samples. Bootstrap intervals do not need that.

    References
    ----------
    Henseler et al. (2015) [henseler2015]_; Roemer et al. (2021) [roemer2021]_.
    """
    require_indicators([str(name) for name in cov.columns], constructs)
    items, membership = memberships(constructs)
    S = cov.loc[items, items].to_numpy(dtype=float)
    answers = None if cases is None else cases[items].to_numpy(dtype=float)
    rows, cols = np.triu_indices(len(constructs), 1)
    names = list(constructs)
    table = pd.DataFrame(
        {"construct_a": [names[row] for row in rows], "construct_b": [names[col] for col in cols]}
    )
    for kind, column in HTMT_COLUMNS.items():

        def ratios(stack: Numbers, kind: HtmtKind = kind) -> Numbers:
            found = heterotrait_monotrait_of_covariances(stack, membership, kind)
            return found[..., rows, cols]

        C = moment_weights(ratios, S)
        variances = moment_covariance(C, S, n_obs, answers)
        table[column] = ratios(S)
        table[f"{column}_se"] = delta_errors(np.eye(len(rows)), variances)
        limits = interval(table[column], table[f"{column}_se"], level=level)
        table[f"{column}_ci_lower"], table[f"{column}_ci_upper"] = limits
    return table


def memberships(constructs: Mapping[str, Sequence[str]]) -> tuple[list[str], Floats]:
    """Return all items, and 1 where an item measures a construct."""
    items = list(dict.fromkeys(item for names in constructs.values() for item in names))
    own = [[float(item in names) for names in constructs.values()] for item in items]
    return items, np.array(own)


def heterotrait_monotrait_of_covariances(S: Numbers, membership: Floats, kind: HtmtKind) -> Numbers:
    """Return the ratios of a stack of covariance matrices."""
    sd = np.sqrt(diagonal(S))
    return heterotrait_monotrait(S / outer(sd, sd), membership, kind=kind)
