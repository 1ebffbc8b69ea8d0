"""Layout of the measurement view: constructs in a column, items left, correlation arcs right.

Many constructs stand in several columns, and their correlations are printed as a triangle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustsem.diagram.build import ARCS_UP_TO
from trustsem.diagram.courses import arc
from trustsem.diagram.drawing import (
    PAGE_MARGIN,
    Drawing,
    PlacedNode,
    Route,
    finished,
    place_labels,
)
from trustsem.diagram.geometry import Outline, Point
from trustsem.diagram.hubs import add_hubs, hubs
from trustsem.diagram.metrics import conflicts
from trustsem.diagram.paths import FONTS, Fit, Skeleton, skeleton
from trustsem.diagram.rescue import rescued
from trustsem.diagram.routing import add_covariances, add_disturbances, add_paths
from trustsem.diagram.shapes import add_fan
from trustsem.diagram.text import text_width
from trustsem.diagram.tracks import add_item_arcs
from trustsem.diagram.triangle import triangle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.diagram.graph import Edge, PathGraph
    from trustsem.diagram.settings import Settings

_TALLEST = 640.0
"""Height in points that one column of constructs may take before another is begun."""
_GAP = 12.0
_ROOM_BETWEEN = 22.0
_FIRST_REACH = 20.0
_STEP_MIN_AIR, _STEP_MAX = 5.0, 46.0
_PORT_SPREAD = 0.8
_STRETCHES = (1.0, 1.2, 1.45, 1.8)
_TROUBLED = 100.0


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which constructs stand in the columns, above, across the items; whether arcs are drawn."""

    lower: tuple[str, ...]
    higher: tuple[str, ...]
    hubs: tuple[str, ...]
    covariances: tuple[Edge, ...]
    arcs: bool


def lay_out_measurement(graph: PathGraph, width: float, settings: Settings) -> Fit:
    """Place a confirmatory factor model on a page of a fixed width.

    Parameters
    ----------
    graph : PathGraph
        The model.
    width : float
        Width of the page, in points.
    settings : Settings
        The wishes of the user.

    Returns
    -------
    Fit
        The scene, and the missing width in points.
    """
    best: tuple[float, Fit] | None = None
    bones = skeleton(graph, FONTS[0], settings, crossed=True)
    with_arcs = _plan(bones).arcs
    for arcs in (True, False) if with_arcs else (False,):
        for font in FONTS:
            bones = skeleton(graph, font, settings, crossed=True)
            for stretch in _STRETCHES if arcs else _STRETCHES[:1]:
                drawing = _drawing(bones, width, stretch, arcs=arcs)
                scene = finished(drawing, width, graph.note, graph.title)
                missing = max(scene.width - width, 0.0)
                trouble = sum(conflicts(scene).values())
                if not trouble and missing < 1.0:
                    return Fit(scene, drawing, 0.0)
                price = 100.0 * trouble + missing
                if best is None or price < best[0]:
                    best = (price, Fit(scene, drawing, missing))
                if missing >= 1.0:
                    break
    if best is None:
        raise AssertionError("at least one font is tried")
    price, fit = best
    if price >= _TROUBLED:
        rescued(fit.drawing, width)
        return fit._replace(scene=finished(fit.drawing, width, graph.note, graph.title))
    return fit


def _plan(bones: Skeleton) -> _Plan:
    """Sort constructs into those with items and those that stand above them."""
    parents = {edge.target: edge.source for edge in bones.edges("loading")}
    over = {edge.source for edge in bones.edges("loading")}
    across = hubs(bones.graph)
    names = tuple(name for name in bones.names if name not in across)
    higher = tuple(name for name in names if name in over)
    order = {name: k for k, name in enumerate(names)}
    lower = tuple(
        sorted(
            (name for name in names if name not in over),
            key=lambda name: order.get(_first_sister(name, parents, names), order[name]),
        )
    )
    covariances = tuple(bones.edges("covariance"))
    joined = {name for edge in covariances for name in (edge.source, edge.target)}
    return _Plan(lower, higher, across, covariances, arcs=len(joined) <= ARCS_UP_TO)


def _first_sister(name: str, parents: dict[str, str], names: Sequence[str]) -> str:
    """Return the first construct under the same higher-order construct."""
    parent = parents.get(name)
    if parent is None:
        return name
    return next(other for other in names if parents.get(other) == parent)


