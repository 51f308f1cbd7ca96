"""``connectivity config init``: from a folder of inputs to an area file that runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pipeline.base.errors import InputError, UsageError
from pipeline.cli.init_ask import Asker
from pipeline.cli.init_columns import (
    find_nation,
    has_geography,
    list_codes,
    list_text,
)
from pipeline.cli.init_content import FoundArea, build_content
from pipeline.cli.init_crs import StreetMap, choose_area_crs, find_location, read_street_map
from pipeline.cli.init_editions import drop_twins, explain_grouping, explain_twins, group_timetables
from pipeline.cli.init_files import FoundTable
from pipeline.cli.init_inputs import (
    Draft,
    Inputs,
    Wanted,
    describe_path,
    find_inputs,
    propose_name,
    split_assignment,
)
from pipeline.cli.init_places import (
    Candidate,
    build_candidate,
    build_membership,
    is_named_after_file,
    list_destinations,
)
from pipeline.cli.init_timetables import (
    FoundSnapshot,
    FoundTimetable,
    choose_day,
    list_timetable_hints,
    name_snapshots,
    read_found_timetable,
)
from pipeline.places.read_points import get_crs


def draft_area(wanted: Wanted, asker: Asker, draft: Draft | None = None) -> Draft:
    """Decide what an area file should say.

    Parameters
    ----------
    wanted
        What was asked for.
    asker
        Asks a person, or refuses what only a person can decide.
    draft
        Where to collect decisions and hints, so that they are known also where something is refused.

    Returns
    -------
    Draft
        Content, decisions and hints.

    Raises
    ------
    UsageError
        If something cannot be decided; the cure names the option that decides it.
    InputError
        If an input that was named cannot be used.
    """
    draft = draft or Draft()
    inputs = find_inputs(wanted, draft)
    name = wanted.name or asker.ask("Name of the area (letters, digits, - and _)", propose_name(inputs.data))
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise UsageError(
            f"'{name}' is no name for an area.", field="--name", cure="Use letters, digits, '-' and '_', as my_town."
        )
    title = wanted.title or asker.ask("Title of the report", name.replace("_", " ").replace("-", " ").title())
    osm = _choose_streets(wanted, asker, inputs)
    streets = read_street_map(osm)
    draft.decisions["streets"] = f"{osm.name}: {streets.describe()}"
    nation = wanted.nation or find_nation(c for t in inputs.tables for col in list_codes(t) for c in list_text(t, col))
    timetables = _read_timetables(wanted, inputs, streets, nation, draft)
    zones = sorted({t.timezone for _, t in timetables})
    timezone = _choose_timezone(wanted, asker, zones)
    crs = _choose_crs(wanted, inputs, streets, set(zones), draft)
    candidates = _list_candidates(inputs, streets, crs, draft)
    small = _choose_small_areas(wanted, asker, inputs, candidates)
    inside = FoundTable(small.table.path, small.table.frame[small.located.inside])
    nation = wanted.nation or find_nation(list_text(inside, small.code))
    snapshots = _build_snapshots(timetables, nation, draft, asker)
    destinations = _choose_destinations(wanted, asker, inputs, candidates, small, draft)
    tables = [t for t in inputs.tables if not _is_destination_only(t, destinations, inputs.data)]
    membership = build_membership(
        small,
        tables,
        inputs.data,
        lookup=inputs.get_table(wanted.lookup) if wanted.lookup else None,
        boundaries=inputs.get_table(wanted.boundaries) if wanted.boundaries else None,
    )
    found = FoundArea(name, title, inputs.data, crs, timezone, osm, nation, small, membership, tables)
    build_content(
        found,
        destinations,
        snapshots,
        draft,
        asker,
        is_sure=wanted.is_sure,
        accept=(wanted.accept or "").strip() or None,
    )
    draft.hints[:] = dict.fromkeys(draft.hints)  # a file may stand in two snapshots
    return draft


def _choose_streets(wanted: Wanted, asker: Asker, inputs: Inputs) -> Path:
    return wanted.osm or asker.pick(
        "the street extract (OpenStreetMap, .osm.pbf)",
        inputs.files.get("streets", []),
        "--osm",
        cure="Without streets nobody can walk to a stop. Geofabrik publishes extracts of every region; cut yours to "
        "the area with `osmium extract --bbox WEST,SOUTH,EAST,NORTH`, and put it beside the timetables.",
    )


def _choose_timezone(wanted: Wanted, asker: Asker, zones: list[str]) -> str:
    """Return the time zone that was stated, if there is such a one, else that of the timetables."""
    if wanted.timezone is None:
        return asker.pick("the time zone", zones, "--timezone")
    if wanted.timezone not in available_timezones():
        raise UsageError(
            f"There is no time zone '{wanted.timezone}'.", field="--timezone", cure="Name one such as Europe/London."
        )
    return wanted.timezone


def _choose_crs(wanted: Wanted, inputs: Inputs, streets: StreetMap, zones: set[str], draft: Draft) -> str:
    """Choose the area's coordinate system, which must be in metres."""
    crs, why = (wanted.crs, "as stated") if wanted.crs else choose_area_crs(streets, zones, inputs.tables)
    if not get_crs(crs).is_projected:
        raise UsageError(
            f"The area's coordinate system must be in metres; {crs} is in degrees.",
            field="--crs",
            cure="Give a projected one, such as EPSG:27700; files in degrees are recognised without it.",
        )
    draft.decisions["crs"] = f"{crs}: {why}"
    return crs


