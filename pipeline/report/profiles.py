"""What the page of one neighbourhood shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.car import build_car_table
from pipeline.report.findings import describe_window
from pipeline.report.profile_caveats import collect_caveats, describe_vintage
from pipeline.report.profile_change import build_attribution, build_service_change, build_time_change
from pipeline.report.profile_figure import describe_source
from pipeline.report.profile_journey import build_journey_figure
from pipeline.report.profile_scores import (
    build_comparison,
    build_indicators,
    build_parts_chart,
    build_peers,
    build_rank_chart,
    build_score_chart,
    build_scores,
    build_sensitivity,
    compute_score_medians,
    count_ranked,
    describe_stability,
)
from pipeline.report.profile_service import build_service, build_service_chart, build_service_facts
from pipeline.report.profile_subject import Subject
from pipeline.report.profile_times import build_jobs, build_other_times, build_time_blocks, build_visits, read_nearest
from pipeline.report.score_tables import build_definition_table
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    format_count_of,
    format_integer,
    format_minutes_long,
    format_rank,
    format_reason,
)

if TYPE_CHECKING:
    from pipeline.report.data import Place, ReportData
    from pipeline.report.facts import Facts
    from pipeline.report.profile_figure import Figure
    from pipeline.report.profile_journey import TypicalJourney
    from pipeline.report.profile_times import TimeBlock
    from pipeline.report.tables import Table

__all__ = ["Profile", "ProfileBuilder", "read_nearest"]


@dataclass(frozen=True)
class JourneyBlock:
    """A typical journey to a category: now, at the earliest snapshot, and on the map where it is drawn."""

    now: TypicalJourney
    before: TypicalJourney | None
    figure: Figure | None
    same_as: str = ""

    @property
    def is_unchanged(self) -> bool:
        """Whether the earliest timetables have the same journey, to the minute."""
        return self.before is not None and not self.same_as and self.before.words == self.now.words

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"journey-{self.now.category.key}"


@dataclass(frozen=True)
class Profile:
    """Everything on the page of one neighbourhood; figures and tables that do not apply are None."""

    place: Place
    group_label: str
    vintage: str
    source: str
    source_all: str
    facts: tuple[str, ...]
    time_blocks: tuple[TimeBlock, ...]
    journeys: tuple[JourneyBlock, ...]
    other_times: Table
    jobs: Table | None
    visits: Table | None
    car: Table | None
    service_chart: Figure | None
    service: Table | None
    service_facts: Table | None
    changes: tuple[Table, ...]
    charts: tuple[Figure, ...]
    stability: str
    has_scores: bool
    score_tables: tuple[Table, ...]
    definitions: Table | None
    own_caveats: tuple[str, ...]
    caveats: tuple[str, ...]

    def list_figures(self) -> list[tuple[Figure, str]]:
        """Return every figure with its source line, in the order of the page."""
        latest: list[Figure | None] = [block.figure for block in self.time_blocks]
        latest += [block.figure for block in self.journeys]
        found = [(figure, self.source) for figure in latest if figure is not None]
        if self.service_chart is not None:
            found.append((self.service_chart, self.source_all))
        return found + [(figure, self.source) for figure in self.charts]


class ProfileBuilder:
    """Builds profiles; holds what is the same on every page, so that a page costs little.

    Parameters
    ----------
    report, facts
        The tables.
    max_maps
        On how many maps journeys are drawn; a site of many pages draws one. The others are in words.
    is_alone
        Whether a profile is a file of its own, without pages to link to.
    """

    def __init__(self, report: ReportData, facts: Facts, *, max_maps: int = 1, is_alone: bool = False) -> None:
        self.report, self.facts, self.max_maps, self.is_alone = report, facts, max_maps, is_alone
        self.context = report.context
        self._medians = compute_score_medians(report)
        self._n_ranked = count_ranked(report)

    def build_profile(self, place: Place) -> Profile:
        """Return the profile of one neighbourhood."""
        context, subject = self.context, Subject(self.report, self.facts, place)
        changes = (build_time_change(subject), build_service_change(subject), *build_attribution(subject))
        charts = (
            build_rank_chart(subject, self._n_ranked.get(context.latest.key, 0)),
            build_score_chart(subject),
            build_parts_chart(subject),
        )
        score_tables = (
            build_scores(subject, self._medians),
            build_indicators(subject),
            build_comparison(subject),
            build_peers(subject, has_pages=not self.is_alone),
            build_sensitivity(subject),
        )
        return Profile(
            place=place,
            group_label=context.get_group(place.group).label,
            vintage=describe_vintage(subject),
            source=describe_source(context),
            source_all=describe_source(context, is_latest_only=False),
            facts=tuple(self._describe(subject)),
            time_blocks=build_time_blocks(subject),
            journeys=tuple(self._build_journeys(subject)),
            other_times=build_other_times(subject),
            jobs=build_jobs(subject),
            visits=build_visits(subject),
            car=build_car_table(self.report, place),
            service_chart=build_service_chart(subject),
            service=build_service(subject),
            service_facts=build_service_facts(subject),
            changes=tuple(table for table in changes if table is not None),
            charts=tuple(figure for figure in charts if figure is not None),
            stability=describe_stability(subject.score),
            has_scores=bool(subject.scores),
            score_tables=tuple(table for table in score_tables if table is not None),
            definitions=build_definition_table(context),
            own_caveats=tuple(collect_caveats(subject)),
            caveats=(*context.service_caveats, *context.caveats),
        )

    def _build_journeys(self, subject: Subject) -> list[JourneyBlock]:
        context = self.context
        blocks: list[JourneyBlock] = []
        for category in context.categories:
            now = subject.journeys.get((category.key, context.latest.key))
            if now is None:
                continue
            first = context.snapshots[0]
            before = subject.journeys.get((category.key, first.key)) if first != context.latest else None
            same = next((b for b in blocks if b.now.words == now.words and _is_same_past(b.before, before)), None)
            is_drawn = same is None and sum(block.figure is not None for block in blocks) < self.max_maps
            figure = build_journey_figure(self.report, subject.place, now) if is_drawn else None
            blocks.append(JourneyBlock(now, before, figure, same.now.category.phrase if same else ""))
        return blocks

    def _describe(self, subject: Subject) -> list[str]:
        context = self.context
        window, snapshot = context.primary_window, context.latest
        sentences = []
        for category in context.categories:
            row = subject.times.get((category.key, snapshot.key, window.key, "outward", "all"))
            if row is None:
                continue
            seconds = as_float(row["travel_time_p50_s"])
            lead = f"To {category.phrase}, {describe_window(window)}: "
            if seconds is None:
                reason = format_reason(as_text(row["reason"]), context.method.max_time_min, context.method.max_link_m)
                sentences.append(f"{lead}{reason}.")
                continue
            median = (self.facts.find_times(category.key, snapshot.key, window.key) or {})["all"].median_s
            beside = f" (all {context.noun_plural}: {format_minutes_long(median)})" if median is not None else ""
            sentences.append(f"{lead}{format_minutes_long(seconds)}{beside}.")
        level = subject.levels.get((snapshot.key, "all", "weekday", "all_day"))
        if level is not None and as_text(level["coverage_class"]) != "missing":
            runs = as_float(level["runs_per_day"]) or 0.0
            sentences.append(f"{capitalise(format_count_of(round(runs), 'vehicle run', 'vehicle runs'))} on a weekday.")
        rank = as_float(subject.score.get("rank"))
        if rank is not None:
            text = format_rank(rank, as_float(subject.score.get("rank_low")), as_float(subject.score.get("rank_high")))
            n_ranked = self._n_ranked.get(snapshot.key, 0)
            sentences.append(f"Rank {text} of {format_integer(n_ranked)}, where 1 is the worst connected.")
        return sentences


def _is_same_past(one: TypicalJourney | None, other: TypicalJourney | None) -> bool:
    return (one and one.words) == (other and other.words)
