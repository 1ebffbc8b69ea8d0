"""Linear algebra on stacks: accurate in any unit, and honest about what has no inverse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_models import numerical_jacobian, random_covariance
from trustsem.arrays import (
    complex_step_jacobian,
    invert_lower,
    invert_positive,
    is_positive_definite,
    log_det,
    lower_triangle,
    roots,
    scaled_eigh,
)


@given(
    p=st.integers(1, 8),
    seed=st.integers(0, 2**32 - 1),
    spread=st.floats(0, 6),
)
@settings(max_examples=40, deadline=None)
def test_an_inverse_is_accurate_whatever_the_units(p, seed, spread):
    rng = np.random.default_rng(seed)
    unit = 10 ** rng.uniform(-spread, spread, p)
    A = random_covariance(p, rng) * np.outer(unit, unit)
    found = invert_positive(A)
    expected = np.linalg.inv(A / np.outer(unit, unit)) / np.outer(unit, unit)
    assert bool(found.positive)
    assert np.allclose(found.matrix * np.outer(unit, unit), expected * np.outer(unit, unit))
    log_det = np.linalg.slogdet(A / np.outer(unit, unit))[1] + 2 * np.log(unit).sum()
    assert found.log_det == pytest.approx(log_det, abs=1e-9)


def test_members_that_have_no_inverse_are_nan():
    stack = np.stack(
        [np.eye(2), -np.eye(2), np.ones((2, 2)), np.full((2, 2), np.nan), 4 * np.eye(2)]
    )
    found = invert_positive(stack)
    assert found.positive.tolist() == [True, False, False, False, True]
    assert np.isnan(found.matrix[1:4]).all()
    assert np.allclose(found.matrix[[0, 4]], [np.eye(2), np.eye(2) / 4])
    assert found.log_det[4] == pytest.approx(2 * np.log(4))


def test_positive_definiteness_is_judged_free_of_scale():
    tiny = np.array([[1e-20, 0.5e-10], [0.5e-10, 1.0]])
    assert is_positive_definite(tiny)
    assert not is_positive_definite(np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert is_positive_definite(np.empty((0, 0)))


def test_scaled_eigenvectors_rebuild_the_matrix(rng):
    A = random_covariance(4, rng, lead=(3,)) * 1e6
    scale, values, vectors = scaled_eigh(A)
    R = (vectors * values[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    assert np.allclose(R * scale[..., :, None] * scale[..., None, :], A)
    assert np.allclose(values.sum(axis=-1), 4)


def test_a_complex_step_loses_no_digit(rng):
    point = rng.normal(size=3)

    def function(x):
        return np.stack([np.exp(x[:, 0]) * x[:, 1], x[:, 2] ** 3, 1 / (2 + x[:, 0])], axis=-1)

    exact = complex_step_jacobian(function, point)
    assert np.allclose(exact, numerical_jacobian(function, point), atol=1e-9)
    assert exact[1, 2] == pytest.approx(3 * point[2] ** 2, rel=1e-15)


def test_the_lower_triangle_goes_row_by_row():
    A = np.array([[1.0, 2.0], [2.0, 3.0]])
    assert lower_triangle(A).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("p", [1, 2, 3, 7, 8, 25])
def test_triangles_are_inverted_exactly(p, rng):
    L = np.linalg.cholesky(random_covariance(p, rng, lead=(2, 3)))
    found = invert_lower(L)
    assert np.abs(found @ L - np.eye(p)).max() < 1e-12
    assert not np.triu(found, 1).any()


def test_a_stack_is_inverted_as_its_members_are(rng):
    unit = 10.0 ** np.arange(-3, 4)
    A = random_covariance(7, rng, lead=(20,)) * np.outer(unit, unit)
    A[3] = -A[3]
    A[4, 0, 1] = np.nan
    found = invert_positive(A)
    for member, inverse, size in zip(A, found.matrix, found.log_det, strict=True):
        alone = invert_positive(member)
        assert np.allclose(
            inverse * np.outer(unit, unit),
            alone.matrix * np.outer(unit, unit),
            rtol=1e-11,
            atol=0,
            equal_nan=True,
        )
        assert size == pytest.approx(float(alone.log_det), abs=1e-11, nan_ok=True)
    assert np.flatnonzero(~found.positive).tolist() == [3, 4]


def test_roots_and_determinants_exist_where_a_matrix_is_positive_definite(rng):
    A = random_covariance(4, rng, lead=(3,)) * 1e6
    A[1] = 0.0
    root, positive = roots(A)
    assert positive.tolist() == [True, False, True]
    assert np.allclose((root @ np.swapaxes(root, 1, 2))[positive], A[positive], rtol=1e-12)
    assert np.isnan(log_det(A)[1])
    assert log_det(A)[2] == pytest.approx(np.linalg.slogdet(A[2])[1], abs=1e-11)
