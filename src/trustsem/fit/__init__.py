"""Fit: indices, baseline model, residuals, modification indices."""

from trustsem.fit.baseline import Baseline, baseline_fit, scaled_baseline
from trustsem.fit.indices import FIT_INDICES, FitIndex, FitInputs, fit_inputs, fit_measures
from trustsem.fit.modification import modification_indices
from trustsem.fit.release import equality_tests, group_equality_tests
from trustsem.fit.residuals import RESIDUAL_KINDS, Residuals, residuals
from trustsem.fit.scaled import SCALED_INDICES, ScaledInputs, scaled_fit_measures

__all__ = [
    "FIT_INDICES",
    "RESIDUAL_KINDS",
    "SCALED_INDICES",
    "Baseline",
    "FitIndex",
    "FitInputs",
    "Residuals",
    "ScaledInputs",
    "baseline_fit",
    "equality_tests",
    "fit_inputs",
    "fit_measures",
    "group_equality_tests",
    "modification_indices",
    "residuals",
    "scaled_baseline",
    "scaled_fit_measures",
]
