"""Our side of the comparison: inputs prepared once, then one row run whenever it is asked for."""

from __future__ import annotations

import argparse
import json
import shutil
import time
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.worker import serve
from pipeline.base.io import write_text
from pipeline.base.notices import Notices
from pipeline.routing.profile_scan import build_nearest_walk, build_seeds, compute_nearest
from pipeline.routing.raptor import RangeQuery, compute_percentiles
from pipeline.routing.window import DepartureWindow
from pipeline.streets.graph import build_walk_graph
from pipeline.streets.read_osm import read_streets
from pipeline.streets.shortest_paths import (
    WalkGraph,
    compute_bounded_distances,
    compute_distance_matrix,
    compute_walk_s,
)
from pipeline.streets.snap import compute_eligible_components, snap_points
from pipeline.timetables.read_any import read_timetable
from pipeline.transit.build import build_network
from pipeline.transit.footpaths import LinkedPoints, WalkSettings
from pipeline.transit.packed import read_packed, write_packed

DAY, START_S, CAP_S, MINUTES, THREADS = date(2019, 5, 13), 7 * 3600, 7200, 120, 2
FAR_CM, NEAR_CM = 2_000_000_000, 160_000
SETTINGS = WalkSettings(n_threads=THREADS)
FEEDS = ("poa_old_gtfs", "poa_trensurb")


def prepare(data: Path, inputs: Path) -> None:
    """Write what both sides read: streets, feeds unpacked, points; and our packed network and walking graph.

    Parameters
    ----------
    data
        Folder of Porto Alegre's files.
    inputs
        Where to write; ``facts.json`` is written last.
    """
    shutil.rmtree(inputs, ignore_errors=True)
    (inputs / "gtfs").mkdir(parents=True)
    shutil.copyfile(data / "poa_osm.pbf", inputs / "streets.osm.pbf")
    shutil.copyfile(data / "poa_hexgrid.csv", inputs / "points.csv")
    for name in FEEDS:
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            archive.extractall(inputs / "gtfs" / name)
        fill_times(inputs / "gtfs" / name / "stop_times.txt")
    started = time.perf_counter()
    points = pd.read_csv(inputs / "points.csv")
    place = points["lon"].to_numpy(), points["lat"].to_numpy()
    notices = Notices()
    timetable = read_timetable({name: inputs / "gtfs" / name for name in sorted(FEEDS)}, notices=notices)
    streets = read_streets(inputs / "streets.osm.pbf", notices)
    stops = tuple(timetable.stops.sort("stop_index")[c].to_numpy() for c in ("lon", "lat"))
    eligible = compute_eligible_components(streets, *stops, max_link_m=500.0)
    snapped = [snap_points(streets, *where, eligible_components=eligible) for where in (stops, place)]
    graph, vertices = build_walk_graph(streets, snapped)
    linked = [LinkedPoints(v, s.link_cm) for v, s in zip(vertices, snapped, strict=True)]
    network = build_network(
        timetable, DAY, graph, stops=linked[0], origins=linked[1], destinations=linked[1], settings=SETTINGS
    )
    write_packed(network, inputs / "packed")
    np.savez(
        inputs / "walk.npz",
        indptr=graph.indptr,
        indices=graph.indices,
        length_cm=graph.length_cm,
        vertex=linked[1].vertex,
        link_cm=linked[1].link_cm,
        healthcare=np.flatnonzero(points["healthcare"] > 0).astype(np.int32),
    )
    facts: dict[str, float] = {"points": len(points), "connections": network.n_connections, "stops": network.n_stops}
    facts["packed_in_s"] = round(time.perf_counter() - started, 1)
    write_text(json.dumps(facts) + "\n", inputs / "facts.json")


def fill_times(path: Path) -> None:
    """Fill blank times between timing points evenly, for every side alike: not every peer reads blanks.

    Parameters
    ----------
    path
        A ``stop_times.txt``, which is written anew.
    """
    frame = pd.read_csv(path, dtype=str).assign(order=lambda f: f["stop_sequence"].astype(int))
    frame = frame.sort_values(["trip_id", "order"]).drop(columns="order")
    for column in ("arrival_time", "departure_time"):
        part = frame[column].str.split(":", expand=True).astype(float)
        seconds = (part[0] * 3600 + part[1] * 60 + part[2]).groupby(frame["trip_id"]).transform(pd.Series.interpolate)
        whole = seconds.round().astype(int)
        frame[column] = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in whole]
    frame.to_csv(path, index=False)


class Town:
    """The prepared inputs, read.

    Parameters
    ----------
    inputs
        Folder that `prepare` wrote.
    """

    def __init__(self, inputs: Path) -> None:
        arrays: dict[str, Any] = dict(np.load(inputs / "walk.npz"))
        self.network = read_packed(inputs / "packed")
        self.graph = WalkGraph(arrays["indptr"], arrays["indices"], arrays["length_cm"])
        self.side = (arrays["vertex"], arrays["link_cm"])
        self.healthcare = arrays["healthcare"]

    def measure_walks(self, limit_cm: int, chosen: Any = slice(None)) -> Any:
        """Compute walking distances from all points to the chosen ones."""
        ends = tuple(part[chosen] for part in self.side)
        return compute_distance_matrix(self.graph, *self.side, *ends, limit_cm=limit_cm, n_threads=THREADS)

    def time_walks(self, chosen: Any = slice(None)) -> Any:
        """Compute walking times up to the cap."""
        cm = self.measure_walks(int(CAP_S * SETTINGS.walk_kmh * 100_000 / 3600) + 100, chosen)
        walk_s = compute_walk_s(cm, SETTINGS.walk_kmh)
        walk_s[walk_s > CAP_S] = -1
        return walk_s


def build_work(row: str, inputs: Path) -> Callable[[], object]:
    """Build what is timed.

    Parameters
    ----------
    row
        ``pairs_one``, ``pairs_window``, ``nearest``, ``nearest_loaded``, ``walk_all`` or ``walk_1600``.
    inputs
        Folder that `prepare` wrote.

    Returns
    -------
    callable
        Runs once.
    """
    town = Town(inputs)
    windows = [DepartureWindow(START_S, n, CAP_S) for n in (1, MINUTES)]
    if row == "nearest_loaded":
        return lambda: _find_nearest(loaded := Town(inputs), loaded.time_walks(loaded.healthcare), windows[1])
    if row == "nearest":
        walk_s = town.time_walks(town.healthcare)
        return lambda: _find_nearest(town, walk_s, windows[1])
    if row in {"pairs_one", "pairs_window"}:
        query = RangeQuery(town.network, windows[row == "pairs_window"], walk_s=town.time_walks(), n_threads=THREADS)
        return lambda: compute_percentiles(query)
    if row == "walk_all":
        return lambda: town.measure_walks(FAR_CM)
    if row == "walk_1600":
        return lambda: compute_bounded_distances(
            town.graph, *town.side, *town.side, limit_cm=NEAR_CM, n_threads=THREADS
        )
    raise ValueError(f"no such row: {row}")


def _find_nearest(town: Town, walk_s: Any, window: DepartureWindow) -> object:
    walk = build_nearest_walk(walk_s)
    seeds = build_seeds(town.network, town.healthcare)
    return compute_nearest(town.network, seeds, window, walk=walk, n_threads=THREADS)


def main() -> None:
    """Prepare the inputs, or serve one row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("row")
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    if given.row == "prepare":
        prepare(given.data, given.inputs)
    else:
        serve(build_work(given.row, given.inputs))


if __name__ == "__main__":
    main()
