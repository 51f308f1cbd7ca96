"""``connectivity explain``: the journey behind a travel time, as text, as a table, as GeoJSON or as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pipeline.base.cells import make_printable, neutralise_columns
from pipeline.base.errors import UsageError
from pipeline.base.io import write_text
from pipeline.base.load import Project
from pipeline.stages.explain_comparison import build_part_table
from pipeline.stages.explain_journeys import find_journeys
from pipeline.stages.explain_legs import build_geojson, build_leg_table
from pipeline.stages.explain_text import describe_explanation

FORMATS = ("text", "table", "json", "geojson", "svg")


def explain_place(
    project: Project,
    code: str,
    category: str,
    *,
    depart: str | None = None,
    window: str | None = None,
    snapshot: str | None = None,
    against: str | None = None,
    choices: Sequence[str] = (),
    form: str = "text",
    out: Path | None = None,
) -> str:
    """Explain the journey from a place to the nearest destination of a category.

    Parameters
    ----------
    project
        The area with its settings.
    code, category, depart, window, snapshot, against, choices
        As of :func:`pipeline.stages.explain_journeys.find_journeys`.
    form
        ``text``; ``table``: CSV, a row for each leg, or with `against` for each part of the two journeys side by side;
        ``geojson``: a feature for each leg; ``svg``: distance from home over time. The last two say, for a comparison,
        what became of each leg.
    out
        Where to write it; a picture needs a file.

    Returns
    -------
    str
        What was asked for, or where it was written.

    Raises
    ------
    UsageError
        If something asked for is unknown.
    InputError
        If the area has not been run.
    """
    if form not in FORMATS:
        raise UsageError(f"There is no format '{form}'.", field="--format", cure=f"Formats: {', '.join(FORMATS)}.")
    if form == "svg" and out is None:
        raise UsageError("A picture needs a file.", field="--out", cure="Add --out journey.svg.")
    explanation = find_journeys(
        project, code, category, depart=depart, window=window, snapshot=snapshot, against=against, choices=choices
    )
    if form == "text":
        content = describe_explanation(explanation)
    elif form in {"table", "json"}:
        table = build_leg_table(explanation) if against is None else build_part_table(explanation)
        if form == "table":
            content = neutralise_columns(table).write_csv().rstrip("\n")
        else:
            about = {"area": project.area.name, "code": code, "category": category}
            rows = {"legs" if against is None else "parts": table.to_dicts()}
            content = json.dumps({**about, **rows}, indent=1, ensure_ascii=False, default=str)
    elif form == "geojson":
        content = build_geojson(explanation)
    else:
        from pipeline.report.journeys import draw_journeys  # noqa: PLC0415 (matplotlib is slow to import)

        title = f"From {explanation.origin_code} to the nearest {explanation.label}"
        content = draw_journeys(build_leg_table(explanation), title)
    if out is None:
        return make_printable(content, keep="\n")
    write_text(content if content.endswith("\n") else content + "\n", out)
    return f"{out}: written"
