"""What respondents gave: answers on the scale of every item, and which are missing together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Flags
from trustsem.charts.cells import mixed, readable_on
from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import (
    BOLD,
    block_height,
    clean,
    fitted,
    listed,
    number,
    shortened,
    widest,
)
from trustsem.charts.marks import open_frame, swatches, write
from trustsem.charts.settings import INK, QUIET, RULE, SHADE, SMALL_SIZE, TEXT_SIZE
from trustsem.diagram.page import MM_PER_POINT, PAGE_HEIGHT
from trustsem.diagram.text import text_width
from trustsem.display import Format
from trustsem.errors import PlanError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CATEGORIES = 11
"""Answers of the widest rating scale that is drawn as bars."""
_LOW, _LOW_END, _MIDDLE, _HIGH_END, _HIGH = "#a63603", "#fdd0a2", "#dedede", "#c6dbef", "#2166ac"
_GAP = 7.0
_FOOT, _HEAD = 26.0, 13.0
_BAR = 0.78
_TICK = 24.0
"""Least distance of ticks, in points."""
_NAMES = 0.56
"""Share of the width that items and wordings may take."""
_PITCHES = (15.0, 12.5, 10.5, 9.5, 8.3)
_CELL_LINE = 8.6
_LEAST_COLUMN, _WIDEST_COLUMN = 14.0, 26.0
"""Width of the column of a pattern, in points."""
_NAMED = 6
_MAJORITY = 0.6
"""Share of items from which their names of answers stand for all."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The answers to one item.

    Parameters
    ----------
    code, text : str
        Item and wording.
    percents : tuple of float
        Percent of each answer of the scale, the lowest first.
    """

    code: str
    text: str
    percents: tuple[float, ...]

    @property
    def sides(self) -> tuple[float, float]:
        """Percent below and above the middle of the scale, half of a middle answer on each."""
        k = len(self.percents)
        middle = self.percents[k // 2] / 2 if k % 2 else 0.0
        return sum(self.percents[: k // 2]) + middle, sum(self.percents[(k + 1) // 2 :]) + middle


@dataclass(frozen=True, slots=True)
class BarBlock:
    """The items of one construct.

    Parameters
    ----------
    heading : str
        Name of the construct.
    bars : tuple of Bar
        Its items.
    """

    heading: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LikertChart(Chart):
    """Answers to rating scales as bars that diverge from the middle of the scale.

    Parameters
    ----------
    blocks : tuple of BarBlock
        Items by construct.
    scale : tuple of str
        What the answers are called, the lowest first; empty where scales differ.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    blocks: tuple[BarBlock, ...]
    scale: tuple[str, ...]
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"

    @property
    def bars(self) -> tuple[Bar, ...]:
        """All bars."""
        return tuple(bar for block in self.blocks for bar in block.bars)

    @property
    def letters(self) -> str:
        """All letters of its names."""
        names = [bar.code + bar.text for bar in self.bars]
        return "".join([self.note, *self.scale, *names, *(b.heading for b in self.blocks)])

    @property
    def _pitch(self) -> float:
        """Distance of two bars: what the page allows."""
        lines = len(self.bars) + 1.15 * len(self.blocks)
        room = PAGE_HEIGHT / MM_PER_POINT - self._head - _FOOT - self._note_height - 2 * MARGIN
        return next((pitch for pitch in _PITCHES if pitch * lines <= room), _PITCHES[-1])

    @property
    def _head(self) -> float:
        return _HEAD * len(self._legend_rows()) + 3.0

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        codes, names = self._columns
        height = self._pitch * (len(self.bars) + 1.15 * len(self.blocks)) + 2.0
        return Layout(codes + names + _GAP, 4.0, self._head, _FOOT, height)

    @property
    def _columns(self) -> tuple[float, float]:
        """Return the room of items and of wordings; wordings that would be cut are left out."""
        page, size = self.points - 2 * MARGIN, self._size
        codes = min(widest((bar.code for bar in self.bars), size), 0.16 * page) + 5.0
        texts = [bar.text for bar in self.bars]
        names = min(widest(texts, size), _NAMES * page - codes)
        cut = sum(text_width(text, size) > names for text in texts)
        return (codes, 0.0) if names < 0.15 * page or 2 * cut > len(texts) else (codes, names)

    @property
    def _size(self) -> float:
        return TEXT_SIZE if self._pitch >= 10.5 else SMALL_SIZE  # noqa: PLR2004  # a line of 8 pt

    def _draw(self, axes: Axes) -> None:
        """Draw bars, names, scale and legend."""
        room, pitch = self.layout, self._pitch
        left, right = self._reach()
        open_frame(axes, "bottom")
        axes.set_ylim(room.height, 0.0)
        axes.set_yticks([])
        axes.set_xlim(-left, right)
        self._draw_scale(axes, left, right)
        place = 0.0
        for block in self.blocks:
            heading = shortened(block.heading, TEXT_SIZE * BOLD, self.points - 2 * MARGIN)
            write(
                axes, heading, (0.0, place + 0.62 * pitch), (-room.left, 0.0),
                across="axes fraction", size=TEXT_SIZE, weight="bold",
            )  # fmt: skip
            place += 1.15 * pitch
            foot = place + pitch * len(block.bars)
            axes.plot([0.0, 0.0], [place, foot], "-", color=INK, linewidth=0.6, zorder=0)
            for bar in block.bars:
                self._draw_bar(axes, bar, place + pitch / 2, room)
                place += pitch
        self._draw_legend(axes, room)

    def _reach(self) -> tuple[float, float]:
        """Return how far bars reach to both sides, in percent, rounded up to tens."""
        sides = np.array([bar.sides for bar in self.bars])
        low, high = np.maximum(10.0 * np.ceil(sides.max(axis=0) / 10.0 - 1e-9), 10.0)
        return float(low), float(high)

    def _draw_scale(self, axes: Axes, left: float, right: float) -> None:
        """Print percents to both sides of the middle, without signs."""
        room = self.layout
        length = self.points - room.left - room.right - 2 * MARGIN
        per_percent = length / (left + right)
        step = next((s for s in (10, 20, 25, 50) if s * per_percent >= _TICK), 100)
        values = [v for v in range(-100, 101, step) if -left <= v <= right]
        axes.set_xticks(values, [f"{abs(v)}" for v in values], fontsize=SMALL_SIZE, color=INK)
        axes.tick_params("x", color=QUIET, width=0.6, length=3.0, pad=2.0)
        axes.set_xlabel("Percent of answers", fontsize=TEXT_SIZE, color=INK, labelpad=3.0)

    def _draw_bar(self, axes: Axes, bar: Bar, middle: float, room: Layout) -> None:
        """Draw one item's bar, with percents in the pieces that hold them."""
        codes, names = self._columns
        for text, offset, limit in ((bar.code, 0.0, codes - 3.0), (bar.text, codes, names)):
            shown = shortened(text, self._size, limit) if limit > 0.0 else ""
            write(
                axes, shown, (0.0, middle), (offset - room.left, 0.0), across="axes fraction",
                size=self._size,
            )  # fmt: skip
        low, high = self._reach()
        length = self.points - room.left - room.right - 2 * MARGIN
        start, colors = -bar.sides[0], scale_colors(len(bar.percents))
        for percent, color in zip(bar.percents, colors, strict=True):
            axes.barh(
                [middle], [percent], _BAR * self._pitch, [start], color=color,
                edgecolor="#ffffff", linewidth=0.4,
            )  # fmt: skip
            text = number(percent, 0)
            if length * percent / (low + high) > text_width(text, SMALL_SIZE) + 3.0:
                write(
                    axes, text, (start + percent / 2, middle), side="center",
                    color=readable_on(color),
                )  # fmt: skip
            start += percent

    def _legend_entries(self) -> list[tuple[str, str]]:
        if self.scale:
            return list(zip(scale_colors(len(self.scale)), self.scale, strict=True))
        shown = scale_colors(5)
        texts = ("lowest answer", "", "middle of the scale", "", "highest answer")
        return list(zip(shown, texts, strict=True))

    def _legend_rows(self) -> list[list[tuple[str, str]]]:
        """Return the answers, broken into rows as wide as the page."""
        page, used = self.points - 2 * MARGIN, 0.0
        rows: list[list[tuple[str, str]]] = []
        for color, text in self._legend_entries():
            entry = (color, shortened(text, SMALL_SIZE, page / 2))
            width = _entry_width(entry)
            if not rows or used + width > page:
                rows.append([])
                used = 0.0
            rows[-1].append(entry)
            used += width
        return rows

    def _draw_legend(self, axes: Axes, room: Layout) -> None:
        """Say which colour is which answer."""
        rows = self._legend_rows()
        for line, entries in enumerate(rows):
            up = room.top - 6.0 - _HEAD * line
            swatches(axes, entries, (-room.left, up), [_entry_width(entry) for entry in entries])


