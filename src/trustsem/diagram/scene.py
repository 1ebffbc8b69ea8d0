"""A figure as pure coordinates: what every back end draws, and what is measured.

Points (1/72 inch), y downwards. Marks are drawn in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trustsem.diagram.geometry import Box, Outline, Polyline, cubic_points
from trustsem.diagram.text import BOX_HEIGHT, text_width

BLACK = "#000000"
GREY = "#595959"
WHITE = "#ffffff"
BOLD_WIDTH = 1.12
"""Width of bold text as a multiple of that of upright text."""
Anchor = Literal["start", "middle", "end"]
MarkKind = Literal["node", "edge", "label", "note"]


@dataclass(frozen=True, slots=True)
class Pen:
    """How a shape is drawn; ``None`` means not at all."""

    stroke: str | None = BLACK
    width: float = 0.7
    fill: str | None = None
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse about a centre."""

    x: float
    y: float
    rx: float
    ry: float
    pen: Pen


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle from its left upper corner."""

    x: float
    y: float
    width: float
    height: float
    pen: Pen


@dataclass(frozen=True, slots=True)
class Path:
    """Lines and cubic curves.

    Commands are ``("M", x, y)``, ``("L", x, y)``, ``("C", x1, y1, x2, y2, x, y)`` and ``("Z",)``.
    """

    commands: tuple[tuple[str | float, ...], ...]
    pen: Pen

    def flattened(self) -> Polyline:
        """Return the path as a polyline."""
        points: list[tuple[float, float]] = []
        for name, *numbers in self.commands:
            values = [float(number) for number in numbers]
            if name == "C":
                x1, y1, x2, y2, x, y = values
                points.extend(cubic_points(points[-1], (x1, y1), (x2, y2), (x, y))[1:])
            elif values:
                points.append((values[0], values[1]))
        return tuple(points)


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text, centred vertically on ``y``; ``italic`` leading characters slant.

    Bold text is measured with a margin, for its letters are wider.
    """

    x: float
    y: float
    content: str
    size: float
    anchor: Anchor = "middle"
    color: str = BLACK
    italic: int = 0
    bold: bool = False

    @property
    def box(self) -> Box:
        """The box that the text fills when printed in the widest family."""
        width = text_width(self.content, self.size) * (BOLD_WIDTH if self.bold else 1.0)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        half = BOX_HEIGHT * self.size / 2
        return Box(left, self.y - half, left + width, self.y + half)


Shape = Ellipse | Rect | Path | Text


@dataclass(frozen=True, slots=True)
class Mark:
    """A thing in the figure: its shapes, its meaning, its tooltip.

    Parameters
    ----------
    id : str
        Identifier within the figure.
    kind : {"node", "edge", "label", "note"}
        What the mark is; the label of an edge names that edge as ``owner``.
    classes : str
        Space-separated classes for style sheets.
    shapes : tuple of Shape
        Coordinates.
    tooltip : str
        Text shown on pointing.
    data : tuple of (str, str)
        Facts about the mark, written as ``data-`` attributes.
    owner : str
        Mark that a label belongs to.
    """

    id: str
    kind: MarkKind
    classes: str
    shapes: tuple[Shape, ...]
    tooltip: str = ""
    data: tuple[tuple[str, str], ...] = ()
    owner: str = ""

    @property
    def outline(self) -> Outline:
        """The border of a node."""
        shape = self.shapes[0]
        if isinstance(shape, Ellipse):
            return Outline(shape.x, shape.y, shape.rx, shape.ry, is_round=True)
        if isinstance(shape, Rect):
            rx, ry = shape.width / 2, shape.height / 2
            return Outline(shape.x + rx, shape.y + ry, rx, ry, is_round=False)
        raise TypeError(f"The mark {self.id} has no outline.")

    @property
    def line(self) -> Polyline:
        """The course of an edge."""
        shape = self.shapes[0]
        if isinstance(shape, Path):
            return shape.flattened()
        raise TypeError(f"The mark {self.id} is no line.")

    @property
    def texts(self) -> tuple[Text, ...]:
        """The lines of text in the mark."""
        return tuple(shape for shape in self.shapes if isinstance(shape, Text))


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole figure.

    Parameters
    ----------
    width, height : float
        Size in points.
    marks : tuple of Mark
        In drawing order.
    title, description : str
        For screen readers.
    """

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str
    description: str
