"""Services of two snapshots matched by place and pattern, never by identifiers."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pipeline.base.geo import EARTH_RADIUS_M
from pipeline.change.services import ServiceSet
from pipeline.timetables.stop_places import compute_stop_places

SAME_PLACE_M: Final = 30.0
MIN_SHARE_SAME_NUMBER: Final = 0.5
MIN_SHARE_OTHER_NUMBER: Final = 0.8
ROAD_MODES: Final = ("bus", "coach")


def _to_sphere(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give points in metres in space; chords of some metres are as long as arcs."""
    phi, theta = np.radians(lat), np.radians(lon)
    unit = np.column_stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])
    return np.asarray(EARTH_RADIUS_M * unit)


def match_stops(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Pair the stops of two snapshots that are at the same place.

    Two stops are at the same place if :func:`pipeline.timetables.stop_places.compute_stop_places` says so (by code
    within 100 m, by name within 30 m), or, whatever their names, within 30 m of each other. A stop may have several
    partners (the two sides of a street): only whether it has one in the other service counts. Stops without a
    position are paired by equal names.

    Parameters
    ----------
    before, after
        stop_index, stop_id, public_code, stop_name, lon, lat (null if unknown), one row per stop.

    Returns
    -------
    polars.DataFrame
        stop_before, stop_after.
    """
    names = ["stop_id", "public_code", "stop_name", "lon", "lat"]
    places = compute_stop_places(pl.concat([before.select(names), after.select(names)]))
    sides = [
        side.select("stop_index", pl.Series("key", part))
        for side, part in ((before, places[: before.height]), (after, places[before.height :]))
    ]
    lost = [
        side.filter(pl.col("lon").is_null() | pl.col("lat").is_null())
        .select("stop_index", pl.col("stop_name").fill_null("").str.to_lowercase().alias("key"))
        .filter(pl.col("key") != "")
        for side in (before, after)
    ]
    parts = [_pair_by_distance(before, after), _pair_by_key(*sides), _pair_by_key(*lost)]
    return pl.concat(parts).unique().sort("stop_before", "stop_after")


def _pair_by_key(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    return before.join(after, on="key", suffix="_after").select(
        pl.col("stop_index").cast(pl.Int32).alias("stop_before"),
        pl.col("stop_index_after").cast(pl.Int32).alias("stop_after"),
    )


def _pair_by_distance(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Pair stops within a few steps of one another."""
    located = [side.filter(pl.col("lon").is_not_null() & pl.col("lat").is_not_null()) for side in (before, after)]
    schema = {"stop_before": pl.Int32, "stop_after": pl.Int32}
    if not (located[0].height and located[1].height):
        return pl.DataFrame(schema=schema)
    trees = [cKDTree(_to_sphere(side["lon"].to_numpy(), side["lat"].to_numpy())) for side in located]
    pairs = trees[0].sparse_distance_matrix(trees[1], SAME_PLACE_M, output_type="ndarray")
    return pl.DataFrame(
        {
            "stop_before": located[0]["stop_index"].to_numpy()[pairs["i"]],
            "stop_after": located[1]["stop_index"].to_numpy()[pairs["j"]],
        },
        schema=schema,
    )


def compute_overlaps(before: ServiceSet, after: ServiceSet) -> pl.DataFrame:
    """Measure how much of their stops two services share, for all pairs that share any.

    Parameters
    ----------
    before, after
        Two snapshots' services.

    Returns
    -------
    polars.DataFrame
        before, after (service numbers), share_before and share_after (of each service's calls, weighted by trips, the
        share at stops that the other serves too), shared (of the distinct stops of both), shared_smaller (of the
        distinct stops of the one with fewer).
    """
    columns = ["stop_index", "stop_id", "public_code", "stop_name", "lon", "lat"]
    pairs = match_stops(
        before.stops.select(columns).unique("stop_index", keep="first", maintain_order=True),
        after.stops.select(columns).unique("stop_index", keep="first", maintain_order=True),
    )
    left = before.stops.select(
        pl.col("service").alias("before"), pl.col("stop_index").alias("stop_before"), pl.col("weight").alias("weight_b")
    )
    right = after.stops.select(
        pl.col("service").alias("after"), pl.col("stop_index").alias("stop_after"), pl.col("weight").alias("weight_a")
    )
    both = left.join(pairs, on="stop_before").join(right, on="stop_after")
    keys = ["before", "after"]
    sides = []
    for side, stop, weight, total in (
        ("before", "stop_before", "weight_b", left),
        ("after", "stop_after", "weight_a", right),
    ):
        totals = total.group_by(side).agg(pl.col(weight).sum().alias("total"), pl.len().alias("n_total"))
        sides.append(
            both.unique([*keys, stop])
            .group_by(keys)
            .agg(pl.col(weight).sum().alias("common"), pl.len().alias("n"))
            .join(totals, on=side)
            .select(*keys, (pl.col("common") / pl.col("total")).alias(f"share_{side}"), "n", "n_total")
        )
    joined = sides[0].join(sides[1], on=keys, suffix="_after")
    return joined.select(
        *keys,
        "share_before",
        "share_after",
        ((pl.col("n") + pl.col("n_after")) / (pl.col("n_total") + pl.col("n_total_after"))).alias("shared"),
        pl.when(pl.col("n_total") <= pl.col("n_total_after"))
        .then(pl.col("n") / pl.col("n_total"))
        .otherwise(pl.col("n_after") / pl.col("n_total_after"))
        .alias("shared_smaller"),
    ).sort(keys)


def match_services(before: ServiceSet, after: ServiceSet) -> pl.DataFrame:
    """Match the services of two snapshots one to one.

    A pair may be matched if the normalised public number is the same and at least half of the calls of one of the two
    are at stops shared with the other (so that a route cut in half is still the route); or, whatever the numbers, if
    80 % of the calls of both are. Pairs are taken in this order: same operator and number; same operator, other
    number; other operator, same number; other operator, other number; within each, by share of stops in common, then
    by the least difference in weekday runs, then in the order of operator and number, so that neither identifiers nor
    the order of a file decides. Bus and coach may be matched with each other, other modes only with themselves.

    Parameters
    ----------
    before, after
        Two snapshots' services.

    Returns
    -------
    polars.DataFrame
        before, after, share_before, share_after, shared, shared_smaller, is_same_operator, is_same_number; by before.
    """
    columns = ["service", "operator_key", "number", "mode", "weekday_runs"]
    candidates = (
        compute_overlaps(before, after)
        .join(before.services.select(columns), left_on="before", right_on="service")
        .join(after.services.select(columns), left_on="after", right_on="service", suffix="_after")
        .with_columns(
            (pl.col("operator_key") == pl.col("operator_key_after")).alias("is_same_operator"),
            ((pl.col("number") == pl.col("number_after")) & (pl.col("number") != "")).alias("is_same_number"),
            pl.max_horizontal("share_before", "share_after").alias("larger"),
            pl.min_horizontal("share_before", "share_after").alias("smaller"),
        )
    )
    is_road = pl.col("mode").is_in(ROAD_MODES) & pl.col("mode_after").is_in(ROAD_MODES)
    by_number = pl.col("is_same_number") & (pl.col("larger") >= MIN_SHARE_SAME_NUMBER)
    possible = candidates.filter(
        ((pl.col("mode") == pl.col("mode_after")) | is_road)
        & (by_number | (pl.col("smaller") >= MIN_SHARE_OTHER_NUMBER))
    )
    ordered = possible.with_columns(
        (2 * (~pl.col("is_same_operator")).cast(pl.Int8) + (~pl.col("is_same_number")).cast(pl.Int8)).alias("tier"),
        pl.col("shared").round(9).alias("closeness"),
        (pl.col("weekday_runs").fill_null(0.0) - pl.col("weekday_runs_after").fill_null(0.0))
        .abs()
        .round(6)
        .alias("gap"),
    ).sort(["tier", "closeness", "gap", "before", "after"], descending=[False, True, False, False, False])
    taken_before: set[int] = set()
    taken_after: set[int] = set()
    kept = []
    for number, (left, right) in enumerate(ordered.select("before", "after").iter_rows()):
        if left not in taken_before and right not in taken_after:
            taken_before.add(left)
            taken_after.add(right)
            kept.append(number)
    names = ["before", "after", "share_before", "share_after", "shared", "shared_smaller"]
    return ordered[kept].select(*names, "is_same_operator", "is_same_number").sort("before")
