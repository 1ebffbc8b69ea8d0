"""Fit indices: formulas of numbers, each with its source, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from scipy import special

from trustsem.arrays import Floats, invert_positive, outer
from trustsem.errors import UndefinedIndexError
from trustsem.estimation import Estimate, Problem
from trustsem.estimation.responses import ResponseBlock
from trustsem.fit.baseline import baseline_fit
from trustsem.fit.residuals import root_mean_squares
from trustsem.implied import Implied
from trustsem.inference import (
    chi_square,
    chi_square_above,
    chi_square_below,
    chi_squares_above,
    noncentral_above,
    noncentral_below,
)
from trustsem.moments import available_moments

T = TypeVar("T")

Number: TypeAlias = float | Floats
"""One number, or one for each member of a stack, shape (b,)."""

CLOSE_FIT = 0.05
"""RMSEA of the close-fit hypothesis [browne1992]_."""
NOT_CLOSE_FIT = 0.08
"""RMSEA of the not-close-fit hypothesis [maccallum1996]_."""
RMSEA_LEVEL = 0.90
"""Confidence level of the RMSEA interval [browne1992]_."""


@dataclass(frozen=True, slots=True)
class FitInputs:
    """The numbers that all fit indices are functions of, of one solution or of a stack of b.

    Of a stack, chi-squares, minimum, likelihoods, GFI and root mean squares are arrays of shape
    (b,), and formulas return arrays; an index that does not exist for a member is NaN there.

    Parameters
    ----------
    chisq, df : float
        Of the model.
    chisq_baseline, df_baseline : float
        Of the independence model.
    n_obs : int
        Observations over all groups, N.
    n_rmsea : int
        N, or N minus the number of groups for divisor N-1.
    n_groups : int
        Number of groups.
    n_free : int
        Independently estimated parameters, q.
    n_moments : int
        Sample moments of all variables, p(p+1)/2 (+ p) per group.
    fmin : float
        Half the minimum of the discrepancy.
    logl, logl_unrestricted : float
        Log-likelihood of the model and of the saturated model; NaN where there is none.
    gfi : float
        Goodness-of-fit index (computed from matrices).
    rms : mapping of str to float
        The root mean square residuals by name.
    is_ordered : bool
        Whether some variables are ordered.
    is_distributed : bool
        Whether chi-square is distributed as its name says.
    """

    chisq: Number
    df: float
    chisq_baseline: Number
    df_baseline: float
    n_obs: int
    n_rmsea: int
    n_groups: int
    n_free: int
    n_moments: int
    fmin: Number
    logl: Number
    logl_unrestricted: Number
    gfi: Number
    rms: Mapping[str, Number]
    is_ordered: bool = False
    is_distributed: bool = True

    @property
    def excess(self) -> Number:
        """Chi-square beyond its expectation."""
        return self.chisq - self.df

    @property
    def excess_baseline(self) -> Number:
        """The same of the independence model."""
        return self.chisq_baseline - self.df_baseline


def comparative_fit_index(x: FitInputs) -> Number:
    """Compute the share of the baseline's misfit that the model removes, within [0, 1]."""
    misfit = np.maximum(x.excess, 0.0)
    worst = np.maximum(misfit, x.excess_baseline)
    return 1.0 - misfit / np.where(worst == 0, 1.0, worst)


def tucker_lewis_index(x: FitInputs) -> Number:
    """Compute the non-normed fit index; it may leave [0, 1]."""
    if x.df == 0:
        return 1.0
    _require_baseline(x)
    baseline = x.chisq_baseline / x.df_baseline
    return _ratio(baseline - x.chisq / x.df, baseline - 1)


def normed_fit_index(x: FitInputs) -> Number:
    """Compute the proportion by which chi-square falls from the baseline."""
    return _ratio(x.chisq_baseline - x.chisq, x.chisq_baseline)


def relative_fit_index(x: FitInputs) -> Number:
    """Compute Bollen's rho-1: the fall in chi-square per degree of freedom."""
    if x.df == 0:
        return 1.0
    _require_baseline(x)
    baseline = x.chisq_baseline / x.df_baseline
    return _ratio(baseline - x.chisq / x.df, baseline)


