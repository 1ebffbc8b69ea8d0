"""Layout of structural, full and conceptual views.

Two levels: constructs are placed first, each with its items as one rigid block; then edges are
routed and labels placed. Every choice is deterministic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trustsem.diagram.courses import (
    HEAVY,
    THIN,
    Course,
    arc,
    bowed,
    head_length,
    loop,
    straight,
)
from trustsem.diagram.drawing import (
    PAGE_MARGIN,
    Drawing,
    PlacedNode,
    Route,
    Style,
    finished,
    label_box,
    place_labels,
)
from trustsem.diagram.geometry import (
    Box,
    Outline,
    direction,
    line_length,
    lines_cross,
    point_along,
    rotated,
)
from trustsem.diagram.metrics import conflicts
from trustsem.diagram.placement import (
    IMPOSSIBLE,
    SIDES,
    Ints,
    Problem,
    State,
    column_positions,
    columns_by_path,
    folded,
    search,
)
from trustsem.diagram.shapes import (
    OUTWARD,
    Fan,
    Sizes,
    add_fan,
    fan,
    measured,
    residual_width,
)
from trustsem.diagram.text import text_width
from trustsem.diagram.tracks import add_item_arcs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustsem.diagram.graph import Edge, Node, PathGraph
    from trustsem.diagram.scene import Scene

FONTS = (8.0, 7.5, 7.0, 6.5, 6.0)
"""Font sizes that are tried, in points; journals print no text below 6."""
_ATTEMPTS = (
    (0, 1.0), (0, 1.15), (0, 1.35), (1, 1.0), (1, 1.25), (2, 1.1), (0, 1.7), (3, 1.2),
)  # fmt: skip
"""Which of the cheapest placements is drawn, and how much taller than planned."""
_FOLDINGS = (99, 5, 4, 3, 2)
"""Most columns; neighbouring ones are merged until there are no more."""
_WIDER = (1.0, 1.25, 1.5, 1.9, 2.5)
"""Factors of the page width that are tried where no font and folding fits."""
_BOWS = (0.0, 14.0, -14.0, 24.0, -24.0, 36.0, -36.0, 50.0, -50.0)
_REACHES = (18.0, 26.0, 36.0, 48.0, 62.0, 80.0)
_RETURN_BOWS, _RETURN_PORT, _RETURN_REACHES = (18.0, 26.0, 34.0), 55.0, (6.0, 12.0, 18.0, 26.0)
_WIDEST_PITCH = 2.3
_SQUEEZES = 3
_TOLERANCE = 0.5
_TRIES = 4
_HIT_NODE, _HIT_TEXT, _CROSS, _PER_DEGREE, _PER_POINT = 100.0, 40.0, 6.0, 0.15, 0.03


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The level of constructs: its nodes, its directed edges, and the items of each."""

    graph: PathGraph
    style: Style
    sizes: Sizes
    nodes: tuple[Node, ...]
    items: dict[str, tuple[Edge, ...]]
    fans: dict[str, dict[str, Fan]]

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the nodes."""
        return tuple(node.id for node in self.nodes)

    def edges(self, *kinds: str) -> list[Edge]:
        """Return the edges among these nodes, of some kinds."""
        names = set(self.names)
        return [
            edge
            for edge in self.graph.edges
            if edge.kind in kinds and edge.source in names and edge.target in names
        ]


class Fit(NamedTuple):
    """A layout and how many points it is too wide."""

    scene: Scene
    missing: float


def skeleton(graph: PathGraph, font: float) -> Skeleton:
    """Measure a graph at a font size and lay out its blocks of items."""
    style = Style(font)
    sizes = measured(graph, style)
    nodes = tuple(node for node in graph.nodes if node.kind != "item")
    blocks: dict[str, tuple[Edge, ...]] = {}
    for name, members in graph.items.items():
        loads = {e.target: e for e in graph.edges if e.kind == "loading" and e.source == name}
        blocks[name] = tuple(loads[item] for item in members)
    residual = residual_width(graph, style)
    fans = {
        name: {
            side: fan(sizes.ellipse, edges, side, sizes, style, residual=residual)
            for side in SIDES[1:]
        }
        for name, edges in blocks.items()
    }
    return Skeleton(graph, style, sizes, nodes, blocks, fans)


def lay_out(graph: PathGraph, width: float) -> Fit:
    """Place a path model on a page of a fixed width.

    The largest font at which the columns fit is chosen; where none does, neighbouring columns
    are merged; where that does not help either, the page grows and ``missing`` says by how much.

    Parameters
    ----------
    graph : PathGraph
        The model.
    width : float
        Width of the page, in points.

    Returns
    -------
    Fit
        The scene, and the missing width in points.
    """
    best: tuple[float, Scene] | None = None
    for bones, columns in _ways_to_fit(graph, width)[:_TRIES]:
        drawn = _best_scene(bones, columns, width)
        if drawn is None:
            continue
        scene, trouble = drawn
        wide = max(scene.width - width, 0.0)
        if not trouble and wide <= _TOLERANCE:
            return Fit(scene, 0.0)
        if best is None or 100.0 * trouble + wide < best[0]:
            best = (100.0 * trouble + wide, scene)
    bones = skeleton(graph, FONTS[-1])
    columns = _columns(bones)
    needed = _needed(bones, columns) + 2 * PAGE_MARGIN
    for factor in _WIDER:
        page = max(width * factor, needed)
        drawn = _best_scene(bones, columns, page, insist=factor == _WIDER[-1])
        if drawn is None:
            continue
        scene, trouble = drawn
        price = 100.0 * trouble + max(scene.width - width, 0.0)
        if best is None or price < best[0]:
            best = (price, scene)
        if not trouble:
            break
    if best is None:
        raise AssertionError("at least one wider page is tried")
    return Fit(best[1], best[1].width - width)


def _ways_to_fit(graph: PathGraph, width: float) -> list[tuple[Skeleton, Ints]]:
    """Return fonts and foldings whose columns fit a page, the best first."""
    ways = []
    for most in _FOLDINGS:
        fitting = []
        for font in FONTS:
            bones = skeleton(graph, font)
            columns = folded(_columns(bones), most)
            if _needed(bones, columns) <= width - 2 * PAGE_MARGIN:
                fitting.append((bones, columns))
        ways += fitting[:1] + fitting[1:][-1:]
        if most < _FOLDINGS[0] and len(ways) >= _TRIES:
            break
    return ways


def _columns(bones: Skeleton) -> Ints:
    """Return the column of each node."""
    index = {name: k for k, name in enumerate(bones.names)}
    paths = [edge for edge in bones.edges("path") if edge.source != edge.target]
    predictors = {edge.source for edge in paths}
    directed = [(index[edge.source], index[edge.target]) for edge in paths]
    for edge in bones.edges("loading"):
        pair = (index[edge.source], index[edge.target])
        outward = edge.source not in predictors or edge.target in predictors
        directed.append(pair if outward else pair[::-1])
    outcomes = {target for _, target in directed}
    late = [
        k for k, node in enumerate(bones.nodes) if node.kind != "construct" and k not in outcomes
    ]
    return columns_by_path(len(bones.nodes), directed, late)


def _label_room(bones: Skeleton) -> float:
    """Return the width that the widest label of an edge needs between two nodes."""
    widest = max(
        (text_width(edge.text, bones.style.font) for edge in bones.edges("path", "loading")),
        default=0.0,
    )
    return widest + 2 * head_length(HEAVY) + 9.0


def _pitch(bones: Skeleton) -> float:
    """Return the smallest distance of two columns."""
    radii = [bones.sizes.of(node)[0] for node in bones.nodes]
    return 2 * max(radii) + _label_room(bones)


def _needed(bones: Skeleton, columns: Ints) -> float:
    """Return the width that the columns need at least, items on their narrowest side."""
    last = int(columns.max())
    reach = []
    for node, _ in zip(bones.nodes, columns, strict=True):
        half = bones.sizes.of(node)[0]
        if node.id in bones.fans:
            upright = bones.fans[node.id]["top"].bounds
            half = max(half, min(upright.right, -bones.fans[node.id]["left"].bounds.left))
        reach.append(half)
    outer = [
        max(r for r, c in zip(reach, columns, strict=True) if c == column) for column in (0, last)
    ]
    return last * _pitch(bones) + sum(outer)


def _problem(bones: Skeleton, columns: Ints, width: float, stretch: float) -> Problem:
    """Put the skeleton into arrays for the search."""
    index = {name: k for k, name in enumerate(bones.names)}
    n = len(bones.nodes)
    blocks = np.zeros((n, len(SIDES), 4))
    for name, sides in bones.fans.items():
        for code, side in enumerate(SIDES[1:], 1):
            box = sides[side].bounds
            blocks[index[name], code] = (box.left, box.top, box.right, box.bottom)
    radii = np.array([bones.sizes.of(node) for node in bones.nodes])
    tallest = float(radii[:, 1].max())
    home = {item: name for name, edges in bones.items.items() for item in (e.target for e in edges)}
    joined = {
        tuple(sorted((index[home[edge.source]], index[home[edge.target]])))
        for edge in bones.graph.edges
        if edge.kind == "covariance" and edge.source in home and edge.target in home
    }
    aligned = sorted(pair for pair in joined if pair[0] != pair[1])
    edges = [
        (index[edge.source], index[edge.target])
        for edge in bones.edges("path", "loading")
        if edge.source != edge.target
    ]
    pitch = _pitch(bones)
    with_blocks = bool(bones.fans)
    return Problem(
        columns=columns,
        radii=radii,
        blocks=blocks,
        has_items=np.array([name in bones.fans for name in bones.names]),
        edges=np.array(edges, dtype=np.int64).reshape(-1, 2),
        aligned=np.array(aligned, dtype=np.int64).reshape(-1, 2),
        unit=stretch * (0.85 if with_blocks else 1.4) * tallest,
        width=width,
        pitch=(pitch, max(_WIDEST_PITCH * 2 * float(radii[:, 0].max()), pitch)),
        gap=6.0,
        node_gap=(2.0 if with_blocks else 3.2) * bones.style.font,
    )


def _best_scene(
    bones: Skeleton, columns: Ints, width: float, *, insist: bool = False
) -> tuple[Scene, float] | None:
    """Search placements and draw them until one has neither overlaps nor hits.

    Returns the best scene and the number of its overlaps and hits; None where no placement
    fits the page, unless the caller insists.
    """
    states = search(_problem(bones, columns, width - 2 * PAGE_MARGIN, 1.0))
    if states[0].cost >= IMPOSSIBLE and not insist:
        return None
    best: tuple[float, Scene, float] | None = None
    for rank, stretch in _ATTEMPTS:
        if rank >= len(states) or (rank and states[rank].cost >= IMPOSSIBLE):
            continue
        scene = _drawn(bones, columns, states[rank], width, stretch)
        trouble = float(sum(conflicts(scene).values()))
        wide = max(scene.width - width, 0.0)
        price = 100.0 * trouble + wide + rank + stretch
        if best is None or price < best[0]:
            best = (price, scene, trouble)
        if states[rank].cost >= IMPOSSIBLE or (not trouble and wide <= _TOLERANCE):
            break
    return None if best is None else best[1:]


def _drawn(bones: Skeleton, columns: Ints, state: State, width: float, stretch: float) -> Scene:
    """Draw a state; narrow the columns until arcs at the sides fit the page."""
    inner = width - 2 * PAGE_MARGIN
    target = inner
    drawing = _drawing(bones, _problem(bones, columns, target, stretch), state)
    before = float("inf")
    for _ in range(_SQUEEZES):
        bounds = drawing.bounds()
        over = bounds.right - bounds.left - inner
        if over <= 0.0 or over > before - _TOLERANCE:
            break
        before = over
        target -= over + _TOLERANCE
        drawing = _drawing(bones, _problem(bones, columns, target, stretch), state)
    return finished(drawing, width, bones.graph.note, bones.graph.title)


def _drawing(bones: Skeleton, problem: Problem, state: State) -> Drawing:
    """Place nodes, route edges, place labels."""
    x, _ = column_positions(problem, np.array([state.sides]))
    drawing = Drawing(bones.style)
    for k, node in enumerate(bones.nodes):
        half = bones.sizes.of(node)
        outline = Outline(
            float(x[0, k]), state.slots[k] * problem.unit, *half, is_round=node.kind == "construct"
        )
        drawing.nodes[node.id] = PlacedNode(
            node, outline, bones.sizes.lines[node.id], bones.style.font
        )
    for k, node in enumerate(bones.nodes):
        if node.id in bones.fans:
            edges = bones.items[node.id]
            add_fan(
                drawing,
                bones.fans[node.id][SIDES[state.sides[k]]],
                drawing.nodes[node.id].outline,
                [bones.graph.node(edge.target) for edge in edges],
                edges,
            )
    sides = {
        item.target: SIDES[state.sides[k]]
        for k, node in enumerate(bones.nodes)
        for item in bones.items.get(node.id, ())
    }
    _add_paths(bones, drawing)
    _add_covariances(bones, drawing)
    add_item_arcs(drawing, _item_covariances(bones), sides)
    place_labels(drawing)
    return drawing


def _item_covariances(bones: Skeleton) -> list[Edge]:
    """Return the residual covariances among items."""
    items = {edge.target for edges in bones.items.values() for edge in edges}
    return [
        edge
        for edge in bones.graph.edges
        if edge.kind == "covariance" and edge.source in items and edge.target in items
    ]


def _add_paths(bones: Skeleton, drawing: Drawing) -> None:
    """Route structural paths, loadings of constructs and loadings on foreign items."""
    drawn = {(route.edge.source, route.edge.target) for route in drawing.routes}
    edges = [
        edge
        for edge in bones.graph.edges
        if edge.kind != "covariance" and (edge.source, edge.target) not in drawn
    ]
    pairs = {(edge.source, edge.target) for edge in edges}
    routes = []
    for edge in edges:
        source, target = drawing.nodes[edge.source].outline, drawing.nodes[edge.target].outline
        weight = HEAVY if edge.kind == "path" else THIN
        if edge.source == edge.target:
            course = loop(source, (0.0, -1.0), 22.0)
        elif (edge.target, edge.source) in pairs:
            course = _return_course(source, target, edge, bones.style.font)
        else:
            course = straight(source, target)
        routes.append(Route(edge, course, weight, bones.style.font))
    drawing.routes.extend(routes)
    for route in routes:
        source = drawing.nodes[route.edge.source].outline
        target = drawing.nodes[route.edge.target].outline
        mutual = (route.edge.target, route.edge.source) in pairs
        if mutual or not _troubles(drawing, route.edge, route.course):
            continue
        options = [(bowed(source, target, degrees), abs(degrees)) for degrees in _BOWS]
        route.course = _cheapest(drawing, route, options)


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


def _cheapest(drawing: Drawing, route: Route, options: Iterable[tuple[Course, float]]) -> Course:
    """Return the course that disturbs least; ties go to the first."""
    others = [other.course.line for other in drawing.routes if other is not route]
    priced = []
    for course, degrees in options:
        line = course.line
        crossed = sum(lines_cross(line, other) for other in others)
        price = _troubles(drawing, route.edge, course) + _CROSS * crossed
        price += _PER_DEGREE * degrees + _PER_POINT * line_length(line)
        priced.append((round(price, 6), course))
    return min(priced, key=lambda pair: pair[0])[1]


def _troubles(drawing: Drawing, edge: Edge, course: Course) -> float:
    """Price the nodes and printed numbers that a course runs through."""
    line = course.line
    nodes = sum(
        placed.outline.is_hit_by(line, gap=1.5)
        for name, placed in drawing.nodes.items()
        if name not in {edge.source, edge.target}
    )
    texts = [residual.text.box for residual in drawing.residuals]
    texts += [
        box
        for route in drawing.routes
        if route.fixed and route.edge is not edge and (box := route.box)
    ]
    return _HIT_NODE * nodes + _HIT_TEXT * sum(box.is_hit_by(line) for box in texts)


def _add_covariances(bones: Skeleton, drawing: Drawing) -> None:
    """Route arcs among constructs and observed variables on the outer sides."""
    for edge in bones.edges("covariance"):
        source, target = drawing.nodes[edge.source].outline, drawing.nodes[edge.target].outline
        route = Route(edge, straight(source, target), THIN, bones.style.font)
        route.course = _cheapest_arc(drawing, route, source, target)
        drawing.routes.append(route)


def _cheapest_arc(drawing: Drawing, route: Route, source: Outline, target: Outline) -> Course:
    """Return the least disturbing of bows and arcs to all sides."""
    bounds = drawing.bounds()
    lines = [other.course.line for other in drawing.routes]
    options = [(bowed(source, target, degrees), abs(degrees)) for degrees in _BOWS[1:]]
    for side, outward in OUTWARD.items():
        for tilt in (0.35, 0.8):
            start, stop = _ports(source, target, side, tilt)
            options += [(arc(start, stop, outward, reach), 8.0) for reach in _REACHES]
    best: tuple[float, Course] | None = None
    for course, degrees in options:
        line = course.line
        box = label_box(route.edge.text, route.size, point_along(line, 0.5)).grown(1.5)
        price = _troubles(drawing, route.edge, course) + _PER_DEGREE * degrees
        price += _CROSS * sum(lines_cross(line, other) for other in lines)
        price += 20.0 * sum(box.is_hit_by(other) for other in lines)
        price += 60.0 * sum(p.outline.meets_box(box) for p in drawing.nodes.values())
        price += _PER_POINT * line_length(line) + 0.12 * _beyond(bounds, box, line)
        price += 25.0 * (line_length(line) < _shortest(route))
        if best is None or round(price, 6) < best[0]:
            best = (round(price, 6), course)
    if best is None:
        raise AssertionError("there are always bows to choose from")
    return best[1]


def _shortest(route: Route) -> float:
    """Return the length below which a label would hide its arc."""
    return 2.2 * route.size + 2 * head_length(route.weight) + 4.0


def _beyond(bounds: Box, box: Box, line: Sequence[tuple[float, float]]) -> float:
    """Return how far a label or a line leaves the drawing, in points."""
    xs = [x for x, _ in line]
    across = max(bounds.left - min(*xs, box.left), 0.0) + max(max(*xs, box.right) - bounds.right, 0)
    ys = [y for _, y in line]
    down = max(bounds.top - min(*ys, box.top), 0.0) + max(max(*ys, box.bottom) - bounds.bottom, 0)
    return across + down


def _ports(
    source: Outline, target: Outline, side: str, tilt: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where an arc leaves both nodes on a side, leaning to each other."""
    ox, oy = OUTWARD[side]
    lean_x = np.sign(target.x - source.x) * tilt * abs(oy)
    lean_y = np.sign(target.y - source.y) * tilt * abs(ox)

    def port(node: Outline, sign: float) -> tuple[float, float]:
        return node.exit(
            ox * node.rx + sign * float(lean_x) * node.rx,
            oy * node.ry + sign * float(lean_y) * node.ry,
        )

    return port(source, 1.0), port(target, -1.0)
