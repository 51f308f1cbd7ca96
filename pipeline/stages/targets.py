"""What make builds: every stage and snapshot of an area, what each needs, and what is out of date.

The same graph writes the rules that make follows and answers ``plan`` and ``status``, so that they cannot
disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pipeline.base.area import Snapshot
from pipeline.base.clock import DAY_S, parse_time_s
from pipeline.base.config import Settings
from pipeline.base.errors import ConfigError
from pipeline.base.live import describe_locked, is_live
from pipeline.base.load import ROOT, Project, list_visits
from pipeline.stages.code import find_code

STAGES = (
    "fetch",
    "timetables",
    "streets",
    "places",
    "network",
    "times",
    "service",
    "attribution",
    "sensitivity",
    "measures",
    "scores",
    "report",
    "publish",
)
PER_SNAPSHOT = ("timetables", "network", "times")
SHARED_OUT = ("times", "sensitivity")
"""Stages that work in shards, for which a cluster or a number of processes can be given."""
MEANS = ("workers", "cluster")
"""Settings that say with what work is done; they change no result, so that no slice holds them."""
SERIES_STAGES = ("fetch", "places", "service", "scores", "report", "publish")
"""Stages of an area with a published series: it has no streets and no timetables."""


@dataclass(frozen=True)
class Target:
    """One unit of work: a stage, for one snapshot or for all."""

    stage: str
    snapshot: str | None
    folder: Path
    config: dict[str, Any]
    inputs: tuple[Path, ...] = ()
    upstream: tuple[str, ...] = ()
    code: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Such as ``network/2024`` or ``scores``."""
        return self.stage if self.snapshot is None else f"{self.stage}/{self.snapshot}"

    @property
    def manifest(self) -> Path:
        """The file that make looks at."""
        return self.folder / "manifest.json"


def build_targets(project: Project) -> dict[str, Target]:
    """List everything that can be built for an area, in an order in which it can be built.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    dict
        Name to target.
    """
    area = project.area
    snapshots = [s.id for s in area.snapshots]
    if not snapshots and area.series is None:
        raise ConfigError(
            "No snapshot has been registered yet.",
            file=project.area_file,
            field="snapshots",
            cure=f"Run make refresh AREA={area.name}, which fetches the first timetable.",
        )
    targets: dict[str, Target] = {}

    def add(stage: str, snapshot: str | None, inputs: list[Path], upstream: list[str]) -> None:
        folder = project.outputs / stage / (snapshot or "")
        config = get_config_slice(project, stage, snapshot)
        target = Target(stage, snapshot, folder, config, tuple(inputs), tuple(upstream), find_code(stage))
        targets[target.name] = target

    places = sorted({p for role, _, p, _ in list_inputs(project) if role in PLACE_ROLES})
    add("fetch", None, sorted({full for _, path, full, _ in list_inputs(project) if not is_live(path)}), [])
    if area.series is not None:
        add("places", None, places, [])
        add("service", None, [project.resolve(area.series.path)], ["places"])
        add("scores", None, [find_scoring_file(project)], ["places", "service"])
        add("report", None, [], ["scores"])
        add("publish", None, [], ["report", "scores"])
        return targets
    for s in area.snapshots:
        tables = [project.resolve(feed.naptan.path) for feed in s.feeds if feed.naptan]
        add("timetables", s.id, [*(project.resolve(feed.path) for feed in s.feeds), *dict.fromkeys(tables)], [])
    streets = area.get_streets().path
    add("streets", None, [project.resolve(streets)] if streets else [], [])
    add("places", None, places, [])
    for s in area.snapshots:
        add("network", s.id, [], [f"timetables/{s.id}", "streets", "places"])
    for s in area.snapshots:
        add("times", s.id, [], [f"network/{s.id}", f"timetables/{s.id}", "places"])
    add("service", None, [], [*(f"timetables/{s}" for s in snapshots), "places"])
    extra = ["attribution"] if area.attribution else []
    if extra:
        named = {s for pair in area.attribution for s in (pair.earlier, pair.later)}
        add("attribution", None, [], ["streets", "places", *(f"timetables/{s}" for s in sorted(named)), "service"])
    if project.settings.sensitivity:
        extra.append("sensitivity")
        add("sensitivity", None, [], ["streets", "places", *(f"timetables/{s}" for s in snapshots)])
    if project.settings.measures.tables:
        extra.append("measures")
        add("measures", None, [], ["places", *(f"network/{s}" for s in snapshots)])
    add(
        "scores",
        None,
        [find_scoring_file(project)],
        [*(f"times/{s}" for s in snapshots), "service", *extra],
    )
    add("report", None, [], ["scores"])
    add("publish", None, [], ["report", "scores"])
    return targets


