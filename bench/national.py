"""``make bench-national``: a generated country of growing size.

One category over 180 minutes, packing from Parquet, jobs within 60 minutes, and streets. Each row is a process in a
group of its own; an interrupted measurement goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bench.country import build_country, read_centroids
from bench.tables import DAY, build_timetable
from pipeline.base.io import write_text
from pipeline.routing.profile_scan import build_seeds, compute_nearest
from pipeline.routing.raptor import RangeQuery, compute_cumulative
from pipeline.routing.window import build_window
from pipeline.timetables.model import Timetable
from pipeline.transit.build import assemble_network
from pipeline.transit.packed import build_row_starts, read_packed, write_packed
from pipeline.transit.patterns import build_patterns

Row = dict[str, Any]
FOLDER = Path("outputs/bench")
SCALES = (0.125, 0.25, 0.5, 1.0)
RUNS, THREADS = 5, 2
WHAT = ("scan", "pack", "jobs")
TARGETS_S = {"scan": 5.0, "pack": 180.0, "jobs": 1200.0}
TARGET_MB, TARGET_LOAD_S = 2000, 5.0
FOOT = ("foot_indptr", "foot_stop", "foot_s", "foot_t_indptr", "foot_t_stop", "foot_t_s", "stop_change_s")


def generate(scale: float, centroids: Path | None) -> None:
    """Generate a country and write it, its timetable as Parquet, and its facts.

    Parameters
    ----------
    scale
        Share of the country.
    centroids
        CSV of centroids; a synthetic country without.
    """
    started = time.perf_counter()
    places = read_centroids(centroids) if centroids else None
    country = build_country(scale=scale, centroids=places)
    folder = _get_folder(scale)
    write_packed(country.network, folder)
    facts = {**country.facts, "is_synthetic": places is None, "generated_in_s": time.perf_counter() - started}
    build_timetable(country.network).write(folder / "timetable")
    write_text(json.dumps(facts) + "\n", folder / "facts.json")


def measure_scan(scale: float) -> Row:
    """Measure loading and one category.

    Parameters
    ----------
    scale
        Share of the country.

    Returns
    -------
    dict
        A row of the results.
    """
    facts = _read_facts(scale)
    started = time.perf_counter()
    network = read_packed(_get_folder(scale))
    load_s = time.perf_counter() - started
    window = build_window(7 * 3600, 10 * 3600, cap_s=7200)
    destinations = np.arange(facts["destinations"], dtype=np.int32)
    before_mb = _get_peak_mb()
    wall, cpu, times = [], [], None
    for _ in range(RUNS + 1):
        times = None
        clock, used = time.perf_counter(), time.process_time()
        times = compute_nearest(network, build_seeds(network, destinations), window, n_threads=THREADS)
        wall.append(time.perf_counter() - clock)
        cpu.append(time.process_time() - used)
    reached = float((times.travel_time_s >= 0).mean()) if times is not None else 0.0
    return {
        "name": "nearest of a category, 180 minutes, all neighbourhoods",
        "load_s": round(load_s, 3),
        "ours_s": round(statistics.median(wall[1:]), 3),
        "fastest_s": round(min(wall[1:]), 3),
        "cpu_s": round(statistics.median(cpu[1:]), 3),
        "runs": RUNS,
        "peak_before_mb": round(before_mb),
        "reached_pct": round(100 * reached, 1),
        **facts,
    }


def measure_pack(scale: float) -> Row:
    """Measure packing: the timetable read from Parquet, patterns, connections, the packed network written.

    Walks are taken from the generated network, since a generated country has no streets.

    Parameters
    ----------
    scale
        Share of the country.

    Returns
    -------
    dict
        A row of the results.
    """
    folder = _get_folder(scale)
    walks = read_packed(folder)
    clock, used = time.perf_counter(), time.process_time()
    patterns = build_patterns(Timetable.read(folder / "timetable"), DAY, horizon_s=(0, 2 * 86_400))
    network = assemble_network(
        patterns,
        footpaths={name: getattr(walks, name) for name in FOOT},
        access={"indptr": walks.access_indptr, "target": walks.access_stop, "seconds": walks.access_s},
        egress={"indptr": walks.egress_indptr, "target": walks.egress_dest, "seconds": walks.egress_s},
    )
    write_packed(network, folder / "again")
    row = _finish("packing from Parquet", clock, used)
    shutil.rmtree(folder / "again")
    same = np.array_equal(network.con_dep_s, walks.con_dep_s) and network.n_trips == walks.n_trips
    return {**row, "is_same_timetable": bool(same), "connections": network.n_connections}


def measure_jobs(scale: float) -> Row:
    """Measure jobs within 60 minutes, every minute of an hour: neighbourhoods are starts and, weighted, ends.

    Parameters
    ----------
    scale
        Share of the country.

    Returns
    -------
    dict
        A row of the results.
    """
    network = read_packed(_get_folder(scale))
    legs = (network.access_indptr, network.access_stop, network.access_s)
    row = np.repeat(np.arange(network.n_origins, dtype=np.int32), np.diff(legs[0]))
    order = np.argsort(legs[1], kind="stable")
    network = replace(
        network,
        egress_indptr=build_row_starts(legs[1], network.n_stops),
        egress_dest=row[order],
        egress_s=legs[2][order],
    )
    weight = np.random.default_rng(2).lognormal(6, 1.2, network.n_origins).round()
    destinations = np.arange(network.n_origins, dtype=np.int32)
    window = build_window(7 * 3600, 8 * 3600, cap_s=3600)
    clock, used = time.perf_counter(), time.process_time()
    query = RangeQuery(network, window, destinations=destinations, n_threads=THREADS)
    jobs = compute_cumulative(query, weight, [3600])
    return {
        **_finish("jobs within 60 minutes, median of 60 minutes, all neighbourhoods", clock, used),
        "neighbourhoods": network.n_origins,
        "median_jobs": float(np.median(jobs)),
    }


def _finish(name: str, clock: float, used: float) -> Row:
    return {
        "name": name,
        "ours_s": round(time.perf_counter() - clock, 2),
        "cpu_s": round(time.process_time() - used, 2),
        "runs": 1,
    }


def _read_facts(scale: float) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((_get_folder(scale) / "facts.json").read_text(encoding="utf-8"))
    return facts


def judge(row: Row) -> Row:
    """Compare a row of the whole country with its targets; parts have none.

    Parameters
    ----------
    row
        From `measure`.

    Returns
    -------
    dict
        The row with ``target_s`` and ``ok`` where there is a target.
    """
    if row["scale"] != 1 or row["what"] not in TARGETS_S:
        return row
    target = TARGETS_S[row["what"]]
    is_small = row["what"] != "scan" or (row["peak_mb"] <= TARGET_MB and row["load_s"] <= TARGET_LOAD_S)
    return {**row, "target_s": target, "ok": row["ours_s"] <= target and is_small}


def measure(what: str, scale: float) -> Row:
    """Measure one row, in a process of its own.

    Parameters
    ----------
    what
        ``scan``, ``pack`` or ``jobs``.
    scale
        Share of the country.

    Returns
    -------
    dict
        The row.
    """
    row = {"scan": measure_scan, "pack": measure_pack, "jobs": measure_jobs}[what](scale)
    load = round(os.getloadavg()[0], 2)
    row |= {"what": what, "scale": scale, "peak_mb": round(_get_peak_mb()), "threads": THREADS, "load_average": load}
    return judge(row)


def draw(rows: list[Row], path: Path) -> None:
    """Draw how processor time and memory grow with the size, in parts of the whole or of the largest that was measured.

    Parameters
    ----------
    rows
        Rows with ``what``, ``scale``, ``cpu_s`` and ``peak_mb``.
    path
        SVG to write.
    """
    mpl.rcParams["svg.hashsalt"] = "bench"
    figure = Figure(figsize=(8, 3), layout="constrained")
    names = {"scan": "nearest, 180 min", "pack": "packing", "jobs": "jobs, 60 min", "streets": "streets"}
    for axis, column, label in zip(
        figure.subplots(1, 2), ("cpu_s", "peak_mb"), ("Processor time, s", "Peak memory, MB"), strict=True
    ):
        for what, name in names.items():
            points = sorted((row["scale"], row[column]) for row in rows if row["what"] == what)
            if points:
                axis.plot(*zip(*points, strict=True), marker="o", label=name)
        axis.set_xlabel("Share of the country (streets: of 2 million nodes)")
        axis.set_ylabel(label)
        axis.set_xlim(left=0)
        axis.set_yscale("log")
    figure.axes[0].legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def _get_folder(scale: float) -> Path:
    return FOLDER / "national" / f"{scale:g}"


def _get_peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _call(module: str, *arguments: str, timeout_s: float) -> str:
    """Run a step in a process group of its own; it and whatever it started end when its time is up."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        said, _ = process.communicate(timeout=timeout_s)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, module)
    return said


