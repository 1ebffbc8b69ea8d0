"""The examples of the documentation: found, run, and compared with what the pages show.

- ``python`` blocks of a page run one after the other in one world.
- ``sh`` blocks: their lines that begin with ``trustsem`` run, too; ``# exit code 4`` says what the
  command returns. Options and commands of other lines are not looked at.
- ``toml`` blocks whose first line is ``# NAME.toml`` are written to that file.
- ``r`` blocks run where R with lavaan is installed.
- A ``text`` block after any of these is what they print.
- ``<!-- needs: FORMAT -->`` before a block: it runs where reports have that format.

``python tests/docs/examples.py`` writes what is printed into the pages.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COPIED = ("project", "notebooks", "_build")
_BLOCK = re.compile(
    r"^(?:<!-- needs: (?P<needs>\w+) -->\n)?```(?P<kind>\w+)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_NAMED = re.compile(r"\A# (?P<name>[\w-]+\.toml)\n")
_EXIT = re.compile(r"\s+# exit code (?P<code>\d+)\s*$")
RUNNABLE = ("python", "sh", "r")
ASIDE = ("toml",)
_R_MARK = "#### block"


@dataclass(frozen=True)
class Block:
    """One block of a page: its kind, its text, and where the text is."""

    kind: str
    code: str
    span: tuple[int, int]
    needs: str = ""


@dataclass
class Example:
    """A block that runs, and the block that shows what it prints, if there is one."""

    block: Block
    shown: Block | None = None
    printed: str = field(default="", compare=False)


def pages() -> list[Path]:
    """Return the pages that are written by hand, those with examples that run first."""
    return [
        path for path in sorted(DOCS.rglob("*.md")) if path.relative_to(DOCS).parts[0] not in COPIED
    ]


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page."""
    return [
        Block(match["kind"], match["code"], match.span("code"), match["needs"] or "")
        for match in _BLOCK.finditer(text)
    ]


def examples(text: str) -> list[Example]:
    """Return what runs on a page, with what is shown."""
    found: list[Example] = []
    last: Example | None = None
    for block in blocks(text):
        if block.kind in (*RUNNABLE, *ASIDE):
            last = Example(block)
            found.append(last)
        elif block.kind == "text" and last is not None and last.block.kind in RUNNABLE:
            last.shown, last = block, None
        else:
            last = None
    return found


def run_page(text: str, folder: Path) -> list[Example]:
    """Run the examples of a page in a folder and return them with what they print.

    R blocks are left to :func:`run_r`.
    """
    _prepare(folder)
    found = [each for each in examples(text) if each.block.kind != "r"]
    world: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.chdir(folder):
        for example in found:
            if available(example.block):
                example.printed = _outcome(example.block, world)
    return found


def available(block: Block) -> bool:
    """Return whether what a block needs is there."""
    from trustsem.report import FORMATS  # noqa: PLC0415 - numpy and pandas come with it

    return not block.needs or block.needs in FORMATS


def _prepare(folder: Path) -> None:
    """Put the data that examples read into a folder."""
    (folder / "data").symlink_to(ROOT / "data", target_is_directory=True)
    shutil.copy(ROOT / "data" / "brockman2017.sav", folder / "survey.sav")


def _outcome(block: Block, world: dict[str, Any]) -> str:
    """Run a block and return what it prints."""
    if block.kind in ASIDE:
        named = _NAMED.match(block.code)
        if named:
            Path(named["name"]).write_text(block.code, encoding="utf-8")
        return ""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()) as errors:
        if block.kind == "python":
            exec(compile(block.code, "example", "exec"), world)  # noqa: S102 - it is the example
        else:
            for line in block.code.splitlines():
                _command(line, printed, errors)
    return printed.getvalue()


def _command(line: str, printed: io.StringIO, errors: io.StringIO) -> None:
    """Run one line of a shell block if it is one of ours."""
    if not line.startswith("trustsem "):
        return
    from trustsem.cli import main  # noqa: PLC0415 - the program of the examples

    expected = int(match["code"]) if (match := _EXIT.search(line)) else 0
    arguments = shlex.split(line, comments=True)[1:]
    before = len(errors.getvalue())
    showing = warnings.showwarning
    code: Any = 0
    try:
        main(arguments)
    except SystemExit as end:
        code = end.code
    finally:
        warnings.showwarning = showing
    said = errors.getvalue()[before:]
    assert code == expected, f"{line}\nexit code {code}\n{said}"
    printed.write(said if expected else "")


def run_r(text: str, folder: Path) -> list[Example]:
    """Run the R blocks of a page, one after the other in one session."""
    _prepare(folder)
    found = [each for each in examples(text) if each.block.kind == "r"]
    script = "".join(f'cat("{_R_MARK}\\n")\n{each.block.code}\n' for each in found)
    (folder / "script.R").write_text(script, encoding="utf-8")
    outcome = subprocess.run(
        ["Rscript", "--vanilla", "-e", 'source("script.R", echo = FALSE, print.eval = TRUE)'],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert outcome.returncode == 0, outcome.stderr
    for example, printed in zip(found, outcome.stdout.split(f"{_R_MARK}\n")[1:], strict=True):
        example.printed = printed
    return found


def agrees(printed: str, shown: str) -> bool:
    """Return whether a page shows what is printed.

    ``...`` stands for any text, on a line of its own for any lines.
    """
    wanted = re.escape("\n".join((*lines(shown), "")))
    any_lines = wanted.replace(re.escape("\n...\n"), "\n(?:.*\n)*?")
    pattern = any_lines.replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, "\n".join((*lines(printed), ""))) is not None


def lines(text: str) -> list[str]:
    """Return the lines of a printed text without what nobody sees."""
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def refreshed(text: str, ran: list[Example]) -> str:
    """Return a page that shows what its examples print."""
    for example in sorted(ran, key=lambda each: -each.block.span[0]):
        if example.shown is None or not available(example.block):
            continue
        if not agrees(example.printed, example.shown.code):
            start, stop = example.shown.span
            text = text[:start] + "\n".join(lines(example.printed)) + "\n" + text[stop:]
    return text


def _environment() -> None:
    """Make printed numbers the same as in the tests."""
    os.environ |= {"MPLBACKEND": "Agg", "TRUSTSEM_BOOTSTRAP": "20", "OPENBLAS_NUM_THREADS": "1"}


def _chosen(arguments: list[str]) -> Iterator[Path]:
    yield from (Path(argument).resolve() for argument in arguments) if arguments else pages()


if __name__ == "__main__":
    _environment()
    for path in _chosen(sys.argv[1:]):
        page = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as other:
            done = run_page(page, Path(place))
            if shutil.which("Rscript") and any(each.block.kind == "r" for each in examples(page)):
                done += run_r(page, Path(other))
        path.write_text(refreshed(page, done), encoding="utf-8")
        print(path.relative_to(ROOT))  # noqa: T201 - a command
