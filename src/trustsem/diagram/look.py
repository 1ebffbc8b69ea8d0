"""How a figure looks: colours by role, line weights, what is shown of residual variances.

Colours are checked against the contrast that readers need [wcag22]_.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Literal, get_args

from trustsem.diagram.courses import HAIR, HEAVY, THIN
from trustsem.diagram.scene import BLACK, GREY, WHITE
from trustsem.errors import SpecificationError, UnknownOptionError
from trustsem.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustsem.diagram.graph import Edge, Node

Emphasis = Literal["none", "width"]
Residuals = Literal["none", "arrow", "circle"]
Columns = Literal["path", "role"]
Colors = Literal["black", "soft"]

LINE_CONTRAST, TEXT_CONTRAST = 3.0, 4.5
"""Least contrast of lines and of text with their ground [wcag22]_."""
_DARK = 0.04045
_THINNEST, _THICKEST = HAIR, 3.0
_HEX = re.compile("#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_NAMED = {
    "black": "#000000", "white": "#ffffff", "grey": "#808080", "gray": "#808080",
    "silver": "#c0c0c0", "red": "#ff0000", "maroon": "#800000", "yellow": "#ffff00",
    "olive": "#808000", "lime": "#00ff00", "green": "#008000", "aqua": "#00ffff",
    "teal": "#008080", "blue": "#0000ff", "navy": "#000080", "fuchsia": "#ff00ff",
    "purple": "#800080", "orange": "#ffa500",
}  # fmt: skip
"""Names of colours that style sheets have in common."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Fills of the kinds of nodes, and colours of the kinds of lines.

    Parameters
    ----------
    exogenous, mediator, outcome : str
        Fill of constructs that nothing predicts, that are predicted and predict, that predict
        nothing.
    item, observed, controls : str
        Fill of boxes.
    path, loading, covariance : str
        Colour of edges.
    nonsignificant, residual : str
        Colour of edges that are not significant, and of residual variances; with their numbers.
    """

    exogenous: str = WHITE
    mediator: str = WHITE
    outcome: str = WHITE
    item: str = WHITE
    observed: str = WHITE
    controls: str = WHITE
    path: str = BLACK
    loading: str = BLACK
    covariance: str = BLACK
    nonsignificant: str = GREY
    residual: str = GREY


PALETTES: dict[str, Palette] = {
    "black": Palette(),
    "soft": Palette(
        exogenous="#dcebf9",
        mediator="#fdeac0",
        outcome="#bfe3d0",
        item="#f4f4f4",
        observed="#e9e9e9",
    ),
}
"""Named palettes; the tints differ in lightness, too, so that they survive a grey print."""
ROLES = tuple(entry.name for entry in fields(Palette))
_CONSTRUCTS = ("exogenous", "mediator", "outcome")
_TEXT_ROLES = ("nonsignificant", "residual")
_LINE_ROLES = ("path", "loading", "covariance")


@dataclass(frozen=True, slots=True)
class Look:
    """Everything about a figure that does not depend on the model.

    Parameters
    ----------
    palette : Palette
        Colours.
    emphasis : {"none", "width"}
        Whether the width of a line shows the size of its standardized estimate.
    residuals : {"arrow", "circle", "none"}
        How residual variances of items are drawn.
    disturbances : bool
        Whether residual variances of outcomes are drawn.
    """

    palette: Palette = PALETTES["black"]
    emphasis: Emphasis = "none"
    residuals: Residuals = "arrow"
    disturbances: bool = False

    def weight(self, edge: Edge) -> float:
        """Return the width of an edge's line, in points."""
        if self.emphasis == "width" and edge.strength is not None:
            size = min(abs(edge.strength), 1.0)
            return round(_THINNEST + (_THICKEST - _THINNEST) * size, 2)
        return HEAVY if edge.kind == "path" else THIN

    def color(self, edge: Edge) -> str:
        """Return the colour of an edge."""
        if not edge.significant:
            return self.palette.nonsignificant
        colors = {"path": self.palette.path, "loading": self.palette.loading}
        return colors.get(edge.kind, self.palette.covariance)

    def fill(self, node: Node, edges: Iterable[Edge]) -> str:
        """Return the fill of a node, from its part in the paths of the figure."""
        if node.kind != "construct":
            fills = {"item": self.palette.item, "observed": self.palette.observed}
            return fills.get(node.kind, self.palette.controls)
        paths = [edge for edge in edges if edge.kind == "path" and edge.source != edge.target]
        if all(edge.target != node.id for edge in paths):
            return self.palette.exogenous
        predicts = any(edge.source == node.id for edge in paths)
        return self.palette.mediator if predicts else self.palette.outcome


