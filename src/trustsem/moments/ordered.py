"""From columns of ordered answers to moments, with what a reader must know about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from trustsem.arrays import Floats, is_positive_definite
from trustsem.errors import MomentsError, TooFewObservationsError, UnknownIndicatorError
from trustsem.findings import Finding
from trustsem.moments.ordinal import OrdinalMoments, ordinal_moments
from trustsem.moments.polychoric import Codes
from trustsem.moments.sample import SampleMoments, lost_cases, numeric_columns

MANY_CATEGORIES = 12
"""Categories beyond which an item may as well be taken as continuous [rhemtulla2012]_."""
RARE = 5
"""Answers below which a category's thresholds are hardly known."""
NEARLY_ONE = 0.99
"""Correlation beyond which two items are nearly the same."""

_LISTED = 6

Missing = Literal["listwise", "pairwise"]


@dataclass(frozen=True, slots=True)
class Categories:
    """The answers that an ordered item knows, from the lowest to the highest.

    Parameters
    ----------
    values : tuple
        What stands in the data.
    alphabetical : bool
        Whether only the alphabet told their order.
    """

    values: tuple[Any, ...]
    alphabetical: bool = False

    def __len__(self) -> int:
        """Return the number of categories."""
        return len(self.values)


def read_categories(
    frame: pd.DataFrame, names: Sequence[str], ordered: Sequence[str], missing: str = "listwise"
) -> dict[str, Categories]:
    """Find the categories of ordered items among the cases that are analysed, over all groups.

    Parameters
    ----------
    frame : DataFrame
        Raw data.
    names : sequence of str
        All variables of the model.
    ordered : sequence of str
        Those that are ordered.
    missing : {"listwise", "pairwise"}
        Whether cases count that lack other answers.

    Returns
    -------
    dict of str to Categories
        Numbers in their order, categoricals in theirs, other text by the alphabet.

    Raises
    ------
    UnknownIndicatorError
        If a variable is not a column.
    MomentsError
        If an item has a single category.
    """
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        raise UnknownIndicatorError(unknown, [str(column) for column in frame.columns])
    twice = [name for name in names if not isinstance(frame[name], pd.Series)]
    if twice:
        raise MomentsError(f"The data hold more than one column {', '.join(twice)}.")
    used = frame[list(names)].dropna() if missing == "listwise" else frame[list(names)]
    found = {name: _categories(used[name]) for name in ordered}
    single = [name for name, known in found.items() if len(known) < 2]  # noqa: PLR2004
    if single and len(used):
        raise MomentsError(
            f"All answers to {', '.join(single)} are the same.",
            remedy="Leave the item out; it cannot be related to anything.",
        )
    return found


def _categories(column: pd.Series) -> Categories:
    """Return the categories that occur in a column, in order."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        numbers = np.unique(column.to_numpy())
        return Categories(tuple(numbers[~np.isnan(numbers.astype(float))].tolist()))
    present = column.dropna()
    if isinstance(present.dtype, pd.CategoricalDtype):
        declared = present.cat.remove_unused_categories().cat
        as_numbers = pd.to_numeric(pd.Series(declared.categories), errors="coerce")
        unsaid = not declared.ordered and bool(as_numbers.isna().any())
        return Categories(tuple(declared.categories), unsaid)
    coerced = pd.to_numeric(present.astype(object), errors="coerce")
    if not coerced.isna().any():
        values = dict(zip(coerced.to_numpy(dtype=float), present.tolist(), strict=True))
        return Categories(tuple(values[number] for number in sorted(values)))
    texts = {str(value): value for value in present.unique()}
    return Categories(tuple(texts[text] for text in sorted(texts)), alphabetical=True)


def from_ordered_frame(
    frame: pd.DataFrame,
    names: Sequence[str],
    categories: Mapping[str, Categories],
    *,
    group: str = "",
    missing: str = "listwise",
) -> SampleMoments:
    """Form the moments of ordered and continuous variables.

    Parameters
    ----------
    frame : DataFrame
        Raw data of one group.
    names : sequence of str
        Variables of the model.
    categories : mapping of str to Categories
        Of the ordered items among them, see :func:`read_categories`.
    group : str
        Label of the group.
    missing : {"listwise", "pairwise"}
        Which cases a moment rests on: those that answered everything, or its own variables.

    Raises
    ------
    MomentsError
        If a category is empty in this group.
    TooFewObservationsError
        If no cases are left.
    NotNumericError
        If a continuous variable holds text.
    """
    codes = np.full((len(frame), len(names)), -1, dtype=np.intp)
    values = np.full(codes.shape, np.nan)
    metric = [name for name in names if name not in categories]
    if metric:
        at = [position for position, name in enumerate(names) if name not in categories]
        values[:, at] = numeric_columns(frame, metric)
    for position, name in enumerate(names):
        if name in categories:
            codes[:, position] = _codes(frame[name], categories[name])
    given = (codes >= 0) | ~np.isnan(values)
    kept = given.all(axis=1) if missing == "listwise" else given.any(axis=1)
    codes, values = codes[kept], values[kept]
    _require_cases(len(codes), group)
    _require_variance(values, names, categories, group)
    counts = _require_answers(codes, names, categories, group)
    sizes = tuple(len(categories[name]) if name in categories else 0 for name in names)
    moments = ordinal_moments(codes, values, sizes)
    place = f" in group {group}" if group else ""
    return SampleMoments(
        names=tuple(names),
        cov=moments.cov,
        mean=moments.mean,
        n_obs=moments.n_obs,
        divisor="n-1",
        data=np.where(codes >= 0, codes, values),
        group=group,
        ordinal=moments,
        rows=frame.index.to_numpy()[kept],
        findings=(
            *lost_cases(len(kept), len(codes), group),
            *_about_categories(categories, counts, place),
            *_about_pairs(moments, names, place),
        ),
    )


def _codes(column: pd.Series, known: Categories) -> Codes:
    """Return the place of each answer among the categories, -1 for none."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return np.asarray(pd.Index(known.values).get_indexer(column), dtype=np.intp)
    index = pd.Index(known.values, dtype=object)
    return np.asarray(index.get_indexer(column.astype(object)), dtype=np.intp)


