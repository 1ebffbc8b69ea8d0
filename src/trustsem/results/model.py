"""The result of one estimated model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from trustsem.arrays import Floats
from trustsem.display import reported
from trustsem.errors import SpecificationError, UnknownOptionError, UnsupportedError
from trustsem.estimation import Estimate, Problem, check_admissibility
from trustsem.findings import Finding, Findings, at_least
from trustsem.fit import (
    FitInputs,
    ScaledInputs,
    complete_data_fit_measures,
    complete_data_tests,
    equality_tests,
    fit_inputs,
    fit_measures,
    group_equality_tests,
    modification_indices,
    residuals,
    scaled_baseline,
    scaled_fit_measures,
)
from trustsem.fit.scores import factor_scores
from trustsem.inference import (
    KINDS,
    Covariance,
    RowValues,
    ScaledTest,
    TestedModel,
    chains_table,
    chi_square_above,
    divided,
    effects_table,
    estimate_covariance,
    explained_variances,
    residual_test,
    row_values,
    scaled_test,
    spectral_radius,
    standardized_errors,
)
from trustsem.moments import threshold_series
from trustsem.options import Options
from trustsem.results.bootstrap import Bootstrap, run_bootstrap
from trustsem.results.cutoffs import DynamicCutoffs, run_cutoffs
from trustsem.results.influence import Influence, analyse_influence
from trustsem.results.plain import plain
from trustsem.results.plots import ModelPlots
from trustsem.results.progress import progress_report
from trustsem.results.rows import KEYS, row_keys
from trustsem.results.summary import summary_page, summary_text
from trustsem.simulation import ErrorsBy
from trustsem.specification import ParameterTable
from trustsem.tables import Page, Shown

if TYPE_CHECKING:
    from trustsem.diagram import Diagram, View

LEVEL = 0.95
"""Confidence level of all intervals of parameters."""

CASES_PER_MOMENT = 10
"""Cases per moment below which a distribution-free fit gets a warning [hu1992]_."""


@dataclass(frozen=True, repr=False)
class ModelResult(Shown):
    """An estimated model: estimates, their uncertainty, fit, and whether to trust them.

    Everything is computed from the estimate when it is asked for; tables are new objects each
    time, so that nobody can edit a result.

    Parameters
    ----------
    kind : {"cfa", "sem", "growth"}
        The function whose defaults were used.
    model : str
        The model text.
    options : Options
        All options.
    estimate : Estimate
        The solution.
    """

    kind: Literal["cfa", "sem", "growth"]
    model: str
    options: Options
    estimate: Estimate

    # -- whether to trust it ------------------------------------------------------------------

    @property
    def converged(self) -> bool:
        """Whether a minimum of the discrepancy was reached."""
        return self.estimate.converged

    @property
    def admissible(self) -> bool:
        """Whether the solution is converged, proper and has standard errors."""
        return not at_least(self.findings, "serious")

    @cached_property
    def findings(self) -> Findings:
        """What a reader must know before the numbers, the most serious first."""
        found = list(check_admissibility(self.estimate))
        if self._covariance.flat:
            found.append(_singular(self._covariance.flat))
        if self.n_obs < self.n_free:
            found.append(_few_cases(self.n_obs, self.n_free))
        if self.options.discrepancy == "WLS":
            found += _few_cases_per_moment(self.estimate.problem)
        for sample in self.estimate.problem.samples:
            found += sample.findings
        for resampled in (self._resampled, self._bollen_stine):
            found += () if resampled is None else resampled.findings
        return at_least(found, "note")

    @cached_property
    def proper(self) -> ModelResult | None:
        """The lowest proper solution that was found above an improper one; None otherwise."""
        beside = self.estimate.proper
        return None if beside is None else replace(self, estimate=beside)

    # -- sizes --------------------------------------------------------------------------------

    @property
    def table(self) -> ParameterTable:
        """The parameter table: the one description of the model."""
        return self.estimate.problem.table

    @property
    def constructs(self) -> dict[str, tuple[str, ...]]:
        """Constructs and what they are measured by."""
        return dict(self.table.indicators)

    @property
    def method(self) -> str:
        """Estimator, and the likelihood where there is a choice."""
        estimator = self.estimate.problem.estimator
        detail = f" ({self.options.likelihood} likelihood)" if estimator.likelihood else ""
        chosen = estimator.corrected or estimator.name == "ML"
        return f"{self.options.estimator if chosen else estimator.name}{detail}"

    @property
    def n_obs(self) -> int:
        """Number of observations analysed, over all groups."""
        return self.estimate.problem.n_obs

    @property
    def n_free(self) -> int:
        """Number of independently estimated parameters."""
        return self._covariance.n_independent

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.estimate.problem.n_moments - self.n_free

    @property
    def iterations(self) -> int:
        """Steps that the optimiser took."""
        return self.estimate.iterations

    # -- parameters ---------------------------------------------------------------------------

    @cached_property
    def _covariance(self) -> Covariance:
        se = "standard" if self.options.se == "bootstrap" else self.options.se
        return estimate_covariance(self.estimate, self._information, se)

    @cached_property
    def _vcov(self) -> Floats:
        """Sampling covariance of all free parameters, shape (q, q)."""
        resampled = self._resampled
        return self._covariance.matrix if resampled is None else resampled.covariance

    @cached_property
    def _resampled(self) -> Bootstrap | None:
        """The bootstrap behind standard errors and intervals, if ``se`` asks for one."""
        wanted = self.options.se == "bootstrap" and self.converged
        return self.bootstrap(self.options.bootstrap, self.options.seed) if wanted else None

    @property
    def resampled(self) -> Bootstrap | None:
        """The bootstrap behind standard errors and intervals; None if ``se`` asks for none."""
        return self._resampled

    @cached_property
    def _bollen_stine(self) -> Bootstrap | None:
        """The bootstrap behind the test of the model, if ``test`` asks for one."""
        wanted = self.options.test == "bollen.stine" and self.converged
        if not wanted:
            return None
        return self.bootstrap(self.options.bootstrap, self.options.seed, kind="bollen-stine")

    @property
    def _information(self) -> str:
        """The information that standard errors rest on."""
        first = self.options.se == "first.order"
        return "first.order" if first else self.options.information

    @cached_property
    def _expected_covariance(self) -> Covariance:
        """Return the covariance that score tests use, whatever the options."""
        expected = self._information == "expected" and self.options.se in (
            "standard",
            "bootstrap",
            "none",
        )
        return self._covariance if expected else estimate_covariance(self.estimate)

    @cached_property
    def _values(self) -> RowValues:
        return row_values(self.estimate.problem, self.estimate.params)

    @cached_property
    def _errors(self) -> dict[str, Floats]:
        if self.options.se == "none":
            none = np.full(self._values.est.shape, np.nan)
            return dict.fromkeys(("est", *KINDS), none)
        if self._resampled is not None:
            return self._resampled.errors()
        problem = self.estimate.problem
        return standardized_errors(problem, self.estimate.params, self._vcov)

    @property
    def parameters(self) -> pd.DataFrame:
        """All parameters, one row each.

        Returns
        -------
        DataFrame
            ``lhs op rhs group label free est se z pvalue ci_lower ci_upper std_lv std_lv_se
            std_all std_all_se std_nox exo``. ``free`` is 0 for fixed parameters; defined
            parameters (``:=``) and constraints (``==``, ``<``, ``>``) follow the model's own.
        """
        values, errors = self._values, self._errors
        se = errors["est"]
        z = divided(values.est, se)
        if self._resampled is None:
            width = special.ndtri(0.5 + LEVEL / 2) * se
            limits = (values.est - width, values.est + width)
        else:
            limits = self._resampled.limits(level=LEVEL)
        numbers = {
            "est": values.est,
            "se": se,
            "z": z,
            "pvalue": 2 * special.ndtr(-np.abs(z)),
            "ci_lower": limits[0],
            "ci_upper": limits[1],
            "std_lv": values.std_lv,
            "std_lv_se": errors["std_lv"],
            "std_all": values.std_all,
            "std_all_se": errors["std_all"],
            "std_nox": values.std_nox,
        }
        frame = pd.DataFrame(row_keys(self.table) | numbers)
        if not any(item.user for item in self.table.constraints):
            return frame
        return pd.concat([frame, self._constraint_rows(frame)], ignore_index=True)

    def _constraint_rows(self, like: pd.DataFrame) -> pd.DataFrame:
        """Return the user's constraints as rows without estimates."""
        chosen = [item for item in self.table.constraints if item.user]
        rows = pd.DataFrame(
            [(*_sides(item.text, item.op), 0, "", 0, False) for item in chosen],
            columns=list(KEYS),
        )
        return rows.reindex(columns=like.columns).astype(like.dtypes.to_dict())

    @property
    def vcov(self) -> pd.DataFrame:
        """Sampling covariance of all free parameters, labelled as in the model text."""
        free = [row for row in self.table.parameters if row.free]
        several = self.table.n_groups > 1
        names = [
            row.label or row.name + (f".g{row.group}" if several and row.group > 1 else "")
            for row in free
        ]
        return pd.DataFrame(self._vcov, index=names, columns=names)

    def bootstrap(
        self,
        n: int = 5000,
        seed: int | None = None,
        kind: str = "nonparametric",
        workers: int = 1,
        *,
        progress: bool | None = None,
    ) -> Bootstrap:
        """Estimate the model again from many resamples.

        Parameters
        ----------
        n : int
            Number of resamples.
        seed : int or None
            Seed; with the same one the result is the same, whatever ``workers``. None chooses one.
        kind : {"nonparametric", "bollen-stine", "parametric"}
            Cases drawn with replacement within groups; the same after moving the cases to where
            the model holds, which gives a test of the model; samples of the normal population that
            the model implies, cut into the sample's categories and with its missing answers, which
            needs no cases if answers are complete and continuous.
        workers : int
            Processes, each with one thread of linear algebra; -1 for one on each core.
        progress : bool or None
            Say how far it is: where somebody looks (None), always, or never.

        Returns
        -------
        Bootstrap
            An interrupt (Ctrl-C) keeps the resamples that are finished.

        Raises
        ------
        ResamplingError
            If the model did not converge, cases are needed and there is only a matrix, or ordered
            answers are to be moved to where the model holds.
        """
        report, by = progress_report("bootstrap", progress), self.errors_by
        return run_bootstrap(self.estimate, kind, n, seed, by=by, workers=workers, report=report)

    @property
    def errors_by(self) -> ErrorsBy:
        """What the standard errors of each resample rest on, where they are asked for."""
        return ErrorsBy.of(self._information, self.options.se)

    def dynamic_cutoffs(
        self,
        samples: int = 500,
        seed: int | None = None,
        workers: int = 1,
        *,
        part: str | None = None,
        progress: bool | None = None,
    ) -> DynamicCutoffs:
        """Simulate cut-offs of fit indices for this model and this sample size.

        Samples are drawn from the population in which the model holds as it was estimated, and
        from populations in which it leaves something out, one relation more on every level: of
        several constructs cross-loadings, of one correlations of residuals, of a structural model
        paths and correlations of disturbances. A cut-off tells the two apart.

        Parameters
        ----------
        samples : int
            Samples for each level.
        seed : int or None
            Seed; with the same one the result is the same, whatever ``workers``. None chooses one.
        workers : int
            Processes, each with one thread of linear algebra.
        part : {"measurement", "structural"}, optional
            What is left out; by default structural relations where the model has paths and leaves
            any out.
        progress : bool or None
            Whether to say how far it is; None where somebody looks, a terminal or a notebook.

        Returns
        -------
        DynamicCutoffs
            An interrupt (Ctrl-C) keeps the samples that are finished.

        Raises
        ------
        UnsupportedError
            For several groups, ordered items, and estimators whose weights come from the cases.
        ResamplingError
            If the solution is not proper, or the model leaves nothing out that could be added.
        SpecificationError
            If an argument cannot be meant.

        References
        ----------
        McNeish & Wolf (2023) [mcneish2023]_, [mcneish2023one]_; the levels of structural models
        are our own.
        """
        report = progress_report("cut-offs", progress)
        return run_cutoffs(
            self, samples=samples, seed=seed, part=part, workers=workers, report=report
        )

    def influence(self, workers: int = 1, *, progress: bool | None = None) -> Influence:
        """Estimate the model again without each respondent.

        Parameters
        ----------
        workers : int
            Processes, each with one thread of linear algebra, -1 for one on each core; they change
            no result.
        progress : bool or None
            Say how far it is: where somebody looks (None), always, or never.

        Returns
        -------
        Influence
            Changes of estimates, chi-square and fit, and generalised Cook's distances; exact, not
            approximated. An interrupt (Ctrl-C) keeps the cases that are finished.

        Raises
        ------
        ResamplingError
            If the model did not converge, or was estimated from a matrix.

        References
        ----------
        Pek & MacCallum (2011) [pek2011]_.
        """
        report = progress_report("influence", progress)
        return analyse_influence(self, workers=workers, report=report)

    # -- fit ----------------------------------------------------------------------------------

    @cached_property
    def _fit_inputs(self) -> FitInputs:
        return fit_inputs(self.estimate, self.n_free)

    @property
    def tests(self) -> pd.DataFrame:
        """All tests of the model against the saturated one.

        Returns
        -------
        DataFrame
            Index ``test``: ``standard``, then what option ``test`` asks for; columns ``chisq df
            pvalue scaling_factor shift``. Uncorrected least squares have no p-value.
        """
        fit = self.fit_measures
        nothing = float("nan")
        rows: dict[str, tuple[float, ...]] = {
            "standard": (fit["chisq"], self.df, fit["pvalue"], nothing, nothing)
        }
        if self.scaled_test is not None:
            test = self.scaled_test
            p = fit["pvalue_scaled"]
            rows[test.name] = (test.chisq, test.df, p, test.factor, test.shift)
        if self.options.residual_test:
            chisq = residual_test(self.estimate, self.options.test)
            p = chi_square_above(chisq, self.df)
            rows[self.options.test] = (chisq, self.df, p, nothing, nothing)
        if self._bollen_stine is not None:
            p = self._bollen_stine.pvalue
            rows["bollen.stine"] = (fit["chisq"], self.df, p, nothing, nothing)
        columns = ["chisq", "df", "pvalue", "scaling_factor", "shift"]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        return frame.rename_axis("test")

    @cached_property
    def scaled_test(self) -> ScaledTest | None:
        """The corrected test statistic; None if option ``test`` asks for none."""
        if not self.options.scaled:
            return None
        return scaled_test(self.estimate, self.df, self.options.test, self.options.information)

    @property
    def tested(self) -> TestedModel:
        """The solution with its corrected test, for difference tests.

        Raises
        ------
        SpecificationError
            If the test is not corrected.
        """
        if self.scaled_test is None:
            raise SpecificationError(
                "A scaled difference test needs models with scaled tests.",
                remedy="Estimate them with estimator 'MLM' or 'MLR', for instance.",
            )
        return TestedModel(self.estimate, self.df, self.scaled_test, self.options.information)

    @cached_property
    def _fit(self) -> tuple[dict[str, float], dict[str, str]]:
        """Return the fit measures and why some do not exist."""
        values, reasons = fit_measures(self._fit_inputs)
        if self._bollen_stine is not None:
            values["pvalue_bollen_stine"] = self._bollen_stine.pvalue
        if self.scaled_test is not None:
            baseline = scaled_baseline(self.estimate.problem, self.options)
            inputs = ScaledInputs.of(self.estimate, self._fit_inputs, self.scaled_test, baseline)
            scaled, scaled_reasons = scaled_fit_measures(inputs)
            values, reasons = values | scaled, reasons | scaled_reasons
        if self.options.incomplete:
            robust, robust_reasons = complete_data_fit_measures(
                self._fit_inputs, *complete_data_tests(self.estimate, self.df, self.options)
            )
            values, reasons = values | robust, reasons | robust_reasons
        return values, reasons

    @property
    def fit_measures(self) -> pd.Series:
        """All fit measures; NaN where one does not exist (see :attr:`fit_notes`)."""
        return pd.Series(self._fit[0], name="fit_measures", dtype=float)

    @property
    def reported_fit(self) -> pd.Series:
        """Fit measures to report: corrected ones in the places of those that they correct.

        See :func:`trustsem.display.reported`; without a scaled test these are the fit measures.
        """
        return pd.Series(reported(self._fit[0]), name="reported_fit", dtype=float)

    @property
    def fit_notes(self) -> dict[str, str]:
        """Why a fit measure does not exist, by its name."""
        return dict(self._fit[1])

    def modification_indices(self, minimum: float = 0.0) -> pd.DataFrame:
        """Tabulate what freeing one fixed parameter would do.

        Parameters
        ----------
        minimum : float
            Smallest index to list.

        Returns
        -------
        DataFrame
            ``lhs op rhs group mi epc sepc_lv sepc_all sepc_nox``, largest index first.

        Raises
        ------
        SpecificationError
            If ``minimum`` is no number.
        """
        if isinstance(minimum, bool) or not isinstance(minimum, Real):
            raise SpecificationError(
                f"The smallest index to list is a number, got {minimum!r}.",
                remedy="Write modification_indices(minimum=10), for instance.",
            )
        return modification_indices(self.estimate, self._expected_covariance, minimum)

    def equality_tests(self, *, over_groups: bool = False) -> pd.DataFrame:
        """Test what releasing equality constraints would do, without refitting.

        Parameters
        ----------
        over_groups : bool
            One test per parameter that is equal over groups, releasing it in all of them;
            otherwise one test per constraint.

        Returns
        -------
        DataFrame
            Largest ``mi`` first; ``lhs op rhs group tied_to mi df pvalue epc epc_tied``, over
            groups ``lhs op rhs mi df pvalue difference``.
        """
        tests = group_equality_tests if over_groups else equality_tests
        return tests(self.estimate)

    def residuals(self, kind: str = "raw") -> Any:
        """Return residuals of the covariances.

        Parameters
        ----------
        kind : {"raw", "cor_bentler", "cor_bollen", "normalized", "standardized"}
            The metric, see :func:`trustsem.fit.residuals`.

        Returns
        -------
        DataFrame, shape (p, p)
            Several groups: a dict of them by group label.

        Raises
        ------
        UnknownOptionError
            If the kind does not exist.
        """
        parts = residuals(self.estimate, kind, self._information, self.options.se)
        return self._by_group([self._square(part.cov) for part in parts])

    def mean_residuals(self, kind: str = "raw") -> Any:
        """Return residuals of the means; None without a mean structure. See :meth:`residuals`."""
        parts = residuals(self.estimate, kind, self._information, self.options.se)
        return self._by_group(
            [None if part.mean is None else self._series(part.mean) for part in parts]
        )

    # -- moments ------------------------------------------------------------------------------

    @property
    def sample(self) -> Any:
        """Sample covariance matrix as analysed; several groups: a dict by label.

        Ordered items: polychoric correlations, and polyserial ones times standard deviations.
        """
        return self._by_group([self._square(item.cov) for item in self.estimate.problem.samples])

    @property
    def sample_mean(self) -> Any:
        """Sample means, None if unknown; several groups: a dict by label."""
        return self._by_group(
            [
                None if item.mean is None else self._series(item.mean)
                for item in self.estimate.problem.samples
            ]
        )

    @property
    def thresholds(self) -> Any:
        """Sample thresholds of ordered items, by item and number; several groups: a dict by label.

        None without ordered items.
        """
        return self._by_group(
            [
                None if item.ordinal is None else threshold_series(item.ordinal, item.names)
                for item in self.estimate.problem.samples
            ]
        )

    @property
    def implied(self) -> Any:
        """Implied covariance matrix; several groups: a dict by label.

        Latent responses behind ordered items have variance 1, as in :attr:`sample`.
        """
        return self._by_group([self._square(cov) for _, cov in self._fitted])

    @property
    def implied_mean(self) -> Any:
        """Implied means, None without a mean structure; several groups: a dict by label."""
        if not self.table.meanstructure:
            return self._by_group([None] * len(self._implied))
        return self._by_group([self._series(mean) for mean, _ in self._fitted])

    @property
    def _fitted(self) -> list[tuple[Floats, Floats]]:
        """Return each group's means and covariances in the metric of the sample."""
        blocks = self.estimate.problem.objective.blocks
        pairs = zip(blocks, self._implied, strict=True)
        return [block.fitted(implied) for block, implied in pairs]

    @cached_property
    def _implied(self) -> tuple[Any, ...]:
        return self.estimate.problem.implied(self.estimate.params)

    @property
    def latent_cov(self) -> Any:
        """Covariance matrix of the constructs; several groups: a dict by label."""
        return self._by_group([self._constructs_square(item.cov_eta) for item in self._implied])

    @property
    def latent_cor(self) -> Any:
        """Correlation matrix of the constructs; several groups: a dict by label."""
        matrices = []
        for item in self._implied:
            with np.errstate(invalid="ignore"):
                sd = np.sqrt(np.diag(item.cov_eta))
                matrices.append(self._constructs_square(item.cov_eta / np.outer(sd, sd)))
        return self._by_group(matrices)

    @property
    def latent_mean(self) -> Any:
        """Means of the constructs; several groups: a dict by label."""
        names = list(self.table.constructs)
        return self._by_group(
            [pd.Series(item.mean_eta[: len(names)], index=names) for item in self._implied]
        )

    @property
    def r2(self) -> Any:
        """Explained variance of each indicator and outcome; several groups: a dict by label."""
        found = []
        for structure, implied in zip(self.estimate.problem.structures, self._implied, strict=True):
            found.append(pd.Series(explained_variances(structure, implied), name="r2", dtype=float))
        return self._by_group(found)

    @property
    def effects(self) -> pd.DataFrame:
        """Direct, indirect and total effects with delta-method errors.

        See :func:`trustsem.inference.effects_table`.
        """
        estimate = self.estimate
        return effects_table(estimate.problem, estimate.params, self._vcov)

    @property
    def chains(self) -> pd.DataFrame:
        """Specific indirect effects, one row for each chain of paths, with delta-method errors.

        See :func:`trustsem.inference.chains_table`.
        """
        estimate = self.estimate
        return chains_table(estimate.problem, estimate.params, self._vcov)

    @property
    def spectral_radius(self) -> float:
        """Largest absolute eigenvalue of the path coefficients over all groups.

        0 without feedback; from 1 on, indirect and total effects do not exist. See
        :func:`trustsem.inference.spectral_radius`.
        """
        return max(float(spectral_radius(part.matrices["Beta"])) for part in self._implied)

    def factor_scores(self, method: str = "regression") -> pd.DataFrame:
        """Estimate each respondent's position on the constructs.

        Parameters
        ----------
        method : {"regression", "bartlett"}
            Thurstone's regression scores, or Bartlett's.

        Returns
        -------
        DataFrame, shape (n_obs, n_constructs)
            In the units of the constructs; groups below each other.

        Raises
        ------
        SpecificationError
            If the model was estimated from a matrix, or from a file that was read in parts.
        UnsupportedError
            If items are ordered.
        UnknownOptionError
            If the method does not exist.
        """
        if self.table.ordered:
            raise UnsupportedError(
                "factor scores from ordered items",
                "They need the distribution of the constructs given the answers; scores of the "
                "same model for continuous items order respondents nearly alike.",
            )
        samples = self.estimate.problem.samples
        if any(sample.again is not None for sample in samples):
            raise SpecificationError(
                "Factor scores are a row for each case; this model was estimated from a file that "
                "was read in parts.",
                remedy="Estimate it from read_survey() of a file with the cases that need scores.",
            )
        if any(sample.data is None for sample in samples):
            raise SpecificationError(
                "Factor scores need raw data; this model was estimated from a matrix."
            )
        chosen = str(method).lower()
        if chosen not in ("regression", "bartlett"):
            raise UnknownOptionError(chosen, ("regression", "bartlett"), kind="method")
        return factor_scores(self.estimate, chosen)

    # -- presentation -------------------------------------------------------------------------

    @property
    def plot(self) -> ModelPlots:
        """The charts of the model: ``result.plot.loadings()``, ``result.plot.paths.chart()``."""
        return ModelPlots(self)

    def summary(self) -> str:
        """Return the result as text: trust, fit, parameters."""
        return summary_text(self)

    def draw(
        self, view: View = "structural", *, group: str | int | None = None, **options: Any
    ) -> Diagram:
        """Draw the model; several groups as panels with the same places.

        Parameters
        ----------
        view : {"structural", "measurement", "full", "conceptual"}
            What to show.
        group : str or int, optional
            Label of the group to draw, or its number from 1. Without it all groups are drawn, and
            estimates that differ between them (Wald test, p < .05) get a dagger.
        **options
            ``labels``, ``hypotheses``, ``constructs``, ``controls``, ``standardized`` and
            ``decimals`` are explained at :func:`trustsem.diagram.graph_from_parameters`; ``width``,
            ``title``, ``layout``, ``columns``, ``colors``, ``emphasis``, ``residuals`` and
            ``disturbances`` at :func:`trustsem.diagram.draw`.

        Returns
        -------
        Diagram
            Shown by a notebook; ``.save("figure.svg")`` writes it.

        Raises
        ------
        UnknownOptionError
            If an option, its value, the group or a name is unknown.
        """
        from trustsem.diagram import (  # noqa: PLC0415  # not for a fit
            DRAW_OPTIONS,
            GRAPH_OPTIONS,
            draw,
            graph_from_parameters,
            graphs_from_parameters,
            require_known,
        )

        require_known(options, (*GRAPH_OPTIONS, *DRAW_OPTIONS, "group"), "option of a figure")
        names = (*self.table.constructs, *self.table.observed)
        require_known(options.get("labels") or (), names, "variable in 'labels'")
        shown = {name: options.pop(name) for name in GRAPH_OPTIONS if name in options}
        labels = self.table.group_labels
        if len(labels) > 1 and group is None:
            graphs = graphs_from_parameters(
                self.parameters,
                labels,
                view=view,
                r2=self.r2,
                differences=self._group_differences,
                **shown,
            )
            return draw(graphs, **options)
        number = self._group_number(group)
        r2 = self.r2[labels[number - 1]] if len(labels) > 1 else self.r2
        graph = graph_from_parameters(self.parameters, view=view, r2=r2, group=number, **shown)
        if len(labels) > 1:
            options.setdefault("title", f"{graph.title}: {labels[number - 1]}")
        return draw(graph, **options)

    def _group_number(self, group: str | int | None) -> int:
        """Return the number of a group from its label or number."""
        labels = self.table.group_labels or ("1",)
        numbers = {str(number): number for number in range(1, len(labels) + 1)}
        known = numbers | {label: number for number, label in enumerate(labels, 1)}
        wanted = "1" if group is None else str(group)
        if wanted not in known:
            raise UnknownOptionError(wanted, labels, kind="group")
        return known[wanted]

    @property
    def _group_differences(self) -> dict[tuple[str, str, str], float]:
        """The p-value of every parameter's equality over the groups."""
        from trustsem.diagram import differences  # noqa: PLC0415  # not for a fit

        places: dict[tuple[str, str, str], list[int]] = {}
        for row in self.table.parameters:
            if row.free:
                places.setdefault((row.lhs, row.op, row.rhs), []).append(row.free - 1)
        several = {key: found for key, found in places.items() if len(found) > 1}
        return differences(several, self.estimate.params, self._vcov)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as plain values; NaN becomes None."""
        parts = {
            "kind": self.kind,
            "syntax": self.model,
            "estimator": self.options.estimator,
            "likelihood": self.options.likelihood,
            "engine": self.estimate.engine,
            "converged": self.converged,
            "admissible": self.admissible,
            "iterations": self.iterations,
            "gradient_norm": self.estimate.gradient_norm,
            "n_obs": self.n_obs,
            "n_free": self.n_free,
            "df": self.df,
            "findings": self.findings,
            "fit_measures": self.fit_measures,
            "parameters": self.parameters,
            "r2": self.r2,
            "latent_cov": self.latent_cov,
            "latent_cor": self.latent_cor,
            "sample": self.sample,
            "implied": self.implied,
        }
        return {name: plain(part) for name, part in parts.items()}

    def _page(self) -> Page:
        """Return the summary."""
        return summary_page(self)

    # -- labelling ----------------------------------------------------------------------------

    def _by_group(self, parts: list[Any]) -> Any:
        """Return the one part, or a dict by group label."""
        labels = self.table.group_labels
        return dict(zip(labels, parts, strict=True)) if len(parts) > 1 else parts[0]

    def _square(self, matrix: Floats) -> pd.DataFrame:
        names = list(self.table.observed)
        return pd.DataFrame(matrix.copy(), index=names, columns=names)

    def _constructs_square(self, matrix: Floats) -> pd.DataFrame:
        names = list(self.table.constructs)
        return pd.DataFrame(matrix[: len(names), : len(names)].copy(), index=names, columns=names)

    def _series(self, vector: Floats) -> pd.Series:
        return pd.Series(vector.copy(), index=list(self.table.observed))


def _sides(text: str, op: str) -> tuple[str, str, str]:
    """Split a constraint as written."""
    left, right = text.split(op, 1)
    return left.strip(), op, right.strip()


def _few_cases_per_moment(problem: Problem) -> list[Finding]:
    """Return a finding for each group too small for weights from fourth moments."""
    found = []
    for structure, sample in zip(problem.structures, problem.samples, strict=True):
        n_moments = structure.n_moments
        needed = CASES_PER_MOMENT * n_moments
        if sample.n_obs < needed:
            place = f" (group {sample.group})" if sample.group else ""
            found.append(
                Finding(
                    code="few_cases_for_adf",
                    subject="data",
                    claim=f"WLS (ADF) weights {n_moments} moments by fourth moments of "
                    f"{sample.n_obs} cases{place}: its chi-square is then too large and its "
                    "standard errors are too small.",
                    severity="warning",
                    value=float(sample.n_obs),
                    threshold=float(needed),
                    source="hu1992",
                    remedy="Use estimator='MLM' or 'MLR', which allow for non-normality, too.",
                )
            )
    return found


def _few_cases(n_obs: int, n_free: int) -> Finding:
    """Return the finding that there are fewer cases than parameters."""
    return Finding(
        code="few_cases",
        subject="data",
        claim=f"{n_obs} cases for {n_free} free parameters: standard errors and tests, which "
        "hold in large samples, cannot be relied on.",
        severity="warning",
        holds=False,
        value=float(n_obs),
        threshold=float(n_free),
        source="bollen1989",
        remedy="Collect more cases or estimate a smaller model.",
    )


def _singular(flat: tuple[str, ...]) -> Finding:
    """Return the finding that standard errors do not exist."""
    return Finding(
        code="singular_information",
        subject="model",
        claim="Standard errors do not exist: at the solution the data say nothing about "
        f"{', '.join(flat[:8])}.",
        severity="serious",
        holds=False,
        remedy="The model is empirically underidentified; fix or remove one of them.",
    )
