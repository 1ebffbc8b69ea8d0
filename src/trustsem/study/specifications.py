"""One combination of choices as two models, and what comes of estimating them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from trustsem.errors import PlanError, TrustsemError, listed
from trustsem.findings import at_least, labelled
from trustsem.options import Options
from trustsem.results import ModelResult, cfa, sem
from trustsem.study import syntax
from trustsem.study.answers import Answers, analysable, counted
from trustsem.study.checks import KEEP, THEORY, about_outliers, parse_plan
from trustsem.study.plan import Hypothesis, Study
from trustsem.study.structural import with_residual_variances
from trustsem.survey.preparing import without_cases
from trustsem.survey.respondents import OUTLIER_P, cases_under, drop_cases
from trustsem.survey.rules import read_rule
from trustsem.validity import hypotheses_table

if TYPE_CHECKING:
    from trustsem.study.choices import Grid
    from trustsem.survey import Survey

ADMISSIBLE, INADMISSIBLE = "admissible", "inadmissible"
NOT_CONVERGED, NOT_ESTIMATED = "not converged", "not estimated"
NOT_DEFINED, REPEATED = "not defined", "repeated"

FIT = ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr")
"""Fit of the structural model that is kept."""

STATE_COLUMNS = (
    "status", "reason", "n_items", "n_obs", "converged", "admissible", "n_findings", *FIT,
)  # fmt: skip
"""Columns of what came of a specification, after its number and its choices."""

ESTIMATE_COLUMNS = (
    "specification", "own", "counted", "hypothesis", "path", "est", "se", "z", "pvalue",
    "ci_lower", "ci_upper", "std_all", "std_all_se", "std_ci_lower", "std_ci_upper", "supported",
    "reason",
)  # fmt: skip
"""Columns of the estimates, a row per specification and hypothesis."""

_OUTLIERS = read_rule(f"mahalanobis p < {OUTLIER_P}")
_NUMBERS = ("est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all", "std_all_se")
_OF_THE_ESTIMATOR = ("information", "se", "test")
_AFTERWARDS = ("estimator", "se", "test", "information")
_NOT_COMPARED = ("published", "groups", "interactions", "bias", "effects", "multiverse", "run")
_REACH = float(special.ndtri(0.975))
_METHOD_LABEL = "method_loading"
_ENDS = 2


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs in order to estimate one specification.

    Parameters
    ----------
    number : int
        Number of the specification, 1 for the study's own.
    measurement, structural : str
        The two models.
    inputs, keywords : mapping
        Data, and options of the estimation.
    testable : tuple of Hypothesis
        Hypotheses whose paths the structural model has.
    significance : float
        Level of the tests.
    n_items : int
        Number of items.
    proper : bool
        Whether a proper solution above an improper one is taken, as in the method battery.
    labels : mapping of str to str
        What constructs are called for readers.
    """

    number: int
    measurement: str
    structural: str
    inputs: Mapping[str, Any]
    keywords: Mapping[str, Any]
    testable: tuple[Hypothesis, ...]
    significance: float
    n_items: int
    proper: bool
    labels: Mapping[str, str]

    @property
    def options(self) -> Options:
        """All options.

        Raises
        ------
        SpecificationError
            If they do not go together.
        """
        printed = {name: value for name, value in self.inputs.items() if name != "data"}
        return Options.from_keywords(**printed, **self.keywords)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a specification.

    Parameters
    ----------
    number : int
        Its number.
    state : mapping
        Values of :data:`STATE_COLUMNS`.
    estimates : mapping of str to mapping
        Numbers and verdict by hypothesis; nothing for a hypothesis that it does not have.
    """

    number: int
    state: Mapping[str, Any]
    estimates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Content:
    """What a specification leaves in or out of the study."""

    dropped: tuple[str, ...]
    controls: bool
    residual_covariances: tuple[tuple[str, str], ...]


class Workshop:
    """Makes tasks of combinations of choices; what several of them share is prepared once.

    Parameters
    ----------
    study : Study
        The plan.
    answers : Answers
        What the study itself analyses.
    keywords : mapping
        Options of its estimation.
    loadings : mapping of str to float
        Standardised loading of each item in the study's own measurement model, by which items are
        weak; empty where there is no such solution.
    """

    def __init__(
        self,
        study: Study,
        answers: Answers,
        keywords: Mapping[str, Any],
        loadings: Mapping[str, float],
    ) -> None:
        self.study, self.answers = study, answers
        self.keywords, self.loadings = dict(keywords), dict(loadings)
        self._surveys: dict[str, Survey] = {}
        self._studies: dict[_Content, Study] = {}
        self._inputs: dict[tuple[Any, ...], tuple[Study, Mapping[str, Any]]] = {}

    # -- what is left out ---------------------------------------------------------------------

    def weak(self, explicit: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the weak items that are dropped together, the weakest first in each construct.

        Parameters
        ----------
        explicit : sequence of str
            Items that are dropped anyway.

        Notes
        -----
        Weak: an absolute standardised loading below the study's threshold, in the study's own
        measurement model. At least two items of a construct stay.
        """
        least = self.study.thresholds.loading
        chosen: list[str] = []
        for items in self.study.items_of.values():
            left = [item for item in items if item not in explicit]
            size = {item: abs(self.loadings.get(item, np.inf)) for item in left}
            poor = sorted((item for item in left if size[item] < least), key=size.__getitem__)
            chosen += poor[: max(0, len(left) - _ENDS)]
        return tuple(chosen)

    def dropped(self, choices: Mapping[str, str], items: Mapping[str, Sequence[str]]) -> set[str]:
        """Return the items that a combination leaves out.

        Parameters
        ----------
        choices : mapping of str to str
            The combination.
        items : mapping of str to sequence of str
            Items by the name of the choice that drops them.
        """
        explicit = tuple(items.get(choices.get("items", KEEP), ()))
        weak = self.weak(explicit) if choices.get("weak_items") == "drop" else ()
        return {*explicit, *weak}

    def survey(self, outliers: str) -> Survey | None:
        """Return the survey after rules dropped cases, outliers kept or dropped.

        Parameters
        ----------
        outliers : {"keep", "drop"}
            Rules of the study about the Mahalanobis distance are left out to keep them; the rule
            ``mahalanobis p < .001`` follows the study's own to drop them. Distances are those of
            all items, whichever a specification leaves out.
        """
        everyone = self.answers.everyone
        if everyone is None:
            return None
        if outliers not in self._surveys:
            self._surveys[outliers] = self._screened(everyone, outliers)
        return self._surveys[outliers]

    def _screened(self, everyone: Survey, outliers: str) -> Survey:
        plan, items = self.study.screening, self.study.items_of
        own = any(map(about_outliers, plan.drop))
        if outliers == KEEP and own:
            rules = tuple(rule for rule in plan.drop if not about_outliers(rule))
            return drop_cases(everyone, items, replace(plan, drop=rules))
        kept = drop_cases(everyone, items, plan)
        if outliers == KEEP or own:
            return kept
        out = cases_under(_OUTLIERS, kept, items, plan)
        return without_cases(kept, out, step="rule", what=_OUTLIERS.shown)

    # -- the study with some things left out --------------------------------------------------

    def _study(self, content: _Content) -> Study:
        """Return the study without items, controls or residual covariances.

        Raises
        ------
        PlanError
            If nothing sensible is left.
        """
        if content not in self._studies:
            self._studies[content] = self._reduced(content)
        return self._studies[content]

    def _reduced(self, content: _Content) -> Study:
        study, out = self.study, set(content.dropped)
        raw = {key: value for key, value in study.to_dict().items() if key not in _NOT_COMPARED}
        for entry in raw["constructs"].values():
            for key in ("items", "reverse"):
                if key in entry:
                    entry[key] = [item for item in entry[key] if item not in out]
        model = dict(raw.get("model", {}))
        model.pop("residual_covariances", None)
        pairs = [list(pair) for pair in content.residual_covariances]
        if isinstance(model.get("ordered"), list):
            model["ordered"] = [item for item in model["ordered"] if item not in out]
        raw["model"] = {**model, **({"residual_covariances": pairs} if pairs else {})}
        if not content.controls:
            raw.pop("controls", None)
        plan, mistakes = parse_plan(raw)
        if mistakes:
            raise PlanError(f"The study makes no sense so: {listed(map(str, mistakes))}.")
        return Study.from_parsed(plan, raw, folder=study.folder, source=study.source)

    # -- tasks --------------------------------------------------------------------------------

    def task(
        self, number: int, choices: Mapping[str, str], items: Mapping[str, Sequence[str]]
    ) -> Task:
        """Return a combination as two models with data and options.

        Parameters
        ----------
        number : int
            Number of the specification.
        choices : mapping of str to str
            The combination.
        items : mapping of str to sequence of str
            Items by the name of the choice that drops them.

        Raises
        ------
        TrustsemError
            If the choices do not go together, or leave nothing to analyse.
        """
        keywords = self._keywords(choices)
        out = self.dropped(choices, items)
        content = _Content(
            tuple(item for item in self.study.items if item in out),
            choices.get("controls", "with") == "with",
            tuple(
                pair
                for pair in self.study.residual_covariances
                if choices.get("residual_covariances", "with") == "with" and not out & set(pair)
            ),
        )
        ordered = keywords.get("ordered")
        if isinstance(ordered, list | tuple):
            keywords["ordered"] = [item for item in ordered if item not in out]
        outliers = choices.get("outliers", "")
        study, inputs = self._prepared(content, outliers, keywords)
        name = choices.get("structure", THEORY)
        theory = name == THEORY
        structure = study.theory if theory else study.rival(name)
        method = choices.get("method_factor", "without")
        paths = (*structure.paths, *structure.controls)
        text = study.structural_model() if theory else study.rival_model(name)
        if method != "without":
            text = _with_method(study, text, paths, free=method == "free")
        task = Task(
            number=number,
            measurement=study.measurement_model(),
            structural=text,
            inputs=inputs,
            keywords=keywords,
            testable=tuple(h for h in self.study.hypotheses if _leads(h, paths)),
            significance=self.study.thresholds.significance,
            n_items=len(study.items),
            proper=method != "without",
            labels=dict(self.study.labels),
        )
        _ = task.options  # refuses what does not go together
        return task

    def _keywords(self, choices: Mapping[str, str]) -> dict[str, Any]:
        """Return the options of a combination.

        What a study says of standard errors and tests belongs to its own estimator. Where answers
        are taken otherwise and no estimator is declared, it is the usual one of such answers.
        """
        keywords = dict(self.keywords)
        own = Options.from_keywords(**self.keywords)
        chosen = {name: choices[name] for name in ("likelihood", "missing") if name in choices}
        if "estimator" in choices:
            chosen["estimator"] = choices["estimator"]
            dropped = _OF_THE_ESTIMATOR if choices["estimator"] != own.estimator else ()
            for name in dropped:
                keywords.pop(name, None)
        was = "ordered" if own.ordered else "continuous"
        answers = choices.get("answers", was)
        if answers != was:
            keywords["ordered"] = answers == "ordered"
            usual = () if "estimator" in choices else ("estimator", *_OF_THE_ESTIMATOR)
            for name in usual:
                keywords.pop(name, None)
        return {**keywords, **chosen}

    def _prepared(
        self, content: _Content, outliers: str, keywords: Mapping[str, Any]
    ) -> tuple[Study, Mapping[str, Any]]:
        """Return the study with its residual variances, and the data of its models."""
        options = Options.from_keywords(**keywords)
        divisor = (options.likelihood, options.discrepancy) if self.study.reliabilities else ()
        key = (content, outliers, options.missing, bool(options.ordered), divisor)
        if key not in self._inputs:
            study = self._study(content)
            inputs = self._data(study, outliers, options)
            answers = replace(self.answers, inputs=inputs)
            self._inputs[key] = with_residual_variances(study, answers, keywords), inputs
        return self._inputs[key]

    def _data(self, study: Study, outliers: str, options: Options) -> Mapping[str, Any]:
        """Return the data of a study's models: answers, or the printed matrix."""
        survey = self.survey(outliers or self._own_outliers)
        if survey is None:
            return self.answers.inputs
        analysed = counted(study, analysable(study, survey, options), options)
        return {"data": analysed.frame[list(study.variables)]}

    @property
    def _own_outliers(self) -> str:
        return "drop" if any(map(about_outliers, self.study.screening.drop)) else KEEP


