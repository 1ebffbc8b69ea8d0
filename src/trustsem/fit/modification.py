"""Modification indices: what freeing one fixed parameter would do, without refitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from trustsem.arrays import Floats, forms
from trustsem.discrepancy import Discrepancy
from trustsem.estimation import Estimate
from trustsem.estimation.objective import Block
from trustsem.estimation.responses import ResponseBlock
from trustsem.implied import Implied, Structure, Tangents
from trustsem.implied.structure import Cell
from trustsem.inference import KINDS, Covariance, scale_factors
from trustsem.specification import ParameterTable

_FREE_INFORMATION = 1e-9
_AT_ONCE = 64
_FIXED_ROWS = ("=~", "~~", "~1")
_COLUMNS = ["lhs", "op", "rhs", "group", "mi", "epc", "sepc_lv", "sepc_all", "sepc_nox"]
_Scores: TypeAlias = Callable[[tuple[Cell, ...]], tuple[Floats, Floats, Floats]]
"""From candidates to slopes of F, own curvatures, and those with the free parameters."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A fixed parameter that could be freed."""

    lhs: str
    op: str
    rhs: str
    cell: Cell


def modification_indices(
    estimate: Estimate, covariance: Covariance, minimum: float = 0.0
) -> pd.DataFrame:
    r"""Tabulate the modification index and expected change of every fixed parameter.

    Parameters
    ----------
    estimate : Estimate
        The solution.
    covariance : Covariance
        Information and sampling covariance at the solution.
    minimum : float
        Smallest index to list.

    Returns
    -------
    DataFrame
        ``lhs op rhs group mi epc sepc_lv sepc_all sepc_nox``, largest index first. Empty if the
        information is singular.

    Notes
    -----
    With g the slope of F in the candidate and V its expected curvature given the free parameters,
    MI = N g^2 / (2 V) and EPC = -g / V [sorbom1989]_, [saris1987]_. The expected information is
    used, and N for either likelihood. Least squares take the slope times (N-1)/N in both, as lavaan
    does.
    """
    if covariance.flat:
        return pd.DataFrame(columns=_COLUMNS)
    problem = estimate.problem
    frames = []
    for group, (structure, implied) in enumerate(
        zip(problem.structures, problem.implied(estimate.params), strict=True)
    ):
        candidates = list(_candidates(problem.table, structure, group + 1))
        if candidates:
            frame = _score(estimate, covariance, group, implied, candidates)
            frames.append(frame.assign(group=group + 1)[_COLUMNS])
    if not frames:
        return pd.DataFrame(columns=_COLUMNS)
    table = pd.concat(frames, ignore_index=True)
    chosen = table[table["mi"] >= minimum]
    return chosen.sort_values("mi", ascending=False, kind="stable").reset_index(drop=True)


def _candidates(table: ParameterTable, structure: Structure, group: int) -> Iterator[_Candidate]:
    """Yield the parameters that are not free but would make sense."""
    taken = {cell_key(cell) for cell in structure.cells}
    keys = list(_possible(table, structure, group))
    for (lhs, op, rhs), cell in zip(keys, structure.cells_of(keys), strict=True):
        if cell_key(cell) not in taken:
            taken.add(cell_key(cell))
            yield _Candidate(lhs, op, rhs, cell)


def cell_key(cell: Cell) -> tuple[str, int, int]:
    """Return a key that is equal for the two mirrored cells of a covariance."""
    if cell.matrix in ("Psi", "Theta"):
        return (cell.matrix, max(cell.row, cell.col), min(cell.row, cell.col))
    return (cell.matrix, cell.row, cell.col)


def _possible(
    table: ParameterTable, structure: Structure, group: int
) -> Iterator[tuple[str, str, str]]:
    """Yield all loadings, paths, covariances and fixed rows that the variables allow.

    Paths join variables that take part in the structural model already. A covariate that is fixed
    at its sample moments cannot be explained, and covariates do not covary with residuals of
    outcomes.
    """
    indicators = [name for name in structure.observed if name not in structure.eta]
    yield from ((construct, "=~", item) for construct in table.constructs for item in indicators)
    for row in table.parameters:
        if row.group != group or row.op not in _FIXED_ROWS or row.free or row.exo:
            continue
        own = row.op == "~1" or row.lhs == row.rhs
        if not (own and row.lhs in table.ordered):  # a latent response has no scale to free
            yield row.lhs, row.op, row.rhs
    yield from _possible_paths(table, structure)
    yield from _possible_covariances(table, indicators)
    yield from _possible_covariances(table, structure.eta)
    outcomes = [name for name in structure.eta if name in structure.observed]
    for item in indicators:
        yield from ((item, "~~", name) for name in outcomes if name not in table.covariates)


