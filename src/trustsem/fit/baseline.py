"""The baseline model: all observed variables unrelated [bentler1980]_."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trustsem.arrays import Floats, invert_positive
from trustsem.estimation import Estimate, Problem
from trustsem.inference import ScaledTest, scaled_test
from trustsem.options import Options
from trustsem.specification import Parameter, ParameterTable, Role


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


def scaled_baseline(problem: Problem, options: Options) -> ScaledTest:
    """Correct the chi-square of the independence model as that of the model is corrected.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    options : Options
        Which test, and with which information.
    """
    baseline = baseline_fit(problem)
    own = Problem.build(independence_table(problem.table), problem.samples)
    params = np.empty(own.table.n_free)
    for row in own.table.parameters:
        if row.free:
            sample = own.samples[row.group - 1]
            place = sample.names.index(row.lhs)
            if row.op == "~~":
                params[row.free - 1] = sample.cov[place, sample.names.index(row.rhs)]
            elif sample.mean is not None:
                params[row.free - 1] = sample.mean[place]
    solution = Estimate(own, params, baseline.chisq / own.weight, True, 0, 0.0)
    return scaled_test(solution, baseline.df, options.test, options.information)


def independence_table(table: ParameterTable) -> ParameterTable:
    """Return the independence model of a model's variables as a parameter table."""
    covariates = set(table.covariates) | set(table.exogenous)
    pairs = [(name, name) for name in table.observed]
    inside = [name for name in table.observed if name in covariates]
    pairs += [(a, b) for position, a in enumerate(inside) for b in inside[position + 1 :]]
    keys = [(a, "~~", b) for a, b in pairs]
    keys += [(name, "~1", "") for name in table.observed if table.meanstructure]
    rows: list[Parameter] = []
    free = 0
    for group in range(1, table.n_groups + 1):
        for lhs, op, rhs in keys:
            given = lhs in table.exogenous and (rhs in table.exogenous or op == "~1")
            free += not given
            rows.append(
                Parameter(
                    lhs=lhs,
                    op=op,
                    rhs=rhs,
                    group=group,
                    free=0 if given else free,
                    label="",
                    plabel=f".p{len(rows) + 1}.",
                    fixed=float("nan") if given else None,
                    start=None,
                    exo=given,
                    user=False,
                    role=Role.RESIDUAL if op == "~~" else Role.INTERCEPT,
                )
            )
    return replace(table, parameters=tuple(rows), constraints=(), definitions=(), constructs=())


def _log_det(A: Floats) -> float:
    """Return the log-determinant; 0 for an empty matrix."""
    return float(invert_positive(A).log_det) if A.size else 0.0
