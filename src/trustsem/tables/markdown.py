"""Sheets as pipe tables."""

from __future__ import annotations

from collections.abc import Sequence

from trustsem.tables.sheet import SUPERSCRIPTS, Group, Heading, Row, Sheet
from trustsem.typesetting import Rich, Run, emphasised, plain, to_markdown


def sheet_markdown(sheet: Sheet) -> str:
    """Return a sheet as Markdown; no label can break it."""
    number = plain(f"Table {sheet.number}" if sheet.number else "", bold=True)
    lines = [to_markdown(number), ""] if number else []
    lines += [to_markdown(plain(sheet.title, italic=True)), ""]
    lines.append(_pipes([_words(heading.text) for heading in sheet.headings]))
    lines.append(_pipes([_ruler(heading) for heading in sheet.headings]))
    lines += [_pipes(_cells(line, len(sheet.headings))) for line in sheet.lines]
    for note in sheet.notes:
        lead = to_markdown(plain(note.lead, italic=note.mark.endswith(".")))
        lines += ["", lead + _words(note.text)]
    return "\n".join(lines) + "\n"


def _cells(line: Group | Row, n_columns: int) -> list[str]:
    if isinstance(line, Group):
        return [_words(emphasised(plain(line.title))), *[""] * (n_columns - 1)]
    return [_words(cell) for cell in line.cells]


def _words(text: Rich) -> str:
    """Return runs on one line, the letter of a note raised."""
    runs = tuple(
        Run(run.text.translate(SUPERSCRIPTS)) if run.script == "sup" else run for run in text
    )
    return " ".join(to_markdown(runs).split())


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ruler(heading: Heading) -> str:
    return "---:" if heading.numeric else "---"
