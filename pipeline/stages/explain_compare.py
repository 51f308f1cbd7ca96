"""Two journeys side by side, leg by leg: which became slower, which vanished, which is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from pipeline.routing.explain import Leg
from pipeline.stages.explain_journeys import FoundJourney
from pipeline.timetables.identity import build_route_keys

Pair = tuple[int | None, int | None]

SAME_ROUTE, SAME_ENDS = 1000, 1
"""What a pair of rides is worth: the same public number counts far more than the same stops, which break ties."""

RIDE_VERDICTS = {"same": "same", "longer": "slower", "shorter": "quicker"}


@dataclass(frozen=True)
class Ride:
    """A ride with the legs that lead to it.

    Attributes
    ----------
    leg, change, wait
        The ride; the change of vehicle and the wait before it (None: none).
    key
        Normalised public number and mode, the same in every snapshot.
    name, operator
        Such as ``bus 16A``, and who runs it.
    from_stop, to_stop
        Identifiers of the stops as filed, without the name of the feed, which may differ between snapshots.
    """

    leg: Leg
    change: Leg | None
    wait: Leg | None
    key: str
    name: str
    operator: str
    from_stop: str
    to_stop: str


@dataclass(frozen=True)
class Part:
    """One part of two journeys that are compared.

    Attributes
    ----------
    kind
        ``walk to the first stop``, ``change``, ``wait``, ``ride``, ``walk to the destination`` or ``walk all the way``.
    earlier, later
        The legs; None where one journey has no such part.
    earlier_name, later_name
        The ride, or the ride that it leads to.
    verdict
        ``same``, ``added``, ``dropped``; of walks, waits and changes ``longer`` or ``shorter``; of a ride on the same
        route ``slower`` or ``quicker``, or ``other_stop`` (boarded or left elsewhere); of a ride no longer taken
        ``withdrawn`` (the route has no trip on that day), ``not_served`` (it runs, but not between those stops) or
        ``replaced`` (it runs, but another ride, or none, is taken).
    detail
        What a reader should know: other stops, another operator, what became of the route.
    is_same_route
        Whether both rides have the same public number and mode.
    """

    kind: str
    earlier: Leg | None
    later: Leg | None
    earlier_name: str
    later_name: str
    verdict: str
    detail: str = ""
    is_same_route: bool = False

    @property
    def earlier_s(self) -> int:
        """Seconds before; 0 where there is no such part."""
        return 0 if self.earlier is None else self.earlier.end_s - self.earlier.start_s

    @property
    def later_s(self) -> int:
        """Seconds after."""
        return 0 if self.later is None else self.later.end_s - self.later.start_s

    @property
    def change_s(self) -> int:
        """After less before; over all parts they add up to the change of the travel time."""
        return self.later_s - self.earlier_s


@dataclass(frozen=True)
class Side:
    """One of the two journeys, taken apart."""

    found: FoundJourney

    @cached_property
    def route_key(self) -> list[str]:
        """Normalised number and mode of every route of the timetable."""
        keys = build_route_keys(self.found.timetable).fill_null("")
        return [key.split("\x1f", 1)[-1] for key in keys.to_list()]

    @cached_property
    def route_of_trip(self) -> list[int]:
        """Route of every trip of the network."""
        routes = self.found.timetable.trips["route_index"].to_numpy()
        return [int(route) for route in routes[self.found.network.trip_source]]

    @cached_property
    def rides(self) -> list[Ride]:
        """The rides in order."""
        legs = () if self.found.journey is None else self.found.journey.legs
        rides: list[Ride] = []
        change = wait = None
        for leg in legs:
            if leg.kind == "ride":
                rides.append(self._describe(leg, change, wait))
                change = wait = None
            elif leg.kind == "change":
                change = leg
            elif leg.kind == "wait":
                wait = leg
        return rides

    def _describe(self, leg: Leg, change: Leg | None, wait: Leg | None) -> Ride:
        number = self.route_of_trip[leg.trip]
        route = self.found.timetable.routes.row(number, named=True)
        name = route["route_short_name"] or route["route_long_name"] or route["route_id"]
        ends = [self.identify(stop) for stop in (leg.from_stop, leg.to_stop)]
        operator = str(route["operator_name"] or "")
        return Ride(leg, change, wait, self.route_key[number], f"{route['mode']} {name}", operator, *ends)

    def identify(self, stop: int) -> str:
        """Return the identifier of a stop without the name of its feed."""
        return str(self.found.timetable.stops["stop_id"][stop]).split(":", 1)[-1]

    def find_walk(self, *, is_first: bool) -> Leg | None:
        """Return the walk to the first stop or from the last one; None if there is none."""
        legs = () if self.found.journey is None else self.found.journey.legs
        leg = next(iter(legs if is_first else reversed(legs)), None)
        return leg if leg is not None and leg.kind == "walk" and len(legs) > 1 else None

    @property
    def walk_only(self) -> Leg | None:
        """The walk all the way, where that is the journey."""
        legs = () if self.found.journey is None else self.found.journey.legs
        return legs[0] if len(legs) == 1 and legs[0].kind == "walk" else None

    def find_trips(self, key: str) -> list[int]:
        """List the network's trips of a public number and mode; those of the day before and after are among them."""
        routes = {number for number, other in enumerate(self.route_key) if other == key}
        return [trip for trip, route in enumerate(self.route_of_trip) if route in routes]

    def has_operator(self, name: str) -> bool:
        """Tell whether an operator stands in the timetable at all."""
        names = self.found.timetable.routes["operator_name"].cast(pl.String).str.to_uppercase()
        return bool((names == name.upper()).any())

    def serves(self, trips: Sequence[int], from_stop: str, to_stop: str) -> bool:
        """Tell whether one of the trips goes from one stop to the other."""
        network = self.found.network
        for pattern in {int(network.trip_pattern[trip]) for trip in trips}:
            row = network.pattern_stop[network.pattern_indptr[pattern] : network.pattern_indptr[pattern + 1]]
            passed = [self.identify(int(stop)) for stop in row]
            if from_stop in passed and to_stop in passed[passed.index(from_stop) + 1 :]:
                return True
        return False


