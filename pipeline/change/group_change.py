"""Change of service in comparison groups: with and without doubtful places, over every reasonable baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.change.coverage import COMPARABLE

GROUPS: Final = ("left_behind", "other_deprived", "other", "all")
PLACES: Final = ("all", "comparable")
KEYS: Final = ("mode", "day_type", "band")
N_MEAN: Final = 3
SCHEMA: Final[dict[str, pl.DataType]] = {
    "snapshot_to": pl.String(),
    "area_group": pl.String(),
    "mode": pl.String(),
    "day_type": pl.String(),
    "band": pl.String(),
    "places": pl.String(),
    "runs_per_day_after": pl.Float64(),
    "change_low_pct": pl.Float64(),
    "change_high_pct": pl.Float64(),
    "baseline_low": pl.String(),
    "baseline_high": pl.String(),
    "n_baselines": pl.Int32(),
    "n_neighbourhoods": pl.Int32(),
    "people_left_out_pct": pl.Float64(),
}

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Found:
    """The change against one baseline."""

    baseline: str
    before: float
    after: float
    n: int
    left_out_pct: float

    @property
    def change_pct(self) -> float:
        return 100.0 * (self.after - self.before) / self.before


def compute_group_service_change(
    levels: pl.DataFrame, change: pl.DataFrame, neighbourhoods: pl.DataFrame, *, snapshots: Sequence[str]
) -> pl.DataFrame:
    """Compute how service changed in each comparison group, as a range over baselines.

    Runs in the zones of a group's neighbourhoods are averaged by population (zones overlap, so they are never added
    up). Each snapshot is set against the first one, the one before, the mean of the first three, and the peak (the
    earlier snapshot with most runs), on the same places at both ends. ``all`` takes every place with figures at both
    ends; ``comparable`` only those that the timetables cover at both, so that the difference between the two shows
    what doubtful data does.

    Parameters
    ----------
    levels
        ``out_neighbourhood__service_level`` of all snapshots.
    change
        ``out_neighbourhood__service_change``; its classes say which pairs of snapshots can be compared.
    neighbourhoods
        neighbourhood_code, area_group, population.
    snapshots
        In the order of time.

    Returns
    -------
    polars.DataFrame
        ``out_group__service_change``; a combination without any baseline is left out.
    """
    people = neighbourhoods.select(
        "neighbourhood_code", "area_group", pl.col("population").cast(pl.Float64).fill_null(0)
    )
    people = people.sort("neighbourhood_code")
    members = {name: (people["area_group"] == name).to_numpy() for name in GROUPS[:-1]}
    members["all"] = np.ones(people.height, dtype=np.bool_)
    rows: list[dict[str, object]] = []
    classes = {(str(a), str(b)): part for (a, b), part in change.group_by("snapshot_from", "snapshot_to")}
    for keys, part in levels.sort(KEYS).group_by(KEYS, maintain_order=True):
        runs, is_sound = _spread(part, people, snapshots)
        for later in range(1, len(snapshots)):
            pairs = [_find_comparable(classes.get((s, snapshots[later])), keys, people) for s in snapshots[:later]]
            for group, is_member in members.items():
                for places in PLACES:
                    weight = people["population"].to_numpy() * is_member
                    sound = is_sound if places == "comparable" else np.ones_like(is_sound)
                    linked = pairs if places == "comparable" else [None] * later
                    found = list(_list_changes(runs, sound, linked, weight, snapshots, later))
                    if found:
                        head = {"snapshot_to": snapshots[later], "area_group": group, "places": places}
                        rows.append({**head, **dict(zip(KEYS, keys, strict=True)), **_describe(found)})
    return pl.DataFrame(rows, schema=SCHEMA).sort("snapshot_to", "area_group", *KEYS, "places")


def _spread(part: pl.DataFrame, people: pl.DataFrame, snapshots: Sequence[str]) -> tuple[F64, Flags]:
    """Return runs and whether they are covered, neighbourhood by snapshot."""
    runs, is_sound = (
        np.full((people.height, len(snapshots)), np.nan),
        np.zeros((people.height, len(snapshots)), np.bool_),
    )
    for number, name in enumerate(snapshots):
        own = part.filter(pl.col("snapshot") == name).select("neighbourhood_code", "runs_per_day", "coverage_class")
        joined = people.join(own, on="neighbourhood_code", how="left", maintain_order="left")
        runs[:, number] = joined["runs_per_day"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        is_sound[:, number] = (joined["coverage_class"] == COMPARABLE).fill_null(value=False).to_numpy()
    return runs, is_sound


def _find_comparable(change: pl.DataFrame | None, keys: tuple[object, ...], people: pl.DataFrame) -> Flags | None:
    """Return which places a published pair of snapshots can be compared in; None if the pair is not published."""
    if change is None:
        return None
    own = change.filter([pl.col(name) == value for name, value in zip(KEYS, keys, strict=True)])
    own = own.select("neighbourhood_code", "coverage_class").unique(
        "neighbourhood_code", keep="first", maintain_order=True
    )
    joined = people.join(own, on="neighbourhood_code", how="left", maintain_order="left")
    return (joined["coverage_class"] == COMPARABLE).fill_null(value=False).to_numpy()


def _list_changes(
    runs: F64, is_sound: Flags, pairs: Sequence[Flags | None], weight: F64, snapshots: Sequence[str], later: int
) -> Iterator[_Found]:
    """Set one snapshot of one group against every baseline, each on places with figures at both ends."""

    def against(name: str, earlier: Sequence[int]) -> _Found | None:
        used = [*earlier, later]
        is_in = (weight > 0) & ~np.isnan(runs[:, used]).any(axis=1) & is_sound[:, used].all(axis=1)
        for one in earlier:
            paired = pairs[one]
            if paired is not None:
                is_in &= paired
        share = weight * is_in
        total = float(share.sum())
        before = float((share[is_in] * runs[is_in][:, list(earlier)].mean(axis=1)).sum() / total) if total else 0.0
        if before <= 0.0:
            return None
        after = float((share[is_in] * runs[is_in, later]).sum() / total)
        return _Found(name, before, after, int(is_in.sum()), 100.0 * (1.0 - total / float(weight.sum())))

    singles = [against(snapshots[one], [one]) for one in range(later)]
    known = [one for one in singles if one is not None]
    chosen = {0, later - 1} if known else set()
    if known:
        peak = max(range(later), key=lambda one: single.before if (single := singles[one]) is not None else -1.0)
        chosen |= {peak}
    for one in sorted(chosen):
        single = singles[one]
        if single is not None:
            yield single
    if later > N_MEAN - 1 and (mean := against(f"mean of {snapshots[0]} to {snapshots[N_MEAN - 1]}", range(N_MEAN))):
        yield mean


def _describe(found: Sequence[_Found]) -> dict[str, object]:
    low = min(found, key=lambda one: (one.change_pct, one.baseline))
    high = max(found, key=lambda one: (one.change_pct, one.baseline))
    fewest = min(found, key=lambda one: one.n)
    return {
        "runs_per_day_after": fewest.after,
        "change_low_pct": low.change_pct,
        "change_high_pct": high.change_pct,
        "baseline_low": low.baseline,
        "baseline_high": high.baseline,
        "n_baselines": len(found),
        "n_neighbourhoods": fewest.n,
        "people_left_out_pct": max(0.0, fewest.left_out_pct),
    }
