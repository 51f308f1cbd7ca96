"""Gates before a run is published: compare it with the last accepted one, hold it, and let somebody accept it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import polars as pl

from pipeline.base.errors import GateError, InputError
from pipeline.base.hashing import hash_value
from pipeline.base.io import write_text
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, read_manifest
from pipeline.base.registered import is_on_trial
from pipeline.base.run_gates import COMPARED, MEANINGS
from pipeline.change.run_gate import ALL, Judged, compare_runs
from pipeline.change.run_record import RunOrigin, RunRecord, build_record, parse_record
from pipeline.change.run_sound import TripCounts, judge_reasons, judge_schema, judge_trips
from pipeline.stages.accepted_runs import AcceptedRun, build_accept_run_command, read_accepted_runs
from pipeline.stages.common import get_folder
from pipeline.stages.targets import MEANS, find_scoring_file

GATE_TABLE: Final = "out_run__gate"
FOLDER: Final = "gates"
RECORD: Final = "accepted.json"
COMPARED_FILE: Final = "compared.json"
HELD: Final = "held.json"
NOT_IN_ORIGIN: Final = ("publish", "report", "gates", *MEANS)
NOT_OF_AREA: Final = ("snapshots", "settings", "accepted", "caveats", "words", "title", "name", "data", "refresh")
WORDS_OF_SNAPSHOT: Final = ("label", "caveat")
IMPOSSIBLE: Final = ("timetable_too_fast", "gtfs_trip_backward", "cif_time_backward", "txc_time_backward")
_LIMITS: Final = {
    "rows": "max_rows_changed_pct",
    "places_linked": "max_linked_lost_pct",
    "nulls": "max_nulls_risen_pct",
    "index_moved": "max_moved_pct",
    "index_spread": "max_spread",
    "time_moved": "max_moved_pct",
    "time_spread": "max_spread",
}
_log = logging.getLogger("pipeline")


@dataclass(frozen=True)
class Verdict:
    """What the gates say of a run that may be published: its record, the table of gates, what was compared."""

    record: RunRecord
    table: pd.DataFrame
    compared: dict[str, Any]


def judge_run(project: Project, tables: Mapping[str, pd.DataFrame], *, run: str, problems: Sequence[str]) -> Verdict:
    """Hold a run, or say what to publish with it.

    Parameters
    ----------
    project
        The area with its settings.
    tables
        The tables about to be published.
    run
        Hash of their content.
    problems
        What is wrong with them by their declarations.

    Returns
    -------
    Verdict
        To be kept by :func:`keep_verdict` once the tables are about to take their place.

    Raises
    ------
    GateError
        With every reason at once; ``held.json`` then says the same, and nothing else is written.
    """
    if problems:
        _hold(project, run, None, [judge_schema(problems)], cure=_describe_defect())
    before = find_record(project)
    record = build_record(run, find_origin(project), tables)
    compared = compare_runs(before, record, project.settings.gates)
    sound = [judge_schema([]), *judge_reasons(tables), *judge_trips(_count_trips(project), project.settings.gates.run)]
    known = find_accepted(read_accepted_runs(project), run, sound)
    held = [each for each in (*sound, *compared) if each.is_held and (each.gate, each.subject) not in known]
    against = None if before is None else before.run
    if held:
        _hold(project, run, against, held, cure=_describe_cure(project))
    if is_on_trial():
        raise GateError(
            "This run was only tried, and nothing of it is published; the gates on whole runs would let it pass.",
            cure="Nothing is to be done: connectivity refresh says why its snapshot is held.",
        )
    if before is None:
        _log.info("gates: no earlier run was accepted, so there is nothing to compare this one with")
    listed = [asdict(each) for each in compared if each.value > 0]
    return Verdict(
        record,
        build_gate_table(project, sound, list(known.values())),
        {"run": run, "against": against, "judged": listed},
    )


def find_accepted(
    accepted: Sequence[AcceptedRun], run: str, sound: Sequence[Judged]
) -> dict[tuple[str, str], AcceptedRun]:
    """Find what somebody accepted of a run.

    What was compared with another run is accepted for exactly its results. What is wrong with a run by itself, such as
    a timetable with stop times outside their day, stays in every later run that has the same timetable: it is accepted
    while the same gate finds exactly the same of the same subject.

    Parameters
    ----------
    accepted
        All that was ever accepted, in order.
    run
        Hash of the tables.
    sound
        What was judged of the run alone.

    Returns
    -------
    dict
        Gate and subject to what was accepted.
    """
    found = {(each.gate, each.subject): each for each in accepted if each.run == run}
    same = {(each.gate, each.subject, f"{each.value:g}"): each for each in accepted}
    for each in sound:
        earlier = same.get((each.gate, each.subject, f"{each.value:g}"))
        if each.is_held and earlier is not None:
            found.setdefault((each.gate, each.subject), earlier)
    return found


def keep_verdict(project: Project, verdict: Verdict) -> None:
    """Remember an accepted run, so that the next one is compared with it.

    Where the results are those of the last accepted run, what was found when they were new stays.

    Parameters
    ----------
    project
        The area with its settings.
    verdict
        From :func:`judge_run`.
    """
    folder = project.outputs / FOLDER
    before = find_record(project)
    if before is None or before.run != verdict.record.run or not (folder / COMPARED_FILE).is_file():
        write_text(_to_text(verdict.compared), folder / COMPARED_FILE)
    text = json.dumps(verdict.record.to_json(), sort_keys=True, separators=(",", ":")) + "\n"
    write_text(text, folder / RECORD)


def forget_held(project: Project) -> None:
    """Remove the note of a held run, once a good one has taken its place.

    Parameters
    ----------
    project
        The area with its settings.
    """
    (project.outputs / FOLDER / HELD).unlink(missing_ok=True)


def find_held(project: Project) -> dict[str, Any] | None:
    """Return what a held run was held for.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    dict or None
        ``run``, ``against`` and ``reasons`` (gate, subject, value, limit, text); None where no run is held.
    """
    return _find_json(project.outputs / FOLDER / HELD)


def find_compared(project: Project) -> dict[str, Any] | None:
    """Return what the last accepted run was compared with and what was found.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    dict or None
        ``run``, ``against`` (None for the first) and ``judged``; None before any run.
    """
    return _find_json(project.outputs / FOLDER / COMPARED_FILE)


def find_record(project: Project) -> RunRecord | None:
    """Return the last accepted run.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    RunRecord or None
        None if there is none, or one that another version of the program wrote.

    Raises
    ------
    InputError
        If its file is damaged.
    """
    content = _find_json(project.outputs / FOLDER / RECORD)
    return None if content is None else parse_record(content)


def _find_json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        raise InputError(
            "This record of the gates is damaged.",
            file=path,
            cure="Delete it and run make again; the next run is then compared with nothing.",
        ) from None
    return content


def _to_text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def find_origin(project: Project) -> RunOrigin:
    """Return what a run is made of, as hashes.

    Parameters
    ----------
    project
        The area with its settings; its stages must have been run.

    Returns
    -------
    RunOrigin
        Settings, shared inputs, snapshots and their timetables.
    """
    area = project.area.model_dump(mode="json")
    settings = project.settings.model_dump(mode="json")
    own = {name: value for name, value in settings.items() if name not in NOT_IN_ORIGIN}
    own["gates"] = [settings["gates"][name] for name in ("min_linked_pct", "reason")]  # who lowers it expects losses
    rest = {name: value for name, value in area.items() if name not in NOT_OF_AREA}
    stages = ["places", "service"] if project.area.series is not None else ["places", "streets"]
    shared = [_list_hashes(get_folder(project, stage) / MANIFEST) for stage in stages]
    scoring = find_scoring_file(project).read_text(encoding="utf-8")
    snapshots = {
        s["id"]: hash_value({name: value for name, value in s.items() if name not in WORDS_OF_SNAPSHOT})
        for s in area["snapshots"]
    }
    inputs = {s: hash_value(_list_hashes(get_folder(project, "timetables", s) / MANIFEST)) for s in snapshots}
    return RunOrigin(hash_value([own, rest, scoring]), hash_value(shared), snapshots, inputs, list(snapshots))


def _list_hashes(manifest: Path) -> list[tuple[str, str]]:
    return [(str(item["role"]), str(item["sha256"])) for item in read_manifest(manifest)["inputs"]]


def _count_trips(project: Project) -> list[TripCounts]:
    """Count trips and stop times from the manifests, and look for stop times outside their day."""
    latest_s = 3600.0 * project.settings.gates.run.latest_time_h
    counts = []
    for one in project.area.snapshots:
        folder = get_folder(project, "timetables", one.id)
        manifest = read_manifest(folder / MANIFEST)
        rows, notices = manifest["row_counts"], manifest["notices"]
        path = folder / "timetable" / "core_timetable__stop_times.parquet"
        is_outside = (pl.col("arrival_s") < 0) | (pl.col("departure_s") > latest_s)
        n_outside = pl.scan_parquet(path).select(is_outside.sum()).collect(engine="streaming").item()
        counts.append(
            TripCounts(
                one.id,
                int(rows["core_timetable__trips"]),
                int(rows["core_timetable__stop_times"]),
                sum(int(notices.get(code, 0)) for code in IMPOSSIBLE),
                int(n_outside or 0),
            )
        )
    return counts


def build_gate_table(project: Project, sound: Sequence[Judged], accepted: Sequence[AcceptedRun]) -> pd.DataFrame:
    """Build the table of gates, which depends on this run and on what was accepted for it, not on earlier runs.

    Parameters
    ----------
    project
        The area with its settings.
    sound
        What was judged of the run alone.
    accepted
        What somebody accepted for exactly these results.

    Returns
    -------
    pandas.DataFrame
        ``out_run__gate``.
    """
    exceptions = {(each.gate, each.subject): each for each in accepted}
    empty = {"is_held": False, "is_accepted": False, "reason": "", "accepted_by": "", "accepted_date": ""}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for gate in COMPARED:
        rows[gate, ALL] = {**empty, "gate": gate, "subject": ALL, "value": None, "limit": _find_limit(project, gate)}
    for each in sound:
        rows[each.gate, each.subject] = {
            **empty,
            "gate": each.gate,
            "subject": each.subject,
            "value": each.value,
            "limit": each.limit,
        }
    for key, one in exceptions.items():
        rows[key] = {
            "gate": one.gate,
            "subject": one.subject,
            "value": one.value,
            "limit": one.limit,
            "is_held": True,
            "is_accepted": True,
            "reason": one.reason,
            "accepted_by": one.by,
            "accepted_date": one.date,
        }
    frame = pd.DataFrame(list(rows.values())).assign(meaning=lambda f: f["gate"].map(MEANINGS))
    return frame.astype({"value": "float64", "limit": "float64"})


def _find_limit(project: Project, gate: str) -> float:
    gates = project.settings.gates
    if gate == "operators":
        return gates.max_operators_lost_pct
    if gate == "runs":
        return gates.max_trips_lost_pct
    return float(getattr(gates.run, _LIMITS[gate]))


def _hold(project: Project, run: str, against: str | None, held: Sequence[Judged], *, cure: str) -> None:
    reasons = [{name: getattr(each, name) for name in ("gate", "subject", "value", "limit", "text")} for each in held]
    path = project.outputs / FOLDER / HELD
    write_text(_to_text({"run": run, "against": against, "reasons": reasons}), path)
    compared = "" if against is None else f" against the last accepted run ({against})"
    n = f"{len(held)} reasons" if len(held) > 1 else "one reason"
    lines = [f"  - {each.gate}: {each.text}; found {each.value:g}, limit {each.limit:g}" for each in held]
    head = f"The run {run} is held for {n}{compared}; tables and report stay as they were."
    raise GateError("\n".join([head, *lines]), file=path, field="reasons", cure=cure)


def _describe_defect() -> str:
    return (
        "This is a defect of the program, not of your data; it cannot be accepted. Please report it with this message."
    )


def _describe_cure(project: Project) -> str:
    return (
        "Find out why. If it is right so, accept exactly this run: "
        f"{build_accept_run_command(project)}, and run make again. "
        "Limits are under settings: gates: run: of the area file."
    )
