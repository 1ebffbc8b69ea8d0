"""Do the indicators of each construct measure it, and well enough? Step one, first half.

The tables put labels on the formulas of :mod:`trustsem.validity.reliability`; the checks judge the
tables against :class:`trustsem.validity.thresholds.Thresholds` and return findings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from trustsem.arrays import Floats, Numbers
from trustsem.findings import Finding
from trustsem.validity.constructs import (
    MODEL_INDICES,
    MOMENT_INDICES,
    OBSERVED_INDICES,
    MeasuredConstructs,
    model_indices,
    moment_indices,
    observed_indices,
)
from trustsem.validity.intervals import Scale, interval, probability_above
from trustsem.validity.rows import (
    require_indicators,
    require_loadings,
    require_residuals,
    rows_by_pair,
)
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, interval_text, joined, threshold_text

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
    "alpha_std",
    "omega",
    "cr",
    "ave",
    "cr_observed",
    "ave_observed",
    "h",
    "msv",
    "asv",
    "ave_msv",
)
INTERVAL_COLUMNS = (
    "construct",
    "label",
    "statistic",
    "estimate",
    "se",
    "ci_lower",
    "ci_upper",
    "scale",
    "criterion",
    "met",
    "probability",
    "source",
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
    ``alpha`` is of the items as they are, ``alpha_std`` of standardised items. ``cr`` and ``ave``
    are Fornell & Larcker's, of the completely standardised solution. ``omega`` is the reliability
    of the plain sum of the items (omega total) by the implied variance of that sum, residual
    covariances among its items counted as error; ``cr_observed`` divides by its observed variance
    instead, and ``ave_observed`` by the items' observed variances. ``ave_msv`` is AVE less MSV.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_; McDonald (1999) [mcdonald1999]_.
    """
    model = measured_constructs(
        parameters, constructs, sample_cov=sample_cov, latent_cov=latent_cov
    )
    values = {
        **_columns(moment_indices(model.S, model.members), MOMENT_INDICES),
        **_columns(model_indices(model, residual_covariances=residual_covariances), MODEL_INDICES),
        **_columns(observed_indices(model), OBSERVED_INDICES),
    }
    return pd.DataFrame(
        {
            "label": [(labels or {}).get(name, name) for name in constructs],
            "n_items": [len(items) for items in constructs.values()],
            **values,
        },
        index=pd.Index(list(constructs), name="construct"),
        columns=list(RELIABILITY_COLUMNS),
    )


def measured_constructs(
    parameters: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    sample_cov: pd.DataFrame,
    latent_cov: pd.DataFrame,
) -> MeasuredConstructs:
    """Take the matrices of a measurement model from its labelled tables.

    Parameters, errors and their meaning are those of :func:`reliability_table`.
    """
    loadings = rows_by_pair(parameters, "=~")
    require_loadings(loadings, constructs)
    require_indicators([str(name) for name in sample_cov.columns], constructs)
    covariances = rows_by_pair(parameters, "~~")
    require_residuals(covariances, constructs)
    names = list(constructs)
    items = list(dict.fromkeys(item for own in constructs.values() for item in own))
    cells = [[_cell(loadings, construct, item) for construct in names] for item in items]
    return MeasuredConstructs(
        Lambda=np.array(cells),
        Theta=np.array([[_cell(covariances, a, b) for b in items] for a in items]),
        Phi=latent_cov.loc[names, names].to_numpy(dtype=float),
        S=sample_cov.loc[items, items].to_numpy(dtype=float),
        members=tuple(tuple(items.index(item) for item in own) for own in constructs.values()),
    )


