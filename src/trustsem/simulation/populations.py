"""Samples that answer as a given sample did: in the same categories, with the same gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trustsem.arrays import Floats, powered
from trustsem.errors import ResamplingError
from trustsem.moments import SampleMoments, renewed, saturated_moments
from trustsem.patterns import Patterns

_ROUNDS = 200
_EXACT = 1e-8
"""Largest difference of a standardised moment at which transformed cases have those of a model."""


@dataclass(frozen=True, slots=True)
class AnsweringPopulation:
    """Samples of a normal population, cut into categories and left incomplete [davison1997]_.

    Parameters
    ----------
    Sigma : ndarray, shape (p, p)
        Covariances of continuous variables and of the responses behind ordered items.
    mu : ndarray, shape (p,)
        Their means.
    cuts : tuple of ndarray
        For each variable the thresholds at which its response is cut, ascending; empty for a
        continuous variable.
    alike : SampleMoments
        The sample whose cases tell how many there are and which answers are missing, and as whose
        moments those of drawn samples are formed.
    """

    Sigma: Floats
    mu: Floats
    cuts: tuple[Floats, ...]
    alike: SampleMoments

    def draw_cases(self, stream: np.random.Generator) -> Floats:
        """Draw the cases of one sample; of an ordered item the place of the category, from 0."""
        draws = stream.standard_normal((self.alike.n_obs, len(self.mu)))
        cases = self.mu + draws @ np.linalg.cholesky(self.Sigma).T
        for item, cuts in enumerate(self.cuts):
            if len(cuts):
                cases[:, item] = np.searchsorted(cuts, cases[:, item])
        if self.alike.data is not None:
            cases[np.isnan(self.alike.data)] = np.nan
        elif self.alike.patterns is not None:
            patterns = self.alike.patterns
            cases[~np.repeat(patterns.observed, patterns.counts, axis=0)] = np.nan
        return np.asarray(cases)

    def draw_moments(self, streams: Sequence[np.random.Generator]) -> tuple[Floats, Floats]:
        """Draw the moments of one sample from each stream."""
        found = [renewed(self.alike, self.draw_cases(stream)) for stream in streams]
        means = [np.zeros(len(self.mu)) if one.mean is None else one.mean for one in found]
        return np.stack([one.cov for one in found]), np.stack(means)


def transformed_cases(data: Floats, S: Floats, Sigma: Floats, mu: Floats | None) -> Floats:
    r"""Return cases that have exactly the moments that a model implies [bollen1992]_.

    Parameters
    ----------
    data : ndarray, shape (n, p)
        Cases.
    S, Sigma : ndarray, shape (p, p)
        Their covariance matrix, and the implied one.
    mu : ndarray, shape (p,), or None
        Implied means; None leaves the means as they are.

    Notes
    -----
    :math:`Z = (Y - \bar Y) S^{-1/2} \Sigma^{1/2} + \mu'`, with symmetric roots.
    """
    mean = data.mean(axis=0)
    return _moved(data, (S, mean), (Sigma, mean if mu is None else mu))


def transformed_incomplete_cases(sample: SampleMoments, Sigma: Floats, mu: Floats) -> Floats:
    r"""Return incomplete cases whose saturated moments are those of a model [savalei2009]_.

    Parameters
    ----------
    sample : SampleMoments
        Incomplete cases, with the maximum-likelihood estimates of their moments.
    Sigma : ndarray, shape (p, p)
        Implied covariance matrix.
    mu : ndarray, shape (p,)
        Implied means.

    Returns
    -------
    ndarray, shape (n, p)
        NaN where the sample's answer is missing.

    Raises
    ------
    ResamplingError
        If the rounds do not come to an end.

    Notes
    -----
    The cases of each missing pattern, with observed variables o, become
    :math:`z = \Sigma_{oo}^{1/2} M_{oo}^{-1/2} (y_o - m_o) + \mu_o`, where M and m are the
    maximum-likelihood estimates of the saturated model. Incomplete cases so moved have the implied
    moments only about. The step is therefore repeated with their own M and m until these are
    Sigma and mu; it then changes nothing, so that the null hypothesis holds exactly.
    """
    data, cov, mean = sample.data, sample.cov, sample.mean
    if data is None or mean is None:
        raise ResamplingError("Cases are moved to a model; there are none.")
    observed = ~np.isnan(data)
    patterns, of_case = np.unique(observed, axis=0, return_inverse=True)
    scale = np.sqrt(np.diag(Sigma))
    moved = data.copy()
    for _ in range(_ROUNDS):
        for number, pattern in enumerate(patterns):
            place = np.ix_(np.flatnonzero(of_case.ravel() == number), np.flatnonzero(pattern))
            square = np.ix_(pattern, pattern)
            moved[place] = _moved(
                moved[place], (cov[square], mean[pattern]), (Sigma[square], mu[pattern])
            )
        at = saturated_moments(Patterns.of(moved))
        cov, mean = at.cov, at.mean
        gap = np.abs((cov - Sigma) / np.outer(scale, scale)).max()
        if max(gap, np.abs((mean - mu) / scale).max()) < _EXACT:
            return moved
    raise ResamplingError(
        "The incomplete cases could not be moved to where the model holds.",
        remedy="Use kind='parametric' or 'nonparametric'.",
    )


def _moved(cases: Floats, own: tuple[Floats, Floats], wanted: tuple[Floats, Floats]) -> Floats:
    """Return cases moved from some covariances and means to others, by symmetric roots."""
    (S, mean), (Sigma, mu) = own, wanted
    return np.asarray((cases - mean) @ powered(S, -0.5) @ powered(Sigma, 0.5) + mu)
