r"""A model compiled into cells of matrices: what the kernels evaluate.

The all-y LISREL form [bollen1989]_ is

.. math:: \Sigma = \Lambda (I-B)^{-1} \Psi (I-B)^{-T} \Lambda' + \Theta, \qquad
          \mu = \nu + \Lambda (I-B)^{-1} \alpha .

Every free parameter is one cell of one of these matrices, and its derivative needs two columns of
``X = [I | Lambda A | Lambda C | 0]`` with ``A = (I-B)^-1`` and ``C = A Psi A'``:

* *directed* parameters (loadings, paths, intercepts, means) have a target column ``u`` and a
  source ``l``: dSigma = u v' + v u' with v = (Lambda C)_l, and dmu = u m_l with m = A alpha. An
  intercept is a directed parameter whose source is the constant 1: its v is the zero column at
  the end of X and its m is 1;
* *undirected* parameters (variances, covariances) have two columns x, y of ``[I | Lambda A]``:
  dSigma = x y' + y x', half of that on a diagonal.

All first and second derivatives are therefore gathers from products X'WX.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, Numbers
from trustsem.implied.lisrel import Implied
from trustsem.implied.pullback import Pullback
from trustsem.implied.response import Responses
from trustsem.moments import MomentLayout
from trustsem.specification import Parameter, ParameterTable

Indices: TypeAlias = NDArray[np.intp]

MATRICES = ("Lambda", "Beta", "Psi", "Theta", "nu", "alpha", "tau", "delta")
_SYMMETRIC = ("Psi", "Theta")
VECTORS = ("nu", "alpha", "tau", "delta")
RESPONSE = ("tau", "delta")
"""Thresholds and scaling factors: they move neither Sigma nor mu, but what is seen of them."""
ACROSS = "across"
"""Covariance of an indicator's residual with the residual of a variable in eta: no cell of a
compiled model (both would be in eta then), but a direction in which it could change."""
_UNDIRECTED = (*_SYMMETRIC, ACROSS)
_MOMENTS_OF_SAMPLE = ("~~", "~1")


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a parameter stands: a matrix, a row and a column (0 for vectors)."""

    matrix: str
    row: int
    col: int


@dataclass(frozen=True, slots=True)
class Directions:
    """The columns of X that carry the derivatives of some parameters.

    Parameters
    ----------
    u, v : ndarray of int, shape (k,)
        Columns of X.
    source : ndarray of int, shape (k,)
        Source of a directed parameter (the constant is number m); m for undirected ones.
    directed : ndarray of bool, shape (k,)
        Kind of each parameter.
    weight : ndarray, shape (k,)
        1/2 for variances, 1 otherwise.
    """

    u: Indices
    v: Indices
    source: Indices
    directed: NDArray[np.bool_]
    weight: Floats

    def take(self, index: Indices) -> Directions:
        """Return the columns of some of the parameters."""
        return Directions(
            u=self.u[index],
            v=self.v[index],
            source=self.source[index],
            directed=self.directed[index],
            weight=self.weight[index],
        )


@dataclass(frozen=True, slots=True)
class Fill:
    """Where free parameters go in one matrix, mirrored cells included.

    Parameters
    ----------
    rows, cols : ndarray of int, shape (k,)
        Cells (``cols`` is 0 for vectors).
    source : ndarray of int, shape (k,)
        Position of each cell's parameter in the vector of all free parameters.
    """

    rows: Indices
    cols: Indices
    source: Indices


