"""Do the indicators of each construct measure it, and well enough? Step one, first half.

The tables put labels on the formulas of :mod:`trustsem.validity.reliability`; the checks judge the
tables against :class:`trustsem.validity.thresholds.Thresholds` and return findings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from trustsem.arrays import Floats
from trustsem.errors import ImproperSolutionError, UndefinedIndexError
from trustsem.findings import Finding
from trustsem.validity import reliability as formulas
from trustsem.validity.rows import (
    require_indicators,
    require_loadings,
    require_residuals,
    rows_by_pair,
)
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, joined, threshold_text

LOADING_COLUMNS = (
    "construct",
    "item",
    "label",
    "est",
    "se",
    "z",
    "pvalue",
    "ci_lower",
    "ci_upper",
    "std_all",
    "std_all_se",
    "std_ci_lower",
    "std_ci_upper",
    "r2",
    "marker",
)
RELIABILITY_COLUMNS = (
    "label",
    "n_items",
    "alpha",
    "cr",
    "ave",
    "cr_observed",
    "ave_observed",
    "h",
    "msv",
    "asv",
)
_COPIED = ("est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all", "std_all_se")
_SINGLE_ITEM_INDICES = "Alpha, composite reliability, AVE and HTMT"


def loadings_table(
    parameters: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    labels: Mapping[str, str] | None = None,
    r2: pd.Series[float] | None = None,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Tabulate every loading with its test, standardised value and interval.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of one group: lhs op rhs free est se z pvalue ci_lower ci_upper std_all
        std_all_se.
    constructs : mapping of str to sequence of str
        Construct to its indicators, in the order of the table.
    labels : mapping of str to str, optional
        Item to its wording.
    r2 : Series, optional
        Explained variance by variable; unitless. NaN for items that it does not name.
    level : float
        Coverage of the interval of the standardised loading.

    Returns
    -------
    DataFrame
        One row per loading, columns :data:`LOADING_COLUMNS`; ``marker`` says that the loading is
        fixed and not estimated.

    Raises
    ------
    UnknownIndicatorError
        If an indicator has no loading on its construct.
    UnsupportedError
        If the table holds several groups.
    """
    rows = rows_by_pair(parameters, "=~")
    require_loadings(rows, constructs)
    wording = labels or {}
    explained: Mapping[Any, float] = {} if r2 is None else r2.to_dict()
    reach = float(special.ndtri((1 + level) / 2))
    records = []
    for construct, items in constructs.items():
        for item in items:
            row = rows[construct, item]
            std, std_se = float(row["std_all"]), float(row["std_all_se"])
            records.append(
                {
                    "construct": construct,
                    "item": item,
                    "label": wording.get(item, ""),
                    **{name: float(row[name]) for name in _COPIED},
                    "std_ci_lower": std - reach * std_se,
                    "std_ci_upper": std + reach * std_se,
                    "r2": float(explained.get(item, math.nan)),
                    "marker": int(row["free"]) == 0,
                }
            )
    return pd.DataFrame.from_records(records, columns=list(LOADING_COLUMNS))


def reliability_table(
    parameters: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    sample_cov: pd.DataFrame,
    latent_cov: pd.DataFrame,
    labels: Mapping[str, str] | None = None,
    residual_covariances: bool = True,
) -> pd.DataFrame:
    """Tabulate the reliability and shared variance of every construct.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of one group of the *measurement* model: lhs op rhs est std_all.
    constructs : mapping of str to sequence of str
        Construct to its indicators, in the order of the table.
    sample_cov : DataFrame, shape (p, p)
        Covariances of the items as analysed; squared scale points.
    latent_cov : DataFrame, shape (m, m)
        Implied covariances of the constructs, in the scaling of ``parameters``.
    labels : mapping of str to str, optional
        Construct to the name that readers see; the construct itself where it is missing.
    residual_covariances : bool
        Count residual covariances among a construct's own items as error in ``cr``. Programs that
        compute CR from the loadings alone leave them out.

    Returns
    -------
    DataFrame
        Indexed by construct, columns :data:`RELIABILITY_COLUMNS`; unitless. An index that does not
        exist (single item, Heywood case) is NaN, and :func:`check_reliability` states the reason.

    Raises
    ------
    UnknownIndicatorError
        If an indicator has no loading or residual variance, or is not in ``sample_cov``.
    UnsupportedError
        If the table holds several groups.

    Notes
    -----
    ``cr`` and ``ave`` are Fornell & Larcker's, of the completely standardised solution;
    ``cr_observed`` and ``ave_observed`` divide by the observed variances of the items.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_; McDonald (1999) [mcdonald1999]_.
    """
    loadings = rows_by_pair(parameters, "=~")
    require_loadings(loadings, constructs)
    require_indicators([str(name) for name in sample_cov.columns], constructs)
    covariances = rows_by_pair(parameters, "~~")
    require_residuals(covariances, constructs)
    names = list(constructs)
    phi = _correlations(latent_cov.loc[names, names].to_numpy(dtype=float))
    shared = formulas.maximum_shared_variance(phi), formulas.average_shared_variance(phi)
    records = []
    for position, (construct, items) in enumerate(constructs.items()):
        block = _Block.of(
            construct=construct,
            items=items,
            loadings=loadings,
            covariances=covariances,
            sample_cov=sample_cov,
            latent_cov=latent_cov,
        )
        records.append(
            {
                "label": (labels or {}).get(construct, construct),
                "n_items": len(items),
                **block.indices(residual_covariances=residual_covariances),
                "msv": float(shared[0][position]),
                "asv": float(shared[1][position]),
            }
        )
    index = pd.Index(names, name="construct")
    return pd.DataFrame.from_records(records, index=index, columns=list(RELIABILITY_COLUMNS))


