"""The native engine: estimate one model, and say how far the answer can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import exceeds, outer
from trustsem.estimation.admissibility import is_proper
from trustsem.estimation.augmented import minimise_under_conditions
from trustsem.estimation.curves import describe_runaway
from trustsem.estimation.identification import require_identified
from trustsem.estimation.optimiser import Optimum, minimise, unit_metric
from trustsem.estimation.reduction import BOUNDARY
from trustsem.estimation.search import search_widely

if TYPE_CHECKING:
    from trustsem.arrays import Floats
    from trustsem.estimation.problem import Problem

_SADDLE = -1e-7
_ESCAPES = 3
_PATIENCE = 60
_SAME = 1e-6
_WELL_DETERMINED = 2.0
"""Smallest scaled curvature times N from which a proper minimum is taken for the lowest: on hard
small samples lower ones, all of them improper, were found up to 1.5."""
_BEYOND_DOUBT = 5.0
"""The same for an improper minimum; lower ones were found more often."""


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """The outcome of an estimation, by whichever engine.

    Parameters
    ----------
    problem : Problem
        What was estimated.
    params : ndarray, shape (q,)
        All free parameters.
    value : float
        F at the estimates.
    converged : bool
        Whether a minimum was reached.
    iterations : int
        Steps taken, over all attempts.
    gradient_norm : float
        Largest gradient element in the unit metric of the expected Hessian.
    engine : str
        Which engine estimated.
    message : str
        Why it did not converge; empty if it did.
    lower : float or None
        A lower F that was seen on a path without end.
    proper : Estimate or None
        The lowest proper minimum found, where the estimates are an improper one below it.
    """

    problem: Problem
    params: Floats
    value: float
    converged: bool
    iterations: int
    gradient_norm: float
    engine: str = "native"
    message: str = ""
    lower: float | None = None
    proper: Estimate | None = None

    def __repr__(self) -> str:
        """Return how the estimation ended."""
        end = f"F = {self.value:.6g}" if self.converged else self.message or "not converged"
        return (
            f"Estimate({len(self.params)} parameters, {end}, engine {self.engine!r}, "
            f"{self.iterations} iterations)"
        )

    @property
    def chisq(self) -> float:
        """Each group's F times its N or N-1, in all."""
        problem = self.problem
        if len(problem.samples) == 1:
            return max(self.value, 0.0) * problem.weight
        return max(float(problem.chi_square_objective.at_params(self.params).value), 0.0)


def estimate(problem: Problem) -> Estimate:
    """Estimate a model by minimising its discrepancy.

    Parameters
    ----------
    problem : Problem
        The model and its samples.

    Returns
    -------
    Estimate
        Not necessarily converged: see its ``converged`` and ``message``.

    Raises
    ------
    NotIdentifiedError
        If the model has no unique solution, whatever the data.

    Notes
    -----
    A minimum to which the usual start leads stands if the data determine it well. Otherwise the
    lowest minimum found counts, proper or not.
    """
    search = problem.dimensionless()
    start = _inside(search, search.bounds.clip(problem.start()))
    if not start.size:
        at = problem.objective.at(start[None])
        return Estimate(problem, problem.reduction.expand(start), float(at.value[0]), True, 0, 0.0)
    require_identified(search, start)
    best, elsewhere, iterations = _attempts(search, start)
    found = _estimate(problem, search, best, iterations)
    if elsewhere.proper is not None:
        found = replace(found, proper=_estimate(problem, search, elsewhere.proper, iterations))
    if elsewhere.lower is not None:
        found = replace(found, lower=found.value + elsewhere.lower)
    return found


