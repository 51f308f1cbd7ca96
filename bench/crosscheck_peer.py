"""Cafein's travel times of one departure under several settings, for `bench.crosscheck`; in its own environment."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bench.peers import MOMENT, WALK_KMH

VARIANTS = {
    # variant: minutes between stops, minutes to stops, metres off the streets
    "as_ours": (7.5, 25.0, 500.0),
    "default_snap": (7.5, 25.0, 1600.0),
    "no_transfer_walks": (0.01, 25.0, 500.0),
}


def main() -> None:
    """Write one array a variant: seconds, -1 for none."""
    import cafein
    import geopandas as gpd
    import pandas as pd

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    frame = pd.read_csv(given.inputs / "points.csv")
    points = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326)
    feeds = sorted(str(path) for path in (given.inputs / "gtfs").iterdir())
    found = {}
    for name, (between_min, to_min, snap_m) in VARIANTS.items():
        network = cafein.TransportNetwork.from_gtfs(
            feeds,
            osm_pbf=str(given.inputs / "streets.osm.pbf"),
            walking_speed_kmph=WALK_KMH,
            max_walking_time=between_min,
            snap_distance=snap_m,
            trip_distances=False,
            leg_geometries=False,
        )
        seconds = network.travel_time_matrix(
            points,
            MOMENT,
            max_rides=30,
            destinations=points,
            walking_speed_kmph=WALK_KMH,
            max_walking_time=to_min,
            snap_distance=snap_m,
        )
        found[name] = np.where(seconds >= 2**31, -1, seconds.astype(np.int64)).astype(np.int32)
    np.savez(given.out, **found)


if __name__ == "__main__":
    main()
