"""Stage ``places``: neighbourhoods, small areas, destinations and groups."""

from __future__ import annotations

from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.places.build import build_places
from pipeline.stages.common import begin, write_tables
from pipeline.stages.targets import PLACE_ROLES, list_inputs


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Read and join an area's places.

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
        If a file cannot be used.
    """
    with record_stage(begin(project, "places", snapshot)) as stage:
        for role, path, full, about in list_inputs(project):
            if role in PLACE_ROLES:
                stage.add_input(role, path, full, **about)
        places = build_places(project.area, project.resolve, notices=stage.notices)
        write_tables(
            stage,
            {
                "core_places__small_area": places.small_areas,
                "core_places__neighbourhood": places.neighbourhoods,
                "core_places__destination": places.destinations,
                "core_places__boundary": places.boundaries,
            },
        )
        stage.facts["population"] = float(places.small_areas["population"].sum())
    return stage
