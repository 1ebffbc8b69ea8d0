"""Would the hypotheses be judged otherwise if the measurement model missed less? Exploratory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem.errors import MODEL_FAILURES
from trustsem.findings import Finding
from trustsem.results import sem
from trustsem.study.structural import judged_hypotheses
from trustsem.validity.local_fit import left_out
from trustsem.validity.wording import coefficient, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.study.answers import Answers
    from trustsem.study.measurement import MeasurementStep
    from trustsem.study.plan import Study
    from trustsem.study.structural import StructuralStep

WHAT_IF_COLUMNS = (
    "parameter",
    "lhs",
    "op",
    "rhs",
    "mi",
    "sepc_all",
    "decision",
    "hypothesis",
    "predictor",
    "outcome",
    "std_before",
    "std_after",
    "change",
    "supported_before",
    "supported_after",
    "note",
)
N_FREED = 5
"""How many left-out parameters are tried: those with the largest significant indices."""
_SIGNIFICANT = 3.84


def what_if(
    study: Study,
    answers: Answers,
    options: Mapping[str, Any],
    measurement: MeasurementStep,
    structural: StructuralStep | None,
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Estimate the structural model again with one left-out measurement parameter at a time.

    The study's own model stays as planned: this says only how much its conclusions depend on
    loadings and residual covariances that the plan leaves out.

    Parameters
    ----------
    study : Study
        The plan.
    answers : Answers
        What is analysed.
    options : mapping
        Options of the estimation.
    measurement, structural
        The two steps.

    Returns
    -------
    table : DataFrame
        A row per parameter and hypothesis, columns :data:`WHAT_IF_COLUMNS`; standardised paths
        before and after, NaN with a ``note`` where there is no admissible solution.
    findings : tuple of Finding
        ``what_if`` for each parameter that would change the verdict on a hypothesis, and one for
        all others.
    """
    if structural is None or not structural.model.admissible:
        return pd.DataFrame(columns=list(WHAT_IF_COLUMNS)), ()
    chosen = measurement.modifications
    chosen = chosen[chosen["mi"] > _SIGNIFICANT].head(N_FREED)
    rows: list[dict[str, Any]] = []
    for record in chosen.to_dict("records"):
        rows += _freed(study, answers, options, structural, record)
    table = pd.DataFrame(rows, columns=list(WHAT_IF_COLUMNS))
    return table, _findings(table, study.labels)


def _freed(
    study: Study,
    answers: Answers,
    options: Mapping[str, Any],
    structural: StructuralStep,
    record: Mapping[Any, Any],
) -> list[dict[str, Any]]:
    """Return the hypotheses with one parameter more in the model."""
    line = f"{record['lhs']} {record['op']} {record['rhs']}"
    before = structural.hypotheses
    after, note = None, ""
    try:
        model = sem(f"{study.structural_model()}\n{line}", **answers.inputs, **options)
    except MODEL_FAILURES as error:
        note = f"not estimated: {error}"
    else:
        if model.converged and model.admissible:
            after = judged_hypotheses(study, model)
        else:
            note = "no admissible solution"
    rows = []
    for position, row in enumerate(before.to_dict("records")):
        new = None if after is None else after.iloc[position]
        std = float("nan") if new is None else float(new["std_all"])
        rows.append(
            {
                "parameter": line,
                "lhs": record["lhs"],
                "op": record["op"],
                "rhs": record["rhs"],
                "mi": record["mi"],
                "sepc_all": record["sepc_all"],
                "decision": record["decision"],
                "hypothesis": row["hypothesis"],
                "predictor": row["predictor"],
                "outcome": row["outcome"],
                "std_before": row["std_all"],
                "std_after": std,
                "change": std - row["std_all"],
                "supported_before": bool(row["supported"]),
                "supported_after": None if new is None else bool(new["supported"]),
                "note": note,
            }
        )
    return rows


def _findings(table: pd.DataFrame, names: Mapping[str, str]) -> tuple[Finding, ...]:
    """Say which parameters would change a verdict, and how far the others move a path."""
    findings = []
    quiet = []
    for parameter, rows in table[table["note"] == ""].groupby("parameter", sort=False):
        changed = rows[rows["supported_before"] != rows["supported_after"]]
        if changed.empty:
            quiet.append(rows)
            continue
        first = rows.iloc[0]
        findings.append(
            Finding(
                code="what_if",
                subject=str(parameter),
                about=f"{names.get(first['lhs'], first['lhs'])} {first['op']} {first['rhs']}",
                claim=(
                    f"If {left_out(first, names)} were free, the verdict on "
                    f"{joined([str(name) for name in changed['hypothesis']])} would change."
                ),
                severity="warning",
                value=float(rows["change"].abs().max()),
                remedy="Exploratory: report how far the conclusion rests on this restriction.",
            )
        )
    if quiet:
        findings.append(_robust(pd.concat(quiet), names))
    return tuple(findings)


def _robust(rows: pd.DataFrame, names: Mapping[str, str]) -> Finding:
    """Say that some parameters change no verdict."""
    largest = rows.iloc[int(rows["change"].abs().to_numpy().argmax())]
    n_freed = rows["parameter"].nunique()
    what = "the one left-out parameter" if n_freed == 1 else f"any of {n_freed} left-out parameters"
    return Finding(
        code="what_if",
        subject="measurement model",
        claim=(
            f"Freeing {what} with a large modification index changes no verdict on a hypothesis; "
            f"the largest change of a standardised path is {coefficient(largest['change'])} "
            f"({largest['hypothesis']}, by {left_out(largest, names)})."
        ),
        value=float(largest["change"]),
    )
