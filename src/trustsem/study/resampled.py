"""Both steps from one set of bootstrap resamples: how sure everything is, without normal theory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trustsem.errors import ResamplingError
from trustsem.findings import Finding, labelled
from trustsem.inference import (
    ARROW,
    Effect,
    implied_effects,
    specific_effects,
    transmitted_effects,
)
from trustsem.results import Bootstrap, ModelResult, Replicates, Wish, run_bootstraps
from trustsem.study.constructs import measured_at
from trustsem.study.resampled_tables import resampled_tables, shown_intervals
from trustsem.tables import Page, Shown, Table
from trustsem.validity.constructs import (
    MODEL_INDICES,
    MOMENT_INDICES,
    model_indices,
    moment_indices,
)
from trustsem.validity.heterotrait import (
    HTMT_COLUMNS,
    heterotrait_monotrait_of_covariances,
    memberships,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustsem.arrays import Floats
    from trustsem.estimation import Problem
    from trustsem.simulation import Report, Solutions, StatisticOf
    from trustsem.study.measurement import MeasurementStep
    from trustsem.study.plan import Study
    from trustsem.study.structural import StructuralStep

METHODS = ("percentile", "bc", "bca")
"""Intervals of the nonparametric bootstrap; the parametric one has no jackknife, hence no BCa."""

EXACT_FIT = 1000
"""Resamples under exact fit, at most: enough for a p-value of .05 to be known within .014."""


@dataclass(frozen=True, repr=False)
class Resampled(Shown):
    """What a bootstrap says of a study.

    Parameters
    ----------
    measurement : Bootstrap
        The measurement model on every resample.
    structural : Bootstrap or None
        The structural model on the same resamples; None without hypotheses.
    reliability : DataFrame
        A row per construct and index: ``construct statistic est se bias``, limits
        ``<method>_ci_lower``, ``<method>_ci_upper``, and ``criterion`` with ``probability``, the
        share of resamples that meet it.
    discriminant : DataFrame
        The same per pair of constructs (``construct_a construct_b``): phi and the three ratios.
    hypotheses : DataFrame
        A row per hypothesis: ``hypothesis path``, then the numbers of ``effects``.
    effects : DataFrame
        Direct, indirect, total and specific effects: ``predictor outcome kind chain est se bias
        <method>_ci_lower ...`` and the same with ``std_``, standardised.
    fit : DataFrame
        A row per step and fit measure: ``step measure est``, then ``mean sd lower upper`` of the
        resamples (NaN where models are estimated from the cases themselves, for their cost) and
        the same with ``exact_`` of resamples under exact fit, and ``pvalue``, the share of the
        latter that fit as badly as the sample, or worse.
    exact : mapping of str to Bootstrap
        The resamples under exact fit by step: Bollen-Stine's, or parametric ones where those are
        not defined.
    findings : tuple of Finding
        Failed and inadmissible resamples.
    """

    measurement: Bootstrap
    structural: Bootstrap | None
    reliability: pd.DataFrame
    discriminant: pd.DataFrame
    hypotheses: pd.DataFrame
    effects: pd.DataFrame
    fit: pd.DataFrame
    exact: Mapping[str, Bootstrap]
    findings: tuple[Finding, ...]

    @property
    def models(self) -> dict[str, Bootstrap]:
        """The bootstraps of the steps by the name of the step."""
        second = {} if self.structural is None else {"structural": self.structural}
        return {"measurement": self.measurement, **second}

    @property
    def method(self) -> str:
        """The interval that tables, charts and sentences show."""
        return shown_intervals(self.measurement.kind)[0]

    @property
    def counts(self) -> pd.DataFrame:
        """How the resamples of each step ended: ``step kind n failed inadmissible seed``."""
        return pd.DataFrame(
            [
                {
                    "step": step,
                    "kind": bootstrap.kind,
                    "n": bootstrap.n,
                    "failed": bootstrap.n_failed,
                    "inadmissible": bootstrap.n_inadmissible,
                    "seed": bootstrap.seed,
                }
                for found in (self.models, self.exact)
                for step, bootstrap in found.items()
            ]
        ).drop_duplicates(ignore_index=True)

    def tables(self, labels: Mapping[str, str]) -> list[Table]:
        """Return the tables of a report."""
        return list(resampled_tables(self, labels))

    def _page(self) -> Page:
        """Return heading, findings and tables."""
        first = self.measurement
        lost = ", ".join(
            f"{step} {bootstrap.n_failed} failed, {bootstrap.n_inadmissible} inadmissible"
            for step, bootstrap in self.models.items()
        )
        heading = f"Bootstrap ({first.kind}): {first.n} resamples, seed {first.seed}; {lost}"
        return Page(((heading, *map(str, self.findings)), *self.tables({})))


def resample(
    measurement: MeasurementStep,
    structural: StructuralStep | None,
    study: Study,
    *,
    n: int,
    seed: int,
    workers: int = 1,
    report: Report | None = None,
) -> tuple[Resampled | None, tuple[Finding, ...]]:
    """Estimate both steps again from the same resamples.

    Parameters
    ----------
    measurement, structural : MeasurementStep, StructuralStep or None
        What the two steps found.
    study : Study
        The plan.
    n : int
        Number of resamples; 0 for none.
    seed : int
        Their seed.
    workers : int
        Processes.
    report : callable, optional
        Called with the number of finished and of all parts.

    Returns
    -------
    Resampled or None
        None where there is nothing to resample.
    tuple of Finding
        What a reader must know, the reason for None among it.

    Notes
    -----
    Cases are drawn with replacement [efron1979]_; from a printed matrix, normal samples
    [davison1997]_. Fit is judged by further resamples, in whose population the model holds
    [bollen1992]_, [savalei2009]_.
    """
    if not n:
        return None, ()
    (sample,) = measurement.model.estimate.problem.samples
    kind = "parametric" if sample.data is None else "nonparametric"
    asked = _Asked.of(study, measurement, structural)
    try:
        bootstraps = run_bootstraps(asked.wishes, kind, n, seed, workers=workers, report=report)
        exact, notes = _exact_fit(asked, bootstraps, seed, workers, report)
        found = _resampled(study, asked, bootstraps, exact, notes)
    except ResamplingError as error:
        return None, (_without("intervals", str(error)),)
    return found, found.findings


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is computed from each resample of the two models."""

    models: dict[str, ModelResult]
    indices: StatisticOf
    pairs: StatisticOf
    effects: StatisticOf | None

    @classmethod
    def of(
        cls, study: Study, measurement: MeasurementStep, structural: StructuralStep | None
    ) -> _Asked:
        """Say what is reported of the steps of a study."""
        models = {"measurement": measurement.model}
        effects = None
        if structural is not None:
            models["structural"] = structural.model
            effects = _effect_values(structural.model)
        indices = _index_values(study, measurement.model)
        return cls(models, indices, _pair_values(study, measurement.model), effects)

    @property
    def wishes(self) -> list[Wish]:
        """The models with their statistics."""
        of_step = {
            "measurement": (self.indices, self.pairs),
            "structural": () if self.effects is None else (self.effects,),
        }
        return [
            Wish(
                model.estimate,
                of_step[step],
                fit=not model.estimate.problem.by_cases,  # where it would cost as much as all else
                by=model.errors_by,
            )
            for step, model in self.models.items()
        ]