def parsimonious_normed_fit_index(x: FitInputs) -> Number:
    """Compute the normed fit index times df over the baseline's df."""
    _require_baseline(x)
    return x.df / x.df_baseline * normed_fit_index(x)


def incremental_fit_index(x: FitInputs) -> Number:
    """Compute Bollen's delta-2."""
    return _ratio(x.chisq_baseline - x.chisq, x.chisq_baseline - x.df)


def relative_noncentrality_index(x: FitInputs) -> Number:
    """Compute the CFI without its bounds."""
    return _ratio(x.excess_baseline - x.excess, x.excess_baseline)


def rmsea(x: FitInputs) -> Number:
    """Compute the root mean square error of approximation, times the root of the groups."""
    if x.df == 0:
        return 0.0
    return _to_rmsea(np.maximum(x.excess, 0.0), x)


def rmsea_lower(x: FitInputs) -> float:
    """Compute the lower limit of the 90 % interval of the RMSEA."""
    return _rmsea_limit(x, 0.5 + RMSEA_LEVEL / 2)


def rmsea_upper(x: FitInputs) -> float:
    """Compute the upper limit of the 90 % interval of the RMSEA."""
    return _rmsea_limit(x, 0.5 - RMSEA_LEVEL / 2)


def close_fit_pvalue(x: FitInputs) -> float:
    """Compute the p-value of the hypothesis that the RMSEA is .05 or less."""
    return noncentral_above(float(x.chisq), x.df, _noncentrality(CLOSE_FIT, x))


def not_close_fit_pvalue(x: FitInputs) -> float:
    """Compute the p-value of the hypothesis that the RMSEA is .08 or more."""
    return noncentral_below(float(x.chisq), x.df, _noncentrality(NOT_CLOSE_FIT, x))


def adjusted_goodness_of_fit(x: FitInputs) -> Number:
    """Compute the GFI adjusted for degrees of freedom."""
    if x.df == 0:
        return 1.0
    return 1 - x.n_moments / x.df * (1 - x.gfi)


def parsimonious_goodness_of_fit(x: FitInputs) -> Number:
    """Compute the GFI times df over the number of moments."""
    return x.df / x.n_moments * x.gfi


def hoelter_critical_n(x: FitInputs, alpha: float) -> float:
    """Compute the sample size at which chi-square would reach significance."""
    if x.df == 0 or x.chisq <= 0:
        raise UndefinedIndexError("a model that fits perfectly has no critical N")
    return float(special.chdtri(x.df, alpha)) * x.n_rmsea / float(x.chisq) + 1


def noncentrality_index(x: FitInputs) -> Number:
    """Compute McDonald's index."""
    return np.exp(-x.excess / x.n_rmsea / 2)


def expected_cross_validation(x: FitInputs) -> Number:
    """Compute the expected cross-validation index."""
    return (x.chisq + 2 * x.n_free) / x.n_rmsea


def weighted_residual(x: FitInputs) -> float:
    """Compute the weighted root mean square residual of a model with ordered items."""
    return float(np.sqrt(x.chisq * x.n_groups / x.n_moments))


def chisq_pvalue(x: FitInputs) -> Number:
    """Compute the p-value of exact fit."""
    if x.df == 0:
        raise UndefinedIndexError("a saturated model cannot be tested")
    _require_distribution(x)
    return chi_squares_above(np.asarray(x.chisq, dtype=float), x.df)


def baseline_pvalue(x: FitInputs) -> float:
    """Compute the p-value of exact fit of the independence model."""
    _require_distribution(x)
    return chi_square_above(float(x.chisq_baseline), x.df_baseline) if x.df_baseline else 1.0


def _require_distribution(x: FitInputs) -> None:
    if not x.is_distributed:
        raise UndefinedIndexError(
            "this minimum is not distributed as chi-square; a corrected test is (WLSMV, ULSMV)"
        )


def log_likelihood(x: FitInputs) -> Number:
    """Return the log-likelihood of the model."""
    return _likelihood(x.logl)


def unrestricted_log_likelihood(x: FitInputs) -> Number:
    """Return the log-likelihood of the saturated model."""
    return _likelihood(x.logl_unrestricted)


def akaike(x: FitInputs) -> Number:
    """Compute the AIC from the log-likelihood."""
    return -2 * log_likelihood(x) + 2 * x.n_free


