"""Groups and interactions of a study: from the study file to tables and report."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import trustsem as ts
from interaction_data import moderated
from kernel_models import holzinger
from trustsem.study import parse_study

PLAN = """
schema = 1
title = "Does distance moderate?"

[constructs.X]
label = "Buyer <trust>"
items = "x1:x3"
[constructs.Z]
label = "Goal"
items = "z1:z3"
[constructs.Y]
label = "Sharing"
items = "y1:y3"

[hypotheses]
H1 = "X -> Y"
H2 = "Z -> Y"

[groups]
by = "region"
levels = ["configural", "metric", "scalar"]

[interactions]
H3 = "X x Z -> Y"
H4 = { formula = "Z x X -> Y", products = "all" }

[run]
second_engine = false
"""


def answers():
    frame = moderated(300, 11)
    return frame.assign(region=["north", "south"] * 150)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "moderation.toml"
    return ts.two_step(parse_study(PLAN, path), answers())


def test_groups_are_those_of_the_function(result):
    model = "X =~ x1 + x2 + x3\nZ =~ z1 + z2 + z3\nY =~ y1 + y2 + y3"
    same = ts.invariance(model, answers(), "region", ("configural", "metric", "scalar"))
    pd.testing.assert_frame_equal(result.invariance.levels, same.levels)
    assert result.invariance.sizes == {"north": 150, "south": 150}


def test_paths_of_the_structural_model_are_compared_between_groups(result):
    paths = result.invariance.paths
    assert set(zip(paths["predictor"], paths["outcome"], strict=True)) == {("X", "Y"), ("Z", "Y")}
    found = [item.subject for item in result.findings if item.code == "path_difference"]
    assert found == ["X -> Y", "Z -> Y"]


def test_interactions_are_estimated_under_their_names(result):
    # lavaan 0.6-14 and semTools 0.5-6, see test_results_interaction.py.
    assert result.interactions["H3"].effects["est"].iloc[-1] == pytest.approx(0.148047100, rel=1e-4)
    assert result.interactions["H4"].effects["est"].iloc[-1] == pytest.approx(0.140843505, rel=1e-4)
    subjects = [item.subject for item in result.findings if item.code == "interaction"]
    assert subjects == ["H3: X x Z -> Y", "H4: Z x X -> Y"]


def test_the_report_has_a_section_for_each(result, tmp_path):
    folder = result.report(tmp_path / "report")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Groups of region" in page
    assert "Latent Interactions" in page
    assert "<trust>" not in page
    assert (folder / "figures" / "interaction-1.svg").exists()
    assert (folder / "tables" / "group-paths.csv").exists()
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["failures"] == []
    document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert document["interactions"]["H3"]["effects"][2]["term"] == "X_x_Z"
    assert [row["level"] for row in document["invariance"]["levels"]][:2] == [
        "configural",
        "metric",
    ]


def test_the_outcome_points_to_what_was_asked_for(result):
    assert ".invariance, .interactions" in repr(result)


def test_groups_carry_the_labels_of_their_codes():
    survey = ts.Survey.from_frame(holzinger().assign(school=[1.0, 2.0] * 150 + [1.0]))
    plan = ts.Study(
        title="Codes", constructs={"visual": "x1:x3", "speed": "x7:x9"},
        groups={"by": "school", "levels": ["configural", "metric"]}, run={"second_engine": False},
    )  # fmt: skip
    sizes = ts.two_step(plan, survey).invariance.sizes
    assert sizes == {"1": 151, "2": 150}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"groups": {"by": "x1"}}, "is an item"),
        ({"groups": {"by": "school", "levels": ["metrc"]}}, "no level of invariance"),
        ({"groups": {"by": "school", "criterion": "aic"}}, "criterion"),
        ({"groups": {"levels": ["metric"]}}, "groups.by: is required"),
        ({"interactions": {"H9": "visual x speed"}}, "cannot be read"),
        ({"interactions": {"H9": "visual x sped -> textual"}}, "Did you mean 'speed'"),
        ({"interactions": {"H9": {"formula": "a x b -> c", "products": "some"}}}, "products"),
    ],
)
def test_groups_and_interactions_that_cannot_be_are_refused(sections, said):
    with pytest.raises(ts.TrustsemError, match=said):
        ts.Study(
            title="Wrong",
            constructs={"visual": "x1:x3", "textual": "x4:x6", "speed": "x7:x9"},
            hypotheses=["visual -> textual"],
            **sections,
        )


def test_a_printed_matrix_has_neither_groups_nor_products():
    cov = holzinger()[[f"x{i}" for i in range(1, 7)]].cov()
    with pytest.raises(ts.TrustsemError, match="not from a printed matrix") as caught:
        ts.Study(
            title="Printed", constructs={"visual": "x1:x3", "textual": "x4:x6"},
            hypotheses=["visual -> textual"], moments={"matrix": cov, "n_obs": 301},
            groups={"by": "school"}, interactions={"H2": "visual x textual -> visual"},
        )  # fmt: skip
    assert "2 mistake" in str(caught.value) or "3 mistake" in str(caught.value)


def test_a_grouping_column_that_is_missing_is_named():
    plan = ts.Study(title="No column", constructs={"visual": "x1:x3"}, groups={"by": "scool"})
    with pytest.raises(ts.TrustsemError, match="scool"):
        ts.two_step(plan, holzinger())


def test_the_sections_survive_writing_and_reading(result):
    study = result.study
    again = parse_study(study.to_toml(), study.source)
    assert again == study
    assert again.groups.levels == ("configural", "metric", "scalar")