def _entry_width(entry: tuple[str, str]) -> float:
    """Return the room of one entry of the legend, in points."""
    return text_width(entry[1], SMALL_SIZE) + (20.0 if entry[1] else 11.0)


def scale_colors(k: int) -> list[str]:
    """Return a colour for each answer of a scale: darker towards both ends, grey in the middle.

    Parameters
    ----------
    k : int
        Answers of the scale.
    """
    half = k // 2
    shares = [0.0] if half == 1 else [step / (half - 1) for step in range(half)]
    low = [mixed(_LOW, _LOW_END, share) for share in shares]
    high = [mixed(_HIGH_END, _HIGH, share) for share in shares]
    high = [_HIGH] if half == 1 else high
    return [*low, *([_MIDDLE] if k % 2 else []), *high]


def likert_chart(
    answers: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    wordings: Mapping[str, str] | None = None,
    scales: Mapping[str, tuple[float, float]] | None = None,
    width: Width = "140mm",
) -> LikertChart:
    """Draw the answers to every item, by construct.

    Parameters
    ----------
    answers : DataFrame
        A row per item and answer: ``item construct answer label n percent``; ``answer`` is the
        code, ``percent`` that of the answers given to the item.
    labels : mapping of str to str, optional
        What constructs are called in print.
    wordings : mapping of str to str, optional
        Item to its wording.
    scales : mapping of str to (float, float), optional
        Lowest and highest answer of an item; those that occur in its construct by default.
    width : str or float
        Final width.

    Returns
    -------
    LikertChart
        Items without a rating scale are left out, and the note names them.

    Raises
    ------
    PlanError
        If no item has a rating scale.
    """
    names, texts = labels or {}, wordings or {}
    blocks, found, left_out = [], [], []
    for construct, rows in answers.groupby("construct", sort=False):
        bars = []
        for item, own in rows.groupby("item", sort=False):
            declared = (scales or {}).get(str(item))
            codes = _codes(rows["answer"], declared) or _codes(own["answer"], declared)
            if not codes:
                left_out.append(str(item))
                continue
            percents = own.groupby("answer")["percent"].sum().reindex(codes, fill_value=0.0)
            text = clean(texts.get(str(item), ""))
            bars.append(Bar(clean(item), text, tuple(float(value) for value in percents)))
            found.append(codes)
        if bars:
            heading = clean(names.get(str(construct), str(construct)))
            blocks.append(BarBlock(heading, tuple(bars)))
    if not blocks:
        raise PlanError(
            f"No item has a rating scale of 2 to {MOST_CATEGORIES} whole-numbered answers.",
            remedy="Look at the distributions of the items in .screening.items.",
        )
    scale, others = _scale_names(answers, found)
    note = "Bars diverge from the middle of the scale; a middle answer lies half on each side."
    note += f" Other names of answers, as of turned items: {listed(others)}." if others else ""
    note += f" Not shown, as not on a rating scale: {listed(left_out)}." if left_out else ""
    parts = [
        f"{bar.code} {number(bar.sides[0], 0)}% low, {number(bar.sides[1], 0)}% high"
        for block in blocks
        for bar in block.bars
    ]
    return LikertChart(
        tuple(blocks), scale, title="Answers to the items",
        description=f"Bars of the answers to {len(parts)} items on rating scales; halves of the "
        f"scale: {listed(parts, 60)}.",
        note=note, width=width,
    )  # fmt: skip


