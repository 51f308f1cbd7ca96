"""A typical journey of a neighbourhood: in words, and drawn on the map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.report.drawing import Anchor, Drawing
from pipeline.report.profile_figure import Figure
from pipeline.report.profile_maps import Frame, add_land, add_scale, choose_frame
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    format_minutes,
    format_minutes_long,
    format_time,
    round_half_up,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.report.context import CategoryInfo, SnapshotInfo
    from pipeline.report.data import Place, ReportData

WIDTH = 736.0
ROUTE_CHARACTERS = 24
Row = dict[str, object]


@dataclass(frozen=True)
class Leg:
    """A leg in words, its kind and its line (longitude, latitude)."""

    kind: str
    words: str
    start_s: float
    end_s: float
    route: str
    line: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class TypicalJourney:
    """A typical journey to a category at a snapshot."""

    category: CategoryInfo
    snapshot: SnapshotInfo
    small_area: str
    legs: tuple[Leg, ...]

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.legs[-1].end_s - self.legs[0].start_s

    @property
    def words(self) -> tuple[str, ...]:
        """The legs in words."""
        return tuple(leg.words for leg in self.legs)

    @property
    def headline(self) -> str:
        """What it is, in a line."""
        leave, arrive = format_time(self.legs[0].start_s), format_time(60 * round_half_up(self.legs[-1].end_s / 60))
        rides = sum(leg.kind == "ride" for leg in self.legs)
        how = "on foot" if rides == 0 else "with one ride" if rides == 1 else f"with {rides} rides"
        return (
            f"{capitalise(self.category.phrase)} at a typical minute: {format_minutes_long(self.seconds)} {how}, "
            f"leaving at {leave}, there at {arrive}"
        )


def read_journeys(
    rows: Sequence[Row], categories: Sequence[CategoryInfo], snapshots: Sequence[SnapshotInfo]
) -> dict[tuple[str, str], TypicalJourney]:
    """Return typical journeys by category and snapshot.

    Parameters
    ----------
    rows
        Of ``out_neighbourhood__journey_leg``, of one neighbourhood.
    categories, snapshots
        Those of the report.

    Returns
    -------
    dict
        Only where there is a journey.

    Raises
    ------
    ValueError
        If a line is not JSON.
    """
    parts: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        parts.setdefault((as_text(row["category"]), as_text(row["snapshot"])), []).append(row)
    found = {}
    for category in categories:
        for snapshot in snapshots:
            legs = sorted(parts.get((category.key, snapshot.key), []), key=lambda row: as_float(row["leg"]) or 0.0)
            if legs:
                small_area = as_text(legs[0]["small_area_code"])
                told = tuple(_tell(row) for row in legs)
                found[category.key, snapshot.key] = TypicalJourney(category, snapshot, small_area, told)
    return found


def _tell(row: Row) -> Leg:
    kind, start, end = as_text(row["kind"]), as_float(row["start_s"]) or 0.0, as_float(row["end_s"]) or 0.0
    took = format_minutes(end - start)
    here, there = as_text(row["from_name"]), as_text(row["to_name"])
    route = as_text(row["route"])
    if kind == "ride":
        mode, operator, sign = (as_text(row[name]) for name in ("mode", "operator_name", "headsign"))
        what = f"{capitalise(mode or 'vehicle')} {route}".strip()
        what += f" ({operator})" if operator else ""
        what += f" towards {sign}" if sign and sign != there else ""
        words = f"{what} from {here or 'the stop'} to {there}, {format_time(start)} to {format_time(end)} ({took})"
    elif kind == "wait":
        words = f"Wait at {there} ({took})"
    elif kind == "change" and here == there:
        words = f"Change at {there} ({took})"
    elif kind == "change":
        words = f"Change from {here} to {there}, on foot ({took})"
    else:
        words = f"Walk from {here or 'home'} to {there} ({took})"
    line = tuple((float(lon), float(lat)) for lon, lat in json.loads(as_text(row["line_lonlat"]) or "[]"))
    return Leg(kind, words, start, end, route, line)


def build_journey_figure(report: ReportData, place: Place, journey: TypicalJourney) -> Figure | None:
    """Draw a journey on the map; None where no leg has a position, or one walks all the way.

    Parameters
    ----------
    report
        The tables, for the outlines of the neighbourhoods.
    place
        Where it begins.
    journey
        The journey.

    Returns
    -------
    Figure
        Numbers on the map are those of the legs in words.
    """
    points = [point for leg in journey.legs for point in leg.line]
    if not points or not any(leg.kind == "ride" for leg in journey.legs):
        return None
    frame = choose_frame(points, WIDTH, most=440.0)
    drawing = Drawing(frame.width, frame.height)
    add_land(drawing, report, frame, place.index)
    for leg in journey.legs:
        if len(leg.line) > 1:
            _draw_line(drawing, frame, leg)
    _draw_marks(drawing, frame, journey)
    add_scale(drawing, frame)
    words = " ".join(f"{number}. {leg.words}." for number, leg in enumerate(journey.legs, start=1))
    return Figure(
        key=f"journey-{journey.category.key}",
        headline=journey.headline,
        title=(
            f"A journey as long as the median of the minutes with a journey, from small area {journey.small_area} in "
            f"{place.name}; walks and rides drawn straight between their stops"
        ),
        panels=(drawing,),
        labels=(words,),
        data=_build_data(journey),
        legend=(("d-ride", "ride, with its number"), ("d-walk", "on foot"), ("d-home", f"{place.name}")),
    )


def _draw_line(drawing: Drawing, frame: Frame, leg: Leg) -> None:
    line = [frame.place(*point) for point in leg.line]
    if leg.kind == "ride":
        drawing.add_line("d-ride-edge", *line)
        drawing.add_line("d-ride", *line)
    else:
        drawing.add_line("d-walk", *line)


def _draw_marks(drawing: Drawing, frame: Frame, journey: TypicalJourney) -> None:
    taken: list[tuple[float, float]] = []
    for leg in journey.legs:
        if leg.kind != "ride" or len(leg.line) < 2:
            continue
        for end in (leg.line[0], leg.line[-1]):
            drawing.add_circle("d-stop", *frame.place(*end), 4)
    for number, leg in enumerate(journey.legs, start=1):
        if leg.kind != "ride" or len(leg.line) < 2:
            continue
        x, y = _find_middle([frame.place(*point) for point in leg.line])
        while any(abs(x - a) < 60 and abs(y - b) < 14 for a, b in taken):
            y += 14
        taken.append((x, y))
        anchor: Anchor = "end" if x > frame.width - 110 else "start" if x < 110 else "middle"
        route = leg.route if len(leg.route) <= ROUTE_CHARACTERS else f"{leg.route[: ROUTE_CHARACTERS - 1]}…"
        drawing.add_text("t-map", x, y - 7, f"{number}: {route}".strip(": "), anchor)
    drawing.add_circle("d-place", *frame.place(*journey.legs[0].line[0]), 5) if journey.legs[0].line else None
    last = next((leg for leg in reversed(journey.legs) if leg.line), None)
    if last is not None:
        x, y = frame.place(*last.line[-1])
        drawing.add_circle("d-end", x, y, 5.5)


def _find_middle(line: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the point half way along a line."""
    lengths = [((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5 for a, b in pairwise(line)]
    left = sum(lengths) / 2
    for (a, b), length in zip(pairwise(line), lengths, strict=True):
        if left <= length and length > 0:
            share = left / length
            return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
        left -= length
    return line[0]


def _build_data(journey: TypicalJourney) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "leg": number,
                "kind": leg.kind,
                "start": format_time(leg.start_s),
                "end": format_time(leg.end_s),
                "minutes": round((leg.end_s - leg.start_s) / 60.0, 2),
                "route": leg.route,
                "words": leg.words,
            }
            for number, leg in enumerate(journey.legs, start=1)
        ]
    )
