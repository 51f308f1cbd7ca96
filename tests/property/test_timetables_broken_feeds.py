"""Whatever is done to a feed's bytes, it is read or refused with a message, never with a traceback."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.fingerprint import compute_fingerprint
from pipeline.timetables.read_gtfs import read_gtfs
from tests.support.gtfs import DEFAULTS, build_gtfs, to_bytes

MORE = {
    "frequencies": "trip_id,start_time,end_time,headway_secs,exact_times\nT1,6:00:00,6:30:00,600,1\n",
    "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nS1,S2,2,60\n",
    "calendar_dates": "service_id,date,exception_type\nWK,20240106,1\n",
}
BYTES = [b'"', b",", b"\n", b"\r", b"\xff", b"\x00", b', "', b'""', b"9" * 20, b"-1", b"1e9", b"\xef\xbb\xbf"]
CELLS = [b"", b"NA", b"-5", b"0", b"1e400", b"nan", b"99:99:99", b"999:00:00", b"20241301", b"\xc3", b"128", b'"x']


def damage(data: bytes, rng: random.Random) -> bytes:
    """Change a byte, cut, insert, repeat a row, or put something odd into a cell."""
    at = rng.randrange(len(data))
    rows = data.split(b"\n")
    match rng.randrange(5):
        case 0:
            return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        case 1:
            return data[:at] + data[at + rng.randrange(9) :]
        case 2:
            return data[:at] + rng.choice(BYTES) + data[at:]
        case 3:
            rows.insert(rng.randrange(len(rows)), rng.choice(rows))
        case _:
            row = rng.randrange(len(rows))
            cells = rows[row].split(b",")
            cells[rng.randrange(len(cells))] = rng.choice(CELLS)
            rows[row] = b",".join(cells)
    return b"\n".join(rows)


@pytest.mark.parametrize("seed", range(4))
def test_no_damage_ends_in_a_traceback(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    whole = {name: to_bytes(content) for name, content in {**DEFAULTS, **MORE}.items()}
    n_read = 0
    for _ in range(30):
        files = dict(whole)
        for name in rng.sample(sorted(files), rng.randint(1, 3)):
            files[name] = damage(files[name], rng)
        path = build_gtfs(tmp_path, use_defaults=False, **files)
        notices = Notices()
        try:
            timetable = remove_duplicate_trips(read_gtfs(path, feed="x", notices=notices), notices)
        except InputError as error:
            assert error.what  # noqa: PT017
            continue
        n_read += 1
        assert len(compute_fingerprint(timetable)) == 64
        assert timetable.stop_times.null_count().sum_horizontal().item() == 0
        assert notices.to_frame()["count"].ge(1).all()
    assert n_read > 3
