from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.geo import EARTH_RADIUS_M
from pipeline.base.notices import Notices
from pipeline.streets.model import Streets
from pipeline.streets.read_osm import NodeColumns, WayColumns, build_streets_from_columns
from pipeline.streets.snap import compute_eligible_components, snap_points


def build_random(seed: int, lat: float) -> Streets:
    rng = np.random.default_rng(seed)
    n = 30
    nodes = NodeColumns(
        np.arange(1, n + 1, dtype=np.int64),
        np.round(rng.uniform(-3.0, -2.96, n), 7),
        np.round(rng.uniform(lat, lat + 0.02, n), 7),
        np.zeros(n, dtype=bool),
    )
    ways = WayColumns()
    for way in range(1, 9):
        ways.add(way, 1, rng.integers(1, n + 1, 4).tolist(), {"highway": "path"})
    return build_streets_from_columns(ways, nodes, Notices(), file=Path("made.osm"))


def find_by_brute_force(streets: Streets, lon: float, lat: float, eligible: np.ndarray) -> tuple[float, int, int]:
    """(distance rounded to the micrometre, edge, position) over every segment, in plain Python."""
    best = (math.inf, -1, -1)
    for edge, (xs, ys, u) in enumerate(streets.edges.select("xs", "ys", "u").rows()):
        if not eligible[streets.nodes["component"][u]]:
            continue
        start = int(streets.geometry.indptr[edge])
        for i in range(len(xs) - 1):
            cos = math.cos(math.radians(lat))
            a = (math.radians(xs[i] - lon) * cos * EARTH_RADIUS_M, math.radians(ys[i] - lat) * EARTH_RADIUS_M)
            b = (math.radians(xs[i + 1] - lon) * cos * EARTH_RADIUS_M, math.radians(ys[i + 1] - lat) * EARTH_RADIUS_M)
            d = (b[0] - a[0], b[1] - a[1])
            square = d[0] ** 2 + d[1] ** 2
            share = min(1.0, max(0.0, -(a[0] * d[0] + a[1] * d[1]) / square)) if square else 0.0
            distance = math.hypot(a[0] + share * d[0], a[1] + share * d[1])
            low, high = (int(streets.geometry.along_cm[start + i + k]) for k in (0, 1))
            best = min(best, (round(distance * 1e6), edge, low + round(share * (high - low))))
    return best


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([-55.0, 0.0, 51.0, 60.0]), st.floats(30, 1500))
def test_snapping_equals_brute_force(seed: int, lat: float, max_link_m: float) -> None:
    streets = build_random(seed, lat)
    rng = np.random.default_rng(seed + 1)
    x, y = rng.uniform(-3.01, -2.95, 12), rng.uniform(lat - 0.005, lat + 0.025, 12)
    # Some points lie exactly at nodes, where several edges are equally near.
    x[:4], y[:4] = streets.nodes["x"].to_numpy()[:4], streets.nodes["y"].to_numpy()[:4]
    eligible = rng.random(streets.components.height) < 0.7
    snapped = snap_points(streets, x, y, max_link_m=max_link_m, eligible_components=eligible)
    for i in range(x.size):
        any_distance, _, _ = find_by_brute_force(streets, x[i], y[i], np.ones_like(eligible))
        if any_distance <= max_link_m * 1e6:
            assert snapped.link_m_to_any[i] == pytest.approx(any_distance / 1e6, abs=2e-6)
        distance, edge, position = find_by_brute_force(streets, x[i], y[i], eligible)
        if round(distance / 1e4) > round(max_link_m * 100) if edge >= 0 else True:
            edge, position = -1, -1
        assert (snapped.edge_index[i], snapped.position_cm[i]) == (edge, position)
        assert snapped.link_cm[i] == (round(distance / 1e4) if edge >= 0 else -1)


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_eligible_components_follow_their_definition(seed: int) -> None:
    streets = build_random(seed, 51.0)
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-3.0, -2.96, 6), rng.uniform(51.0, 51.02, 6)
    eligible = compute_eligible_components(streets, x, y, max_link_m=150, min_component_nodes=6)
    proper = streets.components["n_raw_nodes"].to_numpy() >= 6
    proper[0] = True
    expected = proper.copy()
    for i in range(x.size):
        if find_by_brute_force(streets, x[i], y[i], proper)[0] > 150e6:
            distance, edge, _ = find_by_brute_force(streets, x[i], y[i], np.ones_like(proper))
            if distance <= 150e6:
                expected[streets.edge_component[edge]] = True
    assert np.array_equal(eligible, expected)
