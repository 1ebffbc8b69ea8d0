"""The survey: answers, codebook, and everything that was done to them.

A survey is frozen. What is done to it (:mod:`trustsem.survey.preparing`) gives a new one whose log
is longer by one entry.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from trustsem.errors import listed
from trustsem.survey.codebook import Codebook, Variable, cleaned, code_text
from trustsem.survey.columns import is_text, numeric_where_possible, require_distinct_names
from trustsem.tables import for_notebook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustsem.findings import Finding

REASON_COLUMNS = ("row", "variable", "code", "label")

SYNTHETIC_MARK = "SYNTHETIC"
"""A file label, note or text column that begins with this word declares the data synthetic."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that was done to the data.

    Parameters
    ----------
    step : str
        Which step: ``"read"``, ``"rename"``, ``"recode"``, ``"missing"``, ``"reverse"``,
        ``"rule"``, ``"no_answers"``, ``"listwise"``.
    what : str
        What was done, for a reader.
    n : int
        How many cells it changed, or cases it concerned.
    removed : int
        How many cases it removed.
    cases : tuple of int
        Which ones: rows of the source, from 1.
    """

    step: str
    what: str
    n: int
    removed: int = 0
    cases: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a survey came from.

    Parameters
    ----------
    path : str
        Path as given; empty for a DataFrame.
    name : str
        File name, or what stands for it.
    format : str
        Format in words.
    sha256 : str
        Digest of the file's bytes; empty for a DataFrame.
    size : int
        Bytes.
    n_rows, n_columns : int
        Rows and columns as read.
    encoding : str
        Character encoding, where it was chosen by the reader.
    label : str
        The file's own label.
    notes : tuple of str
        Notes that the file carries.
    """

    path: str
    name: str
    format: str
    sha256: str = ""
    size: int = 0
    n_rows: int = 0
    n_columns: int = 0
    encoding: str = ""
    label: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Survey:
    """Answers of a survey with their meaning and history.

    Parameters
    ----------
    frame : DataFrame
        A row per case, a column per variable. Numeric columns are float64 with NaN for missing;
        text stays text. The index counts the rows of the source from 0 and survives exclusions.
    codebook : Codebook
        Labels, value labels, declared missing codes.
    source : Source
        File, digest, size.
    log : tuple of LogEntry
        What was done, in order.
    findings : tuple of Finding
        What a reader must know about the data.
    missing_reasons : DataFrame
        A row per cell that holds a declared missing code: ``row`` (from 1, as read), ``variable``,
        ``code``, ``label``. Cells that were empty in the source are not listed.
    """

    frame: pd.DataFrame
    codebook: Codebook
    source: Source
    log: tuple[LogEntry, ...] = ()
    findings: tuple[Finding, ...] = ()
    missing_reasons: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(REASON_COLUMNS))
    )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, name: str = "DataFrame") -> Survey:
        """Take the columns of a DataFrame as a survey; the index is counted anew from 0.

        Parameters
        ----------
        frame : DataFrame
            A row per case. Numbers and truth values become float64, categories their labels.
        name : str
            What the survey is called in messages.

        Raises
        ------
        SurveyError
            If two columns have the same name.
        """
        names = [cleaned(column) for column in frame.columns]
        require_distinct_names(names, name)
        columns = {new: numeric_where_possible(frame.iloc[:, at]) for at, new in enumerate(names)}
        answers = pd.DataFrame(columns).set_axis(range(len(frame)), axis=0)
        source = Source("", name, "DataFrame", n_rows=len(frame), n_columns=len(names))
        return cls(
            frame=answers,
            codebook=Codebook(Variable(each) for each in names),
            source=source,
            log=(LogEntry("read", f"took {len(names)} columns from {name}", len(frame)),),
        )

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return len(self.frame)

    @property
    def synthetic(self) -> bool:
        """Whether label, note or a text column of the file declares the data synthetic."""
        texts = (self.source.label, *self.source.notes)
        return any(text.startswith(SYNTHETIC_MARK) for text in texts) or any(
            _all_marked(self.frame[name])
            for name in self.frame.columns
            if is_text(self.frame[name])
        )

    @property
    def log_frame(self) -> pd.DataFrame:
        """The log as a table: step, what, n, removed, cases (rows of the source, from 1)."""
        rows = [(entry.step, entry.what, entry.n, entry.removed, entry.cases) for entry in self.log]
        return pd.DataFrame(rows, columns=["step", "what", "n", "removed", "cases"])

    def changed(
        self,
        *,
        entry: LogEntry,
        frame: pd.DataFrame | None = None,
        codebook: Codebook | None = None,
        findings: Iterable[Finding] = (),
        missing_reasons: pd.DataFrame | None = None,
    ) -> Survey:
        """Return a survey with some parts replaced and the log continued.

        Parameters
        ----------
        entry : LogEntry
            What was done; it is added to the log.
        frame, codebook, missing_reasons : optional
            The new parts; None keeps the present one.
        findings : iterable of Finding
            Findings to add.
        """
        return replace(
            self,
            frame=self.frame if frame is None else frame,
            codebook=self.codebook if codebook is None else codebook,
            missing_reasons=(self.missing_reasons if missing_reasons is None else missing_reasons),
            log=(*self.log, entry),
            findings=(*self.findings, *findings),
        )

    def __repr__(self) -> str:
        """Return one screen: what it is, what to know, what was done, where to look."""
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        title, *rest = self._lines()
        pairs = (line.strip().partition(" ") for line in rest)
        items = Markup("").join(
            Markup("<li>{}: {}</li>").format(word, text.strip()) for word, _, text in pairs
        )
        table = replace(self.codebook.to_table(_SHOWN), show=("name", "label", "missing_codes"))
        template = Markup("<p><strong>{}</strong></p>\n<ul>{}</ul>\n{}")
        return for_notebook(template.format(title, items, table.to_html()))

    def _lines(self) -> list[str]:
        count = f"{self.n_cases} cases, {self.frame.shape[1]} variables"
        title = f"Survey {cleaned(self.source.name)} ({self.source.format}): {count}"
        label = [f"  label    {self.source.label}"] if self.source.label else []
        notice = ["  notice   The file declares its data SYNTHETIC."] if self.synthetic else []
        text = [
            name
            for name in self.frame.columns
            if not pd.api.types.is_numeric_dtype(self.frame[name])
        ]
        return [
            title,
            *notice,
            *label,
            f"  missing  {self._missing_text()}",
            *([f"  text     {listed(text)}"] if text else []),
            *(f"  finding  {finding}" for finding in self.findings),
            *(f"  log      {entry.step}: {entry.what}" for entry in self.log),
            "  see      .frame  .codebook  .log_frame  .missing_reasons  .findings  .source",
        ]

    def _missing_text(self) -> str:
        total = int(self.frame.isna().to_numpy().sum())
        pairs = zip(self.missing_reasons["code"], self.missing_reasons["label"], strict=True)
        declared = Counter(f"{code_text(code)} {label}".strip() for code, label in pairs)
        kinds = [f"{kind}: {n}" for kind, n in sorted(declared.items())]
        return f"{total} cells" + (f" ({'; '.join(kinds)})" if kinds else "")


_SHOWN = 50
"""Rows of the codebook in a notebook; `.codebook` has them all."""


def _all_marked(column: pd.Series) -> bool:
    present = column.dropna()
    return len(present) > 0 and bool((present == SYNTHETIC_MARK).all())
