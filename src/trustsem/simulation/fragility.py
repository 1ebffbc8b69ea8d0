"""How few cases carry a conclusion? Sets whose removal flips a verdict, every step refitted.

What a conclusion rests on is looked for as the approximate maximum influence perturbation
[broderick2020]_ does: cases are ordered by their linear influence on the decisive statistic, here
by the infinitesimal jackknife [jaeckel1972]_ at the present solution. Unlike there, every set that
is tried is left out and the model estimated again, so that whatever is found is exact. That no
smaller set exists is not proven: the size found is an upper bound of the smallest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Floats, null_space, symmetric
from trustsem.estimation import Problem
from trustsem.inference import casewise_scores, stacked_covariances
from trustsem.simulation.claims import Claim, Goal, Outcomes, goals, judge_claims
from trustsem.simulation.influence import (
    ErrorKind,
    LeaveSomeOut,
    LeftOut,
    estimate_without,
    groups_of_cases,
    sample_without,
)

LARGEST_SHARE = 0.25
"""Share of the cases that a set may hold at most."""

_FEW = 3
"""Cases that are still needed, as predicted, from which on single ones are chosen."""
_PAIRS = 12
"""Most influential cases of which all pairs are tried."""
_TRIALS = 20
"""Candidates of which each is tried for the last step."""
_TRIALS_BY_CASES = 4
"""The same where a sample is costly, because its weights or likelihood need its cases."""
_SWAPS = 3
"""Least useful cases of a set, of which each pair is exchanged for another case."""
_SMALL = 6
"""Size up to which all pairs of a set are exchanged."""
_LARGE = 200
"""Size beyond which a set is not made smaller by trial of all its cases."""
_ROUNDS = 12
_STEP = 1e-3
_DIGITS = 9

Removed = tuple[int, ...]
"""Cases in order."""


@dataclass(frozen=True, slots=True)
class Flip:
    """The smallest set found whose removal flips a verdict.

    Parameters
    ----------
    cases : tuple of int, or None
        The set, numbered from 0 over all groups; None if none was found.
    est, se, z, pvalue : float
        The test without them; NaN if none was found.
    supported : bool or None
        The verdict without them.
    most : int
        Largest size that was searched.
    n_refits : int
        Samples from which the model was estimated on the way, shared with other hypotheses.
    interrupted : bool
        Whether the user stopped the search.
    """

    cases: Removed | None
    est: float
    se: float
    z: float
    pvalue: float
    supported: bool | None
    most: int
    n_refits: int
    interrupted: bool = False


@dataclass(slots=True)
class _Quest:
    """The search for one way to flip one verdict."""

    goal: Goal
    removed: Removed = ()
    barred: set[int] = field(default_factory=set)
    best: Removed | None = None
    over: bool = False


def find_flips(
    left: LeftOut,
    params: Floats,
    claims: Sequence[Claim],
    judged: tuple[Outcomes, Outcomes],
    kind: ErrorKind,
    *,
    significance: float,
    proper: bool = True,
    order: NDArray[np.intp] | None = None,
    share: float = LARGEST_SHARE,
    workers: int = 1,
) -> tuple[Flip, ...]:
    """Look for few cases without which hypotheses have the other verdict.

    Parameters
    ----------
    left : LeftOut
        The model without each of the n cases.
    params : ndarray, shape (q,)
        The estimates in the whole sample.
    claims : sequence of h Claim
        The hypotheses.
    judged : (Outcomes, Outcomes)
        Their tests in the whole sample, arrays of shape (1, h), and without each case, (n, h).
    kind : ErrorKind
        How standard errors are computed.
    significance : float
        Level of the tests.
    proper : bool
        Whether only admissible solutions count.
    order : ndarray of int, shape (n,), optional
        What decides between cases that matter alike, the smallest first; by default their place.
    share : float
        Largest share of the cases that a set may hold.
    workers : int
        Processes.

    Returns
    -------
    tuple of h Flip
        A hypothesis that nothing estimates cannot flip.

    Notes
    -----
    Cases are left out in the order of their linear influence, several at once while many are needed
    and by trial of the likeliest when few are, and ranked anew after each step. Then cases are put
    back and exchanged, two for one, as long as the verdict stays flipped.
    """
    search = _Search(
        left, params, claims, judged, kind, significance, proper,
        np.arange(left.removals.n) if order is None else np.asarray(order), share, workers,
    )  # fmt: skip
    return search.run()


class _Search:
    """All quests together: what they try in one round is estimated as one stack."""

    def __init__(  # noqa: PLR0917 - what a search is of
        self,
        left: LeftOut,
        params: Floats,
        claims: Sequence[Claim],
        judged: tuple[Outcomes, Outcomes],
        kind: ErrorKind,
        significance: float,
        proper: bool,
        order: NDArray[np.intp],
        share: float,
        workers: int,
    ) -> None:
        problem = left.problem
        self.problem, self.params, self.claims, self.kind = problem, params, claims, kind
        whole, single = judged
        self.whole, self.single, self.left, self.significance = whole, single, left, significance
        self.counts = left.refits.converged & (left.refits.admissible | (not proper))
        self.proper, self.order, self.workers = proper, order, workers
        self.groups = groups_of_cases(problem)
        self.n = len(single.z)
        self.most = int(share * self.n)
        self.trials = _TRIALS_BY_CASES if problem.by_cases else _TRIALS
        self.known: dict[Removed, _Known] = {}
        self.n_refits = 0
        self.quests = [
            _Quest(goal)
            for number, claim in enumerate(claims)
            if np.isfinite(whole.z[0, number])
            for goal in goals(
                number, claim, float(whole.z[0, number]), significance,
                bool(whole.supported[0, number]),
            )
        ]  # fmt: skip
        self.slopes = self._slopes_of_z(params[None])[0] if self._ranks_anew else None

    @property
    def _ranks_anew(self) -> bool:
        """Whether cases have a likelihood, hence a linear influence at any solution."""
        return self.problem.estimator.likelihood and not self.problem.table.ordered

    def run(self) -> tuple[Flip, ...]:
        """Search, and return the best of what was found for each hypothesis."""
        interrupted = False
        try:
            self._begin()
            while any(not quest.over for quest in self.quests):
                self._advance()
            self._shrink()
        except KeyboardInterrupt:
            interrupted = True
        return tuple(self._flip(number, interrupted) for number in range(len(self.claims)))

    # -- estimating -----------------------------------------------------------------------------

    def _learn(self, sets: Iterable[Removed]) -> None:
        """Estimate the model without each of some sets, those not known yet."""
        new = [cases for cases in dict.fromkeys(sets) if len(cases) > 1 and cases not in self.known]
        if not new:
            return
        left = estimate_without(
            self.problem, self.params, LeaveSomeOut(self.groups, tuple(new)),
            workers=self.workers,
        )  # fmt: skip
        self.n_refits += len(left.refits.numbers)
        if left.interrupted:
            raise KeyboardInterrupt
        kept = left.refits.converged & (left.refits.admissible | (not self.proper))
        vcov = left.covariances(range(len(new)), self.kind, workers=self.workers)
        tests = judge_claims(self.claims, left.refits.params, vcov, self.significance)
        for number, cases in enumerate(new):
            self.known[cases] = _Known(
                tests, number, left.refits.params[number], bool(kept[number])
            )

    def _z(self, cases: Removed, goal: Goal) -> float:
        """Return the statistic without some cases; NaN where there is no solution that counts."""
        if not cases:
            return float(self.whole.z[0, goal.claim])
        if len(cases) == 1:
            counts = bool(self.counts[cases[0]])
            return float(self.single.z[cases[0], goal.claim]) if counts else float("nan")
        found = self.known[cases]
        return float(found.tests.z[found.number, goal.claim]) if found.counts else float("nan")

    def _flips(self, cases: Removed, goal: Goal) -> bool:
        """Return whether the verdict is another one without some cases."""
        if not cases or not np.isfinite(self._z(cases, goal)):
            return False
        before = bool(self.whole.supported[0, goal.claim])
        return self._verdict(cases, goal.claim) != before

    def _verdict(self, cases: Removed, claim: int) -> bool:
        if len(cases) == 1:
            return bool(self.single.supported[cases[0], claim])
        found = self.known[cases]
        return bool(found.tests.supported[found.number, claim])

    # -- ranking --------------------------------------------------------------------------------

    def _gains(self, quest: _Quest, cases: Removed) -> Floats:
        """Return what leaving out each further case would do for a goal, shape (n,).

        Exact without any case left out; from there on by the infinitesimal jackknife.
        """
        goal = quest.goal
        if not cases or self.slopes is None:
            change = self.single.z[:, goal.claim] - self.whole.z[0, goal.claim]
            gains = np.where(self.counts, goal.upward * change, -np.inf)
        else:
            gains = goal.upward * self._linear(cases, goal.claim)
        gains = np.where(np.isfinite(gains), gains, -np.inf)
        gains[list(cases)] = -np.inf
        gains[list(quest.barred)] = -np.inf
        return np.asarray(gains)

    def _linear(self, cases: Removed, claim: int) -> Floats:
        """Return the linear influence of each further case on z, at the solution without some."""
        params = self.left.refits.params[cases[0]]
        if len(cases) > 1:
            params = self.known[cases].params
        removals = LeaveSomeOut(self.groups, (cases,))
        one = sample_without(self.problem, removals, 0)
        if one is None or self.slopes is None:
            return np.full(self.n, -np.inf)
        kept = np.setdiff1d(np.arange(self.n), cases)
        change = np.full(self.n, -np.inf)
        z = self._z(cases, Goal(claim, 1, 0.0))
        moves = case_influence(one, params) @ self.slopes[:, claim]
        change[kept] = moves - z / (2 * len(kept))
        return change

    def _slopes_of_z(self, points: Floats) -> Floats:
        """Return the derivatives of all statistics in all parameters, shape (b, q, h).

        By differences, with standard errors from expected information: they only rank.
        """
        problem = self.problem
        K = problem.reduction.K
        V = stacked_covariances(problem, points)
        found = np.zeros((len(points), K.shape[0], len(self.claims)))
        for number, point in enumerate(points):
            size = np.sqrt(np.abs(np.diag(V[number])))[problem.reduction.kept]
            size = np.where(np.isfinite(size) & (size > 0), size, 1.0) * _STEP
            moved = np.concatenate([point + size[:, None] * K.T, point - size[:, None] * K.T])
            tests = judge_claims(
                self.claims, moved, stacked_covariances(problem, moved), self.significance
            )
            above, below = np.split(tests.z, 2)
            found[number, problem.reduction.kept] = (above - below) / (2 * size[:, None])
        return np.where(np.isfinite(found), found, 0.0)

    def _ranked(self, gains: Floats) -> NDArray[np.intp]:
        """Return the cases that help, the most helpful first; among equals the first in order."""
        size = np.abs(gains[np.isfinite(gains)]).max(initial=0.0) or 1.0
        rounded = np.round(gains / size, _DIGITS)
        ranked = np.lexsort((self.order, -rounded))
        return ranked[gains[ranked] > 0]

    def _needed(self, quest: _Quest, gains: Floats, ranked: NDArray[np.intp]) -> int:
        """Return how many further cases linear influence says are needed; beyond all: all."""
        rest = -float(quest.goal.reached(np.array(self._z(quest.removed, quest.goal))))
        total = np.cumsum(gains[ranked])
        enough = int(np.searchsorted(total, rest)) + 1
        return min(enough, len(ranked))

    # -- growing --------------------------------------------------------------------------------

    def _begin(self) -> None:
        """See which single cases flip a verdict, and where two may, which pairs."""
        pairs: dict[int, list[Removed]] = {}
        for number, quest in enumerate(self.quests):
            singles: list[Removed] = [
                (case,) for case in range(self.n) if self._flips((case,), quest.goal)
            ]
            if singles or self.most < 1:
                self._settle(quest, singles if self.most else [])
                continue
            gains = self._gains(quest, ())
            ranked = self._ranked(gains)
            if self._needed(quest, gains, ranked) <= _FEW and self.most > 1:
                chosen = ranked[: _PAIRS if not self.problem.by_cases else _TRIALS_BY_CASES]
                pairs[number] = [_set(pair) for pair in combinations(chosen.tolist(), 2)]
        self._learn(pair for some in pairs.values() for pair in some)
        for number, some in pairs.items():
            quest = self.quests[number]
            flipping = [pair for pair in some if self._flips(pair, quest.goal)]
            if flipping:
                self._settle(quest, flipping)

    def _advance(self) -> None:
        """Leave out some further cases in every quest."""
        tried: list[tuple[_Quest, list[Removed]]] = []
        for quest in self.quests:
            if quest.over:
                continue
            room = self.most - len(quest.removed)
            gains = self._gains(quest, quest.removed)
            ranked = self._ranked(gains)
            if room < 1 or not ranked.size:
                quest.over = True
                continue
            needed = min(self._needed(quest, gains, ranked), room)
            if needed <= _FEW:
                sets = [_set((*quest.removed, case)) for case in ranked[: self.trials].tolist()]
            else:
                block = max(1, needed // 4)
                sets = [_set((*quest.removed, *ranked[:block].tolist()))]
            tried.append((quest, sets))
        self._learn(cases for _, sets in tried for cases in sets)
        for quest, sets in tried:
            self._go_on(quest, sets)

    def _go_on(self, quest: _Quest, sets: list[Removed]) -> None:
        """Take the best of what was tried."""
        flipping = [cases for cases in sets if self._flips(cases, quest.goal)]
        if flipping:
            self._settle(quest, flipping)
            return
        able = [cases for cases in sets if np.isfinite(self._z(cases, quest.goal))]
        if able:
            quest.removed = self._best(able, quest.goal)
            return
        new = set(sets[0]) - set(quest.removed)
        quest.barred |= new if len(sets) == 1 else {max(set(s) - set(quest.removed)) for s in sets}

    def _settle(self, quest: _Quest, flipping: list[Removed]) -> None:
        """End a quest, with the best set that flips the verdict if there is one."""
        quest.over = True
        if flipping:
            quest.best = self._best(flipping, quest.goal)

    def _best(self, sets: list[Removed], goal: Goal) -> Removed:
        """Return the set that moves the statistic furthest; among equals the first in order."""
        reached = np.array([float(goal.reached(np.array(self._z(s, goal)))) for s in sets])
        size = np.abs(reached).max() or 1.0
        keys = [
            (-round(float(value) / size, _DIGITS), sorted(self.order[list(cases)].tolist()))
            for value, cases in zip(reached, sets, strict=True)
        ]
        return sets[min(range(len(sets)), key=keys.__getitem__)]

    # -- shrinking ------------------------------------------------------------------------------

    def _shrink(self) -> None:
        """Put cases back, then exchange two for one, as long as the verdict stays flipped."""
        self._put_back([q for q in self.quests if q.best and 1 < len(q.best) <= _LARGE])
        self._exchange_all()

    def _put_back(self, quests: list[_Quest]) -> None:
        """Put single cases back until every one that is left is needed."""
        going = list(quests)
        while going:
            self._learn(cases for quest in going for cases in _without_one(quest.best))
            again = []
            for quest in going:
                flipping = [s for s in _without_one(quest.best) if self._flips(s, quest.goal)]
                if flipping:
                    quest.best = self._best(flipping, quest.goal)
                    again += [quest] if len(quest.best) > 1 else []
            going = again

    def _exchange_all(self) -> None:
        """Exchange two cases for one, then put back again, until nothing gets smaller."""
        going = [q for q in self.quests if q.best and 2 < len(q.best) <= _LARGE]  # noqa: PLR2004
        for _ in range(_ROUNDS):
            if not going:
                return
            offers = {number: list(self._exchanges(quest)) for number, quest in enumerate(going)}
            self._learn(cases for sets in offers.values() for cases in sets)
            again = []
            for number, quest in enumerate(going):
                flipping = [s for s in offers[number] if self._flips(s, quest.goal)]
                if flipping:
                    quest.best = self._best(flipping, quest.goal)
                    again.append(quest)
            self._put_back(again)
            going = [quest for quest in again if quest.best and len(quest.best) > 2]  # noqa: PLR2004

    def _exchanges(self, quest: _Quest) -> Iterator[Removed]:
        """Yield sets that are smaller by one: without two of the least useful, with one other."""
        best = quest.best or ()
        rest = _without_one(best)
        left = sorted(
            range(len(best)),
            key=lambda k: (
                -np.nan_to_num(float(quest.goal.reached(np.array(self._z(rest[k], quest.goal)))),
                               nan=-np.inf),
                int(self.order[best[k]]),
            ),
        )  # fmt: skip
        small = len(best) <= _SMALL and not self.problem.by_cases
        pairs = combinations([best[k] for k in left[: None if small else _SWAPS]], 2)
        bases = [_set(set(best) - set(pair)) for pair in pairs]
        self._learn(bases)
        for base in bases:
            ranked = self._ranked(self._gains(quest, base))
            for case in [c for c in ranked.tolist() if c not in best][: self.trials]:
                yield _set((*base, case))

    # -- reporting ------------------------------------------------------------------------------

    def _flip(self, number: int, interrupted: bool) -> Flip:
        """Return the smallest set found for one hypothesis."""
        found = [q for q in self.quests if q.goal.claim == number and q.best]
        nan = float("nan")
        if not found:
            return Flip(None, nan, nan, nan, nan, None, self.most, self.n_refits, interrupted)
        quest = min(found, key=lambda q: len(q.best or ()))
        cases = quest.best or ()
        if len(cases) == 1:
            tests, place = self.single, cases[0]
        else:
            tests, place = self.known[cases].tests, self.known[cases].number
        est, se, z, p = (
            float(getattr(tests, name)[place, number]) for name in ("est", "se", "z", "pvalue")
        )
        verdict = bool(tests.supported[place, number])
        return Flip(cases, est, se, z, p, verdict, self.most, self.n_refits, interrupted)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a set of cases left out gave."""

    tests: Outcomes
    number: int
    params: Floats
    counts: bool


