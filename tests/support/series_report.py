"""Published tables of a small series for the report: a fictional country of wards in three authorities."""

from __future__ import annotations

import pandas as pd
import shapely

from pipeline.report import GroupInfo, IndicatorInfo
from pipeline.report.context import ReportContext
from pipeline.report.series_context import DoubtInfo, MeasureInfo, SeriesInfo
from tests.support.report_tables import HOSTILE_NAME, build_context

YEARS = tuple(range(2008, 2024))
MEASURES = (
    MeasureInfo("weekday", "all_day", "Weekday, whole day"),
    MeasureInfo("weekday", "18_22", "Weekday, 18:00 to 22:00"),
    MeasureInfo("sunday", "all_day", "Sunday, whole day"),
)
REGIONS = (("elsewhere", "The country outside Capital"), ("capital", "Capital"))
AUTHORITIES = {"A01": "Northshire", "A02": HOSTILE_NAME, "A03": "Capital"}
GROUPS = ("left_behind", "other_deprived", "other")
N = 18
Row = dict[str, object]


def build_series_words() -> ReportContext:
    """Return the words of the area."""
    return build_context(
        area_title="Albionia",
        snapshots=(),
        windows=(),
        categories=(),
        groups=(
            GroupInfo("left_behind", "left behind wards", "#b3261e", "o"),
            GroupInfo("other_deprived", "other deprived wards", "#8a5a00", "s"),
            GroupInfo("other", "all other wards", "#2c7fb8", "^"),
            GroupInfo("all", "all wards", "#1d1d1d", "D"),
        ),
        indicators=(
            IndicatorInfo("runs", "Buses on a weekday", "per_day", 1.0, "What it is.", "Not all.", "Invented."),
        ),
        service_caveats=(),
        subject="Bus service over the years in",
        subject_short="Bus service over the years",
        source_note="Figures are from a published series.",
    )


def build_series_info() -> SeriesInfo:
    """Return what the area says about its series."""
    return SeriesInfo(
        title="Bus runs a day, 2008 to 2023",
        source="Invented counts",
        measures=MEASURES,
        regions=REGIONS,
        baselines=("2010 alone", "mean of 2009 to 2011"),
        ends=("2023 alone",),
        span_before="2009\N{EN DASH}2011",
        span_after="2023",
        doubts=(DoubtInfo("2020", "everywhere, all days", "Cut for a while.", is_missing=False),),
        definitions=(("Bus runs a day", "Runs that call."),),
    )


def build_series_tables(*, lost: float = 10.0) -> dict[str, pd.DataFrame]:
    """Return published tables: ward n lost ``lost`` runs times n, every fifth ward is doubtful."""
    geography = _build_geography()
    places = geography.to_dict("records")
    change = [
        _build_change(place, number, measure, lost) for number, place in enumerate(places) for measure in MEASURES
    ]
    return {
        "out_neighbourhood__geography": geography,
        "out_neighbourhood__series_change": pd.DataFrame(change),
        "out_neighbourhood__service_series": pd.DataFrame(
            [
                {"neighbourhood_code": place["neighbourhood_code"], **row}
                for number, place in enumerate(places)
                for row in _build_years(200.0 - number)
            ]
        ),
        "out_group__service_series": pd.DataFrame(
            [
                {
                    "region": region,
                    "area_group": group,
                    **row,
                    "doubt_reason": "",
                    "population": 1e5,
                    "n_neighbourhoods": 6,
                }
                for region, _ in REGIONS
                for group in GROUPS
                for row in _build_years(150.0)
            ]
        ),
        "out_group__series_change": pd.DataFrame(_build_group_changes()),
        "out_authority__series_change": pd.DataFrame(
            [
                {"authority_code": code, "authority_name": name, **_describe(measure, 200.0, 40.0, "comparable")}
                for code, name in AUTHORITIES.items()
                for measure in MEASURES
            ]
        ),
        "out_small_area__series_change": pd.DataFrame(
            [
                {
                    "small_area_code": f"S{number:03d}",
                    "neighbourhood_code": place["neighbourhood_code"],
                    **_describe(measure, 200.0, lost * number, "comparable"),
                }
                for number, place in enumerate(places)
                for measure in MEASURES
            ]
        ),
        "out_neighbourhood__distance": pd.DataFrame(
            [
                {
                    "neighbourhood_code": place["neighbourhood_code"],
                    "category": category,
                    "straight_line_m": 900.0 + number,
                }
                for number, place in enumerate(places)
                for category in ("hospitals", "stations")
            ]
        ).assign(people_without_pct=0.0, reason=None),
        **_build_scores(places, lost),
    }


