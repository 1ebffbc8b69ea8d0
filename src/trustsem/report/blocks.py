"""What a report is made of: sections of blocks, numbered in order, each failing for itself.

Blocks say what is shown; how it looks is decided by the writers of HTML, Word, LaTeX and Markdown,
which know every kind of block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from trustsem.errors import PlanError
from trustsem.findings import Finding
from trustsem.tables import Table
from trustsem.typesetting import Rich


class Drawing(Protocol):
    """A figure that can be written in several formats; all text in it is escaped by itself."""

    @property
    def description(self) -> str:
        """What the figure shows, in words."""

    def svg(self, prefix: str = "") -> str:
        """Return the figure as SVG."""

    def save(self, path: str | Path) -> Path:
        """Write the figure; the suffix chooses the format."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its title.

    Parameters
    ----------
    name : str
        Identifier; becomes the file name and the HTML id.
    title : str
        Title as printed.
    drawing : Drawing
        The figure itself.
    number : str
        Number as printed.
    note : str
        What stands under the figure.
    """

    name: str
    title: str
    drawing: Drawing
    number: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph.

    Parameters
    ----------
    text : Rich
        Its text.
    style : {"", "hint", "paper"}
        Of its own; an aside; a sentence for a paper.
    """

    text: Rich
    style: Literal["", "hint", "paper"] = ""


@dataclass(frozen=True, slots=True)
class Callout:
    """A box that a reader must not overlook.

    Parameters
    ----------
    kind : {"synthetic", "banner", "failure"}
        What it is about.
    heading : str
        First sentence, in bold.
    lines : tuple of str
        What follows.
    """

    kind: Literal["synthetic", "banner", "failure"]
    heading: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings, those that matter open; the others are folded, on paper only counted.

    Parameters
    ----------
    shown : tuple of Finding
        The most serious first.
    folded : tuple of (str, tuple of Finding)
        What the others are, and they themselves.
    """

    shown: tuple[Finding, ...]
    folded: tuple[tuple[str, tuple[Finding, ...]], ...] = ()

    @property
    def left_out(self) -> str:
        """What paper, which cannot fold, says in the place of the folded ones."""
        counts = [f"{len(findings)} {what}" for what, findings in self.folded]
        return f"{' and '.join(counts)}: see results.json." if counts else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Text that is printed as it was typed."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Defined:
    """A term with meaning, formula and source."""

    term: str
    meaning: str
    formula: Rich
    source: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """What terms mean."""

    items: tuple[Defined, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values, such as the versions of programs."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class References:
    """A list of publications."""

    texts: tuple[str, ...]


Block = (
    Table | Figure | Heading | Paragraph | Callout | Findings | Listing | Definitions | Facts
    | References
)  # fmt: skip
"""What a section shows."""

Builder = Callable[[], Iterable[Block]]
"""Makes the blocks of one part of a section; when it fails, only that part is missing."""

Draw = Callable[[str], Drawing]
"""Returns a figure by its name: a view of the study's model, a chart, an interaction."""


def chart(name: str, title: str, draw: Draw) -> tuple[str, Builder]:
    """Return the part of a section that shows a chart, nothing where there is nothing to draw."""

    def blocks() -> Iterator[Block]:
        try:
            drawing = draw(name)
        except PlanError:
            return
        yield Figure(name, title, drawing)

    return f"figure of {name}", blocks


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report before its blocks are made.

    Parameters
    ----------
    name : str
        Identifier; becomes the HTML id.
    title : str
        Heading.
    parts : sequence of (str, Builder)
        What each part is called in a failure message, and what makes it.
    appendix : bool
        Number tables and figures ``A1``, ``A2``, ...
    """

    name: str
    title: str
    parts: Sequence[tuple[str, Builder]]
    appendix: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section with its blocks."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """The sections of a report with numbered blocks.

    Parameters
    ----------
    chapters : tuple of Chapter
        Those that hold anything.
    failures : tuple of str
        One line for every part that could not be made.
    """

    chapters: tuple[Chapter, ...]
    failures: tuple[str, ...]

    def of(self, kind: type[_Kind]) -> Iterator[_Kind]:
        """Yield all blocks of one kind, in order."""
        for chapter in self.chapters:
            yield from (block for block in chapter.blocks if isinstance(block, kind))

    @property
    def places(self) -> dict[str, str]:
        """Where each table and figure stands: its name and ``Table 3`` or ``Figure A1``."""
        tables = {table.name: f"Table {table.number}" for table in self.of(Table)}
        return tables | {f"figure-{f.name}": f"Figure {f.number}" for f in self.of(Figure)}


_Kind = TypeVar("_Kind", bound=Block)


@dataclass(slots=True)
class Composer:
    """Makes and numbers the blocks of sections, one after the other."""

    chapters: list[Chapter] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _numbers: dict[tuple[str, bool], Iterator[int]] = field(
        default_factory=lambda: {
            (kind, appendix): count(1) for kind in ("table", "figure") for appendix in (False, True)
        }
    )

    def add(self, sections: Iterable[Section]) -> Composed:
        """Add sections and return everything so far."""
        for section in sections:
            blocks = tuple(
                block for name, build in section.parts for block in self._part(section, name, build)
            )
            if blocks:
                self.chapters.append(Chapter(section.name, section.title, blocks))
        return Composed(tuple(self.chapters), tuple(self.failures))

    def _part(self, section: Section, name: str, build: Builder) -> list[Block]:
        try:
            blocks = list(build())
        except Exception as error:  # noqa: BLE001  (one broken part must not cost the report)
            return [failure(name, error, self.failures)]
        return [self._numbered(section, block) for block in blocks]

    def _numbered(self, section: Section, block: Block) -> Block:
        if isinstance(block, Table):
            return replace(block, number=self._number("table", section))
        if isinstance(block, Figure):
            return replace(block, number=self._number("figure", section))
        return block

    def _number(self, kind: str, section: Section) -> str:
        number = next(self._numbers[kind, section.appendix])
        return f"A{number}" if section.appendix else str(number)


def failure(name: str, error: Exception, failures: list[str]) -> Callout:
    """Note that a part is missing, and return what stands in its place."""
    reason = f"{name}: not available ({type(error).__name__}: {error})"
    failures.append(reason)
    return Callout("failure", "This part of the report could not be made.", (reason,))


_Written = TypeVar("_Written")


def written(
    chapter: Chapter, write: Callable[[Block], _Written], failures: list[str]
) -> Iterator[_Written]:
    """Yield each block of a chapter as its medium writes it; one that fails becomes a line.

    Parameters
    ----------
    chapter : Chapter
        The blocks.
    write : callable
        Writes one block.
    failures : list of str
        Gets a line for each block that could not be written.
    """
    for block in chapter.blocks:
        try:
            yield write(block)
        except Exception as error:  # noqa: BLE001  (one broken block must not cost the report)
            name = getattr(block, "name", type(block).__name__.lower())
            yield write(failure(f"{chapter.title}, {name}", error, failures))
