"""Writing a figure to a file whose suffix chooses the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trustsem.errors import OutputError, UnknownOptionError

SUFFIXES = (".svg", ".png", ".pdf")
"""Formats of figures."""


def save_figure(path: str | Path, encoded: Callable[[str], bytes]) -> Path:
    """Write a figure.

    Parameters
    ----------
    path : path
        Its suffix chooses among :data:`SUFFIXES`.
    encoded : callable
        Returns the file's content for a suffix.

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
    if suffix not in SUFFIXES:
        raise UnknownOptionError(suffix or target.name, SUFFIXES, kind="figure format")
    content = encoded(suffix)
    try:
        target.write_bytes(content)
    except (OSError, ValueError) as error:
        raise OutputError(
            "The figure cannot be written.", where=str(target), remedy=str(error)
        ) from error
    return target
