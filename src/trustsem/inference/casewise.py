r"""Casewise quantities: what each respondent adds to the slope and to the spread of the moments.

A fourth-moment matrix Gamma of p(p+1)/2 moments is never formed for what scores can give. With
:math:`d_i` the deviation of a case and X the columns that carry the derivatives (see
:mod:`trustsem.implied.structure`), :math:`\Delta'W\Gamma W\Delta` is the mean outer product of the
centred contributions :math:`\tfrac12 d_i'W\,d\Sigma\,W d_i`, and each of those is a product of
two elements of :math:`X'W d_i`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, invert_positive, lower_triangle, outer
from trustsem.errors import InferenceError
from trustsem.estimation import Problem
from trustsem.estimation.objective import AnyBlock, Block
from trustsem.implied import Implied, Projection, Structure
from trustsem.inference.moment_cases import MomentCases
from trustsem.inference.sandwich import moment_meat, moment_traces
from trustsem.moments import (
    FreeSpread,
    SampleMoments,
    SaturatedModel,
    incomplete_parts,
    predicted_cases,
)
from trustsem.patterns import Patterns

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class GroupCases:
    """The cases of one group, seen from one point of the parameters.

    Parameters
    ----------
    structure : Structure
        The compiled model of the group.
    projection : Projection
        Columns of the derivatives at the point.
    W : ndarray, shape (p, p)
        Inverse of the implied covariance matrix.
    mean_gap : ndarray, shape (p,)
        Sample means minus implied means; zero without a mean structure.
    deviations : ndarray, shape (n, p)
        Cases minus sample means.
    predicted : ndarray, shape (n, p), or None
        The part of the deviations that fixed covariates predict; None without any.
    share : float
        Weight of the group in F.
    """

    structure: Structure
    projection: Projection
    W: Floats
    mean_gap: Floats
    deviations: Floats
    predicted: Floats | None
    share: float

    @property
    def n_obs(self) -> int:
        """Number of cases."""
        return len(self.deviations)

    def chunks(self) -> Iterator[slice]:
        """Yield slices of cases, so that memory does not grow with their number."""
        for start in range(0, self.n_obs, _CHUNK):
            yield slice(start, start + _CHUNK)

    def contributions(self, part: slice = slice(None)) -> Floats:
        """Return some cases' centred parts of Delta'W(s - sigma), shape (n, k).

        Given fixed covariates, what they predict of a case is no sampling variation.
        """
        at, WSW = self.structure.directions, self.W @ self.spread @ self.W
        total = self._products(self.deviations[part])
        if self.predicted is not None:
            total = total - self._products(self.predicted[part])
        return np.asarray(total - self.projection.slope(at, WSW) / 2)

    def scores(self, part: slice = slice(None)) -> Floats:
        """Return some cases' derivatives of the log-likelihood, shape (n, k)."""
        expected = self.projection.slope(self.structure.directions, self.W) / 2
        return np.asarray(self._products(self.deviations[part] + self.mean_gap) - expected)

    @property
    def spread(self) -> Floats:
        """Mean cross-products of the deviations, given fixed covariates."""
        total = self.deviations.T @ self.deviations
        if self.predicted is not None:
            total = total - self.predicted.T @ self.predicted
        return np.asarray(total / self.n_obs)

    def _products(self, deviations: Floats) -> Floats:
        """Return d'W dSigma W d / 2 (+ dmu'W d) of every case and parameter."""
        at = self.structure.directions
        reach = deviations @ (self.W @ self.projection.X)
        total = at.weight * reach[:, at.u] * reach[:, at.v]
        if self.structure.has_means:
            total = total + self.projection.mean_scale(at) * reach[:, at.u]
        return np.asarray(total)

    def weighted_trace(self, W: Floats) -> float:
        """Return tr(W* Gamma), W* the normal-theory weights that belong to an inverse W.

        Parameters
        ----------
        W : ndarray, shape (p, p)
            Inverse of a covariance matrix.
        """
        d = self.deviations
        dW = d @ W
        square = (dW * d).sum(axis=1) ** 2
        moved = d
        if self.predicted is not None:
            e = self.predicted
            square = square - 2 * (dW * e).sum(axis=1) ** 2 + ((e @ W) * e).sum(axis=1) ** 2
            moved = d - e
        WM = W @ self.spread
        trace = float(square.mean() - np.trace(WM @ WM)) / 2
        if self.structure.has_means:
            trace += float(((moved @ W) * moved).sum(axis=1).mean())
        return trace

    def cross_products(self) -> Iterator[tuple[slice, Floats]]:
        """Yield chunks of centred cross-products in the metric of the weights.

        Yields
        ------
        slice, ndarray of shape (m, p*)
            Which cases, and their rows Y: Y'Y/n is Gamma with weights W on both sides.
        """
        root = np.linalg.cholesky(self.W)
        d = self.deviations @ root
        e = None if self.predicted is None else self.predicted @ root
        centre = _half_vector(root.T @ self.spread @ root)
        for part in self.chunks():
            squares = outer(d[part], d[part])
            moved = d[part]
            if e is not None:
                squares, moved = squares - outer(e[part], e[part]), moved - e[part]
            rows = _half_vector(squares) - centre
            yield part, np.hstack([rows, moved]) if self.structure.has_means else rows

    def outer_products(self, *, centred: bool) -> Floats:
        """Return the mean outer product of contributions or of scores, shape (k, k)."""
        return _mean_outer_products(self, centred=centred)

    def squared_spread(self) -> tuple[float, Floats]:
        """Return tr(C^2) and Y'c/n, with Y the weighted cross-products and C = Y'Y/n."""
        n, size = self.n_obs, self.structure.n_moments
        onto = np.zeros((size, len(self.structure.free)))
        if n < size:
            Y = np.vstack([rows for _, rows in self.cross_products()])
            return float(((Y @ Y.T) ** 2).sum()) / n**2, Y.T @ self.contributions() / n
        C = np.zeros((size, size))
        for part, rows in self.cross_products():
            C += rows.T @ rows
            onto += rows.T @ self.contributions(part)
        return float((C**2).sum()) / n**2, onto / n


