"""The lines of the district and what became of them: the story's one source."""

from __future__ import annotations

from dataclasses import dataclass, replace

COUNCIL, COASTLINER, RAIL, FERRY = "bus_council", "bus_coastliner", "rail", "ferry"
OPERATORS = {
    "SMBS": "Saltmarsh Buses",
    "MCTR": "Marsh Community Transport",
    "CSTL": "Coastliner",
    "MCRY": "Merrow Coast Railway",
    "GHFC": "Gannet Holm Ferry Company",
}
BUS, COACH, TRAIN, BOAT = 3, 200, 2, 4


def parse_minute(text: str) -> int:
    """Return minutes since midnight of `HH:MM`; hours may exceed 23."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


@dataclass(frozen=True)
class Departures:
    """Departures of one day type and direction: from `first` to `last`, both included, every `every` minutes."""

    day_type: str
    direction: int
    first: int
    last: int
    every: int

    def build_minutes(self) -> list[int]:
        """Return the departure minutes from the line's first stop."""
        return list(range(self.first, self.last + 1, self.every))


@dataclass(frozen=True)
class Line:
    """A line: calls as (place, minutes from the start) outbound, departures, and how its feed writes it."""

    number: str
    name: str
    operator_id: str
    calls: tuple[tuple[str, int], ...]
    departures: tuple[Departures, ...]
    route_type: int = BUS
    feeds: tuple[str, ...] = (COUNCIL,)
    blank_places: frozenset[str] = frozenset()
    has_shape_distance: bool = False
    town_places: frozenset[str] = frozenset()
    exact_times: int | None = None
    generation: str = ""

    @property
    def key(self) -> str:
        """Operator and public number."""
        return f"{self.operator_id}/{self.number}"

    def count_trips(self, day_types: set[str]) -> int:
        """Count the runs of a day on which the given day types run."""
        return sum(len(group.build_minutes()) for group in self.departures if group.day_type in day_types)


def _build(day_type: str, out: str = "", back: str = "") -> tuple[Departures, ...]:
    """Read `first-last/every` of the outbound and the inbound direction; `first` alone is a single run."""
    groups = []
    for direction, text in enumerate((out, back)):
        if not text:
            continue
        span, _, every = text.partition("/")
        first, _, last = span.partition("-")
        groups.append(
            Departures(day_type, direction, parse_minute(first), parse_minute(last or first), int(every or 60))
        )
    return tuple(groups)


