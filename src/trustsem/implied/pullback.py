r"""Slopes in the parameters of one group, from slopes in its moments: the chain rule by matrices.

With G and g the slopes of F in :math:`\Sigma` and :math:`\mu`, and :math:`M = \Lambda' G \Lambda`,
the slopes in the model matrices [bollen1989]_ are

.. math:: 2 G \Lambda C + g m', \quad 2 A' M C + A' \Lambda' g\, m', \quad A' M A, \quad G,
          \quad g, \quad A' \Lambda' g

for :math:`\Lambda, B, \Psi, \Theta, \nu, \alpha`, with C and m the moments of eta. Each parameter
takes those of its cell, a covariance those of two. Nothing larger than :math:`G \Lambda` is formed,
so that who knows this product and some elements of G needs no more of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, outer, transpose

if TYPE_CHECKING:
    from trustsem.implied.factors import Factors
    from trustsem.implied.lisrel import Implied
    from trustsem.implied.structure import Cell

Indices: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Places:
    """The cells of one matrix that are free parameters.

    Parameters
    ----------
    param : ndarray of int, shape (k,)
        Which of the group's parameters each is.
    rows, cols : ndarray of int, shape (k,)
        Where it stands; columns of vectors are 0.
    weight : ndarray, shape (k,)
        How many cells it fills: 2 for a covariance.
    """

    param: Indices
    rows: Indices
    cols: Indices
    weight: Floats

    def of(self, matrix: Floats) -> Floats:
        """Return what a matrix holds in these cells, shape (..., k)."""
        return np.asarray(matrix[..., self.rows, self.cols])


@dataclass(frozen=True, slots=True)
class Pullback:
    """Where each free parameter of one group stands, sorted by matrix.

    Parameters
    ----------
    places : dict of str to Places
        By name of matrix.
    n_params : int
        Number of free parameters of the group.
    """

    places: dict[str, Places]
    n_params: int

    @classmethod
    def of(cls, cells: Sequence[Cell], symmetric: Sequence[str]) -> Pullback:
        """Sort cells, given the names of symmetric matrices."""
        places = {}
        for name in dict.fromkeys(cell.matrix for cell in cells):
            param = [place for place, cell in enumerate(cells) if cell.matrix == name]
            chosen = [cells[place] for place in param]
            twice = [name in symmetric and cell.row != cell.col for cell in chosen]
            places[name] = Places(
                param=np.array(param, dtype=np.intp),
                rows=np.array([cell.row for cell in chosen], dtype=np.intp),
                cols=np.array([cell.col for cell in chosen], dtype=np.intp),
                weight=np.where(twice, 2.0, 1.0),
            )
        return cls(places, len(cells))

    def slopes(
        self,
        implied: Implied | Factors,
        G_Lambda: Floats,
        G_Theta: Floats | None,
        g: Floats | None = None,
    ) -> Floats:
        r"""Return the slope of F in each parameter of the group.

        Parameters
        ----------
        implied : Implied or Factors
            Where.
        G_Lambda : ndarray, shape (..., p, m)
            :math:`G \Lambda`.
        G_Theta : ndarray, shape (..., t), or None
            What G holds in the cells of the t free parameters of Theta.
        g : ndarray, shape (..., p), or None
            Slope in the means.

        Returns
        -------
        ndarray, shape (..., k)
        """
        places = self.places
        total = np.zeros((*G_Lambda.shape[:-2], self.n_params))
        A, Lambda = implied.A, implied.Lambda
        within = transpose(A) @ (transpose(Lambda) @ G_Lambda)
        if g is not None:
            reached = (transpose(A) @ (transpose(Lambda) @ g[..., None]))[..., 0]
        if "Lambda" in places:
            at = places["Lambda"]
            slope = at.of(2 * (G_Lambda @ implied.cov_eta))
            if g is not None:
                slope = slope + g[..., at.rows] * implied.mean_eta[..., at.cols]
            total[..., at.param] = slope
        if "Beta" in places:
            slope = 2 * (within @ implied.cov_eta)
            if g is not None:
                slope = slope + outer(reached, implied.mean_eta)
            total[..., places["Beta"].param] = places["Beta"].of(slope)
        if "Psi" in places:
            at = places["Psi"]
            total[..., at.param] = at.weight * at.of(within @ A)
        if "Theta" in places and G_Theta is not None:
            total[..., places["Theta"].param] = places["Theta"].weight * G_Theta
        if g is not None and "nu" in places:
            total[..., places["nu"].param] = g[..., places["nu"].rows]
        if g is not None and "alpha" in places:
            total[..., places["alpha"].param] = reached[..., places["alpha"].rows]
        return total

    def slopes_of(self, implied: Implied, G: Floats, g: Floats | None = None) -> Floats:
        """Return the same from the whole symmetric slope in Sigma, shape (..., p, p)."""
        residual = self.places.get("Theta")
        G_Theta = None if residual is None else residual.of(G)
        return self.slopes(implied, G @ implied.Lambda, G_Theta, g)
