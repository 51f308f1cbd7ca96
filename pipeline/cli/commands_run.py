"""Commands that run stages and tell what was run."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from pipeline.base.errors import UsageError
from pipeline.base.near import suggest
from pipeline.cli.complete import complete_snapshot, complete_stage
from pipeline.cli.options import (
    AreaArgument,
    AreaOption,
    ClusterOption,
    ConfigOption,
    DataOption,
    JsonOption,
    SnapshotOption,
    WorkersOption,
    load_area,
    show_json,
)


def run(
    stage: Annotated[
        str, typer.Argument(help="timetables, streets, places, network, times, ...", autocompletion=complete_stage)
    ],
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
        cure = f"{suggest(stage, STAGES)}Stages: {', '.join(STAGES)}."
        raise UsageError(f"There is no stage '{stage}'.", cure=cure)
    project = replace_means(load_area(area, config, data), stage, address=cluster, workers=workers)
    name = stage if snapshot is None else f"{stage} {snapshot}"
    with hold_project(project, what=f"connectivity run {name}"), temporary_files_in(project.outputs):
        done = import_module(f"pipeline.stages.{stage}").run(project, snapshot)
    text = done.notices.describe()
    clear = "\r\x1b[K" if sys.stdout.isatty() else ""  # make runs several stages, and another's progress stands there
    typer.echo(f"{clear}{name}: done{f' ({text})' if text else ''}")


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
    project = load_area(area, config, data)
    typer.echo(write_rules(project, command=command, options=options, means=means, name=DRY_RULES))


def _join_options(
    area: str, data: str | None, config: str | None, cluster: str | None, workers: int | None
) -> tuple[str, str]:
    import shlex

    def join(*pairs: tuple[str, str | int | None]) -> str:
        return shlex.join(part for name, value in pairs if value for part in (name, str(value)))

    options = join(("--area", area), ("--data", data), ("--config", config))
    return options, join(("--cluster", cluster), ("--workers", workers))


def hold(
    area: AreaOption,
    command_line: Annotated[list[str], typer.Argument(help="the call of make")],
    what: Annotated[str, typer.Option("--what", help="the command, for whoever is refused meanwhile")] = "make",
    command: Annotated[str, typer.Option("--command")] = "connectivity",
    data: DataOption = None,
    config: ConfigOption = None,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    tell: Annotated[bool, typer.Option("--tell", help="say beforehand what a long run will do")] = False,
) -> None:
    """Run make for an area while no other run is at work on it."""
    import shlex

    from pipeline.cli.hold import run_held

    options, means = _join_options(area, data, config, cluster, workers)
    project = load_area(area, config, data)
    again = f"{what} AREA={shlex.quote(area)}"
    told: dict[str, Any] = {"what": what, "is_told": tell, "again": again}
    run_held(project, command_line, command=command, options=options, means=means, **told)


def plan(
    area: AreaOption,
    data: DataOption = None,
    config: ConfigOption = None,
    needs: Annotated[bool, typer.Option("--needs", help="also the memory and disk that each step needs")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what would run, and why, and what memory and disk it needs (on standard error)."""
    from pipeline.cli.needs import describe_needs
    from pipeline.stages.plan import build_plan

    project = load_area(area, config, data)
    steps = build_plan(project)
    if as_json:
        show_json({"area": area, "n_steps": len(steps), "steps": [asdict(step) for step in steps]})
        return
    for step in steps:
        typer.echo(f"{step.name:<24} {step.reason}")
    typer.echo(f"{len(steps)} steps would run." if steps else "Nothing to do: everything is up to date.")
    for line in describe_needs(project, [step.name for step in steps], is_each=needs):
        typer.echo(line, err=True)


def status(area: AreaOption, data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what is there, how old it is and how many notices it carries."""
    from pipeline.cli.accept_run import describe_held
    from pipeline.cli.status import describe_status
    from pipeline.stages.plan import build_status

    project = load_area(area, config, data)
    states, held = build_status(project), describe_held(project)
    if as_json:
        show_json({"area": area, "stages": [asdict(state) for state in states], "held": held or None})
        return
    typer.echo(describe_status(states))
    if held:
        typer.echo(held)


def refresh(
    area: AreaOption,
    data: DataOption = None,
    config: ConfigOption = None,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch new timetables; if anything that matters is new, register, run, check and publish it."""
    from pipeline.cli.refresh import run_refresh

    run_refresh(area, data=data, config=config, workers=workers, cluster=cluster, is_json=as_json)


def accept(
    area: AreaArgument,
    snapshot: Annotated[str, typer.Argument(help="id of the registered snapshot", autocompletion=complete_snapshot)],
    reason: Annotated[str, typer.Option("--reason", help="why it is right so; published beside what was lost")],
    by: Annotated[str, typer.Option("--by", help="who says so")],
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Accept a registered snapshot that a check held."""
    from pipeline.cli.refresh import run_accept

    typer.echo(run_accept(area, snapshot, reason=reason, by=by, data=data, config=config))


def clean_old(
    area: AreaOption,
    keep: Annotated[int | None, typer.Option("--keep", min=1, help="published versions that stay")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Delete what of old runs is not needed, and say what that frees."""
    from pipeline.cli import clean_old as cleaning

    cleaning.clean_old(load_area(area, config, data), keep=keep, is_dry=dry_run)


def accept_run(
    area: AreaArgument,
    reason: Annotated[str, typer.Option("--reason", help="why it is right; published with the run")],
    by: Annotated[str, typer.Option("--by", help="who accepts it")],
    run_hash: Annotated[
        str | None, typer.Option("--run", help="hash of the run, if it must be exactly that one")
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Accept the run that the gates hold, and no other; the next 'make all' publishes it with the reason."""
    import datetime as dt

    from pipeline.cli.accept_run import accept_run as accept

    project = load_area(area, config, data)
    typer.echo(accept(project, reason=reason, by=by, date=dt.datetime.now().astimezone().date(), run=run_hash))


def verify(area: AreaOption, data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Compare inputs and outputs with the hashes in the manifests."""
    from pipeline.stages.verify import find_differences

    differences = find_differences(load_area(area, config, data))
    if as_json:
        show_json({"area": area, "is_good": not differences, "differences": differences})
    else:
        for line in differences:
            typer.echo(line)
    if differences:
        from pipeline.base.errors import GateError

        raise GateError(
            f"{len(differences)} files differ from the manifests.",
            cure="Run make again for this area; what to do about the archive stands above.",
        )
    if not as_json:
        typer.echo("Every file is as the manifests say.")


def done(area: AreaOption, data: DataOption = None, config: ConfigOption = None) -> None:
    """Say what was made, where it is and how many notices there are."""
    from pipeline.stages.verify import summarise

    typer.echo(summarise(load_area(area, config, data)))


def missing(path: str) -> None:
    """Report an input that make needs and that does not exist."""
    from pipeline.base.errors import InputError
    from pipeline.base.live import find_cure

    raise InputError("This input does not exist.", file=path, cure=find_cure(path))


def warm() -> None:
    """Compile the routing kernels, so that the first run need not wait."""
    from pipeline.stages.warm import warm_kernels

    warm_kernels()


def graph(
    area: AreaOption, snapshot: SnapshotOption = None, data: DataOption = None, config: ConfigOption = None
) -> None:
    """Write the walking graph and the transport graph as GraphML and GeoPackage."""
    from pipeline.stages.graph import write_graphs
    from pipeline.stages.run_safely import hold_project

    project = load_area(area, config, data)
    with hold_project(project, what="connectivity graph"):
        for path in write_graphs(project, snapshot):
            typer.echo(path)
