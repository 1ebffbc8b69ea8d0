r"""The report as a LaTeX document that compiles as it stands, its figures in files beside it.

pdfLaTeX prints Latin and Greek letters, and a letter that its fonts lack as its number. LuaLaTeX
and XeLaTeX print any letter that one of the fonts of the machine has; where a report needs them,
its first line says so to editors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, singledispatch
from importlib import resources
from itertools import groupby
from operator import itemgetter

import jinja2

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
from trustsem.tables.latex import sheet_latex
from trustsem.tables.paper import LATEX_PAPER, setting
from trustsem.typesetting import escape_latex, has_other_script, plain, to_latex, typeset

_PIECE = 16
"""Characters of a value between places where a line may break."""


def latex_report(front: Front, composed: Composed, failures: list[str]) -> str:
    """Return the report as one LaTeX document.

    Parameters
    ----------
    front : Front
        What stands first.
    composed : Composed
        The sections.
    failures : list of str
        What is missing so far; gets a line for each block that cannot be written.
    """
    pages = [page for chapter in composed.chapters for page in _chapter(chapter, failures)]
    lost = [Callout("failure", "Parts of this report could not be made:", tuple(failures))]
    body = _template("report.tex.j2").render(
        front=front,
        pages=list(_turning(pages)),
        callouts=[block_latex(block) for block in (*front.banners, *(lost if failures else ()))],
        text=escape_latex,
        rich=to_latex,
    )
    preamble = _template("preamble.tex.j2").render(
        letters=sorted(_letters(body)),
        other_script=has_other_script(plain(body)),
        notice=escape_latex(front.notice),
    )
    return preamble + body


def _chapter(chapter: Chapter, failures: list[str]) -> Iterator[tuple[bool, str]]:
    """Yield the heading and the blocks of a chapter, and whether the page of each is turned."""
    ways = turned((Heading(chapter.title), *chapter.blocks), LATEX_PAPER)
    way_of = {id(block): way for block, way in zip(chapter.blocks, ways[1:], strict=True)}

    def placed(block: Block) -> tuple[bool, str]:
        landscape = way_of.get(id(block), False)
        return landscape, _table(block, landscape=landscape)

    yield ways[0], f"\\roomfor{{12\\baselineskip}}\\section*{{{escape_latex(chapter.title)}}}"
    yield from written(chapter, placed, failures)


def _turning(pages: Iterable[tuple[bool, str]]) -> Iterator[str]:
    """Yield the text of pages that are turned together."""
    for landscape, group in groupby(pages, itemgetter(0)):
        text = "\n\n".join(content for _, content in group)
        yield f"\\begin{{landscape}}\n{text}\n\\end{{landscape}}" if landscape else text


def _letters(text: str) -> Iterator[tuple[str, str]]:
    """Yield the number and the letter of every letter beyond ASCII, once."""
    for letter in set(text):
        if not letter.isascii():
            yield f"{ord(letter):04X}", letter


@singledispatch
def block_latex(block: Block) -> str:
    """Return a block as LaTeX, all text escaped."""
    raise TypeError(f"A report has no block of type {type(block).__name__}.")


@block_latex.register
def _(block: Table) -> str:
    return _table(block, landscape=False)


def _table(block: Block, *, landscape: bool) -> str:
    """Return a table for a page that is turned or not; another block as it always is."""
    if not isinstance(block, Table):
        return block_latex(block)
    chosen = setting(block.sheet(), LATEX_PAPER, landscape=landscape)
    return "\n\n\\clearpage\n".join(sheet_latex(chosen))


@block_latex.register
def _(block: Figure) -> str:
    note = f"\\par\\smallskip{{\\footnotesize\\noindent {_note(block.note)}\\par}}"
    return (
        "\\par\\medskip\\noindent\\begin{minipage}{\\linewidth}\n"
        f"\\noindent\\textbf{{Figure {escape_latex(block.number)}}}\\\\*\n"
        f"\\textit{{{escape_latex(block.title)}}}\\par\\medskip\n"
        f"\\includegraphics[width=\\linewidth,height=.86\\textheight,keepaspectratio]"
        f"{{figures/{block.name}.pdf}}{note if block.note else ''}\n"
        "\\end{minipage}\\par\\medskip"
    )


def _note(text: str) -> str:
    return f"\\textit{{Note.}} {to_latex(typeset(text))}"


@block_latex.register
def _(block: Heading) -> str:
    return f"\\roomfor{{8\\baselineskip}}\\subsection*{{{escape_latex(block.text)}}}"


@block_latex.register
def _(block: Paragraph) -> str:
    text = to_latex(block.text)
    return f"{{\\small {text}\\par}}" if block.style == "hint" else text


@block_latex.register
def _(block: Callout) -> str:
    lines = [f"\\textbf{{{escape_latex(block.heading)}}}", *map(escape_latex, block.lines)]
    return "\\callout{%\n" + "\\par\n".join(lines) + "}"


@block_latex.register
def _(block: Findings) -> str:
    items = "\n".join(map(_finding, block.shown))
    listed = f"\\begin{{labelled}}{{17mm}}\\small\n{items}\n\\end{{labelled}}" if items else ""
    left_out = f"{{\\small {escape_latex(block.left_out)}\\par}}" if block.left_out else ""
    return "\n".join(text for text in (listed, left_out) if text)


def _finding(finding: Finding) -> str:
    words = [
        f"\\item[\\textsc{{{escape_latex(finding.severity)}}}]",
        f"\\textbf{{{escape_latex(finding.name)}.}}",
        to_latex(typeset(finding.claim)),
        to_latex(plain(finding.remedy, italic=True)),
        f"({escape_latex(short_citation(finding.source))})" if finding.source else "",
    ]
    return " ".join(word for word in words if word)


@block_latex.register
def _(block: Listing) -> str:
    lines = "\\\\\n".join(
        escape_latex(line).replace(" ", "~") if line.strip() else "\\strut"
        for line in block.text.splitlines()
    )
    title = escape_latex(block.title)
    return (
        f"\\paragraph*{{{title}}}\\mbox{{}}\n\n{{\\footnotesize\\ttfamily\\noindent {lines}\\par}}"
    )


@block_latex.register
def _(block: Definitions) -> str:
    return _hanging(
        f"\\textbf{{{escape_latex(item.term)}.}} {escape_latex(item.meaning)}: "
        f"{to_latex(item.formula)} ({escape_latex(item.source)})"
        for item in block.items
    )


@block_latex.register
def _(block: Facts) -> str:
    rows = "\n".join(
        f"\\item[{_breakable(name)}] {_breakable(value)}" for name, value in block.rows
    )
    return f"\\begin{{labelled}}{{58mm}}\\footnotesize\n{rows}\n\\end{{labelled}}"


@block_latex.register
def _(block: References) -> str:
    return _hanging(map(escape_latex, block.texts))


def _hanging(entries: Iterable[str]) -> str:
    items = "\n".join(f"\\item {entry}" for entry in entries)
    return f"\\begin{{hanging}}\\small\n{items}\n\\end{{hanging}}"


@cache
def _template(name: str) -> jinja2.Template:
    """Return a template whose marks do not collide with braces; its texts are escaped by us."""
    environment = jinja2.Environment(  # noqa: S701  (no HTML; `text` and `rich` escape for LaTeX)
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    place = resources.files("trustsem.report") / "templates" / name
    return environment.from_string(place.read_text(encoding="utf-8"))


def _breakable(value: str) -> str:
    """Return a value that breaks where a line ends: hashes and paths have no blanks."""
    pieces = [value[start : start + _PIECE] for start in range(0, len(value), _PIECE)]
    return "\\allowbreak{}".join(escape_latex(piece) for piece in pieces)
