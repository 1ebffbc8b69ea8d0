"""How much does each case matter? A model estimated again without cases, exactly.

Samples that lack cases are stacks like resamples. Their moments are those of the whole sample less
what the missing cases added, so that a sample costs no more the more cases there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats, diagonal, invert_positive, outer, transpose
from trustsem.errors import MomentsError, ResamplingError
from trustsem.estimation import Estimate, Problem, stacked_objective
from trustsem.estimation.objective import shares
from trustsem.inference import estimate_covariance, stacked_covariances
from trustsem.moments import Divisor, SampleMoments, renewed
from trustsem.patterns import Patterns
from trustsem.simulation.bootstrap import AT_ONCE, Refits, estimate_again
from trustsem.simulation.fit import chi_squares
from trustsem.simulation.parallel import Report, run_in_parts
from trustsem.simulation.resampling import Cases, LeaveOneOut, Moments, weighted_moments

_SHARED = 25
"""Samples in a part whose covariances are computed: of these there are few and each takes long."""
_TIED = 1e-9
"""Relative size below which an eigenvalue of a correlation matrix of estimates is zero."""
_DOMINATED = 1e-3
"""Share of a sum of squares that must be left for it to be what remains of the whole sum."""


@dataclass(frozen=True, slots=True)
class LeaveSomeOut(LeaveOneOut):
    """The samples that lack some cases each.

    Parameters
    ----------
    groups : tuple of Cases
        The cases of each group.
    out : tuple of tuple of int
        For each sample the cases that it lacks, numbered from 0 over all groups.
    """

    out: tuple[tuple[int, ...], ...]

    @property
    def n(self) -> int:
        """As many as there are sets of cases."""
        return len(self.out)

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Cases that each sample holds in each group, shape (n, n_groups)."""
        ends = np.cumsum([len(group.data) for group in self.groups])
        found = np.tile(np.diff(ends, prepend=0), (self.n, 1))
        for row, cases in zip(found, self.out, strict=True):
            np.subtract.at(row, np.searchsorted(ends, cases, side="right"), 1)
        return found

    def take(self, numbers: Sequence[int]) -> LeaveSomeOut:
        """Return some of the samples."""
        return LeaveSomeOut(self.groups, tuple(self.out[number] for number in numbers))

    def moments(self, numbers: Sequence[int]) -> tuple[Moments, ...]:
        """Return the moments of some samples, group by group."""
        found, first = [], 0
        for group, counts in zip(self.groups, self._counts(numbers), strict=True):
            last = first + len(group.data)
            if group.alike is not None:
                found.append(group.moments(counts))
            else:
                lacking = [
                    [case - first for case in self.out[number] if first <= case < last]
                    for number in numbers
                ]
                found.append(moments_without(group.data, lacking, group.divisor))
            first = last
        return tuple(found)

    def _counts(self, numbers: Sequence[int]) -> list[NDArray[np.intp]]:
        """Return 1 for each case that a sample holds and 0 for those that it lacks."""
        ends = np.cumsum([len(group.data) for group in self.groups])
        kept = np.ones((len(numbers), ends[-1]), dtype=np.intp)
        for row, number in zip(kept, numbers, strict=True):
            row[list(self.out[number])] = 0
        return np.split(kept, ends[:-1], axis=1)


