"""Nothing is silent: nulls have reasons, points distances, unlinked stops a list; too few links hold the run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.support.pipeline import ROOT, TINY, ProjectFolder, check_error

VALUES = {
    "out_neighbourhood__travel_time": "travel_time_p50_s",
    "out_small_area__travel_time": "travel_time_p50_s",
    "out_neighbourhood__jobs": "jobs_p50",
    "out_neighbourhood__visit": "time_away_p50_s",
    "out_neighbourhood__indicator": "value",
    "out_point__link": "link_m",
    "out_neighbourhood__car_time": "car_time_min",
}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_value_is_null_where_a_reason_stands_and_nowhere_else(tiny: ProjectFolder, name: str) -> None:
    table = tiny.read_table(name)
    pd.testing.assert_series_equal(table[VALUES[name]].isna(), table["reason"].notna(), check_names=False)


def test_other_percentiles_are_null_only_where_too_few_minutes_have_a_journey(tiny: ProjectFolder) -> None:
    table = tiny.read_table("out_small_area__travel_time")
    table = table[table["reason"] != "no_street"]
    for p in (5, 25, 50, 75, 95):
        # nearest rank: p % of the minutes at least must have a journey
        assert (table[f"travel_time_p{p}_s"].isna() == (table["reachable_pct"] < p - 1e-9)).all(), p
    assert (table["travel_time_mean_s"].isna() == (table["reachable_pct"] == 0)).all()


def test_every_point_is_listed_with_its_distance(tiny: ProjectFolder) -> None:
    table = tiny.read_table("out_point__link")
    stops, places = tiny.read_table("out_stop__location"), tiny.read_table("out_small_area__travel_time")
    for snapshot, rows in table.groupby("snapshot"):
        by_kind = {kind: part.set_index("point_id") for kind, part in rows.groupby("kind")}
        expected = stops[stops["snapshot"] == snapshot].set_index("stop_id")["is_linked"]
        pd.testing.assert_series_equal(by_kind["stop"]["is_linked"].rename_axis("stop_id"), expected, check_names=False)
        assert set(by_kind["small_area"].index) == set(places["small_area_code"])
        assert set(by_kind["destination"]["category"]) == {"hospitals", "jobs", "stations"}
    linked = table[table["is_linked"]]
    assert (linked["link_m"] <= 500).all()
    assert (linked["link_m"] + 0.011 >= linked["nearest_street_m"]).all()
    assert table.loc[table["reason"] != "no_location", "nearest_street_m"].notna().all()


def _cut_area(folder: Path, *, gates: str) -> Path:
    """The tiny area with two wards in the sea."""
    text = (ROOT / TINY).read_text(encoding="utf-8").replace("path: small_areas.csv", "path: moved.csv")
    area = folder / "cut.yaml"
    area.write_text(text.replace("name: tiny", "name: cut").replace("settings:\n", f"settings:\n{gates}"), "utf-8")
    return area


def test_too_few_linked_neighbourhoods_hold_the_run_until_the_area_accepts_them(
    tiny_copy: ProjectFolder, tmp_path: Path
) -> None:
    data = tiny_copy.path / "data/sample"
    areas = pd.read_csv(data / "small_areas.csv", dtype=str)
    lookup = pd.read_csv(data / "lookup_small_area_ward.csv", dtype=str)
    wards = sorted(lookup["wd21cd"].unique())
    gone = set(lookup.loc[lookup["wd21cd"] == wards[0], "sa21cd"])
    areas.loc[areas["sa21cd"].isin(gone), "easting"] = "100000"
    areas.to_csv(data / "moved.csv", index=False)

    area = _cut_area(tmp_path, gates="")
    options = ("--area", str(area))
    for stage in ("timetables", "streets", "places"):
        extra = ("--snapshot", "2024") if stage == "timetables" else ()
        assert tiny_copy.call("run", stage, *options, *extra).returncode == 0
    done = tiny_copy.call("run", "network", *options, "--snapshot", "2024")
    share = 100 * (len(wards) - 1) / len(wards)
    words = (f"Only {share:.1f} % of the {len(wards)} neighbourhoods", wards[0], "reason: why")
    check_error(done, 6, where="cut.yaml", field="settings.gates.min_linked_pct", words=words)
    assert not (tiny_copy.outputs("cut") / "network/2024/manifest.json").exists()

    _cut_area(tmp_path, gates=f"  gates: {{min_linked_pct: {int(share)}, reason: one ward is at sea}}\n")
    assert tiny_copy.call("run", "network", *options, "--snapshot", "2024").returncode == 0
    manifest = tiny_copy.read_manifest("network/2024", "cut")
    assert manifest["notices"]["linked_gate_lowered"] == 1
    assert manifest["notices"]["place_far_from_streets"] == len(gone)
    assert manifest["facts"]["neighbourhoods_linked_pct"] == pytest.approx(share, abs=0.01)


def test_the_matrix_command_lists_every_link(tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\na,0.830250,53.209435\nsea,1.3,53.2\n", encoding="utf-8")
    sample, listed = ROOT / "data" / "sample", tmp_path / "links.csv"
    files = ("--osm", str(sample / "saltmarsh.osm.pbf"), "--gtfs", str(sample / "timetables/2024/rail.zip"))
    ends = ("--origins", str(points), "--destinations", str(points), "--date", "2024-10-08", "--time", "08:00")
    out = ("--out", str(tmp_path / "out.csv"), "--links", str(listed))
    done = ProjectFolder(tmp_path).call("matrix", *files, *ends, *out)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(listed).set_index(["kind", "point_id"])
    assert table.loc[("origin", "sea"), "reason"] == "too_far"
    assert table.loc[("destination", "sea"), "nearest_street_m"] > 500
    assert table.loc[("origin", "a"), "is_linked"]
    assert (table.loc["stop", "is_linked"] == table.loc["stop", "link_m"].notna()).all()
    assert len(table.loc["stop"]) > 2
    assert "point_far_from_streets" in done.stderr
