"""``connectivity config init``: draft, check, write, and say what comes next."""

from __future__ import annotations

import shlex
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

import typer

from pipeline.base.area import Area
from pipeline.base.cells import make_printable
from pipeline.base.errors import PipelineError, UsageError
from pipeline.base.io import write_text
from pipeline.base.load import check_model, load_project
from pipeline.cli.init_area import draft_area
from pipeline.cli.init_ask import Asker
from pipeline.cli.init_inputs import Draft, Wanted
from pipeline.cli.init_timetables import FoundSnapshot
from pipeline.cli.init_write import Comments, write_commented

TITLES = {
    "streets": "streets",
    "crs": "coordinates",
    "small_areas": "small areas",
    "neighbourhoods": "neighbourhoods",
    "calendar": "calendar",
    "snapshots": "snapshots",
}


def run_init(wanted: Wanted, *, out: Path | None, is_sure: bool, is_json: bool = False) -> dict[str, Any]:
    """Write an area file that runs, and say what was decided and what comes next.

    Parameters
    ----------
    wanted
        What was asked for.
    out
        The file; ``config/areas/<name>.yaml`` if absent.
    is_sure
        Ask nothing, and replace a file that exists.
    is_json
        Print nothing; the caller prints what is returned.

    Returns
    -------
    dict
        ``area_file``, ``name``, ``decisions``, ``snapshots``, ``destinations``, ``hints``, ``next``.

    Raises
    ------
    UsageError
        If something cannot be decided, or the file exists and nobody agrees to replace it.
    InputError
        If an input cannot be used.
    """
    is_interactive = not is_sure and not is_json and sys.stdin.isatty() and sys.stdout.isatty()
    asker = Asker(is_interactive=is_interactive)
    if is_interactive and wanted.data is None and wanted.osm is None:
        wanted = _ask_for_folder(wanted, asker)
    if out is not None:
        _check_free(out, asker, is_sure=is_sure)
    draft = Draft()
    try:
        draft_area(wanted, asker, draft)
    except PipelineError:
        for hint in draft.hints:
            typer.echo(make_printable(f"hint: {hint}"), err=True)
        raise
    path = out or Path("config/areas") / f"{draft.content['name']}.yaml"
    text = build_area_text(draft)
    plan = _describe_plan(draft)
    if not is_json:
        typer.echo(make_printable("\n".join(_fold(plan)), keep="\n"))
    if out is None:
        _check_free(path, asker, is_sure=is_sure)
    if not asker.confirm(f"Write {path}?"):
        raise typer.Exit(0)
    check_model(Area, draft.content, path)
    write_text(text, path)
    load_project(str(path))
    after = _describe_next(path, draft)
    if not is_json:
        typer.echo(make_printable("\n".join(after), keep="\n"))
    return {
        "area_file": str(path),
        "name": draft.content["name"],
        "decisions": draft.decisions,
        "snapshots": {s.id: {"date": str(s.day), "why": s.why, "feeds": s.keys} for s in draft.snapshots},
        "destinations": [entry["category"] for entry in draft.content["destinations"]],
        "hints": draft.hints,
        "next": _build_next(path, draft),
    }


def _ask_for_folder(wanted: Wanted, asker: Asker) -> Wanted:
    from dataclasses import replace  # noqa: PLC0415 (only where somebody is asked)

    typer.echo("An area file says where the inputs of a place are and what stands in them.")
    folder = Path(asker.ask("Folder that holds streets, timetables and tables", "data")).expanduser()
    while not folder.is_dir():
        typer.echo(make_printable(f"There is no folder {folder}."))
        folder = Path(asker.ask("Folder that holds streets, timetables and tables", "data")).expanduser()
    return replace(wanted, data=folder)


def _check_free(path: Path, asker: Asker, *, is_sure: bool) -> None:
    """Refuse to replace a file unless somebody agrees."""
    if path.suffix not in {".yaml", ".yml"}:
        raise UsageError(f"{path} is no YAML file.", field="--out", cure="End its name in .yaml.")
    if not path.exists() or is_sure:
        return
    if not asker.is_interactive or not asker.confirm(f"{path} exists. Replace it?", default=False):
        raise UsageError(
            f"{path} exists and is left as it is.", field="--out", cure="Give another --out or --name, or say --yes."
        )