def _with_method(study: Study, text: str, paths: Iterable[tuple[str, str]], *, free: bool) -> str:
    """Return a structural model with an unmeasured method construct behind all items.

    Its loadings are equal, or free: the two models of the method battery.
    """
    name = syntax.unused("method", {*study.items, *study.constructs})
    explained = {outcome for _, outcome in paths}
    apart = [construct for construct in study.design.constructs if construct not in explained]
    lines = syntax.method_factor(name, study.items, apart, "" if free else _METHOD_LABEL)
    return f"{text}\n{lines}"


def _leads(hypothesis: Hypothesis, paths: Sequence[tuple[str, str]]) -> bool:
    """Return whether a structural model has every path of a hypothesis."""
    return set(pairwise(hypothesis.chain)) <= set(paths)


def alike(tasks: Iterable[Task]) -> list[tuple[Task, ...]]:
    """Return tasks in parts that share the solution of their measurement model, in order.

    Parameters
    ----------
    tasks : iterable of Task
        What is to be done. Estimators that differ in their inference only share solutions.
    """
    parts: dict[tuple[Any, ...], list[Task]] = {}
    for task in tasks:
        parts.setdefault(_solution_key(task), []).append(task)
    return [tuple(part) for part in parts.values()]


def _solution_key(task: Task) -> tuple[Any, ...]:
    """Return what the estimates of a measurement model depend on."""
    kept = {name: value for name, value in task.keywords.items() if name not in _AFTERWARDS}
    printed = task.number if "data" not in task.inputs else 0  # says itself what it does not allow
    return (
        task.measurement, id(task.inputs), task.options.discrepancy, printed,
        tuple(sorted((name, repr(value)) for name, value in kept.items())),
    )  # fmt: skip


