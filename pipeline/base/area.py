"""Models of an area file, ``config/areas/<area>.yaml``: its inputs, codes, words and overrides."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from pipeline.base.area_refresh import RefreshOptions
from pipeline.base.area_timetables import Calendar, Duplicates
from pipeline.base.clock import find_second_tuesday_of_october
from pipeline.base.config import DayType, Model

GroupName = Literal["left_behind", "other_deprived", "other"]
BandName = Literal["06_10", "10_15", "15_18", "18_22", "22_06", "all_day"]
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
    separator: Annotated[str, StringConstraints(strip_whitespace=False)] = ","


class PointSource(TableSource):
    """Points with a code."""

    code: str = Field(description="column of the code")
    code_with: list[str] = Field(
        default_factory=list, description="further columns that are added to the code where it alone is not unique"
    )
    name: str | None = None
    x: str | None = Field(None, description="column of longitude or easting; found by its usual names if absent")
    y: str | None = None
    crs: str | None = Field(None, description="EPSG code of x and y; found from the file or the values if absent")
    where: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="only rows in which these columns have these values"
    )
    code_prefix: str = Field("", description="only rows whose code begins so, such as E for England")


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
    authority_name: str | None = None


class GroupRule(TableSource):
    """Puts neighbourhoods into a comparison group; the first rule that fits wins."""

    group: GroupName
    code: str
    column: str | None = Field(None, description="absent: every code listed belongs to the group")
    one_of: list[str | int | float] | None = None
    at_most: float | None = None
    lowest_pct: float | None = Field(
        None,
        gt=0,
        le=100,
        description="the share of neighbourhoods in which the column, such as a rank of deprivation, is lowest, %",
    )
    level: Literal["small_area", "neighbourhood"] = Field(
        "neighbourhood",
        description="what the codes are; a column of small areas is averaged over each neighbourhood, by population",
    )

    @model_validator(mode="after")
    def _complete(self) -> GroupRule:
        if self.column is not None and self.one_of is None and self.at_most is None and self.lowest_pct is None:
            raise ValueError("a group rule with a column needs 'one_of', 'at_most' or 'lowest_pct'")
        if self.level == "small_area" and (self.column is None or self.one_of is not None):
            raise ValueError("a group rule for small areas needs a column of numbers with 'at_most' or 'lowest_pct'")
        return self


class PlaceAttribute(TableSource):
    """A column about neighbourhoods, or about small areas of which neighbourhoods are made."""

    code: str
    column: str
    level: Literal["small_area", "neighbourhood"] = "neighbourhood"


class Deprivation(PlaceAttribute):
    """How deprived places are, by a rank, a tenth or a score; for comparisons, never a part of a score."""

    higher_is: Literal["more_deprived", "less_deprived"] = Field(
        description="what a higher value means: a rank or tenth of which 1 is the most deprived is less_deprived"
    )


class Rurality(PlaceAttribute):
    """The rural or urban class of places; of small areas the class in which most of a neighbourhood's people live."""


class Neighbourhoods(Model):
    """The places that are reported on."""

    names: NeighbourhoodNames | None = None
    boundaries: Boundaries | None = None
    groups: list[GroupRule] = Field(default_factory=list)
    deprivation: Deprivation | None = None
    rurality: Rurality | None = None


class Destinations(PointSource):
    """One category of destinations, or a part of it (several entries may share a category)."""

    category: str = Field(pattern=NAME)
    label: str = Field(
        "", description="how the report names one of the category, such as 'hospital'; its words if absent"
    )
    plural: str | None = Field(None, description="how it names several; the label with an s if absent")
    weight: str | None = Field(None, description="column with the weight of a destination, such as jobs")
    min_weight: float | None = Field(None, description="leave out destinations that weigh less")
    max_weight: float | None = Field(None, description="leave out destinations that weigh more")
    cumulative: bool = Field(default=False, description="also count the weight reachable within set times")

    @model_validator(mode="before")
    @classmethod
    def _name(cls, content: Any) -> Any:
        """Name a category that has no label by its words."""
        if isinstance(content, dict) and not content.get("label"):
            return {**content, "label": str(content.get("category", "")).replace("_", " ")}
        return content


def _take_path(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


class Feed(Licence):
    """One timetable file of a snapshot."""

    key: str = Field(pattern=NAME, description="short name of the feed, such as bus; unique within a snapshot")
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


class RefreshFeed(Feed):
    """A timetable that arrives again and again; each new one makes a snapshot."""

    take: Literal["whole", "newest"] = Field(
        "whole", description="newest: path is a folder that receives files; the last of them by name counts"
    )


class Refresh(RefreshOptions):
    """Timetables that become snapshots by themselves, see docs/operations.md."""

    feeds: list[RefreshFeed] = Field(min_length=1, description="a live source (raw:...), or a file or folder")

    @model_validator(mode="after")
    def _different(self) -> Refresh:
        if len({feed.key for feed in self.feeds}) != len(self.feeds):
            raise ValueError("two feeds have the same key")
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


class AcceptedSnapshot(Model):
    """A snapshot that somebody accepts although it lost more against the one before than the gates allow."""

    snapshot: NameText
    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)
    date: dt.date


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


class SeriesColumn(Model):
    """A column of a published series: runs a day on a kind of day, in hours of the day."""

    column: str
    day_type: DayType
    band: BandName


