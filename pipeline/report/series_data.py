"""The published tables of a series as the report uses them, and the words for ranges and certainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.base.errors import InputError
from pipeline.report.data import SCORE, ReportData
from pipeline.report.series_charts import YearLine
from pipeline.report.text import DASH, MINUS, as_float, as_text, format_integer, format_rate, format_signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.report.context import ReportContext
    from pipeline.report.series_context import MeasureInfo, SeriesInfo

GROUP_SERIES = "out_group__service_series"
GROUP_CHANGE = "out_group__series_change"
PLACE_SERIES = "out_neighbourhood__service_series"
PLACE_CHANGE = "out_neighbourhood__series_change"
AUTHORITY_CHANGE = "out_authority__series_change"
SMALL_AREA_CHANGE = "out_small_area__series_change"
NEEDED = (GROUP_SERIES, GROUP_CHANGE, PLACE_SERIES, PLACE_CHANGE, AUTHORITY_CHANGE, SMALL_AREA_CHANGE)
LEFT_BEHIND = "left_behind"
SOUND = "No known fault"
Row = dict[str, object]


class SeriesReport:
    """The tables of one series, checked, with the figures that the pages ask for.

    Parameters
    ----------
    tables
        Published tables by name.
    context
        Names, wording and groups.
    info
        What the area says about the series.

    Raises
    ------
    InputError
        If a table is missing.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame], context: ReportContext, info: SeriesInfo) -> None:
        for name in NEEDED:
            if name not in tables:
                raise InputError("This table has not been published.", file=name, cure="Run make all for this area.")
        self.data = ReportData(tables, context)
        self.tables, self.context, self.info = tables, context, info
        self.years = sorted(int(year) for year in tables[GROUP_SERIES]["year"].unique())
        self.groups = [group for group in self.data.groups if group.key != "all"]
        self.ranked = self._rank()
        codes = set(self.ranked)
        self._series = _index(tables[PLACE_SERIES], "neighbourhood_code", codes)
        self._change = _index(tables[PLACE_CHANGE], "neighbourhood_code", codes)
        self._small = _index(tables[SMALL_AREA_CHANGE], "neighbourhood_code", codes, measure=self.head)
        self._groups = {
            (as_text(row["region"]), as_text(row["area_group"]), as_text(row["day_type"]), as_text(row["band"])): {
                str(key): value for key, value in row.items()
            }
            for row in tables[GROUP_CHANGE].to_dict("records")
        }
        names = tables[AUTHORITY_CHANGE][["authority_code", "authority_name"]].drop_duplicates()
        self._authorities = {str(code): str(name) for code, name in names.itertuples(index=False)}
        self._lines = {
            tuple(map(str, key)): _sort_years(part.to_dict("records"))
            for key, part in tables[GROUP_SERIES].groupby(["region", "area_group", "day_type", "band"], sort=True)
        }

    page_folder = "neighbourhoods/"

    @property
    def n_choices(self) -> int:
        """Combinations of a baseline and an end."""
        return len(self.info.baselines) * len(self.info.ends)

    def get_authority_name(self, code: str) -> str:
        """Return the name of an authority, or its code where it has none."""
        return self._authorities.get(code, code)

    def describe_ten(self, row: Row) -> str:
        """Say under how many choices a neighbourhood is among the ten that lost most runs, ``5 of 6``."""
        share = as_float(row["ten_most_pct"])
        return DASH if share is None else f"{round(share * self.n_choices / 100)} of {self.n_choices}"

    @property
    def head(self) -> MeasureInfo:
        """The measure that the report leads with."""
        return self.info.measures[0]

    def _rank(self) -> list[str]:
        """Return the codes that have a page, those that lost most runs first; those without a change last."""
        frame = select(self.tables[PLACE_CHANGE], self.head)
        frame = frame[frame["area_group"] == LEFT_BEHIND]
        middle = (frame["loss_rank_low"] + frame["loss_rank_high"]) / 2
        ordered = frame.assign(middle=middle).sort_values(["middle", "neighbourhood_code"], kind="stable")
        return [str(code) for code in ordered["neighbourhood_code"]]

    def get_change(self, code: str, measure: MeasureInfo) -> Row:
        """Return the row of change of a neighbourhood that has a page."""
        return next(r for r in self._change[code] if (r["day_type"], r["band"]) == (measure.day_type, measure.band))

    def find_score(self, code: str) -> Row | None:
        """Return the latest score of a place, None where none was published."""
        rows = [row for row in self.data.get_rows(SCORE, code) if as_text(row["snapshot"])]
        return max(rows, key=lambda row: as_text(row["snapshot"])) if rows else None

    def get_small_areas(self, code: str) -> list[Row]:
        """Return the rows of change of its small areas in the measure that leads."""
        return self._small.get(code, [])

    def find_group_change(self, region: str, group: str, measure: MeasureInfo) -> Row | None:
        """Return the row of change of a group, None where it has no members there."""
        return self._groups.get((region, group, measure.day_type, measure.band))

    def find_group_series(self, region: str, group: str, measure: MeasureInfo) -> list[Row] | None:
        """Return the rows of a group's series by year, None where it has no members there."""
        return self._lines.get((region, group, measure.day_type, measure.band))

    def get_place_series(self, code: str, measure: MeasureInfo) -> list[Row]:
        """Return the rows of the series of a neighbourhood that has a page, by year."""
        rows = self._series[code]
        return _sort_years([r for r in rows if (r["day_type"], r["band"]) == (measure.day_type, measure.band)])

    def build_line(self, rows: Sequence[Row], label: str, colour: str, marker: str) -> YearLine:
        """Return rows by year as a line of a chart."""
        values = tuple(as_float(row["runs_per_day"]) for row in rows)
        doubtful = tuple(as_text(row["coverage_class"]) == "partial" for row in rows)
        return YearLine(label, colour, marker, values, doubtful)

    def describe_certainty(self, row: Row) -> str:
        """Say in words how sure the change of a neighbourhood is."""
        kind = as_text(row["coverage_class"])
        if kind == "missing":
            return f"No figure: {as_text(row['coverage_reason'])}"
        if kind == "partial":
            return f"Doubtful: {as_text(row['coverage_reason'])}"
        return SOUND


