"""Step one in full: the dossier of every pair, local misfit, rivals, what a freed item would do."""

from __future__ import annotations

import json
from time import perf_counter

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from trustsem.findings import Finding, labelled
from trustsem.study import Study, load_study, two_step
from trustsem.survey import data_path
from trustsem.validity.discriminant import CUTOFFS, DIFFERENCE_COLUMNS, DISCRIMINANT_COLUMNS
from trustsem.validity.local_fit import MODIFICATION_COLUMNS

SATISFACTION = {
    "IMAG": "imag1:imag5", "EXPE": "expe1:expe5", "QUAL": "qual1:qual5", "VAL": "val1:val4",
    "SAT": "sat1:sat4", "LOY": "loy1:loy4",
}  # fmt: skip


@pytest.fixture(scope="module")
def holzinger():
    return two_step("holzinger1939")


@pytest.fixture(scope="module")
def bollen():
    return two_step("bollen1989")


@pytest.fixture(scope="module")
def wheaton():
    return two_step("wheaton1977")


def study(constructs: dict[str, str], **options) -> Study:
    return Study(
        title="Made for a test", constructs=constructs, run={"second_engine": False}, **options
    )


def with_code(findings: tuple[Finding, ...], code: str) -> list[Finding]:
    return [finding for finding in findings if finding.code == code]


# -- the dossier of pairs -------------------------------------------------------------------


def test_every_pair_is_tested_against_every_cutoff(holzinger) -> None:
    tests = holzinger.measurement.discriminant_tests
    assert tuple(tests.columns) == DIFFERENCE_COLUMNS
    by_pair = tests.set_index(["construct_a", "construct_b", "cutoff"])["chisq_diff"].unstack()  # noqa: PD010
    assert tuple(sorted(by_pair.columns, reverse=True)) == CUTOFFS
    # semTools 0.5-9.901, discriminantValidity
    assert by_pair.loc[("visual", "textual"), 0.9] == pytest.approx(66.9198724337, abs=1e-4)
    assert by_pair.loc[("visual", "speed"), 0.9] == pytest.approx(38.711778641, abs=1e-4)
    assert by_pair.loc[("textual", "speed"), 1.0] == pytest.approx(118.551, abs=6e-4)
    assert tests["distinct"].all()


def test_one_row_per_pair_holds_every_criterion(holzinger) -> None:
    table = holzinger.measurement.discriminant
    assert tuple(table.columns) == DISCRIMINANT_COLUMNS
    assert table["chisq_diff"].tolist() == pytest.approx([80.041, 59.865, 118.551], abs=6e-4)
    assert table["htmt_signed"].tolist() == pytest.approx([0.424323, 0.423542, 0.289568], abs=1e-6)
    assert table["htmt2"].tolist() == pytest.approx([0.384089, 0.386773, 0.279684], abs=1e-6)
    assert table["problem"].tolist() == table["problem_chisq"].tolist() == ["none"] * 3
    assert table["root_ave_a"].iloc[0] == pytest.approx(0.370983778018**0.5, abs=1e-6)
    assert table["holds"].all()


def test_an_estimate_beyond_a_cutoff_needs_no_model(bollen) -> None:
    tests = bollen.measurement.discriminant_tests
    beyond = tests[(tests["construct_a"] == "dem60") & (tests["cutoff"] < 0.96)]
    assert beyond["chisq_diff"].tolist() == [0.0] * 3
    assert beyond["pvalue"].tolist() == [1.0] * 3
    row = bollen.measurement.discriminant.iloc[-1]
    assert row["problem"] == row["problem_chisq"] == "severe"
    assert not row["chisq_difference"]


def test_a_negative_correlation_is_tested_against_the_negative_cutoff(wheaton) -> None:
    tests = wheaton.measurement.discriminant_tests
    pair = tests[(tests["construct_b"] == "ses") & (tests["cutoff"] == 0.9)].iloc[0]
    assert pair["phi"] < 0
    text = load_study("wheaton1977").measurement_model()
    inputs = {**load_study("wheaton1977").printed_options, "likelihood": "wishart", "std_lv": True}
    free = ts.cfa(text, **inputs)
    held = ts.cfa(f"{text}\n{pair['construct_a']} ~~ -0.9*ses", **inputs)
    expected = held.fit_measures["chisq"] - free.fit_measures["chisq"]
    assert pair["chisq_diff"] == pytest.approx(expected, rel=1e-6)


def test_holm_counts_the_pairs_of_one_cutoff(bollen) -> None:
    tests = bollen.measurement.discriminant_tests
    weak = tests[tests["cutoff"] == 0.8].set_index("construct_b")
    # p-values .0014, below .0001 and 1: the middle one of three counts twice
    middle = weak.loc["dem65"].iloc[0]
    assert middle["pvalue_holm"] == pytest.approx(2 * middle["pvalue"])
    assert middle["pvalue_one_sided"] == pytest.approx(middle["pvalue"] / 2)


