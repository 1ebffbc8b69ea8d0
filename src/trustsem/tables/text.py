"""Sheets for a terminal: aligned columns, words wrapped, no character that steers it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

from trustsem import display
from trustsem.tables.sheet import SUPERSCRIPTS, Group, Heading, Note, Row, Sheet, number_and_mark
from trustsem.typesetting import Rich, plain, to_plain

_NARROWEST_NOTE = 60


def sheet_text(sheet: Sheet, max_width: int) -> str:
    """Return a sheet as lines of text.

    Parameters
    ----------
    sheet : Sheet
        The table in words.
    max_width : int
        Columns of the terminal; text columns become narrower to fit.
    """
    shown = _printable(sheet)
    widths = [int(width) for width in shown.widths(max_width)]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    numeric = [heading.numeric for heading in shown.headings]
    lines = [f"Table {shown.number}"] if shown.number else []
    lines += [shown.title] if shown.title else []
    lines += [rule, *_row([to_plain(heading.text) for heading in shown.headings], numeric, widths)]
    lines.append(rule)
    for line in shown.lines:
        if isinstance(line, Group):
            lines.append(line.title)
        else:
            lines += _row([to_plain(cell) for cell in line.cells], numeric, widths)
    lines.append(rule)
    for note in note_lines(shown):
        lines += textwrap.wrap(note, max(len(rule), _NARROWEST_NOTE))
    return "\n".join(lines)


def note_lines(sheet: Sheet) -> Iterator[str]:
    """Yield the notes of a sheet as lines of text."""
    for note in sheet.notes:
        yield note.lead + to_plain(note.text)


def _printable(sheet: Sheet) -> Sheet:
    """Return a sheet of single-run cells without control characters, marks as raised letters.

    Numbers with and without a mark end in the same place.
    """
    rows = [line for line in sheet.lines if isinstance(line, Row)]
    padded = [
        heading.numeric and any(number_and_mark(row.cells[position])[1] for row in rows)
        for position, heading in enumerate(sheet.headings)
    ]
    return replace(
        sheet,
        number=display.printable(sheet.number),
        title=display.printable(sheet.title),
        headings=tuple(
            Heading(heading.name, _clean(heading.text), heading.numeric)
            for heading in sheet.headings
        ),
        lines=tuple(_printable_line(line, padded) for line in sheet.lines),
        notes=tuple(Note(_clean(note.text), note.mark) for note in sheet.notes),
    )


def _printable_line(line: Group | Row, padded: Sequence[bool]) -> Group | Row:
    if isinstance(line, Group):
        return Group(display.printable(line.title))
    cells = zip(line.cells, padded, strict=True)
    return Row(
        tuple(_clean(cell, " " * (pad and not number_and_mark(cell)[1])) for cell, pad in cells)
    )


def _clean(cell: Rich, end: str = "") -> Rich:
    words = "".join(
        run.text.translate(SUPERSCRIPTS) if run.script == "sup" else run.text for run in cell
    )
    return plain(display.printable(words) + end)


def _row(texts: Sequence[str], numeric: Sequence[bool], widths: Sequence[int]) -> list[str]:
    """Return the lines of one row; a cell that is too long continues below."""
    wrapped = [_wrapped(text, size) for text, size in zip(texts, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    rows = []
    for line in range(height):
        cells = [
            _padded(lines[line] if line < len(lines) else "", size, right=right)
            for lines, size, right in zip(wrapped, widths, numeric, strict=True)
        ]
        rows.append("  ".join(cells).rstrip())
    return rows


def _wrapped(text: str, size: int) -> list[str]:
    return textwrap.wrap(text, size) if display.width(text) > size else [text]


def _padded(text: str, size: int, *, right: bool) -> str:
    blanks = " " * max(0, size - display.width(text))
    return blanks + text if right else text + blanks
