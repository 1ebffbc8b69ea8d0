"""The tables of screening for terminal, notebook and report; nothing is counted here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem import display
from trustsem.survey.codebook import code_text
from trustsem.survey.respondents import OUTLIER_P
from trustsem.tables import Notes, Table

if TYPE_CHECKING:
    from trustsem.survey.screening import Screening

_BLANK_COUNT = replace(display.COUNT, missing="")
_PERCENT = display.Format("percent", 1)
_BLANK_PERCENT = display.Format("percent", 1, "")
_WHOLE_PERCENT = display.Format("percent", 0, "")
_BLANK_TWO = replace(display.TWO, missing="")
_BLANK_P = replace(display.P, missing="")
_BLANK_SHARE = replace(display.BOUNDED, decimals=2, missing="")
_SHORT = display.Format("general", 4, "")
_MOST_ANSWERS = 12
_SHOWN_PATTERNS = 10
_SHOWN_CASES = 20
_MISSING_NAMED = 6
_MARDIA = {
    "skewness": "Multivariate skewness b1p (Mardia)",
    "kurtosis": "Multivariate kurtosis b2p (Mardia)",
}
_KINDS = {"construct": "Constructs (means of their items)", "item": "Items"}


def screening_tables(
    screening: Screening, names: Mapping[str, str], *, more: bool = True
) -> list[Table]:
    """Return all tables of screening but sample flow and item statistics.

    Parameters
    ----------
    screening : Screening
        What was found in the answers.
    names : mapping of str to str
        What each construct is called in print.
    more : bool
        Also the tables that hold a row or more per item: answers, normality of items.

    Returns
    -------
    list of Table
        In the order of a report, those without rows left out.
    """
    tables = [
        respondent_profile(screening),
        answer_frequencies(screening, names) if more else None,
        missing_answers(screening, names),
        missing_patterns(screening),
        distribution_tests(screening),
        item_normality(screening) if more else None,
        flagged_cases(screening),
        waves(screening, names),
    ]
    return [table for table in tables if table is not None and len(table.frame)]


def respondent_profile(screening: Screening) -> Table:
    """Tabulate who answered: levels of each profile variable."""
    frame = screening.profile.copy()
    labels, levels = frame["label"].astype(str), frame["level"].astype(str)
    frame["level"] = labels.where(labels != "", levels)
    return Table(
        "profile",
        "Respondent Profile",
        frame,
        show=("level", "n", "percent"),
        columns={"percent": display.Column("%", _BLANK_PERCENT)},
        group_by="variable",
        notes=Notes("Percentages of the answers given."),
    )


def answer_frequencies(screening: Screening, names: Mapping[str, str]) -> Table:
    """Tabulate how often, in percent, each answer to each rated item was given."""
    long = screening.answers
    codes = sorted(set(long["answer"]))
    shown = long if len(codes) <= _MOST_ANSWERS else long.iloc[:0]
    wide = shown.pivot_table(index="item", columns="answer", values="percent", sort=False)
    headers = {code: code_text(code) for code in codes}
    frame = wide.rename(columns=headers).reset_index()
    frame.columns.name = None
    owner = dict(zip(long["item"], long["construct"], strict=True))
    frame["construct"] = [names.get(owner[item], owner[item]) for item in frame["item"]]
    present = [headers[code] for code in codes if headers[code] in frame]
    return Table(
        "answers",
        "Answers in Percent",
        frame,
        show=("item", *present),
        columns={name: display.Column(name, _WHOLE_PERCENT) for name in present},
        group_by="construct",
        notes=Notes(_answer_labels(long)),
    )


def _answer_labels(long: pd.DataFrame) -> str:
    """Say what the codes mean where all items agree on it."""
    meanings: dict[str, set[str]] = {}
    for code, label in zip(long["answer"], long["label"], strict=True):
        meanings.setdefault(code_text(code), set()).add(str(label))
    agreed = [
        f"{code} = {next(iter(labels))}"
        for code, labels in meanings.items()
        if len(labels) == 1 and "" not in labels
    ]
    direction = "Items in the direction in which they enter the analysis."
    return f"{direction} {'; '.join(agreed)}." if agreed else direction


def missing_answers(screening: Screening, names: Mapping[str, str]) -> Table:
    """Tabulate missing answers by item and declared reason."""
    long = screening.reasons
    wide = long.pivot_table(index="item", columns="reason", values="n", aggfunc="sum", sort=False)
    reasons = [str(name) for name in wide.columns]
    frame = wide.reset_index()
    frame.columns.name = None
    frame["total"] = wide.sum(axis=1).to_numpy()
    shares = long.groupby("item", sort=False)["percent"].sum()
    frame["percent"] = shares.reindex(frame["item"]).to_numpy(dtype=float)
    owner = dict(zip(long["item"], long["construct"], strict=True))
    frame["construct"] = [names.get(owner[item], owner[item]) for item in frame["item"]]
    return Table(
        "missing-answers",
        "Missing Answers by Item and Reason",
        frame,
        show=("item", *reasons, "total", "percent"),
        columns={
            **{name: display.Column(name, _BLANK_COUNT) for name in reasons},
            "total": display.Column("Total", display.COUNT),
            "percent": display.Column("% of cases", _PERCENT),
        },
        group_by="construct",
        notes=Notes("Items without missing answers are not listed."),
    )


def missing_patterns(screening: Screening) -> Table:
    """Tabulate the patterns of missing answers, the most frequent first."""
    patterns = screening.patterns
    items = [name for name in patterns.columns if name not in ("n", "percent")]
    rows = [_pattern(row, items) for row in patterns[items].to_numpy(dtype=bool)]
    frame = pd.DataFrame(rows, columns=["n_missing", "missing_items"])
    frame.insert(0, "n", patterns["n"].to_numpy())
    frame.insert(1, "percent", patterns["percent"].to_numpy())
    incomplete = bool(patterns[items].to_numpy(dtype=bool).any()) if items else False
    return Table(
        "missing-patterns",
        "Patterns of Missing Answers",
        frame if incomplete else frame.iloc[:0],
        show=("missing_items", "n_missing", "n", "percent"),
        columns={
            "missing_items": display.Column("Missing", display.TEXT),
            "n_missing": display.Column("Items", display.COUNT),
            "percent": display.Column("% of cases", _PERCENT),
        },
        limit=_SHOWN_PATTERNS,
    )


def _pattern(row: np.ndarray, items: list[str]) -> tuple[int, str]:
    """Return how many items a pattern lacks, and which."""
    lacking = [name for name, gap in zip(items, row, strict=True) if gap]
    if not lacking:
        return 0, "none"
    rest = len(lacking) - _MISSING_NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return len(lacking), ", ".join(lacking[:_MISSING_NAMED]) + more


def distribution_tests(screening: Screening) -> Table:
    """Tabulate Little's test and Mardia's tests."""
    overall = screening.normality[screening.normality["subject"] == "all items"]
    little = "Missing completely at random (Little)"
    rows: list[tuple[object, ...]] = [
        (little, np.nan, test.chisq, "χ²", test.df, test.pvalue, test.n)
        for test in screening.mcar.itertuples()
    ]
    rows += [
        (_MARDIA[str(test.measure)], test.value, test.statistic, kind, test.df, test.pvalue, test.n)
        for test, kind in zip(overall.itertuples(), ("χ²", "z"), strict=False)
    ]
    columns = ["test", "value", "statistic", "kind", "df", "pvalue", "n"]
    frame = pd.DataFrame(rows, columns=columns)
    reasons = [reason for reason in screening.mcar["reason"] if reason]
    note = "Small probabilities speak against the assumption named. S has divisor n − 1."
    return Table(
        "distribution-tests",
        "Tests of Missingness and Normality",
        frame,
        show=("test", "value", "kind", "statistic", "df", "pvalue", "n"),
        columns={
            "value": display.Column("Value", _BLANK_TWO),
            "kind": display.Column("Statistic", display.TEXT),
            "statistic": display.Column("", _BLANK_TWO),
            "df": display.Column("df", _BLANK_COUNT, "<i>df</i>"),
            "pvalue": display.Column("p", _BLANK_P, "<i>p</i>"),
        },
        notes=Notes(" ".join([note, *(f"Little's test: {reason}" for reason in reasons)])),
    )


def item_normality(screening: Screening) -> Table:
    """Tabulate skewness and excess kurtosis of each item with their tests."""
    long = screening.normality[screening.normality["subject"] != "all items"]
    parts = {
        name: long[long["measure"] == name].set_index("subject")
        for name in ("skewness", "kurtosis")
    }
    frame = pd.DataFrame({"item": list(parts["skewness"].index)})
    for name, rows in parts.items():
        for column in ("value", "statistic", "pvalue"):
            frame[f"{name}_{column}"] = rows[column].to_numpy(dtype=float)
    z, p = ("<i>z</i>", "<i>p</i>")
    return Table(
        "item-normality",
        "Skewness and Kurtosis of the Items",
        frame,
        columns={
            "skewness_value": display.Column("Skew", display.TWO),
            "skewness_statistic": display.Column("z", display.TWO, z),
            "skewness_pvalue": display.Column("p", display.P, p),
            "kurtosis_value": display.Column("Kurtosis", display.TWO),
            "kurtosis_statistic": display.Column("z", display.TWO, z),
            "kurtosis_pvalue": display.Column("p", display.P, p),
        },
        notes=Notes(
            "Population skewness and excess kurtosis; z by D'Agostino (1970) and by Anscombe and "
            "Glynn (1983). No test with fewer than 8 and 20 answers."
        ),
    )


def flagged_cases(screening: Screening) -> Table:
    """Tabulate the cases that an index flags, with the indices that say something."""
    frame = screening.cases.copy()
    weight = frame["flags"].str.count(",").add(frame["flags"] != "")
    frame = frame.iloc[np.argsort(-weight.to_numpy(), kind="stable")].reset_index(drop=True)
    optional = [
        name
        for name in ("even_odd", "d2", "d2_pvalue", "duration", "duplicate_of")
        if name in frame and frame[name].notna().any()
    ]
    failed = ["attention_failed"] if _any(frame, "attention_failed") else []
    dropped = ["dropped"] if (frame["dropped"] != "").any() else []
    if "missing" in frame:
        frame["missing"] = 100 * frame["missing"]
    show = ["case", *(["id"] if "id" in frame else []), "flags", "missing", "longstring",
            "straightlined", "irv", *optional, *failed, *dropped]  # fmt: skip
    return Table(
        "flagged-cases",
        "Flagged Cases",
        frame,
        show=tuple(show) if len(frame) else ("case",),
        columns={
            "case": display.Column("Case", display.COUNT),
            "id": display.Column("Id", display.TEXT),
            "flags": display.Column("Flagged for", display.TEXT),
            "missing": display.Column("Missing %", _WHOLE_PERCENT),
            "longstring": display.Column("String", display.COUNT),
            "straightlined": display.Column("Straight", display.COUNT),
            "irv": display.Column("IRV", _BLANK_TWO),
            "even_odd": display.Column(
                "Even-odd", replace(display.BOUNDED, decimals=2, missing="")
            ),
            "d2": display.Column("D²", _BLANK_TWO, "<i>D</i>²"),
            "d2_pvalue": display.Column("p", _BLANK_P, "<i>p</i>"),
            "duration": display.Column("Duration", _SHORT),
            "duplicate_of": display.Column("Like case", _BLANK_COUNT),
            "attention_failed": display.Column("Checks failed", display.COUNT),
            "dropped": display.Column("Dropped by", display.TEXT),
        },
        limit=_SHOWN_CASES,
        notes=Notes(_case_note(optional, dropped)),
    )


def _any(frame: pd.DataFrame, name: str) -> bool:
    return name in frame and bool((frame[name] > 0).any())


def _case_note(optional: list[str], dropped: list[str]) -> str:
    indices = (
        "Case = row of the data. String = longest run of equal answers (Johnson, 2005); straight = "
        "constructs answered alike throughout; both before items were turned. IRV = standard "
        "deviation of the answers of a case (Dunn et al., 2018)."
    )
    sentences = [indices]
    if "even_odd" in optional:
        sentences.append(
            "Even-odd = consistency of half scales (Meade & Craig, 2012). IRV and even-odd have no "
            "accepted cut-off and flag nobody."
        )
    if "d2" in optional:
        limit = f"{OUTLIER_P:g}".removeprefix("0")
        sentences.append(f"D² = squared Mahalanobis distance, flagged at p < {limit}.")
    sentences.append(
        "One index is weak evidence: long strings and low variability hardly tell careless "
        "respondents from others (Goldammer et al., 2024)."
    )
    if not dropped:
        sentences.append("No case is dropped without a rule of the study.")
    return " ".join(sentences)


def waves(screening: Screening, names: Mapping[str, str]) -> Table:
    """Tabulate early against late respondents."""
    frame = screening.waves.copy()
    frame["subject"] = [names.get(str(name), str(name)) for name in frame["subject"]]
    return Table(
        "waves",
        "Early and Late Respondents",
        frame,
        show=("subject", "n_early", "n_late", "mean_early", "mean_late", "t", "df", "pvalue",
              "pvalue_holm", "d"),
        columns={
            "subject": display.Column("Construct or item", display.TEXT),
            "n_early": display.Column("n early", display.COUNT, "<i>n</i> early"),
            "n_late": display.Column("n late", display.COUNT, "<i>n</i> late"),
            "mean_early": display.Column("M early", display.TWO, "<i>M</i> early"),
            "mean_late": display.Column("M late", display.TWO, "<i>M</i> late"),
            "t": display.Column("t", display.TWO, "<i>t</i>"),
            "df": display.Column("df", display.Format("number", 1), "<i>df</i>"),
            "d": display.Column("d", display.TWO, "<i>d</i>"),
        },
        group_by="kind",
        group_titles=_KINDS,
        notes=Notes(
            "Welch's t-tests, two-sided (Armstrong & Overton, 1977); probabilities adjusted by "
            "Holm within constructs and within items. d = difference (late − early) in pooled "
            "standard deviations."
        ),
    )  # fmt: skip