def same_key(task: Task) -> tuple[Any, ...]:
    """Return what all numbers of a task depend on; equal for two that cannot differ.

    Parameters
    ----------
    task : Task
        A specification. Least squares know one likelihood only.
    """
    options = task.options
    likelihood = options.likelihood if options.likelihood_based else ""
    inference = (options.estimator, options.se, options.test, options.information)
    return (
        task.measurement, task.structural, id(task.inputs), inference, likelihood, options.missing,
        options.ordered,
    )  # fmt: skip


def estimate_part(part: Sequence[Task]) -> tuple[Outcome, ...]:
    """Estimate specifications whose measurement model has the same solution.

    Parameters
    ----------
    part : sequence of Task
        As :func:`alike` returns them.

    Returns
    -------
    tuple of Outcome
        One per task; a model that cannot be estimated is an outcome, too.
    """
    known: dict[str, ModelResult] = {}
    return tuple(_outcome(task, known) for task in part)


def _outcome(task: Task, known: dict[str, ModelResult]) -> Outcome:
    """Return what came of the two models; solutions that are known are not searched for again."""
    try:
        measurement = _model(cfa, task.measurement, task, known)
        structural = _model(sem, task.structural, task, known)
        return _judged(task, measurement, _taken(task, structural))
    except TrustsemError as error:
        return Outcome(task.number, not_estimated(NOT_ESTIMATED, str(error), n_items=task.n_items))


