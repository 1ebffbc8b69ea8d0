"""Inference: information, standard errors, standardised solution, effects, difference tests."""

from trustsem.inference.difference import DifferenceTest, difference_test
from trustsem.inference.effects import (
    ARROW,
    MOST_CHAINS,
    Effect,
    chains_table,
    effect_values,
    effects_table,
    spectral_radius,
    standardized_effects,
)
from trustsem.inference.information import (
    SANDWICHES,
    Covariance,
    estimate_covariance,
    independent_directions,
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
    "ARROW",
    "DIFFERENCE_METHODS",
    "KINDS",
    "MOST_CHAINS",
    "SANDWICHES",
    "SCALED_TESTS",
    "Covariance",
    "DifferenceTest",
    "Effect",
    "RowValues",
    "ScaledTest",
    "TestedModel",
    "chains_table",
    "chi_square",
    "difference_test",
    "divided",
    "effect_values",
    "effects_table",
    "estimate_covariance",
    "explained_variances",
    "independent_directions",
    "row_values",
    "scale_factors",
    "scaled_difference_test",
    "scaled_test",
    "spectral_radius",
    "standardized_effects",
    "standardized_errors",
]
