"""Which population does a theory expect? Standardised values of a plan, and the moments they imply.

Every variable has variance 1 in that population; residual variances follow from loadings and paths.
A set of values that no population can have is a mistake of the plan, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.arrays import Floats
from trustsem.errors import did_you_mean, listed
from trustsem.study.sections import PowerSection

if TYPE_CHECKING:
    from trustsem.study.checks import ParsedPlan

Key = tuple[str, ...]
_PAIR = "~~"
_ARROW = " -> "


@dataclass(frozen=True, slots=True)
class _Structure:
    """What a plan relates, as names.

    Parameters
    ----------
    nodes : tuple of str
        Constructs that are no parts, observed variables, controls.
    parts, items : mapping of str to tuple of str
        Parts of second-order constructs; items of constructs.
    paths : mapping of (str, str) to tuple of str
        (predictor, outcome) with the hypotheses about it; none for a path of a control.
    reliability : mapping of str to float
        Assumed reliability by single-item construct.
    """

    nodes: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]
    items: Mapping[str, tuple[str, ...]]
    paths: Mapping[tuple[str, str], tuple[str, ...]]
    reliability: Mapping[str, float]

    @classmethod
    def of(cls, plan: ParsedPlan) -> _Structure:
        """Take it from a plan."""
        known = {name: entry for name, entry in plan.constructs.items() if entry}
        named: dict[tuple[str, str], tuple[str, ...]] = dict.fromkeys(sorted(plan.steps), ())
        for name, hypothesis in plan.hypotheses.items():
            if hypothesis and hypothesis.chain in named:
                named[hypothesis.ends] += (name,)
        controls = [name for name in plan.controls if name not in known]
        return cls(
            nodes=(*plan.nodes, *controls),
            parts={name: entry.of for name, entry in known.items() if entry.of},
            items={name: entry.items for name, entry in known.items() if entry.items},
            paths=named,
            reliability={
                name: entry.reliability
                for name, entry in known.items()
                if entry.reliability is not None
            },
        )

    @property
    def outcomes(self) -> set[str]:
        """What a path leads to."""
        return {outcome for _, outcome in self.paths}

    @property
    def exogenous(self) -> list[str]:
        """What no path leads to."""
        return [name for name in self.nodes if name not in self.outcomes]

    def ordered(self) -> list[str] | None:
        """Return the nodes, predictors before outcomes; None where paths run in a circle."""
        waiting = {name: {p for p, outcome in self.paths if outcome == name} for name in self.nodes}
        order: list[str] = []
        while waiting:
            ready = [name for name, needed in waiting.items() if not needed - set(order)]
            if not ready:
                return None
            order += ready
            waiting = {name: needed for name, needed in waiting.items() if name not in ready}
        return order


def population_mistakes(plan: ParsedPlan) -> Iterator[tuple[Key, str]]:
    """Yield what is wrong with the values of a section ``[power]``, each with its key.

    Parameters
    ----------
    plan : ParsedPlan
        A plan whose section ``[power]`` states a population.
    """
    section = plan.power
    if section is None:
        return
    structure = _Structure.of(plan)
    found = [
        *_wrong_loadings(section, structure),
        *_wrong_paths(plan, section, structure),
        *_wrong_correlations(plan, section, structure),
    ]
    yield from found
    if not found:
        yield from _impossible(plan, section, structure)


def hypothesised_correlations(plan: ParsedPlan) -> pd.DataFrame:
    """Return the correlations of all observed variables in the population of a valid plan."""
    return _covariances(plan, plan.power or PowerSection(), _Structure.of(plan))


# -- single values ----------------------------------------------------------------------------


def _wrong_loadings(section: PowerSection, structure: _Structure) -> Iterator[tuple[Key, str]]:
    """Yield unknown names, loadings that are missing or that no item can have."""
    if section.loadings is None:
        yield ("loadings",), "is required: the standardised loadings that theory expects"
        return
    single = {name for name, items in structure.items.items() if len(items) == 1}
    owners = {item: name for name, items in structure.items.items() for item in items}
    if isinstance(section.loadings, float):
        yield from _loading_mistake(("loadings",), section.loadings)
        return
    several = [name for name in (*structure.items, *structure.parts) if name not in single]
    known = [*several, *(item for item, name in owners.items() if name not in single)]
    for name, value in section.loadings.items():
        key = ("loadings", name)
        if name in single or owners.get(name) in single:
            what = "a single item has no loading of its own; give the construct a 'reliability'"
            yield key, what
        elif name not in known:
            yield key, f"is no construct or item of this study.{did_you_mean(name, known)}"
        else:
            yield from _loading_mistake(key, value)
    given = section.loadings
    lacking = [
        name
        for name in several
        if name not in given
        and any(each not in given for each in structure.items.get(name, (name,)))
    ]
    if lacking:
        yield ("loadings",), f"lacks {listed(lacking)}"


def _loading_mistake(key: Key, value: float) -> Iterator[tuple[Key, str]]:
    """Yield what is wrong with one loading."""
    if not 0 < abs(value) < 1:
        left = f"the residual variance of the item would be {1 - value**2:.3g}"
        what = f"a standardised loading lies between -1 and 1 and is not 0, got {value:g}: {left}"
        yield key, what


def _wrong_paths(
    plan: ParsedPlan, section: PowerSection, structure: _Structure
) -> Iterator[tuple[Key, str]]:
    """Yield unknown paths, missing ones, and those that contradict their hypothesis."""
    if not structure.paths:
        if section.paths is not None:
            yield ("paths",), "a study without hypotheses has no paths"
    elif section.paths is None:
        yield ("paths",), "is required: the standardised paths that theory expects"
    elif structure.ordered() is None:
        yield ("paths",), "the paths run in a circle; values are stated for models without feedback"
    elif not isinstance(section.paths, float):
        yield from _wrong_names(section.paths, structure)
        yield from _wrong_signs(plan, section.paths, structure)


def _wrong_names(given: Mapping[str, float], structure: _Structure) -> Iterator[tuple[Key, str]]:
    """Yield names that are no path, paths with two values, and paths without one."""
    keys = _path_keys(structure)
    named = [keys[_normal(name)] for name in given if _normal(name) in keys]
    for name in given:
        if _normal(name) not in keys:
            hint = did_you_mean(name, keys)
            yield ("paths", name), f"is no hypothesis about one path and no path.{hint}"
    twice = [_ARROW.join(ends) for ends in structure.paths if named.count(ends) > 1]
    if twice:
        yield ("paths",), f"has two values for {listed(twice)}"
    lacking = [
        f"{'/'.join(names)} ({_ARROW.join(ends)})" if names else _ARROW.join(ends)
        for ends, names in structure.paths.items()
        if ends not in named
    ]
    if lacking:
        yield ("paths",), f"lacks {listed(lacking)}"


def _wrong_signs(
    plan: ParsedPlan, given: Mapping[str, float], structure: _Structure
) -> Iterator[tuple[Key, str]]:
    """Yield values of the other sign than a hypothesis expects."""
    keys = _path_keys(structure)
    for written, value in given.items():
        for name in structure.paths.get(keys.get(_normal(written), ("", "")), ()):
            hypothesis = plan.hypotheses[name]
            sign = "any" if hypothesis is None else hypothesis.sign
            if (sign == "+" and value < 0) or (sign == "-" and value > 0):
                yield ("paths", written), f"{name} expects the sign '{sign}', got {value:g}"


def _path_keys(structure: _Structure) -> dict[str, tuple[str, str]]:
    """Return every way to name a path."""
    keys = {_ARROW.join(ends): ends for ends in structure.paths}
    return {**{name: ends for ends, names in structure.paths.items() for name in names}, **keys}


def _paths_by_key(section: PowerSection, structure: _Structure) -> dict[tuple[str, str], float]:
    """Return the value of each path that has one; one number for all takes the expected signs."""
    if section.paths is None:
        return {}
    if isinstance(section.paths, float):
        return dict.fromkeys(structure.paths, section.paths)
    keys = _path_keys(structure)
    named = {_normal(name): value for name, value in section.paths.items()}
    return {keys[name]: value for name, value in named.items() if name in keys}


def _normal(name: str) -> str:
    """Return a path or pair with one space around its sign."""
    for sign in ("->", "→", _PAIR):
        if sign in name:
            shown = "->" if sign == "→" else sign
            return f" {shown} ".join(part.strip() for part in name.split(sign))
    return name.strip()


def _wrong_correlations(
    plan: ParsedPlan, section: PowerSection, structure: _Structure
) -> Iterator[tuple[Key, str]]:
    """Yield correlations out of range, and pairs that the model does not let covary."""
    if isinstance(section.correlations, float):
        if abs(section.correlations) >= 1:
            what = f"a correlation lies between -1 and 1, got {section.correlations:g}"
            yield ("correlations",), what
        return
    known = _pairs(plan, structure)
    shown = [f"{a} {_PAIR} {b}" for a, b in known.values()]
    for name, value in section.correlations.items():
        key = ("correlations", name)
        if frozenset(part.strip() for part in name.split(_PAIR)) not in known:
            hint = did_you_mean(_normal(name), shown)
            yield key, f"is no pair whose covariance the model estimates.{hint}"
        elif abs(value) >= 1:
            yield key, f"a correlation lies between -1 and 1, got {value:g}"


def _pairs(plan: ParsedPlan, structure: _Structure) -> dict[frozenset[str], tuple[str, str]]:
    """Return the pairs that may correlate: exogenous ones, and residuals that covary."""
    pairs = [
        *combinations(structure.exogenous, 2),
        *plan.model.covary,
        *plan.model.residual_covariances,
    ]
    predictors = {predictor for predictor, _ in structure.paths}
    ends = [name for name in structure.nodes if name in structure.outcomes - predictors]
    return {frozenset(pair): pair for pair in (*pairs, *combinations(ends, 2))}


def _correlation(section: PowerSection, a: str, b: str, *, exogenous: bool) -> float:
    """Return the correlation of a pair, or of their residuals; one number is for exogenous ones."""
    if isinstance(section.correlations, float):
        return section.correlations if exogenous else 0.0
    for name, value in section.correlations.items():
        if {part.strip() for part in name.split(_PAIR)} == {a, b}:
            return value
    return 0.0


# -- the population ---------------------------------------------------------------------------


def _impossible(
    plan: ParsedPlan, section: PowerSection, structure: _Structure
) -> Iterator[tuple[Key, str]]:
    """Yield why no population can have these values together."""
    nodes, Beta, Psi, explained = _constructs(plan, section, structure)
    for name, share in explained.items():
        if share >= 1:
            what = f"together the paths to {name!r} explain {share:.3g} times its variance"
            yield ("paths",), f"{what}: its residual variance would be negative"
            return
    if np.linalg.eigvalsh(Psi)[0] <= 0:
        yield (
            ("correlations",),
            "no variables can correlate so: the matrix is not positive definite",
        )
        return
    del nodes, Beta
    cov = _covariances(plan, section, structure).to_numpy()
    if np.linalg.eigvalsh(cov)[0] <= 0:
        what = "with these residual correlations the items' matrix is not positive definite"
        yield ("correlations",), what


def _constructs(
    plan: ParsedPlan, section: PowerSection, structure: _Structure
) -> tuple[list[str], Floats, Floats, dict[str, float]]:
    """Return nodes, paths, disturbance covariances, and the explained share of each outcome."""
    nodes = structure.ordered() or list(structure.nodes)
    place = {name: position for position, name in enumerate(nodes)}
    m = len(nodes)
    Beta, Psi, R = np.zeros((m, m)), np.zeros((m, m)), np.eye(m)
    across = np.eye(m)
    for (predictor, outcome), value in _paths_by_key(section, structure).items():
        Beta[place[outcome], place[predictor]] = value
    outcomes = structure.outcomes
    for a, b in _pairs(plan, structure).values():
        if a in place and b in place:
            outside = not {a, b} & outcomes
            i, j = place[a], place[b]
            R[i, j] = R[j, i] = _correlation(section, a, b, exogenous=outside)
    explained: dict[str, float] = {}
    cov = np.zeros((m, m))
    for t, name in enumerate(nodes):
        before = np.sqrt(np.diag(Psi)[:t])
        if name in outcomes:
            explained[name], root = _residual(
                Beta[t, :t], cov[:t, :t], across[:t, :t] @ (R[t, :t] * before)
            )
        else:
            root = 1.0
        Psi[t, t] = root**2
        Psi[t, :t] = Psi[:t, t] = R[t, :t] * before * root
        A = np.linalg.inv(np.eye(t + 1) - Beta[: t + 1, : t + 1])
        across[: t + 1, : t + 1] = A
        cov[: t + 1, : t + 1] = A @ Psi[: t + 1, : t + 1] @ A.T
    return nodes, Beta, Psi, explained


def _residual(own: Floats, cov: Floats, together: Floats) -> tuple[float, float]:
    """Return the explained share of an outcome, and the root of its residual variance.

    The residual correlates with the predictors where it does with their residuals: the variance 1
    is E + 2 k s + s^2 with s the root of the residual variance.
    """
    share, k = float(own @ cov @ own), float(own @ together)
    left = k**2 + 1 - share
    root = float(np.sqrt(left)) - k if left > 0 else 0.0
    return (share, root) if root > 0 else (max(share, 1.0), 0.0)


def _covariances(plan: ParsedPlan, section: PowerSection, structure: _Structure) -> pd.DataFrame:
    """Return the correlations of all observed variables."""
    nodes, Beta, Psi, _ = _constructs(plan, section, structure)
    A = np.linalg.inv(np.eye(len(nodes)) - Beta)
    cov, names = A @ Psi @ A.T, list(nodes)
    for whole, parts in structure.parts.items():
        loadings = np.array([_loading(section, structure, whole, part) for part in parts])
        cov = _measured(cov, names.index(whole), loadings)
        names += list(parts)
    observed = [
        name for name in nodes if name not in structure.items and name not in structure.parts
    ]
    for construct, items in structure.items.items():
        loadings = np.array([_loading(section, structure, construct, item) for item in items])
        cov = _measured(cov, names.index(construct), loadings)
        # An item may be called as its construct is: only the places of the items count.
        names += [f"{item}\n" for item in items]
    for a, b in plan.model.residual_covariances:
        value = _correlation(section, a, b, exogenous=False)
        i, j = names.index(f"{a}\n"), names.index(f"{b}\n")
        owners = {item: name for name, items in structure.items.items() for item in items}
        left = [1 - _loading(section, structure, owners[item], item) ** 2 for item in (a, b)]
        cov[i, j] += value * np.sqrt(left[0] * left[1])
        cov[j, i] = cov[i, j]
    chosen = [f"{item}\n" for items in structure.items.values() for item in items] + observed
    index = [names.index(name) for name in chosen]
    labels = [name.removesuffix("\n") for name in chosen]
    return pd.DataFrame(cov[np.ix_(index, index)], index=labels, columns=labels)


def _measured(cov: Floats, source: int, loadings: Floats) -> Floats:
    """Return covariances with further variables of variance 1 that reflect one of them."""
    across = np.outer(loadings, cov[source])
    among = np.outer(loadings, loadings) * cov[source, source]
    np.fill_diagonal(among, 1.0)
    return np.block([[cov, across.T], [across, among]])


def _loading(section: PowerSection, structure: _Structure, construct: str, part: str) -> float:
    """Return the loading of an item or part; that of a single item follows from its reliability."""
    if len(structure.items.get(construct, ())) == 1:
        return float(np.sqrt(structure.reliability.get(construct, 1.0)))
    given = section.loadings
    if given is None or isinstance(given, float):
        return float(given or 0.0)
    own = construct in structure.items and part in given
    return given[part] if own else given.get(construct, 0.0)
