"""Are the constructs distinct from each other? Step one, second half.

The kernel :func:`heterotrait_monotrait` works on stacks of correlation matrices, so that one sample
and a bootstrap run through the same code. The criteria disagree at times: each is a column and a
finding of its own, and :func:`check_discriminant` says where they do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from trustsem.arrays import Floats, diagonal
from trustsem.errors import UnknownOptionError
from trustsem.findings import Finding
from trustsem.validity.rows import require_indicators, rows_by_pair
from trustsem.validity.thresholds import Thresholds
from trustsem.validity.wording import coefficient, interval_text, joined, threshold_text

HtmtKind = Literal["absolute", "signed", "geometric"]
Problem = Literal["none", "marginal", "moderate", "severe"]

HTMT_KINDS: tuple[HtmtKind, ...] = ("absolute", "signed", "geometric")
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
    "fornell_larcker",
    "htmt",
    "htmt_holds",
    "anderson_gerbing",
    "holds",
)


def heterotrait_monotrait(
    R: ArrayLike, membership: ArrayLike, *, kind: HtmtKind = "absolute"
) -> Floats:
    r"""Compute the heterotrait-monotrait ratio of correlations of every pair of constructs.

    Parameters
    ----------
    R : array_like, shape (..., p, p)
        Correlations of the items; unitless.
    membership : array_like, shape (p, m)
        1 where an item measures a construct, else 0.
    kind : {"absolute", "signed", "geometric"}
        Arithmetic means of absolute correlations; of correlations as they are; geometric means of
        absolute correlations (HTMT2).

    Returns
    -------
    ndarray, shape (..., m, m)
        Ratios; unitless, with 1 on the diagonal. NaN wherever a construct has a single item, and
        where signed monotrait means have no real geometric mean.

    Raises
    ------
    UnknownOptionError
        If ``kind`` is none of the three.

    Notes
    -----
    .. math:: \bar r_{ij} / \sqrt{\bar r_{ii} \, \bar r_{jj}}

    with :math:`\bar r_{ij}` the mean correlation between the items of two constructs and
    :math:`\bar r_{ii}` that among the items of one, each item's correlation with itself left out.
    All means come from one product :math:`M' R M` with the membership matrix.

    References
    ----------
    Henseler et al. (2015) [henseler2015]_; geometric means: Roemer et al. (2021) [roemer2021]_.

    Examples
    --------
    >>> R = [[1, 0.8, 0.4, 0.4], [0.8, 1, 0.4, 0.4], [0.4, 0.4, 1, 0.5], [0.4, 0.4, 0.5, 1]]
    >>> ratios = heterotrait_monotrait(R, [[1, 0], [1, 0], [0, 1], [0, 1]])
    >>> float(ratios[0, 1]).__round__(4)
    0.6325
    """
    if kind not in HTMT_KINDS:
        raise UnknownOptionError(kind, HTMT_KINDS, kind="kind of HTMT")
    M = np.asarray(membership, dtype=float)
    p = M.shape[0]
    off_diagonal = 1 - np.eye(p)
    pairs = M.T @ off_diagonal @ M
    correlations = np.asarray(R, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = _block_means(correlations, M, off_diagonal, pairs, kind)
        monotrait = diagonal(means)
        ratios = means / np.sqrt(monotrait[..., :, None] * monotrait[..., None, :])
    return np.asarray(np.where(np.isfinite(ratios), ratios, np.nan))


def _block_means(
    R: Floats, M: Floats, off_diagonal: Floats, pairs: Floats, kind: HtmtKind
) -> Floats:
    """Return the mean correlation of every block, shape (..., m, m), without the diagonal of R."""
    if kind == "signed":
        return np.asarray(M.T @ (R * off_diagonal) @ M / pairs)
    size = np.abs(R) * off_diagonal
    if kind == "absolute":
        return np.asarray(M.T @ size @ M / pairs)
    has_zero = M.T @ ((size == 0) * off_diagonal) @ M > 0
    logs = np.log(np.where(size == 0, 1.0, size))
    return np.where(has_zero, 0.0, np.exp(M.T @ logs @ M / pairs))


def htmt(
    correlations: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    kind: HtmtKind = "absolute",
) -> pd.DataFrame:
    """Tabulate the heterotrait-monotrait ratio of every pair of constructs.

    Parameters
    ----------
    correlations : DataFrame, shape (p, p)
        Correlations of the items; unitless. Covariances are accepted and scaled.
    constructs : mapping of str to sequence of str
        Construct to its items, in the order of the table.
    kind : {"absolute", "signed", "geometric"}
        See :func:`heterotrait_monotrait`.

    Returns
    -------
    DataFrame, shape (m, m)
        Ratios below the diagonal, NaN elsewhere and for single-item constructs; unitless.

    Raises
    ------
    UnknownIndicatorError
        If an item is not among the correlations.
    UnknownOptionError
        If ``kind`` does not exist.

    References
    ----------
    Henseler et al. (2015) [henseler2015]_; Roemer et al. (2021) [roemer2021]_.
    """
    require_indicators([str(name) for name in correlations.columns], constructs)
    items = list(dict.fromkeys(item for names in constructs.values() for item in names))
    S = correlations.loc[items, items].to_numpy(dtype=float)
    sd = np.sqrt(np.diag(S))
    membership = np.array([[item in names for names in constructs.values()] for item in items])
    ratios = heterotrait_monotrait(S / np.outer(sd, sd), membership, kind=kind)
    names = list(constructs)
    return pd.DataFrame(_lower(ratios), index=names, columns=names)


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
    table = _lower(phi)
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
    Ronkko & Cho (2022) [ronkko2022]_.
    """
    limits = thresholds or Thresholds()
    upper = _upper_limit(phi, ci_lower, ci_upper)
    if math.isnan(upper):
        return None
    if upper < limits.phi_marginal:
        return "none"
    if upper < limits.phi_moderate:
        return "marginal"
    return "moderate" if upper < limits.phi_severe else "severe"


