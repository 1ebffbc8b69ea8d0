"""Parts of pages that the program's own registries write: criteria, findings, commands, options.

A line ``<!-- generated: NAME -->`` in a page is replaced, when the site is built, by what the
function of that name in :data:`PARTS` returns as Markdown. So no page can say anything else than
the code does.
"""

from __future__ import annotations

import ast
import html
import pkgutil
import re
from dataclasses import MISSING, fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from copies import page_links
from finding_codes import finding_codes
from sphinx.errors import ExtensionError

import trustsem
from trustsem import errors
from trustsem.cli.program import program
from trustsem.options import DEFAULTS, GROUP_EQUAL, VALUES, Options
from trustsem.references import REFERENCES
from trustsem.report import definitions
from trustsem.results.ladder import LEVELS
from trustsem.results.plots import InvariancePlots, ModelPlots
from trustsem.study.plots import StudyPlots
from trustsem.survey import READER_OF
from trustsem.validity import thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType

    from sphinx.application import Sphinx

_PLACE = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)
_CODE_HEADING = re.compile(r"^### `(\w+)`$", re.MULTILINE)
FINDINGS_PAGE = "explanation/findings"


def cite(key: str) -> str:
    """Return a link to a reference, such as ``[Fornell & Larcker, 1981](#ref-fornell1981)``."""
    return f"[{definitions.short_citation(key)}](#ref-{key})" if key else ""


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    return "\n".join([_row(header), _row("---" for _ in header), *map(_row, rows)])


# -- criteria -------------------------------------------------------------------------------------


def _definitions(entries: Sequence[definitions.Definition]) -> str:
    """Return quantities with meaning, formula, convention and the sources of both."""
    limits = thresholds.Thresholds()
    rows = []
    for entry in entries:
        convention = ""
        if entry.cutoff is not None:
            source = cite(entry.cutoff.source)
            convention = entry.cutoff.text(limits) + (f" ({source})" if source else "")
        rows.append(
            (
                f"**{entry.header}**<br>`{entry.name}`",
                f"{entry.meaning}.<br>{entry.formula.replace('|', '&#124;')}",
                cite(entry.source),
                convention,
            )
        )
    return _table(("name", "meaning and formula", "source", "convention"), rows)


def main_fit() -> str:
    """Return the fit measures of every report."""
    return _definitions(definitions.MAIN_FIT)


def further_fit() -> str:
    """Return the fit measures of the appendix."""
    return _definitions(definitions.FURTHER_FIT)


def validity() -> str:
    """Return what step one judges by."""
    return _definitions(definitions.VALIDITY)


def cutoffs() -> str:
    """Return every threshold with its default, its meaning and its source."""
    defaults = thresholds.Thresholds()
    meanings = parameter_texts(thresholds.Thresholds)
    rows = [
        (
            f"`{field.name}`",
            f"{getattr(defaults, field.name):g}",
            meanings[field.name],
            cite(thresholds.SOURCES[field.name]) or "convention",
        )
        for field in fields(thresholds.Thresholds)
    ]
    return _table(("key", "default", "meaning", "source"), rows)


# -- options --------------------------------------------------------------------------------------


def parameter_texts(described: Any) -> dict[str, str]:
    """Return what a docstring says of each parameter.

    Parameters
    ----------
    described : object
        Something with a docstring in the form of numpydoc.
    """
    from numpydoc.docscrape import ClassDoc  # noqa: PLC0415  (only where it is needed)

    texts: dict[str, str] = {}
    for parameter in ClassDoc(described)["Parameters"]:
        for name in parameter.name.split(", "):
            texts[name] = _as_markdown(" ".join(parameter.desc))
    return texts


def _as_markdown(text: str) -> str:
    """Return a sentence of a docstring as Markdown."""
    text = re.sub(r":\w+:`~?[\w.]*?(\w+)`", r"`\1`", text)
    return text.replace("``", "`").replace("|", "\\|")


