"""Are the constructs distinct from each other? Step one, second half: the tables.

Each criterion is a column of one table with a row per pair of constructs. They disagree at times;
:mod:`trustsem.validity.discriminant_checks` judges them and says where they do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from trustsem.arrays import Floats
from trustsem.validity.rows import Pair, lower_part, rows_by_pair
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import joined

Problem = Literal["none", "marginal", "moderate", "severe"]

CUTOFFS = (1.0, 0.9, 0.85, 0.8)
"""Correlations against which each pair is tested [anderson1988]_, [ronkko2022]_."""
DISCRIMINANT_COLUMNS = (
    "construct_a",
    "construct_b",
    "phi",
    "se",
    "ci_lower",
    "ci_upper",
    "ave_a",
    "ave_b",
    "phi_squared",
    "root_ave_a",
    "root_ave_b",
    "fornell_larcker",
    "htmt",
    "htmt_ci_lower",
    "htmt_ci_upper",
    "htmt_holds",
    "htmt_below_limit",
    "htmt_signed",
    "htmt_signed_ci_lower",
    "htmt_signed_ci_upper",
    "htmt2",
    "htmt2_ci_lower",
    "htmt2_ci_upper",
    "anderson_gerbing",
    "chisq_diff",
    "pvalue",
    "pvalue_holm",
    "chisq_difference",
    "problem",
    "problem_chisq",
    "holds",
    "disagreement",
)
DIFFERENCE_COLUMNS = (
    "construct_a",
    "construct_b",
    "phi",
    "cutoff",
    "chisq_diff",
    "df_diff",
    "pvalue",
    "pvalue_holm",
    "pvalue_one_sided",
    "distinct",
    "method",
)
CRITERIA = {
    "fornell_larcker": "Fornell-Larcker",
    "htmt": "HTMT",
    "htmt_interval": "the interval of HTMT",
    "anderson_gerbing": "the interval of the correlation",
    "chisq_difference": "the chi-square difference",
    "correlation_limit": "the upper limit of the correlation",
}
"""Criteria by the code of their finding, as sentences name them."""
_HTMT_VARIANTS = ("htmt_ci", "htmt_signed", "htmt_signed_ci", "htmt2", "htmt2_ci")


def fornell_larcker(ave: pd.Series[float], latent_cor: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the square root of AVE against the construct correlations.

    Parameters
    ----------
    ave : Series
        Average variance extracted by construct, in the order of the table; unitless.
    latent_cor : DataFrame, shape (m, m)
        Construct correlations; unitless.

    Returns
    -------
    DataFrame, shape (m, m)
        Square roots of AVE on the diagonal, correlations below, NaN above; unitless.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_.
    """
    names = [str(name) for name in ave.index]
    phi = latent_cor.loc[names, names].to_numpy(dtype=float)
    table = lower_part(phi)
    np.fill_diagonal(table, np.sqrt(ave.to_numpy(dtype=float)))
    return pd.DataFrame(table, index=names, columns=names)


def anderson_gerbing_distinct(phi: float, se: float, n_se: float = 2.0) -> bool:
    r"""Judge whether the interval of a construct correlation stays clear of perfect correlation.

    Parameters
    ----------
    phi, se : float
        Construct correlation and its standard error; unitless.
    n_se : float
        Half the width of the interval in standard errors.

    Returns
    -------
    bool
        Whether :math:`|\phi| + n\,\mathrm{SE} < 1`; False where the standard error is unknown.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_.
    """
    return bool(abs(phi) + n_se * se < 1)


def ronkko_cho_problem(
    phi: float, ci_lower: float, ci_upper: float, thresholds: Thresholds | None = None
) -> Problem | None:
    r"""Classify how far a construct correlation endangers discriminant validity.

    Parameters
    ----------
    phi, ci_lower, ci_upper : float
        Construct correlation and its 95 % interval; unitless. A negative correlation is judged by
        its absolute value, that is by the lower limit.
    thresholds : Thresholds, optional
        ``phi_marginal``, ``phi_moderate``, ``phi_severe``; the authors' where it is missing.

    Returns
    -------
    {"none", "marginal", "moderate", "severe"} or None
        By the upper limit of :math:`|\phi|`: below .80, .90, 1, or from 1 on. None where there is
        no interval.

    References
    ----------
    Rönkkö & Cho (2022) [ronkko2022]_.
    """
    limits = thresholds or Thresholds()
    upper = absolute_upper_limit(phi, ci_lower, ci_upper)
    if math.isnan(upper):
        return None
    if upper < limits.phi_marginal:
        return "none"
    if upper < limits.phi_moderate:
        return "marginal"
    return "moderate" if upper < limits.phi_severe else "severe"


