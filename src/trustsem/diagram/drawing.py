"""A figure in the making: outlines, courses and texts, until it becomes a scene.

Places the labels of edges so that they touch no other label, node or foreign edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from trustsem.diagram.courses import HAIR, THIN, Course, arrow_shapes, head_length
from trustsem.diagram.geometry import Box, Outline, Point, direction, point_along
from trustsem.diagram.look import PLAIN, Look, ink
from trustsem.diagram.obstacles import Floats, Obstacles, box_array, overlapping
from trustsem.diagram.scene import (
    BLACK,
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
    from trustsem.diagram.triangle import Triangle

PAGE_MARGIN = 3.0
"""White border of the figure, in points."""
_ABOVE_NOTE = 9.0
RIGHT = "\N{RIGHTWARDS ARROW}"
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
    """Font sizes of a figure, in points, and its look."""

    font: float
    look: Look = PLAIN

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
    """An edge with its course; ``at`` is the middle of its label once that is placed.

    A fixed label stays where it is; that of a silent edge is printed in the note.
    """

    edge: Edge
    course: Course
    weight: float
    size: float
    at: Point | None = None
    fixed: bool = False
    silent: bool = False

    @property
    def box(self) -> Box | None:
        """The box of the label."""
        if self.at is None or self.silent or not self.edge.text:
            return None
        return label_box(self.edge.text, self.size, self.at)


@dataclass(slots=True)
class Residual:
    """The short arrow into an item or outcome with its printed residual variance.

    ``circle`` is where the residual itself stands, ``name`` what is printed in it.
    """

    item: str
    course: Course
    text: Text
    circle: Outline | None = None
    name: str = ""

    @property
    def box(self) -> Box:
        """The box of number and circle."""
        return self.text.box if self.circle is None else self.text.box.joined(self.circle.box)


@dataclass(slots=True)
class Drawing:
    """Everything that is placed so far; what is left out of it is told in the note."""

    style: Style
    nodes: dict[str, PlacedNode] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    residuals: list[Residual] = field(default_factory=list)
    triangle: Triangle | None = None
    undrawn: list[Edge] = field(default_factory=list)
    unshown: list[str] = field(default_factory=list)

    def bounds(self) -> Box:
        """Return the box around all that is drawn."""
        boxes = [placed.outline.box for placed in self.nodes.values()]
        boxes += [residual.box for residual in self.residuals]
        boxes += [box for route in self.routes if (box := route.box)]
        boxes += [
            Box(min(x), min(y), max(x), max(y))
            for route in self.routes
            for x, y in [zip(*route.course.line, strict=True)]
        ]
        if self.triangle:
            boxes.append(self.triangle.box)
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
    free = [r for r in drawing.routes if r.edge.text and not r.fixed and not r.silent]
    if not free:
        return
    spots = [[point_along(route.course.line, share) for share in _SHARES] for route in free]
    boxes = [
        [
            label_box(route.edge.text, route.size, at).padded(_BACKING_ACROSS, _BACKING)
            for at in here
        ]
        for route, here in zip(free, spots, strict=True)
    ]
    prices = _label_prices(drawing, free, boxes)
    flat = box_array([box for around in boxes for box in around])
    shape = (len(free), len(_SHARES))
    touching = overlapping(flat, flat).reshape(*shape, *shape)
    chosen = prices.argmin(axis=1)
    others = np.arange(len(free))
    for _ in range(_SWEEPS):
        before = chosen.copy()
        for k in others:
            touched = touching[k][:, others, chosen]
            touched[:, k] = False
            chosen[k] = int(np.argmin(prices[k] + _ON_TEXT * touched.sum(axis=1)))
        if (chosen == before).all():
            break
    for route, here, choice in zip(free, spots, chosen, strict=True):
        route.at = here[choice]


def _label_prices(drawing: Drawing, free: list[Route], boxes: list[list[Box]]) -> Floats:
    """Price the places of labels, shape (labels, shares): what lies under them already."""
    outlines = [("", placed.outline) for placed in drawing.nodes.values()]
    outlines += [("", residual.circle) for residual in drawing.residuals if residual.circle]
    texts = [box for route in drawing.routes if route.fixed and (box := route.box)]
    texts += [residual.text.box for residual in drawing.residuals]
    lines = [route.course.line for route in drawing.routes]
    lines += [residual.course.line for residual in drawing.residuals]
    around = Obstacles.of(outlines, texts, lines)
    flat = [box for places in boxes for box in places]
    shape = (len(free), len(_SHARES))
    on_lines = around.boxes_hit([box.grown(0.4) for box in flat]).reshape(*shape, -1)
    place = {id(route): k for k, route in enumerate(drawing.routes)}
    for k, route in enumerate(free):
        on_lines[k, :, place[id(route)]] = False
    heads = [
        [_hides_head(route, box) for box in places]
        for route, places in zip(free, boxes, strict=True)
    ]
    on_nodes = around.boxes_on_nodes([box.grown(0.8) for box in flat]).sum(axis=1)
    return np.asarray(
        _OFF_MIDDLE * np.abs(np.array(_SHARES) - 0.5)
        + _ON_HEAD * np.array(heads)
        + _ON_TEXT * around.boxes_on_texts(flat).sum(axis=1).reshape(shape)
        + _ON_NODE * on_nodes.reshape(shape)
        + _ON_EDGE * on_lines.sum(axis=2)
    )


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


def _text_lines(placed: PlacedNode, fill: str) -> list[Text]:
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
            color=ink(fill),
            italic=1 if explained is not None and k == len(lines) - 1 else 0,
        )
        for k, line in enumerate(lines)
    ]


def r2_line(explained: float) -> str:
    """Print the explained variance of a node."""
    text = f"{abs(explained):.2f}"
    sign = "\N{MINUS SIGN}" if explained < 0 and float(text) else ""
    return f"{R2_SIGN} = {sign}{text.removeprefix('0')}"


def _node_mark(placed: PlacedNode, number: int, fill: str) -> Mark:
    """Return the mark of a node."""
    outline, node = placed.outline, placed.node
    dash = (2.5, 2.0) if node.kind == "controls" else ()
    shape: Shape
    if outline.is_round:
        pen = Pen(width=1.1, fill=fill)
        shape = Ellipse(outline.x, outline.y, outline.rx, outline.ry, pen)
    else:
        pen = Pen(width=THIN, fill=fill, dash=dash)
        box = outline.box
        shape = Rect(box.left, box.top, 2 * outline.rx, 2 * outline.ry, pen)
    return Mark(
        id=f"node-{number}",
        kind="node",
        classes=f"node {node.kind}",
        shapes=(shape, *_text_lines(placed, fill)),
        tooltip=node.label if node.label == node.id else f"{node.label} ({node.id})",
        data=(("variable", node.id),),
    )


def _edge_mark(route: Route, number: int, look: Look) -> Mark:
    """Return the mark of an edge without its label."""
    edge = route.edge
    return Mark(
        id=f"edge-{number}",
        kind="edge",
        classes=f"edge {edge.kind}" + ("" if edge.significant else " nonsignificant"),
        shapes=arrow_shapes(
            route.course,
            look.weight(edge),
            look.color(edge),
            both_ways=edge.kind == "covariance",
            dashed=not edge.significant,
        ),
        tooltip=edge.tooltip,
        data=(("source", edge.source), ("target", edge.target)),
    )


def _label_mark(route: Route, number: int, look: Look) -> Mark | None:
    """Return the label of an edge on its white backing."""
    box = route.box
    if box is None or route.at is None:
        return None
    edge = route.edge
    back = box.padded(_BACKING if route.fixed else _BACKING_ACROSS, _BACKING)
    color = BLACK if edge.significant else look.palette.nonsignificant
    return Mark(
        id=f"label-{number}",
        kind="label",
        classes=f"label {edge.kind}",
        shapes=(
            Rect(
                back.left,
                back.top,
                back.right - back.left,
                back.bottom - back.top,
                Pen(stroke=None, width=0.0, fill=WHITE),
            ),
            Text(*route.at, edge.text, route.size, color=color),
        ),
        tooltip=edge.tooltip,
        data=(("source", edge.source), ("target", edge.target)),
        owner=f"edge-{number}",
    )


def _residual_marks(residual: Residual, number: int, look: Look) -> list[Mark]:
    """Return the arrow and the number of a residual variance, and its circle if it has one."""
    name = f"residual-{number}"
    color = look.palette.residual
    arrow = arrow_shapes(residual.course, HAIR, color, both_ways=False, dashed=False)
    data = (("variable", residual.item),)
    marks = [
        Mark(name, "edge", "edge residual", arrow, data=data),
        Mark(f"{name}-label", "label", "label residual", (residual.text,), owner=name, data=data),
    ]
    circle = residual.circle
    if circle is not None:
        shapes = (
            Ellipse(circle.x, circle.y, circle.rx, circle.ry, Pen(color, HAIR, WHITE)),
            Text(circle.x, circle.y, residual.name, residual.text.size, color=color),
        )
        inside = (("variable", f"residual of {residual.item}"),)
        marks.append(Mark(f"{name}-circle", "node", "node residual", shapes, data=inside))
        marks[0] = replace(marks[0], data=(("source", inside[0][1]), ("target", residual.item)))
    return marks


def finished(
    drawing: Drawing,
    width: float,
    note: str,
    title: str,
    *,
    bounds: Box | None = None,
    annotated: bool = True,
) -> Scene:
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
    bounds : Box, optional
        The room that the drawing takes; measured if left out.
    annotated : bool, optional
        Whether remarks about this drawing are added to the note.

    Returns
    -------
    Scene
        Everything shifted so that the page begins at (0, 0).
    """
    bounds = bounds or drawing.bounds()
    page = max(width, bounds.right - bounds.left + 2 * PAGE_MARGIN)
    dx = (page - bounds.left - bounds.right) / 2
    dy = PAGE_MARGIN - bounds.top
    placed = [moved(mark, dx, dy) for mark in _marks(drawing)]
    bottom = bounds.bottom + dy
    said = [note, *look_remarks(drawing), *remarks(drawing)] if annotated else [note]
    full_note = " ".join(part.strip() for part in said if part.strip())
    texts = note_lines(full_note, drawing.style.minor, page, bottom + _ABOVE_NOTE)
    if texts:
        placed.append(Mark("note", "note", "note", texts))
        bottom = texts[-1].y + texts[-1].size / 2 + 1.0
    return Scene(
        width=round(page, 2),
        height=round(bottom + PAGE_MARGIN, 2),
        marks=tuple(placed),
        title=title,
        description=described(drawing),
    )


