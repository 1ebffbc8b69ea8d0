"""What a report of a structural equation model must hold, and where each point stands.

The points follow the reporting standards of the American Psychological Association for quantitative
research, their table for structural equation modelling (Appelbaum et al., 2018), and what the
two-step approach adds. A point is reported where this report shows it; what only the authors can
know is named as theirs to add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

import pandas as pd

from trustsem import display
from trustsem.report.blocks import Block, Composed, Section
from trustsem.report.definitions import short_citation
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from trustsem.study import StudyResult

Status = Literal["reported", "partly", "add", "not applicable"]

_WORDS: dict[Status, str] = {
    "reported": "reported",
    "partly": "reported in part",
    "add": "to be added by the authors",
    "not applicable": "does not apply",
}
_TEXT = "Text for a Paper"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a reader of a paper must be able to find.

    Parameters
    ----------
    topic : str
        Part of the standard.
    what : str
        What is to be reported.
    places : tuple of str
        Names of the tables and figures (``figure-...``) that show it, a final ``*`` for any ending;
        those that the report has are cited.
    add : str
        What the authors must add, in words; empty where the tables say it all.
    text : bool
        Whether the paragraphs for a paper say it.
    applies : callable
        Whether a study has such a thing at all.
    """

    topic: str
    what: str
    places: tuple[str, ...] = ()
    add: str = ""
    text: bool = False
    applies: Callable[[StudyResult], bool] = lambda _result: True

    def answer(self, result: StudyResult, where: Mapping[str, str]) -> tuple[Status, str]:
        """Return how the point stands, and where or what is missing.

        Parameters
        ----------
        result : StudyResult
            The study.
        where : mapping of str to str
            Table or figure by name, as printed.
        """
        if not self.applies(result):
            return "not applicable", ""
        found = [where[name] for place in self.places for name in where if fnmatchcase(name, place)]
        found += [_TEXT] if self.text else []
        status: Status = "reported"
        if not found:
            status = "add"
        elif self.add:
            status = "partly"
        return status, "; ".join([*found, *([self.add] if self.add or not found else [])])


def _structural(result: StudyResult) -> bool:
    return result.structural is not None


def _answered(result: StudyResult) -> bool:
    return result.screening is not None


def _incomplete(result: StudyResult) -> bool:
    screening = result.screening
    return screening is not None and bool(screening.items["missing"].sum())


def _several_constructs(result: StudyResult) -> bool:
    return len(result.measurement.reliability) > 1


def _compared(result: StudyResult) -> bool:
    return result.invariance is not None


def _moderated(result: StudyResult) -> bool:
    return bool(result.interactions)


def _mediated(result: StudyResult) -> bool:
    step = result.structural
    return step is not None and bool((step.effects["kind"] == "indirect").any())


def _controlled(result: StudyResult) -> bool:
    return bool(result.study.controls)


