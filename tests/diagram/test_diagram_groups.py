"""Several groups in one figure: the same places, the numbers of each, what differs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from diagram_models import TABLES, structure

import trustsem as ts
from trustsem.diagram import differences, draw, graph_from_parameters, graphs_from_parameters
from trustsem.errors import SpecificationError, UnknownOptionError
from trustsem.survey import data_path

TROUBLES = ("node_overlaps", "label_overlaps", "label_edge_hits", "edge_node_hits", "outside")
MEDIATION = "m =~ m1 + m2 + m3\nx =~ x1 + x2 + x3\ny =~ y1 + y2 + y3\nm ~ x\ny ~ m"


def _tables(name, count):
    """Return a model's table for several groups, with other numbers in each."""
    table, options = TABLES[name]()
    groups = []
    for number in range(1, count + 1):
        copy = table.copy()
        copy["group"] = number
        copy["std_all"] = (copy["std_all"] * (1 - 0.13 * (number - 1))).round(3)
        groups.append(copy)
    return pd.concat(groups, ignore_index=True), options


def _graphs(name, count, view="structural", **more):
    table, options = _tables(name, count)
    labels = [f"Group {number}" for number in range(1, count + 1)]
    return graphs_from_parameters(table, labels, view=view, **options, **more)


def _panels(figure):
    """Return by group the marks of its panel."""
    panels = {}
    for mark in figure.scene.marks:
        group = dict(mark.data).get("group")
        if group:
            panels.setdefault(group, []).append(mark)
    return panels


def _clean(figure):
    metrics = figure.metrics()
    assert [metrics[key] for key in TROUBLES] == [0] * len(TROUBLES)
    assert metrics["min_font_pt"] >= 6.0


@pytest.mark.parametrize("view", ["structural", "full", "measurement", "conceptual"])
@pytest.mark.parametrize("name", ["mediation", "two waves", "six correlated", "controls"])
def test_panels_have_the_same_places_and_do_not_touch(name, view):
    figure = draw(_graphs(name, 2, view))
    _clean(figure)
    assert figure.metrics()["width_mm"] == 190.0
    first, second = (
        {dict(m.data)["variable"]: m.outline for m in marks if m.kind == "node"}
        for marks in _panels(figure).values()
    )
    assert first.keys() == second.keys()
    shifts = {
        (round(second[k].x - first[k].x, 2), round(second[k].y - first[k].y, 2)) for k in first
    }
    assert len(shifts) == 1


def test_panels_stand_beside_each_other_where_the_page_allows():
    across, down = draw(_graphs("mediation", 2), 190), draw(_graphs("mediation", 2), 60)
    for figure, index in ((across, 0), (down, 1)):
        _clean(figure)
        one, two = (
            next(m.outline.center for m in marks if m.kind == "node")
            for marks in _panels(figure).values()
        )
        assert one[index] < two[index]
        assert one[1 - index] == pytest.approx(two[1 - index], abs=0.01)


@pytest.mark.parametrize("count", [3, 4])
def test_more_groups_make_more_panels(count):
    figure = draw(_graphs("mediation", count))
    _clean(figure)
    assert len(_panels(figure)) == count
    assert repr(figure).startswith(f"Diagram(view='structural', {count} groups, 4 nodes")


def test_every_panel_has_its_label_and_its_numbers():
    graphs = _graphs("mediation", 2)
    figure = draw(graphs)
    for label, marks in _panels(figure).items():
        printed = [t.content for m in marks if m.kind == "label" for t in m.texts]
        assert sorted(printed) == sorted(edge.text for edge in graphs[label].edges)
    titles = [m.texts[0] for m in figure.scene.marks if m.classes == "label group"]
    assert [text.content for text in titles] == ["Group 1", "Group 2"]
    assert all(text.bold for text in titles)


def test_notes_that_hold_for_one_group_name_it():
    figure = draw(_graphs("controls", 2))
    note = " ".join(t.content for m in figure.scene.marks if m.id == "note" for t in m.texts)
    assert note.count("Standardized estimates.") == 1
    assert note.index("Group 1: Controls: age") < note.index("Group 2: Controls: age")


def test_a_path_that_one_group_lacks_is_missing_in_its_panel_only():
    table, _ = _tables("mediation", 2)
    absent = (table.group == 2) & (table.op == "~") & (table.lhs == "y") & (table.rhs == "x")
    table.loc[absent, ["free", "est", "std_all"]] = [0, 0.0, 0.0]
    figure = draw(graphs_from_parameters(table, ["a", "b"]))
    counts = [sum(m.kind == "edge" for m in marks) for marks in _panels(figure).values()]
    assert counts == [5, 4]


def test_the_legend_explains_what_any_group_shows():
    table, _ = _tables("mediation", 2)
    table.loc[table.op == "~", "pvalue"] = 0.5
    table.loc[(table.op == "~") & (table.group == 2), "pvalue"] = 0.001
    graphs = graphs_from_parameters(table, ["a", "b"])
    assert graphs["a"].note == graphs["b"].note
    assert "dashed grey" in graphs["a"].note
    assert "**" in graphs["a"].note


def test_ids_are_unique_and_tooltips_name_the_group():
    figure = draw(_graphs("mediation", 2))
    ids = [mark.id for mark in figure.scene.marks]
    assert len(set(ids)) == len(ids)
    tips = [m.tooltip for m in figure.scene.marks if m.id == "g2-edge-1"]
    assert tips[0].startswith("Group 2: ")
    assert figure.scene.description.count("Variables: ") == 2
    assert figure.dot().count("subgraph cluster_") == 2
    assert figure.tikz().count("Group 2") == 1


