"""Densities of bootstrap estimates, one ridge per statistic, with estimate and interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import (
    arrows,
    block_height,
    bounded,
    clean,
    fitted,
    interval,
    listed,
    number,
    shortened,
    widest,
)
from trustsem.charts.marks import number_axis, open_frame, write
from trustsem.charts.settings import BAND, INK, QUIET, RULE, SMALL_SIZE, TEXT_SIZE
from trustsem.diagram.page import MM_PER_POINT, PAGE_HEIGHT
from trustsem.diagram.text import ELLIPSIS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GRID = 256
_AT_ONCE = 500
_TALLEST, _LOWEST = 34.0, 17.0
"""Pitch of the ridges in points: where there are few, and at least."""
_OVERLAP = 0.82
"""Height of the tallest ridge in pitches."""
_FOOT, _HEAD, _GAP = 28.0, 14.0, 7.0
_LEAST_PLOT = 0.34
"""Share of the width that the plot keeps; numbers are left out where names would be cut."""
_TAIL = 0.004
"""Height, in that of the peak, below which a tail is not drawn."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """A statistic with its bootstrap draws.

    Parameters
    ----------
    code, text : str
        Short name, such as a hypothesis, and what it is.
    draws : ndarray, shape (n,)
        Values of the resamples.
    value, lower, upper : float
        Estimate and limits.
    """

    code: str
    text: str
    draws: Floats
    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DensityChart(Chart):
    """Bootstrap distributions under each other on one axis.

    Parameters
    ----------
    ridges : tuple of Ridge
        What is shown.
    axis : str
        Name of the axis.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    ridges: tuple[Ridge, ...]
    axis: str
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join(ridge.code + ridge.text for ridge in self.ridges)

    @property
    def _pitch(self) -> float:
        room = PAGE_HEIGHT / MM_PER_POINT - _HEAD - _FOOT - self._note_height - 2 * MARGIN
        return float(np.clip(room / (len(self.ridges) + 0.3), _LOWEST, _TALLEST))

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        codes, names, numbers = self._columns
        height = self._pitch * (len(self.ridges) + 0.3)
        return Layout(codes + names + _GAP, max(numbers, 8.0), _HEAD, _FOOT, height)

    @property
    def _columns(self) -> tuple[float, float, float]:
        """Return the room of codes, names and numbers."""
        page = self.points - 2 * MARGIN
        codes = min(widest((ridge.code for ridge in self.ridges), TEXT_SIZE), 0.16 * page)
        codes += 5.0 if codes else 0.0
        numbers = 2 * _GAP + sum(self._number_widths)
        needed = widest((ridge.text for ridge in self.ridges), TEXT_SIZE)
        beside = (1 - _LEAST_PLOT) * page - codes
        if any(
            self._lines(ridge, beside - numbers)[-1].endswith(ELLIPSIS) for ridge in self.ridges
        ):
            numbers = 0.0
        names = min(needed, beside - numbers, 0.5 * page)
        return codes, names, numbers

    def _lines(self, ridge: Ridge, room: float) -> tuple[str, ...]:
        """Return the lines of a name."""
        most = max(1, int(self._pitch / block_height(1, TEXT_SIZE)))
        return fitted(ridge.text, TEXT_SIZE, room, most)

    @property
    def _number_widths(self) -> tuple[float, float]:
        cells = [(bounded(r.value), interval(r.lower, r.upper)) for r in self.ridges]
        values, limits = zip(*cells, strict=True)
        return widest(("β", *values), SMALL_SIZE), widest(("95% CI", *limits), SMALL_SIZE)

    def _draw(self, axes: Axes) -> None:
        """Draw ridges, scale and numbers."""
        room, pitch = self.layout, self._pitch
        length = self.points - room.left - room.right - 2 * MARGIN
        limits = self._limits()
        open_frame(axes, "bottom")
        axes.set_ylim(room.height, 0.0)
        axes.set_yticks([])
        number_axis(axes, self.axis, limits, length)
        if limits[0] < 0.0 < limits[1]:
            axes.axvline(0.0, color=RULE, linewidth=0.8, zorder=0)
        curves = [density(ridge.draws) for ridge in self.ridges]
        tallest = max(float(height.max()) for _, height in curves)
        codes, _, numbers = self._columns
        for position, (ridge, curve) in enumerate(zip(self.ridges, curves, strict=True), start=1):
            base = pitch * (position + 0.1)
            self._draw_ridge(axes, ridge, curve, base, _OVERLAP * pitch / tallest)
            self._draw_names(axes, ridge, base - 0.3 * pitch, (room.left, codes))
            if numbers:
                self._draw_numbers(axes, ridge, base - 0.3 * pitch)
        if numbers:
            first, second = self._number_widths
            for text, offset in (("β", first + _GAP), ("95% CI", first + second + 2 * _GAP)):
                write(
                    axes, text, (1.0, 1.0), (offset, 3.0), across="axes fraction",
                    down="axes fraction", side="right", level="bottom", color=QUIET,
                )  # fmt: skip

    def _draw_ridge(
        self, axes: Axes, ridge: Ridge, curve: tuple[Floats, Floats], base: float, scale: float
    ) -> None:
        """Draw one density; the part within the interval is shaded."""
        grid, height = visible_part(curve)
        top = base - scale * height
        inside = (grid >= ridge.lower) & (grid <= ridge.upper)
        axes.fill_between(grid, base, top, where=inside.tolist(), color=BAND, linewidth=0, zorder=1)
        axes.plot(grid, top, "-", color=INK, linewidth=0.9, zorder=2)
        axes.plot([grid[0], grid[-1]], [base, base], "-", color=RULE, linewidth=0.5, zorder=1)
        axes.plot([ridge.lower, ridge.upper], [base, base], "-", color=INK, linewidth=1.8, zorder=3)
        axes.plot([ridge.value], [base], "o", color=INK, markersize=4.2, zorder=4)

    def _draw_names(
        self, axes: Axes, ridge: Ridge, middle: float, room: tuple[float, float]
    ) -> None:
        """Write code and name at the left."""
        left, codes = room
        names = left - codes - _GAP
        write(
            axes, shortened(ridge.code, TEXT_SIZE, codes), (0.0, middle), (-left, 0.0),
            across="axes fraction", size=TEXT_SIZE,
        )  # fmt: skip
        write(
            axes, "\n".join(self._lines(ridge, names)), (0.0, middle),
            (codes - left, 0.0), across="axes fraction", size=TEXT_SIZE,
        )  # fmt: skip

    def _draw_numbers(self, axes: Axes, ridge: Ridge, middle: float) -> None:
        """Write estimate and interval at the right."""
        first, second = self._number_widths
        for text, offset in (
            (bounded(ridge.value), first + _GAP),
            (interval(ridge.lower, ridge.upper), first + second + 2 * _GAP),
        ):
            write(axes, text, (1.0, middle), (offset, 0.0), across="axes fraction", side="right")

    def _limits(self) -> tuple[float, float]:
        """Return limits that hold all densities, every interval, and zero if it is near."""
        bodies = [visible_part(density(ridge.draws))[0] for ridge in self.ridges]
        low, high = min(grid[0] for grid in bodies), max(grid[-1] for grid in bodies)
        ends = [end for r in self.ridges for end in (r.lower, r.upper, r.value) if np.isfinite(end)]
        low, high = min([float(low), *ends]), max([float(high), *ends])
        if 0.0 < low < 0.6 * high:
            low = 0.0
        pad = 0.04 * (high - low)
        return (low if low == 0.0 else low - pad), high + pad


