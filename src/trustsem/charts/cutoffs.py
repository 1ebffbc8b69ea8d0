"""Distributions of fit indices where a model holds and where it does not, with cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.densities import density, visible_part
from trustsem.charts.labels import bounded, clean, fitted, listed, number, widest
from trustsem.charts.marks import number_axis, open_frame, write
from trustsem.charts.settings import BAND, INK, QUIET, RULE, SHADE, SMALL_SIZE, TEXT_SIZE, WARNING
from trustsem.errors import PlanError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = {"srmr": "SRMR", "rmsea": "RMSEA", "cfi": "CFI", "tli": "TLI"}
"""How the indices of the panels are printed."""
_PITCH, _LOWEST = 30.0, 20.0
_FOOT, _HEAD, _GAP = 28.0, 12.0, 10.0
_HEIGHT = 0.8
_CROWDED = 8
_NAMES_SHARE = 0.34


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CutoffChart(Chart):
    """Densities of fit indices, one row per level of misspecification and one panel per index.

    Parameters
    ----------
    rows : tuple of str
        Names of the levels, the first where the model holds.
    draws : mapping of str to tuple of ndarray
        By index, its values in the samples of each level.
    cutoffs : mapping of str to ndarray, shape (k,)
        By index, the cut-off of each row; NaN where there is none.
    observed : mapping of str to float
        By index, the value of the model; NaN where there is none.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    rows: tuple[str, ...]
    draws: Mapping[str, tuple[Floats, ...]]
    cutoffs: Mapping[str, Floats]
    observed: Mapping[str, float]
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join(self.rows)

    @property
    def _pitch(self) -> float:
        return _PITCH if len(self.rows) <= _CROWDED else _LOWEST

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        page = self.points - 2 * MARGIN
        names = min(widest(self.rows, SMALL_SIZE), _NAMES_SHARE * page)
        first = widest(["0", *map(str, range(len(self.rows)))], TEXT_SIZE) + 5.0
        return Layout(first + names + _GAP, 4.0, _HEAD, _FOOT, self._pitch * len(self.rows))

    def _draw(self, axes: Axes) -> None:
        """Draw names and a panel for each index."""
        room = self.layout
        length = self.points - room.left - room.right - 2 * MARGIN
        axes.set_axis_off()
        axes.set_ylim(room.height, 0.0)
        first = widest(map(str, range(len(self.rows))), TEXT_SIZE) + 5.0
        lines = 2 if self._pitch < _PITCH else 3
        for level, name in enumerate(self.rows):
            middle = self._pitch * (level + 0.62)
            write(axes, str(level), (0.0, middle), (-room.left, 0.0), across="axes fraction",
                  size=TEXT_SIZE)  # fmt: skip
            text = "\n".join(fitted(name, SMALL_SIZE, room.left - first - _GAP, lines))
            write(axes, text, (0.0, middle), (first - room.left, 0.0), across="axes fraction",
                  size=SMALL_SIZE)  # fmt: skip
        share, gap = 1 / len(self.draws), _GAP / length
        for place, index in enumerate(self.draws):
            panel = axes.inset_axes((place * share, 0.0, share - gap, 1.0))
            self._draw_panel(panel, index, (share - gap) * length)

    def _draw_panel(self, axes: Axes, index: str, length: float) -> None:
        """Draw the distributions of one index under each other."""
        pitch, k = self._pitch, len(self.rows)
        curves = [visible_part(density(values)) if _some(values) else None
                  for values in self.draws[index]]  # fmt: skip
        value = self.observed.get(index, float("nan"))
        ends = [end for curve in curves if curve is not None for end in (curve[0][0], curve[0][-1])]
        low, high = min(ends), max(ends)
        inside = np.isfinite(value)
        low, high = (min(low, value), max(high, value)) if inside else (low, high)
        if index == "cfi":
            high = 1.0
        else:
            low = max(low, 0.0)
        pad = 0.04 * (high - low)
        limits = (low - (0.0 if low == 0.0 else pad), high + (0.0 if index == "cfi" else pad))
        open_frame(axes, "bottom")
        axes.set_yticks([])
        axes.set_ylim(pitch * k, 0.0)
        number_axis(axes, NAMES.get(index, index), limits, length)
        for level, curve in enumerate(curves):
            base = pitch * (level + 1.0) - 2.0
            axes.plot(limits, [base, base], "-", color=RULE, linewidth=0.5, zorder=1)
            if curve is not None:
                grid, height = curve
                keep = (grid >= limits[0]) & (grid <= limits[1])
                top = base - _HEIGHT * pitch * height / height.max()
                axes.fill_between(
                    grid[keep], base, top[keep], color=BAND if level else SHADE, linewidth=0,
                    zorder=1,
                )  # fmt: skip
                axes.plot(grid[keep], top[keep], "-", color=INK, linewidth=0.8, zorder=2)
            cutoff = self.cutoffs[index][level]
            if np.isfinite(cutoff):
                up = base - 0.9 * pitch
                axes.plot([cutoff, cutoff], [base, up], "--", color=INK, linewidth=1.1, zorder=4)
        if inside:
            axes.plot([value, value], [0.0, pitch * k], "-", color=WARNING, linewidth=1.3, zorder=3)
            axes.plot([value], [0.0], "v", color=WARNING, markersize=4.5, clip_on=False, zorder=5)
            write(axes, bounded(value, 3), (value, 0.0), (0.0, 6.0), side="center",
                  level="bottom", color=QUIET)  # fmt: skip


