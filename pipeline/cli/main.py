"""The ``connectivity`` command: thin, with imports inside commands so that ``--help`` is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import __version__
from pipeline.base.cells import make_printable
from pipeline.base.errors import PipelineError, StoppedError, UsageError

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


AreaOption = Annotated[str, typer.Option("--area", help="name of an area in config/areas, or a YAML file")]
SnapshotOption = Annotated[str | None, typer.Option("--snapshot", help="id of one snapshot")]
DataOption = Annotated[str | None, typer.Option("--data", help="folder of the inputs")]
ConfigOption = Annotated[str | None, typer.Option("--config", help="file that overrides config/default.yaml")]
ClusterOption = Annotated[str | None, typer.Option("--cluster", help="Dask scheduler, such as tcp://host:8786")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, max=256, help="processes; absent: chosen by processors and work")
]


def _load(area: str, config: str | None, data: str | None) -> Any:
    from pipeline.base.load import load_project

    return load_project(area, config=config, data=data)


@app.command()
def run(
    stage: Annotated[str, typer.Argument(help="fetch, timetables, streets, places, network, times, ...")],
    area: AreaOption,
    snapshot: SnapshotOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
) -> None:
    """Run one stage."""
    from importlib import import_module

    from pipeline.stages.means import replace_means
    from pipeline.stages.run_safely import hold_project, temporary_files_in
    from pipeline.stages.targets import STAGES

    if stage not in STAGES:
        raise UsageError(f"There is no stage '{stage}'.", cure=f"Stages: {', '.join(STAGES)}.")
    project = replace_means(_load(area, config, data), stage, address=cluster, workers=workers)
    name = stage if snapshot is None else f"{stage} {snapshot}"
    with hold_project(project, what=f"connectivity run {name}"), temporary_files_in(project.outputs):
        done = import_module(f"pipeline.stages.{stage}").run(project, snapshot)
    text = done.notices.describe()
    typer.echo(f"{name}: done{f' ({text})' if text else ''}")


@app.command()
def fetch(
    source: Annotated[str | None, typer.Argument(help="a source of config/sources.csv, such as bods_gtfs")] = None,
    area: Annotated[str | None, typer.Option("--area", help="all live sources of an area instead")] = None,
    region: Annotated[str | None, typer.Option("--region", help="the same as --set region=...")] = None,
    parameters: Annotated[list[str] | None, typer.Option("--set", help="parameter=value; may be repeated")] = None,
    show: Annotated[bool, typer.Option("--list", help="list the sources and their parameters")] = False,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Fetch a live source, or all of an area, into the archive; runs then work offline."""
    from pipeline.cli.fetch import describe_sources, run_fetch

    if show:
        typer.echo(describe_sources())
        return
    given = [*(parameters or []), *([f"region={region}"] if region else [])]
    run_fetch(source, area=area, parameters=given, data=data, config=config)


@app.command()
def rules(
    area: AreaOption,
    command: Annotated[str, typer.Option("--command")] = "connectivity",
    data: DataOption = None,
    config: ConfigOption = None,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
) -> None:
    """Write the rules that make includes, and print where they are."""
    from pipeline.stages.plan import DRY_RULES, write_rules

    options, means = _join_options(area, data, config, cluster, workers)
    project = _load(area, config, data)
    typer.echo(write_rules(project, command=command, options=options, means=means, name=DRY_RULES))


def _join_options(
    area: str, data: str | None, config: str | None, cluster: str | None, workers: int | None
) -> tuple[str, str]:
    import shlex

    def join(*pairs: tuple[str, str | int | None]) -> str:
        return shlex.join(part for name, value in pairs if value for part in (name, str(value)))

    options = join(("--area", area), ("--data", data), ("--config", config))
    return options, join(("--cluster", cluster), ("--workers", workers))


