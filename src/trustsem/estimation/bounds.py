"""Bounds on single parameters: what a variance, a loading or a covariance can sensibly be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trustsem.arrays import Flags, Floats
from trustsem.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.estimation.reduction import Reduction
    from trustsem.moments import SampleMoments
    from trustsem.specification import Parameter, ParameterTable

_MARKER_RELIABILITY = 0.1
_ENDOGENOUS = 0.005
_CORRELATION = 0.998
_WIDER_RESIDUAL = (0.05, 0.2)
_WIDER_VARIANCE = 0.3
_WIDER_LOADING = 1.2
_TOUCHING = 1e-10


@dataclass(frozen=True, slots=True)
class Bounds:
    """The box that the reduced parameters must stay in.

    Parameters
    ----------
    lower, upper : ndarray, shape (r,)
        Infinite where there is no bound.
    """

    lower: Floats
    upper: Floats

    @classmethod
    def none(cls, size: int) -> Bounds:
        """Return the box without walls."""
        return cls(np.full(size, -np.inf), np.full(size, np.inf))

    def __bool__(self) -> bool:
        """Tell whether anything is bounded."""
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())

    def clip(self, points: Floats) -> Floats:
        """Return the nearest points inside, shape (..., r)."""
        return np.clip(points, self.lower, self.upper) if self else points

    def touched(self, points: Floats) -> Flags:
        """Return which parameters lie on a bound."""
        room = _TOUCHING * (1 + np.abs(points))
        return np.asarray((points <= self.lower + room) | (points >= self.upper - room))

    def held(self, points: Floats, gradient: Floats) -> Flags:
        """Return which parameters lie on a bound that the gradient pushes them against."""
        room = _TOUCHING * (1 + np.abs(points))
        below = (points <= self.lower + room) & (gradient > 0)
        above = (points >= self.upper - room) & (gradient < 0)
        return np.asarray(below | above)


def build_bounds(
    kind: str, table: ParameterTable, samples: Sequence[SampleMoments], reduction: Reduction
) -> Bounds:
    """Return the bounds of a name on the reduced parameters [dejonckere2022]_.

    Parameters
    ----------
    kind : {"none", "standard", "wide", "pos.var", "pos.ov.var", "pos.lv.var"}
        Value of the option ``bounds``.
    table : ParameterTable
        The model.
    samples : sequence of SampleMoments
        One per group.
    reduction : Reduction
        A parameter that depends on several others is not bounded; one that equals another, or a
        multiple of it, hands its bounds on.

    Raises
    ------
    UnsupportedError
        If ranges would follow from variances that latent responses do not have.
    """
    bounds = Bounds.none(reduction.K.shape[1])
    if kind == "none":
        return bounds
    _require_unit_responses(kind, table)
    lower, upper = bounds.lower, bounds.upper
    for row, (low, high) in _row_bounds(kind, table, samples):
        slopes = reduction.K[row.free - 1]
        (involved,) = np.nonzero(slopes)
        if len(involved) == 1:
            at, slope = involved[0], slopes[involved[0]]
            ends = sorted((end - reduction.offset[row.free - 1]) / slope for end in (low, high))
            lower[at], upper[at] = max(lower[at], ends[0]), min(upper[at], ends[1])
    # Equal parameters whose ranges do not meet (groups of very different spread): the wider end.
    crossed = lower > upper
    lower[crossed], upper[crossed] = upper[crossed], lower[crossed]
    return bounds


def _require_unit_responses(kind: str, table: ParameterTable) -> None:
    """Raise where the variances behind ordered items are not 1, as those of the sample are."""
    moves = any(row.op == "~*~" and row.fixed != 1.0 for row in table.parameters)
    if kind in ("standard", "wide") and moves:
        raise UnsupportedError(
            f"bounds = {kind!r} where latent responses have no unit variance",
            "Its ranges follow from the variances of items; use 'pos.var', or "
            "parameterization='delta' with scaling factors of 1.",
        )


def _row_bounds(
    kind: str, table: ParameterTable, samples: Sequence[SampleMoments]
) -> list[tuple[Parameter, tuple[float, float]]]:
    """Return each free parameter that is bounded, with its bounds."""
    found = []
    for group, sample in enumerate(samples, start=1):
        rows = [row for row in table.parameters if row.group == group]
        ranges = _Ranges(kind, table, rows, sample)
        found += [(row, ranges.of(row)) for row in rows if row.free]
    return found


class _Ranges:
    """The ranges of one group's parameters."""

    def __init__(
        self, kind: str, table: ParameterTable, rows: list[Parameter], sample: SampleMoments
    ) -> None:
        self.kind = kind
        self.wide = kind == "wide"
        self.constructs = table.constructs
        variances = np.diag(sample.cov)
        self.observed = dict(zip(sample.names, map(float, variances), strict=True))
        self.rows = {(row.lhs, row.op, row.rhs): row for row in rows}
        directed = [row for row in rows if row.op in ("=~", "~")]
        self.targets = {row.rhs if row.op == "=~" else row.lhs for row in directed}
        self.markers: dict[str, str] = {}
        for row in directed:
            if row.op == "=~" and row.fixed == 1.0 and row.rhs in self.observed:
                self.markers.setdefault(row.lhs, row.rhs)

    def of(self, row: Parameter) -> tuple[float, float]:
        """Return lower and upper bound of a free parameter; infinite if there is none."""
        if row.op == "~~" and row.lhs == row.rhs:
            return self._variance(row.lhs)
        if self.kind in ("standard", "wide"):
            if row.op == "=~":
                return self._loading(row)
            if row.op == "~~":
                return self._covariance(row)
        return -np.inf, np.inf

    def _variance(self, name: str) -> tuple[float, float]:
        """Return the range of a variance or residual variance."""
        latent = name in self.constructs
        if self.kind in ("standard", "wide"):
            return self._construct(name) if latent else self._residual(name)
        bounded = self.kind == "pos.var" or (self.kind == "pos.lv.var") == latent
        return (0.0 if bounded else -np.inf), np.inf

    def _residual(self, name: str) -> tuple[float, float]:
        """Return the range between nothing and the item's own variance."""
        if name not in self.targets:
            return 0.0, np.inf  # a covariate, whose variance is that of the sample
        share = 1 - _MARKER_RELIABILITY if name in self.markers.values() else 1.0
        size = share * self.observed[name]
        down, up = _WIDER_RESIDUAL if self.wide else (0.0, 0.0)
        return -down * size, (1 + up) * size

    def _construct(self, name: str) -> tuple[float, float]:
        """Return the range that the reliability of the marker leaves."""
        marker = self.markers.get(name)
        if marker is None:
            return 0.0, max(self.observed.values())
        size = self.observed[marker]
        low = _MARKER_RELIABILITY * size
        if name in self.targets:
            low = _ENDOGENOUS * min(1.0, size)
        return low, size + (_WIDER_VARIANCE * (size - low) if self.wide else 0.0)

    def _loading(self, row: Parameter) -> tuple[float, float]:
        """Return the range in which the construct explains no more than there is."""
        variance = self.rows.get((row.lhs, "~~", row.lhs))
        least = 0.0
        if variance is not None and not variance.free:
            least = variance.fixed or 0.0
        elif row.lhs in self.markers:
            least = _MARKER_RELIABILITY * self.observed[self.markers[row.lhs]]
        if least <= 0 or row.rhs not in self.observed:
            return -np.inf, np.inf
        reach = np.sqrt(self.observed[row.rhs] / least) * (_WIDER_LOADING if self.wide else 1.0)
        return -float(reach), float(reach)

    def _covariance(self, row: Parameter) -> tuple[float, float]:
        """Return the range that the two largest variances leave."""
        most = [self._largest(name) for name in (row.lhs, row.rhs)]
        reach = float(np.sqrt(most[0] * most[1])) * (1.0 if self.wide else _CORRELATION)
        return -reach, reach

    def _largest(self, name: str) -> float:
        """Return the largest variance that a variable may have."""
        row = self.rows.get((name, "~~", name))
        if row is not None and row.fixed is not None and row.fixed > 0:
            return row.fixed
        return self._variance(name)[1]
