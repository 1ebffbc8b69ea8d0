"""The ladder of invariance: lavaan's numbers, decisions, partial search, means and paths."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import THREE_CONSTRUCTS, holzinger
from reference_cases import SHARED, read_frame
from trustsem.results import compare_paths

WITH_PATHS = f"{THREE_CONSTRUCTS}\nspeed ~ visual + textual"
FULL = ("configural", "metric", "scalar", "strict", "means")


@pytest.fixture(scope="module")
def schools():
    return ts.invariance(THREE_CONSTRUCTS, holzinger(), "school")


def rows(table):
    return table.set_index("level")


def test_each_level_is_that_of_lavaan(schools):
    # lavaan 0.7-2, cases p121 to p124 and p126; gammaHat of semTools 0.5-6.
    levels = rows(schools.levels)
    expected = {
        "configural": (115.851344, 48, 0.923398, 0.096915, 0.067864, 0.9522964),
        "metric": (124.043544, 54, 0.920923, 0.092837, 0.071652, 0.9508309),
        "scalar": (164.102831, 60, 0.882472, 0.107371, 0.082447, 0.9286284),
        "scalar (partial)": (129.422480, 58, 0.919367, 0.090456, 0.072989, None),
    }
    for level, (chisq, df, cfi, rmsea, srmr, gamma_hat) in expected.items():
        row = levels.loc[level]
        assert row["chisq"] == pytest.approx(chisq, abs=1e-5)
        assert row["df"] == df
        assert row[["cfi", "rmsea", "srmr"]].tolist() == pytest.approx([cfi, rmsea, srmr], abs=1e-6)
        if gamma_hat:
            assert row["gamma_hat"] == pytest.approx(gamma_hat, abs=1e-6)
    assert levels.loc["metric", "mfi"] == pytest.approx(0.890, abs=5e-4)
    assert levels.loc["scalar", "chisq_diff"] == pytest.approx(40.0592867, abs=1e-5)
    assert levels.loc["scalar", "cfi_diff"] == pytest.approx(-0.0384516559, abs=1e-6)


def test_decisions_follow_the_rule_and_partial_levels_the_search(schools):
    assert schools.levels[["level", "decision"]].to_numpy().tolist() == [
        ["configural", "baseline"],
        ["metric", "accepted"],
        ["scalar", "rejected"],
        ["scalar (partial)", "accepted in part"],
        ["strict", "accepted in part"],
    ]
    assert schools.accepted == "strict"
    assert rows(schools.levels).loc["strict", "compared_with"] == "scalar (partial)"
    assert rows(schools.levels).loc["strict", "freed"] == "x3~~x3, x7~~x7, x3~1, x7~1"


def test_the_log_says_what_was_released_in_which_order_and_why(schools):
    log = schools.log
    freed = log[log["action"] == "freed"]
    assert freed["parameter"].tolist() == ["x3~1", "x7~1"]
    assert freed["step"].tolist() == [1, 2]
    assert freed["mi"].tolist() == pytest.approx([19.1925, 15.0171], abs=2e-2)
    assert freed["chisq_drop"].sum() == pytest.approx(164.102831 - 129.422480, abs=1e-4)
    assert log[log["action"] == "carried"]["parameter"].tolist() == ["x3~~x3", "x7~~x7"]
    codes = [item.subject for item in schools.findings if item.code == "invariance_freed"]
    assert codes == ["x3~1", "x7~1"]
    assert all(
        item.severity == "warning" for item in schools.findings if item.code == "invariance_freed"
    )


def test_means_of_constructs_are_compared_under_partial_scalar_invariance(schools):
    # lavaan 0.6-14: cfa(..., group.partial = c("x3~1", "x7~1")); lavTestLRT with textual ~ 0*1;
    # d := mean difference / pooled standard deviation, by delta method.
    means = schools.means.set_index("construct")
    assert means["difference"].tolist() == pytest.approx(
        [0.0508171508, 0.5763200385, -0.0714642126], rel=1e-4
    )
    assert means["se"].tolist() == pytest.approx(
        [0.1294233155, 0.1171844005, 0.0892938907], rel=1e-4
    )
    assert means.loc["textual", "d"] == pytest.approx(0.6161748473, rel=1e-4)
    assert means.loc["textual", "d_se"] == pytest.approx(0.1267287258, rel=1e-4)
    assert means.loc["textual", "chisq_diff"] == pytest.approx(23.8784463, abs=1e-3)
    assert set(means["reference"]) == {"Pasteur"}


@pytest.mark.parametrize("case", ["p140_hs_invariance", "p141_hs_invariance_mlm"])
def test_the_whole_ladder_can_be_had_without_stopping(case):
    estimator = {"p140_hs_invariance": "ML", "p141_hs_invariance_mlm": "MLM"}[case]
    result = ts.invariance(
        THREE_CONSTRUCTS, holzinger(), "school", FULL, partial=False, stop=False,
        estimator=estimator,
    )  # fmt: skip
    # lavaan 0.7-2: lavTestLRT(), method "satorra.bentler.2001" for MLM.
    differences = {
        "ML": [8.1922003, 40.0592867, 17.4085143, 39.8238566],
        "MLM": [7.1358872, 54.9332833, 16.4511882, 90.9646390],
    }[estimator]
    assert result.levels["chisq_diff"].iloc[1:].tolist() == pytest.approx(differences, rel=1e-4)
    assert result.levels["df_diff"].iloc[1:].tolist() == [6, 6, 9, 3]
    assert result.levels["decision"].tolist()[2:] == ["rejected", *["for the record"] * 2]
    assert result.accepted == "metric"
    assert result.means.empty


def test_the_further_reference_sequence_agrees_with_lavaan():
    path = SHARED / "cases" / "p142_sat_invariance.json"
    if not path.exists():
        pytest.skip("the further reference cases (../shared/reference) are absent")
    case = json.loads(path.read_text(encoding="utf-8"))
    first = case["models"][0]
    frame = read_frame(SHARED / "data" / case["data"]["file"], case["data"], first["model"])
    result = ts.invariance(first["model"], frame, "gender", FULL, estimator="MLR", stop=False)
    levels = rows(result.levels)
    for entry in case["comparisons"]:
        expected = entry["tests"]["satorra.bentler.2001"]
        row = levels.loc[entry["more_restricted"]]
        assert row["chisq_diff"] == pytest.approx(expected["chisq_diff"], rel=1e-4)
        assert row["pvalue_diff"] == pytest.approx(expected["p"], abs=1e-4)


def test_paths_are_compared_by_wald_and_by_chi_square():
    # lavaan 0.6-14: sem(..., group.equal = "loadings"); lavTestLRT with the path equal; Wald.
    result = ts.invariance(WITH_PATHS, holzinger(), "school", ("configural", "metric"))
    path = result.paths[result.paths["predictor"] == "visual"]
    assert path["est"].tolist() == pytest.approx([0.1438051166, 0.4004027548], rel=1e-4)
    assert path["se"].tolist() == pytest.approx([0.0895472810, 0.1254278658], rel=1e-4)
    assert path["chisq_diff"].iloc[0] == pytest.approx(3.04706992, rel=1e-4)
    assert path["wald"].iloc[0] == pytest.approx(2.9853226715, rel=1e-4)
    found = [item for item in result.findings if item.code == "path_difference"]
    assert [item.subject for item in found] == ["visual -> speed", "textual -> speed"]
    assert not any(item.holds for item in found)


def test_paths_are_compared_with_scaled_tests_where_the_estimator_is_robust():
    table, findings = compare_paths(WITH_PATHS, holzinger(), "school", estimator="MLR")
    path = table[table["predictor"] == "visual"].iloc[0]
    assert path["chisq_diff"] == pytest.approx(3.95902124, rel=1e-4)
    assert path["wald"] == pytest.approx(3.1450410446, rel=1e-4)
    assert next(item for item in findings if item.subject == "visual -> speed").holds


def two_groups(shifted, seed=3, n_obs=400):
    """Draw three items of one construct in two groups; shifted items have other intercepts."""
    draw = np.random.default_rng(seed).normal
    construct = draw(size=n_obs)
    group = np.repeat(["first", "second"], n_obs // 2)
    items = {f"x{i}": construct + 0.7 * draw(size=n_obs) for i in (1, 2, 3)}
    frame = pd.DataFrame({**items, "group": group})
    for item, size in shifted.items():
        frame.loc[frame["group"] == "second", item] += size
    return frame


def test_each_construct_keeps_two_items_that_are_alike():
    result = ts.invariance(
        "f =~ x1 + x2 + x3", two_groups({"x2": 1.5, "x3": -1.5}), "group", criterion="chisq"
    )
    assert rows(result.levels).loc["scalar", "decision"] == "rejected"
    log = result.log
    assert (log["action"] == "freed").sum() == 1
    kept = log[log["action"] == "kept"]
    assert kept["reason"].str.contains("fewer than 2").all()
    assert len(kept)
    assert "strict" not in result.levels["level"].tolist()
    stopped = next(item for item in result.findings if item.code == "invariance_stopped")
    assert "strict" in stopped.claim


def test_without_a_search_a_level_that_fails_ends_the_ladder():
    frame = two_groups({"x2": 1.5})
    result = ts.invariance("f =~ x1 + x2 + x3", frame, "group", partial=False)
    assert result.accepted == "metric"
    assert result.log.empty
    partly = ts.invariance("f =~ x1 + x2 + x3", frame, "group")
    assert partly.log[partly.log["action"] == "freed"]["parameter"].tolist() == ["x2~1"]


def test_parameters_may_be_exempt_from_the_start():
    frame = two_groups({"x2": 1.5})
    result = ts.invariance("f =~ x1 + x2 + x3", frame, "group", group_partial=["x2~1"])
    assert rows(result.levels).loc["scalar", "decision"] == "accepted in part"
    assert result.log["action"].tolist()[:1] == ["given"]


def test_a_loading_that_differs_takes_its_intercept_along():
    frame = two_groups({})
    second = frame["group"] == "second"
    frame.loc[second, "x2"] = 2.5 * frame.loc[second, "x2"] + 1
    frame["x4"] = frame["x1"] + np.random.default_rng(8).normal(size=len(frame))
    result = ts.invariance("f =~ x1 + x2 + x3 + x4", frame, "group")
    log = result.log.set_index("parameter")
    assert log.loc["f=~x2", "action"] == "freed"
    assert log.loc["x2~1", "action"] == "carried"


@pytest.mark.parametrize(
    ("criterion", "decision"), [("cfi", "rejected"), ("chen", "rejected"), ("chisq", "rejected")]
)
def test_every_rule_rejects_what_is_plainly_not_alike(criterion, decision):
    result = ts.invariance(
        THREE_CONSTRUCTS, holzinger(), "school", criterion=criterion, partial=False
    )
    assert rows(result.levels).loc["scalar", "decision"] == decision


def test_three_groups_are_compared_pair_by_pair():
    frame = holzinger()
    frame["third"] = np.array(["a", "b", "c"])[np.arange(len(frame)) % 3]
    result = ts.invariance(THREE_CONSTRUCTS, frame, "third", ("configural", "metric", "scalar"))
    assert result.levels["df"].tolist() == [72, 84, 96]
    pairs = set(zip(result.means["reference"], result.means["group"], strict=True))
    assert pairs == {("a", "b"), ("a", "c"), ("b", "c")}
    assert set(result.means["df_diff"]) == {2.0}


def test_levels_of_the_structure_hold_variances_and_covariances_equal():
    result = ts.invariance(
        THREE_CONSTRUCTS, holzinger(), "school", ("configural", "metric", "structural"),
        partial=False,
    )  # fmt: skip
    assert rows(result.levels).loc["structural", "df_diff"] == 6


def test_unknown_levels_and_rules_are_refused_with_the_nearest():
    with pytest.raises(ts.TrustsemError, match="metric"):
        ts.invariance(THREE_CONSTRUCTS, holzinger(), "school", ("configural", "metrik"))
    with pytest.raises(ts.TrustsemError, match="chisq"):
        ts.invariance(THREE_CONSTRUCTS, holzinger(), "school", criterion="chisqu")
    with pytest.raises(ts.TrustsemError, match="group_equal"):
        ts.invariance(THREE_CONSTRUCTS, holzinger(), "school", group_equal="loadings")


def test_the_outcome_is_shown_as_text_and_as_html(schools):
    text, page = repr(schools), schools._repr_html_()
    for shown in (text, page):
        assert "Search for Partial Invariance" in shown
        assert "Differences of Construct Means" in shown
        assert "Grant-White" in shown


def test_thresholds_come_first_where_items_are_ordered():
    items = [f"x{i}" for i in range(1, 10)]
    cut = holzinger()
    cut[items] = cut[items].apply(lambda x: np.searchsorted(np.quantile(x, [0.3, 0.6, 0.85]), x))
    found = ts.invariance(THREE_CONSTRUCTS, cut, "school", ordered=True)
    assert found.levels["level"].tolist()[:3] == ["configural", "thresholds", "metric"]
    # Two thresholds of an item set its intercept and scale in the second group, as in a model
    # with groups of their own; a third one is a restriction.
    assert found.levels["df"].tolist()[:3] == [48, 57, 63]
    assert found.levels.loc[1, "decision"] in {"accepted", "rejected"}
    theta = ts.invariance(
        THREE_CONSTRUCTS, cut, "school", ordered=True, parameterization="theta", stop=False
    )
    assert theta.levels["level"].iloc[-1] == "strict"