@app.command(hidden=True)
def hold(
    area: AreaOption,
    command_line: Annotated[list[str], typer.Argument(help="the call of make")],
    what: Annotated[str, typer.Option("--what", help="the command, for whoever is refused meanwhile")] = "make",
    command: Annotated[str, typer.Option("--command")] = "connectivity",
    data: DataOption = None,
    config: ConfigOption = None,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
) -> None:
    """Run make for an area while no other run is at work on it."""
    from pipeline.cli.hold import run_held

    options, means = _join_options(area, data, config, cluster, workers)
    run_held(_load(area, config, data), command_line, what=what, command=command, options=options, means=means)


@app.command()
def plan(
    area: AreaOption,
    data: DataOption = None,
    config: ConfigOption = None,
    needs: Annotated[bool, typer.Option("--needs", help="also the memory and disk that each step needs")] = False,
) -> None:
    """Say what would run, and why, and what memory and disk it needs (on standard error)."""
    from pipeline.cli.needs import describe_needs
    from pipeline.stages.plan import build_plan

    project = _load(area, config, data)
    steps = build_plan(project)
    for step in steps:
        typer.echo(f"{step.name:<24} {step.reason}")
    typer.echo(f"{len(steps)} steps would run." if steps else "Nothing to do: everything is up to date.")
    for line in describe_needs(project, [step.name for step in steps], is_each=needs):
        typer.echo(line, err=True)


