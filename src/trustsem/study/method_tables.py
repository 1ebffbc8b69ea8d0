"""The common method battery as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from trustsem import display
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from trustsem.study.method_bias import MethodBias

_SHARE = display.Format("bounded", 3)
_OPTIONAL = {
    "chisq_diff": display.Column("Δχ²", display.Format("chisq", 2, missing="")),
    "df_diff": display.Column("Δdf", display.Format("count", 0, missing=""), "Δ<i>df</i>"),
    "pvalue_diff": display.Column(
        "p (Δ)", display.Format("p", 3, missing=""), "<i>p</i><sub>Δ</sub>"
    ),
}


def method_tables(result: MethodBias, labels: Mapping[str, str]) -> list[Table]:
    """Return every table of the battery that has rows.

    Parameters
    ----------
    result : MethodBias
        The battery.
    labels : mapping of str to str
        What constructs are called in print.
    """
    return [table for table in _tables(result, labels) if len(table.frame)]


def _tables(result: MethodBias, labels: Mapping[str, str]) -> Iterator[Table]:
    yield models_table(result)
    yield variance_table(result, labels)
    yield items_table(result, labels)
    yield hypotheses_table(result, labels)
    yield correlations_table(result, labels)
    yield reliability_table(result, labels)
    yield sensitivity_table(result, labels)


def models_table(result: MethodBias) -> Table:
    """Tabulate the models of the battery with their chi-square differences."""
    frame = result.models.fillna({"compared_with": ""})
    sequence = (
        " CFA with marker, Baseline (marker uncorrelated, its loadings and residuals fixed), "
        "Method-C (equal), Method-U (free), Method-R (correlations fixed at Baseline) and Method-S "
        "(method loadings at the far end of their interval) follow Williams et al. (2010)."
        if result.marker
        else ""
    )
    return Table(
        "method-models",
        "Common Method Models",
        frame,
        show=(
            "model", "chisq", "df", "cfi", "rmsea", "srmr", "compared_with", "chisq_diff",
            "df_diff", "pvalue_diff", "admissible",
        ),
        columns={**_OPTIONAL, "admissible": display.Column("Admissible", display.FLAG)},
        notes=Notes(
            "One factor behind all items is Harman's test as a CFA. That it fits worse says "
            "little: the test does not find method variance where there is some (Podsakoff et al., "
            "2003; Howard et al., 2024). The method factor has variance 1 and is uncorrelated with "
            f"the constructs.{sequence}"
        ),
    )  # fmt: skip


def variance_table(result: MethodBias, labels: Mapping[str, str]) -> Table:
    """Tabulate the split of variances by construct and in all, by model."""
    frames = []
    for model, rows in result.variance.groupby("model", sort=False):
        shares = ["trait", "method", "error"]
        by_construct = rows.groupby("construct", sort=False)[shares].mean().reset_index()
        whole = rows[shares].mean().to_frame().T.assign(construct="All items")
        part = pd.concat([by_construct, whole], ignore_index=True)
        frames.append(part.assign(model=model))
    frame = pd.concat(frames, ignore_index=True) if frames else result.variance
    frame = frame.assign(construct=[labels.get(name, name) for name in frame["construct"]])
    last = [row for row, name in enumerate(frame["construct"]) if name == "All items"]
    return Table(
        "method-variance",
        "Trait, Method and Error Variance",
        frame,
        show=("construct", "trait", "method", "error"),
        columns={
            "trait": display.Column("Trait", _SHARE),
            "method": display.Column("Method", _SHARE),
            "error": display.Column("Error", _SHARE),
        },
        group_by="model",
        strong=frozenset((row, name) for row in last for name in ("trait", "method", "error")),
        notes=Notes("Mean shares of the items' variance (squared standardised loadings)."),
    )


def items_table(result: MethodBias, labels: Mapping[str, str]) -> Table:
    """Tabulate the split of variances item by item, the models side by side."""
    long = result.variance
    models = list(dict.fromkeys(long["model"]))
    frame = long[["construct", "item"]].drop_duplicates(ignore_index=True)
    columns = {}
    for number, model in enumerate(models):
        rows = long[long["model"] == model].set_index(["construct", "item"])
        for name in ("trait", "method", "error"):
            shares = rows[name].reindex(pd.MultiIndex.from_frame(frame[["construct", "item"]]))
            frame[f"{name}_{number}"] = shares.to_numpy()
            columns[f"{name}_{number}"] = display.Column(f"{name.title()} {number + 1}", _SHARE)
    return Table(
        "method-variance-items",
        "Trait, Method and Error Variance by Item",
        frame,
        columns=columns,
        group_by="construct",
        group_titles=labels,
        notes=Notes(
            "; ".join(f"{number}: {model}" for number, model in enumerate(models, start=1)) + "."
        ),
    )


def hypotheses_table(result: MethodBias, labels: Mapping[str, str]) -> Table:
    """Tabulate every hypothesis before and after controlling for method."""
    table = result.hypotheses
    paths = zip(table["predictor"], table["outcome"], strict=True)
    frame = table.assign(path=[f"{labels.get(a, a)} → {labels.get(b, b)}" for a, b in paths])
    changed = [row for row, flag in enumerate(frame["changed"]) if flag]
    return Table(
        "method-hypotheses",
        "Hypotheses Before and After Controlling for Method",
        frame,
        show=(
            "hypothesis", "path", "sign", "std_all", "pvalue", "supported", "std_all_controlled",
            "pvalue_controlled", "supported_controlled",
        ),
        columns={
            "std_all_controlled": display.Column("β controlled", display.BOUNDED),
            "pvalue_controlled": display.Column(
                "p controlled", display.P, "<i>p</i> controlled"
            ),
            "supported_controlled": display.Column("Supported controlled", display.FLAG),
        },
        group_by="control",
        group_titles={name: f"Controlled: {name}" for name in set(frame["control"])},
        strong=frozenset((row, "supported_controlled") for row in changed),
        marks={(row, "supported_controlled"): "a" for row in changed},
        notes=Notes(
            "The structural model is estimated again with the method construct, which every item "
            "loads on. An unmeasured method factor can also take up what constructs truly share "
            "(Richardson et al., 2009); a marker is the better guide.",
            ("The verdict changes.",) if changed else (),
        ),
    )  # fmt: skip


def correlations_table(result: MethodBias, labels: Mapping[str, str]) -> Table:
    """Tabulate the correlations of scores before and after adjustment."""
    frame = result.correlations
    ends = zip(frame["construct_a"], frame["construct_b"], strict=True)
    frame = frame.assign(pair=[f"{labels.get(a, a)} – {labels.get(b, b)}" for a, b in ends])
    marker = labels.get(result.marker, result.marker)
    origin = f"of the marker {marker}" if marker else "of any two constructs (no marker is named)"
    return Table(
        "method-correlations",
        "Correlations of Scores, Adjusted for a Marker",
        frame,
        show=("pair", "r", "pvalue", "r_adjusted", "pvalue_adjusted", "changed"),
        columns={
            "r": display.Column("r", display.BOUNDED, "<i>r</i>"),
            "r_adjusted": display.Column("r adjusted", display.BOUNDED, "<i>r</i> adjusted"),
            "pvalue_adjusted": display.Column("p adjusted", display.P, "<i>p</i> adjusted"),
            "changed": display.Column("Changed", display.FLAG),
        },
        notes=Notes(
            f"Taken out: {display.bounded(result.shared_correlation, 3)}, the smallest positive "
            f"correlation {origin} unless the study gives one; (r − m)/(1 − m) with m taken out, "
            "tested with N − 3 degrees of freedom (Lindell & Whitney, 2001). Mean scores of items."
        ),
    )


def reliability_table(result: MethodBias, labels: Mapping[str, str]) -> Table:
    """Tabulate reliability by substance and method."""
    frame = result.reliability
    frame = frame.assign(construct=[labels.get(name, name) for name in frame["construct"]])
    return Table(
        "method-reliability",
        "Reliability, Substantive and Method",
        frame,
        columns={
            "total": display.Column("Reliability", display.BOUNDED),
            "substantive": display.Column("Substantive", display.BOUNDED),
            "method": display.Column("Method", display.BOUNDED),
            "share": display.Column("Share of method", display.BOUNDED),
        },
        notes=Notes("Phase II of Williams et al. (2010): of the sum of the standardised items."),
    )


def sensitivity_table(result: MethodBias, labels: Mapping[str, str]) -> Table:
    """Tabulate the correlations of constructs under each model of the marker technique."""
    long = result.sensitivity
    models = list(dict.fromkeys(long["model"]))
    ends = zip(long["construct_a"], long["construct_b"], strict=True)
    long = long.assign(pair=[f"{labels.get(a, a)} – {labels.get(b, b)}" for a, b in ends])
    pairs = list(dict.fromkeys(long["pair"]))
    wide = long.pivot_table(index="pair", columns="model", values="phi", sort=False)
    frame = wide.reindex(index=pairs, columns=models).reset_index()
    frame.columns.name = None
    return Table(
        "method-sensitivity",
        "Correlations of the Constructs Under Growing Method Variance",
        frame,
        columns={name: display.Column(name, display.BOUNDED) for name in models},
        notes=Notes("Phase III of Williams et al. (2010)."),
    )
