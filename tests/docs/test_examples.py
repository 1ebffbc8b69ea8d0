"""Every example of the documentation runs, and prints what its page shows."""

from __future__ import annotations

import re
import shutil
import subprocess

import examples
import pytest

from trustsem.cli.program import program

PAGES = {str(path.relative_to(examples.DOCS)): path for path in examples.pages()}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}


def with_blocks(*kinds):
    """Return the pages that hold examples of some kinds."""
    return [
        name
        for name, text in TEXTS.items()
        if any(example.block.kind in kinds for example in examples.examples(text))
    ]


@pytest.mark.parametrize("page", with_blocks("python", "sh"))
def test_examples_print_what_the_page_shows(page, tmp_path):
    for example in examples.run_page(TEXTS[page], tmp_path):
        if example.shown is not None and examples.available(example.block):
            shown = example.shown.code
            assert examples.agrees(example.printed, shown), (
                f"{page} shows\n{shown}\nbut the example prints\n{example.printed}\n"
                "(python tests/docs/examples.py writes it into the page)"
            )


def lavaan_is_installed():
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", "library(lavaan)"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("page", with_blocks("r"))
def test_lavaan_prints_what_the_page_shows(page, tmp_path):
    if not lavaan_is_installed():
        pytest.skip("R with lavaan is not installed")
    for example in examples.run_r(TEXTS[page], tmp_path):
        assert examples.agrees(example.printed, example.shown.code), example.printed


@pytest.mark.parametrize("page", TEXTS)
def test_commands_and_options_that_pages_name_exist(page):
    spans = re.findall(r"`(trustsem [^`]+)`", TEXTS[page])
    shell = [each.code for each in examples.blocks(TEXTS[page]) if each.kind in ("sh", "make")]
    lines = [line.strip() for code in shell for line in code.splitlines()]
    for line in (*spans, *(line for line in lines if line.startswith("trustsem "))):
        name, *words = line.split("#")[0].split()[1:]
        if not name.islower() or name.startswith("-"):
            continue
        assert name in program.commands, line
        known = {name for each in program.commands[name].params for name in each.opts}
        assert {word for word in words if word.startswith("-")} <= known | {"--help"}, line


def test_dots_stand_for_text_that_a_page_leaves_out():
    printed = "one\ntwo 2.718\nthree\nfour\n"
    assert examples.agrees(printed, "one\n...\nfour\n")
    assert examples.agrees(printed, "one\ntwo ...\nthree\n...\n")
    assert not examples.agrees(printed, "one\n...\nthree\n")
    assert not examples.agrees(printed, "one\nfour\n")


def test_a_page_is_refreshed_where_it_no_longer_agrees(tmp_path):
    page = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    ran = examples.run_page(page, tmp_path)
    assert examples.refreshed(page, ran) == page.replace("3", "2")


def test_a_command_that_ends_otherwise_than_said_is_noticed(tmp_path):
    page = "```sh\ntrustsem check missing.toml\n```\n"
    with pytest.raises(AssertionError, match="exit code 2"):
        examples.run_page(page, tmp_path)
