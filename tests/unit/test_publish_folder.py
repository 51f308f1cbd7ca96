"""Versions in the published folder: which stay, which one the change report looks back to."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.base.config import Publish, Settings
from pipeline.stages.publish import find_before, name_schema, read_history, switch_latest, write_history


def build_versions(folder: Path, *pairs: tuple[str, str]) -> list[dict[str, str]]:
    for version, _ in pairs:
        (folder / version).mkdir()
    return [{"version": version, "tables": tables} for version, tables in pairs]


def test_all_versions_stay_unless_a_number_is_set(tmp_path: Path) -> None:
    history = build_versions(tmp_path, ("a", "1"), ("b", "2"), ("c", "3"))
    write_history(tmp_path, history, None)
    assert read_history(tmp_path) == history
    write_history(tmp_path, history, 2)
    assert read_history(tmp_path) == history[1:]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["b", "c"]


def test_a_version_that_somebody_deleted_is_forgotten(tmp_path: Path) -> None:
    history = build_versions(tmp_path, ("a", "1"), ("b", "2"))
    write_history(tmp_path, history, None)
    (tmp_path / "b").rmdir()
    assert read_history(tmp_path) == history[:1]


def test_the_version_before_is_the_last_one_with_other_tables(tmp_path: Path) -> None:
    history = build_versions(tmp_path, ("a", "1"), ("b", "2"), ("c", "2"))
    assert find_before(history, tmp_path, "3") == tmp_path / "c"
    assert find_before(history, tmp_path, "2") == tmp_path / "a"
    assert find_before(history[:1], tmp_path, "1") is None
    assert find_before([], tmp_path, "1") is None


def test_latest_switches_at_once_and_again(tmp_path: Path) -> None:
    for version in ("a", "b", "a"):
        (tmp_path / version).mkdir(exist_ok=True)
        switch_latest(tmp_path, version)
        assert (tmp_path / "latest").resolve() == tmp_path / version
    assert [path.name for path in tmp_path.iterdir() if ".part-" in path.name] == []


@pytest.mark.parametrize(
    ("area", "schema"),
    [
        ("Newport", "connectivity_newport"),
        ("my-area.2", "connectivity_my_area_2"),
        ("x" * 60, "connectivity_" + "x" * 27),
    ],
)
def test_the_schema_is_named_after_the_area(area: str, schema: str) -> None:
    assert name_schema(area) == schema


def test_settings_name_a_variable_never_a_connection() -> None:
    found = Publish.model_validate({"postgis": {"dsn_env": "CONNECTIVITY_DSN", "schema": "open_data"}})
    assert found.postgis is not None
    assert found.postgis.schema_name == "open_data"
    again = Settings.model_validate(Settings(publish=found).model_dump(mode="json"))
    assert again.publish == found
    for wrong in ({"dsn_env": "postgresql://me:secret@host/db"}, {"dsn_env": "D", "schema": "a; drop"}):
        with pytest.raises(ValidationError):
            Publish.model_validate({"postgis": wrong})
