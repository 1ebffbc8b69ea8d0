"""What can be counted about a finished figure: overlaps, hits, crossings, smallest text."""

from __future__ import annotations

from itertools import combinations

from trustsem.diagram.geometry import lines_cross
from trustsem.diagram.scene import Mark, Scene

MM_PER_POINT = 25.4 / 72


def scene_metrics(scene: Scene) -> dict[str, float]:
    """Count what disturbs a reader.

    Parameters
    ----------
    scene : Scene
        The figure.

    Returns
    -------
    dict
        ``node_overlaps`` pairs of nodes that overlap; ``label_overlaps`` pairs of a label and
        another label or node; ``label_edge_hits`` pairs of a label and a foreign edge through it;
        ``edge_node_hits`` edges through a foreign node; ``crossings`` pairs of edges that cross;
        ``outside`` texts that leave the page; ``min_font_pt``; ``width_mm`` and ``height_mm``.
    """
    nodes = [mark for mark in scene.marks if mark.kind == "node"]
    edges = [mark for mark in scene.marks if mark.kind == "edge"]
    labels = [mark for mark in scene.marks if mark.kind == "label"]
    texts = [text for mark in scene.marks for text in mark.texts]
    sizes = [text.size for text in texts]
    return {
        "node_overlaps": sum(a.outline.overlaps(b.outline) for a, b in combinations(nodes, 2)),
        "label_overlaps": _label_overlaps(labels, nodes),
        "label_edge_hits": _label_edge_hits(labels, edges),
        "edge_node_hits": _edge_node_hits(edges, nodes),
        "crossings": _crossings(edges),
        "outside": sum(
            text.box.left < 0
            or text.box.top < 0
            or text.box.right > scene.width
            or text.box.bottom > scene.height
            for text in texts
        ),
        "min_font_pt": min(sizes, default=0.0),
        "width_mm": round(scene.width * MM_PER_POINT, 1),
        "height_mm": round(scene.height * MM_PER_POINT, 1),
    }


def conflicts(metrics: dict[str, float]) -> int:
    """Return the number of overlaps and hits; crossings are no conflict."""
    counted = ("node_overlaps", "label_overlaps", "label_edge_hits", "edge_node_hits", "outside")
    return int(sum(metrics[name] for name in counted))


def _label_overlaps(labels: list[Mark], nodes: list[Mark]) -> int:
    """Count pairs of a label with another label or a node."""
    boxes = [text.box for mark in labels for text in mark.texts]
    among = sum(a.overlaps(b) for a, b in combinations(boxes, 2))
    return among + sum(node.outline.meets_box(box) for node in nodes for box in boxes)


def _label_edge_hits(labels: list[Mark], edges: list[Mark]) -> int:
    """Count foreign edges through labels."""
    return sum(
        text.box.is_hit_by(edge.line)
        for edge in edges
        for mark in labels
        if mark.owner != edge.id
        for text in mark.texts
    )


def _edge_node_hits(edges: list[Mark], nodes: list[Mark]) -> int:
    """Count edges through nodes that they do not join."""
    total = 0
    for edge in edges:
        ends = {value for _, value in edge.data}
        for node in nodes:
            if dict(node.data)["variable"] not in ends and node.outline.is_hit_by(edge.line):
                total += 1
    return total


def _crossings(edges: list[Mark]) -> int:
    """Count pairs of edges that cross."""
    return sum(lines_cross(a.line, b.line) for a, b in combinations(edges, 2))
