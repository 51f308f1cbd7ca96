"""Errors, notices, atomic files, clock, configuration, manifests and table declarations."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from pipeline.base import notices as notices_module
from pipeline.base.area import Area
from pipeline.base.clock import format_time, parse_time_s, service_day_offset_s
from pipeline.base.config import Settings, Span
from pipeline.base.errors import ConfigError, InputError, PipelineError
from pipeline.base.geo import compute_haversine_m
from pipeline.base.hashing import hash_file, hash_value
from pipeline.base.io import remove_leftovers, staged_file, staged_folder, write_parquet, write_text
from pipeline.base.load import check_model, load_project, merge
from pipeline.base.manifest import StageRun, read_manifest, record_stage
from pipeline.base.notices import MAX_EXAMPLES, NoticeCode, Notices, declare_notice
from pipeline.base.tables import TABLES, check_table
from pipeline.base.yaml_files import read_yaml

DOUBT = NoticeCode("test_doubt", "warning", "Something is doubtful.", "Mend it.")
REMARK = NoticeCode("test_remark", "info", "A remark.", "Nothing.")


@pytest.fixture(autouse=True)
def declared(monkeypatch):
    """Declare the two codes for a test only, so that they stay out of the list of notices."""
    for code in (DOUBT, REMARK):
        monkeypatch.setitem(notices_module._DECLARED, code.code, code)


def test_errors_say_what_where_and_the_cure():
    error = InputError("It is broken.", file="stops.txt", row=7, field="stop_lat", cure="Correct it.")
    assert str(error) == "It is broken.\n  where: stops.txt, row 7, field stop_lat\n  cure:  Correct it."
    assert error.exit_code == 4


def test_notices_count_everything_and_keep_some_examples():
    notices = Notices()
    for row in range(MAX_EXAMPLES + 500):
        notices.add(DOUBT, file="a/b.csv", row=row, value=row)
    notices.add(REMARK, count=40)
    assert notices.counts() == {"test_doubt": MAX_EXAMPLES + 500, "test_remark": 40}
    frame = notices.to_frame()
    assert frame.groupby("code")["count"].sum().to_dict() == notices.counts()
    assert len(frame) == MAX_EXAMPLES + 2
    assert set(frame["file"]) == {"b.csv", ""}
    assert notices.describe() == "1,500 warnings, 40 notes"


def test_extending_notices_loses_no_count():
    one, other = Notices(), Notices()
    for n in range(900):
        one.add(DOUBT, row=n)
        other.add(DOUBT, row=n)
    one.extend(other)
    assert one.counts() == {"test_doubt": 1800}
    assert one.to_frame()["count"].sum() == 1800


def test_strict_turns_warnings_into_errors_but_not_remarks():
    notices = Notices(strict=True)
    notices.add(REMARK)
    with pytest.raises(InputError, match="test_doubt"):
        notices.add(DOUBT, file="x.csv", row=3)


def test_a_code_cannot_be_declared_twice_differently():
    assert declare_notice("test_doubt", "warning", "Something is doubtful.", "Mend it.") is not None
    with pytest.raises(ValueError, match="declared twice"):
        declare_notice("test_doubt", "info", "Else.", "Else.")


def test_a_failed_write_leaves_the_earlier_file_and_no_traces(tmp_path):
    path = tmp_path / "table.txt"
    write_text("good", path)

    def fail():
        with staged_file(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "good"
    assert [p.name for p in tmp_path.iterdir()] == ["table.txt"]


def test_a_folder_is_swapped_as_a_whole(tmp_path):
    path = tmp_path / "folder"
    for text in ("one", "two"):
        with staged_folder(path) as temporary:
            (temporary / f"{text}.txt").write_text(text)
    assert [p.name for p in path.iterdir()] == ["two.txt"]

    def fail():
        with staged_folder(path):
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    folder = tmp_path / "stage"
    folder.mkdir()
    (folder / "a.parquet.part-12345678").write_text("half")
    (tmp_path / "stage.part-abcdef12").mkdir()
    (tmp_path / "other.part-abcdef12").mkdir()
    assert remove_leftovers(folder) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.part-abcdef12", "stage"]


def test_equal_tables_give_equal_bytes(tmp_path):
    frame = pd.DataFrame({"a": [1.5, np.nan], "b": ["x", None]})
    for name in ("one", "two"):
        write_parquet(frame, tmp_path / f"{name}.parquet")
    assert hash_file(tmp_path / "one.parquet") == hash_file(tmp_path / "two.parquet")


def test_hashes_do_not_depend_on_the_order_of_keys():
    assert hash_value({"a": 1, "b": [1, 2]}) == hash_value({"b": [1, 2], "a": 1})
    assert hash_value({"a": 1}) != hash_value({"a": 2})


@pytest.mark.parametrize(("text", "seconds"), [("7:05:00", 25_500), ("07:05", 25_500), ("25:10:00", 90_600)])
def test_times_of_day(text, seconds):
    assert parse_time_s(text) == seconds
    assert parse_time_s(format_time(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "7", "07:60:00", "seven", "-1:00:00", "07:00:00:00"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="not a time"):
        parse_time_s(text)


def test_service_days_are_not_always_24_hours_apart():
    assert service_day_offset_s(date(2024, 10, 8), date(2024, 10, 7), "Europe/London") == -86_400
    # clocks go back on 27 October 2024: noon to noon is 25 hours
    assert service_day_offset_s(date(2024, 10, 27), date(2024, 10, 26), "Europe/London") == -90_000
    assert service_day_offset_s(date(2024, 3, 31), date(2024, 3, 30), "Europe/London") == -82_800


def test_distances_on_the_sphere():
    quarter = compute_haversine_m(0, 0, 90, 0)
    assert float(quarter) == pytest.approx(np.pi / 2 * 6_371_009)


def test_windows_must_not_end_before_they_begin():
    with pytest.raises(ValueError, match="ends before it begins"):
        Span(start="10:00", end="07:00")


def test_merging_replaces_only_what_is_said():
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 5}}) == {"a": {"b": 1, "c": 5}, "d": 3}


def test_an_unknown_key_is_named_with_row_and_suggestion(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("walking:\n  speed_kph: 4\n", "utf-8")
    with pytest.raises(ConfigError, match="unknown") as error:
        check_model(Settings, read_yaml(path), path)
    assert (error.value.row, error.value.field) == (2, "walking.speed_kph")
    assert error.value.cure == "Did you mean 'speed_kmh'?"


@pytest.mark.parametrize(
    ("text", "match"), [("a: 1\na: 2\n", "stands twice"), ("a: [1\n", "not valid YAML"), ("- 1\n", "keys and values")]
)
def test_broken_yaml_is_named_with_its_row(tmp_path, text, match):
    path = tmp_path / "area.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=match):
        read_yaml(path)


def test_yaml_cannot_run_anything(tmp_path):
    path = tmp_path / "area.yaml"
    path.write_text("a: !!python/object/apply:os.getcwd []\n", "utf-8")
    with pytest.raises(ConfigError):
        read_yaml(path)


def test_a_window_is_taken_away_by_null():
    settings = Settings.model_validate({"windows": {"sunday": None, "morning": {"label": "M", "day_type": "weekday"}}})
    assert list(settings.windows) == ["morning"]


@pytest.mark.parametrize("area", ["sample", "newport", "porto_alegre"])
def test_area_files_load(area, root, tmp_path):
    project = load_project(str(root / "config" / "areas" / f"{area}.yaml"), data=str(tmp_path))
    assert project.area.name == area
    assert project.settings.windows


def test_snapshots_must_stand_in_order_and_on_weekdays(root):
    content = read_yaml(root / "config" / "areas" / "sample.yaml")
    content["snapshots"] = content["snapshots"][::-1]
    with pytest.raises(ValueError, match="order of their dates"):
        Area.model_validate(content)
    content["snapshots"][0]["date"] = "2024-10-12"
    with pytest.raises(ValueError, match="no weekday"):
        Area.model_validate(content)


@pytest.mark.parametrize(("key", "day"), [("saturday", "2024-10-13"), ("sunday", "2024-10-12")])
def test_days_of_the_weekend_must_fall_on_them(root, key, day):
    content = read_yaml(root / "config" / "areas" / "sample.yaml")
    content["snapshots"][-1][key] = day
    with pytest.raises(ValueError, match=f"is no {key.capitalize()}"):
        Area.model_validate(content)


def test_a_year_alone_stands_for_the_second_tuesday_of_its_october(root):
    content = read_yaml(root / "config" / "areas" / "sample.yaml")
    dates = [snapshot["date"] for snapshot in content["snapshots"]]
    for snapshot in content["snapshots"]:
        snapshot["date"] = snapshot["date"].year
    assert [snapshot.date for snapshot in Area.model_validate(content).snapshots] == dates


def test_calendar_and_duplicates_of_an_area_are_checked(root):
    content = read_yaml(root / "config" / "areas" / "sample.yaml")
    assert Area.model_validate(content).calendar.nation is None
    content["snapshots"][0]["duplicates"] = {"precedence": {"*": ["rail", "nowhere"]}}
    with pytest.raises(ValueError, match="names nowhere, which is none of its feeds"):
        Area.model_validate(content)
    content["snapshots"][0]["duplicates"] = {"precedence": {"*": ["rail"]}, "near": {"minutes": 3}}
    content["calendar"] = {"nation": "england", "terms": [{"start": "2024-09-03", "end": "2024-09-02"}]}
    with pytest.raises(ValueError, match="ends before it begins"):
        Area.model_validate(content)
    content["calendar"] = {"nation": "brazil"}
    with pytest.raises(ValueError, match="nation"):
        Area.model_validate(content)


def test_the_manifest_is_written_last_and_only_on_success(tmp_path):
    run = StageRun("test", None, tmp_path, Notices(), config={"a": 1})
    with record_stage(run):
        write_text("x", tmp_path / "table.csv")
        run.row_counts["table"] = 1
        assert not (tmp_path / "manifest.json").exists()
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest["outputs"]["table.csv"] == hash_file(tmp_path / "table.csv")
    assert manifest["row_counts"] == {"table": 1}
    before = (tmp_path / "manifest.json").read_bytes()

    def fail():
        with record_stage(StageRun("test", None, tmp_path, Notices())):
            raise InputError("Broken.", cure="Mend it.")

    with pytest.raises(InputError):
        fail()
    assert (tmp_path / "manifest.json").read_bytes() == before
    json.loads(before)


def test_tables_are_checked_against_their_declaration():
    name = "out_destination__location"
    row = {
        "category": "c",
        "destination_id": "1",
        "name": "n",
        "lon": 1.0,
        "lat": 2.0,
        "weight": 1.0,
        "is_linked": True,
    }
    assert len(check_table(pd.DataFrame([row]), name)) == 1
    with pytest.raises(PipelineError, match="does not fit"):
        check_table(pd.DataFrame([{**row, "weight": -1.0}]), name)
    with pytest.raises(PipelineError, match="does not fit"):
        check_table(pd.DataFrame([row, row]), name)
    with pytest.raises(PipelineError, match=r"unknown \['extra'\]"):
        check_table(pd.DataFrame([{**row, "extra": 1}]), name)


def test_every_column_with_a_measure_says_its_unit():
    scored = {
        "p25", "p75", "rank_correlation", "rank_change_p50", "rank_change_p95", "value_from", "value_to",
        "change_value", "change_score_points", "change_index_points", "deprivation_rank",
        "deprivation_rank_difference", "median_all", "median_group", "median_authority", "median_rurality",
        "median_peers", "limit", "access_index", "value_stated", "value_varied", "rank_stated", "rank_varied",
    }  # fmt: skip
    units = ("_s", "_min", "_m", "_km", "_pct", "_points", "_per_day", "_per_hour", "_weekday")
    without = {
        "lon", "lat", "population", "weight", "value", "rank", "relative", "score", "absolute_index", "rank_low",
        "rank_high", "median", "mean_weighted", "jobs_p25", "jobs_p50", "jobs_p75", "hours_served",
        "people_cut_off", "people_beyond_hour",
        "people_slower", "people_reached", "people_nearby", "supply_per_1000_people",
        "loss_rank_low", "loss_rank_high",
        "loss_share_rank_low", "loss_share_rank_high",
        "opportunities_p25", "opportunities_p50", "opportunities_p75", "public_transport_to_car_ratio",
    }  # fmt: skip
    for table in TABLES.values():
        for column in table.columns:
            if column.kind == "float" and "runs_" not in column.name:
                assert column.name in without | scored or column.name.endswith(units), f"{table.name}.{column.name}"
            assert column.description.endswith((".", "))")), f"{table.name}.{column.name}"


def test_cases_beyond_the_examples_stand_after_the_examples_of_their_code():
    notices = Notices()
    for row in range(MAX_EXAMPLES + 2):
        notices.add(DOUBT, file="z.csv", row=row)
    frame = notices.to_frame()
    assert frame["detail"].to_list()[-1] == "further cases, not listed"
    assert frame["count"].to_list() == [*[1] * MAX_EXAMPLES, 2]
