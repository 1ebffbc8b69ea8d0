"""Commands that turn a survey file into another file: a proposed study, a plain table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trustsem.cli.options import FILE, common, force_option
from trustsem.errors import OutputError

if TYPE_CHECKING:
    from trustsem.cli.console import Console


@click.command(short_help="Propose a study file for a survey.")
@click.argument("survey", type=FILE)
@click.option(
    "-o", "--output", type=FILE, metavar="FILE", help="Study file to write; printed without."
)
@force_option
@common
@click.pass_obj
def init(console: Console, survey: Path, output: Path | None, force: bool) -> None:
    """Propose a study file for SURVEY: constructs from the names of its items, to be edited."""
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.cli.proposal import proposed_study  # noqa: PLC0415  (the same)
    from trustsem.survey import read_survey  # noqa: PLC0415  (the same)

    if output is not None:
        report.require_new_file(output, force=force)
    folder = output.parent if output is not None else Path()
    text = proposed_study(read_survey(survey), survey, folder)
    if output is None:
        console.raw(text)
        return
    with report.new_file(output, force=force) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    console.message(f"Wrote {output}. Edit it, then: trustsem check {output}")


@click.command(short_help="Turn a survey file into CSV and a codebook.")
@click.argument("source", type=FILE, metavar="IN")
@click.argument("target", type=FILE, metavar="OUT")
@force_option
@common
@click.pass_obj
def convert(console: Console, source: Path, target: Path, force: bool) -> None:
    """Write the answers of IN to OUT (.csv), and what they mean to OUT's `_codebook.csv`.

    Declared missing codes become empty cells; the codebook names them. Text that a spreadsheet
    would take for a formula gets an apostrophe in front.
    """
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.survey import read_survey  # noqa: PLC0415  (the same)
    from trustsem.tables import Table  # noqa: PLC0415  (the same)

    if target.suffix.lower() != ".csv":
        raise OutputError("The answers are written as .csv.", where=str(target))
    meaning = target.with_name(f"{target.stem}_codebook.csv")
    for path in (target, meaning):
        report.require_new_file(path, force=force)
    survey = read_survey(source)
    tables = {target: survey.frame, meaning: survey.codebook.to_frame()}
    for path, frame in tables.items():
        table = Table(path.stem, "", frame.reset_index(drop=True))
        with report.new_file(path, force=force) as temporary:
            temporary.write_text(table.to_csv(), encoding="utf-8", newline="")
    console.message(f"Wrote {target} ({survey.n_cases} cases) and {meaning}")
