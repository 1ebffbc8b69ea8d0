"""One table object, written as text, HTML, Markdown, CSV or a frame.

The frame keeps its numbers unrounded under stable names; headers, decimals and dashes come from
:mod:`trustsem.display` at the moment of writing. Everything that may come from a data file (labels,
names, answers) is escaped for the medium it goes to.
"""

from __future__ import annotations

import csv
import io
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup, escape

from trustsem import display

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_LOWER, _UPPER = "_lower", "_upper"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#])")
_SUPERSCRIPTS = str.maketrans("abcdefgh", "ᵃᵇᶜᵈᵉᶠᵍʰ")
_NARROWEST, _LONGEST_WORD = 12, 26
_EXACT_INTEGERS = 2.0**53
_STATISTICS = re.compile(
    r"(?<![\w-])(?P<symbol>SE|SD|df|[pNMbzqnHT]|CFI|TLI|RMSEA|SRMR|β|φ|α)"
    r" (?P<relation>=|&lt;|&gt;|≥|≤|−) (?=[-−.\d])"
)
_LONE_STATISTICS = re.compile(r"(?<=± 2 )SE\b|\bR(?=²)")
_UPRIGHT = frozenset({"CFI", "TLI", "RMSEA", "SRMR", "β", "φ", "α"})
_NEGATIVE = re.compile(r"(?<![\w.])-(?=\.?\d)")


def typeset(text: str) -> Markup:
    """Return a sentence as HTML, escaped, its statistics set as journals set them.

    Symbols are in italics and not torn from their values; a minus is a minus.

    Parameters
    ----------
    text : str
        Plain text, such as ``"z = -2.10, p = .036"``.
    """
    html = _NEGATIVE.sub(display.MINUS, str(escape(text)))
    html = _STATISTICS.sub(_set_statistic, html)
    return Markup(_LONE_STATISTICS.sub(r"<i>\g<0></i>", html))  # noqa: S704  (escaped)


def _set_statistic(match: re.Match[str]) -> str:
    symbol = match["symbol"]
    shown = symbol if symbol in _UPRIGHT else f"<i>{symbol}</i>"
    return f"{shown}&nbsp;{match['relation']}&nbsp;"


@dataclass(frozen=True, slots=True)
class Notes:
    """What stands under a table, in the order of the APA: general, specific, probability.

    Parameters
    ----------
    general : str
        About the table as a whole: sample, estimator, abbreviations.
    specific : tuple of str
        About single cells; the first belongs to the mark ``a``, the second to ``b``, ...
    probability : str
        What asterisks and p-values mean.
    """

    general: str = ""
    specific: tuple[str, ...] = ()
    probability: str = ""

    def __bool__(self) -> bool:
        """Return whether there is anything to print."""
        return bool(self.general or self.specific or self.probability)


