"""How did each respondent answer? Indices of careless, incomplete and outlying answers.

The indices judge nobody by themselves: cases are flagged, and dropped only by the rules of the
study. Longest string and variability are taken from the answers as they were given, in the order
of the file; consistency from the answers after reverse-keyed items were turned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc

from trustsem.arrays import invert_positive
from trustsem.errors import SurveyError, did_you_mean, listed
from trustsem.survey.codebook import Code, code_text
from trustsem.survey.preparing import require_columns, require_numeric, without_cases
from trustsem.survey.rules import Condition, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.survey.survey import Survey

FloatArray = npt.NDArray[np.float64]

INDEX_COLUMNS = (
    "missing", "longstring", "straightlined", "straight_share", "irv", "even_odd", "d2",
    "d2_pvalue", "duration", "attention_failed", "duplicate_of",
)  # fmt: skip

SHARE_MISSING_TO_FLAG = 0.15
"""A case with more than this share of the items unanswered is flagged [hair2019]_."""

OUTLIER_P = 0.001
"""Mahalanobis distances less probable than this are outliers [hair2019]_."""

SHARE_OF_STRING_TO_FLAG = 0.5
"""A string of equal answers longer than this share of the items is flagged [curran2016]_."""

FEWEST_IN_BLOCK = 3
"""Equal answers to fewer items of a construct than this are no straight line."""

FEWEST_FOR_STRAIGHT_LINE = 5
"""Equal answers to fewer items than this in all are no pattern."""

FEWEST_FOR_DUPLICATES = 10
"""Equal answers to fewer items than this can well be chance."""

_FEWEST_PAIRS = 3
"""Constructs that a correlation over constructs needs."""


@dataclass(frozen=True, slots=True)
class ScreeningPlan:
    """What a study says about its respondents, and by which rules it drops cases.

    Parameters
    ----------
    id : str
        Variable that names the cases; empty for none.
    profile : tuple of str
        Variables that describe the respondents.
    duration : str
        Variable with the time taken to answer; empty for none.
    minimum_duration : float or None
        Shorter times are flagged.
    attention : mapping of str to code
        Attention check to the answer that was asked for.
    wave : str
        Variable that tells early from late respondents; empty for none.
    late : tuple of codes
        Its codes that are late; empty where the order of its values decides.
    wave_share : float
        Share of the cases at either end that is compared where the variable has more than two
        values and ``late`` is empty.
    drop : tuple of Rule
        Rules that drop cases, in the order in which they are applied.
    """

    id: str = ""
    profile: tuple[str, ...] = ()
    duration: str = ""
    minimum_duration: float | None = None
    attention: Mapping[str, Code] = field(default_factory=dict)
    wave: str = ""
    late: tuple[Code, ...] = ()
    wave_share: float = 0.25
    drop: tuple[Rule, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable that is needed beside the items."""
        conditions = (each.variable for rule in self.drop for each in rule.conditions)
        single = (name for name in (self.id, self.duration, self.wave) if name)
        return tuple(dict.fromkeys([*single, *self.profile, *self.attention, *conditions]))


def drop_cases(survey: Survey, items: Mapping[str, Sequence[str]], plan: ScreeningPlan) -> Survey:
    """Drop cases by the rules of a study, one after the other.

    Parameters
    ----------
    survey : Survey
        The prepared survey.
    items : Mapping of construct to items
        Which items measure which construct.
    plan : ScreeningPlan
        Its ``drop`` holds the rules; each is applied to the cases that those before it left.

    Returns
    -------
    Survey
        Its log has an entry per rule, also where no case fell under it, with the cases dropped.

    Raises
    ------
    UnknownItemError
        If a rule is about a variable that is not in the data.
    SurveyError
        If a rule cannot apply to its variable, or leaves no case.
    """
    for rule in plan.drop:
        out = cases_under(rule, survey, items, plan)
        survey = without_cases(survey, out, step="rule", what=rule.shown)
    return survey


def cases_under(
    rule: Rule, survey: Survey, items: Mapping[str, Sequence[str]], plan: ScreeningPlan
) -> pd.Series:
    """Return which cases fall under a rule; an index that does not exist is under none."""
    if rule.conditions:
        held = pd.Series(data=True, index=survey.frame.index)
        for condition in rule.conditions:
            held &= _meets(condition, survey, rule)
        return held
    values = case_indices(survey, items, plan)[rule.column]
    return _compared(values, rule.relation, rule.value)


def _compared(values: pd.Series, relation: str, value: float | str) -> pd.Series:
    """Return which values stand in a relation; a missing one stands in none."""
    present = values.notna()
    if relation == "answered":
        return present
    methods = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
    held: pd.Series = getattr(values, methods[relation])(value)
    return present & held


