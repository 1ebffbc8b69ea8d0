"""Modification indices: what freeing one fixed parameter would do, without refitting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.discrepancy import Discrepancy
from trustsem.estimation import Estimate
from trustsem.estimation.objective import Block
from trustsem.implied import Implied, Projection, Structure
from trustsem.implied.structure import Cell, Directions
from trustsem.inference import KINDS, Covariance, scale_factors
from trustsem.specification import ParameterTable

_FREE_INFORMATION = 1e-9
_FIXED_ROWS = ("=~", "~~", "~1")
_COLUMNS = ["lhs", "op", "rhs", "group", "mi", "epc", "sepc_lv", "sepc_all", "sepc_nox"]


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
    used, and N for either likelihood.
    """
    if covariance.flat:
        return pd.DataFrame(columns=_COLUMNS)
    problem = estimate.problem
    frames = []
    for group, (structure, block, implied) in enumerate(
        zip(
            problem.structures,
            problem.objective.blocks,
            problem.implied(estimate.params),
            strict=True,
        )
    ):
        candidates = list(_candidates(problem.table, structure, group + 1))
        if candidates:
            frame = _score(estimate, covariance, block, implied, candidates)
            frames.append(frame.assign(group=group + 1)[_COLUMNS])
    if not frames:
        return pd.DataFrame(columns=_COLUMNS)
    table = pd.concat(frames, ignore_index=True)
    chosen = table[table["mi"] >= minimum]
    return chosen.sort_values("mi", ascending=False, kind="stable").reset_index(drop=True)


def _candidates(table: ParameterTable, structure: Structure, group: int) -> Iterator[_Candidate]:
    """Yield the parameters that are not free but would make sense."""
    taken = {cell_key(cell) for cell in structure.cells}
    for lhs, op, rhs in _possible(table, structure, group):
        cell = structure.cell_of(op, lhs, rhs)
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
        if row.group == group and row.op in _FIXED_ROWS and not row.free and not row.exo:
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
            if (lhs in covariates) == (rhs in covariates) and lhs not in table.exogenous:
                yield lhs, "~~", rhs


def _score(
    estimate: Estimate,
    covariance: Covariance,
    block: Block,
    implied: Implied,
    candidates: list[_Candidate],
) -> pd.DataFrame:
    """Score all candidates of one group at once."""
    problem = estimate.problem
    structure = block.structure
    mu = implied.mu if block.mean is not None else None
    at = problem.objective.discrepancy(block.S, implied.Sigma, block.log_det_S, block.mean, mu)
    new = structure.direct(tuple(candidate.cell for candidate in candidates))
    slope, own, cross = _derivatives(implied.project(), new, structure.directions, at)
    whole_cross = np.zeros((len(candidates), problem.table.n_free))
    whole_cross[:, structure.free] = cross
    scale = problem.weight / 2 * block.share
    # What the free parameters take over when the candidate moves.
    absorbed = np.einsum("ij,jk,ik->i", scale * whole_cross, covariance.matrix, scale * whole_cross)
    left = scale * own - absorbed
    exists = left > _FREE_INFORMATION * scale * own
    score, variance = scale * slope, np.where(exists, left, np.nan)
    epc = -score / variance
    keys = [(candidate.lhs, candidate.op, candidate.rhs) for candidate in candidates]
    factors = scale_factors(structure, implied, keys, problem.table)
    frame = pd.DataFrame(keys, columns=["lhs", "op", "rhs"]).assign(
        mi=score**2 / variance * (problem.n_obs / problem.weight),
        epc=epc,
        **{f"sepc_{kind.removeprefix('std_')}": epc * factors[kind] for kind in KINDS},
    )
    kept: pd.DataFrame = frame.loc[exists]
    return kept


def _derivatives(
    projection: Projection, new: Directions, free: Directions, at: Discrepancy
) -> tuple[Floats, Floats, Floats]:
    """Return slope, own curvature and curvature with the free parameters, for each candidate."""
    moves, free_moves = projection.moves(new), projection.moves(free)
    slope = projection.slope(new, at.dF_dSigma)
    own: Floats = np.zeros(len(slope))
    cross: Floats = np.zeros((len(slope), len(free.u)))
    for factor, W, V in at.expected.terms:
        weighted = np.einsum("ij,jkl,km->iml", W, moves, V, optimize=True)
        own = own + factor * np.einsum("ijk,ijk->k", weighted, moves)
        cross = cross + factor * np.tensordot(weighted, free_moves, axes=((0, 1), (0, 1)))
    if at.mean_weight is None or at.mean_gap is None:
        return slope, own, cross
    slope = slope - 2 * projection.mean_slope(new, at.mean_gap)
    Q = projection.within(at.mean_weight)
    own = own + 2 * np.diag(projection.mean_products(new, new, Q))
    return slope, own, cross + 2 * projection.mean_products(new, free, Q)