def compare_legs(earlier: FoundJourney, later: FoundJourney) -> list[Part]:
    """Set two journeys side by side.

    Parameters
    ----------
    earlier, later
        The journeys for the same departure in two snapshots; either may be none.

    Returns
    -------
    list of Part
        In the order of travel. The seconds of either side add up to its travel time. Rides are paired by their public
        number in order (the pairing with most rides of the same number, then most of the same stops); rides between two
        pairs that have no partner of the same number are paired with one another as far as they go.
    """
    before, after = Side(earlier), Side(later)
    parts = [
        _compare_walks("walk all the way", before.walk_only, after.walk_only),
        _compare_walks("walk to the first stop", before.find_walk(is_first=True), after.find_walk(is_first=True)),
    ]
    for one, other in align_rides(before.rides, after.rides):
        parts += _compare_rides(
            before, after, None if one is None else before.rides[one], None if other is None else after.rides[other]
        )
    ends = before.find_walk(is_first=False), after.find_walk(is_first=False)
    parts.append(_compare_walks("walk to the destination", *ends))
    return [part for part in parts if part is not None]


def align_rides(before: Sequence[Ride], after: Sequence[Ride]) -> list[Pair]:
    """Pair the rides of two journeys.

    Parameters
    ----------
    before, after
        Rides in order.

    Returns
    -------
    list of pairs
        Positions, None where a ride has no partner; every ride stands in exactly one pair, in order.
    """
    n, m = len(before), len(after)
    best = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], _worth(before[i], after[j]) + best[i + 1][j + 1])
    pairs: list[Pair] = []
    i = j = 0
    loose: tuple[list[int], list[int]] = ([], [])
    while i < n or j < m:
        worth = _worth(before[i], after[j]) if i < n and j < m else 0
        if worth and best[i][j] == worth + best[i + 1][j + 1]:
            pairs += [*_pair_loose(*loose), (i, j)]
            loose = ([], [])
            i, j = i + 1, j + 1
        elif j == m or (i < n and best[i][j] == best[i + 1][j]):
            loose[0].append(i)
            i += 1
        else:
            loose[1].append(j)
            j += 1
    return pairs + _pair_loose(*loose)


def _pair_loose(before: list[int], after: list[int]) -> list[Pair]:
    length = max(len(before), len(after))
    one: list[int | None] = [*before, *[None] * (length - len(before))]
    other: list[int | None] = [*after, *[None] * (length - len(after))]
    return list(zip(one, other, strict=True))


def _worth(one: Ride, other: Ride) -> int:
    if one.key != other.key:
        return 0
    return SAME_ROUTE + SAME_ENDS * ((one.from_stop == other.from_stop) + (one.to_stop == other.to_stop))


