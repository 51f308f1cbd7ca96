"""The table that README.md shows, made from the sample's published tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

WARDS = ("Gannet Holm", "Dunmarle", "Brackwater", "Samphire", "Limekiln", "Market")
FIRST, LAST = "2010", "2024"


def build_readme_table(tables: Path) -> str:
    """Return six wards of the sample as a Markdown table: time to a hospital, evening buses, rank and its interval."""
    score = pd.read_parquet(tables / "out_neighbourhood__score.parquet")
    score = score[score["snapshot"] == LAST].set_index("neighbourhood_code")
    codes = {name: code for code, name in score["neighbourhood_name"].items()}
    times = pd.read_parquet(tables / "out_neighbourhood__travel_time.parquet")
    times = times[
        (times["category"] == "hospitals")
        & (times["window"] == "weekday_am")
        & (times["direction"] == "outward")
        & (times["mode_set"] == "all")
    ].set_index(["snapshot", "neighbourhood_code"])
    levels = pd.read_parquet(tables / "out_neighbourhood__service_level.parquet")
    levels = levels[
        (levels["mode"] == "bus") & (levels["day_type"] == "weekday") & (levels["band"] == "18_22")
    ].set_index(["snapshot", "neighbourhood_code"])
    titles = (
        "ward",
        "group",
        f"minutes to a hospital, {FIRST}",
        f"{LAST} (middle half)",
        f"evening buses, {FIRST}",
        LAST,
    )
    lines = [
        f"| {' | '.join(titles)} | rank of 17 (range) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in WARDS:
        code = codes[name]
        row, now = score.loc[code], times.loc[(LAST, code)]
        before = times.loc[(FIRST, code), "travel_time_p50_s"] / 60
        runs = [levels.loc[(snapshot, code), "runs_per_day"] for snapshot in (FIRST, LAST)]
        lines.append(
            f"| {name} | {row['area_group'].replace('_', ' ')} | {before:.0f} "
            f"| {now['travel_time_p50_s'] / 60:.0f} ({now['travel_time_p25_s'] / 60:.0f} to "
            f"{now['travel_time_p75_s'] / 60:.0f}) | {runs[0]:.0f} | {runs[1]:.0f} "
            f"| {row['rank']:.0f} ({row['rank_low']:.0f} to {row['rank_high']:.0f}) |"
        )
    return "\n".join(lines) + "\n"
