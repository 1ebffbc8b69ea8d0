r"""Incomplete cases by their missing-data pattern, and the normal likelihood of them.

Cases in which the same variables are observed share one p x p matrix: with :math:`W_j` the inverse
of the covariance matrix of what pattern j observes, filled up with zeros, everything that is said
of complete data holds of each pattern, and patterns add up by their share :math:`f_j` of the cases
[arbuckle1996]_:

.. math:: -\tfrac{2}{N}\ln L = \sum_j f_j \{\ln|\Sigma_j| + \mathrm{tr}(W_j \tilde S_j)\},
          \qquad \tilde S_j = S_j + d_j d_j', \quad d_j = m_j - \mu

(without the constant). With :math:`V_j = W_j \tilde S_j W_j` and :math:`w_j = W_j d_j` the slopes
are :math:`\sum f_j (W_j - V_j)` and :math:`-2 \sum f_j w_j`.

Moments are ordered as everywhere: the means, then the lower triangle of the covariances by rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, invert_positive, lower_triangle, outer

_AT_ONCE = 2**22
"""Numbers in one stack of pattern matrices; more patterns than that are worked through in parts."""
_ROWS_AT_ONCE = 2**21
"""Numbers in one strip of a matrix of pairs of moments."""


@dataclass(frozen=True, slots=True)
class PatternLikelihood:
    """Minus twice the mean log-likelihood (without constant) at stacks of moments.

    Parameters
    ----------
    value : ndarray, shape (...)
        NaN where the covariance matrix is not positive definite.
    dF_dSigma : ndarray, shape (..., p, p)
        Slope in Sigma, symmetric.
    dF_dmu : ndarray, shape (..., p)
        Slope in mu.
    """

    value: Floats
    dF_dSigma: Floats
    dF_dmu: Floats


@dataclass(frozen=True, slots=True)
class Patterns:
    """The cases of one sample, sorted into J missing-data patterns of p variables.

    Parameters
    ----------
    observed : ndarray of bool, shape (J, p)
        Which variables a pattern observes; at least one.
    counts : ndarray of int, shape (J,)
        Cases of each pattern.
    mean : ndarray, shape (J, p)
        Means within a pattern; 0 where nothing is observed.
    scatter : ndarray, shape (J, p, p)
        Covariances within a pattern, divided by its count; 0 likewise.
    of_case : ndarray of int, shape (n,)
        The pattern of each case.
    """

    observed: Flags
    counts: NDArray[np.intp]
    mean: Floats
    scatter: Floats
    of_case: NDArray[np.intp]

    @classmethod
    def of(cls, data: Floats) -> Patterns:
        """Sort cases of shape (n, p), NaN for missing, each with something observed."""
        known = ~np.isnan(data)
        observed, of_case = _distinct_rows(known)
        counts = np.bincount(of_case, minlength=len(observed))
        filled = np.where(known, data, 0.0)
        p = data.shape[1]
        mean, scatter = np.zeros((len(counts), p)), np.zeros((len(counts), p, p))
        ends = np.cumsum(counts)
        ordered = filled[np.argsort(of_case, kind="stable")]
        for pattern, (count, end) in enumerate(zip(counts, ends, strict=True)):
            cases = ordered[end - count : end]
            mean[pattern] = cases.mean(axis=0)
            centred = np.where(observed[pattern], cases - mean[pattern], 0.0)
            scatter[pattern] = centred.T @ centred / count
        return cls(observed, counts, mean, scatter, of_case)

    @classmethod
    def complete(cls, cov: Floats, mean: Floats) -> Patterns:
        """Return one pattern that observes everything and has these moments."""
        nothing = np.zeros(1, dtype=np.intp)
        known = np.ones((1, len(mean)), dtype=bool)
        return cls(known, nothing + 1, mean[None], cov[None], nothing)

    @property
    def n_obs(self) -> int:
        """Number of cases."""
        return int(self.counts.sum())

    @property
    def n_variables(self) -> int:
        """Number of variables, p."""
        return int(self.observed.shape[1])

    @property
    def shares(self) -> Floats:
        """Share of the cases in each pattern."""
        return np.asarray(self.counts / self.n_obs)

    @property
    def coverage(self) -> Floats:
        """Share of the cases that observe both of two variables, shape (p, p)."""
        return np.asarray((self.observed * self.shares[:, None]).T @ self.observed)

    def reordered(self, index: list[int]) -> Patterns:
        """Return the same cases with some of their variables, in the order asked for."""
        return Patterns(
            self.observed[:, index],
            self.counts,
            self.mean[:, index],
            self.scatter[:, index][:, :, index],
            self.of_case,
        )

    def at(self, Sigma: Floats, mu: Floats) -> PatternLikelihood:
        """Evaluate at moments of shape (..., p, p) and (..., p)."""
        value: Floats | float = 0.0
        slope: Floats | float = 0.0
        mean_slope: Floats | float = 0.0
        for part in self._parts(Sigma.size):
            share = self.shares[part]
            W, log_det = self._inverse(Sigma, part)
            total, gap = self._total(mu, part)
            WT = W @ total
            value = value + (log_det + np.trace(WT, axis1=-2, axis2=-1)) @ share
            slope = slope + np.einsum("j,...jab->...ab", share, W - WT @ W)
            mean_slope = mean_slope - 2 * np.einsum("j,...jab,...jb->...a", share, W, gap)
        positive = invert_positive(Sigma).positive
        slope = np.asarray(slope)
        return PatternLikelihood(
            value=np.where(positive, value, np.nan),
            dF_dSigma=(slope + np.swapaxes(slope, -1, -2)) / 2,
            dF_dmu=np.asarray(mean_slope),
        )

    def information(self, Sigma: Floats, mu: Floats, *, exact: bool) -> Floats:
        r"""Return the information about the moments per case at one pair of moments.

        Parameters
        ----------
        Sigma : ndarray, shape (p, p)
            Covariance matrix.
        mu : ndarray, shape (p,)
            Means.
        exact : bool
            Half of the second derivative as it is; else its expectation within the patterns that
            were observed.

        Returns
        -------
        ndarray, shape (k, k)
            Of the p means, then of the p(p+1)/2 covariances.

        Notes
        -----
        The second derivative along dSigma and dmu is the sum over patterns of
        :math:`2\,\mathrm{tr}(d\Sigma W d\Sigma V) - \mathrm{tr}(d\Sigma W d\Sigma W)
        + 2 d\mu' W d\mu + 4 d\mu' W d\Sigma w`; its expectation of
        :math:`\mathrm{tr}(d\Sigma W d\Sigma W) + 2 d\mu' W d\mu` [savalei2010]_.
        """
        p = self.n_variables
        size = p * (p + 1) // 2
        pairs, means = np.zeros((size, size)), np.zeros((p, p))
        mixed = np.zeros((p * p, p))
        for part in self._parts(Sigma.size):
            share = self.shares[part]
            W, _ = self._inverse(Sigma, part)
            low = lower_triangle(W)
            means += np.einsum("j,jab->ab", share, W)
            if not exact:
                pairs += (share[:, None] * low).T @ low
                continue
            total, gap = self._total(mu, part)
            V = W @ total @ W
            pairs += (share[:, None] * low).T @ (lower_triangle(V + np.swapaxes(V, 1, 2)) - low)
            pull = np.einsum("jab,jb->ja", W, gap)
            mixed += (share[:, None] * W.reshape(len(share), p * p)).T @ pull
        found = np.empty((p + size, p + size))
        found[:p, :p] = means
        found[p:, p:] = _pair_weights(pairs, p)
        rows, cols = np.tril_indices(p)
        cube = mixed.reshape(p, p, p)
        half = np.where(rows == cols, 0.5, 1.0)
        found[:p, p:] = half * (cube[:, rows, cols] + cube[:, cols, rows])
        found[p:, :p] = found[:p, p:].T
        return found

    def pulls(self, data: Floats, Sigma: Floats, mu: Floats) -> Floats:
        """Return W(y - mu) of every case, W that of its pattern; 0 where nothing is observed.

        Parameters
        ----------
        data : ndarray, shape (n, p)
            The cases, NaN for missing.
        Sigma, mu : ndarray, shapes (p, p) and (p,)
            Moments.

        Returns
        -------
        ndarray, shape (n, p)
        """
        W = self.inverses(Sigma)
        gap = np.where(self.observed[self.of_case], data - mu, 0.0)
        pulled = np.empty_like(gap)
        order = np.argsort(self.of_case, kind="stable")
        ends = np.cumsum(self.counts)
        for matrix, count, end in zip(W, self.counts, ends, strict=True):
            cases = order[end - count : end]
            pulled[cases] = gap[cases] @ matrix
        return pulled

    def outer_products(self, data: Floats, Sigma: Floats, mu: Floats) -> Floats:
        """Return the mean outer product of the cases' slopes of ln L in the moments, (k, k).

        Parameters
        ----------
        data : ndarray, shape (n, p)
            The cases, NaN for missing.
        Sigma, mu : ndarray, shapes (p, p) and (p,)
            Moments.
        """
        p = self.n_variables
        rows, cols = np.tril_indices(p)
        half = np.where(rows == cols, 0.5, 1.0)
        low = lower_triangle(self.inverses(Sigma))
        pulled = self.pulls(data, Sigma, mu)
        total = np.zeros((p + len(rows),) * 2)
        step = max(1, _AT_ONCE // len(total))
        for start in range(0, len(data), step):
            w, W = pulled[start : start + step], low[self.of_case[start : start + step]]
            slopes = np.hstack([w, half * (w[:, rows] * w[:, cols] - W)])
            total += slopes.T @ slopes
        return total / len(data)

    def log_likelihood(self, Sigma: Floats, mu: Floats) -> float:
        """Return the log-likelihood of all cases at one pair of moments."""
        answers = float((self.counts @ self.observed).sum())
        total = self.n_obs * float(self.at(Sigma, mu).value)
        return -(total + answers * float(np.log(2 * np.pi))) / 2

    def inverses(self, Sigma: Floats) -> Floats:
        """Return W of every pattern at one covariance matrix, shape (J, p, p)."""
        return self._inverse(Sigma, slice(None))[0]

    def _parts(self, size: int) -> Iterator[slice]:
        """Yield slices of patterns, so that memory does not grow with their number."""
        step = max(1, _AT_ONCE // size)
        for start in range(0, len(self.counts), step):
            yield slice(start, start + step)

    def _inverse(self, Sigma: Floats, part: slice) -> tuple[Floats, Floats]:
        """Return W and ln|Sigma_j| of some patterns, shapes (..., J, p, p) and (..., J)."""
        known = self.observed[part]
        both = outer(known, known)
        blank = np.eye(self.n_variables) * ~known[:, None, :]
        inverse = invert_positive(np.where(both, Sigma[..., None, :, :], blank))
        return np.where(both, inverse.matrix, 0.0), inverse.log_det

    def _total(self, mu: Floats, part: slice) -> tuple[Floats, Floats]:
        """Return squares about mu and gaps of some patterns, (..., J, p, p) and (..., J, p)."""
        gap = np.where(self.observed[part], self.mean[part] - mu[..., None, :], 0.0)
        return self.scatter[part] + outer(gap, gap), gap


def _distinct_rows(known: Flags) -> tuple[Flags, NDArray[np.intp]]:
    """Return the distinct rows, those with most observed first, and which one each row is."""
    packed = np.packbits(known, axis=1)
    width = -(-packed.shape[1] // 8) * 8
    words = np.zeros((len(known), width), dtype=np.uint8)
    words[:, : packed.shape[1]] = packed
    keys = words.view(np.uint64)
    keys = keys[:, 0] if keys.shape[1] == 1 else keys
    _, first, of_row = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    rows = known[first]
    order = np.argsort(-rows.sum(axis=1), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rows[order], rank[of_row.reshape(-1)]


def _pair_weights(pairs: Floats, p: int) -> Floats:
    """Return tr(E_a W E_b V)/2 for all pairs of covariances, given sums of products of W and V.

    Parameters
    ----------
    pairs : ndarray, shape (p*, p*)
        Sum of vech(W) vech(V)' over patterns.
    p : int
        Number of variables.
    """
    rows, cols = np.tril_indices(p)
    place = np.zeros((p, p), dtype=np.intp)
    place[rows, cols] = place[cols, rows] = np.arange(len(rows))
    half = np.where(rows == cols, 0.5, 1.0)
    found = np.empty_like(pairs)
    step = max(1, _ROWS_AT_ONCE // len(rows))
    for start in range(0, len(rows), step):
        strip = slice(start, start + step)
        a, b = rows[strip, None], cols[strip, None]
        total = pairs[place[b, rows], place[cols, a]] + pairs[place[b, cols], place[rows, a]]
        total += pairs[place[a, rows], place[cols, b]] + pairs[place[a, cols], place[rows, b]]
        found[strip] = half[strip, None] / 2 * half * total
    return found
