"""Sums up the hostile cases at the end of a run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def collect(reports: Iterable[pytest.TestReport]) -> list[tuple[str, float, float, bool, list[str]]]:
    """What the cases recorded: name, seconds, peak MB, whether there was a traceback, trespasses."""
    return [value for report in reports for name, value in report.user_properties if name == "hostile"]  # type: ignore[misc]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the numbers that docs/security.md quotes."""
    reports = [r for key in ("passed", "failed") for r in terminalreporter.stats.get(key, []) if r.when == "call"]
    found = collect(reports)
    if not found:
        return
    slowest, largest = max(found, key=lambda case: case[1]), max(found, key=lambda case: case[2])
    terminalreporter.section("hostile input")
    terminalreporter.line(
        f"cases run {len(found)}, tracebacks {sum(case[3] for case in found)}, "
        f"writes outside the output folder, connections, programs or pickles {sum(len(case[4]) for case in found)}"
    )
    terminalreporter.line(
        f"longest: {slowest[1]:.1f} s ({slowest[0]}); most memory: {largest[2]:.0f} MB ({largest[0]})"
    )
