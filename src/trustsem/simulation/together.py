"""Several models from the same samples, and whatever is computed from their solutions, in one pass.

A part of the samples is drawn once; each model is estimated from it, and every statistic computed,
before the next part is drawn. So it does not matter how many statistics there are, and worker
processes compute them, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from trustsem.arrays import Floats
from trustsem.estimation import Problem
from trustsem.simulation.bootstrap import (
    AT_ONCE,
    Refits,
    Solutions,
    estimate_part,
    parts_of,
    search_lost,
    solutions,
)
from trustsem.simulation.fit import fit_values
from trustsem.simulation.parallel import Report, run_in_parts
from trustsem.simulation.resampling import Resampling

StatisticOf = Callable[[Solutions], Floats]
"""From a stack of b samples with their solutions to an array of shape (b, ...)."""


@dataclass(frozen=True, slots=True)
class Reestimation:
    """A model to be estimated again from resamples, and what to compute from its solutions.

    Parameters
    ----------
    problem : Problem
        The model and its sample.
    params : ndarray, shape (q,)
        The estimates, where every search starts.
    draws : Resampling
        The resamples.
    statistics : tuple of callable
        What to compute.
    measures : tuple of str
        Fit measures to compute, of :data:`trustsem.fit.STACKED_MEASURES`.
    n_independent : int
        Number of independently estimated parameters, for these.
    """

    problem: Problem
    params: Floats
    draws: Resampling
    statistics: tuple[StatisticOf, ...] = ()
    measures: tuple[str, ...] = ()
    n_independent: int = 0


@dataclass(frozen=True, slots=True)
class Reestimated:
    """What a model gave.

    Parameters
    ----------
    refits : Refits
        The solutions of all resamples, or of those that were finished.
    values : tuple of ndarray, each of shape (n_converged, ...)
        Each statistic in the resamples that converged; empty if none did.
    fit : ndarray, shape (n_converged, k)
        Their k fit measures.
    """

    refits: Refits
    values: tuple[Floats, ...]
    fit: Floats

    @classmethod
    def joined(cls, parts: Sequence[Reestimated]) -> Reestimated:
        """Return all parts as one."""
        return cls(
            Refits.joined([part.refits for part in parts]),
            tuple(
                np.concatenate(values)
                for values in zip(*(part.values for part in parts if part.values), strict=True)
            ),
            np.concatenate([part.fit for part in parts]),
        )

    def with_found(self, found: Reestimated) -> Reestimated:
        """Return everything with resamples whose solution a later search found."""
        if not len(found.refits.numbers):
            return self
        if not len(self.refits.numbers[self.refits.converged]):
            return replace(found, refits=self.refits.with_found(found.refits))
        own = self.refits.numbers[self.refits.converged]
        order = np.argsort(np.concatenate([own, found.refits.numbers]), kind="stable")
        return Reestimated(
            self.refits.with_found(found.refits),
            tuple(
                np.concatenate(pair)[order] for pair in zip(self.values, found.values, strict=True)
            ),
            np.concatenate([self.fit, found.fit])[order],
        )


def estimate_together(
    models: Sequence[Reestimation],
    *,
    workers: int = 1,
    report: Report | None = None,
    at_once: int = AT_ONCE,
) -> tuple[tuple[Reestimated, ...], bool]:
    """Estimate models from the same resamples and compute everything that is asked of them.

    Parameters
    ----------
    models : sequence of Reestimation
        The models, with as many resamples each. Those that share ``draws`` share what is drawn.
    workers : int
        Processes, -1 for one on each core.
    report : callable, optional
        Called with the number of finished resamples, of all, and of those without a solution.
    at_once : int
        Samples in a part. Neither this nor ``workers`` changes the result beyond rounding.

    Returns
    -------
    found : tuple of Reestimated
        One per model.
    interrupted : bool
        Whether the user stopped; ``found`` then holds the finished resamples.
    """
    parts = parts_of(models[0].draws.n, at_once)
    finished = run_in_parts(
        partial(_part, models),
        parts,
        workers=workers,
        report=report,
        pieces=len,
        failures=lambda found: max(one.refits.count_lost() for one in found),
    )
    found = [Reestimated.joined(outcomes) for outcomes in zip(*finished.outcomes, strict=True)]
    interrupted = finished.interrupted
    for place, model in enumerate(models):
        if interrupted:
            break
        late, interrupted = search_lost(
            model.problem, model.params, model.draws, found[place].refits, workers=workers
        )
        found[place] = found[place].with_found(_described(model, late))
    return tuple(found), interrupted


def _part(models: Sequence[Reestimation], numbers: Sequence[int]) -> tuple[Reestimated, ...]:
    """Carry everything out for some of the resamples."""
    return tuple(
        _described(model, estimate_part(model.problem, model.params, model.draws, numbers))
        for model in models
    )


def _described(model: Reestimation, refits: Refits) -> Reestimated:
    """Compute what is asked of a model from the solutions that converged."""
    kept = refits.take(np.flatnonzero(refits.converged))
    values: tuple[Floats, ...] = ()
    if model.statistics and len(kept.numbers):
        stack = solutions(model.problem, model.draws, kept)
        values = tuple(np.asarray(statistic(stack)) for statistic in model.statistics)
    if not model.measures:
        return Reestimated(refits, values, np.empty((len(kept.numbers), 0)))
    fit = fit_values(model.problem, model.draws, kept, model.n_independent, model.measures)
    return Reestimated(refits, values, fit)
