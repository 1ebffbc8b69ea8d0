"""Direct, indirect and total effects among the variables of the structural model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from trustsem.arrays import Floats, Numbers, complex_step_jacobian, diagonal, forms
from trustsem.estimation import Problem
from trustsem.implied import Implied
from trustsem.inference.standardized import divided, root

EFFECTS = ("direct", "indirect", "total")
ARROW = " -> "
"""Between the names of a chain."""
MOST_CHAINS = 1000
"""Chains of one group that are followed at most."""
_SHORTEST_CHAIN = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect that a chain of paths transmits.

    Parameters
    ----------
    chain : tuple of int
        Positions of source and target in eta; for a specific effect, of all on the way.
    kind : {"direct", "indirect", "total", "specific"}
        One path, all longer chains, both, or the one chain given.
    """

    chain: tuple[int, ...]
    kind: str

    @property
    def source(self) -> int:
        """Position of the variable that has the effect."""
        return self.chain[0]

    @property
    def target(self) -> int:
        """Position of the variable that is affected."""
        return self.chain[-1]


def effect_values(Beta: Numbers, effects: Sequence[Effect]) -> Numbers:
    r"""Compute effects from path coefficients.

    Parameters
    ----------
    Beta : ndarray, shape (..., m, m)
        Path coefficients; row: outcome, column: predictor. Any number of leading axes: one
        solution, or those of many resamples.
    effects : sequence of Effect
        Which effects.

    Returns
    -------
    ndarray, shape (..., k)
        One value for each effect; units of the outcome per unit of the predictor.

    Notes
    -----
    Total effects are :math:`(I-B)^{-1} - I`, indirect ones :math:`(I-B)^{-1} - I - B`
    [bollen1989]_; a specific one is the product of its paths [bollen1987]_. With feedback the
    first two are sums of infinitely many chains and exist only if :func:`spectral_radius` is
    below 1.
    """
    identity = np.eye(Beta.shape[-1])
    total = np.linalg.inv(identity - Beta) - identity
    by_kind = {"direct": Beta, "indirect": total - Beta, "total": total}
    values = [
        _product(Beta, effect.chain)
        if effect.kind == "specific"
        else by_kind[effect.kind][..., effect.target, effect.source]
        for effect in effects
    ]
    return np.stack(values, axis=-1) if values else np.zeros((*Beta.shape[:-2], 0), Beta.dtype)


def standardized_effects(values: Numbers, sd: Numbers, effects: Sequence[Effect]) -> Numbers:
    """Return effects in standard deviations of outcome and predictor.

    Parameters
    ----------
    values : ndarray, shape (..., k)
        As :func:`effect_values` returns them.
    sd : ndarray, shape (..., m)
        Model-implied standard deviations of the variables of Beta.
    effects : sequence of Effect
        Which effects.

    Returns
    -------
    ndarray, shape (..., k)
        Unitless.
    """
    targets = np.array([effect.target for effect in effects], dtype=np.intp)
    sources = np.array([effect.source for effect in effects], dtype=np.intp)
    return values * divided(sd[..., sources], sd[..., targets])


def implied_effects(implied: Implied, effects: Sequence[Effect]) -> Numbers:
    """Return effects, raw and then standardised, at a stack of solutions.

    Parameters
    ----------
    implied : Implied
        Model-implied moments of one group.
    effects : sequence of Effect
        Which effects.

    Returns
    -------
    ndarray, shape (..., 2k)
        As :func:`effect_values` and :func:`standardized_effects` return them; the latter NaN where
        a variance is negative.
    """
    values = effect_values(implied.matrices["Beta"], effects)
    sd = root(diagonal(implied.cov_eta))
    return np.concatenate([values, standardized_effects(values, sd, effects)], axis=-1)


