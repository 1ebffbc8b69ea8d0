"""Layout of structural, full and conceptual views.

Two levels: constructs are placed first, each with its items as one rigid block; then edges are
routed and labels placed. Every choice is deterministic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trustsem.diagram.courses import HEAVY, head_length
from trustsem.diagram.drawing import (
    PAGE_MARGIN,
    Drawing,
    PlacedNode,
    Style,
    finished,
    place_labels,
)
from trustsem.diagram.geometry import Outline
from trustsem.diagram.hubs import hubs
from trustsem.diagram.metrics import conflicts
from trustsem.diagram.placement import (
    IMPOSSIBLE,
    SIDES,
    Floats,
    Ints,
    Problem,
    State,
    column_positions,
    columns_by_path,
    columns_by_role,
    folded,
    search,
    search_sides,
)
from trustsem.diagram.rescue import rescued
from trustsem.diagram.routing import add_covariances, add_disturbances, add_paths
from trustsem.diagram.shapes import Fan, Sizes, add_fan, fan, measured, residual_width
from trustsem.diagram.text import text_width
from trustsem.diagram.tracks import add_item_arcs

if TYPE_CHECKING:
    from trustsem.diagram.graph import Edge, Node, PathGraph
    from trustsem.diagram.scene import Scene
    from trustsem.diagram.settings import Settings

_Memory = dict[tuple[int, ...], list[State]]
FONTS = (8.0, 7.5, 7.0, 6.5, 6.0)
"""Font sizes that are tried, in points; journals print no text below 6."""
_ATTEMPTS = (
    (0, 1.0), (0, 1.15), (0, 1.35), (1, 1.0), (1, 1.25), (2, 1.1), (0, 1.7), (3, 1.2),
)  # fmt: skip
"""Which of the cheapest placements is drawn, and how much taller than planned."""
_FEWER = 4
"""How many of them are drawn on a page that is wider than wanted."""
_FOLDINGS = (99, 5, 4, 3, 2)
"""Most columns; neighbouring ones are merged until there are no more."""
_WIDER = (1.0, 1.25, 1.5, 1.9, 2.5)
"""Factors of the page width that are tried where no font and folding fits."""
_WIDEST_PITCH = 2.3
_SQUEEZES = 3
_TOLERANCE = 0.5
_TRIES = 4
_MOVED_SHARE, _MOVED_LEAST = 0.1, 2
"""Which share of the edges, and how many at least, may be printed in the note instead of drawn
before a wider page is tried."""
_FINE_ROW = 4.0
"""Height of a row slot where a user places the nodes, in points."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The level of constructs: its nodes, its directed edges, and the items of each."""

    graph: PathGraph
    style: Style
    sizes: Sizes
    nodes: tuple[Node, ...]
    items: dict[str, tuple[Edge, ...]]
    fans: dict[str, dict[str, Fan]]
    settings: Settings

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
    """A layout, what was drawn for it, and how many points it is too wide."""

    scene: Scene
    drawing: Drawing
    missing: float


class _Drawn(NamedTuple):
    """A drawing, its scene, and the number of its overlaps and hits."""

    drawing: Drawing
    scene: Scene
    trouble: float

    def missing(self, width: float) -> float:
        """Return by how many points it is too wide."""
        return max(self.scene.width - width, 0.0)

    def price(self, width: float) -> float:
        """Price what is wrong with it."""
        return 100.0 * self.trouble + self.missing(width)


def skeleton(
    graph: PathGraph, font: float, settings: Settings, *, crossed: bool = False
) -> Skeleton:
    """Measure a graph at a font size and lay out its blocks of items.

    ``crossed`` leaves room for loadings from both sides where the model has them.
    """
    style = Style(font, settings.look)
    sizes = measured(graph, style)
    nodes = tuple(node for node in graph.nodes if node.kind != "item")
    blocks: dict[str, tuple[Edge, ...]] = {}
    for name, members in graph.items.items():
        loads = {e.target: e for e in graph.edges if e.kind == "loading" and e.source == name}
        blocks[name] = tuple(loads[item] for item in members)
    residual = residual_width(graph, style)
    above = crossed and bool(hubs(graph))
    fans = {
        name: {
            side: fan(sizes.ellipse, edges, side, sizes, style, residual=residual, above=above)
            for side in SIDES[1:]
        }
        for name, edges in blocks.items()
    }
    return Skeleton(graph, style, sizes, nodes, blocks, fans, settings)


