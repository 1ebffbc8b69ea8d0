"""The parameter table: the one description of a model, from which every other form is derived.

A row is a parameter, free or fixed. The table is never mutated.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, fields
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import pandas as pd

from trustsem.specification.expressions import Expression, Name, number_text

if TYPE_CHECKING:
    from collections.abc import Iterable

ConstraintOperator = Literal["==", "<", ">"]


class Role(Enum):
    """The matrix that a parameter belongs to.

    The kernel uses the all-y LISREL form [joreskog1986]_: ``eta`` holds the constructs and the
    promoted observed variables (see :attr:`ParameterTable.eta`).

    ``LOADING`` rows whose right-hand side is itself in ``eta`` (a construct in a second-order
    model, or a promoted indicator) act in ``Beta[rhs, lhs]``; all others in ``Lambda[rhs, lhs]``.
    """

    LOADING = "Lambda"
    PATH = "Beta"
    CONSTRUCT = "Psi"
    RESIDUAL = "Theta"
    INTERCEPT = "nu"
    MEAN = "alpha"
    THRESHOLD = "tau"
    SCALE = "delta"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table.

    Parameters
    ----------
    lhs, op, rhs : str
        The parameter in model syntax; ``op`` is one of ``=~ ~ ~~ ~1 | ~*~``, ``rhs`` of an
        intercept is empty.
    group : int
        Group, counted from 1.
    free : int
        0 if fixed; else the number of the parameter, counted from 1 over all groups and before
        equality constraints.
    label : str
        The user's label; the first group's ``plabel`` where ``group_equal`` ties the row.
    plabel : str
        The row's own label, ``".p1."`` for the first.
    fixed : float or None
        The value of a fixed parameter, NaN if it is taken from the sample (``exo``) or follows
        from other parameters (``derived``); else None.
    start : float or None
        The user's start value.
    exo : bool
        Whether it is a moment of covariates that stays at its sample value.
    user : bool
        Whether the model text names it.
    role : Role
        The matrix that it belongs to.
    """

    lhs: str
    op: str
    rhs: str
    group: int
    free: int
    label: str
    plabel: str
    fixed: float | None
    start: float | None
    exo: bool
    user: bool
    role: Role

    @property
    def name(self) -> str:
        """The parameter in model syntax without spaces, such as ``"trust=~bt1"``."""
        return f"{self.lhs}{self.op}{self.rhs}"

    @property
    def derived(self) -> bool:
        """Whether the value follows from others: the scale of a latent response has one of two."""
        return self.fixed is not None and math.isnan(self.fixed) and not self.exo


@dataclass(frozen=True, slots=True)
class Constraint:
    """A relation that estimates must satisfy.

    Names of its two sides are labels, row labels (``.p3.``, of free or fixed rows) or defined
    parameters. Inequalities hold with their boundary.

    Parameters
    ----------
    op : {"==", "<", ">"}
        The relation.
    lhs, rhs : Expression
        Its two sides.
    text : str
        The relation as written.
    user : bool
        Whether the user wrote it; else it stems from equal labels or ``group_equal``.
    """

    op: ConstraintOperator
    lhs: Expression
    rhs: Expression
    text: str
    user: bool = True

    @property
    def names(self) -> frozenset[str]:
        """Names of both sides."""
        return self.lhs.names | self.rhs.names


@dataclass(frozen=True, slots=True)
class Definition:
    """A parameter defined as a function of others (``indirect := a*b``)."""

    name: str
    expression: Expression
    text: str


