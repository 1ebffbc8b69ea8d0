"""Writes a scene as SVG: editable text, tooltips, unique ids; no drawing library."""

from __future__ import annotations

import hashlib
import re
from html import escape

from trustsem.diagram.page import MM_PER_POINT
from trustsem.diagram.scene import Ellipse, Mark, Path, Pen, Rect, Scene, Shape, Text

FONT_FAMILY = "Arial, Helvetica, Liberation Sans, DejaVu Sans, sans-serif"
_NAMESPACE = "http://www.w3.org/2000/svg"
_BASELINE = 0.355
"""From the middle of capital letters down to the base line, in em."""
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def svg_text(scene: Scene, prefix: str = "") -> str:
    """Write a scene as an SVG document.

    Parameters
    ----------
    scene : Scene
        The figure.
    prefix : str, optional
        Beginning of every id. A digest of the figure if left out, so that several figures can
        stand in one page.

    Returns
    -------
    str
        A well-formed document, the same for the same scene.
    """
    name = re.sub(r"[^A-Za-z0-9_-]", "-", prefix) if prefix else f"f{_digest(scene)}"
    if not name[0].isalpha():
        name = f"f{name}"
    width, height = scene.width * MM_PER_POINT, scene.height * MM_PER_POINT
    size = f'width="{_n(width)}mm" height="{_n(height)}mm"'
    view = f'viewBox="0 0 {_n(scene.width)} {_n(scene.height)}"'
    names = f'id="{name}" class="path-diagram" role="img"'
    read = f'aria-labelledby="{name}-title {name}-desc"'
    page = f'width="{_n(scene.width)}" height="{_n(scene.height)}"'
    lines = [
        f'<svg xmlns="{_NAMESPACE}" {names} {read} {size} {view} font-family="{FONT_FAMILY}">',
        f'<title id="{name}-title">{escaped(scene.title)}</title>',
        f'<desc id="{name}-desc">{escaped(scene.description)}</desc>',
        f"<style>{_style(scene, name)}</style>",
        f'<rect class="page" {page} fill="#ffffff"/>',
    ]
    lines += [_mark(mark, name) for mark in scene.marks]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _style(scene: Scene, name: str) -> str:
    """Return rules for pointing at things, which hold in this figure only.

    Pointing at an edge or its number makes all others pale; pointing at a node, all but its own.
    """
    lit: list[str] = []
    for mark in scene.marks:
        if mark.kind == "label" and mark.owner:
            edge, label = f"#{name}-{mark.owner}", f"#{name}-{mark.id}"
            lit.append(f"#{name}:has({edge}:hover,{label}:hover) :is({edge},{label})")
        elif mark.kind == "node":
            variable = f'"{_css(dict(mark.data)["variable"])}"'
            group = dict(mark.data).get("group", "")
            own = f'[data-group="{_css(group)}"]' if group else ""
            facts = (f"[data-{fact}={variable}]" for fact in ("source", "target", "variable"))
            lit.append(f"#{name}:has(#{name}-{mark.id}:hover) :is({','.join(facts)}){own}")
    lit.append(f"#{name} :is(.edge,.label):hover")
    pointed = f"#{name}:has(.node:hover,.edge:hover,.label:hover)"
    return (
        f"#{name} .node:hover>:first-of-type:not(text){{stroke-width:2}}"
        f"{pointed} :is(.edge,.label){{opacity:.2}}"
        f"{','.join(lit)}{{opacity:1}}"
    )


def _css(text: str) -> str:
    """Return a text for a quoted string of a style sheet inside of XML."""
    cleaned = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
    return "".join(
        letter if letter.isalnum() and letter.isascii() else f"\\{ord(letter):x} "
        for letter in cleaned
    )


def _digest(scene: Scene) -> str:
    """Return a short name that depends on nothing but the scene."""
    return hashlib.sha256(repr(scene).encode("utf-8", "replace")).hexdigest()[:8]


def escaped(text: str) -> str:
    """Escape text and attribute values; drop what XML forbids."""
    return escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text), quote=True)


def _n(value: float) -> str:
    """Print a coordinate with two decimals at most."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _mark(mark: Mark, prefix: str) -> str:
    """Write one mark as a group."""
    data = "".join(f' data-{key}="{escaped(value)}"' for key, value in mark.data)
    if mark.owner:
        data += f' data-owner="{prefix}-{mark.owner}"'
    title = f"<title>{escaped(mark.tooltip)}</title>" if mark.tooltip else ""
    shapes = "".join(_shape(shape) for shape in mark.shapes)
    return f'<g id="{prefix}-{mark.id}" class="{escaped(mark.classes)}"{data}>{title}{shapes}</g>'


def _pen(pen: Pen) -> str:
    """Write fill and stroke."""
    text = f' fill="{pen.fill or "none"}"'
    if pen.stroke is not None:
        text += f' stroke="{pen.stroke}" stroke-width="{_n(pen.width)}"'
    if pen.dash:
        text += f' stroke-dasharray="{" ".join(_n(length) for length in pen.dash)}"'
    return text


def _shape(shape: Shape) -> str:
    """Write one shape."""
    if isinstance(shape, Text):
        return _text(shape)
    if isinstance(shape, Ellipse):
        place = f'cx="{_n(shape.x)}" cy="{_n(shape.y)}" rx="{_n(shape.rx)}" ry="{_n(shape.ry)}"'
        return f"<ellipse {place}{_pen(shape.pen)}/>"
    if isinstance(shape, Rect):
        size = f'width="{_n(shape.width)}" height="{_n(shape.height)}"'
        return f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" {size}{_pen(shape.pen)}/>'
    return f'<path d="{_commands(shape)}"{_pen(shape.pen)}/>'


def _commands(path: Path) -> str:
    """Write the commands of a path."""
    return " ".join(
        " ".join([str(name), *(_n(float(number)) for number in numbers)])
        for name, *numbers in path.commands
    )


def _text(text: Text) -> str:
    """Write a line of text, its leading characters slanted where asked."""
    slanted, upright = text.content[: text.italic], text.content[text.italic :]
    content = f'<tspan font-style="italic">{escaped(slanted)}</tspan>' if slanted else ""
    color = "" if text.color == "#000000" else f' fill="{text.color}"'
    weight = ' font-weight="bold"' if text.bold else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y + _BASELINE * text.size)}" '
        f'font-size="{_n(text.size)}" text-anchor="{text.anchor}"{weight}{color}>'
        f"{content}{escaped(upright)}"
        "</text>"
    )
