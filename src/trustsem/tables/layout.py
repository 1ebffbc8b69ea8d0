"""Widths of columns: what fits a line, what wraps, and what is too wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from trustsem import display
from trustsem.tables.metrics import LATIN_MODERN, TIMES
from trustsem.typesetting import Rich, Run, joined, to_plain


@dataclass(frozen=True)
class Ruler:
    """How a medium measures text.

    Parameters
    ----------
    width : callable
        Width of a text.
    gap : float
        Space between two columns.
    narrowest : float
        Width that a column of text keeps.
    longest_word : float
        Width up to which a word is not broken.
    step : float
        By how much columns give way.
    after_number : float
        Further space before a column of text that follows one of numbers, which ends at its edge.
    """

    width: Callable[[Rich], float]
    gap: float
    narrowest: float
    longest_word: float
    step: float
    after_number: float = 0

    def total(self, widths: Sequence[float]) -> float:
        """Return the width of a table."""
        return sum(widths) + self.gap * (len(widths) - 1)


def _characters(text: Rich) -> float:
    return display.width(to_plain(text))


CHARACTERS = Ruler(_characters, gap=2, narrowest=12, longest_word=26, step=1)
"""Cells of a terminal."""
WORD = Ruler(TIMES.width, gap=0.84, narrowest=5.0, longest_word=12.0, step=0.1, after_number=0.7)
"""Ems of Times; 57 twips on each side of a cell are 0.71 em at 8 points."""
LATEX = Ruler(
    LATIN_MODERN.width, gap=0.97, narrowest=5.5, longest_word=13.5, step=0.1, after_number=0.7
)
"""Ems of Latin Modern, ``\\tabcolsep`` of 4 points at 9 points."""


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column.

    Parameters
    ----------
    head : Rich
        Its header.
    cells : sequence of Rich
        The cells below.
    numeric : bool
        Whether its cells are never wrapped.
    """

    head: Rich
    cells: Sequence[Rich]
    numeric: bool


def fitted(columns: Sequence[Column], available: float, ruler: Ruler) -> list[float]:
    """Return a width of each column that fits, as far as words allow.

    Headers wider than their column wrap first, onto two lines, then the widest columns of text give
    way, and at last headers wrap at every word. No ordinary word is broken and no number wraps, so
    that the sum may exceed what is available.

    Parameters
    ----------
    columns : sequence of Column
        The columns.
    available : float
        Width of a line.
    ruler : Ruler
        How text is measured.
    """
    cells = [max(map(ruler.width, column.cells), default=0) for column in columns]
    heads = [
        [max(cell, _width_on_lines(column.head, n_lines, ruler)) for n_lines in (1, 2, 3)]
        for cell, column in zip(cells, columns, strict=True)
    ]
    spaces = [ruler.after_number * follows for follows in follow_numbers(columns)]
    line = available - sum(spaces)
    widths = [one for one, _, _ in heads]
    texts = [None if column.numeric else _narrowest(column, ruler) for column in columns]
    _give_way(widths, [two for _, two, _ in heads], line, ruler)
    for n_lines in (1, 2):
        floors = [
            head[n_lines] if text is None else min(head[n_lines], text)
            for head, text in zip(heads, texts, strict=True)
        ]
        _give_way(widths, floors, line, ruler)
    return [width + space for width, space in zip(widths, spaces, strict=True)]


def follow_numbers(columns: Sequence[Column]) -> list[bool]:
    """Return which columns are of text and follow one of numbers."""
    numeric = [False, *(column.numeric for column in columns)]
    return [before and not here for before, here in pairwise(numeric)]


def _give_way(widths: list[float], floors: Sequence[float], available: float, ruler: Ruler) -> None:
    """Make the widest columns narrower, none below its floor, until the table fits."""
    excess = ruler.total(widths) - available
    while excess > 0:
        flexible = [i for i, floor in enumerate(floors) if widths[i] > floor]
        if not flexible:
            return
        widest = max(flexible, key=widths.__getitem__)
        step = min(ruler.step, widths[widest] - floors[widest])
        widths[widest] -= step
        excess -= step


def _narrowest(column: Column, ruler: Ruler) -> float:
    """Return the width that a column of text keeps, so that no ordinary word is broken."""
    longest = _longest_word([column.head, *column.cells], ruler)
    return max(ruler.narrowest, min(longest, ruler.longest_word))


def _longest_word(texts: Sequence[Rich], ruler: Ruler) -> float:
    return max((ruler.width(word) for text in texts for word in words(text)), default=0)


def _width_on_lines(text: Rich, n_lines: int, ruler: Ruler) -> float:
    """Return the least width on which a header takes so many lines; three stand for any number."""
    if n_lines == 1:
        return ruler.width(text)
    if n_lines == 2:  # noqa: PLR2004  (one and two are worth an effort)
        return max(map(ruler.width, _halves(text, ruler)), default=0)
    return _longest_word([text], ruler)


def _halves(text: Rich, ruler: Ruler) -> list[Rich]:
    """Return a text on two lines, as even as words allow; one word stays on one."""
    found = words(text)
    splits = [[joined(found[:at]), joined(found[at:])] for at in range(1, len(found))]
    return min(splits, key=lambda split: max(map(ruler.width, split)), default=[text])


def header_lines(head: Rich, width: float, ruler: Ruler) -> list[Rich]:
    """Return a header on one line, on two even ones, or on as many as it needs."""
    if ruler.width(head) <= width:
        return [head] if head else []
    halves = _halves(head, ruler)
    fits = max(map(ruler.width, halves)) <= width
    return halves if fits else wrapped(head, width, ruler)


def words(text: Rich) -> list[Rich]:
    """Return the words of a text, each in its styles; a space that binds is none."""
    found: list[list[Run]] = [[]]
    for run in text:
        for position, piece in enumerate(run.text.split(" ")):
            if position:
                found.append([])
            if piece:
                found[-1].append(Run(piece, run.italic, run.bold, run.script))
    return [tuple(word) for word in found if word]


def wrapped(text: Rich, width: float, ruler: Ruler) -> list[Rich]:
    """Return the lines of a text that is set no wider than given, as far as words allow."""
    lines: list[list[Run]] = []
    used = 0.0
    space = Run(" ")
    for word in words(text):
        size = ruler.width(word)
        if lines and used + ruler.width((space,)) + size <= width:
            lines[-1] += [space, *word]
            used += ruler.width((space,)) + size
        else:
            lines.append(list(word))
            used = size
    return [tuple(line) for line in lines]


def breakable(text: Rich, width: float, ruler: Ruler) -> Rich:
    """Return a text in which words wider than a column may break; the others stay whole."""
    if all(ruler.width(word) <= width for word in words(text)):
        return text
    return tuple(replace(run, text=_MAY_BREAK.join(_pieces(run.text))) for run in text)


_MAY_BREAK, _PIECE = "\u200b", 6
"""A space without width, and the letters between two of them."""


def _pieces(text: str) -> list[str]:
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]


def height(columns: Sequence[Column], widths: Sequence[float], ruler: Ruler) -> int:
    """Return the lines that the rows take in columns of the widths that :func:`fitted` gives."""
    n_rows = len(columns[0].cells) if columns else 0
    lines = [1] * n_rows
    follow = follow_numbers(columns)
    for column, full, follows in zip(columns, widths, follow, strict=True):
        width = full - ruler.after_number * follows
        if column.numeric:
            continue
        for row, cell in enumerate(column.cells):
            if ruler.width(cell) > width:
                lines[row] = max(lines[row], len(wrapped(cell, width, ruler)))
    return sum(lines)