def lay_out(graph: PathGraph, width: float, settings: Settings) -> Fit:
    """Place a path model on a page of a fixed width.

    The largest font at which the columns fit is chosen; where none does, neighbouring columns
    are merged. Where a few covariances or numbers find no room, the note prints them; where that
    does not help either, the page grows and ``missing`` says by how much.

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
    memory: _Memory = {}
    best = _on_page(graph, width, settings, memory)
    if best is not None and best.missing(width) <= _TOLERANCE and not best.trouble:
        return Fit(best.scene, best.drawing, 0.0)
    wider = _on_wider_page(graph, width, settings, memory)
    if best is None or wider.price(width) < best.price(width):
        best = wider
    return Fit(best.scene, best.drawing, best.missing(width))


def _on_page(graph: PathGraph, width: float, settings: Settings, memory: _Memory) -> _Drawn | None:
    """Return the best drawing of the wanted width; clean, if a little is moved to the note."""
    best: _Drawn | None = None
    for bones, columns in _ways_to_fit(graph, width, settings)[:_TRIES]:
        drawn = _best_drawing(bones, columns, width, memory)
        if drawn is None:
            continue
        if not drawn.trouble and drawn.missing(width) <= _TOLERANCE:
            return drawn
        if best is None or drawn.price(width) < best.price(width):
            best = drawn
    if best is None or best.missing(width) > _TOLERANCE:
        return best
    relieved, moved = _relieved(graph, best, width)
    few = max(_MOVED_LEAST, _MOVED_SHARE * len(graph.edges))
    return relieved if not relieved.trouble and moved <= few else None


def _on_wider_page(graph: PathGraph, width: float, settings: Settings, memory: _Memory) -> _Drawn:
    """Return the best drawing of the smallest font on wider and wider pages."""
    bones = skeleton(graph, FONTS[-1], settings)
    columns = _columns(bones)
    needed = _needed(bones, columns) + 2 * PAGE_MARGIN
    best: _Drawn | None = None
    for factor in _WIDER:
        page = max(width * factor, needed)
        last = factor == _WIDER[-1]
        drawn = _best_drawing(bones, columns, page, memory, attempts=_FEWER, insist=last)
        if drawn is None:
            continue
        drawn, _ = _relieved(graph, drawn, page)
        if best is None or drawn.price(width) < best.price(width):
            best = drawn
        if not drawn.trouble:
            break
    if best is None:
        raise AssertionError("at least one wider page is tried")
    return best


def _relieved(graph: PathGraph, drawn: _Drawn, width: float) -> tuple[_Drawn, int]:
    """Print in the note what disturbs; return how many edges and labels."""
    if not drawn.trouble:
        return drawn, 0
    moved = rescued(drawn.drawing, width)
    scene = finished(drawn.drawing, width, graph.note, graph.title)
    return _Drawn(drawn.drawing, scene, float(sum(conflicts(scene).values()))), moved


def _ways_to_fit(graph: PathGraph, width: float, settings: Settings) -> list[tuple[Skeleton, Ints]]:
    """Return fonts and foldings whose columns fit a page, the best first."""
    ways = []
    for most in _FOLDINGS if settings.places is None else _FOLDINGS[:1]:
        fitting = []
        for font in FONTS:
            bones = skeleton(graph, font, settings)
            columns = folded(_columns(bones), most)
            if _needed(bones, columns) <= width - 2 * PAGE_MARGIN:
                fitting.append((bones, columns))
        ways += fitting[:1] + fitting[1:][-1:]
        if most < _FOLDINGS[0] and len(ways) >= _TRIES:
            break
    return ways


def _columns(bones: Skeleton) -> Ints:
    """Return the column of each node; half columns where a user places nodes between two."""
    places = bones.settings.places
    if places is not None:
        wanted = [places[name][0] for name in bones.names]
        return np.array(
            [round(_parts(bones.settings) * column) for column in wanted], dtype=np.int64
        )
    index = {name: k for k, name in enumerate(bones.names)}
    paths = [edge for edge in bones.edges("path") if edge.source != edge.target]
    predictors = {edge.source for edge in paths}
    directed = [(index[edge.source], index[edge.target]) for edge in paths]
    for edge in bones.edges("loading"):
        pair = (index[edge.source], index[edge.target])
        outward = edge.source not in predictors or edge.target in predictors
        directed.append(pair if outward else pair[::-1])
    if bones.settings.columns == "role":
        return columns_by_role(len(bones.nodes), directed)
    outcomes = {target for _, target in directed}
    late = [
        k for k, node in enumerate(bones.nodes) if node.kind != "construct" and k not in outcomes
    ]
    return columns_by_path(len(bones.nodes), directed, late)


def _parts(settings: Settings) -> int:
    """Return into how many parts a user's columns are divided."""
    places = settings.places or {}
    return 1 if all(column == int(column) for column, _ in places.values()) else 2


