"""The command line in this process: its exit code and its two streams."""

from __future__ import annotations

import signal
import warnings
from types import SimpleNamespace

import pytest

from trustsem.cli import main


def no_pictures(folder, *_):
    """Stand in for the writing of figures, which tests/report look at."""
    (folder / "figures").mkdir()
    return []


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Return a function that runs a command in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trustsem.report.study_report._write_figures", no_pictures)
    monkeypatch.delenv("NO_COLOR", raising=False)
    handler, show = signal.getsignal(signal.SIGTERM), warnings.showwarning

    def run(*args):
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        streams = capsys.readouterr()
        return SimpleNamespace(code=stop.value.code, out=streams.out, err=streams.err)

    yield run
    signal.signal(signal.SIGTERM, handler)
    warnings.showwarning = show


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """Return the directory of a finished run of a printed matrix."""
    folder = tmp_path_factory.mktemp("run") / "wheaton1977"
    with pytest.raises(SystemExit) as stop:
        main(["replicate", "wheaton1977", "-o", str(folder), "-q"])
    assert stop.value.code == 0
    return folder
