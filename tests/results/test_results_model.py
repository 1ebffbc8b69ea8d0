"""A result shows whether to trust it, cannot be edited, and can be written down."""

from __future__ import annotations

import functools
import json
import math

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from kernel_models import (
    DEMOCRACY,
    THREE_CONSTRUCTS,
    democracy,
    each_shape,
    estimate_of,
    holzinger,
    shape,
)

HEYWOOD = "f1 =~ x1 + x7\nf2 =~ x4 + x5 + x6\nf3 =~ x2 + x3 + x8"
COLUMNS = [
    "lhs", "op", "rhs", "group", "label", "free", "est", "se", "z", "pvalue", "ci_lower",
    "ci_upper", "std_lv", "std_all", "std_all_se",
]  # fmt: skip


@functools.cache
def heywood():
    frame = holzinger()
    return ts.cfa(HEYWOOD, frame[(frame["school"] == "Pasteur") & (frame["ageyr"] <= 12)])


@functools.cache
def without_solution():
    return ts.cfa(THREE_CONSTRUCTS, holzinger().head(20))


@pytest.fixture(scope="module")
def result():
    return ts.cfa(THREE_CONSTRUCTS, holzinger())


def test_a_clean_result_reads_like_a_table_of_a_paper(result):
    text = repr(result)
    assert result.admissible
    assert result.findings == ()
    assert "!!!" not in text
    for part in ("N = 301", "visual =~ x2", "CFI = .931", "RMSEA = .092", "SRMR = .065"):
        assert part in text
    assert text == result.summary()


@pytest.mark.parametrize(
    ("make", "banner"), [(heywood, "INADMISSIBLE SOLUTION"), (without_solution, "do not interpret")]
)
def test_what_must_not_be_used_says_so_before_any_number(make, banner):
    result = make()
    text = repr(result)
    assert not result.admissible
    assert text.index("!!!") < text.index(banner) < text.index("Loadings")
    assert banner in result._repr_html_()
    assert result.findings[0].severity == "serious"
    assert str(result.findings[0].claim)[:40] in text


def test_no_convergence_is_named():
    """A model with contradicting bounds has no solution whatever the data."""
    model = THREE_CONSTRUCTS.replace("x2", "b*x2") + "\nb > 0.9\nb < 0.2"
    result = ts.cfa(model, holzinger())
    assert not result.converged
    assert "NOT CONVERGED" in repr(result)
    assert result.findings[0].code == "not_converged"
    assert result.to_dict()["converged"] is False


@pytest.mark.parametrize("model", each_shape())
def test_every_shape_prints_and_is_written_as_json(model):
    result = model.fit()
    written = json.dumps(result.to_dict(), allow_nan=False)
    back = json.loads(written)
    assert back["df"] == result.df
    assert back["n_free"] == result.n_free
    assert back["fit_measures"]["chisq"] == pytest.approx(result.fit_measures["chisq"])
    assert len(back["parameters"]) == len(result.parameters)
    assert repr(result)
    assert result._repr_html_().count("<table") >= 2


@pytest.mark.parametrize("make", [heywood, without_solution], ids=["improper", "no_solution"])
def test_what_is_not_a_number_is_written_as_null(make):
    back = json.loads(json.dumps(make().to_dict(), allow_nan=False))
    assert back["admissible"] is False
    assert back["findings"][0]["severity"] == "serious"


@pytest.mark.parametrize(
    "read",
    [
        lambda result: result.parameters,
        lambda result: result.sample,
        lambda result: result.implied,
        lambda result: result.latent_cov,
        lambda result: result.vcov,
        lambda result: result.residuals(),
        lambda result: result.fit_measures.to_frame(),
        lambda result: result.r2.to_frame(),
        lambda result: result.modification_indices(),
    ],
    ids=[
        "parameters", "sample", "implied", "latent_cov", "vcov", "residuals", "fit", "r2", "mi",
    ],
)  # fmt: skip
def test_editing_a_table_does_not_change_the_result(result, read):
    first = read(result)
    before = first.copy()
    numbers = first.select_dtypes("number").columns
    first[numbers] = -99.0
    first.iloc[0, first.columns.get_loc(numbers[0])] = -98.0
    pd.testing.assert_frame_equal(read(result), before)


def test_writing_into_the_arrays_of_a_table_does_not_change_the_result():
    fresh = ts.cfa(THREE_CONSTRUCTS, holzinger())
    before = fresh.vcov
    values = fresh.vcov.to_numpy(copy=False)
    if values.flags.writeable:
        values[:] = 0.0
    pd.testing.assert_frame_equal(fresh.vcov, before)


def test_the_user_s_data_stay_as_they_are():
    frame = holzinger()
    before = frame.copy()
    ts.cfa(THREE_CONSTRUCTS, frame, group="school")
    pd.testing.assert_frame_equal(frame, before)


def test_later_changes_of_the_data_do_not_reach_the_result():
    frame = holzinger().select_dtypes("number")
    result = ts.cfa(THREE_CONSTRUCTS, frame)
    before = result.factor_scores()
    frame[:] = 0
    pd.testing.assert_frame_equal(result.factor_scores(), before)


