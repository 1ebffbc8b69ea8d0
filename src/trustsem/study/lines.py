"""Find the line of a TOML text on which each key stands.

``tomllib`` forgets the lines. This small scan recovers them for tables, keys and arrays of
tables; whatever it does not see (a key inside an inline table) is placed at its parent's line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<key>[^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_ASSIGNMENT = re.compile(r"\s*(?P<key>(?:[\w-]+|\"[^\"]*\"|'[^']*'|\s*\.\s*)+?)\s*=(?P<value>.*)")
_PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")
Key = tuple[str | int, ...]


def key_lines(text: str) -> dict[Key, int]:
    """Return the line of every key, counted from 1.

    Parameters
    ----------
    text : str
        A valid TOML document.

    Returns
    -------
    dict
        Key path (names, and positions in arrays of tables) to line number.
    """
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    depth, quote = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote or depth:
            quote, depth = _rest_of_value(line, quote, depth)
            continue
        if header := _HEADER.fullmatch(line):
            table = _parts(header["key"])
            if header["open"] == "[[":
                counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number)
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault((*table, *_parts(assignment["key"])), number)
            quote, depth = _rest_of_value(assignment["value"], "", 0)
    return lines


def line_of(lines: dict[Key, int], key: Sequence[str | int]) -> int:
    """Return the line of a key, or of the nearest thing around it (1 if there is none)."""
    for length in range(len(key), 0, -1):
        if tuple(key[:length]) in lines:
            return lines[tuple(key[:length])]
    return 1


def _parts(key: str) -> Key:
    """Return the names of a dotted key."""
    return tuple(part.strip("\"'") for part in _PART.findall(key))


def _rest_of_value(line: str, quote: str, depth: int) -> tuple[str, int]:
    """Return the open triple quote and the open brackets at the end of a line."""
    while line:
        if quote:
            _, found, line = line.partition(quote)
            quote = "" if found else quote
            continue
        if line.startswith(('"""', "'''")):
            quote, line = line[:3], line[3:]
        elif string := _STRING.match(line):
            line = line[string.end() :]
        elif line[0] == "#":
            break
        else:
            depth += (line[0] in "[{") - (line[0] in "]}")
            line = line[1:]
    return quote, max(depth, 0)