def bayesian(x: FitInputs) -> Number:
    """Compute the BIC."""
    return -2 * log_likelihood(x) + x.n_free * float(np.log(x.n_obs))


def adjusted_bayesian(x: FitInputs) -> Number:
    """Compute the sample-size adjusted BIC."""
    return -2 * log_likelihood(x) + x.n_free * float(np.log((x.n_obs + 2) / 24))


def _likelihood(value: Number) -> Number:
    """Return a log-likelihood, or say that the estimator has none."""
    if np.isnan(value).all():
        raise UndefinedIndexError("least squares maximise no likelihood")
    return value


def _require_baseline(x: FitInputs) -> None:
    if x.df_baseline == 0:
        raise UndefinedIndexError("the baseline model has no degrees of freedom")


def _ratio(numerator: Number, denominator: Number) -> Number:
    """Divide, or say that the index does not exist; of a stack, NaN where it does not."""
    nothing = np.equal(denominator, 0)
    if nothing.all():
        raise UndefinedIndexError("the baseline model fits as well as the model")
    return numerator / np.where(nothing, np.nan, denominator)


def _to_rmsea(noncentrality: Number, x: FitInputs) -> Number:
    return np.sqrt(x.n_groups * noncentrality / (x.df * x.n_rmsea))


def _noncentrality(epsilon: float, x: FitInputs) -> float:
    if x.df == 0:
        raise UndefinedIndexError("a saturated model cannot be tested")
    return epsilon**2 * x.df * x.n_rmsea / x.n_groups


def _rmsea_limit(x: FitInputs, probability: float) -> float:
    """Return the RMSEA under which chi-square would have this cumulative probability."""
    chisq = float(x.chisq)
    if x.df == 0 or chi_square_below(chisq, x.df) < probability:
        return 0.0
    return float(_to_rmsea(float(special.chndtrinc(chisq, x.df, probability)), x))


@dataclass(frozen=True, slots=True)
class FitIndex(Generic[T]):
    """One row of the fit table.

    Parameters
    ----------
    name : str
        Stable name.
    formula : callable
        Function of :class:`FitInputs` (or of other numbers that an index needs).
    source : str
        Reference of the formula; empty for plain bookkeeping.
    """

    name: str
    formula: Callable[[T], Number]
    source: str = ""


def _rms(name: str) -> Callable[[FitInputs], Number]:
    def value(x: FitInputs) -> Number:
        if np.isnan(x.rms[name]).all():
            raise UndefinedIndexError("Mplus's residuals are not defined for ordered items")
        return x.rms[name]

    return value


