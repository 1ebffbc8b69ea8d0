"""Clouds of points with names: unusual cases, and what freeing a parameter would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from trustsem import display
from trustsem.arrays import Floats
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import ARROW, bounded, clean, cutoff, listed, number, shortened
from trustsem.charts.marks import corner_mark, number_axis, open_frame, write
from trustsem.charts.settings import BAND, INK, QUIET, RULE, SMALL_SIZE, WARNING
from trustsem.diagram.text import text_width
from trustsem.errors import PlanError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNUSUAL = 0.001
"""Probability of a distance below which a case is called unusual [hair2019]_."""
SIGNIFICANT = 3.84
"""Modification index that is significant at .05: chi-square with one degree of freedom."""
_COVERAGE = 0.95
_ASPECT = 0.62
_TALLEST = 300.0
_LEFT, _FOOT, _HEAD = 34.0, 28.0, 8.0
_MOST_NAMES = 12
_LONGEST_NAME = 0.4
_TOUCH, _EDGE = 6.0, 3.0
_HEIGHT = 9.0


@dataclass(frozen=True, slots=True)
class Label:
    """A name beside a point, moved so that it covers no other.

    Parameters
    ----------
    text : str
        The name.
    at : (float, float)
        The point, in data units.
    offset : (float, float)
        From the point to the text's middle height, in points.
    side : {"left", "right"}
        Which end of the text is there.
    """

    text: str
    at: tuple[float, float]
    offset: tuple[float, float]
    side: Any


def placed_labels(
    names: Sequence[str],
    points: Floats,
    everything: Floats,
    limits: tuple[tuple[float, float], tuple[float, float]],
    size: tuple[float, float],
) -> tuple[Label, ...]:
    """Place names beside points so that they meet no point and no other name.

    Parameters
    ----------
    names : sequence of str
        One for each point, the most important first; one that has no room is left out.
    points : ndarray, shape (k, 2)
        The points named.
    everything : ndarray, shape (n, 2)
        All points.
    limits : ((float, float), (float, float))
        Limits of both axes.
    size : (float, float)
        Width and height of the axes in points.

    Returns
    -------
    tuple of Label
    """
    low = np.array([limits[0][0], limits[1][0]])
    scale = np.array(size) / (np.array([limits[0][1], limits[1][1]]) - low)
    cloud = (everything - low) * scale
    taken: list[tuple[float, float, float, float]] = []
    labels = []
    for name, point in zip(names, points, strict=True):
        x, y = (point - low) * scale
        width = text_width(name, SMALL_SIZE)
        for dx, dy in _OFFSETS:
            left = x + dx if dx > 0 else x + dx - width
            box = (left, y + dy - _HEIGHT / 2, left + width, y + dy + _HEIGHT / 2)
            inside = box[0] >= _EDGE and box[2] <= size[0] and box[1] >= 0 and box[3] <= size[1]
            if inside and not _meets(box, taken) and not _covers(box, cloud):
                taken.append(box)
                at = (float(point[0]), float(point[1]))
                labels.append(Label(name, at, (dx, dy), "left" if dx > 0 else "right"))
                break
    return tuple(labels)


_OFFSETS = [
    (sign * (6.0 + 3.0 * abs(step)), 7.0 * step)
    for step in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6)
    for sign in (1.0, -1.0)
]


def _meets(
    box: tuple[float, float, float, float], others: Sequence[tuple[float, float, float, float]]
) -> bool:
    """Tell whether a box overlaps another."""
    left, bottom, right, top = box
    return any(left < c and a < right and bottom < d and b < top for a, b, c, d in others)


def _covers(box: tuple[float, float, float, float], cloud: Floats) -> bool:
    """Tell whether a point lies under a box."""
    left, bottom, right, top = box
    x, y = cloud[:, 0], cloud[:, 1]
    return bool(((x > left - 2) & (x < right + 2) & (y > bottom - 1) & (y < top + 1)).any())


def draw_labels(axes: Axes, labels: Sequence[Label]) -> None:
    """Write names, with a thin line to points that are not next to them."""
    for label in labels:
        far = abs(label.offset[1]) > _TOUCH
        arrow = {"arrowstyle": "-", "color": RULE, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2}
        write(
            axes, label.text, label.at, label.offset, side=label.side, color=INK,
            arrowprops=arrow if far else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class QuantileChart(Chart):
    """Distances of cases against what normal answers would give.

    Parameters
    ----------
    cases : tuple of str
        Names of the cases, the smallest distance first.
    distances, expected : ndarray, shape (n,)
        Squared Mahalanobis distances in order, and the quantiles of chi-square.
    lower, upper : ndarray, shape (n,)
        Pointwise limits of the ordered distances.
    limit : float
        Distance beyond which a case is unusual.
    level : float
        Its probability.
    df : int
        Degrees of freedom.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    cases: tuple[str, ...]
    distances: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    limit: float
    level: float
    df: int
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "90mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join(self.cases)

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        inner = self.points - 2 * MARGIN - _LEFT - 6.0
        return Layout(_LEFT, 6.0, _HEAD, _FOOT, min(0.8 * inner, _TALLEST))

    def _draw(self, axes: Axes) -> None:
        """Draw band, line of equality and cases."""
        room = self.layout
        size = (self.points - 2 * MARGIN - room.left - room.right, room.height)
        top = 1.06 * float(np.nanmax([self.distances.max(), self.limit]))
        right = 1.06 * float(self.expected.max())
        limits = ((0.0, right), (0.0, max(top, float(self.upper[:-1].max(initial=0.0)))))
        open_frame(axes, "left", "bottom")
        number_axis(axes, f"Expected: quantile of χ²({self.df})", limits[0], size[0])
        number_axis(axes, "Observed squared distance D²", limits[1], size[1], which="y")
        axes.fill_between(self.expected, self.lower, self.upper, color=BAND, linewidth=0, zorder=0)
        axes.plot([0, right], [0, right], "-", color=QUIET, linewidth=0.6, zorder=1)
        axes.axhline(self.limit, color=QUIET, linewidth=0.6, linestyle=(0, (1, 2)), zorder=1)
        write(
            axes, f"p = {display.bounded(self.level, 3)}", (0.0, self.limit), (3.0, 2.0),
            across="axes fraction", level="bottom", color=QUIET,
        )  # fmt: skip
        unusual = self.distances > self.limit
        for chosen, color, shape in ((~unusual, INK, "o"), (unusual, WARNING, "D")):
            axes.plot(
                self.expected[chosen], self.distances[chosen], shape, markersize=2.8,
                markerfacecolor=color, markeredgewidth=0, zorder=3,
            )  # fmt: skip
        chosen_cases = np.flatnonzero(unusual)[::-1][:_MOST_NAMES]
        points = np.column_stack([self.expected, self.distances])
        names = [
            shortened(self.cases[k], SMALL_SIZE, _LONGEST_NAME * size[0]) for k in chosen_cases
        ]
        draw_labels(axes, placed_labels(names, points[chosen_cases], points, limits, size))


