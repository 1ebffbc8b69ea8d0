"""What a study found, for a terminal: notice, verdicts, fit, findings, tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustsem import display
from trustsem.findings import at_least
from trustsem.report import prose, study_tables
from trustsem.study import measurement_tables, screening_tables, structural_tables
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trustsem.results import ModelResult
    from trustsem.study import StudyResult
    from trustsem.survey import Screening

_STEPS = {"measurement": "Step one, measurement", "structural": "Step two, structure"}
_SHOWN_FINDINGS = 8


def text_summary(result: StudyResult, width: int = 100, *, more: bool = False) -> str:
    """Return what a study found as plain text.

    Parameters
    ----------
    result : StudyResult
        The study.
    width : int
        Columns of the terminal.
    more : bool
        Add the tables of step one and the effects.

    Returns
    -------
    str
        The notice of synthetic data comes first, then the verdicts, then the numbers.
    """
    blocks = [*_opening(result), _findings(result)]
    blocks += [table.to_text(width) for table in _tables(result, more=more)]
    return "\n\n".join(block for block in blocks if block)


def measurement_summary(result: StudyResult, width: int = 100) -> str:
    """Return step one as plain text: verdict, findings and all of its tables."""
    step = result.measurement
    fit = study_tables.fit_measures(
        step.model, result.study.thresholds, "fit", "Fit of the Measurement Model"
    )
    tables = [
        fit,
        study_tables.loadings(result),
        *measurement_tables.measurement_tables(step),
    ]
    blocks = [*_opening(result), _findings(result, limit=None)]
    blocks += [table.to_text(width) for table in tables if len(table.frame)]
    return "\n\n".join(block for block in blocks if block)


def screening_summary(
    screening: Screening,
    notice: str,
    names: Mapping[str, str],
    width: int = 100,
    *,
    more: bool = False,
) -> str:
    """Return what was found in the answers as plain text.

    Parameters
    ----------
    screening : Screening
        What was found.
    notice : str
        What stands first, or an empty string.
    names : mapping of str to str
        What each construct is called in print.
    width : int
        Columns of the terminal.
    more : bool
        Add the tables with a row per item: answers, normality.
    """
    findings = "\n".join(str(finding) for finding in at_least(screening.findings, "note"))
    tables = [
        study_tables.sample_flow(screening),
        study_tables.item_descriptives(screening, names),
        *screening_tables.screening_tables(screening, names, more=more),
    ]
    blocks = [notice, findings, *(table.to_text(width) for table in tables if len(table.frame))]
    return "\n\n".join(block for block in blocks if block)


def _opening(result: StudyResult) -> Iterator[str]:
    if result.notice:
        yield result.notice
    yield result.study.title
    lines = [f"N = {result.measurement.model.n_obs}"]
    lines += [_fit(step, model) for step, model in result.models.items()]
    yield "\n".join(lines)
    for verdict in result.verdict:
        holds = {True: "holds", False: "DOES NOT HOLD", None: "no verdict"}[verdict.holds]
        yield f"{_STEPS.get(verdict.step, verdict.step)}: {holds}\n  {verdict.text}"


def _fit(step: str, model: ModelResult) -> str:
    """Return the line of a model's fit, after a warning where it must not be interpreted."""
    line = f"{step.capitalize()} model: {display.fit_line(model.fit_measures, model.n_obs)}"
    status = prose.model_status(model, step)
    return f"WARNING: {status}\n{line}" if status else line


def _findings(result: StudyResult, limit: int | None = _SHOWN_FINDINGS) -> str:
    """Return the findings that a reader must know, cut after ``limit``."""
    findings = at_least(result.findings, "warning")
    lines = [str(finding) for finding in findings[:limit]]
    if limit is not None and len(findings) > limit:
        lines.append(f"... and {len(findings) - limit} more in the report.")
    return "\n".join(lines)


def _tables(result: StudyResult, *, more: bool) -> Iterator[Table]:
    if more:
        yield study_tables.loadings(result)
        yield from measurement_tables.measurement_tables(result.measurement)
    else:
        yield replace(
            measurement_tables.reliability(result.measurement),
            show=("construct", "n_items", "alpha", "omega", "cr", "ave"),
            notes=Notes(),
        )
    step = result.structural
    if step is not None:
        table = structural_tables.hypotheses(step)
        yield replace(table, notes=replace(table.notes, general=""))
        if more:
            yield structural_tables.effects(step)
            yield structural_tables.named_effects(step)
            yield structural_tables.model_sequence(step.comparison)
            yield structural_tables.sequential_tests(step)
    if more and len(result.what_if):
        yield measurement_tables.what_if(result.what_if, study_tables.labels(result))
