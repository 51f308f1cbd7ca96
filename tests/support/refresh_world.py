"""A small area whose bus timetable arrives anew every week from a stand-in for a publisher."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.acquire.fetch import Fetcher
from pipeline.acquire.sources import read_sources
from pipeline.base.errors import PipelineError
from pipeline.cli.refresh import run_refresh
from tests.support.hostile_server import HostileServer, Patience, serve_if_changed
from tests.support.pipeline import ProjectFolder, build_once

AREA = "config/test/weekly.yaml"
NAME = "weekly"
Tables = dict[str, list[dict[str, str]]]
IDENTIFIERS = {"stops": "stop_id", "routes": "route_id", "calendar": "service_id", "trips": "trip_id"}
BUSES = "arriving"
REFRESH = f"""\
calendar: {{nation: england}}
refresh:
  feeds:
    - {{key: bus_council, path: '{BUSES}', take: newest}}
    - {{key: rail, path: timetables/2024/rail.zip}}
    - {{key: ferry, path: timetables/2024/ferry.zip}}
settings:
  windows:
    weekday_am:
      outward: {{start: "07:00", end: "07:15"}}
      back: null
    weekday_evening: null
    saturday: null
    sunday: null
"""
ALIASES = {"parent_station": "stop_id", "from_stop_id": "stop_id", "to_stop_id": "stop_id"}


def read_feed(path: Path) -> Tables:
    """Read the tables of a GTFS archive."""
    with zipfile.ZipFile(path) as archive:
        texts = {name.removesuffix(".txt"): archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    return {name: list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}


def build_feed(tables: Tables) -> bytes:
    """Write them as an archive; the same tables give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            out = io.StringIO()
            writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            archive.writestr(zipfile.ZipInfo(f"{name}.txt", (2024, 1, 1, 0, 0, 0)), out.getvalue())
    return buffer.getvalue()


def move_dates(tables: Tables, days: int) -> Tables:
    """Let every date of a feed lie some days later."""

    def move(text: str) -> str:
        day = dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC) + dt.timedelta(days=days)
        return day.strftime("%Y%m%d")

    return {
        name: [{k: move(v) if k == "date" or k.endswith("_date") else v for k, v in row.items()} for row in rows]
        for name, rows in tables.items()
    }


def export_again(tables: Tables, seed: int) -> Tables:
    """Write the same timetable as another export would: other identifiers, other orders, another version."""
    chance = random.Random(seed)
    names: dict[str, dict[str, str]] = {}
    for table, column in IDENTIFIERS.items():
        ids = list(
            dict.fromkeys(row[column] for part in (table, "calendar_dates") for row in tables[part] if column in row)
        )
        fresh = [f"{column[:2]}{number:06d}" for number in range(len(ids))]
        chance.shuffle(fresh)
        names[column] = dict(zip(ids, fresh, strict=True))
    renamed: Tables = {}
    for name in chance.sample(sorted(tables), len(tables)):
        rows = tables[name]
        columns = chance.sample(list(rows[0]), len(rows[0]))
        renamed[name] = [
            {c: names.get(ALIASES.get(c, c), {}).get(row[c], row[c]) for c in columns}
            for row in chance.sample(rows, len(rows))
        ]
    renamed["feed_info"] = [{**row, "feed_version": f"export {seed}"} for row in renamed["feed_info"]]
    return renamed


def without_routes(tables: Tables, is_gone: Callable[[dict[str, str]], bool]) -> Tables:
    """Take routes out, with their trips."""
    gone = {row["route_id"] for row in tables["routes"] if is_gone(row)}
    assert gone
    trips = {row["trip_id"] for row in tables["trips"] if row["route_id"] in gone}
    return {
        name: [row for row in rows if row.get("route_id") not in gone and row.get("trip_id") not in trips]
        for name, rows in tables.items()
    }


