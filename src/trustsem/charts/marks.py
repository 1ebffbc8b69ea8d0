"""The strokes that charts are made of: texts at a distance in points, scales, swatches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from trustsem.charts.labels import ticks
from trustsem.charts.settings import INK, QUIET, SMALL_SIZE, TEXT_SIZE
from trustsem.diagram.text import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

Side = Literal["left", "center", "right"]
_PITCH = {"x": 34.0, "y": 26.0}
"""Least distance of ticks, in points."""
_TICK_GAP = 5.0
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "p")
"""Marks of groups, which differ without colour."""


def write(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    offset: tuple[float, float] = (0.0, 0.0),
    *,
    across: Literal["data", "axes fraction"] = "data",
    down: Literal["data", "axes fraction"] = "data",
    size: float = SMALL_SIZE,
    side: Side = "left",
    level: Literal["center", "baseline", "bottom", "top"] = "center",
    color: str = INK,
    **style: Any,
) -> Annotation:
    """Write a text at a place of the axes, moved by points.

    Parameters
    ----------
    axes : Axes
        Where.
    text : str
        One line, or several that are flush left.
    at, offset : (float, float)
        The place, and how far from it to the right and up in points.
    across, down : {"data", "axes fraction"}
        Coordinates of the place.
    size : float
        Font size in points.
    side, level : str
        Alignment at that point.
    color : str
        Ink.
    **style
        Further properties of the text.
    """
    return axes.annotate(
        text, at, xytext=offset, xycoords=(across, down), textcoords="offset points",
        fontsize=size, ha=side, va=level, color=color, annotation_clip=False, linespacing=1.15,
        **style,
    )  # fmt: skip


def number_axis(
    axes: Axes,
    label: str,
    limits: tuple[float, float],
    length: float,
    *,
    which: Literal["x", "y"] = "x",
    shown: tuple[float, float] | None = None,
) -> None:
    """Give an axis its limits, round ticks that have room, and a name.

    Parameters
    ----------
    axes : Axes
        Where.
    label : str
        Name of the axis.
    limits : (float, float)
        First and last value.
    length : float
        Length of the axis in points.
    which : {"x", "y"}
        The axis.
    shown : (float, float), optional
        The part that has a line and ticks; all of it by default.
    """
    pitch = _PITCH[which]
    low, high = sorted(shown or limits)
    part = (high - low) / abs(limits[1] - limits[0])
    values, texts = _fitting_ticks(low, high, length * part, pitch, which)
    axes.spines["bottom" if which == "x" else "left"].set_bounds(low, high)
    if which == "x":
        axes.set_xlim(*limits)
        axes.set_xticks(values, texts, fontsize=SMALL_SIZE, color=INK)
        axes.set_xlabel(label, fontsize=TEXT_SIZE, color=INK, labelpad=3.0)
    else:
        axes.set_ylim(*limits)
        axes.set_yticks(values, texts, fontsize=SMALL_SIZE, color=INK)
        axes.set_ylabel(label, fontsize=TEXT_SIZE, color=INK, labelpad=3.0)
    axes.tick_params(which, color=QUIET, width=0.6, length=3.0, pad=2.0)


def _fitting_ticks(
    low: float, high: float, length: float, pitch: float, which: Literal["x", "y"]
) -> tuple[list[float], list[str]]:
    """Return as many round ticks as stand beside each other."""
    most = max(3, int(length / pitch))
    while True:
        values, texts = ticks(low, high, most)
        needed = max(text_width(text, SMALL_SIZE) for text in texts) if texts else 0.0
        step = length * min((b - a for a, b in pairwise(values)), default=1.0) / (high - low)
        if which == "y" or step > needed + _TICK_GAP or most == 1:
            return values, texts
        most -= 1


def open_frame(axes: Axes, *sides: str) -> None:
    """Keep only some sides of the frame, thin."""
    for name, spine in axes.spines.items():
        spine.set_visible(name in sides)
        spine.set_linewidth(0.6)
        spine.set_color(QUIET)
    if "left" not in sides:
        axes.tick_params("y", length=0)
    if "bottom" not in sides:
        axes.tick_params("x", length=0)


def swatches(
    axes: Axes,
    entries: Sequence[tuple[str, str]],
    place: tuple[float, float],
    widths: Sequence[float],
) -> None:
    """Draw a row of coloured squares with their meaning, in points from the axes' upper left.

    Parameters
    ----------
    axes : Axes
        Where.
    entries : sequence of (str, str)
        Colour and text.
    place : (float, float)
        Where the row begins, to the right of and above the corner, in points.
    widths : sequence of float
        Room of each entry in points.
    """
    left, up = place
    for (color, text), width in zip(entries, widths, strict=True):
        corner_mark(axes, (left + 4.0, up), "s", color)
        write(
            axes, text, (0.0, 1.0), (left + 10.0, up), across="axes fraction",
            down="axes fraction",
        )  # fmt: skip
        left += width


def corner_mark(axes: Axes, place: tuple[float, float], shape: str, fill: str) -> None:
    """Draw one mark in points from the axes' upper left, for an explanation of marks."""
    from matplotlib.transforms import offset_copy  # noqa: PLC0415  # slow to import

    at = offset_copy(axes.transAxes, axes.get_figure(root=True), *place, units="points")
    axes.plot(
        [0.0], [1.0], shape, transform=at, clip_on=False, markersize=5.5, markerfacecolor=fill,
        markeredgecolor=QUIET if shape == "s" else INK, markeredgewidth=0.6,
    )  # fmt: skip
