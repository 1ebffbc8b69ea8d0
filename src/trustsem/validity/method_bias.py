"""How much do items share because they were asked in one way? Common method variance.

Formulas of numbers and labelled tables; which models they come from is decided in ``study``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from trustsem.findings import Finding
from trustsem.validity.wording import coefficient, counted

VARIANCE_COLUMNS = ("construct", "item", "trait", "method", "error")
"""Columns of the split of variances."""

ADJUSTED_COLUMNS = (
    "construct_a", "construct_b", "r", "pvalue", "r_adjusted", "z", "pvalue_adjusted", "changed",
)  # fmt: skip
"""Columns of the marker-adjusted correlations."""

RELIABILITY_COLUMNS = ("construct", "total", "substantive", "method", "share")
"""Columns of the decomposition of reliability."""

METHOD_SHARE = 0.25
"""Share of variance that Williams, Cote and Buckley found to be method in their field's data."""


def variance_split(
    parameters: pd.DataFrame, items_of: Mapping[str, Sequence[str]], method: str
) -> pd.DataFrame:
    """Split each item's variance into trait, method and error [williams1989]_.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of a model with a method construct that is uncorrelated with the others: ``lhs
        op rhs std_all``.
    items_of : mapping of str to sequence of str
        Items by construct.
    method : str
        The method construct.

    Returns
    -------
    DataFrame
        Columns :data:`VARIANCE_COLUMNS`; the three shares of an item's variance sum to 1.
    """
    rows = parameters[parameters["op"] == "=~"]
    pairs = zip(rows["lhs"], rows["rhs"], strict=True)
    std = dict(zip(pairs, rows["std_all"].astype(float), strict=True))
    records = []
    for construct, items in items_of.items():
        for item in items:
            trait, share = std[construct, item] ** 2, std.get((method, item), 0.0) ** 2
            records.append((construct, item, trait, share, 1.0 - trait - share))
    return pd.DataFrame(records, columns=list(VARIANCE_COLUMNS))


@dataclass(frozen=True, slots=True)
class AdjustedCorrelation:
    """A correlation freed of a constant method share [lindell2001]_.

    Parameters
    ----------
    r : float
        The adjusted correlation.
    t : float
        Its test statistic with N - 3 degrees of freedom.
    pvalue : float
        Two-tailed.
    """

    r: float
    t: float
    pvalue: float


def adjusted_correlation(r: float, marker: float, n_obs: int) -> AdjustedCorrelation:
    r"""Take the correlation that a marker has with everything out of another [lindell2001]_.

    Parameters
    ----------
    r : float
        The correlation observed.
    marker : float
        The correlation due to method, below 1.
    n_obs : int
        Number of cases.

    Notes
    -----
    :math:`r_A = (r - r_M) / (1 - r_M)` with
    :math:`t = r_A / \sqrt{(1 - r_A^2) / (N - 3)}`.
    """
    adjusted = (r - marker) / (1 - marker)
    df = n_obs - 3
    if df <= 0 or abs(adjusted) >= 1:
        return AdjustedCorrelation(adjusted, math.nan, math.nan)
    t = adjusted / math.sqrt((1 - adjusted**2) / df)
    return AdjustedCorrelation(adjusted, t, float(2 * special.stdtr(df, -abs(t))))


