"""Fit: indices, baseline model, residuals, modification indices."""

from trustsem.fit.baseline import (
    Baseline,
    baseline_fit,
    complete_data_tests,
    scaled_baseline,
)
from trustsem.fit.indices import FIT_INDICES, FitIndex, FitInputs, fit_inputs, fit_measures
from trustsem.fit.modification import modification_indices
from trustsem.fit.power_of_fit import (
    FIT_TESTS,
    rmsea_power,
    rmsea_power_nested,
    rmsea_sample_size,
    rmsea_sample_size_nested,
)
from trustsem.fit.release import equality_tests, group_equality_tests
from trustsem.fit.residuals import RESIDUAL_KINDS, Residuals, residuals
from trustsem.fit.scaled import (
    ROBUST_INDICES,
    SCALED_INDICES,
    ScaledInputs,
    complete_data_fit_measures,
    scaled_fit_measures,
)
from trustsem.fit.stacked import STACKED_MEASURES, fit_of_each, stacked_fit

__all__ = [
    "FIT_INDICES",
    "FIT_TESTS",
    "RESIDUAL_KINDS",
    "ROBUST_INDICES",
    "SCALED_INDICES",
    "STACKED_MEASURES",
    "Baseline",
    "FitIndex",
    "FitInputs",
    "Residuals",
    "ScaledInputs",
    "baseline_fit",
    "complete_data_fit_measures",
    "complete_data_tests",
    "equality_tests",
    "fit_inputs",
    "fit_measures",
    "fit_of_each",
    "group_equality_tests",
    "modification_indices",
    "residuals",
    "rmsea_power",
    "rmsea_power_nested",
    "rmsea_sample_size",
    "rmsea_sample_size_nested",
    "scaled_baseline",
    "scaled_fit_measures",
    "stacked_fit",
]