def options() -> str:
    """Return every option with its values, default and meaning."""
    meanings = parameter_texts(Options)
    rows = []
    for field in fields(Options):
        words = ", ".join(f'`"{word}"`' for word in VALUES.get(field.name, ()))
        text = meanings[field.name] + (f" Values: {words}." if words else "")
        if field.name == "group_equal":
            text += " Classes: " + ", ".join(f'`"{name}"`' for name in GROUP_EQUAL) + "."
        default = None if field.default is MISSING else field.default
        shown = f'`"{default}"`' if isinstance(default, str) and default else f"`{default!r}`"
        if default == "default":
            shown = "the estimator's" if field.name != "estimator" else "`ML`; ordered: `WLSMV`"
        rows.append((f"`{field.name}`", shown, text))
    return _table(("option", "default", "values and meaning"), rows)


def estimators() -> str:
    """Return what each estimator minimises and implies."""
    rows = [
        (f'`"{name}"`', usual.discrepancy, f"`{usual.se}`", f"`{usual.test}`", usual.information)
        for name, usual in DEFAULTS.items()
    ]
    return _table(("estimator", "minimises", "`se`", "`test`", "`information`"), rows)


def levels() -> str:
    """Return the levels of invariance and what each holds equal."""
    rows = [(f"`{name}`", ", ".join(level) or "nothing") for name, level in LEVELS.items()]
    return _table(("level", "equal in all groups"), rows)


def file_formats() -> str:
    """Return the kinds of files that are read."""
    return ", ".join(f"`{suffix}`" for suffix in READER_OF) + "."


@cache
def _modules() -> list[ModuleType]:
    """Return every module of the package, by name."""
    found = pkgutil.walk_packages(trustsem.__path__, "trustsem.")
    names = sorted(each.name for each in found if not each.name.endswith("__main__"))
    return [import_module(name) for name in names]


# -- commands and errors --------------------------------------------------------------------------


def command_line() -> str:
    """Return every command with its arguments and options."""
    parts = []
    whole = click.Context(program, info_name="trustsem", **program.context_settings)
    for name, command in program.commands.items():
        context = click.Context(command, info_name=name, parent=whole)
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        rows = [
            (f"`{signature}`", html.escape(text, quote=False))
            for parameter in command.get_params(context)
            if isinstance(parameter, click.Option)
            and (record := parameter.get_help_record(context)) is not None
            for signature, text in [record]
        ]
        text = re.sub(r"\s+", " ", (command.help or "").replace("\n\n", "\x00"))
        text = text.replace("\x00", "\n\n").replace("<", "&lt;").replace("*", "\\*")
        table = _table(("option", "meaning"), rows)
        parts.append(f"## trustsem {name}\n\n```sh\n{usage}\n```\n\n{text}\n\n{table}")
    return "\n\n".join(parts)


def _families() -> list[tuple[type[errors.TrustsemError], int]]:
    """Return the exceptions, each below its family, with their depth."""
    _modules()
    found: list[tuple[type[errors.TrustsemError], int]] = []

    def walk(kind: type[errors.TrustsemError], depth: int) -> None:
        found.append((kind, depth))
        for sub in kind.__subclasses__():
            walk(sub, depth + 1)

    walk(errors.TrustsemError, 0)
    return found


def exceptions() -> str:
    """Return the exceptions with their exit codes, families first."""
    rows = []
    for kind, depth in _families():
        home = kind.__module__ if depth else "trustsem"
        link = f"{'&emsp;' * depth}[`{kind.__name__}`](#{home}.{kind.__name__})"
        rows.append((link, (kind.__doc__ or "").splitlines()[0], str(kind.exit_code)))
    return _table(("exception", "meaning", "exit code"), rows)


def exception_classes() -> str:
    """Return the documentation of every exception but the first."""
    names = [f"{kind.__module__}.{kind.__name__}" for kind, depth in _families() if depth]
    blocks = "\n".join(f".. autoexception:: {name}" for name in names)
    return f"```{{eval-rst}}\n{blocks}\n```"


# -- columns --------------------------------------------------------------------------------------


def charts() -> str:
    """Return what each chart shows, and which results have it."""
    owners = {"study": StudyPlots, "model": ModelPlots, "invariance": InvariancePlots}
    shown: dict[str, str] = {}
    holders: dict[str, list[str]] = {}
    for holder, owner in owners.items():
        for name in owner.names:
            summary = (getattr(owner, name).__doc__ or "").partition("\n")[0]
            shown.setdefault(name, summary)
            holders.setdefault(name, []).append(holder)
    rows = [(f"`.plot.{name}()`", shown[name], ", ".join(holders[name])) for name in shown]
    return _table(("Chart", "Shows", "Of a"), rows)


