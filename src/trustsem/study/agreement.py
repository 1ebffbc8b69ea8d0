"""Whether an independent engine finds the same solution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from trustsem.errors import TrustsemError
from trustsem.findings import Finding
from trustsem.results import ModelResult

AGREEMENT_COLUMNS = (
    "model", "engine", "n_parameters", "max_difference_est_in_se", "max_relative_difference_se",
    "digits",
)  # fmt: skip
"""Columns of the agreement table."""
ENGINE = "semopy"
EXPECTED_DIGITS = 5.0
"""Fewer digits of agreement than these are a finding."""
_MOST_DIGITS = 15.0

Estimator = Callable[..., ModelResult]


def second_engine_row(
    name: str, first: ModelResult, estimate: Estimator, inputs: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
    """Re-estimate a model by the second engine and compare.

    Parameters
    ----------
    name : str
        What the model is called.
    first : ModelResult
        The solution of the first engine.
    estimate : callable
        ``cfa`` or ``sem``, with the model text bound.
    inputs : mapping
        Data and options of the first estimation.

    Returns
    -------
    (dict or None, tuple of Finding)
        A row of the agreement table, None if there is no second solution; and what to know.
    """
    if not first.converged:
        return None, (_unavailable(name, "the first engine found no solution."),)
    try:
        second = estimate(**{**inputs, "engine": ENGINE})
    except TrustsemError as error:
        return None, (_unavailable(name, str(error)),)
    if not second.converged:
        return None, (_unavailable(name, f"{ENGINE} found no solution."),)
    row = agreement(name, first.parameters, second.parameters)
    if not math.isfinite(row["digits"]):
        return None, (_unavailable(name, "there are no standard errors to compare by."),)
    return row, _shortfall(row)


def agreement(name: str, first: pd.DataFrame, second: pd.DataFrame) -> dict[str, Any]:
    """Compare the free parameters of two estimations of one model.

    Parameters
    ----------
    name : str
        What the model is called.
    first, second : DataFrame
        Parameters: lhs op rhs free est se, in the same order.

    Returns
    -------
    dict
        ``digits`` is minus the decimal logarithm of the larger of the two differences, the one
        of estimates in standard errors and the relative one of standard errors; at most 15.
    """
    free = (first["free"] > 0).to_numpy()
    est, se = (first.loc[free, key].to_numpy(dtype=float) for key in ("est", "se"))
    est2, se2 = (second.loc[free, key].to_numpy(dtype=float) for key in ("est", "se"))
    of_est = float(np.max(np.abs(est2 - est) / se, initial=0.0))
    of_se = float(np.max(np.abs(se2 / se - 1.0), initial=0.0))
    return {
        "model": name,
        "engine": ENGINE,
        "n_parameters": int(free.sum()),
        "max_difference_est_in_se": of_est,
        "max_relative_difference_se": of_se,
        "digits": _digits(max(of_est, of_se)),
    }


def agreement_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the agreement of all models of a study, one row each."""
    return pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS))


def _digits(difference: float) -> float:
    """Return to how many digits a relative difference agrees; NaN stays NaN."""
    if math.isnan(difference):
        return math.nan
    return min(-math.log10(difference), _MOST_DIGITS) if difference > 0 else _MOST_DIGITS


def _shortfall(row: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Report engines that agree to fewer digits than expected, or not at all."""
    digits = float(row["digits"])
    if digits >= EXPECTED_DIGITS:
        return ()
    return (
        Finding(
            code="engine_agreement",
            subject=str(row["model"]),
            claim=(
                f"The second engine ({ENGINE}) agrees to {digits:.1f} digits only; "
                f"about {EXPECTED_DIGITS:g} or more are expected of a well-determined solution."
            ),
            severity="warning",
            holds=False,
            value=digits,
            threshold=EXPECTED_DIGITS,
            remedy="Look for several minima or a nearly unidentified parameter.",
        ),
    )


def _unavailable(name: str, reason: str) -> Finding:
    """Say that there is no second solution to compare with."""
    return Finding(
        code="engine_unavailable",
        subject=name,
        claim=f"The {name} model is not confirmed by the second engine ({ENGINE}): {reason}",
        severity="warning",
    )
