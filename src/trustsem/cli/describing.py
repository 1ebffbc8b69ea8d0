"""Commands that estimate nothing: what there is, what a plan says, what the answers look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from trustsem.cli.options import (
    common,
    data_option,
    json_option,
    seed_option,
    set_options,
    with_seed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustsem.cli.console import Console
    from trustsem.study import Study
    from trustsem.study.answers import Answers
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
@click.option(
    "--show-resolved",
    is_flag=True,
    help="Show data settings, thresholds and the run's settings as well, each with its origin.",
)
@common
@click.pass_context
def check(
    ctx: click.Context,
    *,
    study: str,
    data: Path | None,
    overrides: dict[str, Any],
    seed: int | None,
    show_resolved: bool,
) -> None:
    """Check STUDY (and its data) and print the plan and every option with its origin.

    What is done to the data, the cases left and doubtful answers go to the standard error.
    """
    from trustsem.options import Options  # noqa: PLC0415  (pandas may come with it)
    from trustsem.study import load_study  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.study.answers import prepare_answers  # noqa: PLC0415  (the same)

    console: Console = ctx.obj
    plan = load_study(study)
    given = with_seed(overrides, seed)
    from_environment = ctx.get_parameter_source("seed") is ParameterSource.ENVIRONMENT
    origins = dict.fromkeys(given, "command line")
    if from_environment and "seed" not in overrides:
        origins["seed"] = "environment (TRUSTSEM_SEED)"
    console.out(repr(plan))
    blocks = {"options": list(_resolved(plan, given, origins))}
    if show_resolved:
        blocks |= {title: list(rows) for title, rows in _settings(plan, data, given, origins)}
    width = max(len(name) for rows in blocks.values() for name, _, _ in rows)
    for title, rows in blocks.items():
        room = max(12, min(_WIDEST_VALUE, *(len(value) for _, value, _ in rows)))
        console.out(f"\n  {title}")
        for name, value, origin in rows:
            console.out(f"    {name:<{width}}  {value:<{room}} {origin}")
    if data is None and plan.data_file is None and plan.moments is None:
        console.message("The study is valid. It names no data; give them with --data FILE.")
        return
    options = Options.from_keywords(**{**plan.options, **given})
    answers = prepare_answers(plan, data, options=options)
    if answers.notice:
        console.message(answers.notice)
    for line in _about_data(answers):
        console.message(line)
    console.message(f"The study is valid, and its data can be analysed: N = {answers.n_obs}.")


_WIDEST_VALUE = 40
"""Longer settings push the origin to the right."""


def _resolved(
    plan: Study, given: dict[str, Any], origins: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and origin of every option of the estimation."""
    from dataclasses import fields  # noqa: PLC0415  (next to its only use)

    from trustsem.options import Options  # noqa: PLC0415  (pandas may come with it)

    resolved = Options.from_keywords(**{**plan.options, **given})
    for field in fields(resolved):
        if field.name.startswith("sample_"):
            continue
        origin = "study file" if field.name in plan.options else "default"
        value = getattr(resolved, field.name)
        yield field.name, _shown(value), origins.get(field.name, origin)


