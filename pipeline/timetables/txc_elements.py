"""The elements of a TransXChange document, each turned into a plain record as the parser comes to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from pipeline.base.xml_files import Element, iter_elements
from pipeline.timetables.calendars import LAST_DATE
from pipeline.timetables.txc_codes import FLEXIBLE_APART, ID_REPEATED, VALUE_UNREADABLE
from pipeline.timetables.txc_days import Organisation, Profile
from pipeline.timetables.txc_files import ROOT_NAME
from pipeline.timetables.txc_patterns import Link, Override, parse_link, parse_overrides
from pipeline.timetables.txc_profiles import Reporter, parse_organisation, parse_profile
from pipeline.timetables.txc_records import JourneyPattern, Service, StopPlace
from pipeline.timetables.txc_values import (
    find_child,
    find_text,
    get_children,
    get_line,
    get_name,
    get_text,
    list_children,
    parse_count,
    parse_date,
    parse_duration_s,
    parse_time_s,
)

IGNORED = (
    "RouteSection",
    "Route",
    "StopArea",
    "Registration",
    "SupportingDocument",
    "Garage",
    "AnnotatedNptgLocalityRef",
)
"""Elements that are only emptied as they pass."""


class Frequency(NamedTuple):
    """Departures at an interval or at minutes past each hour, until a time; None where not stated or unreadable."""

    headway_s: int | None
    minutes: tuple[int, ...]
    end_s: int | None


class RawJourney(NamedTuple):
    """A vehicle journey as filed; empty or None where it says nothing."""

    code: str
    reference: str
    service: str
    line: str
    pattern: str
    departure_s: int | None
    shift_days: int | None
    operator: str
    direction: str
    display: str
    profile: Profile | None
    wheelchair: int
    overrides: tuple[Override, ...]
    frequency: Frequency | None
    line_number: int | None


def _parse_float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124 (not a number)


def parse_wheelchair(operational: Element | None) -> int:
    """Read whether a vehicle can take a wheelchair.

    Parameters
    ----------
    operational
        Parent of ``VehicleType``, or None.

    Returns
    -------
    int
        As in GTFS: 1 yes, 2 no, 0 not stated.
    """
    vehicle = find_child(operational, "VehicleType")
    stated = find_text(vehicle, "WheelchairAccessible").lower()
    if stated in ("true", "1"):
        return 1
    if stated in ("false", "0"):
        return 2
    return 1 if find_text(vehicle, "Description").lower() == "wheelchair accessible" else 0


def _parse_frequency(element: Element | None) -> Frequency | None:
    if element is None:
        return None
    headway, minutes = None, []
    for item in element.iter():
        name, text = get_name(str(item.tag)), get_text(item)
        if name in ("ScheduledFrequency", "MinimumFrequency") and headway is None and text:
            headway = parse_duration_s(text)
        elif name == "MinutesPastTheHour" and (minute := parse_count(text)) is not None and minute < 60:
            minutes.append(minute)
    end = find_text(element, "EndTime")
    return Frequency(headway, tuple(sorted(set(minutes))), parse_time_s(end) if end else None)


def parse_journey(element: Element, report: Reporter) -> RawJourney:
    """Read a vehicle journey.

    Parameters
    ----------
    element
        ``VehicleJourney``.
    report
        Where what cannot be understood is noted.

    Returns
    -------
    RawJourney
        As filed.
    """
    parts: dict[str, Element] = {}
    links = []
    for child in element:
        name = get_name(str(child.tag))
        if name == "VehicleJourneyTimingLink":
            links.append(child)
        else:
            parts.setdefault(name, child)
    text = {name: get_text(child) for name, child in parts.items()}
    shift: int | None = 0
    if stated := text.get("DepartureDayShift", ""):
        digits = stated.lstrip("+-")
        shift = int(stated) if digits.isdecimal() and len(digits) <= 2 else None
    return RawJourney(
        text.get("VehicleJourneyCode", ""),
        text.get("VehicleJourneyRef", ""),
        text.get("ServiceRef", ""),
        text.get("LineRef", ""),
        text.get("JourneyPatternRef", ""),
        parse_time_s(text.get("DepartureTime", "")),
        shift,
        text.get("OperatorRef", ""),
        text.get("Direction", ""),
        text.get("DestinationDisplay", ""),
        parse_profile(parts.get("OperatingProfile"), report),
        parse_wheelchair(parts.get("Operational")),
        parse_overrides(element, links, report),
        _parse_frequency(parts.get("Frequency")),
        get_line(element),
    )


def parse_place(element: Element) -> tuple[str, StopPlace]:
    """Read a stop.

    Parameters
    ----------
    element
        ``AnnotatedStopPointRef`` or ``StopPoint``.

    Returns
    -------
    tuple of str and StopPlace
        Its code, and what is said of it.
    """
    parts = get_children(element)
    code = get_text(parts.get("StopPointRef")) or get_text(parts.get("AtcoCode"))
    name = get_text(parts.get("CommonName")) or find_text(parts.get("Descriptor"), "CommonName")
    location = parts.get("Location")
    if location is None:
        location = find_child(parts.get("Place"), "Location")
    values: dict[str, float | None] = {}
    for source in (location, find_child(location, "Translation")):
        for key, child in get_children(source).items():
            if key in ("Longitude", "Latitude", "Easting", "Northing") and values.get(key) is None:
                values[key] = _parse_float(get_text(child))
    keys = ("Longitude", "Latitude", "Easting", "Northing")
    return code, StopPlace(name, *(values.get(key) for key in keys), get_line(element))  # type: ignore[call-arg,arg-type]


def _parse_patterns(standard: Element | None, report: Reporter) -> dict[str, JourneyPattern]:
    found: dict[str, JourneyPattern] = {}
    for element in list_children(standard, "JourneyPattern"):
        key = element.get("id") or ""
        if key in found:
            report.note(ID_REPEATED, element, field="JourneyPattern", value=key)
            continue
        parts = get_children(element)
        sections = tuple(get_text(child) for child in list_children(element, "JourneyPatternSectionRefs"))
        found[key] = JourneyPattern(
            tuple(name for text in sections for name in text.split()),
            get_text(parts.get("Direction")),
            get_text(parts.get("DestinationDisplay")),
            get_text(parts.get("OperatorRef")),
            parse_profile(parts.get("OperatingProfile"), report),
            parse_wheelchair(parts.get("Operational")),
        )
    return found


def parse_service(element: Element, revision: int, report: Reporter) -> Service:
    """Read a service.

    Parameters
    ----------
    element
        ``Service``.
    revision
        Of the document; 0 if it states none.
    report
        Where what cannot be understood is noted.

    Returns
    -------
    Service
        As filed.
    """
    parts = get_children(element)
    standard = parts.get("StandardService")
    period = get_children(parts.get("OperatingPeriod"))
    own = element.get("RevisionNumber") or ""
    service = Service(
        code=get_text(parts.get("ServiceCode")),
        operator=get_text(parts.get("RegisteredOperatorRef")),
        mode=get_text(parts.get("Mode")).lower(),
        description=get_text(parts.get("Description")),
        origin=find_text(standard, "Origin"),
        destination=find_text(standard, "Destination"),
        first=parse_date(get_text(period.get("StartDate"))),
        profile=parse_profile(parts.get("OperatingProfile"), report),
        wheelchair=parse_wheelchair(element),
        patterns=_parse_patterns(standard, report),
        revision=revision or parse_count(own) or 0,
        has_standard=standard is not None,
        is_flexible="FlexibleService" in parts,
        is_public=get_text(parts.get("PublicUse")).lower() not in ("false", "0"),
        line=get_line(element),
    )
    for line in list_children(parts.get("Lines"), "Line"):
        service.lines.setdefault(line.get("id") or "", find_text(line, "LineName"))
    if end := get_text(period.get("EndDate")):
        service.last = parse_date(end)
        if service.last is None:
            report.note(VALUE_UNREADABLE, element, field="EndDate", value=end)
            service.first = None
    return service


def _parse_operator(element: Element) -> tuple[str, str, str]:
    """Return reference, identifier as published and name."""
    parts = {name: get_text(child) for name, child in get_children(element).items()}
    reference = element.get("id") or parts.get("OperatorCode", "")
    code = parts.get("NationalOperatorCode") or parts.get("OperatorCode") or parts.get("OperatorShortName") or reference
    name = next(
        (parts[key] for key in ("TradingName", "OperatorShortName", "OperatorNameOnLicence") if parts.get(key)), ""
    )
    return reference, code, name


class Elements:
    """Everything that a document holds, collected element by element.

    Parameters
    ----------
    report
        Where what cannot be understood is noted.
    """

    def __init__(self, report: Reporter) -> None:
        self.report = report
        self.revision = 0
        self.changed: date | None = None
        self.operators: dict[str, tuple[str, str]] = {}
        self.organisations: dict[str, Organisation] = {}
        self.places: dict[str, StopPlace] = {}
        self.sections: dict[str, list[Link]] = {}
        self.services: dict[str, Service] = {}
        self.journeys: list[RawJourney] = []
        self._takers: dict[str, Callable[[Element], None]] = {
            "Operator": self._take_operator,
            "LicensedOperator": self._take_operator,
            "ServicedOrganisation": self._take_organisation,
            "AnnotatedStopPointRef": self._take_place,
            "StopPoint": self._take_place,
            "JourneyPatternSection": self._take_section,
            "Service": self._take_service,
            "VehicleJourney": self._take_journey,
            "FlexibleVehicleJourney": self._take_flexible,
        }

    def read(self, blocks: Iterable[bytes]) -> None:
        """Read a document.

        Parameters
        ----------
        blocks
            Its bytes.

        Raises
        ------
        InputError
            If it is no TransXChange, or broken.
        """
        wanted = (*self._takers, *IGNORED)
        for element in iter_elements(blocks, file=self.report.file, root=ROOT_NAME, wanted=wanted):
            name = get_name(str(element.tag))
            if name == ROOT_NAME:
                number = element.get("RevisionNumber") or ""
                self.revision = parse_count(number) or 0
                self.changed = parse_changed(element.get("ModificationDateTime"), element.get("CreationDateTime"))
            elif name in self._takers:
                self._takers[name](element)

    def _is_new(self, key: str, known: object, element: Element, name: str) -> bool:
        if known is None:
            return True
        self.report.note(ID_REPEATED, element, field=name, value=key)
        return False

    def _take_operator(self, element: Element) -> None:
        reference, code, name = _parse_operator(element)
        if self._is_new(reference, self.operators.get(reference), element, "Operator"):
            self.operators[reference] = (code, name)

    def _take_organisation(self, element: Element) -> None:
        found = parse_organisation(element, self.report)
        if self._is_new(found.code, self.organisations.get(found.code), element, "OrganisationCode"):
            self.organisations[found.code] = found

    def _take_place(self, element: Element) -> None:
        code, place = parse_place(element)
        self.places.setdefault(code, place)

    def _take_section(self, element: Element) -> None:
        key = element.get("id") or ""
        if self._is_new(key, self.sections.get(key), element, "JourneyPatternSection"):
            links = list_children(element, "JourneyPatternTimingLink")
            self.sections[key] = [parse_link(link, self.report) for link in links]

    def _take_service(self, element: Element) -> None:
        service = parse_service(element, self.revision, self.report)
        if self._is_new(service.code, self.services.get(service.code), element, "ServiceCode"):
            self.services[service.code] = service

    def _take_journey(self, element: Element) -> None:
        self.journeys.append(parse_journey(element, self.report))

    def _take_flexible(self, element: Element) -> None:
        value = find_text(element, "VehicleJourneyCode")
        self.report.note(FLEXIBLE_APART, element, field="FlexibleVehicleJourney", value=value)


def parse_changed(*stated: str | None) -> date | None:
    """Return the latest of a document's dates of creation and change.

    Parameters
    ----------
    *stated
        Attributes of the root; each may be None.

    Returns
    -------
    datetime.date or None
        None if none can be read, or lies beyond 2100.
    """
    days = (parse_date(text) for text in stated if text)
    return max((day for day in days if day is not None and day <= LAST_DATE), default=None)
