"""The method page: definitions in words and the parameters that were used, both from the configuration of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import add_article, capitalise, format_integer, format_number, format_time, format_window

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.report.context import ReportContext


@dataclass(frozen=True)
class Definition:
    """A term and what it means here."""

    term: str
    meaning: str


def build_definitions(context: ReportContext) -> list[Definition]:
    """Return what the figures mean, with the parameters of this run put in."""
    method = context.method
    noun, nouns, small = context.noun, context.noun_plural, context.small_area_noun_plural
    changes = "any number of changes" if method.max_changes is None else f"at most {method.max_changes} changes"
    return [
        Definition(
            "Travel time",
            "Time from a departure minute until arrival at the destination itself: walking, waiting, riding and "
            f"changing included. Walking is at {format_number(method.walk_kmh, 1)} km/h along streets and paths; "
            "walking all the way is used where it is quicker than any vehicle. "
            f"Journeys may have {changes} and take at most {method.max_time_min} minutes.",
        ),
        Definition(
            "Departure window",
            "Travel times are computed for every minute of a window, the first included and the last excluded. The "
            "figure shown is the median; the spread shows how much it matters when one happens to leave: a quarter of "
            "the minutes are better than its lower end, a quarter are worse than its upper end.",
        ),
        Definition(
            "To the nearest",
            "At every minute the destination that is reached soonest counts. It may change from minute to minute, and "
            "the shares of minutes are given.",
        ),
        Definition(
            f"Figures of {add_article(noun)}",
            f"Means over its {small}, weighted by the people who live there, over those that have a value. Where more "
            f"than half of the people live in {small} without a value there is no mean, and the reason is given.",
        ),
        Definition(
            "No value",
            f"There is always a reason: no street within {format_integer(method.max_link_m)} metres; no journey at "
            f"all; or no journey within {method.max_time_min} minutes at half of the departure minutes. A missing "
            "value is never treated as zero; in a median it counts as longer than any other.",
        ),
        Definition(
            "Service",
            f"Vehicle runs that call within the zone of {add_article(noun)}, each counted once, over "
            f"{method.service_days} days. The zone is its outline, joined with "
            f"{format_integer(method.zone_radius_m)} metres around its centre where it is smaller than that circle, "
            f"and {format_integer(method.zone_margin_m)} metres wider. "
            f"Zones overlap, so the figures of {nouns} must not be added up.",
        ),
        Definition(
            "Change and missing data",
            "Change is reported only where the timetables of both dates cover the place. A service that vanishes "
            "together with its operator or its whole source, or that comes back later, is missing data until shown "
            "otherwise: it appears as a gap, not as a fall.",
        ),
        Definition(
            "Score",
            "Every indicator is ranked (rank 1 is the worst), the ranks are transformed exponentially as in the "
            "Indices of Deprivation, and averaged with the weights below; a higher score is worse. The "
            "rank interval shows how far a rank moves under other weights, and under other parameters where they were "
            "run. The absolute index (0 to 100, higher is "
            "better) stands on fixed anchors and may be compared over time; ranks and scores only compare within one "
            "date." + (f" {context.score_note}" if context.score_note else ""),
        ),
    ]


def build_parameter_table(context: ReportContext) -> Table:
    """Return the parameters of this run."""
    method = context.method
    rows = [
        ("Walking speed", f"{format_number(method.walk_kmh, 1)} km/h"),
        ("Longest walk to or from a stop", f"{format_integer(method.max_walk_m)} m"),
        ("Longest walk between stops", f"{format_integer(method.max_transfer_m)} m"),
        ("Longest link from a point to the streets", f"{format_integer(method.max_link_m)} m"),
        (
            "Change of vehicle",
            (
                f"{format_integer(method.interchange_s)} seconds at the same stop; walking time plus "
                f"{format_integer(method.interchange_s)} seconds elsewhere; none before the first boarding"
            ),
        ),
        ("Changes", "no limit" if method.max_changes is None else f"at most {method.max_changes}"),
        ("Longest journey", f"{method.max_time_min} minutes from door to door"),
        ("Days over which service is counted", f"{method.service_days}, beginning on a Monday"),
        *method.extra,
    ]
    return Table(
        "parameters",
        "Parameters of this run",
        (Column("Parameter", is_number=False), Column("Value", is_number=False)),
        tuple((build_text_cell(name), build_text_cell(value)) for name, value in rows),
    )


def build_window_table(context: ReportContext) -> Table:
    """Return the departure windows of this run."""
    rows = []
    for window in context.windows:
        start = window.start_s if window.return_start_s is None else window.return_start_s
        end = window.end_s if window.return_end_s is None else window.return_end_s
        rows.append(
            (
                build_text_cell(window.label),
                Cell(format_window(window.start_s, window.end_s)),
                Cell(format_window(start, end) if start != end else format_time(start)),
            )
        )
    return Table(
        "windows",
        "Departure windows",
        (Column("Window", is_number=False), Column("Leaving home"), Column("Leaving for home")),
        tuple(rows),
    )


def build_weight_table(context: ReportContext, tables: Mapping[str, pd.DataFrame]) -> Table | None:
    """Return the indicators of the score and their weights; None where the context names none.

    Parameters
    ----------
    context
        Indicators with the weights of the scoring file, which are shared out within and between domains.
    tables
        Published tables: the weights that were used, which add up to 1, stand in ``out_indicator__influence``.
    """
    if not context.indicators:
        return None
    used = _find_weights(context, tables.get("out_indicator__influence"))
    rows = tuple(
        (
            build_text_cell(capitalise(item.label)),
            Cell(format_number(item.weight, 3)) if used is None else _build_share_cell(used.get(item.key)),
        )
        for item in context.indicators
    )
    columns = (Column("Indicator", is_number=False), Column("Stated weight" if used is None else "Weight"))
    note = "" if used is None else "Weights as used at the latest date; an indicator without data there has none."
    return Table("weights", "Indicators of the connectivity score", columns, rows, note)


def _find_weights(context: ReportContext, frame: pd.DataFrame | None) -> dict[str, float] | None:
    if frame is None or frame.empty:
        return None
    key = context.latest.key if context.snapshots else frame["snapshot"].max()
    latest = frame[frame["snapshot"] == key]
    return {str(name): float(weight) for name, weight in zip(latest["indicator"], latest["weight"], strict=True)}


def _build_share_cell(weight: float | None) -> Cell:
    if weight is None:
        return Cell("not used", look="reason")
    return Cell(f"{format_number(100.0 * weight, 1)}%", sort=weight)