def _half_vector(M: Floats) -> Floats:
    """Return lower triangles so that the product of two vectors is tr(M N) / 2."""
    p = M.shape[-1]
    rows, cols = np.tril_indices(p)
    return np.asarray(lower_triangle(M) * np.where(rows == cols, np.sqrt(0.5), 1.0))


@dataclass(frozen=True, slots=True)
class IncompleteCases:
    """The incomplete cases of one group, seen from one point of the parameters.

    Parameters
    ----------
    structure : Structure
        The compiled model of the group.
    projection : Projection
        Columns of the derivatives at the point.
    expected : ndarray, shape (J, k)
        Half of the slope of ln|Sigma_j| of each pattern.
    pulls : ndarray, shape (n, p)
        W(y - mu) of each case, W that of its pattern.
    of_case : ndarray of int, shape (n,)
        The pattern of each case.
    share : float
        Weight of the group in F.
    """

    structure: Structure
    projection: Projection
    expected: Floats
    pulls: Floats
    of_case: NDArray[np.intp]
    share: float

    @classmethod
    def of(cls, block: Block, data: Floats, patterns: Patterns, at: Implied) -> Self:
        """Evaluate cases of shape (n, p) at implied moments."""
        projection = at.projection
        X, directions = projection.X, block.structure.directions
        W = patterns.inverses(at.Sigma)
        expected = (
            directions.weight * (np.swapaxes(X, -1, -2) @ W @ X)[:, directions.u, directions.v]
        )
        pulls = patterns.pulls(data, at.Sigma, at.mu)
        return cls(block.structure, projection, expected, pulls, patterns.of_case, block.share)

    @property
    def n_obs(self) -> int:
        """Number of cases."""
        return len(self.pulls)

    def chunks(self) -> Iterator[slice]:
        """Yield slices of cases, so that memory does not grow with their number."""
        for start in range(0, self.n_obs, _CHUNK):
            yield slice(start, start + _CHUNK)

    def scores(self, part: slice = slice(None)) -> Floats:
        """Return some cases' derivatives of the log-likelihood, shape (n, k)."""
        at = self.structure.directions
        reach = self.pulls[part] @ self.projection.X
        total = at.weight * reach[:, at.u] * reach[:, at.v]
        total = total + self.projection.mean_scale(at) * reach[:, at.u]
        return np.asarray(total - self.expected[self.of_case[part]])

    def contributions(self, part: slice = slice(None)) -> Floats:
        """Return the scores: sample moments to centre them at are not of the same cases."""
        return self.scores(part)


