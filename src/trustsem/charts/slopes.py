"""Charts of an interaction: simple slopes, and the slope over the moderator with its region."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from trustsem.arrays import Flags, Floats
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import clean, number, shortened
from trustsem.charts.marks import number_axis, open_frame, write
from trustsem.charts.settings import BAND, INK, QUIET, SHADE, SMALL_SIZE, TEXT_SIZE
from trustsem.diagram.text import text_width
from trustsem.errors import UnknownOptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SlopesKind = Literal["both", "slopes", "region"]
KINDS: tuple[SlopesKind, ...] = ("both", "slopes", "region")
_DASHES = ("--", "-", "-.")
_REACH = 2.0
_LEFT, _FOOT, _HEAD = 36.0, 28.0, 15.0
_GAP = 44.0
_HEIGHT = 150.0
_NARROW = 330.0
"""Width in points below which the two charts stand under each other."""
_END_NAME = 32.0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SlopesChart(Chart):
    """What the charts of an interaction show.

    Parameters
    ----------
    predictor, moderator, outcome : str
        Names for readers.
    grid : ndarray, shape (k,)
        Values of the moderator in standard deviations from its mean.
    slope, lower, upper : ndarray, shape (k,)
        Slope of the predictor there with its confidence band.
    significant : ndarray of bool, shape (k,)
        Whether the slope is significant there.
    lines : tuple of (float, float, float)
        Simple slopes: position of the moderator in standard deviations, height at the predictor's
        mean, slope.
    predictor_sd : float
        Standard deviation of the predictor.
    width : str or float
        Final width.
    """

    predictor: str
    moderator: str
    outcome: str
    grid: Floats
    slope: Floats
    lower: Floats
    upper: Floats
    significant: Flags
    lines: tuple[tuple[float, float, float], ...]
    predictor_sd: float
    width: Width = "190mm"

    @property
    def title(self) -> str:
        """What the figure is."""
        return f"Interaction of {self.predictor} and {self.moderator} on {self.outcome}"

    @property
    def description(self) -> str:
        """What it shows, in words."""
        slopes = ", ".join(f"{_place(at)}: {number(slope)}" for at, _, slope in self.lines)
        share = 100 * float(self.significant.mean())
        return (
            f"Left: simple slopes of {self.predictor} on {self.outcome} by {self.moderator} "
            f"({slopes}). Right: that slope over {self.moderator} from {number(self.grid[0], 1)} "
            f"to {number(self.grid[-1], 1)} standard deviations, from {number(self.slope[0])} to "
            f"{number(self.slope[-1])}, with its confidence band; it is significant in "
            f"{number(share, 0)}% of that range."
        )

    @property
    def note(self) -> str:
        """What lines and areas mean."""
        return (
            f"Lines: {self.moderator} one standard deviation below its mean, at it, and above. "
            "Band: pointwise confidence limits of the slope. Grey: the slope is significant "
            "(Johnson-Neyman region)."
        )

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        height = 2 * _HEIGHT + _GAP + _HEAD if self._stacked else _HEIGHT
        return Layout(_LEFT, 6.0, _HEAD, _FOOT, height)

    @property
    def _stacked(self) -> bool:
        return self.points < _NARROW

    def draw_into(self, axes: Axes | None = None, kind: SlopesKind = "both") -> Axes:
        """Draw into matplotlib axes.

        Parameters
        ----------
        axes : Axes, optional
            Where to draw; new ones by default.
        kind : {"both", "slopes", "region"}
            Both charts, each inside the axes; or one of them.

        Returns
        -------
        Axes
            The axes.

        Raises
        ------
        UnknownOptionError
            If there is no such kind.
        """
        if kind not in KINDS:
            raise UnknownOptionError(kind, KINDS, kind="plot")
        if kind == "both":
            return Chart.draw_into(self, axes)
        return _OneSlopesChart(self, kind).draw_into(axes)

    def _draw(self, axes: Axes) -> None:
        """Draw both charts, beside or under each other."""
        room = self.layout
        width = self.points - 2 * MARGIN - room.left - room.right
        axes.set_axis_off()
        if self._stacked:
            high = _HEIGHT / room.height
            self.draw_lines(axes.inset_axes((0, 1 - high, 1, high)), width)
            self.draw_region(axes.inset_axes((0, 0, 1, high)), width)
            return
        share = (1 - _GAP / width) / 2
        self.draw_lines(axes.inset_axes((0, 0, share, 1)), share * width)
        self.draw_region(axes.inset_axes((1 - share, 0, share, 1)), share * width)

    def draw_lines(self, axes: Axes, length: float) -> None:
        """Draw the outcome over the predictor, one line per value of the moderator."""
        open_frame(axes, "left", "bottom")
        heights = []
        for (_, height, slope), dash in zip(self.lines, _DASHES, strict=True):
            reach = _REACH * self.predictor_sd * slope
            ends = [height - reach, height + reach]
            heights += ends
            axes.plot([-_REACH, _REACH], ends, dash, color=INK, linewidth=1.2)
        low, high = min(heights), max(heights)
        pad = 0.06 * (high - low)
        limits = (low - pad, high + pad)
        places = _apart(
            [height + _REACH * self.predictor_sd * slope for _, height, slope in self.lines],
            9.0 * (limits[1] - limits[0]) / _HEIGHT,
        )
        for (position, _, _), place in zip(self.lines, places, strict=True):
            write(axes, _place(position), (_REACH, place), (4.0, 0.0), size=TEXT_SIZE)
        beyond = 2 * _REACH * _END_NAME / (length - _END_NAME)
        number_axis(
            axes, self._axis(self.predictor, " (SD)", length), (-_REACH, _REACH + beyond), length,
            shown=(-_REACH, _REACH),
        )  # fmt: skip
        label = self._axis(self.outcome, " (from its mean)", _HEIGHT)
        number_axis(axes, label, limits, _HEIGHT, which="y")
        _head(axes, f"Lines: {clean(self.moderator)}", length)

    def draw_region(self, axes: Axes, length: float) -> None:
        """Draw the slope over the moderator, its band, and where it is significant."""
        open_frame(axes, "left", "bottom")
        axes.fill_between(
            self.grid, 0, 1, where=self.significant.tolist(), color=SHADE, linewidth=0,
            transform=axes.get_xaxis_transform(), zorder=0,
        )  # fmt: skip
        axes.fill_between(self.grid, self.lower, self.upper, color=BAND, linewidth=0, zorder=1)
        axes.plot(self.grid, self.slope, color=INK, linewidth=1.2)
        axes.axhline(0.0, color=INK, linewidth=0.6)
        for change in (self.significant[1:] != self.significant[:-1]).nonzero()[0]:
            axes.axvline(float(self.grid[change]), color=QUIET, linewidth=0.6, linestyle=":")
        low, high = min(float(self.lower.min()), 0.0), max(float(self.upper.max()), 0.0)
        pad = 0.04 * (high - low)
        limits = (float(self.grid[0]), float(self.grid[-1]))
        number_axis(axes, self._axis(self.moderator, " (SD)", length), limits, length)
        label = self._axis(f"Effect of {self.predictor}", "", _HEIGHT)
        number_axis(axes, label, (low - pad, high + pad), _HEIGHT, which="y")
        _head(axes, "Grey: significant", length)

    @staticmethod
    def _axis(name: str, unit: str, length: float) -> str:
        """Return the name of an axis that fits beside it."""
        return shortened(clean(name), TEXT_SIZE, length - text_width(unit, TEXT_SIZE)) + unit


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _OneSlopesChart(Chart):
    """One of the two charts of an interaction."""

    whole: SlopesChart
    kind: SlopesKind
    width: Width = "90mm"

    @property
    def title(self) -> str:
        """What the figure is."""
        return self.whole.title

    @property
    def description(self) -> str:
        """What it shows, in words."""
        return self.whole.description

    @property
    def note(self) -> str:
        """Nothing: the heading says enough."""
        return ""

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        return Layout(_LEFT, 6.0, _HEAD, _FOOT, _HEIGHT)

    def _draw(self, axes: Axes) -> None:
        """Draw the chart."""
        length = self.points - 2 * MARGIN - _LEFT - 6.0
        if self.kind == "slopes":
            self.whole.draw_lines(axes, length)
        else:
            self.whole.draw_region(axes, length)


def _place(position: float) -> str:
    """Return a value of the moderator in words."""
    return f"{position:+.0f} SD".replace("-", "\N{MINUS SIGN}") if position else "mean"


def _apart(places: list[float], least: float) -> list[float]:
    """Return places moved apart so far that names beside them do not touch."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    shift = sum(moved) / len(moved) - sum(places) / len(places)
    return [place - shift for place in moved]


def _head(axes: Axes, text: str, length: float) -> None:
    """Write the heading of a chart."""
    write(
        axes, shortened(text, SMALL_SIZE, length), (0.0, 1.0), (0.0, 4.0), across="axes fraction",
        down="axes fraction", level="bottom", color=QUIET,
    )  # fmt: skip
