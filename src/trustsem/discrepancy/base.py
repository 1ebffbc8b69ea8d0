"""What every discrepancy gives: enough for gradient, exact Hessian and Fisher information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats

if TYPE_CHECKING:
    from trustsem.implied import Tangents


class Curvature(Protocol):
    """Second derivative of F in the moments, as a form in two changes of the moments.

    How the form is stored is each discrepancy's own affair: a few p x p matrices where it is built
    from traces, a weight for each pair of moments where it is not.
    """

    def products(self, a: Tangents, b: Tangents) -> Floats:
        """Return the form for all pairs from two sets of directions.

        Returns
        -------
        ndarray, shape (..., len(a), len(b))
        """
        ...

    def weighted(self, at: Tangents) -> tuple[Floats, Floats]:
        """Return what the form makes of each of k directions, for one model.

        Returns
        -------
        cov : ndarray, shape (p, p, k)
            Symmetric matrices M with form(a, b) = tr(M_a dSigma_b) + m_a' dmu_b.
        mean : ndarray, shape (p, k)
            The vectors m; zero without means.
        """
        ...

    def square(self, cov: Floats, mean: Floats | None = None) -> Floats:
        """Return the form of a change of the moments with itself.

        Parameters
        ----------
        cov : ndarray, shape (..., p, p)
            Change of the covariances, symmetric.
        mean : ndarray, shape (..., p), optional
            Change of the means.
        """
        ...


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Value and derivatives of a discrepancy at stacks of moments.

    Parameters
    ----------
    value : ndarray, shape (...)
        F >= 0; NaN where it is not defined.
    dF_dSigma : ndarray, shape (..., p, p)
        Slope in Sigma, symmetric: dF = tr(dF_dSigma dSigma).
    exact, expected : Curvature
        Curvature as it is, and its expectation when the model holds (Fisher scoring).
    dF_dmu : ndarray, shape (..., p), or None
        Slope in mu; None without means.
    """

    value: Floats
    dF_dSigma: Floats
    exact: Curvature
    expected: Curvature
    dF_dmu: Floats | None = None

    @property
    def defined(self) -> NDArray[np.bool_]:
        """Whether each value exists."""
        return np.isfinite(self.value)


class Criterion(Protocol):
    """A discrepancy that knows its samples: a function of implied moments alone."""

    def at(self, Sigma: Floats, mu: Floats | None) -> Discrepancy:
        """Evaluate at implied moments of shape (..., p, p) and (..., p)."""
        ...

    def take(self, index: NDArray[np.intp]) -> Criterion:
        """Return the criterion for some members of a stack of samples."""
        ...


def members(stack: Floats, index: NDArray[np.intp], ndim: int) -> Floats:
    """Return some members of a stack; what has ``ndim`` axes is shared by the whole stack."""
    return stack if stack.ndim == ndim else stack[index]


def finite(M: Floats) -> NDArray[np.bool_]:
    """Return which matrices of a stack hold numbers only, shape (...)."""
    return np.asarray(np.isfinite(M).all(axis=(-2, -1)))
