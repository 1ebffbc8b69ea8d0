"""Product indicators of a latent interaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

Pairs = tuple[tuple[str, str], ...]

PRODUCTS = ("matched", "all")
"""Which items are multiplied: each with one partner, or each with each."""


def matched_pairs(
    first: Sequence[str], second: Sequence[str], loadings: Mapping[str, float]
) -> Pairs:
    """Pair the items of two constructs so that each is used once [marsh2004]_.

    Parameters
    ----------
    first, second : sequence of str
        Items of the two constructs.
    loadings : mapping of str to float
        Standardised loading of each item; where one construct has more items than the other, its
        best ones are used.

    Returns
    -------
    tuple of (str, str)
        In the order of the items.
    """
    size = min(len(first), len(second))
    return tuple(zip(_best(first, loadings, size), _best(second, loadings, size), strict=True))


def _best(items: Sequence[str], loadings: Mapping[str, float], size: int) -> list[str]:
    """Return the items of highest loading, in their own order."""
    chosen = sorted(items, key=lambda item: -abs(loadings[item]))[:size]
    return [item for item in items if item in chosen]


def product_names(pairs: Pairs, taken: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each product that no variable has: ``x1.z1``."""
    used = set(taken)
    names = []
    for a, b in pairs:
        name = f"{a}.{b}"
        while name in used:
            name += "_"
        used.add(name)
        names.append(name)
    return tuple(names)


def with_products(
    data: pd.DataFrame, pairs: Pairs, names: Sequence[str], *, complete: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the data with doubly mean-centred products of items [lin2010]_.

    Items are centred, multiplied, and the products centred, so that the product construct has
    mean 0 and needs no mean structure.

    Parameters
    ----------
    data : DataFrame
        Answers.
    pairs : tuple of (str, str)
        Items to multiply.
    names : sequence of str
        Names of the products.
    complete : sequence of str
        Variables that a case must have to be kept.
    """
    kept = data.dropna(subset=list(complete)) if complete else data
    first = kept[[a for a, _ in pairs]].to_numpy(dtype=float)
    second = kept[[b for _, b in pairs]].to_numpy(dtype=float)
    products = _centred(first) * _centred(second)
    frame = pd.DataFrame(_centred(products), index=kept.index, columns=list(names))
    return pd.concat([kept, frame], axis=1)


def _centred(values: np.ndarray) -> np.ndarray:
    """Return the columns less their means."""
    return np.asarray(values - np.nanmean(values, axis=0))


def shared_items(pairs: Pairs, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of products that have an item in common; their residuals covary."""
    return tuple(
        (names[i], names[j])
        for i in range(len(pairs))
        for j in range(i + 1, len(pairs))
        if pairs[i][0] == pairs[j][0] or pairs[i][1] == pairs[j][1]
    )