def moments_without(data: Floats, out: Sequence[Sequence[int]], divisor: Divisor) -> Moments:
    """Return the moments of samples that lack some cases each.

    Parameters
    ----------
    data : ndarray, shape (n, p)
        Complete cases.
    out : sequence of b sequences of int
        The cases that each sample lacks.
    divisor : {"n", "n-1"}
        What sums of squares are divided by.

    Returns
    -------
    S : ndarray, shape (b, p, p)
        Covariance matrices.
    mean : ndarray, shape (b, p)
        Means.

    Notes
    -----
    What the cases added is taken off the sums of the whole sample. Where that leaves hardly
    anything, as without a case that is far off all others, the cases are summed up instead.
    """
    n = len(data)
    centre = np.median(data, axis=0)
    deviations = np.vstack([data - centre, np.zeros(data.shape[1])])
    longest = max((len(cases) for cases in out), default=0)
    index = np.full((len(out), longest), n)
    for row, cases in zip(index, out, strict=True):
        row[: len(cases)] = cases
    lacking = deviations[index]
    size = n - (index < n).sum(axis=1)
    shift = (deviations.sum(axis=0) - lacking.sum(axis=1)) / size[:, None]
    total = deviations.T @ deviations
    squares = total - transpose(lacking) @ lacking - size[:, None, None] * outer(shift, shift)
    S = squares / (size if divisor == "n" else size - 1)[:, None, None]
    mean = centre + shift
    dominated = (diagonal(squares) < _DOMINATED * np.diag(total)).any(axis=1)
    for number in np.flatnonzero(dominated).tolist():
        kept = np.delete(data, list(out[number]), axis=0)
        own = np.ones((1, len(kept)))
        S[number], mean[number] = (part[0] for part in weighted_moments(kept, own, divisor))
    return S, mean


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """How sampling covariances of estimates are computed.

    Parameters
    ----------
    information : {"expected", "observed", "first.order"}
        The information that they rest on.
    se : {"standard", "robust.sem", "robust.huber.white"}
        Its inverse, or a sandwich of it.
    """

    information: str = "expected"
    se: str = "standard"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A model estimated without some cases, many times.

    Parameters
    ----------
    problem : Problem
        The model and the whole sample.
    removals : LeaveSomeOut
        What each sample lacks; only samples that were estimated.
    refits : Refits
        The solutions, in the order of the samples.
    chisq : ndarray, shape (b,)
        Their chi-squares; NaN without a solution.
    interrupted : bool
        Whether the user stopped before the last sample.
    """

    problem: Problem
    removals: LeaveSomeOut
    refits: Refits
    chisq: Floats
    interrupted: bool = False

    def sample(self, number: int) -> Problem | None:
        """Return the model on one of the samples; None if its moments do not exist."""
        return sample_without(self.problem, self.removals, number)

    def stacks(self, numbers: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], Problem]]:
        """Yield the model on some of the samples, those with equal sizes as one stack.

        Parameters
        ----------
        numbers : ndarray of int, shape (b,)
            Which.

        Yields
        ------
        ndarray of int, Problem
            Places among the numbers, and the model on these samples; only for discrepancies that
            need no more than moments.
        """
        sizes, of_sample = np.unique(self.removals.sizes[numbers], axis=0, return_inverse=True)
        for position, counts in enumerate(sizes):
            places = np.flatnonzero(of_sample.reshape(-1) == position)
            smaller = with_sizes(self.problem, counts.tolist())
            moments = self.removals.moments(numbers[places].tolist())
            yield places, replace(smaller, objective=stacked_objective(smaller, moments))

    def covariances(self, numbers: Sequence[int], kind: ErrorKind, *, workers: int = 1) -> Floats:
        """Return the sampling covariances of some of the solutions.

        Parameters
        ----------
        numbers : sequence of b int
            Which.
        kind : ErrorKind
            How they are computed.
        workers : int
            Processes.

        Returns
        -------
        ndarray, shape (b, q, q)
            NaN without a solution, or where the information is singular.
        """
        size = self.refits.params.shape[1]
        found = np.full((len(numbers), size, size), np.nan)
        places = np.flatnonzero(self.refits.converged[list(numbers)])
        chosen = np.asarray(numbers, dtype=np.intp)[places]
        if _is_stackable(self.problem, kind):
            task = partial(_stack_of_covariances, self, kind.information == "observed")
        else:
            task = partial(_single_covariances, self, kind)
        parts = [chosen[first : first + _SHARED] for first in range(0, len(chosen), _SHARED)]
        done = run_in_parts(task, parts, workers=workers)
        if done.interrupted:
            raise KeyboardInterrupt
        if done.outcomes:
            found[places] = np.concatenate(done.outcomes)
        return found


def every_case(problem: Problem) -> LeaveSomeOut:
    """Return the samples that lack one case each.

    Parameters
    ----------
    problem : Problem
        The model and its samples.

    Raises
    ------
    ResamplingError
        If there are no cases.
    """
    groups = groups_of_cases(problem)
    n = sum(len(group.data) for group in groups)
    return LeaveSomeOut(groups, tuple((case,) for case in range(n)))


def groups_of_cases(problem: Problem) -> tuple[Cases, ...]:
    """Return the cases of every group.

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
            "Single cases can be left out only where there are cases; this model was estimated "
            f"from {problem.samples[0].came_from}.",
            remedy="Give the data.",
        )
    return groups


def _alike(sample: SampleMoments) -> SampleMoments | None:
    """Return a sample whose moments are more than covariances and means of complete cases."""
    return None if sample.ordinal is None and sample.patterns is None else sample


