"""Agreement and drivers of a made-up multiverse whose effects are known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from trustsem.validity.multiverse import (
    Switches,
    agreement_table,
    check_multiverse,
    drivers_table,
    main_effects,
    overall_table,
    with_decisive,
)

CHOICES = {"a": ("a0", "a1"), "b": ("b0", "b1", "b2"), "c": ("c0", "c1")}
EFFECTS = {"a": {"a0": 0.0, "a1": 0.30}, "b": {"b0": 0.0, "b1": 0.06, "b2": -0.12}, "c": {}}


def grid():
    """Return every combination, the first one the study's own."""
    rows = [dict(zip(CHOICES, chosen, strict=True)) for chosen in product(*CHOICES.values())]
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="specification"))


def multiverse(threshold=0.55, hypothesis="H1"):
    """Return choices and estimates that are sums of main effects; above 0.55 is support."""
    choices = grid()
    std = [
        0.4 + sum(EFFECTS[name].get(value, 0.0) for name, value in row.items())
        for _, row in choices.iterrows()
    ]
    estimates = pd.DataFrame(
        {
            "specification": choices.index,
            "own": choices.index == 1,
            "counted": True,
            "hypothesis": hypothesis,
            "path": "x -> y",
            "std_all": std,
            "supported": [value > threshold for value in std],
        }
    ).astype({"supported": object})
    return choices, estimates


def test_eta_squared_of_a_full_grid_is_that_of_the_analysis_of_variance():
    choices, estimates = multiverse()
    drivers, _ = drivers_table(choices, estimates, CHOICES)
    eta = drivers.set_index("choice")["eta_squared"]
    # Sums of squares by hand: a has means -.15, .15; b has means .02, .08, -.10 about their own.
    of_a, of_b = 12 * 0.15**2, 4 * (0.02**2 + 0.08**2 + 0.10**2)
    assert eta["a"] == pytest.approx(of_a / (of_a + of_b))
    assert eta["b"] == pytest.approx(of_b / (of_a + of_b))
    assert eta["c"] == pytest.approx(0.0, abs=1e-12)


def test_in_an_incomplete_grid_each_choice_answers_for_what_it_adds_alone():
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 2, size=(40, 3)).astype(float)
    values = 0.5 * codes[:, 0] + 0.2 * codes[:, 1] + rng.normal(0, 0.1, 40)
    found = main_effects(codes, values)

    def r2(columns):
        design = np.column_stack([np.ones(40), codes[:, columns]])
        left = values - design @ np.linalg.pinv(design) @ values
        return 1 - left @ left / ((values - values.mean()) ** 2).sum()

    whole = r2([0, 1, 2])
    expected = [whole - r2([1, 2]), whole - r2([0, 2]), whole - r2([0, 1])]
    assert found == pytest.approx(expected)


def test_nothing_accounts_for_a_spread_that_is_not_there():
    codes = np.array([[0.0], [1.0]])
    assert np.isnan(main_effects(codes, np.array([0.3, 0.3]))).all()
    assert np.isnan(main_effects(np.empty((0, 2)), np.empty(0))).all()


def test_switching_one_choice_holds_all_others():
    choices, estimates = multiverse()
    drivers, switches = drivers_table(choices, estimates, CHOICES)
    rows = drivers.set_index("choice")
    assert rows["n_pairs"].to_dict() == {"a": 6, "b": 12, "c": 6}
    assert rows.loc["a", "mean_change"] == pytest.approx(0.30)
    assert rows.loc["b", "mean_change"] == pytest.approx((0.06 + 0.12 + 0.18) / 3)
    assert rows.loc["b", "largest_change"] == pytest.approx(0.18)
    moves = switches.set_index(["choice", "value"])
    assert moves.loc[("a", "a1"), "mean_change"] == pytest.approx(0.30)
    assert moves.loc[("b", "b1"), "mean_change"] == pytest.approx(0.06)
    assert moves.loc[("b", "b2"), "mean_change"] == pytest.approx(-0.12)
    assert (moves["n_pairs"] == [6, 4, 4, 6]).all()


def test_pairs_differ_in_one_choice_and_in_nothing_else():
    codes = np.array(list(product((0, 1), (0, 1, 2))), dtype=float)
    pairs = Switches.of(codes, 1)
    different = codes[pairs.first] != codes[pairs.second]
    assert different[:, 1].all()
    assert not different[:, 0].any()
    assert len(pairs) == 2 * 3


