"""The first page of a profile: the sentences that matter, and key numbers with their spread beside the groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.context import ALL_GROUPS
from pipeline.report.findings import describe_window
from pipeline.report.profile_change import list_losses
from pipeline.report.profile_columns import VISIT
from pipeline.report.profile_scores import compute_score_medians, count_ranked
from pipeline.report.text import (
    DAY_TYPE_LABELS,
    as_float,
    as_text,
    capitalise,
    compute_minutes,
    format_integer,
    format_minutes_long,
    format_number,
    format_pct,
    format_range_minutes,
    format_rank,
    format_rate,
    format_reason,
    format_signed_pct,
    format_time,
    join_words,
    uncapitalise,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.report.context import CategoryInfo, WindowInfo
    from pipeline.report.data import ReportData
    from pipeline.report.profile_scores import ScoreMedians
    from pipeline.report.profile_subject import Row, Subject

DAYS = ("weekday", "saturday", "sunday")
VISIT_KEY = ("visit", "begins", "mode_set")
WHOLE_PCT = 99.95

Visits = dict[tuple[str, ...], dict[str, float]]


@dataclass(frozen=True)
class Beside:
    """What every profile of a report stands beside, computed once.

    Attributes
    ----------
    medians
        Median score by snapshot and group.
    n_ranked
        How many have a rank, by snapshot.
    visits
        Shares of the minutes by snapshot, visit, begin and modes, then by neighbourhood, per cent.
    """

    medians: ScoreMedians
    n_ranked: Mapping[str, int]
    visits: Visits


def read_beside(report: ReportData) -> Beside:
    """Return what every profile of a report stands beside."""
    visits: Visits = {}
    for row in report[VISIT].to_dict("records"):
        share = as_float(row["usable_pct"])
        if share is not None:
            key = tuple(as_text(row[name]) for name in ("snapshot", *VISIT_KEY))
            visits.setdefault(key, {})[as_text(row["neighbourhood_code"])] = share
    return Beside(compute_score_medians(report), count_ranked(report), visits)


def describe_in_short(subject: Subject, beside: Beside) -> list[str]:
    """Return the sentences at the head of a profile, each only where there is something to say.

    Parameters
    ----------
    subject
        The neighbourhood.
    beside
        From :func:`read_beside`.

    Returns
    -------
    list of str
        Rank, the first destination, service, a visit, and the service whose loss counts most.
    """
    sentences = (
        _describe_rank(subject, beside),
        _describe_time(subject),
        _describe_service(subject),
        _describe_visit(subject),
        _describe_loss(subject),
    )
    return [sentence for sentence in sentences if sentence]


def _describe_rank(subject: Subject, beside: Beside) -> str:
    context, row = subject.context, subject.score
    medians, n_ranked = beside.medians.get(context.latest.key, {}), beside.n_ranked.get(context.latest.key, 0)
    rank, score = as_float(row.get("rank")), as_float(row.get("score"))
    if not row:
        return ""
    if rank is None or score is None:
        missing = format_integer(as_float(row.get("n_missing")) or 0.0)
        return f"It has no rank: {missing} of its indicators have no data."
    text = format_rank(rank, as_float(row.get("rank_low")), as_float(row.get("rank_high")))
    middle = [
        f"{format_number(median, 1)} in {label}"
        for key, label in _list_beside(subject)
        if (median := medians.get(key)) is not None
    ]
    against = f", beside {'medians' if len(middle) > 1 else 'a median'} of {join_words(middle)}" if middle else ""
    return (
        f"Rank {text} of {format_integer(n_ranked)} {context.noun_plural}, where 1 is the worst connected; its score "
        f"is {format_number(score, 1)} (higher is worse){against}."
    )


def _list_beside(subject: Subject) -> list[tuple[str, str]]:
    """Return keys and labels of its own group and of all."""
    keys = dict.fromkeys((subject.place.group, ALL_GROUPS))
    known = {group.key: group.label for group in subject.report.groups}
    return [(key, known[key]) for key in keys if key in known]


def _describe_time(subject: Subject) -> str:
    """Tell the time to the first kind of destination that has any: median, spread, the groups, the worst window."""
    context, window = subject.context, subject.context.primary_window
    for category in context.categories:
        row = find_time(subject, category, window)
        if row is None:
            continue
        seconds, what = as_float(row["travel_time_p50_s"]), capitalise(category.phrase)
        if seconds is None:
            reason = format_reason(as_text(row["reason"]), context.method.max_time_min, context.method.max_link_m)
            return f"{what}, {describe_window(window)}: {reason}{_describe_unlinked(subject, row)}."
        times = subject.facts.find_times(category.key, context.latest.key, window.key) or {}
        middle = [
            f"{format_minutes_long(median)} in {label}"
            for key, label in _list_beside(subject)
            if key in times and (median := times[key].median_s) is not None
        ]
        against = f", beside {'medians' if len(middle) > 1 else 'a median'} of {join_words(middle)}" if middle else ""
        low, high = as_float(row["travel_time_p25_s"]), as_float(row["travel_time_p75_s"])
        spread = f" ({format_range_minutes(low, high)} at half of the minutes)" if low is not None else ""
        return (
            f"{what} is {format_minutes_long(seconds)} away {describe_window(window)}{spread}{against}"
            f"{_describe_worst(subject, category, seconds)}."
        )
    return ""


def _describe_unlinked(subject: Subject, row: Row) -> str:
    """Say for how many no street is near, where it is not so for all; empty for other reasons."""
    shares = [as_float(useful["people_unlinked_pct"]) or 0.0 for useful in subject.useful.values()]
    if as_text(row["reason"]) != "no_street" or not shares or max(shares) >= WHOLE_PCT:
        return ""
    return f" of {format_pct(max(shares))} of the people, too many for a figure"


def _describe_worst(subject: Subject, category: CategoryInfo, seconds: float) -> str:
    """Tell the window in which the destination is farthest, if it is farther than in the first; empty if not."""
    context = subject.context
    found = [(window, row) for window in context.windows[1:] if (row := find_time(subject, category, window))]
    never = [window for window, row in found if as_text(row["reason"]) in {"no_route", "over_limit"}]
    if never:
        words = join_words([describe_window(window) for window in never])
        return f"; {words} it cannot be reached within {context.method.max_time_min} minutes at half of the minutes"
    known = [(value, window) for window, row in found if (value := as_float(row["travel_time_p50_s"])) is not None]
    if not known:
        return ""
    worst = max(known, key=lambda pair: pair[0])
    if compute_minutes(worst[0]) == compute_minutes(seconds) or worst[0] < seconds:
        return ""
    return f"; {describe_window(worst[1])} it is {format_minutes_long(worst[0])}"


def find_time(subject: Subject, category: CategoryInfo, window: WindowInfo) -> Row | None:
    """Return the latest travel time of a category in a window, outward by all modes; None where there is none."""
    return subject.times.get((category.key, subject.context.latest.key, window.key, "outward", "all"))


def _describe_service(subject: Subject) -> str:
    """Tell runs by day with the first and the last on a weekday, and where both dates are complete those of old."""
    context = subject.context
    words: list[str] = []
    for day in DAYS:
        row = subject.levels.get((context.latest.key, "all", day, "all_day"))
        if row is None or as_text(row["coverage_class"]) == "missing":
            continue
        runs = as_float(row["runs_per_day"]) or 0.0
        count = "none" if runs == 0 else format_rate(runs)
        if not words:
            singular = "vehicle run" if count == "1" else "vehicle runs"
            count = f"{'no' if runs == 0 else count} {singular} {'calls' if count == '1' else 'call'} here"
        text = f"{count} on a {uncapitalise(DAY_TYPE_LABELS[day])}{_describe_old(subject, day, row)}"
        first, last = as_float(row["first_run_s"]), as_float(row["last_run_s"])
        if day == "weekday" and first is not None and last is not None:
            text += f", the first at {format_time(first)} and the last at {format_time(last)}"
        words.append(text)
    return f"{capitalise('; '.join(words))}." if words else ""


def _describe_old(subject: Subject, day: str, now: Row) -> str:
    context = subject.context
    first = context.snapshots[0]
    row = subject.levels.get((first.key, "all", day, "all_day"))
    kinds = {as_text(one["coverage_class"]) for one in (now, row) if one is not None}
    if row is None or first == context.latest or kinds != {"comparable"} or context.service_caveats:
        return " (by incomplete timetables)" if as_text(now["coverage_class"]) == "partial" else ""
    before, after = as_float(row["runs_per_day"]) or 0.0, as_float(now["runs_per_day"]) or 0.0
    change = f", {format_signed_pct(100.0 * (after - before) / before)}" if before > 0 and after > 0 else ""
    is_unique = sum(snapshot.date.year == first.date.year for snapshot in context.snapshots) == 1
    when = f"in {first.date.year}" if is_unique else f"by the timetables of {context.name_snapshot(first)}"
    return f" ({format_rate(before)} {when}{change})"


def find_visits(subject: Subject, code: str) -> list[Row]:
    """Return the visits of a neighbourhood at the latest snapshot, all modes first."""
    context = subject.context
    rows = [row for row in subject.report.get_rows(VISIT, code) if row["snapshot"] == context.latest.key]
    order = {mode.key: number for number, mode in enumerate(context.modes)}

    def rank(row: Row) -> tuple[int, str, str]:
        return order.get(as_text(row["mode_set"]), len(order)), as_text(row["visit"]), as_text(row["begins"])

    return sorted(rows, key=rank)


def name_visit(subject: Subject, row: Row) -> str:
    """Say what a visit is: how long, to what, on which day."""
    phrases = {category.key: category.phrase for category in subject.context.categories}
    where = phrases.get(as_text(row["category"]), as_text(row["category"]))
    day = uncapitalise(DAY_TYPE_LABELS.get(as_text(row["day_type"]), ""))
    stay = format_integer(as_float(row["stay_min"]) or 0.0)
    return f"{stay} minutes at {where} on a {day}, beginning {as_text(row['begins']).replace('-', ' to ')}"


def _describe_visit(subject: Subject) -> str:
    rows = find_visits(subject, subject.place.code)
    if not rows:
        return ""
    share, away = as_float(rows[0]["usable_pct"]), as_float(rows[0]["time_away_p50_s"])
    if share is None:
        return ""
    least = f", away from home for {format_minutes_long(away)} at the median" if away is not None else ""
    return f"Out and back ({name_visit(subject, rows[0])}): possible at {format_pct(share)} of the minutes{least}."


def _describe_loss(subject: Subject) -> str:
    losses = list_losses(subject)
    if not losses:
        return ""
    context, found = subject.context, losses[0]
    window = next(window for window in context.windows if window.key == found.window)
    category = next(category for category in context.categories if category.key == found.category)
    start, end = (context.name_snapshot(context.get_snapshot(key)) for key in found.pair)
    return (
        f"Of the services withdrawn or changed between {start} and {end}, {found.service} counts most here: had it run "
        f"as before, journeys to {category.phrase} {describe_window(window)} would be "
        f"{format_number(found.minutes, 1)} minutes shorter on average."
    )