def run_row(what: str, scale: float, centroids: Path, timeout_s: float) -> Row:
    """Generate what a row needs and measure it, or say that its time was up.

    Parameters
    ----------
    what
        ``scan``, ``pack``, ``jobs`` or ``streets``.
    scale
        Share of the whole.
    centroids
        Folder of England's files.
    timeout_s
        For each of both.

    Returns
    -------
    dict
        The row; with ``trouble`` and nothing else where it did not end.
    """
    row: Row
    try:
        if what == "streets":
            _call("bench.streets", "generate", str(scale), timeout_s=timeout_s)
            row = json.loads(_call("bench.streets", "measure", str(scale), timeout_s=timeout_s))
            return {**row, "what": what, "scale": scale, "runs": 1}
        if not (_get_folder(scale) / "facts.json").is_file():
            _call("bench.national", "generate", str(scale), "--centroids", str(centroids), timeout_s=timeout_s)
        row = json.loads(_call("bench.national", what, str(scale), timeout_s=timeout_s))
    except subprocess.TimeoutExpired:
        row = {"what": what, "scale": scale, "name": what, "trouble": f"not done after {timeout_s:g} s"}
    return row


def main() -> None:
    """Measure each row that has not been measured, in a process of its own; write results and chart after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("all", "generate", *WHAT), default="all")
    parser.add_argument("scale", nargs="?", type=float)
    parser.add_argument("--centroids", type=Path, default=Path("../shared/data/england"))
    parser.add_argument("--rows", nargs="*", choices=(*WHAT, "streets"), default=(*WHAT, "streets"))
    parser.add_argument("--scales", type=float, nargs="*", default=SCALES)
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds a row")
    parser.add_argument("--again", action="store_true", help="measure rows anew that have been measured")
    given = parser.parse_args()
    if given.what == "generate":
        file = given.centroids / "lsoa11-population-weighted-centroids.csv"
        generate(given.scale, file if file.is_file() else None)
        return
    if given.what != "all":
        sys.stdout.write(json.dumps(measure(given.what, given.scale)) + "\n")
        return
    results = FOLDER / "national.json"
    for scale in given.scales:
        for what in given.rows:
            done = {(row.get("what"), row["scale"]): row for row in _read_rows(results)}
            is_done = (what, scale) in done and not given.again and "trouble" not in done[what, scale]
            if is_done or (what == "streets" and scale < 0.25):
                continue
            row = run_row(what, scale, given.centroids, given.timeout)
            done = {(row.get("what"), row["scale"]): row for row in [*_read_rows(results), row]}
            whole = {"machine": f"{os.cpu_count()} cores, {platform.machine()}", "rows": list(done.values())}
            write_text(json.dumps(whole, indent=1) + "\n", results)
            sys.stdout.write(json.dumps(done[what, scale]) + "\n")
            sys.stdout.flush()
            draw([row for row in done.values() if "trouble" not in row], FOLDER / "national.svg")


def _read_rows(path: Path) -> list[Row]:
    rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    return [row for row in rows if "what" in row]


if __name__ == "__main__":
    main()
