"""Writing the report of a study: page, numbers, tables, figures and manifest, all or nothing."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from trustsem.errors import UnknownOptionError
from trustsem.report.blocks import Composed, compose
from trustsem.report.document import SCHEMA, results_document, to_json
from trustsem.report.further_sections import INTERACTION, chart_of
from trustsem.report.page import render_page
from trustsem.report.sections import View, study_sections
from trustsem.report.study_tables import labels
from trustsem.report.writing import (
    MANIFEST,
    PROGRAM,
    file_hashes,
    new_directory,
    require_destination,
)
from trustsem.results import plain
from trustsem.study import load_study, shipped_studies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from trustsem.study import StudyResult

FORMATS = ("html", "json")
"""Formats that a report can be asked for; tables, figures and the manifest are always written."""


def write_report(
    result: StudyResult,
    directory: str | Path,
    formats: Iterable[str] = FORMATS,
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
        ``"html"`` for ``report.html``, ``"json"`` for ``results.json``. ``manifest.json``,
        ``tables/*.csv``, ``figures/*.svg`` and ``figures/*.png`` are always written.
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
    chosen = tuple(formats)
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
    program_version = str(result.manifest["versions"][PROGRAM])
    diagrams: dict[str, Any] = {}

    def draw(name: str) -> str:
        if name.startswith(INTERACTION):
            diagrams[name] = chart_of(result, name)[1].chart(labels(result))
        else:
            diagrams[name] = result.draw(cast("View", name))
        return str(diagrams[name].svg())

    composed = compose(study_sections(result, draw, program_version))
    failures = [*composed.failures, *_write_figures(folder, diagrams)]
    _write_tables(folder, composed)
    if "html" in formats:
        _write(folder / "report.html", render_page(result, composed, program_version))
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


def _write_tables(folder: Path, composed: Composed) -> None:
    (folder / "tables").mkdir()
    for table in composed.tables:
        _write(folder / "tables" / f"{table.name}.csv", table.to_csv())


def _write_figures(folder: Path, diagrams: Mapping[str, Any]) -> list[str]:
    """Write every diagram as SVG and PNG; return one line for each that could not be written."""
    (folder / "figures").mkdir()
    failures = []
    for view, diagram in diagrams.items():
        for suffix in ("svg", "png"):
            path = folder / "figures" / f"{view}.{suffix}"
            failures += _attempted(f"figures/{path.name}", partial(diagram.save, path))
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
