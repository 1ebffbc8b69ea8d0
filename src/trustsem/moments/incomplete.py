"""Sample moments of incomplete data: maximum-likelihood estimates of the saturated model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trustsem.arrays import (
    Flags,
    Floats,
    diagonal,
    invert_positive,
    outer,
    roots,
    symmetric,
    transpose,
)
from trustsem.completion import CompletedPoint, WeightedCases
from trustsem.errors import MomentsError, NotPositiveDefiniteError
from trustsem.findings import Finding
from trustsem.moments.sample import (
    DEPENDENT,
    Divisor,
    SampleMoments,
    numeric_columns,
    require_cases,
    require_positive_definite,
    scale_finding,
)
from trustsem.moments.spread import FreeSpread
from trustsem.nearby import minimise_near
from trustsem.patterns import PatternPoint, Patterns

_EM_STEPS = 10
_STEPS = 500
_HALVINGS = 20
_SETTLED = 1e-9
"""Largest change of a standardised moment at which the estimates stand still."""
_STILL = 1e-9
"""The same for slopes, in the metric of the moments."""
_LOW_COVERAGE = 0.10


@dataclass(frozen=True, slots=True)
class SaturatedMoments:
    """Maximum-likelihood estimates of mean and covariance from incomplete cases.

    Parameters
    ----------
    cov : ndarray, shape (p, p)
        Covariance matrix, divisor N.
    mean : ndarray, shape (p,)
        Means.
    converged : bool
        Whether the likelihood has reached its maximum.
    steps : int
        Steps taken.
    """

    cov: Floats
    mean: Floats
    converged: bool
    steps: int


def em_moments(
    frame: pd.DataFrame,
    names: Sequence[str] | None = None,
    *,
    complete: Sequence[str] = (),
    divisor: Divisor = "n",
    group: str = "",
) -> SampleMoments:
    """Estimate means and covariances of incomplete data by maximum likelihood.

    Parameters
    ----------
    frame : DataFrame
        Raw data, one row per respondent, NaN for missing.
    names : sequence of str, optional
        Variables; None: all columns that hold numbers.
    complete : sequence of str
        Variables that are conditioned on: cases in which one of them is missing are left out.
    divisor : {"n", "n-1"}
        What chi-square multiplies the discrepancy with. The estimates are those of maximum
        likelihood either way.
    group : str
        Label of the group.

    Returns
    -------
    SampleMoments
        ``covariances`` and ``means`` label them; ``findings`` tell what is missing, which cases
        were left out, and whether the estimates converged.

    Raises
    ------
    UnknownIndicatorError, NotNumericError
        If a variable is not a column or holds text.
    MomentsError
        If two variables are never observed together: their covariance is unknown.
    TooFewObservationsError
        If there are not more cases than variables.
    NotPositiveDefiniteError
        If variables are constant, duplicated or linearly dependent; they are named.

    Notes
    -----
    EM steps [dempster1977]_ with the missing-data patterns in place of the cases, then Newton steps
    where EM is slow. The estimates hold if answers are missing at random and normally distributed.
    """
    if names is None:
        names = [str(name) for name in frame.select_dtypes("number").columns]
    values = numeric_columns(frame, names)
    known = ~np.isnan(values)
    needed = [list(names).index(name) for name in complete]
    kept = np.asarray(known.any(axis=1) & known[:, needed].all(axis=1))
    data = values[kept]
    require_cases(len(data), len(names), group)
    lost = Lost(len(values), int((~known.any(axis=1)).sum()), int(kept.sum()))
    patterns = Patterns.of(data)
    sample = pattern_moments(
        patterns, names, _spans(data), lost, complete=complete, divisor=divisor, group=group
    )
    return replace(sample, data=data, rows=frame.index.to_numpy()[kept])


@dataclass(frozen=True, slots=True)
class Lost:
    """How many cases there are, and how many are analysed.

    Parameters
    ----------
    n_rows : int
        All cases.
    n_empty : int
        Those that answered nothing.
    n_kept : int
        Those that are analysed.
    """

    n_rows: int
    n_empty: int
    n_kept: int


def pattern_moments(
    patterns: Patterns,
    names: Sequence[str],
    varies: Flags,
    lost: Lost,
    *,
    complete: Sequence[str] = (),
    divisor: Divisor = "n",
    group: str = "",
) -> SampleMoments:
    """Estimate means and covariances of incomplete cases from their patterns.

    Parameters
    ----------
    patterns : Patterns
        The cases that are analysed.
    names : sequence of str
        Variables.
    varies : ndarray of bool, shape (p,)
        Which of them take more than one value.
    lost : Lost
        How many cases there were.
    complete, divisor, group
        As of :func:`em_moments`, as are the errors.

    Returns
    -------
    SampleMoments
        Without the cases themselves.
    """
    where = f" in group {group!r}" if group else ""
    moments = _moments_of(patterns, names, varies, where)
    return SampleMoments(
        names=tuple(names),
        cov=moments.cov,
        mean=moments.mean,
        n_obs=patterns.n_obs,
        divisor=divisor,
        patterns=patterns,
        group=group,
        findings=(
            *_lost_cases(lost, complete, group),
            *_missing_answers(patterns, names, group),
            *_not_settled(moments, group),
            *scale_finding(moments.cov, names),
        ),
    )


def incomplete_moments(
    data: Floats, names: Sequence[str], where: str = ""
) -> tuple[Patterns, SaturatedMoments]:
    """Return the patterns of incomplete cases and their moments; see :func:`em_moments`."""
    patterns = Patterns.of(data)
    return patterns, _moments_of(patterns, names, _spans(data), where)


def _spans(data: Floats) -> Flags:
    """Return which variables take more than one value among the cases that observe them."""
    known = ~np.isnan(data)
    low = np.where(known, data, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, data, -np.inf).max(axis=0, initial=-np.inf)
    return np.asarray(low < high)


def _moments_of(
    patterns: Patterns, names: Sequence[str], varies: Flags, where: str
) -> SaturatedMoments:
    """Return the moments of cases that can have any."""
    _require_pairs(patterns, names, where)
    _require_variance(varies, names)
    moments = saturated_moments(patterns)
    require_positive_definite(moments.cov, names, "covariance matrix of the incomplete data")
    return moments


def saturated_moments(patterns: Patterns) -> SaturatedMoments:
    r"""Maximise the likelihood of incomplete cases over means and covariances.

    Parameters
    ----------
    patterns : Patterns
        The cases; every pair of variables observed together, every variable of some variance.

    Notes
    -----
    With G and g the slopes of :math:`F = -2 \ln L / N` in Sigma and mu, an EM step is
    :math:`\mu + \delta`, :math:`\Sigma - \Sigma G \Sigma - \delta\delta'` with
    :math:`\delta = -\Sigma g / 2`: complete cases contribute their squares, incomplete ones what
    is expected of them. It always goes downhill; Newton steps are taken where they do, too.
    """
    mean, cov = _available(patterns)
    at = patterns.at(cov, mean)
    for step in range(1, _STEPS + 1):
        newton = _newton_step(at) if step > _EM_STEPS else None
        reached = newton or _em_step(at)
        if not np.isfinite(reached.value):
            # Variables depend on each other: the caller finds which in the singular matrix.
            return SaturatedMoments(reached.Sigma, reached.mu, converged=False, steps=step)
        settled = _change(at, reached) < _SETTLED
        at = reached
        if settled:
            return SaturatedMoments(at.Sigma, at.mu, converged=True, steps=step)
    return SaturatedMoments(at.Sigma, at.mu, converged=False, steps=_STEPS)


@dataclass(frozen=True, slots=True)
class StackedMoments:
    """Maximum-likelihood estimates of means and covariances from each of many samples.

    Parameters
    ----------
    cov, mean : ndarray, shapes (b, p, p) and (b, p)
        The estimates, divisor N.
    value : ndarray, shape (b,)
        Minus twice the mean log-likelihood without constant.
    exists : ndarray of bool, shape (b,)
        Which samples have estimates: every pair of variables is observed together, none is constant
        or follows from others, and the search has converged.
    """

    cov: Floats
    mean: Floats
    value: Floats
    exists: Flags


def stacked_moments(
    data: Floats, counts: NDArray[np.intp], near: tuple[Floats, Floats]
) -> tuple[WeightedCases, StackedMoments]:
    r"""Maximise the likelihood of each of many samples of the same incomplete cases.

    Parameters
    ----------
    data : ndarray, shape (n, p)
        The cases, NaN for missing.
    counts : ndarray of int, shape (b, n)
        How often each sample holds each case.
    near : tuple of ndarray, shapes (p, p) and (p,)
        Moments that resemble all of theirs.

    Returns
    -------
    cases : WeightedCases
        The samples, prepared for their likelihood.
    moments : StackedMoments
        The estimates.

    Notes
    -----
    One EM step [dempster1977]_ from there gives each sample moments of its own. Seen from these,
    :math:`\Sigma = L X L'` and :math:`\mu = m + L u` with :math:`L L'` and m what that step gave,
    the curvature in X and u at X = I is that of complete data, which is diagonal, less the share of
    what is missing: with it as first guess quasi-Newton steps need half as many evaluations as EM.
    """
    b, p = len(counts), data.shape[1]
    cases = WeightedCases.of(data, counts)
    possible = _observed_and_varying(data, counts)
    cov, mean = np.broadcast_to(near[0], (b, p, p)), np.broadcast_to(near[1], (b, p))
    first = cases.at(cov, mean)
    root, positive = roots(first.cov - outer(first.shift, first.shift))
    function = _Whitened(cases, root, mean + first.shift)
    rows, cols = np.tril_indices(p)
    start = np.concatenate([np.zeros(p), (rows == cols).astype(float)])
    curvature = np.concatenate([np.full(p, 2.0), np.where(rows == cols, 1.0, 2.0)])
    ends = minimise_near(function, np.tile(start, (b, 1)), curvature, _STILL)
    found_cov, found_mean = function.moments(ends.at)
    exists = possible & positive & ends.converged
    found_cov[~exists] = np.eye(p)
    scale = 1 / np.sqrt(diagonal(found_cov))
    smallest = np.linalg.eigvalsh(found_cov * outer(scale, scale))[:, 0]
    exists &= smallest > DEPENDENT
    return cases, StackedMoments(found_cov, found_mean, ends.value, exists)


@dataclass(frozen=True, slots=True)
class _Whitened:
    """The likelihood of samples as a function of moments in the metric of each sample."""

    cases: WeightedCases
    root: Floats
    centre: Floats

    def moments(self, x: Floats) -> tuple[Floats, Floats]:
        """Return covariances and means at points of shape (b, p + p(p+1)/2)."""
        p = self.centre.shape[-1]
        rows, cols = np.tril_indices(p)
        X = np.empty((len(x), p, p))
        X[:, rows, cols] = X[:, cols, rows] = x[:, p:]
        cov = self.root @ X @ transpose(self.root)
        return symmetric(cov), self.centre + (self.root @ x[:, :p, None])[..., 0]

    def at(self, reduced: Floats) -> _WhitenedPoint:
        return _WhitenedPoint(self.cases.at(*self.moments(reduced)), self.root)

    def take(self, index: NDArray[np.intp]) -> _Whitened:
        return _Whitened(self.cases.take(index), self.root[index], self.centre[index])


@dataclass(frozen=True, slots=True)
class _WhitenedPoint:
    """The likelihood at one point of each sample."""

    point: CompletedPoint
    root: Floats

    @property
    def value(self) -> Floats:
        return np.where(np.isfinite(self.point.value), self.point.value, np.inf)

    def gradient(self) -> Floats:
        turned = transpose(self.root)
        means = (turned @ self.point.dF_dmu[..., None])[..., 0]
        G = turned @ self.point.dF_dSigma @ self.root
        rows, cols = np.tril_indices(G.shape[-1])
        return np.concatenate([means, np.where(rows == cols, 1.0, 2.0) * G[:, rows, cols]], axis=1)

    def curvatures(self) -> None:
        return None


def _observed_and_varying(data: Floats, counts: NDArray[np.intp]) -> Flags:
    """Return which samples observe every pair of variables, and more than one value of each."""
    known = ~np.isnan(data)
    held = counts > 0
    rows, cols = np.tril_indices(data.shape[1])
    common = held.astype(float) @ (known[:, rows] & known[:, cols])
    possible = np.asarray((common > 0).all(axis=1))
    for item in data.T:
        present = held & ~np.isnan(item)
        largest = np.where(present, item, -np.inf).max(axis=1)
        possible &= largest > np.where(present, item, np.inf).min(axis=1)
    return possible


def independence_moments(sample: SampleMoments, related: Sequence[str]) -> tuple[Floats, Floats]:
    """Return maximum-likelihood moments under which only some variables are related.

    Parameters
    ----------
    sample : SampleMoments
        Incomplete cases.
    related : sequence of str
        The variables that may covary.

    Returns
    -------
    cov : ndarray, shape (p, p)
        The others have the variances of their own cases.
    mean : ndarray, shape (p,)
        Likewise.
    """
    patterns, _ = _incomplete(sample)
    mean, cov = _available(patterns)
    index = [sample.names.index(name) for name in related]
    if index:
        block = saturated_moments(patterns.of_variables(index))
        cov[np.ix_(index, index)], mean[index] = block.cov, block.mean
    return cov, mean


def available_moments(sample: SampleMoments) -> tuple[Floats, Floats]:
    """Return descriptive moments: means of available cases, covariances of pairs of them.

    Parameters
    ----------
    sample : SampleMoments
        Incomplete cases.

    Returns
    -------
    cov : ndarray, shape (p, p)
        Covariances of the cases that observe both variables, unbiased, or times (N-1)/N with
        divisor N; this matrix need not be positive definite.
    mean : ndarray, shape (p,)
        Means of the cases that observe the variable.
    """
    patterns, _ = _incomplete(sample)
    mean, _ = _available(patterns)
    known = patterns.observed.astype(float)
    weighted = patterns.counts[:, None] * known
    gap = np.where(patterns.observed, patterns.mean - mean, 0.0)
    both, sums = weighted.T @ known, (patterns.counts[:, None] * gap).T @ known
    squares = np.einsum("j,jab->ab", patterns.counts, patterns.scatter + outer(gap, gap))
    cov = (squares - sums * sums.T / both) / (both - 1)
    return cov if sample.divisor == "n-1" else cov * (1 - 1 / patterns.n_obs), mean


@dataclass(frozen=True)
class SaturatedModel:
    """What incomplete cases tell about means and covariances, at the saturated estimates.

    Parameters
    ----------
    sample : SampleMoments
        Incomplete cases.
    free : ndarray of bool, shape (k,)
        Which moments are estimated: all but those among fixed covariates. Moments are the means,
        then the lower triangle of the covariances by rows.
    """

    sample: SampleMoments
    free: Flags

    @classmethod
    def of(cls, sample: SampleMoments, covariates: Sequence[str]) -> SaturatedModel:
        """Prepare a sample, given fixed covariates."""
        given = np.isin(sample.names, list(covariates))
        rows, cols = np.tril_indices(len(sample.names))
        return cls(sample, np.concatenate([~given, ~(given[rows] & given[cols])]))

    def information(self, kind: str) -> Floats:
        """Return the information per case about the l free moments, shape (l, l).

        Parameters
        ----------
        kind : {"expected", "observed", "first.order"}
            Within the patterns observed, the exact second derivative, or outer products of slopes.
        """
        if kind == "first.order":
            return self.outer_products
        return self._observed if kind == "observed" else self._expected

    @cached_property
    def _observed(self) -> Floats:
        return self._chosen(self._point.information(exact=True))

    @cached_property
    def _expected(self) -> Floats:
        return self._chosen(self._point.information(exact=False))

    @cached_property
    def _point(self) -> PatternPoint:
        patterns, mean = _incomplete(self.sample)
        return patterns.at(self.sample.cov, mean)

    @cached_property
    def inverse(self) -> Floats:
        """Inverse of the exact information, shape (l, l)."""
        return invert_positive(self._observed).matrix

    @cached_property
    def outer_products(self) -> Floats:
        """Mean outer product of the cases' slopes in the free moments, shape (l, l)."""
        sample = self.sample
        _, mean = _incomplete(sample)
        if sample.again is None:
            return self._chosen(self._outer_products())
        found = sample.again.once("slopes", (sample.cov, mean), self._outer_products)
        return self._chosen(found)

    def _outer_products(self) -> Floats:
        """Return the mean outer product of the slopes in all moments."""
        sample = self.sample
        _, mean = _incomplete(sample)
        shares = (
            len(data) / sample.n_obs * patterns.outer_products(data, sample.cov, mean)
            for data, patterns in incomplete_parts(sample)
        )
        return np.asarray(sum(shares))

    @cached_property
    def complete_information(self) -> Floats:
        """Information per case that complete data of these moments would give, shape (l, l)."""
        _, mean = _incomplete(self.sample)
        whole = Patterns.complete(self.sample.cov, mean)
        return self._chosen(whole.at(self.sample.cov, mean).information(exact=False))

    def spread(self, kind: str, *, robust: bool) -> FreeSpread:
        """Return G of the estimates: the inverse information, or a sandwich [yuan2000]_ of it.

        Parameters
        ----------
        kind : str
            Which information.
        robust : bool
            Whether G holds without normality.
        """
        inverse = invert_positive(self.information(kind)).matrix
        G = np.zeros((len(self.free),) * 2)
        chosen = inverse @ self.outer_products @ inverse if robust else inverse
        G[np.ix_(self.free, self.free)] = chosen
        return FreeSpread(G, len(self.sample.names))

    def _chosen(self, matrix: Floats) -> Floats:
        return np.asarray(matrix[np.ix_(self.free, self.free)])