def _marks(drawing: Drawing) -> list[Mark]:
    """Return the marks of a drawing: edges below nodes, nodes below labels."""
    look = drawing.style.look
    edges = [route.edge for route in drawing.routes]
    residuals = [
        mark
        for number, residual in enumerate(drawing.residuals, 1)
        for mark in _residual_marks(residual, number, look)
    ]
    labels = [_label_mark(route, k, look) for k, route in enumerate(drawing.routes, 1)]
    return [
        *(_edge_mark(route, k, look) for k, route in enumerate(drawing.routes, 1)),
        *(mark for mark in residuals if mark.kind == "edge"),
        *(
            _node_mark(placed, k, look.fill(placed.node, edges))
            for k, placed in enumerate(drawing.nodes.values(), 1)
        ),
        *(mark for mark in residuals if mark.kind == "node"),
        *(mark for mark in labels if mark is not None),
        *(mark for mark in residuals if mark.kind == "label"),
        *((drawing.triangle.mark(look),) if drawing.triangle else ()),
    ]


def note_lines(note: str, size: float, page: float, top: float) -> tuple[Text, ...]:
    """Return a note in lines that fill the page, the first one below ``top``."""
    lines = wrap(note, size, page - 2 * PAGE_MARGIN) if note else ()
    step = LINE_HEIGHT * size
    return tuple(
        Text(PAGE_MARGIN, top + size / 2 + step * k, line, size, anchor="start", color=GREY)
        for k, line in enumerate(lines)
    )


