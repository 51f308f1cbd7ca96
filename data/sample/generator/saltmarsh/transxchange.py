"""Write a bus feed as TransXChange 2.1, one document for each line, as the national archives hold them."""

from __future__ import annotations

import itertools
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

from saltmarsh.calendars import get_validity
from saltmarsh.gtfs import ZIP_DATE, Feed
from saltmarsh.lines import COACH, OPERATORS, Line

DAYS = {"MS": "MondayToSaturday", "SU": "Sunday", "ALL": "MondayToSunday", "MF": "MondayToFriday", "SA": "Saturday"}
MODES = {3: "bus", COACH: "coach"}
WAYS = ("outbound", "inbound")


def _write_stops(feed: Feed, line: Line) -> list[str]:
    used = {stop_id for direction in (0, 1) for _, stop_id, _ in feed.build_calls(line, direction)}
    return [
        f"<AnnotatedStopPointRef><StopPointRef>{stop_id}</StopPointRef>"
        f"<CommonName>{escape(feed.stops[stop_id].name)}</CommonName></AnnotatedStopPointRef>"
        for stop_id in sorted(used)
    ]


def _write_section(feed: Feed, line: Line, direction: int) -> list[str]:
    """Return the timing links from call to call of one direction."""
    calls = feed.build_calls(line, direction)
    rows = [f'<JourneyPatternSection id="JPS_{direction}">']
    for number, (before, after) in enumerate(itertools.pairwise(calls), 1):
        rows.append(
            f'<JourneyPatternTimingLink id="JPTL_{direction}_{number}">'
            f'<From SequenceNumber="{number}"><StopPointRef>{before[1]}</StopPointRef>'
            "<TimingStatus>PTP</TimingStatus></From>"
            f'<To SequenceNumber="{number + 1}"><StopPointRef>{after[1]}</StopPointRef>'
            f"<TimingStatus>PTP</TimingStatus></To><RunTime>PT{after[2] - before[2]}M</RunTime>"
            "</JourneyPatternTimingLink>"
        )
    return [*rows, "</JourneyPatternSection>"]


def _write_service(feed: Feed, line: Line) -> list[str]:
    first, last = get_validity(feed.year)
    ends = line.calls[0][0], line.calls[-1][0]
    patterns = [
        f'<JourneyPattern id="JP_{direction}"><Direction>{WAYS[direction]}</Direction>'
        f"<JourneyPatternSectionRefs>JPS_{direction}</JourneyPatternSectionRefs></JourneyPattern>"
        for direction in (0, 1)
    ]
    return [
        f"<Service><ServiceCode>{line.operator_id}_{line.number}</ServiceCode>",
        f'<Lines><Line id="L1"><LineName>{line.number}</LineName></Line></Lines>',
        f"<OperatingPeriod><StartDate>{first}</StartDate><EndDate>{last}</EndDate></OperatingPeriod>",
        f"<RegisteredOperatorRef>{line.operator_id}</RegisteredOperatorRef>",
        f"<Mode>{MODES[line.route_type]}</Mode><Description>{escape(line.name)}</Description>",
        f"<StandardService><Origin>{ends[0]}</Origin><Destination>{ends[1]}</Destination>",
        *patterns,
        "</StandardService></Service>",
    ]


def _write_journeys(line: Line) -> list[str]:
    rows = []
    for group in line.departures:
        for start in group.build_minutes():
            rows.append(
                f"<VehicleJourney><OperatorRef>{line.operator_id}</OperatorRef><OperatingProfile><RegularDayType>"
                f"<DaysOfWeek><{DAYS[group.day_type]}/></DaysOfWeek></RegularDayType></OperatingProfile>"
                f"<VehicleJourneyCode>VJ{len(rows) + 1}</VehicleJourneyCode>"
                f"<ServiceRef>{line.operator_id}_{line.number}</ServiceRef><LineRef>L1</LineRef>"
                f"<JourneyPatternRef>JP_{group.direction}</JourneyPatternRef>"
                f"<DepartureTime>{start // 60:02d}:{start % 60:02d}:00</DepartureTime></VehicleJourney>"
            )
    return rows


def _write_document(feed: Feed, line: Line) -> str:
    first, _ = get_validity(feed.year)
    moment = f"{first}T06:00:00"
    name = escape(OPERATORS[line.operator_id])
    rows = [
        '<?xml version="1.0" encoding="utf-8"?>',
        (
            f'<TransXChange xmlns="http://www.transxchange.org.uk/" CreationDateTime="{moment}" '
            f'ModificationDateTime="{moment}" Modification="new" RevisionNumber="0" SchemaVersion="2.1" '
            f'FileName="{line.operator_id}_{line.number}.xml">'
        ),
        "<StopPoints>",
        *_write_stops(feed, line),
        "</StopPoints>",
        "<JourneyPatternSections>",
        *(row for direction in (0, 1) for row in _write_section(feed, line, direction)),
        "</JourneyPatternSections>",
        (
            f'<Operators><Operator id="{line.operator_id}"><OperatorCode>{line.operator_id}</OperatorCode>'
            f"<OperatorShortName>{name}</OperatorShortName></Operator></Operators>"
        ),
        "<Services>",
        *_write_service(feed, line),
        "</Services>",
        "<VehicleJourneys>",
        *_write_journeys(line),
        "</VehicleJourneys>",
        "</TransXChange>",
        "",
    ]
    return "\n".join(rows)


def write_transxchange(feed: Feed, path: Path) -> None:
    """Write the feed as a zip archive of documents, the same bytes every time."""
    with zipfile.ZipFile(path, "w") as archive:
        for line in feed.lines:
            info = zipfile.ZipInfo(f"{line.operator_id}_{line.number}.xml", ZIP_DATE)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            content = _write_document(feed, line).encode()
            archive.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=9)