def discriminant_table(
    parameters: pd.DataFrame,
    ave: pd.Series[float],
    ratios: pd.DataFrame,
    *,
    latent_cor: pd.DataFrame | None = None,
    thresholds: Thresholds | None = None,
) -> pd.DataFrame:
    """Tabulate every criterion of discriminant validity for every pair of constructs.

    Parameters
    ----------
    parameters : DataFrame
        Parameters of one group of the measurement model: lhs op rhs std_all std_all_se.
    ave : Series
        Average variance extracted by construct, in the order of the table; unitless.
    ratios : DataFrame, shape (m, m)
        HTMT below the diagonal, as :func:`htmt` returns it; unitless.
    latent_cor : DataFrame, optional
        Implied construct correlations, for pairs without a parameter of their own (second-order
        models); they have no standard error here.
    thresholds : Thresholds, optional
        ``htmt`` and ``phi_se``; the defaults where it is missing.

    Returns
    -------
    DataFrame
        One row per pair, columns :data:`DISCRIMINANT_COLUMNS`, 95 % intervals. A criterion that
        cannot be judged (single item, no standard error) is None; ``holds`` says whether every
        criterion that can be judged is met, and is None where none can.

    Raises
    ------
    UnsupportedError
        If the table holds several groups.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_; Henseler et al. (2015) [henseler2015]_;
    Anderson & Gerbing (1988) [anderson1988]_.
    """
    limits = thresholds or Thresholds()
    covariances = rows_by_pair(parameters, "~~")
    reach = float(special.ndtri(0.975))
    records = []
    for a, b in itertools.combinations([str(name) for name in ave.index], 2):
        phi, se = _correlation(a, b, covariances, latent_cor)
        ave_a, ave_b = float(ave[a]), float(ave[b])
        ratio = float(ratios.loc[[b], [a]].to_numpy(dtype=float)[0, 0])
        verdicts = {
            "fornell_larcker": _unless_nan(phi**2 < min(ave_a, ave_b), phi, ave_a, ave_b),
            "htmt_holds": _unless_nan(ratio < limits.htmt, ratio),
            "anderson_gerbing": _unless_nan(
                anderson_gerbing_distinct(phi, se, limits.phi_se), phi, se
            ),
        }
        judged = [verdict for verdict in verdicts.values() if verdict is not None]
        records.append(
            {
                "construct_a": a,
                "construct_b": b,
                "phi": phi,
                "se": se,
                "ci_lower": phi - reach * se,
                "ci_upper": phi + reach * se,
                "ave_a": ave_a,
                "ave_b": ave_b,
                "phi_squared": phi**2,
                "htmt": ratio,
                **verdicts,
                "holds": all(judged) if judged else None,
            }
        )
    return pd.DataFrame.from_records(records, columns=list(DISCRIMINANT_COLUMNS))


