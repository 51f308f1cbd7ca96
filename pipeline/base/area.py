"""Models of an area file, ``config/areas/<area>.yaml``: its inputs, codes, words and overrides."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from pipeline.base.area_timetables import Calendar, Duplicates
from pipeline.base.clock import find_second_tuesday_of_october
from pipeline.base.config import Model

GroupName = Literal["left_behind", "other_deprived", "other"]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
NameText = Annotated[str, BeforeValidator(lambda value: value if isinstance(value, str) else str(value))]
"""A name that YAML may have read as a number or a date."""


def _read_date(value: object) -> object:
    """Take a year alone for the Tuesday of the second week of its October."""
    text = str(value)
    if isinstance(value, int | str) and text.isascii() and text.isdigit() and len(text) == 4:
        return find_second_tuesday_of_october(int(text))
    return value


SnapshotDate = Annotated[
    dt.date,
    BeforeValidator(_read_date),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "integer"}]}),
]
"""A date, or a year, which stands for the Tuesday of the second week of its October."""


class Licence(Model):
    """What must be said about an input."""

    licence: str = ""
    attribution: str = ""
    vintage: str = Field("", description="the date or census that the codes or data belong to")


class TableSource(Licence):
    """A table on disk: CSV, Parquet, GeoJSON or GeoPackage."""

    path: str = Field(description="path below the data folder")
    encoding: str = "utf-8-sig"
    separator: str = ","


class PointSource(TableSource):
    """Points with a code."""

    code: str = Field(description="column of the code")
    name: str | None = None
    x: str | None = Field(None, description="column of longitude or easting; found by its usual names if absent")
    y: str | None = None
    crs: str | None = Field(None, description="EPSG code of x and y; found from the file or the values if absent")
    where: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="only rows in which these columns have these values"
    )


class PopulationSource(TableSource):
    """Population of small areas or of neighbourhoods."""

    code: str
    column: str
    level: Literal["small_area", "neighbourhood"] = "small_area"


class LookupSource(TableSource):
    """Which neighbourhood a small area belongs to."""

    small_area: str
    neighbourhood: str


class SmallAreas(PointSource):
    """The points where journeys begin."""

    population_column: str | None = Field(None, description="column of this file with the population")
    population: PopulationSource | None = None
    lookup: LookupSource | None = Field(
        None, description="absent: by point in polygon of the boundaries, or each small area is a neighbourhood"
    )


class Boundaries(TableSource):
    """Polygons of neighbourhoods (or of small areas, which are then merged by the lookup)."""

    code: str
    level: Literal["small_area", "neighbourhood"] = "neighbourhood"
    name: str | None = None


class NeighbourhoodNames(TableSource):
    """Names of neighbourhoods and of the authority they belong to."""

    code: str
    name: str
    authority: str | None = None


class GroupRule(TableSource):
    """Puts neighbourhoods into a comparison group; the first rule that fits wins."""

    group: GroupName
    code: str
    column: str | None = Field(None, description="absent: every code listed belongs to the group")
    one_of: list[str | int | float] | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _complete(self) -> GroupRule:
        if self.column is not None and self.one_of is None and self.at_most is None:
            raise ValueError("a group rule with a column needs 'one_of' or 'at_most'")
        return self


class Neighbourhoods(Model):
    """The places that are reported on."""

    names: NeighbourhoodNames | None = None
    boundaries: Boundaries | None = None
    groups: list[GroupRule] = Field(default_factory=list)


class Destinations(PointSource):
    """One category of destinations, or a part of it (several entries may share a category)."""

    category: str = Field(pattern=NAME)
    label: str = Field(description="how the report names one of the category, such as 'hospital'")
    plural: str | None = Field(None, description="how it names several; the label with an s if absent")
    weight: str | None = Field(None, description="column with the weight of a destination, such as jobs")
    min_weight: float | None = Field(None, description="leave out destinations that weigh less")
    max_weight: float | None = Field(None, description="leave out destinations that weigh more")
    cumulative: bool = Field(default=False, description="also count the weight reachable within set times")


def _take_path(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


class Feed(Licence):
    """One timetable file of a snapshot."""

    key: str = Field(pattern=NAME)
    path: str = Field(description="GTFS, TransXChange or ATCO-CIF: a file, a zip archive or a folder")
    format: Literal["auto", "gtfs", "transxchange", "atco_cif"] = Field(
        "auto", description="found by content where it is 'auto'"
    )
    naptan: Annotated[TableSource, BeforeValidator(_take_path)] | None = Field(
        None, description="NaPTAN's table of stops (CSV), for formats that only name them; a path, or a table's keys"
    )
    nation: Literal["england", "wales", "scotland", "northern_ireland"] = Field(
        "england", description="whose bank holidays and school holidays hold in TransXChange and ATCO-CIF"
    )


class Snapshot(Model):
    """Timetables of one date."""

    id: NameText = Field(pattern=NAME)
    date: SnapshotDate = Field(description="a weekday; a year alone: the second Tuesday of its October")
    label: str | None = Field(None, description="how charts name it, such as 'June 2023'; the id if absent")
    feeds: list[Feed] = Field(min_length=1)
    saturday: dt.date | None = None
    sunday: dt.date | None = None
    caveat: str | None = Field(None, description="what a reader must know about this snapshot")
    duplicates: Duplicates = Field(default_factory=Duplicates)

    @model_validator(mode="after")
    def _checked(self) -> Snapshot:
        keys = [feed.key for feed in self.feeds]
        if len(set(keys)) != len(keys):
            raise ValueError(f"snapshot {self.id}: two feeds have the same key")
        if self.date.weekday() > 4:
            raise ValueError(f"snapshot {self.id}: {self.date} is no weekday")
        if self.saturday and self.saturday.weekday() != 5:
            raise ValueError(f"snapshot {self.id}: {self.saturday} is no Saturday")
        if self.sunday and self.sunday.weekday() != 6:
            raise ValueError(f"snapshot {self.id}: {self.sunday} is no Sunday")
        if unknown := self.duplicates.list_unknown(keys):
            raise ValueError(
                f"snapshot {self.id}: duplicates.precedence names {unknown[0]}, which is none of its feeds"
            )
        return self


class NotComparable(Model):
    """A declared break between two snapshots."""

    earlier: NameText
    later: NameText
    reason: str
    comparable_operators: list[str] = Field(
        default_factory=list, description="operators whose services can be compared all the same"
    )


class Attribution(Model):
    """Two snapshots of which it is computed what each lost service did to travel times."""

    earlier: NameText
    later: NameText


class Overpass(Model):
    """Download of an area through OSMnx."""

    north: float
    south: float
    east: float
    west: float
    url: str | None = Field(None, description="another Overpass server")


class Streets(Licence):
    """Where the streets come from: a file, or an Overpass download."""

    path: str | None = None
    overpass: Overpass | None = None

    @model_validator(mode="after")
    def _one(self) -> Streets:
        if (self.path is None) == (self.overpass is None):
            raise ValueError("streets need either 'path' or 'overpass'")
        return self


class Words(Model):
    """How the report names things here."""

    neighbourhood: str = "neighbourhood"
    neighbourhoods: str = "neighbourhoods"
    groups: dict[str, str] = Field(
        default_factory=lambda: {
            "left_behind": "left behind",
            "other_deprived": "other deprived",
            "other": "all others",
            "all": "all",
        }
    )


class Area(Model):
    """One area: its inputs, its codes and its words."""

    name: str = Field(pattern=NAME)
    title: str
    data: str | None = Field(None, description="folder of the inputs; DATA= or --data overrides it")
    crs: str = Field(description="projected coordinate system, such as EPSG:27700")
    timezone: str
    words: Words = Field(default_factory=Words)
    is_fictional: bool = Field(default=False, description="say on every page of the report that all is invented")
    streets: Streets
    small_areas: SmallAreas
    neighbourhoods: Neighbourhoods = Field(default_factory=Neighbourhoods)
    destinations: list[Destinations] = Field(min_length=1)
    absent: dict[str, str] = Field(
        default_factory=dict, description="categories for which no data exists here, and the reason to be reported"
    )
    snapshots: list[Snapshot] = Field(min_length=1)
    not_comparable: list[NotComparable] = Field(default_factory=list)
    attribution: list[Attribution] = Field(
        default_factory=list, description="pairs of snapshots of which the loss is attributed to services"
    )
    holidays: list[dt.date] = Field(default_factory=list, description="public holidays inside the periods measured")
    calendar: Calendar = Field(default_factory=Calendar)
    caveats: list[str] = Field(default_factory=list, description="sentences for the report")
    settings: dict[str, Any] = Field(default_factory=dict, description="overrides of config/default.yaml")

    @model_validator(mode="after")
    def _checked(self) -> Area:
        ids = [snapshot.id for snapshot in self.snapshots]
        if len(set(ids)) != len(ids):
            raise ValueError("two snapshots have the same id")
        dates = [snapshot.date for snapshot in self.snapshots]
        if dates != sorted(dates):
            raise ValueError("snapshots must stand in order of their dates")
        for pair in self.not_comparable:
            if pair.earlier not in ids or pair.later not in ids:
                raise ValueError(f"not_comparable names an unknown snapshot: {pair.earlier}, {pair.later}")
        for attributed in self.attribution:
            pairs = [(0, i) for i in range(1, len(ids))] + [(i - 1, i) for i in range(1, len(ids))]
            if (attributed.earlier, attributed.later) not in {(ids[a], ids[b]) for a, b in pairs}:
                raise ValueError(
                    f"attribution of {attributed.earlier} to {attributed.later}: name two snapshots that follow one "
                    "another, or the first and a later one"
                )
        return self

    @property
    def categories(self) -> list[str]:
        """Categories of destinations in the order of the file."""
        return list(dict.fromkeys(d.category for d in self.destinations))
