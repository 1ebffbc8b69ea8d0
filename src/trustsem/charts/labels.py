"""Names and numbers as charts print them: cut or wrapped to their room, harmless, typeset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor, log10

from trustsem import display
from trustsem.charts.settings import LINE_HEIGHT, SMALL_SIZE
from trustsem.diagram.text import ELLIPSIS, printable, text_width, wrap

ARROW = "\N{RIGHTWARDS ARROW}"
BOLD = 1.16
"""How much wider than upright text bold text is, at most."""
_PLAIN_ARROW = "->"


def clean(text: object) -> str:
    """Return a label as one line without characters that steer a printer or reverse text."""
    return printable(display.printable(str(text)))


def arrows(text: str) -> str:
    """Return a path such as ``a -> b`` with typeset arrows."""
    return text.replace(_PLAIN_ARROW, ARROW)


def shortened(text: str, size: float, limit: float) -> str:
    """Return a line cut, with an ellipsis, to a width in points."""
    if text_width(text, size) <= limit:
        return text
    kept = text
    while kept and text_width(kept.rstrip() + ELLIPSIS, size) > limit:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def fitted(text: str, size: float, limit: float, most: int) -> tuple[str, ...]:
    """Break a label into lines.

    Parameters
    ----------
    text : str
        One line.
    size, limit : float
        Font size and widest line, in points.
    most : int
        Most lines; what does not fit is cut.

    Returns
    -------
    tuple of str
        Lines no wider than the limit.
    """
    lines = wrap(text, size, limit)
    if len(lines) > most:
        lines = (*lines[: most - 1], " ".join(lines[most - 1 :]))
    return tuple(shortened(line, size, limit) for line in lines)


def widest(texts: Iterable[str], size: float) -> float:
    """Return the width of the widest of some lines, in points; 0 without any."""
    return max((text_width(text, size) for text in texts), default=0.0)


def block_height(lines: int, size: float) -> float:
    """Return the height of lines under each other, in points."""
    return lines * size * LINE_HEIGHT


def bounded(value: float, decimals: int = 2) -> str:
    """Return a number that cannot exceed 1, typeset: ``.54``, ``−.07``."""
    return display.bounded(value, decimals, "typeset")


def number(value: float, decimals: int = 2) -> str:
    """Return a number with fixed decimals, typeset."""
    return display.fixed(value, decimals, "typeset")


def interval(lower: float, upper: float, *, free: bool = False) -> str:
    """Return two limits in brackets; with leading zeros where the numbers are ``free``."""
    form = display.Format("number" if free else "bounded", 2)
    return form.interval(lower, upper, "typeset")


def probability(value: float) -> str:
    """Return a probability as tables print it: ``.034``, ``< .001``."""
    return display.P.text(value, "typeset")


def cutoff(value: float) -> str:
    """Return a cutoff as it is printed beside its line."""
    return bounded(value) if abs(value) < 1 else display.Format("general", 4).text(value, "typeset")


def ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Choose round tick values within an interval, and how they are printed.

    Parameters
    ----------
    low, high : float
        The interval.
    most : int
        Most ticks.

    Returns
    -------
    (list of float, list of str)
        Values and labels; without leading zero where no value exceeds 1.
    """
    values, decimals = _round_values(low, high, most)
    kind: display.Kind = "bounded" if max(abs(low), abs(high)) <= 1.1 and decimals else "number"  # noqa: PLR2004
    form = display.Format(kind, decimals)
    return values, ["0" if value == 0 else form.text(value, "typeset") for value in values]


def _round_values(low: float, high: float, most: int) -> tuple[list[float], int]:
    """Return the finest round values within an interval, and the decimals that they need."""
    power = floor(log10(high - low)) - 2
    while True:
        for factor, extra in ((1.0, 0), (2.0, 0), (2.5, 1), (5.0, 0)):
            step = factor * 10.0**power
            first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
            if last - first < most:
                values = [round(k * step, 12) for k in range(first, last + 1)]
                return values, max(0, extra - power)
        power += 1


def note_lines(note: str, width: float) -> tuple[str, ...]:
    """Return the lines of the note under a chart."""
    return wrap(display.printable(note), SMALL_SIZE, width) if note else ()


def listed(parts: Sequence[str], most: int = 12) -> str:
    """Return parts of a description, joined; those after some are counted."""
    rest = len(parts) - most
    return "; ".join(parts[:most]) + (f"; and {rest} more" if rest > 0 else "")