def mahalanobis_chart(
    distances: pd.DataFrame, *, level: float = UNUSUAL, width: Width = "90mm"
) -> QuantileChart:
    """Draw squared Mahalanobis distances against the quantiles of chi-square.

    Parameters
    ----------
    distances : DataFrame
        A row per case: ``case d2 df pvalue``.
    level : float
        Probability below which a case is unusual [hair2019]_.
    width : str or float
        Final width.

    Returns
    -------
    QuantileChart

    Raises
    ------
    PlanError
        If there are no distances.

    Notes
    -----
    The i-th of n ordered distances is compared with the quantile at (i - 1/2) / n. The band holds
    each ordered distance with probability .95 if answers are normal: order statistics of uniform
    variables follow beta distributions [david2003]_. Where answers are missing, a distance has
    fewer degrees of freedom; it is drawn where one of the same probability would lie with all.
    """
    known = distances.dropna(subset=["d2", "pvalue"])
    if known.empty:
        raise PlanError(
            "There are no Mahalanobis distances to draw.",
            remedy="They need raw data with more cases than items.",
        )
    df = int(known["df"].max())
    d2 = known["d2"].to_numpy(dtype=float)
    alike = bool((known["df"] == df).all())
    if not alike:
        fewer = known["df"].to_numpy() < df
        p = known["pvalue"].to_numpy(dtype=float)
        d2 = np.where(fewer, special.chdtri(df, np.clip(p, 1e-300, 1.0)), d2)
    order = np.argsort(d2, kind="stable")
    n = len(order)
    rank = np.arange(1, n + 1)
    tail = (1 - _COVERAGE) / 2

    def quantile(probability: Any) -> Floats:
        return np.asarray(special.chdtri(df, 1 - probability), dtype=float)

    cases = tuple(clean(known["case"].iloc[k]) for k in order)
    limit = float(special.chdtri(df, level))
    unusual = [f"{cases[k]} ({number(d2[order[k]], 1)})" for k in range(n)[::-1]
               if d2[order[k]] > limit]  # fmt: skip
    at = f"p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{display.bounded(level, 3)}"
    note = (
        "Line: equality. Band: holds each ordered distance with probability .95 if the answers "
        f"are normal. Dotted: distance of {at}."
    )
    if not alike:
        note += f" Distances from fewer answers are drawn at equal probability for {df} items."
    return QuantileChart(
        cases, d2[order], quantile((rank - 0.5) / n),
        quantile(special.betaincinv(rank, n - rank + 1, tail)),
        quantile(special.betaincinv(rank, n - rank + 1, 1 - tail)), limit, level, df,
        title="Mahalanobis distances of the cases",
        description=f"Quantile plot of the squared Mahalanobis distances of {n} cases with {df} "
        f"degrees of freedom. {len(unusual)} exceed {number(limit, 1)} (p < "
        f"{display.bounded(level, 3)})"
        + (f": case {listed(unusual)}." if unusual else "."),
        note=note, width=width,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ModificationChart(Chart):
    """Modification indices against standardised expected changes.

    Parameters
    ----------
    names : tuple of str
        Left-out parameters, the largest index first.
    kinds : tuple of str
        ``"loading"``, ``"covariance"`` or ``"path"`` of each.
    changes, indices : ndarray, shape (k,)
        Standardised expected changes, and modification indices.
    marked : ndarray of bool, shape (k,)
        Which are filled.
    critical : float
        Index that is significant.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    changes: Floats
    indices: Floats
    marked: np.ndarray[Any, np.dtype[np.bool_]]
    critical: float
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join(self.names)

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        inner = self.points - 2 * MARGIN - _LEFT - 6.0
        return Layout(_LEFT, 6.0, 16.0, _FOOT, min(_ASPECT * inner, _TALLEST))

    def _draw(self, axes: Axes) -> None:
        """Draw points by kind, the critical index, and the names of the largest."""
        room = self.layout
        size = (self.points - 2 * MARGIN - room.left - room.right, room.height)
        reach = 1.1 * max(float(np.abs(self.changes).max()), 0.1)
        limits = ((-reach, reach), (0.0, 1.08 * max(float(self.indices.max()), self.critical)))
        open_frame(axes, "left", "bottom")
        number_axis(axes, "Expected change, standardised", limits[0], size[0])
        number_axis(axes, "Modification index", limits[1], size[1], which="y")
        axes.axvline(0.0, color=RULE, linewidth=0.6, zorder=0)
        axes.axhline(self.critical, color=QUIET, linewidth=0.6, linestyle=(0, (1, 2)), zorder=1)
        left = 4.0 - room.left
        for kind, (word, shape) in _KINDS.items():
            chosen = np.array([own == kind for own in self.kinds])
            if not chosen.any():
                continue
            for filled in (False, True):
                part = chosen & (self.marked == filled)
                axes.plot(
                    self.changes[part], self.indices[part], shape, markersize=4.0,
                    markerfacecolor=INK if filled else "#ffffff", markeredgecolor=INK,
                    markeredgewidth=0.6, zorder=3 if filled else 2,
                )  # fmt: skip
            corner_mark(axes, (left, 8.0), shape, "#ffffff")
            write(axes, word, (0.0, 1.0), (left + 7.0, 8.0), across="axes fraction",
                  down="axes fraction")  # fmt: skip
            left += text_width(word, SMALL_SIZE) + 22.0
        points = np.column_stack([self.changes, self.indices])
        largest = [k for k in range(min(_MOST_NAMES, len(self.names)))
                   if self.indices[k] > self.critical]  # fmt: skip
        names = [shortened(self.names[k], SMALL_SIZE, _LONGEST_NAME * size[0]) for k in largest]
        draw_labels(axes, placed_labels(names, points[largest], points, limits, size))


_KINDS = {
    "loading": ("left-out loading", "o"),
    "covariance": ("left-out covariance", "d"),
    "path": ("left-out path", "^"),
}
_KIND_OF = {"=~": "loading", "~~": "covariance", "~": "path"}


def modification_chart(
    table: pd.DataFrame,
    *,
    labels: dict[str, str] | None = None,
    critical: float = SIGNIFICANT,
    width: Width = "140mm",
) -> ModificationChart:
    """Draw what freeing each left-out parameter would do.

    Parameters
    ----------
    table : DataFrame
        ``lhs op rhs mi sepc_all`` and, if they were judged, ``decision``: those that are
        misspecified by it are filled [saris2009]_; without one, those beyond the critical index.
    labels : dict of str to str, optional
        What constructs are called in print.
    critical : float
        Index that is significant [sorbom1989]_.
    width : str or float
        Final width.

    Returns
    -------
    ModificationChart

    Raises
    ------
    PlanError
        If nothing is left out.
    """
    known = table[np.isfinite(table["mi"]) & np.isfinite(table["sepc_all"])]
    known = known[known["op"].isin(list(_KIND_OF))].sort_values(
        "mi", ascending=False, kind="stable"
    )
    if known.empty:
        raise PlanError(
            "No parameter is left out whose modification index could be drawn.",
            remedy="A model that leaves nothing out has none.",
        )
    names = labels or {}
    texts = tuple(_parameter(row, names) for _, row in known.iterrows())
    judged = "decision" in known
    marked = (
        known["decision"].eq("misspecified") if judged else known["mi"].gt(critical)
    ).to_numpy(dtype=bool)
    mi, change = (known[name].to_numpy(dtype=float) for name in ("mi", "sepc_all"))
    parts = [
        f"{text} {number(m)} ({bounded(c)})" for text, m, c in zip(texts, mi, change, strict=True)
    ]
    meaning = (
        "misspecified by size and power of the test" if judged else f"above {cutoff(critical)}"
    )
    return ModificationChart(
        texts, tuple(_KIND_OF[op] for op in known["op"]), change, mi, marked, critical,
        title="Modification indices and expected changes",
        description=f"Scatter of {len(texts)} modification indices against standardised expected "
        f"changes. {int((mi > critical).sum())} exceed {cutoff(critical)}, {int(marked.sum())} are "
        f"marked. The largest, with expected change: {listed(parts, 6)}.",
        note=f"Dotted: {cutoff(critical)}, significant at .05. Filled: {meaning}. Exploratory.",
        width=width,
    )  # fmt: skip


def _parameter(row: pd.Series[Any], names: dict[str, str]) -> str:
    """Return a parameter in words: ``bt4 ↔ ii1``, ``trust → is2``."""
    left, right = (names.get(str(row[side]), str(row[side])) for side in ("lhs", "rhs"))
    if row["op"] == "=~":
        return clean(f"{left} {ARROW} {right}")
    if row["op"] == "~":
        return clean(f"{right} {ARROW} {left}")
    return clean(f"{left} \N{LEFT RIGHT ARROW} {right}")