def columns() -> str:
    """Return the columns of every table that a result holds."""
    parts = []
    for module in _modules():
        for name in _assigned(module):
            value = getattr(module, name)
            if name.endswith("_COLUMNS") and not name.startswith("_") and isinstance(value, tuple):
                listed = " ".join(f"``{column}``" for column in value)
                parts.append(
                    f".. autodata:: {module.__name__}.{name}\n   :no-value:\n\n   {listed}\n"
                )
    body = "\n".join(parts)
    return f"```{{eval-rst}}\n{body}\n```"


def _assigned(module: Any) -> list[str]:
    """Return the names that a module itself gives values to."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    return [
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]


# -- references and findings ----------------------------------------------------------------------


def bibliography() -> str:
    """Return the references in the order of their authors, each a target of links."""
    ordered = sorted(REFERENCES.items(), key=lambda entry: entry[1].casefold())
    return "\n\n".join(f"(ref-{key})=\n{_literal(text)}" for key, text in ordered)


def _literal(text: str) -> str:
    """Return a text whose characters mean nothing to Markdown."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)


def finding_facts(text: str) -> str:
    """Return the page of findings with severity and sources under the heading of each code.

    Parameters
    ----------
    text : str
        The page; a heading such as ``### `negative_variance` `` explains a code.

    Raises
    ------
    ExtensionError
        If the page explains a code that does not exist.
    """
    codes = finding_codes()

    def facts(match: re.Match[str]) -> str:
        entry = codes.get(match[1])
        if entry is None:
            raise ExtensionError(f"{FINDINGS_PAGE}: no finding has the code {match[1]!r}")
        sources = "; ".join(cite(key) for key in entry.sources)
        grave = " or ".join(entry.severities)
        return f"(finding-{entry.code})=\n{match[0]}\n\n*{grave}*" + (
            f" · {sources}" if sources else ""
        )

    return _CODE_HEADING.sub(facts, text)


PARTS: dict[str, Callable[[], str]] = {
    "main-fit": main_fit,
    "further-fit": further_fit,
    "validity": validity,
    "cutoffs": cutoffs,
    "options": options,
    "estimators": estimators,
    "levels": levels,
    "charts": charts,
    "file-formats": file_formats,
    "command-line": command_line,
    "columns": columns,
    "exceptions": exceptions,
    "exception-classes": exception_classes,
    "bibliography": bibliography,
}
"""Name in a page, and what writes it."""


def completed(text: str) -> str:
    """Return a page with its generated parts.

    Raises
    ------
    ExtensionError
        If a part has an unknown name.
    """

    def part(match: re.Match[str]) -> str:
        if match[1] not in PARTS:
            raise ExtensionError(f"no generated part is called {match[1]!r}: {', '.join(PARTS)}")
        return PARTS[match[1]]()

    return _PLACE.sub(part, text)


def _on_source_read(app: Sphinx, docname: str, source: list[str]) -> None:
    if Path(app.env.doc2path(docname)).suffix != ".md":
        return
    text = completed(source[0])
    if docname == FINDINGS_PAGE:
        text = finding_facts(text)
    if not docname.startswith(("project/", "notebooks/")):
        text = page_links(text, f"docs/{docname}.md")
    source[0] = text


def setup(app: Sphinx) -> dict[str, Any]:
    """Complete each page when it is read; pages with generated parts are read in every build."""
    app.connect("source-read", _on_source_read)
    app.connect("env-get-outdated", _outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _outdated(app: Sphinx, env: Any, *_others: Any) -> list[str]:
    """Return the pages with generated parts: code that they show may have changed."""
    found = []
    for name in env.found_docs:
        path = Path(env.doc2path(name))
        if path.suffix == ".md" and (
            _PLACE.search(path.read_text(encoding="utf-8")) or name == FINDINGS_PAGE
        ):
            found.append(name)
    del app
    return found