def _settings(
    plan: Study, data: Path | None, given: dict[str, Any], origins: dict[str, str]
) -> Iterator[tuple[str, Iterator[tuple[str, str, str]]]]:
    """Yield title and rows of the settings besides the options of the estimation."""
    from dataclasses import asdict  # noqa: PLC0415  (next to its only use)

    written = plan.to_dict()

    def rows(section: str, values: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
        for name, value in values.items():
            origin = "study file" if name in written.get(section, {}) else "default"
            yield name, _shown(value), origin

    source = plan.data_file if data is None else data
    scales = dict.fromkeys(f"{low:g} to {high:g}" for low, high in plan.scales.values())
    yield (
        "data",
        iter(
            [
                ("path", _shown(source), "study file" if data is None else "command line"),
                *rows("data", {"missing": plan.missing_codes}),
                ("scale", ", ".join(scales) or "none", "study file" if scales else "default"),
                *(
                    (f"recode {name}", _codes(codes), "study file")
                    for name, codes in plan.recode.items()
                ),
            ]
        ),
    )
    screening = plan.screening
    kept = {key: getattr(screening, key) for key in ("id", "profile", "duration",
            "minimum_duration", "attention", "wave", "late", "wave_share")}  # fmt: skip
    rules = {"drop": tuple(rule.shown for rule in screening.drop)}
    yield "screening", rows("screening", kept | rules)
    yield "thresholds", rows("thresholds", asdict(plan.thresholds))
    run = plan.run.model_dump()
    run_rows = (
        (name, _shown(given.get(name, value)), origins.get(name, origin))
        for (name, value, origin) in ((n, run[n], o) for n, _, o in rows("run", run))
    )
    yield "run", run_rows


def _shown(value: Any) -> str:
    """Return a setting as one piece of text."""
    if value is None or (not isinstance(value, bool | int | float) and not value):
        return "none"
    if isinstance(value, tuple | list):
        return ", ".join(_shown(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_shown(each)}" for name, each in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _codes(codes: Mapping[Any, Any]) -> str:
    return ", ".join(f"{_shown(old)} to {_shown(new)}" for old, new in codes.items())


def _about_data(answers: Answers) -> Iterator[str]:
    """Yield what was done to the data, the cases left, and what a reader must know."""
    from trustsem.findings import at_least  # noqa: PLC0415  (next to its only use)

    if answers.survey is not None:
        for entry in answers.survey.log:
            counted = entry.removed or entry.step == "rule"
            yield f"{entry.step}: {entry.what}" + (
                f": {entry.removed} removed, {entry.n} left" if counted else ""
            )
    yield from map(str, at_least(answers.findings, "warning"))


@click.command(short_help="Look at the answers before any estimation.")
@click.argument("source", metavar="STUDY|SURVEY")
@data_option
@json_option
@common
@click.pass_obj
def screen(console: Console, source: str, data: Path | None, as_json: bool) -> None:
    """Screen the answers of a STUDY, or the blocks of items of a SURVEY file.

    Prints cases left, items, missing answers, tests of missingness and normality, flagged cases,
    early against late respondents; with -v also answers and normality of each item.
    """
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)

    screening, notice, names, left_out = _screening(source, data)
    if as_json:
        document = {"schema": 1, "notice": notice, **screening.frames}
        console.raw(report.to_json({**document, "findings": screening.findings}))
        return
    if left_out:
        console.message(f"In no block of items, hence not screened: {', '.join(left_out)}.")
    console.out(
        report.screening_summary(screening, notice, names, console.width, more=console.verbose)
    )


def _screening(
    source: str, data: Path | None
) -> tuple[Screening, str, dict[str, str], Sequence[str]]:
    """Return a screening, its notice, the labels of constructs, and variables left out."""
    from trustsem.errors import PlanError  # noqa: PLC0415  (next to its only use)
    from trustsem.study import load_study  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.study.answers import prepare_answers  # noqa: PLC0415  (the same)
    from trustsem.survey import READER_OF  # noqa: PLC0415  (the same)

    if Path(source).suffix.lower() in READER_OF:
        if data is not None:
            raise PlanError("A survey file is screened by itself: give no --data beside it.")
        return _bare_screening(source)
    plan = load_study(source)
    answers = prepare_answers(plan, data)
    if answers.screening is None:
        raise PlanError("The study is analysed from a printed matrix: there are no answers.")
    return answers.screening, answers.notice, dict(plan.labels), ()


def _bare_screening(source: str) -> tuple[Screening, str, dict[str, str], Sequence[str]]:
    """Return the screening of a survey without a plan: its blocks of items, as far as found."""
    from trustsem.errors import SurveyError  # noqa: PLC0415  (next to its only use)
    from trustsem.study.answers import SYNTHETIC_NOTICE  # noqa: PLC0415  (the same)
    from trustsem.study.screening import screen_survey  # noqa: PLC0415  (the same)
    from trustsem.survey import read_survey  # noqa: PLC0415  (the same)
    from trustsem.survey.guessing import blocks_as_items, item_blocks  # noqa: PLC0415

    survey = read_survey(source)
    numeric = numeric_variables(survey)
    if not numeric:
        raise SurveyError("No variable holds numbers: there is nothing to screen.", where=source)
    groups: Mapping[str, Sequence[str]] = blocks_as_items(item_blocks(survey)) or {
        "all variables": numeric
    }
    used = {name for group in groups.values() for name in group}
    left_out = [name for name in survey.frame.columns if name not in used]
    screening = screen_survey(survey, groups)
    screening = replace(screening, findings=(*survey.findings, *screening.findings))
    return screening, SYNTHETIC_NOTICE if survey.synthetic else "", {}, left_out


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
