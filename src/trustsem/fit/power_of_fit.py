"""How likely does a test of fit find what there is? Power from the RMSEA, in closed form.

The misfit of a model is given as a root mean square error of approximation; the statistic N - 1 (or
N) times F then has a noncentral chi-square distribution. Nothing here needs data or a model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from trustsem.arrays import Floats
from trustsem.errors import SpecificationError, UnknownOptionError

Multiplier = Literal["n-1", "n"]
MULTIPLIERS: tuple[str, ...] = get_args(Multiplier)

MOST_CASES = 10_000_000
"""Sample sizes beyond which none is searched for."""
FIT_TESTS = {"close": (0.05, 0.08), "not_close": (0.05, 0.01), "exact": (0.0, 0.05)}
"""RMSEA under the hypothesis and in truth, by the test: the pairs of MacCallum et al. (1996)."""


def rmsea_power(
    *,
    df: ArrayLike,
    n: ArrayLike,
    rmsea0: ArrayLike = 0.05,
    rmsea1: ArrayLike = 0.08,
    alpha: float = 0.05,
    groups: int = 1,
    multiplier: Multiplier = "n-1",
) -> float | Floats:
    r"""Compute the power of a test of a model's fit.

    Parameters
    ----------
    df : int or array_like
        Degrees of freedom of the model.
    n : int or array_like
        Cases, over all groups.
    rmsea0, rmsea1 : float or array_like
        RMSEA under the tested hypothesis and in truth. With ``rmsea1`` above ``rmsea0`` the
        hypothesis is that fit is as good as ``rmsea0`` (0: exact fit, .05: close fit) and is
        rejected where chi-square is large; with ``rmsea1`` below, that it is as bad, and is
        rejected where chi-square is small (test of not-close fit).
    alpha : float
        Level of the test.
    groups : int
        Number of groups; RMSEA counts as :math:`\sqrt{G} \sqrt{F / df}` [steiger1998]_.
    multiplier : {"n-1", "n"}
        What F is multiplied with to give chi-square: N - 1 as in the article, or N.

    Returns
    -------
    float, or ndarray where an argument is an array
        A probability.

    Raises
    ------
    SpecificationError
        If a number cannot be meant: no degrees of freedom, a negative or the same RMSEA twice.

    Notes
    -----
    Noncentrality :math:`\lambda = (N - 1)\, df\, \varepsilon^2 / G`.

    References
    ----------
    MacCallum et al. (1996) [maccallum1996]_.

    Examples
    --------
    >>> round(rmsea_power(df=100, n=200), 3)
    0.955
    """
    given = _arrays(df=df, n=n, rmsea0=rmsea0, rmsea1=rmsea1)
    _require_test(given, alpha, groups)
    size = _size(given["n"], multiplier)
    before, truth = (
        size * given["df"] * given[name] ** 2 / groups for name in ("rmsea0", "rmsea1")
    )
    return _plain(_rejected(given["df"], before, truth, alpha))


def rmsea_sample_size(
    *,
    df: int,
    power: float = 0.80,
    rmsea0: float = 0.05,
    rmsea1: float = 0.08,
    alpha: float = 0.05,
    groups: int = 1,
    multiplier: Multiplier = "n-1",
) -> int:
    """Find the smallest number of cases with which a test of fit has a power.

    Parameters
    ----------
    df : int
        Degrees of freedom of the model.
    power : float
        Wanted probability of a rejection, above ``alpha`` and below 1.
    rmsea0, rmsea1, alpha : float
        As in :func:`rmsea_power`.
    groups : int
        Number of groups.
    multiplier : {"n-1", "n"}
        What F is multiplied with to give chi-square.

    Returns
    -------
    int
        Cases over all groups.

    Raises
    ------
    SpecificationError
        If a number cannot be meant, or no sample size up to 10 million has the power.

    References
    ----------
    MacCallum et al. (1996) [maccallum1996]_.

    Examples
    --------
    >>> rmsea_sample_size(df=100)
    132
    """

    def reached(n: int) -> float:
        return float(
            rmsea_power(
                df=df, n=n, rmsea0=rmsea0, rmsea1=rmsea1, alpha=alpha, groups=groups,
                multiplier=multiplier,
            )
        )  # fmt: skip

    return _smallest(reached, power, alpha)


def rmsea_power_nested(
    *,
    df_a: ArrayLike,
    df_b: ArrayLike,
    n: ArrayLike,
    rmsea_a: ArrayLike = 0.06,
    rmsea_b: ArrayLike = 0.05,
    alpha: float = 0.05,
    groups: int = 1,
    multiplier: Multiplier = "n-1",
) -> float | Floats:
    r"""Compute the power to tell two nested models apart by their chi-square difference.

    Parameters
    ----------
    df_a, df_b : int or array_like
        Degrees of freedom of the restricted model and of the one that it is nested in.
    n : int or array_like
        Cases, over all groups.
    rmsea_a, rmsea_b : float or array_like
        Their RMSEA in truth.
    alpha : float
        Level of the test.
    groups : int
        Number of groups.
    multiplier : {"n-1", "n"}
        What F is multiplied with to give chi-square.

    Returns
    -------
    float, or ndarray where an argument is an array
        Probability that the hypothesis of no difference is rejected.

    Raises
    ------
    SpecificationError
        If a number cannot be meant, or the restricted model would fit better than the other.

    Notes
    -----
    The difference has noncentrality
    :math:`(N - 1)(df_A \varepsilon_A^2 - df_B \varepsilon_B^2) / G`.

    References
    ----------
    MacCallum et al. (2006) [maccallum2006]_.

    Examples
    --------
    >>> round(rmsea_power_nested(df_a=22, df_b=20, n=200, rmsea_a=0.06, rmsea_b=0.04), 3)
    0.789
    """
    given = _arrays(df_a=df_a, df_b=df_b, n=n, rmsea_a=rmsea_a, rmsea_b=rmsea_b)
    _require_level(alpha, groups)
    _require(given, "df_b", least=0.0)
    _require(given, "rmsea_a", least=0.0)
    _require(given, "rmsea_b", least=0.0)
    _require(given, "n", least=2.0)
    df = given["df_a"] - given["df_b"]
    gap = given["df_a"] * given["rmsea_a"] ** 2 - given["df_b"] * given["rmsea_b"] ** 2
    if (df <= 0).any():
        raise SpecificationError(
            "The restricted model has more degrees of freedom: df_a must be larger than df_b."
        )
    if (gap < 0).any():
        raise SpecificationError(
            "A restricted model cannot have less misfit (df times squared RMSEA) than the model "
            "that it is nested in.",
            remedy="Raise rmsea_a or lower rmsea_b.",
        )
    truth = _size(given["n"], multiplier) * gap / groups
    return _plain(_rejected(df, np.zeros_like(truth), truth, alpha))


def rmsea_sample_size_nested(
    *,
    df_a: int,
    df_b: int,
    power: float = 0.80,
    rmsea_a: float = 0.06,
    rmsea_b: float = 0.05,
    alpha: float = 0.05,
    groups: int = 1,
    multiplier: Multiplier = "n-1",
) -> int:
    """Find the smallest number of cases with which two nested models are told apart.

    Parameters
    ----------
    df_a, df_b : int
        Degrees of freedom of the restricted model and of the one that it is nested in.
    power : float
        Wanted probability of a rejection, above ``alpha`` and below 1.
    rmsea_a, rmsea_b : float
        Their RMSEA in truth.
    alpha : float
        Level of the test.
    groups : int
        Number of groups.
    multiplier : {"n-1", "n"}
        What F is multiplied with to give chi-square.

    Returns
    -------
    int
        Cases over all groups.

    Raises
    ------
    SpecificationError
        If a number cannot be meant, or no sample size up to 10 million has the power.

    References
    ----------
    MacCallum et al. (2006) [maccallum2006]_.
    """

    def reached(n: int) -> float:
        return float(
            rmsea_power_nested(
                df_a=df_a, df_b=df_b, n=n, rmsea_a=rmsea_a, rmsea_b=rmsea_b, alpha=alpha,
                groups=groups, multiplier=multiplier,
            )
        )  # fmt: skip

    return _smallest(reached, power, alpha)


def _rejected(df: Floats, before: Floats, truth: Floats, alpha: float) -> Floats:
    """Return the probability of a rejection, from both noncentralities."""
    df, before, truth = np.broadcast_arrays(df, before, truth)
    upward = truth >= before
    critical = np.where(upward, _quantile(1 - alpha, df, before), _quantile(alpha, df, before))
    below = np.where(truth > 0, special.chndtr(critical, df, truth), special.chdtr(df, critical))
    return np.asarray(np.where(upward, 1 - below, below))


def _quantile(probability: float, df: Floats, noncentrality: Floats) -> Floats:
    """Return the value of a noncentral chi-square below which a share of it lies."""
    central = special.chdtri(df, 1 - probability)
    found = special.chndtrix(probability, df, np.where(noncentrality > 0, noncentrality, 1.0))
    return np.asarray(np.where(noncentrality > 0, found, central))


def _smallest(reached: Callable[[int], float], power: float, alpha: float) -> int:
    """Return the smallest n from which on a power is reached; power grows with n."""
    if not alpha < power < 1:
        raise SpecificationError(
            f"The wanted power lies above alpha ({alpha:g}) and below 1, got {power!r}."
        )
    low, high = 1, 2
    while reached(high) < power:
        low, high = high, 2 * high
        if high > MOST_CASES:
            raise SpecificationError(
                f"No sample of up to {MOST_CASES:,} cases has a power of {power:g}.",
                remedy="The two values of RMSEA hardly differ; compare values further apart.",
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= power else (middle, high)
    return high


def _arrays(**values: ArrayLike) -> dict[str, Floats]:
    """Return numbers as arrays, or say which is none."""
    found = {}
    for name, value in values.items():
        try:
            found[name] = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise SpecificationError(f"{name} must be a number, got {value!r}.") from None
        if not np.isfinite(found[name]).all():
            raise SpecificationError(f"{name} must be a finite number, got {value!r}.")
    return found


def _require_test(given: dict[str, Floats], alpha: float, groups: int) -> None:
    """Refuse what is no test of fit."""
    _require_level(alpha, groups)
    _require(given, "df", least=1.0)
    _require(given, "n", least=2.0)
    for name in ("rmsea0", "rmsea1"):
        _require(given, name, least=0.0)
    if (given["rmsea0"] == given["rmsea1"]).any():
        raise SpecificationError(
            "rmsea0 and rmsea1 are the same: the test then has the power alpha whatever n.",
            remedy="Give the RMSEA that is tested, and another one that is true.",
        )


def _require(given: dict[str, Floats], name: str, *, least: float) -> None:
    """Refuse a number below its least value."""
    if (given[name] < least).any():
        raise SpecificationError(f"{name} must be at least {least:g}, got {given[name].min():g}.")


def _require_level(alpha: float, groups: int) -> None:
    """Refuse a level that is no probability, and a number of groups that is none."""
    if not (isinstance(alpha, int | float) and math.isfinite(alpha) and 0 < alpha < 1):
        raise SpecificationError(f"alpha lies between 0 and 1, got {alpha!r}.")
    if isinstance(groups, bool) or not isinstance(groups, int | np.integer) or groups < 1:
        raise SpecificationError(f"groups is a whole number from 1 on, got {groups!r}.")


def _size(n: Floats, multiplier: str) -> Floats:
    """Return what F is multiplied with."""
    if multiplier not in MULTIPLIERS:
        raise UnknownOptionError(str(multiplier), MULTIPLIERS, kind="multiplier")
    return n - 1 if multiplier == "n-1" else n


def _plain(values: Floats) -> float | Floats:
    """Return a single number as a float."""
    return float(values) if values.ndim == 0 else values
