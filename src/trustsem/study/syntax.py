"""The models of a study as text in model syntax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

ItemsOf = Mapping[str, Sequence[str]]
Pairs = Sequence[tuple[str, str]]


def measurement_model(items_of: ItemsOf, residual_covariances: Pairs) -> str:
    """Return the measurement model: loadings, then residual covariances.

    Parameters
    ----------
    items_of : mapping of str to sequence of str
        Items by construct.
    residual_covariances : sequence of (str, str)
        Items whose residuals covary.

    Returns
    -------
    str
        Model syntax.
    """
    measured = [f"{construct} =~ {' + '.join(items)}" for construct, items in items_of.items()]
    return "\n".join([*measured, *_covariances(residual_covariances)])


def saturated_model(
    items_of: ItemsOf, residual_covariances: Pairs, controls: Mapping[str, Sequence[str]]
) -> str:
    """Return the measurement model with controls that covary with all constructs (Ms).

    Anderson and Gerbing (1988) [anderson1988]_ call it the saturated structural model.
    """
    names = list(controls)
    pairs = [(control, construct) for control in names for construct in items_of]
    pairs += [(a, b) for position, a in enumerate(names) for b in names[position:]]
    return "\n".join([measurement_model(items_of, residual_covariances), *_covariances(pairs)])


def structural_model(
    items_of: ItemsOf,
    residual_covariances: Pairs,
    paths: Pairs,
    covary: Pairs,
    controls: Mapping[str, Sequence[str]],
) -> str:
    """Return the structural model: measurement model, a regression per outcome, covariances.

    Parameters
    ----------
    items_of, residual_covariances
        As in :func:`measurement_model`.
    paths : sequence of (str, str)
        (predictor, outcome) pairs.
    covary : sequence of (str, str)
        Constructs whose residuals covary.
    controls : mapping of str to sequence of str
        Observed variable to the constructs that it explains. Controls covary with each other
        and with the constructs that nothing explains.
    """
    predictors: dict[str, list[str]] = {}
    for predictor, outcome in paths:
        predictors.setdefault(outcome, []).append(predictor)
    for control, outcomes in controls.items():
        for outcome in outcomes:
            predictors.setdefault(outcome, []).append(control)
    ordered = [name for name in items_of if name in predictors]
    regressions = [f"{outcome} ~ {' + '.join(predictors[outcome])}" for outcome in ordered]
    exogenous = [name for name in items_of if name not in predictors]
    names = list(controls)
    pairs = [(control, construct) for control in names for construct in exogenous]
    pairs += [(a, b) for position, a in enumerate(names) for b in names[position + 1 :]]
    return "\n".join(
        [
            measurement_model(items_of, residual_covariances),
            *regressions,
            *_covariances([*covary, *pairs]),
        ]
    )


def single_construct_model(items_of: ItemsOf, residual_covariances: Pairs) -> str:
    """Return the model in which one construct explains every item."""
    items = [item for items in items_of.values() for item in items]
    name = unused("common", {*items, *items_of})
    return measurement_model({name: items}, residual_covariances)


def merged_model(items_of: ItemsOf, residual_covariances: Pairs, a: str, b: str) -> str:
    """Return the measurement model in which one construct stands for two."""
    merged = {
        name: [*items, *items_of[b]] if name == a else items
        for name, items in items_of.items()
        if name != b
    }
    return measurement_model(merged, residual_covariances)


def null_model(items_of: ItemsOf) -> str:
    """Return the model in which no two items covary."""
    return "\n".join(f"{item} ~~ {item}" for items in items_of.values() for item in items)


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