def check_discriminant(
    table: pd.DataFrame, thresholds: Thresholds | None = None
) -> tuple[Finding, ...]:
    """Check every pair of constructs by every criterion.

    Parameters
    ----------
    table : DataFrame
        As :func:`discriminant_table` returns it.
    thresholds : Thresholds, optional
        Cutoffs; the defaults where it is missing.

    Returns
    -------
    tuple of Finding
        Codes ``fornell_larcker``, ``htmt``, ``anderson_gerbing`` and ``correlation_limit`` (by
        Ronkko & Cho's classes) for every pair; ``criteria_disagree`` where some hold and some do
        not.

    References
    ----------
    Fornell & Larcker (1981) [fornell1981]_; Voorhees et al. (2016) [voorhees2016]_;
    Anderson & Gerbing (1988) [anderson1988]_; Ronkko & Cho (2022) [ronkko2022]_.
    """
    limits = thresholds or Thresholds()
    findings: list[Finding] = []
    for record in table.to_dict("records"):
        pair = [
            _check_fornell_larcker(record, limits),
            _check_htmt(record, limits),
            _check_anderson_gerbing(record, limits),
            _check_correlation_limit(record, limits),
        ]
        findings += pair + _disagreement(record, pair)
    return tuple(findings)


_CRITERION_NAMES = {
    "fornell_larcker": "Fornell-Larcker",
    "htmt": "HTMT",
    "anderson_gerbing": "the interval of the correlation",
    "correlation_limit": "the upper limit of the correlation",
}
_MERGE_REMEDY = "Look for items that fit both constructs; consider whether they are one construct."


def _check_fornell_larcker(record: Mapping[Any, Any], limits: Thresholds) -> Finding:
    """Judge AVE against the shared variance."""
    a, b, shared = record["construct_a"], record["construct_b"], record["phi_squared"]
    holds = _verdict(record["fornell_larcker"])
    if holds is None:
        return _not_judged(record, "fornell_larcker", limits.source("ave"))
    lower = min(record["ave_a"], record["ave_b"])
    low = [name for name, ave in ((a, record["ave_a"]), (b, record["ave_b"])) if ave <= shared]
    claim = (
        f"{a} and {b} share less variance ({coefficient(shared)}) than each extracts from its own "
        f"items (AVE at least {coefficient(lower)})."
        if holds
        else f"{a} and {b} share {coefficient(shared)} of their variance, which is not below the "
        f"AVE of {joined(low)} ({coefficient(lower)})."
    )
    return _criterion(
        record, "fornell_larcker", claim, holds, value=shared, threshold=lower, source="fornell1981"
    )


def _check_htmt(record: Mapping[Any, Any], limits: Thresholds) -> Finding:
    """Judge HTMT against its cutoff."""
    holds = _verdict(record["htmt_holds"])
    if holds is None:
        return _not_judged(record, "htmt", limits.source("htmt"))
    place = "is below" if holds else "is not below"
    claim = (
        f"HTMT of {record['construct_a']} and {record['construct_b']}, "
        f"{coefficient(record['htmt'])}, {place} {threshold_text(limits.htmt)}."
    )
    return _criterion(
        record,
        "htmt",
        claim,
        holds,
        value=record["htmt"],
        threshold=limits.htmt,
        source=limits.source("htmt"),
    )


def _check_anderson_gerbing(record: Mapping[Any, Any], limits: Thresholds) -> Finding:
    """Judge whether the correlation's interval excludes 1."""
    holds = _verdict(record["anderson_gerbing"])
    if holds is None:
        return _not_judged(record, "anderson_gerbing", limits.source("phi_se"))
    phi, reach = record["phi"], limits.phi_se * record["se"]
    verb = "excludes" if holds else "does not exclude"
    bound = "1" if phi >= 0 else "-1"
    claim = (
        f"The correlation of {record['construct_a']} and {record['construct_b']}, "
        f"{coefficient(phi)} plus or minus {threshold_text(limits.phi_se)} standard errors "
        f"{interval_text(phi - reach, phi + reach)}, {verb} {bound}."
    )
    return _criterion(
        record,
        "anderson_gerbing",
        claim,
        holds,
        value=phi,
        interval=(phi - reach, phi + reach),
        threshold=1.0,
        source=limits.source("phi_se"),
    )


