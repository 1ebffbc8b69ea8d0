"""Build the parameter table: what the text says, completed by the defaults of the function.

The defaults are those of lavaan's ``cfa()``, ``sem()`` and ``growth()`` [rosseel2012]_, with
``fixed_x=False`` and the first indicator always the marker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from trustsem.errors import (
    DuplicateParameterError,
    ModelSyntaxError,
    SpecificationError,
    UnknownOptionError,
    UnsupportedError,
)
from trustsem.specification.reading import parse_constraints
from trustsem.specification.syntax import ROW_LABEL, ModelSyntax, Term
from trustsem.specification.table import (
    Parameter,
    ParameterTable,
    label_constraints,
    promoted,
    role_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from trustsem.options import Options

ModelKind = Literal["cfa", "sem", "growth"]

_ORDER = (
    ("=~", "lhs"), ("=~", "rhs"), ("~", "lhs"), ("~", "rhs"), ("~~", "lhs"), ("~~", "rhs"),
    ("~1", "lhs"),
)  # fmt: skip


def build_table(
    syntax: ModelSyntax,
    *,
    kind: ModelKind,
    options: Options,
    group_labels: tuple[str, ...] = (),
    n_categories: Mapping[str, int] | None = None,
) -> ParameterTable:
    """Complete a model by the defaults of the function that it is given to.

    Parameters
    ----------
    syntax : ModelSyntax
        The model as written.
    kind : {"cfa", "sem", "growth"}
        Whose defaults apply: ``growth`` fixes intercepts of observed variables to 0 (of
        covariates, too, unless ``fixed_x`` or the text frees them, as in ``w ~ 1``) and frees
        means of constructs; ``cfa`` and ``sem`` agree.
    options : Options
        Scaling, orthogonality, fixed covariates, equality over groups, further constraints.
    group_labels : tuple of str
        Labels of the groups; empty for one group.
    n_categories : mapping of str to int, optional
        How many categories each ordered item has in the data; without it the thresholds of the
        text are all that there are.

    Returns
    -------
    ParameterTable
        Rows for every group.

    Raises
    ------
    ModelSyntaxError
        If ``c()`` has not one entry per group, or ``equal()`` names no parameter.
    DuplicateParameterError
        If one label ties two different fixed values.
    UnknownOptionError
        If ``group_partial`` names no parameter.
    SpecificationError
        If the text says of an ordered item what its parameterisation leaves open.
    UnsupportedError
        If covariates are ordered, or fixed beside ordered items, or an ordered item predicts
        others while scaling factors are the parameters.

    Examples
    --------
    >>> from trustsem.options import Options
    >>> from trustsem.specification import parse_model
    >>> build_table(parse_model("f =~ x1 + x2 + x3"), kind="cfa", options=Options()).n_free
    6
    """
    if options.constraints:
        syntax = parse_constraints(options.constraints, syntax)
    n_groups = max(1, len(group_labels))
    _require_entries(syntax, n_groups)
    terms = _oriented(syntax.terms)
    variables = _variables(terms)
    ordered = _thresholds(syntax, variables, options, n_categories or {})
    meanstructure = bool(ordered) or _has_means(syntax, kind, options, n_groups)
    _require_scales(syntax, ordered, options)
    defaults = _Defaults(variables, kind, options, terms, meanstructure, ordered=ordered)
    drafts = defaults.drafts()
    _require_partial(options.group_partial, drafts)
    parameters = _Spread(syntax, variables, options, drafts, n_groups, ordered=ordered).parameters()
    _require_rows(syntax, options, len(parameters))
    return ParameterTable(
        parameters=parameters,
        constraints=(*syntax.constraints, *label_constraints(parameters)),
        definitions=syntax.definitions,
        observed=variables.observed,
        constructs=variables.constructs,
        exogenous=variables.covariates if options.fixed_x else (),
        ordered=tuple(ordered),
        group_labels=group_labels,
        meanstructure=meanstructure,
        parameterization=options.parameterization,
    )


def observed_variables(syntax: ModelSyntax) -> tuple[str, ...]:
    """Return the observed variables of a model, in the order of its table."""
    return _variables(_oriented(syntax.terms)).observed


def ordered_items(syntax: ModelSyntax, options: Options) -> tuple[str, ...]:
    """Return the variables of a model that are ordered: as the options say, or with thresholds.

    Parameters
    ----------
    syntax : ModelSyntax
        The model as written.
    options : Options
        ``ordered`` names them, or is True for all but covariates.
    """
    return _ordered(syntax, _variables(_oriented(syntax.terms)), options)


def _ordered(syntax: ModelSyntax, variables: _Variables, options: Options) -> tuple[str, ...]:
    chosen = variables.random if options.ordered is True else _names(options)
    cut = {term.lhs for term in syntax.terms if term.op == "|"}
    return tuple(name for name in variables.observed if name in chosen or name in cut)


def _names(options: Options) -> tuple[str, ...]:
    return () if isinstance(options.ordered, bool) else options.ordered


def _thresholds(
    syntax: ModelSyntax, variables: _Variables, options: Options, n_categories: Mapping[str, int]
) -> dict[str, int]:
    """Return the number of thresholds of each ordered item."""
    ordered = _ordered(syntax, variables, options)
    covariates = [name for name in ordered if name in variables.covariates]
    if covariates:
        raise UnsupportedError(
            f"ordered covariates ({', '.join(covariates)})",
            "Enter a predictor as it is, or as dummy variables for its categories.",
        )
    if ordered and options.fixed_x and variables.covariates:
        raise UnsupportedError(
            f"ordered items given fixed covariates ({', '.join(variables.covariates)})",
            "Their correlations would have to be conditional on the covariates; use fixed_x=False.",
        )
    mediators = [name for name in ordered if name in variables.predictors]
    if mediators and options.parameterization == "delta":
        raise UnsupportedError(
            f"ordered predictors ({', '.join(mediators)}) with scaling factors as parameters",
            "What they pass on depends on their residual variance; use parameterization='theta'.",
        )
    found = {}
    for name in ordered:
        written = [int(term.rhs[1:]) for term in syntax.terms if (term.lhs, term.op) == (name, "|")]
        count = n_categories.get(name, max(written, default=0) + 1) - 1
        if count < 1:
            raise SpecificationError(
                f"The number of categories of {name} is not known.",
                remedy="Give data, or write all thresholds into the model.",
            )
        if max(written, default=0) > count:
            raise SpecificationError(
                f"{name} has {count + 1} categories and so no threshold t{max(written)}."
            )
        found[name] = count
    return found


def _require_scales(syntax: ModelSyntax, ordered: Mapping[str, int], options: Options) -> None:
    """Raise where the text speaks of scales that the parameterisation does not have."""
    for term in syntax.terms:
        variance = term.op == "~~" and term.lhs == term.rhs
        if term.op == "~*~" and term.lhs not in ordered:
            raise SpecificationError(f"{term.name!r}: only ordered items have a scaling factor.")
        if variance and term.lhs in ordered and options.parameterization == "delta":
            raise SpecificationError(
                f"{term.name!r}: the residual variance of an ordered item is what its scaling "
                "factor leaves.",
                remedy="Use parameterization='theta', or leave it out.",
            )
        if term.op == "~*~" and options.parameterization == "theta":
            raise SpecificationError(
                f"{term.name!r}: with residual variances as parameters scaling factors follow.",
                remedy="Use parameterization='delta', or leave it out.",
            )


def _require_entries(syntax: ModelSyntax, n_groups: int) -> None:
    """Raise where modifiers per group do not match the groups."""
    for term in syntax.terms:
        wrong = sorted(term.modifier.lengths - {n_groups})
        if wrong:
            groups = "1 group" if n_groups == 1 else f"{n_groups} groups"
            raise ModelSyntaxError(
                f"{wrong[0]} entries in c(), but {groups}",
                source=syntax.text,
                start=term.span[0],
                stop=term.span[1],
                hint="Give one entry per group, in the order of the groups.",
            )


def _require_partial(names: tuple[str, ...], drafts: tuple[_Draft, ...]) -> None:
    """Raise at the first exempted parameter that the model does not have."""
    known = {name for draft in drafts for name in draft.names}
    for name in names:
        if "".join(name.split()) not in known:
            raise UnknownOptionError(name, sorted(known), kind="parameter in 'group_partial':")


def _require_rows(syntax: ModelSyntax, options: Options, n_rows: int) -> None:
    """Raise at a row label beyond the last row."""
    used = {name for item in syntax.constraints for name in item.names}
    used |= {name for item in syntax.definitions for name in item.expression.names}
    for name in sorted(used):
        if ROW_LABEL.fullmatch(name) and int(name[2:-1]) > n_rows:
            source = syntax.text if name in syntax.text else options.constraints
            start = source.index(name)
            raise ModelSyntaxError(
                f"The table has no row {name!r}",
                source=source,
                start=start,
                stop=start + len(name),
                hint=f"Its rows are .p1. to .p{n_rows}.; labels of your own are safer.",
            )


def _has_means(syntax: ModelSyntax, kind: ModelKind, options: Options, n_groups: int) -> bool:
    """Tell whether means are part of the model."""
    if kind == "growth" or any(term.op == "~1" for term in syntax.terms):
        return True
    if {"intercepts", "means"} & set(options.group_equal):
        return True
    if options.meanstructure is not None:
        return options.meanstructure
    several = n_groups > 1 and options.sample_cov is None
    return several or options.incomplete or options.sample_mean is not None


@dataclass(frozen=True, slots=True)
class _Variables:
    """What each variable of a model is."""

    constructs: tuple[str, ...]
    observed: tuple[str, ...]
    indicators: frozenset[str]
    outcomes: tuple[str, ...]
    predictors: frozenset[str]
    covariates: tuple[str, ...]
    single: frozenset[str]

    @property
    def random(self) -> tuple[str, ...]:
        """Observed variables that are no covariates."""
        return tuple(name for name in self.observed if name not in self.covariates)

    @property
    def exogenous_constructs(self) -> tuple[str, ...]:
        """Constructs that are neither outcomes nor indicators."""
        dependent = {*self.outcomes, *self.indicators}
        return tuple(name for name in self.constructs if name not in dependent)

    @property
    def terminal(self) -> tuple[str, ...]:
        """Outcomes that predict and indicate nothing: constructs, then observed variables."""
        involved = self.predictors | self.indicators
        names = (*self.constructs, *self.observed)
        return tuple(name for name in names if name in self.outcomes and name not in involved)


def _variable_order(terms: tuple[Term, ...]) -> tuple[str, ...]:
    """Return all variables: constructs, indicators, outcomes, predictors, others."""
    return _unique(getattr(term, side) for op, side in _ORDER for term in terms if term.op == op)


def _oriented(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Write every covariance in the order of the variables."""
    order = {name: i for i, name in enumerate(_variable_order(terms))}
    return tuple(
        replace(term, lhs=term.rhs, rhs=term.lhs)
        if term.op == "~~" and order[term.rhs] < order[term.lhs]
        else term
        for term in terms
    )