FIT_INDICES: tuple[FitIndex[FitInputs], ...] = (
    FitIndex("npar", lambda x: float(x.n_free)),
    FitIndex("fmin", lambda x: x.fmin),
    FitIndex("chisq", lambda x: x.chisq, "joreskog1969"),
    FitIndex("df", lambda x: float(x.df)),
    FitIndex("pvalue", chisq_pvalue, "joreskog1969"),
    FitIndex("baseline_chisq", lambda x: x.chisq_baseline, "bentler1980"),
    FitIndex("baseline_df", lambda x: float(x.df_baseline), "bentler1980"),
    FitIndex("baseline_pvalue", baseline_pvalue, "bentler1980"),
    FitIndex("cfi", comparative_fit_index, "bentler1990"),
    FitIndex("tli", tucker_lewis_index, "tucker1973"),
    FitIndex("nnfi", tucker_lewis_index, "bentler1980"),
    FitIndex("rfi", relative_fit_index, "bollen1989"),
    FitIndex("nfi", normed_fit_index, "bentler1980"),
    FitIndex("pnfi", parsimonious_normed_fit_index, "mulaik1989"),
    FitIndex("ifi", incremental_fit_index, "bollen1989ifi"),
    FitIndex("rni", relative_noncentrality_index, "bentler1990"),
    FitIndex("logl", log_likelihood, "joreskog1969"),
    FitIndex("unrestricted_logl", unrestricted_log_likelihood, "joreskog1969"),
    FitIndex("aic", akaike, "akaike1974"),
    FitIndex("bic", bayesian, "schwarz1978"),
    FitIndex("ntotal", lambda x: float(x.n_obs)),
    FitIndex("bic2", adjusted_bayesian, "sclove1987"),
    FitIndex("rmsea", rmsea, "steiger1980"),
    FitIndex("rmsea_ci_lower", rmsea_lower, "browne1992"),
    FitIndex("rmsea_ci_upper", rmsea_upper, "browne1992"),
    FitIndex("rmsea_ci_level", lambda _: RMSEA_LEVEL, "browne1992"),
    FitIndex("rmsea_pvalue", close_fit_pvalue, "browne1992"),
    FitIndex("rmsea_close_h0", lambda _: CLOSE_FIT, "browne1992"),
    FitIndex("rmsea_notclose_pvalue", not_close_fit_pvalue, "maccallum1996"),
    FitIndex("rmsea_notclose_h0", lambda _: NOT_CLOSE_FIT, "maccallum1996"),
    FitIndex("rmr", _rms("rmr"), "joreskog1986"),
    FitIndex("rmr_nomean", _rms("rmr_nomean"), "joreskog1986"),
    FitIndex("srmr", _rms("srmr"), "bentler1995"),
    FitIndex("srmr_bentler", _rms("srmr_bentler"), "bentler1995"),
    FitIndex("srmr_bentler_nomean", _rms("srmr_nomean"), "bentler1995"),
    FitIndex("crmr", _rms("crmr"), "bollen1989"),
    FitIndex("crmr_nomean", _rms("crmr_nomean"), "bollen1989"),
    FitIndex("srmr_mplus", _rms("srmr_mplus"), "bollen1989"),
    FitIndex("srmr_mplus_nomean", _rms("srmr_mplus_nomean"), "bollen1989"),
    FitIndex("cn_05", lambda x: hoelter_critical_n(x, 0.05), "hoelter1983"),
    FitIndex("cn_01", lambda x: hoelter_critical_n(x, 0.01), "hoelter1983"),
    FitIndex("gfi", lambda x: x.gfi, "joreskog1986"),
    FitIndex("agfi", adjusted_goodness_of_fit, "joreskog1986"),
    FitIndex("pgfi", parsimonious_goodness_of_fit, "mulaik1989"),
    FitIndex("mfi", noncentrality_index, "mcdonald1989"),
    FitIndex("ecvi", expected_cross_validation, "browne1992"),
)
"""All indices, in the order in which they are shown."""

ORDERED_INDICES: tuple[FitIndex[FitInputs], ...] = (FitIndex("wrmr", weighted_residual, "yu2002"),)
"""Further indices of models with ordered items."""


def fit_measures(x: FitInputs) -> tuple[dict[str, float], dict[str, str]]:
    """Evaluate every index.

    Parameters
    ----------
    x : FitInputs
        The numbers.

    Returns
    -------
    values : dict of str to float
        One per index; NaN where the index does not exist.
    reasons : dict of str to str
        Why an index does not exist, for those that are NaN.
    """
    return evaluated((*FIT_INDICES, *(ORDERED_INDICES if x.is_ordered else ())), x)


def evaluated(indices: Iterable[FitIndex[T]], x: T) -> tuple[dict[str, float], dict[str, str]]:
    """Return the value of each index, and why some do not exist."""
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for index in indices:
        try:
            values[index.name] = float(index.formula(x))
        except UndefinedIndexError as reason:
            values[index.name] = float("nan")
            reasons[index.name] = str(reason)
    return values, reasons


def fit_inputs(estimate: Estimate, n_independent: int) -> FitInputs:
    """Collect what the indices need from a solution.

    Parameters
    ----------
    estimate : Estimate
        The solution.
    n_independent : int
        Number of independently estimated parameters.
    """
    problem = estimate.problem
    baseline = baseline_fit(problem)
    logl, unrestricted = log_likelihoods(estimate)
    n_groups = len(problem.samples)
    return FitInputs(
        chisq=chi_square(estimate),
        df=problem.n_moments - n_independent,
        chisq_baseline=float(baseline.chisq),
        df_baseline=baseline.df,
        n_obs=problem.n_obs,
        n_rmsea=problem.weight,
        n_groups=n_groups,
        n_free=n_independent,
        n_moments=sum(structure.n_moments for structure in problem.structures),
        fmin=_half_minimum(estimate),
        logl=logl,
        logl_unrestricted=unrestricted,
        gfi=float(goodness_of_fit(problem, estimate.params)),
        rms={name: float(value) for name, value in root_mean_squares(estimate).items()},
        is_ordered=bool(problem.table.ordered),
        is_distributed=not problem.estimator.corrected,
    )


