"""frequencies.txt: trips that repeat at a headway become trips of their own."""

from __future__ import annotations

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.codes import (
    FREQUENCY_INEXACT,
    FREQUENCY_OVERLAP,
    FREQUENCY_ROW_UNREADABLE,
    UNKNOWN_REFERENCE,
    add_rows,
)
from pipeline.timetables.gtfs_files import GtfsContainer
from pipeline.timetables.gtfs_tables import read_table
from pipeline.timetables.gtfs_times import parse_integers, parse_times

FILE = "frequencies.txt"
MAX_RUNS = 5_000_000


def read_runs(container: GtfsContainer, trips: pl.DataFrame, notices: Notices) -> pl.DataFrame:
    """Read frequencies.txt into single departures, from ``start_time`` on and before ``end_time``.

    Parameters
    ----------
    container
        The open feed.
    trips
        ``trip_id``, ``trip_code`` and ``is_kept``.
    notices
        Collector.

    Returns
    -------
    polars.DataFrame
        ``trip_code``, ``run_s`` (departure from the first stop; null for a template whose rows all failed) and
        ``is_frequency_inexact``, sorted. Trips that are named here do not run at their own times.

    Raises
    ------
    InputError
        If the file is broken or would make more than five million trips.
    """
    empty = pl.DataFrame(schema={"trip_code": pl.Int32, "run_s": pl.Int32, "is_frequency_inexact": pl.Boolean})
    if not container.has(FILE):
        return empty
    required = ["trip_id", "start_time", "end_time", "headway_secs"]
    table = read_table(container, FILE, required=required, optional=["exact_times"], notices=notices)
    table = table.with_columns(
        parse_times(table["start_time"]).alias("start_s"),
        parse_times(table["end_time"]).alias("end_s"),
        parse_integers("headway_secs").alias("headway_s"),
        (parse_integers("exact_times", pl.Int8).fill_null(0) != 1).alias("is_frequency_inexact"),
    ).join(trips.select("trip_id", "trip_code", "is_kept"), on="trip_id", how="left", maintain_order="left")
    lost = table.filter(pl.col("trip_code").is_null())
    add_rows(notices, UNKNOWN_REFERENCE, lost, file=FILE, field="trip_id")
    table = table.filter(pl.col("is_kept").fill_null(value=False))
    usable = ((pl.col("start_s") >= 0) & (pl.col("end_s") > pl.col("start_s")) & (pl.col("headway_s") > 0)).fill_null(
        value=False
    )
    add_rows(notices, FREQUENCY_ROW_UNREADABLE, table.filter(~usable), file=FILE, field="headway_secs")
    templates = table.select("trip_code").unique()
    good = table.filter(usable)
    n_runs = good.select(((pl.col("end_s") - pl.col("start_s") - 1) // pl.col("headway_s") + 1).cast(pl.Int64).sum())
    if n_runs.item() > MAX_RUNS:
        raise InputError(
            f"{FILE} would make {n_runs.item():,} trips",
            file=f"{container.path.name}:{FILE}",
            field="headway_secs",
            cure="Headways are given in seconds: check them.",
        )
    inexact = good.filter("is_frequency_inexact")
    add_rows(notices, FREQUENCY_INEXACT, inexact, file=FILE, field="exact_times", value="trip_id")
    runs = good.select(
        "row",
        "trip_code",
        "is_frequency_inexact",
        pl.int_ranges("start_s", "end_s", "headway_s", dtype=pl.Int32).alias("run_s"),
    ).explode("run_s", empty_as_null=True, keep_nulls=True)
    # Where an exact and an inexact row give the same departure, the exact one holds.
    runs = runs.sort("trip_code", "run_s", "is_frequency_inexact", "row")
    unique = runs.unique(["trip_code", "run_s"], keep="first", maintain_order=True)
    if unique.height < runs.height:
        again = runs.join(unique.select("row", "trip_code", "run_s"), on=["row", "trip_code", "run_s"], how="anti")
        add_rows(notices, FREQUENCY_OVERLAP, again, file=FILE, field="start_time", value="run_s")
    found = templates.join(unique.drop("row"), on="trip_code", how="left")
    return found.select(empty.columns).sort("trip_code", "run_s")


def expand_runs(trips: pl.DataFrame, runs: pl.DataFrame, first_departure: pl.DataFrame) -> pl.DataFrame:
    """Turn trips into runs: one for an ordinary trip, one for each departure of a template.

    Parameters
    ----------
    trips
        ``trip_code``, ``trip_id`` and the rest.
    runs
        From :func:`read_runs`.
    first_departure
        ``trip_code`` and ``first_departure_s``.

    Returns
    -------
    polars.DataFrame
        The trips' columns, ``shift_s`` (to be added to the template's times) and ``is_frequency_inexact``; the
        identifier of an exploded trip is ``<id>#f<departure in seconds>``.
    """
    plain = trips.join(runs, on="trip_code", how="anti").with_columns(
        pl.lit(0, dtype=pl.Int32).alias("shift_s"), pl.lit(value=False).alias("is_frequency_inexact")
    )
    if runs.is_empty():
        return plain
    exploded = trips.join(runs.drop_nulls("run_s"), on="trip_code").join(first_departure, on="trip_code")
    exploded = exploded.with_columns(
        (pl.col("run_s") - pl.col("first_departure_s")).cast(pl.Int32).alias("shift_s"),
        pl.format("{}#f{}", "trip_id", "run_s").alias("trip_id"),
    )
    return pl.concat([plain, exploded.select(plain.columns)])
