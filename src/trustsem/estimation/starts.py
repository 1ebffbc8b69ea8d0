"""Starting values: a one-factor solution per construct, free of the items' units.

Constructs start uncorrelated and paths at zero, which always gives a positive definite implied
covariance; two Fisher steps then bring the structure in. A second, modest start gives constructs
next to no variance: from there solutions are reached in which a construct's variance is negative or
its marker loads the other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.implied import VECTORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.arrays import Flags, Floats
    from trustsem.implied import Structure
    from trustsem.implied.structure import Indices
    from trustsem.moments import SampleMoments
    from trustsem.specification import ParameterTable

_BOUNDS = (0.25, 0.95)
_SWEEPS = 15
_WEAK = 0.3
_SINGLE = 0.8
_CHILD_SHARE = 0.5
_MODEST_SHARE = 0.05
_MODEST_RESIDUAL = 0.5


def start_values(
    table: ParameterTable,
    structure: Structure,
    sample: SampleMoments,
    group: int,
    *,
    modest: bool = False,
) -> Floats:
    """Return starting values of one group's free parameters.

    Parameters
    ----------
    table : ParameterTable
        The model; its ``start`` values win.
    structure : Structure
        The compiled group.
    sample : SampleMoments
        The group's moments.
    group : int
        Number of the group, from 1.
    modest : bool
        Give constructs little variance, and loadings by instrumental variables.

    Returns
    -------
    ndarray, shape (k,)
        In the order of ``structure.cells``.
    """
    S, mean = sample.cov, sample.mean
    scale = _response_scale(structure)
    matrices = _Starter(structure, S * np.outer(scale, scale), mean, modest).fill()
    if sample.ordinal is not None:
        matrices["delta"] = np.ones_like(scale)
        matrices["tau"] = sample.ordinal.thresholds * scale[sample.ordinal.layout.items]
    values = np.array(
        [
            matrices[cell.matrix][cell.row]
            if cell.matrix in VECTORS
            else matrices[cell.matrix][cell.row, cell.col]
            for cell in structure.cells
        ]
    )
    given = {row.free - 1: row.start for row in table.parameters if row.free and row.group == group}
    for position, free in enumerate(structure.free):
        start = given.get(int(free))
        if start is not None:
            values[position] = start
    return values


def _response_scale(structure: Structure) -> Floats:
    """Return the standard deviations of latent responses, 1 for all other variables.

    Where their residual variances are 1, items of moderate loadings have a variance of 2.
    """
    responses = structure.responses
    if responses is None or not responses.by_residual:
        return np.ones(structure.n_observed)
    return np.where(responses.layout.is_ordered, np.sqrt(2.0), 1.0)


@dataclass(frozen=True, slots=True)
class _Starter:
    """One group's matrices with every free cell at its starting value."""

    structure: Structure
    S: Floats
    mean: Floats | None
    modest: bool

    def fill(self) -> dict[str, Floats]:
        """Return all matrices, the free cells filled."""
        params = np.zeros(max(self.structure.free, default=-1) + 1)
        matrices = self.structure.matrices(params, self.S, self.mean)
        free = {name: np.zeros(base.shape, dtype=bool) for name, base in matrices.items()}
        for cell in self.structure.cells:
            if cell.matrix in VECTORS:
                free[cell.matrix][cell.row] = True
            else:
                free[cell.matrix][cell.row, cell.col] = True
        self._measurement(matrices, free)
        self._promoted(matrices, free)
        self._higher_order(matrices, free)
        self._means(matrices, free)
        return matrices

    def _measurement(self, matrices: dict[str, Floats], free: dict[str, Flags]) -> None:
        """Start loadings, construct variances and residual variances."""
        Lambda, Psi, Theta = matrices["Lambda"], matrices["Psi"], matrices["Theta"]
        scale = np.sqrt(np.diag(self.S))
        R = self.S / np.outer(scale, scale)
        explained = np.zeros(len(scale))
        own_of = self._own_indicators((Lambda != 0) | free["Lambda"])
        loadings_of = self._standard_loadings(R, list(own_of.values()))
        for construct, own, loadings in zip(own_of, own_of.values(), loadings_of, strict=True):
            rows = np.flatnonzero(free["Lambda"][:, construct] | (Lambda[:, construct] != 0))
            if not len(rows):
                if free["Psi"][construct, construct]:
                    Psi[construct, construct] = 1.0
                continue
            standard = np.zeros(len(scale))
            standard[rows] = _WEAK if not len(own) else 0.0
            standard[own] = loadings
            explained[own] = loadings**2
            sd = self._construct_sd(construct, rows, standard * scale, matrices, free)
            loose = free["Lambda"][:, construct]
            Lambda[loose, construct] = (standard * scale / sd)[loose]
        loose = np.diag(free["Theta"])
        unexplained = np.maximum(1 - explained, 1 - _BOUNDS[1] ** 2)
        unexplained = np.full(len(scale), _MODEST_RESIDUAL) if self.modest else unexplained
        np.fill_diagonal(Theta, np.where(loose, unexplained * scale**2, np.diag(Theta)))

    def _own_indicators(self, loads: Flags) -> dict[int, Indices]:
        """Return each construct's indicators but those of an earlier one; all if modest."""
        taken = np.zeros(len(loads), dtype=bool)
        own = {}
        for construct, name in enumerate(self.structure.eta):
            if name not in self.structure.observed:
                own[construct] = np.flatnonzero(loads[:, construct] & ~taken)
                taken |= loads[:, construct] & (not self.modest)
        return own

    def _standard_loadings(self, R: Floats, own: list[Indices]) -> list[Floats]:
        """Return standardised loadings of the constructs' own indicators."""
        if not self.modest:
            return one_factor([R[np.ix_(items, items)] for items in own])
        return [np.sqrt(_MODEST_SHARE) * instrumental(R[np.ix_(items, items)]) for items in own]

    def _construct_sd(
        self,
        construct: int,
        rows: Indices,
        loadings: Floats,
        matrices: dict[str, Floats],
        free: dict[str, Flags],
    ) -> float:
        """Return the construct's starting SD, and set its variance if that is free."""
        Psi, Lambda = matrices["Psi"], matrices["Lambda"]
        if not free["Psi"][construct, construct]:
            variance = Psi[construct, construct]
            return float(np.sqrt(variance)) if variance > 0 else 1.0
        fixed = [row for row in rows if Lambda[row, construct] != 0 and loadings[row] != 0]
        ratios = [abs(loadings[row] / Lambda[row, construct]) for row in fixed]
        sd = float(ratios[0]) if ratios else 1.0
        Psi[construct, construct] = sd**2
        if fixed and loadings[fixed[0]] * Lambda[fixed[0], construct] < 0:
            loadings[rows] *= -1
        return sd

    def _promoted(self, matrices: dict[str, Floats], free: dict[str, Flags]) -> None:
        """Start variances and covariances of observed variables in eta at sample values."""
        at = {name: position for position, name in enumerate(self.structure.observed)}
        places = [
            (position, at[name]) for position, name in enumerate(self.structure.eta) if name in at
        ]
        endogenous = (matrices["Beta"] != 0).any(axis=1) | free["Beta"].any(axis=1)
        for position, item in places:
            if free["Psi"][position, position]:
                matrices["Psi"][position, position] = self.S[item, item]
            for other, partner in places:
                inside = endogenous[position] or endogenous[other]
                if other != position and free["Psi"][position, other] and not inside:
                    matrices["Psi"][position, other] = self.S[item, partner]
                    matrices["Psi"][other, position] = self.S[item, partner]

    def _higher_order(self, matrices: dict[str, Floats], free: dict[str, Flags]) -> None:
        """Start constructs that are measured by variables of eta."""
        Beta, Psi = matrices["Beta"], matrices["Psi"]
        measured = (matrices["Lambda"] != 0).any(axis=0)
        for parent in range(len(self.structure.eta)):
            if measured[parent] or self.structure.eta[parent] in self.structure.observed:
                continue
            children = np.flatnonzero(free["Beta"][:, parent] | (Beta[:, parent] != 0))
            if not len(children):
                continue
            reach = np.sqrt(_CHILD_SHARE * np.abs(np.diag(Psi)[children]))
            fixed = np.flatnonzero(Beta[children, parent] != 0)
            if free["Psi"][parent, parent]:
                sd = reach[fixed[0]] / abs(Beta[children[fixed[0]], parent]) if len(fixed) else 1.0
                Psi[parent, parent] = max(sd, 1e-3) ** 2
            sd = np.sqrt(max(Psi[parent, parent], 1e-6))
            for child, length in zip(children, reach, strict=True):
                if free["Beta"][child, parent]:
                    Beta[child, parent] = length / sd
                if free["Psi"][child, child]:
                    Psi[child, child] *= 1 - _CHILD_SHARE

    def _means(self, matrices: dict[str, Floats], free: dict[str, Flags]) -> None:
        """Start intercepts at sample means and free construct means by least squares."""
        if self.mean is None or not self.structure.has_means:
            return
        matrices["nu"][free["nu"]] = self.mean[free["nu"]]
        inverse = np.linalg.inv(np.eye(len(matrices["Beta"])) - matrices["Beta"])
        reach = matrices["Lambda"] @ inverse
        loose = free["alpha"]
        settled = self.mean - matrices["nu"] - reach[:, ~loose] @ matrices["alpha"][~loose]
        if loose.any():
            solution = np.linalg.lstsq(reach[:, loose], settled, rcond=None)[0]
            matrices["alpha"][loose] = solution


