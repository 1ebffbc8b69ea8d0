"""A first study file for a survey, from the names and labels of its variables.

Items whose names share a stem before their number (``bt1``, ``bt2``, ...) are proposed as one
construct; their wordings stand beside them as comments. It is a start for an editor, not a theory.
"""

from __future__ import annotations

import json
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from trustsem.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustsem.survey import Survey

_NUMBERED = re.compile(r"(?P<stem>.*?[^\d])_?(?P<number>\d+)")
_FEWEST_ITEMS = 2
_MOST_ANSWERS = 11
_LONGEST_COMMENT = 90


def proposed_study(survey: Survey, path: Path, folder: Path) -> str:
    """Return the text of a study file.

    Parameters
    ----------
    survey : Survey
        The survey as read.
    path : Path
        Where it was read from.
    folder : Path
        Where the study file will be; the data path is written relative to it.

    Returns
    -------
    str
        TOML with comments. It is valid as it stands, if any construct is found.
    """
    groups = item_groups(survey)
    relative = Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    lines = [
        f"# Proposed from {_comment(path.name)} ({survey.n_cases} cases).",
        "# Constructs are guessed from the names of the items; check every line.",
        "schema = 1",
        f"title = {_text(f'Study of {path.stem}')}",
        "",
        "[data]",
        f"path = {_text(relative)}",
        "# missing = [99]            # codes on top of those that the file declares",
        *_scale(survey, [name for group in groups.values() for name in group]),
        "",
    ]
    for stem, items in groups.items():
        lines += [*_construct(survey, stem, items), ""]
    lines += _hypotheses(list(groups))
    rest = [name for name in survey.codebook if all(name not in group for group in groups.values())]
    if rest:
        lines += ["", "# Variables in no construct:"]
        lines += [f"#   {_described(survey, name)}" for name in rest]
    return "\n".join(lines) + "\n"


def item_groups(survey: Survey) -> dict[str, list[str]]:
    """Return numeric items by the stem of their names, groups of two or more, in file order."""
    groups: dict[str, list[str]] = {}
    numeric = set(survey.frame.select_dtypes("number").columns)
    for name in survey.codebook:
        match = _NUMBERED.fullmatch(name)
        if match and name in numeric and _is_rating(survey, name):
            groups.setdefault(match["stem"].rstrip("_."), []).append(name)
    return {stem: items for stem, items in groups.items() if len(items) >= _FEWEST_ITEMS}


def _is_rating(survey: Survey, name: str) -> bool:
    """Return whether a variable looks like answers on a rating scale."""
    answers = survey.frame[name].dropna()
    return 1 < answers.nunique() <= _MOST_ANSWERS or bool((answers % 1 != 0).any())


def _scale(survey: Survey, items: Sequence[str]) -> Iterator[str]:
    """Yield the line of the scale, where all items seem to share one."""
    labelled = [
        [code for code in survey.codebook[name].value_labels if isinstance(code, int | float)]
        for name in items
    ]
    ends = {
        (min(kept), max(kept))
        for name, codes in zip(items, labelled, strict=True)
        if (kept := [code for code in codes if code not in survey.codebook[name].missing_codes])
    }
    if len(ends) == 1:
        low, high = ends.pop()
        answers = survey.frame[list(items)]
        if answers.min().min() >= low and answers.max().max() <= high:
            yield f"scale = [{low:g}, {high:g}]"
            return
    yield "# scale = [1, 7]            # an answer outside is an error"


def _construct(survey: Survey, stem: str, items: Sequence[str]) -> Iterator[str]:
    yield f"[constructs.{_key(stem)}]"
    yield f"label = {_text(stem)}"
    yield "items = ["
    for name in items:
        yield f"  {_text(name)},".ljust(16) + f"# {_comment(survey.codebook[name].label)}".rstrip()
    yield "]"
    reverse = _against_the_rest(survey, items)
    if reverse:
        listed = ", ".join(_text(name) for name in reverse)
        yield f"# reverse = [{listed}]      # correlates negatively with the rest"


def _against_the_rest(survey: Survey, items: Sequence[str]) -> list[str]:
    """Return items that correlate negatively with most others of their group."""
    correlations = survey.frame[list(items)].corr()
    found = []
    for name in items:
        others = correlations.loc[name].drop(name)
        if (others < 0).sum() * 2 > len(others):
            found.append(name)
    return found if len(found) * 2 < len(items) else []


def _hypotheses(stems: Sequence[str]) -> Iterator[str]:
    yield "# Order here is the order in every table; the sign is + unless said otherwise."
    yield "# Without hypotheses only the measurement model is estimated."
    yield "# [hypotheses]"
    for number, (a, b) in enumerate(pairwise(stems), start=1):
        yield f'# H{number} = "{_key(a)} -> {_key(b)}"'


def _described(survey: Survey, name: str) -> str:
    label = survey.codebook[name].label
    return _comment(f"{name}: {label}" if label else name)


def _comment(text: str) -> str:
    return " ".join(printable(text).split())[:_LONGEST_COMMENT]


def _key(stem: str) -> str:
    cleaned = re.sub(r"\W", "_", stem)
    return cleaned if not cleaned[:1].isdigit() else f"c_{cleaned}"


def _text(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)
