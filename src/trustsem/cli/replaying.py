"""Running again what a manifest records, from the same inputs."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trustsem.errors import SurveyError, UnreadableFileError
from trustsem.report import sha256
from trustsem.study import load_study, two_step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.cli.console import Console
    from trustsem.study import Study, StudyResult

PROGRAM = "trustsem"


class ChangedInputError(SurveyError):
    """An input is no longer what an earlier run read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            "has changed since that run (its sha256 differs).",
            where=str(path),
            remedy="Restore it, or run the study anew.",
        )


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest with the results beside it (``"results"``) and its place (``"folder"``).

    Raises
    ------
    UnreadableFileError
        If one of the files is missing or is not of this program.
    """
    manifest = _read_json(path)
    if manifest.get("program") != PROGRAM or "rerun" not in manifest:
        raise UnreadableFileError(path, "This is no manifest of a trustsem run.")
    results = _read_json(path.parent / "results.json")
    return {**manifest, "results": results, "folder": path.parent.resolve()}


def rerun(
    console: Console, manifest: Mapping[str, Any], data: Path | None, options: Mapping[str, Any]
) -> StudyResult:
    """Run the study of a manifest again.

    Parameters
    ----------
    console : Console
        Where progress is reported.
    manifest : mapping
        From :func:`read_manifest`.
    data : Path or None
        Where the data are now, if not where they were.
    options : mapping
        Overrides on top of the recorded ones.

    Raises
    ------
    ChangedInputError
        If study file or data differ from those of the run.
    UnreadableFileError
        If they are not found.
    """
    study = _study(manifest)
    recorded = manifest["rerun"].get("data")
    place = data if data is not None else recorded and manifest["folder"] / recorded
    _require_same_data(manifest, place or study.data_file)
    with console.stage(f"Estimate {study.name} again"):
        return two_step(study, place, **{**manifest["overrides"], **options})


def _study(manifest: Mapping[str, Any]) -> Study:
    """Return the study of the run: shipped, from its file, or from the recorded plan."""
    recorded = manifest["rerun"]
    if recorded.get("study"):
        study = load_study(recorded["study"])
    elif recorded.get("study_file"):
        path = manifest["folder"] / recorded["study_file"]
        if not path.is_file():
            raise UnreadableFileError(path, "The study file of that run is not there.")
        study = load_study(path)
    else:
        return _planned(manifest["plan"])
    if study.source is not None and sha256(study.source) != _input(manifest, "study")["sha256"]:
        raise ChangedInputError(study.source)
    return study


def _planned(plan: str) -> Study:
    """Return a study from the text of its plan."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(plan, encoding="utf-8")
        return load_study(path)


def _require_same_data(manifest: Mapping[str, Any], place: Path | None) -> None:
    entry = _input(manifest, "data")
    if place is None:
        if entry["name"] == "printed matrix" and entry.get("own"):
            return
        raise SurveyError(
            "The run analysed a table or matrix that was given from Python.",
            remedy="Name a file that holds it with --data FILE.",
        )
    if not place.is_file():
        raise UnreadableFileError(
            place, "The data of that run are not there.", "Say where they are with --data FILE."
        )
    if entry.get("sha256") and sha256(place) != entry["sha256"]:
        raise ChangedInputError(place)


def _input(manifest: Mapping[str, Any], role: str) -> dict[str, Any]:
    return next(entry for entry in manifest["inputs"] if entry["role"] == role)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnreadableFileError(path, "There is no such file.", "Check the path.") from None
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror}).") from None
    except ValueError:
        raise UnreadableFileError(
            path, "This is no manifest of an earlier run.", "Give its manifest.json."
        ) from None
    if not isinstance(document, dict):
        raise UnreadableFileError(path, "is not what it should be.")
    return document
