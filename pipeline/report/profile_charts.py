"""Charts of a profile: service over the years, the score beside those of the groups, what the score is made of."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.report.drawing import Anchor, Drawing
from pipeline.report.profile_figure import Figure
from pipeline.report.text import capitalise, format_number, format_rank, format_rate, join_words, uncapitalise

if TYPE_CHECKING:
    from collections.abc import Sequence

BAR_WIDTH, BAR_HEIGHT = 360.0, 168.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 8.0, 26.0, 24.0
WIDE = 736.0
LABEL_HEIGHT = 18.0
PART_CHARACTERS = 42
LABEL_CHARACTERS = 44
CHARACTER = 6.4


@dataclass(frozen=True)
class Bar:
    """Service of a neighbourhood at a snapshot, and the median of all; None where it is missing."""

    label: str
    value: float | None
    status: str
    median: float | None


@dataclass(frozen=True)
class BarPanel:
    """Bars of one kind of day."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class GroupBox:
    """Quartiles of the score in a group, and whether the neighbourhood belongs to it."""

    label: str
    p25: float | None
    median: float | None
    p75: float | None
    is_own: bool


@dataclass(frozen=True)
class Part:
    """What an indicator adds to a score: points out of the whole; None without data."""

    label: str
    value: str
    points: float | None
    weight_pct: float


def choose_top(values: Sequence[float]) -> float:
    """Return a round end of an axis that begins at zero and holds all values."""
    highest = max(values, default=0.0)
    if highest <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(highest))
    return next(unit * step for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15) if unit * step >= highest)


def build_service_figure(place: str, noun_plural: str, panels: Sequence[BarPanel], headline: str) -> Figure:
    """Return service by date of the timetables as bars; a gap is hatched, never a fall to zero.

    Parameters
    ----------
    place, noun_plural
        Words for the title and the legend.
    panels
        Kinds of day, at least one.
    headline
        What is seen.

    Returns
    -------
    Figure
        Each panel with a scale of its own.
    """
    rows = [
        {
            "day": panel.title,
            "timetables": bar.label,
            "runs_per_day": bar.value,
            "coverage": bar.status,
            "median_all": bar.median,
        }
        for panel in panels
        for bar in panel.bars
    ]
    return Figure(
        key="service",
        headline=headline,
        title=f"Vehicle runs a day that call in {place}, by date of the timetables",
        panels=tuple(_draw_bars(panel) for panel in panels),
        labels=tuple(f"{panel.title}: {_describe_bars(panel)}." for panel in panels),
        data=pd.DataFrame(rows).astype({"runs_per_day": "float64", "median_all": "float64"}),
        legend=(
            ("d-bar", "complete timetables"),
            ("d-bar-partial", "timetables with gaps: may be too low"),
            ("d-none", "missing data, not a cut"),
            ("d-tick", f"median of all {noun_plural}, where their timetables are complete"),
        ),
        note="Each panel has its own scale.",
    )


def _describe_bars(panel: BarPanel) -> str:
    words = []
    for bar in panel.bars:
        text = "missing data" if bar.value is None else format_rate(bar.value)
        text += " (incomplete timetables)" if bar.value is not None and bar.status == "partial" else ""
        text += "" if bar.median is None else f", median of all {format_rate(bar.median)}"
        words.append(f"{bar.label} {text}")
    return "; ".join(words)


def _draw_bars(panel: BarPanel) -> Drawing:
    drawing = Drawing(BAR_WIDTH, BAR_HEIGHT)
    values = [v for bar in panel.bars for v in (bar.value, bar.median) if v is not None]
    top = choose_top(values)
    across, up = BAR_WIDTH - LEFT - RIGHT, BAR_HEIGHT - TOP - BOTTOM

    def y(value: float) -> float:
        return BAR_HEIGHT - BOTTOM - up * value / top

    drawing.add_text("t-title", 0, 12, f"{panel.title}: runs a day")
    for tick in (0.0, top / 2, top) if values else ():
        drawing.add_line("d-grid", (LEFT, y(tick)), (BAR_WIDTH - RIGHT, y(tick)))
        drawing.add_text("t-tick", LEFT - 5, y(tick) + 4, format_number(tick, 0 if top >= 4 else 1), "end")
    step = across / len(panel.bars)
    for number, bar in enumerate(panel.bars):
        left, width = LEFT + step * (number + 0.2), step * 0.6
        if bar.value is None:
            drawing.add_hatch(left, TOP, width, up)
            words = "missing" if width > 48 else "?"
            drawing.add_text("t-gap", left + width / 2, TOP + up / 2 + 4, words, "middle")
        else:
            height = BAR_HEIGHT - BOTTOM - y(bar.value)
            look = "d-bar-partial" if bar.status == "partial" else "d-bar"
            drawing.add_rect(look, left, y(bar.value), width, height)
            edge = y(bar.value)
            if bar.median is not None and 0 <= edge - y(bar.median) < LABEL_HEIGHT:
                edge = y(bar.median)
            drawing.add_text("t-gap", left + width / 2, edge - 4, format_rate(bar.value), "middle")
        if bar.median is not None:
            drawing.add_line("d-tick", (left - 5, y(bar.median)), (left + width + 5, y(bar.median)))
        drawing.add_text("t-tick", left + width / 2, BAR_HEIGHT - BOTTOM + 16, bar.label, "middle")
    drawing.add_line("d-axis", (LEFT, y(0)), (BAR_WIDTH - RIGHT, y(0)))
    return drawing


