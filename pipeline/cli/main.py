"""The ``connectivity`` command: thin, with imports inside commands so that ``--help`` is quick."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.base.errors import StoppedError, UsageError
from pipeline.cli import commands_ask, commands_config, commands_files, commands_house, commands_run
from pipeline.cli.examples import build_epilog
from pipeline.cli.grouped_help import ASK, FILES, HOUSE, RUN, GroupedHelp

app = typer.Typer(
    name="connectivity",
    cls=GroupedHelp,
    help="Travel times, bus-service change and connectivity scores for neighbourhoods.",
    epilog="\b\nExample:\n  connectivity explain sample X05000014 hospitals   (after: make demo)",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(is_wanted: bool) -> None:  # noqa: FBT001 (typer hands the flag over so)
    if is_wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version and stop")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show where in the code an error came from")] = False,
) -> None:
    """Travel times, bus-service change and connectivity scores for neighbourhoods."""
    if debug:
        os.environ["CONNECTIVITY_DEBUG"] = "1"


COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    RUN: (
        *(commands_run.plan, commands_run.run, commands_run.status, commands_run.verify, commands_run.done),
        *(commands_run.fetch, commands_run.refresh, commands_run.accept, commands_run.accept_run, commands_run.graph),
        commands_run.clean_old,
    ),
    ASK: (
        *(commands_ask.explain, commands_ask.profile, commands_ask.diff, commands_ask.attribute),
        *(commands_ask.scenario, commands_ask.serve),
    ),
    FILES: (commands_files.matrix, commands_files.convert, commands_files.validate),
    HOUSE: (commands_house.doctor, commands_run.warm, commands_house.docs, commands_house.bench),
}
for heading, members in COMMANDS.items():
    for member in members:
        app.command(rich_help_panel=heading, epilog=build_epilog(member.__name__.replace("_", "-")))(member)
for member in (commands_run.rules, commands_run.hold, commands_run.missing):  # for make alone
    app.command(hidden=True)(member)
config_app = typer.Typer(
    cls=GroupedHelp,
    no_args_is_help=True,
    help="Settings: write an area file, show, check, schema.",
    epilog=build_epilog("config init"),
)
app.add_typer(config_app, name="config", rich_help_panel=HOUSE)
for member in (commands_config.init, commands_config.show, commands_config.check, commands_config.schema):
    config_app.command(epilog=build_epilog(f"config {member.__name__}"))(member)


def main() -> None:
    """Run the command line; whatever goes wrong ends with one message and its own exit code."""
    from pipeline.base.progress import set_up_logging
    from pipeline.cli.failures import UNEXPECTED, describe_failure, end_quietly, is_debugging

    set_up_logging()
    is_told_elsewhere = "CONNECTIVITY_HELD" in os.environ  # by pipeline.cli.hold, once for all stages of a run
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = app(standalone_mode=False, prog_name="connectivity")
        sys.stdout.flush()
    except BrokenPipeError:
        end_quietly()
        sys.exit(UNEXPECTED)
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        if is_debugging():
            import traceback

            traceback.print_exc()
        if type(error).__name__ == "NoArgsIsHelpError":  # a group of commands alone on the line
            typer.echo(str(getattr(error, "message", error)), err=True)
            sys.exit(UsageError.exit_code)
        shown, word = describe_failure(error)
        if not (is_told_elsewhere and isinstance(shown, StoppedError)):
            typer.echo(f"{word}: {shown}", err=True)
        sys.exit(shown.exit_code)
    if code == StoppedError.exit_code and not is_told_elsewhere:  # what typer makes of Ctrl-C
        typer.echo(f"stopped: {describe_failure(KeyboardInterrupt())[0]}", err=True)
    sys.exit(code if isinstance(code, int) else 0)
