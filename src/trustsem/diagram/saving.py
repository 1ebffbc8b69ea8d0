"""Writing a figure to a file whose suffix chooses the format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from trustsem.errors import OutputError, UnknownOptionError

SUFFIXES = (".svg", ".png", ".pdf")
"""Formats of all figures."""
TEXT_SUFFIXES = (".tikz", ".tex", ".dot", ".gv")
"""Further formats of figures that are scenes."""


def save_figure(
    path: str | Path,
    encoded: Callable[[str], bytes],
    suffixes: Sequence[str] = SUFFIXES,
) -> Path:
    """Write a figure.

    Parameters
    ----------
    path : path
        Its suffix chooses among ``suffixes``.
    encoded : callable
        Returns the file's content for a suffix.
    suffixes : sequence of str, optional
        What the figure can be written as.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UnknownOptionError
        If the suffix is another one.
    OutputError
        If the file cannot be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in suffixes:
        raise UnknownOptionError(suffix or target.name, suffixes, kind="figure format")
    content = encoded(suffix)
    try:
        target.write_bytes(content)
    except (OSError, ValueError) as error:
        raise OutputError(
            "The figure cannot be written.", where=str(target), remedy=str(error)
        ) from error
    return target
