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
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import (
    Flags,
    Floats,
    invert_positive,
    lower_triangle,
    outer,
    symmetric,
    transpose,
)

_AT_ONCE = 2**22
"""Numbers in one stack of pattern matrices; more patterns than that are worked through in parts."""
_INDICES_KEPT = 2**20
"""Places that are kept for one number of variables; larger ones are worked through in strips."""


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
        The pattern of each case; empty where the cases are not at hand.
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
        observed, of_case = distinct_rows(known)
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

    def of_variables(self, index: list[int]) -> Patterns:
        """Return the cases that observe some of a few variables, sorted by those alone.

        Which case is where is not known any more.
        """
        some = np.flatnonzero(self.observed[:, index].any(axis=1))
        known = self.observed[some][:, index]
        observed, place = distinct_rows(known)
        counts = np.bincount(place, weights=self.counts[some], minlength=len(observed))
        share = (self.counts[some] / counts[place])[:, None]
        means = self.mean[some][:, index]
        mean = np.zeros(observed.shape)
        np.add.at(mean, place, share * means)
        gap = means - mean[place]
        squares = self.scatter[some][:, index][:, :, index] + outer(gap, gap)
        scatter = np.zeros((len(observed), len(index), len(index)))
        np.add.at(scatter, place, share[..., None] * squares)
        nowhere = np.zeros(0, dtype=np.intp)
        return Patterns(observed, counts.astype(np.intp), mean, scatter, nowhere)

    def at(self, Sigma: Floats, mu: Floats) -> PatternPoint:
        """Evaluate the likelihood at moments of shape (..., p, p) and (..., p)."""
        return PatternPoint(self, Sigma, mu)

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

    def _inverse(self, Sigma: Floats, part: slice) -> tuple[Floats, Floats]:
        """Return W and ln|Sigma_j| of some patterns, shapes (..., J, p, p) and (..., J)."""
        known = self.observed[part]
        both = outer(known, known)
        blank = np.eye(self.n_variables) * ~known[:, None, :]
        inverse = invert_positive(np.where(both, Sigma[..., None, :, :], blank))
        return np.where(both, inverse.matrix, 0.0), inverse.log_det

    def sums(self, Sigma: Floats, mu: Floats, part: slice) -> PatternSums:
        """Return what some of the patterns contribute at stacks of moments."""
        W, log_det = self._inverse(Sigma, part)
        gap = np.where(self.observed[part], self.mean[part] - mu[..., None, :], 0.0)
        total = self.scatter[part] + outer(gap, gap)
        return PatternSums(self.shares[part], W, log_det, W @ total, gap)


@dataclass(frozen=True, slots=True)
class PatternSums:
    """What some patterns contribute at stacks of moments.

    Parameters
    ----------
    share : ndarray, shape (J,)
        Shares of the cases.
    W : ndarray, shape (..., J, p, p)
        Inverse covariance of what a pattern observes, filled up with zeros.
    log_det : ndarray, shape (..., J)
        Log-determinant of the covariance of what it observes.
    WT : ndarray, shape (..., J, p, p)
        W times the mean squares about mu.
    gap : ndarray, shape (..., J, p)
        Means of the pattern minus mu; 0 where nothing is observed.
    """

    share: Floats
    W: Floats
    log_det: Floats
    WT: Floats
    gap: Floats


