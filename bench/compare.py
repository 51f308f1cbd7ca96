"""``make bench`` with peers: the engine beside other libraries on Porto Alegre, run and run about.

Each side of a row is a process in a group of its own; the two take turns, so that both meet the same machine, and what
they have not done when a row's time is up is left out and said. Rows are written one by one: an interrupted comparison
goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.ours import prepare
from bench.rows import ROWS, Run, build_row, count_wanted, render_table
from bench.worker import Worker
from pipeline.base.io import write_text

FOLDER = Path("outputs/bench")
INPUTS = FOLDER / "porto_alegre"
PEERS = Path(".venv-bench/bin/python")
TIMEOUT_S = 1800.0


def measure(key: str, *, timeout_s: float = TIMEOUT_S, peer_runs: list[Run] | None = None) -> Run:
    """Measure one row.

    Parameters
    ----------
    key
        Which of `ROWS`.
    peer_runs
        Runs of the peer that another row has measured; it is not started.
    timeout_s
        For both sides together, loading included.

    Returns
    -------
    dict
        From `build_row`.
    """
    spec = ROWS[key]
    deadline = time.monotonic() + timeout_s
    commands = [
        [sys.executable, "-m", "bench.ours", spec.work, str(INPUTS)],
        [str(PEERS), "-m", "bench.peers", spec.peer, spec.peer_work, str(INPUTS)],
    ][: 1 if peer_runs else 2]
    runs: tuple[list[Run], list[Run]] = ([], list(peer_runs or ()))
    wanted = [1, 0 if peer_runs else 1]
    sides: list[Worker] = []
    trouble = ""
    who = "we"
    try:
        for number, command in enumerate(commands):
            who = ("we", spec.peer)[number]
            sides.append(Worker(command, deadline))
            sides[-1].wait()
        while any(len(done) < n for done, n in zip(runs, wanted, strict=True)):
            for number, side in enumerate(sides):
                if len(runs[number]) < wanted[number]:
                    who = ("we", spec.peer)[number]
                    runs[number].append(side.run())
                    first_s = float(runs[number][0]["wall_s"])
                    wanted[number] = count_wanted(first_s)
    except (TimeoutError, RuntimeError) as error:
        trouble = f"{who}: {error}"
    finally:
        for side in sides:
            side.close()
    return build_row(key, *runs, load=round(os.getloadavg()[0], 2), trouble=trouble)


def read_rows(path: Path) -> list[Run]:
    """Read the rows of an earlier comparison.

    Parameters
    ----------
    path
        ``results.json``.

    Returns
    -------
    list of dict
        None where the file is not there yet.
    """
    rows: list[Run] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return [row for row in rows if row.get("key") in ROWS]


def draw(rows: list[Run], path: Path) -> None:
    """Draw how many times as fast we are, beside the targets.

    Parameters
    ----------
    rows
        Rows that have a ratio.
    path
        SVG to write.
    """
    mpl.rcParams["svg.hashsalt"] = "bench"
    figure = Figure(figsize=(8, 0.6 + 0.42 * len(rows)), layout="constrained")
    axis = figure.subplots()
    labels = [f"{row['name']} ({row['peer']})" for row in rows]
    axis.barh(labels, [row["ratio"] for row in rows], color="#1d4f8c", height=0.6)
    for at, row in enumerate(rows):
        if row["target"] is not None:
            axis.plot([row["target"]] * 2, [at - 0.38, at + 0.38], color="#b03a2e", linewidth=2)
    axis.axvline(1, color="#555555", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_xlabel("Peer's time : ours (log scale); red: target")
    axis.invert_yaxis()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Compare if inputs and peers are there; say what is missing if not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/porto_alegre"))
    parser.add_argument("--rows", nargs="*", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S, help="seconds a row")
    parser.add_argument("--again", action="store_true", help="measure rows anew that have been measured")
    given = parser.parse_args()
    if not given.data.is_dir() or not PEERS.is_file():
        sys.stderr.write("No inputs of Porto Alegre, or no peers (make bench-setup).\n")
        raise SystemExit(1)
    if not (INPUTS / "facts.json").is_file():
        prepare(given.data, INPUTS)
    results = FOLDER / "results.json"
    for key in given.rows:
        done = {row["key"]: row for row in read_rows(results)}
        if key in done and not given.again and done[key]["ratio"] is not None and not done[key]["trouble"]:
            continue
        before = done.get(ROWS[key].peer_from, {}).get("all_peer_runs")
        row = measure(key, timeout_s=given.timeout, peer_runs=before)
        done = {row["key"]: row for row in read_rows(results)} | {key: row}
        rows = [done[key] for key in ROWS if key in done]
        write_text(json.dumps(rows, indent=1) + "\n", results)
        sys.stdout.write(json.dumps(done[key]) + "\n")
        sys.stdout.flush()
    rows = read_rows(results)
    write_text(render_table(rows), FOLDER / "results.md")
    draw([row for row in rows if row["ratio"] is not None], FOLDER / "results.svg")


if __name__ == "__main__":
    main()
