"""Charts of a series by year, drawn straight as SVG: a report on a series needs hundreds of them.

Years without figures are hatched gaps without a line across; doubtful figures are hollow marks on dotted lines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from pipeline.report.charts import Line, Panel, Point
from pipeline.report.text import capitalise, format_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.report.series_context import MeasureInfo
    from pipeline.report.series_data import SeriesReport

LEFT, RIGHT, TOP, BOTTOM = 52, 12, 30, 26
MARK = 3.6


@dataclass(frozen=True)
class YearLine:
    """One line: label, colour, marker (``o``, ``s``, ``^``; empty: none), a value for each year, which are doubtful."""

    label: str
    colour: str
    marker: str
    values: tuple[float | None, ...]
    is_doubtful: tuple[bool, ...]


def draw_years(
    title: str,
    years: Sequence[int],
    lines: Sequence[YearLine],
    *,
    width: int = 560,
    height: int = 270,
) -> Markup:
    """Draw lines over years as an SVG element whose text alternative is its title; its figures belong in a table.

    Parameters
    ----------
    title
        What is drawn, with unit and place; shown above.
    years
        Consecutive years.
    lines
        At least one; None is a gap.
    width, height
        Size in pixels.

    Returns
    -------
    Markup
        All text from outside is escaped.
    """
    top = _find_top([v for line in lines for v in line.values if v is not None])
    step = (width - LEFT - RIGHT) / max(len(years) - 1, 1)

    def x(number: int) -> float:
        return round(LEFT + number * step, 1)

    def y(value: float) -> float:
        return round(height - BOTTOM - (height - TOP - BOTTOM) * value / top, 1)

    parts = [f'<text x="0" y="13" class="charttitle">{escape(title)}</text>']
    parts += _draw_axes(years, top, width, height, x, y)
    for number in range(len(years)):
        if all(line.values[number] is None for line in lines):
            start, end = max(x(number) - step / 2, LEFT), min(x(number) + step / 2, width - RIGHT)
            parts.append(
                f'<rect x="{start:.1f}" y="{TOP}" width="{end - start:.1f}" height="{height - TOP - BOTTOM}" '
                'class="nodata"/>'
            )
    for line in lines:
        parts += _draw_line(line, [x(number) for number in range(len(years))], y)
    # every part is made of numbers, fixed words and escaped text
    return Markup(  # noqa: S704
        f'<svg class="years" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def _find_top(values: Sequence[float]) -> float:
    highest = max(values, default=0.0)
    if highest <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(highest))
    return next(unit * m for m in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if unit * m >= highest * 1.0001 or m == 10)


def _draw_axes(
    years: Sequence[int],
    top: float,
    width: int,
    height: int,
    x: Callable[[int], float],
    y: Callable[[float], float],
) -> list[str]:
    parts = []
    for tick in range(5):
        value = top * tick / 4
        text = format_number(value, 0 if top >= 8 else 1)
        parts.append(f'<line x1="{LEFT}" x2="{width - RIGHT}" y1="{y(value)}" y2="{y(value)}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 3.5:.1f}" class="tick end">{text}</text>')
    every = 1 if len(years) <= 8 else (2 if len(years) <= 24 else 5)
    for number, year in enumerate(years):
        if (len(years) - 1 - number) % every == 0:
            parts.append(f'<text x="{x(number)}" y="{height - 8}" class="tick middle">{year}</text>')
    return parts


def _draw_line(line: YearLine, at: Sequence[float], y: Callable[[float], float]) -> list[str]:
    parts = []
    for number in range(1, len(at)):
        before, here = line.values[number - 1], line.values[number]
        if before is None or here is None:
            continue
        is_dotted = line.is_doubtful[number - 1] or line.is_doubtful[number]
        dash = ' stroke-dasharray="2 3"' if is_dotted or not line.marker else ""
        parts.append(
            f'<line x1="{at[number - 1]}" y1="{y(before)}" x2="{at[number]}" y2="{y(here)}" stroke="{line.colour}" '
            f'stroke-width="2"{dash}/>'
        )
    for number, value in enumerate(line.values):
        if value is not None and line.marker:
            fill = "#ffffff" if line.is_doubtful[number] else line.colour
            parts.append(_draw_mark(line.marker, at[number], y(value), fill, line.colour))
    return parts


def _draw_mark(marker: str, x: float, y: float, fill: str, stroke: str) -> str:
    look = f'fill="{fill}" stroke="{stroke}" stroke-width="1.5"'
    if marker == "s":
        return f'<rect x="{x - MARK:.1f}" y="{y - MARK:.1f}" width="{2 * MARK}" height="{2 * MARK}" {look}/>'
    if marker == "^":
        points = f"{x:.1f},{y - 4.4:.1f} {x - 4.2:.1f},{y + 3.2:.1f} {x + 4.2:.1f},{y + 3.2:.1f}"
        return f'<polygon points="{points}" {look}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{MARK}" {look}/>'


def draw_legend(lines: Sequence[YearLine]) -> Markup:
    """Draw a legend of lines as an HTML list with marks; it also explains hollow marks and hatching."""
    items = []
    for line in lines:
        mark = _draw_mark(line.marker, 8, 8, line.colour, line.colour) if line.marker else ""
        dash = "" if line.marker else ' stroke-dasharray="2 3"'
        stroke = f'<line x1="0" x2="16" y1="8" y2="8" stroke="{line.colour}" stroke-width="2"{dash}/>'
        items.append(
            f'<li><svg width="16" height="16" aria-hidden="true">{stroke}{mark}</svg> {escape(line.label)}</li>'
        )
    hollow = '<circle cx="8" cy="8" r="3.6" fill="#ffffff" stroke="#333333" stroke-width="1.5"/>'
    items.append(f'<li><svg width="16" height="16" aria-hidden="true">{hollow}</svg> doubtful year</li>')
    items.append('<li><span class="swatch hatched"></span> no figures</li>')
    return Markup(f'<ul class="yearlegend">{"".join(items)}</ul>')  # noqa: S704 (labels are escaped)


def build_group_panels(report: SeriesReport, measure: MeasureInfo) -> list[Panel]:
    """Return the groups by year as panels, one a region, for charts that are drawn as files.

    Parameters
    ----------
    report
        The tables.
    measure
        Kind of day and hours.

    Returns
    -------
    list of Panel
        Regions without any group are left out.
    """
    panels = []
    for region, label in report.info.regions:
        lines = []
        for group in report.groups:
            rows = report.find_group_series(region, group.key, measure)
            if rows is None:
                continue
            line = report.build_line(rows, capitalise(group.label), group.colour, group.marker)
            points = tuple(
                Point(date(year, 1, 1), value, "partial" if is_doubtful else "comparable")
                for year, value, is_doubtful in zip(report.years, line.values, line.is_doubtful, strict=True)
            )
            lines.append(Line(line.label, line.colour, line.marker, points))
        if lines:
            panels.append(Panel(label, "runs a day", tuple(lines)))
    return panels


def label_years(years: Sequence[int]) -> list[tuple[date, str]]:
    """Return the ticks of years: a label for every fifth from the last, more where there are few.

    Parameters
    ----------
    years
        Consecutive years.

    Returns
    -------
    list of tuple
        First day and label, which may be empty.
    """
    every = 1 if len(years) <= 6 else 2 if len(years) <= 10 else 5
    return [
        (date(year, 1, 1), str(year) if (len(years) - 1 - number) % every == 0 else "")
        for number, year in enumerate(years)
    ]