def _drawing(bones: Skeleton, width: float, stretch: float, *, arcs: bool) -> Drawing:
    """Draw the measurement view."""
    plan = _plan(bones)
    drawing = Drawing(bones.style)
    single = bool(plan.higher or plan.hubs) or (arcs and plan.arcs)
    panels = _panels(bones, plan, width, single=single)
    left = 0.0
    for panel in panels:
        left += _add_panel(bones, drawing, panel, left, stretch)
    if plan.hubs:
        add_hubs(bones, drawing, plan.hubs)
    _add_higher(bones, drawing, plan)
    add_item_arcs(
        drawing,
        _item_covariances(bones),
        {edge.target: "left" for edges in bones.items.values() for edge in edges},
    )
    if arcs and plan.arcs:
        _add_arcs(drawing, plan, width)
    add_disturbances(drawing)
    place_labels(drawing)
    if plan.covariances and not (arcs and plan.arcs):
        drawing.triangle = triangle(
            plan.covariances,
            {name: placed.node.label for name, placed in drawing.nodes.items()},
            drawing.bounds(),
            width - 2 * PAGE_MARGIN,
            drawing.style.font,
        )
    return drawing


def _item_covariances(bones: Skeleton) -> list[Edge]:
    """Return the residual covariances among items."""
    items = {edge.target for edges in bones.items.values() for edge in edges}
    return [
        edge
        for edge in bones.graph.edges
        if edge.kind == "covariance" and edge.source in items and edge.target in items
    ]


def _height(bones: Skeleton, name: str) -> float:
    """Return the height of a construct with its items."""
    tall = 2 * bones.sizes.ellipse[1]
    if name not in bones.fans:
        return tall
    box = bones.fans[name]["left"].bounds
    return max(tall, box.bottom - box.top)


def _panel_width(bones: Skeleton) -> float:
    """Return the width of one column of constructs with their items."""
    reach = max((-fans["left"].bounds.left for fans in bones.fans.values()), default=0.0)
    return max(reach, bones.sizes.ellipse[0]) + bones.sizes.ellipse[0]


