"""The native engine: estimate one model, and say how far the answer can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import exceeds
from trustsem.estimation.augmented import minimise_under_conditions
from trustsem.estimation.identification import require_identified
from trustsem.estimation.optimiser import Optimum, minimise, unit_metric
from trustsem.estimation.reduction import BOUNDARY

if TYPE_CHECKING:
    from trustsem.arrays import Floats
    from trustsem.estimation.problem import Problem
    from trustsem.specification import Parameter

_SADDLE = -1e-7
_ESCAPES = 3
_STARTS = 60
_NEGATIVE = 0.4
_WIDE_ITERATIONS = 150


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
    """
    search = problem.dimensionless()
    start = _inside(search, problem.start())
    if not start.size:
        at = problem.objective.at(start[None])
        return Estimate(problem, problem.reduction.expand(start), float(at.value[0]), True, 0, 0.0)
    require_identified(search, start)
    best, iterations = _attempts(search, start)
    reduced = best.reduced[0]
    converged = bool(best.converged[0])
    return Estimate(
        problem=problem,
        params=problem.reduction.expand(reduced),
        value=float((best if search is problem else problem.objective.at(best.reduced)).value[0]),
        converged=converged,
        iterations=iterations,
        gradient_norm=float(best.gradient_norm[0]),
        message="" if converged else _reason(problem, best),
    )


def _attempts(problem: Problem, start: Floats) -> tuple[Optimum, int]:
    """Minimise from the start, leave saddle points, and search more widely if need be."""
    best = _minimise(problem, start)
    iterations = int(best.iterations[0])
    for _ in range(_ESCAPES):
        escape = _escape(problem, best) if best.converged[0] else None
        if escape is None:
            break
        best = _minimise(problem, escape)
        iterations += int(best.iterations[0])
    if not best.converged[0]:
        other = _search_widely(problem, start)
        if other is not None:
            iterations += int(other.iterations[0])
            if other.converged[0] or other.value[0] < best.value[0]:
                best = other
    return best, iterations


def _search_widely(problem: Problem, start: Floats) -> Optimum | None:
    """Minimise from many starts at once; return the best end, a converged one if there is any."""
    if len(problem.reduction.conditions):
        modest = _inside(problem, problem.start(modest=True))
        return _minimise(problem, modest)
    starts = _scattered(problem, start)
    if not len(starts):
        return None
    ends = minimise(problem.objective, starts, max_iterations=_WIDE_ITERATIONS)
    reached = ends.value[ends.converged] if ends.converged.any() else ends.value
    best = (ends.value == reached.min()) & (ends.converged | ~ends.converged.any())
    return ends.take(np.array([np.argmax(best)]))


def _scattered(problem: Problem, start: Floats) -> Floats:
    """Return starts that differ in size and sign of loadings and construct variances.

    A construct's variance may be negative at a solution, and a marker may load the other way than
    the other items: both lie behind a point at infinity that no descent crosses.
    """
    generator = np.random.default_rng(1988)
    kinds = np.array([_kind(problem, row) for row in problem.reduced_rows])
    size = (_STARTS, len(start))
    factor = np.ones(size)
    directed = kinds == "directed"
    factor[:, directed] = generator.normal(1.0, 0.7, size)[:, directed]
    construct = kinds == "construct"
    sign = np.where(generator.random(size) < _NEGATIVE, -1.0, 1.0)
    factor[:, construct] = (sign * 10.0 ** generator.uniform(-2.5, 0.0, size))[:, construct]
    residual = kinds == "residual"
    factor[:, residual] = generator.uniform(0.7, 1.3, size)[:, residual]
    starts = start * factor
    starts = np.concatenate([problem.start(modest=True)[None], starts])
    return np.asarray(starts[np.isfinite(problem.objective.at(starts).value)])


def _kind(problem: Problem, row: Parameter) -> str:
    """Return how a parameter is varied in a wide search."""
    if row.op in ("=~", "~"):
        return "directed"
    if row.op == "~~" and row.lhs == row.rhs:
        return "construct" if row.lhs in problem.table.constructs else "residual"
    return "other"


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
    exact = point.exact_hessian()[0]
    metric = unit_metric(point.expected_hessian()[0], exact)
    scaled = exact / np.outer(metric, metric)
    if exceeds(scaled, _SADDLE):
        return None
    step = np.linalg.eigh(scaled)[1][:, 0] / metric
    trials = [optimum.reduced[0] + size * step for size in (0.3, -0.3, 0.1, -0.1, 0.03, -0.03)]
    values_there = problem.objective.at(np.array(trials)).value
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
        point = share * start + (1 - share) * independent
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
    return (
        f"the gradient did not vanish (largest scaled element {optimum.gradient_norm[0]:.1e}); "
        "the discrepancy may have no minimum for these data"
    )