@dataclass(frozen=True, slots=True)
class Structure:
    """One group's model, ready for evaluation on stacks of parameter values.

    Parameters
    ----------
    observed, eta : tuple of str
        Names of the p observed variables and of the m variables in eta (constructs first, then
        observed variables that take part in the structural model).
    constant : dict of str to ndarray
        Fixed part of each matrix.
    cells : tuple of Cell
        Cell of each free parameter of this group.
    free : ndarray of int, shape (k,)
        Position of each of these in the vector of all free parameters.
    fills : dict of str to Fill
        The same by matrix, for filling whole stacks at once.
    sample_cells : tuple of (Cell, int, int)
        Cells that take a sample moment: its row and column in S (column -1: the mean).
    directions : Directions
        Columns of X for the free parameters.
    pullback : Pullback
        The free parameters by matrix, for slopes of whole stacks at once.
    has_means : bool
        Whether the model says something about means.
    longest_chain : int or None
        Most paths within eta that follow each other; None if they can run in circles.
    responses : Responses or None
        How ordered items show what lies behind them; None without ordered items.
    """

    observed: tuple[str, ...]
    eta: tuple[str, ...]
    constant: dict[str, Floats]
    cells: tuple[Cell, ...]
    free: Indices
    fills: dict[str, Fill]
    sample_cells: tuple[tuple[Cell, int, int], ...]
    directions: Directions
    pullback: Pullback
    has_means: bool
    longest_chain: int | None
    responses: Responses | None = None

    @property
    def n_observed(self) -> int:
        """Number of observed variables, p."""
        return len(self.observed)

    @property
    def n_eta(self) -> int:
        """Number of variables in eta, m."""
        return len(self.eta)

    @property
    def n_moments(self) -> int:
        """Number of sample moments, those at which covariates are fixed among them."""
        if self.responses is not None:
            return self.responses.layout.size
        p = self.n_observed
        return p * (p + 1) // 2 + (p if self.has_means else 0)

    def matrices(
        self, params: Numbers, S: Floats, mean: Floats | None, without: tuple[str, ...] = ()
    ) -> dict[str, Numbers]:
        """Fill the model matrices.

        Parameters
        ----------
        params : ndarray, shape (..., q)
            Values of all free parameters (of all groups).
        S : ndarray, shape (..., p, p)
            Sample covariance, for cells that are fixed at sample moments.
        mean : ndarray, shape (..., p), or None
            Sample mean, likewise.
        without : tuple of str
            Matrices that are not needed and take no sample moments.

        Returns
        -------
        dict of str to ndarray
            ``Lambda (..., p, m)``, ``Beta``, ``Psi (..., m, m)``, ``Theta (..., p, p)``,
            ``nu (..., p)``, ``alpha (..., m)``, ``tau (..., t)`` and ``delta (..., p)``.
        """
        lead = params.shape[:-1]
        filled = {
            name: np.empty(lead + base.shape, dtype=params.dtype)
            for name, base in self.constant.items()
            if name not in without
        }
        for name, matrix in filled.items():
            matrix[...] = self.constant[name]
            fill = self.fills.get(name)
            if fill is not None:
                at = (fill.rows,) if name in VECTORS else (fill.rows, fill.cols)
                matrix[(..., *at)] = params[..., fill.source]
        for cell, row, col in self.sample_cells:
            if col >= 0:
                _put(filled, cell, S[..., row, col])
            elif mean is not None:
                _put(filled, cell, mean[..., row])
        return filled

    def evaluate(self, params: Numbers, S: Floats, mean: Floats | None = None) -> Implied:
        """Compute the implied moments; shapes as in :meth:`matrices`."""
        implied = Implied.from_matrices(self.matrices(params, S, mean), self.longest_chain)
        return implied if self.responses is None else self.responses.completed(implied)

    def direct(self, cells: tuple[Cell, ...]) -> Directions:
        """Return the columns of X for any cells, free or not."""
        return _directions(cells, self.n_observed, self.n_eta)

    def cells_of(self, keys: Iterable[tuple[str, str, str]]) -> tuple[Cell, ...]:
        """Return where parameters (lhs, op, rhs) of this model would stand.

        Raises
        ------
        KeyError
            If a variable is unknown.
        """
        at_observed, at_eta = _positions(self.observed), _positions(self.eta)
        return tuple(
            Cell("tau", self._first_threshold(lhs) + int(rhs[1:]) - 1, 0)
            if op == "|"
            else _cell(op, lhs, rhs, at_observed, at_eta)
            for lhs, op, rhs in keys
        )

    def values(self, cells: Sequence[Cell], matrices: dict[str, Numbers]) -> Numbers:
        """Return what stands in some cells of filled matrices, shape (..., len(cells))."""
        start, first = 0, {}
        flat = []
        for name, base in self.constant.items():
            first[name] = (start, base.shape[-1] if name not in VECTORS else 1)
            start += base.size
            filled = matrices[name]
            flat.append(filled.reshape(*filled.shape[: filled.ndim - base.ndim], base.size))
        places = [
            first[cell.matrix][0] + cell.row * first[cell.matrix][1] + cell.col for cell in cells
        ]
        return np.concatenate(flat, axis=-1).take(np.array(places, dtype=np.intp), axis=-1)

    def variance_slopes(self, implied: Implied) -> Floats:
        """Return the derivatives of the implied variances in the group's k parameters at one point.

        Returns
        -------
        ndarray, shape (2(p + m), k)
            Rows as of :meth:`Implied.variances`.
        """
        slopes = implied.variance_slopes(self.directions)
        if self.responses is None:
            return slopes
        return self.responses.completed_slopes(slopes, implied, self.cells)

    def _first_threshold(self, item: str) -> int:
        """Return the place of an item's first threshold."""
        if self.responses is None:
            raise KeyError(item)
        return sum(self.responses.layout.n_thresholds[: self.observed.index(item)])


