"""Specification curves: estimates of all specifications in order, and the choices behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Flags, Floats
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import arrows, bounded, clean, interval, listed, shortened, widest
from trustsem.charts.marks import number_axis, open_frame, write
from trustsem.charts.settings import BAND, INK, QUIET, RULE, SHADE, SMALL_SIZE, TEXT_SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_APART = 64
"""Most specifications that are drawn one by one; of more, neighbours are summarised."""

_BINS = 48
_HEIGHT, _FOOT, _BETWEEN = 140.0, 6.0, 12.0
_PITCH, _CHOICE_GAP = 10.0, 4.0
_SCALE = 34.0
"""Room for the scale of the upper part, in points."""
_GAP = 6.0
_NAME_SHARE = 0.42
_EDGE = 0.03
_CUTOFF = 2.0
"""How far intervals may reach beyond the estimates, in ranges of these, before they are cut."""
_PANEL, _PANEL_HEAD, _PANEL_FOOT, _PANEL_GAP = 74.0, 14.0, 8.0, 8.0
_LEAST_PANEL = 96.0


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceRow:
    """One value of a choice, and the specifications that have it.

    Parameters
    ----------
    choice, value : str
        What readers call them.
    chosen : ndarray of bool, shape (n,)
        Whether each specification, in the order of the curve, has this value.
    own : bool
        Whether it is the study's own.
    """

    choice: str
    value: str
    chosen: Flags
    own: bool


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Estimates in ascending order.

    Parameters
    ----------
    values, lower, upper : ndarray, shape (n,)
        Estimates and limits.
    filled : ndarray of bool, shape (n,)
        Whether the hypothesis is supported.
    own : int or None
        Place of the study's own specification.
    """

    values: Floats
    lower: Floats
    upper: Floats
    filled: Flags
    own: int | None

    @classmethod
    def of(cls, table: pd.DataFrame) -> Curve:
        """Return the curve of a table that is in order."""
        std, lower, upper = (
            table[name].to_numpy(dtype=float)
            for name in ("std_all", "std_ci_lower", "std_ci_upper")
        )
        own = np.flatnonzero(table["own"].to_numpy(dtype=bool))
        filled = table["supported"].to_numpy(dtype=bool)
        return cls(std, lower, upper, filled, int(own[0]) if len(own) else None)

    def __len__(self) -> int:
        """Return the number of specifications."""
        return len(self.values)