def _require_cases(n_obs: int, group: str) -> None:
    where = f" in group {group!r}" if group else ""
    if n_obs < 2:  # noqa: PLR2004 - a case alone varies in nothing
        raise TooFewObservationsError(n_obs, 2, f"correlations of ordered items{where}")


def _require_variance(
    values: Floats, names: Sequence[str], categories: Mapping[str, Categories], group: str
) -> None:
    """Raise where a continuous variable does not vary."""
    where = f" in group {group}" if group else ""
    for name, column in zip(names, values.T, strict=True):
        given = column[~np.isnan(column)]
        if name not in categories and (not len(given) or np.ptp(given) == 0):
            raise MomentsError(f"{name} does not vary{where}.", remedy="Leave it out.")


def _require_answers(
    codes: Codes, names: Sequence[str], categories: Mapping[str, Categories], group: str
) -> dict[str, np.ndarray]:
    """Count the answers in each category; raise where a category is empty."""
    counts = {}
    for position, name in enumerate(names):
        if name not in categories:
            continue
        answered = codes[codes[:, position] >= 0, position]
        counts[name] = np.bincount(answered, minlength=len(categories[name]))
        empty = np.flatnonzero(counts[name] == 0)
        if len(empty):
            answers = ", ".join(str(categories[name].values[place]) for place in empty)
            where = f" of group {group}" if group else ""
            raise MomentsError(
                f"No case{where} answered {name} with {answers}: the thresholds of that category "
                "do not exist there.",
                remedy="Merge it with a neighbouring category in all groups.",
            )
    return counts


def _about_categories(
    categories: Mapping[str, Categories], counts: Mapping[str, np.ndarray], place: str
) -> list[Finding]:
    """Return findings about items, one for all items that share them."""
    found = []
    sorted_by_text = [name for name, known in categories.items() if known.alphabetical]
    if sorted_by_text:
        name = sorted_by_text[0]
        order = " < ".join(str(value) for value in categories[name].values)
        found.append(
            Finding(
                code="category_order",
                subject=", ".join(sorted_by_text),
                claim="Nothing in the data says how the categories of "
                f"{_listed(sorted_by_text)} are ordered; the alphabet was taken ({name}: {order}).",
                severity="warning",
                remedy="Code the answers by numbers, or as an ordered pandas Categorical.",
            )
        )
    many = [name for name, known in categories.items() if len(known) > MANY_CATEGORIES]
    if many:
        most = max(len(categories[name]) for name in many)
        found.append(
            Finding(
                code="many_categories",
                subject=", ".join(many),
                claim=f"{_listed(many)}: more than {MANY_CATEGORIES} categories (up to {most}).",
                severity="warning",
                value=float(most),
                threshold=float(MANY_CATEGORIES),
                source="rhemtulla2012",
                remedy="Treat them as continuous.",
            )
        )
    rare = {name: int(count.min()) for name, count in counts.items() if count.min() < RARE}
    if rare:
        least = min(rare, key=lambda name: rare[name])
        found.append(
            Finding(
                code="rare_categories",
                subject=", ".join(rare),
                claim=f"Categories of {_listed(list(rare))} have fewer than {RARE} answers{place} "
                f"({least}: {rare[least]}); their thresholds are hardly known.",
                severity="note",
                value=float(rare[least]),
                threshold=float(RARE),
            )
        )
    return found


