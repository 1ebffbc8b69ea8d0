"""Value and gradient of maximum likelihood for stacks of samples, in matrices as small as eta.

Most models let no residuals of indicators covary. Then Sigma need not be formed to search from many
samples: :mod:`trustsem.implied.factors` and :mod:`trustsem.discrepancy.factored` say the same in
its factors. Only members that have no such factors where they are (a variance at or below zero) are
evaluated with whole matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, transpose
from trustsem.discrepancy import FactoredLikelihood, FactoredPoint, MaximumLikelihood
from trustsem.estimation.objective import Block, Objective
from trustsem.estimation.stacked import StackedObjective
from trustsem.implied import Factors, Structure, has_factors


@dataclass(frozen=True, slots=True)
class FactoredBlock:
    """One group.

    Parameters
    ----------
    block : Block
        The group with whole matrices.
    criterion : FactoredLikelihood
        Its discrepancy.
    """

    block: Block
    criterion: FactoredLikelihood

    @property
    def share(self) -> float:
        """Weight of the group in F."""
        return self.block.share

    @property
    def free(self) -> NDArray[np.intp]:
        """Position of the group's parameters among all."""
        return self.block.structure.free

    def at(self, params: Floats) -> FactoredPart:
        """Evaluate at all parameters, shape (b, q)."""
        block = self.block
        factors = Factors.of(block.structure, params, block.S, block.mean)
        point = self.criterion.at(factors.Lambda, factors.root, factors.residual, factors.mu)
        impossible = np.flatnonzero(~factors.possible)
        value, slope = point.value, None
        if impossible.size:
            whole = block.take(impossible)
            implied = whole.implied(params[impossible])
            there = whole.discrepancy(implied)
            value[impossible], slope = there.value, whole.slope(implied, there)
        return FactoredPart(value, block.structure, factors, point, impossible, slope)

    def take(self, index: NDArray[np.intp]) -> FactoredBlock:
        """Return the group for some members of the stack."""
        return FactoredBlock(self.block.take(index), self.criterion.take(index))


@dataclass(frozen=True, slots=True)
class FactoredPart:
    """One group at one point of each member.

    Parameters
    ----------
    value : ndarray, shape (b,)
        F; NaN outside the domain.
    structure : Structure
        The compiled model of the group.
    factors : Factors
        The implied moments.
    point : FactoredPoint
        The discrepancy there.
    impossible : ndarray of int, shape (c,)
        Members without factors.
    whole : ndarray, shape (c, k), or None
        Their slopes, from whole matrices.
    """

    value: Floats
    structure: Structure
    factors: Factors
    point: FactoredPoint
    impossible: NDArray[np.intp]
    whole: Floats | None

    def slope(self) -> Floats:
        """Return dF in the group's parameters, shape (b, k)."""
        pullback = self.structure.pullback
        residual = pullback.places.get("Theta")
        own = None if residual is None else self.point.slope_residual[:, residual.rows]
        slope = pullback.slopes(self.factors, self.point.slope_Lambda, own, self.point.slope_mu)
        if self.whole is not None:
            slope[self.impossible] = self.whole
        return slope

    def curvatures(self) -> Floats:
        """Return the diagonal of the expected Hessian without means, shape (b, k).

        Notes
        -----
        That of a parameter with the columns u and v, see :mod:`trustsem.implied.structure`, is
        2 (u'Wv)^2 + 2 u'Wu v'Wv, a fourth of it for a variance.
        """
        factors, point, pullback = self.factors, self.point, self.structure.pullback
        places, C, A = pullback.places, factors.cov_eta, factors.A
        total = np.zeros((len(self.value), pullback.n_params))
        inner = transpose(factors.Lambda) @ point.W_Lambda
        towards = transpose(A) @ inner
        if "Lambda" in places:
            at, W_LC = places["Lambda"], point.W_Lambda @ C
            source = np.einsum("...ab,...ab->...b", C, inner @ C)[..., at.cols]
            total[..., at.param] = 2 * (at.of(W_LC) ** 2 + point.W_diagonal[..., at.rows] * source)
        if "Beta" in places:
            at, target = places["Beta"], np.einsum("...ab,...ba->...a", towards, A)
            source = np.einsum("...ab,...ab->...b", C, inner @ C)[..., at.cols]
            total[..., at.param] = 2 * (at.of(towards @ C) ** 2 + target[..., at.rows] * source)
        if "Psi" in places:
            at, Q = places["Psi"], towards @ A
            own = np.einsum("...aa->...a", Q)
            product = at.of(Q) ** 2 + own[..., at.rows] * own[..., at.cols]
            total[..., at.param] = at.weight**2 / 2 * product
        if "Theta" in places:
            at = places["Theta"]
            total[..., at.param] = point.W_diagonal[..., at.rows] ** 2
        total[self.impossible] = np.nan
        return total


def in_factors(objective: Objective) -> StackedObjective | None:
    """Return the objective of a stack in factors; None if it has another form."""
    blocks = []
    for block in objective.blocks:
        if not isinstance(block, Block) or not has_factors(block.structure):
            return None
        criterion = block.criterion
        if not isinstance(criterion, MaximumLikelihood):
            return None
        same = FactoredLikelihood(criterion.S, criterion.mean, criterion.log_det_S)
        blocks.append(FactoredBlock(block, same))
    return StackedObjective(blocks, objective.reduction)
