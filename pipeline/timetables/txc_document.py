"""One TransXChange document: references followed, days resolved, calls computed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from pipeline.base.errors import InputError
from pipeline.base.notices import NoticeCode, Notices
from pipeline.timetables import txc_codes as codes
from pipeline.timetables.calendars import FIRST_DATE, LAST_DATE
from pipeline.timetables.txc_days import Profile, compute_days, inherit_profile
from pipeline.timetables.txc_elements import Elements, Frequency, RawJourney
from pipeline.timetables.txc_files import DocumentPlace, iter_document
from pipeline.timetables.txc_patterns import Calls, Override, apply_overrides, compute_calls, list_links
from pipeline.timetables.txc_profiles import Reporter, note_organisations
from pipeline.timetables.txc_records import (
    DocumentTables,
    JourneyPattern,
    RouteKey,
    Service,
    Span,
    StopPlace,
    describe_failure,
    pack_calls,
)
from pipeline.timetables.txc_values import DAY_S

HORIZON_DAYS = 365
"""Dates are given up to this many days after the snapshot's date."""
MODES = {
    "": 3,
    "bus": 3,
    "coach": 200,
    "ferry": 4,
    "metro": 1,
    "underground": 1,
    "rail": 2,
    "tram": 0,
    "trolleybus": 11,
    "air": 1100,
}
"""Route type of each mode; a service without one is a bus service, as the schema defines."""
DIRECTIONS = {"outbound": 0, "inbound": 1, "clockwise": 0, "anticlockwise": 1, "antiClockwise": 1}
MAX_LINKS = 2000
"""Most timing links of one journey."""
MAX_DEPARTURES = 2000
"""Most departures of one frequency: every 43 seconds of a day."""


class Snapshot(NamedTuple):
    """What holds for every document of a snapshot.

    Attributes
    ----------
    nation
        Whose bank holidays count.
    reference
        Date of the snapshot, or the latest date of change of its documents where none was given.
    is_assumed
        Whether it was not given; a service that starts later then counts from its start.
    is_strict
        Whether warnings are errors.
    """

    nation: str
    reference: date
    is_assumed: bool
    is_strict: bool


class Whole(NamedTuple):
    """A journey with everything that it takes from the journeys that it refers to."""

    own: RawJourney
    service: str
    line: str
    pattern: str
    operator: str
    direction: str
    display: str
    profile: Profile | None
    wheelchair: int
    overrides: tuple[tuple[Override, ...], ...]


