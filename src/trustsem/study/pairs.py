"""Chi-square differences of each pair of constructs against correlations that are too high."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem.errors import MODEL_FAILURES
from trustsem.inference import DifferenceTest
from trustsem.results import Held, ModelResult, cfa, compare_held
from trustsem.validity import difference_table
from trustsem.validity.discriminant import cutoffs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.study.answers import Answers
    from trustsem.study.plan import Study


def discriminant_tests(
    study: Study, answers: Answers, options: Mapping[str, Any], model: ModelResult
) -> pd.DataFrame:
    """Test every pair of constructs against correlations of 1, .9, .85 and .8.

    Parameters
    ----------
    study : Study
        The plan, for its thresholds.
    answers : Answers
        What is analysed.
    options : mapping
        Options of the estimation.
    model : ModelResult
        The measurement model.

    Returns
    -------
    DataFrame
        As :func:`trustsem.validity.difference_table` returns it; empty where the measurement model
        has no solution. A negative correlation is tested against the negative cutoff. Where the
        estimate lies beyond the cutoff, no restricted model is needed: the difference is 0.

    Notes
    -----
    Constructs have variance 1 in these models; correlations with third constructs stay free.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_; Rönkkö & Cho (2022) [ronkko2022]_.
    """
    scaled = _with_unit_variances(study, answers, options, model)
    if scaled is None:
        return difference_table((), study.thresholds)
    phi = scaled.latent_cor
    rows: list[dict[str, Any]] = [
        {"construct_a": a, "construct_b": b, "phi": float(phi.loc[a, b]), "cutoff": cutoff}
        for a, b in itertools.combinations(study.items_of, 2)
        for cutoff in cutoffs_of(study.thresholds)
    ]
    needed = [row for row in rows if abs(row["phi"]) < row["cutoff"]]
    held = [
        Held(row["construct_a"], row["construct_b"], math.copysign(row["cutoff"], row["phi"]))
        for row in needed
    ]
    found = dict(zip(map(id, needed), compare_held(scaled, held), strict=True))
    tests = [row | _columns(found.get(id(row), _NOT_NEEDED)) for row in rows]
    return difference_table(tests, study.thresholds)


_NOT_NEEDED = DifferenceTest(0.0, 1, 1.0, method="")
"""The estimate already lies where the hypothesis puts it."""


def _columns(test: DifferenceTest | None) -> dict[str, Any]:
    """Return a test as columns; NaN where the restricted model has no solution."""
    if test is None:
        nothing = math.nan
        return {"chisq_diff": nothing, "df_diff": nothing, "pvalue": nothing, "method": ""}
    return {
        "chisq_diff": test.chisq,
        "df_diff": test.df,
        "pvalue": test.pvalue,
        "method": test.method,
    }


def _with_unit_variances(
    study: Study, answers: Answers, options: Mapping[str, Any], model: ModelResult
) -> ModelResult | None:
    """Return the measurement model with constructs of variance 1; None without a solution."""
    if not model.converged or len(study.items_of) == 1:
        return None
    if model.options.std_lv and model.estimate.engine == "native":
        return model
    chosen = {**options, "std_lv": True, "engine": "native"}
    try:
        scaled = cfa(study.measurement_model(), **answers.inputs, **chosen)
    except MODEL_FAILURES:
        return None
    return scaled if scaled.converged else None
