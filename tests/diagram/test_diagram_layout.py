"""Figures of many model shapes: nothing overlaps, all can be read, the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from diagram_models import GRAPHS, LABELS, buyer_trust, chain, correlated, parameter, structure

from trustsem.diagram import Edge, Node, PathGraph, draw, graph_from_parameters
from trustsem.diagram.placement import columns_by_path, folded, strong_parts
from trustsem.errors import UnknownOptionError

TROUBLES = ("node_overlaps", "label_overlaps", "label_edge_hits", "edge_node_hits", "outside")


@pytest.fixture(scope="module")
def figures():
    return {name: draw(make()) for name, make in GRAPHS.items()}


@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_overlaps_and_no_label_is_hit(figures, name):
    metrics = figures[name].metrics()
    assert {key: metrics[key] for key in TROUBLES} == dict.fromkeys(TROUBLES, 0)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_figure_has_its_width_and_text_of_six_points(figures, name):
    metrics = figures[name].metrics()
    assert metrics["width_mm"] == 190.0
    assert metrics["min_font_pt"] >= 6.0
    assert not figures[name].findings


@pytest.mark.parametrize("name", GRAPHS)
def test_every_edge_and_node_of_the_graph_is_drawn(figures, name):
    figure = figures[name]
    kinds = [mark.kind for mark in figure.scene.marks]
    assert kinds.count("node") == len(figure.graph.nodes)
    drawn = sum(m.kind == "edge" and "residual" not in m.classes for m in figure.scene.marks)
    covariances = sum(edge.kind == "covariance" for edge in figure.graph.edges)
    assert drawn in {len(figure.graph.edges), len(figure.graph.edges) - covariances}


@pytest.mark.parametrize("width", ["140mm", "90mm"])
@pytest.mark.parametrize(
    "name",
    ["two mediators, full", "three constructs, measurement", "feedback loop", "long labels"],
)
def test_narrower_columns_of_a_journal_hold_small_models(name, width):
    metrics = draw(GRAPHS[name](), width).metrics()
    assert [metrics[key] for key in TROUBLES] == [0] * len(TROUBLES)
    assert metrics["width_mm"] == float(width.removesuffix("mm"))
    assert metrics["min_font_pt"] >= 6.0


def test_too_narrow_a_page_is_reported_and_text_is_not_shrunk():
    figure = draw(GRAPHS["six constructs, full"](), 90)
    (finding,) = figure.findings
    assert finding.code == "figure_too_wide"
    assert "would print at" in finding.claim
    assert 'view="structural"' in finding.remedy
    assert finding.value == pytest.approx(figure.metrics()["width_mm"])
    assert figure.metrics()["min_font_pt"] >= 6.0
    assert [figure.metrics()[key] for key in TROUBLES] == [0] * len(TROUBLES)


def test_too_tall_a_figure_is_reported():
    codes = [f.code for f in draw(GRAPHS["twelve constructs, sixty items"](), "90mm").findings]
    assert codes == ["figure_too_tall"]


@pytest.mark.parametrize("width", ["wide", -3, 0, "12cm", float("nan"), "1e9mm"])
def test_a_width_must_be_one(width):
    with pytest.raises(UnknownOptionError, match="figure width"):
        draw(GRAPHS["no paths"](), width)


def test_a_figure_of_the_published_size_is_laid_out_in_time():
    graph = graph_from_parameters(buyer_trust(), labels=LABELS, view="full")
    start = time.process_time()
    draw(graph)
    assert time.process_time() - start < 4.0, "about 1 s on a quiet machine"


def test_the_same_graph_gives_the_same_bytes_here_and_in_another_process():
    names = ["six constructs, full", "two waves, measurement", "feedback loop"]
    here = [draw(GRAPHS[name]()).svg() for name in names]
    assert here == [draw(GRAPHS[name]()).svg() for name in names]
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from diagram_models import GRAPHS\n"
        "from trustsem.diagram import draw\n"
        f"sys.stdout.buffer.write(chr(0).join(draw(GRAPHS[n]()).svg() for n in {names}).encode())\n"
    )
    for seed in ("1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode().split("\0") == here


def test_drawing_svg_loads_no_drawing_library():
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from diagram_models import GRAPHS\n"
        "from trustsem.diagram import draw\n"
        "draw(GRAPHS['chain of three']()).svg()\n"
        "sys.exit('matplotlib' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(Path(__file__).parent)], check=True)


def _centres(figure):
    return {
        dict(mark.data)["variable"]: mark.outline.center
        for mark in figure.scene.marks
        if mark.kind == "node"
    }


def test_causes_stand_left_of_their_effects(figures):
    place = _centres(figures["six constructs, hypotheses"])
    order = ["trust", "sharing", "interpretation", "satisfaction"]
    columns = [place[name][0] for name in order]
    assert columns == sorted(columns)
    assert place["interpretation"][0] == place["access"][0]
    assert place["satisfaction"][0] == place["performance"][0]


def test_constructs_of_a_column_keep_the_order_of_the_model(figures):
    place = _centres(figures["fan of six"])
    rows = [place[f"y{k}"][1] for k in range(6)]
    assert rows == sorted(rows)


def test_a_feedback_loop_shares_a_column():
    assert strong_parts(4, [(0, 1), (1, 2), (2, 1), (2, 3)]) == [0, 1, 1, 3]
    assert columns_by_path(4, [(0, 1), (1, 2), (2, 1), (2, 3)]).tolist() == [0, 1, 1, 2]


def test_a_larger_loop_is_opened_in_the_order_of_the_model():
    assert columns_by_path(3, [(0, 1), (1, 2), (2, 0)]).tolist() == [0, 1, 2]


def test_late_starts_stand_before_what_they_predict():
    edges = [(0, 1), (1, 2), (3, 2)]
    assert columns_by_path(4, edges).tolist() == [0, 1, 2, 0]
    assert columns_by_path(4, edges, late=[3]).tolist() == [0, 1, 2, 1]


def test_long_chains_are_folded():
    assert folded(np.arange(8), 4).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert folded(np.arange(3), 4).tolist() == [0, 1, 2]


def test_loading_labels_of_a_fan_stand_in_one_row(figures):
    figure = figures["six constructs, measurement"]
    edges = {m.id: dict(m.data) for m in figure.scene.marks if m.kind == "edge"}
    columns = {
        round(mark.texts[0].x, 1)
        for mark in figure.scene.marks
        if mark.kind == "label"
        and "loading" in mark.classes
        and edges[mark.owner]["source"] == "c01_"
    }
    assert len(columns) == 1


def test_up_to_six_constructs_have_arcs_and_more_have_a_triangle(figures):
    def arcs(figure):
        return sum("covariance" in m.classes for m in figure.scene.marks if m.kind == "edge")

    def triangles(figure):
        return [m for m in figure.scene.marks if m.id == "correlations"]

    six, twelve = (
        figures[name] for name in ("six constructs, measurement", "twelve constructs, sixty items")
    )
    assert (arcs(six), len(triangles(six))) == (15, 0)
    assert arcs(twelve) == 0
    (triangle,) = triangles(twelve)
    texts = [text.content for text in triangle.texts]
    assert sum(text.startswith(".") for text in texts) == 66


def test_each_end_of_an_arc_has_its_own_port(figures):
    ends = [
        point
        for mark in figures["six constructs, measurement"].scene.marks
        if mark.kind == "edge" and "covariance" in mark.classes
        for shape in mark.shapes[1:]
        for point in [shape.commands[0][1:]]
    ]
    assert len(set(ends)) == 30


def test_line_weights_follow_the_convention(figures):
    weights = {
        mark.classes.split()[1]: mark.shapes[0].pen.width
        for mark in figures["six constructs, full"].scene.marks
        if mark.kind == "edge"
    }
    assert weights == {"path": 1.4, "loading": 0.7, "covariance": 0.7, "residual": 0.5}


def test_paths_that_are_not_significant_are_dashed_and_grey(figures):
    marks = figures["six constructs, hypotheses"].scene.marks
    (mark,) = [m for m in marks if "nonsignificant" in m.classes]
    assert dict(mark.data) == {"source": "sharing", "target": "performance"}
    assert mark.shapes[0].pen.dash
    assert mark.shapes[0].pen.stroke == "#595959"
    (label,) = [m for m in marks if m.owner == mark.id]
    assert label.texts[0].content == "H9: .11"


def test_labels_stand_on_a_white_backing(figures):
    for mark in figures["six constructs, hypotheses"].scene.marks:
        if mark.kind == "label":
            backing, text = mark.shapes
            assert backing.pen.fill == "#ffffff"
            assert backing.x < text.box.left
            assert backing.x + backing.width > text.box.right


def test_residual_covariances_that_cannot_be_drawn_are_printed():
    table = structure([("x", "y"), ("x", "z"), ("y", "z")])
    table.loc[len(table)] = parameter("x1", "~~", "z3", 0.17)
    table.loc[len(table)] = parameter("y2", "~~", "x3", 0.21)
    figure = draw(graph_from_parameters(table, view="full"), 140)
    arcs = sum("covariance" in m.classes for m in figure.scene.marks if m.kind == "edge")
    note = " ".join(text.content for m in figure.scene.marks if m.id == "note" for text in m.texts)
    assert arcs + note.count("↔") == 2
    assert [figure.metrics()[key] for key in TROUBLES] == [0] * len(TROUBLES)


def test_chains_of_any_length_are_clean():
    for length in (2, 5, 12):
        metrics = draw(graph_from_parameters(structure(chain(length)))).metrics()
        assert [metrics[key] for key in TROUBLES] == [0] * len(TROUBLES)
        assert metrics["crossings"] == 0


def test_a_cross_loading_is_drawn_to_the_item_of_the_other_construct():
    table = correlated(3, 3)
    table.loc[len(table)] = parameter("c01_", "=~", "c03_3", 0.25)
    figure = draw(graph_from_parameters(table, view="measurement"))
    ends = [dict(m.data) for m in figure.scene.marks if m.kind == "edge"]
    assert {"source": "c01_", "target": "c03_3"} in ends
    assert figure.metrics()["node_overlaps"] == 0


def test_many_item_texts_make_their_boxes_wider():
    nodes = (Node("f", "construct", "F"), Node("i", "item", "The supplier keeps its promises"))
    figure = draw(PathGraph(nodes, (Edge("f", "i", "loading", ".80"),), view="measurement"))
    (box,) = [m for m in figure.scene.marks if m.kind == "node" and "item" in m.classes]
    assert all(
        box.outline.box.left < text.box.left and text.box.right < box.outline.box.right
        for text in box.texts
    )
    assert len(box.texts) > 1
