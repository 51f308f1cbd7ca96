"""``connectivity config init``: from a folder of inputs to an area file that runs."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from pipeline.base.errors import InputError, UsageError
from pipeline.cli.init_ask import Asker
from pipeline.cli.init_columns import (
    find_code,
    find_nation,
    find_population,
    find_words,
    has_geography,
    list_codes,
    list_text,
)
from pipeline.cli.init_crs import StreetMap, choose_area_crs, find_joined, find_location, read_street_map
from pipeline.cli.init_files import FoundTable
from pipeline.cli.init_inputs import (
    Draft,
    Inputs,
    Wanted,
    describe_folder,
    describe_path,
    find_inputs,
    propose_name,
    split_assignment,
)
from pipeline.cli.init_places import (
    Candidate,
    Membership,
    build_membership,
    describe_points,
    find_deprivation,
    find_population_source,
    list_destinations,
)
from pipeline.cli.init_timetables import (
    FoundSnapshot,
    FoundTimetable,
    choose_day,
    group_timetables,
    has_service,
    list_losses,
    list_timetable_hints,
    name_snapshots,
    read_found_timetable,
)
from pipeline.places.read_points import get_crs
from pipeline.places.read_table import to_text

T = TypeVar("T")
MARGIN_PCT = 0.5
"""By so much fewer neighbourhoods may join the streets in one snapshot than with the stops of all."""


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
    osm = wanted.osm or asker.pick(
        "the street extract (OpenStreetMap, .osm.pbf)",
        inputs.files.get("streets", []),
        "--osm",
        cure="Extracts of any region are published by those who mirror OpenStreetMap.",
    )
    streets = read_street_map(osm)
    draft.decisions["streets"] = f"{osm.name}: {streets.describe()}"
    nation = wanted.nation or find_nation(c for t in inputs.tables for col in list_codes(t) for c in list_text(t, col))
    timetables = _read_timetables(wanted, inputs, streets, nation, draft)
    zones = sorted({t.timezone for _, t in timetables})
    timezone = wanted.timezone or asker.pick("the time zone", zones, "--timezone")
    crs, why = choose_area_crs(streets, set(zones), inputs.tables)
    if wanted.crs:
        crs, why = wanted.crs, "as stated"
    if not get_crs(crs).is_projected:
        raise UsageError(
            f"The area's coordinate system must be in metres; {crs} is in degrees.",
            field="--crs",
            cure="Give a projected one, such as EPSG:27700; files in degrees are recognised without it.",
        )
    draft.decisions["crs"] = f"{crs}: {why}"
    candidates = _list_candidates(inputs, streets, crs, draft)
    small = _choose_small_areas(wanted, asker, inputs, candidates)
    codes = list_text(small.table, small.code)
    nation = wanted.nation or find_nation(codes)
    snapshots = _build_snapshots(timetables, nation, draft)
    destinations = _choose_destinations(wanted, asker, inputs, candidates, small, draft)
    tables = [t for t in inputs.tables if not _is_destination_only(t, destinations, inputs.data)]
    membership = build_membership(
        small,
        tables,
        inputs.data,
        lookup=inputs.get_table(wanted.lookup) if wanted.lookup else None,
        boundaries=inputs.get_table(wanted.boundaries) if wanted.boundaries else None,
    )
    draft.decisions["neighbourhoods"] = "; ".join(membership.why)
    draft.content = {"name": name, "title": title, "data": describe_folder(inputs.data), "crs": crs}
    draft.content |= {"timezone": timezone}
    if words := find_words(_get_neighbourhood_code(small, membership)):
        draft.content["words"] = words
    draft.content["streets"] = {
        "path": describe_path(osm, inputs.data),
        "licence": "ODbL 1.0",
        "attribution": "© OpenStreetMap contributors",
    }
    draft.content["small_areas"] = _describe_small_areas(small, membership, tables, inputs.data, draft)
    places = find_deprivation(membership, small, tables, inputs.data)
    parts = {"names": membership.names, "boundaries": membership.boundaries, **places}
    if any(parts.values()):
        draft.content["neighbourhoods"] = {key: value for key, value in parts.items() if value}
    draft.content["destinations"] = destinations
    draft.content["snapshots"] = [_describe_snapshot(s, inputs.data, nation) for s in snapshots]
    draft.snapshots = snapshots
    if accepted := _list_accepted(snapshots, asker, draft, is_sure=wanted.is_sure):
        draft.content["accepted"] = accepted
    if nation:
        draft.content["calendar"] = {"nation": nation}
        draft.decisions["calendar"] = f"bank holidays and usual school terms of {nation.replace('_', ' ').title()}"
    settings = _build_settings(small, membership, snapshots, osm, draft)
    if settings:
        draft.content["settings"] = settings
    return draft


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
    timetables: list[tuple[str | None, FoundTimetable]], nation: str | None, draft: Draft
) -> list[FoundSnapshot]:
    named: dict[str, list[FoundTimetable]] = {}
    for name, timetable in timetables:
        if name:
            named.setdefault(name, []).append(timetable)
    snapshots = group_timetables([t for name, t in timetables if not name])
    snapshots += [FoundSnapshot(members, id=name) for name, members in named.items()]
    for snapshot in snapshots:
        snapshot.day, snapshot.why = choose_day(snapshot, nation=nation)
    name_snapshots(snapshots)
    draft.hints += list_timetable_hints(snapshots)
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
        code = find_code(table)
        if code is None:
            draft.hints.append(
                f"{name} is left out: no column tells its rows apart (a code, or a name without repeats)."
            )
            continue
        candidates.append(Candidate(table, located, code, find_population(table)))
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
        chosen += list_destinations(found, inputs.data, category=category)
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
            chosen += [e for e in entries if asker.confirm(f"{e['path']}: destinations '{e['category']}'?")]
    if not chosen:
        raise UsageError(
            "No destinations were found.",
            field="--destinations",
            cure="Name a table of places, such as --destinations hospitals=hospitals.csv.",
        )
    return chosen


def _has_weights(small: Candidate, data: Path) -> bool:
    return any("weight" in entry for entry in list_destinations(small, data))


def _is_destination_only(table: FoundTable, destinations: list[dict[str, Any]], data: Path) -> bool:
    """Say whether a table is used for destinations and can be nothing else."""
    is_used = describe_path(table.path, data) in {entry["path"] for entry in destinations}
    return is_used and not table.is_polygons and not any(has_geography(c) for c in table.columns)


def _get_neighbourhood_code(small: Candidate, membership: Membership) -> str:
    """Return the column that holds the codes of neighbourhoods."""
    if membership.lookup:
        return str(membership.lookup["neighbourhood"])
    is_theirs = membership.boundaries.get("level") == "neighbourhood"
    return str(membership.boundaries["code"]) if is_theirs else small.code


def _describe_small_areas(
    small: Candidate, membership: Membership, tables: list[FoundTable], data: Path, draft: Draft
) -> dict[str, Any]:
    content = describe_points(small, data)
    n, inside = len(small.table.frame), 100 * float(small.located.inside.mean())
    draft.decisions["small_areas"] = f"{n:,} of {content['path']}, column {small.code}; {small.located.why}"
    if inside < 100:
        advice = "; cut the file down to your area, or use a larger extract" if inside < 50 else ""
        draft.hints.append(f"{inside:.0f} % of the {n:,} small areas lie on the street extract{advice}.")
    if small.population is not None:
        content["population_column"] = small.population
    elif (population := find_population_source(membership, small, tables, data)) is not None:
        content["population"] = population
    else:
        draft.hints.append(
            "No population was found: small areas count alike within a neighbourhood, and means over people stay empty."
        )
    if membership.lookup:
        content["lookup"] = membership.lookup
    return content


def _describe_snapshot(snapshot: FoundSnapshot, data: Path, nation: str | None) -> dict[str, Any]:
    feeds = []
    for key, timetable in zip(snapshot.keys, snapshot.timetables, strict=True):
        feed: dict[str, Any] = {"key": key, "path": describe_path(timetable.path, data)}
        if timetable.format != "gtfs":
            feed["format"] = timetable.format
            feed |= {"nation": nation} if nation else {}
        if timetable.naptan is not None:
            feed["naptan"] = describe_path(timetable.naptan, data)
        feeds.append({**feed, "licence": "", "attribution": ""})
    return {"id": snapshot.id, "date": snapshot.day, "feeds": feeds}


def _list_accepted(
    snapshots: list[FoundSnapshot], asker: Asker, draft: Draft, *, is_sure: bool
) -> list[dict[str, Any]]:
    """Accept snapshots that lost much, if somebody says so; otherwise say that the run will be held."""
    accepted = []
    for name, loss in list_losses(snapshots).items():
        if (asker.is_interactive or is_sure) and asker.confirm(f"Snapshot {name} lacks {loss}. Use it all the same?"):
            draft.hints.append(f"Snapshot {name} lacks {loss}; it is accepted (accepted:), say there why that is so.")
            reason = f"It lacks {loss}; accepted when this file was written, without a reason given."
            accepted.append(
                {"snapshot": name, "reason": reason, "by": "connectivity config init", "date": date.today()}  # noqa: DTZ011
            )
        else:
            draft.hints.append(
                f"Snapshot {name} lacks {loss}: the run is held (exit code 6) until it stands under accepted:."
            )
    return accepted


def _build_settings(
    small: Candidate, membership: Membership, snapshots: list[FoundSnapshot], osm: Path, draft: Draft
) -> dict[str, Any]:
    """Set what the inputs demand: a lower gate where the streets do not reach, no windows on days without service."""
    settings: dict[str, Any] = {}
    stops = pl.concat([timetable.stops for snapshot in snapshots for timetable in snapshot.timetables])
    joined = find_joined(osm, (small.located.lon, small.located.lat), stops)
    shares = _compute_joined_shares(small, membership, joined)
    pct = 100 * float((shares >= 0.5).mean())
    n_off = int((shares < 0.5).sum())
    if n_off:
        least = max(0.0, float(np.floor(pct - MARGIN_PCT)))
        reason = f"{n_off} of {len(shares)} neighbourhoods could not be joined to the streets when this file was made."
        settings["gates"] = {"min_linked_pct": least, "reason": reason}
        draft.hints.append(
            f"{n_off} of {len(shares)} neighbourhoods lie off the streets, so the file accepts that only {least:g} % "
            "are joined to them (gates.min_linked_pct); a larger extract is better."
        )
    for weekday, window in ((5, "saturday"), (6, "sunday")):
        if not has_service(snapshots, weekday):
            settings.setdefault("windows", {})[window] = None
            draft.hints.append(f"No timetable has service on a {window.title()}, so that window is left out.")
    return settings


def _compute_joined_shares(small: Candidate, membership: Membership, joined: NDArray[np.bool_]) -> pd.Series:
    """Compute which share of each neighbourhood's people (of its small areas, if nobody is counted) is joined."""
    frame = small.table.frame
    codes = to_text(frame[small.code])
    people = (
        pd.to_numeric(frame[small.population], errors="coerce") if small.population else pd.Series(1.0, frame.index)
    )
    table = pd.DataFrame({"place": codes.map(lambda code: membership.of.get(code, code)), "people": people.fillna(0.0)})
    nobody = table.groupby("place")["people"].transform("sum") == 0
    table["people"] = table["people"].where(~nobody, 1.0)
    table["reached"] = table["people"].where(joined, 0.0)
    sums = table.groupby("place")[["people", "reached"]].sum()
    return sums["reached"] / sums["people"]
