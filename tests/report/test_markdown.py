"""The report as Markdown: readable as it is, and nothing in it but what was meant."""

from __future__ import annotations

import re

import hostile_report
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustsem.report.blocks import Paragraph, References
from trustsem.report.markdown import block_markdown, markdown_report
from trustsem.tables import Table
from trustsem.typesetting import plain


@pytest.fixture(scope="module")
def text():
    return markdown_report(hostile_report.front(), hostile_report.composed(), [])


def rows_of(markdown):
    return [line for line in markdown.splitlines() if line.startswith("|")]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_every_row_has_as_many_cells_as_the_head(labels):
    frame = pd.DataFrame({"construct": labels, "est": [1.0] * len(labels)})
    rows = rows_of(Table("t", "t", frame).to_markdown())
    assert len(rows) == len(labels) + 2
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {3}


@pytest.mark.parametrize("text", ["1. a", "- a", "+ a", "= a", "12) a", "    code", "# a", "> a"])
def test_a_line_does_not_begin_what_its_text_looks_like(text):
    for line in (
        block_markdown(Paragraph(plain(text))),
        block_markdown(References((text,))).removeprefix("- "),
    ):
        assert not re.match(r"\s*([-+=#>]|\d+[.)])|\s{4}", line)


def test_the_notice_stands_first_and_tables_have_number_title_and_notes(text):
    assert text.startswith(r"> **SYNTHETIC DATA: 100% made & not\_collected.**")
    number = text.index("**Table 1**")
    head = text.index("| Item |")
    assert number < text.index(r"*T & 50%", number) < head < text.index("*Note.* N = 75.", head)
    assert "1.000ᵃ" in text
    assert "ᵃ Fixed & sure." in text


def test_no_control_character_is_left(text):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u2028]", text)


def test_a_reader_of_markdown_sees_no_html_link_or_image_of_a_label(text):
    markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = list(reader.parse(text))
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not kinds & {"html_block", "image", "link_open", "code_inline", "ordered_list_open"}
    assert {child.content for child in inline if child.type == "html_inline"} <= {
        "<sub>", "</sub>", "<sup>", "</sup>",
    }  # fmt: skip
    shown = " ".join(child.content for child in inline if child.type == "text")
    for label in hostile_report.LABELS[2:5]:
        assert label in shown
    assert "&lt;b&gt; &#60;b&#62;" in shown
    levels = {token.tag for token in tokens if token.type == "heading_open"}
    assert levels == {"h1", "h2", "h3"}
