"""Tables by name, with a list of contents to choose from."""

from __future__ import annotations

import pandas as pd

from trustsem import display
from trustsem.tables.page import Page, Shown
from trustsem.tables.table import Table

_COLUMNS = {
    "name": display.Column("Name", display.TEXT),
    "title": display.Column("Table", display.TEXT),
    "n_rows": display.Column("Rows", display.COUNT),
}


class Tables(Shown, dict[str, Table]):
    """Tables by name: a dictionary that displays as its list of contents.

    Examples
    --------
    >>> frame = pd.DataFrame({"construct": ["Trust"], "ave": [0.6432]})
    >>> Tables({"ave": Table("ave", "Variance Extracted", frame)})
    Tables
    ──────────────────────────────
    Name  Table               Rows
    ──────────────────────────────
    ave   Variance Extracted     1
    ──────────────────────────────
    """

    __slots__ = ()

    def to_frame(self) -> pd.DataFrame:
        """Return a row per table: ``name title n_rows``."""
        rows = [(name, table.title, len(table.frame)) for name, table in self.items()]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def _page(self) -> Page:
        """Return the names of the tables with their titles."""
        contents = Table("tables", "Tables", self.to_frame(), columns=_COLUMNS)
        return Page((contents,) if self else (("No tables.",),))
