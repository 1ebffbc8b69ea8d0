"""Test a model against itself with one of its parameters held at a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trustsem.errors import InferenceError
from trustsem.estimation import Estimate, PinnedSolutions, Problem, estimate, estimate_pinned
from trustsem.inference import DifferenceTest, chi_square, chi_square_above
from trustsem.results.comparison import nested_difference
from trustsem.results.model import ModelResult
from trustsem.specification import build_table, parse_model


@dataclass(frozen=True, slots=True)
class Held:
    """A covariance and the value at which it is held.

    Parameters
    ----------
    lhs, rhs : str
        Its two variables; the model estimates it.
    value : float
        In the scaling of the model.
    """

    lhs: str
    rhs: str
    value: float

    @property
    def line(self) -> str:
        """The restriction in model syntax."""
        return f"{self.lhs} ~~ {self.value!r}*{self.rhs}"


def compare_held(model: ModelResult, held: Sequence[Held]) -> list[DifferenceTest | None]:
    """Test each restriction of one covariance by the chi-square difference.

    The restricted models are estimated as one stack that starts from the model's own solution.

    Parameters
    ----------
    model : ModelResult
        A converged solution of one group without constraints.
    held : sequence of Held
        The restrictions, each for itself.

    Returns
    -------
    list of DifferenceTest or None
        In the order of ``held``; scaled where the model's test is. None where the restricted model
        has no solution.

    References
    ----------
    Steiger et al. (1985) [steiger1985]_; scaled: Satorra & Bentler (2001) [satorra2001]_.
    """
    if not held:
        return []
    numbers = {
        frozenset((row.lhs, row.rhs)): row.free - 1
        for row in model.table.parameters
        if row.op == "~~" and row.free
    }
    positions = [numbers[frozenset((item.lhs, item.rhs))] for item in held]
    solved = estimate_pinned(model.estimate, positions, [item.value for item in held])
    simple = model.estimate.problem.estimator.efficient and not model.options.scaled
    tests: list[DifferenceTest | None] = []
    for member, (item, position) in enumerate(zip(held, positions, strict=True)):
        if simple and solved.converged[member]:
            tests.append(_plain(model, float(solved.value[member])))
            continue
        restricted = _restricted(model, item)
        found = _solution(model, restricted, solved, member, position)
        tests.append(_difference(model, item, found))
    return tests


def _plain(model: ModelResult, value: float) -> DifferenceTest:
    """Return the difference from the minimum of F, where that is all a chi-square needs."""
    chisq = max(value * model.estimate.problem.weight - chi_square(model.estimate), 0.0)
    return DifferenceTest(chisq, 1, chi_square_above(chisq, 1), plain=chisq)


def _restricted(model: ModelResult, item: Held) -> Problem:
    """Return the problem in which the covariance is fixed."""
    categories = {name: count + 1 for name, count in model.table.n_thresholds.items() if count}
    table = build_table(
        parse_model(_text(model, item)),
        kind=model.kind,
        options=model.options,
        n_categories=categories,
    )
    return Problem.build(table, model.estimate.problem.samples, model.options.discrepancy)


def _solution(
    model: ModelResult, restricted: Problem, solved: PinnedSolutions, member: int, position: int
) -> Estimate:
    """Return the restricted solution; estimated by itself where the stack has none."""
    if not solved.converged[member]:
        return estimate(restricted)
    return replace(
        model.estimate,
        problem=restricted,
        params=np.delete(solved.params[member], position),
        value=float(solved.value[member]),
    )


def _difference(model: ModelResult, item: Held, found: Estimate) -> DifferenceTest | None:
    """Compare the restricted solution with the model, by the model's kind of test."""
    if not found.converged:
        return None
    restricted = ModelResult(model.kind, _text(model, item), model.options, found)
    try:
        return nested_difference(restricted, model)
    except InferenceError:
        return None


def _text(model: ModelResult, item: Held) -> str:
    """Return the model text with the restriction."""
    return f"{model.model}\n{item.line}"
