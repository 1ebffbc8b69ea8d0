"""Do the constructs mean the same in both steps? Interpretational confounding [burt1976]_."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from trustsem.findings import Finding
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, labelled, threshold_text

CONFOUNDING_COLUMNS = (
    "construct", "item", "est_before", "est_after", "est_change", "std_before", "std_after",
    "std_change",
)  # fmt: skip


def confounding_table(
    measurement: pd.DataFrame, structural: pd.DataFrame, *, same_scale: bool = True
) -> pd.DataFrame:
    """Tabulate every loading before and after the structure was imposed.

    Parameters
    ----------
    measurement, structural : DataFrame
        Parameters of the two models: ``lhs op rhs est std_all``.
    same_scale : bool
        Whether the constructs have the same scale in both, as with marker items; otherwise
        unstandardised loadings are not comparable and their change is NaN.

    Returns
    -------
    DataFrame
        A row per loading of the measurement model, columns :data:`CONFOUNDING_COLUMNS`.
    """
    before = _loadings(measurement)
    after = _loadings(structural).reindex(before.index)
    table = pd.DataFrame(
        {
            "construct": [construct for construct, _ in before.index],
            "item": [item for _, item in before.index],
            "est_before": before["est"].to_numpy(),
            "est_after": after["est"].to_numpy(),
            "est_change": (after["est"] - before["est"]).to_numpy(),
            "std_before": before["std_all"].to_numpy(),
            "std_after": after["std_all"].to_numpy(),
            "std_change": (after["std_all"] - before["std_all"]).to_numpy(),
        }
    )
    return table if same_scale else table.assign(est_change=np.nan)


def check_confounding(
    table: pd.DataFrame,
    *,
    thresholds: Thresholds | None = None,
    labels: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Check that no loading depends on what the structure says about the constructs.

    Parameters
    ----------
    table : DataFrame
        As :func:`confounding_table` returns it.
    thresholds : Thresholds, optional
        ``loading_change``: the largest change of a standardised loading that is still small, a
        convention of this program; the sources ask for negligible changes and give no number.
    labels : mapping of str to str, optional
        What constructs are called for readers.

    Returns
    -------
    tuple of Finding
        Code ``interpretational_confounding``, about the loading that changes most; empty without
        loadings.

    References
    ----------
    Burt (1976) [burt1976]_; Anderson & Gerbing (1988) [anderson1988]_.
    """
    changes = table["std_change"].abs()
    if not changes.notna().any():
        return ()
    limit = (thresholds or Thresholds()).loading_change
    row = table.iloc[int(np.nanargmax(changes.to_numpy()))]
    value = float(changes.max())
    holds = value <= limit
    construct = labelled(str(row["construct"]), labels or {})
    what = (
        f"From step one to step two the standardised loading that changes most is that of "
        f"{row['item']} on {construct}, from {coefficient(row['std_before'])} to "
        f"{coefficient(row['std_after'])} (change {coefficient(row['std_change'])}, limit "
        f"{threshold_text(limit)})"
    )
    conclusion = (
        "the constructs mean the same in both steps"
        if holds
        else "the meaning of the construct depends on the structure in which it stands"
    )
    return (
        Finding(
            code="interpretational_confounding",
            subject=f"{row['construct']} =~ {row['item']}",
            claim=f"{what}: {conclusion}.",
            severity="note" if holds else "warning",
            holds=holds,
            value=value,
            threshold=limit,
            source="burt1976",
            remedy=""
            if holds
            else "Look for items that also reflect another construct, or for missing relations.",
        ),
    )


def _loadings(parameters: pd.DataFrame) -> pd.DataFrame:
    """Return raw and standardised loadings by construct and item."""
    rows = parameters[parameters["op"] == "=~"]
    return rows.set_index(["lhs", "rhs"])[["est", "std_all"]]
