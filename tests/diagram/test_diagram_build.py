"""From a table of parameters to what a figure shows."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from diagram_models import HYPOTHESES, LABELS, buyer_trust, correlated, parameter, structure

from trustsem.diagram import Edge, Node, PathGraph, conceptual_graph, draw, graph_from_parameters
from trustsem.diagram.build import decimals, stars
from trustsem.errors import SpecificationError, UnknownOptionError

CASES = Path(__file__).parents[2].parent / "shared" / "reference" / "cases"
SHARED = ("p001", "p003", "p006", "p007", "p012", "p021", "p040", "p041")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.344, ".34"),
        (-0.5, "−.50"),
        (1.0, "1.00"),
        (-0.001, ".00"),
        (2.588, "2.59"),
        (0.999, "1.00"),
    ],
)
def test_standardized_numbers_have_two_decimals_and_no_leading_zero(value, text):
    assert decimals(value) == text


def test_other_numbers_keep_their_zero_and_missing_ones_are_empty():
    assert decimals(-0.344, bounded=False) == "−0.34"
    assert decimals(math.nan) == ""


def test_stars_follow_the_levels():
    assert [stars(p) for p in (0.0, 0.00099, 0.001, 0.0099, 0.049, 0.05, math.nan)] == [
        "***", "***", "**", "**", "*", "", "",
    ]  # fmt: skip


def test_the_structural_view_shows_paths_hypotheses_and_explained_variance():
    graph = graph_from_parameters(buyer_trust(), labels=LABELS, hypotheses=HYPOTHESES)
    assert [node.id for node in graph.nodes] == list(LABELS)
    assert graph.node("performance").r2 == pytest.approx(0.40)
    assert graph.node("trust").r2 is None
    texts = {edge.text: edge for edge in graph.edges}
    assert "H4: .42***" in texts
    assert not texts["H9: .11"].significant
    assert texts[".12*"].kind == "covariance"
    assert graph.note == (
        "Standardized estimates. Solid: p < .05; dashed grey: not significant. "
        "*\xa0p\xa0<\xa0.05, **\xa0p\xa0<\xa0.01, ***\xa0p\xa0<\xa0.001."
    )


def test_the_full_view_adds_items_loadings_and_residual_variances():
    graph = graph_from_parameters(buyer_trust(), view="full")
    assert sum(node.kind == "item" for node in graph.nodes) == 25
    assert graph.node("bt1").residual == ".47"
    assert graph.items["sharing"] == ("is1", "is2", "is3", "is4")
    loadings = [edge.label for edge in graph.edges if edge.kind == "loading"]
    assert loadings[:3] == [".73", ".69", ".63"]


def test_given_explained_variance_wins_over_the_table():
    graph = graph_from_parameters(buyer_trust(), r2=pd.Series({"sharing": 0.123}))
    assert graph.node("sharing").r2 == 0.123
    assert graph.node("access").r2 is None


def test_the_measurement_view_shows_correlations_and_no_paths():
    graph = graph_from_parameters(correlated(3, 3), view="measurement")
    kinds = [edge.kind for edge in graph.edges]
    assert (kinds.count("loading"), kinds.count("covariance"), kinds.count("path")) == (9, 3, 0)
    assert "Completely standardized" in graph.note


def test_unstandardized_estimates_mark_what_is_fixed():
    table = structure([("x", "y")])
    table.loc[0, ["free", "est", "pvalue"]] = [0, 1.0, math.nan]
    graph = graph_from_parameters(table, view="full", standardized=False)
    labels = [edge.label for edge in graph.edges]
    assert labels[0] == "0.41***"
    assert labels[1] == "1ᵃ"
    assert graph.note.endswith("ᵃ fixed.")
    assert "Unstandardized" in graph.note


def test_parameters_fixed_to_zero_are_no_part_of_the_figure():
    table = correlated(3, 3)
    table.loc[table.op.eq("~~") & (table.lhs != table.rhs), ["free", "est"]] = [0, 0.0]
    graph = graph_from_parameters(table, view="measurement")
    assert all(edge.kind == "loading" for edge in graph.edges)


def test_groups_are_drawn_one_at_a_time():
    first, second = structure([("x", "y")]), structure([("x", "y")])
    second["group"] = 2
    second.loc[second.op == "~", "std_all"] = 0.77
    table = pd.concat([first, second], ignore_index=True)
    labels = [graph_from_parameters(table, group=g).edges[0].label for g in (1, 2)]
    assert labels == [".41***", ".77***"]


def test_empty_cells_of_a_table_are_no_numbers():
    table = structure([("x", "y")]).astype(object)
    table.loc[0, ["se", "pvalue", "ci_lower", "ci_upper"]] = [None, pd.NA, math.nan, ""]
    table.loc[0, ["group", "free"]] = [math.nan, 0]
    graph = graph_from_parameters(table, view="full")
    assert graph.edges[1].tooltip == "x → x1: estimate 0.800, fixed, standardized 0.800"


def test_constructs_can_be_chosen_and_ordered():
    graph = graph_from_parameters(buyer_trust(), constructs=["access", "trust"])
    assert [node.id for node in graph.nodes] == ["access", "trust"]
    assert [(edge.source, edge.target) for edge in graph.edges] == [("trust", "access")]


def test_controls_share_one_box_and_their_numbers_go_into_the_note():
    table = structure([("x", "y")])
    table.loc[len(table)] = parameter("y", "~", "size", -0.12, 0.03)
    table.loc[len(table)] = parameter("y", "~", "age", 0.02, 0.6)
    graph = graph_from_parameters(table, controls=["size", "age"], labels={"size": "firm size"})
    (box,) = [node for node in graph.nodes if node.kind == "controls"]
    assert box.label == "Controls: firm size, age"
    assert "Controls: firm size → Y −.12*; age → Y .02.".replace("Y", "y") in graph.note


def test_covariances_that_would_cover_the_paths_are_left_out_and_said_so():
    graph = graph_from_parameters(correlated(5, 3))
    assert not [edge for edge in graph.edges if edge.kind == "covariance"]
    assert "10 covariances among constructs are estimated, not drawn." in graph.note


def test_observed_outcomes_are_boxes_with_explained_variance():
    table = structure([("x", "y")])
    table.loc[len(table)] = parameter("sales", "~", "y", 0.5)
    table.loc[len(table)] = parameter("sales", "~~", "sales", 0.75)
    node = graph_from_parameters(table).node("sales")
    assert (node.kind, node.r2) == ("observed", 0.25)


def test_hypotheses_are_drawn_before_any_data():
    graph = conceptual_graph(["x", "y"], {"x": "X"}, {("x", "y"): ("H1", "-"), ("z", "y"): "H2"})
    assert [edge.text for edge in graph.edges] == ["H1: (−)", "H2"]
    assert graph.node("z").kind == "observed"
    assert graph.note == "Hypothesized paths and their expected signs."
    assert conceptual_graph(["x"]).note == "Hypothesized paths."


def test_the_conceptual_view_of_results_hides_the_numbers():
    graph = graph_from_parameters(structure([("x", "y")]), view="conceptual")
    assert [edge.text for edge in graph.edges] == ["(+)"]
    assert all(node.r2 is None for node in graph.nodes)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(UnknownOptionError, match="structural"):
        graph_from_parameters(buyer_trust(), view="structual")
    with pytest.raises(SpecificationError, match="no column est"):
        graph_from_parameters(buyer_trust().drop(columns="est"))
    with pytest.raises(UnknownOptionError, match="Did you mean 'trust'"):
        graph_from_parameters(buyer_trust(), constructs=["trst"])
    with pytest.raises(SpecificationError, match="at least one"):
        PathGraph((), ())
    with pytest.raises(SpecificationError, match="twice"):
        PathGraph((Node("a", "item", "a"), Node("a", "item", "b")), ())
    with pytest.raises(SpecificationError, match="no node"):
        PathGraph((Node("a", "construct", "a"),), (Edge("a", "b", "path"),))
    with pytest.raises(SpecificationError, match="Unknown view"):
        PathGraph((Node("a", "construct", "a"),), (), view="sideways")


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("view", ["structural", "full", "measurement"])
def test_estimated_models_of_the_literature_give_clean_figures(name, view):
    if not CASES.is_dir():
        pytest.skip("the shared reference cases are not on this machine")
    case = json.loads(next(CASES.glob(f"{name}_*.json")).read_text(encoding="utf-8"))
    table = pd.DataFrame(case["parameters"]).rename(columns=lambda key: key.replace(".", "_"))
    figure = draw(graph_from_parameters(table, view=view))
    metrics = figure.metrics()
    assert metrics["width_mm"] == 190.0
    assert metrics["min_font_pt"] >= 6.0
    assert not figure.findings, "no overlaps, hits or oversize"


def test_covariances_of_observed_variables_are_arcs_too():
    rows = [parameter("y", "~", "a", 0.3), parameter("y", "~", "b", 0.2)]
    graph = graph_from_parameters(pd.DataFrame([*rows, parameter("a", "~~", "b", 0.4, 0.01)]))
    assert [(e.source, e.target) for e in graph.edges if e.kind == "covariance"] == [("a", "b")]


def test_free_means_of_constructs_stand_in_the_note():
    table = structure([("x", "y")])
    table.loc[len(table)] = parameter("x", "~1", "", 1.234)
    table.loc[len(table)] = parameter("y", "~1", "", 0.5, free=0)
    for view in ("structural", "full", "measurement"):
        note = graph_from_parameters(table, view=view).note
        assert "Means and intercepts of constructs, unstandardized: x 1.23***." in note
    assert "Means" not in graph_from_parameters(table, view="conceptual").note
