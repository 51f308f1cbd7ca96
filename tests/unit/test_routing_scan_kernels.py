"""The parts of the backward scan, one by one, against the same done slowly with lists."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from pipeline.routing import scan_kernels as kernels
from pipeline.routing.kernels import INF

SEEDS = range(6)
N_STOPS = 40
Entry = tuple[int, int, int]  # time, arrival, destination


def make_profile(entries: list[Entry]) -> list[Entry]:
    """What a profile ought to hold: from the latest on, whatever has a better label than all that is later."""
    kept: list[Entry] = []
    for time, *label in sorted(entries, key=lambda entry: (-entry[0], *entry[1:])):
        if not kept or tuple(label) < kept[-1][1:]:
            kept.append((time, *label))
    return kept


class Profiles:
    """Transfer profiles of several stops in a pool that begins as small as can be."""

    def __init__(self, n_stops: int = N_STOPS, n_rows: int = 1) -> None:
        self.pool = np.full((n_rows, 3), -7, np.int32)
        self.used = np.zeros(2, np.int32)
        self.free = np.full(40, -1, np.int32)
        self.heads = np.zeros((n_stops, 8), np.int32)
        self.heads[:, 3] = -INF

    def add(self, stop: int, entry: Entry) -> int:
        state = kernels.insert_entry(self.pool, self.heads, stop, *entry)
        if state == 2:
            self.pool = kernels.grow_profile(self.pool, self.used, self.free, self.heads, stop)
            assert kernels.insert_entry(self.pool, self.heads, stop, *entry) == 1
        return state

    def read(self, stop: int) -> list[Entry]:
        begin, length = self.heads[stop, :2].tolist()
        return [tuple(row) for row in self.pool[begin : begin + length].tolist()]

    def check(self, stop: int, entries: list[Entry]) -> None:
        expected = make_profile(entries)
        assert self.read(stop) == expected
        if expected:
            assert tuple(self.heads[stop, 3:6].tolist()) == expected[-1]

    def check_places(self) -> None:
        places = sorted((begin, begin + size) for begin, _, size in self.heads[:, :3].tolist() if size)
        assert all(end <= begin for (_, end), (begin, _) in pairwise(places))
        assert not places or places[-1][1] <= self.used[0] <= self.pool.shape[0]


def draw_entry(draw: random.Random, width: int) -> Entry:
    return draw.randrange(width), 1000 + draw.randrange(width), draw.randrange(3)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("width", [4, 30, 300])
def test_profiles_hold_what_is_better_than_all_that_is_later(seed, width):
    draw = random.Random(seed)
    profiles = Profiles(n_stops=3)
    entries: dict[int, list[Entry]] = {0: [], 1: [], 2: []}
    for _ in range(120):
        stop = draw.randrange(3)
        time, arrival, destination = draw_entry(draw, width)
        entry = (time, arrival + (time if draw.random() < 0.8 else 0), destination)
        before = make_profile(entries[stop])
        entries[stop].append(entry)
        assert (profiles.add(stop, entry) > 0) == (make_profile(entries[stop]) != before)
        for each, wanted in entries.items():
            profiles.check(each, wanted)
        profiles.check_places()
    for stop, wanted in entries.items():
        begin = int(profiles.heads[stop, 0])
        for time in range(-1, width + 1):
            at = kernels.find_entry(profiles.pool, profiles.heads, stop, time)
            in_time = [place for place, entry in enumerate(make_profile(wanted)) if entry[0] >= time]
            assert at == (begin + in_time[-1] if in_time else -1)


def test_full_profiles_double_and_places_given_up_are_used_again():
    profiles = Profiles(n_stops=3, n_rows=4)
    states = [profiles.add(0, (100 - k, 900 - k, 0)) for k in range(9)]
    assert states == [2, 1, 1, 1, 2, 1, 1, 1, 2]
    assert profiles.heads[0, :3].tolist() == [12, 9, 16]
    assert profiles.used[0] == 4 + 8 + 16
    assert profiles.free[:3].tolist() == [0, 4, -1]
    assert [profiles.add(1, (50 - k, 500 - k, 0)) for k in range(5)] == [2, 1, 1, 1, 2]
    assert profiles.heads[1, :3].tolist() == [4, 5, 8]
    profiles.add(2, (1, 1, 1))
    assert profiles.heads[2, :3].tolist() == [0, 1, 4]
    assert profiles.used[0] == 4 + 8 + 16
    assert profiles.free[:3].tolist() == [-1, -1, -1]
    assert profiles.pool.shape[1] == 3


def test_several_places_given_up_are_used_the_last_first():
    profiles = Profiles(n_stops=4, n_rows=64)
    for k in range(5):
        for stop in (0, 1):
            profiles.add(stop, (50 - k, 500 - k, 0))
    for stop in (2, 3):
        profiles.add(stop, (1, 1, 1))
    assert profiles.heads[:, 0].tolist() == [8, 16, 4, 0]
    assert profiles.pool.shape == (64, 3)
    assert profiles.used[0] == 24


def test_a_full_profile_takes_what_replaces_an_entry():
    profiles = Profiles(n_stops=1, n_rows=4)
    entries = [(40 - k, 900 - k, 0) for k in range(4)]
    assert [profiles.add(0, entry) for entry in entries] == [2, 1, 1, 1]
    assert profiles.add(0, (38, 897, 0)) == 1
    profiles.check(0, [*entries, (38, 897, 0)])
    assert profiles.heads[0, 2] == 4


def test_boarding_profiles_have_as_much_room_as_there_are_departures():
    stops = np.array([2, 0, 2, 2, 4], np.int32)
    can_board = np.array([1, 1, 0, 1, 1], np.uint8)
    assert kernels.count_boardings(stops, can_board, 5).tolist() == [0, 1, 1, 3, 3, 4]


def make_changes(
    draw: random.Random, n_stops: int, n_legs: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Changes by the stop where they end, and at each stop; times repeat."""
    rows = [
        [(draw.randrange(n_stops), 10 * draw.randint(1, 30)) for _ in range(draw.randint(0, n_legs))]
        for _ in range(n_stops)
    ]
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    legs = np.array([leg for row in rows for leg in row], np.int32).reshape(-1, 2)
    at_stop = np.array([draw.choice([10, 60, 120, INF]) for _ in range(n_stops)], np.int32)
    return indptr, legs[:, 0].copy(), legs[:, 1].copy(), at_stop


