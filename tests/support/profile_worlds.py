"""Tables behind profiles: useful departures, journeys, visits, peers, comparisons, reruns and attribution."""

from __future__ import annotations

import json

import pandas as pd

from tests.support.report_tables import HOSTILE_NAME, SNAPSHOTS, build_tables

MARKUP = "<b onmouseover=alert(1)>X9</b>"
JOURNEYS = [[26_100, 27_900], [29_700, 32_400], [35_940, 38_000]]
"""Departures at 07:15 (30 min), 08:15 (45 min), and one that sets out after the window."""


def build_small_areas(members: list[tuple[str, float]]) -> pd.DataFrame:
    """Return small areas by the neighbourhood they belong to and their people."""
    return pd.DataFrame(
        {
            "small_area_code": [f"s{number}" for number in range(len(members))],
            "neighbourhood_code": [code for code, _ in members],
            "population": [float(people) for _, people in members],
        }
    )


def build_profile_tables(n: int = 12) -> dict[str, pd.DataFrame]:
    """Return the published tables of a fictional district with everything that a profile shows."""
    tables = build_tables(n, has_jobs=True)
    codes = tables["out_neighbourhood__geography"]["neighbourhood_code"].tolist()
    tables["out_neighbourhood__useful_departure"] = _build_useful(codes)
    tables["out_neighbourhood__journey_leg"] = _build_legs(tables["out_neighbourhood__geography"])
    tables["out_neighbourhood__visit"] = _build_visits(codes)
    tables["out_group__summary"] = _build_summary()
    tables["out_indicator__influence"] = pd.DataFrame(
        {
            "snapshot": ["2024", "2024"],
            "indicator": ["hospital_am", "runs_weekday"],
            "weight": [0.25, 0.75],
            "n_ranked": [10, 10],
            "rank_correlation": [0.94, 0.71],
            "rank_change_p50": [2.0, 4.0],
            "rank_change_p95": [5.0, 8.0],
            "decile_changed_pct": [10.0, 30.0],
        }
    )
    tables["out_neighbourhood__peer"] = pd.DataFrame(
        {
            "neighbourhood_code": codes[0],
            "peer_number": [1, 2],
            "peer_code": codes[1:3],
            "deprivation_rank_difference": 1.0,
        }
    )
    tables["out_run__sensitivity"] = pd.DataFrame(
        {"variant": ["slow_walk"], "parameter": ["walking.speed_kmh"], "stated": ["4.8"], "varied": ["3.6"]}
    )
    tables["out_neighbourhood__sensitivity"] = pd.DataFrame(
        {
            "variant": "slow_walk",
            "snapshot": "2024",
            "neighbourhood_code": codes,
            "measure": "score",
            "value_stated": 42.0,
            "value_varied": 43.5,
            "rank_stated": 3.0,
            "rank_varied": 4.0,
        }
    )
    tables |= _build_attribution(codes)
    scores = tables["out_neighbourhood__score"]
    scores[["decile_low", "decile_high", "decile_share_pct", "is_decile_stable"]] = [1, 3, 61.0, False]
    return tables


def _build_useful(codes: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "snapshot": snapshot,
                "neighbourhood_code": code,
                "category": "hospitals",
                "window": "weekday_am",
                "direction": direction,
                "mode_set": "all",
                "small_area_code": f"{code}-1",
                "people_pct": 60.0,
                "people_unlinked_pct": 0.0 if code != codes[1] else 12.0,
                "window_start_s": 25_200,
                "window_minutes": 180,
                "cap_s": 7_200,
                "minutes_with_journey": 180,
                "walk_time_s": None,
                "journeys": json.dumps(JOURNEYS if direction == "outward" else []),
            }
            for snapshot in SNAPSHOTS
            for code in codes
            for direction in ("outward", "return")
        ]
    )


