"""The two steps, from the shipped studies and from a user's own data, to verdicts."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import (
    NotIdentifiedError,
    NotNumericError,
    NotPositiveDefiniteError,
    PlanError,
    ScaleMismatchError,
    SurveyError,
    TooFewObservationsError,
    UnknownItemError,
    UnknownOptionError,
    UnsupportedError,
)
from trustsem.study import Study, load_study, reflective, two_step
from trustsem.survey import data_path

# lavaan 0.7-2, polished to a gradient below 1e-12 (see tests/reference).
BOLLEN = {"chisq": 38.1252182279, "df": 35, "cfi": 0.995374529222, "rmsea": 0.0345044826786}
HOLZINGER = {"chisq": 85.3055217698, "df": 24, "cfi": 0.9305596518, "srmr": 0.0652050562116}
WHEATON = {"chisq": 4.73017940305, "df": 4, "cfi": 0.99965499521, "srmr": 0.00744675806095}


@pytest.fixture(scope="module")
def brockman():
    return two_step("brockman2017")


@pytest.fixture(scope="module")
def bollen():
    return two_step("bollen1989")


@pytest.fixture(scope="module")
def wheaton():
    return two_step("wheaton1977")


@pytest.fixture(scope="module")
def holzinger():
    return two_step("holzinger1939")


@pytest.fixture
def pupils():
    return pd.read_csv(data_path("holzinger1939.csv"))


def assert_fit(model, expected):
    for name, value in expected.items():
        assert model.fit_measures[name] == pytest.approx(
            value, abs=1e-4 if name == "chisq" else 1e-5
        )


def codes(findings):
    return {finding.code for finding in findings}


# -- the shipped studies --------------------------------------------------------------------


def test_bollen_gives_the_numbers_of_lavaan(bollen):
    assert bollen.measurement.model.n_obs == 75
    assert_fit(bollen.structural.model, BOLLEN)
    table = bollen.structural.hypotheses.set_index("hypothesis")
    # lavaan 0.7-2, case p003
    assert table["est"].tolist() == pytest.approx([1.48300056, 0.57233653, 0.83734389], rel=1e-4)
    assert table["supported"].all()


def test_holzinger_is_a_study_of_measurement_alone(holzinger):
    assert holzinger.structural is None
    assert_fit(holzinger.measurement.model, HOLZINGER)
    assert [verdict.step for verdict in holzinger.verdict] == ["measurement"]
    assert holzinger.verdict[0].holds is False
    reliability = holzinger.measurement.reliability
    # semTools 0.5-9 on the solution of case p001
    assert reliability["ave"].tolist() == pytest.approx([0.37098, 0.71953, 0.42979], abs=1e-5)
    assert reliability["cr"].tolist() == pytest.approx([0.62584, 0.88500, 0.69137], abs=1e-5)
    ratios = holzinger.measurement.htmt
    assert ratios.loc["textual", "visual"] == pytest.approx(0.424, abs=5e-4)
    assert ratios.loc["speed", "visual"] == pytest.approx(0.467, abs=5e-4)
    phi = holzinger.measurement.discriminant["phi"]
    assert phi.tolist() == pytest.approx([0.45851, 0.47053, 0.28299], abs=1e-5)


def test_wheaton_is_estimated_from_its_printed_matrix(wheaton):
    assert wheaton.screening is None
    assert wheaton.measurement.model.n_obs == 932
    assert_fit(wheaton.structural.model, WHEATON)
    table = wheaton.structural.hypotheses.set_index("hypothesis")
    # lavaan 0.7-2, case p021 (wishart)
    assert table["est"].tolist() == pytest.approx(
        [-0.575006841592, -0.226766149326, 0.607047215853], rel=1e-5
    )
    assert table["se"].tolist() == pytest.approx(
        [0.0564323235505, 0.0523545806352, 0.0510480593133], rel=1e-4
    )
    assert table["supported"].all()
    assert "matrix_input" in codes(wheaton.findings)


def test_a_saturated_structure_says_that_the_difference_tests_nothing(wheaton):
    theory = wheaton.structural.sequence.set_index("model").loc["Mt"]
    assert theory["df_diff"] == 0
    assert theory["chisq_diff"] == pytest.approx(0.0, abs=1e-6)
    assert math.isnan(theory["pvalue_diff"])
    (finding,) = [f for f in wheaton.structural.findings if f.code == "nomological_test"]
    assert finding.holds is None


def test_a_rival_without_a_path_is_tested_against_the_theory(bollen):
    rival = bollen.structural.sequence.set_index("model").loc["mediated"]
    # lavaan: full mediation 44.1205 with 36 df, difference 5.9953, p .01434
    assert (rival["chisq"], rival["df"]) == pytest.approx((44.1205, 36), abs=1e-4)
    assert rival["compared_with"] == "Mt"
    assert (rival["chisq_diff"], rival["df_diff"]) == pytest.approx((5.9953, 1), abs=1e-4)
    assert rival["pvalue_diff"] == pytest.approx(0.01434, abs=1e-5)


def test_indirect_effects_come_with_delta_method_errors(bollen):
    effects = bollen.structural.effects.set_index(["predictor", "outcome", "kind"])
    indirect = effects.loc[("ind60", "dem65", "indirect")]
    assert indirect["est"] == pytest.approx(1.48300056 * 0.83734389, rel=1e-5)
    direct, total = (effects.loc[("ind60", "dem65", kind), "est"] for kind in ("direct", "total"))
    assert total == pytest.approx(direct + indirect["est"])
    assert 0 < indirect["se"] < indirect["est"]


def test_brockman_supports_all_hypotheses_on_complete_cases(brockman):
    assert brockman.measurement.model.n_obs == 203
    assert brockman.structural.hypotheses["supported"].all()
    assert len(brockman.structural.hypotheses) == 11
    assert [verdict.holds for verdict in brockman.verdict] == [True, True]
    flow = brockman.screening.flow
    assert flow["remaining"].tolist()[0] == 221
    assert flow["remaining"].tolist()[-1] == 203
    assert "listwise_deletion" in codes(brockman.findings)


def test_the_reversed_item_loads_like_the_others(brockman):
    loadings = brockman.measurement.loadings.set_index("item")["std_all"]
    assert loadings["bt4"] > 0.5
    assert any("bt4" in entry for entry in brockman.manifest["inputs"][-1]["log"])


def test_synthetic_data_are_announced_before_anything_else(brockman, bollen):
    assert brockman.synthetic
    assert repr(brockman).startswith("SYNTHETIC DATA")
    page = brockman._repr_html_()
    assert page.startswith('<div class="trustsem">\n<p><strong>SYNTHETIC DATA')
    assert not bollen.synthetic
    assert bollen.notice == ""
    assert "SYNTHETIC" not in repr(bollen)


@pytest.mark.parametrize("name", ["brockman", "bollen", "wheaton", "holzinger"])
def test_the_second_engine_confirms_every_model_to_six_digits(name, request):
    result = request.getfixturevalue(name)
    table = result.agreement
    assert len(table) == len(result.models)
    assert (table["digits"] > 6).all()
    assert not codes(result.findings) & {"engine_agreement", "engine_unavailable"}


@pytest.mark.parametrize("name", ["bollen", "wheaton", "holzinger"])
def test_printed_numbers_are_reproduced_to_their_last_digit(name, request):
    card = request.getfixturevalue(name).scorecard
    assert len(card) > 0
    assert card["within_rounding"].all()


def test_a_number_that_rounds_differently_is_a_warning():
    study = Study(**{**STUDY_OF_PUPILS, "published": {"values": [PRINTED_CHISQ]}})
    result = two_step(study)
    assert result.scorecard["within_rounding"].tolist() == [False]
    (finding,) = [f for f in result.findings if f.code == "published_value"]
    assert finding.severity == "warning"
    assert "85.31" in finding.claim


PRINTED_CHISQ = {"quantity": "measurement.chisq", "value": "85.0", "where": "p. 9"}
STUDY_OF_PUPILS = {
    "title": "Abilities",
    "constructs": {"visual": "x1:x3", "textual": "x4:x6", "speed": "x7:x9"},
    "data": "shipped:holzinger1939.csv",
    "run": {"second_engine": False},
}


# -- a user's own data ----------------------------------------------------------------------


def test_a_study_runs_on_a_table_a_file_and_a_matrix_alike(pupils, tmp_path, holzinger):
    path = tmp_path / "own.csv"
    pupils.to_csv(path, index=False)
    chisq = holzinger.measurement.model.fit_measures["chisq"]
    study = Study(**{**STUDY_OF_PUPILS, "data": None})
    cov = pupils[list(study.items)].cov()
    for result in (
        two_step(study, pupils),
        two_step(study, path),
        two_step(study, str(path)),
        two_step(study, sample_cov=cov, sample_nobs=301),
    ):
        assert result.measurement.model.fit_measures["chisq"] == pytest.approx(chisq)


def test_columns_with_other_names_are_matched_by_the_study(pupils):
    study = Study(**{**STUDY_OF_PUPILS, "columns": {"x1": "Cubes test"}})
    result = two_step(study, pupils.rename(columns={"x1": "Cubes test"}))
    assert_fit(result.measurement.model, HOLZINGER)


def test_options_given_with_the_run_replace_those_of_the_study(wheaton):
    result = two_step("wheaton1977", likelihood="normal")
    # lavaan 0.7-2, case p022
    assert result.structural.model.fit_measures["chisq"] == pytest.approx(4.73526015429, abs=1e-4)
    assert wheaton.manifest["options"]["likelihood"] == "wishart"
    assert result.manifest["options"]["likelihood"] == "normal"
    assert result.manifest["overrides"] == {"likelihood": "normal"}


def test_missing_columns_are_named_with_the_nearest_that_exist(pupils):
    data = pupils.drop(columns=["x1"]).rename(columns={"x9": "x_9"})
    with pytest.raises(UnknownItemError, match=r"2 variable.* x1, x9") as caught:
        two_step("holzinger1939", data)
    assert "Did you mean 'x_9'" in str(caught.value)


def test_answers_outside_the_scale_are_named():
    answers = pd.read_csv(data_path("brockman2017.csv"))
    answers.loc[4, "mp2"] = 77
    with pytest.raises(ScaleMismatchError, match=r"outside the scale 1 to 7: mp2, row 5: 77"):
        two_step("brockman2017", answers)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda d: d.assign(x1=d["x1"].astype(str) + "?"), NotNumericError, "x1, row 1"),
        (lambda d: d.assign(x1=3.0), SurveyError, "without variation: x1"),
        (lambda d: d.assign(x1=d["x2"]), SurveyError, "identical answers"),
        (lambda d: d.assign(x1=d["x2"] + d["x3"]), NotPositiveDefiniteError, "x1, x2, x3"),
        (lambda d: d.head(8), TooFewObservationsError, "Only 8 usable"),
    ],
)
def test_data_that_allow_no_estimation_are_refused(pupils, change, error, match):
    with pytest.raises(error, match=match):
        two_step("holzinger1939", change(pupils))


def test_impossible_runs_are_refused_with_the_reason(pupils):
    with pytest.raises(UnknownOptionError, match="Did you mean 'likelihood'"):
        two_step("holzinger1939", likelihod="wishart")
    with pytest.raises(UnsupportedError, match="several groups"):
        two_step("holzinger1939", group="school")
    with pytest.raises(UnsupportedError, match="uncorrelated constructs"):
        two_step("holzinger1939", orthogonal=True)
    with pytest.raises(PlanError, match="names no data of its own"):
        two_step(Study(title="T", constructs={"a": "x1:x3"}))
    with pytest.raises(PlanError, match="either data or sample_cov"):
        two_step("holzinger1939", pupils, sample_cov=pupils[["x1", "x2"]].cov(), sample_nobs=9)
    with pytest.raises(PlanError, match="sample_nobs"):
        two_step("holzinger1939", sample_cov=pupils.loc[:, "x1":"x9"].cov())
    with pytest.raises(NotIdentifiedError, match="4 free parameters for 3"):
        two_step(Study(title="T", constructs={"a": "x1:x2"}), pupils)


# -- doubtful solutions ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def heywood():
    """A triad whose exact solution has a negative residual variance."""
    matrix = pd.DataFrame(
        [[1.0, 0.8, 0.7], [0.8, 1.0, 0.3], [0.7, 0.3, 1.0]],
        index=["y1", "y2", "y3"],
        columns=["y1", "y2", "y3"],
    )
    moments = {"matrix": matrix, "n_obs": 200, "kind": "correlation"}
    return two_step(
        Study(
            title="Triad", constructs={"a": "y1:y3"}, moments=moments, run={"second_engine": False}
        )
    )


def test_a_negative_variance_is_a_serious_finding_that_comes_first(heywood):
    assert not heywood.usable
    assert heywood.findings[0].severity == "serious"
    assert heywood.findings[0].code == "negative_variance"
    assert heywood.verdict[0].holds is None
    text = repr(heywood)
    assert text.index("SERIOUS") < text.index("Step one")


@pytest.fixture(scope="module")
def improper_pair():
    """Two constructs, the first with the triad above; population correlations, so exact."""
    loadings = np.array([[1.366, 0.586, 0.512, 0, 0, 0], [0, 0, 0, 0.8, 0.8, 0.8]]).T
    matrix = loadings @ np.array([[1.0, 0.3], [0.3, 1.0]]) @ loadings.T
    np.fill_diagonal(matrix, 1.0)
    study = Study(
        title="A triad and an outcome",
        constructs={"a": "y1:y3", "b": "z1:z3"},
        hypotheses=["a -> b"],
        moments={"variables": "y1:y3, z1:z3", "matrix": matrix, "n_obs": 200},
        rivals={"none": {"remove": ["a -> b"]}},
        run={"second_engine": False},
    )
    return two_step(study)


def test_an_improper_solution_is_carried_through_both_steps(improper_pair):
    assert not improper_pair.usable
    assert [verdict.holds for verdict in improper_pair.verdict] == [None, None]
    assert improper_pair.structural.hypotheses["est"].notna().all()
    assert {"rival_inadmissible", "negative_variance"} <= codes(improper_pair.findings)
    assert "interpretational_confounding" not in codes(improper_pair.findings)
    assert math.isnan(improper_pair.measurement.reliability.loc["a", "ave"])
    assert "SERIOUS" in improper_pair._repr_html_()


def test_a_bare_correlation_matrix_is_announced(heywood):
    assert "correlation_input" in codes(heywood.findings)


def test_the_displays_are_one_screen_and_escaped(brockman):
    text = repr(brockman)
    assert len(text.splitlines()) < 70
    assert max(len(line) for line in text.splitlines() if "─" in line) <= 100
    for part in ("N = 203", "Step one", "Step two", "H11", ".report(directory)"):
        assert part in text
    hostile = Study(
        **{**STUDY_OF_PUPILS, "constructs": {"a": reflective("x1:x3", label="<script>x</script>")}}
    )
    page = two_step(hostile)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


# -- controls, rivals, provenance -----------------------------------------------------------


@pytest.fixture(scope="module")
def controlled():
    study = Study(
        title="Age as a control",
        constructs={"visual": "x1:x3", "textual": "x4:x6", "speed": "x7:x9"},
        hypotheses=["visual -> textual", "textual -> speed"],
        controls={"ageyr": ["speed"], "sex": ["speed", "textual"]},
        rivals={
            "direct": {"add": ["visual -> speed"]},
            "reversed": {"remove": ["textual -> speed"], "add": ["speed -> textual"]},
        },
        run={"second_engine": False},
    )
    return two_step(study, data_path("holzinger1939.csv"))


def test_controls_enter_both_the_saturated_and_the_structural_model(controlled):
    sequence = controlled.structural.sequence.set_index("model")
    assert sequence.loc["Ms", "df"] != controlled.measurement.model.df
    assert sequence.loc["Mt", "df_diff"] == sequence.loc["Mt", "df"] - sequence.loc["Ms", "df"]
    assert sequence.loc["Mt", "chisq_diff"] > 0
    assert "ageyr" in set(controlled.structural.effects["predictor"])
    assert controlled.structural.hypotheses["predictor"].tolist() == ["visual", "textual"]


def test_only_nested_rivals_are_tested(controlled):
    sequence = controlled.structural.sequence.set_index("model")
    assert sequence.loc["direct", "df_diff"] == 1
    assert sequence.loc["reversed", "compared_with"] == ""
    assert math.isnan(sequence.loc["reversed", "chisq_diff"])


def test_without_standard_errors_the_second_engine_confirms_nothing():
    result = two_step("holzinger1939", se="none")
    assert result.agreement.empty
    (finding,) = [f for f in result.findings if f.code == "engine_unavailable"]
    assert "no standard errors" in finding.claim


def test_a_rival_that_cannot_be_estimated_is_a_finding(pupils):
    study = Study(
        title="A rival that is not identified",
        constructs={"visual": "x1:x3", "speed": "x7:x9"},
        hypotheses=["visual -> speed"],
        rivals={"both ways": {"add": ["speed -> visual"]}},
        run={"second_engine": False},
    )
    result = two_step(study, pupils)
    assert result.structural.sequence["model"].tolist() == ["Ms", "Mu", "Mt", "Mc", "Mn"]
    (finding,) = [f for f in result.findings if f.code == "rival_not_estimated"]
    assert "not identified" in finding.claim


def test_the_manifest_names_inputs_versions_options_seed_and_times(brockman, monkeypatch):
    manifest = brockman.manifest
    study, data = manifest["inputs"]
    assert (study["role"], data["role"]) == ("study", "data")
    assert len(study["sha256"]) == len(data["sha256"]) == 64
    assert (data["rows"], data["cases_analysed"]) == (221, 203)
    for name in ("python", "trustsem", "numpy", "scipy", "pandas", "semopy"):
        assert manifest["versions"][name][0].isdigit()
    assert manifest["seed"] == 1988
    assert manifest["models"]["structural"]["converged"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    times = two_step(Study(**STUDY_OF_PUPILS)).manifest["times"]
    assert set(times.values()) == {"2001-09-09T01:46:40+00:00"}


def test_the_manifest_holds_the_whole_plan(bollen, tmp_path):
    path = tmp_path / "again.toml"
    path.write_text(bollen.manifest["plan"], encoding="utf-8")
    assert load_study(path) == bollen.study


def test_the_whole_result_is_plain_values_in_full_precision(wheaton):
    plain = wheaton.to_dict()
    text = json.dumps(plain, allow_nan=False)
    again = json.loads(text)
    chisq = again["structural"]["sequence"][1]["chisq"]
    assert chisq == float(wheaton.structural.model.fit_measures["chisq"])
    assert again["structural"]["sequence"][1]["pvalue_diff"] is None


def test_the_report_is_written_where_it_is_asked_for(holzinger, tmp_path):
    folder = holzinger.report(tmp_path / "report")
    assert (folder / "report.html").is_file()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"] == holzinger.manifest["inputs"]


@pytest.mark.parametrize("view", ["structural", "measurement", "conceptual"])
def test_each_view_is_drawn(wheaton, view):
    assert wheaton.draw(view).svg().startswith("<svg")


def test_settings_of_a_figure_pass_through_a_study(wheaton):
    label = next(iter(wheaton.study.constructs))
    figure = wheaton.draw(
        "structural", labels={label: "Another name"}, width=140, colors="soft", decimals=3
    )
    assert figure.graph.node(label).label == "Another name"
    assert figure.metrics()["width_mm"] == 140.0
    assert wheaton.draw("conceptual", columns="role", width=90).metrics()["width_mm"] == 90.0
    assert wheaton.draw("tests", width=160).metrics()["width_mm"] == 160.0


@pytest.mark.parametrize(
    ("view", "options", "message"),
    [
        ("structural", {"colour": "soft"}, "Did you mean 'colors'"),
        ("structural", {"labels": {"nothing": "x"}}, "variable in 'labels'"),
        ("conceptual", {"decimals": 3}, "Unknown option of the figure 'decimals'"),
        ("tests", {"colors": "soft"}, "Known: width"),
    ],
)
def test_unknown_settings_of_a_figure_are_refused(wheaton, view, options, message):
    with pytest.raises(UnknownOptionError, match=message):
        wheaton.draw(view, **options)


def test_a_measurement_study_draws_its_measurement_model(holzinger):
    assert holzinger.draw().svg() == holzinger.draw("measurement").svg()
    with pytest.raises(PlanError, match="no hypotheses"):
        holzinger.draw("structural")


def test_equal_runs_give_equal_numbers(holzinger):
    again = two_step(Study(**STUDY_OF_PUPILS))
    pd.testing.assert_frame_equal(again.measurement.loadings, holzinger.measurement.loadings)
    assert np.array_equal(again.measurement.model.vcov, holzinger.measurement.model.vcov)
