"""The kernels whose speed is followed: searches on the embedded sample, scores of random indicators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from bench.scores import build_country_spec, build_country_tables
from pipeline.base.notices import Notices
from pipeline.library import build_streets, read_timetable
from pipeline.library.points import build_points
from pipeline.routing.profile_scan import build_seeds, compute_nearest
from pipeline.routing.raptor import RangeQuery, compute_percentiles
from pipeline.routing.window import compute_statistics
from pipeline.scoring.publish import build_score_tables
from pipeline.stages.matrix import pack_network
from pipeline.stages.matrix_question import MatrixQuestion
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.transit.linking import compute_walk_matrix

DAY = date(2024, 10, 8)
CAP_S = 7200


def list_kernels(sample: Path) -> dict[str, Callable[[], object]]:
    """Make the kernels that are followed.

    Parameters
    ----------
    sample
        Folder of the embedded sample.

    Returns
    -------
    dict
        Name to work.
    """
    notices = Notices()
    streets = build_streets(sample / "saltmarsh.osm.pbf", notices=notices)
    feeds = [sample / "timetables" / "2024" / f"{name}.zip" for name in ("bus_council", "rail", "ferry")]
    timetable = read_timetable(feeds, date=DAY, notices=notices)
    table = pd.read_csv(sample / "small_areas.csv").rename(columns={"sa21cd": "id"})
    where = gpd.points_from_xy(table["easting"], table["northing"], crs="EPSG:27700")
    points = build_points(gpd.GeoDataFrame(table[["id"]], geometry=where), "homes", id_column="id", notices=notices)
    question = MatrixQuestion(
        gtfs=[],
        osm=Path("streets"),
        origins=Path("homes"),
        destinations=Path("homes"),
        day=DAY,
        time_s=7 * 3600,
        window_min=180,
        notices=notices,
    )
    network, linked = pack_network(question, streets, timetable, points, points)
    ends = np.arange(len(points), dtype=np.int32)
    window = question.window
    query = RangeQuery(network, window, destinations=ends, n_threads=1)
    times = compute_nearest(network, build_seeds(network, ends[:3]), window).travel_time_s
    many = np.tile(times, (50, 1))
    spec = build_country_spec(3, 50)
    tables, places = build_country_tables(spec, 200)
    return {
        "nearest": lambda: compute_nearest(network, build_seeds(network, ends[:3]), window, n_threads=1),
        "pairs": lambda: compute_percentiles(query),
        "statistics": lambda: compute_statistics(many, window),
        "walking": lambda: compute_walk_matrix(
            linked.graph, linked.origins, linked.destinations, walk_kmh=4.8, cap_s=CAP_S, n_threads=1
        ),
        "duplicates": lambda: remove_duplicate_trips(timetable, notices=Notices()),
        "scores": lambda: build_score_tables(spec, tables, places, snapshots=["2024"]),
    }