@dataclass(frozen=True, slots=True)
class IncompleteGroup:
    """All incomplete cases of one group, at hand or gone through in parts.

    Parameters
    ----------
    block : Block
        The group in the objective.
    sample : SampleMoments
        Its sample.
    at : Implied
        The point of the parameters.
    """

    block: Block
    sample: SampleMoments
    at: Implied

    @property
    def structure(self) -> Structure:
        """The compiled model of the group."""
        return self.block.structure

    @property
    def share(self) -> float:
        """Weight of the group in F."""
        return self.block.share

    def outer_products(self, *, centred: bool) -> Floats:
        """Return the mean outer product of the scores, shape (k, k)."""
        again = self.sample.again
        if again is None:
            return self._outer_products(centred=centred)
        point = (self.at.Sigma, self.at.mu, self.at.projection.X)
        return again.once("scores", point, partial(self._outer_products, centred=centred))

    def _outer_products(self, *, centred: bool) -> Floats:
        total: Floats | float = 0.0
        for data, patterns in incomplete_parts(self.sample):
            cases = IncompleteCases.of(self.block, data, patterns, self.at)
            found = _mean_outer_products(cases, centred=centred)
            total = total + len(data) / self.sample.n_obs * found
        return np.asarray(total)


def _mean_outer_products(cases: GroupCases | IncompleteCases, *, centred: bool) -> Floats:
    """Return the mean outer product of cases' contributions or scores, shape (k, k)."""
    k = len(cases.structure.free)
    total = np.zeros((k, k))
    for part in cases.chunks():
        rows = cases.contributions(part) if centred else cases.scores(part)
        total += rows.T @ rows
    return total / cases.n_obs


def _slope_cases(
    problem: Problem, params: Floats
) -> tuple[GroupCases | MomentCases | IncompleteGroup, ...]:
    """Return the cases of every group, for casewise slopes."""
    blocks, samples = problem.objective.blocks, problem.samples
    if samples[0].patterns is None:
        return group_cases(problem, params)
    return tuple(
        IncompleteGroup(block, sample, block.implied(params))
        for block, sample in zip(blocks, samples, strict=True)
        if isinstance(block, Block)
    )


def group_cases(problem: Problem, params: Floats) -> tuple[GroupCases | MomentCases, ...]:
    """Return the cases of every group at one point: themselves, or their fourth moments.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        All free parameters.

    Raises
    ------
    InferenceError
        If the samples are matrices without cases.
    """
    found: list[GroupCases | MomentCases] = []
    for block, sample in zip(problem.objective.blocks, problem.samples, strict=True):
        if not sample.has_cases or sample.mean is None:
            raise InferenceError(
                "Robust and first-order standard errors and scaled tests need raw data; "
                "this model was estimated from a matrix.",
                remedy="Give the data, or use estimator 'ML'.",
            )
        implied = block.implied(params)
        gap = sample.mean - implied.mu if block.mean is not None else np.zeros(len(sample.names))
        if sample.data is None:
            found.append(_by_moments(problem, block, sample, implied, gap))
            continue
        deviations = sample.data - sample.mean
        x = [sample.names.index(name) for name in problem.table.exogenous]
        found.append(
            GroupCases(
                structure=block.structure,
                projection=implied.projection,
                W=invert_positive(implied.Sigma).matrix,
                mean_gap=gap,
                deviations=deviations,
                predicted=predicted_cases(deviations, x) if x else None,
                share=block.share,
            )
        )
    return tuple(found)


def _by_moments(
    problem: Problem, block: AnyBlock, sample: SampleMoments, implied: Implied, gap: Floats
) -> MomentCases:
    """Return the cases of a group of which the moments are held."""
    covariates = problem.table.exogenous
    G = FreeSpread.of(sample, ()).matrix
    n = sample.n_obs
    return MomentCases(
        structure=block.structure,
        projection=implied.projection,
        W=invert_positive(implied.Sigma).matrix,
        mean_gap=gap,
        S=sample.cov * (sample.weight / n),
        G=G,
        given=FreeSpread.of(sample, covariates).matrix if covariates else G,
        n_obs=n,
        share=block.share,
    )


def casewise_scores(problem: Problem, params: Floats) -> Floats:
    """Return every case's derivatives of the log-likelihood in all free parameters.

    Parameters
    ----------
    problem : Problem
        The model, whose discrepancy is a likelihood, and its samples.
    params : ndarray, shape (q,)
        Where.

    Returns
    -------
    ndarray, shape (n, q)
        Groups below each other.

    Raises
    ------
    InferenceError
        If the samples are matrices without cases.
    """
    found = []
    for cases in _held_cases(problem, params):
        rows = np.zeros((cases.n_obs, len(params)))
        for part in cases.chunks():
            rows[part, cases.structure.free] = cases.scores(part)
        found.append(rows)
    return np.concatenate(found)


