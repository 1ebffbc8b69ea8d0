"""The alternatives that a theory is tested against: named by the study, or derived from it.

Anderson and Gerbing (1988) [anderson1988]_ ask for the next most likely constrained (Mc) and
unconstrained (Mu) alternatives, from a theoretical perspective. Only a researcher can know them;
where the study names none, they are derived from the theory's own indirect effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from trustsem.validity.wording import labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trustsem.study.sections import RivalSection

Path = tuple[str, str]
"""(predictor, outcome)."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A structural model as what it relates.

    Parameters
    ----------
    name : str
        Its name: ``"theory"``, that of a rival, or how it was derived.
    paths : tuple of (str, str)
        (predictor, outcome) pairs.
    controls : tuple of (str, str)
        (control, outcome) pairs.
    covariances : frozenset of frozenset of str
        Pairs that covary freely.
    origin : {"theory", "named", "derived"}
        Where it comes from.
    label : str
        It in words, without the relations that it changes.
    added, removed : tuple of str
        Relations that it adds to the theory, and takes from it.
    """

    name: str
    paths: tuple[Path, ...]
    controls: tuple[Path, ...]
    covariances: frozenset[frozenset[str]]
    origin: str = "theory"
    label: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def description(self, labels: Mapping[str, str]) -> str:
        """Return it in words, its constructs called as readers know them."""
        changes = [
            f"{word} {', '.join(labelled(relation, labels) for relation in relations)}"
            for word, relations in (("with", self.added), ("without", self.removed))
            if relations
        ]
        return ": ".join(part for part in (self.label, "; ".join(changes)) if part)


def rival_alternative(theory: Alternative, name: str, rival: RivalSection) -> Alternative:
    """Return the theory with the relations of a rival added and removed.

    A path takes the place of the covariance between its two ends. Where an outcome loses its last
    path, no covariance takes its place.
    """
    kept = tuple(path for path in theory.paths if path not in rival.removed)
    dropped = {frozenset(pair) for pair in (*rival.fixed, *rival.added)}
    added = {frozenset(pair) for pair in rival.freed}
    return Alternative(
        name,
        (*kept, *rival.added),
        theory.controls,
        (theory.covariances - dropped) | added,
        "named",
        rival.label,
        () if rival.label else rival.add,
        () if rival.label else rival.remove,
    )


def unconstrained_alternative(theory: Alternative, nodes: Sequence[str]) -> Alternative:
    """Return the theory with the direct paths that its indirect effects do without (Mu).

    Where the theory leaves out none of them, it is given every path that agrees with its causal
    order; where there is none of those either, it is the theory itself.
    """
    reach = _reach((*theory.paths, *theory.controls))
    joined = {frozenset(path) for path in (*theory.paths, *theory.controls)}
    ahead = [
        (a, b)
        for b in nodes
        for a in nodes
        if b in reach.get(a, ()) and a not in reach.get(b, ()) and frozenset((a, b)) not in joined
    ]
    label = "direct paths beside the indirect effects"
    if not ahead:
        ahead = _recursive(theory, nodes, joined)
        label = "every path that agrees with the causal order"
    return _with(theory, ahead, label if ahead else "the theory, no path being left to add")


def constrained_alternative(theory: Alternative) -> Alternative:
    """Return the theory without the paths that bypass an indirect effect (Mc).

    Where no path does, it is the theory without its last hypothesis.
    """
    every = (*theory.paths, *theory.controls)
    bypasses = [path for path in theory.paths if _is_bypass(path, every)]
    chosen = bypasses or list(theory.paths[-1:])
    label = (
        "no path that bypasses an indirect effect" if bypasses else "all but the last hypothesis"
    )
    kept = tuple(path for path in theory.paths if path not in chosen)
    removed = tuple(f"{a} -> {b}" for a, b in chosen)
    return Alternative(
        "Mc", kept, theory.controls, theory.covariances, "derived", label, removed=removed
    )


def null_alternative(theory: Alternative, covariates: Iterable[str]) -> Alternative:
    """Return the model without any relation; control variables covary among themselves (Mn)."""
    among = frozenset(frozenset(pair) for pair in combinations(covariates, 2))
    kept = among & theory.covariances
    return Alternative("Mn", (), (), kept, "derived", "")


def _with(theory: Alternative, paths: Sequence[Path], label: str) -> Alternative:
    """Return the theory with further paths."""
    joined = {frozenset(path) for path in paths}
    return Alternative(
        "Mu",
        (*theory.paths, *paths),
        theory.controls,
        theory.covariances - joined,
        "derived",
        label,
        tuple(f"{a} -> {b}" for a, b in paths),
    )


def _recursive(
    theory: Alternative, nodes: Sequence[str], joined: set[frozenset[str]]
) -> list[Path]:
    """Return the paths from earlier to later outcomes that the theory leaves out."""
    depth = _depths((*theory.paths, *theory.controls), nodes)
    outcomes = {b for _, b in theory.paths}
    return [
        (a, b)
        for b in nodes
        for a in nodes
        if b in outcomes and depth[a] < depth[b] and frozenset((a, b)) not in joined
    ]


def _is_bypass(path: Path, every: Sequence[Path]) -> bool:
    """Return whether a chain of other paths leads where a path does, and none leads back."""
    source, target = path
    without = _reach([other for other in every if other != path])
    return target in without.get(source, ()) and source not in without.get(target, ())


def _reach(paths: Iterable[Path]) -> dict[str, set[str]]:
    """Return every name that each name leads to."""
    reach: dict[str, set[str]] = {}
    pairs = list(paths)
    for source, target in pairs:
        reach.setdefault(source, set()).add(target)
    changed = True
    while changed:
        changed = False
        for targets in reach.values():
            further = {name for target in targets for name in reach.get(target, ())} - targets
            changed = changed or bool(further)
            targets.update(further)
    return reach


def _depths(paths: Sequence[Path], nodes: Sequence[str]) -> dict[str, int]:
    """Return how many steps the longest way to each name has; a loop counts as one step."""
    reach = _reach(paths)
    loop = {
        name: frozenset({name} | {o for o in reach.get(name, ()) if name in reach.get(o, ())})
        for name in {*nodes, *(name for path in paths for name in path)}
    }
    depth = dict.fromkeys(loop, 0)
    for _ in loop:
        for source, target in paths:
            if loop[source] != loop[target]:
                depth[target] = max(depth[target], depth[source] + 1)
        for name, members in loop.items():
            depth[name] = max(depth[member] for member in members)
    return depth
