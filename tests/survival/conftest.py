"""Areas that are built once for all tests that disturb copies of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline import ProjectFolder, build_once


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The tiny area, built from nothing; tests must leave it as it is."""
    return build_once("tiny-project", tmp_path_factory, lambda project: project.build_first())


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The embedded sample, built from nothing; tests must leave it as it is."""
    return build_once("sample-project", tmp_path_factory, lambda project: project.build_first(area="sample"))


@pytest.fixture
def tiny_copy(tiny: ProjectFolder, tmp_path: Path) -> ProjectFolder:
    """A copy of the built tiny area that a test may disturb."""
    return tiny.copy(tmp_path / "project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that no worker ends up alone with one of them."""
    items.sort(key=lambda item: item.path.name != "test_killed.py")
