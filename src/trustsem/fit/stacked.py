"""How well does a model fit each of many samples? The fit measures of a stack of solutions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from trustsem.arrays import Floats
from trustsem.errors import UndefinedIndexError, UnknownOptionError
from trustsem.estimation import Estimate, Problem
from trustsem.estimation.responses import ResponseBlock
from trustsem.fit.baseline import baseline_fit
from trustsem.fit.indices import (
    FIT_INDICES,
    FitIndex,
    FitInputs,
    evaluated,
    fit_inputs,
    goodness_of_fit,
)
from trustsem.fit.residuals import RMS_KINDS, averaged_rms, moment_rms
from trustsem.inference import stacked_chi_squares

STACKED_MEASURES = (
    "chisq", "df", "pvalue", "baseline_chisq", "baseline_df", "cfi", "tli", "rfi", "nfi", "ifi",
    "rni", "rmsea", "rmr", "srmr", "crmr", "gfi", "agfi", "mfi",
)  # fmt: skip
"""Fit measures of a stack, by the names that they have for one solution."""

_INDICES = {index.name: index for index in FIT_INDICES if index.name in STACKED_MEASURES}


def stacked_fit(
    problem: Problem,
    params: Floats,
    n_independent: int,
    measures: Sequence[str] = STACKED_MEASURES,
    *,
    chisq: Floats | None = None,
) -> dict[str, Floats]:
    """Compute the fit measures of a model on each member of a stack of complete samples.

    Parameters
    ----------
    problem : Problem
        The model on the stack: its objective from :func:`trustsem.estimation.stacked_objective`,
        and the number of cases of its own samples.
    params : ndarray, shape (b, q)
        The estimates.
    n_independent : int
        Number of independently estimated parameters.
    measures : sequence of str
        Which of :data:`STACKED_MEASURES`; GFI costs as much as the others together.
    chisq : ndarray, shape (b,), optional
        The chi-squares, where they are known already.

    Returns
    -------
    dict of str to ndarray, shape (b,)
        By the names of ``measures``, with the formulas of
        :func:`trustsem.fit.fit_measures`; NaN where a measure does not exist.

    Raises
    ------
    UndefinedIndexError
        If the estimator needs cases or thresholds; see :func:`fit_of_each` for these.
    """
    if problem.by_cases:
        raise UndefinedIndexError(
            f"{problem.estimator.name} needs more of a sample than covariances and means"
        )
    chosen = require_measures(measures)
    x = _stacked_inputs(problem, params, n_independent, chosen, chisq)
    return {name: _values(_INDICES[name], x, len(params)) for name in chosen}


def require_measures(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of fit measures of a stack.

    Raises
    ------
    UnknownOptionError
        If there is no such measure.
    """
    for name in names:
        if name not in _INDICES:
            raise UnknownOptionError(name, STACKED_MEASURES, kind="fit measure")
    return tuple(names)


def fit_of_each(
    estimates: Iterable[Estimate], n_independent: int, measures: Sequence[str] = STACKED_MEASURES
) -> dict[str, Floats]:
    """Compute the same measures from solutions that come one by one: of cases, or thresholds.

    Parameters
    ----------
    estimates : iterable of Estimate
        Solutions, each with its own sample.
    n_independent : int
        Number of independently estimated parameters.
    measures : sequence of str
        Which of :data:`STACKED_MEASURES`.

    Returns
    -------
    dict of str to ndarray, shape (b,)
        As of :func:`stacked_fit`.
    """
    chosen = require_measures(measures)
    indices = [_INDICES[name] for name in chosen]
    rows = []
    for estimate in estimates:
        values, _ = evaluated(indices, fit_inputs(estimate, n_independent))
        rows.append([values[name] for name in chosen])
    table = np.array(rows, dtype=float).reshape(len(rows), len(chosen))
    return {name: table[:, place] for place, name in enumerate(chosen)}


def _stacked_inputs(
    problem: Problem,
    params: Floats,
    n_independent: int,
    measures: Sequence[str],
    chisq: Floats | None,
) -> FitInputs:
    """Collect what the formulas need."""
    baseline = baseline_fit(problem)
    nothing = float("nan")
    kinds = [name for name in RMS_KINDS if name in measures]
    groups = [
        moment_rms(block.S, block.mean, implied, kinds)
        for block, implied in zip(problem.objective.blocks, problem.implied(params), strict=True)
        if not isinstance(block, ResponseBlock)
    ]
    return FitInputs(
        chisq=stacked_chi_squares(problem, params) if chisq is None else chisq,
        df=problem.n_moments - n_independent,
        chisq_baseline=baseline.chisq,
        df_baseline=baseline.df,
        n_obs=problem.n_obs,
        n_rmsea=problem.weight,
        n_groups=len(problem.samples),
        n_free=n_independent,
        n_moments=sum(structure.n_moments for structure in problem.structures),
        fmin=nothing,
        logl=nothing,
        logl_unrestricted=nothing,
        gfi=goodness_of_fit(problem, params) if {"gfi", "agfi"} & set(measures) else nothing,
        rms=averaged_rms(groups, [sample.n_obs for sample in problem.samples]),
        is_distributed=not problem.estimator.corrected,
    )


def _values(index: FitIndex[FitInputs], x: FitInputs, size: int) -> Floats:
    """Return one measure of each member; NaN where it does not exist."""
    try:
        value = index.formula(x)
    except UndefinedIndexError:
        value = float("nan")
    return np.broadcast_to(np.asarray(value, dtype=float), size).copy()