def _limits(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return limits that hold 0, all estimates, and intervals that are not absurdly wide."""
    values = np.concatenate([curve.values for curve in curves] + [np.zeros(1)])
    ends = np.concatenate([ends for curve in curves for ends in (curve.lower, curve.upper)])
    low, high = float(values.min()), float(values.max())
    reach = _CUTOFF * max(high - low, 1e-9)
    shown = ends[np.isfinite(ends) & (ends >= low - reach) & (ends <= high + reach)]
    low, high = min([low, *shown]), max([high, *shown])
    pad = _EDGE * (high - low)
    return low - pad, high + pad


def _draw_curve(axes: Axes, curve: Curve, limits: tuple[float, float], pitch: float) -> None:
    """Draw estimates with their intervals, side by side."""
    places = np.arange(len(curve))
    lower, upper = np.clip(curve.lower, *limits), np.clip(curve.upper, *limits)
    axes.axhline(0.0, color=INK, linewidth=0.6, zorder=1)
    if len(curve) > MOST_APART:
        axes.fill_between(places, lower, upper, color=BAND, linewidth=0, zorder=0)
    else:
        axes.vlines(places, lower, upper, color=QUIET, linewidth=min(1.0, 0.2 * pitch), zorder=2)
    size = float(np.clip(0.75 * pitch, 1.6, 4.6))
    for filled in (False, True):
        chosen = curve.filled == filled
        axes.plot(
            places[chosen], curve.values[chosen], "o", markersize=size, color=INK,
            markerfacecolor=INK if filled else "#ffffff", markeredgewidth=min(0.9, 0.25 * size),
            zorder=3, clip_on=False,
        )  # fmt: skip
    if curve.own is not None:
        filled = bool(curve.filled[curve.own])
        axes.plot(
            [curve.own], [curve.values[curve.own]], "D", markersize=max(5.6, size + 1.6),
            color=INK, markerfacecolor=INK if filled else "#ffffff", markeredgewidth=1.0,
            zorder=4, clip_on=False,
        )  # fmt: skip
    axes.set_xlim(-0.7, len(curve) - 0.3)
    axes.set_xticks([])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SpecificationCurve(Chart):
    """One hypothesis under all admissible specifications.

    Parameters
    ----------
    curve : Curve
        Estimates in ascending order.
    rows : tuple of ChoiceRow
        Values of the choices.
    axis, title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    curve: Curve
    rows: tuple[ChoiceRow, ...]
    axis: str = ""
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "165mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + self.axis + "".join(row.choice + row.value for row in self.rows)

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        names, values = self._names
        left = max(names + values + 2 * _GAP, _SCALE)
        below = self._places()[-1] + 0.5 * _PITCH if self.rows else 0.0
        return Layout(left, 6.0, 6.0, _FOOT, _HEIGHT + _BETWEEN + below)

    @property
    def _names(self) -> tuple[float, float]:
        """Room for the names of choices and of values, in points."""
        page = _NAME_SHARE * (self.points - 2 * MARGIN)
        names = min(widest((row.choice for row in self.rows), SMALL_SIZE), 0.6 * page)
        values = min(widest((row.value for row in self.rows), SMALL_SIZE), page - names)
        return names, values

    def _places(self) -> list[float]:
        """Return the middle of every row, from the top of the lower part, in points."""
        places, place, before = [], 0.5 * _PITCH, ""
        for row in self.rows:
            place += _CHOICE_GAP if before and row.choice != before else 0.0
            places.append(place)
            place, before = place + _PITCH, row.choice
        return places

    def _draw(self, axes: Axes) -> None:
        """Draw the curve, and the choices below."""
        room = self.layout
        length = self.points - room.left - room.right - 2 * MARGIN
        pitch = length / max(len(self.curve), 1)
        high = _HEIGHT / room.height
        axes.set_axis_off()
        upper = axes.inset_axes((0.0, 1 - high, 1.0, high))
        open_frame(upper, "left")
        limits = _limits([self.curve])
        number_axis(upper, self.axis, limits, _HEIGHT, which="y")
        _draw_curve(upper, self.curve, limits, pitch)
        below = room.height - _HEIGHT - _BETWEEN
        if self.rows:
            self._draw_choices(axes.inset_axes((0.0, 0.0, 1.0, below / room.height)), below, pitch)

    def _draw_choices(self, axes: Axes, height: float, pitch: float) -> None:
        """Draw which specification has which value."""
        names, _ = self._names
        left = self.layout.left
        open_frame(axes)
        axes.set_ylim(height, 0.0)
        axes.set_yticks([])
        axes.set_xlim(-0.7, len(self.curve) - 0.3)
        axes.set_xticks([])
        before = ""
        for row, place in zip(self.rows, self._places(), strict=True):
            if row.choice != before:
                text = shortened(row.choice, SMALL_SIZE, names)
                write(axes, text, (0.0, place), (-left, 0.0), across="axes fraction")
            before = row.choice
            text = shortened(row.value, SMALL_SIZE, left - names - 2 * _GAP)
            write(axes, text, (0.0, place), (-_GAP, 0.0), across="axes fraction", side="right",
                  weight="bold" if row.own else "normal")  # fmt: skip
            axes.axhspan(
                place - 0.42 * _PITCH, place + 0.42 * _PITCH, color=SHADE, alpha=0.6, zorder=0
            )
            if len(self.curve) > MOST_APART:
                self._draw_shares(axes, row, place)
            else:
                self._draw_marks(axes, row, place, pitch)

    def _draw_marks(self, axes: Axes, row: ChoiceRow, place: float, pitch: float) -> None:
        """Draw a mark for every specification with a value."""
        chosen = np.flatnonzero(row.chosen)
        size = float(np.clip(0.6 * pitch, 1.4, 4.0))
        axes.plot(chosen, np.full(len(chosen), place), "s", markersize=size, color=INK, zorder=2)
        if self.curve.own is not None and row.chosen[self.curve.own]:
            axes.plot([self.curve.own], [place], "D", markersize=size + 1.4, color=INK, zorder=3)

    def _draw_shares(self, axes: Axes, row: ChoiceRow, place: float) -> None:
        """Draw, for neighbours together, how many of them have a value."""
        edges = np.linspace(0, len(self.curve), _BINS + 1).round().astype(int)
        for first, last in pairwise(edges):
            share = float(row.chosen[first:last].mean())
            high = 0.8 * _PITCH * share
            axes.bar(
                (first + last - 1) / 2, -high, 0.86 * (last - first), bottom=place + 0.4 * _PITCH,
                color=INK, linewidth=0, zorder=2,
            )  # fmt: skip
        if self.curve.own is not None and row.own:
            axes.plot(
                [self.curve.own], [place], "D", markersize=4.6, color=INK,
                markerfacecolor="#ffffff", markeredgewidth=0.9, zorder=3,
            )  # fmt: skip


def curve_chart(
    table: pd.DataFrame,
    choices: Mapping[str, Sequence[str]],
    *,
    name: str,
    titles: Mapping[str, str],
    words: Mapping[tuple[str, str], str],
    labels: Mapping[str, str] | None = None,
    total: int | None = None,
    width: Width = "165mm",
) -> SpecificationCurve:
    """Draw the estimates of a hypothesis over specifications [simonsohn2020]_.

    Parameters
    ----------
    table : DataFrame
        A row per specification that is drawn: ``specification own path std_all std_ci_lower
        std_ci_upper supported`` and a column per choice.
    choices : mapping of str to sequence of str
        Every choice with its values, the study's own first.
    name : str
        The hypothesis.
    titles : mapping of str to str
        What choices are called in print.
    words : mapping of (str, str) to str
        What their values are called.
    labels : mapping of str to str, optional
        What constructs are called.
    total : int, optional
        Number of all specifications, those that are not drawn among them.
    width : str or float
        Final width.

    Returns
    -------
    SpecificationCurve
    """
    ordered = table.sort_values(["std_all", "specification"], ignore_index=True)
    curve = Curve.of(ordered)
    rows = tuple(
        ChoiceRow(
            clean(titles.get(choice, choice)), clean(words.get((choice, value), value)),
            (ordered[choice] == value).to_numpy(dtype=bool), value == values[0],
        )
        for choice, values in choices.items()
        for value in values
        if len(values) > 1
    )  # fmt: skip
    shown, every = len(curve), total or len(curve)
    path = _written(str(ordered["path"].iloc[0]), labels or {})
    note = "Standardised effects in ascending order with 95% Wald intervals. "
    filled = curve.filled
    note += "" if filled.all() else "Hollow: not supported. "
    note += "Diamond: the study's own choices (in bold). " if curve.own is not None else ""
    if shown < every:
        note += f"{every - shown} of {every} specifications are not drawn: no admissible solution. "
    if shown > MOST_APART:
        note += "Height of bars: share of neighbouring specifications with that choice. "
    supported = int(filled.sum())
    own = "" if curve.own is None else f" The study's own is {bounded(curve.values[curve.own])}."
    return SpecificationCurve(
        curve, rows, "Standardised effect",
        title=f"Specification curve of {clean(name)}: {path}",
        description=f"Standardised effect {path} in {shown} specifications, from "
        f"{bounded(float(curve.values[0]))} to {bounded(float(curve.values[-1]))}, median "
        f"{bounded(float(np.median(curve.values)))}; supported in {supported} of them.{own} Below, "
        f"which choices each specification makes: {listed(_declared(rows))}.",
        note=note.strip(), width=width,
    )  # fmt: skip


def _written(path: str, labels: Mapping[str, str]) -> str:
    """Return a path with labels and typeset arrows."""
    return arrows(" -> ".join(clean(labels.get(end, end)) for end in path.split(" -> ")))


def _declared(rows: Sequence[ChoiceRow]) -> list[str]:
    """Return every choice with its values."""
    values: dict[str, list[str]] = {}
    for row in rows:
        values.setdefault(row.choice, []).append(row.value)
    return [f"{choice} ({', '.join(found)})" for choice, found in values.items()]


@dataclass(frozen=True, slots=True)
class Panel:
    """The curve of one hypothesis among others.

    Parameters
    ----------
    name, text : str
        The hypothesis, and what stands beside it.
    curve : Curve
        Its estimates.
    """

    name: str
    text: str
    curve: Curve


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CurvesChart(Chart):
    """The curves of all hypotheses on one scale.

    Parameters
    ----------
    panels : tuple of Panel
        One for each hypothesis.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    panels: tuple[Panel, ...]
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "165mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join(panel.name + panel.text for panel in self.panels)

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        height = self._n_rows * (_PANEL + _PANEL_HEAD + _PANEL_FOOT)
        return Layout(_SCALE, 4.0, 2.0, 2.0, height)

    @property
    def _n_columns(self) -> int:
        room = self.points - 2 * MARGIN - _SCALE
        return max(1, min(len(self.panels), int(room / _LEAST_PANEL)))

    @property
    def _n_rows(self) -> int:
        return ceil(len(self.panels) / self._n_columns)

    def _draw(self, axes: Axes) -> None:
        """Draw a panel for each hypothesis."""
        room = self.layout
        length = self.points - room.left - room.right - 2 * MARGIN
        n = self._n_columns
        across = (length - (n - 1) * _PANEL_GAP) / n
        limits = _limits([panel.curve for panel in self.panels])
        axes.set_axis_off()
        for number, panel in enumerate(self.panels):
            row, column = divmod(number, n)
            top = row * (_PANEL + _PANEL_HEAD + _PANEL_FOOT) + _PANEL_HEAD
            place = (
                column * (across + _PANEL_GAP) / length,
                1 - (top + _PANEL) / room.height,
                across / length,
                _PANEL / room.height,
            )
            inner = axes.inset_axes(place)
            self._draw_panel(inner, panel, limits, across, labelled=column == 0)

    def _draw_panel(
        self,
        axes: Axes,
        panel: Panel,
        limits: tuple[float, float],
        length: float,
        *,
        labelled: bool,
    ) -> None:
        """Draw one curve with its heading."""
        open_frame(axes, *(["left"] if labelled else []))
        number_axis(axes, "β" if labelled else "", limits, _PANEL, which="y")
        for value in axes.get_yticks():
            axes.axhline(value, color=SHADE, linewidth=0.6, zorder=0)
        if not labelled:
            axes.set_yticks([])
        _draw_curve(axes, panel.curve, limits, length / max(len(panel.curve), 1))
        axes.axhline(0.0, color=RULE, linewidth=0.6, zorder=1)
        name = shortened(panel.name, TEXT_SIZE, 0.5 * length)
        write(axes, name, (0.0, 1.0), (0.0, 4.0), across="axes fraction", down="axes fraction",
              level="bottom", size=TEXT_SIZE, weight="bold")  # fmt: skip
        write(axes, panel.text, (1.0, 1.0), (0.0, 4.0), across="axes fraction",
              down="axes fraction", level="bottom", side="right", color=QUIET)  # fmt: skip


def curves_chart(
    table: pd.DataFrame,
    agreement: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    width: Width = "165mm",
) -> CurvesChart:
    """Draw the specification curves of several hypotheses [simonsohn2020]_.

    Parameters
    ----------
    table : DataFrame
        A row per specification and hypothesis: ``specification hypothesis path own std_all
        std_ci_lower std_ci_upper supported``.
    agreement : DataFrame
        A row per hypothesis: ``hypothesis share_agree``.
    labels : mapping of str to str, optional
        What constructs are called.
    width : str or float
        Final width.

    Returns
    -------
    CurvesChart
    """
    shares = dict(zip(agreement["hypothesis"], agreement["share_agree"], strict=True))
    panels, parts = [], []
    for name, group in table.groupby("hypothesis", sort=False):
        ordered = group.sort_values(["std_all", "specification"], ignore_index=True)
        curve, share = Curve.of(ordered), float(shares.get(name, np.nan))
        text = "" if np.isnan(share) else f"{100 * share:.0f}% agree"
        panels.append(Panel(clean(name), text, curve))
        path = _written(str(ordered["path"].iloc[0]), labels or {})
        reach = interval(float(curve.values[0]), float(curve.values[-1]))
        parts.append(f"{name} {path} {reach}" + (f", {text}" if text else ""))
    hollow = not all(panel.curve.filled.all() for panel in panels)
    note = "Standardised effects of all admissible specifications in ascending order with 95% Wald "
    note += "intervals. Diamond: the study's own choices. Share: specifications with its verdict."
    return CurvesChart(
        tuple(panels), title="Specification curves of all hypotheses",
        description=f"Standardised effects of {len(panels)} hypotheses over specifications, lowest "
        f"and highest estimate each: {listed(parts, 30)}.",
        note=note + (" Hollow: not supported." if hollow else ""), width=width,
    )  # fmt: skip
