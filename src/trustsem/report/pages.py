"""Which blocks of a report stand on a turned page: wide tables, and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from trustsem.report.blocks import Block, Heading, Paragraph
from trustsem.tables import Table
from trustsem.tables.paper import Paper, setting

_SHORT = 16
"""Lines of a table that may stay on a turned page between two that need it."""


def turned(blocks: Sequence[Block], paper: Paper) -> list[bool]:
    """Return whether each block stands on a turned page.

    A wide table needs one, the headings above it go with it, and what is short and stands between
    two wide tables stays there, so that pages are turned rarely.

    Parameters
    ----------
    blocks : sequence of Block
        Blocks in order.
    paper : Paper
        The page.
    """
    ways = [isinstance(block, Table) and _is_wide(block, paper) for block in blocks]
    wide = [position for position, way in enumerate(ways) if way]
    for before, after in pairwise(wide):
        between = blocks[before + 1 : after]
        if len(between) <= 2 and all(map(_is_short, between)):  # noqa: PLR2004  (a page's room)
            ways[before:after] = [True] * (after - before)
    for position in reversed(range(len(blocks) - 1)):
        ways[position] |= ways[position + 1] and isinstance(blocks[position], Heading)
    return ways


def _is_wide(table: Table, paper: Paper) -> bool:
    """Return whether a table needs a turned page; one that cannot be written needs none."""
    try:
        return setting(table.sheet(), paper).landscape
    except Exception:  # noqa: BLE001  (its writer says what is wrong, and the report goes on)
        return False


def _is_short(block: Block) -> bool:
    if isinstance(block, Table):
        return len(block.frame) <= _SHORT
    return isinstance(block, Heading | Paragraph)
