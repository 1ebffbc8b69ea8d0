"""Time one Python program on request, in a process of its own.

``python -m benchmarks.worker PROGRAM``: each line of standard input names a work, the folder of its
data and a budget in seconds; each answer is one line.
"""

from __future__ import annotations

import contextlib
import io
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.works import WORKS, Work

_SLOW = 4
"""A first call that takes so many budgets counts; a faster one warms up only."""


def seconds_per_call(call: Callable[[], Any], budget: float) -> float:
    """Return CPU seconds of one call."""
    begin = _cpu()
    call()
    spent = _cpu() - begin
    if spent >= _SLOW * budget:
        return spent
    times, begin = 0, _cpu()
    while not times or _cpu() - begin < budget:
        call()
        times += 1
    return (_cpu() - begin) / times


def _cpu() -> float:
    """Return CPU seconds of this process and of its children that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + spent.ru_utime + spent.ru_stime


def read_data(folder: Path) -> pd.DataFrame:
    """Read what :func:`benchmarks.programs.write_inputs` wrote."""
    names = (folder / "names.txt").read_text().splitlines()
    values = np.fromfile(folder / "data.bin").reshape(len(names), -1)
    return pd.DataFrame(dict(zip(names, values, strict=True)))


def answer(program: str, request: str) -> str:
    """Run one request and return ``ok`` with seconds, or ``error`` with the reason."""
    name, folder, budget = request.rstrip("\n").split("\t")
    work = next(each for each in WORKS if each.name == name and isinstance(each, Work))
    call = work.trustsem if program == "trustsem" else work.semopy
    if call is None:
        return "error\tnot available"
    try:
        bound = partial(call, work.model, read_data(Path(folder)))
        return f"ok\t{seconds_per_call(bound, float(budget)):.9g}"
    except Exception as reason:  # noqa: BLE001 - whatever a program dies of is its result
        text = " ".join(f"{type(reason).__name__}: {reason}".split())
        return f"error\t{text}"


def main(program: str) -> None:
    """Answer requests until there are no more."""
    warnings.simplefilter("ignore")
    import_module(program)
    for request in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            reply = answer(program, request)
        print(reply, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
