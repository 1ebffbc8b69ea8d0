"""Options that several commands share."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from trustsem.cli.console import Console

_F = TypeVar("_F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)


def _switch(attribute: str, setting: object) -> Callable[..., None]:
    """Return a callback that notes a flag on the console."""

    def note(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
        if value:
            setattr(ctx.ensure_object(Console), attribute, setting)

    return note


def common(command: _F) -> _F:
    """Add the options that every command has."""
    flags = (
        (("--debug",), "debug", True, "Show the traceback of an error."),
        (("--no-color",), "color", False, "No colours (also: environment NO_COLOR)."),
        (("-v", "--verbose"), "verbose", True, "Say more."),
        (("-q", "--quiet"), "quiet", True, "Say less."),
    )
    for names, attribute, setting, text in flags:
        command = click.option(
            *names,
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_switch(attribute, setting),
            help=text,
        )(command)
    return command


def _assignments(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> dict[str, Any]:
    """Return ``option=value`` texts as a mapping, values as TOML where they are TOML.

    Words with commas between them are a list.
    """
    options = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{text!r} is not of the form option=value.")
        options[name.strip().replace(".", "_").replace("-", "_")] = _value(value.strip())
    return options


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        words = [word.strip() for word in text.split(",")]
        return words if len(words) > 1 else {"TRUE": True, "FALSE": False}.get(text.upper(), text)


set_options = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="OPTION=VALUE",
    callback=_assignments,
    help="Override an estimation option, e.g. --set likelihood=wishart. Repeatable.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    envvar="TRUSTSEM_SEED",
    show_envvar=True,
    help="Seed of everything random.",
)
_FURTHER: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--bootstrap",),
        {
            "type": click.IntRange(min=0),
            "envvar": "TRUSTSEM_BOOTSTRAP",
            "show_envvar": True,
            "metavar": "N",
            "help": "Resamples for bootstrap intervals.  [default: the study's, else 5000]",
        },
    ),
    (
        ("--influence/--no-influence",),
        {
            "default": None,
            "help": "Whether to estimate again without each respondent.  [default: influence]",
        },
    ),
    (
        ("--power",),
        {
            "type": click.IntRange(min=0),
            "envvar": "TRUSTSEM_POWER",
            "show_envvar": True,
            "metavar": "N",
            "help": "Simulated samples for the power of each hypothesis.  "
            "[default: the study's, else 500]",
        },
    ),
    (
        ("--cutoffs",),
        {
            "type": click.IntRange(min=0),
            "envvar": "TRUSTSEM_CUTOFFS",
            "show_envvar": True,
            "metavar": "N",
            "help": "Simulated samples for cut-offs of this very model.  "
            "[default: the study's, else 500]",
        },
    ),
    (
        ("--quick",),
        {"is_flag": True, "help": "The two steps only: no resamples, no simulated samples."},
    ),
    (
        ("--workers",),
        {
            "type": click.IntRange(min=-1),
            "envvar": "TRUSTSEM_WORKERS",
            "show_envvar": True,
            "metavar": "N",
            "help": "Processes, -1 for all cores; they change no result.  [default: 1]",
        },
    ),
)
"""What a run computes beside the two steps, and by how many processes."""


def further_options(command: _F) -> _F:
    """Add the options of what is computed beside the two steps."""
    for names, settings in reversed(_FURTHER):
        command = click.option(*names, **settings)(command)
    return command


data_option = click.option(
    "--data",
    type=FILE,
    metavar="FILE",
    help="Survey file to analyse instead of the study's own data.",
)
force_option = click.option("--force", is_flag=True, help="Replace what an earlier run wrote.")
improper_option = click.option(
    "--allow-improper",
    is_flag=True,
    help="Exit with 0 even if a solution did not converge or is inadmissible.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
)


def with_seed(overrides: dict[str, Any], seed: int | None) -> dict[str, Any]:
    """Return the overrides with the seed, where one was given."""
    return overrides if seed is None else {**overrides, "seed": seed}
