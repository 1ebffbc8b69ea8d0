"""The tables of a study's influence analysis, for terminal, notebook and report alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem import display
from trustsem.inference import ARROW
from trustsem.results.influence import cases_table
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustsem.study.influence import StudyInfluence

_NAMED = 12
_ROW = "row of the survey"
_BLANK_COUNT = display.Format("count", 0)
_SHARE = display.Format("percent", 1)


def influence_tables(found: StudyInfluence, labels: Mapping[str, str]) -> Iterator[Table]:
    """Yield the tables of an influence analysis.

    Parameters
    ----------
    found : StudyInfluence
        The analysis.
    labels : mapping of str to str
        Construct to the name that readers see.
    """
    if len(found.fragility):
        yield _fragility(found, labels)
    if len(found.hypotheses):
        yield _hypotheses(found, labels)
    if found.structural is not None:
        yield cases_table(
            found.cases("structural"), "influence-structural",
            "Most Influential Respondents, Structural Model", found.structural, _ROW,
        )  # fmt: skip
    yield cases_table(
        found.cases("measurement"), "influence-measurement",
        "Most Influential Respondents, Measurement Model", found.measurement, _ROW,
    )  # fmt: skip


def _fragility(found: StudyInfluence, labels: Mapping[str, str]) -> Table:
    frame = found.fragility
    most = int(frame["most"].max())
    shown = frame.assign(
        path=printed_paths(frame["path"], labels),
        set=[listed_cases(cases) for cases in frame["cases"]],
        cases=[", ".join(map(_case, cases)) for cases in frame["cases"]],
        share=100 * frame["share"],
    )
    return Table(
        "fragility",
        "Fewest Respondents Found Without Whom a Verdict Flips",
        shown,
        show=("hypothesis", "path", "supported", "z", "pvalue", "size", "share", "z_without",
              "pvalue_without", "set"),
        columns={
            "size": display.Column("Respondents", _BLANK_COUNT),
            "share": display.Column("%", _SHARE),
            "z_without": display.Column("z without", display.TWO, "<i>z</i> without"),
            "pvalue_without": display.Column("p without", display.P, "<i>p</i> without"),
            "set": display.Column("Rows of the survey", display.TEXT),
        },
        notes=Notes(
            "The smallest set found whose removal turns the verdict; every set tried was left out "
            "and the model estimated again. An upper bound: a smaller set may exist. Respondents "
            "are ranked by their influence on z (after Broderick et al., 2020). Dash: no set of up "
            f"to {most} respondents found. A small set says how much rests on few answers, not "
            "that they are wrong."
        ),
    )  # fmt: skip


def _hypotheses(found: StudyInfluence, labels: Mapping[str, str]) -> Table:
    frame = found.hypotheses
    shown = frame.assign(
        path=printed_paths(frame["path"], labels),
        without_lower=frame["est_min"],
        without_upper=frame["est_max"],
        z_without_lower=frame["z_min"],
        z_without_upper=frame["z_max"],
        lowest=[_case(value) for value in frame["case_est_min"]],
        highest=[_case(value) for value in frame["case_est_max"]],
        flips=[listed_cases(cases) or "none" for cases in frame["flipped_by"]],
        flipped_by=[", ".join(map(_case, cases)) for cases in frame["flipped_by"]],
    )
    n = int(frame["n_cases"].max()) if len(frame) else 0
    return Table(
        "influence-hypotheses",
        "Hypothesised Effects Without Single Respondents",
        shown,
        show=("hypothesis", "path", "est", "without", "lowest", "highest", "z", "z_without",
              "supported", "flips"),
        columns={
            "without": display.Column(
                "b without one", display.ESTIMATE, "<i>b</i> without one"
            ),
            "lowest": display.Column("Lowest without", display.TEXT),
            "highest": display.Column("Highest without", display.TEXT),
            "z_without": display.Column("z without one", display.TWO, "<i>z</i> without one"),
            "flips": display.Column("Flipped by", display.TEXT),
        },
        notes=Notes(
            f"Ranges over {n} samples that lack one respondent each, estimated exactly. Lowest, "
            "highest = row of the survey without which the estimate is lowest or highest. Flipped "
            "by = rows each of which alone turns the verdict when it is left out."
        ),
    )  # fmt: skip


def printed_paths(paths: pd.Series[Any], labels: Mapping[str, str]) -> list[str]:
    """Return paths with typeset arrows and the names that readers see."""
    return [" → ".join(labels.get(name, name) for name in path.split(ARROW)) for path in paths]


def listed_cases(cases: Sequence[Any]) -> str:
    """Return row numbers, those after some counted."""
    more = len(cases) - _NAMED
    names = ", ".join(_case(case) for case in cases[:_NAMED])
    return f"{names} and {more} more" if more > 0 else names


def _case(number: Any) -> str:
    return display.MISSING if number is None else str(number)
