"""Results as plain values: what JSON can hold, with nothing rounded."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd


def plain(value: Any) -> Any:
    """Return a value as dictionaries, lists, text, numbers, booleans and None.

    Parameters
    ----------
    value : object
        Frames become lists of records, series and mappings dictionaries, NaN and infinity None.
    """
    if isinstance(value, pd.DataFrame):
        return _records(value)
    if isinstance(value, pd.Series | Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, np.ndarray | set | frozenset):
        return [
            plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)
        ]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return _scalar(value)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame as records, a labelled index among their entries."""
    if not isinstance(frame.index, pd.RangeIndex):
        name = frame.index.name if isinstance(frame.index.name, str) else "name"
        frame = frame.reset_index(names=None if frame.index.nlevels > 1 else name)
    names = [str(name) for name in frame.columns]
    rows = frame.itertuples(index=False, name=None)
    return [{name: plain(cell) for name, cell in zip(names, row, strict=True)} for row in rows]


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    unchanged = value is None or isinstance(value, str | bool | int)
    return value if unchanged else _other_text(value)


def _other_text(value: Any) -> str | None:
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value.as_posix() if isinstance(value, PurePath) else str(value)
