"""What can be counted about a finished figure: overlaps, hits, crossings, smallest text."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from trustsem.diagram.geometry import Box, lines_cross
from trustsem.diagram.page import MM_PER_POINT

if TYPE_CHECKING:
    from trustsem.diagram.scene import Mark, MarkKind, Scene


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
    nodes = [(dict(mark.data)["variable"], mark.outline) for mark in _marks(scene, "node")]
    labels = [(mark.owner, text.box) for mark in _marks(scene, "label") for text in mark.texts]
    lines = [(mark.id, mark.line) for mark in _marks(scene, "edge")]
    ends = [{value for _, value in mark.data} for mark in _marks(scene, "edge")]
    page = Box(0.0, 0.0, scene.width, scene.height)
    return {
        "node_overlaps": sum(a.overlaps(b) for (_, a), (_, b) in combinations(nodes, 2)),
        "label_overlaps": sum(a.overlaps(b) for (_, a), (_, b) in combinations(labels, 2))
        + sum(outline.meets_box(box) for _, outline in nodes for _, box in labels),
        "label_edge_hits": sum(
            owner != edge and box.is_hit_by(line) for edge, line in lines for owner, box in labels
        ),
        "edge_node_hits": sum(
            name not in joined and outline.is_hit_by(line)
            for (_, line), joined in zip(lines, ends, strict=True)
            for name, outline in nodes
        ),
        "outside": sum(
            not page.contains(corner)
            for mark in scene.marks
            for text in mark.texts
            for corner in ((text.box.left, text.box.top), (text.box.right, text.box.bottom))
        ),
    }


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
