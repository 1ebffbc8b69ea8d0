"""Measure works: every program in turn, several times over, and the median of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.programs import (
    PROGRAMS,
    Outcome,
    Worker,
    measure_process,
    reason_not_to,
    write_inputs,
    write_table,
)
from benchmarks.works import Process, Work


@dataclass(frozen=True, slots=True)
class Plan:
    """How thoroughly to measure.

    Parameters
    ----------
    repetitions : int
        How often each program is asked for each work, in turn with the others.
    budget : float
        CPU seconds over which the calls of one repetition are averaged.
    limit : float
        Seconds after which a program is stopped.
    patience : float
        CPU seconds beyond which a program is not asked again.
    """

    repetitions: int = 5
    budget: float = 0.5
    limit: float = 40.0
    patience: float = 2.0


QUICK = Plan(repetitions=1, budget=0.1, limit=20.0)


def measure(
    works: Iterable[Work | Process], programs: Iterable[str], plan: Plan
) -> Iterator[tuple[Work | Process, dict[str, Outcome]]]:
    """Yield each work with what every program made of it."""
    present = [name for name in PROGRAMS if name in set(programs)]
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(name, plan.limit)) for name in present}
        for work in works:
            with TemporaryDirectory() as place:
                folder = Path(place)
                if isinstance(work, Work):
                    write_inputs(work, folder)
                elif work.frame is not None:
                    write_table(work, folder)
                ask = _asking(work, workers, folder, plan)
                yield work, _in_turn(ask, present, plan, getattr(work, "units", {}))


def _asking(
    work: Work | Process, workers: dict[str, Worker], folder: Path, plan: Plan
) -> Callable[[str], Outcome]:
    """Return the function that asks one program once."""

    def ask(program: str) -> Outcome:
        reason = reason_not_to(work, program)
        if reason:
            return Outcome(math.nan, reason)
        if isinstance(work, Process):
            return measure_process(work, program, folder, plan.limit)
        return workers[program].measure(work, folder, plan.budget)

    return ask


def _in_turn(
    ask: Callable[[str], Outcome], programs: list[str], plan: Plan, units: Mapping[str, int]
) -> dict[str, Outcome]:
    """Ask the programs alternately; one that fails or takes long is not asked again."""
    found = {name: [ask(name)] for name in programs}
    for _ in range(plan.repetitions - 1):
        for name, outcomes in found.items():
            if outcomes[-1].seconds * units.get(name, 1) <= plan.patience:
                outcomes.append(ask(name))
    return {name: _median(outcomes) for name, outcomes in found.items()}


def _median(outcomes: list[Outcome]) -> Outcome:
    """Return the median of several outcomes, or the failure among them."""
    if outcomes[-1].reason:
        return outcomes[-1]
    return Outcome(
        seconds=median(each.seconds for each in outcomes),
        memory=median(each.memory for each in outcomes),
    )
