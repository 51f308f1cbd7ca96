"""What the page of one neighbourhood shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.car import build_car_table
from pipeline.report.profile_caveats import collect_caveats, describe_vintage
from pipeline.report.profile_change import build_attribution, build_loss_table, build_service_change, build_time_change
from pipeline.report.profile_figure import describe_source
from pipeline.report.profile_journey import build_journey_figure
from pipeline.report.profile_numbers import build_key_table
from pipeline.report.profile_scores import (
    build_comparison,
    build_indicators,
    build_parts_chart,
    build_peers,
    build_rank_chart,
    build_score_chart,
    build_scores,
    build_sensitivity,
    describe_stability,
)
from pipeline.report.profile_service import build_service, build_service_chart, build_service_facts
from pipeline.report.profile_subject import Subject
from pipeline.report.profile_summary import describe_in_short, read_beside
from pipeline.report.profile_times import build_jobs, build_other_times, build_time_blocks, build_visits, read_nearest
from pipeline.report.score_tables import build_definition_table

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
    """Everything on the page of one neighbourhood; figures and tables that do not apply are None.

    A page shows a part and folds the rest away: tables whose name begins with ``more_``, the figures of every category
    but the first, and all journeys but the first. Print leaves out what is folded, and says so.
    """

    place: Place
    group_label: str
    vintage: str
    source: str
    source_all: str
    facts: tuple[str, ...]
    key_numbers: Table | None
    overview: Figure | None
    time_blocks: tuple[TimeBlock, ...]
    visits: Table | None
    car: Table | None
    more_times: tuple[Table, ...]
    journeys: tuple[JourneyBlock, ...]
    service_chart: Figure | None
    service_facts: Table | None
    more_service: tuple[Table, ...]
    changes: tuple[Table, ...]
    more_changes: tuple[Table, ...]
    charts: tuple[Figure, ...]
    stability: str
    has_scores: bool
    score_tables: tuple[Table, ...]
    more_scores: tuple[Table, ...]
    definitions: Table | None
    own_caveats: tuple[str, ...]
    caveats: tuple[str, ...]

    @property
    def opened(self) -> TimeBlock | None:
        """The category whose windows stand open: the first that has a picture or says why it has none."""
        return next((block for block in self.time_blocks if block.figure or block.undrawn), None)

    @property
    def folded(self) -> tuple[TimeBlock, ...]:
        """The other categories."""
        return tuple(block for block in self.time_blocks if block is not self.opened)

    def list_figures(self) -> list[tuple[Figure, str]]:
        """Return every figure with its source line, in the order of the page."""
        latest: list[Figure | None] = [self.overview, *(block.figure for block in self.time_blocks)]
        latest += [block.figure for block in self.journeys]
        found = [(figure, self.source) for figure in latest if figure is not None]
        if self.service_chart is not None:
            found.append((self.service_chart, self.source_all))
        return found + [(figure, self.source) for figure in self.charts]

    def list_folded(self) -> list[tuple[str, str]]:
        """Return what a page folds away and print leaves out: words, and the anchor where it stands."""
        found = [
            (f"{block.title}: every minute of every window, and departures", block.anchor)
            for block in self.folded
            if block.figure is not None
        ]
        tables = [block.departures for block in self.time_blocks[:1] if block.departures is not None]
        tables += [*self.more_times, *self.more_service, *self.more_changes, *self.more_scores]
        found += [(table.caption, table.anchor) for table in tables]
        legs = [block for block in self.journeys[1:] if not block.same_as]
        found += [(f"The journey to {block.now.category.phrase}, leg by leg", block.anchor) for block in legs]
        return found


def _drop_none(*tables: Table | None) -> tuple[Table, ...]:
    return tuple(table for table in tables if table is not None)


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
        self._beside = read_beside(report)

    def build_profile(self, place: Place) -> Profile:
        """Return the profile of one neighbourhood."""
        context, subject = self.context, Subject(self.report, self.facts, place)
        charts = (
            build_rank_chart(subject, self._beside.n_ranked.get(context.latest.key, 0)),
            build_score_chart(subject),
            build_parts_chart(subject),
        )
        overview, blocks = build_time_blocks(subject)
        other = build_other_times(subject)
        return Profile(
            place=place,
            group_label=context.get_group(place.group).label,
            vintage=describe_vintage(subject),
            source=describe_source(context),
            source_all=describe_source(context, is_latest_only=False),
            facts=tuple(describe_in_short(subject, self._beside)),
            key_numbers=build_key_table(subject, self._beside),
            overview=overview,
            time_blocks=blocks,
            visits=build_visits(subject),
            car=build_car_table(self.report, place),
            more_times=_drop_none(other if other.rows else None, build_jobs(subject)),
            journeys=tuple(self._build_journeys(subject)),
            service_chart=build_service_chart(subject),
            service_facts=build_service_facts(subject),
            more_service=_drop_none(build_service(subject)),
            changes=_drop_none(build_time_change(subject), build_service_change(subject), build_loss_table(subject)),
            more_changes=tuple(build_attribution(subject)),
            charts=tuple(figure for figure in charts if figure is not None),
            stability=describe_stability(subject.score),
            has_scores=bool(subject.scores),
            score_tables=_drop_none(build_scores(subject, self._beside.medians), build_comparison(subject)),
            more_scores=_drop_none(
                build_indicators(subject),
                build_peers(subject, has_pages=not self.is_alone),
                build_sensitivity(subject),
            ),
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


def _is_same_past(one: TypicalJourney | None, other: TypicalJourney | None) -> bool:
    return (one and one.words) == (other and other.words)
