"""The rules by which a study leaves cases out, read from plain words.

A rule compares one index of a case with a number (``missing > .30``), names a plain fact
(``duplicates``), or sets conditions on variables (``where industry == 3``). Nothing is dropped
without one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from trustsem.errors import did_you_mean, listed

Relation = Literal["==", "!=", "<", "<=", ">", ">=", "in", "missing", "answered"]

COMPARISONS: tuple[Relation, ...] = ("<=", ">=", "==", "!=", "<", ">")
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_QUOTED = r"'[^']*'|\"[^\"]*\""
_OPERATOR = "|".join(COMPARISONS)
_INDEX_RULE = re.compile(
    rf"(?P<name>[A-Za-z_][\w ]*?)\s*(?P<relation>{_OPERATOR}|(?<![<>=!])=)\s*"
    rf"(?P<value>{_NUMBER})\s*(?P<percent>%?)"
)
_CONDITION = re.compile(
    rf"(?P<name>[^\W\d][\w.]*)\s*(?:(?P<relation>{_OPERATOR})\s*(?P<value>{_NUMBER}|{_QUOTED})"
    rf"|\bin\s*\[(?P<values>[^\]]*)\]|\bis\s+(?P<negated>not\s+)?missing)"
)
_AND = re.compile(rf"({_QUOTED})|\s+and\s+")
_PART = re.compile(rf"\s*({_NUMBER}|{_QUOTED})\s*")


@dataclass(frozen=True, slots=True)
class Index:
    """One index that a rule can be about.

    Parameters
    ----------
    column : str
        Column of the case indices (:func:`trustsem.survey.respondents.case_indices`).
    highest : float
        Largest value that a comparison can name.
    alone : (str, Relation, float) or None
        What the word alone means: column, relation, value; None where a number is needed.
    side : {">", "<", ""}
        The side on which odd cases lie; empty where it may be either.
    """

    column: str
    highest: float = math.inf
    alone: tuple[str, Relation, float] | None = None
    side: Literal[">", "<", ""] = ">"


INDICES: dict[str, Index] = {
    "missing": Index("missing", 1.0),
    "duplicates": Index("duplicate_of", 0.0, ("duplicate_of", "answered", 0.0)),
    "attention": Index("attention_failed", alone=("attention_failed", ">", 0.0)),
    "duration": Index("duration", side=""),
    "longstring": Index("longstring"),
    "straightlining": Index("straightlined", alone=("straight_share", ">=", 1.0)),
    "irv": Index("irv", side=""),
    "even_odd": Index("even_odd", 1.0, side="<"),
    "mahalanobis": Index("d2"),
    "mahalanobis p": Index("d2_pvalue", 1.0, side="<"),
}
"""What rules can be about, by the word that stands for it."""

EXAMPLES = (
    "missing > .30", "duplicates", "attention", "duration < 120", "longstring > 20",
    "straightlining", "mahalanobis p < .001", "where industry == 3",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a variable.

    Parameters
    ----------
    variable : str
        Column of the survey.
    relation : str
        ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``missing`` or ``answered``.
    values : tuple of float or str
        What it is compared with; text means a text answer or the label of one.
    """

    variable: str
    relation: Relation
    values: tuple[float | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that drops cases.

    Parameters
    ----------
    text : str
        The rule as written.
    column : str
        Case index that is compared; empty for conditions on variables.
    relation : str
        How it is compared.
    value : float
        What it is compared with.
    conditions : tuple of Condition
        Conditions of a ``where`` rule, all of which must hold.
    reason : str
        Why, in the researcher's words.
    """

    text: str
    column: str = ""
    relation: Relation = ">"
    value: float = 0.0
    conditions: tuple[Condition, ...] = ()
    reason: str = ""

    @property
    def shown(self) -> str:
        """The rule with its reason, as the sample flow prints it."""
        return f"{self.text} ({self.reason})" if self.reason else self.text


def read_rule(text: str, reason: str = "") -> Rule:
    """Read a rule.

    Parameters
    ----------
    text : str
        ``"missing > .30"``, ``"duplicates"``, ``"where industry == 3 and age < 18"``, ...
    reason : str
        Why cases are dropped, for readers.

    Returns
    -------
    Rule

    Raises
    ------
    ValueError
        If the text is no rule; the message says what one looks like.

    Examples
    --------
    >>> read_rule("mahalanobis p < .001").column
    'd2_pvalue'
    """
    words = " ".join(text.split())
    if words.startswith("where ") or words == "where":
        return Rule(words, conditions=_conditions(words.removeprefix("where").strip()),
                    reason=reason)  # fmt: skip
    if words in INDICES:
        return _plain_rule(words, reason)
    match = _INDEX_RULE.fullmatch(words)
    name = match["name"] if match else words.split("<")[0].split(">")[0].split("=")[0].strip()
    if name not in INDICES:
        raise ValueError(_unknown(words, name))
    if match is None or match["relation"] == "=":
        raise ValueError(
            f"the rule {words!r} cannot be read; write a comparison such as '{name} > 0.5' "
            f"with one of {listed(COMPARISONS)}"
        )
    return _compared(words, name, match, reason)


def _plain_rule(words: str, reason: str) -> Rule:
    alone = INDICES[words].alone
    if alone is None:
        raise ValueError(f"{words!r} alone is no rule; it needs a number, such as '{words} > 0.3'")
    column, relation, value = alone
    return Rule(words, column, relation, value, reason=reason)


def _compared(words: str, name: str, match: re.Match[str], reason: str) -> Rule:
    index = INDICES[name]
    if name == "duplicates":
        raise ValueError("'duplicates' stands alone: the first case of each kind is kept")
    value = float(match["value"]) / (100 if match["percent"] else 1)
    if abs(value) > index.highest:
        raise ValueError(
            f"{value:g} in {words!r} is impossible: {name!r} does not exceed {index.highest:g}"
        )
    if index.side and not match["relation"].startswith(index.side):
        shorter = "mahalanobis p" if name == "mahalanobis" else name
        side = INDICES[shorter].side
        raise ValueError(
            f"{words!r} would drop the cases that are not odd; write "
            f"'{shorter} {side} {match['value']}{match['percent']}'"
        )
    relation: Relation = match["relation"]  # type: ignore[assignment]  # the pattern admits these
    return Rule(words, index.column, relation, value, reason=reason)


def _unknown(words: str, name: str) -> str:
    hint = did_you_mean(name, [*INDICES, "where"])
    shown = listed(repr(example) for example in EXAMPLES)
    return f"the rule {words!r} is about nothing known.{hint} Rules look like {shown}"


def _conditions(text: str) -> tuple[Condition, ...]:
    """Return the conditions of a ``where`` rule."""
    parts = _AND.sub(lambda match: match[1] or "\0", text).split("\0")
    return tuple(_condition(part.strip()) for part in parts)


def _condition(text: str) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"the condition {text!r} cannot be read; write 'where industry == 3', "
            "'where city == \"Bonn\"', 'where size in [1, 2]' or 'where age is missing'; "
            "join conditions by 'and'"
        )
    if match["values"] is not None:
        return Condition(match["name"], "in", _values(match["values"], text))
    if match["relation"] is None:
        return Condition(match["name"], "answered" if match["negated"] else "missing")
    value = _value(match["value"])
    if isinstance(value, str) and match["relation"] not in ("==", "!="):
        raise ValueError(f"text has no order: {text!r} can only be '==' or '!='")
    relation: Relation = match["relation"]  # type: ignore[assignment]  # the pattern admits these
    return Condition(match["name"], relation, (value,))


def _values(text: str, condition: str) -> tuple[float | str, ...]:
    found, place = [], 0
    while match := _PART.match(text, place):
        found.append(_value(match[1]))
        place = match.end()
        if place == len(text):
            return tuple(found)
        if text[place] != ",":
            break
        place += 1
    raise ValueError(f"the list in {condition!r} cannot be read; write it like [1, 2, 3]")


def _value(text: str) -> float | str:
    return text[1:-1] if text[:1] in "'\"" else float(text)
