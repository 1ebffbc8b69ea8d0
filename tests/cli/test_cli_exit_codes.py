"""Every exit code, each with a message that says what, where and what to do, and no leftovers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from trustsem.survey import data_path

STUDY = """schema = 1
title = "Weak"
name = "weak"
[data]
path = "weak.csv"
[constructs.fa]
items = "a1:a3"
[constructs.fb]
items = "b1:b3"
[hypotheses]
H1 = "fa -> fb"
[run]
second_engine = false
"""


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def weak_study(tmp_path):
    """Write a study whose solution has a negative variance."""
    draws = np.random.default_rng(4)
    first = draws.normal(size=40)
    second = 0.5 * first + 0.8 * draws.normal(size=40)
    weak = {f"a{i}": 0.4 * first + draws.normal(size=40) for i in (1, 2, 3)}
    strong = {f"b{i}": 0.7 * second + 0.6 * draws.normal(size=40) for i in (1, 2, 3)}
    pd.DataFrame({**weak, **strong}).round(3).to_csv(tmp_path / "weak.csv", index=False)
    (tmp_path / "weak.toml").write_text(STUDY)
    return tmp_path / "weak.toml"


def test_1_an_unexpected_error_shows_its_traceback_only_on_demand(command, monkeypatch):
    def broken():
        raise RuntimeError("boom")

    monkeypatch.setattr("trustsem.study.shipped_studies", broken)
    quiet = command("studies")
    assert quiet.code == 1
    assert "RuntimeError: boom" in quiet.err
    assert "Traceback" not in quiet.err
    assert "Traceback" in command("studies", "--debug").err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["replicate", "brockman2018"], "Did you mean 'brockman2017'?"),
        (["replicate", "nowhere.toml"], "no study file 'nowhere.toml'"),
        (["replicate", "bollen1989", "--set", "likelihod=wishart"], "Did you mean 'likelihood'?"),
        (["replicate", "bollen1989", "--set", "likelihood"], "option=value"),
        (["replicate", "bollen1989", "--fail-on", "cfi"], "cfi<.90"),
        (["replicate", "wheaton1977", "--fail-on", "cfii<.9"], "Did you mean 'cfi'?"),
        (["replicate", "--bogus"], "--bogus"),
        (["diagram", "bollen1989", "-o", "figure.gif"], ".svg, .png, .pdf"),
        (["convert", data_path("bollen1989.csv"), "out.xlsx"], ".csv"),
        (["diagram", "holzinger1939"], "no hypotheses"),
        (["diagram", "wheaton1977", "--label", "ses"], "NAME=TEXT"),
        (["diagram", "wheaton1977", "--label", "sess=SES"], "Did you mean 'ses'?"),
        (["diagram", "wheaton1977", "--layout", "ses alienation67"], "no place for alienation71"),
        (["power"], "Give a STUDY"),
        (["powers"], "No such command"),
    ],
    ids=str,
)
def test_2_usage(command, tmp_path, args, words):
    done = command(*args)
    assert done.code == 2
    assert words in done.err
    assert done.out == ""
    assert left(tmp_path) == []


def test_2_a_study_file_lists_all_its_mistakes(command, tmp_path):
    (tmp_path / "bad.toml").write_text(STUDY.replace("title", "titel").replace("fa ->", "fz ->"))
    done = command("check", "bad.toml")
    assert done.code == 2
    assert "line 2" in done.err
    assert "line 11" in done.err
    assert "Did you mean" in done.err


def test_2_the_place_of_a_syntax_error_is_shown(command, tmp_path):
    (tmp_path / "model.txt").write_text("f =~ x1 + x2\ng = x4\n")
    done = command("fit", "model.txt", "--data", data_path("holzinger1939.csv"))
    assert done.code == 2
    assert "g = x4\n    ^" in done.err


def test_3_a_model_about_variables_that_are_not_there(command, tmp_path):
    (tmp_path / "model.txt").write_text("f =~ x1 + x2 + x33\n")
    done = command("fit", "model.txt", "--data", data_path("holzinger1939.csv"))
    assert done.code == 3
    assert "x33" in done.err


def test_2_an_existing_directory_is_refused_before_any_work(command, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("precious")
    monkeypatch.setattr("trustsem.study.two_step", None)
    for extra in ([], ["--force"]):
        done = command("replicate", "bollen1989", "-o", "out", *extra)
        assert done.code == 2
        assert "left alone" in done.err
    assert left(tmp_path / "out") == ["thesis.docx"]


def test_2_earlier_results_are_replaced_by_force(command, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "out")
    refused = command("replicate", "wheaton1977", "-o", "out", "-q")
    forced = command("replicate", "wheaton1977", "-o", "out", "-q", "--force")
    assert (refused.code, forced.code) == (2, 0)
    assert "--force" in refused.err
    assert left(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _frame: None, "no such file"),
        (lambda frame: frame.drop(columns=["x1", "y4"]), "x1, y4"),
        (lambda frame: frame.astype(object).replace({"x1": {frame["x1"][2]: "n/a"}}), "row 3"),
        (lambda frame: frame.assign(x2=4.0), "x2"),
        (lambda frame: frame.assign(x2=frame["x1"]), "x2"),
        (lambda frame: frame.iloc[:8], "8"),
    ],
    ids=["missing file", "missing columns", "text", "constant", "duplicate", "few cases"],
)
def test_3_data(command, tmp_path, change, words):
    frame = change(pd.read_csv(data_path("bollen1989.csv")))
    if frame is not None:
        frame.to_csv(tmp_path / "mine.csv", index=False)
    before = left(tmp_path)
    done = command("replicate", "bollen1989", "--data", "mine.csv", "-o", "out")
    assert done.code == 3, done.err
    assert words in done.err
    assert left(tmp_path) == before


def test_3_a_truncated_file(command, tmp_path):
    content = data_path("brockman2017.sav").read_bytes()
    (tmp_path / "cut.sav").write_bytes(content[: len(content) // 2])
    done = command("replicate", "--data", "cut.sav", "-o", "out")
    assert done.code == 3
    assert "cut.sav" in done.err
    assert left(tmp_path) == ["cut.sav"]


def test_4_an_inadmissible_solution_is_reported_with_its_banner(command, weak_study, tmp_path):
    done = command("replicate", weak_study, "-o", "out")
    assert done.code == 4
    assert done.out.index("WARNING: The solution") < done.out.index("CFI")
    assert "--allow-improper" in done.err
    assert "inadmissible" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert command("replicate", weak_study, "-o", "out2", "--allow-improper").code == 0
    assert command("measure", weak_study).code == 4


def test_4_a_model_that_is_not_identified(command, tmp_path):
    (tmp_path / "model.txt").write_text("f =~ x1 + x2\n")
    done = command("fit", "model.txt", "--data", data_path("holzinger1939.csv"))
    assert done.code == 4
    assert "not identified" in done.err


def test_4_a_pipeline_can_refuse_a_fit(command):
    args = ["replicate", "wheaton1977", "-q", "-o", "out", "--fail-on", "cfi<.90", "--fail-on"]
    refused = command(*args, "structural.rmsea>.001")
    assert refused.code == 4
    assert "structural model: rmsea = 0.01" in refused.err
    assert "measurement" not in refused.err
    assert "cfi" not in refused.err


def test_130_an_interrupted_run_leaves_nothing(command, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("trustsem.report.study_report.html_report", interrupted)
    done = command("replicate", "wheaton1977", "-o", "deep/out")
    assert done.code == 130
    assert "Nothing was written" in done.err
    assert left(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_termination_in_the_middle_of_writing_leaves_nothing(weak_study, tmp_path):
    program = (
        "import time, trustsem.report.study_report as report\n"
        "from pathlib import Path\n"
        "def slow(*_):\n"
        "    Path('writing').touch()\n"
        "    time.sleep(60)\n"
        "report.html_report = slow\n"
        "from trustsem.cli import main\n"
        "main(['replicate', 'weak.toml', '-o', 'runs/out'])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stderr=-3) as process:
        deadline = time.monotonic() + 40
        while not (tmp_path / "writing").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143
    assert left(tmp_path) == ["weak.csv", weak_study.name, "writing"]
