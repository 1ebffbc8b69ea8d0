"""Moments of ordered items: thresholds, correlations of latent responses, and their spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from trustsem.arrays import Flags, Floats
from trustsem.errors import MomentsError
from trustsem.moments.layout import Indices, MomentLayout
from trustsem.moments.polychoric import (
    Codes,
    MixedPairs,
    OrderedPairs,
    bounds,
    category_thresholds,
    pair_tables,
    without_empty_cells,
)


@dataclass(frozen=True, slots=True)
class OrdinalMoments:
    """Moments of one group in which some variables are ordered.

    Parameters
    ----------
    layout : MomentLayout
        Which variables are ordered, and the order of the moments.
    thresholds : ndarray, shape (t,)
        Item by item.
    mean : ndarray, shape (p,)
        Means of the continuous variables; 0 for ordered items.
    cov : ndarray, shape (p, p)
        Covariances of the latent responses, whose variance is 1, and the continuous variables.
    spread : ndarray, shape (k, k)
        N times the sampling covariance of the moments in the order of the layout.
    n_obs : int
        Number of cases.
    empty_cells : ndarray of bool, shape (m,)
        Pairs (below the diagonal by rows) whose table of answers has empty cells.
    """

    layout: MomentLayout
    thresholds: Floats
    mean: Floats
    cov: Floats
    spread: Floats
    n_obs: int
    empty_cells: Flags

    @property
    def vector(self) -> Floats:
        """All moments, shape (k,)."""
        return self.layout.stacked(self.thresholds, self.mean, self.cov)

    def correlation_spread(self) -> Floats:
        """Return N times the sampling covariance of the correlations below the diagonal."""
        layout, sd = self.layout, np.sqrt(np.diag(self.cov))
        rows, cols = layout.pairs
        _, _, variances, covariances = layout.parts
        J = np.zeros((len(rows), layout.size))
        J[np.arange(len(rows)), covariances.start + np.arange(len(rows))] = 1 / (
            sd[rows] * sd[cols]
        )
        rho = self.cov[rows, cols] / (sd[rows] * sd[cols])
        for side in (rows, cols):
            there = np.flatnonzero(~layout.is_ordered[side])
            at = variances.start + np.searchsorted(layout.continuous, side[there])
            J[there, at] = -rho[there] / (2 * sd[side[there]] ** 2)
        return np.asarray(J @ self.spread @ J.T)

    def select(self, index: list[int]) -> OrdinalMoments:
        """Return the moments of some of the variables, in the order asked for."""
        if index == list(range(self.layout.n_variables)):
            return self
        layout = MomentLayout(tuple(self.layout.n_thresholds[i] for i in index))
        places = self.layout.places(index)
        n_thresholds = layout.parts[0].stop
        return OrdinalMoments(
            layout=layout,
            thresholds=self.thresholds[places[:n_thresholds]],
            mean=self.mean[index],
            cov=self.cov[np.ix_(index, index)],
            spread=self.spread[np.ix_(places, places)],
            n_obs=self.n_obs,
            empty_cells=self.empty_cells[places[layout.parts[3]] - self.layout.parts[3].start],
        )


def renewed_ordinal(
    moments: OrdinalMoments, data: Floats, *, variances_only: bool = False
) -> OrdinalMoments:
    """Estimate the same moments from other cases.

    Parameters
    ----------
    moments : OrdinalMoments
        Tells which variables are ordered, and how many categories they have.
    data : ndarray, shape (n, p)
        Categories of ordered items from 0, values of continuous variables; NaN for missing.
    variances_only : bool
        Compute the diagonal of the spread only, at a fraction of the cost; the rest is NaN.

    Raises
    ------
    MomentsError
        If a category is empty or a continuous variable does not vary.
    """
    layout = moments.layout
    sizes = tuple(count + 1 if count else 0 for count in layout.n_thresholds)
    codes = np.where(layout.is_ordered & ~np.isnan(data), data, -1).astype(np.intp)
    for item, size in enumerate(sizes):
        different = len(np.unique(data[~np.isnan(data[:, item]), item]))
        if different < max(size, 2):
            raise MomentsError("A category is empty, or a variable does not vary.")
    return ordinal_moments(codes, data, sizes, variances_only=variances_only)


def ordinal_moments(
    codes: Codes, values: Floats, n_categories: tuple[int, ...], *, variances_only: bool = False
) -> OrdinalMoments:
    r"""Estimate the moments of ordered and continuous variables in two steps [muthen1984]_.

    Parameters
    ----------
    codes : ndarray of int, shape (n, p)
        Categories of the ordered items from 0; -1 where an answer is missing. Columns of
        continuous variables are not used.
    values : ndarray, shape (n, p)
        Values of the continuous variables, NaN where missing; other columns are not used.
    n_categories : tuple of int
        For each variable; 0 for a continuous one.
    variances_only : bool
        Compute the diagonal of the spread only; the rest is NaN.

    Notes
    -----
    The estimates solve :math:`\sum_i s_i = 0` with s the casewise slopes of the univariate
    log-likelihoods (thresholds, means, variances), then of each pair's log-likelihood in its
    correlation. Their covariance matrix is :math:`A^{-1} B A^{-T}` with B the cross-products of all
    casewise slopes and A triangular in blocks, each from the cross-products of the slopes of one
    variable or of one pair [muthen1995]_.
    """
    layout = MomentLayout(tuple(max(K - 1, 0) for K in n_categories))
    step = _TwoSteps.of(codes, values, layout)
    return step.moments(variances_only=variances_only)


@dataclass(frozen=True, slots=True)
class _TwoSteps:
    """Everything of the univariate step, from which pairs are estimated."""

    codes: Codes
    z: Floats
    layout: MomentLayout
    cuts: tuple[Floats, ...]
    mean: Floats
    sd: Floats

    @classmethod
    def of(cls, codes: Codes, values: Floats, layout: MomentLayout) -> _TwoSteps:
        """Estimate thresholds, means and variances, each variable by itself."""
        ordered = layout.is_ordered
        cuts = []
        for item, size in enumerate(layout.n_thresholds):
            answered = codes[:, item][codes[:, item] >= 0]
            counts = np.bincount(answered, minlength=size + 1).astype(float)
            cuts.append(category_thresholds(counts) if size else np.empty(0))
        z = np.where(ordered, np.nan, values)
        mean, sd = np.zeros(len(ordered)), np.ones(len(ordered))
        C = layout.continuous
        mean[C], sd[C] = np.nanmean(z[:, C], axis=0), np.nanstd(z[:, C], axis=0)
        return cls(codes, (z - mean) / sd, layout, tuple(cuts), mean, sd)

    def moments(self, *, variances_only: bool) -> OrdinalMoments:
        """Estimate the correlations and the spread of all moments, or its diagonal."""
        layout = self.layout
        rows, cols = layout.pairs
        n_obs, size = len(self.codes), layout.size
        slopes = np.zeros((n_obs, size))
        A = np.zeros((size, size))
        rho, empty = np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
        self._univariate(slopes)
        ordered = layout.is_ordered
        kinds = ordered[rows].astype(int) + ordered[cols]
        both, mixed, neither = (np.flatnonzero(kinds == kind) for kind in (2, 1, 0))
        self._ordered(both, rho, empty, slopes, A)
        self._mixed(mixed, rho, slopes, A)
        self._continuous(neither, rho, slopes, A)
        R = np.eye(len(ordered))
        R[rows, cols] = R[cols, rows] = rho
        return OrdinalMoments(
            layout=layout,
            thresholds=np.concatenate(self.cuts),
            mean=self.mean,
            cov=R * np.outer(self.sd, self.sd),
            spread=self._spread(slopes, A, rho, variances_only=variances_only),
            n_obs=n_obs,
            empty_cells=empty,
        )

    def _univariate(self, slopes: Floats) -> None:
        """Fill in each case's slopes in thresholds, means and variances."""
        thresholds, means, variances, _ = self.layout.parts
        start = thresholds.start
        for item, cuts in enumerate(self.cuts):
            table = _threshold_slopes(cuts)
            part = slopes[:, start : start + len(cuts)]
            part[:] = table[self.codes[:, item]]
            start += len(cuts)
        C = self.layout.continuous
        z, sd = self.z[:, C], self.sd[C]
        slopes[:, means] = np.nan_to_num(z / sd)
        slopes[:, variances] = np.nan_to_num((z**2 - 1) / (2 * sd**2))

    def _ordered(
        self, chosen: Indices, rho: Floats, empty: Flags, slopes: Floats, A: Floats
    ) -> None:
        """Estimate polychoric correlations, with their slopes and those of A."""
        if not len(chosen):
            return
        layout = self.layout
        rows, cols = (side[chosen] for side in layout.pairs)
        sizes = np.array(layout.n_thresholds) + 1
        edges = bounds(self.cuts)
        counts = pair_tables(self.codes, rows, cols, edges.shape[1] - 1)
        real = np.arange(counts.shape[1])
        inside = (real < sizes[rows, None])[:, :, None] & (real < sizes[cols, None])[:, None, :]
        empty[chosen] = ((counts == 0) & inside).any(axis=(1, 2))
        tables, _ = without_empty_cells(counts, sizes[rows], sizes[cols])
        rho[chosen] = OrderedPairs(tables, edges[rows], edges[cols]).estimate()
        pairs = OrderedPairs(counts, edges[rows], edges[cols])
        slope, by_row, by_col = pairs.case_slopes(rho[chosen])
        places = layout.parts[3].start + chosen
        # A missing answer has category -1: the last row and column, which hold no slope.
        slope = np.pad(slope, ((0, 0), (0, 1), (0, 1)))
        slopes[:, places] = slope[np.arange(len(chosen)), self.codes[:, rows], self.codes[:, cols]]
        first = np.concatenate([[0], np.cumsum(layout.n_thresholds)])
        for side, found in ((rows, by_row), (cols, by_col)):
            step = np.arange(found.shape[1])
            there = step < (sizes[side] - 1)[:, None]
            target = (first[side][:, None] + step)[there]
            A[np.repeat(places, there.sum(axis=1)), target] = found[there]

    def _mixed(self, chosen: Indices, rho: Floats, slopes: Floats, A: Floats) -> None:
        """Estimate polyserial correlations, with their slopes and those of A."""
        if not len(chosen):
            return
        layout = self.layout
        rows, cols = (side[chosen] for side in layout.pairs)
        ordered = np.where(layout.is_ordered[rows], rows, cols)
        metric = np.where(layout.is_ordered[rows], cols, rows)
        codes = self.codes[:, ordered]
        edges = bounds(self.cuts)
        z = np.where(codes >= 0, self.z[:, metric], np.nan)
        pairs = MixedPairs(z, edges[ordered, codes + 1], edges[ordered, codes])
        rho[chosen] = pairs.estimate()
        slope, upper, lower, by_z = pairs.case_slopes(rho[chosen])
        places = layout.parts[3].start + chosen
        slopes[:, places] = slope
        sd, seen = self.sd[metric], ~np.isnan(z)
        z = np.where(seen, z, 0.0)
        thresholds, means, variances, _ = layout.parts
        at = np.searchsorted(layout.continuous, metric)
        # The pair's log-likelihood is that of the continuous variable and of the item given it.
        A[places, means.start + at] = (slope * (z - by_z)).sum(axis=0) / sd
        by_variance = np.where(seen, z**2 - 1, 0.0) - by_z * z
        A[places, variances.start + at] = (slope * by_variance).sum(axis=0) / (2 * sd**2)
        first = np.concatenate([[0], np.cumsum(layout.n_thresholds)])
        for cut in range(max(layout.n_thresholds)):
            there = np.array(layout.n_thresholds)[ordered] > cut
            total = slope * ((codes == cut) * upper + (codes == cut + 1) * lower)
            target = thresholds.start + first[ordered] + cut
            A[places[there], target[there]] = total.sum(axis=0)[there]

    def _continuous(self, chosen: Indices, rho: Floats, slopes: Floats, A: Floats) -> None:
        """Take the correlations of continuous pairs, with their slopes and those of A."""
        if not len(chosen):
            return
        layout = self.layout
        rows, cols = (side[chosen] for side in layout.pairs)
        seen = ~np.isnan(self.z[:, rows] * self.z[:, cols])
        a, b = (np.where(seen, self.z[:, side], 0.0) for side in (rows, cols))
        if seen.all():
            rho[chosen] = (a * b).mean(axis=0)
        else:
            for _ in range(_SWEEPS):
                rho[chosen] = _pair_step(a, b, seen, rho[chosen])
        r = rho[chosen]
        free = 1 - r**2
        quadratic = a**2 - 2 * r * a * b + b**2
        slope = np.where(seen, r / free + (a * b) / free - r * quadratic / free**2, 0.0)
        places = layout.parts[3].start + chosen
        slopes[:, places] = slope
        _, means, variances, _ = layout.parts
        for side, own, other in ((rows, a, b), (cols, b, a)):
            at, sd = np.searchsorted(layout.continuous, side), self.sd[side]
            by_own = (own - r * other) / free
            A[places, means.start + at] = (slope * by_own).sum(axis=0) / sd
            by_variance = np.where(seen, own * by_own - 1, 0.0)
            A[places, variances.start + at] = (slope * by_variance).sum(axis=0) / (2 * sd**2)

    def _spread(self, slopes: Floats, A: Floats, rho: Floats, *, variances_only: bool) -> Floats:
        """Return N times the covariance of the moments, from slopes and the lower blocks of A."""
        layout = self.layout
        _, means, variances, covariances = layout.parts
        first = covariances.start
        B = slopes[:, :first].T @ slopes[:, :first]
        own = np.zeros((first, first))
        start = 0
        for size in layout.n_thresholds:
            part = slice(start, start + size)
            own[part, part] = B[part, part]
            start += size
        at = np.arange(len(layout.continuous))
        for i in (means.start + at, variances.start + at):
            for j in (means.start + at, variances.start + at):
                own[i, j] = B[i, j]
        weight = np.einsum("ij,ij->j", slopes[:, first:], slopes[:, first:])
        weight = np.where(weight > 0, weight, np.inf)
        upper = np.linalg.inv(own)
        lower = -(A[first:, :first] / weight[:, None]) @ upper

        def from_slopes(rows: Floats) -> Floats:
            """Return A^-1 times a matrix, in the metric of covariances."""
            below = lower @ rows[:first] + rows[first:] / weight[:, None]
            return self._to_covariances(np.concatenate([upper @ rows[:first], below]), rho)

        if variances_only:
            spread = np.full((layout.size,) * 2, np.nan)
            np.fill_diagonal(spread, len(slopes) * (from_slopes(slopes.T) ** 2).sum(axis=1))
            return spread
        return np.asarray(len(slopes) * from_slopes(from_slopes(slopes.T @ slopes).T))

    def _to_covariances(self, inverse: Floats, rho: Floats) -> Floats:
        """Pass from correlations to covariances with and among continuous variables."""
        if self.layout.is_ordered.all():
            return inverse
        layout = self.layout
        rows, cols = layout.pairs
        _, _, variances, covariances = layout.parts
        changed = inverse.copy()
        changed[covariances] *= (self.sd[rows] * self.sd[cols])[:, None]
        for side, other in ((rows, cols), (cols, rows)):
            there = np.flatnonzero(~layout.is_ordered[side])
            at = variances.start + np.searchsorted(layout.continuous, side[there])
            factor = rho[there] * self.sd[other[there]] / (2 * self.sd[side[there]])
            changed[covariances.start + there] += factor[:, None] * inverse[at]
        return changed


_SWEEPS = 50


def _pair_step(a: Floats, b: Floats, seen: Flags, rho: Floats) -> Floats:
    """Take one scoring step towards the correlation of highest likelihood, pair by pair."""
    n = seen.sum(axis=0)
    product, squares = (a * b).sum(axis=0) / n, (a**2 + b**2).sum(axis=0) / n
    free = 1 - rho**2
    slope = rho / free + product / free - rho * (squares - 2 * rho * product) / free**2
    new = rho + slope * free**2 / (1 + rho**2)
    return np.asarray(np.clip(new, (rho - 1) / 2, (rho + 1) / 2))


def _threshold_slopes(cuts: Floats) -> Floats:
    """Return a case's slopes in an item's thresholds, by its category; zeros for no answer.

    Returns
    -------
    ndarray, shape (K + 1, K - 1)
    """
    edges = bounds((cuts,))[0]
    P = np.diff(ndtr(edges))
    density = np.exp(-(cuts**2) / 2) / np.sqrt(2 * np.pi)
    table = np.zeros((len(cuts) + 2, len(cuts)))
    at = np.arange(len(cuts))
    table[at, at] = density / P[:-1]
    table[at + 1, at] = -density / P[1:]
    return table
