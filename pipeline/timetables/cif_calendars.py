"""On which dates a journey of ATCO-CIF runs: days, exceptions, bank holidays, school terms, open ends, handovers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from pipeline.base.notices import NoticeCode, Notices
from pipeline.timetables.cif_codes import (
    CODE_UNKNOWN,
    END_OPEN,
    EXCEPTION_CONTRADICTION,
    EXCEPTION_UNREADABLE,
    HANDOVER,
    HOLIDAY_UNREADABLE,
    SERVICE_WITHOUT_DATES,
    TERM_ASSUMED,
    TERM_CODE_DIGIT,
)
from pipeline.timetables.cif_files import CifLines, parse_date
from pipeline.timetables.cif_records import CifJourneys, note_rows

HORIZON_DAYS = 365
"""A journey without an end runs so many days beyond the timetable's date."""
FAR_YEARS = 10
"""Last dates so many years beyond the timetable's date mean that there is none."""
SUMMERS = {
    "england": ((7, 25), (8, 31)),
    "wales": ((7, 25), (8, 31)),
    "scotland": ((7, 5), (8, 10)),
    "northern_ireland": ((7, 1), (8, 31)),
}
"""First and last day (month, day) of the weeks in summer in which practically all schools of a nation are closed."""
CHRISTMAS = ((12, 24), (1, 1))


@dataclass(frozen=True)
class DayRules:
    """What all journeys of a feed share.

    Attributes
    ----------
    reference
        The timetable's date: that of its snapshot or, failing that, of the file's production.
    bank_holidays
        Dates.
    nation
        Key of :data:`SUMMERS`.
    """

    reference: date
    bank_holidays: frozenset[date]
    nation: str = "england"

    @property
    def horizon(self) -> date:
        """Last date of journeys without an end."""
        return self.reference + timedelta(days=HORIZON_DAYS)

    def is_school_day(self, day: date) -> bool:
        """Say whether a day counts as one of a school term."""
        at = (day.month, day.day)
        start, end = SUMMERS[self.nation]
        return not (start <= at <= end or at >= CHRISTMAS[0] or at <= CHRISTMAS[1])


@dataclass(frozen=True)
class Pattern:
    """When a journey runs, as filed: bounds, days of the week, codes, and exceptions as (first, last, runs)."""

    first: date
    last: date
    days: str
    term: str
    bank: str
    exceptions: tuple[tuple[date, date, bool], ...] = ()


def _iter_days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _is_regular(day: date, pattern: Pattern, rules: DayRules) -> bool:
    """Say whether days of the week and codes let a journey run on a date within its bounds or an exception's."""
    is_flagged = pattern.days[day.weekday()] == "1"
    is_holiday = day in rules.bank_holidays
    if pattern.bank == "B":
        runs = is_holiday and (is_flagged or "1" not in pattern.days)
    elif pattern.bank == "A":
        runs = is_flagged or is_holiday
    else:
        runs = is_flagged and not (pattern.bank == "X" and is_holiday)
    if not runs or pattern.term not in {"S", "H"} or (pattern.bank in {"A", "B"} and is_holiday):
        return runs
    return rules.is_school_day(day) == (pattern.term == "S")


def compute_dates(pattern: Pattern, rules: DayRules) -> tuple[set[date], set[date]]:
    """Compute the dates on which a journey runs.

    In this order: the days of the week between first and last date, changed by bank holidays (A also, B only, X never)
    and school terms (S only then, H only in holidays); exceptions that add; exceptions that remove, which win.
    An exception that adds a single date, or a period without any of the journey's days of the week, adds every date of
    it whatever the codes say; another period adds the journey's days of the week, under the same codes.

    Parameters
    ----------
    pattern
        As filed.
    rules
        Bank holidays and terms.

    Returns
    -------
    tuple of set
        The dates; and those that exceptions both add and remove (they are not among the dates).
    """
    dates = {day for day in _iter_days(pattern.first, pattern.last) if _is_regular(day, pattern, rules)}
    added: set[date] = set()
    removed: set[date] = set()
    for first, last, runs in pattern.exceptions:
        days = _iter_days(first, min(last, first + timedelta(days=20 * 366)))
        if not runs:
            removed |= set(days)
            continue
        flagged = [day for day in days if pattern.days[day.weekday()] == "1"]
        is_explicit = first == last or not flagged
        added |= set(days) if is_explicit else {day for day in flagged if _is_regular(day, pattern, rules)}
    return (dates | added) - removed, added & removed


