"""The tables of an area's places."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd


@dataclass(frozen=True)
class Places:
    """Small areas, neighbourhoods, destinations and boundaries of one area.

    Attributes
    ----------
    small_areas
        ``core_places__small_area``: small_area_code, neighbourhood_code (may be null), lon, lat (degrees, null
        where not located), population (persons, may be null), is_located, file_row (line of its file); sorted by
        code.
    neighbourhoods
        ``core_places__neighbourhood``: neighbourhood_code, neighbourhood_name, area_group, authority_code,
        deprivation_rank (1 = most deprived; null where unknown), rurality (null where unknown), lon, lat
        (population-weighted mean of its small areas), population; sorted by code.
    destinations
        ``core_places__destination``: destination_id, category, name, lon, lat, weight (1 where none is given),
        is_located, file, file_row; sorted by category and id.
    boundaries
        neighbourhood_code and geometry in lon/lat; empty where the area has none.
    """

    small_areas: pd.DataFrame
    neighbourhoods: pd.DataFrame
    destinations: pd.DataFrame
    boundaries: gpd.GeoDataFrame
