"""Cut model text into tokens, each of which remembers its place, and group them into statements.

Knows characters and lines, not meaning: see :mod:`trustsem.specification.reading`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING

from trustsem.errors import ModelSyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    NUMBER = auto()
    STRING = auto()
    RELATION = auto()
    SYMBOL = auto()
    BREAK = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of model text.

    Parameters
    ----------
    kind : Kind
        What it is.
    text : str
        The piece; a quoted string without its quotes.
    start, stop : int
        Its offsets in the source.
    """

    kind: Kind
    text: str
    start: int
    stop: int

    def is_symbol(self, *symbols: str) -> bool:
        """Tell whether the token is one of these symbols."""
        return self.kind is Kind.SYMBOL and self.text in symbols


_PATTERN = re.compile(
    r"""
    (?P<space>[^\S\n]+|[#!][^\n]*)
  | (?P<break>[\n;])
  | (?P<wrong>=(?![=~])[-=~<>:]*|<->|->|<=|>=|=>|~=|=~~+|~~~+|===+|<>)
  | (?P<relation>=~|<~|~\*~|~~|~|:=|==|<|>|\|)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
  | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*)
  | (?P<string>"[^"\n]*"|'[^'\n]*')
  | (?P<symbol>\*\*|[-+*/^?(),:])
    """,
    re.VERBOSE,
)

_KINDS = {
    "break": Kind.BREAK,
    "relation": Kind.RELATION,
    "number": Kind.NUMBER,
    "name": Kind.NAME,
    "string": Kind.STRING,
    "symbol": Kind.SYMBOL,
}

_HINTS = {
    "->": "Write the outcome first, as in 'outcome ~ predictor'.",
    "=>": "Write the outcome first, as in 'outcome ~ predictor'.",
    "<->": "Did you mean '~~' (covaries with)?",
    "~~~": "Did you mean '~~' (covaries with)?",
    "<=": "Did you mean '<'? Boundaries belong to the region either way.",
    ">=": "Did you mean '>'? Boundaries belong to the region either way.",
    "=": "Did you mean '=~' (is measured by), '~' (is regressed on) or '==' (equals)?",
    "===": "Did you mean '==' (equals)?",
}
_DEFAULT_HINT = "Did you mean '=~' (is measured by)?"


def tokenize(source: str) -> tuple[Token, ...]:
    """Cut model text into tokens; the last one is of kind ``END``.

    Raises
    ------
    ModelSyntaxError
        At an unknown operator or character, an open quotation mark or a name that starts with
        a digit.
    """
    tokens: list[Token] = []
    place = 0
    while place < len(source):
        match = _PATTERN.match(source, place)
        if match is None or match.lastgroup == "wrong":
            raise _unreadable(source, place, match)
        if match.lastgroup != "space":
            tokens.append(_token(match))
        place = match.end()
    tokens.append(Token(Kind.END, "", len(source), len(source)))
    return tuple(tokens)


def _token(match: re.Match[str]) -> Token:
    """Return the token of a match."""
    text = match.group()
    kind = _KINDS[str(match.lastgroup)]
    return Token(kind, text[1:-1] if kind is Kind.STRING else text, match.start(), match.end())


def _unreadable(source: str, place: int, match: re.Match[str] | None) -> ModelSyntaxError:
    """Return the error for text that is no token."""
    if match is not None:
        operator = match.group()
        return ModelSyntaxError(
            f"Unknown operator {operator!r}",
            source=source,
            start=place,
            stop=match.end(),
            hint=_HINTS.get(operator, _DEFAULT_HINT),
        )
    character = source[place]
    if character in "\"'":
        return ModelSyntaxError("The quotation mark is not closed", source=source, start=place)
    if character.isdigit() or character == ".":
        word = re.compile(r"[\w.]+").match(source, place)
        text = word.group() if word else character
        return ModelSyntaxError(
            f"{text!r} is neither a number nor a name",
            source=source,
            start=place,
            stop=place + len(text),
            hint="A name starts with a letter; a modifier is joined with '*', as in '2*x'.",
        )
    return ModelSyntaxError(f"Unknown character {character!r}", source=source, start=place)


def statements(source: str) -> Iterator[tuple[Token, ...]]:
    """Yield the tokens of each statement of a model text.

    A statement ends at ``;`` or at a line break, unless a parenthesis is open, the line ends with
    an operator or the next line starts with an arithmetic one.

    Raises
    ------
    ModelSyntaxError
        See :func:`tokenize`.
    """
    tokens = tokenize(source)
    current: list[Token] = []
    depth = 0
    for i, token in enumerate(tokens):
        if token.kind not in (Kind.BREAK, Kind.END):
            depth += token.is_symbol("(") - token.is_symbol(")")
            current.append(token)
        elif current and not (token.text == "\n" and _goes_on(current[-1], tokens[i:], depth)):
            yield tuple(current)
            current, depth = [], 0


def _goes_on(last: Token, rest: tuple[Token, ...], depth: int) -> bool:
    """Tell whether a statement continues after a line break."""
    lines = dropwhile(lambda token: token.kind is Kind.BREAK, rest)
    line = tuple(takewhile(lambda token: token.kind not in (Kind.BREAK, Kind.END), lines))
    if not line:
        return False
    if depth > 0 or line[0].is_symbol("+", "-", "*", "/", "^", "**"):
        return True
    unfinished = last.kind is Kind.RELATION or (
        last.kind is Kind.SYMBOL and not last.is_symbol(")")
    )
    return unfinished and not any(token.kind is Kind.RELATION for token in line)
