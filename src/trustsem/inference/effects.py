"""Direct, indirect and total effects among the variables of the structural model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from trustsem.arrays import Floats, Numbers, complex_step_jacobian, diagonal
from trustsem.estimation import Problem
from trustsem.inference.standardized import divided, root

EFFECTS = ("direct", "indirect", "total")


@dataclass(frozen=True, slots=True)
class _Paths:
    """Which variables affect which, in one group."""

    names: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]


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
    paths = _reachable(problem, group)

    def values(stack: Numbers) -> Numbers:
        return _effects(problem, group, paths, stack)

    rows = [
        (group + 1, paths.names[source], paths.names[target], kind)
        for kind in EFFECTS
        for target, source in paths.pairs
    ]
    columns = ["group", "predictor", "outcome", "kind"]
    frame = pd.DataFrame(rows, columns=columns)
    half = len(rows)
    point = values(params[None])[0]
    J = complex_step_jacobian(values, params) if half else np.zeros((0, len(params)))
    se = root(np.einsum("ij,jk,ik->i", J, vcov, J))[:half]
    exists = np.abs(J[:half]).max(axis=1, initial=0.0) > 0
    est = point[:half]
    se = np.where(exists, se, np.nan)
    z = est / np.where(se > 0, se, np.nan)
    width = stats.norm.ppf(0.5 + level / 2)
    frame = frame.assign(
        est=est,
        se=se,
        z=z,
        pvalue=2 * stats.norm.sf(np.abs(z)),
        ci_lower=est - width * se,
        ci_upper=est + width * se,
        std=point[half:],
    )
    order = _order(paths)
    kept = frame.loc[exists]
    rank = kept["outcome"].map(order) * len(order) + kept["predictor"].map(order)
    sorted_rows: pd.DataFrame = kept.loc[rank.sort_values(kind="stable").index]
    return sorted_rows.reset_index(drop=True)


def _order(paths: _Paths) -> dict[str, int]:
    """Return the order of variables in the table: as in the model."""
    return {name: position for position, name in enumerate(paths.names)}


def _reachable(problem: Problem, group: int) -> _Paths:
    """Return the pairs (target, source) that a chain of paths connects."""
    structure = problem.structures[group]
    m = structure.n_eta
    step = structure.constant["Beta"] != 0
    for cell in structure.cells:
        if cell.matrix == "Beta":
            step[cell.row, cell.col] = True
    loading = np.zeros((m, m), dtype=bool)
    for row in problem.table.parameters:
        if row.op == "=~" and row.rhs in structure.eta:
            loading[structure.eta.index(row.rhs), structure.eta.index(row.lhs)] = True
    reach = step.copy()
    for _ in range(m):
        reach = reach | (reach.astype(int) @ step.astype(int) > 0)
    pairs = tuple(
        (target, source)
        for target in range(m)
        for source in range(m)
        if reach[target, source] and source != target and not loading[target, source]
    )
    return _Paths(structure.eta, pairs)


def _effects(problem: Problem, group: int, paths: _Paths, params: Numbers) -> Numbers:
    """Return direct, indirect and total effects, then the same standardised."""
    block = problem.objective.blocks[group]
    implied = block.structure.evaluate(params, block.S, block.mean)
    direct = implied.matrices["Beta"]
    total = implied.A - np.eye(direct.shape[-1])
    targets = np.array([target for target, _ in paths.pairs], dtype=np.intp)
    sources = np.array([source for _, source in paths.pairs], dtype=np.intp)
    chosen = [matrix[..., targets, sources] for matrix in (direct, total - direct, total)]
    sd = root(diagonal(implied.cov_eta))
    factor = divided(sd[..., sources], sd[..., targets])
    return np.concatenate([*chosen, *(part * factor for part in chosen)], axis=-1)