def test_groups_must_show_the_same():
    one = graph_from_parameters(structure([("x", "y")]))
    two = graph_from_parameters(structure([("x", "y")]), view="full")
    with pytest.raises(SpecificationError, match="same view"):
        draw({"a": one, "b": two})
    with pytest.raises(SpecificationError, match="no group"):
        draw({})


# -- differences ---------------------------------------------------------------------------------


def test_estimates_that_differ_get_a_dagger():
    key = ("m1", "~", "x")
    graphs = _graphs("mediation", 2, differences={key: 0.01, ("m2", "~", "x"): 0.3})
    for graph in graphs.values():
        marked = [edge.target for edge in graph.edges if "†" in edge.text]
        assert marked == ["m1"]
        assert "† Unstandardized estimates differ" in graph.note
    assert "†" not in next(iter(_graphs("mediation", 2).values())).note


def test_the_difference_of_two_groups_is_a_critical_ratio():
    covariance = np.diag([0.04, 0.05])
    covariance[0, 1] = covariance[1, 0] = 0.01
    found = differences({("y", "~", "x"): [0, 1]}, np.array([0.9, 0.2]), covariance)
    ratio = 0.7 / np.sqrt(0.04 + 0.05 - 2 * 0.01)
    from scipy.stats import norm  # noqa: PLC0415  # the closed form

    assert found["y", "~", "x"] == pytest.approx(2 * norm.sf(ratio), rel=1e-12)


def test_equal_and_unsure_parameters_are_not_tested():
    spread = np.full((2, 2), 0.3)
    assert differences({("y", "~", "x"): [0, 1]}, np.array([1.0, 1.0]), spread) == {}
    assert differences({("y", "~", "x"): [0, 0]}, np.array([1.0]), np.eye(1)) == {}
    nothing = np.full((2, 2), np.nan)
    assert differences({("y", "~", "x"): [0, 1]}, np.array([1.0, 2.0]), nothing) == {}


def test_three_groups_are_tested_at_once_whatever_their_order():
    estimates, covariance = np.array([0.5, 0.1, -0.2]), np.diag([0.02, 0.03, 0.01])
    values = [
        differences({("y", "~", "x"): order}, estimates, covariance)["y", "~", "x"]
        for order in ([0, 1, 2], [2, 0, 1])
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-10)
    assert 0 < values[0] < 0.01


# -- results -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_groups():
    generator = np.random.default_rng(7)
    parts = []
    for group, slope in (("simple", 0.1), ("complex", 0.9)):
        x = generator.normal(size=200)
        m = slope * x + 0.8 * generator.normal(size=200)
        y = 0.5 * m + 0.8 * generator.normal(size=200)
        items = {
            f"{name}{k}": value + 0.6 * generator.normal(size=200)
            for name, value in {"x": x, "m": m, "y": y}.items()
            for k in (1, 2, 3)
        }
        parts.append(pd.DataFrame({**items, "goal": group}))
    return ts.sem(MEDIATION, pd.concat(parts, ignore_index=True), group="goal")


def test_a_result_of_two_groups_is_drawn_side_by_side(two_groups):
    figure = two_groups.draw()
    _clean(figure)
    assert list(figure.groups) == ["simple", "complex"]
    for graph in figure.groups.values():
        texts = {(e.source, e.target): e.text for e in graph.edges}
        assert "†" in texts["x", "m"]
        assert "†" not in texts["m", "y"]
    assert figure.groups["complex"].node("m").r2 == pytest.approx(two_groups.r2["complex"]["m"])


def test_one_group_is_drawn_by_label_or_number(two_groups):
    by_label, by_number = two_groups.draw(group="complex"), two_groups.draw(group=2)
    assert by_label.svg() == by_number.svg()
    assert by_label.groups is None
    assert by_label.graph.node("m").r2 == pytest.approx(two_groups.r2["complex"]["m"])
    assert "complex" in by_label.scene.title
    with pytest.raises(UnknownOptionError, match="Did you mean 'simple'"):
        two_groups.draw(group="simpel")
    with pytest.raises(UnknownOptionError, match="group"):
        two_groups.draw(group=3)


def test_settings_pass_through_a_result(two_groups):
    figure = two_groups.draw(
        "full",
        group="simple",
        labels={"x": "Trust"},
        decimals=3,
        colors="soft",
        residuals="none",
        layout=[["x", "", "y"], ["", "m", ""]],
        width=140,
    )
    _clean(figure)
    assert figure.metrics()["width_mm"] == 140.0
    assert figure.graph.node("x").label == "Trust"
    with pytest.raises(UnknownOptionError, match="Did you mean 'colors'"):
        two_groups.draw(colours="soft")
    with pytest.raises(UnknownOptionError, match="variable in 'labels' 'z'"):
        two_groups.draw(labels={"z": "Z"})


def test_differences_are_those_of_lavaan():
    model = (
        "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"
        "speed ~ visual + textual\ntextual ~ visual"
    )
    pupils = ts.sem(model, pd.read_csv(data_path("holzinger1939.csv")), group="school")
    found = pupils.draw(group=None).groups
    texts = {(e.source, e.target): e.text for e in next(iter(found.values())).edges}
    assert [ends for ends, text in texts.items() if "†" in text] == [("visual", "speed")]
    expected = {
        ("speed", "~", "visual"): 0.04662822769,
        ("speed", "~", "textual"): 0.430435704,
        ("textual", "~", "visual"): 0.2078299429,
    }  # lavaan 0.6-14, lavTestWald() of equal paths in the two schools
    tested = pupils._group_differences
    for key, pvalue in expected.items():
        assert tested[key] == pytest.approx(pvalue, rel=5e-4), "lavaan's optimiser stops earlier"