@dataclass(frozen=True, slots=True)
class _Block:
    """What the formulas need of one construct with k indicators.

    Parameters
    ----------
    est, std : ndarray, shape (k,)
        Unstandardised and completely standardised loadings.
    residuals : ndarray, shape (k,)
        Completely standardised residual variances.
    residual_correlations : ndarray, shape (k, k)
        Residual correlations, 0 on the diagonal.
    variance : float
        Total variance of the construct.
    cov : ndarray, shape (k, k)
        Observed covariances of the indicators.
    """

    est: Floats
    std: Floats
    residuals: Floats
    residual_correlations: Floats
    variance: float
    cov: Floats

    @classmethod
    def of(
        cls,
        *,
        construct: str,
        items: Sequence[str],
        loadings: Mapping[tuple[str, str], Any],
        covariances: Mapping[tuple[str, str], Any],
        sample_cov: pd.DataFrame,
        latent_cov: pd.DataFrame,
    ) -> _Block:
        """Collect one construct's numbers."""
        names = list(items)
        own = np.array(
            [
                [
                    float(covariances[a, b]["std_all"]) if (a, b) in covariances else 0.0
                    for b in names
                ]
                for a in names
            ]
        )
        return cls(
            est=np.array([float(loadings[construct, item]["est"]) for item in names]),
            std=np.array([float(loadings[construct, item]["std_all"]) for item in names]),
            residuals=np.diag(own).copy(),
            residual_correlations=own - np.diag(np.diag(own)),
            variance=float(latent_cov.loc[[construct], [construct]].to_numpy(dtype=float)[0, 0]),
            cov=sample_cov.loc[names, names].to_numpy(dtype=float),
        )

    def indices(self, *, residual_covariances: bool) -> dict[str, float]:
        """Return every index; NaN where it does not exist."""
        if len(self.std) == 1:
            return dict.fromkeys(
                ("alpha", "cr", "ave", "cr_observed", "ave_observed", "h"), math.nan
            )
        shared_error = self._residual_covariance() if residual_covariances else 0.0
        return {
            "alpha": _or_nan(lambda: formulas.cronbach_alpha(self.cov)),
            "cr": _or_nan(
                lambda: formulas.composite_reliability(self.std, self.residuals, shared_error)
            ),
            "ave": _or_nan(lambda: formulas.average_variance_extracted(self.std, self.residuals)),
            "cr_observed": self._observed(
                lambda: formulas.composite_reliability_observed(self.est, self.variance, self.cov)
            ),
            "ave_observed": self._observed(
                lambda: formulas.ave_observed(self.est, self.variance, np.diag(self.cov))
            ),
            "h": _or_nan(lambda: formulas.coefficient_h(self.std)),
        }

    def _residual_covariance(self) -> float:
        """Return the sum of the standardised residual covariances, each pair once."""
        sd = np.sqrt(np.maximum(self.residuals, 0.0))
        return float((self.residual_correlations * np.outer(sd, sd)).sum() / 2)

    def _observed(self, compute: Callable[[], Floats]) -> float:
        """Return an observed-variance index, which a Heywood case makes as void as the others."""
        return math.nan if np.any(self.residuals < 0) else _or_nan(compute)


