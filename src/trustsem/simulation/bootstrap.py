"""The bootstrap: estimate a model again from many resamples, and keep what each one gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, is_positive_definite
from trustsem.errors import MomentsError, ResamplingError
from trustsem.estimation import (
    Optimum,
    Problem,
    admissible_members,
    estimate,
    refit,
    refit_completed,
    stacked_objective,
)
from trustsem.estimation.objective import AnyBlock
from trustsem.estimation.responses import ResponseBlock
from trustsem.implied import Implied
from trustsem.moments import SampleMoments, renewed, stacked_moments
from trustsem.simulation.parallel import Report, run_in_parts
from trustsem.simulation.populations import (
    AnsweringPopulation,
    transformed_cases,
    transformed_incomplete_cases,
)
from trustsem.simulation.resampling import (
    Cases,
    Draws,
    LeaveOneOut,
    Moments,
    NormalPopulation,
    Resampling,
    ResamplingKind,
    Source,
)

AT_ONCE = 200
"""Resamples that are estimated together: few enough for their matrices to stay in cache."""

_DIAGONAL = ("DWLS", "ULSM")
"""Estimators that need no more of the spread of the moments than its diagonal."""

FEW = 5
"""How many samples without a solution are worth a search with every start there is. Where there are
more, it is the model that lacks a solution in samples of this size, which a finding says."""


@dataclass(frozen=True, slots=True)
class Refits:
    """What each of some samples gave.

    Parameters
    ----------
    numbers : ndarray of int, shape (n,)
        Which samples these are.
    params : ndarray, shape (n, q)
        All free parameters; where the search ended if it did not converge.
    value : ndarray, shape (n,)
        F at the estimates.
    converged, admissible : ndarray of bool, shape (n,)
        Whether a minimum was reached, and a proper one.
    """

    numbers: NDArray[np.intp]
    params: Floats
    value: Floats
    converged: Flags
    admissible: Flags

    @classmethod
    def joined(cls, parts: Sequence[Refits]) -> Refits:
        """Return the solutions of all parts."""
        names = ("numbers", "params", "value", "converged", "admissible")
        return cls(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        )

    @classmethod
    def of_sample(cls, params: Floats, value: float = 0.0) -> Refits:
        """Return the sample's own estimates as those of a stack of one."""
        yes = np.ones(1, dtype=bool)
        return cls(np.zeros(1, dtype=np.intp), params[None], np.array([value]), yes, yes)

    @classmethod
    def without_solution(cls, numbers: Sequence[int], params: Floats) -> Refits:
        """Return places for solutions that are still to be found; until then the estimates."""
        n = len(numbers)
        no = np.zeros(n, dtype=bool)
        index = np.array(numbers, dtype=np.intp)
        return cls(index, np.tile(params, (n, 1)), np.full(n, np.nan), no, no.copy())

    def put(
        self, position: int, one: Problem, params: Floats, value: float, converged: bool
    ) -> None:
        """Enter what the search from one sample gave."""
        self.params[position], self.value[position] = params, value
        self.converged[position] = converged
        self.admissible[position] = converged and admissible_members(one, params[None])[0]

    def with_found(self, found: Refits) -> Refits:
        """Return the solutions with those of a later search in their places."""
        joined = self.take(np.arange(len(self.numbers)))
        chosen = found.take(np.flatnonzero(found.converged))
        places = np.searchsorted(self.numbers, chosen.numbers)
        for name in ("params", "value", "converged", "admissible"):
            getattr(joined, name)[places] = getattr(chosen, name)
        return joined

    def count_lost(self) -> int:
        """Return how many have no solution."""
        return int((~self.converged).sum())

    def take(self, index: NDArray[np.intp]) -> Refits:
        """Return some of them."""
        return Refits(
            numbers=self.numbers[index],
            params=self.params[index],
            value=self.value[index],
            converged=self.converged[index],
            admissible=self.admissible[index],
        )


@dataclass(frozen=True, slots=True)
class Solutions:
    """Some resamples with their solutions, for anything that is computed from them.

    Parameters
    ----------
    params : ndarray, shape (b, q)
        All free parameters.
    S : tuple of ndarray, each of shape (b, p, p)
        Sample covariance matrices of each group.
    mean : tuple of ndarray, each of shape (b, p)
        Sample means of each group.
    implied : tuple of Implied
        Implied moments of each group: ``Sigma (b, p, p)``, ``mu``, ``cov_eta (b, m, m)``,
        ``mean_eta``, and the model ``matrices``.
    problem : Problem
        The model on this stack of samples.
    """

    params: Floats
    S: tuple[Floats, ...]
    mean: tuple[Floats, ...]
    implied: tuple[Implied, ...]
    problem: Problem