BASE_LINES: tuple[Line, ...] = (
    Line("1", "Wrackham - General Hospital - Samphire Estate", "SMBS",
         (("Bus Station A", 0), ("Market Place", 2), ("Limekiln Road", 6), ("General Hospital", 9),
          ("Samphire Shops", 15), ("Samphire Estate", 17)),
         _build("MS", "06:30-23:00/15", "06:50-23:20/15") + _build("SU", "08:30-22:30/30", "08:50-22:50/30")),
    Line("2", "Wrackham - Fernhithe - Staithe", "SMBS",
         (("Bus Station B", 0), ("Ropewalk", 5), ("Bridge North", 8), ("Bridge South", 10), ("Fernhithe Green", 13),
          ("Staithe", 18)),
         _build("MS", "06:20-23:00/20", "06:42-23:22/20") + _build("SU", "09:00-21:00/60", "09:25-21:25/60")),
    Line("3", "Wrackham Circular", "SMBS",
         (("Bus Station A", 0), ("Market Place", 2), ("Quay", 7), ("Limekiln Road", 13), ("General Hospital", 16),
          ("Parkside", 20), ("Northgate", 23), ("Railway Station", 25), ("Bus Station A", 30)),
         _build("MS", "07:00-18:40/20"), exact_times=1),
    Line("4", "Wrackham - Brackwater - Fennick", "SMBS",
         (("Bus Station B", 0), ("Ropewalk", 5), ("Brackwater Estate", 11), ("Fennick", 16)),
         _build("MS", "06:15-22:45/30", "06:35-23:05/30") + _build("SU", "09:15-19:15/120", "09:35-19:35/120")),
    Line("5", "Wrackham - Railway Station - Business Park", "SMBS",
         (("Bus Station A", 0), ("Railway Station", 5), ("Business Park", 12)),
         _build("MF", "06:30-19:50/10", "06:45-20:05/10") + _build("SA", "08:00-17:45/15", "08:15-18:00/15"),
         exact_times=0),
    Line("6", "Dunmarle - Wrackham - General Hospital", "SMBS",
         (("Dunmarle Green", 0), ("Dunmarle Road", 4), ("Fernhithe School", 8), ("Bridge South", 11),
          ("Bridge North", 13), ("Bus Station B", 18), ("Limekiln Road", 23), ("General Hospital", 26)),
         _build("MS", "06:50-21:50/60", "07:25-22:25/60") + _build("SU", "09:50-18:50/180", "10:25-19:25/180")),
    Line("7", "Wrackham - High Carr - Sedgeby", "SMBS",
         (("Bus Station A", 0), ("Railway Station", 5), ("Northgate", 8), ("Hill Farm", 11), ("High Carr Green", 15),
          ("High Carr Church", 16), ("Long Drain", 19), ("Sedgeby Lane End", 21), ("Sedgeby Mill Lane", 23),
          ("Sedgeby Cross", 24), ("Sedgeby Station", 26)),
         _build("MS", "07:05-19:05/60", "07:35-19:35/60"),
         blank_places=frozenset(
             {"Hill Farm", "High Carr Church", "Long Drain", "Sedgeby Lane End", "Sedgeby Mill Lane"})),
    Line("8", "Wrackham - Cawsby Coast Link", "SMBS",
         (("Bus Station A", 0), ("Parkside", 5), ("Coast Road Chapel", 9), ("Cawsby Haven", 13), ("Cawsby Green", 15)),
         _build("MS", "08:20-18:20/120", "08:40-18:40/120")),
    Line("9", "Railway Station - Wrackham - Quay", "SMBS",
         (("Railway Station", 0), ("Bus Station B", 5), ("Market Place", 7), ("Quay", 12)),
         _build("MS", "06:55-19:25/30", "07:10-19:40/30") + _build("SU", "09:55-17:55/60", "10:10-18:10/60")),
    Line("10", "Wrackham - Northgate - High Carr", "SMBS",
         (("Bus Station A", 0), ("Parkside", 5), ("Northgate", 8), ("High Carr Green", 14)),
         _build("MS", "07:25-18:25/60", "07:45-18:45/60"), feeds=(COUNCIL, COASTLINER)),
    Line("X9", "Wrackham - Dunmarle - Teasel End Express", "SMBS",
         (("Bus Station B", 0), ("Fernhithe Green", 8), ("Dunmarle Green", 17), ("Teasel End", 25)),
         _build("MF", "10:00-17:30/150", "07:20-14:50/150"),
         town_places=frozenset({"Bus Station B", "Fernhithe Green"})),
    Line("N1", "Night Bus Wrackham - Fernhithe - Staithe", "SMBS",
         (("Bus Station B", 0), ("Bridge North", 6), ("Bridge South", 8), ("Fernhithe Green", 11), ("Staithe", 16)),
         _build("MS", "24:15-25:15/60")),
    Line("S1", "Fennick - Fernhithe School", "SMBS",
         (("Fennick", 0), ("Brackwater Estate", 5), ("Ropewalk", 11), ("Bridge North", 14), ("Bridge South", 16),
          ("Fernhithe School", 20)),
         _build("SCH", "08:05", "15:35")),
    Line("M1", "Cawsby - High Carr - Wrackham Market Day", "MCTR",
         (("Cawsby Green", 0), ("High Carr Church", 9), ("Bus Station A", 19)),
         _build("THU", "09:30", "12:45")),
    Line("50", "Teasel End - Wrackham - Cawsby", "CSTL",
         (("Teasel End", 0), ("Shore Road", 4), ("Staithe", 10), ("Fernhithe Green", 14), ("Bridge South", 17),
          ("Bridge North", 19), ("Bus Station B", 24), ("Parkside", 29), ("Coast Road Chapel", 33),
          ("Cawsby Haven", 37), ("Cawsby Green", 39)),
         _build("MS", "06:40-20:40/60", "06:55-20:55/60") + _build("SU", "09:40-17:40/120", "09:55-17:55/120"),
         feeds=(COASTLINER,),
         blank_places=frozenset({"Shore Road", "Fernhithe Green", "Coast Road Chapel", "Cawsby Haven"}),
         has_shape_distance=True),
    Line("X51", "Wrackham - Sedgeby - Port Merrow Coach", "CSTL",
         (("Bus Station A", 0), ("Northgate", 6), ("Sedgeby Cross", 17), ("Port Merrow Bus Station", 35),
          ("Port Merrow Infirmary", 38)),
         _build("ALL", "07:30-23:30/120", "06:30-22:30/120"), route_type=COACH, feeds=(COASTLINER,)),
    Line("MCL", "Merrow Coast Line", "MCRY", (("XWR", 0), ("XSE", 7), ("XPM", 16)),
         _build("MS", "06:10-22:40/30", "06:00-22:30/30") + _build("SU", "09:10-21:10/60", "09:00-21:00/60"),
         route_type=TRAIN, feeds=(RAIL,)),
    Line("F1", "Wrackham Quay - Gannet Holm", "GHFC", (("Wrackham Quay Pier", 0), ("Gannet Holm Pier", 15)),
         _build("MS", "07:30-18:30/60", "07:00-18:00/60") + _build("SU", "09:30-17:30/120", "09:00-17:00/120"),
         route_type=BOAT, feeds=(FERRY,)),
)  # fmt: skip

