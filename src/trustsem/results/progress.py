"""How far a long computation is, on a terminal or in a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from trustsem.simulation import Report

_PATIENCE = 1.0
"""Seconds after which somebody wants to know."""
_PAUSE = 0.2
"""Seconds between two reports on a screen."""
_LINES = 10
"""Lines of a whole computation where they stay."""


def progress_report(what: str, progress: bool | None = None) -> Report | None:
    """Return what tells a user how far a computation is.

    Parameters
    ----------
    what : str
        Name of the computation.
    progress : bool or None
        None reports where somebody looks, a terminal or a notebook; True also where nobody does,
        as lines that a log can keep; False never.

    Returns
    -------
    callable or None
        Takes the number of finished pieces, of all, and of those without an answer.
    """
    if progress is False:
        return None
    if (notebook := _notebook()) is not None:
        return _Progress(what, _InNotebook(notebook))
    if sys.stderr.isatty():
        return _Progress(what, _OnTerminal())
    return _InLines(what) if progress else None


class _Screen(Protocol):
    """Where one line can be shown anew."""

    def show(self, text: str) -> None:
        """Show the line in the place of the last one."""

    def clear(self) -> None:
        """Take the line away."""


class _Progress:
    """Shows share, speed and time left as one line that is written anew, and taken away at the end.

    Computations that are over before anybody wonders show nothing.
    """

    def __init__(self, what: str, screen: _Screen) -> None:
        self._what, self._screen = what, screen
        self._begin = time.monotonic()
        self._next = self._begin + _PATIENCE
        self._shown = False

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        now = time.monotonic()
        if done >= total:
            if self._shown:
                self._screen.clear()
            return
        if now >= self._next:
            self._screen.show(_line(self._what, done, total, failed, now - self._begin))
            self._next, self._shown = now + _PAUSE, True


class _InLines:
    """Writes a line for every tenth of a computation."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._begin = time.monotonic()
        self._written = 0

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        tenth = _LINES * done // total if total else _LINES
        if tenth > self._written:
            spent = time.monotonic() - self._begin
            sys.stderr.write(f"{_line(self._what, done, total, failed, spent)}\n")
            sys.stderr.flush()
            self._written = tenth


class _OnTerminal:
    """The last line of a terminal."""

    def show(self, text: str) -> None:
        sys.stderr.write(f"\r{text}\x1b[K")
        sys.stderr.flush()

    def clear(self) -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


class _InNotebook:
    """A display of a notebook that is updated."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, text: str) -> None:
        data = {"text/plain": text}
        if self._handle is None:
            self._handle = self._display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def clear(self) -> None:
        self._handle.update({"text/plain": ""}, raw=True)


def _line(what: str, done: int, total: int, failed: int, spent: float) -> str:
    """Return the report in one line."""
    parts = [f"{what}: {done / total:4.0%}", f"{done:,} of {total:,}"]
    if spent > 0 and done:
        speed = done / spent
        parts.append(f"{speed:,.0f} a second" if speed >= 1 else f"{1 / speed:,.1f} s each")
        if done < total:
            parts.append(f"{_time((total - done) / speed)} left")
    if failed:
        parts.append(f"{failed:,} without a solution")
    return ", ".join(parts)


def _time(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _notebook() -> Callable[..., Any] | None:
    """Return how a running notebook displays something; None where there is none."""
    shell = sys.modules.get("IPython")
    if shell is None:
        return None
    running = shell.get_ipython()
    if running is None or "IPKernelApp" not in running.config:
        return None
    from IPython.display import display  # noqa: PLC0415 - it is running

    return display
