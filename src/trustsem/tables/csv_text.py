"""Frames as CSV: numbers unrounded, texts that no spreadsheet evaluates."""

from __future__ import annotations

import csv
import io
from typing import Any

import pandas as pd

from trustsem import display

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_EXACT_INTEGERS = 2.0**53


def frame_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_cell(str(name)) for name in frame.columns])
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue()


def _cell(value: Any) -> str:
    """Return one cell: numbers as they are, text that no spreadsheet takes for a formula."""
    if display.is_missing(value):
        return ""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_INTEGERS:
        return str(int(value))
    if isinstance(value, bool | int | float):
        return repr(value)
    text = str(value)
    safe = f"'{text}" if text.startswith(_FORMULA_STARTS) else text
    return safe.replace("\r\n", "\n").replace("\r", "\n")
