"""Screening: cases left, item statistics, and answers that look odd.

Screening judges and counts; it drops nothing and recodes nothing. What rests on estimated moments
or on several tests at once (Little's test, early against late respondents) is added by the study
(:mod:`trustsem.study.screening`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from trustsem.display import bounded, p_statement
from trustsem.findings import Finding, Findings, at_least
from trustsem.survey.codebook import code_text
from trustsem.survey.distributions import (
    ANSWER_COLUMNS,
    DISTANCE_COLUMNS,
    NORMALITY_COLUMNS,
    PROFILE_COLUMNS,
    REASON_COLUMNS,
    answer_table,
    distance_table,
    normality_table,
    pattern_table,
    profile_table,
    reason_table,
    standardised_moment,
)
from trustsem.survey.preparing import check_scale, require_columns, require_numeric
from trustsem.survey.respondents import (
    FEWEST_FOR_STRAIGHT_LINE,
    OUTLIER_P,
    SHARE_MISSING_TO_FLAG,
    ScreeningPlan,
    as_worded,
    flagged_cases,
)
from trustsem.tables import Page, Shown, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustsem.survey.survey import Survey

FloatVector = npt.NDArray[np.float64]

SHARE_MISSING_TO_WARN = 0.15
"""An item with more than this share of missing answers is a warning."""

SUSPICIOUS_CODES = frozenset(
    {-999.0, -99.0, -98.0, -97.0, -9.0, -8.0, -7.0, -1.0, 0.0, 9.0, 88.0, 97.0, 98.0, 99.0,
     888.0, 997.0, 998.0, 999.0, 9999.0}
)  # fmt: skip
"""Codes that survey programs use for missing answers."""

_MOST_CATEGORIES = 11
"""With more distinct answers than a rating scale has, a code may well be a true value."""

SIGNIFICANCE = 0.05
"""Level of the tests of screening."""

MCAR_COLUMNS = ("chisq", "df", "pvalue", "n", "patterns", "reason")
WAVE_COLUMNS = (
    "kind", "subject", "n_early", "n_late", "mean_early", "mean_late", "difference", "t", "df",
    "pvalue", "pvalue_holm", "d",
)  # fmt: skip

_SHOWN = 10
"""Rows of a table on one screen; the frames hold all."""


def _empty(*columns: str) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Screening(Shown):
    """What screening found.

    Parameters
    ----------
    flow : DataFrame
        A row per step from the cases read to the cases analysed: ``step``, ``rule``, ``removed``,
        ``remaining``.
    items : DataFrame
        A row per item: ``item``, ``construct``, ``wording``, ``n``, ``missing``, ``mean``, ``sd``
        (divisor n - 1), ``skew`` and ``kurtosis`` (:func:`skewness`, :func:`excess_kurtosis`),
        ``minimum``, ``maximum``. All answers that are there count, not the complete cases only.
    findings : tuple of Finding
        What a reader must know.
    answers : DataFrame
        How often each answer was given: ``item``, ``construct``, ``answer`` (code), ``label``,
        ``n``, ``percent`` (of the answers given).
    patterns : DataFrame
        A row per pattern of missing answers, most frequent first: ``n``, ``percent``, then a column
        per item in order, True where the answer is missing.
    reasons : DataFrame
        Missing answers by item and declared reason: ``item``, ``construct``, ``reason``, ``code``,
        ``n``, ``percent`` (of the cases).
    distances : DataFrame
        Mahalanobis distance of each complete case: ``case`` (row from 1), ``d2``, ``df``,
        ``pvalue``; outliers have p < .001.
    normality : DataFrame
        Mardia's multivariate skewness and kurtosis, then skewness and excess kurtosis of each item,
        with tests: ``subject``, ``measure``, ``value``, ``statistic``, ``df``, ``pvalue``, ``n``,
        ``source``.
    mcar : DataFrame
        One row, Little's test that answers are missing completely at random: ``chisq``, ``df``,
        ``pvalue``, ``n`` (cases), ``patterns``, ``reason`` (why there is no test, or empty).
    cases : DataFrame
        A row per case that any index flags: ``case``, ``id`` where one is declared, ``flags``,
        ``missing`` (share), ``longstring``, ``straightlined`` (constructs), ``straight_share``,
        ``irv``, ``even_odd``, ``d2``, ``d2_pvalue``, ``duration``, ``attention_failed``,
        ``duplicate_of`` (case), ``dropped`` (rule, or empty).
    duplicates : DataFrame
        The cases that repeat another one: ``case``, ``duplicate_of``.
    waves : DataFrame
        Early against late respondents: ``kind`` (construct or item), ``subject``, ``n_early``,
        ``n_late``, ``mean_early``, ``mean_late``, ``difference``, ``t``, ``df``, ``pvalue``,
        ``pvalue_holm``, ``d``.
    profile : DataFrame
        Who answered: ``variable``, ``level``, ``label``, ``n``, ``percent`` (of the answers given).
    """

    flow: pd.DataFrame
    items: pd.DataFrame
    findings: tuple[Finding, ...] = ()
    answers: pd.DataFrame = field(default_factory=lambda: _empty(*ANSWER_COLUMNS))
    patterns: pd.DataFrame = field(default_factory=lambda: _empty("n", "percent"))
    reasons: pd.DataFrame = field(default_factory=lambda: _empty(*REASON_COLUMNS))
    distances: pd.DataFrame = field(default_factory=lambda: _empty(*DISTANCE_COLUMNS))
    normality: pd.DataFrame = field(default_factory=lambda: _empty(*NORMALITY_COLUMNS))
    mcar: pd.DataFrame = field(default_factory=lambda: _empty(*MCAR_COLUMNS))
    cases: pd.DataFrame = field(default_factory=lambda: _empty("case", "flags", "dropped"))
    duplicates: pd.DataFrame = field(default_factory=lambda: _empty("case", "duplicate_of"))
    waves: pd.DataFrame = field(default_factory=lambda: _empty(*WAVE_COLUMNS))
    profile: pd.DataFrame = field(default_factory=lambda: _empty(*PROFILE_COLUMNS))

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every table by the name of its attribute, in the order of a report."""
        names = ("flow", "profile", "items", "answers", "reasons", "patterns", "mcar", "normality",
                 "distances", "cases", "duplicates", "waves")  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def _page(self) -> Page:
        """Return one screen: what to know, flow, items, where to look."""
        lines = (*self._heading(), *self._judged(), self._pointer())
        return Page((lines, *self._tables()))

    def _heading(self) -> list[str]:
        remaining = self.flow["remaining"].iloc[-1] if len(self.flow) else "?"
        return [f"Screening of {len(self.items)} items, {remaining} cases left"]

    def _judged(self) -> list[str]:
        """Return the findings, the gravest first, cut to one screen."""
        shown = [str(finding) for finding in at_least(self.findings, "note")]
        rest = [f"... and {len(shown) - _SHOWN} more: .findings"] if len(shown) > _SHOWN else []
        return shown[:_SHOWN] + rest

    def _tables(self) -> list[Table]:
        show = ("item", "construct", "n", "missing", "mean", "sd", "skew", "kurtosis",
                "minimum", "maximum")  # fmt: skip
        return [
            Table("flow", "From Cases Received to Cases Analysed", self.flow),
            Table("items", "Items", self.items, show=show, limit=_SHOWN),
        ]

    def _pointer(self) -> str:
        filled = (f".{name}" for name, frame in self.frames.items() if len(frame))
        return f"See: {'  '.join(filled)}"


