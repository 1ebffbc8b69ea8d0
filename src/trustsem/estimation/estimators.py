"""The estimators: each a discrepancy, the spread of its moments, and what its minimum tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trustsem.arrays import Floats
from trustsem.discrepancy import (
    Criterion,
    GeneralizedLeastSquares,
    IncompleteLikelihood,
    MaximumLikelihood,
    WeightedLeastSquares,
)
from trustsem.errors import MomentsError
from trustsem.moments import (
    Divisor,
    FreeSpread,
    NormalSpread,
    SampleMoments,
    Spread,
    distribution_free_weights,
)


@dataclass(frozen=True, slots=True)
class Estimator:
    """One way to estimate.

    Parameters
    ----------
    name : str
        Name of the option ``estimator``.
    title : str
        What it is called in a text.
    criterion : callable
        Forms the discrepancy from one group's sample, whether means count, and the names of fixed
        covariates.
    spread : callable
        Forms the sampling covariance of the moments from a sample and the fixed covariates.
    likelihood : bool
        Whether F is a log-likelihood, so that there are information criteria and a choice of
        divisor. Least squares analyse the covariance matrix with divisor N-1.
    efficient : bool
        Whether F weights moments by the inverse of their spread. If so, the minimum itself is the
        chi-square and the inverse information the covariance of the estimates; if not, both need
        the spread.
    baseline : str
        Estimator by which the baseline model is fitted.
    from_moments : callable or None
        Forms the discrepancy from covariance matrices and means alone, also from stacks of them;
        None where the weights come from the cases.
    search : str
        Estimator by whose discrepancy a wide search looks for minima; empty for its own.
    """

    name: str
    title: str
    criterion: Callable[[SampleMoments, bool, Sequence[str]], Criterion]
    spread: Callable[[SampleMoments, Sequence[str]], Spread]
    likelihood: bool = False
    efficient: bool = True
    baseline: str = ""
    from_moments: Callable[[Floats, Floats | None], Criterion] | None = None
    search: str = ""

    def divisor(self, likelihood: str) -> Divisor:
        """Return what sums of squares are divided by."""
        return "n" if self.likelihood and likelihood == "normal" else "n-1"


def _maximum_likelihood(sample: SampleMoments, means: bool, covariates: Sequence[str]) -> Criterion:
    del covariates  # their residuals vanish
    return MaximumLikelihood.of(sample.cov, sample.mean if means else None)


def _incomplete(sample: SampleMoments, means: bool, covariates: Sequence[str]) -> Criterion:
    del covariates  # their cases are complete, and their residuals vanish
    if sample.patterns is None or sample.mean is None or not means:
        raise MomentsError(
            "The likelihood of incomplete cases needs raw data and a model with means.",
            remedy="Give data, and leave out meanstructure=False.",
        )
    return IncompleteLikelihood.of(sample.patterns, sample.cov, sample.mean)


def _generalized(sample: SampleMoments, means: bool, covariates: Sequence[str]) -> Criterion:
    del covariates
    return GeneralizedLeastSquares.of(sample.cov, sample.mean if means else None)


def _unweighted(sample: SampleMoments, means: bool, covariates: Sequence[str]) -> Criterion:
    del covariates
    return WeightedLeastSquares.unweighted(sample.cov, sample.mean if means else None)


def _distribution_free(sample: SampleMoments, means: bool, covariates: Sequence[str]) -> Criterion:
    W = distribution_free_weights(sample, means=means, covariates=covariates)
    return WeightedLeastSquares.weighted(sample.cov, sample.mean if means else None, W)


ESTIMATORS = {
    estimator.name: estimator
    for estimator in (
        Estimator(
            "ML",
            "maximum likelihood",
            _maximum_likelihood,
            NormalSpread.of,
            likelihood=True,
            baseline="ML",
            from_moments=MaximumLikelihood.of,
        ),
        Estimator(
            "FIML",
            "full-information maximum likelihood",
            _incomplete,
            NormalSpread.of,
            likelihood=True,
            baseline="FIML",
            search="ML",  # of the saturated moments: nearly the same minima at little cost
        ),
        Estimator(
            "GLS",
            "generalized least squares",
            _generalized,
            NormalSpread.of,
            baseline="GLS",
            from_moments=GeneralizedLeastSquares.of,
        ),
        Estimator(
            "ULS",
            "unweighted least squares",
            _unweighted,
            NormalSpread.of,
            efficient=False,
            baseline="GLS",
            from_moments=WeightedLeastSquares.unweighted,
        ),
        Estimator(
            "WLS",
            "distribution-free weighted least squares",
            _distribution_free,
            FreeSpread.of,
            baseline="WLS",
        ),
    )
}
"""All estimators by name."""
