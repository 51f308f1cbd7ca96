"""Which tables the workbook holds: headline figures of neighbourhoods and groups, never the huge ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.headline import RUNS, choose, find_times
from pipeline.report.tables import STATUS_LABELS, STATUS_ORDER
from pipeline.report.text import as_float, as_text, capitalise, format_time, format_window, is_null
from pipeline.report.workbook import LEGEND, Sheet, SheetColumn, Workbook, name_sheets, round_value

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import pandas as pd

    from pipeline.report.context import CategoryInfo, ReportContext
    from pipeline.report.data import ReportData

NO_DATA = "[missing data]"
REASON_MARKS = {"no_street": "[no street]", "no_route": "[no route]", "over_limit": "[over limit]"}
COVERAGE_WORDS = {"comparable": "complete", "partial": "partial data", "missing": "missing data"}
UNITS = {"s": ("minutes", 1.0 / 60.0), "h": ("hours", 1.0), "m": ("metres", 1.0)}
"""Units of measures as a reader wants them, and by what a value is multiplied."""
LOSSES = ("withdrawn", "cut_back", "shortened", "merged", "split", "missing")
SOURCE = "Inputs named on the cover; own computation."
NOTES = {
    "median": "Median over the departure minutes of the window; minutes without a journey count as longer than any "
    "other. All public transport and walking, from home to the nearest destination of the kind.",
    "runs": "Vehicle runs that call in the zone of the place, each counted once, mean over days of that kind. Zones "
    "overlap: never add them up.",
    "score": "Weighted mean of the scores of the indicators, 0 to 100; higher is worse connected. Ranks move when "
    "others do: only the absolute index may be followed over time.",
    "interval": "5th and 95th percentile of the rank under other weights, parameters and coverage.",
    "index": "0 to 100 between fixed anchors; higher is better connected.",
    "coverage": "Whether the timetables cover the place. Partial or missing data is not a loss of service.",
    "change": "Over operators whose timetables can be compared; no value where the data of one date is missing.",
    "group_median": "Median over the places of the group; for travel times a missing one counts as longest.",
    "range": "Least and greatest over all combinations of a baseline and an end.",
    "direction": "Whether all combinations agree: fell or rose; mixed: they do not; unknown: no figure.",
}


def build_about(context: ReportContext, sources: list[str]) -> tuple[str, ...]:
    """Return the sentences of the cover about the data: caveats, then the sources that must be named.

    Parameters
    ----------
    context
        Caveats and wording.
    sources
        Attributions with their licences.

    Returns
    -------
    tuple of str
        Sentences.
    """
    fictional = ("Every place, person and bus in this workbook is invented.",) if context.is_fictional else ()
    caveats = (*context.caveats, *context.service_caveats)
    return (
        *fictional,
        *(f"Caveat: {text}" for text in caveats),
        *(f"Source: {text}" for text in sources),
        f"Made with version {context.version} of the connectivity pipeline." if context.version else "",
    )


def build_workbook(report: ReportData, summary: pd.DataFrame | None, sources: list[str]) -> Workbook:
    """Return the workbook of an area with timetables.

    Parameters
    ----------
    report
        The published tables.
    summary
        ``out_group__summary``; None where it was not published.
    sources
        Attributions with their licences.

    Returns
    -------
    Workbook
        Scores, service, change, one sheet a category of destinations, groups and lost services.
    """
    context = report.context
    sheets = [_build_places(report), _build_scores(report), _build_service(report), *_build_changes(report)]
    sheets += [_build_times(report, category) for category in context.categories]
    sheets += [_build_groups(report, summary), *_build_services(report)]
    names = name_sheets([sheet.label for sheet in sheets])
    return Workbook(
        title=f"{context.subject} {context.noun_plural}, {context.area_title}",
        intro=(
            f"Headline figures of {len(report.places)} {context.noun_plural}. Every worksheet holds one table.",
            f"Unless said otherwise figures are of the timetables of {context.name_snapshot(context.latest)}.",
            "Complete tables, with every snapshot, window and percentile, are in the data package.",
            "Figures are estimates from published timetables and maps, not observations.",
        ),
        about=tuple(text for text in build_about(context, sources) if text),
        notes=NOTES,
        sheets=tuple(replace(sheet, label=name) for sheet, name in zip(sheets, names, strict=True)),
        source=SOURCE,
    )


def _list_place_columns(report: ReportData) -> tuple[SheetColumn, ...]:
    noun = capitalise(report.context.noun)
    return (SheetColumn(noun), SheetColumn("Code"), SheetColumn("Group"))


def _list_place_cells(report: ReportData) -> dict[str, tuple[object, ...]]:
    context = report.context
    return {p.code: (p.name, p.code, capitalise(context.get_group(p.group).label)) for p in report.places}


def _build_places(report: ReportData) -> Sheet:
    has_authority = any(place.authority for place in report.places)
    authority = (SheetColumn("Authority"),) if has_authority else ()
    columns = (*_list_place_columns(report), *authority, SheetColumn("People"))
    cells = _list_place_cells(report)
    rows = tuple(
        (*cells[p.code], *([p.authority] if has_authority else []), round_value(p.population, 0)) for p in report.places
    )
    title = f"{capitalise(report.context.noun_plural)} and their groups"
    return Sheet("Places", title, "Codes are of the vintage that the area file states", columns, rows)


def _index(frame: pd.DataFrame) -> dict[str, dict[str, object]]:
    return {as_text(row["neighbourhood_code"]): {str(k): v for k, v in row.items()} for row in frame.to_dict("records")}


def describe_reason(row: Mapping[str, object]) -> str:
    """Return why timetables are not complete, or the shorthand for "not applicable" where they are.

    Parameters
    ----------
    row
        With ``coverage_class`` and ``coverage_reason``.

    Returns
    -------
    str
        A reason or a shorthand.
    """
    is_complete = as_text(row["coverage_class"]) == "comparable"
    return as_text(row["coverage_reason"]) or ("[z]" if is_complete else "")


def _build_scores(report: ReportData) -> Sheet:
    rows = _index(choose(report[d.SCORE], snapshot=report.context.latest.key))
    columns = (
        *_list_place_columns(report),
        SheetColumn("People"),
        SheetColumn("Score", "0 to 100, higher is worse", "score"),
        SheetColumn("Rank", "1 is worst"),
        SheetColumn("Rank, lower end", "1 is worst", "interval"),
        SheetColumn("Rank, upper end", "1 is worst", "interval"),
        SheetColumn("Tenth", "1 is worst"),
        SheetColumn("Absolute index", "0 to 100, higher is better", "index"),
        SheetColumn("Timetables", "", "coverage"),
    )
    people = {place.code: place.population for place in report.places}
    found = []
    for code, cells in _list_place_cells(report).items():
        row = rows.get(code)
        if row is not None:
            numbers = (
                ("score", 1),
                ("rank", 1),
                ("rank_low", 1),
                ("rank_high", 1),
                ("decile", 0),
                ("absolute_index", 1),
            )
            values = [round_value(row[name], decimals) for name, decimals in numbers]
            coverage = COVERAGE_WORDS.get(as_text(row["coverage_class"]))
            found.append((*cells, round_value(people[code], 0), *values, coverage))
    found.sort(key=lambda cells: (is_null(cells[5]), cells[5] or 0, cells[1]))
    return Sheet("Scores", "Connectivity score and rank", "Worst connected first", columns, tuple(found))


def _build_service(report: ReportData) -> Sheet:
    latest = report.context.latest.key
    levels = [
        _index(choose(report[d.SERVICE_LEVEL], snapshot=latest, mode="all", day_type=day_type, band=band))
        for _, day_type, band, _ in RUNS
    ]
    columns = (
        *_list_place_columns(report),
        *(SheetColumn(f"Runs {words}", "runs a day", "runs") for _, _, _, words in RUNS),
        SheetColumn("First run on a weekday", "time of day"),
        SheetColumn("Last run on a weekday", "time of day"),
        SheetColumn("Timetables on a weekday", "", "coverage"),
    )
    found = []
    for code, cells in _list_place_cells(report).items():
        weekday = levels[0].get(code)
        if weekday is None:
            continue
        runs = [_show_runs(level.get(code)) for level in levels]
        is_known = as_text(weekday["coverage_class"]) != "missing"
        times = [
            "[z]" if is_null(weekday[name]) else format_time(as_float(weekday[name])) if is_known else NO_DATA
            for name in ("first_run_s", "last_run_s")
        ]
        found.append((*cells, *runs, *times, COVERAGE_WORDS.get(as_text(weekday["coverage_class"]))))
    legend = (LEGEND, f"{NO_DATA}: the timetables do not cover that day; not a cut.")
    return Sheet("Service", "Vehicle runs a day that call", "All modes of transport", columns, tuple(found), legend)


def _show_runs(row: Mapping[str, object] | None) -> object:
    """Return runs a day; a shorthand where the timetables do not cover the day, whatever they hold of it."""
    if row is None:
        return None
    return NO_DATA if as_text(row["coverage_class"]) == "missing" else round_value(row["runs_per_day"], 1)


def _build_changes(report: ReportData) -> list[Sheet]:
    """Return the change of weekday runs for every pair that was compared, the last first."""
    context = report.context
    known = {snapshot.key: snapshot for snapshot in context.snapshots}
    frame = choose(report[d.SERVICE_CHANGE], mode="all", day_type="weekday", band="all_day")
    columns = (
        *_list_place_columns(report),
        SheetColumn("Before", "runs a weekday", "change"),
        SheetColumn("After", "runs a weekday", "change"),
        SheetColumn("Change", "%", "change"),
        SheetColumn("Timetables", "", "coverage"),
        SheetColumn("Why not complete"),
    )
    sheets = []
    for keys in sorted({(str(a), str(b)) for a, b in zip(frame["snapshot_from"], frame["snapshot_to"], strict=True)}):
        if keys[0] not in known or keys[1] not in known:
            continue
        rows = _index(choose(frame, snapshot_from=keys[0], snapshot_to=keys[1]))
        found = [
            (
                *cells,
                round_value(row["runs_per_day_before"], 1),
                round_value(row["runs_per_day_after"], 1),
                round_value(row["change_pct"], 1),
                COVERAGE_WORDS.get(as_text(row["coverage_class"])),
                context.put_words(describe_reason(row)),
            )
            for code, cells in _list_place_cells(report).items()
            if (row := rows.get(code)) is not None
        ]
        words = f"{context.name_snapshot(known[keys[0]])} to {context.name_snapshot(known[keys[1]])}"
        sheets.append(
            Sheet(
                f"Change {keys[0]} {keys[1]}",
                f"Change in weekday runs, {words}",
                "All modes of transport",
                columns,
                tuple(found),
            )
        )
    return sheets[::-1]


def _build_times(report: ReportData, category: CategoryInfo) -> Sheet:
    """Return travel times to one category: each window now, and the first window at every earlier date."""
    context = report.context
    wanted = [(window, context.latest) for window in context.windows]
    wanted += [(context.primary_window, snapshot) for snapshot in context.snapshots[:-1]]
    columns = list(_list_place_columns(report))
    indexes = []
    for window, snapshot in wanted:
        rows = _index(find_times(report, category.key, window.key, snapshot.key))
        if rows:
            label = f"{window.label}, {format_window(window.start_s, window.end_s)}"
            if snapshot is not context.latest:
                label += f", {context.name_snapshot(snapshot)}"
            columns.append(SheetColumn(label, "minutes", "median"))
            indexes.append(rows)
    found = [
        (*cells, *(_show_time(rows.get(code)) for rows in indexes)) for code, cells in _list_place_cells(report).items()
    ]
    limit = context.method.max_time_min
    return Sheet(
        f"Time to {category.label}",
        f"Median travel time to {category.phrase}",
        "By public transport and on foot, by time of the week",
        tuple(columns),
        tuple(found) if indexes else (),
        (
            LEGEND,
            "[no street]: the place is not joined to the streets. [no route]: no journey at all.",
            f"[over limit]: no journey within {limit} minutes for at least half of the departure minutes.",
        ),
    )


def _show_time(row: Mapping[str, object] | None) -> object:
    if row is None:
        return None
    if is_null(row["travel_time_p50_s"]):
        return REASON_MARKS.get(as_text(row["reason"]))
    return round(float(str(row["travel_time_p50_s"])) / 60.0, 1)


def _find(keys: Sequence[str], key: str) -> int:
    return keys.index(key) if key in keys else len(keys)


def _build_groups(report: ReportData, frame: pd.DataFrame | None) -> Sheet:
    context = report.context
    columns = (
        SheetColumn("Group"),
        SheetColumn("Measure"),
        SheetColumn("Unit"),
        SheetColumn("Places"),
        SheetColumn("Places with a value"),
        SheetColumn("People"),
        SheetColumn("Lower quartile"),
        SheetColumn("Median", "", "group_median"),
        SheetColumn("Upper quartile"),
        SheetColumn("Mean over people"),
    )
    rows = []
    labels = {"score": "Score (higher is worse)", "absolute_index": "Absolute index (100 is best)"}
    labels |= {item.key: item.label for item in context.indicators}
    found = [] if frame is None else choose(frame, snapshot=context.latest.key).to_dict("records")
    groups, measures = [group.key for group in context.groups], list(labels)
    found = [row for row in found if as_text(row["measure"]) in labels]
    found.sort(key=lambda row: (_find(groups, as_text(row["area_group"])), _find(measures, as_text(row["measure"]))))
    for row in found:
        unit, times = UNITS.get(as_text(row["unit"]), (as_text(row["unit"]), 1.0))
        figures = [as_float(row[name]) for name in ("p25", "median", "p75", "mean_weighted")]
        rows.append(
            (
                capitalise(context.get_group(as_text(row["area_group"])).label),
                labels[as_text(row["measure"])],
                unit,
                *(round_value(row[name], 0) for name in ("n_neighbourhoods", "n_with_value", "population")),
                *(None if value is None else round_value(value * times, 2) for value in figures),
            )
        )
    return Sheet("Groups", "Comparison groups", "Every measure of the score", columns, tuple(rows))


def _build_services(report: ReportData) -> list[Sheet]:
    """Return the services that were lost or cut between the last two dates that were compared."""
    context = report.context
    known = [snapshot.key for snapshot in context.snapshots]
    frame = report[d.MATCHED_SERVICES]
    pairs = {(str(a), str(b)) for a, b in zip(frame["snapshot_from"], frame["snapshot_to"], strict=True)}
    pairs = {pair for pair in pairs if pair[0] in known and pair[1] in known}
    if not pairs:
        return []
    start, end = max(pairs, key=lambda pair: (known.index(pair[1]), known.index(pair[0])))
    records = choose(frame, snapshot_from=start, snapshot_to=end).to_dict("records")
    records = [row for row in records if row["status"] in LOSSES]
    records.sort(key=lambda row: (STATUS_ORDER.index(row["status"]), as_text(row["operator_name_before"])))
    rows = [
        (
            as_text(row["route_before"]),
            as_text(row["operator_name_before"]),
            STATUS_LABELS[row["status"]],
            *(
                "[none]" if _is_gone(row, day, when) else round_value(row[f"{day}_runs_{when}"], 1)
                for day in ("weekday", "saturday", "sunday")
                for when in ("before", "after")
            ),
            as_text(row["evidence"]),
        )
        for row in records
    ]
    days = (
        SheetColumn(f"Runs on a {day} {when}", "runs a day")
        for day in ("weekday", "Saturday", "Sunday")
        for when in ("before", "after")
    )
    columns = (
        SheetColumn("Route"),
        SheetColumn("Operator"),
        SheetColumn("What happened"),
        *days,
        SheetColumn("Evidence"),
    )
    words = " to ".join(context.name_snapshot(context.get_snapshot(key)) for key in (start, end))
    title = f"Services lost or cut, {words}"
    subtitle = "Matched by stops and number, never by identifiers"
    legend = (LEGEND, "[none] means that the service no longer runs.")
    return [Sheet("Lost services", title, subtitle, columns, tuple(rows), legend)]


def _is_gone(row: Mapping[Hashable, object], day: str, when: str) -> bool:
    """Tell whether there are no runs any more; of a kind of day that could not be judged before, that is not known."""
    is_known = not is_null(row[f"{day}_runs_before"])
    return when == "after" and as_text(row["status"]) == "withdrawn" and is_known
