"""Scores of a profile: rank with its interval, beside the groups, what it is made of, peers, other parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.data import compute_median
from pipeline.report.profile_charts import (
    GroupBox,
    Part,
    build_parts_figure,
    build_rank_figure,
    build_score_figure,
)
from pipeline.report.profile_columns import COMPARISON, GROUP_SUMMARY, INFLUENCE, PEERS, SENSITIVITY, VARIANTS
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    format_integer,
    format_number,
    format_pct,
    format_quantity,
    format_rank,
    format_rank_of,
    format_reason,
    join_words,
)

if TYPE_CHECKING:
    from pipeline.report.context import IndicatorInfo
    from pipeline.report.data import ReportData
    from pipeline.report.profile_figure import Figure
    from pipeline.report.profile_subject import Row, Subject

COMPARED = (
    ("all", "all"),
    ("group", "its group"),
    ("authority", "its authority"),
    ("rurality", "same rural or urban class"),
    ("peers", "peers in deprivation"),
)
TOTALS = {"score": "Score (higher is worse)", "absolute_index": "Absolute index (100 is best)"}

MAX_PEERS = 10

ScoreMedians = dict[str, dict[str, float | None]]


def compute_score_medians(report: ReportData) -> ScoreMedians:
    """Return the median score of every group at every snapshot."""
    found: ScoreMedians = {}
    for snapshot, part in report[d.SCORE].groupby("snapshot", sort=True):
        values = {
            str(code): as_float(score) for code, score in zip(part["neighbourhood_code"], part["score"], strict=True)
        }
        found[str(snapshot)] = {
            group.key: compute_median(
                [v for place in report.get_members(group.key) if (v := values.get(place.code)) is not None]
            )
            for group in report.groups
        }
    return found


def count_ranked(report: ReportData) -> dict[str, int]:
    """Return how many neighbourhoods have a rank, by snapshot."""
    frame = report[d.SCORE]
    return {str(snapshot): int(part["rank"].notna().sum()) for snapshot, part in frame.groupby("snapshot", sort=True)}


def describe_stability(row: Row) -> str:
    """Say how sure the tenth of a place is; empty where it is not known."""
    share, low, high = (as_float(row.get(name)) for name in ("decile_share_pct", "decile_low", "decile_high"))
    decile = as_float(row.get("decile"))
    if decile is None or share is None or low is None or high is None:
        return ""
    if low == high:
        return f"It stays in tenth {decile:.0f} (1 is the worst) in nearly every draw of other weights and parameters."
    return (
        f"Its tenth is not stable: tenth {decile:.0f} (1 is the worst) in {format_pct(share)} of the draws of other "
        f"weights and parameters, tenths {low:.0f} to {high:.0f} within the interval."
    )


def build_rank_chart(subject: Subject, n_ranked: int) -> Figure | None:
    """Return the rank with its interval; None without one."""
    row = subject.score
    rank, low, high = (as_float(row.get(name)) for name in ("rank", "rank_low", "rank_high"))
    if rank is None:
        return None
    text = format_rank(rank, low, high)
    headline = f"{subject.place.name} ranks {text} of {format_integer(n_ranked)}, where 1 is the worst connected"
    return build_rank_figure(subject.place.name, rank, low, high, n=n_ranked, when=subject.when, headline=headline)


def build_score_chart(subject: Subject) -> Figure | None:
    """Return the score beside medians and quartiles of the groups; None where either was not published."""
    context, report = subject.context, subject.report
    score = as_float(subject.score.get("score"))
    summary = report[GROUP_SUMMARY]
    mine = summary[(summary["snapshot"] == context.latest.key) & (summary["measure"] == "score")]
    found = {as_text(row["area_group"]): row for row in mine.to_dict("records")}
    boxes = []
    for group in report.groups:
        row = found.get(group.key)
        if row is not None:
            p25, median, p75 = (as_float(row[name]) for name in ("p25", "median", "p75"))
            boxes.append(GroupBox(group.label, p25, median, p75, group.key == subject.place.group))
    if score is None or not boxes:
        return None
    own = next((box for box in boxes if box.is_own), boxes[-1])
    if own.median is None:
        headline = f"Score of {subject.place.name}: {format_number(score, 1)}"
    else:
        shown, middle = format_number(score, 1), format_number(own.median, 1)
        side = "as well as" if shown == middle else "worse than" if score > own.median else "better than"
        headline = f"{subject.place.name} is connected {side} the median of {own.label}: score {shown} against {middle}"
    return build_score_figure(subject.place.name, score, boxes, when=subject.when, headline=headline)


def list_parts(subject: Subject) -> list[Part]:
    """Return what each indicator adds to the score at the latest snapshot.

    The score is the mean of the points of the indicators with data, weighted; a part is weight times points over the
    sum of the weights of those indicators, so that the parts add up to the score.
    """
    key = subject.context.latest.key
    frame = subject.report[INFLUENCE]
    weights = {
        as_text(row["indicator"]): as_float(row["weight"]) or 0.0
        for row in frame[frame["snapshot"] == key].to_dict("records")
    }
    rows = {as_text(row["indicator"]): row for row in _get_indicators(subject)}
    infos = {item.key: item for item in subject.context.indicators}
    known = {name: row for name, row in rows.items() if as_float(row["score"]) is not None and weights.get(name)}
    total = sum(weights[name] for name in known)
    parts = []
    for name, row in rows.items():
        if not weights.get(name):
            continue
        item = infos.get(name)
        points = as_float(row["score"])
        parts.append(
            Part(
                item.label if item else name.replace("_", " "),
                format_quantity(as_float(row["value"]), item.unit if item else ""),
                None if points is None or total <= 0 else weights[name] * points / total,
                100.0 * weights[name] / total if total > 0 else 0.0,
            )
        )
    return parts


def build_parts_chart(subject: Subject) -> Figure | None:
    """Return what each indicator adds to the score; None without scores and weights."""
    parts = list_parts(subject)
    if as_float(subject.score.get("score")) is None or all(part.points is None for part in parts):
        return None
    return build_parts_figure(subject.place.name, parts, when=subject.when)


def _get_indicators(subject: Subject) -> list[Row]:
    order = {item.key: number for number, item in enumerate(subject.context.indicators)}
    latest = subject.context.latest.key
    records = [row for row in subject.report.get_rows(d.INDICATOR, subject.place.code) if row["snapshot"] == latest]
    return sorted(
        records, key=lambda row: (order.get(as_text(row["indicator"]), len(order)), as_text(row["indicator"]))
    )


def build_scores(subject: Subject, all_medians: ScoreMedians) -> Table | None:
    """Return score, rank with its interval and tenth by snapshot beside the groups; None without scores."""
    context = subject.context
    rows = []
    for snapshot in context.snapshots:
        row = subject.scores.get(snapshot.key)
        if row is None:
            continue
        medians = all_medians.get(snapshot.key, {})
        coverage = as_text(row["coverage_class"])
        rows.append(
            (
                build_text_cell(context.name_snapshot(snapshot)),
                Cell(format_number(as_float(row["score"]), 1), look="" if coverage == "comparable" else "partial"),
                Cell(format_rank(*(as_float(row[c]) for c in ("rank", "rank_low", "rank_high")))),
                _build_decile_cell(row),
                Cell(format_number(as_float(row["absolute_index"]), 1)),
                *(Cell(format_number(medians.get(group.key), 1)) for group in subject.report.groups),
            )
        )
    if not rows:
        return None
    return Table(
        "scores",
        "Connectivity score (higher is worse), rank (1 is worst) with its interval, and the medians of the groups",
        (
            Column("Timetables of", is_number=False),
            Column("Score"),
            Column("Rank (interval)"),
            Column("Tenth, 1 = worst (share of draws)"),
            Column("Absolute index (100 = best)"),
            *(Column(f"Median score, {group.label}") for group in subject.report.groups),
        ),
        tuple(rows),
        "The interval shows how far the rank moves under other weights, parameters and coverage; the share of draws "
        "says how often the place lies in its tenth. Only the absolute index may be followed over time: ranks move "
        "when others move.",
    )


def _build_decile_cell(row: Row) -> Cell:
    decile, share = as_float(row["decile"]), as_float(row.get("decile_share_pct"))
    text = format_number(decile)
    return Cell(text if decile is None or share is None else f"{text} ({format_pct(share)})")


def build_indicators(subject: Subject) -> Table | None:
    """Return the indicators with value, rank, points, part of the score and influence; None without indicators."""
    context = subject.context
    labels = {item.key: item for item in context.indicators}
    frame = subject.report[INFLUENCE]
    influence = {as_text(r["indicator"]): r for r in frame[frame["snapshot"] == context.latest.key].to_dict("records")}
    parts = {part.label: part for part in list_parts(subject)}
    rows = []
    for row in _get_indicators(subject):
        key = as_text(row["indicator"])
        item = labels.get(key)
        label = item.label if item else key.replace("_", " ")
        part, moved = parts.get(label), influence.get(key)
        rows.append(
            (
                build_text_cell(label),
                _build_value_cell(subject, row, item),
                Cell(format_rank_of(as_float(row["rank"]), as_float(row["n_ranked"])), sort=as_float(row["rank"])),
                Cell(format_number(as_float(row["score"]), 1)),
                Cell(format_number(part.points if part else None, 1)),
                Cell(format_number(as_float(moved["rank_change_p50"]) if moved else None, 1)),
            )
        )
    if not rows:
        return None
    return Table(
        "indicators",
        f"What the score is made of, {subject.when}",
        (
            Column("Indicator", is_number=False),
            Column("Value"),
            Column("Rank of those with a value, 1 = worst"),
            Column("Points"),
            Column("Part of the score"),
            Column(f"Places by which ranks of {context.noun_plural} move without it, median"),
        ),
        tuple(rows),
        "The parts add up to the score. Ties share the middle of their ranks. The last column tells how much the whole "
        "ranking hangs on the indicator.",
    )


def _build_value_cell(subject: Subject, row: Row, item: IndicatorInfo | None) -> Cell:
    value, method = as_float(row["value"]), subject.context.method
    if value is not None:
        return Cell(format_quantity(value, item.unit if item else ""))
    reason = as_text(row["reason"])
    words = format_reason(reason, method.max_time_min, method.max_link_m)
    if reason and words == format_reason("", method.max_time_min):
        words = reason.replace("_", " ")
    return Cell(words, look="reason")


def build_comparison(subject: Subject) -> Table | None:
    """Return every measure beside the medians of those with whom the place is fairly compared; None without."""
    context = subject.context
    infos = {item.key: item for item in context.indicators}
    latest = context.latest.key
    rows = [row for row in subject.report.get_rows(COMPARISON, subject.place.code) if row["snapshot"] == latest]
    found = {as_text(row["measure"]): row for row in rows}
    shown = [(name, words) for name, words in COMPARED if any((as_float(row[f"n_{name}"]) or 0.0) > 0 for row in rows)]
    if not shown:
        return None
    lines = []
    for key in [*TOTALS, *(item.key for item in context.indicators)]:
        row = found.get(key)
        if row is None:
            continue
        unit = "" if key in TOTALS else infos[key].unit
        values = [as_float(row["value"]), *(as_float(row[f"median_{name}"]) for name, _ in shown)]
        texts = [format_number(v, 1) if key in TOTALS else format_quantity(v, unit) for v in values]
        lines.append((build_text_cell(TOTALS.get(key) or infos[key].label), *(Cell(text) for text in texts)))
    words = [f"{text} {max(int(as_float(row[f'n_{name}']) or 0) for row in rows)}" for name, text in shown]
    return Table(
        "comparison",
        f"{subject.place.name} beside fair comparisons, medians, {subject.when}",
        (
            Column("Measure", is_number=False),
            Column(subject.place.name),
            *(Column(f"Median, {text}") for _, text in shown),
        ),
        tuple(lines),
        f"Compared with at most: {join_words(words)} {context.noun_plural}.",
    )


def build_peers(subject: Subject, *, has_pages: bool) -> Table | None:
    """Return the peers, nearest in deprivation within the same rural or urban class; None where none were found."""
    report = subject.report
    rows = sorted(report.get_rows(PEERS, subject.place.code), key=lambda row: as_float(row["peer_number"]) or 0.0)
    latest = subject.context.latest.key
    lines = []
    for row in rows[:MAX_PEERS]:
        at = report.position.get(as_text(row["peer_code"]))
        if at is None:
            continue
        peer = report.places[at]
        scores = [r for r in report.get_rows(d.SCORE, peer.code) if r["snapshot"] == latest]
        score = scores[0] if scores else {}
        lines.append(
            (
                build_text_cell(peer.name, href=f"{peer.page}.html" if has_pages else ""),
                Cell(format_number(as_float(score.get("score")), 1)),
                Cell(format_rank(*(as_float(score.get(name)) for name in ("rank", "rank_low", "rank_high")))),
                Cell(format_number(as_float(score.get("absolute_index")), 1)),
            )
        )
    if not lines:
        return None
    return Table(
        "peers",
        "Peers: nearest in deprivation within the same rural or urban class",
        (
            Column(capitalise(subject.context.noun), is_number=False),
            Column("Score"),
            Column("Rank (interval)"),
            Column("Absolute index (100 = best)"),
        ),
        tuple(lines),
    )


def build_sensitivity(subject: Subject) -> Table | None:
    """Return figures under other parameters, where travel times were computed again; None where they were not."""
    context = subject.context
    infos = {item.key: item for item in context.indicators}
    latest = context.latest.key
    rows = [r for r in subject.report.get_rows(SENSITIVITY, subject.place.code) if r["snapshot"] == latest]
    settings = _describe_variants(subject)
    rows.sort(key=lambda row: (as_text(row["variant"]), row["measure"] != "score", as_text(row["measure"])))
    lines = []
    for row in rows:
        key = as_text(row["measure"])
        unit = infos[key].unit if key in infos else ""
        values = [as_float(row[name]) for name in ("value_stated", "value_varied")]
        texts = [format_number(value, 1) if key == "score" else format_quantity(value, unit) for value in values]
        variant = as_text(row["variant"])
        lines.append(
            (
                build_text_cell(settings.get(variant, variant), look="words"),
                build_text_cell(TOTALS[key] if key in TOTALS else infos[key].label if key in infos else key),
                *(Cell(text) for text in texts),
                *(Cell(format_number(as_float(row[name]))) for name in ("rank_stated", "rank_varied")),
            )
        )
    if not lines:
        return None
    return Table(
        "sensitivity",
        f"The same under other parameters: all travel times computed again, {subject.when}",
        (
            Column("What differs", is_number=False),
            Column("Measure", is_number=False),
            Column("As stated"),
            Column("Under the other parameter"),
            Column("Rank as stated"),
            Column("Rank under it"),
        ),
        tuple(lines),
    )


def _describe_variants(subject: Subject) -> dict[str, str]:
    words: dict[str, list[str]] = {}
    for row in subject.report[VARIANTS].to_dict("records"):
        parameter, stated, varied = (as_text(row[name]) for name in ("parameter", "stated", "varied"))
        words.setdefault(as_text(row["variant"]), []).append(f"{parameter} {varied} instead of {stated}")
    return {name: f"{name.replace('_', ' ')}: {'; '.join(parts)}" for name, parts in words.items()}