def estimate_without(
    problem: Problem,
    params: Floats,
    removals: LeaveSomeOut,
    *,
    workers: int = 1,
    report: Report | None = None,
    at_once: int = AT_ONCE,
) -> LeftOut:
    """Estimate a model from samples that lack some cases each.

    Parameters
    ----------
    problem : Problem
        The model and the whole sample.
    params : ndarray, shape (q,)
        Its estimates, where every search starts.
    removals : LeaveSomeOut
        The samples.
    workers : int
        Processes.
    report : callable, optional
        Called with the number of finished samples, of all, and of those without a solution.
    at_once : int
        Samples in a part. Neither this nor ``workers`` changes the result beyond rounding.

    Returns
    -------
    LeftOut
        All samples, or those that were finished when the user interrupted.

    Notes
    -----
    Estimates are those of the reduced samples themselves, to the optimiser's precision: groups
    count by the cases that they still have.
    """
    sizes, of_sample = np.unique(removals.sizes, axis=0, return_inverse=True)
    of_sample = of_sample.reshape(-1)
    found: list[Refits] = []
    chisq: list[Floats] = []
    interrupted = False
    counter = _Counter.of(np.bincount(of_sample, minlength=len(sizes)), report)
    for position, size in enumerate(sizes):
        numbers = np.flatnonzero(of_sample == position)
        part = removals.take(numbers.tolist())
        smaller = with_sizes(problem, size.tolist())
        refits, interrupted = estimate_again(
            smaller, params, part, workers=workers, report=counter.of_part(position),
            at_once=at_once,
        )  # fmt: skip
        chisq.append(_chi_squares(smaller, part, refits))
        found.append(replace(refits, numbers=numbers[refits.numbers]))
        if interrupted:
            break
    joined = Refits.joined(found)
    order = np.argsort(joined.numbers)
    done = joined.numbers[order]
    ordered = replace(joined.take(order), numbers=np.arange(len(done)))
    kept = removals.take(done.tolist())
    return LeftOut(problem, kept, ordered, np.concatenate(chisq)[order], interrupted)


def with_sizes(problem: Problem, sizes: Sequence[int]) -> Problem:
    """Return a model joined to samples of other sizes: chi-square and shares count these.

    Parameters
    ----------
    problem : Problem
        The model and the whole sample.
    sizes : sequence of int
        Cases of each group.
    """
    samples = tuple(
        replace(sample, n_obs=size) for sample, size in zip(problem.samples, sizes, strict=True)
    )
    likelihood = problem.estimator.likelihood
    counts = [sample.n_obs if likelihood else sample.weight for sample in samples]
    objective = problem.objective.with_shares(shares(counts))
    return replace(problem, samples=samples, objective=objective)


def sample_without(
    problem: Problem, removals: LeaveSomeOut, number: int, *, renew: bool = False
) -> Problem | None:
    """Return a model on one of the samples, its cases included.

    Parameters
    ----------
    problem : Problem
        The model and the whole sample.
    removals : LeaveSomeOut
        The samples.
    number : int
        Which.
    renew : bool
        Whether to estimate the saturated moments of incomplete cases anew, which only fit needs:
        neither slopes nor information of the likelihood depend on them.

    Returns
    -------
    Problem or None
        None if the sample's moments do not exist: a category is empty, a variable constant.
    """
    needed = renew or bool(problem.table.exogenous)
    try:
        pairs = zip(problem.samples, removals.cases(number), strict=True)
        return problem.with_samples([_smaller(sample, data, needed) for sample, data in pairs])
    except MomentsError:
        return None


def _smaller(sample: SampleMoments, data: Floats, needed: bool) -> SampleMoments:
    """Return a sample of some of the cases, without moments of incomplete ones unless needed."""
    if sample.patterns is None or needed:
        return renewed(sample, data)
    return replace(sample, data=data, n_obs=len(data), patterns=Patterns.of(data), rows=None)


@dataclass(frozen=True, slots=True)
class _Counter:
    """How far several computations are, as if they were one."""

    before: NDArray[np.intp]
    total: int
    report: Report | None

    @classmethod
    def of(cls, sizes: NDArray[np.intp], report: Report | None) -> _Counter:
        return cls(np.cumsum(sizes) - sizes, int(sizes.sum()), report)

    def of_part(self, position: int) -> Report | None:
        """Return the report of one of the computations."""
        if self.report is None:
            return None
        return partial(_passed_on, self.report, int(self.before[position]), self.total)


def _passed_on(report: Report, before: int, total: int, done: int, _: int, failed: int = 0) -> None:
    report(before + done, total, failed)


