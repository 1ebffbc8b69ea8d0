"""The report as a Word document: real tables, figures as PNG with their SVG attached.

Every paragraph has a named style, so that a journal's template can change how it looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatchmethod
from pathlib import Path

from trustsem.findings import Finding
from trustsem.report.blocks import (
    Block,
    Callout,
    Chapter,
    Composed,
    Definitions,
    Facts,
    Figure,
    Findings,
    Heading,
    Listing,
    Paragraph,
    References,
    written,
)
from trustsem.report.definitions import short_citation
from trustsem.report.front import Front
from trustsem.report.pages import turned
from trustsem.tables import Table
from trustsem.tables.paper import WORD_PAPER, setting
from trustsem.tables.word import clean, paragraph_xml, raw_paragraph_xml, sheet_xml
from trustsem.tables.word_file import WordFile
from trustsem.typesetting import Rich, plain, typeset

FIGURE_NUMBER, FIGURE_TITLE = "Figure Number", "Figure Title"
FIGURE, FIGURE_NOTE = "Figure", "Figure Note"
CALLOUT, FINDING, DEFINITION, REFERENCE = "Callout", "Finding", "Definition", "Reference Entry"
LISTING_TITLE, LISTING, FACT, PROVENANCE = "Listing Title", "Listing", "Fact", "Provenance"
HINT = "Hint"
MISSING = "Parts of this report could not be made:"


def word_report(front: Front, composed: Composed, failures: list[str], figures: Path) -> bytes:
    """Return the report as a Word document.

    Parameters
    ----------
    front : Front
        What stands first.
    composed : Composed
        The sections.
    failures : list of str
        What is missing so far; gets a line for each block that cannot be written.
    figures : Path
        Directory that holds each figure as PNG and SVG.
    """
    file = WordFile(clean(_title(front)), notice=clean(front.notice))
    writer = _Writer(file, figures)
    pages = [page for chapter in composed.chapters for page in writer.chapter(chapter, failures)]
    file.add(*_opening(front))
    if failures:
        file.add(_callout(Callout("failure", MISSING, tuple(failures))))
    for landscape, content in pages:
        file.turn(landscape=landscape)
        file.add(content)
    return file.to_bytes()


def _title(front: Front) -> str:
    return f"{'[Synthetic data] ' * front.synthetic}{front.title}"


def _opening(front: Front) -> Iterator[str]:
    """Yield notice, title, verdicts, banners and facts."""
    if front.notice:
        yield _callout(Callout("synthetic", front.notice))
    yield paragraph_xml(front.method, HINT, keep=True)
    yield paragraph_xml(_title(front), "Title")
    if front.reference:
        yield paragraph_xml(front.reference, HINT)
    for judgement in front.judgements:
        lead = plain(f"{judgement.step}: {judgement.outcome}. ", bold=True)
        yield paragraph_xml((*lead, *judgement.text), "Normal")
    yield from map(_callout, front.banners)
    for name, value in front.facts:
        yield paragraph_xml(value, FACT, lead=plain(name, bold=True))


def _callout(block: Callout) -> str:
    heading = paragraph_xml(plain(block.heading, bold=True), CALLOUT, keep=bool(block.lines))
    return heading + "".join(paragraph_xml(line, CALLOUT) for line in block.lines)


class _Writer:
    """Writes blocks, each for the page that it stands on."""

    def __init__(self, file: WordFile, figures: Path) -> None:
        self._file = file
        self._figures = figures
        self._turned: set[int] = set()

    def chapter(self, chapter: Chapter, failures: list[str]) -> Iterator[tuple[bool, str]]:
        """Yield the heading and the blocks, and whether the page of each is turned."""
        title = Heading(chapter.title)
        blocks = (title, *chapter.blocks)
        ways = turned(blocks, WORD_PAPER)
        self._turned = {id(block) for block, way in zip(blocks, ways, strict=True) if way}
        yield ways[0], paragraph_xml(chapter.title, "Heading 1")
        yield from written(chapter, self._placed, failures)

    def _placed(self, block: Block) -> tuple[bool, str]:
        return id(block) in self._turned, self._xml(block)

    @singledispatchmethod
    def _xml(self, block: Block) -> str:
        raise TypeError(f"A report has no block of type {type(block).__name__}.")

    @_xml.register
    def _(self, block: Table) -> str:
        landscape = id(block) in self._turned
        return "".join(sheet_xml(setting(block.sheet(), WORD_PAPER, landscape=landscape)))

    @_xml.register
    def _(self, block: Figure) -> str:
        png = (self._figures / f"{block.name}.png").read_bytes()
        svg = (self._figures / f"{block.name}.svg").read_bytes()
        picture = self._file.picture(
            png, svg, clean(block.drawing.description), landscape=id(block) in self._turned
        )
        parts = [
            paragraph_xml(f"Figure {block.number}", FIGURE_NUMBER),
            paragraph_xml(block.title, FIGURE_TITLE),
            raw_paragraph_xml(picture, FIGURE, keep=bool(block.note)),
        ]
        if block.note:
            note = (*plain("Note. ", italic=True), *typeset(block.note))
            parts.append(paragraph_xml(note, FIGURE_NOTE))
        return "".join(parts)

    @_xml.register
    def _(self, block: Heading) -> str:
        return paragraph_xml(block.text, "Heading 2")

    @_xml.register
    def _(self, block: Paragraph) -> str:
        return paragraph_xml(block.text, HINT if block.style == "hint" else "Normal")

    @_xml.register
    def _(self, block: Callout) -> str:
        return _callout(block)

    @_xml.register
    def _(self, block: Findings) -> str:
        lines = [
            paragraph_xml(_finding(finding), FINDING, lead=finding.severity.upper())
            for finding in block.shown
        ]
        lines += [paragraph_xml(block.left_out, HINT)] if block.left_out else []
        return "".join(lines)

    @_xml.register
    def _(self, block: Listing) -> str:
        lines = (paragraph_xml(line, LISTING) for line in block.text.splitlines())
        return paragraph_xml(block.title, LISTING_TITLE) + "".join(lines)

    @_xml.register
    def _(self, block: Definitions) -> str:
        return "".join(
            paragraph_xml(
                (
                    *plain(f"{item.term}. ", bold=True),
                    *plain(f"{item.meaning}: "),
                    *item.formula,
                    *plain(f" ({item.source})"),
                ),
                DEFINITION,
            )
            for item in block.items
        )

    @_xml.register
    def _(self, block: Facts) -> str:
        return "".join(paragraph_xml(value, PROVENANCE, lead=name) for name, value in block.rows)

    @_xml.register
    def _(self, block: References) -> str:
        return "".join(paragraph_xml(text, REFERENCE) for text in block.texts)


def _finding(finding: Finding) -> Rich:
    """Return a finding as one paragraph."""
    return (
        *plain(f"{finding.name}. ", bold=True),
        *typeset(finding.claim),
        *plain(f" {finding.remedy}" if finding.remedy else "", italic=True),
        *plain(f" ({short_citation(finding.source)})" if finding.source else ""),
    )
