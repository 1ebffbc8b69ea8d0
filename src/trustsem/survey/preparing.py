"""What a study asks of a survey, and what is done to make the survey fit for it.

``require_`` and ``check_`` functions raise when the data cannot be what the study says; the others
return a new survey whose log tells what was done. Nothing is recoded, dropped or declared missing
without being asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem.errors import (
    NotNumericError,
    ScaleMismatchError,
    SurveyError,
    UnknownItemError,
    listed,
)
from trustsem.findings import Finding
from trustsem.survey.codebook import MissingCode, Variable, code_text, same_code
from trustsem.survey.columns import is_number
from trustsem.survey.missing import blank_codes, joined_reasons, with_missing_codes
from trustsem.survey.survey import LogEntry, Survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Cell = tuple[str, int, object]
"""Variable, row (from 1, as read), value."""

SHARE_LOST_TO_WARN = 0.15
"""Beyond this share of cases lost, listwise deletion is a warning rather than a note."""


def require_columns(survey: Survey, names: Sequence[str], hint: str = "") -> None:
    """Raise if the survey lacks a variable.

    Parameters
    ----------
    survey : Survey
        The answers.
    names : sequence of str
        Variables that must be there.
    hint : str
        What the message adds for the user to do.

    Raises
    ------
    UnknownItemError
        With the missing names and, where there is one, the nearest name that exists.
    """
    missing = [name for name in dict.fromkeys(names) if name not in survey.frame.columns]
    if missing:
        columns = list(survey.frame.columns)
        raise UnknownItemError(missing, columns, where=survey.source.name, hint=hint)


def require_numeric(survey: Survey, names: Sequence[str]) -> None:
    """Raise if an item holds text, dates or infinite numbers.

    Raises
    ------
    UnknownItemError
        If a variable is not in the data.
    NotNumericError
        With every offending cell.
    """
    require_columns(survey, names)
    cells = [cell for name in dict.fromkeys(names) for cell in _cells_without_number(survey, name)]
    if cells:
        raise NotNumericError(cells, where=survey.source.name)


def check_scale(survey: Survey, names: Sequence[str], scale: tuple[float, float]) -> None:
    """Raise if an answer lies outside the scale; missing answers do not count.

    Parameters
    ----------
    survey : Survey
        The survey.
    names : sequence of str
        Items on that scale.
    scale : (float, float)
        Lowest and highest answer.

    Raises
    ------
    SurveyError
        If the scale is not two ascending numbers.
    NotNumericError
        If an item holds text.
    ScaleMismatchError
        With every offending cell.
    """
    low, high = require_scale(scale)
    require_numeric(survey, names)
    cells: list[Cell] = []
    for name in dict.fromkeys(names):
        column = survey.frame[name]
        outside = column[(column < low) | (column > high)]
        cells += [(name, row, code_text(float(value))) for row, value in _rows(outside)]
    if cells:
        raise ScaleMismatchError(cells, (low, high), where=survey.source.name)


def require_varying(survey: Survey, names: Sequence[str]) -> None:
    """Raise if an item is constant or has no answers: it cannot covary with anything.

    Raises
    ------
    SurveyError
        Naming the items.
    """
    require_numeric(survey, names)
    constant = [name for name in dict.fromkeys(names) if not _varies(survey.frame[name])]
    if constant:
        raise SurveyError(
            f"Item(s) without variation: {listed(constant)}.",
            where=survey.source.name,
            remedy="Leave them out of the study: a constant answer carries no information.",
        )


def require_distinct(survey: Survey, names: Sequence[str]) -> None:
    """Raise if two items hold the same answers in every case: one is a copy of the other.

    Raises
    ------
    SurveyError
        Naming the pairs.
    """
    require_numeric(survey, names)
    first: dict[bytes, str] = {}
    pairs: list[str] = []
    for name in dict.fromkeys(names):
        values = survey.frame[name].to_numpy(dtype=float)
        content = np.where(np.isnan(values), np.nan, values + 0.0).tobytes()
        if content in first:
            pairs.append(f"{first[content]} and {name}")
        first.setdefault(content, name)
    if pairs:
        raise SurveyError(
            f"Items with identical answers in every case: {listed(pairs)}.",
            where=survey.source.name,
            remedy="One is probably a copy of the other; leave one out or correct the file.",
        )


def require_scale(scale: Sequence[float]) -> tuple[float, float]:
    """Return lowest and highest answer, or raise `SurveyError`."""
    if len(scale) != 2 or not float(scale[0]) < float(scale[1]):  # noqa: PLR2004 (two ends)
        raise SurveyError(
            f"A scale is given by its lowest and highest answer, got {tuple(scale)!r}.",
            remedy="Write for example (1, 7).",
        )
    return float(scale[0]), float(scale[1])


def reverse_keyed(survey: Survey, names: Sequence[str], scale: tuple[float, float]) -> Survey:
    """Turn reverse-keyed items around: lowest + highest - answer.

    Parameters
    ----------
    survey : Survey
        The survey, answers in the direction of the wording.
    names : sequence of str
        Items to turn.
    scale : (float, float)
        Lowest and highest answer of these items.

    Returns
    -------
    Survey
        With the items recoded, value labels turned along, and a log entry.

    Raises
    ------
    ScaleMismatchError
        If an answer lies outside the scale.
    SurveyError
        If an item has been turned before.
    """
    low, high = require_scale(scale)
    check_scale(survey, names, (low, high))
    chosen = list(dict.fromkeys(names))
    if not chosen:
        return survey
    again = [name for name in chosen if survey.codebook[name].reversed_on is not None]
    if again:
        raise SurveyError(
            f"Item(s) reverse-keyed twice: {listed(again)}.", where=survey.source.name
        )
    turned = {name: low + high - survey.frame[name] for name in chosen}
    n_cells = sum(int(column.notna().sum()) for column in turned.values())
    rule = f"recoded x to {low + high:g} - x: {listed(chosen)}"
    return survey.changed(
        entry=LogEntry("reverse", rule, n_cells),
        frame=survey.frame.assign(**turned),
        codebook=survey.codebook.with_variables(
            _turned(survey.codebook[name], low, high) for name in chosen
        ),
    )


def declare_missing(
    survey: Survey, codes: Sequence[MissingCode], names: Sequence[str] | None = None
) -> Survey:
    """Turn codes into missing answers and keep the reason of each cell.

    Parameters
    ----------
    survey : Survey
        The survey.
    codes : sequence of float, str or (float, float)
        Codes, or ranges with both ends. Numbers match numeric cells and numbers written as text;
        text matches text cells.
    names : sequence of str, optional
        Variables that use these codes; all by default. Name them where another variable, such
        as a number of employees, may hold the code as a true value.

    Returns
    -------
    Survey
        With NaN in the cells, the reasons in ``missing_reasons``, and a log entry. A text column
        that holds nothing but numbers after this becomes numeric.

    Raises
    ------
    UnknownItemError
        If a variable is not in the data.
    """
    chosen = list(survey.frame.columns) if names is None else list(dict.fromkeys(names))
    require_columns(survey, chosen)
    codes = [code if isinstance(code, tuple) else same_code(code) for code in codes]
    if not codes or not chosen:
        return survey
    wanted = dict.fromkeys(chosen, codes)
    frame, reasons = blank_codes(survey.frame, survey.codebook, wanted)
    shown = listed(code_text(code) for code in codes)
    where = "all variables" if names is None else f"{len(chosen)} variable(s)"
    return survey.changed(
        entry=LogEntry("missing", f"declared missing in {where}: {shown}", len(reasons)),
        frame=frame,
        codebook=with_missing_codes(survey.codebook, wanted),
        missing_reasons=joined_reasons(survey.missing_reasons, reasons),
    )


def listwise(survey: Survey, names: Sequence[str]) -> Survey:
    """Keep the cases that answered all of the items.

    Parameters
    ----------
    survey : Survey
        The survey.
    names : sequence of str
        Items that must be answered.

    Returns
    -------
    Survey
        Complete cases on ``names``; a finding says how many were lost and how many are left.

    Raises
    ------
    UnknownItemError
        If a variable is not in the data.
    SurveyError
        If no case is complete.
    """
    require_columns(survey, names)
    complete = survey.frame[list(dict.fromkeys(names))].notna().all(axis=1)
    lost, left = int((~complete).sum()), int(complete.sum())
    if left == 0:
        raise SurveyError(
            f"No case answers all {len(names)} items.",
            where=survey.source.name,
            remedy="Check the missing codes, or leave out the items with most missing answers.",
        )
    what = f"complete answers on {len(names)} items"
    return without_cases(
        survey,
        ~complete,
        step="listwise",
        what=what,
        findings=[listwise_finding(lost, left)] if lost else [],
    )


def with_answers(survey: Survey, names: Sequence[str]) -> Survey:
    """Keep the cases that answered at least one of the items.

    Parameters
    ----------
    survey : Survey
        The survey.
    names : sequence of str
        Items of which one must be answered.

    Returns
    -------
    Survey
        Its log says how many cases were left out, if any.

    Raises
    ------
    UnknownItemError
        If a variable is not in the data.
    SurveyError
        If no case has an answer.
    """
    require_columns(survey, names)
    kept = survey.frame[list(dict.fromkeys(names))].notna().any(axis=1)
    left = int(kept.sum())
    if left == 0:
        raise SurveyError(
            f"No case answers any of the {len(names)} items.",
            where=survey.source.name,
            remedy="Check the missing codes.",
        )
    if left == len(kept):
        return survey
    what = f"an answer to at least one of {len(names)} items"
    return without_cases(survey, ~kept, step="no_answers", what=what)


def without_cases(
    survey: Survey, out: pd.Series, *, step: str, what: str, findings: Sequence[Finding] = ()
) -> Survey:
    """Leave cases out; the log says how many and which.

    Parameters
    ----------
    survey : Survey
        The survey.
    out : Series of bool
        Which cases to leave out, with the index of the answers.
    step, what : str
        What the log calls it.
    findings : sequence of Finding
        Findings to add.

    Raises
    ------
    SurveyError
        If no case would be left.
    """
    lost, left = int(out.sum()), int((~out).sum())
    if left == 0:
        raise SurveyError(
            f"No case is left after: {what}.",
            where=survey.source.name,
            remedy="Check the rule, and the codes of the variables that it is about.",
        )
    rows = survey.frame.index[~out] + 1
    cases = tuple(int(row) + 1 for row in survey.frame.index[out])
    return survey.changed(
        entry=LogEntry(step, what, left, removed=lost, cases=cases),
        frame=survey.frame.loc[~out],
        missing_reasons=survey.missing_reasons[survey.missing_reasons["row"].isin(rows)],
        findings=findings,
    )


def rename(survey: Survey, mapping: Mapping[str, str]) -> Survey:
    """Give variables new names.

    Parameters
    ----------
    survey : Survey
        The survey.
    mapping : Mapping of str to str
        New name by present name.

    Raises
    ------
    UnknownItemError
        If a present name does not exist.
    SurveyError
        If two variables would have the same name.
    """
    require_columns(survey, list(mapping))
    names = [mapping.get(name, name) for name in survey.frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SurveyError(
            f"Renaming gives two variables the same name: {listed(repeated)}.",
            where=survey.source.name,
        )
    if not mapping:
        return survey
    what = listed(f"{old} to {new}" for old, new in mapping.items())
    return survey.changed(
        entry=LogEntry("rename", f"renamed {what}", len(mapping)),
        frame=survey.frame.rename(columns=dict(mapping)),
        codebook=survey.codebook.renamed(mapping),
        missing_reasons=survey.missing_reasons.assign(
            variable=survey.missing_reasons["variable"].replace(dict(mapping))
        ),
    )


def _cells_without_number(survey: Survey, name: str) -> list[Cell]:
    """Return the cells of a variable that hold something other than a finite number."""
    column = survey.frame[name]
    if pd.api.types.is_float_dtype(column):
        offending = column[np.isinf(column)]
    else:
        present = column[column.notna()]
        wrong = present[[not is_number(value) for value in present]]
        offending = present if wrong.empty else wrong
    return [(name, row, value) for row, value in _rows(offending)]


def _rows(cells: pd.Series) -> list[tuple[int, Any]]:
    """Return row, from 1 as read, and value of each cell."""
    return [(int(at) + 1, value) for at, value in zip(cells.index, cells, strict=True)]


def _varies(column: pd.Series) -> bool:
    present = column.dropna().to_numpy(dtype=float)
    return len(present) > 0 and bool((present != present[0]).any())


def _turned(variable: Variable, low: float, high: float) -> Variable:
    """Return the variable with its value labels turned along with the answers."""
    labels = {
        low + high - code if isinstance(code, int | float) and low <= code <= high else code: text
        for code, text in variable.value_labels.items()
    }
    return replace(variable, value_labels=labels, reversed_on=(low, high))


def listwise_finding(lost: int, left: int) -> Finding:
    """Return the finding that incomplete cases were left out.

    Parameters
    ----------
    lost, left : int
        Cases left out, and cases that are analysed.
    """
    share = lost / (lost + left)
    return Finding(
        code="listwise_deletion",
        subject="data",
        claim=f"{lost} of {lost + left} cases ({share:.1%}) have missing answers and are left "
        f"out; N = {left}.",
        severity="warning" if share > SHARE_LOST_TO_WARN else "note",
        value=float(lost),
        remedy="Listwise deletion assumes answers missing completely at random.",
    )