def _possible_paths(table: ParameterTable, structure: Structure) -> Iterator[tuple[str, str, str]]:
    """Yield all paths between the variables of the structural model."""
    related = {name for row in table.parameters if row.op == "~" for name in (row.lhs, row.rhs)}
    structural = [name for name in structure.eta if name in related]
    for outcome in structural:
        for predictor in structural:
            if outcome != predictor and outcome not in table.exogenous:
                yield outcome, "~", predictor


def _possible_covariances(
    table: ParameterTable, names: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield variances and covariances among variables of one matrix."""
    covariates = set(table.covariates)
    for position, lhs in enumerate(names):
        for rhs in names[position:]:
            fixed = lhs in table.exogenous or (lhs == rhs and lhs in table.ordered)
            if (lhs in covariates) == (rhs in covariates) and not fixed:
                yield lhs, "~~", rhs


def _score(
    estimate: Estimate,
    covariance: Covariance,
    group: int,
    implied: Implied,
    candidates: list[_Candidate],
) -> pd.DataFrame:
    """Score all candidates of one group at once."""
    problem = estimate.problem
    block, sample = problem.objective.blocks[group], problem.samples[group]
    structure = block.structure
    score_of = (
        _of_responses(block, implied)
        if isinstance(block, ResponseBlock)
        else _of_moments(block, implied)
    )
    # What the free parameters take over when the candidate moves.
    free_information = covariance.inverse_information[structure.free[:, None], structure.free]
    slope, own, taken_over = (np.zeros(len(candidates)) for _ in range(3))
    for first in range(0, len(candidates), _AT_ONCE):
        chunk = slice(first, first + _AT_ONCE)
        cells = tuple(candidate.cell for candidate in candidates[chunk])
        slope[chunk], own[chunk], cross = score_of(cells)
        taken_over[chunk] = forms(cross, free_information)
    # Information counts the cases; so does the slope of a likelihood, while that of least squares
    # counts one less in each group.
    scale = sample.n_obs / 2
    score = slope * (scale if problem.estimator.likelihood else sample.weight / 2)
    information = scale * own
    left = information - scale**2 * (problem.weight / problem.n_obs) * taken_over
    variance = np.where(left > _FREE_INFORMATION * information, left, np.nan)
    exists = np.isfinite(variance)
    epc = -score / variance
    keys = [(candidate.lhs, candidate.op, candidate.rhs) for candidate in candidates]
    factors = scale_factors(structure, implied, keys, problem.table)
    frame = pd.DataFrame(keys, columns=["lhs", "op", "rhs"]).assign(
        mi=score**2 / variance,
        epc=epc,
        **{f"sepc_{kind.removeprefix('std_')}": epc * factors[kind] for kind in KINDS},
    )
    kept: pd.DataFrame = frame.loc[exists]
    return kept


def _of_moments(block: Block, implied: Implied) -> _Scores:
    """Return the scores of candidates in a group of continuous items."""
    at, projection = block.discrepancy(implied), implied.projection
    free = Tangents(projection, block.structure.directions)

    def scores(cells: tuple[Cell, ...]) -> tuple[Floats, Floats, Floats]:
        new = Tangents(projection, block.structure.direct(cells))
        own = np.diag(at.expected.products(new, new))
        return _slope(new, at), own, at.expected.products(new, free)

    return scores


def _of_responses(block: ResponseBlock, implied: Implied) -> _Scores:
    """Return the same for a group with ordered items."""
    weights, projection = block.criterion.weights, implied.projection
    slopes, free = block.discrepancy(implied).slope, block.jacobian(implied)

    def scores(cells: tuple[Cell, ...]) -> tuple[Floats, Floats, Floats]:
        directions = block.structure.direct(cells)
        new = block.responses.jacobian(implied, projection, directions, cells)
        pulled = weights.times(new)
        return slopes @ new, 2 * (new * pulled).sum(axis=0), 2 * pulled.T @ free

    return scores


def _slope(new: Tangents, at: Discrepancy) -> Floats:
    """Return the slope of F in each candidate."""
    slope = new.projection.slope(new.directions, at.dF_dSigma)
    if at.dF_dmu is None:
        return slope
    return slope + new.projection.mean_slope(new.directions, at.dF_dmu)
