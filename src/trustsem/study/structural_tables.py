"""The tables of step two for terminal, notebook and report; nothing is estimated here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem import display
from trustsem.study.resampled_tables import TITLES
from trustsem.tables import Notes, Table
from trustsem.validity.wording import labelled

if TYPE_CHECKING:
    from trustsem.study.resampled import Resampled
    from trustsem.study.sequence import ModelSequence
    from trustsem.study.structural import StructuralStep

_B_INTERVAL = display.Column("95% CI (b)", display.ESTIMATE, "95% CI (<i>b</i>)")
_DELTA = "Standard errors by the delta method (Sobel, 1982), also of standardised effects."


def structural_tables(step: StructuralStep) -> list[Table]:
    """Return all tables of step two, those without rows left out.

    Parameters
    ----------
    step : StructuralStep
        Step two.
    """
    tables = [
        hypotheses(step),
        explained_variance(step),
        effects(step),
        chains(step),
        named_effects(step),
        second_order(step),
        model_sequence(step.comparison),
        sequential_tests(step),
        confounding(step),
    ]
    return [table for table in tables if len(table.frame)]


def hypotheses(step: StructuralStep, resampled: Resampled | None = None) -> Table:
    """Tabulate every hypothesis with its test and verdict.

    Parameters
    ----------
    step : StructuralStep
        Step two.
    resampled : Resampled, optional
        A bootstrap, whose intervals of β then take the place of those of b.
    """
    frame = step.hypotheses.copy()
    bootstrap = "" if resampled is None else _with_bootstrap_intervals(resampled, frame)
    frame["path"] = [_arrows(path, step.labels) for path in frame["path"]]
    tails = sorted({int(value) for value in frame["tails"].dropna()})
    sided = " and ".join({1: "one-tailed", 2: "two-tailed"}[value] for value in tails)
    supported = frame["supported"].to_numpy(dtype=bool)
    reasons = " ".join(_not_supported(frame[~supported]))
    fit = display.fit_line(step.model.fit_measures, step.model.n_obs, "typeset")
    return Table(
        "hypotheses",
        "Hypotheses",
        frame,
        show=(
            "hypothesis", "path", "sign", "std_all", *(["boot_ci"] if bootstrap else []), "est",
            "se", *([] if bootstrap else ["ci"]), "z", "pvalue", "supported",
        ),
        columns={"ci": _B_INTERVAL, "boot_ci": display.Column("95% CI (β)", display.BOUNDED)},
        marks={(int(row), "supported"): "a" for row in np.flatnonzero(~supported) if reasons},
        notes=Notes(
            f"{fit}. β = standardised path, or product of the paths of a chain. {bootstrap}"
            f"Supported: the expected sign and "
            f"p < {display.bounded(step.thresholds.significance, 2)} "
            f"({sided or 'two-tailed'}).",
            (reasons,) if reasons else (),
        ),
    )  # fmt: skip


def _with_bootstrap_intervals(resampled: Resampled, frame: pd.DataFrame) -> str:
    """Add the bootstrap intervals of β to the frame and say which they are."""
    if frame.empty:
        return ""
    found = resampled.hypotheses.set_index("hypothesis").loc[frame["hypothesis"]]
    kind = resampled.method
    for end in ("lower", "upper"):
        frame[f"boot_ci_{end}"] = found[f"std_{kind}_ci_{end}"].to_numpy()
    return f"95% CI = {TITLES[kind]} bootstrap interval of β, {resampled.measurement.n} resamples. "


def _not_supported(frame: pd.DataFrame) -> Iterable[str]:
    """Yield one sentence for each hypothesis that has a reason."""
    for name, reason in zip(frame["hypothesis"], frame["reason"], strict=True):
        if isinstance(reason, str) and reason:
            yield f"{name}: {reason.rstrip('.')}."


def explained_variance(step: StructuralStep) -> Table:
    """Tabulate R2 of every outcome construct."""
    outcomes = [step.labels.get(str(name), str(name)) for name in step.r2.index]
    frame = pd.DataFrame({"outcome": outcomes, "r2": step.r2.to_numpy()})
    return Table("explained-variance", "Explained Variance of the Outcomes", frame)


def effects(step: StructuralStep) -> Table:
    """Tabulate direct, indirect and total effects."""
    frame = step.effects.reset_index(drop=True)
    for column in ("predictor", "outcome"):
        frame[column] = [step.labels.get(str(name), str(name)) for name in frame[column]]
    return Table(
        "effects",
        "Direct, Indirect and Total Effects",
        frame,
        show=("predictor", "kind", "std", "std_se", "est", "se", "ci", "z", "pvalue"),
        columns={"ci": _B_INTERVAL},
        group_by="outcome",
        group_titles={name: f"On {name}" for name in set(frame["outcome"])},
        notes=Notes(
            "Standard errors of indirect and total effects by the delta method (Sobel, 1982), also "
            "of standardised ones. β = standardised effect."
        ),
    )


def model_sequence(comparison: ModelSequence) -> Table:
    """Tabulate the five nested models and the further rivals."""
    who = comparison.who()
    held = set(who["rival"]) - {""}
    frame = comparison.table[~comparison.table["model"].isin(held)].reset_index(drop=True)
    described = [f"{row['model']} = {row['description']}." for _, row in who.iterrows()]
    others = [
        f"{name} = {label}."
        for name, label in comparison.rival_labels.items()
        if name not in held and label
    ]
    words = " ".join([*described, *others]).replace("->", "→")
    return Table(
        "models",
        "Sequence of Nested Models",
        frame,
        show=(
            "model", "chisq", "df", "pvalue", "cfi", "rmsea", "rmsea_ci", "srmr", "bic",
            "compared_with", "chisq_diff", "df_diff", "pvalue_diff",
        ),
        columns={
            "bic": display.Column("BIC", display.Format("number", 0)),
        },
        notes=Notes(
            f"{words} Differences are against the model named, where "
            "nesting was verified numerically (Anderson & Gerbing, 1988; Bentler & Satorra, 2010)."
        ),
    )  # fmt: skip


def sequential_tests(step: StructuralStep) -> Table:
    """Tabulate the chi-square differences of the decision tree, in the order of the branch."""
    return step.decision.to_table()


def confounding(step: StructuralStep) -> Table:
    """Tabulate the loadings before and after the structure was imposed."""
    names = step.labels
    frame = step.confounding.copy()
    frame["construct"] = [names.get(name, name) for name in frame["construct"]]
    changes = frame["std_change"].abs()
    largest = frozenset(
        {(int(np.nanargmax(changes.to_numpy())), "std_change")} if changes.notna().any() else ()
    )
    raw = ("est_before", "est_after", "est_change") if frame["est_change"].notna().any() else ()
    return Table(
        "confounding",
        "Loadings Before and After the Structure Was Imposed",
        frame,
        show=("item", "std_before", "std_after", "std_change", *raw),
        columns={
            "std_before": display.Column("λ, step one", display.BOUNDED),
            "std_after": display.Column("λ, step two", display.BOUNDED),
            "std_change": display.Column("Change of λ", display.BOUNDED),
            "est_before": display.Column("Loading, step one", display.ESTIMATE),
            "est_after": display.Column("Loading, step two", display.ESTIMATE),
            "est_change": display.Column("Change", display.ESTIMATE),
        },
        group_by="construct",
        strong=largest,
        notes=Notes(
            "Interpretational confounding (Burt, 1976): loadings that change show that a construct "
            "takes its meaning from the structure. Bold: the largest change; up to "
            f"{display.bounded(step.thresholds.loading_change, 2)} counts as small here."
        ),
    )


def chains(step: StructuralStep) -> Table:
    """Tabulate every specific indirect effect."""
    names = step.labels
    frame = step.chains.copy()
    frame["path"] = [_arrows(chain, names) for chain in frame["chain"]]
    frame["outcome"] = [names.get(name, name) for name in frame["outcome"]]
    return Table(
        "chains",
        "Specific Indirect Effects",
        frame,
        show=("path", "std", "std_se", "est", "se", "ci", "z", "pvalue"),
        columns={"ci": _B_INTERVAL, "path": display.Column("Chain", display.TEXT)},
        group_by="outcome",
        group_titles={name: f"On {name}" for name in set(frame["outcome"])},
        notes=Notes(f"Products of the paths along one chain. {_DELTA}"),
    )


def named_effects(step: StructuralStep) -> Table:
    """Tabulate the effects that the study names."""
    frame = step.named_effects.copy()
    frame["path"] = [_arrows(path, step.labels) for path in frame["path"]]
    frame["effect"] = [
        text or name for name, text in zip(frame["effect"], frame["text"], strict=True)
    ]
    return Table(
        "named-effects",
        "Effects Named by the Study",
        frame,
        show=("effect", "path", "kind", "std", "std_se", "est", "se", "ci", "z", "pvalue"),
        columns={"ci": _B_INTERVAL, "kind": display.Column("Kind", display.TEXT)},
        notes=Notes(_DELTA),
    )


def second_order(step: StructuralStep) -> Table:
    """Tabulate the loadings of the parts of second-order constructs."""
    names = step.labels
    frame = step.second_order.copy()
    titles = {}
    for name, row in step.second_order_reliability.iterrows():
        shown = ", ".join(
            f"{header} = {display.BOUNDED.text(row[key])}"
            for key, header in _SECOND_ORDER_INDICES.items()
        )
        titles[names[str(name)]] = f"{names[str(name)]} ({shown})"
    for column in ("construct", "part"):
        frame[column] = [names.get(name, name) for name in frame[column]]
    markers = np.flatnonzero(~(frame["se"] > 0).to_numpy())
    frame.loc[markers, ["se", "ci_lower", "ci_upper"]] = np.nan
    return Table(
        "second-order",
        "Constructs of Second Order",
        frame,
        show=("part", "std_all", "std_all_se", "est", "se", "ci", "z", "pvalue", "r2"),
        columns={
            "part": display.Column("Part", display.TEXT),
            "std_all": display.Column("λ", display.BOUNDED),
            "std_all_se": display.Column("SE(λ)", display.BOUNDED, "<i>SE</i>(λ)"),
            "est": display.Column("Loading", display.ESTIMATE),
        },
        group_by="construct",
        group_titles=titles,
        marks={(int(row), "est"): "a" for row in markers},
        notes=Notes(
            "From the saturated structure (Ms). CR and AVE after Fornell and Larcker (1981) with "
            "the parts in the place of items; ω = share of the sum of all items that is due to "
            "the construct of second order.",
            ("Fixed to 1 to set the scale of the construct; no test exists.",)
            if len(markers)
            else (),
        ),
    )


_SECOND_ORDER_INDICES = {"cr": "CR", "ave": "AVE", "omega_l1": "ω"}


def _arrows(chain: str, names: Mapping[str, str]) -> str:
    """Return a chain with labels and arrows as they are printed."""
    return labelled(chain, names).replace("->", "→")
