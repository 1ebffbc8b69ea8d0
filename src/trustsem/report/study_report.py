"""Writing the report of a study: page, numbers, tables, figures and manifest, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trustsem.errors import UnknownOptionError
from trustsem.report.blocks import Composed, compose
from trustsem.report.document import SCHEMA, plain, results_document, to_json
from trustsem.report.page import render_page
from trustsem.report.sections import study_sections
from trustsem.report.writing import (
    MANIFEST,
    PROGRAM,
    file_hashes,
    new_directory,
    require_destination,
)

if TYPE_CHECKING:
    from trustsem.study import StudyResult

FORMATS = ("html", "json")
"""Formats that a report can be asked for; tables, figures and the manifest are always written."""


def write_report(
    result: StudyResult,
    directory: str | Path,
    formats: Iterable[str] = FORMATS,
    *,
    force: bool = False,
    run: Mapping[str, Any] | None = None,
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
    run : mapping, optional
        How the run was asked for; recorded in the manifest under ``"run"``.

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
        _fill(folder, result, chosen, run or {})
    return destination


def _fill(
    folder: Path, result: StudyResult, formats: tuple[str, ...], run: Mapping[str, Any]
) -> None:
    """Write all files of a report; the manifest last, with the hashes of the others."""
    program_version = version(PROGRAM)
    diagrams: dict[str, Any] = {}

    def draw(view: str) -> str:
        diagrams[view] = result.draw(view)
        return str(diagrams[view].svg())

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
        "run": plain(dict(run)),
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
            failures += _attempted(f"figures/{path.name}", lambda d=diagram, p=path: d.save(p))
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