def _exact_fit(
    asked: _Asked,
    bootstraps: Sequence[Bootstrap],
    seed: int,
    workers: int,
    report: Report | None,
) -> tuple[dict[str, Bootstrap], tuple[Finding, ...]]:
    """Return resamples of each step from populations in which its model holds."""
    first = bootstraps[0]
    steps = list(asked.models)
    if first.kind == "parametric":
        return dict(zip(steps, bootstraps, strict=True)), ()
    kind = "parametric" if first.estimate.problem.table.ordered else "bollen-stine"
    wishes = [Wish(model.estimate, fit=True) for model in asked.models.values()]
    n = min(first.n, EXACT_FIT)
    try:
        found = run_bootstraps(wishes, kind, n, seed, workers=workers, report=report)
    except ResamplingError as error:
        return {}, (_without("test of fit", str(error)),)
    return dict(zip(steps, found, strict=True)), ()


def _resampled(
    study: Study,
    asked: _Asked,
    bootstraps: Sequence[Bootstrap],
    exact: Mapping[str, Bootstrap],
    notes: tuple[Finding, ...],
) -> Resampled:
    """Compute everything from the resamples of both models."""
    first, *others = bootstraps
    second = others[0] if others else None
    effects = pd.DataFrame()
    if second is not None and asked.effects is not None:
        effects = _effects(second, asked.effects)
    steps = dict(zip(asked.models, bootstraps, strict=True))
    found = [*_findings_of(steps, "bootstrap")]
    if first.kind != "parametric":
        found += _findings_of(exact, "resamples under exact fit")
    return Resampled(
        measurement=first,
        structural=second,
        reliability=_reliability(study, first, asked.indices),
        discriminant=_discriminant(study, first, asked.pairs),
        hypotheses=_hypotheses(study, effects),
        effects=effects,
        fit=_fit(steps, exact),
        exact=exact,
        findings=labelled([*found, *notes], study.labels),
    )