POINTS = (
    Point(
        "Design", "Population, sampling, unit of analysis, response rate, informants",
        add="how cases were drawn, whom they stand for, and how many were asked",
    ),
    Point(
        "Design", "Sample size: its reason, or power for the effects of interest",
        add="why this sample size; the power for each hypothesis",
    ),
    Point("Design", "Who answered", ("profile",), "a profile of the respondents"),
    Point(
        "Data", "Cases received, left out (with the rule), and analysed", ("sample",),
        applies=_answered,
    ),
    Point("Data", "Non-response: early against late respondents", ("waves",),
          "a test for non-response bias", applies=_answered),
    Point(
        "Data", "Wording of the items, number of answer categories, reverse-keyed items",
        ("items", "loadings"), "the wording of items that the file does not hold, and their source",
    ),
    Point("Data", "Items treated as continuous or ordered, and why", text=True,
          add="why that treatment suits the answers"),
    Point("Data", "Distribution of the items; multivariate normality",
          ("items", "distribution-tests", "item-normality"), applies=_answered),
    Point("Data", "Outliers and careless answers, and what was done",
          ("flagged-cases", "influence-structural", "influence-measurement", "fragility"),
          "what was done about cases that stand out", applies=_answered),
    Point("Data", "Missing answers: how many, which, why; how they were treated",
          ("missing-answers", "missing-patterns", "distribution-tests"),
          "why answers are missing", text=True, applies=_incomplete),
    Point("Data", "Moments from which others can estimate the models again",
          ("covariances", "covariances-*")),
    Point("Estimation", "Software and version, estimator, divisor of the covariances", text=True),
    Point("Estimation", "Convergence and admissibility of every model",
          ("measurement-parameters", "structural-parameters"), text=True),
    Point("Estimation", "Model as a diagram",
          ("figure-conceptual", "figure-measurement", "figure-structural", "figure-full")),
    Point("Estimation", "Scaling, number of free parameters, degrees of freedom",
          ("measurement-fit", "structural-fit", "measurement-parameters"), text=True),
    Point("Estimation", "All models that were estimated, those planned apart from those found",
          ("models", "measurement-rivals"), "which models were planned before the data were seen"),
    Point("Estimation", "Changes made to a model, each with its reason",
          ("measurement-modification", "structural-modification", "what-if"),
          "whether anything was changed after the first estimates, and why"),
    Point("Estimation", "Models that would fit equally well",
          add="equivalent models, and why the theory is preferred to them"),
    Point("Fit", "Chi-square with degrees of freedom and exact p; indices of several kinds",
          ("measurement-fit", "structural-fit", "further-fit")),
    Point("Fit", "Cut-offs with their sources", ("measurement-fit", "structural-fit")),
    Point("Fit", "Local fit: residuals and left-out parameters",
          ("measurement-residuals", "structural-residuals", "measurement-modification",
           "structural-modification")),
    Point("Step one", "Loadings with errors and tests; variance explained of each item",
          ("loadings",)),
    Point("Step one", "Reliability and average variance extracted, with intervals",
          ("reliability", "reliability-intervals")),
    Point("Step one", "Discriminant validity of each pair; where criteria disagree",
          ("validity", "discriminant", "discriminant-differences", "htmt",
           "discriminant-disagreement"), applies=_several_constructs),
    Point("Step one", "Common method variance: remedies in the design, tests in the data",
          ("method-bias", "method-models"), "what the design did against common method variance"),
    Point("Step two", "Sequence of nested models with chi-square differences",
          ("models", "sequential-tests", "figure-tests"), applies=_structural),
    Point("Step two", "Hypotheses with estimate, error, interval, p and verdict", ("hypotheses",),
          applies=_structural),
    Point("Step two", "Explained variance of the outcomes", ("explained-variance",),
          applies=_structural),
    Point("Step two", "Indirect and total effects with intervals",
          ("effects", "chains", "named-effects", "bootstrap-effects"), applies=_mediated),
    Point("Step two", "Control variables", ("structural-parameters", "figure-structural"),
          "why these variables are controlled", applies=_controlled),
    Point("Step two", "Whether constructs keep their meaning from step one to step two",
          ("confounding",), applies=_structural),
    Point("Groups", "Invariance of measurement, level by level; means and paths of the groups",
          ("invariance", "latent-means", "group-paths"), applies=_compared),
    Point("Moderation", "Interaction with its interval, simple slopes, region of significance",
          ("interaction-*", "slopes-*", "figure-interaction-*"),
          applies=_moderated),
    Point("Transparency", "Data, code and materials",
          add="where data and materials can be had (manifest.json repeats the analysis)"),
    Point("Transparency", "What was planned before the data were seen",
          add="a registration, or the statement that there is none"),
)  # fmt: skip
"""Every point of the checklist, in the order of a paper."""


def checklist_section(result: StudyResult, composed: Composed) -> Section:
    """Return the section that says where each point of the standards stands.

    Parameters
    ----------
    result : StudyResult
        The study.
    composed : Composed
        The report so far, whose tables and figures are cited.
    """

    def blocks() -> Iterator[Block]:
        yield checklist_table(result, composed.places)

    return Section("checklist", "Reporting Checklist", [("checklist", blocks)], appendix=True)


def checklist_table(result: StudyResult, where: Mapping[str, str]) -> Table:
    """Tabulate how each point of the reporting standards stands.

    Parameters
    ----------
    result : StudyResult
        The study.
    where : mapping of str to str
        Table or figure by name, as printed in the report.
    """
    rows = [
        (point.topic, point.what, _WORDS[status], place)
        for point in POINTS
        for status, place in [point.answer(result, where)]
    ]
    frame = pd.DataFrame(rows, columns=["topic", "point", "status", "where"])
    open_points = int((frame["status"].isin([_WORDS["add"], _WORDS["partly"]])).sum())
    return Table(
        "checklist",
        "Reporting Standards for Structural Equation Models",
        frame,
        columns={
            "point": display.Column("To be reported", display.TEXT),
            "status": display.Column("Status", display.TEXT),
            "where": display.Column("Where, or what to add", display.TEXT),
        },
        group_by="topic",
        notes=Notes(
            f"Points condensed from JARS-Quant ({short_citation('appelbaum2018')}) and the "
            f"two-step approach ({short_citation('anderson1988')}). {open_points} of {len(frame)} "
            "points need something that only the authors know."
        ),
    )
