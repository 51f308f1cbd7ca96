"""Stage ``publish``: report and tables into a folder of their own version, with a switch of ``latest``; and PostGIS."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from html import escape
from pathlib import Path

from pipeline.base.io import staged_folder, write_text
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, StageRun, record_stage
from pipeline.report.change import CHANGE_PAGE
from pipeline.stages.common import begin, get_folder
from pipeline.stages.postgis import hash_tables, publish_to_postgis
from pipeline.stages.published_change import write_change_report

LATEST = "latest"
HISTORY = "history.json"
INDEX = "index.html"
INDEX_STYLE = (
    "body{margin:0;color:#1d1d1d;font:1.125rem/1.5 Arial,'Liberation Sans',sans-serif}"
    "main{max-width:40rem;margin:3rem auto;padding:0 1.5rem;border-top:.5rem solid #17365d}"
    "a{color:#144e8a}li{margin:.5rem 0}.note{color:#4a4a4a;font-size:1rem}"
)


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Publish the report and the tables of an area; earlier versions stay, as many as the settings say.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Always None.

    Returns
    -------
    StageRun
        What was done.
    """
    settings = project.settings.publish
    with record_stage(begin(project, "publish", snapshot)) as stage:
        version = stage.folder / stage.result_hash
        tables = project.outputs / "tables"
        content = hash_tables(tables)
        history = read_history(stage.folder)
        before = find_before(history, stage.folder, content)
        with staged_folder(version) as folder:
            ignore = shutil.ignore_patterns(MANIFEST, "notices.json")
            shutil.copytree(get_folder(project, "report"), folder / "report", ignore=ignore)
            shutil.copytree(tables, folder / "tables")
            write_change_report(project, before, folder)
        switch_latest(stage.folder, version.name)
        history = [*(entry for entry in history if entry["version"] != version.name), {"version": version.name}]
        history[-1]["tables"] = content
        write_text(build_index(project.area.title, version.name), stage.folder / INDEX)
        write_history(stage.folder, history, settings.keep_versions)
        stage.facts["version"] = version.name
        stage.row_counts["files"] = sum(1 for path in version.rglob("*") if path.is_file())
        if settings.postgis is not None:
            schema = settings.postgis.schema_name or name_schema(project.area.name)
            done = publish_to_postgis(settings.postgis, schema, tables, keep_versions=settings.keep_versions)
            stage.facts["postgis"] = {"schema": schema, **asdict(done)}
    return stage


def name_schema(area: str) -> str:
    """Return the schema of an area's views where the settings name none.

    Parameters
    ----------
    area
        Name of the area.

    Returns
    -------
    str
        Lower-case letters, digits and ``_``.
    """
    return f"connectivity_{re.sub(r'[^a-z0-9]+', '_', area.lower())}"[:40]


def build_index(title: str, version: str) -> str:
    """Return the page that leads from the published folder to its latest version and what changed in it.

    Parameters
    ----------
    title
        Title of the area.
    version
        Name of the latest version.

    Returns
    -------
    str
        HTML; the title is escaped.
    """
    name = escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n<title>{name}: published</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{INDEX_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{name}</h1>\n<p>Public transport connectivity, as published.</p>\n<ul>\n"
        f'<li><a href="{LATEST}/report/index.html">The report</a></li>\n'
        f'<li><a href="{LATEST}/report/{CHANGE_PAGE[0]}">What changed since the version before</a></li>\n'
        f'</ul>\n<p class="note">Version {escape(version)}.</p>\n</main>\n</body>\n</html>\n'
    )


def read_history(folder: Path) -> list[dict[str, str]]:
    """Return the versions that were published, the latest last.

    Parameters
    ----------
    folder
        Where the versions are.

    Returns
    -------
    list of dict
        Version and the hash of its tables; those that are no longer there are left out.
    """
    path = folder / HISTORY
    found: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return [entry for entry in found if (folder / entry["version"]).is_dir()]


def find_before(history: list[dict[str, str]], folder: Path, content: str) -> Path | None:
    """Return the last published version whose tables are others, None if there is none.

    Parameters
    ----------
    history
        Versions, the latest last.
    folder
        Where they are.
    content
        Hash of the tables that are published now.

    Returns
    -------
    Path or None
        Its folder. Publishing the same tables again finds the same one.
    """
    others = [entry["version"] for entry in history if entry["tables"] != content]
    return folder / others[-1] if others else None


def write_history(folder: Path, history: list[dict[str, str]], keep: int | None) -> None:
    """Write down the versions, and delete those that are too old.

    Parameters
    ----------
    folder
        Where the versions are.
    history
        Versions, the latest last.
    keep
        How many stay; None: all.
    """
    kept = history if keep is None else history[-keep:]
    write_text(json.dumps(kept, indent=1) + "\n", folder / HISTORY)
    for entry in history[: len(history) - len(kept)]:
        shutil.rmtree(folder / entry["version"])


def switch_latest(folder: Path, version: str) -> None:
    """Let ``latest`` point to a version, at once.

    Parameters
    ----------
    folder
        Where the versions are.
    version
        Name of the version's folder.
    """
    temporary = folder / f"{LATEST}.part-{version}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(version)
    temporary.replace(folder / LATEST)
