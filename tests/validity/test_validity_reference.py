"""Published data sets: reliability, AVE, HTMT and intervals as lavaan and semTools give them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.validity import (
    cronbach_alpha,
    discriminant_table,
    fornell_larcker,
    htmt,
    reliability_table,
    standardized_alpha,
)

CASES = ("p001", "p006", "p008", "p011", "p014")
RELIABILITY_TOLERANCE = 1e-6
INTERVAL_TOLERANCE = 1e-5  # the correlations there come from an unpolished second estimation


def matrix(block) -> pd.DataFrame:
    return pd.DataFrame(block["values"], index=block["rows"], columns=block["cols"], dtype=float)


@pytest.fixture(params=CASES)
def case(request, shared_solution):
    return shared_solution(request.param)


@pytest.fixture
def cov(case) -> pd.DataFrame:
    return matrix(case.raw["sample_stats"]["all"]["cov"])


@pytest.fixture
def table(case, cov) -> pd.DataFrame:
    return reliability_table(
        case.parameters, case.constructs, sample_cov=cov, latent_cov=case.latent_cov
    )


def test_reliability(case, table) -> None:
    expected = case.raw["reliability"]
    semtools = matrix(expected["semTools_reliability"])
    columns = {
        "cr": expected["composite_reliability_from_std_loadings"],
        "ave": expected["ave_from_std_loadings"],
        "cr_observed": expected["compRelSEM"],
        "ave_observed": expected["AVE"],
        "alpha": semtools.loc["alpha"].to_dict(),
    }
    for column, values in columns.items():
        actual = table[column]
        np.testing.assert_allclose(
            actual, [values[name] for name in actual.index], atol=RELIABILITY_TOLERANCE
        )


def test_alpha_of_each_construct(case, cov) -> None:
    for name, expected in case.raw["alpha"].items():
        items = case.constructs[name]
        block = cov.loc[items, items]
        assert cronbach_alpha(block) == pytest.approx(expected["alpha"], abs=1e-6)
        assert standardized_alpha(block) == pytest.approx(expected["std_alpha"], abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "name"), [("absolute", "HTMT"), ("signed", "HTMT_no_abs"), ("geometric", "HTMT2")]
)
def test_htmt(case, cov, kind, name) -> None:
    expected = matrix(case.raw["htmt"][name])
    actual = htmt(cov, case.constructs, kind=kind)
    lower = np.tril_indices(len(expected), -1)
    np.testing.assert_allclose(
        actual.to_numpy()[lower], expected.to_numpy()[lower], atol=RELIABILITY_TOLERANCE
    )


def test_fornell_larcker(case, table) -> None:
    expected = case.raw["fornell_larcker"]
    actual = fornell_larcker(table["ave"], case.latent_cor)
    roots = [expected["sqrt_ave"][name] for name in actual.index]
    np.testing.assert_allclose(np.diag(actual), roots, atol=RELIABILITY_TOLERANCE)
    lower = np.tril_indices(len(actual), -1)
    squared = matrix(expected["squared_correlations"]).to_numpy()
    np.testing.assert_allclose(
        actual.to_numpy()[lower] ** 2, squared[lower], atol=RELIABILITY_TOLERANCE
    )


def test_correlations_with_intervals(case, cov, table) -> None:
    expected = case.raw["discriminant_validity"]["cutoff_0.9"]
    actual = discriminant_table(
        case.parameters, table["ave"], htmt(cov, case.constructs)
    ).set_index(["construct_a", "construct_b"])
    for row in expected:
        pair = actual.loc[(row["lhs"], row["rhs"])]
        np.testing.assert_allclose(
            pair[["phi", "ci_lower", "ci_upper"]].astype(float),
            [row["est"], row["ci.lower"], row["ci.upper"]],
            atol=INTERVAL_TOLERANCE,
        )
