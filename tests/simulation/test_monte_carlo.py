"""Simulated studies: products of paths, summaries with their errors, and sizes for a power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from trustsem.simulation import (
    Chain,
    cases_needed,
    chain_values,
    normal_power,
    size_for_power,
    summarise,
    supported,
)


def test_a_chain_is_the_product_of_its_paths_with_the_delta_error():
    chain = Chain((0, 2, -1), (0.0, 0.0, 0.5))
    params = np.array([[0.4, 9.0, 0.3]])
    V = np.array([[[0.01, 0.0, 0.002], [0.0, 1.0, 0.0], [0.002, 0.0, 0.02]]])
    value, se = chain_values((chain,), params, V)
    assert value[0, 0] == pytest.approx(0.06)
    expected = 0.15**2 * 0.01 + 0.2**2 * 0.02 + 2 * 0.15 * 0.2 * 0.002
    assert se[0, 0] == pytest.approx(np.sqrt(expected))


def test_a_summary_says_bias_coverage_and_their_errors():
    rng = np.random.default_rng(3)
    values = rng.normal(0.5, 0.1, 4000)
    found = summarise(values, np.full(4000, 0.1), 0.48)
    assert found.bias == pytest.approx(0.02, abs=4 * found.bias_error)
    assert found.relative_bias == pytest.approx(found.bias / 0.48)
    assert found.sd == pytest.approx(0.1, abs=4 * found.sd_error)
    shifted = special.ndtr(1.959964 - 0.2) - special.ndtr(-1.959964 - 0.2)
    assert found.coverage == pytest.approx(shifted, abs=4 * found.coverage_error)


def test_samples_without_an_error_take_no_part():
    found = summarise(np.array([1.0, 2.0, 3.0]), np.array([0.1, np.nan, 0.1]), 0.0)
    assert (found.n_used, found.mean) == (2, 2.0)
    assert np.isnan(found.relative_bias)


def test_support_needs_sign_and_significance():
    z = np.array([-3.0, -1.8, 0.0, 1.8, 3.0])
    ones = np.ones(5)
    assert supported(z, ones, "+", 2, 0.05).tolist() == [False, False, False, False, True]
    assert supported(z, ones, "+", 1, 0.05).tolist() == [False, False, False, True, True]
    assert supported(z, ones, "-", 2, 0.05).tolist() == [True, False, False, False, False]
    assert supported(z, ones, "any", 2, 0.05).tolist() == [True, False, False, False, True]
    assert not supported(np.array([np.nan]), np.ones(1), "any", 2, 0.05).any()


def test_theory_gives_the_smallest_number_of_cases():
    n = cases_needed(0.2, 0.8, sign="+", tails=2, alpha=0.05, most=10_000)
    exact = ((special.ndtri(0.975) + special.ndtri(0.8)) / 0.2) ** 2
    assert n == np.ceil(exact)
    assert normal_power(0.0, "any", 2, 0.05) == pytest.approx(0.05)
    assert np.isnan(cases_needed(0.0, 0.8, sign="any", tails=2, alpha=0.05, most=10_000))


def test_the_size_for_a_power_is_found_among_the_sizes_with_its_error():
    rng = np.random.default_rng(1)
    sizes = np.array([50.0, 100.0, 150.0, 200.0, 300.0])
    power = special.ndtr(0.2 * np.sqrt(sizes) - 1.96)
    truth = ((1.96 + special.ndtri(0.8)) / 0.2) ** 2
    found = [size_for_power(sizes, rng.binomial(1000, power), np.full(5, 1000.0), 0.8)
             for _ in range(300)]  # fmt: skip
    n = np.array([each.n for each in found])
    assert n.mean() == pytest.approx(truth, rel=0.01)
    assert n.std() == pytest.approx(np.mean([each.n_error for each in found]), rel=0.15)
    assert all(each.inside for each in found)


def test_a_power_that_every_size_has_tells_no_size():
    found = size_for_power(np.array([50.0, 100.0]), np.full(2, 10.0), np.full(2, 10.0), 0.8)
    assert np.isnan(found.n)