@dataclass(frozen=True)
class PatternPoint:
    """The likelihood of incomplete cases at a stack of moments; each part is computed once.

    Parameters
    ----------
    patterns : Patterns
        The cases.
    Sigma : ndarray, shape (..., p, p)
        Covariances.
    mu : ndarray, shape (..., p)
        Means.
    """

    patterns: Patterns
    Sigma: Floats
    mu: Floats

    @cached_property
    def _slices(self) -> list[slice]:
        """Slices of patterns, so that memory does not grow with their number."""
        step = max(1, _AT_ONCE // self.Sigma.size)
        return [slice(start, start + step) for start in range(0, len(self.patterns.counts), step)]

    @cached_property
    def _whole(self) -> PatternSums:
        return self.patterns.sums(self.Sigma, self.mu, slice(None))

    def _parts(self) -> Iterator[PatternSums]:
        """Yield the contributions of all patterns; they are kept where they are few."""
        if len(self._slices) == 1:
            yield self._whole
            return
        for part in self._slices:
            yield self.patterns.sums(self.Sigma, self.mu, part)

    @cached_property
    def _slopes(self) -> tuple[Floats, Floats, Floats]:
        value: Floats | float = 0.0
        slope: Floats | float = 0.0
        mean_slope: Floats | float = 0.0
        for at in self._parts():
            value = value + (at.log_det + np.trace(at.WT, axis1=-2, axis2=-1)) @ at.share
            slope = slope + np.einsum("j,...jab->...ab", at.share, at.W - at.WT @ at.W)
            mean_slope = mean_slope - 2 * np.einsum("j,...jab,...jb->...a", at.share, at.W, at.gap)
        value = np.where(invert_positive(self.Sigma).positive, value, np.nan)
        return value, symmetric(np.asarray(slope)), np.asarray(mean_slope)

    @property
    def value(self) -> Floats:
        """Minus twice the mean log-likelihood without constant; NaN unless Sigma is positive."""
        return self._slopes[0]

    @property
    def dF_dSigma(self) -> Floats:
        """Slope in Sigma, symmetric, shape (..., p, p)."""
        return self._slopes[1]

    @property
    def dF_dmu(self) -> Floats:
        """Slope in mu, shape (..., p)."""
        return self._slopes[2]

    def information(self, *, exact: bool) -> Floats:
        r"""Return the information about the moments per case, shape (..., k, k).

        Parameters
        ----------
        exact : bool
            Half of the second derivative as it is; else its expectation within the patterns that
            were observed.

        Notes
        -----
        The second derivative along dSigma and dmu is the sum over patterns of
        :math:`2\,\mathrm{tr}(d\Sigma W d\Sigma V) - \mathrm{tr}(d\Sigma W d\Sigma W)
        + 2 d\mu' W d\mu + 4 d\mu' W d\Sigma w`; its expectation of
        :math:`\mathrm{tr}(d\Sigma W d\Sigma W) + 2 d\mu' W d\mu` [savalei2010]_.
        """
        p = self.patterns.n_variables
        size = p * (p + 1) // 2
        lead = self.Sigma.shape[:-2]
        if lead and self.mu.size // p * size**2 > _AT_ONCE:
            return self._information_by_member(exact=exact)
        pairs = np.zeros((*lead, size, size))
        means = np.zeros((*lead, p, p))
        mixed = np.zeros((*lead, p * p, p))
        for at in self._parts():
            shared = at.share[:, None] * lower_triangle(at.W)
            means += np.einsum("j,...jab->...ab", at.share, at.W)
            if not exact:
                pairs += transpose(shared) @ lower_triangle(at.W)
                continue
            V = at.WT @ at.W
            pairs += transpose(shared) @ lower_triangle(V + transpose(V) - at.W)
            pull = np.einsum("...jab,...jb->...ja", at.W, at.gap)
            flat = at.share[:, None] * at.W.reshape(*at.W.shape[:-2], p * p)
            mixed += transpose(flat) @ pull
        return _assembled(pairs, means, mixed.reshape(*lead, p, p, p))

    def _information_by_member(self, *, exact: bool) -> Floats:
        """Return the information of a large stack, without temporaries of its size."""
        p = self.patterns.n_variables
        members = zip(self.Sigma.reshape(-1, p, p), self.mu.reshape(-1, p), strict=True)
        stack = [PatternPoint(self.patterns, *one).information(exact=exact) for one in members]
        return np.reshape(stack, (*self.mu.shape[:-1], *stack[0].shape))


def distinct_rows(known: Flags) -> tuple[Flags, NDArray[np.intp]]:
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


def _assembled(pairs: Floats, means: Floats, mixed: Floats) -> Floats:
    """Join the parts of an information matrix.

    Parameters
    ----------
    pairs : ndarray, shape (..., p*, p*)
        Sum of vech(W) vech(V)' over patterns.
    means : ndarray, shape (..., p, p)
        Sum of W.
    mixed : ndarray, shape (..., p, p, p)
        Sum of the products of the elements of W and w.
    """
    p, lead = means.shape[-1], means.shape[:-2]
    size = pairs.shape[-1]
    rows, cols = np.tril_indices(p)
    half = np.where(rows == cols, 0.5, 1.0)
    found = np.empty((*lead, p + size, p + size))
    found[..., :p, :p] = means
    across = half * (mixed[..., rows, cols] + mixed[..., cols, rows])
    found[..., :p, p:] = across
    found[..., p:, :p] = transpose(across)
    flat = pairs.reshape(*lead, size * size)
    step = max(1, _INDICES_KEPT // size)
    for start in range(0, size, step):
        strip = slice(start, min(start + step, size))
        places = _places(p, strip.start, strip.stop)
        total = sum(flat[..., place] for place in places)
        found[..., p + strip.start : p + strip.stop, p:] = half[strip, None] * (half / 2) * total
    return found


@lru_cache(maxsize=8)
def _places(p: int, start: int, stop: int) -> tuple[NDArray[np.intp], ...]:
    """Return where tr(E_a W E_b V) finds its four products of elements of W and V.

    Parameters
    ----------
    p : int
        Number of variables.
    start, stop : int
        Which covariances a.

    Returns
    -------
    tuple of ndarray of int, shape (stop - start, p*)
        Places in the flat matrix of products of vech(W) and vech(V).
    """
    rows, cols = np.tril_indices(p)
    size = len(rows)
    place = np.zeros((p, p), dtype=np.intp)
    place[rows, cols] = place[cols, rows] = np.arange(size)
    a, b = rows[start:stop, None], cols[start:stop, None]
    return tuple(
        place[x, y] * size + place[z, w]
        for x, y, z, w in (
            (b, rows, cols, a),
            (b, cols, rows, a),
            (a, rows, cols, b),
            (a, cols, rows, b),
        )
    )
