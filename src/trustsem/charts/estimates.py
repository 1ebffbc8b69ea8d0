"""Forests of a study's estimates: loadings, paths and effects, paths of several groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from trustsem.charts.chart import Width
from trustsem.charts.forest import Block, Forest, Mark, Row
from trustsem.charts.labels import (
    ARROW,
    arrows,
    bounded,
    clean,
    cutoff,
    interval,
    listed,
    number,
    probability,
)

LOADING_CUTOFFS = (0.50, 0.70)
"""Acceptable and desirable standardised loading [hair2019]_."""
_BETA = "β"
_INTERVAL = "95% CI"
_NORMAL_REACH = float(special.ndtri(0.975))


def loadings_chart(
    table: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    cutoffs: Sequence[float] = LOADING_CUTOFFS,
    intervals: str = "Wald",
    width: Width = "140mm",
) -> Forest:
    """Draw standardised loadings with their intervals, by construct.

    Parameters
    ----------
    table : DataFrame
        A row per loading: ``construct item std_all std_ci_lower std_ci_upper`` and, if there are
        wordings, ``label``.
    labels : mapping of str to str, optional
        What constructs are called in print.
    cutoffs : sequence of float
        Values marked by lines; loadings below the first are drawn hollow [hair2019]_.
    intervals : str
        What the intervals are, for the note.
    width : str or float
        Final width.

    Returns
    -------
    Forest
    """
    names = labels or {}
    least = min(cutoffs, default=0.0)
    blocks = []
    for construct, rows in table.groupby("construct", sort=False):
        heading = clean(names.get(str(construct), str(construct)))
        blocks.append(Block(heading, tuple(_loading(row, least) for _, row in rows.iterrows())))
    values = table["std_all"].to_numpy(dtype=float)
    low = [f"{row['item']} {bounded(row['std_all'])}" for _, row in table.iterrows()
           if not abs(row["std_all"]) >= least]  # fmt: skip
    n_constructs = len(blocks)
    said = (
        f"Forest of {len(table)} standardised loadings of {n_constructs} "
        f"construct{'s' if n_constructs != 1 else ''}, from {bounded(np.nanmin(values))} to "
        f"{bounded(np.nanmax(values))}, with 95% confidence intervals. "
    )
    said += f"Below {cutoff(least)}: {listed(low)}." if low else f"None is below {cutoff(least)}."
    lines = " and ".join(cutoff(value) for value in cutoffs)
    note = f"Standardised loadings with 95% {intervals} intervals."
    note += f" Dotted lines: {lines}." if lines else ""
    note += f" Hollow: below {cutoff(least)}." if low else ""
    return Forest(
        tuple(blocks), "Standardised loading", ("λ", _INTERVAL),
        tuple(cutoffs), title="Standardised loadings", description=said, note=note, width=width,
    )  # fmt: skip


def _loading(row: pd.Series[Any], least: float) -> Row:
    """Return the row of one loading."""
    value, lower, upper = (float(row[name]) for name in ("std_all", "std_ci_lower", "std_ci_upper"))
    wording = row.get("label") or ""
    return Row(
        clean(row["item"]),
        "" if wording == row["item"] else clean(wording),
        (Mark(value, lower, upper, filled=abs(value) >= least),),
        (bounded(value), interval(lower, upper)),
    )


def paths_chart(
    table: pd.DataFrame,
    *,
    intervals: str = "Wald",
    width: Width = "140mm",
    marked: str = "not supported",
) -> Forest:
    """Draw standardised paths and effects with their intervals.

    Parameters
    ----------
    table : DataFrame
        A row per effect, in order: ``block`` (heading), ``code`` (hypothesis or empty), ``path``
        (with arrows ``->``, names for readers), ``std std_ci_lower std_ci_upper`` and ``filled``,
        whether the mark is filled.
    intervals : str
        What the intervals are, for the note.
    width : str or float
        Final width.
    marked : str
        What a hollow mark means.

    Returns
    -------
    Forest
    """
    blocks = tuple(
        Block(clean(heading), tuple(_path(row) for _, row in rows.iterrows()))
        for heading, rows in table.groupby("block", sort=False)
    )
    parts = [
        f"{(row['code'] + ' ') if row['code'] else ''}{arrows(row['path'])} {bounded(row['std'])} "
        f"{interval(row['std_ci_lower'], row['std_ci_upper'])}"
        for _, row in table.iterrows()
    ]
    note = f"Standardised effects with 95% {intervals} intervals."
    note += "" if table["filled"].all() else f" Hollow: {marked}."
    return Forest(
        blocks, "Standardised effect", (_BETA, _INTERVAL), title="Standardised paths and effects",
        description=f"Forest of {len(table)} standardised effects with 95% confidence "
        f"intervals: {listed(parts, 30)}.",
        note=note, width=width,
    )  # fmt: skip


def _path(row: pd.Series[Any]) -> Row:
    """Return the row of one effect."""
    value, lower, upper = (float(row[name]) for name in ("std", "std_ci_lower", "std_ci_upper"))
    return Row(
        clean(row["code"]),
        clean(arrows(row["path"])),
        (Mark(value, lower, upper, filled=bool(row["filled"])),),
        (bounded(value), interval(lower, upper)),
    )


def groups_chart(
    table: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    hypotheses: Mapping[tuple[str, str], str] | None = None,
    by: str = "",
    width: Width = "140mm",
) -> Forest:
    """Draw each path once for every group, in the units of the constructs.

    Parameters
    ----------
    table : DataFrame
        A row per path and group: ``predictor outcome group est se`` and, if differences were
        tested, ``pvalue_diff``.
    labels : mapping of str to str, optional
        What constructs are called in print.
    hypotheses : mapping of (str, str) to str, optional
        Predictor and outcome to the name of the hypothesis.
    by : str
        The grouping variable.
    width : str or float
        Final width.

    Returns
    -------
    Forest
    """
    names, known = labels or {}, hypotheses or {}
    groups = tuple(dict.fromkeys(str(name) for name in table["group"]))
    tested = "pvalue_diff" in table and table["pvalue_diff"].notna().any()
    rows, parts = [], []
    for ends, found in table.groupby(["predictor", "outcome"], sort=False):
        predictor, outcome = (str(end) for end in ends)
        text = f" {ARROW} ".join(names.get(end, end) for end in (predictor, outcome))
        by_group = found.assign(group=found["group"].astype(str)).set_index("group")
        marks = tuple(_group_mark(by_group, group) for group in groups)
        p = probability(float(found["pvalue_diff"].iloc[0])) if tested else ""
        code = clean(known.get((predictor, outcome), ""))
        rows.append(Row(code, clean(text), marks, (p,) if tested else ()))
        values = ", ".join(
            f"{group} {number(mark.value)}" for group, mark in zip(groups, marks, strict=True)
        )
        parts.append(f"{text}: {values}" + (f" (difference p {p})" if tested else ""))
    note = "Unstandardised paths, comparable over groups, with 95% Wald intervals."
    note += " p: chi-square difference test that the path is alike in all groups." if tested else ""
    over = f" over the groups of {by}" if by else " by group"
    return Forest(
        (Block("", tuple(rows)),), "Unstandardised path", ("p (Δ)",) if tested else (),
        groups=tuple(clean(group) for group in groups), title=f"Paths{over}",
        description=f"Forest of {len(rows)} paths{over} with 95% confidence intervals: "
        f"{listed(parts)}.",
        note=note, width=width,
    )  # fmt: skip


def _group_mark(by_group: pd.DataFrame, group: str) -> Mark:
    """Return one group's estimate with its normal interval."""
    if group not in by_group.index:
        return Mark(float("nan"))
    value, se = by_group.loc[[group], ["est", "se"]].to_numpy(dtype=float)[0].tolist()
    return Mark(value, value - _NORMAL_REACH * se, value + _NORMAL_REACH * se)
