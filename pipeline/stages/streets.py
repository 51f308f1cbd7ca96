"""Stage ``streets``: OpenStreetMap to a walking network."""

from __future__ import annotations

import shapely

from pipeline.base.io import staged_folder
from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.stages.common import begin
from pipeline.streets.model import write_streets
from pipeline.streets.overpass import DEFAULT_OVERPASS_URL, download_streets
from pipeline.streets.read_osm import read_streets


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Read the streets of an area from its file, or download them.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Always None.

    Returns
    -------
    StageRun
        What was done.

    Raises
    ------
    InputError
        If the file cannot be used.
    FetchError
        If the download failed.
    """
    with record_stage(begin(project, "streets", snapshot)) as stage:
        source = project.area.get_streets()
        if source.path is not None:
            about = {"licence": source.licence, "attribution": source.attribution, "vintage": source.vintage}
            stage.add_input("streets", source.path, project.resolve(source.path), **about)
            streets = read_streets(project.resolve(source.path), stage.notices)
        elif source.overpass is not None:
            box = source.overpass
            polygon = shapely.box(box.west, box.south, box.east, box.north)
            streets = download_streets(polygon, stage.notices, overpass_url=box.url or DEFAULT_OVERPASS_URL)
        with staged_folder(stage.folder / "streets") as folder:
            write_streets(streets, folder)
        x, y = streets.nodes["x"].to_numpy(), streets.nodes["y"].to_numpy()
        stage.facts["extent_lonlat"] = [float(x.min()), float(y.min()), float(x.max()), float(y.max())]
        for name in ("nodes", "edges", "components"):
            stage.row_counts[f"core_streets__{name}"] = getattr(streets, name).height
    return stage