def check_loadings(
    loadings: pd.DataFrame, thresholds: Thresholds | None = None
) -> tuple[Finding, ...]:
    """Check that every loading is significant, large enough and of one sign within its construct.

    Parameters
    ----------
    loadings : DataFrame
        As :func:`loadings_table` returns it.
    thresholds : Thresholds, optional
        Cutoffs; the defaults where it is missing.

    Returns
    -------
    tuple of Finding
        Codes ``loading_significance`` and ``loading_size`` for every item, ``loading_sign`` for
        constructs whose loadings differ in sign, ``improper_loading`` beyond 1.

    Notes
    -----
    A fixed (marker) loading has no test of its own: its standardised value is tested instead.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_; Hair et al. (2019) [hair2019]_.
    """
    limits = thresholds or Thresholds()
    findings: list[Finding] = []
    for record in loadings.to_dict("records"):
        findings += [_significance(record, limits), _size(record, limits)]
    for construct, group in loadings.groupby("construct", sort=False):
        findings += _signs(str(construct), group) + _improper(group)
    return tuple(findings)


def check_reliability(
    table: pd.DataFrame, thresholds: Thresholds | None = None
) -> tuple[Finding, ...]:
    """Check alpha, composite reliability and AVE of every construct.

    Parameters
    ----------
    table : DataFrame
        As :func:`reliability_table` returns it.
    thresholds : Thresholds, optional
        Cutoffs; the defaults where it is missing.

    Returns
    -------
    tuple of Finding
        Codes ``alpha``, ``composite_reliability`` and ``average_variance_extracted``; for indices
        that do not exist ``single_item`` or ``undefined_reliability``, with the reason.

    References
    ----------
    Nunnally (1978) [nunnally1978]_; Fornell & Larcker (1981) [fornell1981]_.
    """
    limits = thresholds or Thresholds()
    findings: list[Finding] = []
    for construct, row in table.iterrows():
        if row["n_items"] == 1:
            findings.append(_single_item(str(construct)))
            continue
        findings += [
            _adequacy(str(construct), float(row[column]), column, limits)
            for column in _RELIABILITY_CRITERIA
            if not math.isnan(row[column])
        ]
        undefined = [column for column in _UNDEFINABLE if math.isnan(row[column])]
        if undefined:
            findings.append(_undefined(str(construct), undefined))
    return tuple(findings)


_RELIABILITY_CRITERIA = {
    "alpha": ("alpha", "Cronbach's alpha"),
    "cr": ("composite_reliability", "Composite reliability"),
    "ave": ("average_variance_extracted", "The average variance extracted"),
}
_UNDEFINABLE = {
    "alpha": "alpha",
    "cr": "composite reliability",
    "ave": "AVE",
    "h": "coefficient H",
}
_RELIABILITY_REMEDIES = {
    "alpha": "Look for an item that lowers it, or say why a broad construct needs unlike items.",
    "cr": "Look at the items with the weakest loadings.",
    "ave": "Look at the items whose R2 is below one half.",
}


def _significance(record: Mapping[Any, Any], limits: Thresholds) -> Finding:
    """Judge one loading by its distance from 0 in standard errors."""
    marker = bool(record["marker"])
    value, se = (
        (record["std_all"], record["std_all_se"]) if marker else (record["est"], record["se"])
    )
    subject = f"{record['construct']} =~ {record['item']}"
    kind = "standardised loading (its raw loading is fixed)" if marker else "loading"
    if not (math.isfinite(se) and se > 0):
        return Finding(
            code="loading_significance",
            subject=subject,
            claim=f"The {kind} of {record['item']} has no standard error, so it is not tested.",
            severity="warning",
            threshold=limits.loading_se,
            source=limits.source("loading_se"),
        )
    ratio = abs(value) / se
    holds = ratio > limits.loading_se
    verb = "is" if holds else "is not"
    return Finding(
        code="loading_significance",
        subject=subject,
        claim=(
            f"The {kind} of {record['item']} on {record['construct']} {verb} more than "
            f"{threshold_text(limits.loading_se)} standard errors from 0 ({ratio:.2f})."
        ),
        severity="note" if holds else "warning",
        holds=holds,
        value=ratio,
        threshold=limits.loading_se,
        source=limits.source("loading_se"),
        remedy="" if holds else f"Consider whether {record['item']} measures the construct at all.",
    )