def _some(values: Floats) -> bool:
    return bool(np.isfinite(values).sum() > 1)


def cutoffs_chart(
    values: pd.DataFrame,
    cutoffs: pd.DataFrame,
    observed: Mapping[str, float],
    names: Sequence[str],
    indices: Sequence[str],
    *,
    n_obs: int,
    width: Width = "140mm",
) -> CutoffChart:
    """Draw distributions of fit indices by level of misspecification.

    Parameters
    ----------
    values : DataFrame
        A row per sample: ``level`` and a column for each index.
    cutoffs : DataFrame
        A row per level and index: ``level index kind cutoff``.
    observed : mapping of str to float
        Fit of the model by index; may be empty.
    names : sequence of str
        What each level adds, from level 0 on.
    indices : sequence of str
        The panels.
    n_obs : int
        Cases of a sample.
    width : str or float
        Final width.

    Returns
    -------
    CutoffChart

    Raises
    ------
    PlanError
        If no sample has a solution.
    """
    levels = range(len(names))
    draws = {
        index: tuple(values.loc[values["level"] == level, index].to_numpy(dtype=float)
                     for level in levels)
        for index in indices
    }  # fmt: skip
    if not all(any(_some(part) for part in parts) for parts in draws.values()):
        raise PlanError("No simulated sample has a solution: there is nothing to draw.")
    found = cutoffs.set_index(["index", "level"])["cutoff"]
    limits = {
        index: np.array([float(found.get((index, level), np.nan)) for level in levels])
        for index in indices
    }
    given = {index: float(observed.get(index, np.nan)) for index in indices}
    parts = []
    for index in indices:
        texts = [
            f"level {level} {bounded(limits[index][level], 3)}"
            for level in levels
            if np.isfinite(limits[index][level])
        ]
        value = given[index]
        own = f", observed {bounded(value, 3)}" if np.isfinite(value) else ""
        parts.append(f"{NAMES.get(index, index)}: {', '.join(texts) or 'no cut-off'}{own}")
    n = int((values["level"] == 0).sum())
    line = (
        " Solid line with triangle: observed fit." if any(map(np.isfinite, given.values())) else ""
    )
    return CutoffChart(
        tuple(clean(name) for name in names), draws, limits, given,
        title="Cut-offs of fit indices",
        description=f"Distributions of fit indices over simulated samples of {n_obs} cases, by "
        f"level of misspecification, with cut-offs: {listed(parts)}.",
        note=f"{number(n, 0)} samples of N = {n_obs} in each row. Row 0: the model holds; each row "
        "below adds what the model leaves out. Dashed: cut-off of the level, where there is one."
        + line,
        width=width,
    )  # fmt: skip