def read_bank_holidays(lines: CifLines, notices: Notices) -> frozenset[date]:
    """Read the bank holidays that the files list themselves (QH).

    Parameters
    ----------
    lines
        All lines.
    notices
        Collector.

    Returns
    -------
    frozenset of date
        Empty if there are none.
    """
    found = lines.table.filter(pl.col("kind") == "QH").with_columns(
        pl.col("line").str.slice(2, 9).str.extract(r"([0-9]{8})").fill_null("").alias("text")
    )
    dates = [parse_date(text) for text in found["text"].to_list()]
    bad = found.filter(pl.Series([value is None for value in dates], dtype=pl.Boolean))
    note_rows(notices, HOLIDAY_UNREADABLE, bad, lines.names, value="line")
    return frozenset(value for value in dates if value is not None)


def _is_open(text: str, reference: date) -> bool:
    """Say whether a last date means that there is none."""
    return text in {"", "0" * 8, "9" * 8} or int(text[:4]) > reference.year + FAR_YEARS


def build_patterns(
    journeys: CifJourneys, rules: DayRules, names: list[str], notices: Notices
) -> tuple[pl.DataFrame, list[Pattern]]:
    """Read when each journey runs.

    Parameters
    ----------
    journeys
        Headers and exceptions.
    rules
        For ends that are open.
    names
        Names of the files.
    notices
        Collector.

    Returns
    -------
    tuple of polars.DataFrame and list of Pattern
        Headers with ``pattern``, the place of their pattern in the list, and ``first`` and ``last``; without journeys
        whose dates cannot be.
    """
    headers = _read_codes(journeys.headers, names, notices)
    texts = headers.select("first_text", "last_text").unique()
    bounds = texts.with_columns(
        pl.Series("first", [_read_first(text, rules) for text in texts["first_text"].to_list()], dtype=pl.Date),
        pl.Series("last", [_read_last(text, rules) for text in texts["last_text"].to_list()], dtype=pl.Date),
        pl.Series("is_open", [_is_open(text, rules.reference) for text in texts["last_text"].to_list()]),
    )
    headers = headers.join(bounds, on=["first_text", "last_text"], maintain_order="left")
    note_rows(notices, END_OPEN, headers.filter(pl.col("is_open")), names, value="last_text")
    bad = pl.col("first").is_null() | pl.col("last").is_null() | (pl.col("first") > pl.col("last"))
    note_rows(notices, SERVICE_WITHOUT_DATES, headers.filter(bad.fill_null(value=True)), names, value="last_text")
    headers = headers.filter(~bad.fill_null(value=True))
    exceptions = _read_exceptions(journeys, names, notices)
    patterns: dict[Pattern, int] = {}
    places = []
    for journey, first, last, days, term, bank in headers.select(
        "journey", "first", "last", "days", "term", "bank"
    ).iter_rows():
        pattern = Pattern(first, last, days, term, bank, exceptions.get(journey, ()))
        places.append(patterns.setdefault(pattern, len(patterns)))
    return headers.with_columns(pl.Series("pattern", places, dtype=pl.Int32)), list(patterns)


def _read_first(text: str, rules: DayRules) -> date | None:
    """Return the first date; a year before the timetable's date where it is blank."""
    return parse_date(text) if text.strip("0") else rules.reference - timedelta(days=HORIZON_DAYS)


def _read_last(text: str, rules: DayRules) -> date | None:
    return rules.horizon if _is_open(text, rules.reference) else parse_date(text)


def _read_codes(headers: pl.DataFrame, names: list[str], notices: Notices) -> pl.DataFrame:
    """Read the school term and bank holiday indicators."""
    digits = pl.col("term").is_in(["0", "1"])
    unknown = ~(digits | pl.col("term").is_in(["", "S", "H"]))
    note_rows(notices, TERM_CODE_DIGIT, headers.filter(digits), names, field="school term time", value="term")
    note_rows(notices, CODE_UNKNOWN, headers.filter(unknown), names, field="school term time", value="term")
    strange = ~pl.col("bank").is_in(["", "A", "B", "X"])
    note_rows(notices, CODE_UNKNOWN, headers.filter(strange), names, field="bank holidays", value="bank")
    term = pl.col("term").replace_strict({"S": "S", "H": "H", "1": "S"}, default="")
    headers = headers.with_columns(
        term.alias("term"), pl.when(strange).then(pl.lit("")).otherwise("bank").alias("bank")
    )
    assumed = headers.filter(pl.col("term") != "")
    note_rows(notices, TERM_ASSUMED, assumed, names, field="school term time", value="term")
    return headers


