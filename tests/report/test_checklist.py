"""The checklist of the reporting standards, and the paragraphs for a paper."""

from __future__ import annotations

import re

import pytest

from trustsem.report import checklist, prose
from trustsem.report.standards import POINTS, checklist_table
from trustsem.report.study_report import composed_report
from trustsem.study import Study, measurement_tables, reflective, structural_tables, two_step
from trustsem.survey.shipped import data_path
from trustsem.tables import Row, Table
from trustsem.typesetting import to_plain

NUMBER = re.compile(r"[−-]?\d*\.\d+|\b\d+\b")


@pytest.fixture(scope="module")
def composed(bollen):
    return composed_report(bollen, "0.1.0")


def stand(table, words):
    """Return status and place of the one point that says these words."""
    frame = table.frame
    (row,) = frame[frame["point"].str.contains(words, regex=False)].itertuples()
    return row.status, row.where


def test_every_point_has_an_answer(bollen):
    frame = checklist(bollen).frame
    assert len(frame) == len(POINTS)
    assert set(frame["status"]) == {
        "reported", "reported in part", "to be added by the authors", "does not apply",
    }  # fmt: skip
    assert (frame.loc[frame["status"] != "does not apply", "where"] != "").all()


def test_a_point_names_the_table_of_this_very_report(bollen, composed):
    table = checklist(bollen)
    number = composed.places["hypotheses"]
    assert stand(table, "Hypotheses with estimate") == ("reported", number)
    assert composed.places["figure-tests"] in stand(table, "Sequence of nested models")[1]


def test_what_only_the_authors_know_is_theirs_to_add(bollen):
    status, what = stand(checklist(bollen), "Models that would fit equally well")
    assert status == "to be added by the authors"
    assert "equivalent models" in what


def test_a_study_without_step_two_owes_nothing_about_hypotheses(holzinger):
    table = checklist(holzinger)
    assert stand(table, "Hypotheses with estimate")[0] == "does not apply"
    assert stand(table, "Loadings with errors")[0] == "reported"
    assert stand(table, "Invariance of measurement")[0] == "reported"


def test_a_printed_matrix_has_no_answers_to_describe():
    printed = two_step("wheaton1977")
    table = checklist(printed)
    assert stand(table, "Missing answers")[0] == "does not apply"
    assert stand(table, "Moments from which")[0] == "reported"


def test_a_table_that_the_report_lacks_is_not_cited(bollen):
    without = checklist_table(bollen, {})
    assert stand(without, "Explained variance") == ("to be added by the authors", "")


def test_every_place_that_a_point_may_cite_is_one_that_some_study_has(bollen, holzinger, synthetic):
    known = {
        name
        for result in (bollen, holzinger, synthetic)
        for name in composed_report(result, "0.1.0").places
    }
    rare = {
        "profile", "waves", "missing-patterns", "named-effects", "bootstrap-effects",
        "discriminant-disagreement", "flagged-cases", "group-paths", "fragility",
        "influence-measurement", "influence-structural",
    }  # fmt: skip
    cited = {place for point in POINTS for place in point.places if "*" not in place}
    assert cited - rare <= known


def printed_cells(tables):
    """Return every number that stands in the cells and notes of tables."""
    text = []
    for table in tables:
        sheet = table.sheet()
        text += [
            to_plain(cell) for line in sheet.lines if isinstance(line, Row) for cell in line.cells
        ]
        text += [to_plain(note.text) for note in sheet.notes]
    return set(NUMBER.findall(" ".join(text)))


@pytest.mark.parametrize("study", ["bollen", "synthetic"])
def test_the_numbers_of_the_results_paragraph_are_those_of_the_tables(study, request):
    result = request.getfixturevalue(study)
    composed = composed_report(result, "0.1.0")
    cells = printed_cells(composed.of(Table))
    table = structural_tables.hypotheses(result.structural)
    for row in range(len(table.frame)):
        sentence = next(
            s for s in prose.structural_results(result).split(". H") if table.cell(row, "path") in s
        )
        assert set(NUMBER.findall(sentence.partition(":")[2])) <= cells


def test_a_cell_reads_as_it_does_in_its_table(synthetic):
    for table in (
        structural_tables.hypotheses(synthetic.structural),
        measurement_tables.validity_matrix(synthetic.measurement),
        structural_tables.sequential_tests(synthetic.structural),
    ):
        sheet = table.sheet()
        rows = [line for line in sheet.lines if isinstance(line, Row)]
        for position, heading in enumerate(sheet.headings):
            cell = to_plain(tuple(run for run in rows[0].cells[position] if run.script != "sup"))
            assert table.cell(0, heading.name) == cell


def test_the_methods_paragraph_tells_what_was_done_to_the_cases(synthetic):
    text = prose.methods(synthetic, "0.1.0")
    flow = synthetic.screening.flow
    assert f"{flow['remaining'].iloc[0]} cases were received." in text
    assert f"{flow['removed'].iloc[-1]} cases left the sample" in text
    assert "Reverse-keyed items were recoded (bt4)." in text


def test_cut_offs_of_the_study_are_not_said_to_be_those_of_the_literature():
    study = Study(
        title="Lenient",
        constructs={"visual": reflective("x1:x3"), "textual": reflective("x4:x6")},
        thresholds={"cfi": 0.9},
        run={"second_engine": False},
    )
    text = prose.methods(two_step(study, data_path("holzinger1939.csv")), "0.1.0")
    assert "CFI ≥ .90" in text
    assert "Hu & Bentler" not in text