class _Builder:
    """Turns the elements of a document into tables."""

    def __init__(self, elements: Elements, snapshot: Snapshot, tables: DocumentTables, report: Reporter) -> None:
        self.elements, self.snapshot, self.tables, self.report = elements, snapshot, tables, report
        self._by_code: dict[str, RawJourney] = {}
        self._patterns: dict[tuple[object, ...], int | tuple[NoticeCode, str]] = {}
        self._calls: dict[Calls, int] = {}
        self._calendars: dict[tuple[str, Profile], int | None] = {}
        self._periods: dict[str, tuple[date, date] | None] = {}
        self._spans: dict[tuple[str, str], int] = {}
        self._organisations_noted: set[tuple[str, str]] = set()
        self._counts: Counter[tuple[NoticeCode, str]] = Counter()

    def build(self) -> None:
        """Build everything; what was left out is noted."""
        for service in self.elements.services.values():
            self._note_service(service)
        for journey in self.elements.journeys:
            if journey.code in self._by_code:
                self._note(codes.ID_REPEATED, journey, "VehicleJourneyCode")
            self._by_code.setdefault(journey.code, journey)
        for journey in self.elements.journeys:
            self._add_journey(journey)
        for (code, value), count in sorted(self._counts.items(), key=lambda item: (item[0][0].code, item[0][1])):
            self.report.note(code, value=value, count=count)
        for stop in dict.fromkeys(stop for calls in self._calls for stop in calls.stops):
            self.tables.stops[stop] = self.elements.places.get(stop, StopPlace(""))
        self.tables.calls = pack_calls(list(self._calls), list(self.tables.stops))

    def _note(self, code: NoticeCode, journey: RawJourney, field: str, detail: str = "") -> None:
        self.report.notices.add(
            code, file=self.report.file, row=journey.line_number, field=field, value=journey.code, detail=detail
        )

    def _note_service(self, service: Service) -> None:
        def note(code: NoticeCode, field: str) -> None:
            self.report.notices.add(code, file=self.report.file, row=service.line, field=field, value=service.code)

        if service.is_flexible:
            note(codes.FLEXIBLE_APART, "FlexibleService")
        if not service.is_public:
            note(codes.NOT_PUBLIC, "PublicUse")
        if service.mode not in MODES:
            note(codes.MODE_UNKNOWN, "Mode")
        self._periods[service.code] = None
        if service.first is not None and service.first < FIRST_DATE:
            note(codes.PERIOD_CLIPPED, "StartDate")
            service.first = FIRST_DATE
        is_backward = service.first is None or (service.last is not None and service.last < service.first)
        if service.first is None or is_backward or service.first > LAST_DATE:
            note(codes.PERIOD_UNUSABLE, "OperatingPeriod")
            return
        reference = self.snapshot.reference
        if self.snapshot.is_assumed:
            reference = max(reference, service.first)
        horizon = reference + timedelta(days=HORIZON_DAYS)
        if service.last is None or service.last > horizon:
            note(codes.PERIOD_OPEN if service.last is None else codes.PERIOD_CLIPPED, "EndDate")
            if self.snapshot.is_assumed:
                note(codes.SNAPSHOT_DATE_ASSUMED, "EndDate")
        last = min(service.last or horizon, horizon)
        if service.first <= last:
            self._periods[service.code] = service.first, last

    def _follow(self, journey: RawJourney) -> Whole | None:
        """Return a journey with what it inherits; None if a reference leads nowhere or in a circle."""
        chain, seen = [journey], {journey.code}
        while chain[-1].reference and not chain[-1].pattern:
            reference = chain[-1].reference
            found = self._by_code.get(reference)
            if found is None or reference in seen:
                self._note(codes.REFERENCE_UNKNOWN, journey, "VehicleJourneyRef", f"journey {reference}")
                return None
            chain.append(found)
            seen.add(reference)

        def first(name: str) -> str:
            return next((value for item in chain if (value := getattr(item, name))), "")

        profiles = [item.profile for item in chain if item.profile is not None]
        return Whole(
            journey,
            first("service"),
            first("line"),
            first("pattern"),
            first("operator"),
            first("direction"),
            first("display"),
            inherit_profile(*profiles) if profiles else None,
            next((item.wheelchair for item in chain if item.wheelchair), 0),
            tuple(item.overrides for item in reversed(chain) if item.overrides),
        )

    def _find_service(self, whole: Whole) -> tuple[Service, JourneyPattern] | None:
        """Return the service and pattern of a journey; None, with a notice, if it has none that can be used."""
        service = self.elements.services.get(whole.service)
        if service is None and not whole.service and len(self.elements.services) == 1:
            service = next(iter(self.elements.services.values()))
        if service is None:
            self._note(codes.REFERENCE_UNKNOWN, whole.own, "ServiceRef", f"service {whole.service}")
            return None
        if not service.is_public:
            return None
        pattern = service.patterns.get(whole.pattern)
        if pattern is None and service.is_flexible and not service.has_standard:
            self._note(codes.FLEXIBLE_APART, whole.own, "ServiceRef")
            return None
        if pattern is None:
            others = [
                other.patterns[whole.pattern]
                for other in self.elements.services.values()
                if whole.pattern in other.patterns
            ]
            if len(others) != 1:
                self._note(codes.REFERENCE_UNKNOWN, whole.own, "JourneyPatternRef", f"pattern {whole.pattern}")
                return None
            pattern = others[0]
        return service, pattern

    def _find_calendar(self, service: Service, pattern: JourneyPattern, whole: Whole, shift: int) -> int | None:
        period = self._periods[service.code]
        if period is None:
            return None
        profile = inherit_profile(whole.profile, pattern.profile, service.profile)
        own = whole.profile if whole.profile is not None else pattern.profile
        if own is not None and profile != own:
            self._counts[codes.PROFILE_INHERITED, service.code] += 1
        if profile.weekdays is None and profile == Profile():
            self._counts[codes.DAYS_UNSTATED, service.code] += 1
        key = (f"{service.code}\0{shift}", profile)
        if key not in self._calendars:
            if profile.organisations is not None:
                note_organisations(
                    profile.organisations, self.elements.organisations, self._organisations_noted, self.report
                )
            first, last = period
            days = compute_days(
                profile, first, last, nation=self.snapshot.nation, organisations=self.elements.organisations
            )
            ordinals = (np.flatnonzero(days) + first.toordinal() + shift).astype(np.int32)
            if ordinals.size:
                self._calendars[key] = len(self.tables.calendars)
                self.tables.calendars.append(ordinals)
            else:
                self._calendars[key] = None
        return self._calendars[key]

    def _find_pattern(self, service: Service, pattern: JourneyPattern, whole: Whole) -> int | None:
        key = (service.code, pattern.sections, whole.overrides)
        found = self._patterns.get(key)
        if found is None:
            found = self._patterns[key] = self._build_pattern(pattern, whole)
        if isinstance(found, int):
            return found
        code, detail = found
        self._note(code, whole.own, "JourneyPatternRef", detail)
        return None

    def _build_pattern(self, pattern: JourneyPattern, whole: Whole) -> int | tuple[NoticeCode, str]:
        links = list_links(pattern.sections, self.elements.sections)
        if links is None:
            missing = [name for name in pattern.sections if name not in self.elements.sections]
            return codes.REFERENCE_UNKNOWN, f"section {missing[0]} of pattern {whole.pattern}"
        if len(links) > MAX_LINKS:
            return codes.PATTERN_TOO_LONG, f"pattern {whole.pattern} has {len(links):,} links"
        if not links:
            return codes.JOURNEY_TOO_SHORT, f"pattern {whole.pattern} has no links"
        for overrides in whole.overrides:
            links = apply_overrides(links, overrides)
        calls = compute_calls(links)
        if calls is None:
            return codes.TIME_BACKWARD, f"pattern {whole.pattern}"
        for stop in calls.passed:
            self._counts[codes.CALL_PASSED, stop] += 1
        if calls.n_broken:
            self._counts[codes.LINKS_BROKEN, whole.pattern] += calls.n_broken
        if len(calls.stops) < 2 or "" in calls.stops:
            return codes.JOURNEY_TOO_SHORT, f"pattern {whole.pattern}"
        return self._calls.setdefault(calls, len(self._calls))

    def _find_span(self, service: Service, line: str) -> int:
        key = (service.code, line)
        if key not in self._spans:
            first = service.first or date.min
            operator = self.elements.operators.get(service.operator, (service.operator, ""))[0]
            self._spans[key] = len(self.tables.spans)
            self.tables.spans.append(
                Span(operator, service.code, line, service.revision, first, service.last or date.max)
            )
        return self._spans[key]

    def _find_route(self, service: Service, pattern: JourneyPattern, whole: Whole) -> RouteKey:
        reference = whole.operator or pattern.operator or service.operator
        found = self.elements.operators.get(reference)
        if found is None:
            self._counts[codes.OPERATOR_UNKNOWN, reference] += 1
            found = (reference, reference)
        operator, name = found
        if not self.tables.operators.get(operator):
            self.tables.operators[operator] = name
        line = service.lines.get(whole.line)
        if line is None:
            self._counts[codes.LINE_UNKNOWN, whole.line] += 1
            line = next(iter(service.lines.values()), "")
        route = RouteKey(operator, service.code, line)
        if route not in self.tables.routes:
            long_name = service.description or " - ".join(
                part for part in (service.origin, service.destination) if part
            )
            self.tables.routes[route] = (long_name, MODES.get(service.mode, 3))
        return route

    def _add_journey(self, journey: RawJourney) -> None:
        whole = self._follow(journey)
        found = self._find_service(whole) if whole is not None else None
        if whole is None or found is None:
            return
        if journey.departure_s is None or journey.shift_days is None:
            field = "DepartureTime" if journey.departure_s is None else "DepartureDayShift"
            self._note(codes.VALUE_UNREADABLE, journey, field)
            return
        service, pattern = found
        shift = min(0, journey.shift_days)
        calendar = self._find_calendar(service, pattern, whole, shift)
        if calendar is None:
            self._note(codes.JOURNEY_WITHOUT_DATES, journey, "OperatingProfile")
            return
        calls = self._find_pattern(service, pattern, whole)
        if calls is None:
            return
        route = self._find_route(service, pattern, whole)
        span = self._find_span(service, route.line)
        departure = journey.departure_s + DAY_S * max(0, journey.shift_days)
        direction = whole.direction or pattern.direction
        rows = self.tables.journeys
        for suffix, departure_s in self._list_departures(journey, departure):
            rows.code.append(journey.code + suffix)
            rows.route.append(route)
            rows.span.append(span)
            rows.pattern.append(calls)
            rows.calendar.append(calendar)
            rows.departure_s.append(departure_s)
            rows.headsign.append(self._find_headsign(service, pattern, whole, direction))
            rows.direction.append(DIRECTIONS.get(direction))
            rows.wheelchair.append(whole.wheelchair or pattern.wheelchair or service.wheelchair)

    def _find_headsign(self, service: Service, pattern: JourneyPattern, whole: Whole, direction: str) -> str:
        if whole.display or pattern.display:
            return whole.display or pattern.display
        for name in pattern.sections:
            for link in self.elements.sections.get(name, ()):
                if link.display:
                    return link.display
        return service.origin if direction == "inbound" else service.destination

    def _list_departures(self, journey: RawJourney, departure: int) -> list[tuple[str, int]]:
        """Return a suffix for the code and the time of each departure."""
        frequency = journey.frequency
        if frequency is None:
            return [("", departure)]
        times = list_frequency_times(frequency, departure)
        if times is None:
            self._note(codes.FREQUENCY_UNUSABLE, journey, "Frequency")
            return [("", departure)]
        self._note(codes.FREQUENCY_EXPANDED, journey, "Frequency", f"{len(times)} departures")
        return [(f"~{at}" if at else "", time) for at, time in enumerate(times)]


