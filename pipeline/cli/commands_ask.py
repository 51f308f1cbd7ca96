"""Commands that ask why, and what if."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.base.cells import make_printable
from pipeline.cli.complete import complete_category, complete_code, complete_scenario
from pipeline.cli.options import (
    AreaArgument,
    ConfigOption,
    DataOption,
    EarlierArgument,
    JsonOption,
    LaterArgument,
    SnapshotOption,
    load_area,
)


def explain(
    area: AreaArgument,
    code: Annotated[
        str | None, typer.Argument(help="code of a neighbourhood or small area", autocompletion=complete_code)
    ] = None,
    category: Annotated[
        str | None, typer.Argument(help="category of destinations", autocompletion=complete_category)
    ] = None,
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
        str, typer.Option("--format", help="text, table (CSV), json, geojson or svg; of a score: text or json")
    ] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="write to this file")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the journey to the nearest destination leg by leg, or where a score comes from."""
    from pipeline.cli.score import check_question, explain_score
    from pipeline.stages.explain import explain_place

    form = "json" if as_json else form
    only = {"--depart": depart, "--window": window, "--fastest": fastest, "--typical": typical}
    check_question(code, category, score, only)
    project = load_area(area, config, data)
    if score is not None:
        explain_score(project, score, snapshot=snapshot, form=form, out=out)
        return
    assert code is not None and category is not None  # noqa: S101, PT018 (check_question refuses others)
    choices = [name for name, is_wanted in (("fastest", fastest), ("typical", typical)) if is_wanted]
    asked: dict[str, Any] = {"depart": depart, "window": window, "snapshot": snapshot, "against": against}
    asked["choices"] = choices
    typer.echo(explain_place(project, code, category, **asked, form=form, out=out))


def profile(
    area: AreaArgument,
    code: Annotated[str, typer.Argument(help="code of a neighbourhood", autocompletion=complete_code)],
    out: Annotated[Path | None, typer.Option("--out", help="write the profile to this file")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="as PDF (needs Chromium); else as HTML")] = False,
    full: Annotated[bool, typer.Option("--full", help="unfold what is folded, and print leaves out")] = False,
    charts: Annotated[
        Path | None, typer.Option("--charts", help="write every chart as SVG, PNG and CSV into this folder")
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Write the profile of one neighbourhood, to hand over or to print."""
    from pipeline.cli.profile import write_files

    write_files(load_area(area, config, data), code, out=out, is_pdf=pdf, is_full=full, charts=charts)


def diff(
    area: AreaArgument,
    earlier: EarlierArgument,
    later: LaterArgument,
    form: Annotated[str, typer.Option("--format", help="text, csv (services) or json")] = "text",
    evidence: Annotated[
        bool, typer.Option("--evidence", help="all services, and why each is called so; a file has them anyway")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="write to this file")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two snapshots: services, service levels and travel times."""
    from pipeline.cli.change import show
    from pipeline.stages.diff import describe_difference

    asked: dict[str, Any] = {"form": "json" if as_json else form, "has_evidence": evidence or out is not None}
    show(describe_difference(load_area(area, config, data), earlier, later, **asked), out)


def attribute(
    area: AreaArgument,
    earlier: EarlierArgument,
    later: LaterArgument,
    form: Annotated[str, typer.Option("--format", help="text, csv (services) or json")] = "text",
    out: Annotated[Path | None, typer.Option("--out", help="write to this file")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put each lost service back, alone, and tell what that does to travel times."""
    from pipeline.cli.attribute import describe_attribution
    from pipeline.cli.change import show

    show(describe_attribution(load_area(area, config, data), earlier, later, form="json" if as_json else form), out)


def scenario(
    area: AreaArgument,
    file: Annotated[
        str, typer.Argument(help="a scenario file, or its name in config/scenarios", autocompletion=complete_scenario)
    ],
    snapshot: SnapshotOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="folder of the results")] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Compute the tables of a snapshot as they would be, and compare them with the base."""
    from pipeline.stages.run_safely import hold_project, temporary_files_in
    from pipeline.stages.scenario import describe_scenario, find_scenario_file, run_scenario

    project = load_area(area, config, data)
    with hold_project(project, what="connectivity scenario"), temporary_files_in(project.outputs):
        found = run_scenario(project, find_scenario_file(file), snapshot=snapshot, out=out)
    typer.echo(make_printable(describe_scenario(found), keep="\n"))


def serve(
    area: AreaArgument,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free")] = 8000,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Show the report to the browser of this machine, and to nobody else."""
    from pipeline.cli.serve import serve_report

    serve_report(load_area(area, config, data), port)
