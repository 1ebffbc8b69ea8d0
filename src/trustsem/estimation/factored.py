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
from trustsem.estimation.objective import Block, Evaluation, Objective
from trustsem.implied import Factors, has_factors


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

    def at(self, params: Floats) -> tuple[Factors, FactoredPoint]:
        """Evaluate at all parameters, shape (..., q)."""
        block = self.block
        factors = Factors.of(block.structure, params, block.S, block.mean)
        point = self.criterion.at(factors.Lambda, factors.root, factors.residual, factors.mu)
        return factors, point

    def take(self, index: NDArray[np.intp]) -> FactoredBlock:
        """Return the group for some members of the stack."""
        return FactoredBlock(self.block.take(index), self.criterion.take(index))

    def slope(self, factors: Factors, point: FactoredPoint) -> Floats:
        """Return dF in the group's parameters, shape (..., k)."""
        pullback = self.block.structure.pullback
        residual = pullback.places.get("Theta")
        own = None if residual is None else point.slope_residual[..., residual.rows]
        return pullback.slopes(factors, point.slope_Lambda, own, point.slope_mu)

    def curvatures(self, factors: Factors, point: FactoredPoint) -> Floats:
        """Return the diagonal of the expected Hessian without means, shape (..., k).

        Parameters
        ----------
        factors, point : Factors, FactoredPoint
            Where.

        Notes
        -----
        That of a parameter with the columns u and v, see :mod:`trustsem.implied.structure`, is
        2 (u'Wv)^2 + 2 u'Wu v'Wv, a fourth of it for a variance.
        """
        places = self.block.structure.pullback.places
        total = np.zeros((*point.value.shape, self.block.structure.pullback.n_params))
        C, A = factors.cov_eta, factors.A
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
        return total


@dataclass(frozen=True, slots=True)
class FactoredObjective:
    """F of a stack of samples as a function of the reduced parameters, without Hessians.

    Parameters
    ----------
    blocks : tuple of FactoredBlock
        The groups.
    objective : Objective
        The same with whole matrices.
    """

    blocks: tuple[FactoredBlock, ...]
    objective: Objective

    @classmethod
    def of(cls, objective: Objective) -> FactoredObjective | None:
        """Prepare an objective; None if it is another discrepancy, or residuals covary."""
        blocks = []
        for block in objective.blocks:
            if not isinstance(block, Block) or not has_factors(block.structure):
                return None
            criterion = block.criterion
            if not isinstance(criterion, MaximumLikelihood):
                return None
            same = FactoredLikelihood(criterion.S, criterion.mean, criterion.log_det_S)
            blocks.append(FactoredBlock(block, same))
        return cls(tuple(blocks), objective)

    def at(self, reduced: Floats) -> FactoredEvaluation:
        """Evaluate each member at a point of its own, shape (b, r)."""
        params = self.objective.reduction.expand(reduced)
        parts = [(block, *block.at(params)) for block in self.blocks]
        possible = np.logical_and.reduce([factors.possible for _, factors, _ in parts])
        value = np.zeros(len(reduced))
        for own, _, point in parts:
            value += own.block.share * point.value
        impossible = np.flatnonzero(~possible)
        whole = None
        if impossible.size:
            whole = self.objective.take(impossible).at(reduced[impossible])
            value[impossible] = whole.value
        return FactoredEvaluation(value, tuple(parts), self.objective, impossible, whole)

    def take(self, index: NDArray[np.intp]) -> FactoredObjective:
        """Return the objective for some members of the stack."""
        blocks = tuple(own.take(index) for own in self.blocks)
        return FactoredObjective(blocks, self.objective.take(index))


@dataclass(frozen=True, slots=True)
class FactoredEvaluation:
    """The objective at one point of each member.

    Parameters
    ----------
    value : ndarray, shape (b,)
        F; infinite outside the domain.
    parts : tuple of (FactoredBlock, Factors, FactoredPoint)
        What each group contributes.
    objective : Objective
        The function.
    impossible : ndarray of int, shape (k,)
        Members without factors.
    whole : Evaluation or None
        The same for these, with whole matrices.
    """

    value: Floats
    parts: tuple[tuple[FactoredBlock, Factors, FactoredPoint], ...]
    objective: Objective
    impossible: NDArray[np.intp]
    whole: Evaluation | None

    def gradient(self) -> Floats:
        """Return dF in the reduced parameters, shape (b, r)."""
        slopes = [block.slope(factors, point) for block, factors, point in self.parts]
        gradient = self.objective.reduction.slope(self._summed(slopes))
        if self.whole is not None:
            gradient[self.impossible] = self.whole.gradient()
        return gradient

    def curvatures(self) -> Floats:
        """Return about how F curves along each reduced parameter, shape (b, r)."""
        found = [block.curvatures(factors, point) for block, factors, point in self.parts]
        curvatures = self.objective.reduction.squares(self._summed(found))
        curvatures[self.impossible] = np.nan
        return curvatures

    def _summed(self, found: list[Floats]) -> Floats:
        """Return the sum over groups, in all parameters."""
        total = np.zeros((len(self.value), len(self.objective.reduction.K)))
        for (own, _, _), part in zip(self.parts, found, strict=True):
            total[:, own.block.structure.free] += own.block.share * part
        return total
