"""Tables that only some runs publish, for the fictional coast: league of change, reruns, further measures, losses."""

from __future__ import annotations

import pandas as pd

from tests.support.report_tables import SNAPSHOTS, WINDOWS

INDICATORS = ("hospital_am", "runs_weekday")
PAIRS = (("2010", "2019"), ("2019", "2024"), ("2010", "2024"))


def add_extras(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with every table that is optional."""
    geography = tables["out_neighbourhood__geography"]
    codes = [str(code) for code in geography["neighbourhood_code"]]
    services, parts = build_losses(codes)
    scores = tables["out_neighbourhood__score"]
    return {
        **tables,
        "out_neighbourhood__score": scores.assign(
            decile_low=scores["decile"].clip(upper=9),
            decile_high=(scores["decile"] + 1).clip(upper=10),
            decile_share_pct=61.0,
            is_decile_stable=[number % 3 == 0 for number in range(len(scores))],
        ),
        "out_neighbourhood__change_league": build_league(geography),
        "out_indicator__influence": build_influence(),
        "out_run__sensitivity": build_variations(),
        "out_neighbourhood__sensitivity": build_reruns(codes),
        "out_neighbourhood__ptal": build_ptal(codes),
        "out_neighbourhood__transport_performance": build_performance(codes),
        "out_neighbourhood__floating_catchment": build_catchments(codes),
        "out_service__attribution": services,
        "out_neighbourhood__attribution": parts,
    }


def build_league(geography: pd.DataFrame) -> pd.DataFrame:
    """Change by pair and measure: place 1 lost most, and so on; two places are not ranked."""
    rows = []
    for start, end in PAIRS:
        for measure in ("absolute_index", "score"):
            for number, place in enumerate(geography.to_dict("records")):
                kind = {2: "partial", 5: "missing"}.get(number, "comparable")
                is_ranked = kind == "comparable"
                rows.append(
                    {
                        "snapshot_from": start,
                        "snapshot_to": end,
                        "measure": measure,
                        "neighbourhood_code": place["neighbourhood_code"],
                        "neighbourhood_name": place["neighbourhood_name"],
                        "area_group": place["area_group"],
                        "value_from": 60.0,
                        "value_to": 60.0 + number - 6,
                        "change_points": None if kind == "missing" else float(number - 6),
                        "change_alike_points": float(number - 6) if is_ranked else None,
                        "rank": float(number + 1) if is_ranked else None,
                        "n_tied": 0,
                        "rank_low": float(max(number, 1)) if is_ranked else None,
                        "rank_high": float(number + 3) if is_ranked else None,
                        "n_ranked": len(geography) - 2,
                        "n_not_ranked": 2,
                        "main_indicator": "hospital_am" if is_ranked else None,
                        "main_indicator_points": float(number - 6) / 2 if is_ranked else None,
                        "coverage_class": kind,
                        "coverage_reason": "" if is_ranked else "<b>Coastal Buses</b> has no data in October 2019",
                    }
                )
    return pd.DataFrame(rows)


def build_influence() -> pd.DataFrame:
    """One row an indicator and date."""
    rows = [(s, i, 0.5, 12, 0.9, 1.0, 3.0, 25.0) for s in SNAPSHOTS for i in INDICATORS]
    names = ["snapshot", "indicator", "weight", "n_ranked", "rank_correlation", "rank_change_p50", "rank_change_p95"]
    return pd.DataFrame(rows, columns=[*names, "decile_changed_pct"])


def build_variations() -> pd.DataFrame:
    """Two variants: slower walking, and a shorter window."""
    rows = [("slow", "walking.speed_kmh", "4.8", "3.6"), ("short", "windows.weekday_am.outward.end", "10:00", "09:00")]
    return pd.DataFrame(rows, columns=["variant", "parameter", "stated", "varied"])


def build_reruns(codes: list[str]) -> pd.DataFrame:
    """Under slower walking the first two places change sides; under the shorter window nobody moves."""
    rows = []
    for variant in ("short", "slow"):
        for snapshot in SNAPSHOTS:
            for number, code in enumerate(codes):
                varied = {0: 1, 1: 0}.get(number, number) if variant == "slow" else number
                rows.append((variant, snapshot, code, "score", 50.0, 49.0, number + 1.0, varied + 1.0))
                rows.append((variant, snapshot, code, "hospital_am", 1800.0, 2100.0, number + 1.0, varied + 1.0))
    names = ["variant", "snapshot", "neighbourhood_code", "measure", "value_stated", "value_varied", "rank_stated"]
    return pd.DataFrame(rows, columns=[*names, "rank_varied"])


def build_ptal(codes: list[str]) -> pd.DataFrame:
    """Bands from good to none; the last place is off the streets."""
    bands = ("6a", "4", "2", "1b", "0")
    rows = []
    for snapshot in SNAPSHOTS:
        for number, code in enumerate(codes):
            is_off = number == len(codes) - 1
            band = None if is_off else bands[number % len(bands)]
            index = None if is_off else 20.0 - number
            rows.append((snapshot, code, index, band, 0.0, "no_street" if is_off else None))
    names = ["snapshot", "neighbourhood_code", "access_index", "ptal", "people_without_pct", "reason"]
    return pd.DataFrame(rows, columns=names)


def build_performance(codes: list[str]) -> pd.DataFrame:
    """A thousand people reached of ten thousand, fewer in later places."""
    rows = [
        (s, code, 1000.0 - n, 10_000.0, (1000.0 - n) / 100, 0.0, None)
        for s in SNAPSHOTS
        for n, code in enumerate(codes)
    ]
    names = ["snapshot", "neighbourhood_code", "people_reached", "people_nearby", "transport_performance_pct"]
    return pd.DataFrame(rows, columns=[*names, "people_without_pct", "reason"])


def build_catchments(codes: list[str]) -> pd.DataFrame:
    """Hospitals for every thousand people; nobody is known near the first place."""
    rows = [
        (s, code, "hospitals", 60, None if n == 0 else 0.2, 0.0, "no_people" if n == 0 else None)
        for s in SNAPSHOTS
        for n, code in enumerate(codes)
    ]
    names = ["snapshot", "neighbourhood_code", "category", "catchment_min", "supply_per_1000_people"]
    return pd.DataFrame(rows, columns=[*names, "people_without_pct", "reason"])


def build_losses(codes: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Route 7 costs 300 person-minutes on a Sunday, all of them in the first place; 22 is not counted."""
    services, parts = [], []
    for number, route, operator, status, is_counted, minutes in (
        (1, "7", "Coastal <b>Buses</b>", "withdrawn", True, 300.0),
        (2, "9", "Valley Coaches", "cut_back", True, 40.0),
        (3, "22", "Coastal <b>Buses</b>", "missing", False, 900.0),
    ):
        for category in ("hospitals", "stations"):
            for window in WINDOWS:
                lost = minutes if window == "sunday" else minutes / 10
                row = (
                    "2010",
                    "2019",
                    number,
                    category,
                    window,
                    operator,
                    route,
                    "bus",
                    status,
                    "comparable",
                    is_counted,
                )
                services.append((*row, float(number), lost, 0.0, 0.0, 10.0, 1, ""))
                parts.append(
                    ("2010", "2019", codes[0], category, window, "service", number, lost, lost / 100, 0.0, 0.0)
                )
    names = ["snapshot_from", "snapshot_to", "service_number", "category", "window", "operator_name", "route", "mode"]
    names += ["status", "coverage_class", "is_counted", "rank", "lost_person_min", "people_cut_off"]
    names += ["people_beyond_hour", "people_slower", "neighbourhoods_affected", "evidence"]
    columns = ["snapshot_from", "snapshot_to", "neighbourhood_code", "category", "window", "part", "service_number"]
    return pd.DataFrame(services, columns=names), pd.DataFrame(
        parts, columns=[*columns, "lost_person_min", "loss_min", "people_cut_off", "people_slower"]
    )
