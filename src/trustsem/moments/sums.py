r"""What cases add up to: counts, means and squares of each pattern of missing answers.

Two sets of cases are joined without going back to them [chan1983]_:

.. math:: \bar y = \bar y_a + \frac{n_b}{n} \delta, \qquad
          T = T_a + T_b + \frac{n_a n_b}{n} \delta\delta', \qquad \delta = \bar y_b - \bar y_a

with T the squares and products about a set's own mean. So a file is read in parts, and only small
numbers are ever squared, wherever the scale has its zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, lower_triangle, outer
from trustsem.patterns import Patterns, distinct_rows

Counts = NDArray[np.intp]

_FIELDS = ("observed", "counts", "mean", "squares", "low", "high")


@dataclass(frozen=True, slots=True)
class CaseSums:
    """The sums of a number of cases on p variables, by J patterns of missing answers.

    Parameters
    ----------
    observed : ndarray of bool, shape (J, p)
        Which variables a pattern observes; at least one. Patterns are distinct, those that observe
        most come first.
    counts : ndarray of int, shape (J,)
        Cases of each pattern.
    mean : ndarray, shape (J, p)
        Means within a pattern; 0 where nothing is observed.
    squares : ndarray, shape (J, p(p+1)/2)
        Squares and products about these means, lower triangles by rows; 0 likewise.
    low, high : ndarray, shape (J, p)
        Smallest and largest value within a pattern; 0 likewise.
    n_empty : int
        Cases without any answer.
    """

    observed: Flags
    counts: Counts
    mean: Floats
    squares: Floats
    low: Floats
    high: Floats
    n_empty: int

    @classmethod
    def of(cls, data: Floats) -> CaseSums:
        """Add up cases of shape (n, p), NaN for missing."""
        known = ~np.isnan(data)
        some = known.any(axis=1)
        n_empty = len(data) - int(some.sum())
        data, known = (data, known) if not n_empty else (data[some], known[some])
        p = data.shape[1]
        if not len(data):
            return cls.nothing(p, n_empty)
        observed, of_case = distinct_rows(known)
        counts = np.bincount(of_case, minlength=len(observed))
        if len(counts) > 1:
            order = np.argsort(of_case, kind="stable")
            data, known, of_case = data[order], known[order], of_case[order]
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        low = np.minimum.reduceat(np.where(known, data, np.inf), first)
        high = np.maximum.reduceat(np.where(known, data, -np.inf), first)
        low, high = np.where(observed, low, 0.0), np.where(observed, high, 0.0)
        # Means are taken as distances from the smallest value: nothing of a distant origin.
        deviations = np.where(known, data - low[of_case], 0.0)
        shift = np.add.reduceat(deviations, first) / counts[:, None]
        deviations = np.where(known, deviations - shift[of_case], 0.0)
        mean, squares = low + shift, np.zeros((len(counts), p * (p + 1) // 2))
        rows, cols = np.tril_indices(p)
        for pattern in np.flatnonzero(counts > 1):
            cases = deviations[first[pattern] : first[pattern] + counts[pattern]]
            squares[pattern] = (cases.T @ cases)[rows, cols]
        return cls(observed, counts, mean, squares, low, high, n_empty)

    @classmethod
    def nothing(cls, p: int, n_empty: int = 0) -> CaseSums:
        """Return the sums of no cases, or of some without answers."""
        none = np.zeros((0, p))
        known, squares = np.zeros((0, p), dtype=bool), np.zeros((0, p * (p + 1) // 2))
        return cls(known, np.zeros(0, dtype=np.intp), none, squares, none, none, n_empty)

    @property
    def n_rows(self) -> int:
        """Number of cases, those without answers included."""
        return int(self.counts.sum()) + self.n_empty

    @property
    def n_answers(self) -> Counts:
        """Answers to each variable, shape (p,)."""
        return np.asarray(self.counts @ self.observed, dtype=np.intp)

    def of_variables(self, index: Sequence[int]) -> CaseSums:
        """Return the sums of the same cases on some of the variables, in the order asked for."""
        at = np.array(index, dtype=np.intp)
        if np.array_equal(at, np.arange(self.observed.shape[1])):
            return self
        some = np.flatnonzero(self.observed[:, at].any(axis=1))
        places = np.ix_(some, at)
        chosen = CaseSums(
            observed=self.observed[places],
            counts=self.counts[some],
            mean=self.mean[places],
            squares=self.squares[np.ix_(some, _places(at))],
            low=self.low[places],
            high=self.high[places],
            n_empty=self.n_rows - int(self.counts[some].sum()),
        )
        return _merged(chosen)

    def with_answers_to(self, needed: Sequence[int]) -> CaseSums:
        """Return the sums of the cases that answer all of some variables."""
        kept = np.asarray(self.observed[:, list(needed)].all(axis=1), dtype=bool)
        if kept.all():
            return self if not len(needed) else replace(self, n_empty=0)
        return replace(self.taken(kept), n_empty=0 if len(needed) else self.n_empty)

    def taken(self, which: Flags | Counts | slice) -> CaseSums:
        """Return some of the patterns."""
        return CaseSums(
            observed=self.observed[which],
            counts=self.counts[which],
            mean=self.mean[which],
            squares=self.squares[which],
            low=self.low[which],
            high=self.high[which],
            n_empty=self.n_empty,
        )

    def varies(self) -> Flags:
        """Return which variables take more than one value, shape (p,)."""
        low = np.where(self.observed, self.low, np.inf).min(axis=0, initial=np.inf)
        high = np.where(self.observed, self.high, -np.inf).max(axis=0, initial=-np.inf)
        return np.asarray(high > low)

    def products(self) -> Floats:
        """Return squares and products of the first pattern, shape (p, p)."""
        p = self.observed.shape[1]
        rows, cols = np.tril_indices(p)
        full = np.empty((p, p))
        full[rows, cols] = full[cols, rows] = self.squares[0]
        return full

    def to_patterns(self, origin: Floats) -> Patterns:
        """Return the cases with answers as patterns; which case is where is not known.

        Parameters
        ----------
        origin : ndarray, shape (p,)
            From where the values were counted.
        """
        nowhere = np.zeros(0, dtype=np.intp)
        p = self.observed.shape[1]
        rows, cols = np.tril_indices(p)
        scatter = np.empty((len(self.counts), p, p))
        scatter[:, rows, cols] = self.squares / self.counts[:, None]
        scatter[:, cols, rows] = scatter[:, rows, cols]
        mean = np.where(self.observed, self.mean + origin, 0.0)
        return Patterns(self.observed, self.counts, mean, scatter, nowhere)


class SumsBuilder:
    """Adds up cases part by part, in place: a part costs what is in it.

    Parameters
    ----------
    p : int
        Number of variables.
    """

    def __init__(self, p: int) -> None:
        self._place: dict[bytes, int] = {}
        self._held = CaseSums.nothing(p)
        self._n_empty = 0

    @property
    def n_patterns(self) -> int:
        """Patterns so far."""
        return len(self._place)

    def add(self, data: Floats) -> None:
        """Add cases of shape (n, p), NaN for missing."""
        part = CaseSums.of(data)
        self._n_empty += part.n_empty
        keys = [row.tobytes() for row in np.packbits(part.observed, axis=1)]
        known = np.array([key in self._place for key in keys], dtype=bool)
        if known.any():
            at = np.array([self._place[key] for key in keys if key in self._place], dtype=np.intp)
            self._update(at, part, np.flatnonzero(known))
        self._append(part, np.flatnonzero(~known))
        for key in keys:
            self._place.setdefault(key, len(self._place))

    def sums(self) -> CaseSums:
        """Return the sums of all cases so far."""
        held = self._held.taken(slice(self.n_patterns))
        return _merged(replace(held, n_empty=self._n_empty))

    def _update(self, at: Counts, part: CaseSums, which: Counts) -> None:
        """Add patterns of a part to the same ones here."""
        held, other = self._held, part.counts[which]
        total = held.counts[at] + other
        gap = part.mean[which] - held.mean[at]
        weight = held.counts[at] * (other / total)
        held.squares[at] += part.squares[which] + weight[:, None] * lower_triangle(outer(gap, gap))
        held.mean[at] += (other / total)[:, None] * gap
        held.counts[at] = total
        held.low[at] = np.minimum(held.low[at], part.low[which])
        held.high[at] = np.maximum(held.high[at], part.high[which])

    def _append(self, part: CaseSums, which: Counts) -> None:
        """Add patterns that are new."""
        start, stop = self.n_patterns, self.n_patterns + len(which)
        room = len(self._held.counts)
        if stop > room:
            more = max(stop, room + room // 2) - room
            spare = CaseSums.of(np.zeros((1, self._held.observed.shape[1])))
            self._held = _concatenated([self._held, spare.taken(np.zeros(more, dtype=np.intp))])
        for name in _FIELDS:
            getattr(self._held, name)[start:stop] = getattr(part, name)[which]


def joined(parts: Sequence[CaseSums]) -> CaseSums:
    """Return the sums of all cases of some sets of cases on the same variables."""
    first, *others = parts
    if not others:
        return first
    return _merged(_concatenated(parts))


def _concatenated(parts: Sequence[CaseSums]) -> CaseSums:
    """Return the patterns of all parts below each other."""
    return CaseSums(
        observed=np.concatenate([part.observed for part in parts]),
        counts=np.concatenate([part.counts for part in parts]),
        mean=np.concatenate([part.mean for part in parts]),
        squares=np.concatenate([part.squares for part in parts]),
        low=np.concatenate([part.low for part in parts]),
        high=np.concatenate([part.high for part in parts]),
        n_empty=sum(part.n_empty for part in parts),
    )


def _places(index: Counts) -> Counts:
    """Return where the pairs of some variables stand in a lower triangle of all."""
    rows, cols = np.tril_indices(len(index))
    a, b = np.maximum(index[rows], index[cols]), np.minimum(index[rows], index[cols])
    return np.asarray(a * (a + 1) // 2 + b)


def _merged(parts: CaseSums) -> CaseSums:
    """Join rows that are of the same pattern, and sort them."""
    if not len(parts.counts):
        return parts
    distinct, place = distinct_rows(parts.observed)
    order = np.argsort(place, kind="stable")
    run, first = place[order], np.flatnonzero(np.diff(place[order], prepend=-1))
    ordered = parts.taken(order)
    if len(first) == len(order):
        return ordered
    counts, mean = ordered.counts, ordered.mean
    total = np.add.reduceat(counts, first)
    # Means are averaged as distances from the first of their pattern: no digits of a distant
    # origin are lost.
    base = mean[first]
    shift = np.add.reduceat(counts[:, None] * (mean - base[run]), first) / total[:, None]
    gap = mean - (base + shift)[run]
    between = counts[:, None] * lower_triangle(outer(gap, gap))
    return CaseSums(
        observed=distinct,
        counts=total,
        mean=base + shift,
        squares=np.add.reduceat(ordered.squares + between, first),
        low=np.minimum.reduceat(ordered.low, first),
        high=np.maximum.reduceat(ordered.high, first),
        n_empty=parts.n_empty,
    )
