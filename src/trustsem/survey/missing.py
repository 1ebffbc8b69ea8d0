"""Declared missing codes: which cells hold one, and why each of them is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.survey.codebook import Codebook, MissingCode, Variable, same_code
from trustsem.survey.columns import is_text, numeric_where_possible, parse_text
from trustsem.survey.survey import REASON_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def blank_codes(
    frame: pd.DataFrame, codebook: Codebook, codes: Mapping[str, Sequence[MissingCode]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the answers with coded cells blank, and the reason of each blanked cell.

    Parameters
    ----------
    frame : DataFrame
        Answers; the index counts rows from 0.
    codebook : Codebook
        Gives the labels of the codes.
    codes : Mapping of str to codes
        Missing codes by variable.

    Returns
    -------
    (DataFrame, DataFrame)
        New answers; ``row`` (from 1), ``variable``, ``code``, ``label`` of each blanked cell.
    """
    blanked: dict[str, pd.Series] = {}
    reasons = [no_reasons()]
    for name, declared in codes.items():
        coded = _holds_code(frame[name], declared)
        if coded.any():
            reasons.append(_reasons(frame[name][coded], codebook[name]))
            blanked[name] = _reread(frame[name].mask(coded))
    return frame.assign(**blanked), joined_reasons(*reasons)


def with_missing_codes(codebook: Codebook, codes: Mapping[str, Sequence[MissingCode]]) -> Codebook:
    """Return a codebook in which the variables have further missing codes."""
    return codebook.with_variables(
        replace(
            codebook[name],
            missing_codes=tuple(dict.fromkeys((*codebook[name].missing_codes, *declared))),
        )
        for name, declared in codes.items()
    )


def joined_reasons(*reasons: pd.DataFrame) -> pd.DataFrame:
    """Return tables of reasons as one, ordered by row."""
    present = [table for table in reasons if len(table)]
    if not present:
        return no_reasons()
    return pd.concat(present, ignore_index=True).sort_values(
        "row", kind="stable", ignore_index=True
    )


def no_reasons() -> pd.DataFrame:
    """Return an empty table of reasons."""
    return pd.DataFrame(columns=list(REASON_COLUMNS))


def _holds_code(column: pd.Series, codes: Sequence[MissingCode]) -> pd.Series:
    """Return which cells hold one of the codes."""
    held = pd.Series(data=False, index=column.index)
    if pd.api.types.is_float_dtype(column):
        numbers = column
    else:
        numbers = pd.to_numeric(column.astype(object).where(column.notna()), errors="coerce")
        texts = {code for code in codes if isinstance(code, str)}
        held |= column.isin(texts)
    for code in codes:
        if isinstance(code, tuple):
            held |= (numbers >= code[0]) & (numbers <= code[1])
        elif not isinstance(code, str):
            held |= numbers == code
    return held


def _reread(column: pd.Series) -> pd.Series:
    """Return the column as numbers if nothing else is left in it."""
    return parse_text(column).values if is_text(column) else numeric_where_possible(column)


def _reasons(cells: pd.Series, variable: Variable) -> pd.DataFrame:
    place, distinct = pd.factorize(cells)
    found = [same_code(value) for value in distinct]
    labels = [variable.label_of(code) for code in found]
    return pd.DataFrame(
        {
            "row": np.asarray(cells.index, dtype=np.int64) + 1,
            "variable": variable.name,
            "code": pd.Series(found, dtype=object).take(place).to_numpy(),
            "label": pd.Series(labels, dtype="str").take(place).to_numpy(),
        }
    )
