"""What the report of an area with a published series must be told beside the tables."""

from __future__ import annotations

from pipeline.base.area import Area, GroupRule, Series, SeriesDoubt, SeriesYears
from pipeline.report.series_context import DoubtInfo, MeasureInfo, SeriesInfo
from pipeline.report.text import BAND_LABELS, DAY_TYPE_LABELS, add_article, capitalise, format_number, join_words

REST = "elsewhere"


def build_series_info(area: Area, series: Series) -> SeriesInfo:
    """Gather what the configuration says about a series, in words.

    Parameters
    ----------
    area
        The area.
    series
        Its series.

    Returns
    -------
    SeriesInfo
        Labels, years, doubts and definitions.
    """
    labels = {REST: series.rest_label} | {region.name: region.label for region in series.regions}
    measures = tuple(MeasureInfo(c.day_type, c.band, _name_measure(c.day_type, c.band)) for c in series.columns)
    return SeriesInfo(
        title=series.title,
        source=series.attribution or series.title,
        measures=measures,
        regions=tuple(labels.items()),
        baselines=tuple(span.label for span in series.baselines),
        ends=tuple(span.label for span in series.ends),
        span_before=_name_span(series.baselines),
        span_after=_name_span(series.ends),
        doubts=tuple(_describe_doubt(doubt, labels) for doubt in series.doubtful),
        definitions=tuple(_list_definitions(area, series)),
    )


def _name_measure(day_type: str, band: str) -> str:
    day = DAY_TYPE_LABELS[day_type]
    return f"{day}, whole day" if band == "all_day" else f"{day}, {BAND_LABELS[band]}"


def _name_span(spans: list[SeriesYears]) -> str:
    years = sorted({year for span in spans for year in span.years})
    return str(years[0]) if len(years) == 1 else f"{years[0]}\N{EN DASH}{years[-1]}"


def _describe_doubt(doubt: SeriesDoubt, labels: dict[str, str]) -> DoubtInfo:
    where = labels[doubt.region] if doubt.region else "everywhere"
    when = join_words([f"{DAY_TYPE_LABELS[day]}s" for day in doubt.day_types]) or "all days"
    return DoubtInfo(
        join_words([str(year) for year in doubt.years]), f"{where}, {when}", doubt.reason, doubt.is_missing
    )


def _list_definitions(area: Area, series: Series) -> list[tuple[str, str]]:
    noun = area.words.neighbourhood
    step = format_number(series.max_step_pct)
    before, after = (join_words([span.label for span in spans]) for spans in (series.baselines, series.ends))
    sentences = {
        "Bus runs a day": [
            "Runs that call in or near a small area on a day, each counted once, as the published series has them."
        ],
        f"Figure of {add_article(noun)}, an authority or a group": [
            "The mean over its small areas that have a figure, weighted by people; never a sum, since a bus that calls",
            "in two small areas would count twice. Where more than half of the people live in small areas without a",
            "figure, there is none.",
        ],
        "Groups": [_describe_rule(rule, area) for rule in area.neighbourhoods.groups],
        "Change": [
            f"After less before, over small areas with a figure in every year that is used. Before: {before}.",
            f"After: {after}. Every change is given as the least and the greatest over all of these together.",
        ],
        "Rank": [
            "Within the left behind places, 1 lost most, by runs a day and by share; the least and the greatest over",
            "all choices. Places whose ranges overlap should not be told apart.",
        ],
        "Interrupted series": [
            "A year without a figure though the years around it and most places have one, or a figure below half of",
            "the highest of the three years before and of the three after. It makes a change doubtful where that year",
            "enters a mean.",
        ],
        "Break of data": [
            f"The mean of a whole authority falls, or rises, by more than {step}% from one trusted year to the next,",
            "compared with that year and with the median until then, and no later year makes it good. All its places",
            "then count as doubtful.",
        ],
        "Doubtful places": [
            "Those with a break of data, an interruption in a year that enters a mean, or more than 5% of their people",
            "without a figure. Totals are given with and without them.",
        ],
        "Largest loss": [
            "The largest fall from one trusted year to the next; years that are missing or doubtful are passed over,",
            "so that it may span several.",
        ],
    }
    return [(term, " ".join(parts)) for term, parts in sentences.items()]


def _describe_rule(rule: GroupRule, area: Area) -> str:
    label, nouns = area.words.groups.get(rule.group, rule.group), area.words.neighbourhoods
    source = rule.attribution or rule.path
    if rule.lowest_pct is None:
        return f"{capitalise(label)}: {source}."
    is_mean = rule.level == "small_area"
    column = str(rule.column).replace("_", " ")
    what = f"mean {column} over their small areas, weighted by people," if is_mean else column
    share = format_number(rule.lowest_pct)
    return (
        f"{capitalise(label)}: in no group before, and among the {share}% of all {nouns} whose {what} is lowest "
        f"({source})."
    )
