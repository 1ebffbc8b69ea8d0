"""Search widely for a minimum where plain descent fails or its end is poorly determined.

Many points are moved a few steps at a time, as one stack. From the lowest ends the curves of
:mod:`trustsem.estimation.curves` lead to new points behind infinity; ends that agree are kept once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trustsem.estimation.curves import FACTORS, points_on_curves
from trustsem.estimation.optimiser import Optimum, minimise

if TYPE_CHECKING:
    from trustsem.arrays import Floats
    from trustsem.estimation.problem import Problem
    from trustsem.specification import Parameter

_ROUNDS = 6
_WIDTH = 10
_STEPS = 25
_POLISH = 100
_PARENTS = 3
_SCATTERED = 32
_DRAWN = 3 * _SCATTERED
_NEGATIVE = 0.4
_SAME = 1e-7


def search_widely(problem: Problem, start: Floats, ends: Optimum) -> Optimum:
    """Look for minima from many points.

    Parameters
    ----------
    problem : Problem
        The model and its samples; without nonlinear conditions.
    start : ndarray, shape (r,)
        Starting values.
    ends : Optimum
        Where earlier descents ended.

    Returns
    -------
    Optimum
        All different ends, the lowest first, whether converged or not.

    Notes
    -----
    Where the estimator names a cheaper discrepancy with nearly the same minima, that one is
    searched, and descents from its lowest ends follow.
    """
    if not problem.estimator.search:
        return _search(problem, start, ends)
    like = problem.by(problem.estimator.search)
    nearby = _search(like, start, _descend(like, ends.reduced, _STEPS))
    return _distinct(ends.joined(_descend(problem, nearby.reduced[:_PARENTS], _POLISH)))


def _search(problem: Problem, start: Floats, ends: Optimum) -> Optimum:
    """Move points in stages until the lowest end stays."""
    ends = _distinct(ends)
    further = _scattered(problem, start)
    lowest = np.inf
    for _ in range(_ROUNDS):
        points = [*_crossings(problem, ends), *further, *ends.reduced[:_PARENTS]]
        moved = _descend(problem, np.array(points), _STEPS)
        ends = _distinct(ends.joined(moved))
        if not ends.converged[0]:
            polished = _descend(problem, ends.reduced[:1], _POLISH)
            ends = _distinct(polished.joined(ends))
        further = np.empty((0, len(start)))
        if ends.value[0] > lowest - _SAME and ends.converged[0]:
            break
        lowest = ends.value[0]
    return ends


def _descend(problem: Problem, points: Floats, steps: int) -> Optimum:
    """Minimise from each point within the bounds."""
    inside = problem.bounds.clip(points)
    finite = np.isfinite(problem.objective.at(inside).value)
    return minimise(problem.objective, inside[finite], max_iterations=steps, bounds=problem.bounds)


def _distinct(ends: Optimum) -> Optimum:
    """Return ends of different value, the lowest first, converged ones before others."""
    order = np.lexsort((~ends.converged, ends.value))
    kept: list[int] = []
    for i in order:
        value = ends.value[i]
        if np.isfinite(value) and (not kept or value > ends.value[kept[-1]] + _SAME):
            kept.append(int(i))
        elif kept and ends.gradient_norm[i] < ends.gradient_norm[kept[-1]]:
            kept[-1] = int(i)
    return ends.take(np.array(kept, dtype=np.intp))


def _crossings(problem: Problem, ends: Optimum) -> list[Floats]:
    """Return the lowest points on the curves through the lowest ends, on either side."""
    found: list[tuple[float, Floats]] = []
    for reduced in ends.reduced[:_PARENTS]:
        curves = points_on_curves(problem, problem.reduction.expand(reduced))
        points = problem.bounds.clip(problem.reduction.reduce(curves))
        safe = np.where(np.isfinite(points), points, 0.0)
        value = problem.objective.at(safe).value
        value = np.where(np.isfinite(points).all(axis=-1), value, np.inf)
        for side in (FACTORS < 0, FACTORS > 0):
            at = np.where(side, value, np.inf)
            for curve, best in enumerate(at.argmin(axis=1)):
                if np.isfinite(at[curve, best]):
                    found.append((float(at[curve, best]), points[curve, best]))
    found.sort(key=lambda pair: pair[0])
    return [point for _, point in found[:_WIDTH]]


def _scattered(problem: Problem, start: Floats) -> Floats:
    """Return starts that differ in size and sign of loadings and construct variances.

    A construct's variance may be negative at a solution, and a marker may load the other way than
    the other items: both lie behind a point at infinity that no descent crosses. One half varies
    the usual start; the other begins at loadings that only the items' units decide, since the
    usual start may lie in the wrong valley altogether.
    """
    generator = np.random.default_rng(1988)
    kinds = np.array([_kind(problem, row) for row in problem.reduced_rows])
    around = start * _factors(generator, kinds, loading=(0.5, 1.5), negative=_NEGATIVE)
    plain = _plain(problem, start, kinds) * _factors(generator, kinds, loading=(1.0, 0.7))
    starts = np.concatenate(
        [
            problem.start(modest=True)[None],
            np.stack([around, plain], axis=1).reshape(-1, len(start)),
        ]
    )
    inside = problem.bounds.clip(starts)
    return np.asarray(inside[np.isfinite(problem.objective.at(inside).value)][: 1 + _SCATTERED])


def _factors(
    generator: np.random.Generator,
    kinds: NDArray[np.str_],
    *,
    loading: tuple[float, float],
    negative: float = 0.0,
) -> Floats:
    """Return random factors of every parameter, shape (draws, r).

    Parameters
    ----------
    generator : Generator
        Where they come from.
    kinds : ndarray of str, shape (r,)
        What each parameter is.
    loading : (float, float)
        Mean and standard deviation of the factors of loadings and paths.
    negative : float
        Share of construct variances that change sign.
    """
    size = (_DRAWN, len(kinds))
    factor = np.ones(size)
    directed = kinds == "directed"
    factor[:, directed] = generator.normal(*loading, size)[:, directed]
    construct = kinds == "construct"
    sign = np.where(generator.random(size) < negative, -1.0, 1.0)
    factor[:, construct] = (sign * 10.0 ** generator.uniform(-2.5, 0.3, size))[:, construct]
    residual = kinds == "residual"
    factor[:, residual] = generator.uniform(0.5, 1.5, size)[:, residual]
    return factor


def _plain(problem: Problem, start: Floats, kinds: NDArray[np.str_]) -> Floats:
    """Return the start with loadings and construct variances that fit the items' units only."""
    sd = [
        dict(zip(sample.names, np.sqrt(np.diag(sample.cov)), strict=True))
        for sample in problem.samples
    ]
    unit = {
        (row.group, row.lhs): sd[row.group - 1].get(row.rhs, 1.0)
        for row in reversed(problem.table.parameters)
        if row.op == "=~" and not row.free and row.fixed
    }
    plain = start.copy()
    for place, (row, kind) in enumerate(zip(problem.reduced_rows, kinds, strict=True)):
        own = unit.get((row.group, row.lhs), 1.0)
        if row.op == "=~":
            plain[place] = sd[row.group - 1].get(row.rhs, 1.0) / own
        elif kind == "construct":
            plain[place] = own**2
    return plain


def _kind(problem: Problem, row: Parameter) -> str:
    """Return how a parameter is varied."""
    if row.op in ("=~", "~"):
        return "directed"
    if row.op == "~~" and row.lhs == row.rhs:
        return "construct" if row.lhs in problem.table.constructs else "residual"
    return "other"
