"""What was chosen as the 28 days of each snapshot, as a published table, and checks of the days that are analysed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipeline.base.notices import Notices, declare_notice
from pipeline.change.window28 import ServiceWindow
from pipeline.timetables.term_dates import DayKinds

DAY_ON_HOLIDAY = declare_notice(
    "analysis_date_on_holiday",
    "warning",
    "The day that stands for a kind of day is a public holiday, on which service is not the usual one.",
    "Choose another date, saturday or sunday for the snapshot.",
)
DAY_OUT_OF_TERM = declare_notice(
    "analysis_date_out_of_term",
    "info",
    "The weekday examined lies outside the school terms, as far as these are known; buses for schools do not run.",
    "Choose a date in term, or list the terms of the area under calendar.terms.",
)


@dataclass(frozen=True)
class ChosenWindow:
    """A snapshot's 28 days.

    Attributes
    ----------
    snapshot, snapshot_date
        Name and date.
    window
        The 28 days.
    default_date
        The date that the default rule would choose from the timetable, if any.
    """

    snapshot: str
    snapshot_date: date
    window: ServiceWindow
    default_date: date | None


def build_window_table(chosen: Sequence[ChosenWindow], kinds: DayKinds) -> pl.DataFrame:
    """Say of every snapshot which 28 days were chosen and why.

    Parameters
    ----------
    chosen
        The windows of all snapshots.
    kinds
        What is known of public holidays and school terms.

    Returns
    -------
    polars.DataFrame
        ``out_run__service_window``, in the order of ``chosen``.
    """
    rows = []
    for one in chosen:
        days, used = one.window.days, one.window.count_days()
        rows.append(
            {
                "snapshot": one.snapshot,
                "snapshot_date": str(one.snapshot_date),
                "default_date": str(one.default_date) if one.default_date else None,
                "begins_date": str(one.window.monday),
                "first_date": str(one.window.first_date),
                "last_date": str(one.window.last_date),
                "valid_from_date": str(one.window.valid[0]),
                "valid_to_date": str(one.window.valid[1]),
                "n_weekdays": used["weekday"],
                "n_saturdays": used["saturday"],
                "n_sundays": used["sunday"],
                "n_holidays": int(days["is_holiday"].sum()),
                "n_out_of_term": int((~days["is_in_term"].drop_nulls()).sum()) if kinds.basis != "none" else None,
                "terms_basis": kinds.basis,
                "explanation": one.window.explanation,
            }
        )
    counts = dict.fromkeys(["n_weekdays", "n_saturdays", "n_sundays", "n_holidays", "n_out_of_term"], pl.Int32())
    return pl.DataFrame(rows, schema={name: counts.get(name, pl.String()) for name in rows[0]} if rows else counts)


def note_analysis_dates(snapshot: str, days: Mapping[str, date], kinds: DayKinds, notices: Notices) -> None:
    """Note days of analysis that are public holidays or out of term.

    Parameters
    ----------
    snapshot
        Its name.
    days
        Kind of day to the date that stands for it.
    kinds
        What is known of public holidays and school terms.
    notices
        Collector.
    """
    for day_type, day in days.items():
        detail = f"{day_type} of snapshot {snapshot}"
        if kinds.is_holiday(day):
            notices.add(DAY_ON_HOLIDAY, value=str(day), detail=detail)
        elif day_type == "weekday" and kinds.find_is_term(day) is False:
            notices.add(DAY_OUT_OF_TERM, value=str(day), detail=f"{detail}; terms: {kinds.basis}")
