"""Estimation: starts, objective, optimiser, engines, admissibility."""

from trustsem.estimation.admissibility import check_admissibility
from trustsem.estimation.engines import estimate_with
from trustsem.estimation.native import Estimate, estimate
from trustsem.estimation.objective import Objective, curvature_products
from trustsem.estimation.problem import Problem
from trustsem.estimation.reduction import parameter_values

__all__ = [
    "Estimate",
    "Objective",
    "Problem",
    "check_admissibility",
    "curvature_products",
    "estimate",
    "estimate_with",
    "parameter_values",
]
