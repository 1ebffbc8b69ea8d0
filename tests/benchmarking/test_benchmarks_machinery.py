"""The benchmark measures, writes its page, and names what it could not measure."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
from benchmarks import data, works
from benchmarks.measuring import Plan, measure
from benchmarks.page import page
from benchmarks.programs import IN_R, PROGRAMS, Outcome, reason_not_to, write_inputs
from benchmarks.worker import seconds_per_call
from benchmarks.works import WORKS, Process, Work

import trustsem as ts

TINY = Plan(repetitions=2, budget=0.001, limit=60.0)
ABSENT = {"trustsem": "1.0"}


def work(name: str) -> Work | Process:
    return next(each for each in WORKS if each.name == name)


@pytest.fixture(scope="module")
def measured():
    return list(measure([work("cfa"), work("help")], ["trustsem"], TINY))


def test_seconds_and_memory_are_measured(measured):
    (_, cfa), (_, start) = measured
    assert 0 < cfa["trustsem"].seconds < 60
    assert math.isnan(cfa["trustsem"].memory)
    assert start["trustsem"].memory > 1


def test_programs_that_are_not_installed_are_named(measured):
    text = page(measured, ABSENT, ["Python"], TINY)
    assert "Not installed, hence not measured: lavaan, semopy, OpenMx." in text
    assert text.count("| not measured | not measured | not measured |") == 2


def test_other_programs_are_shown_as_multiples_or_with_the_reason():
    outcomes = {
        "trustsem": Outcome(0.002),
        "lavaan": Outcome(0.1, memory=80.0),
        "semopy": Outcome(math.nan, "crashes"),
    }
    text = page([(work("cfa"), outcomes)], ABSENT, ["Python"], TINY)
    assert "| 2.0 ms | 50 ×, 80 MB | crashes | not measured |" in text
    outcomes["trustsem"] = Outcome(math.nan, "not available")
    text = page([(work("cfa"), outcomes)], ABSENT, ["Python"], TINY)
    assert "| not available | 100 ms, 80 MB | crashes | not measured |" in text


def test_what_a_program_is_not_asked_for_has_a_reason():
    every = {(each.name, name): reason_not_to(each, name) for each in WORKS for name in PROGRAMS}
    assert every["mlm", "semopy"] == "not available"
    assert every["influence_fiml", "openmx"] == "see FIML"
    assert not any(every[each.name, "trustsem"] for each in WORKS)


@pytest.mark.parametrize("name", [each.name for each in WORKS if isinstance(each, Work)])
def test_every_code_of_r_finds_its_way_into_the_folder(name, tmp_path):
    chosen = replace(work(name), frame=data.study)
    write_inputs(chosen, tmp_path)
    for program in IN_R:
        assert (tmp_path / f"{program}.R").read_text() == getattr(chosen, program)
        before = (tmp_path / f"{program}_before.R").read_text()
        assert before == chosen.before.get(program, "")
        assert not before or getattr(chosen, program)


def test_a_call_counts_the_processes_that_it_starts():
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    spent = seconds_per_call(lambda: subprocess.run([sys.executable, "-c", busy], check=True), 0)
    assert spent > 0.3


def test_answers_on_four_points_all_appear_often():
    counts = data.coarse().apply(pd.Series.value_counts)
    assert list(counts.index) == [1.0, 2.0, 3.0, 4.0]
    assert counts.to_numpy().min() >= 10


def test_shares_of_a_call_are_those_that_are_computed():
    few = ts.cfa(work("cutoffs").model, data.study()).dynamic_cutoffs(20, seed=1)
    drawn = (few.n_levels + 1) * works._SAMPLES_OF_LEVEL
    assert work("cutoffs").units["trustsem"] == drawn
    assert work("influence").units["trustsem"] == len(data.study())


def test_names_of_works_are_distinct():
    names = [each.name for each in WORKS]
    assert len(set(names)) == len(names)


def test_data_are_the_same_every_time():
    first = data.study().copy()
    data.study.cache_clear()
    assert data.study().equals(first)
    assert set(first.to_numpy().ravel()) <= set(range(1, 8))
    missing = data.incomplete().isna().to_numpy().mean()
    assert missing == pytest.approx(0.05, abs=0.01)
