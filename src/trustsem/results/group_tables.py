"""Invariance and differences between groups as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from trustsem import display
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from trustsem.results.group_invariance import Invariance

_SIGNED = display.Format("bounded", 3, missing="")
_BLANK_TEXT = display.Format("text", missing="")
_LEVEL = display.Column("Level", display.TEXT)
_RULES = {
    "cfi": "CFI may drop by .01 (Cheung & Rensvold, 2002)",
    "chen": "Chen's (2007) combination of CFI with RMSEA or SRMR",
    "chisq": "the chi-square difference test",
}


def invariance_tables(result: Invariance, labels: Mapping[str, str]) -> list[Table]:
    """Return every table of an analysis of groups that has rows.

    Parameters
    ----------
    result : Invariance
        The analysis.
    labels : mapping of str to str
        What constructs are called in print.
    """
    return [table for table in _tables(result, labels) if len(table.frame)]


def _tables(result: Invariance, labels: Mapping[str, str]) -> Iterator[Table]:
    yield ladder_table(result)
    yield changes_table(result)
    yield log_table(result)
    yield means_table(result, labels)
    yield constructs_table(result, labels)
    yield paths_table(result.paths, labels)


def ladder_table(result: Invariance) -> Table:
    """Tabulate the levels of invariance with fit and decision."""
    sizes = ", ".join(f"{name} n = {size}" for name, size in result.sizes.items())
    return Table(
        "invariance",
        f"Invariance Over the Groups of {result.by}",
        result.levels.assign(level=result.levels["level"].str.capitalize()),
        show=(
            "level", "chisq", "df", "pvalue", "cfi", "rmsea", "srmr", "mfi", "gamma_hat",
            "decision",
        ),
        columns={
            "level": _LEVEL,
            "mfi": display.Column("Mc", display.BOUNDED),
            "gamma_hat": display.Column("γ̂", display.BOUNDED),
            "decision": display.Column("Decision", display.TEXT),
        },
        notes=Notes(
            f"{sizes}. Metric: equal loadings; scalar: and intercepts; strict: and residual "
            f"variances. Decision: {_RULES[result.criterion]}."
        ),
    )  # fmt: skip


def changes_table(result: Invariance) -> Table:
    """Tabulate how fit changes from one level to the next."""
    compared = result.levels[result.levels["compared_with"] != ""].reset_index(drop=True)
    return Table(
        "invariance-changes",
        "Changes of Fit From Level to Level",
        compared.assign(
            level=compared["level"].str.capitalize(),
            compared_with=compared["compared_with"].str.capitalize(),
        ),
        show=(
            "level", "compared_with", "chisq_diff", "df_diff", "pvalue_diff", "cfi_diff",
            "rmsea_diff", "srmr_diff", "mfi_diff", "gamma_hat_diff",
        ),
        columns={
            "level": _LEVEL,
            "cfi_diff": display.Column("ΔCFI", display.BOUNDED),
            "rmsea_diff": display.Column("ΔRMSEA", display.BOUNDED),
            "srmr_diff": display.Column("ΔSRMR", display.BOUNDED),
            "mfi_diff": display.Column("ΔMc", display.BOUNDED),
            "gamma_hat_diff": display.Column("Δγ̂", display.BOUNDED),
        },
        notes=Notes(
            "Limits: CFI −.01, Mc −.02, gamma-hat −.001 (Cheung & Rensvold, 2002). Chen (2007): "
            "CFI together with RMSEA or SRMR; for N ≤ 300 −.005 with .010, or .025 for loadings "
            "and .005 later; for larger samples −.010 with .015, or .030 and .010."
        ),
    )  # fmt: skip


def log_table(result: Invariance) -> Table:
    """Tabulate every step of the search for partial invariance."""
    number = display.Format("number", 2, missing="")
    frame = result.log.assign(level=result.log["level"].str.capitalize())
    return Table(
        "invariance-log",
        "Search for Partial Invariance",
        frame,
        show=(
            "level", "step", "action", "parameter", "mi", "df", "pvalue", "difference",
            "chisq_drop", "pvalue_drop", "cfi", "reason",
        ),
        columns={
            "level": _LEVEL,
            "step": display.Column("Step", display.COUNT),
            "action": display.Column("Action", display.TEXT),
            "mi": display.Column("Score test", number),
            "df": display.Column("df", display.Format("count", 0, missing=""), "<i>df</i>"),
            "pvalue": display.Column("p", display.Format("p", 3, missing=""), "<i>p</i>"),
            "difference": display.Column("EPC", display.Format("number", 3, missing="")),
            "chisq_drop": display.Column("Drop of χ²", number),
            "pvalue_drop": display.Column("p (drop)", display.Format("p", 3, missing=""),
                                          "<i>p</i><sub>drop</sub>"),
            "cfi": display.Column("CFI after", _SIGNED),
            "reason": display.Column("Reason", _BLANK_TEXT),
        },
        notes=Notes(
            "The parameter with the largest score test is released first, as long as its construct "
            "keeps two invariant items (Byrne et al., 1989). EPC = expected difference of the "
            "later group from the earlier one. Found by searching: to be confirmed in other data."
        ),
    )  # fmt: skip


def means_table(result: Invariance, labels: Mapping[str, str]) -> Table:
    """Tabulate the differences of the constructs' means."""
    frame = _labelled(result.means, labels)
    several = len(result.sizes) > 2  # noqa: PLR2004  (more than one pair)
    groups = list(result.sizes)
    direction = "" if several else f" ({groups[1]} less {groups[0]})"
    return Table(
        "latent-means",
        "Differences of Construct Means",
        frame,
        show=(
            "construct", *(("group", "reference") if several else ()), "difference", "se", "ci",
            "z", "pvalue", "d", "d_ci", "chisq_diff", "df_diff", "pvalue_diff",
        ),
        columns={
            "group": display.Column("Group", display.TEXT),
            "reference": display.Column("Less", display.TEXT),
            "difference": display.Column("Difference", display.ESTIMATE),
            "ci": display.Column("95% CI", display.ESTIMATE),
            "d": display.Column("d", display.TWO, "<i>d</i>"),
            "d_ci": display.Column("95% CI (d)", display.TWO, "95% CI (<i>d</i>)"),
        },
        notes=Notes(
            f"Differences{direction} under equal loadings and intercepts, apart from parameters "
            "that were released. d = difference in pooled standard deviations of the construct "
            "(Hancock, 2001). Δχ²: the construct's mean equal in all groups."
        ),
    )  # fmt: skip


