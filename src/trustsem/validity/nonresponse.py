"""Do early and late respondents differ? A check of non-response bias [armstrong1977]_."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtr

from trustsem.arrays import Flags, Floats
from trustsem.display import p_statement
from trustsem.findings import Finding
from trustsem.validity.discriminant import holm

WAVE_COLUMNS = (
    "subject", "n_early", "n_late", "mean_early", "mean_late", "difference", "t", "df", "pvalue",
    "pvalue_holm", "d",
)  # fmt: skip

_FEWEST = 2


def wave_table(scores: pd.DataFrame, late: Sequence[bool] | Flags) -> pd.DataFrame:
    r"""Compare early and late respondents in every score.

    Parameters
    ----------
    scores : DataFrame
        A row per respondent, a column per score; NaN for missing.
    late : sequence of bool
        Which respondents are late; the others are early.

    Returns
    -------
    DataFrame
        Columns :data:`WAVE_COLUMNS`, a row per score. ``difference``: late less early. ``t``,
        ``df``, ``pvalue``: Welch's test [welch1947]_, two-sided. ``pvalue_holm``: adjusted over the
        scores [holm1979]_. ``d``: difference over the pooled standard deviation [cohen1988]_. NaN
        where a group has fewer than two answers or nothing varies.

    Notes
    -----
    .. math:: t = (\bar x_l - \bar x_e)/\sqrt{v}, \quad v = s_e^2/n_e + s_l^2/n_l, \quad
        df = v^2 / \{(s_e^2/n_e)^2/(n_e-1) + (s_l^2/n_l)^2/(n_l-1)\}
    """
    late = np.asarray(late, dtype=bool)
    rows = [
        (str(name), *_welch(values[~late], values[late]))
        for name, values in zip(scores.columns, scores.to_numpy(dtype=float).T, strict=True)
    ]
    columns = [name for name in WAVE_COLUMNS if name != "pvalue_holm"]
    table = pd.DataFrame(rows, columns=columns)
    adjusted = np.full(len(table), np.nan)
    known = table["pvalue"].notna().to_numpy()
    if known.any():
        adjusted[known] = holm(table.loc[known, "pvalue"].to_numpy(dtype=float))
    table["pvalue_holm"] = adjusted
    return table[list(WAVE_COLUMNS)]


def check_waves(table: pd.DataFrame, *, significance: float = 0.05) -> list[Finding]:
    """Judge whether early and late respondents differ.

    Parameters
    ----------
    table : DataFrame
        From :func:`wave_table`.
    significance : float
        Level that Holm's probabilities are held against.

    Returns
    -------
    list of Finding
        One for each score that differs, or one that says that none does.
    """
    tested = table[table["pvalue_holm"].notna()]
    differing = tested[tested["pvalue_holm"] < significance]
    if len(differing):
        return [_difference(row, significance) for _, row in differing.iterrows()]
    if not len(tested):
        return []
    smallest = float(tested["pvalue_holm"].min())
    return [
        Finding(
            code="wave_difference",
            subject="data",
            claim=f"Early and late respondents differ in none of {len(tested)} constructs "
            f"(smallest Holm-adjusted {p_statement(smallest)}).",
            holds=True,
            value=smallest,
            threshold=significance,
            source="armstrong1977",
        )
    ]


def _difference(row: pd.Series, significance: float) -> Finding:
    return Finding(
        code="wave_difference",
        subject=str(row["subject"]),
        claim=f"Late respondents differ from early ones by {row['difference']:.2f} "
        f"(d = {row['d']:.2f}, Holm-adjusted {p_statement(row['pvalue_holm'])}).",
        severity="warning",
        holds=False,
        value=float(row["pvalue_holm"]),
        threshold=significance,
        source="armstrong1977",
        remedy="Firms that did not answer may differ, too: discuss non-response bias.",
    )


def _welch(early: Floats, late: Floats) -> tuple[float, ...]:
    """Return sizes, means, difference, t, df, p and d of two groups."""
    early, late = early[~np.isnan(early)], late[~np.isnan(late)]
    n = np.array([len(early), len(late)])
    means = [float(group.mean()) if len(group) else np.nan for group in (early, late)]
    difference = means[1] - means[0]
    head = (int(n[0]), int(n[1]), *means, difference)
    if n.min() < _FEWEST:
        return (*head, np.nan, np.nan, np.nan, np.nan)
    s2 = np.array([early.var(ddof=1), late.var(ddof=1)])
    share = s2 / n
    if share.sum() <= 0:
        return (*head, np.nan, np.nan, np.nan, np.nan)
    t = difference / np.sqrt(share.sum())
    df = share.sum() ** 2 / (share**2 / (n - 1)).sum()
    pooled = np.sqrt(((n - 1) * s2).sum() / (n.sum() - 2))
    return (*head, float(t), float(df), float(2 * stdtr(df, -abs(t))), float(difference / pooled))
