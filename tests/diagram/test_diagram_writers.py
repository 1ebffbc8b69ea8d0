"""TikZ, DOT and the style of an SVG: text stays text, whatever it holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest
from diagram_models import GRAPHS, HYPOTHESES, LABELS, TABLES, buyer_trust

from trustsem.diagram import (
    Edge,
    Node,
    PathGraph,
    TreeEdge,
    TreeGraph,
    TreeNode,
    draw,
    draw_tree,
    graph_from_parameters,
)
from trustsem.diagram.text import text_width
from trustsem.diagram.tikz import latex

SVG = "{http://www.w3.org/2000/svg}"
LATEX_HOSTILE = r"\input{x} 50% & $a_1$ #2 {b} ~ ^ < > | \"q\" 'r' `s` -- ,,"
DOT_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|[\[\]{};,=]|[A-Za-z_][A-Za-z_0-9]*|-?[\d.]+)')


@pytest.fixture(scope="module")
def full():
    return draw(
        graph_from_parameters(buyer_trust(), labels=LABELS, hypotheses=HYPOTHESES, view="full")
    )


def _two(label, other="b"):
    nodes = (Node("a", "construct", label), Node("b", "construct", other))
    return draw(PathGraph(nodes, (Edge("a", "b", "path", "−.34***"),), note="A note. " * 40))


# -- TikZ ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50% & $1 #2 a_b {c}", r"50\% \& \$1 \#2 a\_b \{c\}"),
        ("\\end{document}", r"\textbackslash{}end\{document\}"),
        (
            "~ ^ < > |",
            r"\textasciitilde{} \textasciicircum{} \textless{} \textgreater{} \textbar{}",
        ),
        ("a -- b", r"a -{\kern0pt}- b"),
        ("−.34", r"\ensuremath{-}.34"),
        ("Δχ²", r"\ensuremath{\Delta}\ensuremath{\chi}\textsuperscript{2}"),
        ("two\nlines", "two lines"),
        ("Größe", "Größe"),
        ("right\u202eleft", "rightleft"),
    ],
)
def test_text_is_escaped_for_latex(text, written):
    assert latex(text) == written


def test_a_picture_has_no_preamble_and_a_document_one(full):
    picture, document = full.tikz(), full.tikz(standalone=True)
    assert "\\documentclass" not in picture
    assert picture.rstrip().endswith(r"\end{tikzpicture}")
    assert document.index(r"\begin{document}") < document.index(r"\begin{tikzpicture}")
    assert document.rstrip().endswith(r"\end{document}")
    assert picture == full.tikz()


def test_a_picture_holds_every_text_and_shape_of_the_scene(full):
    picture = full.tikz()
    texts = [text for mark in full.scene.marks for text in mark.texts]
    assert picture.count(r"\node[") == len(texts)
    shapes = sum(len(mark.shapes) - len(mark.texts) for mark in full.scene.marks)
    assert picture.count(r"\path[") == shapes
    assert "{H10: .40{*}{*}{*}}" in picture


def test_long_notes_are_not_cut_in_latex_or_dot():
    figure = _two("a")
    for text in (figure.tikz(), figure.dot()):
        assert text.count("note.") == 40


def test_letters_that_pdflatex_lacks_are_said_and_stop_it():
    for label in ("Доверие", "信任", "ثقة"):
        for standalone in (True, False):
            text = _two(label).tikz(standalone=standalone)
            assert label in text
            assert "XeLaTeX or LuaLaTeX" in text.splitlines()[3 if not standalone else 1]
            assert r"\errmessage" in text
    assert "errmessage" not in _two("Größe, Œuvre, ñandú, Řízení").tikz()
    assert "right to left" in _two("ثقة").tikz()
    assert "Noto Sans CJK" in _two("信任").tikz(standalone=True)


def _compiled(source, folder):
    program = shutil.which("pdflatex")
    if program is None or shutil.which("pdftotext") is None:
        pytest.skip("pdflatex or pdftotext is not installed")
    found = subprocess.run(["kpsewhich", "tikz.sty"], capture_output=True, check=False)
    if found.returncode:
        pytest.skip("the LaTeX package tikz is not installed")
    (folder / "figure.tex").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [program, "-interaction=nonstopmode", "-halt-on-error", "figure.tex"],
        cwd=folder,
        env=dict(os.environ),
        capture_output=True,
        check=False,
    )
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    assert "Missing character" not in log
    assert "(1 page," in log
    text = subprocess.run(
        ["pdftotext", "-layout", "figure.pdf", "-"], cwd=folder, capture_output=True, check=True
    )
    return text.stdout.decode()


def test_a_document_compiles_and_shows_its_texts(full, tmp_path):
    text = _compiled(full.tikz(standalone=True), tmp_path)
    for label in ("Buyer trust", "H1: .54***", "bt5", "not significant"):
        assert label in text


def test_hostile_labels_compile_to_themselves(tmp_path):
    text = " ".join(_compiled(_two(LATEX_HOSTILE).tikz(standalone=True), tmp_path).split())
    text = text.replace("’", "'")  # an apostrophe is set as one
    for piece in (r"\input{x}", "50%", "$a_1$", "#2", "{b}", "~", "^", r"\"q\"", "'r'", "`s`"):
        assert piece in text


def test_a_picture_can_be_read_into_a_document(full, tmp_path):
    (tmp_path / "part.tikz").write_text(full.tikz(), encoding="utf-8")
    source = (
        "\\documentclass{article}\\usepackage[paperwidth=30cm]{geometry}\\usepackage{tikz}"
        "\\usepackage[T1]{fontenc}\\usepackage{lmodern}"
        "\\begin{document}\\input{part.tikz}\\end{document}"
    )
    assert "Information" in _compiled(source, tmp_path)


# -- DOT -----------------------------------------------------------------------------------------


def _tokens(text):
    """Return the tokens of a DOT text; fails on anything that is none."""
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = DOT_TOKEN.match(text, place)
        assert match, text[place : place + 60]
        found.append(match[1])
        place = match.end()
    return found


def _statements(text):
    """Return nodes and edges of a DOT text; checks that brackets match."""
    nodes, edges, open_brackets = set(), [], []
    tokens = _tokens(text)
    for k, piece in enumerate(tokens):
        if piece in "{[":
            open_brackets.append(piece)
        elif piece in "}]":
            assert open_brackets.pop() == {"}": "{", "]": "["}[piece]
        elif piece == "->":
            edges.append((tokens[k - 1], tokens[k + 1]))
        elif piece.startswith('"') and tokens[k + 1] == "[" and tokens[k - 1] in ";{":
            nodes.add(piece)
    assert not open_brackets
    return nodes, edges


@pytest.mark.parametrize("name", ["six constructs, full", "twelve constructs, sixty items"])
def test_dot_holds_every_node_and_edge(name):
    figure = draw(GRAPHS[name]())
    nodes, edges = _statements(figure.dot())
    assert {f'"{node.id}"' for node in figure.graph.nodes} <= nodes
    wanted = {(f'"{edge.source}"', f'"{edge.target}"') for edge in figure.graph.edges}
    assert wanted <= set(edges)
    assert {end for edge in edges for end in edge} <= nodes


def test_dot_is_escaped():
    hostile = 'say "hi" \\N & <b>\n}'
    nodes = (Node(hostile, "construct", hostile), Node("b", "observed", "b"))
    figure = draw(PathGraph(nodes, (Edge(hostile, "b", "path", hostile),), note=hostile))
    declared, edges = _statements(figure.dot())
    assert len(declared) == 2
    assert len(edges) == 1
    assert r"\"hi\" \\N &amp; <b>" in figure.dot()


def test_places_in_dot_are_those_of_the_figure(full):
    line = next(row for row in full.dot().splitlines() if row.strip().startswith('"trust" ['))
    mark = next(m for m in full.scene.marks if dict(m.data).get("variable") == "trust")
    x, y = map(float, re.search(r'pos="([\d.]+),([\d.]+)!"', line).groups())
    assert x == pytest.approx(mark.outline.x, abs=0.01)
    assert y == pytest.approx(full.scene.height - mark.outline.y, abs=0.01)


def test_graphviz_reads_it(full):
    program = shutil.which("dot")
    if program is None:
        pytest.skip("Graphviz is not installed")
    subprocess.run([program, "-Tsvg"], input=full.dot().encode(), capture_output=True, check=True)


def test_decision_trees_are_written_too():
    nodes = (TreeNode("a", ("Mt − Ms", "p = .4"), taken=True), TreeNode("b", ("x_1 & y",)))
    figure = draw_tree(TreeGraph(nodes, (TreeEdge("a", "b", "significant"),), "Δχ² test."))
    assert r"x\_1 \& y" in figure.tikz()
    assert _statements(figure.dot()) == ({'"a"', '"b"'}, [('"a"', '"b"')])


@pytest.mark.parametrize("suffix", [".tikz", ".tex", ".dot", ".gv"])
def test_text_formats_are_saved_by_their_suffix(full, tmp_path, suffix):
    content = full.save(tmp_path / f"figure{suffix}").read_text(encoding="utf-8")
    expected = {".tikz": full.tikz(), ".tex": full.tikz(standalone=True)}.get(suffix, full.dot())
    assert content == expected


# -- SVG -----------------------------------------------------------------------------------------


def test_every_rule_of_the_style_is_bound_to_its_figure(full):
    other = draw(GRAPHS["chain of three"]())
    for figure in (full, other):
        root = ET.fromstring(figure.svg())  # noqa: S314  # own output
        style = root.find(f"{SVG}style").text
        name = root.get("id")
        rules = re.findall(r"([^{}]+)\{[^{}]*\}", style)
        assert len(rules) > 2
        for rule in rules:
            selectors = re.split(r",(?![^(]*\))(?![^\[]*\])", rule)
            assert all(selector.startswith(f"#{name}") for selector in selectors)
    assert full.svg().split('id="')[1].split('"')[0] not in other.svg()


def test_pointing_needs_no_script_and_no_foreign_files(full):
    text = full.svg()
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "@import" not in text
    assert "url(" not in text
    assert ":hover" in text


def test_names_of_variables_cannot_leave_the_style():
    hostile = "x\"] }</style><g onload='alert(1)'> \\ é"
    figure = draw(PathGraph((Node(hostile, "construct", "X"), Node("b", "construct", "B")), ()))
    root = ET.fromstring(figure.svg())  # noqa: S314  # own output
    style = root.find(f"{SVG}style").text
    assert "onload" in style
    assert "<" not in style
    assert style.count("{") == style.count("}") == 3
    assert not [element for element in root.iter() if element.get("onload")]


def test_the_description_says_what_the_figure_shows():
    table, _ = TABLES["six hypotheses and more"]()
    figure = draw(graph_from_parameters(table, labels=LABELS, hypotheses=HYPOTHESES))
    said = figure.scene.description
    assert "Information sharing to Market performance (H9: .11), not significant" in said
    assert "Explained variance: Information sharing .29" in said
    assert "Customer satisfaction & retention with Market performance (.12*)" in said
    measured = draw(graph_from_parameters(table, view="full")).scene.description
    assert "trust is measured by bt1 (.73), bt2 (.69)" in measured


def test_bold_titles_are_measured_wider():
    assert text_width("Group", 8.0) > 0
    figure = draw({"Group": GRAPHS["chain of three"](), "Other": GRAPHS["chain of three"]()})
    titles = [m.texts[0] for m in figure.scene.marks if "group" in m.classes.split()]
    assert [text.content for text in titles] == ["Group", "Other"]
    assert titles[0].box.right - titles[0].box.left > text_width("Group", titles[0].size)