def reliability_intervals(
    table: pd.DataFrame,
    errors: pd.DataFrame,
    thresholds: Thresholds | None = None,
    *,
    normal: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """Tabulate every index with its interval and the probability that its criterion is met.

    Parameters
    ----------
    table : DataFrame
        As :func:`reliability_table` returns it.
    errors : DataFrame
        Standard errors, the same index and some of the same columns; unitless.
    thresholds : Thresholds, optional
        Criteria; the defaults where it is missing.
    normal : bool
        Whether the errors of alpha assume normality; that decides on their source.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        A row per construct and index, columns :data:`INTERVAL_COLUMNS`. ``ave_msv`` is AVE less
        MSV, whose criterion is 0. ``scale`` says where the sampling distribution is taken for
        normal, ``criterion`` is NaN where there is none, ``probability`` is that of a population
        value above it (:func:`trustsem.validity.intervals.probability_above`).

    References
    ----------
    Maydeu-Olivares et al. (2007) [maydeu2007]_; van Zyl et al. (2000) [vanzyl2000]_;
    Raykov & Marcoulides (2011) [raykov2011]_.
    """
    limits = thresholds or Thresholds()
    records = []
    known = errors.to_dict("index")
    for construct, row in table.iterrows():
        for statistic, index in _INDICES.items():
            if statistic not in errors:
                continue
            estimate, se = float(row[statistic]), float(known[construct][statistic])
            lower, upper = interval(estimate, se, index.scale, level)
            criterion = index.criterion(limits)
            records.append(
                {
                    "construct": str(construct),
                    "label": row["label"],
                    "statistic": statistic,
                    "estimate": estimate,
                    "se": se,
                    "ci_lower": float(lower),
                    "ci_upper": float(upper),
                    "scale": index.scale,
                    "criterion": criterion,
                    "met": _met(estimate, criterion),
                    "probability": float(probability_above(estimate, se, criterion, index.scale)),
                    "source": _NORMAL_ALPHA
                    if normal and statistic.startswith("alpha")
                    else index.source,
                }
            )
    return pd.DataFrame.from_records(records, columns=list(INTERVAL_COLUMNS))


@dataclass(frozen=True, slots=True)
class _Index:
    """How an index is judged: its threshold's name, its scale, the source of its error."""

    threshold: str
    scale: Scale
    source: str

    def criterion(self, limits: Thresholds) -> float:
        """Return the criterion; NaN where there is none."""
        if self.threshold == "zero":
            return 0.0
        return float(getattr(limits, self.threshold)) if self.threshold else math.nan


_NORMAL_ALPHA = "vanzyl2000"
_INDICES = {
    "alpha": _Index("alpha", "natural", "maydeu2007"),
    "alpha_std": _Index("alpha", "natural", "maydeu2007"),
    "omega": _Index("cr", "logit", "raykov2002"),
    "cr": _Index("cr", "logit", "raykov2002"),
    "ave": _Index("ave", "logit", "raykov2011"),
    "h": _Index("cr", "logit", "raykov2011"),
    "msv": _Index("", "logit", "raykov2011"),
    "asv": _Index("", "logit", "raykov2011"),
    "ave_msv": _Index("zero", "natural", "raykov2011"),
}


def _met(estimate: float, criterion: float) -> bool | None:
    """Return whether an estimate reaches its criterion; None where one of them does not exist."""
    if math.isnan(estimate) or math.isnan(criterion):
        return None
    return estimate >= criterion


def _columns(values: Numbers, names: Sequence[str]) -> dict[str, Floats]:
    """Return an array (m, k) as k named columns."""
    return {name: values[:, position] for position, name in enumerate(names)}


def _cell(rows: Mapping[tuple[str, str], Any], lhs: str, rhs: str) -> float:
    """Return an estimate, or 0 where the model has no such parameter."""
    return float(rows[lhs, rhs]["est"]) if (lhs, rhs) in rows else 0.0


def check_loadings(
    loadings: pd.DataFrame,
    thresholds: Thresholds | None = None,
    labels: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Check that every loading is significant, large enough and of one sign within its construct.

    Parameters
    ----------
    loadings : DataFrame
        As :func:`loadings_table` returns it.
    thresholds : Thresholds, optional
        Cutoffs; the defaults where it is missing.
    labels : mapping of str to str, optional
        Construct to the name that readers see.

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
    limits, names = thresholds or Thresholds(), labels or {}
    findings: list[Finding] = []
    for construct, group in loadings.groupby("construct", sort=False):
        name = names.get(str(construct), str(construct))
        for record in group.to_dict("records"):
            findings += [_significance(record, name, limits), _size(record, name, limits)]
        findings += _signs(str(construct), name, group) + _improper(group, name)
    return tuple(findings)


def check_reliability(
    table: pd.DataFrame,
    thresholds: Thresholds | None = None,
    intervals: pd.DataFrame | None = None,
) -> tuple[Finding, ...]:
    """Check alpha, composite reliability, AVE and shared variance of every construct.

    Parameters
    ----------
    table : DataFrame
        As :func:`reliability_table` returns it.
    thresholds : Thresholds, optional
        Cutoffs; the defaults where it is missing.
    intervals : DataFrame, optional
        As :func:`reliability_intervals` returns it; findings then hold interval and probability.

    Returns
    -------
    tuple of Finding
        Codes ``alpha``, ``composite_reliability`` and ``average_variance_extracted``. For the
        record ``omega`` and ``coefficient_h``, which share the criterion of CR, and
        ``shared_variance`` for AVE against MSV, on which the Fornell-Larcker criterion of the pairs
        decides. For indices that do not exist ``single_item`` or ``undefined_reliability``, with
        the reason.

    References
    ----------
    Nunnally (1978) [nunnally1978]_; Fornell & Larcker (1981) [fornell1981]_;
    Hair et al. (2019) [hair2019]_.
    """
    limits = thresholds or Thresholds()
    known = _rows_of_intervals(intervals)
    findings: list[Finding] = []
    for construct, row in table.iterrows():
        subject = str(construct)
        if row["n_items"] == 1:
            findings.append(_single_item(subject, row["label"]))
            continue
        findings += [
            _adequacy(subject, row, column, limits, known.get((subject, column)))
            for column in _RELIABILITY_CRITERIA
            if not math.isnan(row[column])
        ]
        if not math.isnan(row["ave_msv"]):
            findings.append(_shared_variance(subject, row, known.get((subject, "ave_msv"))))
        undefined = [column for column in _UNDEFINABLE if math.isnan(row[column])]
        if undefined:
            findings.append(_undefined(subject, row["label"], undefined))
    return tuple(findings)


def _rows_of_intervals(intervals: pd.DataFrame | None) -> dict[tuple[str, str], Mapping[Any, Any]]:
    """Return the rows of the table of intervals by construct and statistic."""
    if intervals is None:
        return {}
    return {(row["construct"], row["statistic"]): row for row in intervals.to_dict("records")}


_RELIABILITY_CRITERIA = {
    "alpha": ("alpha", "Cronbach's alpha"),
    "cr": ("composite_reliability", "Composite reliability"),
    "ave": ("average_variance_extracted", "The average variance extracted"),
    "omega": ("omega", "Omega of the plain sum"),
    "h": ("coefficient_h", "Coefficient H"),
}
_FOR_THE_RECORD = ("omega", "h")
"""Indices beside CR that share its criterion and decide nothing by themselves."""
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


def _significance(record: Mapping[Any, Any], name: str, limits: Thresholds) -> Finding:
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
            about=f"{name}: {record['item']}",
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
        about=f"{name}: {record['item']}",
        claim=(
            f"The {kind} of {record['item']} on {name} {verb} more than "
            f"{threshold_text(limits.loading_se)} standard errors from 0 ({ratio:.2f})."
        ),
        severity="note" if holds else "warning",
        holds=holds,
        value=ratio,
        threshold=limits.loading_se,
        source=limits.source("loading_se"),
        remedy="" if holds else f"Consider whether {record['item']} measures the construct at all.",
    )


def _size(record: Mapping[Any, Any], name: str, limits: Thresholds) -> Finding:
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
        about=f"{name}: {record['item']}",
        claim=f"The standardised loading of {record['item']}, {coefficient(value)}, {place}.",
        severity="note" if holds else "warning",
        holds=holds,
        value=value,
        interval=_finite_interval(record["std_ci_lower"], record["std_ci_upper"]),
        threshold=limits.loading,
        source=limits.source("loading"),
        remedy="" if holds else "Check wording and coding of the item before removing it.",
    )


