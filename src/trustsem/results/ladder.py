"""The ladder of invariance: level by level, with the search for partial invariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from trustsem.errors import EstimationError, InferenceError
from trustsem.findings import Finding, at_least
from trustsem.results.comparison import compare
from trustsem.results.model import ModelResult
from trustsem.results.run import Data, cfa, sem
from trustsem.specification import parse_model
from trustsem.validity import (
    LevelChange,
    check_level,
    gamma_hat,
    level_holds,
    noncentrality,
)
from trustsem.validity.wording import coefficient, joined, p_text

LEVELS: Mapping[str, tuple[str, ...]] = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("loadings",),
    "scalar": ("intercepts",),
    "strict": ("residuals",),
    "variances": ("lv.variances",),
    "covariances": ("lv.covariances",),
    "structural": ("lv.variances", "lv.covariances"),
    "regressions": ("regressions",),
    "means": ("means",),
}
"""Levels of invariance: the classes of ``group_equal`` that each adds to the levels before it."""

MINIMUM_INVARIANT = 2
"""Items of a construct that stay equal over groups at least [byrne1989]_."""

LEVEL_COLUMNS = (
    "level", "equal", "freed", "chisq", "df", "pvalue", "cfi", "rmsea", "srmr", "mfi", "gamma_hat",
    "compared_with", "chisq_diff", "df_diff", "pvalue_diff", "cfi_diff", "rmsea_diff", "srmr_diff",
    "mfi_diff", "gamma_hat_diff", "decision",
)  # fmt: skip
"""Columns of the ladder."""

LOG_COLUMNS = (
    "level", "step", "action", "parameter", "mi", "df", "pvalue", "difference", "chisq_drop",
    "df_drop", "pvalue_drop", "cfi", "reason",
)  # fmt: skip
"""Columns of the log of the search for partial invariance."""

_CHANGES = ("cfi", "rmsea", "srmr", "mfi", "gamma_hat")
_OPERATORS = {"loadings": "=~", "intercepts": "~1", "means": "~1", "regressions": "~"}


@dataclass
class Ladder:
    """One way up the ladder; filled as it goes.

    Parameters
    ----------
    model : str
        Model text.
    data : DataFrame or Survey
        Raw data.
    options : dict
        Options of the estimation, ``group`` among them.
    criterion : str
        The rule that decides.
    significance : float
        Level of all tests.
    partial : bool
        Whether to search where a level fails.
    freed : list of str
        Parameters that may differ.
    """

    model: str
    data: Data
    options: dict[str, Any]
    criterion: str
    significance: float
    partial: bool
    freed: list[str]
    equal: tuple[str, ...] = ()
    against: str = ""
    against_row: str = ""
    standing: bool = True
    rows: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    models: dict[str, ModelResult] = field(default_factory=dict)
    accepted: str = ""
    free_at: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def first(self) -> ModelResult:
        """The least restricted model."""
        return next(iter(self.models.values()))

    def estimate(self, equal: Sequence[str], freed: Sequence[str]) -> ModelResult:
        """Estimate the model with some classes equal and some parameters exempt."""
        run = sem if any(term.op == "~" for term in parse_model(self.model).terms) else cfa
        return run(
            self.model, self.data, **self.options, group_equal=tuple(equal),
            group_partial=tuple(freed),
        )  # fmt: skip

    def climb(self, levels: Sequence[str], *, stop: bool) -> None:
        """Estimate and judge level by level.

        Parameters
        ----------
        levels : sequence of str
            Names of :data:`LEVELS`.
        stop : bool
            Whether to leave out the levels after one that fails.
        """
        for name in self.freed:
            self._note("given", "", name, reason="may differ from the start")
        for position, level in enumerate(levels):
            added = tuple(item for item in LEVELS[level] if item not in self.equal)
            if self._level(level, added):
                self.accepted = level
            elif stop or level not in self.models or not self.models[level].converged:
                self._stopped(level, levels[position + 1 :])
                return
            else:
                self.standing = False
            self.against, self.against_row = level, str(self.rows[-1]["level"])
            self.equal = (*self.equal, *added)
            self.free_at[level] = tuple(self.freed)

    def _level(self, level: str, added: tuple[str, ...]) -> bool:
        """Estimate and judge one level; return whether it holds, in full or in part."""
        previous = self.models.get(self.against)
        if previous is not None:
            self._carry(level, added)
        equal = (*self.equal, *added)
        model = self._estimated(level, equal)
        if model is None:
            return False
        if previous is None:
            self._enter(level, model, equal, "baseline")
            return True
        change = self._change(level, model, previous, added)
        self.findings += check_level(change, significance=self.significance)
        holds = level_holds(change, self.criterion, significance=self.significance)
        decision = "accepted in part" if self._exempt(model, equal) else "accepted"
        decision = decision if holds else "rejected"
        self._enter(level, model, equal, decision if self.standing else "for the record", change)
        if not self.standing:
            return False
        if not holds and self.partial:
            known = len(self.freed)
            if self._search(level, added, model, previous):
                decision = "accepted in part"
            else:
                del self.freed[known:]
        self.findings.append(self._decision(level, decision))
        return decision != "rejected"

    def _estimated(self, level: str, equal: tuple[str, ...]) -> ModelResult | None:
        """Estimate a level's model; one without a solution becomes a finding."""
        try:
            model = self.estimate(equal, self.freed)
        except (EstimationError, InferenceError) as error:
            if not self.models:
                raise
            self.findings.append(_failed(level, str(error)))
            return None
        self.models[level] = model
        self.findings += concerns(model, f"{level} invariance")
        if model.converged:
            return model
        self.findings.append(_failed(level, "no solution was found."))
        return None

    def _carry(self, level: str, added: tuple[str, ...]) -> None:
        """Exempt what cannot be alike because an earlier level found the item to differ."""
        items = dict.fromkeys(name.split("=~")[1] for name in self.freed if "=~" in name)
        names = [f"{item}~1" for item in items if "intercepts" in added]
        if "residuals" in added:
            items |= dict.fromkeys(name[:-2] for name in self.freed if name.endswith("~1"))
            names += [f"{item}~~{item}" for item in items]
        observed = set(self.first.table.observed)
        for name in names:
            item = name.split("~")[0]
            if name not in self.freed and item in observed:
                self.freed.append(name)
                self._note("carried", level, name, reason=f"{item} differs at an earlier level")

    def _exempt(self, model: ModelResult, equal: tuple[str, ...]) -> list[str]:
        """Return the parameters that are exempt from what is held equal."""
        operators = {_OPERATORS.get(item, "~~") for item in equal}
        return [
            row.name
            for row in model.table.parameters
            if row.group == 1 and row.op in operators and row.name in self.freed
        ]

    def _search(
        self, level: str, added: tuple[str, ...], model: ModelResult, previous: ModelResult
    ) -> bool:
        """Release one parameter after the other until the level holds; return whether it does."""
        equal = (*self.equal, *added)
        earlier = _tied(previous)
        for step in range(1, len(_tied(model)) + 1):
            test = self._next_release(level, step, model, earlier)
            if test is None:
                return False
            name = str(test["parameter"])
            released = self.estimate(equal, [*self.freed, name])
            if not released.converged:
                reason = "without it the model has no solution"
                self._note("kept", level, name, test, step=step, reason=reason)
                return False
            self.freed.append(name)
            drop = chisq_difference(released, model)
            self._note("freed", level, name, test, step=step, drop=drop, model=released)
            self.findings.append(_freed_finding(level, name, released, test, drop))
            model = released
            change = self._change(f"{level} (partial)", model, previous, added)
            if level_holds(change, self.criterion, significance=self.significance):
                self.models[level] = model
                self._enter(change.level, model, equal, "accepted in part", change)
                self.findings += check_level(change, significance=self.significance)
                return True
        return False

    def _next_release(
        self, level: str, step: int, model: ModelResult, earlier: set[str]
    ) -> pd.Series[Any] | None:
        """Return the largest significant score test of a parameter that may be released."""
        tests = model.equality_tests(over_groups=True)
        tests = tests.assign(parameter=tests["lhs"] + tests["op"] + tests["rhs"])
        kept = {entry["parameter"] for entry in self.log if entry["action"] == "kept"}
        for _, test in tests.iterrows():
            name = test["parameter"]
            if name in earlier or not test["pvalue"] < self.significance:
                continue
            if _keeps_enough(model, name):
                return test
            if name not in kept:
                reason = f"its construct would keep fewer than {MINIMUM_INVARIANT} such items"
                self._note("kept", level, name, test, step=step, reason=reason)
        return None

    def _change(
        self, level: str, model: ModelResult, previous: ModelResult, added: tuple[str, ...]
    ) -> LevelChange:
        """Return how fit changes against the level before."""
        now, before = _fit(model), _fit(previous)
        chisq, df, pvalue = chisq_difference(previous, model)
        return LevelChange(
            level=level,
            against=self.against_row,
            chisq=chisq,
            df=df,
            pvalue=pvalue,
            n_obs=model.n_obs,
            loadings="loadings" in added,
            **{name: now[name] - before[name] for name in _CHANGES},
        )

    def _enter(
        self,
        level: str,
        model: ModelResult,
        equal: tuple[str, ...],
        decision: str,
        change: LevelChange | None = None,
    ) -> None:
        """Enter one row of the ladder."""
        nothing = float("nan")
        freed = ", ".join(self._exempt(model, equal))
        row: dict[str, Any] = {"level": level, "equal": ", ".join(equal), "freed": freed}
        row |= {**_fit(model), "compared_with": self.against_row}
        row["chisq_diff"] = change.chisq if change else nothing
        row["df_diff"] = change.df if change else nothing
        row["pvalue_diff"] = change.pvalue if change else nothing
        row |= {f"{name}_diff": getattr(change, name) if change else nothing for name in _CHANGES}
        self.rows.append({**row, "decision": decision})

    def _note(
        self,
        action: str,
        level: str,
        parameter: str,
        test: pd.Series[Any] | None = None,
        *,
        step: int = 0,
        drop: tuple[float, float, float] | None = None,
        model: ModelResult | None = None,
        reason: str = "",
    ) -> None:
        """Enter one line in the log."""
        nothing = float("nan")
        tested = dict.fromkeys(("mi", "df", "pvalue", "difference"), nothing)
        if test is not None:
            tested = {key: float(test[key]) for key in tested}
        chisq, df, pvalue = drop or (nothing, nothing, nothing)
        self.log.append(
            {
                "level": level, "step": step, "action": action, "parameter": parameter, **tested,
                "chisq_drop": chisq, "df_drop": df, "pvalue_drop": pvalue,
                "cfi": nothing if model is None else _fit(model)["cfi"], "reason": reason,
            }
        )  # fmt: skip

    def _decision(self, level: str, decision: str) -> Finding:
        """State what is concluded on a level."""
        holds = decision != "rejected"
        rule = {
            "cfi": "CFI may drop by .01",
            "chen": "Chen's combination of CFI with RMSEA or SRMR",
            "chisq": f"the chi-square difference, p < {coefficient(self.significance)}",
        }[self.criterion]
        claim = {
            "accepted": f"{level.capitalize()} invariance holds ({rule})",
            "accepted in part": f"{level.capitalize()} invariance holds in part ({rule})",
            "rejected": f"{level.capitalize()} invariance does not hold ({rule})",
        }[decision]
        meaning = _MEANING.get(level, {}).get(decision, "")
        tail = f": {meaning}." if meaning else "."
        row = self.rows[-1]
        return Finding(
            code="invariance",
            subject=f"{level} invariance",
            claim=claim + tail,
            severity="note" if decision == "accepted" else "warning",
            holds=holds,
            value=float(row["pvalue_diff" if self.criterion == "chisq" else "cfi_diff"]),
            source={"cfi": "cheung2002", "chen": "chen2007", "chisq": "steiger1985"}[
                self.criterion
            ],
        )

    def _stopped(self, level: str, rest: Sequence[str]) -> None:
        """Say which levels were not reached."""
        if rest:
            self.findings.append(
                Finding(
                    code="invariance_stopped",
                    subject=f"{level} invariance",
                    claim=f"Not tested, as {level} invariance fails: {joined(list(rest))}.",
                    source="vandenberg2000",
                )
            )


