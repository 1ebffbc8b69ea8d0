"""Correlations behind ordered answers, by maximum likelihood given the thresholds.

An ordered item is taken as a normal variable of which only the category is seen. Thresholds come
from the item alone, then each correlation from its pair alone: the two steps of [olsson1979]_ for
two ordered items (polychoric) and of [olsson1982]_ for an ordered with a continuous one
(polyserial). All pairs are solved at once; ordered pairs need their tables only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from trustsem.arrays import Flags, Floats
from trustsem.moments.bivariate import density, density_slope, lower_probability

Indices = NDArray[np.intp]
Codes = NDArray[np.intp]
"""Categories counted from 0; -1 for a missing answer."""

LARGEST = 1 - 1e-7
"""Absolute value beyond which a correlation is not sought."""
ADDED = 0.5
"""What is added to an empty cell of a table with two rows and two columns."""

_BEYOND = 30.0
"""A threshold beyond which there is no probability left in double precision."""
_LEAST = 1e-300
_STEPS = 100
_STEP = 1e-8
_FIRST = 0.9


def category_thresholds(counts: Floats) -> Floats:
    """Return the normal quantiles of cumulative shares, shape (K - 1,).

    Parameters
    ----------
    counts : ndarray, shape (K,)
        Answers in each category.
    """
    return np.asarray(ndtri(np.cumsum(counts)[:-1] / counts.sum()))


def bounds(thresholds: tuple[Floats, ...]) -> Floats:
    """Return thresholds between two ends without probability, shape (p, K + 1).

    Items with fewer categories than the longest have further, empty ones at the upper end.
    """
    longest = max((len(cuts) for cuts in thresholds), default=0)
    table = np.full((len(thresholds), longest + 2), _BEYOND)
    table[:, 0] = -_BEYOND
    for row, cuts in zip(table, thresholds, strict=True):
        row[1 : len(cuts) + 1] = cuts
    return table


def pair_tables(codes: Codes, first: Codes, second: Codes, n_categories: int) -> Floats:
    """Count the answers to pairs of items.

    Parameters
    ----------
    codes : ndarray of int, shape (n, p)
        Categories of n cases.
    first, second : ndarray of int, shape (m,)
        The pairs.
    n_categories : int
        K, of the item with the most.

    Returns
    -------
    ndarray, shape (m, K, K)
        Cases that answered both.
    """
    K, size = n_categories, n_categories**2
    tables = np.empty((len(first), size))
    complete = bool((codes >= 0).all())
    for pair, (a, b) in enumerate(zip(first, second, strict=True)):
        cell = codes[:, a] * K + codes[:, b]
        if not complete:
            cell = cell[(codes[:, a] >= 0) & (codes[:, b] >= 0)]
        tables[pair] = np.bincount(cell, minlength=size)
    return tables.reshape(len(first), K, K)


def without_empty_cells(tables: Floats, n_rows: Codes, n_cols: Codes) -> tuple[Floats, Flags]:
    """Fill empty cells of 2 x 2 tables, margins kept.

    A table of two dichotomous items with one empty cell has its likelihood's maximum at a
    perfect correlation. Half a case goes into the empty cell and the one opposite, and out of the
    two others [savalei2011]_. Tables with two empty cells, where the items are the same, and larger
    tables stay as they are.

    Parameters
    ----------
    tables : ndarray, shape (m, K, K)
        Counts.
    n_rows, n_cols : ndarray of int, shape (m,)
        Numbers of categories.

    Returns
    -------
    ndarray, shape (m, K, K)
        The tables to analyse.
    ndarray of bool, shape (m,)
        Which of them were changed.
    """
    small = (n_rows == 2) & (n_cols == 2)  # noqa: PLR2004 - two categories
    corner = tables[:, :2, :2]
    empty = corner == 0
    direct = empty[:, 0, 0] | empty[:, 1, 1]
    sign = np.where(direct, 1.0, -1.0)
    changed = small & (empty.sum(axis=(1, 2)) == 1)
    if not changed.any():
        return tables, changed
    filled = tables.copy()
    change = ADDED * np.array([[1.0, -1.0], [-1.0, 1.0]])
    filled[changed, :2, :2] += sign[changed, None, None] * change
    return filled, changed


@dataclass(frozen=True, slots=True)
class OrderedPairs:
    """Pairs of ordered items: their tables and the bounds of their categories.

    Parameters
    ----------
    tables : ndarray, shape (m, K, K)
        Counts; rows belong to the first item.
    rows, cols : ndarray, shape (m, K + 1)
        Bounds of the categories of the first and of the second item.
    """

    tables: Floats
    rows: Floats
    cols: Floats

    def estimate(self) -> Floats:
        """Return the correlations of highest likelihood, shape (m,)."""
        return _maximise(self, self._moment_correlations())

    def take(self, index: Indices) -> OrderedPairs:
        """Return some of the pairs."""
        return OrderedPairs(self.tables[index], self.rows[index], self.cols[index])

    def probabilities(self, rho: Floats) -> Floats:
        """Return the probabilities of the cells, 1 for those without answers, (m, K, K)."""
        r = rho[:, None, None]
        inside = np.empty((len(rho), self.rows.shape[1] - 1, self.cols.shape[1] - 1))
        inside[:, :-1, :-1] = lower_probability(
            self.rows[:, 1:-1, None], self.cols[:, None, 1:-1], r
        )
        inside[:, :, -1], inside[:, -1, :] = ndtr(self.rows[:, 1:]), ndtr(self.cols[:, 1:])
        P = np.maximum(_cells(_padded(inside)), _LEAST)
        return np.where(self.tables > 0, P, 1.0)

    def case_slopes(self, rho: Floats) -> tuple[Floats, Floats, Floats]:
        """Return how the log-likelihood of a case in each cell responds to the parameters.

        Returns
        -------
        correlation : ndarray, shape (m, K, K)
            Its derivative in rho.
        rows, cols : ndarray, shape (m, K - 1)
            Sums over all cases of that times the derivatives in each threshold of the first and
            of the second item.
        """
        P, r = self.probabilities(rho), rho[:, None]
        slope = self._corner_cells(rho) / P
        weighted = self.tables * slope / P
        conditional = np.sqrt((1 - r) * (1 + r))[..., None]
        r = r[..., None]
        inner_rows, inner_cols = self.rows[:, 1:-1], self.cols[:, 1:-1]
        upper = ndtr((self.cols[:, None, :] - r * inner_rows[:, :, None]) / conditional)
        across = np.diff(upper, axis=-1) * _normal(inner_rows)[:, :, None]
        rows = ((weighted[:, :-1] - weighted[:, 1:]) * across).sum(axis=2)
        upper = ndtr((self.rows[:, None, :] - r * inner_cols[:, :, None]) / conditional)
        across = np.diff(upper, axis=-1) * _normal(inner_cols)[:, :, None]
        turned = np.swapaxes(weighted, 1, 2)
        cols = ((turned[:, :-1] - turned[:, 1:]) * across).sum(axis=2)
        return slope, rows, cols

    def _corner_cells(self, rho: Floats, weight: Floats | None = None) -> Floats:
        """Return second differences of the density at the corners of the cells."""
        r = rho[:, None, None]
        corners = density(self.rows[:, :, None], self.cols[:, None, :], r)
        return _cells(corners if weight is None else corners * weight)

    def slopes(self, rho: Floats) -> tuple[Floats, Floats]:
        """Return first and second derivatives of the log-likelihood, shapes (m,)."""
        bend = density_slope(self.rows[:, :, None], self.cols[:, None, :], rho[:, None, None])
        P = self.probabilities(rho)
        first, second = self._corner_cells(rho) / P, self._corner_cells(rho, bend) / P
        slope = (self.tables * first).sum(axis=(1, 2))
        return slope, (self.tables * (second - first**2)).sum(axis=(1, 2))

    def _moment_correlations(self) -> Floats:
        """Return correlations of the categories' mean normal scores."""
        scores = []
        for cuts in (self.rows, self.cols):
            P = np.diff(ndtr(cuts), axis=1)
            scores.append(-np.diff(_normal(cuts), axis=1) / np.where(P > 0, P, 1.0))
        a, b = scores
        n = self.tables.sum(axis=(1, 2))
        product = np.einsum("mij,mi,mj->m", self.tables, a, b) / n
        spread = np.einsum("mij,mi->m", self.tables, a**2) / n
        spread *= np.einsum("mij,mj->m", self.tables, b**2) / n
        return np.asarray(product / np.sqrt(np.maximum(spread, _LEAST)))


