"""Constructs of second order against semTools, and against what their formulas mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from trustsem.survey import data_path
from trustsem.validity import (
    check_second_order,
    check_second_order_structure,
    omega_second_order,
    parts_table,
    second_order_table,
)

ITEMS = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
PARTS = {"g": list(ITEMS)}
MODEL = "\n".join(f"{name} =~ {' + '.join(items)}" for name, items in ITEMS.items())


@pytest.fixture(scope="module")
def ability():
    answers = pd.read_csv(data_path("holzinger1939.csv"))
    return ts.cfa(f"{MODEL}\ng =~ visual + textual + speed", answers)


@pytest.fixture(scope="module")
def table(ability):
    return second_order_table(
        ability.parameters, PARTS, ITEMS, latent_cov=ability.latent_cov, labels={"g": "Ability"}
    )


def test_omega_equals_semtools(table) -> None:
    # semTools 0.5-6, reliabilityL2() of lavaan 0.7-2's solution
    assert table.loc["g", "omega_l1"] == pytest.approx(0.554295044554, abs=1e-6)
    assert table.loc["g", "omega_l2"] == pytest.approx(0.695890744273, abs=1e-6)
    assert table.loc["g", "label"] == "Ability"


def test_reliability_and_ave_are_those_of_standardised_loadings(ability, table) -> None:
    loadings = parts_table(ability.parameters, PARTS)
    std = loadings["std_all"].to_numpy()
    assert table.loc["g", "ave"] == pytest.approx(np.mean(std**2))
    signal = std.sum() ** 2
    assert table.loc["g", "cr"] == pytest.approx(signal / (signal + np.sum(1 - std**2)))
    assert loadings["r2"].to_numpy() == pytest.approx(std**2)


def test_a_residual_covariance_adds_to_the_sum_of_items(ability, table) -> None:
    rows = ability.parameters
    residual = rows[(rows["op"] == "~~") & rows["lhs"].str.startswith("x")]["est"].sum()
    loads = rows[rows["op"] == "=~"].set_index(["lhs", "rhs"])["est"]
    psi = rows[(rows["op"] == "~~") & rows["lhs"].isin(ITEMS)].set_index("lhs")["est"]
    phi = ability.latent_cov.loc["g", "g"]
    beta = [loads["g", part] for part in ITEMS]
    sums = [sum(loads[part, item] for item in items) for part, items in ITEMS.items()]
    plain, _ = omega_second_order(beta, psi[list(ITEMS)], phi, sums, residual)
    more, _ = omega_second_order(beta, psi[list(ITEMS)], phi, sums, residual + 0.5)
    assert plain == pytest.approx(table.loc["g", "omega_l1"])
    assert more < plain


def test_stacks_give_what_their_members_give() -> None:
    draws = np.random.default_rng(3)
    beta, psi, sums = (draws.uniform(0.5, 1.5, (4, 3)) for _ in range(3))
    phi, rest = draws.uniform(0.5, 1.5, (2, 4))
    together = omega_second_order(beta, psi, phi, sums, rest)
    for k in range(4):
        alone = omega_second_order(beta[k], psi[k], phi[k], sums[k], rest[k])
        assert [stack[k] for stack in together] == pytest.approx([float(value) for value in alone])


def test_an_improper_part_has_no_reliability(ability) -> None:
    rows = ability.parameters.copy()
    rows.loc[(rows["lhs"] == "g") & (rows["rhs"] == "visual"), "std_all"] = 1.02
    broken = second_order_table(rows, PARTS, ITEMS, latent_cov=ability.latent_cov)
    assert broken[["cr", "ave", "omega_l1", "omega_l2"]].isna().all(axis=None)
    assert check_second_order(broken) == ()


def test_weak_second_order_constructs_are_named(table) -> None:
    reliability, ave = check_second_order(table)
    assert (reliability.code, reliability.holds) == ("second_order_reliability", False)
    assert (ave.code, ave.holds, ave.source) == ("second_order_ave", False, "fornell1981")
    assert "Ability (second order)" in ave.claim


def test_the_structure_of_the_second_order_is_tested() -> None:
    holds = check_second_order_structure(277.36, 267.10, (10.26, 5, 0.068), ["g"])
    assert (holds.holds, holds.severity) == (True, "note")
    assert "target coefficient .963" in holds.claim
    fails = check_second_order_structure(300.0, 267.10, (32.9, 5, 1e-5), ["g"])
    assert (fails.holds, fails.severity) == (False, "warning")
    nothing = check_second_order_structure(85.3, 85.3, (0.0, 0, float("nan")), ["g"])
    assert nothing.holds is None
    assert "cannot be tested" in nothing.claim
