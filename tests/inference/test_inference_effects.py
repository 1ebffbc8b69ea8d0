"""Effects equal what a reader would define by hand, with the same errors."""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from kernel_models import DEMOCRACY, THREE_CONSTRUCTS, democracy, holzinger

CASES = {
    "chain": (
        DEMOCRACY + "indirect := a*b\ntotal := c + a*b",
        democracy,
        {
            ("ind60", "dem65", "direct"): "c",
            ("ind60", "dem65", "indirect"): "indirect",
            ("ind60", "dem65", "total"): "total",
            ("ind60", "dem60", "direct"): "a",
            ("ind60", "dem60", "total"): "a",
            ("dem60", "dem65", "total"): "b",
        },
        {},
    ),
    "two_mediators": (
        """
        x2 ~ a*x1
        x3 ~ b*x1
        x4 ~ c*x2 + d*x3 + e*x1
        through := a*c + b*d
        whole := e + a*c + b*d
        """,
        holzinger,
        {
            ("x1", "x4", "direct"): "e",
            ("x1", "x4", "indirect"): "through",
            ("x1", "x4", "total"): "whole",
        },
        {},
    ),
    "feedback": (
        """
        y1 ~ a*y2 + c*x1
        y2 ~ b*y1 + d*x2
        own := c/(1 - a*b)
        loop := c/(1 - a*b) - c
        across := c*b/(1 - a*b)
        """,
        democracy,
        {
            ("x1", "y1", "total"): "own",
            ("x1", "y1", "indirect"): "loop",
            ("x1", "y2", "total"): "across",
            ("x1", "y2", "indirect"): "across",
        },
        {},
    ),
    "fixed_covariates": (
        "x5 ~ c*x1 + ageyr\nx9 ~ a*x1 + b*x5\nx7 ~ f*x9\ntwice := c*b*f + a*f",
        holzinger,
        {("x1", "x7", "total"): "twice", ("x1", "x7", "indirect"): "twice"},
        {"fixed_x": True},
    ),
}


def effect(table, predictor, outcome, kind, group=1):
    """Return one row of the effects."""
    rows = table[
        (table["predictor"] == predictor)
        & (table["outcome"] == outcome)
        & (table["kind"] == kind)
        & (table["group"] == group)
    ]
    assert len(rows) == 1, (predictor, outcome, kind)
    return rows.iloc[0]


@pytest.mark.parametrize("name", CASES)
def test_effects_are_those_defined_by_hand(name):
    model, data, expected, options = CASES[name]
    result = ts.sem(model, data(), **options)
    frame = result.parameters
    table = result.effects
    for key, label in expected.items():
        by_hand = frame[frame["label"] == label].iloc[0]
        row = effect(table, *key)
        for column in ("est", "se", "z", "pvalue", "ci_lower", "ci_upper"):
            assert row[column] == pytest.approx(by_hand[column], rel=1e-8, abs=1e-12), (key, column)
        assert row["std"] == pytest.approx(by_hand["std_all"], rel=1e-8), key


def test_total_is_direct_plus_indirect():
    table = ts.sem(DEMOCRACY, democracy()).effects
    wide = table.pivot_table(index=["predictor", "outcome"], columns="kind", values="est")
    assert np.allclose(wide.fillna(0)["total"], wide.fillna(0)[["direct", "indirect"]].sum(axis=1))


def test_only_effects_that_exist_are_listed():
    table = ts.sem(DEMOCRACY, democracy()).effects
    listed = set(zip(table["predictor"], table["outcome"], table["kind"], strict=True))
    assert ("dem60", "dem65", "indirect") not in listed
    assert not any(predictor == "dem65" for predictor, _, _ in listed)
    assert not any(outcome.startswith(("x", "y")) for _, outcome, _ in listed)


def test_a_measurement_model_has_no_effects():
    table = ts.cfa(THREE_CONSTRUCTS, holzinger()).effects
    assert table.empty
    assert {"predictor", "outcome", "kind", "est", "se", "std"} <= set(table.columns)


def test_loadings_of_higher_order_constructs_are_no_effects():
    model = THREE_CONSTRUCTS + "\ng =~ visual + textual + speed\nvisual ~ ageyr"
    table = ts.sem(model, holzinger()).effects
    assert set(table["predictor"]) == {"ageyr"}
    assert set(table["outcome"]) == {"visual"}


def test_each_group_has_its_effects():
    model = "x2 ~ c(a1, a2)*x1\nx3 ~ c(b1, b2)*x2\nfirst := a1*b1\nsecond := a2*b2"
    result = ts.sem(model, holzinger(), group="school")
    frame = result.parameters
    for group, name in ((1, "first"), (2, "second")):
        by_hand = frame[frame["lhs"] == name].iloc[0]
        row = effect(result.effects, "x1", "x3", "total", group)
        assert (row["est"], row["se"]) == pytest.approx((by_hand["est"], by_hand["se"]), rel=1e-8)


def test_a_fixed_path_is_an_effect_without_error():
    result = ts.sem("x2 ~ 0.5*x1\nx3 ~ b*x2\nthrough := 0.5*b", holzinger())
    row = effect(result.effects, "x1", "x2", "direct")
    assert row["est"] == pytest.approx(0.5)
    assert np.isnan(row["z"])
    through = effect(result.effects, "x1", "x3", "indirect")
    by_hand = result.parameters[result.parameters["lhs"] == "through"].iloc[0]
    assert (through["est"], through["se"]) == pytest.approx((by_hand["est"], by_hand["se"]))
