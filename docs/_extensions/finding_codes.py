"""The codes of findings, collected from the source: which exist, how grave, by whose criterion.

A code is a text in a call of ``Finding``; where it comes from a table, :data:`FROM_TABLES` names
the table. Neither a page nor a list can therefore forget one.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustsem
from trustsem.references import REFERENCES
from trustsem.validity import thresholds

SOURCE = Path(trustsem.__file__).resolve().parent
SEVERITIES = ("serious", "warning", "note")


@dataclass(frozen=True, slots=True)
class FindingCode:
    """One kind of finding.

    Parameters
    ----------
    code : str
        Its name.
    severities : tuple of str
        How grave it can be, the gravest first.
    sources : tuple of str
        Keys of the references that its criteria come from.
    module : str
        Where it is made.
    """

    code: str
    severities: tuple[str, ...]
    sources: tuple[str, ...]
    module: str

    def joined(self, other: FindingCode) -> FindingCode:
        """Return what two places that make the same finding say together."""
        grave = {*self.severities, *other.severities}
        return FindingCode(
            self.code,
            tuple(word for word in SEVERITIES if word in grave),
            tuple(dict.fromkeys((*self.sources, *other.sources))),
            self.module,
        )


def _fit_cutoffs(module: Any) -> dict[str, str]:
    """Return the fit indices, and those of the rule by size of model and sample."""
    codes = {name: thresholds.SOURCES[name] for name in module._INDEX_NAMES}
    for n_indicators in (1, 20, 40):
        codes |= {each.code: each.source for each in module._cutoffs_by_size(n_indicators, 1)}
    return codes


def _reliability(module: Any) -> dict[str, str]:
    """Return the indices of reliability; those for the record share the criterion of CR."""
    return {
        code: thresholds.SOURCES["cr" if column in module._FOR_THE_RECORD else column]
        for column, (code, _) in module._RELIABILITY_CRITERIA.items()
    }


FROM_TABLES: dict[tuple[str, str], Callable[[Any], Mapping[str, str]]] = {
    ("trustsem.validity.model_fit", "cutoff.code"): _fit_cutoffs,
    ("trustsem.validity.convergent", "code"): _reliability,
    ("trustsem.validity.discriminant_checks", "code"): lambda module: dict.fromkeys(
        module._CHECKS, ""
    ),
    ("trustsem.validity.second_order", "code"): lambda _module: {
        "second_order_reliability": thresholds.SOURCES["cr"],
        "second_order_ave": thresholds.SOURCES["ave"],
    },
    ("trustsem.survey.screening", "f'cases_{flag}'"): lambda module: {
        f"cases_{flag}": source for flag, (_, source) in module.CASE_FLAGS.items()
    },
    ("trustsem.validity.invariance", "f'invariance_{name}'"): lambda module: {
        f"invariance_{name}": "cheung2002" for name in module.CHEUNG_RENSVOLD
    },
}
"""Module and expression of a code that is no text, and what has its values and their sources."""

MAKERS = {"Finding": 0, "_criterion": 1}
"""Functions that make findings, and where the code stands among their arguments."""


def finding_codes() -> dict[str, FindingCode]:
    """Return every kind of finding that the source code can make, by its code.

    Raises
    ------
    LookupError
        If a code is computed from something that :data:`FROM_TABLES` does not name.
    """
    found: dict[str, FindingCode] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ("trustsem", *path.relative_to(SOURCE).with_suffix("").parts)
        module = ".".join(parts).removesuffix(".__init__")
        for call in _calls(path):
            for entry in _entries(module, call):
                known = found.get(entry.code)
                found[entry.code] = known.joined(entry) if known else entry
    return found


def _calls(path: Path) -> Iterator[ast.Call]:
    """Yield the calls that make a finding."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = MAKERS.get(node.func.id, len(node.args))
            if len(node.args) > place or any(keyword.arg == "code" for keyword in node.keywords):
                yield node


def _entries(module: str, call: ast.Call) -> Iterator[FindingCode]:
    """Yield the kinds of finding that a call can make."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    place = MAKERS.get(getattr(call.func, "id", ""), 0)
    code = given.get("code") or call.args[place]
    severity = given.get("severity") or (call.args[3] if place == 0 and call.args[3:] else None)
    grave = {"note"} if severity is None else _texts(severity)
    severities = tuple(word for word in SEVERITIES if word in grave)
    sources = tuple(dict.fromkeys(_sources(given.get("source"))))
    for name, source in _codes(module, code).items():
        yield FindingCode(name, severities, sources or ((source,) if source else ()), module)


def _codes(module: str, node: ast.expr) -> Mapping[str, str]:
    """Return the values that the code of a finding can have, each with its source."""
    if isinstance(node, ast.Constant):
        return {str(node.value): ""}
    expression = ast.unparse(node)
    if (module, expression) not in FROM_TABLES:
        raise LookupError(
            f"{module} makes findings whose code is {expression!r}: say in FROM_TABLES of "
            f"{Path(__file__).name} which values it has."
        )
    return FROM_TABLES[module, expression](importlib.import_module(module))


def _sources(node: ast.expr | None) -> Iterator[str]:
    """Yield the references in the source of a finding, those of thresholds among them."""
    if node is None:
        return
    of_threshold = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".source")
    for text in sorted(_texts(node)):
        key = thresholds.SOURCES.get(text, "") if of_threshold else text
        if key in REFERENCES:
            yield key


def _texts(node: ast.AST) -> set[str]:
    """Return the texts under a node."""
    return {
        found.value
        for found in ast.walk(node)
        if isinstance(found, ast.Constant) and isinstance(found.value, str)
    }
