"""Standard errors: from the information, through constraints, and by the delta method."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import trustsem as ts
from kernel_models import (
    DEMOCRACY,
    THREE_CONSTRUCTS,
    assert_near,
    democracy,
    each_shape,
    estimate_of,
    holzinger,
    numerical_jacobian,
    shape,
)
from trustsem.inference import KINDS, row_values, standardized_errors


@pytest.mark.parametrize("model", each_shape())
def test_errors_of_the_standardised_solution_follow_by_the_delta_method(model):
    result = model.fit()
    problem, params = result.estimate.problem, result.estimate.params
    vcov = result.vcov.to_numpy()
    errors = standardized_errors(problem, params, vcov)
    for kind in ("est", *KINDS):
        J = numerical_jacobian(lambda at, kind=kind: getattr(row_values(problem, at), kind), params)
        expected = np.sqrt(np.maximum(np.diag(J @ vcov @ J.T), 0))
        exists = np.isfinite(expected)
        assert_near(errors[kind][exists], expected[exists], 1e-6)


@pytest.mark.parametrize("groups", [{}, {"group": "school"}])
@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_errors_count_that_scales_of_ordered_items_follow_from_parameters(parameterization, groups):
    frame = holzinger()
    items = ["x1", "x2", "x4", "x5", "x7"]
    cut = {name: np.digitize(frame[name], frame[name].quantile([0.3, 0.7])) for name in items}
    model = """
        visual  =~ x1 + x2 + x3
        textual =~ x4 + x5 + x6
        textual ~ b*visual
        x7 ~ c*textual
        through := b*c
    """
    result = ts.sem(
        model, frame.assign(**cut), ordered=items, parameterization=parameterization, **groups
    )
    problem, params, vcov = result.estimate.problem, result.estimate.params, result.vcov.to_numpy()
    errors = standardized_errors(problem, params, vcov)
    for kind in KINDS:
        J = numerical_jacobian(lambda at, kind=kind: getattr(row_values(problem, at), kind), params)
        expected = np.sqrt(np.maximum(np.diag(J @ vcov @ J.T), 0))
        assert_near(errors[kind], expected, 1e-8)
    follows = [place for place, row in enumerate(result.table.parameters) if row.derived]
    assert follows
    assert not errors["est"][follows].any()


@pytest.mark.parametrize("model", each_shape())
def test_standardised_numbers_belong_to_variables_of_unit_variance(model):
    result = model.fit()
    values = row_values(result.estimate.problem, result.estimate.params)
    for row, std in zip(result.table.parameters, values.std_all, strict=False):
        if row.op == "~~" and row.lhs == row.rhs and row.lhs in result.table.exogenous:
            assert std == pytest.approx(1.0)
    frame = result.parameters
    loading = frame[frame["op"] == "=~"].drop_duplicates(["rhs", "group"], keep=False)
    for row in loading.itertuples():
        if row.rhs in result.constructs or result.table.n_groups > 1:
            continue
        unique = frame[(frame["lhs"] == row.rhs) & (frame["rhs"] == row.rhs)]["std_all"]
        assert row.std_all**2 + unique.iloc[0] == pytest.approx(1.0, abs=1e-8)


def test_the_error_of_a_variance_is_that_of_normal_theory():
    result = ts.sem("x2 ~ x1", holzinger())
    row = estimate_of(result, "x1", "~~", "x1")
    assert row["est"] == pytest.approx(np.var(holzinger()["x1"]), rel=1e-10)
    assert row["se"] == pytest.approx(row["est"] * np.sqrt(2 / 301), rel=1e-10)


def test_a_regression_is_that_of_least_squares():
    frame = holzinger()
    X, y = frame[["x1", "x3"]].to_numpy(), frame["x2"].to_numpy()
    X = X - X.mean(axis=0)
    slopes, rest = np.linalg.lstsq(X, y - y.mean(), rcond=None)[:2]
    errors = np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * rest[0] / len(y))
    result = ts.sem("x2 ~ x1 + x3", frame)
    for name, slope, error in zip(("x1", "x3"), slopes, errors, strict=True):
        row = estimate_of(result, "x2", "~", name)
        assert row["est"] == pytest.approx(slope, rel=1e-8)
        assert row["se"] == pytest.approx(error, rel=1e-7)


def test_z_p_and_interval_belong_together():
    frame = ts.cfa(THREE_CONSTRUCTS, holzinger()).parameters
    free = frame[frame["free"] > 0]
    assert np.allclose(free["z"], free["est"] / free["se"])
    assert np.allclose(free["pvalue"], 2 * stats.norm.cdf(-free["z"].abs()))
    assert np.allclose(free["ci_upper"] - free["ci_lower"], 2 * 1.959963984540054 * free["se"])
    fixed = frame[frame["free"] == 0]
    assert (fixed["se"] == 0).all()
    assert fixed[["z", "pvalue"]].isna().all(axis=None)


def test_the_likelihoods_differ_by_one_case_only():
    normal = ts.cfa(THREE_CONSTRUCTS, holzinger())
    wishart = ts.cfa(THREE_CONSTRUCTS, holzinger(), likelihood="wishart")
    ratio = 301 / 300
    chisq = (item.fit_measures["chisq"] for item in (normal, wishart))
    assert next(chisq) == pytest.approx(next(chisq) * ratio, rel=1e-8)
    variance = normal.parameters["op"] == "~~"
    for column in ("est", "std_all"):
        factor = np.where(variance & (column == "est"), ratio, 1.0)
        assert np.allclose(
            wishart.parameters[column], normal.parameters[column] * factor, rtol=1e-7
        )
    free = normal.parameters["free"] > 0
    factor = np.where(variance, ratio, 1.0) * np.sqrt(ratio)
    assert np.allclose(
        wishart.parameters["se"][free], (normal.parameters["se"] * factor)[free], rtol=1e-7
    )


def test_observed_information_is_the_curvature_of_the_log_likelihood():
    result = ts.sem(DEMOCRACY, democracy(), information="observed")
    problem, params = result.estimate.problem, result.estimate.params
    H = numerical_jacobian(lambda at: problem.objective.at(at).gradient(), params)
    expected = np.linalg.inv((H + H.T) / 2 * problem.weight / 2)
    assert np.allclose(result.vcov, expected, rtol=1e-5, atol=1e-9)


def test_both_informations_agree_where_the_model_holds():
    implied = ts.cfa(THREE_CONSTRUCTS, holzinger()).implied
    both = [
        ts.cfa(
            THREE_CONSTRUCTS,
            sample_cov=implied,
            sample_nobs=301,
            sample_cov_rescale=False,
            information=information,
        ).parameters["se"]
        for information in ("expected", "observed")
    ]
    assert np.allclose(*both, rtol=1e-6)


def test_errors_can_be_left_out():
    frame = ts.cfa(THREE_CONSTRUCTS, holzinger(), se="none").parameters
    assert frame[["se", "z", "pvalue", "ci_lower", "std_all_se"]].isna().all(axis=None)
    assert frame["std_all"].notna().all()


def test_errors_shrink_with_the_root_of_the_cases():
    cov = holzinger()[[f"x{number}" for number in range(1, 10)]].cov()
    small, large = (
        ts.cfa(THREE_CONSTRUCTS, sample_cov=cov, sample_nobs=n, sample_cov_rescale=False)
        for n in (100, 400)
    )
    free = small.parameters["free"] > 0
    assert np.allclose(small.parameters["se"][free], 2 * large.parameters["se"][free], rtol=1e-8)
    assert large.fit_measures["chisq"] == pytest.approx(4 * small.fit_measures["chisq"], rel=1e-9)


def test_the_covariance_of_the_estimates_is_labelled():
    result = shape("structural").fit()
    vcov = result.vcov
    assert {"a", "b", "c", "ind60=~x2", "y1~~y5"} <= set(vcov.index)
    assert list(vcov.index) == list(vcov.columns)
    assert np.sqrt(vcov.loc["a", "a"]) == pytest.approx(
        estimate_of(result, "dem60", "~", "ind60")["se"]
    )
