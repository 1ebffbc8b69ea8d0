"""What a user holds of a bootstrap: every resample's estimates, and all that follows from them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trustsem.arrays import Flags, Floats
from trustsem.errors import ResamplingError, SpecificationError, UnknownOptionError
from trustsem.estimation import Estimate
from trustsem.findings import Finding, Findings, at_least
from trustsem.fit import STACKED_MEASURES, fit_of_each
from trustsem.inference import (
    KINDS,
    bca_interval,
    chi_square,
    count_independent,
    jackknife_acceleration,
    percentile_interval,
    row_values,
    studentised_interval,
)
from trustsem.results.plain import plain
from trustsem.results.rows import row_keys, sections
from trustsem.simulation import (
    RESAMPLING_KINDS,
    ErrorsBy,
    LeaveOneOut,
    Reestimation,
    Refits,
    Report,
    Resampling,
    ResamplingKind,
    Solutions,
    StatisticOf,
    chi_squares,
    estimate_again,
    estimate_together,
    fit_values,
    jackknife,
    plan_resamples,
    solution_errors,
    solutions,
)
from trustsem.tables import Page, Shown

IntervalMethod = Literal["percentile", "bc", "bca", "studentised"]
METHODS: tuple[str, ...] = get_args(IntervalMethod)
WHAT = ("est", *KINDS)
"""Values of rows: unstandardised, and the ways to standardise them."""

_COLUMNS = ("parameter", "est", "se", "bias", "ci_lower", "ci_upper")
_MANY = 0.1
"""Share of failed or inadmissible resamples beyond which a reader must know."""
_ENOUGH = 2
"""Resamples that a spread needs."""
_LEVEL = 0.95
DEFAULT_ERRORS = ErrorsBy()
FIT_SHOWN = ("chisq", "cfi", "tli", "rmsea", "srmr")
"""Fit measures whose distribution over resamples is shown."""
_GOOD_IF_LARGE = ("cfi", "tli")
_ROUNDING = 1e-13
_AT_ONCE = 500


@dataclass(frozen=True, repr=False)
class Replicates:
    """A statistic of the sample, and of every resample that could be estimated.

    Parameters
    ----------
    estimate : ndarray, shape (...)
        From the sample.
    values : ndarray, shape (n, ...)
        From the resamples.
    influence : callable
        Returns the same from the samples that lack one case each, shape (N, ...), and the group of
        each of these cases.
    """

    estimate: Floats
    values: Floats
    influence: Callable[[], tuple[Floats, NDArray[np.intp]]]

    def __repr__(self) -> str:
        """Return how much there is."""
        return f"Replicates({len(self.values)} resamples of shape {self.estimate.shape})"

    @property
    def missing(self) -> Floats:
        """Share of resamples in which the statistic does not exist; they are left out."""
        return np.asarray(np.isnan(self.values).mean(axis=0))

    @property
    def se(self) -> Floats:
        """Bootstrap standard errors: standard deviations (divisor n - 1) [efron1979]_."""
        mean, n = self._mean()
        square = np.nansum((self.values - mean) ** 2, axis=0)
        spread = np.sqrt(square / np.where(n > 1, n - 1, np.nan))
        size = np.abs(np.where(np.isnan(self.values), 0.0, self.values)).max(axis=0)
        return np.where(spread <= _ROUNDING * size, 0.0, spread)

    @property
    def bias(self) -> Floats:
        """Mean of the resamples less the estimate."""
        return np.asarray(self._mean()[0] - self.estimate)

    def _mean(self) -> tuple[Floats, Floats]:
        n = np.isfinite(self.values).sum(axis=0).astype(float)
        return np.nansum(self.values, axis=0) / np.where(n > 0, n, np.nan), n

    def take(self, index: int) -> Replicates:
        """Return the part of the statistic with a position on its first axis."""

        def influence() -> tuple[Floats, NDArray[np.intp]]:
            values, strata = self.influence()
            return values[:, index], strata

        return Replicates(self.estimate[index], self.values[:, index], influence)

    def interval(self, method: str = "percentile", level: float = 0.95) -> tuple[Floats, Floats]:
        """Return confidence limits, each of the shape of the estimate.

        Parameters
        ----------
        method : {"percentile", "bc", "bca"}
            Percentiles; corrected for bias; corrected for bias and acceleration.
        level : float
            Confidence level.
        """
        flat = self.values.reshape(len(self.values), -1)
        estimate = self.estimate.reshape(-1)
        if method == "percentile":
            limits = percentile_interval(flat, level)
        else:
            limits = bca_interval(estimate, flat, level, self._acceleration(method))
        lower, upper = (limit.reshape(self.estimate.shape) for limit in limits)
        return lower, upper

    def _acceleration(self, method: str) -> Floats | float:
        if method == "bc":
            return 0.0
        if method != "bca":
            raise UnknownOptionError(method, METHODS[:-1], kind="method")
        values, strata = self.influence()
        return jackknife_acceleration(values.reshape(len(values), -1), strata)


@dataclass(frozen=True, repr=False)
class Bootstrap(Shown):
    """A model estimated again from many resamples.

    The samples are not stored: each is drawn anew from the seed and its number when something is
    computed from it. Resamples that did not converge are counted and take no part in anything else;
    those with an inadmissible solution are counted and take part.

    Parameters
    ----------
    estimate : Estimate
        The solution of the sample itself.
    kind : {"nonparametric", "bollen-stine", "parametric"}
        How resamples come about.
    draws : Resampling
        The resamples.
    refits : Refits
        What each of them gave.
    interrupted : bool
        Whether the user stopped before the last resample.
    by : ErrorsBy
        What the model's own standard errors rest on, for studentised intervals.
    stored : mapping of callable to ndarray
        Statistics that were computed together with the solutions.
    stored_fit : ndarray or None
        Fit measures that were: :data:`FIT_SHOWN`.
    """

    estimate: Estimate
    kind: ResamplingKind
    draws: Resampling
    refits: Refits
    interrupted: bool = False
    by: ErrorsBy = DEFAULT_ERRORS
    stored: Mapping[StatisticOf, Floats] = field(default_factory=dict, compare=False)
    stored_fit: Floats | None = field(default=None, compare=False)

    # -- whether to trust it ------------------------------------------------------------------

    @property
    def seed(self) -> int:
        """Seed that draws the same resamples again."""
        return self.draws.seed

    @property
    def n(self) -> int:
        """Number of resamples that were drawn and searched for a solution."""
        return len(self.refits.numbers)

    @property
    def converged(self) -> Flags:
        """Whether each resample has a solution, shape (n,)."""
        return self.refits.converged

    @property
    def admissible(self) -> Flags:
        """Whether each resample has a proper solution, shape (n,)."""
        return self.refits.admissible

    @property
    def n_failed(self) -> int:
        """Number of resamples without a solution."""
        return int((~self.converged).sum())

    @property
    def n_inadmissible(self) -> int:
        """Number of resamples whose solution is not proper (a negative variance, for instance)."""
        return int((self.converged & ~self.admissible).sum())

    @property
    def findings(self) -> Findings:
        """What a reader must know before the numbers, the most serious first."""
        found = []
        if self.interrupted:
            found.append(_interrupted(self.n, self.draws.n))
        if self.n_failed:
            found.append(_failed(self.n_failed, self.n, self._lack))
        if self.n_inadmissible:
            found.append(_inadmissible(self.n_inadmissible, self.n))
        return at_least(found, "note")

    # -- what the resamples gave --------------------------------------------------------------

    @cached_property
    def _kept(self) -> Refits:
        """The resamples that converged."""
        kept = self.refits.take(np.flatnonzero(self.converged))
        if len(kept.numbers) < _ENOUGH:
            raise ResamplingError(
                f"{len(kept.numbers)} of {self.n} resamples have a solution: too few for anything.",
                remedy=self._lack,
            )
        return kept

    @property
    def _lack(self) -> str:
        """What resamples without a solution tell."""
        if not self._table.ordered:
            return "The sample is small for this model, or the model barely identified."
        return (
            "A resample that lacks a rare answer altogether has other categories than the sample: "
            "join rare answers with their neighbours ([recode] in a study file), or use "
            "kind='parametric'."
        )

    @property
    def params(self) -> Floats:
        """Free parameters of the resamples that converged, shape (n_kept, q)."""
        return self._kept.params.copy()

    @property
    def chisq(self) -> Floats:
        """Chi-squares of the resamples that converged, shape (n_kept,)."""
        return self._chisq.copy()

    @cached_property
    def _chisq(self) -> Floats:
        return chi_squares(self.estimate.problem, self.draws, self._kept)

    @property
    def pvalue(self) -> float:
        """Share of resamples whose chi-square reaches that of the sample [bollen1992]_.

        NaN for the nonparametric bootstrap: its resamples come from a population for which the
        model does not hold.
        """
        if self.kind == "nonparametric":
            return float("nan")
        observed = chi_square(self.estimate)
        return float((self._chisq >= observed).mean())

    @property
    def fit(self) -> pd.DataFrame:
        """Fit measures of the sample beside those of the resamples.

        Returns
        -------
        DataFrame
            Index ``measure``: ``chisq cfi tli rmsea srmr``. Columns ``est`` (of the sample),
            ``mean sd lower upper`` (of the resamples; the limits hold the central 95 %), and
            ``pvalue``: the share of resamples that fit as badly as the sample, or worse.

        Notes
        -----
        Of the Bollen-Stine and the parametric bootstrap, in whose population the model holds, the
        resamples show how the measures vary under exact fit, and ``pvalue`` tests it
        [bollen1992]_, [kim2014]_. The nonparametric bootstrap draws from the sample, in which the
        model does not hold: its noncentrality is that of the population plus the sample's own, on
        average the degrees of freedom, so that resamples fit worse than samples do, by about df in
        chi-square. Its limits are those of the resamples, no confidence interval of the
        population's fit; ``pvalue`` is NaN [bollen1992]_, [zhang2016]_.
        """
        own = self.sample_fit
        rows = {}
        for name, replicates in zip(FIT_SHOWN, self._shown_fit.T, strict=True):
            lower, upper = percentile_interval(replicates[:, None], _LEVEL)
            rows[name] = {
                "est": own[name],
                "mean": _mean_of(replicates),
                "sd": _spread_of(replicates),
                "lower": float(lower[0]),
                "upper": float(upper[0]),
                "pvalue": self._share_as_bad(own[name], replicates, name),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure")

    def fit_values(self) -> pd.DataFrame:
        """Return the fit measures of the resamples that converged.

        Returns
        -------
        DataFrame
            A row per resample, indexed by its number; columns as in
            :attr:`trustsem.results.ModelResult.fit_measures`: ``chisq df pvalue cfi tli rmsea srmr
            gfi ...``, uncorrected.
        """
        columns = list(STACKED_MEASURES)
        index = pd.Index(self._kept.numbers, name="resample")
        return pd.DataFrame(self._fit_of(STACKED_MEASURES), columns=columns, index=index)

    @cached_property
    def _shown_fit(self) -> Floats:
        return self._fit_of(FIT_SHOWN) if self.stored_fit is None else self.stored_fit

    def _fit_of(self, measures: Sequence[str]) -> Floats:
        n_free = count_independent(self.estimate)
        return fit_values(self.estimate.problem, self.draws, self._kept, n_free, measures)

    @property
    def sample_fit(self) -> pd.Series:
        """The fit measures of the sample that :attr:`fit` shows, uncorrected."""
        values = fit_of_each([self.estimate], count_independent(self.estimate), FIT_SHOWN)
        found = {name: float(value[0]) for name, value in values.items()}
        return pd.Series(found, name="est").rename_axis("measure")

    def _share_as_bad(self, own: float, replicates: Floats, name: str) -> float:
        """Return the share of resamples that fit as badly as the sample, or worse."""
        if self.kind == "nonparametric":
            return float("nan")
        if name in _GOOD_IF_LARGE:
            own, replicates = -own, -replicates
        return _mean_of(np.where(np.isnan(replicates), np.nan, replicates >= own))

    def values(self, what: str = "est") -> Floats:
        """Return all rows of the parameter table for the resamples that converged.

        Parameters
        ----------
        what : {"est", "std_lv", "std_all", "std_nox"}
            Unstandardised or standardised.

        Returns
        -------
        ndarray, shape (n_kept, n_rows)
            Rows as in :attr:`parameters`: the model's own, then defined parameters.
        """
        return self._rows(what).values.copy()

    def statistic(self, function: Callable[[Solutions], Floats]) -> Replicates:
        """Compute any statistic from the stored resamples.

        Parameters
        ----------
        function : callable
            From a stack of b samples with their solutions (:class:`trustsem.simulation.Solutions`)
            to an array of shape (b, ...). It is called for parts of the resamples.

        Returns
        -------
        Replicates
            With ``estimate``, ``values``, ``se``, ``bias`` and ``interval(method, level)``.
        """
        own = Refits.of_sample(self.estimate.params)
        estimate = function(solutions(self.estimate.problem, _SampleItself(self.estimate), own))

        def influence() -> tuple[Floats, NDArray[np.intp]]:
            left, refits = self._jackknife
            values = _over_parts(function, self.estimate, left, refits)
            return values, left.strata[refits.numbers]

        values = self.stored.get(function)
        if values is None:
            values = _over_parts(function, self.estimate, self.draws, self._kept)
        return Replicates(np.asarray(estimate)[0], values, influence)

    @cached_property
    def _jackknife(self) -> tuple[LeaveOneOut, Refits]:
        """The samples that lack one case each, estimated exactly."""
        if self.kind != "nonparametric":
            raise ResamplingError(
                f"The acceleration of a {self.kind} bootstrap is not defined by leaving out cases.",
                remedy="Use method='percentile' or 'bc'.",
            )
        problem = self.estimate.problem
        left = jackknife(problem)
        refits, _ = estimate_again(problem, self.estimate.params, left)
        return left, refits.take(np.flatnonzero(refits.converged))

    @cached_property
    def _all_rows(self) -> Replicates:
        """All kinds of values of all rows, the kinds on the last axis but one."""

        def function(stack: Solutions) -> Floats:
            values = row_values(stack.problem, stack.params)
            return np.stack([getattr(values, what) for what in WHAT], axis=-2)

        return self.statistic(function)

    def _rows(self, what: str) -> Replicates:
        if what not in WHAT:
            raise UnknownOptionError(what, WHAT, kind="kind of values")
        return self._all_rows.take(WHAT.index(what))

    def errors(self) -> dict[str, Floats]:
        """Return bootstrap standard errors of all rows by kind of value; 0 for fixed rows."""
        return {what: self._rows(what).se for what in WHAT}

    def limits(
        self, method: str = "percentile", level: float = 0.95, what: str = "est"
    ) -> tuple[Floats, Floats]:
        """Return the limits of :meth:`interval`, each of shape (n_rows,)."""
        method = {"studentized": "studentised", "perc": "percentile"}.get(method, method)
        if method not in METHODS:
            raise UnknownOptionError(method, METHODS, kind="method")
        if not 0 < level < 1:
            raise SpecificationError(f"A confidence level lies between 0 and 1, got {level}.")
        if method == "studentised":
            return self._studentised(level, what)
        return self._rows(what).interval(method, level)

    # -- tables -------------------------------------------------------------------------------

    @property
    def parameters(self) -> pd.DataFrame:
        """Estimates with bootstrap errors, bias and percentile intervals; see :meth:`interval`."""
        return self.interval()

    def interval(
        self, method: str = "percentile", level: float = 0.95, what: str = "est"
    ) -> pd.DataFrame:
        """Tabulate bootstrap confidence intervals of all parameters.

        Parameters
        ----------
        method : {"percentile", "bc", "bca", "studentised"}
            Percentiles; corrected for bias; corrected for bias and acceleration (which estimates
            the model once more for every case left out); from ratios of estimate and standard
            error (free parameters, unstandardised), with
            standard errors of the model's own kind in every resample.
        level : float
            Confidence level.
        what : {"est", "std_lv", "std_all", "std_nox"}
            Unstandardised or standardised values.

        Returns
        -------
        DataFrame
            ``lhs op rhs group label free est se bias ci_lower ci_upper``.

        Raises
        ------
        ResamplingError
            If the method is not defined here.
        """
        rows = self._rows(what)
        lower, upper = self.limits(method, level, what)
        numbers = {
            "est": rows.estimate,
            "se": rows.se,
            "bias": rows.bias,
            "ci_lower": lower,
            "ci_upper": upper,
        }
        return pd.DataFrame(row_keys(self.estimate.problem.table) | numbers)

    def _studentised(self, level: float, what: str) -> tuple[Floats, Floats]:
        """Return studentised limits of the free parameters; NaN for other rows."""
        if what != "est":
            raise ResamplingError("Studentised intervals are those of unstandardised parameters.")
        problem = self.estimate.problem
        if len(problem.reduction.conditions):
            raise ResamplingError(
                "Studentised intervals are not defined under nonlinear constraints.",
                remedy="Use method='percentile', 'bc' or 'bca'.",
            )
        errors = solution_errors(problem, self.draws, self._kept, self.by)
        error = self.by.errors(self.estimate)
        limits = studentised_interval(self.estimate.params, error, self._kept.params, errors, level)
        free = np.array(row_keys(problem.table)["free"])
        padded = (np.append(limit, np.nan) for limit in limits)
        lower, upper = (limit[free - 1] for limit in padded)
        return lower, upper

    @property
    def covariance(self) -> Floats:
        """Covariance matrix of the free parameters over resamples, shape (q, q)."""
        return np.atleast_2d(np.cov(self._kept.params, rowvar=False))

    # -- presentation -------------------------------------------------------------------------

    def summary(self) -> str:
        """Return the result as text, all of its parameters."""
        return replace(self._page(), rows=sys.maxsize).to_text()

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        names = ("kind", "seed", "n", "n_failed", "n_inadmissible", "pvalue", "findings")
        return {name: plain(getattr(self, name)) for name in (*names, "fit", "parameters")}

    def _page(self) -> Page:
        """Return how it came about, findings and parameters."""
        lines = (*self._head(), *map(str, self.findings))
        enough = self.n - self.n_failed >= _ENOUGH
        tables = sections(self._table, self.parameters, _COLUMNS) if enough else ()
        return Page((lines, *tables))

    @property
    def _table(self) -> Any:
        return self.estimate.problem.table

    def _head(self) -> list[str]:
        counts = f"{self.n_failed} failed, {self.n_inadmissible} inadmissible"
        lines = [
            f"Bootstrap ({self.kind}): {self.n} resamples, {counts}",
            f"Seed {self.seed}; 95% percentile intervals",
        ]
        if self.kind != "nonparametric":
            lines.append(f"Share of chi-squares that reach the sample's: p = {self.pvalue:.3f}")
        return lines


@dataclass(frozen=True, slots=True)
class Wish:
    """A model to bootstrap, and what is computed from its resamples while they are at hand.

    Parameters
    ----------
    estimate : Estimate
        A solution that converged.
    statistics : tuple of callable
        As :meth:`Bootstrap.statistic` takes them; it finds their values there.
    fit : bool
        Whether fit measures are computed, too.
    by : ErrorsBy
        What the model's own standard errors rest on.
    """

    estimate: Estimate
    statistics: tuple[StatisticOf, ...] = ()
    fit: bool = False
    by: ErrorsBy = DEFAULT_ERRORS


def run_bootstrap(
    estimate: Estimate,
    kind: str,
    n: int,
    seed: int | None,
    *,
    by: ErrorsBy = DEFAULT_ERRORS,
    workers: int = 1,
    report: Report | None = None,
) -> Bootstrap:
    """Estimate a model again from resamples.

    Parameters
    ----------
    estimate : Estimate
        A solution that converged.
    kind : str
        One of :data:`trustsem.simulation.RESAMPLING_KINDS`.
    n : int
        Number of resamples.
    seed : int or None
        Seed; None chooses one, which the result tells.
    by : ErrorsBy
        What the model's own standard errors rest on.
    workers : int
        Processes.
    report : callable, optional
        Called with the number of finished and of all parts.

    Raises
    ------
    ResamplingError
        If there is no solution to start from, or no cases to draw.
    """
    (found,) = run_bootstraps(
        [Wish(estimate, by=by)], kind, n, seed, workers=workers, report=report
    )
    return found


def run_bootstraps(
    wishes: Sequence[Wish],
    kind: str,
    n: int,
    seed: int | None,
    *,
    workers: int = 1,
    report: Report | None = None,
) -> tuple[Bootstrap, ...]:
    """Estimate several models again from the same resamples, in one pass.

    Parameters
    ----------
    wishes : sequence of Wish
        The models. Those of the same cases are estimated from the same resamples.
    kind, n, seed, workers, report
        As of :func:`run_bootstrap`.

    Raises
    ------
    ResamplingError
        If a model has no solution to start from, or no cases to draw.
    """
    chosen = _require_kind(kind)
    if not (_whole(n) and n >= _ENOUGH):
        raise SpecificationError(f"A bootstrap needs at least 2 resamples, got {n!r}.")
    if seed is not None and not (_whole(seed) and seed >= 0):
        raise SpecificationError(f"A seed is a whole number that is not negative, got {seed!r}.")
    if not all(wish.estimate.converged for wish in wishes):
        raise ResamplingError(
            "The model did not converge: there are no estimates whose uncertainty could be found.",
            remedy="See its findings.",
        )
    entropy = int(str(np.random.SeedSequence(seed).entropy))
    models: list[Reestimation] = []
    for wish in wishes:
        problem, params = wish.estimate.problem, wish.estimate.params
        draws = plan_resamples(problem, params, chosen, n, entropy)
        same = (model.draws for model in models if model.draws.draws_as(draws))
        draws = next(same, draws)
        n_free = count_independent(wish.estimate)
        measures = FIT_SHOWN if wish.fit else ()
        models.append(Reestimation(problem, params, draws, wish.statistics, measures, n_free))
    found, interrupted = estimate_together(models, workers=workers, report=report)
    return tuple(
        Bootstrap(
            wish.estimate,
            chosen,
            model.draws,
            one.refits,
            interrupted,
            wish.by,
            dict(zip(wish.statistics, one.values, strict=False)),  # no values without solutions
            one.fit if wish.fit else None,
        )
        for wish, model, one in zip(wishes, models, found, strict=True)
    )


def _require_kind(kind: str) -> ResamplingKind:
    """Return the kind of bootstrap that is meant."""
    spelled = str(kind).lower().replace("_", "-").replace(".", "-")
    chosen = next((word for word in RESAMPLING_KINDS if word == spelled), None)
    if chosen is None:
        raise UnknownOptionError(kind, RESAMPLING_KINDS, kind="kind of bootstrap")
    return chosen


def _spread_of(values: Floats) -> float:
    """Return the standard deviation of the values that exist; NaN for fewer than two."""
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if len(known) >= _ENOUGH else float("nan")


def _mean_of(values: Floats) -> float:
    """Return the mean of the values that exist; NaN without any."""
    exists = np.isfinite(values)
    return float(values[exists].mean()) if exists.any() else float("nan")


def _whole(value: object) -> bool:
    """Return whether a value counts something."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class _SampleItself:
    """The sample as a stack of one."""

    estimate: Estimate
    n: int = 1

    def moments(self, numbers: Any) -> tuple[tuple[Floats, Floats], ...]:
        del numbers
        found = []
        for sample in self.estimate.problem.samples:
            mean = np.zeros(len(sample.names)) if sample.mean is None else sample.mean
            found.append((sample.cov[None], mean[None]))
        return tuple(found)


