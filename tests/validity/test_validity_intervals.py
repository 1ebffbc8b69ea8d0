"""Errors of reliability, AVE and HTMT, their intervals, and the chance that a criterion is met."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import trustsem as ts
from trustsem.references import REFERENCES
from trustsem.study.constructs import measured_at, reliability_errors
from trustsem.survey import data_path
from trustsem.validity import (
    Thresholds,
    check_reliability,
    heterotrait_monotrait,
    htmt_intervals,
    reliability_intervals,
    reliability_table,
)
from trustsem.validity.constructs import (
    MODEL_INDICES,
    model_indices,
    moment_indices,
    observed_indices,
)
from trustsem.validity.convergent import INTERVAL_COLUMNS
from trustsem.validity.intervals import (
    interval,
    moment_covariance,
    moment_weights,
    probability_above,
)

HS = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
MODEL = "\n".join(f"{name} =~ {' + '.join(items)}" for name, items in HS.items())

# lavaan 0.6-14, standard errors of defined parameters (:=) on HolzingerSwineford1939, construct
# "visual": a saturated model of x1 to x3 for alpha, the CFA with std.lv for the others. Its
# estimates are known to about 1e-5, so are its errors.
LAVAAN_NORMAL = {
    "alpha": 0.03746037616, "alpha_std": 0.03719530485, "omega": 0.03655491162,
    "cr": 0.03547791716, "ave": 0.03392753145, "h": 0.04837889165, "msv": 0.06853491266,
    "asv": 0.04840884299, "ave_msv": 0.07730758683,
}  # fmt: skip
# The same with estimator MLM (alpha) and MLR (CFA).
LAVAAN_ROBUST = {
    "alpha": 0.03796002200, "alpha_std": 0.03791237679, "omega": 0.03872452863,
    "cr": 0.03758952629, "ave": 0.03499123368, "h": 0.05775043660, "msv": 0.11199915058,
    "asv": 0.06771438043, "ave_msv": 0.11462448312,
}  # fmt: skip
# visual and textual, saturated model of x1 to x6: HTMT and HTMT2, estimator ML and MLM.
LAVAAN_HTMT = {"normal": (0.06719574789, 0.08112804456), "free": (0.07627207305, 0.09063746105)}


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return pd.read_csv(data_path("holzinger1939.csv"))


@pytest.fixture(scope="module")
def model(pupils):
    return ts.cfa(MODEL, pupils)


@pytest.fixture(scope="module")
def matrix_model(pupils):
    items = [item for own in HS.values() for item in own]
    return ts.cfa(MODEL, sample_cov=pupils[items].cov(), sample_nobs=len(pupils))


@pytest.fixture(scope="module")
def table(model) -> pd.DataFrame:
    return reliability_table(
        model.parameters, HS, sample_cov=model.sample, latent_cov=model.latent_cov
    )


@pytest.fixture(scope="module")
def intervals(model, table) -> pd.DataFrame:
    return reliability_intervals(table, reliability_errors(model, HS))


def test_errors_from_a_matrix_are_lavaans(matrix_model) -> None:
    errors = reliability_errors(matrix_model, HS).loc["visual"]
    for name, expected in LAVAAN_NORMAL.items():
        assert errors[name] == pytest.approx(expected, rel=2e-5), name


def test_errors_from_answers_are_lavaans_robust_ones(pupils) -> None:
    errors = reliability_errors(ts.cfa(MODEL, pupils, estimator="MLR"), HS).loc["visual"]
    for name, expected in LAVAAN_ROBUST.items():
        assert errors[name] == pytest.approx(expected, rel=2e-5), name


def test_alpha_needs_no_normal_data_where_there_are_answers(model) -> None:
    errors = reliability_errors(model, HS).loc["visual"]
    assert errors["alpha"] == pytest.approx(LAVAAN_ROBUST["alpha"], rel=2e-5)
    assert errors["cr"] == pytest.approx(LAVAAN_NORMAL["cr"], rel=2e-5)


def test_errors_do_not_depend_on_how_the_model_is_scaled(model, pupils) -> None:
    unit = reliability_errors(ts.cfa(MODEL, pupils, std_lv=True), HS)
    pd.testing.assert_frame_equal(unit, reliability_errors(model, HS), rtol=1e-6)


@pytest.mark.parametrize("kind", list(LAVAAN_HTMT))
def test_errors_of_htmt_are_lavaans(pupils, kind) -> None:
    items = [item for own in HS.values() for item in own]
    cases = pupils[items] if kind == "free" else None
    found = htmt_intervals(pupils[items].cov(), HS, n_obs=len(pupils), cases=cases)
    row = found.set_index(["construct_a", "construct_b"]).loc[("visual", "textual")]
    expected = LAVAAN_HTMT[kind]
    assert row["htmt_se"] == pytest.approx(expected[0], rel=2e-5)
    assert row["htmt2_se"] == pytest.approx(expected[1], rel=2e-5)
    # all correlations of these two are positive
    assert row["htmt_signed_se"] == pytest.approx(row["htmt_se"])
    reach = norm.ppf(0.975) * expected[0]
    assert row["htmt_ci_upper"] == pytest.approx(row["htmt"] + reach, abs=1e-5)


def test_the_delta_method_agrees_with_resampling(rng) -> None:
    # 4000 resamples of 600 skewed answers; the bootstrap's own error is about 1 % of the SE
    loadings = np.array([0.8, 0.7, 0.6, 0.9])
    scores = rng.chisquare(4, size=(600, 1)) * loadings + rng.chisquare(3, size=(600, 4))
    members = ((0, 1), (2, 3))
    centred = scores - scores.mean(axis=0)
    S = centred.T @ centred / len(scores)

    def alphas(stack):
        return moment_indices(stack, members).reshape(len(stack), -1)

    def ratio(stack):
        sd = np.sqrt(np.diagonal(stack, axis1=-2, axis2=-1))
        R = stack / (sd[..., :, None] * sd[..., None, :])
        return heterotrait_monotrait(R, [[1, 0], [1, 0], [0, 1], [0, 1]])[..., 0, 1, None]

    picks = rng.integers(0, 600, size=(4000, 600))
    samples = np.array([np.cov(scores[pick].T, ddof=0) for pick in picks])
    for function in (alphas, ratio):
        variances = np.diag(moment_covariance(moment_weights(function, S), S, 600, scores))
        np.testing.assert_allclose(np.sqrt(variances), function(samples).std(axis=0), rtol=0.06)


def test_a_stack_of_parameters_gives_a_stack_of_indices(model, table) -> None:
    params = model.estimate.params
    stack = np.stack([params, params * 1.01, params])
    values = model_indices(measured_at(model, HS, stack))
    assert values.shape == (3, 3, len(MODEL_INDICES))
    np.testing.assert_allclose(values[0], table[list(MODEL_INDICES)])
    np.testing.assert_allclose(values[2], values[0])


def test_resampled_covariances_go_with_their_parameters(model) -> None:
    params, S = np.stack([model.estimate.params] * 2), model.sample.to_numpy()
    measured = measured_at(model, HS, params, np.stack([S, 2 * S]))
    values = observed_indices(measured)
    np.testing.assert_allclose(values[1], values[0] / 2)  # twice the observed variance


def test_an_improper_member_is_nan_and_leaves_the_others_alone(model) -> None:
    params = np.stack([model.estimate.params] * 2)
    (at,) = [row.free - 1 for row in model.table.parameters if (row.lhs, row.rhs) == ("x1", "x1")]
    params[0, at] = -0.2
    values = model_indices(measured_at(model, HS, params))
    position = MODEL_INDICES.index("cr")
    assert np.isnan(values[0, 0, position])
    assert np.isfinite(values[0, 1:, position]).all()
    assert np.isfinite(values[1]).all()


def test_the_table_holds_every_index_with_criterion_and_source(intervals) -> None:
    assert tuple(intervals.columns) == INTERVAL_COLUMNS
    assert len(intervals) == 3 * 9
    assert intervals["se"].gt(0).all()
    assert set(intervals["source"]) <= set(REFERENCES)
    rows = intervals.set_index(["construct", "statistic"])
    assert rows.loc[("visual", "cr"), "criterion"] == 0.70
    assert rows.loc[("visual", "ave"), "criterion"] == 0.50
    assert np.isnan(rows.loc[("visual", "msv"), "criterion"])
    assert rows.loc[("visual", "msv"), "met"] is None
    assert rows.loc[("visual", "ave_msv"), "met"]
    inside = intervals[intervals["scale"] == "logit"]
    assert inside["ci_lower"].gt(0).all()
    assert inside["ci_upper"].lt(1).all()
    assert (intervals["ci_lower"] < intervals["estimate"]).all()
    assert (intervals["estimate"] < intervals["ci_upper"]).all()


def test_alpha_of_a_matrix_names_its_source(matrix_model, table) -> None:
    errors = reliability_errors(matrix_model, HS)
    found = reliability_intervals(table, errors, normal=True).set_index("statistic")
    assert set(found.loc["alpha", "source"]) == {"vanzyl2000"}


def test_the_interval_of_alpha_is_the_plain_one(intervals) -> None:
    row = intervals.set_index(["construct", "statistic"]).loc[("visual", "alpha")]
    reach = norm.ppf(0.975) * LAVAAN_ROBUST["alpha"]
    assert row["ci_lower"] == pytest.approx(0.626117131885 - reach, abs=1e-5)
    assert row["ci_upper"] == pytest.approx(0.626117131885 + reach, abs=1e-5)


@pytest.mark.parametrize("scale", ["natural", "logit"])
def test_interval_and_probability_say_the_same(scale) -> None:
    lower, upper = interval(0.8, 0.03, scale)
    assert probability_above(0.8, 0.03, lower, scale) == pytest.approx(0.975)
    assert probability_above(0.8, 0.03, upper, scale) == pytest.approx(0.025)
    assert probability_above(0.8, 0.03, 0.8, scale) == pytest.approx(0.5)


def test_the_logit_interval_written_out() -> None:
    centre, spread = np.log(0.8 / 0.2), 0.03 / (0.8 * 0.2)
    limit = centre - norm.ppf(0.975) * spread
    lower, _ = interval(0.8, 0.03, "logit")
    assert lower == pytest.approx(1 / (1 + np.exp(-limit)))


def test_what_does_not_exist_stays_missing() -> None:
    lower, upper = interval([1.02, np.nan], [0.1, 0.1], "logit")
    assert np.isnan(lower).all()
    assert np.isnan(upper).all()
    assert np.isnan(probability_above(0.8, np.nan, 0.7))


def test_findings_hold_interval_and_probability(table, intervals) -> None:
    findings = {
        (finding.code, finding.subject): finding
        for finding in check_reliability(table, Thresholds(), intervals)
    }
    speed = findings["composite_reliability", "speed"]
    rows = intervals.set_index(["construct", "statistic"])
    assert speed.interval == tuple(rows.loc[("speed", "cr"), ["ci_lower", "ci_upper"]])
    probability = rows.loc[("speed", "cr"), "probability"]
    assert f"(P = {probability:.2f})".replace("0.", ".") in speed.claim
    shared = findings["shared_variance", "visual"]
    assert shared.holds
    assert shared.severity == "note"
    assert shared.value == pytest.approx(0.370984 - 0.221403, abs=1e-5)
