"""The tables of a multiverse, for terminal, notebook and report alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from trustsem import display
from trustsem.study.checks import KEEP
from trustsem.study.choices import TITLES
from trustsem.tables import Notes, Table
from trustsem.validity.wording import joined

if TYPE_CHECKING:
    from trustsem.study.multiverse_analysis import Multiverse

IN_THE_APPENDIX = ("multiverse-switches", "multiverse-specifications")
"""Names of the tables that a report prints at its end."""

_SHOWN_SPECIFICATIONS = 64
_WORDS = {"fiml": "FIML", "wishart": "Wishart", "with": "with", "without": "without"}
_WORDS_OF = {
    ("outliers", KEEP): "kept",
    ("outliers", "drop"): "dropped",
    ("weak_items", KEEP): "kept",
    ("weak_items", "drop"): "dropped",
    ("items", KEEP): "all",
    ("method_factor", "with"): "equal loadings",
    ("method_factor", "free"): "free loadings",
}
_SHARE = display.BOUNDED
_ALL = "Mean"


def choice_words(
    choices: Mapping[str, Sequence[str]],
) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Return what choices, and their values, are called in print.

    Parameters
    ----------
    choices : mapping of str to sequence of str
        Every choice with its values.
    """
    titles = {name: TITLES[name] for name in choices}
    words = {
        (name, value): _WORDS_OF.get((name, value), _WORDS.get(value, value))
        for name, values in choices.items()
        for value in values
    }
    return titles, words


def multiverse_tables(found: Multiverse, labels: Mapping[str, str]) -> Iterator[Table]:
    """Yield the tables of a multiverse, those without rows left out.

    Parameters
    ----------
    found : Multiverse
        What was found.
    labels : mapping of str to str
        Construct to the name that readers see.
    """
    yield _agreement(found, labels)
    if len(found.drivers):
        yield _matrix(
            found, "eta_squared", "multiverse-drivers",
            "Share of the Spread of Estimates That Each Choice Accounts For",
            "Eta squared of the main effect of each choice on the standardised estimates of the "
            "admissible specifications.",
        )  # fmt: skip
        yield _matrix(
            found, "flips", "multiverse-flips", "Share of Verdicts That Each Choice Turns",
            "Of the pairs of admissible specifications that differ in this choice alone, the share "
            "with two verdicts.",
        )  # fmt: skip
    if len(found.weak_items):
        yield _weak_items(found, labels)
    if len(found.switches):
        yield _switches(found)
    yield _specifications(found)


def _agreement(found: Multiverse, labels: Mapping[str, str]) -> Table:
    frame = found.agreement.copy()
    frame["path"] = [_arrows(path, labels) for path in frame["path"]]
    frame["matters_most"] = [TITLES.get(name, "") for name in frame["matters_most"]]
    number = len(found.specifications)
    return Table(
        "multiverse-agreement",
        "Agreement of the Specifications With the Verdicts of the Study",
        frame,
        show=(
            "hypothesis", "path", "supported", "n_specifications", "n_agree", "share_agree",
            "share_supported", "std_own", "std_median", "std", "sign_changes", "matters_most",
        ),
        columns={
            "n_specifications": display.Column("Admissible", display.COUNT),
            "n_agree": display.Column("Agree", display.COUNT),
            "share_agree": display.Column("Share", _SHARE),
            "share_supported": display.Column("Share supported", _SHARE),
            "std_own": display.Column("β", display.BOUNDED),
            "std_median": display.Column("Median β", display.BOUNDED),
            "std": display.Column("Range of β", display.BOUNDED),
            "sign_changes": display.Column("Other sign", display.COUNT),
            "matters_most": display.Column("Matters most", display.TEXT),
        },
        notes=Notes(
            f"{number} combinations of {_listed_choices(found)}; {found.n_admissible} admissible. "
            "Supported and β: by the study's own choices. Share: admissible specifications with "
            "the same verdict. Matters most: the choice whose switch turns most verdicts, "
            "without any the one that moves the estimates most (Steegen et al., 2016). The "
            "specifications share their data: shares describe, they are no tests."
        ),
    )  # fmt: skip


def _listed_choices(found: Multiverse) -> str:
    """Return the choices with their values, for a note."""
    titles, words = choice_words(found.choices)
    parts = [
        f"{titles[name].lower()} ({', '.join(words[name, value] for value in values)})"
        for name, values in found.choices.items()
    ]
    return joined(parts) or "nothing"


