"""Explicit recoding of the codes of a variable: all at once, with a log entry and its labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.errors import SurveyError, listed
from trustsem.findings import Finding
from trustsem.survey.codebook import Code, Variable, code_text
from trustsem.survey.columns import is_text, numeric_where_possible
from trustsem.survey.missing import blank_codes, joined_reasons
from trustsem.survey.preparing import require_columns
from trustsem.survey.survey import LogEntry, Survey

if TYPE_CHECKING:
    from collections.abc import Mapping

MISSING = "missing"
"""The word that stands for "no answer" as a new code."""


def recode(survey: Survey, name: str, codes: Mapping[Code, Code]) -> Survey:
    """Give codes of one variable new values, all of them at the same time.

    Parameters
    ----------
    survey : Survey
        The survey.
    name : str
        The variable.
    codes : Mapping of code to code
        New code by present code; ``"missing"`` makes an answer a missing one, with its reason
        kept. ``{1: 5, 5: 1}`` swaps.

    Returns
    -------
    Survey
        With the cells changed, value labels carried along, and a log entry with the count of each
        code; a finding names codes that do not occur.

    Raises
    ------
    UnknownItemError
        If the variable is not in the data.
    SurveyError
        If a text column is recoded by numbers, or the other way round.
    """
    require_columns(survey, [name])
    column = survey.frame[name]
    _require_kind(survey, name, codes)
    counts = {code: int((column == code).sum()) for code in codes}
    blanked = [code for code, new in codes.items() if new == MISSING]
    kept = {code: new for code, new in codes.items() if new != MISSING}
    frame, reasons = blank_codes(survey.frame, survey.codebook, {name: blanked})
    present = column.where(frame[name].notna()).astype(object)
    changed = present.map(lambda value: kept.get(value, value), na_action="ignore")
    values = numeric_where_possible(changed.where(changed.notna(), np.nan))
    _require_one_kind(survey, name, values)
    told = (f"{code_text(old)} to {code_text(new)} ({counts[old]})" for old, new in codes.items())
    what = ", ".join(told)
    return survey.changed(
        entry=LogEntry("recode", f"recoded {name}: {what}", sum(counts.values())),
        frame=frame.assign(**{name: values}),
        codebook=survey.codebook.with_variables(
            [_relabelled(survey.codebook[name], kept, blanked)]
        ),
        findings=_unused(survey, name, [code for code, n in counts.items() if n == 0]),
        missing_reasons=joined_reasons(survey.missing_reasons, reasons),
    )


def _require_kind(survey: Survey, name: str, codes: Mapping[Code, Code]) -> None:
    """Refuse to look for numbers among text, or for text among numbers."""
    column = survey.frame[name]
    numeric = pd.api.types.is_float_dtype(column)
    wrong = [code for code in codes if isinstance(code, str) == numeric]
    if wrong and column.notna().any():
        kind, other = ("numbers", "text") if numeric else ("text", "numbers")
        raise SurveyError(
            f"{name} holds {kind}; it cannot be recoded from {other} "
            f"({listed(repr(code) for code in wrong)}).",
            where=survey.source.name,
            remedy="Write codes as they stand in the data.",
        )


def _require_one_kind(survey: Survey, name: str, values: pd.Series) -> None:
    """Refuse new codes that leave numbers and text side by side."""
    if pd.api.types.is_float_dtype(values) or is_text(values):
        return
    rest = dict.fromkeys(value for value in values.dropna() if isinstance(value, str))
    raise SurveyError(
        f"After recoding, {name} holds numbers and text ({listed(map(repr, rest))}) side by side.",
        where=survey.source.name,
        remedy='Recode every text to a number, or to "missing"; a label is no code.',
    )


def _relabelled(variable: Variable, kept: Mapping[Code, Code], blanked: list[Code]) -> Variable:
    """Return the variable with labels at the new codes."""
    labels = {
        code: text for code, text in variable.value_labels.items() if code not in {*kept, *blanked}
    }
    arrived: dict[Code, list[str]] = {}
    for old, new in kept.items():
        if text := variable.label_of(old):
            arrived.setdefault(new, []).append(text)
    for new, texts in arrived.items():
        stays = [labels[new]] if new in labels else []
        labels[new] = " / ".join(dict.fromkeys([*stays, *texts]))
    ordered = dict(sorted(labels.items(), key=lambda entry: (isinstance(entry[0], str), entry[0])))
    missing = tuple(dict.fromkeys((*variable.missing_codes, *blanked)))
    gone = {code: variable.label_of(code) for code in blanked if variable.label_of(code)}
    return replace(variable, value_labels={**ordered, **gone}, missing_codes=missing)


def _unused(survey: Survey, name: str, codes: list[Code]) -> list[Finding]:
    """Report codes that were to be recoded and do not occur."""
    if not codes:
        return []
    declared = set(survey.missing_reasons.query("variable == @name")["code"])
    blank = [code for code in codes if code in declared]
    why = f" {listed(map(code_text, blank))} is declared missing already." if blank else ""
    return [
        Finding(
            code="recode_unused",
            subject=name,
            claim=f"No answer has the code(s) {listed(map(code_text, codes))} that the study "
            f"recodes.{why}",
            severity="warning",
            remedy="Check the codes under [recode].",
        )
    ]
