"""What model text says: terms with modifiers, constraints and defined parameters.

These values are made by :mod:`trustsem.specification.reading`. What the text implies by default is
decided in :mod:`trustsem.specification.defaults`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from trustsem.specification.table import Constraint, Definition

Span = tuple[int, int]
_T = TypeVar("_T")

ROW_LABEL = re.compile(r"\.p[1-9]\d*\.")
"""A row label, ``.p3.`` for the third row of the parameter table."""


@dataclass(frozen=True, slots=True)
class Modifier:
    """What the text says about a parameter; entries are per group, a single one is for all.

    Parameters
    ----------
    values : tuple of float or None
        Fixed values; NaN frees the parameter; None leaves the default.
    labels : tuple of str
        Labels; empty for none.
    starts : tuple of float or None
        Start values.
    equals : tuple of str
        Parameters (``"f=~x1"``) or labels that the parameter is to equal.
    """

    values: tuple[float | None, ...] = ()
    labels: tuple[str, ...] = ()
    starts: tuple[float | None, ...] = ()
    equals: tuple[str, ...] = ()

    def merged(self, other: Modifier) -> Modifier | None:
        """Return both together, or None where they contradict each other."""
        parts = []
        for mine, theirs in zip(self._parts(), other._parts(), strict=True):
            if mine and theirs and repr(mine) != repr(theirs):
                return None
            parts.append(mine or theirs)
        return Modifier(*parts)  # type: ignore[arg-type]

    def _parts(self) -> tuple[tuple[object, ...], ...]:
        return (self.values, self.labels, self.starts, self.equals)

    def value(self, group: int) -> float | None:
        """Return the fixed value in a group: NaN to free, None if nothing is said."""
        return _entry(self.values, group, None)

    def label(self, group: int) -> str:
        """Return the label in a group."""
        return _entry(self.labels, group, "")

    def start(self, group: int) -> float | None:
        """Return the start value in a group."""
        return _entry(self.starts, group, None)

    def equal(self, group: int) -> str:
        """Return what the parameter is to equal in a group."""
        return _entry(self.equals, group, "")

    @property
    def lengths(self) -> frozenset[int]:
        """Numbers of entries, where there is more than one."""
        return frozenset(len(part) for part in self._parts() if len(part) > 1)


def _entry(entries: tuple[_T, ...], group: int, missing: _T) -> _T:
    """Return a group's entry."""
    if not entries:
        return missing
    return entries[0] if len(entries) == 1 else entries[group - 1]


@dataclass(frozen=True, slots=True)
class Term:
    """One parameter that the text names.

    Parameters
    ----------
    lhs, op, rhs : str
        The parameter; ``op`` is one of ``=~ ~ ~~ ~1 | ~*~``.
    modifier : Modifier
        What is said about it.
    span : (int, int)
        Its place in the text.
    """

    lhs: str
    op: str
    rhs: str
    modifier: Modifier = field(default_factory=Modifier)
    span: Span = (0, 0)

    @property
    def key(self) -> tuple[str, str, str]:
        """The parameter, with the two sides of a covariance in one order."""
        if self.op == "~~" and self.rhs < self.lhs:
            return (self.rhs, self.op, self.lhs)
        return (self.lhs, self.op, self.rhs)

    @property
    def name(self) -> str:
        """The parameter as text."""
        return f"{self.lhs} {self.op} {self.rhs}".rstrip()


@dataclass(frozen=True, slots=True)
class ModelSyntax:
    """A model as written.

    Parameters
    ----------
    text : str
        The text.
    terms : tuple of Term
        Parameters in order, each once.
    constraints : tuple of Constraint
        Relations between parameters.
    definitions : tuple of Definition
        Defined parameters.
    """

    text: str
    terms: tuple[Term, ...]
    constraints: tuple[Constraint, ...] = ()
    definitions: tuple[Definition, ...] = ()

    @property
    def labels(self) -> frozenset[str]:
        """Labels that the terms carry."""
        return frozenset(label for term in self.terms for label in term.modifier.labels if label)

    def __repr__(self) -> str:
        """Return counts and the text."""
        counts = (
            f"{len(self.terms)} terms, {len(self.constraints)} constraints, "
            f"{len(self.definitions)} defined parameters"
        )
        lines = "\n".join(f"  {line}" for line in self.text.strip().splitlines())
        return f"ModelSyntax: {counts}\n{lines}"
