"""The report as LaTeX: it compiles as it stands, and prints every label as it is."""

from __future__ import annotations

import dataclasses
import re
import subprocess

import hostile_report
import pandas as pd
import pytest

from programs import needs_latex
from trustsem.display import Column, Format
from trustsem.report import write_report
from trustsem.report.blocks import Composed
from trustsem.report.latex import latex_report
from trustsem.tables import Notes, Table
from trustsem.tables.layout import LATEX
from trustsem.tables.paper import LATEX_PAPER, setting


@pytest.fixture(scope="module")
def text():
    return latex_report(hostile_report.front(), hostile_report.composed(), ["a part: missing_1"])


def compiled(folder, name="report"):
    """Compile a document; return its words and its log."""
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", name],
        cwd=folder, capture_output=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    words = subprocess.run(
        ["pdftotext", "-layout", f"{name}.pdf", "-"],
        cwd=folder, capture_output=True, timeout=30, check=True,
    ).stdout.decode()  # fmt: skip
    return words, (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def overfull(log):
    """Return by how many points boxes are too wide."""
    return [float(size) for size in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]


def test_no_label_is_a_command(text):
    for command in (r"\input{", r"\write18", "^^5c"):
        assert command not in text
    assert text.count(r"\begin{document}") == 1


def test_what_is_missing_is_said_before_the_sections(text):
    assert text.index(r"a part: missing\_1") < text.index(r"\section*")


def test_the_notice_is_in_the_first_lines_and_on_every_page(text):
    notice = r"SYNTHETIC DATA: 100\% made \& not\_collected."
    head, body = text.split(r"\begin{document}")
    assert rf"\color{{alarm}}{notice}" in head
    assert body.index(notice) < body.index(r"\LARGE")
    assert "{[}Synthetic data{]}" in body


def test_editors_are_told_when_pdflatex_lacks_letters(text):
    assert text.startswith("% !TeX program = lualatex")
    assert r"\letterornumber{5BA2}{客}" in text
    everything = hostile_report.composed().chapters[0]
    latin = Composed((dataclasses.replace(everything, blocks=everything.blocks[:1]),), ())
    front = dataclasses.replace(hostile_report.front(), banners=(), facts=())
    assert latex_report(front, latin, []).startswith("% Compiles with")


def test_the_letter_of_a_note_hangs_and_a_missing_number_is_a_dash():
    table = hostile_report.table().to_latex()
    assert r"1.000\rlap{\textsuperscript{a}}" in table
    assert r"\textemdash{}" in table


def test_a_first_cell_cannot_begin_with_an_argument_of_the_row_before():
    frame = pd.DataFrame({"construct": ["a", "* b", "[2pt] c"]})
    rows = Table("t", "t", frame).to_latex()
    assert not re.search(r"\\\\\*?\s*\n\s*[*\[]", rows)


def test_headers_wrap_before_numbers_and_tables_turn_before_they_are_torn():
    def table(n_columns):
        frame = pd.DataFrame({f"c{i}": [1234.5678] for i in range(n_columns)})
        header = Column("Largest difference", Format("number", 4))
        return Table("t", "t", frame, columns=dict.fromkeys(frame.columns, header)).sheet()

    upright, turned, parts = (setting(table(n), LATEX_PAPER) for n in (8, 15, 40))
    assert not upright.landscape
    assert turned.landscape
    assert len(turned.parts) == 1
    assert len(parts.parts) > 1
    for chosen in (upright, turned, parts):
        for part in chosen.parts:
            assert LATEX.total(part.widths(chosen.line, LATEX)) <= chosen.line + LATEX.step


@needs_latex
def test_pdflatex_prints_every_kind_of_block_and_every_label(text, tmp_path):
    (tmp_path / "report.tex").write_text(text, encoding="utf-8")
    words, log = compiled(tmp_path)
    shown = re.sub(r"\s+", " ", words.replace("’", "'"))
    start = 0
    for part in ("SYNTHETIC DATA: 100% made & not_collected.", "[Synthetic data] T & 50% of $100"):
        start = shown.index(part, start)
    for label in (
        r"#1 a_b {c} ~d ^e \f \"g\" 'h' `i` <j> |k| [l] --- ?` ,, '' * \\".replace('\\"', '"'),
        "<script>alert(1)</script>", "Müller Šárka Żółw Ærø naïve", "[U+0414][U+043E]",
        "Below all parts.", "At the end.", "Table 3 (continued)",
    ):  # fmt: skip
        assert label in shown, label
    assert re.search(r"1\.000\s?a\b", shown)
    assert not re.search(r"^!|undefined", log, re.MULTILINE)
    assert "Missing character" not in log


@needs_latex
def test_a_fragment_compiles_with_the_packages_that_it_names(tmp_path):
    fragments = [
        hostile_report.table().to_latex(),
        hostile_report.wide_table().to_latex(),
        hostile_report.long_table().to_latex(),
    ]
    packages = re.match(r"% Load in the preamble: (.*)\.\n", fragments[0])[1]
    latin = "\n".join(re.sub(r"[^\x00-\u024f“”]", "?", text) for text in fragments)
    document = (
        "\\documentclass[11pt,a4paper]{article}\n\\usepackage[T1]{fontenc}\n"
        f"\\usepackage[margin=22mm]{{geometry}}\n\\usepackage{{{packages}}}\n"
        f"\\begin{{document}}\n{latin}\n\\end{{document}}\n"
    )
    (tmp_path / "report.tex").write_text(document, encoding="utf-8")
    words, _ = compiled(tmp_path)
    assert "Too Wide for a Page (continued)" in re.sub(r"\s+", " ", words)
    assert "parameter 89" in words


@needs_latex
def test_a_study_compiles_in_place_without_overfull_lines(bollen, tmp_path):
    folder = write_report(bollen, tmp_path / "out", ("latex",))
    words, log = compiled(folder)
    assert max(overfull(log), default=0) < 10
    assert "LaTeX Warning" not in log.replace("LaTeX Warning: Label(s) may have changed", "")
    place = 0
    for part in (
        "Industrialization and political democracy", "Figure 1", "Step One: Measurement Model",
        "Measurement Model: Loadings", "Step Two: Structural Model", "Hypotheses",
        "Note. χ2", "Appendix", "References",
    ):  # fmt: skip
        place = words.replace("\x0c", "").find(part, place)
        assert place >= 0, part


def test_notes_are_in_the_order_of_the_apa():
    table = Table("t", "t", pd.DataFrame({"est": [1.0]}), notes=Notes("General.", ("Own.",), "p"))
    latex = table.to_latex()
    assert latex.index("General.") < latex.index("Own.") < latex.index(r"\noindent p\par")
