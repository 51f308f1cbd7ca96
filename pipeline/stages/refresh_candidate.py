"""Decide whether what has arrived is another timetable than the one in use, and for which day it would stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from pipeline.acquire.fetch import Fetched
from pipeline.acquire.incoming import Incoming, find_newest
from pipeline.base.area import Feed, Refresh, RefreshFeed
from pipeline.base.errors import ConfigError, InputError
from pipeline.base.hashing import hash_value
from pipeline.base.live import ARCHIVED, is_live
from pipeline.base.load import Project
from pipeline.base.notices import Notices
from pipeline.base.registered import Registered, RegisteredFeed, RegisteredSnapshot
from pipeline.stages.forecast import check_reading
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.read_any import FeedSource, read_timetable
from pipeline.timetables.term_dates import DayKinds
from pipeline.timetables.week_fingerprint import (
    VERSION,
    compute_week_fingerprint,
    find_typical_days,
    list_service_days,
)

AS_STATED = "as the area file states"
"""What the register of sources says of an address or folder that anybody may name."""
Kind = Literal["nothing", "held", "resume", "new"]


@dataclass(frozen=True)
class Week:
    """What a timetable says: its days of service and the fingerprint of its typical week."""

    days: tuple[dt.date, ...]
    fingerprint: str


@dataclass(frozen=True)
class Arrival:
    """A feed as it has been fetched: its settings, its file, and its table of stops where that is fetched too."""

    feed: RefreshFeed
    fetched: Fetched
    naptan: Fetched | None = None

    @property
    def hashes(self) -> tuple[str, str | None]:
        """SHA-256 of the timetable and of the table of stops."""
        return self.fetched.sha256, self.naptan.sha256 if self.naptan else None


@dataclass
class Judge:
    """Reads timetables, each at most once.

    Attributes
    ----------
    project
        The area with its settings.
    today
        The day of the fetch.
    """

    project: Project
    today: dt.date
    _known: dict[tuple[Path, str], Week] = field(default_factory=dict)

    @property
    def kinds(self) -> DayKinds:
        """What is known of holidays and terms here."""
        return DayKinds.build(self.project.area.calendar, self.project.area.holidays)

    @property
    def basis(self) -> str:
        """What a fingerprint depends on beside the timetable, shortened."""
        area = self.project.area
        parts = [
            VERSION,
            area.calendar.model_dump(mode="json"),
            area.holidays,
            self.project.settings.transit.wheelchair,
        ]
        return hash_value(parts)[:12]

    def read(self, feed: Feed, file: Path, naptan: Path | None) -> Week:
        """Read a timetable.

        Parameters
        ----------
        feed
            How to read it.
        file, naptan
            What to read.

        Returns
        -------
        Week
            What it says.

        Raises
        ------
        InputError
            If it cannot be read, or has no service on any weekday.
        """
        key = (file, str(naptan))
        if key not in self._known:
            check_reading(self.project, file)
            source = FeedSource(file, None if feed.format == "auto" else feed.format, naptan, feed.nation)
            notices = Notices()
            timetable = read_timetable({feed.key: source}, notices=notices, as_of=self.today)
            timetable = remove_duplicate_trips(timetable, notices)
            days = list_service_days(timetable)
            extracted = timetable.feeds[feed.key].get("extraction_date")
            start = self.today
            if extracted and not (days and days[0] <= self.today <= days[-1]):
                start = dt.date.fromisoformat(str(extracted))
            typical = find_typical_days(days, kinds=self.kinds, from_date=start)
            if typical is None:
                raise InputError(
                    "This timetable has no service on any weekday.",
                    file=file,
                    cure="Look into its calendar; the publisher may have cut it short.",
                )
            wheelchair = self.project.settings.transit.wheelchair
            found = compute_week_fingerprint(timetable, typical.days, is_wheelchair=wheelchair)
            self._known[key] = Week(tuple(days), found)
        return self._known[key]

    def read_arrival(self, arrival: Arrival) -> Week:
        """Read a timetable that has arrived."""
        table = arrival.feed.naptan
        naptan = arrival.naptan.file if arrival.naptan else self.project.resolve(table.path) if table else None
        return self.read(arrival.feed, arrival.fetched.file, naptan)

    def read_feed(self, feed: Feed) -> Week:
        """Read a timetable of a snapshot."""
        naptan = self.project.resolve(feed.naptan.path) if feed.naptan else None
        return self.read(feed, self.project.resolve(feed.path), naptan)


def get_refresh(project: Project) -> Refresh:
    """Return what an area file says about refreshing.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    Refresh
        Its section.

    Raises
    ------
    ConfigError
        If it has none.
    """
    if project.area.refresh is None:
        raise ConfigError(
            f"The area '{project.area.name}' does not say which timetables make new snapshots.",
            file=project.area_file,
            field="refresh",
            cure="Add refresh: {feeds: [{key: bus, path: raw:bods_gtfs?region=...}]}; docs/operations.md explains it.",
        )
    return project.area.refresh


def list_references(project: Project) -> dict[str, tuple[str, str | None]]:
    """List what must be fetched for each feed.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    dict
        Key of the feed to the references of its timetable and, where that is a live source, its table of stops.

    Raises
    ------
    InputError
        If a file or folder of this machine does not exist, before anything is fetched.
    """
    found = {}
    for feed in get_refresh(project).feeds:
        file = project.data / feed.path if feed.take == "whole" else find_newest(project.data / feed.path)
        if not is_live(feed.path) and not file.exists():
            raise InputError(
                f"The file of the feed '{feed.key}' does not exist.",
                file=file,
                field="refresh",
                cure="Put it there, or correct its path; nothing was fetched.",
            )
        text = feed.path if is_live(feed.path) else "raw:folder?" + urlencode({"path": str(file)})
        naptan = feed.naptan.path if feed.naptan and is_live(feed.naptan.path) else None
        found[feed.key] = (text, naptan)
    return found


def fetch_arrivals(project: Project, incoming: Incoming) -> list[Arrival]:
    """Fetch the timetables that make snapshots.

    Parameters
    ----------
    project
        The area with its settings.
    incoming
        Where they gather.

    Returns
    -------
    list of Arrival
        In the order of the area file.

    Raises
    ------
    FetchError
        If one cannot be fetched.
    """
    references = list_references(project)
    fetched = incoming.fetch(text for pair in references.values() for text in pair if text)
    arrivals = []
    for feed in get_refresh(project).feeds:
        text, naptan = references[feed.key]
        arrivals.append(Arrival(feed, fetched[text], fetched[naptan] if naptan else None))
    return arrivals


def is_same(arrivals: Sequence[Arrival], known: RegisteredSnapshot, judge: Judge) -> bool:
    """Tell whether what has arrived says the same as a registered snapshot.

    Parameters
    ----------
    arrivals
        What has arrived.
    known
        The snapshot.
    judge
        Reads what must be read: nothing where the files are the same.

    Returns
    -------
    bool
        True if every feed has the same file or the same typical week.
    """
    feeds = {feed.key: feed for feed in known.feeds}
    if set(feeds) != {arrival.feed.key for arrival in arrivals}:
        return False
    for arrival in arrivals:
        feed = feeds[arrival.feed.key]
        if (feed.sha256, feed.naptan_sha256) == arrival.hashes:
            continue
        stored = feed.fingerprint if feed.basis == judge.basis else judge.read_feed(feed).fingerprint
        if judge.read_arrival(arrival).fingerprint != stored:
            return False
    return True


def is_same_as_declared(arrivals: Sequence[Arrival], judge: Judge) -> bool:
    """Tell whether what has arrived says the same as the last snapshot of the area file itself.

    Parameters
    ----------
    arrivals
        What has arrived.
    judge
        Reads both.

    Returns
    -------
    bool
        False where there is no such snapshot, it has other feeds, or its files are not there.
    """
    snapshots = judge.project.area.snapshots
    if not snapshots:
        return False
    feeds = {feed.key: feed for feed in snapshots[-1].feeds}
    if set(feeds) != {arrival.feed.key for arrival in arrivals}:
        return False
    if not all(judge.project.resolve(feed.path).exists() for feed in feeds.values()):
        return False
    return all(
        judge.read_arrival(one).fingerprint == judge.read_feed(feeds[one.feed.key]).fingerprint for one in arrivals
    )


def decide(arrivals: Sequence[Arrival], found: Registered, judge: Judge) -> tuple[Kind, RegisteredSnapshot | None]:
    """Decide what has arrived.

    Parameters
    ----------
    arrivals
        What has arrived.
    found
        The registered snapshots.
    judge
        Reads timetables.

    Returns
    -------
    tuple
        ``resume`` and the candidate that a stopped refresh was trying; ``held`` and the snapshot that is held, where it
        arrived once more; ``nothing`` and the snapshot in use (None for one of the area file); ``new``.
    """
    states: list[tuple[Literal["candidate", "held", "accepted"], Kind]] = [
        ("candidate", "resume"),
        ("held", "held"),
        ("accepted", "nothing"),
    ]
    for state, kind in states:
        known = found.find(state)
        if known is not None and is_same(arrivals, known, judge):
            return kind, known
    if found.find("accepted") is None and is_same_as_declared(arrivals, judge):
        return "nothing", None
    return "new", None


def find_snapshot_date(weeks: Sequence[Week], judge: Judge) -> dt.date:
    """Find the day for which a new snapshot stands.

    The first Tuesday on which every feed has service, in term and no public holiday, not before the last snapshot
    in use nor, where the timetable is in force already, before today. Failing that any Tuesday, any weekday.

    Parameters
    ----------
    weeks
        One for each feed.
    judge
        The area and today.

    Returns
    -------
    date
        A weekday.

    Raises
    ------
    InputError
        If there is none: the timetable is older than the one in use.
    """
    common = sorted(set.intersection(*(set(week.days) for week in weeks)))
    snapshots = judge.project.area.snapshots
    start = snapshots[-1].date if snapshots else dt.date.min
    if common and common[0] <= judge.today <= common[-1]:
        start = max(start, judge.today)
    days = [day for day in common if day >= start and day.weekday() < 5]
    if not days:
        reach = f"it ends on {common[-1]}" if common else "its feeds have no day in common"
        raise InputError(
            f"What has arrived holds no weekday with service from {start} on: {reach}.",
            file=judge.project.area_file,
            field="refresh",
            cure="The publisher may have put back an old file. Nothing was registered; wait for the next one, or ask.",
        )
    tuesdays = [day for day in days if day.weekday() == 1]
    calm = [day for day in tuesdays if not judge.kinds.is_disturbed(day)]
    return next(iter([*calm, *tuesdays, *days]))


def build_snapshot(
    arrivals: Sequence[Arrival], found: Registered, judge: Judge, *, now: dt.datetime
) -> RegisteredSnapshot:
    """Describe what has arrived as a snapshot to be tried; every file already lies in the archive.

    Parameters
    ----------
    arrivals
        In the archive.
    found
        The registered snapshots, whose names are taken.
    judge
        Reads timetables.
    now
        Time of registration.

    Returns
    -------
    RegisteredSnapshot
        In the state ``candidate``.
    """
    options = get_refresh(judge.project)
    weeks = [judge.read_arrival(arrival) for arrival in arrivals]
    date = find_snapshot_date(weeks, judge)
    taken = {one.id for one in found.snapshots} | {one.id for one in judge.project.area.snapshots}
    endings = ["", *"bcdefghijklmnopqrstuvwxyz", *(f"-{n}" for n in range(27, len(taken) + 28))]
    ending = next(text for text in endings if date.strftime(options.id_format) + text not in taken)
    return RegisteredSnapshot(
        id=date.strftime(options.id_format) + ending,
        state="candidate",
        date=date,
        label=date.strftime(options.label) + (f" ({ending.strip('-')})" if ending else ""),
        registered=now.replace(microsecond=0),
        feeds=[_pin(arrival, week, judge.basis) for arrival, week in zip(arrivals, weeks, strict=True)],
    )


def _pin(arrival: Arrival, week: Week, basis: str) -> RegisteredFeed:
    plain = arrival.feed.model_dump(include=set(Feed.model_fields))
    entry = arrival.fetched.entry
    if arrival.naptan is not None:
        plain["naptan"]["path"] = f"{ARCHIVED}{arrival.naptan.entry['file']}"
    for name in ("licence", "attribution", "vintage"):
        plain[name] = plain[name] or ("" if entry[name] == AS_STATED else entry[name])
    return RegisteredFeed(
        **{
            **plain,
            "path": f"{ARCHIVED}{entry['file']}",
            "reference": arrival.feed.path
            if arrival.feed.take == "whole"
            else f"{arrival.feed.path}/{Path(entry['file']).name}",
            "sha256": arrival.fetched.sha256,
            "naptan_sha256": arrival.naptan.sha256 if arrival.naptan else None,
            "bytes": arrival.fetched.n_bytes,
            "valid_from": week.days[0],
            "valid_to": week.days[-1],
            "fingerprint": week.fingerprint,
            "basis": basis,
        }
    )
