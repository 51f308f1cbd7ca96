"""A figure of a profile: headline, statistical title, pictures, text alternatives, figures; for a page or to paste.

After the Government Analysis Function's guidance on charts: a headline that says what is seen, a statistical title that
says what is shown, a source line, shapes told apart without colour, a text alternative, the figures as data.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from pipeline.report.data import build_csv
from pipeline.report.drawing import LOOKS, Drawing, build_style

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.report.context import ReportContext

STYLE_FILE = Path(__file__).parent / "static" / "profile.css"
MARGIN, GAP = 12.0, 16.0
LINE, SMALL_LINE = 20.0, 15.0
KEY_WIDTH, KEY_HEIGHT = 22.0, 12.0
CHARACTER = {"t-head": 8.6, "t-sub": 6.3, "t-note": 5.7}
"""Pixels for a character, on the safe side, of texts that are wrapped."""
MIN_WIDTH = 480.0


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    key
        Its name in file names and anchors.
    headline, title
        What is seen, and what is shown; without full stops.
    panels
        Pictures that stand side by side.
    labels
        A text alternative for each.
    data
        The figures behind it.
    legend
        Looks and their meaning.
    note
        A sentence below.
    explained
        Looks whose meaning a page has told with an earlier figure, and does not tell again.
    columns
        How many panels stand side by side.
    """

    key: str
    headline: str
    title: str
    panels: tuple[Drawing, ...]
    labels: tuple[str, ...]
    data: pd.DataFrame
    legend: tuple[tuple[str, str], ...] = ()
    note: str = ""
    explained: frozenset[str] = frozenset()
    columns: int = 2

    def write_panels(self) -> list[Markup]:
        """Return the pictures as SVG elements of a page."""
        return [panel.write_svg(label) for panel, label in zip(self.panels, self.labels, strict=True)]

    def write_legend(self) -> list[tuple[Markup, str]]:
        """Return keys that a page has not told yet, as SVG elements hidden from screen readers, with their meaning."""
        return [(_write_key(look), words) for look, words in self._list_legend() if look not in self.explained]

    def list_looks(self) -> frozenset[str]:
        """Return the looks whose meaning the legend tells."""
        return frozenset(look for look, _ in self._list_legend())

    def _list_legend(self) -> list[tuple[str, str]]:
        used = {item.look for panel in self.panels for item in panel.items}
        return [(look, words) for look, words in self.legend if look in used]

    def compose(self, source: str) -> Drawing:
        """Draw the whole figure, titles, legend and source line included, as one picture to paste.

        Parameters
        ----------
        source
            The source line.

        Returns
        -------
        Drawing
            Panels side by side, and below.
        """
        columns = min(self.columns, len(self.panels))
        cell = max(panel.width for panel in self.panels)
        width = max(2 * MARGIN + columns * cell + (columns - 1) * GAP, MIN_WIDTH)
        inner = width - 2 * MARGIN
        drawing, y = Drawing(width, 0), MARGIN
        for look, text, line in (("t-head", self.headline, LINE), ("t-sub", self.title, SMALL_LINE + 1)):
            for words in textwrap.wrap(text, int(inner / CHARACTER[look])):
                y += line
                drawing.add_text(look, MARGIN, y, words)
        y = _add_legend(drawing, self._list_legend(), y + GAP, inner)
        for number in range(0, len(self.panels), columns):
            row = self.panels[number : number + columns]
            for column, panel in enumerate(row):
                drawing.place(panel, MARGIN + column * (cell + GAP), y)
            y += max(panel.height for panel in row) + GAP
        for words in textwrap.wrap(f"{self.note} {source}".strip(), int(inner / CHARACTER["t-note"])):
            y += SMALL_LINE
            drawing.add_text("t-note", MARGIN, y, words)
        drawing.height = y + MARGIN
        paper = Drawing(drawing.width, drawing.height)
        paper.add_rect("d-paper", 0, 0, drawing.width, drawing.height)
        paper.place(drawing, 0, 0)
        return paper

    def build_files(self, source: str, name: str) -> dict[str, bytes]:
        """Return the figure as files that can be pasted.

        Parameters
        ----------
        source
            The source line.
        name
            File name without its ending.

        Returns
        -------
        dict
            ``<name>.svg``, ``<name>.png`` and ``<name>.csv`` to content; the same input gives the same bytes.
        """
        drawing = self.compose(source)
        description = f"{self.title}. {' '.join(self.labels)} {self.note} {source}"
        return {
            f"{name}.svg": drawing.write_svg(self.headline, is_alone=True, description=description).encode("utf-8"),
            f"{name}.png": drawing.write_png(),
            f"{name}.csv": build_csv(self.data),
        }


def build_profile_style() -> str:
    """Return the style sheet of profiles, with the looks of their drawings."""
    return f"{STYLE_FILE.read_text(encoding='utf-8')}{build_style()}\n"


def _add_legend(drawing: Drawing, legend: list[tuple[str, str]], y: float, inner: float) -> float:
    """Add keys in lines; returns where the next thing begins."""
    x = MARGIN
    for look, words in legend:
        needed = KEY_WIDTH + 6 + CHARACTER["t-sub"] * len(words) + GAP
        if x > MARGIN and x + needed > MARGIN + inner:
            x, y = MARGIN, y + SMALL_LINE + 3
        drawing.place(_draw_key(look), x, y)
        drawing.add_text("t-sub", x + KEY_WIDTH + 6, y + 10, words)
        x += needed
    return y + KEY_HEIGHT + GAP if legend else y


def _draw_key(look: str) -> Drawing:
    key = Drawing(KEY_WIDTH, KEY_HEIGHT)
    if look == "d-none":
        key.add_hatch(0.5, 0.5, KEY_WIDTH - 1, KEY_HEIGHT - 1)
    elif look in {"d-doubt", "d-dot", "d-place", "d-end", "d-stop"}:
        key.add_circle(look, KEY_WIDTH / 2, KEY_HEIGHT / 2, 5)
    elif LOOKS[look].fill:
        key.add_rect(look, 1, 1, KEY_WIDTH - 2, KEY_HEIGHT - 2)
    else:
        key.add_line(look, (0, KEY_HEIGHT / 2), (KEY_WIDTH, KEY_HEIGHT / 2))
    return key


def _write_key(look: str) -> Markup:
    picture = str(_draw_key(look).write_svg(""))
    return Markup(picture.replace('role="img" aria-label=""', 'aria-hidden="true"', 1).replace("drawing", "key", 1))  # noqa: S704


def describe_source(context: ReportContext, *, is_latest_only: bool = True) -> str:
    """Return the source line of a figure.

    Parameters
    ----------
    context
        Names and dates.
    is_latest_only
        Whether only the last snapshot is shown.

    Returns
    -------
    str
        A sentence.
    """
    shown = context.snapshots[-1:] if is_latest_only else context.snapshots
    dates = ", ".join(context.name_snapshot(snapshot) for snapshot in shown)
    fictional = " Every place and bus is invented." if context.is_fictional else ""
    return f"Source: timetables of {dates} for {context.area_title}; own computation.{fictional}"
