"""Scores of a whole country: within time and memory, and the same by an independent route."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.scores import LEVELS, SNAPSHOT, TIMES, build_country_spec, build_country_tables
from pipeline.scoring.publish import build_score_tables

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_a_country_with_a_thousand_draws_stays_within_a_minute_and_two_gigabytes(tmp_path):
    """In a process of its own; processor time, since other work may share the machine."""
    program = (
        "import json; from bench.scores import measure_scores; print(json.dumps(measure_scores(33_755, 12, 1_000)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=600
    )
    found = json.loads(done.stdout)
    assert found["cpu_s"] < 60
    assert found["peak_gb"] < 2
    assert found["rows"] > 33_755 * 12


@pytest.mark.parametrize("n", [7_433, 33_755])
def test_scores_of_a_country_from_ranks_made_by_pandas(n):
    """Ranks, transformation, domains and the absolute index, written out again with other tools."""
    spec = build_country_spec(n_draws=0)
    tables, places = build_country_tables(spec, n)
    published = build_score_tables(spec, tables, places, snapshots=[SNAPSHOT])["out_neighbourhood__score"].to_pandas()
    points, index, weights = {}, {}, {}
    total = {"access": 0.0, "service": 0.0}
    for indicator in spec.indicators:
        total[indicator.domain] += indicator.weight
    for indicator in spec.indicators:
        frame = tables[indicator.table].to_pandas()
        ((column, wanted),) = indicator.filters.items()
        frame = frame[frame[column] == wanted].set_index("neighbourhood_code")
        if indicator.table == TIMES:
            value = frame["travel_time_p50_s"].fillna(np.inf)
            worst_first = value.rank(ascending=False)
            index[indicator.name] = 100 * (1 - (value.clip(900, 5400) - 900) / 4500)
        else:
            assert indicator.table == LEVELS
            value = frame["runs_per_day"].where(frame["coverage_class"] != "missing")
            worst_first = value.rank(ascending=True)
            index[indicator.name] = 100 * value.clip(0, 120) / 120
        relative = (value.notna().sum() - worst_first + 1) / value.notna().sum()
        points[indicator.name] = -23 * np.log(1 - relative * (1 - np.exp(-100 / 23)))
        weights[indicator.name] = (
            {"access": 0.6, "service": 0.4}[indicator.domain] * indicator.weight / total[indicator.domain]
        )
    weight = pd.Series(weights)
    published = published.set_index("neighbourhood_code")
    for column, parts in (("score", points), ("absolute_index", index)):
        wide = pd.DataFrame(parts)[weight.index]
        mean = (wide * weight).sum(axis=1) / (wide.notna() * weight).sum(axis=1)
        assert np.abs(mean - published[column]).max() < 1e-9
    rank = published["score"].round(9).rank(ascending=False)
    assert rank.equals(published["rank"])
    assert published["decile"].value_counts().between(n // 10, n // 10 + 1).all()
