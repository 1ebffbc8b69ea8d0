"""Answers of a study from a file too large for memory: prepared part by part, then added up.

Each part is prepared as :mod:`trustsem.study.answers` prepares the whole. What compares a case with
others (duplicates, outliers) is not done: a rule of that kind is refused, and nothing is screened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from trustsem.errors import SurveyError, UnknownItemError, UnsupportedError
from trustsem.findings import Finding
from trustsem.moments import SurveyMoments, add_up
from trustsem.results.progress import progress_report
from trustsem.survey import LogEntry, Survey
from trustsem.survey.preparing import listwise_finding
from trustsem.survey.readers import rows_of
from trustsem.survey.respondents import cases_under

if TYPE_CHECKING:
    from pathlib import Path

    from trustsem.options import Options
    from trustsem.study.plan import Study
    from trustsem.survey.parts import Preparation, SurveyParts

LARGE = 500_000
"""Rows from which on a study reads its file in parts by itself."""

_COMPARING = ("duplicate_of", "d2", "d2_pvalue")
"""Indices of a case that depend on the other cases."""


def is_large(path: Path) -> bool:
    """Return whether a file has so many rows that it is read in parts."""
    n_rows = rows_of(path)
    return n_rows is not None and n_rows >= LARGE


def study_moments(
    study: Study, parts: SurveyParts, options: Options, prepare: Preparation, hint: str
) -> SurveyMoments:
    """Add up the answers of a study.

    Parameters
    ----------
    study : Study
        The plan.
    parts : SurveyParts
        The file.
    options : Options
        Options of the estimation, which say whether incomplete cases count.
    prepare : callable
        Gives a part the study's names, codes and reversed items.
    hint : str
        What a message about missing columns adds.

    Returns
    -------
    SurveyMoments
        Of all variables that a model of the study may need, by its groups if it has any.

    Raises
    ------
    UnsupportedError
        If items are ordered, or a rule compares cases.
    UnknownItemError, NotNumericError, ScaleMismatchError, SurveyError
        If the answers are not what the study says.
    """
    if options.ordered:
        raise UnsupportedError(
            "ordered items from a file that is read in parts",
            "Their thresholds and correlations need the answers in memory.",
        )
    for rule in study.screening.drop:
        if rule.column in _COMPARING:
            raise UnsupportedError(
                f"the rule {rule.shown!r} for a file that is read in parts",
                "It compares a case with all others. Leave it out, or give a file that fits into "
                "memory.",
            )
    by = study.groups.by if study.groups else None
    names = list(dict.fromkeys([*study.variables, *study.bias_items]))
    needed = list(
        dict.fromkeys([*names, *([by] if by else []), *study.screening.variables, *study.recode])
    )
    column_of = {
        name: name if name in parts.available else study.columns.get(name, name) for name in needed
    }
    missing = [name for name in needed if column_of[name] not in parts.available]
    if missing:
        raise UnknownItemError(missing, parts.available, where=parts.source.name, hint=hint)
    columns = dict.fromkeys([*column_of.values(), *parts.columns_that_mark])
    chosen = replace(parts, columns=tuple(columns))
    ready = partial(_ready, study=study, options=options, prepare=prepare, by=by)
    moments = add_up(
        chosen.prepared_by(ready), names, by=by, reporter=partial(progress_report, progress=None)
    )
    if not moments.n_rows:
        raise SurveyError(
            "No case is left to analyse.",
            where=parts.source.name,
            remedy="Check the rules of the study and the missing codes.",
        )
    return moments


def streamed_findings(moments: SurveyMoments) -> tuple[Finding, ...]:
    """Return what a reader must know of answers that were added up.

    Parameters
    ----------
    moments : SurveyMoments
        What they add up to.
    """
    left = moments.n_rows
    by_rule = [
        f"{entry.removed} cases left by the rule: {entry.what}"
        for entry in moments.log
        if entry.step == "rule"
    ]
    listwise = sum(entry.removed for entry in moments.log if entry.step == "listwise")
    claim = (
        f"{moments.source.name} ({moments.source.n_rows} cases) was read in parts and added up; "
        f"N = {left}. Cases were not screened, and nothing that needs all of them was done."
    )
    found = Finding(
        code="streamed_input",
        subject="data",
        claim=" ".join([claim, *(f"{text}." for text in by_rule)]),
        remedy="For screening, read a sample of the cases that fits into memory.",
    )
    lost = (listwise_finding(listwise, left),) if listwise else ()
    return (*moments.findings, found, *lost)


def _ready(
    part: Survey, *, study: Study, options: Options, prepare: Preparation, by: str | None
) -> Survey:
    """Prepare a part, leave out what the study leaves out, and name the groups by their labels."""
    survey = prepare(part)
    for rule in study.screening.drop:
        if len(survey.frame):
            out = cases_under(rule, survey, study.items_of, study.screening)
            survey = _without(survey, out, "rule", rule.shown)
    outside = [name for name in study.variables if name not in study.construct_of]
    if outside and (options.fixed_x or not options.incomplete):
        survey = _complete(survey, outside)
    if options.incomplete:
        answered = survey.frame[list(study.items)].notna().any(axis=1)
        what = f"an answer to at least one of {len(study.items)} items"
        survey = _without(survey, ~answered, "no_answers", what)
    else:
        survey = _complete(survey, study.items)
    if by is None:
        return survey
    labels = survey.codebook[by].value_labels
    named = survey.frame[by].map(lambda value: labels.get(value) or value, na_action="ignore")
    return replace(survey, frame=survey.frame.assign(**{by: named}))


def _complete(survey: Survey, names: Sequence[str]) -> Survey:
    """Keep the cases that answered all of some items."""
    complete = survey.frame[list(names)].notna().all(axis=1)
    what = f"complete answers on {len(names)} items"
    return _without(survey, ~complete, "listwise", what)


def _without(survey: Survey, out: pd.Series, step: str, what: str) -> Survey:
    """Leave cases out, all of a part if need be."""
    lost = int(out.sum())
    if not lost and step != "rule":
        return survey
    entry = LogEntry(step, what, len(out) - lost, removed=lost)
    rows = survey.frame.index[~out] + 1
    reasons = survey.missing_reasons
    return survey.changed(
        entry=entry,
        frame=survey.frame.loc[~out],
        missing_reasons=reasons[reasons["row"].isin(rows)],
    )
