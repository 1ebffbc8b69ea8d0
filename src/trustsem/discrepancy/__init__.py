"""Discrepancies between sample and implied moments: value, slope and curvature."""

from trustsem.discrepancy.base import Curvature, Discrepancy
from trustsem.discrepancy.ml import ml_discrepancy

__all__ = ["Curvature", "Discrepancy", "ml_discrepancy"]