def _read_timetables(
    wanted: Wanted, inputs: Inputs, streets: StreetMap, nation: str | None, draft: Draft
) -> list[tuple[str | None, FoundTimetable]]:
    """Read the timetables that were named, or those of the folder that have a stop in the area."""
    naptan = wanted.naptan or next(iter(inputs.files.get("naptan", [])), None)
    given = [split_assignment(text) for text in wanted.timetables]
    found: list[tuple[str | None, FoundTimetable]] = []
    for name, path in given or [(None, path) for path in inputs.files.get("timetable", [])]:
        try:
            timetable = read_found_timetable(path, naptan=naptan, nation=nation)
        except InputError as error:
            if given:
                raise
            draft.hints.append(f"{describe_path(path, inputs.data)} is left out: {error.what}")
            continue
        near = streets.find_inside(timetable.stops["lon"].to_numpy(), timetable.stops["lat"].to_numpy())
        pct = 100 * float(near.mean()) if near.size else 0.0
        if pct == 0 and not given:
            draft.hints.append(
                f"{describe_path(path, inputs.data)} is left out: none of its stops lies on the streets."
            )
            continue
        if pct < 90:
            draft.hints.append(
                f"{path.name}: {pct:.0f} % of its {near.size:,} stops lie on the street extract; others can be ridden "
                "through but not walked to."
            )
        found.append((name, timetable))
    if not found:
        raise UsageError(
            "No timetable was found that serves the streets.",
            field="--timetable",
            cure="Name one with --timetable FILE: GTFS, TransXChange or ATCO-CIF of the region of the street extract.",
        )
    return found


def _build_snapshots(
    timetables: list[tuple[str | None, FoundTimetable]], nation: str | None, draft: Draft, asker: Asker
) -> list[FoundSnapshot]:
    named: dict[str, list[FoundTimetable]] = {}
    for name, timetable in timetables:
        if name:
            named.setdefault(name, []).append(timetable)
    kept, gone = drop_twins([t for name, t in timetables if not name], asker)
    snapshots = group_timetables(kept)
    snapshots += [FoundSnapshot(members, id=name) for name, members in named.items()]
    for snapshot in snapshots:
        snapshot.day, snapshot.why = choose_day(snapshot, nation=nation)
    name_snapshots(snapshots)
    draft.decisions["snapshots"] = f"{len(snapshots)}, as named" if named else explain_grouping(snapshots)
    draft.hints += [*explain_twins(gone, snapshots), *list_timetable_hints(snapshots)]
    return snapshots


def _list_candidates(inputs: Inputs, streets: StreetMap, crs: str, draft: Draft) -> list[Candidate]:
    """List the tables whose rows lie somewhere and can be told apart."""
    candidates = []
    for table in inputs.tables:
        name = describe_path(table.path, inputs.data)
        try:
            located = find_location(table, streets, crs)
        except InputError as error:
            draft.hints.append(f"{name} is left out: {error.what}")
            continue
        if located is None:
            continue
        candidate = build_candidate(table, located)
        if candidate is None:
            draft.hints.append(f"{name} is left out: no column tells its rows apart (a code, or a name).")
            continue
        candidates.append(candidate)
    return candidates