def _findings_of(steps: Mapping[str, Bootstrap], what: str) -> Iterator[Finding]:
    """Yield what is to be known of the resamples of each step."""
    for step, bootstrap in steps.items():
        for finding in bootstrap.findings:
            yield replace(finding, subject=f"{what} of the {step} model")


def _fit(steps: Mapping[str, Bootstrap], exact: Mapping[str, Bootstrap]) -> pd.DataFrame:
    """Tabulate the fit of both steps in the sample, in resamples, and under exact fit."""
    spread = ["mean", "sd", "lower", "upper"]
    frames = []
    for step, bootstrap in steps.items():
        blank = bootstrap.sample_fit.to_frame("est").assign(
            **dict.fromkeys([*spread, "pvalue"], np.nan)
        )
        exactly = bootstrap.kind == "parametric"  # these are resamples under exact fit
        own = blank if exactly or bootstrap.stored_fit is None else bootstrap.fit
        under = exact[step].fit if step in exact else blank
        joined = own[["est", *spread]].join(under[spread].add_prefix("exact_"))
        joined = joined.assign(pvalue=under["pvalue"]).reset_index()
        joined.insert(0, "step", step)
        frames.append(joined)
    return pd.concat(frames, ignore_index=True)


def _index_values(study: Study, model: ModelResult) -> StatisticOf:
    """Return the function that computes the indices of every construct."""
    items_of = study.items_of

    def indices(stack: Solutions) -> Floats:
        measured = measured_at(model, items_of, stack.params, stack.S[0])
        values = [
            moment_indices(measured.S, measured.members),
            model_indices(measured, residual_covariances=False),  # Fornell & Larcker's formula
        ]
        return np.concatenate(values, axis=-1).reshape(len(stack.params), -1)

    return indices


def _reliability(study: Study, bootstrap: Bootstrap, indices: StatisticOf) -> pd.DataFrame:
    """Tabulate the indices of every construct."""
    items_of, limits = study.items_of, study.thresholds
    statistics = (*MOMENT_INDICES, *MODEL_INDICES)
    keys = pd.DataFrame(
        [(construct, statistic) for construct in items_of for statistic in statistics],
        columns=["construct", "statistic"],
    )
    least = {"alpha": limits.alpha, "cr": limits.cr, "ave": limits.ave, "ave_msv": 0.0}
    criteria = np.asarray(keys["statistic"].map(least), dtype=float)
    values = bootstrap.statistic(indices)
    return keys.join(_numbers(values)).assign(
        criterion=criteria, probability=_share(values.values, criteria, np.greater_equal)
    )


def _pair_values(study: Study, model: ModelResult) -> StatisticOf:
    """Return the function that computes correlations and ratios of every pair of constructs."""
    items_of = study.items_of
    _, membership = memberships(items_of)
    rows, cols = np.tril_indices(len(items_of), -1)

    def pairs(stack: Solutions) -> Floats:
        measured = measured_at(model, items_of, stack.params, stack.S[0])
        ratios = (
            heterotrait_monotrait_of_covariances(measured.S, membership, kind)
            for kind in HTMT_COLUMNS
        )
        matrices = [measured.correlations(), *ratios]
        return np.concatenate([matrix[..., rows, cols] for matrix in matrices], axis=-1)

    return pairs


