"""A picture of journeys: how far from home one is at every moment, as SVG with reproducible bytes."""

from __future__ import annotations

import io
from typing import Literal

import matplotlib as mpl
import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MultipleLocator

from pipeline.base.clock import format_time
from pipeline.report.charts import STYLE

LOOK: dict[str, tuple[str, Literal["-", ":"], float]] = {
    "walk": ("#4d4d4d", ":", 2.0),
    "wait": ("#d55e00", "-", 2.0),
    "change": ("#d55e00", ":", 2.0),
    "ride": ("#0072b2", "-", 3.5),
}
"""Colour, line style and width of each kind of leg; kinds differ in style or width too, not in colour alone."""
STEPS_S = (300, 600, 900, 1800, 3600)


def draw_journeys(legs: pl.DataFrame, title: str) -> str:
    """Draw journeys, one panel each, on a common axis of time.

    Parameters
    ----------
    legs
        ``snapshot``, ``choice``, ``kind``, ``start_s``, ``end_s``, ``from_home_km``, ``to_home_km``, ``route``,
        ``mode``, ``to_name``, ``verdict`` and ``change_s``; a journey that does not exist has one row of kind ``none``.
    title
        Title of the picture.

    Returns
    -------
    str
        An SVG document without a date; the same input gives the same text.
    """
    groups = legs.partition_by("snapshot", "choice", maintain_order=True)
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(8.5, 2.6 * len(groups) + 0.6), layout="constrained")
        FigureCanvasSVG(figure)
        figure.suptitle(title, x=0.01, ha="left", weight="bold")
        axes = figure.subplots(len(groups), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
        for panel, group in zip(axes, groups, strict=True):
            _draw_journey(panel, group)
        first = int(legs["start_s"].min())  # type: ignore[arg-type]
        last = int(legs["end_s"].max() or first + 3600)  # type: ignore[arg-type]
        step = next((s for s in STEPS_S if (last - first) / s <= 10), STEPS_S[-1])
        axes[-1].xaxis.set_major_locator(MultipleLocator(step))
        axes[-1].xaxis.set_major_formatter(FuncFormatter(lambda x, _: format_time(int(x))))
        axes[-1].set_xlim(first - 60, last + 60)
        axes[-1].set_ylim(bottom=0)
        handles = [
            Line2D([], [], color=colour, linestyle=style, linewidth=width, label=kind)
            for kind, (colour, style, width) in LOOK.items()
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    return target.getvalue()


def _describe_fate(leg: dict[str, object]) -> str:
    """Say beside a ride what became of it, where two snapshots are compared."""
    verdict, change_s = leg["verdict"], leg["change_s"]
    if verdict is None or verdict == "same" or not isinstance(change_s, int):
        return ""
    if verdict in {"slower", "quicker"}:
        return f" ({abs(change_s) / 60:.0f} min {verdict})"
    return f" ({str(verdict).replace('_', ' ')})"


def _draw_journey(panel: Axes, legs: pl.DataFrame) -> None:
    """Draw one journey; a leg whose ends have no place keeps the distance that is known before it."""
    first = legs.row(0, named=True)
    panel.set_ylabel("km from home")
    if first["kind"] == "none":
        panel.set_title(f"{first['snapshot']}, {first['choice']}: no journey within the limit", loc="left")
        return
    taken_s = legs["end_s"][-1] - first["start_s"]
    name = f"{first['snapshot']}, {first['choice']}: {taken_s / 60:.0f} min to {legs['to_name'][-1]}"
    panel.set_title(name, loc="left")
    known = 0.0
    for leg in legs.iter_rows(named=True):
        begin = known if leg["from_home_km"] is None else leg["from_home_km"]
        end = begin if leg["to_home_km"] is None else leg["to_home_km"]
        known = end
        colour, style, width = LOOK[leg["kind"]]
        panel.plot([leg["start_s"], leg["end_s"]], [begin, end], color=colour, linestyle=style, linewidth=width)
        if leg["kind"] == "ride":
            middle = ((leg["start_s"] + leg["end_s"]) / 2, (begin + end) / 2)
            text = f"{leg['mode']} {leg['route']}{_describe_fate(leg)}"
            panel.annotate(text, middle, xytext=(5, -9), textcoords="offset points", fontsize=8)
    panel.grid(axis="y", color="#dddddd", linewidth=0.6)
    panel.set_axisbelow(True)
