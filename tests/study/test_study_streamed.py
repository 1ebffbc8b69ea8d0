"""A study of a file that is read in parts says what the study of the file in memory says."""

import pickle

import numpy as np
import pandas as pd
import pytest

import trustsem as ts
from trustsem.errors import (
    ScaleMismatchError,
    SurveyError,
    UnknownItemError,
    UnsupportedError,
)
from trustsem.study.answers import prepare_answers

CONSTRUCTS = {
    "trust": {"items": ["t1", "t2", "t3"], "reverse": ["t2"]},
    "learn": {"items": ["l1", "l2", "l3"]},
}


def survey_file(folder, n=300):
    stream = np.random.default_rng(8)
    trust = stream.normal(size=(n, 1))
    learn = 0.6 * trust + stream.normal(size=(n, 1))
    values = 4 + np.hstack([trust] * 3 + [learn] * 3) + 0.7 * stream.normal(size=(n, 6))
    items = [*CONSTRUCTS["trust"]["items"], *CONSTRUCTS["learn"]["items"]]
    frame = pd.DataFrame(np.clip(np.round(values), 1, 7), columns=items)
    frame["t2"] = 8 - frame["t2"]
    frame = frame.mask(stream.random(frame.shape) < 0.04, 99)
    frame = frame.rename(columns={"l3": "Q12"})
    frame["mode"] = stream.choice(["own", "bought"], n)
    frame["seconds"] = stream.integers(30, 600, n)
    frame.to_csv(folder / "answers.csv", index=False)
    return folder / "answers.csv"


def plan(path, **options):
    given = {"missing_codes": [99], "scale": [1, 7], "columns": {"l3": "Q12"}, **options}
    return ts.Study(
        title="Trust and learning",
        constructs={name: dict(entry) for name, entry in CONSTRUCTS.items()},
        hypotheses=["H1: trust -> learn"],
        data=path,
        **given,
    )


def model_of(answers, **options):
    return ts.sem("trust =~ t1 + t2 + t3\nlearn =~ l1 + l2 + l3", **answers.inputs, **options)


def test_the_two_steps_are_those_of_the_file_in_memory(tmp_path):
    path = survey_file(tmp_path)
    whole = ts.two_step(plan(path), second_engine=False)
    parts = ts.two_step(plan(path, chunk_rows=41), second_engine=False)
    assert whole.screening is not None
    assert parts.screening is None
    for step in ("measurement", "structural"):
        found, expected = (getattr(each, step).model for each in (parts, whole))
        np.testing.assert_allclose(
            found.parameters["est"], expected.parameters["est"], rtol=1e-9, atol=1e-10
        )
        np.testing.assert_allclose(found.fit_measures, expected.fit_measures, rtol=1e-8, atol=1e-8)
    assert parts.structural.hypotheses.equals(whole.structural.hypotheses) or np.allclose(
        parts.structural.hypotheses.select_dtypes("number"),
        whole.structural.hypotheses.select_dtypes("number"),
        rtol=1e-7,
        equal_nan=True,
    )
    codes = {finding.code for finding in parts.findings}
    assert {"streamed_input", "listwise_deletion"} <= codes
    entry = parts.manifest["inputs"][-1]
    assert (entry["name"], entry["rows"]) == ("answers.csv", 300)
    assert "reverse: recoded x to 8 - x: t2" in entry["log"]
    parts.report(tmp_path / "report", formats=["markdown"])
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "Moments of a file that was read in parts" in text
    assert "printed matrix" not in text


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_moments_given_as_data_are_prepared_as_the_study_says(tmp_path, missing):
    path = survey_file(tmp_path)
    study = plan(path, missing=missing)
    moments = ts.read_moments(path, ["t1", "t2"], chunk_rows=70)
    found, expected = prepare_answers(study, moments), prepare_answers(study, path)
    assert found.n_obs == expected.n_obs
    np.testing.assert_allclose(
        model_of(found, missing=missing).parameters["est"],
        model_of(expected, missing=missing).parameters["est"],
        rtol=1e-9,
        atol=1e-10,
    )


def test_a_long_file_is_read_in_parts_by_itself(tmp_path, monkeypatch):
    path = survey_file(tmp_path)
    assert prepare_answers(plan(path)).moments is None
    monkeypatch.setattr("trustsem.study.streamed.LARGE", 300)
    assert prepare_answers(plan(path)).moments.n_rows == prepare_answers(plan(path)).n_obs


def test_rules_about_single_cases_apply_also_where_a_part_is_left_empty(tmp_path):
    path = survey_file(tmp_path, n=90)
    screening = {"duration": "seconds", "drop": ["duration < 500", "longstring > 5"]}
    whole = prepare_answers(plan(path, screening=screening))
    parts = prepare_answers(plan(path, screening=screening, chunk_rows=3))
    assert parts.n_obs == whole.n_obs
    removed = {entry.what: entry.removed for entry in whole.survey.log if entry.step == "rule"}
    assert removed == {
        entry.what: entry.removed for entry in parts.moments.log if entry.step == "rule"
    }
    claim = next(each.claim for each in parts.findings if each.code == "streamed_input")
    assert f"{next(iter(removed.values()))} cases left by the rule" in claim


def test_groups_are_those_of_the_file_in_memory(tmp_path):
    path = survey_file(tmp_path)
    groups = {"by": "mode"}
    whole = prepare_answers(plan(path, groups=groups))
    parts = prepare_answers(plan(path, groups=groups, chunk_rows=50))
    models = [
        ts.cfa("trust =~ t1 + t2 + t3", **answers.grouped("mode"), group="mode")
        for answers in (whole, parts)
    ]
    assert sorted(models[0].table.group_labels) == sorted(models[1].table.group_labels)
    chisq = [model.fit_measures["npar"] for model in models]
    assert chisq[0] == chisq[1]
    np.testing.assert_allclose(
        models[1].parameters["est"], models[0].parameters["est"], rtol=1e-9, atol=1e-10
    )


def test_what_compares_cases_or_is_not_there_is_refused(tmp_path):
    path = survey_file(tmp_path)
    with pytest.raises(UnsupportedError, match="mahalanobis"):
        prepare_answers(plan(path, screening={"drop": ["mahalanobis p < .001"]}, chunk_rows=50))
    with pytest.raises(UnsupportedError, match="ordered items"):
        prepare_answers(plan(path, ordered=True, chunk_rows=50))
    with pytest.raises(UnknownItemError, match="l3"):
        prepare_answers(plan(path, chunk_rows=50, columns={"l3": "Q99"}))
    with pytest.raises(ScaleMismatchError, match="outside the scale 1 to 6"):
        prepare_answers(plan(path, chunk_rows=50, scale=[1, 6]))
    rules = {"duration": "seconds", "drop": ["duration < 9999"]}
    with pytest.raises(SurveyError, match="No case is left"):
        prepare_answers(plan(path, screening=rules, chunk_rows=50))


def test_the_moments_of_a_study_reach_other_processes(tmp_path):
    answers = prepare_answers(plan(survey_file(tmp_path), chunk_rows=100))
    result = model_of(answers)
    alone, together = (
        result.bootstrap(12, seed=3, kind="parametric", workers=workers).parameters["se"]
        for workers in (1, 2)
    )
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    again = pickle.loads(pickle.dumps(answers.moments))  # noqa: S301 - our own bytes
    found, expected = (
        ts.cfa("trust =~ t1 + t2 + t3 + l1", data, estimator="MLM").fit_measures
        for data in (again, answers.moments)
    )
    assert found["chisq_scaled"] == expected["chisq_scaled"]
