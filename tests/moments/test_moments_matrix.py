"""A printed matrix becomes moments, in whichever shape a publication prints it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import holzinger
from trustsem.errors import (
    MomentsError,
    NotPositiveDefiniteError,
    SpecificationError,
    UnknownIndicatorError,
)
from trustsem.moments import from_frame, from_matrix

ITEMS = ["x1", "x2", "x3", "x4"]


@pytest.fixture
def printed():
    return holzinger()[ITEMS].cov()


def moments(cov, names=ITEMS, **options):
    return from_matrix(cov, names, **({"n_obs": 301, "divisor": "n"} | options))


def triangle(cov, keep, empty):
    """Return the matrix with the other triangle emptied."""
    return cov.where(keep(np.ones(cov.shape, dtype=bool)), empty)


@pytest.mark.parametrize("keep", [np.tril, np.triu], ids=["lower", "upper"])
@pytest.mark.parametrize("empty", [np.nan, 0.0], ids=["blank", "zeros"])
def test_one_triangle_is_enough(printed, keep, empty):
    assert np.allclose(moments(triangle(printed, keep, empty)).cov, moments(printed).cov)


def test_it_gives_what_raw_data_give(printed):
    raw = from_frame(holzinger(), ITEMS, divisor="n")
    assert np.allclose(moments(printed).cov, raw.cov, rtol=1e-13)
    assert np.allclose(
        moments(printed, divisor="n-1").cov, from_frame(holzinger(), ITEMS, divisor="n-1").cov
    )


def test_the_matrix_may_be_taken_as_it_is(printed):
    assert np.allclose(moments(printed, rescale=False).cov, printed)


def test_variables_are_chosen_by_label_in_any_order(printed):
    shuffled = printed.loc[["x3", "x1", "x4", "x2"], ["x3", "x1", "x4", "x2"]]
    assert np.allclose(moments(shuffled, ["x2", "x4"]).cov, moments(printed, ["x2", "x4"]).cov)


def test_rows_in_another_order_than_columns_are_put_in_order(printed):
    rows = printed.loc[["x3", "x1", "x4", "x2"]]
    assert np.allclose(moments(rows).cov, moments(printed).cov)


def test_row_labels_of_other_variables_are_refused(printed):
    other = printed.rename(index={"x2": "x7"})
    with pytest.raises(MomentsError, match="x7"):
        moments(other)


def test_plain_row_numbers_are_no_labels(printed):
    assert np.allclose(moments(printed.reset_index(drop=True)).cov, moments(printed).cov)


def test_correlations_with_standard_deviations(printed):
    cor, sd = holzinger()[ITEMS].corr(), holzinger()[ITEMS].std()
    for given in (sd, sd[::-1], list(sd)):
        assert np.allclose(moments(cor, sd=given).cov, moments(printed).cov)


def test_means_are_matched_by_label(printed):
    mean = holzinger()[ITEMS].mean()
    assert np.allclose(moments(printed, ["x3", "x1"], mean=mean[::-1]).mean, mean[["x3", "x1"]])
    assert moments(printed).mean is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda cov: cov.to_numpy(), "DataFrame", id="no_labels"),
        pytest.param(lambda cov: cov.iloc[:3], "not square", id="not_square"),
        pytest.param(
            lambda cov: cov.mask(np.eye(4, k=1, dtype=bool), 0.123),
            "not symmetric",
            id="not_symmetric",
        ),
        pytest.param(
            lambda cov: cov.where(~np.eye(4, dtype=bool)), "no value for x1 with x1", id="gap"
        ),
    ],
)
def test_what_is_no_covariance_matrix_is_refused(printed, change, message):
    with pytest.raises(MomentsError, match=message):
        moments(change(printed))


@pytest.mark.parametrize("n", [None, 0])
def test_the_number_of_observations_is_needed(printed, n):
    with pytest.raises(MomentsError, match="sample_nobs"):
        moments(printed, n_obs=n)


def test_unknown_variables_are_named(printed):
    with pytest.raises(UnknownIndicatorError) as caught:
        moments(printed, ["x1", "x9"])
    assert caught.value.missing == ("x9",)


def test_contradicting_correlations_are_named():
    R = pd.DataFrame(np.eye(4), index=ITEMS, columns=ITEMS)
    for a, b, r in (("x1", "x2", 0.9), ("x1", "x3", 0.9), ("x2", "x3", -0.9)):
        R.loc[a, b] = R.loc[b, a] = r
    with pytest.raises(NotPositiveDefiniteError, match="contradict each other") as caught:
        moments(R)
    assert caught.value.variables == ("x1", "x2", "x3")


def test_a_variance_of_zero_is_named(printed):
    with pytest.raises(NotPositiveDefiniteError, match="Without variance: x2"):
        moments(printed * np.outer([1, 0, 1, 1], [1, 0, 1, 1]))


@pytest.mark.parametrize("option", ["sd", "mean"])
def test_a_wrong_number_of_values_is_refused(printed, option):
    with pytest.raises(MomentsError, match=f"sample_{option} has 3 values for 4"):
        moments(printed, **{option: [1.0, 2.0, 3.0]})


@pytest.mark.parametrize("likelihood", ["normal", "wishart"])
def test_an_estimation_from_a_matrix_equals_that_from_data(likelihood):
    frame = holzinger()
    model = "f =~ x1 + x2 + x3 + x4"
    raw = ts.cfa(model, frame, likelihood=likelihood)
    matrix = ts.cfa(
        model, sample_cov=frame[ITEMS].cov(), sample_nobs=len(frame), likelihood=likelihood
    )
    columns = ["est", "se", "std_all", "std_all_se"]
    assert np.allclose(
        raw.parameters[columns], matrix.parameters[columns], rtol=1e-8, equal_nan=True
    )
    assert np.allclose(raw.fit_measures, matrix.fit_measures, rtol=1e-7, equal_nan=True)


def test_means_of_a_matrix_are_analysed():
    frame = holzinger()
    model = "f =~ x1 + x2 + x3 + x4"
    raw = ts.cfa(model, frame, meanstructure=True)
    cov, mean = frame[ITEMS].cov(), frame[ITEMS].mean()
    matrix = ts.cfa(
        model, sample_cov=cov, sample_mean=mean, sample_nobs=len(frame), meanstructure=True
    )
    assert np.allclose(raw.parameters["est"], matrix.parameters["est"], rtol=1e-8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to analyse"),
        ({"data": holzinger(), "sample_cov": holzinger()[ITEMS].cov()}, "not both"),
        ({"data": [[1, 2], [3, 4]]}, "DataFrame"),
        (
            {"sample_cov": holzinger()[ITEMS].cov(), "sample_nobs": 301, "meanstructure": True},
            "sample_mean",
        ),
    ],
    ids=["nothing", "both", "a_list", "no_means"],
)
def test_exactly_one_source_of_moments(options, message):
    with pytest.raises(SpecificationError, match=message):
        ts.cfa("f =~ x1 + x2 + x3 + x4", **options)
