"""A small scoring file and random indicator tables."""

import numpy as np
import polars as pl

from pipeline.scoring.indicators import compute_indicators
from pipeline.scoring.scores import compute_scores
from pipeline.scoring.spec import ScoringSpec, build_spec


def build_test_spec(weights=(1.0, 1.0, 1.0), n_draws=20) -> ScoringSpec:
    """Two times and one number of runs."""
    common = {"definition": "What is measured.", "unit": "s"}
    times = [
        {
            "name": f"time_{category}",
            "label": category,
            "table": "out_neighbourhood__travel_time",
            "column": "travel_time_p50_s",
            "filters": {"category": category},
            "worse": "high",
            "domain": "access",
            "weight": weight,
            "nulls": "unreachable",
            "anchors": {"best": 900, "worst": 5400},
            **common,
        }
        for category, weight in zip(("hospitals", "jobs"), weights[:2], strict=True)
    ]
    runs = {
        "name": "runs",
        "label": "runs",
        "table": "out_neighbourhood__service_level",
        "column": "runs_per_day",
        "filters": {"mode": "bus"},
        "worse": "low",
        "domain": "service",
        "weight": weights[2],
        "nulls": "missing",
        "anchors": {"best": 100, "worst": 0},
        **common,
    }
    return build_spec(
        {
            "name": "test",
            "uncertainty": {"n_draws": n_draws},
            "domains": {"access": {"label": "a", "weight": 0.6}, "service": {"label": "s", "weight": 0.4}},
            "indicators": [*times, runs],
        }
    )


def build_tables(seed: int, n: int = 30) -> dict[str, pl.DataFrame]:
    """Draw values with ties, unreachable places and missing ones."""
    rng = np.random.default_rng(seed)
    codes = [f"N{i:03d}" for i in range(n)]
    parts = []
    for category in ("hospitals", "jobs"):
        reason = rng.choice(["", "no_route", "over_limit", "no_street"], n, p=[0.8, 0.08, 0.07, 0.05])
        value = rng.integers(10, 40, n) * 120.0
        parts.append(
            pl.DataFrame(
                {
                    "snapshot": ["s1"] * n,
                    "neighbourhood_code": codes,
                    "category": [category] * n,
                    "travel_time_p50_s": [None if r else float(v) for r, v in zip(reason, value, strict=True)],
                    "reason": [str(r) or None for r in reason],
                },
                schema_overrides={"travel_time_p50_s": pl.Float64, "reason": pl.String},
            )
        )
    levels = pl.DataFrame(
        {
            "snapshot": ["s1"] * n,
            "neighbourhood_code": codes,
            "mode": ["bus"] * n,
            "runs_per_day": rng.integers(0, 150, n).astype(float),
            "coverage_class": [str(c) for c in rng.choice(["comparable", "partial", "missing"], n, p=[0.8, 0.1, 0.1])],
        }
    )
    return {"out_neighbourhood__travel_time": pl.concat(parts), "out_neighbourhood__service_level": levels}


def build_neighbourhoods(n: int = 30) -> pl.DataFrame:
    """Give names, groups and people."""
    groups = ["left_behind", "other_deprived", "other"]
    return pl.DataFrame(
        {
            "neighbourhood_code": [f"N{i:03d}" for i in range(n)],
            "neighbourhood_name": [f"Place {i}" for i in range(n)],
            "area_group": [groups[i % 3] for i in range(n)],
            "population": [float(1000 + 10 * i) for i in range(n)],
        }
    )


def score(spec, tables, n=30):
    """Compute indicators and scores."""
    codes = build_neighbourhoods(n)["neighbourhood_code"].to_list()
    indicators = compute_indicators(spec, tables, neighbourhood_codes=codes, snapshots=["s1"])
    return indicators, compute_scores(spec, indicators, build_neighbourhoods(n))
