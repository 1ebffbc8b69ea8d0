"""Reference cases: numbers that lavaan gave, with the data and the call that they belong to.

Cases in ``tests/reference`` belong to data that ship with the project and run anywhere. More of
them, with data that may not be shipped, are read from ``../shared/reference`` where it exists.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TESTS = Path(__file__).resolve().parent
SHIPPED = TESTS / "reference"
SHIPPED_DATA = TESTS.parent / "data"
SHARED = TESTS.parent.parent / "shared" / "reference"


@dataclass(frozen=True)
class ReferenceCase:
    """One analysis with everything that the reference program printed.

    Parameters
    ----------
    name : str
        Where it comes from and its id, such as ``"shipped-p001_hs_cfa_ml"``.
    raw : dict
        The file's content.
    folder : Path
        Where its data are.
    """

    name: str
    raw: dict[str, Any]
    folder: Path

    @property
    def model(self) -> str:
        """Model syntax."""
        model = self.raw["model"]
        return model if isinstance(model, str) else "\n".join(model)

    @property
    def function(self) -> str:
        """The function to call: cfa, sem or growth."""
        return str(self.raw["call"]["fun"])

    @property
    def features(self) -> frozenset[str]:
        """Feature words."""
        return frozenset(self.raw["features"])

    @property
    def outcome(self) -> dict[str, Any]:
        """Status, warnings and error of the reference program."""
        return dict(self.raw["outcome"])

    @property
    def polished(self) -> bool:
        """Whether the reference was moved on to the exact optimum."""
        return (self.outcome.get("polish") or {}).get("status") == "polished"

    @property
    def origin(self) -> str:
        """Program and version."""
        return f"lavaan {(self.raw.get('software') or {}).get('lavaan', '')}, case {self.name}"

    @property
    def models(self) -> tuple[ReferenceCase, ...]:
        """The models of a comparison, each a case of its own."""
        return tuple(
            ReferenceCase(part["name"], self.raw | part, self.folder) for part in self.raw["models"]
        )

    def rows(self, field: str) -> list[dict[str, Any]]:
        """Return a table of the case as one dictionary per row."""
        table = self.raw.get(field) or []
        if isinstance(table, dict):
            return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
        return list(table)

    def frame(self, *path: str) -> pd.DataFrame:
        """Return a matrix of the case."""
        found: Any = self.raw
        for key in path:
            found = found[key]
        values = np.array(found["values"], dtype=float)
        return pd.DataFrame(values, index=found["rows"] or None, columns=found["cols"])

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of ``trustsem.cfa``, ``sem`` or ``growth``."""
        given = self.raw["call"].get("args") or {}
        options = {name.replace(".", "_"): value for name, value in given.items()}
        source = self.raw["data"]
        if source["type"] == "raw":
            return options | {"data": read_frame(self.folder / source["file"], source, self.model)}
        moments = source
        if "file" in source:
            moments = json.loads((self.folder / source["file"]).read_text(encoding="utf-8"))
        names = moments["variables"]
        matrix = next(moments[key] for key in ("cov", "cor", "matrix", "values") if key in moments)
        options["sample_cov"] = pd.DataFrame(matrix, index=names, columns=names)
        options["sample_nobs"] = int(moments["n"])
        if source.get("means") or "mean" in source:
            options["sample_mean"] = pd.Series(moments["mean"], index=names)
        return options


def read_frame(path: Path, source: dict[str, Any], model: str) -> pd.DataFrame:
    """Read raw data and prepare them as the case says."""
    frame = pd.read_csv(path)
    if "na" in source:
        numeric = frame.select_dtypes("number").columns
        frame[numeric] = frame[numeric].where(frame[numeric] != source["na"])
    if "filter" in source:
        first = re.fullmatch(r"seq_along\(\w+\) <= (\d+)", source["filter"])
        frame = frame.head(int(first[1])) if first else frame.query(source["filter"])
    if source.get("complete"):
        words = set(re.findall(r"[A-Za-z_]\w*", model))
        frame = frame.dropna(subset=[name for name in frame.columns if name in words])
    index = pd.Series(range(len(frame)), index=frame.index)
    for name, rule in (source.get("holes") or {}).items():
        frame[name] = frame[name].mask(frame.assign(index=index).eval(rule))
    for name, expression in (source.get("derive") or {}).items():
        frame = frame.assign(**{name: _derived(frame, expression)})
    return frame.reset_index(drop=True)


def _derived(frame: pd.DataFrame, expression: str) -> Any:
    """Compute a column: an expression, or a variable cut into right-closed intervals."""
    cut = re.fullmatch(r"as\.integer\(cut\((\w+),\s*c\(-Inf,(.*),Inf\)\)\)", expression)
    if not cut:
        return frame.eval(expression)
    edges = [float(edge) for edge in cut[2].split(",")]
    return np.digitize(frame[cut[1]], edges, right=True) + 1


def _files(folder: Path, data: Path, source: str) -> Iterator[ReferenceCase]:
    """Yield every case of a folder."""
    for path in sorted(folder.glob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        yield ReferenceCase(f"{source}-{raw['id']}", raw, data)


def _all() -> Iterator[ReferenceCase]:
    yield from _files(SHIPPED, SHIPPED_DATA, "shipped")
    yield from _files(SHARED / "cases", SHARED / "data", "shared")


@functools.cache
def reference_cases() -> tuple[ReferenceCase, ...]:
    """Return the analyses: shipped ones and, where they exist, those beside the project."""
    return tuple(case for case in _all() if "kind" not in case.raw)


@functools.cache
def comparison_cases() -> tuple[ReferenceCase, ...]:
    """Return the sequences of nested models."""
    return tuple(case for case in _all() if case.raw.get("kind") == "comparison")


def key_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what identifies a parameter, whichever way round a covariance is written."""
    if row["op"] == ":=":
        return (row["lhs"], ":=")
    group = int(row.get("group") or 1)
    if row["op"] == "~~":
        return (group, "~~", *sorted((row["lhs"], row["rhs"])))
    return (group, row["lhs"], row["op"], row["rhs"] or "")
