"""The common method battery of a study: lavaan's numbers, and what is said of them."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import trustsem as ts
from kernel_models import holzinger
from method_data import CONSTRUCTS, HYPOTHESES, MARKER, with_method
from reference_cases import SHARED, read_frame

# lavaan 0.6-14 on with_method(): cfa(std.lv = TRUE) for the marker sequence, cfa() for the factor.
MODELS = {
    "Measurement model": (53.4079267, 51),
    "CFA with marker": (78.1712416, 84),
    "Baseline": (121.9544090, 93),
    "Method-C": (77.9668627, 92),
    "Method-U": (73.9323492, 81),
    "Method-R": (80.6031659, 95),
    "Method-S (.05)": (81.7434421, 93),
}
RELIABILITY = [
    [0.9029583745, 0.8013293120, 0.1016290626],
    [0.8994449891, 0.7860294450, 0.1134155440],
    [0.8871306206, 0.7671858758, 0.1199447448],
]


def study(**sections):
    return ts.Study(
        title="Method",
        constructs=CONSTRUCTS,
        hypotheses=HYPOTHESES,
        run={"second_engine": False},
        **sections,
    )


@pytest.fixture(scope="module")
def result():
    return ts.two_step(study(bias={**MARKER, "method_factor": False}), with_method())


def with_factors(seed):
    """Run the battery's method factors on nine items of three constructs."""
    items = {name: f"{name.lower()}1:{name.lower()}3" for name in CONSTRUCTS}
    plan = ts.Study(
        title="Factors", constructs=items, hypotheses=HYPOTHESES, bias={},
        run={"second_engine": False},
    )  # fmt: skip
    return ts.two_step(plan, with_method(seed=seed))


@pytest.fixture(scope="module")
def factors():
    return with_factors(seed=3)


def models(result):
    return result.method.models.set_index("model")


def test_the_marker_sequence_is_that_of_lavaan(result):
    table = models(result)
    for name, (chisq, df) in MODELS.items():
        assert table.loc[name, "chisq"] == pytest.approx(chisq, abs=2e-4)
        assert table.loc[name, "df"] == df
    against = table["compared_with"].fillna("")
    assert against["Method-C"] == "Baseline"
    assert against["Method-U"] == "Method-C"
    assert against["Method-R"] == "Method-C"
    assert table.loc["Method-C", "chisq_diff"] == pytest.approx(121.9544090 - 77.9668627, abs=1e-3)


def test_step_one_shows_the_same_comparison(result):
    table = result.measurement.method_bias
    assert list(table.columns)[:7] == ["model", "chisq", "df", "pvalue", "cfi", "rmsea", "srmr"]
    assert table["model"].tolist() == result.method.models["model"].tolist()
    assert table["model"].iloc[0] == "Single common factor"


