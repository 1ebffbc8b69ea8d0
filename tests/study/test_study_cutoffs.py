"""Cut-offs of a study: both models, findings that change no verdict, report and document."""

from __future__ import annotations

import json

import pytest

import trustsem as ts
from trustsem.study.cutoffs import _disagreements
from trustsem.validity.thresholds import Thresholds


@pytest.fixture(scope="module")
def result():
    return ts.two_step("brockman2017", cutoffs=40, second_engine=False)


def test_both_models_get_cutoffs_and_verdicts_stay(result):
    without = ts.two_step("brockman2017", second_engine=False)
    assert without.cutoffs is None
    assert list(result.cutoffs.models) == ["measurement", "structural"]
    assert result.cutoffs.measurement.n_levels == 5
    assert result.cutoffs.structural.rule == "structural relations"
    assert [verdict.text for verdict in result.verdict] == [v.text for v in without.verdict]
    assert result.cutoffs.measurement.seed == result.study.run.seed


def test_report_tables_and_document_hold_them(result, tmp_path):
    tables = result.tables()
    assert {"cutoffs-measurement-values", "cutoffs-structural-levels"} <= set(tables)
    assert "Buyer trust" in result.table("cutoffs-measurement-levels").to_text()
    folder = result.report(tmp_path / "report", formats=("markdown", "json"))
    assert (folder / "figures" / "cutoffs.svg").exists()
    assert (folder / "figures" / "structural_cutoffs.svg").exists()
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "Cut-Offs for These Models and This Sample Size" in text
    document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert document["cutoffs"]["measurement"]["n"] == 40


def test_disagreement_with_the_fixed_rules_is_a_finding(result):
    found = result.cutoffs.measurement
    mild = Thresholds(cfi=0.999, rmsea=0.001, srmr=0.001)
    (finding,) = _disagreements(found, "measurement", mild, {})
    assert finding.code == "milder_cutoffs"
    published = ts.dynamic_cutoffs(
        "f =~ .8*x1 + .7*x2 + .6*x3 + .5*x4\ng =~ .75*x5 + .65*x6 + .55*x7\nf ~~ .4*g", 300,
        samples=60, seed=1, observed={"cfi": 0.951, "rmsea": 0.059, "srmr": 0.07},
    )  # fmt: skip
    (finding,) = _disagreements(published, "measurement", Thresholds(), {"g": "Goals"})
    assert finding.code == "stricter_cutoffs"
    assert finding.severity == "warning"
    assert "x4 measures Goals, too" in finding.claim


def test_what_cannot_be_had_is_said_and_the_rest_stands():
    few = ts.two_step("brockman2017", cutoffs=5, second_engine=False)
    assert few.cutoffs is None
    reasons = [item for item in few.findings if item.code == "without_cutoffs"]
    assert len(reasons) == 2
    assert "20 samples at least" in reasons[0].claim
