"""The browser and the two kinds of site that its tests look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.report import build_report
from pipeline.report.series_site import build_series_report
from tests.support.browser import chromium
from tests.support.report_extras import add_extras
from tests.support.report_tables import build_context, build_tables
from tests.support.series_report import build_series_info, build_series_tables, build_series_words

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["chromium"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site on dated timetables with everything that may be published."""
    folder = tmp_path_factory.mktemp("browser") / "site"
    build_report(add_extras(build_tables(has_jobs=True)), build_context(), folder)
    return folder


@pytest.fixture(scope="session")
def series_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site on a published series."""
    folder = tmp_path_factory.mktemp("browser") / "series"
    build_series_report(build_series_tables(), build_series_words(), build_series_info(), folder)
    return folder