def screen(
    survey: Survey,
    items: Mapping[str, Sequence[str]],
    scale: tuple[float, float] | None = None,
    *,
    missing: str = "listwise",
    scales: Mapping[str, tuple[float, float]] | None = None,
    plan: ScreeningPlan | None = None,
    everyone: Survey | None = None,
) -> Screening:
    """Screen the items of a study.

    Parameters
    ----------
    survey : Survey
        The survey after rules dropped cases, before incomplete cases are left out.
    items : Mapping of construct to items
        Which items measure which construct.
    scale : (float, float), optional
        Lowest and highest answer; without it, codes that look like missing answers are reported.
    missing : {"listwise", "pairwise", "fiml"}
        How incomplete cases will be treated; ``"listwise"`` adds the step to the flow.
    scales : Mapping of item to (float, float), optional
        The scale of each item, where they differ; ``scale`` holds for the others.
    plan : ScreeningPlan, optional
        Variables that describe the respondents; its rules have been applied already.
    everyone : Survey, optional
        The survey before rules dropped cases, of which flagged cases are listed.

    Returns
    -------
    Screening
        All but :attr:`Screening.mcar` and :attr:`Screening.waves`.

    Raises
    ------
    UnknownItemError
        If an item, or a variable of the plan, is not in the data.
    NotNumericError
        If an item holds text.
    ScaleMismatchError
        If an answer lies outside the scale.
    """
    names = list(dict.fromkeys(name for group in items.values() for name in group))
    plan = plan or ScreeningPlan()
    require_numeric(survey, names)
    require_columns(survey, plan.variables)
    if scale is not None:
        check_scale(survey, names, scale)
    scale_of = {**({} if scale is None else dict.fromkeys(names, scale)), **(scales or {})}
    before = survey if everyone is None else everyone
    cases = flagged_cases(before, items, plan, dropped_by_rule(survey))
    found = Screening(
        flow=_flow(survey, names, missing),
        items=item_table(survey, items),
        answers=answer_table(survey, items, scale_of),
        patterns=pattern_table(survey, names),
        reasons=reason_table(survey, items),
        distances=distance_table(survey, names),
        normality=normality_table(survey, names),
        cases=cases,
        duplicates=_duplicates(cases),
        profile=profile_table(survey, plan.profile),
    )
    findings = [
        *_missing_findings(survey, names),
        *_code_findings(survey, items, [name for name in names if name not in scale_of]),
        *_straight_line_findings(survey, names),
        *_case_findings(found, plan),
        *_normality_findings(found),
    ]
    return replace(found, findings=Findings(findings))


