r"""The likelihood of many weighted samples of the same incomplete cases.

Resamples of incomplete cases differ in how often they hold each case, and in nothing else. With
:math:`r` the deviations of a case from the means, W the inverse of Sigma and M what is missing, a
case is completed by what is expected of it [dempster1977]_:

.. math:: \hat r_M = -T\,(W r)_M, \qquad T = (W_{MM})^{-1},

r being 0 where nothing is observed; T is the covariance matrix of what is missing, given the rest.
With shares f of the cases and :math:`C = \sum f (\hat r \hat r' + T)`, T in the places of M,

.. math:: -\tfrac{2}{N} \ln L = \ln|\Sigma| + \sum f \ln|W_{MM}| + \sum f\, \hat r' W \hat r

(without the constant) has the slopes :math:`W - W C W` and :math:`-2 W \sum f \hat r`. Only T needs
matrices of its own, one for each pattern, as small as what is missing in it; everything else is a
few products for each sample. Complete cases count by their moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import (
    Flags,
    Floats,
    diagonal,
    invert_lower,
    invert_positive,
    outer,
    transpose,
)
from trustsem.patterns import distinct_rows

_NUMBERS = 2**17
"""Numbers in the completed cases of the samples that are worked on together: they stay in cache."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """The patterns in which k variables are missing, and the cases that have one of them.

    Parameters
    ----------
    missing : ndarray of int, shape (J, k)
        Which variables.
    patterns : ndarray of int, shape (J,)
        Places of these patterns among those of all incomplete cases.
    cases : ndarray of int, shape (c,)
        Places of the cases among all incomplete ones.
    of_case : ndarray of int, shape (c,)
        Which of these patterns each has.
    """

    missing: NDArray[np.intp]
    patterns: NDArray[np.intp]
    cases: NDArray[np.intp]
    of_case: NDArray[np.intp]

    def given(self, W: Floats) -> tuple[Floats, Floats]:
        """Return T of each pattern and the log-determinant of its inverse.

        Parameters
        ----------
        W : ndarray, shape (b, p, p)
            Inverse covariance matrices.

        Returns
        -------
        T : ndarray, shape (b, J, k, k)
            Covariances of what is missing, given the rest.
        log_det : ndarray, shape (b, J)
            ln |W_MM|.
        """
        own = W[:, self.missing[:, :, None], self.missing[:, None, :]]
        if own.shape[-1] == 1:
            return 1 / own, np.log(own[..., 0, 0])
        try:
            root = np.asarray(np.linalg.cholesky(own), dtype=float)
        except np.linalg.LinAlgError:  # Sigma can hardly be inverted
            inverse = invert_positive(own)
            return inverse.matrix, inverse.log_det
        half = invert_lower(root)
        return transpose(half) @ half, 2 * np.log(diagonal(root)).sum(axis=-1)

    def answers(self, p: int) -> NDArray[np.intp]:
        """Return the places of the missing answers among all answers of all cases, (c, k)."""
        return self.cases[:, None] * p + self.missing[self.of_case]

    def cells(self, p: int) -> NDArray[np.intp]:
        """Return which cell of a flat p x p matrix each element of T belongs to, (J * k * k,)."""
        return np.ravel(self.missing[:, :, None] * p + self.missing[:, None, :])


@dataclass(frozen=True, slots=True)
class WeightedCases:
    """Samples of n cases that all lack the same answers.

    Parameters
    ----------
    data : ndarray, shape (n, p)
        The incomplete cases; 0 where an answer is missing.
    known : ndarray of bool, shape (n, p)
        Which answers there are.
    gaps : tuple of Gaps
        The patterns of these cases, by the number of missing variables.
    shares : ndarray, shape (b, n)
        Share of each of them in a sample.
    pattern_shares : ndarray, shape (b, J)
        Share of each pattern.
    complete : tuple of ndarray, shapes (b,), (b, p) and (b, p, p)
        Share of the complete cases, their means, and their covariances with their number as
        divisor; 0 where a sample has none.
    """

    data: Floats
    known: Flags
    gaps: tuple[Gaps, ...]
    shares: Floats
    pattern_shares: Floats
    complete: tuple[Floats, Floats, Floats]

    @classmethod
    def of(cls, data: Floats, counts: NDArray[np.intp]) -> WeightedCases:
        """Prepare samples.

        Parameters
        ----------
        data : ndarray, shape (n, p)
            Cases, NaN for missing, each with something observed.
        counts : ndarray of int, shape (b, n)
            How often each sample holds each case.
        """
        known = ~np.isnan(data)
        whole = known.all(axis=1)
        shares = counts / counts.sum(axis=1, keepdims=True)
        known, partial = known[~whole], shares[:, ~whole]
        patterns, of_case = distinct_rows(known)
        belongs = of_case[:, None] == np.arange(len(patterns))
        return cls(
            data=np.where(known, data[~whole], 0.0),
            known=known,
            gaps=_gaps(patterns, of_case),
            shares=partial,
            pattern_shares=partial @ belongs,
            complete=_moments(data[whole], shares[:, whole]),
        )

    def take(self, index: NDArray[np.intp] | slice) -> WeightedCases:
        """Return some of the samples."""
        share, mean, cov = self.complete
        return replace(
            self,
            shares=self.shares[index],
            pattern_shares=self.pattern_shares[index],
            complete=(share[index], mean[index], cov[index]),
        )

    def at(self, Sigma: Floats, mu: Floats) -> CompletedPoint:
        """Evaluate each sample at moments of its own, shapes (b, p, p) and (b, p)."""
        inverse = invert_positive(Sigma)
        W = np.where(inverse.positive[:, None, None], inverse.matrix, np.eye(mu.shape[-1]))
        step = max(1, _NUMBERS // max(1, self.data.size))
        slices = [slice(first, first + step) for first in range(0, len(mu), step)]
        parts = [self.take(part).completed(W[part], mu[part]) for part in slices]
        cov, shift, log_det = (np.concatenate(column) for column in zip(*parts, strict=True))
        n_missing = np.array([gaps.missing.shape[1] for gaps in self.gaps for _ in gaps.patterns])
        order = np.concatenate([np.empty(0, np.intp), *(gaps.patterns for gaps in self.gaps)])
        unknown = self.pattern_shares[:, order] @ n_missing
        WC = W @ cov
        value = inverse.log_det + log_det + np.trace(WC, axis1=1, axis2=2) - unknown
        return CompletedPoint(
            value=value,
            dF_dSigma=W - WC @ W,
            dF_dmu=-2 * (W @ shift[..., None])[..., 0],
            W=W,
            cov=cov,
            shift=shift,
        )

    def completed(self, W: Floats, mu: Floats) -> tuple[Floats, Floats, Floats]:
        """Complete the cases of few samples.

        Parameters
        ----------
        W, mu : ndarray, shapes (b, p, p) and (b, p)
            Inverse covariance matrices and means.

        Returns
        -------
        cov : ndarray, shape (b, p, p)
            C: what is expected of the mean squares and products about mu.
        shift : ndarray, shape (b, p)
            What is expected of the means, less mu.
        log_det : ndarray, shape (b,)
            The sum of f ln |W_MM|.
        """
        share, mean, own = self.complete
        b, p = mu.shape
        gap = mean - mu
        cov = share[:, None, None] * (own + outer(gap, gap))
        shift = share[:, None] * gap
        log_det = np.zeros(b)
        if not self.gaps:
            return cov, shift, log_det
        rest = (self.data - mu[:, None, :]) * self.known
        pulled = rest @ W
        spreads = []
        for gaps in self.gaps:
            T, log_det_W = gaps.given(W)
            f = self.pattern_shares[:, gaps.patterns]
            log_det += (f * log_det_W).sum(axis=1)
            spreads.append((f[..., None, None] * T).reshape(b, -1))
            places = gaps.answers(p)
            pull = pulled.reshape(b, -1).take(places, axis=1)
            rest.reshape(b, -1)[:, places] = _negative_product(T.take(gaps.of_case, axis=1), pull)
        weighted = self.shares[..., None] * rest
        cov += transpose(rest) @ weighted + _scattered(spreads, self.gaps, p)
        return cov, shift + weighted.sum(axis=1), log_det


@dataclass(frozen=True, slots=True)
class CompletedPoint:
    """The likelihood of each sample at moments of its own.

    Parameters
    ----------
    value : ndarray, shape (b,)
        Minus twice the mean log-likelihood without constant; NaN unless Sigma is positive definite.
    dF_dSigma : ndarray, shape (b, p, p)
        Slope in Sigma.
    dF_dmu : ndarray, shape (b, p)
        Slope in mu.
    W : ndarray, shape (b, p, p)
        The inverse of Sigma; the identity where there is none.
    cov, shift : ndarray, shapes (b, p, p) and (b, p)
        What is expected of the mean squares and products about mu, and of the means less mu.
    """

    value: Floats
    dF_dSigma: Floats
    dF_dmu: Floats
    W: Floats
    cov: Floats
    shift: Floats


def _moments(cases: Floats, shares: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the share of complete cases in samples, their means and their covariances."""
    n, p = cases.shape
    share = shares.sum(axis=1)
    relative = shares / np.where(share > 0, share, 1.0)[:, None]
    centre = cases.mean(axis=0) if n else np.zeros(p)
    around = cases - centre
    shift = relative @ around
    squares = relative @ outer(around, around).reshape(n, p * p)
    return share, centre + shift, squares.reshape(-1, p, p) - outer(shift, shift)


