"""The five nested models of a study: who they are, how they fit, which one is accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem.errors import (
    MODEL_FAILURES,
    NotNestedError,
)
from trustsem.findings import Finding, Findings
from trustsem.results import ModelResult, Models, compare
from trustsem.study import structural_tables
from trustsem.tables import Page, Shown
from trustsem.validity import (
    Decision,
    SequentialTest,
    check_decision,
    check_pseudo_chisq,
    decide,
)
from trustsem.validity.sequence import MODELS, TESTS

if TYPE_CHECKING:
    from trustsem.study.alternatives import Alternative
    from trustsem.study.plan import Study

Estimate = Callable[[str], ModelResult]
"""Estimates a model that is given as text."""

_FIT_COLUMNS = (
    "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "srmr",
    "aic", "bic",
)  # fmt: skip
SEQUENCE_COLUMNS = ("model", *_FIT_COLUMNS, "compared_with", "chisq_diff", "df_diff", "pvalue_diff")
"""Columns of the model sequence."""
ALTERNATIVE_COLUMNS = ("model", "rival", "origin", "description")
"""Columns of the table that says who the models are."""
_GENERAL = {"Mu": "Ms", "Mt": "Ms", "Mc": "Mt", "Mn": "Mt"}
"""Which more general model each one is set against in the sequence."""
_ROLES = {"Mu": "unconstrained", "Mc": "constrained"}
_NOTHING = SequentialTest(0.0, 0, np.nan)
"""The difference of a model to itself."""


@dataclass(frozen=True, slots=True, repr=False)
class ModelSequence(Shown):
    """The models of a study, their differences and the decision.

    Parameters
    ----------
    models : Models
        Ms, Mu, Mt, Mc and Mn, as far as they have a solution.
    rivals : Models
        The rival theories by name, likewise.
    rival_labels : mapping of str to str
        What the study says of every rival; empty where it says nothing.
    alternatives : mapping of str to Alternative
        Who Mu, Mc and Mn are.
    words : mapping of str to str
        The same in words.
    decision : Decision
        Where the decision tree leads.
    table : DataFrame
        Columns :data:`SEQUENCE_COLUMNS`: the five models from the freest to the most restricted,
        then the rivals under their own names.
    findings : Findings
        What is to be said about the sequence.
    """

    models: Models
    rivals: Models
    rival_labels: Mapping[str, str]
    alternatives: Mapping[str, Alternative]
    words: Mapping[str, str]
    decision: Decision
    table: pd.DataFrame
    findings: Findings

    def who(self) -> pd.DataFrame:
        """Return a row for each of the five models, columns :data:`ALTERNATIVE_COLUMNS`."""
        rows = []
        for name, what in MODELS.items():
            known = self.alternatives.get(name)
            named = known is not None and known.origin == "named"
            rows.append(
                {
                    "model": name,
                    "rival": known.name if known and named else "",
                    "origin": known.origin if known else "",
                    "description": ": ".join(part for part in (what, self.words.get(name)) if part),
                }
            )
        return pd.DataFrame(rows, columns=list(ALTERNATIVE_COLUMNS))

    def _page(self) -> Page:
        """Return what is to be said, the models and the tests."""
        lines = tuple(map(str, self.findings))
        return Page((lines, structural_tables.model_sequence(self), self.decision.to_table()))


def model_sequence(
    study: Study, estimate: Estimate, theory: ModelResult, saturated: ModelResult
) -> ModelSequence:
    """Estimate the alternatives of a theory and follow the decision tree.

    Parameters
    ----------
    study : Study
        The plan; it has hypotheses.
    estimate : callable
        Estimates a model from the study's data.
    theory, saturated : ModelResult
        Mt and Ms.

    Returns
    -------
    ModelSequence

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_.
    """
    differences = _Differences()
    rivals, findings = _rivals(study, estimate)
    chosen = {
        name: _named(study, role, rivals, theory, differences) for name, role in _ROLES.items()
    }
    loadings = {
        (str(lhs), str(rhs)): float(est)
        for lhs, op, rhs, est in saturated.parameters[["lhs", "op", "rhs", "est"]].itertuples(
            index=False
        )
        if op == "=~"
    }
    models = {"Ms": saturated, "Mt": theory}
    alternatives = {}
    for name, derived in study.derived_alternatives().items():
        rival = chosen.get(name)
        if rival is not None:
            alternatives[name] = study.rival(rival)
            if rival in rivals:
                models[name] = rivals[rival]
            continue
        alternatives[name] = derived
        if derived.paths == study.theory.paths:
            models[name] = theory
            continue
        model, notes = _attempted(name, estimate, study.alternative_model(derived, loadings))
        findings += notes
        if model is not None:
            models[name] = model
    models = Models({name: models[name] for name in MODELS if name in models})
    tests = {
        test: differences.of(models[restricted], models[general])
        for test, (restricted, general) in TESTS.items()
        if restricted in models and general in models
    }
    decision = decide(tests, thresholds=study.thresholds)
    words = {name: entry.description(study.labels) for name, entry in alternatives.items()}
    table = _table(models, rivals, differences)
    sequence = ModelSequence(
        models=models,
        rivals=rivals,
        rival_labels={name: rival.label for name, rival in study.rivals.items()},
        alternatives=alternatives,
        words=words,
        decision=decision,
        table=table,
        findings=Findings(),
    )
    return replace(sequence, findings=Findings((*findings, *_judged(study, sequence, tests))))


def chisq_difference(a: ModelResult, b: ModelResult) -> SequentialTest | None:
    """Compare two models estimated from the same data.

    Parameters
    ----------
    a, b : ModelResult
        In any order; the one with more degrees of freedom is the restricted one.

    Returns
    -------
    SequentialTest or None
        None if they are not nested, or one of them has no solution.

    References
    ----------
    Steiger et al. (1985) [steiger1985]_.
    """
    if a is b:
        return _NOTHING
    if not (a.converged and b.converged):
        return None
    try:
        row = compare(a, b).iloc[-1]
    except NotNestedError:
        return None
    df = float(row["df_diff"])
    chisq = float(row["chisq_diff"]) if df else 0.0  # models that coincide differ by rounding
    return SequentialTest(chisq, df, float(row["pvalue"]))


class _Differences:
    """Chi-square differences that are computed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], SequentialTest | None] = {}

    def of(self, restricted: ModelResult, general: ModelResult) -> SequentialTest | None:
        """Return the difference of two models; None where the first is not nested in the second."""
        if restricted.df < general.df:
            return None
        key = (id(restricted), id(general))
        if key not in self._known:
            self._known[key] = chisq_difference(restricted, general)
        return self._known[key]


