"""Text with italics, bold and indices, and how each medium writes it.

A sentence is a tuple of runs. It is made once, from plain text (:func:`plain`, :func:`typeset`)
or from a notation of our own (:func:`marked`), and then written as HTML, LaTeX, Markdown or text;
each writer escapes what its medium would take for a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any, Literal

from markupsafe import Markup, escape

from trustsem import display

Script = Literal["", "sub", "sup"]


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one style.

    Parameters
    ----------
    text : str
        Plain characters.
    italic, bold : bool
        Style.
    script : {"", "sub", "sup"}
        Below or above the line.
    """

    text: str
    italic: bool = False
    bold: bool = False
    script: Script = ""


Rich = tuple[Run, ...]
"""A text in runs."""


def plain(text: str, *, italic: bool = False, bold: bool = False) -> Rich:
    """Return text in one style; nothing for an empty text."""
    return (Run(text, italic=italic, bold=bold),) if text else ()


def rich(text: str | Rich) -> Rich:
    """Return text in runs, whichever it is."""
    return plain(text) if isinstance(text, str) else text


def emphasised(text: Rich) -> Rich:
    """Return the text in bold."""
    return tuple(replace(run, bold=True) for run in text)


def raised(text: str) -> Rich:
    """Return the text above the line, as the mark of a note."""
    return (Run(text, script="sup"),) if text else ()


def joined(parts: Iterable[str | Rich], separator: str = " ") -> Rich:
    """Return texts one after the other; empty ones are left out."""
    runs: list[Run] = []
    for part in parts:
        if part:
            runs += [*plain(separator if runs else ""), *rich(part)]
    return tuple(runs)


_STATISTIC = re.compile(
    r"(?<![\w-])(?P<symbol>SE|SD|df|[pNMbzqnHT]|CFI|TLI|RMSEA|SRMR|β|φ|α)"
    r" (?P<relation>[=<>≥≤−]) (?=[-−.\d])"
    r"|(?P<lone>(?<=± 2 )SE\b|\bR(?=²))"
)
_UPRIGHT = frozenset({"CFI", "TLI", "RMSEA", "SRMR", "β", "φ", "α"})
_NEGATIVE = re.compile(r"(?<![\w.])-(?=\.?\d)")


def typeset(text: str) -> Rich:
    """Return a sentence, its statistics set as journals set them.

    Symbols are in italics and not torn from their values; a minus is a minus.

    Parameters
    ----------
    text : str
        Plain text, such as ``"z = -2.10, p = .036"``.
    """
    text = _NEGATIVE.sub(display.MINUS, text)
    runs: list[Run] = []
    end = 0
    for match in _STATISTIC.finditer(text):
        symbol = match["lone"] or match["symbol"]
        runs += plain(text[end : match.start()])
        runs += plain(symbol, italic=symbol not in _UPRIGHT)
        runs += plain(f"\xa0{match['relation']}\xa0" if match["relation"] else "")
        end = match.end()
    return (*runs, *plain(text[end:]))


def marked(notation: str) -> Rich:
    """Return text that is written with ``<i> <b> <sub> <sup>`` and entities.

    For formulas and headers that stand in the code; texts from data are never read as notation.

    Raises
    ------
    ValueError
        If there is another tag.
    """
    reader = _Notation()
    reader.feed(notation)
    reader.close()
    return tuple(reader.runs)


class _Notation(HTMLParser):
    """Collects runs; the open tags are their style."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("i", "b", "sub", "sup") or attrs:
            raise ValueError(f"The notation has no <{tag}>.")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing.")

    def handle_data(self, data: str) -> None:
        script: Any = next((tag for tag in reversed(self._open) if tag.startswith("s")), "")
        run = Run(data, italic="i" in self._open, bold="b" in self._open, script=script)
        self.runs.append(run)


def to_plain(text: Rich) -> str:
    """Return the characters alone."""
    return "".join(run.text for run in text)


def to_html(text: Rich) -> Markup:
    """Return HTML, all characters escaped."""
    return Markup("").join(_html_run(run) for run in text)


def _html_run(run: Run) -> Markup:
    content = escape(display.printable(run.text)).replace("\xa0", Markup("&nbsp;"))
    for tag in _tags(run):
        content = Markup("<{0}>{1}</{0}>").format(Markup(tag), content)  # noqa: S704  (own tags)
    return content


def _tags(run: Run) -> Iterator[str]:
    """Yield the tags of a run, the innermost first."""
    if run.italic:
        yield "i"
    if run.bold:
        yield "b"
    if run.script:
        yield run.script


_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$])")


def to_markdown(text: Rich) -> str:
    """Return Markdown on one line; labels cannot make links, cells or HTML of it."""
    return "".join(_markdown_run(run) for run in text)


def escape_markdown(text: str) -> str:
    """Return text for Markdown, on one line."""
    return _MARKDOWN.sub(r"\\\1", display.printable(text))


def _markdown_run(run: Run) -> str:
    content = escape_markdown(run.text)
    core = content.strip()
    if not core:
        return content
    before, after = content.split(core)[0], content[content.rindex(core) + len(core) :]
    core = f"*{core}*" if run.italic else core
    core = f"**{core}**" if run.bold else core
    core = f"<{run.script}>{core}</{run.script}>" if run.script else core
    return f"{before}{core}{after}"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}", "*": "{*}", "\xa0": "~",
    "—": r"\textemdash{}", "–": r"\textendash{}", "…": r"\ldots{}", "•": r"\textbullet{}",
}  # fmt: skip
_MATHEMATICS = {
    "−": "-", "≥": r"\geq", "≤": r"\leq", "≠": r"\neq", "≈": r"\approx", "±": r"\pm",
    "×": r"\times", "·": r"\cdot", "→": r"\rightarrow", "←": r"\leftarrow",
    "↔": r"\leftrightarrow", "√": r"\surd", "∞": r"\infty", "∑": r"\sum", "′": r"\prime",
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon",
    "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda",
    "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi", "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma",
    "τ": r"\tau", "υ": r"\upsilon", "φ": r"\phi", "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega",
    "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi", "Π": r"\Pi",
    "Σ": r"\Sigma", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega",
}  # fmt: skip
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰ", "0123456789+-abcdefgh", strict=True))
_LATEX_OF = (
    _LATEX
    | {sign: rf"\ensuremath{{{command}}}" for sign, command in _MATHEMATICS.items()}
    | {sign: rf"\textsuperscript{{{shown}}}" for sign, shown in _RAISED.items()}
)
_LIGATURES = "-',"
"""What LaTeX joins when it stands twice."""


def escape_latex(text: str) -> str:
    """Return text for LaTeX: no character of it is a command, a comment or a ligature.

    Letters that are not in the fonts of pdfLaTeX stay as they are; LuaLaTeX and XeLaTeX print them
    in a font that has them.
    """
    pieces: list[str] = []
    previous = ""
    for character in display.printable(text):
        if character == previous and character in _LIGATURES:
            pieces.append("{}")
        pieces.append(_LATEX_OF.get(character, character))
        previous = character
    return "".join(pieces)


_LATEX_STYLES = {"sub": "textsubscript", "sup": "textsuperscript", "i": "textit", "b": "textbf"}


def to_latex(text: Rich) -> str:
    """Return LaTeX, all characters escaped."""
    return "".join(_latex_run(run) for run in text)


def _latex_run(run: Run) -> str:
    content = escape_latex(run.text)
    for tag in _tags(run):
        content = rf"\{_LATEX_STYLES[tag]}{{{content}}}"
    return content
