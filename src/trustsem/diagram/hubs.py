"""Constructs that load only on items of others (general factors, slopes): across the items.

Items with loadings from both sides stand in a column; the constructs that they are listed under
stand right of them, the others left, and residual variances come from above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustsem.diagram.courses import Course
from trustsem.diagram.drawing import Drawing, PlacedNode, Route, label_box
from trustsem.diagram.geometry import Outline, Point
from trustsem.diagram.text import text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.diagram.geometry import Box, Polyline
    from trustsem.diagram.graph import Edge, PathGraph
    from trustsem.diagram.paths import Skeleton

_LENGTH, _LONGER, _STEPS = 34.0, 6.0, 24
_BACK, _BESIDE = 9.0, 4.0
_BETWEEN_TIPS = 4.0
_GAP = 12.0


def hubs(graph: PathGraph) -> tuple[str, ...]:
    """Return the constructs without items of their own that load on items.

    Parameters
    ----------
    graph : PathGraph
        The model.

    Returns
    -------
    tuple of str
        In the order of the model.
    """
    own = graph.items
    items = {node.id for node in graph.nodes if node.kind == "item"}
    over = {e.source for e in graph.edges if e.kind == "loading" and e.target not in items}
    loading = {e.source for e in graph.edges if e.kind == "loading" and e.target in items}
    return tuple(
        node.id
        for node in graph.nodes
        if node.kind == "construct" and node.id in loading - over and node.id not in own
    )


def add_hubs(bones: Skeleton, drawing: Drawing, names: Sequence[str]) -> None:
    """Draw such constructs left of the items, each in the middle of its own.

    Parameters
    ----------
    bones : Skeleton
        The model, measured.
    drawing : Drawing
        With all items placed; is changed.
    names : sequence of str
        The constructs.
    """
    edges = {
        name: [
            edge
            for edge in bones.graph.edges
            if edge.kind == "loading" and edge.source == name and edge.target in drawing.nodes
        ]
        for name in names
    }
    tips = _tips(drawing, [edge for loadings in edges.values() for edge in loadings])
    ordered = sorted(names, key=lambda name: _middle([tips[e] for e in edges[name]]))
    for step in range(_STEPS):
        length = _LENGTH + _LONGER * step
        outlines = _outlines(bones, ordered, edges, tips, length)
        routes = _routes(bones, outlines, edges, tips)
        if _is_clear(routes, list(outlines.values())):
            break
    for name, outline in outlines.items():
        node = bones.graph.node(name)
        drawing.nodes[name] = PlacedNode(node, outline, bones.sizes.lines[name], bones.style.font)
    drawing.routes += routes


def _tips(drawing: Drawing, edges: Sequence[Edge]) -> dict[Edge, Point]:
    """Return where the loadings meet the left sides of the items, a little apart."""
    tips = {}
    for edge in edges:
        same = [other for other in edges if other.target == edge.target]
        outline = drawing.nodes[edge.target].outline
        off = (same.index(edge) - (len(same) - 1) / 2) * _BETWEEN_TIPS
        tips[edge] = (outline.x - outline.rx, outline.y + off)
    return tips


def _middle(tips: Sequence[Point]) -> float:
    """Return the mean height of the tips of a construct."""
    return sum(y for _, y in tips) / len(tips)


def _outlines(
    bones: Skeleton,
    names: Sequence[str],
    edges: dict[str, list[Edge]],
    tips: dict[Edge, Point],
    length: float,
) -> dict[str, Outline]:
    """Place the constructs at a distance from the items, below each other."""
    rx, ry = bones.sizes.ellipse
    x = min(x for x, _ in tips.values()) - length - rx
    wanted = [_middle([tips[edge] for edge in edges[name]]) for name in names]
    placed: list[float] = []
    for y in wanted:
        placed.append(max(y, placed[-1] + 2 * ry + _GAP) if placed else y)
    shift = sum(want - y for want, y in zip(wanted, placed, strict=True)) / len(placed)
    return {
        name: Outline(x, y + shift, rx, ry, is_round=True)
        for name, y in zip(names, placed, strict=True)
    }


def _routes(
    bones: Skeleton,
    outlines: dict[str, Outline],
    edges: dict[str, list[Edge]],
    tips: dict[Edge, Point],
) -> list[Route]:
    """Return the loadings, their labels in columns beside the items."""
    style = bones.style
    widest = max(text_width(edge.text, style.item) for edge in tips)
    seen: dict[str, int] = {}
    routes = []
    for name, outline in outlines.items():
        for edge in edges[name]:
            column = seen.get(edge.target, 0)
            seen[edge.target] = column + 1
            tip = tips[edge]
            start = outline.exit(tip[0] - outline.x, tip[1] - outline.y)
            back = _BACK + widest / 2 + column * (widest + _BESIDE)
            share = back / max(tip[0] - start[0], 1.0)
            at = (tip[0] - back, tip[1] + (start[1] - tip[1]) * min(share, 1.0))
            course = Course(start, tip)
            weight = style.look.weight(edge)
            routes.append(Route(edge, course, weight, style.item, at=at, fixed=True))
    return routes


def _is_clear(routes: Sequence[Route], outlines: Sequence[Outline]) -> bool:
    """Tell whether no label touches another label, a foreign line or a construct."""
    boxes: list[tuple[int, Box]] = [
        (k, label_box(route.edge.text, route.size, route.at).grown(0.8))
        for k, route in enumerate(routes)
        if route.at is not None and route.edge.text
    ]
    lines: list[Polyline] = [route.course.line for route in routes]
    return not any(
        any(outline.meets_box(box) for outline in outlines)
        or any(box.is_hit_by(line) for j, line in enumerate(lines) if j != k)
        or any(box.overlaps(other) for j, other in boxes if j < k)
        for k, box in boxes
    )
