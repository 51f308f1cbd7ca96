"""Generated document: the pipeline drawn, from the same graph that make follows."""

from __future__ import annotations

from dataclasses import replace
from xml.sax.saxutils import escape

from pipeline.base.config import Measures, Variant
from pipeline.base.load import load_project
from pipeline.stages.targets import build_targets

PLACES: dict[str, tuple[int, int]] = {
    "fetch": (0, 1),
    "timetables": (1, 0),
    "streets": (1, 1),
    "places": (1, 2),
    "network": (2, 0),
    "service": (2, 2),
    "times": (3, 0),
    "sensitivity": (2, 4),
    "measures": (3, 1),
    "attribution": (3, 3),
    "scores": (4, 1),
    "report": (5, 1),
    "publish": (6, 1),
}
"""Column and row in which each stage is drawn."""

OPTIONAL = "if asked for"
SAYS: dict[str, str] = {
    "fetch": "hashes, licences",
    "timetables": "GTFS, TransXChange, ...",
    "streets": "OpenStreetMap",
    "places": "homes, destinations",
    "network": "packed arrays",
    "service": "runs and their change",
    "times": "every minute",
    "measures": OPTIONAL,
    "attribution": OPTIONAL,
    "sensitivity": OPTIONAL,
    "scores": "ranks, published tables",
    "report": "offline site",
    "publish": "folder, PostGIS",
}
_ARROW = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z" fill="#444"/></marker></defs>'
)
_LEGEND = (
    "once for each timetable date; the others once for the area. fetch brings live sources, and records every input "
    "with its hash and licence."
)
PER_SNAPSHOT_FILL, FILL, OPTIONAL_FILL = "#dbe7f5", "#f3f3f0", "#ffffff"
WIDTH, HEIGHT, STEP_X, STEP_Y, LEFT, TOP = 138, 46, 168, 74, 12, 12


def list_stage_edges() -> list[tuple[str, str]]:
    """List which stage reads from which, without what follows from the others.

    Returns
    -------
    list of tuple of str
        Earlier and later stage, as make knows them for an area in which every stage takes part.
    """
    project = load_project("sample")
    settings = project.settings.model_copy(
        update={"sensitivity": {"other": Variant()}, "measures": Measures(ptal=True)}
    )
    targets = build_targets(replace(project, settings=settings))
    reads: dict[str, set[str]] = {}
    for target in targets.values():
        reads.setdefault(target.stage, set()).update(name.split("/")[0] for name in target.upstream)

    def is_implied(earlier: str, later: str) -> bool:
        return any(earlier in _follow(reads, between) for between in reads[later] if SAYS[between] != OPTIONAL)

    return sorted((a, b) for b, sources in reads.items() for a in sources if not is_implied(a, b))


def _follow(reads: dict[str, set[str]], stage: str) -> set[str]:
    found: set[str] = set()
    for source in reads.get(stage, set()):
        found |= {source} | _follow(reads, source)
    return found


def build_drawing() -> str:
    """Return the drawing of the pipeline as SVG.

    Returns
    -------
    str
        Boxes for stages, arrows for what each reads; those of each snapshot in another colour.
    """
    columns = 1 + max(column for column, _ in PLACES.values())
    rows = 1 + max(row for _, row in PLACES.values())
    width, height = LEFT * 2 + STEP_X * (columns - 1) + WIDTH, TOP * 2 + STEP_Y * (rows - 1) + HEIGHT + 24
    edges = list_stage_edges()
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif">',
        "<title>The stages of the pipeline and what each reads</title>",
        "<desc>" + escape("; ".join(f"{later} reads {earlier}" for earlier, later in edges)) + "</desc>",
        _ARROW,
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(_draw_edge(*edge) for edge in edges),
        *(_draw_stage(stage) for stage in PLACES),
        f'<rect x="{LEFT}" y="{height - 30}" width="14" height="14" fill="{PER_SNAPSHOT_FILL}" stroke="#444"/>',
        f'<text x="{LEFT + 20}" y="{height - 18}" font-size="14">{_LEGEND}</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _get_corner(stage: str) -> tuple[int, int]:
    column, row = PLACES[stage]
    return LEFT + STEP_X * column, TOP + STEP_Y * row


def _draw_edge(earlier: str, later: str) -> str:
    (x, y), (to_x, to_y) = _get_corner(earlier), _get_corner(later)
    x, y, to_y = x + WIDTH, y + HEIGHT // 2, to_y + HEIGHT // 2
    gap = to_x - (STEP_X - WIDTH)
    middle = to_x - (STEP_X - WIDTH) // 2
    return (
        f'<path d="M{x} {y} H{gap} C{middle} {y} {middle} {to_y} {to_x - 1} {to_y}" fill="none" stroke="#444" '
        'stroke-width="1.2" marker-end="url(#head)"/>'
    )


def _draw_stage(stage: str) -> str:
    x, y = _get_corner(stage)
    is_optional = SAYS[stage] == OPTIONAL
    fill = OPTIONAL_FILL if is_optional else FILL
    fill = PER_SNAPSHOT_FILL if stage in ("timetables", "network", "times") else fill
    dashes = ' stroke-dasharray="4 3"' if is_optional else ""
    return (
        f'<g><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4" fill="{fill}" stroke="#444"{dashes}/>'
        f'<text x="{x + WIDTH // 2}" y="{y + 20}" font-size="16" font-weight="bold" text-anchor="middle">{stage}</text>'
        f'<text x="{x + WIDTH // 2}" y="{y + 37}" font-size="11" text-anchor="middle">{escape(SAYS[stage])}</text></g>'
    )
