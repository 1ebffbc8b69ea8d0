"""A table in words: what every medium prints, whatever it prints it on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trustsem import display
from trustsem.typesetting import Rich, plain, to_plain

_NARROWEST, _LONGEST_WORD = 12, 26
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

    def widths(self, available: int) -> list[int]:
        """Return a width of each column in characters that fits, as far as words allow.

        Parameters
        ----------
        available : int
            Characters of a line, those between columns (two each) among them.

        Returns
        -------
        list of int
            The widest text columns give way first; no ordinary word is broken, so that the sum may
            exceed what is available.
        """
        texts = [self._column(position) for position in range(len(self.headings))]
        widths = [max(display.width(text) for text in column) for column in texts]
        floors = {
            position: _narrowest(texts[position])
            for position, heading in enumerate(self.headings)
            if not heading.numeric
        }
        excess = sum(widths) + 2 * (len(widths) - 1) - available
        while excess > 0:
            flexible = [position for position, floor in floors.items() if widths[position] > floor]
            if not flexible:
                break
            widths[max(flexible, key=lambda position: widths[position])] -= 1
            excess -= 1
        return widths

    def parts(self, available: int) -> tuple[Sheet, ...]:
        """Return the sheet in parts that fit side by side pages, the first column in each.

        Parameters
        ----------
        available : int
            Characters of a line.
        """
        widths = self.widths(available)
        if len(widths) < 3 or sum(widths) + 2 * (len(widths) - 1) <= available:  # noqa: PLR2004
            return (self,)
        chunks: list[list[int]] = [[]]
        used = widths[0]
        for position in range(1, len(widths)):
            if chunks[-1] and used + 2 + widths[position] > available:
                chunks.append([])
                used = widths[0]
            chunks[-1].append(position)
            used += 2 + widths[position]
        balanced = math.ceil((len(widths) - 1) / len(chunks))
        even = [
            list(range(i, min(i + balanced, len(widths)))) for i in range(1, len(widths), balanced)
        ]
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

    def _column(self, position: int) -> list[str]:
        """Return the header and all cells of a column."""
        cells = [to_plain(line.cells[position]) for line in self.lines if isinstance(line, Row)]
        return [to_plain(self.headings[position].text), *cells]


def _narrowest(texts: Sequence[str]) -> int:
    """Return the width that a text column keeps, so that no ordinary word is broken."""
    longest = max((display.width(word) for word in " ".join(texts).split()), default=0)
    return max(_NARROWEST, min(longest, _LONGEST_WORD))


def caption(sheet: Sheet) -> Rich:
    """Return number and title on one line."""
    number = f"Table {sheet.number}" if sheet.number else ""
    return (
        *plain(number, bold=True),
        *plain(" " if number else ""),
        *plain(sheet.title, italic=True),
    )
