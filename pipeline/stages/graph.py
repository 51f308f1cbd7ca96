"""``make graph``: the walking graph and the transport graph for people who want to look at them."""

from __future__ import annotations

from pathlib import Path

import networkx as nx

from pipeline.base.io import staged_file
from pipeline.base.load import Project
from pipeline.stages.common import check_has_timetables, get_folder
from pipeline.stages.targets import get_days
from pipeline.streets.export import write_geopackage, write_graphml
from pipeline.streets.model import read_streets_folder
from pipeline.timetables.model import Timetable
from pipeline.transit.graph import build_transport_graph


def write_graphs(project: Project, snapshot: str | None) -> list[Path]:
    """Write the walking graph, and the transport graph of a snapshot's weekday.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Its id; the last if absent.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        If the stages before have not been run.
    """
    check_has_timetables(project, "no graphs to write")
    one = next((s for s in project.area.snapshots if s.id == snapshot), project.area.snapshots[-1])
    folder = project.outputs / "graphs"
    folder.mkdir(parents=True, exist_ok=True)
    streets = read_streets_folder(get_folder(project, "streets") / "streets")
    walking = folder / "walking.graphml"
    write_graphml(streets, walking)
    geopackage = folder / "walking.gpkg"
    write_geopackage(streets, geopackage)
    timetable = Timetable.read(get_folder(project, "timetables", one.id) / "timetable")
    transport = folder / f"transport-{one.id}.graphml"
    with staged_file(transport) as temporary:
        nx.write_graphml(build_transport_graph(timetable, [get_days(one)["weekday"]]), temporary)
    return [walking, geopackage, transport]