def _meets(condition: Condition, survey: Survey, rule: Rule) -> pd.Series:
    """Return which cases meet one condition."""
    require_columns(survey, [condition.variable], f"The rule {rule.text!r} needs it.")
    column = survey.frame[condition.variable]
    if condition.relation in ("missing", "answered"):
        return column.isna() if condition.relation == "missing" else column.notna()
    values = [_comparable(value, condition.variable, survey, rule) for value in condition.values]
    if condition.relation == "in":
        return column.isin(values)
    return _compared(column, condition.relation, values[0])


def _comparable(value: Code, name: str, survey: Survey, rule: Rule) -> Code:
    """Return a value that can be compared with the column; a label becomes its code."""
    column, variable = survey.frame[name], survey.codebook[name]
    numeric = pd.api.types.is_float_dtype(column)
    if isinstance(value, str) != numeric:
        return value
    if not numeric:
        raise SurveyError(
            f"The rule {rule.text!r} compares {name} with a number, but it holds text.",
            where=survey.source.name,
            remedy="Put the value in quotation marks.",
        )
    codes = [code for code, label in variable.value_labels.items() if label == value]
    if not codes:
        labels = list(variable.value_labels.values())
        raise SurveyError(
            f"The rule {rule.text!r}: no answer of {name} is labelled {value!r}."
            f"{did_you_mean(str(value), labels)}",
            where=survey.source.name,
            remedy=f"Its labels: {listed(labels) or 'none; compare with a code'}.",
        )
    return codes[0]


def case_indices(
    survey: Survey, items: Mapping[str, Sequence[str]], plan: ScreeningPlan | None = None
) -> pd.DataFrame:
    """Compute every index of every case.

    Parameters
    ----------
    survey : Survey
        The prepared survey, reverse-keyed items turned.
    items : Mapping of construct to items
        Which items measure which construct.
    plan : ScreeningPlan, optional
        Where duration, attention checks and id are.

    Returns
    -------
    DataFrame
        Index of the survey's rows. ``missing``: share of the items unanswered. ``longstring``:
        longest run of equal answers in the order of the file [johnson2005]_. ``straightlined``:
        constructs (three or more items) answered alike throughout; ``straight_share``: their share.
        ``irv``: standard deviation of the answers of a case [dunn2018]_. ``even_odd``: correlation
        of its two half scales over the constructs, stepped up [meade2012]_. ``d2``, ``d2_pvalue``:
        :func:`squared_distances`. ``duration``. ``attention_failed``: checks answered otherwise
        than asked. ``duplicate_of``: row (from 1) of the first case with the same id, or with the
        same answers to ten or more items and the same profile.
    """
    plan = plan or ScreeningPlan()
    in_file = [name for name in survey.frame.columns if name in set(_names(items))]
    answers = survey.frame[in_file].to_numpy(dtype=float)
    raw = np.column_stack([as_worded(survey, name) for name in in_file])
    d2, pvalue = squared_distances(answers)
    straight, blocks = _straight_lines(survey, items)
    duration = np.full(len(raw), np.nan)
    if plan.duration:
        require_numeric(survey, [plan.duration])
        duration = survey.frame[plan.duration].to_numpy(dtype=float)
    columns = {
        "missing": np.isnan(answers).mean(axis=1),
        "longstring": longest_strings(raw),
        "straightlined": straight,
        "straight_share": straight / blocks if blocks else np.zeros(len(raw)),
        "irv": response_variability(raw),
        "even_odd": even_odd_consistency([survey.frame[list(g)].to_numpy(dtype=float)
                                          for g in items.values()]),
        "d2": d2,
        "d2_pvalue": pvalue,
        "duration": duration,
        "attention_failed": _failed_checks(survey, plan),
        "duplicate_of": _first_alike(survey, in_file, plan),
    }  # fmt: skip
    return pd.DataFrame(columns, index=survey.frame.index)


def as_worded(survey: Survey, name: str) -> FloatArray:
    """Return the answers to an item in the direction of its wording."""
    answers = survey.frame[name].to_numpy(dtype=float)
    turned_on = survey.codebook[name].reversed_on
    return answers if turned_on is None else turned_on[0] + turned_on[1] - answers


