"""Sections for those who ask: method bias, groups, interactions, bootstrap, cut-offs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from trustsem.findings import Finding, labelled
from trustsem.report.blocks import (
    Block,
    Builder,
    Draw,
    Figure,
    Heading,
    Section,
    chart,
)
from trustsem.report.study_tables import labels
from trustsem.results.group_tables import paths_table
from trustsem.tables import Table

if TYPE_CHECKING:
    from trustsem.results import DynamicCutoffs, LatentInteraction
    from trustsem.study import StudyResult
    from trustsem.study.cutoffs import StudyCutoffs

Show = Callable[[Iterable[Finding]], Iterable[Block]]
"""Returns findings as blocks."""

INTERACTION = "interaction-"
"""What the names of the figures of interactions begin with; their number follows."""


def further_sections(result: StudyResult, show: Show, draw: Draw) -> list[Section]:
    """Return the sections that the study asked for.

    Parameters
    ----------
    result : StudyResult
        The study.
    show : callable
        Returns findings as blocks.
    draw : callable
        Returns a figure by its name.
    """
    sections = []
    if result.method is not None:
        method = result.method
        parts = _parts(method.findings, partial(method.tables, labels(result)), show)
        sections.append(Section("method", "Common Method Variance", parts))
    if result.invariance is not None:
        found = result.invariance
        parts = [
            *_parts(found.findings, partial(_group_tables, result), show),
            chart("invariance", "Fit by Level of Invariance", draw),
            chart("groups", "Paths of the Groups With 95% Intervals", draw),
        ]
        sections.append(Section("groups", f"Groups of {found.by}", parts))
    if result.interactions is not None:
        sections.append(_interactions_section(result, result.interactions, show, draw))
    if result.resampled is not None:
        resampled = result.resampled
        parts = [
            *_parts(resampled.findings, partial(resampled.tables, labels(result)), show),
            chart("bootstrap", "Bootstrap Distributions of the Hypothesised Effects", draw),
        ]
        sections.append(Section("bootstrap", "Bootstrap Intervals", parts))
    if result.cutoffs is not None:
        sections.append(_cutoffs_section(result, result.cutoffs, show, draw))
    return sections


def further_sources(result: StudyResult) -> set[str]:
    """Return the keys of the references that notes of these sections cite."""
    sources: set[str] = set()
    if result.method is not None:
        sources |= {"podsakoff2003", "howard2024", "richardson2009", "lindell2001"}
        sources |= {"williams2010"} if result.method.marker else set()
    if result.invariance is not None:
        sources |= {"cheung2002", "chen2007", "byrne1989", "hancock2001means"}
    if result.interactions is not None:
        sources |= {"lin2010", "wen2010", "johnson1936"}
    if result.cutoffs is not None:
        sources |= {"mcneish2023", "mcneish2023one"}
    if result.resampled is not None:
        sources |= {"efron1979", "efron1987", "bollen1992"}
        sources |= {"zhang2016"} if result.resampled.measurement.kind == "nonparametric" else set()
        kinds = {bootstrap.kind for bootstrap in result.resampled.exact.values()}
        sources |= {"davison1997"} if "parametric" in kinds else set()
    return sources


def chart_of(result: StudyResult, name: str) -> tuple[str, LatentInteraction]:
    """Return the interaction that a figure's name stands for, with its own name.

    Raises
    ------
    LookupError
        If there is none.
    """
    number = int(name.removeprefix(INTERACTION)) - 1
    return list((result.interactions or {}).items())[number]


def _parts(
    findings: Iterable[Finding], tables: Callable[[], list[Table]], show: Show
) -> list[tuple[str, Builder]]:
    """Return a section's parts: findings, then tables."""
    return [("findings", lambda: show(findings)), ("tables", tables)]


def _group_tables(result: StudyResult) -> list[Table]:
    """Return the tables of the groups, with the names of the hypotheses beside the paths."""
    found = result.invariance
    if found is None:
        return []
    names = {
        (item.predictor, item.outcome): item.name
        for item in result.study.hypotheses
        if not item.via
    }
    tables = [table for table in found.tables(labels(result)) if table.name != "group-paths"]
    if len(found.paths):
        tables.append(paths_table(found.paths, labels(result), names))
    return tables


def _cutoffs_section(result: StudyResult, cutoffs: StudyCutoffs, show: Show, draw: Draw) -> Section:
    """Return the section of the cut-offs, the figure of each model after its tables."""

    def tables(step: str, found: DynamicCutoffs) -> list[Table]:
        return found.tables(labels(result), name=f"cutoffs-{step}", of=f"{step} model")

    parts: list[tuple[str, Builder]] = [("findings", lambda: show(cutoffs.findings))]
    for step, found in cutoffs.models.items():
        title = f"Fit of the {step.capitalize()} Model in Simulated Samples, by Level"
        figure = "cutoffs" if step == "measurement" else "structural_cutoffs"
        parts += [
            (f"tables of the {step} model", partial(tables, step, found)),
            chart(figure, title, draw),
        ]
    return Section("cutoffs", "Cut-Offs for These Models and This Sample Size", parts)


def _interactions_section(
    result: StudyResult,
    interactions: Mapping[str, LatentInteraction],
    show: Show,
    draw: Draw,
) -> Section:
    """Return the section of all interactions."""
    names = labels(result)

    def blocks(number: int, name: str, found: LatentInteraction) -> Iterator[Block]:
        title = f"{names.get(found.predictor)} × {names.get(found.moderator)}"
        yield Heading(f"{name}: {title} → {names.get(found.outcome)}")
        yield from show(labelled(found.findings, names))
        effects, slopes = found.tables(names)
        yield effects
        yield slopes
        figure = f"{INTERACTION}{number}"
        yield Figure(figure, f"{title}: Simple Slopes and Region of Significance", draw(figure))

    parts: list[tuple[str, Builder]] = [
        (f"interaction {name}", partial(blocks, number, name, found))
        for number, (name, found) in enumerate(interactions.items(), start=1)
    ]
    return Section("interactions", "Latent Interactions", parts)