def _chi_squares(problem: Problem, removals: LeaveSomeOut, refits: Refits) -> Floats:
    """Return the chi-square of each solution; NaN without one."""
    found = np.full(len(refits.numbers), np.nan)
    kept = np.flatnonzero(refits.converged)
    if kept.size:
        found[kept] = chi_squares(problem, removals, refits.take(kept))
    return found


def _is_stackable(problem: Problem, kind: ErrorKind) -> bool:
    """Return whether covariances come from moments alone, hence for many samples at once."""
    return not problem.by_cases and _is_plain(problem, kind)


def _is_plain(problem: Problem, kind: ErrorKind) -> bool:
    """Return whether covariances are the inverse information, without conditions."""
    return (
        problem.estimator.efficient
        and kind.se == "standard"
        and kind.information in ("expected", "observed")
        and not len(problem.reduction.conditions)
    )


def _stack_of_covariances(left: LeftOut, exact: bool, numbers: NDArray[np.intp]) -> Floats:
    """Return the covariances of some solutions from a stack of their moments."""
    size = left.refits.params.shape[1]
    found = np.empty((len(numbers), size, size))
    for places, stack in left.stacks(numbers):
        params = left.refits.params[numbers[places]]
        found[places] = stacked_covariances(stack, params, exact=exact)
    return found


def _single_covariances(left: LeftOut, kind: ErrorKind, numbers: NDArray[np.intp]) -> Floats:
    """Return the covariances of some solutions, one after the other."""
    size = left.refits.params.shape[1]
    found = np.full((len(numbers), size, size), np.nan)
    for position, number in enumerate(numbers.tolist()):
        one = left.sample(number)
        if one is not None and _is_plain(one, kind):
            params, exact = left.refits.params[number], kind.information == "observed"
            found[position] = stacked_covariances(one, params[None], exact=exact)[0]
        elif one is not None:
            params, value = left.refits.params[number], float(left.refits.value[number])
            solution = Estimate(one, params, value, True, 0, 0.0)
            found[position] = estimate_covariance(solution, kind.information, kind.se).matrix
    return found


def cook_distances(changes: Floats, vcov: Floats, *, tied: bool = False) -> Floats:
    r"""Return generalised Cook's distances [pek2011]_.

    Parameters
    ----------
    changes : ndarray, shape (b, k)
        Estimates from all cases less those without some.
    vcov : ndarray, shape (b, k, k)
        Sampling covariances without these cases.
    tied : bool
        Whether constraints tie some of the parameters, so that these covariances are singular.

    Returns
    -------
    ndarray, shape (b,)
        NaN where the covariances do not exist.

    Notes
    -----
    :math:`(\hat\theta - \hat\theta_{(i)})' V_{(i)}^{-1} (\hat\theta - \hat\theta_{(i)})`, after
    Cook's distance of regression [cook1977]_. Parameters that constraints tie change together,
    within the range of V, where its pseudo-inverse is an inverse.
    """
    exists: Flags = np.asarray(
        np.isfinite(vcov).all(axis=(-2, -1)) & np.isfinite(changes).all(axis=-1)
    )
    found = np.full(len(changes), np.nan)
    if exists.any():
        d, V = changes[exists], vcov[exists]
        inverse = _pseudoinverse(V) if tied else invert_positive(V).matrix
        found[exists] = (d[:, None, :] @ inverse @ d[:, :, None]).reshape(-1)
    return found


def _pseudoinverse(V: Floats) -> Floats:
    """Return the pseudo-inverse of each covariance matrix, in the metric of its correlations."""
    variances = diagonal(V)
    scale = np.sqrt(np.where(variances > 0, variances, 1.0))
    units = outer(scale, scale)
    return np.asarray(np.linalg.pinv(V / units, rcond=_TIED, hermitian=True) / units)


def likelihood_distances(problem: Problem, params: Floats, others: Floats) -> Floats:
    r"""Return by how much other estimates fit all cases worse [cook1986]_.

    Parameters
    ----------
    problem : Problem
        The model and the whole sample.
    params : ndarray, shape (q,)
        The estimates.
    others : ndarray, shape (b, q)
        The others.

    Returns
    -------
    ndarray, shape (b,)
        :math:`2\{L(\hat\theta) - L(\hat\theta_{(i)})\}` with L the log-likelihood of all cases;
        NaN where the discrepancy is no likelihood.
    """
    if not problem.estimator.likelihood:
        return np.full(len(others), np.nan)
    found = np.empty(len(others))
    at = problem.objective.at_params(params[None]).value[0]
    for first in range(0, len(others), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        found[part] = problem.objective.at_params(others[part]).value - at
    return found * problem.n_obs
