"""Change in a published series, as a range over baselines and ends, and what makes it uncertain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipeline.base.area import SeriesYears
from pipeline.change.series import DECIMALS, MAX_WITHOUT, MAX_WITHOUT_COMPARABLE, Bools, Floats, PlaceSeries, add_up

MIN_AVAILABLE: Final = 0.5
MAX_DIP: Final = 0.5
MIN_DIP_RUNS: Final = 1.0
N_NEIGHBOURS: Final = 3
FIRST: Final = 10
_TOLERANCE: Final = 1e-9


@dataclass(frozen=True)
class ChangeCombinations:
    """Before and after under every baseline and end.

    Attributes
    ----------
    before, after
        float64[places, combinations, measures], runs a day; NaN where unknown.
    averaged_years
        Years that enter a mean: a dip in one of them matters, one in a year of which only the highest counts does not.
    without
        float64[places, measures]; share of people in small areas that lack a figure in a year that is used.
    """

    before: Floats
    after: Floats
    without: Floats
    averaged_years: tuple[int, ...]


def compute_combinations(
    series: PlaceSeries,
    membership: csr_array,
    people: Floats,
    *,
    baselines: Sequence[SeriesYears],
    ends: Sequence[SeriesYears],
) -> ChangeCombinations:
    """Compute every place's figure before and after, always over the same small areas.

    Only small areas with a figure in every year that any baseline or end uses count, so that a change is never one of
    which small areas are in the series.

    Parameters
    ----------
    series
        Small areas.
    membership
        Which small area belongs to which place.
    people
        float64[n], or float64[n, measures] where they differ by measure; weights, NaN counts as nobody.
    baselines, ends
        Years that stand for before and after; combinations are baselines x ends, ends varying fastest.

    Returns
    -------
    ChangeCombinations
        NaN where more than half of the people live in small areas that do not count.
    """
    used = sorted({year for span in (*baselines, *ends) for year in span.years})
    at = series.find_years(used)
    runs = series.runs[:, at, :]
    in_panel = ~np.isnan(runs).any(axis=1)
    weight = np.nan_to_num(people if people.ndim == 2 else people[:, None])
    known = add_up(membership, weight * in_panel)
    total = add_up(membership, np.broadcast_to(weight, in_panel.shape))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = add_up(membership, (weight * in_panel)[:, None, :] * np.nan_to_num(runs)) / known[:, None, :]
        without = np.clip(np.where(total > 0, 1.0 - known / total, 1.0), 0.0, 1.0)
    without[without < _TOLERANCE] = 0.0
    mean = np.where(((without > MAX_WITHOUT + _TOLERANCE) | (known <= 0))[:, None, :], np.nan, mean)

    def take(span: SeriesYears) -> Floats:
        chosen = mean[:, [used.index(year) for year in span.years], :]
        return np.asarray(chosen.max(axis=1) if span.take == "highest" else chosen.mean(axis=1))

    before = np.stack([take(b) for b in baselines for _ in ends], axis=1)
    after = np.stack([take(e) for _ in baselines for e in ends], axis=1)
    averaged = sorted({year for span in (*baselines, *ends) if span.take == "mean" for year in span.years})
    return ChangeCombinations(before, after, without, tuple(averaged))


def find_largest_losses(series: PlaceSeries, interrupted: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Find between which two years that can be trusted, one following the other, each place lost most.

    Parameters
    ----------
    series
        Any places. Years without a figure, doubtful ones, and those with over 5 % of people without are passed over.
    interrupted
        Years to be passed over too, from :func:`find_interruptions`.

    Returns
    -------
    tuple
        From and to (years, 0 where nothing was ever lost), and the change in runs a day (NaN likewise), each of the
        shape places x measures.
    """
    n, _, n_measures = series.runs.shape
    last, last_year = np.full((n, n_measures), np.nan), np.zeros((n, n_measures), dtype=np.int64)
    start, end = np.zeros((n, n_measures), dtype=np.int64), np.zeros((n, n_measures), dtype=np.int64)
    worst = np.zeros((n, n_measures))
    trusted = _find_trusted(series) & ~interrupted
    for number, year in enumerate(series.years):
        value = series.runs[:, number, :]
        here = trusted[:, number, :]
        step = np.where(here & ~np.isnan(last), value - last, 0.0)
        is_worse = step < worst - _TOLERANCE
        worst = np.where(is_worse, step, worst)
        start, end = np.where(is_worse, last_year, start), np.where(is_worse, year, end)
        last, last_year = np.where(here, value, last), np.where(here, year, last_year)
    return start, end, np.where(end > 0, worst, np.nan)


