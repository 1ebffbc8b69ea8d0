"""What users see when a line of a notebook ends in a result, or in a part of one."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from trustsem import cfa, two_step
from trustsem.findings import Finding, Findings
from trustsem.tables import Page, Table

MEDIA = ("_repr_html_", "_repr_markdown_", "_repr_latex_")
RAW = re.compile(r"object at 0x|Finding\(|ModelResult\(|Verdict\(|array\(|mappingproxy\(\{'M")
SCREENS = 40_000
"""Characters of text that a reader still scrolls through."""


@pytest.fixture(scope="module")
def bollen():
    return two_step("bollen1989")


@pytest.fixture(scope="module")
def model(bollen):
    return bollen.structural.model


def parts(thing):
    """Yield the public attributes of a result by name, methods left out."""
    for name in dir(type(thing)):
        if not name.startswith("_"):
            value = getattr(thing, name)
            if not callable(value) and not isinstance(value, pd.DataFrame | pd.Series):
                yield name, value


@pytest.mark.parametrize(
    "choose",
    [
        lambda result: result,
        lambda result: result.measurement,
        lambda result: result.structural,
        lambda result: result.structural.comparison,
        lambda result: result.structural.decision,
    ],
)
def test_no_attribute_of_a_study_prints_its_machinery(bollen, choose):
    for name, value in parts(choose(bollen)):
        assert len(repr(value)) < SCREENS, name
        assert not RAW.search(repr(value)), name


def test_everything_that_a_study_holds_displays_in_every_medium(bollen):
    step = bollen.structural
    for thing in (
        bollen.study, bollen, bollen.measurement, step, step.model, step.comparison,
        step.decision, step.findings, step.findings[0], step.rivals, bollen.models,
        bollen.verdict, bollen.verdict[0],
    ):  # fmt: skip
        for write in MEDIA:
            assert len(getattr(thing, write)()) > 100, (type(thing), write)


def test_step_two_shows_its_tables_with_labels(bollen):
    text, page = repr(bollen.structural), bollen.structural._repr_html_()
    assert text.startswith("Step two, structural model: χ²(35, N = 75) = 38.13")
    for title in (
        "Hypotheses", "Explained Variance of the Outcomes", "Direct, Indirect and Total Effects",
        "Specific Indirect Effects", "Sequence of Nested Models",
        "Sequential Chi-Square Difference Tests",
    ):  # fmt: skip
        assert title in text
        assert title in page
    assert "Industrialization 1960 → Democracy 1960" in page
    assert "ind60" not in page


def test_the_screen_of_a_study_has_labels_and_the_figure(bollen):
    page = bollen._repr_html_()
    assert "Industrialization 1960 → Democracy 1960" in page
    assert page.count("<svg") == 1


def test_a_sequence_says_who_the_models_are_and_which_is_accepted(bollen):
    text = " ".join(repr(bollen.structural.comparison).split())
    assert "Mc = next constrained alternative: Industrialization acts on later democracy" in text
    assert "Decision: the theory (Mt) is accepted." in text
    assert repr(bollen.structural.decision).startswith("Decision: the theory (Mt) is accepted.")


def test_models_are_a_dictionary_that_shows_their_fit(bollen):
    models = bollen.models
    assert isinstance(models, dict)
    assert list(models) == ["measurement", "structural"]
    frame = models.to_frame()
    np.testing.assert_allclose(
        frame["chisq"], [model.fit_measures["chisq"] for model in models.values()]
    )
    assert frame["admissible"].tolist() == [True, True]
    assert "structural" in repr(models)
    assert "['measurement']" in models._repr_html_().replace("&#39;", "'")
    assert repr(type(models)()) == "No models."


def test_a_verdict_says_whether_the_step_holds(bollen):
    first, second = bollen.verdict
    assert repr(first).splitlines() == ["Step one, measurement model: does not hold", first.text]
    assert repr(bollen.verdict) == f"{first!r}\n\n{second!r}"


# -- findings -------------------------------------------------------------------------------------

FINDINGS = Findings(
    [Finding(f"code{i}", f"x{i}", "A claim.", "note") for i in range(25)]
    + [Finding("grave", "model", "It failed.", "serious", remedy="Do this.")]
)


def test_findings_are_a_tuple_that_shows_the_most_serious_first():
    lines = repr(FINDINGS).splitlines()
    assert lines[0] == "1 serious finding, 25 notes"
    assert lines[4].split(maxsplit=2) == ["serious", "model", "It failed. Do this."]
    assert "Showing 20 of 26 rows. All of them: .to_frame()" in lines[-1]
    assert tuple(FINDINGS) == FINDINGS
    assert FINDINGS[-1].code == "grave"
    assert pickle.loads(pickle.dumps(FINDINGS)) == FINDINGS  # noqa: S301
    assert repr(Findings()) == "No findings."


def test_findings_become_a_frame_with_a_row_each():
    frame = FINDINGS.to_frame()
    assert list(frame.columns[:4]) == ["severity", "about", "claim", "remedy"]
    assert len(frame) == len(FINDINGS)
    assert frame["remedy"].iloc[-1] == "Do this."
    assert list(Findings().to_frame().columns) == list(frame.columns)


def test_a_finding_says_what_it_rests_on():
    finding = Finding(
        "cfi", "model", "CFI is low.", "warning", holds=False, value=0.9, threshold=0.95,
        interval=(0.85, 0.94), source="hu1999", remedy="See residuals.",
    )  # fmt: skip
    text = repr(finding)
    assert text.startswith("WARNING [model] CFI is low. See residuals.")
    assert "Value: 0.9, interval [0.85, 0.94]" in text
    assert "Threshold: 0.95 (not met)" in text
    assert "Source: Hu, L" in text
    assert "Code: cfi" in text


# -- models and their bootstrap -------------------------------------------------------------------


def test_a_model_shows_the_same_on_paper_as_on_screen(model):
    assert repr(model) == model.summary()
    for write in MEDIA:
        shown = getattr(model, write)()
        for part in ("sem() by ML", "Loadings", "Paths", "1.483"):
            assert part in shown, write


def test_a_bootstrap_of_which_nothing_is_left_still_displays(bollen):
    kept = bollen.measurement.model.bootstrap(4, 1)
    lost = replace(kept, refits=replace(kept.refits, converged=np.zeros(4, bool)))
    assert "4 failed" in repr(lost)
    assert "Loadings" not in repr(lost)
    assert "Loadings" in kept._repr_html_()
    assert kept.summary() == repr(kept)


def test_very_large_models_are_cut_on_screen_and_whole_in_their_summary():
    rng = np.random.default_rng(2)
    scores = rng.normal(size=(150, 40))
    answers = {
        f"v{i}_{j}": scores[:, i] + rng.normal(size=150) for i in range(40) for j in range(3)
    }
    text = "\n".join(f"f{i} =~ v{i}_0 + v{i}_1 + v{i}_2" for i in range(12))
    names = [f"v{i}_{j}" for i in range(12) for j in range(3)]
    result = cfa(text, pd.DataFrame(answers)[names], se="none")
    page = replace(result._page(), rows=60)
    assert re.search(r"Showing \d+ of 114 rows", page.to_text())
    assert page.to_html().count("<tr") <= 60 + 2
    assert "Showing" not in result.summary()


# -- pages ----------------------------------------------------------------------------------------


def tables(*sizes):
    """Return tables of these numbers of rows."""
    return tuple(Table("t", "T", pd.DataFrame({"n": range(size)})) for size in sizes)


@pytest.mark.parametrize(
    ("sizes", "rows", "printed"),
    [
        ((10, 10), 20, (10, 10)),
        ((5, 100), 20, (5, 15)),
        ((100, 100, 2), 42, (20, 20, 2)),
        ((50, 50), 1, (1, 1)),
        ((0, 3), 10, (3,)),
        ((), 10, ()),
    ],
)
def test_long_tables_share_the_rows_of_a_page(sizes, rows, printed):
    html = Page(tables(*sizes), rows=rows).to_html()
    bodies = re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL)
    assert tuple(body.count("<tr") for body in bodies) == printed


def test_a_page_brings_a_style_that_touches_nothing_else():
    html = Page((("text",), *tables(2))).to_html()
    assert html.startswith('<div class="trustsem">')
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    selectors = [rule.split("{")[0] for rule in style.split("}") if rule]
    assert all(selector.startswith(".trustsem") for selector in selectors)
    assert not re.search(r"url\(|@import|http", style)
    assert len(style) < 1500