@dataclass(frozen=True, slots=True)
class _Shown:
    """One visible column: its header and its cells as text."""

    name: str
    column: display.Column
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with its title, its notes and the format of each column.

    Parameters
    ----------
    name : str
        Identifier; becomes the file name and the HTML id.
    title : str
        Title, in title case as journals print it.
    frame : DataFrame
        The numbers, unrounded. A labelled index becomes the first column. Two columns ``x_lower``
        and ``x_upper`` are shown as one interval ``x``.
    number : str
        Number as printed, such as ``"3"`` or ``"A1"``; empty for none.
    notes : Notes
        What stands under the table.
    columns : mapping of str to Column
        Headers and formats that differ from :data:`trustsem.display.COLUMNS`.
    cell_formats : mapping of (int, str) to Format
        Formats of single cells, where the rows of a column are different quantities.
    show : tuple of str
        Names of the columns to show, in order; empty for all.
    group_by : str
        Column whose value is printed once, as a row of its own above the rows that share it.
    group_titles : mapping of str to str
        What such a row says, by value of ``group_by``.
    strong : frozenset of (int, str)
        Cells in bold: position of the row and name of the column.
    marks : mapping of (int, str) to str
        Letter of the specific note that belongs to a cell.
    limit : int
        Rows shown at most; 0 for all. The frame and the CSV always hold all.

    Examples
    --------
    >>> frame = pd.DataFrame({"construct": ["Trust"], "ave": [0.6432]})
    >>> print(Table("validity", "Convergent Validity", frame).to_text())
    Convergent Validity
    ───────────────
    Construct   AVE
    ───────────────
    Trust      .643
    ───────────────
    """

    name: str
    title: str
    frame: pd.DataFrame
    number: str = ""
    notes: Notes = Notes()
    columns: Mapping[str, display.Column] = field(default_factory=dict)
    cell_formats: Mapping[tuple[int, str], display.Format] = field(default_factory=dict)
    show: tuple[str, ...] = ()
    group_by: str = ""
    group_titles: Mapping[str, str] = field(default_factory=dict)
    strong: frozenset[tuple[int, str]] = frozenset()
    marks: Mapping[tuple[int, str], str] = field(default_factory=dict)
    limit: int = 0

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the unrounded numbers, a labelled index as first column."""
        return _flat(self.frame)

    def to_text(self, max_width: int = 100) -> str:
        """Return the table for a terminal; long words wrap, control characters are removed.

        Parameters
        ----------
        max_width : int
            Columns of the terminal; text columns become narrower to fit.
        """
        shown = [_cleaned(self._marked(column)) for column in self._shown("plain")]
        widths = _fitting_widths(shown, max_width)
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [*self._heading(), rule]
        lines += _text_row([column.column.header for column in shown], shown, widths)
        lines.append(rule)
        for position, group in self._rows():
            if group is not None:
                lines.append(display.printable(group))
            lines += _text_row([column.cells[position] for column in shown], shown, widths)
        lines.append(rule)
        lines += self._text_notes(max(len(rule), 60))
        return "\n".join(lines)

    def to_html(self) -> Markup:
        """Return the table as an HTML figure in the form of the APA, all text escaped."""
        shown = self._shown("typeset")
        body = Markup("\n").join(
            row
            for position, group in self._rows()
            for row in self._html_rows(position, group, shown)
        )
        head = Markup("").join(
            Markup('<th scope="col"{}>{}</th>').format(_aligned(column), _html_header(column))
            for column in shown
        )
        return Markup(
            '<figure class="table" id="table-{name}">\n<figcaption>{caption}</figcaption>\n'
            '<div class="scroll">\n<table>\n<thead><tr>{head}</tr></thead>\n'
            "<tbody>\n{body}\n</tbody>\n</table>\n</div>\n{notes}</figure>"
        ).format(
            name=self.name, caption=self._caption(), head=head, body=body, notes=self._html_notes()
        )

    def to_markdown(self) -> str:
        """Return the table as a pipe table; labels cannot break it."""
        shown = self._shown("plain")
        lines = []
        if self.number:
            lines += [f"**Table {_markdown(self.number)}**", ""]
        lines += [f"*{_markdown(self.title)}*", ""]
        lines.append(_pipes([_markdown(column.column.header) for column in shown]))
        lines.append(_pipes([_ruler(column) for column in shown]))
        for position, group in self._rows():
            if group is not None:
                blanks = [""] * (len(shown) - 1)
                lines.append(_pipes([f"**{_markdown(group)}**", *blanks]))
            lines.append(_pipes([self._markdown_cell(position, column) for column in shown]))
        for note in self._note_lines():
            lines += ["", _markdown(note)]
        return "\n".join(lines) + "\n"

    def to_csv(self) -> str:
        """Return all numbers, unrounded, as CSV that a spreadsheet cannot take for formulas."""
        frame = self.to_frame()
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([_csv_cell(str(name)) for name in frame.columns])
        for row in frame.itertuples(index=False, name=None):
            writer.writerow([_csv_cell(value) for value in row])
        return buffer.getvalue()

    def __str__(self) -> str:
        """Return the table for a terminal."""
        return self.to_text()

    def _repr_html_(self) -> str:
        return str(self.to_html())

    def _shown(self, medium: display.Medium) -> list[_Shown]:
        """Return the visible columns with their cells as text."""
        frame = self.to_frame()
        names = self.show or tuple(_visible_names(list(frame.columns)))
        return [self._column(frame, name, medium) for name in names if name != self.group_by]

    def _column(self, frame: pd.DataFrame, name: str, medium: display.Medium) -> _Shown:
        if name + _LOWER in frame and name not in frame:
            column = self.columns.get(name) or display.column(name, 0.0)
            limits = zip(frame[name + _LOWER], frame[name + _UPPER], strict=True)
            cells = [column.format.interval(lower, upper, medium) for lower, upper in limits]
        else:
            sample = next((value for value in frame[name] if not display.is_missing(value)), None)
            column = self.columns.get(name) or display.column(name, sample)
            cells = [
                self.cell_formats.get((row, name), column.format).text(value, medium)
                for row, value in enumerate(frame[name])
            ]
        return _Shown(name, column, tuple(cells))

    def _marked(self, column: _Shown) -> _Shown:
        """Return a column whose cells end in the letters of their notes, all equally wide."""
        letters = [self.marks.get((row, column.name), "") for row in range(len(column.cells))]
        blank = " " if any(letters) and column.column.format.numeric else ""
        cells = (
            cell + (letter.translate(_SUPERSCRIPTS) or blank)
            for cell, letter in zip(column.cells, letters, strict=True)
        )
        return _Shown(column.name, column.column, tuple(cells))

    def _rows(self) -> Iterator[tuple[int, str | None]]:
        """Yield each visible row's position and, where a group begins, the group's title."""
        groups = self.to_frame()[self.group_by].tolist() if self.group_by else None
        previous = object()
        for position in range(self._n_shown()):
            if groups is None or groups[position] == previous:
                yield position, None
                continue
            previous = groups[position]
            yield position, self.group_titles.get(str(previous), str(previous))

    def _n_shown(self) -> int:
        return min(len(self.frame), self.limit) if self.limit else len(self.frame)

    def _heading(self) -> list[str]:
        number = [f"Table {self.number}"] if self.number else []
        return [display.printable(line) for line in [*number, self.title] if line]

    def _note_lines(self) -> Iterator[str]:
        """Yield the notes as plain text, in order."""
        general = self.notes.general
        if self._n_shown() < len(self.frame):
            general = f"Showing {self._n_shown()} of {len(self.frame)} rows. {general}".strip()
        if general:
            yield f"Note. {general}"
        for letter, note in zip("abcdefgh", self.notes.specific, strict=False):
            yield f"{letter.translate(_SUPERSCRIPTS)} {note}"
        if self.notes.probability:
            yield self.notes.probability

    def _text_notes(self, line_width: int) -> list[str]:
        return [
            line
            for note in self._note_lines()
            for line in textwrap.wrap(display.printable(note), line_width)
        ]

    def _caption(self) -> Markup:
        number = Markup('<span class="number">Table {}</span> ').format(self.number)
        title = Markup('<span class="title">{}</span>').format(self.title)
        return (number if self.number else Markup("")) + title

    def _html_rows(
        self, position: int, group: str | None, shown: Sequence[_Shown]
    ) -> Iterator[Markup]:
        if group is not None:
            yield Markup('<tr class="group"><th scope="rowgroup" colspan="{}">{}</th></tr>').format(
                len(shown), group
            )
        cells = Markup("").join(
            self._html_cell(position, column, row_header=first)
            for first, column in zip([True] + [False] * len(shown), shown, strict=False)
        )
        yield Markup("<tr>{}</tr>").format(cells)

    def _html_cell(self, position: int, column: _Shown, *, row_header: bool) -> Markup:
        content = escape(column.cells[position])
        if (position, column.name) in self.strong:
            content = Markup("<b>{}</b>").format(content)
        if mark := self.marks.get((position, column.name)):
            content += Markup('<sup class="mark">{}</sup>').format(mark)
        template = '<th scope="row"{}>{}</th>' if row_header else "<td{}>{}</td>"
        return Markup(template).format(_aligned(column), content)  # noqa: S704  (two literals)

    def _html_notes(self) -> Markup:
        paragraphs = []
        for note in self._note_lines():
            if note.startswith("Note. "):
                text = Markup("<i>Note.</i> {}").format(typeset(note.removeprefix("Note. ")))
            else:
                text = typeset(note)
            paragraphs.append(Markup("<p>{}</p>\n").format(text))
        if not paragraphs:
            return Markup("")
        return Markup('<div class="notes">{}</div>\n').format(Markup("").join(paragraphs))

    def _markdown_cell(self, position: int, column: _Shown) -> str:
        text = _markdown(column.cells[position])
        if (position, column.name) in self.strong and text:
            text = f"**{text}**"
        mark = self.marks.get((position, column.name), "")
        return text + mark.translate(_SUPERSCRIPTS)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a labelled index as its first column(s)."""
    if isinstance(frame.index, pd.RangeIndex):
        return frame.copy()
    named = frame.copy()
    if frame.index.nlevels == 1 and frame.index.name is None:
        named.index.name = "variable"
    return named.reset_index()


def _visible_names(names: Sequence[Any]) -> Iterator[str]:
    """Yield column names, the two limits of an interval as one."""
    known = {str(name) for name in names}
    for name in map(str, names):
        stem = name.removesuffix(_LOWER)
        if name.endswith(_LOWER) and stem + _UPPER in known:
            yield stem
        elif not (name.endswith(_UPPER) and name.removesuffix(_UPPER) + _LOWER in known):
            yield name


def _csv_cell(value: Any) -> str:
    """Return one CSV cell: numbers as they are, text that no spreadsheet evaluates."""
    if display.is_missing(value):
        return ""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_INTEGERS:
        return str(int(value))
    if isinstance(value, bool | int | float):
        return repr(value)
    text = str(value)
    safe = f"'{text}" if text.startswith(_FORMULA_STARTS) else text
    return safe.replace("\r\n", "\n").replace("\r", "\n")


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(display.printable(text).split()))


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ruler(column: _Shown) -> str:
    return "---:" if column.column.format.numeric else "---"


def _aligned(column: _Shown) -> Markup:
    return Markup(' class="n"') if column.column.format.numeric else Markup("")


def _html_header(column: _Shown) -> Markup:
    if column.column.html:
        return Markup(column.column.html)  # noqa: S704  (display.COLUMNS holds no data)
    return escape(column.column.header)


def _cleaned(column: _Shown) -> _Shown:
    cells = tuple(display.printable(cell) for cell in column.cells)
    header = display.Column(display.printable(column.column.header), column.column.format)
    return _Shown(column.name, header, cells)


def _fitting_widths(shown: Sequence[_Shown], max_width: int) -> list[int]:
    """Return column widths; the widest text columns give way until the table fits."""
    widths = [
        max(display.width(text) for text in (column.column.header, *column.cells))
        for column in shown
    ]
    floors = {
        i: _narrowest(column) for i, column in enumerate(shown) if not column.column.format.numeric
    }
    excess = sum(widths) + 2 * (len(widths) - 1) - max_width
    while excess > 0:
        flexible = [i for i, floor in floors.items() if widths[i] > floor]
        if not flexible:
            break
        widest = max(flexible, key=lambda i: widths[i])
        widths[widest] -= 1
        excess -= 1
    return widths


def _narrowest(column: _Shown) -> int:
    """Return the width that a text column keeps, so that no ordinary word is broken."""
    words = " ".join((column.column.header, *column.cells)).split()
    longest = max((display.width(word) for word in words), default=0)
    return max(_NARROWEST, min(longest, _LONGEST_WORD))


def _text_row(texts: Sequence[str], shown: Sequence[_Shown], widths: Sequence[int]) -> list[str]:
    """Return the lines of one row; a cell that is too long continues below."""
    wrapped = [_wrapped(text, size) for text, size in zip(texts, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    rows = []
    for line in range(height):
        cells = [
            _padded(
                lines[line] if line < len(lines) else "",
                size,
                right=column.column.format.numeric,
            )
            for lines, size, column in zip(wrapped, widths, shown, strict=True)
        ]
        rows.append("  ".join(cells).rstrip())
    return rows


def _wrapped(text: str, size: int) -> list[str]:
    return textwrap.wrap(text, size) if display.width(text) > size else [text]


def _padded(text: str, size: int, *, right: bool) -> str:
    blanks = " " * max(0, size - display.width(text))
    return blanks + text if right else text + blanks


def page_text(heading: Iterable[str], tables: Iterable[Table], width: int) -> str:
    """Return lines and the tables below them for a terminal."""
    blocks = ["\n".join(heading), *(table.to_text(width) for table in tables)]
    return display.printable("\n\n".join(blocks), keep_lines=True)


def page_html(heading: Iterable[str], tables: Iterable[Table]) -> str:
    """Return the same for a notebook."""
    lines = Markup("<br>").join(heading)
    body = Markup("\n").join(table.to_html() for table in tables)
    return str(Markup("<p>{}</p>\n{}").format(lines, body))
