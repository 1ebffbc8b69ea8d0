"""What differs between groups: means of constructs, paths, and how well constructs are measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from trustsem.findings import Finding
from trustsem.inference import MEAN_COLUMNS, mean_differences, path_wald_tests
from trustsem.results.ladder import LEVELS, Ladder, chisq_difference, concerns
from trustsem.results.model import ModelResult
from trustsem.results.run import Data, sem
from trustsem.validity import average_variance_extracted, composite_reliability
from trustsem.validity.wording import joined, p_text

PATH_COLUMNS = (
    "predictor", "outcome", "group", "est", "se", "pvalue", "std_all", "wald", "df", "pvalue_wald",
    "chisq_diff", "df_diff", "pvalue_diff",
)  # fmt: skip
"""Columns of the paths by group; the tests are those of the path over all groups."""

_TESTED = ("chisq_diff", "df_diff", "pvalue_diff")


def compare_paths(
    model: str,
    data: Data,
    group: str,
    *,
    loadings: bool = True,
    significance: float = 0.05,
    **options: Any,
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Test for each path of a structural model whether it differs between groups.

    Parameters
    ----------
    model : str
        Model text with regressions.
    data : DataFrame or Survey
        Raw data.
    group : str
        Column that holds the group.
    loadings : bool
        Hold loadings equal, without which paths are in different units.
    significance : float
        Level of the tests.
    **options
        See :class:`trustsem.options.Options`.

    Returns
    -------
    (DataFrame, tuple of Finding)
        Columns :data:`PATH_COLUMNS`, a row per path and group; a finding per path, of code
        ``path_difference``.
    """
    equal = ("loadings",) if loadings else ()
    partial = tuple(options.pop("group_partial", ()))
    keywords = {**options, "group": group}
    free = sem(model, data, group_equal=equal, group_partial=partial, **keywords)
    if not free.converged:
        return _no_paths("the structural model has no solution in all groups")
    problem = free.estimate.problem
    tests = path_wald_tests(problem, free.estimate.params, free.vcov.to_numpy())
    ends = list(zip(tests["predictor"], tests["outcome"], strict=True))
    frames, findings = [], [*concerns(free, "structural model over groups")]
    for predictor, outcome in ends:
        others = [f"{b}~{a}" for a, b in ends if (a, b) != (predictor, outcome)]
        restricted = sem(
            model, data, group_equal=(*equal, "regressions"),
            group_partial=(*partial, *others), **keywords,
        )  # fmt: skip
        difference = chisq_difference(free, restricted)
        frame = _path_rows(free, predictor, outcome)
        wald = tests[(tests["predictor"] == predictor) & (tests["outcome"] == outcome)].iloc[0]
        frame = frame.assign(
            wald=wald["wald"], df=wald["df"], pvalue_wald=wald["pvalue"],
            chisq_diff=difference[0], df_diff=difference[1], pvalue_diff=difference[2],
        )  # fmt: skip
        frames.append(frame)
        findings.append(_path_finding(frame, significance))
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return table.reindex(columns=list(PATH_COLUMNS)), tuple(findings)


def equal_loadings(levels: pd.DataFrame) -> tuple[tuple[str, ...], bool]:
    """Return the loadings that may differ, and whether loadings are to be held equal at all.

    Parameters
    ----------
    levels : DataFrame
        The ladder of an :class:`~trustsem.results.Invariance`.
    """
    metric = levels[levels["level"].str.split(" ").str[0] == "metric"]
    if metric.empty or not str(metric["decision"].iloc[-1]).startswith("accepted"):
        return (), False
    freed = str(metric["freed"].iloc[-1]).split(", ")
    return tuple(name for name in freed if "=~" in name), True


def construct_means(ladder: Ladder) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Compare the means of the constructs where intercepts were found equal."""
    level = next((name for name in ladder.free_at if "intercepts" in LEVELS[name]), "")
    model = ladder.models.get(level)
    held = any(
        row["decision"].startswith("accepted") and row["level"].startswith(level)
        for row in ladder.rows
    )
    if not level or not held or model is None or np.isnan(model.vcov.to_numpy()).any():
        return pd.DataFrame(columns=[*MEAN_COLUMNS, *_TESTED]), ()
    frame = mean_differences(model.estimate.problem, model.estimate.params, model.vcov.to_numpy())
    tests = {name: _mean_test(ladder, level, model, name) for name in model.constructs}
    for position, column in enumerate(_TESTED):
        frame[column] = [tests[name][position] for name in frame["construct"]]
    findings = [_mean_finding(row, ladder.significance) for _, row in frame.iterrows()]
    return frame, tuple(findings)


def _mean_test(
    ladder: Ladder, level: str, model: ModelResult, construct: str
) -> tuple[float, float, float]:
    """Test whether a construct's mean is the same in all groups, by the chi-square difference."""
    free = [row for row in model.table.parameters if row.name == f"{construct}~1" and row.free]
    outcome = any(row.op == "~" and row.lhs == construct for row in model.table.parameters)
    if not free or outcome or any(row.user for row in free):
        return float("nan"), float("nan"), float("nan")
    restricted = replace(ladder, model=f"{ladder.model}\n{construct} ~ 0*1")
    equal = model.options.group_equal
    return chisq_difference(model, restricted.estimate(equal, ladder.free_at[level]))


