"""``make bench-national``: one category, 180 minutes, all neighbourhoods, on a generated country of growing size."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bench.country import build_country, read_centroids
from pipeline.base.io import write_text
from pipeline.routing.profile_scan import build_seeds, compute_nearest
from pipeline.routing.window import build_window
from pipeline.transit.packed import read_packed, write_packed

FOLDER = Path("outputs/bench")
SCALES = (0.125, 0.25, 0.5, 1.0)
RUNS, THREADS = 5, 2
TARGET_S, TARGET_MB, TARGET_LOAD_S = 5.0, 2000, 5.0


def generate(scale: float, centroids: Path | None) -> None:
    """Generate a country and write it beside its facts.

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
    write_text(json.dumps(facts) + "\n", folder / "facts.json")


def measure(scale: float) -> dict[str, object]:
    """Measure loading and one category, in a process of its own.

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
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    started = time.perf_counter()
    network = read_packed(folder)
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
    row = {
        "name": f"nearest of a category, 180 minutes, all neighbourhoods, {scale:g} of a country",
        "scale": scale,
        "load_s": round(load_s, 3),
        "ours_s": round(statistics.median(wall[1:]), 3),
        "fastest_s": round(min(wall[1:]), 3),
        "cpu_s": round(statistics.median(cpu[1:]), 3),
        "peak_mb": round(_get_peak_mb()),
        "peak_before_mb": round(before_mb),
        "reached_pct": round(100 * reached, 1),
        "threads": THREADS,
        "load_average": round(os.getloadavg()[0], 2),
        **facts,
    }
    if scale == 1:
        row |= {"target_s": TARGET_S, "target_mb": TARGET_MB, "target_load_s": TARGET_LOAD_S}
        row["ok"] = row["ours_s"] <= TARGET_S and row["peak_mb"] <= TARGET_MB and load_s <= TARGET_LOAD_S
    return row


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Draw how time and memory grow with the number of stop times.

    Parameters
    ----------
    rows
        From `measure`.
    path
        SVG to write.
    """
    mpl.rcParams["svg.hashsalt"] = "bench"
    figure = Figure(figsize=(7, 3), layout="constrained")
    size = [float(str(row["stop_times"])) / 1e6 for row in rows]
    for axis, column, label, target in zip(
        figure.subplots(1, 2), ("ours_s", "peak_mb"), ("Seconds", "Peak memory, MB"), (TARGET_S, TARGET_MB), strict=True
    ):
        axis.plot(size, [row[column] for row in rows], marker="o", color="#1d4f8c")
        axis.axhline(target, color="#b03a2e", linestyle="--", linewidth=1)
        axis.set_xlabel("Stop times a weekday, millions")
        axis.set_ylabel(label)
        axis.set_xlim(left=0)
        axis.set_ylim(bottom=0)
    figure.savefig(path, metadata={"Date": None})


def _get_folder(scale: float) -> Path:
    return FOLDER / "national" / f"{scale:g}"


def _get_peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _call(*arguments: str) -> str:
    command = [sys.executable, "-m", "bench.national", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    """Generate what is missing, measure each size in a process of its own, write results and chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--centroids", type=Path, default=Path("../shared/data/england"))
    parser.add_argument("--scales", type=float, nargs="*", default=SCALES)
    parser.add_argument("--generate", type=float)
    parser.add_argument("--measure", type=float)
    given = parser.parse_args()
    file = given.centroids / "lsoa11-population-weighted-centroids.csv"
    if given.generate:
        generate(given.generate, file if file.is_file() else None)
        return
    if given.measure:
        sys.stdout.write(json.dumps(measure(given.measure)) + "\n")
        return
    rows = []
    for scale in given.scales:
        if not (_get_folder(scale) / "facts.json").is_file():
            _call("--generate", str(scale), "--centroids", str(given.centroids))
        rows.append(json.loads(_call("--measure", str(scale))))
        sys.stdout.write("{name}: {ours_s} s ({cpu_s} s CPU), {peak_mb} MB, load {load_s} s\n".format(**rows[-1]))
    whole = {"machine": f"{os.cpu_count()} cores, {platform.machine()}", "rows": rows}
    write_text(json.dumps(whole, indent=1) + "\n", FOLDER / "national.json")
    draw(rows, FOLDER / "national.svg")


if __name__ == "__main__":
    main()
