"""The tables of step one for terminal, notebook and report; nothing is estimated here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem import display
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from trustsem.study.measurement import MeasurementStep

_SHARE = display.Format("bounded", 2)
_CHANCE = display.Format("p", 2)
_BLANK = replace(display.BOUNDED, missing="")
_INTERVALS = ("alpha", "cr", "ave")
_STATISTICS = {
    "alpha": "α",
    "alpha_std": "α (standardised)",
    "omega": "ω",
    "cr": "CR",
    "ave": "AVE",
    "h": "H",
    "msv": "MSV",
    "asv": "ASV",
    "ave_msv": "AVE − MSV",
}


def measurement_tables(step: MeasurementStep) -> list[Table]:
    """Return all tables of step one but the loadings, those without rows left out.

    Parameters
    ----------
    step : MeasurementStep
        Step one.
    """
    tables = [
        reliability(step),
        intervals(step),
        validity_matrix(step),
        discriminant(step),
        differences(step),
        ratios(step),
        disagreements(step),
        rivals(step),
        largest_residuals(step),
        modifications(step),
    ]
    return [table for table in tables if len(table.frame)]


def reliability(step: MeasurementStep) -> Table:
    """Tabulate reliability and convergent validity of every construct."""
    frame = step.reliability.reset_index(names="name").rename(columns={"label": "construct"})
    missing = frame[["alpha", "cr", "ave"]].isna().any(axis=1).any()
    reason = " A dash marks what a single item or an improper solution does not define."
    return Table(
        "reliability",
        "Reliability and Convergent Validity",
        frame,
        show=(
            "construct", "n_items", "alpha", "alpha_std", "omega", "cr", "cr_observed", "ave",
            "ave_observed", "h", "msv", "asv",
        ),
        columns={
            "cr_observed": display.Column("CR obs.", display.BOUNDED),
            "ave_observed": display.Column("AVE obs.", display.BOUNDED),
        },
        notes=Notes(
            "α = Cronbach's alpha of the items as they are, and of standardised items. ω = omega "
            "total: reliability of the plain sum by its implied variance, residual covariances "
            "counted as error. CR and AVE after Fornell and Larcker (1981) from the completely "
            "standardised solution; the variants (obs.) divide by the observed variance of the "
            "items. H = coefficient H; MSV and ASV = largest and mean squared correlation with "
            f"another construct.{reason if missing else ''}"
        ),
    )  # fmt: skip


def intervals(step: MeasurementStep) -> Table:
    """Tabulate the intervals of alpha, omega, CR and AVE, and the chances of their criteria."""
    long = step.reliability_intervals
    frame = step.reliability.reset_index(names="name").rename(columns={"label": "construct"})
    frame = frame[["name", "construct"]]
    columns: dict[str, display.Column] = {}
    show = ["construct"]
    for statistic in (*_INTERVALS, "ave_msv"):
        rows = long[long["statistic"] == statistic].set_index("construct").reindex(frame["name"])
        frame[f"{statistic}_p"] = rows["probability"].to_numpy()
        header = _STATISTICS[statistic]
        if statistic == "ave_msv":
            columns["ave_msv_p"] = display.Column("P(AVE > MSV)", _CHANCE)
            show.append("ave_msv_p")
            continue
        frame[f"{statistic}_ci_lower"] = rows["ci_lower"].to_numpy()
        frame[f"{statistic}_ci_upper"] = rows["ci_upper"].to_numpy()
        criterion = display.bounded(rows["criterion"].iloc[0]) if len(rows) else ""
        columns[f"{statistic}_ci"] = display.Column(f"{header} [95% CI]", _SHARE)
        columns[f"{statistic}_p"] = display.Column(f"P(≥ {criterion})", _CHANCE)
        show += [f"{statistic}_ci", f"{statistic}_p"]
    known = long[long["statistic"].isin(_INTERVALS)]["se"].notna().any()
    normal = "vanzyl2000" in set(long["source"])
    return Table(
        "reliability-intervals",
        "How Sure Reliability and AVE Are",
        frame if known else frame.iloc[:0],
        show=tuple(show),
        columns=columns,
        notes=Notes(
            "P = probability that the population value meets the criterion, from a normal "
            "sampling distribution (of the logit for CR and AVE). Standard errors by the delta "
            "method; of α "
            + (
                "under normality (van Zyl et al., 2000)."
                if normal
                else "without an assumption on the distribution (Maydeu-Olivares et al., 2007)."
            )
        ),
    )


def all_intervals(step: MeasurementStep) -> Table:
    """Tabulate every index with its standard error, interval and probability."""
    frame = step.reliability_intervals.copy()
    frame["statistic"] = [_STATISTICS[name] for name in frame["statistic"]]
    return Table(
        "all-reliability-intervals",
        "Reliability, Convergent Validity and Shared Variance With Intervals",
        frame,
        show=("statistic", "estimate", "se", "ci", "scale", "criterion", "met", "probability"),
        columns={
            "estimate": display.Column("Estimate", display.BOUNDED),
            "se": display.Column("SE", display.BOUNDED, "<i>SE</i>"),
            "ci": display.Column("95% CI", display.BOUNDED),
            "criterion": display.Column("Criterion", _SHARE),
            "probability": display.Column("P", _CHANCE, "<i>P</i>"),
        },
        group_by="label",
        notes=Notes(
            "P = probability that the population value meets the criterion. Scale: where the "
            "sampling distribution is taken for normal."
        ),
    )


def validity_matrix(step: MeasurementStep) -> Table:
    """Tabulate construct correlations, square roots of AVE and HTMT in one matrix."""
    below, above = step.fornell_larcker, step.htmt
    values = below.to_numpy(dtype=float).copy()
    upper = np.triu_indices_from(values, k=1)
    values[upper] = above.to_numpy(dtype=float).T[upper]
    names, n = _labels(step), len(values)
    numbers = [str(position + 1) for position in range(n)]
    frame = pd.DataFrame(values, columns=numbers)
    indices = step.reliability.loc[below.index, list(_BESIDE_CORRELATIONS)].reset_index(drop=True)
    frame = pd.concat([indices.dropna(axis="columns", how="all"), frame], axis="columns")
    frame.insert(
        0,
        "construct",
        [f"{position + 1}. {names[str(name)]}" for position, name in enumerate(below.index)],
    )
    scores = "M and SD of the mean of a construct's items. " if "sd" in frame else ""
    return Table(
        "validity",
        "Construct Correlations, Square Roots of AVE and HTMT",
        frame,
        columns={
            **{number: display.Column(number, _BLANK) for number in numbers},
            **{name: _TWO_DECIMALS[name] for name in ("alpha", "cr", "ave", "msv")},
        },
        strong=frozenset((position, numbers[position]) for position in range(n)),
        notes=Notes(
            f"{scores}Diagonal (bold): square root of AVE. Below: correlations of the constructs. "
            "Above: heterotrait-monotrait ratios of absolute correlations (HTMT)."
        ),
    )


_BESIDE_CORRELATIONS = ("mean", "sd", "alpha", "cr", "ave", "msv")
_TWO_DECIMALS = {
    name: replace(display.COLUMNS[name], format=display.Format("bounded", 2))
    for name in ("alpha", "cr", "ave", "msv")
}


def discriminant(step: MeasurementStep) -> Table:
    """Tabulate each pair's correlation against 1, AVE and the classes of Rönkkö and Cho."""
    frame = _with_pairs(step.discriminant, step)
    reach = f"{step.thresholds.phi_se:g}"
    return Table(
        "discriminant",
        "Discriminant Validity: Correlations of Constructs",
        frame,
        show=(
            "pair", "phi", "ci", "anderson_gerbing", "root_ave_a", "root_ave_b",
            "fornell_larcker", "problem", "problem_chisq", "holds",
        ),
        columns={
            "ci": display.Column("95% CI", display.BOUNDED),
            "anderson_gerbing": display.Column("± SE", display.FLAG, f"φ ± {reach} <i>SE</i>"),
            "fornell_larcker": display.Column("> φ", display.FLAG, "√AVE &gt; φ"),
            "problem": display.Column("Class CI", display.TEXT, "Class (CI)"),
            "problem_chisq": display.Column("Class χ²", display.TEXT, "Class (χ²)"),
            "holds": display.Column("All", display.FLAG, "All criteria"),
        },
        notes=Notes(
            f"φ = correlation of two constructs; whether φ ± {reach} SE excludes 1 (Anderson & "
            "Gerbing, 1988); whether the square roots of AVE of both exceed it (Fornell & "
            "Larcker, 1981). Class: extent of the problem after Rönkkö and Cho (2022), by the "
            "upper limit of φ and by the largest cut-off that chi-square does not reject. All: "
            "whether these criteria and those of the next two tables are met."
        ),
    )  # fmt: skip


