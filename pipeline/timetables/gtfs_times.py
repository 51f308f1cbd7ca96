"""Text of times, dates and numbers as whole columns."""

from __future__ import annotations

import polars as pl

MAX_HOURS = 240
"""Times of ten days and more after the service day began are taken for errors."""


def parse_times(column: pl.Series) -> pl.Series:
    """Read GTFS times, each distinct text once.

    Parameters
    ----------
    column
        Text such as ``8:05:00`` or ``25:10:00``; null is blank.

    Returns
    -------
    polars.Series
        i32 seconds since the service day's noon minus 12 h; null where blank, -1 where unreadable.
    """
    texts = column.unique().drop_nulls()
    parts = texts.str.extract_groups(r"^(\d{1,3}):([0-5]?\d):([0-5]?\d)$").struct.unnest()
    if parts.width < 3:
        return pl.Series(column.name, [None] * column.len(), dtype=pl.Int32)
    hours, minutes, seconds = (parts[name].cast(pl.Int32) for name in parts.columns)
    known = pl.DataFrame({"text": texts, "value": hours * 3600 + minutes * 60 + seconds})
    known = known.with_columns(
        pl.when(pl.col("value") < MAX_HOURS * 3600).then(pl.col("value")).otherwise(-1).alias("value")
    )
    found = pl.DataFrame({"text": column}).join(known, on="text", how="left", maintain_order="left")
    return found["value"].cast(pl.Int32).rename(column.name)


def parse_dates(column: str) -> pl.Expr:
    """Read ``YYYYMMDD``; what is no date becomes null.

    Parameters
    ----------
    column
        Name of a text column.

    Returns
    -------
    polars.Expr
        Dates.
    """
    return (
        pl.when(pl.col(column).str.contains(r"^\d{8}$"))
        .then(pl.col(column).str.to_date("%Y%m%d", strict=False))
        .alias(column)
    )


def parse_integers(column: str, dtype: type[pl.DataType] = pl.Int32) -> pl.Expr:
    """Read whole numbers; ``4.0`` counts as 4, what is no whole number becomes null.

    Parameters
    ----------
    column
        Name of a text column.
    dtype
        Type of the result.

    Returns
    -------
    polars.Expr
        Whole numbers.
    """
    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(number == number.floor()).then(number).cast(dtype, strict=False).alias(column)


def parse_numbers(column: str) -> pl.Expr:
    """Read decimal numbers; what is no finite number becomes null.

    Parameters
    ----------
    column
        Name of a text column.

    Returns
    -------
    polars.Expr
        f64.
    """
    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number).alias(column)
