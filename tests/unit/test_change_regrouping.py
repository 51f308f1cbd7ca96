"""Several services that became one, one that became several, and runs that are only filed in another way."""

from pipeline.base.tables import check_table
from pipeline.change.coverage import build_operators, compute_operator_presence
from pipeline.change.service_change import compute_service_changes
from pipeline.change.services import build_services
from tests.support.change_worlds import Route, Trip, World

LOOP = [0, 1, 2, 3]


def _line(route, stops, *starts):
    return tuple(
        Trip(route, "weekdays", tuple((stop, 3600 * start + 300 * n, True, True) for n, stop in enumerate(stops)))
        for start in starts
    )


def _world(lines, snapshot, prefix=""):
    trips = sum((_line(i, *line) for i, line in enumerate(lines.values())), ())
    return World(tuple(Route("A", number) for number in lines), trips, snapshot=snapshot, prefix=prefix)


def _tell(before, after):
    """Routes before and after to the row that tells what became of them."""
    worlds = [_world(before, "s1"), _world(after, "s2", "other")]
    pairs = [(w.frames(), w.window()) for w in worlds]
    presence = compute_operator_presence([build_operators(f, w) for f, w in pairs], ["s1", "s2"])
    rows = compute_service_changes([build_services(f, w) for f, w in pairs], presence)
    check_table(rows.to_pandas(), "out_service__change")
    return {(row["route_before"], row["route_after"]): row for row in rows.to_dicts()}


def test_two_variants_that_became_one_line_are_merged_and_not_withdrawn():
    told = _tell(
        {"2A": ([0, 1, 2, 3], 8, 10), "2C": ([3, 2, 1, 0, 4], 9, 11), "9": ([6, 7, 8], 8)},
        {"2": ([0, 1, 2, 3, 2, 1, 0], 8, 9, 10, 11), "9": ([6, 7, 8], 8)},
    )
    assert {key: row["status"] for key, row in told.items()} == {("2A + 2C", "2"): "merged", ("9", "9"): "kept"}
    row = told["2A + 2C", "2"]
    assert (row["weekday_runs_before"], row["weekday_runs_after"]) == (4.0, 4.0)
    assert row["service_keys_before"] == "a/2a/bus,a/2c/bus"
    assert row["evidence"].startswith("2A + 2C became 2, ")


def test_a_line_that_became_two_is_split_and_tells_what_was_cut():
    told = _tell(
        {"1": ([0, 1, 2, 3, 4, 5], 7, 8, 9, 10, 11, 12), "9": ([6, 7, 8], 8)},
        {"1A": ([0, 1, 2], 7, 8), "1B": ([3, 4, 5], 7, 8), "9": ([6, 7, 8], 8)},
    )
    assert {key: row["status"] for key, row in told.items()} == {("1", "1A + 1B"): "split", ("9", "9"): "kept"}
    row = told["1", "1A + 1B"]
    assert "cut_back" in row["changes"].split(",")
    assert (row["weekday_calls_before_per_day"], row["weekday_calls_after_per_day"]) == (6.0, 2.0)


def test_a_variant_that_goes_while_the_other_stays_as_it_was_is_withdrawn():
    told = _tell(
        {"16A": ([0, 1, 2, 3], 8, 9), "16C": ([0, 1, 2, 3, 4], 10, 11)},
        {"16A": ([0, 1, 2, 3], 8, 9)},
    )
    assert told["16C", None]["status"] == "withdrawn"
    assert told["16A", "16A"]["status"] == "kept"


def test_a_service_whose_runs_another_one_took_up_is_merged_whatever_its_number():
    told = _tell(
        {"5": ([0, 1, 2, 3, 4], 8, 9), "7": ([0, 1, 2, 3], 10, 11)},
        {"5": ([0, 1, 2, 3, 4], 8, 9, 10, 11)},
    )
    assert {key: row["status"] for key, row in told.items()} == {("5 + 7", "5"): "merged"}


def test_a_round_trip_filed_in_two_halves_is_no_rise_in_service():
    told = _tell(
        {"3": ([0, 1, 2, 3, 2, 1, 0], 7, 8, 9)},
        {"3": ([0, 1, 2, 3], 7, 8, 9, 10, 11, 12)},
    )
    row = told["3", "3"]
    assert (row["weekday_runs_before"], row["weekday_runs_after"]) == (3.0, 6.0)
    assert row["weekday_calls_before_per_day"] == row["weekday_calls_after_per_day"] == 6.0
    assert "3 of 3 weekday runs ended where they began, 0 of 6 do now" in row["evidence"]
    assert "times 1 where runs are times 2" in row["evidence"]
    assert "none looks filed twice" in row["evidence"]


def test_two_filings_of_the_same_buses_are_pointed_out():
    told = _tell({"3": (LOOP, 7, 8)}, {"3": (LOOP, 7, 8, 7, 8)})
    assert "0 weekday runs before and 2 after start within two minutes of another" in told["3", "3"]["evidence"]
