"""The estimators: each a discrepancy, the spread of its moments, and what its minimum tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats, invert_positive
from trustsem.discrepancy import (
    Criterion,
    GeneralizedLeastSquares,
    IncompleteLikelihood,
    MaximumLikelihood,
    VectorLeastSquares,
    WeightedLeastSquares,
    Weights,
)
from trustsem.errors import (
    InferenceError,
    MomentsError,
    NotPositiveDefiniteError,
    TooFewObservationsError,
)
from trustsem.moments import (
    Divisor,
    FreeSpread,
    NormalSpread,
    OrdinalMoments,
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
    corrected : bool
        Whether the minimum and the inverse information are given nevertheless, for standard errors
        and tests that correct them by the spread (``robust.sem``, ``scaled.shifted``).
    unit_free : bool
        Whether F does not depend on the units of the items.
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
    corrected: bool = False
    unit_free: bool = True
    baseline: str = ""
    from_moments: Callable[[Floats, Floats | None], Criterion] | None = None
    search: str = ""

    @property
    def naive(self) -> bool:
        """Whether the minimum and the inverse information are given as they are."""
        return self.efficient or self.corrected

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


def _diagonally_weighted(
    sample: SampleMoments, means: bool, covariates: Sequence[str]
) -> Criterion:
    G = np.diag(FreeSpread.of(sample, covariates).matrix)
    G = G if means else G[len(sample.names) :]
    values = np.where(G > 0, 1 / np.where(G > 0, G, 1.0), 0.0)
    weights = Weights(values, True, len(sample.names) if means else 0)
    return WeightedLeastSquares(sample.cov, sample.mean if means else None, weights)


def ordinal_criterion(moments: OrdinalMoments, estimator: str) -> VectorLeastSquares:
    """Return the discrepancy from the moments of a group with ordered items.

    Parameters
    ----------
    moments : OrdinalMoments
        The group's moments.
    estimator : {"DWLS", "ULSM", "WLS"}
        Weights: the inverse variances of the moments, none, or the inverse of their covariance
        matrix [muthen1984]_.

    Raises
    ------
    TooFewObservationsError
        If the full weight matrix has more rows than there are cases.
    NotPositiveDefiniteError
        If it does not exist.
    """
    s, G = moments.vector, moments.spread
    if estimator == "ULSM":
        return VectorLeastSquares(s, Weights(np.ones(len(s)), True, 0))
    if estimator == "DWLS":
        return VectorLeastSquares(s, Weights(1 / np.diag(G), True, 0))
    if estimator != "WLS":
        raise InferenceError(f"Estimator {estimator} knows no ordered items.")
    if moments.n_obs <= len(s):
        what = f"a weight matrix for {len(s)} moments"
        raise TooFewObservationsError(moments.n_obs, len(s) + 1, what)
    inverse = invert_positive(G)
    if not inverse.positive:
        raise NotPositiveDefiniteError(
            "covariance matrix of the moments",
            reason="Pairs of items have too few or rare answers; WLSMV needs its diagonal only.",
        )
    return VectorLeastSquares(s, Weights(inverse.matrix, False, 0))


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
            unit_free=False,
            baseline="GLS",
            from_moments=WeightedLeastSquares.unweighted,
        ),
        Estimator(
            "ULSM",
            "unweighted least squares",
            _unweighted,
            FreeSpread.of,
            efficient=False,
            corrected=True,
            unit_free=False,
            baseline="ULSM",
            from_moments=WeightedLeastSquares.unweighted,
        ),
        Estimator(
            "DWLS",
            "diagonally weighted least squares",
            _diagonally_weighted,
            FreeSpread.of,
            efficient=False,
            corrected=True,
            baseline="DWLS",
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
