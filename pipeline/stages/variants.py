"""Travel times of one snapshot with some services as they ran in an earlier one: one network, many choices of trips."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.config import list_modes
from pipeline.base.load import Project
from pipeline.change.attribution import TripLedger
from pipeline.change.inputs import ServiceFrames, build_service_routes
from pipeline.change.services import get_service_key
from pipeline.places.model import Places
from pipeline.stages.common import get_folder
from pipeline.stages.targets import get_days, get_horizon
from pipeline.stages.work import Case, Links, SnapshotWork
from pipeline.streets.model import read_streets_folder
from pipeline.timetables.model import Timetable
from pipeline.transit.build import assemble_network
from pipeline.transit.footpaths import Arrays, WalkSettings, build_footpaths, build_legs, transpose_legs
from pipeline.transit.linking import LinkedArea, get_stop_lonlat, link_area
from pipeline.transit.overlay import Overlay, join_patterns, overlay_stops, sign_trips
from pipeline.transit.packed import PackedNetwork
from pipeline.transit.patterns import Patterns, build_patterns
from pipeline.transit.subset import compute_mode_mask, filter_network, keep_accessible, keep_trips

Flags = NDArray[np.bool_]


class VariantWork(SnapshotWork):
    """The cases of a later snapshot, with trips of an earlier one that can be switched on and off.

    Parameters
    ----------
    project
        The area with its settings.
    places
        Its places.
    earlier, later
        Ids of the snapshots.
    """

    def __init__(self, project: Project, places: Places, earlier: str, later: str) -> None:
        self._timetables = {
            one: Timetable.read(get_folder(project, "timetables", one) / "timetable") for one in (earlier, later)
        }
        self._days = {s.id: get_days(s) for s in project.area.snapshots}
        self._pair = (earlier, later)
        self._overlay = overlay_stops(self._timetables[later], self._timetables[earlier])
        linked = self._link(project, places)
        links = Links(
            linked.graph,
            linked.origins.vertex,
            linked.origins.link_cm,
            linked.destinations.vertex,
            linked.destinations.link_cm,
        )
        super().__init__(project, places, get_folder(project, "timetables", later), links=links)
        self._legs = _build_legs(project, linked, self._overlay)
        self._joined: dict[str, tuple[PackedNetwork, TripLedger]] = {}
        self._kept: Flags | None = None

    def _link(self, project: Project, places: Places) -> LinkedArea:
        walking = project.settings.walking
        streets = read_streets_folder(get_folder(project, "streets") / "streets")
        earlier, later = self._pair
        stops = [get_stop_lonlat(self._timetables[one]) for one in (later, earlier)]
        is_new = self._overlay.stop_of_earlier >= self._timetables[later].stops.height
        lon, lat = (np.concatenate([stops[0][axis], stops[1][axis][is_new]]) for axis in (0, 1))
        return link_area(
            streets,
            stops=(lon, lat),
            origins=_lonlat(places.small_areas),
            destinations=_lonlat(places.destinations),
            max_link_m=walking.max_link_m,
            min_component_nodes=walking.min_component_nodes,
        )

    def get_joined(self, day_type: str) -> tuple[PackedNetwork, TripLedger]:
        """Return the network of a kind of day with the trips of both snapshots, and whose each trip is."""
        if day_type not in self._joined:
            self._joined[day_type] = self._join(day_type)
        return self._joined[day_type]

    def _join(self, day_type: str) -> tuple[PackedNetwork, TripLedger]:
        earlier, later = self._pair
        now, then = (self._build(one, self._days[one][day_type]) for one in (later, earlier))
        n_trips, n_routes = self._timetables[later].trips.height, self._timetables[later].routes.height
        patterns = join_patterns(now, then, self._overlay, n_trips=n_trips, n_routes=n_routes)
        network = assemble_network(patterns, **self._legs)
        names = [*_list_route_keys(self._timetables[later]), *_list_route_keys(self._timetables[earlier])]
        keys = sorted(set(names))
        number = {key: position for position, key in enumerate(keys)}
        of_route = np.array([number[name] for name in names], dtype=np.int64)
        ledger = TripLedger(
            is_later=network.trip_source < n_trips,
            service=of_route[network.trip_route],
            keys=tuple(keys),
            signature=sign_trips(patterns),
            first_s=network.trip_dep_s[network.trip_time_indptr[:-1]],
            last_s=network.trip_arr_s[network.trip_time_indptr[1:] - 1],
        )
        return network, ledger

    def _build(self, snapshot: str, day: date) -> Patterns:
        return build_patterns(self._timetables[snapshot], day, horizon_s=get_horizon(self.settings))

    def use(self, kept: Flags | None) -> None:
        """Choose the trips that run from now on; None: those of the later snapshot."""
        self._kept = kept
        self._networks.clear()
        self._mirrored.clear()

    def get_network(self, day_type: str, mode_set: str) -> PackedNetwork:
        """Return the network with the chosen trips of a set of modes."""
        if (day_type, mode_set) not in self._networks:
            network, ledger = self.get_joined(day_type)
            network = keep_trips(network, ledger.is_later if self._kept is None else self._kept)
            if self.settings.transit.wheelchair:
                access = self._overlay.stops["wheelchair_boarding"].fill_null(0).to_numpy()
                network = keep_accessible(network, access == 1)
            modes = list_modes(self.settings.mode_sets[mode_set])
            if modes is not None:
                network = filter_network(network, mode_mask=compute_mode_mask(modes))
            self._networks[day_type, mode_set] = network
        return self._networks[day_type, mode_set]

    def list_attributed_cases(self) -> list[Case]:
        """List the cases that are attributed: outward, every category and window, with all modes where there are."""
        sets = self.settings.mode_sets
        main = next((name for name, modes in sets.items() if modes is None), next(iter(sets)))
        return [case for case in self.list_cases() if case.direction == "outward" and case.mode_set == main]


def _build_legs(project: Project, linked: LinkedArea, overlay: Overlay) -> dict[str, Arrays]:
    walking = project.settings.walking
    settings = WalkSettings(
        walk_kmh=walking.speed_kmh,
        max_walk_m=walking.max_access_m,
        max_transfer_m=walking.max_transfer_m,
        interchange_s=project.settings.transit.interchange_s,
    )
    egress = build_legs(linked.graph, linked.destinations, linked.stops, settings)
    return {
        "footpaths": build_footpaths(linked.graph, linked.stops, overlay.stops, overlay.transfers, settings),
        "access": build_legs(linked.graph, linked.origins, linked.stops, settings),
        "egress": transpose_legs(egress, len(linked.stops)),
    }


def _list_route_keys(timetable: Timetable) -> list[str]:
    frames = ServiceFrames(
        "", timetable.stops, timetable.routes, timetable.service_dates, timetable.trips, timetable.stop_times
    )
    routes = build_service_routes(frames).sort("route_index")
    return [get_service_key(*row) for row in routes.select("operator_key", "number", "mode").iter_rows()]


def _lonlat(frame: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)
