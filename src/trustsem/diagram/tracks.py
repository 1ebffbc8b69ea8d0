"""Arcs between the residuals of items, outside of the item boxes, each on a track of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustsem.diagram.courses import arc
from trustsem.diagram.drawing import Drawing, Route
from trustsem.diagram.shapes import OUTWARD
from trustsem.diagram.text import BOX_HEIGHT, text_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.diagram.geometry import Point
    from trustsem.diagram.graph import Edge

_FIRST_TRACK = 13.0
_IN_LINE = 1.0


def add_item_arcs(drawing: Drawing, edges: Sequence[Edge], sides: Mapping[str, str]) -> None:
    """Draw residual covariances of items as arcs; print in the note what cannot be drawn clearly.

    Parameters
    ----------
    drawing : Drawing
        With all items placed.
    edges : sequence of Edge
        Residual covariances.
    sides : mapping of str to str
        Side of its construct on which each item stands.
    """
    drawable: list[Edge] = []
    printed: list[Edge] = []
    for edge in edges:
        is_drawn = sides[edge.source] == sides[edge.target] and _in_line(drawing, edge, sides)
        (drawable if is_drawn else printed).append(edge)
    by_line: dict[tuple[str, float], list[Edge]] = {}
    for edge in drawable:
        side = sides[edge.source]
        by_line.setdefault((side, round(_end(drawing, edge.source, side)[2], 1)), []).append(edge)
    for (side, _), group in by_line.items():
        _add_group(drawing, group, side)
    blocked = [
        route for route in drawing.routes if route.edge in drawable and _hits(drawing, route)
    ]
    for route in blocked:
        drawing.routes.remove(route)
    printed = [e for e in edges if e in printed or any(route.edge is e for route in blocked)]
    drawing.undrawn += printed


def _end(drawing: Drawing, item: str, side: str) -> tuple[Point, float, float]:
    """Return where arcs leave an item, its place along the line, and the line's place."""
    ox, oy = OUTWARD[side]
    outline = drawing.nodes[item].outline
    x, y = outline.x + ox * outline.rx, outline.y + oy * outline.ry
    for residual in drawing.residuals:
        if residual.item == item:
            box = residual.box
            x = box.left - 1.5 if ox < 0 else box.right + 1.5 if ox > 0 else x
            y = box.top - 1.0 if oy < 0 else box.bottom + 1.0 if oy > 0 else y
    place, level = (y, x * ox) if ox else (x, y * oy)
    return (x, y), place, level


def _in_line(drawing: Drawing, edge: Edge, sides: Mapping[str, str]) -> bool:
    """Tell whether both items stand in one line."""
    side = sides[edge.source]
    outlines = [drawing.nodes[name].outline for name in (edge.source, edge.target)]
    apart = outlines[0].x - outlines[1].x if OUTWARD[side][0] else outlines[0].y - outlines[1].y
    return abs(apart) < _IN_LINE


def _add_group(drawing: Drawing, edges: Sequence[Edge], side: str) -> None:
    """Draw the arcs of one line of items; wider spans lie farther out."""
    style = drawing.style
    outward = OUTWARD[side]
    widest = max(text_width(edge.label, style.item) for edge in edges)
    first = _FIRST_TRACK + (widest / 2 if outward[0] else 0.0)
    step = widest + 4.0 if outward[0] else BOX_HEIGHT * style.item + 3.5
    ends = {
        name: _end(drawing, name, side) for edge in edges for name in (edge.source, edge.target)
    }
    level = max(end[2] for end in ends.values())
    spans = sorted((abs(ends[e.source][1] - ends[e.target][1]), k, e) for k, e in enumerate(edges))
    tracks: list[list[tuple[float, float]]] = []
    ports = _ports(edges, ends)
    for _, _, edge in spans:
        low, high = sorted((ends[edge.source][1], ends[edge.target][1]))
        track = next(
            (k for k, taken in enumerate(tracks) if all(high < a or b < low for a, b in taken)),
            len(tracks),
        )
        if track == len(tracks):
            tracks.append([])
        tracks[track].append((low, high))
        start, stop = (
            _port(ends[name], ports[edge, name], side) for name in (edge.source, edge.target)
        )
        reach = first + track * step + level - max(ends[edge.source][2], ends[edge.target][2])
        weight = style.look.weight(edge)
        drawing.routes.append(Route(edge, arc(start, stop, outward, reach), weight, style.item))


def _ports(
    edges: Sequence[Edge], ends: Mapping[str, tuple[Point, float, float]]
) -> dict[tuple[Edge, str], float]:
    """Spread the arcs of one item a little, so that their heads stay apart."""
    ports: dict[tuple[Edge, str], float] = {}
    for name in ends:
        mine = [edge for edge in edges if name in {edge.source, edge.target}]

        def far(edge: Edge, here: str = name) -> tuple[bool, float]:
            other = edge.target if edge.source == here else edge.source
            gap = ends[other][1] - ends[here][1]
            return gap > 0, -gap

        for k, edge in enumerate(sorted(mine, key=far)):
            ports[edge, name] = (k - (len(mine) - 1) / 2) * 4.5
    return ports


def _port(end: tuple[Point, float, float], shift: float, side: str) -> Point:
    """Return the end of an arc, shifted along the line of items."""
    (x, y), _, _ = end
    return (x, y + shift) if OUTWARD[side][0] else (x + shift, y)


def _hits(drawing: Drawing, route: Route) -> bool:
    """Tell whether an arc runs through a node or a printed number."""
    line = route.course.line
    ends = {route.edge.source, route.edge.target}
    nodes = any(
        placed.outline.is_hit_by(line) for name, placed in drawing.nodes.items() if name not in ends
    )
    texts = [residual.box for residual in drawing.residuals]
    texts += [box for other in drawing.routes if other.fixed and (box := other.box)]
    return nodes or any(box.is_hit_by(line) for box in texts)
