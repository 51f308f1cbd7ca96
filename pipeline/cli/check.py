"""``connectivity config check``: which inputs of an area exist, and which must be fetched first."""

from __future__ import annotations

from pipeline.base.errors import InputError
from pipeline.base.live import is_live
from pipeline.base.load import Project
from pipeline.stages.live import list_live_inputs
from pipeline.stages.targets import list_inputs


def check_area(project: Project, *, is_data_needed: bool) -> str:
    """Check the live sources and the files that an area names.

    Parameters
    ----------
    project
        The area with its checked settings.
    is_data_needed
        Whether inputs on disk that are missing are an error; live sources may always be fetched later.

    Returns
    -------
    str
        What to tell.

    Raises
    ------
    InputError
        If inputs do not exist.
    UsageError
        If a live source is unknown or has a value that it does not offer.
    """
    live = list_live_inputs(project)
    files = list_inputs(project)
    gone = sorted({str(full) for _, path, full, _ in files if not is_live(path) and not full.exists()})
    absent = {path for _, path, full, _ in files if is_live(path) and not full.exists()}
    fetch = (
        f"{len(absent)} of {len(live)} live sources have not been fetched (make fetch AREA={project.area.name})"
        if absent
        else ""
    )
    if gone and is_data_needed:
        raise InputError(
            f"{len(gone)} input{'s do' if len(gone) > 1 else ' does'} not exist.",
            file=", ".join(gone),
            cure="Check the paths and DATA=; the area file says what they are."
            + (f" Besides, {fetch}." if fetch else ""),
        )
    parts = [f"{project.area_file}: good"]
    if gone:
        parts.append(f"{len(gone)} inputs are not there yet ({', '.join(gone)})")
    if fetch:
        parts.append(fetch)
    return f"{parts[0]}, and all inputs exist." if len(parts) == 1 else "; ".join(parts) + "."
