"""Screening: cases left, item statistics, and answers that look odd.

Screening judges and counts; it drops nothing and recodes nothing.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from trustsem.findings import Finding
from trustsem.survey.codebook import code_text
from trustsem.survey.preparing import check_scale, require_numeric

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

_FEWEST_FOR_STRAIGHT_LINE = 5
"""Equal answers to fewer items than this are no pattern."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Screening:
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
    """

    flow: pd.DataFrame
    items: pd.DataFrame
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        """Return one screen: findings, flow, items."""
        judged = "\n".join(str(finding) for finding in self.findings)
        tables = [
            frame.to_string(index=False, float_format="{:.2f}".format)
            for frame in (self.flow, self.items)
        ]
        return "\n\n".join([f"Screening of {len(self.items)} items", judged, *tables])

    def _repr_html_(self) -> str:
        judged = "".join(f"<li>{html.escape(str(finding))}</li>" for finding in self.findings)
        tables = [
            frame.to_html(index=False, border=0, float_format="{:.2f}".format)
            for frame in (self.flow, self.items)
        ]
        return f"<div><ul>{judged}</ul>{''.join(tables)}</div>"


def screen(
    survey: Survey,
    items: Mapping[str, Sequence[str]],
    scale: tuple[float, float] | None = None,
    *,
    missing: str = "listwise",
) -> Screening:
    """Screen the items of a study.

    Parameters
    ----------
    survey : Survey
        The survey before incomplete cases are left out.
    items : Mapping of construct to items
        Which items measure which construct.
    scale : (float, float), optional
        Lowest and highest answer; without it, codes that look like missing answers are reported.
    missing : {"listwise", "fiml"}
        How incomplete cases will be treated; ``"listwise"`` adds the step to the flow.

    Returns
    -------
    Screening
        Flow, item statistics and findings.

    Raises
    ------
    UnknownItemError
        If an item is not in the data.
    NotNumericError
        If an item holds text.
    ScaleMismatchError
        If an answer lies outside the scale.
    """
    names = list(dict.fromkeys(name for group in items.values() for name in group))
    require_numeric(survey, names)
    if scale is not None:
        check_scale(survey, names, scale)
    table = item_table(survey, items)
    findings = [
        *_missing_findings(survey, names),
        *([] if scale is not None else _code_findings(survey, names)),
        *_straight_line_findings(survey, names),
    ]
    return Screening(_flow(survey, names, missing), table, tuple(findings))


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
    return _standardised_moment(values, 3)


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
    return _standardised_moment(values, 4) - 3.0


def _standardised_moment(values: FloatVector, order: int) -> float:
    if len(values) == 0:
        return np.nan
    deviations = values - values.mean()
    variance = float((deviations**2).mean())
    if variance <= np.finfo(float).eps * float(np.abs(values).max()) ** 2:
        return np.nan
    return float((deviations**order).mean() / variance ** (order / 2))


def _flow(survey: Survey, names: Sequence[str], missing: str) -> pd.DataFrame:
    """Return the steps from the cases read to the cases analysed."""
    remaining = survey.n_cases + sum(entry.removed for entry in survey.log)
    rows: list[tuple[str, str, int, int]] = [("read", survey.source.name, 0, remaining)]
    for entry in survey.log:
        if entry.removed:
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


def _code_findings(survey: Survey, names: Sequence[str]) -> list[Finding]:
    """Report values that look like codes for missing answers."""
    findings = []
    for name in names:
        answers = survey.frame[name].dropna()
        suspects = suspicious_codes(answers.to_numpy(dtype=float))
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
        Codes more than one scale point below the lowest or above the highest other answer; none
        where the answers are not whole numbers on a rating scale.
    """
    distinct = np.unique(answers)
    others = np.array([value for value in distinct if value not in SUSPICIOUS_CODES])
    if len(others) < 2 or len(others) > _MOST_CATEGORIES or (others % 1 != 0).any():  # noqa: PLR2004
        return []
    low, high = others.min() - 1, others.max() + 1
    while high in distinct and high in SUSPICIOUS_CODES:
        high += 1
    return [float(v) for v in distinct if v in SUSPICIOUS_CODES and not low <= v <= high]


def _straight_line_findings(survey: Survey, names: Sequence[str]) -> list[Finding]:
    """Count the cases that gave one answer throughout, in the direction of the wording."""
    if len(names) < _FEWEST_FOR_STRAIGHT_LINE:
        return []
    raw = np.column_stack([_as_worded(survey, name) for name in names])
    straight = int((raw == raw[:, :1]).all(axis=1).sum())
    if not straight:
        return []
    claim = (
        f"{straight} of {len(raw)} cases gave the same answer to all {len(names)} items, "
        "before reverse-keyed items were turned. They are kept."
    )
    return [Finding("straight_lining", "data", claim, value=float(straight))]


def _as_worded(survey: Survey, name: str) -> FloatVector:
    """Return the answers in the direction of the wording."""
    answers = survey.frame[name].to_numpy(dtype=float)
    turned_on = survey.codebook[name].reversed_on
    return answers if turned_on is None else turned_on[0] + turned_on[1] - answers
