"""Does a construct of second order hold together? Its parts are constructs that have items."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trustsem.arrays import Floats
from trustsem.findings import Finding
from trustsem.validity.reliability import average_variance_extracted, composite_reliability
from trustsem.validity.rows import rows_by_pair
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, labelled, p_text, threshold_text

SECOND_ORDER_COLUMNS = ("label", "n_parts", "cr", "ave", "omega_l1", "omega_l2")
PART_COLUMNS = (
    "construct", "part", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all",
    "std_all_se", "r2",
)  # fmt: skip
_COPIED = ("est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all", "std_all_se")


def omega_second_order(
    part_loadings: ArrayLike,
    part_residuals: ArrayLike,
    variance: ArrayLike,
    sums_of_loadings: ArrayLike,
    item_residual: ArrayLike,
) -> tuple[Floats, Floats]:
    r"""Compute which share of two sum scores is due to a second-order construct.

    Parameters
    ----------
    part_loadings : array_like, shape (..., k)
        Unstandardised loadings of the parts on the second-order construct.
    part_residuals : array_like, shape (..., k)
        Residual variances of the parts.
    variance : array_like, shape (...)
        Variance of the second-order construct.
    sums_of_loadings : array_like, shape (..., k)
        Sum of the unstandardised loadings of the items of each part.
    item_residual : array_like, shape (...)
        Sum of all elements of the residual covariance matrix of the items.

    Returns
    -------
    (ndarray, ndarray), each of shape (...)
        Share of the sum of all items, and share of the sum of the parts; unitless.

    Notes
    -----
    With :math:`\beta` the loadings of the parts, :math:`\psi` their residual variances and
    :math:`s` the sums of loadings, :math:`\omega_{L1} = (\sum s\beta)^2\phi / [(\sum s\beta)^2\phi
    + \sum s^2\psi + 1'\Theta 1]` and :math:`\omega_{L2} = (\sum\beta)^2\phi / [(\sum\beta)^2\phi +
    \sum\psi]`: coefficient omega of the general construct [mcdonald1999]_.
    """
    beta, psi, s = (np.asarray(x, float) for x in (part_loadings, part_residuals, sums_of_loadings))
    phi, rest = np.asarray(variance, float), np.asarray(item_residual, float)
    items = (s * beta).sum(axis=-1) ** 2 * phi
    parts = beta.sum(axis=-1) ** 2 * phi
    of_items = items / (items + (s**2 * psi).sum(axis=-1) + rest)
    return np.asarray(of_items), np.asarray(parts / (parts + psi.sum(axis=-1)))


def parts_table(parameters: pd.DataFrame, parts_of: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Tabulate the loadings of the parts of second-order constructs.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of a model that holds them.
    parts_of : mapping of str to sequence of str
        Parts by second-order construct.

    Returns
    -------
    DataFrame
        Columns :data:`PART_COLUMNS`; ``r2`` is the share of the part's variance that is due to the
        second-order construct.
    """
    rows = rows_by_pair(parameters, "=~")
    records = [
        {
            "construct": whole,
            "part": part,
            **{name: float(rows[whole, part][name]) for name in _COPIED},
            "r2": float(rows[whole, part]["std_all"]) ** 2,
        }
        for whole, parts in parts_of.items()
        for part in parts
    ]
    return pd.DataFrame.from_records(records, columns=list(PART_COLUMNS))


