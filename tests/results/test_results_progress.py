"""How far a long computation is: on a terminal, in a log, in a notebook."""

from __future__ import annotations

import nbclient
import nbformat
import pytest

from trustsem.results import progress
from trustsem.results.progress import progress_report


@pytest.fixture
def seconds(monkeypatch):
    """Return the clock, which the test sets."""
    clock = {"now": 0.0}
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock["now"])
    return clock


def shown(capsys):
    return capsys.readouterr().err


def test_nobody_is_told_where_nobody_looks():
    assert progress_report("bootstrap") is None
    assert progress_report("bootstrap", progress=False) is None


def test_a_terminal_shows_one_line_that_goes_away(seconds, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    report = progress_report("bootstrap")
    seconds["now"] = 0.5
    report(100, 5000)
    assert not shown(capsys)
    seconds["now"] = 2.0
    report(2000, 5000, 3)
    line = shown(capsys)
    assert line == (
        "\rbootstrap:  40%, 2,000 of 5,000, 1,000 a second, 3 s left, 3 without a solution\x1b[K"
    )
    report(2001, 5000, 3)
    assert not shown(capsys)
    seconds["now"] = 5.0
    report(5000, 5000, 3)
    assert shown(capsys) == "\r\x1b[K"


def test_what_is_over_at_once_shows_nothing(seconds, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    report = progress_report("bootstrap")
    seconds["now"] = 0.9
    report(5000, 5000)
    assert not shown(capsys)


@pytest.mark.parametrize(
    ("spent", "left"), [(1.0, "1 min 39 s"), (10.0, "16 min 30 s"), (100.0, "2 h 45 min")]
)
def test_the_time_left_is_said_as_people_say_it(seconds, monkeypatch, capsys, spent, left):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    report = progress_report("power")
    seconds["now"] = spent
    report(1, 100)
    assert f", {left} left" in shown(capsys)


def test_a_log_gets_a_line_for_every_tenth(seconds, capsys):
    report = progress_report("bootstrap", progress=True)
    for done in range(1, 101):
        seconds["now"] = float(done)
        report(done, 100)
    lines = shown(capsys).splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("bootstrap:  10%, 10 of 100, 1 a second")
    assert lines[-1] == "bootstrap: 100%, 100 of 100, 1 a second"
    assert not any(letter in line for line in lines for letter in "\r\x1b")


def test_a_notebook_shows_one_display_that_is_updated():
    code = """
from trustsem.results import progress
progress._PATIENCE = progress._PAUSE = 0.0
report = progress.progress_report("bootstrap")
report(1, 4)
report(2, 4)
"""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell("report(4, 4)")]
    )
    client = nbclient.NotebookClient(notebook, kernel_name="python3", timeout=120)
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        (output,) = notebook.cells[0].outputs
        assert output["data"]["text/plain"].startswith("bootstrap:  50%, 2 of 4")
        client.execute_cell(notebook.cells[1], 1)
    assert notebook.cells[0].outputs[0]["data"]["text/plain"] == ""
    assert not notebook.cells[1].outputs
