"""The formulas of reliability and shared variance: by hand, on stacks, and out of bounds."""

from __future__ import annotations

import numpy as np
import pytest

from trustsem.errors import ImproperSolutionError, UndefinedIndexError
from trustsem.validity import (
    ave_observed,
    average_shared_variance,
    average_variance_extracted,
    coefficient_h,
    composite_reliability,
    composite_reliability_observed,
    cronbach_alpha,
    item_r2,
    maximum_shared_variance,
    standardized_alpha,
)

LOADINGS = np.array([0.8, 0.7, 0.9])
RESIDUALS = 1 - LOADINGS**2


def test_alpha_of_two_items_is_spearman_brown() -> None:
    assert cronbach_alpha([[1.0, 0.6], [0.6, 1.0]]) == pytest.approx(2 * 0.6 / 1.6)


def test_standardised_alpha_ignores_the_items_scales() -> None:
    R = np.array([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]])
    scale = np.diag([1.0, 10.0, 0.1])
    assert standardized_alpha(scale @ R @ scale) == pytest.approx(3 * 0.4 / (1 + 2 * 0.4))
    assert cronbach_alpha(scale @ R @ scale) != pytest.approx(cronbach_alpha(R))


def test_composite_reliability_by_hand() -> None:
    assert composite_reliability(LOADINGS, RESIDUALS) == pytest.approx(5.76 / (5.76 + 1.06))


def test_a_positive_residual_covariance_lowers_composite_reliability() -> None:
    value = composite_reliability(LOADINGS, RESIDUALS, 0.1)
    assert value == pytest.approx(5.76 / (5.76 + 1.06 + 0.2))


def test_reliability_of_the_unweighted_sum_with_a_residual_covariance() -> None:
    # Holzinger & Swineford with x1 ~~ x2, lavaan 0.6-14: omega of "visual" by semTools 0.5-6
    est = np.array([1.0, 0.62498901045, 0.59197717627]) * np.sqrt(1.02671692664)
    residuals = [0.33165259317, 0.98073656981, 0.91506506611]
    value = composite_reliability(est, residuals, -0.23431567699)
    assert value == pytest.approx(0.7415424327, abs=1e-8)


def test_ave_is_the_mean_squared_standardised_loading() -> None:
    assert average_variance_extracted(LOADINGS, RESIDUALS) == pytest.approx(np.mean(LOADINGS**2))


def test_h_never_falls_below_the_best_indicator() -> None:
    assert coefficient_h(LOADINGS) > 0.81
    assert coefficient_h([0.9, 0.01]) == pytest.approx(0.81, abs=1e-4)
    assert coefficient_h([0.6]) == pytest.approx(0.36)


def test_h_does_not_mind_reversed_items_but_cr_does() -> None:
    signs = np.array([1, -1, 1])
    assert coefficient_h(LOADINGS * signs) == pytest.approx(coefficient_h(LOADINGS))
    assert composite_reliability(LOADINGS * signs, RESIDUALS) < 0.6


def test_observed_variants_equal_the_others_when_the_model_reproduces_the_items() -> None:
    est, variance = np.array([1.0, 1.5, 0.5]), 2.0
    residuals = np.array([1.0, 2.0, 0.7])
    Sigma = variance * np.outer(est, est) + np.diag(residuals)
    unit = est * np.sqrt(variance)
    assert composite_reliability_observed(est, variance, Sigma) == pytest.approx(
        composite_reliability(unit, residuals)
    )
    assert ave_observed(est, variance, np.diag(Sigma)) == pytest.approx(
        average_variance_extracted(unit, residuals)
    )


def test_shared_variance_leaves_out_the_construct_itself() -> None:
    phi = np.array([[1, 0.5, -0.8], [0.5, 1, 0.1], [-0.8, 0.1, 1]])
    np.testing.assert_allclose(maximum_shared_variance(phi), [0.64, 0.25, 0.64])
    np.testing.assert_allclose(average_shared_variance(phi), [0.445, 0.13, 0.325])


def test_a_lone_construct_shares_nothing_that_could_be_computed() -> None:
    assert np.isnan(maximum_shared_variance([[1.0]])).all()
    assert np.isnan(average_shared_variance([[1.0]])).all()


def test_item_r2_is_the_explained_share() -> None:
    np.testing.assert_allclose(item_r2([0.5, 3.0], [2.0, 4.0]), [0.75, 0.25])


def test_a_stack_gives_what_its_members_give(rng: np.random.Generator) -> None:
    loadings = rng.uniform(0.4, 0.9, size=(2, 5, 4))
    residuals = 1 - loadings**2
    stack = composite_reliability(loadings, residuals)
    assert stack.shape == (2, 5)
    assert stack[1, 3] == pytest.approx(composite_reliability(loadings[1, 3], residuals[1, 3]))
    covs = loadings[..., :, None] * loadings[..., None, :] + np.eye(4)
    assert cronbach_alpha(covs)[0, 2] == pytest.approx(cronbach_alpha(covs[0, 2]))
    phi = np.corrcoef(rng.normal(size=(3, 50)))
    assert maximum_shared_variance(np.stack([phi, phi])).shape == (2, 3)


@pytest.mark.parametrize("index", [cronbach_alpha, standardized_alpha])
def test_alpha_refuses_a_single_item(index) -> None:
    with pytest.raises(UndefinedIndexError, match="single item"):
        index([[1.0]])


@pytest.mark.parametrize("index", [composite_reliability, average_variance_extracted])
def test_a_heywood_case_has_no_reliability(index) -> None:
    with pytest.raises(ImproperSolutionError, match="Heywood"):
        index([0.8, 1.1], [0.36, -0.21])


def test_other_impossible_solutions_are_refused() -> None:
    with pytest.raises(ImproperSolutionError, match="reaches 1"):
        coefficient_h([0.5, 1.0])
    with pytest.raises(ImproperSolutionError, match="negative"):
        composite_reliability_observed([1.0, 1.0], -0.1, np.eye(2))
    with pytest.raises(ImproperSolutionError, match="negative"):
        ave_observed([1.0, 1.0], -0.1, [1.0, 1.0])
    with pytest.raises(ImproperSolutionError, match="negative"):
        item_r2([-0.1], [1.0])