def test_the_choice_that_turns_most_verdicts_matters_most():
    choices, estimates = multiverse()
    drivers, _ = drivers_table(choices, estimates, CHOICES)
    rows = drivers.set_index("choice")
    # .4 and .46 and .28 are no support; .70, .76 and .58 are: only a turns verdicts.
    assert rows["flips"].to_dict() == {"a": 1.0, "b": 0.0, "c": 0.0}
    assert rows["eta_squared_verdict"]["a"] == pytest.approx(1.0)
    assert rows["matters_most"].to_dict() == {"a": True, "b": False, "c": False}


def test_a_choice_that_turns_verdicts_matters_more_than_one_that_moves_estimates_more():
    choices, estimates = multiverse(threshold=0.45)  # .46 by b1 alone; every a1 is above
    verdicts = [
        std > 0.45 and row["a"] == "a0" for std, (_, row) in zip(
            estimates["std_all"], choices.iterrows(), strict=True)
    ]  # fmt: skip
    lowered = estimates.assign(supported=pd.Series(verdicts, dtype=object))
    rows = drivers_table(choices, lowered, CHOICES)[0].set_index("choice")
    assert rows.loc["a", "eta_squared"] > rows.loc["b", "eta_squared"]
    assert rows.loc["b", "flips"] == pytest.approx(4 / 12)
    assert rows.loc["a", "flips"] == pytest.approx(2 / 6)
    overall = overall_table(rows.reset_index())
    assert overall.set_index("choice")["flips"]["b"] == pytest.approx(4 / 12)


def test_agreement_counts_what_shares_the_studys_own_verdict():
    _, estimates = multiverse()
    row = agreement_table(estimates).iloc[0]
    assert (row["n_specifications"], row["n_agree"]) == (12, 6)
    assert row["supported"] is False or not row["supported"]
    assert row["share_agree"] == row["share_supported"] == 0.5
    assert (row["std_lower"], row["std_upper"]) == pytest.approx((0.28, 0.76))
    assert row["std_median"] == pytest.approx((0.46 + 0.58) / 2)
    assert row["sign_changes"] == 0


def test_what_does_not_count_takes_no_part():
    choices, estimates = multiverse()
    estimates.loc[estimates["std_all"] > 0.55, "counted"] = False
    row = agreement_table(estimates).iloc[0]
    assert (row["n_specifications"], row["share_agree"]) == (6, 1.0)
    drivers, _ = drivers_table(choices, estimates, CHOICES)
    rows = drivers.set_index("choice")
    assert rows.loc["a", "n_pairs"] == 0
    assert np.isnan(rows.loc["a", "mean_change"])
    assert rows.loc["b", "matters_most"]


def test_without_an_own_verdict_there_is_nothing_to_agree_with():
    _, estimates = multiverse()
    estimates.loc[estimates["own"], "counted"] = False
    row = agreement_table(estimates).iloc[0]
    assert row["n_specifications"] == 11
    assert np.isnan(row["share_agree"])
    assert row["share_supported"] == pytest.approx(6 / 11)
    assert check_multiverse(agreement_table(estimates), titles={}) == ()


@pytest.mark.parametrize(("others", "warned"), [(1, False), (2, True)])
def test_more_than_a_tenth_of_other_verdicts_is_a_warning(others, warned):
    choices, estimates = multiverse()
    estimates["supported"] = pd.Series([True] * (12 - others) + [False] * others, dtype=object)
    drivers, _ = drivers_table(choices, estimates, CHOICES)
    table = with_decisive(agreement_table(estimates), drivers)
    found = check_multiverse(table, titles={"c": "controls"}, labels={"x": "Trust"})
    assert bool(found) is warned
    if found:
        (finding,) = found
        assert finding.code == "multiverse_disagrees"
        assert finding.value == pytest.approx(2 / 12)
        assert "H1 (Trust -> y) is supported" in finding.claim
        assert "2 of 12 admissible specifications say otherwise" in finding.claim


def test_where_nothing_moves_no_choice_matters():
    choices, estimates = multiverse()
    estimates["std_all"] = 0.4
    estimates["supported"] = pd.Series([True] * 12, dtype=object)
    drivers, _ = drivers_table(choices, estimates, CHOICES)
    assert not drivers["matters_most"].any()
    assert not overall_table(drivers)["matters_most"].any()
    assert with_decisive(agreement_table(estimates), drivers)["matters_most"].tolist() == [""]
