r"""Curves through infinity: how a search passes from one side of an improper solution to the other.

Scaling a construct by a marker, or by its variance, leaves out points of the model at which
parameters are infinite though the implied moments are not. Minimisation that runs towards such a
point can be continued behind it, where a lower minimum may lie:

* a *collapse*: the construct becomes one of its items, i. With :math:`h = \lambda_i^2 \psi` and the
  covariances of item i fixed, the covariances among the other items are proportional to 1/h. As h
  grows, the residual variance of item i falls without limit; behind infinity h is negative;
* a *vanishing marker*: as the marker's loading goes to zero, all other loadings grow relative to
  it; behind infinity they have the other sign.

Along both curves the variance of the item concerned, and all that the text above calls fixed, stay
as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustsem.estimation.problem import Problem
    from trustsem.specification import Parameter

_FAR = 10.0
_STEPS = np.array([1 / 30, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0, 30.0])
FACTORS = np.concatenate([-_STEPS, _STEPS[_STEPS != 1]])
"""Multiples at which a curve is looked at; the negative ones lie behind infinity."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One construct and one of its items, in one group.

    Parameters
    ----------
    construct, item : str
        Names.
    group : int
        Group, from 1.
    loading, residual, variance : Parameter
        Rows of the item's loading, the item's residual variance and the construct's (residual)
        variance.
    """

    construct: str
    item: str
    group: int
    loading: Parameter
    residual: Parameter
    variance: Parameter


def measured(problem: Problem) -> Iterator[Measured]:
    """Yield every construct with each item whose residual variance is free."""
    rows = problem.table.parameters
    variances = {(row.lhs, row.group): row for row in rows if row.op == "~~" and row.lhs == row.rhs}
    for row in rows:
        if row.op != "=~":
            continue
        residual = variances.get((row.rhs, row.group))
        variance = variances.get((row.lhs, row.group))
        if residual is not None and residual.free and variance is not None:
            yield Measured(row.lhs, row.rhs, row.group, row, residual, variance)


def points_on_curves(problem: Problem, params: Floats) -> Floats:
    """Return points on all curves that go through one point.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        All free parameters.

    Returns
    -------
    ndarray, shape (curves, len(FACTORS), q)
        Constraints are not observed.
    """
    found = []
    for pair in measured(problem):
        if pair.variance.free:
            found.append(_collapse(problem, params, pair))
            if not pair.loading.free:
                found.append(_vanishing(problem, params, pair))
    return np.array(found).reshape(-1, len(FACTORS), len(params))


def describe_runaway(problem: Problem, params: Floats) -> str:
    """Name the construct that runs towards infinity at a point; empty if none does."""
    worst, text = _FAR, ""
    for pair in measured(problem):
        place = problem.samples[pair.group - 1].names.index(pair.item)
        variance = float(problem.samples[pair.group - 1].cov[place, place])
        total, loading = _total_variance(problem, params, pair), _loading(params, pair)
        share = abs(loading**2 * total) / variance
        if share > worst:
            worst = share
            text = (
                f"construct {pair.construct} collapses onto {pair.item}, whose residual variance "
                f"runs to infinity ({params[pair.residual.free - 1]:.3g})"
            )
        elif not pair.loading.free and 1 / max(share, 1e-300) > _FAR * worst:
            worst = 1 / max(share, 1e-300) / _FAR
            text = (
                f"the marker {pair.item} of construct {pair.construct} loses its loading, so that "
                "the other loadings run to infinity"
            )
    return text


def _collapse(problem: Problem, params: Floats, pair: Measured) -> Floats:
    """Return points with the item's common variance multiplied by each factor."""
    moved = np.tile(params, (len(FACTORS), 1))
    loading, total = _loading(params, pair), _total_variance(problem, params, pair)
    common = loading**2 * total
    moved[:, pair.residual.free - 1] += common * (1 - FACTORS)
    unique = params[pair.variance.free - 1]
    moved[:, pair.variance.free - 1] = total / FACTORS - (total - unique) / FACTORS**2
    _rescale(problem, moved, pair, 1 / FACTORS, partial=True)
    if pair.loading.free:
        moved[:, pair.loading.free - 1] *= FACTORS
    else:
        _rescale(problem, moved, pair, FACTORS)
    return moved


def _vanishing(problem: Problem, params: Floats, pair: Measured) -> Floats:
    """Return points with the marker's loading multiplied by each factor, then rescaled."""
    moved = np.tile(params, (len(FACTORS), 1))
    common = _loading(params, pair) ** 2 * _total_variance(problem, params, pair)
    moved[:, pair.residual.free - 1] += common * (1 - FACTORS**2)
    _rescale(problem, moved, pair, FACTORS)
    return moved


def _loading(params: Floats, pair: Measured) -> float:
    """Return the value of the item's loading."""
    row = pair.loading
    return float(params[row.free - 1]) if row.free else float(row.fixed or 0.0)


def _total_variance(problem: Problem, params: Floats, pair: Measured) -> float:
    """Return the construct's implied variance."""
    structure = problem.structures[pair.group - 1]
    place = structure.eta.index(pair.construct)
    return float(problem.implied(params)[pair.group - 1].cov_eta[place, place])


def _rescale(
    problem: Problem, moved: Floats, pair: Measured, size: Floats, *, partial: bool = False
) -> None:
    """Give a construct other units, in place; ``partial``: leave its measures and effects."""
    for row in problem.table.parameters:
        if not row.free or row.group != pair.group:
            continue
        column = moved[:, row.free - 1]
        if row.op in ("=~", "~"):
            source, target = (row.lhs, row.rhs) if row.op == "=~" else (row.rhs, row.lhs)
            if target == pair.construct:
                column *= size
            elif source == pair.construct and not partial:
                column /= size
        elif row.op == "~~" and row.lhs == row.rhs == pair.construct:
            column *= 1.0 if partial else size**2
        elif (row.op == "~~" and pair.construct in (row.lhs, row.rhs)) or (
            row.op == "~1" and row.lhs == pair.construct
        ):
            column *= size
