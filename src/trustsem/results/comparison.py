"""Compare nested models."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from trustsem.errors import SpecificationError, UnknownOptionError
from trustsem.inference import difference_test
from trustsem.results.model import ModelResult

METHODS = ("default", "standard")


def compare(*models: ModelResult, method: str = "default", **named: ModelResult) -> pd.DataFrame:
    """Test nested models against each other by chi-square differences.

    Models are ordered by degrees of freedom; each is tested against the one before it, after
    nesting has been verified numerically.

    Parameters
    ----------
    *models, **named : ModelResult
        Two or more results from the same data; keywords name the rows.
    method : {"default", "standard"}
        The plain difference of maximum-likelihood chi-squares.

    Returns
    -------
    DataFrame
        Index ``model``; ``df aic bic chisq chisq_diff df_diff rmsea_diff pvalue``.

    Raises
    ------
    NotNestedError
        If a pair is not nested or rests on different data.
    SpecificationError
        If there are fewer than two models.
    """
    if method not in METHODS:
        raise UnknownOptionError(method, METHODS, kind="method")
    entries = {f"model {number}": model for number, model in enumerate(models, start=1)} | named
    if len(entries) < 2:  # noqa: PLR2004 - a comparison needs two
        raise SpecificationError("A comparison needs at least two models.")
    ordered = sorted(entries.items(), key=lambda entry: entry[1].df)
    rows = [_row(ordered[0][1], None)]
    rows += [_row(restricted, general) for (_, general), (_, restricted) in pairwise(ordered)]
    return pd.DataFrame(rows, index=pd.Index([name for name, _ in ordered], name="model"))


def _row(model: ModelResult, general: ModelResult | None) -> dict[str, float]:
    """Return one model's fit, and its test against the next more general one."""
    fit = model.fit_measures
    row = {"df": model.df, "aic": fit["aic"], "bic": fit["bic"], "chisq": fit["chisq"]}
    if general is None:
        nothing = float("nan")
        return row | {
            "chisq_diff": nothing, "df_diff": nothing, "rmsea_diff": nothing, "pvalue": nothing,
        }  # fmt: skip
    test = difference_test(model.estimate, model.df, general.estimate, general.df)
    excess = max(test.chisq - test.df, 0.0)
    groups = model.table.n_groups
    rmsea = float(np.sqrt(groups * excess / (test.df * model.n_obs))) if test.df else float("nan")
    return row | {
        "chisq_diff": test.chisq, "df_diff": test.df, "rmsea_diff": rmsea, "pvalue": test.pvalue,
    }  # fmt: skip