def problem_by_tests(
    pvalues: Mapping[float, float], thresholds: Thresholds | None = None
) -> Problem | None:
    """Classify how far a correlation endangers discriminant validity, by chi-square differences.

    Parameters
    ----------
    pvalues : mapping of float to float
        p-value of the test that the absolute correlation equals each cutoff; those of the three
        thresholds are looked at.
    thresholds : Thresholds, optional
        ``phi_marginal``, ``phi_moderate``, ``phi_severe`` and ``significance``.

    Returns
    -------
    {"none", "marginal", "moderate", "severe"} or None
        By the largest cutoff that the data do not reject. None where a test is missing.

    References
    ----------
    Rönkkö & Cho (2022) [ronkko2022]_.
    """
    limits = thresholds or Thresholds()
    classes: tuple[tuple[float, Problem], ...] = (
        (limits.phi_severe, "severe"),
        (limits.phi_moderate, "moderate"),
        (limits.phi_marginal, "marginal"),
    )
    for cutoff, problem in classes:
        pvalue = pvalues.get(cutoff, math.nan)
        if math.isnan(pvalue):
            return None
        if pvalue >= limits.significance:
            return problem
    return "none"


def holm(pvalues: ArrayLike) -> Floats:
    """Adjust p-values for the number of tests, step by step from the smallest.

    Parameters
    ----------
    pvalues : array_like, shape (k,)
        Probabilities; NaN are no tests and stay NaN.

    Returns
    -------
    ndarray, shape (k,)
        Adjusted probabilities, at most 1.

    References
    ----------
    Holm (1979) [holm1979]_.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(pvalues, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p, kind="stable")[: np.isfinite(p).sum()]
    raised = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1))
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


def cutoffs_of(thresholds: Thresholds | None = None) -> tuple[float, ...]:
    """Return the correlations to test against: the usual ones and those of the classes."""
    limits = thresholds or Thresholds()
    own = {limits.phi_marginal, limits.phi_moderate, limits.phi_severe}
    return tuple(sorted({*CUTOFFS, *own}, reverse=True))


def difference_table(
    tests: Iterable[Mapping[str, Any]], thresholds: Thresholds | None = None
) -> pd.DataFrame:
    """Complete the chi-square differences of pairs of constructs.

    Parameters
    ----------
    tests : iterable of mapping
        One per pair and cutoff: ``construct_a construct_b phi cutoff chisq_diff df_diff pvalue
        method``.
    thresholds : Thresholds, optional
        ``significance``; the default where it is missing.

    Returns
    -------
    DataFrame
        Columns :data:`DIFFERENCE_COLUMNS`. ``pvalue_holm`` is adjusted over the pairs, cutoff by
        cutoff. ``pvalue_one_sided`` is of the hypothesis that the absolute correlation is at least
        the cutoff: half of ``pvalue`` where the estimate lies below it. At a correlation of 1 that
        is the mixture of chi-squares (chi-bar-square) that a boundary of the admissible space calls
        for; ``pvalue`` refers to one degree of freedom and is conservative there. ``distinct``
        judges by ``pvalue_holm``.

    References
    ----------
    Anderson & Gerbing (1988) [anderson1988]_; Holm (1979) [holm1979]_; at the boundary:
    Stoel et al. (2006) [stoel2006]_.
    """
    limits = thresholds or Thresholds()
    table = pd.DataFrame(list(tests), columns=[*DIFFERENCE_COLUMNS])
    if table.empty:
        return table
    table["pvalue_holm"] = table.groupby("cutoff")["pvalue"].transform(holm)
    below = table["phi"].abs() < table["cutoff"]
    table["pvalue_one_sided"] = table["pvalue"].where(~below, table["pvalue"] / 2)
    known = table["pvalue_holm"].notna()
    judged = (table["pvalue_holm"] < limits.significance).astype(object)
    table["distinct"] = judged.where(known, None)
    return table


def discriminant_table(
    parameters: pd.DataFrame,
    ave: pd.Series[float],
    ratios: pd.DataFrame,
    *,
    latent_cor: pd.DataFrame | None = None,
    thresholds: Thresholds | None = None,
    tests: pd.DataFrame | None = None,
    ratio_intervals: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Tabulate every criterion of discriminant validity for every pair of constructs.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of one group of the measurement model: lhs op rhs std_all std_all_se.
    ave : Series
        Average variance extracted by construct, in the order of the table; unitless.
    ratios : DataFrame, shape (m, m)
        HTMT below the diagonal, as :func:`trustsem.validity.htmt` returns it; unitless.
    latent_cor : DataFrame, optional
        Implied construct correlations, for pairs without a parameter of their own (second-order
        models); they have no standard error here.
    thresholds : Thresholds, optional
        ``htmt``, ``htmt_limit``, ``phi_se`` and the classes; the defaults where it is missing.
    tests : DataFrame, optional
        Chi-square differences, as :func:`difference_table` returns them.
    ratio_intervals : DataFrame, optional
        As :func:`trustsem.validity.htmt_intervals` returns them.

    Returns
    -------
    DataFrame
        One row per pair, columns :data:`DISCRIMINANT_COLUMNS`, 95 % intervals. ``chisq_diff``,
        ``pvalue`` and ``pvalue_holm`` are of the test against a perfect correlation; ``problem``
        and ``problem_chisq`` are Rönkkö & Cho's classes by the interval and by the tests. A
        criterion that cannot be judged (single item, no standard error) is None; ``holds`` says
        whether every criterion that can be judged is met, and is None where none can;
        ``disagreement`` says which are met and which not, if both kinds exist.

    Raises
    ------
    UnsupportedError
        If the table holds several groups.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_; Henseler et al. (2015) [henseler2015]_;
    Anderson & Gerbing (1988) [anderson1988]_; Rönkkö & Cho (2022) [ronkko2022]_.
    """
    limits = thresholds or Thresholds()
    covariances = rows_by_pair(parameters, "~~")
    reach = float(special.ndtri(0.975))
    tested = _by_pair(tests)
    variants = {} if ratio_intervals is None else _only_rows(ratio_intervals)
    records = []
    for a, b in itertools.combinations([str(name) for name in ave.index], 2):
        phi, se = _correlation(a, b, covariances, latent_cor)
        record = {
            "construct_a": a,
            "construct_b": b,
            "phi": phi,
            "se": se,
            "ci_lower": phi - reach * se,
            "ci_upper": phi + reach * se,
            "ave_a": float(ave[a]),
            "ave_b": float(ave[b]),
            "phi_squared": phi**2,
            "root_ave_a": math.sqrt(ave[a]),
            "root_ave_b": math.sqrt(ave[b]),
            "htmt": float(ratios.loc[[b], [a]].to_numpy(dtype=float)[0, 0]),
            **dict.fromkeys(_variant_columns(), math.nan),
            **{name: variants[a, b][name] for name in _variant_columns() if (a, b) in variants},
            **_test_columns(tested.get((a, b), {}), limits),
        }
        record |= _criterion_columns(record, limits)
        records.append(record | _summary(record))
    return pd.DataFrame.from_records(records, columns=list(DISCRIMINANT_COLUMNS))


