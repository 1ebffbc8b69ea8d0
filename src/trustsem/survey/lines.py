"""Are all lines of a file of separated values alike? Looked at in blocks, whatever its length.

A file without quotation marks is counted as an array of bytes; any other is split by the csv
module, as slowly as that takes.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from trustsem.errors import UnreadableFileError

Open = Callable[[], TextIO]
"""Opens a text from its beginning, line ends untranslated."""

_BLOCK = 2**22
_NEWLINE, _RETURN, _QUOTE, _ZERO, _NINE, _POINT = (ord(each) for each in '\n\r"09.')


@dataclass(frozen=True, slots=True)
class Lines:
    """What the lines of a file have in common.

    Parameters
    ----------
    header : tuple of str
        Cells of the first line.
    n_lines : int
        Lines that hold anything, the header included.
    may_hold_codes : bool
        Whether there may be numbers with leading zeros or of 16 digits and more.
    """

    header: tuple[str, ...]
    n_lines: int
    may_hold_codes: bool


def text_encoding(path: Path, tried: tuple[str, ...]) -> str | None:
    """Return the first encoding in which a file is text, read in blocks; None if it is in none."""
    return next((name for name in tried if _is_text(path, name)), None)


def byte_order(path: Path) -> bytes:
    """Return the first two bytes of a file."""
    with path.open("rb") as file:
        return file.read(2)


def even_lines(path: Path, open_text: Open, separator: str) -> Lines:
    """Require that all lines of a file have as many cells as the first; empty lines do not count.

    Parameters
    ----------
    path : path
        The file, for messages.
    open_text : callable
        Opens its text.
    separator : str
        One character.

    Raises
    ------
    UnreadableFileError
        If a line has too many or too few cells, or its quotation marks do not end.
    """
    header = _header(path, open_text, separator)
    counter = _Counter(ord(separator), len(header))
    with open_text() as file:
        for block in _blocks(file):
            counter.add(block)
    n_lines = counter.n_filled
    if counter.quoted or counter.uneven:
        n_lines = _split(path, open_text, separator, len(header))
    return Lines(header, n_lines, counter.coded)


@dataclass(slots=True)
class _Counter:
    """Counts cells line by line, as long as no line needs more than counting."""

    separator: int
    n_cells: int
    n_filled: int = 0
    quoted: bool = False
    uneven: bool = False
    coded: bool = False

    def add(self, block: bytes) -> None:
        """Count the lines of a block that ends with a line."""
        data = np.frombuffer(block, dtype=np.uint8)
        self.coded = self.coded or _may_hold_codes(data)
        self.quoted = self.quoted or bool((data == _QUOTE).any())
        if self.quoted or self.uneven:
            return
        returns = np.flatnonzero(data == _RETURN)
        ends = np.flatnonzero(data == _NEWLINE)
        if len(returns) and (data[returns + 1] != _NEWLINE).any():
            self.quoted = True  # lines that end otherwise are the csv module's matter
            return
        starts = np.concatenate([[0], ends[:-1] + 1])
        length = ends - starts
        if len(returns):
            length = length - (data[np.maximum(ends - 1, 0)] == _RETURN)
        found = np.flatnonzero(data == self.separator)
        n_found = np.searchsorted(found, ends) - np.searchsorted(found, starts)
        filled = length > 0
        self.n_filled += int(filled.sum())
        self.uneven = bool((n_found[filled] != self.n_cells - 1).any())


def _may_hold_codes(data: NDArray[np.uint8]) -> bool:
    """Return whether digits stand so that they may be a code; more often than they are one."""
    digit = (data >= _ZERO) & (data <= _NINE)
    after_zero = (data[:-1] == _ZERO) & digit[1:]
    if after_zero.any():
        at = np.flatnonzero(after_zero)
        before = data[np.maximum(at - 1, 0)]
        within = ((before >= _ZERO) & (before <= _NINE)) | (before == _POINT)
        if (~within | (at == 0)).any():
            return True
    run = digit
    for step in (1, 2, 4, 8):  # runs of 2, 4, 8, 16 digits
        if len(run) <= step:
            return False
        run = run[:-step] & run[step:]
    return bool(run.any())


def _blocks(file: TextIO) -> Iterator[bytes]:
    """Yield the text in blocks that end with a line, in UTF-8."""
    rest = ""
    while block := file.read(_BLOCK):
        head, newline, tail = (rest + block).rpartition("\n")
        rest = tail
        if newline:
            yield (head + newline).encode(errors="surrogatepass")
    if rest:
        yield (rest + "\n").encode(errors="surrogatepass")


def _header(path: Path, open_text: Open, separator: str) -> tuple[str, ...]:
    """Return the cells of the first line."""
    with open_text() as file:
        lines = csv.reader(file, delimiter=separator, strict=True)
        try:
            return tuple(next(lines, []))
        except csv.Error as error:
            raise _unsplittable(path, lines.line_num, error) from error


def _split(path: Path, open_text: Open, separator: str, n_cells: int) -> int:
    """Return the number of lines that hold anything; raise at the first that differs."""
    filled = 0
    with open_text() as file:
        lines = csv.reader(file, delimiter=separator, strict=True)
        try:
            for cells in lines:
                filled += bool(cells)
                if len(cells) != n_cells and cells:
                    raise UnreadableFileError(
                        path,
                        f"Line {lines.line_num} has {len(cells)} cell(s), the header has "
                        f"{n_cells}.",
                        "Put text that holds the separator into quotation marks, or complete the "
                        "line.",
                    )
        except csv.Error as error:
            raise _unsplittable(path, lines.line_num, error) from error
    return filled


def _unsplittable(path: Path, line: int, error: csv.Error) -> UnreadableFileError:
    return UnreadableFileError(
        path, f"Line {line} cannot be split into cells ({error}).", "Check its quotation marks."
    )


def _is_text(path: Path, encoding: str) -> bool:
    """Return whether a file can be decoded and holds no zero bytes of a binary file."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            while block := file.read(_BLOCK):
                if "\0" in block:
                    return False
    except (UnicodeDecodeError, LookupError):
        return False
    return True