def _find_trusted(series: PlaceSeries) -> Bools:
    is_covered = series.without <= MAX_WITHOUT_COMPARABLE + _TOLERANCE
    return ~np.isnan(series.runs) & ~series.is_doubtful & is_covered


def find_interruptions(series: PlaceSeries, regions: Sequence[str]) -> Bools:
    """Find years in which a place's series breaks off and goes on, or falls and is back in the next.

    A year is an interruption if the place has no figure although it has one before and one after and most places of
    its region have one that year; or if its figure is below half of the highest of the three trusted years before and
    of the three after (and these are at least one run a day). Years declared doubtful are none.

    Parameters
    ----------
    series
        Any places.
    regions
        Region of each place.

    Returns
    -------
    numpy.ndarray
        bool[places, years, measures].
    """
    has = ~np.isnan(series.runs)
    available = np.zeros_like(has)
    place = np.asarray(regions, dtype=object)
    for region in sorted(set(regions)):
        here = place == region
        available[here] = has[here].mean(axis=0) >= MIN_AVAILABLE
    ever_before = np.maximum.accumulate(has, axis=1)
    ever_after = np.maximum.accumulate(has[:, ::-1], axis=1)[:, ::-1]
    is_gap = ~has & available & ever_before & ever_after
    trusted = _find_trusted(series)
    before = _find_highest_before(series.runs, trusted)
    after = _find_highest_before(series.runs[:, ::-1], trusted[:, ::-1])[:, ::-1]
    least = np.minimum(before, after)
    with np.errstate(invalid="ignore"):
        is_dip = trusted & (least >= MIN_DIP_RUNS) & (series.runs < MAX_DIP * least)
    return np.asarray(is_gap | is_dip)


def _find_highest_before(runs: Floats, trusted: Bools) -> Floats:
    """Return for every year the highest of the last three trusted figures before it; NaN where there is none."""
    result = np.full_like(runs, np.nan)
    memory = np.full((N_NEIGHBOURS, runs.shape[0], runs.shape[2]), np.nan)
    for number in range(runs.shape[1]):
        result[:, number, :] = np.fmax.reduce(memory, axis=0)
        here = trusted[:, number, :]
        moved = np.concatenate([runs[None, :, number, :], memory[:-1]])
        memory = np.where(here, moved, memory)
    return result


def find_breaks(series: PlaceSeries, *, after_year: int, max_step_pct: float) -> dict[tuple[int, int], tuple[int, int]]:
    """Find places whose runs fall, or rise, by a large share in one step and stay so.

    A step leads from one year that can be trusted to the next. With x the lower of the year before and the median of
    all trusted years until then, it is a fall if the later year and every trusted year after it lie below 1 - s of x;
    with x the higher of the two, it is a rise if x lies below 1 - s of all of them. So the way back from a dip or a
    peak is no break. Applied to whole authorities, this is what a lost timetable archive or a doubled one looks like.

    Parameters
    ----------
    series
        Places, usually authorities.
    after_year
        Only steps that end after this year count.
    max_step_pct
        s, in %.

    Returns
    -------
    dict
        Place and measure (positions) to the years before and after the largest break.
    """
    left = 1.0 - max_step_pct / 100.0
    trusted = _find_trusted(series)
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for place, measure in np.argwhere(trusted.any(axis=1)):
        at = np.flatnonzero(trusted[place, :, measure])
        values = series.runs[place, at, measure]
        largest = 0.0
        for one in range(1, len(at)):
            before, usual, rest = values[one - 1], float(np.median(values[:one])), values[one:]
            if series.years[at[one]] <= after_year or max(before, rest.max()) < MIN_DIP_RUNS:
                continue
            size = abs(values[one] - before)
            has_fallen, has_risen = rest.max() < left * min(before, usual), max(before, usual) < left * rest.min()
            if (has_fallen or has_risen) and size > largest:
                largest = size
                found[int(place), int(measure)] = series.years[at[one - 1]], series.years[at[one]]
    return found


