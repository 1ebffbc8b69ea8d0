"""Sums of cases are joined to what all cases together give, however they were divided."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustsem.moments import product_map
from trustsem.moments.spread import SpreadSums
from trustsem.moments.sums import CaseSums, SumsBuilder, joined
from trustsem.patterns import Patterns


def cases(n, p, *, missing=0.2, centre=0.0, seed=0):
    stream = np.random.default_rng(seed)
    data = stream.normal(size=(n, p)) + 0.7 * stream.normal(size=(n, 1)) + centre
    data[stream.random((n, p)) < missing] = np.nan
    return data


def built(data, size):
    builder = SumsBuilder(data.shape[1])
    for first in range(0, len(data), size):
        builder.add(data[first : first + size])
    return builder.sums()


def assert_same(sums, expected, *, relative=1e-11):
    assert np.array_equal(sums.observed, expected.observed)
    assert np.array_equal(sums.counts, expected.counts)
    assert np.array_equal(sums.low, expected.low)
    assert np.array_equal(sums.high, expected.high)
    assert sums.n_empty == expected.n_empty
    np.testing.assert_allclose(sums.mean, expected.mean, rtol=relative)
    scale = np.abs(expected.squares).max(initial=0.0)
    np.testing.assert_allclose(sums.squares, expected.squares, rtol=0, atol=relative * scale)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_parts_of_any_size_add_up_to_the_whole(size):
    data = cases(300, 4, missing=0.4)
    assert_same(built(data, size), CaseSums.of(data))


@given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 20), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_any_division_of_any_cases_adds_up(n, p, size, seed):
    data = cases(n, p, missing=0.3, centre=50, seed=seed)
    assert_same(built(data, size), CaseSums.of(data), relative=1e-9)


def test_the_order_of_the_parts_does_not_matter():
    data = cases(200, 3)
    parts = [CaseSums.of(data[start : start + 40]) for start in range(0, 200, 40)]
    assert_same(joined(parts[::-1]), joined(parts))


def test_a_distant_origin_costs_few_digits():
    near = np.round(cases(4000, 3, missing=0.0) * 2**20) / 2**20  # exact after the shift, too
    far = built(near + 2.0**20, 100)
    np.testing.assert_allclose(far.products() / 4000, np.cov(near.T, bias=True), rtol=1e-9)
    np.testing.assert_allclose(far.mean[0] - 2.0**20, near.mean(axis=0), atol=1e-9)


def test_patterns_are_those_of_the_cases():
    data = cases(250, 5)
    data = data[~np.isnan(data).all(axis=1)]
    found, expected = built(data - 3, 33).to_patterns(np.full(5, 3.0)), Patterns.of(data)
    assert np.array_equal(found.observed, expected.observed)
    assert np.array_equal(found.counts, expected.counts)
    np.testing.assert_allclose(found.mean, expected.mean, atol=1e-13)
    np.testing.assert_allclose(found.scatter, expected.scatter, atol=1e-13)
    Sigma, mu = np.eye(5) + 0.5, np.zeros(5)
    assert np.isclose(found.at(Sigma, mu).value, expected.at(Sigma, mu).value, rtol=1e-13)


@pytest.mark.parametrize("index", [[2], [3, 0], [1, 2, 3], [3, 2, 1, 0], [0, 1, 2, 3]])
def test_sums_of_some_variables_are_those_of_their_columns(index):
    data = cases(150, 4, missing=0.5)
    assert_same(CaseSums.of(data).of_variables(index), CaseSums.of(data[:, index]))
    answered = data[~np.isnan(data[:, index]).any(axis=1)]
    chosen = CaseSums.of(data).with_answers_to(index)
    assert_same(chosen, CaseSums.of(answered))


def test_patterns_of_some_variables_are_those_of_their_cases():
    data = cases(150, 4, missing=0.5)
    data = data[~np.isnan(data).all(axis=1)]
    some = data[:, [3, 1]]
    found = Patterns.of(data).of_variables([3, 1])
    expected = Patterns.of(some[~np.isnan(some).all(axis=1)])
    assert np.array_equal(found.counts, expected.counts)
    np.testing.assert_allclose(found.mean, expected.mean, atol=1e-13)
    np.testing.assert_allclose(found.scatter, expected.scatter, atol=1e-13)


def test_a_constant_is_found_constant_though_its_mean_is_rounded():
    data = np.column_stack([np.full(1000, 0.1), np.arange(1000.0)])
    assert built(data, 37).varies().tolist() == [False, True]


def test_cases_without_answers_are_counted():
    data = np.full((5, 2), np.nan)
    data[3, 1] = 4.0
    sums = built(data, 2)
    assert (sums.n_rows, sums.n_empty, sums.counts.tolist()) == (5, 4, [1])
    assert sums.n_answers.tolist() == [0, 1]
    assert built(np.full((3, 2), np.nan), 2).n_rows == 3


def test_fourth_moments_in_parts_are_the_covariance_of_the_products():
    data = cases(500, 3, missing=0.0, centre=100)
    mean, cov = data.mean(axis=0), np.cov(data.T, bias=True)
    sums = SpreadSums(mean, cov)
    for first in range(0, 500, 9):
        sums.add(data[first : first + 9])
    d = data - mean
    rows, cols = np.tril_indices(3)
    every = np.column_stack([d, d[:, rows] * d[:, cols]])
    np.testing.assert_allclose(sums.matrix(), np.cov(every.T, bias=True), atol=1e-12)


def test_products_of_transformed_deviations_are_transformed_products():
    stream = np.random.default_rng(3)
    P, y = stream.normal(size=(4, 3)), stream.normal(size=3)
    M = np.outer(y, y)
    low = np.tril_indices(3)
    expected = (P @ M @ P.T)[np.tril_indices(4)]
    np.testing.assert_allclose(product_map(P) @ M[low], expected, atol=1e-13)