def one_factor(matrices: Sequence[Floats]) -> list[Floats]:
    """Return loadings of one-factor solutions by iterated principal factors [thurstone1935]_.

    Parameters
    ----------
    matrices : sequence of ndarray, shape (k, k)
        Correlations of the indicators of each construct.

    Returns
    -------
    list of ndarray, shape (k,)
        Standardised loadings, the first positive, of absolute size within sensible bounds.
    """
    sizes = [len(R) for R in matrices]
    largest = max([1, *sizes])
    stack = np.zeros((len(sizes), largest, largest))  # indicators that are not there load zero
    for place, R in enumerate(matrices):
        stack[place, : len(R), : len(R)] = R
    between = stack * (1 - np.eye(largest))
    communality = np.abs(between).max(axis=-1, initial=0.0)
    loadings = np.ones(stack.shape[:-1])
    for _ in range(_SWEEPS):
        values, vectors = np.linalg.eigh(between + communality[..., None] * np.eye(largest))
        loadings = vectors[..., -1] * np.sqrt(np.maximum(values[..., -1:], 1e-3))
        communality = np.clip(loadings**2, _BOUNDS[0] ** 2, _BOUNDS[1] ** 2)
        communality = np.where(np.arange(largest) < np.array(sizes)[:, None], communality, 0.0)
    loadings = np.where(loadings[..., :1] >= 0, loadings, -loadings)
    clipped = np.where(loadings < 0, -1.0, 1.0) * np.clip(np.abs(loadings), *_BOUNDS)
    return [
        one[:k] if k > 1 else np.full(k, np.sqrt(_SINGLE))
        for one, k in zip(clipped, sizes, strict=True)
    ]


def instrumental(R: Floats) -> Floats:
    """Return loadings relative to the first by instrumental variables [hagglund1982]_.

    Parameters
    ----------
    R : ndarray, shape (k, k)
        Correlations of one construct's indicators.

    Returns
    -------
    ndarray, shape (k,)
        1 for the first; the regression of each other on the first, with the rest as instruments.
    """
    loadings = np.ones(len(R))
    for item in range(1, len(R)):
        others = [other for other in range(1, len(R)) if other != item]
        strength = float(R[0, others] @ R[0, others])
        if strength > 0:
            loadings[item] = float(R[item, others] @ R[0, others]) / strength
    return loadings
