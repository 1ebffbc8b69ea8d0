"""The program: its group of commands, and the way from exceptions to exit codes."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
import warnings
from typing import TYPE_CHECKING, Any, NoReturn

import click

from trustsem.cli import describing, estimating, files, planning, replicating
from trustsem.cli.console import Console
from trustsem.errors import TrustsemError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

UNEXPECTED, INTERRUPTED, TERMINATED = 1, 130, 143


class SuggestingGroup(click.Group):
    """A group that knows what was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            hint = did_you_mean(args[0], known)
            raise click.UsageError(
                f"No such command {args[0]!r}.{hint} Commands: {', '.join(known)}.", ctx
            )
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return the commands, the main job first."""
        return list(self.commands)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415  (costs time at start)

        click.echo(f"trustsem {version('trustsem')}")
        ctx.exit()


@click.group(
    cls=SuggestingGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 unexpected error, 2 usage or study file, 3 data, "
    "4 estimation failed or inadmissible, 5 a replication differs, 130 interrupted.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and exit.",
)
def program() -> None:
    """Two-step structural equation modelling: from survey file to checked answer.

    The main job is `trustsem replicate`: read a study's data, judge the measurement model,
    estimate the structural model, judge the hypotheses, draw the path diagrams, write the report.
    """


for _command in (
    replicating.replicate,
    describing.studies,
    files.init,
    describing.check,
    describing.screen,
    estimating.measure,
    estimating.fit,
    estimating.diagram,
    planning.power,
    files.convert,
    describing.info,
):
    program.add_command(_command)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    args : sequence of str, optional
        Arguments; None: those of the process.

    Raises
    ------
    SystemExit
        Always, with the exit code.
    """
    console = Console()
    _finish_on_termination()
    _show_warnings_through(console)
    sys.exit(_exit_code(args, console))


def _exit_code(args: Sequence[str] | None, console: Console) -> int:
    """Run a command and return its exit code; only ``--debug`` shows tracebacks."""
    try:
        outcome = program.main(
            args=None if args is None else list(args),
            prog_name="trustsem",
            standalone_mode=False,
            obj=console,
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        console.error("Interrupted. Nothing was written.")
        return INTERRUPTED
    except TrustsemError as error:
        if console.debug:
            traceback.print_exc()
        console.error(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001  (the last stop before the user)
        if console.debug:
            traceback.print_exc()
        console.error(
            f"{type(error).__name__}: {error}\nThis is not expected. Run the command again with "
            "--debug and report what it shows."
        )
        return UNEXPECTED
    return outcome if isinstance(outcome, int) else 0


def _finish_on_termination() -> None:
    """Let a termination request clean up temporary files."""

    def stop(_number: int, _frame: Any) -> None:
        raise SystemExit(TERMINATED)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)


def _show_warnings_through(console: Console) -> None:
    """Print Python's warnings as one line each, without places in source code."""

    def show(message: Warning | str, category: type[Warning], *_place: Any, **_more: Any) -> None:
        console.message(f"{category.__name__}: {message}")

    warnings.showwarning = show
