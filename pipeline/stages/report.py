"""Stage ``report``: the offline site, from published tables only."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

import pipeline
from pipeline.base.area import Area
from pipeline.base.config import ModeSet, ModesWithout, Settings, Window, list_modes
from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.base.tables import TABLES
from pipeline.report.context import (
    Attribution,
    CategoryInfo,
    GroupInfo,
    IndicatorInfo,
    MethodParameters,
    ModeInfo,
    Palette,
    ReportContext,
    SnapshotInfo,
    WindowInfo,
)
from pipeline.report.series_site import build_series_report
from pipeline.report.site import build_report
from pipeline.scoring.spec import ScoringSpec
from pipeline.stages.common import begin
from pipeline.stages.scores import read_spec
from pipeline.stages.series_report import build_series_info
from pipeline.stages.targets import list_inputs

DAY_PHRASES = {"weekday": "on a weekday", "saturday": "on a Saturday", "sunday": "on a Sunday"}
GROUP_LOOKS = {
    "left_behind": ("#b3261e", "o"),
    "other_deprived": ("#8a6d00", "s"),
    "other": ("#2c7fb8", "^"),
    "all": ("#333333", "D"),
}


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Build the report of an area.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Always None.

    Returns
    -------
    StageRun
        What was done.
    """
    with record_stage(begin(project, "report", snapshot)) as stage:
        folder = project.outputs / "tables"
        tables = {
            name: pd.read_parquet(folder / f"{name}.parquet")
            for name in TABLES
            if (folder / f"{name}.parquet").is_file()
        }
        if project.area.series is not None:
            context, info = build_series_context(project), build_series_info(project.area, project.area.series)
            build_series_report(tables, context, info, stage.folder)
        else:
            build_report(tables, build_context(project), stage.folder)
        stage.row_counts["files"] = sum(1 for path in stage.folder.rglob("*") if path.is_file())
    return stage


def build_context(project: Project) -> ReportContext:
    """Gather what the report must be told beside the tables.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    ReportContext
        Names, wording, dates, parameters and caveats.
    """
    area, settings = project.area, project.settings
    spec = read_spec(project)
    return ReportContext(
        area_title=area.title,
        noun=area.words.neighbourhood,
        noun_plural=area.words.neighbourhoods,
        snapshots=tuple(SnapshotInfo(s.id, s.label or s.id, s.date, s.caveat or "") for s in area.snapshots),
        windows=tuple(_describe_window(key, window) for key, window in settings.windows.items()),
        categories=_list_categories(area),
        groups=_list_groups(area),
        modes=tuple(ModeInfo(key, _describe_modes(modes)) for key, modes in settings.mode_sets.items()),
        indicators=_list_indicators(spec),
        method=_describe_method(settings),
        caveats=tuple(area.caveats),
        service_caveats=tuple(pair.reason for pair in area.not_comparable),
        attributions=_list_attributions(project),
        palette=build_palette(settings),
        is_fictional=area.is_fictional,
        version=pipeline.__version__,
        key=area.name,
        crs=area.crs,
    )


def build_series_context(project: Project) -> ReportContext:
    """Gather what the report of an area with a published series must be told beside the tables.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    ReportContext
        Names, wording and caveats; without snapshots, windows and destinations.
    """
    area = project.area
    return ReportContext(
        area_title=area.title,
        noun=area.words.neighbourhood,
        noun_plural=area.words.neighbourhoods,
        snapshots=(),
        windows=(),
        categories=(),
        groups=_list_groups(area),
        indicators=_list_indicators(read_spec(project)),
        caveats=tuple(area.caveats),
        attributions=_list_attributions(project),
        palette=build_palette(project.settings),
        is_fictional=area.is_fictional,
        version=pipeline.__version__,
        key=area.name,
        crs=area.crs,
        subject="Bus service over the years in",
        subject_short="Bus service over the years",
        source_note="Figures are from a published series of timetables, not observations of buses.",
    )


def _describe_modes(mode_set: ModeSet) -> str:
    if mode_set is None:
        return "All public transport"
    if isinstance(mode_set, ModesWithout):
        return f"All public transport without {' and '.join(mode_set.without)}"
    modes = list_modes(mode_set)
    return f"{' and '.join(modes).capitalize()} only" if modes else "Walking only"