def _criterion_columns(record: Mapping[str, Any], limits: Thresholds) -> dict[str, Any]:
    """Judge one pair by each criterion; None where it cannot be judged."""
    phi, se = record["phi"], record["se"]
    ave = record["ave_a"], record["ave_b"]
    upper = record["htmt_ci_upper"]
    return {
        "fornell_larcker": _unless_nan(phi**2 < min(ave), phi, *ave),
        "htmt_holds": _unless_nan(record["htmt"] < limits.htmt, record["htmt"]),
        "htmt_below_limit": _unless_nan(upper < limits.htmt_limit, upper),
        "anderson_gerbing": _unless_nan(anderson_gerbing_distinct(phi, se, limits.phi_se), phi, se),
        "problem": ronkko_cho_problem(phi, record["ci_lower"], record["ci_upper"], limits),
    }


def criterion_verdicts(record: Mapping[Any, Any]) -> dict[str, bool | None]:
    """Return whether one pair meets each criterion of :data:`CRITERIA`; None where not judged.

    Parameters
    ----------
    record : mapping
        A row of :func:`discriminant_table`.
    """
    problem = record["problem"]
    no_problem = None if pd.isna(problem) else problem in {"none", "marginal"}
    return {
        "fornell_larcker": verdict_of(record["fornell_larcker"]),
        "htmt": verdict_of(record["htmt_holds"]),
        "htmt_interval": verdict_of(record["htmt_below_limit"]),
        "anderson_gerbing": verdict_of(record["anderson_gerbing"]),
        "chisq_difference": verdict_of(record["chisq_difference"]),
        "correlation_limit": no_problem,
    }


