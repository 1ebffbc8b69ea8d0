"""Reading a survey: any of the usual file formats becomes one kind of object."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from trustsem.errors import SurveyError, UnreadableFileError, did_you_mean, listed
from trustsem.findings import Finding
from trustsem.survey.codebook import Codebook, MissingCode, cleaned
from trustsem.survey.codebook_file import codebook_from, with_codebook
from trustsem.survey.columns import is_text, numeric_where_possible, require_distinct_names
from trustsem.survey.content import Content
from trustsem.survey.delimited import delimited_parts, delimited_rows, read_delimited
from trustsem.survey.missing import blank_codes
from trustsem.survey.preparing import check_scale, declare_missing
from trustsem.survey.sheets import parquet_parts, parquet_rows, read_parquet, read_workbook
from trustsem.survey.statistical import (
    READERS,
    read_statistical,
    statistical_parts,
    statistical_rows,
)
from trustsem.survey.survey import LogEntry, Source, Survey

Reader = Callable[[Path, Sequence[str] | None, str | None], Content]

READER_OF: dict[str, Reader] = {
    **dict.fromkeys(READERS, read_statistical),
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".xlsx": read_workbook,
    ".parquet": read_parquet,
}
"""Reader by file extension."""

PartReader = Callable[[Path, Sequence[str] | None, str | None, int], Iterator[Content]]

PARTS_OF: dict[str, PartReader] = {
    **dict.fromkeys(READERS, statistical_parts),
    ".csv": delimited_parts,
    ".tsv": delimited_parts,
    ".parquet": parquet_parts,
}
"""Reader of parts by file extension."""

ROWS_OF: dict[str, Callable[[Path, str | None], int | None]] = {
    **dict.fromkeys(READERS, statistical_rows),
    ".csv": delimited_rows,
    ".tsv": delimited_rows,
    ".parquet": parquet_rows,
}
"""What counts the rows, by file extension."""

FORMATS = {
    ".sav": "SPSS",
    ".zsav": "SPSS, compressed",
    ".por": "SPSS, portable",
    ".dta": "Stata",
    ".sas7bdat": "SAS",
    ".xpt": "SAS, transport",
    ".csv": "CSV",
    ".tsv": "TSV",
    ".xlsx": "Excel",
    ".parquet": "Parquet",
}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def read_survey(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    missing: Sequence[MissingCode] | Mapping[str, Sequence[MissingCode]] = (),
    scale: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None,
    encoding: str | None = None,
    codebook: str | Path | None = None,
) -> Survey:
    """Read a survey file: answers, labels, and the reason of every declared missing answer.

    Parameters
    ----------
    path : path
        ``.sav .zsav .por .dta .sas7bdat .xpt .csv .tsv .xlsx`` or ``.parquet``.
    columns : sequence of str, optional
        Read these columns only, in this order.
    missing : sequence of codes, or Mapping of name to codes
        Missing codes on top of those that the file declares. A sequence holds for every column
        that is read; give a mapping where the code is a true value elsewhere.
    scale : (float, float), or Mapping of name to (float, float), optional
        Lowest and highest answer; a value outside is an error. A pair holds for every numeric
        column that is read.
    encoding : str, optional
        Character encoding of the file, where it does not name the right one itself.
    codebook : path, optional
        A second file with labels and missing codes, a row per variable: columns ``name``,
        ``label``, ``value_labels`` (``1 = no; 2 = yes``), ``missing_codes`` (``98; 99``),
        ``measure``, as ``trustsem convert`` writes it.

    Returns
    -------
    Survey
        Declared missing codes are NaN in ``frame``; code and label are in ``missing_reasons``.

    Raises
    ------
    UnreadableFileError
        If the file does not exist, is damaged, or is of an unknown format.
    UnknownItemError
        If a column that is asked for does not exist.
    SurveyError
        If two columns have the same name.
    ScaleMismatchError
        If an answer lies outside ``scale``.
    """
    if not isinstance(path, str | Path):
        raise SurveyError(
            f"A survey is read from a path, got {type(path).__name__}.",
            remedy="Survey.from_frame makes a survey of a DataFrame.",
        )
    place = Path(path)
    content = _reader(place)(place, columns, encoding)
    if content.frame.empty:
        raise UnreadableFileError(place, "The file holds no cases.")
    described = None if codebook is None else codebook_named(codebook, columns)
    asked = Cleaning(missing, scale, described)
    return asked.survey(_source(place, content), content)


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is asked of a file beyond what it says itself: see :func:`read_survey`.

    Parameters
    ----------
    missing : sequence of codes, or Mapping of name to codes
        Further missing codes.
    scale : (float, float), Mapping of name to (float, float), or None
        Lowest and highest answer.
    codebook : (Codebook, str), or None
        A second file's labels and missing codes, and its name.
    """

    missing: Sequence[MissingCode] | Mapping[str, Sequence[MissingCode]] = ()
    scale: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None
    codebook: tuple[Codebook, str] | None = None

    def survey(self, source: Source, content: Content) -> Survey:
        """Return rows of a file as a survey: codes blank, answers held to their scale.

        Parameters
        ----------
        source : Source
            The file.
        content : Content
            All its rows, or some of them.
        """
        survey = _survey(source, _without_control(content))
        if self.codebook is not None:
            survey = with_codebook(survey, *self.codebook)
        survey = _with_further_missing(survey, self.missing)
        for names, ends in _scales(survey, self.scale):
            check_scale(survey, names, ends)
        return survey


