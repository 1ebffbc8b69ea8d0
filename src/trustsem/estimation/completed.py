"""The likelihood of incomplete cases for stacks of samples that hold each case more or less often.

:mod:`trustsem.completion` evaluates the samples, this module joins them to a model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats
from trustsem.completion import CompletedPoint, WeightedCases
from trustsem.implied import Implied, Structure, Tangents


@dataclass(frozen=True, slots=True)
class CompletedBlock:
    """One group.

    Parameters
    ----------
    structure : Structure
        The compiled model of the group.
    S, mean : ndarray, shapes (b, p, p) and (b, p)
        Saturated moments, for what is fixed at moments of the sample.
    cases : WeightedCases
        The samples.
    saturated : ndarray, shape (b,)
        Minus twice the mean log-likelihood at the saturated moments.
    share : ndarray, shape (b,)
        Weight of the group in F of each sample.
    """

    structure: Structure
    S: Floats
    mean: Floats
    cases: WeightedCases
    saturated: Floats
    share: Floats

    @property
    def free(self) -> NDArray[np.intp]:
        """Position of the group's parameters among all."""
        return self.structure.free

    def at(self, params: Floats) -> CompletedPart:
        """Evaluate at all parameters, shape (b, q)."""
        implied = self.structure.evaluate(params, self.S, self.mean)
        point = self.cases.at(implied.Sigma, implied.mu)
        return CompletedPart(self.structure, implied, point, point.value - self.saturated)

    def take(self, index: NDArray[np.intp]) -> CompletedBlock:
        """Return the group for some members of the stack."""
        return CompletedBlock(
            structure=self.structure,
            S=self.S[index],
            mean=self.mean[index],
            cases=self.cases.take(index),
            saturated=self.saturated[index],
            share=self.share[index],
        )


@dataclass(frozen=True, slots=True)
class CompletedPart:
    """One group at one point of each member.

    Parameters
    ----------
    structure : Structure
        The compiled model of the group.
    implied : Implied
        The moments there.
    point : CompletedPoint
        The likelihood of these.
    value : ndarray, shape (b,)
        F of the group.
    """

    structure: Structure
    implied: Implied
    point: CompletedPoint
    value: Floats

    def slope(self) -> Floats:
        """Return dF in the group's parameters, shape (b, k)."""
        pullback = self.structure.pullback
        return pullback.slopes_of(self.implied, self.point.dF_dSigma, self.point.dF_dmu)

    def curvatures(self) -> Floats:
        """Return the diagonal of the Hessian that complete cases are expected to have, (b, k)."""
        tangents = Tangents(self.implied.projection, self.structure.directions)
        return tangents.squares(self.point.W, self.point.W)
