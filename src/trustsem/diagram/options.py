"""The names of all settings of a figure, for methods that pass them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustsem.errors import UnknownOptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GRAPH_OPTIONS = (
    "labels", "hypotheses", "constructs", "controls", "standardized", "decimals",
)  # fmt: skip
"""What :func:`trustsem.diagram.graph_from_parameters` lets users choose, beside view and group."""
DRAW_OPTIONS = (
    "width", "title", "layout", "columns", "colors", "emphasis", "residuals", "disturbances",
)  # fmt: skip
"""What :func:`trustsem.diagram.draw` lets users choose."""


def require_known(names: Iterable[str], known: Sequence[str], kind: str) -> None:
    """Refuse a name that is not known, with a suggestion.

    Parameters
    ----------
    names : iterable of str
        What a user wrote.
    known : sequence of str
        What there is.
    kind : str
        What the names stand for.

    Raises
    ------
    UnknownOptionError
        If a name is not known.
    """
    for name in names:
        if name not in known:
            raise UnknownOptionError(str(name), known, kind=kind)