def compile_structure(table: ParameterTable, group: int = 1) -> Structure:
    """Compile one group of a parameter table.

    Parameters
    ----------
    table : ParameterTable
        The model.
    group : int
        Number of the group, from 1.
    """
    observed, eta = table.observed, table.eta
    at_observed, at_eta = _positions(observed), _positions(eta)
    responses = _responses(table)
    n_thresholds = len(responses.layout.items) if responses else 0
    constant = _empty(len(observed), len(eta), n_thresholds)
    constant["delta"][:] = 1.0
    first = dict(zip(observed, _first_places(table), strict=True))
    for name in eta:
        if name in at_observed:
            constant["Lambda"][at_observed[name], at_eta[name]] = 1.0
    cells: list[Cell] = []
    free: list[int] = []
    sample_cells: list[tuple[Cell, int, int]] = []
    for row in _rows(table, group):
        if row.op == "|":
            cell = Cell("tau", first[row.lhs] + int(row.rhs[1:]) - 1, 0)
        else:
            cell = _cell(row.op, row.lhs, row.rhs, at_observed, at_eta)
        if row.free:
            cells.append(cell)
            free.append(row.free - 1)
        elif row.exo and row.op in _MOMENTS_OF_SAMPLE:
            col = at_observed[row.rhs] if row.op == "~~" else -1
            sample_cells.append((cell, at_observed[row.lhs], col))
        elif not row.derived:
            _put(constant, cell, np.asarray(row.fixed, dtype=float))
    return Structure(
        observed=observed,
        eta=eta,
        constant=constant,
        cells=tuple(cells),
        free=np.array(free, dtype=np.intp),
        fills=_fills(cells, free),
        sample_cells=tuple(sample_cells),
        directions=_directions(tuple(cells), len(observed), len(eta)),
        pullback=Pullback.of(cells, _SYMMETRIC),
        has_means=table.meanstructure,
        longest_chain=_longest_chain(constant["Beta"], cells),
        responses=responses,
    )


def _longest_chain(fixed: Floats, cells: Sequence[Cell]) -> int | None:
    """Return how many paths can follow each other; None if they can run in circles."""
    present = fixed != 0
    for cell in cells:
        if cell.matrix == "Beta":
            present[cell.row, cell.col] = True
    reached = np.ones(len(present), dtype=bool)
    for length in range(len(present)):
        reached = (present & reached).any(axis=1)
        if not reached.any():
            return length
    return None


def _responses(table: ParameterTable) -> Responses | None:
    """Return how ordered items show what lies behind them."""
    if not table.ordered:
        return None
    at = {name: position for position, name in enumerate(table.eta)}
    return Responses(
        layout=MomentLayout(tuple(table.n_thresholds.values())),
        in_eta=np.array([at.get(name, -1) for name in table.observed], dtype=np.intp),
        by_residual=table.parameterization == "theta",
    )


def _first_places(table: ParameterTable) -> list[int]:
    """Return the place of each variable's first threshold."""
    counts = table.n_thresholds.values()
    return [0, *np.cumsum(list(counts)).tolist()][: len(counts)]


def _rows(table: ParameterTable, group: int) -> list[Parameter]:
    """Return the rows of a group that stand in a matrix."""
    return [row for row in table.parameters if row.group == group]


def _positions(names: tuple[str, ...]) -> dict[str, int]:
    """Return name to position."""
    return {name: position for position, name in enumerate(names)}