def _discriminant(study: Study, bootstrap: Bootstrap, pairs: StatisticOf) -> pd.DataFrame:
    """Tabulate the correlation of every pair of constructs, and the three ratios."""
    names, limits = list(study.items_of), study.thresholds
    rows, cols = np.tril_indices(len(names), -1)
    keys = pd.DataFrame(
        [(names[j], names[i], name) for name in ("phi", *HTMT_COLUMNS.values())
         for i, j in zip(rows, cols, strict=True)],
        columns=["construct_a", "construct_b", "statistic"],
    )  # fmt: skip
    most = {"phi": limits.phi_severe} | dict.fromkeys(HTMT_COLUMNS.values(), limits.htmt)
    criteria = np.asarray(keys["statistic"].map(most), dtype=float)
    values = bootstrap.statistic(pairs)
    return keys.join(_numbers(values)).assign(
        criterion=criteria, probability=_share(np.abs(values.values), criteria, np.less)
    )


def _effects_of(problem: Problem) -> list[Effect]:
    """Return the effects that are tabulated."""
    return [*transmitted_effects(problem), *specific_effects(problem)]


def _effect_values(model: ModelResult) -> StatisticOf:
    """Return the function that computes every effect, raw and standardised."""
    effects = _effects_of(model.estimate.problem)

    def values(stack: Solutions) -> Floats:
        (implied,) = stack.implied
        return implied_effects(implied, effects)

    return values


def _effects(bootstrap: Bootstrap, values: StatisticOf) -> pd.DataFrame:
    """Tabulate every effect, raw and standardised."""
    problem = bootstrap.estimate.problem
    names, effects = problem.structures[0].eta, _effects_of(problem)
    keys = pd.DataFrame(
        [_described(effect, names) for effect in effects],
        columns=["predictor", "outcome", "kind", "chain"],
    )
    numbers = _numbers(bootstrap.statistic(values))
    raw, std = numbers.iloc[: len(effects)], numbers.iloc[len(effects) :]
    std = std.reset_index(drop=True).add_prefix("std_").rename(columns={"std_est": "std"})
    return keys.join(raw).join(std)


def _described(effect: Effect, names: Sequence[str]) -> tuple[str, str, str, str]:
    """Return the ends of an effect, its kind, and the chain that it runs along, if it is one."""
    chain = ARROW.join(names[position] for position in effect.chain)
    one = effect.kind in ("direct", "specific")
    return names[effect.source], names[effect.target], effect.kind, chain if one else ""


def _hypotheses(study: Study, effects: pd.DataFrame) -> pd.DataFrame:
    """Return the effect that each hypothesis is about."""
    if not len(effects):
        return pd.DataFrame()
    by_chain = effects.drop_duplicates("chain").set_index("chain")
    chains = {item.name: ARROW.join(item.chain) for item in study.hypotheses}
    found = by_chain.reindex(list(chains.values())).drop(columns=["predictor", "outcome", "kind"])
    found = found.reset_index(names="path")
    found.insert(0, "hypothesis", list(chains))
    return found


def _numbers(values: Replicates) -> pd.DataFrame:
    """Return estimates, errors, bias and the limits of every interval, one row per statistic."""
    columns = {"est": values.estimate, "se": values.se, "bias": values.bias}
    for method in METHODS:
        try:
            lower, upper = values.interval(method)
        except ResamplingError:
            lower = upper = np.full(values.estimate.shape, np.nan)
        columns |= {f"{method}_ci_lower": lower, f"{method}_ci_upper": upper}
    return pd.DataFrame(columns)


def _share(values: Floats, criteria: Floats, relation: np.ufunc) -> Floats:
    """Return the share of resamples that meet a criterion, of those where the statistic exists."""
    exists = np.isfinite(values)
    meets = relation(np.where(exists, values, 0.0), criteria) & exists
    number = exists.sum(axis=0)
    share = meets.sum(axis=0) / np.where(number, number, np.nan)
    return np.where(np.isnan(criteria), np.nan, share)


def _without(what: str, reason: str) -> Finding:
    """Return the finding that something of the bootstrap is missing, and why."""
    are = "are" if what.endswith("s") else "is"
    return Finding(
        code="no_bootstrap",
        subject="bootstrap",
        claim=f"There {are} no bootstrap {what}: {reason}",
        severity="warning",
    )
