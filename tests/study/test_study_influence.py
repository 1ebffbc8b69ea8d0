"""Influence in a study: verdicts without each respondent, and without the fewest."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

import trustsem as ts
from kernel_models import democracy, holzinger
from trustsem.errors import PlanError, UnknownOptionError
from trustsem.report.document import results_document
from trustsem.study.influence import study_influence
from trustsem.study.settings import RunSettings
from trustsem.study.structural import judged_hypotheses

CONSTRUCTS = {
    "visual": ts.reflective("x1:x3"),
    "textual": ts.reflective("x4:x6"),
    "speed": ts.reflective("x7:x9"),
}
TWO = {name: CONSTRUCTS[name] for name in ("visual", "textual")}


@pytest.fixture(scope="module")
def result():
    return ts.two_step("bollen1989", influence=True, second_engine=False)


@pytest.fixture(scope="module")
def found(result):
    return result.influence


def sample(n):
    """Return some of the children, with rows counted anew."""
    return holzinger().iloc[150 : 150 + n].reset_index(drop=True)


def judged(study, frame, **options):
    """Estimate the structural model from a frame and judge its hypotheses, by hypothesis."""
    model = ts.sem(study.structural_model(), frame, **{**study.options, **options})
    return judged_hypotheses(study, model).set_index("hypothesis")


def analysed(study, frame, *, influence=True, **options):
    """Analyse the influence of cases on the two models alone."""
    chosen = {**study.options, **options}
    return study_influence(
        SimpleNamespace(model=ts.cfa(study.measurement_model(), frame, **chosen)),
        SimpleNamespace(model=ts.sem(study.structural_model(), frame, **chosen)),
        study,
        RunSettings(seed=1, influence=influence),
    )


def without(result, cases):
    """Judge hypotheses from the survey without some of its rows, numbered from 1."""
    return judged(result.study, democracy().drop(index=[case - 1 for case in cases]))


def test_the_whole_sample_is_judged_as_the_study_judges_it(result, found):
    own, table = found.hypotheses, result.structural.hypotheses
    for name in ("hypothesis", "path", "sign", "supported"):
        assert own[name].tolist() == table[name].tolist()
    for name in ("est", "z", "pvalue"):
        assert own[name].to_numpy() == pytest.approx(table[name].to_numpy())
    assert own["std"].to_numpy() == pytest.approx(table["std_all"].to_numpy())


def test_a_hypothesis_without_a_case_is_that_of_the_study_without_it(result, found):
    for case in (14, 45):
        expected = without(result, [case])
        own = found.without.query("case == @case").set_index("hypothesis")
        for mine, theirs in (("est", "est"), ("z", "z"), ("pvalue", "pvalue"), ("std", "std_all")):
            assert own[mine].to_numpy() == pytest.approx(expected[theirs].to_numpy(), rel=1e-5)
        assert own["supported"].tolist() == expected["supported"].tolist()


def test_ranges_are_those_over_single_cases(found):
    for _, row in found.hypotheses.iterrows():
        own = found.without[found.without["hypothesis"] == row["hypothesis"]].set_index("case")
        assert row["est_min"] == own["est"].min() == own.loc[row["case_est_min"], "est"]
        assert row["est_max"] == own["est"].max() == own.loc[row["case_est_max"], "est"]
        assert row["z_min"] == own["z"].min()
        assert row["pvalue_max"] == own["pvalue"].max()
        flips = own.index[own["supported"] != row["supported"]]
        assert row["flipped_by"] == tuple(flips)
        assert row["n_flips"] == len(flips)
        assert row["n_cases"] == 75


def test_the_verdict_turns_without_the_set_and_stays_with_any_one_of_it(result, found):
    sets = found.fragility.dropna(subset=["size"])
    assert len(sets) >= 2
    for _, row in sets.iterrows():
        assert row["size"] == len(row["cases"])
        assert row["share"] == row["size"] / 75
        expected = without(result, row["cases"]).loc[row["hypothesis"]]
        assert expected["supported"] == row["supported_without"] != row["supported"]
        assert row["z_without"] == pytest.approx(expected["z"], rel=1e-5)
        assert row["est_without"] == pytest.approx(expected["est"], rel=1e-5)
        back = row["cases"][1:]
        if back:
            kept = without(result, back).loc[row["hypothesis"]]
            assert kept["supported"] == row["supported"]


def test_few_respondents_make_a_finding(result, found):
    fragile = [finding for finding in result.findings if finding.code == "fragile_hypothesis"]
    few = found.fragility[found.fragility["size"] <= 2]
    assert sorted(finding.subject for finding in fragile) == sorted(few["hypothesis"])
    (finding,) = fragile
    row = few.iloc[0]
    for case in row["cases"]:
        assert re.search(rf"\b{case}\b", finding.claim)
    assert "no reason to leave them out" in finding.remedy
    assert finding.value == row["size"]


def test_rows_are_numbered_as_in_the_survey_whatever_was_dropped():
    frame = sample(40)[[f"x{k}" for k in range(1, 7)]].copy()
    frame.loc[[3, 10], "x2"] = np.nan
    study = ts.Study(title="Two", constructs=TWO, hypotheses=["H1: visual -> textual"])
    result = ts.two_step(study, frame, influence=True, second_engine=False)
    cases = result.influence.cases()
    assert cases["case"].tolist() == [k + 1 for k in range(40) if k not in (3, 10)]
    assert result.influence.n_cases == 38
    own = result.influence.without.query("case == 21").iloc[0]
    expected = judged(study, frame.drop(index=[20])).iloc[0]
    assert own["z"] == pytest.approx(expected["z"], rel=1e-5)


@pytest.mark.parametrize(
    ("names", "hypotheses", "options"),
    [
        (
            ("visual", "textual", "speed"),
            {"H1": "visual -> textual", "H2": "visual -> textual -> speed",
             "H3": "textual -> speed"},
            {},
        ),
        (
            ("visual", "textual"),
            {"H1": {"path": "visual -> textual", "sign": "-", "tails": 1}},
            {"estimator": "MLR", "likelihood": "normal"},
        ),
        (("visual", "textual"), {"H1": {"path": "visual -> textual", "sign": "any"}}, {}),
    ],
)  # fmt: skip
def test_chains_tails_and_robust_errors_are_judged_by_the_studys_own_rule(
    names, hypotheses, options
):
    constructs = {name: CONSTRUCTS[name] for name in names}
    study = ts.Study(title="Own rule", constructs=constructs, hypotheses=hypotheses)
    frame = sample(120)
    found, _ = analysed(study, frame, **options)
    own = found.hypotheses.set_index("hypothesis")
    table = judged(study, frame, **options)
    assert own["z"].to_numpy() == pytest.approx(table["z"].to_numpy())
    assert own["pvalue"].to_numpy() == pytest.approx(table["pvalue"].to_numpy())
    assert own["supported"].tolist() == table["supported"].tolist()
    expected = judged(study, frame.drop(index=50), **options)
    single = found.without.query("case == 51").set_index("hypothesis")
    for mine, theirs in (("est", "est"), ("z", "z"), ("pvalue", "pvalue"), ("std", "std_all")):
        assert single[mine].to_numpy() == pytest.approx(expected[theirs].to_numpy(), rel=1e-4)
    for _, row in found.fragility.dropna(subset=["size"]).iterrows():
        kept = frame.drop(index=[case - 1 for case in row["cases"]])
        after = judged(study, kept, **options).loc[row["hypothesis"]]
        assert after["supported"] == row["supported_without"] != row["supported"]


def test_a_measurement_study_has_no_verdicts_but_influential_cases():
    study = ts.Study(title="Two", constructs=TWO)
    result = ts.two_step(study, sample(30), influence=True, second_engine=False)
    assert result.structural is None
    assert result.influence.structural is None
    assert result.influence.hypotheses.empty
    names = [table.name for table in result.influence.tables({})]
    assert names == ["influence-measurement"]
    assert "measurement model" in result.plot.influence.chart().title
    with pytest.raises(PlanError):
        result.plot.fragility.chart()


def test_a_printed_matrix_has_no_respondents_to_leave_out():
    result = ts.two_step("wheaton1977", influence=True, second_engine=False)
    assert result.influence is None
    (finding,) = [f for f in result.findings if f.code == "no_influence"]
    assert finding.severity == "note"
    assert "printed matrix" in finding.claim
    with pytest.raises(PlanError, match="influence"):
        result.plot.influence.chart()


def test_what_cannot_be_judged_is_said_and_the_rest_stands():
    study = ts.Study(title="Two", constructs=TWO, hypotheses=["H1: visual -> textual"])
    found, findings = analysed(study, sample(40), se="bootstrap", bootstrap=10, seed=1)
    (finding,) = [f for f in findings if f.code == "no_influence"]
    assert "bootstrap" in finding.claim
    assert found.fragility.empty
    assert found.hypotheses.empty
    assert len(found.cases("measurement")) == 40


def test_an_interrupt_keeps_the_study(monkeypatch):
    def stop(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("trustsem.results.influence.estimate_without", stop)
    study = ts.Study(title="Two", constructs=TWO, hypotheses=["H1: visual -> textual"])
    found, (finding,) = analysed(study, sample(40))
    assert found is None
    assert finding.code == "no_influence"
    assert "stopped by the user" in finding.claim


def test_nothing_is_left_out_unless_asked_for():
    study = ts.Study(title="Two", constructs=TWO, hypotheses=["H1: visual -> textual"])
    assert analysed(study, sample(40), influence=False) == (None, ())
    assert RunSettings.resolve(study.run, {}).influence is False


def test_report_and_document_hold_it_without_a_row_per_respondent(result, found, tmp_path):
    document = results_document(result)["influence"]
    json.dumps(document, allow_nan=False)
    assert set(document) == {"n_cases", "hypotheses", "fragility", "findings"}
    assert document["fragility"][1]["cases"] == list(found.fragility["cases"][1])
    folder = result.report(tmp_path / "report", formats="markdown")
    text = (folder / "report.md").read_text(encoding="utf-8")
    section = text[text.index("Influence of Single Respondents") :]
    assert "Fewest Respondents Found" in section
    assert "Most Influential Respondents, Measurement Model" in section
    assert (folder / "figures" / "influence.svg").exists()
    assert (folder / "figures" / "fragility.svg").exists()
    csv = (folder / "tables" / "fragility.csv").read_text(encoding="utf-8")
    assert ", ".join(map(str, found.fragility["cases"][0])) in csv
    assert "Pek" in text


def test_charts_show_the_numbers_of_the_tables(result, found):
    chart = result.plot.influence.chart()
    assert chart.values == pytest.approx(found.cases()["cook"].to_numpy())
    assert chart.cases == tuple(str(case) for case in range(1, 76))
    largest = found.cases().sort_values("cook")["case"].iloc[-1]
    assert f"case {largest} (" in chart.description
    strips = result.plot.fragility.chart()
    (first, *_) = strips.strips
    assert first == pytest.approx(found.without.query("hypothesis == 'H1'")["std"].to_numpy())
    assert strips.rows[0].marks[0].value == pytest.approx(found.hypotheses["std"][0])
    assert strips.rows[1].cells[-1] == f"{found.fragility['size'][1]:.0f}"
    assert strips.rows[2].cells[-1] == "> 18"
    assert "<svg" in strips.svg()
    with pytest.raises(UnknownOptionError):
        result.plot.influence.chart(step="third")
    with pytest.raises(UnknownOptionError):
        result.plot.influence.chart(measure="leverage")


def test_it_shows_itself(found):
    text = found._repr_html_()
    assert "Fewest Respondents Found" in text
    assert "upper bound" in repr(found)