def spectral_radius(Beta: Floats) -> Floats:
    """Return the largest absolute eigenvalue of the path coefficients.

    Parameters
    ----------
    Beta : ndarray, shape (..., m, m)
        Path coefficients.

    Returns
    -------
    ndarray, shape (...)
        0 without feedback. From 1 on, the effects of a feedback loop do not settle, and indirect
        and total effects do not exist [bollen1987]_.
    """
    radius = np.abs(np.linalg.eigvals(Beta)).max(axis=-1)
    return np.asarray(np.where(_is_recursive(Beta), 0.0, radius))


def effects_table(
    problem: Problem, params: Floats, vcov: Floats, level: float = 0.95
) -> pd.DataFrame:
    """Tabulate the effects of every variable on every other that it reaches.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        Estimates.
    vcov : ndarray, shape (q, q)
        Their sampling covariance.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    DataFrame
        ``group predictor outcome kind est se z pvalue ci_lower ci_upper std std_se std_ci_lower
        std_ci_upper``; kinds direct, indirect and total. Loadings of items are no effects and do
        not appear. Indirect and total effects are NaN where feedback does not settle.

    Notes
    -----
    Values as in :func:`effect_values`; errors by the delta method [sobel1982]_ with exact
    derivatives.
    """
    return _table(_Estimated(problem, params, vcov, level), transmitted_effects, _by_kind)


def chains_table(
    problem: Problem, params: Floats, vcov: Floats, level: float = 0.95
) -> pd.DataFrame:
    """Tabulate every specific indirect effect: each chain of two or more paths for itself.

    Parameters
    ----------
    problem, params, vcov, level : Problem, ndarray, ndarray, float
        As in :func:`effects_table`.

    Returns
    -------
    DataFrame
        ``group predictor outcome chain`` and the numbers of :func:`effects_table`; no variable
        stands twice in a chain. At most :data:`MOST_CHAINS` for each group, the shortest first.
    """
    return _table(_Estimated(problem, params, vcov, level), specific_effects, _by_chain)


def _by_kind(names: tuple[str, ...], effect: Effect) -> dict[str, str]:
    """Describe a direct, indirect or total effect."""
    ends = {"predictor": names[effect.source], "outcome": names[effect.target]}
    return {**ends, "kind": effect.kind}


def _by_chain(names: tuple[str, ...], effect: Effect) -> dict[str, str]:
    """Describe a specific indirect effect."""
    ends = {"predictor": names[effect.source], "outcome": names[effect.target]}
    return {**ends, "chain": ARROW.join(names[position] for position in effect.chain)}


@dataclass(frozen=True, slots=True)
class _Estimated:
    """Estimates of a model, their sampling covariance and the level of their intervals."""

    problem: Problem
    params: Floats
    vcov: Floats
    level: float


def _table(
    estimated: _Estimated,
    find: Callable[[Problem, int], list[Effect]],
    describe: Callable[[tuple[str, ...], Effect], dict[str, str]],
) -> pd.DataFrame:
    """Tabulate the effects that are found in each group."""
    frames = []
    for group, structure in enumerate(estimated.problem.structures):
        effects = find(estimated.problem, group)
        described = pd.DataFrame(
            [{"group": group + 1, **describe(structure.eta, effect)} for effect in effects],
            columns=["group", *describe(structure.eta, Effect((0, 0), ""))],
        )
        frames.append(pd.concat([described, _numbers(estimated, group, effects)], axis=1))
    return pd.concat(frames, ignore_index=True)


