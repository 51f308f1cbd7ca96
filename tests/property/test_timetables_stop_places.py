"""Stop places against the definition: pairs, and what follows from pairs."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.geo import compute_haversine_m
from pipeline.timetables.stop_places import compute_stop_places

STOP = st.tuples(
    st.sampled_from(["A", "b", "B", "0A", "C-1", "c1"]),
    st.sampled_from([None, "", "n1", "N1", "n 2"]),
    st.sampled_from(["", "High Street", "high st", "Green"]),
    st.one_of(st.none(), st.tuples(st.integers(0, 12), st.integers(0, 2))),
)
SCHEMA = {
    "stop_id": pl.String,
    "public_code": pl.String,
    "stop_name": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
}
Drawn = list[tuple[str, str | None, str, tuple[int, int] | None]]


def build(stops: Drawn) -> pl.DataFrame:
    rows = [
        (f"f:{code}", public, name, None if at is None else at[0] * 0.0003, None if at is None else 51 + at[1] * 0.0003)
        for code, public, name, at in stops
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def is_pair(one: dict[str, object], other: dict[str, object]) -> bool:
    """Tell whether two stops are one place by themselves."""

    def plain(value: object) -> str:
        return str(value or "").removeprefix("f:").upper().replace("-", "").replace(" ", "").lstrip("0")

    def name(value: object) -> str:
        return str(value).lower().replace("street", "st")

    is_placed = one["lon"] is not None and other["lon"] is not None
    distance = float(compute_haversine_m(one["lon"], one["lat"], other["lon"], other["lat"])) if is_placed else 0.0  # type: ignore[arg-type]
    for column in ("stop_id", "public_code"):
        if plain(one[column]) and plain(one[column]) == plain(other[column]) and distance <= 100:
            return True
    is_named = one["stop_name"] != "" and name(one["stop_name"]) == name(other["stop_name"])
    return is_placed and is_named and distance <= 30


@given(stops=st.lists(STOP, min_size=1, max_size=9), seed=st.randoms())
@settings(max_examples=120, deadline=None)
def test_places_are_what_pairs_connect_in_whatever_order(stops: Drawn, seed: object) -> None:
    table = build(stops)
    rows = table.to_dicts()
    expected = list(range(len(rows)))
    for _ in rows:
        for a in range(len(rows)):
            for b in range(len(rows)):
                if is_pair(rows[a], rows[b]):
                    expected[a] = expected[b] = min(expected[a], expected[b])
    numbers = {first: number for number, first in enumerate(dict.fromkeys(expected))}
    assert compute_stop_places(table).tolist() == [numbers[first] for first in expected]
    order = list(range(len(rows)))
    seed.shuffle(order)  # type: ignore[attr-defined]
    shuffled = compute_stop_places(table[order]).tolist()
    assert [[shuffled[a] == shuffled[b] for b in range(len(rows))] for a in range(len(rows))] == [
        [expected[order[a]] == expected[order[b]] for b in range(len(rows))] for a in range(len(rows))
    ]
