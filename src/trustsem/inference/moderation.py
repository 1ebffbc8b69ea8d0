"""Simple slopes and the Johnson-Neyman region of an interaction: formulas of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from trustsem.arrays import Floats


@dataclass(frozen=True, slots=True)
class Moderation:
    """A slope that depends on a moderator: ``slope(z) = b + b_product * z``.

    Parameters
    ----------
    b, b_product : float
        The slope where the moderator is at its mean, and its change per unit of the moderator.
    variance, variance_product, covariance : float
        Sampling variances of the two, and their covariance.
    """

    b: float
    b_product: float
    variance: float
    variance_product: float
    covariance: float

    def slope(self, z: Floats) -> Floats:
        """Return the slope at values of the moderator, measured from its mean."""
        return np.asarray(self.b + self.b_product * z)

    def error(self, z: Floats) -> Floats:
        """Return the standard error of the slope at given values of the moderator [bauer2005]_."""
        variance = self.variance + 2 * z * self.covariance + z**2 * self.variance_product
        return np.sqrt(np.maximum(variance, 0.0))


@dataclass(frozen=True, slots=True)
class Region:
    """Values of the moderator at which a slope is significant.

    Parameters
    ----------
    lower, upper : float
        Its bounds, in the unit of the moderator from its mean; NaN where there are none.
    between : bool
        Whether the slope is significant between the bounds; otherwise outside them.
    everywhere : bool or None
        Without bounds: whether the slope is significant at every value; None with bounds.
    """

    lower: float
    upper: float
    between: bool
    everywhere: bool | None = None

    def holds(self, z: Floats) -> np.ndarray:
        """Return whether the slope is significant at given values of the moderator."""
        if self.everywhere is not None:
            return np.full(np.shape(z), self.everywhere)
        inside = (z > self.lower) & (z < self.upper)
        return inside if self.between else ~inside

    def share(self, sd: float) -> float:
        """Return the share of a normal moderator's distribution that lies in the region."""
        if self.everywhere is not None:
            return float(self.everywhere)
        limits = np.array([self.lower, self.upper]) / sd
        inside = float(np.diff(special.ndtr(limits))[0])
        return inside if self.between else 1.0 - inside


def johnson_neyman(moderation: Moderation, significance: float = 0.05) -> Region:
    r"""Find where a slope is significant [johnson1936]_.

    Parameters
    ----------
    moderation : Moderation
        The slope as a function of the moderator.
    significance : float
        Level of the two-tailed test.

    Returns
    -------
    Region

    Notes
    -----
    The bounds are the roots of :math:`(b + b_3 z)^2 = c^2 (v + 2 z\,cov + z^2 v_3)`, c the critical
    value. Where the leading coefficient is negative, which is where :math:`b_3` itself is not
    significant, the region lies between them [bauer2005]_.
    """
    critical = float(special.ndtri(significance / 2)) ** 2
    m = moderation
    a = m.b_product**2 - critical * m.variance_product
    half = m.b * m.b_product - critical * m.covariance
    c = m.b**2 - critical * m.variance
    discriminant = half**2 - a * c
    if a == 0 and half != 0:
        bound = -c / (2 * half)
        limits = (-np.inf, bound) if half > 0 else (bound, np.inf)
        return Region(float(limits[0]), float(limits[1]), between=False)
    if discriminant <= 0:
        nothing = float("nan")
        return Region(nothing, nothing, between=False, everywhere=bool(c > 0))
    root = np.sqrt(discriminant)
    # The root of larger size first; the other from their product, so that nothing cancels.
    large = -(half + np.copysign(root, half))
    roots = sorted((large / a, c / large if large else 0.0))
    return Region(float(roots[0]), float(roots[1]), between=a < 0)
