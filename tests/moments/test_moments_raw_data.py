"""Raw data become moments, or the reader learns which variable or cell is to blame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_models import holzinger
from trustsem.errors import (
    MomentsError,
    NotNumericError,
    NotPositiveDefiniteError,
    TooFewObservationsError,
    UnknownIndicatorError,
)
from trustsem.moments import from_frame

ITEMS = ["x1", "x2", "x3", "x4"]


def test_divisors_differ_by_one_case():
    frame = holzinger()
    normal, wishart = (from_frame(frame, ITEMS, divisor=divisor) for divisor in ("n", "n-1"))
    assert np.allclose(normal.cov * 301, wishart.cov * 300, rtol=1e-14)
    assert np.allclose(wishart.cov, np.cov(frame[ITEMS].to_numpy(), rowvar=False), rtol=1e-12)
    assert (normal.weight, wishart.weight) == (301, 300)
    assert np.allclose(normal.mean, frame[ITEMS].mean())


def test_cases_with_gaps_are_left_out_and_the_reader_is_told():
    frame = holzinger()
    frame.loc[[0, 5, 9], "x2"] = np.nan
    frame.loc[7, "x9"] = np.nan  # not in the model
    moments = from_frame(frame, ITEMS, divisor="n")
    (finding,) = moments.findings
    assert moments.n_obs == 298
    assert moments.data.shape == (298, 4)
    assert finding.code == "cases_lost"
    assert finding.severity == "warning"
    assert finding.value == pytest.approx(3 / 301)
    assert "3 of 301" in finding.claim


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_is_irrelevant(seed):
    frame = holzinger()
    shuffled = frame.iloc[np.random.default_rng(seed).permutation(len(frame))]
    plain, moved = (from_frame(item, ITEMS, divisor="n") for item in (frame, shuffled))
    assert np.allclose(moved.cov, plain.cov, rtol=1e-13)
    assert np.allclose(moved.mean, plain.mean, rtol=1e-13)


def test_a_selection_keeps_everything_in_the_order_asked_for():
    moments = from_frame(holzinger(), ITEMS, divisor="n")
    chosen = moments.select(["x4", "x1"])
    assert chosen.names == ("x4", "x1")
    assert chosen.cov[0, 0] == moments.cov[3, 3]
    assert chosen.cov[0, 1] == moments.cov[3, 0]
    assert chosen.mean.tolist() == moments.mean[[3, 0]].tolist()
    assert chosen.data[:, 1].tolist() == moments.data[:, 0].tolist()


def test_large_means_cost_no_digits():
    frame = holzinger()[ITEMS]
    far = from_frame(frame + 1e7, ITEMS, divisor="n")
    assert np.allclose(far.cov, from_frame(frame, ITEMS, divisor="n").cov, rtol=1e-8)


def test_very_different_units_are_noted():
    frame = holzinger()
    frame["x1"] *= 1000
    (finding,) = from_frame(frame, ITEMS, divisor="n").findings
    assert finding.code == "scales_differ"
    assert finding.severity == "note"
    assert "x1" in finding.claim


def test_unknown_variables_are_named_with_the_nearest():
    with pytest.raises(UnknownIndicatorError, match=r"'x1'") as caught:
        from_frame(holzinger(), ["x1", "x11"], divisor="n")
    assert caught.value.missing == ("x11",)


def test_text_cells_are_named_by_variable_and_row():
    frame = holzinger().astype({"x2": object, "x3": object})
    frame.loc[4, "x2"] = "often"
    frame.loc[10, "x3"] = "n/a"
    with pytest.raises(NotNumericError) as caught:
        from_frame(frame, ITEMS, divisor="n")
    assert caught.value.cells == (("x2", 5, "often"), ("x3", 11, "n/a"))


def test_numbers_written_as_text_are_numbers():
    frame = holzinger()
    written = frame.assign(x1=frame["x1"].map(repr).astype(object))
    assert np.allclose(
        from_frame(written, ITEMS, divisor="n").cov, from_frame(frame, ITEMS, divisor="n").cov
    )


def test_infinite_values_are_refused():
    frame = holzinger()
    frame.loc[3, "x4"] = np.inf
    with pytest.raises(MomentsError, match="Infinite values in x4"):
        from_frame(frame, ITEMS, divisor="n")


def test_a_constant_variable_is_named():
    frame = holzinger().assign(x3=4.0)
    with pytest.raises(NotPositiveDefiniteError, match="Without variance: x3") as caught:
        from_frame(frame, ITEMS, divisor="n")
    assert caught.value.variables == ("x3",)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e8 + 0.1], ids=str)
def test_a_constant_is_constant_whatever_its_value(value):
    frame = holzinger().assign(x3=value)
    with pytest.raises(NotPositiveDefiniteError, match="x3") as caught:
        from_frame(frame, ITEMS, divisor="n")
    assert caught.value.variables == ("x3",)


@pytest.mark.parametrize("factor", [1.0, -1.0, 1000.0], ids=["same", "reversed", "other_unit"])
def test_a_repeated_variable_is_named(factor):
    frame = holzinger()
    frame["x4"] = factor * frame["x1"] + 3
    with pytest.raises(NotPositiveDefiniteError, match="x1 and x4 are the same") as caught:
        from_frame(frame, ITEMS, divisor="n")
    assert caught.value.variables == ("x1", "x4")


def test_dependent_variables_are_named_and_no_others():
    frame = holzinger()
    frame["x4"] = frame["x1"] + frame["x3"]
    with pytest.raises(NotPositiveDefiniteError, match="Linearly dependent") as caught:
        from_frame(frame, ITEMS, divisor="n")
    assert caught.value.variables == ("x1", "x3", "x4")


@pytest.mark.parametrize("n", [0, 1, 4])
def test_as_many_variables_as_cases_are_too_many(n):
    with pytest.raises(TooFewObservationsError) as caught:
        from_frame(holzinger().head(n), ITEMS, divisor="n")
    assert (caught.value.n_obs, caught.value.needed) == (n, 5)


def test_the_group_is_named_where_cases_are_too_few():
    with pytest.raises(TooFewObservationsError, match="'Pasteur'"):
        from_frame(holzinger().head(3), ITEMS, divisor="n", group="Pasteur")


@pytest.mark.parametrize("dtype", ["Float64", "float32", "Int64"])
def test_columns_of_any_numeric_type(dtype):
    whole = holzinger()[ITEMS].round()
    whole.loc[2, "x1"] = np.nan
    typed = whole.astype(dtype)
    moments, expected = (from_frame(item, ITEMS, divisor="n") for item in (typed, whole))
    assert moments.n_obs == 300
    assert np.allclose(moments.cov, expected.cov, rtol=1e-6)


def test_true_and_false_count_as_one_and_zero():
    frame = holzinger()
    frame["school"] = frame["school"] == "Pasteur"
    moments = from_frame(frame, ["x1", "school"], divisor="n")
    assert moments.mean[1] == pytest.approx(frame["school"].mean())


def test_a_column_that_stands_twice_is_refused():
    frame = pd.concat([holzinger(), holzinger()[["x1"]]], axis=1)
    with pytest.raises(MomentsError, match="x1"):
        from_frame(frame, ITEMS, divisor="n")