def compute_series_change(
    means: PlaceSeries,
    combinations: ChangeCombinations,
    regions: Sequence[str],
    *,
    breaks: Sequence[Sequence[str]] | None = None,
) -> pd.DataFrame:
    """State every place's change as a range, with what makes it uncertain.

    Parameters
    ----------
    means
        The places' series.
    combinations
        From :func:`compute_combinations`, for the same places.
    regions
        Region of each place.
    breaks
        What is said of a break of data, for each place and measure; empty for none.

    Returns
    -------
    pandas.DataFrame
        code, day_type, band; before_low_runs_per_day, after_low_runs_per_day, change_low_runs_per_day, change_low_pct,
        and the same with high; change_direction; n_combinations; people_without_pct; largest_loss_from_year,
        largest_loss_to_year, largest_loss_change_runs_per_day; is_interrupted, interrupted_years, has_break;
        coverage_class, coverage_reason. A row for each place and measure.
    """
    before, after = combinations.before, combinations.after
    change, pct = compute_differences(combinations)
    broken = find_interruptions(means, regions)
    start, end, worst = find_largest_losses(means, broken)
    n, _, n_measures = before.shape
    day_types, bands = zip(*means.measures, strict=True)
    columns: dict[str, object] = {
        "code": np.repeat(np.asarray(means.codes, dtype=object), n_measures),
        "day_type": np.tile(np.asarray(day_types, dtype=object), n),
        "band": np.tile(np.asarray(bands, dtype=object), n),
    }
    for name, values in (
        ("before_{}_runs_per_day", before),
        ("after_{}_runs_per_day", after),
        ("change_{}_runs_per_day", change),
        ("change_{}_pct", pct),
    ):
        columns[name.format("low")] = values.min(axis=1).ravel().round(DECIMALS)
        columns[name.format("high")] = values.max(axis=1).ravel().round(DECIMALS)
    years = np.asarray(means.years)
    flat = broken.transpose(0, 2, 1).reshape(n * n_measures, -1)
    texts = np.full(n * n_measures, "", dtype=object)
    for row in np.flatnonzero(flat.any(axis=1)):
        texts[row] = ", ".join(str(year) for year in years[flat[row]])
    frame = pd.DataFrame(columns)
    frame["change_direction"] = _name_directions(change).ravel()
    frame["n_combinations"] = before.shape[1]
    frame["people_without_pct"] = (100.0 * combinations.without.ravel()).round(DECIMALS)
    for name, loss_years in (("from", start), ("to", end)):
        found = pd.Series(loss_years.ravel())
        frame[f"largest_loss_{name}_year"] = found.where(found > 0).astype("Int64")
    frame["largest_loss_change_runs_per_day"] = worst.ravel().round(DECIMALS)
    frame["is_interrupted"] = np.asarray(flat.any(axis=1))
    frame["interrupted_years"] = texts
    said = [text for row in breaks for text in row] if breaks is not None else [""] * len(frame)
    frame["has_break"] = [bool(text) for text in said]
    matters = np.asarray(flat[:, np.isin(years, combinations.averaged_years)].any(axis=1))
    return _classify(frame, said, matters)