def list_frequency_times(frequency: Frequency, departure: int) -> list[int] | None:
    """List the departures of a journey that is filed as a frequency.

    Parameters
    ----------
    frequency
        As filed.
    departure
        First departure, seconds of the service day.

    Returns
    -------
    list of int or None
        Every interval after the first departure, or at the minutes past each hour, up to and including the end; an
        end before the first departure is that of the next day. None if there is no end or no usable interval.
    """
    if frequency.end_s is None:
        return None
    day = departure - departure % DAY_S
    end = frequency.end_s % DAY_S + day if frequency.end_s < DAY_S else frequency.end_s
    if end < departure:
        end += DAY_S
    if frequency.minutes:
        hours = range(departure // 3600, end // 3600 + 1)
        times = [hour * 3600 + minute * 60 for hour in hours for minute in frequency.minutes]
        return sorted({departure, *(time for time in times if departure <= time <= end)})
    if not frequency.headway_s or frequency.headway_s < 0 or (end - departure) // frequency.headway_s >= MAX_DEPARTURES:
        return None
    return list(range(departure, end + 1, frequency.headway_s))


def read_document(place: DocumentPlace, snapshot: Snapshot) -> DocumentTables:
    """Read one document.

    Parameters
    ----------
    place
        Where it lies.
    snapshot
        What holds for all documents.

    Returns
    -------
    DocumentTables
        With ``failure`` set if it cannot be read.
    """
    notices = Notices(strict=snapshot.is_strict)
    tables = DocumentTables(place.label, notices=notices)
    report = Reporter(notices, place.label)
    elements = Elements(report)
    try:
        elements.read(iter_document(place))
        _Builder(elements, snapshot, tables, report).build()
    except InputError as error:
        return DocumentTables(place.label, notices=notices, failure=describe_failure(error))
    return tables
