"""Out-and-back journeys in the whole pipeline: against every combination of minutes from the other algorithm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.base.config import Visit
from pipeline.base.errors import ConfigError
from pipeline.base.load import list_visits, load_project
from pipeline.base.notices import Notices
from pipeline.base.tables import check_table
from pipeline.routing.raptor import RangeQuery, compute_all_times
from pipeline.routing.window import build_window
from pipeline.stages.common import read_places
from pipeline.stages.visits import compute_visit_table, list_visit_cases
from pipeline.stages.work import SnapshotWork, compute_walks
from tests.support.pipeline import ROOT, TINY, ProjectFolder

SHIFT = {"label": "Shift", "category": "stations", "stay_min": 480, "begins": ["06:00", "14:00", "09:00"]}


def _get_work(tiny: ProjectFolder, monkeypatch: pytest.MonkeyPatch, **settings: object) -> SnapshotWork:
    monkeypatch.chdir(tiny.path)
    project = load_project(TINY)
    project = replace(project, settings=project.settings.model_copy(update=settings))
    return SnapshotWork(project, read_places(project), project.outputs / "network" / "2016")


def _compute_visits(work: SnapshotWork) -> pd.DataFrame:
    tables = [compute_visit_table(work, *case) for case in list_visit_cases(work, Notices())]
    return pd.concat(tables, ignore_index=True)


def test_the_published_table_is_what_every_minute_gives(tiny: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tiny.read_table("out_neighbourhood__visit")
    assert set(table["visit"]) == {"hospital_visit"}
    assert set(table["begins"]) == {"14:00-20:00"}
    work = _get_work(tiny, monkeypatch)
    network, destinations = work.get_network("weekday", "all"), work.get_destinations("hospitals")
    walk_s = compute_walks(work.links, destinations, walk_kmh=4.8, cap_s=7200, needs_matrix=True).pairs_s
    there, home = (
        compute_all_times(
            RangeQuery(
                network,
                build_window(3600 * first, 3600 * last, cap_s=7200),
                destinations=destinations,
                walk_s=walk_s,
                is_return=first > 12,
            )
        )
        for first, last in ((11, 19), (15, 24))
    )
    away = np.full((network.n_origins, 271), np.inf)
    for origin, one, begin in np.ndindex(network.n_origins, len(destinations), 271):
        begin_s = 50400 + 60 * begin
        minutes = np.arange(there.shape[2])
        leaves = 39600 + 60 * minutes[(there[origin, one] >= 0)]
        leaves = leaves[leaves + there[origin, one][there[origin, one] >= 0] <= begin_s]
        row = home[one, origin]
        at = 54000 + 60 * np.arange(row.size)
        arrivals = (at + row)[(row >= 0) & (at >= begin_s + 5400) & (at + row <= 86400)]
        if leaves.size and arrivals.size:
            away[origin, begin] = min(away[origin, begin], arrivals.min() - leaves.max())
    median = np.sort(away, axis=1)[:, 135]
    member, weight = work.membership.member, work.membership.weight
    rows = table[(table["snapshot"] == "2016") & (table["mode_set"] == "all")].reset_index(drop=True)
    for number, code in enumerate(work.membership.neighbourhood_codes):
        mine, row = member == number, rows[rows["neighbourhood_code"] == code].iloc[0]
        values, people = median[mine], weight[mine]
        known = np.isfinite(values)
        assert row["people_without_pct"] == pytest.approx(100 * people[~known].sum() / people.sum(), abs=1e-5)
        if np.isfinite(row["time_away_p50_s"]):
            assert row["time_away_p50_s"] == pytest.approx(np.average(values[known], weights=people[known]), abs=1e-5)
        usable = 100 * np.isfinite(away[mine]).mean(axis=1)
        assert row["usable_pct"] == pytest.approx(np.average(usable, weights=people), abs=1e-5)


def test_shifts_and_limits_on_changes(tiny: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    visits = {"shift": Visit(**SHIFT)}
    work = _get_work(tiny, monkeypatch, visits=visits)
    table = _compute_visits(work)
    checked = check_table(table.assign(snapshot="2016", network_hash="x"), "out_neighbourhood__visit")
    assert set(checked["begins"]) == {"06:00", "09:00", "14:00"}
    known = checked["time_away_p50_s"].notna()
    assert known.any()
    assert (checked.loc[known, "time_away_p50_s"] >= 480 * 60).all()
    pd.testing.assert_series_equal(checked["time_away_p50_s"], checked["time_away_least_s"], check_names=False)
    transit = work.settings.transit.model_copy(update={"max_changes": 9})
    limited = _compute_visits(_get_work(tiny, monkeypatch, visits=visits, transit=transit))
    pd.testing.assert_frame_equal(limited, table)


def test_many_destinations_are_left_out_with_a_notice(tiny: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    notices = Notices()
    work = _get_work(tiny, monkeypatch, visits={"shift": Visit(**SHIFT, max_destinations=1)})
    assert list_visit_cases(work, notices) == []
    assert notices.counts() == {"visit_left_out": 1}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"category": "beaches"}, "no category 'beaches'"),
        ({"day_type": "saturday"}, "no window on a saturday"),
        ({"begins": []}, "either 'hours' or 'begins'"),
        ({"hours": {"start": "09:00", "end": "10:00"}, "begins": []}, "does not fit"),
        ({"begins": ["18:00"]}, "home"),
        ({"leave_after": "07:00"}, "leave home"),
    ],
)
def test_visits_that_cannot_be_computed(tmp_path: Path, change: dict[str, object], word: str) -> None:
    area = tmp_path / "area.yaml"
    text = (ROOT / TINY).read_text(encoding="utf-8")
    lines = "".join(f"      {key}: {value!r}\n" for key, value in (SHIFT | change).items())
    area.write_text(f"{text}  visits:\n    hospital_visit: null\n    shift:\n{lines}", encoding="utf-8")
    with pytest.raises(ConfigError, match=word):
        load_project(str(area), data=str(ROOT / "data" / "sample"))
    area.write_text(f"{text}  visits:\n    hospital_visit: null\n", encoding="utf-8")
    project = load_project(str(area), data=str(ROOT / "data" / "sample"))
    assert list_visits(project.area, project.settings) == {}
