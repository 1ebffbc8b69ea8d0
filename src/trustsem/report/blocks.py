"""What a report is made of: sections of blocks, numbered in order, each failing for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from markupsafe import Markup, escape

from trustsem.tables import Table, typeset


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its title.

    Parameters
    ----------
    name : str
        Identifier; becomes the file name and the HTML id.
    title : str
        Title as printed.
    svg : str
        The drawing, written by :mod:`trustsem.diagram`, which escapes all text in it.
    number : str
        Number as printed.
    note : str
        What stands under the figure.
    """

    name: str
    title: str
    svg: str
    number: str = ""
    note: str = ""

    def to_html(self) -> Markup:
        """Return the figure as HTML with the drawing inline."""
        drawing = Markup(self.svg[max(0, self.svg.find("<svg")) :])  # noqa: S704  (escaped there)
        note = Markup('<div class="notes"><p><i>Note.</i> {}</p></div>\n').format(
            typeset(self.note)
        )
        return Markup(
            '<figure class="diagram" id="figure-{}">\n<figcaption><span class="number">Figure {}'
            '</span> <span class="title">{}</span></figcaption>\n'
            '<div class="scroll">{}</div>\n{}</figure>'
        ).format(self.name, self.number, self.title, drawing, note if self.note else "")


Block = Table | Figure | Markup
"""What a section shows; ``Markup`` is HTML of our own, made from escaped text."""

Builder = Callable[[], Iterable[Block]]
"""Makes the blocks of one part of a section; when it fails, only that part is missing."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report before it is rendered.

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
class Composed:
    """The rendered sections and what came out of them.

    Parameters
    ----------
    sections : tuple of (Section, Markup)
        Each section with its HTML.
    tables : tuple of Table
        All tables, numbered, in order.
    figures : tuple of Figure
        All figures, numbered, in order.
    failures : tuple of str
        One line for every part that could not be made.
    """

    sections: tuple[tuple[Section, Markup], ...]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    failures: tuple[str, ...]


def compose(sections: Iterable[Section]) -> Composed:
    """Render all sections, numbering tables and figures in their order."""
    composer = _Composer()
    rendered = tuple((section, composer.render(section)) for section in sections)
    return Composed(
        sections=tuple((section, html) for section, html in rendered if html),
        tables=tuple(composer.tables),
        figures=tuple(composer.figures),
        failures=tuple(composer.failures),
    )


class _Composer:
    """Running numbers, and what has been seen so far."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self.figures: list[Figure] = []
        self.failures: list[str] = []
        self._numbers = {("table", False): count(1), ("table", True): count(1)}
        self._numbers |= {("figure", False): count(1), ("figure", True): count(1)}

    def render(self, section: Section) -> Markup:
        return Markup("\n").join(
            piece for name, build in section.parts for piece in self._part(section, name, build)
        )

    def _part(self, section: Section, name: str, build: Builder) -> Iterator[Markup]:
        try:
            blocks = list(build())
            yield from [self._block(section, block) for block in blocks]
        except Exception as error:  # noqa: BLE001  (one broken part must not cost the report)
            reason = f"{name}: not available ({type(error).__name__}: {error})"
            self.failures.append(reason)
            yield callout("failure", "This part of the report could not be made.", [reason])

    def _block(self, section: Section, block: Block) -> Markup:
        if isinstance(block, Table):
            table = replace(block, number=self._number("table", section))
            html = table.to_html()
            self.tables.append(table)
            return html
        if isinstance(block, Figure):
            figure = replace(block, number=self._number("figure", section))
            self.figures.append(figure)
            return figure.to_html()
        return block

    def _number(self, kind: str, section: Section) -> str:
        number = next(self._numbers[kind, section.appendix])
        return f"A{number}" if section.appendix else str(number)


def callout(kind: str, heading: str, lines: Sequence[str] = ()) -> Markup:
    """Return a box with a heading and lines, all text escaped.

    Parameters
    ----------
    kind : str
        CSS class: ``"synthetic"``, ``"banner"``, ``"failure"``.
    heading : str
        First sentence, in bold.
    lines : sequence of str
        What follows.
    """
    items = Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)
    return Markup('<div class="callout {}" role="note"><p><b>{}</b></p>{}</div>').format(
        kind, heading, items
    )


def heading(text: str, level: int = 3) -> Markup:
    """Return a heading."""
    return Markup("<h{0}>{1}</h{0}>").format(level, text)


def paragraph(text: str | Markup, css_class: str = "") -> Markup:
    """Return a paragraph; plain text is escaped."""
    attribute = Markup(' class="{}"').format(css_class) if css_class else Markup("")
    return Markup("<p{}>{}</p>").format(attribute, escape(text))
