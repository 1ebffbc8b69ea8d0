"""A table in words: what every medium prints, whatever it prints it on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trustsem.tables.layout import CHARACTERS, Column, Ruler, fitted
from trustsem.typesetting import Rich

SUPERSCRIPTS = str.maketrans("abcdefgh", "ᵃᵇᶜᵈᵉᶠᵍʰ")
"""Letters of notes, raised."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column.

    Parameters
    ----------
    name : str
        Stable name of the column.
    text : Rich
        Header as printed.
    numeric : bool
        Whether the column is set flush right.
    """

    name: str
    text: Rich
    numeric: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, as printed."""

    cells: tuple[Rich, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A line across the table, above the rows that belong together."""

    title: str


@dataclass(frozen=True, slots=True)
class Note:
    """What stands under a table.

    Parameters
    ----------
    text : Rich
        The note.
    mark : str
        Letter of a specific note, ``"Note."`` of the general one, empty for another.
    """

    text: Rich
    mark: str = ""

    @property
    def lead(self) -> str:
        """What stands before the note in plain text."""
        mark = self.mark.translate(SUPERSCRIPTS) if len(self.mark) == 1 else self.mark
        return f"{mark} " if mark else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as people read it.

    Parameters
    ----------
    name : str
        Identifier.
    number, title : str
        As printed; the number is empty where there is none.
    headings : tuple of Heading
        One for each column.
    lines : tuple of Group or Row
        The body in order.
    notes : tuple of Note
        In the order of the APA: general, specific, probability.
    """

    name: str
    number: str
    title: str
    headings: tuple[Heading, ...]
    lines: tuple[Group | Row, ...]
    notes: tuple[Note, ...]

    def widths(self, available: float, ruler: Ruler = CHARACTERS) -> list[float]:
        """Return a width of each column that fits, as far as words allow.

        Parameters
        ----------
        available : float
            Width of a line, the space between columns included.
        ruler : Ruler
            How text is measured; in characters unless said otherwise.

        Returns
        -------
        list of float
            No number wraps and no ordinary word is broken, so that the sum may exceed what is
            available.
        """
        return fitted(self.columns(), available, ruler)

    def columns(self) -> list[Column]:
        """Return header and cells of each column; the letter of a note hangs beside its number."""
        rows = [line for line in self.lines if isinstance(line, Row)]
        return [
            Column(
                heading.text,
                [number_and_mark(row.cells[i])[0] for row in rows]
                if heading.numeric
                else [row.cells[i] for row in rows],
                heading.numeric,
            )
            for i, heading in enumerate(self.headings)
        ]

    def parts(self, available: float, ruler: Ruler = CHARACTERS) -> tuple[Sheet, ...]:
        """Return the sheet in parts that fit a line each, the first column in all of them.

        Parameters
        ----------
        available : float
            Width of a line.
        ruler : Ruler
            How text is measured.
        """
        widths = self.widths(available, ruler)
        if len(widths) < 3 or ruler.total(widths) <= available:  # noqa: PLR2004
            return (self,)
        n_parts, used = 1, widths[0]
        for width in widths[1:]:
            used += ruler.gap + width
            if used > available and used > ruler.total([widths[0], width]):
                n_parts, used = n_parts + 1, ruler.total([widths[0], width])
        balanced = math.ceil((len(widths) - 1) / n_parts)
        even = [range(i, min(i + balanced, len(widths))) for i in range(1, len(widths), balanced)]
        return tuple(
            self._part([0, *columns], number, len(even)) for number, columns in enumerate(even)
        )

    def _part(self, columns: Sequence[int], position: int, count: int) -> Sheet:
        """Return some columns; the notes stand under the last part."""
        return replace(
            self,
            title=self.title if position == 0 else f"{self.title} (continued)",
            headings=tuple(self.headings[i] for i in columns),
            lines=tuple(
                Row(tuple(line.cells[i] for i in columns)) if isinstance(line, Row) else line
                for line in self.lines
            ),
            notes=self.notes if position == count - 1 else (),
        )


def number_and_mark(cell: Rich) -> tuple[Rich, str]:
    """Return a cell without the letter of its note, and that letter."""
    if cell and cell[-1].script == "sup":
        return cell[:-1], cell[-1].text
    return cell, ""
