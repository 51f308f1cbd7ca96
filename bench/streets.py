"""Reading and contracting streets as large as a part of a country's: a generated pbf, a process for each size.

Streets are a jittered grid whose edges bend at one or two shape points; every row and column is cut into ways of ten
edges. Memory is measured at growing sizes and extrapolated, in a straight line, to England's six million junctions.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
from osmium.osm import mutable

from pipeline.base.notices import Notices
from pipeline.streets.read_osm import read_streets

FOLDER = Path("outputs/bench/streets")
JUNCTIONS = 510_000
ENGLAND_JUNCTIONS, TARGET_MB = 6_000_000, 16_000
STEP, EDGES_A_WAY = 0.0008, 10


def write_grid(path: Path, n_junctions: int, *, seed: int = 1) -> int:
    """Write a grid of streets.

    Parameters
    ----------
    path
        ``.osm.pbf`` to write.
    n_junctions
        About how many junctions.
    seed
        Of the random numbers.

    Returns
    -------
    int
        Number of nodes written.
    """
    side = max(2, round(n_junctions**0.5))
    rng = np.random.default_rng(seed)
    jitter = rng.uniform(-0.3, 0.3, (side, side, 2)) * STEP
    path.unlink(missing_ok=True)
    number = side * side
    with osmium.SimpleWriter(path) as writer:
        place = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=2) * STEP + jitter
        for at, (lon, lat) in enumerate(place.reshape(-1, 2).tolist(), start=1):
            writer.add_node(mutable.Node(id=at, location=(lon, lat), version=1))
        ways: list[list[int]] = []
        for line in _list_lines(side):
            for first in range(0, side - 1, EDGES_A_WAY):
                stretch = line[first : first + EDGES_A_WAY + 1]
                refs = [stretch[0] + 1]
                for here, there in pairwise(stretch):
                    a, b = (place[node // side, node % side] for node in (here, there))
                    n_bends = 1 + (here // side + here % side) % 2
                    for bend in range(1, n_bends + 1):
                        number += 1
                        lon, lat = a + (b - a) * bend / (n_bends + 1) + STEP * 0.03 * (-1) ** bend
                        writer.add_node(mutable.Node(id=number, location=(float(lon), float(lat)), version=1))
                        refs.append(number)
                    refs.append(there + 1)
                ways.append(refs)
        for at, refs in enumerate(ways, start=1):
            writer.add_way(mutable.Way(id=at, nodes=refs, tags={"highway": "residential"}, version=1))
    return number


def _list_lines(side: int) -> Iterator[list[int]]:
    """Rows, then columns, as junctions."""
    for row in range(side):
        yield [row * side + column for column in range(side)]
    for column in range(side):
        yield [row * side + column for row in range(side)]


def measure(share: float) -> dict[str, object]:
    """Read and contract one size.

    Parameters
    ----------
    share
        Of `JUNCTIONS`.

    Returns
    -------
    dict
        A row: size, seconds and memory of reading.
    """
    path = FOLDER / f"{share:g}.osm.pbf"
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    before_mb = _get_peak_mb()
    clock, used = time.perf_counter(), time.process_time()
    streets = read_streets(path, Notices())
    return {
        "name": f"streets read and contracted, {share:g}",
        "share": share,
        "osm_nodes": facts["nodes"],
        "junctions": streets.nodes.height,
        "edges": streets.edges.height,
        "pbf_mb": round(path.stat().st_size / 1e6, 1),
        "ours_s": round(time.perf_counter() - clock, 2),
        "cpu_s": round(time.process_time() - used, 2),
        "peak_mb": round(_get_peak_mb()),
        "peak_before_mb": round(before_mb),
    }


def extrapolate(rows: list[dict[str, object]], junctions: int = ENGLAND_JUNCTIONS) -> float:
    """Extend peak memory in a straight line through the smallest and the largest size.

    Parameters
    ----------
    rows
        At least two, from `measure`.
    junctions
        Size to extend to.

    Returns
    -------
    float
        Megabytes.
    """
    ordered = sorted((float(str(row["junctions"])), float(str(row["peak_mb"]))) for row in rows)
    (n0, mb0), (n1, mb1) = ordered[0], ordered[-1]
    return mb1 + (mb1 - mb0) / (n1 - n0) * (junctions - n1)


def generate(share: float) -> None:
    """Write the pbf of one size, and its number of nodes beside it, unless it is there.

    Parameters
    ----------
    share
        Of `JUNCTIONS`.
    """
    path = FOLDER / f"{share:g}.osm.pbf"
    facts = path.with_suffix(".json")
    if not facts.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        nodes = write_grid(path, round(JUNCTIONS * share))
        facts.write_text(json.dumps({"nodes": nodes}) + "\n", encoding="utf-8")


def _get_peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Generate or measure one size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("generate", "measure"))
    parser.add_argument("share", type=float)
    given = parser.parse_args()
    if given.action == "generate":
        generate(given.share)
    else:
        sys.stdout.write(json.dumps(measure(given.share)) + "\n")


if __name__ == "__main__":
    main()