def list_changes(foot, at_stop, limit_s, first, end) -> list[list[tuple[int, int]]]:
    """Changes (seconds, stop) by the stop where they end, quickest first (of equals the one at the stop)."""
    indptr, stops, seconds = foot
    rows = []
    for s in range(at_stop.shape[0]):
        legs = range(indptr[s], indptr[s + 1])
        every = [(int(at_stop[s]), s), *((int(seconds[leg]), int(stops[leg])) for leg in legs)]
        near = [leg for leg in every if leg[0] <= limit_s and first <= leg[1] < end]
        rows.append(sorted(near, key=lambda leg: leg[0]))
    return rows


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("limit_s", "first", "end"), [(INF - 1, 0, N_STOPS), (200, 0, 17), (120, 17, N_STOPS)])
def test_changes_are_sorted_by_how_quick_they_are_and_shared_out(seed, limit_s, first, end):
    *foot, at_stop = make_changes(random.Random(seed), N_STOPS, 6)
    indptr, change = kernels.sort_changes(*foot, at_stop, limit_s, first, end)
    expected = list_changes(foot, at_stop, limit_s, first, end)
    assert [[tuple(leg) for leg in change[a:b].tolist()] for a, b in pairwise(indptr)] == expected


def test_pending_boardings_are_gone_through_place_by_place():
    draw = random.Random(0)
    pending = np.array([[k, 8, 7, 6, 5, draw.randrange(N_STOPS)] for k in range(20)], np.int32)
    boarded = np.array([[100 + k, 5, 3, draw.randrange(N_STOPS)] for k in range(15)], np.int32)
    indptr = (np.arange(N_STOPS + 1) * 3).astype(np.int32)
    ordered = np.zeros((50, 6), np.int32)
    bucket_end = np.full(3, 77, np.int32)
    n = kernels._order_pending(pending, 18, boarded, 13, indptr, ordered, bucket_end)
    rows = [tuple(row) for row in pending[:18].tolist()]
    rows += [(*row[:3], 3 * row[3], 3 * row[3] + 3, row[3]) for row in boarded[:13].tolist()]
    assert n == 31
    assert [tuple(row) for row in ordered[:n].tolist()] == sorted(rows, key=lambda row: row[5] // 16)
    assert not ordered[n:].any()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("has_room", [False, True])
def test_changes_are_entered_as_late_as_possible_and_none_is_lost(seed, has_room):
    draw = random.Random(seed)
    *foot, at_stop = make_changes(draw, N_STOPS, 6)
    earliest_s, limit_s = 100, 800
    indptr, change = kernels.sort_changes(*foot, at_stop, limit_s, 0, N_STOPS)
    legs = list_changes(foot, at_stop, limit_s, 0, N_STOPS)
    profiles = Profiles()
    pending, ordered = (np.empty((4000 if has_room else 0, 6), np.int32) for _ in range(2))
    wanted = np.empty((5000 if has_room else max(map(len, legs)), 4), np.int32)
    bucket_end = np.empty((N_STOPS >> 4) + 1, np.int32)
    n_pending = 0
    every: list[tuple[int, int, int, int]] = []
    for latest_s in range(900, -1, -60):
        new = [
            (latest_s - draw.randrange(60), latest_s + draw.randrange(400), draw.randrange(3), draw.randrange(N_STOPS))
            for _ in range(draw.choice([0, 5, 40]))
        ]
        every += new
        boarded = np.array([*new, (0, 0, 0, 0)], np.int32)
        low_s = latest_s - 60
        profiles.pool, pending, ordered, n_pending = kernels.enter_changes(
            profiles.pool,
            profiles.used,
            profiles.free,
            profiles.heads,
            pending,
            n_pending,
            boarded,
            len(new),
            ordered,
            bucket_end,
            indptr,
            change,
            wanted,
            low_s,
            earliest_s,
        )
        entries: dict[int, list[Entry]] = {stop: [] for stop in range(N_STOPS)}
        left = []
        for dep, arrival, destination, stop in every:
            for seconds, place in legs[stop]:
                if dep - seconds > low_s and dep - seconds >= earliest_s:
                    entries[place].append((dep - seconds, arrival, destination))
            done = sum(dep - seconds > low_s for seconds, _ in legs[stop])
            if done < len(legs[stop]) and dep - legs[stop][done][0] >= earliest_s:
                left.append((dep, arrival, destination, int(indptr[stop]) + done, int(indptr[stop + 1]), stop))
        for stop, profile in entries.items():
            profiles.check(stop, profile)
        profiles.check_places()
        found = [tuple(row) for row in pending[:n_pending].tolist()]
        assert sorted(found) == sorted(left)
        assert [row[5] // 16 for row in found] == sorted(row[5] // 16 for row in found)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("split", [0, 5, 12])
def test_a_slice_is_ridden_from_its_last_connection_to_its_first(seed, split):
    draw = random.Random(seed)
    n_stops, n_trips, n = 12, 25, 150
    both = [Profiles(n_stops, n_rows=2000), Profiles(n_stops, n_rows=2000)]
    for profiles in both:
        profiles.pool[:] = (10**6, 0, 0)  # better than all else, for whoever reads in the wrong place
    entries: dict[int, list[Entry]] = {stop: [] for stop in range(n_stops)}
    for _ in range(40):
        stop = draw.randrange(n_stops - 1)
        time = draw.randrange(1000, 1400)
        entry = (time, 10 * draw.randrange(140, 170), draw.randrange(3))
        entries[stop].append(entry)
        both[stop >= split].add(stop, entry)
    heads = both[0].heads + np.where(np.arange(n_stops)[:, None] >= split, both[1].heads - both[0].heads, 0)
    heads = heads.astype(np.int32)
    dep_s = np.sort(np.array([10 * draw.randrange(100, 110) for _ in range(n)], np.int32))
    arr_s = dep_s + np.array([10 * draw.randrange(30) for _ in range(n)], np.int32)
    dep_stop, arr_stop = (np.array([draw.randrange(n_stops) for _ in range(n)], np.int32) for _ in range(2))
    trip = np.array([draw.randrange(n_trips) for _ in range(n)], np.int32)
    can_board, can_alight = (np.array([draw.random() < 0.8 for _ in range(n)], np.uint8) for _ in range(2))
    seed_s = np.array([draw.choice([INF, INF, 10 * draw.randrange(30, 60)]) for _ in range(n_stops)], np.int32)
    seed_destination = np.array([draw.randrange(3) for _ in range(n_stops)], np.int32)
    label = np.array([draw.choice([(INF, INF), (INF, INF), (1560, 1)]) for _ in range(n_trips)], np.int32)
    begin = kernels.count_boardings(dep_stop, can_board, n_stops)
    board = np.empty((int(begin[-1]), 3), np.int32)
    length = np.zeros(n_stops, np.int32)
    boarded = np.full((n + 1, 4), -7, np.int32)
    latest_s, cap_s, first, end = 1600, 520, 4, n - 3

    labels = [tuple(row) for row in label.tolist()]
    boards: list[list[Entry]] = [[] for _ in range(n_stops)]
    expected = []
    for i in range(end - 1, first - 1, -1):
        best = labels[trip[i]]
        v, u, dep, arr = (int(x[i]) for x in (arr_stop, dep_stop, dep_s, arr_s))
        if can_alight[i]:
            best = min(best, (arr + int(seed_s[v]), int(seed_destination[v])))
            best = min([best, *(entry[1:] for entry in entries[v] if entry[0] >= arr)])
        if best[0] > latest_s or best[0] - dep > cap_s:
            best = (INF, INF)
        labels[trip[i]] = best
        if best[0] < INF and can_board[i] and (not boards[u] or best < boards[u][-1][1:]):
            boards[u] = [entry for entry in boards[u] if entry[0] != dep] + [(dep, *best)]
            expected.append((dep, *best, u))

    n_boarded = kernels.ride_slice(
        first,
        end,
        dep_stop,
        arr_stop,
        dep_s,
        arr_s,
        trip,
        can_board,
        can_alight,
        split,
        both[0].pool,
        both[1].pool,
        heads,
        label,
        seed_s,
        seed_destination,
        board,
        begin,
        length,
        latest_s,
        cap_s,
        boarded,
    )
    assert [tuple(row) for row in boarded[:n_boarded].tolist()] == expected
    assert (boarded[n_boarded + 1 :] == -7).all()
    assert [tuple(row) for row in label.tolist()] == labels
    found = [[tuple(row) for row in board[a : a + k].tolist()] for a, k in zip(begin, length, strict=False)]
    assert found == boards
