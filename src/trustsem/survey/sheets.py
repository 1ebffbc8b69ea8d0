"""Excel workbooks and Parquet tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Iterator, Mapping, Sequence
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
    table = _parquet(path)
    chosen = _chosen(path, list(table.columns), columns)
    return _table_content(table, table.read(chosen), chosen)


def parquet_parts(
    path: Path, columns: Sequence[str] | None, _encoding: str | None, at_once: int
) -> Iterator[Content]:
    """Read a Parquet table, so many rows at once; see :func:`read_parquet`."""
    table = _parquet(path)
    chosen = _chosen(path, list(table.columns), columns)
    first = 0
    for frame in table.parts(chosen, at_once):
        yield _table_content(table, frame, chosen, first)
        first += len(frame)
    if not first:
        yield _table_content(table, table.read(chosen), chosen)


def parquet_rows(path: Path, _encoding: str | None) -> int:
    """Return the number of rows of a Parquet table."""
    return int(_parquet(path).handle.metadata.num_rows)


@dataclass(frozen=True, slots=True)
class _ParquetFile:
    """An open Parquet table and its columns: name as shown to name in the file."""

    path: Path
    handle: Any
    columns: Mapping[str, str]
    damage: tuple[type[Exception], ...]

    def read(self, chosen: Sequence[str]) -> pd.DataFrame:
        """Return columns of all rows."""
        try:
            table = self.handle.read(columns=self._names(chosen), use_threads=False)
            return self._frame(table)
        except self.damage as error:
            raise _damaged_parquet(self.path, error) from error

    def parts(self, chosen: Sequence[str], at_once: int) -> Iterator[pd.DataFrame]:
        """Yield columns, so many rows at once."""
        batches = self.handle.iter_batches(
            batch_size=at_once, columns=self._names(chosen), use_threads=False
        )
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                frame = self._frame(batch)
            except self.damage as error:
                raise _damaged_parquet(self.path, error) from error
            yield frame

    def _names(self, chosen: Sequence[str]) -> list[str]:
        return [self.columns[name] for name in chosen]

    def _frame(self, batch: Any) -> pd.DataFrame:
        """Return cells as pandas reads them, without the meaning that pandas gave the index."""
        return pd.DataFrame(batch.to_pandas(ignore_metadata=True))


def _parquet(path: Path) -> _ParquetFile:
    """Open a Parquet table."""
    try:
        from pyarrow import ArrowException  # noqa: PLC0415  (an extra, needed for this format)
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415
    except ImportError as error:
        raise UnreadableFileError(
            path,
            "Reading Parquet needs the package pyarrow, which is not installed.",
            "Install it with: pip install 'trustsem[parquet]'. Or convert the file to CSV.",
        ) from error
    damage = (ArrowException, ValueError, OSError)
    try:
        handle = ParquetFile(path)
    except damage as error:
        raise _damaged_parquet(path, error) from error
    # Where pandas kept its index as a column of the file, that is no variable.
    kept = json.loads((handle.schema_arrow.metadata or {}).get(b"pandas", b"{}"))
    index = {each for each in kept.get("index_columns", ()) if isinstance(each, str)}
    raw = [name for name in handle.schema_arrow.names if name not in index]
    names = [cleaned(name) for name in raw]
    require_distinct_names(names, path.name)
    return _ParquetFile(path, handle, dict(zip(names, raw, strict=True)), damage)


def _damaged_parquet(path: Path, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(
        path,
        f"This file cannot be read as Parquet ({cleaned(error)}).",
        "It may be truncated or of another format.",
    )


def _table_content(
    table: _ParquetFile, frame: pd.DataFrame, chosen: Sequence[str], first: int = 0
) -> Content:
    """Return rows, numbered from ``first``, with numbers as float64."""
    names = dict(zip(table.columns.values(), table.columns, strict=True))
    rows = range(first, first + len(frame))
    body = frame.rename(columns=names).set_axis(rows, axis=0)
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
