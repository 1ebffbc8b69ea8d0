"""How sure is each resample of its own estimates? What studentised intervals divide by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trustsem.arrays import Floats
from trustsem.errors import MomentsError, ResamplingError
from trustsem.estimation import Estimate, Problem, stacked_objective
from trustsem.inference import SANDWICHES, estimate_covariance, expected_errors
from trustsem.moments import renewed
from trustsem.simulation.bootstrap import AT_ONCE, Refits, alone, parts_of
from trustsem.simulation.resampling import LeaveOneOut, NormalPopulation, Resampling


@dataclass(frozen=True, slots=True)
class ErrorsBy:
    """What standard errors rest on.

    Parameters
    ----------
    information : {"expected", "observed", "first.order"}
        Which information.
    se : {"standard", "robust.sem", "robust.huber.white"}
        Its inverse, or a sandwich.
    """

    information: str = "expected"
    se: str = "standard"

    @classmethod
    def of(cls, information: str, se: str) -> ErrorsBy:
        """Return what the errors of a model rest on, from its options."""
        return cls(information, se if se in SANDWICHES else "standard")

    @property
    def of_cases(self) -> bool:
        """Whether errors need the cases behind covariances and means."""
        return self.se in SANDWICHES or self.information == "first.order"

    def errors(self, estimate: Estimate) -> Floats:
        """Return the standard errors of one solution, shape (q,); NaN where there are none."""
        variances = np.diag(estimate_covariance(estimate, self.information, self.se).matrix)
        return np.sqrt(np.where(variances >= 0, variances, np.nan))


def solution_errors(
    problem: Problem, draws: Resampling | LeaveOneOut, refits: Refits, by: ErrorsBy
) -> Floats:
    """Return the standard errors that each of some solutions has by itself, shape (n, q).

    Parameters
    ----------
    problem : Problem
        The model.
    draws : Resampling or LeaveOneOut
        The samples.
    refits : Refits
        Some of the samples' solutions.
    by : ErrorsBy
        What the errors rest on.

    Raises
    ------
    ResamplingError
        If they rest on cases and samples are drawn without cases.
    """
    if by == ErrorsBy() and not problem.by_cases and problem.estimator.efficient:
        return _stacked(problem, draws, refits)
    by_cases = by.of_cases and not problem.by_cases
    if by_cases and isinstance(draws, Resampling) and _without_cases(draws):
        raise ResamplingError(
            "Robust standard errors need the cases of every resample; normal samples are drawn "
            "without.",
            remedy="Use method='percentile' or 'bc', or se='standard' in the model.",
        )
    errors = np.full(refits.params.shape, np.nan)
    for position, number in enumerate(refits.numbers.tolist()):
        one = _of_cases(problem, draws, number) if by_cases else alone(problem, draws, number)
        if one is not None:
            value = float(refits.value[position])
            errors[position] = by.errors(Estimate(one, refits.params[position], value, True, 0, 0))
    return errors


def _stacked(problem: Problem, draws: Resampling | LeaveOneOut, refits: Refits) -> Floats:
    """Return errors from the expected information of each member of a stack."""
    parts = []
    for numbers in parts_of(len(refits.numbers), AT_ONCE):
        part = refits.take(np.array(numbers, dtype=np.intp))
        objective = stacked_objective(problem, draws.moments(part.numbers.tolist()))
        parts.append(expected_errors(replace(problem, objective=objective), part.params))
    return np.concatenate(parts)


def _without_cases(draws: Resampling) -> bool:
    """Return whether samples are moments without cases."""
    sources: Sequence[object] = draws.sources
    return any(isinstance(source, NormalPopulation) and not source.by_cases for source in sources)


def _of_cases(problem: Problem, draws: Resampling | LeaveOneOut, number: int) -> Problem | None:
    """Return a model on one of the samples with its cases; None if its moments do not exist."""
    try:
        pairs = zip(problem.samples, draws.cases(number), strict=True)
        return problem.with_samples([renewed(sample, data) for sample, data in pairs])
    except MomentsError:
        return None
