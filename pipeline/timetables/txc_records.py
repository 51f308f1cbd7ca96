"""What one TransXChange document holds, in plain records that pass between processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.txc_days import Profile
from pipeline.timetables.txc_patterns import Calls

Ordinals = NDArray[np.int32]


class StopPlace(NamedTuple):
    """A stop as the document describes it; None where it does not."""

    name: str
    lon: float | None = None
    lat: float | None = None
    easting: float | None = None
    northing: float | None = None
    line: int | None = None


class JourneyPattern(NamedTuple):
    """A journey pattern of a service; empty or None where it says nothing."""

    sections: tuple[str, ...]
    direction: str
    display: str
    operator: str
    profile: Profile | None
    wheelchair: int


@dataclass
class Service:
    """A service: its lines, period, days and patterns.

    Attributes
    ----------
    code, operator, mode, description, origin, destination
        As filed; ``operator`` is the reference to the registered operator.
    lines
        Identifier to public name, in document order.
    first, last
        Operating period; ``last`` is None where it has no end, ``first`` where it is not usable.
    revision
        Of the document, or of the service where the document has none.
    has_standard, is_flexible, is_public
        What kinds of journeys it has, and whether the public may use it.
    """

    code: str
    operator: str = ""
    mode: str = ""
    description: str = ""
    origin: str = ""
    destination: str = ""
    lines: dict[str, str] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    profile: Profile | None = None
    wheelchair: int = 0
    patterns: dict[str, JourneyPattern] = field(default_factory=dict)
    revision: int = 0
    has_standard: bool = False
    is_flexible: bool = False
    is_public: bool = True
    line: int | None = None


class RouteKey(NamedTuple):
    """A route as published: one line of one service under one operator."""

    operator: str
    service: str
    line: str


class Span(NamedTuple):
    """A service of the document and a line of it, as revisions of one another are told by."""

    operator: str
    service: str
    line: str
    revision: int
    first: date
    last: date


@dataclass
class Journeys:
    """The journeys of a document, one entry of each list for each."""

    code: list[str] = field(default_factory=list)
    route: list[RouteKey] = field(default_factory=list)
    span: list[int] = field(default_factory=list)
    pattern: list[int] = field(default_factory=list)
    calendar: list[int] = field(default_factory=list)
    departure_s: list[int] = field(default_factory=list)
    headsign: list[str] = field(default_factory=list)
    direction: list[int | None] = field(default_factory=list)
    wheelchair: list[int] = field(default_factory=list)


@dataclass
class PackedCalls:
    """The calls of all patterns of a document, one after the other.

    Attributes
    ----------
    length
        Calls of each pattern, i64.
    stop
        Position in ``DocumentTables.stops``, i32.
    arrival_s, departure_s
        Seconds after the departure of the journey, i32.
    can_board, can_alight
        Whether passengers may get on and off.
    """

    length: NDArray[np.int64]
    stop: NDArray[np.int32]
    arrival_s: NDArray[np.int32]
    departure_s: NDArray[np.int32]
    can_board: NDArray[np.bool_]
    can_alight: NDArray[np.bool_]


def pack_calls(patterns: Sequence[Calls], stops: Sequence[str]) -> PackedCalls:
    """Pack the calls of patterns into arrays.

    Parameters
    ----------
    patterns
        In their order.
    stops
        Every stop that they name, each once.

    Returns
    -------
    PackedCalls
        As compact as it can be passed between processes.
    """
    order = {stop: at for at, stop in enumerate(stops)}
    n_calls = sum(len(calls.stops) for calls in patterns)

    def flatten(name: str, dtype: type[np.generic]) -> NDArray[np.generic]:
        return np.fromiter((value for calls in patterns for value in getattr(calls, name)), dtype, n_calls)

    return PackedCalls(
        np.array([len(calls.stops) for calls in patterns], dtype=np.int64),
        np.fromiter((order[stop] for calls in patterns for stop in calls.stops), np.int32, n_calls),
        flatten("arrival_s", np.int32),  # type: ignore[arg-type]
        flatten("departure_s", np.int32),  # type: ignore[arg-type]
        flatten("can_board", np.bool_),  # type: ignore[arg-type]
        flatten("can_alight", np.bool_),  # type: ignore[arg-type]
    )


@dataclass
class DocumentTables:
    """All that is kept of a document.

    Attributes
    ----------
    label
        Name for messages.
    operators
        Identifier to name.
    routes
        To long name and route type.
    stops
        Code as filed to what the document says of it; every stop that a pattern names.
    calls, calendars
        Calls of each pattern, and dates as proleptic ordinals in ascending order; journeys refer to patterns and
        calendars by position.
    spans
        Services and lines with their periods.
    journeys
        The journeys.
    notices
        What was doubtful.
    failure
        Why the document could not be read, or None.
    """

    label: str
    operators: dict[str, str] = field(default_factory=dict)
    routes: dict[RouteKey, tuple[str, int]] = field(default_factory=dict)
    stops: dict[str, StopPlace] = field(default_factory=dict)
    calls: PackedCalls = field(default_factory=lambda: pack_calls((), ()))
    calendars: list[Ordinals] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    journeys: Journeys = field(default_factory=Journeys)
    notices: Notices = field(default_factory=Notices)
    failure: tuple[str, str | None, int | None, str | None, str | None] | None = None

    def raise_failure(self) -> None:
        """Raise why the document could not be read, if it could not.

        Raises
        ------
        InputError
            As it was in the process that read the document.
        """
        if self.failure is not None:
            what, file, row, name, cure = self.failure
            raise InputError(what, file=file, row=row, field=name, cure=cure)


def describe_failure(error: InputError) -> tuple[str, str | None, int | None, str | None, str | None]:
    """Return an error as plain values, as exceptions with keywords do not pass between processes.

    Parameters
    ----------
    error
        The error.

    Returns
    -------
    tuple
        What, file, row, field and cure.
    """
    return error.what, error.file, error.row, error.field, error.cure


def merge_first(target: dict[str, str], items: Iterable[tuple[str, str]]) -> None:
    """Add what is not there yet, or is there without a value.

    Parameters
    ----------
    target
        Changed in place.
    items
        Keys and values.
    """
    for key, value in items:
        if not target.get(key):
            target[key] = value
