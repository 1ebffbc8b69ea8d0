"""Both steps from one set of bootstrap resamples: how sure everything is, without normal theory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from trustsem.results import Bootstrap, ModelResult, Replicates
from trustsem.study.constructs import measured_at
from trustsem.study.resampled_tables import resampled_tables
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
    from trustsem.simulation import Solutions
    from trustsem.study.measurement import MeasurementStep
    from trustsem.study.plan import Study
    from trustsem.study.structural import StructuralStep

METHODS = ("percentile", "bc", "bca")
"""Intervals of the nonparametric bootstrap; the parametric one has no jackknife, hence no BCa."""


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
    findings : tuple of Finding
        Failed and inadmissible resamples.
    """

    measurement: Bootstrap
    structural: Bootstrap | None
    reliability: pd.DataFrame
    discriminant: pd.DataFrame
    hypotheses: pd.DataFrame
    effects: pd.DataFrame
    findings: tuple[Finding, ...]

    def tables(self, labels: Mapping[str, str]) -> list[Table]:
        """Return the tables of a report."""
        return list(resampled_tables(self, labels))

    def _page(self) -> Page:
        """Return heading, findings and tables."""
        first = self.measurement
        heading = f"Bootstrap ({first.kind}): {first.n} resamples, seed {first.seed}"
        return Page(((heading, *map(str, self.findings)), *self.tables({})))


def resample(
    measurement: MeasurementStep,
    structural: StructuralStep | None,
    study: Study,
    *,
    n: int,
    seed: int,
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

    Returns
    -------
    Resampled or None
        None where there is nothing to resample.
    tuple of Finding
        What a reader must know, the reason for None among it.

    Notes
    -----
    Cases are drawn with replacement [efron1979]_; from a printed matrix, normal samples
    [davison1997]_.
    """
    if not n:
        return None, ()
    (sample,) = measurement.model.estimate.problem.samples
    kind = "parametric" if sample.data is None else "nonparametric"
    try:
        first = measurement.model.bootstrap(n, seed, kind)
        second = None if structural is None else structural.model.bootstrap(n, seed, kind)
        found = _resampled(study, measurement.model, first, second)
    except ResamplingError as error:
        return None, (_without(str(error)),)
    return found, found.findings


def _resampled(
    study: Study, model: ModelResult, first: Bootstrap, second: Bootstrap | None
) -> Resampled:
    """Compute everything from the resamples of both models."""
    effects = _effects(second) if second is not None else pd.DataFrame()
    found = [*first.findings, *(second.findings if second is not None else ())]
    return Resampled(
        measurement=first,
        structural=second,
        reliability=_reliability(study, model, first),
        discriminant=_discriminant(study, model, first),
        hypotheses=_hypotheses(study, effects),
        effects=effects,
        findings=labelled(dict.fromkeys(found), study.labels),
    )


def _reliability(study: Study, model: ModelResult, bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate the indices of every construct."""
    items_of, limits = study.items_of, study.thresholds

    def indices(stack: Solutions) -> Floats:
        measured = measured_at(model, items_of, stack.params, stack.S[0])
        values = [
            moment_indices(measured.S, measured.members),
            model_indices(measured, residual_covariances=False),  # Fornell & Larcker's formula
        ]
        return np.concatenate(values, axis=-1).reshape(len(stack.params), -1)

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


def _discriminant(study: Study, model: ModelResult, bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate the correlation of every pair of constructs, and the three ratios."""
    items_of, limits = study.items_of, study.thresholds
    names = list(items_of)
    _, membership = memberships(items_of)
    rows, cols = np.tril_indices(len(names), -1)

    def pairs(stack: Solutions) -> Floats:
        measured = measured_at(model, items_of, stack.params, stack.S[0])
        ratios = (
            heterotrait_monotrait_of_covariances(measured.S, membership, kind)
            for kind in HTMT_COLUMNS
        )
        matrices = [measured.correlations(), *ratios]
        return np.concatenate([matrix[..., rows, cols] for matrix in matrices], axis=-1)

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


def _effects(bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate every effect, raw and standardised."""
    problem = bootstrap.estimate.problem
    names = problem.structures[0].eta
    effects = [*transmitted_effects(problem), *specific_effects(problem)]

    def values(stack: Solutions) -> Floats:
        (implied,) = stack.implied
        return implied_effects(implied, effects)

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


def _without(reason: str) -> Finding:
    """Return the finding that there is no bootstrap, and why."""
    return Finding(
        code="no_bootstrap",
        subject="bootstrap",
        claim=f"There are no bootstrap intervals: {reason}",
        severity="warning",
    )
