"""Do single respondents carry the conclusions? Both steps without each, and without the few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem import display
from trustsem.arrays import Floats
from trustsem.errors import MODEL_FAILURES
from trustsem.findings import Finding, Findings, at_least, labelled
from trustsem.inference import ARROW, row_values
from trustsem.results import Influence
from trustsem.simulation import Claim, Flip, Outcomes, solutions
from trustsem.study.influence_tables import influence_tables
from trustsem.tables import Page, Shown, Table

if TYPE_CHECKING:
    from trustsem.results import ModelResult
    from trustsem.study.measurement import MeasurementStep
    from trustsem.study.plan import Hypothesis, Study
    from trustsem.study.settings import RunSettings
    from trustsem.study.structural import StructuralStep

FEW_CASES = 2
FEW_SHARE = 0.01
"""A verdict that so few cases flip, or such a share of them, is called fragile."""

_DIRECTIONS = {"+": 1, "-": -1, "any": 0}
HYPOTHESIS_COLUMNS = (
    "hypothesis", "path", "sign", "est", "z", "pvalue", "supported", "est_min", "case_est_min",
    "est_max", "case_est_max", "std", "std_min", "std_max", "z_min", "z_max", "pvalue_min",
    "pvalue_max", "n_cases", "n_flips", "flipped_by",
)  # fmt: skip
FRAGILITY_COLUMNS = (
    "hypothesis", "path", "supported", "size", "share", "cases", "est", "z", "pvalue",
    "est_without", "se_without", "z_without", "pvalue_without", "supported_without", "most",
)  # fmt: skip
WITHOUT_COLUMNS = ("hypothesis", "case", "est", "se", "z", "pvalue", "std", "supported")


@dataclass(frozen=True, repr=False)
class StudyInfluence(Shown):
    """How much the conclusions of a study depend on single respondents.

    A case is a row of the survey, counted from 1.

    Parameters
    ----------
    measurement : Influence
        The measurement model without each case.
    structural : Influence or None
        The structural model without each case; None without hypotheses.
    hypotheses : DataFrame
        A row per hypothesis: its test with all cases, the range of estimate, z and p over the
        samples without one (``est_min case_est_min ...``), and ``flipped_by``, the cases each of
        which alone flips the verdict.
    fragility : DataFrame
        A row per hypothesis: ``size`` of the smallest set found without which the verdict is
        another one, its ``share`` of all cases, the ``cases``, and the test without them
        (``z_without`` ...); NaN where no set of up to ``most`` cases was found.
    without : DataFrame
        A row per hypothesis and case left out: ``hypothesis case est se z pvalue std supported``.
    findings : Findings
        What a reader must know.
    """

    measurement: Influence
    structural: Influence | None
    hypotheses: pd.DataFrame
    fragility: pd.DataFrame
    without: pd.DataFrame
    findings: Findings

    @property
    def n_cases(self) -> int:
        """Cases that were left out, one after the other, in step one."""
        return self.measurement.n

    def cases(self, step: str = "structural") -> pd.DataFrame:
        """Return what leaving out each case does to one of the two models.

        Parameters
        ----------
        step : {"structural", "measurement"}
            Which model.

        Returns
        -------
        DataFrame
            :attr:`Influence.cases` with ``case``, the row of the survey from 1, and for the
            structural model ``cook_paths``, the distance of the paths alone.
        """
        found = self.structural if step == "structural" else self.measurement
        if found is None:
            return self.cases("measurement")
        table = found.cases
        table.insert(0, "case", case_numbers(found))
        if step == "structural":
            table.insert(4, "cook_paths", found.cook("~").to_numpy())
        return table

    def tables(self, labels: Mapping[str, str]) -> list[Table]:
        """Return the tables of a report."""
        return list(influence_tables(self, labels))

    def _page(self) -> Page:
        """Return heading, findings and tables."""
        heading = f"Both steps estimated again without each of {self.n_cases} respondents"
        return Page(((heading, *map(str, self.findings)), *self.tables({})))


def case_numbers(influence: Influence) -> list[Any]:
    """Return the row of the survey that each case is, from 1."""
    return [row + 1 if isinstance(row, int) else row for row in influence.rows]


def study_influence(
    measurement: MeasurementStep,
    structural: StructuralStep | None,
    study: Study,
    settings: RunSettings,
) -> tuple[StudyInfluence | None, tuple[Finding, ...]]:
    """Estimate both steps again without each respondent, and look for the few that matter.

    Parameters
    ----------
    measurement, structural : MeasurementStep, StructuralStep or None
        What the two steps found.
    study : Study
        The plan.
    settings : RunSettings
        Whether to do it at all, by how many processes, and whether to tell how far it is.

    Returns
    -------
    StudyInfluence or None
        None where it was not asked for, or is not possible.
    tuple of Finding
        What a reader must know, the reason for None among it.
    """
    if not settings.influence:
        return None, ()
    if any(sample.data is None for sample in measurement.model.estimate.problem.samples):
        (sample,) = measurement.model.estimate.problem.samples
        source = "a printed matrix" if sample.again is None else sample.came_from
        return None, (_without_cases(source),)
    try:
        first = _left_out(measurement.model, settings)
        second = None if structural is None else _left_out(structural.model, settings)
        found = _analysed(study, structural, first, second)
    except MODEL_FAILURES as error:
        return None, (_not_possible(str(error)),)
    except KeyboardInterrupt:
        return None, (_not_possible("stopped by the user."),)
    return found, tuple(found.findings)


def _left_out(model: ModelResult, settings: RunSettings) -> Influence:
    """Estimate one model without each case."""
    return model.influence(workers=settings.workers, progress=settings.progress)


def _analysed(
    study: Study, structural: StructuralStep | None, first: Influence, second: Influence | None
) -> StudyInfluence:
    """Judge hypotheses without each case, and without sets of cases."""
    empty = [
        pd.DataFrame(columns=list(columns))
        for columns in (HYPOTHESIS_COLUMNS, FRAGILITY_COLUMNS, WITHOUT_COLUMNS)
    ]
    hypotheses, fragility, without = empty
    findings = list(first.judged(_called(first), "measurement model"))
    if structural is not None and second is not None:
        findings += second.judged(_called(second), "structural model")
        if second.has_errors:
            numbers = case_numbers(second)
            significance = study.thresholds.significance
            claims = [claim_of(entry, second.model) for entry in study.hypotheses]
            whole, single = second.outcomes(claims, significance)
            std = _standardised(second, claims)
            described = list(study.hypotheses)
            hypotheses = _hypotheses(described, (whole, single), std, second, numbers)
            without = _without(described, single, std, second, numbers)
            if not second.left.interrupted:
                flips = second.flips(claims, significance, whole=whole, single=single)
                fragility = _fragility(described, whole, flips, numbers)
                findings += _fragile(fragility, len(numbers))
        else:
            findings.append(_no_verdicts(second.model.options.se))
    return StudyInfluence(
        measurement=first,
        structural=second,
        hypotheses=hypotheses,
        fragility=fragility,
        without=without,
        findings=at_least(labelled(findings, study.labels), "note"),
    )


def _called(influence: Influence) -> list[str]:
    return [f"case {number}" for number in case_numbers(influence)]


def claim_of(hypothesis: Hypothesis, model: ModelResult) -> Claim:
    """Return what a hypothesis claims about the parameters of a structural model.

    Parameters
    ----------
    hypothesis : Hypothesis
        The hypothesis.
    model : ModelResult
        A model of one group that holds its paths.
    """
    rows = {(row.rhs, row.lhs): row for row in model.table.parameters if row.op == "~"}
    paths = [rows[ends] for ends in pairwise(hypothesis.chain)]
    return Claim(
        positions=tuple(row.free - 1 for row in paths),
        fixed=tuple(
            float("nan") if row.free or row.fixed is None else float(row.fixed) for row in paths
        ),
        direction=_DIRECTIONS[hypothesis.sign],
        tails=hypothesis.tails,
    )


def _standardised(influence: Influence, claims: list[Claim]) -> tuple[Floats, Floats]:
    """Return standardised effects with all cases, shape (h,), and without each, (n, h)."""
    estimate = influence.model.estimate
    problem = estimate.problem
    rows = {row.free - 1: place for place, row in enumerate(problem.table.parameters) if row.free}

    def effects(std: Floats) -> Floats:
        found = [
            std[:, [rows[position] for position in claim.positions]].prod(axis=1)
            if all(position >= 0 for position in claim.positions)
            else np.full(len(std), np.nan)
            for claim in claims
        ]
        return np.stack(found, axis=1)

    whole = effects(np.asarray(row_values(problem, estimate.params[None]).std_all))[0]
    refits = influence.left.refits
    kept = refits.take(np.flatnonzero(refits.converged))
    stack, params = problem, kept.params
    if problem.table.exogenous:  # their variances are those of each sample
        stack = solutions(problem, influence.left.removals, kept).problem
    single = np.full((influence.n, len(claims)), np.nan)
    single[refits.converged] = effects(np.asarray(row_values(stack, params).std_all))
    return whole, single


def _hypotheses(
    hypotheses: list[Hypothesis],
    judged: tuple[Outcomes, Outcomes],
    std: tuple[Floats, Floats],
    influence: Influence,
    numbers: list[Any],
) -> pd.DataFrame:
    """Tabulate each hypothesis with all cases and its range without one."""
    whole, single = judged
    records = []
    for place, entry in enumerate(hypotheses):
        est, z, p = (column[:, place] for column in (single.est, single.z, single.pvalue))
        known = influence.converged & np.isfinite(est)
        flips = known & np.isfinite(z) & (single.supported[:, place] != whole.supported[0, place])
        est_min, case_min = _extreme(est, known, numbers, -1)
        est_max, case_max = _extreme(est, known, numbers, 1)
        std_known = std[1][known, place]
        records.append(
            {
                **_described(entry),
                "sign": entry.sign,
                "est": whole.est[0, place],
                "z": whole.z[0, place],
                "pvalue": whole.pvalue[0, place],
                "supported": bool(whole.supported[0, place]),
                "est_min": est_min,
                "case_est_min": case_min,
                "est_max": est_max,
                "case_est_max": case_max,
                "std": std[0][place],
                "std_min": _least(std_known),
                "std_max": -_least(-std_known),
                "z_min": _least(z[known]),
                "z_max": -_least(-z[known]),
                "pvalue_min": _least(p[known]),
                "pvalue_max": -_least(-p[known]),
                "n_cases": int(known.sum()),
                "n_flips": int(flips.sum()),
                "flipped_by": tuple(numbers[k] for k in np.flatnonzero(flips)),
            }
        )
    return pd.DataFrame(records, columns=list(HYPOTHESIS_COLUMNS))


def _described(hypothesis: Hypothesis) -> dict[str, str]:
    return {"hypothesis": hypothesis.name, "path": ARROW.join(hypothesis.chain)}


def _least(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.min()) if known.size else float("nan")


def _extreme(
    values: Floats, known: np.ndarray[Any, np.dtype[np.bool_]], numbers: list[Any], side: int
) -> tuple[float, Any]:
    """Return the smallest (-1) or largest (1) value, and the case without which it is found."""
    if not known.any():
        return float("nan"), None
    place = int(np.where(known, side * values, -np.inf).argmax())
    return float(values[place]), numbers[place]


def _without(
    hypotheses: list[Hypothesis],
    single: Outcomes,
    std: tuple[Floats, Floats],
    influence: Influence,
    numbers: list[Any],
) -> pd.DataFrame:
    """Tabulate each hypothesis without each case."""
    parts = [
        pd.DataFrame(
            {
                "hypothesis": entry.name,
                "case": pd.Series(numbers, dtype=None),
                "est": single.est[:, place],
                "se": single.se[:, place],
                "z": single.z[:, place],
                "pvalue": single.pvalue[:, place],
                "std": std[1][:, place],
                "supported": single.supported[:, place] & influence.converged,
            }
        )
        for place, entry in enumerate(hypotheses)
    ]
    return pd.concat(parts, ignore_index=True)[list(WITHOUT_COLUMNS)]


def _fragility(
    hypotheses: list[Hypothesis], whole: Outcomes, flips: tuple[Flip, ...], numbers: list[Any]
) -> pd.DataFrame:
    """Tabulate the smallest set found for each hypothesis."""
    records = []
    for place, (entry, flip) in enumerate(zip(hypotheses, flips, strict=True)):
        size = float("nan") if flip.cases is None else len(flip.cases)
        records.append(
            {
                **_described(entry),
                "supported": bool(whole.supported[0, place]),
                "size": size,
                "share": size / len(numbers),
                "cases": tuple(numbers[case] for case in flip.cases or ()),
                "est": whole.est[0, place],
                "z": whole.z[0, place],
                "pvalue": whole.pvalue[0, place],
                "est_without": flip.est,
                "se_without": flip.se,
                "z_without": flip.z,
                "pvalue_without": flip.pvalue,
                "supported_without": flip.supported,
                "most": flip.most,
            }
        )
    return pd.DataFrame(records, columns=list(FRAGILITY_COLUMNS))


def _fragile(fragility: pd.DataFrame, n: int) -> list[Finding]:
    """Return a finding for each hypothesis whose verdict very few cases flip."""
    limit = max(FEW_CASES, int(FEW_SHARE * n))
    found = []
    for row in fragility.to_dict("records"):
        if not row["size"] <= limit:
            continue
        cases = ", ".join(str(case) for case in row["cases"])
        verdicts = ("supported", "not supported")
        verdict, other = verdicts if row["supported"] else verdicts[::-1]
        before, after = (display.p_statement(row[name]) for name in ("pvalue", "pvalue_without"))
        plural = "s" if len(row["cases"]) > 1 else ""
        found.append(
            Finding(
                code="fragile_hypothesis",
                subject=str(row["hypothesis"]),
                claim=f"{row['hypothesis']} ({row['path']}) is {verdict} with all {n} cases "
                f"(z = {display.fixed(row['z'])}, {before}), but {other} without case{plural} "
                f"{cases} (z = {display.fixed(row['z_without'])}, {after}).",
                severity="warning",
                holds=False,
                value=float(row["size"]),
                threshold=float(limit),
                source="broderick2020",
                remedy="Report that the verdict rests on so few respondents, and look at their "
                "answers; it is no reason to leave them out.",
            )
        )
    return found


def _without_cases(source: str) -> Finding:
    return Finding(
        code="no_influence",
        subject="influence",
        claim="There is no influence analysis: respondents can be left out only of answers in "
        f"memory, not of {source}.",
    )


def _not_possible(reason: str) -> Finding:
    return Finding(
        code="no_influence",
        subject="influence",
        claim=f"There is no influence analysis: {reason}",
        severity="warning",
    )


def _no_verdicts(se: str) -> Finding:
    return Finding(
        code="no_influence",
        subject="influence",
        claim=f"Hypotheses are not judged without single cases: with se = '{se}' each verdict "
        "would need standard errors from a bootstrap of its own, or does not exist.",
        severity="warning",
        remedy="Use se = 'standard' or 'robust' for this analysis.",
    )