def plan_resamples(
    problem: Problem, params: Floats, kind: ResamplingKind, n: int, seed: int
) -> Resampling:
    """Say how samples are drawn again.

    Parameters
    ----------
    problem : Problem
        The model and its samples.
    params : ndarray, shape (q,)
        The estimates.
    kind : {"nonparametric", "bollen-stine", "parametric"}
        Cases; cases moved to where the model holds; samples of the population that the model
        implies, with the categories and the missing answers of the sample.
    n, seed : int
        Number of resamples, and the seed.

    Raises
    ------
    ResamplingError
        If cases are to be drawn and there is only a matrix, if ordered answers are to be moved to
        where the model holds, or if the implied moments are those of no population.
    """
    form = {"nonparametric": _cases, "bollen-stine": _moved_cases, "parametric": _population}[kind]
    groups = zip(problem.samples, problem.objective.blocks, problem.implied(params), strict=True)
    sources = [form(problem, sample, block, implied) for sample, block, implied in groups]
    return Resampling(tuple(sources), n, seed)


def _cases(problem: Problem, sample: SampleMoments, block: AnyBlock, implied: Implied) -> Source:
    """Return a group's own cases."""
    del problem, block, implied
    return Cases(_require_cases(sample), sample.divisor, _alike(sample))


def _moved_cases(
    problem: Problem, sample: SampleMoments, block: AnyBlock, implied: Implied
) -> Source:
    """Return a group's cases, moved to where the model holds."""
    del block
    data = _require_cases(sample)
    if sample.ordinal is not None:
        raise ResamplingError(
            "The Bollen-Stine bootstrap moves answers to where the model holds; answers in "
            "categories cannot be moved and stay in categories.",
            remedy="Use kind='parametric', whose samples are answers of the model's population.",
        )
    _require_population(implied.Sigma)
    mu = implied.mu if problem.table.meanstructure else None
    if sample.patterns is None:
        moved = transformed_cases(data, sample.cov, implied.Sigma, mu)
    else:
        moved = transformed_incomplete_cases(sample, implied.Sigma, implied.mu)
    return Cases(moved, sample.divisor, _alike(sample))


def _population(
    problem: Problem, sample: SampleMoments, block: AnyBlock, implied: Implied
) -> Source:
    """Return the population that the model implies for a group."""
    if isinstance(block, ResponseBlock):
        thresholds, mean, cov = block.responses.seen(implied)
        _require_population(cov)
        items = block.responses.layout.items
        cuts = tuple(thresholds[items == item] for item in range(len(cov)))
        if any((np.diff(ascending) <= 0).any() for ascending in cuts):
            raise ResamplingError("The thresholds of an item do not ascend: no answers are so cut.")
        return AnsweringPopulation(cov, mean, cuts, sample)
    _require_population(implied.Sigma)
    if sample.patterns is not None:
        nothing = tuple(np.empty(0) for _ in sample.names)
        return AnsweringPopulation(implied.Sigma, implied.mu, nothing, sample)
    level = implied.mu if problem.table.meanstructure else sample.mean
    level = np.zeros(len(sample.names)) if level is None else level
    return NormalPopulation(implied.Sigma, level, sample.n_obs, sample.divisor, problem.by_cases)


def _require_cases(sample: SampleMoments) -> Floats:
    """Return the cases of a group."""
    if sample.data is None:
        raise ResamplingError(
            f"This bootstrap draws cases; the model was estimated from {sample.came_from}.",
            remedy="Give the data, or use kind='parametric'.",
        )
    return sample.data


def _alike(sample: SampleMoments) -> SampleMoments | None:
    """Return a sample whose moments are more than covariances and means of complete cases."""
    return None if sample.ordinal is None and sample.patterns is None else sample


def _require_population(Sigma: Floats) -> None:
    """Raise unless a covariance matrix can be that of a population."""
    if not np.isfinite(Sigma).all() or np.linalg.eigvalsh(Sigma)[0] <= 0:
        raise ResamplingError("The implied covariance matrix is not positive definite.")


def jackknife(problem: Problem) -> LeaveOneOut:
    """Return the samples that lack one case each.

    Raises
    ------
    ResamplingError
        If there are no cases.
    """
    groups = tuple(
        Cases(sample.data, sample.divisor, _alike(sample))
        for sample in problem.samples
        if sample.data is not None
    )
    if len(groups) < len(problem.samples):
        raise ResamplingError(
            "The jackknife leaves out cases; this model was estimated from "
            f"{problem.samples[0].came_from}.",
            remedy="Use method='percentile' or 'bc'.",
        )
    return LeaveOneOut(groups)