def _held_cases(problem: Problem, params: Floats) -> Iterator[GroupCases | IncompleteCases]:
    """Yield the cases of every group; raise where they are not held."""
    if problem.samples[0].patterns is None:
        for group in group_cases(problem, params):
            if not isinstance(group, GroupCases):
                raise _not_held()
            yield group
        return
    for block, sample in zip(problem.objective.blocks, problem.samples, strict=True):
        if sample.data is None:
            raise _not_held()
        if isinstance(block, Block) and sample.patterns is not None:
            at = block.implied(params)
            yield IncompleteCases.of(block, sample.data, sample.patterns, at)


def _not_held() -> InferenceError:
    return InferenceError(
        "Slopes of single cases need the cases; this model was estimated from a file that was read "
        "in parts.",
        remedy="Give the data with read_survey().",
    )


def meat_matrix(problem: Problem, params: Floats, *, centred: bool) -> Floats:
    r"""Compute the variance of the slope per case, in all free parameters.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        Where.
    centred : bool
        True: :math:`\Delta'W\Gamma W\Delta` with the sample's fourth moments [satorra1994]_; the
        only one for least squares.
        False: the outer products of casewise scores, the first-order information [white1982]_.

    Returns
    -------
    ndarray, shape (q, q)
    """
    if not problem.estimator.likelihood:
        return moment_meat(problem, params)
    total = np.zeros((len(params), len(params)))
    for cases in _slope_cases(problem, params):
        free = cases.structure.free
        total[free[:, None], free] += cases.share * cases.outer_products(centred=centred)
    return total


@dataclass(frozen=True, slots=True)
class Traces:
    """Traces of U Gamma and of its square.

    Parameters
    ----------
    first, second : float
        tr(U Gamma) and tr((U Gamma)^2).
    """

    first: float
    second: float


def residual_trace(problem: Problem, params: Floats, bread: Floats) -> float:
    r"""Compute tr(U Gamma), the mean of the test statistic under any distribution.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        Estimates.
    bread : ndarray, shape (q, q)
        Inverse of the expected information per case.

    Notes
    -----
    :math:`U = W - W\Delta(\Delta'W\Delta)^{-1}\Delta'W` [satorra1994]_, so the trace is
    tr(W Gamma) minus that of the bread with the meat.
    """
    if not problem.estimator.likelihood:
        return moment_traces(problem, params, bread)[0]
    total = sum(cases.weighted_trace(cases.W) for cases in group_cases(problem, params))
    meat = meat_matrix(problem, params, centred=True)
    return float(total - np.einsum("ij,ji->", bread, meat))


def residual_traces(problem: Problem, params: Floats, bread: Floats) -> Traces:
    r"""Compute tr(U Gamma) and tr((U Gamma)^2); parameters as in :func:`residual_trace`.

    Notes
    -----
    With Y the weighted cross-products of a group's n cases and C = Y'Y/n, the second trace is
    :math:`\sum tr(C^2) - 2 tr(A^{-1} \sum Q'C^2Q) + tr\{(A^{-1} Q'CQ)^2\}`; Y Q are the casewise
    contributions. tr(C^2) comes from Y'Y or from YY', whichever is smaller.
    """
    if not problem.estimator.likelihood:
        return Traces(*moment_traces(problem, params, bread))
    square, through = 0.0, np.zeros_like(bread)
    for cases in group_cases(problem, params):
        spread, onto = cases.squared_spread()
        square += spread
        free = cases.structure.free
        through[free[:, None], free] += cases.share * (onto.T @ onto)
    product = bread @ meat_matrix(problem, params, centred=True)
    second = square - 2 * float(np.einsum("ij,ji->", bread, through))
    second += float(np.einsum("ij,ji->", product, product))
    return Traces(residual_trace(problem, params, bread), second)


def saturated_trace(problem: Problem, params: Floats, information: str = "expected") -> float:
    """Compute tr(A1^-1 B1) of the saturated model, given fixed covariates [yuan2000]_.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        Any point; the trace does not depend on it.
    information : {"expected", "observed", "first.order"}
        Which A1, where cases are incomplete; of complete cases they are the same.
    """
    total = 0.0
    if problem.samples[0].patterns is not None:
        for sample in problem.samples:
            saturated = SaturatedModel.of(sample, problem.table.exogenous)
            A, B = saturated.information(information), saturated.outer_products
            total += float(np.trace(np.linalg.solve(A, B)))
        return total
    for cases, sample in zip(group_cases(problem, params), problem.samples, strict=True):
        total += cases.weighted_trace(invert_positive(sample.cov).matrix)
    return total