@dataclass(frozen=True)
class Done:
    """How a refresh ended, what it said on standard output and error, and what it raised."""

    code: int
    out: str
    err: str
    error: PipelineError | None

    @property
    def summary(self) -> str:
        """The one line for the scheduler."""
        assert self.out.count("\n") == 1, self.out
        return self.out.strip()


@dataclass
class WeeklyWorld:
    """The project, its publisher, and the clock."""

    project: ProjectFolder
    server: HostileServer
    feed: Tables
    now: dt.datetime = dt.datetime(2024, 10, 15, 3, tzinfo=dt.UTC)
    version: int = 0
    patience: Patience = field(default_factory=Patience)

    @classmethod
    def open(cls, project: ProjectFolder, server: HostileServer) -> WeeklyWorld:
        """Let an area made by :func:`add_weekly_area` take its buses from a server."""
        path = project.path / AREA
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace(f"'{BUSES}', take: newest", f"'raw:gtfs_url?address={server.address}/bus.zip'"),
            encoding="utf-8",
        )
        return cls(project, server, read_base(project))

    def publish(self, tables: Tables) -> None:
        """Let the publisher offer a timetable from now on."""
        self.version += 1
        self.server.on("/bus.zip", serve_if_changed(build_feed(tables), f'"v{self.version}"'))

    def pass_week(self) -> None:
        """Let a week go by: the publisher's dates move on with the clock."""
        self.now += dt.timedelta(days=7)
        self.feed = move_dates(self.feed, 7)

    def refresh(self, *, is_json: bool = False) -> Done:
        """Run ``connectivity refresh``, as the command line does."""
        out, err = io.StringIO(), io.StringIO()
        fetcher = Fetcher(read_sources(), Path("data/raw"), self.patience.build())
        error: PipelineError | None = None
        with chdir(self.project.path), redirect_stdout(out), redirect_stderr(err):
            try:
                run_refresh(AREA, is_json=is_json, fetcher=fetcher, now=self.now)
            except PipelineError as problem:
                error = problem
        return Done(error.exit_code if error else 0, out.getvalue(), err.getvalue(), error)

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call another command for the area."""
        return self.project.call(*arguments)

    @property
    def registered(self) -> list[dict[str, Any]]:
        """What stands in the file of registered snapshots."""
        from pipeline.base.registered import read_registered  # noqa: PLC0415

        found = read_registered(self.project.path / AREA, area=NAME)
        plain: list[dict[str, Any]] = json.loads(found.model_dump_json())["snapshots"]
        return plain

    @property
    def latest(self) -> Path:
        """The version published last."""
        return (self.project.outputs(NAME) / "publish/latest").resolve()


def add_weekly_area(project: ProjectFolder) -> ProjectFolder:
    """Add the tiny area with its snapshot of 2024 alone, to be refreshed; its buses arrive in a folder as it stands."""
    text = (project.path / "config/test/tiny.yaml").read_text(encoding="utf-8")
    start, end = text.index('  - id: "2016"'), text.index('  - id: "2024"')
    text = text[:start] + text[end : text.index("settings:\n")]
    text = text.replace("name: tiny", f"name: {NAME}") + REFRESH
    (project.path / AREA).write_text(text, encoding="utf-8")
    (project.path / "data/sample" / BUSES).mkdir()
    return project


def read_base(project: ProjectFolder) -> Tables:
    """Read the timetable of buses that the snapshot of 2024 has."""
    return read_feed(project.path / "data/sample/timetables/2024/bus_council.zip")


def stamp(*folders: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file and folder; the lock of a run is left out, for it says who holds it."""
    return {
        str(path): (path.stat().st_size if path.is_file() else 0, path.stat().st_mtime_ns)
        for folder in folders
        for path in sorted([folder, *folder.rglob("*")])
        if path.name != ".lock"
    }


def build_weekly(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """Build the area with its first snapshot, published, once for all tests; they must leave it as it is."""

    def build(project: ProjectFolder) -> None:
        add_weekly_area(project)
        project.make_all(area=AREA)

    return build_once("weekly-project", tmp_path_factory, build)