def codebook_named(path: str | Path, columns: Sequence[str] | None) -> tuple[Codebook, str]:
    """Read a second file that describes columns; return what it says and its name."""
    described = codebook_from(read_survey(path))
    if columns is not None:
        described = described.restricted_to(n for n in columns if n in described)
    return described, Path(path).name


def parts_of(
    path: Path, columns: Sequence[str] | None, encoding: str | None, at_once: int
) -> Iterator[Content]:
    """Read a survey file so many rows at once; rows are numbered from 0 over the whole file.

    Parameters
    ----------
    path : path
        A file of a format of :data:`READER_OF`. Workbooks are read whole, then handed out in parts.
    columns : sequence of str, optional
        Read these columns only, in this order.
    encoding : str, optional
        Character encoding of the file.
    at_once : int
        Rows of a part.

    Raises
    ------
    UnreadableFileError, UnknownItemError, SurveyError
        As :func:`read_survey`.
    """
    whole = _reader(path)
    in_parts = PARTS_OF.get(path.suffix.lower())
    if in_parts is not None:
        yield from in_parts(path, columns, encoding, at_once)
        return
    content = whole(path, columns, encoding)
    for first in range(0, max(len(content.frame), 1), at_once):
        yield replace(content, frame=content.frame.iloc[first : first + at_once])


def rows_of(path: Path, encoding: str | None = None) -> int | None:
    """Return the number of rows of a survey file where it is known without reading all cells.

    Parameters
    ----------
    path : path
        A file.
    encoding : str, optional
        Character encoding of the file.

    Returns
    -------
    int or None
        None where the format does not say it.
    """
    _reader(path)
    count = ROWS_OF.get(path.suffix.lower())
    return None if count is None else count(path, encoding)


def _reader(path: Path) -> Reader:
    """Return the reader for a file that exists and has a known extension."""
    try:
        known = path.is_file()
    except OSError as error:  # such as a name that is too long
        raise UnreadableFileError(path, f"It cannot be read: {error.strerror}.") from None
    if not known:
        reason = "This is a folder, not a file." if path.is_dir() else "There is no such file."
        raise UnreadableFileError(path, reason, _nearby(path))
    if path.suffix.lower() not in READER_OF:
        raise UnreadableFileError(
            path,
            f"Files of type {path.suffix or 'without extension'!r} are not read.",
            f"Known types: {listed(READER_OF)}.",
        )
    if path.stat().st_size == 0:
        raise UnreadableFileError(path, "The file is empty.", "Copy it again from its source.")
    return READER_OF[path.suffix.lower()]