def _summary(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether a pair meets all criteria that can be judged, and where they disagree."""
    verdicts = criterion_verdicts(record)
    met = [CRITERIA[code] for code, verdict in verdicts.items() if verdict is True]
    failed = [CRITERIA[code] for code, verdict in verdicts.items() if verdict is False]
    both = met and failed
    return {
        "holds": not failed if met or failed else None,
        "disagreement": f"met by {joined(met)}; not met by {joined(failed)}" if both else "",
    }


def _by_pair(tests: pd.DataFrame | None) -> dict[Pair, dict[float, Mapping[Any, Any]]]:
    """Return the tests of each pair by cutoff."""
    found: dict[Pair, dict[float, Mapping[Any, Any]]] = {}
    if tests is not None:
        for row in tests.to_dict("records"):
            pair = found.setdefault((row["construct_a"], row["construct_b"]), {})
            pair[float(row["cutoff"])] = row
    return found


def _test_columns(tests: Mapping[float, Mapping[Any, Any]], limits: Thresholds) -> dict[str, Any]:
    """Return the test against a perfect correlation, and the class by all tests."""
    perfect = tests.get(1.0)
    pvalues = {cutoff: float(row["pvalue"]) for cutoff, row in tests.items()}
    names = ("chisq_diff", "pvalue", "pvalue_holm")
    return {
        **{name: math.nan if perfect is None else float(perfect[name]) for name in names},
        "chisq_difference": None if perfect is None else verdict_of(perfect["distinct"]),
        "problem_chisq": problem_by_tests(pvalues, limits),
    }


def _variant_columns() -> list[str]:
    """Return the columns that come from the intervals of HTMT."""
    return [
        column
        for name in _HTMT_VARIANTS
        for column in ((f"{name}_lower", f"{name}_upper") if name.endswith("_ci") else (name,))
    ]


def _only_rows(frame: pd.DataFrame) -> dict[Pair, Mapping[Any, Any]]:
    """Return the rows of a table of pairs by pair."""
    return {(row["construct_a"], row["construct_b"]): row for row in frame.to_dict("records")}


def _correlation(
    a: str, b: str, covariances: Mapping[tuple[str, str], Any], latent_cor: pd.DataFrame | None
) -> tuple[float, float]:
    """Return a construct correlation with its standard error, NaN where there is none."""
    if (a, b) in covariances:
        row = covariances[a, b]
        return float(row["std_all"]), float(row["std_all_se"])
    if latent_cor is None:
        return math.nan, math.nan
    return float(latent_cor.loc[[a], [b]].to_numpy(dtype=float)[0, 0]), math.nan


def absolute_upper_limit(phi: float, ci_lower: float, ci_upper: float) -> float:
    """Return the upper limit of the absolute correlation."""
    return ci_upper if phi >= 0 else -ci_lower


def _unless_nan(verdict: bool, *needed: float) -> bool | None:
    """Return the verdict, or None if a number it needs does not exist."""
    return None if any(math.isnan(number) for number in needed) else bool(verdict)


def verdict_of(cell: Any) -> bool | None:
    """Return a cell of a criterion column, in which a missing verdict may be None or NaN."""
    return None if pd.isna(cell) else bool(cell)
