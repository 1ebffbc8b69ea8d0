"""A group with ordered items: what its latent responses imply for the moments that are seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats, transpose
from trustsem.discrepancy import VectorLeastSquares
from trustsem.implied import Responses

if TYPE_CHECKING:
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
        projection = implied.project()
        return self.responses.jacobian(implied, projection, structure.directions, structure.cells)

    def slope(self, implied: Implied, at: VectorDiscrepancy) -> Floats:
        """Return dF in the group's parameters, shape (..., q)."""
        structure, projection = self.structure, implied.project()
        cov, mean, own = self.responses.slopes(implied, at.slope, structure.cells)
        slope = projection.slope(structure.directions, cov)
        return slope + projection.mean_slope(structure.directions, mean) + own

    def hessian(self, implied: Implied, at: VectorDiscrepancy, *, exact: bool) -> Floats:
        """Return the group's second derivatives of F, or their expectation, (..., q, q)."""
        D = self.jacobian(implied)
        H = 2 * transpose(D) @ self.criterion.weights.times(D)
        if exact:
            structure = self.structure
            H = H + self.responses.bend(
                implied, at.slope, implied.project(), structure.directions, structure.cells
            )
        return np.asarray(H)
