"""CSV and TSV files, read strictly: nothing is skipped, guessed away or coerced."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TextIO

import pandas as pd

from trustsem.errors import NotNumericError, UnknownItemError, UnreadableFileError, listed
from trustsem.findings import Finding
from trustsem.survey.codebook import Variable, cleaned
from trustsem.survey.columns import (
    holds_codes,
    is_text,
    numeric_where_possible,
    parse_text,
    require_distinct_names,
)
from trustsem.survey.content import Content
from trustsem.survey.lines import byte_order, even_lines, text_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SEPARATORS = (",", ";", "\t")
FALLBACK_ENCODING = "cp1252"

_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Delimited:
    """A file of separated values, all lines of which have been looked at.

    Parameters
    ----------
    path : path
        The file.
    encoding : str
        In which it is read.
    asked_for : str or None
        The encoding that was asked for.
    separator : str
        Between cells.
    names : tuple of str
        Its columns.
    n_rows : int
        Lines below the header that hold anything.
    codes : tuple of str
        Columns of codes such as ``007``, which would lose digits as numbers.
    """

    path: Path
    encoding: str
    asked_for: str | None
    separator: str
    names: tuple[str, ...]
    n_rows: int
    codes: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, encoding: str | None) -> Delimited:
        """Look at a file, once for each of its versions: see :func:`read_delimited`."""
        found = path.stat()
        return _looked_at(path, encoding, (found.st_size, found.st_mtime_ns))

    @classmethod
    def look(cls, path: Path, encoding: str | None) -> Delimited:
        """Look at a file: see :func:`read_delimited`."""
        used = _encoding(path, encoding)
        with path.open(encoding=used, newline="") as file:
            separator = "\t" if path.suffix.lower() == ".tsv" else _separator(file)
        lines = even_lines(path, partial(path.open, encoding=used, newline=""), separator)
        names = [cleaned(name) or f"unnamed_{at}" for at, name in enumerate(lines.header, start=1)]
        if not names:
            reason = "The first line is empty; it must hold the column names."
            raise UnreadableFileError(path, reason)
        require_distinct_names(names, path.name)
        found = cls(path, used, encoding, separator, tuple(names), lines.n_lines - 1, ())
        return replace(found, codes=found.code_columns()) if lines.may_hold_codes else found

    def chosen(self, columns: Sequence[str] | None) -> list[str]:
        """Return the columns asked for, or all.

        Raises
        ------
        UnknownItemError
            If one does not exist.
        """
        unknown = [name for name in columns or () if name not in self.names]
        if unknown:
            raise UnknownItemError(unknown, self.names, where=self.path.name)
        return list(self.names) if columns is None else list(dict.fromkeys(columns))

    def rows(self, columns: Sequence[str], at_once: int | None = None) -> Iterator[pd.DataFrame]:
        """Yield columns as pandas reads them, all rows or so many at once, numbered from 0."""
        options: dict[str, Any] = {
            "usecols": list(columns),
            "dtype": dict.fromkeys(self.codes, "str"),
            "na_values": [""],
            "keep_default_na": False,
            "low_memory": False,
            "skip_blank_lines": len(self.names) > 1,
        }
        if at_once is None:
            yield pd.read_csv(self.path, **self._layout, **options)[list(columns)]
            return
        with pd.read_csv(self.path, chunksize=at_once, **self._layout, **options) as parts:
            for part in parts:
                yield part[list(columns)]

    def code_columns(self) -> tuple[str, ...]:
        """Return the columns of codes."""
        found: set[str] = set()
        with pd.read_csv(self.path, dtype="str", chunksize=_AT_ONCE, **self._layout) as parts:
            for cells in parts:
                found.update(name for name in self.names if holds_codes(cells[name]))
        return tuple(name for name in self.names if name in found)

    @property
    def _layout(self) -> dict[str, Any]:
        return {
            "encoding": self.encoding,
            "sep": self.separator,
            "header": 0,
            "names": list(self.names),
            "index_col": False,
        }


@dataclass(slots=True)
class Notation:
    """How the numbers of a file are written, learned part by part.

    Parameters
    ----------
    file : Delimited
        The file.
    markers : dict of str to set of str
        Ways of writing an empty cell, by column.
    commas, points : dict of str to bool
        Columns with a decimal comma, and with a decimal point, in order of their appearance.
    """

    file: Delimited
    markers: dict[str, set[str]] = field(default_factory=dict)
    commas: dict[str, bool] = field(default_factory=dict)
    points: dict[str, bool] = field(default_factory=dict)

    def content(self, raw: pd.DataFrame) -> Content:
        """Return rows with their numbers read, and what was decided so far.

        Raises
        ------
        NotNumericError
            If a column has a decimal comma here and a decimal point in an earlier part, or the
            other way round.
        """
        comma = self.file.separator != ","
        columns = {}
        for name in raw.columns:
            column = raw[name]
            if not is_text(column):
                columns[name] = numeric_where_possible(column)
                if comma and name not in self.points and _has_fraction(columns[name]):
                    self._decided(name, "point", raw)
            elif name in self.file.codes:
                columns[name] = column
            else:
                parsed = parse_text(column, decimal_comma=comma)
                columns[name] = parsed.values
                self._decided(name, parsed.notation, raw)
                if parsed.markers:
                    self.markers.setdefault(name, set()).update(parsed.markers)
        return Content(
            frame=pd.DataFrame(columns, index=raw.index),
            variables=tuple(Variable(name) for name in raw.columns),
            encoding=self.file.encoding,
            findings=self.findings(),
        )

    def findings(self) -> tuple[Finding, ...]:
        """Return what a reader must know about the way the file is written."""
        return (
            *_encoding_findings(self.file.encoding, self.file.asked_for),
            *_marker_findings(self.markers),
            *_decimal_findings(list(self.commas), list(self.points)),
        )

    def _decided(self, name: str, notation: str, raw: pd.DataFrame) -> None:
        """Take down the decimal sign of a column, which must be the same in all parts."""
        if notation == "none":
            return
        own, other = self.commas, self.points
        if notation == "point":
            own, other = other, own
        if name in other:
            sign = "," if notation == "comma" else "."
            cells = [
                (name, at + 1, cell)
                for at, cell in zip(raw.index.tolist(), raw[name], strict=True)
                if sign in str(cell)
            ]
            raise NotNumericError(cells, where=self.file.path.name)
        own[name] = True


def read_delimited(path: Path, columns: Sequence[str] | None, encoding: str | None) -> Content:
    """Read a file of separated values.

    The separator is the one of ``,`` ``;`` and tab that splits the header into most names. Text is
    UTF-8, failing that Windows-1252, which becomes a finding. A decimal comma is recognised where
    the comma is not the separator. Codes with leading zeros, or of 16 digits and more, stay text.

    Raises
    ------
    UnknownItemError
        If a column that is asked for does not exist.
    SurveyError
        If two columns have the same name.
    UnreadableFileError
        If a line has too many or too few cells, or the file holds no text.
    """
    file = Delimited.of(path, encoding)
    (raw,) = file.rows(file.chosen(columns))
    return Notation(file).content(raw)


def delimited_parts(
    path: Path, columns: Sequence[str] | None, encoding: str | None, at_once: int
) -> Iterator[Content]:
    """Read a file of separated values, so many rows at once; see :func:`read_delimited`."""
    file = Delimited.of(path, encoding)
    notation = Notation(file)
    for raw in file.rows(file.chosen(columns), at_once):
        yield notation.content(raw)


def delimited_rows(path: Path, encoding: str | None) -> int:
    """Return the number of rows of a file of separated values."""
    return Delimited.of(path, encoding).n_rows


@lru_cache(maxsize=8)
def _looked_at(path: Path, encoding: str | None, _state: tuple[int, int]) -> Delimited:
    """Return what is known of a version of a file."""
    return Delimited.look(path, encoding)


def _encoding(path: Path, encoding: str | None) -> str:
    """Return the encoding that a file is read in."""
    unicode = "utf-16" if byte_order(path) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    tried = (encoding,) if encoding else (unicode, FALLBACK_ENCODING)
    used = text_encoding(path, tried)
    if used is None:
        raise UnreadableFileError(
            path,
            f"This file is not text in {' or '.join(tried)}.",
            "Save it as CSV in UTF-8, or name its encoding.",
        )
    return used


def _separator(file: TextIO) -> str:
    """Return the separator that splits the header into most names."""
    header = next(iter(file.readline().splitlines()), "")
    return max(SEPARATORS, key=lambda each: len(next(csv.reader([header], delimiter=each), [])))


def _has_fraction(column: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(column) and bool((column.dropna() % 1 != 0).any())


def _encoding_findings(used: str, asked_for: str | None) -> list[Finding]:
    if asked_for or used != FALLBACK_ENCODING:
        return []
    return [
        Finding(
            code="encoding",
            subject="data",
            claim="The text is not UTF-8; it was read as Windows-1252.",
            severity="warning",
            remedy="If labels look wrong, name the encoding or save the file in UTF-8.",
        )
    ]


def _marker_findings(found: Mapping[str, set[str]]) -> list[Finding]:
    if not found:
        return []
    words = sorted({marker for markers in found.values() for marker in markers})
    return [
        Finding(
            code="missing_markers",
            subject="data",
            claim=f"{listed(words)} was read as a missing answer in {listed(found)}.",
        )
    ]


def _decimal_findings(commas: Sequence[str], points: Sequence[str]) -> list[Finding]:
    if not commas:
        return []
    findings = [
        Finding(
            code="decimal_comma",
            subject="data",
            claim=f"The comma was read as decimal sign in {listed(commas)}.",
        )
    ]
    if points:
        findings.append(
            Finding(
                code="mixed_decimal_signs",
                subject="data",
                claim=f"Some columns have a decimal comma ({listed(commas)}), others a decimal "
                f"point ({listed(points)}).",
                severity="warning",
                remedy="Check that the point is not a thousands separator.",
            )
        )
    return findings
