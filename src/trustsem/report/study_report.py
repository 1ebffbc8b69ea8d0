"""Writing the report of a study: page, numbers, tables, figures and manifest, all or nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache, partial
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
from trustsem.report.sections import View, closing_section, study_sections
from trustsem.report.standards import checklist_section
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
from trustsem.tables import Table, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from trustsem.study import StudyResult

FORMATS = ("html", "docx", "latex", "markdown", "json")
"""Formats that a report can be asked for; tables, figures and the manifest are always written."""

DEFAULT_FORMATS = ("html", "docx", "json")
"""Formats of a report of which nobody says otherwise."""

_WIDTH = "165mm"
"""Of figures: the text of a page."""
_OTHER_NAMES = {"word": "docx", "tex": "latex", "md": "markdown"}


def write_report(
    result: StudyResult,
    directory: str | Path,
    formats: str | Iterable[str] = DEFAULT_FORMATS,
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
    formats : str or iterable of str
        ``"html"`` for ``report.html``, ``"docx"`` for ``report.docx``, ``"latex"`` for
        ``report.tex`` (and ``figures/*.pdf``), ``"markdown"`` for ``report.md``, ``"json"`` for
        ``results.json``. ``manifest.json``, ``tables/*.csv``, ``figures/*.svg`` and
        ``figures/*.png`` are always written. ``"all"`` stands for all formats.
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
    chosen = require_formats(formats)
    destination = require_destination(directory, force=force)
    with new_directory(destination, force=force) as folder:
        _fill(folder, result, chosen, _rerun(result, destination))
    return destination


def require_formats(formats: str | Iterable[str]) -> tuple[str, ...]:
    """Return the formats that are meant, each once.

    Raises
    ------
    UnknownOptionError
        If a format does not exist.
    """
    names = (formats,) if isinstance(formats, str) else tuple(formats)
    chosen: dict[str, None] = {}
    for name in names:
        meant = FORMATS if name == "all" else (_OTHER_NAMES.get(name, name),)
        if meant[0] not in FORMATS:
            raise UnknownOptionError(name, (*FORMATS, "all"), kind="report format")
        chosen |= dict.fromkeys(meant)
    return tuple(chosen)


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
    composed = composed_report(result, version)
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


def composed_report(result: StudyResult, version: str) -> Composed:
    """Return the sections of a study's report, the checklist and the references at the end."""
    composer = Composer()
    body = composer.add(study_sections(result, partial(_drawing, result), version))
    return composer.add([checklist_section(result, body), closing_section(result)])


def checklist(result: StudyResult) -> Table:
    """Tabulate where each point of the reporting standards stands in the report of a study.

    Parameters
    ----------
    result : StudyResult
        The study.

    Returns
    -------
    Table
        A row per point: what is to be reported, its status, where it stands or what the authors
        must add.

    References
    ----------
    Appelbaum et al. (2018) [appelbaum2018]_.
    """
    version = str(result.manifest["versions"][PROGRAM])
    return next(t for t in composed_report(result, version).of(Table) if t.name == "checklist")


def report_tables(result: StudyResult) -> Tables:
    """Return the tables of a study's report by name, without their numbers; nothing is drawn.

    Parameters
    ----------
    result : StudyResult
        The study.
    """
    sections = study_sections(result, _undrawn, str(result.manifest["versions"][PROGRAM]))
    tables = Composer().add(sections).of(Table)
    return Tables({table.name: replace(table, number="") for table in tables})


def _undrawn(_name: str) -> Drawing:
    """Stand for a figure: a composer only passes it on."""
    return cast("Drawing", None)


def _drawing(result: StudyResult, name: str) -> Drawing:
    """Return a figure of the report by its name."""
    if name.startswith(INTERACTION):
        return chart_of(result, name)[1].chart(labels(result))
    if name in result.plot.names:
        return _Once(getattr(result.plot, name).chart(width=_WIDTH))
    return result.draw(cast("View", name), width=_WIDTH)


class _Once:
    """A chart whose SVG is drawn once for the page and the file."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._svg = cache(drawing.svg)

    @property
    def description(self) -> str:
        return self._drawing.description

    def svg(self, prefix: str = "") -> str:
        return self._svg(prefix)

    def save(self, path: str | Path) -> Path:
        """Write the chart; its SVG is the one that is known."""
        place = Path(path)
        if place.suffix != ".svg":
            return self._drawing.save(place)
        _write(place, self.svg())
        return place


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