def _check_correlation_limit(record: Mapping[Any, Any], limits: Thresholds) -> Finding:
    """Judge the upper limit of the correlation; a marginal problem still holds."""
    phi, lower, upper = record["phi"], record["ci_lower"], record["ci_upper"]
    problem = ronkko_cho_problem(phi, lower, upper, limits)
    if problem is None:
        return _not_judged(record, "correlation_limit", limits.source("phi_moderate"))
    extent = "no problem" if problem == "none" else f"a {problem} problem"
    claim = (
        f"The 95 % interval of the correlation of {record['construct_a']} and "
        f"{record['construct_b']} reaches {coefficient(_upper_limit(phi, lower, upper))} in "
        f"absolute value: {extent} of discriminant validity."
    )
    return _criterion(
        record,
        "correlation_limit",
        claim,
        problem in {"none", "marginal"},
        value=phi,
        interval=(lower, upper),
        threshold=limits.phi_moderate,
        source=limits.source("phi_moderate"),
    )


def _criterion(
    record: Mapping[Any, Any], code: str, claim: str, holds: bool, **facts: Any
) -> Finding:
    """Return one criterion's finding about one pair."""
    return Finding(
        code=code,
        subject=_subject(record),
        claim=claim,
        severity="note" if holds else "warning",
        holds=holds,
        remedy="" if holds else _MERGE_REMEDY,
        **facts,
    )


def _not_judged(record: Mapping[Any, Any], code: str, source: str) -> Finding:
    """Return the finding that a criterion cannot be judged, with the reason."""
    a, b = record["construct_a"], record["construct_b"]
    if code in {"fornell_larcker", "htmt"} and not math.isnan(record["phi"]):
        reason = "one of them has a single item, or an improper solution"
    elif math.isnan(record["phi"]):
        reason = "the model estimates no correlation of the two, or a variance is negative"
    else:
        reason = "their correlation has no standard error"
    return Finding(
        code=code,
        subject=_subject(record),
        claim=f"{a} and {b} cannot be judged by {_CRITERION_NAMES[code]}: {reason}.",
        severity="warning",
        source=source,
    )


def _disagreement(record: Mapping[Any, Any], findings: Sequence[Finding]) -> list[Finding]:
    """Say which criteria a pair meets and which not, if both kinds exist."""
    met = [_CRITERION_NAMES[finding.code] for finding in findings if finding.holds is True]
    failed = [_CRITERION_NAMES[finding.code] for finding in findings if finding.holds is False]
    if not met or not failed:
        return []
    return [
        Finding(
            code="criteria_disagree",
            subject=_subject(record),
            claim=(
                f"The criteria disagree on {record['construct_a']} and {record['construct_b']}: "
                f"met by {joined(met)}; not met by {joined(failed)}."
            ),
            severity="note",
            remedy="Report them all; HTMT and the interval of the correlation miss less.",
        )
    ]


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


def _upper_limit(phi: float, ci_lower: float, ci_upper: float) -> float:
    """Return the upper limit of the absolute correlation."""
    return ci_upper if phi >= 0 else -ci_lower


def _unless_nan(verdict: bool, *needed: float) -> bool | None:
    """Return the verdict, or None if a number it needs does not exist."""
    return None if any(math.isnan(number) for number in needed) else bool(verdict)


def _verdict(cell: Any) -> bool | None:
    """Return a cell of a criterion column, in which a missing verdict may be None or NaN."""
    return None if pd.isna(cell) else bool(cell)


def _subject(record: Mapping[Any, Any]) -> str:
    """Return the pair as the model text writes its correlation."""
    return f"{record['construct_a']} ~~ {record['construct_b']}"


def _lower(matrix: Floats) -> Floats:
    """Return the matrix with NaN on and above the diagonal."""
    rows, cols = np.tril_indices(matrix.shape[0], -1)
    table = np.full(matrix.shape, np.nan)
    table[rows, cols] = matrix[rows, cols]
    return table
