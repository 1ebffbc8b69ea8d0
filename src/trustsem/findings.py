"""Findings: judgements about data, a solution or a construct, shown before the numbers.

A finding says what is claimed, of which subject, with which value against which threshold from
which source, whether it holds, and what to do. Verdicts are computed from findings and nothing
else. Impossible input is no finding: it raises (:mod:`trustsem.errors`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import pandas as pd

from trustsem.display import TEXT, Column, Format, printable
from trustsem.references import REFERENCES
from trustsem.tables import Notes, Page, Shown, Table

Severity = Literal["note", "warning", "serious"]
"""``note``: for the record. ``warning``: the reader must know. ``serious``: the numbers concerned
must not be used without it (not converged, inadmissible)."""

_RANKS: Mapping[Severity, int] = {"serious": 2, "warning": 1, "note": 0}
_SHOWN = 20
_VALUE = Format("general", 4)


@dataclass(frozen=True, slots=True, repr=False)
class Finding(Shown):
    """One judgement.

    Parameters
    ----------
    code : str
        Stable identifier of the kind of finding, such as ``"negative_variance"``.
    subject : str
        What it is about: a parameter, item, construct, pair, model or ``"data"``.
    claim : str
        The judgement in one sentence, for a reader.
    severity : {"note", "warning", "serious"}
        How much it matters.
    holds : bool or None
        Whether the criterion is met; None where no criterion is involved.
    value : float or None
        The number that was judged; in the units of the criterion.
    interval : (float, float) or None
        Confidence interval of ``value``.
    threshold : float or None
        What it was judged against.
    source : str
        Key of the criterion's reference (:mod:`trustsem.references`), or empty.
    remedy : str
        What a researcher can do, or empty.
    about : str
        The subject as readers know it, by its labels; empty where that is ``subject`` itself.
    """

    code: str
    subject: str
    claim: str
    severity: Severity = "note"
    holds: bool | None = None
    value: float | None = None
    interval: tuple[float, float] | None = None
    threshold: float | None = None
    source: str = ""
    remedy: str = ""
    about: str = ""

    @property
    def name(self) -> str:
        """The subject as readers know it."""
        return self.about or self.subject

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        """Return severity, subject and claim as one line."""
        return printable(f"{self.severity.upper()} [{self.name}] {self.advice}")

    @property
    def advice(self) -> str:
        """The judgement, and what can be done."""
        return f"{self.claim} {self.remedy}" if self.remedy else self.claim

    def _page(self) -> Page:
        """Return the judgement and what it rests on."""
        return Page(((str(self),), tuple(self._facts())))

    def _facts(self) -> Iterator[str]:
        """Yield what was judged, against what, after whom, one line each."""
        if self.value is not None:
            limits = self.interval
            interval = f", interval {_VALUE.interval(*limits)}" if limits else ""
            yield f"Value: {_VALUE.text(self.value)}{interval}"
        if self.threshold is not None:
            met = {True: " (met)", False: " (not met)", None: ""}[self.holds]
            yield f"Threshold: {_VALUE.text(self.threshold)}{met}"
        if self.source in REFERENCES:
            yield f"Source: {REFERENCES[self.source]}"
        yield f"Code: {self.code}"


class Findings(Shown, tuple[Finding, ...]):
    """Findings in order: a tuple that displays as a table, the most serious first.

    Examples
    --------
    >>> weak = Finding("loading_size", "x4", "The loading is below .50.", "warning")
    >>> print(Findings([weak]))
    1 warning
    ──────────────────────────────────────────
    Severity  About  Finding
    ──────────────────────────────────────────
    warning   x4     The loading is below .50.
    ──────────────────────────────────────────
    """

    __slots__ = ()

    def to_frame(self) -> pd.DataFrame:
        """Return a row per finding: ``severity about claim remedy code subject value ...``."""
        first = ["severity", "about", "claim", "remedy", "code", "subject"]
        rows = [finding.to_dict() | {"about": finding.name} for finding in self]
        rest = [name for name in Finding.__dataclass_fields__ if name not in first]
        return pd.DataFrame(rows, columns=[*first, *rest])

    def _page(self) -> Page:
        """Return how many there are of each severity, and the most serious ones."""
        counts = Counter(finding.severity for finding in self)
        words = [_counted(counts[kind], kind) for kind in _RANKS if counts[kind]]
        ordered = at_least(self, "note")
        rows = [(found.severity, found.name, found.advice) for found in ordered]
        table = Table(
            "findings",
            ", ".join(words),
            pd.DataFrame(rows, columns=["severity", "about", "claim"]),
            columns=_COLUMNS,
            notes=Notes("All of them: .to_frame()" if len(self) > _SHOWN else ""),
            limit=_SHOWN,
        )
        return Page((table,) if self else (("No findings.",),))


_COLUMNS = {
    "severity": Column("Severity", TEXT),
    "about": Column("About", TEXT),
    "claim": Column("Finding", TEXT),
}


def _counted(number: int, severity: Severity) -> str:
    """Return how many findings there are of a severity, in words."""
    one, many = {
        "serious": ("serious finding", "serious findings"),
        "warning": ("warning", "warnings"),
        "note": ("note", "notes"),
    }[severity]
    return f"{number} {one if number == 1 else many}"


def labelled(findings: Iterable[Finding], labels: Mapping[str, str]) -> Findings:
    """Return findings on constructs in the words of a study: labels in the place of names.

    Parameters
    ----------
    findings : iterable of Finding
        Findings whose subject is a variable, or some joined by ``~~``, ``=~``, ``->`` or ``x``.
    labels : mapping of str to str
        Construct to the name that readers see. Names that are no subject stay as they are.
    """
    return Findings(_labelled(finding, labels) for finding in findings)


def _labelled(finding: Finding, labels: Mapping[str, str]) -> Finding:
    """Return one finding with the labels of its subject."""
    names = [name for name in re.split(r" ~~ | =~ | -> | x ", finding.subject) if name in labels]
    if not names:
        return finding
    word = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, names))})(?!\w)")
    about, claim = (
        word.sub(lambda match: labels[match[0]], text) for text in (finding.name, finding.claim)
    )
    return replace(finding, about=about, claim=claim)


def at_least(findings: Iterable[Finding], severity: Severity) -> Findings:
    """Return the findings of a severity or above, the most serious first."""
    chosen = [finding for finding in findings if _RANKS[finding.severity] >= _RANKS[severity]]
    return Findings(sorted(chosen, key=lambda finding: -_RANKS[finding.severity]))
