"""Fit of a model in samples of one size: where it holds, and where it leaves something out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trustsem.arrays import Floats
from trustsem.errors import ResamplingError
from trustsem.estimation import Problem, stacked_objective
from trustsem.fit import STACKED_MEASURES, stacked_fit
from trustsem.simulation.bootstrap import estimate_again
from trustsem.simulation.fit import fit_values
from trustsem.simulation.misspecification import pseudo_true
from trustsem.simulation.parallel import Report
from trustsem.simulation.resampling import NormalPopulation, Resampling

CUTOFF_INDICES = ("srmr", "rmsea", "cfi", "tli")
"""Fit indices with cut-offs; the literature has the first three."""
MISFIT = frozenset({"srmr", "rmsea"})
"""Those that grow with misfit."""
PAIRS = ((0.95, 0.05), (0.90, 0.10))
"""Shares of misspecified and of consistent samples that a cut-off may reject: at least, at most;
the first pair that can be had [mcneish2023]_."""
_COLUMNS = [STACKED_MEASURES.index(name) for name in CUTOFF_INDICES]
_VISIBLE = 1e-12


@dataclass(frozen=True, slots=True)
class SimulatedFit:
    """The fit of a model in samples from several populations.

    Parameters
    ----------
    values : ndarray, shape (k, n, 4)
        Indices of :data:`CUTOFF_INDICES` in the samples of each population, the first of which is
        the model's own; NaN where a sample has no solution or was not reached.
    population : ndarray, shape (k, 4)
        The same in the populations themselves.
    tried : ndarray of int, shape (k,)
        Samples from which the model was estimated.
    interrupted : bool
        Whether the user stopped before the end.
    """

    values: Floats
    population: Floats
    tried: tuple[int, ...]
    interrupted: bool


def simulate_fit(
    problem: Problem,
    params: Floats,
    Sigmas: Sequence[Floats],
    mu: Floats,
    *,
    n: int,
    seed: int,
    n_independent: int,
    workers: int = 1,
    report: Report | None = None,
) -> SimulatedFit:
    """Estimate a model from normal samples of several populations.

    Parameters
    ----------
    problem : Problem
        The model, of one group of complete cases.
    params : ndarray, shape (q,)
        Its parameters in the first population.
    Sigmas : sequence of ndarray, each of shape (p, p)
        Covariance matrices of the populations; the model holds in the first.
    mu : ndarray, shape (p,)
        Their means.
    n, seed : int
        Samples from each population, and their seed. Sample 17 of each population is made of the
        same random numbers.
    n_independent : int
        Independently estimated parameters.
    workers : int
        Processes.
    report : callable, optional
        Called with the number of finished and of all parts.

    Raises
    ------
    ResamplingError
        If the model has no solution in a population.
    """
    everywhere, _ = pseudo_true(problem, params, np.stack(Sigmas), mu)
    everywhere[0] = params
    if not np.isfinite(everywhere).all():
        raise ResamplingError(
            "The model has no solution in a population that has a relation more.",
            remedy="It is hardly identified; fix or leave out a parameter.",
        )
    (sample,) = problem.samples
    values = np.full((len(Sigmas), n, len(CUTOFF_INDICES)), np.nan)
    tried = [0] * len(Sigmas)
    interrupted = False
    for level, (Sigma, start) in enumerate(zip(Sigmas, everywhere, strict=True)):
        there = problem.with_samples([replace(sample, cov=Sigma, mean=mu, data=None)])
        source = NormalPopulation(Sigma, mu, sample.n_obs, sample.divisor)
        draws = Resampling((source,), n, seed)
        try:
            refits, interrupted = estimate_again(
                there, start, draws, workers=workers, report=_shifted(report, level, len(Sigmas))
            )
        except KeyboardInterrupt:
            if not level:
                raise
            interrupted = True
            break
        tried[level] = len(refits.numbers)
        kept = refits.take(np.flatnonzero(refits.converged))
        values[level, kept.numbers] = fit_values(there, draws, kept, n_independent)[:, _COLUMNS]
        if interrupted:
            break
    population = population_fit(problem, everywhere, np.stack(Sigmas), mu, n_independent)
    return SimulatedFit(values, population, tuple(tried), interrupted)


def _shifted(report: Report | None, level: int, levels: int) -> Report | None:
    """Return the report of one population as that of all."""
    if report is None:
        return None

    def shifted(done: int, total: int, failed: int = 0) -> None:
        report(level * total + done, levels * total, failed)

    return shifted


def population_fit(
    problem: Problem, params: Floats, Sigmas: Floats, mu: Floats, n_independent: int
) -> Floats:
    r"""Return the indices of a model in populations: what samples without end would give.

    Parameters
    ----------
    problem : Problem
        The model.
    params : ndarray, shape (k, q)
        Its parameters in each population.
    Sigmas : ndarray, shape (k, p, p)
        The populations.
    mu : ndarray, shape (p,)
        Their means.
    n_independent : int
        Independently estimated parameters.

    Returns
    -------
    ndarray, shape (k, 4)
        SRMR; RMSEA :math:`\sqrt{F/df}`; CFI :math:`1 - F/F_B`; TLI
        :math:`1 - (F/df)/(F_B/df_B)`.
    """
    mean = np.tile(mu, (len(Sigmas), 1))
    stack = replace(problem, objective=stacked_objective(problem, [(Sigmas, mean)]))
    measures = stacked_fit(stack, params, n_independent)
    misfit = np.maximum(measures["chisq"], 0.0) / problem.weight
    misfit = np.where(misfit < _VISIBLE, 0.0, misfit)
    worst = measures["baseline_chisq"] / problem.weight
    df, df_baseline = measures["df"], measures["baseline_df"]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(worst > 0, misfit / worst, np.nan)
        columns = {
            "srmr": np.where(misfit > 0, measures["srmr"], 0.0),
            "rmsea": np.sqrt(misfit / df),
            "cfi": 1 - ratio,
            "tli": 1 - ratio * df_baseline / df,
        }
    return np.stack([columns[name] for name in CUTOFF_INDICES], axis=-1)


@dataclass(frozen=True, slots=True)
class CutoffRates:
    """A cut-off of one index for one level, with what it gets right and wrong.

    Parameters
    ----------
    kind : str
        ``"95/5"``, ``"90/10"``, or ``"none"`` where the distributions overlap too much.
    cutoff : float
        The value; NaN for none.
    true_positive_rate, false_positive_rate : float
        Shares of misspecified and of consistent samples that reach it; NaN for none.
    sensitivity : float
        Share of misspecified samples beyond what 95 % of the consistent ones stay within.
    """

    kind: str
    cutoff: float
    true_positive_rate: float
    false_positive_rate: float
    sensitivity: float


def cutoff_rates(consistent: Floats, misspecified: Floats, *, misfit: bool) -> CutoffRates:
    """Find the value that tells samples of two populations apart [mcneish2023]_.

    Parameters
    ----------
    consistent, misspecified : ndarray, shape (n,)
        An index where the model holds and where it does not; NaN are left out.
    misfit : bool
        Whether the index grows with misfit.

    Returns
    -------
    CutoffRates
        The cut-off is the value that 95 % (90 %) of the misspecified samples reach, if at most 5 %
        (10 %) of the consistent ones do.
    """
    sign = 1.0 if misfit else -1.0
    holds, fails = (sign * x[np.isfinite(x)] for x in (consistent, misspecified))
    nothing = float("nan")
    if not holds.size or not fails.size:
        return CutoffRates("none", nothing, nothing, nothing, nothing)
    sensitivity = float((fails > np.quantile(holds, 0.95)).mean())
    for positive, negative in PAIRS:
        cutoff = float(np.quantile(fails, 1 - positive))
        if np.quantile(holds, 1 - negative) < cutoff:
            return CutoffRates(
                kind=f"{positive * 100:.0f}/{negative * 100:.0f}",
                cutoff=sign * cutoff,
                true_positive_rate=float((fails >= cutoff).mean()),
                false_positive_rate=float((holds >= cutoff).mean()),
                sensitivity=sensitivity,
            )
    return CutoffRates("none", nothing, nothing, nothing, sensitivity)