_MEANING: Mapping[str, Mapping[str, str]] = {
    "metric": {
        "accepted": "paths and covariances of the constructs can be compared between groups",
        "accepted in part": "comparing paths rests on the items whose loadings are alike",
        "rejected": "a path of one group is in other units than that of another",
    },
    "scalar": {
        "accepted": "means of the constructs can be compared between groups",
        "accepted in part": "comparing means of constructs rests on the items that are alike",
        "rejected": "a difference of means need not be one of the constructs",
    },
    "strict": {
        "accepted": "sums of items can be compared between groups",
        "accepted in part": "sums of items can be compared for the constructs without released "
        "items only",
        "rejected": "sums of items are not equally reliable in the groups",
    },
}
"""What a level's decision means for comparisons."""


def _freed_finding(
    level: str,
    name: str,
    model: ModelResult,
    test: pd.Series[Any],
    drop: tuple[float, float, float],
) -> Finding:
    """Say that a parameter was released."""
    rows = model.parameters
    written = rows["lhs"] + rows["op"] + rows["rhs"]
    values = rows.loc[written == name, "est"].tolist()
    groups = zip(model.table.group_labels, values, strict=True)
    shown = joined([f"{value:.3f} ({group})" for group, value in groups])
    return Finding(
        code="invariance_freed",
        subject=name,
        claim=(
            f"{name} differs between the groups: {shown}. It was released at the {level} level "
            f"(score test {test['mi']:.2f}; chi-square falls by {drop[0]:.2f} with "
            f"{drop[1]:.0f} df, {p_text(drop[2])})."
        ),
        severity="warning",
        holds=False,
        value=float(test["mi"]),
        source="byrne1989",
        remedy="Found by searching: explain the difference, and see whether it recurs.",
    )


