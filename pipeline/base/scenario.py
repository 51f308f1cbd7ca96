"""Models of a scenario file, ``config/scenarios/<name>.yaml``: what would be otherwise in one snapshot."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, model_validator

from pipeline.base.area import NAME, NameText
from pipeline.base.config import DayType, Mode, Model, TimeText
from pipeline.base.load import check_model
from pipeline.base.yaml_files import read_yaml


class ScenarioError(Exception):
    """An operation that cannot be done; the message says why, and what there is instead."""


ALL_DAYS: tuple[DayType, ...] = ("weekday", "saturday", "sunday")


class ServiceName(Model):
    """A service by what people call it; numbers and names are compared as between snapshots."""

    route: NameText = Field(description="public number, or the name of a route without one")
    operator: str | None = Field(None, description="needed where several operators have the number")
    mode: Mode | None = None


class NewService(Model):
    """A service that does not exist yet."""

    route: NameText
    operator: str
    mode: Mode = "bus"


class Headway(Model):
    """Departures at equal intervals."""

    first: TimeText
    last: TimeText
    every_min: int = Field(gt=0, le=1440)


class Remove(Model):
    """A service is withdrawn."""

    do: Literal["remove"]
    service: ServiceName


class Add(Model):
    """A service is added, with times for every trip or run times and departures at equal intervals."""

    do: Literal["add"]
    service: NewService
    stops: list[str] = Field(min_length=2, description="stop identifiers, with or without their feed")
    times: list[list[TimeText]] | None = Field(None, description="one list a trip, a time for each stop")
    run_min: list[float] | None = Field(None, description="minutes after departure at each stop, the first 0")
    departures: Headway | None = None
    days: list[DayType] = Field(default_factory=lambda: list(ALL_DAYS), min_length=1)
    both_ways: bool = Field(default=False, description="also from the last stop to the first, at the same departures")

    @model_validator(mode="after")
    def _complete(self) -> Add:
        if (self.times is None) == (self.run_min is None or self.departures is None):
            raise ValueError("give either 'times', or 'run_min' and 'departures'")
        rows = self.times if self.times is not None else [self.run_min or []]
        if any(len(row) != len(self.stops) for row in rows):
            raise ValueError(f"there must be a time for each of the {len(self.stops)} stops")
        run = self.run_min or [0.0]
        if run[0] != 0 or any(b < a for a, b in itertools.pairwise(run)):
            raise ValueError("'run_min' must begin with 0 and never fall")
        return self


class Retime(Model):
    """A service runs earlier or later."""

    do: Literal["retime"]
    service: ServiceName
    shift_min: int = Field(ge=-720, le=720, description="minutes later; negative: earlier")


class Frequency(Model):
    """A service runs at equal intervals, each of its directions as its middle trip does now."""

    do: Literal["frequency"]
    service: ServiceName
    every_min: int = Field(gt=0, le=1440)
    days: list[DayType] = Field(default_factory=lambda: list(ALL_DAYS), min_length=1)
    first: TimeText | None = Field(None, description="first departure; that of each direction if absent")
    last: TimeText | None = Field(None, description="no departure after this; the last of each direction if absent")


class Days(Model):
    """A service runs its timetable of one kind of day on these kinds of days, and on no other."""

    do: Literal["days"]
    service: ServiceName
    days: list[DayType] = Field(min_length=1)
    like: DayType = "weekday"


class Restore(Model):
    """A service runs as it did in a snapshot, in place of what has its number and operator now."""

    do: Literal["restore"]
    service: ServiceName
    as_in: NameText = Field(description="id of a snapshot")


class Serve(Model):
    """A service that calls at a new stop."""

    service: ServiceName
    after: str = Field(description="the stop after which it calls there")
    extra_s: int = Field(0, ge=0, le=1800, description="seconds by which the rest of the trip becomes later")


class AddStop(Model):
    """A stop is added, between two stops of services."""

    do: Literal["add_stop"]
    id: NameText
    name: str
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    served_by: list[Serve] = Field(default_factory=list)


class CloseDestination(Model):
    """A destination closes."""

    do: Literal["close_destination"]
    category: NameText
    id: NameText


class OpenDestination(Model):
    """A destination opens."""

    do: Literal["open_destination"]
    category: NameText
    id: NameText
    name: str
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    weight: float = Field(1.0, ge=0)


class MoveDestination(Model):
    """A destination moves."""

    do: Literal["move_destination"]
    category: NameText
    id: NameText
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


TimetableOperation = Remove | Add | Retime | Frequency | Days | Restore | AddStop
PlaceOperation = CloseDestination | OpenDestination | MoveDestination
Operation = Annotated[TimetableOperation | PlaceOperation, Field(discriminator="do")]


class Scenario(Model):
    """What would be otherwise; operations apply one after the other."""

    name: NameText = Field(pattern=NAME, description="folder of the results")
    title: str
    snapshot: NameText | None = Field(None, description="id of the snapshot it changes; the last if absent")
    operations: list[Operation] = Field(default_factory=list)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Scenario
        Checked.

    Raises
    ------
    ConfigError
        Naming file, row, field and cure of the first problem.
    """
    return check_model(Scenario, read_yaml(path), path)


def build_scenario_schema() -> str:
    """Give the JSON schema of scenario files.

    Returns
    -------
    str
        ``config/scenario-schema.json``.
    """
    return json.dumps(Scenario.model_json_schema(), indent=1, sort_keys=True) + "\n"


def find_operation_row(path: Path, number: int) -> int | None:
    """Find the line on which an operation of a scenario file begins.

    Parameters
    ----------
    path
        The file.
    number
        Position of the operation, from 0 on.

    Returns
    -------
    int or None
        Line, from 1 on.
    """
    with path.open(encoding="utf-8") as handle:
        root = yaml.compose(handle, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, value in root.value:
        if key.value == "operations" and isinstance(value, yaml.SequenceNode) and number < len(value.value):
            return int(value.value[number].start_mark.line) + 1
    return None
