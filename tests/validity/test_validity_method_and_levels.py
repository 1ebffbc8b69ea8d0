"""Formulas and criteria of method variance and of levels of invariance, at their thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.validity import (
    LevelChange,
    adjusted_correlation,
    adjusted_correlations,
    check_adjusted_correlations,
    check_level,
    check_method_variance,
    gamma_hat,
    level_holds,
    marker_correlation,
    noncentrality,
    reliability_split,
    scale_correlations,
    variance_split,
)


def change(**values):
    facts = {
        "level": "metric", "against": "configural", "chisq": 8.0, "df": 6, "pvalue": 0.24,
        "cfi": 0.0, "rmsea": 0.0, "srmr": 0.0, "mfi": 0.0, "gamma_hat": 0.0, "n_obs": 400,
        "loadings": True,
    }  # fmt: skip
    return LevelChange(**{**facts, **values})


@pytest.mark.parametrize(("drop", "holds"), [(-0.0099, True), (-0.01, True), (-0.0101, False)])
def test_cfi_may_drop_by_a_hundredth(drop, holds):
    assert level_holds(change(cfi=drop), "cfi") is holds
    finding = next(x for x in check_level(change(cfi=drop)) if x.code == "invariance_cfi")
    assert finding.holds is holds
    assert finding.source == "cheung2002"


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ({"cfi": -0.010, "rmsea": 0.014, "srmr": 0.029}, True),
        ({"cfi": -0.010, "rmsea": 0.015}, False),
        ({"cfi": -0.010, "srmr": 0.030}, False),
        ({"cfi": -0.009, "rmsea": 0.050, "srmr": 0.050}, True),
        ({"cfi": -0.010, "srmr": 0.010, "loadings": False}, False),
        ({"cfi": -0.005, "rmsea": 0.010, "n_obs": 300}, False),
        ({"cfi": -0.005, "rmsea": 0.010, "n_obs": 301}, True),
        ({"cfi": -0.005, "srmr": 0.005, "n_obs": 300, "loadings": False}, False),
    ],
)
def test_chen_asks_for_cfi_and_one_of_the_others_by_sample_size(values, holds):
    assert level_holds(change(**values), "chen") is holds


def test_the_difference_test_decides_at_its_level():
    assert level_holds(change(pvalue=0.05), "chisq")
    assert not level_holds(change(pvalue=0.049), "chisq")
    assert level_holds(change(pvalue=0.03), "chisq", significance=0.01)
    without = check_level(change(pvalue=float("nan"), df=0))
    assert next(x for x in without if x.code == "invariance_chisq").holds is None


def test_noncentrality_indices_of_a_known_model():
    # semTools 0.5-6, moreFitIndices(): Holzinger's three constructs, chi-square 85.305522, df 24.
    assert gamma_hat(85.305522 - 24, 301, 9) == pytest.approx(0.9566992, abs=1e-6)
    assert noncentrality(85.305522 - 24, 301) == pytest.approx(0.90317729, abs=1e-7)


def test_adjustment_follows_lindell_and_whitney():
    found = adjusted_correlation(0.40, 0.10, 103)
    assert found.r == pytest.approx(0.30 / 0.90)
    assert found.t == pytest.approx(found.r / np.sqrt((1 - found.r**2) / 100))
    assert adjusted_correlation(0.40, 0.0, 103).r == 0.40
    assert np.isnan(adjusted_correlation(-0.9, 0.5, 103).pvalue)


def test_the_marker_takes_its_smallest_positive_correlation():
    names = ["a", "b", "m"]
    R = pd.DataFrame([[1, 0.5, -0.1], [0.5, 1, 0.2], [-0.1, 0.2, 1]], index=names, columns=names)
    assert marker_correlation(R, "m") == 0.2
    assert marker_correlation(R) == 0.2
    assert marker_correlation(-R.abs() + 2 * np.eye(3)) == 0.0


def test_a_correlation_that_loses_its_significance_is_marked():
    names = ["a", "b", "c"]
    R = pd.DataFrame(np.full((3, 3), 0.5), index=names, columns=names)
    R.loc["a", "b"] = R.loc["b", "a"] = 0.2
    table = adjusted_correlations(R, 0.15, 150)
    assert table["changed"].tolist() == [True, False, False]
    with_marker = check_adjusted_correlations(table, 0.15, "m")
    assert (with_marker.severity, with_marker.holds) == ("warning", False)
    assert check_adjusted_correlations(table, 0.15, "").severity == "note"
    assert check_adjusted_correlations(table.iloc[1:], 0.15, "m").holds


def test_scores_correlate_as_the_means_of_their_items():
    frame = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 4)), columns=list("wxyz"))
    frame["x"] += frame["y"]
    items_of = {"first": ("w", "x"), "second": ("y", "z")}
    scores = pd.DataFrame(
        {name: frame[list(items)].mean(axis=1) for name, items in items_of.items()}
    )
    found = scale_correlations(frame.cov(), items_of)
    assert found.to_numpy() == pytest.approx(scores.corr().to_numpy())


@pytest.fixture
def parameters():
    rows = [
        ("f", "=~", "x", 0.8),
        ("f", "=~", "y", 0.6),
        ("m", "=~", "x", 0.3),
        ("m", "=~", "y", 0.4),
    ]
    rows += [("x", "~~", "x", 1 - 0.64 - 0.09), ("y", "~~", "y", 1 - 0.36 - 0.16)]
    return pd.DataFrame(rows, columns=["lhs", "op", "rhs", "std_all"])


def test_variances_are_split_item_by_item(parameters):
    split = variance_split(parameters, {"f": ("x", "y")}, "m")
    assert split[["trait", "method"]].to_numpy() == pytest.approx(
        np.array([[0.64, 0.09], [0.36, 0.16]])
    )
    finding = check_method_variance(split, "model")
    assert finding.value == pytest.approx(0.125)
    assert finding.holds
    assert not check_method_variance(split.assign(method=0.25), "model").holds


def test_reliability_is_split_by_the_sums_of_loadings(parameters):
    row = reliability_split(parameters, {"f": ("x", "y")}, "m").iloc[0]
    whole = 1.4**2 + 0.7**2 + 0.27 + 0.48
    assert row["substantive"] == pytest.approx(1.4**2 / whole)
    assert row["method"] == pytest.approx(0.7**2 / whole)
    assert row["total"] == pytest.approx(row["substantive"] + row["method"])
    assert row["share"] == pytest.approx(0.49 / (1.96 + 0.49))
