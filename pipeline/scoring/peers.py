"""Fair comparisons for one neighbourhood: its authority, its rural or urban class, and peers like it."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.scoring.groups import compute_median
from pipeline.scoring.indicators import to_badness
from pipeline.scoring.spec import ScoringSpec

N_PEERS: Final = 20
SETS: Final = ("all", "group", "authority", "rurality", "peers")
PEERS: Final[dict[str, pl.DataType]] = {
    "neighbourhood_code": pl.String(),
    "peer_number": pl.Int32(),
    "peer_code": pl.String(),
    "deprivation_rank_difference": pl.Float64(),
}
COMPARISON: Final[dict[str, pl.DataType]] = {
    "snapshot": pl.String(),
    "neighbourhood_code": pl.String(),
    "measure": pl.String(),
    "unit": pl.String(),
    "value": pl.Float64(),
    **{
        name.format(comparison): dtype
        for comparison in SETS
        for name, dtype in (
            ("n_{}", pl.Int32()),
            ("median_{}", pl.Float64()),
            ("better_than_{}_pct", pl.Float64()),
        )
    },
}


def match_peers(neighbourhoods: pl.DataFrame, *, n_peers: int = N_PEERS) -> pl.DataFrame:
    """Find the neighbourhoods nearest in deprivation within the same rural or urban class.

    Parameters
    ----------
    neighbourhoods
        neighbourhood_code, deprivation_rank, rurality; null where unknown.
    n_peers
        How many at most.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__peer``; peer 1 is the nearest, of two equally near the one with the lower code. A place
        without a deprivation rank has none; without any rurality all places form one class.
    """
    known = neighbourhoods.filter(pl.col("deprivation_rank").is_not_null()).with_columns(
        pl.col("rurality").cast(pl.String).fill_null("").alias("rurality"),
        pl.col("deprivation_rank").cast(pl.Float64),
    )
    parts = [pl.DataFrame(schema=PEERS)]
    for _, members in sorted(known.group_by("rurality"), key=lambda part: str(part[0][0])):
        parts.append(_match_within(members.sort("deprivation_rank", "neighbourhood_code"), n_peers))
    return pl.concat(parts).sort("neighbourhood_code", "peer_number")


def _match_within(members: pl.DataFrame, n_peers: int) -> pl.DataFrame:
    """Look at ``n_peers`` places on either side in the order of deprivation: the nearest are among them."""
    rank, codes = members["deprivation_rank"].to_numpy(), members["neighbourhood_code"].to_numpy()
    place_of_code = np.argsort(np.argsort(codes))
    n = len(rank)
    if n < 2:
        return pl.DataFrame(schema=PEERS)
    # Ties wider than the reach would hide lower codes: the reach covers the widest run of equal ranks.
    widest = int(np.unique(rank, return_counts=True)[1].max())
    reach = min(n - 1, n_peers + widest)
    offsets = np.r_[np.arange(-reach, 0), np.arange(1, reach + 1)]
    rows = []
    for start in range(0, n, 2048):
        at = np.arange(start, min(n, start + 2048))[:, None] + offsets[None, :]
        is_there = (at >= 0) & (at < n)
        safe = np.clip(at, 0, n - 1)
        own = np.arange(start, min(n, start + 2048))
        distance = np.where(is_there, np.abs(rank[safe] - rank[own][:, None]), np.inf)
        order = np.lexsort((place_of_code[safe], distance), axis=1)[:, :n_peers]
        chosen = np.take_along_axis(safe, order, axis=1)
        far = np.take_along_axis(distance, order, axis=1)
        for number in range(chosen.shape[1]):
            is_peer = np.isfinite(far[:, number])
            rows.append(
                pl.DataFrame(
                    {
                        "neighbourhood_code": codes[own][is_peer],
                        "peer_number": np.full(int(is_peer.sum()), number + 1, dtype=np.int32),
                        "peer_code": codes[chosen[:, number]][is_peer],
                        "deprivation_rank_difference": (rank[chosen[:, number]] - rank[own])[is_peer],
                    },
                    schema=PEERS,
                )
            )
    return pl.concat(rows)


def compute_comparisons(
    spec: ScoringSpec,
    indicators: pl.DataFrame,
    scores: pl.DataFrame,
    neighbourhoods: pl.DataFrame,
    peers: pl.DataFrame,
) -> pl.DataFrame:
    """Set every indicator of every neighbourhood beside fair comparisons.

    Parameters
    ----------
    spec
        The scoring file.
    indicators, scores
        As computed for it.
    neighbourhoods
        neighbourhood_code, area_group, authority_code and rurality (null where unknown).
    peers
        As :func:`match_peers` gives them.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__comparison``: for each measure and each comparison (all; the own group; the own
        authority; the same rural or urban class; the peers) how many had data, the median of those compared (the
        place itself included but for its peers) and the share of them than which the place is better. A null value
        with data is unreachable and counts as infinite.
    """
    parts = [pl.DataFrame(schema=COMPARISON)]
    codes = neighbourhoods.sort("neighbourhood_code")
    number_of = {code: number for number, code in enumerate(codes["neighbourhood_code"].to_list())}
    peer_of = np.array([number_of[c] for c in peers["peer_code"].to_list()], dtype=np.int64)
    peer_for = np.array([number_of[c] for c in peers["neighbourhood_code"].to_list()], dtype=np.int64)
    measures = [(i.name, i.unit, i.worse) for i in spec.indicators]
    for snapshot in indicators["snapshot"].unique().sort().to_list():
        own = indicators.filter(pl.col("snapshot") == snapshot)
        for name, unit, worse in [*measures, ("score", "points", "high"), ("absolute_index", "points", "low")]:
            state = _select_state(own, scores.filter(pl.col("snapshot") == snapshot), name)
            joined = codes.join(state, on="neighbourhood_code", how="left", maintain_order="left").with_columns(
                pl.col("is_missing").fill_null(value=True)
            )
            badness = to_badness(joined, worse=worse)
            if np.isnan(badness).all():
                continue
            sign = 1.0 if worse == "high" else -1.0
            table = joined.select(
                pl.lit(str(snapshot)).alias("snapshot"),
                "neighbourhood_code",
                pl.lit(name).alias("measure"),
                pl.lit(unit).alias("unit"),
                pl.col("value").cast(pl.Float64),
            )
            for comparison in SETS:
                if comparison == "peers":
                    median, count, share = _compare_with_peers(badness, peer_for, peer_of)
                else:
                    median, count, share = _compare_within(badness, _classes(codes, comparison))
                table = table.with_columns(
                    pl.Series(f"n_{comparison}", count),
                    pl.Series(f"median_{comparison}", sign * median + 0.0, nan_to_null=True),
                    pl.Series(f"better_than_{comparison}_pct", share, nan_to_null=True),
                )
            parts.append(table.select(pl.col(column).cast(dtype) for column, dtype in COMPARISON.items()))
    return pl.concat(parts).sort("snapshot", "neighbourhood_code", "measure")


def _select_state(indicators: pl.DataFrame, scores: pl.DataFrame, name: str) -> pl.DataFrame:
    if name in ("score", "absolute_index"):
        return scores.select(
            "neighbourhood_code", pl.col(name).alias("value"), pl.col(name).is_null().alias("is_missing")
        )
    return indicators.filter(pl.col("indicator") == name).select("neighbourhood_code", "value", "is_missing")


def _classes(codes: pl.DataFrame, comparison: str) -> NDArray[np.object_]:
    column = {"group": "area_group", "authority": "authority_code", "rurality": "rurality"}.get(comparison)
    if column is None:
        return np.full(codes.height, "all", dtype=object)
    return codes[column].cast(pl.String).to_numpy().astype(object)


Found = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]


def _compare_within(badness: NDArray[np.float64], classes: NDArray[np.object_]) -> Found:
    median, count = np.full(len(badness), np.nan), np.zeros(len(badness), dtype=np.int64)
    share = np.full(len(badness), np.nan)
    for name in sorted({str(c) for c in classes if c is not None}):
        members = np.flatnonzero(classes == name)
        values = badness[members]
        known = np.sort(values[~np.isnan(values)])
        middle = compute_median(values)
        median[members] = np.nan if middle is None else middle
        count[members] = len(known)
        if len(known):
            worse = len(known) - np.searchsorted(known, values, side="right")
            share[members] = np.where(np.isnan(values), np.nan, 100.0 * worse / len(known))
    return median, count, share


def _compare_with_peers(badness: NDArray[np.float64], peer_for: NDArray[np.int64], peer_of: NDArray[np.int64]) -> Found:
    n = len(badness)
    median, count, share = np.full(n, np.nan), np.zeros(n, dtype=np.int64), np.full(n, np.nan)
    order = np.argsort(peer_for, kind="stable")
    starts = np.searchsorted(peer_for[order], np.arange(n + 1))
    for place in np.flatnonzero(np.diff(starts)):
        values = badness[peer_of[order[starts[place] : starts[place + 1]]]]
        known = values[~np.isnan(values)]
        count[place] = len(known)
        middle = compute_median(known)
        median[place] = np.nan if middle is None else middle
        if len(known) and not np.isnan(badness[place]):
            share[place] = 100.0 * float((known > badness[place]).mean())
    return median, count, share
