"""For which day a new timetable stands, what it is called, and whether it says anything new."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.acquire.fetch import Fetcher
from pipeline.acquire.incoming import Incoming
from pipeline.acquire.sources import read_sources
from pipeline.base.errors import ConfigError, InputError
from pipeline.base.load import Project, load_project
from pipeline.base.registered import Registered, RegisteredSnapshot
from pipeline.stages.refresh import _warn_of_the_past
from pipeline.stages.refresh_candidate import (
    Arrival,
    Judge,
    Week,
    build_snapshot,
    decide,
    fetch_arrivals,
    find_snapshot_date,
    get_refresh,
    list_references,
)
from tests.support.gtfs import CALENDAR, STOP_TIMES, build_gtfs, make_calls
from tests.support.hostile_server import Patience

NOW = datetime(2024, 1, 17, 3, tzinfo=UTC)
TODAY = NOW.date()
REFRESH: dict[str, Any] = {"feeds": [{"key": "bus", "path": "bus.zip"}]}


def build_project(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Project:
    """An area with a section ``refresh`` that is never run."""
    monkeypatch.chdir(folder)
    content = {
        "name": "here",
        "title": "Here",
        "data": ".",
        "crs": "EPSG:27700",
        "timezone": "Europe/London",
        "streets": {"path": "streets.osm.pbf"},
        "small_areas": {"path": "small_areas.csv", "code": "code"},
        "destinations": [{"path": "d.csv", "code": "id", "category": "shops", "label": "shop"}],
        "refresh": REFRESH,
        **changes,
    }
    Path("here.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_project("here.yaml")


def arrive(project: Project) -> list[Arrival]:
    """Fetch what lies in the folder, and keep it."""
    incoming = Incoming(Fetcher(read_sources(), Path("data/raw"), Patience().build()), Path("data/incoming/here"))
    arrivals = fetch_arrivals(project, incoming)
    return [Arrival(one.feed, incoming.keep(one.fetched)) for one in arrivals]


def judge(project: Project, today: date = TODAY) -> Judge:
    return Judge(project, today)


def register(project: Project, found: Registered, *, state: str = "accepted") -> tuple[Registered, RegisteredSnapshot]:
    new = build_snapshot(arrive(project), found, judge(project), now=NOW).model_copy(update={"state": state})
    return found.replace(new), new


def later(weeks: int, **more: object) -> list[dict[str, object]]:
    """The calendar, valid some weeks later."""
    dates = {
        "start_date": (date(2024, 1, 1) + timedelta(days=7 * weeks)).strftime("%Y%m%d"),
        "end_date": (date(2024, 3, 31) + timedelta(days=7 * weeks)).strftime("%Y%m%d"),
    }
    return [{**CALENDAR[0], **dates, **more}]


def test_what_arrives_is_named_dated_and_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_gtfs(tmp_path, name="bus.zip")
    project = build_project(tmp_path, monkeypatch)
    _, one = register(project, Registered(area="here"))
    assert (one.id, one.date, one.label, one.state) == ("2024-W04", date(2024, 1, 23), "23 January 2024", "accepted")
    feed = one.feeds[0]
    assert (feed.valid_from, feed.valid_to) == (date(2024, 1, 1), date(2024, 3, 29))
    assert project.resolve(feed.path).read_bytes() == (tmp_path / "bus.zip").read_bytes()


def test_names_that_are_taken_get_a_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_gtfs(tmp_path, name="bus.zip")
    project = build_project(tmp_path, monkeypatch, refresh={**REFRESH, "id_format": "%Y-%m-%d", "label": "%b %Y"})
    found, first = register(project, Registered(area="here"))
    found, second = register(project, found)
    assert [first.id, second.id] == ["2024-01-23", "2024-01-23b"]
    assert second.label == "Jan 2024 (b)"


def test_the_same_and_another_export_are_nothing_and_a_change_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_gtfs(tmp_path, name="bus.zip")
    project = build_project(tmp_path, monkeypatch)
    assert decide(arrive(project), Registered(area="here"), judge(project)) == ("new", None)
    found, one = register(project, Registered(area="here"))
    assert decide(arrive(project), found, judge(project)) == ("nothing", one)
    build_gtfs(tmp_path, name="bus.zip", calendar=later(1), feed_info="feed_version\n2\n")
    assert decide(arrive(project), found, judge(project, TODAY + timedelta(days=7))) == ("nothing", one)
    build_gtfs(tmp_path, name="bus.zip", stop_times=make_calls("T1", [("S1", "08:01:00"), ("S2", "08:10:00")]))
    assert decide(arrive(project), found, judge(project)) == ("new", None)


@pytest.mark.parametrize(("state", "expected"), [("held", "held"), ("candidate", "resume"), ("superseded", "new")])
def test_what_arrives_again_is_recognised_by_the_state_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, expected: str
) -> None:
    build_gtfs(tmp_path, name="bus.zip")
    project = build_project(tmp_path, monkeypatch)
    found, one = register(project, Registered(area="here"), state=state)
    build_gtfs(tmp_path, name="bus.zip", feed_info="feed_version\n2\n")
    assert decide(arrive(project), found, judge(project)) == (expected, None if expected == "new" else one)


def test_a_snapshot_of_the_area_file_is_compared_before_the_first_is_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_gtfs(tmp_path, name="bus.zip")
    build_gtfs(tmp_path, name="own.zip", feed_info="feed_version\n2\n")
    own = {"id": "own", "date": "2024-01-16", "feeds": [{"key": "bus", "path": "own.zip"}]}
    project = build_project(tmp_path, monkeypatch, snapshots=[own])
    assert decide(arrive(project), Registered(area="here"), judge(project)) == ("nothing", None)
    other = build_project(tmp_path, monkeypatch, snapshots=[{**own, "feeds": [{"key": "coach", "path": "own.zip"}]}])
    assert decide(arrive(other), Registered(area="here"), judge(other)) == ("new", None)


def test_a_fingerprint_made_on_another_basis_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_gtfs(tmp_path, name="bus.zip")
    project = build_project(tmp_path, monkeypatch)
    found, one = register(project, Registered(area="here"))
    old = one.model_copy(update={"feeds": [one.feeds[0].model_copy(update={"fingerprint": "0" * 64, "basis": "old"})]})
    build_gtfs(tmp_path, name="bus.zip", feed_info="feed_version\n2\n")
    assert decide(arrive(project), found.replace(old), judge(project)) == ("nothing", old)


def list_days(first: date, n: int) -> tuple[date, ...]:
    return tuple(first + timedelta(days=day) for day in range(n))


@pytest.mark.parametrize(
    ("first", "n", "today", "expected"),
    [
        (date(2024, 1, 1), 90, date(2024, 6, 1), date(2024, 1, 9)),  # over already: its first Tuesday in term
        (date(2024, 1, 1), 90, date(2024, 1, 17), date(2024, 1, 23)),  # in force: the next
        (date(2024, 3, 25), 60, date(2024, 1, 17), date(2024, 4, 23)),  # still to come; Easter holidays until 18 April
        (date(2024, 4, 1), 10, date(2024, 1, 17), date(2024, 4, 2)),  # holidays and nothing else
        (date(2024, 1, 3), 3, date(2024, 1, 17), date(2024, 1, 3)),  # no Tuesday
    ],
)
def test_the_date_is_a_tuesday_in_term(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: date, n: int, today: date, expected: date
) -> None:
    project = build_project(tmp_path, monkeypatch, calendar={"nation": "england"})
    assert find_snapshot_date([Week(list_days(first, n), "")], judge(project, today)) == expected


def test_the_date_is_one_on_which_every_feed_has_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = build_project(tmp_path, monkeypatch)
    weeks = [Week(list_days(date(2024, 1, 1), 30), ""), Week(list_days(date(2024, 1, 17), 30), "")]
    assert find_snapshot_date(weeks, judge(project, date(2023, 1, 1))) == date(2024, 1, 23)
    apart = [Week(list_days(date(2024, 1, 1), 5), ""), Week(list_days(date(2024, 2, 1), 5), "")]
    with pytest.raises(InputError, match="its feeds have no day in common"):
        find_snapshot_date(apart, judge(project))


def test_an_old_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_gtfs(tmp_path, name="bus.zip")
    own = {"id": "own", "date": "2024-10-08", "feeds": [{"key": "bus", "path": "own.zip"}]}
    project = build_project(tmp_path, monkeypatch, snapshots=[own])
    with pytest.raises(InputError, match="no weekday with service from 2024-10-08 on: it ends on 2024-03-29"):
        register(project, Registered(area="here"))


def test_an_area_must_say_what_makes_snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"id": "own", "date": "2024-10-08", "feeds": [{"key": "bus", "path": "own.zip"}]}
    with pytest.raises(ConfigError, match="does not say which timetables") as caught:
        get_refresh(build_project(tmp_path, monkeypatch, snapshots=[own], refresh=None))
    assert "docs/operations.md" in str(caught.value.cure)


def test_a_timetable_without_weekdays_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = dict.fromkeys(["monday", "tuesday", "wednesday", "thursday", "friday"], 0)
    build_gtfs(tmp_path, name="bus.zip", calendar=later(0, **days, saturday=1), stop_times=STOP_TIMES)
    with pytest.raises(InputError, match="no service on any weekday"):
        register(build_project(tmp_path, monkeypatch), Registered(area="here"))


def test_a_folder_that_receives_files_lies_below_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("2024-01-10.zip", "2024-01-17.zip"):
        build_gtfs(tmp_path / "inputs" / "arriving", name=name, feed_info=f"feed_version\n{name}\n")
    feeds = [{"key": "bus", "path": "arriving", "take": "newest"}]
    project = build_project(tmp_path, monkeypatch, data="inputs", refresh={"feeds": feeds})
    _, one = register(project, Registered(area="here"))
    assert one.feeds[0].reference == "arriving/2024-01-17.zip"
    newest = tmp_path / "inputs/arriving/2024-01-17.zip"
    assert project.resolve(one.feeds[0].path).read_bytes() == newest.read_bytes()


def test_a_file_of_this_machine_that_is_missing_is_told_before_another_feed_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = [{"key": "bus", "path": "raw:bods_gtfs?region=all"}, {"key": "rail", "path": "rail.zip"}]
    project = build_project(tmp_path, monkeypatch, refresh={"feeds": feeds})
    with pytest.raises(InputError, match="The file of the feed 'rail' does not exist") as caught:
        list_references(project)
    assert caught.value.file == "rail.zip"


def test_a_timetable_that_has_ended_is_told_to_stand_for_the_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project = build_project(tmp_path, monkeypatch)
    build_gtfs(tmp_path, name="bus.zip")
    candidate = build_snapshot(arrive(project), Registered(area="here"), judge(project), now=NOW)
    _warn_of_the_past(candidate, TODAY)
    assert caplog.text == ""
    _warn_of_the_past(candidate, candidate.feeds[0].valid_to + timedelta(days=1))
    assert "'bus' that has arrived ended on 2024-03-29" in caplog.text
