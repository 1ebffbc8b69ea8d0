"""Which other samples could have come about? Cases drawn again, cases left out, normal samples.

Every resample has a random stream of its own, made from the seed and the resample's number. What
resample 17 holds therefore depends neither on how many there are nor on which part of a longer
computation draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, lower_triangle, outer, symmetric, transpose
from trustsem.errors import TooFewObservationsError
from trustsem.moments import Divisor, SampleMoments, renewed, stacked_moments

Moments = tuple[Floats, Floats]
"""Covariance matrices (b, p, p) and means (b, p) of one group."""

ResamplingKind = Literal["nonparametric", "bollen-stine", "parametric"]
RESAMPLING_KINDS: tuple[ResamplingKind, ...] = ("nonparametric", "bollen-stine", "parametric")

_CASES_AT_ONCE = 4096
_KEPT = 1000
"""Resamples whose moments are kept for what else is computed from them."""


class Source(Protocol):
    """Where one group's resamples come from."""

    def draw_moments(self, streams: Sequence[np.random.Generator]) -> Moments:
        """Draw the moments of one resample from each stream."""
        ...

    def draw_cases(self, stream: np.random.Generator) -> Floats:
        """Draw the cases of one resample, shape (n, p)."""
        ...


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases drawn with replacement [efron1979]_.

    Parameters
    ----------
    data : ndarray, shape (n, p)
        The cases of one group.
    divisor : {"n", "n-1"}
        What sums of squares are divided by.
    alike : SampleMoments or None
        A sample of incomplete cases or ordered items, as whose moments those of others are formed.
    """

    data: Floats
    divisor: Divisor
    alike: SampleMoments | None = None

    def draw_moments(self, streams: Sequence[np.random.Generator]) -> Moments:
        """Draw the moments of one resample from each stream."""
        return self.moments(self.draw_counts(streams))

    def draw_counts(self, streams: Sequence[np.random.Generator]) -> NDArray[np.intp]:
        """Return how often the resample from each stream holds each case, shape (b, n)."""
        n = len(self.data)
        counts = np.empty((len(streams), n), dtype=np.intp)
        for position, stream in enumerate(streams):
            counts[position] = np.bincount(self._chosen(stream), minlength=n)
        return counts

    def moments(self, counts: NDArray[np.intp]) -> Moments:
        """Return the moments of samples that hold each case so many times, counts (b, n)."""
        if self.alike is None:
            return weighted_moments(self.data, counts, self.divisor)
        if self.alike.patterns is not None and self.alike.mean is not None:
            found = stacked_moments(self.data, counts, (self.alike.cov, self.alike.mean))[1]
            if found.exists.all():
                return found.cov, found.mean
        each = [renewed(self.alike, np.repeat(self.data, count, axis=0)) for count in counts]
        return np.stack([one.cov for one in each]), np.stack([_known_mean(one) for one in each])

    def draw_cases(self, stream: np.random.Generator) -> Floats:
        """Draw the cases of one resample."""
        return np.asarray(self.data[self._chosen(stream)])

    def is_as(self, other: Cases) -> bool:
        """Return whether these are the same cases, of which the same moments are formed."""
        same = self.divisor == other.divisor and _form(self.alike) == _form(other.alike)
        return same and np.array_equal(self.data, other.data, equal_nan=True)

    def _chosen(self, stream: np.random.Generator) -> NDArray[np.int64]:
        n = len(self.data)
        return stream.integers(0, n, n)


Held: TypeAlias = tuple[Cases, NDArray[np.intp]]
"""The cases of one group, and how often each of b samples holds each, (b, n)."""


@dataclass(frozen=True, slots=True)
class NormalPopulation:
    """Samples from a normal population that is known.

    Parameters
    ----------
    Sigma : ndarray, shape (p, p)
        Covariance matrix of the population.
    mu : ndarray, shape (p,)
        Means.
    n_obs : int
        Cases of a sample.
    divisor : {"n", "n-1"}
        What sums of squares are divided by.
    by_cases : bool
        Draw cases even where only moments are asked for, because the cases will be, too.
    """

    Sigma: Floats
    mu: Floats
    n_obs: int
    divisor: Divisor
    by_cases: bool = False

    def draw_moments(self, streams: Sequence[np.random.Generator]) -> Moments:
        """Draw moments without drawing cases: a Wishart matrix [smith1972]_ and normal means."""
        p = len(self.mu)
        if self.n_obs <= p:
            raise TooFewObservationsError(self.n_obs, p + 1, f"samples of {p} variables")
        if self.by_cases:
            return self._moments_of_cases(streams)
        root = np.linalg.cholesky(self.Sigma)
        rows, cols = np.tril_indices(p, -1)
        factor = np.zeros((len(streams), p, p))
        mean = np.empty((len(streams), p))
        for position, stream in enumerate(streams):
            spread = np.sqrt(stream.chisquare(self.n_obs - 1 - np.arange(p)))
            np.fill_diagonal(factor[position], spread)
            factor[position, rows, cols] = stream.standard_normal(len(rows))
            mean[position] = stream.standard_normal(p)
        factor = root @ factor
        size = self.n_obs if self.divisor == "n" else self.n_obs - 1
        S = factor @ transpose(factor) / size
        return symmetric(S), self.mu + mean @ root.T / np.sqrt(self.n_obs)

    def draw_cases(self, stream: np.random.Generator) -> Floats:
        """Draw the cases of one sample."""
        draws = stream.standard_normal((self.n_obs, len(self.mu)))
        return np.asarray(self.mu + draws @ np.linalg.cholesky(self.Sigma).T)

    def _moments_of_cases(self, streams: Sequence[np.random.Generator]) -> Moments:
        each = np.ones((1, self.n_obs))
        drawn = [weighted_moments(self.draw_cases(one), each, self.divisor) for one in streams]
        S, mean = zip(*drawn, strict=True)
        return np.concatenate(S), np.concatenate(mean)


def weighted_moments(data: Floats, weights: Floats | NDArray[np.intp], divisor: Divisor) -> Moments:
    """Return the moments of many samples in which cases have weights.

    Parameters
    ----------
    data : ndarray, shape (n, p)
        Cases.
    weights : ndarray, shape (b, n)
        How often each sample holds each case; at least one case in each.
    divisor : {"n", "n-1"}
        What sums of squares are divided by.

    Returns
    -------
    S : ndarray, shape (b, p, p)
        Covariance matrices.
    mean : ndarray, shape (b, p)
        Means.

    Notes
    -----
    One matrix product of the weights with the products of deviations serves all samples.
    """
    centre = data.mean(axis=0)
    p = data.shape[1]
    rows, cols = np.tril_indices(p)
    squares = np.zeros((len(weights), len(rows)))
    shift = np.zeros((len(weights), p))
    for first in range(0, len(data), _CASES_AT_ONCE):
        part = slice(first, first + _CASES_AT_ONCE)
        deviations = data[part] - centre
        squares += weights[:, part] @ (deviations[:, rows] * deviations[:, cols])
        shift += weights[:, part] @ deviations
    size = weights.sum(axis=1)
    shift /= size[:, None]
    squares -= size[:, None] * lower_triangle(outer(shift, shift))
    squares /= (size if divisor == "n" else size - 1)[:, None]
    S = np.empty((len(weights), p, p))
    S[:, rows, cols] = S[:, cols, rows] = squares
    return S, centre + shift


def _form(sample: SampleMoments | None) -> object:
    """Return how the moments of a sample are formed from cases."""
    if sample is None:
        return None
    layout = None if sample.ordinal is None else sample.ordinal.layout
    return sample.names, layout, sample.patterns is None


def _known_mean(sample: SampleMoments) -> Floats:
    """Return the means of a sample, 0 where they are unknown."""
    return np.zeros(len(sample.names)) if sample.mean is None else sample.mean


class Draws(Protocol):
    """Samples by number."""

    @property
    def n(self) -> int:
        """How many there are."""
        ...

    def moments(self, numbers: Sequence[int]) -> tuple[Moments, ...]:
        """Return the moments of some samples, group by group."""
        ...


class _LastMoments:
    """The moments that were drawn last, read-only; other processes begin without."""

    def __init__(self) -> None:
        self._kept: tuple[dict[int, int], tuple[Moments, ...]] = ({}, ())

    def __reduce__(self) -> tuple[type[_LastMoments], tuple[()]]:
        """Return what another process makes of it."""
        return _LastMoments, ()

    def keep(self, numbers: Sequence[int], moments: tuple[Moments, ...]) -> None:
        """Keep the moments of some resamples and forget others."""
        if len(numbers) > _KEPT:
            return
        for array in (array for pair in moments for array in pair):
            array.flags.writeable = False
        self._kept = ({number: place for place, number in enumerate(numbers)}, moments)

    def of(self, numbers: Sequence[int]) -> tuple[Moments, ...] | None:
        """Return the moments of some resamples; None if one of them is not kept."""
        places, moments = self._kept
        if not all(number in places for number in numbers):
            return None
        if list(numbers) == list(places):
            return moments
        chosen = [places[number] for number in numbers]
        return tuple((S[chosen], mean[chosen]) for S, mean in moments)


@dataclass(frozen=True, slots=True)
class Resampling:
    """Samples drawn from a source for each group.

    Parameters
    ----------
    sources : tuple of Source
        One per group.
    n : int
        How many resamples there are.
    seed : int
        Seed of all of them.
    key : tuple of int
        What tells these samples from others of the same seed, such as the number of their cases.
    """

    sources: tuple[Source, ...]
    n: int
    seed: int
    key: tuple[int, ...] = ()
    _drawn: _LastMoments = field(default_factory=_LastMoments, compare=False, repr=False)

    def draws_as(self, other: Resampling) -> bool:
        """Return whether these are the same samples: of the same cases, in the same order."""
        return (self.n, self.seed) == (other.n, other.seed) and all(
            isinstance(a, Cases) and isinstance(b, Cases) and a.is_as(b)
            for a, b in zip(self.sources, other.sources, strict=True)
        )

    def stream(self, number: int) -> np.random.Generator:
        """Return the random stream of one resample, from which its groups draw in turn."""
        place = (*self.key, number)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=place))

    def moments(self, numbers: Sequence[int]) -> tuple[Moments, ...]:
        """Return the moments of some resamples, group by group.

        What was drawn last is kept, for what else is computed from the same resamples.
        """
        kept = self._drawn.of(numbers)
        if kept is None:
            streams = [self.stream(number) for number in numbers]
            kept = tuple(source.draw_moments(streams) for source in self.sources)
            self._drawn.keep(numbers, kept)
        return kept

    def keep(self, numbers: Sequence[int], moments: tuple[Moments, ...]) -> None:
        """Keep the moments of some resamples that were computed on the way to something else."""
        self._drawn.keep(numbers, moments)

    def held(self, numbers: Sequence[int]) -> tuple[Held, ...] | None:
        """Return how often some resamples hold each case; None if they are drawn otherwise."""
        streams = [self.stream(number) for number in numbers]
        found = []
        for source in self.sources:
            if not isinstance(source, Cases):
                return None
            found.append((source, source.draw_counts(streams)))
        return tuple(found)

    def cases(self, number: int) -> tuple[Floats, ...]:
        """Return the cases of one resample, group by group."""
        stream = self.stream(number)
        return tuple(source.draw_cases(stream) for source in self.sources)


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """The samples that lack one case each, for the jackknife.

    Parameters
    ----------
    groups : tuple of Cases
        The cases of each group.
    """

    groups: tuple[Cases, ...]

    @property
    def n(self) -> int:
        """As many as there are cases."""
        return sum(self._sizes)

    @property
    def strata(self) -> NDArray[np.intp]:
        """The group that each sample lacks a case of, from 0."""
        return np.repeat(np.arange(len(self.groups)), self._sizes)

    def moments(self, numbers: Sequence[int]) -> tuple[Moments, ...]:
        """Return the moments of some samples, group by group."""
        pairs = zip(self.groups, self._counts(numbers), strict=True)
        return tuple(group.moments(counts) for group, counts in pairs)

    def keep(self, numbers: Sequence[int], moments: tuple[Moments, ...]) -> None:
        """Keep nothing: what is computed from these samples is computed once."""

    def held(self, numbers: Sequence[int]) -> tuple[Held, ...]:
        """Return how often some samples hold each case of each group: once or not at all."""
        return tuple(zip(self.groups, self._counts(numbers), strict=True))

    def cases(self, number: int) -> tuple[Floats, ...]:
        """Return the cases of one sample, group by group."""
        pairs = zip(self.groups, self._counts([number]), strict=True)
        return tuple(group.data[counts[0] > 0] for group, counts in pairs)

    @property
    def _sizes(self) -> list[int]:
        return [len(group.data) for group in self.groups]

    def _counts(self, numbers: Sequence[int]) -> list[NDArray[np.intp]]:
        """Return 1 for each case that a sample holds and 0 for the one that it lacks."""
        kept: Flags = np.asarray(numbers)[:, None] != np.arange(self.n)
        ends = np.cumsum(self._sizes)[:-1]
        return [part.astype(np.intp) for part in np.split(kept, ends, axis=1)]