def _estimate(problem: Problem, search: Problem, optimum: Optimum, iterations: int) -> Estimate:
    """Return an end of the search as an outcome."""
    at = optimum if search is problem else problem.objective.at(optimum.reduced)
    converged = bool(optimum.converged[0])
    return Estimate(
        problem=problem,
        params=problem.reduction.expand(optimum.reduced[0]),
        value=float(at.value[0]),
        converged=converged,
        iterations=iterations,
        gradient_norm=float(optimum.gradient_norm[0]),
        message="" if converged else _reason(problem, optimum),
    )


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What else a search found: how far below the solution F was seen, and a proper minimum."""

    lower: float | None = None
    proper: Optimum | None = None


def _attempts(problem: Problem, start: Floats) -> tuple[Optimum, _Elsewhere, int]:
    """Descend, leave saddle points, and search more widely if need be.

    Returns the solution, what lies elsewhere, and the steps taken.
    """
    if len(problem.reduction.conditions):
        best = minimise_under_conditions(problem, start)
        return best, _Elsewhere(), int(best.iterations[0])
    best = minimise(problem.objective, start[None], max_iterations=_PATIENCE, bounds=problem.bounds)
    iterations = int(best.iterations[0])
    for _ in range(_ESCAPES):
        if not best.converged[0]:
            break
        H, metric = _curvature(problem, best)
        free = not problem.bounds.touched(best.reduced).any()
        enough = _WELL_DETERMINED if _is_proper(problem, best, 0) else _BEYOND_DOUBT
        if free and exceeds(H, enough / problem.n_obs):
            return best, _Elsewhere(), iterations
        beside = None if exceeds(H, _SADDLE) else _beside(problem, best, H, metric)
        if beside is None:
            break
        best = minimise(
            problem.objective, beside[None], max_iterations=_PATIENCE, bounds=problem.bounds
        )
        iterations += int(best.iterations[0])
    ends = search_widely(problem, start, best)
    chosen = _chosen(problem, best, ends)
    return chosen, _elsewhere(problem, chosen, ends), iterations + int(chosen.iterations[0])


def _chosen(problem: Problem, first: Optimum, ends: Optimum) -> Optimum:
    """Return the lowest minimum; where there is none, the lowest end."""
    for i in np.flatnonzero(ends.converged):
        end = ends.take(np.array([i]))
        if exceeds(_curvature(problem, end)[0], _SADDLE):
            # An equal minimum elsewhere is the same solution with signs turned.
            same = first.converged[0] and end.value[0] > first.value[0] - _SAME
            return first if same else end
    return first if first.converged[0] else ends.take(np.array([0]))


def _elsewhere(problem: Problem, chosen: Optimum, ends: Optimum) -> _Elsewhere:
    """Return where F is lower than at the solution, and the lowest proper minimum above it."""
    gap = ends.value - chosen.value[0]
    lower = float(gap[0]) if gap[0] < -_SAME else None
    if not chosen.converged[0] or _is_proper(problem, chosen, 0):
        return _Elsewhere(lower)
    above = np.flatnonzero(ends.converged & (gap > _SAME))
    proper = (ends.take(np.array([i])) for i in above if _is_proper(problem, ends, int(i)))
    return _Elsewhere(lower, next(proper, None))


def _is_proper(problem: Problem, ends: Optimum, member: int) -> bool:
    """Tell whether one end is an admissible solution."""
    return is_proper(problem, problem.reduction.expand(ends.reduced[member]))


def _curvature(problem: Problem, optimum: Optimum) -> tuple[Floats, Floats]:
    """Return the exact Hessian at an optimum in the unit metric, and this metric.

    Parameters that are held on a bound take no part.
    """
    point = problem.objective.at(optimum.reduced)
    exact = point.exact_hessian()[0]
    metric = unit_metric(point.expected_hessian()[0], exact)
    H = exact / outer(metric, metric)
    if problem.bounds:
        held = problem.bounds.held(optimum.reduced[0], point.gradient()[0])
        H = np.where(outer(~held, ~held), H, np.eye(len(H)))
    return H, metric


def _beside(problem: Problem, optimum: Optimum, H: Floats, metric: Floats) -> Floats | None:
    """Return a lower point along the direction of smallest curvature; None if there is none."""
    direction = np.linalg.eigh(H)[1][:, 0] / metric
    sizes = np.array([0.3, -0.3, 0.1, -0.1, 0.03, -0.03])
    trials = problem.bounds.clip(optimum.reduced[0] + sizes[:, None] * direction)
    values_there = problem.objective.at(trials).value
    lowest = int(np.argmin(values_there))
    return trials[lowest] if values_there[lowest] < optimum.value[0] else None


def _inside(problem: Problem, start: Floats) -> Floats:
    """Return the start, or a point between it and independence where F exists."""
    if not start.size or np.isfinite(problem.objective.at(start[None]).value[0]):
        return start
    independent = start.copy()
    for position, row in enumerate(problem.reduced_rows):
        if row.op in ("=~", "~") or (row.op == "~~" and row.lhs != row.rhs):
            independent[position] = 0.0
    for share in (0.5, 0.25, 0.1, 0.0):
        point = problem.bounds.clip(share * start + (1 - share) * independent)
        if np.isfinite(problem.objective.at(point[None]).value[0]):
            return point
    return start


def _reason(problem: Problem, optimum: Optimum) -> str:
    """Say why a minimisation counts as not converged."""
    conditions = problem.reduction.conditions
    if len(conditions) and np.isfinite(optimum.value[0]):
        gaps = conditions.evaluate(problem.reduction.expand(optimum.reduced[0]))
        texts = conditions.named(conditions.violations(gaps) > BOUNDARY)
        if texts:
            return f"the constraints {'; '.join(texts)} cannot be met"
    if not np.isfinite(optimum.value[0]):
        return "no starting point gives a positive definite implied covariance matrix"
    runaway = describe_runaway(problem, problem.reduction.expand(optimum.reduced[0]))
    if runaway:
        return f"the discrepancy falls without reaching a minimum while {runaway}"
    return (
        f"the gradient did not vanish (largest scaled element {optimum.gradient_norm[0]:.1e}); "
        "the discrepancy may have no minimum for these data"
    )
