"""Chi-square difference tests between nested models."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trustsem.arrays import Floats
from trustsem.errors import NotNestedError
from trustsem.estimation import Estimate, Problem
from trustsem.estimation.native import estimate as estimate_native
from trustsem.estimation.objective import AnyBlock
from trustsem.estimation.responses import ResponseBlock
from trustsem.implied import Implied
from trustsem.inference.distributions import chi_square_above
from trustsem.inference.least_squares import chi_square
from trustsem.moments import SampleMoments

_NESTED = 1e-6


@dataclass(frozen=True, slots=True)
class DifferenceTest:
    """Test of a more restricted model against a less restricted one.

    Parameters
    ----------
    chisq, df, pvalue : float
        The difference, its degrees of freedom and its p-value (NaN when df is 0).
    method : str
        How it was computed.
    factor : float
        What the plain difference was divided by.
    plain : float
        The difference of the uncorrected chi-squares.
    """

    chisq: float
    df: float
    pvalue: float
    method: str = "standard"
    factor: float = 1.0
    plain: float = 0.0


def difference_test(
    restricted: Estimate,
    df_restricted: int,
    general: Estimate,
    df_general: int,
    *,
    prove: bool = True,
) -> DifferenceTest:
    """Compare two nested models by the difference of their chi-squares [steiger1985]_.

    The difference of residual-based chi-squares (ULS) has the same distribution in large samples.

    Parameters
    ----------
    restricted, general : Estimate
        The two solutions, from the same samples.
    df_restricted, df_general : int
        Their degrees of freedom.
    prove : bool
        Whether nesting is verified numerically; not needed where it follows from how the
        restricted model was made.

    Raises
    ------
    NotNestedError
        If the models rest on different data, or the restricted one is no special case of the
        general one.
    """
    if prove:
        require_same_samples(restricted.problem, general.problem)
        require_nested(restricted, general)
    df = df_restricted - df_general
    chisq = max(chi_square(restricted) - chi_square(general), 0.0)
    return DifferenceTest(chisq, df, chi_square_above(chisq, df), plain=chisq)


def require_same_samples(a: Problem, b: Problem) -> None:
    """Raise unless two problems analyse the same moments.

    Raises
    ------
    NotNestedError
        If estimator, variables, cases or likelihood differ.
    """
    if a.estimator.name != b.estimator.name:
        raise NotNestedError(
            f"The models were estimated differently: by {a.estimator.name} and {b.estimator.name}."
        )
    if len(a.samples) != len(b.samples):
        raise NotNestedError("The models have different numbers of groups.")
    for one, other in zip(a.samples, b.samples, strict=True):
        if set(one.names) != set(other.names):
            extra = sorted(set(one.names) ^ set(other.names))
            raise NotNestedError(
                f"The models explain different variables: {', '.join(extra)} only in one of them."
            )
        same = other.select(one.names)
        if one.n_obs != other.n_obs or one.divisor != other.divisor:
            raise NotNestedError("The models rest on different cases or likelihoods.")
        if not np.allclose(one.cov, same.cov, rtol=1e-8):
            raise NotNestedError("The models rest on different sample moments.")
        if (one.ordinal is None) != (same.ordinal is None):
            raise NotNestedError("Items are ordered in only one of the models.")


def require_nested(restricted: Estimate, general: Estimate) -> None:
    """Raise unless the general model can reproduce what the restricted one implies.

    Nesting is verified numerically: the general model is fitted to the moments that the
    restricted model implies, at its estimates and at a point beside them; it must fit perfectly
    both times (Bentler & Satorra's NET method) [bentler2010]_.

    Raises
    ------
    NotNestedError
        If it does not.
    """
    generator = np.random.default_rng(2010)
    for size in (0.0, 0.1):
        params = _beside(restricted, size, generator)
        if params is None:
            continue
        samples = tuple(_as_samples(restricted, params))
        fitted = estimate_native(_rebuilt(general.problem, samples))
        if not fitted.value < _NESTED:
            raise NotNestedError(
                "The models are not nested: the one with fewer degrees of freedom cannot "
                "reproduce what the other implies.",
                remedy="Compare them by AIC or BIC instead.",
            )


def general_at_restricted(restricted: Estimate, general: Estimate) -> Estimate:
    """Return the general model at the parameters that reproduce what the restricted one implies.

    Parameters
    ----------
    restricted, general : Estimate
        Nested solutions from the same samples.
    """
    samples = tuple(_as_samples(restricted, restricted.params))
    params = estimate_native(_rebuilt(general.problem, samples)).params
    value = float(general.problem.objective.at_params(params[None]).value[0])
    return replace(general, params=params, value=value)


def _rebuilt(problem: Problem, samples: tuple[SampleMoments, ...]) -> Problem:
    """Return a model with other samples; by likelihood unless items are ordered."""
    name = problem.estimator.name if problem.table.ordered else "ML"
    return Problem.build(problem.table, samples, name)


def _beside(restricted: Estimate, size: float, generator: np.random.Generator) -> Floats | None:
    """Return the estimates moved a little within the restricted model; None if it cannot be."""
    problem = restricted.problem.dimensionless()
    if size and len(problem.reduction.conditions):
        return None
    reduced = problem.reduction.reduce(restricted.params)
    metric = np.sqrt(np.abs(np.diag(problem.objective.at(reduced[None]).expected_hessian()[0])))
    step = generator.uniform(-1, 1, reduced.size) / np.where(metric > 0, metric, np.inf)
    for _ in range(20):
        point = reduced + size * step
        if np.isfinite(problem.objective.at(point[None]).value[0]):
            return problem.reduction.expand(point)
        size /= 2
    return None


def _as_samples(restricted: Estimate, params: Floats) -> list[SampleMoments]:
    """Return samples whose moments are those that a model implies."""
    problem = restricted.problem
    return [
        _as_sample(sample, block, implied)
        for sample, block, implied in zip(
            problem.samples, problem.objective.blocks, problem.implied(params), strict=True
        )
    ]


def _as_sample(sample: SampleMoments, block: AnyBlock, implied: Implied) -> SampleMoments:
    """Return a sample of one group whose moments are implied ones."""
    if isinstance(block, ResponseBlock) and sample.ordinal is not None:
        thresholds, mean, cov = block.responses.seen(implied)
        moments = replace(sample.ordinal, thresholds=thresholds, mean=mean, cov=cov)
        return replace(sample, cov=cov, mean=mean, ordinal=moments)
    return SampleMoments(
        names=sample.names,
        cov=implied.Sigma,
        mean=implied.mu if block.structure.has_means else sample.mean,
        n_obs=sample.n_obs,
        divisor=sample.divisor,
        group=sample.group,
    )
