"""Car times in the whole pipeline: the published ratio, worked out again from the file with networkx."""

from __future__ import annotations

import itertools
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pytest

from pipeline.base.errors import ConfigError
from pipeline.base.load import load_project
from pipeline.streets.drive_profile import blocks_driving, find_rule
from pipeline.streets.model import compute_segment_cm
from tests.support.pipeline import ROOT, TINY, ProjectFolder, check_error

SPEEDS = {"motorway": 77.6, "a_road": 43.2, "b_road": 41.9, "minor": 36.3, "local": 18.3, "private": 15.3}
CASE = {"snapshot": "2024", "window": "weekday_am", "mode_set": "all"}


def _select(table: pd.DataFrame, **keys: str) -> pd.DataFrame:
    for key, value in keys.items():
        table = table[table[key] == value]
    return table


@pytest.fixture(scope="module")
def roads() -> tuple[nx.DiGraph, dict[int, tuple[float, float]]]:
    """Every segment of every road of the sample, in seconds; neither contracted nor split."""
    path, graph = str(ROOT / "data/sample/saltmarsh.osm.pbf"), nx.DiGraph()
    place, blocked = {}, set[int]()
    for node in osmium.FileProcessor(path, osmium.osm.NODE):
        place[node.id] = (node.location.lon, node.location.lat)
        if blocks_driving({tag.k: tag.v for tag in node.tags}):
            blocked.add(node.id)
    for way in osmium.FileProcessor(path, osmium.osm.WAY):
        rule = find_rule({tag.k: tag.v for tag in way.tags})
        if rule is None:
            continue
        for a, b in itertools.pairwise(node.ref for node in way.nodes):
            ends = np.array([place[a], place[b]])
            cm = compute_segment_cm(ends[:1, 0], ends[:1, 1], ends[1:, 0], ends[1:, 1])[0]
            seconds = cm / 100 / (SPEEDS[rule.road_class] / 3.6)
            for tail, head, is_open in ((a, b, rule.direction >= 0), (b, a, rule.direction <= 0)):
                if is_open:
                    graph.add_edge(tail, head, s=seconds, rule=rule.road_class)
    graph.remove_nodes_from(blocked)
    return graph.subgraph(max(nx.strongly_connected_components(graph), key=len)), place


def test_car_times_lie_within_what_networkx_finds_between_the_ends_of_the_roads(
    tiny: ProjectFolder, roads: tuple[nx.DiGraph, dict[int, tuple[float, float]]]
) -> None:
    """A point on a road is reached from one of its ends: the time by the nearest nodes brackets the published one."""
    graph, place = roads
    table = _select(tiny.read_table("out_neighbourhood__car_time"), category="hospitals", **CASE)
    links = tiny.read_table("out_point__link")
    links = links[(links["snapshot"] == "2024") & (links["kind"] == "small_area_by_car")]
    assert links["is_linked"].all()
    areas = pd.read_parquet(tiny.outputs() / "places/core_places__small_area.parquet")
    hospitals = _select(tiny.read_table("out_destination__location"), category="hospitals")
    nodes = np.array(list(graph))
    at = np.array([place[n] for n in nodes.tolist()])

    def find_node(lon: float, lat: float) -> int:
        away = np.hypot((at[:, 0] - lon) * np.cos(np.radians(lat)), at[:, 1] - lat)
        return int(nodes[away.argmin()])

    ends = {find_node(lon, lat) for lon, lat in zip(hospitals["lon"], hospitals["lat"], strict=True)}
    known = nx.multi_source_dijkstra_path_length(graph.reverse(), ends, weight="s")
    areas["oracle_s"] = [known[find_node(lon, lat)] for lon, lat in zip(areas["lon"], areas["lat"], strict=True)]
    longest = max(data["s"] for _, _, data in graph.edges(data=True))
    island = table[table["reason"] == "no_route"]
    assert island["neighbourhood_code"].tolist() == ["X05000016"]  # Gannet Holm, which only the ferry reaches
    table, areas = (frame[frame["neighbourhood_code"] != "X05000016"] for frame in (table, areas))
    for code, part in areas.groupby("neighbourhood_code"):
        found = 60 * table.set_index("neighbourhood_code")["car_time_min"][code]
        wanted = np.average(part["oracle_s"], weights=part["population"])
        assert abs(found - wanted) < 2 * longest + 120, code
    assert (
        np.corrcoef(
            table.set_index("neighbourhood_code")["car_time_min"],
            areas.groupby("neighbourhood_code").apply(lambda p: np.average(p["oracle_s"], weights=p["population"])),
        )[0, 1]
        > 0.99
    )


