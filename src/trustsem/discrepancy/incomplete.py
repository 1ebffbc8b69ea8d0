"""The maximum-likelihood discrepancy of incomplete, normally distributed data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats
from trustsem.discrepancy.base import Discrepancy
from trustsem.discrepancy.wls import MomentCurvature, Weights
from trustsem.patterns import PatternPoint, Patterns

if TYPE_CHECKING:
    from trustsem.implied import Tangents


@dataclass(frozen=True)
class PatternCurvature:
    """The information about the moments at a stack of points, formed when it is asked for.

    Parameters
    ----------
    point : PatternPoint
        The likelihood there.
    exact : bool
        As it is, or expected.
    """

    point: PatternPoint
    exact: bool

    @cached_property
    def _form(self) -> MomentCurvature:
        values = self.point.information(exact=self.exact)
        return MomentCurvature(Weights(values, diagonal=False, n_means=self.point.mu.shape[-1]))

    def products(self, a: Tangents, b: Tangents) -> Floats:
        """Return the form for all pairs, shape (..., len(a), len(b))."""
        return self._form.products(a, b)

    def weighted(self, at: Tangents) -> tuple[Floats, Floats]:
        """Return what the form makes of each direction, shapes (p, p, k) and (p, k)."""
        return self._form.weighted(at)

    def square(self, cov: Floats, mean: Floats | None = None) -> Floats:
        """Return the form of a change with itself."""
        return self._form.square(cov, mean)


@dataclass(frozen=True, slots=True)
class IncompleteLikelihood:
    r"""The maximum-likelihood discrepancy from incomplete cases [arbuckle1996]_.

    Parameters
    ----------
    patterns : Patterns
        The cases of one sample; a stack of points is evaluated from this one sample.
    saturated : float
        The same at the saturated moments: :math:`-2 \ln L_1 / N`.

    Notes
    -----
    .. math:: F = \tfrac{2}{N} (\ln L_1 - \ln L_0)

    so that chi-square is N F. The expected curvature is that within the patterns observed.
    """

    patterns: Patterns
    saturated: float

    @classmethod
    def of(cls, patterns: Patterns, cov: Floats, mean: Floats) -> IncompleteLikelihood:
        """Prepare a sample from its patterns and its saturated moments."""
        return cls(patterns, float(patterns.at(cov, mean).value))

    def at(self, Sigma: Floats, mu: Floats | None = None) -> Discrepancy:
        """Evaluate at implied moments of shape (..., p, p) and (..., p).

        Raises
        ------
        ValueError
            Without means: incomplete cases have no likelihood then.
        """
        if mu is None:
            raise ValueError("the likelihood of incomplete cases needs implied means")
        found = self.patterns.at(Sigma, mu)
        return Discrepancy(
            value=found.value - self.saturated,
            dF_dSigma=found.dF_dSigma,
            exact=PatternCurvature(found, exact=True),
            expected=PatternCurvature(found, exact=False),
            dF_dmu=found.dF_dmu,
        )

    def take(self, index: NDArray[np.intp]) -> IncompleteLikelihood:
        """Return the criterion for some members of a stack, which share the sample."""
        del index
        return self
