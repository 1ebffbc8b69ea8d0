r"""Sheets as LaTeX in the form of the APA: rules of ``booktabs``, notes below.

Columns are as wide as their longest entry; text columns wrap where the table would otherwise be
wider than the page, and a table that is still too wide is printed in parts.
"""

from __future__ import annotations

from collections.abc import Iterator

from trustsem.tables.layout import breakable, follow_numbers, header_lines
from trustsem.tables.metrics import LATIN_MODERN
from trustsem.tables.paper import LATEX_PAPER, SMALL, Setting, setting
from trustsem.tables.sheet import Group, Heading, Note, Row, Sheet, number_and_mark
from trustsem.typesetting import Rich, escape_latex, has_other_script, plain, to_latex

PACKAGES = ("array", "booktabs", "longtable")
_SEPARATION = 4
"""``\\tabcolsep`` in points."""
_QUAD = {9: 1.028, 8: 1.062}
"""LaTeX's em of the fonts that we set tables in, relative to their size."""
_LONG, _SHORT, _KEPT = 40, 14, 2
"""Lines of a table that must break across pages; of one that never does; that stay together."""
_ALMOST_FULL = 0.75
"""Part of a line from which on a table is as wide as the line."""


def table_latex(sheet: Sheet) -> str:
    """Return a sheet as a float with caption and label; a long one breaks across pages.

    Parameters
    ----------
    sheet : Sheet
        The table in words.
    """
    needs = f"% Load in the preamble: {', '.join(PACKAGES)}.\n"
    chosen = setting(sheet, LATEX_PAPER, landscape=False)
    return needs + "\n".join(
        _Writer(part, chosen).fragment(position) for position, part in enumerate(chosen.parts)
    )


def sheet_latex(chosen: Setting) -> Iterator[str]:
    """Yield a numbered sheet as paragraphs of a report, parts of too wide a table on their own.

    Parameters
    ----------
    chosen : Setting
        The table in words, with its number, and how it is set.
    """
    for part in chosen.parts:
        writer = _Writer(part, chosen)
        yield writer.block() if writer.is_short else writer.breakable()


