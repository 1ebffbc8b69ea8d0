"""Where a measurement model misses the data, and whether a miss that matters would be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from trustsem.arrays import Floats
from trustsem.findings import Finding
from trustsem.validity.rows import residual_pairs
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, counted

Decision = Literal[
    "misspecified", "not misspecified", "inconclusive", "EPC matters", "EPC negligible"
]
"""``misspecified``: significant although a miss that matters would be hard to see. ``not
misspecified``: not significant although it would be seen. ``inconclusive``: not significant, and it
would be hard to see. Where a test is significant and powerful, the size of EPC decides."""

MODIFICATION_COLUMNS = (
    "lhs",
    "op",
    "rhs",
    "mi",
    "epc",
    "sepc_all",
    "delta",
    "ncp",
    "power",
    "decision",
)
RESIDUAL_COLUMNS = ("item_a", "item_b", "construct_a", "construct_b", "residual", "z")
MISSPECIFIED: tuple[Decision, ...] = ("misspecified", "EPC matters")
"""Decisions that speak against the model."""
N_LARGEST = 5
"""How many single misspecifications become findings of their own."""


def misspecification_power(
    mi: ArrayLike, epc: ArrayLike, delta: ArrayLike, significance: float = 0.05
) -> tuple[Floats, Floats]:
    r"""Compute the power of a modification index to show a misspecification of a given size.

    Parameters
    ----------
    mi : array_like, shape (...)
        Modification indices.
    epc : array_like, shape (...)
        Expected parameter changes.
    delta : array_like, shape (...)
        Size that matters, in the metric of ``epc``.
    significance : float
        Level of the test with one degree of freedom.

    Returns
    -------
    ncp, power : ndarray, shape (...)
        Noncentrality :math:`(\mathrm{MI}/\mathrm{EPC}^2)\,\delta^2` and the probability of a
        significant index if the parameter were :math:`\delta`.

    Notes
    -----
    With one degree of freedom the index is the square of a normal deviate.

    References
    ----------
    Saris et al. (2009) [saris2009]_.
    """
    size = np.asarray(epc, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ncp = np.asarray(mi, dtype=float) / size**2 * np.asarray(delta, dtype=float) ** 2
    centre, reach = np.sqrt(ncp), np.sqrt(special.chdtri(1, significance))
    finite = np.isfinite(ncp)
    power = np.where(finite, special.ndtr(centre - reach) + special.ndtr(-centre - reach), np.nan)
    return ncp, power


def modification_table(indices: pd.DataFrame, thresholds: Thresholds | None = None) -> pd.DataFrame:
    """Judge every left-out loading and residual covariance of a measurement model.

    Parameters
    ----------
    indices : DataFrame
        Modification indices: lhs op rhs mi epc sepc_all.
    thresholds : Thresholds, optional
        ``delta_loading``, ``delta_covariance``, ``power`` and ``significance``.

    Returns
    -------
    DataFrame
        Columns :data:`MODIFICATION_COLUMNS`, largest index first. ``delta`` is in the metric of
        ``sepc_all``, as are the sizes that decide.

    References
    ----------
    Saris et al. (2009) [saris2009]_.
    """
    limits = thresholds or Thresholds()
    left_out = indices["op"].isin(["=~", "~~"]) & (indices["lhs"] != indices["rhs"])
    table = indices[left_out].sort_values("mi", ascending=False, kind="stable")
    table = table.reset_index(drop=True)
    loading = (table["op"] == "=~").to_numpy()
    delta = np.where(loading, limits.delta_loading, limits.delta_covariance)
    ncp, power = misspecification_power(table["mi"], table["sepc_all"], delta, limits.significance)
    significant = table["mi"].to_numpy(dtype=float) > special.chdtri(1, limits.significance)
    large = table["sepc_all"].abs().to_numpy(dtype=float) >= delta
    table = table.assign(
        delta=delta,
        ncp=ncp,
        power=power,
        decision=_decide(significant, power >= limits.power, large),
    )
    return table[list(MODIFICATION_COLUMNS)]


def _decide(significant: Any, powerful: Any, large: Any) -> Any:
    """Return the decision of each row from test, power and size."""
    conditions = [
        significant & ~powerful,
        ~significant & powerful,
        ~significant & ~powerful,
        significant & powerful & large,
    ]
    decisions = ["misspecified", "not misspecified", "inconclusive", "EPC matters"]
    return np.select(conditions, decisions, default="EPC negligible").astype(object)


def residual_table(
    correlation_residuals: pd.DataFrame,
    standardized_residuals: pd.DataFrame,
    construct_of: Mapping[str, str],
) -> pd.DataFrame:
    """Tabulate what the model leaves of every correlation.

    Parameters
    ----------
    correlation_residuals, standardized_residuals : DataFrame, shape (p, p)
        Observed minus implied correlations; residuals divided by their standard errors.
    construct_of : mapping of str to str
        Each item's construct; variables that it does not name have none.

    Returns
    -------
    DataFrame
        A row per pair, columns :data:`RESIDUAL_COLUMNS`, the largest residual first.
    """
    residuals = residual_pairs(correlation_residuals)
    z = residual_pairs(standardized_residuals)
    pairs = [str(pair).split(" ~~ ") for pair in residuals.index]
    table = pd.DataFrame(
        {
            "item_a": [a for a, _ in pairs],
            "item_b": [b for _, b in pairs],
            "construct_a": [construct_of.get(a, "") for a, _ in pairs],
            "construct_b": [construct_of.get(b, "") for _, b in pairs],
            "residual": residuals.to_numpy(),
            "z": z.reindex(residuals.index).to_numpy(),
        },
        columns=list(RESIDUAL_COLUMNS),
    )
    order = table["residual"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def check_modifications(
    table: pd.DataFrame,
    thresholds: Thresholds | None = None,
    labels: Mapping[str, str] | None = None,
    *,
    subject: str = "measurement model",
) -> tuple[Finding, ...]:
    """Check whether loadings or residual covariances of a size that matters are left out.

    Parameters
    ----------
    table : DataFrame
        As :func:`modification_table` returns it.
    thresholds : Thresholds, optional
        Criteria; the defaults where it is missing.
    labels : mapping of str to str, optional
        Construct to the name that readers see.
    subject : str
        Name of the model.

    Returns
    -------
    tuple of Finding
        ``misspecifications`` with the number of each decision, and ``misspecification`` for each of
        the largest :data:`N_LARGEST` that speak against the model. They are for the record: a model
        changed after seeing them is another model, and needs other data.

    References
    ----------
    Saris et al. (2009) [saris2009]_.
    """
    if table.empty:
        return ()
    limits, names = thresholds or Thresholds(), labels or {}
    against = table[table["decision"].isin(MISSPECIFIED)]
    unclear = int((table["decision"] == "inconclusive").sum())
    significant = int((table["mi"] > special.chdtri(1, limits.significance)).sum())
    share = significant / len(table)
    holds = share <= limits.significance
    summary = Finding(
        code="misspecifications",
        subject=subject,
        claim=(
            f"Of {len(table)} loadings and residual covariances that the model leaves out, "
            f"{significant} would improve it significantly, where about "
            f"{limits.significance * len(table):.1f} do by chance; by power and expected change "
            f"{counted(len(against), 'is a misspecification', 'are misspecifications')} that "
            f"may matter, and {unclear} cannot be decided."
        ),
        severity="note" if holds else "warning",
        holds=holds,
        value=share,
        threshold=limits.significance,
        source=limits.source("power"),
        remedy="" if holds else "Look for a reason in wording or content of the items.",
    )
    single = [
        _misspecification(row, limits, names) for row in against.head(N_LARGEST).to_dict("records")
    ]
    return (summary, *single)


def left_out(row: Mapping[Any, Any] | pd.Series[Any], names: Mapping[str, str]) -> str:
    """Return a left-out parameter in words.

    Parameters
    ----------
    row : mapping or Series
        ``lhs op rhs``.
    names : mapping of str to str
        Construct to the name that readers see.
    """
    if row["op"] == "=~":
        return f"a loading of {row['rhs']} on {names.get(row['lhs'], row['lhs'])}"
    return f"a covariance of the residuals of {row['lhs']} and {row['rhs']}"


def _misspecification(
    row: Mapping[Any, Any], limits: Thresholds, names: Mapping[str, str]
) -> Finding:
    """Report one parameter whose absence matters."""
    loading = row["op"] == "=~"
    what = left_out(row, names)
    return Finding(
        code="misspecification",
        subject=f"{row['lhs']} {row['op']} {row['rhs']}",
        about=f"{names.get(row['lhs'], row['lhs'])} {row['op']} {row['rhs']}",
        claim=(
            f"{what[0].upper()}{what[1:]} is left out (MI {row['mi']:.1f}, expected standardised "
            f"value {coefficient(row['sepc_all'], 2)}, power {coefficient(row['power'], 2)} to see "
            f"{coefficient(row['delta'], 2)}): {row['decision']}."
        ),
        holds=False,
        value=float(row["sepc_all"]),
        threshold=float(row["delta"]),
        source=limits.source("delta_loading" if loading else "delta_covariance"),
        remedy="Exploratory: free it only for a reason that does not come from these data.",
    )