def incomplete_parts(sample: SampleMoments) -> Iterator[tuple[Floats, Patterns]]:
    """Yield the cases of a sample, at once or in parts, and the patterns they are of.

    Parameters
    ----------
    sample : SampleMoments
        Incomplete cases.

    Raises
    ------
    MomentsError
        If there are none.
    """
    patterns, _ = _incomplete(sample)
    if sample.data is not None:
        yield sample.data, patterns
        return
    if sample.again is None:
        raise MomentsError(
            "This needs the incomplete cases themselves; here are only their moments.",
            remedy="Use estimator 'ML' with se='standard'.",
        )
    for part in sample.again.parts():
        yield part, Patterns.of(part)


def _incomplete(sample: SampleMoments) -> tuple[Patterns, Floats]:
    """Return patterns and means, or raise if the sample has none."""
    if sample.patterns is None or sample.mean is None:
        raise MomentsError("These moments do not come from incomplete cases.")
    return sample.patterns, sample.mean


def _available(patterns: Patterns) -> tuple[Floats, Floats]:
    """Return mean and variances (as a diagonal matrix) of each variable's own cases."""
    counts = patterns.counts[:, None] * patterns.observed
    total = counts.sum(axis=0)
    mean = (counts * patterns.mean).sum(axis=0) / total
    within = np.diagonal(patterns.scatter, axis1=1, axis2=2)
    squares = counts * (within + (patterns.mean - mean) ** 2)
    return mean, np.diag(squares.sum(axis=0) / total)