def _rivals(study: Study, estimate: Estimate) -> tuple[Models, tuple[Finding, ...]]:
    """Estimate the rival theories; one that cannot be estimated becomes a finding."""
    models = Models()
    findings: tuple[Finding, ...] = ()
    for name in study.rivals:
        model, notes = _attempted(name, estimate, study.rival_model(name))
        findings += notes
        if model is not None:
            models[name] = model
    return models, findings


def _attempted(
    name: str, estimate: Estimate, text: str
) -> tuple[ModelResult | None, tuple[Finding, ...]]:
    """Estimate a model beside the theory, or say why that was not possible."""
    try:
        model = estimate(text)
    except MODEL_FAILURES as error:
        return None, (_not_estimated(name, str(error)),)
    if not model.converged:
        return None, (_not_estimated(name, "no solution was found."),)
    return model, () if model.admissible else (_inadmissible(name),)


def _named(
    study: Study,
    role: str,
    rivals: Mapping[str, ModelResult],
    theory: ModelResult,
    differences: _Differences,
) -> str | None:
    """Return the rival that the study gives a role, or the first that nesting gives it."""
    for name, rival in study.rivals.items():
        if rival.role == role:
            return name
    for name, model in rivals.items():
        if study.rivals[name].role is not None or model.df == theory.df:
            continue
        pair = (theory, model) if role == "unconstrained" else (model, theory)
        if differences.of(*pair) is not None:
            return name
    return None


def _judged(
    study: Study, sequence: ModelSequence, tests: Mapping[str, SequentialTest | None]
) -> tuple[Finding, ...]:
    """Say what the sequence shows, and which of its links do not exist."""
    findings: list[Finding] = []
    models = sequence.models
    if "Mn" in models and models["Ms"].converged:
        chisq = float(models["Ms"].reported_fit["chisq"])
        df = float(models["Mn"].df)
        findings.append(check_pseudo_chisq(chisq, df, thresholds=study.thresholds))
    findings += [_not_nested(test) for test, found in tests.items() if found is None]
    return (*findings, check_decision(sequence.decision, sequence.words))


def _table(
    models: Mapping[str, ModelResult],
    rivals: Mapping[str, ModelResult],
    differences: _Differences,
) -> pd.DataFrame:
    """Tabulate fit and differences of all models."""
    rows = []
    for name, model in models.items():
        against = _GENERAL.get(name, "")
        test = differences.of(model, models[against]) if against in models else None
        rows.append(_row(name, model, against, test))
    for name, model in rivals.items():
        freer = model.df < models["Mt"].df
        pair = (models["Mt"], model) if freer else (model, models["Mt"])
        rows.append(_row(name, model, "Mt", differences.of(*pair)))
    return pd.DataFrame(rows, columns=list(SEQUENCE_COLUMNS))


def _row(
    name: str, model: ModelResult, against: str, difference: SequentialTest | None
) -> dict[str, Any]:
    """Return one row of the model sequence."""
    fit = model.reported_fit
    return {
        "model": name,
        **{key: fit.get(key, np.nan) for key in _FIT_COLUMNS},
        "compared_with": against if difference else "",
        "chisq_diff": difference.chisq if difference else np.nan,
        "df_diff": difference.df if difference else np.nan,
        "pvalue_diff": difference.pvalue if difference else np.nan,
    }


def _not_estimated(name: str, reason: str) -> Finding:
    """Say that a model is missing from the sequence."""
    what = f"alternative {name}" if name in MODELS else f"rival {name}"
    return Finding(
        code="rival_not_estimated",
        subject=name,
        claim=f"The {what} could not be estimated: {reason}",
        severity="warning",
    )


def _inadmissible(name: str) -> Finding:
    """Say that a solution is outside the admissible space."""
    what = f"alternative {name}" if name in MODELS else f"rival {name}"
    return Finding(
        code="rival_inadmissible",
        subject=name,
        claim=f"The solution of the {what} is inadmissible; its fit is not to be compared.",
        severity="warning",
    )


def _not_nested(test: str) -> Finding:
    """Say that two neighbours of the sequence are not nested."""
    restricted, general = TESTS[test]
    return Finding(
        code="not_nested",
        subject=test,
        claim=(
            f"{restricted} is no special case of {general} (verified numerically), or one of them "
            "has no solution, so their chi-squares must not be subtracted."
        ),
        severity="warning",
        source="bentler2010",
        remedy="Name a rival that only adds to the theory, or only removes from it.",
    )
