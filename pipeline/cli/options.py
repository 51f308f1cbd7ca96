"""Options that several commands share, so that one thing has one name everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.complete import complete_area, complete_snapshot

if TYPE_CHECKING:
    from pipeline.base.load import Project

AreaOption = Annotated[
    str, typer.Option("--area", help="name of an area in config/areas, or a YAML file", autocompletion=complete_area)
]
AreaArgument = Annotated[str, typer.Argument(help="name of an area, or a YAML file", autocompletion=complete_area)]
EarlierArgument = Annotated[str, typer.Argument(help="id of the earlier snapshot", autocompletion=complete_snapshot)]
LaterArgument = Annotated[str, typer.Argument(help="id of the later snapshot", autocompletion=complete_snapshot)]
SnapshotOption = Annotated[
    str | None, typer.Option("--snapshot", help="id of one snapshot", autocompletion=complete_snapshot)
]
DataOption = Annotated[str | None, typer.Option("--data", help="folder of the inputs")]
ConfigOption = Annotated[str | None, typer.Option("--config", help="file that overrides config/default.yaml")]
ClusterOption = Annotated[str | None, typer.Option("--cluster", help="Dask scheduler, such as tcp://host:8786")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, max=256, help="processes; absent: chosen by processors and work")
]
NaptanOption = Annotated[Path | None, typer.Option("--naptan", help="NaPTAN's stops (CSV), for formats without places")]
NationOption = Annotated[
    str, typer.Option("--nation", help="whose bank holidays: england, wales, scotland, northern_ireland")
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON, for programs")]


def load_area(area: str, config: str | None, data: str | None) -> Project:
    """Load an area as the options name it; see :func:`pipeline.base.load.load_project`."""
    from pipeline.base.load import load_project

    return load_project(area, config=config, data=data)


def show_json(content: object) -> None:
    """Print content as JSON, keys in the order in which they were put in; dates and paths as text."""
    import json

    typer.echo(json.dumps(content, indent=1, ensure_ascii=False, default=str))
