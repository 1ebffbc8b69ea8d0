"""What do simulated samples say, and how exactly? Shares, bias, coverage, sample sizes.

Every number comes with its Monte-Carlo error: its standard deviation over repetitions of the whole
simulation with other seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from trustsem.arrays import Flags, Floats

Sign = Literal["+", "-", "any"]
LEVEL = 0.95
"""Confidence level of the intervals whose coverage is counted."""
_STEPS = 50
_FEW = 2
_LARGEST = 8.0


@dataclass(frozen=True, slots=True)
class Summary:
    """Estimates of one quantity over samples, each number with its Monte-Carlo error.

    Parameters
    ----------
    n_used : int
        Samples in which the quantity has an estimate and a standard error.
    mean, bias, bias_error : float
        Mean of the estimates, and how far it is from the population; in its units.
    relative_bias, relative_bias_error : float
        The same in parts of the population value; NaN where that is 0.
    coverage, coverage_error : float
        Share of the 95 % intervals that hold the population value.
    mean_se, mean_se_error : float
        Mean of the standard errors.
    sd, sd_error : float
        Standard deviation of the estimates, which the standard errors estimate.
    """

    n_used: int
    mean: float
    bias: float
    bias_error: float
    relative_bias: float
    relative_bias_error: float
    coverage: float
    coverage_error: float
    mean_se: float
    mean_se_error: float
    sd: float
    sd_error: float


def summarise(values: Floats, errors: Floats, population: float) -> Summary:
    """Summarise the estimates of one quantity [muthen2002power]_.

    Parameters
    ----------
    values, errors : ndarray, shape (n,)
        Estimates and standard errors; NaN where there is none.
    population : float
        What they estimate.
    """
    exists = np.isfinite(values) & np.isfinite(errors)
    est, se = values[exists], errors[exists]
    n = len(est)
    if n < _FEW:
        nothing = float("nan")
        return Summary(n, *([nothing] * 11))
    sd = float(est.std(ddof=1))
    bias, bias_error = float(est.mean() - population), sd / np.sqrt(n)
    size = abs(population) if population else float("nan")
    reach = float(special.ndtri((1 + LEVEL) / 2))
    coverage, coverage_error = share(np.abs(est - population) <= reach * se)
    return Summary(
        n_used=n,
        mean=float(est.mean()),
        bias=bias,
        bias_error=float(bias_error),
        relative_bias=bias / population if population else float("nan"),
        relative_bias_error=float(bias_error) / size,
        coverage=coverage,
        coverage_error=coverage_error,
        mean_se=float(se.mean()),
        mean_se_error=float(se.std(ddof=1) / np.sqrt(n)),
        sd=sd,
        sd_error=sd / float(np.sqrt(2 * (n - 1))),
    )


def share(met: Flags) -> tuple[float, float]:
    """Return the share of samples in which something is so, and its Monte-Carlo error."""
    n = len(met)
    if not n:
        return float("nan"), float("nan")
    p = float(np.mean(met))
    return p, float(np.sqrt(p * (1 - p) / n))


def supported(values: Floats, errors: Floats, sign: Sign, tails: int, alpha: float) -> Flags:
    """Return in which samples a hypothesis is supported: expected sign, and significant.

    Parameters
    ----------
    values, errors : ndarray, shape (...)
        Estimates and standard errors.
    sign : {"+", "-", "any"}
        Expected direction.
    tails : {1, 2}
        Tails of the test.
    alpha : float
        Level of the test.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        z = values / errors
        critical = -float(special.ndtri(alpha / tails))
        if sign == "any":
            return np.asarray(np.abs(z) > critical)
        return np.asarray((z if sign == "+" else -z) > critical)


def normal_power(delta: ArrayLike, sign: Sign, tails: int, alpha: float) -> Floats:
    """Return the probability that a hypothesis is supported, by large-sample theory.

    Parameters
    ----------
    delta : array_like
        Population value in standard errors.
    sign : {"+", "-", "any"}
        Expected direction.
    tails : {1, 2}
        Tails of the test.
    alpha : float
        Level of the test.
    """
    d = np.asarray(delta, dtype=float)
    critical = -float(special.ndtri(alpha / tails))
    above, below = special.ndtr(d - critical), special.ndtr(-d - critical)
    return np.asarray({"+": above, "-": below, "any": above + below}[sign])