def _fit(model: ModelResult) -> dict[str, float]:
    """Return the measures of a level, corrected where the estimator corrects them."""
    fit = model.reported_fit
    excess, n_obs = fit["chisq"] - fit["df"], model.estimate.problem.weight
    n_indicators = len(model.table.observed)
    row = {name: float(fit[name]) for name in ("chisq", "df", "pvalue", "cfi", "rmsea", "srmr")}
    row["mfi"] = noncentrality(excess, n_obs)
    row["gamma_hat"] = gamma_hat(excess, n_obs, n_indicators)
    return row


def chisq_difference(
    general: ModelResult, restricted: ModelResult, method: str = "default"
) -> tuple[float, float, float]:
    """Return the (scaled) chi-square difference, its df and p-value; NaN where there is none."""
    nothing = float("nan")
    if not (general.converged and restricted.converged):
        return nothing, nothing, nothing
    try:
        row = compare(general, restricted, method=method).iloc[-1]
    except InferenceError:
        return nothing, nothing, nothing
    return float(row["chisq_diff"]), float(row["df_diff"]), float(row["pvalue"])


def _tied(model: ModelResult) -> set[str]:
    """Return the parameters that are held equal."""
    numbers = {number for pair in model.table.equalities for number in pair}
    return {row.name for row in model.table.parameters if row.free in numbers}


