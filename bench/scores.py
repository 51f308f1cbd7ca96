"""Scores of a country as large as Britain: neighbourhoods, indicators and draws of weights, with time and memory.

``python -m bench.scores`` writes ``outputs/bench/scores.json``. Values are random with ties, unreachable places,
missing data and partial coverage.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.base.io import write_text
from pipeline.scoring.publish import build_score_tables
from pipeline.scoring.spec import ScoringSpec, build_spec

N_NEIGHBOURHOODS, N_INDICATORS, N_DRAWS = 33_755, 12, 1_000
MAX_S, MAX_GB = 60.0, 2.0
SNAPSHOT = "2024"
TIMES, LEVELS = "out_neighbourhood__travel_time", "out_neighbourhood__service_level"


def build_country_spec(n_indicators: int = N_INDICATORS, n_draws: int = N_DRAWS) -> ScoringSpec:
    """Declare as many indicators, two thirds of them times and the rest service levels.

    Parameters
    ----------
    n_indicators, n_draws
        How many.

    Returns
    -------
    ScoringSpec
        The scoring file.
    """
    n_times = 2 * n_indicators // 3
    indicators = []
    for number in range(n_indicators):
        is_time = number < n_times
        indicators.append(
            {
                "name": f"indicator_{number:02d}",
                "label": f"Indicator {number}",
                "definition": "Generated.",
                "table": TIMES if is_time else LEVELS,
                "column": "travel_time_p50_s" if is_time else "runs_per_day",
                "filters": {"category": f"{number:02d}"} if is_time else {"mode": _name_mode(number)},
                "unit": "s" if is_time else "runs per day",
                "worse": "high" if is_time else "low",
                "domain": "access" if is_time else "service",
                "weight": 1.0 + number % 2,
                "nulls": "unreachable" if is_time else "missing",
                "anchors": {"best": 900, "worst": 5400} if is_time else {"best": 120, "worst": 0},
                "limit": 3600 if is_time else None,
            }
        )
    content = {
        "name": "country",
        "uncertainty": {"n_draws": n_draws},
        "domains": {"access": {"label": "a", "weight": 0.6}, "service": {"label": "s", "weight": 0.4}},
        "indicators": indicators,
    }
    return build_spec(content)


def _name_mode(number: int) -> str:
    return ("bus", "coach", "rail", "tram", "metro", "ferry", "other", "all")[number % 8]


def build_country_tables(
    spec: ScoringSpec, n: int = N_NEIGHBOURHOODS, seed: int = 1
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Draw the tables that the indicators read, and the neighbourhoods.

    Parameters
    ----------
    spec
        From :func:`build_country_spec`.
    n
        Neighbourhoods.
    seed
        Of the random numbers.

    Returns
    -------
    tables : dict
        Published tables by name.
    neighbourhoods : polars.DataFrame
        With deprivation ranks, rural classes and authorities.
    """
    generator = np.random.default_rng(seed)
    codes = pl.Series("neighbourhood_code", [f"E{i:08d}" for i in range(n)])
    remote = generator.gamma(2.0, 0.5, n)
    times, levels = [], []
    for indicator in spec.indicators:
        value = np.round(1200 * remote * generator.lognormal(0, 0.4, n))
        frame = pl.DataFrame({"snapshot": pl.repeat(SNAPSHOT, n, eager=True), "neighbourhood_code": codes})
        if indicator.table == TIMES:
            is_far = value > 7200
            times.append(
                frame.with_columns(
                    pl.lit(str(indicator.filters["category"])).alias("category"),
                    pl.Series("travel_time_p50_s", np.where(is_far, np.nan, value), nan_to_null=True),
                    pl.Series("reason", np.where(is_far, "over_limit", None).tolist(), dtype=pl.String),
                )
            )
        else:
            coverage = generator.choice(["comparable", "partial", "missing"], n, p=[0.95, 0.04, 0.01])
            levels.append(
                frame.with_columns(
                    pl.lit(str(indicator.filters["mode"])).alias("mode"),
                    pl.Series("runs_per_day", np.round(100_000 / (500 + value))),
                    pl.Series("coverage_class", coverage.tolist()),
                )
            )
    groups = generator.choice(["left_behind", "other_deprived", "other"], n, p=[0.05, 0.1, 0.85])
    classes = generator.choice([f"class {i}" for i in range(8)], n)
    neighbourhoods = pl.DataFrame(
        {
            "neighbourhood_code": codes,
            "neighbourhood_name": codes,
            "area_group": groups.tolist(),
            "population": generator.integers(1_000, 3_000, n).astype(np.float64),
            "authority_code": [f"A{i % 317:03d}" for i in range(n)],
            "deprivation_rank": generator.permutation(n).astype(np.float64) + 1,
            "rurality": classes.tolist(),
        }
    )
    return {TIMES: pl.concat(times), LEVELS: pl.concat(levels)}, neighbourhoods


def _read_peak_gb() -> float:
    """Return this process's own peak; what getrusage says counts what its parent held before it began."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e9 for line in lines if line.startswith("VmHWM"))


def measure_scores(n: int, n_indicators: int, n_draws: int) -> dict[str, float]:
    """Compute every table of scores once and measure it.

    Parameters
    ----------
    n, n_indicators, n_draws
        Neighbourhoods, indicators, draws.

    Returns
    -------
    dict
        elapsed_s, cpu_s, peak_gb (of this process, generating included) and rows.
    """
    spec = build_country_spec(n_indicators, n_draws)
    tables, neighbourhoods = build_country_tables(spec, n)
    wall, processor = time.monotonic(), time.process_time()
    made = build_score_tables(spec, tables, neighbourhoods, snapshots=[SNAPSHOT])
    return {
        "n_neighbourhoods": n,
        "n_indicators": n_indicators,
        "n_draws": n_draws,
        "elapsed_s": round(time.monotonic() - wall, 2),
        "cpu_s": round(time.process_time() - processor, 2),
        "peak_gb": round(_read_peak_gb(), 3),
        "rows": sum(table.height for table in made.values()),
    }


def main() -> None:
    """Measure, print and write the result; exits with 1 where more is needed than the project allows itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neighbourhoods", type=int, default=N_NEIGHBOURHOODS)
    parser.add_argument("--indicators", type=int, default=N_INDICATORS)
    parser.add_argument("--draws", type=int, default=N_DRAWS)
    asked = parser.parse_args()
    found = measure_scores(asked.neighbourhoods, asked.indicators, asked.draws)
    text = json.dumps(found, indent=1)
    write_text(text + "\n", Path("outputs/bench/scores.json"))
    sys.stdout.write(text + "\n")
    if found["elapsed_s"] > MAX_S or found["peak_gb"] > MAX_GB:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
