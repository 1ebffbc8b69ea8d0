"""Findings: judgements about data, a solution or a construct, shown before the numbers.

A finding says what is claimed, of which subject, with which value against which threshold from
which source, whether it holds, and what to do. Verdicts are computed from findings and nothing
else. Impossible input is no finding: it raises (:mod:`trustsem.errors`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Severity = Literal["note", "warning", "serious"]
"""``note``: for the record. ``warning``: the reader must know. ``serious``: the numbers concerned
must not be used without it (not converged, inadmissible)."""


@dataclass(frozen=True, slots=True)
class Finding:
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
        tail = f" {self.remedy}" if self.remedy else ""
        return f"{self.severity.upper()} [{self.name}] {self.claim}{tail}"


def labelled(findings: Iterable[Finding], labels: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return findings on constructs in the words of a study: labels in the place of names.

    Parameters
    ----------
    findings : iterable of Finding
        Findings whose subject is a variable, or some joined by ``~~``, ``=~``, ``->`` or ``x``.
    labels : mapping of str to str
        Construct to the name that readers see. Names that are no subject stay as they are.
    """
    return tuple(_labelled(finding, labels) for finding in findings)


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


def at_least(findings: Iterable[Finding], severity: Severity) -> tuple[Finding, ...]:
    """Return the findings of a severity or above, the most serious first."""
    ranks = {"note": 0, "warning": 1, "serious": 2}
    chosen = [finding for finding in findings if ranks[finding.severity] >= ranks[severity]]
    return tuple(sorted(chosen, key=lambda finding: -ranks[finding.severity]))
