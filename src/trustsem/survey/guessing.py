"""What variables of a survey probably are: blocks of items, and facts about respondents.

Guesses from names, labels, value labels and answers, for a first study file and for screening a
survey without a plan. Nothing is estimated from them without a look by the researcher.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.survey.codebook import Code, Variable
from trustsem.survey.columns import is_text
from trustsem.survey.screening import common_suspects, suspicious_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trustsem.survey.survey import Survey

_NUMBERED = re.compile(
    r"(?P<stem>.*?[^\d])(?P<number>\d+)[\])]?(?P<suffix>[A-Za-z]?|[_.]?(?:r|rev|reversed|rec|recoded))",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"(?P<stem>.*[A-Za-z\d])[_. ](?P<letter>[A-Za-z])")
_TURNED = re.compile(r"[_.]?(?:r|rev|reversed|rec|recoded)", re.IGNORECASE)
_TURNED_LABEL = re.compile(r"\(\s*r(?:\s*|ev[^)]*)\)|\brevers|\brecoded\b", re.IGNORECASE)
_LABEL_PARTS = re.compile(r"\s*(?::|\s[-\N{EN DASH}\N{EM DASH}]\s|\s\|\s)\s*")
_NO_ANSWER = re.compile(
    r"don'?t know|do not know|dont know|refus|no answer|not applicable|not asked|no opinion"
    r"|^n\.?/?a\.?$|^missing\b|prefer not|weiss nicht|weiß nicht|keine angabe|ne sait pas|no sabe",
    re.IGNORECASE,
)
_CHECK = re.compile(
    r"attention|instructed|please (?:select|choose|tick|mark|click|answer)"
    r"|(?:select|choose|tick|mark) .{0,40}(?:to show|for this|here)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"(?:select|choose|tick|mark|click|answer)\D{0,30}(-?\d+)\b", re.IGNORECASE)
_QUOTED = "['\"\N{LEFT DOUBLE QUOTATION MARK}]{}['\"\N{RIGHT DOUBLE QUOTATION MARK}]"
_WORDS = {
    "id": r"(?:resp(?:ondent)?|case|part(?:icipant)?|response|firm|company|record|user|person)?"
    r"[_. ]?(?:id|nr|no|number|token)|respondent|token|seq(?:uence)?",
    "duration": r".*(?:duration|interview[_. ]?time|time[_. ]?(?:taken|spent|total)|seconds|dauer"
    r"|completion[_. ]?time).*|minutes|mins|secs",
    "wave": r".*(?:\bwave|mailing|(?:^|_)wave|reminder|early[_. ]?late|respon(?:se|d)[_. ]?date"
    r"|(?:start|end|submit|recorded)[_. ]?date).*",
    "profile": r".*(?:age|gender|sex|educ|school|grade|tenure|position|job|occupation|role|income"
    r"|industr|sector|branch|employees|firm[_. ]?size|company[_. ]?size|revenue|sales|turnover"
    r"|country|region|state|city|size|type|provider|experience|nphh|household).*",
}
_MOST_ANSWERS = 11
_MOST_LEVELS = 12
_FEWEST_ITEMS = 2
_LONGEST_PREFIX = 60
_LETTERS_OF_WORD = 3
_NEGATIVE = "correlates negatively with the rest"
_WORDED = "says so in its label"
_MARKED = "ends in a mark of turned items"


@dataclass(frozen=True, slots=True)
class Block:
    """Variables that probably measure one construct.

    Parameters
    ----------
    name : str
        What their names, or their labels, have in common.
    items : tuple of str
        The variables, in the order of the file.
    label : str
        What their labels have in common, or empty.
    scale : (float, float) or None
        Lowest and highest answer, where the value labels tell it.
    seen : (float, float)
        Lowest and highest answer that was given.
    missing : tuple of float
        Codes that look like missing answers and are not declared as such.
    reverse : Mapping of item to reason
        Items that are probably worded the other way round.
    """

    name: str
    items: tuple[str, ...]
    label: str
    scale: tuple[float, float] | None
    seen: tuple[float, float]
    missing: tuple[float, ...]
    reverse: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Background:
    """Variables that probably describe respondents or how they answered.

    Parameters
    ----------
    id, duration, wave : str
        One variable each, or empty.
    profile : tuple of str
        Variables with few levels, or with a telling name.
    attention : Mapping of variable to code
        Attention checks with the answer that their wording asks for; None where it is not clear.
    """

    id: str = ""
    duration: str = ""
    wave: str = ""
    profile: tuple[str, ...] = ()
    attention: Mapping[str, Code | None] | None = None


def item_blocks(survey: Survey) -> list[Block]:
    """Return blocks of items by the stems of names and labels, in the order of the file.

    Parameters
    ----------
    survey : Survey
        The survey as read.

    Returns
    -------
    list of Block
        Two or more rated variables each, which share the stem of their names (``Q1_1 Q1_2``,
        ``trust1 trust2``, ``TR_01``, ``Item 1a``) or the beginning of their labels
        (``Trust: ...``), and the same answer labels.
    """
    rated = [
        name
        for name in survey.codebook
        if _is_rated(survey, name) and not _CHECK.search(survey.codebook[name].label)
    ]
    stems = _stems(rated)
    prefixes = _label_prefixes(survey, rated)
    keys = {name: (stems.get(name, ""), prefixes.get(name, "")) for name in rated}
    offered = {name: _answers_offered(survey, name) for name in rated}
    scales: dict[tuple[str, str], set[tuple[object, ...]]] = {}
    for name, key in keys.items():
        scales.setdefault(key, set()).add(offered[name])
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, key in keys.items():
        divided = len(scales[key] - {()}) > 1
        if any(key):
            groups.setdefault((*key, offered[name] if divided else ()), []).append(name)
    kept = {key: items for key, items in groups.items() if len(items) >= _FEWEST_ITEMS}
    return _named(survey, kept, prefixes)


def _named(
    survey: Survey, groups: Mapping[tuple[object, ...], list[str]], prefixes: Mapping[str, str]
) -> list[Block]:
    """Return the groups as blocks, each with a name of its own."""
    stems = Counter(str(key[0]) for key in groups)
    used: set[str] = set()
    blocks = []
    for (stem, prefix, _), items in groups.items():
        if _yes_or_no(survey, items):
            continue
        own_stem = stem and stems[str(stem)] == 1
        name = str(stem if own_stem else (prefix or stem))
        number = 2
        base = name
        while name.casefold() in used:
            name, number = f"{base}_{number}", number + 1
        used.add(name.casefold())
        blocks.append(_block(survey, name, items, prefixes.get(items[0], "")))
    return blocks


def _block(survey: Survey, name: str, items: Sequence[str], label: str) -> Block:
    answers = survey.frame[list(items)]
    missing = common_suspects(
        {item: (answers[item], _missing_codes(survey, item)) for item in items}
    )
    kept = answers.where(~answers.isin(missing))
    scale = _labelled_scale(survey, items, missing)
    seen = (float(kept.min().min()), float(kept.max().max()))
    if scale is not None and not scale[0] <= seen[0] <= seen[1] <= scale[1]:
        scale = None
    return Block(name, tuple(items), label, scale, seen, tuple(missing),
                 _against_the_rest(survey, items, kept))  # fmt: skip


def _is_rated(survey: Survey, name: str) -> bool:
    """Return whether a variable holds numbers that can be answers to an item."""
    column = survey.frame[name]
    if not pd.api.types.is_float_dtype(column):
        return False
    answers = column[~column.isin(_missing_codes(survey, name))].dropna()
    if answers.nunique() < 2 or _fits("id", name, survey):  # noqa: PLR2004  (varying)
        return False
    return answers.nunique() <= _MOST_ANSWERS or bool((answers % 1 != 0).any())


def _yes_or_no(survey: Survey, items: Sequence[str]) -> bool:
    """Return whether a block is a list of boxes to tick rather than a scale."""
    return all(survey.frame[name].dropna().nunique() <= 2 for name in items)  # noqa: PLR2004


def _stems(names: Sequence[str]) -> dict[str, str]:
    """Return the stem of every name that shares it with another one."""
    found: dict[str, str] = {}
    blocks = Counter(
        match["stem"] + match["number"]
        for name in names
        if (match := _NUMBERED.fullmatch(name)) and _is_letter(match["suffix"])
    )
    for name in names:
        match = _NUMBERED.fullmatch(name)
        if match is None:
            lettered = _LETTERED.fullmatch(name)
            if lettered:
                found[name] = lettered["stem"]
        elif blocks[match["stem"] + match["number"]] >= _FEWEST_ITEMS:
            found[name] = match["stem"] + match["number"]
        else:
            found[name] = match["stem"]
    stripped = {name: stem.rstrip("_. -[(") or stem for name, stem in found.items()}
    shared = Counter(stripped.values())
    return {name: stem for name, stem in stripped.items() if shared[stem] >= _FEWEST_ITEMS}


def _is_letter(suffix: str) -> bool:
    return len(suffix) == 1


def _label_prefixes(survey: Survey, names: Iterable[str]) -> dict[str, str]:
    """Return the beginning of each label that it shares with another one."""
    found = {}
    for name in names:
        parts = _LABEL_PARTS.split(survey.codebook[name].label, maxsplit=1)
        if len(parts) == 2 and 1 < len(parts[0]) <= _LONGEST_PREFIX:  # noqa: PLR2004
            found[name] = parts[0].strip(" .[]()")
    shared = Counter(found.values())
    return {name: prefix for name, prefix in found.items() if shared[prefix] >= _FEWEST_ITEMS}


def _answers_offered(survey: Survey, name: str) -> tuple[object, ...]:
    """Return the codes that a variable labels, those of missing answers left out."""
    ends = _labelled_scale(survey, [name], _missing_codes(survey, name))
    return () if ends is None else ends


def _labelled_scale(
    survey: Survey, items: Sequence[str], missing: Sequence[float]
) -> tuple[float, float] | None:
    """Return lowest and highest labelled code, where all labelled items agree."""
    ends = set()
    for name in items:
        codes = [code for code in _valid_codes(survey.codebook[name]) if code not in missing]
        if len(codes) > 1:
            ends.add((min(codes), max(codes)))
    return ends.pop() if len(ends) == 1 else None


def _valid_codes(variable: Variable) -> list[float]:
    """Return the labelled codes that stand for an answer."""
    codes = [code for code in variable.value_labels if isinstance(code, int | float)]
    return [
        code
        for code in codes
        if not any(
            missing[0] <= code <= missing[1] if isinstance(missing, tuple) else missing == code
            for missing in variable.missing_codes
            if not isinstance(missing, str)
        )
    ]


def _missing_codes(survey: Survey, name: str) -> list[float]:
    """Return codes that occur, mean no answer by label or value, and are not declared missing."""
    column = survey.frame[name]
    if not pd.api.types.is_float_dtype(column):
        return []
    labels = survey.codebook[name].value_labels
    by_label = [code for code, label in labels.items() if _NO_ANSWER.search(label)]
    present = column.dropna()
    labelled = [float(code) for code in by_label if not isinstance(code, str)]
    by_value = suspicious_codes(present[~present.isin(labelled)].to_numpy(dtype=float))
    meant = [code for code in by_value if code not in labels]
    return [code for code in (*labelled, *meant) if bool((present == code).any())]


def _against_the_rest(
    survey: Survey, items: Sequence[str], answers: pd.DataFrame
) -> dict[str, str]:
    """Return items that are probably worded the other way round, with the reason."""
    varying = [name for name in items if _varies(answers[name])]
    correlations = answers[varying].corr()
    against = []
    for name in varying:
        others = correlations.loc[name].drop(name)
        if (others < 0).sum() * 2 > len(others) and len(varying) > _FEWEST_ITEMS:
            against.append(name)
    negative = set(against) if len(against) * 2 < len(items) else set()
    marked = {name for name in items if _TURNED.fullmatch(_suffix(name))}
    marked = marked if len(marked) < len(items) else set()
    worded = {name for name in items if _TURNED_LABEL.search(survey.codebook[name].label)}
    found = {}
    for name in items:
        said = [why for names, why in ((worded, _WORDED), (marked, _MARKED)) if name in names]
        if name in negative:
            found[name] = ", ".join([_NEGATIVE, *said])
        elif said:
            found[name] = f"{', '.join(said)}, but agrees with the rest: turned already?"
    return found


def _suffix(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    return match["suffix"] if match else ""


def background(survey: Survey, used: Iterable[str]) -> Background:
    """Return variables that describe respondents, or how they answered.

    Parameters
    ----------
    survey : Survey
        The survey as read.
    used : iterable of str
        Items, which are none of them.
    """
    taken = set(used)
    rest = [name for name in survey.codebook if name not in taken]
    checks = {name: _asked_for(survey.codebook[name]) for name in rest
              if _CHECK.search(f"{name} {survey.codebook[name].label}")}  # fmt: skip
    rest = [name for name in rest if name not in checks]
    singles: dict[str, str] = {}
    for kind in ("id", "duration", "wave"):
        fitting = [name for name in rest if _fits(kind, name, survey)]
        if fitting:
            singles[kind] = fitting[0]
            rest = [name for name in rest if name != fitting[0]]
    profile = [name for name in rest if _describes(survey, name)]
    return Background(**singles, profile=tuple(profile), attention=checks)


def _fits(kind: str, name: str, survey: Survey) -> bool:
    """Return whether name, or the beginning of the label, says what a variable is."""
    column = survey.frame[name].dropna()
    pattern = re.compile(_WORDS[kind], re.IGNORECASE)
    label = survey.codebook[name].label
    said = bool(pattern.fullmatch(name)) or (
        kind in ("duration", "wave") and bool(pattern.fullmatch(label))
    )
    if kind == "id":
        return said and len(column) > 0 and column.is_unique
    if kind == "duration":
        return said and pd.api.types.is_float_dtype(column) and column.nunique() > _MOST_ANSWERS
    return said and _varies(column)


def _varies(column: pd.Series) -> bool:
    present = column.dropna()
    return len(present) > 0 and bool((present != present.iloc[0]).any())


def _describes(survey: Survey, name: str) -> bool:
    """Return whether a variable can describe the respondents."""
    column = survey.frame[name].dropna()
    if column.nunique() < 2:  # noqa: PLR2004  (one level divides nobody)
        return False
    if column.nunique() <= _MOST_LEVELS:
        return True
    telling = bool(re.fullmatch(_WORDS["profile"], name, re.IGNORECASE))
    return telling and not is_text(column)


def _asked_for(variable: Variable) -> Code | None:
    """Return the answer that the wording of a check asks for, if it is clear."""
    label = variable.label
    named = [
        code
        for code, text in variable.value_labels.items()
        if len(text) >= _LETTERS_OF_WORD
        and re.search(_QUOTED.format(re.escape(text)), label, re.IGNORECASE)
    ]
    if len(named) == 1:
        return named[0]
    match = re.search(
        r"(?:select|choose|tick|mark|click|answer)\D{0,30}(-?\d+)\b", label, re.IGNORECASE
    )
    return float(match[1]) if match else None


def blocks_as_items(blocks: Iterable[Block]) -> dict[str, tuple[str, ...]]:
    """Return the items of each block by its name."""
    return {block.name: block.items for block in blocks}


def seen_scale(blocks: Sequence[Block]) -> tuple[float, float] | None:
    """Return lowest and highest answer of all blocks, if answers are whole numbers."""
    if not blocks:
        return None
    low = min(block.seen[0] for block in blocks)
    high = max(block.seen[1] for block in blocks)
    whole = float(low).is_integer() and float(high).is_integer() and np.isfinite([low, high]).all()
    return (low, high) if whole else None
