"""The ``connectivity`` command: thin, with imports inside commands so that ``--help`` is quick."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.base.errors import PipelineError, StoppedError
from pipeline.cli import commands_ask, commands_config, commands_files, commands_house, commands_run

app = typer.Typer(
    name="connectivity",
    help="Travel times, bus-service change and connectivity scores for neighbourhoods.",
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
) -> None:
    """Travel times, bus-service change and connectivity scores for neighbourhoods."""


for command in (
    *(commands_run.run, commands_run.fetch, commands_run.rules, commands_run.plan, commands_run.status),
    *(commands_run.verify, commands_run.done, commands_run.missing, commands_run.warm, commands_run.graph),
    *(commands_house.bench, commands_house.docs, commands_house.doctor),
    *(commands_files.matrix, commands_files.convert, commands_files.validate),
    *(commands_ask.explain, commands_ask.diff, commands_ask.attribute, commands_ask.scenario, commands_ask.serve),
):
    app.command()(command)
config_app = typer.Typer(no_args_is_help=True, help="The effective settings.")
app.add_typer(config_app, name="config")
for command in (commands_config.show, commands_config.check, commands_config.schema, commands_config.init):
    config_app.command()(command)


def main() -> None:
    """Run the command line; problems end with one message and their own exit code."""
    from pipeline.base.progress import set_up_logging

    set_up_logging()
    try:
        app()
    except PipelineError as error:
        typer.echo(f"{'stopped' if isinstance(error, StoppedError) else 'error'}: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            sys.exit(1)
        where = f"\n  where: {error.filename}" if error.filename else ""
        typer.echo(
            f"error: {error.strerror or error}.{where}\n  cure:  Check the path, its rights and the disk.", err=True
        )
        sys.exit(4)
    except SystemExit as stop:
        if stop.code == StoppedError.exit_code:  # what typer makes of Ctrl-C
            typer.echo("stopped: finished work is kept, run the same command to go on", err=True)
        raise
