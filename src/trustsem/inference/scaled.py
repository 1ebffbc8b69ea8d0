"""Test statistics that hold without normality: scaled, adjusted, shifted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trustsem.estimation import Estimate
from trustsem.inference.casewise import (
    group_cases,
    meat_matrix,
    residual_trace,
    residual_traces,
    saturated_trace,
)
from trustsem.inference.distributions import chi_square_above
from trustsem.inference.information import estimate_covariance

_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class ScaledTest:
    """A corrected test statistic.

    Parameters
    ----------
    name : str
        Which correction, by the word of option ``test``.
    chisq, df : float
        The statistic and its degrees of freedom, which need not be whole.
    factor : float
        What the uncorrected statistic is divided by.
    mean_factor : float
        The statistic's mean under the model over its df: the factor that corrects the mean alone;
        1 for a saturated model.
    shift : float
        What is added after the division; 0 unless the test is shifted.
    factor_h0, factor_h1 : float
        Scaling factors of the two log-likelihoods; NaN where the test does not use them.
    """

    name: str
    chisq: float
    df: float
    factor: float
    mean_factor: float
    shift: float = 0.0
    factor_h0: float = _NAN
    factor_h1: float = _NAN

    @property
    def pvalue(self) -> float:
        """Probability of a statistic as large; NaN for a saturated model."""
        return chi_square_above(self.chisq, self.df)


def scaled_test(
    estimate: Estimate, df: int, name: str, information: str = "expected"
) -> ScaledTest:
    """Correct the chi-square of a solution.

    Parameters
    ----------
    estimate : Estimate
        A maximum-likelihood solution from raw data.
    df : int
        Degrees of freedom of the model.
    name : str
        A key of :data:`SCALED_TESTS`.
    information : {"expected", "observed", "first.order"}
        Information of the Yuan-Bentler tests; the others rest on the expected one by definition.

    Notes
    -----
    Satorra & Bentler (1994) [satorra1994]_: T / c with c = tr(U Gamma)/df, or df adjusted, too;
    Asparouhov & Muthén (2010) [asparouhov2010]_: scaled and shifted, df as it is; Yuan & Bentler
    (2000) [yuan2000]_: c from the traces of saturated model and model, the first with moments
    as implied or (Mplus) as observed [asparouhov2005]_.
    """
    chisq = estimate.chisq
    if df == 0:
        return ScaledTest(name, chisq, 0.0, _NAN, 1.0)
    return SCALED_TESTS[name](estimate, chisq, df, information)


def _bread(estimate: Estimate, information: str) -> np.ndarray:
    """Return the inverse information per case."""
    return estimate_covariance(estimate, information).matrix * estimate.problem.weight


def test_of_traces(name: str, chisq: float, df: int, first: float, second: float) -> ScaledTest:
    """Correct a statistic whose quadratic form UG has these traces.

    Parameters
    ----------
    name : {"satorra.bentler", "mean.var.adjusted", "scaled.shifted"}
        Which correction.
    chisq, df : float
        The statistic and its degrees of freedom.
    first, second : float
        tr(UG) and tr((UG)^2); the second is not used where only the mean is corrected.
    """
    if df == 0:
        return ScaledTest(name, chisq, 0.0, _NAN, 1.0)
    mean_factor = first / df
    if name == "satorra.bentler":
        return ScaledTest(name, chisq / mean_factor, df, mean_factor, mean_factor)
    if name == "mean.var.adjusted":
        factor = second / first
        return ScaledTest(name, chisq / factor, first / factor, factor, mean_factor)
    factor = float(np.sqrt(second / df))
    shift = df - first / factor
    return ScaledTest(name, chisq / factor + shift, df, factor, mean_factor, shift)


def _satorra_bentler(estimate: Estimate, chisq: float, df: int, _: str) -> ScaledTest:
    first = residual_trace(estimate.problem, estimate.params, _bread(estimate, "expected"))
    return test_of_traces("satorra.bentler", chisq, df, first, _NAN)


def _mean_var_adjusted(estimate: Estimate, chisq: float, df: int, _: str) -> ScaledTest:
    traces = residual_traces(estimate.problem, estimate.params, _bread(estimate, "expected"))
    return test_of_traces("mean.var.adjusted", chisq, df, traces.first, traces.second)


def _scaled_shifted(estimate: Estimate, chisq: float, df: int, _: str) -> ScaledTest:
    traces = residual_traces(estimate.problem, estimate.params, _bread(estimate, "expected"))
    return test_of_traces("scaled.shifted", chisq, df, traces.first, traces.second)


def _yuan_bentler(estimate: Estimate, chisq: float, df: int, information: str) -> ScaledTest:
    cases = group_cases(estimate.problem, estimate.params)
    saturated = sum(group.weighted_trace(group.W) for group in cases)
    meat = meat_matrix(estimate.problem, estimate.params, centred=True)
    trace = float(np.einsum("ij,ji->", _bread(estimate, information), meat))
    return _from_traces("yuan.bentler", estimate, (chisq, df), saturated, trace)


def _yuan_bentler_mplus(estimate: Estimate, chisq: float, df: int, information: str) -> ScaledTest:
    saturated = saturated_trace(estimate.problem, estimate.params, information)
    meat = meat_matrix(estimate.problem, estimate.params, centred=False)
    trace = float(np.einsum("ij,ji->", _bread(estimate, information), meat))
    return _from_traces("yuan.bentler.mplus", estimate, (chisq, df), saturated, trace)


def _from_traces(
    name: str, estimate: Estimate, plain: tuple[float, int], saturated: float, trace: float
) -> ScaledTest:
    """Return the test whose factor is the difference of the models' two traces over df."""
    chisq, df = plain
    c = (saturated - trace) / df
    return ScaledTest(
        name,
        chisq / c,
        df,
        c,
        c,
        factor_h0=trace / estimate.problem.table.n_free,
        factor_h1=saturated / estimate.problem.n_moments,
    )


SCALED_TESTS: dict[str, Callable[[Estimate, float, int, str], ScaledTest]] = {
    "satorra.bentler": _satorra_bentler,
    "yuan.bentler": _yuan_bentler,
    "yuan.bentler.mplus": _yuan_bentler_mplus,
    "mean.var.adjusted": _mean_var_adjusted,
    "scaled.shifted": _scaled_shifted,
}
"""Corrected tests by the word of option ``test``: a further one is a function and a line here."""
