"""Read model text: each statement becomes terms, a constraint or a defined parameter."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from trustsem.errors import (
    DuplicateParameterError,
    ModelSyntaxError,
    UnsupportedError,
    did_you_mean,
)
from trustsem.specification.expressions import FUNCTIONS, parse_expression
from trustsem.specification.syntax import ROW_LABEL, ModelSyntax, Modifier, Term
from trustsem.specification.table import Constraint, ConstraintOperator, Definition
from trustsem.specification.tokens import Kind, Token, statements

if TYPE_CHECKING:
    from collections.abc import Iterable

_THRESHOLD = re.compile(r"t[1-9]\d*")
_VECTOR_CALLS = ("start", "label", "equal", "c")
_REFUSED_CALLS = {
    "efa": "exploratory blocks ('efa()')",
    "rv": "random slopes ('rv()')",
    "prior": "priors ('prior()')",
    "lower": "bounds as modifiers ('lower()')",
    "upper": "bounds as modifiers ('upper()')",
}
_REMEMBERED = 64
_BLOCKS = ("group", "level", "block", "class")


@lru_cache(maxsize=_REMEMBERED)
def parse_model(text: str) -> ModelSyntax:
    """Read model text; a text that was read lately is not read again.

    Parameters
    ----------
    text : str
        lavaan's model syntax [rosseel2012]_.

    Returns
    -------
    ModelSyntax
        What the text says, checked for names that nothing defines.

    Raises
    ------
    ModelSyntaxError
        Where the text cannot be read; the message shows the place.
    DuplicateParameterError
        If a parameter is specified twice, or in two ways.
    UnsupportedError
        At formative constructs, exploratory blocks, ``group:`` and ``level:`` blocks, products.

    Examples
    --------
    >>> parse_model("trust =~ t1 + t2 + a*t3").terms[2].modifier.labels
    ('a',)
    """
    reader = _Reader(text)
    terms = reader.merged_terms()
    if not terms:
        raise ModelSyntaxError(
            "The model is empty",
            source=text,
            start=0,
            hint="Write at least one statement, such as 'trust =~ t1 + t2 + t3'.",
        )
    syntax = ModelSyntax(text, terms, tuple(reader.constraints), tuple(reader.definitions))
    reader.require_known_names(syntax.labels)
    return syntax


def parse_constraints(text: str, syntax: ModelSyntax) -> ModelSyntax:
    """Return the model with the constraints and definitions of a further text added.

    Raises
    ------
    ModelSyntaxError
        Where the text cannot be read, or holds anything else.
    """
    reader = _Reader(text, known=syntax.definitions)
    if reader.terms:
        start, stop = reader.terms[0].span
        raise ModelSyntaxError(
            "Constraints may hold '==', '<', '>' and ':=' only",
            source=text,
            start=start,
            stop=stop,
        )
    reader.require_known_names(syntax.labels)
    return replace(
        syntax,
        constraints=(*syntax.constraints, *reader.constraints),
        definitions=(*syntax.definitions, *reader.definitions),
    )


class _Reader:
    """Read statements into terms, constraints and definitions."""

    def __init__(self, source: str, known: Iterable[Definition] = ()) -> None:
        self.source = source
        self.known = tuple(known)
        self.terms: list[Term] = []
        self.constraints: list[Constraint] = []
        self.definitions: list[Definition] = []
        self._name_tokens: list[tuple[Token, int]] = []
        self._defined: set[str] = {item.name for item in self.known}
        for statement in statements(source):
            self._read(statement)

    def error(self, what: str, start: int, stop: int, hint: str = "") -> ModelSyntaxError:
        return ModelSyntaxError(what, source=self.source, start=start, stop=stop, hint=hint)

    def error_at(self, what: str, token: Token, hint: str = "") -> ModelSyntaxError:
        return self.error(what, token.start, token.stop, hint)

    def _read(self, tokens: tuple[Token, ...]) -> None:
        """Read one statement."""
        if len(tokens) > 1 and tokens[0].text in _BLOCKS and tokens[1].is_symbol(":"):
            raise UnsupportedError(
                f"'{tokens[0].text}:' blocks in model text",
                "Name the column in the option 'group' and give values per group with c().",
            )
        place = self._relation(tokens)
        operator, left, right = tokens[place], tokens[:place], tokens[place + 1 :]
        if operator.text == "<~":
            raise UnsupportedError(
                "formative constructs ('<~')", "Use reflective constructs ('=~')."
            )
        if not left:
            raise self.error_at(f"The left-hand side of {operator.text!r} is missing", operator)
        if not right:
            raise self.error_at(f"The right-hand side of {operator.text!r} is missing", operator)
        if operator.text == ":=":
            self._read_definition(left, right)
        elif operator.text in ("==", "<", ">"):
            self._read_constraint(left, operator, right)
        else:
            self._read_terms(left, operator, right)

    def _relation(self, tokens: tuple[Token, ...]) -> int:
        """Return the place of the statement's operator."""
        places = [i for i, token in enumerate(tokens) if token.kind is Kind.RELATION]
        self._require_balance(tokens)
        if not places:
            raise self.error(
                "A statement without operator",
                tokens[0].start,
                tokens[-1].stop,
                "Expected one of =~  ~  ~~  :=  ==  <  >.",
            )
        if len(places) > 1:
            raise self.error_at(
                "A second operator in one statement",
                tokens[places[1]],
                "Statements are separated by a line break or ';'.",
            )
        return places[0]

    def _require_balance(self, tokens: tuple[Token, ...]) -> None:
        """Raise at a parenthesis without partner."""
        opened: list[Token] = []
        for token in tokens:
            if token.is_symbol("("):
                opened.append(token)
            elif token.is_symbol(")"):
                if not opened:
                    raise self.error_at("This parenthesis was never opened", token)
                opened.pop()
        if opened:
            raise self.error_at("This parenthesis is not closed", opened[-1])

    def _text(self, tokens: tuple[Token, ...]) -> str:
        """Return the source of tokens on one line."""
        return " ".join(self.source[tokens[0].start : tokens[-1].stop].split())

    def _read_definition(self, left: tuple[Token, ...], right: tuple[Token, ...]) -> None:
        name = left[0]
        if len(left) > 1 or name.kind is not Kind.NAME:
            raise self.error("':=' defines one name", left[0].start, left[-1].stop)
        if name.text in self._defined:
            raise self.error_at(f"{name.text!r} is defined twice", name)
        self._remember_names(right)
        expression = parse_expression(right, self.source)
        self._defined.add(name.text)
        text = f"{name.text} := {self._text(right)}"
        self.definitions.append(Definition(name.text, expression, text))

    def _read_constraint(
        self, left: tuple[Token, ...], operator: Token, right: tuple[Token, ...]
    ) -> None:
        self._remember_names(left, len(self.source))
        self._remember_names(right, len(self.source))
        lhs = parse_expression(left, self.source)
        rhs = parse_expression(right, self.source)
        text = f"{self._text(left)} {operator.text} {self._text(right)}"
        op = cast("ConstraintOperator", operator.text)
        if not (lhs.names | rhs.names):
            raise self.error("The constraint names no parameter", left[0].start, right[-1].stop)
        self.constraints.append(Constraint(op, lhs, rhs, text))

    def _remember_names(self, tokens: tuple[Token, ...], limit: int | None = None) -> None:
        """Keep names, to be checked at the end against what is defined before ``limit``."""
        for i, token in enumerate(tokens):
            called = i + 1 < len(tokens) and tokens[i + 1].is_symbol("(")
            if token.kind is Kind.NAME and not (called and token.text in FUNCTIONS):
                self._name_tokens.append((token, limit or -len(self.definitions) - 1))

    def require_known_names(self, labels: frozenset[str]) -> None:
        """Raise at the first name that is no label, row label or defined parameter."""
        earlier = [item.name for item in self.known]
        own = [item.name for item in self.definitions]
        self._require_free_names(labels, own)
        for token, limit in self._name_tokens:
            defined = own if limit > 0 else own[: -limit - 1]
            usable = {*labels, *earlier, *defined}
            if token.text in usable or ROW_LABEL.fullmatch(token.text):
                continue
            if token.text in own:
                raise self.error_at(f"{token.text!r} is used before it is defined", token)
            hint = did_you_mean(token.text, sorted(usable)).strip()
            raise self.error_at(
                f"{token.text!r} is neither a label nor a defined parameter",
                token,
                hint or f"Give a parameter this label, as in '{token.text}*x'.",
            )

    def _require_free_names(self, labels: frozenset[str], defined: list[str]) -> None:
        """Raise if a defined parameter bears the label of another parameter."""
        for name in defined:
            if name in labels:
                place = re.search(rf"(?<![\w.]){re.escape(name)}\s*:=", self.source)
                start = place.start() if place else 0
                raise self.error(
                    f"{name!r} is a label already", start, start + len(name), "Define a new name."
                )

    def _read_terms(
        self, left: tuple[Token, ...], operator: Token, right: tuple[Token, ...]
    ) -> None:
        subjects = [self._variable(part, operator) for part in self._split(left, "+", operator)]
        for part in self._split(right, "+", operator):
            op, target, modifier = self._term(part, operator)
            span = (part[0].start, part[-1].stop)
            for subject in subjects:
                self._require_sense(subject, op, target, part[-1])
                self.terms.append(Term(subject.text, op, target, modifier, span))

    def _require_sense(self, subject: Token, op: str, target: str, token: Token) -> None:
        """Raise where a variable cannot stand in this relation to another."""
        if op == "=~" and subject.text == target:
            raise self.error_at(
                f"{target!r} cannot be an indicator of itself",
                token,
                "Give the construct a name of its own.",
            )
        if op == "~" and subject.text == target:
            raise self.error_at(f"{target!r} cannot be regressed on itself", token)
        if op == "|" and not _THRESHOLD.fullmatch(target):
            raise self.error_at(
                f"{target!r} is no threshold", token, "Thresholds are called t1, t2 and so on."
            )
        if op == "~*~" and subject.text != target:
            raise self.error_at("A scaling factor belongs to one variable, as in 'x ~*~ x'", token)

    def _split(
        self, tokens: tuple[Token, ...], symbol: str, operator: Token
    ) -> list[tuple[Token, ...]]:
        """Cut tokens at a symbol outside parentheses; every part must hold something."""
        parts = _cut(tokens, symbol)
        for i, part in enumerate(parts):
            if not part:
                before = parts[i - 1][-1] if i and parts[i - 1] else operator
                joint = next(
                    (t for t in tokens if t.is_symbol(symbol) and t.start >= before.stop), tokens[0]
                )
                raise self.error_at(f"An operand of {symbol!r} is missing", joint)
        return parts

    def _variable(self, tokens: tuple[Token, ...], operator: Token) -> Token:
        """Return the name on a left-hand side."""
        if len(tokens) == 1 and tokens[0].kind is Kind.NAME:
            return tokens[0]
        self._refuse_calls(tokens)
        self._refuse_product(tokens)
        raise self.error(
            f"The left-hand side of {operator.text!r} must be a name",
            tokens[0].start,
            tokens[-1].stop,
            "Modifiers stand on the right-hand side." if len(tokens) > 1 else "",
        )

    def _refuse_calls(self, tokens: tuple[Token, ...]) -> None:
        name = tokens[0].text
        if len(tokens) > 1 and name in _REFUSED_CALLS and tokens[1].is_symbol("("):
            raise UnsupportedError(_REFUSED_CALLS[name])

    def _refuse_product(self, tokens: tuple[Token, ...]) -> None:
        if len(tokens) > 1 and tokens[1].is_symbol(":"):
            text = "".join(token.text for token in tokens[:3])
            raise UnsupportedError(
                f"products of variables ({text!r})", "Compute the product as a column of the data."
            )

    def _term(self, tokens: tuple[Token, ...], operator: Token) -> tuple[str, str, Modifier]:
        """Return operator, right-hand variable and modifier of a term."""
        factors = self._split(tokens, "*", operator)
        modifier = self._modifier(factors[:-1])
        op, target, extra = self._target(factors[-1], operator)
        merged = modifier.merged(extra)
        if merged is None:
            raise self.error("Contradicting modifiers", tokens[0].start, tokens[-1].stop)
        return op, target, merged

    def _target(self, tokens: tuple[Token, ...], operator: Token) -> tuple[str, str, Modifier]:
        """Return what a term is about."""
        first = tokens[0]
        if len(tokens) == 1 and first.kind is Kind.NAME:
            return operator.text, first.text, Modifier()
        if len(tokens) == 1 and first.kind is Kind.NUMBER and operator.text == "~":
            if float(first.text) == 1.0:
                return "~1", "", Modifier()
            if float(first.text) == 0.0:
                return "~1", "", Modifier(values=(0.0,))
        self._refuse_calls(tokens)
        self._refuse_product(tokens)
        minus = next((token for token in tokens[1:] if token.is_symbol("-", "/", "^", "**")), None)
        if first.kind is Kind.NAME and minus:
            raise self.error_at(f"{minus.text!r} cannot join terms", minus, "Terms join with '+'.")
        if first.kind is Kind.NAME and len(tokens) > 1 and tokens[1].kind is Kind.NAME:
            raise self.error_at("An operator is missing before this name", tokens[1])
        raise self.error(
            "The name of a variable is expected here",
            first.start,
            tokens[-1].stop,
            "A modifier is joined with '*', as in '0.5*x'.",
        )

    def _modifier(self, factors: list[tuple[Token, ...]]) -> Modifier:
        """Read the factors before the variable; numbers multiply."""
        result, product = Modifier(), None
        for tokens in factors:
            part = self._factor(tokens)
            if part is None:
                number = self._constant(tokens)
                product = number if product is None else product * number
                continue
            merged = result.merged(part)
            if merged is None:
                raise self.error("Contradicting modifiers", tokens[0].start, tokens[-1].stop)
            result = merged
        merged = result if product is None else result.merged(Modifier(values=(product,)))
        if merged is None:
            first, last = factors[0][0], factors[-1][-1]
            raise self.error("Contradicting modifiers", first.start, last.stop)
        return merged

    def _factor(self, tokens: tuple[Token, ...]) -> Modifier | None:
        """Return a modifier, or None where the tokens are a number."""
        first = tokens[0]
        if len(tokens) == 1 and (first.kind is Kind.STRING or first.kind is Kind.NAME):
            if first.text == "NA" and first.kind is Kind.NAME:
                return Modifier(values=(math.nan,))
            return Modifier(labels=(first.text,))
        self._refuse_calls(tokens)
        called = len(tokens) > 1 and tokens[1].is_symbol("(") and first.kind is Kind.NAME
        if not called or first.text not in _VECTOR_CALLS:
            return None
        return self._call(first, tokens[2:-1])

    def _call(self, name: Token, inner: tuple[Token, ...]) -> Modifier:
        """Read ``start(...)``, ``label(...)``, ``equal(...)`` or ``c(...)``."""
        if name.text == "c":
            return self._vector(name, inner)
        if inner and inner[0].text == "c" and len(inner) > 1 and inner[1].is_symbol("("):
            inner = inner[2:-1]
        entries = self._entries(name, inner)
        if name.text == "start":
            return Modifier(starts=tuple(self._number_or_none(entry) for entry in entries))
        words = tuple(self._word(entry) for entry in entries)
        return Modifier(labels=words) if name.text == "label" else Modifier(equals=words)

    def _vector(self, name: Token, inner: tuple[Token, ...]) -> Modifier:
        """Read ``c(...)``: numbers (NA frees) or labels (NA for none), or calls per group."""
        entries = self._entries(name, inner)
        words = [len(e) == 1 and e[0].kind in (Kind.NAME, Kind.STRING) for e in entries]
        named = [
            word and not (entry[0].kind is Kind.NAME and entry[0].text == "NA")
            for word, entry in zip(words, entries, strict=True)
        ]
        labels = tuple(
            self._word(entry) if is_name else ""
            for is_name, entry in zip(named, entries, strict=True)
        )
        if all(words) and any(named):
            return Modifier(labels=labels)
        values = tuple(
            None if is_name else self._number_or_nan(entry)
            for is_name, entry in zip(named, entries, strict=True)
        )
        return Modifier(values=values, labels=labels if any(named) else ())

    def _entries(self, name: Token, inner: tuple[Token, ...]) -> list[tuple[Token, ...]]:
        """Return the arguments of a call."""
        entries = _cut(inner, ",")
        if not all(entries):
            raise self.error_at(f"An argument of '{name.text}()' is missing", name)
        return entries

    def _word(self, tokens: tuple[Token, ...]) -> str:
        if len(tokens) == 1 and tokens[0].kind in (Kind.NAME, Kind.STRING):
            bare = tokens[0].kind is Kind.NAME
            return "" if bare and tokens[0].text == "NA" else tokens[0].text
        raise self.error("A quoted name is expected here", tokens[0].start, tokens[-1].stop)

    def _number_or_nan(self, tokens: tuple[Token, ...]) -> float:
        return math.nan if _is_missing(tokens) else self._constant(tokens)

    def _number_or_none(self, tokens: tuple[Token, ...]) -> float | None:
        return None if _is_missing(tokens) else self._constant(tokens)

    def _constant(self, tokens: tuple[Token, ...]) -> float:
        """Return the value of an expression of numbers."""
        expression = parse_expression(tokens, self.source)
        if expression.names:
            culprit = next(token for token in tokens if token.text in expression.names)
            raise self.error_at(
                "A modifier is a number, a label or NA",
                culprit,
                "Relations between parameters are written with '==' or ':='.",
            )
        value = float(expression.evaluate({}))
        if not math.isfinite(value):
            raise self.error("This is no finite number", tokens[0].start, tokens[-1].stop)
        return value

    def merged_terms(self) -> tuple[Term, ...]:
        """Return each parameter once, with all that is said about it.

        Raises
        ------
        DuplicateParameterError
            If a repetition adds nothing or contradicts.
        """
        merged: dict[tuple[str, str, str], Term] = {}
        for term in self.terms:
            earlier = merged.setdefault(term.key, term)
            if earlier is term:
                continue
            modifier = earlier.modifier.merged(term.modifier)
            if modifier is None or repr(earlier.modifier) == repr(term.modifier):
                raise self._duplicate(earlier, term)
            merged[term.key] = replace(earlier, modifier=modifier)
        return tuple(merged.values())

    def _duplicate(self, earlier: Term, later: Term) -> DuplicateParameterError:
        lines = [self.source.count("\n", 0, term.span[0]) + 1 for term in (earlier, later)]
        return DuplicateParameterError(later.name, lines)


def _is_missing(tokens: tuple[Token, ...]) -> bool:
    """Tell whether tokens are a bare ``NA``."""
    return len(tokens) == 1 and tokens[0].kind is Kind.NAME and tokens[0].text == "NA"


def _cut(tokens: tuple[Token, ...], symbol: str) -> list[tuple[Token, ...]]:
    """Cut tokens at a symbol outside parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.is_symbol("(") - token.is_symbol(")")
        if depth == 0 and token.is_symbol(symbol):
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts]