def build_score_figure(place: str, score: float, boxes: Sequence[GroupBox], *, when: str, headline: str) -> Figure:
    """Return the score of a neighbourhood beside the quartiles of the groups.

    Parameters
    ----------
    place, when
        Name, and date of the timetables.
    score
        Its score; higher is worse.
    boxes
        Groups, at least one.
    headline
        What is seen.

    Returns
    -------
    Figure
        One panel; its own group has a dark outline.
    """
    row, left, right, top = 30.0, 280.0, 16.0, 18.0
    drawing = Drawing(WIDE, top + row * len(boxes) + 42)
    bottom = top + row * len(boxes)

    def x(value: float) -> float:
        return left + (WIDE - left - right) * value / 100.0

    for tick in range(0, 101, 20):
        drawing.add_line("d-grid", (x(tick), top), (x(tick), bottom))
        drawing.add_text("t-tick", x(tick), bottom + 16, str(tick), "middle")
    drawing.add_text("t-note", x(0), bottom + 32, "0: best connected")
    drawing.add_text("t-note", x(100), bottom + 32, "100: worst connected", "end")
    for number, box in enumerate(boxes):
        middle = top + row * (number + 0.5)
        look = "t-title" if box.is_own else "t-sub"
        _add_label(drawing, look, (left - 10, middle + 4), box.label, LABEL_CHARACTERS)
        if box.p25 is not None and box.p75 is not None:
            width = max(x(box.p75) - x(box.p25), 2.0)
            drawing.add_rect("d-own" if box.is_own else "d-box", x(box.p25), middle - 8, width, 16)
        if box.median is not None:
            drawing.add_line("d-tick", (x(box.median), middle - 11), (x(box.median), middle + 11))
    drawing.add_line("d-here", (x(score), top - 4), (x(score), bottom))
    drawing.add_circle("d-dot", x(score), top - 6, 5)
    is_right = score > 70
    drawing.add_text(
        "t-title",
        x(score) + (-9 if is_right else 9),
        top - 4,
        f"{shorten(place, 40)} {format_number(score, 1)}",
        "end" if is_right else "start",
    )
    words = [
        f"{box.label} {format_number(box.median, 1)} ({format_number(box.p25, 1)} to {format_number(box.p75, 1)})"
        for box in boxes
    ]
    rows = [{"of": place, "p25": None, "median": score, "p75": None}]
    rows += [{"of": box.label, "p25": box.p25, "median": box.median, "p75": box.p75} for box in boxes]
    return Figure(
        key="score",
        headline=headline,
        title=f"Connectivity score (higher is worse) of {place}, and medians and quartiles of groups, {when}",
        panels=(drawing,),
        labels=(f"{place} {format_number(score, 1)}. Medians and quartiles: {'; '.join(words)}.",),
        data=pd.DataFrame(rows).astype(dict.fromkeys(("p25", "median", "p75"), "float64")),
        legend=(
            ("d-dot", "this place"),
            ("d-tick", "median of a group"),
            ("d-box", "middle half of a group"),
            ("d-own", "middle half of its own group"),
        ),
    )