def longest_strings(raw: FloatArray) -> FloatArray:
    """Return the longest run of equal consecutive answers of each case.

    Parameters
    ----------
    raw : ndarray, shape (n, p)
        Answers in the order in which they were given, NaN for missing, which ends a run.

    Returns
    -------
    ndarray, shape (n,)
        Number of answers; 0 for a case without any.

    References
    ----------
    Johnson (2005) [johnson2005]_.
    """
    run = (~np.isnan(raw[:, 0])).astype(float)
    longest = run.copy()
    for at in range(1, raw.shape[1]):
        answered = ~np.isnan(raw[:, at])
        run = np.where(raw[:, at] == raw[:, at - 1], run + 1, answered.astype(float))
        longest = np.maximum(longest, run)
    return longest


def response_variability(raw: FloatArray) -> FloatArray:
    """Return the standard deviation of the answers of each case (divisor: answers less 1).

    Parameters
    ----------
    raw : ndarray, shape (n, p)
        Answers as given, NaN for missing; items on one scale.

    Returns
    -------
    ndarray, shape (n,)
        Scale points; NaN with fewer than two answers.

    References
    ----------
    Dunn et al. (2018) [dunn2018]_.
    """
    known = ~np.isnan(raw)
    count = known.sum(axis=1)
    enough = count > 1
    mean = np.where(known, raw, 0.0).sum(axis=1) / np.maximum(count, 1)
    squares = np.where(known, raw - mean[:, None], 0.0) ** 2
    return np.where(enough, np.sqrt(squares.sum(axis=1) / np.maximum(count - 1, 1)), np.nan)


def even_odd_consistency(blocks: Sequence[FloatArray]) -> FloatArray:
    r"""Return how well two halves of the scales agree within each case.

    Parameters
    ----------
    blocks : sequence of ndarray, shape (n, k)
        Answers to the items of each construct, all in the direction of the construct.

    Returns
    -------
    ndarray, shape (n,)
        Correlation, over the constructs, of the means of items 1, 3, ... and 2, 4, ..., stepped up
        by :math:`2r/(1+r)`, not below -1. NaN with fewer than three constructs, or without
        variation.

    References
    ----------
    Meade & Craig (2012) [meade2012]_.
    """
    halves = [block for block in blocks if block.shape[1] > 1]
    n = len(blocks[0]) if blocks else 0
    if len(halves) < _FEWEST_PAIRS:
        return np.full(n, np.nan)
    first = np.column_stack([_row_means(block[:, ::2]) for block in halves])
    second = np.column_stack([_row_means(block[:, 1::2]) for block in halves])
    r = _row_correlations(first, second)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.maximum(2 * r / (1 + r), -1.0)


