"""What a report must be told: names, wording, dates, parameters, caveats, colours.

The published tables carry keys (``left_behind``, ``weekday_am``); everything that turns them into words is an area's
setting and arrives here, so that no country's vocabulary is built into the report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.report.text import format_date

if TYPE_CHECKING:
    from datetime import date

ALL_GROUPS = "all"
"""Key of the group that holds every neighbourhood."""


@dataclass(frozen=True)
class SnapshotInfo:
    """One dated set of timetables: its key in the tables, a short label, the analysed day and an optional remark."""

    key: str
    label: str
    date: date
    note: str = ""


@dataclass(frozen=True)
class WindowInfo:
    """A departure window: label ("Weekday morning"), the day in words, and its limits in seconds of the day.

    ``return_start_s`` and ``return_end_s`` are the limits used for the direction ``return`` where they differ;
    ``day_type`` is the kind of day (``weekday``, ``saturday``, ``sunday``), empty where it is not known.
    """

    key: str
    label: str
    start_s: int
    end_s: int
    day_phrase: str = "on a weekday"
    return_start_s: int | None = None
    return_end_s: int | None = None
    day_type: str = ""


@dataclass(frozen=True)
class CategoryInfo:
    """A kind of destination: plural label ("hospitals"), phrase ("a hospital") and what to say if it has no data.

    ``count_label`` says what its weights count, where what can be reached within a limit was added up ("jobs").
    """

    key: str
    label: str
    phrase: str
    absence: str = ""
    count_label: str = "jobs"

    @property
    def absence_text(self) -> str:
        """Sentence that stands in place of figures where the tables hold none for this category."""
        return self.absence or f"No {self.label} data exists for this area."


@dataclass(frozen=True)
class GroupInfo:
    """A group of neighbourhoods: key in the tables, label in a sentence ("left behind wards"), colour and marker."""

    key: str
    label: str
    colour: str
    marker: str = "o"


@dataclass(frozen=True)
class ModeInfo:
    """A set of modes of transport: key of ``mode_set`` and label ("All public transport")."""

    key: str
    label: str


@dataclass(frozen=True)
class IndicatorInfo:
    """An indicator of the score: label, unit of its value (as in :func:`text.format_quantity`) and weight.

    ``definition``, ``caveat`` and ``source`` are sentences that stand beside its figures.
    """

    key: str
    label: str
    unit: str = ""
    weight: float | None = None
    definition: str = ""
    caveat: str = ""
    source: str = ""


@dataclass(frozen=True)
class MethodParameters:
    """Parameters of the run that the method page states (units in the names)."""

    walk_kmh: float = 4.8
    max_walk_m: float = 2000.0
    max_transfer_m: float = 600.0
    max_link_m: float = 500.0
    interchange_s: int = 120
    max_time_min: int = 120
    max_changes: int | None = None
    service_days: int = 28
    zone_radius_m: float = 500.0
    zone_margin_m: float = 100.0
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Attribution:
    """A source that must be named: text, licence and (as text only) where it can be found."""

    text: str
    licence: str = ""
    url: str = ""


@dataclass(frozen=True)
class Palette:
    """Colours: five ordered classes (best first, readable without colour vision), missing data, outlines, heads."""

    classes: tuple[str, str, str, str, str] = ("#ffffd9", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
    missing: str = "#d9d9d9"
    outline: str = "#4d4d4d"
    accent: str = "#b3261e"
    heading: str = "#17365d"


DEFAULT_MODES = (ModeInfo("all", "All public transport"), ModeInfo("bus", "Bus only"))


@dataclass(frozen=True)
class ReportContext:
    """Everything a report needs beside the published tables.

    Snapshots stand in order of date, windows and categories in order of importance: the last snapshot and the first
    window are what the report shows first. ``groups`` holds the groups that may occur, ``all`` included.
    ``caveats`` are sentences about the whole report, ``service_caveats`` those that must stand beside every statement
    about service or its change. ``key`` is the area's name in file names, ``crs`` its projected system.
    """

    area_title: str
    noun: str
    noun_plural: str
    snapshots: tuple[SnapshotInfo, ...]
    windows: tuple[WindowInfo, ...]
    categories: tuple[CategoryInfo, ...]
    groups: tuple[GroupInfo, ...]
    modes: tuple[ModeInfo, ...] = DEFAULT_MODES
    indicators: tuple[IndicatorInfo, ...] = ()
    method: MethodParameters = field(default_factory=MethodParameters)
    caveats: tuple[str, ...] = ()
    service_caveats: tuple[str, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    palette: Palette = field(default_factory=Palette)
    small_area_noun_plural: str = "small areas"
    score_note: str = ""
    is_fictional: bool = False
    version: str = ""
    key: str = "area"
    crs: str = ""
    language: str = "en-GB"
    max_csv_bytes: int = 70_000
    subject: str = "Public transport connectivity of"
    subject_short: str = "Public transport connectivity"
    source_note: str = ""

    @property
    def latest(self) -> SnapshotInfo:
        """The last snapshot."""
        return self.snapshots[-1]

    @property
    def primary_window(self) -> WindowInfo:
        """The first window."""
        return self.windows[0]

    def get_group(self, key: str) -> GroupInfo:
        """Return the group with this key, or one that shows the key itself where the area gives it no wording."""
        for group in self.groups:
            if group.key == key:
                return group
        return GroupInfo(key, key.replace("_", " "), "#555555")

    def name_snapshot(self, snapshot: SnapshotInfo) -> str:
        """Return what a snapshot is called in a sentence: its date, with its label where two have the same date."""
        day = format_date(snapshot.date)
        is_unique = sum(other.date == snapshot.date for other in self.snapshots) == 1
        return day if is_unique else f"{day} ({snapshot.label})"

    def put_words(self, text: str) -> str:
        """Return a reason from the tables with names of indicators, of snapshots and of days in words.

        A snapshot that is named by its year stays as it is.
        """
        text = re.sub(r"\b(saturday|sunday)\b", lambda found: found.group().capitalize(), text)
        words = {item.key: item.label for item in self.indicators}
        words |= {item.key: self.name_snapshot(item) for item in self.snapshots if not item.key.isdigit()}
        if not words:
            return text
        keys = "|".join(re.escape(key) for key in sorted(words, key=lambda key: (-len(key), key)))
        return re.sub(rf"(?<![\w-])(?:{keys})(?![\w-])", lambda found: words[found.group()], text)

    def get_snapshot(self, key: str) -> SnapshotInfo:
        """Return the snapshot with this key; raises KeyError where the context does not list it."""
        for snapshot in self.snapshots:
            if snapshot.key == key:
                return snapshot
        raise KeyError(key)
