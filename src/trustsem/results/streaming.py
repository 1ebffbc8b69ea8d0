"""``read_moments()``: from a survey file of any length to what models are estimated from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from trustsem.errors import SpecificationError, SurveyError, UnknownItemError
from trustsem.moments import SurveyMoments, add_up
from trustsem.results.progress import progress_report
from trustsem.specification import observed_variables, parse_model
from trustsem.survey.codebook import MissingCode
from trustsem.survey.parts import ROWS_AT_ONCE, SurveyParts, read_parts

_OPERATORS = "=~"


def read_moments(
    path: str | Path,
    variables: Sequence[str] | str | None = None,
    *,
    group: str | None = None,
    missing: Sequence[MissingCode] | Mapping[str, Sequence[MissingCode]] = (),
    scale: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None,
    encoding: str | None = None,
    codebook: str | Path | None = None,
    incomplete: bool = True,
    robust: bool = False,
    chunk_rows: int = ROWS_AT_ONCE,
    progress: bool | None = None,
) -> SurveyMoments:
    """Read a survey file in parts and keep its moments, however many cases it has.

    Parameters
    ----------
    path : path
        A file as :func:`trustsem.read_survey` reads it. ``.sav .zsav .por .dta .sas7bdat .xpt .csv
        .tsv`` and ``.parquet`` are read in parts, a workbook whole.
    variables : sequence of str, or model text
        What to read; of a model its observed variables. By default all columns whose first answer
        is a number.
    group : str, optional
        The grouping variable: what ``group=`` of a model will name.
    missing : sequence of codes, or Mapping of name to codes
        Missing codes on top of those that the file declares. A sequence holds for the variables,
        not for the grouping variable.
    scale : (float, float), or Mapping of name to (float, float), optional
        Lowest and highest answer to the variables; a value outside is an error.
    encoding : str, optional
        Character encoding of the file, where it does not name the right one itself.
    codebook : path, optional
        A second file with labels and missing codes, see :func:`trustsem.read_survey`.
    incomplete : bool
        Whether cases with missing answers are kept, by their patterns: ``missing="fiml"`` needs
        them, and listwise deletion for a model of some of the variables. False keeps the cases that
        answered everything.
    robust : bool
        Whether to take the fourth moments of the complete cases at once, in a second pass. Without
        it they are taken when an estimator first needs them.
    chunk_rows : int
        Rows that are in memory at once. No result depends on it beyond rounding.
    progress : bool, optional
        Whether to say how far a pass is; by default in a notebook and on a terminal.

    Returns
    -------
    SurveyMoments
        To be given to ``cfa()``, ``sem()``, ``growth()`` and ``two_step()`` as data.

    Raises
    ------
    UnreadableFileError, UnknownItemError, NotNumericError, ScaleMismatchError
        If the file or an answer is not what it should be, with row and value.
    MomentsError
        If there are too many patterns of missing answers.
    SpecificationError
        If the model text cannot be read.

    Notes
    -----
    Means and squares are joined from part to part by the formulas of Chan, Golub and LeVeque
    [chan1983]_; fourth moments are taken about the final means.

    Examples
    --------
    >>> moments = read_moments("survey.sav", "trust =~ t1 + t2 + t3 + t4")  # doctest: +SKIP
    >>> cfa("trust =~ t1 + t2 + t3 + t4", moments, estimator="MLR")  # doctest: +SKIP
    """
    available = read_parts(path, encoding=encoding, at_once=chunk_rows)
    names = _names(available, variables)
    if group is not None and group in names:
        raise SpecificationError(f"{group!r} is a variable and the grouping variable at once.")
    columns = [*names, *([] if group is None else [group])]
    unknown = [name for name in columns if name not in available.available]
    if unknown:
        raise UnknownItemError(unknown, available.available, where=available.source.name)
    parts = read_parts(
        path,
        columns=columns,
        missing=missing if isinstance(missing, Mapping) else dict.fromkeys(names, tuple(missing)),
        scale=scale if isinstance(scale, Mapping) or scale is None else dict.fromkeys(names, scale),
        encoding=encoding,
        codebook=codebook,
        at_once=chunk_rows,
    )
    reporter = None if progress is False else partial(progress_report, progress=progress)
    moments = add_up(parts, names, by=group, incomplete=incomplete, reporter=reporter)
    if robust:
        for label in moments.labels or (None,):
            moments.spread(moments.names, label)
    return moments


def _names(parts: SurveyParts, variables: Sequence[str] | str | None) -> list[str]:
    """Return the variables that are asked for."""
    if isinstance(variables, str):
        if not any(sign in variables for sign in _OPERATORS):
            raise SpecificationError(
                f"Variables are a list of names or a model text, got {variables!r}.",
                remedy=f"For one variable write [{variables!r}].",
            )
        return list(observed_variables(parse_model(variables)))
    if variables is not None:
        return list(dict.fromkeys(variables))
    first = next(iter(parts)).frame
    names = [str(name) for name in first if pd.api.types.is_numeric_dtype(first[name])]
    if not names:
        raise SurveyError("No column holds numbers.", where=parts.source.name)
    return names
