"""Inference: information, standard errors, standardised solution, effects, difference tests."""

from trustsem.inference.complete_data import complete_data_test
from trustsem.inference.difference import DifferenceTest, difference_test
from trustsem.inference.distributions import chi_square_above, chi_square_below
from trustsem.inference.effects import effects_table
from trustsem.inference.information import (
    SANDWICHES,
    Covariance,
    estimate_covariance,
    expected_errors,
    independent_directions,
)
from trustsem.inference.intervals import (
    bca_interval,
    bootstrap_quantiles,
    jackknife_acceleration,
    percentile_interval,
    studentised_interval,
)
from trustsem.inference.least_squares import chi_square
from trustsem.inference.scaled import SCALED_TESTS, ScaledTest, scaled_test
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
    "DIFFERENCE_METHODS",
    "KINDS",
    "SANDWICHES",
    "SCALED_TESTS",
    "Covariance",
    "DifferenceTest",
    "RowValues",
    "ScaledTest",
    "TestedModel",
    "bca_interval",
    "bootstrap_quantiles",
    "chi_square",
    "chi_square_above",
    "chi_square_below",
    "complete_data_test",
    "difference_test",
    "divided",
    "effects_table",
    "estimate_covariance",
    "expected_errors",
    "explained_variances",
    "independent_directions",
    "jackknife_acceleration",
    "percentile_interval",
    "row_values",
    "scale_factors",
    "scaled_difference_test",
    "scaled_test",
    "standardized_errors",
    "studentised_interval",
]
