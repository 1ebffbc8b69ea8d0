"""One table, written for five media, each with its own escaping."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from trustsem.display import BOUNDED, Column, Format
from trustsem.tables import Notes, Table
from trustsem.typesetting import to_html, typeset

HOSTILE = "<script>alert(\"x\")</script> | *a_b* `c` [d](e) & 'f'\x1b[31m\nnext"


@pytest.fixture
def table():
    frame = pd.DataFrame(
        {
            "construct": ["Trust", HOSTILE],
            "est": [-0.23, float("nan")],
            "ci_lower": [-0.5, float("nan")],
            "ci_upper": [0.04, float("nan")],
            "pvalue": [0.0901, float("nan")],
        }
    )
    return Table(
        "paths",
        "Paths <b>",
        frame,
        number="3",
        notes=Notes("N = 75, z = -2.10.", ("Fixed & sure.",), "p < .05"),
        strong=frozenset({(0, "est")}),
        marks={(0, "est"): "a"},
    )


def test_html_escapes_everything_that_comes_from_data(table):
    html = str(table.to_html())
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert '<span class="title">Paths &lt;b&gt;</span>' in html
    assert "Fixed &amp; sure." in html


def test_html_has_the_form_of_the_apa(table):
    html = str(table.to_html())
    number, title, head = (html.index(part) for part in ("Table 3", "Paths", "<thead>"))
    assert number < title < head
    assert '<th scope="col" class="n"><i>b</i></th>' in html
    assert "<b>\N{MINUS SIGN}0.230</b><sup" in html
    assert "[\N{MINUS SIGN}0.500, 0.040]" in html
    general, specific, probability = (
        html.index(part) for part in ("<i>Note.</i>", "Fixed", "&lt;&nbsp;.05")
    )
    assert general < specific < probability


def test_the_letter_of_a_note_does_not_move_the_digits(table):
    mark = '<sup class="mark" style="position:absolute;top:auto;line-height:1">a</sup></td>'
    assert mark in str(table.to_html())


def test_a_notebook_shows_the_form_of_the_apa_without_a_style_sheet_of_ours(table):
    shown = table._repr_html_()
    assert shown.startswith('<div class="trustsem">\n' + str(table.to_html()))
    assert ".trustsem .table table{" in shown
    assert "<style" not in str(table.to_html())


def test_no_medium_prints_a_control_character(table):
    for text in (str(table.to_html()), table.to_latex(), table.to_markdown(), table.to_text()):
        assert "\x1b" not in text
        assert "next" in text


def test_headers_wrap_before_text_and_numbers_never():
    frame = pd.DataFrame({"construct": ["Buyer trust in suppliers"], "est": [1.234]})
    column = Column("Largest difference", Format("number", 3))
    lines = Table("t", "t", frame, columns={"est": column}).to_text(36).splitlines()
    assert lines[2].split() == ["Construct", "Largest"]
    assert lines[3].strip() == "difference"
    assert lines[5] == "Buyer trust in suppliers       1.234"


def test_an_attribute_cannot_be_left():
    table = Table('x" onload="alert(1)', "t", pd.DataFrame({"a": [1]}))
    assert 'id="table-x&#34; onload=&#34;alert(1)"' in str(table.to_html())


def test_markdown_cannot_be_broken_by_a_label(table):
    lines = table.to_markdown().splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 4
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)
    assert r"\<script\>" in rows[3]
    assert r"\*a\_b\* \`c\` \[d\](e)" in rows[3]
    assert "**-0.230**ᵃ" in rows[2]


def test_a_spreadsheet_sees_no_formula_and_true_numbers():
    texts = ["=1+1", "+1", "-1", "@cmd", "\tx", "\rx", "plain"]
    frame = pd.DataFrame({"=name": texts, "est": [-0.23, 1e-9, 5.0, float("nan"), 1, 2, 3]})
    rows = list(csv.reader(io.StringIO(Table("t", "t", frame).to_csv(), newline="")))
    assert rows[0] == ["'=name", "est"]
    assert [row[0] for row in rows[1:7]] == ["'=1+1", "'+1", "'-1", "'@cmd", "'\tx", "'\nx"]
    assert rows[7][0] == "plain"
    assert [row[1] for row in rows[1:]] == ["-0.23", "1e-09", "5", "", "1", "2", "3"]


def test_csv_keeps_numbers_unrounded_and_limits_apart(table):
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert float(rows[0]["pvalue"]) == 0.0901
    assert (rows[0]["ci_lower"], rows[0]["ci_upper"]) == ("-0.5", "0.04")


def test_text_for_a_terminal_has_no_control_characters_and_fits(table):
    text = table.to_text(60)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 60
    assert "-0.230ᵃ  [-0.500, 0.040]  .090" in text
    assert text.splitlines()[:2] == ["Table 3", "Paths <b>"]


def test_an_ordinary_word_is_not_broken_to_fit():
    frame = pd.DataFrame({"construct": ["Industrialization of 1960"], "est": [1.0]})
    assert "Industrialization" in Table("t", "t", frame).to_text(20)


def test_columns_line_up_under_wide_characters():
    frame = pd.DataFrame({"construct": ["信頼", "ab"], "est": [1.0, 2.0]})
    rows = Table("t", "t", frame).to_text().splitlines()[4:6]
    assert rows == ["信頼       1.000", "ab         2.000"]


def test_rows_of_a_group_stand_under_its_title():
    frame = pd.DataFrame({"construct": ["A", "A", "B"], "item": ["a1", "a2", "b1"]})
    table = Table("t", "t", frame, group_by="construct", group_titles={"A": "A (α = .9)"})
    assert table.to_text().splitlines()[4:9] == ["A (α = .9)", "a1", "a2", "B", "b1"]
    assert str(table.to_html()).count('class="group"') == 2
    assert "| **B** |" in table.to_markdown()


def test_a_long_table_says_what_it_leaves_out_and_the_csv_holds_all():
    table = Table("t", "t", pd.DataFrame({"item": list("abcdef")}), limit=2)
    assert "Showing 2 of 6 rows." in table.to_text()
    assert len(table.to_csv().splitlines()) == 7


def test_a_labelled_index_becomes_the_first_column():
    frame = pd.DataFrame({"cfi": [0.95]}, index=pd.Index(["Mt"], name="model"))
    assert Table("t", "t", frame).to_frame().columns.tolist() == ["model", "cfi"]


def test_formats_can_differ_by_column_and_by_cell():
    frame = pd.DataFrame({"measure": ["CFI", "df"], "value": [0.95, 24.0]})
    table = Table(
        "t",
        "t",
        frame,
        columns={"value": Column("Value", BOUNDED)},
        cell_formats={(1, "value"): Format("count")},
    )
    assert [line.split()[-1] for line in table.to_text().splitlines()[4:6]] == [".950", "24"]


def test_the_frame_of_a_table_cannot_be_changed_through_it(table):
    frame = table.to_frame()
    frame.loc[0, "est"] = 9.0
    assert table.frame.loc[0, "est"] == -0.23


def test_a_sentence_is_set_with_italics_and_true_minus_and_stays_escaped():
    html = str(to_html(typeset("<b> z = -2.10, p < .001, N = 75; bt4 -> x1-x3")))
    assert html.startswith("&lt;b&gt; <i>z</i>&nbsp;=&nbsp;\N{MINUS SIGN}2.10")
    assert "<i>p</i>&nbsp;&lt;&nbsp;.001" in html
    assert "bt4 -&gt; x1-x3" in html