def _model(
    function: Callable[..., ModelResult], text: str, task: Task, known: dict[str, ModelResult]
) -> ModelResult:
    """Return a model with the inference of a task."""
    if text not in known:
        known[text] = function(text, **task.inputs, **task.keywords)
    return replace(known[text], options=task.options)


def _taken(task: Task, model: ModelResult) -> ModelResult:
    """Return a model's solution, the lowest proper one where the task says so."""
    return model.proper if task.proper and model.proper is not None else model


def not_estimated(status: str, reason: str, **known: Any) -> dict[str, Any]:
    """Return the state of a specification that has no numbers.

    Parameters
    ----------
    status, reason : str
        What it is, and why.
    **known
        What is known nevertheless.
    """
    nothing = dict.fromkeys(STATE_COLUMNS, float("nan"))
    flags = {"converged": False, "admissible": False, "n_findings": 0}
    return {**nothing, **flags, "status": status, "reason": reason, **known}


def _judged(task: Task, measurement: ModelResult, structural: ModelResult) -> Outcome:
    """Return status, fit and judged hypotheses of a specification."""
    models = {"measurement model": measurement, "structural model": structural}
    converged = all(model.converged for model in models.values())
    admissible = converged and all(model.admissible for model in models.values())
    status = ADMISSIBLE if admissible else INADMISSIBLE if converged else NOT_CONVERGED
    reasons = [
        f"{what.capitalize()}: {finding.claim}"
        for what, model in models.items()
        for finding in labelled(at_least(model.findings, "serious"), task.labels)
    ]
    fit = dict(structural.reported_fit) if structural.converged else {}
    state = {
        "status": status,
        "reason": " ".join(reasons),
        "n_items": task.n_items,
        "n_obs": structural.n_obs,
        "converged": converged,
        "admissible": admissible,
        "n_findings": sum(len(model.findings) for model in models.values()),
        **{name: float(fit.get(name, np.nan)) for name in FIT},
    }
    if not structural.converged:
        return Outcome(task.number, state)
    table = hypotheses_table(
        structural.parameters,
        task.testable,
        chains=structural.chains if any(h.via for h in task.testable) else None,
        significance=task.significance,
    )
    records = {str(row["hypothesis"]): _numbers(row) for row in table.to_dict("records")}
    return Outcome(task.number, state, records)