def _index(
    frame: pd.DataFrame, column: str, codes: set[str], *, measure: MeasureInfo | None = None
) -> dict[str, list[Row]]:
    chosen = select(frame, measure) if measure else frame
    found: dict[str, list[Row]] = {}
    for row in chosen[chosen[column].isin(codes)].to_dict("records"):
        found.setdefault(str(row[column]), []).append({str(key): value for key, value in row.items()})
    return found


def _sort_years(rows: Sequence[Mapping[object, object]] | Sequence[Row]) -> list[Row]:
    return sorted(({str(k): v for k, v in row.items()} for row in rows), key=lambda row: as_float(row["year"]) or 0.0)


def select(frame: pd.DataFrame, measure: MeasureInfo) -> pd.DataFrame:
    """Return the rows of one measure."""
    return frame[(frame["day_type"] == measure.day_type) & (frame["band"] == measure.band)]


def format_span_pct(row: Mapping[str, object], name: str = "change_{}_pct") -> str:
    """Return a range of change in per cent, ``-55% to -52%``; one figure where both ends are shown alike."""
    low, high = as_float(row[name.format("low")]), as_float(row[name.format("high")])
    if low is None or high is None:
        return DASH
    texts = [f"{format_signed(value)}%" for value in (low, high)]
    return texts[0] if texts[0] == texts[1] else " to ".join(texts)


def format_span_runs(row: Mapping[str, object], name: str) -> str:
    """Return a range of runs a day, ``464 to 475``, or of their change with signs."""
    low, high = as_float(row[name.format("low")]), as_float(row[name.format("high")])
    if low is None or high is None:
        return DASH
    is_change = "change" in name
    texts = [_format_change(value) if is_change else format_rate(value) for value in (low, high)]
    return texts[0] if texts[0] == texts[1] else " to ".join(texts)


def _format_change(value: float) -> str:
    text = format_rate(value)
    return text if text in {"0", f"{MINUS}0"} or value < 0 else f"+{text}"


def format_span_rank(row: Mapping[str, object], name: str) -> str:
    """Return a range of ranks, ``1 to 3``."""
    low, high = as_float(row[name.format("low")]), as_float(row[name.format("high")])
    if low is None or high is None:
        return DASH
    return format_integer(low) if low == high else f"{format_integer(low)} to {format_integer(high)}"


def describe_span(row: Mapping[str, object], name: str = "change_{}_pct") -> str:
    """Say a range of change in words: ``fell by 52% to 55%``, ``changed by -4% to +3%``."""
    low, high = as_float(row[name.format("low")]), as_float(row[name.format("high")])
    if low is None or high is None:
        return "cannot be stated"
    least, most = sorted((abs(low), abs(high)))
    size = f"{format_integer(least)}%" if format_integer(least) == format_integer(most) else None
    size = size or f"{format_integer(least)}% to {format_integer(most)}%"
    if high < 0:
        return f"fell by {size}"
    if low > 0:
        return f"rose by {size}"
    return f"changed by {format_span_pct(row, name)}"