def find_scoring_file(project: Project) -> Path:
    """Return the scoring file, given from the working folder or from the project's root.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    Path
        The file (which may not exist).
    """
    path = Path(project.settings.scoring)
    return path if path.exists() else ROOT / path


PLACE_ROLES = (
    "small areas",
    "population",
    "lookup",
    "names",
    "boundaries",
    "group",
    "deprivation",
    "rurality",
    "destinations",
)


def list_inputs(project: Project) -> list[tuple[str, str, Path, dict[str, str]]]:
    """List the raw inputs of an area.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of tuple
        Role, path as configured, full path, and licence, attribution and vintage.
    """
    area = project.area
    found: list[tuple[str, Any]] = []
    if area.streets is not None and area.streets.path:
        found.append(("streets", area.streets))
    found.append(("small areas", area.small_areas))
    found += [("population", area.small_areas.population)] if area.small_areas.population else []
    found += [("lookup", area.small_areas.lookup)] if area.small_areas.lookup else []
    found += [("names", area.neighbourhoods.names)] if area.neighbourhoods.names else []
    found += [("boundaries", area.neighbourhoods.boundaries)] if area.neighbourhoods.boundaries else []
    found += [("group", rule) for rule in area.neighbourhoods.groups]
    attributes = {"deprivation": area.neighbourhoods.deprivation, "rurality": area.neighbourhoods.rurality}
    found += [(role, source) for role, source in attributes.items() if source]
    found += [("destinations", source) for source in area.destinations]
    found += [("timetable", feed) for s in area.snapshots for feed in s.feeds]
    tables = {feed.naptan.path: feed.naptan for s in area.snapshots for feed in s.feeds if feed.naptan}
    found += [("naptan", table) for table in tables.values()]
    found += [("series", area.series)] if area.series else []
    return [
        (
            role,
            source.path,
            project.resolve(source.path),
            {"licence": source.licence, "attribution": source.attribution, "vintage": source.vintage},
        )
        for role, source in found
    ]


def get_config_slice(project: Project, stage: str, snapshot: str | None) -> dict[str, Any]:
    """Return the part of the configuration that a stage uses, so that nothing else makes it run again.

    Parameters
    ----------
    project
        The area with its settings.
    stage, snapshot
        The unit of work.

    Returns
    -------
    dict
        Plain content.
    """
    area, settings = project.area, project.settings
    whole, sets = area.model_dump(mode="json"), settings.model_dump(mode="json")
    common = {"data": str(project.data), "strict": settings.strict}
    one = next((s for s in area.snapshots if s.id == snapshot), None)
    car = settings.find_car()
    slices: dict[str, dict[str, Any]] = {
        "fetch": {**common, "inputs": [(role, path) for role, path, _, _ in list_inputs(project)]},
        "timetables": {**common, "snapshot": _describe(one), "timezone": area.timezone},
        "streets": {**common, "streets": whole["streets"], **({"car": True} if car else {})},
        "places": {
            **common,
            **{key: whole[key] for key in ("crs", "small_areas", "neighbourhoods", "destinations")},
        },
        "network": _describe_network(project, one) if one else {},
        "times": {
            "walk_kmh": settings.walking.speed_kmh,
            "transit": sets["transit"],
            "windows": sets["windows"],
            "mode_sets": sets["mode_sets"],
            "limits_min": sets["opportunity_limits_min"],
            "opportunities": sets["opportunities"],
            "nearest_k": sets["nearest_k"],
            "typical_journeys": sets["typical_journeys"],
            "cumulative": sorted({d.category for d in area.destinations if d.cumulative}),
            "visits": {name: visit.model_dump(mode="json") for name, visit in list_visits(area, settings).items()},
            "strict": settings.strict,
            **({"car": car.model_dump(mode="json"), "links": sets["walking"]} if car else {}),
        },
        "service": {
            "service": sets["service"],
            "crs": area.crs,
            "holidays": whole["holidays"],
            "calendar": whole["calendar"],
            "not_comparable": whole["not_comparable"],
            "accepted": whole["accepted"],
            "gates": {name: sets["gates"][name] for name in ("max_operators_lost_pct", "max_trips_lost_pct")},
            "snapshots": [(s.id, *(str(x) for x in get_days(s).values())) for s in area.snapshots],
            "strict": settings.strict,
        },
        "attribution": {
            "pairs": whole["attribution"],
            "walking": sets["walking"],
            "transit": sets["transit"],
            "windows": sets["windows"],
            "mode_sets": sets["mode_sets"],
            "days": {s.id: {d: str(x) for d, x in get_days(s).items()} for s in area.snapshots},
            "strict": settings.strict,
        },
        "scores": {
            "scoring": settings.scoring,
            "sensitivity": sets["sensitivity"],
            "measures": sets["measures"],
            "max_time_min": settings.transit.max_time_min,
            "gates": _describe_gates(sets),
            "strict": settings.strict,
        },
        "report": {
            "report": sets["report"],
            "settings": {name: part for name, part in sets.items() if name not in (*MEANS, "publish", "resources")},
            "area": {k: v for k, v in whole.items() if k not in {"settings", "data", "refresh"}},
        },
        "publish": sets["publish"],
    }
    slices["measures"] = {
        "measures": sets["measures"],
        "walk_kmh": settings.walking.speed_kmh,
        "transit": sets["transit"],
        "window": sets["windows"].get("weekday_am"),
        "crs": area.crs,
    }
    slices["sensitivity"] = {
        "variants": sets["sensitivity"],
        "network": [_describe_network(project, s) for s in area.snapshots] if stage == "sensitivity" else [],
        "times": slices["times"],
    }
    if area.series is not None:
        slices["service"] = {**common, "crs": area.crs, "series": whole["series"]}
        slices["scores"] = {
            "crs": area.crs,
            "scoring": settings.scoring,
            "gates": _describe_gates(sets),
            "strict": settings.strict,
        }
    live = describe_locked(_list_paths(project, stage, one), project.outputs)
    return {**slices[stage], **({"live": live} if live else {})}


