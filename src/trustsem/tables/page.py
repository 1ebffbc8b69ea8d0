"""What a result shows of itself: lines, tables and a drawing, on every medium alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup

from trustsem import display
from trustsem.tables.html import NOTEBOOK_STYLE
from trustsem.tables.table import Table
from trustsem.typesetting import escape_latex, plain, to_markdown


class Drawn(Protocol):
    """A drawing that writes itself as SVG, all text in it escaped."""

    def svg(self, prefix: str = "") -> str:
        """Return the drawing."""


Lines = tuple[str, ...]
"""Plain text, one line each."""


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to see of a result.

    Parameters
    ----------
    blocks : tuple of (tuple of str), Table or Drawn
        Paragraphs, tables and drawings in order. Tables without rows and empty paragraphs are left
        out; a drawing is shown where there is HTML.
    title : str
        Heading.
    notice : str
        What stands above everything, in bold.
    width : int
        Columns of a terminal for which the page is laid out.
    """

    blocks: tuple[Lines | Table | Drawn, ...]
    title: str = ""
    notice: str = ""
    width: int = 100

    def to_text(self) -> str:
        """Return the page for a terminal."""
        opening = "\n".join(line for line in (self.notice, self.title) if line)
        blocks = [opening] if opening else []
        for block in self._shown():
            if isinstance(block, Table):
                blocks.append(block.to_text(self.width))
            elif isinstance(block, tuple):
                blocks.append("\n".join(block))
        return display.printable("\n\n".join(blocks), keep_lines=True)

    def to_html(self) -> str:
        """Return the page for a notebook."""
        parts = [NOTEBOOK_STYLE]
        parts += [Markup("<p><strong>{}</strong></p>").format(self.notice)] if self.notice else []
        parts += [Markup("<h3>{}</h3>").format(self.title)] if self.title else []
        for block in self._shown():
            if isinstance(block, Table):
                parts.append(block.to_html())
            elif isinstance(block, tuple):
                parts.append(Markup("<p>{}</p>").format(Markup("<br>").join(block)))
            else:
                parts.append(inline_svg(block))
        return str(Markup("\n").join(parts))

    def to_markdown(self) -> str:
        """Return the page as Markdown."""
        parts = [f"**{to_markdown(plain(self.notice))}**"] if self.notice else []
        parts += [f"### {to_markdown(plain(self.title))}"] if self.title else []
        for block in self._shown():
            if isinstance(block, Table):
                parts.append(block.to_markdown())
            elif isinstance(block, tuple):
                parts.append("  \n".join(to_markdown(plain(line)) for line in block))
        return "\n\n".join(parts)

    def to_latex(self) -> str:
        """Return the page as LaTeX."""
        opening = (text for text in (self.notice, self.title) if text)
        parts = [f"\\noindent\\textbf{{{escape_latex(text)}}}" for text in opening]
        for block in self._shown():
            if isinstance(block, Table):
                parts.append(block.to_latex())
            elif isinstance(block, tuple):
                parts.append("\\noindent " + "\\\\\n".join(escape_latex(line) for line in block))
        return "\n\n".join(parts)

    def _shown(self) -> Iterator[Lines | Table | Drawn]:
        """Yield the blocks that hold anything."""
        for block in self.blocks:
            if not isinstance(block, Table):
                if block:
                    yield block
            elif len(block.frame):
                yield block


def inline_svg(drawing: Drawn) -> Markup:
    """Return a drawing for a page of HTML; its writer has escaped the text in it."""
    text = drawing.svg()
    return Markup(text[max(0, text.find("<svg")) :])  # noqa: S704  (escaped there)


class Shown(ABC):
    """Something that displays as its page: in a terminal, in a notebook, on paper."""

    __slots__ = ()

    @abstractmethod
    def _page(self) -> Page:
        """Return what is shown."""

    def __repr__(self) -> str:
        """Return the page for a terminal."""
        return self._page().to_text()

    def _repr_html_(self) -> str:
        return self._page().to_html()

    def _repr_markdown_(self) -> str:
        return self._page().to_markdown()

    def _repr_latex_(self) -> str:
        return self._page().to_latex()