def _signs(construct: str, name: str, group: pd.DataFrame) -> list[Finding]:
    """Report a construct whose loadings differ in sign."""
    negative = [str(item) for item in group.loc[group["std_all"] < 0, "item"]]
    if not negative or len(negative) == len(group):
        return []
    return [
        Finding(
            code="loading_sign",
            subject=construct,
            about=name,
            claim=(
                f"{joined(negative)} loads with the opposite sign on {name}: sum scores, "
                "alpha and composite reliability of these items, as coded, make little sense."
            ),
            severity="warning",
            holds=False,
            remedy="Declare reverse-keyed items in the study, so that they are recoded.",
        )
    ]


def _improper(group: pd.DataFrame, name: str) -> list[Finding]:
    """Report standardised loadings beyond 1."""
    return [
        Finding(
            code="improper_loading",
            subject=f"{record['construct']} =~ {record['item']}",
            about=f"{name}: {record['item']}",
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


def _adequacy(
    subject: str,
    row: pd.Series[Any],
    column: str,
    limits: Thresholds,
    sampling: Mapping[Any, Any] | None,
) -> Finding:
    """Judge one index of one construct against its cutoff."""
    code, index = _RELIABILITY_CRITERIA[column]
    criterion = "cr" if column in _FOR_THE_RECORD else column
    value, threshold = float(row[column]), getattr(limits, criterion)
    holds = value >= threshold
    quiet = holds or column in _FOR_THE_RECORD
    verb = "reaches" if holds else "is below"
    return Finding(
        code=code,
        subject=subject,
        about=row["label"],
        claim=(
            f"{index} of {row['label']}, {coefficient(value)}{_chance_text(sampling)}, {verb} "
            f"{threshold_text(threshold)}."
        ),
        severity="note" if quiet else "warning",
        holds=holds,
        value=value,
        interval=_interval_of(sampling),
        threshold=threshold,
        source=limits.source(criterion),
        remedy="" if quiet else _RELIABILITY_REMEDIES[column],
    )


def _shared_variance(
    subject: str, row: pd.Series[Any], sampling: Mapping[Any, Any] | None
) -> Finding:
    """Judge AVE against the largest variance shared with another construct."""
    value = float(row["ave_msv"])
    holds = value > 0
    relation = "exceeds" if holds else "does not exceed"
    probability = "" if sampling is None else _probability_text(sampling["probability"])
    return Finding(
        code="shared_variance",
        subject=subject,
        about=row["label"],
        claim=(
            f"AVE of {row['label']}, {coefficient(row['ave'])}, {relation} the largest variance "
            f"that it shares with another construct, {coefficient(row['msv'])}{probability}."
        ),
        holds=holds,
        value=value,
        interval=_interval_of(sampling),
        threshold=0.0,
        source="hair2019",
    )


def _chance_text(sampling: Mapping[Any, Any] | None) -> str:
    """Return interval and probability as they stand in a claim."""
    limits = _interval_of(sampling)
    if sampling is None or limits is None:
        return ""
    return f" {interval_text(*limits)}{_probability_text(sampling['probability'])}"


def _probability_text(probability: float) -> str:
    """Return the probability of a criterion as it stands in a claim."""
    if math.isnan(probability):
        return ""
    shown = f"= {coefficient(probability, 2)}"
    if probability > _NEARLY_CERTAIN:
        shown = f"> {coefficient(_NEARLY_CERTAIN, 2)}"
    elif probability < 1 - _NEARLY_CERTAIN:
        shown = f"< {coefficient(1 - _NEARLY_CERTAIN, 2)}"
    return f" (P {shown})"


_NEARLY_CERTAIN = 0.99


def _interval_of(sampling: Mapping[Any, Any] | None) -> tuple[float, float] | None:
    """Return the interval of an index, or None where there is none."""
    return (
        None if sampling is None else _finite_interval(sampling["ci_lower"], sampling["ci_upper"])
    )


def _single_item(subject: str, name: str) -> Finding:
    """Say why a single-item construct has no reliability."""
    return Finding(
        code="single_item",
        subject=subject,
        about=name,
        claim=(
            f"{name} is measured by a single item: {_SINGLE_ITEM_INDICES} do not exist for "
            "it, and its convergent validity cannot be judged."
        ),
        severity="warning",
        remedy="State how its reliability was assumed or established elsewhere.",
    )


def _undefined(subject: str, name: str, columns: Sequence[str]) -> Finding:
    """Say why indices of a construct with several items do not exist."""
    indices = joined([_UNDEFINABLE[column] for column in columns])
    return Finding(
        code="undefined_reliability",
        subject=subject,
        about=name,
        claim=(
            f"There is no {indices} for {name}, because the solution is improper there: an "
            "item's residual variance is negative or its standardised loading reaches 1."
        ),
        severity="warning",
        remedy="See the finding on the item concerned; respecify the construct.",
    )


def _finite_interval(lower: float, upper: float) -> tuple[float, float] | None:
    """Return the interval, or None where a limit does not exist."""
    return (lower, upper) if math.isfinite(lower) and math.isfinite(upper) else None