def _set(cases: Iterable[int]) -> Removed:
    return tuple(sorted(cases))


def _without_one(cases: Removed | None) -> list[Removed]:
    """Return the sets that lack one of the cases."""
    cases = cases or ()
    return [cases[:k] + cases[k + 1 :] for k in range(len(cases))]


def case_influence(problem: Problem, params: Floats) -> Floats:
    r"""Return how estimates change, to first order, without each case.

    Parameters
    ----------
    problem : Problem
        A model whose discrepancy is a likelihood, and its sample of n cases.
    params : ndarray, shape (q,)
        The estimates.

    Returns
    -------
    ndarray, shape (n, q)

    Notes
    -----
    The infinitesimal jackknife [jaeckel1972]_: :math:`-H^{-1} s_i` with :math:`s_i` the slope of
    the case's log-likelihood and H the observed information of all cases, within the constraints.
    Where the observed information is not positive definite, expected information stands in.
    """
    point = problem.information_objective.at(problem.reduction.reduce(params)[None])
    K = problem.reduction.K
    basis = null_space(problem.condition_jacobian(params), K.shape[1])
    inside = K @ basis
    scores = casewise_scores(problem, params) @ inside
    scores = scores - scores.mean(axis=0)  # zero already but for divisor N-1
    H = symmetric(basis.T @ point.exact_hessian()[0] @ basis) / 2
    if not _is_positive(H):
        H = symmetric(basis.T @ point.expected_hessian()[0] @ basis) / 2
    steps = scores @ np.linalg.pinv(H, hermitian=True) / len(scores)
    return np.asarray(-steps @ inside.T)


def _is_positive(H: Floats) -> bool:
    try:
        np.linalg.cholesky(H)
    except np.linalg.LinAlgError:
        return False
    return True
