"""The rows of the comparison: what is asked, whose answer is the measure, how results become a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Run = dict[str, Any]
LONG_S = 20.0
RUNS, LONG_RUNS = 5, 3


@dataclass(frozen=True)
class RowSpec:
    """A row of the comparison.

    Attributes
    ----------
    name
        What is asked.
    work
        What our side runs, of `bench.ours.WORK`.
    peer, peer_work
        Which library, and what it runs, of `bench.peers`.
    target
        At least so many times as fast; None where none was set.
    peer_from
        Row whose runs of the peer are used here too, since it is asked the same; it is measured before.
    """

    name: str
    work: str
    peer: str
    peer_work: str
    target: float | None
    peer_from: str = ""


ROWS = {
    "pairs_one": RowSpec("all x all, one departure", "pairs_one", "cafein", "pairs_one", 2.0),
    "pairs_one_ferrobus": RowSpec("all x all, one departure", "pairs_one", "ferrobus", "pairs_one", 1.0),
    "walk_all": RowSpec("walking, all x all", "walk_all", "networkit", "walk_all", 2.0),
    "walk_all_pandana": RowSpec("walking, all x all", "walk_all", "pandana", "walk_all", None),
    "walk_1600": RowSpec("walking within 1,600 m", "walk_1600", "scipy", "walk_1600", 5.0),
    "walk_1600_pandana": RowSpec("walking within 1,600 m", "walk_1600", "pandana", "walk_1600", None),
    "walk_1600_networkx": RowSpec("walking within 1,600 m", "walk_1600", "networkx", "walk_1600", None),
    "nearest": RowSpec("nearest healthcare, 120 departures, after load", "nearest", "cafein", "nearest", 50.0),
    "nearest_loaded": RowSpec(
        "the same with our loading and walking tables", "nearest_loaded", "cafein", "nearest", 8.0, "nearest"
    ),
    "pairs_window": RowSpec("all x all, 120 departures, median", "pairs_window", "cafein", "pairs_window", 2.0),
}


def count_wanted(first_s: float) -> int:
    """Return how many runs are wanted in all.

    Parameters
    ----------
    first_s
        How long the first took.

    Returns
    -------
    int
        One to warm up and five that count, or three that all count where a run takes more than 20 s.
    """
    return LONG_RUNS if first_s > LONG_S else RUNS + 1


def select_runs(runs: Sequence[Run]) -> list[Run]:
    """Leave out the first run, which warms up, unless runs are long.

    Parameters
    ----------
    runs
        All runs, in order.

    Returns
    -------
    list of dict
        Those that count.
    """
    if not runs or runs[0]["wall_s"] > LONG_S:
        return list(runs)
    return list(runs[1:])


def build_row(key: str, ours: Sequence[Run], peer: Sequence[Run], *, load: float, trouble: str = "") -> Run:
    """Build a row of the results from the runs of both sides.

    Parameters
    ----------
    key
        Which of `ROWS`.
    ours, peer
        Runs, each with ``wall_s``, ``cpu_s`` and ``peak_mb``, the first one included.
    load
        Load average of the machine.
    trouble
        Why runs are missing, if any are.

    Returns
    -------
    dict
        ``name, ours_s, peer, peer_s, ratio, target, peak_mb, ok`` and seconds of processor time; nothing is derived
        from a side without runs.
    """
    spec = ROWS[key]
    sides = {"ours": select_runs(ours), "peer": select_runs(peer)}
    middle = {
        f"{side}_{what}": _median([run[f"{unit}_s"] for run in runs])
        for side, runs in sides.items()
        for what, unit in (("s", "wall"), ("cpu_s", "cpu"))
    }
    ratio = _divide(middle["peer_s"], middle["ours_s"])
    return {
        "key": key,
        "name": spec.name,
        "ours_s": middle["ours_s"],
        "peer": spec.peer,
        "peer_s": middle["peer_s"],
        "ratio": ratio,
        "target": spec.target,
        "peak_mb": round(max((run["peak_mb"] for run in ours), default=0)),
        "ok": ratio is not None and (spec.target is None or ratio >= spec.target),
        "ours_cpu_s": middle["ours_cpu_s"],
        "peer_cpu_s": middle["peer_cpu_s"],
        "cpu_ratio": _divide(middle["peer_cpu_s"], middle["ours_cpu_s"]),
        "peer_peak_mb": round(max((run["peak_mb"] for run in peer), default=0)),
        "runs": len(sides["ours"]),
        "peer_runs": len(sides["peer"]),
        "load_average": load,
        "trouble": trouble,
        "all_peer_runs": list(peer),
    }


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 4) if values else None


def _divide(above: float | None, below: float | None) -> float | None:
    return round(above / below, 2) if above is not None and below else None


def render_table(rows: Sequence[Run]) -> str:
    """Render rows as a Markdown table.

    Parameters
    ----------
    rows
        From `build_row`.

    Returns
    -------
    str
        The table; a dash where there is no value.
    """
    lines = [
        "| | peer | elapsed, peer : ours | processor time, peer : ours | target | runs, ours and peer |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        target = "-" if row["target"] is None else f"{row['target']:g}{'' if row['ok'] else ', not met'}"
        ratios = [_show(row[name]) for name in ("ratio", "cpu_ratio")]
        cells = [row["name"], row["peer"], *ratios, target, f"{row['runs']}, {row['peer_runs']}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _show(ratio: float | None) -> str:
    """Three digits, and whole numbers from a hundred on."""
    if ratio is None:
        return "-"
    return f"{ratio:.3g}" if ratio < 100 else f"{ratio:,.0f}"
