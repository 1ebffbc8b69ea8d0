"""How wide a text prints, and where its lines break; without any drawing library.

Widths are those of DejaVu Sans, the widest family that the figures name, so a text printed in
another of them only leaves more air in its box.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from trustsem.diagram.widths import ADVANCE_RANGES, UNITS_PER_EM

LINE_HEIGHT = 1.18
"""Distance of two base lines, in em."""
BOX_HEIGHT = 1.08
"""Height of the box around one line, in em."""
UNKNOWN_WIDTH = 1.0
"""Width of a character that the table does not hold, in em."""
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_MAX_LABEL = 120
_HYPHENATE_FROM = 9.0


@cache
def _advances() -> dict[int, float]:
    """Decode the table: code point to width in em."""
    widths: dict[int, float] = {}
    for first, coded in ADVANCE_RANGES:
        point = first
        for run in coded.split():
            width, _, count = run.partition("*")
            for _ in range(int(count or 1)):
                if width != "0":
                    widths[point] = int(width) / UNITS_PER_EM
                point += 1
    return widths


def is_wide(character: str) -> bool:
    """Tell whether a character takes a full em (East Asian scripts, emoji)."""
    return unicodedata.east_asian_width(character) in "WF"


def is_breakable(character: str) -> bool:
    """Tell whether a line may break beside a character (East Asian letters only)."""
    return is_wide(character) and unicodedata.category(character) == "Lo"


def _character_width(character: str) -> float:
    """Return the advance of one character in em."""
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    return _advances().get(ord(character), UNKNOWN_WIDTH)


@lru_cache(maxsize=8192)
def text_width(text: str, size: float) -> float:
    """Return the printed width of a single line.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Font size in points.

    Returns
    -------
    float
        Width in points.
    """
    return size * sum(_character_width(character) for character in text)


def printable(text: str) -> str:
    """Return a label as :func:`one_line`; very long labels are cut, with an ellipsis."""
    line = one_line(text)
    return line if len(line) <= _MAX_LABEL else line[: _MAX_LABEL - 1].rstrip() + ELLIPSIS


def one_line(text: str) -> str:
    """Return a text as one line that can be drawn: control characters become blanks.

    Lone surrogates and unassigned or non-character code points, which XML refuses, become the
    replacement character.
    """
    cleaned = "".join(
        " "
        if unicodedata.category(character) == "Cc" or character in "\u2028\u2029"
        else "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in {"Cs", "Cn"}
        else character
        for character in text
    )
    return " ".join(cleaned.split())


def _pieces(text: str) -> list[str]:
    """Split a text into unbreakable pieces; a piece keeps the blank before it."""
    pieces: list[str] = []
    for character in text:
        fresh = not pieces or character == " " or pieces[-1][-1] in "-/"
        if fresh or is_breakable(character) or is_breakable(pieces[-1][-1]):
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces


def _hyphenated(piece: str, size: float, limit: float) -> list[str]:
    """Cut a word that is wider than a line, with hyphens."""
    parts = []
    while text_width(piece, size) > limit:
        count = next(
            (k for k in range(len(piece) - 2, 2, -1) if text_width(piece[:k] + "-", size) <= limit),
            0,
        )
        if not count:
            break
        parts.append(piece[:count] + "-")
        piece = piece[count:]
    return [*parts, piece]


def wrap(text: str, size: float, limit: float) -> tuple[str, ...]:
    """Break a text into lines no wider than a limit, where its words allow.

    Words wider than a line are cut with a hyphen if the line holds at least nine em.

    Parameters
    ----------
    text : str
        One line of text.
    size, limit : float
        Font size and widest line, in points.

    Returns
    -------
    tuple of str
        The lines; a word that is too wide for a short line keeps one of its own.
    """
    lines = [""]
    pieces = _pieces(text)
    if limit >= _HYPHENATE_FROM * size:
        pieces = [part for piece in pieces for part in _hyphenated(piece, size, limit)]
    for piece in pieces:
        if lines[-1] and text_width((lines[-1] + piece).strip(), size) > limit:
            lines.append("")
        lines[-1] += piece
    return tuple(line.strip() for line in lines if line.strip()) or ("",)
