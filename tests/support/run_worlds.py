"""A small published run, and the same with one thing wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.change.run_record import RunOrigin, RunRecord, build_record

CODES = [f"N{i:03d}" for i in range(40)]
SNAPSHOTS = ("s1", "s2")
ORIGIN = RunOrigin("settings", "shared", {"s1": "d1", "s2": "d2"}, {"s1": "t1", "s2": "t2"})


def build_run_tables(snapshots=SNAPSHOTS) -> dict[str, pd.DataFrame]:
    """Tables of a run, as far as the gates read them."""
    rng = np.random.default_rng(11)
    scores, times, links, presence, totals = [], [], [], [], []
    index, minutes = rng.uniform(5, 95, len(CODES)), rng.uniform(10, 80, len(CODES))
    for snapshot in snapshots:
        scores.append(pd.DataFrame({"snapshot": snapshot, "neighbourhood_code": CODES, "absolute_index": index}))
        for category in ("hospitals", "jobs"):
            is_null = np.arange(len(CODES)) < 2
            frame = {
                "snapshot": snapshot,
                "neighbourhood_code": CODES,
                "category": category,
                "window": "weekday_am",
                "direction": "outward",
                "mode_set": "all",
                "travel_time_p50_s": np.where(is_null, np.nan, 60 * minutes),
                "reason": np.where(is_null, "no_route", None),
            }
            times.append(pd.DataFrame(frame))
        for kind, n in (("stop", 50), ("small_area", 80)):
            is_linked = np.arange(n) >= 1
            links.append(pd.DataFrame({"snapshot": snapshot, "kind": kind, "is_linked": is_linked}))
        names = [f"Operator {letter}" for letter in "ABC"]
        presence.append(pd.DataFrame({"snapshot": snapshot, "operator_name": names, "is_present": True}))
        for day, runs in (("weekday", 300.0), ("saturday", 200.0), ("sunday", 50.0)):
            row = {"snapshot": snapshot, "mode": "all", "day_type": day, "band": "all_day", "runs_per_day": runs}
            totals.append(pd.DataFrame([row]))
    return {
        "out_neighbourhood__score": pd.concat(scores, ignore_index=True),
        "out_neighbourhood__travel_time": pd.concat(times, ignore_index=True),
        "out_point__link": pd.concat(links, ignore_index=True),
        "out_operator__presence": pd.concat(presence, ignore_index=True),
        "out_system__total": pd.concat(totals, ignore_index=True),
        "out_neighbourhood__geography": pd.DataFrame({"neighbourhood_code": CODES}),
    }


def record(tables, *, run="now", origin=ORIGIN) -> RunRecord:
    """What would be remembered of tables."""
    return build_record(run, origin, tables)
