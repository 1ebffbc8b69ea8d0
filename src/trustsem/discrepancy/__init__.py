"""Discrepancies between sample and implied moments: value, slope and curvature."""

from trustsem.discrepancy.base import Criterion, Curvature, Discrepancy
from trustsem.discrepancy.factored import FactoredLikelihood, FactoredPoint
from trustsem.discrepancy.gls import GeneralizedLeastSquares
from trustsem.discrepancy.incomplete import IncompleteLikelihood
from trustsem.discrepancy.ml import MaximumLikelihood
from trustsem.discrepancy.traces import TraceCurvature
from trustsem.discrepancy.vector import VectorLeastSquares
from trustsem.discrepancy.wls import WeightedLeastSquares, Weights

__all__ = [
    "Criterion",
    "Curvature",
    "Discrepancy",
    "FactoredLikelihood",
    "FactoredPoint",
    "GeneralizedLeastSquares",
    "IncompleteLikelihood",
    "MaximumLikelihood",
    "TraceCurvature",
    "VectorLeastSquares",
    "WeightedLeastSquares",
    "Weights",
]