def _empty(p: int, m: int, t: int) -> dict[str, Floats]:
    """Return zero matrices for p observed variables, m variables in eta and t thresholds."""
    shapes = {
        "Lambda": (p, m), "Beta": (m, m), "Psi": (m, m), "Theta": (p, p), "nu": (p,), "alpha": (m,),
        "tau": (t,), "delta": (p,),
    }  # fmt: skip
    return {name: np.zeros(shapes[name]) for name in MATRICES}


def _cell(op: str, lhs: str, rhs: str, at_observed: dict[str, int], at_eta: dict[str, int]) -> Cell:
    """Return the cell of one parameter."""
    if op == "=~" and rhs in at_eta:
        return Cell("Beta", at_eta[rhs], at_eta[lhs])
    if op == "=~":
        return Cell("Lambda", at_observed[rhs], at_eta[lhs])
    if op == "~":
        return Cell("Beta", at_eta[lhs], at_eta[rhs])
    if op == "~*~":
        return Cell("delta", at_observed[lhs], 0)
    if op == "~1":
        return Cell("alpha", at_eta[lhs], 0) if lhs in at_eta else Cell("nu", at_observed[lhs], 0)
    return _covariance_cell(lhs, rhs, at_observed, at_eta)


def _covariance_cell(
    lhs: str, rhs: str, at_observed: dict[str, int], at_eta: dict[str, int]
) -> Cell:
    """Return the cell of a variance or covariance."""
    if lhs in at_eta:
        if rhs in at_eta:
            return Cell("Psi", at_eta[lhs], at_eta[rhs])
        return Cell(ACROSS, at_observed[rhs], at_eta[lhs])
    if rhs in at_eta:
        return Cell(ACROSS, at_observed[lhs], at_eta[rhs])
    return Cell("Theta", at_observed[lhs], at_observed[rhs])


def _put(matrices: dict[str, Numbers], cell: Cell, value: Numbers) -> None:
    """Write a value into its cell, and into the mirrored cell of a symmetric matrix."""
    target = matrices[cell.matrix]
    if cell.matrix in VECTORS:
        target[..., cell.row] = value
        return
    target[..., cell.row, cell.col] = value
    if cell.matrix in _SYMMETRIC:
        target[..., cell.col, cell.row] = value


def _fills(cells: list[Cell], free: list[int]) -> dict[str, Fill]:
    """Group cells by matrix; a covariance fills two cells."""
    places: dict[str, list[tuple[int, int, int]]] = {}
    for cell, source in zip(cells, free, strict=True):
        places.setdefault(cell.matrix, []).append((cell.row, cell.col, source))
        if cell.matrix in _SYMMETRIC and cell.row != cell.col:
            places[cell.matrix].append((cell.col, cell.row, source))
    return {
        name: Fill(*(np.array(column, dtype=np.intp) for column in zip(*triples, strict=True)))
        for name, triples in places.items()
    }


def _directions(cells: tuple[Cell, ...], p: int, m: int) -> Directions:
    """Translate cells into columns of X = [I (p) | Lambda A (m) | Lambda C (m) | 0]."""
    to_eta, nothing = {"Beta", "Psi", "alpha"}, p + 2 * m
    u = [
        nothing if cell.matrix in RESPONSE else cell.row + p * (cell.matrix in to_eta)
        for cell in cells
    ]
    undirected = [cell.matrix in _UNDIRECTED for cell in cells]
    source = [m if cell.matrix in _UNDIRECTED + VECTORS else cell.col for cell in cells]
    v = [
        cell.col + p * (cell.matrix in {*to_eta, ACROSS}) if symmetric else p + m + origin
        for cell, symmetric, origin in zip(cells, undirected, source, strict=True)
    ]
    weight = [
        0.5 if symmetric and cell.matrix != ACROSS and cell.row == cell.col else 1.0
        for cell, symmetric in zip(cells, undirected, strict=True)
    ]
    return Directions(
        u=np.array(u, dtype=np.intp),
        v=np.array(v, dtype=np.intp),
        source=np.array(source, dtype=np.intp),
        directed=~np.array(undirected, dtype=bool),
        weight=np.array(weight, dtype=float),
    )
