"""The main job: from a study to a report, and from a report back to its inputs."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from trustsem.cli.options import (
    FILE,
    common,
    data_option,
    force_option,
    further_options,
    improper_option,
    json_option,
    seed_option,
    set_options,
    with_seed,
)
from trustsem.errors import UnknownOptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustsem.cli.console import Console
    from trustsem.study import Study, StudyResult

DEFAULT_STUDY = "brockman2017"
IMPROPER = UNFIT = 4
DIFFERS = 5
FURTHER = {"bootstrap": 5000, "influence": True, "power": 500, "cutoffs": 500, "multiverse": True}
"""What is computed beside the two steps in a run for which nobody says otherwise."""
_SHOWN_DIFFERENCES = 10
_LONGEST_FOLDER = 60
_CONDITION = re.compile(
    r"\s*(?:(?P<step>measurement|structural)\.)?(?P<measure>\w+)\s*(?P<relation><=|>=|<|>)"
    r"\s*(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*"
)
_RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Condition:
    """A statement about a fit measure that a pipeline does not accept, such as ``cfi<.90``."""

    text: str
    step: str | None
    measure: str
    relation: str
    value: float

    def met_by(self, result: StudyResult) -> list[str]:
        """Return one line for each model of which the statement is true.

        Raises
        ------
        UnknownOptionError
            If there is no such fit measure.
        """
        lines = []
        for step, model in result.models.items():
            measures = model.fit_measures
            if self.measure not in measures:
                raise UnknownOptionError(self.measure, list(measures.index), "fit measure")
            value = float(measures[self.measure])
            if self.step in (None, step) and _RELATIONS[self.relation](value, self.value):
                lines.append(f"{step} model: {self.measure} = {value:.4f} ({self.text})")
        return lines


def _conditions(
    _ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]
) -> list[Condition]:
    conditions = []
    for text in texts:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise click.BadParameter(f"{text!r} is not of the form 'cfi<.90'.")
        conditions.append(
            Condition(text.strip(), match["step"], match["measure"], match["relation"],
                      float(match["value"]))
        )  # fmt: skip
    return conditions


@click.command(short_help="Run a study and write its report (the main job).")
@click.argument("study", default=DEFAULT_STUDY)
@data_option
@click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="DIR",
    help="Directory of the report.  [default: replications/<study>]",
)
@force_option
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="html, docx, latex, markdown, json or all; repeatable.  [default: html, docx, json]",
)
@set_options
@seed_option
@further_options
@json_option
@improper_option
@click.option(
    "--fail-on",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    callback=_conditions,
    help="Exit with 4 if a fit measure is so, e.g. 'cfi<.90' or 'structural.rmsea>.08'.",
)
@common
@click.pass_obj
def replicate(
    console: Console,
    /,
    *,
    study: str,
    data: Path | None,
    output: Path | None,
    force: bool,
    formats: tuple[str, ...],
    overrides: dict[str, Any],
    seed: int | None,
    quick: bool,
    as_json: bool,
    allow_improper: bool,
    conditions: list[Condition],
    **further: Any,
) -> int:
    """Run STUDY: both steps, the diagrams, the report.

    STUDY is the name of a shipped study (see `trustsem studies`; default: brockman2017), a study
    file, or the manifest.json of an earlier run, which is then run again and compared.
    """
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.cli import replaying  # noqa: PLC0415  (the same)
    from trustsem.study import load_study, two_step  # noqa: PLC0415  (the same)

    options = with_seed(overrides, seed)
    chosen = report.require_formats(formats or report.DEFAULT_FORMATS)
    if Path(study).suffix == ".json":
        earlier = replaying.read_manifest(Path(study))
        at_work = {"workers": further["workers"]}
        result = replaying.rerun(console, earlier, data, {**at_work, **options})
        code = _compare(console, result, earlier, as_json=as_json)
        if output is not None:
            destination = report.require_destination(output, force=force)
            _write(console, result, destination, chosen, force=force)
        return code
    plan = load_study(study)
    destination = report.require_destination(
        output or Path("replications") / _folder(plan.name), force=force
    )
    if quick:
        further = _without_environment(further)
    settings = _further(plan, further, quick=quick)
    with console.stage(f"Estimate {plan.name}"):
        result = two_step(plan, data, **{**settings, **options})
    unfit = [line for condition in conditions for line in condition.met_by(result)]
    _write(console, result, destination, chosen, force=force)
    _show(console, result, destination, as_json=as_json)
    return _code(console, result, unfit, allow_improper=allow_improper)


def _without_environment(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said without what the environment says of more than the two steps."""
    source = click.get_current_context().get_parameter_source
    return {
        name: None if name in FURTHER and source(name) is ParameterSource.ENVIRONMENT else value
        for name, value in said.items()
    }