def _numbers(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the numbers and the verdict about one hypothesis."""
    numbers = {name: float(row[name]) for name in _NUMBERS}
    reach = _REACH * numbers["std_all_se"]
    return {
        **numbers,
        "std_ci_lower": numbers["std_all"] - reach,
        "std_ci_upper": numbers["std_all"] + reach,
        "supported": bool(row["supported"]),
        "reason": str(row["reason"]),
    }


def specifications_table(grid: Grid, outcomes: Mapping[int, Outcome]) -> pd.DataFrame:
    """Tabulate every specification.

    Parameters
    ----------
    grid : Grid
        All combinations.
    outcomes : mapping of int to Outcome
        What came of them, by number; others were not reached.
    """
    rows = [
        {"specification": number, "own": number == 1, **choices, **outcomes[number].state}
        for number, choices in enumerate(grid.combinations(), start=1)
        if number in outcomes
    ]
    return pd.DataFrame(rows, columns=["specification", "own", *grid.values, *STATE_COLUMNS])


def estimates_table(
    specifications: pd.DataFrame, outcomes: Mapping[int, Outcome], study: Study
) -> pd.DataFrame:
    """Tabulate every estimate, NaN where a specification does not have a hypothesis.

    Parameters
    ----------
    specifications : DataFrame
        As :func:`specifications_table` returns it.
    outcomes : mapping of int to Outcome
        What came of them, by number.
    study : Study
        The plan.
    """
    nothing = {**dict.fromkeys(ESTIMATE_COLUMNS, float("nan")), "supported": None}
    rows = []
    for number, status in zip(
        specifications["specification"], specifications["status"], strict=True
    ):
        found = outcomes[int(number)].estimates
        there = status in (ADMISSIBLE, INADMISSIBLE)
        why = "The structural model has no such path." if there else f"The model is {status}."
        for hypothesis in study.hypotheses:
            known = found.get(hypothesis.name, {**nothing, "reason": why})
            keys = {
                "specification": int(number),
                "own": int(number) == 1,
                "counted": status == ADMISSIBLE,
                "hypothesis": hypothesis.name,
                "path": hypothesis.path,
            }
            rows.append({**nothing, **known, **keys})
    return pd.DataFrame(rows, columns=list(ESTIMATE_COLUMNS))