def test_own_classes_are_tested_as_well() -> None:
    plan = load_study("holzinger1939").to_dict()
    strict = Study(
        title="Strict",
        constructs={name: entry["items"] for name, entry in plan["constructs"].items()},
        thresholds={"phi_marginal": 0.45},
        run={"second_engine": False},
    )
    result = two_step(strict, pd.read_csv(data_path("holzinger1939.csv")))
    assert 0.45 in set(result.measurement.discriminant_tests["cutoff"])
    assert result.measurement.discriminant["problem_chisq"].tolist() == [
        "marginal", "marginal", "none",
    ]  # fmt: skip


def test_robust_estimation_gives_scaled_differences() -> None:
    pupils = pd.read_csv(data_path("holzinger1939.csv"))
    result = two_step("holzinger1939", pupils, estimator="MLM")
    tests = result.measurement.discriminant_tests
    assert tests["method"].str.startswith("satorra.bentler").all()
    text = load_study("holzinger1939").measurement_model()
    free = ts.cfa(text, pupils, std_lv=True, estimator="MLM")
    held = ts.cfa(f"{text}\nvisual ~~ 1*textual", pupils, std_lv=True, estimator="MLM")
    expected = ts.compare(free, held).iloc[-1]
    assert tests["chisq_diff"].iloc[0] == pytest.approx(expected["chisq_diff"], rel=1e-6)
    assert tests["method"].iloc[0] == expected["method"]


@pytest.mark.parametrize("name", ["p170", "p172"])
def test_surveys_beside_the_project_give_lavaans_differences(shared_reference, name) -> None:
    (path,) = (shared_reference / "cases").glob(f"{name}_*.json")
    case = json.loads(path.read_text(encoding="utf-8"))
    lines = [line.split("=~") for line in case["models"][0]["model"].splitlines()]
    plan = study({lhs.strip(): rhs.replace("+", ",") for lhs, rhs in lines})
    data = pd.read_csv(shared_reference / "data" / case["data"]["file"])
    table = two_step(plan, data).measurement.discriminant
    found = {
        f"{a}_{b}": x
        for a, b, x in zip(
            table["construct_a"], table["construct_b"], table["chisq_diff"], strict=True
        )
    }
    for comparison in case["comparisons"]:
        expected = comparison["tests"]["default"]["chisq_diff"]
        assert found[comparison["more_restricted"]] == pytest.approx(expected, rel=1e-6, abs=1e-4)


def test_fifteen_pairs_and_four_cutoffs_take_no_time(shared_reference) -> None:
    data = pd.read_csv(shared_reference / "data" / "satisfaction.csv")
    case = json.loads(
        next((shared_reference / "cases").glob("p006_*.json")).read_text(encoding="utf-8")
    )
    plan = study(SATISFACTION)
    start = perf_counter()
    tests = two_step(plan, data).measurement.discriminant_tests
    assert perf_counter() - start < 20  # all of step one; about 2 s on a quiet machine
    assert len(tests) == 60
    found = tests.set_index(["construct_a", "construct_b", "cutoff"])["chisq_diff"]
    for cutoff in (1, 0.9, 0.85):
        for row in case["discriminant_validity"][f"cutoff_{cutoff}"]:
            expected = row["Chisq diff"]  # semTools: 0 where the estimate lies beyond the cutoff
            key = (row["lhs"], row["rhs"], cutoff)
            assert found[key] == pytest.approx(expected, rel=1e-6, abs=1e-4), key


# -- local misfit ---------------------------------------------------------------------------


def test_residuals_name_the_constructs_of_their_items(holzinger) -> None:
    table = holzinger.measurement.residuals
    assert len(table) == 36
    first = table.iloc[0]
    assert (first["item_a"], first["item_b"]) == ("x2", "x7")
    assert (first["construct_a"], first["construct_b"]) == ("visual", "speed")
    # lavaan 0.7-2, case p001: residual correlation and standardised residual
    assert first["residual"] == pytest.approx(-0.189184, abs=1e-5)
    assert table["residual"].abs().is_monotonic_decreasing


def test_left_out_parameters_are_judged_with_power(holzinger) -> None:
    table = holzinger.measurement.modifications
    assert tuple(table.columns) == MODIFICATION_COLUMNS
    assert len(table) == 18 + 36  # cross-loadings and residual covariances
    first = table.iloc[0]
    assert (first["lhs"], first["rhs"], first["decision"]) == ("visual", "x9", "EPC matters")
    assert first["mi"] == pytest.approx(36.411, abs=1e-3)
    decisions = table.set_index(["lhs", "op", "rhs"])["decision"]
    assert decisions["x7", "~~", "x8"] == "misspecified"
    assert decisions["visual", "=~", "x7"] == "EPC negligible"


