"""How the answers are distributed, and who gave them.

Frequencies, patterns and reasons of missing answers, distances, normality, profile.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, ndtr

from trustsem.arrays import invert_positive
from trustsem.survey.codebook import Code, code_text
from trustsem.survey.columns import is_text
from trustsem.survey.respondents import squared_distances

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustsem.survey.survey import Survey

FloatArray = npt.NDArray[np.float64]

ANSWER_COLUMNS = ("item", "construct", "answer", "label", "n", "percent")
REASON_COLUMNS = ("item", "construct", "reason", "code", "n", "percent")
DISTANCE_COLUMNS = ("case", "d2", "df", "pvalue")
NORMALITY_COLUMNS = ("subject", "measure", "value", "statistic", "df", "pvalue", "n", "source")
PROFILE_COLUMNS = ("variable", "level", "label", "n", "percent")

NO_ANSWER = "no answer"
"""What a missing answer is called where the data give no reason."""

_MOST_ANSWERS = 21
"""Items with more distinct answers were measured, not rated."""

_MOST_LEVELS = 12
"""A profile variable with more levels is shown by quarters, or by its most frequent texts."""

_FEWEST_FOR_SKEW_TEST = 8
_FEWEST_FOR_KURTOSIS_TEST = 20
"""Sample sizes from which the normal approximations hold [dagostino1970]_ [anscombe1983]_."""


def answer_table(
    survey: Survey,
    items: Mapping[str, Sequence[str]],
    scales: Mapping[str, tuple[float, float]] | None = None,
) -> pd.DataFrame:
    """Count the answers to every rated item.

    Parameters
    ----------
    survey : Survey
        The prepared survey.
    items : Mapping of construct to items
        Which items measure which construct.
    scales : Mapping of item to (float, float), optional
        Lowest and highest answer; every whole number between has a row, also without answers.

    Returns
    -------
    DataFrame
        :data:`ANSWER_COLUMNS`; ``percent`` is of the answers given. Items with more than 21
        distinct answers are left out.
    """
    rows = []
    for construct, names in items.items():
        for name in names:
            present = survey.frame[name].dropna()
            counts = Counter(present.tolist())
            if len(counts) > _MOST_ANSWERS:
                continue
            variable = survey.codebook[name]
            for answer in _offered(survey, name, counts, (scales or {}).get(name)):
                n = counts.get(answer, 0)
                percent = 100 * n / len(present) if len(present) else np.nan
                label = variable.label_of(answer)
                rows.append((name, construct, answer, label, n, percent))
    return pd.DataFrame(rows, columns=list(ANSWER_COLUMNS))


def _offered(
    survey: Survey, name: str, counts: Counter[float], scale: tuple[float, float] | None
) -> list[float]:
    """Return the answers that an item offers: those given, labelled, or on its scale."""
    variable = survey.codebook[name]
    given = set(counts)
    whole = all(float(answer).is_integer() for answer in given)
    if scale is not None and whole and scale[1] - scale[0] < _MOST_ANSWERS:
        given |= set(np.arange(np.ceil(scale[0]), scale[1] + 0.5))
    blank = [code for code in variable.missing_codes if not isinstance(code, tuple)]
    ranges = [code for code in variable.missing_codes if isinstance(code, tuple)]
    for code in variable.value_labels:
        if isinstance(code, str) or code in blank:
            continue
        inside = scale is None or scale[0] <= code <= scale[1]
        if inside and not any(low <= code <= high for low, high in ranges):
            given.add(float(code))
    return sorted(given)


def pattern_table(survey: Survey, names: Sequence[str]) -> pd.DataFrame:
    """Count the patterns of missing answers, most frequent first.

    Returns
    -------
    DataFrame
        ``n``, ``percent``, then a column per item in order, True where its answer is missing.
    """
    gaps = survey.frame[list(names)].isna()
    rows, of_row = np.unique(gaps.to_numpy(), axis=0, return_inverse=True)
    counts = np.bincount(of_row.reshape(-1), minlength=len(rows))
    order = np.lexsort((rows.sum(axis=1), -counts))
    frame = pd.DataFrame(rows[order], columns=list(names))
    frame.insert(0, "n", counts[order])
    frame.insert(1, "percent", 100 * counts[order] / max(len(gaps), 1))
    return frame


def reason_table(survey: Survey, items: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Count the missing answers of every item by their declared reason.

    Returns
    -------
    DataFrame
        :data:`REASON_COLUMNS`: the label of the code (or ``"no answer"``), the code, the number of
        cells, and their percentage of all cases. Items without missing answers have no row.
    """
    declared = survey.missing_reasons
    present = set(np.asarray(survey.frame.index) + 1)
    declared = declared[declared["row"].isin(present)]
    rows = []
    for construct, names in items.items():
        for name in names:
            cells = declared[declared["variable"] == name]
            counts = Counter(zip(cells["label"], cells["code"], strict=True))
            rest = int(survey.frame[name].isna().sum()) - len(cells)
            found = [
                (label or "declared missing", code_text(code), n)
                for (label, code), n in sorted(counts.items(), key=lambda entry: -entry[1])
            ]
            found += [(NO_ANSWER, "", rest)] if rest > 0 else []
            share = 100 / max(survey.n_cases, 1)
            rows += [(name, construct, why, code, n, share * n) for why, code, n in found]
    return pd.DataFrame(rows, columns=list(REASON_COLUMNS))


