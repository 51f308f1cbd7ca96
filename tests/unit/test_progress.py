"""Progress goes to standard error, and only about work that lasts."""

from __future__ import annotations

import io
import threading
import time

import pytest

from pipeline.base import progress
from pipeline.base.progress import Meter, describe_seconds, measure, track


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundredths of a second in place of seconds."""
    for name, value in (("QUIET_S", 0.02), ("FIRST_LINE_S", 0.1), ("NEXT_LINE_S", 0.1), ("_TICK_S", 0.01)):
        monkeypatch.setattr(progress, name, value)


def test_a_meter_tells_count_rate_and_remaining_time():
    meter = Meter("times 2016", total=120, done=20)
    meter.started = 100.0
    assert meter.describe(now=100.0) == "times 2016: 20 of 120 (16 %), 0 s so far"
    meter.advance(50)
    assert meter.describe(now=125.0) == "times 2016: 70 of 120 (58 %), 2 a second, 25 s so far, about 25 s left"
    meter.advance(50)
    assert meter.describe(now=150.0) == "times 2016: 120 of 120 (100 %), 2 a second, 50 s so far"


def test_a_meter_without_a_total_tells_how_long_it_has_been():
    meter = Meter("packing the network")
    meter.started = 0.0
    assert meter.describe(now=75.0) == "packing the network: 1 min 15 s so far"
    meter.advance(3000)
    assert meter.describe(now=75.0) == "packing the network: 3,000, 40 a second, 1 min 15 s so far"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (7500, "2 h 5 min")]
)
def test_lengths_of_time_are_written_as_people_say_them(seconds, text):
    assert describe_seconds(seconds) == text


def test_no_item_is_lost_between_threads():
    meter = Meter("blocks")
    threads = [threading.Thread(target=lambda: [meter.advance() for _ in range(1000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.done == 8000


def test_short_work_says_nothing(capsys):
    assert list(track(range(5), description="items")) == [0, 1, 2, 3, 4]
    with measure("work"):
        pass
    assert capsys.readouterr() == ("", "")


def test_away_from_a_terminal_a_line_comes_now_and_then(quick, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with measure("reading streets", total=10) as meter:
        meter.advance(4)
        time.sleep(0.25)
    lines = stream.getvalue().splitlines()
    assert lines
    assert all(line.startswith("reading streets: 4 of 10 (40 %)") for line in lines)
    assert "\r" not in stream.getvalue()


def test_at_a_terminal_one_line_is_written_over_and_erased(quick, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with measure("reading streets") as meter:
        for _ in range(20):
            time.sleep(0.01)
            meter.advance()
    written = stream.getvalue()
    assert written.count("reading streets: ") >= 2
    assert "\n" not in written
    assert written.endswith("\r\x1b[K")


def test_work_within_other_work_is_told_of_on_the_same_line(quick, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with measure("outer"), measure("inner", total=2):
        time.sleep(0.15)
    with pytest.raises(ZeroDivisionError), measure("broken"):
        raise ZeroDivisionError  # its end is noticed all the same: what comes after is no inner work
    with measure("after"):
        time.sleep(0.15)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("outer: ")
    assert " | inner: 0 of 2 (0 %), " in lines[0]
    assert lines[-1].startswith("after: ")
    assert "broken" not in stream.getvalue()


def test_a_process_whose_work_another_one_tells_of_is_silent(quick, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "_silent", threading.Event())
    progress.be_silent()
    with measure("work"):
        time.sleep(0.15)
    assert stream.getvalue() == ""
