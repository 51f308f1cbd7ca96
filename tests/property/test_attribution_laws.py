"""Laws of attribution: what is put back is exactly what was taken away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.change.attribution import Loss, People, TripLedger, compute_effect, sum_by_neighbourhood, sum_effect
from pipeline.routing.profile_scan import build_nearest_walk, build_seeds, compute_nearest
from pipeline.routing.window import DepartureWindow
from pipeline.transit.build import assemble_network
from pipeline.transit.overlay import join_patterns, overlay_stops, sign_trips
from pipeline.transit.packed import PackedNetwork
from pipeline.transit.patterns import build_patterns
from pipeline.transit.subset import keep_trips
from tests.support.routing_worlds import DAY, World, make_network, make_timetable, make_world

laws = settings(max_examples=60)
ALL = np.arange(3, dtype=np.int32)
WINDOW = DepartureWindow(0, 30, 3600)
N_SERVICES = 3
seeds = st.integers(0, 10**6)


def _without(world: World, services: set[int]) -> World:
    """Every third trip belongs to the same service; drop those of some services."""
    return replace(world, trips=[trip for i, trip in enumerate(world.trips) if i % N_SERVICES not in services])


def _scan(network: PackedNetwork, world: World) -> np.ndarray:
    walk = build_nearest_walk(np.array(world.walk, dtype=np.int32))
    return compute_nearest(network, build_seeds(network, ALL), WINDOW, walk=walk).travel_time_s


def _join(before: World, lost: set[int]) -> tuple[PackedNetwork, TripLedger]:
    """The network after the loss with the trips of before beside it."""
    after = _without(before, lost)
    later, earlier = make_timetable(after), make_timetable(before)
    overlay = overlay_stops(later, earlier)
    assert overlay.stops.equals(later.stops)
    n_trips, n_routes = later.trips.height, later.routes.height
    patterns = join_patterns(
        build_patterns(later, DAY), build_patterns(earlier, DAY), overlay, n_trips=n_trips, n_routes=n_routes
    )
    legs = make_network(before)
    network = assemble_network(
        patterns,
        footpaths={
            name: getattr(legs, name)
            for name in (
                "foot_indptr",
                "foot_stop",
                "foot_s",
                "foot_t_indptr",
                "foot_t_stop",
                "foot_t_s",
                "stop_change_s",
            )
        },
        access={"indptr": legs.access_indptr, "target": legs.access_stop, "seconds": legs.access_s},
        egress={"indptr": legs.egress_indptr, "target": legs.egress_dest, "seconds": legs.egress_s},
    )
    number = [i % N_SERVICES for i in range(len(before.trips))]
    kept = [n for n in number if n not in lost]
    service = np.array([*kept, *number], dtype=np.int64)[network.trip_source]
    ledger = TripLedger(
        is_later=network.trip_source < n_trips,
        service=service,
        keys=tuple(str(n) for n in range(N_SERVICES)),
        signature=sign_trips(patterns),
        first_s=network.trip_dep_s[network.trip_time_indptr[:-1]],
        last_s=network.trip_arr_s[network.trip_time_indptr[1:] - 1],
    )
    return network, ledger


def _loss(service: int) -> Loss:
    return Loss(service, (str(service),), (), is_comparable=True)


@laws
@given(seeds, st.integers(0, N_SERVICES - 1))
def test_the_loss_of_the_only_removed_service_is_the_whole_difference(seed, service):
    before = make_world(seed)
    network, ledger = _join(before, {service})
    now = _scan(keep_trips(network, ledger.is_later), before)
    restored = _scan(keep_trips(network, ledger.restore([_loss(service)])), before)
    np.testing.assert_array_equal(now, _scan(make_network(_without(before, {service})), before))
    then = _scan(make_network(before), before)
    np.testing.assert_array_equal(restored, then)
    effect, whole = compute_effect(now, restored, WINDOW.cap_s), compute_effect(now, then, WINDOW.cap_s)
    np.testing.assert_array_equal(effect.loss_s, whole.loss_s)
    assert (effect.loss_s >= 0).all()


@laws
@given(seeds, st.sets(st.integers(0, N_SERVICES - 1)))
def test_putting_everything_back_gives_the_earlier_times_where_nothing_was_added(seed, lost):
    before = make_world(seed)
    network, ledger = _join(before, lost)
    restored = ledger.restore([_loss(service) for service in sorted(lost)])
    np.testing.assert_array_equal(_scan(keep_trips(network, restored), before), _scan(make_network(before), before))
    assert not ledger.is_changed(restored, ~ledger.is_later, first_s=-(2**30), last_s=2**30)


@laws
@given(seeds)
def test_a_snapshot_beside_itself_loses_nothing(seed):
    before = make_world(seed)
    network, ledger = _join(before, set())
    kept = [_loss(service) for service in range(N_SERVICES)]
    everything = ledger.restore([replace(loss, keys_after=loss.keys_before) for loss in kept])
    assert not ledger.is_changed(everything, ledger.is_later, first_s=-(2**30), last_s=2**30)
    now, other = (_scan(keep_trips(network, mask), before) for mask in (ledger.is_later, everything))
    np.testing.assert_array_equal(now, other)
    assert not compute_effect(now, other, WINDOW.cap_s).loss_s.any()


@laws
@given(seeds, st.sets(st.integers(0, N_SERVICES - 1), min_size=2, max_size=2))
def test_services_put_back_together_win_at_least_what_the_best_of_them_wins_alone(seed, lost):
    before = make_world(seed)
    network, ledger = _join(before, lost)
    now = _scan(keep_trips(network, ledger.is_later), before)

    def win(services: set[int]) -> np.ndarray:
        kept = ledger.restore([_loss(service) for service in sorted(services)])
        return compute_effect(now, _scan(keep_trips(network, kept), before), WINDOW.cap_s).loss_s

    together = win(lost)
    for service in lost:
        assert (together >= win({service})).all()


def test_person_minutes_and_people_cut_off_by_hand():
    """Two small areas of one place (100 and 50 people), one of another (10), one of none; the limit is an hour."""
    cap_s = 3600
    now = np.array([[1200, 1800], [-1, -1], [600, 600], [-1, -1]], dtype=np.int32)
    then = np.array([[600, 600], [1800, -1], [600, 600], [0, 0]], dtype=np.int32)
    people = People(np.array([100.0, 50.0, 10.0, 7.0]), np.array([0, 0, 1, -1]), ("A", "B"))
    effect = compute_effect(now, then, cap_s)
    # a quarter of an hour later; no journey (an hour) where half of them took 45 min; nothing; nobody's
    assert effect.loss_s.tolist() == [900.0, 900.0, 0.0, 3600.0]
    table = sum_by_neighbourhood(effect, people)
    assert table["lost_person_min"].to_list() == [150 * 15.0, 0.0]
    assert table["loss_min"].to_list() == [15.0, 0.0]
    assert table["people_cut_off"].to_list() == [50.0, 0.0]  # had a journey in one minute of two, which is half
    assert table["people_slower"].to_list() == [150.0, 0.0]
    assert sum_effect(table)["neighbourhoods_affected"] == 1