def dropped_by_rule(survey: Survey) -> dict[int, str]:
    """Return the rule that dropped each case (rows from 1), from the survey's log."""
    return {
        case: entry.what for entry in survey.log if entry.step == "rule" for case in entry.cases
    }


def item_table(survey: Survey, items: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Describe every item: see :class:`Screening`."""
    rows = [
        {
            "item": name,
            "construct": construct,
            "wording": survey.codebook[name].wording,
            **describe(survey.frame[name].to_numpy(dtype=float)),
        }
        for construct, names in items.items()
        for name in names
    ]
    columns = ["item", "construct", "wording", "n", "missing", "mean", "sd", "skew", "kurtosis",
               "minimum", "maximum"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def describe(values: FloatVector) -> dict[str, float]:
    """Describe the answers to one item.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Answers, NaN where missing; scale points.

    Returns
    -------
    dict
        ``n``, ``missing`` (counts), ``mean``, ``sd``, ``skew``, ``kurtosis``, ``minimum``,
        ``maximum``; NaN where there are too few answers.
    """
    present = values[~np.isnan(values)]
    n = len(present)
    return {
        "n": n,
        "missing": len(values) - n,
        "mean": float(present.mean()) if n else np.nan,
        "sd": float(present.std(ddof=1)) if n > 1 else np.nan,
        "skew": skewness(present),
        "kurtosis": excess_kurtosis(present),
        "minimum": float(present.min()) if n else np.nan,
        "maximum": float(present.max()) if n else np.nan,
    }


def skewness(values: FloatVector) -> float:
    r"""Compute the population skewness.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Answers without gaps.

    Returns
    -------
    float
        Unitless; 0 for a symmetric distribution; NaN without variation.

    Notes
    -----
    .. math:: g_1 = m_3 / m_2^{3/2}, \quad m_k = \tfrac1n \sum (x - \bar x)^k

    SPSS, SAS and Excel print the sample version :math:`G_1 = g_1 \sqrt{n(n-1)}/(n-2)` instead.
    """
    return standardised_moment(values, 3)


def excess_kurtosis(values: FloatVector) -> float:
    r"""Compute the population excess kurtosis.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Answers without gaps.

    Returns
    -------
    float
        Unitless; 0 for a normal distribution; NaN without variation.

    Notes
    -----
    .. math:: g_2 = m_4 / m_2^2 - 3, \quad m_k = \tfrac1n \sum (x - \bar x)^k

    SPSS, SAS and Excel print the sample version
    :math:`G_2 = \{(n+1) g_2 + 6\}(n-1)/\{(n-2)(n-3)\}` instead.
    """
    return standardised_moment(values, 4) - 3.0


def _flow(survey: Survey, names: Sequence[str], missing: str) -> pd.DataFrame:
    """Return the steps from the cases read to the cases analysed."""
    remaining = survey.n_cases + sum(entry.removed for entry in survey.log)
    rows: list[tuple[str, str, int, int]] = [("read", survey.source.name, 0, remaining)]
    for entry in survey.log:
        if entry.removed or entry.step == "rule":
            remaining -= entry.removed
            rows.append((entry.step, entry.what, entry.removed, remaining))
    if missing == "listwise":
        lost = int(survey.frame[list(names)].isna().any(axis=1).sum())
        rule = f"complete answers on {len(names)} items"
        rows.append(("listwise", rule, lost, remaining - lost))
    return pd.DataFrame(rows, columns=["step", "rule", "removed", "remaining"])


def _missing_findings(survey: Survey, names: Sequence[str]) -> list[Finding]:
    """Judge how much is missing, overall and per item."""
    gaps = survey.frame[list(names)].isna().to_numpy()
    if not gaps.any():
        return [
            Finding("missing", "data", "No answer to the items is missing.", holds=True, value=0.0)
        ]
    cases = int(gaps.any(axis=1).sum())
    claim = (
        f"{int(gaps.sum())} of {gaps.size} answers ({gaps.mean():.1%}) are missing, "
        f"in {cases} of {len(gaps)} cases ({cases / len(gaps):.1%})."
    )
    findings = [Finding("missing", "data", claim, value=float(gaps.mean()))]
    shares = dict(zip(names, gaps.mean(axis=0), strict=True))
    return findings + [
        _item_missing_finding(name, float(share))
        for name, share in shares.items()
        if share > SHARE_MISSING_TO_WARN
    ]


def _item_missing_finding(item: str, share: float) -> Finding:
    return Finding(
        code="item_missing",
        subject=item,
        claim=f"{share:.1%} of the answers are missing.",
        severity="warning",
        holds=False,
        value=share,
        threshold=SHARE_MISSING_TO_WARN,
        remedy="Find out why, and report results with and without the item.",
    )


def _code_findings(
    survey: Survey, items: Mapping[str, Sequence[str]], names: Sequence[str]
) -> list[Finding]:
    """Report values that look like codes for missing answers."""
    wanted = set(names)
    block_of = {
        name: [each for each in group if each in wanted]
        for group in items.values()
        for name in group
    }
    findings = []
    columns = {name: survey.frame[name].dropna() for name in names}
    own = {name: suspicious_codes(column.to_numpy(dtype=float)) for name, column in columns.items()}
    for name, answers in columns.items():
        together = {other: (columns[other], own[other]) for other in block_of[name]}
        suspects = [code for code in own[name] if code in common_suspects(together)]
        if suspects:
            count = int(answers.isin(suspects).sum())
            shown = ", ".join(code_text(code) for code in suspects)
            findings.append(
                Finding(
                    code="suspicious_code",
                    subject=name,
                    claim=f"{count} answer(s) {shown} lie apart from the others and look like "
                    "codes for a missing answer.",
                    severity="warning",
                    holds=False,
                    value=suspects[0],
                    remedy="Declare them as missing codes, or declare the scale.",
                )
            )
    return findings


def suspicious_codes(answers: FloatVector) -> list[float]:
    """Return customary missing codes that lie apart from all other answers to an item.

    Parameters
    ----------
    answers : ndarray, shape (n,)
        Answers without gaps.

    Returns
    -------
    list of float
        Codes more than one step below the lowest or above the highest other answer; none where the
        answers are not whole numbers on a rating scale.
    """
    distinct = np.unique(answers)
    others = np.array([value for value in distinct if value not in SUSPICIOUS_CODES])
    if len(others) < 2 or len(others) > _MOST_CATEGORIES or (others % 1 != 0).any():  # noqa: PLR2004
        return []
    step = float(np.diff(others).min())
    low, high = others.min() - step, others.max() + step
    while high in distinct and high in SUSPICIOUS_CODES:
        high += step
    return [float(v) for v in distinct if v in SUSPICIOUS_CODES and not low <= v <= high]


def common_suspects(columns: Mapping[str, tuple[pd.Series, Sequence[float]]]) -> list[float]:
    """Return the codes that are suspicious in every item of a block that holds them.

    Parameters
    ----------
    columns : Mapping of item to (Series, sequence of float)
        Answers and suspicious codes of each item.
    """
    found = {code for _, suspects in columns.values() for code in suspects}
    return sorted(
        code
        for code in found
        if all(
            code in suspects or not bool((answers == code).any())
            for answers, suspects in columns.values()
        )
    )


def _straight_line_findings(survey: Survey, names: Sequence[str]) -> list[Finding]:
    """Count the cases that gave one answer throughout, in the direction of the wording."""
    if len(names) < FEWEST_FOR_STRAIGHT_LINE:
        return []
    raw = np.column_stack([as_worded(survey, name) for name in names])
    straight = int((raw == raw[:, :1]).all(axis=1).sum())
    if not straight:
        return []
    claim = (
        f"{straight} of {len(raw)} cases gave the same answer to all {len(names)} items, "
        "before reverse-keyed items were turned. They are kept."
    )
    return [Finding("straight_lining", "data", claim, value=float(straight))]


def _duplicates(cases: pd.DataFrame) -> pd.DataFrame:
    """Return which cases repeat another one."""
    pairs = cases.loc[cases["duplicate_of"].notna(), ["case", "duplicate_of"]]
    return pairs.astype(int).reset_index(drop=True)


def _case_findings(screening: Screening, plan: ScreeningPlan) -> list[Finding]:
    """Count the cases that are flagged and kept, one finding per kind of flag."""
    kept = screening.cases[screening.cases["dropped"] == ""]
    counts = pd.Series(
        [flag for flags in kept["flags"] for flag in flags.split(", ") if flag], dtype=str
    ).value_counts()
    limit = f"{plan.minimum_duration or 0:g} ({plan.duration})"
    grave = ("duplicate", "attention", "speed")
    return [
        Finding(
            code=f"cases_{flag}",
            subject="data",
            claim=f"{counts[flag]} case(s) {sentence.format(limit=limit)}; kept, since no rule "
            "drops them.",
            severity="warning" if flag in grave else "note",
            value=float(counts[flag]),
            source=source,
            remedy="Look at them (flagged cases), then decide by a rule under [screening] drop."
            if flag in grave
            else "",
        )
        for flag, (sentence, source) in CASE_FLAGS.items()
        if flag in counts
    ]


CASE_FLAGS = {
    "duplicate": ("repeat the answers or the id of an earlier case", ""),
    "attention": ("failed an attention check", "meade2012"),
    "missing": (f"left more than {SHARE_MISSING_TO_FLAG:.0%} of the items out", "hair2019"),
    "speed": ("took less than {limit}", "huang2012"),
    "longstring": ("gave one answer to more than half of the items in a row", "curran2016"),
    "outlier": (
        f"are multivariate outliers (Mahalanobis, p < {bounded(OUTLIER_P, 3)})",
        "hair2019",
    ),
}
"""What a case is flagged for: the rest of the sentence, and the source of the criterion."""


def _normality_findings(screening: Screening) -> list[Finding]:
    """Say whether Mardia's tests reject multivariate normality."""
    rows = screening.normality.query("subject == 'all items'").set_index("measure")
    if rows["value"].isna().any():
        return []
    skew, kurtosis = (dict(rows.loc[name]) for name in ("skewness", "kurtosis"))
    rejected = bool((rows["pvalue"] < SIGNIFICANCE).any())
    verdict = "reject" if rejected else "do not reject"
    claim = (
        f"Mardia's tests {verdict} multivariate normality: skewness b1p = {skew['value']:.2f}, "
        f"χ²({skew['df']:.0f}) = {skew['statistic']:.2f}, {p_statement(skew['pvalue'])}; kurtosis "
        f"b2p = {kurtosis['value']:.2f}, z = {kurtosis['statistic']:.2f}, "
        f"{p_statement(kurtosis['pvalue'])}."
    )
    return [
        Finding(
            code="multivariate_normality",
            subject="data",
            claim=claim,
            holds=not rejected,
            value=float(rows["pvalue"].min()),
            threshold=SIGNIFICANCE,
            source="mardia1970",
            remedy="Standard errors and tests by MLM or MLR hold without it." if rejected else "",
        )
    ]
