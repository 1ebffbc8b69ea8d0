"""Cut-offs from a published solution: standardised values and a sample size are enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from trustsem.errors import ResamplingError, SpecificationError, UnknownOptionError
from trustsem.results.cutoffs import DynamicCutoffs, run_cutoffs
from trustsem.results.progress import progress_report
from trustsem.results.run import cfa, sem
from trustsem.simulation import CUTOFF_INDICES, Population, standard_population
from trustsem.specification import (
    ModelSyntax,
    Term,
    observed_variables,
    parse_model,
)

_OPERATORS = ("=~", "~", "~~")


def dynamic_cutoffs(
    model: str,
    n: int,
    *,
    samples: int = 500,
    seed: int | None = None,
    part: str | None = None,
    observed: Mapping[str, float] | None = None,
    workers: int = 1,
    progress: bool | None = None,
    **options: Any,
) -> DynamicCutoffs:
    """Simulate cut-offs of fit indices for a published model, without its data.

    Parameters
    ----------
    model : str
        Model text in which every loading, path and covariance has its standardised value:
        ``"F =~ .7*a + .8*b + .6*c"``, ``"F ~~ .4*G"``, ``"G ~ .5*F"``. A covariance is the
        correlation of two constructs, of their disturbances, or of the residuals of two items.
        Correlations of constructs that the text leaves out are 0.
    n : int
        The sample size.
    samples : int
        Samples for each level.
    seed : int or None
        Seed; with the same one the result is the same, whatever ``workers``. None chooses one.
    part : {"measurement", "structural"}, optional
        What is left out; by default structural relations where the model has paths and leaves any
        out.
    observed : mapping of str to float, optional
        Published fit: ``srmr``, ``rmsea``, ``cfi``, ``tli``, any of them.
    workers : int
        Processes.
    progress : bool or None
        Whether to say how far it is; None where somebody looks, a terminal or a notebook.
    **options
        Options of the estimation, such as ``likelihood="wishart"`` or ``orthogonal=True``.

    Returns
    -------
    DynamicCutoffs

    Raises
    ------
    SpecificationError
        If a value is missing or impossible.
    ResamplingError
        If no population has such a solution, or the model leaves nothing out.

    References
    ----------
    McNeish & Wolf (2023) [mcneish2023]_, [mcneish2023one]_.

    Examples
    --------
    >>> found = dynamic_cutoffs("F =~ .7*a + .8*b + .6*c + .5*d + .7*e", 300, samples=100, seed=1)
    >>> found.n_levels
    2
    """
    if not isinstance(model, str):
        raise SpecificationError(f"The model must be a text, got {type(model).__name__}.")
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 2:  # noqa: PLR2004
        raise SpecificationError(f"A sample size is a whole number above 1, got {n!r}.")
    fit = {str(name).lower(): value for name, value in (observed or {}).items()}
    for name, value in fit.items():
        if name not in CUTOFF_INDICES:
            raise UnknownOptionError(name, CUTOFF_INDICES, kind="fit index")
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise SpecificationError(f"The published {name} must be a number, got {value!r}.")
    syntax = parse_model(model)
    values = _values(syntax)
    names, population = _population(syntax, values)
    R = pd.DataFrame(population.Sigma, index=names, columns=names)
    run = sem if any(term.op == "~" for term in syntax.terms) else cfa
    given: dict[str, Any] = {"sample_cov": R, "sample_nobs": int(n), "sample_cov_rescale": False}
    clash = [name for name in options if name.startswith("sample_")]
    if clash:
        raise SpecificationError(
            f"Option {clash[0]!r} has no place here: moments follow from the values in the text."
        )
    result = run(_freed(syntax, values), **given, **options)
    report = progress_report("cut-offs", progress)
    found = run_cutoffs(
        result, samples=samples, seed=seed, part=part, workers=workers, report=report,
        observed=False,
    )  # fmt: skip
    return replace(found, observed=fit)


def _values(syntax: ModelSyntax) -> dict[tuple[str, str, str], float]:
    """Return the value of every term."""
    if syntax.constraints or syntax.definitions:
        raise SpecificationError(
            "A published solution has values only.",
            remedy="Leave out constraints and defined parameters.",
        )
    found = {}
    for term in syntax.terms:
        if term.op not in _OPERATORS or (term.op == "~~" and term.lhs == term.rhs):
            raise SpecificationError(
                f"{term.name!r} has no place in a standardised solution: variances are 1, and "
                "means 0.",
                remedy="Leave it out.",
            )
        value = term.modifier.value(1)
        if value is None or not math.isfinite(value) or len(term.modifier.values) != 1:
            raise SpecificationError(
                f"{term.name!r} has no standardised value.",
                remedy=f"Write it in front of the variable: '{term.lhs} {term.op} "
                f".7*{term.rhs}', for instance.",
            )
        largest = term.op == "~" or abs(value) < 1 or (term.op == "=~" and abs(value) == 1)
        if not largest:
            raise SpecificationError(
                f"{term.name!r} is {value:g}: a standardised loading or correlation is smaller "
                "than 1."
            )
        found[term.lhs, term.op, term.rhs] = value
    return found


def _population(
    syntax: ModelSyntax, values: Mapping[tuple[str, str, str], float]
) -> tuple[list[str], Population]:
    """Return observed variables, and the population that has these values."""
    observed = list(observed_variables(syntax))
    constructs = list(dict.fromkeys(lhs for lhs, op, _ in values if op == "=~"))
    structural = [
        name for lhs, op, rhs in values if op == "~" for name in (lhs, rhs) if name in observed
    ]
    tied = [
        name
        for lhs, op, rhs in values
        if op == "~~" and len({lhs, rhs} & set(constructs)) == 1
        for name in (lhs, rhs)
        if name in observed
    ]
    eta = [*constructs, *dict.fromkeys((*structural, *tied))]
    place = {name: k for k, name in enumerate(eta)}
    row = {name: k for k, name in enumerate(observed)}
    Lambda, Beta = np.zeros((len(observed), len(eta))), np.zeros((len(eta), len(eta)))
    for name in eta[len(constructs) :]:
        Lambda[row[name], place[name]] = 1.0
    ties, residual_ties = [], []
    for (lhs, op, rhs), value in values.items():
        if op == "=~" and rhs in place:
            Beta[place[rhs], place[lhs]] = value
        elif op == "=~":
            Lambda[row[rhs], place[lhs]] = value
        elif op == "~":
            Beta[place[lhs], place[rhs]] = value
        elif lhs in place and rhs in place:
            ties.append((place[lhs], place[rhs], value))
        elif lhs in row and rhs in row and not {lhs, rhs} & set(place):
            residual_ties.append((row[lhs], row[rhs], value))
        else:
            raise SpecificationError(f"'{lhs} ~~ {rhs}' ties a residual to another variable.")
    try:
        population = standard_population(Lambda, Beta, ties, residual_ties)
        proper = population.is_proper()
    except np.linalg.LinAlgError:
        proper = False
    if not proper:
        raise ResamplingError(
            "No population has these standardised values: a variance would be negative, or the "
            "correlations contradict each other.",
            remedy="Compare the values with the published table; are they standardised?",
        )
    return observed, population


def _freed(syntax: ModelSyntax, values: Mapping[tuple[str, str, str], float]) -> str:
    """Return the model as it was estimated, without the values."""
    items: dict[str, list[Term]] = {}
    for term in syntax.terms:
        if term.op == "=~":
            items.setdefault(term.lhs, []).append(term)
    lines = [f"{term.lhs} {term.op} {term.rhs}" for term in syntax.terms]
    for only in (terms[0] for terms in items.values() if len(terms) == 1):
        if only.rhs not in items:
            rest = 1 - values[only.lhs, "=~", only.rhs] ** 2
            lines.append(f"{only.rhs} ~~ {rest!r}*{only.rhs}")
    return "\n".join(lines)
