"""Which moments describe a group with ordered items, and in what order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class MomentLayout:
    """The moments of ordered and continuous variables as one vector.

    These are the thresholds item by item, the means of the continuous variables, their variances,
    and the covariances below the diagonal by rows. A latent response has variance 1 and mean 0, so
    that a covariance is a polychoric correlation or a polyserial one times a standard deviation.

    Parameters
    ----------
    n_thresholds : tuple of int
        For each of the p variables; 0 for a continuous one.
    """

    n_thresholds: tuple[int, ...]

    @property
    def n_variables(self) -> int:
        """Number of variables, p."""
        return len(self.n_thresholds)

    @property
    def is_ordered(self) -> NDArray[np.bool_]:
        """Which variables are ordered."""
        return np.array(self.n_thresholds, dtype=np.intp) > 0

    @property
    def continuous(self) -> Indices:
        """Positions of the continuous variables."""
        return np.flatnonzero(~self.is_ordered)

    @property
    def items(self) -> Indices:
        """The item of each threshold."""
        return np.repeat(np.arange(self.n_variables), self.n_thresholds)

    @property
    def pairs(self) -> tuple[Indices, Indices]:
        """Rows and columns of the covariances."""
        return np.tril_indices(self.n_variables, -1)

    @property
    def parts(self) -> tuple[slice, slice, slice, slice]:
        """Places of thresholds, means, variances and covariances in the vector."""
        sizes = (len(self.items), len(self.continuous), len(self.continuous), len(self.pairs[0]))
        ends = np.cumsum(sizes)
        first, second, third, last = (
            slice(int(end - size), int(end)) for size, end in zip(sizes, ends, strict=True)
        )
        return first, second, third, last

    @property
    def size(self) -> int:
        """Number of moments, k."""
        return int(self.parts[-1].stop)

    def stacked(self, thresholds: Floats, mean: Floats, cov: Floats) -> Floats:
        """Return moments as one vector.

        Parameters
        ----------
        thresholds : ndarray, shape (..., t)
            Item by item.
        mean : ndarray, shape (..., p)
            Means; those of ordered items are not used.
        cov : ndarray, shape (..., p, p)
            Covariances; variances of ordered items are not used.

        Returns
        -------
        ndarray, shape (..., k)
        """
        C = self.continuous
        rows, cols = self.pairs
        parts = [thresholds, mean[..., C], cov[..., C, C], cov[..., rows, cols]]
        return np.concatenate(parts, axis=-1)

    def places(self, index: list[int]) -> Indices:
        """Return where the moments of chosen variables stand, in the order of their own layout."""
        position = np.full((self.n_variables, self.n_variables), -1, dtype=np.intp)
        rows, cols = self.pairs
        _, means, variances, covariances = self.parts
        position[rows, cols] = position[cols, rows] = np.arange(covariances.start, covariances.stop)
        chosen = np.array(index, dtype=np.intp)
        of_mean = np.full(self.n_variables, -1, dtype=np.intp)
        of_mean[self.continuous] = np.arange(len(self.continuous))
        continuous = of_mean[chosen[of_mean[chosen] >= 0]]
        low, high = np.tril_indices(len(chosen), -1)
        return np.concatenate(
            [
                *(np.flatnonzero(self.items == variable) for variable in index),
                means.start + continuous,
                variances.start + continuous,
                position[chosen[low], chosen[high]],
            ]
        ).astype(np.intp)
