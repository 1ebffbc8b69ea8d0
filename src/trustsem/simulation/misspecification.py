"""What if the model left something out? Populations in which it did, one relation after the other.

A population is that of an estimated model, in standardised matrices of the all-y LISREL form.
Adding a relation keeps every variance, and every relation that is there already; residual variances
give way. Which relations are added, and how large they are, follows stated rules: those of the
literature for measurement models, one of our own for structural models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, outer, symmetric
from trustsem.errors import ResamplingError
from trustsem.estimation import Problem, refit, stacked_objective
from trustsem.implied import Implied
from trustsem.specification import Role

RelationKind = Literal["cross-loading", "residual correlation", "path", "disturbance correlation"]
Rule = Literal["cross-loadings", "residual correlations", "structural relations"]
RULES: tuple[Rule, ...] = ("cross-loadings", "residual correlations", "structural relations")

CORRELATION = 0.30
"""Correlation of two residuals that a model leaves out [mcneish2023one]_."""
PATH = 0.30
"""Standardised path, and correlation of disturbances, that a structural model leaves out: our
convention, by the analogy with residuals and with medium correlations [cohen1988]_."""
ROOM = 0.95
"""Share of the largest possible cross-loading that is used at most [mcneish2023]_."""
_MANY_ITEMS = 3
_LEAST_ITEMS = 4
_SMALLEST = 0.05
_SHRINK = 0.9
_LEAST_DISTURBANCE = 0.05
_INVISIBLE = 1e-9
_TURNS = 50


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that a population has and the model leaves out.

    Parameters
    ----------
    kind : {"cross-loading", "residual correlation", "path", "disturbance correlation"}
        What it is.
    first, second : int
        Item and construct; two items; predictor and outcome; two outcomes: positions among the
        observed variables, or in eta.
    size : float
        Standardised.
    """

    kind: RelationKind
    first: int
    second: int
    size: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Which relations a model could have and has not.

    Parameters
    ----------
    items, eta : tuple of str
        Names of the observed variables and of the variables in eta; they break ties, so that the
        order of a model's text decides nothing.
    owner : ndarray of int, shape (p,)
        The construct that an item measures; -1 for items that measure several, whose residual
        covaries with others already, or that are alone.
    n_items : ndarray of int, shape (m,)
        How many items each construct has; 0 for other variables in eta.
    structural : ndarray of bool, shape (m,)
        Which variables take part in the structural model.
    paths, together : ndarray of bool, shape (m, m)
        Paths, from the column to the row, and covariances that the model has.
    """

    items: tuple[str, ...]
    eta: tuple[str, ...]
    owner: NDArray[np.intp]
    n_items: NDArray[np.intp]
    structural: Flags
    paths: Flags
    together: Flags

    @classmethod
    def of(cls, problem: Problem) -> Layout:
        """Read the layout of a model of one group."""
        (structure,) = problem.structures
        place = {name: k for k, name in enumerate(structure.eta)}
        item = {name: k for k, name in enumerate(structure.observed) if name not in place}
        rows = problem.table.parameters
        m = len(structure.eta)
        measured: list[list[int]] = [[] for _ in item]
        number = dict(zip(item, range(len(item)), strict=True))
        n_items = np.zeros(m, dtype=np.intp)
        paths, together = np.zeros((m, m), dtype=bool), np.zeros((m, m), dtype=bool)
        structural = np.zeros(m, dtype=bool)
        indicators = {row.rhs for row in rows if row.op == "=~"}
        tied: set[str] = set()
        for row in rows:
            if row.role is Role.LOADING and row.rhs in item:
                measured[number[row.rhs]].append(place[row.lhs])
                n_items[place[row.lhs]] += 1
            elif row.op == "~" and row.lhs in place and row.rhs in place:
                paths[place[row.lhs], place[row.rhs]] = True
            elif row.op == "~~" and row.lhs != row.rhs and row.fixed != 0:
                if row.lhs in place and row.rhs in place:
                    ends = [place[row.lhs], place[row.rhs]]
                    together[ends, ends[::-1]] = True
                tied |= {row.lhs, row.rhs}
        owner = np.full(len(structure.observed), -1, dtype=np.intp)
        for name, constructs in zip(item, measured, strict=True):
            if len(constructs) == 1 and n_items[constructs[0]] > 1 and name not in tied:
                owner[item[name]] = constructs[0]
        taking_part = np.asarray(paths.any(axis=0) | paths.any(axis=1))
        for k, name in enumerate(structure.eta):
            structural[k] = bool(taking_part[k]) and name not in indicators
        return cls(
            items=structure.observed,
            eta=structure.eta,
            owner=owner,
            n_items=n_items,
            structural=structural,
            paths=paths,
            together=together,
        )

    @property
    def constructs(self) -> NDArray[np.intp]:
        """Constructs with several items."""
        return np.flatnonzero(self.n_items > 1)

    def relations(self) -> Iterator[tuple[RelationKind, int, int]]:
        """Yield the structural relations that the model fixes at zero and that make no loop.

        A path to an outcome from each variable before it, or from one that nothing explains; a
        correlation of the disturbances of two outcomes of which neither is before the other.
        """
        m = len(self.eta)
        before = np.asarray(np.linalg.matrix_power(np.eye(m) + self.paths, m) > 0)  # column, row
        explained = np.asarray(self.paths.any(axis=1))
        taking_part = np.flatnonzero(self.structural).tolist()
        chosen = sorted(taking_part, key=lambda k: self.eta[k])
        for y in chosen:
            for a in chosen:
                linked = self.paths[y, a] or self.paths[a, y] or self.together[a, y]
                if a == y or linked or before[a, y] or not explained[y]:
                    continue
                if before[y, a] or not explained[a]:
                    yield "path", a, y
                elif self.eta[a] < self.eta[y]:
                    yield "disturbance correlation", a, y


@dataclass(frozen=True, slots=True)
class Population:
    """The population of a model, standardised: all variables have variance 1.

    Parameters
    ----------
    Lambda, Beta, Psi, Theta : ndarray
        Model matrices, shapes (p, m), (m, m), (m, m), (p, p).
    sd : ndarray, shape (p,)
        Standard deviations of the observed variables.
    mu : ndarray, shape (p,)
        Means of the observed variables.
    """

    Lambda: Floats
    Beta: Floats
    Psi: Floats
    Theta: Floats
    sd: Floats
    mu: Floats

    @classmethod
    def of(cls, implied: Implied, mean: Floats | None) -> Population:
        """Return the population of one group's implied moments.

        Parameters
        ----------
        implied : Implied
            The moments.
        mean : ndarray, shape (p,), or None
            Means where the model says nothing about them; None for the implied ones.

        Raises
        ------
        ResamplingError
            If a variable has no variance.
        """
        sd, sd_eta = (np.sqrt(np.diag(A)) for A in (implied.Sigma, implied.cov_eta))
        if not (np.concatenate([sd, sd_eta]) > 0).all():
            raise ResamplingError(
                "A variable of the model has no positive variance: no population is like this."
            )
        matrices = implied.matrices
        return cls(
            Lambda=matrices["Lambda"] * sd_eta / sd[:, None],
            Beta=matrices["Beta"] * sd_eta / sd_eta[:, None],
            Psi=matrices["Psi"] / outer(sd_eta, sd_eta),
            Theta=matrices["Theta"] / outer(sd, sd),
            sd=sd,
            mu=np.asarray(implied.mu if mean is None else mean),
        )

    @property
    def Phi(self) -> Floats:
        """Correlations of the variables in eta, shape (m, m)."""
        A = np.linalg.inv(np.eye(len(self.Beta)) - self.Beta)
        return symmetric(A @ self.Psi @ A.T)

    @property
    def correlations(self) -> Floats:
        """Correlations of the observed variables, shape (p, p)."""
        return symmetric(self.Lambda @ self.Phi @ self.Lambda.T + self.Theta)

    @property
    def Sigma(self) -> Floats:
        """Covariances of the observed variables in their own units, shape (p, p)."""
        return self.correlations * outer(self.sd, self.sd)

    def is_proper(self, least: Floats | float = 0.0) -> bool:
        """Return whether there can be such a population.

        Parameters
        ----------
        least : float or ndarray, shape (m,)
            What variances of disturbances must reach.
        """
        variances = np.diag(self.Psi)
        if not (np.isfinite(variances).all() and (variances >= least).all()):
            return False
        if (np.diag(self.Theta) < -_INVISIBLE).any():
            return False
        smallest = (np.linalg.eigvalsh(A)[0] for A in (self.Psi, self.Theta))
        if min(smallest) < -_INVISIBLE:
            return False
        return bool(np.linalg.eigvalsh(self.correlations)[0] > 0)

    def having(self, relations: Sequence[Relation]) -> Population:
        """Return the population that has some relations more, with the same variances."""
        Lambda, Beta = self.Lambda.copy(), self.Beta.copy()
        Psi, Theta = self.Psi.copy(), self.Theta.copy()
        for one in relations:
            if one.kind == "cross-loading":
                Lambda[one.first, one.second] += one.size
            elif one.kind == "residual correlation":
                added = one.size * np.sqrt(
                    Theta[one.first, one.first] * Theta[one.second, one.second]
                )
                Theta[[one.first, one.second], [one.second, one.first]] += added
            elif one.kind == "path":
                Beta[one.second, one.first] += one.size
        ties = [one for one in relations if one.kind == "disturbance correlation"]
        if any(one.kind == "path" for one in relations) or ties:
            Psi = _disturbances(Beta, Psi, ties)
        changed = replace(self, Lambda=Lambda, Beta=Beta, Psi=Psi, Theta=Theta)
        if any(one.kind == "cross-loading" for one in relations):
            common = np.diag(Lambda @ changed.Phi @ Lambda.T)
            np.fill_diagonal(Theta, 1.0 - common)
        return changed


def _disturbances(Beta: Floats, Psi: Floats, ties: Sequence[Relation]) -> Floats:
    """Return covariances of disturbances under which every variable has variance 1.

    Covariances stay as they are; those of ``ties`` are correlations of a given size. Variances
    follow from linear equations, with these correlations in turn.
    """
    A = np.linalg.inv(np.eye(len(Beta)) - Beta)
    shared = Psi - np.diag(np.diag(Psi))
    variances = np.array(np.diag(Psi), dtype=float)
    for _ in range(_TURNS if ties else 1):
        off = shared.copy()
        for one in ties:
            added = one.size * np.sqrt(np.abs(variances[one.first] * variances[one.second]))
            off[[one.first, one.second], [one.second, one.first]] += added
        before = variances
        variances = np.asarray(np.linalg.solve(A * A, 1.0 - np.diag(A @ off @ A.T)), dtype=float)
        if np.abs(variances - before).max() < 1e-14:  # noqa: PLR2004 - rounding
            break
    return off + np.diag(variances)


def cross_loadings(population: Population, layout: Layout) -> tuple[Relation, ...]:
    r"""Choose cross-loadings that a model of several constructs leaves out [mcneish2023]_.

    Parameters
    ----------
    population : Population
        The model's.
    layout : Layout
        Its items and constructs.

    Returns
    -------
    tuple of Relation
        At most m - 1 for m constructs with several items, in the order in which levels add them.

    Notes
    -----
    Of each construct the item with the smallest loading :math:`\lambda` is taken, if it measures
    nothing else and its residual is alone; constructs with three items or more come first, then
    smaller loadings. In the order of its loading each item gets a loading on the construct with
    the highest coefficient H [hancock2001]_ among those with which its own construct is not paired
    yet. It is as large as the item's own, and at most .95 times the loading at which nothing would
    be left of its variance, :math:`\sqrt{\lambda^2\phi^2 + 1 - \lambda^2} - |\lambda\phi|`. Its
    sign is the one that makes it positive where all loadings are scored in one direction.
    """
    constructs = layout.constructs
    Phi, Lambda = population.Phi, population.Lambda
    reliability = {int(k): _coefficient_h(Lambda[layout.owner == k, k], Lambda[:, k])
                   for k in constructs}  # fmt: skip
    chosen = []
    for k in constructs.tolist():
        members = np.flatnonzero(layout.owner == k).tolist()
        if members:
            item = min(members, key=lambda i: (_rounded(Lambda[i, k]), layout.items[i]))
            chosen.append((item, k))

    def size(pair: tuple[int, int]) -> tuple[float, str]:
        return _rounded(Lambda[pair[0], pair[1]]), layout.items[pair[0]]

    def priority(pair: tuple[int, int]) -> tuple[bool, float, str]:
        return bool(layout.n_items[pair[1]] < _MANY_ITEMS), *size(pair)

    chosen = sorted(chosen, key=priority)[: len(constructs) - 1]
    paired: set[frozenset[int]] = set()
    found: dict[tuple[int, int], Relation] = {}
    for item, own in sorted(chosen, key=size):
        others = [k for k in constructs.tolist() if k != own and frozenset((own, k)) not in paired]
        target = min(others, key=lambda k: (-round(reliability[k], 12), layout.eta[k]))
        paired.add(frozenset((own, target)))
        loading, phi = float(Lambda[item, own]), float(Phi[own, target])
        most = np.sqrt((loading * phi) ** 2 + 1 - loading**2) - abs(loading * phi)
        direction = np.sign(loading) * np.prod(
            [np.sign(Lambda[layout.owner == k, k].sum() or 1.0) for k in (own, target)]
        )
        magnitude = min(abs(loading), ROOM * float(most))
        found[item, own] = Relation("cross-loading", item, target, float(direction * magnitude))
    return tuple(found[pair] for pair in chosen)


def _rounded(loading: Floats | float) -> float:
    """Return the size of a loading, equal ones as equal."""
    return round(abs(float(loading)), 9)


def _coefficient_h(own: Floats, every: Floats) -> float:
    """Return coefficient H of a construct from the loadings on it."""
    loadings = own if own.size else every[every != 0]
    shares = np.minimum(loadings**2, 1 - 1e-12)
    total = float((shares / (1 - shares)).sum())
    return total / (1 + total)


def residual_correlations(population: Population, layout: Layout) -> tuple[Relation, ...]:
    """Choose correlations of residuals that a model of one construct leaves out [mcneish2023one]_.

    Parameters
    ----------
    population : Population
        The model's.
    layout : Layout
        Its items.

    Returns
    -------
    tuple of Relation
        Pairs of items in the order of their loadings, the smallest first; each item is in one pair
        at most. Residuals correlate .30, in the direction of the items' loadings.
    """
    (construct,) = layout.constructs
    members = np.flatnonzero(layout.owner == construct).tolist()
    loading = population.Lambda[:, construct]
    members.sort(key=lambda i: (_rounded(loading[i]), layout.items[i]))
    if len(members) == _LEAST_ITEMS:
        members = members[:2]
    pairs = zip(members[::2], members[1::2], strict=False)
    return tuple(
        Relation(
            "residual correlation", i, j,
            CORRELATION * float(np.sign(loading[i] * loading[j]) or 1.0),
        )
        for i, j in pairs
    )  # fmt: skip


def thirds(pairs: Sequence[Relation]) -> tuple[tuple[Relation, ...], ...]:
    """Return three levels of a model of one construct: a third, two thirds and all of the pairs.

    Fewer than three pairs are added one by one.
    """
    n = len(pairs)
    counts = (n // 3, 2 * n // 3, n) if n >= 3 else range(1, n + 1)  # noqa: PLR2004
    return tuple(tuple(pairs[:count]) for count in counts)


def structural_relations(
    problem: Problem, params: Floats, population: Population, layout: Layout
) -> tuple[Relation, ...]:
    """Choose structural relations that a theory fixes at zero, the least visible first.

    Parameters
    ----------
    problem : Problem
        The model on the population's moments.
    params : ndarray, shape (q,)
        Its parameters there.
    population : Population
        The model's.
    layout : Layout
        Its paths.

    Returns
    -------
    tuple of Relation
        At most m - 1 for m variables in the structural model.

    Notes
    -----
    The rule is our own; the literature knows none. Each relation of :meth:`Layout.relations` is
    added alone, .30 in the direction of the correlation that is there already (less where the
    disturbance would vanish), and ordered by the discrepancy that it leaves. Relations that leave
    none, since another solution of the model has the same moments, are not among them.
    """
    Phi = population.Phi
    candidates = []
    for kind, a, b in layout.relations():
        sign = float(np.sign(np.round(Phi[a, b], 12)) or 1.0)
        one = _fitting(population, (), Relation(kind, a, b, PATH * sign))
        if one is not None:
            candidates.append(one)
    if not candidates:
        return ()
    Sigmas = np.stack([population.having([one]).Sigma for one in candidates])
    _, misfits = pseudo_true(problem, params, Sigmas, population.mu)
    order = sorted(
        (k for k in range(len(candidates)) if misfits[k] > _INVISIBLE),
        key=lambda k: (float(f"{misfits[k]:.6g}"), _named(candidates[k], layout)),
    )
    most = int(layout.structural.sum()) - 1
    chosen: list[Relation] = []
    for k in order:
        one = _fitting(population, chosen, candidates[k])
        if one is not None:
            chosen.append(one)
        if len(chosen) == most:
            break
    return tuple(chosen)


def _named(one: Relation, layout: Layout) -> tuple[str, str]:
    return layout.eta[one.first], layout.eta[one.second]


def _fitting(population: Population, others: Sequence[Relation], one: Relation) -> Relation | None:
    """Return a relation as large as there is room for; None if there is hardly any."""
    least = np.minimum(np.diag(population.Psi), _LEAST_DISTURBANCE)
    while abs(one.size) >= _SMALLEST:
        if population.having([*others, one]).is_proper(least):
            return one
        one = replace(one, size=one.size * _SHRINK)
    return None


def pseudo_true(
    problem: Problem, params: Floats, Sigmas: Floats, mu: Floats
) -> tuple[Floats, Floats]:
    """Estimate a model from populations in which it need not hold.

    Parameters
    ----------
    problem : Problem
        The model on a population in which it holds.
    params : ndarray, shape (q,)
        Its parameters there.
    Sigmas : ndarray, shape (k, p, p)
        The populations.
    mu : ndarray, shape (p,)
        Their means.

    Returns
    -------
    params : ndarray, shape (k, q)
        The parameters that come closest, NaN where none were found.
    misfit : ndarray, shape (k,)
        F there.
    """
    mean = np.tile(mu, (len(Sigmas), 1))
    ends = refit(problem, stacked_objective(problem, [(Sigmas, mean)]), params)
    found = np.where(ends.converged[:, None], problem.reduction.expand(ends.reduced), np.nan)
    return found, np.where(ends.converged, ends.value, np.nan)


def standard_population(
    Lambda: Floats,
    Beta: Floats,
    ties: Sequence[tuple[int, int, float]],
    residual_ties: Sequence[tuple[int, int, float]],
) -> Population:
    """Return the population of a standardised solution; variances of residuals follow from it.

    Parameters
    ----------
    Lambda : ndarray, shape (p, m)
        Standardised loadings.
    Beta : ndarray, shape (m, m)
        Standardised paths, from the column to the row.
    ties, residual_ties : sequence of (int, int, float)
        Correlations of variables in eta, or of their disturbances, and of residuals of items.

    Notes
    -----
    It need not be possible: see :meth:`Population.is_proper`.
    """
    p, m = Lambda.shape
    relations = [Relation("disturbance correlation", *tie) for tie in ties]
    Psi = _disturbances(Beta, np.eye(m), relations)
    bare = Population(Lambda, Beta, Psi, np.zeros((p, p)), np.ones(p), np.zeros(p))
    alone = 1.0 - np.diag(Lambda @ bare.Phi @ Lambda.T)
    Theta = np.diag(np.where(np.abs(alone) < _INVISIBLE, 0.0, alone))
    for i, j, size in residual_ties:
        Theta[[i, j], [j, i]] = size * np.sqrt(np.abs(alone[i] * alone[j]))
    return replace(bare, Theta=Theta)
