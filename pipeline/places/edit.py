"""Edits of an area's destinations: one closes, opens or moves."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from pipeline.base.scenario import ScenarioError
from pipeline.places.model import Places


def close_destination(places: Places, category: str, destination_id: str) -> Places:
    """Take a destination away.

    Parameters
    ----------
    places
        The area's places.
    category, destination_id
        Which one.

    Returns
    -------
    Places
        Without it.

    Raises
    ------
    ScenarioError
        If there is none of that name, or it is the last of its category.
    """
    is_it = _find(places, category, destination_id)
    if int((places.destinations["category"] == category).sum()) == 1:
        raise ScenarioError(f"{destination_id} is the last destination of the category {category}")
    return replace(places, destinations=places.destinations[~is_it].reset_index(drop=True))


def open_destination(
    places: Places, category: str, destination_id: str, *, name: str, lon: float, lat: float, weight: float, file: str
) -> Places:
    """Add a destination to a category.

    Parameters
    ----------
    places
        The area's places.
    category, destination_id, name
        What it is.
    lon, lat
        Where it is, degrees.
    weight
        Its weight.
    file
        Where it is named, for messages.

    Returns
    -------
    Places
        With it, in its place in the order.

    Raises
    ------
    ScenarioError
        If there is no such category, or the identifier is taken.
    """
    frame = places.destinations
    if category not in set(frame["category"]):
        raise ScenarioError(f"there is no category {category}; there are {', '.join(sorted(set(frame['category'])))}")
    if ((frame["category"] == category) & (frame["destination_id"] == destination_id)).any():
        raise ScenarioError(f"there is a destination {destination_id} of the category {category} already")
    row = {
        "destination_id": destination_id,
        "category": category,
        "name": name,
        "lon": lon,
        "lat": lat,
        "weight": weight,
        "is_located": True,
        "file": file,
        "file_row": 0,
    }
    added = pd.DataFrame([row])[frame.columns].astype(frame.dtypes.to_dict())
    both = pd.concat([frame, added], ignore_index=True)
    return replace(places, destinations=both.sort_values(["category", "destination_id"], ignore_index=True))


def move_destination(places: Places, category: str, destination_id: str, *, lon: float, lat: float) -> Places:
    """Move a destination.

    Parameters
    ----------
    places
        The area's places.
    category, destination_id
        Which one.
    lon, lat
        Where it is now, degrees.

    Returns
    -------
    Places
        With the destination there.

    Raises
    ------
    ScenarioError
        If there is none of that name.
    """
    is_it = _find(places, category, destination_id)
    frame = places.destinations.copy()
    frame.loc[is_it, ["lon", "lat"]] = [lon, lat]
    frame.loc[is_it, "is_located"] = True
    return replace(places, destinations=frame)


def _find(places: Places, category: str, destination_id: str) -> pd.Series:
    frame = places.destinations
    is_it: pd.Series = (frame["category"] == category) & (frame["destination_id"] == destination_id)
    if not is_it.any():
        known = ", ".join(
            f"{row['destination_id']} ({row['name']})"
            for row in frame[frame["category"] == category].head(8).to_dict("records")
        )
        raise ScenarioError(f"there is no destination {destination_id} of the category {category}; there are {known}")
    return is_it
