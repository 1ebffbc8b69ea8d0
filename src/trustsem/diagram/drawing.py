"""A figure in the making: outlines, courses and texts, until it becomes a scene.

Places the labels of edges so that they touch no other label, node or foreign edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trustsem.diagram.courses import HAIR, THIN, Course, arrow_shapes, head_length
from trustsem.diagram.geometry import Box, Outline, Point, direction, point_along
from trustsem.diagram.scene import (
    GREY,
    WHITE,
    Ellipse,
    Mark,
    Path,
    Pen,
    Rect,
    Scene,
    Shape,
    Text,
)
from trustsem.diagram.text import BOX_HEIGHT, LINE_HEIGHT, text_width, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustsem.diagram.graph import Edge, Node

PAGE_MARGIN = 3.0
"""White border of the figure, in points."""
_BACKING, _BACKING_ACROSS = 0.8, 2.2
"""How far the white backing of a label reaches beyond its text, in points; more at the sides of
free labels, so that no dash of the edge can be taken for a minus sign."""
_SHARES = (
    0.5, 0.46, 0.54, 0.42, 0.58, 0.38, 0.62, 0.34, 0.66, 0.3, 0.7, 0.26, 0.74,
    0.22, 0.78, 0.18, 0.82,
)  # fmt: skip
"""Places of a label along its edge, the most welcome first."""
_SWEEPS = 6
_ON_TEXT, _ON_NODE, _ON_EDGE, _ON_HEAD, _OFF_MIDDLE = 60.0, 60.0, 40.0, 30.0, 6.0
R2_SIGN = "R\N{SUPERSCRIPT TWO}"


@dataclass(frozen=True, slots=True)
class Style:
    """Font sizes of a figure, in points."""

    font: float

    @property
    def item(self) -> float:
        """Size of item names and loadings."""
        return max(6.0, self.font - 0.5)

    @property
    def minor(self) -> float:
        """Size of residual variances and the note."""
        return max(6.0, self.font - 1.0)


@dataclass(slots=True)
class PlacedNode:
    """A node with its place and its lines of text."""

    node: Node
    outline: Outline
    lines: tuple[str, ...]
    size: float


@dataclass(slots=True)
class Route:
    """An edge with its course; ``at`` is the middle of its label once that is placed."""

    edge: Edge
    course: Course
    weight: float
    size: float
    at: Point | None = None
    fixed: bool = False

    @property
    def box(self) -> Box | None:
        """The box of the label."""
        if self.at is None or not self.edge.text:
            return None
        return label_box(self.edge.text, self.size, self.at)


@dataclass(slots=True)
class Residual:
    """The short arrow into an item with its printed residual variance."""

    item: str
    course: Course
    text: Text


@dataclass(slots=True)
class Drawing:
    """Everything that is placed so far."""

    style: Style
    nodes: dict[str, PlacedNode] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    residuals: list[Residual] = field(default_factory=list)
    extras: list[Mark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def bounds(self) -> Box:
        """Return the box around all that is drawn."""
        boxes = [placed.outline.box for placed in self.nodes.values()]
        boxes += [residual.text.box for residual in self.residuals]
        boxes += [box for route in self.routes if (box := route.box)]
        boxes += [
            Box(min(x), min(y), max(x), max(y))
            for route in self.routes
            for x, y in [zip(*route.course.line, strict=True)]
        ]
        boxes += [text.box for mark in self.extras for text in mark.texts]
        return Box(
            min(box.left for box in boxes),
            min(box.top for box in boxes),
            max(box.right for box in boxes),
            max(box.bottom for box in boxes),
        )


def label_box(text: str, size: float, at: Point) -> Box:
    """Return the box of a one-line label about its middle."""
    return Box.around(at, text_width(text, size), BOX_HEIGHT * size)


def place_labels(drawing: Drawing) -> None:
    """Give every free label the place on its edge where it disturbs least.

    Coordinate descent over shares of the edge; the middle is preferred.
    """
    free = [route for route in drawing.routes if route.edge.text and not route.fixed]
    taken = [box for route in drawing.routes if route.fixed and (box := route.box)]
    taken += [residual.text.box for residual in drawing.residuals]
    lines = [(id(route), route.course.line) for route in drawing.routes]
    lines += [(0, residual.course.line) for residual in drawing.residuals]
    outlines = [placed.outline for placed in drawing.nodes.values()]
    spots: list[list[Point]] = []
    boxes: list[list[Box]] = []
    prices: list[list[float]] = []
    for route in free:
        foreign = [line for owner, line in lines if owner != id(route)]
        own = route.course.line
        here = [point_along(own, share) for share in _SHARES]
        around = [
            label_box(route.edge.text, route.size, at).padded(_BACKING_ACROSS, _BACKING)
            for at in here
        ]
        spots.append(here)
        boxes.append(around)
        prices.append(
            [
                _OFF_MIDDLE * abs(share - 0.5)
                + _ON_HEAD * _hides_head(route, box)
                + _ON_TEXT * sum(box.overlaps(other) for other in taken)
                + _ON_NODE * sum(outline.meets_box(box.grown(0.8)) for outline in outlines)
                + _ON_EDGE * sum(box.grown(0.4).is_hit_by(line) for line in foreign)
                for share, box in zip(_SHARES, around, strict=True)
            ]
        )
    chosen = [price.index(min(price)) for price in prices]
    for _ in range(_SWEEPS):
        before = list(chosen)
        for k, price in enumerate(prices):
            others = [boxes[j][chosen[j]] for j in range(len(free)) if j != k]
            totals = [
                value + _ON_TEXT * sum(box.overlaps(other) for other in others)
                for value, box in zip(price, boxes[k], strict=True)
            ]
            chosen[k] = totals.index(min(totals))
        if chosen == before:
            break
    for route, here, choice in zip(free, spots, chosen, strict=True):
        route.at = here[choice]


def _hides_head(route: Route, box: Box) -> int:
    """Count the arrow heads and ends of an edge that a label would cover."""
    line = route.course.line
    length = head_length(route.weight) + 1.5
    hidden = 0
    for end, inner in ((line[-1], line[-2]), (line[0], line[1])):
        unit = direction(end, inner)
        base = (end[0] + unit[0] * length, end[1] + unit[1] * length)
        hidden += box.contains(base) or box.contains(end)
    return hidden


def _text_lines(placed: PlacedNode) -> list[Text]:
    """Return the lines of a node, centred."""
    lines = list(placed.lines)
    explained = placed.node.r2
    if explained is not None:
        lines.append(r2_line(explained))
    step = LINE_HEIGHT * placed.size
    top = placed.outline.y - step * (len(lines) - 1) / 2
    return [
        Text(
            placed.outline.x,
            top + step * k,
            line,
            placed.size,
            italic=1 if explained is not None and k == len(lines) - 1 else 0,
        )
        for k, line in enumerate(lines)
    ]


def r2_line(explained: float) -> str:
    """Print the explained variance of a node."""
    text = f"{abs(explained):.2f}"
    sign = "\N{MINUS SIGN}" if explained < 0 and float(text) else ""
    return f"{R2_SIGN} = {sign}{text.removeprefix('0')}"


def _node_mark(placed: PlacedNode, number: int) -> Mark:
    """Return the mark of a node."""
    outline, node = placed.outline, placed.node
    dash = (2.5, 2.0) if node.kind == "controls" else ()
    shape: Shape
    if outline.is_round:
        pen = Pen(width=1.1, fill=WHITE)
        shape = Ellipse(outline.x, outline.y, outline.rx, outline.ry, pen)
    else:
        pen = Pen(width=THIN, fill=WHITE, dash=dash)
        box = outline.box
        shape = Rect(box.left, box.top, 2 * outline.rx, 2 * outline.ry, pen)
    return Mark(
        id=f"node-{number}",
        kind="node",
        classes=f"node {node.kind}",
        shapes=(shape, *_text_lines(placed)),
        tooltip=node.label if node.label == node.id else f"{node.label} ({node.id})",
        data=(("variable", node.id),),
    )


def _edge_mark(route: Route, number: int) -> Mark:
    """Return the mark of an edge without its label."""
    edge = route.edge
    return Mark(
        id=f"edge-{number}",
        kind="edge",
        classes=f"edge {edge.kind}" + ("" if edge.significant else " nonsignificant"),
        shapes=arrow_shapes(
            route.course,
            route.weight,
            "#000000" if edge.significant else GREY,
            both_ways=edge.kind == "covariance",
            dashed=not edge.significant,
        ),
        tooltip=edge.tooltip,
        data=(("source", edge.source), ("target", edge.target)),
    )


def _label_mark(route: Route, number: int) -> Mark | None:
    """Return the label of an edge on its white backing."""
    box = route.box
    if box is None or route.at is None:
        return None
    back = box.padded(_BACKING if route.fixed else _BACKING_ACROSS, _BACKING)
    return Mark(
        id=f"label-{number}",
        kind="label",
        classes=f"label {route.edge.kind}",
        shapes=(
            Rect(
                back.left,
                back.top,
                back.right - back.left,
                back.bottom - back.top,
                Pen(stroke=None, width=0.0, fill=WHITE),
            ),
            Text(
                *route.at,
                route.edge.text,
                route.size,
                color="#000000" if route.edge.significant else GREY,
            ),
        ),
        tooltip=route.edge.tooltip,
        owner=f"edge-{number}",
    )


def _residual_marks(residual: Residual, number: int) -> tuple[Mark, Mark]:
    """Return the arrow and the number of a residual variance."""
    name = f"residual-{number}"
    arrow = arrow_shapes(residual.course, HAIR, GREY, both_ways=False, dashed=False)
    data = (("variable", residual.item),)
    return (
        Mark(name, "edge", "edge residual", arrow, data=data),
        Mark(f"{name}-label", "label", "label residual", (residual.text,), owner=name, data=data),
    )


def finished(drawing: Drawing, width: float, note: str, title: str) -> Scene:
    """Turn a drawing into a scene of a fixed width, with the note below.

    Parameters
    ----------
    drawing : Drawing
        With all labels placed.
    width : float
        Width of the page, in points; the drawing is centred on it.
    note : str
        Legend, broken into lines below the figure.
    title : str
        For screen readers.

    Returns
    -------
    Scene
        Everything shifted so that the page begins at (0, 0).
    """
    bounds = drawing.bounds()
    page = max(width, bounds.right - bounds.left + 2 * PAGE_MARGIN)
    dx = (page - bounds.left - bounds.right) / 2
    dy = PAGE_MARGIN - bounds.top
    residuals = [_residual_marks(r, k) for k, r in enumerate(drawing.residuals, 1)]
    marks: list[Mark | None] = [_edge_mark(r, k) for k, r in enumerate(drawing.routes, 1)]
    marks += [arrow for arrow, _ in residuals]
    marks += [_node_mark(p, k) for k, p in enumerate(drawing.nodes.values(), 1)]
    marks += [_label_mark(r, k) for k, r in enumerate(drawing.routes, 1)]
    marks += [label for _, label in residuals]
    marks += drawing.extras
    placed = [moved(mark, dx, dy) for mark in marks if mark is not None]
    bottom = bounds.bottom + dy
    size = drawing.style.minor
    full_note = " ".join(part.strip() for part in (note, *drawing.notes) if part.strip())
    lines = wrap(full_note, size, page - 2 * PAGE_MARGIN) if full_note else ()
    step = LINE_HEIGHT * size
    top = bottom + 9.0 + size / 2
    texts = [
        Text(PAGE_MARGIN, top + step * k, line, size, anchor="start", color=GREY)
        for k, line in enumerate(lines)
    ]
    if texts:
        placed.append(Mark("note", "note", "note", tuple(texts)))
        bottom = top + step * (len(lines) - 1) + size / 2 + 1.0
    return Scene(
        width=round(page, 2),
        height=round(bottom + PAGE_MARGIN, 2),
        marks=tuple(placed),
        title=title,
        description=_description(drawing),
    )


def _description(drawing: Drawing) -> str:
    """Say in words what the figure shows."""
    names = {name: placed.node.label for name, placed in drawing.nodes.items()}
    structural = [name for name, p in drawing.nodes.items() if p.node.kind != "item"]
    said = f"Variables: {', '.join(names[name] for name in structural)}."
    paths = [route.edge for route in drawing.routes if route.edge.kind == "path"]
    if paths:
        arrows = "; ".join(
            f"{names[edge.source]} to {names[edge.target]}"
            + (f" ({edge.text})" if edge.text else "")
            for edge in paths
        )
        said += f" Paths: {arrows}."
    return said


def moved(mark: Mark, dx: float, dy: float) -> Mark:
    """Return a mark at another place."""
    return Mark(
        mark.id,
        mark.kind,
        mark.classes,
        tuple(_moved_shape(shape, dx, dy) for shape in mark.shapes),
        mark.tooltip,
        mark.data,
        mark.owner,
    )


def _moved_shape(shape: Shape, dx: float, dy: float) -> Shape:
    """Return a shape at another place, rounded to 1/1000 point."""

    def at(x: float, y: float) -> tuple[float, float]:
        return round(x + dx, 3), round(y + dy, 3)

    if isinstance(shape, Ellipse):
        return Ellipse(*at(shape.x, shape.y), round(shape.rx, 3), round(shape.ry, 3), shape.pen)
    if isinstance(shape, Rect):
        size = (round(shape.width, 3), round(shape.height, 3))
        return Rect(*at(shape.x, shape.y), *size, shape.pen)
    if isinstance(shape, Text):
        return Text(
            *at(shape.x, shape.y),
            shape.content,
            shape.size,
            shape.anchor,
            shape.color,
            shape.italic,
        )
    commands: list[tuple[str | float, ...]] = []
    for name, *numbers in shape.commands:
        pairs: Iterable[tuple[str | float, str | float]] = zip(
            numbers[::2], numbers[1::2], strict=True
        )
        flat = [value for x, y in pairs for value in at(float(x), float(y))]
        commands.append((name, *flat))
    return Path(tuple(commands), shape.pen)
