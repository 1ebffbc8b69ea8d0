"""How edges run among nodes that stand: straight, bowed, in arcs, and round about at last."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from trustsem.diagram.courses import Course, arc, bowed, head_length, loop, straight
from trustsem.diagram.drawing import Drawing, Residual, Route, label_box
from trustsem.diagram.geometry import (
    Box,
    Outline,
    Point,
    direction,
    line_length,
    point_along,
    rotated,
)
from trustsem.diagram.obstacles import Floats, Obstacles
from trustsem.diagram.scene import Text
from trustsem.diagram.shapes import OUTWARD, circle_radius
from trustsem.diagram.text import BOX_HEIGHT, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustsem.diagram.drawing import PlacedNode
    from trustsem.diagram.graph import Edge

_BOWS = (0.0, 14.0, -14.0, 24.0, -24.0, 36.0, -36.0, 50.0, -50.0)
_REACHES = (18.0, 26.0, 36.0, 48.0, 62.0, 80.0)
_TILTS, _FINE_TILTS, _FINE_REACH = (0.35, 0.8), (-0.6, -0.2, 0.0, 0.35, 0.6, 0.8, 0.95), 8.0
_RETURN_BOWS = (18.0, 26.0, 34.0, 44.0, 54.0)
_RETURN_PORT, _RETURN_REACHES = 55.0, (6.0, 12.0, 18.0, 26.0)
_HIT_NODE, _HIT_TEXT, _CROSS, _PER_DEGREE, _PER_POINT = 100.0, 40.0, 6.0, 0.15, 0.03
_LABEL_ON_LINE, _LABEL_ON_NODE, _PER_POINT_BEYOND, _TOO_SHORT = 20.0, 60.0, 0.12, 25.0
_ARC, _DETOUR, _BESIDE = 8.0, 30.0, 10.0
_DEPTHS, _RUNS, _SHARES_OF_SIDE = (3.0, 5.0, 8.0, 12.0), (15.0, 30.0, 50.0, 80.0), (0.2, 0.5, 0.8)
_CLEARANCE = 1.5
_INSIDE = 2.0
"""How far inside of a node its own edges may begin, in points."""
_LOOP_REACH = 22.0
_ANGLES = (-90, 90, -60, -120, 60, 120, -30, -150, 30, 150, 0, 180, -75, -105, 75, 105)
"""Where the arrow of a disturbance may come from, in degrees; the most welcome first."""
_DISTURBANCE = 13.0
"""Length of the arrow of a disturbance, in points."""


def _obstacles(drawing: Drawing, edge: Edge | None) -> Obstacles:
    """Return what an edge must keep clear of."""
    ends = {edge.source, edge.target} if edge else set()
    outlines = [
        (name, placed.outline) for name, placed in drawing.nodes.items() if name not in ends
    ]
    outlines += [("", residual.circle) for residual in drawing.residuals if residual.circle]
    texts = [residual.text.box for residual in drawing.residuals]
    texts += [
        box
        for route in drawing.routes
        if route.fixed and route.edge is not edge and (box := route.box)
    ]
    lines = [route.course.coarse for route in drawing.routes if route.edge is not edge]
    lines += [residual.course.line for residual in drawing.residuals]
    return Obstacles.of(outlines, texts, lines)


def _hits(around: Obstacles, courses: Sequence[Course]) -> Floats:
    """Price the nodes and printed numbers that courses run through."""
    lines = [course.coarse for course in courses]
    nodes = around.nodes_hit(lines, _CLEARANCE).sum(axis=1)
    return np.asarray(_HIT_NODE * nodes + _HIT_TEXT * around.texts_hit(lines).sum(axis=1))


def _through_own(courses: Sequence[Course], *ends: Outline) -> Floats:
    """Price courses that run through the nodes that they join."""
    inner = [
        ("", replace(end, rx=max(end.rx - _INSIDE, 1.0), ry=max(end.ry - _INSIDE, 1.0)))
        for end in ends
    ]
    own = Obstacles.of(inner, (), ())
    hits = own.nodes_hit([course.coarse for course in courses])
    return np.asarray(_HIT_NODE * hits.sum(axis=1), dtype=np.float64)


def add_paths(drawing: Drawing, edges: Iterable[Edge]) -> None:
    """Route structural paths, loadings of constructs and loadings on foreign items."""
    edges = list(edges)
    pairs = {(edge.source, edge.target) for edge in edges}
    style = drawing.style
    routes = []
    for edge in edges:
        source, target = drawing.nodes[edge.source].outline, drawing.nodes[edge.target].outline
        if edge.source == edge.target:
            course = loop(source, (0.0, -1.0), _LOOP_REACH)
        elif (edge.target, edge.source) in pairs:
            course = _return_course(source, target, edge, style.font)
        else:
            course = straight(source, target)
        routes.append(Route(edge, course, style.look.weight(edge), style.font))
    drawing.routes.extend(routes)
    for route in routes:
        _redirect(drawing, route, mutual=(route.edge.target, route.edge.source) in pairs)


def _redirect(drawing: Drawing, route: Route, *, mutual: bool) -> None:
    """Bow a course that runs into something; lead it round the figure where bows do not help."""
    around = _obstacles(drawing, route.edge)
    if not _hits(around, [route.course])[0]:
        return
    source = drawing.nodes[route.edge.source].outline
    target = drawing.nodes[route.edge.target].outline
    if route.edge.source == route.edge.target:
        options = [
            (loop(source, outward, _LOOP_REACH), 10.0 * k)
            for k, outward in enumerate((*OUTWARD.values(), *_DIAGONALS))
        ]
    elif mutual:
        options = [(route.course, 0.0)]
    else:
        options = [(bowed(source, target, degrees), abs(degrees)) for degrees in _BOWS]
        options += [(course, _BESIDE) for course in _beside_items(drawing, route.edge)]
    best = _cheapest(around, options)
    if _hits(around, [best])[0] >= _HIT_NODE and route.edge.source != route.edge.target:
        arcs = _arcs(drawing, source, target)
        clear = _through_own(arcs, source, target) == 0
        options += [(arc, _DETOUR) for arc, free in zip(arcs, clear, strict=True) if free]
        best = _cheapest(around, options)
    route.course = best


def led_round(drawing: Drawing, route: Route) -> bool:
    """Look for a better course among very many; tell whether one was found.

    Parameters
    ----------
    drawing : Drawing
        With all edges routed; is changed.
    route : Route
        An edge that runs into nodes or numbers.

    Returns
    -------
    bool
        Whether its course is a better one now.
    """
    if route.edge.source == route.edge.target:
        return False
    source = drawing.nodes[route.edge.source].outline
    target = drawing.nodes[route.edge.target].outline
    around = _obstacles(drawing, route.edge)
    options = [(bowed(source, target, float(d)), abs(float(d))) for d in range(-78, 79, 3)]
    options += [(course, _DETOUR) for course in _arcs(drawing, source, target, fine=True)]
    courses = [course for course, _ in options]
    clear = _through_own(courses, source, target) == 0
    options = [option for option, free in zip(options, clear, strict=True) if free]
    if not options:
        return False
    best = _cheapest(around, options)
    old, new = _hits(around, [route.course, best])
    if new >= old:
        return False
    route.course = best
    return True


def _beside_items(drawing: Drawing, edge: Edge) -> list[Course]:
    """Return courses to an item of another construct along the row of items, before the labels."""
    own = next((r for r in drawing.routes if r.fixed and r.edge.target == edge.target), None)
    if own is None or own.edge is edge:
        return []
    source, item = drawing.nodes[edge.source].outline, drawing.nodes[edge.target].outline
    x, y = own.course.stop
    flat = abs(x - item.x) / item.rx > abs(y - item.y) / item.ry
    normal = (
        (math.copysign(1.0, x - item.x), 0.0) if flat else (0.0, math.copysign(1.0, y - item.y))
    )
    toward = source.y - item.y if flat else source.x - item.x
    along = (0.0, math.copysign(1.0, toward)) if flat else (math.copysign(1.0, toward), 0.0)
    half = item.ry if flat else item.rx
    courses = []
    for depth, run, share in product(_DEPTHS, _RUNS, _SHARES_OF_SIDE):
        tip = (x + along[0] * share * half, y + along[1] * share * half)
        bend = (
            tip[0] + normal[0] * depth + along[0] * run,
            tip[1] + normal[1] * depth + along[1] * run,
        )
        start = source.exit(bend[0] - source.x, bend[1] - source.y)
        middle = ((start[0] + bend[0]) / 2, (start[1] + bend[1]) / 2)
        courses.append(Course(start, tip, (middle, bend)))
    return courses


_DIAGONALS = tuple(
    (math.copysign(0.8, x), math.copysign(0.6, y)) for x in (1.0, -1.0) for y in (-1.0, 1.0)
)


def _cheapest(around: Obstacles, options: Sequence[tuple[Course, float]]) -> Course:
    """Return the course that disturbs least; ties go to the first."""
    courses = [course for course, _ in options]
    lines = [course.coarse for course in courses]
    prices = _hits(around, courses) + _CROSS * around.lines_crossed(lines)
    prices += [
        _PER_DEGREE * degrees + _PER_POINT * line_length(line)
        for (_, degrees), line in zip(options, lines, strict=True)
    ]
    return courses[int(np.argmin(np.round(prices, 6)))]


def _return_course(source: Outline, target: Outline, edge: Edge, size: float) -> Course:
    """Return one of two opposite courses, bowed so far that both labels find room."""
    chord = direction(source.center, target.center)
    outward = (-chord[1], chord[0])
    options = [bowed(source, target, degrees) for degrees in _RETURN_BOWS]
    start = source.exit(*rotated(chord, _RETURN_PORT))
    stop = target.exit(*rotated((-chord[0], -chord[1]), -_RETURN_PORT))
    options += [arc(start, stop, outward, reach) for reach in _RETURN_REACHES]
    for course in options:
        box = label_box(edge.text, size, point_along(course.line, 0.5)).grown(1.5)
        if not box.is_hit_by((source.center, target.center)):
            return course
    return options[-1]


def _arcs(
    drawing: Drawing, source: Outline, target: Outline, *, fine: bool = False
) -> list[Course]:
    """Return arcs to all sides, the widest of which lead round the figure."""
    bounds = drawing.bounds()
    size = drawing.style.font
    courses = []
    for side, (ox, oy) in OUTWARD.items():
        edge = {"left": -bounds.left, "right": bounds.right, "top": -bounds.top}.get(
            side, bounds.bottom
        )
        for tilt in _FINE_TILTS if fine else _TILTS:
            start, stop = _ports(source, target, side, tilt)
            level = max(start[0] * ox + start[1] * oy, stop[0] * ox + stop[1] * oy)
            beyond = edge - level + size
            far = [beyond + k * size for k in ((0, 1, 2, 3, 4, 6) if fine else (0, 2))]
            near = [step * _FINE_REACH for step in range(1, 30)] if fine else _REACHES
            reaches = [*near, *(far if beyond > _REACHES[0] else [])]
            courses += [arc(start, stop, (ox, oy), reach) for reach in reaches]
    return courses


def add_covariances(drawing: Drawing, edges: Iterable[Edge]) -> None:
    """Route arcs among constructs and observed variables on the outer sides."""
    style = drawing.style
    for edge in edges:
        source, target = drawing.nodes[edge.source].outline, drawing.nodes[edge.target].outline
        route = Route(edge, straight(source, target), style.look.weight(edge), style.font)
        route.course = _cheapest_arc(drawing, route, source, target)
        drawing.routes.append(route)


def _cheapest_arc(drawing: Drawing, route: Route, source: Outline, target: Outline) -> Course:
    """Return the least disturbing of bows and arcs to all sides."""
    bounds = drawing.bounds()
    around = _obstacles(drawing, route.edge)
    own = Obstacles.of([("", source), ("", target)], (), ())
    options = [(bowed(source, target, degrees), abs(degrees)) for degrees in _BOWS[1:]]
    options += [(course, _ARC) for course in _arcs(drawing, source, target)]
    courses = [course for course, _ in options]
    lines = [course.coarse for course in courses]
    boxes = [
        label_box(route.edge.text, route.size, point_along(line, 0.5)).grown(1.5) for line in lines
    ]
    prices = _hits(around, courses) + _CROSS * around.lines_crossed(lines)
    prices += _LABEL_ON_LINE * around.boxes_hit(boxes).sum(axis=1)
    prices += _LABEL_ON_NODE * around.boxes_on_nodes(boxes).sum(axis=1)
    prices += _LABEL_ON_NODE * own.boxes_on_nodes(boxes).sum(axis=1)
    prices += _through_own(courses, source, target)
    shortest = 2.2 * route.size + 2 * head_length(route.weight) + 4.0
    prices += [
        _PER_DEGREE * degrees
        + _PER_POINT * line_length(line)
        + _PER_POINT_BEYOND * _beyond(bounds, box, line)
        + _TOO_SHORT * (line_length(line) < shortest)
        for (_, degrees), line, box in zip(options, lines, boxes, strict=True)
    ]
    return courses[int(np.argmin(np.round(prices, 6)))]


def _beyond(bounds: Box, box: Box, line: Sequence[Point]) -> float:
    """Return how far a label or a line leaves the drawing, in points."""
    xs = [x for x, _ in line]
    across = max(bounds.left - min(*xs, box.left), 0.0) + max(max(*xs, box.right) - bounds.right, 0)
    ys = [y for _, y in line]
    down = max(bounds.top - min(*ys, box.top), 0.0) + max(max(*ys, box.bottom) - bounds.bottom, 0)
    return across + down


def _ports(source: Outline, target: Outline, side: str, tilt: float) -> tuple[Point, Point]:
    """Return where an arc leaves both nodes on a side, leaning to each other."""
    ox, oy = OUTWARD[side]
    lean_x = np.sign(target.x - source.x) * tilt * abs(oy)
    lean_y = np.sign(target.y - source.y) * tilt * abs(ox)

    def port(node: Outline, sign: float) -> Point:
        return node.exit(
            ox * node.rx + sign * float(lean_x) * node.rx,
            oy * node.ry + sign * float(lean_y) * node.ry,
        )

    return port(source, 1.0), port(target, -1.0)


def add_disturbances(drawing: Drawing) -> None:
    """Draw the disturbances of outcomes as short arrows from where there is room."""
    count = 0
    for placed in drawing.nodes.values():
        if placed.node.disturbance and placed.node.kind != "item":
            count += 1
            drawing.residuals.append(_disturbance(drawing, placed, f"d{count}"))


def _disturbance(drawing: Drawing, placed: PlacedNode, name: str) -> Residual:
    """Return the arrow into an outcome that disturbs least."""
    around = _obstacles(drawing, None)
    bounds = drawing.bounds()
    options = [_arrow_from(drawing, placed, math.radians(degrees), name) for degrees in _ANGLES]
    boxes = [option.box.grown(1.5) for option in options]
    lines = [(option.course.start, _toward(option.course)) for option in options]
    prices = _HIT_NODE * around.boxes_on_nodes(boxes).sum(axis=1)
    prices = prices + _HIT_NODE * around.nodes_hit(lines).sum(axis=1)
    prices += _HIT_TEXT * around.boxes_on_texts(boxes).sum(axis=1)
    prices += _HIT_TEXT * around.texts_hit(lines).sum(axis=1)
    prices += _HIT_TEXT * around.boxes_hit(boxes).sum(axis=1)
    prices += _LABEL_ON_LINE * around.lines_crossed(lines)
    prices += [
        0.2 * k + _PER_POINT_BEYOND * _beyond(bounds, box, line)
        for k, (box, line) in enumerate(zip(boxes, lines, strict=True))
    ]
    return options[int(np.argmin(np.round(prices, 6)))]


def _toward(course: Course) -> Point:
    """Return a point just before the tip of an arrow, outside of its node."""
    unit = direction(course.stop, course.start)
    return course.stop[0] + 0.5 * unit[0], course.stop[1] + 0.5 * unit[1]


def _arrow_from(drawing: Drawing, placed: PlacedNode, angle: float, name: str) -> Residual:
    """Return the arrow of a disturbance that comes from an angle, with its number."""
    style, outline = drawing.style, placed.outline
    stop = outline.exit(math.cos(angle) * outline.rx, math.sin(angle) * outline.ry)
    ux, uy = math.cos(angle), math.sin(angle)
    start = (stop[0] + ux * _DISTURBANCE, stop[1] + uy * _DISTURBANCE)
    radius = circle_radius(style)
    far = 2 * radius
    half = text_width(placed.node.disturbance, style.minor) / 2
    tall = 0.5 * BOX_HEIGHT * style.minor
    lift = far + 1.5 + min(half / max(abs(ux), 1e-9), tall / max(abs(uy), 1e-9))
    text = Text(
        start[0] + ux * lift,
        start[1] + uy * lift,
        placed.node.disturbance,
        style.minor,
        color=style.look.palette.residual,
    )
    circle = None
    if radius:
        center = (start[0] + ux * radius, start[1] + uy * radius)
        circle = Outline(*center, radius, radius, is_round=True)
    return Residual(placed.node.id, Course(start, stop), text, circle, name)
