"""Decision trees: one figure for one tree, nothing on top of anything else."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from trustsem.diagram import TreeEdge, TreeGraph, TreeNode, draw_tree
from trustsem.errors import SpecificationError

SVG = "{http://www.w3.org/2000/svg}"
CLEAN = ("node_overlaps", "label_overlaps", "label_edge_hits", "edge_node_hits", "outside")


def tree(depth, label="not significant"):
    """Return a tree that forks at every place, its left branch taken."""
    nodes, edges = [TreeNode("n", ("Mt − Ms", "Δχ²(3) = 2.65", "p = .449"), taken=True)], []
    front = ["n"]
    for level in range(depth):
        following = []
        for name in front:
            for side in "lr":
                child = name + side
                taken = "r" not in child
                lines = (f"Place {child}", "next unconstrained alternative")
                nodes.append(TreeNode(child, lines, taken, final=level == depth - 1))
                edges.append(TreeEdge(name, child, label, taken))
                following.append(child)
        front = following
    return TreeGraph(tuple(nodes), tuple(edges), "A note. " * 30, "Tests: a study")


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("width", ["190mm", "140mm"])
def test_nothing_overlaps(depth, width):
    figure = draw_tree(tree(depth), width)
    measures = figure.metrics()
    assert [measures[name] for name in CLEAN] == [0] * len(CLEAN)
    assert measures["crossings"] == 0
    assert measures["min_font_pt"] >= 6


def test_a_page_that_is_too_narrow_is_a_finding():
    figure = draw_tree(tree(3), "90mm")
    assert [finding.code for finding in figure.findings] == ["figure_too_wide"]
    assert draw_tree(tree(2)).findings == ()


def test_the_branch_taken_is_heavy_and_the_decision_shaded():
    root = ET.fromstring(draw_tree(tree(1)).svg())  # noqa: S314  # own output
    classes = [group.get("class") for group in root.iter(f"{SVG}g")]
    assert classes.count("edge taken") == classes.count("label taken") == 1
    shaded = [box for box in root.iter(f"{SVG}rect") if box.get("fill") == "#e8e8e8"]
    assert len(shaded) == 1
    assert (
        "Branch taken: Mt − Ms, Δχ²(3) = 2.65, p = .449; then Place nl"
        in root.find(f"{SVG}desc").text
    )


def test_the_same_tree_gives_the_same_figure(tmp_path):
    first, second = draw_tree(tree(2)), draw_tree(tree(2))
    assert first.svg() == second.svg()
    for number, figure in enumerate((first, second)):
        figure.save(tmp_path / f"{number}.png", dpi=60)
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    assert (
        repr(first) == f"Diagram(view='tests', 7 nodes, 190 x {first.metrics()['height_mm']:g} mm)"
    )


def test_hostile_texts_stay_text():
    graph = tree(1)
    hostile = replace(graph.nodes[0], lines=("<script>x</script>\x07",))
    svg = draw_tree(replace(graph, nodes=(hostile, *graph.nodes[1:]))).svg()
    assert "<script>" not in svg
    ET.fromstring(svg)  # noqa: S314  # own output


def test_what_is_no_tree_is_refused():
    nodes = tuple(TreeNode(name, (name,)) for name in "abc")
    for edges in (
        (),
        (TreeEdge("a", "b"), TreeEdge("a", "b")),
        (TreeEdge("a", "b"), TreeEdge("z", "c")),
    ):
        with pytest.raises(SpecificationError, match="lead from its first node"):
            TreeGraph(nodes, edges)
