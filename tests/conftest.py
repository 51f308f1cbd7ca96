"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.examples import LIMITS

ROOT = Path(__file__).resolve().parent.parent
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=50)
for name, limit in LIMITS.items():
    settings.register_profile(name, derandomize=True, deadline=None, max_examples=limit)
settings.load_profile(os.environ.get("CONNECTIVITY_EXAMPLES", "fixed"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real inputs that lies beside the repository where it exists."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real inputs ../shared/data is not here")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """Root of the repository."""
    return ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the unit tests that are not slow, so that they can be run first."""
    for item in items:
        if (ROOT / "tests" / "unit") in item.path.parents and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.quick)
