"""Forests: one row per estimate, its interval as a line, its numbers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trustsem.charts.chart import MARGIN, Chart, Layout, Width
from trustsem.charts.labels import BOLD, block_height, cutoff, fitted, shortened, widest
from trustsem.charts.marks import SHAPES, corner_mark, number_axis, open_frame, write
from trustsem.charts.settings import INK, QUIET, RULE, SMALL_SIZE
from trustsem.diagram.page import MM_PER_POINT, PAGE_HEIGHT
from trustsem.diagram.text import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAP = 7.0
_FOOT = 28.0
_HEAD = 14.0
_LEAST_PLOT = 0.3
"""Share of the width that the plot keeps."""
_TEXT_SHARE = 0.5
_FEW_NAMES = 0.34
"""Share of the width below which names may not be pressed by columns of numbers."""
_MARK_PITCH = 8.5
_WIDEST_CODE = 0.16
FILLS = ("#1a1a1a", "#ffffff", "#8c8c8c", "#d9d9d9")
"""Fills of the marks of groups, after which the shapes go on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One estimate with its interval.

    Parameters
    ----------
    value, lower, upper : float
        Estimate and limits; limits are NaN where there are none.
    filled : bool
        Whether the mark is filled.
    """

    value: float
    lower: float = float("nan")
    upper: float = float("nan")
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a forest.

    Parameters
    ----------
    code : str
        Short name: an item, a hypothesis.
    text : str
        What it is, in words.
    marks : tuple of Mark
        One estimate, or one for each group.
    cells : tuple of str
        Numbers beside the row, one for each column.
    """

    code: str
    text: str
    marks: tuple[Mark, ...]
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Rows under one heading.

    Parameters
    ----------
    heading : str
        May be empty.
    rows : tuple of Row
        At least one.
    """

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Setting:
    """How densely rows are set: size of names, their lines at most, space between rows."""

    size: float
    lines: int
    gap: float


_SETTINGS = (
    _Setting(8.0, 4, 3.6),
    _Setting(8.0, 2, 3.0),
    _Setting(8.0, 1, 3.0),
    _Setting(7.0, 1, 2.2),
    _Setting(7.0, 1, 0.05),
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A row with its lines of text and the place of its middle, from the top, in points."""

    row: Row
    lines: tuple[str, ...]
    middle: float


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where everything of a forest stands."""

    setting: _Setting
    code_width: float
    text_width: float
    columns: tuple[float, ...]
    lines: tuple[_Line, ...]
    headings: tuple[tuple[str, float], ...]
    spans: tuple[tuple[float, float], ...]
    height: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Forest(Chart):
    """Estimates with intervals, one row each, in blocks.

    Parameters
    ----------
    blocks : tuple of Block
        What is shown.
    axis : str
        Name of the axis.
    columns : tuple of str
        Headers of the numbers beside the rows.
    references : tuple of float
        Values marked by a thin line, such as cutoffs.
    groups : tuple of str
        Names of the marks of a row where it has several.
    title, description, note : str
        For readers; see :class:`~trustsem.charts.Chart`.
    width : str or float
        Final width.
    """

    blocks: tuple[Block, ...]
    axis: str
    columns: tuple[str, ...] = ()
    references: tuple[float, ...] = ()
    groups: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    note: str = ""
    width: Width = "140mm"
    _limits: tuple[float, float] = field(default=(0.0, 1.0), init=False)

    def __post_init__(self) -> None:
        """Find the limits of the axis once."""
        Chart.__post_init__(self)
        object.__setattr__(self, "_limits", _limits(self.rows, self.references))

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows."""
        return tuple(row for block in self.blocks for row in block.rows)

    @property
    def letters(self) -> str:
        """All letters of its names."""
        names = [row.code + row.text for row in self.rows]
        return "".join([self.note, *self.groups, *names, *(block.heading for block in self.blocks)])

    @property
    def layout(self) -> Layout:
        """Room around and inside the axes."""
        plan = self._plan()
        return self._layout(plan)

    def _layout(self, plan: _Plan) -> Layout:
        right = sum(width + _GAP for width in plan.columns)
        left = plan.code_width + plan.text_width + _GAP
        legend = len(self._legend_rows()) * 11.0
        head = _HEAD if plan.columns or self.references else 4.0
        return Layout(left, max(right, 8.0), head + legend, _FOOT, plan.height)

    def _plan(self) -> _Plan:
        """Choose the loosest setting that fits on a page."""
        room = PAGE_HEIGHT / MM_PER_POINT - _HEAD - _FOOT - self._note_height - 2 * MARGIN - 11.0
        for setting in _SETTINGS:
            plan = self._set(setting)
            if plan.height <= room:
                break
        return plan

    def _set(self, setting: _Setting) -> _Plan:
        """Set the rows in one way."""
        size, page = setting.size, self.points - 2 * MARGIN
        codes = [row.code for row in self.rows]
        code_width = min(widest(codes, size), _WIDEST_CODE * page)
        code_width += 5.0 if any(row.text for row in self.rows) and code_width else 0.0
        columns = self._column_widths()
        needed = widest((row.text for row in self.rows), size)
        while True:
            numbers = sum(width + _GAP for width in columns)
            free = page * (1 - _LEAST_PLOT) - numbers - code_width - _GAP
            enough = min(needed, _FEW_NAMES * page - code_width)
            if free >= enough or not columns:
                break
            columns = columns[:-1]
        names = max(min(needed, free, _TEXT_SHARE * page), 0.0)
        if setting.lines == 1 and all(codes) and self._mostly_cut(size, names):
            names = 0.0
        return self._placed(setting, code_width, names, tuple(columns))

    def _mostly_cut(self, size: float, room: float) -> bool:
        """Tell whether most names would be cut: then codes say more."""
        cut = sum(text_width(row.text, size) > room for row in self.rows)
        return 2 * cut > len(self.rows)

    def _column_widths(self) -> list[float]:
        return [
            max(
                text_width(header, SMALL_SIZE),
                widest((row.cells[k] for row in self.rows if row.cells), SMALL_SIZE),
            )
            for k, header in enumerate(self.columns)
        ]

    def _placed(
        self, setting: _Setting, code_width: float, names: float, columns: tuple[float, ...]
    ) -> _Plan:
        """Put every row at its height."""
        size = setting.size
        place, lines, headings, spans = 0.5 * setting.gap, [], [], []
        for number, block in enumerate(self.blocks):
            if block.heading:
                place += 1.2 * setting.gap if number else 0.0
                height = block_height(1, size) + setting.gap
                headings.append((block.heading, place + height / 2))
                place += height
            top = place if block.heading or number else 0.0
            for row in block.rows:
                text = fitted(row.text, size, names, setting.lines) if row.text and names else ()
                marks = _MARK_PITCH * len(row.marks) if len(row.marks) > 1 else 0.0
                height = max(block_height(max(len(text), 1), size), marks) + setting.gap
                lines.append(_Line(row, text, place + height / 2))
                place += height
            spans.append((top, place))
        height = place + 0.5 * setting.gap
        return _Plan(
            setting, code_width, names, columns, tuple(lines), tuple(headings), tuple(spans), height
        )

    def _draw(self, axes: Axes) -> None:
        """Draw rows, marks and scale."""
        plan = self._plan()
        room = self._layout(plan)
        length = self.points - room.left - room.right - 2 * MARGIN
        open_frame(axes, "bottom")
        axes.set_ylim(plan.height, 0.0)
        axes.set_yticks([])
        number_axis(axes, self.axis, self._limits, length)
        self._draw_references(axes, plan)
        for heading, middle in plan.headings:
            text = shortened(heading, plan.setting.size * BOLD, self.points - 2 * MARGIN)
            write(
                axes, text, (0.0, middle), (-room.left, 0.0), across="axes fraction",
                size=plan.setting.size, weight="bold",
            )  # fmt: skip
        for line in plan.lines:
            self._draw_row(axes, line, plan, room)
        self._draw_headers(axes, plan)
        self._draw_legend(axes, room)

    def _draw_references(self, axes: Axes, plan: _Plan) -> None:
        """Draw zero and the cutoffs beside the rows, each cutoff with its number on top."""
        low, high = self._limits
        for value in self.references:
            write(
                axes, cutoff(value), (value, 1.0), (0.0, 3.0), down="axes fraction",
                side="center", level="bottom", color=QUIET,
            )  # fmt: skip
        for top, foot in plan.spans:
            if low < 0.0 < high:
                axes.plot([0.0, 0.0], [top, foot], "-", color=RULE, linewidth=0.8, zorder=0)
            for value in self.references:
                axes.plot(
                    [value, value], [top, foot], color=QUIET, linewidth=0.6,
                    linestyle=(0, (1, 2)), zorder=0,
                )  # fmt: skip

    def _draw_row(self, axes: Axes, line: _Line, plan: _Plan, room: Layout) -> None:
        """Draw one row: names, marks, numbers."""
        size, row = plan.setting.size, line.row
        code = shortened(row.code, size, plan.code_width)
        write(axes, code, (0.0, line.middle), (-room.left, 0.0), across="axes fraction", size=size)
        if line.lines:
            write(
                axes, "\n".join(line.lines), (0.0, line.middle),
                (plan.code_width - room.left, 0.0), across="axes fraction", size=size,
            )  # fmt: skip
        shift = _MARK_PITCH * (len(row.marks) - 1) / 2
        for number, mark in enumerate(row.marks):
            place = line.middle - shift + _MARK_PITCH * number
            self._draw_mark(axes, mark, place, number)
        offset = 0.0
        for cell, width in zip(row.cells, plan.columns, strict=False):
            offset += width + _GAP
            write(
                axes, cell, (1.0, line.middle), (offset, 0.0), across="axes fraction",
                side="right",
            )  # fmt: skip

    def _draw_mark(self, axes: Axes, mark: Mark, place: float, number: int) -> None:
        """Draw one estimate and its interval."""
        if np.isnan(mark.value):
            return
        low, high = self._limits
        lower, upper = np.clip([mark.lower, mark.upper], low, high)
        if np.isfinite(lower) and np.isfinite(upper):
            axes.plot([lower, upper], [place, place], "-", color=INK, linewidth=1.0, zorder=2)
            for end, limit, shape in ((lower, mark.lower, "<"), (upper, mark.upper, ">")):
                if end != limit:
                    axes.plot([end], [place], shape, color=INK, markersize=3.0, clip_on=False)
        if self.groups:
            shape, fill = SHAPES[number % len(SHAPES)], FILLS[number % len(FILLS)]
        else:
            shape, fill = "o", INK if mark.filled else "#ffffff"
        axes.plot(
            [mark.value], [place], shape, markersize=4.6, markerfacecolor=fill,
            markeredgecolor=INK, markeredgewidth=0.9, zorder=3, clip_on=False,
        )  # fmt: skip

    def _draw_headers(self, axes: Axes, plan: _Plan) -> None:
        """Write the headers of the numbers."""
        offset = 0.0
        for header, width in zip(self.columns, plan.columns, strict=False):
            offset += width + _GAP
            write(
                axes, header, (1.0, 1.0), (offset, 3.0), across="axes fraction",
                down="axes fraction", side="right", level="bottom", color=QUIET,
            )  # fmt: skip

    def _legend_rows(self) -> list[list[tuple[int, str, float]]]:
        """Return the groups with the width of each, broken into rows."""
        rows: list[list[tuple[int, str, float]]] = []
        page, used = self.points - 2 * MARGIN, 0.0
        for number, name in enumerate(self.groups):
            text = shortened(name, SMALL_SIZE, page / 2)
            width = text_width(text, SMALL_SIZE) + 22.0
            if not rows or used + width > page:
                rows.append([])
                used = 0.0
            rows[-1].append((number, text, width))
            used += width
        return rows

    def _draw_legend(self, axes: Axes, room: Layout) -> None:
        """Say which mark is which group."""
        rows = self._legend_rows()
        for line, entries in enumerate(rows):
            left, up = 4.0 - room.left, room.top - 5.0 - 11.0 * line
            for number, text, width in entries:
                shape, fill = SHAPES[number % len(SHAPES)], FILLS[number % len(FILLS)]
                corner_mark(axes, (left, up), shape, fill)
                write(
                    axes, text, (0.0, 1.0), (left + 7.0, up), across="axes fraction",
                    down="axes fraction",
                )  # fmt: skip
                left += width


def _limits(rows: Sequence[Row], references: Sequence[float]) -> tuple[float, float]:
    """Return limits that hold every estimate, and intervals unless they are absurdly wide."""
    marks = [mark for row in rows for mark in row.marks]
    values = np.array([mark.value for mark in marks], dtype=float)
    ends = np.array([limit for mark in marks for limit in (mark.lower, mark.upper)], dtype=float)
    values, ends = values[np.isfinite(values)], ends[np.isfinite(ends)]
    core = np.concatenate([values, np.asarray(references, dtype=float), [0.0]])
    low, high = float(core.min()), float(core.max())
    reach = max(high - low, 1e-9)
    shown = ends[(ends >= low - 2 * reach) & (ends <= high + 2 * reach)]
    low, high = min([low, *shown]), max([high, *shown])
    if 0.7 < high <= 1.0:  # noqa: PLR2004  # a bounded scale is shown to its end
        high = 1.0
    pad = 0.03 * (high - low)
    return (low - pad if low < 0.0 else 0.0), (high + pad if high != 1.0 else 1.0)