def test_more_significant_indices_than_chance_allows_are_a_warning(holzinger, bollen) -> None:
    (summary,) = with_code(holzinger.measurement.findings, "misspecifications")
    assert summary.holds is False
    assert summary.severity == "warning"
    (fewer,) = with_code(bollen.measurement.findings, "misspecifications")
    assert fewer.holds
    assert fewer.severity == "note"


# -- rivals ---------------------------------------------------------------------------------


def test_rivals_run_from_merged_pairs_to_no_construct_at_all(holzinger) -> None:
    table = holzinger.measurement.rivals.set_index("model")
    assert table.index[0] == "Measurement model"
    assert table.index[1] == "Visual ability + Speed"  # the pair that correlates highest
    assert len(table) == 1 + 3 + 2
    # lavaan 0.7-2, case p001: baseline 918.852 with 36 df; one factor by cfa() of 0.6-14
    assert table.loc["No construct (null model)", "chisq"] == pytest.approx(918.851589, abs=1e-4)
    single = table.loc["One construct behind all items"]
    assert (single["chisq"], single["df"]) == pytest.approx((312.264, 27), abs=1e-3)
    assert single["chisq_diff"] == pytest.approx(single["chisq"] - 85.3055217698, abs=1e-4)
    assert table["pvalue_diff"].dropna().lt(0.001).all()
    assert len(with_code(holzinger.measurement.findings, "rival_measurement")) == 5


def test_merging_and_perfect_correlation_are_different_restrictions(bollen) -> None:
    table = bollen.measurement.rivals.set_index("model")
    merged = table.loc["Democracy 1960 + Democracy 1965"]
    # merging also equates the two correlations with the third construct: two restrictions
    assert merged["df_diff"] == 2
    assert merged["chisq_diff"] > bollen.measurement.discriminant["chisq_diff"].iloc[-1]


def test_two_constructs_have_one_rival_with_fewer() -> None:
    pupils = pd.read_csv(data_path("holzinger1939.csv"))
    result = two_step(study({"visual": "x1:x3", "textual": "x4:x6"}), pupils)
    assert result.measurement.rivals["model"].tolist() == [
        "Measurement model", "One construct behind all items", "No construct (null model)",
    ]  # fmt: skip


def test_one_construct_has_no_pairs_and_no_dossier() -> None:
    pupils = pd.read_csv(data_path("holzinger1939.csv"))
    result = two_step(study({"visual": "x1:x4"}), pupils)
    assert result.measurement.discriminant.empty
    assert result.measurement.discriminant_tests.empty
    assert result.measurement.reliability_intervals["se"].notna().any()
    assert "Reliability" in repr(result.measurement)


def test_a_single_item_has_correlations_and_no_reliability() -> None:
    pupils = pd.read_csv(data_path("holzinger1939.csv"))
    result = two_step(study({"visual": "x1:x3", "textual": "x4", "speed": "x7:x9"}), pupils)
    rows = result.measurement.reliability_intervals.set_index(["construct", "statistic"])
    for statistic in ("alpha", "alpha_std", "omega", "cr", "ave", "h"):
        assert rows.loc[("textual", statistic), ["estimate", "se"]].isna().all()
    assert rows.loc[("textual", "msv"), "se"] > 0
    pair = result.measurement.discriminant.iloc[0]
    assert np.isnan(pair["htmt"])
    assert pair["chisq_difference"]
    assert pair["holds"]


@pytest.mark.parametrize(("name", "construct"), [("p160", "bergami"), ("p163", "satisfaction")])
def test_one_construct_behind_the_items_of_a_survey(shared_reference, name, construct) -> None:
    (path,) = (shared_reference / "cases").glob(f"{name}_*.json")
    case = json.loads(path.read_text(encoding="utf-8"))
    items = [item.strip() for item in case["model"].split("=~")[1].split("+")]
    half = len(items) // 2
    plan = study({"a": ", ".join(items[:half]), "b": ", ".join(items[half:])})
    data = pd.read_csv(shared_reference / "data" / f"{construct}.csv")
    row = (
        two_step(plan, data)
        .measurement.rivals.set_index("model")
        .loc["One construct behind all items"]
    )
    for index in ("chisq", "df", "cfi", "tli", "rmsea", "srmr"):
        tolerance = 1e-4 if index == "chisq" else 1e-5
        assert row[index] == pytest.approx(case["fit"][index], abs=tolerance), index


