"""What the settings of an area can ask, on the tiny area: the same answers as from the definition or the matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.base.config import ModesWithout, Opportunities, Settings, Span, Window, list_modes
from pipeline.base.errors import ConfigError
from pipeline.base.load import load_project
from pipeline.base.tables import check_table
from pipeline.routing.explain import explain_journey
from pipeline.routing.profile_scan import build_seeds
from pipeline.routing.raptor import compute_all_times
from pipeline.scoring.travel_time import build_neighbourhood_times, build_small_area_times
from pipeline.stages.common import read_places
from pipeline.stages.reach import build_ranked, compute_counted, compute_ranked, count_routes
from pipeline.stages.work import Case, SnapshotWork
from pipeline.transit.packed import MODES
from tests.support.pipeline import TINY, ProjectFolder, check_error

KEYS = {"snapshot": "2024", "network_hash": "x"}


def _get_work(tiny: ProjectFolder, monkeypatch: pytest.MonkeyPatch, **settings: object) -> SnapshotWork:
    monkeypatch.chdir(tiny.path)
    project = load_project(TINY)
    project = replace(project, settings=project.settings.model_copy(update=settings))
    return SnapshotWork(project, read_places(project), project.outputs / "network" / "2024")


def _find_case(work: SnapshotWork, category: str, direction: str = "outward", mode_set: str = "all") -> Case:
    wanted = (category, direction, mode_set)
    return next(case for case in work.list_cases() if (case.category, case.direction, case.mode_set) == wanted)


@pytest.mark.parametrize("max_changes", [None, 1])
def test_deadlines_of_a_window_are_met_by_the_latest_departure(tiny, monkeypatch, max_changes):
    window = Window(label="Appointments", day_type="weekday", arrive_by=Span(start="09:00", end="09:20"))
    transit = Settings().transit.model_copy(update={"max_changes": max_changes})
    work = _get_work(tiny, monkeypatch, windows={"appointment": window}, transit=transit)
    assert {case.direction for case in work.list_cases()} == {"arrive_by"}
    case = _find_case(work, "hospitals", "arrive_by")
    result = work.compute(case)
    network, seeds = (
        work.get_network("weekday", "all"),
        build_seeds(work.get_network("weekday", "all"), work.get_destinations("hospitals")),
    )
    n_checked = 0
    for origin, minute in [(o, m) for o in range(0, network.n_origins, 3) for m in (0, 7, 19)]:
        taken = int(result.times.travel_time_s[origin, 19 - minute])  # they run backwards
        if taken < 0:
            continue
        deadline = 9 * 3600 + 60 * minute
        for leave_s, is_met in ((deadline - taken, True), (deadline - taken + 1, False)):
            journey = explain_journey(
                network, origin, seeds, leave_s, cap_s=work.cap_s, walk=result.walk, max_changes=max_changes
            )
            assert (journey is not None and journey.arrive_s <= deadline) == is_met
        n_checked += 1
    assert n_checked > 10

    table, shares = build_small_area_times(result)
    known = table["first_departure_s"].notna()
    assert known.any()
    for o in np.flatnonzero(known):
        met = np.flatnonzero(result.times.travel_time_s[o, ::-1] >= 0)
        assert table["first_departure_s"][o] == 32400 + 60 * met[0]
        assert table["last_departure_s"][o] == 32400 + 60 * met[-1]
    large = build_neighbourhood_times(table, shares, work.membership, result)
    checked = check_table(large.assign(**KEYS, **case.keys), "out_neighbourhood__travel_time")
    assert set(checked["direction"]) == {"arrive_by"}


def test_sets_of_modes_may_name_leave_out_or_only_walk(tiny, monkeypatch):
    sets = {"all": None, "bus": ["bus"], "no_rail": ModesWithout(without=["rail"]), "walk": ["walk"]}
    work = _get_work(tiny, monkeypatch, mode_sets=sets)
    used = {name: set(work.get_network("weekday", name).trip_mode.tolist()) for name in sets}
    assert {MODES[number] for number in used["all"]} == {"bus", "rail", "ferry"}
    assert {MODES[number] for number in used["bus"]} == {"bus"}
    assert {MODES[number] for number in used["no_rail"]} == {"bus", "ferry"}
    assert used["walk"] == set()
    walking = work.compute(_find_case(work, "hospitals", mode_set="walk"))
    walks = work.get_walks("hospitals").nearest.seconds
    assert np.array_equal(walking.times.travel_time_s, np.repeat(walks[:, None], 30, axis=1))
    by_bus = work.compute(_find_case(work, "hospitals", mode_set="bus")).times.travel_time_s
    everything = work.compute(_find_case(work, "hospitals")).times.travel_time_s
    infinite = [np.where(times < 0, 10**9, times) for times in (everything, by_bus, walking.times.travel_time_s)]
    assert (infinite[0] <= infinite[1]).all()
    assert (infinite[1] <= infinite[2]).all()


def test_modes_from_configuration():
    assert list_modes(None) is None
    assert list_modes(["walk"]) == ()
    assert list_modes(["bus", "walk"]) == ("bus",)
    assert list_modes(ModesWithout(without=["coach"])) == tuple(mode for mode in MODES if mode != "coach")


def test_ways_of_counting_are_what_every_minute_gives(tiny, monkeypatch):
    ways = {
        "plain": Opportunities(),
        "gentle": Opportunities(decay="exponential"),
        "choice": Opportunities(diminishing=1),
    }
    work = _get_work(tiny, monkeypatch, opportunities=ways)
    case = _find_case(work, "jobs")
    n = len(work.links.origin_vertex)
    reached = {name: work.build_reach(compute_counted(work, case, name, 0, n), "opportunities") for name in ways}
    counted = pd.concat([table.assign(counting=name) for name, table in reached.items()], ignore_index=True)
    keys = {k: v for k, v in case.keys.items() if k != "direction"}
    checked = check_table(counted.assign(**KEYS, **keys), "out_neighbourhood__opportunity")
    jobs = work.build_reach(work.compute_reach(case, 0, n), "jobs")
    plain = counted[counted["counting"] == "plain"].reset_index(drop=True)
    for p in (25, 50, 75):
        np.testing.assert_allclose(plain[f"opportunities_p{p}"], jobs[f"jobs_p{p}"])
    published = tiny.read_table("out_neighbourhood__jobs")
    published = published[(published["snapshot"] == "2024") & (published["window"] == "weekday_am")]
    published = published[published["mode_set"] == "all"].sort_values(["neighbourhood_code", "limit_min"])
    ours = plain.sort_values(["neighbourhood_code", "limit_min"])
    np.testing.assert_allclose(published["jobs_p25"], ours["opportunities_p25"])
    assert (published["jobs_p25"] <= published["jobs_p75"]).all()

    weight = work.places.destinations["weight"].to_numpy()[work.get_destinations("jobs")]
    times = compute_all_times(work.get_query(case))
    limit_s = 1800
    gentle = np.where(times >= 0, weight[None, :, None] * 2.0 ** (-times / limit_s), 0).sum(axis=1)
    choice = np.zeros(gentle.shape)
    for origin, minute in np.ndindex(choice.shape):
        near = sorted((t, -w) for t, w in zip(times[origin, :, minute], weight, strict=True) if 0 <= t <= limit_s)
        choice[origin, minute] = sum(-w / k for k, (_, w) in enumerate(near, 1))
    for name, values in (("gentle", gentle), ("choice", choice)):
        median = np.sort(values, axis=1)[:, 14]
        rows = checked[(checked["counting"] == name) & (checked["limit_min"] == 30)].set_index("neighbourhood_code")
        for number, code in enumerate(work.membership.neighbourhood_codes):
            mine = work.membership.member == number
            wanted = np.average(median[mine], weights=work.membership.weight[mine])
            assert rows.loc[code, "opportunities_p50"] == pytest.approx(wanted, abs=1e-5), (name, code)


def test_the_k_nearest_begin_with_the_nearest(tiny, monkeypatch):
    work = _get_work(tiny, monkeypatch, nearest_k={"hospitals": 3})
    case = _find_case(work, "hospitals")
    result = work.compute(case)
    n, n_routes = len(work.links.origin_vertex), count_routes(work, case)
    ranked = build_ranked(work, case, compute_ranked(work, case, 3, 0, n), n_routes)
    keys = {k: v for k, v in case.keys.items() if k != "direction"}
    checked = check_table(ranked.assign(**KEYS, **keys), "out_neighbourhood__nearest_rank")
    pd.testing.assert_series_equal(checked["travel_time_p50_s"].isna(), checked["reason"].notna(), check_names=False)
    by_rank = {rank: rows.reset_index(drop=True) for rank, rows in checked.groupby("rank")}
    table, shares = build_small_area_times(result)
    nearest = build_neighbourhood_times(table, shares, work.membership, result)
    np.testing.assert_allclose(by_rank[1]["travel_time_p50_s"], nearest["travel_time_p50_s"])
    for lower, higher in ((1, 2), (2, 3)):
        pair = by_rank[lower]["travel_time_p25_s"], by_rank[higher]["travel_time_p25_s"]
        assert (pair[0] <= pair[1]).where(pair[0].notna() & pair[1].notna(), other=True).all()
    n_hospitals = len(work.get_destinations("hospitals"))
    too_many = build_ranked(work, case, compute_ranked(work, case, n_hospitals + 1, 0, n), n_routes)
    last = too_many[too_many["rank"] == n_hospitals + 1]
    assert last["travel_time_p50_s"].isna().all()
    assert set(last["reason"]) == {"no_street"}


def test_wheelchairs_use_only_what_is_flagged(tiny_copy: ProjectFolder) -> None:
    tiny_copy.edit(TINY, "  car: true\n", "  car: true\n  transit: {wheelchair: true}\n")
    assert tiny_copy.call("run", "network", "--area", TINY, "--snapshot", "2024").returncode == 0
    manifest = tiny_copy.read_manifest("network/2024")
    assert manifest["row_counts"]["connections_weekday"] == 0  # the sample flags nothing
    assert manifest["notices"]["wheelchair_not_accessible"] > 0


@pytest.mark.parametrize(
    ("setting", "field"),
    [("nearest_k: {beaches: 3}", "settings.nearest_k"), ("opportunities: {choice: {}}", "settings.opportunities")],
)
def test_a_question_that_nothing_fits_is_refused_not_left_out(tiny: ProjectFolder, tmp_path, setting, field) -> None:
    area = tmp_path / "area.yaml"
    text = (tiny.path / TINY).read_text(encoding="utf-8").replace(", cumulative: true", "")
    area.write_text(text.replace("  car: true\n", f"  {setting}\n"), encoding="utf-8")
    done = tiny.call("run", "times", "--area", str(area), "--snapshot", "2024")
    check_error(done, 3, where="area.yaml", field=field)


def test_an_unknown_way_of_counting_is_refused(tiny_copy: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_copy.edit(TINY, "  car: true\n", "  opportunities: {odd: {decay: cliff}}\n")
    monkeypatch.chdir(tiny_copy.path)
    with pytest.raises(ConfigError, match="decay"):
        load_project(TINY)
