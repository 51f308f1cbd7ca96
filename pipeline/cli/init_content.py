"""The content of a new area file, from what was found and chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from pipeline.cli.init_ask import Asker
from pipeline.cli.init_columns import find_words
from pipeline.cli.init_crs import find_joined
from pipeline.cli.init_files import FoundTable
from pipeline.cli.init_inputs import Draft, describe_folder, describe_path
from pipeline.cli.init_places import Candidate, Membership, describe_points, find_deprivation, find_population_source
from pipeline.cli.init_timetables import FoundSnapshot, has_service, list_losses
from pipeline.places.read_table import to_text

LEAST_ACCEPTED_PCT = 50.0
"""Where fewer neighbourhoods join the streets, the inputs do not belong together, and no gate is lowered."""


@dataclass(frozen=True)
class FoundArea:
    """What was found and chosen for a new area.

    Attributes
    ----------
    name, title, data, crs, timezone
        As in the area file.
    osm
        The street extract.
    nation
        Whose holidays and terms hold, if that is known.
    small, membership
        Small areas, and how they make up neighbourhoods.
    tables
        All tables that are not for destinations alone.
    """

    name: str
    title: str
    data: Path
    crs: str
    timezone: str
    osm: Path
    nation: str | None
    small: Candidate
    membership: Membership
    tables: list[FoundTable]


def build_content(
    found: FoundArea,
    destinations: list[dict[str, Any]],
    snapshots: list[FoundSnapshot],
    draft: Draft,
    asker: Asker,
    *,
    is_sure: bool,
    accept: str | None = None,
) -> None:
    """Put together what the area file says.

    Parameters
    ----------
    found
        What was found and chosen.
    destinations
        Entries of ``destinations:``.
    snapshots
        Named and in order.
    draft
        Takes content, decisions and hints.
    asker
        Asks why snapshots that lost much are accepted.
    is_sure
        Accept them without asking, and say in the file that nobody has looked into it.
    accept
        Why they are accepted.
    """
    small, membership, data = found.small, found.membership, found.data
    draft.snapshots = snapshots
    draft.decisions["neighbourhoods"] = "; ".join(membership.why)
    content = {"name": found.name, "title": found.title, "data": describe_folder(data), "crs": found.crs}
    draft.content = {**content, "timezone": found.timezone}
    words = find_words(_get_neighbourhood_code(small, membership)) or {}
    several = words.get("neighbourhoods", "neighbourhoods")
    draft.content["words"] = {**words, "groups": _name_groups(several)}
    draft.content["streets"] = {
        "path": describe_path(found.osm, data),
        "licence": "ODbL 1.0",
        "attribution": "© OpenStreetMap contributors",
    }
    draft.content["small_areas"] = _describe_small_areas(small, membership, found.tables, data, draft)
    places = find_deprivation(membership, small, found.tables, data)
    parts = {"names": membership.names, "boundaries": membership.boundaries, **places}
    if any(parts.values()):
        draft.content["neighbourhoods"] = {key: value for key, value in parts.items() if value}
    draft.content["destinations"] = destinations
    draft.content["snapshots"] = [_describe_snapshot(s, data, found.nation) for s in snapshots]
    if accepted := _list_accepted(snapshots, asker, draft, is_sure=is_sure, accept=accept):
        draft.content["accepted"] = accepted
    if found.nation:
        draft.content["calendar"] = {"nation": found.nation}
        nation = found.nation.replace("_", " ").title()
        draft.decisions["calendar"] = f"bank holidays and usual school terms of {nation}"
    if settings := _build_settings(small, membership, snapshots, found.osm, draft):
        draft.content["settings"] = settings


def _name_groups(several: str) -> dict[str, str]:
    """Name comparison groups so that the report's sentences hold: they are of neighbourhoods."""
    return {
        "left_behind": f"left behind {several}",
        "other_deprived": f"other deprived {several}",
        "other": f"all other {several}",
        "all": f"all {several}",
    }


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
    snapshots: list[FoundSnapshot], asker: Asker, draft: Draft, *, is_sure: bool, accept: str | None
) -> list[dict[str, Any]]:
    """Accept snapshots that lost much, if somebody says so; otherwise say that the run will be held, and the cure."""
    accepted = []
    for name, loss in list_losses(snapshots).items():
        reason, by = accept, "whoever ran connectivity config init --accept"
        if reason is None and asker.is_interactive:
            question = f"Snapshot {name} lacks {loss}. Why may it be used all the same (empty: hold it)"
            reason, by = asker.ask(question, ""), "whoever answered connectivity config init"
        elif reason is None and is_sure:
            reason = f"It lacks {loss}. Nobody has looked into it: config init --yes accepted it so that the file runs."
            by = "connectivity config init --yes"
        if reason:
            draft.hints.append(f"Snapshot {name} lacks {loss}; it is accepted: read what stands under accepted:.")
            accepted.append({"snapshot": name, "reason": reason, "by": by, "date": date.today()})  # noqa: DTZ011
        else:
            draft.held.append(name)
            draft.hints.append(
                f"Snapshot {name} lacks {loss}: the run will be held (exit code 6). Find out why; then fill in "
                "accepted: at the end of the file, or give --accept REASON."
            )
    return accepted


def _build_settings(
    small: Candidate, membership: Membership, snapshots: list[FoundSnapshot], osm: Path, draft: Draft
) -> dict[str, Any]:
    """Set what the inputs demand: a lower gate where the streets do not reach, no windows on days without service."""
    settings: dict[str, Any] = {}
    shares = _find_worst_shares(small, membership, snapshots, osm)
    pct = 100 * float((shares >= 0.5).mean())
    n_off = int((shares < 0.5).sum())
    about = f"{n_off:,} of {len(shares):,} neighbourhoods"
    if n_off and pct < LEAST_ACCEPTED_PCT:
        draft.hints.append(
            f"{about} lie off the streets: the run is held (exit code 6) until the file of small areas is cut down to "
            "the area, or the extract is larger."
        )
    elif n_off:
        least = float(np.floor(pct))
        reason = f"{about} could not be joined to the streets when this file was made."
        settings["gates"] = {"min_linked_pct": least, "reason": reason}
        draft.hints.append(
            f"{about} lie off the streets, so the file accepts that only {least:g} % are joined to them "
            "(gates.min_linked_pct); a larger extract is better."
        )
    for weekday, window in ((5, "saturday"), (6, "sunday")):
        if not has_service(snapshots, weekday):
            settings.setdefault("windows", {})[window] = None
            draft.hints.append(f"No timetable has service on a {window.title()}, so that window is left out.")
    return settings


def _find_worst_shares(
    small: Candidate, membership: Membership, snapshots: list[FoundSnapshot], osm: Path
) -> pd.Series:
    """Find the joined shares of the snapshot in which the fewest neighbourhoods are joined, as the gate judges each.

    Which small networks of streets count depends on the stops there are, and so on the snapshot.
    """
    points = (small.located.lon, small.located.lat)
    stops = [pl.concat([timetable.stops for timetable in snapshot.timetables]) for snapshot in snapshots]
    shares = [_compute_joined_shares(small, membership, joined) for joined in find_joined(osm, points, stops)]
    return min(shares, key=lambda share: int((share >= 0.5).sum()))


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
