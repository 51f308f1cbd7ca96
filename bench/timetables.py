"""``make bench-timetables``: a feed of ten million stop times is generated, zipped and read in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.base.area_timetables import Duplicates
from pipeline.base.io import write_text
from pipeline.base.manifest import get_peak_memory_mb
from pipeline.base.notices import Notices
from pipeline.timetables.near_duplicates import settle_duplicates
from pipeline.timetables.plausibility import check_plausibility
from pipeline.timetables.read_gtfs import read_gtfs

FOLDER = Path("outputs/bench")
CALLS_OF_A_TRIP = 40
N_CALLS = 10_000_000
N_STOPS, N_ROUTES, N_SERVICES = 300_000, 6_000, 3_000
TARGET_S, TARGET_MB = 60.0, 4000
SEED = 4


def _clock(seconds: pl.Expr) -> pl.Expr:
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return pl.concat_str([part.cast(pl.String).str.zfill(2) for part in parts], separator=":")


def _write(archive: zipfile.ZipFile, name: str, table: pl.DataFrame) -> None:
    info = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as handle:
        for at, part in enumerate(table.iter_slices(500_000)):
            handle.write(part.write_csv(include_header=at == 0).encode())


def _build_calendar(rng: np.random.Generator) -> pl.DataFrame:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    kinds = np.array([[1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1, 0]])
    kind = rng.integers(0, len(kinds), N_SERVICES)
    return pl.DataFrame({"service_id": np.arange(N_SERVICES)}).with_columns(
        *[pl.Series(day, kinds[kind, at]) for at, day in enumerate(days)],
        pl.lit("20240902").alias("start_date"),
        pl.lit("20250901").alias("end_date"),
    )


def generate(path: Path, n_calls: int, *, is_blank: bool) -> None:
    """Write a feed in the style of a national bus timetable: long identifiers, times to the second.

    Parameters
    ----------
    path
        The zip archive.
    n_calls
        Stop times.
    is_blank
        Give times at every tenth stop and the last only.
    """
    rng = np.random.default_rng(SEED)
    n_trips = n_calls // CALLS_OF_A_TRIP
    side = int(np.ceil(np.sqrt(N_STOPS)))
    stop = pl.DataFrame({"n": np.arange(N_STOPS)})
    stops = stop.select(
        pl.format("{}0{}", 100 + pl.col("n") % 600, pl.col("n").cast(pl.String).str.zfill(7)).alias("stop_id"),
        pl.format("Stop {}", "n").alias("stop_name"),
        (51.0 + (pl.col("n") // side) * 0.004).round(6).alias("stop_lat"),
        (-3.0 + (pl.col("n") % side) * 0.006).round(6).alias("stop_lon"),
    )
    first = rng.integers(0, N_STOPS - CALLS_OF_A_TRIP, N_ROUTES)
    route = np.sort(rng.integers(0, N_ROUTES, n_trips))
    start = rng.integers(5 * 60, 23 * 60, n_trips) * 60
    trips = pl.DataFrame({"route_id": route, "service_id": rng.integers(0, N_SERVICES, n_trips)}).with_columns(
        pl.format("VJ{}", pl.Series(rng.permutation(n_trips)).hash(SEED)).alias("trip_id"),
        pl.format("Town {}", "route_id").alias("trip_headsign"),
        (pl.col("route_id") % 2).alias("direction_id"),
    )
    position = np.tile(np.arange(CALLS_OF_A_TRIP), n_trips)
    trip = np.repeat(np.arange(n_trips), CALLS_OF_A_TRIP)
    is_timed = pl.lit(not is_blank) | (pl.col("position") % 10 == 0) | (pl.col("position") == CALLS_OF_A_TRIP - 1)
    calls = pl.DataFrame(
        {"trip": trip, "at": first[route[trip]] + position, "time": start[trip] + 75 * position, "position": position}
    ).select(
        trips["trip_id"].gather(trip).alias("trip_id"),
        *[pl.when(is_timed).then(_clock(pl.col("time"))).alias(f"{side}_time") for side in ("arrival", "departure")],
        stops["stop_id"].gather(pl.Series(first[route[trip]] + position)).alias("stop_id"),
        pl.col("position").alias("stop_sequence"),
        pl.lit("").alias("stop_headsign"),
        pl.lit(0).alias("pickup_type"),
        pl.lit(0).alias("drop_off_type"),
        (pl.col("position") * 400.0).alias("shape_dist_traveled"),
        pl.lit(1).alias("timepoint"),
    )
    with zipfile.ZipFile(path, "w") as archive:
        agency = {"agency_id": ["OP"], "agency_name": ["Operator"], "agency_url": ["https://example.org"]}
        _write(archive, "agency.txt", pl.DataFrame({**agency, "agency_timezone": ["Europe/London"]}))
        names = pl.DataFrame({"route_id": np.arange(N_ROUTES)})
        numbers = (pl.col("route_id") % 400).alias("route_short_name")
        _write(archive, "routes.txt", names.with_columns(pl.lit("OP").alias("agency_id"), numbers, route_type=3))
        _write(archive, "calendar.txt", _build_calendar(rng))
        _write(archive, "stops.txt", stops)
        _write(archive, "trips.txt", trips)
        _write(archive, "stop_times.txt", calls)


def measure(path: Path) -> dict[str, object]:
    """Read the feed.

    Parameters
    ----------
    path
        The zip archive.

    Returns
    -------
    dict
        Seconds elapsed and of processor time, peak memory (MB), rows.
    """
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    timetable = read_gtfs(path, feed="bus", notices=Notices())
    after = resource.getrusage(resource.RUSAGE_SELF)
    elapsed_s = time.perf_counter() - started
    peak_mb = get_peak_memory_mb()
    settled, _ = settle_duplicates(timetable, Duplicates(), Notices())
    check_plausibility(settled, Notices())
    checked_s = time.perf_counter() - started - elapsed_s
    return {
        "stop_times": timetable.stop_times.height,
        "trips": timetable.trips.height,
        "duplicates": timetable.trips.height - settled.trips.height,
        "elapsed_s": round(elapsed_s, 1),
        "user_s": round(after.ru_utime - before.ru_utime, 1),
        "system_s": round(after.ru_stime - before.ru_stime, 1),
        "peak_mb": peak_mb,
        "duplicates_and_checks_s": round(checked_s, 1),
        "peak_with_checks_mb": get_peak_memory_mb(),
        "elapsed_share_of_target": round(elapsed_s / TARGET_S, 2),
        "memory_share_of_target": round(peak_mb / TARGET_MB, 2),
    }


def main() -> None:
    """Generate the feed if it is missing, read it in a fresh process, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=N_CALLS)
    parser.add_argument("--blank", action="store_true", help="give times at every tenth stop only")
    parser.add_argument("--generate", type=Path)
    parser.add_argument("--measure", type=Path)
    given = parser.parse_args()
    if given.generate:
        generate(given.generate, given.calls, is_blank=given.blank)
        return
    if given.measure:
        sys.stdout.write(json.dumps(measure(given.measure)) + "\n")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    kind = "-blank" if given.blank else ""
    path = FOLDER / f"timetable-{given.calls}{kind}.zip"
    command = [sys.executable, "-m", "bench.timetables", "--calls", str(given.calls), *(["--blank"] * given.blank)]
    if not path.is_file():
        part = path.with_suffix(".part.zip")
        subprocess.run([*command, "--generate", str(part)], check=True)
        part.replace(path)
    threads = {**os.environ, "POLARS_MAX_THREADS": os.environ.get("POLARS_MAX_THREADS", "2")}
    done = subprocess.run(
        [*command, "--measure", str(path)], check=True, stdout=subprocess.PIPE, text=True, env=threads
    )
    row = {"machine": f"{os.cpu_count()} cores, {platform.machine()}", **json.loads(done.stdout)}
    write_text(json.dumps(row, indent=1) + "\n", FOLDER / f"timetables{kind}.json")
    sys.stdout.write(
        "{stop_times:,} stop times: {elapsed_s} s ({user_s} s user, {system_s} s system), {peak_mb} MB; "
        "{elapsed_share_of_target} of the time and {memory_share_of_target} of the memory allowed; "
        "duplicates and checks {duplicates_and_checks_s} s, up to {peak_with_checks_mb} MB\n".format(**row)
    )


if __name__ == "__main__":
    main()