def _codes(answers: Iterable[float], scale: tuple[float, float] | None) -> tuple[float, ...]:
    """Return the codes of a rating scale; none if there is no such scale."""
    given = np.unique(np.asarray(list(answers), dtype=float))
    given = given[np.isfinite(given)]
    low, high = scale or (given.min(), given.max()) if len(given) else (0.0, 0.0)
    whole = bool((given % 1 == 0).all()) and low % 1 == 0
    count = int(high - low) + 1
    if not whole or not 2 <= count <= MOST_CATEGORIES:  # noqa: PLR2004  # one answer is no scale
        return ()
    return tuple(float(low + step) for step in range(count))


def _scale_names(
    answers: pd.DataFrame, found: Sequence[tuple[float, ...]]
) -> tuple[tuple[str, ...], list[str]]:
    """Return what most items call their answers, if all share a scale, and who differs.

    Reverse-keyed items keep the names of their turned answers, so a few items may differ.
    """
    if len(set(found)) != 1:
        return (), []
    written = answers.dropna(subset=["label"])
    written = written[written["label"].astype(str).str.strip() != ""]
    names: list[str] = []
    others: set[str] = set()
    for code in found[0]:
        plain = Format("general", 6).text(code, "typeset")
        own = written[written["answer"] == code]
        labels = [clean(label) for label in own["label"]]
        label, count = Counter(labels).most_common(1)[0] if labels else ("", 0)
        if count < _MAJORITY * len(labels):
            return tuple(Format("general", 6).text(c, "typeset") for c in found[0]), []
        differ = [item for item, other in zip(own["item"], labels, strict=True) if other != label]
        others.update(str(item) for item in differ)
        names.append(f"{plain} {label}" if label and label != plain else plain)
    return tuple(names), [item for item in dict.fromkeys(answers["item"]) if str(item) in others]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MissingChart(Chart):
    """Which answers are missing together: items by patterns, the most frequent first.

    Parameters
    ----------
    items : tuple of str
        Items in order.
    blocks : tuple of (str, int)
        Name of each construct and number of its items, in order.
    missing : ndarray of bool, shape (p, m)
        Whether an item is missing in a pattern.
    counts : tuple of int
        Cases of each pattern; as many patterns are drawn as the width holds.
    width : str or float
        Final width.
    """

    items: tuple[str, ...]
    blocks: tuple[tuple[str, int], ...]
    missing: Flags
    counts: tuple[int, ...]
    width: Width = "140mm"

    @property
    def title(self) -> str:
        """What the figure is."""
        return "Patterns of missing answers"

    @property
    def description(self) -> str:
        """What it shows, in words."""
        complete = sum(np.array(self.counts)[~self.missing.any(axis=0)].tolist())
        pairs = zip(self.items, self.item_counts, strict=True)
        worst = sorted(pairs, key=lambda pair: -pair[1])[:_NAMED]
        return (
            f"Grid of {len(self.items)} items by {self.n_shown} of {len(self.counts)} patterns of "
            f"missing answers. {complete} of {self.n_cases} cases are complete. Most often "
            "missing: " + listed([f"{item} {count} times" for item, count in worst if count]) + "."
        )

    @property
    def note(self) -> str:
        """What is dark, and what is left out."""
        rest = self.counts[self.n_shown :]
        if not rest:
            return "Dark: missing."
        return f"Dark: missing. {len(rest)} rarer patterns ({sum(rest)} cases) are not shown."

    @property
    def n_cases(self) -> int:
        """All cases."""
        return sum(self.counts)

    @property
    def n_shown(self) -> int:
        """Number of patterns that are drawn."""
        pitch = widest([str(max(self.counts))], SMALL_SIZE) + 4.0
        room = self._columns[3]
        return min(len(self.counts), max(1, int(room / max(pitch, _LEAST_COLUMN))))

    @property
    def item_counts(self) -> tuple[int, ...]:
        """Missing answers of each item, over all patterns."""
        return tuple((self.missing @ np.array(self.counts)).tolist())

    @property
    def letters(self) -> str:
        """All letters of its names."""
        return self.note + "".join([*self.items, *(name for name, _ in self.blocks)])

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        names, codes, numbers, room = self._columns
        left = names + codes + 2 * _GAP
        width = min(room, _WIDEST_COLUMN * self.n_shown)
        height = self._line * len(self.items)
        right = self.points - 2 * MARGIN - left - width
        return Layout(left, max(right, numbers + _GAP), 26.0, 6.0, height)

    @property
    def _columns(self) -> tuple[float, float, float, float]:
        """Return the room of constructs, of items, of numbers, and of the patterns."""
        page = self.points - 2 * MARGIN
        names = min(widest((name for name, _ in self.blocks), SMALL_SIZE) * BOLD, 0.24 * page)
        codes = min(widest(self.items, SMALL_SIZE), 0.18 * page)
        numbers = widest((*self._numbers, "Missing"), SMALL_SIZE)
        return names, codes, numbers, page - names - codes - numbers - 3 * _GAP

    @property
    def _numbers(self) -> list[str]:
        shares = [100 * count / self.n_cases for count in self.item_counts]
        counted = zip(self.item_counts, shares, strict=True)
        return [f"{count} ({number(share, 1)}%)" for count, share in counted]

    @property
    def _line(self) -> float:
        room = PAGE_HEIGHT / MM_PER_POINT - 60.0 - self._note_height
        return float(np.clip(room / len(self.items), _CELL_LINE, 13.0))

    def _draw(self, axes: Axes) -> None:
        """Draw cells, counts and names."""
        open_frame(axes)
        axes.set_xlim(0, self.n_shown)
        axes.set_ylim(len(self.items), 0)
        axes.set_xticks([])
        axes.set_yticks([])
        self._draw_cells(axes)
        self._draw_counts(axes)
        self._draw_names(axes)

    def _draw_cells(self, axes: Axes) -> None:
        """Draw what is answered and what is missing."""
        from matplotlib.collections import PolyCollection  # noqa: PLC0415  # slow to import

        corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * 0.84 + 0.08
        for absent, color in ((False, SHADE), (True, INK)):
            rows, columns = np.nonzero(self.missing[:, : self.n_shown] == absent)
            places = np.column_stack([columns, rows])[:, None, :]
            cells = PolyCollection(
                list(places + corners), facecolors=color, linewidths=0,
                label="missing" if absent else "answered",
            )  # fmt: skip
            axes.add_collection(cells, autolim=False)

    def _draw_counts(self, axes: Axes) -> None:
        """Write the cases of each pattern above it, and the missing answers beside each item."""
        for column, count in enumerate(self.counts[: self.n_shown]):
            write(
                axes, str(count), (column + 0.5, 1.0), (0.0, 3.0), down="axes fraction",
                side="center", level="bottom",
            )  # fmt: skip
        write(
            axes, "Cases with this pattern", (0.0, 1.0), (0.0, 14.0), across="axes fraction",
            down="axes fraction", level="bottom", color=QUIET,
        )  # fmt: skip
        offset = self._columns[2] + _GAP
        for row, text in enumerate(self._numbers):
            write(axes, text, (1.0, row + 0.5), (offset, 0.0), across="axes fraction", side="right")
        write(
            axes, "Missing", (1.0, 1.0), (offset, 3.0), across="axes fraction",
            down="axes fraction", side="right", level="bottom", color=QUIET,
        )  # fmt: skip

    def _draw_names(self, axes: Axes) -> None:
        """Write constructs and items, with a line between constructs."""
        names, codes, _, _ = self._columns
        left, start = self.layout.left, 0
        for row, item in enumerate(self.items):
            write(
                axes, shortened(item, SMALL_SIZE, codes), (0.0, row + 0.5),
                (names + _GAP - left, 0.0), across="axes fraction",
            )  # fmt: skip
        for name, count in self.blocks:
            lines = max(1, int(count * self._line / block_height(1, SMALL_SIZE)))
            text = "\n".join(fitted(name, SMALL_SIZE, names / BOLD, lines))
            write(
                axes, text, (0.0, start + count / 2), (-left, 0.0), across="axes fraction",
                weight="bold",
            )  # fmt: skip
            if start:
                axes.axhline(start, color=RULE, linewidth=0.6, zorder=3)
            start += count