def compute_differences(combinations: ChangeCombinations) -> tuple[Floats, Floats]:
    """Return the change in runs a day and in % of before (NaN where before is 0), for every combination."""
    change = combinations.after - combinations.before
    with np.errstate(invalid="ignore", divide="ignore"):
        pct = np.where(combinations.before > 0, 100.0 * change / combinations.before, np.nan)
    return change, pct


def _name_directions(change: Floats) -> NDArray[np.object_]:
    low, high = change.min(axis=1), change.max(axis=1)
    names = np.full(low.shape, "mixed", dtype=object)
    names[(low >= -_TOLERANCE) & (high <= _TOLERANCE)] = "unchanged"
    names[high < -_TOLERANCE] = "fell"
    names[low > _TOLERANCE] = "rose"
    names[np.isnan(low)] = "unknown"
    return names


def _classify(frame: pd.DataFrame, breaks: Sequence[str], is_broken_off: Bools) -> pd.DataFrame:
    without = frame["people_without_pct"]
    is_missing = frame["change_low_runs_per_day"].isna()
    is_thin = is_missing | (without > 100 * MAX_WITHOUT_COMPARABLE + _TOLERANCE)
    is_partial = is_thin | is_broken_off | frame["has_break"]
    frame["coverage_class"] = np.where(is_missing, "missing", np.where(is_partial, "partial", "comparable"))
    years = frame["interrupted_years"].where(is_broken_off, "")
    rows = zip(is_partial, is_thin, without, years, breaks, strict=True)
    frame["coverage_reason"] = [_explain(*row[1:]) if row[0] else "" for row in rows]
    return frame


def _explain(is_thin: bool, without_pct: float, interrupted_years: str, broken: str) -> str:  # noqa: FBT001
    parts = [broken] if broken else []
    if interrupted_years:
        parts.append(f"figures are absent or dip in {' and '.join(interrupted_years.rsplit(', ', maxsplit=1))}")
    if is_thin:
        parts.append(f"{without_pct:.0f}% of people live where a year that is used has no figure")
    return "; ".join(parts)


def rank_losses(combinations: ChangeCombinations, groups: Sequence[str]) -> pd.DataFrame:
    """Rank places within their groups by what they lost (1 = most), under every combination.

    Parameters
    ----------
    combinations
        From :func:`compute_combinations`.
    groups
        Group of each place.

    Returns
    -------
    pandas.DataFrame
        A row for every place and measure, in the order of :func:`compute_series_change`: loss_rank_low and _high (by
        runs a day), loss_share_rank_low and _high (by share), n_ranked, ten_most_pct and ten_most_share_pct (share of
        the combinations under which the place is among the ten of its group that lost most, in runs and in share, %).
        Ties share the mean rank.
    """
    n, n_combinations, n_measures = combinations.before.shape
    found: dict[str, Floats] = {}
    for name, first, values in zip(
        ("loss_rank", "loss_share_rank"),
        ("ten_most_pct", "ten_most_share_pct"),
        compute_differences(combinations),
        strict=True,
    ):
        frame = pd.DataFrame(values.reshape(n, n_combinations * n_measures))
        ranks = frame.groupby(np.asarray(groups, dtype=object)).rank(method="average")
        cube = ranks.to_numpy(dtype=float).reshape(n, n_combinations, n_measures)
        found[f"{name}_low"] = cube.min(axis=1).ravel()
        found[f"{name}_high"] = cube.max(axis=1).ravel()
        share = 100.0 * (cube <= FIRST).mean(axis=1)
        found[first] = np.where(np.isnan(cube).any(axis=1), np.nan, share).ravel()
        if name == "loss_rank":
            counted = pd.DataFrame(~np.isnan(cube).any(axis=1)).groupby(np.asarray(groups, dtype=object))
            found["n_ranked"] = counted.transform("sum").to_numpy().ravel()
    return pd.DataFrame(found).astype({"n_ranked": "int64"})
