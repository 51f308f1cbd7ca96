"""Travel times between two tables of points."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date  # noqa: N812 (the parameter is called date)
from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd

from pipeline.base.clock import parse_time_s
from pipeline.base.errors import UsageError
from pipeline.base.notices import Notices
from pipeline.library.inputs import collect, get_day
from pipeline.library.points import build_points
from pipeline.stages.matrix import pack_network, solve_matrix
from pipeline.stages.matrix_question import MatrixQuestion
from pipeline.streets.model import Streets
from pipeline.timetables.model import Timetable
from pipeline.transit.packed import MODES


def compute_travel_times(
    streets: Streets,
    timetable: Timetable,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    date: str | Date,
    departures: str | tuple[str, str],
    nearest: bool = False,
    percentiles: Sequence[float] = (25, 50, 75),
    direction: Literal["to", "from"] = "to",
    arrive_by: bool = False,
    modes: Sequence[str] | None = None,
    max_changes: int | None = None,
    wheelchair: bool = False,
    walk_kmh: float = 4.8,
    max_walk_m: float = 2000.0,
    max_transfer_m: float = 600.0,
    interchange_s: int = 120,
    max_time_min: int = 120,
    max_link_m: float = 500.0,
    id_column: str = "id",
    notices: Notices | None = None,
) -> pd.DataFrame:
    """Compute travel times by public transport and on foot; the same as ``connectivity matrix``.

    Parameters
    ----------
    streets, timetable
        From :func:`pipeline.library.build_streets` and :func:`pipeline.library.read_timetable`.
    origins, destinations
        Points in any coordinate system that the table names, with their identifiers in `id_column`.
    date
        Service day, as ``2024-10-08``.
    departures
        ``"07:00"``: one departure then; ``("07:00", "10:00")``: at every minute, the first included and the last not.
    nearest
        Whether to look for the destination that is nearest at each minute, instead of every pair.
    percentiles
        Percentiles over the departures, beside the median; a departure without a journey counts as infinite.
    direction
        ``to`` the destinations, or ``from`` them home.
    arrive_by
        Whether the times of day are deadlines for arriving, instead of departures.
    modes
        Modes that may be used; all if absent, walking only if empty.
    max_changes
        Most changes between vehicles; unlimited if absent.
    wheelchair
        Whether to use only stops and trips that are said to be accessible.
    walk_kmh
        Walking speed, km/h.
    max_walk_m, max_transfer_m
        Longest walk to or from a stop, and between stops, metres.
    interchange_s
        Least time between two vehicles, seconds.
    max_time_min
        Longest journey that counts, door to door, minutes.
    max_link_m
        Farthest that a point may lie from a street, metres.
    id_column
        Column of both tables with the identifiers.
    notices
        Takes what is doubtful; if absent, it goes to the log of this package.

    Returns
    -------
    pandas.DataFrame
        ``from_id``, ``to_id``, ``travel_time_s`` (seconds; the median over several departures), with several departures
        ``travel_time_p25_s`` and so on, and with `nearest` also ``travel_time_mean_s``, ``reachable_pct``,
        ``longest_gap_s`` and ``nearest_share_pct``; ``reason`` (``no_street``, ``no_route``, ``over_limit``) where the
        time is null. One row a pair, or an origin if `nearest`.

    Raises
    ------
    InputError
        For tables that cannot be used, no service on the day, or points far from the streets.
    UsageError
        For an option that cannot be understood.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from pipeline.library import build_streets, read_timetable
    >>> streets = build_streets("data/sample/saltmarsh.osm.pbf")
    >>> timetable = read_timetable("data/sample/timetables/2024/bus_council.zip", date="2024-10-08")
    >>> homes = gpd.GeoDataFrame(
    ...     {"id": ["A", "B"]}, geometry=gpd.points_from_xy([591320, 590980], [370530, 370920]), crs="EPSG:27700"
    ... )
    >>> hospitals = gpd.GeoDataFrame(
    ...     {"id": ["H"]}, geometry=gpd.points_from_xy([0.862049], [53.212361]), crs="EPSG:4326"
    ... )
    >>> times = compute_travel_times(streets, timetable, homes, hospitals, date="2024-10-08", departures="08:00")
    >>> times[["from_id", "to_id", "travel_time_s"]].to_numpy().tolist()
    [['A', 'H', 968], ['B', 'H', 968]]
    """
    time_s, window_min = _read_departures(departures)
    with collect(notices) as collector:
        question = MatrixQuestion(
            gtfs=[],
            osm=Path("streets"),
            origins=Path("origins"),
            destinations=Path("origins" if destinations is origins else "destinations"),
            day=get_day(date),
            time_s=time_s,
            window_min=window_min,
            percentiles=_check_percentiles(percentiles),
            is_nearest=nearest,
            is_return=_check_choice(direction, "direction", ("to", "from")) == "from",
            is_arrive_by=arrive_by,
            is_wheelchair=wheelchair,
            walk_kmh=_check_positive(walk_kmh, "walk_kmh"),
            max_walk_m=_check_positive(max_walk_m, "max_walk_m"),
            max_transfer_m=_check_positive(max_transfer_m, "max_transfer_m"),
            interchange_s=_check_count(interchange_s, "interchange_s", least=0),
            max_changes=None if max_changes is None else _check_count(max_changes, "max_changes", least=0),
            max_time_min=_check_count(max_time_min, "max_time_min", least=1),
            max_link_m=_check_positive(max_link_m, "max_link_m"),
            modes=None if modes is None else tuple(_check_choice(mode, "modes", MODES) for mode in modes),
            notices=collector,
        )
        starts = build_points(origins, "origins", id_column=id_column, notices=collector)
        ends = starts
        if destinations is not origins:
            ends = build_points(destinations, "destinations", id_column=id_column, notices=collector)
        network, linked = pack_network(question, streets, timetable, starts, ends)
        return solve_matrix(question, network, linked, starts, ends).to_pandas()


def _read_departures(departures: str | tuple[str, str]) -> tuple[int, int | None]:
    """Read one time of day, or the first and the end of a window: seconds, and the minutes of the window."""
    first, end = (departures, None) if isinstance(departures, str) else departures
    try:
        time_s = parse_time_s(first)
        end_s = None if end is None else parse_time_s(end)
    except ValueError as error:
        raise UsageError(f"{error}.", field="departures", cure="Write '07:00', or ('07:00', '10:00').") from None
    if end_s is None:
        return time_s, None
    if end_s <= time_s or (end_s - time_s) % 60:
        raise UsageError(
            f"The departures end at {end} and begin at {first}.",
            field="departures",
            cure="Give an end that is later, by whole minutes; add 24 hours after midnight, as in 25:30.",
        )
    return time_s, (end_s - time_s) // 60


def _check_percentiles(percentiles: Sequence[float]) -> tuple[float, ...]:
    for value in percentiles:
        if not 0 <= value <= 100:
            raise UsageError(f"{value} is no percentile.", field="percentiles", cure="Give numbers from 0 to 100.")
    return tuple(percentiles)


def _check_choice(value: str, field: str, known: Sequence[str]) -> str:
    if value not in known:
        raise UsageError(f"'{value}' is unknown.", field=field, cure=f"Use one of: {', '.join(known)}.")
    return value


def _check_positive(value: float, field: str) -> float:
    if not 0 < value < float("inf"):
        raise UsageError(f"{value} is not above 0.", field=field, cure="Give a number above 0.")
    return value


def _check_count(value: int, field: str, *, least: int) -> int:
    if value < least or value != int(value):
        raise UsageError(f"{value} is not a whole number from {least} on.", field=field, cure="Give such a number.")
    return int(value)