def _row_means(block: FloatArray) -> FloatArray:
    known = ~np.isnan(block)
    count = known.sum(axis=1)
    total = np.where(known, block, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _row_correlations(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the correlation of each pair of rows over what both have."""
    both = ~np.isnan(a) & ~np.isnan(b)
    count = both.sum(axis=1)
    centred = []
    for values in (a, b):
        kept = np.where(both, values, 0.0)
        mean = kept.sum(axis=1) / np.maximum(count, 1)
        centred.append(np.where(both, kept - mean[:, None], 0.0))
    products = (centred[0] * centred[1]).sum(axis=1)
    spread = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    usable = (count >= _FEWEST_PAIRS) & (spread > np.finfo(float).eps * count)
    return np.where(usable, products / np.where(usable, spread, 1.0), np.nan)


def squared_distances(answers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the squared Mahalanobis distance of each complete case, and its probability.

    Parameters
    ----------
    answers : ndarray, shape (n, p)
        Answers, NaN for missing.

    Returns
    -------
    d2, pvalue : ndarray, shape (n,)
        Distances from the mean in the metric of the covariances (divisor n - 1) of the complete
        cases, and the chance of a larger one if answers were normal (chi-square, p degrees of
        freedom). NaN for incomplete cases, and for all where the covariances have no inverse.

    References
    ----------
    Mahalanobis (1936) [mahalanobis1936]_.
    """
    complete = ~np.isnan(answers).any(axis=1)
    d2 = np.full(len(answers), np.nan)
    n, p = int(complete.sum()), answers.shape[1]
    if n <= p:
        return d2, d2.copy()
    chosen = answers[complete]
    centred = chosen - chosen.mean(axis=0)
    inverse = invert_positive(centred.T @ centred / (n - 1))
    if inverse.positive:
        d2[complete] = np.einsum("ij,jk,ik->i", centred, inverse.matrix, centred)
    return d2, np.where(np.isnan(d2), np.nan, chdtrc(p, np.where(np.isnan(d2), 0.0, d2)))


def _names(items: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(name for group in items.values() for name in group))


def _straight_lines(survey: Survey, items: Mapping[str, Sequence[str]]) -> tuple[FloatArray, int]:
    """Return in how many constructs each case answered all items alike, and how many there are."""
    count, blocks = np.zeros(survey.n_cases), 0
    for group in items.values():
        if len(group) < FEWEST_IN_BLOCK:
            continue
        raw = np.column_stack([as_worded(survey, name) for name in group])
        count += (raw == raw[:, :1]).all(axis=1)
        blocks += 1
    return count, blocks


def _failed_checks(survey: Survey, plan: ScreeningPlan) -> FloatArray:
    """Return how many attention checks each case answered otherwise than asked."""
    require_columns(survey, list(plan.attention))
    failed = np.zeros(survey.n_cases)
    for name, asked in plan.attention.items():
        column = survey.frame[name]
        if isinstance(asked, str) == pd.api.types.is_float_dtype(column):
            kind = "numbers" if isinstance(asked, str) else "text"
            raise SurveyError(
                f"The attention check {name} holds {kind}; the answer asked for is {asked!r}.",
                where=survey.source.name,
                remedy="Write the answer as it stands in the data, text in quotation marks.",
            )
        failed += (column.notna() & (column != asked)).to_numpy()
    return failed


def _first_alike(survey: Survey, names: Sequence[str], plan: ScreeningPlan) -> FloatArray:
    """Return the row (from 1) of an earlier case that each case repeats; NaN for none."""
    rows = np.asarray(survey.frame.index, dtype=float) + 1
    first = np.full(len(rows), np.nan)
    answers = survey.frame[list(names)]
    values = answers.to_numpy(dtype=float)
    enough = (~np.isnan(values)).sum(axis=1) >= FEWEST_FOR_DUPLICATES
    varied = np.nan_to_num(response_variability(values)) > 0
    kinds = [(survey.frame[[*names, *plan.profile]], enough & varied)]
    if plan.id:
        kinds.append((survey.frame[[plan.id]], survey.frame[plan.id].notna().to_numpy()))
    for columns, counted in kinds:
        repeated = columns[counted]
        groups = repeated.groupby(list(repeated.columns), dropna=False, sort=False).ngroup()
        earliest = pd.Series(rows[counted], index=repeated.index).groupby(groups).transform("min")
        found = np.full(len(rows), np.nan)
        found[counted] = np.where(earliest < rows[counted], earliest, np.nan)
        first = np.fmin(first, found)
    return first


def flagged_cases(
    survey: Survey,
    items: Mapping[str, Sequence[str]],
    plan: ScreeningPlan,
    dropped: Mapping[int, str] | None = None,
) -> pd.DataFrame:
    """Return the cases that an index points to, with the values of all indices.

    Parameters
    ----------
    survey : Survey
        The prepared survey before rules dropped cases.
    items : Mapping of construct to items
        Which items measure which construct.
    plan : ScreeningPlan
        Where duration, attention checks and id are.
    dropped : Mapping of row to rule, optional
        Cases (rows from 1) that a rule dropped.

    Returns
    -------
    DataFrame
        ``case`` (row from 1), ``id`` where the plan names one, ``flags`` (in words), the columns of
        :func:`case_indices`, and ``dropped``, the rule that dropped the case, or empty.
    """
    dropped = dropped or {}
    indices = case_indices(survey, items, plan)
    flags = _flags(indices, len(_names(items)), plan)
    case = np.asarray(survey.frame.index, dtype=int) + 1
    frame = pd.DataFrame({"case": case}, index=indices.index)
    if plan.id:
        frame["id"] = [_id_text(value) for value in survey.frame[plan.id]]
    frame["flags"] = flags
    frame = frame.join(indices)
    frame["dropped"] = [dropped.get(int(row), "") for row in case]
    shown = (frame["flags"] != "") | (frame["dropped"] != "")
    return frame[shown].reset_index(drop=True)


def _id_text(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else code_text(value)
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]  # one cell


def _flags(indices: pd.DataFrame, n_items: int, plan: ScreeningPlan) -> list[str]:
    """Return what each case is flagged for, in words."""
    enough = n_items >= FEWEST_FOR_STRAIGHT_LINE
    minimum = -np.inf if plan.minimum_duration is None else plan.minimum_duration
    held = {
        "duplicate": indices["duplicate_of"].notna(),
        "attention": indices["attention_failed"] > 0,
        "missing": indices["missing"] > SHARE_MISSING_TO_FLAG,
        "speed": indices["duration"] < minimum,
        "longstring": enough & (indices["longstring"] > SHARE_OF_STRING_TO_FLAG * n_items),
        "straight-lining": enough & (indices["straight_share"] >= 1),
        "outlier": indices["d2_pvalue"] < OUTLIER_P,
    }
    table = pd.DataFrame(held)
    return [listed(table.columns[row]) for row in table.to_numpy(dtype=bool)]
