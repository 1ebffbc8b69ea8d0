"""Step two: whether the constructs relate as the theory says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem import display
from trustsem.findings import Finding, Findings, labelled
from trustsem.inference import ARROW, MOST_CHAINS
from trustsem.results import ModelResult, Models, sem
from trustsem.study import syntax
from trustsem.study.measurement import MeasurementStep, fit_findings
from trustsem.study.sections import ENDS
from trustsem.study.sequence import Estimate, ModelSequence, chisq_difference, model_sequence
from trustsem.study.structural_tables import structural_tables
from trustsem.tables import Page, Shown
from trustsem.validity import (
    Decision,
    check_confounding,
    check_feedback,
    check_hypotheses,
    check_second_order,
    check_second_order_structure,
    check_structural_difference,
    confounding_table,
    hypotheses_table,
    parts_table,
    second_order_table,
)
from trustsem.validity.second_order import PART_COLUMNS, SECOND_ORDER_COLUMNS
from trustsem.validity.sequence import THEORY_TEST
from trustsem.validity.thresholds import Thresholds

if TYPE_CHECKING:
    from trustsem.study.answers import Answers
    from trustsem.study.plan import Study


@dataclass(frozen=True, slots=True, repr=False)
class StructuralStep(Shown):
    """What step two found.

    Parameters
    ----------
    model : ModelResult
        The structural model (Mt).
    hypotheses : DataFrame
        A row per hypothesis.
    effects : DataFrame
        Direct, indirect and total effects.
    chains : DataFrame
        Specific indirect effects, a row per chain of paths.
    named_effects : DataFrame
        The effects that the study names.
    sequence : DataFrame
        The five nested models and the rivals with chi-square differences.
    decision : Decision
        Where the sequential tests lead.
    comparison : ModelSequence
        The models of the sequence and who they are.
    confounding : DataFrame
        Loadings before and after the structure was imposed.
    second_order, second_order_reliability : DataFrame
        Loadings of the parts of second-order constructs, and how well these hold together; empty
        without any.
    r2 : Series
        Explained variance by outcome; unitless.
    findings : Findings
        Everything judged in this step.
    thresholds : Thresholds
        The criteria it was judged by.
    labels : mapping of str to str
        What constructs and observed variables are called for readers.
    """

    model: ModelResult
    hypotheses: pd.DataFrame
    effects: pd.DataFrame
    chains: pd.DataFrame
    named_effects: pd.DataFrame
    sequence: pd.DataFrame
    decision: Decision
    comparison: ModelSequence
    confounding: pd.DataFrame
    second_order: pd.DataFrame
    second_order_reliability: pd.DataFrame
    r2: pd.Series[float]
    findings: Findings
    thresholds: Thresholds
    labels: Mapping[str, str]

    @property
    def rivals(self) -> Models:
        """The rival models that could be estimated."""
        return self.comparison.rivals

    def _page(self) -> Page:
        """Return fit and tables."""
        model = self.model
        fit = display.fit_line(dict(model.fit_measures), model.n_obs)
        trust = "" if model.admissible else "NOT TO BE INTERPRETED, see .findings. "
        line = f"Step two, structural model: {trust}{fit}"
        return Page(((line,), *structural_tables(self)))


def with_residual_variances(study: Study, answers: Answers, options: Mapping[str, Any]) -> Study:
    """Return the study with the residual variances that its assumed reliabilities imply.

    Parameters
    ----------
    study : Study
        The plan.
    answers : Answers
        What is analysed.
    options : mapping
        Options of the estimation, which decide on the divisor of the variances.
    """
    items = list(study.reliabilities)
    if not items:
        return study
    variances = sem("\n".join(f"{item} ~~ {item}" for item in items), **answers.inputs, **options)
    return study.with_variances({item: float(variances.sample.loc[item, item]) for item in items})


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

    def estimate(text: str) -> ModelResult:
        return sem(text, **answers.inputs, **options)

    model = estimate(study.structural_model())
    saturated = _saturated(study, estimate, measurement.model)
    comparison = model_sequence(study, estimate, model, saturated)
    chains = model.chains.drop(columns="group")
    effects = model.effects.drop(columns="group")
    hypotheses = judged_hypotheses(study, model)
    confounding = confounding_table(
        measurement.model.parameters, model.parameters, same_scale=model.options.marker_scaling
    )
    second_order, reliability, second_order_findings = _second_order(
        study, estimate, saturated, measurement.model
    )
    outcomes = {outcome for _, outcome in (*study.paths, *study.control_paths)}
    return StructuralStep(
        model=model,
        hypotheses=hypotheses,
        effects=effects,
        chains=chains,
        named_effects=_named_effects(study, effects, chains),
        sequence=comparison.table,
        decision=comparison.decision,
        comparison=comparison,
        confounding=confounding,
        second_order=second_order,
        second_order_reliability=reliability,
        r2=model.r2.reindex([name for name in study.design.nodes if name in outcomes]),
        findings=Findings(
            (
                *labelled(model.findings, study.labels),
                *second_order_findings,
                *check_hypotheses(
                    hypotheses, significance=study.thresholds.significance, labels=study.labels
                ),
                *_nomological(study, comparison),
                *comparison.findings,
                *_stable_loadings(study, confounding, measurement.model, model),
                *check_feedback(model.spectral_radius),
                *_too_many_chains(chains),
                *fit_findings(model, "structural model", study),
            )
        ),
        thresholds=study.thresholds,
        labels={name: label or name for name, label in study.labels.items()},
    )


def judged_hypotheses(study: Study, model: ModelResult) -> pd.DataFrame:
    """Tabulate and judge the hypotheses of a study, chains of paths among them.

    Parameters
    ----------
    study : Study
        The plan.
    model : ModelResult
        A model that holds their paths.
    """
    return hypotheses_table(
        model.parameters,
        study.hypotheses,
        chains=model.chains,
        significance=study.thresholds.significance,
    )


def _saturated(study: Study, estimate: Estimate, measurement: ModelResult) -> ModelResult:
    """Return the saturated structure (Ms): the measurement model, if that holds all variables."""
    design = study.design
    if design.covariates or design.observed or design.parts_of:
        return estimate(study.saturated_model())
    return measurement


def _nomological(study: Study, comparison: ModelSequence) -> tuple[Finding, ...]:
    """Judge the difference of the theory and the saturated structure."""
    test = comparison.decision.tests.get(THEORY_TEST)
    if test is None:
        return ()
    return (
        check_structural_difference(
            test.chisq, int(test.df), test.pvalue, thresholds=study.thresholds
        ),
    )


def _stable_loadings(
    study: Study, table: pd.DataFrame, measurement: ModelResult, structural: ModelResult
) -> tuple[Finding, ...]:
    """Judge how much loadings change between the steps, where both have proper solutions."""
    if not (measurement.admissible and structural.admissible):
        return ()
    return check_confounding(table, thresholds=study.thresholds, labels=study.labels)


def _second_order(
    study: Study, estimate: Estimate, saturated: ModelResult, measurement: ModelResult
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Finding, ...]]:
    """Tabulate and judge second-order constructs in the saturated structure."""
    parts_of = study.parts_of
    if not parts_of:
        empty = pd.DataFrame(columns=list(SECOND_ORDER_COLUMNS))
        return pd.DataFrame(columns=list(PART_COLUMNS)), empty, ()
    table = second_order_table(
        saturated.parameters,
        parts_of,
        study.items_of,
        latent_cov=saturated.latent_cov,
        labels=study.labels,
    )
    findings = check_second_order(table, thresholds=study.thresholds)
    design = replace(study.design, parts_of={})
    outside = design.covariates or design.observed
    first = estimate(syntax.saturated_model(design)) if outside else measurement
    difference = chisq_difference(saturated, first)
    if difference is not None:
        test = check_second_order_structure(
            float(saturated.fit_measures["chisq"]),
            float(first.fit_measures["chisq"]),
            (difference.chisq, difference.df, difference.pvalue),
            list(parts_of),
            thresholds=study.thresholds,
            labels=study.labels,
        )
        findings = (test, *findings)
    return parts_table(saturated.parameters, parts_of), table, findings


def _named_effects(study: Study, effects: pd.DataFrame, chains: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the effects that the study names."""
    rows = []
    for name, effect in study.effects.items():
        chain = effect.chain
        if len(chain) > ENDS:
            kind, found = "specific", chains[chains["chain"] == ARROW.join(chain)]
        else:
            kind = effect.kind or "indirect"
            ends = (effects["predictor"] == chain[0]) & (effects["outcome"] == chain[-1])
            found = effects[ends & (effects["kind"] == kind)]
        described = {"effect": name, "path": ARROW.join(chain), "kind": kind, "text": effect.text}
        rows += [
            described | {column: row[column] for column in _NUMBERS} for _, row in found.iterrows()
        ]
    return pd.DataFrame(rows, columns=["effect", "path", "kind", "text", *_NUMBERS])


_NUMBERS = (
    "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std", "std_se", "std_ci_lower",
    "std_ci_upper",
)  # fmt: skip


def _too_many_chains(chains: pd.DataFrame) -> tuple[Finding, ...]:
    """Say that not every chain was followed."""
    if len(chains) < MOST_CHAINS:
        return ()
    return (
        Finding(
            code="chains_cut",
            subject="structural model",
            claim=f"More than {MOST_CHAINS} chains of paths exist; the shortest are tabulated.",
        ),
    )
