"""Loadings and reliability: the tables, and what the checks say about them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import UnknownIndicatorError
from trustsem.references import REFERENCES
from trustsem.validity import (
    Thresholds,
    check_loadings,
    check_reliability,
    loadings_table,
    reliability_table,
)
from trustsem.validity.convergent import LOADING_COLUMNS, RELIABILITY_COLUMNS

# Completely standardised CR and AVE by lavaan 0.7-2; the others by semTools 0.5-9.901:
# alpha, omega3 (observed variance) and AVE in the metric of the items.
HS = {
    "alpha": (0.626117131885, 0.882706912876, 0.688455022985),
    "cr": (0.62583822067, 0.885001355202, 0.691373623012),
    "ave": (0.370983778018, 0.719530066653, 0.429792536313),
    "cr_observed": (0.612004845876, 0.885060899421, 0.685841839129),
    "ave_observed": (0.37055868803, 0.721016384234, 0.424488370288),
}
POLITICAL_DEMOCRACY = {
    "alpha": (0.902334767536, 0.858794526213, 0.882739372927),
    "cr": (0.944826620803, 0.865683869193, 0.878073404076),
    "ave": (0.851182488672, 0.618625226508, 0.643294474325),
    "cr_observed": (0.943689871358, 0.84117952476, 0.857553866569),
    "ave_observed": (0.858801505008, 0.597128258654, 0.640020995695),
}


@pytest.fixture
def hs(solution, survey_cov):
    case = solution("p001_hs_cfa_ml")
    return case, survey_cov("holzinger1939", case.items)


@pytest.fixture
def democracy(solution, survey_cov):
    case = solution("p003_poldem_ml")
    return case, survey_cov("bollen1989", case.items)


def table_of(case, cov, **options) -> pd.DataFrame:
    return reliability_table(
        case.parameters, case.constructs, sample_cov=cov, latent_cov=case.latent_cov, **options
    )


@pytest.mark.parametrize("index", list(HS))
def test_holzinger_swineford_reliability(hs, index) -> None:
    np.testing.assert_allclose(table_of(*hs)[index], HS[index], atol=1e-6)


@pytest.mark.parametrize("index", list(POLITICAL_DEMOCRACY))
def test_political_democracy_reliability(democracy, index) -> None:
    table = table_of(*democracy, residual_covariances=False)
    np.testing.assert_allclose(table[index], POLITICAL_DEMOCRACY[index], atol=1e-6)


def test_residual_covariances_within_a_construct_count_as_error(democracy) -> None:
    cr = table_of(*democracy)["cr"]
    # y2 ~~ y4 and y6 ~~ y8 lie within a construct; ind60 has none
    np.testing.assert_allclose(cr, [0.944826621, 0.850501274, 0.859537554], atol=1e-6)


def test_shared_variance_comes_from_the_construct_correlations(hs) -> None:
    table = table_of(*hs)
    np.testing.assert_allclose(table["msv"], [0.221403, 0.210231, 0.221403], atol=1e-6)
    np.testing.assert_allclose(
        table["asv"], [(0.210231 + 0.221403) / 2, 0.145156, 0.150742], atol=1e-6
    )


def test_the_reliability_table_has_its_columns_and_labels(hs) -> None:
    table = table_of(*hs, labels={"visual": "Visual ability"})
    assert tuple(table.columns) == RELIABILITY_COLUMNS
    assert table.index.name == "construct"
    assert table["label"].tolist() == ["Visual ability", "textual", "speed"]
    assert table["n_items"].tolist() == [3, 3, 3]


def test_rescaling_an_item_leaves_the_standardised_indices_alone(hs) -> None:
    case, cov = hs
    factor = np.where(cov.index == "x5", 1000.0, 1.0)
    parameters = case.parameters.copy()
    x5 = parameters["rhs"] == "x5"
    parameters.loc[x5 & (parameters["op"] == "=~"), "est"] *= 1000
    parameters.loc[x5 & (parameters["op"] == "~~"), "est"] *= 1000**2
    scaled = reliability_table(
        parameters,
        case.constructs,
        sample_cov=cov * np.outer(factor, factor),
        latent_cov=case.latent_cov,
    )
    columns = ["cr", "ave", "h", "msv"]
    pd.testing.assert_frame_equal(scaled[columns], table_of(case, cov)[columns])


def test_the_order_of_constructs_and_items_is_that_of_the_mapping(hs) -> None:
    case, cov = hs
    reordered = {name: case.constructs[name][::-1] for name in ("speed", "visual", "textual")}
    table = reliability_table(
        case.parameters, reordered, sample_cov=cov, latent_cov=case.latent_cov
    )
    pd.testing.assert_frame_equal(table.loc[list(case.constructs)], table_of(case, cov))


def test_loadings_table(hs) -> None:
    case, _ = hs
    table = loadings_table(case.parameters, case.constructs, {"x1": "Visual perception"}, case.r2)
    assert tuple(table.columns) == LOADING_COLUMNS
    assert table["item"].tolist() == case.items
    assert table.loc[table["marker"], "item"].tolist() == ["x1", "x4", "x7"]
    first = table.iloc[0]
    assert first["label"] == "Visual perception"
    assert table["label"].iloc[1] == ""
    assert first["r2"] == pytest.approx(first["std_all"] ** 2, abs=1e-9)
    # lavaan 0.7-2: .772 with SE .055
    assert first["std_ci_lower"] == pytest.approx(0.771880 - 1.959964 * 0.054973, abs=1e-5)
    assert first["std_ci_upper"] == pytest.approx(0.771880 + 1.959964 * 0.054973, abs=1e-5)
    narrow = loadings_table(case.parameters, case.constructs, level=0.5)
    assert narrow["std_ci_lower"].iloc[0] > first["std_ci_lower"]
    assert narrow["r2"].isna().all()


def test_items_that_the_model_or_the_data_do_not_hold_are_refused(hs) -> None:
    case, cov = hs
    with pytest.raises(UnknownIndicatorError, match="x4"):
        loadings_table(case.parameters, {"visual": ["x1", "x4"]})
    with pytest.raises(UnknownIndicatorError, match="x9"):
        table_of(case, cov.drop(index="x9", columns="x9"))
    without = case.parameters[~((case.parameters["lhs"] == "x2") & (case.parameters["op"] == "~~"))]
    with pytest.raises(UnknownIndicatorError, match="x2"):
        reliability_table(without, case.constructs, sample_cov=cov, latent_cov=case.latent_cov)


def by_code(findings, code) -> dict:
    return {finding.subject: finding for finding in findings if finding.code == code}


def test_holzinger_swineford_loadings_judged(hs) -> None:
    case, _ = hs
    findings = check_loadings(loadings_table(case.parameters, case.constructs, r2=case.r2))
    assert all(finding.holds for finding in by_code(findings, "loading_significance").values())
    weak = [f for f in by_code(findings, "loading_size").values() if not f.holds]
    assert [finding.subject for finding in weak] == ["visual =~ x2"]
    assert weak[0].claim == "The standardised loading of x2, .424, is below .50."
    assert weak[0].severity == "warning"
    assert weak[0].interval is not None
    assert all(finding.source in REFERENCES for finding in findings)


def test_a_marker_is_tested_by_its_standardised_loading(hs) -> None:
    case, _ = hs
    findings = by_code(
        check_loadings(loadings_table(case.parameters, case.constructs)), "loading_significance"
    )
    marker = findings["visual =~ x1"]
    assert marker.value == pytest.approx(0.77188017643 / 0.054972748049)
    assert "raw loading is fixed" in marker.claim


def test_a_loading_without_standard_error_is_not_called_significant(make_parameters) -> None:
    parameters = make_parameters(("f", "=~", "a", 1, 0.8, np.nan, 0.8, np.nan))
    finding = check_loadings(loadings_table(parameters, {"f": ["a"]}))[0]
    assert finding.holds is None
    assert "no standard error" in finding.claim


def test_a_weak_loading_fails_the_two_standard_errors_rule(make_parameters) -> None:
    parameters = make_parameters(("f", "=~", "a", 1, 0.19, 0.1, 0.19, 0.1))
    finding = check_loadings(loadings_table(parameters, {"f": ["a"]}))[0]
    assert finding.holds is False
    assert finding.source == "anderson1988"


def test_loadings_of_opposite_sign_are_reported(make_parameters) -> None:
    rows = [("f", "=~", item, 1, std, 0.05, std, 0.05) for item, std in (("a", 0.8), ("b", -0.7))]
    findings = check_loadings(loadings_table(make_parameters(*rows), {"f": ["a", "b"]}))
    (sign,) = by_code(findings, "loading_sign").values()
    assert sign.claim.startswith("b loads with the opposite sign on f")
    all_negative = [("f", "=~", item, 1, -0.8, 0.05, -0.8, 0.05) for item in ("a", "b")]
    findings = check_loadings(loadings_table(make_parameters(*all_negative), {"f": ["a", "b"]}))
    assert not by_code(findings, "loading_sign")


def test_a_heywood_case_leaves_no_number_and_says_why(solution) -> None:
    case = solution("p151_heywood_made")
    moments = case.raw["data"]
    cov = pd.DataFrame(moments["cov"], index=moments["variables"], columns=moments["variables"])
    table = table_of(case, cov)
    row = table.loc["f"]
    assert row[["cr", "ave", "cr_observed", "ave_observed", "h"]].isna().all()
    assert row["alpha"] == pytest.approx(1.5 * (1 - 3 / 6.6))
    findings = check_reliability(table)
    (reason,) = by_code(findings, "undefined_reliability").values()
    assert "residual variance is negative" in reason.claim
    loadings = loadings_table(case.parameters, case.constructs, r2=case.r2)
    (improper,) = by_code(check_loadings(loadings), "improper_loading").values()
    assert improper.severity == "serious"
    assert improper.subject == "f =~ y1"


def test_a_single_item_is_nan_with_a_reason(make_parameters) -> None:
    parameters = make_parameters(
        ("f", "=~", "a", 0, 1.0, 0.0, 1.0, 0.0), ("a", "~~", "a", 0, 0.0, 0.0, 0.0, 0.0)
    )
    one = pd.DataFrame([[2.0]], index=["a"], columns=["a"])
    latent = pd.DataFrame([[2.0]], index=["f"], columns=["f"])
    table = reliability_table(parameters, {"f": ["a"]}, sample_cov=one, latent_cov=latent)
    assert table.loc["f", "alpha":].isna().all()
    (finding,) = check_reliability(table)
    assert finding.code == "single_item"
    assert finding.holds is None
    assert "do not exist" in finding.claim


def test_holzinger_swineford_reliability_judged(hs) -> None:
    findings = check_reliability(table_of(*hs))
    failed = [(f.code, f.subject) for f in findings if f.severity == "warning"]
    assert failed == [
        ("alpha", "visual"),
        ("composite_reliability", "visual"),
        ("average_variance_extracted", "visual"),
        ("alpha", "speed"),
        ("composite_reliability", "speed"),
        ("average_variance_extracted", "speed"),
    ]
    assert {finding.source for finding in findings} == {"nunnally1978", "hair2019", "fornell1981"}


def test_omega_and_h_are_judged_for_the_record(hs) -> None:
    findings = check_reliability(table_of(*hs))
    for code in ("omega", "coefficient_h"):
        judged = by_code(findings, code)
        assert judged["visual"].holds is False
        assert judged["visual"].severity == "note"
        assert judged["textual"].holds


def test_a_study_may_set_its_own_cutoff_which_then_has_no_source(hs) -> None:
    findings = check_reliability(table_of(*hs), Thresholds(ave=0.35))
    ave = by_code(findings, "average_variance_extracted")["visual"]
    assert ave.holds
    assert ave.threshold == 0.35
    assert ave.source == ""
    assert not math.isnan(ave.value)
