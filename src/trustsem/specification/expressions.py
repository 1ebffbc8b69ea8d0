"""Expressions of ``:=``, ``==``, ``<`` and ``>``: a small tree that evaluates on stacks of values.

Values may be complex, so that derivatives can be taken with complex steps: every function here is
analytic, including ``abs``, which is the value times the sign of its real part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trustsem.errors import ModelSyntaxError, did_you_mean
from trustsem.specification.tokens import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _absolute(x: Any) -> Any:
    """Return the modulus of the real line, continued analytically."""
    return x * np.sign(np.real(x))


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "sqrt": np.sqrt,
    "abs": _absolute,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "atanh": np.arctanh,
}
"""Functions that an expression may call; all of one argument."""

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


class Expression(ABC):
    """A formula of named values."""

    __slots__ = ()
    precedence: ClassVar[int] = 9

    @property
    @abstractmethod
    def names(self) -> frozenset[str]:
        """Names of the values that the formula needs."""

    @abstractmethod
    def _value(self, values: Mapping[str, Any]) -> Any:
        """Evaluate without guarding against warnings."""

    @abstractmethod
    def renamed(self, names: Mapping[str, str]) -> Expression:
        """Return the formula with some of its names replaced."""

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Evaluate the formula.

        Parameters
        ----------
        values : mapping of str to float, complex or ndarray
            One entry for each of :attr:`names`; arrays of shapes that broadcast.

        Returns
        -------
        float, complex or ndarray
            The value, NaN or infinite where it is not defined.
        """
        with np.errstate(all="ignore"):
            return self._value(values)


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """A constant."""

    value: float

    @property
    def names(self) -> frozenset[str]:
        """No names."""
        return frozenset()

    def _value(self, values: Mapping[str, Any]) -> Any:  # noqa: ARG002 - one signature for all
        return self.value

    def renamed(self, names: Mapping[str, str]) -> Expression:  # noqa: ARG002 - as above
        """Return the constant itself."""
        return self

    def __str__(self) -> str:
        """Return the constant so that it reads back unchanged."""
        return number_text(self.value)


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A parameter label, a row label such as ``.p3.`` or a defined parameter."""

    name: str

    @property
    def names(self) -> frozenset[str]:
        """The name itself."""
        return frozenset((self.name,))

    def _value(self, values: Mapping[str, Any]) -> Any:
        return values[self.name]

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """Return the name's replacement."""
        return Name(names.get(self.name, self.name))

    def __str__(self) -> str:
        """Return the name."""
        return self.name


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    """A formula with its sign changed."""

    operand: Expression
    precedence: ClassVar[int] = 3

    @property
    def names(self) -> frozenset[str]:
        """Names of the operand."""
        return self.operand.names

    def _value(self, values: Mapping[str, Any]) -> Any:
        return np.negative(self.operand._value(values))  # noqa: SLF001 - a node of the same tree

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """Return the formula with some of its names replaced."""
        return Negative(self.operand.renamed(names))

    def __str__(self) -> str:
        """Return the formula as text."""
        return f"-{_wrapped(self.operand, self.precedence)}"


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """Two formulas joined by an operator: ``+ - * /``."""

    operator: str
    left: Expression
    right: Expression

    @property
    def precedence(self) -> int:  # type: ignore[override]
        """How tightly the operator binds."""
        return 1 if self.operator in "+-" else 2

    @property
    def names(self) -> frozenset[str]:
        """Names of both sides."""
        return self.left.names | self.right.names

    def _value(self, values: Mapping[str, Any]) -> Any:
        left, right = self.left._value(values), self.right._value(values)  # noqa: SLF001
        return _OPERATIONS[self.operator](left, right)

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """Return the formula with some of its names replaced."""
        return Binary(self.operator, self.left.renamed(names), self.right.renamed(names))

    def __str__(self) -> str:
        """Return the formula as text."""
        left = _wrapped(self.left, self.precedence)
        right = _wrapped(self.right, self.precedence + 1)
        gap = " " if self.precedence == 1 else ""
        return f"{left}{gap}{self.operator}{gap}{right}"


