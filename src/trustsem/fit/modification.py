"""Modification indices: what freeing one fixed parameter would do, without refitting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.discrepancy import Curvature
from trustsem.estimation import Estimate, curvature_products
from trustsem.estimation.objective import Block
from trustsem.implied import Implied, Structure
from trustsem.implied.structure import Cell, Directions
from trustsem.inference import KINDS, Covariance, scale_factors
from trustsem.specification import ParameterTable

_FREE_INFORMATION = 1e-9
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
    MI = n g^2 / (2 V) and EPC = -g / V [sorbom1989]_, [saris1987]_. The expected information is used.
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
            frames.append(_score(estimate, covariance, block, implied, candidates, group + 1))
    if not frames:
        return pd.DataFrame(columns=_COLUMNS)
    table = pd.concat(frames, ignore_index=True)
    chosen = table[table["mi"] >= minimum]
    return chosen.sort_values("mi", ascending=False, kind="stable").reset_index(drop=True)


def _candidates(table: ParameterTable, structure: Structure, group: int) -> Iterator[_Candidate]:
    """Yield the parameters that are not free but would make sense."""
    taken = {cell_key(cell) for cell in structure.cells}
    for lhs, op, rhs in _possible(table, structure):
        cell = structure.cell_of(op, lhs, rhs)
        if cell_key(cell) not in taken and not _structural_marker(table, lhs, op, rhs, group):
            taken.add(cell_key(cell))
            yield _Candidate(lhs, op, rhs, cell)


def cell_key(cell: Cell) -> tuple[str, int, int]:
    """Return a key that is equal for the two mirrored cells of a covariance."""
    if cell.matrix in ("Psi", "Theta"):
        return (cell.matrix, max(cell.row, cell.col), min(cell.row, cell.col))
    return (cell.matrix, cell.row, cell.col)


def _possible(table: ParameterTable, structure: Structure) -> Iterator[tuple[str, str, str]]:
    """Yield all loadings, paths, covariances and intercepts that the variables allow."""
    eta = structure.eta
    indicators = [name for name in structure.observed if name not in eta]
    for construct in table.constructs:
        for item in indicators:
            yield construct, "=~", item
    for row in table.parameters:
        if row.op in ("=~", "~~", "~1") and not row.free and not row.exo:
            yield row.lhs, row.op, row.rhs
    if any(row.op == "~" for row in table.parameters):
        for outcome in eta:
            for predictor in eta:
                if outcome != predictor:
                    yield outcome, "~", predictor
    for names in (indicators, eta):
        for position, lhs in enumerate(names):
            for rhs in names[position:]:
                yield lhs, "~~", rhs


def _structural_marker(table: ParameterTable, lhs: str, op: str, rhs: str, group: int) -> bool:
    """Return whether a parameter is a covariate's moment, fixed at its sample value."""
    del group
    return op == "~~" and lhs in table.exogenous and rhs in table.exogenous


def _score(
    estimate: Estimate,
    covariance: Covariance,
    block: Block,
    implied: Implied,
    candidates: list[_Candidate],
    group: int,
) -> pd.DataFrame:
    """Score all candidates of one group at once."""
    problem = estimate.problem
    structure = block.structure
    projection = implied.project()
    mu = implied.mu if block.mean is not None else None
    at = problem.objective.discrepancy(block.S, implied.Sigma, block.log_det_S, block.mean, mu)
    new = structure.direct(tuple(candidate.cell for candidate in candidates))
    slope = projection.slope(new, at.dF_dSigma)
    own = _information(projection, new, new, at.expected, at.mean_weight)
    cross = np.zeros((len(candidates), problem.table.n_free))
    cross[:, structure.free] = _information(
        projection, new, structure.directions, at.expected, at.mean_weight
    )
    if at.mean_gap is not None:
        slope = slope - 2 * projection.mean_slope(new, at.mean_gap)
    scale = problem.weight / 2 * block.share
    # What the free parameters take over when the candidate moves.
    absorbed = np.einsum("ij,jk,ik->i", scale * cross, covariance.matrix, scale * cross)
    left = scale * np.diag(own) - absorbed
    exists = left > _FREE_INFORMATION * scale * np.diag(own)
    score = scale * slope
    mi = score**2 / np.where(exists, left, np.nan)
    epc = -score / np.where(exists, left, np.nan)
    keys = [(candidate.lhs, candidate.op, candidate.rhs) for candidate in candidates]
    factors = scale_factors(structure, implied, keys, problem.table)
    frame = pd.DataFrame(keys, columns=["lhs", "op", "rhs"]).assign(
        group=group, mi=mi, epc=epc, **{f"s{'epc'}_{kind[4:]}": epc * factors[kind] for kind in KINDS}
    )
    return frame[exists][_COLUMNS]


def _information(
    projection: object, a: Directions, b: Directions, curvature: Curvature, weight: Floats | None
) -> Floats:
    """Return expected second derivatives of F for pairs of parameters."""
    total = curvature_products(projection, a, b, curvature)  # type: ignore[arg-type]
    if weight is not None:
        Q = projection.within(weight)  # type: ignore[attr-defined]
        total = total + 2 * projection.mean_products(a, b, Q)  # type: ignore[attr-defined]
    return total
