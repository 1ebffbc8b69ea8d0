"""Sections for those who ask: bias, groups, bootstrap, influence, power, choices, ..."""

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
from trustsem.study.multiverse_analysis import least_agreed
from trustsem.study.multiverse_tables import IN_THE_APPENDIX
from trustsem.tables import Table

if TYPE_CHECKING:
    from trustsem.results import DynamicCutoffs, LatentInteraction
    from trustsem.study import Multiverse, StudyResult
    from trustsem.study.cutoffs import StudyCutoffs
    from trustsem.study.influence import StudyInfluence

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
    if result.influence is not None:
        sections.append(_influence_section(result, result.influence, show, draw))
    if result.multiverse is not None:
        explored = result.multiverse
        parts = [
            *_parts(explored.findings, partial(_multiverse_tables, explored, appendix=False), show),
            chart("curves", "Specification Curves of All Hypotheses", draw),
            chart("multiverse", _curve_title(explored), draw),
        ]
        sections.append(Section("multiverse", "Multiverse", parts))
    if result.power is not None:
        power = result.power
        parts = [
            *_parts(power.findings, partial(power.tables, labels(result)), show),
            chart("power", "Power by Number of Cases", draw),
        ]
        sections.append(Section("power", "Power and Precision", parts))
    return sections


def _influence_section(
    result: StudyResult, found: StudyInfluence, show: Show, draw: Draw
) -> Section:
    """Return how much rests on single respondents."""
    parts = [*_parts(found.findings, partial(found.tables, labels(result)), show)]
    if len(found.hypotheses):
        parts.append(chart("fragility", "Hypothesised Effects Without Single Respondents", draw))
    step = "Measurement" if found.structural is None else "Structural"
    title = f"Generalised Cook's Distance of Each Respondent, {step} Model"
    parts.append(chart("influence", title, draw))
    return Section("influence", "Influence of Single Respondents", parts)


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
        moved = "bollen-stine" in kinds and result.measurement.model.options.incomplete
        sources |= {"savalei2009"} if moved else set()
    if result.influence is not None:
        sources |= {"pek2011", "cook1977", "belsley1980"}
        sources |= {"broderick2020"} if len(result.influence.fragility) else set()
    if result.multiverse is not None:
        sources |= {"steegen2016", "simonsohn2020"}
    if result.power is not None:
        sources |= {"muthen2002power", "maccallum1996", "hoenig2001"}
    return sources


def further_appendix(result: StudyResult) -> list[tuple[str, Builder]]:
    """Return the parts that these sections leave to the appendix."""
    if result.multiverse is None:
        return []
    return [("specifications", partial(_multiverse_tables, result.multiverse, appendix=True))]


def _multiverse_tables(found: Multiverse, *, appendix: bool) -> list[Table]:
    """Return the tables of a multiverse that stand in its section, or those of the appendix."""
    return [table for table in found.tables() if (table.name in IN_THE_APPENDIX) == appendix]


def _curve_title(found: Multiverse) -> str:
    """Return the title of the curve that is shown: of the hypothesis least agreed on."""
    return f"Specification Curve of {least_agreed(found.agreement)}"


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