def test_variance_and_reliability_are_split_into_substance_and_method(result):
    split = result.method.variance.query("model == 'Method-C'")
    assert split[["trait", "method"]].mean().tolist() == pytest.approx(
        [0.59945824201, 0.08513505021], abs=1e-6
    )
    assert split[["trait", "method", "error"]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    parts = result.method.reliability[["total", "substantive", "method"]].to_numpy()
    assert parts == pytest.approx(np.array(RELIABILITY), abs=1e-6)


def test_correlations_stay_when_method_loadings_grow_within_their_error(result):
    phis = result.method.sensitivity.query("model == 'Method-S (.05)'")["phi"].tolist()
    assert phis == pytest.approx([0.5891718924, 0.3998877500, 0.5592068311], abs=1e-5)
    bias = next(item for item in result.method.findings if item.code == "marker_bias")
    assert bias.holds


def test_hypotheses_are_tested_again_with_the_marker_in_the_model(result):
    again = result.method.hypotheses.query("control == 'marker mk'")
    assert again["std_all_controlled"].tolist() == pytest.approx(
        [0.592414, 0.498772, 0.109219], abs=1e-3
    )
    assert again["std_all"].tolist() == result.structural.hypotheses["std_all"].tolist()
    assert not again["changed"].any()


def test_hypotheses_are_tested_again_with_a_method_factor(factors):
    # lavaan 0.6-14: sem() with a free method factor; paths A -> B, B -> C, A -> C.
    table = factors.method.hypotheses
    free = table[table["control"] == "method factor with free loadings"]
    assert free["std_all_controlled"].tolist() == pytest.approx(
        [0.39153498961, 0.34213342415, 0.06377322123], abs=1e-5
    )
    assert free["pvalue_controlled"].tolist() == pytest.approx(
        [0.007272920685, 0.068405357345, 0.722280013878], abs=1e-4
    )


def test_a_verdict_that_changes_is_marked(factors):
    table = factors.method.hypotheses.set_index(["control", "hypothesis"])["changed"]
    assert table["method factor with free loadings"].to_dict() == {
        "H1": False, "H2": True, "H3": True,
    }  # fmt: skip
    findings = [item for item in factors.findings if item.code == "method_hypotheses"]
    assert "H3 (no longer supported)" in findings[0].claim
    assert {item.severity for item in findings} == {"warning"}
    assert "The verdict changes." in repr(factors.method)


def test_each_method_factor_is_tested_against_the_model_before_it(factors):
    table = models(factors)
    for name, df in (("Method factor, equal loadings", 1), ("Method factor, free loadings", 8)):
        row = table.loc[name]
        before = table.loc[row["compared_with"]]
        assert row["df"] == before["df"] - df
        assert row["chisq_diff"] == pytest.approx(before["chisq"] - row["chisq"], abs=1e-6)


def test_inadmissible_method_factors_are_reported_and_not_interpreted():
    found = with_factors(seed=2)
    names = ["Method factor, equal loadings", "Method factor, free loadings"]
    assert not models(found).loc[names, "admissible"].any()
    said = [item.subject for item in found.findings if item.code == "method_inadmissible"]
    assert said == names
    assert found.method.variance.empty
    assert found.method.hypotheses.empty


def test_correlations_of_scores_are_adjusted_for_the_marker(result):
    # Means of items: r(A, B), r(A, C), r(B, C); the marker's smallest correlation, with A.
    assert result.method.shared_correlation == pytest.approx(0.287512, abs=1e-6)
    table = result.method.correlations
    assert table["r"].tolist() == pytest.approx([0.579351, 0.429660, 0.556133], abs=1e-6)
    adjusted = (0.579351 - 0.287512) / (1 - 0.287512)
    assert table["r_adjusted"].iloc[0] == pytest.approx(adjusted, abs=1e-5)


def test_the_correlation_to_take_out_may_be_given():
    found = ts.two_step(
        study(bias={"method_factor": False, "marker_correlation": 0.5}), with_method()
    ).method
    assert found.shared_correlation == 0.5
    assert found.correlations["changed"].tolist() == [False, True, True]
    assert not next(item for item in found.findings if item.code == "marker_adjusted").holds
    assert found.hypotheses.empty
    assert found.models["model"].tolist() == ["Single common factor", "Measurement model"]


def test_a_marker_may_be_one_of_the_constructs():
    plan = ts.Study(
        title="Marker inside",
        constructs={**CONSTRUCTS, "mk": "mk1:mk3"},
        hypotheses=HYPOTHESES,
        bias={"marker": "mk", "method_factor": False},
        run={"second_engine": False},
    )
    table = models(ts.two_step(plan, with_method()))
    assert table.loc["Measurement model", "chisq"] == pytest.approx(78.1712416, abs=1e-4)
    assert table.loc["Method-R", "chisq"] == pytest.approx(80.6031659, abs=2e-4)


def test_without_the_section_nothing_more_is_done():
    found = ts.two_step(study(), with_method())
    assert found.method is None
    assert found.invariance is None
    assert found.interactions is None


def test_a_measurement_study_has_no_hypotheses_to_test_again():
    plan = ts.Study(
        title="Measurement", constructs={"visual": "x1:x3", "textual": "x4:x6", "speed": "x7:x9"},
        bias={"method_factor": False}, run={"second_engine": False},
    )  # fmt: skip
    found = ts.two_step(plan, holzinger()).method
    assert found.hypotheses.empty
    assert len(found.correlations) == 3


@pytest.mark.parametrize("case", ["p160", "p163", "p164", "p165"])
def test_method_models_agree_with_the_reference_cases(case):
    paths = sorted((SHARED / "cases").glob(f"{case}_*.json"))
    if not paths:
        pytest.skip("the further reference cases (../shared/reference) are absent")
    raw = json.loads(paths[0].read_text(encoding="utf-8"))
    measured = {
        name.strip(): items
        for name, items in re.findall(r"^\s*(\w+) =~ (.*)$", raw["model"], re.MULTILINE)
    }
    frame = read_frame(SHARED / "data" / raw["data"]["file"], raw["data"], raw["model"])
    options = {key.replace(".", "_"): value for key, value in raw["call"]["args"].items()}
    if "CLF" in measured:
        del measured["CLF"]
        constructs = {name: items.split(" + ") for name, items in measured.items()}
        row = "Method factor, equal loadings"
    else:
        items = measured["M"].split(" + ")
        constructs = {"first": items[:3], "rest": items[3:]}
        row = "Single common factor"
    plan = ts.Study(
        title=case, constructs=constructs, bias={"method_factor": row.startswith("Method")},
        run={"second_engine": False}, **options,
    )  # fmt: skip
    table = models(ts.two_step(plan, frame))
    for key in ("chisq", "df", "cfi", "rmsea", "srmr"):
        assert table.loc[row, key] == pytest.approx(raw["fit"][key], rel=1e-6, abs=1e-5)


@pytest.mark.parametrize(
    ("bias", "said"),
    [
        ({"marker": "mkk"}, "no construct of this study"),
        ({"marker": "A"}, "takes part in a hypothesis"),
        ({"marker": "mk", "marker_items": "a1:a2"}, "already an item"),
        ({"marker_items": "mk1:mk3"}, "need the marker's name"),
        ({"marker_correlation": 1.2}, "marker_correlation"),
        ({"markr": "mk"}, "Did you mean 'marker'"),
    ],
)
def test_a_battery_that_cannot_be_is_refused(bias, said):
    with pytest.raises(ts.TrustsemError, match=said):
        study(bias=bias)


def test_the_section_survives_writing_and_reading():
    plan = study(bias={})
    assert "[bias]" in plan.to_toml()
    again = study(bias={"method_factor": True})
    assert again == plan
    assert plan.measurement_only().bias is not None


def test_the_battery_is_shown_as_text_and_as_html(result):
    for shown in (repr(result.method), result.method._repr_html_()):
        assert "Common Method Models" in shown
        assert "Howard" in shown
    assert ".method" in repr(result)