class SeriesDoubt(Model):
    """Years of a published series that are not to be trusted."""

    years: list[int] = Field(min_length=1)
    reason: str
    region: str | None = Field(None, description="only in this region; absent: everywhere")
    day_types: list[DayType] = Field(default_factory=list, description="only on these kinds of day; none: on all")
    is_missing: bool = Field(default=False, description="leave the values out, instead of showing them as doubtful")


class SeriesRegion(Model):
    """A part of the area that is shown apart."""

    name: str = Field(pattern=NAME)
    label: str
    authority_prefix: str = Field(description="the codes of its authorities begin so")
    neighbourhoods: list[str] = Field(
        default_factory=list, description="codes of others that belong to it, such as those without authority"
    )


class SeriesYears(Model):
    """Years that stand for the beginning or the end of a change: their mean, or the highest of them."""

    name: str = Field(pattern=NAME)
    label: str
    years: list[int] = Field(min_length=1)
    take: Literal["mean", "highest"] = "mean"


class Series(TableSource):
    """A published series of runs a day by small area and year, used in place of timetables."""

    title: str
    code: str = Field(description="column of the small area's code")
    year: str = Field(description="column of the year")
    columns: list[SeriesColumn] = Field(min_length=1, description="the first is what the report leads with")
    regions: list[SeriesRegion] = Field(default_factory=list)
    rest_label: str = Field("elsewhere", description="how the report names what is in none of the regions")
    doubtful: list[SeriesDoubt] = Field(default_factory=list)
    baselines: list[SeriesYears] = Field(min_length=2, description="every change is a range over these")
    ends: list[SeriesYears] = Field(min_length=1, description="and over these")
    max_step_pct: float = Field(
        50,
        gt=0,
        lt=100,
        description="a whole authority that loses a larger share of its runs from one year to the next and never gets "
        "them back (or gains as much) is taken for a break of data, until shown otherwise, %",
    )

    @model_validator(mode="after")
    def _checked(self) -> Series:
        kinds = [(c.day_type, c.band) for c in self.columns]
        if len(set(kinds)) != len(kinds):
            raise ValueError("two columns of the series have the same day_type and band")
        known = {region.name for region in self.regions}
        unknown = sorted({d.region for d in self.doubtful if d.region} - known)
        if unknown:
            raise ValueError(f"doubtful names the unknown region '{unknown[0]}'")
        used = {year for span in (*self.baselines, *self.ends) for year in span.years}
        for doubt in self.doubtful:
            if doubt.is_missing and used & set(doubt.years):
                raise ValueError(f"a baseline or end uses a missing year: {min(used & set(doubt.years))}")
        if max(y for b in self.baselines for y in b.years) >= min(y for e in self.ends for y in e.years):
            raise ValueError("the baselines must lie before the ends")
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
    streets: Streets | None = Field(None, description="needed unless the area has a series")
    small_areas: SmallAreas
    neighbourhoods: Neighbourhoods = Field(default_factory=Neighbourhoods)
    destinations: list[Destinations] = Field(default_factory=list, description="needed unless the area has a series")
    absent: dict[str, str] = Field(
        default_factory=dict, description="categories for which no data exists here, and the reason to be reported"
    )
    snapshots: list[Snapshot] = Field(default_factory=list, description="needed unless the area has a series")
    series: Series | None = Field(None, description="a published series in place of streets and timetables")
    refresh: Refresh | None = Field(None, description="timetables that make new snapshots by themselves")
    not_comparable: list[NotComparable] = Field(default_factory=list)
    attribution: list[Attribution] = Field(
        default_factory=list, description="pairs of snapshots of which the loss is attributed to services"
    )
    accepted: list[AcceptedSnapshot] = Field(
        default_factory=list, description="snapshots that are used although they lost more than the gates allow"
    )
    holidays: list[dt.date] = Field(default_factory=list, description="public holidays inside the periods measured")
    calendar: Calendar = Field(default_factory=Calendar)
    caveats: list[str] = Field(default_factory=list, description="sentences for the report")
    settings: dict[str, Any] = Field(default_factory=dict, description="overrides of config/default.yaml")

    @model_validator(mode="after")
    def _complete(self) -> Area:
        timetables = self.snapshots or self.refresh
        parts = {"streets": self.streets, "destinations": self.destinations, "snapshots": timetables}
        if self.series is None and not all(parts.values()):
            lacking = next(name for name, part in parts.items() if not part)
            raise ValueError(f"'{lacking}' is missing; only an area with a 'series' needs none")
        if self.series is not None and (self.streets is not None or self.snapshots or self.refresh):
            raise ValueError("an area has either a 'series', or streets and snapshots")
        return self

    @model_validator(mode="after")
    def _checked(self) -> Area:
        ids = [snapshot.id for snapshot in self.snapshots]
        if len(set(ids)) != len(ids):
            raise ValueError("two snapshots have the same id")
        dates = [snapshot.date for snapshot in self.snapshots]
        if dates != sorted(dates):
            raise ValueError("snapshots must stand in order of their dates")
        unknown = [item.snapshot for item in self.accepted if item.snapshot not in ids]
        if unknown:
            raise ValueError(f"accepted names an unknown snapshot: {unknown[0]}")
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

    def get_streets(self) -> Streets:
        """Return where the streets come from; raises LookupError for an area with a series, which has none."""
        if self.streets is None:
            raise LookupError(f"the area {self.name} has no streets")
        return self.streets

    @property
    def categories(self) -> list[str]:
        """Categories of destinations in the order of the file."""
        return list(dict.fromkeys(d.category for d in self.destinations))
