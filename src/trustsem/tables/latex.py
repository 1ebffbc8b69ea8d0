r"""Sheets as LaTeX in the form of the APA: rules of ``booktabs``, notes below.

Columns are as wide as their longest entry; text columns wrap where the table would otherwise be
wider than the page, and a table that is still too wide is printed in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trustsem.tables.sheet import Group, Note, Row, Sheet
from trustsem.typesetting import Rich, emphasised, escape_latex, plain, to_latex

PAGE, LANDSCAPE = 96, 138
"""Characters of 9 pt on a line of 165 mm, and of 230 mm."""
PACKAGES = ("array", "booktabs", "longtable")
_EM_PER_CHARACTER = 0.5
_LONG = 40


def table_latex(sheet: Sheet) -> str:
    """Return a sheet as a float with caption and label; a long one breaks across pages.

    Parameters
    ----------
    sheet : Sheet
        The table in words.
    """
    needs = f"% Load in the preamble: {', '.join(PACKAGES)}.\n"
    return needs + "\n".join(_fragment(part) for part in sheet.parts(PAGE))


def sheet_latex(sheet: Sheet) -> Iterator[str]:
    """Yield a numbered sheet as paragraphs of a report, parts of too wide a table on their own.

    Parameters
    ----------
    sheet : Sheet
        The table in words, with its number.
    """
    widths = sheet.widths(PAGE)
    if sum(widths) + 2 * (len(widths) - 1) <= PAGE:
        yield _paragraphs(sheet, PAGE)
        return
    pages = "\n\\clearpage\n".join(_paragraphs(part, LANDSCAPE) for part in sheet.parts(LANDSCAPE))
    yield f"\\begin{{landscape}}\n{pages}\n\\end{{landscape}}"


def _fragment(sheet: Sheet) -> str:
    """Return a float, or a longtable where the table is long."""
    caption = f"\\caption{{{escape_latex(sheet.title)}}}\\label{{tab:{_label(sheet.name)}}}"
    columns, rows = _columns(sheet, PAGE), _rows(sheet)
    notes = _notes(sheet)
    if len(sheet.lines) > _LONG:
        return _longtable(sheet, PAGE, f"{caption}\\\\\n") + notes
    table = f"\\begin{{tabular}}{{{columns}}}\n{_head(sheet)}{rows}\\bottomrule\n\\end{{tabular}}\n"
    return (
        "\\begin{table}[htbp]\n\\footnotesize\\setlength{\\tabcolsep}{4pt}\n"
        f"{caption}\n{table}{notes}\\end{{table}}\n"
    )


def _paragraphs(sheet: Sheet, available: int) -> str:
    """Return number and title, the table, the notes."""
    number = to_latex(plain(f"Table {sheet.number}", bold=True)) if sheet.number else ""
    title = to_latex(plain(sheet.title, italic=True))
    heading = f"{number}\\\\*\n{title}" if number else title
    keep = "\\par\\vskip 0pt plus 7\\baselineskip\\penalty-250\\vskip 0pt plus -7\\baselineskip\n"
    return (
        f"{keep}\\noindent {heading}\\par\\nobreak\n"
        f"{_longtable(sheet, available, '')}{_notes(sheet)}"
    )


def _longtable(sheet: Sheet, available: int, first: str) -> str:
    """Return a table that may break across pages, its head repeated."""
    head = _head(sheet)
    return (
        "{\\footnotesize\\setlength{\\tabcolsep}{4pt}\\setlength{\\LTleft}{0pt}"
        "\\setlength{\\LTpre}{3pt}\\setlength{\\LTpost}{3pt}\n"
        f"\\begin{{longtable}}{{{_columns(sheet, available)}}}\n{first}{head}\\endfirsthead\n"
        f"{head}\\endhead\n\\bottomrule\n\\endfoot\n{_rows(sheet)}\\end{{longtable}}\n}}\n"
    )


def _columns(sheet: Sheet, available: int) -> str:
    """Return the column types; text that was made narrower wraps."""
    natural, fitted = sheet.widths(10_000), sheet.widths(available)
    types = []
    for heading, wide, width in zip(sheet.headings, natural, fitted, strict=True):
        if heading.numeric:
            types.append("r")
        elif width < wide:
            size = f"{_EM_PER_CHARACTER * width:.1f}em"
            types.append(f">{{\\raggedright\\arraybackslash\\hangindent=1em}}p{{{size}}}")
        else:
            types.append("l")
    return f"@{{}}{''.join(types)}@{{}}"


def _head(sheet: Sheet) -> str:
    cells = [
        f"\\multicolumn{{1}}{{{'r' if heading.numeric else 'l'}}}{{{to_latex(heading.text)}}}"
        for heading in sheet.headings
    ]
    return f"\\toprule\n{' & '.join(cells)} \\\\\n\\midrule\n"


def _rows(sheet: Sheet) -> str:
    return "".join(f"{_line(line, len(sheet.headings))} \\\\\n" for line in sheet.lines)


def _line(line: Group | Row, n_columns: int) -> str:
    if isinstance(line, Group):
        title = to_latex(emphasised(plain(line.title)))
        return f"\\multicolumn{{{n_columns}}}{{@{{}}l@{{}}}}{{{title}}}"
    return " & ".join(_cells(line.cells))


def _cells(cells: Sequence[Rich]) -> Iterator[str]:
    for cell in cells:
        text = to_latex(cell)
        yield text or "{}"


def _notes(sheet: Sheet) -> str:
    """Return the notes, each a paragraph of its own."""
    if not sheet.notes:
        return ""
    paragraphs = "".join(f"\\noindent {_note(note)}\\par\n" for note in sheet.notes)
    return f"{{\\footnotesize\n{paragraphs}}}\\medskip\n"


def _note(note: Note) -> str:
    if note.mark.endswith("."):
        return f"{to_latex(plain(note.mark, italic=True))} {to_latex(note.text)}"
    mark = f"\\textsuperscript{{{note.mark}}}\\," if note.mark else ""
    return f"{mark}{to_latex(note.text)}"


def _label(name: str) -> str:
    """Return an identifier without characters that mean something to LaTeX."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