@dataclass(frozen=True, slots=True)
class MixedPairs:
    """Pairs of an ordered item with a continuous one.

    Parameters
    ----------
    z : ndarray, shape (n, m)
        Standardised values of the continuous variable; NaN where either answer is missing.
    upper, lower : ndarray, shape (n, m)
        Bounds of the category that the case chose.
    """

    z: Floats
    upper: Floats
    lower: Floats

    def estimate(self) -> Floats:
        """Return the correlations of highest likelihood, shape (m,)."""
        middle = (_normal(self.lower) - _normal(self.upper)) / self._probability(np.zeros(1))
        seen = ~np.isnan(self.z)
        z, middle = np.where(seen, self.z, 0.0), np.where(seen, middle, 0.0)
        spread = (z**2).sum(axis=0) * (middle**2).sum(axis=0)
        return _maximise(self, (z * middle).sum(axis=0) / np.sqrt(spread))

    def take(self, index: Indices) -> MixedPairs:
        """Return some of the pairs."""
        return MixedPairs(self.z[:, index], self.upper[:, index], self.lower[:, index])

    def case_slopes(self, rho: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return how each case's conditional log-likelihood responds, shapes (n, m).

        Returns
        -------
        correlation, upper, lower, z : ndarray, shape (n, m)
            Derivatives in rho, in the two bounds and in z; 0 for missing answers.
        """
        free = (1 - rho) * (1 + rho)
        P = self._probability(rho)
        up, low = (_normal(self._standard(cut, rho)) / P for cut in (self.upper, self.lower))
        turn_up, turn_low = ((rho * cut - self.z) / free**1.5 for cut in (self.upper, self.lower))
        scale = np.sqrt(free)
        found = (up * turn_up - low * turn_low, up / scale, -low / scale, -rho * (up - low) / scale)
        correlation, upper, lower, z = (np.nan_to_num(part) for part in found)
        return correlation, upper, lower, z

    def _standard(self, cut: Floats, rho: Floats) -> Floats:
        return np.asarray((cut - rho * self.z) / np.sqrt((1 - rho) * (1 + rho)))

    def _probability(self, rho: Floats) -> Floats:
        """Return each case's probability of its category given its z."""
        up, low = self._standard(self.upper, rho), self._standard(self.lower, rho)
        mirrored = low > 0  # differences of small tails keep their digits
        a, b = np.where(mirrored, -low, up), np.where(mirrored, -up, low)
        return np.asarray(np.maximum(ndtr(a) - ndtr(b), _LEAST))

    def slopes(self, rho: Floats) -> tuple[Floats, Floats]:
        """Return first and second derivatives of the log-likelihood, shapes (m,)."""
        free = (1 - rho) * (1 + rho)
        P = self._probability(rho)
        first = np.zeros(self.z.shape)
        second = np.zeros(self.z.shape)
        for cut, sign in ((self.upper, 1.0), (self.lower, -1.0)):
            u = self._standard(cut, rho)
            turn = (rho * cut - self.z) / free**1.5
            bend = cut / free**1.5 + 3 * rho * turn / free
            share = sign * _normal(u) / P
            first += share * turn
            second += share * (bend - u * turn**2)
        return np.nansum(first, axis=0), np.nansum(second - first**2, axis=0)


class _Pairs(Protocol):
    """Pairs with a log-likelihood each."""

    def slopes(self, rho: Floats) -> tuple[Floats, Floats]:
        """Return its first and second derivative in the correlation."""
        ...

    def take(self, index: Indices) -> _Pairs:
        """Return some of the pairs."""
        ...


def _maximise(pairs: _Pairs, start: Floats) -> Floats:
    """Find the maximum of each pair's log-likelihood by Newton steps within brackets."""
    rho = np.clip(np.nan_to_num(start), -_FIRST, _FIRST)
    low, high = np.full(rho.shape, -LARGEST), np.full(rho.shape, LARGEST)
    active = np.arange(len(rho))
    for _ in range(_STEPS):
        if not len(active):
            break
        here = rho[active]
        slope, bend = pairs.slopes(here)
        low[active] = np.where(slope > 0, here, low[active])
        high[active] = np.where(slope < 0, here, high[active])
        step = np.where(bend < 0, -slope / np.where(bend < 0, bend, -1.0), np.inf)
        target = here + step
        inside = (target >= low[active]) & (target <= high[active])
        # Outside the bracket, or where the likelihood is not concave: its middle.
        new = np.where(inside, target, (low[active] + high[active]) / 2)
        rho[active] = new
        # Newton steps halve their exponent each time: after one so small nothing is left.
        going = np.abs(new - here) > _STEP
        if not going.all():
            active, pairs = active[going], pairs.take(np.flatnonzero(going))
    return rho


def _padded(inside: Floats) -> Floats:
    """Put a row and a column of zeros before cumulative probabilities."""
    return np.pad(inside, ((0, 0), (1, 0), (1, 0)))


def _cells(corners: Floats) -> Floats:
    """Return second differences: what lies between the corners."""
    return np.asarray(np.diff(np.diff(corners, axis=1), axis=2))


def _normal(x: Floats) -> Floats:
    """Return the standard normal density."""
    return np.asarray(np.exp(-x * x / 2) / np.sqrt(2 * np.pi))
