"""Files of SPSS, Stata and SAS, through pyreadstat."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from trustsem.errors import UnknownItemError, UnreadableFileError
from trustsem.findings import Finding
from trustsem.survey.codebook import MissingCode, Variable, cleaned, same_code
from trustsem.survey.columns import is_text
from trustsem.survey.content import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import pandas as pd

READERS = {
    ".sav": "read_sav",
    ".zsav": "read_sav",
    ".por": "read_por",
    ".dta": "read_dta",
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
}
"""pyreadstat's reader by file extension."""

OLD_ENCODING = "WINDOWS-1252"
"""Tried when a file's text is not in the encoding that the file names."""


def read_statistical(path: Path, columns: Sequence[str] | None, encoding: str | None) -> Content:
    """Read a file of a statistics package with all its codes, labels and missing codes.

    Raises
    ------
    UnknownItemError
        If a column that is asked for does not exist.
    UnreadableFileError
        If the file is truncated, damaged or of another format.
    """
    import pyreadstat  # noqa: PLC0415  (slow to import, and only needed for these formats)

    read = getattr(pyreadstat, READERS[path.suffix.lower()])
    damage = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OverflowError)
    try:
        frame, meta, used = _read_any_encoding(read, path, columns, encoding, damage)
    except UnknownItemError:
        raise
    except damage as error:
        raise UnreadableFileError(
            path,
            f"This file cannot be read as {path.suffix.lower()} ({cleaned(error)}).",
            "It may be truncated, damaged or of another format: copy it again from its source, "
            "or save it anew in the program that wrote it.",
        ) from error
    return Content(
        frame=frame.assign(**{name: _blank_empty_text(frame[name]) for name in _texts(frame)}),
        variables=tuple(_variable(str(name), meta) for name in frame.columns),
        encoding=used,
        label=cleaned(meta.file_label),
        notes=tuple(cleaned(note) for note in meta.notes or ()),
        findings=(_encoding_finding(used),) if used == OLD_ENCODING and not encoding else (),
    )


def _read_any_encoding(
    read: Callable[..., Any],
    path: Path,
    columns: Sequence[str] | None,
    encoding: str | None,
    damage: tuple[type[Exception], ...],
) -> tuple[pd.DataFrame, Any, str]:
    """Read in the encoding asked for or the file's own; failing that, in an old one."""
    try:
        frame, meta = _read(read, path, columns, encoding)
    except damage as error:
        if encoding or "encoding" not in str(error):
            raise
        frame, meta = _read(read, path, columns, OLD_ENCODING)
        return frame, meta, OLD_ENCODING
    return frame, meta, encoding or str(meta.file_encoding or "")


def _read(
    read: Callable[..., Any], path: Path, columns: Sequence[str] | None, encoding: str | None
) -> tuple[pd.DataFrame, Any]:
    """Call the reader with those options that its format has."""
    known = inspect.signature(read).parameters
    wanted: dict[str, Any] = {"user_missing": True, "encoding": encoding}
    options = {name: value for name, value in wanted.items() if name in known}
    if columns is not None:
        _, header = read(str(path), metadataonly=True, **options)
        missing = [name for name in columns if name not in header.column_names]
        if missing:
            raise UnknownItemError(missing, header.column_names, where=path.name)
        options["usecols"] = list(columns)
    frame, meta = read(str(path), **options)
    return frame, meta


def _variable(name: str, meta: Any) -> Variable:
    """Collect what the file says about one variable."""
    labels = meta.variable_value_labels.get(name, {})
    return Variable(
        name=name,
        label=cleaned(meta.column_names_to_labels.get(name)),
        value_labels={same_code(code): cleaned(label) for code, label in labels.items()},
        missing_codes=(
            *_ranges(meta.missing_ranges.get(name, ())),
            *(str(code) for code in meta.missing_user_values.get(name, ())),
        ),
        measure=str(meta.variable_measure.get(name) or "unknown"),
    )


def _ranges(declared: Iterable[dict[str, Any]]) -> list[MissingCode]:
    """Return declared missing ranges; a range of one value as that value."""
    return [
        same_code(each["lo"])
        if each["lo"] == each["hi"]
        else (float(each["lo"]), float(each["hi"]))
        for each in declared
    ]


def _texts(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if is_text(frame[name])]


def _blank_empty_text(column: pd.Series) -> pd.Series:
    """Return text with empty cells as missing: the formats know no other way to leave one out."""
    return column.mask(column.str.strip() == "")


def _encoding_finding(encoding: str) -> Finding:
    return Finding(
        code="encoding",
        subject="data",
        claim=f"The file does not say in which encoding its text is; it was read as {encoding}.",
        severity="warning",
        remedy="If labels look wrong, name the encoding.",
    )