def distance_table(survey: Survey, names: Sequence[str]) -> pd.DataFrame:
    """Return the squared Mahalanobis distance of every complete case.

    Returns
    -------
    DataFrame
        :data:`DISTANCE_COLUMNS`: row of the source (from 1), distance, degrees of freedom (the
        number of items), probability of a larger one under normality. Empty where there are too
        few complete cases or items depend on each other linearly.
    """
    d2, pvalue = squared_distances(survey.frame[list(names)].to_numpy(dtype=float))
    known = ~np.isnan(d2)
    return pd.DataFrame(
        {
            "case": np.asarray(survey.frame.index, dtype=int)[known] + 1,
            "d2": d2[known],
            "df": len(names),
            "pvalue": pvalue[known],
        },
        columns=list(DISTANCE_COLUMNS),
    )


def normality_table(survey: Survey, names: Sequence[str]) -> pd.DataFrame:
    """Test the normality of all items together and of each by itself.

    Returns
    -------
    DataFrame
        :data:`NORMALITY_COLUMNS`. The first two rows, ``subject`` ``"all items"``, are Mardia's
        multivariate skewness and kurtosis of the complete cases (:func:`mardia`); then skewness and
        excess kurtosis of each item's answers with the z-tests of D'Agostino (1970)
        [dagostino1970]_ and Anscombe & Glynn (1983) [anscombe1983]_. Without variation, or with too
        few cases, there are no values.
    """
    answers = survey.frame[list(names)].to_numpy(dtype=float)
    complete = answers[~np.isnan(answers).any(axis=1)]
    rows = [("all items", *row, len(complete), "mardia1970") for row in mardia(complete)]
    for name, column in zip(names, answers.T, strict=True):
        present = column[~np.isnan(column)]
        skew, kurtosis = standardised_moment(present, 3), standardised_moment(present, 4)
        for measure, value, z, source in (
            ("skewness", skew, skewness_z(skew, len(present)), "dagostino1970"),
            ("kurtosis", kurtosis - 3, kurtosis_z(kurtosis, len(present)), "anscombe1983"),
        ):
            p = 2 * float(ndtr(-abs(z)))
            rows.append((name, measure, value, z, np.nan, p, len(present), source))
    return pd.DataFrame(rows, columns=list(NORMALITY_COLUMNS))


