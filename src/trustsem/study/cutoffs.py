"""Cut-offs of fit indices for both models of a study, beside the fixed rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trustsem import display
from trustsem.errors import TrustsemError
from trustsem.findings import Finding, labelled
from trustsem.results import DynamicCutoffs, ModelResult
from trustsem.results.cutoffs import JUDGED, TITLES, run_cutoffs
from trustsem.simulation import MISFIT, Report
from trustsem.tables import Page, Shown, Table

if TYPE_CHECKING:
    from trustsem.study.measurement import MeasurementStep
    from trustsem.study.plan import Study
    from trustsem.study.structural import StructuralStep
    from trustsem.validity import Thresholds


@dataclass(frozen=True, repr=False)
class StudyCutoffs(Shown):
    """Cut-offs for the two models of a study.

    Parameters
    ----------
    measurement : DynamicCutoffs or None
        Of the measurement model; None where the method is not defined for it.
    structural : DynamicCutoffs or None
        Of the structural model; None without one, and where it leaves no relation out.
    findings : tuple of Finding
        Reasons for None, and where the fixed rules say something else.
    """

    measurement: DynamicCutoffs | None
    structural: DynamicCutoffs | None
    findings: tuple[Finding, ...]

    @property
    def models(self) -> dict[str, DynamicCutoffs]:
        """The cut-offs that exist, by step."""
        both = {"measurement": self.measurement, "structural": self.structural}
        return {step: found for step, found in both.items() if found is not None}

    def tables(self, labels: Mapping[str, str]) -> list[Table]:
        """Return the tables of a report."""
        return [
            table
            for step, found in self.models.items()
            for table in found.tables(labels, name=f"cutoffs-{step}", of=f"{step} model")
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, without the single samples."""
        return {step: found.to_dict() for step, found in self.models.items()}

    def _page(self) -> Page:
        """Return heading, findings and tables."""
        parts = [
            f"{step} model: levels 0 to {found.n_levels}, {found.n} samples each, "
            f"N = {found.n_obs}, seed {found.seed}"
            for step, found in self.models.items()
        ]
        heading = "Cut-offs for this model and sample size"
        return Page(((heading, *parts, *map(str, self.findings)), *self.tables({})))


def find_cutoffs(
    measurement: MeasurementStep,
    structural: StructuralStep | None,
    study: Study,
    *,
    n: int,
    seed: int,
    workers: int = 1,
    report: Callable[[str], Report | None] | None = None,
) -> tuple[StudyCutoffs | None, tuple[Finding, ...]]:
    """Simulate cut-offs for both models of a study.

    Parameters
    ----------
    measurement, structural : MeasurementStep, StructuralStep or None
        What the two steps found.
    study : Study
        The plan.
    n : int
        Samples for each level of misspecification; 0 for none.
    seed : int
        Their seed.
    workers : int
        Processes.
    report : callable, optional
        From the name of a computation to what is called with its finished and all parts.

    Returns
    -------
    StudyCutoffs or None
        None where none were asked for, or could be found.
    tuple of Finding
        What a reader must know, the reason for None among it.

    Notes
    -----
    Verdicts stay those of the study's thresholds: the findings say where these cut-offs
    [mcneish2023]_ disagree with them.
    """
    if not n:
        return None, ()
    models: dict[str, ModelResult] = {"measurement": measurement.model}
    if structural is not None:
        models["structural"] = structural.model
    found: dict[str, DynamicCutoffs] = {}
    findings: list[Finding] = []
    for step, model in models.items():
        try:
            found[step] = run_cutoffs(
                model, samples=n, seed=seed, part=step, workers=workers,
                report=report(f"cut-offs, {step} model") if report is not None else None,
            )  # fmt: skip
        except TrustsemError as error:
            findings.append(_without(step, str(error)))
            continue
        findings += [replace(item, subject=f"{step} model") for item in found[step].findings]
        findings += _disagreements(found[step], step, study.thresholds, study.labels)
    named = labelled(dict.fromkeys(findings), study.labels)
    if not found:
        return None, named
    result = StudyCutoffs(found.get("measurement"), found.get("structural"), named)
    return result, named


def _disagreements(
    found: DynamicCutoffs, step: str, thresholds: Thresholds, labels: Mapping[str, str]
) -> list[Finding]:
    """Return where the fixed rules and the cut-offs say something else."""
    verdict = found.verdict.set_index("index")
    stricter, milder = [], []
    for index in JUDGED:
        level, value = verdict["at_least"][index], float(verdict["observed"][index])
        if level is None or display.is_missing(level):
            continue
        limit = float(getattr(thresholds, index))
        met = value <= limit if index in MISFIT else value >= limit
        text = f"{TITLES[index]} {display.bounded(value, 3)} ({display.bounded(limit, 2)})"
        if met and level:
            stricter.append((int(level), text))
        elif not met and not level:
            milder.append(text)
    findings = []
    if stricter:
        highest = max(level for level, _ in stricter)
        findings.append(
            Finding(
                code="stricter_cutoffs",
                subject=f"{step} model",
                claim=f"{_listed([text for _, text in stricter])} of the {step} model meet the "
                f"fixed rule in brackets, but show at least the misfit of level {highest} by the "
                f"cut-offs for this model and N = {found.n_obs}: as if "
                f"{_worst(found, highest, labels)}.",
                severity="warning",
                holds=False,
                value=float(highest),
                source="mcneish2023",
                remedy="Look at the modification indices of relations like these.",
            )
        )
    if milder:
        findings.append(
            Finding(
                code="milder_cutoffs",
                subject=f"{step} model",
                claim=f"{_listed(milder)} of the {step} model miss the fixed rule in brackets, but "
                f"show less misfit than any level whose cut-off exists for this model and "
                f"N = {found.n_obs}.",
                severity="note",
                source="mcneish2023",
            )
        )
    return findings


def _worst(found: DynamicCutoffs, level: int, labels: Mapping[str, str]) -> str:
    """Say what a level leaves out, in words."""
    words = found.words(level, labels)
    more = found.counts[level - 1] - len(words)
    rest = f", with what the {level - 1} levels before add ({more} more)" if more > 0 else ""
    return f"{_listed(words)}{rest}"


def _listed(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _without(step: str, reason: str) -> Finding:
    """Return the finding that there are no cut-offs, and why."""
    return Finding(
        code="without_cutoffs",
        subject=f"{step} model",
        claim=f"There are no cut-offs for the {step} model and this sample size: {reason}",
        severity="note",
    )
