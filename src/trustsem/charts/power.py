"""Power by number of cases: one curve per hypothesis, and the whole procedure beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import bounded, clean, listed, shortened
from trustsem.charts.marks import SHAPES, number_axis, open_frame, write
from trustsem.charts.settings import INK, QUIET, RULE, SMALL_SIZE, TEXT_SIZE
from trustsem.diagram.text import text_width
from trustsem.errors import PlanError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _FOOT, _HEAD, _GAP = 34.0, 28.0, 15.0, 34.0
_HEIGHT, _ROW = 170.0, 9.0
_NARROW = 330.0
"""Width in points below which the two panels stand under each other."""
_NAMES = 0.5
"""Largest share of a panel that the names beside its curves take."""
_DASHES = ("-", "--", "-.", ":")
_FILLS = (INK, "#ffffff")
_TESTS = {"close": "Test of close fit", "exact": "Test of exact fit"}
_SHORT = {
    "estimated": "Admissible",
    "fit_model": "Fit",
    "fit_measurement": "Fit, step one",
    "fit_structural": "Fit, step two",
    "convergent": "Convergent validity",
    "discriminant": "Discriminant verdict",
    "all": "All hypotheses",
    "everything": "Everything at once",
}
"""What the events of the procedure are called beside their curves."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve.

    Parameters
    ----------
    name : str
        What stands beside it.
    n, power : tuple of float
        Its points.
    closed_form : bool
        Whether it is computed and not simulated: drawn thin, without marks.
    """

    name: str
    n: tuple[float, ...]
    power: tuple[float, ...]
    closed_form: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PowerChart(Chart):
    """Power curves.

    Parameters
    ----------
    panels : tuple of (str, tuple of Curve)
        Heading and curves of each panel.
    goal : float
        Wanted power.
    present_n : int or None
        Cases of the study as it is.
    description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    panels: tuple[tuple[str, tuple[Curve, ...]], ...]
    goal: float
    present_n: int | None
    description: str = ""
    note: str = ""
    width: Width = "190mm"

    @property
    def title(self) -> str:
        """What the figure is."""
        return "Power by number of cases"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        names = (curve.name for _, curves in self.panels for curve in curves)
        return self.note + "".join(names)

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        inner = self._panel_height
        height = (
            len(self.panels) * (inner + _GAP + _HEAD) - _GAP - _HEAD if self._stacked else inner
        )
        return Layout(_LEFT, 4.0, _HEAD, _FOOT, height)

    @property
    def _stacked(self) -> bool:
        return self.points < _NARROW

    @property
    def _panel_height(self) -> float:
        most = max(len(curves) for _, curves in self.panels)
        return max(_HEIGHT, _ROW * (most + 1))

    def _draw(self, axes: Axes) -> None:
        """Draw the panels, beside or under each other."""
        room = self.layout
        width = self.points - 2 * MARGIN - room.left - room.right
        axes.set_axis_off()
        count, inner = len(self.panels), self._panel_height
        for number, (heading, curves) in enumerate(self.panels):
            if self._stacked:
                bottom = 1 - (number * (inner + _GAP + _HEAD) + inner) / room.height
                place, length = (0.0, bottom, 1.0, inner / room.height), width
            else:
                gap = (_GAP + 6.0) / width
                share = (1 - gap * (count - 1)) / count
                place, length = (number * (share + gap), 0.0, share, 1.0), share * width
            self._draw_panel(axes.inset_axes(place), heading, curves, length)

    def _draw_panel(self, axes: Axes, heading: str, curves: Sequence[Curve], length: float) -> None:
        """Draw the curves of one panel with their names at the right."""
        open_frame(axes, "left", "bottom")
        names = [shortened(curve.name, SMALL_SIZE, _NAMES * length - 30.0) for curve in curves]
        room = max(text_width(name, SMALL_SIZE) for name in names) + 28.0
        sizes = [n for curve in curves for n in curve.n]
        low, high = min(sizes), max(sizes)
        span = (high - low) or 1.0
        low, high = low - 0.04 * span, high + 0.04 * span
        beyond = (high - low) * room / max(length - room, 1.0)
        height = self._panel_height
        axes.plot([low, high], [self.goal] * 2, "-", color=RULE, linewidth=0.8, zorder=0)
        if self.present_n is not None and low <= self.present_n <= high:
            axes.plot([self.present_n] * 2, [0, 1], ":", color=QUIET, linewidth=0.8, zorder=0)
        ends = [curve.power[-1] for curve in curves]
        places = _spread(ends, _ROW / height)
        for number, (curve, name, place) in enumerate(zip(curves, names, places, strict=True)):
            self._draw_curve(axes, curve, number)
            at = high + (18.0 / length) * (high + beyond - low)
            self._draw_curve(axes, replace(curve, n=(at,), power=(place,)), number)
            axes.plot(
                [curve.n[-1], at],
                [curve.power[-1], place], "-", color=RULE, linewidth=0.5, zorder=0,
                clip_on=False,
            )  # fmt: skip
            write(axes, name, (at, place), (6.0, 0.0), size=SMALL_SIZE)
        number_axis(axes, "Number of cases", (low, high + beyond), length, shown=(low, high))
        number_axis(axes, "Probability", (0.0, 1.02), height, which="y", shown=(0.0, 1.0))
        write(
            axes, shortened(heading, TEXT_SIZE, length), (0.0, 1.0), (0.0, 5.0),
            across="axes fraction", down="axes fraction", level="bottom", size=TEXT_SIZE,
        )  # fmt: skip

    @staticmethod
    def _draw_curve(axes: Axes, curve: Curve, number: int) -> None:
        """Draw one curve; dash, mark and fill tell it from the others without colour."""
        if curve.closed_form:
            line: dict[str, Any] = {"color": QUIET, "linewidth": 1.1, "zorder": 1, "clip_on": False}
            axes.plot(curve.n, curve.power, ":", marker="|", markersize=4.2, **line)
            return
        axes.plot(
            curve.n, curve.power, _DASHES[number // len(SHAPES) % len(_DASHES)],
            marker=SHAPES[number % len(SHAPES)], color=INK, linewidth=0.7, markersize=4.2,
            markeredgewidth=0.7, markeredgecolor=INK,
            markerfacecolor=_FILLS[(number + number // len(SHAPES)) % 2], zorder=2, clip_on=False,
        )  # fmt: skip


def _spread(ends: Sequence[float], least: float) -> list[float]:
    """Return places in [0, 1] near the ends of curves, so far apart that names do not touch."""
    order = sorted(range(len(ends)), key=lambda place: (ends[place], -place))
    places = list(ends)
    for before, after in pairwise(order):
        places[after] = max(places[after], places[before] + least)
    excess = max(places) - 1.0
    if excess > 0:
        limit = 1.0
        for place in reversed(order):
            places[place] = min(places[place], limit)
            limit = places[place] - least
    return places


def power_chart(
    hypotheses: pd.DataFrame,
    procedure: pd.DataFrame,
    fit_tests: pd.DataFrame,
    *,
    goal: float = 0.8,
    present_n: int | None = None,
    samples: int = 0,
    width: Width = "190mm",
) -> PowerChart:
    """Draw power curves.

    Parameters
    ----------
    hypotheses : DataFrame
        A row per size and hypothesis: ``n hypothesis power``.
    procedure : DataFrame
        A row per size and event: ``n event share``; those of the hypotheses are left out.
    fit_tests : DataFrame
        A row per size, model and test of fit: ``n model test power``; the last model is drawn.
    goal : float
        Wanted power: a line.
    present_n : int, optional
        Cases of the study as it is: a line.
    samples : int
        Samples of each size, for the note.
    width : str or float
        Final width.

    Returns
    -------
    PowerChart

    Raises
    ------
    PlanError
        If there is no size to draw.
    """
    if procedure.empty:
        raise PlanError("There is no simulated size to draw.")
    panels = []
    if len(hypotheses):
        curves = _curves(hypotheses, "hypothesis", "power")
        panels.append(("Hypotheses", curves))
    single = set(hypotheses["hypothesis"]) if len(hypotheses) else set()
    whole = procedure[~procedure["event"].isin(single)]
    panels.append(
        (
            "Whole procedure, and tests of fit",
            (*_curves(whole, "event", "share"), *_fit_curves(fit_tests)),
        )
    )
    parts = [
        f"{curve.name} from {bounded(curve.power[0], 2)} to {bounded(curve.power[-1], 2)}"
        for _, curves in panels
        for curve in curves
    ]
    low, high = procedure["n"].min(), procedure["n"].max()
    note = f"Horizontal: the wanted power of {bounded(goal, 2)}."
    if present_n is not None and low <= present_n <= high:
        note += f" Vertical, dotted: the present N = {present_n:,}."
    note += f" Marks: {samples:,} simulated samples each. Dotted curves: closed form."
    return PowerChart(
        panels=tuple(panels),
        goal=goal,
        present_n=present_n,
        description=f"Power between {low:,} and {high:,} cases: {listed(parts)}.",
        note=note,
        width=width,
    )


def _curves(table: pd.DataFrame, key: str, value: str) -> tuple[Curve, ...]:
    """Return a curve per hypothesis or event, in the order of the table."""
    found = []
    for _, part in table.groupby(key, sort=False):
        ordered = part.sort_values("n")
        known = ordered[ordered[value].notna()]
        if len(known):
            event = str(known[key].iloc[0])
            name = clean(_SHORT.get(event, event) if key == "event" else event)
            found.append(Curve(name, _numbers(known["n"]), _numbers(known[value])))
    return tuple(found)


def _fit_curves(table: pd.DataFrame) -> tuple[Curve, ...]:
    """Return the curves of the tests of close and exact fit of the last model."""
    if table.empty:
        return ()
    own = table[table["model"] == table["model"].iloc[-1]]
    found = []
    for test, name in _TESTS.items():
        part = own[(own["test"] == test) & own["power"].notna()].sort_values("n")
        if len(part):
            found.append(Curve(name, _numbers(part["n"]), _numbers(part["power"]), True))
    return tuple(found)


def _numbers(values: pd.Series[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.asarray(values, dtype=float))
