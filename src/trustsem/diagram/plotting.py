"""Draws a scene with matplotlib: PNG, PDF, or into axes of the user.

This package alone imports matplotlib, and only when something is drawn.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any, Literal

from trustsem.diagram.scene import Ellipse, Path, Pen, Rect, Scene, Shape, Text
from trustsem.diagram.text import is_wide, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAMILY = "DejaVu Sans"
_WIDE_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Source Han Sans",
    "Arial Unicode MS",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Yu Gothic",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
"""Fonts with East Asian letters; the first that is installed completes DejaVu Sans."""
_PIXELS_PER_INCH = 300
_POINTS_PER_INCH = 72
_BASELINE = 0.355
_SETTINGS = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "path.simplify": False,
    "text.usetex": False,
    "text.hinting": "no_hinting",
}


def encoded(scene: Scene, kind: Literal["png", "pdf"], dpi: float = _PIXELS_PER_INCH) -> bytes:
    """Return a scene as the bytes of a PNG or PDF file, the same for the same scene.

    Parameters
    ----------
    scene : Scene
        The figure.
    kind : {"png", "pdf"}
        File format. Text in a PDF stays text (embedded TrueType).
    dpi : float, optional
        Resolution of a PNG in pixels per inch.

    Returns
    -------
    bytes
        Without dates and program versions.
    """
    import matplotlib as mpl  # noqa: PLC0415  # slow to import; needed for pictures only
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # as above
    from matplotlib.backends.backend_pdf import FigureCanvasPdf  # noqa: PLC0415  # as above

    buffer = io.BytesIO()
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = _figure(scene)
        if kind == "pdf":
            dates = {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None}
            FigureCanvasPdf(figure).print_pdf(buffer, metadata=dates)  # type: ignore[no-untyped-call]
        else:
            figure.set_dpi(dpi)
            FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def _figure(scene: Scene) -> Figure:
    """Return a figure of the exact size with the scene on it."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # slow to import

    figure = Figure(
        figsize=(scene.width / _POINTS_PER_INCH, scene.height / _POINTS_PER_INCH),
        facecolor="white",
    )
    draw_into(scene, figure.add_axes((0.0, 0.0, 1.0, 1.0)))
    return figure


def new_axes(scene: Scene) -> Axes:
    """Return axes on a new figure of the size of a scene."""
    from matplotlib import pyplot as plt  # noqa: PLC0415  # slow to import

    size = (scene.width / _POINTS_PER_INCH, scene.height / _POINTS_PER_INCH)
    figure = plt.figure(figsize=size, facecolor="white")
    return figure.add_axes((0.0, 0.0, 1.0, 1.0))


def draw_into(scene: Scene, axes: Axes) -> None:
    """Draw a scene into axes, scaled with the axes' size; text keeps its share of the figure."""
    axes.set_xlim(0.0, scene.width)
    axes.set_ylim(scene.height, 0.0)
    axes.set_aspect("equal", adjustable="box", anchor="C")
    axes.set_axis_off()
    figure = axes.get_figure(root=True)
    if figure is None:
        raise TypeError("The axes belong to no figure.")
    place = axes.get_position()
    across = place.width * figure.get_figwidth() * _POINTS_PER_INCH / scene.width
    down = place.height * figure.get_figheight() * _POINTS_PER_INCH / scene.height
    scale = min(across, down)
    family = font_families("".join(text.content for mark in scene.marks for text in mark.texts))
    order = 1
    for mark in scene.marks:
        for shape in mark.shapes:
            order += 1
            _draw(axes, shape, scale, order, family)


def font_families(text: str) -> list[str]:
    """Return the font families for a text, with one for East Asian letters where they occur.

    Parameters
    ----------
    text : str
        All letters of a figure.

    Returns
    -------
    list of str
        The first that holds a letter prints it.
    """
    from matplotlib import font_manager  # noqa: PLC0415  # slow to import

    if not any(is_wide(letter) for letter in set(text)):
        return [FAMILY]
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [FAMILY, *[name for name in _WIDE_FAMILIES if name in installed][:1]]


def _style(pen: Pen, scale: float, order: int) -> dict[str, Any]:
    """Translate a pen."""
    return {
        "edgecolor": pen.stroke or "none",
        "facecolor": pen.fill or "none",
        "linewidth": pen.width * scale,
        "linestyle": (0, tuple(length / pen.width for length in pen.dash)) if pen.dash else "-",
        "capstyle": "butt",
        "joinstyle": "miter",
        "zorder": order,
    }


def _draw(axes: Axes, shape: Shape, scale: float, order: int, family: list[str]) -> None:
    """Draw one shape."""
    from matplotlib import patches  # noqa: PLC0415  # slow to import

    if isinstance(shape, Text):
        _draw_text(axes, shape, scale, order, family)
        return
    style = _style(shape.pen, scale, order)
    if isinstance(shape, Ellipse):
        axes.add_patch(patches.Ellipse((shape.x, shape.y), 2 * shape.rx, 2 * shape.ry, **style))
    elif isinstance(shape, Rect):
        axes.add_patch(patches.Rectangle((shape.x, shape.y), shape.width, shape.height, **style))
    else:
        axes.add_patch(patches.PathPatch(_outline(shape), **style))


def _outline(path: Path) -> Any:
    """Translate the commands of a path."""
    from matplotlib.path import Path as Outline  # noqa: PLC0415  # slow to import

    codes = {"M": Outline.MOVETO, "L": Outline.LINETO, "C": Outline.CURVE4, "Z": Outline.CLOSEPOLY}
    vertices: list[tuple[float, float]] = []
    kinds: list[Any] = []
    for name, *numbers in path.commands:
        values = [float(number) for number in numbers] or list(vertices[0])
        points = list(zip(values[::2], values[1::2], strict=True))
        vertices += points
        kinds += [codes[str(name)]] * len(points)
    return Outline(vertices, kinds)


def _draw_text(axes: Axes, text: Text, scale: float, order: int, family: list[str]) -> None:
    """Draw a line of text; slanted leading characters are a piece of their own."""
    box = text.box
    x = box.left
    pieces = [(text.content[: text.italic], "italic"), (text.content[text.italic :], "normal")]
    for content, slant in pieces:
        if not content:
            continue
        whole = not text.italic
        axes.text(
            text.x if whole else x,
            text.y + _BASELINE * text.size,
            content,
            fontsize=text.size * scale,
            fontfamily=family,
            fontstyle=slant,
            fontweight="bold" if text.bold else "normal",
            color=text.color,
            ha={"start": "left", "middle": "center", "end": "right"}[text.anchor]
            if whole
            else "left",
            va="baseline",
            parse_math=False,
            zorder=order,
        )
        x += text_width(content, text.size)
