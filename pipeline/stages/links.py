"""Every point that joins the streets, how far it is from them, and why one does not; the gate on links."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.config import Gates
from pipeline.base.errors import GateError
from pipeline.base.notices import Notices, declare_notice
from pipeline.scoring.travel_time import Membership, compute_weighted_mean

STATION = 1
"""``location_type`` of a station: a name above platforms, at which no vehicle calls."""

GATE_LOWERED = declare_notice(
    "linked_gate_lowered",
    "info",
    "Fewer neighbourhoods are joined to the streets than is normal; the area file accepts that, for the reason given.",
    "Use a larger street extract if the neighbourhoods without streets matter.",
)
NORMAL_LINKED_PCT = 99.5


@dataclass(frozen=True)
class LinkKind:
    """What a table of links is about: ``stop``, ``small_area``, ``destination``, ``origin``; and its columns."""

    kind: str
    point_id: str
    name: str | None = None
    category: str | None = None


STOP = LinkKind("stop", "stop_id", "stop_name")
SMALL_AREA = LinkKind("small_area", "small_area_code")
DESTINATION = LinkKind("destination", "destination_id", category="category")


def describe_links(frame: pd.DataFrame, about: LinkKind, *, max_link_m: float) -> pd.DataFrame:
    """List how far points are from the streets, and why some do not join them.

    Parameters
    ----------
    frame
        Points with ``vertex`` (-1: not joined), ``link_cm`` and ``nearest_street_m`` (infinite: not located).
    about
        Its columns.
    max_link_m
        Longest link that counts.

    Returns
    -------
    pandas.DataFrame
        ``out_point__link`` without the snapshot, one row a point.
    """
    is_linked = frame["vertex"].to_numpy() >= 0
    nearest_m = frame["nearest_street_m"].to_numpy(dtype=float)
    reason = np.where(nearest_m <= max_link_m, "isolated_piece", "too_far").astype(object)
    reason[~np.isfinite(nearest_m)] = "no_location"
    reason[is_linked] = None
    return pd.DataFrame(
        {
            "kind": about.kind,
            "category": None if about.category is None else frame[about.category].to_numpy(),
            "point_id": frame[about.point_id].to_numpy(),
            "name": None if about.name is None else frame[about.name].to_numpy(),
            "is_linked": is_linked,
            "link_m": np.where(is_linked, frame["link_cm"].to_numpy() / 100.0, np.nan),
            "nearest_street_m": np.where(np.isfinite(nearest_m), np.round(nearest_m, 2), np.nan),
            "reason": reason,
        }
    )


def list_links(
    stops: pd.DataFrame, small_areas: pd.DataFrame, destinations: pd.DataFrame, *, max_link_m: float
) -> pd.DataFrame:
    """List the links of everything that joins the streets in one snapshot.

    Parameters
    ----------
    stops, small_areas, destinations
        ``core_network__stop``, ``core_network__origin`` and ``core_network__destination``.
    max_link_m
        Longest link that counts.

    Returns
    -------
    pandas.DataFrame
        ``out_point__link`` without the snapshot; stations, at which no vehicle calls, are left out.
    """
    called_at = stops[stops["location_type"] != STATION]
    pairs = ((called_at, STOP), (small_areas, SMALL_AREA), (destinations, DESTINATION))
    parts = [describe_links(frame, about, max_link_m=max_link_m) for frame, about in pairs]
    return pd.concat([part.astype({"category": object, "name": object}) for part in parts], ignore_index=True)


def compute_linked(is_linked: NDArray[np.bool_], membership: Membership) -> NDArray[np.bool_]:
    """Tell which neighbourhoods are joined to the streets.

    Parameters
    ----------
    is_linked
        bool[n]; small areas that are.
    membership
        Which small area belongs where, and its people.

    Returns
    -------
    bool[n_neighbourhoods]
        True where at least half of the people live in small areas that are joined, so that the neighbourhood's means
        exist; False for one without small areas.
    """
    mean, _ = compute_weighted_mean(np.where(is_linked, 1.0, np.nan), membership)
    linked: NDArray[np.bool_] = np.isfinite(mean)
    return linked


def check_gate(linked: NDArray[np.bool_], codes: list[str], gates: Gates, notices: Notices, *, file: str) -> float:
    """Hold the run if too few neighbourhoods are joined to the streets.

    Parameters
    ----------
    linked, codes
        Of every neighbourhood, from :func:`compute_linked`.
    gates
        The least share that passes, and why if it was lowered.
    notices
        Takes note where fewer pass than is normal.
    file
        The area file, which can accept a lower share.

    Returns
    -------
    float
        Share of the neighbourhoods that are joined, %.

    Raises
    ------
    GateError
        Below the limit; the message says how to accept it.
    """
    pct = 100.0 * float(linked.mean()) if linked.size else 0.0
    lacking = [code for code, is_there in zip(codes, linked, strict=True) if not is_there]
    if pct < gates.min_linked_pct:
        shown = ", ".join(lacking[:5]) + (", ..." if len(lacking) > 5 else "")
        accepted = int(np.floor(10 * pct)) / 10
        raise GateError(
            f"Only {pct:.1f} % of the {len(codes)} neighbourhoods are joined to the streets; at least "
            f"{gates.min_linked_pct:g} % must be. Not joined: {shown}.",
            file=file,
            field="settings.gates.min_linked_pct",
            cure="Use a larger street extract; or, if those places may go without travel times, accept it: write "
            f"gates: {{min_linked_pct: {accepted:g}, reason: why}} under settings: of the area file.",
        )
    if pct < NORMAL_LINKED_PCT:
        detail = f"{len(lacking)} of {len(codes)} neighbourhoods are not joined ({pct:.1f} % are)"
        notices.add(
            GATE_LOWERED,
            file=file,
            field="gates.min_linked_pct",
            value=f"{gates.min_linked_pct:g}",
            detail=f"{detail}; reason given: {gates.reason or 'none'}",
        )
    return pct
