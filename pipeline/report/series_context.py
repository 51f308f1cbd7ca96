"""What a report on a published series must be told beside the tables and the common context."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureInfo:
    """A measure: its kind of day and hours in the tables, and what it is called."""

    day_type: str
    band: str
    label: str

    @property
    def key(self) -> str:
        """Name within pages and addresses, such as ``weekday_all_day``."""
        return f"{self.day_type}_{self.band}"


@dataclass(frozen=True)
class DoubtInfo:
    """Years declared doubtful or missing: the years, which days and where in words, and why."""

    years: str
    scope: str
    reason: str
    is_missing: bool


@dataclass(frozen=True)
class SeriesInfo:
    """A published series: its title, measures (the first leads), regions with labels, and what changes range over.

    ``regions`` holds the regions that are shown, the largest first, without ``all``. ``definitions`` are terms and
    meanings for the method page.
    """

    title: str
    source: str
    measures: tuple[MeasureInfo, ...]
    regions: tuple[tuple[str, str], ...]
    baselines: tuple[str, ...]
    ends: tuple[str, ...]
    span_before: str
    span_after: str
    doubts: tuple[DoubtInfo, ...]
    definitions: tuple[tuple[str, str], ...]
