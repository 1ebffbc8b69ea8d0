"""The baseline model: all observed variables unrelated [bentler1980]_."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats, invert_positive
from trustsem.estimation import Problem


@dataclass(frozen=True, slots=True)
class Baseline:
    """Fit of the independence model.

    Parameters
    ----------
    chisq : float
        Its chi-square.
    df : int
        Its degrees of freedom.
    """

    chisq: float
    df: int


def baseline_fit(problem: Problem) -> Baseline:
    """Fit the independence model in closed form.

    Parameters
    ----------
    problem : Problem
        The model (which tells the fixed covariates) and its samples.

    Notes
    -----
    Variances are free and covariances zero, so F = sum ln s_ii - ln |S|. Observed covariates
    (predictors that are nothing else) keep their covariances, fixed or free: they enter as one
    block, so that the baseline says nothing about what the model does not explain either.
    """
    chisq, df = 0.0, 0
    covariates = problem.table.covariates
    for sample in problem.samples:
        fixed = [position for position, name in enumerate(sample.names) if name in covariates]
        free = [position for position in range(len(sample.names)) if position not in fixed]
        discrepancy = (
            np.log(np.diag(sample.cov)[free]).sum()
            + _log_det(sample.cov[np.ix_(fixed, fixed)])
            - _log_det(sample.cov)
        )
        chisq += sample.weight * float(discrepancy)
        df += len(sample.names) * (len(sample.names) - 1) // 2 - len(fixed) * (len(fixed) - 1) // 2
    return Baseline(chisq=chisq, df=df)


def _log_det(A: Floats) -> float:
    """Return the log-determinant; 0 for an empty matrix."""
    return float(invert_positive(A).log_det) if A.size else 0.0
