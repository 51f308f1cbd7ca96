"""The file of registered snapshots: what stands in it, what a run takes from it, how it may be wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.base.errors import ConfigError
from pipeline.base.live import find_cure, is_archived, resolve_input
from pipeline.base.registered import (
    CANDIDATE,
    Acceptance,
    Registered,
    RegisteredFeed,
    RegisteredSnapshot,
    State,
    add_registered,
    build_accept_command,
    get_registered_path,
    list_used,
    read_registered,
)
from pipeline.stages.registered import write_registered

SHA = "a" * 64


def build_one(
    name: str, state: State = "accepted", *, day: int = 5, accepted: Acceptance | None = None
) -> RegisteredSnapshot:
    feed = RegisteredFeed(
        key="bus",
        path=f"archived:gtfs_url/{SHA}/bus.zip",
        reference="raw:gtfs_url?address=https://buses.example/bus.zip",
        sha256=SHA,
        bytes=10,
        valid_from=date(2024, 3, 1),
        valid_to=date(2024, 6, 1),
        fingerprint="b" * 64,
        basis="c",
        licence="OGL v3",
    )
    return RegisteredSnapshot(
        id=name,
        state=state,
        date=date(2024, 3, day),
        label=name,
        registered=datetime(2024, 3, 1, tzinfo=UTC),
        feeds=[feed],
        accepted=accepted,
    )


def put(folder: Path, *snapshots: RegisteredSnapshot) -> Path:
    area_file = folder / "here.yaml"
    write_registered(Registered(area="here", snapshots=list(snapshots)), area_file)
    return area_file


def test_what_is_written_is_read_back_and_a_second_writing_touches_nothing(tmp_path: Path) -> None:
    acceptance = Acceptance(reason="it is so", by="A. Person", date=date(2024, 3, 7))
    snapshots = [build_one("2024-W10", accepted=acceptance), build_one("2024-W11", "held")]
    area_file = put(tmp_path, *snapshots)
    assert read_registered(area_file, area="here").snapshots == snapshots
    path = get_registered_path(area_file)
    assert path == tmp_path / "registered" / "here.yaml"
    stamp = path.stat().st_mtime_ns
    put(tmp_path, *snapshots)
    assert path.stat().st_mtime_ns == stamp


def test_a_run_takes_the_accepted_ones_in_order_of_their_dates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acceptance = Acceptance(reason="it is so", by="A. Person", date=date(2024, 3, 7))
    area_file = put(
        tmp_path,
        build_one("late", day=19, accepted=acceptance),
        build_one("early", day=12),
        build_one("held", "held", day=26),
        build_one("old", "superseded", day=26),
        build_one("new", "candidate", day=26),
    )
    content = {"name": "here", "refresh": {"feeds": []}, "snapshots": [{"id": "own", "date": 2020}]}
    found = add_registered(content, area_file)
    assert [one["id"] for one in found["snapshots"]] == ["own", "early", "late"]
    assert found["snapshots"][1]["feeds"] == [
        {"licence": "OGL v3", "key": "bus", "path": f"archived:gtfs_url/{SHA}/bus.zip"}
    ]
    assert found["accepted"] == [{"snapshot": "late", "reason": "it is so", "by": "A. Person", "date": "2024-03-07"}]
    assert content["snapshots"] == [{"id": "own", "date": 2020}]
    kept = add_registered({**content, "refresh": {"keep": 1}}, area_file)
    assert [one["id"] for one in kept["snapshots"]] == ["own", "late"]
    monkeypatch.setenv(CANDIDATE, "new")
    tried = add_registered({**content, "refresh": {"keep": 2}}, area_file)
    assert [one["id"] for one in tried["snapshots"]] == ["own", "late", "new"]


def test_an_area_without_refresh_never_looks(tmp_path: Path) -> None:
    content = {"name": "here", "snapshots": []}
    get_registered_path(tmp_path / "here.yaml").parent.mkdir()
    get_registered_path(tmp_path / "here.yaml").write_text("broken: [", encoding="utf-8")
    assert add_registered(content, tmp_path / "here.yaml") is content


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("state: accepted", "state: good", "snapshots.0.state"),
        (f"archived:gtfs_url/{SHA}", "archived:../../etc", "snapshots.0.feeds.0.path"),
        (f"archived:gtfs_url/{SHA}", f"archived:gtfs_url/{'d' * 64}", "snapshots.0.feeds.0"),
        ("area: here", "area: there", "area"),
        ("id: here-1", "id: 'a;b'", "snapshots.0.id"),
    ],
)
def test_a_file_that_somebody_spoilt_names_file_field_and_cure(tmp_path: Path, old: str, new: str, field: str) -> None:
    area_file = put(tmp_path, build_one("here-1"))
    path = get_registered_path(area_file)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        add_registered({"name": "here", "refresh": {}}, area_file)
    assert (caught.value.file, caught.value.field) == (str(path), field)
    assert caught.value.cure


def test_a_name_that_the_area_file_has_too_is_refused(tmp_path: Path) -> None:
    area_file = put(tmp_path, build_one("2024"))
    with pytest.raises(ConfigError, match="has a snapshot '2024', and so have the registered ones"):
        add_registered({"name": "here", "refresh": {}, "snapshots": [{"id": 2024}]}, area_file)


def test_states_follow_one_another() -> None:
    found = Registered(area="here", snapshots=[build_one("a"), build_one("b", "held"), build_one("c", "candidate")])
    assert found.find("held", "candidate") == found.snapshots[2]
    after = found.supersede("c", "candidate", "held")
    assert [one.state for one in after.snapshots] == ["accepted", "superseded", "candidate"]
    assert after.snapshots[1].note == "superseded by c"
    replaced = after.replace(build_one("c", "accepted")).replace(build_one("d", "candidate"))
    assert [(one.id, one.state) for one in replaced.snapshots][2:] == [("c", "accepted"), ("d", "candidate")]
    assert [one.id for one in list_used(replaced, keep=None)] == ["a", "c"]


def test_archived_paths_lie_in_the_archive_whatever_the_data_folder(tmp_path: Path) -> None:
    path = f"archived:bods_gtfs/{SHA}/bods.zip"
    assert is_archived(path)
    found = resolve_input(path, data=tmp_path, outputs=tmp_path)
    assert found == Path("data/raw/bods_gtfs") / SHA / "bods.zip"
    assert "bring the archive back" in find_cure(str(found))


def test_the_command_names_an_area_of_the_usual_folder_by_its_name() -> None:
    assert build_accept_command(Path("config/areas/newport.yaml"), "2026-W48").startswith(
        "connectivity accept newport 2026-W48 --reason "
    )
    assert " 'my areas/here.yaml' " in build_accept_command(Path("my areas/here.yaml"), "x")
