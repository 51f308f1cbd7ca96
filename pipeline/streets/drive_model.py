"""The driving network as tables: contracted edges with class of road and direction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.streets.drive_profile import ROAD_CLASSES
from pipeline.streets.model import Streets, read_streets_folder, write_streets

U8 = NDArray[np.uint8]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
_MOTORWAY = ROAD_CLASSES.index("motorway")


@dataclass(frozen=True)
class DriveStreets:
    """Driving network of one area.

    Attributes
    ----------
    streets
        Nodes, edges and components as of the walking network; components join what any road joins, in whatever
        direction.
    road_class
        uint8[n_edges]; position in `ROAD_CLASSES`.
    direction
        int8[n_edges]; 1: only from u to v, -1: only from v to u, 0: both.
    """

    streets: Streets
    road_class: U8
    direction: I8

    @cached_property
    def joinable(self) -> I32:
        """Edges that a point may join: all but motorways."""
        return np.flatnonzero(self.road_class != _MOTORWAY).astype(np.int32)


def write_drive(drive: DriveStreets, folder: Path) -> None:
    """Write the network into an existing folder."""
    write_streets(drive.streets, folder)
    np.save(folder / "road_class.npy", drive.road_class, allow_pickle=False)
    np.save(folder / "direction.npy", drive.direction, allow_pickle=False)


def read_drive_folder(folder: Path) -> DriveStreets:
    """Read what `write_drive` wrote.

    Raises
    ------
    InputError
        If a table is missing or has other columns.
    """
    streets = read_streets_folder(folder)
    return DriveStreets(streets, np.load(folder / "road_class.npy"), np.load(folder / "direction.npy"))


def select_joinable(drive: DriveStreets) -> Streets:
    """Return the network with only the edges that a point may join, in the order of `DriveStreets.joinable`."""
    edges = drive.streets.edges[drive.joinable].with_columns(
        pl.Series("edge_index", np.arange(drive.joinable.size, dtype=np.int32))
    )
    return Streets(drive.streets.nodes, edges, drive.streets.components)
