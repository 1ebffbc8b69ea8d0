"""Write the benchmark page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from benchmarks.measuring import Plan
from benchmarks.programs import IN_R, PROGRAMS, Outcome
from benchmarks.works import Process, Work

Results = Sequence[tuple[Work | Process, Mapping[str, Outcome]]]

_HEAD = """\
# Benchmarks

CPU time of trustsem beside other programs, on the same data in the same run: medians of
{repetitions} repetitions in turn (one where a call takes more than {patience:.0f} s), one BLAS
thread. Columns of other programs say how many times as long they take (trustsem = 1); what they
lack or do not finish is named.

Unless a row says otherwise the model is the study model: 6 constructs, 25 seven-point items, 11
paths, N = 221. "Estimates and standard errors" of trustsem include the standardised solution with
its errors; a model text that it has read before is not read again. Data are drawn by the project's
own simulation.

What a program has less of than a row says, it is timed without: semopy has no SRMR, no RMSEA
interval and no errors of the standardised solution; OpenMx gives its standardised solution without
errors, which take it over a minute. Rows "per ..." share out one call: 200 to 1,000 units of
trustsem with the first estimate of the model, 1 to 10 of the others without it. "See FIML" and
"see 50 items": that takes the program so long that more of it is not asked for. "Not measured": the
program may have it, but this benchmark does not ask for it.

Measured with {versions}; {surroundings}. {absent}

This page is generated: `python -m benchmarks`, see [benchmarks/README.md](../benchmarks/README.md).

"""


def page(
    results: Results, versions: Mapping[str, str], surroundings: Sequence[str], plan: Plan
) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    results : sequence of (work, outcomes by program)
        What was measured.
    versions : mapping of str to str
        Versions of the programs that are installed.
    surroundings : sequence of str
        What else the figures depend on.
    plan : Plan
        How thoroughly it was measured.
    """
    absent = [IN_R.get(name, name) for name in PROGRAMS if name not in versions]
    missing = f"Not installed, hence not measured: {', '.join(absent)}." if absent else ""
    head = _HEAD.format(
        repetitions=plan.repetitions,
        patience=plan.patience,
        versions=", ".join(f"{IN_R.get(name, name)} {got}" for name, got in versions.items()),
        surroundings=", ".join(surroundings),
        absent=missing,
    )
    peers = [name for name in PROGRAMS if name != "trustsem"]
    heads = [IN_R.get(name, name) for name in peers]
    lines = [f"| work | trustsem | {' | '.join(heads)} |", "|---" * (len(peers) + 2) + "|"]
    for work, outcomes in results:
        own = outcomes["trustsem"]
        cells = [_compared(outcomes.get(name), own) for name in peers]
        lines.append(f"| {work.title} | {_shown(own)} | {' | '.join(cells)} |")
    return head.replace(" \n", "\n") + "\n".join(lines) + "\n"


def _shown(outcome: Outcome) -> str:
    """Return an outcome in its own units."""
    if outcome.reason:
        return outcome.reason
    return _duration(outcome.seconds) + _memory(outcome)


def _compared(outcome: Outcome | None, own: Outcome) -> str:
    """Return an outcome as a multiple of trustsem's."""
    if outcome is None:
        return "not measured"
    if outcome.reason or own.reason:
        return _shown(outcome)
    return f"{_rounded(outcome.seconds / own.seconds)} ×{_memory(outcome)}"


def _duration(seconds: float) -> str:
    """Return a duration in a readable unit."""
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{_rounded(seconds / size)} {unit}"
    return f"{_rounded(seconds / 1e-6)} µs"


def _memory(outcome: Outcome) -> str:
    """Return the peak memory, where it was measured."""
    return "" if math.isnan(outcome.memory) else f", {outcome.memory:.0f} MB"


def _rounded(number: float) -> str:
    """Return a number with two or three telling digits."""
    digits = 2 if number < 1 else 1 if number < 10 else 0  # noqa: PLR2004 - digits, not limits
    return f"{number:.{digits}f}"
