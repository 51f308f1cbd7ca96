"""Explained journeys as text, table, GeoJSON and picture, on the tiny area: they say the same, and can be followed."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipeline.base.load import load_project
from pipeline.report.journeys import draw_journeys
from pipeline.stages.explain_comparison import build_part_table, describe_comparison
from pipeline.stages.explain_journeys import find_journeys
from pipeline.stages.explain_legs import SCHEMA, build_geojson, build_leg_table
from pipeline.stages.explain_text import list_nearest_by_minute
from pipeline.timetables.model import Timetable
from tests.support.pipeline import TINY, ProjectFolder, check_error

PLACE = ("X05000016", "hospitals")


def _explain(tiny: ProjectFolder, *options: str, place: tuple[str, str] = PLACE) -> str:
    done = tiny.call("explain", TINY, *place, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _find(tiny: ProjectFolder, monkeypatch: pytest.MonkeyPatch, code: str, category: str, **options):
    monkeypatch.chdir(tiny.path)
    return find_journeys(load_project(TINY), code, category, **options)


def _list_codes(tiny: ProjectFolder) -> list[str]:
    return sorted(tiny.read_table("out_small_area__travel_time")["small_area_code"].unique())


@pytest.mark.parametrize("category", ["hospitals", "stations"])
def test_fastest_and_typical_are_minutes_of_the_window(tiny, monkeypatch, category):
    table = tiny.read_table("out_small_area__travel_time")
    mine = table[(table["category"] == category) & (table["window"] == "weekday_am") & (table["mode_set"] == "all")]
    mine = mine[(mine["direction"] == "outward") & (mine["snapshot"] == "2024")].set_index("small_area_code")
    for code in _list_codes(tiny)[::9]:
        explanation = _find(tiny, monkeypatch, code, category, choices=("fastest", "typical"))
        fastest, typical = (pair[0] for pair in explanation.pairs)
        row = fastest.result.times.travel_time_s[fastest.origin]
        known = row[row >= 0]
        if not known.size:
            assert fastest.journey is None
            continue
        assert fastest.journey.travel_time_s == known.min()
        assert (known <= typical.journey.travel_time_s).sum() * 2 >= known.size
        assert (known < typical.journey.travel_time_s).sum() * 2 <= known.size
        if known.size == row.size:
            assert typical.journey.travel_time_s == mine.loc[code, "travel_time_p50_s"]


def test_spans_of_the_nearest_cover_the_window_and_agree_with_the_shares(tiny, monkeypatch):
    for code in _list_codes(tiny)[::9]:
        found = _find(tiny, monkeypatch, code, "hospitals").pairs[0][0]
        spans = list_nearest_by_minute(found)
        row = found.result.times.destination[found.origin]
        rebuilt = [d for first, last, d in spans for _ in range((last - first) // 60 + 1)]
        assert rebuilt == row.tolist()
        assert all(a[2] != b[2] for a, b in pairwise(spans))
        assert spans[0][0] == found.result.window.start_s
    text = _explain(tiny)
    assert "2024: which is nearest, by the minute of departure" in text
    assert "  07:00-07:29  Wrackham General Hospital" in text


def test_the_table_can_be_followed_in_the_timetable(tiny, monkeypatch):
    timetables = {s: Timetable.read(tiny.outputs() / "timetables" / s / "timetable") for s in ("2016", "2024")}
    n_rides = 0
    for code in _list_codes(tiny)[::7]:
        explanation = _find(tiny, monkeypatch, code, "hospitals", choices=("fastest", "typical"))
        table = build_leg_table(explanation)
        assert dict(table.schema) == {name: dtype() for name, dtype in SCHEMA.items()}
        for (snapshot, _), legs in table.group_by("snapshot", "choice", maintain_order=True):
            if legs["kind"][0] == "none":
                continue
            assert legs["from_id"][0] == explanation.origin_code
            assert legs["to_name"][-1].endswith("Hospital")
            assert legs["start_s"][1:].to_list() == legs["end_s"][:-1].to_list()
            assert legs["from_id"][1:].to_list() == legs["to_id"][:-1].to_list()
            timetable = timetables[snapshot]
            for leg in legs.filter(pl.col("kind") == "ride").iter_rows(named=True):
                n_rides += 1
                calls = timetable.trips.filter(pl.col("trip_id") == leg["trip_id"]).join(
                    timetable.stop_times, on="trip_index"
                )
                calls = calls.join(timetable.stops, on="stop_index").sort("position")
                begin = calls.filter((pl.col("stop_id") == leg["from_id"]) & (pl.col("departure_s") == leg["start_s"]))
                end = calls.filter((pl.col("stop_id") == leg["to_id"]) & (pl.col("arrival_s") == leg["end_s"]))
                assert begin["position"].min() < end["position"].max()
    assert n_rides > 10


def test_geojson_has_a_feature_for_each_leg(tiny, monkeypatch):
    explanation = _find(tiny, monkeypatch, *PLACE, depart="07:10")
    content = json.loads(build_geojson(explanation))
    table = build_leg_table(explanation)
    assert content["type"] == "FeatureCollection"
    assert len(content["features"]) == table.height
    for feature, leg in zip(content["features"], table.iter_rows(named=True), strict=True):
        assert feature["properties"]["kind"] == leg["kind"]
        kind, places = feature["geometry"]["type"], feature["geometry"]["coordinates"]
        if leg["kind"] == "wait":
            assert (kind, places) == ("Point", [leg["from_lon"], leg["from_lat"]])
            continue
        assert kind == "LineString"
        assert (places[0], places[-1]) == ([leg["from_lon"], leg["from_lat"]], [leg["to_lon"], leg["to_lat"]])
        assert ("stop to stop" if leg["kind"] == "ride" else "follows streets") in feature["properties"]["drawn_as"]
        assert bool(np.isfinite(np.array(places)).all())


def test_files_and_formats(tiny: ProjectFolder, tmp_path: Path) -> None:
    table = _explain(tiny, "--format", "table", "--fastest", "--typical")
    assert table.splitlines()[0] == ",".join(SCHEMA)
    out = tmp_path / "legs.csv"
    assert _explain(tiny, "--format", "table", "--fastest", "--typical", "--out", str(out)) == f"{out}: written\n"
    assert out.read_text(encoding="utf-8") == table
    pictures = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for picture in pictures:
        _explain(tiny, "--format", "svg", "--fastest", "--out", str(picture))
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert ET.parse(pictures[0]).getroot().tag.endswith("svg")
    text = _explain(tiny, "--fastest", "--typical")
    assert "the quickest of the window" in text
    assert "a typical one of the window" in text
    assert "of the window" not in _explain(tiny)


@pytest.mark.parametrize("max_changes", [0, 1])
def test_explained_journeys_take_what_the_table_says_with_a_limit_on_changes(tiny, monkeypatch, max_changes):
    monkeypatch.chdir(tiny.path)
    project = load_project(TINY)
    transit = project.settings.transit.model_copy(update={"max_changes": max_changes})
    limited = replace(project, settings=project.settings.model_copy(update={"transit": transit}))
    n_differ = 0
    for code in _list_codes(tiny)[::5]:
        for depart in ("07:00", "07:11", "07:29"):
            free = find_journeys(project, code, "hospitals", depart=depart).pairs[0][0].journey
            for found in find_journeys(limited, code, "hospitals", depart=depart).pairs[0]:
                minute = (found.leave_s - found.result.window.start_s) // 60
                journey = found.journey
                assert (journey.travel_time_s if journey else -1) == found.result.times.travel_time_s[
                    found.origin, minute
                ]
                assert journey is None or sum(leg.kind == "ride" for leg in journey.legs) <= max_changes + 1
                n_differ += found.snapshot == "2024" and journey != free
    assert (n_differ > 0) == (max_changes == 0)


def test_the_parts_of_a_comparison_add_up_to_both_journeys(tiny, monkeypatch):
    for code in _list_codes(tiny)[::4]:
        explanation = _find(tiny, monkeypatch, code, "hospitals", against="2016", choices=("fastest", "typical"))
        table = build_part_table(explanation)
        legs = build_leg_table(explanation)
        for later, earlier in explanation.pairs:
            rows = table.filter(pl.col("choice") == later.choice)
            for found, column in ((earlier, "before_s"), (later, "after_s")):
                taken = 0 if found.journey is None else found.journey.travel_time_s
                assert rows[column].sum() == taken
                mine = legs.filter((pl.col("snapshot") == found.snapshot) & (pl.col("choice") == later.choice))
                if found.journey is not None:  # every leg is part of the comparison, once
                    assert mine["verdict"].null_count() == 0
                    assert rows[column].drop_nulls().to_list() == mine["duration_s"].to_list()
            assert rows["change_s"].sum() == (rows["after_s"].sum() - rows["before_s"].sum())
            text = "\n".join(describe_comparison(earlier, later))
            assert "Between 2016 and 2024" in text


def test_against_chooses_the_snapshots_in_their_order(tiny):
    table = _explain(tiny, "--against", "2016", "--format", "table", "--fastest", "--typical")
    assert table.splitlines()[0].startswith("snapshot_from,snapshot_to,choice,part,kind,before,after")
    turned = _explain(tiny, "--snapshot", "2016", "--against", "2024", "--format", "table", "--fastest", "--typical")
    assert turned == table
    check_error(tiny.call("explain", TINY, *PLACE, "--against", "2024"), 2, where=None, words=("--against", "itself"))
    check_error(tiny.call("explain", TINY, *PLACE, "--against", "1999"), 2, where=None, words=("--against", "2016"))
    content = json.loads(_explain(tiny, "--against", "2016", "--format", "geojson"))
    assert {feature["properties"]["verdict"] for feature in content["features"]} - {None}


def test_a_place_without_a_journey(tiny, monkeypatch):
    explanation = _find(tiny, monkeypatch, *PLACE, depart="23:50")
    table = build_leg_table(explanation)
    assert table["kind"].to_list() == ["none", "none"]
    assert json.loads(build_geojson(explanation))["features"] == []
    assert "<svg" in draw_journeys(table, "Nowhere")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--format", "xlsx"), "--format"),
        (("--format", "svg"), "--out"),
        (("--depart", "08:00", "--fastest"), "--depart"),
        (("--depart", "eight"), "--depart"),
    ],
)
def test_what_cannot_be_explained(tiny: ProjectFolder, options: tuple[str, ...], field: str) -> None:
    check_error(tiny.call("explain", TINY, *PLACE, *options), 2, where=None, words=(field,))
