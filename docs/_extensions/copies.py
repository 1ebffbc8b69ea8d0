"""Pages that live elsewhere in the project: notebooks with their outputs, and the project's pages.

They are copied into the site's sources before a build (``notebooks/`` and ``project/``, which git
ignores), so that each has one home.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

PAGES = {
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "benchmarks/README.md": "project/benchmarks.md",
    "data/README.md": "project/data.md",
    "tests/reference/README.md": "project/reference_cases.md",
}
"""Page of the project, and where the site has it."""

FIRST_NOTEBOOKS = ("first_study", "own_data", "validity", "groups", "published_table")
"""Notebooks in the order in which they are learnt from; others follow by name."""

_PROJECT = """# The project

How the code is laid out and grows, where the data and reference numbers come from, what changed.

```{toctree}
:maxdepth: 1

architecture
contributing
changelog
data
reference_cases
benchmarks
```
"""

_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def page_links(text: str, home: str) -> str:
    """Return a page with its links as they are seen from another place.

    A link to a page of the site leads there; one to any other file of the project becomes the
    file's name.

    Parameters
    ----------
    text : str
        Markdown.
    home : str
        Path of the page in the project.
    """

    def moved(match: re.Match[str]) -> str:
        path = _normal(Path(home).parent / match[1])
        place = site_path(path)
        return f"](/{place}{match[2] or ''})" if place else "](#elsewhere)"

    moved_text = _LINK.sub(moved, text)
    return re.sub(r"\[([^\]]*)\]\(#elsewhere\)", r"\1", moved_text)


def site_path(path: str) -> str:
    """Return where the site has a file of the project; empty where it has it nowhere."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path == "README.md":
        return "index.md"
    return path if path.startswith("notebooks/") and path.endswith(".ipynb") else ""


def _normal(path: Path) -> str:
    """Return a relative path without ``..``."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def copy_pages(root: Path, docs: Path) -> None:
    """Copy the pages and notebooks of a project into the sources of its site.

    Parameters
    ----------
    root, docs : Path
        The project, and the sources of the site.
    """
    for home, target in PAGES.items():
        text = (root / home).read_text(encoding="utf-8")
        _write(docs / target, page_links(text, home))
    notebooks = sorted((root / "notebooks").glob("*.ipynb"), key=_rank)
    wanted = {path.name for path in notebooks} | {"index.md"}
    for path in notebooks:
        _write(docs / "notebooks" / path.name, _notebook(path))
    _write(docs / "notebooks" / "index.md", _index(notebooks))
    _write(docs / "project" / "index.md", _PROJECT)
    for old in (docs / "notebooks").iterdir():
        if old.name not in wanted:
            old.unlink()


def _rank(path: Path) -> tuple[int, str]:
    known = path.stem in FIRST_NOTEBOOKS
    return (FIRST_NOTEBOOKS.index(path.stem) if known else len(FIRST_NOTEBOOKS), path.stem)


def _notebook(path: Path) -> str:
    """Return a notebook with the links of its texts moved."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            cell["source"] = page_links(text, f"notebooks/{path.name}").splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _index(notebooks: list[Path]) -> str:
    names = "\n".join(path.stem for path in notebooks)
    return (
        "# Notebooks\n\nNotebooks of the project with their outputs, as they are found in its "
        f"folder `notebooks/`.\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"
    )


def _write(path: Path, text: str) -> None:
    """Write a file unless it holds the text already: its time tells Sphinx what is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")


def _copy(app: Sphinx, _config: Config) -> None:
    docs = Path(app.srcdir)
    copy_pages(docs.parent, docs)


def setup(app: Sphinx) -> dict[str, Any]:
    """Copy before the sources are listed."""
    app.connect("config-inited", _copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
