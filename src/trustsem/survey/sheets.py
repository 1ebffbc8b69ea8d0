"""Excel workbooks and Parquet tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from trustsem.errors import UnknownItemError, UnreadableFileError, listed
from trustsem.findings import Finding
from trustsem.survey.codebook import Variable, cleaned
from trustsem.survey.columns import (
    holds_codes,
    numeric_where_possible,
    parse_text,
    require_distinct_names,
)
from trustsem.survey.content import Content

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_workbook(path: Path, columns: Sequence[str] | None, _encoding: str | None) -> Content:
    """Read the first sheet of an Excel workbook; its first row holds the names.

    Raises
    ------
    UnknownItemError
        If a column that is asked for does not exist.
    SurveyError
        If two columns have the same name.
    UnreadableFileError
        If the file is no workbook or its first sheet is empty.
    """
    from python_calamine import CalamineError  # noqa: PLC0415  (only needed for workbooks)

    try:
        with pd.ExcelFile(path, engine="calamine") as workbook:
            sheets = [cleaned(name) for name in workbook.sheet_names]
            cells = pd.read_excel(
                workbook,
                sheet_name=0,
                header=None,
                dtype=object,
                na_values=[""],
                keep_default_na=False,
            )
    except (CalamineError, ValueError, OSError) as error:
        raise UnreadableFileError(
            path,
            f"This file cannot be read as an Excel workbook ({cleaned(error)}).",
            "Open it in a spreadsheet program and save it anew as .xlsx, or as CSV.",
        ) from error
    if cells.empty:
        raise UnreadableFileError(path, f"The first sheet, {sheets[0]!r}, is empty.")
    names = [
        cleaned(name) if pd.notna(name) else f"unnamed_{at}"
        for at, name in enumerate(cells.iloc[0], start=1)
    ]
    require_distinct_names(names, path.name)
    body = cells.iloc[1:].set_axis(names, axis=1).reset_index(drop=True)
    chosen = _chosen(path, names, columns)
    return Content(
        frame=pd.DataFrame({name: _cell_values(body[name]) for name in chosen}, index=body.index),
        variables=tuple(Variable(name) for name in chosen),
        findings=_sheet_findings(sheets),
    )


def read_parquet(path: Path, columns: Sequence[str] | None, _encoding: str | None) -> Content:
    """Read a Parquet table.

    Raises
    ------
    UnknownItemError
        If a column that is asked for does not exist.
    UnreadableFileError
        If pyarrow is not installed or the file is damaged.
    """
    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        raise UnreadableFileError(
            path,
            "Reading Parquet needs the package pyarrow, which is not installed.",
            "Install it with: pip install pyarrow. Or convert the file to CSV.",
        ) from error
    except (ValueError, OSError) as error:
        raise UnreadableFileError(
            path,
            f"This file cannot be read as Parquet ({cleaned(error)}).",
            "It may be truncated or of another format.",
        ) from error
    names = [cleaned(name) for name in frame.columns]
    require_distinct_names(names, path.name)
    body = frame.set_axis(names, axis=1).reset_index(drop=True)
    chosen = _chosen(path, names, columns)
    return Content(
        frame=pd.DataFrame(
            {name: numeric_where_possible(body[name]) for name in chosen}, index=body.index
        ),
        variables=tuple(Variable(name) for name in chosen),
    )


def _chosen(path: Path, names: list[str], columns: Sequence[str] | None) -> list[str]:
    """Return the names asked for, or all."""
    if columns is None:
        return names
    unknown = [name for name in columns if name not in names]
    if unknown:
        raise UnknownItemError(unknown, names, where=path.name)
    return list(dict.fromkeys(columns))


def _cell_values(column: pd.Series) -> pd.Series:
    """Return cells as numbers if all of them are, be it as text; else as they are."""
    values = numeric_where_possible(column)
    if not pd.api.types.is_object_dtype(values):
        return values
    if holds_codes(column[[isinstance(cell, str) for cell in column]]):
        return values
    parsed = parse_text(column).values
    return parsed if pd.api.types.is_float_dtype(parsed) else values


def _sheet_findings(sheets: list[str]) -> tuple[Finding, ...]:
    if len(sheets) < 2:  # noqa: PLR2004  (one sheet needs no choice)
        return ()
    claim = f"The workbook has {len(sheets)} sheets ({listed(sheets)}); the first was read."
    return (Finding(code="first_sheet", subject="data", claim=claim),)
