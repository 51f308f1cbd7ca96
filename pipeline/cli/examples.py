"""An example of every command that runs as it stands in a folder of the project, shown at the end of its help."""

from __future__ import annotations

import re

SAMPLE = "data/sample"
FEEDS = f"{SAMPLE}/timetables/2024"
EXAMPLES: dict[str, str] = {
    "plan": "plan --area sample",
    "run": "run timetables --area sample --snapshot 2024",
    "status": "status --area sample",
    "verify": "verify --area sample",
    "done": "done --area sample",
    "fetch": "fetch --list",
    "refresh": "refresh --area my_area",
    "accept": 'accept my_area 2024-10-08 --reason "Operator X closed in May" --by "A. Analyst"',
    "accept-run": 'accept-run my_area --reason "The new hospital opened" --by "A. Analyst"',
    "graph": "graph --area sample --snapshot 2024",
    "clean-old": "clean-old --area sample --dry-run",
    "explain": "explain sample X05000014 hospitals",
    "profile": "profile sample X05000014 --out profile.html",
    "diff": "diff sample 2010 2016",
    "attribute": "attribute sample 2010 2016",
    "scenario": "scenario sample sample_evening_buses",
    "serve": "serve sample --port 8000",
    "matrix": f"matrix --gtfs {FEEDS}/bus_council.zip --gtfs {FEEDS}/rail.zip --osm {SAMPLE}/saltmarsh.osm.pbf "
    f"--origins {SAMPLE}/small_areas.csv --id-column sa21cd --destinations {SAMPLE}/hospitals.csv --id-column id "
    "--date 2024-10-08 --time 07:00 --window 180 --nearest --out times.csv",
    "convert": f"convert {SAMPLE}/timetables/2016/bus_coastliner.zip --naptan {SAMPLE}/naptan.csv --as-of 2016-10-11 "
    "--out gtfs.zip",
    "validate": f"validate {FEEDS}/rail.zip",
    "doctor": "doctor --area sample",
    "warm": "warm",
    "docs": "docs",
    "bench": "bench --area sample",
    "config init": f"config init --data {SAMPLE} --name my_area --yes",
    "config show": "config show --area sample",
    "config check": "config check --area sample",
    "config schema": "config schema",
}
"""Command, as it is typed, to what follows ``connectivity``; those of ``my_area`` need an area of your own."""


def fold_example(name: str, *, width: int) -> list[str]:
    """Return the example of a command in lines that a shell takes as one.

    Parameters
    ----------
    name
        As it is typed, such as ``config init``.
    width
        Of the terminal.

    Returns
    -------
    list of str
        Without indentation of the first; all but the last end in a backslash.
    """
    lines: list[str] = []
    for piece in re.split(r" (?=--)", f"connectivity {EXAMPLES[name]}"):
        if lines and len(lines[-1]) + len(piece) + 3 <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(f"    {piece}" if lines else piece)
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def build_epilog(name: str) -> str | None:
    """Return what stands at the end of a command's help; None for a command that only make calls.

    Parameters
    ----------
    name
        As it is typed.

    Returns
    -------
    str or None
        A heading and the example, marked so that the help keeps its lines.
    """
    if name not in EXAMPLES:
        return None
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in fold_example(name, width=74))