def _numbers(estimated: _Estimated, group: int, effects: list[Effect]) -> pd.DataFrame:
    """Return estimates, errors and intervals of effects, raw and standardised."""
    block = estimated.problem.objective.blocks[group]

    def values(stack: Numbers) -> Numbers:
        implied = block.structure.evaluate(stack, block.S, block.mean)
        return implied_effects(implied, effects)

    params = estimated.params
    point = values(params[None])[0]
    J = complex_step_jacobian(values, params)
    errors = root(forms(J, estimated.vcov))
    Beta = block.structure.evaluate(params[None], block.S, block.mean).matrices["Beta"]
    if float(spectral_radius(Beta)[0]) >= 1:
        undefined = [effect.kind in ("indirect", "total") for effect in effects] * 2
        point, errors = (np.where(undefined, np.nan, array) for array in (point, errors))
    est, std = np.split(point, 2)
    se, std_se = np.split(np.where(errors > 0, errors, np.nan), 2)
    width = special.ndtri(0.5 + estimated.level / 2)
    z = divided(est, se)
    return pd.DataFrame(
        {
            "est": est,
            "se": se,
            "z": z,
            "pvalue": 2 * special.ndtr(-np.abs(z)),
            "ci_lower": est - width * se,
            "ci_upper": est + width * se,
            "std": std,
            "std_se": std_se,
            "std_ci_lower": std - width * std_se,
            "std_ci_upper": std + width * std_se,
        }
    )


def transmitted_effects(problem: Problem, group: int = 0) -> list[Effect]:
    """Return direct, indirect and total effects, outcome by outcome, as :func:`effects_table`."""
    m = problem.structures[group].n_eta
    step = _steps(problem, group)
    reach = step.copy()
    for _ in range(m):
        reach = reach | (step.astype(int) @ reach.astype(int) > 0)
    by_way = step.astype(int) @ reach.astype(int) > 0
    loadings = _loadings(problem, group)
    return [
        Effect((source, target), kind)
        for target in range(m)
        for source in range(m)
        if source != target and (target, source) not in loadings
        for kind, exists in zip(EFFECTS, (step, by_way, reach), strict=True)
        if exists[target, source]
    ]


def specific_effects(problem: Problem, group: int = 0) -> list[Effect]:
    """Return the chains of two or more paths, by outcome and predictor, the shortest first."""
    step = _steps(problem, group)
    for target, source in _loadings(problem, group):
        step[target, source] = False
    following = [tuple(int(target) for target in np.flatnonzero(column)) for column in step.T]
    found = sorted(_walks(following), key=lambda chain: (chain[-1], chain[0], len(chain), chain))
    return [Effect(chain, "specific") for chain in found]


def _walks(following: list[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Yield chains without repetition, breadth first."""
    front: list[tuple[int, ...]] = [(source,) for source in range(len(following))]
    count = 0
    while front:
        front = [(*c, target) for c in front for target in following[c[-1]] if target not in c]
        if front and len(front[0]) >= _SHORTEST_CHAIN:
            yield from front[: MOST_CHAINS - count]
            count += len(front)
            if count >= MOST_CHAINS:
                return


def _steps(problem: Problem, group: int) -> NDArray[np.bool_]:
    """Return which variables a path or a loading joins; row: target, column: source."""
    structure = problem.structures[group]
    step: NDArray[np.bool_] = structure.constant["Beta"] != 0
    for cell in structure.cells:
        if cell.matrix == "Beta":
            step[cell.row, cell.col] = True
    return step


def _loadings(problem: Problem, group: int) -> set[tuple[int, int]]:
    """Return (target, source) of the loadings among the variables of Beta."""
    structure = problem.structures[group]
    return {
        (structure.eta.index(row.rhs), structure.eta.index(row.lhs))
        for row in problem.table.parameters
        if row.op == "=~" and row.rhs in structure.eta
    }


def _product(Beta: Numbers, chain: tuple[int, ...]) -> Numbers:
    """Multiply the paths of a chain."""
    steps = [Beta[..., target, source] for source, target in pairwise(chain)]
    return np.asarray(np.prod(np.stack(steps, axis=-1), axis=-1))


def _is_recursive(Beta: Floats) -> NDArray[np.bool_]:
    """Return whether no variable reaches itself, in each member of a stack."""
    step = (Beta != 0).astype(float)
    reach = step
    for _ in range(Beta.shape[-1]):
        reach = ((step + step @ reach) > 0).astype(float)
    return np.asarray(np.trace(reach, axis1=-2, axis2=-1) == 0)