def second_order_table(
    parameters: pd.DataFrame,
    parts_of: Mapping[str, Sequence[str]],
    items_of: Mapping[str, Sequence[str]],
    *,
    latent_cov: pd.DataFrame,
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Tabulate reliability and convergent validity of second-order constructs.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of a model that holds them.
    parts_of, items_of : mapping of str to sequence of str
        Parts by second-order construct; items by part.
    latent_cov : DataFrame, shape (m, m)
        Model-implied covariances of the constructs.
    labels : mapping of str to str, optional
        What constructs are called for readers.

    Returns
    -------
    DataFrame
        Indexed by construct, columns :data:`SECOND_ORDER_COLUMNS`. ``cr`` and ``ave`` are Fornell
        & Larcker's formulas with the parts in the place of items, from completely standardised
        loadings [fornell1981]_; ``omega_l1`` and ``omega_l2`` as in :func:`omega_second_order`.
        NaN where a standardised loading of a part exceeds 1.
    """
    named = labels or {}
    names = [str(name) for name in latent_cov.index]
    variances = dict(zip(names, np.diag(latent_cov.to_numpy(dtype=float)), strict=True))
    records = {
        whole: {
            "label": named.get(whole, whole),
            "n_parts": len(parts),
            **_indices(parameters, whole, parts, items_of, float(variances[whole])),
        }
        for whole, parts in parts_of.items()
    }
    table = pd.DataFrame.from_dict(records, orient="index", columns=list(SECOND_ORDER_COLUMNS))
    return table.rename_axis("construct")


def check_second_order(
    table: pd.DataFrame, *, thresholds: Thresholds | None = None
) -> tuple[Finding, ...]:
    """Check the reliability and convergent validity of second-order constructs.

    Parameters
    ----------
    table : DataFrame
        As :func:`second_order_table` returns it.
    thresholds : Thresholds, optional
        ``cr``, ``ave``.

    Returns
    -------
    tuple of Finding
        Codes ``second_order_reliability`` and ``second_order_ave``.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_.
    """
    limits = thresholds or Thresholds()
    findings = []
    for name, row in table.iterrows():
        for column, code, what in (
            ("cr", "second_order_reliability", "composite reliability"),
            ("ave", "second_order_ave", "average variance extracted"),
        ):
            value, limit = float(row[column]), float(getattr(limits, column))
            if math.isfinite(value):
                findings.append(
                    Finding(
                        code=code,
                        subject=str(name),
                        claim=(
                            f"{row['label']} (second order) has {what} {coefficient(value)} over "
                            f"its {int(row['n_parts'])} parts (criterion {threshold_text(limit)})."
                        ),
                        severity="note" if value >= limit else "warning",
                        holds=value >= limit,
                        value=value,
                        threshold=limit,
                        source=limits.source(column),
                    )
                )
    return tuple(findings)


def check_second_order_structure(
    chisq: float,
    chisq_first_order: float,
    difference: tuple[float, float, float],
    names: Sequence[str],
    *,
    thresholds: Thresholds | None = None,
    labels: Mapping[str, str] | None = None,
) -> Finding:
    """Check whether second-order constructs explain how their parts are related.

    Parameters
    ----------
    chisq, chisq_first_order : float
        Chi-square with the second-order constructs, and with their parts free to covary.
    difference : (float, float, float)
        Chi-square difference of the two, its degrees of freedom and p-value.
    names : sequence of str
        The second-order constructs.
    thresholds : Thresholds, optional
        ``significance``.
    labels : mapping of str to str, optional
        What constructs are called for readers.

    Returns
    -------
    Finding
        Code ``second_order_structure``; ``value`` is the p-value. The target coefficient is the
        ratio of the two chi-squares, 1 where the second order costs no fit.

    References
    ----------
    Marsh & Hocevar (1985) [marsh1985]_; Rindskopf & Rose (1988) [rindskopf1988]_.
    """
    level = (thresholds or Thresholds()).significance
    diff, df, pvalue = difference
    called = ", ".join(labelled(name, labels or {}) for name in names)
    if not df > 0:
        return Finding(
            code="second_order_structure",
            subject=", ".join(names),
            claim=(
                f"The second order ({called}) restricts nothing: its parts covary freely anyway, "
                "so that it cannot be tested."
            ),
            source="rindskopf1988",
        )
    holds = pvalue >= level
    conclusion = (
        "the second order explains how its parts are related"
        if holds
        else "the second order does not explain all relations of its parts"
    )
    return Finding(
        code="second_order_structure",
        subject=", ".join(names),
        claim=(
            f"Second order ({called}) against parts that covary freely: chi-square difference "
            f"{diff:.2f} with {df:.0f} df, {p_text(pvalue)}, target coefficient "
            f"{coefficient(chisq_first_order / chisq)}: {conclusion}."
        ),
        severity="note" if holds else "warning",
        holds=holds,
        value=pvalue,
        threshold=level,
        source="marsh1985",
    )


def _indices(
    parameters: pd.DataFrame,
    whole: str,
    parts: Sequence[str],
    items_of: Mapping[str, Sequence[str]],
    variance: float,
) -> dict[str, float]:
    """Return the four indices of one second-order construct."""
    loadings, moments = rows_by_pair(parameters, "=~"), rows_by_pair(parameters, "~~")
    std = np.array([float(loadings[whole, part]["std_all"]) for part in parts])
    if (np.abs(std) > 1).any():
        return dict.fromkeys(("cr", "ave", "omega_l1", "omega_l2"), math.nan)
    items = [item for part in parts for item in items_of[part]]
    residual = sum(_value(moments, a, b) for a in items for b in items)
    sums = [sum(float(loadings[part, item]["est"]) for item in items_of[part]) for part in parts]
    of_items, of_parts = omega_second_order(
        [float(loadings[whole, part]["est"]) for part in parts],
        [_value(moments, part, part) for part in parts],
        variance,
        sums,
        residual,
    )
    return {
        "cr": float(composite_reliability(std, 1 - std**2)),
        "ave": float(average_variance_extracted(std, 1 - std**2)),
        "omega_l1": float(of_items),
        "omega_l2": float(of_parts),
    }


def _value(rows: Mapping[tuple[str, str], Any], a: str, b: str) -> float:
    """Return a residual variance or covariance; 0 where the model has none."""
    return float(rows[a, b]["est"]) if (a, b) in rows else 0.0
