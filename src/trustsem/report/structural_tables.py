"""The tables of step two beyond hypotheses and fit: sequence, effects, loadings, second order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trustsem import display
from trustsem.report.study_tables import labels, require_structural
from trustsem.tables import Notes, Table
from trustsem.validity.sequence import TESTS, TREE
from trustsem.validity.wording import counted, labelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.study import StudyResult

_B_INTERVAL = display.Column("95% CI (b)", display.ESTIMATE, "95% CI (<i>b</i>)")
_DELTA = "Standard errors by the delta method (Sobel, 1982), also of standardised effects."


def model_sequence(result: StudyResult) -> Table:
    """Tabulate the five nested models and the further rivals."""
    step = require_structural(result)
    who = step.comparison.who()
    held = set(who["rival"]) - {""}
    frame = step.sequence[~step.sequence["model"].isin(held)].reset_index(drop=True)
    described = [f"{row['model']} = {row['description']}." for _, row in who.iterrows()]
    others = [
        f"{name} = {rival.label}." for name, rival in result.study.rivals.items()
        if name not in held and rival.label
    ]  # fmt: skip
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


def sequential_tests(result: StudyResult) -> Table:
    """Tabulate the chi-square differences of the decision tree, in the order of the branch."""
    step = require_structural(result)
    decision = step.decision
    frame = decision.to_frame()
    frame["difference"] = [name.replace("-", display.MINUS) for name in frame["test"]]
    frame["question"] = [_QUESTIONS[name] for name in frame["test"]]
    frame["answer"] = [
        decision.answer(place) or "the models coincide"
        for place in decision.branch
        if TREE[place].test in decision.tests
    ]
    overall = display.bounded(decision.overall_level, 3)
    return Table(
        "sequential-tests",
        "Sequential Chi-Square Difference Tests",
        frame,
        show=("difference", "question", "chisq_diff", "df_diff", "pvalue_diff", "answer"),
        columns={"difference": display.COLUMNS["test"]},
        notes=Notes(
            f"Each test at α = {display.bounded(decision.level, 2)}; overall α = {overall} of "
            f"{counted(decision.n_tests, 'test', 'tests')} "
            "(1 − (1 − α)ᵏ; sequential differences are asymptotically independent, Steiger et "
            f"al., 1985). Decision: {_DECISIONS[decision.outcome]}."
        ),
    )


_QUESTIONS: Mapping[str, str] = dict(
    zip(
        TESTS,
        (
            "Does the theory explain the relations of the constructs?",
            "Does a simpler theory explain them as well?",
            "Does a freer theory explain them better?",
            "Does the freer theory explain them?",
        ),
        strict=True,
    )
)
_DECISIONS = {
    "Mt": "the theory (Mt) is accepted",
    "Mc": "the constrained alternative (Mc) is accepted",
    "Mu": "the unconstrained alternative (Mu) is accepted",
    "respecify": "no model of the sequence is accepted; what follows is exploratory",
    "undecided": "none, since a model of the sequence has no solution",
}


def confounding(result: StudyResult) -> Table:
    """Tabulate the loadings before and after the structure was imposed."""
    step = require_structural(result)
    names = labels(result)
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
            f"{display.bounded(result.study.thresholds.loading_change, 2)} counts as small here."
        ),
    )


def chains(result: StudyResult) -> Table:
    """Tabulate every specific indirect effect."""
    step, names = require_structural(result), labels(result)
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


def named_effects(result: StudyResult) -> Table:
    """Tabulate the effects that the study names."""
    frame = require_structural(result).named_effects.copy()
    names = labels(result)
    frame["path"] = [_arrows(path, names) for path in frame["path"]]
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


def second_order(result: StudyResult) -> Table:
    """Tabulate the loadings of the parts of second-order constructs."""
    step, names = require_structural(result), labels(result)
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