def remarks(drawing: Drawing) -> list[str]:
    """Say what a reader must know about this drawing beyond its legend."""
    names = {name: placed.node.label for name, placed in drawing.nodes.items()}

    def told(edges: Iterable[Edge]) -> str:
        arrows = {"covariance": "\N{LEFT RIGHT ARROW}"}
        return "; ".join(
            f"{names[e.source]} {arrows.get(e.kind, RIGHT)} {names[e.target]} {e.text}".strip()
            for e in edges
        )

    said = []
    undrawn: dict[str, list[Edge]] = {}
    for edge in drawing.undrawn:
        items = drawing.nodes[edge.source].node.kind == "item"
        covariance = "Residual covariances" if items else "Covariances"
        kind = "Loadings" if edge.kind == "loading" else covariance
        undrawn.setdefault(kind, []).append(edge)
    said += [f"{kind} (not drawn): {told(edges)}." for kind, edges in undrawn.items()]
    unshown: dict[str, list[str]] = {}
    for name in drawing.unshown:
        node = drawing.nodes[name].node
        kind = "Residual" if node.kind == "item" else "Disturbance"
        unshown.setdefault(kind, []).append(f"{node.label} {node.residual or node.disturbance}")
    said += [
        f"{kind} variances (not drawn): {'; '.join(values)}." for kind, values in unshown.items()
    ]
    silent = [route.edge for route in drawing.routes if route.silent and route.edge.text]
    if silent:
        said.append(f"Numbers without room at their arrows: {told(silent)}.")
    if drawing.triangle and not drawing.triangle.starred:
        said.append("Stars of the correlations are left out for want of room.")
    return said


