"""Left-out parameters: test, power and size decide together whether a miss matters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.validity import (
    Thresholds,
    check_modifications,
    misspecification_power,
    modification_table,
    residual_table,
)

# lavaan 0.6-14: modindices(power = TRUE, delta = .1) on the three-factor model of Holzinger &
# Swineford; columns mi, epc, ncp, power
LAVAAN = [
    (36.411030652, 0.5770215378, 1.0935758844, 0.1816248775),
    (34.145089360, 0.5364439702, 1.1865321699, 0.1931106078),
    (18.630638464, -0.4218623858, 1.0468540301, 0.1758560189),
    (8.918022231, -0.1827253847, 2.6709808896, 0.3725070837),
]


@pytest.mark.parametrize(("mi", "epc", "ncp", "power"), LAVAAN)
def test_power_as_lavaan_computes_it(mi, epc, ncp, power) -> None:
    found = misspecification_power(mi, epc, 0.1)
    assert found[0] == pytest.approx(ncp, rel=1e-8)
    assert found[1] == pytest.approx(power, abs=1e-8)


def test_power_is_the_level_where_nothing_is_left_out() -> None:
    _, power = misspecification_power(4.0, 0.3, 1e-9)
    assert power == pytest.approx(0.05, abs=1e-6)
    _, power = misspecification_power([4.0, 4.0], [0.3, 0.01], 0.3, 0.01)
    assert power[1] == pytest.approx(1.0)
    assert np.isnan(misspecification_power(0.0, 0.0, 0.1)[1])


def indices(*rows: tuple[str, str, str, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["lhs", "op", "rhs", "mi", "sepc_all"])
    return table.assign(epc=table["sepc_all"])


# (MI / EPC^2) * delta^2 with delta .1 is 10 for high power (.885), 1 for low power (.17)
@pytest.mark.parametrize(
    ("mi", "epc", "decision"),
    [
        (1000 * 0.05**2, 0.05, "not misspecified"),
        (1000 * 0.07**2, 0.07, "EPC negligible"),
        (1000 * 0.12**2, 0.12, "EPC matters"),
        (100 * 0.15**2, 0.15, "inconclusive"),
        (100 * 0.25**2, 0.25, "misspecified"),
    ],
)
def test_test_and_power_span_a_quadrant(mi, epc, decision) -> None:
    table = modification_table(indices(("x1", "~~", "x2", mi, epc)))
    assert table["decision"].item() == decision
    assert table["delta"].item() == 0.1


def test_loadings_have_a_size_of_their_own() -> None:
    rows = indices(("f", "=~", "x4", 9.0, 0.3), ("f", "~~", "f", 50.0, 1.0), ("f", "~", "g", 9, 1))
    table = modification_table(rows)
    assert table["lhs"].tolist() == ["f"]  # variances and paths are no matter of measurement
    assert table["delta"].item() == 0.4
    own = modification_table(rows, Thresholds(delta_loading=0.28))
    assert own["delta"].item() == 0.28
    assert own["decision"].item() == "EPC matters"


def test_findings_count_and_name_the_largest() -> None:
    rows = [("x1", "~~", f"x{i}", 100 * 0.25**2 + i, 0.25) for i in range(2, 9)]
    quiet = [("f", "=~", f"y{i}", 0.5, 0.02) for i in range(3)]
    summary, *single = check_modifications(
        modification_table(indices(*rows, *quiet)), labels={"f": "Trust"}
    )
    assert summary.holds is False
    assert "Of 10 loadings and residual covariances" in summary.claim
    assert "7 would improve it significantly, where about 0.5 do by chance" in summary.claim
    assert len(single) == 5
    assert single[0].subject == "x1 ~~ x8"
    assert single[0].claim.startswith("A covariance of the residuals of x1 and x8 is left out")
    assert all(finding.severity == "note" for finding in single)


def test_a_loading_is_told_by_its_constructs_label() -> None:
    table = modification_table(indices(("f", "=~", "x4", 30.0, 0.6)))
    _, single = check_modifications(table, labels={"f": "Trust"})
    assert single.about == "Trust =~ x4"
    assert single.claim.startswith("A loading of x4 on Trust is left out (MI 30.0")


def test_few_significant_indices_are_for_the_record() -> None:
    rows = [("x1", "~~", f"x{i}", 0.1, 0.02) for i in range(2, 40)]
    (summary,) = check_modifications(modification_table(indices(*rows)))
    assert summary.holds
    assert summary.severity == "note"
    assert check_modifications(modification_table(indices())) == ()


def test_residuals_are_sorted_by_size_with_the_constructs_of_the_items() -> None:
    names = ["a", "b", "c"]
    residuals = pd.DataFrame(
        [[0, 0.1, -0.3], [0.1, 0, np.nan], [-0.3, np.nan, 0]], index=names, columns=names
    )
    table = residual_table(residuals, residuals * 10, {"a": "f", "c": "g"})
    assert table[["item_a", "item_b"]].to_numpy().tolist() == [["a", "c"], ["a", "b"]]
    assert table["residual"].tolist() == [-0.3, 0.1]
    assert table["z"].tolist() == [-3.0, 1.0]
    assert table["construct_b"].tolist() == ["g", ""]
