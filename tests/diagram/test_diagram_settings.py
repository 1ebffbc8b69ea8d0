"""What users can set about a figure, and how mistakes are answered."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from diagram_models import LABELS, TABLES, buyer_trust, parameter, structure

from trustsem.diagram import draw, graph_from_parameters
from trustsem.diagram.look import Palette, contrast, ink, luminance
from trustsem.errors import SpecificationError, UnknownOptionError

TROUBLES = ("node_overlaps", "label_overlaps", "label_edge_hits", "edge_node_hits", "outside")
GRID = [
    ["", "", "interpretation", "satisfaction"],
    ["trust", "sharing", "", ""],
    ["", "", "access", "performance"],
]
TEXT = ". . interpretation satisfaction / trust sharing . . / . . access performance"
PLACES = {
    name: (column, row)
    for row, names in enumerate(GRID)
    for column, name in enumerate(names)
    if name
}


def _graph(view="structural", **options):
    return graph_from_parameters(buyer_trust(), labels=LABELS, view=view, **options)


def _centres(figure):
    return {
        dict(mark.data)["variable"]: mark.outline.center
        for mark in figure.scene.marks
        if mark.kind == "node"
    }


def _edges(figure, kind):
    return [m for m in figure.scene.marks if m.kind == "edge" and kind in m.classes.split()]


def _clean(figure):
    metrics = figure.metrics()
    assert [metrics[key] for key in TROUBLES] == [0] * len(TROUBLES)
    assert metrics["min_font_pt"] >= 6.0


# -- layout --------------------------------------------------------------------------------------


def test_a_grid_a_text_and_a_mapping_say_the_same():
    figures = [draw(_graph(), layout=layout).svg() for layout in (GRID, TEXT, PLACES)]
    assert figures[0] == figures[1] == figures[2]


@pytest.mark.parametrize("view", ["structural", "full", "measurement", "conceptual"])
def test_nodes_stand_where_the_layout_puts_them(view):
    figure = draw(_graph(view), layout=GRID)
    _clean(figure)
    place = _centres(figure)
    for first, (column, row) in PLACES.items():
        for second, (other, below) in PLACES.items():
            assert (place[first][0] < place[second][0]) == (column < other)
            assert (place[first][1] < place[second][1]) == (row < below)


def test_halves_and_any_origin_are_places_too():
    places = {name: (column - 3, row / 2 + 7) for name, (column, row) in PLACES.items()}
    places["sharing"] = (-1.5, 7.5)
    figure = draw(_graph(), layout=places)
    _clean(figure)
    place = _centres(figure)
    assert place["trust"][0] < place["sharing"][0] < place["access"][0]


def test_the_box_of_the_controls_has_a_place_of_its_own():
    table, options = TABLES["controls"]()
    graph = graph_from_parameters(table, **options)
    figure = draw(graph, layout="x . y / . m . / controls . .")
    _clean(figure)
    place = _centres(figure)
    assert place["controls of the model"][1] > place["m"][1] > place["x"][1]


@pytest.mark.parametrize(
    ("layout", "error", "message"),
    [
        ([["x", "yy"]], UnknownOptionError, "Unknown name in 'layout' 'yy'. Did you mean 'y'"),
        ([["x"]], SpecificationError, "no place for y"),
        ([["x", "y", "x"]], SpecificationError, "names 'x' twice"),
        ({"x": (0, 0), "y": (0, 0.2)}, SpecificationError, "in the same place"),
        ({"x": (0, 0), "y": "right"}, SpecificationError, "is 'right'"),
        ({"x": (0, 0), "y": (float("nan"), 1)}, SpecificationError, "pair of numbers"),
        ({"x": (0, 0), "y": (1, 2, 3)}, SpecificationError, "pair of numbers"),
        (["x", "y"], SpecificationError, "a grid of names"),
        (7, SpecificationError, "a grid of names"),
        ([], SpecificationError, "a grid of names"),
    ],
)
def test_a_layout_that_is_none_is_refused(layout, error, message):
    graph = graph_from_parameters(structure([("x", "y")]))
    with pytest.raises(error, match=re.escape(message)):
        draw(graph, layout=layout)


def test_columns_by_role_are_three_at_most():
    figure = draw(_graph(), columns="role")
    _clean(figure)
    across = {name: round(x) for name, (x, _) in _centres(figure).items()}
    assert len(set(across.values())) == 3
    assert across["sharing"] == across["interpretation"] == across["access"]
    with pytest.raises(UnknownOptionError, match="'columns'"):
        draw(_graph(), columns="roles")


# -- look ----------------------------------------------------------------------------------------


def test_figures_are_black_on_white_unless_asked():
    fills = {m.shapes[0].pen.fill for m in draw(_graph("full")).scene.marks if m.kind == "node"}
    assert fills == {"#ffffff"}


def test_soft_tints_tell_the_parts_of_constructs_and_survive_a_grey_print():
    figure = draw(_graph("full"), colors="soft")
    fill = {
        dict(m.data)["variable"]: m.shapes[0].pen.fill
        for m in figure.scene.marks
        if m.kind == "node"
    }
    assert fill["sharing"] == fill["access"] != fill["trust"]
    assert fill["satisfaction"] == fill["performance"] != fill["sharing"]
    tints = sorted(luminance(fill[name]) for name in ("trust", "sharing", "satisfaction"))
    assert all(contrast("#000000", tint) > 13 for tint in fill.values())
    assert tints[1] - tints[0] > 0.1


def test_colours_by_role_replace_those_of_the_palette():
    figure = draw(_graph(), colors={"construct": "#123", "path": "navy", "outcome": "white"})
    marks = {dict(m.data).get("variable"): m for m in figure.scene.marks if m.kind == "node"}
    assert marks["trust"].shapes[0].pen.fill == "#112233"
    assert marks["trust"].texts[0].color == "#ffffff", "black could not be read"
    assert marks["performance"].shapes[0].pen.fill == "#ffffff"
    assert _edges(figure, "path")[0].shapes[0].pen.stroke == "#000080"


def test_luminance_and_contrast_are_those_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert ink("#808080") == "#000000"
    assert ink("#000080") == "#ffffff"


def test_colours_that_readers_cannot_see_are_reported():
    figure = draw(_graph(), colors={"path": "#cccccc", "nonsignificant": "#888888"})
    found = [(f.code, f.subject, f.source) for f in figure.findings]
    assert found == [
        ("figure_low_contrast", "path", "wcag22"),
        ("figure_low_contrast", "nonsignificant", "wcag22"),
    ]
    assert not draw(_graph(), colors="soft").findings
    assert Palette().path == "#000000"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"colors": "sfot"}, "Did you mean 'soft'"),
        ({"colors": {"paths": "red"}}, "Did you mean 'path'"),
        ({"colors": {"path": "rde"}}, "Unknown colour 'rde'. Did you mean 'red'"),
        ({"colors": {"path": "#12345"}}, "Unknown colour"),
        ({"colors": 3}, "value of 'colors'"),
        ({"emphasis": "widht"}, "Did you mean 'width'"),
        ({"residuals": "circles"}, "Did you mean 'circle'"),
    ],
)
def test_unknown_settings_are_refused_with_a_suggestion(setting, message):
    with pytest.raises(UnknownOptionError, match=re.escape(message)):
        draw(_graph(), **setting)


def test_disturbances_are_on_or_off():
    with pytest.raises(SpecificationError, match="True or False"):
        draw(_graph(), disturbances="yes")


def test_widths_show_estimates_only_when_asked():
    plain = {m.shapes[0].pen.width for m in _edges(draw(_graph()), "path")}
    assert plain == {1.4}
    figure = draw(_graph("full"), emphasis="width")
    _clean(figure)
    width = {
        (facts["source"], facts["target"]): mark.shapes[0].pen.width
        for mark in _edges(figure, "path")
        for facts in [dict(mark.data)]
    }
    assert width["trust", "sharing"] == pytest.approx(0.5 + 2.5 * 0.54, abs=0.01)
    assert width["sharing", "performance"] == pytest.approx(0.5 + 2.5 * 0.11, abs=0.01)
    note = " ".join(t.content for m in figure.scene.marks if m.id == "note" for t in m.texts)
    assert "Line width grows" in note


def test_residuals_are_arrows_circles_or_nothing():
    arrows = draw(_graph("full"))
    assert len(_edges(arrows, "residual")) == 25
    nothing = draw(_graph("full"), residuals="none")
    assert not _edges(nothing, "residual")
    circles = draw(_graph("full"), residuals="circle")
    names = [
        mark.texts[0].content
        for mark in circles.scene.marks
        if mark.kind == "node" and "residual" in mark.classes.split()
    ]
    assert names == [f"e{k}" for k in range(1, 26)]
    for figure in (arrows, nothing, circles):
        _clean(figure)
    notes = [
        any("residual variances" in t.content for m in f.scene.marks for t in m.texts)
        for f in (arrows, nothing, circles)
    ]
    assert notes == [True, False, True]


@pytest.mark.parametrize("view", ["structural", "full"])
@pytest.mark.parametrize("residuals", ["arrow", "circle"])
def test_disturbances_are_drawn_on_request(view, residuals):
    plain = draw(_graph(view), residuals=residuals)
    figure = draw(_graph(view), residuals=residuals, disturbances=True)
    _clean(figure)
    more = len(_edges(figure, "residual")) - len(_edges(plain, "residual"))
    assert more == 5, "every construct but trust"
    texts = [t.content for m in figure.scene.marks if "residual" in m.classes for t in m.texts]
    assert {".71", ".54", ".76", ".69", ".60"} <= set(texts)


def test_second_order_constructs_explain_the_first_order():
    table, _ = TABLES["second order"]()
    rows = [parameter(name, "~~", name, 0.36) for name in "vts"]
    table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
    figure = draw(graph_from_parameters(table, view="measurement"), disturbances=True)
    _clean(figure)
    assert figure.graph.node("v").r2 == pytest.approx(0.64)
    assert len(_edges(figure, "residual")) == 9 + 3


# -- numbers -------------------------------------------------------------------------------------


def test_decimals_can_be_chosen():
    edge = next(e for e in _graph(decimals=3).edges if e.source == "trust")
    assert edge.label == ".540***"
    edge = next(e for e in _graph(decimals=1).edges if e.source == "trust")
    assert edge.label == ".5***"
    for wrong in (0, 5, 2.5, True, "2.0"):
        with pytest.raises(UnknownOptionError, match="number of decimals"):
            _graph(decimals=wrong)
