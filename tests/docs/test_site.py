"""The site builds without a warning, is complete, reads offline, and links lead somewhere."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

import trustsem
from trustsem.references import REFERENCES

pytest.importorskip("sphinx", reason="the packages of the extra 'docs' are not installed")
pytest.importorskip("myst_nb", reason="the packages of the extra 'docs' are not installed")

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS / "_extensions"))

import finding_codes  # noqa: E402 - found by the line above
import generated  # noqa: E402 - the same
from mathml import mathml  # noqa: E402 - the same


class Page(HTMLParser):
    """What matters of a built page: its title, its targets, its links, what it loads."""

    def __init__(self, path):
        super().__init__()
        self.title, self.ids, self.links, self.loaded = "", set(), [], []
        self._in_heading = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id"))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("img", "script") and given.get("src"):
            self.loaded.append(given["src"])
        elif tag == "link" and given.get("rel") != "canonical":
            self.loaded.append(given["href"])
        self._in_heading = tag == "h1" or (self._in_heading and tag != "a")

    def handle_endtag(self, tag):
        self._in_heading = self._in_heading and tag != "h1"

    def handle_data(self, data):
        if self._in_heading:
            self.title += data


SOURCES = [
    path
    for path in sorted(DOCS.rglob("*.md"))
    if path.relative_to(DOCS).parts[0] not in {"notebooks", "project"}
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site once, warnings being errors."""
    place = tmp_path_factory.mktemp("documentation") / "site"
    outcome = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", DOCS, place],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(Path(trustsem.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert outcome.returncode == 0, outcome.stderr
    return place


@pytest.fixture(scope="module")
def pages(site):
    made = {"genindex.html", "search.html", "py-modindex.html"}
    paths = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    return {path: Page(path) for path in paths if path.name not in made}


@pytest.fixture(scope="module")
def names(site):
    """Return the names that the site documents, with their places."""
    raw = (site / "objects.inv").read_bytes()
    entries = zlib.decompress(raw.split(b"\n", 4)[4]).decode("utf-8")
    return set(re.findall(r"^(\S+) py:", entries, re.MULTILINE))


def test_every_page_has_a_title(pages):
    assert len(pages) > 40
    assert [path.name for path, page in pages.items() if not page.title.strip()] == []


def test_every_source_is_a_page(site):
    sources = [*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]
    lost = [
        path
        for path in sources
        if not (site / path.relative_to(DOCS)).with_suffix(".html").is_file()
    ]
    assert lost == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(DOCS)))
def test_links_lead_somewhere_where_the_sources_are_read(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?![a-z]+:)([^)#]+)", text):
        assert (path.parent / target).exists(), target


def test_every_notebook_of_the_project_is_a_page(site):
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert (site / "notebooks" / f"{path.stem}.html").is_file()


def test_internal_links_lead_somewhere(site, pages):
    dead = []
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            place, fragment = urldefrag(unquote(link))
            target = (path.parent / place).resolve() if place else path
            if target in pages:
                if fragment and fragment not in pages[target].ids:
                    dead.append((path.name, link))
            elif not target.is_file() and target != site:
                dead.append((path.name, link))
    assert dead == []


def test_pages_load_nothing_from_elsewhere(site, pages):
    assert [
        (path.name, source)
        for path, page in pages.items()
        for source in page.loaded
        if re.match(r"(?:https?:)?//", source)
    ] == []
    for sheet in (site / "_static").rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(?:@import|url\()\s*['\"]?(?:https?:)?//", text), sheet


def test_pages_know_no_machine(site):
    for path in site.rglob("*"):
        if path.suffix in {".html", ".js", ".json"} and "_static" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert str(ROOT) not in text, path
            assert not re.search(r"(?<![\w.])/(?:home|root|Users)/\w+", text), path


def test_search_finds_pages(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert "how_to/from_lisrel" in index
    assert "heterotrait" in index


@pytest.mark.parametrize("name", trustsem.__all__)
def test_every_public_name_is_documented(name, names):
    assert f"trustsem.{name}" in names


@pytest.mark.parametrize(
    "name",
    [
        "trustsem.ModelResult.parameters",
        "trustsem.ModelResult.bootstrap",
        "trustsem.StudyResult.report",
        "trustsem.results.bootstrap.Bootstrap.interval",
        "trustsem.study.measurement.MeasurementStep",
        "trustsem.study.structural.StructuralStep",
        "trustsem.tables.Table.to_text",
        "trustsem.survey.screening.Screening",
        "trustsem.diagram.Diagram.save",
        "trustsem.errors.StudyFileError",
        "trustsem.validity.composite_reliability",
    ],
)
def test_what_users_hold_is_documented(name, names):
    assert name in names


def test_every_finding_is_explained():
    page = (DOCS / "explanation" / "findings.md").read_text(encoding="utf-8")
    explained = re.findall(r"^### `(\w+)`$", page, re.MULTILINE)
    assert len(set(explained)) == len(explained)
    assert set(explained) == set(finding_codes.finding_codes())


def test_findings_show_their_severity_and_source(site):
    text = (site / "explanation" / "findings.html").read_text(encoding="utf-8")
    section = text.split('id="negative-variance"', 1)[1].split("<section", 1)[0]
    assert "serious" in section
    assert "Bollen, 1989" in section


def test_every_reference_is_in_the_bibliography(site):
    text = html.unescape((site / "reference" / "bibliography.html").read_text(encoding="utf-8"))
    for key, reference in REFERENCES.items():
        assert f'id="ref-{key}"' in text
        assert reference in text, key


def test_every_command_and_exit_code_is_in_the_reference(site):
    text = (site / "reference" / "command_line.html").read_text(encoding="utf-8")
    for name in generated.program.commands:
        assert f"trustsem {name}" in text


@pytest.mark.parametrize("name", generated.PARTS)
def test_generated_parts_say_something(name):
    assert len(generated.PARTS[name]()) > 20


def test_an_unknown_part_is_refused():
    from sphinx.errors import ExtensionError  # noqa: PLC0415 - only where it is installed

    with pytest.raises(ExtensionError, match="criterias"):
        generated.completed("<!-- generated: criterias -->\n")


def test_a_code_that_no_finding_has_is_refused():
    from sphinx.errors import ExtensionError  # noqa: PLC0415 - the same

    with pytest.raises(ExtensionError, match="negative_varianse"):
        generated.finding_facts("### `negative_varianse`\n")


def test_formulas_are_set_without_a_script(site):
    assert "<math" in mathml(r"\sqrt{\lambda}", block=False)
    for page in ("reference/formulas.html", "notebooks/validity.html"):
        text = (site / page).read_text(encoding="utf-8")
        assert "<math" in text
        assert "mathjax" not in text.lower()
