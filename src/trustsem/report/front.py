"""What stands above the sections of a report: title, verdicts, banners, the main facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustsem import display
from trustsem.findings import at_least
from trustsem.report import prose
from trustsem.report.blocks import Callout
from trustsem.report.definitions import short_citation
from trustsem.typesetting import Rich, joined, plain, typeset

if TYPE_CHECKING:
    from trustsem.results import ModelResult
    from trustsem.study import StudyResult

_STEPS = {"measurement": "Step one: measurement", "structural": "Step two: structure"}
_OUTCOMES = {True: "holds", False: "does not hold", None: "no verdict"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one step."""

    step: str
    holds: bool | None
    text: Rich

    @property
    def outcome(self) -> str:
        """The verdict in a word or three."""
        return _OUTCOMES[self.holds]


@dataclass(frozen=True, slots=True)
class Front:
    """What a reader sees first.

    Parameters
    ----------
    title, reference, method : str
        What the study is, the publication that it is about, and the approach.
    synthetic : bool
        Whether the data were made by a generator.
    notice : str
        What every page must say first; empty where there is nothing.
    judgements : tuple of Judgement
        One for each step.
    banners : tuple of Callout
        One for each model whose numbers must not be used, with the reasons.
    facts : tuple of (str, Rich)
        Sample, fit, hypotheses.
    version : str
        Version of trustsem.
    """

    title: str
    reference: str
    method: str
    synthetic: bool
    notice: str
    judgements: tuple[Judgement, ...]
    banners: tuple[Callout, ...]
    facts: tuple[tuple[str, Rich], ...]
    version: str


def front_of(result: StudyResult, version: str) -> Front:
    """Return what stands above the sections of a study's report."""
    return Front(
        title=result.study.title,
        reference=result.study.reference,
        method=f"Two-step structural equation model ({short_citation('anderson1988')})",
        synthetic=result.synthetic,
        notice=result.notice,
        judgements=tuple(
            Judgement(_STEPS[verdict.step], verdict.holds, typeset(verdict.text))
            for verdict in result.verdict
        ),
        banners=tuple(_banners(result)),
        facts=tuple(_facts(result)),
        version=version,
    )


def _banners(result: StudyResult) -> list[Callout]:
    return [
        Callout("banner", status, tuple(item.claim for item in at_least(model.findings, "serious")))
        for step, model in result.models.items()
        if (status := prose.model_status(model, step))
    ]


def _facts(result: StudyResult) -> list[tuple[str, Rich]]:
    model = result.measurement.model
    facts = [("Sample", typeset(f"N = {model.n_obs} cases analysed"))]
    facts += [("Measurement model", _fit(model))]
    if result.structural is not None:
        table = result.structural.hypotheses
        supported = int(table["supported"].astype(bool).sum())
        facts += [
            ("Structural model", _fit(result.structural.model)),
            ("Hypotheses", typeset(f"{supported} of {len(table)} supported")),
        ]
    return facts


def _fit(model: ModelResult) -> Rich:
    line = typeset(display.fit_line(model.fit_measures, model.n_obs, "typeset"))
    if model.converged and model.admissible:
        return line
    return joined([line, plain("(not to be interpreted)", bold=True)])
