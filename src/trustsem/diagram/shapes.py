"""Sizes of nodes from their texts, and the rigid block of a construct's items."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustsem.diagram.courses import Course
from trustsem.diagram.drawing import (
    Drawing,
    PlacedNode,
    Residual,
    Route,
    Style,
    label_box,
    r2_line,
)
from trustsem.diagram.geometry import Box, Outline, Point
from trustsem.diagram.scene import Anchor, Text
from trustsem.diagram.text import BOX_HEIGHT, LINE_HEIGHT, text_width, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustsem.diagram.graph import Edge, Node, PathGraph

_WRAPS = (4.5, 6.0, 7.5, 9.0, 11.0, 14.0)
"""Widths of text that are tried inside an ellipse, in em."""
_ASPECT = 0.48
_LEAST, _LEAST_WITH_ARCS = 3.2, 4.2
"""Smallest half width of an ellipse, in em; the ends of many arcs need more room."""
_ELLIPSE_PAD, _BOX_PAD = 3.5, 4.0
_BOX_TEXT, _ITEM_TEXT = 9.0, 9.0
"""Widest text in a box, in em."""
_ARROW_IN = 10.0
"""Length of a residual arrow, in points."""
_ARROW_ABOVE = 8.0
"""The same of one that comes from above, between two items."""
_BACK = 9.5
"""Distance of a loading label from the tip of its arrow, in points."""
_FAN_STEPS = 14
OUTWARD: dict[str, Point] = {
    "left": (-1.0, 0.0),
    "right": (1.0, 0.0),
    "top": (0.0, -1.0),
    "bottom": (0.0, 1.0),
}
"""Where a side lies."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Half widths and half heights of the kinds of nodes, and their lines of text."""

    ellipse: Point
    box: Point
    item: Point
    lines: dict[str, tuple[str, ...]]

    def of(self, node: Node) -> Point:
        """Return the half width and half height of a node."""
        if node.kind == "construct":
            return self.ellipse
        return self.item if node.kind == "item" else self.box


def _ellipse_radius(lines: Sequence[str], size: float) -> float:
    """Return the half width of the smallest house ellipse around lines of text."""
    step = LINE_HEIGHT * size
    radius = 0.0
    for k, line in enumerate(lines):
        middle = abs(k - (len(lines) - 1) / 2) * step
        x = text_width(line, size) / 2 + _ELLIPSE_PAD
        y = (middle + 0.62 * size) / _ASPECT
        radius = max(radius, math.hypot(x, y))
    return radius


def _wrappings(node: Node, size: float) -> list[tuple[float, tuple[str, ...]]]:
    """Return the ways to break a construct's label, each with the half width it needs."""
    tail = () if node.r2 is None else (r2_line(node.r2),)
    broken = [wrap(node.label, size, em * size) for em in _WRAPS]
    return [(_ellipse_radius((*lines, *tail), size), lines) for lines in broken]


def measured(graph: PathGraph, style: Style) -> Sizes:
    """Measure all nodes: one size of ellipse, of box and of item for the whole figure.

    Parameters
    ----------
    graph : PathGraph
        The nodes.
    style : Style
        Font sizes.

    Returns
    -------
    Sizes
        In points.
    """
    constructs = [node for node in graph.nodes if node.kind == "construct"]
    wrapped = {node.id: _wrappings(node, style.font) for node in constructs}
    radius = max(
        (min(needed for needed, _ in options) for options in wrapped.values()), default=0.0
    )
    least = _LEAST_WITH_ARCS if graph.view == "measurement" else _LEAST
    radius = max(radius, least * style.font)
    lines = {
        name: min((o for o in options if o[0] <= radius), key=lambda o: (len(o[1]), o[0]))[1]
        for name, options in wrapped.items()
    }
    boxes = [node for node in graph.nodes if node.kind in {"observed", "controls"}]
    items = [node for node in graph.nodes if node.kind == "item"]
    return Sizes(
        ellipse=(radius, _ASPECT * radius),
        box=_box_size(boxes, style.font, _BOX_TEXT, lines),
        item=_box_size(items, style.item, _ITEM_TEXT, lines),
        lines=lines,
    )