def _size(record: Mapping[Any, Any], limits: Thresholds) -> Finding:
    """Judge one standardised loading by its size."""
    value = float(record["std_all"])
    holds = abs(value) >= limits.loading
    if not holds:
        place = f"is below {threshold_text(limits.loading)}"
    elif abs(value) < limits.loading_ideal:
        place = (
            f"is acceptable, yet below the desirable {threshold_text(limits.loading_ideal)}: "
            f"the construct explains {coefficient(value**2, 2)} of the item's variance"
        )
    else:
        place = f"reaches the desirable {threshold_text(limits.loading_ideal)}"
    return Finding(
        code="loading_size",
        subject=f"{record['construct']} =~ {record['item']}",
        claim=f"The standardised loading of {record['item']}, {coefficient(value)}, {place}.",
        severity="note" if holds else "warning",
        holds=holds,
        value=value,
        interval=_finite_interval(record["std_ci_lower"], record["std_ci_upper"]),
        threshold=limits.loading,
        source=limits.source("loading"),
        remedy="" if holds else "Check wording and coding of the item before removing it.",
    )


def _signs(construct: str, group: pd.DataFrame) -> list[Finding]:
    """Report a construct whose loadings differ in sign."""
    negative = [str(item) for item in group.loc[group["std_all"] < 0, "item"]]
    if not negative or len(negative) == len(group):
        return []
    return [
        Finding(
            code="loading_sign",
            subject=construct,
            claim=(
                f"{joined(negative)} loads with the opposite sign on {construct}: sum scores, "
                "alpha and composite reliability of these items, as coded, make little sense."
            ),
            severity="warning",
            holds=False,
            remedy="Declare reverse-keyed items in the study, so that they are recoded.",
        )
    ]


def _improper(group: pd.DataFrame) -> list[Finding]:
    """Report standardised loadings beyond 1."""
    return [
        Finding(
            code="improper_loading",
            subject=f"{record['construct']} =~ {record['item']}",
            claim=(
                f"The standardised loading of {record['item']}, "
                f"{coefficient(record['std_all'])}, "
                "is improper: no model can explain more than all of an item's variance."
            ),
            severity="serious",
            holds=False,
            value=float(record["std_all"]),
            threshold=1.0,
            remedy="Respecify the construct, or fix the residual variance with a reason.",
        )
        for record in group.to_dict("records")
        if abs(record["r2"] if math.isfinite(record["r2"]) else record["std_all"]) > 1
    ]


def _adequacy(construct: str, value: float, column: str, limits: Thresholds) -> Finding:
    """Judge one index of one construct against its cutoff."""
    code, name = _RELIABILITY_CRITERIA[column]
    threshold = getattr(limits, column)
    holds = value >= threshold
    verb = "reaches" if holds else "is below"
    return Finding(
        code=code,
        subject=construct,
        claim=f"{name} of {construct}, {coefficient(value)}, {verb} {threshold_text(threshold)}.",
        severity="note" if holds else "warning",
        holds=holds,
        value=value,
        threshold=threshold,
        source=limits.source(column),
        remedy="" if holds else _RELIABILITY_REMEDIES[column],
    )


def _single_item(construct: str) -> Finding:
    """Say why a single-item construct has no reliability."""
    return Finding(
        code="single_item",
        subject=construct,
        claim=(
            f"{construct} is measured by a single item: {_SINGLE_ITEM_INDICES} do not exist for "
            "it, and its convergent validity cannot be judged."
        ),
        severity="warning",
        remedy="State how its reliability was assumed or established elsewhere.",
    )


def _undefined(construct: str, columns: Sequence[str]) -> Finding:
    """Say why indices of a construct with several items do not exist."""
    names = joined([_UNDEFINABLE[column] for column in columns])
    return Finding(
        code="undefined_reliability",
        subject=construct,
        claim=(
            f"There is no {names} for {construct}, because the solution is improper there: an "
            "item's residual variance is negative or its standardised loading reaches 1."
        ),
        severity="warning",
        remedy="See the finding on the item concerned; respecify the construct.",
    )


def _or_nan(compute: Callable[[], Floats]) -> float:
    """Return an index, or NaN where it does not exist."""
    try:
        return float(compute())
    except (ImproperSolutionError, UndefinedIndexError):
        return math.nan


def _correlations(cov: Floats) -> Floats:
    """Return correlations; NaN for constructs without a positive variance."""
    variances = np.diag(cov)
    sd = np.sqrt(np.where(variances > 0, variances, np.nan))
    return np.asarray(cov / np.outer(sd, sd))


def _finite_interval(lower: float, upper: float) -> tuple[float, float] | None:
    """Return the interval, or None where a limit does not exist."""
    return (lower, upper) if math.isfinite(lower) and math.isfinite(upper) else None
