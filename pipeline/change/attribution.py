"""Which service's loss made journeys longer: each is put back, alone, and the travel times are computed anew.

Nothing is estimated. With T(later) the travel times of the later snapshot and T(later + s) those of the same network
in which service s runs as it did in the earlier snapshot (and as it does now no more), the loss that is due to s is
T(later) - T(later + s), minute by minute.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.change.coverage import COMPARABLE

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

LOSSES: Final = frozenset({"withdrawn", "cut_back", "shortened", "missing"})
SLOWER_S: Final = 60.0
HOUR_S: Final = 3600
MIN_LOSS_MIN: Final = 1.0

MEASURES: Final = ("lost_person_min", "people_cut_off", "people_beyond_hour", "people_slower")
TOGETHER: Final = "lost_together"
MISSING_DATA: Final = "missing_data"
REST: Final = "rest"
WHOLE: Final = "whole"


@dataclass(frozen=True)
class Loss:
    """A service that ran less, or not at all, in the later snapshot.

    Attributes
    ----------
    service_number
        Number of its row in ``out_service__change``.
    keys_before, keys_after
        Keys of the services that it was and is (empty if withdrawn).
    is_comparable
        False: its disappearance may be missing data; it is never counted as a loss.
    """

    service_number: int
    keys_before: tuple[str, ...]
    keys_after: tuple[str, ...]
    is_comparable: bool


def list_losses(changes: pl.DataFrame) -> list[Loss]:
    """List the services of a pair of snapshots of which something was lost.

    Withdrawn, cut back in runs, hours or days, or shortened, whatever else happened to them; those that are missing
    from the data, or comparable in part only, are marked.

    Parameters
    ----------
    changes
        ``out_service__change`` of one pair.

    Returns
    -------
    list of Loss
        In the order of their rows.
    """
    found = []
    for row in changes.sort("service_number").iter_rows(named=True):
        if LOSSES.isdisjoint(str(row["changes"]).split(",")):
            continue
        keys = [tuple(str(row[name]).split(",")) if row[name] else () for name in _KEY_COLUMNS]
        found.append(Loss(int(row["service_number"]), keys[0], keys[1], row["coverage_class"] == COMPARABLE))
    return found


_KEY_COLUMNS: Final = ("service_keys_before", "service_keys_after")


@dataclass(frozen=True)
class TripLedger:
    """To which service and snapshot every trip of a joined network belongs.

    Attributes
    ----------
    is_later
        bool[n_trips]; of the later snapshot.
    service
        int64[n_trips]; position in ``keys``.
    keys
        Keys of services, sorted.
    signature
        int64[n_trips]; equal for trips with the same calls at the same times.
    first_s, last_s
        int32[n_trips]; first departure and last arrival.
    """

    is_later: Flags
    service: I64
    keys: tuple[str, ...]
    signature: I64
    first_s: I32
    last_s: I32

    def select(self, keys: Collection[str], *, is_later: bool) -> Flags:
        """Tell which trips of a snapshot belong to some services."""
        numbers = [number for number, key in enumerate(self.keys) if key in set(keys)]
        found: Flags = np.isin(self.service, numbers) & (self.is_later == is_later)
        return found

    def restore(self, losses: Collection[Loss]) -> Flags:
        """Choose the trips that run if some services run as they did, and everything else as it does."""
        before = {key for loss in losses for key in loss.keys_before}
        after = {key for loss in losses for key in loss.keys_after}
        kept: Flags = (self.is_later & ~self.select(after, is_later=True)) | self.select(before, is_later=False)
        return kept

    def is_changed(self, kept: Flags, base: Flags, *, first_s: int, last_s: int) -> bool:
        """Tell whether two choices of trips differ between two times, equal trips of the two snapshots apart."""
        near = (self.last_s >= first_s) & (self.first_s <= last_s)
        one, other = (np.sort(self.signature[mask & near]) for mask in (kept, base))
        return not np.array_equal(one, other)


@dataclass(frozen=True)
class People:
    """Who is counted.

    Attributes
    ----------
    people
        float64[n]; population of every small area.
    member
        int64[n]; index of its neighbourhood, -1 for none.
    neighbourhood_codes
        All neighbourhoods.
    """

    people: F64
    member: I64
    neighbourhood_codes: tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """What a difference between two sets of travel times means for people.

    Attributes
    ----------
    loss_s
        float64[n]; mean over the departure minutes by which journeys are longer, a minute without a journey counting as
        the longest journey.
    is_cut_off
        int8[n]; 1 where a small area has lost its median travel time, -1 where it has gained one.
    is_beyond_hour
        int8[n]; 1 where the median travel time was within an hour and is no more, -1 where it now is.
    """

    loss_s: F64
    is_cut_off: NDArray[np.int8]
    is_beyond_hour: NDArray[np.int8]


def compute_effect(now_s: I32, other_s: I32, cap_s: int) -> Effect:
    """Compare travel times as they are with those of another network.

    Parameters
    ----------
    now_s, other_s
        int32[n, n_minutes]; -1 where no journey is within the cap.
    cap_s
        Longest journey that counts.

    Returns
    -------
    Effect
        Positive: they are longer now.
    """
    loss = _to_cost(now_s, cap_s).mean(axis=1) - _to_cost(other_s, cap_s).mean(axis=1)
    lost = [
        _has_median(other_s, limit_s).astype(np.int8) - _has_median(now_s, limit_s).astype(np.int8)
        for limit_s in (cap_s, HOUR_S)
    ]
    return Effect(_round(loss), *lost)


def _round(values: NDArray[Any]) -> F64:
    """Round to millionths, without negative zeros."""
    return np.asarray(np.round(values, 6) + 0.0, dtype=np.float64)


def _to_cost(times_s: I32, cap_s: int) -> F64:
    return np.where(times_s < 0, cap_s, times_s).astype(np.float64)


def _has_median(times_s: I32, limit_s: int) -> Flags:
    has: Flags = 2 * ((times_s >= 0) & (times_s <= limit_s)).sum(axis=1) >= times_s.shape[1]
    return has


def build_no_effect(n: int) -> Effect:
    """Give the effect of a change that touches nobody.

    Parameters
    ----------
    n
        Number of small areas.

    Returns
    -------
    Effect
        All zero.
    """
    return Effect(np.zeros(n), np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int8))


def subtract_effects(one: Effect, other: Effect) -> Effect:
    """Give what is left of one effect when another is taken off.

    Parameters
    ----------
    one, other
        Effects of the same small areas.

    Returns
    -------
    Effect
        Their difference.
    """
    return Effect(
        _round(one.loss_s - other.loss_s),
        one.is_cut_off - other.is_cut_off,
        one.is_beyond_hour - other.is_beyond_hour,
    )


def sum_by_neighbourhood(effect: Effect, people: People) -> pl.DataFrame:
    """Add up an effect over the people of each neighbourhood.

    Parameters
    ----------
    effect
        Of the small areas.
    people
        Who lives where.

    Returns
    -------
    polars.DataFrame
        neighbourhood_code, lost_person_min, loss_min (per person; null without people), people_cut_off,
        people_beyond_hour, people_slower.
    """
    n = len(people.neighbourhood_codes)
    inside = people.member >= 0
    member, weight = people.member[inside], people.people[inside]

    def add(values: F64) -> F64:
        return _round(np.bincount(member, weights=values[inside] * weight, minlength=n))

    minutes = add(effect.loss_s / 60)
    total = np.bincount(member, weights=weight, minlength=n).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _round(minutes / total)
    return pl.DataFrame(
        {
            "neighbourhood_code": list(people.neighbourhood_codes),
            "lost_person_min": minutes,
            "loss_min": mean,
            "people_cut_off": add(effect.is_cut_off.astype(np.float64)),
            "people_beyond_hour": add(effect.is_beyond_hour.astype(np.float64)),
            "people_slower": add((effect.loss_s >= SLOWER_S).astype(np.float64)),
        }
    ).with_columns(pl.when(pl.Series(total > 0)).then(pl.col("loss_min")).alias("loss_min"))


def sum_effect(by_neighbourhood: pl.DataFrame) -> dict[str, float | int]:
    """Add up an effect over all neighbourhoods.

    Parameters
    ----------
    by_neighbourhood
        As :func:`sum_by_neighbourhood` gives it.

    Returns
    -------
    dict
        lost_person_min, people_cut_off, people_beyond_hour, people_slower, neighbourhoods_affected (a minute or
        more a person on average, or somebody cut off).
    """
    touched = (pl.col("loss_min") >= MIN_LOSS_MIN) | (pl.col("people_cut_off") > 0)
    sums = {name: round(float(by_neighbourhood[name].sum()), 6) for name in MEASURES}
    return sums | {"neighbourhoods_affected": by_neighbourhood.filter(touched).height}


def rank_services(rows: pl.DataFrame) -> pl.DataFrame:
    """Rank the services by what their loss did, for each category and window.

    Parameters
    ----------
    rows
        category, window, service_number, lost_person_min and people_cut_off (both null for services that are not
        counted).

    Returns
    -------
    polars.DataFrame
        With ``rank``: 1 for most person-minutes lost, then most people cut off, then the order of the services; null
        for services that are not counted.
    """
    order = ["category", "window", "lost_person_min", "people_cut_off", "service_number"]
    counted = rows.filter(pl.col("lost_person_min").is_not_null()).sort(
        order, descending=[False, False, True, True, False]
    )
    ranks = counted.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("category", "window").alias("rank"))
    keys = ["category", "window", "service_number"]
    return rows.join(ranks.select(*keys, "rank"), on=keys, how="left", maintain_order="left")
