"""Settings that hold for every area: the one source of ``config/default.yaml`` and ``config/schema.json``."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.base.clock import parse_time_s
from pipeline.base.run_gates import RunGates

DayType = Literal["weekday", "saturday", "sunday"]
Mode = Literal["bus", "coach", "rail", "tram", "metro", "ferry", "other"]
ADDRESS = r"^[a-z]+://[^/\s]+:\d+$"
"""How the address of a scheduler is written."""
ModeOrWalk = Literal["bus", "coach", "rail", "tram", "metro", "ferry", "other", "walk"]
DecayName = Literal["step", "linear", "exponential", "logistic", "gaussian"]
TimeText = Annotated[str, Field(pattern=r"^\d{1,2}:[0-5]\d$")]


class Model(BaseModel):
    """Base of all settings: unknown keys are errors, values are checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Walking(Model):
    """How far and how fast people walk."""

    speed_kmh: float = Field(4.8, gt=0, le=15, description="walking speed, km/h")
    max_access_m: float = Field(2000, gt=0, le=20_000, description="longest walk to or from a stop, metres of street")
    max_transfer_m: float = Field(600, ge=0, le=5_000, description="longest walk between stops, metres of street")
    max_link_m: float = Field(500, gt=0, le=5_000, description="farthest that a point may lie from a street, metres")
    min_component_nodes: int = Field(
        100, ge=1, description="a street component without stops counts from this many OSM nodes on"
    )


class Transit(Model):
    """How people change between vehicles."""

    interchange_s: int = Field(120, ge=0, le=3600, description="time to change vehicles, seconds, beside any walk")
    max_changes: int | None = Field(None, ge=0, le=10, description="most changes of vehicle; null for no limit")
    max_time_min: int = Field(120, gt=0, le=600, description="longest journey that counts, minutes door to door")
    wheelchair: bool = Field(
        default=False, description="use only trips and stops that the feeds flag as accessible for wheelchairs"
    )


class Span(Model):
    """Departure minutes: the first included, the last excluded."""

    start: TimeText
    end: TimeText

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if parse_time_s(self.end) <= parse_time_s(self.start):
            raise ValueError(f"the window {self.start}-{self.end} ends before it begins")
        return self

    @property
    def start_s(self) -> int:
        """First departure, seconds of the service day."""
        return parse_time_s(self.start)

    @property
    def end_s(self) -> int:
        """End of the window (excluded), seconds of the service day."""
        return parse_time_s(self.end)


class Window(Model):
    """A departure window of one kind of day."""

    label: str
    day_type: DayType
    outward: Span | None = Field(None, description="departures from home")
    back: Span | None = Field(None, description="departures from the destination")
    arrive_by: Span | None = Field(None, description="deadlines at the destination, such as appointments")

    @property
    def spans(self) -> list[tuple[str, Span]]:
        """Directions that are asked for, with their minutes."""
        named = (("outward", self.outward), ("return", self.back), ("arrive_by", self.arrive_by))
        return [(name, span) for name, span in named if span is not None]


