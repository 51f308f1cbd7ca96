"""Public transport access levels: a case worked by hand, the bands, and a plain second implementation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scoring.ptal import classify_ptal, compute_access_index

SCHEMA = {"stop": pl.Int64, "route": pl.Int64, "towards": pl.Int64, "mode": pl.String}
WALKS = {"origin": pl.Int64, "stop": pl.Int64, "metres": pl.Float64}


def index(departures, walks, n=1):
    frames = (pl.DataFrame(rows, schema=s, orient="row") for rows, s in ((departures, SCHEMA), (walks, WALKS)))
    return compute_access_index(*frames, n)


def test_a_place_with_two_bus_routes_and_a_station_worked_by_hand():
    """Bus 1: 320 m, six an hour: 4 + 5 + 2 = 11 min; bus 2: 640 m, two an hour: 8 + 15 + 2 = 25 min; rail: 960 m, four
    an hour one way and three the other: 12 + 7.5 + 0.75 = 20.25 min."""
    departures = [(0, 1, 9, "bus")] * 6 + [(1, 2, 9, "bus")] * 2 + [(2, 3, 8, "rail")] * 4 + [(2, 3, 7, "rail")] * 3
    found = index(departures, [(0, 0, 320.0), (0, 1, 640.0), (0, 2, 960.0)])
    assert found[0] == pytest.approx(30 / 11 + 0.5 * 30 / 25 + 30 / 20.25)
    assert classify_ptal(found) == ["1b"]


def test_stops_beyond_their_distance_and_other_modes_do_not_count():
    departures = [(0, 1, 9, "bus")] * 6 + [(1, 2, 9, "rail")] * 6 + [(2, 3, 9, "ferry")] * 6
    found = index(departures, [(0, 0, 641.0), (0, 1, 961.0), (0, 2, 10.0)])
    assert classify_ptal(found) == ["0"]


def test_a_route_counts_once_at_the_stop_with_the_least_access_time():
    """100 m and two an hour: 1.25 + 15 + 2; 400 m and six an hour: 5 + 5 + 2, which is less."""
    found = index([(0, 1, 9, "bus")] * 2 + [(1, 1, 9, "bus")] * 6, [(0, 0, 100.0), (0, 1, 400.0)])
    assert found[0] == pytest.approx(30 / 12)


def test_bands_begin_where_the_published_table_says():
    edges = [0, 0.001, 2.5, 2.51, 5, 5.01, 10, 10.01, 15, 15.01, 20, 20.01, 25, 25.01, 40, 40.01, np.nan]
    bands = ["0", "1a", "1a", "1b", "1b", "2", "2", "3", "3", "4", "4", "5", "5", "6a", "6a", "6b", None]
    assert classify_ptal(np.array(edges, dtype=float)) == bands


ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 4),
        st.integers(0, 2),
        st.sampled_from(["bus", "coach", "rail", "tram", "ferry"]),
    ),
    max_size=30,
)
ACCESS = st.dictionaries(st.tuples(st.integers(0, 2), st.integers(0, 3)), st.integers(0, 1200), max_size=10)


@given(departures=ROWS, access=ACCESS)
@settings(max_examples=100, deadline=None)
def test_the_index_is_that_of_loops_over_the_definition(departures, access):
    # a route has one mode
    mode_of = {route: mode for _, route, _, mode in departures}
    departures = [(stop, route, towards, mode_of[route]) for stop, route, towards, _ in departures]
    found = index(departures, [(origin, stop, float(m)) for (origin, stop), m in access.items()], n=3)
    for origin in range(3):
        by_mode: dict[str, list[float]] = {}
        for route, mode in sorted(mode_of.items()):
            if mode == "ferry":
                continue
            is_road = mode in {"bus", "coach"}
            times = []
            for (here, stop), metres in access.items():
                ways = [w for s, r, w, _ in departures if (s, r) == (stop, route)]
                if here == origin and ways and metres <= (640 if is_road else 960):
                    headway = 60 / max(ways.count(w) for w in ways)
                    times.append(metres / 80 + headway / 2 + (2 if is_road else 0.75))
            if times:
                by_mode.setdefault("bus" if is_road else mode, []).append(30 / min(times))
        expected = sum(max(edf) + 0.5 * (sum(edf) - max(edf)) for edf in by_mode.values())
        assert found[origin] == pytest.approx(expected)
