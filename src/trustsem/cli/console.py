"""What the command line says: results to one stream, messages and progress to the other."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from trustsem.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Console:
    """The two output streams and how much goes there.

    Parameters
    ----------
    quiet : bool
        Results are cut down to what a script needs; no messages but errors.
    verbose : bool
        More tables, and progress also where the standard error is no terminal.
    debug : bool
        Show the traceback of an error.
    color : bool or None
        None: where the stream is a terminal and ``NO_COLOR`` is not set.
    """

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    color: bool | None = None

    @property
    def width(self) -> int:
        """Columns of the terminal, at least 72, at most 140."""
        return min(140, max(72, shutil.get_terminal_size((100, 40)).columns))

    def out(self, text: str = "") -> None:
        """Write a result, without the characters that steer a terminal."""
        click.echo(printable(text, keep_lines=True), color=self._color())

    def raw(self, text: str) -> None:
        """Write a document (JSON, SVG, TOML) that is made for another program."""
        click.echo(text, nl=not text.endswith("\n"), color=True)

    def strong(self, text: str, color: str = "") -> None:
        """Write a result in bold."""
        shown = printable(text, keep_lines=True)
        click.echo(click.style(shown, fg=color or None, bold=True), color=self._color())

    def message(self, text: str) -> None:
        """Write a message, unless quiet."""
        if not self.quiet:
            self._err(text)

    def error(self, text: str) -> None:
        """Write an error message."""
        self._err(f"Error: {text}", "red")

    @contextmanager
    def stage(self, what: str) -> Iterator[None]:
        """Report what is being done and how long it took, where somebody is looking."""
        if self.quiet or not (self.verbose or sys.stderr.isatty()):
            yield
            return
        start = time.perf_counter()
        click.echo(printable(f"{what} ..."), nl=False, err=True)
        outcome = "stopped"
        try:
            yield
            outcome = f"{time.perf_counter() - start:.1f} s"
        finally:
            click.echo(f" {outcome}", err=True)

    def _err(self, text: str, color: str = "") -> None:
        shown = printable(text, keep_lines=True)
        styled = click.style(shown, fg=color) if color else shown
        click.echo(styled, err=True, color=self._color())

    def _color(self) -> bool | None:
        return False if "NO_COLOR" in os.environ and self.color is None else self.color
