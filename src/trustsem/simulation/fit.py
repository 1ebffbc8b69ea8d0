"""How well does a model fit each of many samples? Chi-squares and fit measures of resamples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from trustsem.arrays import Floats
from trustsem.estimation import Estimate, Problem, stacked_objective
from trustsem.estimation.objective import shares
from trustsem.fit import STACKED_MEASURES, fit_of_each, stacked_fit
from trustsem.inference import chi_square, stacked_chi_squares
from trustsem.simulation.bootstrap import AT_ONCE, Refits, alone, parts_of
from trustsem.simulation.resampling import LeaveOneOut, Resampling

_SAME = 1e-12
"""Relative difference up to which F shares groups as chi-square counts them."""


def chi_squares(problem: Problem, draws: Resampling | LeaveOneOut, refits: Refits) -> Floats:
    """Return the chi-square of each of some solutions, shape (n,).

    Parameters
    ----------
    problem : Problem
        The model.
    draws : Resampling or LeaveOneOut
        The samples.
    refits : Refits
        Some of the samples' solutions.
    """
    known = _minima(problem, refits)
    if known is not None:
        return known
    if problem.by_cases:
        found = np.full(len(refits.numbers), np.nan)
        for position, one in _one_by_one(problem, draws, refits):
            found[position] = chi_square(one)
        return found
    return np.concatenate(
        [stacked_chi_squares(stack, part.params) for stack, part in _stacks(problem, draws, refits)]
    )


def fit_values(
    problem: Problem,
    draws: Resampling | LeaveOneOut,
    refits: Refits,
    n_independent: int,
    measures: Sequence[str] = STACKED_MEASURES,
) -> Floats:
    """Return the fit measures of each of some solutions.

    Parameters
    ----------
    problem : Problem
        The model.
    draws : Resampling or LeaveOneOut
        The samples.
    refits : Refits
        Some of the samples' solutions.
    n_independent : int
        Number of independently estimated parameters.
    measures : sequence of str
        Which of :data:`trustsem.fit.STACKED_MEASURES`.

    Returns
    -------
    ndarray, shape (n, k)
        A column for each measure; NaN where one does not exist.
    """
    size = len(refits.numbers), len(measures)
    if problem.by_cases:
        values = np.full(size, np.nan)
        for position, one in _one_by_one(problem, draws, refits):
            found = fit_of_each([one], n_independent, measures)
            values[position] = [found[name][0] for name in measures]
        return values
    parts = []
    for stack, part in _stacks(problem, draws, refits):
        known = _minima(problem, part)
        found = stacked_fit(stack, part.params, n_independent, measures, chisq=known)
        parts.append(np.stack([found[name] for name in measures], axis=-1))
    return np.concatenate(parts) if parts else np.empty(size)


def _minima(problem: Problem, refits: Refits) -> Floats | None:
    """Return chi-squares that are the minima of F themselves; None if more is needed."""
    counted = shares([sample.weight for sample in problem.samples])
    as_counted = np.allclose(
        [block.share for block in problem.objective.blocks], counted, rtol=_SAME, atol=0
    )
    if not (problem.estimator.naive and as_counted):
        return None
    return np.maximum(refits.value, 0.0) * problem.weight


def _stacks(
    problem: Problem, draws: Resampling | LeaveOneOut, refits: Refits
) -> Iterator[tuple[Problem, Refits]]:
    """Yield the model on stacks of samples, with their solutions."""
    for numbers in parts_of(len(refits.numbers), AT_ONCE):
        part = refits.take(np.array(numbers, dtype=np.intp))
        moments = draws.moments(part.numbers.tolist())
        yield replace(problem, objective=stacked_objective(problem, moments)), part


def _one_by_one(
    problem: Problem, draws: Resampling | LeaveOneOut, refits: Refits
) -> Iterator[tuple[int, Estimate]]:
    """Yield the position of each solution, and the solution with its own sample."""
    for position, number in enumerate(refits.numbers.tolist()):
        one = alone(problem, draws, number)
        if one is not None:
            value = float(refits.value[position])
            yield position, Estimate(one, refits.params[position], value, True, 0, 0.0)
