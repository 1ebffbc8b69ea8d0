"""Commands that estimate a model and print what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import click

from trustsem.cli.options import (
    FILE,
    common,
    data_option,
    force_option,
    improper_option,
    json_option,
    seed_option,
    set_options,
    with_seed,
)
from trustsem.errors import OutputError, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trustsem.cli.console import Console
    from trustsem.study import Study

IMPROPER = 4
View = Literal["structural", "measurement", "full", "conceptual", "tests"]
DRAWINGS = (".svg", ".png", ".pdf", ".tikz", ".tex", ".dot", ".gv")


@click.command(short_help="Step one only: the measurement model, printed.")
@click.argument("study")
@data_option
@set_options
@seed_option
@json_option
@improper_option
@common
@click.pass_obj
def measure(
    console: Console,
    *,
    study: str,
    data: Path | None,
    overrides: dict[str, Any],
    seed: int | None,
    as_json: bool,
    allow_improper: bool,
) -> int:
    """Estimate and judge the measurement model of STUDY; nothing is written."""
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.study import load_study, two_step  # noqa: PLC0415  (the same)

    plan = _measurement_only(load_study(study))
    with console.stage(f"Estimate {plan.name}"):
        result = two_step(plan, data, **with_seed(overrides, seed))
    if as_json:
        console.raw(report.to_json(result.to_dict()))
    else:
        console.out(report.measurement_summary(result, console.width))
    return 0 if result.usable or allow_improper else IMPROPER


@click.command(short_help="Estimate a model written in model syntax.")
@click.argument("modelfile", type=FILE)
@click.option("--data", type=FILE, required=True, metavar="FILE", help="Survey file.")
@click.option(
    "--kind",
    type=click.Choice(["sem", "cfa", "growth"]),
    default="sem",
    show_default=True,
    help="Whose defaults apply.",
)
@set_options
@seed_option
@json_option
@improper_option
@common
@click.pass_obj
def fit(
    console: Console,
    *,
    modelfile: Path,
    data: Path,
    kind: str,
    overrides: dict[str, Any],
    seed: int | None,
    as_json: bool,
    allow_improper: bool,
) -> int:
    """Estimate the model in MODELFILE (lavaan's model syntax) and print its summary."""
    import trustsem  # noqa: PLC0415  (its functions load numpy and pandas)
    from trustsem import report  # noqa: PLC0415  (the same)

    text = _text(modelfile)
    estimate = {"sem": trustsem.sem, "cfa": trustsem.cfa, "growth": trustsem.growth}[kind]
    with console.stage(f"Estimate {modelfile.name}"):
        survey = trustsem.read_survey(data)
        model = estimate(text, survey, **with_seed(overrides, seed))
    if as_json:
        console.raw(report.to_json({"schema": 1, **model.to_dict()}))
    else:
        console.out(str(model.summary()))
    return 0 if (model.converged and model.admissible) or allow_improper else IMPROPER


def _drawing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the settings of a figure; those that are not given are left to its defaults."""
    for option in reversed(
        (
            click.option(
                "--width", metavar="MM", help="Final width: 190mm (default), 140mm, 90mm."
            ),
            click.option(
                "--layout",
                metavar="GRID",
                help='Rows of names with / between them, . for an empty cell: ". b / a c".',
            ),
            click.option("--columns", type=click.Choice(["path", "role"])),
            click.option("--colors", type=click.Choice(["black", "soft"])),
            click.option("--emphasis", type=click.Choice(["none", "width"])),
            click.option("--residuals", type=click.Choice(["none", "arrow", "circle"])),
            click.option("--disturbances", is_flag=True, default=None),
            click.option("--unstandardized", is_flag=True, help="Print unstandardized estimates."),
            click.option("--decimals", type=click.IntRange(1, 4)),
            click.option(
                "--label",
                "labels",
                multiple=True,
                metavar="NAME=TEXT",
                help="Another label of a variable; can be given several times.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command(short_help="Draw a path diagram of a study.")
@click.argument("study")
@click.option("--view", type=click.Choice(get_args(View)), default="structural", show_default=True)
@click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="FILE",
    help="File ending in .svg, .png, .pdf, .tikz, .tex or .dot; SVG is printed without.",
)
@_drawing_options
@data_option
@force_option
@set_options
@seed_option
@common
@click.pass_obj
def diagram(
    console: Console,
    /,
    *,
    study: str,
    view: View,
    output: Path | None,
    data: Path | None,
    force: bool,
    overrides: dict[str, Any],
    seed: int | None,
    unstandardized: bool,
    labels: tuple[str, ...],
    **figure: Any,
) -> None:
    """Estimate STUDY and draw one VIEW of its model."""
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.study import load_study, two_step  # noqa: PLC0415  (the same)
    from trustsem.study.settings import WITHOUT  # noqa: PLC0415  (the same)

    if output is not None:
        _require_drawing(output)
        report.require_new_file(output, force=force)
    chosen = {name: value for name, value in figure.items() if value is not None}
    if unstandardized:
        chosen["standardized"] = False
    if labels:
        chosen["labels"] = dict(_named_text(text) for text in labels)
    plan = load_study(study)
    with console.stage(f"Estimate {plan.name}"):
        result = two_step(plan, data, **{**WITHOUT, **with_seed(overrides, seed)})
    if result.notice:
        console.message(result.notice)
    drawing = result.draw(view, **chosen)
    for finding in drawing.findings:
        console.message(str(finding))
    if output is None:
        console.raw(drawing.svg())
        return
    with report.new_file(output, force=force) as temporary:
        drawing.save(temporary)
    console.message(f"Wrote {output}")


def _named_text(text: str) -> tuple[str, str]:
    """Return name and label of ``NAME=TEXT``."""
    name, sign, label = text.partition("=")
    if not sign or not name.strip():
        raise click.BadParameter(f"{text!r} is not NAME=TEXT.", param_hint="--label")
    return name.strip(), label.strip()


def _measurement_only(study: Study) -> Study:
    """Return the study without its hypotheses and what depends on them."""
    from trustsem.study import Study as StudyPlan  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.study.checks import parse_plan  # noqa: PLC0415  (the same)

    dropped = ("hypotheses", "rivals", "published", "controls")
    raw = {key: value for key, value in study.to_dict().items() if key not in dropped}
    raw["model"] = {k: v for k, v in raw.get("model", {}).items() if k != "covary"}
    plan, _ = parse_plan(raw)
    return StudyPlan.from_parsed(plan, raw, folder=study.folder, source=study.source)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise UnreadableFileError(path, "is not UTF-8 text.") from None


def _require_drawing(path: Path) -> None:
    if path.suffix.lower() not in DRAWINGS:
        raise OutputError(
            f"{path.suffix or 'No suffix'} is no format of a drawing.",
            where=str(path),
            remedy=f"Use one of {', '.join(DRAWINGS)}.",
        )
