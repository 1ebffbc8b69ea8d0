"""One table object, written as text, HTML, Word, LaTeX, Markdown, CSV or a frame.

A :class:`Table` holds unrounded numbers under stable names. :meth:`Table.sheet` turns them into
words, once: headers, cells, groups and notes as they are printed. Each medium has one module that
writes such a sheet and escapes what comes from data.
"""

from __future__ import annotations

from trustsem.tables.collection import Tables
from trustsem.tables.html import for_notebook
from trustsem.tables.page import Page, Shown, ShownMapping
from trustsem.tables.sheet import Group, Heading, Note, Row, Sheet
from trustsem.tables.table import Notes, Table

__all__ = [
    "Group",
    "Heading",
    "Note",
    "Notes",
    "Page",
    "Row",
    "Sheet",
    "Shown",
    "ShownMapping",
    "Table",
    "Tables",
    "for_notebook",
]
