"""Journeys in words: leg by leg, which destination is nearest when, and what changed between two snapshots."""

from __future__ import annotations

import numpy as np

from pipeline.base.clock import format_time
from pipeline.routing.explain import Leg
from pipeline.stages.explain_comparison import describe_comparison, format_minutes
from pipeline.stages.explain_journeys import Explanation, FoundJourney
from pipeline.timetables.model import Timetable

TITLES = {"fastest": ", the quickest of the window", "typical": ", a typical one of the window"}


def describe_explanation(explanation: Explanation) -> str:
    """Put an explanation into words.

    Parameters
    ----------
    explanation
        From :func:`pipeline.stages.explain_journeys.find_journeys`.

    Returns
    -------
    str
        Text for the terminal.
    """
    lines: list[str] = []
    for later, earlier in explanation.pairs:
        title = TITLES.get(later.choice, "") if explanation.is_chosen else ""
        lines += ["", ""] if lines else []
        lines.append(
            f"From {explanation.origin_code} to the nearest {explanation.label}, leaving at "
            f"{format_time(later.leave_s)}{title}"
        )
        lines += ["", *describe_journey(later)]
        if earlier is not None:
            lines += ["", *describe_journey(earlier), "", *describe_comparison(earlier, later)]
    lines += ["", *describe_nearest_by_minute(explanation.pairs[-1][0])]
    return "\n".join(lines)


def list_nearest_by_minute(found: FoundJourney) -> list[tuple[int, int, int]]:
    """List which destination is nearest when.

    Parameters
    ----------
    found
        A journey with the result that it was taken from.

    Returns
    -------
    list of tuple
        First and last minute of departure (seconds of the service day) and the destination, -2 for none within the
        limit, without gaps over the window.
    """
    row = found.result.times.destination[found.origin]
    starts = np.flatnonzero(np.diff(row, prepend=row[0] - 1) != 0)
    ends = np.append(starts[1:], row.shape[0]) - 1
    begin_s = found.result.window.start_s
    return [(begin_s + 60 * int(a), begin_s + 60 * int(b), int(row[a])) for a, b in zip(starts, ends, strict=True)]


def describe_nearest_by_minute(found: FoundJourney) -> list[str]:
    """Say which destination is nearest when.

    Parameters
    ----------
    found
        A journey with the result that it was taken from.

    Returns
    -------
    list of str
        A heading and a line for each span of minutes.
    """
    lines = [f"{found.snapshot}: which is nearest, by the minute of departure"]
    for first_s, last_s, destination in list_nearest_by_minute(found):
        span = format_time(first_s) if first_s == last_s else f"{format_time(first_s)}-{format_time(last_s)}"
        name = found.result.destination_names[destination] if destination >= 0 else "none within the limit"
        lines.append(f"  {span:<11}  {name}")
    return lines


def describe_journey(found: FoundJourney) -> list[str]:
    """Put one journey into words.

    Parameters
    ----------
    found
        The journey, or that there is none.

    Returns
    -------
    list of str
        A title and a line for each leg.
    """
    title = f"{found.snapshot}: "
    if found.journey is None:
        if not found.result.is_linked[found.origin]:
            return [title + "no journey, since the place is not joined to the streets (no_street)"]
        return [title + "no journey within the limit"]
    journey = found.journey
    name = found.result.destination_names[journey.destination]
    lines = [f"{title}{format_minutes(journey.travel_time_s)} to {name}, arriving at {format_time(journey.arrive_s)}"]
    lines += [f"  {format_time(leg.start_s)}  {_describe_leg(found, leg)}" for leg in journey.legs]
    return lines


def _name_stop(timetable: Timetable, index: int) -> str:
    row = timetable.stops.row(index, named=True)
    return f"{row['stop_name'] or 'unnamed stop'} ({row['stop_id']})"


def _describe_leg(found: FoundJourney, leg: Leg) -> str:
    timetable, taken = found.timetable, format_minutes(leg.end_s - leg.start_s)
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