def estimate_again(
    problem: Problem,
    params: Floats,
    draws: Resampling | LeaveOneOut,
    *,
    workers: int = 1,
    report: Report | None = None,
    at_once: int = AT_ONCE,
) -> tuple[Refits, bool]:
    """Estimate a model from each of many samples.

    Parameters
    ----------
    problem : Problem
        The model and the sample that it was estimated from.
    params : ndarray, shape (q,)
        The estimates, where every search starts.
    draws : Resampling or LeaveOneOut
        The samples.
    workers : int
        Processes, -1 for one on each core.
    report : callable, optional
        Called with the number of finished samples, of all, and of those without a solution.
    at_once : int
        Samples in a part. Neither this nor ``workers`` changes the result beyond rounding.

    Returns
    -------
    refits : Refits
        All samples, or those that were finished when the user interrupted.
    interrupted : bool
        Which of the two.
    """
    task = partial(estimate_part, problem, params, draws)
    finished = run_in_parts(
        task,
        parts_of(draws.n, at_once),
        workers=workers,
        report=report,
        pieces=len,
        failures=Refits.count_lost,
    )
    refits = Refits.joined(finished.outcomes)
    if finished.interrupted:
        return refits, True
    found, interrupted = search_lost(problem, params, draws, refits, workers=workers)
    return refits.with_found(found), interrupted


def parts_of(n: int, at_once: int) -> list[range]:
    """Return the numbers of all samples in parts that are estimated together."""
    return [range(first, min(first + at_once, n)) for first in range(0, n, at_once)]


def search_lost(
    problem: Problem,
    params: Floats,
    draws: Resampling | LeaveOneOut,
    refits: Refits,
    *,
    workers: int = 1,
) -> tuple[Refits, bool]:
    """Search with every start there is where only a few samples have no solution.

    Returns
    -------
    found : Refits
        The samples that have one after all.
    interrupted : bool
        Whether the user stopped the search.
    """
    lost = refits.numbers[~refits.converged].tolist()
    nothing = refits.take(np.empty(0, dtype=np.intp))
    if not 0 < len(lost) <= FEW:
        return nothing, False
    thorough = partial(_searched, problem, params, draws)
    searched = run_in_parts(thorough, [[number] for number in lost], workers=workers)
    found = Refits.joined(searched.outcomes)
    return found.take(np.flatnonzero(found.converged)), searched.interrupted


def estimate_part(
    problem: Problem, params: Floats, draws: Resampling | LeaveOneOut, numbers: Sequence[int]
) -> Refits:
    """Estimate a model from some of the samples."""
    if problem.by_cases:
        return _estimate_by_cases(problem, params, draws, numbers)
    objective = stacked_objective(problem, draws.moments(numbers))
    stack = replace(problem, objective=objective)
    ends = refit(problem, stack.objective, params)
    return _judged(stack, numbers, ends)


def _judged(stack: Problem, numbers: Sequence[int], ends: Optimum) -> Refits:
    """Return where the searches from a stack of samples ended, and which ends are proper."""
    reached = stack.reduction.expand(ends.reduced)
    proper = ends.converged.copy()
    kept = np.flatnonzero(ends.converged)
    some = replace(stack, objective=stack.objective.take(kept))
    proper[kept] = admissible_members(some, reached[kept])
    return Refits(np.array(numbers, dtype=np.intp), reached, ends.value, ends.converged, proper)


def _estimate_by_cases(
    problem: Problem, params: Floats, draws: Resampling | LeaveOneOut, numbers: Sequence[int]
) -> Refits:
    """Estimate a model whose F needs cases: from all samples at once where that is possible."""
    refits = _from_incomplete(problem, params, draws, numbers)
    if refits is None:
        refits = _from_ordered(problem, params, draws, numbers)
    if refits is None:
        return _one_by_one(problem, params, draws, numbers)
    lost = refits.numbers[~refits.converged].tolist()
    return refits.with_found(_one_by_one(problem, params, draws, lost)) if lost else refits


def _from_ordered(
    problem: Problem, params: Floats, draws: Resampling | LeaveOneOut, numbers: Sequence[int]
) -> Refits | None:
    """Estimate from the moments of ordered items of each sample, with diagonal weights."""
    if not problem.table.ordered or problem.estimator.name not in _DIAGONAL:
        return None
    found = [alone(problem, draws, number, variances_only=True) for number in numbers]
    there = [place for place, one in enumerate(found) if one is not None]
    ones = [one for one in found if one is not None]
    refits = Refits.without_solution(numbers, params)
    if not ones:
        return refits
    if len({tuple(block.share for block in one.objective.blocks) for one in ones}) > 1:
        return None  # samples that lack a case of different groups
    blocks = [ResponseBlock.stacked(group) for group in zip(*map(_blocks_of, ones), strict=True)]
    stack = replace(problem, objective=replace(problem.objective, blocks=tuple(blocks)))
    ends = refit(problem, stack.objective, params)
    return refits.with_found(_judged(stack, [numbers[place] for place in there], ends))


