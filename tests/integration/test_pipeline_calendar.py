"""Calendar and duplicates of an area file: what they change, what runs again, and what is said about it."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.support.pipeline import TINY, ProjectFolder


@pytest.fixture(scope="module")
def english(tiny: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The tiny area run again after it was said to lie in England."""
    project = tiny.copy(tmp_path_factory.mktemp("english") / "project")
    project.edit(TINY, "timezone: Europe/London\n", "timezone: Europe/London\ncalendar: {nation: england}\n")
    assert project.make_all() == ["service", "scores", "report", "publish"]
    return project


def test_the_window_of_every_snapshot_is_published_with_its_reason(tiny: ProjectFolder) -> None:
    windows = tiny.read_table("out_run__service_window")
    assert windows["snapshot"].tolist() == ["2016", "2024"]
    assert windows["begins_date"].tolist() == ["2016-10-10", "2024-10-07"]
    assert set(windows["terms_basis"]) == {"none"}
    assert windows["default_date"].tolist() == windows["snapshot_date"].tolist()
    assert windows["explanation"].str.contains("nothing is known of school terms").all()


def test_in_a_nation_the_window_keeps_out_of_school_holidays(english: ProjectFolder) -> None:
    windows = english.read_table("out_run__service_window")
    assert windows["begins_date"].tolist() == ["2016-09-19", "2024-09-16"]
    assert windows["n_out_of_term"].tolist() == [0, 0]
    assert set(windows["terms_basis"]) == {"approximation"}
    notices = english.read_table("out_run__notices")
    codes = notices[notices["stage"] == "service"]["code"].value_counts()
    assert codes["service_window_moved"] == 2
    assert codes["school_terms_approximate"] == 2


def test_duplicates_are_listed_and_their_rules_belong_to_the_snapshot(tiny_copy: ProjectFolder) -> None:
    path = tiny_copy.path / "outputs/tiny/timetables/2024/core_timetable__duplicates.parquet"
    assert pd.read_parquet(path).empty
    rail = "      - {key: rail, path: timetables/2024/rail.zip}\n"
    coast = "      - {key: bus_coastliner, path: timetables/2024/bus_coastliner.zip}\n"
    tiny_copy.edit(TINY, rail, rail + coast)
    assert tiny_copy.make("timetables", "SNAPSHOT=2024").returncode == 0
    listed = pd.read_parquet(path)
    assert (len(listed), set(listed["kind"]), listed["is_removed"].all()) == (24, {"same"}, True)
    assert set(listed["kept_feed"]) == {"bus_coastliner"}
    council = "date: 2024-10-08\n    duplicates: {precedence: {'*': [bus_council]}}\n"
    tiny_copy.edit(TINY, "date: 2024-10-08\n", council)
    plan = tiny_copy.plan()
    assert "timetables/2024" in plan
    assert "timetables/2016" not in plan
    assert tiny_copy.make("timetables", "SNAPSHOT=2024").returncode == 0
    again = pd.read_parquet(path)
    assert set(again["kept_feed"]) == {"bus_council"}
    assert len(again) == len(listed)
