"""The objective of a stack of samples with gradients and no Hessians, as a quick search needs it.

Groups may say the same as :mod:`trustsem.estimation.objective` in a way that is cheap for stacks:
:mod:`trustsem.estimation.factored` for complete cases, :mod:`trustsem.estimation.completed` for
incomplete ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats
from trustsem.estimation.reduction import Reduction


class StackedPart(Protocol):
    """One group at one point of each member."""

    @property
    def value(self) -> Floats:
        """F, shape (b,); not finite outside the domain."""
        ...

    def slope(self) -> Floats:
        """Return dF in the group's parameters, shape (b, k)."""
        ...

    def curvatures(self) -> Floats:
        """Return about how F curves along each of them, shape (b, k); NaN where unknown."""
        ...


class StackedBlock(Protocol):
    """One group of a model on a stack of samples."""

    @property
    def share(self) -> float | Floats:
        """Weight of the group in F, the same for all members or of shape (b,)."""
        ...

    @property
    def free(self) -> NDArray[np.intp]:
        """Position of the group's parameters among all."""
        ...

    def at(self, params: Floats) -> StackedPart:
        """Evaluate at all parameters, shape (b, q)."""
        ...

    def take(self, index: NDArray[np.intp]) -> StackedBlock:
        """Return the group for some members of the stack."""
        ...


@dataclass(frozen=True, slots=True)
class StackedObjective:
    """F of a stack of samples as a function of the reduced parameters.

    Parameters
    ----------
    blocks : tuple of StackedBlock
        The groups.
    reduction : Reduction
        From reduced to all parameters.
    """

    blocks: Sequence[StackedBlock]
    reduction: Reduction

    def at(self, reduced: Floats) -> StackedEvaluation:
        """Evaluate each member at a point of its own, shape (b, r)."""
        params = self.reduction.expand(reduced)
        parts = tuple((block, block.at(params)) for block in self.blocks)
        value = np.zeros(len(reduced))
        for block, part in parts:
            value += block.share * part.value
        return StackedEvaluation(
            np.where(np.isfinite(value), value, np.inf), params.shape[1], parts, self.reduction
        )

    def take(self, index: NDArray[np.intp]) -> StackedObjective:
        """Return the objective for some members of the stack."""
        return StackedObjective(tuple(block.take(index) for block in self.blocks), self.reduction)


@dataclass(frozen=True, slots=True)
class StackedEvaluation:
    """The objective at one point of each member.

    Parameters
    ----------
    value : ndarray, shape (b,)
        F; infinite outside the domain.
    n_params : int
        Number of all parameters, q.
    parts : tuple of (StackedBlock, StackedPart)
        What each group contributes.
    reduction : Reduction
        From reduced to all parameters.
    """

    value: Floats
    n_params: int
    parts: tuple[tuple[StackedBlock, StackedPart], ...]
    reduction: Reduction

    def gradient(self) -> Floats:
        """Return dF in the reduced parameters, shape (b, r)."""
        return self.reduction.slope(self._summed([part.slope() for _, part in self.parts]))

    def curvatures(self) -> Floats:
        """Return about how F curves along each reduced parameter, shape (b, r)."""
        return self.reduction.squares(self._summed([part.curvatures() for _, part in self.parts]))

    def _summed(self, found: list[Floats]) -> Floats:
        """Return the sum over groups, in all parameters."""
        total = np.zeros((len(self.value), self.n_params))
        for (block, _), part in zip(self.parts, found, strict=True):
            total[:, block.free] += np.reshape(block.share, (-1, 1)) * part
        return total