def mardia(answers: FloatArray) -> list[tuple[str, float, float, float, float]]:
    r"""Compute Mardia's multivariate skewness and kurtosis with their tests.

    Parameters
    ----------
    answers : ndarray, shape (n, p)
        Complete cases.

    Returns
    -------
    list of (str, float, float, float, float)
        Measure, value, statistic, degrees of freedom, probability: skewness :math:`b_{1p}` with
        :math:`n b_{1p}/6` as chi-square, kurtosis :math:`b_{2p}` with its z (two-sided; no
        degrees of freedom). NaN where the covariances have no inverse.

    Notes
    -----
    With :math:`g_{ij} = (x_i - \bar x)' S^{-1} (x_j - \bar x)`, S of divisor n - 1,

    .. math:: b_{1p} = n^{-2} \sum_{ij} g_{ij}^3, \quad b_{2p} = n^{-1} \sum_i g_{ii}^2,
        \quad z = \{b_{2p} - p(p+2)\} / \sqrt{8p(p+2)/n}.

    Mardia's paper, and some programs, divide S by n: :math:`b_{1p}` is then larger by
    :math:`\{n/(n-1)\}^3`, :math:`b_{2p}` by :math:`\{n/(n-1)\}^2`.

    References
    ----------
    Mardia (1970) [mardia1970]_.
    """
    n, p = answers.shape
    df = p * (p + 1) * (p + 2) / 6
    skewness = kurtosis = np.nan
    if n > p:
        centred = answers - answers.mean(axis=0)
        inverse = invert_positive(centred.T @ centred / (n - 1))
        if inverse.positive:
            skewness = _third_moments(centred @ inverse.matrix, centred)
            squares = np.einsum("ij,jk,ik->i", centred, inverse.matrix, centred)
            kurtosis = float((squares**2).mean())
    chisq = n * skewness / 6
    expected = p * (p + 2)
    z = (kurtosis - expected) / np.sqrt(8 * expected / n) if n else np.nan
    tail = np.nan if np.isnan(chisq) else float(chdtrc(df, chisq))
    return [
        ("skewness", skewness, chisq, df, tail),
        ("kurtosis", kurtosis, float(z), np.nan, 2 * float(ndtr(-abs(z)))),
    ]


_AT_ONCE = 2**21
"""Numbers of one strip of products."""


