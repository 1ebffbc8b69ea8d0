"""The programs that are compared: which are here, and how each is asked for a number."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Self

from benchmarks.works import Process, Work

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("trustsem", "lavaan", "semopy", "openmx")
IN_R = {"lavaan": "lavaan", "openmx": "OpenMx"}
"""Programs in R, and their packages."""

_ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1"
)
_LONGEST_REASON = 100
_TOO_LONG = 2
_LAUNCHER = """
import resource, subprocess, sys
try:
    code = subprocess.call(sys.argv[2:], stdout=subprocess.DEVNULL, timeout=float(sys.argv[1]))
except subprocess.TimeoutExpired:
    sys.exit(2)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(code != 0)
"""
"""Runs a command from a small process: a child of this one would inherit its peak memory."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program made of a work.

    Parameters
    ----------
    seconds : float
        CPU seconds per unit; NaN if there is no number.
    reason : str
        Why there is none.
    memory : float
        Peak memory of a whole process in MB; NaN where it is not measured.
    """

    seconds: float
    reason: str = ""
    memory: float = float("nan")


def installed() -> dict[str, str]:
    """Return the versions of the programs that are installed."""
    found = {"trustsem": version("trustsem")}
    if importlib.util.find_spec("semopy"):
        found["semopy"] = version("semopy")
    for name, package in IN_R.items() if shutil.which("Rscript") else ():
        asked = subprocess.run(
            ["Rscript", "-e", f"cat(as.character(packageVersion('{package}')))"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0:
            found[name] = asked.stdout.strip()
    return {name: found[name] for name in PROGRAMS if name in found}


def surroundings() -> list[str]:
    """Return what else the figures depend on."""
    packages = ("numpy", "scipy", "pandas")
    return [
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in packages),
        f"{os.cpu_count()} CPUs, one BLAS thread",
    ]


def write_inputs(work: Work, folder: Path) -> None:
    """Write model, data and R code of a work where every program can read them.

    R code of a program is ``NAME.R``; what runs before it is ``NAME_before.R``.
    """
    frame = work.frame()
    (folder / "model.txt").write_text(work.model)
    (folder / "names.txt").write_text("\n".join(frame.columns) + "\n")
    for program in IN_R:
        (folder / f"{program}.R").write_text(getattr(work, program))
        (folder / f"{program}_before.R").write_text(work.before.get(program, ""))
    frame.to_numpy(dtype=float).T.tofile(folder / "data.bin")


def write_table(work: Process, folder: Path) -> None:
    """Write the file that the processes of a work read."""
    if work.frame is None:
        return
    frame, path = work.frame(), _table(work, folder)
    if work.file == "sav":
        from pyreadstat import write_sav  # noqa: PLC0415 - one work needs it

        write_sav(frame, str(path))
    else:
        frame.to_csv(path, index=False)


def _table(work: Process, folder: Path) -> Path:
    return folder / f"data.{work.file}"


def reason_not_to(work: Work | Process, program: str) -> str:
    """Return why a program is not asked for a work; empty where it is."""
    given = work.reasons.get(program, "")
    return given or ("" if getattr(work, program) else "not available")


class Worker:
    """A program in a process of its own, asked again and again."""

    def __init__(self, program: str, limit: float) -> None:
        self.program = program
        self.limit = limit
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Return the worker; its process starts when it is first asked."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def measure(self, work: Work, folder: Path, budget: float) -> Outcome:
        """Ask for the seconds of one work whose inputs lie in a folder."""
        process = self.process = self.process or self._started()
        if process.stdin is None or process.stdout is None:
            return Outcome(float("nan"), "could not be started")
        request = [str(folder), str(budget)]
        if self.program not in IN_R:
            request.insert(0, work.name)
        timer = Timer(self.limit, process.kill)
        timer.start()
        try:
            process.stdin.write("\t".join(request) + "\n")
            process.stdin.flush()
            reply = process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        finally:
            over = not timer.is_alive()
            timer.cancel()
        if not reply:
            self.__exit__(None, None, None)
            reason = f"over {self.limit:.0f} s" if over else "crashes"
            return Outcome(float("nan"), reason)
        verdict, text = reply.rstrip("\n").split("\t", 1)
        if verdict == "ok":
            return Outcome(float(text) / work.units.get(self.program, 1))
        return Outcome(float("nan"), _shortened(text))

    def _started(self) -> subprocess.Popen[str]:
        if self.program in IN_R:
            command = ["Rscript", "--vanilla", "benchmarks/worker.R", self.program]
        else:
            command = [sys.executable, "-m", "benchmarks.worker", self.program]
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=os.environ | _ONE_THREAD,
        )


def measure_process(work: Process, program: str, folder: Path, limit: float) -> Outcome:
    """Run a whole process once and return its CPU seconds and peak memory."""
    code = getattr(work, program)
    if code.startswith("-m"):
        command = [sys.executable, *code.split()]
    else:
        text = code.replace("{table}", repr(str(_table(work, folder))))
        text = text.replace("{model}", repr(work.model))
        command = ["Rscript", "--vanilla", "-e"] if program in IN_R else [sys.executable, "-c"]
        command.append(text)
    launched = subprocess.run(
        [sys.executable, "-c", _LAUNCHER, str(limit), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | _ONE_THREAD,
        check=False,
    )
    if launched.returncode or not launched.stdout:
        over = launched.returncode == _TOO_LONG
        return Outcome(float("nan"), f"over {limit:.0f} s" if over else "crashes")
    seconds, peak = map(float, launched.stdout.split())
    per_megabyte = 2**20 if sys.platform == "darwin" else 2**10
    return Outcome(seconds, memory=peak / per_megabyte)


def _shortened(text: str) -> str:
    """Return the beginning of a reason that fits into a page."""
    first = text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} ..."
    return first.replace("|", "/")
