"""A study's numbers as one JSON document, and the comparison of two such documents."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trustsem.results import plain
from trustsem.results.power import PARTS

if TYPE_CHECKING:
    from trustsem.study import StudyResult
    from trustsem.study.structural import StructuralStep

SCHEMA = 1
"""Version of the layout of ``results.json`` and ``manifest.json``."""

COMPARED = (
    "measurement",
    "structural",
    "method",
    "invariance",
    "interactions",
    "bootstrap",
    "influence",
    "multiverse",
    "power",
    "cutoffs",
)
"""Parts of the document that hold estimates."""

_INVARIANCE = (
    "by", "sizes", "criterion", "levels", "log", "means", "paths", "constructs", "accepted",
    "findings",
)  # fmt: skip
_INTERACTION = (
    "predictor", "moderator", "outcome", "pairs", "effects", "slopes", "region", "moderator_sd",
    "r2", "r2_without", "delta_r2", "chisq_diff", "df_diff", "pvalue_diff", "findings",
)  # fmt: skip

_SCREENING = (
    "flow", "profile", "items", "answers", "reasons", "patterns", "mcar", "normality", "waves",
)  # fmt: skip
"""What was found in the answers, without a row for any single respondent."""

_RESAMPLED = ("counts", "method", "reliability", "discriminant", "hypotheses", "effects", "fit",
              "findings")  # fmt: skip

_INFLUENCE = ("n_cases", "hypotheses", "fragility", "findings")
"""Without a row for any single respondent."""

_NOT_ESTIMATES = frozenset({"iterations", "gradient_norm", "findings", "fragility"})
"""What may differ between machines although the estimates agree: ways of a search."""
_MULTIVERSE = (
    "choices", "specifications", "estimates", "agreement", "drivers", "switches", "overall",
    "weak_items", "findings",
)  # fmt: skip


def results_document(result: StudyResult) -> dict[str, Any]:
    """Return every number of a study, unrounded, as plain values.

    Parameters
    ----------
    result : StudyResult
        The study.

    Returns
    -------
    dict
        ``schema``, ``study``, ``synthetic``, ``notice``, ``verdict``, ``findings``,
        ``screening``, ``measurement``, ``structural``, ``method``, ``invariance``,
        ``interactions``, ``bootstrap``, ``influence``, ``multiverse``, ``power``, ``cutoffs``,
        ``what_if``, ``scorecard``, ``agreement``. Frames are lists of records; a number that does
        not exist is null.
    """
    screening, structural = result.screening, result.structural
    parts = {
        "schema": SCHEMA,
        "study": {"name": result.study.name, "title": result.study.title},
        "synthetic": result.synthetic,
        "notice": result.notice,
        "verdict": result.verdict,
        "findings": result.findings,
        "screening": screening and {name: screening.frames[name] for name in _SCREENING},
        "measurement": _step(
            result.measurement,
            "loadings", "reliability", "reliability_intervals", "discriminant",
            "discriminant_tests", "fornell_larcker", "htmt", "htmt_signed", "htmt2", "residuals",
            "modifications", "rivals", "method_bias",
        ),
        "structural": structural
        and {
            **_step(
                structural,
                "hypotheses", "effects", "chains", "named_effects", "sequence", "confounding",
                "second_order", "second_order_reliability", "r2",
            ),
            "decision": _decision(structural),
        },
        "what_if": result.what_if,
        "method": result.method,
        "invariance": result.invariance and _chosen(result.invariance, _INVARIANCE),
        "interactions": _interactions(result),
        "bootstrap": result.resampled and _chosen(result.resampled, _RESAMPLED),
        "cutoffs": result.cutoffs and result.cutoffs.to_dict(),
        "influence": result.influence and _chosen(result.influence, _INFLUENCE),
        "multiverse": result.multiverse and _chosen(result.multiverse, _MULTIVERSE),
        "power": result.power and _chosen(result.power, PARTS),
        "scorecard": result.scorecard,
        "agreement": result.agreement,
    }  # fmt: skip
    return {name: plain(part) for name, part in parts.items()}


def to_json(document: Any) -> str:
    """Return a document as JSON text, keys in their order, ending in a line break."""
    text = json.dumps(plain(document), ensure_ascii=False, indent=1, allow_nan=False)
    return text + "\n"


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], rtol: float = 1e-6, atol: float = 1e-9
) -> list[str]:
    """Compare the estimates of two documents.

    Parameters
    ----------
    before, after : mapping
        Documents of :func:`results_document`; the first is the one to be reproduced.
    rtol, atol : float
        Relative and absolute tolerance; the larger of both allowances counts.

    Returns
    -------
    list of str
        One line for each number or word that differs, in the order of ``before``.
    """
    earlier, later = _compared(before), _compared(after)
    missing = object()
    lines = []
    for place in dict.fromkeys([*earlier, *later]):
        old, new = earlier.get(place, missing), later.get(place, missing)
        if old is missing or new is missing:
            lines.append(f"{place}: only in the {'new' if old is missing else 'earlier'} run")
        elif not _same(old, new, rtol, atol):
            lines.append(f"{place}: {old!r} before, {new!r} now")
    return lines


def n_compared(document: Mapping[str, Any]) -> int:
    """Return how many entries of a document a comparison looks at."""
    return len(_compared(document))


def _compared(document: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_leaves({part: document.get(part) for part in COMPARED}))


def _step(step: Any, *names: str) -> dict[str, Any]:
    tables = {name: getattr(step, name) for name in names}
    return {"model": step.model.to_dict(), **tables, "findings": step.findings}


def _chosen(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return some attributes by their names."""
    return {name: getattr(value, name) for name in names}


def _interactions(result: StudyResult) -> dict[str, Any] | None:
    """Return every interaction with its model."""
    if result.interactions is None:
        return None
    return {
        name: {"model": found.model.to_dict(), **_chosen(found, _INTERACTION)}
        for name, found in result.interactions.items()
    }


def _decision(structural: StructuralStep) -> dict[str, Any]:
    """Return which model the sequential tests accept, and how they came there."""
    decision = structural.decision
    return {
        "models": structural.comparison.who(),
        "tests": decision.to_frame(),
        "branch": decision.branch,
        "outcome": decision.outcome,
        "level": decision.level,
        "overall_level": decision.overall_level,
    }


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the place and value of every single entry that is an estimate or a judgement."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _NOT_ESTIMATES:
                yield from _leaves(item, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _leaves(item, f"{place}[{_row_name(item, position)}]")
    else:
        yield place, value


def _row_name(record: Any, position: int) -> str:
    """Return what a reader calls a record: its parameter or its names, else its position."""
    if not isinstance(record, Mapping):
        return str(position + 1)
    if {"lhs", "op", "rhs"} <= record.keys():
        group = record.get("group", 1)
        return f"{record['lhs']} {record['op']} {record['rhs']}" + (
            f", group {group}" if group not in (0, 1) else ""
        )
    words = [str(cell) for cell in record.values() if isinstance(cell, str) and cell]
    return " ".join([str(position + 1), *words[:2]])


def _same(old: Any, new: Any, rtol: float, atol: float) -> bool:
    numbers = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new)
    )
    if not numbers:
        return bool(old == new)
    return math.isclose(old, new, rel_tol=rtol, abs_tol=atol)
