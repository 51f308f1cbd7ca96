"""Other libraries on the inputs that `bench.ours` prepares; each runs in an environment of its own when asked."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bench.worker import serve

MOMENT = dt.datetime(2019, 5, 13, 7, 0)  # noqa: DTZ001 (feeds know local time only)
WALK_KMH, WALK_MIN, NEAR_CM = 4.8, 25, 160_000
Work = Callable[[], object]


def build_cafein(row: str, inputs: Path) -> Work:
    """Build a transit row of cafein; its street network and its transfers are computed before."""
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

    def ask_nearest() -> object:
        return cafein.NearestDestinations(
            network, points, hospitals, MOMENT, departure_time_window=window, max_cost=120, **walk
        )

    if row.endswith("_tbtr") or row in {"pairs_window", "nearest"}:
        network.compute_tbtr_transfers(MOMENT.date().isoformat())  # its quickest router for windows
    return {
        "pairs_one": lambda: ask(router="raptor"),
        "pairs_one_tbtr": lambda: ask(router="tbtr"),
        "pairs_window": lambda: ask(departure_time_window=window),
        "pairs_window_raptor": lambda: ask(departure_time_window=window, router="raptor"),
        "nearest": ask_nearest,
    }[row]


def build_ferrobus(_: str, inputs: Path) -> Work:
    """Build one departure of ferrobus; points are joined to its model before."""
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
    return lambda: ferrobus.travel_time_matrix(model, points, 7 * 3600, 8)


def build_networkit(_: str, inputs: Path) -> Work:
    """Build walking between all points on the contracted graph with networkit."""
    import networkit as nk

    indptr, indices, length, source = _read_graph(inputs)
    graph = nk.Graph(indptr.shape[0] - 1, weighted=True)
    for u, v, centimetres in _list_edges(indptr, indices, length):
        graph.addEdge(u, v, centimetres)
    nodes = np.unique(source).tolist()
    return lambda: nk.distance.SPSP(graph, nodes, nodes).run()


def build_scipy(_: str, inputs: Path) -> Work:
    """Build walking within 1,600 m with scipy."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    indptr, indices, length, source = _read_graph(inputs)
    n = indptr.shape[0] - 1
    graph = csr_array((length.astype(float), indices, indptr), (n, n))
    return lambda: dijkstra(graph, indices=source, limit=float(NEAR_CM))


def build_pandana(row: str, inputs: Path) -> Work:
    """Build a walking row of pandana; its contraction hierarchy is computed before."""
    import pandana
    import pandas as pd

    indptr, indices, length, source = _read_graph(inputs)
    edges = pd.DataFrame(list(_list_edges(indptr, indices, length)), columns=["u", "v", "cm"])
    at = pd.Series(np.zeros(indptr.shape[0] - 1))
    network = pandana.Network(at, at, edges["u"], edges["v"], edges[["cm"]])
    nodes = np.unique(source)
    if row == "walk_all":
        pairs = np.repeat(nodes, nodes.shape[0]), np.tile(nodes, nodes.shape[0])
        return lambda: network.shortest_path_lengths(*pairs)
    return lambda: network.nodes_in_range(nodes, NEAR_CM)


def build_networkx(_: str, inputs: Path) -> Work:
    """Build walking within 1,600 m with networkx."""
    import networkx as nx

    indptr, indices, length, source = _read_graph(inputs)
    graph = nx.Graph()
    graph.add_weighted_edges_from(_list_edges(indptr, indices, length))
    nodes = np.unique(source).tolist()
    return lambda: [nx.single_source_dijkstra_path_length(graph, node, cutoff=NEAR_CM) for node in nodes]


def _read_graph(inputs: Path) -> Iterator[np.ndarray]:
    """Row starts, neighbours, lengths, and the vertices of the points that are on the streets."""
    arrays = np.load(inputs / "walk.npz")
    vertex = arrays["vertex"]
    return iter([*(arrays[name] for name in ("indptr", "indices", "length_cm")), vertex[vertex >= 0]])


def _list_edges(indptr: np.ndarray, indices: np.ndarray, length: np.ndarray) -> Iterator[tuple[int, int, float]]:
    for u in range(indptr.shape[0] - 1):
        for k in range(indptr[u], indptr[u + 1]):
            if u <= indices[k]:
                yield u, int(indices[k]), float(length[k])


PEERS = {
    "cafein": build_cafein,
    "ferrobus": build_ferrobus,
    "networkit": build_networkit,
    "scipy": build_scipy,
    "pandana": build_pandana,
    "networkx": build_networkx,
}


def main() -> None:
    """Serve one row of one library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=list(PEERS))
    parser.add_argument("row")
    parser.add_argument("inputs", type=Path)
    given = parser.parse_args()
    serve(PEERS[given.peer](given.row, given.inputs))


if __name__ == "__main__":
    main()
