"""Long computations in parts: over processes, interruptible, with a report of how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

Part = TypeVar("Part")
Outcome = TypeVar("Outcome")

Report = Callable[[int, int], None]
"""Called with the number of finished parts and the number of all."""


@dataclass(frozen=True, slots=True)
class Finished(Generic[Outcome]):
    """What was computed.

    Parameters
    ----------
    outcomes : tuple
        One per finished part, in the order of the parts.
    interrupted : bool
        Whether the user stopped the computation before its end.
    """

    outcomes: tuple[Outcome, ...]
    interrupted: bool


def run_in_parts(
    task: Callable[[Part], Outcome],
    parts: Sequence[Part],
    *,
    workers: int = 1,
    report: Report | None = None,
) -> Finished[Outcome]:
    """Apply a function to parts, each worker with one thread of linear algebra.

    Parameters
    ----------
    task : callable
        A pure function of a part.
    parts : sequence
        What to do.
    workers : int
        Processes; 1 stays in this one.
    report : callable, optional
        Called after each part.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupts before any part is finished; later interrupts keep what is there.
    """
    outcomes: list[Outcome] = []
    try:
        for outcome in _in_turn(task, parts, workers):
            outcomes.append(outcome)
            if report is not None:
                report(len(outcomes), len(parts))
    except KeyboardInterrupt:
        if not outcomes:
            raise
        return Finished(tuple(outcomes), interrupted=True)
    return Finished(tuple(outcomes), interrupted=False)


def _in_turn(
    task: Callable[[Part], Outcome], parts: Sequence[Part], workers: int
) -> Iterator[Outcome]:
    """Yield the outcomes in the order of the parts."""
    if workers == 1 or len(parts) < 2:  # noqa: PLR2004 - one part occupies one worker
        with threadpool_limits(1):
            yield from map(task, parts)
        return
    from joblib import Parallel, delayed  # noqa: PLC0415 - needed with several workers only

    together = Parallel(n_jobs=workers, return_as="generator", pre_dispatch="2*n_jobs")
    outcomes: Iterable[Outcome] = together(delayed(_with_one_thread)(task, part) for part in parts)
    yield from outcomes


def _with_one_thread(task: Callable[[Part], Outcome], part: Part) -> Outcome:
    """Run a part in a worker process."""
    with threadpool_limits(1):
        return task(part)