def _about_pairs(moments: OrdinalMoments, names: Sequence[str], place: str) -> list[Finding]:
    """Return findings about pairs of items and the whole matrix."""
    found = []
    rows, cols = moments.layout.pairs
    empty = [f"{names[j]} with {names[i]}" for i, j in _chosen(rows, cols, moments.empty_cells)]
    if empty:
        found.append(
            Finding(
                code="empty_cells",
                subject=empty[0],
                claim=f"{len(empty)} of {len(rows)} tables of two items{place} have cells without "
                f"answers: {_listed(empty)}. Correlations from sparse tables are less certain than "
                "their standard errors say.",
                severity="note",
                value=float(len(empty)),
                source="savalei2011",
                remedy="Merge rare categories.",
            )
        )
    sd = np.sqrt(np.diag(moments.cov))
    R = moments.cov / np.outer(sd, sd)
    near = np.abs(R[rows, cols]) > NEARLY_ONE
    for i, j in _chosen(rows, cols, near):
        found.append(
            Finding(
                code="correlation_near_one",
                subject=f"{names[j]} ~~ {names[i]}",
                claim=f"The correlation of {names[j]} with {names[i]}{place} is {R[i, j]:.4f}: "
                "behind the categories the two items are hardly distinct.",
                severity="warning",
                holds=False,
                value=float(R[i, j]),
                threshold=NEARLY_ONE,
                remedy="Leave one of them out, or merge rare categories.",
            )
        )
    if not is_positive_definite(R):
        smallest = float(np.linalg.eigvalsh(R)[0])
        found.append(
            Finding(
                code="indefinite_correlations",
                subject="data",
                claim="The matrix of polychoric correlations, each estimated from its own pair, is "
                f"not positive definite{place} (smallest eigenvalue {smallest:.4f}).",
                severity="warning",
                holds=False,
                value=smallest,
                threshold=0.0,
                remedy="Use fewer items, merge rare categories, or collect more cases.",
            )
        )
    return found


def _chosen(rows: Codes, cols: Codes, flags: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs that are flagged."""
    return [(int(rows[at]), int(cols[at])) for at in np.flatnonzero(flags)]


def _listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    rest = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True, slots=True)
class Polychoric:
    """Correlations behind ordered answers.

    Parameters
    ----------
    correlations, standard_errors : DataFrame, shape (p, p)
        Polychoric, polyserial and Pearson correlations, as the pair asks.
    thresholds : Series
        Indexed by item and threshold (``t1``, ``t2``, ...).
    n_obs : int
        Number of cases.
    findings : tuple of Finding
        What a reader must know about them.
    """

    correlations: pd.DataFrame
    standard_errors: pd.DataFrame
    thresholds: pd.Series
    n_obs: int
    findings: tuple[Finding, ...]


def polychoric(
    frame: pd.DataFrame,
    names: Sequence[str] | None = None,
    *,
    ordered: Sequence[str] | None = None,
    missing: Missing = "listwise",
) -> Polychoric:
    """Estimate the correlations behind ordered answers, each pair by two-step maximum likelihood.

    Parameters
    ----------
    frame : DataFrame
        Raw data.
    names : sequence of str, optional
        Variables; all columns unless given.
    ordered : sequence of str, optional
        Those that are ordered; all unless given. Correlations with and among the others are
        polyserial [olsson1982]_ and Pearson's.
    missing : {"listwise", "pairwise"}
        Which cases a moment rests on.

    Returns
    -------
    Polychoric

    Raises
    ------
    MomentsError
        If the data cannot be analysed.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({"a": [1, 1, 2, 2, 3, 3] * 9, "b": [1, 2, 1, 3, 2, 3] * 9})
    >>> round(float(polychoric(answers).correlations.loc["a", "b"]), 2)
    0.61
    """
    chosen = [str(name) for name in (frame.columns if names is None else names)]
    items = chosen if ordered is None else list(ordered)
    known = read_categories(frame, chosen, items, missing)
    sample = from_ordered_frame(frame, chosen, known, missing=missing)
    moments = sample.ordinal
    assert moments is not None  # noqa: S101 - it was formed from ordered items
    sd = np.sqrt(np.diag(moments.cov))
    errors = np.zeros(moments.cov.shape)
    rows, cols = moments.layout.pairs
    variance = np.diag(moments.correlation_spread())
    errors[rows, cols] = errors[cols, rows] = np.sqrt(variance / moments.n_obs)
    return Polychoric(
        correlations=pd.DataFrame(moments.cov / np.outer(sd, sd), index=chosen, columns=chosen),
        standard_errors=pd.DataFrame(errors, index=chosen, columns=chosen),
        thresholds=threshold_series(moments, chosen),
        n_obs=moments.n_obs,
        findings=sample.findings,
    )


def threshold_series(moments: OrdinalMoments, names: Sequence[str]) -> pd.Series:
    """Return thresholds by item and number."""
    keys = [
        (name, f"t{number}")
        for name, count in zip(names, moments.layout.n_thresholds, strict=True)
        for number in range(1, count + 1)
    ]
    index = pd.MultiIndex.from_tuples(keys, names=["item", "threshold"])
    return pd.Series(moments.thresholds.copy(), index=index, name="threshold", dtype=float)