def differences(step: MeasurementStep) -> Table:
    """Tabulate the chi-square differences against correlations that are too high."""
    long = _with_pairs(step.discriminant_tests, step)
    cutoffs = sorted(set(long["cutoff"]), reverse=True)
    columns: dict[str, display.Column] = {}
    frame = long[["pair", "phi"]].drop_duplicates("pair").reset_index(drop=True)
    show = ["pair", "phi"]
    for cutoff in cutoffs:
        rows = long[long["cutoff"] == cutoff].set_index("pair").reindex(frame["pair"])
        name = display.bounded(cutoff) if cutoff < 1 else f"{cutoff:g}"
        for source, key, column in (
            ("chisq_diff", f"chisq_{name}", display.Column(f"Δχ²: {name}", display.CHISQ)),
            ("pvalue_holm", f"p_{name}", display.Column("p", display.P, "<i>p</i>")),
        ):
            frame[key] = rows[source].to_numpy()
            columns[key] = column
            show.append(key)
    scaled = [method for method in dict.fromkeys(long["method"]) if method not in ("", "standard")]
    return Table(
        "discriminant-differences",
        "Discriminant Validity: Chi-Square Differences Against Fixed Correlations",
        frame,
        show=tuple(show),
        columns=columns,
        notes=Notes(
            "Δχ² (1 df) of the model in which the pair correlates as the header says (with the "
            "sign of φ), constructs scaled to variance 1 and other correlations free; 0 where "
            "the estimate lies beyond. p after Holm over the pairs; a small p says that the "
            "correlation is lower. At 1 the admissible space ends: by the mixture of "
            "chi-squares that holds there (Stoel et al., 2006) p is half as large."
            + (f" Scaled differences: {', '.join(scaled)}." if scaled else "")
        ),
    )


