"""Service levels: vehicle runs that call in a neighbourhood's zone, and how far the day they cover reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipeline.change.inputs import (
    ALL_DAY,
    ALL_MODES,
    BAND_HOURS,
    BANDS,
    DAY_TYPES,
    MODES,
    ServiceFrames,
    band_of,
)
from pipeline.change.patterns import TripPatterns, build_trip_patterns
from pipeline.change.window28 import ServiceWindow

BLOCK_ROWS: Final = 1_500_000
_KEY: Final = ["neighbourhood_index", "mode"]
_STOP_COLUMNS: Final = ("stops_in_zone", "stops_reachable_direct")
_SERVICES: Final = "services_in_zone"


@dataclass(frozen=True)
class ServiceLevels:
    """The service of one snapshot.

    Attributes
    ----------
    snapshot
        Its name.
    levels
        One row for each neighbourhood, mode (and ``all``), day type and band (and ``all_day``); see
        :func:`compute_service_levels`.
    operator_runs
        neighbourhood_code, mode, operator_key, feed, day_type, band (and ``all_day``), runs_per_day: whose runs these
        are.
    unjudged
        feed and day_type pairs about which the snapshot says nothing reliable.
    """

    snapshot: str
    levels: pl.DataFrame
    operator_runs: pl.DataFrame
    unjudged: pl.DataFrame


def compute_service_levels(
    frames: ServiceFrames,
    window: ServiceWindow,
    stops_in_zones: pl.DataFrame,
    *,
    neighbourhood_codes: Sequence[str],
    modes: Sequence[str] | None = None,
    timetable_hash: str = "",
) -> ServiceLevels:
    """Count the vehicle runs that call in the zone of every neighbourhood.

    A trip counts once in a zone on each day it runs. The first call in the zone at which one may board or alight
    gives the time (its departure) and with it the band. Runs per day are means over the used days of the day type.
    First and last run are medians (the lower of two middle values) over the days with service of each day's first
    and last. Hours served: hours of the clock (the hour of a time past 24:00 is that of the next morning) with at
    least one run, as a mean over the used days. Stops reachable directly: places (a station counts once) outside the
    zone at which one can alight from a trip boarded in the zone, on any used day of the day type.

    Zones overlap: figures of neighbourhoods must not be added up (:func:`compute_system_totals` counts trips).

    Parameters
    ----------
    frames
        The snapshot, free of duplicate trips.
    window
        The 28 days.
    stops_in_zones
        neighbourhood_index, neighbourhood_code, stop_index (:func:`pipeline.change.zones.compute_stops_in_zones`).
    neighbourhood_codes
        All neighbourhoods, in the order of ``neighbourhood_index``.
    modes
        Modes that get rows even where nothing runs; by default those of the snapshot's trips.
    timetable_hash
        Hash of the timetable, repeated in every row.

    Returns
    -------
    ServiceLevels
        ``levels`` has snapshot, neighbourhood_code, mode, day_type, band, runs_per_day, runs_per_hour, first_run_s,
        last_run_s, hours_served, days_served_pct (these four in ``all_day`` rows only), stops_in_zone,
        stops_reachable_direct, services_in_zone (public numbers, each with its operator, that call there) and
        timetable_hash. Runs are null where no day of the day type could be used.
    """
    patterns = build_trip_patterns(frames, window)
    used_modes = sorted(set(modes or ()) | set(patterns.trips["mode"].unique().to_list()), key=_mode_order)
    places = _build_places(frames.stops)
    parts = [
        _compute_block(patterns, window, block, zone_stops, places)
        for block, zone_stops in _iterate_blocks(patterns, stops_in_zones)
    ]
    runs = pl.concat([part[0] for part in parts])
    days = pl.concat([part[1] for part in parts])
    stops = pl.concat([part[2] for part in parts])
    owners = pl.concat([part[3] for part in parts])
    services = pl.concat([part[4] for part in parts])
    codes = pl.DataFrame(
        {
            "neighbourhood_index": np.arange(len(neighbourhood_codes), dtype=np.int32),
            "neighbourhood_code": pl.Series(list(neighbourhood_codes), dtype=pl.String),
        }
    )
    levels = _assemble(codes, [*used_modes, ALL_MODES], (runs, days, stops, services), window).select(
        pl.lit(frames.snapshot).alias("snapshot"),
        pl.exclude("neighbourhood_index"),
        pl.lit(timetable_hash).alias("timetable_hash"),
    )
    feeds = [str(feed) for feed in frames.trips["feed"].unique()]
    return ServiceLevels(
        snapshot=frames.snapshot,
        levels=levels,
        operator_runs=_name_owners(owners, codes),
        unjudged=window.list_unjudged(feeds),
    )


def compute_system_totals(frames: ServiceFrames, window: ServiceWindow) -> pl.DataFrame:
    """Count the runs of the whole timetable, each trip once, by its first departure.

    Parameters
    ----------
    frames
        The snapshot.
    window
        The 28 days.

    Returns
    -------
    polars.DataFrame
        snapshot, operator_key, mode, day_type, band (and ``all_day``), runs_per_day.
    """
    patterns = build_trip_patterns(frames, window)
    time_s = patterns.departure_s[patterns.trips["first_row"].to_numpy()]
    trips = patterns.trips.with_columns(pl.Series("time_s", time_s)).with_columns(
        band_of(pl.col("time_s")).alias("band")
    )
    counted = pl.concat([trips, trips.with_columns(pl.lit(ALL_DAY).alias("band"))])
    by_mask = counted.group_by("operator_key", "mode", "band", "mask").agg(pl.len().alias("n"))
    keys = ["operator_key", "mode", "band"]
    totals = [
        by_mask.group_by(keys)
        .agg((pl.col("n") * _n_days(mask)).sum().alias("n"))
        .select(*keys, pl.lit(day_type).alias("day_type"), (pl.col("n") / n_days).alias("runs_per_day"))
        for day_type, mask, n_days in _iterate_day_types(window)
    ]
    if not totals:
        return pl.DataFrame(
            schema={
                "snapshot": pl.String,
                **dict.fromkeys(["operator_key", "mode", "day_type", "band"], pl.String),
                "runs_per_day": pl.Float64,
            }
        )
    return (
        pl.concat(totals)
        .select(pl.lit(frames.snapshot).alias("snapshot"), "operator_key", "mode", "day_type", "band", "runs_per_day")
        .sort("operator_key", "mode", "day_type", "band")
    )


def _mode_order(mode: str) -> tuple[int, str]:
    return (MODES.index(mode) if mode in MODES else len(MODES), mode)


def _empty(like: pl.DataFrame, keys: Sequence[str], extra: Mapping[str, pl.DataType]) -> pl.DataFrame:
    schema: dict[str, pl.DataType] = {name: like.schema[name] for name in keys}
    schema.update(extra)
    return pl.DataFrame(schema=schema)


def _n_days(mask: int) -> pl.Expr:
    return (pl.col("mask") & mask).bitwise_count_ones().cast(pl.Int64)


def _iterate_day_types(window: ServiceWindow) -> Iterator[tuple[str, int, int]]:
    """Yield day type, mask of its used days and their number, for day types with any."""
    for day_type in DAY_TYPES:
        bits = window.days.filter(pl.col("is_used") & (pl.col("day_type") == day_type))["bit"]
        if len(bits):
            yield day_type, int(bits.sum()), len(bits)


def _build_places(stops: pl.DataFrame) -> pl.DataFrame:
    """Give every stop its place: the station it belongs to, or itself."""
    parents = stops.select(pl.col("stop_id").alias("parent_stop_id"), pl.col("stop_index").alias("parent"))
    return stops.join(parents, on="parent_stop_id", how="left").select(
        "stop_index", pl.coalesce("parent", "stop_index").cast(pl.Int32).alias("place")
    )


def _iterate_blocks(
    patterns: TripPatterns, stops_in_zones: pl.DataFrame
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield pattern-in-zone rows of a block of neighbourhoods, and the block's stops; at least one block."""
    zone_stops = stops_in_zones.select("neighbourhood_index", "stop_index")
    usable = patterns.calls.filter(pl.col("is_pickup") | pl.col("is_dropoff"))
    in_zone = (
        usable.join(zone_stops, on="stop_index")
        .group_by("neighbourhood_index", "pattern")
        .agg(
            pl.col("position").min().alias("first_position"),
            pl.col("position").filter(pl.col("is_pickup")).min().alias("board_position"),
        )
    )
    sizes = patterns.trips.group_by("pattern").agg((pl.len() + pl.col("n_calls").first()).alias("size"))
    load = (
        in_zone.join(sizes, on="pattern")
        .group_by("neighbourhood_index")
        .agg(pl.col("size").sum())
        .sort("neighbourhood_index")
        .with_columns((pl.col("size").cum_sum() // BLOCK_ROWS).alias("block"))
    )
    blocks = load["block"].unique(maintain_order=True).to_list()
    for number in blocks:
        members = load.filter(pl.col("block") == number).select("neighbourhood_index")
        yield in_zone.join(members, on="neighbourhood_index"), zone_stops.join(members, on="neighbourhood_index")
    if not blocks:
        yield in_zone, zone_stops.clear()


def _compute_block(
    patterns: TripPatterns,
    window: ServiceWindow,
    in_zone: pl.DataFrame,
    zone_stops: pl.DataFrame,
    places: pl.DataFrame,
) -> tuple[pl.DataFrame, ...]:
    """Count one block: runs by band, days, stops, runs by operator, and services."""
    trips = patterns.trips.select("pattern", "first_row", "mode", "operator_key", "number", "feed", "mask")
    runs = in_zone.select("neighbourhood_index", "pattern", "first_position").join(trips, on="pattern")
    rows = (runs["first_row"] + runs["first_position"].cast(pl.Int64)).to_numpy()
    runs = runs.select("neighbourhood_index", "mode", "operator_key", "number", "feed", "mask").with_columns(
        pl.Series("time_s", patterns.departure_s[rows])
    )
    runs = runs.with_columns(band_of(pl.col("time_s")).alias("band"))
    by_mask = (
        runs.with_columns(
            (pl.lit(2, dtype=pl.Int64).pow((pl.col("time_s") // 3600) % 24)).cast(pl.Int64).alias("hours")
        )
        .group_by(*_KEY, "mask", "band")
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("time_s").min().alias("first"),
            pl.col("time_s").max().alias("last"),
            pl.col("hours").bitwise_or(),
        )
    )
    by_mask = pl.concat([by_mask, by_mask.with_columns(pl.lit(ALL_MODES).alias("mode"))])
    owners = runs.group_by(*_KEY, "operator_key", "feed", "mask", "band").agg(pl.len().cast(pl.Int64).alias("n"))
    return (
        _count_bands(by_mask, _KEY, window),
        _summarise_days(by_mask, window),
        _count_stops(patterns, window, in_zone, zone_stops, places),
        _count_bands(owners, [*_KEY, "operator_key", "feed"], window).filter(pl.col("runs_per_day") > 0),
        _count_services(runs, window),
    )


def _count_services(runs: pl.DataFrame, window: ServiceWindow) -> pl.DataFrame:
    """Count the public numbers, each with its operator, that call on any used day of a day type."""
    each = runs.group_by(*_KEY, "operator_key", "number").agg(pl.col("mask").bitwise_or())
    every = each.with_columns(pl.lit(ALL_MODES).alias("mode"))
    each = pl.concat([each, every]).group_by(*_KEY, "operator_key", "number").agg(pl.col("mask").bitwise_or())
    parts = [_empty(each, _KEY, {"day_type": pl.String(), _SERVICES: pl.Int32()})]
    for day_type, mask, _ in _iterate_day_types(window):
        found = each.filter((pl.col("mask") & mask) != 0).group_by(_KEY).agg(pl.len().cast(pl.Int32).alias(_SERVICES))
        parts.append(found.select(*_KEY, pl.lit(day_type).alias("day_type"), _SERVICES))
    return pl.concat(parts)


def _count_bands(by_mask: pl.DataFrame, keys: Sequence[str], window: ServiceWindow) -> pl.DataFrame:
    both = pl.concat([by_mask, by_mask.with_columns(pl.lit(ALL_DAY).alias("band"))])
    parts = [_empty(by_mask, keys, {"day_type": pl.String(), "band": pl.String(), "runs_per_day": pl.Float64()})]
    for day_type, mask, n_days in _iterate_day_types(window):
        counted = both.group_by(*keys, "band").agg((pl.col("n") * _n_days(mask)).sum().alias("n"))
        runs = (pl.col("n") / n_days).alias("runs_per_day")
        parts.append(counted.select(*keys, pl.lit(day_type).alias("day_type"), "band", runs))
    return pl.concat(parts)


def _summarise_days(by_mask: pl.DataFrame, window: ServiceWindow) -> pl.DataFrame:
    """First and last run, hours and days served, from each day's own."""
    used = window.days.filter(pl.col("is_used")).select("bit", "day_type")
    n_days = pl.col("day_type").replace_strict(window.count_days(), return_dtype=pl.Int64)
    on_days = by_mask.select("mask").unique().join(used, how="cross").filter((pl.col("mask") & pl.col("bit")) != 0)
    whole = by_mask.group_by(*_KEY, "mask").agg(
        pl.col("first").min(), pl.col("last").max(), pl.col("hours").bitwise_or()
    )
    per_day = (
        whole.join(on_days, on="mask")
        .group_by(*_KEY, "day_type", "bit")
        .agg(pl.col("first").min(), pl.col("last").max(), pl.col("hours").bitwise_or())
    )
    return (
        per_day.group_by(*_KEY, "day_type")
        .agg(
            pl.col("first").quantile(0.5, interpolation="lower").cast(pl.Int32).alias("first_run_s"),
            pl.col("last").quantile(0.5, interpolation="lower").cast(pl.Int32).alias("last_run_s"),
            pl.col("hours").bitwise_count_ones().cast(pl.Int64).sum().alias("hours_served"),
            pl.len().alias("days"),
        )
        .with_columns(pl.col("hours_served") / n_days, (100.0 * pl.col("days") / n_days).alias("days_served_pct"))
        .drop("days")
    )


def _count_stops(
    patterns: TripPatterns,
    window: ServiceWindow,
    in_zone: pl.DataFrame,
    zone_stops: pl.DataFrame,
    places: pl.DataFrame,
) -> pl.DataFrame:
    """Count stops of the zone with service, and places reached from it without a change."""
    masks = patterns.trips.group_by("pattern", "mode").agg(pl.col("mask").bitwise_or())
    served = (
        patterns.calls.filter(pl.col("is_pickup") | pl.col("is_dropoff"))
        .join(masks, on="pattern")
        .group_by("stop_index", "mode")
        .agg(pl.col("mask").bitwise_or())
    )
    own = zone_stops.join(served, on="stop_index").select(
        *_KEY, pl.col("stop_index").alias("what"), "mask", pl.lit(_STOP_COLUMNS[0]).alias("kind")
    )
    zone_places = zone_stops.join(places, on="stop_index").select("neighbourhood_index", "place").unique()
    ahead = (
        in_zone.filter(pl.col("board_position").is_not_null())
        .join(patterns.calls.filter(pl.col("is_dropoff")).drop("is_pickup", "is_dropoff"), on="pattern")
        .filter(pl.col("position") > pl.col("board_position"))
        .join(masks, on="pattern")
        .join(places, on="stop_index")
        .group_by(*_KEY, "place")
        .agg(pl.col("mask").bitwise_or())
        .join(zone_places, on=["neighbourhood_index", "place"], how="anti")
        .select(*_KEY, pl.col("place").alias("what"), "mask", pl.lit(_STOP_COLUMNS[1]).alias("kind"))
    )
    both = pl.concat([own, ahead])
    every = both.with_columns(pl.lit(ALL_MODES).alias("mode"))
    both = pl.concat([both, every]).group_by(*_KEY, "kind", "what").agg(pl.col("mask").bitwise_or())
    counts = [pl.col("kind").filter(pl.col("kind") == kind).len().cast(pl.Int32).alias(kind) for kind in _STOP_COLUMNS]
    parts = [_empty(both, _KEY, {"day_type": pl.String(), **{name: pl.Int32() for name in _STOP_COLUMNS}})]
    for day_type, mask, _ in _iterate_day_types(window):
        found = both.filter((pl.col("mask") & mask) != 0).group_by(_KEY).agg(counts)
        parts.append(found.select(*_KEY, pl.lit(day_type).alias("day_type"), *_STOP_COLUMNS))
    return pl.concat(parts)


def _name_owners(owners: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    columns = ["neighbourhood_code", "mode", "operator_key", "feed", "day_type", "band"]
    return owners.join(codes, on="neighbourhood_index").select(*columns, "runs_per_day").sort(columns)


def _assemble(
    codes: pl.DataFrame,
    modes: Sequence[str],
    counted: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame],
    window: ServiceWindow,
) -> pl.DataFrame:
    """Lay the counts out on the full grid of neighbourhoods, modes, day types and bands."""
    runs, days, stops, services = counted
    n_days = window.count_days()
    is_whole = pl.col("band") == ALL_DAY
    grid = codes
    for name, values in (("mode", list(modes)), ("day_type", list(DAY_TYPES)), ("band", [*BANDS, ALL_DAY])):
        grid = grid.join(pl.DataFrame({name: pl.Series(values, dtype=pl.String)}), how="cross")
    joined = (
        grid.join(runs, on=[*_KEY, "day_type", "band"], how="left", maintain_order="left")
        .join(days, on=[*_KEY, "day_type"], how="left", maintain_order="left")
        .join(stops, on=[*_KEY, "day_type"], how="left", maintain_order="left")
        .join(services, on=[*_KEY, "day_type"], how="left", maintain_order="left")
    )
    is_counted = pl.col("day_type").replace_strict({key: n > 0 for key, n in n_days.items()}, return_dtype=pl.Boolean)
    hours = pl.col("band").replace_strict(BAND_HOURS, return_dtype=pl.Float64)
    per_day = pl.when(is_counted).then(pl.col("runs_per_day").fill_null(0.0))
    return joined.select(
        "neighbourhood_index",
        "neighbourhood_code",
        "mode",
        "day_type",
        "band",
        per_day.alias("runs_per_day"),
        (per_day / hours).alias("runs_per_hour"),
        pl.when(is_whole).then(pl.col("first_run_s")).alias("first_run_s"),
        pl.when(is_whole).then(pl.col("last_run_s")).alias("last_run_s"),
        pl.when(is_whole & is_counted).then(pl.col("hours_served").fill_null(0.0)).alias("hours_served"),
        pl.when(is_whole & is_counted).then(pl.col("days_served_pct").fill_null(0.0)).alias("days_served_pct"),
        *[pl.col(name).fill_null(0).cast(pl.Int32) for name in (*_STOP_COLUMNS, _SERVICES)],
    )