def test_the_ratio_is_that_of_the_means_of_those_who_have_both(tiny: ProjectFolder) -> None:
    table = tiny.read_table("out_neighbourhood__car_time")
    times = tiny.read_table("out_neighbourhood__travel_time")
    assert set(table["snapshot"]) == {"2016", "2024"}
    assert set(table["mode_set"]) == {"all", "bus"}
    keys = ["snapshot", "neighbourhood_code", "category", "window", "mode_set"]
    both = table.merge(times[times["direction"] == "outward"], on=keys, suffixes=("", "_pt"), validate="1:1")
    assert len(both) == len(table) > 0
    complete = both[both["people_without_ratio_pct"] == 0]
    assert len(complete) > 0
    np.testing.assert_allclose(60 * complete["public_transport_time_min"], complete["travel_time_p50_s"])
    np.testing.assert_allclose(
        complete["public_transport_to_car_ratio"],
        complete["travel_time_p50_s"] / 60 / complete["car_time_min"],
    )
    assert (table["public_transport_to_car_ratio"].dropna() > 1).mean() > 0.9
    pd.testing.assert_series_equal(table["car_time_min"].isna(), table["reason"].notna(), check_names=False)
    ratio = table["public_transport_to_car_ratio"]
    pd.testing.assert_series_equal(ratio.isna(), table["ratio_reason"].notna(), check_names=False)
    # driving does not depend on the timetable
    spread = table.groupby(["neighbourhood_code", "category"])["car_time_min"].nunique(dropna=False)
    assert (spread == 1).all()


def test_an_area_without_car_has_neither_roads_nor_table(tiny_copy: ProjectFolder) -> None:
    tiny_copy.edit(TINY, "  car: true\n", "")
    plan = tiny_copy.plan()
    assert "streets" in plan
    assert not any(unit.startswith("timetables") for unit in plan)
    tiny_copy.make_all()
    assert not (tiny_copy.outputs() / "tables/out_neighbourhood__car_time.parquet").exists()
    assert not (tiny_copy.outputs() / "streets/drive").exists()
    kinds = set(tiny_copy.read_table("out_point__link")["kind"])
    assert kinds == {"stop", "small_area", "destination"}


def test_faster_roads_rerun_times_but_not_streets(tiny_copy: ProjectFolder) -> None:
    before = tiny_copy.read_table("out_neighbourhood__car_time")
    tiny_copy.edit(TINY, "  car: true\n", "  car: {speeds_kmh: {local: 30, b_road: 60}}\n")
    plan = tiny_copy.plan()
    assert "times/2024" in plan
    assert not {"streets", "network/2024", "places"} & set(plan)
    for snapshot in ("2016", "2024"):
        done = tiny_copy.call("run", "times", "--area", TINY, "--snapshot", snapshot)
        assert done.returncode == 0, done.stderr
    assert tiny_copy.call("run", "scores", "--area", TINY).returncode == 0
    after = tiny_copy.read_table("out_neighbourhood__car_time")
    assert (after["car_time_min"].fillna(0) <= before["car_time_min"].fillna(0) + 1e-9).all()
    assert (after["car_time_min"] < before["car_time_min"]).any()


def test_a_speed_of_nothing_is_refused(tiny_copy: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_copy.edit(TINY, "  car: true\n", "  car: {speeds_kmh: {local: 0}}\n")
    monkeypatch.chdir(tiny_copy.path)
    with pytest.raises(ConfigError, match=r"settings\.car"):
        load_project(TINY)


def test_the_report_shows_the_ratio_on_the_page_of_a_neighbourhood(tiny: ProjectFolder) -> None:
    table = _select(tiny.read_table("out_neighbourhood__car_time"), category="hospitals", **CASE)
    pages = [page.read_text(encoding="utf-8") for page in (tiny.outputs() / "report").rglob("*.html")]
    shown = [page for page in pages if "By car and by public transport" in page]
    assert len(shown) == len(table)
    for row in table.dropna(subset="public_transport_to_car_ratio").itertuples():
        text = f"{row.public_transport_to_car_ratio:.1f} times as long"
        assert any(row.neighbourhood_code in page and text in page for page in shown), row.neighbourhood_code


def test_downloaded_streets_have_no_car_times(tiny: ProjectFolder, tmp_path: Path) -> None:
    area = tmp_path / "area.yaml"
    text = (tiny.path / TINY).read_text(encoding="utf-8")
    box = "overpass: {north: 53.3, south: 53.2, east: 0.9, west: 0.8}"
    area.write_text(text.replace("path: saltmarsh.osm.pbf", box), encoding="utf-8")
    done = tiny.call("run", "streets", "--area", str(area))
    check_error(done, 3, where="area.yaml", field="settings.car")
