"""Tables in PostgreSQL with PostGIS: one transaction, stable views, comments, indexes, a role that can only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from pipeline.base.config import Postgis
from pipeline.base.errors import ConfigError, FetchError, PipelineError
from pipeline.base.tables import check_table
from pipeline.stages.postgis import Publication, hash_tables, publish_to_postgis
from tests.support.postgis import run_postgis

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

HOSTILE = """Robert'); DROP TABLE "out_neighbourhood__geography"; --\t\\N\n\\. "quoted" \N{SNOWMAN}"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with run_postgis() as dsn:
        yield dsn


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database with PostGIS for each test."""
    name = f"t{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    dsn = server.replace("dbname=postgres", f"dbname={name}")
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE EXTENSION postgis")
    yield dsn
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name)))


def write_tables(folder: Path, *, name: str = "Quayside", n_stops: int = 3) -> Path:
    """Two published tables, one with outlines and one with points, nulls among them."""
    folder.mkdir(parents=True, exist_ok=True)
    square = shapely.box(-4.2, 51.0, -4.1, 51.1)
    geography = pd.DataFrame(
        {
            "neighbourhood_code": ["W1", "W2"],
            "neighbourhood_name": [name, ""],
            "area_group": ["left_behind", "other"],
            "authority_code": [None, "A1"],
            "deprivation_rank": [1.0, np.nan],
            "rurality": [None, "urban"],
            "population": [1200.0, np.nan],
            "lon": [-4.15, np.nan],
            "lat": [51.05, np.nan],
            "geometry_wkb": [square.wkb, None],
        }
    )
    stops = pd.DataFrame(
        {
            "snapshot": "2024",
            "stop_id": [f"bus:{number}" for number in range(n_stops)],
            "stop_name": [None] * n_stops,
            "lon": -4.15,
            "lat": 51.05,
            "mode": "bus",
            "runs_weekday": 12.5,
            "is_linked": True,
        }
    )
    for key, frame in (("out_neighbourhood__geography", geography), ("out_stop__location", stops)):
        check_table(frame, key).to_parquet(folder / f"{key}.parquet", index=False)
    return folder


def publish(dsn: str, folder: Path, *, keep: int | None = None, role: str | None = "reader") -> Publication:
    settings = Postgis(dsn_env="TEST_DSN", role=role)
    return publish_to_postgis(settings, "area", folder, keep_versions=keep, environment={"TEST_DSN": dsn})


def ask(dsn: str, question: str, *parameters: object) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(question, parameters or None).fetchall()


def test_every_value_arrives_as_it_was(database: str, tmp_path: Path) -> None:
    done = publish(database, write_tables(tmp_path / "tables", name=HOSTILE))
    assert done.is_new
    assert done.rows == {"out_neighbourhood__geography": 2, "out_stop__location": 3}
    question = (
        "SELECT neighbourhood_code, neighbourhood_name, authority_code, population, lon, "
        "ST_SRID(geometry), ST_AsBinary(geometry), ST_AsText(point) FROM area.out_neighbourhood__geography ORDER BY 1"
    )
    first, second = ask(database, question)
    assert first[:6] == ("W1", HOSTILE, None, 1200.0, -4.15, 4326)
    assert shapely.from_wkb(bytes(first[6])).equals(shapely.box(-4.2, 51.0, -4.1, 51.1))  # type: ignore[call-overload]
    assert first[7] == "POINT(-4.15 51.05)"
    assert second == ("W2", "", "A1", None, None, None, None, None)
    assert ask(database, "SELECT DISTINCT is_linked, runs_weekday, stop_name FROM area.out_stop__location") == [
        (True, 12.5, None)
    ]


def test_columns_are_explained_and_geometry_is_indexed(database: str, tmp_path: Path) -> None:
    publish(database, write_tables(tmp_path / "tables"))
    comments = dict(
        ask(
            database,
            "SELECT a.attname, col_description(a.attrelid, a.attnum) FROM pg_attribute a "
            "WHERE a.attrelid = 'area.out_neighbourhood__geography'::regclass AND a.attnum > 0",
        )
    )
    assert comments["population"] == "People. Unit: people."
    assert comments["area_group"] == "Comparison group. One of: left_behind, other_deprived, other."
    assert ask(database, "SELECT obj_description('area.out_stop__location'::regclass)") == [
        ("Stops served, with the trips that call on the weekday examined",)
    ]
    indexes = ask(database, "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname LIKE 'area_v_%'")
    spatial = sorted((str(table), str(text).split("gist ")[1]) for table, text in indexes if "gist" in str(text))
    assert spatial == [
        ("out_neighbourhood__geography", "(geometry)"),
        ("out_neighbourhood__geography", "(point)"),
        ("out_stop__location", "(point)"),
    ]
    keys = [str(text) for _, text in indexes if "UNIQUE" in str(text)]
    assert any("(snapshot, stop_id)" in text for text in keys)


def test_publishing_the_same_tables_again_changes_nothing(database: str, tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "tables")
    first = publish(database, folder)
    state = "SELECT oid, relname, relkind FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'area%' ORDER BY 1"
    before = ask(database, state)
    again = publish(database, folder)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.version == first.version == hash_tables(folder)
    assert again.rows == first.rows
    assert ask(database, state) == before


def test_views_keep_their_names_and_the_earlier_version_stays(database: str, tmp_path: Path) -> None:
    first = publish(database, write_tables(tmp_path / "one"))
    second = publish(database, write_tables(tmp_path / "two", n_stops=5))
    assert ask(database, "SELECT count(*) FROM area.out_stop__location") == [(5,)]
    assert ask(database, f"SELECT count(*) FROM area_v_{first.version}.out_stop__location") == [(3,)]
    back = publish(database, tmp_path / "one")
    assert not back.is_new
    assert ask(database, "SELECT count(*) FROM area.out_stop__location") == [(3,)]
    assert ask(database, "SELECT version FROM area.publication ORDER BY position") == [
        (second.version,),
        (first.version,),
    ]


def test_versions_beyond_those_to_keep_are_dropped(database: str, tmp_path: Path) -> None:
    done = [publish(database, write_tables(tmp_path / str(n), n_stops=n), keep=2) for n in (1, 2, 3)]
    assert [one.dropped for one in done] == [(), (), (done[0].version,)]
    schemas = ask(database, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'area%' ORDER BY 1")
    assert schemas == sorted([("area",), *((f"area_v_{one.version}",) for one in done[1:])])


def test_a_table_that_is_no_longer_published_has_no_view(database: str, tmp_path: Path) -> None:
    publish(database, write_tables(tmp_path / "one"))
    folder = write_tables(tmp_path / "two", n_stops=4)
    (folder / "out_neighbourhood__geography.parquet").unlink()
    publish(database, folder)
    views = ask(database, "SELECT viewname FROM pg_views WHERE schemaname = 'area'")
    assert views == [("out_stop__location",)]


def test_a_failure_leaves_the_earlier_version_untouched(database: str, tmp_path: Path) -> None:
    publish(database, write_tables(tmp_path / "one"))
    folder = write_tables(tmp_path / "two", n_stops=4)
    broken = pd.read_parquet(folder / "out_stop__location.parquet")
    broken["stop_id"] = "twice"
    broken.to_parquet(folder / "out_stop__location.parquet", index=False)
    before = ask(database, "SELECT nspname FROM pg_namespace ORDER BY 1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        publish(database, folder)
    assert ask(database, "SELECT nspname FROM pg_namespace ORDER BY 1") == before
    assert ask(database, "SELECT count(*) FROM area.out_stop__location") == [(3,)]


def test_changed_columns_replace_a_view_unless_something_depends_on_it(database: str, tmp_path: Path) -> None:
    publish(database, write_tables(tmp_path / "one"))
    with psycopg.connect(database) as connection:
        connection.execute("DROP VIEW area.out_stop__location")
        connection.execute("CREATE VIEW area.out_stop__location AS SELECT 1 AS other")
    publish(database, write_tables(tmp_path / "two", n_stops=4))
    assert ask(database, "SELECT count(stop_id) FROM area.out_stop__location") == [(4,)]
    with psycopg.connect(database) as connection:
        connection.execute("DROP VIEW area.out_stop__location")
        connection.execute("CREATE VIEW area.out_stop__location AS SELECT 1 AS other")
        connection.execute("CREATE VIEW mine AS SELECT * FROM area.out_stop__location")
    with pytest.raises(PipelineError, match="depends on it"):
        publish(database, write_tables(tmp_path / "three", n_stops=6))


def test_the_role_can_read_the_views_and_nothing_else(database: str, tmp_path: Path) -> None:
    done = publish(database, write_tables(tmp_path / "tables"))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET ROLE reader")
        assert connection.execute("SELECT count(*) FROM area.out_stop__location").fetchone() == (3,)
        for forbidden in (
            f"SELECT * FROM area_v_{done.version}.out_stop__location",
            "SELECT * FROM area.publication",
            "DELETE FROM area.out_stop__location",
            "CREATE TABLE area.mine (a int)",
            "CREATE SCHEMA mine",
            "CREATE ROLE other",
            "DROP VIEW area.out_stop__location",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)
    rights = "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'reader'"
    assert ask(database, rights) == [(False, False, False, False)]


def test_a_role_with_other_rights_is_refused(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE ROLE mighty CREATEDB")
    with pytest.raises(ConfigError, match="rolcreatedb"):
        publish(database, write_tables(tmp_path / "tables"), role="mighty")
    assert ask(database, "SELECT 1 FROM pg_namespace WHERE nspname LIKE 'area%'") == []


def test_what_a_person_can_mend_is_said(database: str, server: str, tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "tables")
    with pytest.raises(ConfigError, match="TEST_DSN is not set"):
        publish("", folder)
    with pytest.raises(FetchError, match="cannot be reached") as caught:
        publish(f"host={tmp_path} user=nobody password=secret dbname=none", folder)
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match="no PostGIS"):
        publish(server, folder)
    with psycopg.connect(database) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
    with pytest.raises(ConfigError, match="refuses"):
        publish(database.replace("user=admin", "user=plain"), folder)