def _matrix(found: Multiverse, column: str, name: str, title: str, note: str) -> Table:
    """Return a row per hypothesis and a column per choice, the largest of a row in bold."""
    wide = pd.crosstab(
        found.drivers["hypothesis"], found.drivers["choice"], found.drivers[column], aggfunc="first"
    )
    choices = [choice for choice in found.choices if choice in wide.columns]
    order = list(dict.fromkeys(found.drivers["hypothesis"]))
    frame = wide.reindex(index=order, columns=choices).rename_axis(columns=None)
    means = found.overall.set_index("choice")[column].reindex(choices)
    frame = pd.concat([frame, means.to_frame(_ALL).T])
    frame = frame.rename_axis("hypothesis").reset_index()
    marked = found.drivers[found.drivers["matters_most"].astype(bool)]
    strong = {(order.index(row.hypothesis), str(row.choice)) for row in marked.itertuples()}
    if found.matters_most:
        strong.add((len(order), found.matters_most))
    return Table(
        name,
        title,
        frame,
        columns={choice: display.Column(TITLES[choice], _SHARE) for choice in choices},
        strong=frozenset(strong),
        notes=Notes(f"{note} Bold: the choice that matters most."),
    )


def _weak_items(found: Multiverse, labels: Mapping[str, str]) -> Table:
    frame = found.weak_items.copy()
    frame["construct"] = [labels.get(name, name) for name in frame["construct"]]
    return Table(
        "multiverse-weak-items",
        "Weak Items",
        frame,
        columns={
            "std_all": display.Column("Loading", display.BOUNDED),
            "dropped": display.Column("Dropped", display.FLAG),
        },
        notes=Notes(
            "Standardised loadings of the study's own measurement model. All weak items are "
            "dropped together; a construct keeps at least two items."
        ),
    )


def _switches(found: Multiverse) -> Table:
    _, words = choice_words(found.choices)
    frame = found.switches.copy()
    for column in ("own", "value"):
        frame[column] = [
            words[choice, value]
            for choice, value in zip(frame["choice"], found.switches[column], strict=True)
        ]
    frame["choice"] = [TITLES[name] for name in frame["choice"]]
    return Table(
        "multiverse-switches",
        "What Switching One Choice Does to the Estimates",
        frame,
        columns={
            "choice": display.Column("Choice", display.TEXT),
            "own": display.Column("From", display.TEXT),
            "value": display.Column("To", display.TEXT),
            "n_pairs": display.Column("Pairs", display.COUNT),
            "mean_change": display.Column("Mean change of β", display.BOUNDED),
            "flips": display.Column("Verdicts turned", _SHARE),
        },
        notes=Notes(
            "Over the pairs of admissible specifications that differ in this choice alone."
        ),
    )


def _specifications(found: Multiverse) -> Table:
    titles, words = choice_words(found.choices)
    frame = found.specifications.copy()
    for name in found.choices:
        frame[name] = [words[name, value] for value in frame[name]]
    counted = found.estimates[found.estimates["counted"]]
    supported = counted.groupby("specification")["supported"].sum()
    frame["supported"] = frame["specification"].map(supported).astype(float)
    letters, reasons = _reasons(found)
    marks = {
        (row, "status"): letters[reason]
        for row, reason in enumerate(frame["reason"])
        if reason in letters
    }
    return Table(
        "multiverse-specifications",
        "All Specifications",
        frame,
        show=(
            "specification", *found.choices, "status", "n_items", "n_obs", "chisq", "df", "cfi",
            "rmsea", "srmr", "supported",
        ),
        columns={
            "specification": display.Column("No.", display.COUNT),
            **{name: display.Column(title, display.TEXT) for name, title in titles.items()},
            "status": display.Column("Solution", display.TEXT),
            "n_obs": display.Column("N", display.COUNT, "<i>N</i>"),
            "supported": display.Column("Supported", display.COUNT),
        },
        marks=marks,
        limit=_SHOWN_SPECIFICATIONS,
        notes=Notes(
            "Specification 1 makes the study's own choices. Fit of the structural model; "
            "Supported: number of hypotheses.",
            reasons,
        ),
    )  # fmt: skip


def _reasons(found: Multiverse) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the letters of the reasons why specifications do not count, and the reasons."""
    shown = found.specifications.head(_SHOWN_SPECIFICATIONS)
    known = [reason for reason in dict.fromkeys(shown["reason"]) if reason]
    known = known[: len(_LETTERS)]
    return dict(zip(known, _LETTERS, strict=False)), tuple(known)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _arrows(path: str, labels: Mapping[str, str]) -> str:
    """Return a path with labels and arrows."""
    return " → ".join(labels.get(name, name) for name in path.split(" -> "))