def _further(plan: Study, said: Mapping[str, Any], *, quick: bool) -> dict[str, Any]:
    """Return what is computed beside the two steps: what was said, else the study's, else all."""
    from trustsem.study.settings import WITHOUT  # noqa: PLC0415  (numpy and pandas come with it)

    written = plan.to_dict().get("run", {})
    usual = {name: written.get(name, default) for name, default in FURTHER.items()}
    given = {name: value for name, value in said.items() if value is not None}
    return {**(WITHOUT if quick else usual), **given}


def _folder(name: str) -> str:
    """Return a study's name as that of one folder: letters, digits, ``_``, ``-`` and ``.``."""
    kept = re.sub(r"[^\w.-]+", "-", name).strip(".-")
    return kept[:_LONGEST_FOLDER] or "study"


def _write(
    console: Console,
    result: StudyResult,
    destination: Path,
    formats: tuple[str, ...],
    *,
    force: bool,
) -> None:
    from trustsem.report import write_report  # noqa: PLC0415  (numpy and pandas come with it)

    with console.stage("Write the report"):
        write_report(result, destination, formats, force=force)


def _show(console: Console, result: StudyResult, destination: Path, *, as_json: bool) -> None:
    """Print the outcome: a document, a line, or a screenful."""
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)

    page = _page(_shortest(destination))
    if as_json:
        console.raw(report.to_json(result.to_dict()))
        return
    if console.quiet:
        console.out(str(page))
        return
    if result.notice:
        console.strong(result.notice, "red")
        console.out()
    text = report.text_summary(result, console.width, more=console.verbose)
    console.out(text.removeprefix(result.notice).lstrip("\n"))
    console.out(f"\nReport: {page}")


def _code(console: Console, result: StudyResult, unfit: list[str], *, allow_improper: bool) -> int:
    """Return the exit code of a run, and say why where it is not 0."""
    if not result.usable and not allow_improper:
        console.error(
            "A solution did not converge or is inadmissible; the report says so before its "
            "numbers. (--allow-improper accepts this.)"
        )
        return IMPROPER
    for line in unfit:
        console.error(f"--fail-on: {line}")
    return UNFIT if unfit else 0


def _compare(
    console: Console, result: StudyResult, earlier: Mapping[str, Any], *, as_json: bool
) -> int:
    """Print how a run that was repeated differs from the earlier one."""
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)

    found = report.differences(earlier["results"], report.results_document(result))
    if as_json:
        console.raw(report.to_json({"schema": 1, "reproduced": not found, "differences": found}))
        return DIFFERS if found else 0
    if result.notice:
        console.strong(result.notice, "red")
    if not found:
        count = report.n_compared(earlier["results"])
        console.out(
            f"Reproduced: all {count} estimates and judgements agree (relative tolerance 1e-6)."
        )
        return 0
    console.out(f"Not reproduced: {len(found)} differences.")
    for line in found[:_SHOWN_DIFFERENCES]:
        console.out(f"  {line}")
    if len(found) > _SHOWN_DIFFERENCES:
        console.out(f"  ... and {len(found) - _SHOWN_DIFFERENCES} more (--json lists all).")
    return DIFFERS


def _page(directory: Path) -> Path:
    """Return the report that a reader opens first, or the directory where there is none."""
    names = ("report.html", "report.docx", "report.tex", "report.md")
    return next((directory / name for name in names if (directory / name).exists()), directory)


def _shortest(path: Path) -> Path:
    """Return a path relative to the working directory where it is inside."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
