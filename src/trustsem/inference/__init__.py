"""Inference: information, standard errors, standardised solution, effects, difference tests."""

from trustsem.inference.casewise import casewise_scores
from trustsem.inference.complete_data import complete_data_test
from trustsem.inference.difference import DifferenceTest, difference_test
from trustsem.inference.distributions import (
    chi_square_above,
    chi_square_below,
    chi_squares_above,
    noncentral_above,
    noncentral_below,
)
from trustsem.inference.effects import (
    ARROW,
    MOST_CHAINS,
    Effect,
    chains_table,
    effect_values,
    effects_table,
    implied_effects,
    specific_effects,
    spectral_radius,
    standardized_effects,
    transmitted_effects,
)
from trustsem.inference.groups import MEAN_COLUMNS, mean_differences, path_wald_tests
from trustsem.inference.information import (
    SANDWICHES,
    Covariance,
    count_independent,
    estimate_covariance,
    expected_errors,
    independent_directions,
    stacked_covariances,
)
from trustsem.inference.intervals import (
    bca_interval,
    bootstrap_quantiles,
    jackknife_acceleration,
    percentile_interval,
    studentised_interval,
)
from trustsem.inference.lagrange import ReleaseTest, release_tests
from trustsem.inference.least_squares import chi_square, residual_test, stacked_chi_squares
from trustsem.inference.moderation import Moderation, Region, johnson_neyman
from trustsem.inference.scaled import SCALED_TESTS, ScaledTest, scaled_test, test_of_traces
from trustsem.inference.scaled_difference import (
    DIFFERENCE_METHODS,
    TestedModel,
    scaled_difference_test,
)
from trustsem.inference.standardized import (
    KINDS,
    RowValues,
    divided,
    explained_variances,
    row_values,
    scale_factors,
    standardized_errors,
)

__all__ = [
    "ARROW",
    "DIFFERENCE_METHODS",
    "KINDS",
    "MEAN_COLUMNS",
    "MOST_CHAINS",
    "SANDWICHES",
    "SCALED_TESTS",
    "Covariance",
    "DifferenceTest",
    "Effect",
    "Moderation",
    "Region",
    "ReleaseTest",
    "RowValues",
    "ScaledTest",
    "TestedModel",
    "bca_interval",
    "bootstrap_quantiles",
    "casewise_scores",
    "chains_table",
    "chi_square",
    "chi_square_above",
    "chi_square_below",
    "chi_squares_above",
    "complete_data_test",
    "count_independent",
    "difference_test",
    "divided",
    "effect_values",
    "effects_table",
    "estimate_covariance",
    "expected_errors",
    "explained_variances",
    "implied_effects",
    "independent_directions",
    "jackknife_acceleration",
    "johnson_neyman",
    "mean_differences",
    "noncentral_above",
    "noncentral_below",
    "path_wald_tests",
    "percentile_interval",
    "release_tests",
    "residual_test",
    "row_values",
    "scale_factors",
    "scaled_difference_test",
    "scaled_test",
    "specific_effects",
    "spectral_radius",
    "stacked_chi_squares",
    "stacked_covariances",
    "standardized_effects",
    "standardized_errors",
    "studentised_interval",
    "test_of_traces",
    "transmitted_effects",
]
