"""Every hypothesis under every combination of defensible choices [steegen2016]_."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from trustsem.charts import (
    CurvesChart,
    Plots,
    Plotted,
    SpecificationCurve,
    Width,
    curve_chart,
    curves_chart,
)
from trustsem.errors import (
    MODEL_FAILURES,
    PlanError,
    SurveyError,
    TrustsemError,
    UnknownOptionError,
    listed,
)
from trustsem.findings import Finding, Findings, at_least
from trustsem.options import Options
from trustsem.results import cfa
from trustsem.results.progress import progress_report
from trustsem.simulation import run_in_parts
from trustsem.study.answers import Answers, Data, prepare_answers
from trustsem.study.checks import KEEP, parse_plan
from trustsem.study.choices import OF_CASES, TITLES, Grid, grid_of
from trustsem.study.multiverse_tables import choice_words, multiverse_tables
from trustsem.study.plan import Study
from trustsem.study.specifications import (
    ADMISSIBLE,
    NOT_DEFINED,
    REPEATED,
    Outcome,
    Task,
    Workshop,
    alike,
    estimate_part,
    estimates_table,
    not_estimated,
    same_key,
    specifications_table,
)
from trustsem.study.structural import with_residual_variances
from trustsem.study.study_file import load_study
from trustsem.tables import Page, Shown, Table
from trustsem.validity.multiverse import (
    agreement_table,
    check_multiverse,
    drivers_table,
    overall_table,
    with_decisive,
)
from trustsem.validity.wording import coefficient, joined
from trustsem.validity.wording import counted as _counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trustsem.study.sections import MultiverseSection
    from trustsem.study.settings import RunSettings

WEAK_COLUMNS = ("construct", "item", "std_all", "dropped")
"""Columns of the items whose loadings are below the threshold."""

_MOMENTS = ("sample_cov", "sample_mean", "sample_sd", "sample_nobs")
_WIDTH = 110
_REASONS_SHOWN = 3


@dataclass(frozen=True, eq=False, repr=False)
class Multiverse(Shown):
    """What every combination of declared choices says of each hypothesis.

    Parameters
    ----------
    choices : mapping of str to tuple of str
        Every choice with its values, the study's own first; what made no difference is left out.
    specifications : DataFrame
        A row per combination: ``specification`` (its number; 1 is the study's own), ``own``, a
        column per choice, then :data:`~trustsem.study.specifications.STATE_COLUMNS`: ``status``
        with its ``reason``, cases, fit of the structural model.
    estimates : DataFrame
        A row per combination and hypothesis, columns
        :data:`~trustsem.study.specifications.ESTIMATE_COLUMNS`. Only rows with ``counted`` take
        part in shares: those of admissible specifications.
    agreement : DataFrame
        A row per hypothesis, columns :data:`~trustsem.validity.multiverse.AGREEMENT_COLUMNS`.
    drivers : DataFrame
        A row per hypothesis and choice, columns
        :data:`~trustsem.validity.multiverse.DRIVER_COLUMNS`.
    switches : DataFrame
        A row per hypothesis and value that differs from the study's own, columns
        :data:`~trustsem.validity.multiverse.SWITCH_COLUMNS`.
    overall : DataFrame
        A row per choice over all hypotheses, columns
        :data:`~trustsem.validity.multiverse.OVERALL_COLUMNS`.
    weak_items : DataFrame
        Items with weak loadings and whether they are dropped, columns :data:`WEAK_COLUMNS`.
    findings : Findings
        Hypotheses whose verdict hangs on choices, inadmissible specifications, what was left out.
    labels : mapping of str to str
        What constructs are called for readers.
    interrupted : bool
        Whether the computation was stopped before its end.
    """

    choices: Mapping[str, tuple[str, ...]]
    specifications: pd.DataFrame
    estimates: pd.DataFrame
    agreement: pd.DataFrame
    drivers: pd.DataFrame
    switches: pd.DataFrame
    overall: pd.DataFrame
    weak_items: pd.DataFrame
    findings: Findings
    labels: Mapping[str, str]
    interrupted: bool = False

    @property
    def n_admissible(self) -> int:
        """Number of admissible specifications."""
        return int((self.specifications["status"] == ADMISSIBLE).sum())

    @property
    def matters_most(self) -> str:
        """The choice that matters most over all hypotheses; empty if none makes a difference."""
        chosen = self.overall[self.overall["matters_most"].astype(bool)]
        return str(chosen["choice"].iloc[0]) if len(chosen) else ""

    @property
    def plot(self) -> MultiversePlots:
        """The charts: the curve of a hypothesis, and the curves of all."""
        return MultiversePlots(self)

    def tables(self, labels: Mapping[str, str] | None = None) -> list[Table]:
        """Return agreement, drivers, weak items and all specifications as tables.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print; the study's labels by default.
        """
        return list(multiverse_tables(self, self.labels if labels is None else labels))

    def _page(self) -> Page:
        """Return findings and tables."""
        tables = [table for table in self.tables() if table.name != "multiverse-specifications"]
        heading = (
            f"Multiverse: {_counted(len(self.specifications), 'specification', 'specifications')}, "
            f"{self.n_admissible} admissible"
        )
        more = "More: .specifications, .estimates, .switches, .overall, .plot"
        blocks: tuple[Any, ...] = ((heading, *map(str, self.findings)), *tables, (more,))
        return Page(blocks, width=_WIDTH)


class MultiversePlots(Plots):
    """The charts of a multiverse.

    Parameters
    ----------
    result : Multiverse
        What was found.
    """

    def __init__(self, result: Multiverse) -> None:
        self._result = result

    @Plotted
    def multiverse(
        self, *, hypothesis: str | None = None, width: Width = "165mm"
    ) -> SpecificationCurve:
        """Specification curve of a hypothesis: estimates in order, the choices below.

        Parameters
        ----------
        hypothesis : str, optional
            Its name; by default the one that the fewest specifications agree on.
        width : str or float
            Final width.
        """
        found = self._result
        names = list(found.agreement["hypothesis"])
        if hypothesis is not None and hypothesis not in names:
            raise UnknownOptionError(str(hypothesis), names, kind="hypothesis")
        name = hypothesis or least_agreed(found.agreement)
        rows = _drawn(found.estimates, name)
        titles = choice_words(found.choices)
        table = rows.merge(found.specifications[["specification", *found.choices]])
        return curve_chart(
            table, found.choices, name=name, titles=titles[0], words=titles[1],
            labels=found.labels, total=len(found.specifications), width=width,
        )  # fmt: skip

    @Plotted
    def curves(self, *, width: Width = "165mm") -> CurvesChart:
        """Specification curves of all hypotheses beside each other.

        Parameters
        ----------
        width : str or float
            Final width.
        """
        found = self._result
        table = found.estimates[_shown_rows(found.estimates)]
        if not len(table):
            raise _nothing_to_draw()
        return curves_chart(table, found.agreement, labels=found.labels, width=width)


def _shown_rows(estimates: pd.DataFrame) -> pd.Series[bool]:
    """Return which estimates a chart shows: those that count."""
    return estimates["counted"] & estimates["std_all"].notna()


def _drawn(estimates: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the estimates of one hypothesis that a chart shows."""
    rows = estimates[_shown_rows(estimates) & (estimates["hypothesis"] == name)]
    if not len(rows):
        raise _nothing_to_draw()
    return rows


def _nothing_to_draw() -> PlanError:
    return PlanError(
        "No admissible specification has an estimate to draw.",
        remedy="The table of specifications says why.",
    )


def least_agreed(agreement: pd.DataFrame) -> str:
    """Return the hypothesis that the fewest specifications agree on, the widest range first.

    Parameters
    ----------
    agreement : DataFrame
        As :class:`Multiverse` holds it.
    """
    spread = agreement["std_upper"] - agreement["std_lower"]
    order = pd.DataFrame({"share": agreement["share_agree"], "spread": -spread})
    return str(agreement["hypothesis"].loc[order.sort_values(["share", "spread"]).index[0]])


def multiverse(
    study: Study | str | Path,
    data: Data = None,
    choices: Mapping[str, Any] | None = None,
    *,
    workers: int = 1,
    progress: bool | None = None,
    **overrides: Any,
) -> Multiverse:
    """Estimate the hypotheses of a study under every combination of defensible choices.

    Parameters
    ----------
    study : Study, str or path
        A plan, the name of a shipped study, or a study file.
    data : path, DataFrame or Survey, optional
        Answers to analyse; the study's own data by default.
    choices : mapping, optional
        Values by choice, in the place of the study's section ``[multiverse]``:
        ``{"estimator": ["ML", "MLR"], "missing": ["listwise", "fiml"]}``. The study's own value
        always takes part.
    workers : int
        Processes; -1 for one on each core. They change no result.
    progress : bool, optional
        Whether to say on a terminal how far it is; by default where there is one.
    **overrides
        Options of the estimation that replace the study's own, as in :func:`two_step`.

    Returns
    -------
    Multiverse
        Combinations that are not defined, or have no admissible solution, are in it with the
        reason.

    Raises
    ------
    PlanError
        If the choices have mistakes, all of which are listed, or there are none.
    SurveyError
        If the data are not what the study says.
    SpecificationError, MomentsError
        If the study's own measurement model cannot be estimated.

    References
    ----------
    Steegen et al. (2016) [steegen2016]_; Simonsohn et al. (2020) [simonsohn2020]_.

    Examples
    --------
    >>> found = multiverse("bollen1989", choices={"estimator": ["ML", "MLR"]})
    >>> found.agreement[["hypothesis", "share_agree"]].to_dict("list")
    {'hypothesis': ['H1', 'H2', 'H3'], 'share_agree': [1.0, 1.0, 1.0]}
    """
    plan = study if isinstance(study, Study) else load_study(study)
    plan = _with_choices(plan, choices, other_data=data is not None)
    moments = {name: overrides[name] for name in _MOMENTS if name in overrides}
    said = {name: value for name, value in overrides.items() if name not in _MOMENTS}
    keywords = {**plan.options, **said}
    options = Options.from_keywords(**keywords, **moments)
    answers = prepare_answers(plan, data, moments, options)
    return explore(plan, answers, keywords, workers=workers, progress=progress)


def _with_choices(plan: Study, choices: Mapping[str, Any] | None, *, other_data: bool) -> Study:
    """Return the plan with other choices.

    Raises
    ------
    PlanError
        If they have mistakes, or there are none.
    """
    if choices is None and plan.multiverse is None:
        raise PlanError(
            f"The study {plan.name!r} has no section [multiverse].",
            remedy="Give choices, such as choices={'estimator': ['ML', 'MLR']}.",
        )
    if choices is None:
        return plan
    if not isinstance(choices, Mapping):
        raise PlanError(f"choices must be a mapping, got {type(choices).__name__}.")
    named = choices.get("items")
    chosen = {**choices, **({"items": dict(named)} if isinstance(named, Mapping) else {})}
    raw = {**plan.to_dict(), "multiverse": chosen}
    if other_data:
        raw.pop("moments", None)
    parsed, mistakes = parse_plan(raw)
    if mistakes:
        lines = "".join(f"\n  {mistake}" for mistake in mistakes)
        raise PlanError(f"{len(mistakes)} mistake(s) in the choices:{lines}")
    return Study.from_parsed(parsed, raw, folder=plan.folder, source=plan.source)


def explore(
    study: Study,
    answers: Answers,
    keywords: Mapping[str, Any],
    *,
    workers: int = 1,
    progress: bool | None = None,
    loadings: Mapping[str, float] | None = None,
) -> Multiverse:
    """Estimate every combination of the choices of a study.

    Parameters
    ----------
    study : Study
        The plan; it has a section ``[multiverse]``.
    answers : Answers
        What the study itself analyses.
    keywords : mapping
        Options of its estimation.
    workers, progress
        As in :func:`multiverse`.
    loadings : mapping of str to float, optional
        Standardised loading of each item in the study's own measurement model; estimated where
        they are needed and not given.

    Raises
    ------
    PlanError
        If there are too many combinations.
    """
    section = study.multiverse
    if section is None:
        raise PlanError(f"The study {study.name!r} has no section [multiverse].")
    if loadings is None:
        loadings = _own_loadings(study, answers, keywords) if section.weak_items else {}
    workshop = Workshop(study, answers, keywords, loadings)
    options = Options.from_keywords(**_printed(answers), **keywords)
    grid, findings = _different(grid_of(section, study, options), section, workshop)
    tasks, outcomes = _tasks(grid, section, workshop)
    done, interrupted = _estimated(tasks, workers, progress)
    outcomes |= done
    return _found(study, grid, outcomes, workshop, findings, interrupted=interrupted)


def survivable(
    study: Study,
    answers: Answers,
    keywords: Mapping[str, Any],
    *,
    loadings: Mapping[str, float],
    settings: RunSettings,
) -> tuple[Multiverse | None, tuple[Finding, ...]]:
    """Return what a study's section ``[multiverse]`` gives; a failure is a finding.

    Parameters
    ----------
    study, answers, keywords, loadings
        As in :func:`explore`.
    settings : RunSettings
        Settings of the run.

    Returns
    -------
    Multiverse or None
        None without a section, or after a failure.
    tuple of Finding
        What a reader must know.
    """
    if study.multiverse is None or not settings.multiverse:
        return None, ()
    at_work: dict[str, Any] = {"workers": settings.workers, "progress": settings.progress}
    try:
        found = explore(study, answers, keywords, loadings=loadings, **at_work)
    except (*MODEL_FAILURES, PlanError, SurveyError) as error:
        return None, (
            Finding(
                code="no_multiverse",
                subject="multiverse",
                claim=f"The multiverse could not be explored: {error}",
                severity="warning",
            ),
        )
    return found, found.findings


def _printed(answers: Answers) -> dict[str, Any]:
    """Return the printed moments among the inputs."""
    return {name: value for name, value in answers.inputs.items() if name != "data"}


def _own_loadings(
    study: Study, answers: Answers, keywords: Mapping[str, Any]
) -> Mapping[str, float]:
    """Return the standardised loadings of the study's own measurement model."""
    plan = with_residual_variances(study, answers, keywords)
    model = cfa(plan.measurement_model(), **answers.inputs, **keywords)
    if not model.converged:
        return {}
    rows = model.parameters.query("op == '=~'")
    return dict(zip(rows["rhs"], rows["std_all"].astype(float), strict=True))


def _different(
    grid: Grid, section: MultiverseSection, workshop: Workshop
) -> tuple[Grid, tuple[Finding, ...]]:
    """Leave out choices that make no difference in these data; say which and why."""
    idle: dict[str, str] = {}
    study, answers = workshop.study, workshop.answers
    if answers.everyone is None:
        cases = "a matrix holds no cases"
        idle = dict.fromkeys((name for name in OF_CASES if name in grid.values), cases)
    else:
        surveys = [workshop.survey(value) for value in grid.values.get("outliers", (KEEP,))]
        if len(surveys) > 1 and len({s.n_cases for s in surveys if s is not None}) == 1:
            idle["outliers"] = "no case is an outlier (Mahalanobis, p < .001)"
        frames = [s.frame[list(study.variables)] for s in surveys if s is not None]
        if "missing" in grid.values and not any(f.isna().to_numpy().any() for f in frames):
            idle["missing"] = "no answer is missing"
    explicit = [(), *map(tuple, section.items.values())]
    if "weak_items" in grid.values and not any(map(workshop.weak, explicit)):
        least = coefficient(study.thresholds.loading, 2)
        idle["weak_items"] = f"no item that could be dropped has a loading below {least}"
    findings = tuple(
        Finding(
            code="multiverse_idle_choice",
            subject=TITLES[name],
            claim=f"The choice makes no difference here and is left out: {reason}.",
        )
        for name, reason in idle.items()
    )
    return grid.without(tuple(idle)), findings


def _tasks(
    grid: Grid, section: MultiverseSection, workshop: Workshop
) -> tuple[list[Task], dict[int, Outcome]]:
    """Return what is to be estimated, and the combinations that need not or cannot be."""
    tasks: list[Task] = []
    outcomes: dict[int, Outcome] = {}
    known: dict[tuple[Any, ...], int] = {}
    for number, choices in enumerate(grid.combinations(), start=1):
        try:
            task = workshop.task(number, choices, section.items)
        except TrustsemError as error:
            outcomes[number] = Outcome(number, not_estimated(NOT_DEFINED, str(error)))
            continue
        first = known.setdefault(same_key(task), number)
        if first == number:
            tasks.append(task)
            continue
        reason = f"The same as specification {first}: the choices differ in nothing here."
        outcomes[number] = Outcome(number, not_estimated(REPEATED, reason, n_items=task.n_items))
    return tasks, outcomes


def _estimated(
    tasks: Sequence[Task], workers: int, progress: bool | None
) -> tuple[dict[int, Outcome], bool]:
    """Estimate all tasks, those that share a solution together."""
    parts = alike(tasks)
    report = progress_report("multiverse", progress)
    run: Callable[..., tuple[Outcome, ...]] = estimate_part
    finished = run_in_parts(run, parts, workers=workers, report=report)
    done = [outcome for part in finished.outcomes for outcome in part]
    return {outcome.number: outcome for outcome in done}, finished.interrupted


def _found(
    study: Study,
    grid: Grid,
    outcomes: Mapping[int, Outcome],
    workshop: Workshop,
    findings: Sequence[Finding],
    *,
    interrupted: bool,
) -> Multiverse:
    """Tabulate what came of all specifications, and judge it."""
    specifications = specifications_table(grid, outcomes)
    estimates = estimates_table(specifications, outcomes, study)
    table = specifications.set_index("specification")[list(grid.values)]
    drivers, switches = drivers_table(table, estimates, grid.values)
    agreement = with_decisive(agreement_table(estimates), drivers)
    found = Multiverse(
        choices=grid.values,
        specifications=specifications,
        estimates=estimates,
        agreement=agreement,
        drivers=drivers,
        switches=switches,
        overall=overall_table(drivers),
        weak_items=_weak_items(study, workshop) if "weak_items" in grid.values else _no_weak(),
        findings=Findings(),
        labels=dict(study.labels),
        interrupted=interrupted,
    )
    judged = check_multiverse(agreement, titles=_lower(TITLES), labels=study.labels)
    every = (*judged, *_about(found, workshop, len(grid)), *findings)
    return replace(found, findings=at_least(every, "note"))


def _lower(titles: Mapping[str, str]) -> dict[str, str]:
    """Return titles as they stand within a sentence."""
    return {name: title.lower() for name, title in titles.items()}


def _weak_items(study: Study, workshop: Workshop) -> pd.DataFrame:
    """Tabulate the items with weak loadings."""
    dropped = set(workshop.weak())
    least = study.thresholds.loading
    rows = [
        (construct, item, workshop.loadings[item], item in dropped)
        for construct, items in study.items_of.items()
        for item in items
        if abs(workshop.loadings.get(item, 1.0)) < least
    ]
    return pd.DataFrame(rows, columns=list(WEAK_COLUMNS))


def _no_weak() -> pd.DataFrame:
    return pd.DataFrame(columns=list(WEAK_COLUMNS))


def _about(found: Multiverse, workshop: Workshop, total: int) -> list[Finding]:
    """Say what a reader must know about the specifications themselves."""
    findings = [_summary(found, total)]
    table = found.specifications
    estimated = table[~table["status"].isin((NOT_DEFINED, REPEATED))]
    bad = estimated[estimated["status"] != ADMISSIBLE]
    if len(bad):
        findings.append(_inadmissible(bad, len(estimated)))
    undefined = table[table["status"] == NOT_DEFINED]
    if len(undefined):
        findings.append(_undefined(undefined))
    repeated = int((table["status"] == REPEATED).sum())
    if repeated:
        claim = f"{_counted(repeated, 'combination repeats', 'combinations repeat')} another one, "
        claim += "since a choice makes no difference there; each counts once."
        findings.append(Finding("multiverse_repeated", "multiverse", claim))
    if "outliers" in found.choices:
        findings.append(_outliers(workshop))
    if len(found.weak_items):
        findings.append(_weak(found.weak_items, workshop.study))
    if found.interrupted:
        claim = f"The computation was stopped: {len(table)} of {total} combinations are shown."
        findings.append(Finding("multiverse_interrupted", "multiverse", claim, "warning"))
    return findings


def _summary(found: Multiverse, total: int) -> Finding:
    """Say how many specifications there are, and how many verdicts they share."""
    agreement = found.agreement
    always = int((agreement["share_agree"] == 1).sum())
    claim = (
        f"{_counted(total, 'combination', 'combinations')} of {len(found.choices)} choices, "
        f"{found.n_admissible} of them admissible: all agree with the study's own verdict on "
        f"{always} of {_counted(len(agreement), 'hypothesis', 'hypotheses')}."
    )
    most = found.matters_most
    if most:
        claim += f" Over all hypotheses the choice that matters most is {TITLES[most].lower()}."
    return Finding("multiverse_summary", "multiverse", claim, source="simonsohn2020")


def _inadmissible(bad: pd.DataFrame, estimated: int) -> Finding:
    """Say how many specifications have no admissible solution."""
    counts = Counter(bad["status"])
    own = bool(bad["own"].any())
    kinds = joined([f"{number} {status}" for status, number in sorted(counts.items())])
    numbers = listed([str(number) for number in bad["specification"]])
    claim = (
        f"{len(bad)} of {estimated} specifications have no admissible solution ({kinds}: number "
        f"{numbers}). They are shown, but take no part in shares."
    )
    if own:
        claim += " The study's own is among them, so that there is no verdict to agree with."
    return Finding(
        code="multiverse_inadmissible",
        subject="multiverse",
        claim=claim,
        severity="warning",
        holds=False,
        value=len(bad) / estimated,
    )


def _undefined(undefined: pd.DataFrame) -> Finding:
    """Say which combinations do not exist, and why."""
    counts = Counter(undefined["reason"])
    reasons = [f"{reason} ({number})" for reason, number in counts.most_common(_REASONS_SHOWN)]
    more = len(counts) - _REASONS_SHOWN
    reasons += [f"{more} further reasons"] if more > 0 else []
    return Finding(
        code="multiverse_undefined",
        subject="multiverse",
        claim=f"{_counted(len(undefined), 'combination does', 'combinations do')} not exist: "
        f"{' '.join(reasons)}",
    )


def _outliers(workshop: Workshop) -> Finding:
    """Say how many cases the choice about outliers is about."""
    sizes = {s.n_cases for name in ("keep", "drop") if (s := workshop.survey(name)) is not None}
    number = max(sizes) - min(sizes)
    return Finding(
        code="multiverse_outliers",
        subject="data",
        claim=f"{_counted(number, 'case is a', 'cases are')} multivariate "
        f"{'outlier' if number == 1 else 'outliers'} (Mahalanobis, p < .001) and kept in some "
        "specifications, dropped in others. Incomplete cases have no distance and stay.",
        value=float(number),
        source="hair2019",
    )


def _weak(table: pd.DataFrame, study: Study) -> Finding:
    """Say which items the choice about weak items is about."""
    dropped = table[table["dropped"].astype(bool)]
    shown = [
        f"{item} ({coefficient(float(value), 2)})"
        for item, value in zip(dropped["item"], dropped["std_all"], strict=True)
    ]
    kept = len(table) - len(dropped)
    claim = (
        f"Weak items, dropped together: {joined(shown) or 'none'} (standardised loading below "
        f"{coefficient(study.thresholds.loading, 2)} by the study's own choices)."
    )
    if kept:
        stays = _counted(kept, "weak item stays", "weak items stay")
        claim += f" {stays}, since a construct keeps at least two items."
    return Finding(
        code="multiverse_weak_items",
        subject="measurement model",
        claim=claim,
        value=float(len(dropped)),
        threshold=study.thresholds.loading,
        source=study.thresholds.source("loading"),
    )
