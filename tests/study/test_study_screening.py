"""A study says who answered and by which rules cases are dropped; its file is checked for that."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trustsem.errors import PlanError, StudyFileError, SurveyError, UnknownItemError
from trustsem.study import Study, load_study, reflective
from trustsem.study.answers import prepare_answers
from trustsem.study.screening import screen_survey, waves_of
from trustsem.study.screening_tables import screening_tables
from trustsem.survey import ScreeningPlan, Survey

GOOD = """\
schema = 1
title = "Screened"
[data]
scale = [1, 7]
missing = [99]
[recode]
size = { 3 = 2, 9 = "missing" }
a1 = { 8 = 7 }
[screening]
id = "firm"
profile = ["size"]
wave = "mailing"
attention = { check = 4 }
drop = ["attention", { rule = "missing > .30", reason = "too little" }, "where size == 1"]
[constructs.a]
items = "a1:a3"
reverse = ["a3"]
[constructs.b]
items = "b1:b3"
"""


@pytest.fixture
def frame(rng):
    level = rng.normal(size=(90, 2)).repeat(3, axis=1)
    values = np.clip(np.rint(4 + level + rng.normal(size=(90, 6))), 1, 7)
    data = pd.DataFrame(values, columns=["a1", "a2", "a3", "b1", "b2", "b3"])
    data["a3"] = 8 - data["a3"]
    data.loc[0, ["a1", "a2", "b1"]] = 99
    data.loc[1, "a1"] = 8
    return data.assign(
        firm=np.arange(90.0),
        size=np.arange(90) % 3 + 1.0,
        mailing=np.arange(90) // 45 + 1.0,
        check=4.0,
    )


@pytest.fixture
def study(tmp_path):
    def written(text=GOOD):
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return load_study(path)

    return written


def test_rules_recoding_and_log_take_effect_in_order(study, frame):
    frame.loc[5, "check"] = 1.0
    answers = prepare_answers(study(), frame)
    flow = answers.screening.flow
    assert flow["rule"].tolist()[1:4] == [
        "attention",
        "missing > .30 (too little)",
        "where size == 1",
    ]
    assert flow["removed"].tolist() == [0, 1, 1, 29, 0]
    assert answers.n_obs == flow["remaining"].iloc[-1] == 59
    log = answers.survey.log_frame
    assert log["step"].tolist() == [
        "read", "recode", "recode", "missing", "reverse", "rule", "rule", "rule", "listwise",
    ]  # fmt: skip
    assert log["cases"].iloc[5] == (6,)
    assert log["what"].iloc[1] == "recoded size: 3 to 2 (30), 9 to missing (0)"
    assert answers.survey.frame["a1"].max() <= 7


def test_screening_is_complete_and_named_by_labels(study, frame):
    late = frame["mailing"] == 2
    frame.loc[late, ["b1", "b3"]] = (frame.loc[late, ["b1", "b3"]] + 3).clip(upper=7)
    frame.loc[7, "b2"] = np.nan
    plan = study(GOOD.replace("[constructs.b]", '[constructs.b]\nlabel = "Beta"'))
    found = prepare_answers(plan, frame).screening
    assert [name for name, table in found.frames.items() if not len(table)] == ["duplicates"]
    assert "Beta" in {f.name for f in found.findings if f.code == "wave_difference"}
    tables = screening_tables(found, {"a": "Alpha", "b": "Beta"})
    assert [table.name for table in tables] == [
        "profile", "answers", "missing-answers", "missing-patterns", "distribution-tests",
        "item-normality", "flagged-cases", "waves",
    ]  # fmt: skip
    for table in tables:
        assert table.title in table.to_text(100)
        assert table.to_html().count("<tr>") > len(table.frame[:20]) > 0
        assert table.to_markdown().count("\n|") > 2
        assert table.to_csv().count("\n") == len(table.frame) + 1
    answers = next(table for table in tables if table.name == "answers").to_text()
    assert "Alpha" in answers
    short = [table.name for table in screening_tables(found, {}, more=False)]
    assert "answers" not in short


def test_a_plan_survives_being_written_read_and_made_in_python(study, tmp_path):
    plan = study()
    path = tmp_path / "again.toml"
    path.write_text(plan.to_toml(), encoding="utf-8")
    assert load_study(path).to_dict() | {"name": ""} == plan.to_dict() | {"name": ""}
    made = Study(
        title="Screened",
        constructs={"a": reflective("a1:a3", reverse="a3"), "b": "b1:b3"},
        scale=(1, 7),
        missing_codes=[99],
        recode={"size": {3: 2, 9: "missing"}, "a1": {8: 7}},
        screening={"id": "firm", "profile": ["size"], "wave": "mailing", "attention": {"check": 4},
                   "drop": ["attention", {"rule": "missing > .30", "reason": "too little"},
                            "where size == 1"]},
    )  # fmt: skip
    assert made.screening == plan.screening
    assert made.recode == plan.recode
    assert made.measurement_only().screening == plan.screening


def test_all_mistakes_are_listed_at_once_with_their_lines(study):
    text = """\