def _over_parts(
    function: Callable[[Solutions], Floats], estimate: Estimate, draws: Any, refits: Refits
) -> Floats:
    """Apply a function to the resamples part by part."""
    problem, n = estimate.problem, len(refits.numbers)
    parts = [
        function(solutions(problem, draws, refits.take(np.arange(first, min(first + _AT_ONCE, n)))))
        for first in range(0, n, _AT_ONCE)
    ]
    return np.concatenate(parts)


def _interrupted(finished: int, asked: int) -> Finding:
    return Finding(
        code="interrupted",
        subject="bootstrap",
        claim=f"Stopped by the user after {finished} of {asked} resamples; these are used.",
        severity="warning",
        value=float(finished),
        threshold=float(asked),
    )


def _failed(failed: int, n: int, remedy: str) -> Finding:
    share = failed / n
    return Finding(
        code="resamples_failed",
        subject="bootstrap",
        claim=f"{failed} of {n} resamples ({share:.1%}) have no solution and are left out: "
        "errors and intervals describe the others.",
        severity="warning",
        holds=share <= _MANY,
        value=share,
        threshold=_MANY,
        remedy=remedy,
    )


def _inadmissible(inadmissible: int, n: int) -> Finding:
    share = inadmissible / n
    return Finding(
        code="resamples_inadmissible",
        subject="bootstrap",
        claim=f"{inadmissible} of {n} resamples ({share:.1%}) have an inadmissible solution (such "
        "as a negative variance); they are used, as leaving them out would bias the intervals.",
        severity="warning" if share > _MANY else "note",
        value=share,
        threshold=_MANY,
    )
