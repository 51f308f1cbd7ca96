"""The offline report: reads published tables and words, writes a site; never routes, never speaks to a network."""

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
from pipeline.report.site import build_report

__all__ = [
    "Attribution",
    "CategoryInfo",
    "GroupInfo",
    "IndicatorInfo",
    "MethodParameters",
    "ModeInfo",
    "Palette",
    "ReportContext",
    "SnapshotInfo",
    "WindowInfo",
    "build_report",
]
