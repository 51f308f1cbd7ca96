"""``connectivity explain AREA --score CODE``: which question is asked, and its answer as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.cli.change import show
from pipeline.stages.explain_score import describe_score, trace_score

FORMS = ("text", "json")


def check_question(
    code: str | None, category: str | None, score: str | None, journey_options: Mapping[str, object]
) -> None:
    """Refuse a call of ``explain`` that asks for neither a journey nor a score, or for both.

    Parameters
    ----------
    code, category
        The place and the category of a journey; None if absent.
    score
        Code of the place or group whose score is asked for; None if absent.
    journey_options
        Options that only a journey has, with their values.

    Raises
    ------
    UsageError
        If arguments are missing, or belong to different questions.
    """
    cure = "Give CODE and CATEGORY for a journey, or --score CODE for a score."
    if score is None:
        if code is None or category is None:
            lacking = "CODE and CATEGORY" if code is None else "CATEGORY"
            raise UsageError(f"{lacking} or --score is missing.", cure=cure)
        return
    if code is not None:
        raise UsageError(
            "A journey and a score were asked for at once.", field="--score", cure=f"{cure} One call answers one."
        )
    if given := [name for name, value in journey_options.items() if value]:
        raise UsageError(f"{given[0]} is about journeys, not about scores.", field=given[0], cure="Leave it out.")


def explain_score(project: Project, score: str, *, snapshot: str | None, form: str, out: Path | None) -> None:
    """Print or write where the figures of a place or a comparison group come from.

    Parameters
    ----------
    project
        The area with its settings.
    score
        Code of a neighbourhood, or a comparison group.
    snapshot
        Id; the last if None.
    form
        ``text`` or ``json``.
    out
        File to write; printed if None.

    Raises
    ------
    UsageError
        If the form, the code or the snapshot is unknown.
    """
    if form not in FORMS:
        cure = f"Use {' or '.join(FORMS)}."
        raise UsageError(f"There is no format '{form}' for a score.", field="--format", cure=cure)
    trace = trace_score(project, score, snapshot=snapshot)
    text = describe_score(trace) if form == "text" else json.dumps(trace, indent=1, ensure_ascii=False)
    show(text, out)
