"""Compare nested models."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from trustsem.errors import SpecificationError, UnknownOptionError
from trustsem.inference import (
    DIFFERENCE_METHODS,
    DifferenceTest,
    difference_test,
    scaled_difference_test,
)
from trustsem.results.model import ModelResult

METHODS = ("default", "standard", *DIFFERENCE_METHODS)


def compare(*models: ModelResult, method: str = "default", **named: ModelResult) -> pd.DataFrame:
    """Test nested models against each other by chi-square differences.

    Models are ordered by degrees of freedom; each is tested against the one before it, after
    nesting has been verified numerically.

    Parameters
    ----------
    *models, **named : ModelResult
        Two or more results from the same data; keywords name the rows.
    method : str
        ``"standard"``: the plain difference of chi-squares; ``"satorra.bentler.2001"``,
        ``"satorra.bentler.2010"``, ``"satorra.2000"``: scaled differences of models with scaled
        tests; ``"default"``: what suits the models' tests, see
        :func:`trustsem.inference.scaled_difference_test`.

    Returns
    -------
    DataFrame
        Index ``model``; ``df aic bic chisq chisq_diff df_diff rmsea_diff pvalue method``.
        ``chisq`` is the uncorrected statistic; differences of corrected ones mean nothing.

    Raises
    ------
    NotNestedError
        If a pair is not nested or rests on different data.
    SpecificationError
        If there are fewer than two models, or their tests are of different kinds.
    """
    method = str(method).lower().replace("_", ".")
    if method not in METHODS:
        raise UnknownOptionError(method, METHODS, kind="method")
    entries = {f"model {number}": model for number, model in enumerate(models, start=1)} | named
    for name, entry in entries.items():
        if not isinstance(entry, ModelResult):
            raise SpecificationError(
                f"A comparison needs results of cfa(), sem() or growth(); {name} is a "
                f"{type(entry).__name__}."
            )
    if len(entries) < 2:  # noqa: PLR2004 - a comparison needs two
        raise SpecificationError("A comparison needs at least two models.")
    ordered = sorted(entries.items(), key=lambda entry: entry[1].df)
    rows = [_row(ordered[0][1], None)]
    rows += [
        _row(restricted, _difference(restricted, general, method))
        for (_, general), (_, restricted) in pairwise(ordered)
    ]
    return pd.DataFrame(rows, index=pd.Index([name for name, _ in ordered], name="model"))


def nested_difference(restricted: ModelResult, general: ModelResult) -> DifferenceTest:
    """Test a model against one that it was made from by restrictions; nesting is not verified.

    Parameters
    ----------
    restricted, general : ModelResult
        Two solutions from the same data and by the same estimator.

    Returns
    -------
    DifferenceTest
        Scaled where the models' tests are.
    """
    return _difference(restricted, general, "default", prove=False)


def _difference(
    restricted: ModelResult, general: ModelResult, method: str, *, prove: bool = True
) -> DifferenceTest:
    """Test one model against the next more general one."""
    if restricted.options.test != general.options.test and method != "standard":
        raise SpecificationError(
            "The models' tests are of different kinds: "
            f"{restricted.options.test!r} and {general.options.test!r}.",
            remedy="Estimate both with the same estimator and test, or use method='standard'.",
        )
    plain = method == "default" and not restricted.options.scaled
    if plain or method == "standard":
        if restricted.estimate.problem.estimator.corrected:
            raise SpecificationError(
                f"Differences of minima of {restricted.method} have no known distribution.",
                remedy="Estimate with a corrected test (WLSMV, ULSMV) and compare these.",
            )
        return difference_test(
            restricted.estimate, restricted.df, general.estimate, general.df, prove=prove
        )
    return scaled_difference_test(restricted.tested, general.tested, method, prove=prove)


def _row(model: ModelResult, test: DifferenceTest | None) -> dict[str, float | str]:
    """Return one model's fit, and its test against the next more general one."""
    fit = model.fit_measures
    row = {"df": model.df, "aic": fit["aic"], "bic": fit["bic"], "chisq": fit["chisq"]}
    if test is None:
        nothing = float("nan")
        return row | {
            "chisq_diff": nothing, "df_diff": nothing, "rmsea_diff": nothing, "pvalue": nothing,
            "method": "",
        }  # fmt: skip
    return row | {
        "chisq_diff": test.chisq, "df_diff": test.df, "rmsea_diff": _rmsea(model, test),
        "pvalue": test.pvalue, "method": test.method,
    }  # fmt: skip


def _rmsea(model: ModelResult, test: DifferenceTest) -> float:
    """Return the RMSEA of a difference; a scaled one counts in the metric of the plain one."""
    if not test.df or np.isnan(test.chisq):
        return float("nan")
    excess = max(test.plain - test.factor * test.df, 0.0)
    return float(np.sqrt(model.table.n_groups * excess / (test.df * model.n_obs)))
