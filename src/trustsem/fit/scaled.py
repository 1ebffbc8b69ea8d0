"""Fit indices that hold without normality: from corrected tests, or robust in themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from trustsem.errors import UndefinedIndexError
from trustsem.estimation import Estimate
from trustsem.fit.categorical import LatentMisfit, latent_misfit
from trustsem.fit.indices import (
    CLOSE_FIT,
    NOT_CLOSE_FIT,
    FitIndex,
    FitInputs,
    Number,
    close_fit_pvalue,
    comparative_fit_index,
    evaluated,
    incremental_fit_index,
    normed_fit_index,
    not_close_fit_pvalue,
    parsimonious_normed_fit_index,
    relative_fit_index,
    relative_noncentrality_index,
    rmsea,
    rmsea_lower,
    rmsea_upper,
    tucker_lewis_index,
)
from trustsem.inference import ScaledTest, noncentral_above, noncentral_below


@dataclass(frozen=True, slots=True)
class ScaledInputs:
    """The numbers that scaled and robust indices are functions of.

    Parameters
    ----------
    plain : FitInputs
        The uncorrected numbers.
    model, baseline : ScaledTest
        Corrected tests of the model and of the independence model.
    latent : LatentMisfit or None
        What robust indices of ordered items rest on.
    no_latent : str
        Why that does not exist for these ordered items.
    """

    plain: FitInputs
    model: ScaledTest
    baseline: ScaledTest
    latent: LatentMisfit | None = None
    no_latent: str = ""

    @classmethod
    def of(
        cls, estimate: Estimate, plain: FitInputs, model: ScaledTest, baseline: ScaledTest
    ) -> ScaledInputs:
        """Collect the numbers of a solution."""
        if not plain.is_ordered:
            return cls(plain, model, baseline)
        try:
            return cls(plain, model, baseline, latent_misfit(estimate, int(plain.df)))
        except UndefinedIndexError as reason:
            return cls(plain, model, baseline, no_latent=str(reason))

    def on_latent_scale(self) -> ScaledInputs:
        """Return the inputs of robust indices: for ordered items those of latent misfit.

        Raises
        ------
        UndefinedIndexError
            If that is not defined.
        """
        if self.no_latent:
            raise UndefinedIndexError(self.no_latent)
        if self.latent is None:
            return self
        x, found = self.plain, self.latent
        plain = replace(
            x, chisq=found.chisq, chisq_baseline=found.chisq_baseline, n_rmsea=found.n_obs
        )
        c, c_baseline = found.factor, found.factor_baseline
        return ScaledInputs(
            plain,
            ScaledTest("latent", found.chisq / c, x.df, c, c),
            ScaledTest("latent", found.chisq_baseline / c_baseline, x.df_baseline, c, c_baseline),
        )

    @property
    def is_shifted(self) -> bool:
        """Whether the correction adds a shift."""
        return self.model.name == "scaled.shifted"

    def with_tests(self) -> FitInputs:
        """Return the inputs with the corrected statistics in place of the plain ones."""
        return replace(
            self.plain,
            chisq=self.model.chisq,
            df=self.model.df,
            chisq_baseline=self.baseline.chisq,
            df_baseline=self.baseline.df,
        )

    def with_moments(self) -> FitInputs:
        """Return inputs for the scaled RMSEA: statistic and df that agree in the mean.

        The plain statistic has the mean factor x df = tr(U Gamma) under the model, so it is
        referred to so many degrees of freedom; a shifted one keeps its df.
        """
        if self.is_shifted or self.plain.df == 0:
            return self.with_tests()
        return replace(self.plain, df=self.model.factor * self.model.df)

    def with_excess(self) -> FitInputs:
        """Return inputs whose excess of chi-square over df is T - c df, for robust indices."""
        at = self.on_latent_scale()
        at.require_mean_correction()
        x = at.plain
        return replace(
            x,
            chisq=x.chisq - (at.model.mean_factor - 1) * x.df,
            chisq_baseline=x.chisq_baseline - (at.baseline.mean_factor - 1) * x.df_baseline,
        )

    def require_mean_correction(self) -> None:
        """Raise where robust indices are not defined.

        Raises
        ------
        UndefinedIndexError
            If df are adjusted.
        """
        if self.model.name == "mean.var.adjusted":
            raise UndefinedIndexError("robust indices are not defined for adjusted df")

    def require_positive_factor(self) -> None:
        """Raise where no chi-square distribution belongs to the statistic.

        Raises
        ------
        UndefinedIndexError
            If its estimated mean is negative, which outer products of few cases can give.
        """
        if self.model.factor <= 0:
            raise UndefinedIndexError("the mean of the statistic is estimated to be negative")


def _scaled(formula: Callable[[FitInputs], Number]) -> Callable[[ScaledInputs], Number]:
    return lambda x: formula(x.with_tests())


def _scaled_rmsea(formula: Callable[[FitInputs], Number]) -> Callable[[ScaledInputs], Number]:
    return lambda x: formula(x.with_moments())


def _robust(formula: Callable[[FitInputs], Number]) -> Callable[[ScaledInputs], Number]:
    return lambda x: formula(x.with_excess())


def _robust_limit(formula: Callable[[FitInputs], float]) -> Callable[[ScaledInputs], float]:
    """Return a limit of the robust RMSEA: that of the corrected statistic, scaled back."""

    def limit(x: ScaledInputs) -> float:
        x = x.on_latent_scale()
        x.require_mean_correction()
        if x.plain.df == 0:
            return 0.0
        x.require_positive_factor()
        return float(np.sqrt(x.model.factor)) * formula(x.with_tests())

    return limit


def robust_close_fit_pvalue(x: ScaledInputs) -> float:
    """Compute the p-value of a robust RMSEA of .05 or less."""
    x = x.on_latent_scale()
    return noncentral_above(x.model.chisq, x.model.df, _noncentrality(CLOSE_FIT, x))


def robust_not_close_fit_pvalue(x: ScaledInputs) -> float:
    """Compute the p-value of a robust RMSEA of .08 or more."""
    x = x.on_latent_scale()
    return noncentral_below(x.model.chisq, x.model.df, _noncentrality(NOT_CLOSE_FIT, x))


def _noncentrality(epsilon: float, x: ScaledInputs) -> float:
    x.require_mean_correction()
    if x.plain.df == 0:
        raise UndefinedIndexError("a saturated model cannot be tested")
    x.require_positive_factor()
    plain = epsilon**2 * x.plain.df * x.plain.n_rmsea / x.plain.n_groups
    return plain / x.model.factor


def _likelihood_factor(name: str) -> Callable[[ScaledInputs], float]:
    """Return the scaling factor of a log-likelihood."""

    def factor(x: ScaledInputs) -> float:
        value = float(getattr(x.model, name))
        if np.isnan(value):
            raise UndefinedIndexError("this test does not rest on scaled log-likelihoods")
        return value

    return factor


SCALED_INDICES: tuple[FitIndex[ScaledInputs], ...] = (
    FitIndex("chisq_scaled", lambda x: x.model.chisq, "satorra1994"),
    FitIndex("df_scaled", lambda x: x.model.df, "satorra1994"),
    FitIndex("pvalue_scaled", lambda x: x.model.pvalue, "satorra1994"),
    FitIndex("chisq_scaling_factor", lambda x: x.model.factor, "satorra1994"),
    FitIndex("chisq_shift_parameter", lambda x: x.model.shift, "asparouhov2010"),
    FitIndex("baseline_chisq_scaled", lambda x: x.baseline.chisq, "satorra1994"),
    FitIndex("baseline_df_scaled", lambda x: x.baseline.df, "satorra1994"),
    FitIndex("baseline_pvalue_scaled", lambda x: x.baseline.pvalue, "satorra1994"),
    FitIndex("baseline_chisq_scaling_factor", lambda x: x.baseline.factor, "satorra1994"),
    FitIndex("cfi_scaled", _scaled(comparative_fit_index), "bentler1990"),
    FitIndex("tli_scaled", _scaled(tucker_lewis_index), "tucker1973"),
    FitIndex("nnfi_scaled", _scaled(tucker_lewis_index), "bentler1980"),
    FitIndex("rfi_scaled", _scaled(relative_fit_index), "bollen1989"),
    FitIndex("nfi_scaled", _scaled(normed_fit_index), "bentler1980"),
    FitIndex("pnfi_scaled", _scaled(parsimonious_normed_fit_index), "mulaik1989"),
    FitIndex("ifi_scaled", _scaled(incremental_fit_index), "bollen1989ifi"),
    FitIndex("rni_scaled", _scaled(relative_noncentrality_index), "bentler1990"),
    FitIndex("scaling_factor_h1", _likelihood_factor("factor_h1"), "asparouhov2005"),
    FitIndex("scaling_factor_h0", _likelihood_factor("factor_h0"), "asparouhov2005"),
    FitIndex("rmsea_scaled", _scaled_rmsea(rmsea), "steiger1980"),
    FitIndex("rmsea_ci_lower_scaled", _scaled_rmsea(rmsea_lower), "browne1992"),
    FitIndex("rmsea_ci_upper_scaled", _scaled_rmsea(rmsea_upper), "browne1992"),
    FitIndex("rmsea_pvalue_scaled", _scaled_rmsea(close_fit_pvalue), "browne1992"),
    FitIndex("rmsea_notclose_pvalue_scaled", _scaled_rmsea(not_close_fit_pvalue), "maccallum1996"),
)
"""Indices from corrected statistics, in the order in which they are shown."""

ROBUST_INDICES: tuple[FitIndex[ScaledInputs], ...] = (
    FitIndex("cfi_robust", _robust(comparative_fit_index), "brosseauliard2014"),
    FitIndex("tli_robust", _robust(tucker_lewis_index), "brosseauliard2014"),
    FitIndex("nnfi_robust", _robust(tucker_lewis_index), "brosseauliard2014"),
    FitIndex("rni_robust", _robust(relative_noncentrality_index), "brosseauliard2014"),
    FitIndex("rmsea_robust", _robust(rmsea), "brosseauliard2012"),
    FitIndex("rmsea_ci_lower_robust", _robust_limit(rmsea_lower), "savalei2018"),
    FitIndex("rmsea_ci_upper_robust", _robust_limit(rmsea_upper), "savalei2018"),
    FitIndex("rmsea_pvalue_robust", robust_close_fit_pvalue, "savalei2018"),
    FitIndex("rmsea_notclose_pvalue_robust", robust_not_close_fit_pvalue, "savalei2018"),
)
"""Indices that estimate what the plain ones would be of complete, normally distributed data."""


def scaled_fit_measures(x: ScaledInputs) -> tuple[dict[str, float], dict[str, str]]:
    """Evaluate every scaled and robust index; results as of :func:`trustsem.fit.fit_measures`.

    Parameters
    ----------
    x : ScaledInputs
        The numbers.
    """
    return evaluated((*SCALED_INDICES, *ROBUST_INDICES), x)


def complete_data_fit_measures(
    plain: FitInputs, model: ScaledTest, baseline: ScaledTest
) -> tuple[dict[str, float], dict[str, str]]:
    """Evaluate the robust indices of incomplete data [zhang2023]_.

    Parameters
    ----------
    plain : FitInputs
        The uncorrected numbers.
    model, baseline : ScaledTest
        Complete-data tests of the model and of the independence model
        (:func:`trustsem.inference.complete_data_test`).

    Returns
    -------
    values, reasons : dict
        As of :func:`trustsem.fit.fit_measures`.
    """
    statistics = [test.chisq * test.factor if test.df else test.chisq for test in (model, baseline)]
    x = replace(plain, chisq=statistics[0], chisq_baseline=statistics[1])
    return evaluated(ROBUST_INDICES, ScaledInputs(x, model, baseline))