def _em_step(at: PatternPoint) -> PatternPoint:
    """Return the point that one EM step reaches."""
    cov = at.Sigma
    shift = -cov @ at.dF_dmu / 2
    new = cov - cov @ at.dF_dSigma @ cov - outer(shift, shift)
    return at.patterns.at(symmetric(new), at.mu + shift)


def _newton_step(at: PatternPoint) -> PatternPoint | None:
    """Return the point that one Newton step reaches; None where none goes downhill."""
    p = len(at.mu)
    rows, cols = np.tril_indices(p)
    slope = np.where(rows == cols, 1.0, 2.0) * at.dF_dSigma[rows, cols]
    gradient = np.concatenate([at.dF_dmu, slope])
    inverse = invert_positive(2 * at.information(exact=True))
    if not inverse.positive:
        return None
    step = -inverse.matrix @ gradient
    change = np.zeros_like(at.Sigma)
    change[rows, cols] = change[cols, rows] = step[p:]
    rounding = 1e-14 * max(1.0, abs(float(at.value)))
    for halving in range(_HALVINGS):
        share = 0.5**halving
        reached = at.patterns.at(at.Sigma + share * change, at.mu + share * step[:p])
        if reached.value <= at.value + rounding:
            return reached
    return None


def _change(old: PatternPoint, new: PatternPoint) -> float:
    """Return the largest change of a mean or covariance in standard deviations."""
    sd = np.sqrt(np.diag(new.Sigma))
    of_cov = np.abs(new.Sigma - old.Sigma) / outer(sd, sd)
    return float(max(of_cov.max(), (np.abs(new.mu - old.mu) / sd).max()))


