"""The rows of a parameter table: what identifies them, and the tables that readers see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from trustsem.specification import ParameterTable
from trustsem.tables import Table

KEYS = ("lhs", "op", "rhs", "group", "label", "free", "exo")
"""Columns that identify a row."""

_SECTIONS = (
    ("=~", "Loadings"),
    ("~", "Paths"),
    ("~~", "Covariances and Variances"),
    ("~1", "Intercepts and Means"),
    ("|", "Thresholds"),
    ("~*~", "Scaling Factors"),
    (":=", "Defined Parameters"),
)
_OF_FREE_ROWS = ("se", "bias", "ci_lower", "ci_upper")


def row_keys(table: ParameterTable) -> dict[str, tuple[Any, ...]]:
    """Return the identifying columns of all rows and defined parameters.

    Parameters
    ----------
    table : ParameterTable
        The model.
    """
    rows = [
        (row.lhs, row.op, row.rhs, row.group, row.label, row.free, row.exo)
        for row in table.parameters
    ]
    rows += [
        (item.name, ":=", item.text.split(":=", 1)[-1].strip(), 0, item.name, 0, False)
        for item in table.definitions
    ]
    return dict(zip(KEYS, zip(*rows, strict=True), strict=True))


def sections(table: ParameterTable, frame: pd.DataFrame, columns: Sequence[str]) -> list[Table]:
    """Return parameters by kind, groups one after the other.

    Parameters
    ----------
    table : ParameterTable
        The model.
    frame : DataFrame
        Rows with :data:`KEYS` and numbers.
    columns : sequence of str
        Columns to show; ``parameter`` is the row in model syntax.
    """
    labels = dict(enumerate(table.group_labels, start=1))
    groups = [*range(1, table.n_groups + 1), 0]
    return [
        section
        for group in groups
        for section in _of_group(frame, group, labels.get(group, ""), list(columns))
    ]


def _of_group(frame: pd.DataFrame, group: int, label: str, columns: list[str]) -> Iterator[Table]:
    """Yield one group's tables."""
    for op, title in _SECTIONS:
        rows = frame[(frame["op"] == op) & (frame["group"] == group)]
        given = op == "~*~" and (rows["est"] == 1).all()
        if len(rows) and not given:
            names = rows["lhs"] + " " + rows["op"] + " " + rows["rhs"]
            shown = rows.assign(parameter=names.str.strip())[columns]
            # A fixed parameter has no error, which is something else than an error of zero.
            without = [name for name in _OF_FREE_ROWS if name in columns]
            shown.loc[rows["se"] == 0, without] = float("nan")
            place = f", Group {label}" if label else ""
            name = f"parameters-{group}-{title.split()[0].lower()}"
            yield Table(name, f"{title}{place}", shown.reset_index(drop=True))
