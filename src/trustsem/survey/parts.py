"""A survey file that is read in parts, as often as needed, so that its size does not matter.

Every part is an ordinary survey, cleaned as :func:`trustsem.survey.read_survey` cleans the whole;
what is said of the parts is added up to what is said of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from trustsem.errors import SurveyError, UnknownItemError, UnreadableFileError
from trustsem.findings import Finding
from trustsem.survey.codebook import Codebook, MissingCode
from trustsem.survey.columns import is_text
from trustsem.survey.content import Content
from trustsem.survey.readers import (
    Cleaning,
    codebook_named,
    described_source,
    digest,
    parts_of,
    rows_of,
)
from trustsem.survey.survey import SYNTHETIC_MARK, LogEntry, Source, Survey

ROWS_AT_ONCE = 50_000
"""Rows of a part, unless it is said otherwise."""

Preparation = Callable[[Survey], Survey]
"""What is done to every part: it must not depend on the other rows."""


@dataclass(frozen=True, slots=True)
class SurveyParts:
    """A survey file, to be read in parts.

    Iterating over it reads the file once; each part is a survey whose rows are numbered as in the
    file.

    Parameters
    ----------
    path : path
        The file.
    columns : tuple of str
        Columns that are read.
    available : tuple of str
        All columns of the file.
    source : Source
        File, digest, size; rows are not counted.
    cleaning : Cleaning
        Missing codes, scales, codebook.
    encoding : str or None
        Encoding that was asked for.
    at_once : int
        Rows of a part.
    state : (int, int)
        Size and time of change of the file when it was opened.
    n_rows : int or None
        Rows, where the file says so at once.
    prepare : callable or None
        What is done to every part after cleaning.
    """

    path: Path
    columns: tuple[str, ...]
    available: tuple[str, ...]
    source: Source
    cleaning: Cleaning
    encoding: str | None
    at_once: int
    state: tuple[int, int]
    n_rows: int | None = None
    prepare: Preparation | None = None

    def __iter__(self) -> Iterator[Survey]:
        """Yield the parts in the order of the file.

        Raises
        ------
        UnreadableFileError
            If the file has changed since it was opened, or holds no cases.
        SurveyError
            If the answers are not what they should be; rows are those of the file.
        """
        self._require_unchanged()
        n_rows = 0
        for content in parts_of(self.path, self.columns, self.encoding, self.at_once):
            n_rows += len(content.frame)
            if len(content.frame):
                survey = self.cleaning.survey(self.source, content)
                yield survey if self.prepare is None else self.prepare(survey)
            self._require_unchanged()
        if not n_rows:
            raise UnreadableFileError(self.path, "The file holds no cases.")

    @property
    def columns_that_mark(self) -> tuple[str, ...]:
        """Columns that may declare the data synthetic."""
        return tuple(_marked(_first_row(self.path, self.encoding)))

    def prepared_by(self, prepare: Preparation) -> SurveyParts:
        """Return the same file with something done to every part."""
        return replace(self, prepare=prepare)

    def _require_unchanged(self) -> None:
        """Raise if the file is another one by now."""
        if _state(self.path) != self.state:
            raise UnreadableFileError(
                self.path,
                "The file has changed while it was in use; moments of two versions would mix.",
                "Read its moments anew.",
            )


def read_parts(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    missing: Sequence[MissingCode] | Mapping[str, Sequence[MissingCode]] = (),
    scale: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None,
    encoding: str | None = None,
    codebook: str | Path | None = None,
    at_once: int = ROWS_AT_ONCE,
) -> SurveyParts:
    """Open a survey file to be read in parts.

    Parameters
    ----------
    path, columns, missing, scale, encoding, codebook
        As of :func:`trustsem.survey.read_survey`.
    at_once : int
        Rows of a part; memory grows with them, results do not depend on them.

    Returns
    -------
    SurveyParts

    Raises
    ------
    UnreadableFileError, UnknownItemError, SurveyError
        As :func:`trustsem.survey.read_survey`; what is wrong with an answer shows when its part is
        read.
    """
    if not isinstance(path, str | Path):
        raise SurveyError(
            f"A survey is read from a path, got {type(path).__name__}.",
            remedy="Survey.from_frame makes a survey of a DataFrame.",
        )
    if not isinstance(at_once, int | np.integer) or isinstance(at_once, bool) or at_once < 1:
        raise SurveyError(f"Rows are read at least one at once, got {at_once!r}.")
    place = Path(path)
    first = _first_row(place, encoding)
    state = _state(place)
    available = [str(name) for name in first.frame.columns]
    wanted = available if columns is None else list(dict.fromkeys(columns))
    unknown = [name for name in wanted if name not in available]
    if unknown:
        raise UnknownItemError(unknown, available, where=place.name)
    wanted += [name for name in _marked(first) if name not in wanted]
    described = None if codebook is None else codebook_named(codebook, wanted)
    return SurveyParts(
        path=place,
        columns=tuple(wanted),
        available=tuple(available),
        source=described_source(place, first, digest(place)),
        cleaning=Cleaning(missing, scale, described),
        encoding=encoding,
        at_once=int(at_once),
        state=state,
        n_rows=rows_of(place, encoding),
    )


@dataclass(slots=True)
class Ledger:
    """What is said of the parts of a survey, added up.

    Parameters
    ----------
    n_rows : int
        Rows so far.
    log : dict of (str, str) to LogEntry
        Steps after reading.
    findings : dict of (str, str) to Finding
        The last one of each code and subject.
    reasons : Counter of (str, object, str)
        Cells by variable, missing code and its label.
    synthetic : bool
        Whether all parts declare themselves synthetic.
    codebook : Codebook
        Of the last part.
    """

    n_rows: int = 0
    log: dict[tuple[str, str], LogEntry] = field(default_factory=dict)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    reasons: Counter[tuple[str, object, str]] = field(default_factory=Counter)
    synthetic: bool = True
    codebook: Codebook = field(default_factory=lambda: Codebook(()))

    def add(self, part: Survey) -> None:
        """Take down what is said of a part."""
        read, *others = part.log
        self.n_rows += read.n
        for entry in others:
            key = entry.step, entry.what
            before = self.log.get(key)
            n, removed = (before.n, before.removed) if before else (0, 0)
            self.log[key] = LogEntry(
                entry.step, entry.what, n + entry.n, removed=removed + entry.removed
            )
        for finding in part.findings:
            self.findings[finding.code, finding.subject] = finding
        kinds = part.missing_reasons.groupby(
            ["variable", "code", "label"], sort=False, dropna=False
        ).size()
        told = zip(kinds.index.to_frame(index=False).to_numpy(), kinds, strict=True)
        for (variable, code, label), count in told:
            self.reasons[str(variable), code, str(label)] += int(count)
        self.synthetic = self.synthetic and (part.synthetic or not len(part.frame))
        self.codebook = part.codebook

    def entries(self, columns: Sequence[str], at_once: int) -> tuple[LogEntry, ...]:
        """Return the log of the whole file."""
        what = f"read {self.n_rows} cases and {len(columns)} variables, {at_once} rows at once"
        return (LogEntry("read", what, self.n_rows), *self.log.values())


def _first_row(path: Path, encoding: str | None) -> Content:
    """Return all columns of the first row."""
    return next(iter(parts_of(path, None, encoding, 1)))


def _marked(first: Content) -> list[str]:
    """Return columns that may declare the data synthetic."""
    row = first.frame.iloc[:1]
    return [
        str(name)
        for name in row.columns
        if is_text(row[name]) and bool((row[name] == SYNTHETIC_MARK).all())
    ]


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise UnreadableFileError(path, f"It cannot be read: {error.strerror}.") from None
    return found.st_size, found.st_mtime_ns
