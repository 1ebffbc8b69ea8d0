"""Long computations in parts: over processes or machines, interruptible, with a report.

Parts are cut without regard to who computes them, and each part runs with one thread of linear
algebra. What comes out is therefore the same to the last bit on one core, on many, and on a
cluster.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import FrameType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from trustsem.errors import SpecificationError, WorkerError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Part = TypeVar("Part")
Outcome = TypeVar("Outcome")

ALL_CORES = -1
_SENT_ONCE = 4
"""Tasks that a worker keeps: those of computations that follow each other."""


class Report(Protocol):
    """Is told how far a computation is."""

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        """Take the number of finished pieces, of all, and of those without an answer."""


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
    pieces: Callable[[Part], int] = lambda _: 1,
    failures: Callable[[Outcome], int] = lambda _: 0,
) -> Finished[Outcome]:
    """Apply a function to parts, each worker with one thread of linear algebra.

    Parameters
    ----------
    task : callable
        A pure function of a part; other processes get it by pickling.
    parts : sequence
        What to do.
    workers : int
        Processes; 1 stays in this one, -1 takes one for each core. Within
        ``joblib.parallel_config`` 1 means what is configured there, a Dask cluster for instance.
    report : callable, optional
        Called after each part.
    pieces, failures : callable, optional
        How many pieces a part has, and how many of an outcome have no answer, for the report.

    Returns
    -------
    Finished
        An interrupt keeps the parts that are finished.

    Raises
    ------
    SpecificationError
        If the number of workers cannot be meant.
    WorkerError
        If a worker was lost.
    KeyboardInterrupt
        If the user interrupts before any part is finished.
    """
    require_workers(workers)
    total, done, failed = sum(map(pieces, parts)), 0, 0
    outcomes: list[Outcome] = []
    try:
        with closing(_in_turn(task, parts, workers)) as finished:
            for part, outcome in zip(parts, finished, strict=True):
                outcomes.append(outcome)
                done, failed = done + pieces(part), failed + failures(outcome)
                if report is not None:
                    report(done, total, failed)
    except KeyboardInterrupt:
        if not outcomes:
            raise
        return Finished(tuple(outcomes), interrupted=True)
    return Finished(tuple(outcomes), interrupted=False)


def require_workers(workers: object) -> None:
    """Raise unless something is a number of workers.

    Raises
    ------
    SpecificationError
        If it is not a whole number from 1 on, or -1.
    """
    whole = isinstance(workers, int | np.integer) and not isinstance(workers, bool)
    if not whole or not (workers >= 1 or workers == ALL_CORES):  # type: ignore[operator]
        raise SpecificationError(
            f"workers takes a number of processes, or -1 for one on each core; got {workers!r}."
        )


def _in_turn(
    task: Callable[[Part], Outcome], parts: Sequence[Part], workers: int
) -> Generator[Outcome]:
    """Yield the outcomes in the order of the parts."""
    elsewhere = workers != 1 or _is_configured()
    if len(parts) > 1 and elsewhere:
        yield from _by_others(task, parts, workers)
        return
    with threadpool_limits(1):
        yield from map(task, parts)


def _is_configured() -> bool:
    """Return whether the user has told joblib who works."""
    if "joblib" not in sys.modules:
        return False
    from joblib.parallel import get_active_backend  # noqa: PLC0415 - it is there already

    backend, n_jobs = get_active_backend()
    return bool((backend.default_n_jobs if n_jobs is None else n_jobs) != 1)


def _by_others(
    task: Callable[[Part], Outcome], parts: Sequence[Part], workers: int
) -> Iterator[Outcome]:
    """Yield the outcomes of other processes in the order of the parts.

    An interrupt lets those parts end that are under way, which are few, and begins no others: the
    processes stay as they are.
    """
    from joblib import Parallel, delayed  # noqa: PLC0415 - needed with several workers only

    sent, here, stop = _sent(task), os.getpid(), _Stop()
    together = Parallel(
        n_jobs=None if workers == 1 else workers, return_as="generator", pre_dispatch="2*n_jobs"
    )
    outcomes = together(delayed(_carry_out)(sent, here, part) for part in parts if not stop.asked)
    try:
        with stop.listening():
            yield from map(_same, outcomes)
    except BrokenExecutor as error:
        if not stop.asked:
            raise WorkerError(str(error)) from error
    finally:
        interrupted, stop.asked = stop.asked, True
        deque(outcomes, maxlen=0)
    if interrupted:
        raise KeyboardInterrupt


@dataclass(slots=True)
class _Stop:
    """Whether no further parts are to begin."""

    asked: bool = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take an interrupt as a wish to stop, and a second one as an interrupt."""
        before = signal.getsignal(signal.SIGINT)
        if before is None or threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, frame: FrameType | None) -> None:
            if self.asked:
                signal.default_int_handler(number, frame)
            self.asked = True

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _same(outcome: Outcome) -> Outcome:
    """Return an outcome as it is: joblib is not told of an early end, which is met here."""
    return outcome


def _sent(task: Callable[..., object]) -> NDArray[np.uint8]:
    """Return a task as bytes in an array: what every backend hands to each worker once only."""
    import cloudpickle  # noqa: PLC0415 - needed with several workers only; packs closures, too

    return np.frombuffer(cloudpickle.dumps(task), dtype=np.uint8)


@lru_cache(maxsize=_SENT_ONCE)
def _received(task: bytes) -> Callable[[object], object]:
    """Return the task that was sent, unpacked once in each worker."""
    unpacked: Callable[[object], object] = pickle.loads(task)  # noqa: S301 - packed by _sent
    return unpacked


def _carry_out(task: NDArray[np.uint8], asked_by: int, part: object) -> object:
    """Carry out a part as a worker: one thread, no workers of its own, no ear for interrupts."""
    from joblib import parallel_config  # noqa: PLC0415 - there already in a worker

    if os.getpid() != asked_by and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with threadpool_limits(1), parallel_config(backend="sequential", n_jobs=1):
        return _received(task.tobytes())(part)