def _describe_gates(sets: dict[str, Any]) -> dict[str, Any]:
    """Return the limits on a whole run that the scores stage holds it to."""
    gates: dict[str, Any] = sets["gates"]
    shared = ("max_operators_lost_pct", "max_trips_lost_pct")
    return {**gates["run"], **{name: gates[name] for name in shared}}


def _list_paths(project: Project, stage: str, snapshot: Snapshot | None) -> list[str]:
    """List the inputs, as configured, that a stage reads itself."""
    if stage == "timetables" and snapshot is not None:
        tables = [feed.naptan.path for feed in snapshot.feeds if feed.naptan]
        return [*(feed.path for feed in snapshot.feeds), *dict.fromkeys(tables)]
    if stage == "service" and project.area.series is not None:
        return [project.area.series.path]
    roles = {"streets": ("streets",), "places": PLACE_ROLES}
    return [path for role, path, _, _ in list_inputs(project) if stage == "fetch" or role in roles.get(stage, ())]


def _describe_network(project: Project, one: Snapshot) -> dict[str, Any]:
    settings = project.settings
    day_types = {w.day_type for w in settings.windows.values()}
    return {
        "walking": settings.walking.model_dump(mode="json"),
        "interchange_s": settings.transit.interchange_s,
        **({"wheelchair": True} if settings.transit.wheelchair else {}),
        "days": {d: str(x) for d, x in get_days(one).items() if d in day_types},
        "timezone": project.area.timezone,
        "gates": {"min_linked_pct": settings.gates.min_linked_pct, "reason": settings.gates.reason},
        "horizon_s": get_horizon(settings),
        "strict": settings.strict,
    }


def get_horizon(settings: Settings) -> tuple[int, int]:
    """Return the span of time whose trips are packed: the day, and as far beyond it as a journey of a window can go.

    The whole day is needed to tell journeys that take too long from those that do not exist.

    Parameters
    ----------
    settings
        Windows, visits and the longest journey.

    Returns
    -------
    tuple of int
        Seconds of the service day.
    """
    spans = [span for window in settings.windows.values() for _, span in window.spans]
    home_s = max((parse_time_s(visit.home_by) for visit in settings.visits.values()), default=0)
    return 0, max(DAY_S, home_s, max(s.end_s for s in spans) + 60 * settings.transit.max_time_min)


def _describe(snapshot: Snapshot | None) -> dict[str, Any]:
    if snapshot is None:
        return {}
    feeds = [(f.key, f.path, f.format, f.naptan.path if f.naptan else None, f.nation) for f in snapshot.feeds]
    duplicates = snapshot.duplicates.model_dump(mode="json")
    return {"id": snapshot.id, "date": str(snapshot.date), "feeds": feeds, "duplicates": duplicates}


def get_days(snapshot: Snapshot) -> dict[str, date]:
    """Return the date that stands for each kind of day: the snapshot's own, and the weekend that follows it.

    Parameters
    ----------
    snapshot
        The snapshot.

    Returns
    -------
    dict
        ``weekday``, ``saturday`` and ``sunday`` to dates.
    """
    saturday = snapshot.saturday or snapshot.date + timedelta(days=(5 - snapshot.date.weekday()) % 7)
    sunday = snapshot.sunday or snapshot.date + timedelta(days=(6 - snapshot.date.weekday()) % 7)
    return {"weekday": snapshot.date, "saturday": saturday, "sunday": sunday}
