"""Other measurement models of the same items: fewer constructs, one, none."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem.errors import MODEL_FAILURES
from trustsem.findings import Finding
from trustsem.results import ModelResult, nested_difference
from trustsem.study import syntax
from trustsem.validity.wording import p_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trustsem.inference import DifferenceTest
    from trustsem.study.plan import Study

_FIT_COLUMNS = (
    "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "srmr",
    "aic", "bic",
)  # fmt: skip
RIVAL_COLUMNS = ("model", *_FIT_COLUMNS, "chisq_diff", "df_diff", "pvalue_diff")
"""Columns of the comparison."""
N_MERGED = 6
"""How many pairs are merged at most: those that correlate highest."""


@dataclass(frozen=True, slots=True)
class _Rival:
    """A more restricted model of the same items.

    Parameters
    ----------
    name : str
        What tables call it.
    text : str
        Model syntax.
    kind : {"merged", "single", "null"}
        How it was made.
    """

    name: str
    text: str
    kind: str


def rival_measurement(
    study: Study, model: ModelResult, estimated: Callable[[str], ModelResult]
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Compare the measurement model with more parsimonious ones.

    Parameters
    ----------
    study : Study
        The plan.
    model : ModelResult
        The measurement model.
    estimated : callable
        Estimates a model, given as syntax, from the study's answers with its options.

    Returns
    -------
    table : DataFrame
        Columns :data:`RIVAL_COLUMNS`: the measurement model, then each pair of constructs merged
        (the :data:`N_MERGED` that correlate highest), one construct behind all items, and no
        construct at all. Each differs from the measurement model by restrictions, against which
        the differences are tested. A model without a solution is left out, with a finding.
    findings : tuple of Finding
        ``rival_measurement`` for each rival.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_; null model: Bentler & Bonett (1980) [bentler1980]_.
    """
    rows = [_row("Measurement model", model, None)]
    findings: list[Finding] = []
    for rival in _rivals(study, model) if model.converged else ():
        try:
            found = estimated(rival.text)
            test = nested_difference(found, model) if found.converged else None
        except MODEL_FAILURES as error:
            findings.append(_missing(rival, str(error)))
            continue
        if test is None:
            findings.append(_missing(rival, "no solution was found."))
            continue
        rows.append(_row(rival.name, found, test))
        findings.append(_judged(rival, test, study.thresholds.significance))
    return pd.DataFrame(rows, columns=list(RIVAL_COLUMNS)), tuple(findings)


def _rivals(study: Study, model: ModelResult) -> Iterator[_Rival]:
    """Yield the rivals from the least to the most restricted."""
    items_of = study.items_of
    names = study.labels
    phi = model.latent_cor.abs()
    pairs = sorted(
        itertools.combinations(items_of, 2), key=lambda pair: -_known(phi.loc[pair[0], pair[1]])
    )
    if len(items_of) > 2:  # noqa: PLR2004 - of two constructs, merging is the single one
        for a, b in pairs[:N_MERGED]:
            text = syntax.merged_model(items_of, study.residual_covariances, a, b)
            yield _Rival(f"{names[a]} + {names[b]}", text, "merged")
    if len(items_of) > 1:
        text = syntax.single_construct_model(items_of, study.residual_covariances)
        yield _Rival("One construct behind all items", text, "single")
    yield _Rival("No construct (null model)", syntax.null_model(items_of), "null")


def _known(value: float) -> float:
    """Return a correlation, the smallest where there is none."""
    return -1.0 if math.isnan(value) else float(value)


def _row(name: str, model: ModelResult, test: DifferenceTest | None) -> dict[str, Any]:
    """Return one model's fit and its difference from the measurement model."""
    fit = model.reported_fit
    return {
        "model": name,
        **{key: fit.get(key, math.nan) for key in _FIT_COLUMNS},
        "chisq_diff": test.chisq if test else math.nan,
        "df_diff": test.df if test else math.nan,
        "pvalue_diff": test.pvalue if test else math.nan,
    }


def _judged(rival: _Rival, test: DifferenceTest, significance: float) -> Finding:
    """Judge whether a rival fits worse than the measurement model."""
    holds = None if math.isnan(test.pvalue) else test.pvalue < significance
    verb = "fits worse than" if holds else "does not fit worse than"
    expected = holds is not False
    return Finding(
        code="rival_measurement",
        subject=rival.name,
        claim=(
            f"{_SUBJECTS[rival.kind].format(rival.name)} {verb} the measurement model: "
            f"chi-square difference {test.chisq:.2f} with {test.df:g} df, {p_text(test.pvalue)}."
        ),
        severity="note" if expected else "warning",
        holds=holds,
        value=None if holds is None else float(test.pvalue),
        threshold=significance,
        source="bentler1980" if rival.kind == "null" else "anderson1988",
        remedy="" if expected else "Fewer constructs explain these items as well; say why not so.",
    )


_SUBJECTS = {
    "merged": "The model that merges {}",
    "single": "One construct behind all items",
    "null": "The model without constructs",
}


def _missing(rival: _Rival, reason: str) -> Finding:
    """Say that a rival is missing from the comparison."""
    return Finding(
        code="rival_measurement",
        subject=rival.name,
        claim=f"{_SUBJECTS[rival.kind].format(rival.name)} could not be estimated: {reason}",
    )