def _variables(terms: tuple[Term, ...]) -> _Variables:
    """Classify the variables of a model."""
    constructs = _unique(term.lhs for term in terms if term.op == "=~")
    items = _unique(term.rhs for term in terms if term.op == "=~")
    outcomes = _unique(term.lhs for term in terms if term.op == "~")
    predictors = _unique(term.rhs for term in terms if term.op == "~")
    observed = tuple(name for name in _variable_order(terms) if name not in constructs)
    described = {name for term in terms if term.op in ("~~", "~1") for name in (term.lhs, term.rhs)}
    covariates = tuple(
        name
        for name in observed
        if name in predictors and name not in {*items, *outcomes, *described}
    )
    return _Variables(
        constructs=constructs,
        observed=observed,
        indicators=frozenset(items),
        outcomes=outcomes,
        predictors=frozenset(predictors),
        covariates=covariates,
        single=_single_indicators(terms),
    )


def _single_indicators(terms: tuple[Term, ...]) -> frozenset[str]:
    """Return the variables that are the only indicator of a construct, and of no other."""
    pairs = [(term.lhs, term.rhs) for term in terms if term.op == "=~"]
    constructs = [lhs for lhs, _ in pairs]
    items = [rhs for _, rhs in pairs]
    return frozenset(
        rhs for lhs, rhs in pairs if constructs.count(lhs) == 1 and items.count(rhs) == 1
    )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return names once each, in order of first appearance."""
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A row before it is spread over groups.

    ``default`` is the value at which the row is fixed if the text does not say otherwise; None
    if it is free then.
    """

    lhs: str
    op: str
    rhs: str
    default: float | None = None
    term: Term | None = None
    exo: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The parameter as text; a covariance in both orders."""
        names = {f"{self.lhs}{self.op}{self.rhs}"}
        return frozenset(names | ({f"{self.rhs}~~{self.lhs}"} if self.op == "~~" else set()))

    @property
    def is_variance(self) -> bool:
        return self.op == "~~" and self.lhs == self.rhs


class _Defaults:
    """Complete the user's rows by those that the text leaves out."""

    def __init__(
        self,
        variables: _Variables,
        kind: ModelKind,
        options: Options,
        terms: tuple[Term, ...],
        meanstructure: bool,
        *,
        ordered: Mapping[str, int],
    ) -> None:
        self.variables = variables
        self.kind = kind
        self.options = options
        self.terms = terms
        self.meanstructure = meanstructure
        self.ordered = ordered

    def drafts(self) -> tuple[_Draft, ...]:
        """Return all rows of one group, in order."""
        user = tuple(self._user_rows())
        taken = {_key(draft) for draft in user}
        added = {_key(draft): draft for draft in self._default_rows() if _key(draft) not in taken}
        return (*user, *added.values())

    def _user_rows(self) -> Iterator[_Draft]:
        """Yield the rows of the text."""
        measured: set[str] = set()
        for term in self.terms:
            lhs, rhs = term.lhs, term.rhs
            default = None
            if term.op == "=~":
                first = lhs not in measured
                default = 1.0 if first and self.options.marker_scaling else None
                measured.add(lhs)
            elif term.op == "~~" and lhs == rhs and lhs in self.variables.constructs:
                default = 1.0 if self.options.std_lv else None
            yield _Draft(lhs, term.op, rhs, default, term)

    def _default_rows(self) -> Iterator[_Draft]:
        """Yield every row that a model has unless its text names it."""
        for name, count in self.ordered.items():
            yield from (_Draft(name, "|", f"t{number}") for number in range(1, count + 1))
        yield from self._variances()
        yield from self._covariances()
        yield from self._covariate_moments()
        theta = self.options.parameterization == "theta"
        for name in self.ordered:
            yield _Draft(name, "~*~", name, math.nan if theta else 1.0)
        if self.meanstructure:
            yield from self._means()

    def _variances(self) -> Iterator[_Draft]:
        for name in (*self.variables.random, *self.variables.constructs):
            default = None
            if name in self.ordered:
                default = 1.0 if self.options.parameterization == "theta" else math.nan
            elif name in self.variables.single:
                default = 0.0
            elif name in self.variables.constructs and self.options.std_lv:
                default = 1.0
            yield _Draft(name, "~~", name, default)

    def _covariances(self) -> Iterator[_Draft]:
        constructs = set(self.variables.constructs)
        for names in (self.variables.exogenous_constructs, self.variables.terminal):
            for first, second in combinations(names, 2):
                apart = self.options.orthogonal and {first, second} <= constructs
                yield _Draft(first, "~~", second, 0.0 if apart else None)

    def _covariate_moments(self) -> Iterator[_Draft]:
        covariates = self.variables.covariates
        for i, first in enumerate(covariates):
            for second in covariates[i:]:
                yield self._covariate(first, "~~", second)

    def _covariate(self, lhs: str, op: str, rhs: str) -> _Draft:
        """Return a moment of covariates: free, or fixed at its sample value."""
        fixed = self.options.fixed_x
        return _Draft(lhs, op, rhs, math.nan if fixed else None, exo=fixed)

    def _means(self) -> Iterator[_Draft]:
        growth = self.kind == "growth"
        for name in self.variables.observed:
            if name in self.variables.covariates and self.options.fixed_x:
                yield self._covariate(name, "~1", "")
            else:
                given = growth or name in self.ordered
                yield _Draft(name, "~1", "", 0.0 if given else None)
        for name in self.variables.constructs:
            yield _Draft(name, "~1", "", None if growth else 0.0)


