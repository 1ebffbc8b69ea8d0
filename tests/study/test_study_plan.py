"""A study says the same from Python as from a file, and writes the models of both steps."""

from __future__ import annotations

import pickle
import re

import pytest

from trustsem.errors import PlanError
from trustsem.study import Study, load_study, reflective


@pytest.fixture
def study():
    return Study(
        title="Trust, sharing, performance",
        constructs={
            "trust": reflective("bt1:bt3", label="Buyer trust", reverse=("bt2",)),
            "sharing": "is1:is3",
            "performance": ["p1", "p2"],
        },
        hypotheses=["H1: trust -> sharing", "sharing -> performance (-)"],
        residual_covariances=[("is1", "p1")],
        covary=[("sharing", "performance")],
        controls={"size": ["performance"], "age": ["sharing"]},
        rivals={"direct": {"add": ["trust -> performance"], "remove": ["trust -> sharing"]}},
        scale=(1, 7),
        likelihood="wishart",
    )


def test_the_measurement_model_lists_constructs_and_residual_covariances(study):
    assert study.measurement_model() == (
        "trust =~ bt1 + bt2 + bt3\nsharing =~ is1 + is2 + is3\nperformance =~ p1 + p2\nis1 ~~ p1"
    )


def test_the_structural_model_adds_a_regression_per_outcome(study):
    added = study.structural_model().removeprefix(study.measurement_model()).splitlines()
    assert added == [
        "",
        "sharing ~ trust + age",
        "performance ~ sharing + size",
        "sharing ~~ performance",
        "size ~~ trust",
        "age ~~ trust",
        "size ~~ age",
    ]


def test_in_the_saturated_model_controls_covary_with_everything(study):
    added = study.saturated_model().removeprefix(study.measurement_model()).splitlines()
    assert "size ~~ performance" in added
    assert "age ~~ age" in added
    assert len(added) - 1 == 2 * 3 + 3


def test_a_rival_adds_and_removes_paths(study):
    assert study.rival_paths("direct") == (("sharing", "performance"), ("trust", "performance"))
    assert "performance ~ sharing + trust + size" in study.rival_model("direct")
    with pytest.raises(PlanError, match=r"no rival 'dirct'\. Did you mean 'direct'"):
        study.rival_model("dirct")


def test_hypotheses_without_a_name_are_numbered(study):
    names = [(h.name, h.path, h.sign) for h in study.hypotheses]
    assert names == [("H1", "trust -> sharing", "+"), ("H2", "sharing -> performance", "-")]


def test_a_study_of_measurement_only_has_no_structural_model():
    study = Study(title="Abilities", constructs={"visual": "x1:x3"})
    assert study.hypotheses == ()
    with pytest.raises(PlanError, match="has no hypotheses"):
        study.structural_model()


def test_a_study_can_do_without_its_hypotheses(study):
    alone = study.measurement_only()
    assert alone.measurement_model() == study.measurement_model()
    assert (alone.hypotheses, alone.covary, dict(alone.controls), dict(alone.rivals)) == (
        (),
        (),
        {},
        {},
    )
    assert alone.options == study.options
    assert alone.scales == study.scales


def test_all_mistakes_of_a_study_from_python_are_listed_at_once():
    with pytest.raises(PlanError) as caught:
        Study(
            title="Wrong",
            constructs={"a": "x1:x3", "b": reflective("x3:x5")},
            hypotheses=["a -> c"],
            estimator="PLS",
            foo=1,
        )
    text = str(caught.value)
    assert "4 mistake(s)" in text
    for part in ("model.foo: unknown key", "'x3' is already", "'c' is no construct", "'PLS'"):
        assert part in text


def test_a_table_is_given_to_the_run_and_not_to_the_study():
    with pytest.raises(PlanError, match=r"two_step\(study, data=table\)"):
        Study(title="T", constructs={"a": "x1:x3"}, data={"x1": [1, 2]})


def test_a_study_is_a_value(study):
    assert pickle.loads(pickle.dumps(study)) == study  # noqa: S301
    assert hash(study) == hash(pickle.loads(pickle.dumps(study)))  # noqa: S301
    with pytest.raises(AttributeError, match="not changed"):
        study.folder = "elsewhere"
    with pytest.raises(TypeError):
        study.constructs["other"] = None


def test_the_displays_show_constructs_and_hypotheses_and_escape_them(study):
    text = repr(study)
    assert re.search(r"trust +Buyer trust +bt1 bt2 bt3 +bt2", text)
    assert re.search(r"H2 +sharing -> performance +-", text)
    assert "0x" not in text
    hostile = Study(title="<script>", constructs={"a": reflective("a1:a3", label="<b>")})
    page = hostile._repr_html_()
    assert "<script>" not in page
    assert "&lt;b&gt;" in page


def test_the_brockman_plan_is_that_of_the_article():
    study = load_study("brockman2017")
    assert study.synthetic
    assert list(study.constructs) == [
        "trust", "sharing", "interpretation", "access", "satisfaction", "performance",
    ]  # fmt: skip
    assert study.reversed_items == ("bt4",)
    assert study.scales["mp4"] == (1, 7)
    assert study.options == {"likelihood": "wishart"}
    assert study.paths == (
        ("trust", "sharing"), ("trust", "interpretation"), ("trust", "access"),
        ("sharing", "interpretation"), ("sharing", "access"),
        ("sharing", "satisfaction"), ("interpretation", "satisfaction"), ("access", "satisfaction"),
        ("sharing", "performance"), ("interpretation", "performance"), ("access", "performance"),
    )  # fmt: skip
    assert {h.sign for h in study.hypotheses} == {"+"}
    assert list(study.published.claims) == [f"H{number}" for number in range(1, 12)]
    assert not any(
        character.isdigit() for claim in study.published.claims.values() for character in claim
    )
    assert study.published.values == ()


def test_printed_moments_become_options_of_the_estimation():
    options = load_study("wheaton1977").printed_options
    matrix = options["sample_cov"]
    assert options["sample_nobs"] == 932
    assert matrix.loc["sei", "anomia67"] == matrix.loc["anomia67", "sei"] == -21.899
    assert list(matrix.columns) == list(load_study("wheaton1977").items)
