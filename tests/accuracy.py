"""How many digits agree with lavaan: run as a script, this writes ``docs/accuracy.md``.

``python tests/accuracy.py`` measures every reference case that is there. A test holds the page
against the cases that ship with the project.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustsem as ts
from reference_cases import ReferenceCase, key_of, reference_cases

PAGE = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"

QUANTITIES = {
    "estimates": "estimates, in standard errors",
    "errors": "standard errors, relative",
    "standardised": "standardised estimates, absolute",
    "chisq": "chi-square, relative",
    "scaled": "scaled chi-square, relative",
    "indices": "CFI, TLI, RMSEA, SRMR, absolute",
    "modification": "modification indices above 0.01, relative",
}
"""What is compared, and in which unit."""

MOST = 9.0
"""Digits beyond this are rounding in the printed reference."""

_ZERO = 1e-8
_TELLING = 0.01
_INDICES = ("cfi", "tli", "rmsea", "srmr")
_HEAD = """\
# Accuracy

Digits in which trustsem agrees with lavaan, for the worst number of the worst case of each kind of
analysis: 6.2 says that no number differs by more than 10^-6.2. The references come from lavaan
{versions}; most were moved on from lavaan's own stopping point to the exact
optimum ("polished"). Cases that were not are left out: there the digits would tell where lavaan
stopped. Digits beyond {most:.0f} are the rounding of the printed reference.

This page is generated: `python tests/accuracy.py`.

"""
_UNITS = "\nUnits: {units}.\n"


@dataclass(frozen=True)
class Row:
    """Agreement over all cases of one kind of analysis.

    Parameters
    ----------
    kind : str
        Estimator and options.
    cases : int
        How many cases were compared.
    digits : dict of str to float
        By quantity; NaN where no case has it.
    """

    kind: str
    cases: int
    digits: dict[str, float]


def kind_of(case: ReferenceCase) -> str:
    """Return what sort of analysis a case is, from its call."""
    given = case.raw["call"].get("args") or {}
    words = [str(given.get("estimator", "ML"))]
    words += [
        f"{name}={given[name]}"
        for name in ("missing", "likelihood", "information", "se", "test", "parameterization")
        if name in given
    ]
    if given.get("ordered"):
        words.append("ordered")
    if given.get("group"):
        words.append("groups")
    return ", ".join(words)


def comparable(case: ReferenceCase) -> bool:
    """Whether the reference is the exact optimum of a proper model."""
    return case.polished and case.outcome["status"] == "ok"


def measured(cases: Iterable[ReferenceCase]) -> list[Row]:
    """Estimate the cases and return the agreement by kind of analysis."""
    found: dict[str, list[dict[str, float]]] = {}
    for case in cases:
        if comparable(case):
            result = getattr(ts, case.function)(case.model, **case.arguments())
            found.setdefault(kind_of(case), []).append(digits(case, result))
    return [
        Row(kind, len(parts), {name: _worst(part[name] for part in parts) for name in QUANTITIES})
        for kind, parts in sorted(found.items())
    ]


def digits(case: ReferenceCase, result: Any) -> dict[str, float]:
    """Return the digits of agreement of one case by quantity."""
    gaps: dict[str, list[float]] = {name: [] for name in QUANTITIES}
    for name, gap in (*_of_parameters(case, result), *_of_fit(case, result)):
        gaps[name].append(gap)
    gaps["modification"] += _of_modification(case, result)
    return {name: _digits(values) for name, values in gaps.items()}


def _of_parameters(case: ReferenceCase, result: Any) -> Iterator[tuple[str, float]]:
    mine = {key_of(row): row for row in result.parameters.to_dict("records")}
    for row in case.rows("parameters"):
        if row["op"] in {"==", "<", ">"} or key_of(row) not in mine:
            continue
        found = mine[key_of(row)]
        if row["se"] and row["se"] > _ZERO:
            yield "estimates", abs(found["est"] - row["est"]) / row["se"]
            yield "errors", abs(found["se"] / row["se"] - 1)
        if row["std.all"] is not None:
            yield "standardised", abs(found["std_all"] - row["std.all"])


def _of_fit(case: ReferenceCase, result: Any) -> Iterator[tuple[str, float]]:
    fit, mine = case.raw["fit"], result.fit_measures
    if fit.get("df"):
        yield "chisq", abs(mine["chisq"] / fit["chisq"] - 1)
        yield from (("indices", abs(mine[name] - fit[name])) for name in _INDICES)
        if fit.get("chisq.scaled"):
            yield "scaled", abs(mine["chisq_scaled"] / fit["chisq.scaled"] - 1)


def _of_modification(case: ReferenceCase, result: Any) -> list[float]:
    rows = [row for row in case.rows("modification_indices") if (row["mi"] or 0) > _TELLING]
    if not rows:
        return []
    mine = {key_of(row): row["mi"] for row in result.modification_indices().to_dict("records")}
    return [abs(mine[key_of(row)] / row["mi"] - 1) for row in rows if key_of(row) in mine]


def _digits(gaps: list[float]) -> float:
    known = [gap for gap in gaps if not math.isnan(gap)]
    if not known:
        return math.nan
    largest = max(known)
    return MOST if largest <= 10**-MOST else -math.log10(largest)


def _worst(values: Iterable[float]) -> float:
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def page(rows: list[Row], versions: str) -> str:
    """Return the page as Markdown."""
    lines = ["| analysis | cases | " + " | ".join(QUANTITIES) + " |"]
    lines.append("|---|---|" + "---|" * len(QUANTITIES))
    for row in rows:
        cells = ["" if math.isnan(x) else f"{x:.1f}" for x in row.digits.values()]
        lines.append(f"| {row.kind} | {row.cases} | " + " | ".join(cells) + " |")
    units = "; ".join(f"*{name}*: {unit}" for name, unit in QUANTITIES.items())
    table = "\n".join(lines) + "\n"
    return _HEAD.format(versions=versions, most=MOST) + table + _UNITS.format(units=units)


def stated() -> dict[str, dict[str, float]]:
    """Return the digits that the page states, by analysis and quantity."""
    rows = [
        [cell.strip() for cell in line.strip("|\n ").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
    ]
    head, *body = rows
    return {
        row[0]: {name: float(cell) for name, cell in zip(head[2:], row[2:], strict=True) if cell}
        for row in body
    }


def main() -> None:
    """Measure everything and write the page."""
    cases = {case.raw["id"]: case for case in reference_cases()}.values()
    versions = sorted({case.raw["software"]["lavaan"] for case in cases if comparable(case)})
    PAGE.write_text(page(measured(cases), " and ".join(versions)), encoding="utf-8")


if __name__ == "__main__":
    main()