def _negative_product(T: Floats, pull: Floats) -> Floats:
    """Return - T pull of each case, shape (b, c, k)."""
    if T.shape[-1] == 1:
        return -T[..., 0] * pull
    return -(T @ pull[..., None])[..., 0]


def _gaps(patterns: Flags, of_case: NDArray[np.intp]) -> tuple[Gaps, ...]:
    """Sort patterns by how much is missing."""
    n_missing = (~patterns).sum(axis=1)
    found = []
    for k in np.unique(n_missing):
        chosen = np.flatnonzero(n_missing == k)
        cases = np.flatnonzero(np.isin(of_case, chosen))
        missing = np.nonzero(~patterns[chosen])[1].reshape(len(chosen), k)
        found.append(Gaps(missing, chosen, cases, np.searchsorted(chosen, of_case[cases])))
    return tuple(found)


def _scattered(spreads: Sequence[Floats], gaps: Sequence[Gaps], p: int) -> Floats:
    """Return the sum over patterns of matrices T in their places, shape (b, p, p)."""
    cells = np.concatenate([own.cells(p) for own in gaps])
    order = np.argsort(cells, kind="stable")
    targets, starts = np.unique(cells[order], return_index=True)
    values = np.concatenate(spreads, axis=1)[:, order]
    total = np.zeros((len(values), p * p))
    total[:, targets] = np.add.reduceat(values, starts, axis=1)
    return total.reshape(-1, p, p)
