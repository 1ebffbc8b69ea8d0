"""Writing the report of a study: page, numbers, tables, figures and manifest, all or nothing."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from trustsem.errors import UnknownOptionError
from trustsem.report.blocks import Composed, Composer, Drawing, Figure
from trustsem.report.document import SCHEMA, results_document, to_json
from trustsem.report.front import Front, front_of
from trustsem.report.further_sections import INTERACTION, chart_of
from trustsem.report.html import html_report
from trustsem.report.latex import latex_report
from trustsem.report.markdown import markdown_report
from trustsem.report.sections import View, study_sections
from trustsem.report.study_tables import labels
from trustsem.report.word import word_report
from trustsem.report.writing import (
    MANIFEST,
    PROGRAM,
    file_hashes,
    new_directory,
    require_destination,
)
from trustsem.results import plain
from trustsem.study import load_study, shipped_studies
from trustsem.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from trustsem.study import StudyResult

FORMATS = ("html", "docx", "latex", "markdown", "json")
"""Formats that a report can be asked for; tables, figures and the manifest are always written."""

DEFAULT_FORMATS = ("html", "docx", "json")
"""Formats of a report of which nobody says otherwise."""


def write_report(
    result: StudyResult,
    directory: str | Path,
    formats: Iterable[str] = DEFAULT_FORMATS,
    *,
    force: bool = False,
) -> Path:
    """Write a study's report into a new directory.

    The directory appears complete or not at all: everything is written beside it first and
    moved in one step.

    Parameters
    ----------
    result : StudyResult
        The study.
    directory : path
        Where the report goes: absent, empty, or (with ``force``) the results of an earlier run.
    formats : iterable of str
        ``"html"`` for ``report.html``, ``"docx"`` for ``report.docx``, ``"latex"`` for
        ``report.tex`` (and ``figures/*.pdf``), ``"markdown"`` for ``report.md``, ``"json"`` for
        ``results.json``. ``manifest.json``, ``tables/*.csv``, ``figures/*.svg`` and
        ``figures/*.png`` are always written.
    force : bool
        Replace the results of an earlier run, if nothing else is in that directory.

    Returns
    -------
    Path
        The directory.

    Raises
    ------
    OutputError
        If something else is there, or nothing can be written there.
    UnknownOptionError
        If a format does not exist.
    """
    chosen = (formats,) if isinstance(formats, str) else tuple(formats)
    for name in chosen:
        if name not in FORMATS:
            raise UnknownOptionError(name, FORMATS, kind="report format")
    destination = require_destination(directory, force=force)
    with new_directory(destination, force=force) as folder:
        _fill(folder, result, chosen, _rerun(result, destination))
    return destination


def _rerun(result: StudyResult, destination: Path) -> dict[str, str | None]:
    """Return where study and data are found again, files relative to the report.

    ``study`` is the name of a shipped study, ``study_file`` a path, neither where the plan was made
    in Python; ``data`` is a path where the data were not the study's own.
    """
    source = result.study.source
    shipped = source is not None and result.study.name in shipped_studies().index
    shipped = shipped and load_study(result.study.name).source == source
    entry = next(item for item in result.manifest["inputs"] if item["role"] == "data")
    path = entry.get("path", "")
    own = bool(entry.get("own")) and source is not None
    return {
        "study": result.study.name if shipped else None,
        "study_file": None if shipped or source is None else _relative(source, destination),
        "data": _relative(Path(path), destination) if path and not own else None,
    }


def _relative(path: Path, folder: Path) -> str:
    """Return a path relative to a folder; absolute where they share no root."""
    try:
        return Path(os.path.relpath(path.resolve(), folder)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _fill(
    folder: Path, result: StudyResult, formats: tuple[str, ...], rerun: Mapping[str, Any]
) -> None:
    """Write all files of a report; the manifest last, with the hashes of the others."""
    version = str(result.manifest["versions"][PROGRAM])
    composed = Composer().add(study_sections(result, partial(_drawing, result), version))
    failures = [*composed.failures, *_write_figures(folder, composed.of(Figure), formats)]
    _write_tables(folder, composed.of(Table))
    front = front_of(result, version)
    for name in formats:
        write = _WRITERS.get(name)
        if write is not None:
            write(folder, front, composed, failures)
    if "json" in formats:
        _write(folder / "results.json", to_json(results_document(result)))
    manifest = {
        "schema": SCHEMA,
        "program": PROGRAM,
        **plain(result.manifest),
        "rerun": dict(rerun),
        "failures": failures,
        "outputs": file_hashes(folder),
    }
    _write(folder / MANIFEST, to_json(manifest))


def _drawing(result: StudyResult, name: str) -> Drawing:
    """Return a figure of the report by its name."""
    if name.startswith(INTERACTION):
        return chart_of(result, name)[1].chart(labels(result))
    return result.draw(cast("View", name))


def _html(folder: Path, front: Front, composed: Composed, failures: list[str]) -> None:
    _write(folder / "report.html", html_report(front, composed, failures))


def _markdown(folder: Path, front: Front, composed: Composed, failures: list[str]) -> None:
    _write(folder / "report.md", markdown_report(front, composed, failures))


def _latex(folder: Path, front: Front, composed: Composed, failures: list[str]) -> None:
    _write(folder / "report.tex", latex_report(front, composed, failures))


def _word(folder: Path, front: Front, composed: Composed, failures: list[str]) -> None:
    content = word_report(front, composed, failures, folder / "figures")
    (folder / "report.docx").write_bytes(content)


_WRITERS = {"html": _html, "docx": _word, "latex": _latex, "markdown": _markdown}


def _write_tables(folder: Path, tables: Iterable[Table]) -> None:
    (folder / "tables").mkdir()
    for table in tables:
        _write(folder / "tables" / f"{table.name}.csv", table.to_csv())


def _write_figures(folder: Path, figures: Iterable[Figure], formats: tuple[str, ...]) -> list[str]:
    """Write every figure; return a line for each file that could not be written."""
    (folder / "figures").mkdir()
    suffixes = ("svg", "png", "pdf") if "latex" in formats else ("svg", "png")
    failures = []
    for figure in figures:
        for suffix in suffixes:
            path = folder / "figures" / f"{figure.name}.{suffix}"
            failures += _attempted(f"figures/{path.name}", partial(figure.drawing.save, path))
    return failures


def _attempted(name: str, write: Callable[[], object]) -> list[str]:
    try:
        write()
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  (one drawing must not cost the report)
        return [f"{name}: not available ({type(error).__name__}: {error})"]
    return []


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
