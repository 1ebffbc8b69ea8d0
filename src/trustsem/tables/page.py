"""What a result shows of itself: lines, tables and a drawing, on every medium alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from markupsafe import Markup

from trustsem import display
from trustsem.tables.html import for_notebook
from trustsem.tables.table import Table
from trustsem.typesetting import escape_latex, plain, to_markdown


class Drawn(Protocol):
    """A drawing that writes itself as SVG, all text in it escaped."""

    def svg(self, prefix: str = "") -> str:
        """Return the drawing."""


Lines = tuple[str, ...]
"""Plain text, one line each."""

ROWS = 400
"""Rows that the tables of a page show together, unless it says otherwise."""

_LONGEST = 2000
"""Characters of a line of a page."""


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
    rows : int
        Rows that all tables show together: where there are more, long tables are cut and say so.
    """

    blocks: tuple[Lines | Table | Drawn, ...]
    title: str = ""
    notice: str = ""
    width: int = 100
    rows: int = ROWS

    def to_text(self) -> str:
        """Return the page for a terminal."""
        blocks = ["\n".join(line for line in (self._notice, self._title) if line)]
        for block in self._shown():
            if isinstance(block, Table):
                blocks.append(block.to_text(self.width))
            elif isinstance(block, tuple):
                blocks.append("\n".join(block))
        return "\n\n".join(block for block in blocks if block)

    def to_html(self) -> str:
        """Return the page for a notebook: one element that brings its own style."""
        notice, title = self._notice, self._title
        parts = [Markup("<p><strong>{}</strong></p>").format(notice)] if notice else []
        parts += [Markup("<h3>{}</h3>").format(title)] if title else []
        for block in self._shown():
            if isinstance(block, Table):
                parts.append(block.to_html())
            elif isinstance(block, tuple):
                parts.append(Markup("<p>{}</p>").format(Markup("<br>").join(block)))
            else:
                parts.append(inline_svg(block))
        return for_notebook(Markup("\n").join(parts))

    def to_markdown(self) -> str:
        """Return the page as Markdown."""
        notice, title = self._notice, self._title
        parts = [f"**{to_markdown(plain(notice))}**"] if notice else []
        parts += [f"### {to_markdown(plain(title))}"] if title else []
        for block in self._shown():
            if isinstance(block, Table):
                parts.append(block.to_markdown())
            elif isinstance(block, tuple):
                parts.append("  \n".join(to_markdown(plain(line)) for line in block))
        return "\n\n".join(parts)

    def to_latex(self) -> str:
        """Return the page as LaTeX."""
        opening = (text for text in (self._notice, self._title) if text)
        parts = [f"\\noindent\\textbf{{{escape_latex(text)}}}" for text in opening]
        for block in self._shown():
            if isinstance(block, Table):
                parts.append(block.to_latex())
            elif isinstance(block, tuple):
                parts.append("\\noindent " + "\\\\\n".join(escape_latex(line) for line in block))
        return "\n\n".join(parts)

    @property
    def _notice(self) -> str:
        return _line(self.notice)

    @property
    def _title(self) -> str:
        return _line(self.title)

    def _shown(self) -> Iterator[Lines | Table | Drawn]:
        """Yield the blocks that hold anything, long tables cut."""
        sizes = [_n_shown(block) for block in self.blocks if isinstance(block, Table)]
        limit = _longest(sizes, self.rows)
        for block in self.blocks:
            if isinstance(block, tuple):
                if block:
                    yield tuple(map(_line, block))
            elif not isinstance(block, Table):
                yield block
            elif len(block.frame):
                yield block if _n_shown(block) <= limit else replace(block, limit=limit)


def _line(text: str) -> str:
    """Return text as one line of a page, without characters that steer a terminal."""
    return display.shortened(display.printable(text), _LONGEST)


def _n_shown(table: Table) -> int:
    """Return the number of rows that a table prints."""
    return min(len(table.frame), table.limit or len(table.frame))


def _longest(sizes: Sequence[int], rows: int) -> int:
    """Return the length to which tables are cut so that they have some rows together.

    Tables that are shorter leave their share to the others; every table keeps one row.
    """
    left = rows
    for position, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - position)
        if size > share:
            return max(share, 1)
        left -= size
    return max(sizes, default=1)


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


V = TypeVar("V", bound=Shown)


class ShownMapping(Shown, dict[str, V]):
    """Results by name: a dictionary that displays as the pages of its entries, one by one."""

    __slots__ = ()

    def _page(self) -> Page:
        """Return the name and the page of every entry."""
        blocks: list[Lines | Table | Drawn] = []
        for name, entry in self.items():
            blocks += [(name,), *entry._page().blocks]  # noqa: SLF001  (of this module)
        return Page(tuple(blocks) or (("Nothing.",),))
