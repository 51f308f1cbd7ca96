"""Commands about configuration: ``connectivity config ...``."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.options import AreaOption, ConfigOption, DataOption, load_area


def show(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Print the settings of an area after all overrides."""
    import yaml

    project = load_area(area, config, data)
    content = {"area": project.area.model_dump(mode="json"), "settings": project.settings.model_dump(mode="json")}
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
