"""The models of a study as text in model syntax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

ItemsOf = Mapping[str, Sequence[str]]
Pairs = Sequence[tuple[str, str]]
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Design:
    """What a study measures by what; the models of both steps are written from it.

    Parameters
    ----------
    items_of : mapping of str to sequence of str
        Items by construct.
    parts_of : mapping of str to sequence of str
        Constructs by the second-order construct that they reflect.
    residual_covariances : sequence of (str, str)
        Items whose residuals covary.
    residual_variances : mapping of str to float
        Items whose residual variance is fixed, at the value given.
    observed : sequence of str
        Observed variables that take part in hypotheses.
    covariates : sequence of str
        Observed control variables.
    """

    items_of: ItemsOf
    parts_of: ItemsOf = field(default_factory=dict)
    residual_covariances: Pairs = ()
    residual_variances: Mapping[str, float] = field(default_factory=dict)
    observed: Sequence[str] = ()
    covariates: Sequence[str] = ()

    @property
    def constructs(self) -> tuple[str, ...]:
        """Constructs that are no part of another one."""
        parts = {part for parts in self.parts_of.values() for part in parts}
        return tuple(name for name in (*self.items_of, *self.parts_of) if name not in parts)

    @property
    def nodes(self) -> tuple[str, ...]:
        """What the structural model relates, control variables aside."""
        return (*self.constructs, *self.observed)


def measurement_model(design: Design) -> str:
    """Return the measurement model: loadings of items, residual variances and covariances."""
    return "\n".join([*_loadings(design.items_of), *_residuals(design)])


def saturated_model(design: Design) -> str:
    """Return the measurement model in which all that the structure relates covaries freely (Ms).

    Anderson and Gerbing (1988) [anderson1988]_ call it the saturated structural model.
    """
    outside = (*design.covariates, *design.observed)
    pairs = [(name, construct) for name in outside for construct in design.constructs]
    pairs += [(a, b) for position, a in enumerate(outside) for b in outside[position:]]
    return "\n".join([_measured(design), *_covariances(pairs)])


def structural_model(design: Design, paths: Pairs, covary: Pairs) -> str:
    """Return the structural model: measurement model, a regression per outcome, covariances.

    Parameters
    ----------
    design : Design
        Measurement.
    paths : sequence of (str, str)
        (predictor, outcome) pairs, those of controls among them.
    covary : sequence of (str, str)
        Constructs whose residuals covary. Control variables and observed predictors covary with
        each other and with the constructs that nothing explains; what ``sem()`` frees by itself
        is not written.
    """
    outcomes = {outcome for _, outcome in paths}
    exogenous = [name for name in design.constructs if name not in outcomes]
    given = [*design.covariates, *(name for name in design.observed if name not in outcomes)]
    pairs = [(name, construct) for name in given for construct in exogenous]
    pairs += list(combinations(given, 2))
    text = [_measured(design), *_regressions(design, paths), *_covariances([*covary, *pairs])]
    return "\n".join(text)


def nested_model(
    design: Design,
    paths: Pairs,
    free: Iterable[frozenset[str]],
    loadings: Mapping[tuple[str, str], float],
) -> str:
    """Return a structural model in which every covariance is either freed or fixed to zero.

    Unlike :func:`structural_model` it leaves nothing to the defaults of ``sem()``, so that a model
    with fewer paths does not gain covariances in their place.

    Parameters
    ----------
    design, paths
        As in :func:`structural_model`.
    free : iterable of frozenset of str
        Pairs of constructs, or of what else the structure relates, that covary freely.
    loadings : mapping of (str, str) to float
        Values at which the second loading of a construct is fixed that has two indicators and no
        relation left: only the product of its loadings and variance shows in the data then, so
        that any value gives the same fit.
    """
    names = (*design.nodes, *design.covariates)
    freed = set(free)
    outcomes = {outcome for _, outcome in paths}
    alone = [name for name in names if name not in {*design.constructs, *outcomes}]
    lines = [
        f"{a} ~~ {b}" if frozenset((a, b)) in freed else f"{a} ~~ 0*{b}"
        for a, b in combinations(names, 2)
        if frozenset((a, b)) in freed or _by_default(a, b, design, paths)
    ]
    variances = [f"{name} ~~ {name}" for name in alone]
    related = {name for pair in (*freed, *paths) for name in pair}
    values = {pair: value for pair, value in loadings.items() if pair[0] not in related}
    text = [_measured(design, values), *_regressions(design, paths), *variances, *lines]
    return "\n".join(text)


def free_covariances(design: Design, paths: Pairs, covary: Pairs) -> frozenset[frozenset[str]]:
    """Return the pairs that covary freely in :func:`structural_model`, by whatever rule."""
    names = (*design.nodes, *design.covariates)
    chosen = {frozenset(pair) for pair in covary}
    return frozenset(
        pair
        for a, b in combinations(names, 2)
        if (pair := frozenset((a, b))) in chosen or _by_default(a, b, design, paths)
    )


def single_construct_model(items_of: ItemsOf, residual_covariances: Pairs) -> str:
    """Return the model in which one construct explains every item."""
    items = [item for items in items_of.values() for item in items]
    name = unused("common", {*items, *items_of})
    design = Design({name: items}, residual_covariances=residual_covariances)
    return measurement_model(design)


def _by_default(a: str, b: str, design: Design, paths: Pairs) -> bool:
    """Return whether two variables covary unless the text says otherwise.

    Variables that nothing explains do, and so do the residuals of outcomes that explain nothing.
    """
    outcomes, predictors = ({pair[side] for pair in paths} for side in (1, 0))
    ends = [name in outcomes for name in (a, b)]
    if any(ends):
        return all(ends) and not {a, b} & predictors
    return bool({a, b} <= {*design.nodes, *design.covariates})


def _measured(design: Design, loadings: Mapping[tuple[str, str], float] | None = None) -> str:
    """Return the measurement model with the constructs of second order."""
    parts = {part for names in design.parts_of.values() for part in names}
    values = {pair: value for pair, value in (loadings or {}).items() if pair[0] not in parts}
    return "\n".join(
        [
            *_loadings(design.items_of, values),
            *_loadings(design.parts_of, values),
            *_residuals(design),
        ]
    )


def _loadings(parts: ItemsOf, values: Mapping[tuple[str, str], float] | None = None) -> list[str]:
    """Return one line per construct; the second of two loadings at its value, if it has one."""
    lines = []
    for construct, names in parts.items():
        value = (values or {}).get((construct, names[-1]))
        pair = value is not None and len(names) == _PAIR
        terms = [*names[:-1], f"{value:.17g}*{names[-1]}"] if pair else names
        lines.append(f"{construct} =~ {' + '.join(terms)}")
    return lines


def _residuals(design: Design) -> list[str]:
    """Return fixed residual variances, then residual covariances."""
    fixed = [f"{item} ~~ {value:.17g}*{item}" for item, value in design.residual_variances.items()]
    return [*fixed, *_covariances(design.residual_covariances)]


def _regressions(design: Design, paths: Pairs) -> list[str]:
    """Return one line per outcome, in the order of the study."""
    predictors: dict[str, list[str]] = {}
    for predictor, outcome in paths:
        predictors.setdefault(outcome, []).append(predictor)
    ordered = [name for name in design.nodes if name in predictors]
    return [f"{outcome} ~ {' + '.join(predictors[outcome])}" for outcome in ordered]


def merged_model(items_of: ItemsOf, residual_covariances: Pairs, a: str, b: str) -> str:
    """Return the measurement model in which one construct stands for two."""
    merged = {
        name: [*items, *items_of[b]] if name == a else items
        for name, items in items_of.items()
        if name != b
    }
    return measurement_model(Design(merged, residual_covariances=residual_covariances))


def null_model(items_of: ItemsOf) -> str:
    """Return the model in which no two items covary.

    Variances are not written: those of ordered items are no parameters.
    """
    first, *others = dict.fromkeys(item for items in items_of.values() for item in items)
    return "\n".join(f"{first} ~~ 0*{item}" for item in others)


def method_factor(name: str, items: Sequence[str], apart: Sequence[str], label: str = "") -> str:
    """Return the lines of a method construct of variance 1 that every item loads on.

    Parameters
    ----------
    name : str
        The method construct.
    items : sequence of str
        The items.
    apart : sequence of str
        Constructs that it is uncorrelated with: all exogenous ones.
    label : str
        Label of the loadings where they are equal.
    """
    first = f"{name} =~ NA*{items[0]}"
    return "\n".join(
        [first, loadings(name, items, label), f"{name} ~~ 1*{name}", uncorrelated(name, apart)]
    )


def loadings(name: str, items: Sequence[str], label: str = "") -> str:
    """Return the line of a construct's loadings, all equal where they have a label."""
    terms = [f"{label}*{item}" if label else item for item in items]
    return f"{name} =~ {' + '.join(terms)}"


def uncorrelated(name: str, others: Sequence[str]) -> str:
    """Return the lines that keep a construct uncorrelated with others."""
    return "\n".join(f"{name} ~~ 0*{other}" for other in others)


def _covariances(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line per covariance."""
    return [f"{a} ~~ {b}" for a, b in pairs]


def unused(name: str, taken: set[str]) -> str:
    """Return a name like the given one that nothing else has."""
    while name in taken:
        name += "_"
    return name
