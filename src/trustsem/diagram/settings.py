"""What a user may set about a figure, checked: its look, its columns, the places of its nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, get_args

from trustsem.diagram.graph import CONTROLS
from trustsem.diagram.look import PLAIN, Columns, Look
from trustsem.errors import SpecificationError, UnknownOptionError, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

Layout = str | Sequence[Sequence[str | None]] | Mapping[str, tuple[float, float]]
_EMPTY = {"", "."}
_CONTROLS = "controls"
"""What users call the box of all control variables in a layout."""
_APART = 0.5
"""Least distance of two nodes, in columns or rows."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The wishes of a user.

    Parameters
    ----------
    look : Look
        Colours, widths, residuals.
    columns : {"path", "role"}
        Whether a construct stands in the column of the longest path that leads to it, or in one
        of three: constructs that nothing predicts, that are predicted and predict, the rest.
    places : dict or None
        Column and row of every node that is no item; None where the figure decides.
    """

    look: Look = PLAIN
    columns: Columns = "path"
    places: Mapping[str, tuple[float, float]] | None = None


def settings(
    names: Iterable[str],
    look: Look,
    *,
    layout: Layout | None = None,
    columns: Columns = "path",
) -> Settings:
    """Check where a user wants the nodes.

    Parameters
    ----------
    names : iterable of str
        Ids of the nodes that are no items.
    look : Look
        Colours, widths, residuals.
    layout : str, sequence of sequences, or mapping, optional
        See :func:`trustsem.diagram.draw`.
    columns : {"path", "role"}, optional
        See :class:`Settings`.

    Returns
    -------
    Settings
        With a place for every node, or for none.

    Raises
    ------
    UnknownOptionError
        If a name is no node, or ``columns`` has another value.
    SpecificationError
        If a node has no place, or two, or shares its place; or the layout is none.
    """
    if columns not in get_args(Columns):
        raise UnknownOptionError(str(columns), get_args(Columns), kind="value of 'columns'")
    if layout is None:
        return Settings(look, columns)
    known = tuple(names)
    places: dict[str, tuple[float, float]] = {}
    for name, place in _cells(layout):
        node = CONTROLS if name == _CONTROLS and name not in known else name
        if node not in known:
            shown = [_CONTROLS if other == CONTROLS else other for other in known]
            raise UnknownOptionError(name, shown, kind="name in 'layout'")
        if node in places:
            raise SpecificationError(f"The layout names {name!r} twice.")
        places[node] = place
    missing = [_CONTROLS if name == CONTROLS else name for name in known if name not in places]
    if missing:
        raise SpecificationError(
            f"The layout has no place for {listed(missing)}.",
            remedy=f"Give every node of the figure a cell: {listed(known, 40)}.",
        )
    for (first, a), (second, b) in combinations(places.items(), 2):
        if abs(a[0] - b[0]) < _APART and abs(a[1] - b[1]) < _APART:
            raise SpecificationError(
                f"The layout puts {first!r} and {second!r} in the same place.",
                remedy="Keep columns or rows at least half a step apart.",
            )
    return Settings(look, columns, _from_zero(places))


def _cells(layout: object) -> list[tuple[str, tuple[float, float]]]:
    """Return the names of a layout with their column and row."""
    if isinstance(layout, Mapping):
        return [(str(name), _place(str(name), place)) for name, place in layout.items()]
    if isinstance(layout, str):
        layout = [row.split() for row in layout.replace("\n", "/").split("/") if row.strip()]
    rows = list(layout) if isinstance(layout, Sequence) else []
    if not rows or any(isinstance(row, str) or not isinstance(row, Sequence) for row in rows):
        raise SpecificationError(
            "A layout is a grid of names or a mapping of names to columns and rows.",
            remedy='Write [["", "interpretation"], ["trust", "sharing"]], '
            '". interpretation / trust sharing", or {"trust": (0, 1), "sharing": (1, 1)}.',
        )
    return [
        (str(name), (float(column), float(row)))
        for row, names in enumerate(rows)
        for column, name in enumerate(names)
        if name is not None and str(name).strip() not in _EMPTY
    ]


def _place(name: str, place: object) -> tuple[float, float]:
    """Return column and row of one node."""
    values = tuple(place) if isinstance(place, Sequence) and not isinstance(place, str) else ()
    try:
        column, row = (float(value) for value in values)
    except (TypeError, ValueError):
        column = row = math.nan
    if not (math.isfinite(column) and math.isfinite(row)):
        raise SpecificationError(
            f"The place of {name!r} in the layout is {place!r}.",
            remedy="A place is a pair of numbers: column and row, counted from the left upper one.",
        )
    return column, row


def _from_zero(places: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Let columns and rows begin at 0."""
    left = min(column for column, _ in places.values())
    top = min(row for _, row in places.values())
    return {name: (column - left, row - top) for name, (column, row) in places.items()}
