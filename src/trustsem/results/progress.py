"""How far a long computation is, on a terminal."""

from __future__ import annotations

import sys

from trustsem.simulation import Report


def terminal_report(what: str) -> Report | None:
    """Return what writes the share done to a terminal; None where standard error is none.

    Parameters
    ----------
    what : str
        Name of the computation.
    """
    if not sys.stderr.isatty():
        return None

    def report(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r{what}: {done / total:4.0%}{end}")
        sys.stderr.flush()

    return report
