"""The report of a study: complete, in order, safe, honest, the same twice."""

from __future__ import annotations

import csv
import dataclasses
import html
import json
import os
import re
import shutil
import subprocess
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from trustsem.display import BOUNDED, ESTIMATE, fit_line
from trustsem.errors import UnknownOptionError
from trustsem.report import prose, text_summary, write_report
from trustsem.report.html import block_html
from trustsem.report.sections import findings_list

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)

PAGE = ("html", "json")


@pytest.fixture(scope="module")
def written(bollen, tmp_path_factory):
    return write_report(bollen, tmp_path_factory.mktemp("out") / "bollen")


@pytest.fixture(scope="module")
def page(written):
    return (written / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def without_pictures(monkeypatch):
    """Save the time of PNG files where they are not looked at."""
    monkeypatch.setattr("trustsem.report.study_report._write_figures", lambda *_: [])


def words(page):
    """Return what a reader sees, tags and entities resolved."""
    body = re.sub(r"<(style|title)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", body)).replace("\xa0", " ")


def plain_letters(text):
    """Return text without accents, as keys of references are written."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


class Tags(HTMLParser):
    """Collects tags and attributes as a browser would see them."""

    def __init__(self, page):
        super().__init__()
        self.seen, self.open, self.unbalanced = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "link", "img", "input", "hr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)


def test_everything_is_there(written):
    names = {path.relative_to(written).as_posix() for path in written.rglob("*") if path.is_file()}
    assert {"report.html", "results.json", "manifest.json"} <= names
    for view in ("measurement", "structural", "conceptual", "full"):
        assert {f"figures/{view}.svg", f"figures/{view}.png"} <= names
    for table in ("loadings", "reliability", "discriminant", "hypotheses", "models", "covariances"):
        assert f"tables/{table}.csv" in names


def test_the_manifest_names_inputs_and_holds_the_hash_of_every_other_file(written):
    manifest = json.loads((written / "manifest.json").read_text())
    assert manifest["program"] == "trustsem"
    assert manifest["failures"] == []
    assert manifest["rerun"]["study"] == "bollen1989"
    assert {entry["role"] for entry in manifest["inputs"]} == {"study", "data"}
    files = {path.relative_to(written).as_posix() for path in written.rglob("*") if path.is_file()}
    assert set(manifest["outputs"]) == files - {"manifest.json"}


def test_the_page_is_one_safe_file(page):
    tags = Tags(page)
    assert not tags.unbalanced
    assert not tags.open
    assert not {"script", "link", "iframe", "object", "img", "form"} & {tag for tag, _ in tags.seen}
    assert not [name for _, attrs in tags.seen for name in attrs if name.startswith("on")]
    links = [attrs["href"] for _, attrs in tags.seen if "href" in attrs]
    assert all(link.startswith("#") for link in links)
    policy = next(a["content"] for t, a in tags.seen if t == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy


def test_identifiers_are_unique_and_every_link_has_its_place(page):
    tags = Tags(page)
    names = [attrs["id"] for _, attrs in tags.seen if "id" in attrs]
    assert len(names) == len(set(names))
    assert {attrs["href"][1:] for tag, attrs in tags.seen if tag == "a"} <= set(names)


def test_sections_come_in_the_order_in_which_a_reader_needs_them(page):
    order = [
        'class="verdicts"', 'id="findings"', 'id="data"', 'id="measurement"', 'id="table-loadings"',
        'id="table-reliability"', 'id="table-discriminant"', 'id="structural"',
        'id="figure-structural"', 'id="table-hypotheses"', 'id="table-effects"',
        'id="table-models"', 'id="checks"', 'id="table-agreement"', 'id="local-fit"', 'id="text"',
        'id="appendix"', 'id="table-covariances"', 'class="definitions"', 'class="references"',
        'class="provenance"',
    ]  # fmt: skip
    places = [page.index(mark) for mark in order]
    assert places == sorted(places)


def test_tables_and_figures_are_numbered_in_order(page):
    numbers = re.findall(r'class="number">Table (A?\d+)<', page)
    body = [int(number) for number in numbers if not number.startswith("A")]
    appendix = [int(number[1:]) for number in numbers if number.startswith("A")]
    assert body == list(range(1, len(body) + 1))
    assert appendix == list(range(1, len(appendix) + 1))


def test_sentences_show_the_numbers_of_the_tables(bollen, page):
    shown = words(page)
    for _, row in bollen.structural.hypotheses.iterrows():
        beta = BOUNDED.text(row["std_all"], "typeset")
        assert f"β = {beta}, b = {ESTIMATE.text(row['est'], 'typeset')}" in shown
    model = bollen.measurement.model
    assert fit_line(model.fit_measures, model.n_obs, "typeset") in shown


def test_every_source_that_is_named_is_in_the_references(bollen, page):
    references = page[page.index('class="references"') :]
    for finding in bollen.findings:
        if finding.source:
            assert finding.source[:-4].capitalize() in plain_letters(references)


def test_step_two_shows_sequence_tests_tree_and_loadings(written, page):
    for mark in (
        'id="table-models"', 'id="table-sequential-tests"', 'id="table-confounding"',
        'id="table-chains"',
    ):  # fmt: skip
        assert mark in page
    shown = words(page)
    assert "Decision: the theory (Mt) is accepted." in shown
    assert "Industrialization 1960 → Democracy 1960 → Democracy 1965" in shown
    assert "Accept Mt" in shown
    assert (written / "figures" / "tests.svg").is_file()
    for source in ("Burt, R. S. (1976)", "Steiger, J. H., Shapiro", "Sobel, M. E. (1982)"):
        assert source in shown
    models = (written / "tables" / "models.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in models[1:]] == ["Ms", "Mu", "Mt", "Mc", "Mn"]


def test_csv_files_hold_the_unrounded_numbers(bollen, written):
    with (written / "tables" / "hypotheses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["est"]) for row in rows] == bollen.structural.hypotheses["est"].tolist()


def test_figures_are_images(written):
    for path in (written / "figures").iterdir():
        if path.suffix == ".svg":
            assert ET.parse(path).getroot().tag.endswith("svg")  # noqa: S314  (our own file)
        else:
            assert path.read_bytes().startswith(b"\x89PNG")


def test_equal_inputs_give_equal_bytes(bollen, written, tmp_path):
    again = write_report(bollen, tmp_path / "again")
    for path in written.rglob("*"):
        if path.is_file() and path.name != "manifest.json":
            assert path.read_bytes() == (again / path.relative_to(written)).read_bytes(), path.name


@pytest.mark.usefixtures("without_pictures")
def test_synthetic_data_are_announced_before_anything_else(synthetic, tmp_path):
    page = (write_report(synthetic, tmp_path / "out", PAGE) / "report.html").read_text(
        encoding="utf-8"
    )
    assert "<title>[Synthetic data]" in page
    assert words(page).strip().startswith("SYNTHETIC DATA")
    assert text_summary(synthetic).startswith("SYNTHETIC DATA")
    paper = page[page.index('id="text"') : page.index('id="appendix"')]
    assert paper.index("SYNTHETIC DATA") < paper.index("two-step approach")
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert list(document).index("notice") < list(document).index("measurement")


def test_a_measurement_only_study_has_one_step(holzinger, tmp_path):
    folder = write_report(holzinger, tmp_path / "out")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="structural"' not in page
    assert json.loads((folder / "manifest.json").read_text())["failures"] == []
    assert not (folder / "figures" / "structural.svg").exists()


@pytest.mark.usefixtures("without_pictures")
def test_a_banner_stands_before_the_numbers_of_an_inadmissible_solution(improper, tmp_path):
    folder = write_report(improper, tmp_path / "out", PAGE)
    page = (folder / "report.html").read_text(encoding="utf-8")
    banner = page.index("is inadmissible (a negative variance")
    assert banner < page.index('class="facts"') < page.index("CFI")
    for section in ("measurement", "structural", "local-fit", "appendix"):
        part = page[page.index(f'<section id="{section}"') :]
        assert part.index('class="callout banner"') < part.index("<table")
    summary = text_summary(improper)
    assert summary.index("WARNING: The solution") < summary.index("CFI")
    assert "inadmissible" in prose.measurement_results(improper)


def test_hostile_labels_stay_text_in_every_file(improper, tmp_path):
    folder = write_report(improper, tmp_path / "out")
    page = (folder / "report.html").read_text(encoding="utf-8")
    tags = Tags(page)
    assert not {"script", "img"} & {tag for tag, _ in tags.seen}
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    for path in folder.rglob("*.svg"):
        assert ET.parse(path).getroot() is not None  # noqa: S314  (our own file)
        assert "<img" not in path.read_text(encoding="utf-8")
    for path in (folder / "tables").iterdir():
        with path.open(newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.startswith("=")], path.name
    assert {path.name for path in folder.iterdir()} == {
        "report.html", "report.docx", "results.json", "manifest.json", "tables", "figures",
    }  # fmt: skip


@pytest.mark.usefixtures("without_pictures")
def test_a_part_that_fails_is_a_line_and_the_rest_is_there(bollen, tmp_path):
    broken = dataclasses.replace(
        bollen,
        structural=dataclasses.replace(
            bollen.structural, effects=bollen.structural.effects.drop(columns="outcome")
        ),
    )
    folder = write_report(broken, tmp_path / "out", PAGE)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.index("Parts of this report could not be made") < page.index('id="findings"')
    assert "effects: not available (KeyError" in page
    assert 'id="table-hypotheses"' in page
    failures = json.loads((folder / "manifest.json").read_text())["failures"]
    assert [line.partition(":")[0] for line in failures] == [
        "figure of paths", "effects", "results paragraph of step two",
    ]  # fmt: skip


@pytest.mark.usefixtures("without_pictures")
def test_formats_can_be_chosen_and_unknown_ones_are_refused(holzinger, tmp_path):
    folder = write_report(holzinger, tmp_path / "out", formats=("json",))
    assert not (folder / "report.html").exists()
    with pytest.raises(UnknownOptionError, match="Did you mean 'html'"):
        write_report(holzinger, tmp_path / "other", formats=("htm",))
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("without_pictures")
def test_an_interrupted_report_leaves_nothing(holzinger, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("trustsem.report.study_report.results_document", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(holzinger, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_many_findings_of_one_kind_are_folded_but_never_serious_ones(bollen):
    warning = next(finding for finding in bollen.findings if finding.severity == "warning")
    serious = dataclasses.replace(warning, severity="serious")
    (block,) = findings_list([warning] * 5 + [serious] * 5)
    listed = str(block_html(block))
    opened, _, folded = listed.partition("<details>")
    assert opened.count('<li class="serious"') == 5
    assert opened.count('<li class="warning"') == 3
    assert folded.count('<li class="warning"') == 2


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium browser is installed")
def test_a_browser_opens_the_page_offline_and_shows_it(written, tmp_path):
    picture = tmp_path / "page.png"
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1280,1600",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--screenshot={picture}",
    ]  # fmt: skip
    address = (written / "report.html").resolve().as_uri()
    done = subprocess.run(
        [CHROMIUM, *flags, address], capture_output=True, timeout=50, check=False, env=os.environ
    )
    assert picture.is_file(), done.stderr.decode(errors="replace")[-500:]
    assert picture.stat().st_size > 50_000
    assert b"Content Security Policy" not in done.stderr


def test_every_table_is_at_hand_by_the_name_of_its_file(bollen, written):
    files = {path.stem: path for path in (written / "tables").iterdir()}
    assert set(files) == {*bollen.tables(), "checklist"}
    for name, table in bollen.tables().items():
        assert table.to_csv() == files[name].read_text(encoding="utf-8")
        assert table.number == ""


def test_the_tables_show_their_contents(bollen):
    tables = bollen.tables()
    contents = tables.to_frame().set_index("name")
    assert list(contents.index) == list(tables)
    assert contents.loc["hypotheses", "n_rows"] == 3
    for shown in (repr(tables), tables._repr_html_(), tables._repr_markdown_()):
        assert "Hypotheses" in shown
        assert "Measurement Model: Loadings" in shown


def test_a_table_that_does_not_exist_is_refused(bollen, holzinger):
    assert bollen.table("hypotheses").frame["hypothesis"].tolist() == ["H1", "H2", "H3"]
    with pytest.raises(UnknownOptionError, match="Did you mean 'hypotheses'"):
        bollen.table("hypothesis")
    with pytest.raises(UnknownOptionError, match="loadings"):
        holzinger.table("hypotheses")