class Visit(Model):
    """A stay somewhere, there and back on the same day."""

    label: str
    category: str = Field(description="category of destinations")
    day_type: DayType = "weekday"
    stay_min: int = Field(gt=0, le=1440, description="length of the stay, minutes")
    hours: Span | None = Field(None, description="the stay may lie anywhere within these hours, such as visiting hours")
    begins: list[TimeText] = Field(
        default_factory=list, description="or it begins at one of these times, as a shift does"
    )
    leave_after: TimeText = Field("00:00", description="first minute at which one may leave home")
    home_by: TimeText = Field("24:00", description="latest arrival at home")
    max_destinations: int = Field(
        50, ge=1, description="a category with more on the streets is left out with a notice; each takes two searches"
    )
    optional: bool = Field(
        default=False, description="left out, instead of an error, where the area lacks the category or the kind of day"
    )

    @model_validator(mode="after")
    def _checked(self) -> Visit:
        if (self.hours is None) == (not self.begins):
            raise ValueError("a visit needs either 'hours' or 'begins'")
        if self.hours and self.hours.start_s + 60 * self.stay_min > self.hours.end_s:
            raise ValueError(f"a stay of {self.stay_min} minutes does not fit into the hours")
        for _, begins_s in self.list_begins():
            if begins_s[0] < parse_time_s(self.leave_after):
                raise ValueError("the stay begins before one may leave home")
            if begins_s[-1] + 60 * self.stay_min > parse_time_s(self.home_by):
                raise ValueError("the stay ends after one has to be home")
        return self

    def list_begins(self) -> list[tuple[str, list[int]]]:
        """List what is told apart, and the minutes at which the stay may begin, seconds of the service day."""
        if self.hours is None:
            return [(text, [parse_time_s(text)]) for text in sorted(set(self.begins), key=parse_time_s)]
        last_s = self.hours.end_s - 60 * self.stay_min
        return [(f"{self.hours.start}-{self.hours.end}", list(range(self.hours.start_s, last_s + 1, 60)))]


class CarSpeeds(Model):
    """Speeds by class of road, km/h: averages of the Department for Transport's journey time statistics."""

    motorway: float = Field(77.6, gt=0, le=200)
    a_road: float = Field(43.2, gt=0, le=200)
    b_road: float = Field(41.9, gt=0, le=200)
    minor: float = Field(36.3, gt=0, le=200)
    local: float = Field(18.3, gt=0, le=200)
    private: float = Field(15.3, gt=0, le=200)


class Car(Model):
    """Driving on the same streets, as a comparator."""

    speeds_kmh: CarSpeeds = Field(default_factory=CarSpeeds, description="speed by class of road, km/h")
    link_kmh: float = Field(15.3, gt=0, le=200, description="speed between a point and the road that it joins, km/h")


class ModesWithout(Model):
    """All modes but some."""

    without: list[Mode] = Field(min_length=1, description="modes that are not used")


ModeSet = list[ModeOrWalk] | ModesWithout | None


def list_modes(mode_set: ModeSet) -> tuple[str, ...] | None:
    """List the vehicles that a set of modes may use.

    Parameters
    ----------
    mode_set
        As configured; walking is always possible.

    Returns
    -------
    tuple of str or None
        Empty for walking only; None for all.
    """
    if mode_set is None:
        return None
    if isinstance(mode_set, ModesWithout):
        return tuple(mode for mode in get_args(Mode) if mode not in mode_set.without)
    return tuple(mode for mode in mode_set if mode != "walk")


class Opportunities(Model):
    """How destinations within reach are counted, beside plainly within a limit."""

    decay: DecayName = Field("step", description="how much a destination counts by its travel time, around the limits")
    parameter_min: float = Field(10, gt=0, description="width or standard deviation of the decay, minutes")
    diminishing: float = Field(0, ge=0, description="the k-th nearest counts k^-diminishing as much; 0: all alike")


class Service(Model):
    """How service levels are measured."""

    zone_radius_m: float = Field(500, gt=0, description="circle around the centroid, metres")
    zone_margin_m: float = Field(100, ge=0, description="widening of every zone, metres")


class Gates(Model):
    """Limits that stop a run."""

    min_linked_pct: float = Field(
        99.5,
        ge=0,
        le=100,
        description="least share of neighbourhoods joined to the streets, %; one is if half of its people are",
    )
    reason: str = Field("", description="why a lower share is accepted in this area; a notice repeats it")
    max_operators_lost_pct: float = Field(
        2,
        ge=0,
        le=100,
        description="a snapshot that lost a larger share of operators against the one before is held, %",
    )
    max_trips_lost_pct: float = Field(
        10, ge=0, le=100, description="the same for the share of runs in a week; accept it under 'accepted:', %"
    )
    run: RunGates = Field(default_factory=RunGates, description="how far a run may differ from the last accepted one")