def _build_legs(geography: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for snapshot, route in (("2010", "7"), ("2024", MARKUP)):
        for place in geography.to_dict("records"):
            home, there = [place["lon"], place["lat"]], [-4.17, 51.02]
            legs = (
                ("walk", 25_200, 25_500, None, "High Street", None, [home, home]),
                ("ride", 25_500, 26_700, "High Street", HOSTILE_NAME, route, [home, there]),
                ("walk", 26_700, 27_000, HOSTILE_NAME, "Cottage Hospital", None, [there, there]),
            )
            for number, (kind, start, end, from_name, to_name, name, line) in enumerate(legs, start=1):
                rows.append(
                    {
                        "snapshot": snapshot,
                        "neighbourhood_code": place["neighbourhood_code"],
                        "category": "hospitals",
                        "window": "weekday_am",
                        "small_area_code": "s1",
                        "leg": number,
                        "kind": kind,
                        "start_s": start,
                        "end_s": end,
                        "from_name": from_name,
                        "to_name": to_name,
                        "mode": "bus" if name else None,
                        "route": name,
                        "operator_name": "Coastal <i>Buses</i>" if name else None,
                        "headsign": None,
                        "line_lonlat": json.dumps(line),
                    }
                )
    return pd.DataFrame(rows)


def _build_visits(codes: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "snapshot": snapshot,
                "neighbourhood_code": code,
                "visit": "hospital_visit",
                "begins": "14:00-20:00",
                "mode_set": "all",
                "category": "hospitals",
                "day_type": "weekday",
                "stay_min": 90,
                "usable_pct": 37.0 if snapshot == "2024" else 81.0,
                "time_away_p50_s": None,
                "time_away_least_s": 9_000.0,
                "people_without_any_pct": 0.0,
                "destinations_nearest": "[]",
                "reason": None,
            }
            for snapshot in SNAPSHOTS
            for code in codes
        ]
    )


def _build_summary() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "snapshot": "2024",
                "area_group": group,
                "measure": "score",
                "unit": "points",
                "n_neighbourhoods": 4,
                "n_with_value": 4,
                "population": 20_000.0,
                "mean_weighted": low + 9.0,
                "worse_than_all_median_pct": 50.0,
                "worse_than_all_mean_pct": 50.0,
                "p25": low,
                "median": low + 10.0,
                "p75": low + 20.0,
            }
            for group, low in (("left_behind", 40.0), ("other_deprived", 30.0), ("other", 20.0), ("all", 25.0))
        ]
    )


def _build_attribution(codes: list[str]) -> dict[str, pd.DataFrame]:
    pair = {"snapshot_from": "2010", "snapshot_to": "2019", "category": "hospitals", "window": "weekday_am"}
    parts = (("service", 3, 6.4), ("lost_together", None, 7.0), ("missing_data", None, 0.1), ("whole", None, 7.1))
    rows = [
        {
            **pair,
            "neighbourhood_code": code,
            "part": part,
            "service_number": number,
            "lost_person_min": 100.0,
            "people_cut_off": 12.0,
            "people_beyond_hour": 0.0,
            "people_slower": 5.0,
            "loss_min": loss,
        }
        for code in codes
        for part, number, loss in parts
    ]
    service = {
        **pair,
        "service_number": 3,
        "operator_name": "Coastal <i>Buses</i>",
        "route": MARKUP,
        "status": "withdrawn",
        "is_counted": True,
        "lost_person_min": 100.0,
        "people_cut_off": 12.0,
        "people_beyond_hour": 0.0,
        "people_slower": 5.0,
        "neighbourhoods_affected": 3,
        "mode": "bus",
        "coverage_class": "comparable",
        "evidence": "No run on this route after 2019",
        "rank": 1,
    }
    return {
        "out_neighbourhood__attribution": pd.DataFrame(rows).astype({"service_number": "Int64"}),
        "out_service__attribution": pd.DataFrame([service]).astype({"service_number": "Int64"}),
    }
