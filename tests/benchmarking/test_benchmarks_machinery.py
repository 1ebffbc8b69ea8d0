"""The benchmark measures, writes its page, and names what it could not measure."""

from __future__ import annotations

import math

import pytest
from benchmarks import data
from benchmarks.measuring import Plan, measure
from benchmarks.page import page
from benchmarks.programs import Outcome
from benchmarks.works import WORKS, Process, Work

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
    assert "Not installed, hence not measured: lavaan, semopy." in text
    assert text.count("| not measured | not measured |") == 2


def test_other_programs_are_shown_as_multiples_or_with_the_reason():
    outcomes = {
        "trustsem": Outcome(0.002),
        "lavaan": Outcome(0.1, memory=80.0),
        "semopy": Outcome(math.nan, "crashes"),
    }
    text = page([(work("cfa"), outcomes)], ABSENT, ["Python"], TINY)
    assert "| 2.0 ms | 50 ×, 80 MB | crashes |" in text
    outcomes["trustsem"] = Outcome(math.nan, "not available")
    text = page([(work("cfa"), outcomes)], ABSENT, ["Python"], TINY)
    assert "| not available | 100 ms, 80 MB | crashes |" in text


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