def _choose_small_areas(wanted: Wanted, asker: Asker, inputs: Inputs, candidates: list[Candidate]) -> Candidate:
    if wanted.small_areas is not None:
        given = wanted.small_areas.resolve()
        chosen = next((c for c in candidates if c.table.path.resolve() == given), None)
        if chosen is None:
            columns = ", ".join(inputs.get_table(wanted.small_areas).columns)
            raise InputError(
                "These small areas cannot be used: they need a column that tells them apart and a place for each.",
                file=wanted.small_areas,
                row=1,
                cure=f"Columns found: {columns}. Name them code, lon and lat (or easting and northing).",
            )
        return chosen
    likely = [c for c in candidates if c.score > 0]
    best = max((c.score for c in likely), default=0)
    likely = [c for c in likely if c.score == best]
    used = {split_assignment(text)[1].resolve() for text in wanted.destinations}
    others = [c.table.path for c in candidates if c.located.inside.any() and c.table.path.resolve() not in used]
    is_clear = bool(used) or asker.is_interactive
    names = [c.table.path for c in likely] or (others if is_clear else [])
    chosen_path = asker.pick("the small areas (points where journeys begin)", names, "--small-areas")
    return next(c for c in candidates if c.table.path == chosen_path)


def _choose_destinations(
    wanted: Wanted, asker: Asker, inputs: Inputs, candidates: list[Candidate], small: Candidate, draft: Draft
) -> list[dict[str, Any]]:
    chosen: list[dict[str, Any]] = []
    for text in wanted.destinations:
        category, path = split_assignment(text)
        inputs.get_table(path)
        found = next((c for c in candidates if c.table.path.resolve() == path.resolve()), None)
        if found is None:
            raise InputError(
                "These destinations cannot be used: they need a column that tells them apart and a place for each.",
                file=path,
                row=1,
                cure="Name the columns id, name, lon and lat (or easting and northing).",
            )
        entries = list_destinations(found, inputs.data, category=category)
        chosen += entries if category else _name_places(found, entries, asker, draft)
    if not chosen:
        others = [c for c in candidates if c is not small and not c.table.is_polygons and c.score < 3]
        for candidate in [*others, small]:
            if candidate is small and not _has_weights(small, inputs.data):
                continue
            if not candidate.located.inside.any():
                where = describe_path(candidate.table.path, inputs.data)
                draft.hints.append(f"{where} is left out: none of its places lies on the streets.")
                continue
            entries = list_destinations(candidate, inputs.data)
            entries = [e for e in entries if asker.confirm(f"Use {e['path']} as destinations '{e['category']}'?")]
            chosen += _name_places(candidate, entries, asker, draft)
            if entries and (flags := list(candidate.table.frame.select_dtypes("bool").columns)):
                names = ", ".join(map(str, flags))
                draft.hints.append(
                    f"{entries[0]['path']} has columns of true and false ({names}): all rows count, "
                    f"unless where: {{{flags[0]}: true}} keeps some."
                )
    if not chosen:
        raise UsageError(
            "No destinations were found.",
            field="--destinations",
            cure="Name a table of places, such as --destinations hospitals=hospitals.csv.",
        )
    return chosen


def _name_places(
    candidate: Candidate, entries: list[dict[str, Any]], asker: Asker, draft: Draft
) -> list[dict[str, Any]]:
    """Let a person say what places are of which the table does not; say how to name them where nobody is there."""
    if not entries or not is_named_after_file(candidate):
        return entries
    (entry,) = entries
    one = asker.ask(f"What is one of the places of {entry['path']} called", entry["label"])
    if one != entry["label"]:
        return [{**entry, "label": one, "plural": asker.ask("And several", f"{one}s")}]
    if asker.is_interactive:
        return entries
    draft.hints.append(
        f"{entry['path']} does not say what its places are, so they are called '{one}' after the file. Name them: "
        f"--destinations NAME={entry['path']}, or category:, label: (one) and plural: (several) in the area file."
    )
    return entries


def _has_weights(small: Candidate, data: Path) -> bool:
    return any("weight" in entry for entry in list_destinations(small, data))


def _is_destination_only(table: FoundTable, destinations: list[dict[str, Any]], data: Path) -> bool:
    """Say whether a table is used for destinations and can be nothing else."""
    is_used = describe_path(table.path, data) in {entry["path"] for entry in destinations}
    return is_used and not table.is_polygons and not any(has_geography(c) for c in table.columns)