def constructs_table(result: Invariance, labels: Mapping[str, str]) -> Table:
    """Tabulate how each construct is measured in each group."""
    level = f"{result.accepted} level" if result.accepted else "unrestricted model"
    return Table(
        "group-constructs",
        "Constructs by Group",
        _labelled(result.constructs, labels),
        show=("group", "mean", "variance", "cr", "ave"),
        columns={
            "group": display.Column("Group", display.TEXT),
            "mean": display.Column("M", display.ESTIMATE, "<i>M</i>"),
            "variance": display.Column("Variance", display.ESTIMATE),
        },
        group_by="construct",
        notes=Notes(
            f"Under the {level}. A mean of 0 in the first group sets the origin of the scale."
        ),
    )


def paths_table(
    paths: pd.DataFrame,
    labels: Mapping[str, str],
    names: Mapping[tuple[str, str], str] | None = None,
) -> Table:
    """Tabulate the paths of every group side by side, with the tests of their difference.

    Parameters
    ----------
    paths : DataFrame
        As :func:`trustsem.results.compare_paths` returns it.
    labels : mapping of str to str
        What constructs are called in print.
    names : mapping of (str, str) to str, optional
        The hypothesis of a (predictor, outcome).
    """
    groups = list(dict.fromkeys(paths["group"]))
    records = []
    pairs = dict.fromkeys(zip(paths["predictor"], paths["outcome"], strict=True))
    for predictor, outcome in pairs:
        rows = paths[(paths["predictor"] == predictor) & (paths["outcome"] == outcome)]
        by_group = rows.set_index("group")
        first = rows.iloc[0]
        path = f"{labels.get(predictor, predictor)} → {labels.get(outcome, outcome)}"
        record = {"hypothesis": (names or {}).get((predictor, outcome), ""), "path": path}
        for position, group in enumerate(groups):
            record |= {f"{key}_{position}": by_group.loc[group, key] for key in _BY_GROUP}
        tests = ("wald", "df", "pvalue_wald", "chisq_diff", "df_diff", "pvalue_diff")
        records.append({**record, **{key: first[key] for key in tests}})
    columns = {
        f"{key}_{position}": display.Column(f"{header} {group}", form)
        for position, group in enumerate(groups)
        for key, (header, form) in _BY_GROUP.items()
    }
    shown = [name for name in columns if not name.startswith("se_")]
    return Table(
        "group-paths",
        "Paths by Group",
        pd.DataFrame(records),
        show=(
            *(("hypothesis",) if names else ()), "path", *shown, "chisq_diff", "df_diff",
            "pvalue_diff", "pvalue_wald",
        ),
        columns={
            **columns,
            "pvalue_wald": display.Column("p (Wald)", display.P, "<i>p</i> (Wald)"),
        },
        notes=Notes(
            "Each difference is tested by itself: Δχ² with the path equal in all groups, and "
            "Wald's test. With several paths some differ by chance. b is compared, not β, which "
            "depends on the variances in each group."
        ),
    )  # fmt: skip


_BY_GROUP = {
    "est": ("b", display.ESTIMATE),
    "se": ("SE", display.ESTIMATE),
    "std_all": ("β", display.BOUNDED),
    "pvalue": ("p", display.P),
}


def _labelled(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return the frame with constructs called by their labels."""
    return frame.assign(construct=[labels.get(name, name) for name in frame["construct"]])
