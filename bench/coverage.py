"""Whether the tests run enough of the lines of each pure room; ``make coverage`` measures and calls this."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LEAST_PCT = 93.0
ROOMS = ("base", "timetables", "streets", "places", "transit", "routing", "scoring", "change")


def compute_shares(report: Mapping[str, Any]) -> dict[str, float]:
    """Compute the share of lines that were run, by room.

    Parameters
    ----------
    report
        Content of ``coverage json``.

    Returns
    -------
    dict
        Room to per cent of its statements.
    """
    run: dict[str, int] = dict.fromkeys(ROOMS, 0)
    all_lines: dict[str, int] = dict.fromkeys(ROOMS, 0)
    for name, file in report["files"].items():
        parts = Path(name).parts
        room = parts[parts.index("pipeline") + 1] if "pipeline" in parts else ""
        if room in run:
            run[room] += file["summary"]["covered_lines"]
            all_lines[room] += file["summary"]["num_statements"]
    return {room: 100.0 * run[room] / all_lines[room] for room in ROOMS if all_lines[room]}


def main() -> None:
    """Print the shares; exit 1 if one is too low or a room was not seen at all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="combined data of coverage")
    parser.add_argument("--least", type=float, default=LEAST_PCT, help="per cent")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "coverage.json"
        command = [sys.executable, "-m", "coverage", "json", "--quiet", f"--data-file={given.data}", "-o", str(out)]
        subprocess.run(command, check=True)
        shares = compute_shares(json.loads(out.read_text(encoding="utf-8")))
    for room in ROOMS:
        share = shares.get(room, 0.0)
        sys.stdout.write(f"{room:12} {share:6.1f} %{'' if share >= given.least else '  TOO LOW'}\n")
    if any(shares.get(room, 0.0) < given.least for room in ROOMS):
        sys.exit(1)


if __name__ == "__main__":
    main()
