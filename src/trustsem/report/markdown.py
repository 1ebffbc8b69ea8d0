"""The report as Markdown, its figures in files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import singledispatch

from trustsem import display
from trustsem.findings import Finding
from trustsem.report.blocks import (
    Block,
    Callout,
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
from trustsem.tables import Table
from trustsem.typesetting import Rich, plain, to_markdown, typeset

_LINE_START = re.compile(r"^(\d*)([-+=.)])")
"""What makes a list or a heading of a line."""


def markdown_report(front: Front, composed: Composed, failures: list[str]) -> str:
    """Return the report as one Markdown document.

    Parameters
    ----------
    front : Front
        What stands first.
    composed : Composed
        The sections.
    failures : list of str
        What is missing so far; gets a line for each block that cannot be written.
    """
    chapters = [
        "\n\n".join([f"## {_text(chapter.title)}", *written(chapter, block_markdown, failures)])
        for chapter in composed.chapters
    ]
    return "\n\n".join([*_front(front, failures), *chapters]) + "\n"


def _front(front: Front, failures: list[str]) -> Iterator[str]:
    if front.notice:
        yield f"> **{_text(front.notice)}**"
    title = f"{'[Synthetic data] ' * front.synthetic}{front.title}"
    yield f"# {_text(title)}"
    yield f"*{_text(front.method)}*"
    if front.reference:
        yield _line(plain(front.reference))
    for judgement in front.judgements:
        yield f"**{judgement.step}: {judgement.outcome}.** {to_markdown(judgement.text)}"
    yield from (block_markdown(banner) for banner in front.banners)
    yield "\n".join(f"- {_begin(name)}: {to_markdown(value)}" for name, value in front.facts)
    if failures:
        heading = "Parts of this report could not be made:"
        yield block_markdown(Callout("failure", heading, tuple(failures)))


@singledispatch
def block_markdown(block: Block) -> str:
    """Return a block as Markdown; no text of it is a command."""
    raise TypeError(f"A report has no block of type {type(block).__name__}.")


@block_markdown.register
def _(block: Table) -> str:
    return block.to_markdown().rstrip()


@block_markdown.register
def _(block: Figure) -> str:
    title = f"**Figure {block.number}**\n\n*{_text(block.title)}*"
    image = f"![{_text(block.drawing.description)}](figures/{block.name}.svg)"
    note = [f"*Note.* {to_markdown(typeset(block.note))}"] if block.note else []
    return "\n\n".join([title, image, *note])


@block_markdown.register
def _(block: Heading) -> str:
    return f"### {_text(block.text)}"


@block_markdown.register
def _(block: Paragraph) -> str:
    return _line(block.text)


@block_markdown.register
def _(block: Callout) -> str:
    lines = [f"**{_text(block.heading)}**", *(_begin(line) for line in block.lines)]
    return "\n>\n".join(f"> {line}" for line in lines)


@block_markdown.register
def _(block: Findings) -> str:
    lines = [*(_finding(finding) for finding in block.shown), _text(block.left_out)]
    return "\n".join(f"- {line}" for line in lines if line)


def _finding(finding: Finding) -> str:
    words = [
        f"{finding.severity.upper()}: **{_text(finding.name)}**",
        to_markdown(typeset(finding.claim)),
        _text(finding.remedy),
        f"({_text(short_citation(finding.source))})" if finding.source else "",
    ]
    return " ".join(word for word in words if word)


@block_markdown.register
def _(block: Listing) -> str:
    lines = (display.printable(line) for line in block.text.strip("\n").splitlines())
    indented = "\n".join(f"    {line}" for line in lines)
    return f"{_begin(block.title)}:\n\n{indented}"


@block_markdown.register
def _(block: Definitions) -> str:
    return "\n".join(
        f"- **{_text(item.term)}**: {_text(item.meaning)}. {to_markdown(item.formula)} "
        f"({_text(item.source)})"
        for item in block.items
    )


@block_markdown.register
def _(block: Facts) -> str:
    return "\n".join(f"- {_begin(name)}: {_text(value)}" for name, value in block.rows)


@block_markdown.register
def _(block: References) -> str:
    return "\n".join(f"- {_begin(text)}" for text in block.texts)


def _text(text: str) -> str:
    return to_markdown(plain(" ".join(text.split())))


def _begin(text: str) -> str:
    """Return text at the beginning of a line, where it can make no list or heading of it."""
    return _LINE_START.sub(r"\1\\\2", _text(text))


def _line(text: Rich) -> str:
    """Return a paragraph whose first characters cannot make a list, heading or code of it."""
    return _LINE_START.sub(r"\1\\\2", to_markdown(text).strip())