def scale_correlations(cov: pd.DataFrame, items_of: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the correlations of the constructs' mean scores.

    Parameters
    ----------
    cov : DataFrame, shape (p, p)
        Covariances of the items, all worded in the same direction.
    items_of : mapping of str to sequence of str
        Items by construct.

    Returns
    -------
    DataFrame, shape (m, m)
    """
    names = [str(name) for name in cov.index]
    weights = np.array([[name in items for name in names] for items in items_of.values()], float)
    inner = weights @ cov.to_numpy(dtype=float) @ weights.T
    sd = np.sqrt(np.diag(inner))
    return pd.DataFrame(inner / np.outer(sd, sd), index=list(items_of), columns=list(items_of))


def marker_correlation(correlations: pd.DataFrame, marker: str = "") -> float:
    """Return the correlation that method accounts for: the smallest positive one [lindell2001]_.

    Parameters
    ----------
    correlations : DataFrame, shape (m, m)
        Correlations of the constructs' scores.
    marker : str
        The marker; without one, the smallest positive correlation of any two constructs stands
        in for it.

    Returns
    -------
    float
        0 where none is positive.
    """
    if marker:
        values = correlations[marker].drop(marker).to_numpy(dtype=float)
    else:
        values = correlations.to_numpy(dtype=float)[np.triu_indices(len(correlations), k=1)]
    positive = values[values > 0]
    return float(positive.min()) if positive.size else 0.0


def adjusted_correlations(
    correlations: pd.DataFrame, shared: float, n_obs: int, *, significance: float = 0.05
) -> pd.DataFrame:
    """Tabulate the correlations of the constructs' scores before and after adjustment.

    Parameters
    ----------
    correlations : DataFrame, shape (m, m)
        Correlations of the substantive constructs' scores.
    shared : float
        The correlation due to method.
    n_obs : int
        Number of cases.
    significance : float
        Level of the tests.

    Returns
    -------
    DataFrame
        Columns :data:`ADJUSTED_COLUMNS`; ``changed`` where significance or sign differs.
    """
    names = list(correlations.index)
    records = []
    for position, first in enumerate(names):
        for second in names[position + 1 :]:
            r = float(correlations.loc[first, second])
            before = _tested(r, n_obs)
            after = adjusted_correlation(r, shared, n_obs)
            same = (before < significance) == (after.pvalue < significance)
            turned = r * after.r < 0 and after.pvalue < significance
            records.append(
                (first, second, r, before, after.r, after.t, after.pvalue, not same or turned)
            )
    return pd.DataFrame(records, columns=list(ADJUSTED_COLUMNS))


def _tested(r: float, n_obs: int) -> float:
    """Return the two-tailed p-value of a correlation."""
    df = n_obs - 2
    if df <= 0 or abs(r) >= 1:
        return math.nan
    return float(2 * special.stdtr(df, -abs(r) / math.sqrt((1 - r**2) / df)))


def reliability_split(
    parameters: pd.DataFrame, items_of: Mapping[str, Sequence[str]], method: str
) -> pd.DataFrame:
    r"""Decompose each construct's reliability into substance and method [williams2010]_.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of a model with a method construct: ``lhs op rhs std_all``.
    items_of : mapping of str to sequence of str
        Items by substantive construct.
    method : str
        The marker or method construct.

    Returns
    -------
    DataFrame
        Columns :data:`RELIABILITY_COLUMNS`: reliability of the sum of standardised items and its
        two parts, :math:`(\sum\lambda)^2` of substance and of method over their sum with the error
        variances, and the share of method in the total.
    """
    std = parameters.set_index(["lhs", "op", "rhs"])["std_all"].astype(float).to_dict()
    records = []
    for construct, items in items_of.items():
        substance = sum(std[construct, "=~", item] for item in items) ** 2
        shared = sum(std.get((method, "=~", item), 0.0) for item in items) ** 2
        error = sum(std[item, "~~", item] for item in items)
        whole = substance + shared + error
        total = (substance + shared) / whole
        share = shared / (substance + shared)
        records.append((construct, total, substance / whole, shared / whole, share))
    return pd.DataFrame(records, columns=list(RELIABILITY_COLUMNS))


def check_method_variance(split: pd.DataFrame, subject: str) -> Finding:
    """State how much of the items' variance is method.

    Parameters
    ----------
    split : DataFrame
        As :func:`variance_split` returns it.
    subject : str
        The model.

    Returns
    -------
    Finding
        Code ``method_variance``; it holds where the share stays below that which Williams, Cote
        and Buckley (1989) found.
    """
    trait, method, error = (float(split[name].mean()) for name in ("trait", "method", "error"))
    holds = method < METHOD_SHARE
    return Finding(
        code="method_variance",
        subject=subject,
        claim=(
            f"Of the items' variance {100 * trait:.1f} % is trait, {100 * method:.1f} % method and "
            f"{100 * error:.1f} % error, on average over {counted(len(split), 'item', 'items')}."
        ),
        severity="note" if holds else "warning",
        holds=holds,
        value=method,
        threshold=METHOD_SHARE,
        source="williams1989",
    )


def check_adjusted_correlations(table: pd.DataFrame, shared: float, marker: str) -> Finding:
    """State whether the relations of the constructs survive adjustment.

    Parameters
    ----------
    table : DataFrame
        As :func:`adjusted_correlations` returns it.
    shared : float
        The correlation due to method.
    marker : str
        The marker, or empty where the smallest correlation stands in for one.

    Returns
    -------
    Finding
        Code ``marker_adjusted``; it holds where no verdict changes. Without a marker it is a note,
        as the smallest correlation may be a true one.
    """
    changed = table[table["changed"]]
    pairs = ", ".join(
        f"{a} and {b}" for a, b in zip(changed["construct_a"], changed["construct_b"], strict=True)
    )
    origin = f"smallest of {marker}" if marker else "smallest positive one, as no marker is named"
    said = (
        f"significance changes for {pairs}"
        if len(changed)
        else "no correlation changes its significance"
    )
    return Finding(
        code="marker_adjusted",
        subject="correlations",
        claim=f"With a correlation of {coefficient(shared)} taken out ({origin}), {said}.",
        severity="warning" if len(changed) and marker else "note",
        holds=not len(changed),
        value=shared,
        source="lindell2001",
        remedy="" if marker else "Measure a marker: without one a true correlation is taken out.",
    )


def check_changed_hypotheses(table: pd.DataFrame, control: str) -> Finding:
    """State which hypotheses change their verdict when method is controlled for.

    Parameters
    ----------
    table : DataFrame
        One row per hypothesis: ``hypothesis supported supported_controlled changed``.
    control : str
        What is controlled for.

    Returns
    -------
    Finding
        Code ``method_hypotheses``; it holds where none changes.
    """
    changed = table[table["changed"].astype(bool)]
    words = [
        f"{row.hypothesis} ({'now' if row.supported_controlled else 'no longer'} supported)"
        for row in changed.itertuples()
    ]
    said = (
        f"the verdict changes on {', '.join(words)}"
        if words
        else f"no verdict changes on {counted(len(table), 'hypothesis', 'hypotheses')}"
    )
    return Finding(
        code="method_hypotheses",
        subject=control,
        claim=f"With the {control} in the structural model, {said}.",
        severity="warning" if words else "note",
        holds=not words,
        value=float(len(words)),
        threshold=0.0,
        source="podsakoff2003",
    )