def _judge(earlier: Leg | None, later: Leg | None) -> str:
    if earlier is None or later is None:
        return "added" if earlier is None else "dropped"
    change = (later.end_s - later.start_s) - (earlier.end_s - earlier.start_s)
    return "same" if change == 0 else ("longer" if change > 0 else "shorter")


def _compare_walks(kind: str, earlier: Leg | None, later: Leg | None) -> Part | None:
    if earlier is None and later is None:
        return None
    return Part(kind, earlier, later, "", "", _judge(earlier, later))


def _compare_rides(before: Side, after: Side, one: Ride | None, other: Ride | None) -> list[Part]:
    names = ("" if one is None else one.name, "" if other is None else other.name)
    is_same = one is not None and other is not None and one.key == other.key
    parts = []
    for kind in ("change", "wait"):
        legs = [None if ride is None else getattr(ride, kind) for ride in (one, other)]
        if legs != [None, None]:
            verdict = _judge(*legs)
            if kind == "wait" and all(names):  # no wait at all is a wait of no length
                verdict = "longer" if legs[0] is None else "shorter" if legs[1] is None else verdict
            parts.append(Part(kind, legs[0], legs[1], *names, verdict, is_same_route=is_same))
    verdict, detail = _judge_rides(before, after, one, other)
    rides = (None if one is None else one.leg, None if other is None else other.leg)
    return [*parts, Part("ride", *rides, *names, verdict, detail, is_same_route=is_same)]


def _judge_rides(before: Side, after: Side, one: Ride | None, other: Ride | None) -> tuple[str, str]:
    if one is not None and other is not None and one.key == other.key:
        verdict = RIDE_VERDICTS[_judge(one.leg, other.leg)]
        if (one.from_stop, one.to_stop) != (other.from_stop, other.to_stop):
            verdict = "other_stop"
        return verdict, "; ".join(_list_differences(before, after, one, other))
    sentences = []
    verdict = "added"
    if one is not None:
        verdict, text = _find_fate(after, one)
        sentences.append(text)
    if other is not None:
        sentences.append(_find_origin(before, other))
    return verdict, "; ".join(sentences)


def _list_differences(before: Side, after: Side, one: Ride, other: Ride) -> list[str]:
    texts = []
    if one.from_stop != other.from_stop:
        was, now = _name(before, one.leg.from_stop), _name(after, other.leg.from_stop)
        texts.append(f"boarded at {now} instead of {was}")
    if one.to_stop != other.to_stop:
        was, now = _name(before, one.leg.to_stop), _name(after, other.leg.to_stop)
        texts.append(f"left at {now} instead of {was}")
    if one.operator.upper() != other.operator.upper():
        texts.append(f"run by {other.operator or 'an unnamed operator'} instead of {one.operator or 'an unnamed one'}")
    return texts


def _find_fate(after: Side, ride: Ride) -> tuple[str, str]:
    """Say what became of a ride that the later journey does not take."""
    trips, when = after.find_trips(ride.key), after.found.snapshot
    if not trips and ride.operator and not after.has_operator(ride.operator):
        return "withdrawn", f"{ride.name} is not in {when}, nor is its operator {ride.operator}: perhaps missing data"
    if not trips:
        return "withdrawn", f"{ride.name} has no trip in {when} on that day"
    if not after.serves(trips, ride.from_stop, ride.to_stop):
        return "not_served", f"{ride.name} still runs in {when}, but not between those stops"
    why = "no journey is short enough" if after.found.journey is None else "it is not on the quickest journey"
    return "replaced", f"{ride.name} still runs between those stops in {when}, but {why}"


def _find_origin(before: Side, ride: Ride) -> str:
    """Say where a ride comes from that the earlier journey does not take."""
    trips, when = before.find_trips(ride.key), before.found.snapshot
    if not trips:
        return f"{ride.name} has no trip in {when} on that day"
    if not before.serves(trips, ride.from_stop, ride.to_stop):
        return f"{ride.name} ran in {when}, but not between those stops"
    why = "no journey was short enough" if before.found.journey is None else "it was not on the quickest journey"
    return f"{ride.name} ran between those stops in {when} too, but {why}"


def _name(side: Side, stop: int) -> str:
    row = side.found.timetable.stops.row(stop, named=True)
    return f"{row['stop_name'] or 'unnamed stop'} ({row['stop_id']})"
