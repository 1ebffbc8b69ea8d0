"""Are the constructs distinct from each other? The findings on every pair and criterion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from trustsem.findings import Finding
from trustsem.validity.discriminant import (
    CRITERIA,
    absolute_upper_limit,
    criterion_verdicts,
)
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, interval_text, joined, p_text, threshold_text

_MERGE_REMEDY = "Look for items that fit both constructs; consider whether they are one construct."


def check_discriminant(
    table: pd.DataFrame,
    thresholds: Thresholds | None = None,
    labels: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Check every pair of constructs by every criterion.

    Parameters
    ----------
    table : DataFrame
        As :func:`trustsem.validity.discriminant_table` returns it.
    thresholds : Thresholds, optional
        Cutoffs; the defaults where it is missing.
    labels : mapping of str to str, optional
        Construct to the name that readers see.

    Returns
    -------
    tuple of Finding
        Codes ``fornell_larcker``, ``htmt``, ``htmt_interval``, ``anderson_gerbing``,
        ``chisq_difference`` and ``correlation_limit`` (by Rönkkö & Cho's classes) for every pair,
        ``htmt_interval`` and ``chisq_difference`` where the table holds them;
        ``criteria_disagree`` where some hold and some do not.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_; Voorhees et al. (2016) [voorhees2016]_;
    Anderson & Gerbing (1988) [anderson1988]_; Rönkkö & Cho (2022) [ronkko2022]_.
    """
    limits = thresholds or Thresholds()
    names = labels or {}
    findings: list[Finding] = []
    for row in table.to_dict("records"):
        record = {
            **row,
            "a": names.get(row["construct_a"], row["construct_a"]),
            "b": names.get(row["construct_b"], row["construct_b"]),
        }
        verdicts = criterion_verdicts(record)
        first = len(findings)
        for code, check in _CHECKS.items():
            holds = verdicts[code]
            if holds is not None:
                findings.append(check(record, holds, limits))
            elif code not in _OPTIONAL:
                findings.append(_not_judged(record, code, limits.source(_THRESHOLDS[code])))
        findings[first:] = _with_one_remedy(findings[first:])
        findings += _disagreement(record)
    return tuple(findings)


def _check_fornell_larcker(record: Mapping[Any, Any], holds: bool, limits: Thresholds) -> Finding:
    """Judge AVE against the shared variance."""
    del limits
    a, b, shared = record["a"], record["b"], record["phi_squared"]
    lower = min(record["ave_a"], record["ave_b"])
    low = [name for name, ave in ((a, record["ave_a"]), (b, record["ave_b"])) if ave <= shared]
    claim = (
        f"{a} and {b} share less variance ({coefficient(shared)}) than each extracts from its own "
        f"items (AVE at least {coefficient(lower)})."
        if holds
        else f"{a} and {b} share {coefficient(shared)} of their variance, which is not below the "
        f"AVE of {joined(low)} ({coefficient(lower)})."
    )
    return _criterion(
        record, "fornell_larcker", claim, holds, value=shared, threshold=lower, source="fornell1981"
    )


def _check_htmt(record: Mapping[Any, Any], holds: bool, limits: Thresholds) -> Finding:
    """Judge HTMT against its cutoff."""
    place = "is below" if holds else "is not below"
    claim = (
        f"HTMT of {record['a']} and {record['b']}, {coefficient(record['htmt'])}, {place} "
        f"{threshold_text(limits.htmt)}."
    )
    return _criterion(
        record,
        "htmt",
        claim,
        holds,
        value=record["htmt"],
        interval=_htmt_interval(record),
        threshold=limits.htmt,
        source=limits.source("htmt"),
    )


def _check_htmt_interval(record: Mapping[Any, Any], holds: bool, limits: Thresholds) -> Finding:
    """Judge the upper limit of HTMT."""
    lower, upper = record["htmt_ci_lower"], record["htmt_ci_upper"]
    verb = "stays below" if holds else "reaches"
    claim = (
        f"The 95 % interval of HTMT of {record['a']} and {record['b']}, "
        f"{interval_text(lower, upper)}, {verb} {threshold_text(limits.htmt_limit)}."
    )
    return _criterion(
        record,
        "htmt_interval",
        claim,
        holds,
        value=record["htmt"],
        interval=(lower, upper),
        threshold=limits.htmt_limit,
        source=limits.source("htmt_limit"),
    )


def _check_anderson_gerbing(record: Mapping[Any, Any], holds: bool, limits: Thresholds) -> Finding:
    """Judge whether the correlation's interval excludes 1."""
    phi, reach = record["phi"], limits.phi_se * record["se"]
    verb = "excludes" if holds else "does not exclude"
    bound = "1" if phi >= 0 else "-1"
    claim = (
        f"The correlation of {record['a']} and {record['b']}, "
        f"{coefficient(phi)} plus or minus {threshold_text(limits.phi_se)} standard errors "
        f"{interval_text(phi - reach, phi + reach)}, {verb} {bound}."
    )
    return _criterion(
        record,
        "anderson_gerbing",
        claim,
        holds,
        value=phi,
        interval=(phi - reach, phi + reach),
        threshold=1.0,
        source=limits.source("phi_se"),
    )


