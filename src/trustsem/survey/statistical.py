"""Files of SPSS, Stata and SAS, through pyreadstat."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trustsem.errors import UnknownItemError, UnreadableFileError
from trustsem.findings import Finding
from trustsem.survey.codebook import MissingCode, Variable, cleaned, same_code
from trustsem.survey.columns import is_text
from trustsem.survey.content import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
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
    return _StatisticalFile.of(path).content(columns, encoding)


def statistical_parts(
    path: Path, columns: Sequence[str] | None, encoding: str | None, at_once: int
) -> Iterator[Content]:
    """Read a file of a statistics package, so many rows at once; see :func:`read_statistical`.

    Raises
    ------
    UnreadableFileError
        Also if text in a later part is not in the encoding of the parts before.
    """
    file = _StatisticalFile.of(path)
    used, first = encoding, 0
    total = file.n_rows(encoding)
    while True:
        part = file.content(columns, used, rows=range(first, first + at_once))
        if first and part.encoding == OLD_ENCODING != used:
            raise UnreadableFileError(
                path,
                f"Text after row {first} is in another encoding than the text before.",
                f"Name the encoding, for instance {OLD_ENCODING}.",
            )
        if part.encoding == OLD_ENCODING:
            used = OLD_ENCODING
        found = part.findings if encoding else _encoding_findings(part.encoding)
        n_read = len(part.frame)
        if n_read or not first:
            yield replace(part, findings=found)
        first += n_read
        if n_read < at_once or first == total:
            return


def statistical_rows(path: Path, encoding: str | None) -> int | None:
    """Return the number of rows that a file of a statistics package says it has."""
    return _StatisticalFile.of(path).n_rows(encoding)


@dataclass(frozen=True, slots=True)
class _StatisticalFile:
    """A file and pyreadstat's reader of it."""

    path: Path
    read: Callable[..., Any]
    damage: tuple[type[Exception], ...]

    @classmethod
    def of(cls, path: Path) -> _StatisticalFile:
        """Find the reader."""
        import pyreadstat  # noqa: PLC0415  (slow to import, and only needed for these formats)

        read = getattr(pyreadstat, READERS[path.suffix.lower()])
        damage = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OverflowError)
        return cls(path, read, damage)

    def n_rows(self, encoding: str | None) -> int | None:
        """Return the number of rows as the file says it; None where it does not."""
        try:
            _, meta = self.read(str(self.path), metadataonly=True, **self._known(encoding))
        except self.damage:
            return None  # reading rows says what is wrong
        told = meta.number_rows
        return int(told) if told is not None and told >= 0 else None

    def content(
        self, columns: Sequence[str] | None, encoding: str | None, rows: range | None = None
    ) -> Content:
        """Return columns of all rows or of some, which are numbered from 0."""
        try:
            frame, meta, used = self._in_any_encoding(columns, encoding, rows)
        except UnknownItemError:
            raise
        except self.damage as error:
            raise UnreadableFileError(
                self.path,
                f"This file cannot be read as {self.path.suffix.lower()} ({cleaned(error)}).",
                "It may be truncated, damaged or of another format: copy it again from its source, "
                "or save it anew in the program that wrote it.",
            ) from error
        start = rows.start if rows else 0
        frame = frame.set_axis(range(start, start + len(frame)), axis=0)
        return Content(
            frame=frame.assign(**{name: _blank_empty_text(frame[name]) for name in _texts(frame)}),
            variables=tuple(_variable(str(name), meta) for name in frame.columns),
            encoding=used,
            label=cleaned(meta.file_label),
            notes=tuple(cleaned(note) for note in meta.notes or ()),
            findings=() if encoding else _encoding_findings(used),
        )

    def _in_any_encoding(
        self, columns: Sequence[str] | None, encoding: str | None, rows: range | None
    ) -> tuple[pd.DataFrame, Any, str]:
        """Read in the encoding asked for or the file's own; failing that, in an old one."""
        try:
            frame, meta = self._frame(columns, encoding, rows)
        except self.damage as error:
            if encoding or "encoding" not in str(error):
                raise
            frame, meta = self._frame(columns, OLD_ENCODING, rows)
            return frame, meta, OLD_ENCODING
        return frame, meta, encoding or str(meta.file_encoding or "")

    def _frame(
        self, columns: Sequence[str] | None, encoding: str | None, rows: range | None
    ) -> tuple[pd.DataFrame, Any]:
        """Call the reader with those options that its format has."""
        options = self._known(encoding)
        if columns is not None:
            _, header = self.read(str(self.path), metadataonly=True, **options)
            missing = [name for name in columns if name not in header.column_names]
            if missing:
                raise UnknownItemError(missing, header.column_names, where=self.path.name)
            options["usecols"] = list(columns)
        if rows is not None:
            options |= {"row_offset": rows.start, "row_limit": len(rows)}
        frame, meta = self.read(str(self.path), **options)
        return frame, meta

    def _known(self, encoding: str | None) -> dict[str, Any]:
        """Return the options of the reader that hold for its format."""
        known = inspect.signature(self.read).parameters
        wanted: dict[str, Any] = {"user_missing": True, "encoding": encoding}
        return {name: value for name, value in wanted.items() if name in known}


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


def _encoding_findings(encoding: str) -> tuple[Finding, ...]:
    if encoding != OLD_ENCODING:
        return ()
    return (
        Finding(
            code="encoding",
            subject="data",
            claim="The file does not say in which encoding its text is; it was read as "
            f"{encoding}.",
            severity="warning",
            remedy="If labels look wrong, name the encoding.",
        ),
    )
