"""A group with ordered items: what its latent responses imply for the moments that are seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, transpose
from trustsem.discrepancy import VectorLeastSquares
from trustsem.implied import Responses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.discrepancy.vector import VectorDiscrepancy
    from trustsem.implied import Implied, Structure


@dataclass(frozen=True, slots=True)
class ResponseBlock:
    """One group with ordered items, beside :class:`trustsem.estimation.objective.Block`.

    Parameters
    ----------
    structure : Structure
        The compiled model of the group, with ``responses``.
    S : ndarray, shape (..., p, p)
        Covariances of latent responses and continuous variables.
    mean : ndarray, shape (..., p)
        Means; 0 for latent responses.
    criterion : VectorLeastSquares
        The discrepancy from the sample's moments.
    share : float
        Weight of the group in F.
    """

    structure: Structure
    S: Floats
    mean: Floats
    criterion: VectorLeastSquares
    share: float

    @classmethod
    def stacked(cls, groups: Sequence[ResponseBlock]) -> ResponseBlock:
        """Return one group on several samples as a stack; they have diagonal weights."""
        first = groups[0]
        weights = [group.criterion.weights.values for group in groups]
        return cls(
            structure=first.structure,
            S=np.stack([group.S for group in groups]),
            mean=np.stack([group.mean for group in groups]),
            criterion=VectorLeastSquares(
                np.stack([group.criterion.moments for group in groups]),
                replace(first.criterion.weights, values=np.stack(weights)),
            ),
            share=first.share,
        )

    @property
    def responses(self) -> Responses:
        """How ordered items show what lies behind them."""
        responses = self.structure.responses
        if responses is None:
            raise TypeError("a group without ordered items")
        return responses

    def implied(self, params: Floats) -> Implied:
        """Return the implied moments of the latent responses at all parameters."""
        return self.structure.evaluate(params, self.S, self.mean)

    def take(self, index: np.ndarray) -> ResponseBlock:
        """Return the block for some members of the stack."""
        if self.S.ndim == 2:  # noqa: PLR2004 - one sample shared by the stack
            return self
        criterion = self.criterion.take(index)
        return replace(self, S=self.S[index], mean=self.mean[index], criterion=criterion)

    def discrepancy(self, implied: Implied) -> VectorDiscrepancy:
        """Evaluate the discrepancy at implied moments."""
        return self.criterion.at(self.responses.fitted(implied))

    def fitted(self, implied: Implied) -> tuple[Floats, Floats]:
        """Return means and covariances in the metric of the sample's."""
        _, mean, cov = self.responses.seen(implied)
        return mean, cov

    def jacobian(self, implied: Implied) -> Floats:
        """Return the derivatives of the fitted moments in the group's parameters."""
        structure = self.structure
        projection = implied.projection
        return self.responses.jacobian(implied, projection, structure.directions, structure.cells)

    def slope(self, implied: Implied, at: VectorDiscrepancy) -> Floats:
        """Return dF in the group's parameters, shape (..., q)."""
        structure, projection = self.structure, implied.projection
        cov, mean, own = self.responses.slopes(implied, at.slope, structure.cells)
        slope = projection.slope(structure.directions, cov)
        return slope + projection.mean_slope(structure.directions, mean) + own

    def hessian(self, implied: Implied, at: VectorDiscrepancy, *, exact: bool) -> Floats:
        """Return the group's second derivatives of F, or their expectation, (..., q, q)."""
        structure, responses = self.structure, self.responses
        cuts = np.array([cell.matrix == "tau" for cell in structure.cells], dtype=bool)
        if responses.scale_moves(structure.cells) or not self.criterion.weights.diagonal:
            cuts[:] = False
        H = np.zeros((*at.slope.shape[:-1], len(cuts), len(cuts)))
        rest = np.flatnonzero(~cuts)
        cells = tuple(structure.cells[place] for place in rest)
        directions, projection = structure.directions.take(rest), implied.projection
        D = responses.jacobian(implied, projection, directions, cells)
        inner = 2 * transpose(D) @ self.criterion.weights.times(D)
        if exact:
            inner = inner + responses.bend(implied, at.slope, projection, directions, cells)
        H[..., rest[:, None], rest] = inner
        if cuts.any():
            self._add_thresholds(H, D, implied, cuts)
        return H

    def _add_thresholds(
        self, H: Floats, D: Floats, implied: Implied, cuts: NDArray[np.bool_]
    ) -> None:
        """Fill in the curvature in free thresholds, each of which moves one moment by its scale."""
        places, rest = np.flatnonzero(cuts), np.flatnonzero(~cuts)
        at = np.array([self.structure.cells[place].row for place in places], dtype=np.intp)
        scale = self.responses.scale(implied)[..., self.responses.layout.items[at]]
        weights = 2 * scale * self.criterion.weights.values[..., at]
        H[..., places, places] = weights * scale
        across = weights[..., None] * D[..., at, :]
        H[..., places[:, None], rest] = across
        H[..., rest[:, None], places] = transpose(across)
