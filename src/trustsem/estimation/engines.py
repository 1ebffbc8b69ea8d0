"""The engines: who minimises. Everything after the estimates is the same for all of them."""

from __future__ import annotations

import numpy as np

from trustsem.errors import EngineUnavailableError
from trustsem.estimation.native import Estimate, estimate
from trustsem.estimation.problem import Problem


def estimate_with(engine: str, problem: Problem) -> Estimate:
    """Estimate with the engine of a name.

    Parameters
    ----------
    engine : {"native", "semopy"}
        The engine.
    problem : Problem
        The model and its samples.

    Raises
    ------
    NotIdentifiedError
        If the model has no unique solution.
    EngineUnavailableError
        If the engine cannot estimate this model.
    """
    if engine == "native":
        return estimate(problem)
    if problem.estimator.name != "ML":
        raise EngineUnavailableError(
            "The semopy engine estimates by maximum likelihood from complete data, not by "
            f"{problem.estimator.title} ({problem.estimator.name}).",
            remedy="Use engine='native'.",
        )
    from trustsem.estimation.semopy_engine import (  # noqa: PLC0415 - semopy takes seconds to load
        estimate_with_semopy,
    )

    if len(problem.samples) > 1:
        raise EngineUnavailableError("The semopy engine estimates one group only.")
    found = estimate_with_semopy(problem.table, problem.samples[0])
    reduced = problem.reduction.reduce(np.asarray(found.params, dtype=float))
    point = problem.objective.at(reduced[None])
    metric = np.sqrt(np.abs(np.diag(point.expected_hessian()[0])))
    gradient = point.gradient()[0] / np.where(metric > 0, metric, 1.0)
    return Estimate(
        problem=problem,
        params=problem.reduction.expand(reduced),
        value=float(point.value[0]),
        converged=found.converged,
        iterations=0,
        gradient_norm=float(np.abs(gradient).max(initial=0.0)),
        engine=engine,
        message="" if found.converged else found.message,
    )