def _half_minimum(estimate: Estimate) -> float:
    """Return F/2; of least squares times (N-1)/N, so that 2 N times it is (N-1) F."""
    problem = estimate.problem
    share = 1.0 if problem.estimator.likelihood else problem.weight / problem.n_obs
    return max(estimate.value, 0.0) / 2 * share


def log_likelihoods(estimate: Estimate) -> tuple[float, float]:
    r"""Compute the log-likelihood of the model and of the saturated model; NaN if there is none.

    Notes
    -----
    .. math:: -\frac{n}{2}
              \{p \ln 2\pi + \ln|\Sigma| + \mathrm{tr}(S \Sigma^{-1}) + d'\Sigma^{-1}d\}

    with n = N for either likelihood [joreskog1969]_. Covariates whose moments are fixed at
    sample values are conditioned on: their own log-likelihood is subtracted.
    """
    problem = estimate.problem
    if not problem.estimator.likelihood:
        return float("nan"), float("nan")
    saturated = 0.0
    for sample in problem.samples:
        fixed = [sample.names.index(name) for name in problem.table.exogenous]
        if sample.patterns is not None and sample.mean is not None:
            saturated += sample.patterns.log_likelihood(sample.cov, sample.mean)
        else:
            saturated += _saturated(sample.cov, sample.n_obs)
        saturated -= _saturated(sample.cov[np.ix_(fixed, fixed)], sample.n_obs)
    return saturated - max(estimate.value, 0.0) * problem.n_obs / 2, saturated


def _saturated(S: Floats, n: int) -> float:
    """Return the log-likelihood of normal data under their own moments."""
    if not S.size:
        return 0.0
    p = len(S)
    return -n / 2 * (p * float(np.log(2 * np.pi)) + float(invert_positive(S).log_det) + p)


def goodness_of_fit(problem: Problem, params: Floats) -> Number:
    r"""Compute the goodness-of-fit index [joreskog1986]_, [tanaka1985]_.

    Parameters
    ----------
    problem : Problem
        The model on its sample, or on a stack of complete samples.
    params : ndarray, shape (q,) or (b, q)
        The estimates.

    Notes
    -----
    .. math:: 1 - \frac{(s - \sigma)'W(s - \sigma)}{s'Ws}

    with W the weights that the estimator gives the moments at the solution; for maximum likelihood

    .. math:: 1 - \frac{\mathrm{tr}\{(\Sigma^{-1}S - I)^2\}}{\mathrm{tr}\{(\Sigma^{-1}S)^2\}}.

    With a mean structure the weighted squares of the means join numerator and denominator.
    Moments among fixed covariates take no part. Several groups are averaged by their size. Of
    incomplete data s are the descriptive moments of available cases, as in lavaan.
    """
    index: Number = 0.0
    for sample, block, implied in zip(
        problem.samples, problem.objective.blocks, problem.implied(params), strict=True
    ):
        if isinstance(block, ResponseBlock):
            index += sample.n_obs / problem.n_obs * _explained_by_responses(block, implied)
            continue
        curvature = block.discrepancy(implied).expected
        given = np.isin(sample.names, problem.table.exogenous)
        counted = ~outer(given, given)
        S, observed = (block.S, block.mean)
        if sample.patterns is not None:
            S, observed = available_moments(sample)
        mean = None if observed is None else observed * ~given
        gap = None if observed is None else (observed - implied.mu) * ~given
        misfit = curvature.square((S - implied.Sigma) * counted, gap)
        total = curvature.square(S * counted, mean)
        index = index + sample.n_obs / problem.n_obs * (1 - misfit / total)
    return index


def _explained_by_responses(block: ResponseBlock, implied: Implied) -> float:
    """Return one group's goodness-of-fit index of the moments with ordered items."""
    s, weights = block.criterion.moments, block.criterion.weights
    e = s - block.responses.fitted(implied)
    misfit, total = (float(v @ weights.times(v[:, None])[:, 0]) for v in (e, s))
    return 1 - misfit / total