@dataclass(frozen=True)
class ParameterTable:
    """All parameters of a model, with its variables and constraints.

    Parameters
    ----------
    parameters : tuple of Parameter
        Group by group; within a group the user's rows first, then variances, covariances and
        intercepts.
    constraints : tuple of Constraint
        The user's, then those of equal labels, as relations of row labels.
    definitions : tuple of Definition
        In the order of the text, so that each needs earlier ones only.
    observed, constructs : tuple of str
        Variables: indicators in order, then outcomes, then predictors, then others; constructs
        in the order in which they are measured.
    exogenous : tuple of str
        Observed covariates whose moments stay at their sample values.
    ordered : tuple of str
        Ordinal indicators.
    group_labels : tuple of str
        Labels of the groups; empty for one group.
    meanstructure : bool
        Whether means are part of the model.
    parameterization : {"delta", "theta"}
        Whether scaling factors or residual variances of latent responses are parameters.
    """

    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...]
    definitions: tuple[Definition, ...]
    observed: tuple[str, ...]
    constructs: tuple[str, ...]
    exogenous: tuple[str, ...]
    ordered: tuple[str, ...]
    group_labels: tuple[str, ...]
    meanstructure: bool
    parameterization: str = "delta"

    @cached_property
    def n_thresholds(self) -> dict[str, int]:
        """Number of thresholds of each observed variable, 0 for a continuous one."""
        rows = [row.lhs for row in self.parameters if row.op == "|" and row.group == 1]
        return {name: rows.count(name) for name in self.observed}

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return max(1, len(self.group_labels))

    @cached_property
    def n_free(self) -> int:
        """Number of free parameters before equality constraints."""
        return sum(row.free > 0 for row in self.parameters)

    @cached_property
    def eta(self) -> tuple[str, ...]:
        """Constructs, then promoted observed variables.

        An observed variable is promoted (``Lambda`` 1, ``Theta`` 0) if it takes part in a
        regression, covaries with a construct or covaries with a promoted variable.
        """
        relations = ((row.lhs, row.op, row.rhs) for row in self.parameters)
        return (*self.constructs, *promoted(self.observed, self.constructs, relations))

    @cached_property
    def covariates(self) -> tuple[str, ...]:
        """Observed variables that predict and are neither outcomes nor indicators."""
        predictors = {row.rhs for row in self.parameters if row.op == "~"}
        explained = {row.lhs for row in self.parameters if row.op == "~"}
        explained |= {row.rhs for row in self.parameters if row.op == "=~"}
        return tuple(name for name in self.observed if name in predictors - explained)

    @cached_property
    def equalities(self) -> tuple[tuple[int, int], ...]:
        """Pairs of ``free`` numbers that equal labels tie, the earlier first."""
        first: dict[str, int] = {}
        pairs: list[tuple[int, int]] = []
        for row in self.parameters:
            if row.label and row.free:
                earlier = first.setdefault(row.label, row.free)
                if earlier != row.free:
                    pairs.append((earlier, row.free))
        return tuple(pairs)

    @cached_property
    def indicators(self) -> dict[str, tuple[str, ...]]:
        """Indicators of each construct, in order."""
        found: dict[str, list[str]] = {name: [] for name in self.constructs}
        for row in self.parameters:
            if row.op == "=~" and row.group == 1:
                found[row.lhs].append(row.rhs)
        return {name: tuple(items) for name, items in found.items()}

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a frame: ``lhs op rhs group free label fixed start exo user``."""
        columns = [field.name for field in fields(Parameter)]
        frame = pd.DataFrame(
            [[getattr(row, column) for column in columns] for row in self.parameters],
            columns=columns,
        )
        shown = ["lhs", "op", "rhs", "group", "free", "label", "fixed", "start", "exo", "user"]
        return frame[shown].astype({"fixed": float, "start": float})

    def syntax(self) -> str:
        """Return model text that spells out every row.

        Building a table from it gives the same free and fixed parameters, whatever defaults
        apply; ``fixed_x`` remains an option, since text cannot say it, and so does the number
        of groups.
        """
        return _Writer(self).text()

    def __repr__(self) -> str:
        """Return counts and rows as text."""
        counts = (
            _counted(len(self.constructs), "construct"),
            _counted(len(self.observed), "observed variable"),
            _counted(self.n_groups, "group"),
        )
        total = _counted(len(self.parameters), "parameter")
        head = f"ParameterTable: {self.n_free} free of {total}; {', '.join(counts)}"
        limit = 60
        rest = len(self.parameters) - limit
        lines = [_row_text(row, self.n_groups) for row in self.parameters[:limit]]
        more = [f"  ... and {rest} more rows (.to_frame())"] if rest > 0 else []
        relations = [f"  {item.text}" for item in self.constraints if item.user]
        defined = [f"  {item.text}" for item in self.definitions]
        return "\n".join([head, *lines, *more, *relations, *defined])


def promoted(
    observed: tuple[str, ...],
    constructs: tuple[str, ...],
    relations: Iterable[tuple[str, str, str]],
) -> tuple[str, ...]:
    """Return the observed variables that the structural part needs, in order.

    Parameters
    ----------
    observed, constructs : tuple of str
        The variables.
    relations : iterable of (lhs, op, rhs)
        All rows of the model.
    """
    chosen: set[str] = set(constructs)
    neighbours: dict[str, set[str]] = defaultdict(set)
    for lhs, op, rhs in relations:
        if op == "~":
            chosen |= {lhs, rhs}
        elif op == "~~" and lhs != rhs:
            neighbours[lhs].add(rhs)
            neighbours[rhs].add(lhs)
    waiting = list(chosen)
    while waiting:
        reached = neighbours[waiting.pop()] - chosen
        chosen |= reached
        waiting.extend(reached)
    return tuple(name for name in observed if name in chosen)


def role_of(lhs: str, op: str, eta: frozenset[str]) -> Role:
    """Return the role of a row, given the variables of the structural part."""
    if op == "~~":
        return Role.CONSTRUCT if lhs in eta else Role.RESIDUAL
    if op == "~1":
        return Role.MEAN if lhs in eta else Role.INTERCEPT
    return {"=~": Role.LOADING, "~": Role.PATH, "|": Role.THRESHOLD, "~*~": Role.SCALE}[op]


def _counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _row_text(row: Parameter, n_groups: int) -> str:
    """Return a row as one line."""
    group = f"{row.group:>3} " if n_groups > 1 else ""
    if row.free:
        state = f"free {row.free}"
    elif row.exo:
        state = "sample value"
    elif row.derived:
        state = "follows"
    else:
        state = f"fixed {row.fixed:g}"
    label = f"  [{row.label}]" if row.label else ""
    return f"  {group}{row.lhs} {row.op} {row.rhs}".ljust(34) + f" {state}{label}"


class _Writer:
    """Write a table as model text."""

    def __init__(self, table: ParameterTable) -> None:
        self.table = table
        self.labels = self._labels()

    def _labels(self) -> dict[str, str]:
        """Return the label to write for each row, by row label."""
        rows = self.table.parameters
        taken = {row.label for row in rows} | {item.name for item in self.table.definitions}
        known = {row.plabel for row in rows}
        used = {row.label for row in rows}
        used |= {name for item in self.table.constraints if item.user for name in item.names}
        used |= {name for item in self.table.definitions for name in item.expression.names}
        needed = used & known
        fresh: dict[str, str] = {}
        for row in rows:
            if row.plabel in needed:
                fresh[row.plabel] = _unused(f"row{row.plabel[2:-1]}", taken)
        own = {row.plabel: fresh.get(row.label, row.label) for row in rows}
        return {plabel: own[plabel] or fresh.get(plabel, "") for plabel in own}

    def text(self) -> str:
        """Return the whole text."""
        size = len(self.table.parameters) // self.table.n_groups
        over_groups = [self.table.parameters[place::size] for place in range(size)]
        shown = [rows for rows in over_groups if not (rows[0].exo or rows[0].derived)]
        lines = [self._statement(rows) for rows in shown]
        names = {plabel: label for plabel, label in self.labels.items() if label}
        lines += [
            f"{item.lhs.renamed(names)} {item.op} {item.rhs.renamed(names)}"
            for item in self.table.constraints
            if item.user
        ]
        lines += [
            f"{item.name} := {item.expression.renamed(names)}" for item in self.table.definitions
        ]
        return "\n".join(lines) + "\n"

    def _statement(self, rows: tuple[Parameter, ...]) -> str:
        """Return one parameter, in all groups, as a statement."""
        first = rows[0]
        target = "1" if first.op == "~1" else first.rhs
        op = "~" if first.op == "~1" else first.op
        values = ["NA" if row.fixed is None else number_text(row.fixed) for row in rows]
        terms = [f"{_vector(values)}*{target}"]
        labels = [self.labels[row.plabel] for row in rows]
        if any(labels):
            quoted = [f'"{label}"' for label in labels]
            terms.append(f"{_vector(quoted)}*{target}")
        starts = ["NA" if row.start is None else number_text(row.start) for row in rows]
        if any(row.start is not None for row in rows):
            terms.append(f"start({_vector(starts)})*{target}")
        return f"{first.lhs} {op} {' + '.join(terms)}"


def _vector(entries: list[str]) -> str:
    """Return entries per group as one modifier; a single one where all are the same."""
    return entries[0] if len(set(entries)) == 1 else f"c({', '.join(entries)})"


def _unused(stem: str, taken: set[str]) -> str:
    """Return a name that is not taken, and take it."""
    name = stem
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def label_constraints(parameters: tuple[Parameter, ...]) -> tuple[Constraint, ...]:
    """Return the relations that equal labels imply, the first row of a label against each other."""
    first: dict[str, Parameter] = {}
    relations: list[Constraint] = []
    for row in parameters:
        if row.label:
            earlier = first.setdefault(row.label, row)
            if earlier is not row and (earlier.free or row.free):
                text = f"{earlier.plabel} == {row.plabel}"
                lhs, rhs = Name(earlier.plabel), Name(row.plabel)
                relations.append(Constraint("==", lhs, rhs, text, user=False))
    return tuple(relations)
