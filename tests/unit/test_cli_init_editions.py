"""``connectivity config init``: which timetables make one snapshot, which several, and which one is left out."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import polars as pl

from pipeline.base.area import Destinations
from pipeline.cli.init_ask import Asker
from pipeline.cli.init_editions import (
    drop_twins,
    explain_grouping,
    explain_twins,
    group_timetables,
    is_edition,
    order_in_time,
)
from pipeline.cli.init_places import find_singular
from pipeline.cli.init_timetables import (
    FoundSnapshot,
    FoundTimetable,
    choose_day,
    name_snapshots,
    read_found_timetable,
)
from tests.support.found_timetables import hold

NOBODY = Asker(is_interactive=False)
RAIL = ("Rail",), ("R1",)


def rail(first: date, last: date, name: str = "rail") -> FoundTimetable:
    return hold(name, first, last, operators=RAIL[0], routes=RAIL[1])


def list_groups(timetables: list[FoundTimetable]) -> list[list[str]]:
    return [[t.path.name for t in s.timetables] for s in group_timetables(timetables)]


def draft_snapshots(*timetables: FoundTimetable) -> list[FoundSnapshot]:
    """Group, date and name, as the command does."""
    snapshots = group_timetables(list(timetables))
    for snapshot in snapshots:
        snapshot.day, snapshot.why = choose_day(snapshot, nation=None)
    name_snapshots(snapshots)
    return snapshots


# --- one snapshot or several -----------------------------------------------------------------------------------------


def test_timetables_of_one_period_make_one_snapshot_and_others_several():
    spring, autumn = (date(2024, 2, 1), date(2024, 5, 31)), (date(2024, 9, 1), date(2024, 12, 15))
    found = list_groups([hold("bus1", *spring), rail(*spring, "rail1"), hold("bus2", *autumn), rail(*autumn, "rail2")])
    assert found == [["bus1", "rail1"], ["bus2", "rail2"]]


def test_a_timetable_that_outlasts_two_others_belongs_to_both():
    bus1, bus2 = (date(2024, 1, 1), date(2024, 3, 31)), (date(2024, 4, 1), date(2024, 6, 30))
    found = list_groups([hold("bus1", *bus1), hold("bus2", *bus2), rail(date(2024, 1, 1), date(2024, 6, 30))])
    assert found == [["bus1", "rail"], ["bus2", "rail"]]


def test_editions_that_overlap_for_some_days_stay_apart():
    found = list_groups(
        [hold("old", date(2023, 6, 5), date(2024, 3, 1)), hold("new", date(2024, 2, 26), date(2024, 11, 22))]
    )
    assert found == [["old"], ["new"]]


def test_an_old_and_a_current_feed_are_two_snapshots_and_the_oldest_is_the_baseline():
    snapshots = draft_snapshots(
        hold("current", date(2024, 1, 1), date(2024, 3, 31)), hold("old", date(2019, 1, 1), date(2019, 3, 31))
    )
    assert [s.timetables[0].path.name for s in snapshots] == ["old", "current"]
    said = explain_grouping(snapshots)
    assert said.startswith("2, one after the other: old and current are an earlier and a later edition")
    assert f"{snapshots[0].id} is the baseline" in said
    assert "--timetable NAME=FILE" in said


def test_two_operators_in_the_same_weeks_are_one_snapshot():
    span = date(2024, 1, 1), date(2024, 3, 31)
    snapshots = draft_snapshots(hold("a", *span), hold("b", *span, operators=("B",)))
    assert [[t.path.name for t in s.timetables] for s in snapshots] == [["a", "b"]]
    assert explain_grouping(snapshots).startswith("1: a and b have service in the same weeks")


def test_two_operators_of_whom_one_begins_later_are_one_snapshot_and_not_a_service_that_vanished():
    found = list_groups([hold("bus", date(2024, 1, 1), date(2024, 4, 14)), rail(date(2024, 4, 1), date(2024, 12, 15))])
    assert found == [["bus", "rail"]]


def test_two_operators_years_apart_are_two_snapshots():
    found = list_groups([hold("bus", date(2019, 1, 1), date(2019, 4, 14)), rail(date(2024, 4, 1), date(2024, 12, 15))])
    assert found == [["bus"], ["rail"]]


def test_editions_whose_weeks_mostly_overlap_are_two_snapshots_each_with_a_day_of_its_own():
    old = hold("old", date(2024, 7, 1), date(2024, 10, 31))
    new = hold("new", date(2024, 9, 2), date(2024, 12, 31))
    snapshots = draft_snapshots(new, old)
    assert [(s.timetables[0].path.name, s.day) for s in snapshots] == [
        ("old", date(2024, 7, 2)),
        ("new", date(2024, 10, 8)),
    ]


def test_files_of_one_operator_with_other_routes_are_no_editions():
    span = date(2024, 1, 1), date(2024, 3, 31)
    north, south = hold("north", *span, routes=("1", "2")), hold("south", *span, routes=("3", "4", "1"))
    assert is_edition(north, hold("again", *span, routes=("1", "2", "9")))
    assert not is_edition(hold("north", *span, routes=("1", "2", "5")), south)
    assert not is_edition(north, hold("b", *span, operators=("B",), routes=("1", "2")))


# --- editions that nothing tells apart -------------------------------------------------------------------------------


def test_of_two_editions_that_nothing_tells_apart_the_smaller_is_left_out_with_the_way_to_compare_them():
    span = date(2019, 4, 15), date(2019, 7, 15)
    thin, full, train = hold("a_thin", *span, n=3), hold("b_old", *span), rail(*span)
    kept, gone = drop_twins([thin, full, train], NOBODY)
    assert [t.path.name for t in kept] == ["b_old", "rail"]
    (said,) = explain_twins(gone, draft_snapshots(*kept))
    assert said.startswith("a_thin is left out: a_thin (276 runs) and b_old (920 runs) are two editions of one")
    assert (
        "--timetable before=b_old --timetable after=a_thin --timetable before=rail --timetable after=rail (exchange"
        in said
    )


def test_a_person_may_keep_both(monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr("typer.confirm", lambda text, **_: bool(asked.append(text)))
    span = date(2019, 4, 15), date(2019, 7, 15)
    kept, gone = drop_twins([hold("a", *span), hold("b", *span)], Asker(is_interactive=True))
    assert (len(kept), gone) == (2, [])
    assert asked[0].endswith("Leave b out?")


def test_the_calendars_tell_which_edition_is_earlier_then_feed_info_and_never_the_name():
    span = date(2024, 1, 1), date(2024, 3, 31)
    shorter = hold("z", date(2024, 1, 1), date(2024, 3, 1), feed_start="20240301", extracted="2024-03-01")
    longer = hold("a", *span, feed_start="20240101", extracted="2024-01-01")
    assert order_in_time(shorter) < order_in_time(longer)
    first = hold("2024-new", *span, extracted="2023-12-20")
    second = hold("2019-old", *span, extracted="2024-01-15")
    snapshots = draft_snapshots(second, first)
    assert [s.timetables[0].path.name for s in snapshots] == ["2024-new", "2019-old"]
    assert drop_twins([first, second], NOBODY)[1] == []
    assert [s.day for s in snapshots] == [date(2024, 1, 2), date(2024, 1, 16)], "a day on which each is known"


def test_a_feed_that_was_renamed_and_copied_has_the_dates_of_its_calendars(root: Path, tmp_path: Path):
    source = root / "data/sample/timetables/2016/bus_council.zip"
    renamed = tmp_path / "bus-2031-01-01.gtfs.zip"
    shutil.copy(source, renamed)
    os.utime(renamed, (1, 1))
    before, after = (read_found_timetable(path, naptan=None, nation=None) for path in (source, renamed))
    assert order_in_time(before) == order_in_time(after)
    assert "by its calendars" in after.describe()
    day, _ = choose_day(FoundSnapshot([after]), nation=None)
    assert day == date(2016, 10, 11)


def test_snapshots_that_were_named_for_one_day_keep_the_order_in_which_they_were_named():
    span = date(2024, 1, 1), date(2024, 2, 1)
    snapshots = [FoundSnapshot([hold("b", *span)], "old", date(2024, 1, 2)), FoundSnapshot([], "new", date(2024, 1, 2))]
    name_snapshots(snapshots)
    assert [s.id for s in snapshots] == ["old", "new"]


def test_a_timetable_with_service_on_a_few_days_after_its_extraction_keeps_its_usual_days():
    made = hold("a", date(2024, 1, 1), date(2024, 3, 31), n=100, extracted="2024-03-30")
    assert made.runs.filter(pl.col("date") > date(2024, 3, 29)).height == 2
    assert choose_day(FoundSnapshot([made]), nation=None)[0] == date(2024, 1, 2), "none of the last days is a weekday"


# --- what places are called ------------------------------------------------------------------------------------------


def test_one_of_several_places_is_named_readably():
    assert {
        words: find_singular(words) for words in ("libraries", "places of worship", "churches", "bus", "parks")
    } == {
        "libraries": "library",
        "places of worship": "place of worship",
        "churches": "church",
        "bus": "bus",
        "parks": "park",
    }


def test_a_category_without_a_label_goes_by_its_words():
    entry = Destinations.model_validate({"category": "sports_halls", "path": "h.csv", "code": "id", "x": "x", "y": "y"})
    assert entry.label == "sports halls"
