"""Publishing through the command line: versions, ``latest``, the change report, and the database beside the folder."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tests.support.pipeline import TINY, ProjectFolder, hash_files
from tests.support.postgis import run_postgis


def publish(project: ProjectFolder) -> Path:
    """Run the last three stages in this process and return the folder that ``latest`` points to."""
    for stage in ("scores", "report", "publish"):
        done = project.call("run", stage, "--area", TINY)
        assert done.returncode == 0, done.stderr
    return (project.outputs() / "publish" / "latest").resolve()


def test_a_published_version_is_whole_and_describes_itself(tiny: ProjectFolder) -> None:
    folder = (tiny.outputs() / "publish" / "latest").resolve()
    assert "This is the first version" in (folder / "report" / "change.html").read_text(encoding="utf-8")
    downloads = folder / "report" / "downloads"
    assert openpyxl.load_workbook(downloads / "tiny.xlsx").sheetnames[:3] == ["Cover", "Contents", "Notes"]
    with zipfile.ZipFile(downloads / "tiny-data.zip") as archive:
        document = json.loads(archive.read("tiny-data/datapackage.json"))
    tables = {path.stem for path in (folder / "tables").glob("*.parquet")}
    assert {item["name"] for item in document["resources"] if item["format"] == "csv"} == tables | {"neighbourhoods"}
    assert "CC0-1.0" in {item["name"] for item in document["licenses"]}


def test_a_rerun_changes_nothing_and_a_change_is_told(tiny_copy: ProjectFolder) -> None:
    first = publish(tiny_copy)
    before = hash_files(first)
    assert publish(tiny_copy) == first
    assert hash_files(first) == before
    tiny_copy.edit("config/scoring/connectedness.yaml", "weight: 0.45", "weight: 0.25")
    tiny_copy.edit("config/scoring/connectedness.yaml", "weight: 0.15", "weight: 0.35")
    second = publish(tiny_copy)
    assert second != first
    assert hash_files(first) == before
    page = (second / "report" / "change.html").read_text(encoding="utf-8")
    assert "The latest timetables are the same" in page
    assert "connectedness.yaml" in page
    history = json.loads((tiny_copy.outputs() / "publish" / "history.json").read_text(encoding="utf-8"))
    assert [entry["version"] for entry in history] == [first.name, second.name]


def test_the_database_receives_every_table(tiny_copy: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    with run_postgis() as dsn:
        with psycopg.connect(dsn, autocommit=True) as admin:
            admin.execute("CREATE EXTENSION postgis")
        monkeypatch.setenv("TINY_DSN", dsn)
        (tiny_copy.path / "publish.yaml").write_text("publish:\n  postgis: {dsn_env: TINY_DSN}\n", encoding="utf-8")
        done = tiny_copy.call("run", "publish", "--area", TINY, "--config", "publish.yaml")
        assert done.returncode == 0, done.stderr
        tables = {path.stem: path for path in (tiny_copy.outputs() / "tables").glob("*.parquet")}
        with psycopg.connect(dsn) as reader:
            for name in tables:
                view = psycopg.sql.Identifier("connectivity_tiny", name)
                row = reader.execute(psycopg.sql.SQL("SELECT count(*) FROM {}").format(view)).fetchone()
                assert row == (len(tiny_copy.read_table(name)),), name
        manifest = tiny_copy.read_manifest("publish")
        assert manifest["facts"]["postgis"]["schema"] == "connectivity_tiny"
        assert dsn not in json.dumps(manifest)
