"""Step one: whether each construct holds together, and whether the constructs are distinct."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem.errors import EstimationError, InferenceError, SpecificationError
from trustsem.findings import Finding
from trustsem.results import ModelResult, cfa
from trustsem.study import syntax
from trustsem.validity import (
    check_discriminant,
    check_fit,
    check_loadings,
    check_reliability,
    check_residuals,
    discriminant_table,
    fornell_larcker,
    htmt,
    loadings_table,
    reliability_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.study.answers import Answers
    from trustsem.study.plan import Study

METHOD_BIAS_COLUMNS = ("model", "chisq", "df", "pvalue", "cfi", "rmsea", "srmr")
"""Columns of the comparison with a single common construct."""


@dataclass(frozen=True, slots=True)
class MeasurementStep:
    """What step one found.

    Parameters
    ----------
    model : ModelResult
        The measurement model: all constructs free to covary.
    loadings : DataFrame
        A row per item.
    reliability : DataFrame
        Indexed by construct: alpha, composite reliability, AVE and relatives.
    discriminant : DataFrame
        A row per pair of constructs, every criterion.
    fornell_larcker, htmt : DataFrame, shape (m, m)
        The two matrices that journals print.
    method_bias : DataFrame
        The measurement model against a single common construct.
    findings : tuple of Finding
        Everything judged in this step.
    """

    model: ModelResult
    loadings: pd.DataFrame
    reliability: pd.DataFrame
    discriminant: pd.DataFrame
    fornell_larcker: pd.DataFrame
    htmt: pd.DataFrame
    method_bias: pd.DataFrame
    findings: tuple[Finding, ...]


def measurement_step(study: Study, answers: Answers, options: Mapping[str, Any]) -> MeasurementStep:
    """Estimate and judge the measurement model.

    Parameters
    ----------
    study : Study
        The plan.
    answers : Answers
        What is analysed.
    options : mapping
        Options of the estimation.

    Returns
    -------
    MeasurementStep

    Raises
    ------
    SpecificationError, MomentsError
        If the model is not identified, or the data do not allow any estimation.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_.
    """
    model = cfa(study.measurement_model(), **answers.inputs, **options)
    items_of = {name: construct.items for name, construct in study.constructs.items()}
    limits = study.thresholds
    cov = model.sample
    loadings = loadings_table(model.parameters, items_of, answers.wordings, model.r2)
    reliability = reliability_table(
        model.parameters,
        items_of,
        sample_cov=cov,
        latent_cov=model.latent_cov,
        labels=study.labels,
        residual_covariances=False,  # Fornell & Larcker's formula; cr_observed counts them
    )
    ratios = htmt(cov, items_of)
    pairs = discriminant_table(
        model.parameters,
        reliability["ave"],
        ratios,
        latent_cor=model.latent_cor,
        thresholds=limits,
    )
    method_bias, method_findings = _method_bias(study, answers, options, model)
    findings = (
        *model.findings,
        *_behind_answers(model),
        *check_loadings(loadings, limits),
        *check_reliability(reliability, limits),
        *check_discriminant(pairs, limits),
        *fit_findings(model, "measurement model", study),
        *method_findings,
    )
    return MeasurementStep(
        model=model,
        loadings=loadings,
        reliability=reliability,
        discriminant=pairs,
        fornell_larcker=fornell_larcker(reliability["ave"], model.latent_cor),
        htmt=ratios,
        method_bias=method_bias,
        findings=findings,
    )


def _behind_answers(model: ModelResult) -> tuple[Finding, ...]:
    """Return the finding of what reliability and validity are when items are ordered."""
    if not model.table.ordered:
        return ()
    return (
        Finding(
            code="behind_answers",
            subject="measurement model",
            claim="Items are ordered categories. Alpha, composite reliability, AVE and HTMT rest "
            "on polychoric correlations: they describe the continuous variables behind the "
            "answers, not sums of the answers, whose reliability is lower.",
            severity="note",
            source="zumbo2007",
        ),
    )


def fit_findings(model: ModelResult, subject: str, study: Study) -> tuple[Finding, ...]:
    """Judge how well a model fits, as a whole and pair by pair of items.

    Parameters
    ----------
    model : ModelResult
        An estimated model.
    subject : str
        What the findings call it.
    study : Study
        The plan, for its thresholds.
    """
    if not model.converged:
        return ()
    return (
        *check_fit(
            model.reported_fit,
            n_indicators=len(study.items),
            n_obs=model.n_obs,
            subject=subject,
            thresholds=study.thresholds,
        ),
        *check_residuals(
            model.residuals("cor_bollen"),
            model.residuals("standardized"),
            subject=subject,
            thresholds=study.thresholds,
        ),
    )


def _method_bias(
    study: Study, answers: Answers, options: Mapping[str, Any], model: ModelResult
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Compare the measurement model with one construct behind all items."""
    if len(study.constructs) == 1:
        return pd.DataFrame(columns=list(METHOD_BIAS_COLUMNS)), ()
    items_of = {name: construct.items for name, construct in study.constructs.items()}
    text = syntax.single_construct_model(items_of, study.residual_covariances)
    rows = [_fit_row("Measurement model", model)]
    try:
        single = cfa(text, **answers.inputs, **options)
    except (EstimationError, InferenceError, SpecificationError) as error:
        return pd.DataFrame(rows), (_single_not_estimated(str(error)),)
    if not single.converged:
        return pd.DataFrame(rows), (_single_not_estimated("no solution was found"),)
    table = pd.DataFrame([_fit_row("Single common factor", single), *rows])
    return table, (_single_finding(single, model),)


def _fit_row(name: str, model: ModelResult) -> dict[str, Any]:
    """Return the fit of one model."""
    measures = model.reported_fit
    return {"model": name, **{key: measures[key] for key in METHOD_BIAS_COLUMNS[1:]}}


def _single_finding(single: ModelResult, model: ModelResult) -> Finding:
    """Say how one common construct compares with the study's own."""
    fit = single.reported_fit
    worse = single.fit_measures["chisq"] - model.fit_measures["chisq"]
    return Finding(
        code="single_factor",
        subject="measurement model",
        claim=(
            f"One factor behind all items fits worse by chi-square {worse:.1f} "
            f"(CFI {fit['cfi']:.3f}, RMSEA {fit['rmsea']:.3f}). "
            "This is weak evidence against common method variance: the comparison is insensitive."
        ),
        value=float(worse),
        source="podsakoff2003",
    )


def _single_not_estimated(reason: str) -> Finding:
    """Say that the comparison is missing."""
    return Finding(
        code="single_factor",
        subject="measurement model",
        claim=f"The model with one factor behind all items could not be estimated: {reason}",
    )