@dataclass(frozen=True, slots=True)
class Power(Expression):
    """A formula raised to the power of another."""

    base: Expression
    exponent: Expression
    precedence: ClassVar[int] = 4

    @property
    def names(self) -> frozenset[str]:
        """Names of base and exponent."""
        return self.base.names | self.exponent.names

    def _value(self, values: Mapping[str, Any]) -> Any:
        base, exponent = self.base._value(values), self.exponent._value(values)  # noqa: SLF001
        return np.power(np.asarray(base) * 1.0, exponent)

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """Return the formula with some of its names replaced."""
        return Power(self.base.renamed(names), self.exponent.renamed(names))

    def __str__(self) -> str:
        """Return the formula as text."""
        base = _wrapped(self.base, self.precedence + 1)
        return f"{base}^{_wrapped(self.exponent, self.precedence)}"


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function of a formula."""

    function: str
    argument: Expression

    @property
    def names(self) -> frozenset[str]:
        """Names of the argument."""
        return self.argument.names

    def _value(self, values: Mapping[str, Any]) -> Any:
        return FUNCTIONS[self.function](self.argument._value(values))  # noqa: SLF001

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """Return the formula with some of its names replaced."""
        return Call(self.function, self.argument.renamed(names))

    def __str__(self) -> str:
        """Return the formula as text."""
        return f"{self.function}({self.argument})"


def _wrapped(expression: Expression, precedence: int) -> str:
    """Return an operand as text, in parentheses if it binds less tightly than its operator."""
    text = str(expression)
    return text if expression.precedence >= precedence else f"({text})"


def number_text(value: float) -> str:
    """Return a number as the shortest text that reads back unchanged."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))  # noqa: PLR2004 - beyond, integers are not exact


@dataclass(slots=True)
class ExpressionParser:
    """Recursive descent over the tokens of one expression."""

    tokens: tuple[Token, ...]
    source: str
    stop: int
    place: int = 0

    def parse(self) -> Expression:
        """Read all tokens as one expression."""
        result = self._sum()
        if self.place < len(self.tokens):
            token = self.tokens[self.place]
            if token.is_symbol(")"):
                raise self._error("This parenthesis was never opened", token)
            raise self._error(f"{token.text!r} is not expected here", token)
        return result

    def _peek(self, *symbols: str) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place].is_symbol(*symbols)

    def _take(self) -> Token:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def _error(self, what: str, token: Token, hint: str = "") -> ModelSyntaxError:
        return ModelSyntaxError(
            what, source=self.source, start=token.start, stop=token.stop, hint=hint
        )

    def _sum(self) -> Expression:
        result = self._product()
        while self._peek("+", "-"):
            result = Binary(self._take().text, result, self._product())
        return result

    def _product(self) -> Expression:
        result = self._signed()
        while self._peek("*", "/"):
            result = Binary(self._take().text, result, self._signed())
        return result

    def _signed(self) -> Expression:
        if self._peek("-"):
            self._take()
            return Negative(self._signed())
        if self._peek("+"):
            self._take()
            return self._signed()
        return self._power()

    def _power(self) -> Expression:
        base = self._atom()
        if self._peek("^", "**"):
            self._take()
            return Power(base, self._signed())
        return base

    def _atom(self) -> Expression:
        if self.place >= len(self.tokens):
            last = max(0, self.stop - 1)
            raise ModelSyntaxError("An operand is missing", source=self.source, start=last)
        token = self._take()
        if token.kind is Kind.NUMBER:
            return Number(float(token.text))
        if token.kind is Kind.NAME:
            return self._call(token) if self._peek("(") else Name(token.text)
        if token.is_symbol("("):
            return self._closed(token)
        if token.is_symbol(")"):
            raise self._error("An operand is missing before this parenthesis", token)
        raise self._error(f"An operand is missing before {token.text!r}", token)

    def _call(self, name: Token) -> Expression:
        if name.text not in FUNCTIONS:
            hint = did_you_mean(name.text, FUNCTIONS).strip() or f"Known: {', '.join(FUNCTIONS)}."
            raise self._error(f"Unknown function {name.text!r}", name, hint)
        return Call(name.text, self._closed(self._take()))

    def _closed(self, opening: Token) -> Expression:
        result = self._sum()
        if not self._peek(")"):
            raise self._error("This parenthesis is not closed", opening)
        self._take()
        return result


def parse_expression(tokens: tuple[Token, ...], source: str) -> Expression:
    """Read tokens as an expression.

    Raises
    ------
    ModelSyntaxError
        At an operand that is missing, a parenthesis that is not closed or an unknown function.
    """
    stop = tokens[-1].stop if tokens else len(source)
    return ExpressionParser(tokens, source, stop).parse()
