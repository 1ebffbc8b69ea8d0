"""Fit: indices, baseline model, residuals, modification indices."""

from trustsem.fit.indices import FIT_INDICES, FitIndex, FitInputs, fit_inputs, fit_measures
from trustsem.fit.modification import modification_indices
from trustsem.fit.residuals import RESIDUAL_KINDS, Residuals, residuals

__all__ = [
    "FIT_INDICES",
    "RESIDUAL_KINDS",
    "FitIndex",
    "FitInputs",
    "Residuals",
    "fit_inputs",
    "fit_measures",
    "modification_indices",
    "residuals",
]
