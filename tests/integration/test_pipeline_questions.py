"""Every question that the matrix command answers, on the sample: against departures one by one, and one another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.pipeline import ROOT, ProjectFolder, check_error, rewrite_member

SAMPLE = ROOT / "data" / "sample"
FEEDS = [SAMPLE / "timetables" / "2024" / name for name in ("rail.zip", "bus_council.zip")]
POINTS = """id,lon,lat,people
a,0.830250,53.209435,10
b,0.773684,53.249610,20
c,0.846000,53.203000,5
d,0.895000,53.222000,
sea,1.3,53.2,4
"""


def _run(folder: Path, *options: str, feeds: list[Path] = FEEDS) -> pd.DataFrame:
    done = _call(folder, *options, feeds=feeds)
    assert done.returncode == 0, done.stderr
    return pd.read_csv(folder / "out.csv")


def _call(folder: Path, *options: str, feeds: list[Path] = FEEDS):
    points = folder / "points.csv"
    if not points.exists():
        points.write_text(POINTS, encoding="utf-8")
    files = ["--osm", str(SAMPLE / "saltmarsh.osm.pbf"), "--origins", str(points), "--destinations", str(points)]
    feeds_given = [part for path in feeds for part in ("--gtfs", str(path))]
    out = ["--date", "2024-10-08", "--out", str(folder / "out.csv")]
    return ProjectFolder(folder).call("matrix", *feeds_given, *files, *out, *options)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@pytest.mark.parametrize("direction", ["to", "from"])
def test_a_deadline_is_met_by_the_latest_departure(tmp_path: Path, direction: str) -> None:
    deadline = 9 * 3600 + 600
    keys = ["from_id", "to_id"]
    asked = _run(tmp_path, "--arrive-by", "09:10", "--direction", direction).set_index(keys)["travel_time_s"]
    assert set(asked.index) == {(a, b) for a in ("a", "b", "c", "d", "sea") for b in ("a", "b", "c", "d", "sea")}
    for pair in [("b", "a"), ("c", "d")]:
        taken = int(asked[pair])
        on_time = _run(tmp_path, "--time", _clock(deadline - taken), "--direction", direction).set_index(keys)
        too_late = _run(tmp_path, "--time", _clock(deadline - taken + 1), "--direction", direction).set_index(keys)
        assert on_time["travel_time_s"][pair] <= taken
        assert too_late["travel_time_s"][pair] > taken - 1


def test_a_window_of_deadlines_holds_each_of_them(tmp_path: Path) -> None:
    singles = [_run(tmp_path, "--arrive-by", f"09:0{m}")["travel_time_s"] for m in range(5)]
    window = _run(tmp_path, "--arrive-by", "09:00", "--window", "5", "--percentiles", "0,50,100", "--reliability")
    ordered = np.sort(np.array(singles), axis=0)
    np.testing.assert_array_equal(window["travel_time_p0_s"], ordered[0])
    np.testing.assert_array_equal(window["travel_time_s"], ordered[2])
    np.testing.assert_array_equal(window["travel_time_p100_s"], ordered[4])
    nearest = _run(tmp_path, "--arrive-by", "09:00", "--window", "5", "--percentiles", "0,50,100", "--nearest")
    ranked = _run(tmp_path, "--arrive-by", "09:00", "--window", "5", "--percentiles", "0,50,100", "--k", "1")
    pd.testing.assert_frame_equal(ranked.drop(columns="rank"), nearest)
    limited = _run(tmp_path, "--arrive-by", "09:00", "--window", "5", "--nearest", "--max-changes", "9")
    pd.testing.assert_series_equal(limited["travel_time_s"], nearest["travel_time_s"])


@pytest.mark.parametrize("direction", ["to", "from"])
def test_ranks_are_the_pairs_in_order(tmp_path: Path, direction: str) -> None:
    options = ("--time", "08:07", "--direction", direction)
    pairs = _run(tmp_path, *options)
    home = "from_id" if direction == "to" else "to_id"
    ranked = _run(tmp_path, *options, "--k", "5")
    assert ranked["rank"].tolist() == [1, 2, 3, 4, 5] * 5
    for name, group in pairs.groupby(home):
        found = ranked[ranked[home] == name]
        np.testing.assert_array_equal(found["travel_time_s"], np.sort(group["travel_time_s"]))
    assert set(ranked.loc[ranked["rank"] == 5, "reason"]) == {"no_street"}
    assert ranked.loc[ranked["rank"] < 5, "reason"].isna().sum() == 16


def test_reliability_of_pairs_and_of_the_nearest(tmp_path: Path) -> None:
    options = ("--time", "08:00", "--window", "60", "--reliability")
    pairs = _run(tmp_path, *options).set_index(["from_id", "to_id"])
    assert pairs.loc[("b", "a"), ["reachable_pct", "longest_gap_s", "wait_if_missed_s"]].tolist() == [100, 1800, 1800]
    assert pairs.loc[("a", "sea"), ["reachable_pct", "longest_gap_s", "wait_if_missed_s"]].isna().all()
    plain = _run(tmp_path, "--time", "08:00", "--window", "60").set_index(["from_id", "to_id"])
    pd.testing.assert_frame_equal(pairs[plain.columns], plain)
    points = tmp_path / "points.csv"
    points.write_text("".join(line for line in POINTS.splitlines(keepends=True) if line[0] != "s"), encoding="utf-8")
    nearest = _run(tmp_path, *options, "--nearest")
    assert nearest["wait_if_missed_s"].tolist() == [60.0] * 4  # everybody is at a destination: on foot, at any minute


def test_weights_within_reach(tmp_path: Path) -> None:
    pairs = _run(tmp_path, "--time", "08:00")
    weight = {"a": 10, "b": 20, "c": 5, "d": 0, "sea": 4}
    found = _run(tmp_path, "--time", "08:00", "--cumulative", "30,15,60", "--weight", "people")
    assert found["limit_min"].tolist() == [15, 30, 60] * 5
    for row in found[found["from_id"] != "sea"].itertuples():
        within = pairs[(pairs["from_id"] == row.from_id) & (pairs["travel_time_s"] <= 60 * row.limit_min)]
        assert row.opportunities == sum(weight[name] for name in within["to_id"])
    assert set(found.loc[found["from_id"] == "sea", "reason"]) == {"no_street"}
    window = ("--time", "08:00", "--window", "30", "--cumulative", "30")
    plain = _run(tmp_path, *window)
    ordered = plain[["opportunities_p25", "opportunities_p50", "opportunities_p75"]].dropna().to_numpy()
    assert bool((np.diff(ordered, axis=1) >= 0).all())
    pd.testing.assert_series_equal(plain["opportunities"], plain["opportunities_p50"], check_names=False)
    steep = _run(tmp_path, *window, "--decay", "logistic", "--decay-parameter", "0.001")
    np.testing.assert_allclose(steep["opportunities"].dropna(), plain["opportunities"].dropna(), atol=1e-6)
    back = _run(tmp_path, "--time", "08:00", "--cumulative", "30", "--direction", "from")
    pairs = _run(tmp_path, "--time", "08:00", "--direction", "from")
    counts = pairs[pairs["travel_time_s"] <= 1800].groupby("to_id").size()
    assert back.dropna(subset="opportunities").set_index("to_id")["opportunities"].to_dict() == counts.to_dict()


def test_the_second_nearest_counts_less(tmp_path: Path) -> None:
    pairs = _run(tmp_path, "--time", "08:00")
    found = _run(tmp_path, "--time", "08:00", "--cumulative", "60", "--diminishing", "1")
    for row in found[found["from_id"] != "sea"].itertuples():
        n = ((pairs["from_id"] == row.from_id) & (pairs["travel_time_s"] <= 3600)).sum()
        assert row.opportunities == pytest.approx(sum(1 / k for k in range(1, n + 1)))
    plain = _run(tmp_path, "--time", "08:00", "--cumulative", "60")
    none = _run(tmp_path, "--time", "08:00", "--cumulative", "60", "--diminishing", "0")
    pd.testing.assert_frame_equal(plain, none)


def test_modes_may_be_named_or_left_out_and_walking_is_always_possible(tmp_path: Path) -> None:
    walk = _run(tmp_path, "--time", "08:00", "--modes", "walk")
    bus = _run(tmp_path, "--time", "08:00", "--modes", "bus")
    assert (bus["travel_time_s"].fillna(1e9) <= walk["travel_time_s"].fillna(1e9)).all()
    assert (bus["travel_time_s"].fillna(1e9) < walk["travel_time_s"].fillna(1e9)).any()
    pd.testing.assert_frame_equal(_run(tmp_path, "--time", "08:00", "--modes", "bus,walk"), bus)
    pd.testing.assert_frame_equal(_run(tmp_path, "--time", "08:00", "--without-modes", "rail,ferry,coach"), bus)
    everything_but = "bus,coach,rail,tram,metro,ferry,other"
    pd.testing.assert_frame_equal(_run(tmp_path, "--time", "08:00", "--without-modes", everything_but), walk)
    assert "no_trips_of_modes" not in _call(tmp_path, "--time", "08:00", "--modes", "walk").stderr
    check_error(_call(tmp_path, "--time", "08:00", "--modes", "bus", "--without-modes", "rail"), 2, where="--without")
    check_error(_call(tmp_path, "--time", "08:00", "--without-modes", "walk"), 2, where="--without-modes")


def _drive(folder: Path, *options: str, is_good: bool = True):
    points = folder / "points.csv"
    points.write_text(POINTS, encoding="utf-8")
    files = ["--osm", str(SAMPLE / "saltmarsh.osm.pbf"), "--origins", str(points), "--destinations", str(points)]
    done = ProjectFolder(folder).call("matrix", "--mode", "car", *files, "--out", str(folder / "car.csv"), *options)
    assert (done.returncode == 0) == is_good, done.stderr
    return pd.read_csv(folder / "car.csv") if is_good else done


def _spread(pairs: pd.DataFrame) -> pd.DataFrame:
    keys = {"index": "from_id", "columns": "to_id", "values": "travel_time_s"}
    return pairs.pivot_table(**keys, dropna=False)


def test_by_car_all_questions_agree_with_the_pairs(tmp_path: Path) -> None:
    pairs = _drive(tmp_path)
    times = _spread(pairs)
    assert pairs["reason"].eq("no_street").sum() == 9
    inland = times.drop(index="sea", columns="sea")
    assert (inland.to_numpy()[~np.eye(4, dtype=bool)] > 60).all()
    walk = _spread(_run(tmp_path, "--time", "08:00", "--modes", "walk"))
    assert (inland < walk.loc[inland.index, inland.columns].fillna(1e9)).to_numpy()[~np.eye(4, dtype=bool)].all()
    back = _spread(_drive(tmp_path, "--direction", "from"))
    pd.testing.assert_frame_equal(back, times)  # the same points on both sides: the same journeys
    ranked = _drive(tmp_path, "--k", "4")
    for name, group in ranked.groupby("from_id"):
        np.testing.assert_array_equal(group["travel_time_s"], np.sort(times.loc[name].to_numpy())[:4])
    nearest = _drive(tmp_path, "--nearest")
    np.testing.assert_array_equal(nearest["travel_time_s"], times.min(axis=1))
    near = _drive(tmp_path, "--cumulative", "10,15")
    for row in near[near["from_id"] != "sea"].itertuples():
        assert row.opportunities == (times.loc[row.from_id] <= 60 * row.limit_min).sum()
    short = _drive(tmp_path, "--max-time-min", "5")
    assert set(short.loc[short["travel_time_s"].isna(), "reason"]) == {"no_street", "over_limit"}
    links = tmp_path / "links.csv"
    _drive(tmp_path, "--links", str(links))
    assert pd.read_csv(links)["reason"].eq("too_far").sum() == 2


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--window", "30"), "--window"),
        (("--arrive-by", "09:00"), "--arrive-by"),
        (("--modes", "bus"), "--modes"),
        (("--gtfs", "x.zip"), "--gtfs"),
        (("--mode", "plane"), "--mode"),
        (("--mode", "public_transport"), "--gtfs"),
    ],
)
def test_what_car_times_cannot_answer(tmp_path: Path, options: tuple[str, ...], field: str) -> None:
    check_error(_drive(tmp_path, *options, is_good=False), 2, where=None, words=(field,))


def test_wheelchairs_need_flags(tmp_path: Path) -> None:
    walk = _run(tmp_path, "--time", "08:00", "--modes", "ferry")
    done = _call(tmp_path, "--time", "08:00", "--wheelchair")
    assert "wheelchair_accessible 686 of 686, 686 of them without a flag" in done.stderr
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out.csv"), walk)
    flagged = []
    for path in FEEDS:
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes())
        for member, column in (("trips.txt", "wheelchair_accessible"), ("stops.txt", "wheelchair_boarding")):
            rewrite_member(copy, member, lambda text, column=column: _flag(text, column))
        flagged.append(copy)
    free = _run(tmp_path, "--time", "08:00")
    assert (free["travel_time_s"] < walk["travel_time_s"]).any()
    pd.testing.assert_frame_equal(_run(tmp_path, "--time", "08:00", "--wheelchair", feeds=flagged), free)


def _flag(text: str, column: str) -> str:
    head, *rows = text.splitlines()
    assert column not in head.split(",")
    return "\n".join([f"{head},{column}", *(f"{row},1" for row in rows)]) + "\n"


@pytest.mark.parametrize(
    ("options", "field", "word"),
    [
        ((), "--time", "deadline"),
        (("--time", "08:00", "--arrive-by", "09:00"), "--time", "not both"),
        (("--arrive-by", "nine"), "--arrive-by", "07:30"),
        (("--time", "08:00", "--reliability"), "--reliability", "--window"),
        (("--time", "08:00", "--k", "6"), "--k", "only 5"),
        (("--time", "08:00", "--weight", "people"), "--weight", "--cumulative"),
        (("--time", "08:00", "--decay", "linear"), "--decay", "--cumulative"),
        (("--time", "08:00", "--decay-parameter", "5"), "--decay-parameter", "--cumulative"),
        (("--time", "08:00", "--cumulative", "15,x"), "--cumulative", "15,30,45,60"),
        (("--time", "08:00", "--cumulative", "15,150"), "--cumulative", "--max-time-min 150"),
        (("--time", "08:00", "--cumulative", "15", "--nearest"), "--nearest", "two questions"),
        (("--time", "08:00", "--cumulative", "15", "--k", "1"), "--k", "two questions"),
        (("--time", "08:00", "--cumulative", "15", "--decay", "cubic"), "--decay", "gaussian"),
        (("--time", "08:00", "--cumulative", "15", "--decay-parameter", "5"), "--decay-parameter", "no parameter"),
        (
            ("--time", "08:00", "--cumulative", "15", "--decay", "linear", "--decay-parameter", "-5"),
            "--decay-parameter",
            "above 0",
        ),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, options: tuple[str, ...], field: str, word: str) -> None:
    check_error(_call(tmp_path, *options), 2, where=None, words=(field, word))


def test_a_weight_must_be_a_number(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(POINTS.replace(",20\n", ",-20\n"), encoding="utf-8")
    done = _call(tmp_path, "--time", "08:00", "--cumulative", "15", "--weight", "people")
    check_error(done, 4, where="points.csv", row=3, field="people", words=("-20",))
    check_error(_call(tmp_path, "--time", "08:00", "--cumulative", "15", "--weight", "jobs"), 4, words=("jobs",))
