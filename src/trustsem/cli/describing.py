"""Commands that estimate nothing: what there is, what a plan says, what the answers look like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trustsem.cli.options import (
    common,
    data_option,
    json_option,
    seed_option,
    set_options,
    with_seed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustsem.cli.console import Console
    from trustsem.study import Study
    from trustsem.survey import Screening, Survey


@click.command(short_help="List the shipped studies.")
@json_option
@common
@click.pass_obj
def studies(console: Console, as_json: bool) -> None:
    """List the studies that ship with trustsem."""
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.display import TEXT, Column  # noqa: PLC0415  (the same)
    from trustsem.study import shipped_studies  # noqa: PLC0415  (the same)
    from trustsem.tables import Table  # noqa: PLC0415  (the same)

    frame = shipped_studies()
    if as_json:
        console.raw(report.to_json({"schema": 1, "studies": frame}))
        return
    headers = {
        "name": Column("Study", TEXT),
        "title": Column("Title", TEXT),
        "data": Column("Data", TEXT),
    }
    show = ("name", "title", "n_constructs", "n_items", "n_hypotheses", "data")
    console.out(
        Table("studies", "Shipped Studies", frame, columns={**headers, **_counts()}, show=show)
        .to_text(console.width)
    )  # fmt: skip


def _counts() -> dict[str, Any]:
    from trustsem.display import COUNT, Column  # noqa: PLC0415  (only where a table is printed)

    names = {"n_constructs": "Constructs", "n_items": "Items", "n_hypotheses": "Hypotheses"}
    return {name: Column(header, COUNT) for name, header in names.items()}


@click.command(short_help="Check a study file and show what it means.")
@click.argument("study")
@data_option
@set_options
@seed_option
@common
@click.pass_obj
def check(
    console: Console,
    *,
    study: str,
    data: Path | None,
    overrides: dict[str, Any],
    seed: int | None,
) -> None:
    """Check STUDY (and its data) and print the plan and every option with its origin."""
    from trustsem.study import load_study  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.study.answers import prepare_answers  # noqa: PLC0415  (the same)

    plan = load_study(study)
    given = with_seed(overrides, seed)
    rows = list(_resolved(plan, given))
    console.out(repr(plan))
    console.out("\n  options")
    width = max(len(name) for name, _, _ in rows)
    for name, value, origin in rows:
        console.out(f"    {name:<{width}}  {value:<12} {origin}")
    if data is None and plan.data_file is None and plan.moments is None:
        console.message("The study is valid. It names no data; give them with --data FILE.")
        return
    answers = prepare_answers(plan, data)
    if answers.notice:
        console.message(answers.notice)
    console.message(f"The study is valid, and its data can be analysed: N = {answers.n_obs}.")


def _resolved(plan: Study, given: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and origin of every option of the estimation."""
    from dataclasses import fields  # noqa: PLC0415  (next to its only use)

    from trustsem.options import Options  # noqa: PLC0415  (pandas may come with it)

    resolved = Options.from_keywords(**{**plan.options, **given})
    for field in fields(resolved):
        if field.name.startswith("sample_"):
            continue
        origin = "default"
        if field.name in given:
            origin = "command line or environment"
        elif field.name in plan.options:
            origin = "study file"
        value = getattr(resolved, field.name)
        yield field.name, "none" if value in (None, (), "") else str(value), origin


@click.command(short_help="Look at the answers before any estimation.")
@click.argument("source", metavar="STUDY|SURVEY")
@data_option
@json_option
@common
@click.pass_obj
def screen(console: Console, source: str, data: Path | None, as_json: bool) -> None:
    """Screen the answers of a STUDY, or all numeric variables of a SURVEY file."""
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)

    screening, notice, names = _screening(source, data)
    if as_json:
        parts = {"flow": screening.flow, "items": screening.items, "findings": screening.findings}
        document = {"schema": 1, "notice": notice, **parts}
        console.raw(report.to_json(document))
        return
    console.out(report.screening_summary(screening, notice, names, console.width))


def _screening(source: str, data: Path | None) -> tuple[Screening, str, dict[str, str]]:
    """Return a screening, the notice that goes first, and the labels of the constructs."""
    from trustsem.errors import PlanError  # noqa: PLC0415  (next to its only use)
    from trustsem.study import load_study  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.study.answers import SYNTHETIC_NOTICE, prepare_answers  # noqa: PLC0415
    from trustsem.survey import READER_OF, read_survey, screen  # noqa: PLC0415  (the same)

    if Path(source).suffix.lower() in READER_OF:
        survey = read_survey(source)
        notice = SYNTHETIC_NOTICE if survey.synthetic else ""
        return screen(survey, {"all variables": numeric_variables(survey)}), notice, {}
    plan = load_study(source)
    answers = prepare_answers(plan, data)
    if answers.screening is None:
        raise PlanError("The study is analysed from a printed matrix: there are no answers.")
    return answers.screening, answers.notice, dict(plan.labels)


def numeric_variables(survey: Survey) -> list[str]:
    """Return the numeric columns of a survey that hold any answer."""
    numeric = survey.frame.select_dtypes("number")
    return [str(name) for name in numeric.columns if numeric[name].notna().any()]


@click.command(short_help="Show versions and platform.")
@json_option
@common
@click.pass_obj
def info(console: Console, as_json: bool) -> None:
    """Show what is installed: for a report of a problem."""
    import json  # noqa: PLC0415  (next to its only use)
    import platform  # noqa: PLC0415  (the same)

    from trustsem.study.manifest import versions  # noqa: PLC0415  (numpy and pandas come with it)

    found = {**versions(), "platform": platform.platform()}
    if as_json:
        console.raw(json.dumps({"schema": 1, **found}, indent=1))
        return
    for name, text in found.items():
        console.out(f"{name:<20}{text}")
