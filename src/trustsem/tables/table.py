"""The table: unrounded numbers under stable names, and what is printed of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from trustsem import display
from trustsem.tables import csv_text, html, latex, markdown, text, word
from trustsem.tables.sheet import Group, Heading, Note, Row, Sheet
from trustsem.typesetting import Rich, emphasised, marked, plain, raised, to_plain, typeset

_LOWER, _UPPER = "_lower", "_upper"


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


@dataclass(frozen=True, repr=False)
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
        return text.sheet_text(self.sheet("plain"), max_width)

    def to_html(self) -> Markup:
        """Return the table as an HTML figure in the form of the APA, all text escaped."""
        return html.sheet_html(self.sheet())

    def to_latex(self) -> str:
        r"""Return the table as LaTeX in the form of the APA, all text escaped.

        A ``longtable`` with rules of ``booktabs``; a comment at its top names the packages that a
        document must load.
        """
        return latex.table_latex(self.sheet())

    def to_docx(self, path: str | Path) -> Path:
        """Write the table to a Word document of its own, as a table that can be edited.

        Parameters
        ----------
        path : path
            File, ``.docx``; one that is there is replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        UnknownOptionError
            If the suffix is another one.
        OutputError
            If the file cannot be written.
        """
        return word.save_sheet(self.sheet(), path)

    def to_markdown(self) -> str:
        """Return the table as a pipe table; labels cannot break it."""
        return markdown.sheet_markdown(self.sheet("plain"))

    def to_csv(self) -> str:
        """Return all numbers, unrounded, as CSV that a spreadsheet cannot take for formulas."""
        return csv_text.frame_csv(self.to_frame())

    def __repr__(self) -> str:
        """Return the table for a terminal."""
        return self.to_text()

    def _repr_html_(self) -> str:
        return html.for_notebook(self.to_html())

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_latex_(self) -> str:
        return self.to_latex()

    def cell(self, row: int, name: str, medium: display.Medium = "typeset") -> str:
        """Return one cell as it is printed, for a sentence that tells the same number.

        Parameters
        ----------
        row : int
            Position of the row.
        name : str
            Stable name of a column, or of the interval that two columns form.
        medium : {"plain", "typeset"}
            Whether a minus is a true minus.
        """
        frame = self.to_frame().iloc[[row]].reset_index(drop=True)
        formats = {(0, key): value for (at, key), value in self.cell_formats.items() if at == row}
        alone = replace(
            self, frame=frame, show=(name,), cell_formats=formats, marks={}, group_by="", limit=0
        )
        (line,) = alone.sheet(medium).lines
        return to_plain(line.cells[0]) if isinstance(line, Row) else ""

    def sheet(self, medium: display.Medium = "typeset") -> Sheet:
        """Return the table in words, its numbers rounded; every medium prints these cells.

        Parameters
        ----------
        medium : {"plain", "typeset"}
            Whether statistics are set with italics and a true minus.
        """
        frame = self.to_frame()
        names = self.show or tuple(_visible_names(list(frame.columns)))
        columns = [self._printed(frame, name, medium) for name in names if name != self.group_by]
        cells = [cells for _, cells in columns]
        return Sheet(
            name=self.name,
            number=self.number,
            title=self.title,
            headings=tuple(heading for heading, _ in columns),
            lines=tuple(self._lines(frame, cells)),
            notes=tuple(self._notes(medium)),
        )

    def _printed(
        self, frame: pd.DataFrame, name: str, medium: display.Medium
    ) -> tuple[Heading, list[Rich]]:
        """Return the heading and the cells of a column."""
        if name + _LOWER in frame and name not in frame:
            column = self.columns.get(name) or display.column(name, 0.0)
            limits = zip(frame[name + _LOWER], frame[name + _UPPER], strict=True)
            words = [column.format.interval(lower, upper, medium) for lower, upper in limits]
        else:
            sample = next((value for value in frame[name] if not display.is_missing(value)), None)
            column = self.columns.get(name) or display.column(name, sample)
            words = [
                self.cell_formats.get((row, name), column.format).text(value, medium)
                for row, value in enumerate(frame[name])
            ]
        in_notation = medium == "typeset" and column.html
        header = marked(column.html) if in_notation else plain(column.header)
        cells = [self._styled(row, name, word) for row, word in enumerate(words)]
        return Heading(name, header, column.format.numeric), cells

    def _styled(self, row: int, name: str, word: str) -> Rich:
        """Return a cell, bold where it is strong, with the letter of its note."""
        cell = plain(word)
        if (row, name) in self.strong:
            cell = emphasised(cell)
        return (*cell, *raised(self.marks.get((row, name), "")))

    def _lines(
        self, frame: pd.DataFrame, columns: Sequence[Sequence[Rich]]
    ) -> Iterator[Group | Row]:
        """Yield the visible rows and, where a group begins, its title."""
        groups = frame[self.group_by].tolist() if self.group_by else None
        previous: Any = object()
        for position in range(self._n_shown()):
            if groups is not None and groups[position] != previous:
                previous = groups[position]
                yield Group(self.group_titles.get(str(previous), str(previous)))
            yield Row(tuple(cells[position] for cells in columns))

    def _n_shown(self) -> int:
        return min(len(self.frame), self.limit) if self.limit else len(self.frame)

    def _notes(self, medium: display.Medium) -> Iterator[Note]:
        """Yield the notes in order."""
        setting = typeset if medium == "typeset" else plain
        general = self.notes.general
        if self._n_shown() < len(self.frame):
            general = f"Showing {self._n_shown()} of {len(self.frame)} rows. {general}".strip()
        if general:
            yield Note(setting(general), "Note.")
        for letter, note in zip("abcdefgh", self.notes.specific, strict=False):
            yield Note(setting(note), letter)
        if self.notes.probability:
            yield Note(setting(self.notes.probability))


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a labelled index as its first column(s)."""
    if isinstance(frame.index, pd.RangeIndex):
        return frame.copy()
    named = frame.copy()
    if frame.index.nlevels == 1 and frame.index.name is None:
        named.index.name = "variable"
    return named.reset_index()


def _visible_names(names: Iterable[Any]) -> Iterator[str]:
    """Yield column names, the two limits of an interval as one."""
    known = {str(name): None for name in names}
    for name in known:
        stem = name.removesuffix(_LOWER)
        if name.endswith(_LOWER) and stem + _UPPER in known:
            yield stem
        elif not (name.endswith(_UPPER) and name.removesuffix(_UPPER) + _LOWER in known):
            yield name
