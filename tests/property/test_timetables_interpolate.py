"""Interpolation against the definition, written out trip by trip."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.geo import compute_haversine_m
from pipeline.timetables.interpolate import interpolate_times

Call = tuple[int | None, float | None, float | None]


@st.composite
def trips(draw: st.DrawFn) -> list[Call]:
    """Draw calls as (time, latitude, shape distance); the ends have times."""
    size = draw(st.integers(2, 7))
    now, along, calls = 0, 0.0, []
    has_shape = draw(st.booleans())
    for at in range(size):
        now += draw(st.integers(0, 400))
        along += draw(st.integers(0, 3))
        time = now if at in {0, size - 1} or draw(st.booleans()) else None
        lat = draw(st.one_of(st.none(), st.integers(0, 5).map(lambda n: n / 100)))
        calls.append((time, lat, along if has_shape or draw(st.booleans()) else None))
    return calls


def spread(values: list[float | None]) -> list[float | None]:
    """Fill gaps between known values evenly."""
    known = [at for at, value in enumerate(values) if value is not None]
    out = list(values)
    for before, after in itertools.pairwise(known):
        low, high = values[before], values[after]
        assert low is not None
        assert high is not None
        for at in range(before + 1, after):
            out[at] = low + (high - low) * (at - before) / (after - before)
    return out


def line_distances(calls: list[Call]) -> list[float | None]:
    """Metres along straight lines from located stop to located stop."""
    out: list[float | None] = []
    last, total = None, 0.0
    for _, lat, _ in calls:
        if lat is not None and last is not None:
            total += round(float(compute_haversine_m(0.0, last, 0.0, lat)) * 1000) / 1000
        out.append(None if lat is None else total)
        last = lat if lat is not None else last
    return spread(out)


def by_definition(calls: list[Call]) -> list[float]:
    """Return unrounded times."""
    shape = [dist for _, _, dist in calls]
    complete = [dist for dist in shape if dist is not None]
    use_shape = len(complete) == len(calls) and complete == sorted(complete)
    times: list[float | None] = [time for time, _, _ in calls]
    known = [at for at, time in enumerate(times) if time is not None]
    even = spread(times)
    for before, after in itertools.pairwise(known):
        for along in ([shape] if use_shape else []) + [line_distances(calls)]:
            low, high = along[before], along[after]
            start, end = times[before], times[after]
            if low is None or high is None or high <= low or start is None or end is None:
                continue
            for at in range(before + 1, after):
                here = along[at]
                assert here is not None
                even[at] = start + (end - start) * (here - low) / (high - low)
            break
    return [time for time in even if time is not None]


@given(st.lists(trips(), min_size=1, max_size=4))
def test_times_are_those_of_the_definition(drawn: list[list[Call]]) -> None:
    calls = [call for trip in drawn for call in trip]
    clock = np.array([-1 if time is None else time for time, _, _ in calls], dtype=np.int64)
    lat = np.array([math.nan if value is None else value for _, value, _ in calls])
    dist = np.array([math.nan if value is None else value for _, _, value in calls])
    number = np.repeat(np.arange(len(drawn)), [len(trip) for trip in drawn])
    out = interpolate_times(number, clock, clock, dist, np.where(np.isnan(lat), math.nan, 0.0), lat)
    expected = [time for trip in drawn for time in by_definition(trip)]
    assert np.abs(out.arrival_s - np.array(expected)).max() <= 0.5 + 1e-6
    inside = np.diff(number) == 0
    assert (np.diff(out.arrival_s)[inside] >= 0).all()
    assert (out.arrival_s == out.departure_s).all()
