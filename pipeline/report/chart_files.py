"""Charts as files that can be pasted: SVG and PNG with titles and source drawn in, and their data as CSV.

After the Government Analysis Function's guidance on charts: a headline that says what is seen, a statistical title that
says what is shown, a source line, lines told apart by marks as well as by colour, axes from zero, a text alternative.
"""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import matplotlib as mpl
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pipeline.report.charts import PANEL_SIZE, STYLE, Panel, clean_svg, count_panels, fill_figure
from pipeline.report.data import build_csv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from matplotlib.figure import SubFigure

DPI = 160
LINE_HEIGHT = 0.22
CHARACTERS_PER_INCH = 13.0


@dataclass(frozen=True)
class ChartText:
    """The words of a chart: headline, statistical title, source line and text alternative."""

    headline: str
    title: str
    source: str
    alternative: str


def build_chart_files(
    name: str, panels: Sequence[Panel], labels: Sequence[tuple[date, str]], text: ChartText
) -> dict[str, bytes]:
    """Draw a chart as SVG and PNG, and write its data.

    Parameters
    ----------
    name
        File name without its ending.
    panels
        At least one, with lines only, whose axes begin at zero.
    labels
        Day and short label of every snapshot, in order.
    text
        The words.

    Returns
    -------
    dict
        ``<name>.svg``, ``<name>.png`` and ``<name>.csv`` to content; the same input gives the same bytes.
    """
    n_rows, n_columns = count_panels(panels)
    width = max(PANEL_SIZE[0] * n_columns, 6.0)
    head = textwrap.wrap(text.headline, int(width * CHARACTERS_PER_INCH * 0.62))
    title = textwrap.wrap(text.title, int(width * CHARACTERS_PER_INCH))
    foot = textwrap.wrap(text.source, int(width * CHARACTERS_PER_INCH * 1.15))
    heights = (
        LINE_HEIGHT * (1.25 * len(head) + len(title)) + 0.2,
        PANEL_SIZE[1] * n_rows + 0.5,
        LINE_HEIGHT * 0.9 * len(foot) + 0.1,
    )
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, sum(heights)), layout="constrained", dpi=DPI)
        FigureCanvasAgg(figure)
        parts: Any = figure.subfigures(3, 1, height_ratios=heights)
        top, body, bottom = parts
        _write_lines(top, heights[0], head, title)
        fill_figure(body, panels, labels)
        bottom.text(0.01, 0.9, "\n".join(foot), va="top", ha="left", fontsize=8, color="#4d4d4d")
        picture, drawing = io.BytesIO(), io.StringIO()
        figure.savefig(picture, format="png", dpi=DPI, metadata={"Software": None})
        figure.set_layout_engine("none")  # everything stays where the picture has it
        figure.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None})
    svg = _add_alternative(drawing.getvalue(), name, text)
    return {
        f"{name}.svg": svg.encode("utf-8"),
        f"{name}.png": picture.getvalue(),
        f"{name}.csv": build_csv(build_chart_data(panels, labels)),
    }


def _write_lines(part: SubFigure, height: float, head: list[str], title: list[str]) -> None:
    part.text(0.01, 0.96, "\n".join(head), va="top", ha="left", fontsize=13, fontweight="bold")
    below = 0.96 - LINE_HEIGHT * 1.25 * len(head) / height
    part.text(0.01, below, "\n".join(title), va="top", ha="left", fontsize=10)


def _add_alternative(document: str, name: str, text: ChartText) -> str:
    """Put title and description into an SVG, so that a screen reader reads them wherever it is pasted."""
    svg = clean_svg(document)
    end = svg.index(">")
    words = (
        f'<title id="{name}-title">{escape(text.headline)}</title>'
        f'<desc id="{name}-desc">{escape(f"{text.title}. {text.alternative} {text.source}")}</desc>'
    )
    return f'{svg[:end]} role="img" aria-labelledby="{name}-title {name}-desc">\n{words}{svg[end + 1 :]}'


def build_chart_data(panels: Sequence[Panel], labels: Sequence[tuple[date, str]]) -> pd.DataFrame:
    """Return the figures of a chart, one row for each mark or gap.

    Parameters
    ----------
    panels, labels
        As drawn.

    Returns
    -------
    pandas.DataFrame
        Panel, line, date, label, value, unit and status; a gap has no value and the status ``missing``.
    """
    rows = [
        {
            "panel": panel.title,
            "line": line.label,
            "date": point.day.isoformat(),
            "label": label or str(point.day.year),
            "value": point.value,
            "unit": panel.unit,
            "status": "missing" if point.value is None else point.status,
        }
        for panel in panels
        for line in panel.lines
        for point, (_, label) in zip(line.points, labels, strict=True)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(value=frame["value"].astype("float64").round(3)) if rows else frame