# -- what if --------------------------------------------------------------------------------


def test_freeing_a_parameter_moves_the_hypotheses(bollen) -> None:
    table = bollen.what_if
    row = table[(table["parameter"] == "ind60 =~ y5") & (table["hypothesis"] == "H2")].iloc[0]
    freed = ts.sem(
        load_study("bollen1989").structural_model() + "\nind60 =~ y5",
        pd.read_csv(data_path("bollen1989.csv")),
    )
    path = freed.parameters.query("lhs == 'dem65' and op == '~' and rhs == 'ind60'")
    assert row["std_after"] == pytest.approx(path["std_all"].item())
    assert row["change"] == pytest.approx(row["std_after"] - row["std_before"])
    assert (row["supported_before"], row["supported_after"]) == (True, False)
    (warning,) = [f for f in with_code(bollen.findings, "what_if") if f.severity == "warning"]
    assert warning.claim.startswith("If a loading of y5 on Industrialization 1960 were free")
    assert "H2" in warning.claim


def test_what_if_changes_neither_model_nor_verdict(bollen) -> None:
    assert "ind60 =~ y5" not in bollen.structural.model.model
    assert bollen.structural.hypotheses["supported"].all()
    assert bollen.verdict[1].holds is True


def test_a_study_of_measurement_alone_has_nothing_to_move(holzinger) -> None:
    assert holzinger.what_if.empty


# -- words and displays ---------------------------------------------------------------------


def test_readers_meet_labels_and_never_ids(bollen) -> None:
    words = [bollen.verdict[0].text, *(finding.claim for finding in bollen.measurement.findings)]
    assert any("Democracy 1960" in text for text in words)
    for text in words:
        for name in ("dem60", "dem65", "ind60"):
            assert name not in text
    for finding in with_code(bollen.findings, "htmt"):
        assert finding.subject.split(" ~~ ")[0] in {"ind60", "dem60"}
        assert finding.name.split(" and ")[0] in {"Industrialization 1960", "Democracy 1960"}


def test_a_finding_on_constructs_is_told_in_their_labels() -> None:
    finding = Finding("improper_correlation", "a ~~ b", "The correlation of a with b is 1.200.")
    (told,) = labelled([finding], {"a": "Benefit b", "b": "Cost"})
    assert told.claim == "The correlation of Benefit b with Cost is 1.200."
    assert (told.subject, told.name) == ("a ~~ b", "Benefit b ~~ Cost")
    other = Finding("negative_variance", "x1", "The residual variance of x1 is negative.")
    assert labelled([other], {"a": "Benefit"}) == (other,)


def test_step_one_shows_all_of_its_tables(bollen) -> None:
    text = repr(bollen.measurement)
    for title in (
        "Reliability and Convergent Validity",
        "How Sure Reliability and AVE Are",
        "Chi-Square Differences Against Fixed Correlations",
        "Heterotrait-Monotrait Ratios",
        "Rival Measurement Models",
        "Largest Residuals of the Measurement Model",
        "What the Measurement Model Leaves Out (Exploratory)",
    ):
        assert title in text
        assert title in bollen.measurement._repr_html_()
    widest = max(len(line) for line in text.splitlines()[2:])
    assert widest <= 110


def test_every_number_of_step_one_is_in_the_document(bollen) -> None:
    document = json.loads(json.dumps(bollen.to_dict()))
    step = document["measurement"]
    assert len(step["reliability_intervals"]) == 27
    assert len(step["discriminant_tests"]) == 12
    assert step["rivals"][0]["model"] == "Measurement model"
    assert document["what_if"][0]["hypothesis"] == "H1"


def test_an_inadmissible_solution_still_gives_a_dossier_that_says_so() -> None:
    names = [f"y{i}" for i in range(1, 7)]
    loadings = np.zeros((6, 2))
    loadings[:3, 0], loadings[3:, 1] = [1.1, 0.4, 0.4], [0.7, 0.7, 0.7]
    phi = np.array([[1, 0.3], [0.3, 1]])
    cov = loadings @ phi @ loadings.T
    np.fill_diagonal(cov, 1.0)
    plan = study(
        {"a": "y1:y3", "b": "y4:y6"},
        moments={"variables": names, "n_obs": 200, "matrix": cov.tolist(), "kind": "correlation"},
    )
    result = two_step(plan)
    assert not result.measurement.model.admissible
    intervals = result.measurement.reliability_intervals.set_index(["construct", "statistic"])
    assert np.isnan(intervals.loc[("a", "cr"), "estimate"])
    assert np.isfinite(intervals.loc[("b", "cr"), "se"])
    assert result.verdict[0].holds is None
    assert "NOT TO BE INTERPRETED" in repr(result.measurement)
