"""Read study files: TOML, checked at once, every mistake with its line."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from trustsem.errors import PlanError, StudyFileError, did_you_mean, listed
from trustsem.study.checks import parse_plan
from trustsem.study.lines import key_lines, line_of
from trustsem.study.plan import Study

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_PLACE = re.compile(r"\s*\(at line (?P<line>\d+), column (?P<column>\d+)\)")
_EXAMPLE = "brockman2017"


def load_study(name_or_path: str | Path) -> Study:
    """Load a study that ships with trustsem, or a study file.

    Parameters
    ----------
    name_or_path : str or path
        ``"brockman2017"``, or the path of a TOML file.

    Returns
    -------
    Study

    Raises
    ------
    StudyFileError
        If the file has mistakes; each is listed with its line.
    PlanError
        If there is no such study or file.

    Examples
    --------
    >>> load_study("holzinger1939").items
    ('x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7', 'x8', 'x9')
    """
    shipped = _shipped_files()
    if isinstance(name_or_path, str) and name_or_path in shipped:
        with resources.as_file(shipped[name_or_path]) as path:
            return read_study_file(path)
    if not isinstance(name_or_path, str | Path):
        raise PlanError(
            f"A study is named by a text or a path, got {type(name_or_path).__name__}.",
            remedy=f"Shipped studies: {listed(shipped)}.",
        )
    path = Path(name_or_path)
    if _is_file(path):
        return read_study_file(path)
    if path.suffix == ".toml" or len(path.parts) > 1:
        raise PlanError(
            f"There is no study file {str(path)!r}.",
            remedy=f"Shipped studies: {listed(shipped)}.",
        )
    raise PlanError(
        f"There is no study {str(name_or_path)!r}.{did_you_mean(str(name_or_path), shipped)}",
        remedy=f"Shipped studies: {listed(shipped)}; or give the path of a study file (.toml).",
    )


def read_study_file(path: Path) -> Study:
    """Read one study file.

    Parameters
    ----------
    path : Path
        A TOML file.

    Returns
    -------
    Study

    Raises
    ------
    StudyFileError
        If the file cannot be read as a study; every mistake is listed with its line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyFileError(path, [f"is not UTF-8 text (byte {error.start})"]) from None
    except OSError as error:
        raise StudyFileError(path, [f"cannot be read: {error.strerror}"]) from None
    return parse_study(text, path)


def parse_study(text: str, path: Path) -> Study:
    """Read the text of a study file.

    Parameters
    ----------
    text : str
        TOML.
    path : Path
        The file that it comes from, or stands for: relative data paths start from its folder, and
        mistakes name it.

    Returns
    -------
    Study

    Raises
    ------
    StudyFileError
        If the text is not a study; every mistake is listed with its line.
    """
    text = text.replace("\r\n", "\n")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyFileError(path, [_syntax_mistake(str(error), text)]) from None
    plan, mistakes = parse_plan(raw)
    if mistakes:
        lines = key_lines(text)
        placed = sorted(
            ((line_of(lines, mistake.key), mistake) for mistake in mistakes),
            key=lambda entry: entry[0],
        )
        raise StudyFileError(path, [f"line {line}: {mistake}" for line, mistake in placed])
    return Study.from_parsed(plan, raw, folder=path.parent, source=path)


def shipped_studies() -> pd.DataFrame:
    """List the studies that ship with trustsem.

    Returns
    -------
    DataFrame
        Indexed by name; columns ``title``, ``n_constructs``, ``n_items``, ``n_hypotheses``,
        ``data``, ``reference``. The study that runs by default comes first.
    """
    names = sorted(_shipped_files(), key=lambda name: (name != _EXAMPLE, name))
    rows = []
    for name in names:
        study = load_study(name)
        moments = study.moments
        kind = "synthetic survey" if study.synthetic else "survey"
        rows.append(
            {
                "name": name,
                "title": study.title,
                "n_constructs": len(study.constructs),
                "n_items": len(study.items),
                "n_hypotheses": len(study.hypotheses),
                "data": kind if moments is None else f"printed {moments.kind} matrix",
                "reference": study.reference,
            }
        )
    return pd.DataFrame(rows).set_index("name")


def _is_file(path: Path) -> bool:
    """Return whether there is such a file; names that no file can have are none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _shipped_files() -> dict[str, Traversable]:
    """Return the shipped study files by name."""
    folder = resources.files("trustsem.study") / "shipped"
    return {
        entry.name.removesuffix(".toml"): entry
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def _syntax_mistake(message: str, text: str) -> str:
    """Return what ``tomllib`` says about a text, with the line that it is about."""
    lines = text.splitlines() or [""]
    match = _PLACE.search(message)
    number = min(int(match["line"]) if match else len(lines), len(lines))
    what = _PLACE.sub("", message).removesuffix("(at end of document)").strip()
    column = int(match["column"]) if match else len(lines[number - 1]) + 1
    what = what[:1].lower() + what[1:]
    marker = " " * (column - 1) + "^"
    return f"line {number}: not valid TOML: {what}\n      {lines[number - 1]}\n      {marker}"