def _key(draft: _Draft) -> tuple[str, str, str]:
    """Return the parameter, with the two sides of a covariance in one order."""
    if draft.op == "~~" and draft.rhs < draft.lhs:
        return (draft.rhs, draft.op, draft.lhs)
    return (draft.lhs, draft.op, draft.rhs)


class _Spread:
    """Spread rows over groups: values, labels and numbers."""

    def __init__(
        self,
        syntax: ModelSyntax,
        variables: _Variables,
        options: Options,
        drafts: tuple[_Draft, ...],
        n_groups: int,
        *,
        ordered: Mapping[str, int],
    ) -> None:
        self.ordered = ordered
        self.syntax = syntax
        self.variables = variables
        self.options = options
        self.drafts = drafts
        self.n_groups = n_groups
        self.eta = frozenset(self._eta())
        self.partial = frozenset("".join(name.split()) for name in options.group_partial)

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the rows of all groups."""
        rows = [
            self._row(group, place) for group in self._groups() for place in range(len(self.drafts))
        ]
        rows = self._tied_to_targets(rows)
        rows = self._tied_over_groups(rows)
        return _numbered(_fixed_by_label(rows))

    def _groups(self) -> range:
        return range(1, self.n_groups + 1)

    def _row(self, group: int, place: int) -> Parameter:
        """Return one row of one group, not yet numbered."""
        draft = self.drafts[place]
        term = draft.term
        number = (group - 1) * len(self.drafts) + place + 1
        return Parameter(
            lhs=draft.lhs,
            op=draft.op,
            rhs=draft.rhs,
            group=group,
            free=0,
            label=term.modifier.label(group) if term else "",
            plabel=f".p{number}.",
            fixed=self._fixed(draft, group),
            start=term.modifier.start(group) if term else None,
            exo=draft.exo,
            user=term is not None,
            role=role_of(draft.lhs, draft.op, self.eta),
        )

    def _eta(self) -> tuple[str, ...]:
        relations = ((draft.lhs, draft.op, draft.rhs) for draft in self.drafts)
        constructs = self.variables.constructs
        return (*constructs, *promoted(self.variables.observed, constructs, relations))

    def _fixed(self, draft: _Draft, group: int) -> float | None:
        """Return the value at which a row is fixed in a group, None if it is free."""
        said = draft.term.modifier.value(group) if draft.term else None
        if said is not None:
            return None if math.isnan(said) else said
        if group > 1 and self._is_freed(draft):
            return None
        return draft.default

    def _is_freed(self, draft: _Draft) -> bool:
        """Tell whether equality over groups makes a default of later groups superfluous.

        Equal intercepts identify the means of constructs, equal loadings their variances, equal
        thresholds levels and scales of latent responses, once the first group sets the scale.
        """
        equal = self.options.group_equal
        if draft.term is not None:
            return False
        if draft.lhs in self.ordered:
            return "thresholds" in equal and self._is_response_freed(draft)
        if draft.lhs not in self.variables.constructs:
            return False
        if draft.op == "~1":
            return "intercepts" in equal and "means" not in equal
        scaled = "loadings" in equal and "lv.variances" not in equal
        return scaled and draft.is_variance and self.options.std_lv

    def _is_response_freed(self, draft: _Draft) -> bool:
        """Tell whether equal thresholds free the level or the scale of a latent response.

        Two equal thresholds give both [wu2016]_; a single one gives the level, or with equal
        loadings and intercepts the scale.
        """
        equal = set(self.options.group_equal)
        if draft.op == "~1":
            return "intercepts" not in equal
        theta = self.options.parameterization == "theta"
        if not (draft.is_variance and "residuals" not in equal if theta else draft.op == "~*~"):
            return False
        return self.ordered[draft.lhs] > 1 or {"loadings", "intercepts"} <= equal

    def _tied_to_targets(self, rows: list[Parameter]) -> list[Parameter]:
        """Give rows with ``equal()`` the label of the row that they are to equal."""
        result = list(rows)
        for i, row in enumerate(rows):
            term = self.drafts[i % len(self.drafts)].term
            target = term.modifier.equal(row.group) if term else ""
            if term and target:
                place = self._place(rows, target, term)
                label = result[place].label or rows[place].plabel
                result[place] = replace(result[place], label=label)
                result[i] = replace(result[i], label=label)
        return result

    def _place(self, rows: list[Parameter], target: str, term: Term) -> int:
        """Return the place of the row that ``equal()`` names: in the first group, or ``.g2``."""
        wanted = "".join(target.split())
        for i, row in enumerate(rows):
            names = {f"{row.name}.g{row.group}"} | ({row.name} if row.group == 1 else set())
            if wanted in names or (row.label and row.label == wanted):
                return i
        raise ModelSyntaxError(
            f"equal() names no parameter: {target!r}",
            source=self.syntax.text,
            start=term.span[0],
            stop=term.span[1],
            hint='Name a parameter as in equal("f=~x1"), or a label.',
        )

    def _tied_over_groups(self, rows: list[Parameter]) -> list[Parameter]:
        """Hold rows equal over groups as ``group_equal`` says.

        They share the user's label or the first group's row label; where the text fixes one of
        them and leaves others free, all are fixed.
        """
        if self.n_groups == 1:
            return rows
        size = len(self.drafts)
        result = list(rows)
        for place, draft in enumerate(self.drafts):
            if not draft.exo and not draft.names & self.partial and self._is_equal(draft):
                result[place::size] = _tied(rows[place::size])
        return result

    def _is_equal(self, draft: _Draft) -> bool:
        """Tell whether ``group_equal`` names the class of a row."""
        return _parameter_class(draft, self.variables) in self.options.group_equal


def _parameter_class(draft: _Draft, variables: _Variables) -> str:
    """Return the class of parameters, in the words of ``group_equal``."""
    if draft.op in ("=~", "~"):
        return "loadings" if draft.op == "=~" else "regressions"
    if draft.op in ("|", "~*~"):
        return "thresholds" if draft.op == "|" else ""
    if draft.lhs in variables.constructs:
        words = ("means", "lv.variances", "lv.covariances")
    elif draft.lhs in variables.random:
        words = ("intercepts", "residuals", "residual.covariances")
    else:
        return ""
    if draft.op == "~1":
        return words[0]
    return words[1] if draft.is_variance else words[2]


def _tied(rows: list[Parameter]) -> list[Parameter]:
    """Hold a row equal over groups where it has no label of its own."""
    label = next((row.label for row in rows if row.label), rows[0].plabel)
    value = next((row.fixed for row in rows if row.fixed is not None and not row.label), None)
    if all(row.fixed is not None for row in rows):
        return rows
    if value is not None:
        return [row if row.label else replace(row, fixed=value) for row in rows]
    return [row if row.label else replace(row, label=label) for row in rows]


def _fixed_by_label(rows: list[Parameter]) -> list[Parameter]:
    """Fix free rows that share their label with a fixed row."""
    values: dict[str, float] = {}
    for row in rows:
        if (
            row.label
            and row.fixed is not None
            and values.setdefault(row.label, row.fixed) != (row.fixed)
        ):
            raise DuplicateParameterError(row.label)
    return [
        replace(row, fixed=values[row.label]) if row.fixed is None and row.label in values else row
        for row in rows
    ]


def _numbered(rows: list[Parameter]) -> tuple[Parameter, ...]:
    """Give the free rows their numbers."""
    result: list[Parameter] = []
    n_free = 0
    for row in rows:
        n_free += row.fixed is None
        result.append(replace(row, free=n_free if row.fixed is None else 0))
    return tuple(result)
