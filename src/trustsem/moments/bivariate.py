"""Probabilities of the bivariate normal distribution, on stacks."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from trustsem.arrays import Floats

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_SMOOTH = 0.75
_SMOOTH_RULE = np.polynomial.legendre.leggauss(12)
"""Nodes and weights that suffice below this correlation [genz2004]_."""
_STEEP = 0.925
"""Correlation beyond which the integral is taken from 1 downwards."""
_UNDERFLOW = -700.0


def lower_probability(h: Floats, k: Floats, rho: Floats) -> Floats:
    r"""Compute P(X <= h, Y <= k) of standard normal variables with correlation rho.

    Parameters
    ----------
    h, k, rho : ndarray
        Finite numbers, of shapes that broadcast; :math:`|\rho| < 1`.

    Returns
    -------
    ndarray
        With an absolute error of about 1e-15.

    Notes
    -----
    The density is the derivative of the probability in the correlation. Integrating it from 0 to
    rho on the scale of the angle [drezner1990]_ is smooth for moderate correlations; near 1 the
    integral runs from 1 downwards, and what is steep in it is integrated in closed form
    [genz2004]_.
    """
    h, k, rho = np.broadcast_arrays(h, k, rho)
    steep = np.abs(rho) >= _STEEP
    result = _from_independence(h, k, np.where(steep, 0.0, rho))
    if steep.any():
        result[steep] = _from_dependence(h[steep], k[steep], rho[steep])
    return result


def density(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Return the density, which is also the derivative of the probability in rho."""
    free = (1 - rho) * (1 + rho)
    exponent = -(h * h + k * k - 2 * rho * h * k) / (2 * free)
    return np.asarray(np.exp(exponent) / (2 * np.pi * np.sqrt(free)))


def density_slope(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Return the derivative of the log-density in rho."""
    free = (1 - rho) * (1 + rho)
    return np.asarray(rho / free + (h - rho * k) * (k - rho * h) / free**2)


def _from_independence(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Integrate the density over the angle from 0 to arcsin(rho)."""
    half = np.arcsin(rho) / 2
    squares, product = (h * h + k * k) / 2, h * k
    total = np.zeros(h.shape)
    smooth = np.abs(rho).max(initial=0.0) < _SMOOTH
    for node, weight in zip(*(_SMOOTH_RULE if smooth else (_NODES, _WEIGHTS)), strict=True):
        sine = np.sin(half * (1 + node))
        total += weight * np.exp((product * sine - squares) / ((1 - sine) * (1 + sine)))
    return np.asarray(ndtr(h) * ndtr(k) + half * total / (2 * np.pi))


def _from_dependence(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Integrate from perfect dependence; a negative correlation is that of (X, -Y)."""
    positive = rho > 0
    # P(X <= h, Y <= k) = P(X <= h) - P(X <= h, -Y <= -k)
    turned = np.where(positive, k, -k)
    joint = ndtr(np.minimum(h, turned)) - _missing_mass(h, turned, np.abs(rho))
    return np.asarray(np.where(positive, joint, ndtr(h) - joint))


def _missing_mass(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Return the integral of the density over correlations from rho to 1.

    With s the correlation and x = sqrt(1 - s^2), the density times ds/dx is
    ``exp(-(h-k)^2 / 2x^2) g(x)``, g smooth: its first terms are integrated exactly.
    """
    square = (1 - rho) * (1 + rho)
    end = np.sqrt(square)
    gap, product = np.abs(h - k), h * k
    c, d = (4 - product) / 8, (12 - product) / 16
    level = np.exp(-product / 2)
    scaled = gap * gap
    edge = np.exp(np.maximum(-scaled / (2 * square) - product / 2, _UNDERFLOW))
    first = 1 - c * (scaled - square) * (1 - d * scaled / 5) / 3 + c * d * square**2 / 5
    total = end * edge * first
    tail = np.sqrt(2 * np.pi) * ndtr(-gap / end)
    total -= level * tail * gap * (1 - c * scaled * (1 - d * scaled / 5) / 3)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        x = end * (1 + node) / 2
        s = np.sqrt((1 - x) * (1 + x))
        steep = -scaled / (2 * x * x)
        exact = np.exp(np.maximum(steep - product / (1 + s), _UNDERFLOW)) / s
        near = np.exp(np.maximum(steep - product / 2, _UNDERFLOW))
        series = near * (1 + c * x * x * (1 + d * x * x))
        total += weight * end / 2 * (exact - series)
    return np.asarray(total / (2 * np.pi))
