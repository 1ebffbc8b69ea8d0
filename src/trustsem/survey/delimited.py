"""CSV and TSV files, read strictly: nothing is skipped, guessed away or coerced."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pandas as pd

from trustsem.errors import UnknownItemError, UnreadableFileError, listed
from trustsem.findings import Finding
from trustsem.survey.codebook import Variable, cleaned
from trustsem.survey.columns import (
    ParsedColumn,
    holds_codes,
    is_text,
    numeric_where_possible,
    parse_text,
    require_distinct_names,
)
from trustsem.survey.content import Content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SEPARATORS = (",", ";", "\t")
FALLBACK_ENCODING = "cp1252"

_CODE_SOMEWHERE = re.compile(r"(?<![\w.])(?:0\d|\d{16})")


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
    text, used = _decoded(path, encoding)
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(text)
    names = _checked_header(path, text, separator)
    unknown = [name for name in columns or () if name not in names]
    if unknown:
        raise UnknownItemError(unknown, names, where=path.name)
    chosen = names if columns is None else list(dict.fromkeys(columns))
    raw = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        header=0,
        names=names,
        usecols=chosen,
        index_col=False,
        dtype=dict.fromkeys(_code_columns(text, separator, names), "str"),
        na_values=[""],
        keep_default_na=False,
        low_memory=False,
        skip_blank_lines=len(names) > 1,
    )[chosen]
    parsed = {
        name: parse_text(raw[name], decimal_comma=separator != ",")
        for name in chosen
        if is_text(raw[name]) and not holds_codes(raw[name])
    }
    values = {
        name: parsed[name].values if name in parsed else numeric_where_possible(raw[name])
        for name in chosen
    }
    pointed = [name for name in chosen if name not in parsed and _has_fraction(values[name])]
    return Content(
        frame=pd.DataFrame(values, index=raw.index),
        variables=tuple(Variable(name) for name in chosen),
        encoding=used,
        findings=(
            *_encoding_findings(used, encoding),
            *_marker_findings(parsed),
            *_decimal_findings(parsed, pointed),
        ),
    )


def _decoded(path: Path, encoding: str | None) -> tuple[str, str]:
    """Return the text of a file and the encoding it was read in."""
    content = path.read_bytes()
    unicode = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    tried = [encoding] if encoding else [unicode, FALLBACK_ENCODING]
    for name in tried:
        try:
            text = content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return text, name
    raise UnreadableFileError(
        path,
        f"This file is not text in {' or '.join(tried)}.",
        "Save it as CSV in UTF-8, or name its encoding.",
    )


def _separator(text: str) -> str:
    """Return the separator that splits the header into most names."""
    header = next(iter(text.splitlines()), "")
    return max(SEPARATORS, key=lambda each: len(next(csv.reader([header], delimiter=each), [])))


def _checked_header(path: Path, text: str, separator: str) -> list[str]:
    """Return the column names after checking that every line has as many cells."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = next(lines, [])
        n_cells = len(header)
        for cells in lines:
            if len(cells) != n_cells and cells:
                raise UnreadableFileError(
                    path,
                    f"Line {lines.line_num} has {len(cells)} cell(s), the header has {n_cells}.",
                    "Put text that holds the separator into quotation marks, or complete the line.",
                )
    except csv.Error as error:
        raise UnreadableFileError(
            path,
            f"Line {lines.line_num} cannot be split into cells ({error}).",
            "Check its quotation marks.",
        ) from error
    names = [cleaned(name) or f"unnamed_{at}" for at, name in enumerate(header, start=1)]
    if not names:
        raise UnreadableFileError(path, "The first line is empty; it must hold the column names.")
    require_distinct_names(names, path.name)
    return names


def _code_columns(text: str, separator: str, names: Sequence[str]) -> list[str]:
    """Return the columns of codes such as ``007``, which would lose digits as numbers."""
    if not _CODE_SOMEWHERE.search(text):
        return []
    cells = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        header=0,
        names=list(names),
        index_col=False,
        dtype="str",
    )
    return [name for name in names if holds_codes(cells[name])]


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


def _marker_findings(parsed: Mapping[str, ParsedColumn]) -> list[Finding]:
    found = {name: column.markers for name, column in parsed.items() if column.markers}
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


def _decimal_findings(parsed: Mapping[str, ParsedColumn], pointed: Sequence[str]) -> list[Finding]:
    commas = [name for name, column in parsed.items() if column.notation == "comma"]
    points = [*pointed, *(n for n, column in parsed.items() if column.notation == "point")]
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
