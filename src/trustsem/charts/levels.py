"""The ladder of invariance: fit from level to level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import bounded, clean, listed, shortened, widest
from trustsem.charts.marks import number_axis, open_frame, write
from trustsem.charts.settings import INK, QUIET, SHADE, TEXT_SIZE
from trustsem.errors import PlanError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INDICES = {"cfi": "CFI", "rmsea": "RMSEA", "srmr": "SRMR"}
"""Fit indices of the panels, and how they are printed."""
_PITCH, _FOOT, _HEAD, _GAP = 21.0, 28.0, 6.0, 12.0
_INSET, _NUMBER = 6.0, 28.0
"""Room beside the outermost marks, and for the numbers at the right, in points."""
_LEAST_SPAN = 0.04
"""Least span of a scale, so that differences without meaning look small."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LadderChart(Chart):
    """Fit indices over the levels of invariance, one panel each.

    Parameters
    ----------
    levels : tuple of str
        Levels from the least restricted on.
    accepted : tuple of bool
        Whether each holds.
    indices : mapping of str to ndarray, shape (k,)
        Values by name of the index.
    limits : mapping of str to ndarray, shape (k,)
        How bad each index may become at a level, given the one before; NaN where no rule says so.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    levels: tuple[str, ...]
    accepted: tuple[bool, ...]
    indices: Mapping[str, Floats]
    limits: Mapping[str, Floats]
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join(self.levels)

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        page = self.points - 2 * MARGIN
        left = min(widest(self.levels, TEXT_SIZE), 0.4 * page) + _GAP
        return Layout(left, 4.0, _HEAD, _FOOT, _PITCH * len(self.levels))

    def _draw(self, axes: Axes) -> None:
        """Draw a panel for each index."""
        room = self.layout
        length = self.points - room.left - room.right - 2 * MARGIN
        axes.set_axis_off()
        axes.set_ylim(room.height, 0.0)
        for number, level in enumerate(self.levels):
            text = shortened(level, TEXT_SIZE, room.left - _GAP)
            place = _PITCH * (number + 0.5)
            write(axes, text, (0.0, place), (-room.left, 0.0), across="axes fraction",
                  size=TEXT_SIZE)  # fmt: skip
        share, gap = 1 / len(self.indices), _GAP / length
        for number, name in enumerate(self.indices):
            panel = axes.inset_axes((number * share, 0.0, share - gap, 1.0))
            self._draw_panel(panel, name, (share - gap) * length)

    def _draw_panel(self, axes: Axes, name: str, length: float) -> None:
        """Draw one index from level to level."""
        values, limits = self.indices[name], self.limits.get(name)
        k = len(self.levels)
        open_frame(axes, "bottom")
        axes.set_yticks([])
        axes.set_ylim(_PITCH * k, 0.0)
        scale, shown = _scale(values, limits, length)
        number_axis(axes, INDICES.get(name, name), scale, length, shown=shown)
        places = _PITCH * (np.arange(k) + 0.5)
        for number in range(1, k, 2):
            axes.axhspan(_PITCH * number, _PITCH * (number + 1), color=SHADE, alpha=0.6, zorder=0)
        if limits is not None:
            for place, limit in zip(places, limits, strict=True):
                if np.isfinite(limit):
                    axes.plot(
                        [limit, limit], [place - 0.36 * _PITCH, place + 0.36 * _PITCH], "-",
                        color=QUIET, linewidth=1.2, zorder=2,
                    )  # fmt: skip
        axes.plot(values, places, "-", color=QUIET, linewidth=0.6, zorder=1)
        for value, place, holds in zip(values, places, self.accepted, strict=True):
            axes.plot(
                [value], [place], "o", markersize=4.8, markeredgecolor=INK, markeredgewidth=0.9,
                markerfacecolor=INK if holds else "#ffffff", zorder=3,
            )  # fmt: skip
            if np.isfinite(value):
                write(axes, bounded(value, 3), (1.0, place), across="axes fraction", side="right")


def _scale(
    values: Floats, limits: Floats | None, length: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return limits of an axis with room for numbers at the right, and the part without it."""
    shown = np.concatenate([values, [] if limits is None else limits])
    shown = shown[np.isfinite(shown)]
    low, high = float(shown.min()), float(shown.max())
    middle = (low + high) / 2
    span = max(high - low, _LEAST_SPAN)
    low, high = middle - span / 2, middle + span / 2
    inner = max(length - 2 * _INSET - _NUMBER, 0.3 * length)
    per_point = span / inner
    inset = per_point * _INSET
    return (low - inset, high + inset + per_point * _NUMBER), (low - inset, high + inset)


def invariance_chart(
    table: pd.DataFrame,
    *,
    allowed: Mapping[str, Sequence[float]] | None = None,
    rule: str = "",
    by: str = "",
    width: Width = "140mm",
) -> LadderChart:
    """Draw fit over the levels of invariance.

    Parameters
    ----------
    table : DataFrame
        A row per level: ``level decision`` and ``cfi rmsea srmr``.
    allowed : mapping of str to sequence of float, optional
        By index, how far each row may differ from the one that it is compared with, given as the
        value itself; NaN where no rule says so.
    rule : str
        That rule in words, for the note.
    by : str
        The grouping variable.
    width : str or float
        Final width.

    Returns
    -------
    LadderChart

    Raises
    ------
    PlanError
        If there is no level.
    """
    if table.empty:
        raise PlanError("There is no level of invariance to draw.")
    names = [name for name in INDICES if name in table and table[name].notna().any()]
    indices = {name: table[name].to_numpy(dtype=float) for name in names}
    limits = {name: np.asarray(values, dtype=float) for name, values in (allowed or {}).items()}
    decisions = [str(word) for word in table["decision"]]
    accepted = tuple(word == "baseline" or word.startswith("accepted") for word in decisions)
    levels = tuple(clean(level) for level in table["level"])
    parts = [
        f"{level} ({word}): "
        + ", ".join(f"{INDICES[name]} {bounded(indices[name][k], 3)}" for name in names)
        for k, (level, word) in enumerate(zip(levels, decisions, strict=True))
    ]
    note = "Filled: the level holds." + ("" if all(accepted) else " Hollow: it does not.")
    note += f" Bars: {rule}." if rule and limits else ""
    return LadderChart(
        levels, accepted, indices, limits,
        title="Levels of invariance" + (f" over the groups of {by}" if by else ""),
        description=f"Fit indices over {len(levels)} levels of invariance: {listed(parts)}.",
        note=note, width=width,
    )  # fmt: skip
