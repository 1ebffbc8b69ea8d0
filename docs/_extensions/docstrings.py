"""Docstrings in the site: citations become links to the bibliography, names lead to their pages.

A name that a docstring mentions leads to its page where the site documents it, under whichever
module it does so. Where the site does not, the name stays as it is, provided that it exists: a name
that the code no longer holds is a warning.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sphinx.util.nodes import make_refnode

from trustsem.references import REFERENCES
from trustsem.report.definitions import short_citation

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

BEFORE_NUMPYDOC = 400
_NAMED_CITATION = re.compile(
    r"([A-Z][^\W\d_]*(?:[ .,&'-]+(?:[A-Z][^\W\d_]*|et|al|van|der|den|de|and))*\.? \(\d{4}\)) "
    r"\[([a-z]+\d{4}[a-z]*)\]_"
)
_CITATION = re.compile(r"\[([a-z]+\d{4}[a-z]*)\]_")
_ROLE = re.compile(r":(func|class|data|exc):`(~?)([A-Za-z_][\w.]*)`")


def linked(line: str, home: str = "") -> str:
    """Return a line with citations as links, and its names with the module that they are in.

    Parameters
    ----------
    line : str
        A line of a docstring: ``[fornell1981]_`` becomes a link that reads as in a journal, with
        the words before it if they name the work already. A key that the bibliography lacks
        stays, and Sphinx warns of it.
    home : str
        Module in which the docstring stands.
    """
    line = _NAMED_CITATION.sub(_cited_by_name, line)
    line = _CITATION.sub(_cited, line)
    return _ROLE.sub(lambda match: _qualified(match, home), line) if home else line


def _cited_by_name(match: re.Match[str]) -> str:
    name, key = match.groups()
    return f":ref:`{name} <ref-{key}>`" if key in REFERENCES else match[0]


def _cited(match: re.Match[str]) -> str:
    key = match[1]
    return f":ref:`[{short_citation(key)}] <ref-{key}>`" if key in REFERENCES else match[0]


def _qualified(match: re.Match[str], home: str) -> str:
    role, _, name = match.groups()
    if name.startswith("trustsem.") or not hasattr(import_module(home), name.split(".")[0]):
        return match[0]
    return f":{role}:`{name} <{home}.{name}>`"


def _on_docstring(
    _app: Sphinx, _what: str, _name: str, documented: Any, _options: Any, lines: list[str]
) -> None:
    holder = documented.fget if isinstance(documented, property) else documented
    home = getattr(holder, "__module__", None) or ""
    home = home if home.startswith("trustsem") else ""
    lines[:] = [linked(line, home) for line in lines]


@cache
def found(path: str) -> Any:
    """Return the object of a dotted path; None where there is none."""
    parts = path.split(".")
    for stop in range(len(parts), 0, -1):
        try:
            value = import_module(".".join(parts[:stop]))
        except ImportError:
            continue
        for name in parts[stop:]:
            if not hasattr(value, name):
                # The fields of a class are names, too.
                known = name in getattr(value, "__annotations__", {})
                return inspect.Parameter.empty if known else None
            value = getattr(value, name)
        return value
    return None


def _on_missing(
    app: Sphinx, env: BuildEnvironment, node: nodes.Element, shown: nodes.Element
) -> nodes.Node | None:
    """Lead a name to where the same object is documented, or leave it as text."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    places = (target, f"{node.get('py:module')}.{target}")
    value = next((value for place in places if (value := found(place)) is not None), None)
    if value is None:
        return None
    for name, entry in env.domains.python_domain.objects.items():
        same = found(name) is value and not isinstance(value, (str, int, float, tuple, dict))
        if same and not entry.aliased:
            return make_refnode(
                app.builder, node["refdoc"], entry.docname, entry.node_id, shown, name
            )
    return shown


def setup(app: Sphinx) -> dict[str, Any]:
    """Read docstrings before numpydoc does."""
    app.connect("autodoc-process-docstring", _on_docstring, priority=BEFORE_NUMPYDOC)
    app.connect("missing-reference", _on_missing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
