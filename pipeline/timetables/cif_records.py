"""From lines of ATCO-CIF to journeys and calls: fixed columns, midnight passing, repetitions, deletions."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.base.notices import NoticeCode, Notices
from pipeline.timetables.cif_codes import (
    ACTIVITY_UNKNOWN,
    CALL_PASSED,
    CALL_WITHOUT_JOURNEY,
    JOURNEY_INCOMPLETE,
    JOURNEY_UNREADABLE,
    RECORD_SKIPPED,
    RECORD_UNKNOWN,
    REPETITION_UNREADABLE,
    TIME_BACKWARD,
    TIME_UNREADABLE,
    TRANSACTION_APPLIED,
    TRANSACTION_UNMATCHED,
)
from pipeline.timetables.cif_files import CifLines
from pipeline.timetables.codes import add_rows

USED = ("AT", "QS", "QE", "QN", "QO", "QI", "QT", "QP", "QL", "QB", "QV", "QD", "QR", "QH", "ZA", "ZN", "ZS")
SKIPPED = ("QA", "QC", "QG", "QJ", "QQ", "QW", "QX", "QY")
"""Alternative names, clusters, interchange times, addresses and associations of journeys."""
CALLS = ("QO", "QI", "QT")
HALF_DAY_MIN = 720
DAY_MIN = 1440
FULL_TIME = r"^[0-9]{2}[0-5][0-9]$"
STARTS = (pl.col("journey") != pl.col("journey").shift(1)).fill_null(value=True)
"""Marks the first of the rows of each journey, which lie together."""
MAX_ROWS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class CifJourneys:
    """Journeys that can be read, and their calls.

    Attributes
    ----------
    headers
        One row a journey: ``journey``, ``file``, ``row``, ``operator``, ``journey_id``, ``first_text``, ``last_text``,
        ``days``, ``term``, ``bank``, ``route``, ``vehicle``, ``direction``, ``is_low_floor``.
    calls
        ``journey``, ``position``, ``stop_id``, ``arrival_min``, ``departure_min``, ``is_pickup``, ``is_dropoff``.
    exceptions
        ``journey``, ``file``, ``row``, ``start_text``, ``end_text``, ``code``.
    """

    headers: pl.DataFrame
    calls: pl.DataFrame
    exceptions: pl.DataFrame


def cut(start: int, length: int, name: str, *, is_stripped: bool = True) -> pl.Expr:
    """Return a field of fixed columns (counted from 0)."""
    field = pl.col("line").str.slice(start, length)
    return (field.str.strip_chars() if is_stripped else field).alias(name)


def note_rows(
    notices: Notices, code: NoticeCode, rows: pl.DataFrame, names: list[str], *, field: str = "", value: str = ""
) -> None:
    """Note rows of a table with ``file`` and ``row``, file by file."""
    for (file,), part in rows.sort("file", "row").group_by("file", maintain_order=True):
        add_rows(notices, code, part, file=names[int(str(file))], field=field, value=value)


def note_other_records(lines: CifLines, notices: Notices) -> None:
    """Count records that are not used, by file and type.

    Parameters
    ----------
    lines
        All lines.
    notices
        Collector.
    """
    blank = pl.col("line").str.strip_chars() == ""
    others = lines.table.filter(~pl.col("kind").is_in(USED) & ~blank)
    counts = others.group_by("file", "kind").agg(pl.len(), pl.col("row").first()).sort("file", "kind")
    for file, kind, count, row in counts.iter_rows():
        code = RECORD_SKIPPED if kind in SKIPPED or kind.startswith("Z") else RECORD_UNKNOWN
        notices.add(code, file=lines.names[file], row=row, field="record type", value=kind, count=count)


def read_journeys(lines: CifLines, notices: Notices) -> CifJourneys:
    """Read all journeys whose header, calls and times can be read.

    Parameters
    ----------
    lines
        All lines.
    notices
        Collector: what cannot be read costs that journey, or that record, only.

    Returns
    -------
    CifJourneys
        Journeys with two calls or more; those that later records delete or revise are gone, repetitions stand as
        journeys of their own.
    """
    table = lines.table.with_columns(pl.col("kind").is_in(["QS", "AT"]).cum_sum().cast(pl.Int32).alias("journey"))
    sizes = table.group_by("file").len().sort("file")
    batch = (sizes["len"].cum_sum() // MAX_ROWS_AT_ONCE).to_list()
    parts = [
        _read_part(table.filter(pl.col("file").is_in(files["file"].implode())), lines.names, notices)
        for files in sizes.with_columns(pl.Series("batch", batch)).partition_by("batch", maintain_order=True)
    ]
    headers, calls, exceptions, repetitions = (pl.concat(tables) for tables in zip(*parts, strict=True))
    headers = _apply_transactions(headers, lines.names, notices)
    is_kept = pl.col("journey").is_in(headers["journey"].implode())
    found = CifJourneys(headers, calls.filter(is_kept), exceptions)
    return _add_repetitions(found, repetitions, lines.names, notices)


def _read_part(table: pl.DataFrame, names: list[str], notices: Notices) -> tuple[pl.DataFrame, ...]:
    """Return headers, calls, exceptions and repetitions of some of the files."""
    headers = _read_headers(table, names, notices)
    parts = table.filter(pl.col("kind").is_in(("QE", "QN", "ZN", "QR", *CALLS)))
    orphans = parts.join(table.filter(pl.col("kind") == "QS").select("journey"), on="journey", how="anti")
    note_rows(notices, CALL_WITHOUT_JOURNEY, orphans, names, value="line")
    parts = parts.filter(pl.col("journey").is_in(headers["journey"].implode()))
    calls = _read_calls(parts, headers, names, notices)
    has_calls = pl.col("journey").is_in(calls["journey"].unique().implode())
    headers = headers.filter(has_calls | (pl.col("transaction") == "D"))
    low = parts.filter(
        pl.col("kind").is_in(["QN", "ZN"]) & pl.col("line").str.to_lowercase().str.contains("low floor", literal=True)
    )
    headers = headers.with_columns(pl.col("journey").is_in(low["journey"].unique().implode()).alias("is_low_floor"))
    exceptions = parts.filter(pl.col("kind") == "QE").select(
        "journey", "file", "row", cut(2, 8, "start_text"), cut(10, 8, "end_text"), cut(18, 1, "code")
    )
    return headers, calls, exceptions, parts.filter(pl.col("kind") == "QR")


def _read_headers(table: pl.DataFrame, names: list[str], notices: Notices) -> pl.DataFrame:
    headers = table.filter(pl.col("kind") == "QS").select(
        "journey",
        "file",
        "row",
        cut(2, 1, "transaction"),
        cut(3, 4, "operator"),
        cut(7, 6, "journey_id"),
        cut(13, 8, "first_text"),
        cut(21, 8, "last_text"),
        cut(29, 7, "days", is_stripped=False),
        cut(36, 1, "term"),
        cut(37, 1, "bank"),
        cut(38, 4, "route"),
        cut(48, 8, "vehicle"),
        cut(64, 1, "direction"),
    )
    good = (
        pl.col("days").str.contains(r"^[01]{7}$")
        & (pl.col("operator") != "")
        & pl.col("transaction").is_in(["N", "R", "D"])
        & pl.col("first_text").str.contains(r"^([0-9]{8})?$")
        & pl.col("last_text").str.contains(r"^([0-9]{8})?$")
    )
    note_rows(notices, JOURNEY_UNREADABLE, headers.filter(~good), names, value="days")
    return headers.filter(good)


def _read_calls(parts: pl.DataFrame, headers: pl.DataFrame, names: list[str], notices: Notices) -> pl.DataFrame:
    """Return the calls of journeys that are whole, in order, with minutes that never decrease."""
    remark = pl.when(pl.col("kind").shift(-1) == "QN").then(pl.col("line").shift(-1))
    rows = parts.with_columns(remark.alias("remark")).filter(pl.col("kind").is_in(CALLS))
    is_middle = pl.col("kind") == "QI"
    calls = rows.select(
        "journey",
        "file",
        "row",
        "kind",
        cut(2, 12, "stop_id"),
        cut(14, 4, "arrival_text"),
        pl.when(is_middle)
        .then(pl.col("line").str.slice(18, 4))
        .otherwise(pl.col("line").str.slice(14, 4))
        .alias("departure_text"),
        pl.when(is_middle).then(pl.col("line").str.slice(22, 1)).otherwise(pl.lit("B")).alias("activity"),
        "remark",
    )
    calls = _drop_incomplete(calls, headers, names, notices)
    texts = ("arrival_text", "departure_text")
    unreadable = ~pl.all_horizontal([pl.col(text).str.contains(FULL_TIME) for text in texts])
    bad = calls.filter(unreadable)
    note_rows(notices, TIME_UNREADABLE, bad, names, value="arrival_text")
    if bad.height:
        calls = calls.filter(~pl.col("journey").is_in(bad["journey"].unique().implode()))
    calls = _unroll_midnight(calls, names, notices)
    return _read_activities(calls, names, notices)


def _drop_incomplete(calls: pl.DataFrame, headers: pl.DataFrame, names: list[str], notices: Notices) -> pl.DataFrame:
    shape = calls.group_by("journey").agg(
        pl.col("kind").first().alias("first"),
        pl.col("kind").last().alias("last"),
        (pl.col("kind") != "QI").sum().alias("n_ends"),
        (pl.col("stop_id") == "").any().alias("has_blank"),
    )
    whole = (pl.col("first") == "QO") & (pl.col("last") == "QT") & (pl.col("n_ends") == 2) & ~pl.col("has_blank")
    kept = shape.filter(whole)["journey"]
    # Deletions carry no calls of their own.
    broken = headers.filter(~pl.col("journey").is_in(kept.implode()) & (pl.col("transaction") != "D"))
    note_rows(notices, JOURNEY_INCOMPLETE, broken, names, value="journey_id")
    return calls.filter(pl.col("journey").is_in(kept.implode()))


def _unroll_midnight(calls: pl.DataFrame, names: list[str], notices: Notices) -> pl.DataFrame:
    """Turn HHMM into minutes; where the clock falls by more than twelve hours, midnight has passed."""

    def minutes(name: str) -> pl.Expr:
        return pl.col(name).str.slice(0, 2).cast(pl.Int32) * 60 + pl.col(name).str.slice(2, 2).cast(pl.Int32)

    calls = calls.with_columns(minutes("arrival_text").alias("arrive"), minutes("departure_text").alias("depart"))
    calls = calls.with_columns(
        pl.when(~STARTS).then(pl.col("arrive") - pl.col("depart").shift(1)).otherwise(0).alias("ride"),
        (pl.col("depart") - pl.col("arrive")).alias("dwell"),
    )
    ride_falls, dwell_falls = (pl.col(name) < -HALF_DAY_MIN for name in ("ride", "dwell"))
    backward = calls.filter(((pl.col("ride") < 0) & ~ride_falls) | ((pl.col("dwell") < 0) & ~dwell_falls))
    if backward.height:
        note_rows(notices, TIME_BACKWARD, backward, names, value="arrival_text")
        calls = calls.filter(~pl.col("journey").is_in(backward["journey"].unique().implode()))
    rides, dwells = ride_falls.cast(pl.Int32), dwell_falls.cast(pl.Int32)
    calls = calls.with_columns((rides + dwells).cum_sum().alias("nights"), dwells.alias("night_here"))
    before = pl.when(STARTS).then(pl.col("nights") - pl.col("night_here")).forward_fill()
    calls = calls.with_columns((pl.col("nights") - before).alias("nights"))
    return calls.with_columns(
        (pl.col("arrive") + DAY_MIN * (pl.col("nights") - pl.col("night_here"))).alias("arrival_min"),
        (pl.col("depart") + DAY_MIN * pl.col("nights")).alias("departure_min"),
    )


def _read_activities(calls: pl.DataFrame, names: list[str], notices: Notices) -> pl.DataFrame:
    """Return who may get on and off; a note right after a call may forbid one of the two."""
    note_rows(
        notices,
        ACTIVITY_UNKNOWN,
        calls.filter(~pl.col("activity").is_in(["B", "P", "S", "N"])),
        names,
        value="activity",
    )
    passed = (pl.col("activity") == "N") & (pl.col("kind") == "QI")
    note_rows(notices, CALL_PASSED, calls.filter(passed), names, value="stop_id")
    remark = pl.col("remark").str.slice(7).str.to_lowercase().str.strip_chars(" .").str.replace_all(r"\s+", " ")
    calls = calls.with_columns(remark.alias("text"))
    set_down = (pl.col("activity") == "S") | pl.col("text").is_in(["set down only", "drop off only"])
    pick_up = (pl.col("activity") == "P") | (pl.col("text") == "pick up only")
    number = pl.int_range(pl.len(), dtype=pl.Int32)
    return calls.filter(~passed).select(
        "journey",
        (number - pl.when(STARTS).then(number).forward_fill()).alias("position"),
        "stop_id",
        "arrival_min",
        "departure_min",
        (~set_down.fill_null(value=False)).alias("is_pickup"),
        (~pick_up.fill_null(value=False)).alias("is_dropoff"),
    )


def _apply_transactions(headers: pl.DataFrame, names: list[str], notices: Notices) -> pl.DataFrame:
    """Let records of type D and R take out the journey that they delete or revise."""
    changes = headers.filter(pl.col("transaction") != "N")
    if changes.is_empty():
        return headers
    gone: set[int] = set()
    same = ["operator", "journey_id", "route"]
    closer = ["direction", "first_text", "days"]
    for change in changes.sort("journey").iter_rows(named=True):
        earlier = headers.filter(
            (pl.col("journey") < change["journey"])
            & (pl.col("transaction") != "D")
            & ~pl.col("journey").is_in(list(gone))
            & pl.all_horizontal([pl.col(name) == change[name] for name in same])
        )
        if earlier.height > 1:
            earlier = earlier.filter(pl.all_horizontal([pl.col(name) == change[name] for name in closer]))
        found = earlier.height == 1
        where = {"file": names[change["file"]], "row": change["row"], "value": change["journey_id"]}
        notices.add(TRANSACTION_APPLIED if found else TRANSACTION_UNMATCHED, **where)
        gone |= {earlier["journey"][0]} if found else set()
        gone |= {change["journey"]} if change["transaction"] == "D" else set()
    return headers.filter(~pl.col("journey").is_in(list(gone)))


def _add_repetitions(journeys: CifJourneys, records: pl.DataFrame, names: list[str], notices: Notices) -> CifJourneys:
    """Add a journey for every repetition (QR): the same calls, later or earlier, on the same days."""
    records = records.filter(pl.col("journey").is_in(journeys.headers["journey"].implode()))
    if records.is_empty():
        return journeys
    fields = records.select(
        "journey", "file", "row", cut(2, 12, "stop_id"), cut(14, 4, "time_text"), cut(18, 6, "repeat_id")
    )
    first = journeys.calls.group_by("journey", "stop_id").agg(pl.col("departure_min").min().alias("at_min"))
    found = fields.join(first, on=["journey", "stop_id"], how="left")
    good = pl.col("time_text").str.contains(FULL_TIME) & pl.col("at_min").is_not_null()
    note_rows(notices, REPETITION_UNREADABLE, found.filter(~good), names, value="stop_id")
    found = found.filter(good).sort("file", "row")
    clock = pl.col("time_text").str.slice(0, 2).cast(pl.Int32) * 60 + pl.col("time_text").str.slice(2, 2).cast(pl.Int32)
    last = int(journeys.headers["journey"].max()) + 1  # type: ignore[arg-type]
    found = found.select(
        pl.col("journey").alias("original"),
        pl.col("row").alias("repeat_row"),
        "repeat_id",
        (clock - pl.col("at_min")).alias("shift_min"),
        pl.int_range(last, last + pl.len(), dtype=pl.Int32).alias("repeat"),
    )

    def repeat(table: pl.DataFrame) -> pl.DataFrame:
        joined = found.join(table, left_on="original", right_on="journey", how="inner")
        return joined.rename({"repeat": "journey"})

    headers = repeat(journeys.headers).with_columns(
        pl.col("repeat_row").alias("row"),
        pl.when(pl.col("repeat_id") == "").then("journey_id").otherwise("repeat_id").alias("journey_id"),
    )
    calls = repeat(journeys.calls).with_columns(
        (pl.col("arrival_min") + pl.col("shift_min")).alias("arrival_min"),
        (pl.col("departure_min") + pl.col("shift_min")).alias("departure_min"),
    )
    return CifJourneys(
        pl.concat([journeys.headers, headers.select(journeys.headers.columns)]),
        pl.concat([journeys.calls, calls.select(journeys.calls.columns)]),
        pl.concat([journeys.exceptions, repeat(journeys.exceptions).select(journeys.exceptions.columns)]),
    )
