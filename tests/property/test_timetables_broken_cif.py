"""However an ATCO-CIF file is damaged, it is read with notices or refused with an error, and never worse."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.read_atco_cif import read_atco_cif
from tests.support.cif import A_AND_B, header, journey

GOOD = [
    header(),
    f"QPN{'OPA':<4}{'Alder Buses':<24}",
    *A_AND_B,
    *journey(
        [("A", "2350"), ("M", "23590001"), ("B", "0010")], term="S", bank="X", after_header=["QE20101012201010120"]
    ),
    f"QR{'A':<12}0900000002{'':<14}",
    *journey([("B", "0900"), ("A", "0930")], key="000003", last="99999999"),
    *journey([], key="000003", transaction="D"),
]
PLACES = st.integers(0, len(GOOD) - 1)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("drop"), PLACES, st.just(0), st.just("")),
        st.tuples(st.just("cut"), PLACES, st.integers(0, 70), st.just("")),
        st.tuples(st.just("twice"), PLACES, st.just(0), st.just("")),
        st.tuples(st.just("put"), PLACES, st.integers(0, 70), st.text(max_size=8)),
    ),
    min_size=1,
    max_size=6,
)


def _damage(edits: list[tuple[str, int, int, str]]) -> bytes:
    lines: list[str | None] = list(GOOD)
    for kind, place, at, text in edits:
        line = lines[place]
        if line is None:
            continue
        if kind == "drop":
            lines[place] = None
        elif kind == "cut":
            lines[place] = line[:at]
        elif kind == "twice":
            lines[place] = f"{line}\r\n{line}"
        else:
            lines[place] = line[:at] + text + line[at + len(text) :]
    return "\r\n".join(line for line in lines if line is not None).encode("utf-8", errors="surrogatepass")


@given(EDITS)
@settings(max_examples=150)
def test_damaged_files_give_a_sound_timetable_or_an_error(edits: list[tuple[str, int, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.cif"
        path.write_bytes(_damage(edits))
        try:
            timetable = read_atco_cif(path, feed="x", notices=Notices())
        except InputError:
            return
    times = timetable.stop_times
    assert times.group_by("trip_index").len()["len"].min() >= 2  # type: ignore[operator]
    assert times.filter(pl.col("departure_s") < pl.col("arrival_s")).is_empty()
    assert times.filter(pl.col("arrival_s") < pl.col("departure_s").shift(1).over("trip_index")).is_empty()
    assert times["stop_index"].null_count() == timetable.trips["service_index"].null_count() == 0
    assert timetable.trips["trip_id"].is_unique().all()
