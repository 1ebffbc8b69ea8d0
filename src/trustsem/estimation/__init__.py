"""Estimation: starts, objective, optimiser, engines, admissibility."""

from trustsem.estimation.admissibility import admissible_members, check_admissibility
from trustsem.estimation.engines import estimate_with
from trustsem.estimation.estimators import ESTIMATORS, Estimator
from trustsem.estimation.native import Estimate, estimate
from trustsem.estimation.objective import Objective
from trustsem.estimation.optimiser import Optimum
from trustsem.estimation.pinned import PinnedSolutions, estimate_pinned
from trustsem.estimation.problem import Problem
from trustsem.estimation.reduction import parameter_values
from trustsem.estimation.refitting import refit, refit_completed, stacked_objective

__all__ = [
    "ESTIMATORS",
    "Estimate",
    "Estimator",
    "Objective",
    "Optimum",
    "PinnedSolutions",
    "Problem",
    "admissible_members",
    "check_admissibility",
    "estimate",
    "estimate_pinned",
    "estimate_with",
    "parameter_values",
    "refit",
    "refit_completed",
    "stacked_objective",
]