class Report(Model):
    """How the report looks."""

    accent_colour: str = Field(
        "#17365d", pattern=r"^#[0-9a-fA-F]{6}$", description="colour of the page head and of rules; keep it dark"
    )
    palette: str = Field("viridis", description="matplotlib palette of the maps; keep to colour-blind-safe ones")


class Postgis(Model):
    """A PostgreSQL database with PostGIS that receives the tables."""

    model_config = ConfigDict(populate_by_name=True)

    dsn_env: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="environment variable with the connection string, which is never written down",
    )
    schema_name: str | None = Field(
        None,
        alias="schema",
        pattern=r"^[a-z_][a-z0-9_]{0,39}$",
        description="schema of the views with stable names; null: connectivity_<area>",
    )
    role: str | None = Field(
        "connectivity_reader",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="role that may read the views and nothing else, made if it is not there; null: none",
    )


class Publish(Model):
    """Where results go, how many versions stay there, and what counts as a move worth telling."""

    keep_versions: int | None = Field(
        None, ge=2, description="how many versions stay, the latest included, in the folder and the database; null: all"
    )
    min_move_points: float = Field(
        1.0,
        ge=0,
        description="the change report lists neighbourhoods whose absolute index moved by at least so many points",
    )
    postgis: Postgis | None = Field(None, description="a database beside the folder; null: none")


def _default_windows() -> dict[str, Window]:
    day = Span(start="09:00", end="12:00")
    home = Span(start="14:00", end="20:00")
    return {
        "weekday_am": Window(
            label="Weekday morning", day_type="weekday", outward=Span(start="07:00", end="10:00"), back=home
        ),
        "weekday_evening": Window(
            label="Weekday evening",
            day_type="weekday",
            outward=Span(start="18:00", end="21:00"),
            back=Span(start="20:00", end="23:00"),
        ),
        "saturday": Window(label="Saturday", day_type="saturday", outward=day, back=home),
        "sunday": Window(label="Sunday", day_type="sunday", outward=day, back=home),
    }


def _default_mode_sets() -> dict[str, ModeSet]:
    return {"all": None, "bus": ["bus"]}


def _default_visits() -> dict[str, Visit]:
    return {
        "hospital_visit": Visit(
            label="Hospital visit of 90 minutes",
            category="hospitals",
            stay_min=90,
            hours=Span(start="14:00", end="20:00"),
            optional=True,
        )
    }


class Cluster(Model):
    """A Dask cluster that does the work of travel times."""

    address: str | None = Field(
        None, pattern=ADDRESS, description="of its scheduler, such as tcp://host:8786; null: this machine alone"
    )


class Resources(Model):
    """What a run may use of this machine; no result depends on it."""

    is_checked: bool = Field(
        default=True,
        description="refuse a run whose forecast of memory or disk (see: connectivity plan) does not fit",
    )


class Variant(Model):
    """Other parameters under which travel times are computed again, to see how far scores depend on them."""

    walking: dict[str, float] = Field(default_factory=dict, description="settings of walking that differ")
    transit: dict[str, int | None] = Field(default_factory=dict, description="settings of transit that differ")
    windows: dict[str, dict[Literal["outward", "back"], Span]] = Field(
        default_factory=dict, description="windows whose departure minutes differ"
    )


class Measures(Model):
    """Further measures, each computed only where it is asked for."""

    ptal: bool = Field(default=False, description="public transport access level, as in London")
    transport_performance: bool = Field(
        default=False, description="people reached within 30 minutes against people within 7.5 km"
    )
    floating_catchment: list[str] = Field(
        default_factory=list, description="categories whose weight within reach is shared with all within reach of it"
    )
    catchment_min: int = Field(30, gt=0, le=600, description="longest journey within a floating catchment, minutes")

    @property
    def tables(self) -> list[str]:
        """Tables of the measures that are asked for."""
        asked = {name: getattr(self, name) for name in ("ptal", "transport_performance", "floating_catchment")}
        return [f"out_neighbourhood__{name}" for name, is_asked in asked.items() if is_asked]


