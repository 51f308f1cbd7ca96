"""Our travel times beside cafein's on Porto Alegre, one departure; causes of differences set apart one at a time.

Both sides read the same files. Pairs whose walks all the way differ show what snapping does; a variant of ours with
cafein's own rule shows what that rule does. Everything is written to ``outputs/bench/crosscheck.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.ours import CAP_S, START_S, Town
from pipeline.base.io import write_text
from pipeline.routing.raptor import RangeQuery, compute_percentiles
from pipeline.routing.window import DepartureWindow

FOLDER = Path("outputs/bench")
INPUTS = FOLDER / "porto_alegre"
PEERS = Path(".venv-bench/bin/python")
I32 = NDArray[np.int32]
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def compare_times(ours: I32, theirs: I32, *, cap_s: int = CAP_S) -> dict[str, Any]:
    """Describe the distribution of differences.

    Parameters
    ----------
    ours, theirs
        Seconds of the same pairs, -1 for none; those beyond the cap count as none.
    cap_s
        Longest journey that counts.

    Returns
    -------
    dict
        Pairs that both reach or one alone does, and of those that both reach: shares and quantiles of ours less theirs.
    """
    has = [(side >= 0) & (side <= cap_s) for side in (ours, theirs)]
    both = has[0] & has[1]
    less = (ours.astype(np.int64) - theirs)[both]
    described: dict[str, Any] = {
        "pairs": int(ours.size),
        "both": int(both.sum()),
        "ours_only": int((has[0] & ~has[1]).sum()),
        "theirs_only": int((has[1] & ~has[0]).sum()),
        "neither": int((~has[0] & ~has[1]).sum()),
    }
    if less.size:
        described |= {
            "equal_pct": round(100 * float((less == 0).mean()), 2),
            "within_10_s_pct": round(100 * float((np.abs(less) <= 10).mean()), 2),
            "within_60_s_pct": round(100 * float((np.abs(less) <= 60).mean()), 2),
            "ours_quicker_pct": round(100 * float((less < 0).mean()), 2),
            "mean_s": round(float(less.mean()), 1),
            "quantiles_s": {str(q): int(np.quantile(less, q, method="nearest")) for q in QUANTILES},
        }
    return described


def compute_ours(town: Town) -> dict[str, I32]:
    """Compute our times of one departure under several rules.

    Parameters
    ----------
    town
        The prepared inputs.

    Returns
    -------
    dict
        int32[points, points] by variant.
    """
    walk_s = town.time_walks()
    query = RangeQuery(town.network, DepartureWindow(START_S, 1, CAP_S), walk_s=walk_s, n_threads=2)
    network = town.network
    no_wait = np.zeros_like(network.stop_change_s)
    quick = np.maximum(network.foot_s - 120, 0).astype(np.int32)
    quick_t = np.maximum(network.foot_t_s - 120, 0).astype(np.int32)
    no_interchange = replace(network, stop_change_s=no_wait, foot_s=quick, foot_t_s=quick_t)
    empty = np.zeros_like(network.foot_indptr)
    none = np.empty(0, np.int32)
    alone = {"foot_indptr": empty, "foot_stop": none, "foot_s": none}
    alone |= {name.replace("foot_", "foot_t_"): array for name, array in alone.items()}
    queries = {
        "ours": query,
        "no_interchange": replace(query, network=no_interchange),
        "no_interchange_no_transfer_walks": replace(query, network=replace(no_interchange, **alone)),
        "transit_only_no_interchange": replace(query, network=no_interchange, walk_s=None),
    }
    return {"walk": walk_s} | {name: compute_percentiles(asked)[:, :, 0] for name, asked in queries.items()}


def explain(ours: dict[str, I32], theirs: dict[str, I32]) -> dict[str, Any]:
    """Set the causes apart one at a time.

    Parameters
    ----------
    ours
        From `compute_ours`.
    theirs
        By variant of `bench.crosscheck_peer`.

    Returns
    -------
    dict
        A distribution by comparison.
    """
    plain, wide, bare = (theirs[name] for name in ("as_ours", "default_snap", "no_transfer_walks"))
    free = ours["no_interchange"]
    on_foot = (ours["walk"] >= 0) & (ours["walk"] == free)
    near = on_foot & (ours["walk"] <= 1500)
    far = on_foot & (ours["walk"] > 1500)
    ridden = (free >= 0) & ~on_foot
    return {
        "as configured": compare_times(ours["ours"], plain),
        "without our interchange of 120 s": compare_times(free, plain),
        "the same, where walking is quickest and at most 25 minutes (snapping alone)": _only(free, plain, near),
        "the same, where walking is quickest and longer (their limit on walking all the way)": _only(free, plain, far),
        "the same, where riding is quickest": _only(free, plain, ridden),
        "the same, both without walks between stops": compare_times(ours["no_interchange_no_transfer_walks"], bare),
        "cafein with stops 1,600 m off the streets : 500 m": compare_times(plain, wide),
    }


def _only(ours: I32, theirs: I32, mask: NDArray[np.bool_]) -> dict[str, Any]:
    return compare_times(ours[mask], theirs[mask])


def main() -> None:
    """Run both sides and write the distributions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds for the peer")
    given = parser.parse_args()
    if not (INPUTS / "facts.json").is_file() or not PEERS.is_file():
        sys.stderr.write("Nothing prepared (make bench), or no peers (make bench-setup).\n")
        raise SystemExit(1)
    peer = FOLDER / "crosscheck_cafein.npz"
    if not peer.is_file():
        command = [str(PEERS), "-m", "bench.crosscheck_peer", str(INPUTS), str(peer)]
        subprocess.run(command, check=True, timeout=given.timeout)
    found = explain(compute_ours(Town(INPUTS)), dict(np.load(peer)))
    write_text(json.dumps(found, indent=1) + "\n", FOLDER / "crosscheck.json")
    for name, one in found.items():
        sys.stdout.write(f"{name}: {json.dumps(one)}\n")


if __name__ == "__main__":
    main()
