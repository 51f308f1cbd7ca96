"""Commands about this installation."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.base.cells import make_printable
from pipeline.base.errors import ConfigError
from pipeline.cli.complete import complete_area
from pipeline.cli.options import AreaOption, ConfigOption, DataOption, JsonOption, load_area, show_json


def doctor(
    area: Annotated[
        str | None, typer.Option("--area", help="also check the inputs of this area", autocompletion=complete_area)
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is missing in this installation, or among the inputs of an area, and the cure."""
    from dataclasses import asdict

    from pipeline.cli.doctor import diagnose, diagnose_area

    checks = diagnose()
    if area is not None:
        checks += diagnose_area(area, config=config, data=data)
    n_bad = sum(check.level == "bad" for check in checks)
    if as_json:
        show_json({"is_good": n_bad == 0, "n_bad": n_bad, "checks": [asdict(check) for check in checks]})
    else:
        words = {"ok": "ok  ", "note": "note", "bad": "BAD "}
        for check in checks:
            typer.echo(make_printable(f"{words[check.level]}  {check.text}"))
            if check.cure:
                typer.echo(make_printable(f"      cure: {check.cure}"))
    if n_bad:
        raise typer.Exit(ConfigError.exit_code)


def bench(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Time the two travel-time algorithms side by side."""
    from pipeline.stages.bench import run_bench

    typer.echo(run_bench(load_area(area, config, data)))


def docs() -> None:
    """Write the generated documents: data dictionary and notices."""
    from pipeline.cli.documents import write_documents

    for path in write_documents():
        typer.echo(path)
