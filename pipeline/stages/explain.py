"""``connectivity explain``: the journey behind a travel time, leg by leg, and what changed since before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.base.clock import format_time, parse_time_s
from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.places.model import Places
from pipeline.routing.explain import Journey, Leg, explain_journey
from pipeline.routing.profile_scan import build_seeds
from pipeline.scoring.travel_time import NearestResult
from pipeline.stages.common import get_folder, read_places
from pipeline.stages.work import Case, SnapshotWork
from pipeline.timetables.model import Timetable
from pipeline.transit.packed import PackedNetwork


@dataclass(frozen=True)
class _Found:
    """A journey of one snapshot with what is needed to put it into words."""

    snapshot: str
    journey: Journey | None
    network: PackedNetwork
    timetable: Timetable
    result: NearestResult
    origin: int
    leave_s: int


def explain_place(
    project: Project, code: str, category: str, *, depart: str | None, window: str | None, snapshot: str | None
) -> str:
    """Describe the journey from a place to the nearest destination of a category.

    Parameters
    ----------
    project
        The area with its settings.
    code
        Code of a small area, or of a neighbourhood (then its most populous small area is taken).
    category
        Category of destinations.
    depart
        ``HH:MM``; if absent the first minute of the window that takes as long as the median.
    window
        Name of the window; the first outward one if absent.
    snapshot
        Which snapshot; the last if absent. It is compared with the one before it.

    Returns
    -------
    str
        Text for the terminal.

    Raises
    ------
    UsageError
        If the code, category, window, snapshot or time is unknown.
    InputError
        If the area has not been run.
    """
    places = read_places(project)
    origin = find_origin(places, code)
    ids = [s.id for s in project.area.snapshots]
    if snapshot is not None and snapshot not in ids:
        raise UsageError(f"There is no snapshot '{snapshot}'.", cure=f"Snapshots: {', '.join(ids)}.")
    if category not in project.area.categories:
        known = ", ".join(project.area.categories)
        raise UsageError(f"There is no category '{category}'.", cure=f"Categories of this area: {known}.")
    case = _choose_case(project, category, window)
    last = ids.index(snapshot) if snapshot else len(ids) - 1
    leave_s = None if depart is None else _parse(depart)
    later = _find(project, places, ids[last], case, origin, leave_s)
    place = places.small_areas.iloc[origin]
    label = next(d.label for d in project.area.destinations if d.category == category)
    lines = [f"From {place['small_area_code']} to the nearest {label}, leaving at {format_time(later.leave_s)}", ""]
    lines += _describe(later)
    if last > 0:
        earlier = _find(project, places, ids[last - 1], case, origin, later.leave_s)
        lines += ["", *_describe(earlier), "", _compare(earlier, later)]
    return "\n".join(lines)


def _parse(depart: str) -> int:
    try:
        return parse_time_s(depart)
    except ValueError as error:
        raise UsageError(f"{error}.", field="--depart", cure="Write it as 07:30.") from None


def find_origin(places: Places, code: str) -> int:
    """Return the index of a small area, or of the most populous one of a neighbourhood.

    Parameters
    ----------
    places
        The area's places.
    code
        Either code.

    Returns
    -------
    int
        Row of ``places.small_areas``.

    Raises
    ------
    UsageError
        If there is no such place.
    """
    small = places.small_areas
    mine = np.flatnonzero((small["small_area_code"] == code).to_numpy())
    if not mine.size:
        mine = np.flatnonzero((small["neighbourhood_code"] == code).to_numpy())
    if not mine.size:
        example = small["small_area_code"].iloc[0]
        raise UsageError(f"There is no place '{code}'.", cure=f"Give the code of a small area, such as {example}.")
    people = small["population"].fillna(0.0).to_numpy()[mine]
    return int(mine[int(people.argmax())])


def _choose_case(project: Project, category: str, window: str | None) -> Case:
    windows = {name: w for name, w in project.settings.windows.items() if w.outward is not None}
    name = window or next(iter(windows), "")
    if name not in windows:
        raise UsageError(f"There is no window '{name}'.", field="--window", cure=f"Windows: {', '.join(windows)}.")
    chosen = windows[name]
    mode_set = next(iter(project.settings.mode_sets))
    if chosen.outward is None:
        raise UsageError(f"The window '{name}' has no departures from home.", cure="Choose another.")
    return Case(category, name, "outward", mode_set, chosen.day_type, chosen.outward, is_cumulative=False)


def _find(project: Project, places: Places, snapshot: str, case: Case, origin: int, leave_s: int | None) -> _Found:
    work = SnapshotWork(project, places, get_folder(project, "network", snapshot))
    result = work.compute(case)
    if leave_s is None:
        leave_s = _choose_minute(result, origin)
    network = work.get_network(case.day_type, case.mode_set)
    journey = explain_journey(
        network,
        origin,
        build_seeds(network, work.get_destinations(case.category)),
        leave_s,
        cap_s=work.cap_s,
        walk=result.walk,
    )
    timetable = Timetable.read(get_folder(project, "timetables", snapshot) / "timetable")
    return _Found(snapshot, journey, network, timetable, result, origin, leave_s)


def _choose_minute(result: NearestResult, origin: int) -> int:
    times = result.times.travel_time_s[origin]
    known = np.sort(times[times >= 0])
    if not known.size:
        return result.window.start_s
    median = known[(known.size - 1) // 2]
    return result.window.start_s + 60 * int(np.flatnonzero(times == median)[0])


def _describe(found: _Found) -> list[str]:
    title = f"{found.snapshot}: "
    if found.journey is None:
        if not found.result.is_linked[found.origin]:
            return [title + "no journey, since the place is not joined to the streets (no_street)"]
        return [title + "no journey within the limit"]
    journey = found.journey
    name = found.result.destination_names[journey.destination]
    lines = [f"{title}{_minutes(journey.travel_time_s)} to {name}, arriving at {format_time(journey.arrive_s)}"]
    lines += [f"  {format_time(leg.start_s)}  {_describe_leg(found, leg)}" for leg in journey.legs]
    return lines


def _minutes(seconds: int) -> str:
    return f"{seconds // 60} min {seconds % 60:02d} s"


def _name_stop(timetable: Timetable, index: int) -> str:
    row = timetable.stops.row(index, named=True)
    return f"{row['stop_name'] or 'unnamed stop'} ({row['stop_id']})"


def _describe_leg(found: _Found, leg: Leg) -> str:
    timetable, taken = found.timetable, _minutes(leg.end_s - leg.start_s)
    if leg.kind == "ride":
        trip = timetable.trips.row(int(found.network.trip_source[leg.trip]), named=True)
        route = timetable.routes.row(int(trip["route_index"]), named=True)
        number = route["route_short_name"] or route["route_long_name"] or route["route_id"]
        towards = f" towards {trip['headsign']}" if trip["headsign"] else ""
        ends = f"{_name_stop(timetable, leg.from_stop)} to {_name_stop(timetable, leg.to_stop)}"
        return f"{route['mode']} {number} of {route['operator_name']}{towards}, {ends}, {taken}"
    if leg.kind == "wait":
        return f"wait {taken}"
    if leg.kind == "change":
        where = (
            f"at {_name_stop(timetable, leg.to_stop)}"
            if leg.from_stop == leg.to_stop
            else f"to {_name_stop(timetable, leg.to_stop)}"
        )
        return f"change {where}, {taken}"
    if leg.to_stop >= 0:
        return f"walk to {_name_stop(timetable, leg.to_stop)}, {taken}"
    return f"walk to the destination, {taken}"


def _list_routes(found: _Found) -> set[str]:
    if found.journey is None:
        return set()
    trips = [int(found.network.trip_source[leg.trip]) for leg in found.journey.legs if leg.kind == "ride"]
    rides = found.timetable.trips[trips].join(found.timetable.routes, on="route_index")
    names = rides.select(pl.coalesce("route_short_name", "route_long_name", "route_id"))
    return set(names.to_series().to_list())


def _compare(earlier: _Found, later: _Found) -> str:
    pair = f"Between {earlier.snapshot} and {later.snapshot}"
    if earlier.journey is None or later.journey is None:
        if earlier.journey is None and later.journey is None:
            return f"{pair} nothing changed: there is no journey in either."
        return f"{pair} the journey {'became possible' if earlier.journey is None else 'was lost'}."
    change = later.journey.travel_time_s - earlier.journey.travel_time_s
    if change == 0:
        return f"{pair} the time is the same."
    text = f"{pair} it became {_minutes(abs(change))} {'longer' if change > 0 else 'shorter'}"
    gone, new = _list_routes(earlier) - _list_routes(later), _list_routes(later) - _list_routes(earlier)
    parts = [f"no longer by {', '.join(sorted(gone))}"] if gone else []
    parts += [f"now by {', '.join(sorted(new))}"] if new else []
    return f"{text}{': ' + ', '.join(parts) if parts else ''}."
