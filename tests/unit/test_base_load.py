"""Area files and settings: what ships can be read, and what is wrong is named with file, row, key and cure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.base.config import Settings
from pipeline.base.errors import ConfigError
from pipeline.base.load import (
    build_default_yaml,
    build_schema_json,
    find_area_file,
    list_visits,
    load_project,
    load_settings,
)
from pipeline.base.scenario import find_operation_row, read_scenario

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def write(tmp_path: Path, root: Path) -> Callable[[Change], Path]:
    """Write the tiny area with a change."""

    def write_changed(change: Change) -> Path:
        content = yaml.safe_load((root / "config/test/tiny.yaml").read_text(encoding="utf-8"))
        change(content)
        path = tmp_path / "area.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path

    return write_changed


@pytest.mark.parametrize("name", ["sample", "newport", "porto_alegre", "england", "england-live"])
def test_the_areas_that_ship_can_be_read(name: str, tmp_path: Path) -> None:
    project = load_project(name, data=str(tmp_path))
    assert project.area.name == name
    assert project.area_file == find_area_file(name)


def test_settings_of_an_area_change_what_they_name_and_nothing_else(write: Callable[[Change], Path]) -> None:
    area = write(lambda c: c.update(settings={"walking": {"speed_kmh": 3.6}}))
    settings = load_project(str(area)).settings
    default = Settings()
    assert settings.walking.speed_kmh == 3.6
    assert settings.transit == default.transit
    assert settings.windows == default.windows
    assert settings.walking.model_copy(update={"speed_kmh": default.walking.speed_kmh}) == default.walking


def test_a_settings_file_stands_between_the_defaults_and_the_area(
    write: Callable[[Change], Path], tmp_path: Path
) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text("walking: {speed_kmh: 4.0}\ntransit: {max_time_min: 90}\n", encoding="utf-8")
    area = write(lambda c: c.update(settings={"walking": {"speed_kmh": 3.6}}))
    settings = load_project(str(area), config=str(config)).settings
    assert (settings.walking.speed_kmh, settings.transit.max_time_min) == (3.6, 90)
    assert load_settings(str(config))["walking"]["speed_kmh"] == 4.0


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (lambda c: c.update(colour="red"), "colour", ""),
        (lambda c: c.update(settings={"walking": {"sped_kmh": 4}}), "sped_kmh", "speed_kmh"),
        (lambda c: c.update(settings={"walking": {"speed_kmh": "fast"}}), "speed_kmh", ""),
        (lambda c: c["streets"].update(path=None), "streets", "either 'path' or 'overpass'"),
        (lambda c: c["snapshots"][0].update(date="2016-10-15"), "snapshots", "no weekday"),
        (lambda c: c["snapshots"][0].update(saturday="2016-10-14"), "snapshots", "no Saturday"),
        (lambda c: c["snapshots"][0].update(sunday="2016-10-14"), "snapshots", "no Sunday"),
        (lambda c: c["snapshots"][0]["feeds"][1].update(key="bus_council"), "snapshots", "same key"),
        (
            lambda c: c["neighbourhoods"]["groups"].append(
                {"group": "other", "path": "w.csv", "code": "x", "column": "y"}
            ),
            "groups",
            "one_of",
        ),
        (
            lambda c: c.update(settings={"sensitivity": {"slow": {"walking": {"speed": 3}}}}),
            "settings",
            "sensitivity.slow",
        ),
        (
            lambda c: c.update(
                settings={
                    "sensitivity": {"slow": {"windows": {"night": {"outward": {"start": "01:00", "end": "02:00"}}}}}
                }
            ),
            "settings",
            "no window night",
        ),
        (
            lambda c: c.update(settings={"windows": {"weekday_am": {"outward": {"start": "10:00", "end": "07:00"}}}}),
            "windows",
            "ends before it begins",
        ),
    ],
)
def test_what_is_wrong_in_an_area_file_is_named(
    change: Change, field: str, words: str, write: Callable[[Change], Path]
) -> None:
    path = write(change)
    with pytest.raises(ConfigError) as caught:
        load_project(str(path))
    error = caught.value
    assert str(path) in str(error.file)
    assert field in (error.field or "")
    assert words in error.describe()
    assert error.cure
    assert error.row is None or error.row > 0


def test_an_area_that_does_not_exist_is_an_error_that_lists_those_that_do() -> None:
    with pytest.raises(ConfigError, match="no area 'atlantis'") as caught:
        find_area_file("atlantis")
    assert "sample" in (caught.value.cure or "")
    with pytest.raises(ConfigError, match="does not exist"):
        find_area_file("no/such/area.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", ""),
        ("- a list\n", ""),
        ("name: a\nname: b\n", "name"),
        ("", ""),
        ("name: !!python/object/apply:os.system ['true']\n", ""),
        ("a: &x [1]\nb: *x\n", ""),
    ],
)
def test_yaml_that_is_no_area_file_is_refused_with_its_name(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "area.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_project(str(path))
    assert "area.yaml" in str(caught.value.file)
    assert words in caught.value.describe()


def test_a_scenario_file_knows_where_its_operations_stand(root: Path, tmp_path: Path) -> None:
    for path in sorted((root / "config/scenarios").glob("*.yaml")):
        scenario = read_scenario(path)
        rows = [find_operation_row(path, n) for n in range(len(scenario.operations))]
        assert rows == sorted(rows)
        assert find_operation_row(path, len(scenario.operations)) is None
    wrong = tmp_path / "s.yaml"
    add = {"do": "add", "service": {"route": "1", "operator": "o"}, "stops": ["a", "b"]}
    for change, words in (
        ({}, "either 'times'"),
        ({"times": [["08:00"]]}, "a time for each"),
        ({"run_min": [1, 2], "departures": {"first": "08:00", "last": "09:00", "every_min": 5}}, "begin with 0"),
    ):
        content = {"name": "s", "title": "S", "operations": [add | change]}
        wrong.write_text(yaml.safe_dump(content), encoding="utf-8")
        with pytest.raises(ConfigError, match=words):
            read_scenario(wrong)


def test_a_visit_that_cannot_be_computed_is_refused_unless_it_is_optional(write: Callable[[Change], Path]) -> None:
    visit = {"label": "a lesson", "category": "schools", "stay_min": 60, "begins": ["10:00"], "day_type": "weekday"}
    path = write(lambda c: c["settings"].update(visits={"school": visit}))
    with pytest.raises(ConfigError, match="no category 'schools'") as caught:
        load_project(str(path))
    assert "optional: true" in (caught.value.cure or "")
    path = write(lambda c: c["settings"].update(visits={"school": {**visit, "optional": True}}))
    assert "school" not in list_visits(load_project(str(path)).area, load_project(str(path)).settings)
    saturday = {**visit, "category": "hospitals", "day_type": "saturday"}
    path = write(lambda c: c["settings"].update(visits={"shop": saturday}))
    with pytest.raises(ConfigError, match="no window on a saturday"):
        load_project(str(path))


def test_the_default_settings_file_and_the_schema_say_what_the_models_say(tmp_path: Path) -> None:
    path = tmp_path / "default.yaml"
    path.write_text(build_default_yaml(), encoding="utf-8")
    assert load_settings(str(path)) == Settings().model_dump(mode="json")
    schema = json.loads(build_schema_json())
    assert "walking" in json.dumps(schema)
