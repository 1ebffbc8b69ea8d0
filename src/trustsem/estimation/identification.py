"""Judge whether a model's parameters can be told apart by any data at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats, diagonal, exceeds, scaled_eigh
from trustsem.errors import NotIdentifiedError

if TYPE_CHECKING:
    from trustsem.estimation.objective import Evaluation
    from trustsem.estimation.problem import Problem

_NULL = 1e-10
_SHARE = 0.1
_JITTER = 0.25
_POINTS = 2
_TRIES = 20


def require_identified(problem: Problem, start: Floats) -> None:
    """Raise unless the implied moments respond to every direction of the parameters.

    The rank of the expected information is judged at random points, so that a coincidence of the
    starting values (zero covariances, say) is not mistaken for a property of the model.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    start : ndarray, shape (r,)
        A point inside the domain.

    Raises
    ------
    NotIdentifiedError
        If there are more parameters than moments, or parameters that cannot be separated.
    """
    if not (problem.estimator.unit_free or problem.table.ordered):
        problem = problem.by("GLS")  # no item may weigh so little that it seems to say nothing
    df = problem.n_moments - start.size + int(problem.reduction.conditions.equality.sum())
    if df < 0:
        raise NotIdentifiedError(
            f"it has {start.size} free parameters for {problem.n_moments} sample moments.",
            remedy="Fix or equate parameters, or measure constructs with more items.",
        )
    generator = np.random.default_rng(20170701)
    involved: set[str] | None = None
    for _ in range(_POINTS):
        flat = _flat_directions(problem, *_nearby(problem, start, generator))
        if not flat:
            return
        involved = set(flat) if involved is None else involved & set(flat)
    raise NotIdentifiedError(
        "some parameters can change together without changing any implied moment.",
        [name for name in parameter_names(problem) if name in (involved or set())],
        remedy="Fix one of them (a loading or the construct's variance, for instance).",
    )


def _flat_directions(problem: Problem, reduced: Floats, point: Evaluation) -> list[str]:
    """Return the parameters along which the expected information is singular at a point."""
    H = point.expected_hessian()[0]
    J = problem.condition_jacobian(problem.reduction.expand(reduced))
    metric = np.sqrt(np.abs(np.diag(H)))
    metric = np.where(metric > 0, metric, 1.0)
    scaled = H / np.outer(metric, metric)
    if len(J):
        normal = J / metric
        normal = normal / np.linalg.norm(normal, axis=1, keepdims=True)
        scaled = scaled + normal.T @ normal
    if exceeds(scaled, _NULL * max(1.0, float(diagonal(scaled).max(initial=0.0)))):
        return []
    _, values, vectors = scaled_eigh(scaled)
    null = vectors[:, values < _NULL]
    if not null.size:
        return []
    weight = np.abs(null).max(axis=1)
    names = parameter_names(problem)
    return [name for name, w in zip(names, weight, strict=True) if w > _SHARE * weight.max()]


def parameter_names(problem: Problem) -> list[str]:
    """Return the name of each reduced parameter, in model syntax."""
    return [row.name for row in problem.reduced_rows]


def _nearby(
    problem: Problem, start: Floats, generator: np.random.Generator
) -> tuple[Floats, Evaluation]:
    """Return a random point near the start at which the objective exists, and what it is there."""
    at_start = problem.objective.at(start[None])
    metric = np.sqrt(np.abs(diagonal(at_start.expected_hessian()[0])))
    unit = np.where(metric > 0, 1 / np.where(metric > 0, metric, 1.0), 1.0)
    size = _JITTER
    for _ in range(_TRIES):
        point = start + size * generator.uniform(-1, 1, start.size) * unit
        there = problem.objective.at(point[None])
        if np.isfinite(there.value[0]):
            return np.asarray(point), there
        size /= 2
    return start, at_start
