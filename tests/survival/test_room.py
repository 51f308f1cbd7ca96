"""Forecasts of memory lie above what was measured, by less than a factor of three; the promises on memory are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.base.load import load_project
from pipeline.stages.forecast import build_room
from pipeline.stages.targets import build_targets
from tests.support.pipeline import ProjectFolder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize(("area", "most_mb"), [("sample", 1_000), ("newport", 3_000)])
def test_forecasts_lie_above_measured_peaks_and_areas_stay_within_their_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, area: str, most_mb: int
) -> None:
    fresh = ProjectFolder.create(tmp_path / "project")
    data = str(request.getfixturevalue("shared_data")) if area == "newport" else None
    forecast = read_forecast(fresh, area, data, monkeypatch)  # before anything was counted
    if area == "sample":
        project: ProjectFolder = request.getfixturevalue("sample")
    else:
        project = fresh
        project.make_all(f"DATA={data}", area=area, timeout_s=1200)
    later = read_forecast(project, area, data, monkeypatch)
    for name, forecast_mb in forecast.items():
        peak_mb = project.read_manifest(name, area=area)["peak_memory_mb"]
        assert peak_mb < forecast_mb < 3 * peak_mb, (name, peak_mb, forecast_mb)
        assert peak_mb < later[name] < 3 * peak_mb, (name, peak_mb, later[name])
        assert peak_mb < most_mb, (name, peak_mb)


def read_forecast(
    project: ProjectFolder, area: str, data: str | None, monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    """Forecast the memory of every unit of work of an area, in MB."""
    monkeypatch.chdir(project.path)
    loaded = load_project(area, data=data)
    return {need.name: need.memory_mb for need in build_room(loaded, list(build_targets(loaded))).needs}