def _mean_finding(row: pd.Series[Any], significance: float) -> Finding:
    """State one difference of means."""
    differs = bool(row["pvalue"] < significance)
    return Finding(
        code="mean_difference",
        subject=str(row["construct"]),
        claim=(
            f"The mean of {row['construct']} in {row['group']} "
            f"{'differs' if differs else 'does not differ significantly'} from that in "
            f"{row['reference']}: {row['difference']:.3f} (d = {row['d']:.2f}), "
            f"{p_text(row['pvalue'])}."
        ),
        holds=differs,
        value=float(row["d"]),
        interval=(float(row["d_ci_lower"]), float(row["d_ci_upper"])),
        threshold=significance,
        source="hancock2001means",
    )


def construct_rows(ladder: Ladder) -> pd.DataFrame:
    """Describe each construct in each group, under the last level that holds.

    Returns
    -------
    DataFrame
        ``construct group mean variance cr ave``, construct by construct.
    """
    model = ladder.models.get(ladder.accepted, ladder.first)
    parameters, observed = model.parameters, set(model.table.observed)
    records = []
    for name, items in model.constructs.items():
        for number, label in enumerate(model.table.group_labels, start=1):
            rows = parameters[parameters["group"] == number]
            measured = bool(items) and set(items) <= observed
            cr, ave = _reliability(rows, name, items) if measured else (np.nan, np.nan)
            records.append(
                {
                    "construct": name,
                    "group": label,
                    "mean": float(model.latent_mean[label][name]),
                    "variance": float(model.latent_cov[label].loc[name, name]),
                    "cr": cr,
                    "ave": ave,
                }
            )
    return pd.DataFrame(records)


def _reliability(rows: pd.DataFrame, name: str, items: Sequence[str]) -> tuple[float, float]:
    """Return composite reliability and AVE of one group; NaN where a residual is negative."""
    std = rows.set_index(["lhs", "op", "rhs"])["std_all"]
    loadings = [float(std[name, "=~", item]) for item in items]
    residuals = [float(std[item, "~~", item]) for item in items]
    if not min(residuals) >= 0:
        return np.nan, np.nan
    return (
        float(composite_reliability(loadings, residuals)),
        float(average_variance_extracted(loadings, residuals)),
    )


def _no_paths(reason: str) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Say that paths could not be compared."""
    finding = Finding(
        code="path_difference",
        subject="structural model over groups",
        claim=f"Paths could not be compared between groups: {reason}.",
        severity="warning",
    )
    return pd.DataFrame(columns=list(PATH_COLUMNS)), (finding,)


def _path_rows(model: ModelResult, predictor: str, outcome: str) -> pd.DataFrame:
    """Return one path in all groups."""
    rows = model.parameters
    chosen = rows[(rows["op"] == "~") & (rows["lhs"] == outcome) & (rows["rhs"] == predictor)]
    labels = dict(enumerate(model.table.group_labels, start=1))
    frame = chosen[["est", "se", "pvalue", "std_all"]].reset_index(drop=True)
    frame.insert(0, "predictor", predictor)
    frame.insert(1, "outcome", outcome)
    frame.insert(2, "group", [labels[number] for number in chosen["group"]])
    return frame


def _path_finding(frame: pd.DataFrame, significance: float) -> Finding:
    """State whether a path differs between groups."""
    row = frame.iloc[0]
    pvalue, chisq, df = row["pvalue_diff"], row["chisq_diff"], row["df_diff"]
    shown = joined(
        [f"{est:.3f} ({group})" for est, group in zip(frame["est"], frame["group"], strict=True)]
    )
    path = f"{row['predictor']} -> {row['outcome']}"
    if np.isnan(pvalue):
        return Finding("path_difference", path, f"{path} is {shown}; the difference is not tested.")
    differs = bool(pvalue < significance)
    return Finding(
        code="path_difference",
        subject=path,
        claim=(
            f"{path} {'differs' if differs else 'does not differ significantly'} between the "
            f"groups: {shown}; chi-square difference {chisq:.2f} with {df:.0f} df, "
            f"{p_text(pvalue)}."
        ),
        holds=differs,
        value=float(pvalue),
        threshold=significance,
        source="steiger1985",
    )