def ratios(step: MeasurementStep) -> Table:
    """Tabulate the three heterotrait-monotrait ratios with intervals."""
    frame = _with_pairs(step.discriminant, step)
    limit = display.bounded(step.thresholds.htmt)
    upper = f"{step.thresholds.htmt_limit:g}"
    return Table(
        "htmt",
        "Discriminant Validity: Heterotrait-Monotrait Ratios",
        frame,
        show=(
            "pair", "htmt", "htmt_ci", "htmt_holds", "htmt_below_limit", "htmt_signed",
            "htmt_signed_ci", "htmt2", "htmt2_ci",
        ),
        columns={
            "htmt_ci": display.Column("95% CI", _SHARE),
            "htmt_holds": display.Column(f"<\N{NO-BREAK SPACE}{limit}", display.FLAG),
            "htmt_below_limit": display.Column(
                f"CI\N{NO-BREAK SPACE}<\N{NO-BREAK SPACE}{upper}", display.FLAG
            ),
            "htmt_signed": display.Column("Signed", display.BOUNDED),
            "htmt_signed_ci": display.Column("95% CI", _SHARE),
            "htmt2": display.Column("HTMT2", display.BOUNDED),
            "htmt2_ci": display.Column("95% CI", _SHARE),
        },
        notes=Notes(
            "HTMT of absolute correlations; of correlations as they are (Henseler et al., 2015); "
            "of geometric means (HTMT2; Roemer et al., 2021). Intervals by the delta method; with "
            "correlations near zero they are rough."
        ),
    )  # fmt: skip


def disagreements(step: MeasurementStep) -> Table:
    """Tabulate the pairs on which criteria disagree."""
    frame = _with_pairs(step.discriminant, step)
    frame = frame[frame["disagreement"].fillna("") != ""].reset_index(drop=True)
    return Table(
        "discriminant-disagreement",
        "Pairs on Which the Criteria Disagree",
        frame,
        show=("pair", "disagreement"),
        columns={"disagreement": display.Column("Criteria", display.TEXT)},
    )


def rivals(step: MeasurementStep) -> Table:
    """Tabulate the measurement model against models with fewer constructs."""
    return Table(
        "measurement-rivals",
        "Rival Measurement Models",
        step.rivals if len(step.rivals) > 1 else step.rivals.iloc[:0],
        show=(
            "model", "chisq", "df", "cfi", "tli", "rmsea", "srmr", "aic", "bic", "chisq_diff",
            "df_diff", "pvalue_diff",
        ),
        columns={
            "aic": display.Column("AIC", display.Format("number", 0)),
            "bic": display.Column("BIC", display.Format("number", 0)),
        },
        notes=Notes(
            "A + B: the two constructs as one. Each rival restricts the measurement model, against "
            "which the differences are tested; a significant difference speaks for the "
            "measurement model."
        ),
    )  # fmt: skip


