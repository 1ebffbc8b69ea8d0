"""What a run computes beside the two steps: the study says it, the run may say otherwise."""

from __future__ import annotations

import pytest

import trustsem as ts
from trustsem.cli.replicating import FURTHER
from trustsem.errors import PlanError, SpecificationError, UnknownOptionError
from trustsem.study.sections import RunSection
from trustsem.study.settings import RUN_ONLY, WITHOUT, RunSettings


def test_the_study_says_what_is_computed_and_the_run_may_say_otherwise():
    section = RunSection(seed=3, bootstrap=200, influence=True)
    settings = RunSettings.resolve(section, {"bootstrap": 0, "power": 50, "estimator": "MLR"})
    assert (settings.seed, settings.bootstrap) == (3, 0)
    assert (settings.influence, settings.power, settings.cutoffs) == (True, 50, 0)


def test_what_is_not_said_stays_as_it_is():
    assert RunSettings.resolve(RunSection(seed=3), {"seed": None, "progress": None}).seed == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bootstrap", -1),
        ("power", 2.5),
        ("cutoffs", True),
        ("influence", 1),
        ("second_engine", "no"),
        ("workers", 0),
        ("workers", -2),
    ],
)
def test_what_cannot_be_meant_is_refused(name, value):
    with pytest.raises(SpecificationError, match=name):
        RunSettings.resolve(RunSection(), {name: value})


def test_a_run_without_the_second_engine_has_no_agreement_to_show():
    result = ts.two_step("wheaton1977", second_engine=False)
    assert not len(result.agreement)
    assert result.manifest["overrides"] == {"second_engine": False}


def test_what_changes_no_number_is_not_recorded():
    result = ts.two_step("wheaton1977", second_engine=False, workers=2, progress=False)
    assert "workers" not in result.manifest["overrides"]
    assert "progress" not in result.manifest["overrides"]


def test_settings_of_a_run_are_no_options_of_an_estimation():
    with pytest.raises(UnknownOptionError):
        ts.cfa("f =~ x1 + x2 + x3", [], **dict.fromkeys(RUN_ONLY))


def test_a_replication_computes_all_that_a_quick_one_leaves_out():
    assert set(FURTHER) == set(WITHOUT)
    assert not any(WITHOUT.values())
    assert all(FURTHER.values())


def test_the_study_file_may_ask_for_everything(tmp_path):
    path = tmp_path / "study.toml"
    text = ts.load_study("bollen1989").to_toml()
    path.write_text(
        text.split("[run]")[0]
        + "[run]\nbootstrap = 10\ninfluence = true\npower = 20\ncutoffs = 30\nworkers = -1\n"
    )
    run = ts.load_study(path).run
    assert (run.influence, run.power, run.cutoffs, run.workers) == (True, 20, 30, -1)


@pytest.mark.parametrize("line", ["workers = 0", "power = -1", "influence = 1"])
def test_the_study_file_is_told_what_is_wrong(tmp_path, line):
    path = tmp_path / "study.toml"
    text = ts.load_study("bollen1989").to_toml().split("[run]")[0]
    path.write_text(f"{text}[run]\n{line}\n")
    with pytest.raises(PlanError, match=line.split()[0]):
        ts.load_study(path)
