"""README, architecture and guides say what is so."""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

import trustsem as ts
from trustsem.cli.program import program

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/conventions.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHOWN = [
    (code, text)
    for (kind, code), (next_kind, text) in pairwise(BLOCK.findall(README))
    if (kind, next_kind) == ("python", "text")
]


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


@pytest.fixture(scope="module")
def result():
    return ts.two_step("brockman2017")


@pytest.mark.parametrize(("code", "shown"), SHOWN, ids=["study", "model"])
def test_the_readme_shows_what_its_examples_print(code, shown, tmp_path, monkeypatch):
    (tmp_path / "data").symlink_to(ROOT / "data", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the example itself is tested
    assert lines(printed.getvalue()) == lines(shown)


def test_the_study_file_of_the_readme_is_one(tmp_path):
    (example,) = [code for kind, code in BLOCK.findall(README) if kind == "toml"]
    path = tmp_path / "my_study.toml"
    path.write_text(example, encoding="utf-8")
    study = ts.load_study(path)
    assert study.structural_model().count("sharing ~ trust") == 1
    assert study.options == {"likelihood": "wishart"}


def test_the_readme_names_commands_that_exist():
    shell = " ".join(code for kind, code in BLOCK.findall(README) if kind == "sh")
    named = set(re.findall(r"trustsem (\w+)", shell))
    assert {"replicate", "init", "check", "screen"} <= named <= set(program.commands)


def test_the_readme_lists_every_shipped_study():
    for study in ts.shipped_studies().itertuples():
        assert f"| `{study.Index}` " in README
        assert f"| {study.n_constructs}, {study.n_items} |" in README


def test_the_readme_counts_the_reference_analyses():
    count = len(list((ROOT / "tests" / "reference").glob("*.json")))
    assert f"of {count} analyses" in " ".join(README.split())


def test_the_figure_of_the_readme_is_that_of_the_study(result):
    def description(svg: str) -> str:
        return re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL)[1]

    figure = (ROOT / "docs" / "brockman2017_structural.svg").read_text(encoding="utf-8")
    assert description(figure) == description(result.draw().svg())
    assert "synthetic" in README.split("brockman2017_structural.svg", 1)[1][:300]


def test_the_readme_names_what_a_report_holds(result, tmp_path):
    directory = result.report(tmp_path / "report")
    for path in directory.iterdir():
        assert f"`{path.name}" in README


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]*)", text):
        assert not target or (ROOT / page).parent.joinpath(target).exists(), target


def test_the_architecture_draws_the_layers_that_are_enforced():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    enforced = [name for layer in layers for name in layer.split(" | ")]
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawing = BLOCK.findall(text)[0][1]
    drawn = re.findall(r"^[a-z]+(?: │ [a-z]+)*", drawing, re.MULTILINE)
    assert [name for line in drawn for name in line.split(" │ ")] == enforced


def test_the_architecture_names_modules_that_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for module in re.findall(r"`([a-z_]+/[a-z_]+\.py)`", text):
        assert (ROOT / "src" / "trustsem" / module).is_file(), module


def test_the_conventions_name_every_kind_of_fit_measure_that_has_one(result):
    text = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
    for name in ("srmr", "crmr", "srmr_mplus", "rmr", "fmin"):
        assert f"`{name}`" in text
        assert name in result.structural.model.fit_measures
    for column in result.measurement.reliability.columns.drop(["label", "n_items", "msv", "asv"]):
        assert f"`{column}`" in text
