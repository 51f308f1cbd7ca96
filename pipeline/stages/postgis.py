"""Publish tables to PostgreSQL with PostGIS: every version in a schema of its own, views with stable names before it.

Everything happens in one transaction: whoever reads the views sees the earlier version until the new one is complete,
and a failure leaves the earlier one as it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from pipeline.base.config import Postgis
from pipeline.base.errors import ConfigError, FetchError, PipelineError
from pipeline.base.hashing import hash_file, hash_value
from pipeline.base.tables import TABLES, Column, Table
from pipeline.report.dictionary import describe_column, find_unit

if TYPE_CHECKING:
    import psycopg

LEDGER = "publication"
LOCK = 0x636F6E6E
"""Number of the lock that lets one publication in at a time."""
TYPES = {"text": "text", "float": "double precision", "int": "bigint", "bool": "boolean"}
LONLAT = 4326
ALL_RIGHTS = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls")


@dataclass(frozen=True)
class Publication:
    """What was done: the version, whether it was loaded now or was there already, rows by table, versions dropped."""

    version: str
    is_new: bool
    rows: dict[str, int]
    dropped: tuple[str, ...]


def hash_tables(folder: Path) -> str:
    """Return a name for the content of published tables, the same for the same bytes.

    Parameters
    ----------
    folder
        With one Parquet file a table.

    Returns
    -------
    str
        12 hexadecimal digits.
    """
    return hash_value({path.stem: hash_file(path) for path in sorted(folder.glob("*.parquet"))})[:12]


def publish_to_postgis(
    settings: Postgis,
    schema: str,
    folder: Path,
    *,
    keep_versions: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Publication:
    """Load the published tables into a database and let the views point to them.

    Parameters
    ----------
    settings
        Connection and reading role.
    schema
        Schema of the views; versions are in ``<schema>_v_<version>``.
    folder
        With one Parquet file a table.
    keep_versions
        How many versions stay, the new one included; None: all.
    environment
        Where the connection string is looked up; None: the environment of this process.

    Returns
    -------
    Publication
        What was done. The same tables a second time change nothing but which version the views show.

    Raises
    ------
    ConfigError
        If the variable is not set, PostGIS is not installed, the role has other rights or may not be made.
    FetchError
        If the database cannot be reached.
    """
    import psycopg  # noqa: PLC0415 (only where a database is used)

    dsn = (os.environ if environment is None else environment).get(settings.dsn_env)
    if not dsn:
        raise ConfigError(
            f"The environment variable {settings.dsn_env} is not set.",
            field="publish.postgis.dsn_env",
            cure="Set it to a connection string, such as 'host=... dbname=... user=...', before running publish.",
        )
    try:
        connection = psycopg.connect(dsn, application_name="connectivity")
    except psycopg.OperationalError as error:
        raise FetchError(
            f"The database cannot be reached: {str(error).strip().splitlines()[0]}",
            field="publish.postgis.dsn_env",
            cure=f"Check the connection string in {settings.dsn_env} and that the server is running.",
        ) from None
    with connection, _translated(settings):
        return _Publisher(connection, schema, settings.role).publish(folder, keep_versions)


class _translated:  # noqa: N801 (used like a function)
    """Turns what a person can mend in the database into an error with its cure."""

    def __init__(self, settings: Postgis) -> None:
        self.settings = settings

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        import psycopg.errors as e  # noqa: PLC0415

        if isinstance(error, e.InsufficientPrivilege):
            raise ConfigError(
                f"The database refuses: {str(error).strip().splitlines()[0]}",
                field="publish.postgis",
                cure="Connect as a user who may create schemas and roles, or have the role made beforehand.",
            ) from None
        if isinstance(error, e.DependentObjectsStillExist):
            raise PipelineError(
                f"A view has changed and something else in the database depends on it: {str(error).splitlines()[0]}",
                cure="Drop what depends on it, publish, and make it anew.",
            ) from None


class _Publisher:
    """One publication within one transaction."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str, role: str | None) -> None:
        from psycopg import sql  # noqa: PLC0415

        self.sql = sql
        self.connection, self.schema, self.role = connection, schema, role
        self.postgis = ""

    def run(self, text: str, parameters: Iterable[object] = (), /, **names: Any) -> list[tuple[Any, ...]]:
        """Run a statement whose names are identifiers and whose values are parameters."""
        statement = self.sql.SQL(text).format(**names)
        cursor = self.connection.execute(statement, list(parameters) or None)
        return cursor.fetchall() if cursor.description else []

    def publish(self, folder: Path, keep_versions: int | None) -> Publication:
        """Load, switch, grant, drop what is too old."""
        version = hash_tables(folder)
        self.run("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (LOCK, self.schema))
        self.postgis = self._find_postgis()
        self._prepare()
        paths = [path for path in sorted(folder.glob("*.parquet")) if path.stem in TABLES]
        is_new = not self.run(
            "SELECT 1 FROM {ledger} WHERE version = %s", (version,), ledger=self._name(self.schema, LEDGER)
        )
        rows = self._load(version, paths) if is_new else self._count(version, paths)
        self._switch(version, [path.stem for path in paths])
        self._grant([path.stem for path in paths])
        return Publication(version, is_new, rows, self._drop_old(version, keep_versions))

    def _name(self, *parts: str) -> Any:
        return self.sql.Identifier(*parts)

    def _get_schema(self, version: str) -> str:
        return f"{self.schema}_v_{version}"

    def _find_postgis(self) -> str:
        found = self.run(
            "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
            "WHERE e.extname = 'postgis'"
        )
        if not found:
            raise ConfigError(
                "The database has no PostGIS.",
                field="publish.postgis",
                cure="Have an administrator run 'CREATE EXTENSION postgis' in it.",
            )
        return str(found[0][0])

    def _prepare(self) -> None:
        self.run("CREATE SCHEMA IF NOT EXISTS {schema}", schema=self._name(self.schema))
        self.run("REVOKE ALL ON SCHEMA {schema} FROM PUBLIC", schema=self._name(self.schema))
        self.run(
            "CREATE TABLE IF NOT EXISTS {ledger} (version text PRIMARY KEY, position bigint NOT NULL UNIQUE)",
            ledger=self._name(self.schema, LEDGER),
        )
        self._comment("TABLE", (LEDGER,), "Versions of the tables in the order of their last publication.")

    def _comment(self, kind: str, parts: tuple[str, ...], text: str, *, schema: str | None = None) -> None:
        self.run(
            "COMMENT ON {kind} {name} IS {text}",
            kind=self.sql.SQL(kind),
            name=self._name(schema or self.schema, *parts),
            text=self.sql.Literal(text),
        )

    def _load(self, version: str, paths: list[Path]) -> dict[str, int]:
        """Fill a staging schema and give it the version's name once every table is complete."""
        staging, final = f"{self.schema}_staging", self._get_schema(version)
        for name in (staging, final):
            self.run("DROP SCHEMA IF EXISTS {schema} CASCADE", schema=self._name(name))
        self.run("CREATE SCHEMA {schema}", schema=self._name(staging))
        self.run("REVOKE ALL ON SCHEMA {schema} FROM PUBLIC", schema=self._name(staging))
        rows = {path.stem: self._load_table(staging, TABLES[path.stem], pd.read_parquet(path)) for path in paths}
        self.run("ALTER SCHEMA {old} RENAME TO {new}", old=self._name(staging), new=self._name(final))
        return rows

    def _load_table(self, schema: str, table: Table, frame: pd.DataFrame) -> int:
        name = self._name(schema, table.name)
        self.run(
            "CREATE TABLE {name} ({columns})",
            name=name,
            columns=self.sql.SQL(", ").join([self._declare(column) for column in table.columns]),
        )
        columns = self.sql.SQL(", ").join([self._name(rename_column(column)) for column in table.columns])
        statement = self.sql.SQL("COPY {} ({}) FROM STDIN").format(name, columns)
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in iterate_rows(frame, table):
                copy.write_row(row)
        self._describe(schema, table, "TABLE")
        by_name = {column.name: column for column in table.columns}
        if table.name != "out_run__notices" and not any(by_name[key].is_nullable for key in table.key):
            keys = self.sql.SQL(", ").join([self._name(key) for key in table.key])
            self.run("ALTER TABLE {name} ADD PRIMARY KEY ({keys})", name=name, keys=keys)
        if {"lon", "lat"} <= set(by_name):
            self._add_points(name)
            self._index(name, "point")
        if any(column.kind == "bytes" for column in table.columns):
            self._index(name, "geometry")
        found = self.run("SELECT count(*) FROM {name}", name=name)[0][0]
        if found != len(frame):
            raise PipelineError(
                f"Of {len(frame)} rows of {table.name}, {found} arrived in the database.",
                cure="Nothing was changed there; publish again, and report this if it happens again.",
            )
        return len(frame)

    def _declare(self, column: Column) -> Any:
        if column.kind == "bytes":
            kind: Any = self.sql.SQL("{}(Geometry, {})").format(
                self._name(self.postgis, "geometry"), self.sql.Literal(LONLAT)
            )
        else:
            kind = self.sql.SQL(TYPES[column.kind])
        need = self.sql.SQL("" if column.is_nullable else " NOT NULL")
        return self.sql.SQL("{} {}{}").format(self._name(rename_column(column)), kind, need)

    def _add_points(self, name: Any) -> None:
        self.run(
            "ALTER TABLE {name} ADD COLUMN point {kind}(Point, {srid}) GENERATED ALWAYS AS "
            "({set_srid}({make}(lon, lat), {srid})) STORED",
            name=name,
            kind=self._name(self.postgis, "geometry"),
            srid=self.sql.Literal(LONLAT),
            set_srid=self._name(self.postgis, "st_setsrid"),
            make=self._name(self.postgis, "st_makepoint"),
        )

    def _index(self, name: Any, column: str) -> None:
        self.run("CREATE INDEX ON {name} USING gist ({column})", name=name, column=self._name(column))

    def _describe(self, schema: str, table: Table, kind: str) -> None:
        self._comment(kind, (table.name,), table.title, schema=schema)
        for column in table.columns:
            unit = find_unit(column.name)
            text = describe_column(column) + (f" Unit: {unit}." if unit else "")
            self._comment("COLUMN", (table.name, rename_column(column)), text, schema=schema)

    def _count(self, version: str, paths: list[Path]) -> dict[str, int]:
        schema = self._get_schema(version)
        return {
            path.stem: int(self.run("SELECT count(*) FROM {name}", name=self._name(schema, path.stem))[0][0])
            for path in paths
        }

    def _switch(self, version: str, names: list[str]) -> None:
        """Let the views show a version, and note it as the last one."""
        known = self.run("SELECT viewname FROM pg_views WHERE schemaname = %s", (self.schema,))
        for (view,) in known:
            if view in TABLES and view not in names:
                self.run("DROP VIEW {view}", view=self._name(self.schema, view))
        for name in names:
            self._make_view(version, name)
            self._describe(self.schema, TABLES[name], "VIEW")
        self.run(
            "INSERT INTO {ledger} SELECT %s, coalesce(max(position), 0) + 1 FROM {ledger} "
            "ON CONFLICT (version) DO UPDATE SET position = excluded.position",
            (version,),
            ledger=self._name(self.schema, LEDGER),
        )

    def _make_view(self, version: str, name: str) -> None:
        import psycopg.errors  # noqa: PLC0415

        names = {"view": self._name(self.schema, name), "table": self._name(self._get_schema(version), name)}
        try:
            with self.connection.transaction():
                self.run("CREATE OR REPLACE VIEW {view} AS SELECT * FROM {table}", **names)
        except (psycopg.errors.InvalidTableDefinition, psycopg.errors.FeatureNotSupported):
            # the columns are not those of the earlier version
            self.run("DROP VIEW {view}", view=names["view"])
            self.run("CREATE VIEW {view} AS SELECT * FROM {table}", **names)

    def _grant(self, names: list[str]) -> None:
        """Let the role read the views, after making sure that it has no other rights."""
        if self.role is None:
            return
        columns = self.sql.SQL(", ").join([self._name(right) for right in ALL_RIGHTS])
        found = self.run("SELECT {columns} FROM pg_roles WHERE rolname = %s", (self.role,), columns=columns)
        if not found:
            self.run("CREATE ROLE {role} NOLOGIN NOINHERIT", role=self._name(self.role))
        elif any(found[0]):
            rights = [right for right, has in zip(ALL_RIGHTS, found[0], strict=True) if has]
            raise ConfigError(
                f"The role {self.role} has rights beyond reading: {', '.join(rights)}.",
                field="publish.postgis.role",
                cure="Name another role, which is made if it is not there.",
            )
        role, schema = self._name(self.role), self._name(self.schema)
        self.run("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}", schema=schema, role=role)
        self.run("REVOKE ALL ON SCHEMA {schema} FROM {role}", schema=schema, role=role)
        self.run("GRANT USAGE ON SCHEMA {schema} TO {role}", schema=schema, role=role)
        for name in names:
            self.run("GRANT SELECT ON {view} TO {role}", view=self._name(self.schema, name), role=role)

    def _drop_old(self, version: str, keep: int | None) -> tuple[str, ...]:
        if keep is None:
            return ()
        ledger = self._name(self.schema, LEDGER)
        found = self.run("SELECT version FROM {ledger} ORDER BY position DESC OFFSET %s", (keep,), ledger=ledger)
        old = tuple(str(name) for (name,) in found if name != version)
        for name in old:
            self.run("DROP SCHEMA IF EXISTS {schema} CASCADE", schema=self._name(self._get_schema(name)))
            self.run("DELETE FROM {ledger} WHERE version = %s", (name,), ledger=ledger)
        return old


def rename_column(column: Column) -> str:
    """Return the name of a column in the database: geometry is no longer WKB there.

    Parameters
    ----------
    column
        The declared column.

    Returns
    -------
    str
        Its own name, or ``geometry``.
    """
    return "geometry" if column.kind == "bytes" else column.name


def iterate_rows(frame: pd.DataFrame, table: Table) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a table as plain Python values in declared order.

    Parameters
    ----------
    frame
        The table.
    table
        Its declaration.

    Yields
    ------
    tuple
        None for nulls; geometry as hexadecimal WKB with its reference system. A zero byte, which PostgreSQL cannot
        hold in text, becomes the sign for a character that cannot be shown.
    """
    lists = []
    for column in table.columns:
        values = frame[column.name]
        is_null = values.isna().to_numpy()
        if column.kind == "bytes":
            shapes = shapely.set_srid(shapely.from_wkb(values.to_numpy(dtype=object)), LONLAT)
            found: list[object] = list(shapely.to_wkb(shapes, hex=True, include_srid=True))
        elif column.kind == "text":
            found = [str(value).replace("\0", "\ufffd") for value in values.tolist()]
        else:
            found = values.astype(object).tolist()
        lists.append([None if null else value for null, value in zip(is_null, found, strict=True)])
    yield from zip(*lists, strict=True)
