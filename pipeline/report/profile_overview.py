"""One window to every kind of destination side by side: the picture that a reader of a profile sees first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.profile_charts import shorten
from pipeline.report.profile_figure import Figure
from pipeline.report.profile_windows import LEGEND, build_minutes, describe_view, draw_view, find_top, name_small_area
from pipeline.report.text import capitalise, compute_minutes, format_window, uncapitalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.report.context import CategoryInfo, ReportContext
    from pipeline.report.data import Place
    from pipeline.report.profile_views import WindowView

Row = dict[str, object]
WIDTH, HEIGHT = 236.0, 134.0
TITLE_CHARACTERS = 34
LEAST = 2


def build_overview_figure(
    found: Sequence[tuple[CategoryInfo, Sequence[WindowView]]], place: Place, row: Row, context: ReportContext
) -> Figure | None:
    """Return the first window to every kind of destination, all with one scale; None with fewer than two.

    Parameters
    ----------
    found
        Categories with their windows.
    place
        The neighbourhood.
    row
        Any of its rows of useful departures, which names the small area.
    context
        Names and windows.

    Returns
    -------
    Figure or None
        A panel a category.
    """
    window = context.primary_window
    pairs = [
        (category, view)
        for category, views in found
        for view in views
        if (view.window, view.direction) == (window.key, "outward")
    ]
    if len(pairs) < LEAST:
        return None
    views = [view for _, view in pairs]
    top = find_top(views)
    when = f"{window.label}, leaving home {format_window(window.start_s, window.end_s)}"
    return Figure(
        key="windows",
        headline=_describe(pairs, uncapitalise(window.label)),
        title=f"{when}: minutes to the nearest by minute of departure, {place.name}{name_small_area(row)}",
        panels=tuple(
            draw_view(
                view, top, title=shorten(capitalise(category.label), TITLE_CHARACTERS), width=WIDTH, height=HEIGHT
            )
            for category, view in pairs
        ),
        labels=tuple(f"{capitalise(category.label)}: {describe_view(view)}" for category, view in pairs),
        data=build_minutes([(category.label, view) for category, view in pairs]),
        legend=LEGEND,
        note="One scale for all.",
        columns=3,
    )


def _describe(pairs: Sequence[tuple[CategoryInfo, WindowView]], when: str) -> str:
    """Say what is nearest and what farthest at the longest, or what cannot be reached at all."""
    longest = {category.phrase: compute_minutes(max(view.known)) or 0 for category, view in pairs if view.known}
    whole = [category.phrase for category, view in pairs if not view.n_without]
    never = [category.phrase for category, view in pairs if not view.known]
    if never:
        return f"On a {when} {len(longest)} of {len(pairs)} kinds of destination can be reached, {never[0]} cannot"
    far = max(longest, key=lambda phrase: longest[phrase])
    if not whole:
        return f"On a {when} no kind of destination can be reached at every minute"
    near = min(whole, key=lambda phrase: longest[phrase])
    if len(whole) == len(pairs) and longest[far] == longest[near]:
        return f"On a {when} every kind of destination is at most {longest[far]} minutes away"
    text = f"On a {when} {near} is never over {longest[near]} minutes away, {far} up to {longest[far]}"
    gaps = {category.phrase: view.n_without for category, view in pairs if view.n_without}
    if not gaps:
        return text
    worst = max(gaps, key=lambda phrase: gaps[phrase])
    return f"{text}; {worst} cannot be reached in {gaps[worst]} of {len(pairs[0][1].minutes)} minutes"
