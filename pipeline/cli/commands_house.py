"""Commands about this installation."""

from __future__ import annotations

import typer

from pipeline.cli.options import AreaOption, ConfigOption, DataOption, load_area


def doctor() -> None:
    """Say what is wrong with this installation."""
    from pipeline.cli.doctor import diagnose

    problems = 0
    for line, is_good in diagnose():
        typer.echo(f"{'ok ' if is_good else 'BAD'}  {line}")
        problems += not is_good
    if problems:
        raise typer.Exit(3)


def bench(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Time the two travel-time algorithms side by side."""
    from pipeline.stages.bench import run_bench

    typer.echo(run_bench(load_area(area, config, data)))


def docs() -> None:
    """Write the generated documents: data dictionary and notices."""
    from pipeline.cli.documents import write_documents

    for path in write_documents():
        typer.echo(path)
