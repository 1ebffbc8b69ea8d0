"""The command that plans a study: power before, or without, any data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trustsem.cli.options import common, data_option, json_option, seed_option
from trustsem.errors import SpecificationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trustsem.cli.console import Console


def _numbers(
    _ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]
) -> list[int] | None:
    """Return numbers of cases from texts such as ``100,200``."""
    parts = [part.strip() for text in texts for part in text.split(",")]
    try:
        return [int(part) for part in parts] or None
    except ValueError:
        raise click.BadParameter(f"{', '.join(texts)!r} is not of the form 100,200.") from None


@click.command(short_help="Power of a study's hypotheses, or of a test of fit.")
@click.argument("study", required=False)
@click.option(
    "--n",
    "sizes",
    multiple=True,
    metavar="N[,N...]",
    callback=_numbers,
    help="Numbers of cases.  [default: the study's, or its present N and some around it]",
)
@click.option(
    "--samples",
    type=click.IntRange(min=2),
    metavar="N",
    help="Samples of each size.  [default: the study's, else 1000]",
)
@click.option(
    "--goal", type=click.FloatRange(0, 1, True, True), help="Wanted power.  [default: .80]"
)
@click.option("--alpha", type=click.FloatRange(0, 1, True, True), help="Level.  [default: .05]")
@click.option("--rounded", is_flag=True, help="Round simulated answers to the study's scale.")
@click.option(
    "--estimates",
    is_flag=True,
    help="Make the population of estimates although the study states one.",
)
@click.option("--df", type=click.IntRange(min=1), help="Without STUDY: df of a model.")
@click.option("--rmsea0", type=float, help="Without STUDY: RMSEA tested.  [default: .05]")
@click.option("--rmsea1", type=float, help="Without STUDY: RMSEA in truth.  [default: .08]")
@click.option("--groups", type=click.IntRange(min=1), help="Without STUDY: groups.  [default: 1]")
@click.option(
    "--workers",
    type=click.IntRange(min=-1),
    envvar="TRUSTSEM_WORKERS",
    default=1,
    show_default=True,
    metavar="N",
    help="Processes, -1 for all cores; they change no result.",
)
@data_option
@seed_option
@json_option
@common
@click.pass_obj
def power(
    console: Console,
    /,
    *,
    study: str | None,
    sizes: list[int] | None,
    samples: int | None,
    goal: float | None,
    alpha: float | None,
    workers: int,
    data: Path | None,
    seed: int | None,
    as_json: bool,
    rounded: bool,
    estimates: bool,
    **fit: Any,
) -> None:
    """Say what studies of several sizes would find.

    STUDY is a study file whose section [power] states the population that theory expects (no data
    are needed), or a study with data, whose estimates then make the population. Without STUDY,
    --df and --n give the power of tests of fit in closed form, --df alone the cases they need.
    """
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem import study as studies  # noqa: PLC0415  (the same)

    given = {name: value for name, value in fit.items() if value is not None}
    if study is None:
        _fit_power(console, given, sizes, alpha=alpha, goal=goal, as_json=as_json)
        return
    if given:
        raise click.UsageError(f"--{next(iter(given))} is for a test of fit, without STUDY.")
    plan = studies.load_study(study)
    with console.stage(f"Simulate {plan.name}"):
        found = studies.power(
            plan, sizes, samples, data=data, seed=seed, alpha=alpha, goal=goal, rounded=rounded,
            estimates=estimates, workers=workers, progress=False,
        )  # fmt: skip
    if as_json:
        console.raw(report.to_json({"schema": 1, "study": plan.name, **found.to_dict()}))
        return
    if plan.synthetic and not plan.power.states_population:
        console.message("The study's own data are synthetic, and so are the estimates.")
    console.out(str(found))


def _fit_power(
    console: Console,
    given: Mapping[str, Any],
    sizes: list[int] | None,
    *,
    alpha: float | None,
    goal: float | None,
    as_json: bool,
) -> None:
    """Print the power of tests of fit, or the cases that they need."""
    from trustsem import report  # noqa: PLC0415  (numpy and pandas come with it)
    from trustsem.results.power_tables import fit_power_table  # noqa: PLC0415  (the same)

    if "df" not in given:
        raise click.UsageError("Give a STUDY, or --df with or without --n.")
    if ("rmsea0" in given) != ("rmsea1" in given):
        raise SpecificationError("--rmsea0 and --rmsea1 are given together, or neither.")
    table = fit_power_table(
        given["df"],
        sizes or [],
        alpha=0.05 if alpha is None else alpha,
        goal=0.80 if goal is None else goal,
        groups=given.get("groups", 1),
        tested=(given["rmsea0"], given["rmsea1"]) if "rmsea0" in given else None,
    )
    if as_json:
        console.raw(report.to_json({"schema": 1, "power": table.to_frame()}))
        return
    console.out(table.to_text(console.width))
