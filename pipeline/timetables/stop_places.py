"""Which stops are one place, in several feeds or at several dates, whatever their identifiers."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from pipeline.base.geo import EARTH_RADIUS_M, compute_haversine_m

SAME_CODE_M: Final = 100.0
"""Stops of one code are one place up to this distance: a stop that moved across the street or along it."""
SAME_NAME_M: Final = 30.0
"""Stops of one name are one place up to this distance: the two sides of a street, the bays of a small station."""
SHORT_WORDS: Final = {
    "avenue": "ave",
    "hospital": "hosp",
    "lane": "ln",
    "opposite": "opp",
    "road": "rd",
    "saint": "st",
    "square": "sq",
    "station": "stn",
    "street": "st",
}
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_INDEX = ("a", "b")
_PAIRS: Final = {"a": pl.Int64, "b": pl.Int64}


def normalise_stop_name(name: str) -> str:
    """Write a stop's name in the form in which two feeds can be compared.

    Parameters
    ----------
    name
        As filed.

    Returns
    -------
    str
        Lower-case words without accents and punctuation, usual words shortened (``High Street`` is ``high st``).
    """
    folded = unicodedata.normalize("NFKD", name.casefold().replace("&", " and ").replace("'", ""))
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(SHORT_WORDS.get(word, word) for word in _NOT_WORD.split(plain) if word)


def normalise_code(column: str) -> pl.Expr:
    """Write an ATCO or NaPTAN code in the form in which two feeds can be compared.

    Parameters
    ----------
    column
        Name of a text column.

    Returns
    -------
    polars.Expr
        Capitals without spaces and hyphens; zeros at the front, which spreadsheets lose, are gone. Null if nothing
        is left.
    """
    code = pl.col(column).str.replace_all(r"[\s\-]+", "").str.to_uppercase().str.strip_chars_start("0")
    return pl.when(code != "").then(code)


def _pair_by_code(stops: pl.DataFrame, column: str) -> pl.DataFrame:
    """Pair stops of one code, unless they lie far apart."""
    coded = stops.select("n", "lon", "lat", normalise_code(column).alias("code")).drop_nulls("code")
    coded = coded.filter(pl.col("code").is_duplicated())
    pairs = coded.join(coded, on="code", suffix="_other").filter(pl.col("n") < pl.col("n_other"))
    distance = compute_haversine_m(
        *(pairs[name].fill_null(float("nan")).to_numpy() for name in ("lon", "lat", "lon_other", "lat_other"))
    )
    near = pairs.filter(pl.Series(~(distance > SAME_CODE_M), dtype=pl.Boolean))
    return near.select(pl.col("n").cast(pl.Int64).alias("a"), pl.col("n_other").cast(pl.Int64).alias("b"))


def _pair_by_name(stops: pl.DataFrame) -> pl.DataFrame:
    """Pair stops of one name within a few steps of one another."""
    names = stops.select(pl.col("stop_name").unique()).with_columns(
        pl.col("stop_name").map_elements(normalise_stop_name, return_dtype=pl.String).alias("name")
    )
    placed = stops.join(names, on="stop_name", how="left").filter(
        pl.col("lon").is_not_null() & pl.col("lat").is_not_null() & (pl.col("name") != "")
    )
    spots = placed.group_by("name", "lon", "lat").agg(pl.col("n").min()).sort("n")
    own = placed.join(spots, on=["name", "lon", "lat"], suffix="_spot").select(
        pl.col("n_spot").cast(pl.Int64).alias("a"), pl.col("n").cast(pl.Int64).alias("b")
    )
    if spots.height < 2:
        return own
    lon, lat = np.radians(spots["lon"].to_numpy()), np.radians(spots["lat"].to_numpy())
    unit = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    near = cKDTree(EARTH_RADIUS_M * unit).query_pairs(SAME_NAME_M, output_type="ndarray")
    number = spots["name"].rank("dense").to_numpy()
    near = near[number[near[:, 0]] == number[near[:, 1]]]
    n = spots["n"].to_numpy().astype(np.int64)
    return pl.concat([own, pl.DataFrame({"a": n[near[:, 0]], "b": n[near[:, 1]]}, schema=_PAIRS)])


def compute_stop_places(stops: pl.DataFrame) -> NDArray[np.int32]:
    """Gather stops into places.

    Two stops are one place if their identifiers (ATCO codes in Britain) or their public codes (NaPTAN codes) are
    equal after normalising and they lie within 100 m of one another, or one of them is not located; or if they lie
    within 30 m and their normalised names are equal. What is one place with a third is one place. New identifiers
    for all stops change nothing as long as no stop moved more than 30 m.

    Parameters
    ----------
    stops
        Stops of any number of feeds or snapshots below one another: ``stop_id`` (with or without the feed before a
        colon), ``public_code``, ``stop_name``, ``lon``, ``lat`` (null where not located).

    Returns
    -------
    numpy.ndarray
        i32 place of each row, numbered in the order of first rows.
    """
    table = stops.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("n"),
        pl.col("stop_id").str.replace(r"^[^:]*:", "").alias("stop_id"),
        "public_code",
        pl.col("stop_name").fill_null(""),
        "lon",
        "lat",
    )
    pairs = pl.concat([_pair_by_code(table, "stop_id"), _pair_by_code(table, "public_code"), _pair_by_name(table)])
    row, column = (pairs[name].to_numpy() for name in _INDEX)
    graph = coo_array((np.ones(pairs.height, dtype=np.int8), (row, column)), shape=(table.height, table.height))
    _, labels = connected_components(graph, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.empty(first.size, dtype=np.int32)
    order[np.argsort(first)] = np.arange(first.size, dtype=np.int32)
    return np.asarray(order[inverse.reshape(-1)], dtype=np.int32)
