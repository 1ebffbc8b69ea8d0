"""Step two: whether the constructs relate as the theory says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem.errors import (
    EstimationError,
    InferenceError,
    NotNestedError,
    SpecificationError,
)
from trustsem.findings import Finding
from trustsem.results import ModelResult, compare, sem
from trustsem.study.measurement import MeasurementStep, fit_findings
from trustsem.validity import (
    check_hypotheses,
    check_structural_difference,
    hypotheses_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.study.answers import Answers
    from trustsem.study.plan import Study

_FIT_COLUMNS = (
    "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "srmr",
    "aic", "bic",
)  # fmt: skip
SEQUENCE_COLUMNS = ("model", *_FIT_COLUMNS, "compared_with", "chisq_diff", "df_diff", "pvalue_diff")
"""Columns of the model sequence."""
_SAME_FIT = 1e-5


@dataclass(frozen=True, slots=True)
class StructuralStep:
    """What step two found.

    Parameters
    ----------
    model : ModelResult
        The structural model (Mt).
    hypotheses : DataFrame
        A row per hypothesis.
    effects : DataFrame
        Direct, indirect and total effects.
    sequence : DataFrame
        Ms, Mt and the rivals with chi-square differences.
    r2 : Series
        Explained variance by outcome construct; unitless.
    findings : tuple of Finding
        Everything judged in this step.
    rivals : mapping of str to ModelResult
        The rival models that could be estimated.
    """

    model: ModelResult
    hypotheses: pd.DataFrame
    effects: pd.DataFrame
    sequence: pd.DataFrame
    r2: pd.Series[float]
    findings: tuple[Finding, ...]
    rivals: Mapping[str, ModelResult]


@dataclass(frozen=True, slots=True)
class Difference:
    """Chi-square difference of a restricted model against a more general one.

    Parameters
    ----------
    chisq : float
        Difference of the chi-squares; unitless.
    df : int
        Difference of the degrees of freedom.
    pvalue : float
        Of the difference; NaN without degrees of freedom.
    """

    chisq: float
    df: int
    pvalue: float


def chisq_difference(a: ModelResult, b: ModelResult) -> Difference | None:
    """Compare two models estimated from the same data.

    Parameters
    ----------
    a, b : ModelResult
        In any order; the one with more degrees of freedom is the restricted one.

    Returns
    -------
    Difference or None
        None if they are not nested, or one of them has no solution.

    References
    ----------
    Steiger et al. (1985) [steiger1985]_.
    """
    if not (a.converged and b.converged):
        return None
    try:
        row = compare(a, b).iloc[-1]
    except NotNestedError:
        return None
    return Difference(float(row["chisq_diff"]), int(row["df_diff"]), float(row["pvalue"]))


def structural_step(
    study: Study, answers: Answers, options: Mapping[str, Any], measurement: MeasurementStep
) -> StructuralStep:
    """Estimate and judge the structural model.

    Parameters
    ----------
    study : Study
        The plan; it has hypotheses.
    answers : Answers
        What is analysed.
    options : mapping
        Options of the estimation.
    measurement : MeasurementStep
        Step one.

    Returns
    -------
    StructuralStep

    Raises
    ------
    SpecificationError, MomentsError
        If the structural model is not identified.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_.
    """
    model = sem(study.structural_model(), **answers.inputs, **options)
    saturated = measurement.model
    if study.controls:
        saturated = sem(study.saturated_model(), **answers.inputs, **options)
    rivals, rival_findings = _rivals(study, answers, options)
    level = study.thresholds.significance
    hypotheses = hypotheses_table(model.parameters, study.hypotheses, significance=level)
    difference = chisq_difference(model, saturated)
    judged: tuple[Finding, ...] = _stable_loadings(measurement.model, model)
    if difference is not None:
        test = check_structural_difference(
            difference.chisq, difference.df, difference.pvalue, thresholds=study.thresholds
        )
        judged = (test, *judged)
    outcomes = [name for name in study.constructs if name in set(hypotheses["outcome"])]
    return StructuralStep(
        model=model,
        hypotheses=hypotheses,
        effects=model.effects.drop(columns="group"),
        sequence=_sequence(saturated, model, difference, rivals),
        r2=model.r2.reindex(outcomes),
        findings=(
            *model.findings,
            *check_hypotheses(hypotheses, significance=level),
            *judged,
            *fit_findings(model, "structural model", study),
            *rival_findings,
        ),
        rivals=rivals,
    )


def _rivals(
    study: Study, answers: Answers, options: Mapping[str, Any]
) -> tuple[dict[str, ModelResult], tuple[Finding, ...]]:
    """Estimate the rival theories; one that cannot be estimated becomes a finding."""
    models: dict[str, ModelResult] = {}
    findings: list[Finding] = []
    for name in study.rivals:
        try:
            model = sem(study.rival_model(name), **answers.inputs, **options)
        except (EstimationError, InferenceError, SpecificationError) as error:
            findings.append(_rival_failed(name, str(error)))
            continue
        if not model.converged:
            findings.append(_rival_failed(name, "no solution was found."))
            continue
        if not model.admissible:
            findings.append(_rival_inadmissible(name))
        models[name] = model
    return models, tuple(findings)


def _sequence(
    saturated: ModelResult,
    theory: ModelResult,
    difference: Difference | None,
    rivals: Mapping[str, ModelResult],
) -> pd.DataFrame:
    """Tabulate the models of the study with their differences."""
    rows = [_sequence_row("Ms", saturated), _sequence_row("Mt", theory, "Ms", difference)]
    rows += [
        _sequence_row(name, rival, "Mt", chisq_difference(theory, rival))
        for name, rival in rivals.items()
    ]
    return pd.DataFrame(rows, columns=list(SEQUENCE_COLUMNS))


def _sequence_row(
    name: str, model: ModelResult, against: str = "", difference: Difference | None = None
) -> dict[str, Any]:
    """Return one row of the model sequence."""
    row: dict[str, Any] = {"model": name}
    fit = model.reported_fit
    row.update({key: fit.get(key, np.nan) for key in _FIT_COLUMNS})
    row["compared_with"] = against if difference else ""
    row["chisq_diff"] = difference.chisq if difference else np.nan
    row["df_diff"] = difference.df if difference else np.nan
    row["pvalue_diff"] = difference.pvalue if difference else np.nan
    return row


def _stable_loadings(measurement: ModelResult, structural: ModelResult) -> tuple[Finding, ...]:
    """Say how much loadings change between the steps (interpretational confounding)."""
    if not (measurement.admissible and structural.admissible):
        return ()
    before, after = _loadings(measurement), _loadings(structural)
    changes = (after - before.reindex(after.index)).abs()
    largest = str(changes.idxmax())
    return (
        Finding(
            code="interpretational_confounding",
            subject=largest,
            claim=(
                f"From step one to step two no standardised loading changes by more than "
                f"{changes.max():.3f} ({largest}): the less they change, the surer the constructs "
                "mean the same in both steps."
            ),
            value=float(changes.max()),
            source="anderson1988",
        ),
    )


def _loadings(model: ModelResult) -> pd.Series[float]:
    """Return the standardised loadings by construct and item."""
    rows = model.parameters[model.parameters["op"] == "=~"]
    pairs = zip(rows["lhs"], rows["rhs"], rows["std_all"], strict=True)
    return pd.Series({f"{lhs} =~ {rhs}": float(std) for lhs, rhs, std in pairs})


def _rival_failed(name: str, reason: str) -> Finding:
    """Say that a rival is missing from the sequence."""
    return Finding(
        code="rival_not_estimated",
        subject=name,
        claim=f"The rival {name} could not be estimated: {reason}",
        severity="warning",
    )


def _rival_inadmissible(name: str) -> Finding:
    """Say that a rival's solution is outside the admissible space."""
    return Finding(
        code="rival_inadmissible",
        subject=name,
        claim=f"The solution of the rival {name} is inadmissible; its fit is not to be compared.",
        severity="warning",
    )
