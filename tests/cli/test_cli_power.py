"""``trustsem power``: a plan without data, a test of fit, and what is refused."""

from __future__ import annotations

import json

import pytest

PLAN = """
schema = 1
title = "Planned"

[constructs]
trust = "t1:t3"
sharing = "s1:s3"

[hypotheses]
H1 = "trust -> sharing"

[power]
n = [80, 120]
samples = 20
loadings = 0.8
paths = 0.4
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def test_a_plan_without_data_is_simulated(command, plan):
    done = command("power", plan)
    assert done.code == 0
    assert "Power of the Hypotheses by Number of Cases" in done.out
    assert "Power of the Whole Procedure" in done.out


def test_json_holds_every_table(command, plan):
    done = command("power", plan, "--n", "90", "--samples", "10", "--seed", "3", "--json")
    document = json.loads(done.out)
    assert (document["study"], document["samples"], document["seed"]) == ("plan", 10, 3)
    assert 90 in document["n"]
    assert {row["hypothesis"] for row in document["hypotheses"]} == {"H1"}


def test_the_power_of_a_test_of_fit_needs_no_study(command):
    done = command("power", "--df", "100", "--n", "132,200")
    assert done.code == 0
    assert ".955" in done.out
    rows = json.loads(command("power", "--df", "100", "--json").out)["power"]
    assert [row["n_required"] for row in rows][:2] == [132, 178]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give a STUDY, or --df"),
        (("--n", "many", "--df", "5"), "is not of the form 100,200"),
        (("--df", "5", "--rmsea0", "0.05"), "given together"),
        (("nowhere.toml",), "nowhere.toml"),
    ],
)
def test_mistakes_end_with_code_2(command, arguments, said):
    done = command("power", *arguments)
    assert done.code == 2
    assert said in done.err


def test_a_test_of_fit_is_not_one_of_a_study(command, plan):
    done = command("power", plan, "--df", "5")
    assert done.code == 2
    assert "without STUDY" in done.err


def test_an_impossible_population_is_told_with_its_line(command, plan):
    plan.write_text(PLAN.replace("paths = 0.4", "paths = 1.4"), encoding="utf-8")
    done = command("power", plan)
    assert done.code == 2
    assert "residual variance would be negative" in done.err
    assert "line " in done.err
