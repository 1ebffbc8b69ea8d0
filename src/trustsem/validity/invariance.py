"""Is a construct measured alike in all groups? Criteria for one level of invariance.

A level holds more parameters equal over groups than the one before it. Its fit may get worse by
sampling error only; each criterion says in its own measure how much that is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from trustsem.findings import Finding
from trustsem.validity.wording import coefficient, joined, p_text, threshold_text

CRITERIA = ("cfi", "chen", "chisq")
"""Rules that can decide on a level: the drop of CFI, Chen's combination, the chi-square test."""

CHEUNG_RENSVOLD = {"cfi": -0.01, "mfi": -0.02, "gamma_hat": -0.001}
"""Largest drops that leave invariance standing [cheung2002]_."""

SMALL_SAMPLE = 300
"""Cases over all groups up to which Chen's stricter limits apply [chen2007]_."""

_CHEN = {
    # (small sample, loadings): CFI, RMSEA, SRMR
    (True, True): (-0.005, 0.010, 0.025),
    (True, False): (-0.005, 0.010, 0.005),
    (False, True): (-0.010, 0.015, 0.030),
    (False, False): (-0.010, 0.015, 0.010),
}
_WORDS = {"cfi": "CFI", "mfi": "McDonald's Mc", "gamma_hat": "gamma-hat"}


@dataclass(frozen=True, slots=True)
class LevelChange:
    """How fit changes from one level of invariance to the next.

    Parameters
    ----------
    level : str
        The more restricted level.
    against : str
        The level before it.
    chisq, df, pvalue : float
        Difference test; p is NaN without degrees of freedom.
    cfi, rmsea, srmr, mfi, gamma_hat : float
        Changes: the more restricted level less the other; unitless.
    n_obs : int
        Cases over all groups.
    loadings : bool
        Whether the level is that of equal loadings.
    """

    level: str
    against: str
    chisq: float
    df: float
    pvalue: float
    cfi: float
    rmsea: float
    srmr: float
    mfi: float
    gamma_hat: float
    n_obs: int
    loadings: bool


def gamma_hat(excess: float, n_obs: int, n_indicators: int) -> float:
    """Compute gamma-hat: the goodness of fit of the population [steiger1989]_.

    Parameters
    ----------
    excess : float
        Chi-square less its degrees of freedom.
    n_obs : int
        Cases over all groups.
    n_indicators : int
        Observed variables of one group.
    """
    return n_indicators / (n_indicators + 2 * excess / n_obs)


def noncentrality(excess: float, n_obs: int) -> float:
    """Compute McDonald's noncentrality index Mc [mcdonald1989]_; arguments as before."""
    return math.exp(-excess / (2 * n_obs))


def chen_limits(n_obs: int, *, loadings: bool) -> tuple[float, float, float]:
    """Return the changes of CFI, RMSEA and SRMR that speak against invariance [chen2007]_."""
    return _CHEN[n_obs <= SMALL_SAMPLE, loadings]


def level_holds(change: LevelChange, criterion: str, *, significance: float = 0.05) -> bool:
    """Decide on a level by one rule.

    Parameters
    ----------
    change : LevelChange
        Fit against the level before.
    criterion : {"cfi", "chen", "chisq"}
        The rule.
    significance : float
        Level of the chi-square test.
    """
    if criterion == "chisq":
        return not change.pvalue < significance
    if criterion == "chen":
        return not _chen_rejects(change)
    return _within(change.cfi, CHEUNG_RENSVOLD["cfi"])


def check_level(change: LevelChange, *, significance: float = 0.05) -> tuple[Finding, ...]:
    """State what every criterion says of a level.

    Parameters
    ----------
    change : LevelChange
        Fit against the level before.
    significance : float
        Level of the chi-square test.

    Returns
    -------
    tuple of Finding
        Codes ``invariance_chisq``, ``invariance_cfi``, ``invariance_mfi``,
        ``invariance_gamma_hat`` and ``invariance_chen``, all notes: a rule decides, not a vote.
    """
    subject = f"{change.level} invariance"
    return (
        _chisq_finding(change, subject, significance),
        *(_drop_finding(change, subject, name) for name in CHEUNG_RENSVOLD),
        _chen_finding(change, subject),
    )


def _within(value: float, limit: float) -> bool:
    """Tell whether a drop is not beyond its limit."""
    return not value < limit


def _chen_rejects(change: LevelChange) -> bool:
    cfi, rmsea, srmr = chen_limits(change.n_obs, loadings=change.loadings)
    return change.cfi <= cfi and (change.rmsea >= rmsea or change.srmr >= srmr)


def _chisq_finding(change: LevelChange, subject: str, significance: float) -> Finding:
    """Return what the difference test says."""
    if math.isnan(change.pvalue):
        return Finding(
            "invariance_chisq", subject, f"{change.level} adds no restriction to {change.against}."
        )
    holds = change.pvalue >= significance
    return Finding(
        code="invariance_chisq",
        subject=subject,
        claim=(
            f"Against {change.against}, chi-square rises by {change.chisq:.2f} with "
            f"{change.df:.0f} df, {p_text(change.pvalue)}."
        ),
        holds=holds,
        value=change.pvalue,
        threshold=significance,
        source="steiger1985",
    )


def _drop_finding(change: LevelChange, subject: str, name: str) -> Finding:
    """Return what one of Cheung and Rensvold's changes says."""
    value, limit = float(getattr(change, name)), CHEUNG_RENSVOLD[name]
    holds = _within(value, limit)
    return Finding(
        code=f"invariance_{name}",
        subject=subject,
        claim=(
            f"{_WORDS[name]} changes by {coefficient(value, 4)}, "
            f"{'within' if holds else 'beyond'} the limit of {threshold_text(limit)}."
        ),
        holds=holds,
        value=value,
        threshold=limit,
        source="cheung2002",
    )


def _chen_finding(change: LevelChange, subject: str) -> Finding:
    """Return what Chen's combination says."""
    limits = chen_limits(change.n_obs, loadings=change.loadings)
    values = (change.cfi, change.rmsea, change.srmr)
    beyond = (values[0] <= limits[0], values[1] >= limits[1], values[2] >= limits[2])
    shown = joined(
        [
            f"{name} {coefficient(value, 4)} (limit {threshold_text(limit)}"
            f"{', reached' if reached else ''})"
            for name, value, limit, reached in zip(
                ("CFI", "RMSEA", "SRMR"), values, limits, beyond, strict=True
            )
        ]
    )
    rejects = _chen_rejects(change)
    return Finding(
        code="invariance_chen",
        subject=subject,
        claim=(
            f"Changes of {shown}, for N = {change.n_obs}: invariance "
            f"{'is rejected' if rejects else 'stands'}, as CFI and one of the others must reach "
            "their limits to reject it."
        ),
        holds=not rejects,
        value=values[0],
        threshold=limits[0],
        source="chen2007",
    )