_CUT_LINES = {
    "1": _build("MS", "06:30-19:00/15", "06:50-19:20/15"),
    "2": _build("MS", "06:20-19:00/20", "06:42-19:22/20"),
    "4": _build("MS", "06:15-18:45/30", "06:35-19:05/30"),
    "6": _build("MS", "06:50-17:50/60", "07:25-18:25/60"),
}
_RETIMED_9 = _build("MS", "07:07-19:37/30", "07:22-19:52/30") + _build("SU", "10:07-18:07/60", "10:22-18:22/60")
_EXPRESS_X1 = Line(
    "X1", "Teasel End - Wrackham - General Hospital Express", "SMBS",
    (("Teasel End", 0), ("Bridge South", 13), ("Bus Station B", 19), ("General Hospital", 25)),
    _build("MS", "06:45-18:45/30", "07:15-19:15/30"), generation="2024",
)  # fmt: skip


def _apply_2016(lines: list[Line]) -> list[Line]:
    """Withdraw evenings and Sundays on four lines, and line 8 altogether."""
    return [
        replace(line, departures=_CUT_LINES.get(line.number, line.departures)) for line in lines if line.number != "8"
    ]


def _apply_2019(lines: list[Line]) -> list[Line]:
    """Rename line 7 with new identifiers and end line 6 at the bus station."""
    changed = []
    for line in lines:
        if line.number == "7":
            changed.append(replace(line, number="57", name="Sedgeby Link", generation="2019"))
        elif line.number == "6":
            changed.append(
                replace(line, name="Dunmarle - Wrackham", calls=line.calls[:6], departures=_delay_inbound(line, 8))
            )
        else:
            changed.append(line)
    return changed


def _delay_inbound(line: Line, minutes: int) -> tuple[Departures, ...]:
    """Keep the inbound times at the remaining stops when the outer end of a line is cut off."""
    return tuple(
        replace(group, first=group.first + minutes, last=group.last + minutes) if group.direction == 1 else group
        for group in line.departures
    )


def _apply_2024(lines: list[Line]) -> list[Line]:
    """Retime line 9 by twelve minutes and add the express X1."""
    return [replace(line, departures=_RETIMED_9) if line.number == "9" else line for line in lines] + [_EXPRESS_X1]


def build_lines(year: int) -> list[Line]:
    """Return the lines that truly ran in a year, whether or not every feed was handed in."""
    lines = list(BASE_LINES)
    for since, apply in ((2016, _apply_2016), (2019, _apply_2019), (2024, _apply_2024)):
        if year >= since:
            lines = apply(lines)
    return lines


FORMATS = {(2010, COASTLINER): "atco_cif", (2016, COASTLINER): "transxchange"}
"""Feeds that are not GTFS: each era has its own format."""


def get_format(year: int, feed: str) -> str:
    """Return the format in which a feed was handed in."""
    return FORMATS.get((year, feed), "gtfs")


def get_feeds(year: int) -> tuple[str, ...]:
    """Return the feeds that were handed in for a year: the second operator's is missing in 2019."""
    return (COUNCIL, RAIL, FERRY) if year == 2019 else (COUNCIL, COASTLINER, RAIL, FERRY)
