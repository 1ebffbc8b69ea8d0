"""The HTML page: one file without scripts that needs nothing from anywhere."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from trustsem.report.definitions import short_citation
from trustsem.report.sections import banners, overview
from trustsem.tables import typeset

if TYPE_CHECKING:
    from trustsem.report.blocks import Composed
    from trustsem.study import StudyResult


def render_page(result: StudyResult, composed: Composed, version: str) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    result : StudyResult
        The study; title, notice and verdict are taken from it.
    composed : Composed
        Its rendered sections.
    version : str
        Version of trustsem.
    """
    steps = {"measurement": "Step one: measurement", "structural": "Step two: structure"}
    return _template().render(
        study=result.study,
        synthetic=result.synthetic,
        notice=result.notice,
        verdicts=[
            (steps.get(verdict.step, verdict.step), verdict.holds, typeset(verdict.text))
            for verdict in result.verdict
        ],
        banners=banners(result),
        facts=overview(result),
        sections=composed.sections,
        failures=composed.failures,
        style=Markup(_resource("report.css")),  # noqa: S704  (our own file)
        method=short_citation("anderson1988"),
        version=version,
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_resource("report.html.j2"))


def _resource(name: str) -> str:
    place = resources.files("trustsem.report") / "templates" / name
    return place.read_text(encoding="utf-8")
