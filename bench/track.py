"""Speed over time: a few kernels as ratios to a reference kernel of the same run, in a small file that is committed.

``make bench-track`` measures and adds a line for each kernel to ``bench/history.csv``; a test measures too and fails if
a kernel takes more than one and a half times its usual ratio. Ratios are of processor time, the least of several
runs, kernel and reference taking turns, so that a busy machine slows both alike or neither.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import numba
import numpy as np

from pipeline.base.io import write_text

Work = Callable[[], object]
ROOT = Path(__file__).resolve().parents[1]
HISTORY = ROOT / "bench" / "history.csv"
COLUMNS = ("date", "commit", "kernel", "ratio")
MAX_FACTOR = 1.5
RUNS = 5
LEAST_S = 0.05
KEPT = 5


@numba.njit(cache=True)
def _loop(n: int) -> int:
    """Add up a recurrence that no compiler can shorten and no cache can hold up."""
    state, total = 12_345, 0
    for _ in range(n):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        total += state >> 16
    return total


def run_reference() -> object:
    """Run what kernels are compared with: a loop of whole numbers and a sort, about a tenth of a second in all.

    Returns
    -------
    object
        Their results.
    """
    values = np.random.default_rng(1).integers(0, 1 << 30, 500_000)
    return _loop(20_000_000), np.sort(values)


def build_kernels() -> dict[str, Work]:
    """Make the kernels that are followed, on the embedded sample and on random numbers.

    Returns
    -------
    dict
        Name to work; the first call may compile.
    """
    from bench.track_kernels import list_kernels  # noqa: PLC0415 (the test of the arithmetic needs none of it)

    return list_kernels(ROOT / "data" / "sample")


def _repeat(work: Work, n: int) -> float:
    started = time.process_time()
    for _ in range(n):
        work()
    return (time.process_time() - started) / n


def measure_ratios(
    kernels: Mapping[str, Work], *, reference: Work = run_reference, runs: int = RUNS
) -> dict[str, float]:
    """Measure each kernel as a ratio to the reference.

    Parameters
    ----------
    kernels
        Name to work.
    reference
        What they are compared with.
    runs
        How often each is run; a run is repeated until it takes a tenth of a second.

    Returns
    -------
    dict
        Name to the least processor time of the kernel over that of the reference.
    """
    works = {"": reference, **kernels}
    for work in works.values():
        work()  # compiles, and brings into memory what is used
    repeats = {name: max(1, round(LEAST_S / max(_repeat(work, 1), 1e-6))) for name, work in works.items()}
    least = dict.fromkeys(works, float("inf"))
    for _ in range(runs):
        for name, work in works.items():
            least[name] = min(least[name], _repeat(work, repeats[name]))
    return {name: least[name] / least[""] for name in kernels}


def read_history(path: Path = HISTORY) -> dict[str, list[float]]:
    """Read the ratios of every kernel, oldest first.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        Kernel to its ratios.
    """
    found: dict[str, list[float]] = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                found.setdefault(row["kernel"], []).append(float(row["ratio"]))
    return found


def find_slowdowns(
    ratios: Mapping[str, float], history: Mapping[str, list[float]], *, max_factor: float = MAX_FACTOR
) -> dict[str, float]:
    """Find kernels that are slower than they use to be.

    Parameters
    ----------
    ratios
        Measured now.
    history
        From :func:`read_history`; the median of the last few is what is usual. A kernel without a history passes.
    max_factor
        From how many times the usual on a kernel is too slow.

    Returns
    -------
    dict
        Kernel to how many times its usual ratio it takes.
    """
    factors = {
        name: ratio / statistics.median(history[name][-KEPT:]) for name, ratio in ratios.items() if name in history
    }
    return {name: factor for name, factor in factors.items() if factor >= max_factor}


def _add_to_history(ratios: Mapping[str, float], path: Path = HISTORY) -> None:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    before = path.read_text(encoding="utf-8") if path.is_file() else ",".join(COLUMNS) + "\n"
    today = date.today().isoformat()  # noqa: DTZ011 (a day is enough)
    lines = [f"{today},{commit},{name},{ratio:.6f}" for name, ratio in sorted(ratios.items())]
    write_text(before + "\n".join(lines) + "\n", path)


def main() -> None:
    """Measure, compare with what is usual, and add to the history; exit 1 for a slowdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="only measure and compare")
    given = parser.parse_args()
    history, ratios = read_history(), measure_ratios(build_kernels())
    slow = find_slowdowns(ratios, history)
    for name, ratio in sorted(ratios.items()):
        usual = statistics.median(history[name][-KEPT:]) if name in history else ratio
        sys.stdout.write(f"{name:24} {ratio:8.3f} x the reference; usual {usual:8.3f}{'  SLOW' * (name in slow)}\n")
    if not given.dry:
        _add_to_history(ratios)
    if slow:
        sys.exit(1)


if __name__ == "__main__":
    main()
