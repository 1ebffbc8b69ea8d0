"""Pick the rows of a parameter table that a validity check needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.errors import UnknownIndicatorError, UnsupportedError

Pair = tuple[str, str]


def rows_by_pair(parameters: pd.DataFrame, op: str) -> dict[Pair, pd.Series[Any]]:
    """Return the rows of one operator by (lhs, rhs); covariances by both orders.

    Raises
    ------
    UnsupportedError
        If the table holds several groups.
    """
    chosen = parameters[parameters["op"] == op]
    if "group" in chosen and len(set(chosen["group"])) > 1:
        raise UnsupportedError(
            "validity tables of several groups at once", "Pass the rows of one group."
        )
    rows = {(str(row["lhs"]), str(row["rhs"])): row for _, row in chosen.iterrows()}
    if op == "~~":
        rows |= {(rhs, lhs): row for (lhs, rhs), row in rows.items()}
    return rows


def require_loadings(loadings: Mapping[Pair, Any], constructs: Mapping[str, Sequence[str]]) -> None:
    """Refuse constructs whose loadings are not in the table.

    Raises
    ------
    UnknownIndicatorError
        If an indicator of a construct has no loading on it.
    """
    missing = [
        item
        for construct, items in constructs.items()
        for item in items
        if (construct, item) not in loadings
    ]
    if missing:
        raise UnknownIndicatorError(missing, [item for _, item in loadings])


def require_indicators(names: Sequence[str], constructs: Mapping[str, Sequence[str]]) -> None:
    """Refuse constructs whose indicators are not among the names of a matrix.

    Raises
    ------
    UnknownIndicatorError
        If an indicator is missing.
    """
    missing = [item for items in constructs.values() for item in items if item not in names]
    if missing:
        raise UnknownIndicatorError(missing, names)


def require_residuals(
    covariances: Mapping[Pair, Any], constructs: Mapping[str, Sequence[str]]
) -> None:
    """Refuse indicators without a row for their residual variance.

    Raises
    ------
    UnknownIndicatorError
        If a residual variance is missing.
    """
    items = [item for names in constructs.values() for item in names]
    missing = [item for item in items if (item, item) not in covariances]
    if missing:
        raise UnknownIndicatorError(missing, [lhs for lhs, rhs in covariances if lhs == rhs])


def lower_part(matrix: Floats) -> Floats:
    """Return the matrix with NaN on and above the diagonal."""
    rows, cols = np.tril_indices(matrix.shape[0], -1)
    table = np.full(matrix.shape, np.nan)
    table[rows, cols] = matrix[rows, cols]
    return table


def residual_pairs(residuals: pd.DataFrame) -> pd.Series[float]:
    """Return the residuals of distinct pairs, indexed by ``"a ~~ b"``; NaN are left out."""
    rows, cols = np.tril_indices(len(residuals), -1)
    names = [str(name) for name in residuals.columns]
    values = residuals.to_numpy(dtype=float)[rows, cols]
    index = [f"{names[col]} ~~ {names[row]}" for row, col in zip(rows, cols, strict=True)]
    return pd.Series(values, index=index, dtype=float).dropna()
