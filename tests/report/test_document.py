"""All numbers as one document, and what it means that two of them agree."""

from __future__ import annotations

import copy
import json
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trustsem.report import differences, n_compared, results_document, to_json
from trustsem.results import plain


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (float("nan"), None),
        (np.inf, None),
        (np.int64(3), 3),
        (np.True_, True),
        (pd.NA, None),
        (pd.NaT, None),
        (Path("a/b"), "a/b"),
        (Colour.RED, "red"),
        (("a", 1), ["a", 1]),
        pytest.param({"b", "a"}, ["a", "b"], id="set"),
        (np.eye(2), [[1.0, 0.0], [0.0, 1.0]]),
        (pd.Timestamp("2020-01-02"), "2020-01-02T00:00:00"),
        (pd.Series({"cfi": 0.9}), {"cfi": 0.9}),
        (pd.DataFrame({"a": [1, 2]}), [{"a": 1}, {"a": 2}]),
        (pd.DataFrame({"a": [1]}, index=["x"]), [{"name": "x", "a": 1}]),
    ],
    ids=str,
)
def test_values_become_plain(value, expected):
    assert plain(value) == expected


def test_the_document_is_json_with_a_schema_and_every_number_unrounded(bollen):
    document = json.loads(to_json(results_document(bollen)))
    assert document["schema"] == 1
    model = bollen.structural.model
    recorded = [row["est"] for row in document["structural"]["model"]["parameters"]]
    assert recorded == model.parameters["est"].tolist()
    assert document["structural"]["model"]["fit_measures"]["cfi"] == model.fit_measures["cfi"]
    assert {row["hypothesis"] for row in document["structural"]["hypotheses"]} == {"H1", "H2", "H3"}


def test_a_measurement_only_study_has_no_structural_part(holzinger):
    assert results_document(holzinger)["structural"] is None


def test_the_document_holds_the_decision_and_its_tests(bollen):
    decision = results_document(bollen)["structural"]["decision"]
    assert decision["outcome"] == "Mt"
    assert [row["test"] for row in decision["tests"]] == ["Mt - Ms", "Mc - Mt", "Mt - Mu"]
    assert decision["models"][3]["rival"] == "mediated"
    assert decision["overall_level"] == pytest.approx(0.05)


def test_the_same_run_has_no_differences(bollen):
    document = results_document(bollen)
    assert differences(document, json.loads(to_json(document))) == []
    assert n_compared(document) > 500


def test_a_difference_is_named_by_its_parameter(bollen):
    before = results_document(bollen)
    after = copy.deepcopy(before)
    row = after["structural"]["model"]["parameters"][1]
    row["est"] *= 1 + 1e-5
    found = differences(before, after)
    assert len(found) == 1
    assert found[0].startswith("structural.model.parameters[ind60 =~ x2].est: 2.18036")


def test_a_difference_within_the_tolerance_is_none(bollen):
    before = results_document(bollen)
    after = copy.deepcopy(before)
    after["structural"]["model"]["parameters"][1]["est"] *= 1 + 1e-8
    after["structural"]["model"]["iterations"] += 5
    assert differences(before, after) == []


def test_a_verdict_that_changes_and_a_table_that_disappears_are_differences(bollen):
    before = results_document(bollen)
    after = copy.deepcopy(before)
    after["structural"]["hypotheses"][0]["supported"] = False
    del after["measurement"]["htmt"]
    found = differences(before, after)
    assert any("supported: True before, False now" in line for line in found)
    assert any("only in the earlier run" in line for line in found)
