"""The last resort of a layout: what cannot be drawn clearly is printed in the note instead.

Structural paths are always drawn, if need be on another course; covariances, loadings on foreign
items and numbers may move.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from trustsem.diagram.drawing import Drawing, Route, finished, place_labels
from trustsem.diagram.metrics import Conflict, conflict_pairs
from trustsem.diagram.routing import led_round

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.diagram.graph import Edge

_ROUNDS = 40


def rescued(drawing: Drawing, width: float) -> int:
    """Move edges and labels that remain in conflict to the note.

    Parameters
    ----------
    drawing : Drawing
        With all labels placed; is changed.
    width : float
        Width of the page, in points.

    Returns
    -------
    int
        How many edges and labels were moved.
    """
    before = _moved(drawing)
    tried: set[Edge] = set()
    for _ in range(_ROUNDS):
        pairs = conflict_pairs(finished(drawing, width, "", ""))
        if not (
            _lead_round(drawing, pairs, tried)
            or _drop_edge(drawing, pairs)
            or _drop_label(drawing, pairs)
            or _drop_residual(drawing, pairs)
        ):
            break
        place_labels(drawing)
    return _moved(drawing) - before


def _moved(drawing: Drawing) -> int:
    """Count what stands in the note."""
    silent = sum(route.silent for route in drawing.routes)
    return len(drawing.undrawn) + len(drawing.unshown) + silent


def _lead_round(drawing: Drawing, pairs: Sequence[Conflict], tried: set[Edge]) -> bool:
    """Give a path that runs into something another course; tell whether there was one."""
    edges = _routes(drawing, "edge")
    for pair in pairs:
        name = pair.first if pair.kind == "edge_node_hits" else pair.second
        route = edges.get(name) if pair.kind in {"edge_node_hits", "label_edge_hits"} else None
        if route is not None and route.edge.kind == "path" and route.edge not in tried:
            tried.add(route.edge)
            if led_round(drawing, route):
                return True
    return False


def _drop_residual(drawing: Drawing, pairs: Sequence[Conflict]) -> bool:
    """Move the residual variance that is in most conflicts; tell whether there was one."""
    numbers = {f"residual-{k}": residual for k, residual in enumerate(drawing.residuals, 1)}
    worst: Counter[str] = Counter()
    for pair in pairs:
        for mark in (pair.first, pair.second):
            name = mark.removesuffix("-circle").removesuffix("-label")
            if name in numbers:
                worst[name] += 1
    for name, _ in worst.most_common(1):
        drawing.residuals = [r for r in drawing.residuals if r is not numbers[name]]
        drawing.unshown.append(numbers[name].item)
        return True
    return False


def _routes(drawing: Drawing, prefix: str) -> dict[str, Route]:
    """Return the routes by the ids of their marks."""
    return {f"{prefix}-{number}": route for number, route in enumerate(drawing.routes, 1)}


def _drop_edge(drawing: Drawing, pairs: Sequence[Conflict]) -> bool:
    """Move the covariance or foreign loading that disturbs most; tell whether there was one."""
    edges, labels = _routes(drawing, "edge"), _routes(drawing, "label")
    worst: Counter[str] = Counter()
    for pair in pairs:
        name = pair.first if pair.kind == "edge_node_hits" else pair.second
        fixed = pair.first not in labels or labels[pair.first].fixed
        if pair.kind == "edge_node_hits" or (pair.kind == "label_edge_hits" and fixed):
            route = edges.get(name)
            if route is not None and not route.fixed and route.edge.kind != "path":
                worst[name] += 1
    for name, _ in worst.most_common(1):
        route = edges[name]
        if _joins_constructs(drawing, route):
            return False
        drawing.routes = [other for other in drawing.routes if other is not route]
        drawing.undrawn.append(route.edge)
        return True
    return False


def _joins_constructs(drawing: Drawing, route: Route) -> bool:
    """Tell whether an edge is the loading of a construct, without which it would hang loose."""
    target = drawing.nodes[route.edge.target].node
    return route.edge.kind == "loading" and target.kind == "construct"


def _drop_label(drawing: Drawing, pairs: Sequence[Conflict]) -> bool:
    """Move the label that is in most conflicts, free ones first; tell whether there was one."""
    labels = _routes(drawing, "label")
    worst: Counter[str] = Counter()
    for pair in pairs:
        if pair.kind in {"label_overlaps", "label_edge_hits"}:
            worst.update(name for name in (pair.first, pair.second) if name in labels)
    if not worst:
        return False
    name = max(worst, key=lambda name: (not labels[name].fixed, worst[name]))
    labels[name].silent = True
    return True