def build_area_text(draft: Draft) -> str:
    """Return the text of an area file with comments on what was found and what may be changed.

    Parameters
    ----------
    draft
        From :func:`pipeline.cli.init_area.draft_area`.

    Returns
    -------
    str
        YAML that reads back as the draft's content.
    """
    content, found = draft.content, draft.decisions
    comments: Comments = {
        ("name",): ["Results lie under outputs/<name>/."],
        ("data",): ["Folder of the inputs, from which all paths below count. DATA= or --data overrides it."],
        ("crs",): [f"Coordinate system in metres. Found: {found['crs']}."],
        ("timezone",): ["Of the timetables."],
        ("words",): ["How the report names the places (after the header of their codes) and comparison groups."],
        ("streets",): [f"Found: {found['streets']}."],
        ("small_areas",): [
            "Points where journeys begin.",
            f"Found: {found['small_areas']}.",
            "State licence and attribution of every input: the report repeats them.",
        ],
        ("neighbourhoods",): [f"Places that are reported on. Found: {found['neighbourhoods']}."],
        ("destinations",): [
            "Categories of destinations. where: {column: value} keeps some rows, weight: names a column such as jobs;",
            "cumulative: true also counts what lies within 15, 30, 45 and 60 minutes.",
        ],
        ("snapshots",): [
            "Timetables, in order of their dates. A new timetable is a new entry here; only it is then computed.",
            f"Found: {found['snapshots']}.",
            *(line for s in draft.snapshots for line in _describe_snapshot(s)),
        ],
        ("accepted",): [
            "Snapshots that lost operators or runs against the one before, and are used all the same.",
            "The report repeats the reasons: write down what is known.",
        ],
        ("calendar",): ["Whose bank holidays and usual school terms hold, by the codes of the small areas."],
        ("settings",): ["Overrides of config/default.yaml, which lists every setting."],
        ("settings", "gates"): ["The inputs do not cover every neighbourhood; raise this when they do."],
        ("settings", "windows"): ["null: left out, since no timetable has service on that day."],
    }
    head = [
        f"{content['title']}. Written by `connectivity config init`; it is yours to change.",
        "config/schema.json describes every key. Check it with: connectivity config check --area THIS_FILE",
    ]
    tail = ["", "Look at these:", *(f"- {hint}" for hint in draft.hints)] if draft.hints else []
    if draft.held:
        tail += [
            "",
            "Held until somebody says why it is right so: fill in reason, name and date, and take away `# ` before",
            "these lines. The report repeats them.",
            *([] if "accepted" in content else ["accepted:"]),
            *(f'  - {{snapshot: "{name}", reason: WHY, by: WHO, date: YYYY-MM-DD}}' for name in draft.held),
        ]
    return write_commented(content, comments, head=head, tail=tail)


def _describe_plan(draft: Draft) -> list[str]:
    lines = [f"{draft.content['title']}: found"]
    lines += [f"  {TITLES[key]:<15} {draft.decisions[key]}" for key in TITLES if key in draft.decisions]
    for snapshot in draft.snapshots:
        first, *more = _describe_snapshot(snapshot)
        lines += [f"  {'snapshot':<15} {first}", *(f"  {line}" for line in more)]
    for entry in draft.content["destinations"]:
        weight = f", weighed by {entry['weight']}" if "weight" in entry else ""
        lines.append(f"  destinations    {entry['category']}: {entry['path']}{weight}")
    if draft.hints:
        lines += ["Look at these:", *(f"  - {hint}" for hint in draft.hints)]
    return lines


def _fold(lines: list[str]) -> list[str]:
    """Break lines at the width of the terminal, later parts below where the text began."""
    width = min(100, max(60, shutil.get_terminal_size().columns))
    folded = []
    for line in lines:
        begins = 18 if line.startswith("  ") and line[2] not in " -" else 4
        parts = textwrap.wrap(
            line, width, subsequent_indent=" " * begins, break_long_words=False, break_on_hyphens=False
        )
        folded += parts or [""]
    return folded


def _describe_snapshot(snapshot: FoundSnapshot) -> list[str]:
    first = f"{snapshot.id}: {snapshot.day:%A} {snapshot.day}, {snapshot.why}"
    pairs = zip(snapshot.keys, snapshot.timetables, strict=True)
    return [first, *(f"  {key}: {timetable.describe()}" for key, timetable in pairs)]


def _build_next(path: Path, draft: Draft) -> str:
    is_usual = path == Path("config/areas") / f"{draft.content['name']}.yaml"
    return f"make all AREA={draft.content['name'] if is_usual else shlex.quote(str(path))}"


def _describe_next(path: Path, draft: Draft) -> list[str]:
    name = draft.content["name"]
    return [
        f"Written: {path}",
        f"  next:    {_build_next(path, draft)}",
        f"  then:    open outputs/{name}/report/index.html, 'Data quality' first",
    ]