PLAIN = Look()
"""The look that journals ask for."""


def look(
    colors: Colors | Mapping[str, str] = "black",
    emphasis: Emphasis = "none",
    residuals: Residuals = "arrow",
    *,
    disturbances: bool = False,
) -> Look:
    """Check the settings of a figure's look.

    Parameters
    ----------
    colors : {"black", "soft"} or mapping
        A palette, or colours by role (see :class:`Palette`; ``"construct"`` stands for all three
        roles of constructs): ``#rrggbb``, ``#rgb``, or a common name such as ``"navy"``.
    emphasis, residuals, disturbances
        See :class:`Look`.

    Returns
    -------
    Look
        For the layouts.

    Raises
    ------
    UnknownOptionError
        If a value, a role or a colour is unknown.
    SpecificationError
        If ``disturbances`` is no truth value.
    """
    for value, allowed, kind in (
        (emphasis, get_args(Emphasis), "value of 'emphasis'"),
        (residuals, get_args(Residuals), "value of 'residuals'"),
    ):
        if value not in allowed:
            raise UnknownOptionError(str(value), allowed, kind=kind)
    if not isinstance(disturbances, bool):
        raise SpecificationError(f"'disturbances' is {disturbances!r}; it must be True or False.")
    return Look(_palette(colors), emphasis, residuals, disturbances)


def _palette(colors: object) -> Palette:
    """Return a named palette, or the default one with colours replaced."""
    if isinstance(colors, Mapping):
        chosen: dict[str, str] = {}
        known = ("construct", *ROLES)
        for role in sorted(colors, key=lambda role: role != "construct"):
            if role not in known:
                raise UnknownOptionError(str(role), known, kind="role of a colour")
            roles = _CONSTRUCTS if role == "construct" else (str(role),)
            chosen |= dict.fromkeys(roles, color(colors[role]))
        return replace(Palette(), **chosen)
    if str(colors) not in PALETTES:
        raise UnknownOptionError(str(colors), PALETTES, kind="value of 'colors'")
    return PALETTES[str(colors)]


def color(text: object) -> str:
    """Return a colour as ``#rrggbb``.

    Raises
    ------
    UnknownOptionError
        If the text is no colour.
    """
    name = str(text).strip().lower()
    name = _NAMED.get(name, name)
    if not _HEX.fullmatch(name):
        raise UnknownOptionError(str(text), ("#rrggbb", *_NAMED), kind="colour")
    return name if len(name) > len("#rgb") else "#" + "".join(2 * digit for digit in name[1:])


def luminance(color: str) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white) [wcag22]_."""
    shares = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [s / 12.92 if s <= _DARK else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, 1 (none) to 21 (black and white) [wcag22]_."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def ink(fill: str) -> str:
    """Return the colour of text on a ground: black, or white where black cannot be read."""
    return BLACK if contrast(BLACK, fill) >= TEXT_CONTRAST else WHITE


def check_contrast(palette: Palette) -> list[Finding]:
    """Judge whether lines and numbers stand out from white paper [wcag22]_."""
    found = []
    for role in (*_LINE_ROLES, *_TEXT_ROLES):
        shade = getattr(palette, role)
        least = TEXT_CONTRAST if role in _TEXT_ROLES else LINE_CONTRAST
        value = contrast(shade, WHITE)
        if value < least:
            found.append(
                Finding(
                    "figure_low_contrast",
                    role,
                    f"The colour {shade} of {role!r} has a contrast of {value:.1f} with white; "
                    f"readers need {least:g}.",
                    severity="warning",
                    holds=False,
                    value=round(value, 2),
                    threshold=least,
                    source="wcag22",
                    remedy="Choose a darker colour.",
                )
            )
    return found