def density(draws: Floats) -> tuple[Floats, Floats]:
    """Estimate a density with a Gaussian kernel.

    Parameters
    ----------
    draws : ndarray, shape (n,)
        Values; NaN are left out.

    Returns
    -------
    (ndarray, ndarray), each of shape (256,)
        Places and heights.

    Notes
    -----
    Silverman's rule of thumb: bandwidth .9 min(s, IQR / 1.34) n^(-1/5) [silverman1986]_.
    """
    present = _present(draws)
    spread = float(present.std(ddof=1)) if len(present) > 1 else 0.0
    quarter, three = np.quantile(present, [0.25, 0.75])
    robust = min(spread, float(three - quarter) / 1.34) or spread
    bandwidth = max(0.9 * robust * len(present) ** -0.2, 1e-9 * max(1.0, abs(present[0])))
    grid = np.linspace(present.min() - 3 * bandwidth, present.max() + 3 * bandwidth, _GRID)
    total = np.zeros(_GRID)
    for part in np.array_split(present, max(1, len(present) // _AT_ONCE)):
        total += np.exp(-0.5 * ((grid[:, None] - part) / bandwidth) ** 2).sum(axis=1)
    return grid, total / (len(present) * bandwidth * np.sqrt(2 * np.pi))


def visible_part(curve: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return a density without the tails that are too flat to be seen."""
    grid, height = curve
    (seen,) = np.nonzero(height > _TAIL * height.max())
    part = slice(seen[0], seen[-1] + 1)
    return grid[part], height[part]


def _present(draws: Floats) -> Floats:
    return np.asarray(draws[np.isfinite(draws)], dtype=float)


def bootstrap_chart(
    table: pd.DataFrame,
    draws: Floats,
    *,
    axis: str = "Standardised effect",
    intervals: str = "percentile",
    n: int | None = None,
    width: Width = "140mm",
) -> DensityChart:
    """Draw bootstrap distributions with estimates and intervals.

    Parameters
    ----------
    table : DataFrame
        A row per statistic: ``code path est ci_lower ci_upper``.
    draws : ndarray, shape (n, k)
        Values of the resamples, columns in the order of the rows.
    axis : str
        Name of the axis.
    intervals : str
        What the intervals are, for the note.
    n : int, optional
        Number of resamples; those of the draws by default.
    width : str or float
        Final width.

    Returns
    -------
    DensityChart
    """
    ridges = tuple(
        Ridge(
            clean(row["code"]), clean(arrows(row["path"])), draws[:, k],
            *(float(row[name]) for name in ("est", "ci_lower", "ci_upper")),
        )
        for k, (_, row) in enumerate(table.iterrows())
    )  # fmt: skip
    count = len(draws) if n is None else n
    parts = [
        f"{ridge.code} {ridge.text} {bounded(ridge.value)} {interval(ridge.lower, ridge.upper)}"
        for ridge in ridges
    ]
    return DensityChart(
        ridges, axis, title="Bootstrap distributions",
        description=f"Densities of {len(ridges)} estimates over {count} bootstrap resamples, with "
        f"95% {intervals} intervals: {listed(_trimmed(parts), 30)}.",
        note=f"{number(count, 0)} resamples. Dot: estimate from the sample. Thick line and shaded "
        f"area: 95% {intervals} interval.",
        width=width,
    )  # fmt: skip


def _trimmed(parts: Sequence[str]) -> list[str]:
    return [part.strip() for part in parts]