def _build_geography() -> pd.DataFrame:
    rows = []
    for number in range(N):
        x, y = -2.0 + 0.3 * (number % 6), 52.0 + 0.2 * (number // 6)
        rows.append(
            {
                "neighbourhood_code": f"E{number + 1:03d}",
                "neighbourhood_name": HOSTILE_NAME if number == 3 else f"Ward {number + 1}",
                "area_group": GROUPS[number % 3],
                "authority_code": list(AUTHORITIES)[number * 3 // N],
                "population": 8000.0 + number,
                "lon": x,
                "lat": y,
                "geometry_wkb": shapely.to_wkb(shapely.box(x, y, x + 0.1, y + 0.1)) if number % 3 == 0 else None,
            }
        )
    return pd.DataFrame(rows)


def _build_years(level: float) -> list[Row]:
    rows: list[Row] = []
    for measure in MEASURES:
        for year in YEARS:
            is_gap, is_doubtful = year in {2012, 2013}, year == 2020
            rows.append(
                {
                    "year": year,
                    "day_type": measure.day_type,
                    "band": measure.band,
                    "runs_per_day": None if is_gap else level - 4.0 * (year - YEARS[0]),
                    "people_without_pct": 100.0 if is_gap else 1.0,
                    "is_doubtful": is_doubtful,
                    "coverage_class": "missing" if is_gap else "partial" if is_doubtful else "comparable",
                }
            )
    return rows


def _describe(measure: MeasureInfo, before: float, lost: float, kind: str) -> Row:
    return {
        "day_type": measure.day_type,
        "band": measure.band,
        "before_low_runs_per_day": before,
        "before_high_runs_per_day": before + 4.0,
        "after_low_runs_per_day": before - lost,
        "after_high_runs_per_day": before - lost + 2.0,
        "change_low_runs_per_day": -lost - 4.0,
        "change_high_runs_per_day": -lost,
        "change_low_pct": -100.0 * (lost + 4.0) / before,
        "change_high_pct": -100.0 * lost / before,
        "change_direction": "fell",
        "n_combinations": 2,
        "people_without_pct": 0.0,
        "largest_loss_from_year": 2014,
        "largest_loss_to_year": 2015,
        "largest_loss_change_runs_per_day": -12.0,
        "is_interrupted": False,
        "interrupted_years": "",
        "has_break": kind != "comparable",
        "coverage_class": kind,
        "coverage_reason": "" if kind == "comparable" else "runs of the whole authority fall at once",
    }


def _build_change(place: Row, number: int, measure: MeasureInfo, lost: float) -> Row:
    rank = float(N - number)
    return {
        **{name: place[name] for name in ("neighbourhood_code", "neighbourhood_name", "area_group", "authority_code")},
        "region": "capital" if place["authority_code"] == "A03" else "elsewhere",
        **_describe(measure, 400.0, lost * number, "partial" if number % 5 == 4 else "comparable"),
        "loss_rank_low": rank,
        "loss_rank_high": rank + 1,
        "loss_share_rank_low": rank,
        "loss_share_rank_high": rank,
        "n_ranked": N // 3,
        "ten_most_pct": 100.0 if number > 9 else 50.0,
        "ten_most_share_pct": 50.0,
    }


def _build_group_changes() -> list[Row]:
    return [
        {
            "region": region,
            "area_group": group,
            **_describe(measure, 300.0, 90.0 + 10.0 * number, "comparable"),
            "change_sure_low_pct": -40.0,
            "change_sure_high_pct": -30.0,
            "people_doubtful_pct": 12.0,
            "n_neighbourhoods": 6,
            "n_fell": 5,
            "n_rose": 1,
            "population": 1e5,
        }
        for region, _ in REGIONS
        for number, group in enumerate(GROUPS)
        for measure in MEASURES
    ]


def _build_scores(places: list[Row], lost: float) -> dict[str, pd.DataFrame]:
    rows = []
    for number, place in enumerate(places):
        rank = float(N - number)
        rows.append(
            {
                "snapshot": "2023",
                **{name: place[name] for name in ("neighbourhood_code", "neighbourhood_name", "area_group")},
                "score": 5.0 + number,
                "rank": rank,
                "decile": int((rank - 1) * 10 // N) + 1,
                "absolute_index": 100.0 - lost * number / 4,
                "rank_low": max(rank - 1, 1.0),
                "rank_high": min(rank + 1, float(N)),
                "is_decile_stable": number % 2 == 0,
                "n_indicators": 1,
                "n_missing": 0,
                "coverage_class": "comparable",
            }
        )
    scores = pd.DataFrame(rows)
    indicators = scores[["snapshot", "neighbourhood_code", "rank", "score", "absolute_index"]].assign(
        indicator="runs", value=100.0, n_ranked=N, relative=0.5, is_missing=False, reason=None
    )
    influence = pd.DataFrame({"snapshot": ["2023"], "indicator": ["runs"], "weight": [1.0]}).assign(
        rank_change_p50=0.0, decile_changed_pct=0.0
    )
    return {
        "out_neighbourhood__score": scores,
        "out_neighbourhood__indicator": indicators,
        "out_indicator__influence": influence,
    }