def _third_moments(weighted: FloatArray, centred: FloatArray) -> float:
    """Return the mean cube of the products of all pairs of cases, in strips.

    With many cases the same number is found as the sum of products of third moments, in the metric
    and out of it, which takes a time proportional to their number.
    """
    n, p = centred.shape
    if n <= p**2:
        step = max(1, _AT_ONCE // n)
        starts = range(0, n, step)
        cubes = [float(((weighted[at : at + step] @ centred.T) ** 3).sum()) for at in starts]
        return float(sum(cubes) / n**2)
    return float((_triples(weighted) * _triples(centred)).sum())


def _triples(values: FloatArray) -> FloatArray:
    """Return the mean products of three columns, shape (p * p, p)."""
    n, p = values.shape
    step = max(1, _AT_ONCE // p**2)
    total = np.zeros((p * p, p))
    for start in range(0, n, step):
        part = values[start : start + step]
        total += (part[:, :, None] * part[:, None, :]).reshape(-1, p * p).T @ part
    return np.asarray(total / n)


def standardised_moment(values: FloatArray, order: int) -> float:
    """Return the mean power of the deviations in standard deviations; NaN without variation."""
    if len(values) == 0:
        return np.nan
    deviations = values - values.mean()
    variance = float((deviations**2).mean())
    if variance <= np.finfo(float).eps * float(np.abs(values).max()) ** 2:
        return np.nan
    return float((deviations**order).mean() / variance ** (order / 2))


def skewness_z(skewness: float, n: int) -> float:
    """Return the normal deviate of a sample's skewness [dagostino1970]_; NaN below 8 cases."""
    if n < _FEWEST_FOR_SKEW_TEST:
        return np.nan
    y = skewness * np.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    b2 = 3.0 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3)
    b2 /= (n - 2) * (n + 5) * (n + 7) * (n + 9)
    w2 = np.sqrt(2 * (b2 - 1)) - 1
    return float(np.arcsinh(y / np.sqrt(2 / (w2 - 1))) / np.sqrt(np.log(w2) / 2))


def kurtosis_z(kurtosis: float, n: int) -> float:
    """Return the normal deviate of a sample's kurtosis [anscombe1983]_; NaN below 20 cases.

    Parameters
    ----------
    kurtosis : float
        Fourth standardised moment, 3 under normality.
    n : int
        Cases.
    """
    if n < _FEWEST_FOR_KURTOSIS_TEST or np.isnan(kurtosis):
        return np.nan
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    x = (kurtosis - 3 * (n - 1) / (n + 1)) / np.sqrt(variance)
    root_b1 = 6 * (n**2 - 5 * n + 2) / ((n + 7) * (n + 9))
    root_b1 *= np.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    a = 6 + 8 / root_b1 * (2 / root_b1 + np.sqrt(1 + 4 / root_b1**2))
    ratio = (1 - 2 / a) / (1 + x * np.sqrt(2 / (a - 4)))
    return float((1 - 2 / (9 * a) - np.cbrt(ratio)) / np.sqrt(2 / (9 * a)))


def profile_table(survey: Survey, names: Sequence[str]) -> pd.DataFrame:
    """Describe the respondents by some variables.

    Parameters
    ----------
    survey : Survey
        The prepared survey.
    names : sequence of str
        Variables.

    Returns
    -------
    DataFrame
        :data:`PROFILE_COLUMNS`; ``percent`` is of the answers given. Missing answers are the last
        level of a variable, without percentage. Numbers of many sizes are divided into quarters;
        of many different texts the most frequent are shown.
    """
    rows = [row for name in names for row in _profile(survey, name)]
    return pd.DataFrame(rows, columns=list(PROFILE_COLUMNS))


def _profile(survey: Survey, name: str) -> Iterator[tuple[str, str, str, int, float]]:
    """Yield the rows of one variable."""
    column, variable = survey.frame[name], survey.codebook[name]
    present = column.dropna()
    numeric = pd.api.types.is_float_dtype(column)
    labels = {code: label for code, label in variable.value_labels.items() if label}
    if numeric and present.nunique() > _MOST_LEVELS and not set(present) <= set(labels):
        levels = list(_quarters(present))
    else:
        levels = list(_levels(present, labels, numeric=numeric))
    for level, label, n in levels:
        yield variable.wording, level, label, n, 100 * n / len(present)
    if len(present) < len(column):
        yield variable.wording, "", NO_ANSWER, len(column) - len(present), np.nan


def _levels(
    present: pd.Series, labels: Mapping[Code, str], *, numeric: bool
) -> Iterator[tuple[str, str, int]]:
    """Yield level, label and count of a variable with few levels, the rest together."""
    counts = present.value_counts()
    known = counts.index if numeric or not is_text(present) else counts.index.astype(str)
    ordered = sorted(known) if numeric else list(known)
    shown = ordered if len(ordered) <= _MOST_LEVELS else ordered[: _MOST_LEVELS - 1]
    for level in shown:
        text = code_text(level) if numeric else str(level)
        yield text, labels.get(level, ""), int(counts[level])
    rest = len(ordered) - len(shown)
    if rest:
        yield "", f"{rest} other answers", int(counts.sum() - sum(counts[each] for each in shown))


def _quarters(present: pd.Series) -> Iterator[tuple[str, str, int]]:
    """Yield the quarters of a variable of many sizes, with the range of each."""
    ends = present.quantile([0.25, 0.5, 0.75]).to_numpy()
    part = np.searchsorted(ends, present.to_numpy(), side="left")
    for quarter in range(4):
        values = present[part == quarter]
        if len(values):
            low, high = (f"{value:.6g}" for value in (values.min(), values.max()))
            yield (low if low == high else f"{low} to {high}"), "", len(values)