def shorten(text: str, most: int) -> str:
    """Return a text that fits into so many characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _add_label(drawing: Drawing, look: str, at: tuple[float, float], label: str, characters: int) -> None:
    """Add a label that ends at a point, on two lines where it is long."""
    lines = textwrap.wrap(shorten(capitalise(label), 2 * characters), characters)[:2]
    for number, words in enumerate(lines):
        drawing.add_text(look, at[0], at[1] + 12 * number - 6 * (len(lines) - 1), words, "end")


def build_parts_figure(place: str, parts: Sequence[Part], *, when: str) -> Figure:
    """Return what each indicator adds to the score, most first.

    Parameters
    ----------
    place, when
        Name, and date of the timetables.
    parts
        Indicators, at least one with points.

    Returns
    -------
    Figure
        One panel; the outline behind a bar is what the indicator could add at most.
    """
    known = [part for part in parts if part.points is not None]
    ordered = sorted(known, key=lambda part: (-(part.points or 0.0), part.label))
    ordered += [part for part in parts if part.points is None]
    row, left, right, top = 24.0, 270.0, 190.0, 6.0
    drawing = Drawing(WIDE, top + row * len(ordered) + 26)
    most = choose_top([max(part.weight_pct, part.points or 0.0) for part in ordered])

    def x(value: float) -> float:
        return left + (WIDE - left - right) * value / most

    bottom = top + row * len(ordered)
    for tick in (0.0, most / 2, most):
        drawing.add_line("d-grid", (x(tick), top), (x(tick), bottom))
        words = f"{format_number(tick, 0 if most >= 4 else 1)}{' points' if tick == most else ''}"
        drawing.add_text("t-tick", x(tick), bottom + 16, words, "middle")
    for number, part in enumerate(ordered):
        y = top + row * number
        _add_label(drawing, "t-sub", (left - 8, y + 16), part.label, PART_CHARACTERS)
        if part.points is None:
            drawing.add_text("t-tick", left + 6, y + 16, "no data: left out")
            continue
        drawing.add_rect("d-box", left, y + 5, max(x(part.weight_pct) - left, 0.5), 14)
        drawing.add_rect("d-bar", left, y + 5, max(x(part.points) - left, 0.5), 14)
        drawing.add_text("t-tick", WIDE - right + 8, y + 16, f"{format_number(part.points, 1)} · {part.value}")
    first = [uncapitalise(shorten(part.label, 60)) for part in ordered[:2] if (part.points or 0.0) > 0]
    headline = f"What counts most against {place}: {join_words(first)}" if first else f"Nothing counts against {place}"
    rows = [
        {"indicator": part.label, "value": part.value, "points": part.points, "most_points": part.weight_pct}
        for part in ordered
    ]
    words = "; ".join(
        f"{part.label} {'no data' if part.points is None else format_number(part.points, 1)}" for part in ordered
    )
    return Figure(
        key="score-parts",
        headline=headline,
        title=f"Points that each indicator adds to the score of {place}, and its value, {when}",
        panels=(drawing,),
        labels=(f"Points of the score: {words}.",),
        data=pd.DataFrame(rows).astype({"points": "float64"}),
        legend=(("d-bar", "points added"), ("d-box", "most that it could add (its weight)")),
    )


def build_rank_figure(
    place: str, rank: float, low: float | None, high: float | None, *, n: int, when: str, headline: str
) -> Figure | None:
    """Return a rank with its interval on a line from worst to best, cut into tenths; None for a single place.

    Parameters
    ----------
    place, when
        Name, and date of the timetables.
    rank, low, high
        The rank and its interval.
    n
        How many are ranked.
    headline
        What is seen.

    Returns
    -------
    Figure or None
        One panel.
    """
    if n < 2:
        return None
    drawing = Drawing(WIDE, 74)
    left, right, y = 16.0, 16.0, 34.0

    def x(value: float) -> float:
        return left + (WIDE - left - right) * (value - 0.5) / n

    for tenth in range(11):
        at = left + (WIDE - left - right) * tenth / 10
        drawing.add_line("d-axis", (at, y + 4), (at, y + 14))
    drawing.add_line("d-axis", (left, y + 14), (WIDE - right, y + 14))
    if low is not None and high is not None:
        drawing.add_line("d-interval", (x(low) - 2, y), (x(high) + 2, y))
    drawing.add_circle("d-dot", x(rank), y, 6)
    drawing.add_text("t-tick", left, y + 30, "1: worst connected")
    drawing.add_text("t-tick", WIDE - right, y + 30, f"{format_number(n)}: best connected", "end")
    anchor: Anchor = "start" if x(rank) < 120 else "end" if x(rank) > WIDE - 120 else "middle"
    drawing.add_text("t-title", x(rank), y - 14, format_rank(rank, low, high), anchor)
    return Figure(
        key="rank",
        headline=headline,
        title=f"Rank of {place} among {format_number(n)}, with the interval that holds nine of ten ranks, {when}",
        panels=(drawing,),
        labels=(f"Rank {format_rank(rank, low, high)} of {format_number(n)}, 1 is the worst connected.",),
        data=pd.DataFrame([{"of": place, "rank": rank, "rank_low": low, "rank_high": high, "n_ranked": n}]).astype(
            {"rank_low": "float64", "rank_high": "float64"}
        ),
        legend=(("d-dot", "rank"), ("d-interval", "under other weights, parameters and coverage")),
        note="Marks cut the line into tenths.",
    )
