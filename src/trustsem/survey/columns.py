"""What kind a column is: all numbers, which become float64 with NaN, or anything else.

Nothing is coerced: one cell of text keeps the whole column text, so that the cell can be named
when the column is used as an item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from trustsem.errors import SurveyError, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

EMPTY_IN_NUMERIC = frozenset({"NA", "N/A", "NaN", "nan", "#NULL!", "."})
"""How other programs write an empty cell; read as empty in columns that are otherwise numeric."""

_POINT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?")

_CODE = re.compile(r"0\d+|-?\d{16,}")

Notation = Literal["none", "point", "comma"]


@dataclass(frozen=True, slots=True)
class ParsedColumn:
    """A column of text, read.

    Parameters
    ----------
    values : Series
        float64 where every cell is a number or empty, else text with missing for empty cells.
    notation : {"none", "point", "comma"}
        Decimal sign of its numbers; ``"none"`` for whole numbers and text.
    markers : tuple of str
        Ways of writing an empty cell that occurred.
    """

    values: pd.Series
    notation: Notation = "none"
    markers: tuple[str, ...] = ()


def parse_text(column: pd.Series, *, decimal_comma: bool = False) -> ParsedColumn:
    """Read a column of text as numbers if every cell is one.

    Parameters
    ----------
    column : Series of str
        Cells as written.
    decimal_comma : bool
        Accept the comma as decimal sign.

    Returns
    -------
    ParsedColumn
        Numbers, or the text unchanged.
    """
    cells = column.astype(object).where(column.notna(), "").map(lambda cell: str(cell).strip())
    kinds = set(cells.unique())
    numbers = kinds - EMPTY_IN_NUMERIC - {""}
    notation = _notation(numbers, decimal_comma=decimal_comma)
    if notation is None:
        return ParsedColumn(column.where(cells != ""))
    to_number = {text: float(text.replace(",", ".")) for text in numbers}
    values = cells.map(lambda text: to_number.get(text, np.nan)).astype(float)
    return ParsedColumn(values, notation, tuple(sorted(kinds & EMPTY_IN_NUMERIC)))


def numeric_where_possible(column: pd.Series) -> pd.Series:
    """Return numbers and truth values as float64, categories as labels, the rest unchanged."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return pd.Series(values, index=column.index, name=column.name)
    if column.isna().all():
        return pd.Series(np.nan, index=column.index, name=column.name, dtype=float)
    return _object_column(column)


def is_text(column: pd.Series) -> bool:
    """Return whether every cell of a column that is not missing is text, and there is one."""
    return bool(pd.api.types.infer_dtype(column, skipna=True) == "string")


def is_number(cell: object) -> bool:
    """Return whether a cell is a number, written as number or as text."""
    if isinstance(cell, str):
        return _POINT.fullmatch(cell.strip()) is not None
    return isinstance(cell, int | float)


def holds_codes(column: pd.Series) -> bool:
    """Return whether a column of text holds codes that would lose digits as numbers.

    Those are codes with leading zeros, such as ``007``, and whole numbers of 16 digits and more.
    """
    return any(_CODE.fullmatch(str(cell).strip()) for cell in column.dropna().unique())


def require_distinct_names(names: Sequence[str], where: str) -> None:
    """Raise `SurveyError` if a column name occurs twice."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise SurveyError(
            f"Column name(s) occur more than once: {listed(repeated)}.",
            where=where,
            remedy="Give every column a name of its own.",
        )


def _notation(numbers: set[str], *, decimal_comma: bool) -> Notation | None:
    """Return the decimal sign of the numbers, or None if they are not all numbers."""
    if all(_POINT.fullmatch(text) for text in numbers):
        return "point" if any("." in text for text in numbers) else "none"
    if decimal_comma and all(_COMMA.fullmatch(text) for text in numbers):
        return "comma"
    return None


def _object_column(column: pd.Series) -> pd.Series:
    """Return an object column of nothing but numbers as float64, any other unchanged."""
    if not pd.api.types.is_object_dtype(column):
        return column
    present = column[column.notna()]
    if all(isinstance(value, int | float | np.number | np.bool_) for value in present):
        values = column.where(column.notna(), np.nan).astype(float)
        return pd.Series(values.to_numpy(), index=column.index, name=column.name)
    return column