def _keeps_enough(model: ModelResult, name: str) -> bool:
    """Tell whether each construct keeps enough items with this kind of parameter equal.

    Loadings fixed to the same value in all groups (markers) count as equal.
    """
    table = model.table
    row = next(row for row in table.parameters if row.name == name)
    items = table.indicators
    item = row.rhs if row.op == "=~" else row.lhs
    if item not in table.observed:
        return True
    differing = {item} | {
        entry.rhs if entry.op == "=~" else entry.lhs
        for entry in table.parameters
        if entry.op == row.op and entry.group > 1 and entry.free and not entry.label
        and (entry.op != "~~" or entry.lhs == entry.rhs)
    }  # fmt: skip
    constructs = [row.lhs] if row.op == "=~" else [key for key in items if item in items[key]]
    return all(
        sum(other not in differing for other in items[construct]) >= MINIMUM_INVARIANT
        for construct in constructs
    )


def concerns(model: ModelResult, subject: str) -> list[Finding]:
    """Return what must be known of a model's solution, said of its level."""
    return [
        replace(finding, subject=f"{subject}: {finding.subject}")
        for finding in at_least(model.findings, "warning")
    ]


def _failed(level: str, reason: str) -> Finding:
    """Say that a level has no solution."""
    return Finding(
        code="invariance",
        subject=f"{level} invariance",
        claim=f"The model of {level} invariance could not be estimated: {reason}",
        severity="warning",
        holds=False,
    )
