"""Inference: information, standard errors, standardised solution, effects, difference tests."""

from trustsem.inference.difference import DifferenceTest, difference_test
from trustsem.inference.effects import effects_table
from trustsem.inference.information import (
    SANDWICHES,
    Covariance,
    estimate_covariance,
    independent_directions,
)
from trustsem.inference.least_squares import chi_square
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
    "DIFFERENCE_METHODS",
    "KINDS",
    "SANDWICHES",
    "SCALED_TESTS",
    "Covariance",
    "DifferenceTest",
    "RowValues",
    "ScaledTest",
    "TestedModel",
    "chi_square",
    "difference_test",
    "divided",
    "effects_table",
    "estimate_covariance",
    "explained_variances",
    "independent_directions",
    "row_values",
    "scale_factors",
    "scaled_difference_test",
    "scaled_test",
    "standardized_errors",
    "test_of_traces",
]
