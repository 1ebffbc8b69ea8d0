"""Small samples of weak items: minima that plain descent does not reach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import trustsem as ts

MODEL = "a =~ x1 + x2 + x3\nb =~ x4 + x5 + x6\nc =~ x7 + x8 + x9"


def weak_items(seed: int, n_obs: int = 50) -> pd.DataFrame:
    """Draw nine items that load .4 on three constructs correlated .3."""
    generator = np.random.default_rng(seed)
    Phi = 0.7 * np.eye(3) + 0.3
    constructs = generator.multivariate_normal(np.zeros(3), Phi, size=n_obs)
    noise = generator.normal(size=(n_obs, 9)) * np.sqrt(1 - 0.4**2)
    scores = constructs @ np.kron(np.eye(3), np.full((1, 3), 0.4)) + noise
    return pd.DataFrame(scores, columns=[f"x{number}" for number in range(1, 10)])


@pytest.mark.parametrize(
    ("seed", "lowest"),
    # The lowest F of all searches: hundreds of random starts, other markers, lavaan 0.6-14.
    [(1000, 0.3909698), (1002, 0.3737288), (1013, 0.4030014), (1024, 0.4423861)],
)
@pytest.mark.parametrize("units", [1.0, 1000.0])
def test_a_minimum_behind_infinity_is_found(seed, lowest, units):
    result = ts.cfa(MODEL, weak_items(seed).assign(x5=lambda data: data["x5"] * units))
    assert result.converged
    assert not result.admissible
    assert result.estimate.value == pytest.approx(lowest, abs=1e-6)


def test_the_lowest_minimum_counts_and_a_proper_one_above_it_is_told():
    # lavaan 0.6-14: cfa(MODEL, data) has 2 * fx = .48139225 here, a proper solution.
    result = ts.cfa(MODEL, weak_items(1001))
    (finding,) = (item for item in result.findings if item.code == "proper_elsewhere")
    assert result.converged
    assert not result.admissible
    assert result.estimate.value < 0.4407
    assert finding.threshold == pytest.approx(0.48139225, abs=1e-6)
    assert "standard" in finding.remedy


def test_items_that_nearly_repeat_each_other_do_not_hide_the_minimum():
    frame = weak_items(1001, 200)
    frame["x3"] = frame["x2"] + 1e-4 * np.random.default_rng(3).normal(size=200)
    result = ts.cfa(MODEL, frame)
    assert result.converged
