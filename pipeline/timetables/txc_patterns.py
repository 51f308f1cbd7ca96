"""From the timing links of TransXChange to the calls of a journey, as seconds after its departure.

A stop in the middle is the end of one link and the beginning of the next. Both may state a wait there: the vehicle
waits for the sum, as the schema defines. Who may get off is what the incoming link says, who may get on what the
outgoing one says; where only one of them says anything, it holds for both. A stop where nobody may do either is
passed and is no call. ``DepartureTime`` is when the vehicle leaves the first stop, so that a wait before it shifts
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from pipeline.base.xml_files import Element
from pipeline.timetables.txc_codes import ACTIVITY_UNKNOWN
from pipeline.timetables.txc_profiles import Reporter
from pipeline.timetables.txc_values import get_children, get_line, get_name, get_text, parse_duration_s

UNREADABLE_S = -1
"""Stands for a duration that cannot be read; it makes the journey go backward, and so leave."""
ACTIVITIES: dict[str, tuple[bool, bool]] = {
    "pickUp": (True, False),
    "setDown": (False, True),
    "pickUpAndSetDown": (True, True),
    "pass": (False, False),
    "transfer": (True, True),
    "pickUpDriver": (False, False),
    "setDownDriver": (False, False),
    "pickUpAndSetDownDriver": (False, False),
}
"""Whether passengers may get on, and get off."""
Activity = tuple[bool, bool]
BOTH: Activity = (True, True)


class Override(NamedTuple):
    """What a vehicle journey says of one timing link instead of its pattern; None where it says nothing."""

    link: str
    run_s: int | None = None
    from_wait_s: int | None = None
    to_wait_s: int | None = None
    from_activity: Activity | None = None
    to_activity: Activity | None = None


class Link(NamedTuple):
    """A timing link of a journey pattern; None where it says nothing."""

    link: str
    run_s: int | None
    from_wait_s: int | None
    to_wait_s: int | None
    from_activity: Activity | None
    to_activity: Activity | None
    from_stop: str
    to_stop: str
    display: str
    line: int | None


class Calls(NamedTuple):
    """The calls of a pattern, as seconds after the departure of its journeys.

    Attributes
    ----------
    stops
        Codes as filed.
    arrival_s, departure_s
        Seconds after departure; the first departure is 0.
    can_board, can_alight
        Whether passengers may get on and off.
    passed
        Stops that are passed without calling.
    n_broken
        Links that begin at another stop than the one before ends at.
    """

    stops: tuple[str, ...]
    arrival_s: tuple[int, ...]
    departure_s: tuple[int, ...]
    can_board: tuple[bool, ...]
    can_alight: tuple[bool, ...]
    passed: tuple[str, ...]
    n_broken: int


def _parse_duration(text: str) -> int | None:
    if not text:
        return None
    value = parse_duration_s(text)
    return UNREADABLE_S if value is None else value


def _parse_usage(element: Element | None, report: Reporter) -> tuple[int | None, Activity | None, str, str]:
    """Return wait, activity, stop and destination display of one end of a link."""
    wait, activity, stop, display = None, None, "", ""
    for child in element if element is not None else ():
        name = get_name(str(child.tag))
        if name == "StopPointRef":
            stop = get_text(child)
        elif name == "WaitTime":
            wait = _parse_duration(get_text(child))
        elif name == "Activity":
            text = get_text(child)
            if text and text not in ACTIVITIES:
                report.note(ACTIVITY_UNKNOWN, child, field="Activity", value=text)
            activity = ACTIVITIES.get(text, BOTH) if text else None
        elif name == "DynamicDestinationDisplay":
            display = get_text(child)
    return wait, activity, stop, display


def parse_link(element: Element, report: Reporter) -> Link:
    """Read a timing link of a journey pattern.

    Parameters
    ----------
    element
        ``JourneyPatternTimingLink``.
    report
        Where what cannot be understood is noted.

    Returns
    -------
    Link
        As filed.
    """
    parts = get_children(element)
    run = parts.get("RunTime")
    from_wait, from_activity, from_stop, display = _parse_usage(parts.get("From"), report)
    to_wait, to_activity, to_stop, _ = _parse_usage(parts.get("To"), report)
    return Link(
        element.get("id") or "",
        None if run is None else _parse_duration(get_text(run)),
        from_wait,
        to_wait,
        from_activity,
        to_activity,
        from_stop,
        to_stop,
        display,
        get_line(element),
    )


def _parse_override(element: Element, report: Reporter) -> Override:
    """Read a timing link of a vehicle journey."""
    link, run = "", None
    from_wait = to_wait = from_activity = to_activity = None
    for child in element:
        name = get_name(str(child.tag))
        if name == "JourneyPatternTimingLinkRef":
            link = get_text(child)
        elif name == "RunTime":
            run = _parse_duration(get_text(child))
        elif name == "From":
            from_wait, from_activity, _, _ = _parse_usage(child, report)
        elif name == "To":
            to_wait, to_activity, _, _ = _parse_usage(child, report)
    return Override(link, run, from_wait, to_wait, from_activity, to_activity)


@lru_cache(maxsize=65_536)
def _make_override(link: str, run: str) -> Override:
    return Override(link.strip(), _parse_duration(run.strip()))


@lru_cache(maxsize=8)
def _compile_paths(namespace: str) -> tuple[etree.XPath, etree.XPath, etree.XPath]:
    """Return what finds links that say only a run time, and the references and run times of all links."""
    tag = "t:VehicleJourneyTimingLink" if namespace else "VehicleJourneyTimingLink"
    prefix = "t:" if namespace else ""
    names = {"t": namespace} if namespace else None
    link, run = f"{prefix}JourneyPatternTimingLinkRef", f"{prefix}RunTime"
    says_more = f"*/{prefix}WaitTime or */{prefix}Activity"
    plain = f"count({tag}[count({link}/text())=1 and count({run}/text())=1 and not({says_more})])"
    paths = (plain, f"{tag}/{link}/text()", f"{tag}/{run}/text()")
    first, second, third = (etree.XPath(path, namespaces=names, smart_strings=False) for path in paths)
    return first, second, third


def parse_overrides(journey: Element, links: Sequence[Element], report: Reporter) -> tuple[Override, ...]:
    """Read the timing links of a vehicle journey.

    Journeys by the hundred thousand say nothing but run times; those are fetched by three expressions for a whole
    journey, which takes a quarter of the time of going from element to element.

    Parameters
    ----------
    journey
        ``VehicleJourney``.
    links
        Its ``VehicleJourneyTimingLink`` children.
    report
        Where what cannot be understood is noted.

    Returns
    -------
    tuple of Override
        One for each link.
    """
    if not links:
        return ()
    is_plain, references, runs = _compile_paths(str(journey.tag)[1:].rpartition("}")[0])
    if is_plain(journey) == len(links):
        pairs = zip(references(journey), runs(journey), strict=True)  # type: ignore[arg-type]
        return tuple([_make_override(str(link), str(run)) for link, run in pairs])
    return tuple([_parse_override(link, report) for link in links])


def apply_overrides(links: Sequence[Link], overrides: Sequence[Override]) -> list[Link]:
    """Put what a vehicle journey says in the place of what its pattern says.

    Parameters
    ----------
    links
        All links of the pattern in their order.
    overrides
        Of the journey; where a pattern runs over one link several times, the journey's links for it are taken in
        turn, the last one for all further times.

    Returns
    -------
    list of Link
        As many as before.
    """
    by_link: dict[str, list[Override]] = {}
    for override in overrides:
        by_link.setdefault(override.link, []).append(override)
    seen: dict[str, int] = {}
    found = []
    for link in links:
        options = by_link.get(link.link)
        if not options:
            found.append(link)
            continue
        turn = seen.get(link.link, 0)
        seen[link.link] = turn + 1
        own = options[min(turn, len(options) - 1)]
        values = [theirs if mine is None else mine for mine, theirs in zip(own[1:], link[1:6], strict=True)]
        found.append(Link(link.link, *values, *link[6:]))  # type: ignore[call-arg,arg-type]
    return found


def _meet(arriving: Activity | None, leaving: Activity | None) -> Activity:
    """Return who may get on and off at a stop between two links."""
    if arriving is None:
        return leaving or BOTH
    if leaving is None:
        return arriving
    return leaving[0], arriving[1]


def compute_calls(links: Sequence[Link]) -> Calls | None:
    """Compute the calls of a journey from its links.

    Parameters
    ----------
    links
        In their order, at least one, overrides applied.

    Returns
    -------
    Calls or None
        None if a run time is missing, or a run time or wait is negative or unreadable.
    """
    visits = [(links[0].from_stop, 0, 0, links[0].from_activity or BOTH)]
    now, n_broken = 0, 0
    for at, link in enumerate(links):
        following = links[at + 1] if at + 1 < len(links) else None
        wait = (link.to_wait_s or 0) + ((following.from_wait_s or 0) if following else 0)
        is_wait_bad = (link.to_wait_s or 0) < 0 or (link.from_wait_s or 0) < 0
        if link.run_s is None or link.run_s < 0 or is_wait_bad:
            return None
        now += link.run_s
        if following is None:
            visits.append((link.to_stop, now, now, link.to_activity or BOTH))
        elif following.from_stop == link.to_stop or not following.from_stop:
            visits.append((link.to_stop, now, now + wait, _meet(link.to_activity, following.from_activity)))
            now += wait
        else:
            n_broken += 1
            visits.append((link.to_stop, now, now, link.to_activity or BOTH))
            visits.append((following.from_stop, now, now + wait, following.from_activity or BOTH))
            now += wait
    kept = [visit for visit in visits if visit[3] != ACTIVITIES["pass"]]
    return Calls(
        tuple(visit[0] for visit in kept),
        tuple(visit[1] for visit in kept),
        tuple(visit[2] for visit in kept),
        tuple(visit[3][0] for visit in kept),
        tuple(visit[3][1] for visit in kept),
        tuple(visit[0] for visit in visits if visit[3] == ACTIVITIES["pass"]),
        n_broken,
    )


def list_links(sections: Sequence[str], by_section: Mapping[str, Sequence[Link]]) -> list[Link] | None:
    """Join the links of a pattern's sections.

    Parameters
    ----------
    sections
        References in their order.
    by_section
        Links of each section.

    Returns
    -------
    list of Link or None
        None if a section is missing.
    """
    found: list[Link] = []
    for section in sections:
        links = by_section.get(section)
        if links is None:
            return None
        found += links
    return found
