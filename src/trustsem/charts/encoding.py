"""A matplotlib figure as bytes: the same for the same chart, and safe beside others in a page."""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any

from trustsem.diagram.page import MM_PER_POINT
from trustsem.diagram.svg import FONT_FAMILY, escaped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_METADATA: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}
_TAG = re.compile(r"<[^<>]+>")
_OPENING = re.compile(r"<svg\b[^>]*>")
_NAMED = re.compile(r'(?P<before>\sid="|\bhref="#|url\(#)(?P<name>[^")]+)')
_FAMILY = re.compile(r"font-family: ?[^;\"]+")
_PROLOGUE = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)


def encoded(figure: Figure, suffix: str, dpi: float) -> bytes:
    """Return a figure as the bytes of a file, without dates and program versions.

    Parameters
    ----------
    figure : Figure
        What is drawn.
    suffix : {".svg", ".png", ".pdf"}
        Format.
    dpi : float
        Resolution of a PNG in pixels per inch.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # slow to import

    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format=suffix.removeprefix("."), dpi=dpi, metadata=_METADATA[suffix])
    return buffer.getvalue()


def inlinable(svg: str, prefix: str, title: str, description: str) -> str:
    """Return matplotlib's SVG as a document that can stand beside others in one page.

    All ids and the references to them begin with the prefix, rules of style apply to this figure
    only, the size is in millimetres, and screen readers find a title and a description.

    Parameters
    ----------
    svg : str
        What matplotlib wrote, with ``svg.fonttype`` none.
    prefix : str
        Beginning of every id; a digest of the content if empty.
    title, description : str
        What the figure is, and what it shows, in words.
    """
    body = _PROLOGUE.sub("", svg, count=1)
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, count=1, flags=re.DOTALL)
    name = re.sub(r"[^A-Za-z0-9_-]", "-", prefix) or f"c{_digest(body + title + description)}"
    if not name[0].isalpha():
        name = f"c{name}"
    body = _TAG.sub(lambda tag: _renamed(tag.group(), name), body)
    body = body.replace("*{stroke-linejoin", f"#{name} *{{stroke-linejoin", 1)
    opening = _opening(body, name)
    words = (
        f'<title id="{name}-title">{escaped(title)}</title>\n'
        f' <desc id="{name}-desc">{escaped(description)}</desc>'
    )
    return _OPENING.sub(lambda _: f"{opening}\n {words}", body, count=1)


def _renamed(tag: str, name: str) -> str:
    """Prefix ids and references in one tag, and name the fonts of all figures."""
    tag = _NAMED.sub(lambda found: f"{found['before']}{name}-{found['name']}", tag)
    return _FAMILY.sub(f"font-family: {FONT_FAMILY}", tag)


def _opening(body: str, name: str) -> str:
    """Return the opening tag with size, role and names."""
    found = re.search(r'viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)"', body)
    if found is None:
        raise ValueError("The SVG has no viewBox.")
    width, height = (round(float(found[side]) * MM_PER_POINT, 2) for side in ("width", "height"))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'id="{name}" class="chart" role="img" aria-labelledby="{name}-title {name}-desc" '
        f'width="{width:g}mm" height="{height:g}mm" {found.group()} version="1.1">'
    )


def _digest(text: str) -> str:
    """Return a short name that depends on nothing but the text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
