"""Groups and moderators of a study: invariance, paths by group, latent interactions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trustsem.errors import MODEL_FAILURES
from trustsem.findings import Finding, at_least
from trustsem.results import (
    Invariance,
    LatentInteraction,
    compare_paths,
    equal_loadings,
    interaction,
    invariance,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.study.answers import Answers
    from trustsem.study.plan import Study


def compare_groups(study: Study, answers: Answers, options: Mapping[str, Any]) -> Invariance | None:
    """Test the measurement model for invariance, and the structural model for equal paths.

    Parameters
    ----------
    study : Study
        The plan; its section ``[groups]`` names the groups.
    answers : Answers
        What is analysed.
    options : mapping
        Options of the estimation.

    Returns
    -------
    Invariance or None
        With the paths of the structural model; None where no groups are named.

    Raises
    ------
    MomentsError, SpecificationError
        If the groups cannot be analysed.
    """
    groups = study.groups
    if groups is None:
        return None
    inputs = {**answers.grouped(groups.by), **options}
    level = study.thresholds.significance
    found = invariance(
        study.measurement_model(), group=groups.by, levels=groups.levels,
        criterion=groups.criterion, partial=groups.partial, significance=level, **inputs,
    )  # fmt: skip
    if not study.hypotheses:
        return found
    freed, loadings = equal_loadings(found.levels)
    paths, notes = compare_paths(
        study.structural_model(), group=groups.by, loadings=loadings, group_partial=freed,
        significance=level, **inputs,
    )  # fmt: skip
    return replace(found, paths=paths, findings=at_least((*found.findings, *notes), "note"))


def estimate_interactions(
    study: Study, answers: Answers, options: Mapping[str, Any]
) -> tuple[dict[str, LatentInteraction], tuple[Finding, ...]]:
    """Estimate every latent interaction of a study; one that fails becomes a finding.

    Parameters
    ----------
    study : Study
        The plan.
    answers : Answers
        What is analysed.
    options : mapping
        Options of the estimation. Without an estimator of the study, it is ``"MLR"``.

    Returns
    -------
    (dict of str to LatentInteraction, tuple of Finding)
    """
    found: dict[str, LatentInteraction] = {}
    findings: list[Finding] = []
    for name, entry in study.interactions.items():
        try:
            found[name] = interaction(
                study.structural_model(), formula=entry.formula, products=entry.products,
                significance=study.thresholds.significance, **answers.inputs, **options,
            )  # fmt: skip
        except MODEL_FAILURES as error:
            claim = f"The interaction {entry.formula} could not be estimated: {error}"
            findings.append(Finding("interaction_failed", name, claim, severity="warning"))
            continue
        findings += [replace(item, subject=f"{name}: {item.subject}")
                     for item in found[name].findings]  # fmt: skip
    return found, tuple(findings)