def _panels(bones: Skeleton, plan: _Plan, width: float, *, single: bool) -> list[tuple[str, ...]]:
    """Divide the constructs into columns of nearly equal height."""
    names = plan.lower
    heights = [_height(bones, name) + _GAP for name in names]
    most = int((width - 2 * PAGE_MARGIN + _ROOM_BETWEEN) // (_panel_width(bones) + _ROOM_BETWEEN))
    wanted = -int(-sum(heights) // _TALLEST)
    count = 1 if single else max(1, min(wanted, most, len(names)))
    limit = max(sum(heights) / count, *heights) if heights else 0.0
    for _ in range(len(names)):
        panels = _filled(names, heights, limit)
        if len(panels) <= count:
            return panels
        limit *= 1.05
    return _filled(names, heights, sum(heights))


def _filled(names: Sequence[str], heights: Sequence[float], limit: float) -> list[tuple[str, ...]]:
    """Fill columns up to a height."""
    panels: list[list[str]] = [[]]
    used = 0.0
    for name, height in zip(names, heights, strict=True):
        if panels[-1] and used + height > limit + 1e-6:
            panels.append([])
            used = 0.0
        panels[-1].append(name)
        used += height
    return [tuple(panel) for panel in panels]


def _add_panel(
    bones: Skeleton, drawing: Drawing, names: Sequence[str], left: float, stretch: float
) -> float:
    """Draw one column of constructs; return the width it takes."""
    wide = _panel_width(bones)
    rx = bones.sizes.ellipse[0]
    y = 0.0
    for name in names:
        tall = _height(bones, name)
        node = bones.graph.node(name)
        outline = Outline(
            left + wide - rx, y + tall / 2, *bones.sizes.of(node), is_round=node.kind == "construct"
        )
        drawing.nodes[name] = PlacedNode(node, outline, bones.sizes.lines[name], bones.style.font)
        if name in bones.fans:
            edges = bones.items[name]
            nodes = [bones.graph.node(edge.target) for edge in edges]
            add_fan(drawing, bones.fans[name]["left"], outline, nodes, edges)
        y += (tall + _GAP) * stretch
    return wide + _ROOM_BETWEEN


def _add_higher(bones: Skeleton, drawing: Drawing, plan: _Plan) -> None:
    """Draw constructs of higher order right of what they explain, and loadings on foreign items."""
    rx, ry = bones.sizes.ellipse
    room = 26.0 + max(
        (text_width(edge.text, bones.style.font) for edge in bones.edges("loading")), default=0.0
    )
    ready = set(plan.lower)
    waiting = list(plan.higher)
    level = max((drawing.nodes[name].outline.x for name in plan.lower), default=0.0)
    while waiting:
        below = {
            name: [e.target for e in bones.edges("loading") if e.source == name] for name in waiting
        }
        now = [name for name in waiting if set(below[name]) <= ready] or waiting[:1]
        level += 2 * rx + room
        floor = -1e9
        for name in now:
            rows = [drawing.nodes[t].outline.y for t in below[name] if t in drawing.nodes]
            y = max(sum(rows) / max(len(rows), 1), floor)
            floor = y + 2 * ry + _GAP
            node = bones.graph.node(name)
            outline = Outline(level, y, rx, ry, is_round=True)
            drawing.nodes[name] = PlacedNode(
                node, outline, bones.sizes.lines[name], bones.style.font
            )
            if name in bones.fans:
                edges = bones.items[name]
                nodes = [bones.graph.node(edge.target) for edge in edges]
                add_fan(drawing, bones.fans[name]["right"], outline, nodes, edges)
            ready.add(name)
            waiting.remove(name)
    drawn = {(route.edge.source, route.edge.target) for route in drawing.routes}
    add_paths(
        drawing,
        [
            edge
            for edge in bones.graph.edges
            if edge.kind != "covariance" and (edge.source, edge.target) not in drawn
        ],
    )


def _add_arcs(drawing: Drawing, plan: _Plan, width: float) -> None:
    """Draw correlations as arcs at the right; the wider the span, the farther out."""
    ranks = {
        name: k
        for k, name in enumerate(
            sorted(
                {n for edge in plan.covariances for n in (edge.source, edge.target)},
                key=lambda name: drawing.nodes[name].outline.y,
            )
        )
    }
    spans = {
        edge: abs(ranks[edge.source] - ranks[edge.target])
        for edge in plan.covariances
        if not {edge.source, edge.target} & set(plan.hubs)
    }
    add_covariances(drawing, [edge for edge in plan.covariances if edge not in spans])
    if not spans:
        return
    size = drawing.style.font
    widest = max(text_width(edge.text, size) for edge in spans)
    right = max(placed.outline.box.right for placed in drawing.nodes.values())
    room = width - 2 * PAGE_MARGIN - (drawing.bounds().right - drawing.bounds().left)
    steps = max(max(spans.values()) - 1, 1)
    step = (room - _FIRST_REACH - widest / 2 - 8.0) / steps
    step = min(max(step, widest / 2 + _STEP_MIN_AIR), _STEP_MAX)
    for edge, span in sorted(spans.items(), key=lambda pair: (pair[1], ranks[pair[0].source])):
        names = sorted((edge.source, edge.target), key=lambda name: ranks[name])
        start, stop = (_port(drawing, name, edge, spans, ranks) for name in names)
        outermost = max(start[0], stop[0])
        reach = _FIRST_REACH + widest / 2 - 8.0 + (span - 1) * step + right - outermost
        weight = drawing.style.look.weight(edge)
        drawing.routes.append(Route(edge, arc(start, stop, (1.0, 0.0), reach), weight, size))


def _port(
    drawing: Drawing, name: str, edge: Edge, spans: dict[Edge, int], ranks: dict[str, int]
) -> Point:
    """Return where an arc leaves a construct: nested arcs do not cross at their ends."""
    mine = [other for other in spans if name in {other.source, other.target}]

    def order(other: Edge) -> tuple[int, int]:
        partner = other.target if other.source == name else other.source
        upward = ranks[partner] < ranks[name]
        return (0, spans[other]) if upward else (1, -spans[other])

    place = sorted(mine, key=order).index(edge)
    outline = drawing.nodes[name].outline
    share = _PORT_SPREAD * (2 * (place + 0.5) / len(mine) - 1)
    x = (1 - share * share) ** 0.5 if outline.is_round else 1.0
    return outline.x + outline.rx * x, outline.y + outline.ry * share
