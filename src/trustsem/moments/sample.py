"""Sample moments of one group: covariance, mean, number of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trustsem.arrays import Floats, invert_positive, outer, scaled_eigh
from trustsem.errors import (
    MomentsError,
    NotNumericError,
    NotPositiveDefiniteError,
    TooFewObservationsError,
    UnknownIndicatorError,
)
from trustsem.findings import Finding
from trustsem.moments.ordinal import OrdinalMoments
from trustsem.patterns import Patterns

Divisor = Literal["n", "n-1"]

DEPENDENT = 1e-10
"""Smallest eigenvalue of a correlation matrix of variables that do not follow from each other."""
_LARGE_RATIO = 1000.0
_AT_ONCE = 16384


class Cases(Protocol):
    """Cases of one group that are not held, but can be gone through again."""

    def parts(self) -> Iterator[Floats]:
        """Yield all cases in parts of shape (m, p), NaN for missing."""
        ...

    def spread(self) -> Floats:
        """Return the covariance matrix of the cases' deviations from the means and their products.

        Returns
        -------
        ndarray, shape (k, k)
            Of the p deviations, then of the lower triangle of their products by rows; divisor N.
        """
        ...

    def once(self, what: str, at: Sequence[Floats], compute: Callable[[], Floats]) -> Floats:
        """Return what was computed from all cases at some arrays, computing it the first time."""
        ...

    def select(self, index: Sequence[int]) -> Cases:
        """Return the same cases with some of their variables, in the order asked for."""
        ...


@dataclass(frozen=True, slots=True)
class SampleMoments:
    """The moments of one group that an analysis starts from.

    Parameters
    ----------
    names : tuple of str
        Observed variables, length p.
    cov : ndarray, shape (p, p)
        Covariance matrix with the divisor that is analysed; squared scale points.
    mean : ndarray, shape (p,), or None
        Means; None if unknown (matrix input without means).
    n_obs : int
        Number of cases analysed: the complete ones, or with ``patterns`` all that have an answer.
    divisor : {"n", "n-1"}
        What ``cov`` was divided by if cases are complete; chi-square multiplies the discrepancy
        with the same.
    data : ndarray, shape (n_obs, p), or None
        The cases, if raw data were given; NaN for missing. Of an ordered item the place of the
        answer among its categories, from 0.
    patterns : Patterns or None
        The missing-data patterns if incomplete cases are analysed; ``cov`` and ``mean`` are then
        the maximum-likelihood estimates of the saturated model.
    group : str
        Label of the group; empty for one group.
    findings : tuple of Finding
        What a reader must know about these moments.
    ordinal : OrdinalMoments or None
        Thresholds and the spread of all moments, if some variables are ordered; ``cov`` and
        ``mean`` are then those of latent responses and continuous variables.
    again : Cases or None
        The cases where ``data`` does not hold them: in a file too large for memory.
    rows : ndarray, shape (n_obs,), or None
        What the index of the frame calls each case of ``data``.
    """

    names: tuple[str, ...]
    cov: Floats
    mean: Floats | None
    n_obs: int
    divisor: Divisor
    data: Floats | None = None
    patterns: Patterns | None = None
    group: str = ""
    findings: tuple[Finding, ...] = field(default=())
    ordinal: OrdinalMoments | None = None
    again: Cases | None = None
    rows: NDArray[Any] | None = None

    @property
    def has_cases(self) -> bool:
        """Whether there are cases behind the moments, held or to be read again."""
        return self.data is not None or self.again is not None

    @property
    def came_from(self) -> str:
        """What the moments were formed from, in words."""
        if self.data is not None:
            return "cases"
        return "a matrix" if self.again is None else "a file that was read in parts"

    @property
    def covariances(self) -> pd.DataFrame:
        """The covariance matrix, labelled."""
        return pd.DataFrame(self.cov, index=list(self.names), columns=list(self.names))

    @property
    def means(self) -> pd.Series | None:
        """The means, labelled; None if unknown."""
        return None if self.mean is None else pd.Series(self.mean, index=list(self.names))

    @property
    def weight(self) -> int:
        """What the discrepancy is multiplied with to give chi-square: N or N-1."""
        return self.n_obs if self.divisor == "n" else self.n_obs - 1

    def select(self, names: Sequence[str]) -> SampleMoments:
        """Return the moments of some of the variables, in the order asked for.

        Cases and moments stay those of all variables, also where cases are incomplete.
        """
        if tuple(names) == self.names:
            return self
        index = [self.names.index(name) for name in names]
        return replace(
            self,
            names=tuple(names),
            cov=self.cov[np.ix_(index, index)],
            mean=None if self.mean is None else self.mean[index],
            data=None if self.data is None else self.data[:, index],
            patterns=None if self.patterns is None else self.patterns.reordered(index),
            ordinal=None if self.ordinal is None else self.ordinal.select(index),
            again=None if self.again is None else self.again.select(index),
        )


def from_frame(
    frame: pd.DataFrame, names: Sequence[str], *, divisor: Divisor, group: str = ""
) -> SampleMoments:
    """Form the moments of the complete cases of a data frame.

    Parameters
    ----------
    frame : DataFrame
        Raw data, one row per respondent; columns not in ``names`` are ignored.
    names : sequence of str
        Observed variables of the model.
    divisor : {"n", "n-1"}
        What sums of squares are divided by.
    group : str
        Label of the group.

    Raises
    ------
    UnknownIndicatorError
        If a variable is not a column.
    NotNumericError
        If a variable holds text; the offending cells are listed.
    MomentsError
        If a variable stands in the data twice or holds infinite values.
    TooFewObservationsError
        If there are not more complete cases than variables.
    NotPositiveDefiniteError
        If variables are constant, duplicated or linearly dependent; they are named.
    """
    values = numeric_columns(frame, names)
    answered = ~np.isnan(values).any(axis=1)
    complete = values if answered.all() else values[answered]
    n_obs = len(complete)
    require_cases(n_obs, len(names), group)
    cov, mean = complete_moments(complete, names, divisor)
    return SampleMoments(
        names=tuple(names),
        cov=cov,
        mean=mean,
        n_obs=n_obs,
        divisor=divisor,
        data=complete,
        group=group,
        findings=(*lost_cases(len(values), n_obs, group), *scale_finding(cov, names)),
        rows=frame.index.to_numpy()[answered],
    )


def require_cases(n_obs: int, n_variables: int, group: str) -> None:
    """Raise unless there are more cases than variables."""
    if n_obs <= n_variables:
        where = f" in group {group!r}" if group else ""
        what = f"a covariance matrix of {n_variables} variables{where}"
        raise TooFewObservationsError(n_obs, n_variables + 1, what)


def complete_moments(data: Floats, names: Sequence[str], divisor: Divisor) -> tuple[Floats, Floats]:
    """Return covariances and means of complete cases; see :func:`from_frame`."""
    n_obs, mean = len(data), data.mean(axis=0)
    cov = _cross_products(data, mean) / (n_obs if divisor == "n" else n_obs - 1)
    require_positive_definite(cov, names, "sample covariance matrix")
    return cov, mean


def _cross_products(cases: Floats, mean: Floats) -> Floats:
    """Return the sums of squares and products about the mean; memory does not grow with cases."""
    total = np.zeros((len(mean), len(mean)))
    for first in range(0, len(cases), _AT_ONCE):
        centred = cases[first : first + _AT_ONCE] - mean
        total += centred.T @ centred
    varies = np.ptp(cases, axis=0) > 0  # the mean of a constant is rounded
    return np.where(outer(varies, varies), total, 0.0)


def require_positive_definite(cov: Floats, names: Sequence[str], what: str) -> None:
    """Raise unless a covariance matrix can be inverted; name the variables to blame.

    Raises
    ------
    NotPositiveDefiniteError
        If variables are constant, duplicated or linearly dependent, or the matrix indefinite.
    """
    variances = np.diag(cov)
    constant = [name for name, variance in zip(names, variances, strict=True) if variance <= 0]
    if constant:
        raise NotPositiveDefiniteError(what, constant, f"Without variance: {', '.join(constant)}.")
    _, values, vectors = scaled_eigh(cov)
    if values[0] <= DEPENDENT:
        loads = np.abs(vectors[:, 0]) > 0.1 * np.abs(vectors[:, 0]).max()
        involved = [name for name, load in zip(names, loads, strict=True) if load]
        reason = _kind_of_dependence(cov, involved, float(values[0]), names)
        raise NotPositiveDefiniteError(what, involved, reason)
    if not invert_positive(cov).positive:
        raise NotPositiveDefiniteError(what)


def _kind_of_dependence(
    cov: Floats, involved: Sequence[str], smallest: float, names: Sequence[str]
) -> str:
    """Say in words whether variables repeat each other, add up, or contradict each other."""
    listing = ", ".join(involved)
    if smallest < -DEPENDENT:
        return f"The correlations among {listing} contradict each other (negative eigenvalue)."
    index = [list(names).index(name) for name in involved]
    scale = np.sqrt(np.diag(cov))
    R = cov / np.outer(scale, scale)
    if len(index) == 2 and abs(R[index[0], index[1]]) > 1 - 1e-8:  # noqa: PLR2004 - a pair
        return f"{involved[0]} and {involved[1]} are the same variable (correlation 1)."
    return f"Linearly dependent: {listing}."


def numeric_columns(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return the columns as floats with NaN for missing, or name what is wrong with them."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise UnknownIndicatorError(missing, [str(column) for column in frame.columns])
    columns = {name: frame[name] for name in names}
    twice = [name for name, column in columns.items() if isinstance(column, pd.DataFrame)]
    if twice:
        raise MomentsError(f"The data hold more than one column {', '.join(twice)}.")
    if all(_is_plain(column.dtype) for column in columns.values()):
        values = np.empty((len(frame), len(columns)))
        for place, column in enumerate(columns.values()):
            values[:, place] = column.to_numpy()
    else:
        values = _converted(frame[list(names)])
    if np.isfinite(values).all():
        return values
    infinite = [
        name for name, column in zip(names, values.T, strict=True) if np.isinf(column).any()
    ]
    if infinite:
        raise MomentsError(f"Infinite values in {', '.join(infinite)}.")
    return values


def _is_plain(dtype: object) -> bool:
    """Return whether a column is a numpy array of numbers already."""
    return isinstance(dtype, np.dtype) and dtype.kind in "fiu"


def _converted(frame: pd.DataFrame) -> Floats:
    """Return columns of any type as floats, or name the cells that are no numbers."""
    columns = []
    cells: list[tuple[str, int, object]] = []
    for name in frame.columns:
        column = frame[name]
        numeric = pd.to_numeric(column.astype(object), errors="coerce")
        bad = numeric.isna() & column.notna()
        rows = np.flatnonzero(bad.to_numpy()).tolist()
        cells += [(str(name), row + 1, column.iloc[row]) for row in rows]
        columns.append(numeric.to_numpy(dtype=float, na_value=np.nan))
    if cells:
        raise NotNumericError(cells)
    return np.column_stack(columns)


def lost_cases(n_rows: int, n_obs: int, group: str) -> tuple[Finding, ...]:
    """Return the finding about cases lost by listwise deletion, if any."""
    if n_obs == n_rows:
        return ()
    lost = n_rows - n_obs
    place = f" of group {group}" if group else ""
    return (
        Finding(
            code="cases_lost",
            subject="data",
            claim=f"{lost} of {n_rows} cases{place} have missing answers and are left out "
            f"(listwise deletion); N = {n_obs}.",
            severity="warning",
            value=lost / n_rows,
        ),
    )


def scale_finding(cov: Floats, names: Sequence[str]) -> tuple[Finding, ...]:
    """Note variances so different that a reader of the estimates should know."""
    variances = np.diag(cov)
    ratio = float(variances.max() / variances.min()) if len(variances) else 1.0
    if ratio <= _LARGE_RATIO:
        return ()
    largest, smallest = names[int(variances.argmax())], names[int(variances.argmin())]
    return (
        Finding(
            code="scales_differ",
            subject="data",
            claim=f"The variance of {largest} is {ratio:.0f} times that of {smallest}; "
            "unstandardised values are hard to read, and unweighted least squares (ULS) would "
            "explain little but the former.",
            value=ratio,
            threshold=_LARGE_RATIO,
        ),
    )
