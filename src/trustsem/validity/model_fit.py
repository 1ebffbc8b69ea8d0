"""Does the model reproduce the covariances, as a whole and pair by pair? Findings, not indices.

The indices come from the fit layer as a Series with lavaan's names, the residuals as matrices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from scipy import special

from trustsem.findings import Finding
from trustsem.validity.rows import residual_pairs
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, counted, p_text, threshold_text

_INDEX_NAMES = {"cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA", "srmr": "SRMR"}
_LARGER_IS_BETTER = frozenset({"cfi", "tli"})
_SMALL_SAMPLE = 250
N_LARGEST = 5
"""How many single residuals become findings of their own."""


def check_fit(
    fit_measures: pd.Series[float],
    *,
    n_indicators: int,
    n_obs: int,
    subject: str = "model",
    thresholds: Thresholds | None = None,
) -> tuple[Finding, ...]:
    """Check the fit of a model against the cutoffs in common use.

    Parameters
    ----------
    fit_measures : Series
        ``chisq df pvalue cfi tli rmsea srmr``, and ``rmsea_ci_lower``, ``rmsea_ci_upper`` where
        they exist.
    n_indicators, n_obs : int
        Observed variables and cases, for the rule by size.
    subject : str
        Name of the model.
    thresholds : Thresholds, optional
        Cutoffs; Hu & Bentler's where it is missing.

    Returns
    -------
    tuple of Finding
        ``exact_fit``, ``cfi``, ``tli``, ``rmsea``, ``srmr``, and ``cfi_by_size``,
        ``rmsea_by_size``, ``srmr_by_size`` where the sample is below 250. A model without degrees
        of freedom gives ``saturated`` alone.

    Notes
    -----
    The cutoffs were found by simulation under few models; they are conventions, not tests. The
    rule by size is the one for samples below 250: with up to 12 indicators CFI .97 and RMSEA .08;
    with 13 to 29 CFI .95, SRMR .08 and RMSEA .08; with more CFI .92, SRMR .09 and RMSEA .08.

    References
    ----------
    Hu & Bentler (1999) [hu1999]_; by size: Hair et al. (2019) [hair2019]_.
    """
    if fit_measures["df"] == 0:
        return (_saturated(subject),)
    limits = thresholds or Thresholds()
    cutoffs = [
        _Cutoff(name, name, getattr(limits, name), limits.source(name)) for name in _INDEX_NAMES
    ]
    cutoffs += _cutoffs_by_size(n_indicators, n_obs)
    return (
        _exact_fit(fit_measures, subject, limits.significance),
        *(_judge(cutoff, fit_measures, subject) for cutoff in cutoffs),
    )


def check_residuals(
    correlation_residuals: pd.DataFrame,
    standardized_residuals: pd.DataFrame | None = None,
    *,
    subject: str = "model",
    thresholds: Thresholds | None = None,
) -> tuple[Finding, ...]:
    """Check whether single correlations of items are left unexplained.

    Parameters
    ----------
    correlation_residuals : DataFrame, shape (p, p)
        Observed minus implied correlations; unitless.
    standardized_residuals : DataFrame, shape (p, p), optional
        Residuals divided by their standard errors.
    subject : str
        Name of the model.
    thresholds : Thresholds, optional
        ``residual_correlation`` and ``residual_z``; the defaults where it is missing.

    Returns
    -------
    tuple of Finding
        ``residual_correlations`` and ``residual_z`` with the number of pairs beyond the cutoff, and
        ``residual_correlation`` for each of the largest :data:`N_LARGEST` pairs beyond it.

    References
    ----------
    Kline (2016) [kline2016]_; Jöreskog & Sörbom (1993) [joreskog1993]_.
    """
    limits = thresholds or Thresholds()
    cutoff = limits.residual_correlation
    pairs = residual_pairs(correlation_residuals)
    large = pairs[pairs.abs() > cutoff]
    findings = [
        Finding(
            code="residual_correlations",
            subject=subject,
            claim=(
                f"Correlation residuals beyond {threshold_text(cutoff)}: "
                f"{counted(len(large), 'pair', 'pairs')} of {len(pairs)}."
            ),
            severity="note" if large.empty else "warning",
            holds=large.empty,
            value=float(pairs.abs().max()) if len(pairs) else None,
            threshold=cutoff,
            source=limits.source("residual_correlation"),
        )
    ]
    z = None if standardized_residuals is None else residual_pairs(standardized_residuals)
    if z is not None:
        findings.append(_residual_z(z, subject, limits))
    largest = large.reindex(large.abs().sort_values(ascending=False, kind="stable").index)
    for pair, value in largest.head(N_LARGEST).items():
        findings.append(_residual_pair(str(pair), float(value), z, limits))
    return tuple(findings)


@dataclass(frozen=True, slots=True)
class _Cutoff:
    """One cutoff of one fit index, and the circumstances under which it is meant."""

    code: str
    index: str
    value: float
    source: str
    circumstances: str = ""


def _cutoffs_by_size(n_indicators: int, n_obs: int) -> list[_Cutoff]:
    """Return the cutoffs for samples below 250, by the number of indicators."""
    if n_obs >= _SMALL_SAMPLE:
        return []
    if n_indicators <= 12:  # noqa: PLR2004 - the rows of the rule
        size, values = "up to 12", {"cfi": 0.97, "rmsea": 0.08}
    elif n_indicators < 30:  # noqa: PLR2004
        size, values = "13 to 29", {"cfi": 0.95, "srmr": 0.08, "rmsea": 0.08}
    else:
        size, values = "30 or more", {"cfi": 0.92, "srmr": 0.09, "rmsea": 0.08}
    circumstances = f" by the rule for fewer than {_SMALL_SAMPLE} cases and {size} indicators"
    return [
        _Cutoff(f"{index}_by_size", index, value, "hair2019", circumstances)
        for index, value in values.items()
    ]


def _judge(cutoff: _Cutoff, fit_measures: pd.Series[float], subject: str) -> Finding:
    """Judge one fit index against one cutoff."""
    value = float(fit_measures.get(cutoff.index, math.nan))
    name = _INDEX_NAMES[cutoff.index]
    if math.isnan(value):
        return Finding(
            code=cutoff.code,
            subject=subject,
            claim=f"{name} does not exist for this model, so it is not judged.",
            threshold=cutoff.value,
            source=cutoff.source,
        )
    upward = cutoff.index in _LARGER_IS_BETTER
    holds = value >= cutoff.value if upward else value <= cutoff.value
    verb = "meets" if holds else "misses"
    bound = "at least" if upward else "at most"
    return Finding(
        code=cutoff.code,
        subject=subject,
        claim=(
            f"{name} of the {subject}, {coefficient(value)}, {verb} the cutoff of {bound} "
            f"{threshold_text(cutoff.value)}{cutoff.circumstances}."
        ),
        severity="note" if holds else "warning",
        holds=holds,
        value=value,
        interval=_rmsea_interval(fit_measures) if cutoff.index == "rmsea" else None,
        threshold=cutoff.value,
        source=cutoff.source,
    )


def _exact_fit(fit_measures: pd.Series[float], subject: str, significance: float) -> Finding:
    """Judge the chi-square test of exact fit."""
    chisq, df = float(fit_measures["chisq"]), round(float(fit_measures["df"]), 2)
    pvalue = float(fit_measures["pvalue"])
    holds = pvalue >= significance
    conclusion = "exact fit is not rejected" if holds else "exact fit is rejected"
    return Finding(
        code="exact_fit",
        subject=subject,
        claim=f"Chi-square of the {subject} is {chisq:.2f} with {df:g} df, {p_text(pvalue)}: "
        f"{conclusion}.",
        severity="note",
        holds=holds,
        value=pvalue,
        threshold=significance,
        source="joreskog1969",
        remedy="" if holds else "Report the largest residuals and say what they may come from.",
    )


def _saturated(subject: str) -> Finding:
    """Say why a model without degrees of freedom has no fit to judge."""
    return Finding(
        code="saturated",
        subject=subject,
        claim=f"The {subject} has no degrees of freedom: it fits perfectly whatever the data, so "
        "its fit says nothing.",
        severity="warning",
    )


def _residual_z(z: pd.Series[float], subject: str, limits: Thresholds) -> Finding:
    """Count standardised residuals beyond the cutoff."""
    large = z[z.abs() > limits.residual_z]
    return Finding(
        code="residual_z",
        subject=subject,
        claim=(
            f"Standardised residuals beyond {limits.residual_z:.2f}: "
            f"{counted(len(large), 'pair', 'pairs')} of {len(z)}; about "
            f"{len(z) * 2 * special.ndtr(-limits.residual_z):.1f} are expected by chance."
        ),
        severity="note" if large.empty else "warning",
        holds=large.empty,
        value=float(z.abs().max()) if len(z) else None,
        threshold=limits.residual_z,
        source=limits.source("residual_z"),
    )


def _residual_pair(
    pair: str, value: float, z: pd.Series[float] | None, limits: Thresholds
) -> Finding:
    """Report one pair whose correlation the model misses."""
    direction = "more" if value > 0 else "less"
    score = math.nan if z is None else float(z.get(pair, math.nan))
    test = "" if math.isnan(score) else f", z = {score:.2f}"
    return Finding(
        code="residual_correlation",
        subject=pair,
        claim=(
            f"{pair.replace(' ~~ ', ' and ')} correlate {direction} than the model implies "
            f"(residual {coefficient(value)}{test})."
        ),
        severity="warning",
        holds=False,
        value=value,
        threshold=limits.residual_correlation,
        source=limits.source("residual_correlation"),
    )


def _rmsea_interval(fit_measures: pd.Series[float]) -> tuple[float, float] | None:
    """Return the interval of RMSEA, or None where it was not computed."""
    lower = float(fit_measures.get("rmsea_ci_lower", math.nan))
    upper = float(fit_measures.get("rmsea_ci_upper", math.nan))
    return None if math.isnan(lower) or math.isnan(upper) else (lower, upper)
