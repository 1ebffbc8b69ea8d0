"""Several groups in one figure: panels with the same places, so that only numbers differ.

One layout is made for the widest numbers of all groups; every panel is that layout with the
numbers of its group.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from trustsem.diagram.drawing import (
    PAGE_MARGIN,
    Drawing,
    PlacedNode,
    Route,
    described,
    finished,
    look_remarks,
    moved,
    note_lines,
    r2_line,
    remarks,
)
from trustsem.diagram.graph import Edge, Node, PathGraph
from trustsem.diagram.metrics import conflicts
from trustsem.diagram.scene import Mark, Scene, Text
from trustsem.diagram.text import BOX_HEIGHT, printable, text_width, wrap
from trustsem.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from trustsem.diagram.paths import Fit

_BETWEEN, _BELOW = 14.0, 12.0
"""Distances of panels beside and below each other, in points."""
_UNDER_TITLE = 6.0
_ABOVE_NOTE = 9.0
_TOLERANCE = 0.5
_NARROWEST = 60.0
_TALLEST = 700.0
"""Height of a page, in points: as many panels stand beside each other as keep the figure on it."""


class Panels(NamedTuple):
    """A figure of several groups, and how many points it is too wide."""

    scene: Scene
    missing: float


def _key(edge: Edge) -> tuple[str, str, str]:
    """Return what an edge is in every group."""
    return edge.source, edge.target, edge.kind


def _widest(texts: Iterable[str]) -> str:
    """Return the text that prints widest."""
    return max(texts, key=lambda text: (text_width(text, 10.0), text))


def merged(graphs: Sequence[PathGraph]) -> PathGraph:
    """Return one graph with every node and edge of several, and their widest texts.

    Parameters
    ----------
    graphs : sequence of PathGraph
        The same model in several groups.

    Returns
    -------
    PathGraph
        For the layout; its numbers are those of no group.

    Raises
    ------
    SpecificationError
        If the groups show different views or different kinds of nodes.
    """
    if len({graph.view for graph in graphs}) > 1:
        raise SpecificationError("Groups side by side must be drawn in the same view.")
    nodes: dict[str, list[Node]] = {}
    edges: dict[tuple[str, str, str], list[Edge]] = {}
    for graph in graphs:
        for node in graph.nodes:
            nodes.setdefault(node.id, []).append(node)
        for edge in graph.edges:
            edges.setdefault(_key(edge), []).append(edge)
    if any(len({node.kind for node in same}) > 1 for same in nodes.values()):
        raise SpecificationError("A variable is drawn in different shapes in different groups.")
    return replace(
        graphs[0],
        nodes=tuple(_merged_node(same) for same in nodes.values()),
        edges=tuple(_merged_edge(same) for same in edges.values()),
        note="",
        remarks="",
    )


def _merged_node(same: Sequence[Node]) -> Node:
    """Return a node with its widest texts."""
    explained = [node.r2 for node in same if node.r2 is not None]
    return replace(
        same[0],
        label=_widest(node.label for node in same),
        r2=max(explained, key=lambda r2: text_width(r2_line(r2), 10.0)) if explained else None,
        residual=_widest(node.residual for node in same),
        disturbance=_widest(node.disturbance for node in same),
    )


def _merged_edge(same: Sequence[Edge]) -> Edge:
    """Return an edge with its widest text and heaviest line."""
    label = _widest(edge.label for edge in same)
    strengths = [abs(edge.strength) for edge in same if edge.strength is not None]
    return replace(same[0], label=label, strength=max(strengths, default=None))


def dressed(drawing: Drawing, graph: PathGraph) -> Drawing:
    """Return a drawing with the numbers of one group; what the group lacks is left out.

    Parameters
    ----------
    drawing : Drawing
        The layout of the merged graph.
    graph : PathGraph
        The group.

    Returns
    -------
    Drawing
        With every place as it was.
    """
    edges = {_key(edge): edge for edge in graph.edges}
    nodes = {node.id: node for node in graph.nodes}
    own = Drawing(drawing.style)
    for name, placed in drawing.nodes.items():
        if name in nodes:
            own.nodes[name] = PlacedNode(nodes[name], placed.outline, placed.lines, placed.size)
    for route in drawing.routes:
        edge = edges.get(_key(route.edge))
        if edge is not None:
            own.routes.append(
                Route(
                    edge, route.course, drawing.style.look.weight(edge), route.size, route.at,
                    route.fixed, route.silent,
                )
            )  # fmt: skip
    for residual in drawing.residuals:
        node = nodes.get(residual.item)
        text = (node.residual or node.disturbance) if node else ""
        if text:
            own.residuals.append(replace(residual, text=replace(residual.text, content=text)))
    own.undrawn = [edges[_key(edge)] for edge in drawing.undrawn if _key(edge) in edges]
    own.unshown = [name for name in drawing.unshown if name in nodes]
    if drawing.triangle:
        values = {
            pair: edges[_key(edge)]
            for pair, edge in drawing.triangle.edges.items()
            if _key(edge) in edges
        }
        own.triangle = replace(drawing.triangle, edges=values)
    return own


def lay_out_panels(
    graphs: Mapping[str, PathGraph],
    width: float,
    maker: Callable[[PathGraph, float], Fit],
) -> Panels:
    """Place the panels of several groups: beside each other if they fit, else in more rows.

    Parameters
    ----------
    graphs : mapping of str to PathGraph
        Graph by label of the group.
    width : float
        Width of the page, in points.
    maker : callable
        Lays out one graph on a width.

    Returns
    -------
    Panels
        Every panel has the same places; metrics hold for the whole.
    """
    whole = merged(list(graphs.values()))
    best: Panels | None = None
    for across in _numbers_across(len(graphs)):
        room = (width - (across - 1) * _BETWEEN) / across
        if room < _NARROWEST and across > 1:
            continue
        fit = maker(whole, room)
        panels = _combined(graphs, fit, room, width, across)
        fits = fit.missing <= _TOLERANCE and not sum(conflicts(panels.scene).values())
        if fits or across == 1:
            return panels if fits or best is None else min(best, panels, key=_shortfall)
        if best is None or _shortfall(panels) < _shortfall(best):
            best = panels
    raise AssertionError("one panel across is always tried")


def _numbers_across(count: int) -> list[int]:
    """Return how many panels may stand beside each other, without ragged rows where possible."""
    rows = sorted({-(-count // across) for across in range(1, count + 1)})
    return [-(-count // number) for number in rows]


def _shortfall(panels: Panels) -> float:
    """Price what is wrong with a figure."""
    return 100.0 * sum(conflicts(panels.scene).values()) + panels.missing


def _combined(
    graphs: Mapping[str, PathGraph], fit: Fit, room: float, width: float, across: int
) -> Panels:
    """Draw a panel for every group, and what they share below them."""
    size = fit.drawing.style.font
    room = max(room, fit.scene.width)
    page = max(width, across * room + (across - 1) * _BETWEEN)
    titles = {label: wrap(printable(label), size, room - 2 * PAGE_MARGIN) for label in graphs}
    tallest = max(len(lines) for lines in titles.values())
    head = tallest * BOX_HEIGHT * size + _UNDER_TITLE
    marks: list[Mark] = []
    said: list[str] = []
    look: list[str] = []
    top, step = 0.0, 0.0
    for number, (label, graph) in enumerate(graphs.items()):
        row, column = divmod(number, across)
        if not column and row:
            top += step + _BELOW
        left = column * (room + _BETWEEN)
        own = dressed(fit.drawing, graph)
        look = look or look_remarks(own)
        scene = _same_place(own, fit.drawing, room, graph.title)
        step = head + scene.height
        marks += _titled(titles[label], number, left + room / 2, top + PAGE_MARGIN, size)
        marks += [_of_group(moved(mark, left, top + head), number, label) for mark in scene.marks]
        own_notes = " ".join(filter(None, [graph.remarks.strip(), *remarks(own)]))
        if own_notes:
            said.append(f"{printable(label)}: {own_notes}")
    first = next(iter(graphs.values()))
    legend = first.note.replace(first.remarks, "") if first.remarks else first.note
    bottom = top + step
    note = " ".join(part.strip() for part in (legend, *look, *said) if part.strip())
    texts = note_lines(note, fit.drawing.style.minor, page, bottom + _ABOVE_NOTE - PAGE_MARGIN)
    if texts:
        marks.append(Mark("note", "note", "note", texts))
        bottom = texts[-1].y + texts[-1].size / 2 + 1.0 + PAGE_MARGIN
    scene = Scene(
        round(page, 2),
        round(bottom, 2),
        tuple(marks),
        first.title,
        _description(graphs, fit.drawing),
    )
    return Panels(scene, max(page - width, 0.0))


def _same_place(own: Drawing, layout: Drawing, room: float, title: str) -> Scene:
    """Return the scene of a group whose marks stand exactly where the layout has them."""
    return finished(own, room, "", title, bounds=layout.bounds(), annotated=False)


def _titled(lines: Sequence[str], number: int, x: float, top: float, size: float) -> list[Mark]:
    """Return the label of a group over its panel."""
    texts = tuple(
        Text(round(x, 3), round(top + BOX_HEIGHT * size * (k + 0.5), 3), line, size, bold=True)
        for k, line in enumerate(lines)
    )
    return [Mark(f"group-{number + 1}", "label", "label group", texts)]


def _of_group(mark: Mark, number: int, label: str) -> Mark:
    """Mark a thing as part of a group's panel."""
    owner = f"g{number + 1}-{mark.owner}" if mark.owner else ""
    data = (*mark.data, ("group", label))
    tooltip = f"{label}: {mark.tooltip}" if mark.tooltip else ""
    return replace(mark, id=f"g{number + 1}-{mark.id}", owner=owner, data=data, tooltip=tooltip)


def _description(graphs: Mapping[str, PathGraph], drawing: Drawing) -> str:
    """Say in words what the panels show."""
    return " ".join(
        f"Group {label}. {described(dressed(drawing, graph))}" for label, graph in graphs.items()
    )