def _read_exceptions(
    journeys: CifJourneys, names: list[str], notices: Notices
) -> dict[int, tuple[tuple[date, date, bool], ...]]:
    """Return the exceptions of each journey, sorted; a blank last date means the first."""
    found: dict[int, list[tuple[date, date, bool]]] = {}
    bad = []
    for journey, start, end, code, file, row in journeys.exceptions.select(
        "journey", "start_text", "end_text", "code", "file", "row"
    ).iter_rows():
        first = parse_date(start)
        last = parse_date(end) if end.strip("0") else first
        if last is None and end == "9" * 8 and first is not None:
            last = first + timedelta(days=366 * FAR_YEARS)
        if first is None or last is None or last < first or code not in {"0", "1"}:
            bad.append({"file": file, "row": row, "value": f"{start} {end} {code}"})
            continue
        found.setdefault(journey, []).append((first, last, code == "1"))
    if bad:
        note_rows(notices, EXCEPTION_UNREADABLE, pl.DataFrame(bad), names, value="value")
    return {journey: tuple(sorted(set(items))) for journey, items in found.items()}


def build_service_dates(
    headers: pl.DataFrame, patterns: list[Pattern], rules: DayRules, names: list[str], notices: Notices
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Compute on which dates journeys run, and let the later of two timetables have the day that both claim.

    Where journeys of a route end on the date on which others of the same operator, route and direction begin, the
    former do not run on that date if any of the latter does.

    Parameters
    ----------
    headers, patterns
        From :func:`build_patterns`.
    rules
        Bank holidays and terms.
    names
        Names of the files.
    notices
        Collector.

    Returns
    -------
    tuple of polars.DataFrame
        Headers with ``service_id``, without journeys that never run; and ``service_id``, ``date``.
    """
    computed = [compute_dates(pattern, rules) for pattern in patterns]
    clashing = [place for place, (_, clash) in enumerate(computed) if clash]
    _note(notices, EXCEPTION_CONTRADICTION, headers.filter(pl.col("pattern").is_in(clashing)), names)
    dates = [days for days, _ in computed]
    group = ["operator", "route", "direction"]
    starts: dict[tuple[str, ...], set[date]] = {}
    for *key, first, pattern in headers.select(*group, "first", "pattern").unique().iter_rows():
        if first in dates[pattern]:
            starts.setdefault(tuple(key), set()).add(first)
    is_handed = [
        last in dates[pattern] and first < last and last in starts.get(tuple(key), set())
        for *key, first, last, pattern in headers.select(*group, "first", "last", "pattern").iter_rows()
    ]
    headers = headers.with_columns(pl.Series("is_handed", is_handed, dtype=pl.Boolean))
    _note(notices, HANDOVER, headers.filter(pl.col("is_handed")), names, "last_text")
    sets: dict[tuple[date, ...], int] = {}
    places = []
    for last, pattern, handed in headers.select("last", "pattern", "is_handed").iter_rows():
        days = tuple(sorted(dates[pattern] - ({last} if handed else set())))
        places.append(sets.setdefault(days, len(sets)))
    order = {place: rank for rank, (_, place) in enumerate(sorted(sets.items()), 1)}
    ids = pl.Series("service_id", [f"{order[place]:05d}" for place in places], dtype=pl.String)
    headers = headers.with_columns(ids)
    table = pl.DataFrame(
        [(f"{order[place]:05d}", day) for days, place in sets.items() for day in days],
        schema={"service_id": pl.String, "date": pl.Date},
        orient="row",
    )
    never = headers.filter(~pl.col("service_id").is_in(table["service_id"].unique().implode()))
    _note(notices, SERVICE_WITHOUT_DATES, never, names, "days")
    return headers.filter(pl.col("service_id").is_in(table["service_id"].unique().implode())), table


def _note(notices: Notices, code: NoticeCode, rows: pl.DataFrame, names: list[str], value: str = "journey_id") -> None:
    note_rows(notices, code, rows, names, value=value)
