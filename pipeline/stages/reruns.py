"""What the stage ``sensitivity`` computed: tables of every variant, and how the variants differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from pipeline.base.load import Project
from pipeline.stages.common import get_folder

TABLES = ("out_neighbourhood__travel_time", "out_neighbourhood__jobs", "out_neighbourhood__visit")
"""Tables of times that indicators may read."""


def read_reruns(project: Project) -> dict[str, dict[str, pd.DataFrame]]:
    """Read the tables of times of every variant, all snapshots together.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    dict
        Name of the variant to name of the table to table; empty without variants.

    Raises
    ------
    InputError
        If the stage has not been run.
    """
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for name in project.settings.sensitivity:
        inner = replace(project, outputs=get_folder(project, "sensitivity") / name)
        found[name] = {}
        for table in TABLES:
            paths = [get_folder(inner, "times", one.id) / f"{table}.parquet" for one in project.area.snapshots]
            parts = [pd.read_parquet(path) for path in paths if path.is_file()]
            if parts:
                found[name][table] = pd.concat(parts, ignore_index=True)
    return found


def list_variations(project: Project) -> pd.DataFrame:
    """List the parameters in which each variant differs.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    pandas.DataFrame
        ``out_run__sensitivity``.
    """
    stated = _flatten(project.settings.model_dump(mode="json", exclude={"sensitivity"}))
    rows = []
    for name in project.settings.sensitivity:
        varied = _flatten(project.settings.vary(name).model_dump(mode="json", exclude={"sensitivity"}))
        rows += [
            {"variant": name, "parameter": key, "stated": stated[key], "varied": varied[key]}
            for key in stated
            if stated[key] != varied[key]
        ]
    return pd.DataFrame(rows, columns=["variant", "parameter", "stated", "varied"])


def _flatten(content: Mapping[str, object], above: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{above}{key}.")
        else:
            flat[f"{above}{key}"] = str(value)
    return flat