def _require_pairs(patterns: Patterns, names: Sequence[str], where: str) -> None:
    """Raise if there are variables, or pairs of them, that no case observes."""
    coverage = patterns.coverage
    empty = [name for name, share in zip(names, np.diag(coverage), strict=True) if share == 0]
    if empty:
        raise MomentsError(f"No case{where} has an answer to {', '.join(empty)}.")
    apart = np.argwhere(np.tril(coverage == 0, -1)).tolist()
    if not apart:
        return
    pairs = [f"{names[col]} with {names[row]}" for row, col in apart]
    more = f" and {len(pairs) - 5} more pairs" if len(pairs) > 5 else ""  # noqa: PLR2004
    raise MomentsError(
        f"Never observed together{where}: {', '.join(pairs[:5])}{more}. The data say nothing "
        "about their covariance, so there is no saturated model to test against.",
        remedy="Leave out one of the two, or analyse the cases of each form by themselves.",
    )


def _require_variance(varies: Flags, names: Sequence[str]) -> None:
    """Raise if a variable takes one value only among the cases that observe it."""
    constant = [name for name, free in zip(names, varies, strict=True) if not free]
    if constant:
        reason = f"Without variance: {', '.join(constant)}."
        raise NotPositiveDefiniteError("sample covariance matrix", constant, reason)


