"""A codebook in a file of its own: labels and missing codes of a survey whose format has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from trustsem.errors import SurveyError, did_you_mean, listed
from trustsem.findings import Finding
from trustsem.survey.codebook import Code, Codebook, MissingCode, Variable, cleaned, code_text
from trustsem.survey.missing import blank_codes, joined_reasons, with_missing_codes
from trustsem.survey.survey import LogEntry, Survey

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = ("name", "label", "value_labels", "missing_codes", "measure")
"""Columns of a codebook file, as ``trustsem convert`` writes them; others are left alone."""

_T = TypeVar("_T")
_LABEL = re.compile(r"\s*(?P<code>[^=;]+?)\s*=\s*(?P<label>.*?)\s*")
_RANGE = re.compile(r"(?P<low>-?[\d.]+)\s+to\s+(?P<high>-?[\d.]+)")


def codebook_from(table: Survey) -> Codebook:
    """Read a codebook from a table with one row per variable.

    Parameters
    ----------
    table : Survey
        A file with the columns ``name`` and one or more of ``label``, ``value_labels`` (``"1 = no;
        2 = yes"``), ``missing_codes`` (``"98; 99"``, ``"90 to 95"``) and ``measure``.

    Returns
    -------
    Codebook

    Raises
    ------
    SurveyError
        If the columns are not there, a name stands twice, or a cell cannot be read.
    """
    frame, where = table.frame, table.source.name
    present = [name for name in COLUMNS if name in frame.columns]
    if "name" not in present or len(present) < 2:  # noqa: PLR2004  (a name and something about it)
        hint = "".join(
            did_you_mean(str(column), COLUMNS) for column in frame.columns if column not in COLUMNS
        )
        raise SurveyError(
            f"A codebook has the columns {listed(COLUMNS)}; this file has "
            f"{listed(frame.columns)}.{hint}",
            where=where,
        )
    texts = {column: [_text(value) for value in frame[column]] for column in present}
    repeated = sorted({name for name in texts["name"] if texts["name"].count(name) > 1})
    if repeated:
        raise SurveyError(f"Variable(s) described twice: {listed(repeated)}.", where=where)
    rows = [dict(zip(texts, cells, strict=True)) for cells in zip(*texts.values(), strict=True)]
    return Codebook(_variable(row, at, where) for at, row in enumerate(rows, start=1))


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else code_text(value)
    return "" if value is None or pd.isna(value) else cleaned(value)  # type: ignore[call-overload]


def _variable(row: Mapping[str, str], at: int, where: str) -> Variable:
    """Return the variable that one row describes."""
    return Variable(
        name=row["name"],
        label=row.get("label", ""),
        value_labels=dict(_parts(row, "value_labels", _value_label, at, where)),
        missing_codes=tuple(_parts(row, "missing_codes", _missing_code, at, where)),
        measure=row.get("measure") or "unknown",
    )


def _parts(
    row: Mapping[str, str], column: str, read: Callable[[str], _T], at: int, where: str
) -> list[_T]:
    """Return the parts of a cell, separated by semicolons."""
    cell = row.get(column, "")
    try:
        return [read(part) for part in cell.split(";") if part.strip()]
    except ValueError:
        raise SurveyError(
            f"Row {at} ({row['name']}), {column}: {cell!r} cannot be read.",
            where=where,
            remedy="Write value labels like '1 = no; 2 = yes', missing codes like '98; 99' or "
            "'90 to 95'.",
        ) from None


def _value_label(text: str) -> tuple[Code, str]:
    match = _LABEL.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return _code(match["code"]), match["label"]


def _missing_code(text: str) -> MissingCode:
    match = _RANGE.fullmatch(text.strip())
    return (float(match["low"]), float(match["high"])) if match else _code(text.strip())


def _code(text: str) -> Code:
    try:
        return float(text)
    except ValueError:
        return text


def with_codebook(survey: Survey, codebook: Codebook, source: str) -> Survey:
    """Give a survey the labels of a codebook, and blank the codes that it declares missing.

    Parameters
    ----------
    survey : Survey
        The survey as read.
    codebook : Codebook
        What it says replaces what the file says, variable by variable.
    source : str
        What the codebook is called in messages.

    Returns
    -------
    Survey
        With a log entry; a finding names variables that are described and not there.

    Raises
    ------
    SurveyError
        If the codebook describes no variable of the survey.
    """
    known = [name for name in codebook if name in survey.codebook]
    if not known:
        raise SurveyError(
            f"The codebook describes no variable of {survey.source.name}.",
            where=source,
            remedy=f"It describes {listed(codebook)}; the data hold {listed(survey.codebook)}.",
        )
    codes = {name: codebook[name].missing_codes for name in known if codebook[name].missing_codes}
    described = survey.codebook.with_variables(
        _joined(survey.codebook[name], codebook[name]) for name in known
    )
    frame, reasons = blank_codes(survey.frame, described, codes)
    absent = [name for name in codebook if name not in survey.codebook]
    what = f"labels and missing codes of {len(known)} variables from {source}"
    return survey.changed(
        entry=LogEntry("codebook", what, len(reasons)),
        frame=frame,
        codebook=with_missing_codes(described, codes),
        findings=_absent(absent, source),
        missing_reasons=joined_reasons(survey.missing_reasons, reasons),
    )


def _joined(own: Variable, told: Variable) -> Variable:
    return replace(
        own,
        label=told.label or own.label,
        value_labels={**own.value_labels, **told.value_labels},
        measure=own.measure if told.measure == "unknown" else told.measure,
    )


def _absent(names: list[str], source: str) -> list[Finding]:
    if not names:
        return []
    claim = f"{source} describes variables that the data do not hold: {listed(names)}."
    return [Finding(code="codebook_unused", subject="data", claim=claim)]
