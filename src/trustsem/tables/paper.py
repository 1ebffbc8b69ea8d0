"""Tables on paper: which way the page is turned, how large the letters are, in how many parts."""

from __future__ import annotations

from dataclasses import dataclass

from trustsem.tables.layout import LATEX, WORD, Ruler, height
from trustsem.tables.sheet import Row, Sheet

NORMAL, SMALL = 9, 8
"""Sizes of letters in tables, in points."""
_TOLERABLE = 2.0
"""Lines of a row, on average, up to which a table is not turned."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A page.

    Parameters
    ----------
    ruler : Ruler
        How text on it is measured.
    upright, sideways : float
        Width of its text in points.
    widening : float
        How much wider small letters are than normal ones, relative to their size.
    """

    ruler: Ruler
    upright: float
    sideways: float
    widening: float = 1.0

    def line(self, points: int, *, landscape: bool = False) -> float:
        """Return the ems of a line."""
        em = points * (self.widening if points == SMALL else 1.0)
        return (self.sideways if landscape else self.upright) / em


WORD_PAPER = Paper(WORD, upright=460.0, sideways=707.0)
"""A4 with margins of 2.25 cm."""
LATEX_PAPER = Paper(LATEX, upright=470.0, sideways=717.0, widening=1.034)
"""A4 with margins of 22 mm."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a table is set.

    Parameters
    ----------
    parts : tuple of Sheet
        What stands one below the other; one part, unless the table is too wide for any page.
    points : int
        Size of its letters.
    landscape : bool
        Whether the page is turned.
    line : float
        Width of a line in ems.
    """

    parts: tuple[Sheet, ...]
    points: int
    landscape: bool
    line: float


def setting(sheet: Sheet, paper: Paper, *, landscape: bool | None = None) -> Setting:
    """Return how a table is set best: upright and large, where it fits without torn rows.

    Parameters
    ----------
    sheet : Sheet
        The table in words.
    paper : Paper
        The page.
    landscape : bool, optional
        Way of the page; chosen where it is not given.
    """
    ways = (False, True) if landscape is None else (landscape,)
    choices = [(way, points) for way in ways for points in (NORMAL, SMALL)]
    fitting = [
        (way, points, rows)
        for way, points in choices
        if (rows := _rows_needed(sheet, paper.line(points, landscape=way), paper.ruler))
    ]
    if not fitting:
        way, points = choices[-1]
        line = paper.line(points, landscape=way)
        return Setting(sheet.parts(line, paper.ruler), points, way, line)
    least = min(fitting, key=lambda choice: choice[2])
    way, points, _ = next((choice for choice in fitting if choice[2] <= _TOLERABLE), least)
    return Setting((sheet,), points, way, paper.line(points, landscape=way))


def _rows_needed(sheet: Sheet, available: float, ruler: Ruler) -> float:
    """Return the lines of a row, on average; 0 where the table does not fit."""
    widths = sheet.widths(available, ruler)
    if ruler.total(widths) > available + ruler.step:
        return 0
    n_rows = sum(isinstance(line, Row) for line in sheet.lines)
    return height(sheet.columns(), widths, ruler) / max(n_rows, 1) or 1.0