schema = 1
title = "Wrong"
[data]
scale = [1, 7]
missing = [99]
[recode]
a1 = { 99 = 7 }
size = { 2.5 = 1 }
b1 = 5
b2 = { 1 = "one", 2 = 2 }
[screening]
profil = ["size"]
drop = ["mising > .3", "duration < 5", "missing > .2", "missing > .2"]
late = 2
minimum_duration = 0
attention = { a1 = 4 }
[constructs.a]
items = "a1:a3"
[constructs.b]
items = "b1:b3"
"""
    with pytest.raises(StudyFileError) as caught:
        study(text)
    starts = [
        "line 7: recode.a1: 99 is declared missing in [data]",
        'line 8: recode.size: a code with a point is written "2.5"',
        "line 9: recode.b1: new codes are written { 9 = 5 }",
        "line 10: recode.b2: new codes are all numbers or all texts",
        "line 12: screening.profil: unknown key. Did you mean 'profile'?",
        "line 13: screening.drop[1]: the rule 'mising > .3' is about nothing known. Did you mean",
        "line 14: screening.late: needs the column: wave",
        "line 15: screening.minimum_duration: must be greater than 0",
        "line 16: screening.attention.a1: 'a1' is an item of 'a', not a check",
    ]
    found = caught.value.mistakes
    assert len(found) == len(starts)
    for mistake, start in zip(found, starts, strict=True):
        assert mistake.startswith(start), mistake


def test_rules_need_what_they_compare_and_stand_once(study):
    rules = 'drop = ["duration < 5", "missing > .2", "missing > .2"]'
    lines = [rules if line.startswith("drop") else line for line in GOOD.splitlines()]
    with pytest.raises(StudyFileError) as caught:
        study("\n".join(lines))
    assert [mistake.split(": ", 2)[2] for mistake in caught.value.mistakes] == [
        "the rule 'duration < 5' needs duration = ... here",
        "the rule 'missing > .2' stands there twice",
    ]


def test_a_printed_matrix_has_nothing_to_screen_or_recode():
    with pytest.raises(PlanError) as caught:
        Study(
            title="Matrix",
            constructs={"a": "x1:x2"},
            moments={"variables": ["x1", "x2"], "n_obs": 90, "matrix": [[1.0], [0.5, 1.0]]},
            recode={"x1": {1: 2}},
            screening={"profile": ["size"]},
        )
    assert "holds no answers to recode" in str(caught.value)
    assert "holds no cases to screen" in str(caught.value)


def test_columns_that_are_not_there_are_named_with_their_section(study, frame):
    with pytest.raises(UnknownItemError) as caught:
        prepare_answers(study(), frame.drop(columns=["firm", "size", "check"]))
    assert set(caught.value.missing) == {"firm", "size", "check"}
    assert "[screening] names" in str(caught.value)
    assert "[recode] names size" in str(caught.value)


def test_columns_of_screening_can_be_renamed(study, frame):
    text = GOOD.replace("missing = [99]", 'missing = [99]\ncolumns = { size = "Firm size" }')
    answers = prepare_answers(study(text), frame.rename(columns={"size": "Firm size"}))
    assert answers.n_obs == 60
    assert "size" in answers.survey.frame


@pytest.mark.parametrize(
    ("plan", "early", "late"),
    [
        (ScreeningPlan(wave="w"), {1.0}, {2.0}),
        (ScreeningPlan(wave="w", late=(1.0,)), {2.0}, {1.0}),
        (ScreeningPlan(wave="order"), {0.0, 1.0, 2.0}, {9.0, 10.0, 11.0}),
        (ScreeningPlan(wave="order", wave_share=0.5), set(range(6)), set(range(6, 12))),
        (ScreeningPlan(wave="date"), {"d0", "d1", "d2"}, {"d9", "da", "db"}),
    ],
)
def test_early_and_late_follow_from_codes_or_order(plan, early, late):
    survey = Survey.from_frame(
        pd.DataFrame(
            {"w": [1.0, 2.0] * 6, "order": np.arange(12.0), "date": [f"d{i:x}" for i in range(12)]}
        )
    )
    chosen, is_late = waves_of(survey, plan)
    values = survey.frame.loc[chosen, plan.wave].to_numpy()
    assert set(values[~is_late]) == early
    assert set(values[is_late]) == late


def test_waves_that_divide_nobody_are_refused():
    survey = Survey.from_frame(pd.DataFrame({"w": [1.0, 2.0], "same": [1.0, 1.0]}))
    for plan, message in (
        (ScreeningPlan(wave="w", late=(3.0,)), "no answer is 3. Its values: 1, 2."),
        (ScreeningPlan(wave="same"), "all cases are in one group"),
    ):
        with pytest.raises(SurveyError, match=message):
            waves_of(survey, plan)


def test_littles_test_is_a_warning_only_where_it_matters(rng):
    data = rng.normal(size=(200, 2)) @ np.array([[1, 0.7], [0, 0.7]])
    data[data[:, 0] > 0.5, 1] = np.nan
    survey = Survey.from_frame(pd.DataFrame(data, columns=["x", "y"]))
    by_treatment = {
        missing: next(
            finding
            for finding in screen_survey(survey, {"f": ["x", "y"]}, missing=missing).findings
            if finding.code == "mcar"
        )
        for missing in ("listwise", "fiml")
    }
    assert by_treatment["listwise"].severity == "warning"
    assert by_treatment["fiml"].severity == "note"
    assert not by_treatment["fiml"].holds