def _blocks_of(problem: Problem) -> list[ResponseBlock]:
    """Return the groups of a model with ordered items."""
    return [block for block in problem.objective.blocks if isinstance(block, ResponseBlock)]


def _from_incomplete(
    problem: Problem, params: Floats, draws: Resampling | LeaveOneOut, numbers: Sequence[int]
) -> Refits | None:
    """Estimate from samples that hold incomplete cases more or less often; None for others.

    Bounds are not heeded on the way: solutions beyond them are given up.
    """
    held = draws.held(numbers)
    alike = problem.estimator.name == "FIML" and not problem.table.ordered
    if held is None or not alike or len(problem.reduction.conditions):
        return None
    samples = []
    for (cases, counts), sample in zip(held, problem.samples, strict=True):
        if sample.mean is None:
            return None
        samples.append(stacked_moments(cases.data, counts, (sample.cov, sample.mean)))
    exists = np.logical_and.reduce([moments.exists for _, moments in samples])
    sizes = np.stack([counts.sum(axis=1) for _, counts in held])
    ends = refit_completed(problem, samples, sizes / sizes.sum(axis=0), params)
    converged = ends.converged & exists
    if problem.bounds:
        converged &= (problem.bounds.clip(ends.reduced) == ends.reduced).all(axis=1)
    moments = tuple((found.cov, found.mean) for _, found in samples)
    there = np.flatnonzero(exists)
    draws.keep(
        [numbers[place] for place in there.tolist()],
        tuple((S[there], m[there]) for S, m in moments),
    )
    return _judged(described(problem, moments), numbers, replace(ends, converged=converged))


def _one_by_one(
    problem: Problem, params: Floats, draws: Resampling | LeaveOneOut, numbers: Sequence[int]
) -> Refits:
    """Estimate from one sample after the other, where moments or weights need its cases."""
    refits = Refits.without_solution(numbers, params)
    for position, number in enumerate(numbers):
        one = alone(problem, draws, number, variances_only=problem.estimator.name in _DIAGONAL)
        if one is not None:
            end = refit(one, one.objective, params)
            reached = one.reduction.expand(end.reduced)[0]
            refits.put(position, one, reached, float(end.value[0]), bool(end.converged[0]))
    return refits


def _searched(
    problem: Problem, params: Floats, draws: Resampling | LeaveOneOut, numbers: Sequence[int]
) -> Refits:
    """Estimate from each sample as if it were the only one, with every start there is."""
    refits = Refits.without_solution(numbers, params)
    for position, number in enumerate(numbers):
        one = alone(problem, draws, number)
        if one is not None:
            end = estimate(one)
            refits.put(position, one, end.params, end.value, end.converged)
    return refits


def alone(
    problem: Problem,
    draws: Resampling | LeaveOneOut,
    number: int,
    *,
    variances_only: bool = False,
) -> Problem | None:
    """Return a model on one of the samples; None if its moments or weights do not exist.

    With ``variances_only`` it can be estimated where weights are diagonal, but not judged.
    """
    try:
        if problem.by_cases:
            pairs = zip(problem.samples, draws.cases(number), strict=True)
            return problem.with_samples(
                [renewed(sample, data, variances_only=variances_only) for sample, data in pairs]
            )
        samples = []
        for sample, (S, mean) in zip(problem.samples, draws.moments([number]), strict=True):
            if not is_positive_definite(S[0]):
                return None
            samples.append(replace(sample, cov=S[0], mean=mean[0], data=None))
        return problem.with_samples(samples)
    except MomentsError:
        return None


def solutions(problem: Problem, draws: Draws, refits: Refits) -> Solutions:
    """Return samples with their solutions.

    Parameters
    ----------
    problem : Problem
        The model.
    draws : Draws
        The samples.
    refits : Refits
        Some of the samples' solutions.
    """
    moments = draws.moments(refits.numbers.tolist())
    stack = described(problem, moments)
    return Solutions(
        params=refits.params,
        S=tuple(S for S, _ in moments),
        mean=tuple(mean for _, mean in moments),
        implied=stack.implied(refits.params),
        problem=stack,
    )


def described(problem: Problem, moments: Sequence[Moments]) -> Problem:
    """Return a model on a stack of samples, to be evaluated and not to be estimated.

    Unweighted least squares stands in for the estimator: it needs nothing but the moments. Groups
    with ordered items keep their criterion, which does not matter.
    """
    if not problem.table.ordered:
        plain = problem.by("ULS")
        return replace(plain, objective=stacked_objective(plain, moments))
    blocks = tuple(
        replace(block, S=S, mean=mean)
        for block, (S, mean) in zip(problem.objective.blocks, moments, strict=True)
    )
    return replace(problem, objective=replace(problem.objective, blocks=blocks))
