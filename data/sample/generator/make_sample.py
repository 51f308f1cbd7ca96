"""Write the embedded sample, the same bytes every time.

Run as `python data/sample/generator/make_sample.py [--out FOLDER]`.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import yaml
from saltmarsh.atco_cif import write_atco_cif
from saltmarsh.boundaries import build_polygons
from saltmarsh.calendars import YEARS
from saltmarsh.district import build_district
from saltmarsh.grid import compute_grid_reference, compute_lon_lat
from saltmarsh.gtfs import Feed, build_feeds
from saltmarsh.lines import get_format
from saltmarsh.places import (
    DISTRICT_CODE,
    DISTRICT_NAME,
    HOSPITALS,
    JOBS_CENTRES,
    LEFT_BEHIND,
    RAIL_STATIONS,
    WARDS,
    build_small_areas,
)
from saltmarsh.story import build_story
from saltmarsh.transxchange import write_transxchange

DEFAULT_FOLDER = Path(__file__).resolve().parents[1]


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_places(folder: Path) -> None:
    areas = build_small_areas()
    _write_csv(
        folder / "small_areas.csv",
        ("sa21cd", "sa21nm", "easting", "northing", "population"),
        [(area.code, area.name, *compute_grid_reference(*area.site), area.population) for area in areas],
    )
    _write_csv(
        folder / "lookup_small_area_ward.csv", ("sa21cd", "wd21cd"), [(area.code, area.ward.code) for area in areas]
    )
    _write_csv(
        folder / "wards.csv",
        ("wd21cd", "wd21nm", "district_code", "district_name", "is_left_behind", "deprivation_decile", "area_group"),
        [
            (
                ward.code, ward.name, DISTRICT_CODE, DISTRICT_NAME, str(ward.group == LEFT_BEHIND).lower(),
                ward.deprivation_decile, ward.group,
            )
            for ward in WARDS
        ],
    )  # fmt: skip
    _write_csv(
        folder / "hospitals.csv",
        ("id", "name", "lon", "lat", "has_ae", "is_in_district"),
        [
            (key, name, *compute_lon_lat(*point), str(has_ae).lower(), str(inside).lower())
            for key, name, has_ae, inside, point in HOSPITALS
        ],
    )
    _write_csv(
        folder / "jobs_centres.csv",
        ("id", "name", "lon", "lat", "jobs"),
        [(key, name, *compute_lon_lat(*point), jobs) for key, name, jobs, point in JOBS_CENTRES],
    )
    _write_csv(
        folder / "rail_stations.csv",
        ("id", "name", "lon", "lat"),
        [(key, name, *compute_lon_lat(*point)) for key, name, point in RAIL_STATIONS],
    )


def _write_boundaries(path: Path) -> None:
    areas = build_small_areas()
    polygons = build_polygons(areas)
    features = []
    for area in areas:
        ring = [list(compute_lon_lat(*point)) for point in polygons[area.code]]
        features.append(
            {
                "type": "Feature",
                "properties": {"sa21cd": area.code, "sa21nm": area.name},
                "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            }
        )
    lines = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in features)
    text = f'{{"type":"FeatureCollection","name":"small_areas","features":[\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8", newline="\n")


WRITERS: dict[str, Callable[[Feed, Path], None]] = {
    "gtfs": Feed.write,
    "atco_cif": write_atco_cif,
    "transxchange": write_transxchange,
}


def _write_naptan(path: Path, feeds: Iterable[Feed]) -> None:
    """Write the register of stops that the TransXChange feeds refer to."""
    stops = {stop_id: feed.stops[stop_id] for feed in feeds for stop_id in feed.used_stops}
    _write_csv(
        path,
        ("ATCOCode", "CommonName", "Longitude", "Latitude", "StopType", "Status"),
        [(stop_id, stop.name, stop.lon, stop.lat, "BCT", "active") for stop_id, stop in sorted(stops.items())],
    )


def write_sample(folder: Path) -> None:
    """Write every file of the sample into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    street_map = build_district()
    street_map.write_pbf(folder / "saltmarsh.osm.pbf")
    _write_places(folder)
    _write_boundaries(folder / "small_area_boundaries.geojson")
    for year in YEARS:
        target = folder / "timetables" / str(year)
        target.mkdir(parents=True, exist_ok=True)
        feeds = build_feeds(street_map, year)
        for feed in feeds:
            WRITERS[get_format(year, feed.name)](feed, target / f"{feed.name}.zip")
        registered = [feed for feed in feeds if get_format(year, feed.name) == "transxchange"]
        if registered:
            _write_naptan(folder / "naptan.csv", registered)
    story = yaml.safe_dump(build_story(), sort_keys=False, default_flow_style=None, width=120)
    heading = "# Written by generator/make_sample.py: what happened to every service between the snapshots.\n"
    (folder / "story.yaml").write_text(heading + story, encoding="utf-8", newline="\n")


def main() -> None:
    """Read the command line and write the sample."""
    parser = argparse.ArgumentParser(description="Write the embedded sample district.")
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER, help="folder to write into (default: data/sample)")
    write_sample(parser.parse_args().out)


if __name__ == "__main__":
    main()
