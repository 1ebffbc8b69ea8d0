"""Starting: help at once, versions, unknown commands, both ways to call the program."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

HEAVY = ("numpy", "pandas", "scipy", "matplotlib", "semopy", "statsmodels", "pyreadstat")


def python(*args):
    return subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, check=False, timeout=60
    )


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "try:\n"
        "    import trustsem.cli as c; c.main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = python("-c", code)
    assert done.stdout.strip().endswith("[]")


def test_help_comes_at_once():
    def seconds():
        start = time.perf_counter()
        assert python("-m", "trustsem", "--help").returncode == 0
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 1.0


def test_the_module_is_the_program():
    done = python("-m", "trustsem", "--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "trustsem")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself(command, flag):
    listed = command(flag).out
    commands = [line.split()[0] for line in listed.partition("Commands:")[2].splitlines() if line]
    assert commands[0] == "replicate"
    for name in commands[:10]:
        shown = command(name, flag)
        assert (shown.code, "Usage: trustsem" in shown.out) == (0, True), name
    assert "Exit codes: 0 done" in listed


def test_an_unknown_command_suggests_the_nearest(command):
    done = command("replicat")
    assert done.code == 2
    assert "Did you mean 'replicate'?" in done.err
    assert done.out == ""


def test_versions_and_platform(command):
    assert "numpy" in command("info").out
    assert json.loads(command("info", "--json").out)["schema"] == 1
