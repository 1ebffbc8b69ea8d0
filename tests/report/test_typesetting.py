"""Any text stays the same text in HTML, LaTeX and Markdown, and commands none of them."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustsem import display
from trustsem.typesetting import (
    Run,
    emphasised,
    escape_latex,
    escape_markdown,
    has_other_script,
    joined,
    marked,
    plain,
    raised,
    to_html,
    to_latex,
    to_markdown,
    to_plain,
    typeset,
)

TEXTS = st.text(max_size=60)
HOSTILE = st.text(alphabet="\\`*_{}[]<>|#~$^&%\"'-+=.!@:/ \n\tab1é中ß", max_size=40)
RUNS = st.builds(
    Run,
    HOSTILE,
    italic=st.booleans(),
    bold=st.booleans(),
    script=st.sampled_from(("", "sub", "sup")),
)


@given(TEXTS | HOSTILE)
def test_html_reads_back_as_the_same_text(text):
    written = str(to_html(plain(text)))
    assert "<" not in written
    assert html.unescape(written) == html.unescape(html.escape(display.printable(text)))


@given(st.lists(RUNS, max_size=4))
def test_html_of_runs_holds_no_tag_but_ours(runs):
    written = str(to_html(tuple(runs)))
    assert set(re.findall(r"<[^>]*>", written)) <= {
        f"<{end}{tag}>" for end in ("", "/") for tag in ("i", "b", "sub", "sup")
    }
    assert html.unescape(re.sub(r"<[^>]*>", "", written)) == display.printable(
        to_plain(tuple(runs))
    )


@given(TEXTS | HOSTILE)
def test_latex_has_no_command_that_a_text_brought(text):
    written = escape_latex(text)
    ours = re.sub(r"\\([a-zA-Z]+|[&%$#_{},\-])", "", written)
    assert not re.search(r"[\\&%$#_^]", ours)
    depth = 0
    for brace in re.sub(r"\\[{}]", "", written):
        depth += (brace == "{") - (brace == "}")
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("50% & $5 #1 a_b", r"50\% \& \$5 \#1 a\_b"),
        ("--", r"-{\kern0pt}-"),
        ("''", r"'{\kern0pt}'"),
        ("* a", "{*} a"),
        ("[1]", "{[}1{]}"),
        ("p\N{NO-BREAK SPACE}≤ .05", r"p~\ensuremath{\leq} .05"),
        ("R²", r"R\textsuperscript{2}"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
    ],
)
def test_latex_of_marks(text, written):
    assert escape_latex(text) == written


@given(HOSTILE | TEXTS)
def test_markdown_is_one_line_whose_marks_are_all_escaped(text):
    written = escape_markdown(text)
    assert len(written.splitlines()) <= 1
    unescaped = re.sub(r"\\.", "", written)
    assert not re.search(r"[\\`*_\[\]<>|#~$]", unescaped)


def test_markdown_makes_no_entity_and_no_address():
    assert escape_markdown("&lt; &#60; R&D a & b") == r"\&lt; \&#60; R\&D a & b".replace("#", r"\#")
    assert escape_markdown("https://x www.x.org a@b.c") == r"https\://x www\.x.org a\@b.c"


def test_styles_nest_and_blanks_stay_outside_of_marks():
    text = (Run(" a ", italic=True, bold=True), Run("i", script="sub"))
    assert to_html(text) == "<b><i> a </i></b><sub>i</sub>"
    assert to_latex(text) == r"\textbf{\textit{ a }}\textsubscript{i}"
    assert to_markdown(text) == " ***a*** <sub>i</sub>"


def test_statistics_are_set_as_journals_set_them():
    runs = typeset("z = -2.10, CFI = .95 (x1-x3)")
    assert runs[0] == Run("z", italic=True)
    assert to_plain(runs) == (f"z\xa0=\xa0{display.MINUS}2.10, CFI\xa0=\xa0.95 (x1-x3)")


def test_notation_is_read_and_anything_else_refused():
    assert marked("<i>R</i>² &gt; 0") == (Run("R", italic=True), Run("² > 0"))
    for wrong in ("<u>x</u>", "<i class='a'>x</i>", "</b>"):
        with pytest.raises(ValueError, match=r"notation|closes nothing"):
            marked(wrong)


def test_empty_texts_leave_no_blanks():
    assert to_plain(joined(["a", "", (), plain("b")])) == "a b"
    assert raised("") == ()
    assert emphasised(plain("a")) == (Run("a", bold=True),)


def test_letters_that_pdflatex_lacks_are_known():
    assert has_other_script(plain("信頼"))
    assert has_other_script(plain("Доверие"))
    assert not has_other_script(plain("Łódź, naïve, R² = β₁ ᵃ ≤ 5 — “x”"))
