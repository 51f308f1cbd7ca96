"""The pipeline from Python: pandas and geopandas tables in, pandas tables out, no area file and no outputs folder.

Each function gives the same figures as the command or stage that asks the same question, for it runs the same code.
``docs/notebooks/library.ipynb`` shows all of them on the embedded sample.

>>> import geopandas as gpd
>>> from pipeline.library import build_streets, compute_travel_times, read_timetable
>>> streets = build_streets("data/sample/saltmarsh.osm.pbf")
>>> timetable = read_timetable("data/sample/timetables/2024/bus_council.zip", date="2024-10-08")
>>> homes = gpd.GeoDataFrame({"id": ["harbour"]}, geometry=gpd.points_from_xy([591320], [370530]), crs="EPSG:27700")
>>> hospitals = gpd.GeoDataFrame(
...     {"id": ["XH001"]}, geometry=gpd.points_from_xy([0.862049], [53.212361]), crs="EPSG:4326"
... )
>>> times = compute_travel_times(
...     streets, timetable, homes, hospitals, date="2024-10-08", departures=("07:00", "10:00")
... )
>>> times[["from_id", "to_id", "travel_time_s"]].to_dict("records")
[{'from_id': 'harbour', 'to_id': 'XH001', 'travel_time_s': 1328}]
"""

from pipeline.library.inputs import build_streets, read_timetable
from pipeline.library.scores import compute_indicators, compute_scores
from pipeline.library.service import compute_service_levels
from pipeline.library.travel import compute_travel_times

__all__ = [
    "build_streets",
    "compute_indicators",
    "compute_scores",
    "compute_service_levels",
    "compute_travel_times",
    "read_timetable",
]
