"""What the parts of a profile share: the neighbourhood with its rows of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.profile_columns import LEGS, USEFUL
from pipeline.report.profile_journey import TypicalJourney, read_journeys
from pipeline.report.text import as_text

if TYPE_CHECKING:
    from pipeline.report.context import ReportContext
    from pipeline.report.data import Place, ReportData
    from pipeline.report.facts import Facts

Row = dict[str, object]
Keys = tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """A neighbourhood of a report."""

    report: ReportData
    facts: Facts
    place: Place

    @property
    def context(self) -> ReportContext:
        """Names, wording, dates and parameters."""
        return self.report.context

    @cached_property
    def times(self) -> dict[Keys, Row]:
        """Travel times by category, snapshot, window, direction and set of modes."""
        return self._index(d.TRAVEL_TIME, "category", "snapshot", "window", "direction", "mode_set")

    @cached_property
    def useful(self) -> dict[Keys, Row]:
        """Useful departures by category, snapshot, window and direction."""
        return self._index(USEFUL, "category", "snapshot", "window", "direction")

    @cached_property
    def levels(self) -> dict[Keys, Row]:
        """Service by snapshot, mode, day and band."""
        return self._index(d.SERVICE_LEVEL, "snapshot", "mode", "day_type", "band")

    @cached_property
    def scores(self) -> dict[str, Row]:
        """Scores by snapshot."""
        return {as_text(row["snapshot"]): row for row in self.report.get_rows(d.SCORE, self.place.code)}

    @property
    def score(self) -> Row:
        """Score at the latest snapshot; empty without one."""
        return self.scores.get(self.context.latest.key, {})

    @cached_property
    def journeys(self) -> dict[tuple[str, str], TypicalJourney]:
        """Typical journeys by category and snapshot."""
        rows = self.report.get_rows(LEGS, self.place.code)
        return read_journeys(rows, self.context.categories, self.context.snapshots)

    @property
    def when(self) -> str:
        """Date of the latest timetables in words."""
        return f"timetables of {self.context.name_snapshot(self.context.latest)}"

    def _index(self, table: str, *by: str) -> dict[Keys, Row]:
        rows = self.report.get_rows(table, self.place.code)
        return {tuple(as_text(row[column]) for column in by): row for row in rows}