def _label_room(bones: Skeleton) -> float:
    """Return the width that the widest label of an edge needs between two nodes."""
    widest = max(
        (text_width(edge.text, bones.style.font) for edge in bones.edges("path", "loading")),
        default=0.0,
    )
    look = bones.style.look
    heaviest = max([HEAVY, *(look.weight(edge) for edge in bones.edges("path", "loading"))])
    return widest + 2 * head_length(heaviest) + 9.0


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
    return last * _pitch(bones) / _parts(bones.settings) + sum(outer)


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
    parts = _parts(bones.settings)
    widest = max(_WIDEST_PITCH * 2 * float(radii[:, 0].max()), pitch)
    with_blocks = bool(bones.fans)
    unit = (0.85 if with_blocks else 1.4) * tallest
    if bones.settings.places is not None:
        unit = _FINE_ROW
        reaches = (fans["right"].bounds.right for fans in bones.fans.values())
        widest = max(widest, pitch + max(reaches, default=0.0))
    return Problem(
        columns=columns,
        radii=radii,
        blocks=blocks,
        has_items=np.array([name in bones.fans for name in bones.names]),
        edges=np.array(edges, dtype=np.int64).reshape(-1, 2),
        aligned=np.array(aligned, dtype=np.int64).reshape(-1, 2),
        unit=stretch * unit,
        width=width,
        pitch=(pitch / parts, widest / parts),
        gap=6.0,
        node_gap=(2.0 if with_blocks else 3.2) * bones.style.font,
        upright=2 * head_length(HEAVY) + 2.2 * bones.style.font,
    )


def _best_drawing(
    bones: Skeleton,
    columns: Ints,
    width: float,
    memory: _Memory,
    *,
    attempts: int = len(_ATTEMPTS),
    insist: bool = False,
) -> _Drawn | None:
    """Search placements and draw them until one has neither overlaps nor hits.

    Returns None where no placement fits the page, unless the caller insists. The memory holds
    the placements that were found for the same columns in other sizes.
    """
    problem = _problem(bones, columns, width - 2 * PAGE_MARGIN, 1.0)
    if bones.settings.places is None:
        known = memory.get(tuple(columns.tolist()), [])
        states = search(problem, similar=known)
        memory[tuple(columns.tolist())] = states
    else:
        states = search_sides(problem, _rows(bones))
    if states[0].cost >= IMPOSSIBLE and not insist:
        return None
    best: tuple[float, _Drawn] | None = None
    for rank, stretch in _ATTEMPTS[:attempts]:
        if rank >= len(states) or (rank and states[rank].cost >= IMPOSSIBLE):
            continue
        drawn = _drawn(bones, columns, states[rank], width, stretch)
        price = drawn.price(width) + rank + stretch
        if best is None or price < best[0]:
            best = (price, drawn)
        clean = not drawn.trouble and drawn.missing(width) <= _TOLERANCE
        if states[rank].cost >= IMPOSSIBLE or clean:
            break
    return None if best is None else best[1]


def _rows(bones: Skeleton) -> Floats:
    """Return the rows in which a user wants the nodes."""
    places = bones.settings.places or {}
    return np.array([places[name][1] for name in bones.names])


def _drawn(bones: Skeleton, columns: Ints, state: State, width: float, stretch: float) -> _Drawn:
    """Draw a state; narrow the columns until arcs at the sides fit the page."""
    inner = width - 2 * PAGE_MARGIN
    target = inner
    before = float("inf")
    for _ in range(_SQUEEZES + 1):
        drawing = _drawing(bones, _problem(bones, columns, target, stretch), state)
        bounds = drawing.bounds()
        over = bounds.right - bounds.left - inner
        if over <= 0.0 or over > before - _TOLERANCE:
            break
        before = over
        target -= over + _TOLERANCE
    scene = finished(drawing, width, bones.graph.note, bones.graph.title)
    return _Drawn(drawing, scene, float(sum(conflicts(scene).values())))


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
    drawn = {(route.edge.source, route.edge.target) for route in drawing.routes}
    directed = [edge for edge in bones.graph.edges if edge.kind != "covariance"]
    add_paths(drawing, [e for e in directed if (e.source, e.target) not in drawn])
    add_covariances(drawing, bones.edges("covariance"))
    add_item_arcs(drawing, _item_covariances(bones), sides)
    add_disturbances(drawing)
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
