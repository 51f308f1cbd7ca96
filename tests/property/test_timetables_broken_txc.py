"""However a TransXChange document is broken, it is read with notices or refused with a cure; it never crashes."""

from __future__ import annotations

import re
import tempfile
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.read_transxchange import is_transxchange, read_transxchange
from tests.support.transxchange import (
    Call,
    Service,
    Stop,
    Trip,
    build_organisation,
    build_profile,
    build_transxchange,
)

TERM = [(date(2019, 1, 7), date(2019, 4, 5))]
LINK = (
    "<VehicleJourneyTimingLink><JourneyPatternTimingLinkRef>JPS1-0</JourneyPatternTimingLinkRef>"
    "<RunTime>PT2M</RunTime></VehicleJourneyTimingLink>"
)
FREQUENCY = (
    "<Frequency><EndTime>12:00:00</EndTime>"
    "<Interval><ScheduledFrequency>PT30M</ScheduledFrequency></Interval></Frequency>"
)
CALLS = [Call("A", 32400, 32400, "pickUp"), Call("B", 32700, 32760, "pass"), Call("C", 33000, 33000, "setDown")]
PROFILE = build_profile(
    ["Monday", "NotSunday"],
    weeks=["first", "last"],
    bank_on=["MayDay"],
    bank_off=["AllBankHolidays"],
    special_on=TERM,
    working_on=["SCH"],
)
DOCUMENT = build_transxchange(
    [
        Trip("1", CALLS, profile=PROFILE, extra=LINK, before="<DepartureDayShift>-1</DepartureDayShift>"),
        Trip("2", CALLS, extra=FREQUENCY, operator="O1", headsign="X"),
        Trip("3", CALLS[::2], profile=build_profile(holidays_only=True, bank_on=["MayDay"])),
    ],
    services=[Service(profile=build_profile(), last=None, extra="<PublicUse>true</PublicUse>")],
    stops=[Stop("A", "Quay", -3.0, 51.5)],
    organisations=build_organisation("SCH", working=TERM),
    extra="<VehicleJourney><VehicleJourneyCode>4</VehicleJourneyCode><VehicleJourneyRef>1</VehicleJourneyRef>"
    "<DepartureTime>10:00:00</DepartureTime></VehicleJourney>",
)
ELEMENTS = [match.span() for match in re.finditer(r"<(\w+)(?: [^>]*)?>[^<]*</\1>|<\w+/>", DOCUMENT)]
TEXTS = [match.span(1) for match in re.finditer(r">([^<>\n]+)<", DOCUMENT)]
WEIRD = [
    "",
    "0",
    "-1",
    "PT",
    "PT-5M",
    "P1Y",
    "99:99:99",
    "2019-02-30",
    "0001-01-01",
    "9999-12-31",
    "1",
    "SCH",
    "é",
    "&amp;",
    "x" * 3000,
]


def _read(content: bytes, *, is_dated: bool = True) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.xml"
        file.write_bytes(content)
        is_transxchange(file)
        cure: str | None = "read"
        as_of = date(2019, 6, 1) if is_dated else None
        try:
            timetable = read_transxchange(file, feed="f", notices=Notices(), gazetteer=None, as_of=as_of)
            assert timetable.trips.height > 0
        except InputError as error:
            cure = error.cure
        assert cure


@given(
    st.lists(st.tuples(st.sampled_from(range(len(TEXTS))), st.sampled_from(WEIRD)), min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=150)
def test_any_text_may_be_replaced(changes: list[tuple[int, str]], is_dated: bool) -> None:
    text = DOCUMENT
    for at, new in sorted(dict(changes).items(), reverse=True):
        first, last = TEXTS[at]
        text = text[:first] + new + text[last:]
    _read(text.encode(), is_dated=is_dated)


@given(st.sets(st.sampled_from(range(len(ELEMENTS))), min_size=1, max_size=4), st.booleans())
@settings(max_examples=150)
def test_any_element_may_be_missing_or_there_twice(chosen: set[int], is_double: bool) -> None:
    text = DOCUMENT
    for at in sorted(chosen, reverse=True):
        first, last = ELEMENTS[at]
        text = text[:first] + (text[first:last] * 2 if is_double else "") + text[last:]
    _read(text.encode())


@given(st.integers(0, len(DOCUMENT)), st.binary(max_size=6), st.integers(0, 20))
@settings(max_examples=150)
def test_any_bytes_may_be_damaged_or_cut_off(at: int, new: bytes, length: int) -> None:
    data = DOCUMENT.encode()
    _read(data[:at] + new + data[at + length :])
    _read(data[:at])
