"""The two-step approach from plan and data to verdicts [anderson1988]_."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem.errors import UnsupportedError
from trustsem.findings import Finding, at_least, labelled
from trustsem.options import CORRECTED, Options
from trustsem.results import ModelResult, cfa, sem
from trustsem.results.progress import progress_report
from trustsem.study.agreement import ENGINE, agreement_table, second_engine_row
from trustsem.study.answers import Answers, Data, prepare_answers
from trustsem.study.comparisons import compare_groups, estimate_interactions
from trustsem.study.cutoffs import find_cutoffs
from trustsem.study.influence import study_influence
from trustsem.study.manifest import manifest
from trustsem.study.measurement import MeasurementStep, measurement_step
from trustsem.study.method_bias import method_battery
from trustsem.study.multiverse_analysis import survivable
from trustsem.study.plan import Study
from trustsem.study.power_analysis import study_power
from trustsem.study.resampled import resample
from trustsem.study.result import StudyResult
from trustsem.study.scorecard import check_scorecard, scorecard
from trustsem.study.settings import RUN_ONLY, UNRECORDED, RunSettings
from trustsem.study.structural import StructuralStep, structural_step, with_residual_variances
from trustsem.study.study_file import load_study
from trustsem.study.what_if import what_if
from trustsem.tables import ShownMapping
from trustsem.validity import Verdicts, measurement_verdict, structural_verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOMENTS = ("sample_cov", "sample_mean", "sample_sd", "sample_nobs")


def two_step(study: Study | str | Path, data: Data = None, **overrides: Any) -> StudyResult:
    """Run a study: measurement model first, then the structural model.

    Parameters
    ----------
    study : Study, str or path
        A plan, the name of a shipped study, or a study file.
    data : path, DataFrame or Survey, optional
        Answers to analyse; the study's own data by default. Columns are matched by name.
    **overrides
        Options of the estimation that replace the study's own (:mod:`trustsem.options`), and
        settings of the run that replace those of its section ``[run]``: ``bootstrap``, the number
        of resamples from which both steps are estimated again; ``influence``, ``power``,
        ``cutoffs``, ``multiverse``, ``workers``, ``progress``, ``second_engine``
        (:class:`trustsem.study.settings.RunSettings`).

    Returns
    -------
    StudyResult
        A solution that did not converge, or is inadmissible, is reported as a serious finding.

    Raises
    ------
    PlanError
        If there is no such study, the plan has mistakes, or there is nothing to analyse.
    SurveyError
        If the data are not what the study says: missing columns, text, values outside the scale.
    SpecificationError, MomentsError
        If a model is not identified, an option does not exist, or the data allow no estimation.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_.

    Examples
    --------
    >>> result = two_step("bollen1989")  # doctest: +SKIP
    >>> result.structural.hypotheses  # doctest: +SKIP
    """
    started = datetime.now(UTC)
    plan = study if isinstance(study, Study) else load_study(study)
    moments = {name: overrides[name] for name in _MOMENTS if name in overrides}
    said = {name: value for name, value in overrides.items() if name not in _MOMENTS}
    settings = RunSettings.resolve(plan.run, said)
    chosen = {name: value for name, value in said.items() if name not in RUN_ONLY}
    keywords = {**plan.options, **chosen}
    options = Options.from_keywords(**keywords, **moments)
    _require_two_steps(options)
    answers = prepare_answers(plan, data, moments, options)
    declared, plan = plan, with_residual_variances(plan, answers, keywords)
    measurement = measurement_step(plan, answers, keywords)
    structural = structural_step(plan, answers, keywords, measurement) if plan.hypotheses else None
    method = method_battery(plan, answers, keywords, measurement, structural)
    if method is not None:
        measurement = replace(measurement, method_bias=method.models)
    groups = compare_groups(plan, answers, keywords)
    interactions, interaction_findings = estimate_interactions(plan, answers, keywords)
    resampled, resampling_findings = resample(
        measurement,
        structural,
        plan,
        n=settings.bootstrap,
        seed=settings.seed,
        workers=settings.workers,
        report=progress_report("bootstrap", settings.progress),
    )
    cutoffs, cutoff_findings = find_cutoffs(
        measurement,
        structural,
        plan,
        n=settings.cutoffs,
        seed=settings.seed,
        workers=settings.workers,
        report=partial(progress_report, progress=settings.progress),
    )
    influence, influence_findings = study_influence(measurement, structural, plan, settings)
    specifications, multiverse_findings = survivable(
        declared,
        answers,
        keywords,
        loadings=_by_item(measurement.loadings),
        settings=settings,
    )
    power, power_findings = study_power(
        plan, measurement.model, structural.model if structural else None, settings
    )
    agreement, engine_findings = (
        _second_engine(plan, answers, keywords, measurement, structural)
        if settings.second_engine
        else (agreement_table([]), ())
    )
    freed, freed_findings = what_if(plan, answers, keywords, measurement, structural)
    table = scorecard(plan, measurement, structural)
    findings = (
        *answers.findings,
        *measurement.findings,
        *(structural.findings if structural else ()),
        *freed_findings,
        *(method.findings if method else ()),
        *(groups.findings if groups else ()),
        *labelled(interaction_findings, plan.labels),
        *resampling_findings,
        *cutoff_findings,
        *influence_findings,
        *multiverse_findings,
        *power_findings,
        *engine_findings,
        *check_scorecard(table, own=answers.own),
    )
    recorded = {name: value for name, value in said.items() if name not in UNRECORDED}
    models = {"measurement": measurement.model}
    if structural:
        models["structural"] = structural.model
    return StudyResult(
        study=plan,
        measurement=measurement,
        structural=structural,
        verdict=_verdicts(plan, measurement, structural),
        scorecard=table,
        what_if=freed,
        screening=answers.screening,
        agreement=agreement,
        manifest=manifest(
            plan, answers, options, recorded, seed=settings.seed, models=models, started=started
        ),
        findings=at_least(findings, "note"),
        synthetic=answers.synthetic,
        notice=answers.notice,
        method=method,
        invariance=groups,
        interactions=ShownMapping(interactions) if interactions else None,
        resampled=resampled,
        cutoffs=cutoffs,
        influence=influence,
        multiverse=specifications,
        power=power,
    )


def _by_item(loadings: pd.DataFrame) -> dict[str, float]:
    """Return the standardised loading of each item."""
    return {str(item): float(value) for item, value in loadings[["item", "std_all"]].to_numpy()}


def _require_two_steps(options: Options) -> None:
    """Refuse options under which the two steps mean nothing."""
    if options.orthogonal:
        raise UnsupportedError(
            "a two-step study of uncorrelated constructs",
            "In step one all constructs covary; estimate other models by cfa() and sem().",
        )
    if options.discrepancy in CORRECTED and not options.scaled:
        raise UnsupportedError(
            f"a two-step study by {options.estimator} without a corrected test",
            "The steps are compared by chi-square differences; use WLSMV or ULSMV.",
        )
    if options.group is not None:
        raise UnsupportedError(
            "a two-step study of several groups",
            "Estimate the models of the study by cfa() and sem() with group=...",
        )


def _verdicts(
    study: Study, measurement: MeasurementStep, structural: StructuralStep | None
) -> Verdicts:
    """Conclude on each step from its findings."""
    first = measurement_verdict(measurement.findings, study.labels)
    if structural is None:
        return Verdicts((first,))
    return Verdicts((first, structural_verdict(structural.findings, study.labels)))


def _second_engine(
    study: Study,
    answers: Answers,
    keywords: Mapping[str, Any],
    measurement: MeasurementStep,
    structural: StructuralStep | None,
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Re-estimate both models by the second engine."""
    inputs = {**answers.inputs, **keywords}
    if keywords.get("engine") == ENGINE:
        return agreement_table([]), ()
    jobs: list[tuple[str, ModelResult, Any]] = [
        ("measurement", measurement.model, partial(cfa, study.measurement_model()))
    ]
    if structural:
        jobs.append(("structural", structural.model, partial(sem, study.structural_model())))
    rows: list[dict[str, Any]] = []
    findings: list[Finding] = []
    for name, model, estimate in jobs:
        row, notes = second_engine_row(name, model, estimate, inputs)
        rows += [row] if row else []
        findings += notes
    return agreement_table(rows), tuple(findings)
