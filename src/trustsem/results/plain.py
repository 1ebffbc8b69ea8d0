"""Numbers as plain values, for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd


@singledispatch
def plain(value: Any) -> Any:
    """Return frames, series and arrays as lists and dicts; NaN and infinity as None.

    Parameters
    ----------
    value : Any
        A frame (a list of rows if its index only counts, else a dict of rows), series, mapping,
        sequence, array or scalar.
    """
    return value


@plain.register
def _(value: pd.DataFrame) -> Any:
    if list(value.index) == list(range(len(value))):
        return [plain(row) for row in value.to_dict("records")]
    return {str(index): plain(row) for index, row in value.iterrows()}


@plain.register
def _(value: pd.Series) -> Any:
    return {str(index): plain(item) for index, item in value.items()}


@plain.register
def _(value: Mapping) -> Any:  # type: ignore[type-arg]
    return {str(key): plain(item) for key, item in value.items()}


@plain.register(list)
@plain.register(tuple)
@plain.register(np.ndarray)
def _(value: Any) -> Any:
    return [plain(item) for item in value]


@plain.register
def _(value: np.generic) -> Any:
    return plain(value.item())


@plain.register
def _(value: float) -> Any:
    return value if np.isfinite(value) else None
