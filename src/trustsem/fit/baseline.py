"""The baseline model: all observed variables unrelated [bentler1980]_."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trustsem.arrays import Flags, Floats, diagonal, invert_positive
from trustsem.discrepancy import MaximumLikelihood
from trustsem.estimation import Estimate, Problem
from trustsem.estimation.objective import Block
from trustsem.estimation.responses import ResponseBlock
from trustsem.implied import moment_tangents
from trustsem.inference import ScaledTest, complete_data_test, scaled_test, test_of_traces
from trustsem.moments import SampleMoments, SaturatedModel, independence_moments
from trustsem.options import Options
from trustsem.specification import Parameter, ParameterTable, Role


@dataclass(frozen=True, slots=True)
class Baseline:
    """Fit of the independence model.

    Parameters
    ----------
    chisq : float or ndarray, shape (b,)
        Its chi-square, or that of each member of a stack of samples.
    df : int
        Its degrees of freedom.
    """

    chisq: float | Floats
    df: int


def baseline_fit(problem: Problem) -> Baseline:
    """Fit the independence model, in closed form but for incomplete related covariates.

    Parameters
    ----------
    problem : Problem
        The model (which tells the fixed covariates) and its sample, or a stack of complete
        samples from :func:`trustsem.estimation.stacked_objective`.

    Notes
    -----
    Variances are free and covariances zero. Observed covariates (predictors that are nothing else)
    keep their covariances, fixed or free: they enter as one block, so that the baseline says
    nothing about what the model does not explain either. Maximum likelihood gives
    F = sum ln s_ii - ln |S|, and from incomplete cases the same with each variable's own cases; by
    least squares the model is linear in the moments, so that one step from anywhere ends at the
    minimum. ULS has no chi-square of its own; its residual-based one is that of GLS here.
    """
    chisq: float | Floats = 0.0
    df = 0
    by = problem.by(problem.estimator.baseline)
    for block, sample in zip(by.objective.blocks, problem.samples, strict=True):
        related = np.isin(sample.names, problem.table.covariates)
        if isinstance(block, ResponseBlock):
            minimum: float | Floats = _by_responses(block, related)
        elif sample.patterns is not None:
            moments = independence_moments(sample, problem.table.covariates)
            minimum = float(block.criterion.at(*moments).value)
        elif problem.estimator.likelihood:
            minimum = _by_likelihood(block, related)
        else:
            fixed = np.isin(sample.names, problem.table.exogenous)
            minimum = _by_least_squares(block, related, fixed)
        chisq = chisq + sample.weight * minimum
        n_related = int(related.sum())
        df += (len(related) * (len(related) - 1) - n_related * (n_related - 1)) // 2
    return Baseline(chisq=chisq, df=df)


def _by_likelihood(block: Block, related: Flags) -> Floats:
    """Return the minimum of the maximum-likelihood discrepancy of complete data."""
    S, criterion = block.S, block.criterion
    free = np.log(diagonal(S)[..., ~related]).sum(axis=-1)
    whole = criterion.log_det_S if isinstance(criterion, MaximumLikelihood) else _log_det(S)
    return np.asarray(free + _log_det(S[..., related, :][..., related]) - whole)


def _by_responses(block: ResponseBlock, related: Flags) -> float:
    """Return the minimum for a group with ordered items: one step from the sample moments."""
    layout, criterion = block.responses.layout, block.criterion
    rows, cols = layout.pairs
    free = np.ones(layout.size, dtype=bool)
    free[layout.parts[-1]] = related[rows] & related[cols]
    gap = np.where(free, 0.0, criterion.moments)
    if criterion.weights.diagonal:
        return float(criterion.weights.values @ gap**2)
    weighted = criterion.weights.values
    slope = weighted @ gap
    step = np.linalg.solve(weighted[np.ix_(free, free)], slope[free])
    return float(gap @ slope - slope[free] @ step)


def _by_least_squares(block: Block, related: Flags, fixed: Flags) -> Floats:
    """Return the minimum of a least-squares discrepancy: one step from the sample variances."""
    S = block.S
    p = S.shape[-1]
    rows, cols = np.tril_indices(p)
    kept = (rows == cols) | (related[rows] & related[cols])
    free = kept & ~(fixed[rows] & fixed[cols])
    Sigma = np.zeros_like(S)
    rows_kept, cols_kept = rows[kept], cols[kept]
    Sigma[..., rows_kept, cols_kept] = S[..., rows_kept, cols_kept]
    Sigma[..., cols_kept, rows_kept] = S[..., rows_kept, cols_kept]
    means = np.flatnonzero(~fixed) if block.mean is not None else np.empty(0, dtype=np.intp)
    tangents = moment_tangents(p, rows[free], cols[free], means)
    at = block.criterion.at(Sigma, block.mean)
    projection, directions = tangents.projection, tangents.directions
    slope = projection.slope(directions, at.dF_dSigma)
    if at.dF_dmu is not None:
        slope = slope + projection.mean_slope(directions, at.dF_dmu)
    H = at.expected.products(tangents, tangents)
    step = np.linalg.solve(H, slope[..., None])[..., 0]
    return np.asarray(at.value - (slope * step).sum(axis=-1) / 2)


def scaled_baseline(problem: Problem, options: Options) -> ScaledTest:
    """Correct the chi-square of the independence model as that of the model is corrected.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    options : Options
        Which test, and with which information.
    """
    if problem.table.ordered:
        baseline, traces = baseline_fit(problem), _response_traces(problem)
        return test_of_traces(options.test, float(baseline.chisq), baseline.df, *traces)
    solution, df = baseline_estimate(problem)
    return scaled_test(solution, df, options.test, options.information)


def baseline_estimate(problem: Problem) -> tuple[Estimate, int]:
    """Return the independence model as a solution, and its degrees of freedom.

    Parameters
    ----------
    problem : Problem
        The model, without ordered items, and its samples.
    """
    baseline = baseline_fit(problem)
    name = problem.estimator.baseline
    own = Problem.build(independence_table(problem.table), problem.samples, name)
    moments = [_independent(sample, problem.table.covariates) for sample in own.samples]
    params = np.empty(own.table.n_free)
    for row in own.table.parameters:
        if row.free:
            names = own.samples[row.group - 1].names
            cov, mean = moments[row.group - 1]
            place = names.index(row.lhs)
            if row.op == "~~":
                params[row.free - 1] = cov[place, names.index(row.rhs)]
            elif mean is not None:
                params[row.free - 1] = mean[place]
    return Estimate(own, params, float(baseline.chisq) / own.weight, True, 0, 0.0), baseline.df


def complete_data_tests(
    estimate: Estimate, df: int, options: Options
) -> tuple[ScaledTest, ScaledTest]:
    """Return the complete-data tests of a model of incomplete data and of its baseline.

    Parameters
    ----------
    estimate : Estimate
        The model's solution.
    df : int
        Its degrees of freedom.
    options : Options
        Which information; with a corrected test, the spread that holds without normality.
    """
    problem, information, robust = estimate.problem, options.information, options.scaled
    saturated = [SaturatedModel.of(sample, problem.table.exogenous) for sample in problem.samples]
    baseline, df_baseline = baseline_estimate(problem)
    return (
        complete_data_test(estimate, df, saturated, information, robust=robust),
        complete_data_test(baseline, df_baseline, saturated, information, robust=robust),
    )


def _independent(sample: SampleMoments, related: Sequence[str]) -> tuple[Floats, Floats | None]:
    """Return the moments from which the independence model takes its estimates."""
    if sample.patterns is None:
        return sample.cov, sample.mean
    return independence_moments(sample, related)


def _response_traces(problem: Problem) -> tuple[float, float]:
    """Return tr(UG) and tr((UG)^2) of the independence model for ordered items.

    All moments but the correlations that it sets to zero are free, and weights are diagonal, so
    that U is the weights of these correlations.
    """
    first, second = 0.0, 0.0
    for block, sample in zip(problem.objective.blocks, problem.samples, strict=True):
        if not isinstance(block, ResponseBlock) or sample.ordinal is None:
            continue
        layout = sample.ordinal.layout
        related = np.isin(sample.names, problem.table.covariates)
        rows, cols = layout.pairs
        fixed = layout.parts[-1].start + np.flatnonzero(~(related[rows] & related[cols]))
        G = sample.ordinal.spread[np.ix_(fixed, fixed)]
        WG = block.criterion.weights.values[fixed, None] * G
        first += float(np.trace(WG))
        second += float((WG * WG.T).sum())
    return first, second


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


def _log_det(A: Floats) -> Floats:
    """Return the log-determinant of each matrix; 0 for an empty one."""
    return invert_positive(A).log_det if A.shape[-1] else np.zeros(A.shape[:-2])
