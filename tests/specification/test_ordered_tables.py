"""Thresholds and scales in the parameter table."""

from __future__ import annotations

import pytest

from trustsem.errors import SpecificationError, UnsupportedError
from trustsem.options import Options
from trustsem.specification import build_table, ordered_items, parse_model

MODEL = "f =~ x1 + x2 + x3"
SIZES = {"x1": 3, "x2": 4, "x3": 2}


def table(text=MODEL, groups=(), sizes=SIZES, **keywords):
    options = Options.from_keywords(**{"ordered": True} | keywords)
    return build_table(
        parse_model(text), kind="cfa", options=options, group_labels=groups, n_categories=sizes
    )


def free(found, group=2):
    return {row.name for row in found.parameters if row.group == group and row.free}


def test_the_rows_of_an_ordered_item():
    found = table()
    rows = {row.name: row for row in found.parameters}
    assert [name for name in rows if "|" in name] == [
        "x1|t1", "x1|t2", "x2|t1", "x2|t2", "x2|t3", "x3|t1",
    ]  # fmt: skip
    assert found.n_free == 2 + 6 + 1
    assert rows["x1~*~x1"].fixed == 1
    assert rows["x1~1"].fixed == 0
    assert rows["x1~~x1"].derived
    assert found.meanstructure


def test_theta_takes_residual_variances_as_parameters():
    rows = {row.name: row for row in table(parameterization="theta").parameters}
    assert rows["x1~~x1"].fixed == 1
    assert rows["x1~*~x1"].derived


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_what_is_equal_over_groups_says_what_becomes_free(parameterization):
    def added(*equal):
        keywords = {"parameterization": parameterization, "group_equal": list(equal)}
        base = free(table(groups=("a", "b"), parameterization=parameterization))
        return free(table(groups=("a", "b"), **keywords)) - base

    scales = {"x1~*~x1", "x2~*~x2"} if parameterization == "delta" else {"x1~~x1", "x2~~x2"}
    last = {"x3~*~x3"} if parameterization == "delta" else {"x3~~x3"}
    levels = {"x1~1", "x2~1", "x3~1"}
    assert added("loadings") == set()
    # One threshold does not identify the scale of x3 by itself.
    assert added("thresholds") == scales | levels
    assert added("loadings", "thresholds") == scales | levels
    assert added("loadings", "thresholds", "intercepts") == scales | last | {"f~1"}


def test_thresholds_are_tied_over_groups():
    found = table(groups=("a", "b"), group_equal=["thresholds"])
    labels = [row.label for row in found.parameters if row.name == "x2|t2"]
    assert labels[0] == labels[1] != ""


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_the_text_of_a_table_gives_it_back(parameterization):
    found = table(groups=("a", "b"), group_equal=["thresholds"], parameterization=parameterization)
    again = table(found.syntax(), groups=("a", "b"), parameterization=parameterization)
    fields = [(row.name, row.group, row.free > 0, row.derived) for row in again.parameters]
    assert sorted(fields) == sorted(
        (row.name, row.group, row.free > 0, row.derived) for row in found.parameters
    )


def test_true_means_all_but_covariates():
    syntax = parse_model(MODEL + "\nf ~ w\ny ~ f")
    assert ordered_items(syntax, Options.from_keywords(ordered=True)) == ("x1", "x2", "x3", "y")


@pytest.mark.parametrize(
    ("text", "keywords", "error", "what"),
    [
        ("x1 ~~ 1*x1", {}, SpecificationError, "residual variance of an ordered item"),
        ("x1 ~*~ 1*x1", {"parameterization": "theta"}, SpecificationError, "factors follow"),
        ("x1 | t4", {}, SpecificationError, "no threshold t4"),
        ("x2 ~*~ 1*x2", {"ordered": ["x1"]}, SpecificationError, "only ordered items"),
        ("f ~ w", {"fixed_x": True}, UnsupportedError, "fixed covariates"),
    ],
)
def test_what_does_not_fit_is_refused(text, keywords, error, what):
    with pytest.raises(error, match=what):
        table(f"{MODEL}\n{text}", **keywords)
