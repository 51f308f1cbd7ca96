"""Other libraries on the inputs that `bench.compare` prepares; runs in an environment of its own.

Prints one JSON object a line: which row, whose, seconds of every run.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

MOMENT = dt.datetime(2019, 5, 13, 7, 0)  # noqa: DTZ001 (feeds know local time only)
WALK_KMH, WALK_MIN = 4.8, 25
WANTED: set[str] = set()


def time_runs(row: str, peer: str, work: Callable[[], object], runs: int) -> None:
    """Run once to warm up, then time the others and print them.

    Parameters
    ----------
    row, peer
        Which row, whose.
    work
        What is timed.
    runs
        How many times.
    """
    if row not in WANTED:
        return
    work()
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    sys.stdout.write(json.dumps({"row": row, "peer": peer, "runs_s": taken}) + "\n")
    sys.stdout.flush()


def run_cafein(inputs: Path, runs: int) -> None:
    """Time the transit rows with cafein; its street network is built before."""
    import cafein
    import geopandas as gpd
    import pandas as pd

    frame = pd.read_csv(inputs / "points.csv")
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326)
    hospitals = points[points["healthcare"] > 0]
    feeds = sorted(str(path) for path in (inputs / "gtfs").iterdir())
    network = cafein.TransportNetwork.from_gtfs(
        feeds, osm_pbf=str(inputs / "streets.osm.pbf"), walking_speed_kmph=WALK_KMH, max_walking_time=7.5,
        trip_distances=False, leg_geometries=False,
    )  # fmt: skip
    window = dt.timedelta(minutes=120)
    walk = {"walking_speed_kmph": WALK_KMH, "max_walking_time": WALK_MIN}

    def ask(**more: object) -> object:
        return network.travel_time_matrix(points, MOMENT, destinations=points, **walk, **more)

    time_runs("pairs_one", "cafein", ask, runs)
    time_runs(
        "nearest",
        "cafein",
        lambda: cafein.NearestDestinations(
            network, points, hospitals, MOMENT, departure_time_window=window, max_cost=120, **walk
        ),
        runs,
    )
    time_runs("pairs_window", "cafein", lambda: ask(departure_time_window=window), runs)


def run_ferrobus(inputs: Path, runs: int) -> None:
    """Time one departure with ferrobus; points are joined to its model before."""
    import ferrobus
    import pandas as pd

    frame = pd.read_csv(inputs / "points.csv")
    feeds = sorted(str(path) for path in (inputs / "gtfs").iterdir())
    model = ferrobus.create_transit_model(str(inputs / "streets.osm.pbf"), feeds, MOMENT.date(), 450)
    points = []
    for lat, lon in zip(frame["lat"], frame["lon"], strict=True):
        try:
            points.append(ferrobus.create_transit_point(lat, lon, model, 60 * WALK_MIN, 1000))
        except (RuntimeError, ValueError):
            continue
    sys.stderr.write(f"ferrobus joined {len(points)} of {len(frame)} points\n")
    time_runs("pairs_one", "ferrobus", lambda: ferrobus.travel_time_matrix(model, points, 7 * 3600, 8), runs)


def run_networkit(inputs: Path, runs: int) -> None:
    """Time walking between all points on the contracted graph with networkit."""
    import networkit as nk

    indptr, indices, length, source, _ = _read_graph(inputs)
    graph = nk.Graph(indptr.shape[0] - 1, weighted=True)
    for u in range(indptr.shape[0] - 1):
        for k in range(indptr[u], indptr[u + 1]):
            if u <= indices[k]:
                graph.addEdge(u, int(indices[k]), float(length[k]))
    nodes = np.unique(source).tolist()
    time_runs("walk_all", "networkit", lambda: nk.distance.SPSP(graph, nodes, nodes).run(), runs)


def run_scipy(inputs: Path, runs: int) -> None:
    """Time walking within 1,600 m with scipy."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    indptr, indices, length, source, _ = _read_graph(inputs)
    n = indptr.shape[0] - 1
    graph = csr_array((length.astype(float), indices, indptr), (n, n))
    time_runs("walk_1600", "scipy", lambda: dijkstra(graph, indices=source, limit=160_000.0), runs)


def _read_graph(inputs: Path) -> Iterator[np.ndarray]:
    arrays = np.load(inputs / "walk.npz")
    return iter([arrays[name] for name in ("indptr", "indices", "length_cm", "vertex", "link_cm")])


def main() -> None:
    """Run one library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=("cafein", "ferrobus", "networkit", "scipy"))
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", nargs="*", default=["nearest", "pairs_one", "pairs_window", "walk_all", "walk_1600"])
    given = parser.parse_args()
    WANTED.update(given.rows)
    run = {"cafein": run_cafein, "ferrobus": run_ferrobus, "networkit": run_networkit, "scipy": run_scipy}
    run[given.peer](given.inputs, given.runs)


if __name__ == "__main__":
    main()
