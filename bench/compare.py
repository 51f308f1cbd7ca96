"""``make bench`` with peers: the engine beside other libraries, one after the other, on Porto Alegre."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

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
from pipeline.timetables.read_gtfs import read_timetable
from pipeline.transit.build import build_network
from pipeline.transit.footpaths import LinkedPoints, WalkSettings

FOLDER = Path("outputs/bench")
INPUTS = FOLDER / "porto_alegre"
PEERS = Path(".venv-bench/bin/python")
DAY, START_S, CAP_S, MINUTES, THREADS = date(2019, 5, 13), 7 * 3600, 7200, 120, 2
FAR_CM, NEAR_CM = 2_000_000_000, 160_000
# row: what, peers, at least so many times as fast
ROWS = {
    "nearest": ("nearest healthcare, 120 departure minutes, all origins, after load", "cafein", 50.0),
    "pairs_one": ("all x all, one departure", "cafein", 2.0),
    "pairs_one_ferrobus": ("all x all, one departure", "ferrobus", 1.0),
    "pairs_window": ("all x all, 120 departure minutes, median", "cafein", 2.0),
    "walk_all": ("walking, all x all", "networkit", 2.0),
    "walk_1600": ("walking within 1,600 m", "scipy", 5.0),
}


def prepare(data: Path) -> None:
    """Copy the inputs to one folder: streets, feeds unpacked, points.

    Parameters
    ----------
    data
        Folder of Porto Alegre's files.
    """
    shutil.rmtree(INPUTS, ignore_errors=True)
    (INPUTS / "gtfs").mkdir(parents=True)
    shutil.copyfile(data / "poa_osm.pbf", INPUTS / "streets.osm.pbf")
    shutil.copyfile(data / "poa_hexgrid.csv", INPUTS / "points.csv")
    for name in ("poa_old_gtfs", "poa_trensurb"):
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            archive.extractall(INPUTS / "gtfs" / name)
        _fill_times(INPUTS / "gtfs" / name / "stop_times.txt")


def _fill_times(path: Path) -> None:
    """Fill blank times between timing points evenly, for every side alike: not every peer reads blanks."""
    frame = pd.read_csv(path, dtype=str).assign(order=lambda f: f["stop_sequence"].astype(int))
    frame = frame.sort_values(["trip_id", "order"]).drop(columns="order")
    for column in ("arrival_time", "departure_time"):
        part = frame[column].str.split(":", expand=True).astype(float)
        seconds = (part[0] * 3600 + part[1] * 60 + part[2]).groupby(frame["trip_id"]).transform(pd.Series.interpolate)
        whole = seconds.round().astype(int)
        frame[column] = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in whole]
    frame.to_csv(path, index=False)


def run_ours(runs: int, wanted: list[str]) -> dict[str, list[float]]:
    """Time our side of every row.

    Parameters
    ----------
    runs
        How many times, after one that does not count.
    wanted
        Which rows.

    Returns
    -------
    dict
        Seconds of every run by row.
    """
    points = pd.read_csv(INPUTS / "points.csv")
    lon, lat = points["lon"].to_numpy(), points["lat"].to_numpy()
    health = np.flatnonzero(points["healthcare"] > 0).astype(np.int32)
    notices = Notices()
    feeds = {path.name: path for path in sorted((INPUTS / "gtfs").iterdir())}
    timetable = read_timetable(feeds, notices=notices)
    streets = read_streets(INPUTS / "streets.osm.pbf", notices)
    stops = tuple(timetable.stops.sort("stop_index")[c].to_numpy() for c in ("lon", "lat"))
    eligible = compute_eligible_components(streets, *stops, max_link_m=500.0)
    snapped = [snap_points(streets, *place, eligible_components=eligible) for place in (stops, (lon, lat))]
    graph, vertices = build_walk_graph(streets, snapped)
    linked = [LinkedPoints(v, s.link_cm) for v, s in zip(vertices, snapped, strict=True)]
    _write_graph(graph, linked[1])
    settings = WalkSettings(n_threads=THREADS)

    def pack() -> object:
        return build_network(
            timetable, DAY, graph, stops=linked[0], origins=linked[1], destinations=linked[1], settings=settings
        )

    def walk(limit_cm: int) -> np.ndarray:
        side = (linked[1].vertex, linked[1].link_cm)
        return compute_distance_matrix(graph, *side, *side, limit_cm=limit_cm, n_threads=THREADS)

    network = pack()
    cm = walk(int(CAP_S * settings.walk_kmh * 100_000 / 3600) + 100)
    walk_s = np.where(cm >= 0, compute_walk_s(np.maximum(cm, 0), settings.walk_kmh), -1).astype(np.int32)
    walk_s[walk_s > CAP_S] = -1
    windows = [DepartureWindow(START_S, n, CAP_S) for n in (1, MINUTES)]

    def nearest(found: object = None) -> object:
        walks = build_nearest_walk(walk_s[:, health])
        used = network if found is None else found
        return compute_nearest(used, build_seeds(used, health), windows[1], walk=walks, n_threads=THREADS)

    def pairs(window: DepartureWindow) -> object:
        return compute_percentiles(RangeQuery(network, window, walk_s=walk_s, n_threads=THREADS))

    def near() -> object:
        side = (linked[1].vertex, linked[1].link_cm)
        return compute_bounded_distances(graph, *side, *side, limit_cm=NEAR_CM, n_threads=THREADS)

    work: dict[str, Callable[[], object]] = {
        "nearest": nearest,
        "pairs_one": lambda: pairs(windows[0]),
        "pairs_window": lambda: pairs(windows[1]),
        "walk_all": lambda: walk(FAR_CM),
        "walk_1600": near,
    }
    return {row: _time(one, runs) for row, one in work.items() if row in wanted}


def _write_graph(graph: WalkGraph, points: LinkedPoints) -> None:
    is_linked = points.vertex >= 0
    np.savez(
        INPUTS / "walk.npz",
        indptr=graph.indptr,
        indices=graph.indices,
        length_cm=graph.length_cm,
        vertex=points.vertex[is_linked],
        link_cm=points.link_cm[is_linked],
    )


def _time(work: Callable[[], object], runs: int) -> list[float]:
    work()
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return taken


def _run_peer(peer: str, runs: int, wanted: list[str]) -> dict[str, list[float]]:
    command = [str(PEERS), "bench/peers.py", peer, str(INPUTS), "--runs", str(runs), "--rows", *wanted]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["row"]: line["runs_s"] for line in lines}


def compare(runs: int, wanted: list[str]) -> list[dict[str, object]]:
    """Run both sides and write the rows.

    Parameters
    ----------
    runs
        How many times each.
    wanted
        Which rows.

    Returns
    -------
    list of dict
        ``name, ours_s, peer, peer_s, ratio, target, peak_mb, ok``; no ratio where the peer gave no result.
    """
    ours = run_ours(runs, wanted)
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    peers = {peer: _run_peer(peer, runs, wanted) for peer in ("networkit", "scipy", "ferrobus", "cafein")}
    rows: list[dict[str, object]] = []
    for key, (name, peer, target) in ROWS.items():
        if key.removesuffix("_ferrobus") not in wanted:
            continue
        ours_s = statistics.median(ours[key.removesuffix("_ferrobus")])
        theirs = peers[peer].get(key.removesuffix("_ferrobus"))
        peer_s = statistics.median(theirs) if theirs else None
        ratio = peer_s / ours_s if peer_s else None
        rows.append(
            {
                "name": name,
                "ours_s": round(ours_s, 4),
                "peer": peer,
                "peer_s": round(peer_s, 4) if peer_s else None,
                "ratio": round(ratio, 2) if ratio else None,
                "target": target,
                "peak_mb": peak_mb,
                "ok": ratio is not None and ratio >= target,
                "runs": runs,
                "load_average": round(os.getloadavg()[0], 2),
            }
        )
    return rows


def main() -> None:
    """Compare if inputs and peers are there; say what is missing if not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/porto_alegre"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", nargs="*", default=[row for row in ROWS if row != "pairs_one_ferrobus"])
    given = parser.parse_args()
    if not given.data.is_dir() or not PEERS.is_file():
        sys.stderr.write("No inputs of Porto Alegre, or no peers (make bench-setup).\n")
        raise SystemExit(1)
    prepare(given.data)
    rows = compare(given.runs, given.rows)
    write_text(json.dumps(rows, indent=1) + "\n", FOLDER / "results.json")
    for row in rows:
        sys.stdout.write("{name}: {ratio} x {peer} (wanted {target}), ok: {ok}\n".format(**row))


if __name__ == "__main__":
    main()