def cases_needed(
    delta: float, goal: float, *, sign: Sign, tails: int, alpha: float, most: int
) -> float:
    """Return the smallest whole multiple of a unit of cases that has a power, by the same theory.

    Parameters
    ----------
    delta : float
        Population value in standard errors of a sample whose chi-square multiplier is 1.
    goal : float
        Wanted power.
    sign : {"+", "-", "any"}
        Expected direction.
    tails : {1, 2}
        Tails of the test.
    alpha : float
        Level of the test.
    most : int
        Where the search ends.

    Returns
    -------
    float
        NaN where no number up to ``most`` will do.
    """

    def reached(n: int) -> bool:
        return bool(normal_power(delta * np.sqrt(n), sign, tails, alpha) >= goal)

    if not np.isfinite(delta) or not reached(most):
        return float("nan")
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return float(high)


@dataclass(frozen=True, slots=True)
class SizeForPower:
    """The number of cases at which a share of samples reaches a goal.

    Parameters
    ----------
    n, n_error : float
        The number and its Monte-Carlo error; NaN where the samples do not tell.
    inside : bool
        Whether it lies among the sizes that were simulated.
    """

    n: float
    n_error: float
    inside: bool


def size_for_power(sizes: Floats, met: Floats, totals: Floats, goal: float) -> SizeForPower:
    r"""Find where shares that grow with the number of cases reach a goal.

    Parameters
    ----------
    sizes : ndarray, shape (k,)
        Numbers of cases.
    met, totals : ndarray, shape (k,)
        In how many of how many samples of each size it was so.
    goal : float
        Wanted share.

    Notes
    -----
    For the test of one parameter :math:`\Phi^{-1}(power)` is a straight line in :math:`\sqrt N` for
    large samples. The line is fitted to all sizes by maximum likelihood, and the error of N follows
    from that of the line. Of events that several tests make up the line is an approximation, best
    near the sizes that were simulated.
    """
    x = np.sqrt(np.asarray(sizes, dtype=float))
    nothing = SizeForPower(float("nan"), float("nan"), False)
    p = met / totals
    if len(x) < _FEW or (p == 0).all() or (p == 1).all():
        return nothing
    X = np.column_stack([np.ones_like(x), (x - x.mean()) / x.std()])
    coef, information = _probit(X, met, totals)
    if coef[1] <= 0 or not np.isfinite(coef).all():
        return nothing
    target = float(special.ndtri(goal))
    at = (target - coef[0]) / coef[1]
    root = at * x.std() + x.mean()
    if root <= 0:
        return nothing
    gradient = np.array([-1 / coef[1], -at / coef[1]]) * x.std()
    variance = float(gradient @ np.linalg.pinv(information) @ gradient)
    n = root**2
    error = 2 * root * float(np.sqrt(max(variance, 0.0)))
    return SizeForPower(float(n), error, bool(sizes.min() <= n <= sizes.max()))


def _probit(X: Floats, met: Floats, totals: Floats) -> tuple[Floats, Floats]:
    """Fit a probit regression of counts by Fisher scoring; return coefficients and information."""
    adjusted = (met + 0.5) / (totals + 1)
    coef = np.linalg.lstsq(X, special.ndtri(adjusted), rcond=None)[0]
    information = np.eye(X.shape[1])
    for _ in range(_STEPS):
        eta = np.clip(X @ coef, -_LARGEST, _LARGEST)
        p = special.ndtr(eta)
        density = np.exp(-(eta**2) / 2) / np.sqrt(2 * np.pi)
        spread = np.maximum(p * special.ndtr(-eta), 1e-15)
        weights = totals * density**2 / spread
        score = X.T @ (density * (met - totals * p) / spread)
        information = (X.T * weights) @ X + 1e-9 * np.eye(X.shape[1])
        step = np.linalg.solve(information, score)
        coef = coef + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:  # noqa: PLR2004 - converged
            break
    return np.asarray(coef, dtype=float), np.asarray(information)
