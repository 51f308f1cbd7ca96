"""``connectivity status`` as a table that fits a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.stages.plan import State

HEADER = ("stage", "state", "age", "rows", "notices", "seconds", "MB")
HOUR_S = 3600


def describe_status(states: Sequence[State]) -> str:
    """Write what is there as aligned columns.

    Parameters
    ----------
    states
        From :func:`pipeline.stages.plan.build_status`.

    Returns
    -------
    str
        A header and one line for each stage; the last column is the peak of memory.
    """
    rows = [HEADER, *(_list_cells(state) for state in states)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = []
    for row in rows:
        words = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join([*words, *numbers]).rstrip())
    return "\n".join(lines)


def _list_cells(state: State) -> tuple[str, ...]:
    if state.age_s is None:
        return (state.name, "not run", "", "", "", "", "")
    age = f"{state.age_s / HOUR_S:.1f} h" if state.age_s > HOUR_S else f"{state.age_s / 60:.0f} min"
    numbers = (state.n_rows, state.n_notices, state.seconds, state.peak_memory_mb)
    return (state.name, "current" if state.is_current else "out of date", age, *(f"{n:,}" for n in numbers))
