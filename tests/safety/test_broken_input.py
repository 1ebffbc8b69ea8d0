"""Whatever is handed in by mistake is refused by a message that says what to do."""

from __future__ import annotations

import numpy as np
import pytest
from hostile_texts import answers

import trustsem as ts
from trustsem.errors import OutputError, PlanError, TrustsemError

MODEL = "a =~ a1 + a2 + a3\nb =~ b1 + b2 + b3"
DATA = answers()


@pytest.fixture(scope="module")
def model():
    return ts.cfa(MODEL, DATA)


@pytest.fixture(scope="module")
def result():
    study = ts.Study(
        title="T", constructs={"a": "a1:a3", "b": "b1:b3"}, hypotheses=["a -> b"],
        run={"second_engine": False},
    )  # fmt: skip
    return ts.two_step(study, DATA)


MODELS = {
    "no model": (lambda: ts.cfa(None, DATA), "model must be a text .* got NoneType"),
    "an empty model": (lambda: ts.cfa("# nothing", DATA), "model is empty"),
    "no data": (lambda: ts.sem(MODEL), "Give data, or sample_cov"),
    "a list": (
        lambda: ts.cfa(MODEL, [1, 2]),
        "moments of a file, got list",
    ),
    "an option misspelt": (lambda: ts.cfa(MODEL, DATA, estimater="ML"), "mean 'estimator'"),
    "an item misspelt": (lambda: ts.cfa("a =~ a1 + a2 + a33", DATA), "mean 'a3'"),
    "no cases": (lambda: ts.cfa(MODEL, DATA.iloc[:0]), "Only 0 usable"),
    "infinity": (lambda: ts.cfa(MODEL, DATA.assign(a1=np.inf)), "Infinite values in a1"),
    "a constant": (lambda: ts.cfa(MODEL, DATA.assign(a1=1.0)), "Without variance: a1"),
    "one group": (lambda: ts.cfa(MODEL, DATA.assign(g=1), group="g"), "fewer than two groups"),
}
STUDIES = {
    "no study": (lambda: ts.two_step(None), "text or a path, got NoneType"),
    "a misspelt study": (lambda: ts.load_study("brockman2071"), "mean 'brockman2017'"),
    "a number": (lambda: ts.load_study(3), "text or a path, got int"),
    "NUL": (lambda: ts.load_study("a\0b"), r"no study 'a\\x00b'"),
    "an endless name": (lambda: ts.load_study("x" * 5000), "There is no study"),
    "a folder": (lambda: ts.load_study("/"), "There is no study"),
    "data of a wrong kind": (lambda: ts.two_step("bollen1989", [1]), "moments of a file, got list"),
    "an endless path": (lambda: ts.two_step("bollen1989", "x" * 5000), "too long"),
    "no constructs": (lambda: ts.Study(title="T", constructs=None), "must be a mapping"),
    "a list of constructs": (lambda: ts.Study(title="T", constructs=["a"]), "got list"),
    "items of a wrong kind": (lambda: ts.reflective(3), "list of names, got 3"),
    "one part": (lambda: ts.second_order("abc"), "list of names, got 'abc'"),
}
ON_MODELS = {
    "no number of resamples": (lambda m: m.bootstrap("many"), "at least 2 resamples"),
    "half a resample": (lambda m: m.bootstrap(2.5), r"got 2\.5"),
    "a negative seed": (lambda m: m.bootstrap(5, -1), "not negative, got -1"),
    "another kind": (lambda m: m.bootstrap(5, kind=3), "kind of bootstrap"),
    "another method": (lambda m: m.factor_scores(1), "Unknown method '1'"),
    "another residual": (lambda m: m.residuals("z"), "Unknown kind of residuals"),
    "another view": (lambda m: m.draw(view="x"), "Unknown view 'x'"),
    "another option of a figure": (lambda m: m.draw(widht=90), "Did you mean 'width'"),
    "another group": (lambda m: m.draw(group="x"), "Unknown group 'x'. Known: 1"),
    "a width of nothing": (lambda m: m.draw(width=-3), "figure width '-3'"),
    "a file with NUL": (lambda m: m.draw().save("x\0.svg"), "cannot be written"),
    "no model to compare": (lambda m: ts.compare(m, "x"), "model 2 is a str"),
    "no method": (lambda m: ts.compare(m, m, method=None), "Unknown method"),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_model_that_cannot_be_is_refused(case):
    act, said = MODELS[case]
    with pytest.raises(TrustsemError, match=said):
        act()


@pytest.mark.parametrize("case", STUDIES)
def test_a_study_that_cannot_be_is_refused(case):
    act, said = STUDIES[case]
    with pytest.raises(TrustsemError, match=said):
        act()


@pytest.mark.parametrize("case", ON_MODELS)
def test_a_question_that_a_model_cannot_answer_is_refused(case, model):
    act, said = ON_MODELS[case]
    with pytest.raises(TrustsemError, match=said):
        act(model)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (None, "named by a path, got NoneType"),
        ("o\0ut", "no name that a directory can have"),
        ("o" * 5000, "no name that a directory can have"),
    ],
)
def test_a_report_that_can_stand_nowhere_is_refused(result, place, said):
    with pytest.raises(OutputError, match=said):
        result.report(place)


def test_an_unknown_format_is_refused_and_a_single_one_needs_no_list(result, tmp_path):
    with pytest.raises(TrustsemError, match=r"report format 'htlm'\. Did you mean 'html'"):
        result.report(tmp_path / "a", formats="htlm")
    assert (result.report(tmp_path / "b", formats="json") / "results.json").is_file()


def test_a_single_hypothesis_needs_no_list():
    study = ts.Study(title="T", constructs={"a": "a1:a3", "b": "b1:b3"}, hypotheses="a -> b")
    assert [entry.path for entry in study.hypotheses] == ["a -> b"]


def test_the_mark_under_a_syntax_error_stands_under_the_escape_that_is_shown():
    with pytest.raises(TrustsemError) as refused:
        ts.cfa("a =~ a1 +\x1b a2", DATA)
    _, line, marker = str(refused.value).splitlines()[:3]
    assert line.index("\\x1b") == marker.index("^")
    assert marker.count("^") == len("\\x1b")


def test_mistakes_of_a_plan_are_listed_together():
    with pytest.raises(PlanError, match=r"3 mistake\(s\)"):
        ts.Study(title="", constructs={"<b>": "a1:a3"}, model=1)