def largest_residuals(step: MeasurementStep, limit: int = 10) -> Table:
    """Tabulate the correlations of items that the model misses most."""
    frame = step.residuals.copy()
    frame.insert(0, "pair", frame["item_a"] + " – " + frame["item_b"])
    names = _labels(step)
    for side in ("construct_a", "construct_b"):
        frame[side] = [names.get(str(name), str(name)) for name in frame[side]]
    large = int((frame["residual"].abs() > step.thresholds.residual_correlation).sum())
    extreme = int((frame["z"].abs() > step.thresholds.residual_z).sum())
    return Table(
        "measurement-residuals",
        "Largest Residuals of the Measurement Model",
        frame,
        show=("pair", "construct_a", "construct_b", "residual", "z"),
        limit=limit,
        notes=Notes(
            f"{large} of {len(frame)} correlation residuals exceed "
            f"{display.bounded(step.thresholds.residual_correlation)} in absolute value; {extreme} "
            f"exceed {display.fixed(step.thresholds.residual_z)} standard errors. z = standardised "
            "residual."
        ),
    )


def modifications(step: MeasurementStep, limit: int = 10) -> Table:
    """Tabulate what the measurement model leaves out, and whether it matters."""
    frame = step.modifications.copy()
    names = _labels(step)
    lhs = pd.Series([names.get(str(name), str(name)) for name in frame["lhs"]], dtype=object)
    frame.insert(0, "parameter", lhs + " " + frame["op"] + " " + frame["rhs"])
    counts = frame["decision"].value_counts()
    tally = ", ".join(f"{counts[name]} {name}" for name in counts.index)
    power = display.bounded(step.thresholds.power)
    return Table(
        "measurement-modification",
        "What the Measurement Model Leaves Out (Exploratory)",
        frame,
        show=("parameter", "mi", "epc", "sepc_all", "delta", "power", "decision"),
        limit=limit,
        notes=Notes(
            "MI = expected drop of χ² if the parameter were free; EPC = value it would take. "
            f"Power to see a standardised value of δ (Saris et al., 2009). From {power} on, a test "
            "that is not significant clears the parameter, and EPC against δ judges one that is; "
            "below, a significant test shows a misspecification and another leaves it open. "
            f"In all: {tally}. The model was not changed; a change made after seeing this needs a "
            "reason from theory and new data."
        ),
    )


def what_if(table: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Tabulate how the hypotheses would move if a left-out parameter were free.

    Parameters
    ----------
    table : DataFrame
        As :func:`trustsem.study.what_if.what_if` returns it.
    labels : mapping of str to str
        Construct to the name that readers see.
    """
    rows = []
    for _, group in table.groupby("parameter", sort=False):
        first = group.iloc[0]
        lhs = labels.get(str(first["lhs"]), str(first["lhs"]))
        known = group["change"].notna().any()
        most = group.iloc[int(group["change"].abs().fillna(-1.0).to_numpy().argmax())]
        changed = group[
            group["supported_after"].notna()
            & (group["supported_before"] != group["supported_after"])
        ]
        verdicts = [
            f"{name} {'supported' if after else 'not supported'}"
            for name, after in zip(changed["hypothesis"], changed["supported_after"], strict=True)
        ]
        rows.append(
            {
                "parameter": f"{lhs} {first['op']} {first['rhs']}",
                "mi": first["mi"],
                "sepc_all": first["sepc_all"],
                "decision": first["decision"],
                "hypothesis": most["hypothesis"] if known else "",
                "std_before": most["std_before"] if known else np.nan,
                "std_after": most["std_after"] if known else np.nan,
                "change": most["change"] if known else np.nan,
                "verdict": "; ".join(verdicts) or first["note"] or "none changes",
            }
        )
    return Table(
        "what-if",
        "What If: Hypotheses With One Left-Out Parameter Freed (Exploratory)",
        pd.DataFrame(
            rows,
            columns=[
                "parameter", "mi", "sepc_all", "decision", "hypothesis", "std_before",
                "std_after", "change", "verdict",
            ],
        ),
        notes=Notes(
            "The structural model estimated again with the parameter free, one at a time; shown is "
            "the hypothesis whose standardised path moves most. The study's own model and verdicts "
            "stay as planned."
        ),
    )  # fmt: skip


def _labels(step: MeasurementStep) -> Mapping[str, str]:
    """Return what each construct is called in print."""
    labels = step.reliability["label"]
    return {str(name): str(label) for name, label in labels.items()}


def _with_pairs(frame: pd.DataFrame, step: MeasurementStep) -> pd.DataFrame:
    """Return a table of pairs with the two labels in one column."""
    names = _labels(step)
    shown = frame.reset_index(drop=True)
    ends = zip(shown["construct_a"], shown["construct_b"], strict=True)
    shown.insert(0, "pair", [f"{names[a]} – {names[b]}" for a, b in ends])
    return shown