def _nearby(path: Path) -> str:
    """Return a suggestion from the same folder."""
    if not path.parent.is_dir():
        return f"The folder {str(path.parent)!r} does not exist either."
    names = [each.name for each in path.parent.iterdir() if each.suffix.lower() in READER_OF]
    return did_you_mean(path.name, names).strip() or "Check the path."


def _without_control(content: Content) -> Content:
    """Return the content without control characters in text cells."""
    dirty = {
        name: content.frame[name].map(cleaned, na_action="ignore")
        for name in content.frame.columns
        if is_text(content.frame[name])
        and content.frame[name].str.contains(_CONTROL, na=False).any()
    }
    if not dirty:
        return content
    finding = Finding(
        code="control_characters",
        subject="data",
        claim=f"Control characters were removed from the text in {listed(dirty)}.",
    )
    return replace(
        content,
        frame=content.frame.assign(**dirty),
        findings=(*content.findings, finding),
    )


def _survey(source: Source, content: Content) -> Survey:
    """Return the content as a survey, declared missing codes blank."""
    names = [str(name) for name in content.frame.columns]
    require_distinct_names(names, source.name)
    codebook = Codebook(content.variables)
    declared = {each.name: each.missing_codes for each in content.variables if each.missing_codes}
    answers, reasons = blank_codes(content.frame, codebook, declared)
    frame = pd.DataFrame(
        {name: numeric_where_possible(answers[name]) for name in names}, index=answers.index
    )
    n_rows, n_columns = frame.shape
    log = [LogEntry("read", f"read {n_rows} cases and {n_columns} variables", n_rows)]
    if declared:
        what = f"answers declared missing by the file, in {len(declared)} variables"
        log.append(LogEntry("missing", what, len(reasons)))
    return Survey(
        frame=frame,
        codebook=codebook,
        source=source,
        log=tuple(log),
        findings=content.findings,
        missing_reasons=reasons,
    )


def _source(path: Path, content: Content) -> Source:
    n_rows, n_columns = content.frame.shape
    return replace(
        described_source(path, content, digest(path)), n_rows=n_rows, n_columns=n_columns
    )


def digest(path: Path) -> str:
    """Return the SHA-256 digest of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def described_source(path: Path, content: Content, sha256: str) -> Source:
    """Return what a file says of itself; rows and columns are not counted yet."""
    return Source(
        path=str(path),
        name=path.name,
        format=FORMATS[path.suffix.lower()],
        sha256=sha256,
        size=path.stat().st_size,
        encoding=content.encoding,
        label=content.label,
        notes=content.notes,
    )


def _with_further_missing(
    survey: Survey, missing: Sequence[MissingCode] | Mapping[str, Sequence[MissingCode]]
) -> Survey:
    if not isinstance(missing, Mapping):
        return declare_missing(survey, missing)
    users: dict[tuple[MissingCode, ...], list[str]] = {}
    for name, codes in missing.items():
        users.setdefault(tuple(codes), []).append(name)
    for codes, names in users.items():
        survey = declare_missing(survey, codes, names)
    return survey


def _scales(
    survey: Survey, scale: tuple[float, float] | Mapping[str, tuple[float, float]] | None
) -> list[tuple[list[str], tuple[float, float]]]:
    """Return which variables are to be held to which scale."""
    if scale is None:
        return []
    if isinstance(scale, Mapping):
        return [([name], ends) for name, ends in scale.items()]
    numeric = [
        name for name in survey.frame.columns if pd.api.types.is_float_dtype(survey.frame[name])
    ]
    return [(numeric, scale)]