def _box_size(
    nodes: Iterable[Node], size: float, limit: float, lines: dict[str, tuple[str, ...]]
) -> Point:
    """Return the half size of a box that holds every label; note the lines."""
    width, height = 2.2 * size, LINE_HEIGHT * size
    for node in nodes:
        lines[node.id] = wrap(node.label, size, limit * size)
        tail = () if node.r2 is None else (r2_line(node.r2),)
        printed = (*lines[node.id], *tail)
        width = max(width, *(text_width(line, size) for line in printed))
        height = max(height, LINE_HEIGHT * size * len(printed))
    return width / 2 + _BOX_PAD, height / 2 + 0.14 * size


@dataclass(frozen=True, slots=True)
class Fan:
    """The items of a construct on one side of it, relative to its centre.

    All loading labels stand at one distance from the items, so they form a row and cannot
    collide.
    """

    side: str
    boxes: tuple[Box, ...]
    tips: tuple[Point, ...]
    labels: tuple[Point, ...]
    bounds: Box
    above: bool = False


def _fan_at(
    radii: Point,
    edges: Sequence[Edge],
    side: str,
    sizes: Sizes,
    style: Style,
    *,
    length: float,
    above: bool,
) -> Fan:
    """Lay out a fan of a given length; without residuals in its bounds."""
    ox, oy = OUTWARD[side]
    flat = ox != 0
    along_half, out_half = (sizes.item[1], sizes.item[0]) if flat else sizes.item
    pitch = 2 * along_half + (3.5 if flat else 5.0)
    if above:
        pitch += _ARROW_ABOVE + 2 * circle_radius(style) + 3.0
    pitch = max(pitch, 2 * circle_radius(style) + 2.0)
    inner = (radii[0] if flat else radii[1]) + length
    widest = max(text_width(edge.text, style.item) for edge in edges)
    back = _BACK + (widest / 2 if flat else BOX_HEIGHT * style.item / 2)
    boxes, tips, labels = [], [], []
    for k in range(len(edges)):
        off = (k - (len(edges) - 1) / 2) * pitch
        share = (inner - back) / inner

        def at(along: float, out: float) -> Point:
            return along * abs(oy) + out * ox, along * abs(ox) + out * oy

        tips.append(at(off, inner))
        boxes.append(Box.around(at(off, inner + out_half), 2 * sizes.item[0], 2 * sizes.item[1]))
        labels.append(at(off * share, inner - back))
    bounds = _around(boxes)
    if above:
        lift = _ARROW_ABOVE + 2 * circle_radius(style) + 2.0
        bounds = Box(bounds.left, bounds.top - lift, bounds.right, bounds.bottom)
    return Fan(side, tuple(boxes), tuple(tips), tuple(labels), bounds, above)


def _around(boxes: Sequence[Box]) -> Box:
    """Return the smallest box around boxes."""
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def _is_clear(fan: Fan, radii: Point, edges: Sequence[Edge], size: float) -> bool:
    """Tell whether no loading label touches another label, a foreign loading or the construct."""
    node = Outline(0.0, 0.0, *radii, is_round=True)
    lines = [(node.exit(*tip), tip) for tip in fan.tips]
    around = [
        label_box(edge.text, size, at).grown(1.2)
        for edge, at in zip(edges, fan.labels, strict=True)
    ]
    return not any(
        node.meets_box(box)
        or any(box.is_hit_by(line) for j, line in enumerate(lines) if j != k)
        or any(box.overlaps(other) for other in around[:k])
        for k, box in enumerate(around)
    )


def fan(
    radii: Point,
    edges: Sequence[Edge],
    side: str,
    sizes: Sizes,
    style: Style,
    *,
    residual: float,
    above: bool = False,
) -> Fan:
    """Lay out the items of a construct on a side, as short as legible.

    Parameters
    ----------
    radii : (float, float)
        Half width and half height of the construct.
    edges : sequence of Edge
        Loadings, in the order of the items.
    side : {"left", "right", "top", "bottom"}
        Where the items stand.
    sizes, style
        Sizes of nodes and fonts.
    residual : float
        Widest residual text in points; 0 for no residual arrows.
    above : bool
        Whether residual variances come from above each item instead of from outside.

    Returns
    -------
    Fan
        Relative to the centre of the construct; bounds include the residuals.
    """
    flat = OUTWARD[side][0] != 0
    length = 44.0 if flat else 28.0
    for _ in range(_FAN_STEPS):
        result = _fan_at(radii, edges, side, sizes, style, length=length, above=above)
        if _is_clear(result, radii, edges, style.item):
            break
        length += 4.0
    outer = 0.0
    if residual and not above:
        outer = _ARROW_IN + (residual if flat else BOX_HEIGHT * style.minor) + 3.0
        outer += 2 * circle_radius(style)
    box = result.bounds
    bounds = Box(
        box.left - outer * (side == "left"),
        box.top - outer * (side == "top"),
        box.right + outer * (side == "right"),
        box.bottom + outer * (side == "bottom"),
    )
    near = {"left": (0, 2), "right": (2, 0), "top": (1, 3), "bottom": (3, 1)}[side]
    sides = [bounds.left, bounds.top, bounds.right, bounds.bottom]
    sides[near[1]] = (-radii[0], -radii[1], radii[0], radii[1])[near[0]]
    return Fan(side, result.boxes, result.tips, result.labels, Box(*sides), above)


