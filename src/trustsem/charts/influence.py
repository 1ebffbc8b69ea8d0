"""How much single cases matter: index plots, and effects without each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.forest import Block, Forest, Mark, Row
from trustsem.charts.labels import arrows, bounded, clean, interval, listed, number, shortened
from trustsem.charts.marks import number_axis, open_frame, write
from trustsem.charts.points import draw_labels, placed_labels
from trustsem.charts.settings import INK, QUIET, SMALL_SIZE, WARNING
from trustsem.errors import PlanError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from trustsem.charts.forest import _Line, _Plan

_ASPECT = 0.42
_LEFT, _FOOT, _HEAD = 34.0, 28.0, 10.0
_NAMED = 10
_LONGEST_NAME = 0.3
_REACH = 1.6
"""How far above the largest value a limit may lie to be drawn, as a multiple of that value."""
_STEM = np.linspace(0.04, 1.0, 25)
"""Where a stem counts as a point that a name may not cover."""
_STRIP = (3.0, 6.5)
"""From where to where below its row a strip is drawn, in points."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IndexChart(Chart):
    """A measure of influence against the cases, in the order of the data.

    Parameters
    ----------
    cases : tuple of str
        Names of the cases.
    values : ndarray, shape (n,)
        The measure; NaN where it does not exist.
    axis : str
        Name of the measure.
    limit : float or None
        A conventional limit; drawn where it lies near the values.
    limit_name : str
        What the limit is.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    cases: tuple[str, ...]
    values: Floats
    axis: str
    limit: float | None = None
    limit_name: str = ""
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + self.axis + "".join(self.cases)

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        inner = self.points - 2 * MARGIN - _LEFT - 6.0
        return Layout(_LEFT, 6.0, _HEAD, _FOOT, _ASPECT * inner)

    def _draw(self, axes: Axes) -> None:
        """Draw a stem for each case, the limit, and the names of the largest."""
        room = self.layout
        size = (self.points - 2 * MARGIN - room.left - room.right, room.height)
        known = self.values[np.isfinite(self.values)]
        low, high = min(float(known.min()), 0.0), max(float(known.max()), 0.0)
        drawn = self.limit is not None and self.limit <= _REACH * high
        if drawn and self.limit is not None:
            high = max(high, self.limit)
        pad = 0.08 * ((high - low) or 1.0)
        limits = ((0.0, len(self.values) + 1.0), (low - pad if low < 0 else 0.0, high + pad))
        open_frame(axes, "left", "bottom")
        number_axis(axes, "Case, in the order of the data", limits[0], size[0])
        number_axis(axes, self.axis, limits[1], size[1], which="y")
        place = np.arange(1, len(self.values) + 1, dtype=float)
        axes.vlines(place, 0.0, self.values, color=QUIET, linewidth=0.5, zorder=1)
        beyond = np.nan_to_num(self.values) > (np.inf if self.limit is None else self.limit)
        for chosen, color, shape in ((~beyond, INK, "o"), (beyond, WARNING, "D")):
            axes.plot(
                place[chosen], self.values[chosen], shape, markersize=2.6, markerfacecolor=color,
                markeredgewidth=0, zorder=3,
            )  # fmt: skip
        if drawn and self.limit is not None:
            axes.axhline(self.limit, color=QUIET, linewidth=0.6, linestyle=(0, (1, 2)), zorder=1)
            write(
                axes, number(self.limit), (0.0, self.limit), (3.0, 2.0), across="axes fraction",
                level="bottom", color=QUIET,
            )  # fmt: skip
        largest = _largest(self.values, _NAMED)
        points = np.column_stack([place, self.values])
        names = [shortened(self.cases[k], SMALL_SIZE, _LONGEST_NAME * size[0]) for k in largest]
        everything = np.concatenate([points * (1.0, share) for share in _STEM])
        everything = everything[np.isfinite(everything).all(axis=1)]
        draw_labels(axes, placed_labels(names, points[largest], everything, limits, size))


def _largest(values: Floats, most: int) -> list[int]:
    """Return the positions of the largest values in size, the largest first."""
    size = np.where(np.isfinite(values), np.abs(values), -1.0)
    order = np.argsort(-size, kind="stable")[:most]
    return [int(k) for k in order if size[k] > 0]


def index_chart(
    table: pd.DataFrame,
    *,
    title: str,
    axis: str,
    limit: float | None = None,
    limit_name: str = "",
    width: Width = "140mm",
) -> IndexChart:
    """Draw a measure of influence against the cases.

    Parameters
    ----------
    table : DataFrame
        A row per case, in the order of the data: ``case`` (its name) and ``value``.
    title, axis : str
        Of the chart, and of the measure.
    limit : float, optional
        A conventional limit.
    limit_name : str
        What it is.
    width : str or float
        Final width.

    Returns
    -------
    IndexChart

    Raises
    ------
    PlanError
        If there is no value.
    """
    values = table["value"].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        raise PlanError("There is no influence to draw: no case has a value.")
    cases = tuple(clean(name) for name in table["case"])
    largest = [f"case {cases[k]} ({number(values[k])})" for k in _largest(values, _NAMED)]
    said = f"Index plot: {title}, {len(values)} cases. The largest: {listed(largest)}."
    note = f"The {len(largest)} largest are labelled by their row in the data."
    if limit is not None:
        n_beyond = int((np.nan_to_num(values) > limit).sum())
        said += f" {n_beyond} exceed {number(limit)}, the {limit_name}."
        where = "Dotted: " if limit <= _REACH * float(np.nanmax(values)) else "Beyond the figure: "
        note += f" {where}{number(limit)}, {limit_name}."
    return IndexChart(
        cases, values, axis, limit, limit_name, title=title, description=said, note=note,
        width=width,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class WithoutChart(Forest):
    """Effects with their intervals, and below each a strip of the effect without each case.

    Parameters
    ----------
    strips : tuple of ndarray
        For each row the effect without each case.
    """

    strips: tuple[Floats, ...] = ()

    def _draw_row(self, axes: Axes, line: _Line, plan: _Plan, room: Layout) -> None:
        """Draw a row, and its strip below the interval."""
        Forest._draw_row(self, axes, line, plan, room)  # noqa: SLF001 - of its own parent
        strip = self.strips[[id(row) for row in self.rows].index(id(line.row))]
        known = strip[np.isfinite(strip)]
        top, foot = (line.middle + reach for reach in _STRIP)
        axes.vlines(known, top, foot, color=INK, linewidth=0.35, zorder=2)


def without_chart(
    table: pd.DataFrame,
    strips: Sequence[Floats],
    *,
    labels: Mapping[str, str] | None = None,
    width: Width = "140mm",
) -> WithoutChart:
    """Draw hypothesised effects without each case.

    Parameters
    ----------
    table : DataFrame
        A row per hypothesis: ``code path std std_ci_lower std_ci_upper supported flips set``: the
        effect in all cases with its interval, whether the verdict is support, how many single
        cases flip it, and the size of the smallest set found that does, in words.
    strips : sequence of ndarray
        For each hypothesis the standardised effect without each case.
    labels : mapping of str to str, optional
        What constructs are called in print; paths are already printed where it is left out.
    width : str or float
        Final width.

    Returns
    -------
    WithoutChart
    """
    names = labels or {}
    rows, said = [], []
    for (_, row), strip in zip(table.iterrows(), strips, strict=True):
        known = strip[np.isfinite(strip)]
        ends = (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)
        path = arrows(" -> ".join(names.get(part, part) for part in str(row["path"]).split(" -> ")))
        mark = Mark(
            float(row["std"]), float(row["std_ci_lower"]), float(row["std_ci_upper"]),
            filled=bool(row["supported"]),
        )  # fmt: skip
        cells = (interval(*ends), str(row["set"]))
        rows.append(Row(clean(row["code"]), clean(path), (mark,), cells))
        said.append(
            f"{clean(row['code'])} {bounded(float(row['std']))}, without one case from "
            f"{bounded(ends[0])} to {bounded(ends[1])}, flipped by {clean(row['set'])}"
        )
    note = (
        "Standardised effects of all cases with 95% Wald intervals; below each, one line for the "
        "effect without each case. Without one = from the smallest to the largest of these. Flips "
        "= cases in the smallest set found without which the verdict is another one."
    )
    hollow = not table["supported"].astype(bool).all()
    return WithoutChart(
        (Block("", tuple(rows)),), "Standardised effect", ("Without one", "Flips"),
        title="Hypothesised effects without single cases",
        description=f"Forest of {len(rows)} effects without each case: {listed(said)}.",
        note=note + (" Hollow: not supported." if hollow else ""), width=width,
        strips=tuple(np.asarray(strip, dtype=float) for strip in strips),
    )  # fmt: skip
