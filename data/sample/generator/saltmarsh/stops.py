"""Where vehicles stop: one place has a stop on each side of the road, or a single stop or bay."""

from __future__ import annotations

from dataclasses import dataclass

from saltmarsh.grid import Point, compute_lon_lat
from saltmarsh.street_map import StreetMap

STATION_CODE = "X99000100"
RENUMBERED_PLACE = "Sedgeby Mill Lane"
RENUMBERED_FROM = 2019


@dataclass(frozen=True)
class Place:
    """A place where buses stop. `kind`: pair (outbound and inbound stops), single, or bay of the bus station."""

    number: int
    name: str
    point: Point
    kind: str = "pair"


@dataclass(frozen=True)
class Stop:
    """A row of stops.txt."""

    stop_id: str
    name: str
    lon: float
    lat: float
    location_type: int = 0
    parent_station: str = ""
    platform_code: str = ""


_PLACES = (
    Place(101, "Bus Station A", (-0.22, 1.00), "bay"),
    Place(102, "Bus Station B", (-0.18, 1.00), "bay"),
    Place(110, "Market Place", (0.20, 1.15)),
    Place(111, "Railway Station", (-0.85, 1.75)),
    Place(112, "Quay", (1.45, 0.40)),
    Place(113, "General Hospital", (1.20, 2.20)),
    Place(114, "Limekiln Road", (0.85, 1.62)),
    Place(115, "Parkside", (0.22, 2.05)),
    Place(116, "Northgate", (-0.60, 2.20)),
    Place(117, "Ropewalk", (-1.40, 0.70)),
    Place(118, "Bridge North", (-1.00, 0.40)),
    Place(120, "Bridge South", (-1.00, -0.47)),
    Place(121, "Fernhithe Green", (-0.40, -0.80)),
    Place(122, "Fernhithe School", (-0.90, -1.12)),
    Place(123, "Staithe", (0.95, -0.80)),
    Place(130, "Samphire Shops", (2.80, 2.95)),
    Place(131, "Samphire Estate", (3.16, 3.12)),
    Place(132, "Brackwater Estate", (-3.20, 0.98)),
    Place(133, "Business Park", (-2.35, 1.90)),
    Place(140, "Hill Farm", (-1.32, 3.30)),
    Place(141, "High Carr Green", (-1.55, 4.45)),
    Place(142, "High Carr Church", (-1.70, 4.79)),
    Place(143, "Long Drain", (-2.60, 5.40)),
    Place(144, "Sedgeby Lane End", (-3.40, 5.65)),
    Place(145, "Sedgeby Mill Lane", (-4.23, 5.84)),
    Place(146, "Sedgeby Cross", (-4.50, 6.01)),
    Place(147, "Sedgeby Station", (-4.80, 6.15)),
    Place(150, "Coast Road Chapel", (0.80, 4.20)),
    Place(151, "Cawsby Haven", (1.30, 6.31)),
    Place(152, "Cawsby Green", (1.60, 6.60)),
    Place(160, "Fennick", (-5.00, 1.16)),
    Place(170, "Dunmarle Green", (-3.49, -4.10)),
    Place(171, "Dunmarle Road", (-2.30, -2.40)),
    Place(180, "Teasel End", (1.70, -5.50)),
    Place(181, "Shore Road", (1.30, -3.00)),
    Place(190, "Port Merrow Bus Station", (-3.10, 14.92)),
    Place(191, "Port Merrow Infirmary", (-2.65, 15.10)),
)  # fmt: skip
PLACES = {place.name: place for place in _PLACES}


def get_stop_id(place: Place, *, is_inbound: bool, year: int) -> str:
    """Return the stop identifier used at a place in one direction in one year."""
    if place.kind != "pair":
        return f"X9900{place.number:04d}"
    number = place.number
    if place.name == RENUMBERED_PLACE and year >= RENUMBERED_FROM:
        number += 700
    return f"X9900{number:04d}{'B' if is_inbound else 'A'}"


def build_bus_stops(street_map: StreetMap, *, year: int) -> dict[str, Stop]:
    """Build every bus stop, beside the street node that is nearest to its place, and the bus station."""
    lon, lat = compute_lon_lat(-0.20, 1.00)
    stops = {STATION_CODE: Stop(STATION_CODE, "Wrackham Bus Station", lon, lat, location_type=1)}
    for place in _PLACES:
        x, y = street_map.get_point(street_map.get_nearest_road_node(*place.point))
        if place.kind == "bay":
            lon, lat = compute_lon_lat(*place.point)
            stop_id = get_stop_id(place, is_inbound=False, year=year)
            bay = place.name[-1]
            stops[stop_id] = Stop(stop_id, f"Wrackham {place.name}", lon, lat, 0, STATION_CODE, bay)
            continue
        for is_inbound in (False, True):
            offset = -1 if is_inbound else 1
            lon, lat = compute_lon_lat(x + offset * 0.006, y + offset * 0.005)
            stop_id = get_stop_id(place, is_inbound=is_inbound, year=year)
            stops[stop_id] = Stop(stop_id, place.name, lon, lat)
    return stops
