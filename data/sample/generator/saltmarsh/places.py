"""Small areas, wards, hospitals, jobs centres and railway stations of the fictional district."""

from __future__ import annotations

from dataclasses import dataclass

from saltmarsh.grid import Point

DISTRICT_CODE = "X06000001"
DISTRICT_NAME = "Saltmarsh"


@dataclass(frozen=True)
class Ward:
    """A ward and its small areas as (x km, y km, population)."""

    code: str
    name: str
    group: str
    deprivation_decile: int
    land: str
    small_areas: tuple[tuple[float, float, int], ...]


LEFT_BEHIND, OTHER_DEPRIVED, OTHER = "left_behind", "other_deprived", "other"

WARDS: tuple[Ward, ...] = (
    Ward("X05000001", "Harbour", OTHER, 4, "north", ((1.32, 0.53, 1620), (0.98, 0.92, 1540), (0.58, 0.47, 1710))),
    Ward("X05000002", "Market", OTHER, 5, "north", ((0.11, 0.99, 1480), (-0.32, 0.58, 1390), (0.36, 1.44, 1655))),
    Ward("X05000003", "Northgate", OTHER, 7, "north", ((-0.61, 2.06, 1580), (-1.22, 2.09, 1465), (-0.88, 1.49, 1700))),
    Ward("X05000004", "Limekiln", OTHER_DEPRIVED, 2, "north", ((1.01, 1.58, 1830), (1.34, 2.12, 1495))),
    Ward("X05000005", "Parkside", OTHER, 8, "north", ((0.21, 2.11, 1510), (-0.12, 1.62, 1445))),
    Ward("X05000006", "Ropewalk", OTHER_DEPRIVED, 2, "north",
         ((-1.41, 0.52, 1720), (-1.28, 1.08, 1605), (-0.79, 0.91, 1570))),
    Ward("X05000007", "Fernhithe", LEFT_BEHIND, 1, "south",
         ((-0.91, -0.58, 1790), (-0.29, -0.79, 1660), (-0.72, -1.14, 1525))),
    Ward("X05000008", "Staithe", OTHER_DEPRIVED, 3, "south", ((0.47, -0.71, 1640), (1.08, -0.62, 1415))),
    Ward("X05000009", "Samphire", LEFT_BEHIND, 1, "north", ((2.79, 2.91, 1875), (3.14, 3.12, 1760))),
    Ward("X05000010", "Brackwater", LEFT_BEHIND, 1, "north", ((-3.31, 0.88, 1685), (-3.04, 1.13, 1590))),
    Ward("X05000011", "Sedgeby", OTHER, 8, "north", ((-4.71, 6.23, 1425), (-4.35, 6.02, 1380), (-4.63, 5.71, 1500))),
    Ward("X05000012", "Cawsby", OTHER, 7, "north", ((1.42, 6.62, 1290), (1.66, 6.30, 1335))),
    Ward("X05000013", "Fennick", OTHER_DEPRIVED, 3, "north", ((-5.14, 1.24, 1240), (-4.91, 0.93, 1310))),
    Ward("X05000014", "Dunmarle", LEFT_BEHIND, 2, "south", ((-3.69, -3.97, 1180), (-3.28, -4.21, 1265))),
    Ward("X05000015", "Teasel End", LEFT_BEHIND, 1, "south", ((1.55, -5.34, 1330), (1.83, -5.71, 1270))),
    Ward("X05000016", "Gannet Holm", LEFT_BEHIND, 2, "island", ((6.08, -0.42, 1110), (6.87, -0.61, 1085))),
    Ward("X05000017", "High Carr", OTHER, 9, "north", ((-1.62, 4.66, 1205), (-1.33, 4.41, 1150))),
)  # fmt: skip


@dataclass(frozen=True)
class SmallArea:
    """A small area: codes, name, site of its population-weighted centroid, population."""

    code: str
    name: str
    ward: Ward
    site: Point
    population: int


def build_small_areas() -> list[SmallArea]:
    """Build the small areas of all wards, numbered in the wards' order."""
    areas: list[SmallArea] = []
    for ward in WARDS:
        for index, (x, y, population) in enumerate(ward.small_areas):
            code = f"X01{len(areas) + 1:06d}"
            areas.append(SmallArea(code, f"{ward.name} {'ABC'[index]}", ward, (x, y), population))
    return areas


# id, name, has accident and emergency, in the district, position
HOSPITALS: tuple[tuple[str, str, bool, bool, Point], ...] = (
    ("XH001", "Wrackham General Hospital", True, True, (1.21, 2.19)),
    ("XH002", "Sedgeby Community Hospital", False, True, (-4.58, 6.29)),
    ("XH003", "Port Merrow Infirmary", True, False, (-2.64, 15.07)),
)

# id, name, jobs, position
JOBS_CENTRES: tuple[tuple[str, str, int, Point], ...] = (
    ("XJ001", "Wrackham town centre", 6250, (0.02, 1.11)),
    ("XJ002", "Marsh Lane Business Park", 2480, (-2.36, 1.91)),
    ("XJ003", "Wrackham General Hospital campus", 1920, (1.17, 2.14)),
    ("XJ004", "Wrackham Quay", 640, (1.44, 0.41)),
    ("XJ005", "Sedgeby Maltings", 310, (-4.41, 5.67)),
    ("XJ006", "Port Merrow Docks", 7900, (-3.31, 14.93)),
)

# id, name, position
RAIL_STATIONS: tuple[tuple[str, str, Point], ...] = (
    ("XWR", "Wrackham", (-0.90, 1.78)),
    ("XSE", "Sedgeby", (-4.85, 6.10)),
    ("XPM", "Port Merrow", (-3.30, 15.20)),
)
