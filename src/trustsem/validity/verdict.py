"""The answer to each of the two steps, in sentences computed from findings and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from trustsem.errors import listed
from trustsem.findings import Finding
from trustsem.tables import Page, Shown
from trustsem.validity.wording import coefficient, counted, joined, labelled, threshold_text

Step = Literal["measurement", "structural"]

CONVERGENT = {
    "loading_sign": "loadings of one sign",
    "loading_significance": "significant loadings",
    "loading_size": "standardised loadings",
    "alpha": "alpha",
    "composite_reliability": "composite reliability",
    "average_variance_extracted": "AVE",
}
"""Codes that decide on convergent validity, with the criterion as the verdict names it."""
DISCRIMINANT = {
    "fornell_larcker": "Fornell-Larcker",
    "htmt": "HTMT",
    "htmt_interval": "interval of HTMT",
    "anderson_gerbing": "interval of the correlation",
    "chisq_difference": "chi-square difference",
    "correlation_limit": "upper limit of the correlation",
}
"""Codes that decide on discriminant validity, likewise."""
FIT = {"cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA", "srmr": "SRMR"}
"""Codes that decide on fit. The chi-square test and the rule by size are reported beside them."""
FURTHER = (
    "interpretational_confounding", "feedback", "second_order_structure",
    "second_order_reliability", "second_order_ave",
)  # fmt: skip
"""Codes of step two that the verdict names where they are not met."""
REPORTED = ("pseudo_chisq",)
"""Tests of exact fit: named where they are not met, without deciding, as the chi-square test."""
UNJUDGED = ("single_item", "undefined_reliability")
STEPS: Mapping[Step, str] = {
    "measurement": "Step one, measurement model",
    "structural": "Step two, structural model",
}
"""The steps as readers know them."""
_LISTED = 6


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Shown):
    """The outcome of one step.

    Parameters
    ----------
    step : {"measurement", "structural"}
        Which step.
    holds : bool or None
        Whether every criterion that could be judged is met; None where the solution must not be
        judged, or nothing could be.
    text : str
        The outcome in sentences for a reader.
    """

    step: Step
    holds: bool | None
    text: str

    def _page(self) -> Page:
        """Return the outcome in a word and in sentences."""
        return Page((self.lines(),))

    def lines(self) -> tuple[str, str]:
        """Return the outcome in a word, then in sentences."""
        word = {True: "holds", False: "does not hold", None: "no verdict"}[self.holds]
        return f"{STEPS[self.step]}: {word}", self.text


class Verdicts(Shown, tuple[Verdict, ...]):
    """The verdicts of a study: a tuple that displays as text."""

    __slots__ = ()

    def _page(self) -> Page:
        """Return one paragraph for each step."""
        return Page(tuple(verdict.lines() for verdict in self))


def measurement_verdict(
    findings: Iterable[Finding], labels: Mapping[str, str] | None = None
) -> Verdict:
    """Conclude on the measurement model: convergent validity, discriminant validity, fit.

    Parameters
    ----------
    findings : iterable of Finding
        All findings of the step. A serious one stops the judgement.
    labels : mapping of str to str, optional
        What constructs are called for readers.

    Returns
    -------
    Verdict
        ``holds`` is true when every criterion judged is met.
    """
    known = _called(findings, labels)
    stopped = _stopped("measurement", known)
    if stopped:
        return stopped
    groups = [_with_codes(known, codes) for codes in (CONVERGENT, DISCRIMINANT, FIT)]
    holds = _all_hold(finding for group in groups for finding in group)
    opening = {
        True: "The measurement model meets every criterion.",
        False: "The measurement model does not meet every criterion.",
        None: "The measurement model could not be judged by any criterion.",
    }[holds]
    sentences = [opening, _convergent(groups[0]), _discriminant(groups[1]), _fit(groups[2])]
    sentences.append(_unjudged(known))
    return Verdict("measurement", holds, _text(sentences))


def structural_verdict(
    findings: Iterable[Finding], labels: Mapping[str, str] | None = None
) -> Verdict:
    """Conclude on the structural model: hypotheses, the sequence of models, fit, same meaning.

    Parameters
    ----------
    findings : iterable of Finding
        All findings of the step. A serious one stops the judgement.
    labels : mapping of str to str, optional
        What constructs are called for readers.

    Returns
    -------
    Verdict
        ``holds`` is true when every hypothesis is supported, the sequence of models accepts the
        theory and every other criterion judged is met.
    """
    known = _called(findings, labels)
    stopped = _stopped("structural", known)
    if stopped:
        return stopped
    hypotheses = _with_codes(known, ("hypothesis",))
    tests = _with_codes(known, ("nomological_test",))
    accepted = _with_codes(known, ("accepted_model",))
    further = _with_codes(known, FURTHER)
    fit = _with_codes(known, FIT)
    judged = (*hypotheses, *tests, *accepted, *fit, *further)
    sentences = [
        _hypotheses(hypotheses),
        *(finding.claim for finding in (*tests, *accepted)),
        _fit(fit),
        *(finding.claim for finding in _failed((*further, *_with_codes(known, REPORTED)))),
    ]
    return Verdict("structural", _all_hold(judged) if hypotheses else None, _text(sentences))


def _called(findings: Iterable[Finding], labels: Mapping[str, str] | None) -> tuple[Finding, ...]:
    """Return findings whose subjects are called as readers know them."""
    names = {} if labels is None else labels
    return tuple(replace(finding, subject=labelled(finding.subject, names)) for finding in findings)


def _stopped(step: Step, findings: Sequence[Finding]) -> Verdict | None:
    """Return the verdict that a step must not be judged, if a finding is serious."""
    serious = [finding.claim for finding in findings if finding.severity == "serious"]
    if not serious:
        return None
    return Verdict(step, None, _text([f"The {step} model cannot be judged.", *serious]))


def _convergent(findings: Sequence[Finding]) -> str:
    """Say which criteria of convergent validity are missed, by which constructs and items."""
    if not findings:
        return ""
    missed = [
        f"{name} ({_subjects(failed)})"
        for code, name in CONVERGENT.items()
        if (failed := _failed(finding for finding in findings if finding.code == code))
    ]
    if not missed:
        return "Convergent validity is met by every construct and item that could be judged."
    return f"Convergent validity is in doubt; criteria missed: {joined(missed)}."


def _discriminant(findings: Sequence[Finding]) -> str:
    """Say which pairs of constructs are not distinct, and by which criteria."""
    pairs = dict.fromkeys(finding.subject for finding in findings if finding.holds is not None)
    if not pairs:
        return ""
    failed = _failed(findings)
    if not failed:
        quantity = "the one pair" if len(pairs) == 1 else f"all {len(pairs)} pairs"
        return f"Discriminant validity is met by {quantity} of constructs."
    doubtful = dict.fromkeys(finding.subject for finding in failed)
    names = {finding.subject: finding.name.replace(" ~~ ", " and ") for finding in failed}
    details = [
        f"{names[pair]} ({', '.join(DISCRIMINANT[f.code] for f in failed if f.subject == pair)})"
        for pair in doubtful
    ]
    return (
        f"Discriminant validity is in doubt for {len(doubtful)} of "
        f"{counted(len(pairs), 'pair', 'pairs')} of constructs: {listed(details, _LISTED)}."
    )


def _fit(findings: Sequence[Finding]) -> str:
    """Say which fit indices miss their cutoffs."""
    judged = [finding for finding in findings if finding.holds is not None]
    if not judged:
        return ""
    missed = [_against(finding) for finding in _failed(judged)]
    met = [FIT[finding.code] for finding in judged if finding.holds]
    if not missed:
        return f"Its fit meets the cutoffs of {joined(met)}."
    misses = "misses its cutoff" if len(missed) == 1 else "miss their cutoffs"
    meets = "meets its cutoff" if len(met) == 1 else "meet their cutoffs"
    rest = f"; {joined(met)} {meets}" if met else ""
    return f"In fit, {joined(missed)} {misses}{rest}."


def _against(finding: Finding) -> str:
    """Return an index with its value and cutoff."""
    value = "" if finding.value is None else f" {coefficient(finding.value)}"
    cutoff = "" if finding.threshold is None else f" ({threshold_text(finding.threshold)})"
    return f"{FIT[finding.code]}{value}{cutoff}"


def _hypotheses(findings: Sequence[Finding]) -> str:
    """Say how many hypotheses are supported and name the others."""
    if not findings:
        return "No hypothesis was tested."
    failed = [finding.subject for finding in _failed(findings)]
    total = len(findings)
    if not failed:
        return (
            "The hypothesis is supported."
            if total == 1
            else f"All {total} hypotheses are supported."
        )
    if total == 1:
        return "The hypothesis is not supported."
    if len(failed) == total:
        return f"None of the {total} hypotheses is supported."
    n_supported = total - len(failed)
    verb = "is" if n_supported == 1 else "are"
    names = joined(failed)
    return f"{n_supported} of {total} hypotheses {verb} supported; not supported: {names}."


def _unjudged(findings: Sequence[Finding]) -> str:
    """Name the constructs whose reliability could not be judged."""
    subjects = [finding.name for finding in _with_codes(findings, UNJUDGED)]
    return f"Not fully judged: {listed(dict.fromkeys(subjects), _LISTED)}." if subjects else ""


def _with_codes(findings: Iterable[Finding], codes: Iterable[str]) -> tuple[Finding, ...]:
    """Return the findings of some codes."""
    wanted = frozenset(codes)
    return tuple(finding for finding in findings if finding.code in wanted)


def _failed(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings whose criterion is not met."""
    return [finding for finding in findings if finding.holds is False]


def _all_hold(findings: Iterable[Finding]) -> bool | None:
    """Return whether every judged criterion is met; None if none was judged."""
    judged = [finding.holds for finding in findings if finding.holds is not None]
    return all(judged) if judged else None


def _subjects(findings: Sequence[Finding]) -> str:
    """Return what the findings are about, items without their construct, with the values."""
    return listed(
        (
            _item_or_construct(finding)
            + ("" if finding.value is None else f" {coefficient(finding.value)}")
            for finding in findings
        ),
        _LISTED,
    )


def _item_or_construct(finding: Finding) -> str:
    """Return the item of a loading, or the construct by its label."""
    _, loading, item = finding.subject.partition(" =~ ")
    return item if loading else finding.name


def _text(sentences: Iterable[str]) -> str:
    """Join the sentences that say something."""
    return " ".join(sentence for sentence in sentences if sentence)
