"""Coloured unit squares and their inks, from which maps, patterns and bars are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trustsem.arrays import Floats
from trustsem.charts.settings import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection

_BRIGHT = 0.5
"""Luminance from which a colour carries dark text."""


def draw_cells(
    axes: Axes,
    places: Sequence[tuple[int, int]],
    values: Floats,
    colors: Sequence[str],
    bounds: Sequence[float],
) -> PolyCollection:
    """Draw unit squares whose colour is the class of their value.

    Parameters
    ----------
    axes : Axes
        Where.
    places : sequence of (int, int)
        Row and column of each cell; its upper left corner if the y-axis points down.
    values : ndarray, shape (k,)
        Their values, which the collection keeps as its array.
    colors : sequence of str
        One colour per class, the lowest first.
    bounds : sequence of float
        Limits of the classes, one more than there are colours.

    Returns
    -------
    PolyCollection
    """
    from matplotlib.collections import PolyCollection  # noqa: PLC0415  # slow to import
    from matplotlib.colors import BoundaryNorm, ListedColormap  # noqa: PLC0415  # as above

    corners = [[(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)] for y, x in places]
    cells = PolyCollection(
        corners, edgecolors="#ffffff", linewidths=0.5, cmap=ListedColormap(list(colors)),
        norm=BoundaryNorm(list(bounds), len(colors)),
    )  # fmt: skip
    cells.set_array(values)
    axes.add_collection(cells, autolim=False)
    return cells


def outline(axes: Axes, row: int, column: int, **style: Any) -> None:
    """Draw the border of one cell."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415  # slow to import

    axes.add_patch(
        Rectangle((column, row), 1, 1, fill=False, edgecolor=INK, clip_on=False, **style)
    )


def readable_on(color: str) -> str:
    """Return the ink that can be read on a colour."""
    red, green, blue = (int(color[k : k + 2], 16) / 255 for k in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return INK if luminance > _BRIGHT else "#ffffff"


def mixed(low: str, high: str, share: float) -> str:
    """Return the colour at a share of the way from one colour to another."""
    ends = [[int(color[k : k + 2], 16) for k in (1, 3, 5)] for color in (low, high)]
    parts = [round(a + (b - a) * share) for a, b in zip(*ends, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in parts)