def circle_radius(style: Style) -> float:
    """Return the radius of the circle of a residual; 0 where residuals have none."""
    if style.look.residuals != "circle":
        return 0.0
    return text_width("e00", style.minor) / 2 + 1.0


def residual_width(graph: PathGraph, style: Style) -> float:
    """Return the widest printed residual variance, in points."""
    return max((text_width(node.residual, style.minor) for node in graph.nodes), default=0.0)


def add_fan(
    drawing: Drawing, placed: Fan, center: Outline, nodes: Sequence[Node], edges: Sequence[Edge]
) -> None:
    """Draw the items of a construct, their loadings and residuals."""
    style = drawing.style
    for node, edge, box, tip, label in zip(
        nodes, edges, placed.boxes, placed.tips, placed.labels, strict=True
    ):
        x, y = box.center[0] + center.x, box.center[1] + center.y
        rx, ry = (box.right - box.left) / 2, (box.bottom - box.top) / 2
        outline = Outline(x, y, rx, ry, is_round=False)
        lines = wrap(node.label, style.item, _ITEM_TEXT * style.item)
        drawing.nodes[node.id] = PlacedNode(node, outline, lines, style.item)
        drawing.routes.append(
            Route(
                edge,
                Course(center.exit(*tip), (tip[0] + center.x, tip[1] + center.y)),
                weight=style.look.weight(edge),
                size=style.item,
                at=(label[0] + center.x, label[1] + center.y),
                fixed=True,
            )
        )
        if node.residual:
            number = f"e{len(drawing.residuals) + 1}"
            maker = _residual_above if placed.above else _residual
            drawing.residuals.append(maker(outline, node, placed.side, style, number))


def _residual(outline: Outline, node: Node, side: str, style: Style, name: str) -> Residual:
    """Return the arrow into an item from outside, and the number beyond it."""
    ox, oy = OUTWARD[side]
    stop = (outline.x + ox * outline.rx, outline.y + oy * outline.ry)
    start = (stop[0] + ox * _ARROW_IN, stop[1] + oy * _ARROW_IN)
    radius = circle_radius(style)
    center = (start[0] + ox * radius, start[1] + oy * radius)
    lift = 2 * radius + 1.5 + (0.5 * BOX_HEIGHT * style.minor if oy else 0.0)
    anchor: Anchor = "middle" if oy else "end" if ox < 0 else "start"
    text = Text(
        start[0] + ox * lift,
        start[1] + oy * lift,
        node.residual,
        style.minor,
        anchor=anchor,
        color=style.look.palette.residual,
    )
    circle = Outline(*center, radius, radius, is_round=True) if radius else None
    return Residual(node.id, Course(start, stop), text, circle, name)


def _residual_above(outline: Outline, node: Node, side: str, style: Style, name: str) -> Residual:
    """Return the arrow into an item from above, and the number beside it, away from ``side``."""
    radius = circle_radius(style)
    stop = (outline.x, outline.y - outline.ry)
    start = (stop[0], stop[1] - _ARROW_ABOVE)
    left = side == "right"
    text = Text(
        start[0] + (-1.0 if left else 1.0) * (max(radius, 0.5) + 1.5),
        start[1] - radius + (0.0 if radius else 0.45 * style.minor),
        node.residual,
        style.minor,
        anchor="end" if left else "start",
        color=style.look.palette.residual,
    )
    circle = None
    if radius:
        circle = Outline(start[0], start[1] - radius, radius, radius, is_round=True)
    return Residual(node.id, Course(start, stop), text, circle, name)
