"""Neighbourhoods with their headline figures for geographic systems: GeoPackage and GeoParquet."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from pipeline.report.headline import Headline

LONLAT = "EPSG:4326"
LEVEL = 15
CREATED = "2000-01-01T00:00:00Z"
"""The date in every GeoPackage, so that the same tables give the same bytes."""


def build_geo_files(headline: Headline, geography: pd.DataFrame, crs: str) -> dict[str, bytes]:
    """Return the neighbourhoods with their headline figures as GeoPackage and GeoParquet.

    Parameters
    ----------
    headline
        One row a neighbourhood.
    geography
        ``out_neighbourhood__geography``, with the outlines in longitude and latitude.
    crs
        The projected system of the area; empty: longitude and latitude only.

    Returns
    -------
    dict
        File name to content: one GeoPackage with a layer for each system, one GeoParquet for each.
    """
    outlines = dict(zip(geography["neighbourhood_code"].astype(str), geography["geometry_wkb"], strict=True))
    shapes = [outlines.get(code) for code in headline.frame["neighbourhood_code"]]
    geometry = gpd.GeoSeries([None if wkb is None else shapely.from_wkb(wkb) for wkb in shapes], crs=LONLAT)
    base = gpd.GeoDataFrame(headline.frame, geometry=geometry)
    layers = [_round(base), *([_round(base.to_crs(crs))] if crs and crs != LONLAT else [])]
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "neighbourhoods.gpkg"
        for number, layer in enumerate(layers):
            with _fixed_date():
                layer.to_file(
                    package,
                    layer=name_layer(layer),
                    driver="GPKG",
                    engine="pyogrio",
                    mode="a" if number else "w",
                    geometry_type=_find_type(layer),
                    promote_to_multi=True,
                )
        files["neighbourhoods.gpkg"] = package.read_bytes()
    for layer in layers:
        target = io.BytesIO()
        layer.to_parquet(target, index=False, compression="zstd", compression_level=LEVEL)
        files[f"{name_layer(layer)}.parquet"] = target.getvalue()
    return files


def _round(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Round coordinates to a fraction of a power of two (at most 8 mm), so that they compress well."""
    steps = 2.0**24 if layer.crs.is_geographic else 2.0**7
    shapes = [
        None if shape is None else shapely.transform(shape, lambda points: np.round(points * steps) / steps)
        for shape in layer.geometry
    ]
    return layer.set_geometry(gpd.GeoSeries(shapes, index=layer.index, crs=layer.crs))


def name_layer(layer: gpd.GeoDataFrame) -> str:
    """Return the name of a layer, such as ``neighbourhoods_27700``.

    Parameters
    ----------
    layer
        With a reference system.

    Returns
    -------
    str
        The code of its system behind the name.
    """
    return f"neighbourhoods_{layer.crs.to_epsg()}"


def _find_type(layer: gpd.GeoDataFrame) -> str | None:
    return "MultiPolygon" if layer.geometry.notna().any() else None


@contextmanager
def _fixed_date() -> Iterator[None]:
    """Have GDAL write the same date whenever it runs."""
    before = os.environ.get("OGR_CURRENT_DATE")
    os.environ["OGR_CURRENT_DATE"] = CREATED
    try:
        yield
    finally:
        if before is None:
            del os.environ["OGR_CURRENT_DATE"]
        else:
            os.environ["OGR_CURRENT_DATE"] = before
