"""The common method battery: method factors, marker, adjusted correlations, hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trustsem.errors import MODEL_FAILURES, InferenceError
from trustsem.findings import Finding, at_least, labelled
from trustsem.results import ModelResult, cfa, compare, sem
from trustsem.study import syntax
from trustsem.study.method_tables import method_tables
from trustsem.study.structural import judged_hypotheses
from trustsem.tables import Page, Shown, Table
from trustsem.validity import (
    adjusted_correlations,
    check_adjusted_correlations,
    check_changed_hypotheses,
    check_method_variance,
    marker_correlation,
    reliability_split,
    scale_correlations,
    variance_split,
)
from trustsem.validity.method_bias import (
    ADJUSTED_COLUMNS,
    RELIABILITY_COLUMNS,
    VARIANCE_COLUMNS,
)
from trustsem.validity.wording import p_text

if TYPE_CHECKING:
    from trustsem.study.answers import Answers
    from trustsem.study.measurement import MeasurementStep
    from trustsem.study.plan import Study
    from trustsem.study.structural import StructuralStep

EQUAL, FREE = "Method factor, equal loadings", "Method factor, free loadings"
MARKER_CFA, BASELINE = "CFA with marker", "Baseline"
METHOD_C, METHOD_U, METHOD_R = "Method-C", "Method-U", "Method-R"
SENSITIVITY = {"Method-S (.05)": 1.959963984540054, "Method-S (.01)": 2.5758293035489004}
"""Sensitivity models, and how many standard errors method loadings are moved from zero."""

COMPARED_COLUMNS = ("compared_with", "chisq_diff", "df_diff", "pvalue_diff", "admissible")
"""What the battery adds to the columns of the comparison of models."""

HYPOTHESIS_COLUMNS = (
    "control", "hypothesis", "path", "predictor", "outcome", "sign", "std_all", "pvalue",
    "supported", "std_all_controlled", "pvalue_controlled", "supported_controlled", "changed",
)  # fmt: skip
"""Columns of the hypotheses before and after controlling for method."""

SENSITIVITY_COLUMNS = ("construct_a", "construct_b", "model", "phi")
"""Columns of the correlations of constructs under the models of the marker technique."""

_FIT = ("chisq", "df", "pvalue", "cfi", "rmsea", "srmr")
_LABEL = "method_loading"
_WIDTH = 110


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MethodBias(Shown):
    """What the common method battery found.

    Parameters
    ----------
    models : DataFrame
        Every model with fit and difference test.
    variance : DataFrame
        By ``model``, construct and item: shares of trait, method and error.
    correlations : DataFrame
        Correlations of the constructs' scores before and after Lindell and Whitney's adjustment.
    shared_correlation : float
        The correlation that was taken out.
    hypotheses : DataFrame
        Each hypothesis before and after controlling for method, by ``control``.
    reliability : DataFrame
        Reliability by substance and method in Method-U or Method-C; empty without a marker.
    sensitivity : DataFrame
        Correlations of constructs by model of the marker technique; empty without a marker.
    marker : str
        The marker construct, or empty.
    findings : tuple of Finding
        Every judgement.
    """

    models: pd.DataFrame
    variance: pd.DataFrame
    correlations: pd.DataFrame
    shared_correlation: float
    hypotheses: pd.DataFrame
    reliability: pd.DataFrame
    sensitivity: pd.DataFrame
    marker: str
    findings: tuple[Finding, ...]

    def _page(self) -> Page:
        """Return findings and tables."""
        return Page((tuple(map(str, self.findings)), *self.tables()), width=_WIDTH)

    def tables(self, labels: Mapping[str, str] | None = None) -> list[Table]:
        """Return everything as tables.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What constructs are called in print.
        """
        return method_tables(self, labels or {})


def method_battery(
    study: Study,
    answers: Answers,
    options: Mapping[str, Any],
    measurement: MeasurementStep,
    structural: StructuralStep | None,
) -> MethodBias | None:
    """Run the battery that the study asks for.

    Parameters
    ----------
    study : Study
        The plan; its section ``[bias]`` says what to do.
    answers : Answers
        What is analysed.
    options : mapping
        Options of the estimation.
    measurement : MeasurementStep
        Step one.
    structural : StructuralStep or None
        Step two.

    Returns
    -------
    MethodBias or None
        None where the study has no section ``[bias]``.

    References
    ----------
    Podsakoff et al. (2003) [podsakoff2003]_; Williams, Hartman & Cavazotte (2010)
    [williams2010]_; Lindell & Whitney (2001) [lindell2001]_.
    """
    if study.bias is None:
        return None
    battery = _Battery(study, answers, options, measurement, structural)
    if study.bias.method_factor:
        battery.method_factors()
    if study.bias.marker:
        battery.marker_technique()
    correlations, shared = battery.adjusted()
    return MethodBias(
        models=battery.table(),
        variance=_stacked(battery.variance, ("model", *VARIANCE_COLUMNS)),
        correlations=correlations,
        shared_correlation=shared,
        hypotheses=_stacked(battery.hypotheses, HYPOTHESIS_COLUMNS),
        reliability=_stacked(battery.reliability, RELIABILITY_COLUMNS),
        sensitivity=_stacked(battery.sensitivity, SENSITIVITY_COLUMNS),
        marker=study.bias.marker,
        findings=at_least(battery.findings, "note"),
    )


class _Battery:
    """The models of the battery, estimated one after the other."""

    def __init__(
        self,
        study: Study,
        answers: Answers,
        options: Mapping[str, Any],
        measurement: MeasurementStep,
        structural: StructuralStep | None,
    ) -> None:
        self.study, self.options = study, dict(options)
        self.inputs = answers.inputs_with(study.bias_items)
        self.measurement, self.structural = measurement, structural
        bias = study.bias
        self.marker = bias.marker if bias else ""
        items = study.items_of
        self.marker_items = (bias.marker_items if bias else ()) or items.get(self.marker, ())
        self.items_of = {name: names for name, names in items.items() if name != self.marker}
        self.items = [item for names in self.items_of.values() for item in names]
        self.rows: list[dict[str, Any]] = []
        self.variance: list[pd.DataFrame] = []
        self.hypotheses: list[pd.DataFrame] = []
        self.reliability: list[pd.DataFrame] = []
        self.sensitivity: list[pd.DataFrame] = []
        self.findings: list[Finding] = []

    def table(self) -> pd.DataFrame:
        """Return step one's comparison with the battery's models below it."""
        first = self.measurement.method_bias
        columns = [*first.columns, *(name for name in COMPARED_COLUMNS if name not in first)]
        before = first.assign(admissible=self.measurement.model.admissible)
        return pd.DataFrame([*before.to_dict("records"), *self.rows]).reindex(columns=columns)

    # -- method factors -----------------------------------------------------------------------

    def method_factors(self) -> None:
        """Add an unmeasured method construct to the measurement model, two ways."""
        name = syntax.unused("method", {*self.items, *self.study.constructs})
        against, previous = "Measurement model", self.measurement.model
        items_of = self.study.items_of
        items = [item for names in items_of.values() for item in names]
        for title, label, control in (
            (EQUAL, _LABEL, "method factor with equal loadings"),
            (FREE, "", "method factor with free loadings"),
        ):
            lines = syntax.method_factor(name, items, list(items_of), label)
            text = f"{self.study.measurement_model()}\n{lines}"
            model = self._estimated(title, text, against, previous)
            if model is None:
                continue
            against, previous = title, model
            if self._proper(title, model):
                split = variance_split(model.parameters, items_of, name)
                self.variance.append(split.assign(model=title))
                self.findings.append(check_method_variance(split, title))
                exogenous = self._exogenous()
                lines = syntax.method_factor(name, items, exogenous, label)
                self._hypotheses_again(control, self._structural_text(), lines)

    # -- marker -------------------------------------------------------------------------------

    def marker_technique(self) -> None:
        """Estimate the sequence of Williams, Hartman and Cavazotte."""
        scaled = {"std_lv": True}
        traits = syntax.measurement_model(self._design)
        free = f"{traits}\n{self.marker} =~ {' + '.join(self.marker_items)}"
        start = self._estimated(MARKER_CFA, free, "", None, scaled)
        if start is None or not self._proper(MARKER_CFA, start):
            return
        fixed = self._fixed_marker(start)
        apart = syntax.uncorrelated(self.marker, list(self.items_of))
        baseline = self._estimated(BASELINE, f"{traits}\n{fixed}\n{apart}", "", None, scaled)
        if baseline is None:
            return
        texts = {
            METHOD_C: syntax.loadings(self.marker, self.items, _LABEL),
            METHOD_U: syntax.loadings(self.marker, self.items),
        }
        against, kept, kept_as = BASELINE, baseline, BASELINE
        for title, loadings in texts.items():
            text = f"{traits}\n{fixed}\n{apart}\n{loadings}"
            model = self._estimated(title, text, against, kept, scaled)
            if model is not None and (title == METHOD_C or self._differs()):
                kept, kept_as = model, title
            against = kept_as
        if kept_as == BASELINE or not self._proper(kept_as, kept):
            return
        self._restricted(f"{traits}\n{fixed}\n{apart}", texts[kept_as], baseline, kept_as, kept)
        self._quantified(kept_as, kept)
        loaded = f"{fixed}\n{syntax.uncorrelated(self.marker, self._exogenous())}"
        lines = f"{loaded}\n{texts[kept_as]}"
        self._hypotheses_again(f"marker {self.marker}", self._structural_text(), lines)

    def _fixed_marker(self, start: ModelResult) -> str:
        """Return the marker with loadings and residual variances fixed at their estimates."""
        est = start.parameters.set_index(["lhs", "op", "rhs"])["est"].astype(float).to_dict()
        terms = [f"{est[self.marker, '=~', item]!r}*{item}" for item in self.marker_items]
        residuals = [f"{item} ~~ {est[item, '~~', item]!r}*{item}" for item in self.marker_items]
        return "\n".join(
            [
                f"{self.marker} =~ {' + '.join(terms)}",
                f"{self.marker} ~~ 1*{self.marker}",
                *residuals,
            ]
        )

    def _differs(self) -> bool:
        """Tell whether the model estimated last fits better than that before it."""
        return bool(self.rows[-1]["pvalue_diff"] < self.study.thresholds.significance)

    def _restricted(
        self, text: str, loadings: str, baseline: ModelResult, title: str, model: ModelResult
    ) -> None:
        """Test whether method loadings bias the correlations, and how far that could go."""
        scaled = {"std_lv": True}
        base = _correlations(baseline, list(self.items_of))
        fixed = "\n".join(f"{a} ~~ {value!r}*{b}" for (a, b), value in base.items())
        restricted = None
        if base:
            restricted = self._estimated(
                METHOD_R, f"{text}\n{loadings}\n{fixed}", title, model, scaled
            )
        found = {BASELINE: base, title: _correlations(model, list(self.items_of))}
        for name, width in SENSITIVITY.items():
            moved = self._moved_loadings(model, width)
            extreme = self._estimated(name, f"{text}\n{moved}", "", None, scaled)
            if extreme is not None:
                found[name] = _correlations(extreme, list(self.items_of))
        records = [
            (a, b, name, value) for name, phis in found.items() for (a, b), value in phis.items()
        ]
        self.sensitivity.append(pd.DataFrame(records, columns=list(SENSITIVITY_COLUMNS)))
        if restricted is not None:
            self.findings.append(self._bias_finding(title))

    def _moved_loadings(self, model: ModelResult, width: float) -> str:
        """Return method loadings fixed at the end of their interval that is far from zero."""
        rows = model.parameters
        rows = rows[(rows["op"] == "=~") & (rows["lhs"] == self.marker)].set_index("rhs")
        rows = rows.loc[self.items]
        moved = rows["est"] + np.copysign(width * rows["se"], rows["est"])
        terms = [f"{value!r}*{item}" for item, value in moved.astype(float).to_dict().items()]
        return f"{self.marker} =~ {' + '.join(terms)}"

    def _quantified(self, title: str, model: ModelResult) -> None:
        """Split variance and reliability into substance and method."""
        split = variance_split(model.parameters, self.items_of, self.marker)
        self.variance.append(split.assign(model=title))
        self.findings.append(check_method_variance(split, f"{title} ({self.marker})"))
        self.reliability.append(reliability_split(model.parameters, self.items_of, self.marker))

    def _bias_finding(self, title: str) -> Finding:
        """Say whether the marker biases the correlations of the constructs."""
        row = next(row for row in self.rows if row["model"] == METHOD_R)
        holds = not row["pvalue_diff"] < self.study.thresholds.significance
        return Finding(
            code="marker_bias",
            subject=f"{METHOD_R} against {title}",
            claim=(
                "With the correlations of the constructs held at their baseline values, "
                f"chi-square rises by {row['chisq_diff']:.2f} with {row['df_diff']:.0f} df, "
                f"{p_text(row['pvalue_diff'])}: method variance "
                f"{'does not bias' if holds else 'biases'} them noticeably."
            ),
            severity="note" if holds else "warning",
            holds=holds,
            value=float(row["pvalue_diff"]),
            threshold=self.study.thresholds.significance,
            source="williams2010",
        )

    # -- correlations -------------------------------------------------------------------------

    def adjusted(self) -> tuple[pd.DataFrame, float]:
        """Return the correlations of the scores, adjusted, and what was taken out."""
        level = self.study.thresholds.significance
        items_of = dict(self.items_of)
        if self.marker:
            items_of[self.marker] = self.marker_items
        if len(items_of) < 2:  # noqa: PLR2004  (a correlation needs two)
            return pd.DataFrame(columns=list(ADJUSTED_COLUMNS)), float("nan")
        cov, n_obs = self._covariances(items_of)
        found = scale_correlations(cov, items_of)
        given = self.study.bias.marker_correlation if self.study.bias else None
        shared = marker_correlation(found, self.marker) if given is None else given
        names = list(self.items_of)
        table = adjusted_correlations(found.loc[names, names], shared, n_obs, significance=level)
        if len(table):
            origin = "given in the study" if given is not None else self.marker
            labels = dict(self.study.labels)
            named = table.replace({"construct_a": labels, "construct_b": labels})
            self.findings.append(check_adjusted_correlations(named, shared, origin))
        return table, shared

    def _covariances(self, items_of: Mapping[str, Sequence[str]]) -> tuple[pd.DataFrame, int]:
        """Return the covariances of items and the cases behind them."""
        if set(items_of) <= set(self.study.items_of):
            model = self.measurement.model
            return model.sample, model.n_obs
        text = syntax.measurement_model(syntax.Design(items_of))
        model = cfa(text, **self.inputs, **{**self.options, "se": "none", "test": "standard"})
        return model.sample, model.n_obs

    # -- shared -------------------------------------------------------------------------------

    @property
    def _design(self) -> syntax.Design:
        """What is measured by what, without a marker among the constructs."""
        design = self.study.design
        own = [pair for pair in design.residual_covariances if set(pair) <= set(self.items)]
        return replace(design, items_of=self.items_of, residual_covariances=own)

    def _exogenous(self) -> list[str]:
        """Return the constructs that nothing explains in the structural model."""
        explained = {outcome for _, outcome in self.study.paths}
        return [name for name in self._design.constructs if name not in explained]

    def _structural_text(self) -> str:
        """Return the structural model without a marker among its constructs."""
        study = self.study
        paths = (*study.paths, *study.control_paths)
        return syntax.structural_model(self._design, paths, study.covary)

    def _estimated(
        self,
        title: str,
        text: str,
        against: str,
        previous: ModelResult | None,
        extra: Mapping[str, Any] | None = None,
    ) -> ModelResult | None:
        """Estimate a measurement model and enter it; one without a solution becomes a finding."""
        try:
            model = cfa(text, **self.inputs, **{**self.options, **(extra or {})})
        except MODEL_FAILURES as error:
            self.findings.append(_not_estimated(title, str(error)))
            return None
        if not model.converged:
            self.findings.append(_not_estimated(title, "no solution was found."))
            return None
        model = self._solved(title, model)
        fit = model.reported_fit
        row: dict[str, Any] = {"model": title, **{key: fit[key] for key in _FIT}}
        row |= {"compared_with": "", "chisq_diff": np.nan, "df_diff": np.nan, "pvalue_diff": np.nan}
        if previous is not None:
            row |= _difference(model, previous, against)
        self.rows.append({**row, "admissible": model.admissible})
        return model

    def _solved(self, title: str, model: ModelResult) -> ModelResult:
        """Return the model at its lowest proper minimum, if the lowest is improper.

        The data often hardly determine a method construct: beside a proper solution lies a lower
        one with variances far below zero, which says nothing about method.
        """
        if model.proper is None:
            return model
        self.findings.append(
            Finding(
                code="method_proper",
                subject=title,
                claim="The lowest minimum is improper; the lowest proper one is reported. The data "
                "hardly determine this model.",
                severity="warning",
                source="podsakoff2003",
            )
        )
        return model.proper

    def _proper(self, title: str, model: ModelResult) -> bool:
        """Tell whether a solution is admissible; if not, say so."""
        if model.admissible:
            return True
        serious = labelled(at_least(model.findings, "serious"), self.study.labels)
        reasons = " ".join(finding.claim for finding in serious)
        self.findings.append(
            Finding(
                code="method_inadmissible",
                subject=title,
                claim=f"The solution is inadmissible and is not interpreted. {reasons}",
                severity="warning",
                source="podsakoff2003",
                remedy="Such models are often not identified by the data; equal loadings, or a "
                "marker, ask less of them.",
            )
        )
        return False

    def _hypotheses_again(self, control: str, text: str, lines: str) -> None:
        """Re-estimate the structural model with the method construct in it."""
        if self.structural is None:
            return
        try:
            model = sem(f"{text}\n{lines}", **self.inputs, **self.options)
        except MODEL_FAILURES as error:
            self.findings.append(_not_estimated(f"Structural model, {control}", str(error)))
            return
        model = self._solved(f"Structural model, {control}", model)
        if not self._proper(f"Structural model, {control}", model):
            return
        before = self.structural.hypotheses
        after = judged_hypotheses(self.study, model)
        kept = ["hypothesis", "path", "predictor", "outcome", "sign", "std_all", "pvalue"]
        table = before[[*kept, "supported"]].assign(
            control=control,
            std_all_controlled=after["std_all"],
            pvalue_controlled=after["pvalue"],
            supported_controlled=after["supported"],
            changed=before["supported"].to_numpy() != after["supported"].to_numpy(),
        )
        self.hypotheses.append(table[list(HYPOTHESIS_COLUMNS)])
        self.findings.append(check_changed_hypotheses(table, control))


def _stacked(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Return frames below each other, or an empty one."""
    if not frames:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(frames, ignore_index=True)[list(columns)]


def _correlations(model: ModelResult, names: Sequence[str]) -> dict[tuple[str, str], float]:
    """Return the correlations of all pairs of constructs."""
    phi = model.latent_cor
    return {
        (first, second): float(phi.loc[first, second])
        for position, first in enumerate(names)
        for second in names[position + 1 :]
    }


def _difference(model: ModelResult, previous: ModelResult, against: str) -> dict[str, Any]:
    """Return the chi-square difference of two models, whichever is the more general."""
    try:
        row = compare(model, previous).iloc[-1]
    except InferenceError:
        return {}
    return {
        "compared_with": against,
        "chisq_diff": float(row["chisq_diff"]),
        "df_diff": float(row["df_diff"]),
        "pvalue_diff": float(row["pvalue"]),
    }


def _not_estimated(title: str, reason: str) -> Finding:
    """Say that a model of the battery is missing."""
    return Finding(
        code="method_not_estimated",
        subject=title,
        claim=f"The model could not be estimated: {reason}",
        severity="warning",
    )