def look_remarks(drawing: Drawing) -> list[str]:
    """Say what the look of this drawing means."""
    said = []
    inside = [drawing.nodes[residual.item].node.kind for residual in drawing.residuals]
    grey = "Grey" if drawing.style.look.palette.residual == GREY else "Small"
    if inside:
        kinds = [
            "residual variances" if "item" in inside else "",
            "disturbance variances" if set(inside) - {"item"} else "",
        ]
        said.append(f"{grey} numbers at short arrows: {' and '.join(filter(None, kinds))}.")
    if drawing.style.look.emphasis == "width":
        said.append("Line width grows with the size of the standardized estimate.")
    return said


def described(drawing: Drawing) -> str:
    """Say in words what the figure shows."""
    names = {name: placed.node.label for name, placed in drawing.nodes.items()}
    kinds = {name: placed.node.kind for name, placed in drawing.nodes.items()}
    said = [f"Variables: {', '.join(names[n] for n in names if kinds[n] != 'item')}."]
    edges = [route.edge for route in drawing.routes]
    paths = [edge for edge in edges if edge.kind == "path"]
    if paths:
        arrows = "; ".join(
            f"{names[edge.source]} to {names[edge.target]}"
            + (f" ({edge.text})" if edge.text else "")
            + ("" if edge.significant else ", not significant")
            for edge in paths
        )
        said.append(f"Paths: {arrows}.")
    explained = [
        f"{placed.node.label} {r2_line(placed.node.r2).split(' = ')[1]}"
        for placed in drawing.nodes.values()
        if placed.node.r2 is not None
    ]
    if explained:
        said.append(f"Explained variance: {', '.join(explained)}.")
    said += _described_loadings(edges, names)
    covariances = [edge for edge in edges if edge.kind == "covariance"]
    if drawing.triangle:
        covariances += list(drawing.triangle.edges.values())
    if covariances:
        pairs = "; ".join(
            f"{names[e.source]} with {names[e.target]}" + (f" ({e.text})" if e.text else "")
            for e in covariances
        )
        said.append(f"Covariances: {pairs}.")
    return " ".join(said)


def _described_loadings(edges: Iterable[Edge], names: dict[str, str]) -> list[str]:
    """Say in words what each construct is measured by."""
    measured: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.kind == "loading":
            measured.setdefault(edge.source, []).append(edge)
    return [
        f"{names[source]} is measured by "
        + ", ".join(names[e.target] + (f" ({e.text})" if e.text else "") for e in loadings)
        + "."
        for source, loadings in measured.items()
    ]


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
            shape.bold,
        )
    commands: list[tuple[str | float, ...]] = []
    for name, *numbers in shape.commands:
        pairs: Iterable[tuple[str | float, str | float]] = zip(
            numbers[::2], numbers[1::2], strict=True
        )
        flat = [value for x, y in pairs for value in at(float(x), float(y))]
        commands.append((name, *flat))
    return Path(tuple(commands), shape.pen)
