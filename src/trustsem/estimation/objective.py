"""The function that is minimised: where sample, implied structure and discrepancy meet.

Only this module introduces them to each other. Everything runs on stacks: the samples of a
bootstrap differ in their moments, the starts of a search in their parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats
from trustsem.discrepancy import Criterion, Discrepancy, MaximumLikelihood, TraceCurvature
from trustsem.estimation.responses import ResponseBlock
from trustsem.implied import Tangents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.estimation.reduction import Reduction
    from trustsem.implied import Implied, Structure


@dataclass(frozen=True, slots=True)
class Block:
    """One group: its structure, its sample moments and its share of the objective.

    Parameters
    ----------
    structure : Structure
        The compiled model of the group.
    S : ndarray, shape (..., p, p)
        Sample covariance matrices.
    mean : ndarray, shape (..., p), or None
        Sample means, if the model has a mean structure.
    criterion : Criterion
        The discrepancy from these samples.
    share : float
        Weight of the group in F; the shares sum to 1.
    """

    structure: Structure
    S: Floats
    mean: Floats | None
    criterion: Criterion
    share: float

    @classmethod
    def from_moments(
        cls, structure: Structure, S: Floats, mean: Floats | None, share: float
    ) -> Block:
        """Prepare a group for maximum likelihood; S positive definite."""
        means = mean if structure.has_means else None
        return cls(structure, S, means, MaximumLikelihood.of(S, means), share)

    def implied(self, params: Floats) -> Implied:
        """Return the implied moments at all parameters, shape (..., q)."""
        return self.structure.evaluate(params, self.S, self.mean)

    def take(self, index: np.ndarray) -> Block:
        """Return the block for some members of the stack."""
        if self.S.ndim == 2:  # noqa: PLR2004 - one sample shared by the stack
            return self
        mean = None if self.mean is None else self.mean[index]
        return replace(self, S=self.S[index], mean=mean, criterion=self.criterion.take(index))

    def discrepancy(self, implied: Implied) -> Discrepancy:
        """Evaluate the discrepancy at implied moments."""
        return self.criterion.at(implied.Sigma, None if self.mean is None else implied.mu)

    def fitted(self, implied: Implied) -> tuple[Floats, Floats]:
        """Return means and covariances in the metric of the sample's."""
        return implied.mu, implied.Sigma

    def slope(self, implied: Implied, at: Discrepancy) -> Floats:
        """Return dF in the group's parameters, shape (..., k)."""
        return self.structure.pullback.slopes_of(implied, at.dF_dSigma, at.dF_dmu)

    def hessian(self, implied: Implied, at: Discrepancy, *, exact: bool) -> Floats:
        """Return the group's second derivatives of F, or their expectation, (..., k, k)."""
        directions, projection = self.structure.directions, implied.projection
        tangents = Tangents(projection, directions)
        if not exact:
            return at.expected.products(tangents, tangents)
        H = at.exact.products(tangents, tangents) + projection.bend(directions, at.dF_dSigma)
        if at.dF_dmu is not None:
            H = H + projection.mean_bend(directions, projection.onto(at.dF_dmu))
        return H

    def curvatures(self, implied: Implied, at: Discrepancy) -> Floats | None:
        """Return the diagonal of the expected Hessian if it is cheap by itself, (..., k)."""
        if not isinstance(at.expected, TraceCurvature):
            return None
        return at.expected.squares(Tangents(implied.projection, self.structure.directions))


AnyBlock: TypeAlias = Block | ResponseBlock


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The objective at one stack of points; derivatives are computed when asked for.

    Parameters
    ----------
    value : ndarray, shape (...)
        F; infinite where the implied covariance is not positive definite.
    """

    value: Floats
    n_params: int
    parts: tuple[tuple[AnyBlock, Implied, Any], ...]
    reduction: Reduction

    def gradient(self) -> Floats:
        """Return dF in the reduced parameters, shape (..., r)."""
        return self.reduction.slope(self.full_gradient())

    def full_gradient(self) -> Floats:
        """Return dF in all parameters, shape (..., q)."""
        total = np.zeros((*self.value.shape, self.n_params))
        for block, implied, at in self.parts:
            total[..., block.structure.free] += block.share * block.slope(implied, at)
        return total

    def curvatures(self) -> Floats | None:
        """Return about how F curves along each reduced parameter, shape (..., r), if cheap."""
        total = np.zeros((*self.value.shape, self.n_params))
        for block, implied, at in self.parts:
            own = None if isinstance(block, ResponseBlock) else block.curvatures(implied, at)
            if own is None:
                return None
            total[..., block.structure.free] += block.share * own
        return self.reduction.squares(total)

    def exact_hessian(self) -> Floats:
        """Return the second derivatives of F in the reduced parameters, shape (..., r, r)."""
        return self.reduction.curvature(self._assemble(exact=True))

    def expected_hessian(self) -> Floats:
        """Return their expectation under the model: twice the unit Fisher information."""
        return self.reduction.curvature(self._assemble(exact=False))

    def full_hessian(self, *, exact: bool) -> Floats:
        """Return the Hessian in all parameters, shape (..., q, q)."""
        return self._assemble(exact=exact)

    def _assemble(self, *, exact: bool) -> Floats:
        total: Floats | float = 0.0
        for block, implied, at in self.parts:
            part = block.share * block.hessian(implied, at, exact=exact)
            total = total + _placed(part, block.structure.free, self.n_params)
        return np.asarray(total)


def _placed(part: Floats, free: NDArray[np.intp], size: int) -> Floats:
    """Return a group's matrix as a part of that of all parameters, shape (..., size, size)."""
    if np.array_equal(free, np.arange(size)):
        return part
    whole = np.zeros((*part.shape[:-2], size, size))
    whole[..., free[:, None], free] = part
    return whole


@dataclass(frozen=True, slots=True)
class Objective:
    """F as a function of the reduced parameters.

    Parameters
    ----------
    blocks : tuple of Block or ResponseBlock
        The groups.
    reduction : Reduction
        From reduced to all parameters.
    """

    blocks: tuple[AnyBlock, ...]
    reduction: Reduction

    def at(self, reduced: Floats) -> Evaluation:
        """Evaluate at a stack of points of shape (..., r)."""
        return self.at_params(self.reduction.expand(reduced))

    def at_params(self, params: Floats) -> Evaluation:
        """Evaluate at a stack of all parameters of shape (..., q)."""
        parts = []
        value: Floats | float = 0.0
        for block in self.blocks:
            implied = block.implied(params)
            at = block.discrepancy(implied)
            parts.append((block, implied, at))
            value = value + block.share * at.value
        total = np.asarray(value)
        return Evaluation(
            value=np.where(np.isfinite(total), total, np.inf),
            n_params=params.shape[-1],
            parts=tuple(parts),
            reduction=self.reduction,
        )

    def take(self, index: np.ndarray) -> Objective:
        """Return the objective for some members of the stack."""
        return replace(self, blocks=tuple(block.take(index) for block in self.blocks))

    def with_shares(self, new: Sequence[float]) -> Objective:
        """Return the objective with other weights of the groups."""
        pairs = zip(self.blocks, new, strict=True)
        blocks = tuple(replace(block, share=share) for block, share in pairs)
        return replace(self, blocks=blocks)


def shares(weights: Sequence[int]) -> list[float]:
    """Return each group's share of the objective from how much it counts."""
    total = sum(weights)
    return [weight / total for weight in weights]