class Settings(Model):
    """Everything that can be set for all areas; an area may override any part under ``settings:``."""

    walking: Walking = Field(default_factory=Walking)
    transit: Transit = Field(default_factory=Transit)
    windows: dict[str, Window] = Field(default_factory=_default_windows)
    mode_sets: dict[str, ModeSet] = Field(
        default_factory=_default_mode_sets,
        description="names and the modes each may use: a list, {without: [...]}, [walk]: only on foot, or null: all",
    )
    opportunity_limits_min: list[int] = Field(
        default_factory=lambda: [15, 30, 45, 60], description="limits of 'jobs within x minutes'"
    )
    opportunities: dict[str, Opportunities] = Field(
        default_factory=dict,
        description="further ways to count destinations within the limits, for categories with cumulative: true",
    )
    nearest_k: dict[str, Annotated[int, Field(ge=2, le=50)]] = Field(
        default_factory=dict, description="categories for which times to each of the k nearest are published, and k"
    )
    visits: dict[str, Visit] = Field(
        default_factory=_default_visits, description="stays for which one leaves home and is back the same day"
    )
    typical_journeys: int = Field(
        2000,
        ge=0,
        description="up to how many neighbourhoods a typical journey is published leg by leg; 0: for none",
    )
    car: bool | Car = Field(
        default=False, description="car times as a comparator: true, or {speeds_kmh: {...}, link_kmh: ...}"
    )
    service: Service = Field(default_factory=Service)
    gates: Gates = Field(default_factory=Gates)
    measures: Measures = Field(default_factory=Measures)
    scoring: str = Field("config/scoring/connectedness.yaml", description="file of indicators and weights")
    strict: bool = Field(default=False, description="turn every warning about data into an error")
    report: Report = Field(default_factory=Report)
    publish: Publish = Field(default_factory=Publish)
    workers: int | None = Field(
        None,
        ge=1,
        le=256,
        description="processes that compute travel times; null: chosen by processors and work. No result depends on it",
    )
    cluster: Cluster = Field(default_factory=Cluster)
    resources: Resources = Field(
        default_factory=Resources, description="what a run may use of this machine; no result depends on it"
    )
    sensitivity: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Variant] = Field(
        default_factory=dict, description="variants under which all travel times are computed again; each takes as long"
    )

    def vary(self, name: str) -> Settings:
        """Return the settings of a variant; raises ValueError if it names a setting or window that does not exist."""
        content, variant = self.model_dump(mode="json", exclude={"sensitivity"}), self.sensitivity[name]
        content["walking"] |= variant.walking
        content["transit"] |= variant.transit
        for window, spans in variant.windows.items():
            for side, span in spans.items():
                if content["windows"].get(window, {}).get(side) is None:
                    raise ValueError(f"sensitivity.{name}: there is no window {window} with '{side}'")
                content["windows"][window][side] = span.model_dump(mode="json")
        try:
            return Settings.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ValueError(f"sensitivity.{name}: {where}: {first['msg']}") from None

    @model_validator(mode="after")
    def _vary_all(self) -> Settings:
        for name in self.sensitivity:
            self.vary(name)
        return self

    def find_car(self) -> Car | None:
        """Return how cars drive; None where car times are not asked for."""
        if isinstance(self.car, Car):
            return self.car
        return Car() if self.car else None

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, content: object) -> object:
        """Let an area take a default window or visit away by setting it to null."""
        if not isinstance(content, dict):
            return content
        kept = {
            name: {k: v for k, v in content[name].items() if v is not None}
            for name in ("windows", "visits")
            if isinstance(content.get(name), dict)
        }
        return {**content, **kept}
