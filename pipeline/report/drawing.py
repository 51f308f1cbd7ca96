"""Drawings as lists of shapes, written as SVG for a page, as SVG to paste, or as PNG: the same picture each time.

Shapes carry the name of a look; a page states the looks once in its style sheet, a file to paste carries those it uses.
Every look is told apart from its neighbours by lightness, by hatching or by dashes, never by hue alone.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Literal

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
FONT = "Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
PNG_SCALE = 2


@dataclass(frozen=True)
class Look:
    """How a shape or a text looks; lengths in pixels, ``""`` for no fill or stroke."""

    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()
    size: float = 0.0
    is_bold: bool = False
    halo: str = ""


LOOKS: dict[str, Look] = {
    "d-paper": Look(fill="#ffffff"),
    "d-travel": Look(fill="#2c6e9b"),
    "d-wait": Look(fill="#b9d4e6"),
    "d-late": Look(fill="#7ea6c4"),
    "d-foot": Look(fill="#8c8c8c"),
    "d-grid": Look(stroke="#d5d5d5", width=0.8),
    "d-axis": Look(stroke="#6b6b6b"),
    "d-none": Look(fill="#f2f2f2", stroke="#8a8a8a", width=0.6),
    "d-hatch": Look(stroke="#8a8a8a", width=0.7),
    "d-median": Look(stroke="#1d1d1d", width=1.4, dash=(5, 3)),
    "d-series": Look(stroke="#b3261e", width=2.2),
    "d-known": Look(fill="#b3261e"),
    "d-doubt": Look(fill="#ffffff", stroke="#b3261e", width=1.5),
    "d-bar": Look(fill="#2c6e9b"),
    "d-bar-partial": Look(fill="#ffffff", stroke="#2c6e9b", width=1.6, dash=(4, 2)),
    "d-tick": Look(stroke="#1d1d1d", width=2.4),
    "d-box": Look(fill="#d3d3d3", stroke="#4a4a4a"),
    "d-own": Look(fill="#b9d4e6", stroke="#17365d", width=1.6),
    "d-here": Look(stroke="#b3261e", width=1.8, dash=(6, 3)),
    "d-dot": Look(fill="#b3261e", stroke="#ffffff", width=1.2),
    "d-interval": Look(stroke="#17365d", width=5),
    "d-land": Look(fill="#f3f1ea", stroke="#a8a396", width=0.7),
    "d-home": Look(fill="#f1c5c1", stroke="#7a1a14", width=1.5),
    "d-place": Look(fill="#b3261e", stroke="#5e0f0a", width=1.0),
    "d-ride": Look(stroke="#17365d", width=3.2),
    "d-ride-edge": Look(stroke="#ffffff", width=5.6),
    "d-walk": Look(stroke="#1d1d1d", width=2.2, dash=(1.5, 3.5)),
    "d-stop": Look(fill="#ffffff", stroke="#17365d", width=1.6),
    "d-end": Look(fill="#1d1d1d", stroke="#ffffff", width=1.2),
    "t-head": Look(fill="#1d1d1d", size=16, is_bold=True),
    "t-sub": Look(fill="#1d1d1d", size=12),
    "t-title": Look(fill="#1d1d1d", size=12, is_bold=True),
    "t-tick": Look(fill="#1d1d1d", size=11),
    "t-note": Look(fill="#4a4a4a", size=10.5),
    "t-map": Look(fill="#1d1d1d", size=11, is_bold=True, halo="#ffffff"),
    "t-number": Look(fill="#1d1d1d", size=10, is_bold=True),
    "t-gap": Look(fill="#1d1d1d", size=11, halo="#f2f2f2"),
}
"""Looks by name; those that begin with ``t-`` are of texts."""


@dataclass(frozen=True)
class Shape:
    """One or several lines or outlines of a look; closed ones are filled, a radius makes circles of the points."""

    look: str
    parts: tuple[tuple[Point, ...], ...]
    is_closed: bool = False
    radius: float = 0.0


@dataclass(frozen=True)
class Text:
    """A line of text at a point of its baseline."""

    look: str
    at: Point
    words: str
    anchor: Anchor = "start"


@dataclass
class Drawing:
    """A picture of a size in pixels, its shapes in the order in which they are painted."""

    width: float
    height: float
    items: list[Shape | Text] = field(default_factory=list)

    def add_rect(self, look: str, x: float, y: float, width: float, height: float) -> None:
        """Add a rectangle by its upper left corner."""
        corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        self.items.append(Shape(look, (corners,), is_closed=True))

    def add_line(self, look: str, *points: Point) -> None:
        """Add a line through points."""
        self.items.append(Shape(look, (tuple(points),)))

    def add_lines(self, look: str, lines: Sequence[Sequence[Point]]) -> None:
        """Add several lines of one look."""
        if lines:
            self.items.append(Shape(look, tuple(tuple(line) for line in lines)))

    def add_areas(self, look: str, outlines: Sequence[Sequence[Point]]) -> None:
        """Add several filled outlines of one look."""
        if outlines:
            self.items.append(Shape(look, tuple(tuple(line) for line in outlines), is_closed=True))

    def add_circle(self, look: str, x: float, y: float, radius: float) -> None:
        """Add a circle by its centre."""
        self.items.append(Shape(look, (((x, y),),), radius=radius))

    def add_text(self, look: str, x: float, y: float, words: str, anchor: Anchor = "start") -> None:
        """Add a line of text."""
        self.items.append(Text(look, (x, y), words, anchor))

    def add_hatch(self, x: float, y: float, width: float, height: float) -> None:
        """Add a hatched rectangle: here is no data, or nothing to draw."""
        self.add_rect("d-none", x, y, width, height)
        step, lines = 8.0, []
        start = x - height
        while start < x + width:
            left, right = max(start, x), min(start + height, x + width)
            if right > left:
                lines.append(((left, y + height - (left - start)), (right, y + height - (right - start))))
            start += step
        self.add_lines("d-hatch", lines)

    def place(self, other: Drawing, dx: float, dy: float) -> None:
        """Add all shapes of another drawing, moved."""
        for item in other.items:
            if isinstance(item, Text):
                self.items.append(Text(item.look, (item.at[0] + dx, item.at[1] + dy), item.words, item.anchor))
            else:
                parts = tuple(tuple((x + dx, y + dy) for x, y in part) for part in item.parts)
                self.items.append(Shape(item.look, parts, is_closed=item.is_closed, radius=item.radius))

    def write_svg(self, label: str, *, is_alone: bool = False, description: str = "", background: str = "") -> Markup:
        """Write the drawing as an SVG element.

        Parameters
        ----------
        label
            Its text alternative.
        is_alone
            Whether it is a file of its own, which carries its looks.
        description
            What a file of its own says beyond its label.
        background
            Address of a picture of the same size that lies behind the drawing on a page.

        Returns
        -------
        Markup
            All text from outside is escaped.
        """
        body = _write_items(self.items, 1 if is_alone else 0)
        size = f'viewBox="0 0 {_number(self.width)} {_number(self.height)}"'
        if background:
            across, down = _number(self.width), _number(self.height)
            body = f'<image href="{escape(background)}" width="{across}" height="{down}"/>{body}'
        if not is_alone:
            # every part is made of numbers, fixed words and escaped text
            return Markup(f'<svg class="drawing" {size} role="img" aria-label="{escape(label)}">{body}</svg>')  # noqa: S704
        used = {item.look for item in self.items}
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} width="{_number(self.width)}" '
            f'height="{_number(self.height)}" role="img" aria-labelledby="title desc" font-family="{FONT}">'
            f'<title id="title">{escape(label)}</title><desc id="desc">{escape(description)}</desc>'
            f"<style>{build_style(used)}</style>"
        )
        return Markup(f"{head}{body}</svg>\n")  # noqa: S704 (as above)

    def write_png(self) -> bytes:
        """Write the drawing as PNG, on white."""
        import matplotlib as mpl  # noqa: PLC0415 (slow to import, and only needed for files)
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        with mpl.rc_context({"text.parse_math": False, "font.family": ["DejaVu Sans"]}):
            figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72 * PNG_SCALE, facecolor="white")
            FigureCanvasAgg(figure)
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set_xlim(0, self.width)
            axes.set_ylim(self.height, 0)
            axes.axis("off")
            for item in self.items:
                _paint(axes, item)
            picture = io.BytesIO()
            figure.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()


def build_style(names: set[str] | None = None) -> str:
    """Return a style sheet of looks.

    Parameters
    ----------
    names
        Which; all if None.

    Returns
    -------
    str
        CSS.
    """
    return "".join(f".{name}{{{_describe(look)}}}" for name, look in LOOKS.items() if names is None or name in names)


def _describe(look: Look) -> str:
    parts = [f"fill:{look.fill or 'none'}"]
    if look.stroke:
        parts += [f"stroke:{look.stroke}", f"stroke-width:{_number(look.width)}px"]
    if look.dash:
        parts.append(f"stroke-dasharray:{' '.join(_number(part) for part in look.dash)}")
    if look.size:
        parts.append(f"font-size:{_number(look.size)}px")
    if look.is_bold:
        parts.append("font-weight:700")
    if look.halo:
        parts += [f"stroke:{look.halo}", "stroke-width:3px", "paint-order:stroke", "stroke-linejoin:round"]
    return ";".join(parts)


def _number(value: float, decimals: int = 1) -> str:
    text = f"{value:.{decimals}f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def _write_items(items: Sequence[Shape | Text], decimals: int) -> str:
    """Write shapes and texts; on a page positions are whole pixels, and texts of one look share it: that is small."""
    parts = []
    for look, group in groupby(items, key=lambda item: (item.look, item.anchor) if isinstance(item, Text) else None):
        if look is None:
            parts += [_write_shape(item, decimals) for item in group if isinstance(item, Shape)]
            continue
        texts = [_write_text(item, decimals) for item in group if isinstance(item, Text)]
        anchor = "" if look[1] == "start" else f' text-anchor="{look[1]}"'
        parts.append(f'<g class="{look[0]}"{anchor}>{"".join(texts)}</g>')
    return "".join(parts)


def _write_text(item: Text, decimals: int) -> str:
    x, y = (_number(value, decimals) for value in item.at)
    return f'<text x="{x}" y="{y}">{escape(item.words)}</text>'


def _write_shape(item: Shape, decimals: int) -> str:
    if item.radius:
        return "".join(
            f'<circle class="{item.look}" cx="{_number(x, decimals)}" cy="{_number(y, decimals)}" '
            f'r="{_number(item.radius)}"/>'
            for part in item.parts
            for x, y in part
        )
    path = "".join(_write_path(part, decimals) + ("z" if item.is_closed else "") for part in item.parts)
    return f'<path class="{item.look}" d="{path}"/>'


def _write_path(points: Sequence[Point], decimals: int) -> str:
    """Write a line by steps from point to point, those along an axis short; points are rounded first, not steps."""
    rounded = [(round(x, decimals), round(y, decimals)) for x, y in points]
    parts = [f"M{_number(rounded[0][0], decimals)} {_number(rounded[0][1], decimals)}"]
    steps = [(x - x0, y - y0) for (x0, y0), (x, y) in pairwise(rounded) if (x, y) != (x0, y0)]
    for direction, group in groupby(steps, key=_find_direction):
        same = list(group)
        if direction:
            across, down = (_number(sum(step[axis] for step in same), decimals) for axis in (0, 1))
            parts.append(f"v{down}" if across == "0" else f"h{across}")
        else:
            parts += [f"l{_number(across, decimals)} {_number(down, decimals)}" for across, down in same]
    return "".join(parts).replace(" -", "-") if len(parts) > 1 else f"{parts[0]}h0"


def _find_direction(step: Point) -> str:
    """Return the direction of a step along an axis, empty for others."""
    if step[1] == 0:
        return "right" if step[0] > 0 else "left"
    if step[0] == 0:
        return "down" if step[1] > 0 else "up"
    return ""


def _paint(axes: Axes, item: Shape | Text) -> None:
    from matplotlib.patches import Circle, PathPatch  # noqa: PLC0415
    from matplotlib.path import Path  # noqa: PLC0415
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    look = LOOKS[item.look]
    if isinstance(item, Text):
        anchors = {"start": "left", "middle": "center", "end": "right"}
        text = axes.text(
            *item.at,
            item.words,
            fontsize=look.size * 0.93,
            fontweight="bold" if look.is_bold else "normal",
            color=look.fill,
            ha=anchors[item.anchor],
            va="baseline",
        )
        if look.halo:
            text.set_path_effects([withStroke(linewidth=3, foreground=look.halo)])
        return
    style = {
        "facecolor": look.fill or "none",
        "edgecolor": look.stroke or "none",
        "linewidth": look.width if look.stroke else 0.0,
        "linestyle": (0, tuple(part / look.width for part in look.dash)) if look.dash else "solid",
    }
    if item.radius:
        for part in item.parts:
            for x, y in part:
                axes.add_patch(Circle((x, y), item.radius, **style))
        return
    vertices: list[Point] = []
    codes: list[Any] = []
    for part in item.parts:
        closing = [part[0]] if item.is_closed else []
        vertices += [*part, *closing]
        codes += [Path.MOVETO, *[Path.LINETO] * (len(part) - 1), *[Path.CLOSEPOLY] * len(closing)]
    axes.add_patch(PathPatch(Path(vertices, codes), **style))
