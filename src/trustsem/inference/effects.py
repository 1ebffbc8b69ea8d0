"""Direct, indirect and total effects among the variables of the structural model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from trustsem.arrays import Floats, Numbers, complex_step_jacobian, diagonal, forms
from trustsem.estimation import Problem
from trustsem.inference.standardized import divided, root

EFFECTS = ("direct", "indirect", "total")


@dataclass(frozen=True, slots=True)
class _Effect:
    """One effect that a chain of paths transmits; target and source are positions in eta."""

    target: int
    source: int
    kind: int


def effects_table(
    problem: Problem, params: Floats, vcov: Floats, level: float = 0.95
) -> pd.DataFrame:
    r"""Tabulate the effects of every variable on every other that it reaches.

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
        ``group predictor outcome kind est se z pvalue ci_lower ci_upper std``; kinds direct,
        indirect and total. Loadings of items are no effects and do not appear.

    Notes
    -----
    Total effects are :math:`(I-B)^{-1} - I`, indirect ones :math:`(I-B)^{-1} - I - B`
    [bollen1989]_; errors by the delta method [sobel1982]_ with exact derivatives.
    """
    frames = [
        _group_effects(problem, group, params, vcov, level)
        for group in range(len(problem.structures))
    ]
    return pd.concat(frames, ignore_index=True)


def _group_effects(
    problem: Problem, group: int, params: Floats, vcov: Floats, level: float
) -> pd.DataFrame:
    """Tabulate one group's effects."""
    names = problem.structures[group].eta
    effects = _existing(problem, group)

    def values(stack: Numbers) -> Numbers:
        return _values(problem, group, effects, stack)

    point = values(params[None])[0]
    est, std = np.split(point, 2)
    J = complex_step_jacobian(values, params)[: len(effects)]
    se = root(forms(J, vcov))
    z = divided(est, se)
    width = special.ndtri(0.5 + level / 2)
    return pd.DataFrame(
        {
            "group": group + 1,
            "predictor": [names[effect.source] for effect in effects],
            "outcome": [names[effect.target] for effect in effects],
            "kind": [EFFECTS[effect.kind] for effect in effects],
            "est": est,
            "se": np.where(se > 0, se, np.nan),
            "z": z,
            "pvalue": 2 * special.ndtr(-np.abs(z)),
            "ci_lower": est - width * se,
            "ci_upper": est + width * se,
            "std": std,
        }
    )


def _existing(problem: Problem, group: int) -> list[_Effect]:
    """Return the effects that chains of paths transmit, outcome by outcome."""
    structure = problem.structures[group]
    m = structure.n_eta
    step = structure.constant["Beta"] != 0
    for cell in structure.cells:
        if cell.matrix == "Beta":
            step[cell.row, cell.col] = True
    reach = step.copy()
    for _ in range(m):
        reach = reach | (step.astype(int) @ reach.astype(int) > 0)
    by_way = step.astype(int) @ reach.astype(int) > 0
    loadings = {
        (structure.eta.index(row.rhs), structure.eta.index(row.lhs))
        for row in problem.table.parameters
        if row.op == "=~" and row.rhs in structure.eta
    }
    return [
        _Effect(target, source, kind)
        for target in range(m)
        for source in range(m)
        if source != target and (target, source) not in loadings
        for kind, exists in enumerate((step, by_way, reach))
        if exists[target, source]
    ]


def _values(problem: Problem, group: int, effects: list[_Effect], params: Numbers) -> Numbers:
    """Return the effects, then the same standardised."""
    block = problem.objective.blocks[group]
    implied = block.structure.evaluate(params, block.S, block.mean)
    direct = implied.matrices["Beta"]
    total = implied.A - np.eye(direct.shape[-1])
    by_kind = np.stack([direct, total - direct, total], axis=-3)
    kinds = np.array([effect.kind for effect in effects], dtype=np.intp)
    targets = np.array([effect.target for effect in effects], dtype=np.intp)
    sources = np.array([effect.source for effect in effects], dtype=np.intp)
    plain = by_kind[..., kinds, targets, sources]
    sd = root(diagonal(implied.cov_eta))
    return np.concatenate([plain, plain * divided(sd[..., sources], sd[..., targets])], axis=-1)
