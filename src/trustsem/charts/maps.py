"""Maps of correlations: what the model leaves of the items', and those of the constructs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Flags, Floats
from trustsem.charts.cells import draw_cells, mixed, outline, readable_on
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import (
    BOLD,
    block_height,
    bounded,
    clean,
    cutoff,
    fitted,
    listed,
    shortened,
    widest,
)
from trustsem.charts.marks import open_frame, swatches, write
from trustsem.charts.settings import ACCENT, QUIET, SMALL_SIZE, TEXT_SIZE
from trustsem.diagram.text import ELLIPSIS, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RESIDUAL_BOUNDS = (-1e9, -0.15, -0.10, -0.05, 0.05, 0.10, 0.15, 1e9)
"""Classes of residuals; those beyond .10 call for attention [kline2016]_."""
_RESIDUAL_COLORS = ("#a63603", "#e08214", "#fdd0a2", "#f4f4f4", "#c6dbef", "#6baed6", "#2166ac")
_LABEL_PITCH = 8.2
"""Least distance of names of items, in points."""
_LARGEST_CELL = 24.0
_NUMBER_CELL = 19.0
"""Width of a cell that holds a number."""
_GAP = 5.0
_ROOMY = 190.0
"""Side of a triangle beside which its legend fits, in points."""
_NAME_SHARES = (0.24, 0.30, 0.36)
"""Shares of the width that names of constructs may take; more only where they would be cut."""
_SHADES = 20
_FLAGGED = 6


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ResidualMap(Chart):
    """Correlations of items that the model does not explain, by construct.

    Parameters
    ----------
    items : tuple of str
        Items in order.
    blocks : tuple of (str, int)
        Name of each construct and number of its items, in order.
    residuals, z : ndarray, shape (p, p)
        Residuals of correlations, and in standard errors; the lower triangles are shown.
    critical : float
        Absolute z beyond which a cell is marked.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    items: tuple[str, ...]
    blocks: tuple[tuple[str, int], ...]
    residuals: Floats
    z: Floats
    critical: float
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join([*self.items, *(name for name, _ in self.blocks)])

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        left, codes, cell = self._measures()
        side = cell * len(self.items)
        right = self.points - 2 * MARGIN - left - side
        legend = 4.0 if side >= _ROOMY else 14.0 * len(self._legend_rows()) + 4.0
        return Layout(left, right, legend, codes + _GAP + 4.0 if codes else 4.0, side)

    def _measures(self) -> tuple[float, float, float]:
        """Return the room of names at the left, that of codes, and the side of a cell."""
        for share in _NAME_SHARES:
            measures = self._measured(share)
            if not any(line.endswith(ELLIPSIS) for line in self._names(measures)):
                break
        return measures

    def _measured(self, share: float) -> tuple[float, float, float]:
        """Return the measures if names take no more than a share of the width."""
        page, p = self.points - 2 * MARGIN, len(self.items)
        names = min(widest((name for name, _ in self.blocks), SMALL_SIZE) * BOLD, share * page)
        codes = min(widest(self.items, SMALL_SIZE), 0.14 * page)
        cell = min((page - names - codes - 2 * _GAP) / p, _LARGEST_CELL)
        if cell >= _LABEL_PITCH:
            return names + codes + 2 * _GAP, codes, cell
        return names + _GAP, 0.0, min((page - names - _GAP) / p, _LARGEST_CELL)

    def _names(self, measures: tuple[float, float, float]) -> list[str]:
        """Return the names of the constructs, broken into lines that fit beside their items."""
        left, codes, cell = measures
        room = (left - (codes + _GAP if codes else 0.0) - _GAP) / BOLD
        texts = []
        for name, count in self.blocks:
            lines = max(1, int(count * cell / block_height(1, SMALL_SIZE)))
            texts.append("\n".join(fitted(name, SMALL_SIZE, room, lines)))
        return texts

    def _draw(self, axes: Axes) -> None:
        """Draw cells, marks, names and the scale of colours."""
        p, (left, codes, cell) = len(self.items), self._measures()
        open_frame(axes)
        axes.set_xlim(0, p)
        axes.set_ylim(p, 0)
        axes.set_xticks([])
        axes.set_yticks([])
        rows, columns = np.tril_indices(p, -1)
        places = list(zip(rows.tolist(), columns.tolist(), strict=True))
        values = self.residuals[rows, columns]
        draw_cells(axes, places, values, _RESIDUAL_COLORS, RESIDUAL_BOUNDS)
        self._draw_marks(axes, places, cell)
        self._draw_names(axes, left, codes)
        self._draw_legend(axes, left, cell * p)

    def _draw_marks(self, axes: Axes, places: Sequence[tuple[int, int]], cell: float) -> None:
        """Print numbers where cells hold them; mark what is significant, with its sign."""
        size = SMALL_SIZE if cell >= _NUMBER_CELL else min(0.8 * cell, TEXT_SIZE)
        for row, column in places:
            value, flagged = self.residuals[row, column], self._flagged(row, column)
            if not np.isfinite(value):
                continue
            ink = readable_on(_RESIDUAL_COLORS[_class_of(value)])
            text = "+" if value > 0 else "\N{MINUS SIGN}"
            if cell >= _NUMBER_CELL:
                text = bounded(value)
            elif not flagged:
                continue
            write(
                axes, text, (column + 0.5, row + 0.5), side="center", size=size, color=ink,
                weight="bold" if flagged else "normal",
            )  # fmt: skip

    def _flagged(self, row: int, column: int) -> bool:
        return bool(abs(self.z[row, column]) > self.critical)

    def _draw_names(self, axes: Axes, left: float, codes: float) -> None:
        """Write items along both sides, and constructs with lines between them."""
        for number, item in enumerate(self.items) if codes else ():
            text, middle = shortened(item, SMALL_SIZE, codes), number + 0.5
            write(axes, text, (0.0, middle), (-_GAP, 0.0), across="axes fraction", side="right")
            write(
                axes, text, (middle, 0.0), (0.0, -_GAP), down="axes fraction", side="right",
                rotation=90, rotation_mode="anchor",
            )  # fmt: skip
        measures = self._measures()
        start, cell = 0, measures[2]
        for (_, count), text in zip(self.blocks, self._names(measures), strict=True):
            if count * cell >= block_height(1, SMALL_SIZE):
                write(
                    axes, text, (0.0, start + count / 2), (-left, 0.0), across="axes fraction",
                    weight="bold",
                )  # fmt: skip
            if start:
                axes.plot([0, start], [start, start], "-", color=QUIET, linewidth=0.6)
                axes.plot([start, start], [start, len(self.items)], "-", color=QUIET, linewidth=0.6)
            start += count

    def _legend(self) -> list[tuple[str, str]]:
        """Return colours and what they mean, the highest class first."""
        inner = [bounded(bound) for bound in RESIDUAL_BOUNDS[1:-1]]
        texts = [f"below {inner[0]}", f"above {inner[-1]}"]
        texts[1:1] = [f"{low} to {high}" for low, high in pairwise(inner)]
        return list(zip(_RESIDUAL_COLORS, texts, strict=True))[::-1]

    def _legend_rows(self) -> list[list[tuple[str, str]]]:
        """Return the classes broken into rows as wide as the page."""
        rows: list[list[tuple[str, str]]] = []
        used, page = 0.0, self.points - 2 * MARGIN
        for entry in self._legend():
            width = _swatch_width(entry)
            if not rows or used + width > page:
                rows.append([])
                used = 0.0
            rows[-1].append(entry)
            used += width
        return rows

    def _draw_legend(self, axes: Axes, left: float, side: float) -> None:
        """Explain the colours beside the triangle where there is room, above it otherwise."""
        if side >= _ROOMY:
            entries = self._legend()
            indent = side - max(_swatch_width(entry) for entry in entries)
            for line, entry in enumerate(entries):
                swatches(axes, [entry], (indent, -8.0 - 11.0 * line), [0.0])
            return
        rows = self._legend_rows()
        for line, row in enumerate(rows):
            up = 14.0 * (len(rows) - line) - 4.0
            swatches(axes, row, (-left, up), [_swatch_width(entry) for entry in row])


