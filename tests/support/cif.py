"""Tiny ATCO-CIF files for tests, record by record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def header(made_on: str = "20101001") -> str:
    """Return a file header."""
    return f"ATCO-CIF0500{'Test':<32}{'by hand':<16}{made_on}120000"


def journey(
    calls: Sequence[tuple[str, str]],
    *,
    key: str = "000001",
    first: str = "20101004",
    last: str = "20101031",
    days: str = "1111100",
    term: str = " ",
    bank: str = " ",
    operator: str = "OPA",
    route: str = "12",
    direction: str = "O",
    vehicle: str = "BUS",
    transaction: str = "N",
    after_header: Sequence[str] = (),
) -> list[str]:
    """Return the records of a journey from ``(stop, HHMM)`` pairs; a time of eight digits is arrival and departure."""
    lines = [
        (
            f"QS{transaction}{operator:<4}{key:<6}{first:<8}{last:<8}{days}{term}{bank}{route:<4}{'':<6}{vehicle:<8}{'':<8}"
            f"{direction}"
        ),
        *after_header,
    ]
    for place, (stop, time) in enumerate(calls):
        if place == 0:
            lines.append(f"QO{stop:<12}{time}   T1F0")
        elif place == len(calls) - 1:
            lines.append(f"QT{stop:<12}{time}   T1F0")
        else:
            lines.append(f"QI{stop:<12}{time if len(time) == 8 else time * 2}B   T1F0")
    return lines


def location(stop: str, name: str = "", easting: object = "", northing: object = "") -> list[str]:
    """Return the two records of a location."""
    return [
        f"QLN{stop:<12}{name or stop:<48} B{'':<8}",
        f"QBN{stop:<12}{easting!s:<8}{northing!s:<8}{'':<24}{'':<24}",
    ]


def write_cif(folder: Path, *records: str, name: str = "test.cif", made_on: str = "20101001") -> Path:
    """Write a file of a header and these records."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join([header(made_on), *records]) + "\r\n", encoding="utf-8")
    return path


A_AND_B = [*location("A", "Alpha", 350000, 250000), *location("B", "Beta", 351000, 250500)]
"""Two stops in Herefordshire."""
