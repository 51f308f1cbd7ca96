"""Every published table by its name, and the check that a table fits its declaration.

The pandera schemas that check the tables and the data dictionary are both made from the declarations, which stand by
subject in ``tables_*.py``; what they are made of is in :mod:`pipeline.base.tables_model`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.base import tables_change, tables_places, tables_run, tables_service, tables_travel_time
from pipeline.base.errors import PipelineError
from pipeline.base.tables_coverage import build_coverage_tables
from pipeline.base.tables_gates import build_gate_tables
from pipeline.base.tables_league import build_league_tables
from pipeline.base.tables_model import (
    BANDS,
    CODE,
    COVERAGE,
    DAY_TYPES,
    DIRECTIONS,
    GROUPS,
    LINK_KINDS,
    MODES,
    REASON,
    REASONS,
    RUNS_HASH,
    SNAPSHOT,
    Column,
    Kind,
    Table,
    declare_column,
)
from pipeline.base.tables_profile import build_profile_tables
from pipeline.base.tables_scores import build_score_tables
from pipeline.base.tables_sensitivity import build_sensitivity_tables
from pipeline.base.tables_series import build_series_tables

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = [
    "BANDS",
    "CODE",
    "COVERAGE",
    "DAY_TYPES",
    "DIRECTIONS",
    "GROUPS",
    "LINK_KINDS",
    "MODES",
    "REASON",
    "REASONS",
    "RUNS_HASH",
    "SNAPSHOT",
    "TABLES",
    "Column",
    "Kind",
    "Table",
    "build_schema",
    "check_table",
    "declare_column",
]
_c = declare_column

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *tables_travel_time.DECLARED,
        *tables_service.DECLARED,
        *tables_places.DECLARED,
        *tables_run.DECLARED,
    )
}
TABLES |= {table.name: table for table in (*build_coverage_tables(), *build_series_tables())}

TABLES |= {table.name: table for table in (*build_score_tables(), *build_sensitivity_tables(), *build_league_tables())}
TABLES |= {table.name: table for table in (*build_gate_tables(), *build_profile_tables())}

DEFECT = "This is a defect of the program, not of your data; please report it with this message."
_DTYPES: dict[str, Any] = {"text": "str", "float": "float64", "bool": "bool", "bytes": "object"}


def check_table(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Bring a table into its declared order and types, and check it.

    Parameters
    ----------
    frame
        The table; columns beyond the declaration are an error.
    name
        Its declared name.

    Returns
    -------
    pandas.DataFrame
        Declared columns in order, sorted by the key.

    Raises
    ------
    PipelineError
        If it does not fit its declaration: a defect of the program, since inputs were checked before.
    """
    import pandera.errors  # noqa: PLC0415 (slow to import; only stages that publish need it)

    table = TABLES[name]
    names = [column.name for column in table.columns]
    if set(frame.columns) != set(names):
        missing, extra = sorted(set(names) - set(frame.columns)), sorted(set(frame.columns) - set(names))
        raise PipelineError(
            f"Table {name} does not fit its declaration: missing {missing}, unknown {extra}.", cure=DEFECT
        )
    typed = pd.DataFrame({c.name: _convert(frame[c.name], c) for c in table.columns})
    typed = typed.sort_values(list(table.key), kind="stable", ignore_index=True)
    try:
        build_schema(name).validate(typed, lazy=False)
    except pandera.errors.SchemaError as error:
        raise PipelineError(
            f"Table {name} does not fit its declaration: {str(error).splitlines()[0][:300]}",
            cure=DEFECT,
        ) from None
    return typed


def _convert(values: pd.Series, column: Column) -> pd.Series:
    if column.kind == "int":
        return values.astype("Int64" if column.is_nullable else "int64")
    if column.kind == "text":
        return values.astype("str") if values.notna().any() else pd.Series([None] * len(values), dtype="str")
    converted: pd.Series = values.astype(_DTYPES[column.kind])
    return converted


@cache
def build_schema(name: str) -> pa.DataFrameSchema:
    """Return the pandera schema of a published table.

    Parameters
    ----------
    name
        Its declared name.

    Returns
    -------
    pandera.DataFrameSchema
        Strict schema with types, nullability, allowed values, bounds and the unique key.
    """
    import pandera.pandas as pa  # noqa: PLC0415

    table = TABLES[name]
    columns = {}
    for c in table.columns:
        checks = [pa.Check.isin(c.allowed)] if c.allowed else []
        checks += [pa.Check.ge(c.minimum)] if c.minimum is not None else []
        checks += [pa.Check.le(c.maximum)] if c.maximum is not None else []
        dtype = ("Int64" if c.is_nullable else "int64") if c.kind == "int" else _DTYPES[c.kind]
        columns[c.name] = pa.Column(None if c.kind in {"text", "bytes"} else dtype, checks, nullable=c.is_nullable)
    return pa.DataFrameSchema(columns, strict=True, unique=list(table.key) if name != "out_run__notices" else None)


TABLES.update({table.name: table for table in tables_change.DECLARED})
