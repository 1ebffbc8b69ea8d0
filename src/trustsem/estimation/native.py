"""The native engine: estimate one model, and say how far the answer can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.estimation.augmented import minimise_under_conditions
from trustsem.estimation.identification import require_identified
from trustsem.estimation.optimiser import Optimum, minimise

if TYPE_CHECKING:
    from trustsem.arrays import Floats
    from trustsem.estimation.problem import Problem

_SADDLE = -1e-7
_ESCAPES = 3
_PERTURBATIONS = 4


@dataclass(frozen=True, slots=True)
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
    """

    problem: Problem
    params: Floats
    value: float
    converged: bool
    iterations: int
    gradient_norm: float
    engine: str = "native"
    message: str = ""


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
    """
    start = _inside(problem, problem.start())
    if not start.size:
        at = problem.objective.at(start[None])
        return Estimate(problem, problem.reduction.expand(start), float(at.value[0]), True, 0, 0.0)
    require_identified(problem, start)
    best, iterations = _attempts(problem, start)
    reduced = best.reduced[0]
    converged = bool(best.converged[0])
    return Estimate(
        problem=problem,
        params=problem.reduction.expand(reduced),
        value=float(best.value[0]),
        converged=converged,
        iterations=iterations,
        gradient_norm=float(best.gradient_norm[0]),
        message="" if converged else _reason(best),
    )


def _attempts(problem: Problem, start: Floats) -> tuple[Optimum, int]:
    """Minimise from the start, leave saddle points, and try other starts if need be."""
    best = _minimise(problem, start)
    iterations = int(best.iterations[0])
    generator = np.random.default_rng(1988)
    for _ in range(_ESCAPES):
        escape = _escape(problem, best) if best.converged[0] else None
        if escape is None:
            break
        best = _minimise(problem, escape)
        iterations += int(best.iterations[0])
    for _ in range(_PERTURBATIONS):
        if best.converged[0]:
            break
        other = _minimise(problem, _perturbed(problem, start, generator))
        iterations += int(other.iterations[0])
        if other.converged[0] or other.value[0] < best.value[0]:
            best = other
    return best, iterations


def _minimise(problem: Problem, start: Floats) -> Optimum:
    """Minimise one objective, under its conditions if there are any."""
    conditions = problem.reduction.conditions
    if len(conditions):
        return minimise_under_conditions(problem.objective, start[None], conditions)
    return minimise(problem.objective, start[None])


def _escape(problem: Problem, optimum: Optimum) -> Floats | None:
    """Return a lower point beside a saddle point; None at a minimum."""
    if len(problem.reduction.conditions):
        return None
    point = problem.objective.at(optimum.reduced)
    metric = np.sqrt(np.abs(np.diag(point.expected_hessian()[0])))
    metric = np.where(metric > 0, metric, 1.0)
    curvatures, directions = np.linalg.eigh(point.exact_hessian()[0] / np.outer(metric, metric))
    if curvatures[0] > _SADDLE:
        return None
    step = directions[:, 0] / metric
    trials = [optimum.reduced[0] + size * step for size in (0.3, -0.3, 0.1, -0.1, 0.03, -0.03)]
    values_there = problem.objective.at(np.array(trials)).value
    lowest = int(np.argmin(values_there))
    return trials[lowest] if values_there[lowest] < optimum.value[0] else None


def _inside(problem: Problem, start: Floats) -> Floats:
    """Return the start, or a point between it and independence where F exists."""
    if not start.size or np.isfinite(problem.objective.at(start[None]).value[0]):
        return start
    independent = start.copy()
    rows = {row.free - 1: row for row in problem.table.parameters if row.free}
    for position, kept in enumerate(problem.reduction.kept):
        row = rows[int(kept)]
        if row.op in ("=~", "~") or (row.op == "~~" and row.lhs != row.rhs):
            independent[position] = 0.0
    for share in (0.5, 0.25, 0.1, 0.0):
        point = share * start + (1 - share) * independent
        if np.isfinite(problem.objective.at(point[None]).value[0]):
            return point
    return start


def _perturbed(problem: Problem, start: Floats, generator: np.random.Generator) -> Floats:
    """Return the start with every value moved by up to half its size."""
    moved = start * generator.uniform(0.5, 1.5, start.size)
    return _inside(problem, moved)


def _reason(optimum: Optimum) -> str:
    """Say why a minimisation counts as not converged."""
    if not np.isfinite(optimum.value[0]):
        return "no starting point gives a positive definite implied covariance matrix"
    return (
        f"the gradient did not vanish (largest scaled element {optimum.gradient_norm[0]:.1e}); "
        "the discrepancy may have no minimum for these data"
    )
