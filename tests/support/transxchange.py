"""Small TransXChange documents for tests, from plain trips, stops and calendars."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

NAMESPACE = "http://www.transxchange.org.uk/"


@dataclass(frozen=True)
class Call:
    """A stop and its times, in seconds of the service day; an activity of TransXChange or none."""

    stop: str
    arrival_s: int
    departure_s: int
    activity: str = ""


@dataclass(frozen=True)
class Trip:
    """A journey with its calls.

    Attributes
    ----------
    profile
        XML of its own operating profile, see :func:`build_profile`; empty for that of its service.
    extra
        XML inside ``VehicleJourney`` after ``DepartureTime``, such as timing links or a frequency.
    before
        XML inside ``VehicleJourney`` at its beginning, such as a shift of the day.
    """

    code: str
    calls: Sequence[Call]
    service: str = "S1"
    line: str = "L1"
    direction: str = "outbound"
    headsign: str = ""
    operator: str = ""
    profile: str = ""
    extra: str = ""
    before: str = ""


@dataclass(frozen=True)
class Service:
    """A service with its lines (identifier to name), period and days."""

    code: str = "S1"
    lines: Mapping[str, str] = field(default_factory=lambda: {"L1": "1"})
    first: date | str = date(2019, 1, 1)
    last: date | str | None = date(2019, 12, 31)
    profile: str = ""
    operator: str = "O1"
    mode: str = "bus"
    origin: str = "Here"
    destination: str = "There"
    extra: str = ""


@dataclass(frozen=True)
class Stop:
    """A stop with its location in degrees, or none."""

    code: str
    name: str = "Stop"
    lon: float | None = None
    lat: float | None = None


def _list(tag: str, inner: str) -> str:
    return f"<{tag}>{inner}</{tag}>" if inner else ""


def build_ranges(ranges: Iterable[tuple[date, date]]) -> str:
    """Return ranges of dates as ``DateRange`` elements."""
    return "".join(
        f"<DateRange><StartDate>{first}</StartDate><EndDate>{last}</EndDate></DateRange>" for first, last in ranges
    )


def build_profile(
    days: Sequence[str] | None = ("MondayToFriday",),
    *,
    holidays_only: bool = False,
    weeks: Sequence[str] = (),
    bank_on: Sequence[str] = (),
    bank_off: Sequence[str] = (),
    special_on: Sequence[tuple[date, date]] = (),
    special_off: Sequence[tuple[date, date]] = (),
    working_on: Sequence[str] = (),
    holidays_on: Sequence[str] = (),
    working_off: Sequence[str] = (),
    holidays_off: Sequence[str] = (),
) -> str:
    """Return an operating profile; ``days`` None leaves RegularDayType away, an empty list names no day."""
    regular = (
        "<HolidaysOnly/>" if holidays_only else f"<DaysOfWeek>{''.join(f'<{d}/>' for d in days or ())}</DaysOfWeek>"
    )
    xml = f"<RegularDayType>{regular}</RegularDayType>" if days is not None or holidays_only else ""
    numbers = "".join(f"<WeekNumber>{week}</WeekNumber>" for week in weeks)
    xml += _list("PeriodicDayType", _list("WeekOfMonth", numbers))

    def references(tag: str, codes: Sequence[str]) -> str:
        return _list(tag, "".join(f"<ServicedOrganisationRef>{code}</ServicedOrganisationRef>" for code in codes))

    runs = references("WorkingDays", working_on) + references("Holidays", holidays_on)
    rests = references("WorkingDays", working_off) + references("Holidays", holidays_off)
    xml += _list("ServicedOrganisationDayType", _list("DaysOfOperation", runs) + _list("DaysOfNonOperation", rests))
    on, off = build_ranges(special_on), build_ranges(special_off)
    xml += _list("SpecialDaysOperation", _list("DaysOfOperation", on) + _list("DaysOfNonOperation", off))
    on, off = "".join(f"<{name}/>" for name in bank_on), "".join(f"<{name}/>" for name in bank_off)
    xml += _list("BankHolidayOperation", _list("DaysOfOperation", on) + _list("DaysOfNonOperation", off))
    return f"<OperatingProfile>{xml}</OperatingProfile>"


def build_organisation(
    code: str,
    *,
    working: Sequence[tuple[date, date]] = (),
    holidays: Sequence[tuple[date, date]] = (),
    parent: str = "",
) -> str:
    """Return a serviced organisation."""
    inner = f"<OrganisationCode>{code}</OrganisationCode><Name>{code}</Name>"
    inner += _list("WorkingDays", build_ranges(working)) + _list("Holidays", build_ranges(holidays))
    inner += _list("ParentServicedOrganisationRef", parent)
    return f"<ServicedOrganisation>{inner}</ServicedOrganisation>"


def format_duration(seconds: int) -> str:
    """Return seconds as an XML duration, negative ones too."""
    return f"{'-' if seconds < 0 else ''}PT{abs(seconds)}S"


def format_time(seconds: int) -> str:
    """Return seconds of the day as a time, within one day."""
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _build_usage(tag: str, call: Call, wait_s: int) -> str:
    inner = _list("WaitTime", format_duration(wait_s) if wait_s else "") + _list("Activity", call.activity)
    return f"<{tag}>{inner}<StopPointRef>{escape(call.stop)}</StopPointRef></{tag}>"


def build_section(key: str, calls: Sequence[Call]) -> str:
    """Return a journey pattern section; waits in the middle stand at the end of the incoming link."""
    links = []
    for at, (call, following) in enumerate(pairwise(calls)):
        wait = following.departure_s - following.arrival_s if at + 2 < len(calls) else 0
        run = format_duration(following.arrival_s - call.departure_s)
        links.append(
            f'<JourneyPatternTimingLink id="{key}-{at}">{_build_usage("From", call, 0)}'
            f"{_build_usage('To', following, wait)}<RunTime>{run}</RunTime></JourneyPatternTimingLink>"
        )
    return f'<JourneyPatternSection id="{key}">{"".join(links)}</JourneyPatternSection>'


def _find_shape(trip: Trip) -> tuple[object, ...]:
    start = trip.calls[0].departure_s
    calls = [(call.stop, call.arrival_s - start, call.departure_s - start, call.activity) for call in trip.calls]
    return (trip.service, trip.direction, trip.headsign, *calls)


def _build_service(service: Service, patterns: Sequence[tuple[str, Trip]]) -> str:
    lines = "".join(f'<Line id="{key}"><LineName>{name}</LineName></Line>' for key, name in service.lines.items())
    end = f"<EndDate>{service.last}</EndDate>" if service.last is not None else ""
    inner = "".join(
        f'<JourneyPattern id="JP-{key}">{_list("DestinationDisplay", escape(trip.headsign))}'
        f"<Direction>{trip.direction}</Direction>"
        f"<JourneyPatternSectionRefs>{key}</JourneyPatternSectionRefs></JourneyPattern>"
        for key, trip in patterns
    )
    return (
        f"<Service><ServiceCode>{service.code}</ServiceCode><Lines>{lines}</Lines>"
        f"<OperatingPeriod><StartDate>{service.first}</StartDate>{end}</OperatingPeriod>{service.profile}"
        f"<RegisteredOperatorRef>{service.operator}</RegisteredOperatorRef>{_list('Mode', service.mode)}{service.extra}"
        f"<StandardService><Origin>{service.origin}</Origin><Destination>{service.destination}</Destination>{inner}"
        "</StandardService></Service>"
    )


def _build_journey(trip: Trip, key: str) -> str:
    return (
        f"<VehicleJourney>{trip.before}{_list('OperatorRef', trip.operator)}{trip.profile}"
        f"<VehicleJourneyCode>{trip.code}</VehicleJourneyCode><ServiceRef>{trip.service}</ServiceRef>"
        f"<LineRef>{trip.line}</LineRef><JourneyPatternRef>JP-{key}</JourneyPatternRef>"
        f"<DepartureTime>{format_time(trip.calls[0].departure_s)}</DepartureTime>{trip.extra}</VehicleJourney>"
    )


def _build_stop(stop: Stop) -> str:
    place = ""
    if stop.lon is not None and stop.lat is not None:
        place = f"<Location><Longitude>{stop.lon}</Longitude><Latitude>{stop.lat}</Latitude></Location>"
    return (
        f"<AnnotatedStopPointRef><StopPointRef>{escape(stop.code)}</StopPointRef>"
        f"<CommonName>{escape(stop.name)}</CommonName>{place}</AnnotatedStopPointRef>"
    )


def build_transxchange(
    trips: Sequence[Trip],
    *,
    services: Sequence[Service] = (Service(profile=build_profile()),),
    stops: Sequence[Stop] = (),
    operators: Mapping[str, tuple[str, str]] | None = None,
    organisations: str = "",
    revision: int = 1,
    changed: str = "2019-01-01T00:00:00",
    version: str = "2.4",
    extra: str = "",
) -> str:
    """Return a document.

    Parameters
    ----------
    trips
        Trips of one service, direction, headsign, stops and times between them share a journey pattern.
    services
        Every service that a trip names.
    stops
        Stops that the document describes.
    operators
        Identifier to national code and name.
    organisations
        XML from :func:`build_organisation`.
    revision, changed, version
        Attributes of the root.
    extra
        XML put at the end of the vehicle journeys.

    Returns
    -------
    str
        XML.
    """
    operators = operators or {"O1": ("COAS", "Coast Buses")}
    keys: dict[tuple[object, ...], str] = {}
    patterns: list[tuple[str, Trip]] = []
    for trip in trips:
        shape = _find_shape(trip)
        if shape not in keys:
            keys[shape] = f"JPS{len(keys) + 1}"
            patterns.append((keys[shape], trip))
    firms = "".join(
        f'<Operator id="{key}"><NationalOperatorCode>{code}</NationalOperatorCode><OperatorCode>{key}</OperatorCode>'
        f"<OperatorShortName>{escape(name)}</OperatorShortName></Operator>"
        for key, (code, name) in operators.items()
    )
    parts = (
        _list("ServicedOrganisations", organisations),
        _list("StopPoints", "".join(_build_stop(stop) for stop in stops)),
        _list("JourneyPatternSections", "".join(build_section(key, trip.calls) for key, trip in patterns)),
        _list("Operators", firms),
        _list(
            "Services",
            "".join(
                _build_service(service, [(key, trip) for key, trip in patterns if trip.service == service.code])
                for service in services
            ),
        ),
        _list("VehicleJourneys", "".join(_build_journey(trip, keys[_find_shape(trip)]) for trip in trips) + extra),
    )
    body = "\n".join(part for part in parts if part)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<TransXChange xmlns="{NAMESPACE}" CreationDateTime="{changed}" '
        f'ModificationDateTime="{changed}" Modification="new" RevisionNumber="{revision}" '
        f'SchemaVersion="{version}">\n{body}\n</TransXChange>\n'
    )


def write_transxchange(path: Path, documents: Mapping[str, str | bytes]) -> Path:
    """Write a zip archive of documents (or other members), the same bytes each time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in documents.items():
            archive.writestr(zipfile.ZipInfo(name, (2019, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return path
