"""Text from outside is text in every output: it is no tag, command, formula or escape sequence."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile

import docx
import pandas as pd
import pytest
from hostile_texts import CONSTRUCTS, FILE, HOSTILE, answers, hostile_study, hostile_survey
from outputs import Page, steering

import trustsem as ts
from programs import needs_latex
from trustsem.cli import main
from trustsem.display import printable
from trustsem.errors import PlanError, TrustsemError
from trustsem.findings import Finding, Findings
from trustsem.study import reflective
from trustsem.tables import Notes, Table
from trustsem.tables import Page as Shelf
from trustsem.typesetting import escape_latex

FORMULA = ("=", "+", "-", "@", "\t", "\r")
LARGEST = 400_000
"""Characters of what a notebook shows of one object."""


def shown(result):
    """Return everything of a study that displays itself."""
    return {
        "study": result.study,
        "result": result,
        "verdict": result.verdict,
        "models": result.models,
        "findings": result.findings,
        "finding": result.findings[0],
        "measurement": result.measurement,
        "measurement model": result.measurement.model,
        "structural": result.structural,
        "structural model": result.structural.model,
        "sequence": result.structural.comparison,
        "decision": result.structural.decision,
        "invariance": result.invariance,
        "rivals": result.structural.rivals,
        "influence": result.influence,
        "influence of a model": result.influence.structural,
    }


@pytest.fixture(params=HOSTILE, scope="module")
def text(request):
    """Return one hostile text after the other."""
    return HOSTILE[request.param]


def table_of(text):
    """Return a table with a text in every place."""
    frame = pd.DataFrame({text: [text, "b"], "group": [text, text], "n": [1.0, -0.5]})
    return Table(
        "t", text, frame, notes=Notes(text, (text,), text), group_by="group", marks={(0, "n"): "a"}
    )


def page_of(text):
    """Return a page with a text in every place."""
    findings = Findings([Finding(text, text, text, "serious", remedy=text, about=text)])
    lines = (tuple(map(str, findings)), (text, text))
    return Shelf((*lines, table_of(text)), title=text, notice=text)


@pytest.fixture
def table(text):
    """Return the table with a hostile text."""
    return table_of(text)


@pytest.fixture
def page(text):
    """Return the page with a hostile text."""
    return page_of(text)


# -- each text in each medium ---------------------------------------------------------------------


def test_a_page_for_a_terminal_holds_no_character_that_steers_it(page):
    assert not steering(page.to_text())


def test_a_text_never_begins_a_line_of_its_own_on_a_page(page):
    n_lines = len(page.to_text().splitlines())
    lines = page.to_text().split("\n")
    assert n_lines == len(lines)
    assert not [line for line in lines if line.startswith("SERIOUS [forged]")]


def test_a_page_of_html_has_the_tags_and_attributes_of_a_harmless_one(page):
    found = Page(page.to_html())
    assert found.kinds == Page(page_of("harmless").to_html()).kinds
    assert not found.unbalanced
    assert not found.open
    assert not found.comments
    assert not steering("".join(found.words))


def test_html_shows_the_text_itself(text):
    found = Page(Shelf(((text,),)).to_html())
    assert printable(text).strip()[:50] in "".join(found.words)


def test_markdown_has_no_link_html_or_further_cell(page):
    written = page.to_markdown()
    plain = re.sub(r"\\[\\`*_{}\[\]<>|#~$]", "", written)
    assert not re.search(r"<(?!/?su[bp]>)|\]\(|`", plain)
    assert not steering(written)
    cells = [line for line in written.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in cells} == {3}
    assert "\nSERIOUS \\[forged" not in written


def test_latex_escapes_every_special_character(text):
    written = escape_latex(text)
    bare = re.sub(
        r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar"
        r"|textquotedbl|textasciigrave|textemdash|textendash|ldots|textbullet)\{\}"
        r"|\\[&%$#_{}]|\{\[\}|\{\]\}|\{\*\}|\{\\kern0pt\}|\\ensuremath\{[^}]*\}|\\textsuperscript\{.\}",
        "",
        written,
    )
    assert not re.search(r"[\\&%$#_{}~^<>|\"`\[\]*]", bare.replace("~", ""))
    assert not steering(written)


def test_csv_has_no_formula_and_comes_back_as_rows(table):
    rows = list(csv.reader(io.StringIO(table.to_csv(), newline="")))
    assert {len(row) for row in rows} == {3}
    texts = [cell for row in rows for cell in row if not re.fullmatch(r"-?[\d.]+", cell)]
    assert not [cell for cell in texts if cell.startswith(FORMULA)]
    assert rows[1][2] == "1"
    assert rows[2][2] == "-0.5"


def test_word_opens_and_holds_the_text(table, text, tmp_path):
    path = table.to_docx(tmp_path / "t.docx")
    document = docx.Document(str(path))
    (grid,) = document.tables
    words = " ".join(cell.text for row in grid.rows for cell in row.cells)
    kept = "".join(letter for letter in printable(text) if letter.isalnum())[:40]
    assert kept in "".join(letter for letter in words if letter.isalnum())


def test_svg_parses_and_has_no_further_element(text):
    model = ts.cfa("a =~ a1 + a2 + a3\nb =~ b1 + b2 + b3", answers())
    drawn = {
        words: model.draw(view="measurement", labels={"a": words}, title=words).svg()
        for words in (text, "harmless")
    }
    names = [
        {element.tag for element in ET.fromstring(svg).iter()}  # noqa: S314  (own output)
        for svg in drawn.values()
    ]
    assert names[0] == names[1]


def test_a_message_of_an_error_steers_no_terminal(text):
    for make in (
        lambda: ts.cfa(f"a =~ {text}", answers()),
        lambda: ts.cfa("a =~ a1 + a2 + a3", answers(), estimator=text),
        lambda: ts.cfa("a =~ a1 + a2 + a3", answers(), group=text),
        lambda: ts.load_study(text),
        lambda: ts.two_step("bollen1989", text),
        lambda: ts.Study(title="t", constructs={f"{text} !": "a1:a3"}),
        lambda: ts.Study(title="t", constructs={"a": "a1:a3"}, hypotheses=[text]),
    ):
        with pytest.raises(TrustsemError) as refused:
            make()
        assert not steering(str(refused.value))


# -- a whole study --------------------------------------------------------------------------------


def test_the_hostile_study_is_one_that_can_be_judged(result):
    assert result.usable
    assert {construct.label for construct in result.study.constructs.values()} & {HOSTILE["equals"]}
    assert result.invariance is not None


def test_everything_prints_without_a_character_that_steers_a_terminal(result):
    for name, thing in shown(result).items():
        assert not steering(repr(thing)), name


def test_everything_has_the_tags_and_attributes_of_the_harmless_study(result, benign):
    for (name, thing), harmless in zip(shown(result).items(), shown(benign).values(), strict=True):
        found, expected = Page(thing._repr_html_()), Page(harmless._repr_html_())
        marks = {("sup", ""), ("sup", "class"), ("i", ""), ("title", ""), ("tspan", "")}
        assert found.kinds - expected.kinds <= marks, name
        assert not found.unbalanced, name
        assert not found.open, name


def test_no_display_is_larger_than_a_notebook_bears(result):
    for name, thing in shown(result).items():
        for write in ("_repr_html_", "_repr_markdown_", "_repr_latex_"):
            if hasattr(thing, write):
                assert len(getattr(thing, write)()) < LARGEST, (name, write)
        assert len(repr(thing)) < LARGEST, name


def test_the_plan_comes_back_from_its_toml(result, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(result.study.to_toml(), encoding="utf-8", newline="\n")
    assert ts.load_study(path).to_dict() == result.study.to_dict()


def test_the_report_writes_files_that_are_named_by_ids_and_nothing_else(report):
    names = {path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()}
    assert all(re.fullmatch(r"(?:(?:figures|tables)/)?[a-z0-9.-]+", name) for name in names)
    assert [path.name for path in report.parent.iterdir()] == [report.name]
    manifest = json.loads((report / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["outputs"]) | {"manifest.json"} == names
    assert manifest["failures"] == []
    assert manifest["inputs"][-1]["name"] == FILE


def test_the_html_report_is_balanced_and_runs_nothing(report):
    page = Page((report / "report.html").read_text(encoding="utf-8"))
    assert not page.unbalanced
    assert not page.open
    assert not {"script", "img", "iframe", "object", "link"} & {tag for tag, _ in page.kinds}
    assert not [name for _, name in page.kinds if name.startswith("on")]
    links = [value for name, value in page.values if name in ("href", "src", "xlink:href")]
    assert all(link.startswith("#") for link in links)
    assert not steering("".join(page.words))


def test_every_svg_of_the_report_parses_and_runs_nothing(report):
    figures = sorted((report / "figures").glob("*.svg"))
    assert figures
    for path in figures:
        root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314  (own output)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        allowed = {
            "svg", "title", "desc", "g", "rect", "ellipse", "path", "text", "tspan", "style",
            "defs", "use", "clipPath", "metadata",
        }  # fmt: skip
        assert tags <= allowed, path.name
        values = [pair for element in root.iter() for pair in element.attrib.items()]
        assert not [name for name, _ in values if name.startswith("on")], path.name
        assert all(link.startswith("#") for name, link in values if "href" in name), path.name
        styles = "".join(e.text or "" for e in root.iter() if e.tag.endswith("}style"))
        assert not re.search(r"@|url\(|expression|alert", styles), path.name


def test_every_csv_of_the_report_has_no_formula(report):
    for path in (report / "tables").glob("*.csv"):
        text = path.read_bytes().decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len({len(row) for row in rows}) == 1, path.name
        texts = [c for row in rows for c in row if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", c)]
        assert not [cell for cell in texts if cell.startswith(FORMULA)], path.name


def test_the_json_of_the_report_reads_back_with_the_words_as_they_were(report):
    document = json.loads((report / "results.json").read_text(encoding="utf-8"))
    study = hostile_study()
    assert document["study"] == {"name": study.name, "title": study.title}
    labels = [row["label"] for row in document["measurement"]["reliability"]]
    assert labels == [construct.label for construct in study.constructs.values()]


def test_the_word_report_opens_and_its_parts_are_well_formed(report):
    document = docx.Document(str(report / "report.docx"))
    assert len(document.tables) > len(CONSTRUCTS)
    with zipfile.ZipFile(report / "report.docx") as parts:
        for name in parts.namelist():
            assert not name.startswith(("/", ".."))
            if name.endswith((".xml", ".rels", ".svg")):
                ET.fromstring(parts.read(name))  # noqa: S314  (own output)


def test_the_markdown_report_has_no_html_but_its_own(report):
    text = (report / "report.md").read_text(encoding="utf-8")
    fences = re.sub(r"(?ms)^(`{3,}|~{3,}).*?^\1$", "", text)
    plain = re.sub(r"\\[\\`*_{}\[\]<>|#~$]", "", fences)
    assert not re.search(r"<(?!/?su[bp]>)", plain)
    assert "javascript:" not in "".join(re.findall(r"\]\([^)]*\)", plain))
    assert not steering(text)


@needs_latex
def test_the_latex_report_compiles_and_reads_no_other_file(report, tmp_path):
    folder = shutil.copytree(report, tmp_path / "report")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
    run = subprocess.run(
        [*command, "-recorder", "report.tex"],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout.decode("utf-8", "replace")[-1500:]
    assert "/etc/passwd" not in (folder / "report.fls").read_text(errors="replace")


@needs_latex
def test_what_a_notebook_exports_to_latex_compiles(result, tmp_path):
    things = [thing for thing in shown(result).values() if hasattr(thing, "_repr_latex_")]
    body = "\n\n".join(thing._repr_latex_() for thing in things)
    letters = {letter for letter in body if not letter.isascii()}
    declared = "".join(f"\\DeclareUnicodeCharacter{{{ord(c):04X}}}{{?}}\n" for c in sorted(letters))
    packages = "\\usepackage[T1]{fontenc}\\usepackage{array,booktabs,longtable,textcomp}\n"
    document = (
        f"\\documentclass{{article}}\n{packages}{declared}\\begin{{document}}\n{body}\n"
        "\\end{document}\n"
    )
    (tmp_path / "page.tex").write_text(document, encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout.decode("utf-8", "replace")[-1500:]


# -- the command line -----------------------------------------------------------------------------


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Return a function that runs a command in an empty directory, without figures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "trustsem.report.study_report._write_figures",
        lambda folder, *_: (folder / "figures").mkdir() or [],
    )

    def run(*args):
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        streams = capsys.readouterr()
        return stop.value.code, streams.out, streams.err

    return run


def test_a_hostile_name_chooses_no_directory(command, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    study = ts.Study(
        title=HOSTILE["ansi"],
        name=HOSTILE["path"],
        constructs={"a": "a1:a3", "b": "b1:b3"},
        hypotheses=["a -> b"],
        run={"second_engine": False},
    )
    (inside / "study.toml").write_text(study.to_toml(), encoding="utf-8")
    answers().to_csv(inside / "answers.csv", index=False)
    code, out, err = command(
        "replicate", "inside/study.toml", "--data", "inside/answers.csv", "--bootstrap", "0"
    )
    assert code == 0, err
    assert not steering(out + err)
    assert {path.name for path in tmp_path.iterdir()} == {"inside", "replications"}
    (folder,) = (tmp_path / "replications").iterdir()
    assert re.fullmatch(r"[\w-][\w.-]*", folder.name)
    assert (folder / "report.html").is_file()


@pytest.mark.parametrize("name", ["screen", "measure", "check"])
def test_commands_on_a_hostile_study_print_text_alone(command, tmp_path, name):
    survey = hostile_survey(tmp_path)
    study = hostile_study().to_toml()
    (tmp_path / "study.toml").write_text(study, encoding="utf-8", newline="\n")
    data = () if name == "check" else ("--data", survey)
    code, out, err = command(name, "study.toml", *data)
    assert code == 0, err
    assert not steering(out + err)
    assert "\nSERIOUS [forged]" not in out + err


def test_wrong_arguments_end_with_their_exit_code_and_plain_text(command):
    for text in ("script", "ansi", "bidi", "template", "format", "path"):
        code, out, err = command("replicate", HOSTILE[text])
        assert code == 2, text
        assert not steering(out + err), text
        assert "Traceback" not in err


# -- what no file can hold ------------------------------------------------------------------------


def test_half_a_surrogate_pair_is_refused_wherever_it_stands():
    half = "x\ud800"
    for wrong in (
        {"title": half},
        {"name": half},
        {"hypotheses": {half: "a -> b"}},
        {"reference": half},
        {"constructs": {"a": reflective("a1:a3", label=half)}},
        {"hypotheses": ["a -> b"], "rivals": {"r": {"add": ["b -> a"], "label": half}}},
        {"published": {"claims": {half: "x"}}},
    ):
        plan = {"title": "t", "constructs": {"a": "a1:a3", "b": "b1:b3"}, **wrong}
        with pytest.raises(PlanError, match="surrogate") as refused:
            ts.Study(**plan)
        assert not steering(str(refused.value))


def test_groups_are_named_by_hostile_levels_in_models_too():
    frame = answers().assign(
        who=lambda x: x["goal"].map({1: HOSTILE["script"], 2: HOSTILE["ansi"]})
    )
    model = ts.cfa("a =~ a1 + a2 + a3\nb =~ b1 + b2 + b3", frame, group="who")
    assert not steering(repr(model))
    assert "<script>" not in model._repr_html_()
    assert list(model.r2) == list(dict.fromkeys(frame["who"]))


def test_cases_are_called_by_a_hostile_index_in_text_alone():
    frame = answers()
    texts = [text[:300] for text in HOSTILE.values()]
    index = [f"{k} {texts[k % len(texts)]}" for k in range(len(frame))]
    found = ts.cfa("a =~ a1 + a2 + a3\nb =~ b1 + b2 + b3", frame.set_axis(index)).influence()
    page = Page(found._repr_html_())
    assert not {kind for kind, _ in page.kinds} & {"script", "img"}
    assert page.unbalanced == []
    assert not steering(found.summary())
    chart = found.chart()
    assert not steering(chart.description + chart.note)
    tree = ET.fromstring(chart.svg())  # noqa: S314  (own output)
    assert not [node for node in tree.iter() if "onload" in node.attrib]
    assert not [node for node in tree.iter() if node.tag.endswith("script")]
