"""What a column holds, for those who read a table elsewhere: units, types and words of the declared tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.base.tables import Column, Table

UNITS = (
    ("_runs_per_day", "runs a day"),
    ("_per_day", "a day"),
    ("_per_hour", "an hour"),
    ("_runs_weekday", "runs a day"),
    ("_person_min", "person-minutes"),
    ("_min", "minutes"),
    ("_km", "kilometres"),
    ("_pct", "%"),
    ("_points", "points"),
    ("_m", "metres"),
    ("_s", "seconds"),
)
"""Endings of column names and what they mean; the first that fits counts."""
WHOLE = {
    "lon": "degrees",
    "lat": "degrees",
    "population": "people",
    "bytes": "bytes",
    "runs_per_day": "runs a day",
    "runs_per_hour": "runs an hour",
}
TYPES = {"text": "string", "float": "number", "int": "integer", "bool": "boolean", "bytes": "any"}


def find_unit(name: str) -> str | None:
    """Return the unit that the name of a column states, or None where it states none.

    Parameters
    ----------
    name
        Name of a column, such as ``walk_time_s``.

    Returns
    -------
    str or None
        Such as ``seconds``.
    """
    if name in WHOLE:
        return WHOLE[name]
    if name.startswith("people_"):
        return "%" if name.endswith("_pct") else "people"
    return next((unit for ending, unit in UNITS if name.endswith(ending)), None)


def describe_column(column: Column) -> str:
    """Return what a column means, its allowed values included.

    Parameters
    ----------
    column
        The declared column.

    Returns
    -------
    str
        One or two sentences.
    """
    return f"{column.description} One of: {', '.join(column.allowed)}." if column.allowed else column.description


def build_field(column: Column) -> dict[str, object]:
    """Describe a column as a field of a Table Schema.

    Parameters
    ----------
    column
        The declared column.

    Returns
    -------
    dict
        Name, type, description, unit and constraints. Text that may be empty cannot be told from a missing value in
        CSV, so that only text with a list of allowed values is required.
    """
    field: dict[str, object] = {
        "name": column.name,
        "type": "date" if column.name.endswith("_date") else TYPES[column.kind],
        "description": describe_column(column),
    }
    unit = find_unit(column.name)
    if unit is not None:
        field["unit"] = unit
    constraints: dict[str, object] = {}
    if not column.is_nullable and (column.kind != "text" or column.allowed):
        constraints["required"] = True
    if column.allowed:
        constraints["enum"] = list(column.allowed)
    if column.minimum is not None:
        constraints["minimum"] = int(column.minimum) if column.kind == "int" else column.minimum
    if column.maximum is not None:
        constraints["maximum"] = int(column.maximum) if column.kind == "int" else column.maximum
    if constraints:
        field["constraints"] = constraints
    return field


def build_schema(table: Table, *, has_geometry: bool) -> dict[str, object]:
    """Describe a table as a Table Schema.

    Parameters
    ----------
    table
        The declared table.
    has_geometry
        Whether columns of geometry are there: in Parquet they are, in CSV they are not.

    Returns
    -------
    dict
        Fields and, where no column of the key may be null, the primary key.
    """
    columns = [column for column in table.columns if has_geometry or column.kind != "bytes"]
    schema: dict[str, object] = {"fields": [build_field(column) for column in columns], "missingValues": [""]}
    by_name = {column.name: column for column in table.columns}
    if table.name != "out_run__notices" and not any(by_name[key].is_nullable for key in table.key):
        schema["primaryKey"] = list(table.key)
    return schema


def list_dictionary(tables: list[Table]) -> list[dict[str, str]]:
    """Return the data dictionary of some tables, one row a column.

    Parameters
    ----------
    tables
        Declared tables.

    Returns
    -------
    list of dict
        Table, its title, column, type, unit, whether it may be null, meaning.
    """
    return [
        {
            "table": table.name,
            "table_title": table.title,
            "column": column.name,
            "type": str(build_field(column)["type"]),
            "unit": find_unit(column.name) or "",
            "may_be_null": "yes" if column.is_nullable else "no",
            "description": describe_column(column),
        }
        for table in tables
        for column in table.columns
    ]