@app.command()
def status(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Say what is there, how old it is and how many notices it carries."""
    from rich.console import Console
    from rich.table import Table

    from pipeline.stages.plan import build_status

    table = Table("stage", "state", "age", "rows", "notices", "seconds", "peak MB", title=f"Area {area}")
    for state in build_status(_load(area, config, data)):
        if state.age_s is None:
            table.add_row(state.name, "not run", *[""] * 5)
            continue
        age = f"{state.age_s / 3600:.1f} h" if state.age_s > 3600 else f"{state.age_s / 60:.0f} min"
        numbers = (state.n_rows, state.n_notices, state.seconds, state.peak_memory_mb)
        table.add_row(state.name, "current" if state.is_current else "out of date", age, *(f"{n:,}" for n in numbers))
    Console().print(table)


@app.command()
def verify(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Compare inputs and outputs with the hashes in the manifests."""
    from pipeline.stages.verify import find_differences

    project = _load(area, config, data)
    differences = find_differences(project)
    for line in differences:
        typer.echo(line)
    if differences:
        from pipeline.base.errors import GateError

        raise GateError(f"{len(differences)} files differ from the manifests.", cure="Run make again for this area.")
    typer.echo("Every file is as the manifests say.")


@app.command()
def done(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Say what was made, where it is and how many notices there are."""
    from pipeline.stages.verify import summarise

    typer.echo(summarise(_load(area, config, data)))


@app.command()
def missing(path: str) -> None:
    """Report an input that make needs and that does not exist."""
    from pipeline.base.errors import InputError
    from pipeline.base.live import find_cure

    raise InputError("This input does not exist.", file=path, cure=find_cure(path))


@app.command("clean-old")
def clean_old(
    area: AreaOption,
    keep: Annotated[int | None, typer.Option("--keep", min=1, help="published versions that stay")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Delete what of old runs is not needed, and say what that frees."""
    from pipeline.cli import clean_old as cleaning

    cleaning.clean_old(_load(area, config, data), keep=keep, is_dry=dry_run)


@app.command()
def warm() -> None:
    """Compile the routing kernels, so that the first run need not wait."""
    from pipeline.stages.warm import warm_kernels

    warm_kernels()


@app.command()
def graph(
    area: AreaOption, snapshot: SnapshotOption = None, data: DataOption = None, config: ConfigOption = None
) -> None:
    """Write the walking graph and the transport graph as GraphML and GeoPackage."""
    from pipeline.stages.graph import write_graphs
    from pipeline.stages.run_safely import hold_project

    project = _load(area, config, data)
    with hold_project(project, what="connectivity graph"):
        for path in write_graphs(project, snapshot):
            typer.echo(path)


@app.command()
def bench(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Time the two travel-time algorithms side by side."""
    from pipeline.stages.bench import run_bench

    typer.echo(run_bench(_load(area, config, data)))


@app.command()
def docs() -> None:
    """Write the generated documents: data dictionary and notices."""
    from pipeline.cli.documents import write_documents

    for path in write_documents():
        typer.echo(path)


@app.command()
def doctor() -> None:
    """Say what is wrong with this installation."""
    from pipeline.cli.doctor import diagnose

    problems = 0
    for line, is_good in diagnose():
        typer.echo(f"{'ok ' if is_good else 'BAD'}  {line}")
        problems += not is_good
    if problems:
        raise typer.Exit(3)


@app.command()
def matrix(
    osm: Annotated[Path, typer.Option("--osm", help="OpenStreetMap file (.osm.pbf, .osm)")],
    origins: Annotated[Path, typer.Option("--origins", help="CSV: id, lon, lat (or easting, northing)")],
    destinations: Annotated[Path, typer.Option("--destinations", help="CSV: id, lon, lat (or easting, northing)")],
    out: Annotated[Path, typer.Option("--out", help="result, .csv or .parquet")],
    gtfs: Annotated[
        list[Path] | None,
        typer.Option("--gtfs", help="GTFS, or TransXChange or ATCO-CIF with --naptan; may be given several times"),
    ] = None,
    date: Annotated[str | None, typer.Option("--date", help="service day, YYYY-MM-DD")] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="public_transport (with walking), or car, which needs no timetable")
    ] = "public_transport",
    time: Annotated[str | None, typer.Option("--time", help="departure, HH:MM")] = None,
    arrive_by: Annotated[
        str | None, typer.Option("--arrive-by", help="instead of --time: deadline, HH:MM; a window holds deadlines")
    ] = None,
    window: Annotated[
        int | None, typer.Option("--window", min=1, help="departure minutes; absent: one departure")
    ] = None,
    percentiles: Annotated[str, typer.Option("--percentiles", help="with a window")] = "25,50,75",
    nearest: Annotated[bool, typer.Option("--nearest", help="only the nearest destination, minute by minute")] = False,
    k: Annotated[
        int | None, typer.Option("--k", min=1, help="the N nearest, minute by minute; a row for each rank")
    ] = None,
    reliability: Annotated[
        bool, typer.Option("--reliability", help="with a window: share of minutes, longest gap, wait if missed")
    ] = False,
    cumulative: Annotated[
        str | None, typer.Option("--cumulative", help="weight within these minutes instead, such as 15,30,45,60")
    ] = None,
    weight: Annotated[
        str | None, typer.Option("--weight", help="column of the destinations; absent: each counts 1")
    ] = None,
    decay: Annotated[
        str, typer.Option("--decay", help="step, linear, exponential, logistic or gaussian, around the limits")
    ] = "step",
    decay_parameter: Annotated[
        float | None, typer.Option("--decay-parameter", help="minutes; width, or standard deviation; absent: 10")
    ] = None,
    diminishing: Annotated[
        float, typer.Option("--diminishing", help="the k-th nearest counts k^-ALPHA as much; 0: all alike")
    ] = 0.0,
    direction: Annotated[str, typer.Option("--direction", help="to the destinations, or from them")] = "to",
    walk_kmh: Annotated[float, typer.Option("--walk-kmh", min=0.1, max=15)] = 4.8,
    max_walk_m: Annotated[float, typer.Option("--max-walk-m", min=0, max=20_000, help="to or from a stop")] = 2000,
    max_transfer_m: Annotated[float, typer.Option("--max-transfer-m", min=0, max=5_000, help="between stops")] = 600,
    interchange_s: Annotated[int, typer.Option("--interchange-s", min=0, max=7200)] = 120,
    max_changes: Annotated[int | None, typer.Option("--max-changes", min=0, max=20, help="absent: no limit")] = None,
    max_time_min: Annotated[int, typer.Option("--max-time-min", min=1, max=1440, help="longest journey")] = 120,
    crs: Annotated[str, typer.Option("--crs", help="coordinate system of easting, northing")] = "EPSG:27700",
    modes: Annotated[str | None, typer.Option("--modes", help="such as bus,rail; walk: on foot; absent: all")] = None,
    without_modes: Annotated[str | None, typer.Option("--without-modes", help="such as rail,coach")] = None,
    wheelchair: Annotated[
        bool, typer.Option("--wheelchair", help="only trips and stops that the feed flags as accessible")
    ] = False,
    naptan: Annotated[Path | None, typer.Option("--naptan", help="NaPTAN's stops, for --gtfs of other formats")] = None,
    notices: Annotated[Path | None, typer.Option("--notices", help="list doubtful rows in this .csv")] = None,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    links: Annotated[
        Path | None, typer.Option("--links", help="list in this .csv how far every point and stop is from the streets")
    ] = None,
) -> None:
    """Compute travel times between anybody's points, on anybody's timetable and streets."""
    from pipeline.cli.matrix import run_matrix

    run_matrix(
        {
            "gtfs": gtfs or [],
            "naptan": naptan,
            "osm": osm,
            "origins": origins,
            "destinations": destinations,
            "window_min": window,
            "is_nearest": nearest,
            "n_nearest": k,
            "has_reliability": reliability,
            "weight": weight,
            "decay_parameter_min": decay_parameter,
            "diminishing": diminishing,
            "is_wheelchair": wheelchair,
            "walk_kmh": walk_kmh,
            "max_walk_m": max_walk_m,
            "max_transfer_m": max_transfer_m,
            "interchange_s": interchange_s,
            "max_changes": max_changes,
            "max_time_min": max_time_min,
            "crs": crs,
            "links": links,
        },
        mode=mode,
        date=date,
        time=time,
        arrive_by=arrive_by,
        cumulative=cumulative,
        decay=decay,
        percentiles=percentiles,
        direction=direction,
        modes=modes,
        without_modes=without_modes,
        out=out,
        notices_file=notices,
        cluster=cluster,
        workers=workers,
    )


NaptanOption = Annotated[Path | None, typer.Option("--naptan", help="NaPTAN's stops (CSV), for formats without places")]
NationOption = Annotated[
    str, typer.Option("--nation", help="whose bank holidays: england, wales, scotland, northern_ireland")
]


@app.command()
def convert(
    inputs: Annotated[list[Path], typer.Argument(help="TransXChange, ATCO-CIF or GTFS: files, zips or folders")],
    out: Annotated[Path, typer.Option("--out", help="the GTFS archive, .zip")],
    naptan: NaptanOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="date of the timetables, YYYY-MM-DD")] = None,
    nation: NationOption = "england",
    notices: Annotated[Path | None, typer.Option("--notices", help="list doubtful records in this .csv")] = None,
) -> None:
    """Convert timetables of any format to one GTFS archive."""
    from pipeline.cli.convert import convert_inputs

    convert_inputs(inputs, naptan=naptan, as_of=as_of, nation=nation, out=out, notices_file=notices)


@app.command()
def validate(
    inputs: Annotated[list[str], typer.Argument(help="timetables of any format, OpenStreetMap or CSV files")],
    out: Annotated[str | None, typer.Option("--out", help="also write the notices to this .csv")] = None,
    naptan: NaptanOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="date of the timetables, YYYY-MM-DD")] = None,
    nation: NationOption = "england",
    gtfs_guru: Annotated[
        Path | None, typer.Option("--gtfs-guru", help="write gtfs-guru's report on the GTFS inputs to this .json")
    ] = None,
) -> None:
    """Read any input and list its notices by code, file and row."""
    from pipeline.cli.validate import attach_gtfs_guru, validate_inputs

    if gtfs_guru is not None:
        attach_gtfs_guru(inputs, gtfs_guru)
    validate_inputs(inputs, out, naptan=naptan, as_of=as_of, nation=nation)


@app.command()
def explain(
    area: str,
    code: Annotated[str | None, typer.Argument(help="code of a neighbourhood or of a small area")] = None,
    category: Annotated[str | None, typer.Argument(help="category of destinations")] = None,
    score: Annotated[
        str | None, typer.Option("--score", help="instead: where the score of this neighbourhood or group comes from")
    ] = None,
    depart: Annotated[str | None, typer.Option("--depart", help="HH:MM; the window's median minute if absent")] = None,
    window: Annotated[str | None, typer.Option("--window", help="departure window")] = None,
    snapshot: SnapshotOption = None,
    against: Annotated[
        str | None, typer.Option("--against", help="snapshot to compare with, leg by leg; the one before if absent")
    ] = None,
    fastest: Annotated[bool, typer.Option("--fastest", help="the quickest journey of the window")] = False,
    typical: Annotated[bool, typer.Option("--typical", help="one as long as the median")] = False,
    form: Annotated[
        str, typer.Option("--format", help="text, table (CSV), geojson or svg; of a score: text or json")
    ] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="write to this file")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Show the journey to the nearest destination leg by leg, or where a score comes from."""
    from pipeline.cli.score import check_question, explain_score
    from pipeline.stages.explain import explain_place

    only = {"--depart": depart, "--window": window, "--fastest": fastest, "--typical": typical}
    check_question(code, category, score, only)
    project = _load(area, config, data)
    if score is not None:
        explain_score(project, score, snapshot=snapshot, form=form, out=out)
        return
    assert code is not None and category is not None  # noqa: S101, PT018 (check_question refuses others)
    choices = [name for name, is_wanted in (("fastest", fastest), ("typical", typical)) if is_wanted]
    asked: dict[str, Any] = {"depart": depart, "window": window, "snapshot": snapshot, "against": against}
    asked["choices"] = choices
    typer.echo(explain_place(project, code, category, **asked, form=form, out=out))


@app.command()
def diff(
    area: str,
    earlier: str,
    later: str,
    form: Annotated[str, typer.Option("--format", help="text, csv (services) or json")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="write to this file")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Compare two snapshots: services, service levels and travel times."""
    from pipeline.cli.change import show
    from pipeline.stages.diff import describe_difference

    show(describe_difference(_load(area, config, data), earlier, later, form=form), out)


@app.command()
def attribute(
    area: str,
    earlier: str,
    later: str,
    form: Annotated[str, typer.Option("--format", help="text, csv (services) or json")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="write to this file")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Put each lost service back, alone, and tell what that does to travel times."""
    from pipeline.cli.attribute import describe_attribution
    from pipeline.cli.change import show

    show(describe_attribution(_load(area, config, data), earlier, later, form=form), out)


@app.command()
def scenario(
    area: str,
    file: Annotated[str, typer.Argument(help="a scenario file, or its name in config/scenarios")],
    snapshot: SnapshotOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="folder of the results")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Compute the tables of a snapshot as they would be, and compare them with the base."""
    from pipeline.stages.run_safely import hold_project, temporary_files_in
    from pipeline.stages.scenario import describe_scenario, find_scenario_file, run_scenario

    project = _load(area, config, data)
    with hold_project(project, what="connectivity scenario"), temporary_files_in(project.outputs):
        found = run_scenario(project, find_scenario_file(file), snapshot=snapshot, out=out)
    typer.echo(make_printable(describe_scenario(found), keep="\n"))


@app.command()
def serve(
    area: str,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free")] = 8000,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Show the report to the browser of this machine, and to nobody else."""
    from pipeline.cli.serve import serve_report

    serve_report(_load(area, config, data), port)


config_app = typer.Typer(no_args_is_help=True, help="The effective settings.")
app.add_typer(config_app, name="config")


@config_app.command("show")
def config_show(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Print the settings of an area after all overrides."""
    import yaml

    project = _load(area, config, data)
    content = {"area": project.area.model_dump(mode="json"), "settings": project.settings.model_dump(mode="json")}
    typer.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


@config_app.command("check")
def config_check(
    area: AreaOption,
    data: DataOption = None,
    config: ConfigOption = None,
    without_data: Annotated[bool, typer.Option("--without-data", help="do not look for the inputs")] = False,
) -> None:
    """Check the configuration of an area and that its inputs exist."""
    from pipeline.cli.check import check_area

    typer.echo(check_area(_load(area, config, data), is_data_needed=not without_data))


@config_app.command("schema")
def config_schema(
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
