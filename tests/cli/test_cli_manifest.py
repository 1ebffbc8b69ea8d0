"""A run can be repeated from its manifest, and a difference is named."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from trustsem.survey import data_path

STUDY = """schema = 1
title = "Three abilities"
name = "abilities"
[constructs.visual]
items = "x1:x3"
[constructs.textual]
items = "x4:x6"
[hypotheses]
H1 = "visual -> textual"
[run]
second_engine = false
"""


def change(path, edit):
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


@pytest.fixture
def copied(finished_run, tmp_path):
    return shutil.copytree(finished_run, tmp_path / "copy")


def test_a_run_is_reproduced(command, finished_run):
    done = command("replicate", finished_run / "manifest.json")
    assert done.code == 0
    assert done.out.startswith("Reproduced: all ")
    assert done.err == ""


def test_it_can_be_reproduced_into_a_new_directory(command, finished_run, tmp_path):
    assert command("replicate", finished_run / "manifest.json", "-o", "again").code == 0
    assert (tmp_path / "again" / "report.html").is_file()


def test_a_difference_is_named_and_has_its_own_code(command, copied):
    def edit(document):
        document["structural"]["model"]["parameters"][1]["est"] += 0.01

    change(copied / "results.json", edit)
    done = command("replicate", copied / "manifest.json")
    assert done.code == 5
    assert "Not reproduced: 1 differences" in done.out
    assert "structural.model.parameters[" in done.out
    listed = json.loads(command("replicate", copied / "manifest.json", "--json").out)
    assert (listed["reproduced"], len(listed["differences"])) == (False, 1)


def test_other_options_give_differences(command, finished_run):
    done = command("replicate", finished_run / "manifest.json", "--set", "likelihood=normal")
    assert done.code == 5
    assert "... and" in done.out


def test_own_files_are_found_again_when_the_project_moves(command, tmp_path):
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    (project / "study.toml").write_text(STUDY)
    shutil.copy(data_path("holzinger1939.csv"), project / "data" / "mine.csv")
    args = ["--data", project / "data" / "mine.csv", "-o", project / "out", "-q"]
    assert command("replicate", project / "study.toml", *args).code == 0
    moved = project.rename(tmp_path / "elsewhere")
    assert command("replicate", moved / "out" / "manifest.json").code == 0

    frame = pd.read_csv(moved / "data" / "mine.csv")
    frame.loc[0, "x1"] += 1
    frame.to_csv(moved / "data" / "mine.csv", index=False)
    changed = command("replicate", moved / "out" / "manifest.json")
    assert changed.code == 3
    assert "sha256" in changed.err

    (moved / "data" / "mine.csv").unlink()
    absent = command("replicate", moved / "out" / "manifest.json")
    assert absent.code == 3
    assert "--data FILE" in absent.err


def test_a_run_made_in_python_is_repeated_from_its_recorded_plan(command, tmp_path):
    from trustsem.study import Study, two_step  # noqa: PLC0415  (only here)

    study = Study(
        title="Abilities",
        constructs={"visual": "x1:x3", "textual": "x4:x6"},
        hypotheses=["H1: visual -> textual"],
        run={"second_engine": False},
    )
    two_step(study, data_path("holzinger1939.csv")).report(tmp_path / "out")
    assert command("replicate", tmp_path / "out" / "manifest.json").code == 0
    two_step(study, pd.read_csv(data_path("holzinger1939.csv"))).report(tmp_path / "table")
    refused = command("replicate", tmp_path / "table" / "manifest.json")
    assert refused.code == 3
    assert "given from Python" in refused.err


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda folder: (folder / "results.json").unlink(), "results.json"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "no manifest"),
        (lambda folder: (folder / "results.json").write_text("[]"), "results.json"),
    ],
    ids=["no results", "broken", "foreign", "no document"],
)
def test_a_manifest_that_cannot_be_used(command, copied, edit, words):
    edit(copied)
    done = command("replicate", copied / "manifest.json")
    assert done.code == 3
    assert words in done.err