def _check_chisq_difference(record: Mapping[Any, Any], holds: bool, limits: Thresholds) -> Finding:
    """Judge whether a model with a perfect correlation fits worse."""
    verb = "fits worse than" if holds else "does not fit worse than"
    sign = "1" if record["phi"] >= 0 else "-1"
    claim = (
        f"The model in which {record['a']} and {record['b']} correlate {sign} {verb} the "
        f"measurement model: chi-square difference {record['chisq_diff']:.2f} with 1 df, "
        f"{p_text(record['pvalue_holm'])} (Holm)."
    )
    return _criterion(
        record,
        "chisq_difference",
        claim,
        holds,
        value=record["pvalue_holm"],
        threshold=limits.significance,
        source="anderson1988",
    )


def _check_correlation_limit(record: Mapping[Any, Any], holds: bool, limits: Thresholds) -> Finding:
    """Judge the upper limit of the correlation; a marginal problem still holds."""
    phi, lower, upper = record["phi"], record["ci_lower"], record["ci_upper"]
    problem = record["problem"]
    extent = "no problem" if problem == "none" else f"a {problem} problem"
    claim = (
        f"The 95 % interval of the correlation of {record['a']} and {record['b']} reaches "
        f"{coefficient(absolute_upper_limit(phi, lower, upper))} in absolute value: {extent} of "
        "discriminant validity."
    )
    return _criterion(
        record,
        "correlation_limit",
        claim,
        holds,
        value=phi,
        interval=(lower, upper),
        threshold=limits.phi_moderate,
        source=limits.source("phi_moderate"),
    )


_CHECKS = {
    "fornell_larcker": _check_fornell_larcker,
    "htmt": _check_htmt,
    "htmt_interval": _check_htmt_interval,
    "anderson_gerbing": _check_anderson_gerbing,
    "chisq_difference": _check_chisq_difference,
    "correlation_limit": _check_correlation_limit,
}
_THRESHOLDS = {
    "fornell_larcker": "ave",
    "htmt": "htmt",
    "anderson_gerbing": "phi_se",
    "correlation_limit": "phi_moderate",
}
_OPTIONAL = frozenset(_CHECKS) - frozenset(_THRESHOLDS)
"""Criteria whose absence needs no finding of its own: the others say why already."""


def _with_one_remedy(findings: list[Finding]) -> list[Finding]:
    """Return the findings on one pair, the first that fails with what to do."""
    failing = next((at for at, finding in enumerate(findings) if finding.holds is False), None)
    if failing is not None:
        findings[failing] = replace(findings[failing], remedy=_MERGE_REMEDY)
    return findings


def _criterion(
    record: Mapping[Any, Any], code: str, claim: str, holds: bool, **facts: Any
) -> Finding:
    """Return one criterion's finding about one pair."""
    return Finding(
        code=code,
        subject=_subject(record),
        about=_about(record),
        claim=claim,
        severity="note" if holds else "warning",
        holds=holds,
        **facts,
    )


def _not_judged(record: Mapping[Any, Any], code: str, source: str) -> Finding:
    """Return the finding that a criterion cannot be judged, with the reason."""
    if code in {"fornell_larcker", "htmt"} and not math.isnan(record["phi"]):
        reason = "one of them has a single item, or an improper solution"
    elif math.isnan(record["phi"]):
        reason = "the model estimates no correlation of the two, or a variance is negative"
    else:
        reason = "their correlation has no standard error"
    return Finding(
        code=code,
        subject=_subject(record),
        about=_about(record),
        claim=f"{record['a']} and {record['b']} cannot be judged by {CRITERIA[code]}: {reason}.",
        severity="warning",
        source=source,
    )


def _disagreement(record: Mapping[Any, Any]) -> list[Finding]:
    """Say which criteria a pair meets and which not, if both kinds exist."""
    if not record["disagreement"]:
        return []
    return [
        Finding(
            code="criteria_disagree",
            subject=_subject(record),
            about=_about(record),
            claim=(
                f"The criteria disagree on {record['a']} and {record['b']}: "
                f"{record['disagreement']}."
            ),
            severity="note",
            remedy="Report them all; HTMT and the interval of the correlation miss less.",
        )
    ]


def _htmt_interval(record: Mapping[Any, Any]) -> tuple[float, float] | None:
    """Return the interval of HTMT, or None where there is none."""
    lower, upper = record["htmt_ci_lower"], record["htmt_ci_upper"]
    return None if math.isnan(lower) or math.isnan(upper) else (lower, upper)


def _subject(record: Mapping[Any, Any]) -> str:
    """Return the pair as the model text writes its correlation."""
    return f"{record['construct_a']} ~~ {record['construct_b']}"


def _about(record: Mapping[Any, Any]) -> str:
    """Return the pair by its labels."""
    return f"{record['a']} and {record['b']}"
