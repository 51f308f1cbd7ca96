"""Line charts over the snapshots, as SVG with reproducible bytes.

A value that is None is a gap, with a hatched band behind it where no line has one; never a fall to zero. A value that
rests on partial data is a hollow mark on a dotted line.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

STYLE: dict[str, object] = {
    "svg.hashsalt": "connectivity-report",
    "svg.fonttype": "path",
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#6b6b6b",
    "axes.labelcolor": "#1d1d1d",
    "text.color": "#1d1d1d",
    "xtick.color": "#1d1d1d",
    "ytick.color": "#1d1d1d",
    "hatch.linewidth": 0.6,
    "hatch.color": "#9a9a9a",
}
MIN_GAP_SHARE = 0.18
PANEL_SIZE = (4.6, 2.9)


@dataclass(frozen=True)
class Point:
    """One value at one snapshot, None for a gap.

    ``status`` "partial" marks one that rests on incomplete data; ``is_joined`` tells whether a line may lead to it from
    the value before.
    """

    day: date
    value: float | None
    status: str = "comparable"
    is_joined: bool = True


@dataclass(frozen=True)
class Line:
    """One line of a panel."""

    label: str
    colour: str
    marker: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Panel:
    """One panel of a chart: its title, the label of its vertical axis and its lines."""

    title: str
    unit: str
    lines: tuple[Line, ...]


def draw_panels(panels: Sequence[Panel], labels: Sequence[tuple[date, str]]) -> str:
    """Draw panels two in a row on a common horizontal axis of dates and return SVG.

    Parameters
    ----------
    panels
        At least one.
    labels
        Day and short label of every snapshot, in order.

    Returns
    -------
    str
        An SVG document without a date; the same input gives the same text.
    """
    n_rows, n_columns = count_panels(panels)
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(PANEL_SIZE[0] * n_columns, PANEL_SIZE[1] * n_rows + 0.5), layout="constrained")
        FigureCanvasSVG(figure)
        fill_figure(figure, panels, labels)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    return clean_svg(target.getvalue())


def clean_svg(document: str) -> str:
    """Return an SVG from its element on, with its ids numbered in the order of their appearance.

    The names that matplotlib gives to clipping rectangles depend on the last bits of their coordinates, which the
    layout does not reproduce.

    Parameters
    ----------
    document
        As matplotlib writes it.

    Returns
    -------
    str
        The element; the same chart gives the same text.
    """
    numbers: dict[str, str] = {}

    def rename(found: re.Match[str]) -> str:
        return found[1] + numbers.setdefault(found[2], f"{found[2][0]}{len(numbers)}")

    return re.sub(r'(\bid="|url\(#|href="#)([A-Za-z][0-9a-f]{10})\b', rename, document[document.index("<svg") :])


def count_panels(panels: Sequence[Panel]) -> tuple[int, int]:
    """Return how many rows and columns of panels a chart has."""
    return (len(panels) + 1) // 2, min(len(panels), 2)


def fill_figure(figure: FigureBase, panels: Sequence[Panel], labels: Sequence[tuple[date, str]]) -> None:
    """Draw panels and their common legend into a figure or a part of one.

    Parameters
    ----------
    figure
        Empty, with constrained layout.
    panels
        At least one.
    labels
        Day and short label of every snapshot, in order; an empty label is a tick without words.
    """
    n_rows, n_columns = count_panels(panels)
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for number, panel in enumerate(panels):
        _draw_panel(axes[number // n_columns][number % n_columns], panel, labels)
    for number in range(len(panels), n_rows * n_columns):
        axes[number // n_columns][number % n_columns].set_visible(False)
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=max(len(names), 1), frameon=False)


def compute_positions(days: Sequence[date]) -> list[float]:
    """Return where each snapshot stands on the horizontal axis.

    In proportion to time, unless two labels would then cover each other (or two snapshots are of one day): then at
    equal distances.
    """
    numbers = [float(day.toordinal()) for day in days]
    gaps = [second - first for first, second in pairwise(numbers)]
    if gaps and min(gaps) <= MIN_GAP_SHARE * (numbers[-1] - numbers[0]):
        return [float(number) for number in range(len(numbers))]
    return numbers


def _draw_panel(axis: Axes, panel: Panel, labels: Sequence[tuple[date, str]]) -> None:
    axis.set_title(panel.title, loc="left", fontsize=10, fontweight="bold")
    axis.set_ylabel(panel.unit)
    days = compute_positions([day for day, _ in labels])
    width = max((max(days) - min(days)) * 0.035, 0.05)
    gaps = [day for n, day in enumerate(days) if all(line.points[n].value is None for line in panel.lines)]
    for run in _join_gaps(gaps, width):
        _mark_gap(axis, run, width)
    for line in panel.lines:
        _draw_line(axis, line, days)
    axis.set_xticks(days, [label for _, label in labels])
    axis.set_xlim(min(days) - 2.5 * width, max(days) + 2.5 * width)
    axis.set_ylim(bottom=0)
    if all(point.value is None for line in panel.lines for point in line.points):
        axis.set_ylim(0, 1)
        axis.set_yticks([])
        return
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axis.grid(axis="y", color="#dddddd", linewidth=0.7)
    axis.set_axisbelow(True)


def _join_gaps(days: Sequence[float], width: float) -> list[tuple[float, float]]:
    """Return first and last day of gaps, those whose bands touch as one."""
    runs: list[tuple[float, float]] = []
    for day in days:
        if runs and day - runs[-1][1] <= 2 * width:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _mark_gap(axis: Axes, run: tuple[float, float], width: float) -> None:
    start, end = run[0] - width, run[1] + width
    axis.axvspan(start, end, facecolor="#f2f2f2", hatch="////", edgecolor="#9a9a9a", linewidth=0)
    axis.text(
        (start + end) / 2,
        0.5,
        "no comparable data",
        rotation=90,
        ha="center",
        va="center",
        fontsize=8,
        transform=axis.get_xaxis_transform(),
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )


def _draw_line(axis: Axes, line: Line, days: Sequence[float]) -> None:
    axis.plot([], [], color=line.colour, marker=line.marker, label=line.label, linewidth=1.8)
    for number, (first, second) in enumerate(pairwise(line.points)):
        if first.value is None or second.value is None or not second.is_joined:
            continue
        style = ":" if "partial" in (first.status, second.status) else "-"
        axis.plot(
            [days[number], days[number + 1]],
            [first.value, second.value],
            color=line.colour,
            linestyle=style,
            linewidth=1.8,
        )
    for day, point in zip(days, line.points, strict=True):
        if point.value is None:
            continue
        axis.plot(
            [day],
            [point.value],
            color=line.colour,
            marker=line.marker,
            markersize=6,
            markerfacecolor="white" if point.status == "partial" else line.colour,
            linestyle="none",
            clip_on=False,
        )