def test_parameters_have_the_promised_columns(result):
    assert set(COLUMNS) <= set(result.parameters.columns)
    free = result.parameters[result.parameters["free"] > 0]
    assert free["free"].tolist() == list(range(1, result.n_free + 1))


def test_sizes(result):
    assert (result.n_obs, result.n_free, result.df) == (301, 21, 24)
    assert result.constructs == {
        "visual": ("x1", "x2", "x3"),
        "textual": ("x4", "x5", "x6"),
        "speed": ("x7", "x8", "x9"),
    }
    assert result.converged
    assert result.iterations < 20


def test_explained_variance():
    result = ts.sem(DEMOCRACY, democracy())
    for name in ("dem60", "dem65"):
        rest = estimate_of(result, name, "~~", name)["std_all"]
        assert result.r2[name] == pytest.approx(1 - rest)
    loading = estimate_of(result, "dem60", "=~", "y1")["std_all"]
    assert result.r2["y1"] == pytest.approx(loading**2)
    assert "ind60" not in result.r2.index


def test_correlations_of_constructs(result):
    cor = result.latent_cor
    assert np.allclose(np.diag(cor), 1)
    row = estimate_of(result, "visual", "~~", "textual")
    assert cor.loc["textual", "visual"] == pytest.approx(row["std_all"])


def test_several_groups_come_as_dictionaries_by_label():
    result = shape("two_groups").fit()
    for part in (result.sample, result.implied, result.latent_cov, result.r2, result.residuals()):
        assert list(part) == ["Pasteur", "Grant-White"]
    assert result.n_obs == 301
    assert "2 groups" in repr(result)
    assert "Pasteur" in repr(result)


def test_groups_are_taken_in_order_of_first_appearance_whatever_their_type():
    frame = holzinger().assign(form=lambda data: np.where(data["id"] % 2 == 0, 2, 1))
    whole = ts.cfa(THREE_CONSTRUCTS, frame, group="form")
    text = ts.cfa(THREE_CONSTRUCTS, frame.astype({"form": str}), group="form")
    decimal = ts.cfa(THREE_CONSTRUCTS, frame.astype({"form": float}), group="form")
    assert whole.table.group_labels == text.table.group_labels == ("1", "2")
    assert decimal.table.group_labels == ("1", "2")
    assert whole.fit_measures["chisq"] == text.fit_measures["chisq"]


def test_a_grouping_variable_must_tell_groups_apart():
    with pytest.raises(ts.TrustsemError, match="fewer than two groups"):
        ts.cfa(THREE_CONSTRUCTS, holzinger().assign(one="a"), group="one")
    with pytest.raises(ts.TrustsemError, match="school"):
        ts.cfa(THREE_CONSTRUCTS, holzinger(), group="schol")


def test_lost_cases_are_shown():
    frame = holzinger()
    frame.loc[:9, "x1"] = math.nan
    result = ts.cfa(THREE_CONSTRUCTS, frame)
    assert result.n_obs == 291
    assert result.admissible
    assert "10 of 301 cases" in repr(result)


def test_defined_parameters_are_rows_and_have_errors():
    result = ts.sem(DEMOCRACY + "indirect := a*b\nshare := indirect/(indirect + c)", democracy())
    row = result.parameters.set_index("label").loc["share"]
    a, b, c = (result.parameters.set_index("label").loc[name, "est"] for name in "abc")
    assert row["est"] == pytest.approx(a * b / (a * b + c))
    assert row["se"] > 0


@pytest.mark.parametrize("name", ["cfa_marker", "structural", "equal_labels", "second_order"])
def test_the_second_engine_gives_the_same_numbers(name):
    native, semopy = shape(name).fit(), shape(name).fit(engine="semopy")
    assert semopy.estimate.engine == "semopy"
    assert "engine semopy" in repr(semopy)
    assert semopy.converged
    columns = ["est", "se", "std_all", "std_all_se"]
    mine, other = native.parameters[columns], semopy.parameters[columns]
    scale = native.parameters["se"].replace(0, 1.0).to_numpy()
    assert (np.abs(other["est"] - mine["est"]) / scale).max() < 1e-5
    assert np.allclose(mine, other, rtol=1e-4, atol=1e-6)
    assert np.allclose(native.fit_measures, semopy.fit_measures, rtol=1e-6, atol=1e-6)


def test_what_the_second_engine_cannot_do_is_said():
    with pytest.raises(ts.TrustsemError, match="one group"):
        ts.cfa(THREE_CONSTRUCTS, holzinger(), group="school", engine="semopy")


def test_growth_models_have_means_of_constructs():
    frame = democracy()
    result = ts.growth(
        "i =~ 1*x1 + 1*x2 + 1*x3\ns =~ 0*x1 + 1*x2 + 2*x3\ns ~~ 0*s\ns ~~ 0*i", frame
    )
    assert result.latent_mean["i"] == pytest.approx(estimate_of(result, "i", "~1")["est"])
    assert (
        result.parameters[result.parameters["lhs"].eq("x1") & result.parameters["op"].eq("~1")][
            "est"
        ]
        == 0
    ).all()
