"""What ``connectivity doctor`` finds missing, in the installation and among the inputs of an area."""

from __future__ import annotations

import json
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline.cli import doctor
from pipeline.cli import main as cli
from pipeline.cli.doctor import Check, diagnose, diagnose_area, list_locked
from tests.support.gtfs import build_gtfs


def pick(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.name == name)


def test_this_installation_can_run(tmp_path):
    assert [check for check in diagnose(tmp_path) if check.level == "bad"] == []


def test_what_is_bad_or_doubtful_has_a_cure_and_what_is_well_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    checks = diagnose(tmp_path)
    assert all(bool(check.cure) == (check.level != "ok") for check in checks)
    assert pick(checks, "make").level == "bad"
    assert pick(checks, "chromium").level == pick(checks, "git").level == "note"
    assert len({check.name for check in checks}) == len(checks)


def test_packages_are_compared_with_the_lock(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        f"numba=={version('numba')} \\\n    --hash=sha256:00\npandas==0.0.1 \\\n    --hash=sha256:00\n"
        "no-such-package==1.0 ; python_version >= '3' \\\n    --hash=sha256:00\n"
        "only-elsewhere==1.0 ; sys_platform == 'nowhere' \\\n    --hash=sha256:00\n",
        encoding="utf-8",
    )
    assert [name for name, _ in list_locked(lock)] == ["numba", "pandas", "no-such-package"]
    checks = doctor._check_packages(lock)
    assert pick(checks, "package pandas").level == "note"
    assert "the lock says 0.0.1" in pick(checks, "package pandas").text
    assert pick(checks, "package no-such-package").level == "bad"
    assert not any("only-elsewhere" in check.name for check in checks)


def test_little_disk_and_memory_and_a_cache_that_cannot_be_written_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE_GB", 10**9)
    monkeypatch.setattr(doctor, "LEAST_MEMORY_GB", 10**9)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "nowhere"))
    checks = diagnose(tmp_path)
    assert (pick(checks, "disk").level, pick(checks, "compile cache").level) == ("bad", "bad")
    assert "CONNECTIVITY_CACHE_DIR" in pick(checks, "compile cache").cure
    assert pick(checks, "memory").level == "note"


def test_a_clock_before_the_installation_is_wrong():
    assert doctor._check_clock().level == "ok"
    wrong = doctor._check_clock(now=time.time() - 20 * 365 * 86_400)
    assert wrong.level == "bad"
    assert "before the files" in wrong.text


def test_a_folder_that_cannot_be_written_to_is_bad(tmp_path, monkeypatch):
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert doctor._check_writable(tmp_path).level == "bad"
    assert "Read-only" in doctor._check_writable(tmp_path).text


SERVICE_DAY = "2024-01-16"
AREA = """name: town
title: Town
crs: {crs}
timezone: Europe/London
streets: {{path: town.osm.pbf}}
small_areas: {{path: small.csv, code: id}}
destinations:
  - {{category: hospitals, label: hospital, path: hospitals.csv, code: id}}
snapshots:
  - id: now
    date: {day}
    feeds: [{{key: bus, path: "{path}"}}]
"""


def write_area(folder: Path, *, crs: str = "EPSG:27700", day: str = SERVICE_DAY, path: str = "bus.zip") -> str:
    file = folder / "town.yaml"
    file.write_text(AREA.format(crs=crs, day=day, path=path), encoding="utf-8")
    for name in ("town.osm.pbf", "small.csv", "hospitals.csv"):
        (folder / name).touch()
    build_gtfs(folder, name="bus.zip")
    return str(file)


def check_area(folder: Path, **changes: str) -> list[Check]:
    checks = diagnose_area(write_area(folder, **changes), config=None, data=str(folder))
    return [check for check in checks if check.level != "ok"]


def test_an_area_with_all_its_inputs_is_well(tmp_path):
    assert check_area(tmp_path, day=SERVICE_DAY) == []


def test_a_date_without_service_is_bad_and_the_dates_of_the_feed_are_told(tmp_path):
    (found,) = check_area(tmp_path, day="1999-10-12")
    assert found.name == "timetable now bus"
    assert "no service on 1999-10-12" in found.text
    assert "it holds for 2024-01" in found.text


def test_a_missing_file_and_a_system_in_degrees_are_bad(tmp_path):
    found = check_area(tmp_path, crs="EPSG:4326", path="gone.zip", day=SERVICE_DAY)
    assert [check.name for check in found] == ["input gone.zip", "crs EPSG:4326"]
    (unknown,) = check_area(tmp_path, crs="EPSG:999999", day=SERVICE_DAY)
    assert "unknown" in unknown.text


def test_a_live_source_that_needs_a_key_is_bad_without_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BODS_API_KEY", raising=False)
    names = [check.name for check in check_area(tmp_path, path="raw:bods_txc?noc=NWPT")]
    assert names == ["input raw:bods_txc?noc=NWPT", "key bods_txc"]
    monkeypatch.setenv("BODS_API_KEY", "secret")
    found = check_area(tmp_path, path="raw:bods_txc?noc=NWPT")
    assert [check.name for check in found] == ["input raw:bods_txc?noc=NWPT"]
    assert "secret" not in "".join(check.text + check.cure for check in found)


def test_a_broken_area_file_is_one_bad_check(tmp_path):
    (found,) = diagnose_area(str(tmp_path / "none.yaml"), config=None, data=None)
    assert (found.level, found.cure) == ("bad", "Check the path.")


def test_the_exit_code_and_the_json_tell_programs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for area, code in ((write_area(tmp_path, path="gone.zip"), 3), (None, 0)):
        more = ["--area", area, "--data", str(tmp_path)] if area else []
        monkeypatch.setattr("sys.argv", ["connectivity", "doctor", "--json", *more])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        content = json.loads(capsys.readouterr().out)
        assert (int(stopped.value.code or 0), content["is_good"]) == (code, code == 0)
        assert set(content["checks"][0]) == {"name", "level", "text", "cure"}