def _swatch_width(entry: tuple[str, str]) -> float:
    """Return the room of a colour with its meaning, in points."""
    return text_width(entry[1], SMALL_SIZE) + 18.0


def _class_of(value: float) -> int:
    """Return the class of a residual."""
    return int(np.searchsorted(RESIDUAL_BOUNDS, value, side="right")) - 1


def residuals_chart(
    residuals: pd.DataFrame,
    z: pd.DataFrame,
    items_of: Mapping[str, Sequence[str]],
    *,
    labels: Mapping[str, str] | None = None,
    critical: float = 2.58,
    subject: str = "",
    width: Width = "140mm",
) -> ResidualMap:
    """Draw the residuals of correlations, items ordered by construct.

    Parameters
    ----------
    residuals, z : DataFrame, shape (p, p)
        Residuals of correlations, and standardised ones.
    items_of : mapping of str to sequence of str
        Construct to its items; other variables of the matrix follow.
    labels : mapping of str to str, optional
        What constructs are called in print.
    critical : float
        Absolute standardised residual beyond which a cell is marked [joreskog1993]_.
    subject : str
        Of which model, for the title.
    width : str or float
        Final width.

    Returns
    -------
    ResidualMap
    """
    names = labels or {}
    order: dict[str, str] = {}
    for construct, items in items_of.items():
        order |= {item: construct for item in items if item in residuals and item not in order}
    order |= {str(item): "" for item in residuals if item not in order}
    items = list(order)
    blocks: list[tuple[str, int]] = []
    for construct in dict.fromkeys(order.values()):
        count = sum(owner == construct for owner in order.values())
        blocks.append((clean(names.get(construct, construct)), count))
    R = residuals.loc[items, items].to_numpy(dtype=float)
    Z = z.loc[items, items].to_numpy(dtype=float)
    rows, columns = np.tril_indices(len(items), -1)
    found = sorted(zip(-np.abs(R[rows, columns]), rows.tolist(), columns.tolist(), strict=True))
    flagged = int((np.abs(Z[rows, columns]) > critical).sum())
    large = [f"{items[j]} with {items[i]} {bounded(R[i, j])}" for _, i, j in found[:_FLAGGED]]
    about = f" of the {subject}" if subject else ""
    return ResidualMap(
        tuple(clean(item) for item in items), tuple(blocks), R, Z, critical,
        title=f"Residual correlations{about}",
        description=f"Map of the {len(rows)} residual correlations of {len(items)} items, ordered "
        f"by construct. The largest: {listed(large)}. {flagged} exceed {critical:g} standard "
        "errors.",
        note="Sample less implied correlation. Bold, or a sign where cells hold no number: "
        f"standardised residual beyond ±{critical:g}.",
        width=width,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CorrelationMap(Chart):
    """Correlations of constructs below the diagonal, a ratio above, √AVE on it.

    Parameters
    ----------
    names : tuple of str
        Constructs in order.
    correlations : ndarray, shape (k, k)
        The lower triangle is shown.
    diagonal : ndarray, shape (k,)
        √AVE; NaN where it does not exist.
    ratios : ndarray, shape (k, k)
        HTMT; the upper triangle is shown. NaN where it does not exist.
    flags : ndarray of bool, shape (k, k)
        Cells that miss their criterion.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    names: tuple[str, ...]
    correlations: Floats
    diagonal: Floats
    ratios: Floats
    flags: Flags
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join(self.names)

    @property
    def values(self) -> Floats:
        """What stands in the cells, shape (k, k)."""
        lower, upper = np.tril(np.ones_like(self.ratios), -1), np.triu(np.ones_like(self.ratios), 1)
        shown = np.where(lower > 0, self.correlations, np.where(upper > 0, self.ratios, np.nan))
        np.fill_diagonal(shown, self.diagonal)
        return shown

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        left, across, down = self._measures()
        k = len(self.names)
        right = self.points - 2 * MARGIN - left - across * k
        return Layout(left, max(right, 0.0), 14.0, 6.0, down * k)

    def _measures(self) -> tuple[float, float, float]:
        """Return the room of the names, and width and height of a cell, in points."""
        page, k = self.points - 2 * MARGIN, len(self.names)
        least = widest((bounded(v) for v in self.values.ravel()), self._number_size) + 2.0
        wanted = widest(self._numbered, TEXT_SIZE) + _GAP
        left = min(wanted, max(page - k * least, 0.2 * page), 0.45 * page)
        across = min((page - left) / k, 56.0)
        lines = max(len(fitted(name, TEXT_SIZE, left - _GAP, 2)) for name in self._numbered)
        return left, across, max(block_height(lines, TEXT_SIZE) + 3.0, min(across, 18.0))

    @property
    def _number_size(self) -> float:
        """Size of the numbers, smaller where there are many columns on a narrow page."""
        page, k = self.points - 2 * MARGIN, len(self.names)
        wide = widest((bounded(v) for v in self.values.ravel()), 1.0)
        return float(np.clip((0.75 * page / k - 2.0) / wide, 6.0, TEXT_SIZE))

    @property
    def _numbered(self) -> list[str]:
        return [f"{number}. {name}" for number, name in enumerate(self.names, start=1)]

    def _draw(self, axes: Axes) -> None:
        """Draw cells with their numbers, and names."""
        k, left = len(self.names), self._measures()[0]
        open_frame(axes)
        axes.set_xlim(0, k)
        axes.set_ylim(k, 0)
        axes.set_xticks([])
        axes.set_yticks([])
        shown = self.values
        shade = np.abs(shown)
        np.fill_diagonal(shade, 0.0)
        places = [(row, column) for row in range(k) for column in range(k)]
        colors = [mixed("#ffffff", ACCENT, 0.8 * step / _SHADES) for step in range(_SHADES)]
        bounds = [*np.linspace(0.0, 1.0, _SHADES + 1)[:-1], 1e9]
        filled = [place for place in places if np.isfinite(shade[place])]
        draw_cells(axes, filled, np.array([shade[place] for place in filled]), colors, bounds)
        for row, column in places:
            self._draw_number(axes, row, column, shown, colors)
        for number, name in enumerate(self._numbered):
            text = "\n".join(fitted(name, TEXT_SIZE, left - _GAP, 2))
            write(
                axes, text, (0.0, number + 0.5), (-left, 0.0), across="axes fraction",
                size=TEXT_SIZE,
            )  # fmt: skip
            write(
                axes, str(number + 1), (number + 0.5, 1.0), (0.0, 3.0), down="axes fraction",
                side="center", level="bottom", size=TEXT_SIZE,
            )  # fmt: skip

    def _draw_number(
        self, axes: Axes, row: int, column: int, shown: Floats, colors: Sequence[str]
    ) -> None:
        """Print one number; frame the diagonal, mark what misses its criterion."""
        value, same = shown[row, column], row == column
        if same:
            outline(axes, row, column, linewidth=0.6)
        if not np.isfinite(value):
            return
        flagged = bool(self.flags[row, column])
        fill = colors[0 if same else min(int(abs(value) * _SHADES), _SHADES - 1)]
        write(
            axes, bounded(value), (column + 0.5, row + 0.5), side="center",
            size=self._number_size, color=readable_on(fill),
            weight="bold" if same or flagged else "normal",
        )  # fmt: skip
        if flagged:
            outline(axes, row, column, linewidth=1.4)


def correlations_chart(
    correlations: pd.DataFrame,
    ave: pd.Series[float],
    ratios: pd.DataFrame | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    limit: float = 0.85,
    width: Width = "140mm",
) -> CorrelationMap:
    """Draw correlations of constructs below, HTMT above, and √AVE on the diagonal.

    Parameters
    ----------
    correlations : DataFrame, shape (k, k)
        Correlations of the constructs.
    ave : Series
        Average variance extracted by construct; NaN, or no entry, where there is none.
    ratios : DataFrame, shape (k, k), optional
        Heterotrait-monotrait ratios, in either triangle.
    labels : mapping of str to str, optional
        What constructs are called in print.
    limit : float
        Ratio that distinct constructs stay below [henseler2015]_. A correlation is marked where
        its square exceeds one of the two AVE [fornell1981]_.
    width : str or float
        Final width.

    Returns
    -------
    CorrelationMap
    """
    order = [str(name) for name in correlations.index]
    names = labels or {}
    k = len(order)
    R = correlations.loc[order, order].to_numpy(dtype=float)
    extracted = ave.reindex(order).to_numpy(dtype=float)
    H = np.full((k, k), np.nan)
    if ratios is not None:
        given = ratios.reindex(index=order, columns=order).to_numpy(dtype=float)
        H = np.where(np.isnan(given), given.T, given)
    least = np.fmin.outer(extracted, extracted)
    below, above = np.tril(np.ones((k, k), bool), -1), np.triu(np.ones((k, k), bool), 1)
    with np.errstate(invalid="ignore"):
        flags = (below & (least < R**2)) | (above & ~(limit > H) & np.isfinite(H))
    printed = [clean(names.get(name, name)) for name in order]
    pairs = sorted((-abs(R[i, j]), i, j) for i in range(k) for j in range(i))
    parts = [
        f"{printed[j]} with {printed[i]} r {bounded(R[i, j])}"
        + (f", HTMT {bounded(H[j, i])}" if np.isfinite(H[j, i]) else "")
        for _, i, j in pairs[:_FLAGGED]
    ]
    with np.errstate(invalid="ignore"):
        root = np.sqrt(extracted)
    note = "Below the diagonal: correlations of the constructs. On it: √AVE."
    if np.isfinite(H).any():
        note += " Above it: HTMT."
    if flags.any():
        note += " Framed: a correlation beyond √AVE of one of its constructs" + (
            f", or HTMT not below {cutoff(limit)}." if np.isfinite(H).any() else "."
        )
    return CorrelationMap(
        tuple(printed), R, root, H, flags, title="Correlations of the constructs",
        description=f"Map of the correlations of {k} constructs. √AVE: "
        + listed([f"{n} {bounded(v)}" for n, v in zip(printed, root, strict=True)], 15)
        + (f". The highest correlations: {listed(parts)}" if parts else "")
        + f". {int(flags.sum())} cells miss their criterion.",
        note=note, width=width,
    )  # fmt: skip
