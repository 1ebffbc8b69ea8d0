"""Sample moments from a printed covariance or correlation matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.errors import MomentsError, UnknownIndicatorError
from trustsem.moments.sample import Divisor, SampleMoments, require_positive_definite

_ROUNDING = 1e-6


def from_matrix(
    cov: pd.DataFrame,
    names: Sequence[str],
    *,
    n_obs: int | None,
    divisor: Divisor,
    rescale: bool = True,
    sd: pd.Series | Sequence[float] | None = None,
    mean: pd.Series | Sequence[float] | None = None,
    group: str = "",
) -> SampleMoments:
    """Take over a printed matrix.

    Parameters
    ----------
    cov : DataFrame, shape (k, k)
        Labelled covariance matrix with divisor N-1, as printed; or correlations with ``sd``. One
        triangle may be left empty.
    names : sequence of str
        Observed variables of the model, a subset of the labels.
    n_obs : int
        Number of observations behind the matrix.
    divisor : {"n", "n-1"}
        What the analysis divides by; with ``"n"`` the matrix is multiplied by (N-1)/N.
    rescale : bool
        False leaves the matrix as it is.
    sd, mean : Series or sequence, optional
        Standard deviations and means, labelled or in the order of ``cov``.
    group : str
        Label of the group.

    Raises
    ------
    MomentsError
        If the matrix has no labels, is not square or symmetric, or N is missing.
    UnknownIndicatorError
        If a variable of the model is not in the matrix.
    NotPositiveDefiniteError
        If the matrix has no inverse.
    """
    if not isinstance(cov, pd.DataFrame):
        raise MomentsError("sample_cov must be a DataFrame labelled with the variables' names.")
    if not isinstance(n_obs, int) or n_obs < 1:
        raise MomentsError(
            "A matrix needs the number of observations.", remedy="Give sample_nobs, one number."
        )
    labels = [str(column) for column in cov.columns]
    if cov.shape[0] != cov.shape[1]:
        rows, columns = cov.shape
        raise MomentsError(f"The matrix is not square: {rows} rows, {columns} columns.")
    rows_in_order = _with_rows_as_columns(cov, labels)
    full = _symmetric(rows_in_order.to_numpy(dtype=float, na_value=np.nan), labels)
    missing = [name for name in names if name not in labels]
    if missing:
        raise UnknownIndicatorError(missing, labels)
    if sd is not None:
        scale = _vector(sd, labels, "sample_sd")
        full = full * np.outer(scale, scale)
    index = [labels.index(name) for name in names]
    chosen = full[np.ix_(index, index)]
    require_positive_definite(chosen, names, "sample covariance matrix")
    factor = (n_obs - 1) / n_obs if divisor == "n" and rescale else 1.0
    return SampleMoments(
        names=tuple(names),
        cov=chosen * factor,
        mean=None if mean is None else _vector(mean, labels, "sample_mean")[index],
        n_obs=int(n_obs),
        divisor=divisor,
        group=group,
    )


def printed_groups(matrices: Any) -> tuple[str, ...]:
    """Return the labels of printed matrices of several groups.

    Parameters
    ----------
    matrices : mapping of str to DataFrame, or sequence of DataFrame
        A sequence is labelled ``"Group 1"``, ``"Group 2"`` and so on.

    Raises
    ------
    MomentsError
        If there is nothing like that, or only one group.
    """
    if isinstance(matrices, Mapping):
        labels = tuple(str(label) for label in matrices)
    elif isinstance(matrices, Sequence) and not isinstance(matrices, str):
        labels = tuple(f"Group {number}" for number in range(1, len(matrices) + 1))
    else:
        raise MomentsError(
            "sample_cov must be a DataFrame labelled with the variables' names, or several of them."
        )
    if len(labels) < 2:  # noqa: PLR2004 - one group is no grouping
        raise MomentsError("sample_cov holds fewer than two groups.", remedy="Give the one matrix.")
    return labels


def of_groups(values: Any, labels: Sequence[str], what: str) -> list[Any]:
    """Return the value of each group, in the order of the labels.

    Parameters
    ----------
    values : object
        The value itself for one group; for several a mapping by label or a sequence; or None.
    labels : sequence of str
        The groups; one group has one label.
    what : str
        Name of the option.

    Raises
    ------
    MomentsError
        If there is not exactly one value for each group.
    """
    if values is None or len(labels) == 1:
        return [values] * len(labels)
    if isinstance(values, Mapping):
        found = {str(label): value for label, value in values.items()}
        if set(found) == set(labels):
            return [found[label] for label in labels]
    elif (
        isinstance(values, Sequence) and not isinstance(values, str) and len(values) == len(labels)
    ):
        return list(values)
    raise MomentsError(f"{what} needs one value for each group: {', '.join(labels)}.")


def _with_rows_as_columns(cov: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Return the matrix with its rows in the order of its columns; unlabelled rows are."""
    if len(set(labels)) < len(labels):
        twice = sorted({label for label in labels if labels.count(label) > 1})
        raise MomentsError(f"The matrix has more than one column {', '.join(twice)}.")
    rows = [str(row) for row in cov.index]
    if isinstance(cov.index, pd.RangeIndex) or rows == labels:
        return cov
    if set(rows) != set(labels) or len(set(rows)) < len(rows):
        strange = [row for row in rows if row not in labels] or rows
        raise MomentsError(
            f"Rows and columns of the matrix are different variables: {', '.join(strange)}.",
            remedy="Label rows like columns, or leave them unlabelled.",
        )
    return cov.iloc[[rows.index(label) for label in labels]]


def _symmetric(values: Floats, labels: Sequence[str]) -> Floats:
    """Return the full matrix, filling an empty triangle from the other."""
    filled = np.where(np.isnan(values), values.T, values)
    if np.isnan(filled).any():
        row, col = np.argwhere(np.isnan(filled))[0]
        raise MomentsError(f"The matrix has no value for {labels[row]} with {labels[col]}.")
    gap = np.abs(filled - filled.T)
    if (gap > _ROUNDING * np.abs(filled).max()).any():
        # An upper triangle of zeros is how many programs print a lower triangle.
        if not np.triu(filled, 1).any() or not np.tril(filled, -1).any():
            return np.asarray(filled + filled.T - np.diag(np.diag(filled)))
        row, col = divmod(int(gap.argmax()), len(labels))
        raise MomentsError(f"The matrix is not symmetric at {labels[row]} with {labels[col]}.")
    return np.asarray((filled + filled.T) / 2)


def _vector(values: pd.Series | Sequence[float], labels: Sequence[str], what: str) -> Floats:
    """Return labelled or plain values in the order of the matrix."""
    if isinstance(values, pd.Series) and set(labels) <= set(values.index):
        return values.loc[list(labels)].to_numpy(dtype=float)
    plain = np.asarray(values, dtype=float)
    if plain.shape != (len(labels),):
        raise MomentsError(f"{what} has {plain.size} values for {len(labels)} variables.")
    return plain
