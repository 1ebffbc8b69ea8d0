"""The function that is minimised: where sample, implied structure and discrepancy meet.

Only this module introduces them to each other. Everything runs on stacks: the samples of a
bootstrap differ in their moments, the starts of a search in their parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Floats, invert_positive
from trustsem.discrepancy import Curvature, Discrepancy, ml_discrepancy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustsem.estimation.reduction import Reduction
    from trustsem.implied import Implied, Projection, Structure
from trustsem.implied.structure import Directions


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
    log_det_S : ndarray, shape (...)
        Their log-determinants.
    share : float
        Weight of the group in F; the shares sum to 1.
    """

    structure: Structure
    S: Floats
    mean: Floats | None
    log_det_S: Floats
    share: float

    @classmethod
    def from_moments(
        cls, structure: Structure, S: Floats, mean: Floats | None, share: float
    ) -> Block:
        """Prepare a group; S positive definite."""
        means = mean if structure.has_means else None
        return cls(structure, S, means, invert_positive(S).log_det, share)

    def implied(self, params: Floats) -> Implied:
        """Return the implied moments at all parameters, shape (..., q)."""
        return self.structure.evaluate(params, self.S, self.mean)

    def take(self, index: np.ndarray) -> Block:
        """Return the block for some members of the stack."""
        if self.S.ndim == 2:  # noqa: PLR2004 - one sample shared by the stack
            return self
        mean = None if self.mean is None else self.mean[index]
        return replace(self, S=self.S[index], mean=mean, log_det_S=self.log_det_S[index])


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
    parts: tuple[tuple[Block, Implied, Discrepancy], ...]
    reduction: Reduction

    def gradient(self) -> Floats:
        """Return dF in the reduced parameters, shape (..., r)."""
        return self.full_gradient() @ self.reduction.K

    def full_gradient(self) -> Floats:
        """Return dF in all parameters, shape (..., q)."""
        total = np.zeros((*self.value.shape, self.n_params))
        for block, implied, at in self.parts:
            structure = block.structure
            projection = implied.project()
            slope = projection.slope(structure.directions, at.dF_dSigma)
            if at.mean_gap is not None:
                slope = slope - 2 * projection.mean_slope(structure.directions, at.mean_gap)
            total[..., structure.free] += block.share * slope
        return total

    def exact_hessian(self) -> Floats:
        """Return the second derivatives of F in the reduced parameters, shape (..., r, r)."""
        return self._reduced(self._assemble(exact=True))

    def expected_hessian(self) -> Floats:
        """Return their expectation under the model: twice the unit Fisher information."""
        return self._reduced(self._assemble(exact=False))

    def full_hessian(self, *, exact: bool) -> Floats:
        """Return the Hessian in all parameters, shape (..., q, q)."""
        return self._assemble(exact=exact)

    def _reduced(self, H: Floats) -> Floats:
        K = self.reduction.K
        return H if self.reduction.is_identity else np.asarray(K.T @ H @ K)

    def _assemble(self, *, exact: bool) -> Floats:
        total = np.zeros((*self.value.shape, self.n_params, self.n_params))
        for block, implied, at in self.parts:
            free = block.structure.free
            part = block_hessian(block.structure, implied.project(), at, exact=exact)
            total[..., free[:, None], free] += block.share * part
        return total


def block_hessian(
    structure: Structure, projection: Projection, at: Discrepancy, *, exact: bool
) -> Floats:
    """Return one group's second derivatives of F in its own parameters."""
    directions = structure.directions
    curvature = at.exact if exact else at.expected
    H = curvature_products(projection, directions, directions, curvature)
    if exact:
        H = H + projection.bend(directions, at.dF_dSigma)
    if at.mean_weight is None or at.mean_gap is None:
        return H
    Q = projection.within(at.mean_weight)
    H = H + 2 * projection.mean_products(directions, directions, Q)
    if exact:
        t = projection.onto(at.mean_gap)
        cross = projection.mean_cross(directions, Q, t)
        H = H + 2 * (cross + np.swapaxes(cross, -1, -2)) - 2 * projection.mean_bend(directions, t)
    return H


def curvature_products(
    projection: Projection, a: Directions, b: Directions, curvature: Curvature
) -> Floats:
    """Sum ``factor * tr(dSigma_a W dSigma_b V)`` over a curvature's terms."""
    parts = []
    for factor, W, V in curvature.terms:
        Q = projection.within(W)
        P = Q if V is W else projection.within(V)
        parts.append(factor * projection.sandwich(a, b, Q, P))
    return np.asarray(sum(parts))


@dataclass(frozen=True, slots=True)
class Objective:
    """F as a function of the reduced parameters.

    Parameters
    ----------
    blocks : tuple of Block
        The groups.
    reduction : Reduction
        From reduced to all parameters.
    discrepancy : callable
        Evaluates F for one group; the maximum-likelihood one unless another is given.
    """

    blocks: tuple[Block, ...]
    reduction: Reduction
    discrepancy: Callable[..., Discrepancy] = ml_discrepancy

    def at(self, reduced: Floats) -> Evaluation:
        """Evaluate at a stack of points of shape (..., r)."""
        return self.at_params(self.reduction.expand(reduced))

    def at_params(self, params: Floats) -> Evaluation:
        """Evaluate at a stack of all parameters of shape (..., q)."""
        parts = []
        value: Floats | float = 0.0
        for block in self.blocks:
            implied = block.implied(params)
            mu = implied.mu if block.mean is not None else None
            at = self.discrepancy(block.S, implied.Sigma, block.log_det_S, block.mean, mu)
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


def shares(weights: Sequence[int]) -> list[float]:
    """Return each group's share of the objective from its chi-square multiplier."""
    total = sum(weights)
    return [weight / total for weight in weights]
