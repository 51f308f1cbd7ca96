"""Feeds of an area file: their format, NaPTAN's stops and the nation; all are inputs that make new work."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.base.area import Feed
from pipeline.base.load import load_project
from pipeline.stages.targets import build_targets, list_inputs


def test_a_feed_is_of_any_format_unless_told_otherwise() -> None:
    feed = Feed(key="bus", path="bus.zip")
    assert (feed.format, feed.naptan, feed.nation) == ("auto", None, "england")


def test_naptan_is_a_path_or_a_table_with_a_licence() -> None:
    short = Feed.model_validate({"key": "bus", "path": "bus.zip", "naptan": "Stops.csv"})
    long = Feed.model_validate({"key": "bus", "path": "bus.zip", "naptan": {"path": "Stops.csv", "licence": "OGL"}})
    assert short.naptan is not None
    assert long.naptan is not None
    assert (short.naptan.path, long.naptan.licence) == ("Stops.csv", "OGL")


@pytest.mark.parametrize("wrong", [{"format": "netex"}, {"nation": "france"}, {"naptan": {"pfad": "x"}}])
def test_other_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Feed.model_validate({"key": "bus", "path": "bus.zip", **wrong})


def test_naptan_is_an_input_of_the_snapshot_that_uses_it_and_of_no_other(root: Path) -> None:
    project = load_project("sample", data=str(root / "data" / "sample"))
    targets = build_targets(project)
    naptan = root / "data" / "sample" / "naptan.csv"
    users = [name for name, target in targets.items() if naptan in {path.resolve() for path in target.inputs}]
    assert users == ["fetch", "timetables/2016"]
    assert [(role, path) for role, path, _, _ in list_inputs(project) if role == "naptan"] == [("naptan", "naptan.csv")]
    assert "transxchange" in str(targets["timetables/2016"].config)
    assert "transxchange" not in str(targets["timetables/2024"].config)
