"""Writes a scene as TikZ: a picture to be read into a LaTeX document, or a document of its own.

pdfLaTeX prints Latin letters, single Greek ones and common signs. Texts with other letters are
written as they are, and the file says, and stops with an error that says, that it needs XeLaTeX or
LuaLaTeX and a font with these letters.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from trustsem.diagram.scene import BLACK, Ellipse, Path, Pen, Rect, Scene, Shape, Text
from trustsem.diagram.text import LINE_HEIGHT, is_wide, one_line
from trustsem.typesetting import escape_latex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustsem.diagram.scene import Mark

_BASELINE = 0.355
"""From the middle of capital letters down to the base line, in em."""
_LATIN = (
    range(0x20, 0x7F), range(0xA0, 0x126), range(0x128, 0x138), range(0x139, 0x13F),
    range(0x141, 0x149), range(0x14A, 0x166), range(0x168, 0x17F), range(0x218, 0x21C),
    range(0x2012, 0x2016), range(0x2018, 0x201B), range(0x201C, 0x201F), range(0x2039, 0x203B),
    range(0x2020, 0x2023), range(0x20AC, 0x20AD), range(0x1E9E, 0x1E9F), range(0xFB00, 0xFB07),
)  # fmt: skip
"""What the input encoding UTF-8 and the font encodings T1 and TS1 print."""
_PICTURE = (
    r"\begin{tikzpicture}[x=1bp,y=-1bp,line cap=butt,line join=miter,"
    r"every node/.style={inner sep=0pt,outer sep=0pt,anchor=base}]"
)
"""Units of a PostScript point, y downwards."""
_RIGHT_TO_LEFT = {"R", "AL"}
_FONTS = ("DejaVu Sans", "Noto Sans", "FreeSans", "Arial Unicode MS")
_WIDE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans", "FandolHei-Regular",
    "Microsoft YaHei", "PingFang SC", "WenQuanYi Zen Hei", "Droid Sans Fallback",
)  # fmt: skip


def latex(text: str) -> str:
    """Return a text that LaTeX prints as it stands; characters without a shape are left out."""
    return escape_latex("".join(c for c in one_line(text) if unicodedata.category(c) != "Cf"))


def _beyond_latin(texts: Iterable[str]) -> str:
    """Return the letters that pdfLaTeX cannot print, each once, in order."""
    letters = dict.fromkeys(letter for text in texts for letter in one_line(text))
    return "".join(
        letter
        for letter in letters
        if latex(letter) == letter and not any(ord(letter) in known for known in _LATIN)
    )


def tikz_text(scene: Scene, *, standalone: bool = False) -> str:
    """Write a scene as TikZ.

    Parameters
    ----------
    scene : Scene
        The figure.
    standalone : bool, optional
        Write a whole document whose only page is the figure.

    Returns
    -------
    str
        The same for the same scene.
    """
    texts = [text.content for mark in scene.marks for text in mark.texts]
    beyond = _beyond_latin(texts)
    head = [f"% {one_line(scene.title)}"]
    if not standalone:
        head.append(r"% Read this file with \input; it needs \usepackage{tikz}, and with pdfLaTeX")
        head.append(r"% \usepackage[T1]{fontenc} and a scalable font such as \usepackage{lmodern}.")
    if beyond:
        head.append(
            f"% It has {len(beyond)} letters that pdfLaTeX does not print: compile it with "
            "XeLaTeX or LuaLaTeX"
        )
        head.append("% and the package fontspec, in a font that has them.")
    if any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in beyond):
        head.append("% Text from right to left needs the package bidi or babel, too.")
    lines = [*head, *(_document_head(scene, beyond) if standalone else _guard(beyond))]
    lines += [_PICTURE, *_colors(scene)]
    lines.append(rf"\useasboundingbox (0,0) rectangle ({_n(scene.width)},{_n(scene.height)});")
    for mark in scene.marks:
        lines += _mark(mark)
    lines.append(r"\end{tikzpicture}" + ("%" if standalone else ""))
    if standalone:
        lines.append(r"\end{document}")
    return "\n".join(lines) + "\n"


def _document_head(scene: Scene, beyond: str) -> list[str]:
    """Return the preamble of a document whose page is the figure."""
    size = f"paperwidth={_n(scene.width)}bp,paperheight={_n(scene.height)}bp"
    fonts = _WIDE_FONTS if any(is_wide(letter) for letter in beyond) else _FONTS
    choice = ""
    for font in reversed(fonts):
        choice = rf"\IfFontExistsTF{{{font}}}{{\setsansfont{{{font}}}}}{{{choice}}}"
    return [
        r"\documentclass{article}",
        rf"\usepackage[{size},margin=0pt]{{geometry}}",
        r"\usepackage{iftex}",
        *_guard(beyond),
        r"\ifPDFTeX",
        r"  \usepackage[utf8]{inputenc}",
        r"  \usepackage[T1]{fontenc}",
        r"  \usepackage{textcomp}",
        r"  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{\usepackage{fix-cm}}",
        r"\else",
        r"  \usepackage{fontspec}",
        *([f"  {choice}"] if beyond else []),
        r"\fi",
        r"\usepackage{tikz}",
        r"\pagestyle{empty}",
        r"\setlength{\parindent}{0pt}",
        r"\setlength{\topskip}{0pt}",
        r"\begin{document}%",
    ]


def _guard(beyond: str) -> list[str]:
    """Return what stops pdfLaTeX where letters would be missing."""
    if not beyond:
        return []
    message = "This figure has letters that pdfLaTeX does not print; use XeLaTeX or LuaLaTeX"
    return [rf"\ifdefined\pdftexversion\errmessage{{{message}}}\fi"]


def _shades(scene: Scene) -> list[str]:
    """Return the colours of a scene other than black, in the order of their use."""
    used: dict[str, None] = {}
    for mark in scene.marks:
        for shape in mark.shapes:
            if isinstance(shape, Text):
                used.setdefault(shape.color)
            else:
                used |= dict.fromkeys(c for c in (shape.pen.stroke, shape.pen.fill) if c)
    return [color for color in used if color != BLACK]


def _colors(scene: Scene) -> list[str]:
    """Define the colours."""
    return [
        rf"\definecolor{{{_color(shade)}}}{{HTML}}{{{shade[1:].upper()}}}"
        for shade in _shades(scene)
    ]


def _color(shade: str) -> str:
    """Return the name of a colour."""
    return "black" if shade == BLACK else f"ts{shade[1:]}"


def _mark(mark: Mark) -> list[str]:
    """Write one mark, under a comment that says what it is."""
    facts = dict(mark.data)
    about = facts.get("variable") or " -> ".join(
        facts[key] for key in ("source", "target") if key in facts
    )
    comment = " ".join(filter(None, [mark.classes, one_line(about)]))
    return [f"% {comment}", *(_shape(shape) for shape in mark.shapes)]


def _shape(shape: Shape) -> str:
    """Write one shape."""
    if isinstance(shape, Text):
        return _text(shape)
    pen = _pen(shape.pen)
    if isinstance(shape, Ellipse):
        sizes = f"x radius={_n(shape.rx)}bp,y radius={_n(shape.ry)}bp"
        return rf"\path[{pen}] ({_n(shape.x)},{_n(shape.y)}) circle [{sizes}];"
    if isinstance(shape, Rect):
        corner = f"({_n(shape.x + shape.width)},{_n(shape.y + shape.height)})"
        return rf"\path[{pen}] ({_n(shape.x)},{_n(shape.y)}) rectangle {corner};"
    return rf"\path[{pen}] {_commands(shape)};"


def _pen(pen: Pen) -> str:
    """Write stroke and fill as options."""
    options = []
    if pen.stroke is not None:
        options += [f"draw={_color(pen.stroke)}", f"line width={_n(pen.width)}bp"]
    if pen.dash:
        on, off = pen.dash[:2]
        options.append(f"dash pattern=on {_n(on)}bp off {_n(off)}bp")
    if pen.fill is not None:
        options.append(f"fill={_color(pen.fill)}")
    return ",".join(options)


def _commands(path: Path) -> str:
    """Write the commands of a path."""
    parts = []
    for name, *numbers in path.commands:
        points = [
            f"({_n(float(x))},{_n(float(y))})"
            for x, y in zip(numbers[::2], numbers[1::2], strict=True)
        ]
        if name == "C":
            parts.append(f".. controls {points[0]} and {points[1]} .. {points[2]}")
        elif name == "Z":
            parts.append("-- cycle")
        else:
            parts.append(points[0] if name == "M" else f"-- {points[0]}")
    return " ".join(parts)


def _text(text: Text) -> str:
    """Write a line of text, its leading characters slanted where asked."""
    anchor = {"start": "base west", "middle": "base", "end": "base east"}[text.anchor]
    font = rf"\sffamily\fontsize{{{_n(text.size)}bp}}{{{_n(LINE_HEIGHT * text.size)}bp}}\selectfont"
    if text.bold:
        font += r"\bfseries"
    slanted, upright = text.content[: text.italic], text.content[text.italic :]
    content = (rf"\textit{{{latex(slanted)}}}" if slanted else "") + _spaced(upright)
    options = [f"anchor={anchor}", f"font={font}"]
    if text.color != BLACK:
        options.append(f"text={_color(text.color)}")
    place = f"({_n(text.x)},{_n(text.y + _BASELINE * text.size)})"
    return rf"\node[{','.join(options)}] at {place} {{{content}}};"


def _spaced(text: str) -> str:
    """Return the rest of a line; a blank at its beginning is kept."""
    return ("~" if text.startswith(" ") else "") + latex(text)


def _n(value: float) -> str:
    """Print a coordinate with two decimals at most."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
