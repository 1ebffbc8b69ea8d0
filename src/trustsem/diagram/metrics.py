"""What can be counted about a finished figure: overlaps, hits, crossings, smallest text."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from trustsem.diagram.geometry import Box, lines_cross
from trustsem.diagram.page import MM_PER_POINT

if TYPE_CHECKING:
    from trustsem.diagram.scene import Mark, MarkKind, Scene


class Conflict(NamedTuple):
    """Two marks that disturb each other; a text that leaves the page has no second mark."""

    kind: str
    first: str
    second: str = ""


KINDS = ("node_overlaps", "label_overlaps", "label_edge_hits", "edge_node_hits", "outside")


def conflict_pairs(scene: Scene) -> list[Conflict]:
    """Find what must not happen in a figure.

    Parameters
    ----------
    scene : Scene
        The figure.

    Returns
    -------
    list of Conflict
        Of the kinds that :func:`conflicts` counts.
    """
    nodes = [(mark.id, _variable(mark), mark.outline) for mark in _marks(scene, "node")]
    labels = [(m.id, m.owner, text.box) for m in _marks(scene, "label") for text in m.texts]
    edges = [(mark.id, _ends(mark), mark.line) for mark in _marks(scene, "edge")]
    page = Box(0.0, 0.0, scene.width, scene.height)
    found = [
        Conflict("node_overlaps", a, b)
        for (a, _, one), (b, _, two) in combinations(nodes, 2)
        if one.overlaps(two)
    ]
    found += [
        Conflict("label_overlaps", a, b)
        for (a, _, one), (b, _, two) in combinations(labels, 2)
        if one.overlaps(two)
    ]
    found += [
        Conflict("label_overlaps", label, node)
        for node, _, outline in nodes
        for label, _, box in labels
        if outline.meets_box(box)
    ]
    found += [
        Conflict("label_edge_hits", label, edge)
        for edge, _, line in edges
        for label, owner, box in labels
        if owner != edge and box.is_hit_by(line)
    ]
    found += [
        Conflict("edge_node_hits", edge, node)
        for edge, joined, line in edges
        for node, variable, outline in nodes
        if variable not in joined and outline.is_hit_by(line)
    ]
    found += [
        Conflict("outside", mark.id)
        for mark in scene.marks
        for text in mark.texts
        for corner in ((text.box.left, text.box.top), (text.box.right, text.box.bottom))
        if not page.contains(corner)
    ]
    return found


def conflicts(scene: Scene) -> dict[str, int]:
    """Count what must not happen in a figure.

    Parameters
    ----------
    scene : Scene
        The figure.

    Returns
    -------
    dict
        ``node_overlaps`` pairs of nodes that overlap; ``label_overlaps`` pairs of a label and
        another label or node; ``label_edge_hits`` pairs of a label and a foreign edge through it;
        ``edge_node_hits`` edges through a foreign node; ``outside`` texts that leave the page.
    """
    counts = Counter(conflict.kind for conflict in conflict_pairs(scene))
    return {kind: counts[kind] for kind in KINDS}


def _variable(mark: Mark) -> tuple[str, str]:
    """Return the panel and the variable of a node."""
    facts = dict(mark.data)
    return facts.get("group", ""), facts["variable"]


def _ends(mark: Mark) -> set[tuple[str, str]]:
    """Return the panel and the variables that an edge joins."""
    facts = dict(mark.data)
    group = facts.pop("group", "")
    return {(group, variable) for variable in facts.values()}


def _marks(scene: Scene, kind: MarkKind) -> list[Mark]:
    """Return the marks of a kind."""
    return [mark for mark in scene.marks if mark.kind == kind]


def scene_metrics(scene: Scene) -> dict[str, float]:
    """Count what disturbs a reader; measure text and page.

    Parameters
    ----------
    scene : Scene
        The figure.

    Returns
    -------
    dict
        The counts of :func:`conflicts`; ``crossings`` pairs of edges that cross; ``min_font_pt``
        smallest font size in points; ``width_mm`` and ``height_mm``.
    """
    lines = [mark.line for mark in _marks(scene, "edge")]
    return {
        **conflicts(scene),
        "crossings": sum(lines_cross(a, b) for a, b in combinations(lines, 2)),
        "min_font_pt": min((t.size for mark in scene.marks for t in mark.texts), default=0.0),
        "width_mm": round(scene.width * MM_PER_POINT, 1),
        "height_mm": round(scene.height * MM_PER_POINT, 1),
    }
