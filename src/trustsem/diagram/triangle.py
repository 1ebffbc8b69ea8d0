"""The correlations of many constructs, printed below a figure as a triangle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustsem.diagram.geometry import Box
from trustsem.diagram.scene import BLACK, Mark, Path, Pen, Shape, Text
from trustsem.diagram.text import ELLIPSIS, text_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.diagram.graph import Edge
    from trustsem.diagram.look import Look

SIZES = (8.0, 7.5, 7.0, 6.5, 6.0)
_SHARE = 0.72
"""Most of the page that the columns of numbers may take."""
_ROW, _ABOVE, _TITLE = 1.5, 4.4, 1.7
"""Distances of rows, of the column heads from the figure, and of the title from them; in em."""


@dataclass(frozen=True, slots=True)
class Triangle:
    """A triangle of correlations with its place.

    Parameters
    ----------
    edges : dict
        Covariance by its two constructs.
    names : tuple of str
        Constructs, in order of rows and columns.
    labels : tuple of str
        What is printed before each row.
    left, top : float
        Where the rows begin, and where the column heads stand; in points.
    heads, column : float
        Widths of the row labels and of a column.
    size : float
        Font size.
    starred : bool
        Whether stars are printed.
    """

    edges: Mapping[frozenset[str], Edge]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    left: float
    top: float
    heads: float
    column: float
    size: float
    starred: bool

    @property
    def right(self) -> float:
        """Where the columns end."""
        return self.left + self.heads + self.column * (len(self.names) - 1)

    @property
    def bottom(self) -> float:
        """Where the last rule stands."""
        return self.top + _ROW * self.size * len(self.names) + 3.0 + 0.8 * self.size

    @property
    def box(self) -> Box:
        """The room that the triangle takes."""
        above = self.top - (_TITLE + 0.6) * self.size
        return Box(self.left, above, self.right, self.bottom)

    def mark(self, look: Look) -> Mark:
        """Return the triangle as a mark."""
        size, step = self.size, _ROW * self.size
        title = "Correlations of the constructs"
        shapes: list[Shape] = [
            Text(self.left, self.top - _TITLE * size, title, size, anchor="start")
        ]
        middle = self.left + self.heads + self.column / 2
        shapes += [
            Text(middle + self.column * k, self.top, str(k + 1), size)
            for k in range(len(self.names) - 1)
        ]
        for row, name in enumerate(self.names):
            y = self.top + step * (row + 1) + 3.0
            shapes.append(Text(self.left, y, self.labels[row], size, anchor="start"))
            for k, other in enumerate(self.names[:row]):
                edge = self.edges.get(frozenset((name, other)))
                if edge is not None:
                    text = edge.text if self.starred else edge.text.rstrip("*")
                    color = BLACK if edge.significant else look.palette.nonsignificant
                    shapes.append(Text(middle + self.column * k, y, text, size, color=color))
        rules = (self.top - 0.9 * size, self.top + 0.5 * step + 1.5, self.bottom)
        shapes += [
            Path((("M", self.left, y), ("L", self.right, y)), Pen(width=weight))
            for y, weight in zip(rules, (0.9, 0.5, 0.9), strict=True)
        ]
        return Mark("correlations", "label", "correlations", tuple(shapes))


def triangle(
    edges: Sequence[Edge], labels: Mapping[str, str], bounds: Box, page: float, font: float
) -> Triangle:
    """Place a triangle below a figure.

    Parameters
    ----------
    edges : sequence of Edge
        Covariances.
    labels : mapping of str to str
        Label of each construct, in the order of rows.
    bounds : Box
        The figure.
    page : float
        Width between the margins, in points.
    font : float
        Font size of the figure.

    Returns
    -------
    Triangle
        As large as the page allows.
    """
    values = {frozenset((edge.source, edge.target)): edge for edge in edges}
    names = tuple(name for name in labels if any(name in pair for pair in values))
    columns = max(len(names) - 1, 1)
    size, starred = _size(edges, columns, page, font)
    widest = max(text_width(_printed(edge, starred=starred), size) for edge in edges)
    column = min(max(text_width("0", size) * 7, widest + 6.0), page * _SHARE / columns)
    heads = page - column * columns
    cut = tuple(_cut(f"{k}  {labels[name]}", size, heads - 6.0) for k, name in enumerate(names, 1))
    heads = min(heads, max(text_width(label, size) for label in cut) + 14.0)
    left = (bounds.left + bounds.right - page) / 2
    left += max((page - heads - column * columns) / 2, 0.0)
    top = bounds.bottom + _ABOVE * size
    return Triangle(values, names, cut, left, top, heads, column, size, starred)


def _printed(edge: Edge, *, starred: bool) -> str:
    """Return the number of a correlation, with or without stars."""
    return edge.text if starred else edge.text.rstrip("*")


def _size(edges: Sequence[Edge], columns: int, page: float, font: float) -> tuple[float, bool]:
    """Return the font size of a triangle, and whether its stars find room."""
    for starred in (True, False):
        for size in (s for s in SIZES if s <= font):
            widest = max(text_width(_printed(edge, starred=starred), size) for edge in edges)
            if (widest + 5.0) * columns <= _SHARE * page:
                return size, starred
    return SIZES[-1], False


def _cut(text: str, size: float, limit: float) -> str:
    """Shorten a text to a width."""
    while len(text) > 1 and text_width(text, size) > limit:
        text = text.rstrip(ELLIPSIS)[:-1].rstrip() + ELLIPSIS
    return text
