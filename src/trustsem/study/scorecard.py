"""Published numbers against those estimated here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem.findings import Finding

if TYPE_CHECKING:
    from trustsem.study.measurement import MeasurementStep
    from trustsem.study.plan import Study
    from trustsem.study.structural import StructuralStep

SCORECARD_COLUMNS = (
    "quantity", "where", "printed", "decimals", "estimate", "difference", "within_rounding",
    "checked",
)  # fmt: skip
"""Columns of :func:`scorecard`."""
_ROUNDING_SLACK = 1e-9


def scorecard(
    study: Study, measurement: MeasurementStep, structural: StructuralStep | None
) -> pd.DataFrame:
    """Compare every printed number of a study with its estimate.

    Parameters
    ----------
    study : Study
        The plan with its published values.
    measurement : MeasurementStep
        Step one.
    structural : StructuralStep or None
        Step two.

    Returns
    -------
    DataFrame
        A row per printed number; ``within_rounding`` is whether the estimate rounds to it,
        ``checked`` whether the number was compared with the print itself. A quantity that the
        study does not estimate has a NaN estimate.
    """
    rows = []
    for value in study.published.values:
        estimate = quantity(value.quantity, measurement, structural)
        difference = estimate - value.number
        rows.append(
            {
                "quantity": value.quantity,
                "where": value.where,
                "printed": value.number,
                "decimals": value.decimals,
                "estimate": estimate,
                "difference": difference,
                "within_rounding": within_rounding(estimate, value.number, value.decimals),
                "checked": value.checked,
            }
        )
    return pd.DataFrame(rows, columns=list(SCORECARD_COLUMNS))


def within_rounding(estimate: float, printed: float, decimals: int) -> bool:
    """Return whether an estimate could have been printed as a number with so many decimals.

    Parameters
    ----------
    estimate, printed : float
        Numbers in the same units.
    decimals : int
        Decimals printed.

    Examples
    --------
    >>> within_rounding(4.7302, 4.73, 2), within_rounding(4.7353, 4.73, 2)
    (True, False)
    """
    return abs(estimate - printed) <= 0.5 * 10.0**-decimals + _ROUNDING_SLACK


def quantity(name: str, measurement: MeasurementStep, structural: StructuralStep | None) -> float:
    """Return the estimate of a published quantity.

    Parameters
    ----------
    name : str
        As listed in :mod:`trustsem.study.quantities`.
    measurement : MeasurementStep
        Step one.
    structural : StructuralStep or None
        Step two.

    Returns
    -------
    float
        NaN if the study does not estimate it.
    """
    kind, *rest = name.split(".")
    found: Any = math.nan
    match kind, rest:
        case "n_obs", []:
            found = measurement.model.n_obs
        case "measurement", [measure]:
            found = measurement.model.fit_measures.get(measure, math.nan)
        case "loading", [item, column]:
            found = measurement.loadings.set_index("item").loc[item, column]
        case "reliability", [construct, column]:
            found = measurement.reliability.loc[construct, column]
        case "correlation", [first, second]:
            found = measurement.model.latent_cor.loc[first, second]
        case "structural", [measure] if structural:
            found = structural.model.fit_measures.get(measure, math.nan)
        case "hypothesis", [hypothesis, column] if structural:
            found = structural.hypotheses.set_index("hypothesis").loc[hypothesis, column]
        case "r2", [construct] if structural:
            found = structural.r2.get(construct, math.nan)
    return float(found)


def check_scorecard(table: pd.DataFrame, *, own: bool) -> tuple[Finding, ...]:
    """Report printed numbers that the estimates do not round to.

    Parameters
    ----------
    table : DataFrame
        As :func:`scorecard` returns it.
    own : bool
        Whether the study's own data were analysed, so that the numbers should be the same.

    Returns
    -------
    tuple of Finding
        Code ``published_value``, one for each number that differs.
    """
    return tuple(
        Finding(
            code="published_value",
            subject=str(row["quantity"]),
            claim=(
                f"{row['quantity']} is {row['estimate']:.{row['decimals'] + 1}f} here and "
                f"{row['printed']:.{row['decimals']}f} in print ({row['where']})."
            ),
            severity="warning" if own else "note",
            holds=False,
            value=float(row["estimate"]),
            threshold=float(row["printed"]),
        )
        for row in table.to_dict("records")
        if not row["within_rounding"]
    )
