"""What a run will need: memory and disk of each stage, from the sizes of what it reads, before anything starts.

The numbers are upper estimates, calibrated by the peaks that manifests recorded for the sample, Newport, England's
published series and the generated country of ``bench``; ``docs/operations-survival.md`` lists them.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.base.disk import get_free_bytes
from pipeline.base.errors import RoomError
from pipeline.base.load import Project
from pipeline.base.room import get_available_memory
from pipeline.stages.means import JOBS
from pipeline.stages.targets import Target, build_targets

MB = 1_000_000
RESERVE_BYTES = 100 * MB
"""Of the disk, for what is not forecast: logs, shards, slices."""
KNOWN_MARGIN = 1.1
"""A peak that was measured, of the same unit of work, is taken so much larger."""
DISK_MARGIN = 1.3


@dataclass(frozen=True)
class Need:
    """What a unit of work needs.

    Attributes
    ----------
    name
        The unit of work.
    memory_mb
        Peak memory of its process, in megabytes (10^6 bytes).
    disk_mb
        What it writes while its earlier result is still there.
    """

    name: str
    memory_mb: int
    disk_mb: int


@dataclass(frozen=True)
class Room:
    """What a run needs at most, and what there is; megabytes.

    Attributes
    ----------
    needs
        Each unit of work that would run.
    together
        Units that may run at the same time and need most memory together.
    memory_mb, disk_mb
        Needed.
    free_memory_mb, free_disk_mb
        Available.
    """

    needs: tuple[Need, ...]
    together: tuple[str, ...]
    memory_mb: int
    disk_mb: int
    free_memory_mb: int
    free_disk_mb: int

    def describe(self) -> str:
        """Return the numbers in one sentence."""
        return (
            f"Needs up to {self.memory_mb / 1000:.1f} GB of memory ({' and '.join(self.together)}; "
            f"{self.free_memory_mb / 1000:.1f} GB are available) and {self.disk_mb / 1000:.2f} GB of disk "
            f"({self.free_disk_mb / 1000:.1f} GB are free)."
        )


class _Sizes:
    """Sizes of an area's inputs: counted by an earlier run where there was one, else estimated from files."""

    def __init__(self, project: Project, targets: Mapping[str, Target]) -> None:
        self.project, self.targets = project, targets

    def read_manifest(self, name: str) -> dict[str, Any]:
        target = self.targets.get(name)
        if target is None or not target.manifest.is_file():
            return {}
        try:
            content: dict[str, Any] = json.loads(target.manifest.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return content

    def count_stop_times(self, snapshot: str) -> int:
        """Stop times of a snapshot, from its files: archives list the sizes of what is in them."""
        one = next(s for s in self.project.area.snapshots if s.id == snapshot)
        return sum(estimate_stop_times(self.project.resolve(feed.path)) for feed in one.feeds)

    @cached_property
    def n_stop_times(self) -> int:
        """Of all snapshots together."""
        return sum(self.count_stop_times(s.id) for s in self.project.area.snapshots)

    @cached_property
    def n_most_stop_times(self) -> int:
        """Of the largest snapshot."""
        return max((self.count_stop_times(s.id) for s in self.project.area.snapshots), default=0)

    @cached_property
    def streets_mb(self) -> float:
        """Of the OpenStreetMap file, as pbf."""
        source = self.project.area.streets
        path = self.project.resolve(source.path) if source is not None and source.path else None
        size = get_size(path) / MB if path else 0.0
        return size / 12 if path is not None and path.suffix == ".osm" else size

    @cached_property
    def n_nodes(self) -> int:
        """Street junctions."""
        counted = self.read_manifest("streets").get("row_counts", {}).get("core_streets__nodes")
        return int(counted) if counted else round(5_000 * self.streets_mb)

    @cached_property
    def n_small_areas(self) -> int:
        """Small areas."""
        counted = self.read_manifest("places").get("row_counts", {}).get("core_places__small_area")
        return int(counted) if counted else get_size(self.project.resolve(self.project.area.small_areas.path)) // 30

    @cached_property
    def n_destinations(self) -> int:
        """Destinations of all categories."""
        counted = self.read_manifest("places").get("row_counts", {}).get("core_places__destination")
        paths = {self.project.resolve(d.path) for d in self.project.area.destinations}
        return int(counted) if counted else sum(get_size(path) for path in paths) // 60

    @cached_property
    def places_mb(self) -> float:
        """Of the files of places."""
        return sum(get_size(path) for path in self.targets["places"].inputs) / MB

    @cached_property
    def series_mb(self) -> float:
        """Of the published series."""
        series = self.project.area.series
        return get_size(self.project.resolve(series.path)) / MB if series is not None else 0.0


def get_size(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder; 0 if it does not exist.

    Parameters
    ----------
    path
        File or folder.

    Returns
    -------
    int
        Bytes.
    """
    if path.is_dir():
        return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    return path.stat().st_size if path.is_file() else 0


def estimate_stop_times(path: Path) -> int:
    """Estimate the stop times of a timetable from sizes alone.

    Parameters
    ----------
    path
        GTFS, TransXChange or ATCO-CIF; a zip, a file or a folder.

    Returns
    -------
    int
        A GTFS stop time takes 40 bytes or more, one of ATCO-CIF 20; TransXChange says a pattern once for many trips:
        100 bytes of XML are taken for one.
    """
    sizes: list[tuple[str, int]] = []
    if path.is_dir():
        sizes = [(p.name, p.stat().st_size) for p in path.rglob("*") if p.is_file()]
    elif path.is_file() and zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                sizes = [(info.filename, info.file_size) for info in archive.infolist()]
        except zipfile.BadZipFile:
            sizes = []  # the stage that reads it says what is wrong with it
    elif path.is_file():
        sizes = [(path.name, path.stat().st_size)]
    total = 0
    for name, size in sizes:
        lower = name.lower()
        if lower.endswith("stop_times.txt"):
            total += size // 40
        elif lower.endswith(".cif"):
            total += size // 20
        elif lower.endswith(".xml"):
            total += size // 100
        elif lower.endswith(".zip"):
            total += size // 5
    return total


def _grow(n: float) -> float:
    """Megabytes that reading so many stop times takes: small feeds take more for each than large ones."""
    return (700 * min(n, 1e6) + 200 * max(0.0, n - 1e6)) / MB


def _forecast_reading_mb(n_stop_times: int) -> float:
    return 340 + _grow(n_stop_times)


def check_reading(project: Project, file: Path) -> None:
    """Refuse to read a timetable that would not fit into memory, such as one that has arrived and is not registered.

    Parameters
    ----------
    project
        The area with its settings.
    file
        The timetable.

    Raises
    ------
    RoomError
        With what is needed and what there is, unless ``resources: {is_checked: false}`` is set.
    """
    if not project.settings.resources.is_checked:
        return
    needed_mb, free_mb = _forecast_reading_mb(estimate_stop_times(file)), get_available_memory() // MB
    if needed_mb > free_mb:
        raise RoomError(
            f"Reading this timetable would not fit into memory: it needs up to {needed_mb / 1000:.1f} GB "
            f"({free_mb / 1000:.1f} GB are available).",
            file=file,
            cure="Free memory, raise the limit of the service, or take a smaller region; 'resources: {is_checked: "
            "false}' among the settings reads it anyway.",
        )


def forecast_memory_mb(project: Project, target: Target, sizes: _Sizes) -> float:
    """Estimate the peak memory of a unit of work from above.

    Parameters
    ----------
    project
        The area with its settings.
    target
        The unit of work.
    sizes
        Of its inputs.

    Returns
    -------
    float
        Megabytes.
    """
    n_own = sizes.count_stop_times(target.snapshot) if target.snapshot else sizes.n_most_stop_times
    n_pairs = sizes.n_small_areas * sizes.n_destinations if any(d.cumulative for d in project.area.destinations) else 0
    network = 470 + 150 * n_own / MB + 1_600 * sizes.n_nodes / MB
    times = 600 + 60 * n_own / MB + 10 * n_pairs / MB + 400 * (project.settings.workers or 0)
    amounts = {
        "fetch": 250.0,
        "timetables": _forecast_reading_mb(n_own),
        "streets": 530 + 10 * sizes.streets_mb,
        "places": 350 + 20 * sizes.places_mb,
        "network": network,
        "times": times,
        "service": 350 + _grow(sizes.n_stop_times) + 45 * sizes.series_mb,
        "attribution": max(network, times),
        "sensitivity": max(network, times),
        "measures": max(network, times),
        "scores": 560 + 0.03 * sizes.n_small_areas,
        "report": 660 + 0.03 * sizes.n_small_areas,
        "publish": 500.0,
    }
    if project.area.series is not None:
        amounts |= {"scores": 500 + 45 * sizes.series_mb, "report": 600 + 45 * sizes.series_mb}
    return amounts[target.stage]


def forecast_disk_mb(project: Project, target: Target, sizes: _Sizes) -> float:
    """Estimate what a unit of work writes while its earlier result is still there.

    Parameters
    ----------
    project
        The area with its settings.
    target
        The unit of work.
    sizes
        Of its inputs.

    Returns
    -------
    float
        Megabytes; from its last result where there is one.
    """
    folders = [target.folder, *([project.outputs / "tables"] if target.stage == "scores" else [])]
    if target.stage == "publish":
        return (get_size(project.outputs / "report") + get_size(project.outputs / "tables")) / MB or 30.0
    if target.manifest.is_file() and target.stage != "fetch":
        return DISK_MARGIN * sum(get_size(folder) for folder in folders) / MB
    n_own = sizes.count_stop_times(target.snapshot) if target.snapshot else sizes.n_stop_times
    amounts = {
        "fetch": sum(get_size(path) for path in target.inputs) / MB,
        "timetables": 0.3 + 12 * n_own / MB,
        "streets": 0.5 + sizes.streets_mb,
        "places": 0.5 + sizes.places_mb,
        "network": 1 + 80 * n_own / MB + 200 * sizes.n_nodes / MB,
        "times": 1 + 0.02 * sizes.n_small_areas,
        "service": 2 + 2 * sizes.series_mb,
        "scores": 20 + 0.05 * sizes.n_small_areas + 5 * sizes.series_mb,
        "report": 15 + 0.03 * sizes.n_small_areas + 4 * sizes.series_mb,
    }
    return DISK_MARGIN * amounts.get(target.stage, 5 + 0.02 * sizes.n_small_areas)


def build_room(project: Project, names: Iterable[str], *, n_jobs: int | None = None) -> Room:
    """Compare what units of work need with what there is.

    Parameters
    ----------
    project
        The area with its settings.
    names
        Units of work that would run.
    n_jobs
        Stages that run at a time; as make says, if absent.

    Returns
    -------
    Room
        Needed and available.
    """
    targets = build_targets(project)
    sizes = _Sizes(project, targets)
    needs = []
    for name in names:
        known = sizes.read_manifest(name).get("peak_memory_mb", 0) * KNOWN_MARGIN
        memory = max(forecast_memory_mb(project, targets[name], sizes), known)
        needs.append(Need(name, round(memory), max(1, round(forecast_disk_mb(project, targets[name], sizes)))))
    text = os.environ.get(JOBS, "1")
    n_jobs = n_jobs or (int(text) if text.isascii() and text.isdigit() else 1)
    together = _find_together(needs, targets, max(1, n_jobs))
    return Room(
        tuple(needs),
        tuple(need.name for need in together),
        sum(need.memory_mb for need in together),
        sum(need.disk_mb for need in needs),
        get_available_memory() // MB,
        get_free_bytes(project.outputs) // MB,
    )


def _find_together(needs: list[Need], targets: Mapping[str, Target], n_jobs: int) -> list[Need]:
    """Choose the units that need most and may run at once, since none of them waits for another."""
    before: dict[str, set[str]] = {}
    for name, target in targets.items():
        before[name] = {up for direct in target.upstream for up in (direct, *before[direct])}
    ordered = sorted(needs, key=lambda need: -need.memory_mb)
    best: list[Need] = []
    for first in ordered:
        chosen = [first]
        for need in ordered:
            waits = any(need is c or need.name in before[c.name] or c.name in before[need.name] for c in chosen)
            if len(chosen) < n_jobs and not waits:
                chosen.append(need)
        best = max(best, chosen, key=lambda found: sum(need.memory_mb for need in found))
    return best


def check_room(project: Project, names: Iterable[str], *, n_jobs: int | None = None) -> None:
    """Refuse a run that would not fit.

    Parameters
    ----------
    project
        The area with its settings.
    names
        Units of work that would run.
    n_jobs
        Stages that run at a time; as make says, if absent.

    Raises
    ------
    RoomError
        With what is needed and what there is, unless ``resources: {is_checked: false}`` is set.
    """
    names = list(names)
    if not names or not project.settings.resources.is_checked:
        return
    room = build_room(project, names, n_jobs=n_jobs)
    if room.memory_mb > room.free_memory_mb:
        largest = max(need.memory_mb for need in room.needs)
        way = "Run one stage at a time (JOBS=1), or free" if largest <= room.free_memory_mb else "Free"
        raise RoomError(
            f"This run would not fit into memory: {room.describe()}",
            field=room.together[0],
            cure=f"{way} memory, or take a smaller area; 'resources: {{is_checked: false}}' among the settings "
            "runs it anyway.",
        )
    if room.disk_mb * MB + RESERVE_BYTES > room.free_disk_mb * MB:
        raise RoomError(
            f"This run would not fit onto the disk: {room.describe()} "
            f"{RESERVE_BYTES / 1e9:.1f} GB more are kept free for what cannot be forecast.",
            file=project.outputs,
            cure="Make room ('make clean-old' deletes what of old runs is not needed); "
            "'resources: {is_checked: false}' among the settings runs it anyway.",
        )
