"""Effects equal what a reader would define by hand, with the same errors."""

from __future__ import annotations

import numpy as np
import pytest

import trustsem as ts
from kernel_models import DEMOCRACY, THREE_CONSTRUCTS, democracy, holzinger
from trustsem.inference import Effect, effect_values, spectral_radius, standardized_effects

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


def test_standardised_effects_and_chains_have_the_errors_of_defined_parameters() -> None:
    result = ts.sem(DEMOCRACY + "indirect := a*b", democracy())
    defined = result.parameters.set_index("lhs").loc["indirect"]
    effects = result.effects.set_index(["predictor", "outcome", "kind"])
    row = effects.loc[("ind60", "dem65", "indirect")]
    (chain,) = result.chains.to_dict("records")
    assert chain["chain"] == "ind60 -> dem60 -> dem65"
    for found in (row, chain):
        assert found["std"] == pytest.approx(defined["std_all"], rel=1e-9)
        assert found["std_se"] == pytest.approx(defined["std_all_se"], rel=1e-6)
        assert found["se"] == pytest.approx(defined["se"], rel=1e-9)
        width = found["std_ci_upper"] - found["std_ci_lower"]
        assert width == pytest.approx(2 * 1.959964 * found["std_se"], rel=1e-6)


def test_all_chains_of_a_recursive_model_add_up_to_the_indirect_effect() -> None:
    model = "x2 ~ x1\nx3 ~ x1 + x2\nx4 ~ x1 + x2 + x3"
    result = ts.sem(model, holzinger())
    chains = result.chains
    assert set(chains["chain"]) == {
        "x1 -> x2 -> x3",
        "x1 -> x2 -> x4",
        "x1 -> x3 -> x4",
        "x1 -> x2 -> x3 -> x4",
        "x2 -> x3 -> x4",
    }
    from_first = chains[(chains["predictor"] == "x1") & (chains["outcome"] == "x4")]
    assert from_first["chain"].str.count("->").tolist() == [2, 2, 3]
    indirect = result.effects.query("kind == 'indirect'").set_index(["predictor", "outcome"])
    sums = chains.groupby(["predictor", "outcome"])["est"].sum()
    assert sums.to_dict() == pytest.approx(indirect["est"].to_dict())


def test_effects_of_a_stack_are_those_of_its_members() -> None:
    draws = np.random.default_rng(5)
    Beta = np.tril(draws.normal(size=(6, 4, 4)), -1)
    sd = draws.uniform(0.5, 2.0, (6, 4))
    effects = [
        Effect((0, 3), "total"),
        Effect((0, 3), "indirect"),
        Effect((1, 3), "direct"),
        Effect((0, 1, 2, 3), "specific"),
    ]
    together = effect_values(Beta, effects)
    standardised = standardized_effects(together, sd, effects)
    for k in range(6):
        assert together[k] == pytest.approx(effect_values(Beta[k], effects))
        B = Beta[k]
        by_hand = B[3, 0] + B[3, 1] * B[1, 0] + B[3, 2] * (B[2, 0] + B[2, 1] * B[1, 0])
        assert together[k, 0] == pytest.approx(by_hand)
        assert together[k, 3] == pytest.approx(B[1, 0] * B[2, 1] * B[3, 2])
        assert standardised[k, 0] == pytest.approx(by_hand * sd[k, 0] / sd[k, 3])


def test_feedback_that_does_not_settle_has_no_total_effects() -> None:
    Beta = np.zeros((3, 2, 2))
    Beta[:, 0, 1], Beta[:, 1, 0] = [0.5, 2.0, 0.0], [0.5, 0.8, 3.0]
    assert spectral_radius(Beta) == pytest.approx([0.5, np.sqrt(1.6), 0.0])
    stable, wild = (
        ts.sem(f"y1 ~ {a}*y2 + x1\ny2 ~ {b}*y1 + x2", democracy())
        for a, b in ((0.4, 0.5), (2, 0.9))
    )
    assert stable.spectral_radius == pytest.approx(np.sqrt(0.2))
    assert stable.effects["est"].notna().all()
    lost = wild.effects.set_index("kind")["est"]
    assert lost[["indirect", "total"]].isna().all()
    assert lost["direct"].notna().all()