def _lost_cases(lost: Lost, complete: Sequence[str], group: str) -> tuple[Finding, ...]:
    """Return findings about cases that say nothing, or lack what is conditioned on."""
    empty, n_rows = lost.n_empty, lost.n_rows
    without = n_rows - lost.n_kept - empty
    place = f" of group {group}" if group else ""
    reasons = {
        f"{empty} of {n_rows} cases{place} have no answer to any variable of the model": empty,
        f"{without} of {n_rows} cases{place} lack a covariate whose moments are fixed "
        f"({', '.join(complete)})": without,
    }
    return tuple(
        Finding(
            code="cases_lost",
            subject="data",
            claim=f"{reason} and are left out; N = {lost.n_kept}.",
            severity="warning",
            value=count / n_rows,
        )
        for reason, count in reasons.items()
        if count
    )


def _missing_answers(patterns: Patterns, names: Sequence[str], group: str) -> tuple[Finding, ...]:
    """Return the finding about what is missing; a warning where a pair has hardly any cases."""
    coverage = patterns.coverage
    missing = 1 - float(np.diag(coverage).mean())
    if missing == 0:
        return ()
    row, col = divmod(int(np.argmin(coverage)), len(names))
    lowest = float(coverage[row, col])
    pair = names[row] if row == col else f"{names[row]} with {names[col]}"
    low = lowest < _LOW_COVERAGE
    place = f" of group {group}" if group else ""
    remedy = "Results rest on few cases there: look at this pair, or leave out a variable."
    return (
        Finding(
            code="missing_answers",
            subject="data",
            claim=f"{missing:.1%} of the answers{place} are missing, in {len(patterns.counts)} "
            f"patterns; least covered is {pair} ({lowest:.0%} of the cases). Incomplete cases "
            "count with what they answered, which assumes that answers are missing at random.",
            severity="warning" if low else "note",
            value=lowest,
            threshold=_LOW_COVERAGE,
            source="enders2001",
            remedy=remedy if low else "",
        ),
    )


def _not_settled(moments: SaturatedMoments, group: str) -> tuple[Finding, ...]:
    """Return the finding that the saturated model has not converged, if so."""
    if moments.converged:
        return ()
    place = f" of group {group}" if group else ""
    return (
        Finding(
            code="em_not_converged",
            subject="data",
            claim=f"The saturated moments{place} did not converge in {moments.steps} steps; "
            "chi-square and everything built on it is not to be trusted.",
            severity="serious",
            holds=False,
            source="dempster1977",
            remedy="Look for pairs of variables with few common cases, and leave one out.",
        ),
    )
