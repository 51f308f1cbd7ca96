"""Columns of the tables that only profiles read."""

from __future__ import annotations

VISIT = "out_neighbourhood__visit"
USEFUL = "out_neighbourhood__useful_departure"
LEGS = "out_neighbourhood__journey_leg"
GROUP_SUMMARY = "out_group__summary"
INFLUENCE = "out_indicator__influence"
PEERS = "out_neighbourhood__peer"
COMPARISON = "out_neighbourhood__comparison"
SENSITIVITY = "out_neighbourhood__sensitivity"
VARIANTS = "out_run__sensitivity"
ATTRIBUTION = "out_neighbourhood__attribution"

PROFILE_COLUMNS: dict[str, tuple[str, ...]] = {
    VISIT: (
        "snapshot",
        "neighbourhood_code",
        "visit",
        "begins",
        "mode_set",
        "category",
        "day_type",
        "stay_min",
        "usable_pct",
        "time_away_p50_s",
        "time_away_least_s",
        "people_without_any_pct",
        "destinations_nearest",
        "reason",
    ),
    USEFUL: (
        "snapshot",
        "neighbourhood_code",
        "category",
        "window",
        "direction",
        "mode_set",
        "small_area_code",
        "people_pct",
        "people_unlinked_pct",
        "window_start_s",
        "window_minutes",
        "cap_s",
        "walk_time_s",
        "journeys",
    ),
    LEGS: (
        "snapshot",
        "neighbourhood_code",
        "category",
        "window",
        "small_area_code",
        "leg",
        "kind",
        "start_s",
        "end_s",
        "from_name",
        "to_name",
        "mode",
        "route",
        "operator_name",
        "headsign",
        "line_lonlat",
    ),
    GROUP_SUMMARY: ("snapshot", "area_group", "measure", "unit", "n_neighbourhoods", "p25", "median", "p75"),
    INFLUENCE: ("snapshot", "indicator", "weight", "rank_change_p50", "decile_changed_pct"),
    PEERS: ("neighbourhood_code", "peer_number", "peer_code", "deprivation_rank_difference"),
    COMPARISON: (
        "snapshot",
        "neighbourhood_code",
        "measure",
        "unit",
        "value",
        *(f"{what}_{name}" for name in ("all", "group", "authority", "rurality", "peers") for what in ("n", "median")),
    ),
    SENSITIVITY: (
        "variant",
        "snapshot",
        "neighbourhood_code",
        "measure",
        "value_stated",
        "value_varied",
        "rank_stated",
        "rank_varied",
    ),
    VARIANTS: ("variant", "parameter", "stated", "varied"),
    ATTRIBUTION: (
        "snapshot_from",
        "snapshot_to",
        "neighbourhood_code",
        "category",
        "window",
        "part",
        "service_number",
        "lost_person_min",
        "people_cut_off",
        "people_slower",
        "loss_min",
    ),
}
"""Columns by table; tables may hold more."""