def _list_indicators(spec: ScoringSpec) -> tuple[IndicatorInfo, ...]:
    return tuple(
        IndicatorInfo(i.name, i.label, i.unit, i.weight, i.definition, i.caveat, i.source) for i in spec.indicators
    )


def _describe_window(key: str, window: Window) -> WindowInfo:
    first = window.outward or window.back or window.arrive_by
    if first is None:
        raise ValueError(f"the window {key} has no departures")
    return WindowInfo(
        key,
        window.label,
        first.start_s,
        first.end_s,
        DAY_PHRASES[window.day_type],
        window.back.start_s if window.back else None,
        window.back.end_s if window.back else None,
        window.day_type,
    )


def _list_categories(area: Area) -> tuple[CategoryInfo, ...]:
    found: dict[str, CategoryInfo] = {}
    for source in area.destinations:
        is_vowel = re.match(r"[aeio]|u(?!ni|se)", source.label.lower())  # a university
        article = "an" if is_vowel else "a"
        plural = source.plural or f"{source.label}s"
        found.setdefault(source.category, CategoryInfo(source.category, plural, f"{article} {source.label}"))
    for key, reason in area.absent.items():
        found.setdefault(key, CategoryInfo(key, key.replace("_", " "), key.replace("_", " "), reason))
    return tuple(found.values())


def _list_groups(area: Area) -> tuple[GroupInfo, ...]:
    return tuple(
        GroupInfo(key, label, *GROUP_LOOKS.get(key, ("#555555", "o"))) for key, label in area.words.groups.items()
    )


def _describe_method(settings: Settings) -> MethodParameters:
    walking, transit, service = settings.walking, settings.transit, settings.service
    return MethodParameters(
        walk_kmh=walking.speed_kmh,
        max_walk_m=walking.max_access_m,
        max_transfer_m=walking.max_transfer_m,
        max_link_m=walking.max_link_m,
        interchange_s=transit.interchange_s,
        max_time_min=transit.max_time_min,
        max_changes=transit.max_changes,
        zone_radius_m=service.zone_radius_m,
        zone_margin_m=service.zone_margin_m,
        extra=tuple(_list_further_settings(settings)),
    )


def _list_further_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Return what else was set, in words, for the page on the method."""
    if settings.transit.wheelchair:
        yield "Vehicles and stops", "only those that the timetables flag as accessible for wheelchairs"
    yield "Indicators and weights", settings.scoring
    for name in settings.sensitivity:
        yield "Travel times computed again under", f"the variant {name.replace('_', ' ')} (see how sure the ranks are)"
    if settings.car:
        yield "Car times", "computed beside those of public transport"
    labels = {"ptal": "access levels", "transport_performance": "transport performance"}
    asked = [label for key, label in labels.items() if getattr(settings.measures, key)]
    if settings.measures.floating_catchment:
        asked.append(f"floating catchments of {settings.measures.catchment_min} minutes")
    if asked:
        yield "Further measures", ", ".join(asked)


def _list_attributions(project: Project) -> tuple[Attribution, ...]:
    found = {
        (about["attribution"], about["licence"]): Attribution(about["attribution"], about["licence"])
        for _, _, _, about in list_inputs(project)
        if about["attribution"]
    }
    return tuple(found[key] for key in sorted(found))


def build_palette(settings: Settings) -> Palette:
    """Take five classes from the palette that the settings name.

    Parameters
    ----------
    settings
        The settings.

    Returns
    -------
    Palette
        Best first, so that dark means badly connected; missing data is grey.
    """
    from matplotlib import colormaps  # noqa: PLC0415 (slow to import, and only needed here)
    from matplotlib.colors import to_hex  # noqa: PLC0415

    chosen = colormaps[settings.report.palette].reversed()
    classes = tuple(to_hex(chosen(0.02 + 0.24 * step)) for step in range(5))
    return Palette(classes=classes, heading=settings.report.accent_colour)  # type: ignore[arg-type]
