"""Commands about configuration: ``connectivity config ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import AreaOption, ConfigOption, DataOption, JsonOption, load_area, show_json


def show(area: AreaOption, data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the settings of an area after all overrides."""
    import yaml

    project = load_area(area, config, data)
    content = {"area": project.area.model_dump(mode="json"), "settings": project.settings.model_dump(mode="json")}
    if as_json:
        show_json(content)
        return
    typer.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def check(
    area: AreaOption,
    data: DataOption = None,
    config: ConfigOption = None,
    without_data: Annotated[bool, typer.Option("--without-data", help="do not look for the inputs")] = False,
) -> None:
    """Check the configuration of an area and that its inputs exist."""
    from pipeline.cli.check import check_area

    typer.echo(check_area(load_area(area, config, data), is_data_needed=not without_data))


def schema(
    write: Annotated[bool, typer.Option("--write", help="write config/default.yaml and config/schema.json")] = False,
) -> None:
    """Print the schema of settings and area files, or write it beside the default settings."""
    from pipeline.base.io import write_text
    from pipeline.base.load import ROOT, build_default_yaml, build_schema_json
    from pipeline.base.scenario import build_scenario_schema

    if not write:
        typer.echo(build_schema_json())
        return
    write_text(build_default_yaml(), ROOT / "config" / "default.yaml")
    write_text(build_schema_json(), ROOT / "config" / "schema.json")
    write_text(build_scenario_schema(), ROOT / "config" / "scenario-schema.json")
    typer.echo("config/default.yaml and config/schema.json are up to date.")


def init(
    data: Annotated[
        Path | None, typer.Option("--data", help="folder of the inputs; what is not named below is looked for in it")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="of the area; the folder's if absent")] = None,
    title: Annotated[str | None, typer.Option("--title", help="of the report")] = None,
    osm: Annotated[Path | None, typer.Option("--osm", help="OpenStreetMap extract")] = None,
    timetable: Annotated[
        list[str] | None,
        typer.Option(
            "--timetable",
            metavar="FILE",
            help="GTFS, TransXChange or ATCO-CIF: FILE, or SNAPSHOT=FILE; may be repeated",
        ),
    ] = None,
    small_areas: Annotated[
        Path | None, typer.Option("--small-areas", help="points where journeys begin: code, coordinates, population")
    ] = None,
    destinations: Annotated[
        list[str] | None,
        typer.Option("--destinations", metavar="FILE", help="CATEGORY=FILE, such as hospitals=h.csv; may be repeated"),
    ] = None,
    lookup: Annotated[Path | None, typer.Option("--lookup", help="small areas to neighbourhoods")] = None,
    boundaries: Annotated[Path | None, typer.Option("--boundaries", help="polygons of neighbourhoods")] = None,
    naptan: Annotated[Path | None, typer.Option("--naptan", help="NaPTAN's stops (CSV)")] = None,
    crs: Annotated[str | None, typer.Option("--crs", help="such as EPSG:27700; found if absent")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="such as Europe/London; found if absent")] = None,
    nation: Annotated[
        str | None, typer.Option("--nation", help="whose holidays: england, wales, scotland, northern_ireland")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="area file; config/areas/NAME.yaml if absent")] = None,
    accept: Annotated[
        str | None,
        typer.Option(
            "--accept", metavar="REASON", help="why a timetable that lost operators or runs may be used all the same"
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            help="ask nothing; replace a file that exists; accept timetables that lost much, which the report says",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a commented area file that runs, from a folder of inputs."""
    from pipeline.cli.init_command import run_init
    from pipeline.cli.init_inputs import Wanted

    named = {"osm": osm, "small_areas": small_areas, "lookup": lookup, "boundaries": boundaries, "naptan": naptan}
    wanted = Wanted(
        name=name,
        title=title,
        data=data,
        timetables=tuple(timetable or ()),
        destinations=tuple(destinations or ()),
        crs=crs,
        timezone=timezone,
        nation=nation,
        is_sure=yes,
        accept=accept,
        **named,
    )
    made = run_init(wanted, out=out, is_sure=yes, is_json=as_json)
    if as_json:
        show_json(made)
