"""Step one: whether each construct holds together, and whether the constructs are distinct."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem import display
from trustsem.errors import MODEL_FAILURES
from trustsem.findings import Finding, Findings, labelled
from trustsem.results import ModelResult, cfa
from trustsem.study import syntax
from trustsem.study.constructs import complete_answers, reliability_errors, scale_moments
from trustsem.study.measurement_tables import measurement_tables
from trustsem.study.pairs import discriminant_tests
from trustsem.study.rival_measurement import rival_measurement
from trustsem.tables import Page, Shown
from trustsem.validity import (
    check_discriminant,
    check_fit,
    check_loadings,
    check_modifications,
    check_reliability,
    check_residuals,
    discriminant_table,
    fornell_larcker,
    htmt,
    htmt_intervals,
    loadings_table,
    modification_table,
    reliability_intervals,
    reliability_table,
    residual_table,
)
from trustsem.validity.local_fit import MODIFICATION_COLUMNS, RESIDUAL_COLUMNS
from trustsem.validity.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trustsem.study.answers import Answers
    from trustsem.study.plan import Study

METHOD_BIAS_COLUMNS = ("model", "chisq", "df", "pvalue", "cfi", "rmsea", "srmr")
"""Columns of the comparison with a single common construct."""


@dataclass(frozen=True, slots=True, repr=False)
class MeasurementStep(Shown):
    """What step one found.

    Parameters
    ----------
    model : ModelResult
        The measurement model: all constructs free to covary.
    loadings : DataFrame
        A row per item.
    reliability : DataFrame
        Indexed by construct: alpha, omega, composite reliability, AVE and relatives.
    reliability_intervals : DataFrame
        A row per construct and index: interval, criterion and the probability that it is met.
    discriminant : DataFrame
        A row per pair of constructs, every criterion.
    discriminant_tests : DataFrame
        A row per pair and cutoff: chi-square differences.
    fornell_larcker, htmt, htmt_signed, htmt2 : DataFrame, shape (m, m)
        The matrices that journals print; HTMT of absolute and of signed correlations, and of
        geometric means.
    residuals : DataFrame
        A row per pair of items, the largest residual of a correlation first.
    modifications : DataFrame
        A row per left-out loading or residual covariance: modification index, expected change,
        power, and what follows.
    rivals : DataFrame
        The measurement model against models with fewer constructs.
    method_bias : DataFrame
        The measurement model against a single common construct.
    findings : Findings
        Everything judged in this step.
    thresholds : Thresholds
        The criteria it was judged by.
    """

    model: ModelResult
    loadings: pd.DataFrame
    reliability: pd.DataFrame
    reliability_intervals: pd.DataFrame
    discriminant: pd.DataFrame
    discriminant_tests: pd.DataFrame
    fornell_larcker: pd.DataFrame
    htmt: pd.DataFrame
    htmt_signed: pd.DataFrame
    htmt2: pd.DataFrame
    residuals: pd.DataFrame
    modifications: pd.DataFrame
    rivals: pd.DataFrame
    method_bias: pd.DataFrame
    findings: Findings
    thresholds: Thresholds

    def _page(self) -> Page:
        """Return fit and tables."""
        model = self.model
        fit = display.fit_line(dict(model.fit_measures), model.n_obs)
        trust = "" if model.admissible else "NOT TO BE INTERPRETED, see .findings. "
        line = f"Step one, measurement model: {trust}{fit}"
        return Page(((line,), *measurement_tables(self)))


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

    @cache  # one construct behind all items is both a rival and the test of common method variance
    def estimated(text: str) -> ModelResult:
        return cfa(text, **answers.inputs, **options)

    model = estimated(study.measurement_model())
    items_of = dict(study.items_of)
    limits, labels = study.thresholds, study.labels
    cov = model.sample
    loadings = loadings_table(model.parameters, items_of, answers.wordings, model.r2)
    reliability = reliability_table(
        model.parameters,
        items_of,
        sample_cov=cov,
        latent_cov=model.latent_cov,
        labels=labels,
        residual_covariances=False,  # Fornell & Larcker's formula; omega counts them
    )
    reliability = reliability.join(scale_moments(study, model, items_of))
    errors = reliability_errors(model, items_of, residual_covariances=False)
    cases = complete_answers(model, study.items)
    intervals = reliability_intervals(reliability, errors, limits, normal=cases is None)
    tests = discriminant_tests(study, answers, options, model)
    ratios = htmt(cov, items_of)
    pairs = discriminant_table(
        model.parameters,
        reliability["ave"],
        ratios,
        latent_cor=model.latent_cor,
        thresholds=limits,
        tests=tests,
        ratio_intervals=htmt_intervals(cov, items_of, n_obs=model.n_obs, cases=cases),
    )
    residuals, modifications = _local_fit(study, model)
    rivals, rival_findings = rival_measurement(study, model, estimated)
    method_bias, method_findings = _method_bias(study, model, estimated)
    findings = Findings(
        (
            *labelled(model.findings, labels),
            *_behind_answers(model),
            *check_loadings(loadings, limits, labels),
            *check_reliability(reliability, limits, intervals),
            *check_discriminant(pairs, limits, labels),
            *fit_findings(model, "measurement model", study),
            *check_modifications(modifications, limits, labels),
            *rival_findings,
            *method_findings,
        )
    )
    return MeasurementStep(
        model=model,
        loadings=loadings,
        reliability=reliability,
        reliability_intervals=intervals,
        discriminant=pairs,
        discriminant_tests=tests,
        fornell_larcker=fornell_larcker(reliability["ave"], model.latent_cor),
        htmt=ratios,
        htmt_signed=htmt(cov, items_of, kind="signed"),
        htmt2=htmt(cov, items_of, kind="geometric"),
        residuals=residuals,
        modifications=modifications,
        rivals=rivals,
        method_bias=method_bias,
        findings=findings,
        thresholds=limits,
    )


def _local_fit(study: Study, model: ModelResult) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tabulate residuals and left-out parameters; both empty without a solution."""
    if not model.converged:
        return pd.DataFrame(columns=list(RESIDUAL_COLUMNS)), pd.DataFrame(
            columns=list(MODIFICATION_COLUMNS)
        )
    residuals = residual_table(
        model.residuals("cor_bollen"), model.residuals("standardized"), study.construct_of
    )
    return residuals, modification_table(model.modification_indices(), study.thresholds)


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
    study: Study, model: ModelResult, estimated: Callable[[str], ModelResult]
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Compare the measurement model with one construct behind all items."""
    if len(study.items_of) == 1:
        return pd.DataFrame(columns=list(METHOD_BIAS_COLUMNS)), ()
    items_of = dict(study.items_of)
    text = syntax.single_construct_model(items_of, study.residual_covariances)
    rows = [_fit_row("Measurement model", model)]
    try:
        single = estimated(text)
    except MODEL_FAILURES as error:
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