def missing_chart(
    patterns: pd.DataFrame,
    items_of: Mapping[str, Sequence[str]],
    *,
    labels: Mapping[str, str] | None = None,
    width: Width = "140mm",
) -> MissingChart:
    """Draw the patterns of missing answers, the most frequent first.

    Parameters
    ----------
    patterns : DataFrame
        A row per pattern: ``n percent``, then one column of booleans per item, True where the
        answer is missing.
    items_of : mapping of str to sequence of str
        Construct to its items.
    labels : mapping of str to str, optional
        What constructs are called in print.
    width : str or float
        Final width; as many patterns are shown as fit, and the note counts the others.

    Returns
    -------
    MissingChart

    Raises
    ------
    PlanError
        If no answer is missing.
    """
    names = labels or {}
    owner = {item: construct for construct, items in items_of.items() for item in items}
    items = [item for item in owner if item in patterns]
    cells = patterns[items].to_numpy(dtype=bool)
    counts = patterns["n"].to_numpy(dtype=int)
    if not cells.any():
        raise PlanError(
            "No answer to the items is missing, so there is no pattern to draw.",
            remedy="Draw the answers themselves: .plot.likert().",
        )
    order = np.argsort(-counts, kind="stable")
    sizes = {c: sum(owner[item] == c for item in items) for c in items_of}
    return MissingChart(
        tuple(clean(item) for item in items),
        tuple((clean(names.get(c, c)), size) for c, size in sizes.items() if size),
        cells[order].T,
        tuple(counts[order].tolist()),
        width=width,
    )