class _Writer:
    """Writes one table.

    Parameters
    ----------
    sheet : Sheet
        The table, or one part of it.
    chosen : Setting
        How it is set.
    """

    def __init__(self, sheet: Sheet, chosen: Setting) -> None:
        columns = sheet.columns()
        self._sheet = sheet
        self._line = chosen.line
        self._widths = sheet.widths(chosen.line, LATEX_PAPER.ruler)
        self._widest = [max(map(LATIN_MODERN.width, column.cells), default=0) for column in columns]
        self._foreign = [any(map(has_other_script, column.cells)) for column in columns]
        self._follows = follow_numbers(columns)
        self._em = _QUAD[chosen.points]
        size = "scriptsize" if chosen.points == SMALL else "footnotesize"
        self._size = f"\\{size}\\setlength{{\\tabcolsep}}{{{_SEPARATION}pt}}"
        self._full = LATEX_PAPER.ruler.total(self._widths) > _ALMOST_FULL * chosen.line

    @property
    def is_short(self) -> bool:
        """Whether the table stays in one piece; letters printed as numbers may take any space."""
        return len(self._sheet.lines) <= _SHORT and not any(self._foreign)

    def fragment(self, position: int) -> str:
        """Return a float, or a longtable where the table is long."""
        part = f"-{position + 1}" if position else ""
        label = f"\\label{{tab:{_label(self._sheet.name)}{part}}}"
        caption = f"\\caption{{{escape_latex(self._sheet.title)}}}{label}"
        if len(self._sheet.lines) > _LONG:
            table = self._longtable(f"{caption}\\\\\n", "")
            return f"{table}{self._notes()}\\medskip\n"
        return (
            f"\\begin{{table}}[htbp]\n{self._size}\n{caption}\n{self._tabular(full=False)}"
            f"{self._notes()}\\end{{table}}\n"
        )

    def block(self) -> str:
        """Return number, title, table and notes, none without the others."""
        return (
            "\\par\\bigskip\\noindent\\begin{minipage}{\\linewidth}\n"
            f"{self._title()}\\par\\smallskip\n{{{self._size}\n{self._tabular(full=self._full)}}}"
            f"{self._notes()}\\end{{minipage}}\\par\\medskip"
        )

    def breakable(self) -> str:
        """Return the same as a table that may go on on the next page."""
        first = _across(f"\\normalsize {self._title()}\\par\\vspace{{2pt}}")
        number = f"\\textbf{{Table {escape_latex(self._sheet.number)}}}" * bool(self._sheet.number)
        again = _across(f"{number} (continued)\\par\\vspace{{2pt}}")
        table = self._longtable(f"{first}\\\\\n", f"{again}\\\\\n")
        return f"\\roomfor{{10\\baselineskip}}\n{table}{self._notes()}\\medskip"

    def _title(self) -> str:
        number, title = escape_latex(self._sheet.number), escape_latex(self._sheet.title)
        lines = [f"\\textbf{{Table {number}}}"] if number else []
        return "\\raggedright " + "\\\\*\n".join([*lines, f"\\textit{{{title}}}"])

    def _tabular(self, *, full: bool) -> str:
        environment = ("tabular*", "{\\linewidth}") if full else ("tabular", "")
        return (
            f"\\begin{{{environment[0]}}}{environment[1]}{{{self._columns(full=full)}}}\n"
            f"{self._head()}{self._rows()}\\bottomrule\n\\end{{{environment[0]}}}\\par\n"
        )

    def _longtable(self, first: str, again: str) -> str:
        """Return a table that may break across pages, its head repeated."""
        head = self._head()
        right = "\\setlength{\\LTright}{0pt}" if self._full else ""
        return (
            f"{{{self._size}\\setlength{{\\LTleft}}{{0pt}}{right}"
            "\\setlength{\\LTpre}{\\medskipamount}\\setlength{\\LTpost}{0pt}\n"
            f"\\begin{{longtable}}{{{self._columns(full=self._full)}}}\n{first}{head}"
            f"\\endfirsthead\n{again}{head}\\endhead\n\\bottomrule\n\\endfoot\n{self._rows()}"
            "\\end{longtable}\n}\n"
        )

    def _columns(self, *, full: bool) -> str:
        """Return the column types.

        Text that was made narrower wraps, and so do letters that pdfLaTeX prints as their numbers.
        """
        types = ["@{\\extracolsep{\\fill}}" if full else "@{}"]
        space = LATEX_PAPER.ruler.after_number
        for position, heading in enumerate(self._sheet.headings):
            follows = self._follows[position]
            room = (self._widths[position] - space * follows) / self._em
            wraps = room < self._widest[position] / self._em or self._foreign[position]
            further = f"{space / self._em:.2f}em"
            lead = f"@{{\\hskip{2 * _SEPARATION}pt\\hskip{further}}}" if follows else ""
            if heading.numeric:
                types.append(f"{lead}r")
            elif wraps:
                wrapping = ">{\\raggedright\\arraybackslash\\hangindent=1em}"
                types.append(f"{lead}{wrapping}p{{{room:.2f}em}}")
            else:
                types.append(f"{lead}l")
        return f"{''.join(types)}@{{}}"

    def _head(self) -> str:
        cells = map(self._heading, self._sheet.headings, self._widths, self._follows)
        return f"\\toprule\n{' & '.join(cells)} \\\\\n\\midrule\n"

    def _heading(self, heading: Heading, width: float, follows: bool) -> str:
        """Return a header, in lines where it is wider than its column."""
        room = width - LATEX_PAPER.ruler.after_number * follows + LATEX_PAPER.ruler.step
        lines = [to_latex(line) for line in header_lines(heading.text, room, LATEX_PAPER.ruler)]
        if len(lines) < 2:  # noqa: PLR2004  (one line needs no stack)
            return "".join(lines) or "{}"
        side = "r" if heading.numeric else "l"
        stack = "\\\\".join(lines)
        return f"\\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{stack}\\end{{tabular}}"

    def _rows(self) -> str:
        """Return the body; first and last rows, and those below a group's title, stay together."""
        lines = self._sheet.lines
        last = len(lines) - 1
        body = []
        for position, line in enumerate(lines):
            group = isinstance(line, Group)
            kept = position < _KEPT or last - _KEPT < position < last or group
            above = "\\addlinespace[3pt]\n" if group and position else ""
            end = "\\\\*" if kept and position < last else "\\\\"
            body.append(f"{above}{self._body_line(line)} {end}\n")
        return "".join(body)

    def _body_line(self, line: Group | Row) -> str:
        if isinstance(line, Group):
            title = plain(line.title, bold=True)
            text = to_latex(title)
            fits = LATIN_MODERN.width(title) <= self._line and not has_other_script(title)
            return _single(text) if fits else _across(text, place="t")
        return " & ".join(map(self._cell, line.cells, self._sheet.headings, self._widths))

    def _cell(self, cell: Rich, heading: Heading, width: float) -> str:
        """Return a cell; the letter of a note hangs beside its number."""
        if not heading.numeric:
            return to_latex(breakable(cell, width, LATEX_PAPER.ruler)) or "{}"
        number, mark = number_and_mark(cell)
        hanging = f"\\rlap{{\\textsuperscript{{{escape_latex(mark)}}}}}" if mark else ""
        return f"{to_latex(number)}{hanging}" or "{}"

    def _notes(self) -> str:
        """Return the notes, each a paragraph of its own."""
        if not self._sheet.notes:
            return ""
        paragraphs = "".join(f"\\noindent {_note(note)}\\par\n" for note in self._sheet.notes)
        return (
            "{\\footnotesize\\raggedright\\setlength{\\parskip}{2pt}\\vspace{2pt}\n"
            f"{paragraphs}}}"
        )


def _single(text: str) -> str:
    """Return text that makes no column wider."""
    return f"\\multicolumn{{1}}{{@{{}}l@{{}}}}{{\\rlap{{{text}}}}}"


def _across(text: str, place: str = "b") -> str:
    """Return text as wide as the line that makes no column wider."""
    return _single(f"\\parbox[{place}]{{\\linewidth}}{{\\raggedright {text}}}")


def _note(note: Note) -> str:
    if note.mark.endswith("."):
        return f"{to_latex(plain(note.mark, italic=True))} {to_latex(note.text)}"
    mark = f"\\textsuperscript{{{note.mark}}}\\," if note.mark else ""
    return f"{mark}{to_latex(note.text)}"


def _label(name: str) -> str:
    """Return an identifier without characters that mean something to LaTeX."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
