"""The journeys behind a travel time: the one asked for, the fastest or a typical one, in two snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.base.clock import parse_time_s
from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.places.model import Places
from pipeline.routing.explain import Journey, explain_journey
from pipeline.routing.profile_scan import StopSeeds, build_seeds
from pipeline.scoring.travel_time import NearestResult
from pipeline.stages.common import check_has_timetables, get_folder, read_places
from pipeline.stages.work import Case, SnapshotWork
from pipeline.timetables.model import Timetable
from pipeline.transit.packed import PackedNetwork


@dataclass(frozen=True)
class FoundJourney:
    """A journey of one snapshot with what is needed to put it into words.

    ``choice`` is "asked", "fastest" or "typical".
    """

    snapshot: str
    choice: str
    journey: Journey | None
    network: PackedNetwork
    timetable: Timetable
    result: NearestResult
    origin: int
    leave_s: int


@dataclass(frozen=True)
class Explanation:
    """The answer of :func:`find_journeys`.

    Attributes
    ----------
    origin_code, origin_lonlat
        Small area where the journeys begin.
    category, label
        Category of destinations, and its name.
    destination_lonlat
        Positions of the destinations, in the order of the numbers in the results.
    is_chosen
        Whether a choice was asked for; if not, and no time either, the journey is a typical one.
    pairs
        For each choice the journey, and that of the snapshot before (None if there is none) for the same departure.
    """

    origin_code: str
    origin_lonlat: tuple[float, float]
    category: str
    label: str
    destination_lonlat: list[tuple[float, float]]
    is_chosen: bool
    pairs: list[tuple[FoundJourney, FoundJourney | None]]


def find_journeys(
    project: Project,
    code: str,
    category: str,
    *,
    depart: str | None = None,
    window: str | None = None,
    snapshot: str | None = None,
    against: str | None = None,
    choices: Sequence[str] = (),
) -> Explanation:
    """Find the journeys from a place to the nearest destination of a category.

    Parameters
    ----------
    project
        The area with its settings.
    code
        Code of a small area, or of a neighbourhood (then its most populous small area is taken).
    category
        Category of destinations.
    depart
        ``HH:MM``; if absent the choices say.
    window
        Name of the window; the first outward one if absent.
    snapshot
        Which snapshot; the last if absent.
    against
        Snapshot that it is compared with; the one before it if absent. The earlier of the two comes first.
    choices
        ``fastest``: the first minute with the least time of the window; ``typical`` (also if neither is given): the
        first that takes as long as the median of the minutes with a journey.

    Returns
    -------
    Explanation
        The journeys.

    Raises
    ------
    UsageError
        If the code, category, window, snapshot or time is unknown, or both a time and a choice are given.
    InputError
        If the area has not been run.
    """
    check_has_timetables(project, "no journeys to explain")
    if depart is not None and choices:
        raise UsageError(
            "A departure and a choice of one are two questions.", field="--depart", cure="Leave one of them out."
        )
    places = read_places(project)
    origin = find_origin(places, code)
    ids = [s.id for s in project.area.snapshots]
    if category not in project.area.categories:
        known = ", ".join(project.area.categories)
        raise UsageError(f"There is no category '{category}'.", cure=f"Categories of this area: {known}.")
    case = _choose_case(project, category, window)
    first, last = _choose_snapshots(ids, snapshot, against)
    asked_s = None if depart is None else _parse(depart)
    later = _prepare(project, places, ids[last], case)
    earlier = None if first is None else _prepare(project, places, ids[first], case)
    pairs = []
    for choice in choices or ("typical" if asked_s is None else "asked",):
        leave_s = choose_minute(later.result, origin, choice) if asked_s is None else asked_s
        before = None if earlier is None else earlier.find(origin, leave_s, choice)
        pairs.append((later.find(origin, leave_s, choice), before))
    place = places.small_areas.iloc[origin]
    named = places.destinations[places.destinations["category"] == category]
    return Explanation(
        origin_code=str(place["small_area_code"]),
        origin_lonlat=(float(place["lon"]), float(place["lat"])),
        category=category,
        label=next(d.label for d in project.area.destinations if d.category == category),
        destination_lonlat=[(float(lon), float(lat)) for lon, lat in zip(named["lon"], named["lat"], strict=True)],
        is_chosen=bool(choices),
        pairs=pairs,
    )


def _choose_snapshots(ids: list[str], snapshot: str | None, against: str | None) -> tuple[int | None, int]:
    """Choose the earlier snapshot (None: there is none) and the later one."""
    for name, field in ((snapshot, "--snapshot"), (against, "--against")):
        if name is not None and name not in ids:
            raise UsageError(f"There is no snapshot '{name}'.", field=field, cure=f"Snapshots: {', '.join(ids)}.")
    last = ids.index(snapshot) if snapshot else len(ids) - 1
    if against is None:
        return (last - 1 if last > 0 else None), last
    other = ids.index(against)
    if other == last:
        raise UsageError(
            f"The snapshot '{against}' would be compared with itself.",
            field="--against",
            cure=f"Name another one: {', '.join(name for name in ids if name != against)}.",
        )
    return min(other, last), max(other, last)


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


@dataclass(frozen=True)
class _Prepared:
    """What the journeys of one snapshot share."""

    snapshot: str
    network: PackedNetwork
    timetable: Timetable
    result: NearestResult
    seeds: StopSeeds
    max_changes: int | None

    def find(self, origin: int, leave_s: int, choice: str) -> FoundJourney:
        """Find the quickest journey for one departure."""
        walk, cap_s = self.result.walk, self.result.window.cap_s
        journey = explain_journey(
            self.network, origin, self.seeds, leave_s, cap_s=cap_s, walk=walk, max_changes=self.max_changes
        )
        return FoundJourney(self.snapshot, choice, journey, self.network, self.timetable, self.result, origin, leave_s)


def _prepare(project: Project, places: Places, snapshot: str, case: Case) -> _Prepared:
    work = SnapshotWork(project, places, get_folder(project, "network", snapshot))
    network = work.get_network(case.day_type, case.mode_set)
    return _Prepared(
        snapshot=snapshot,
        network=network,
        timetable=Timetable.read(get_folder(project, "timetables", snapshot) / "timetable"),
        result=work.compute(case),
        seeds=build_seeds(network, work.get_destinations(case.category)),
        max_changes=work.settings.transit.max_changes,
    )


def choose_minute(result: NearestResult, origin: int, choice: str) -> int:
    """Choose a departure of the window.

    Parameters
    ----------
    result
        Travel times of every small area and minute.
    origin
        Which small area.
    choice
        ``fastest`` or ``typical``.

    Returns
    -------
    int
        Seconds of the service day; the first minute if there is no journey at all.
    """
    times = result.times.travel_time_s[origin]
    known = np.sort(times[times >= 0])
    if not known.size:
        return result.window.start_s
    wanted = known[0] if choice == "fastest" else known[(known.size - 1) // 2]
    return result.window.start_s + 60 * int(np.flatnonzero(times == wanted)[0])
