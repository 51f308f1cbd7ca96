"""The first page of a profile: what it says is what the tables hold, and what is folded away is told in print."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pipeline.report import data as d
from pipeline.report.data import ReportData
from pipeline.report.facts import Facts
from pipeline.report.profile_columns import ATTRIBUTION, USEFUL, VISIT
from pipeline.report.profile_file import MAX_FOOT, build_profile_file, shorten_source
from pipeline.report.profile_maps import build_locator, draw_locator
from pipeline.report.profiles import Profile, ProfileBuilder
from pipeline.report.text import uncapitalise
from tests.support.profile_worlds import build_profile_tables
from tests.support.report_tables import build_context

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE = "W0001"
NBSP = "\N{NO-BREAK SPACE}"


def build_one(tables: Mapping[str, pd.DataFrame], code: str = CODE) -> Profile:
    report = ReportData(tables, replace(build_context(), service_caveats=()))
    return ProfileBuilder(report, Facts(report)).build_profile(report.places[report.position[code]])


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


def read_key_numbers(profile: Profile) -> dict[str, list[str]]:
    assert profile.key_numbers is not None
    return {plain(row[0].text): [plain(cell.text) for cell in row[1:]] for row in profile.key_numbers.rows}


def select_times(tables: Mapping[str, pd.DataFrame], category: str) -> pd.DataFrame:
    times = tables[d.TRAVEL_TIME]
    keys = {"snapshot": "2024", "category": category, "window": "weekday_am", "direction": "outward", "mode_set": "all"}
    for column, value in keys.items():
        times = times[times[column] == value]
    return times.set_index("neighbourhood_code")


def test_key_numbers_are_those_of_the_tables_beside_medians_of_the_groups() -> None:
    tables = build_profile_tables()
    numbers = read_key_numbers(build_one(tables))
    times = select_times(tables, "hospitals")["travel_time_p50_s"]
    groups = tables[d.GEOGRAPHY].set_index("neighbourhood_code")["area_group"]
    mine = numbers["Time to a hospital"]
    assert mine[0] == f"{times[CODE] / 60:.0f} min"
    for shown, group in zip(mine[2:], ("left_behind", "other_deprived", "other", "all"), strict=True):
        chosen = times if group == "all" else times[groups[times.index] == group]
        assert shown == f"{chosen.fillna(float('inf')).median() / 60:.0f} min", group
    score = tables[d.SCORE].set_index(["snapshot", "neighbourhood_code"]).loc[("2024", CODE)]
    assert numbers["Score (higher is worse)"][0] == f"{score['score']:.1f}"
    low, high = score["rank_low"], score["rank_high"]
    assert numbers["Score (higher is worse)"][1].startswith(f"rank {score['rank']:.0f} ({low:.0f} to {high:.0f}) of ")
    visit = next(value for label, value in numbers.items() if label.startswith("Minutes at which one can spend 90"))
    assert visit == ["37%", "away for 150 min at best", "37%", "37%", "37%", "37%"]


def test_the_sentences_that_matter_are_at_most_five_and_begin_with_the_rank() -> None:
    facts = [plain(text) for text in build_one(build_profile_tables()).facts]
    assert len(facts) <= 5
    assert re.match(r"Rank \d+ \(\d+ to \d+\) of \d+ wards, where 1 is the worst connected; its score is ", facts[0])
    assert "in left behind wards" in facts[0]
    assert "in all wards" in facts[0]
    assert facts[1].startswith("A hospital is ")
    assert any("vehicle runs call here on a weekday" in text for text in facts)
    assert any(text.startswith("Out and back (90 minutes at a hospital on a weekday") for text in facts)


def test_the_service_whose_loss_counts_most_is_named_with_the_journeys_it_lengthened() -> None:
    tables = build_profile_tables()
    twice = tables[ATTRIBUTION]
    worse = twice[twice["window"] == "weekday_am"].assign(category="stations", loss_min=twice["loss_min"] + 20.0)
    profile = build_one({**tables, ATTRIBUTION: pd.concat([twice, worse], ignore_index=True)})
    last = plain(profile.facts[-1])
    assert "journeys to a railway station on a weekday" in last
    assert "would be 26.4 minutes shorter on average" in last
    losses = next(table for table in profile.changes if table.anchor == "losses")
    assert [plain(cell.text) for cell in losses.rows[0]][3:] == ["+26.4", "12", "2"]


def test_days_keep_their_capital_within_a_sentence() -> None:
    assert uncapitalise("Weekday morning") == "weekday morning"
    assert uncapitalise("Sunday, whole day") == "Sunday, whole day"
    text = " ".join(build_one(build_profile_tables()).facts)
    assert "sunday" not in text
    assert "saturday" not in text


def test_reasons_from_the_tables_are_in_words() -> None:
    tables = build_profile_tables()
    changes = tables[d.SERVICE_CHANGE]
    changes["coverage_reason"] = "sunday service cannot be judged from the feed bus"
    changes["coverage_class"] = "missing"
    table = next(table for table in build_one(tables).changes if table.anchor == "service-change")
    assert table.rows[0][-1].text == "Missing data: Sunday service cannot be judged from the feed bus"


def test_an_indicator_is_ranked_among_those_with_a_value_not_among_those_with_a_score() -> None:
    tables = build_profile_tables()
    scores = tables[d.SCORE]
    scores.loc[scores["neighbourhood_code"] != CODE, "rank"] = None
    indicators = tables[d.INDICATOR]
    indicators.loc[(indicators["snapshot"] == "2024") & (indicators["neighbourhood_code"] == CODE), "rank"] = 9.5
    table = next(table for table in build_one(tables).more_scores if table.anchor == "indicators")
    known = indicators[(indicators["snapshot"] == "2024") & indicators["rank"].notna()]
    for row, n in zip(table.rows, known.groupby("indicator", sort=False)["rank"].count(), strict=True):
        assert row[2].text == f"9.5 of {n}"
        assert n > 1


def add_stations(tables: dict[str, pd.DataFrame], *, is_same: bool) -> dict[str, pd.DataFrame]:
    """Add windows to stations: those of hospitals, or each journey five minutes longer."""
    useful = tables[USEFUL]
    other = useful.assign(category="stations")
    times = tables[d.TRAVEL_TIME]
    if is_same:
        hospitals = times[times["category"] == "hospitals"]
        times = pd.concat([times[times["category"] != "stations"], hospitals.assign(category="stations")])
    else:
        other["walk_time_s"] = 3_000.0
    return {**tables, USEFUL: pd.concat([useful, other], ignore_index=True), d.TRAVEL_TIME: times}


def test_one_picture_shows_the_first_window_to_every_kind_of_destination_on_one_scale() -> None:
    profile = build_one(add_stations(build_profile_tables(), is_same=False))
    figure = profile.overview
    assert figure is not None
    assert len(figure.panels) == 2
    assert figure.data.groupby("destination", sort=False).size().to_dict() == {
        "hospitals": 180,
        "railway stations": 180,
    }
    ends = [
        [item.words for item in panel.items if getattr(item, "words", "").endswith(" min")] for panel in figure.panels
    ]
    assert ends[0] == ends[1]
    assert profile.list_figures()[0][0] is figure


def test_the_overview_does_not_hide_minutes_without_a_journey() -> None:
    tables = add_stations(build_profile_tables(), is_same=False)
    useful = tables[USEFUL]
    useful["walk_time_s"] = 3_000.0
    useful.loc[useful["category"] == "stations", ["walk_time_s", "journeys"]] = [None, "[[26100, 27900]]"]
    figure = build_one(tables).overview
    assert figure is not None
    assert figure.headline.endswith("a railway station cannot be reached in 164 of 180 minutes")
    useful.loc[useful["category"] == "stations", "journeys"] = "[]"
    figure = build_one(tables).overview
    assert figure is not None
    assert (
        figure.headline == "On a weekday morning 1 of 2 kinds of destination can be reached, a railway station cannot"
    )


def test_what_is_the_same_at_every_minute_is_drawn_once_and_said() -> None:
    tables = add_stations(build_profile_tables(), is_same=True)
    blocks = {block.category.key: block for block in build_one(tables).time_blocks}
    assert blocks["hospitals"].figure is not None
    assert blocks["stations"].figure is None
    assert blocks["stations"].same_as == "a hospital"
    assert blocks["stations"].rows
    assert "The same at every minute of every window as to a hospital" in plain(
        build_profile_file(tables, build_context(), CODE).html
    )


def test_print_names_what_is_folded_and_a_full_profile_folds_nothing() -> None:
    tables = add_stations(build_profile_tables(), is_same=False)
    short = build_profile_file(tables, build_context(), CODE).html
    full = build_profile_file(tables, build_context(), CODE, is_full=True).html
    assert short.count("<details") == full.count("<details") > 5
    assert short.count(" open>") == 0
    assert full.count("<details") == full.count(" open>")
    assert "Left out of print" not in full
    left_out = short[short.index('id="left-out"') :]
    folded = re.findall(r'<details class="fold">\n<summary>(.*?)</summary>', short)
    assert len(folded) >= 6
    for caption in ("To a railway station: every minute", "Peers: nearest", "What the score is made of"):
        assert caption in left_out
        assert any(text.startswith(caption) for text in folded)


def test_a_place_with_streets_near_some_people_says_for_how_many_there_are_none() -> None:
    tables = build_profile_tables()
    tables[USEFUL]["people_unlinked_pct"] = 60.0
    times = tables[d.TRAVEL_TIME]
    mine = times["neighbourhood_code"] == CODE
    times["reason"] = times["reason"].astype(object)
    times.loc[mine, "reason"] = "no_street"
    times.loc[mine, [name for name in times.columns if name.startswith("travel_time_")]] = None
    visits = tables[VISIT]
    visits["reason"] = visits["reason"].astype(object)
    visits.loc[visits["neighbourhood_code"] == CODE, ["usable_pct", "reason"]] = [None, "no_street"]
    profile = build_one(tables)
    assert any("60% of the people live over 500 metres" in text for text in profile.own_caveats)
    assert not any("No street of the map lies" in text for text in profile.own_caveats)
    assert any("no street within 500 metres of 60% of the people" in text for text in map(plain, profile.facts))
    assert profile.visits is not None
    assert profile.visits.rows[0][-2].text == "–"


def test_a_day_without_any_data_has_no_axis_of_numbers() -> None:
    tables = build_profile_tables()
    levels = tables[d.SERVICE_LEVEL]
    levels.loc[levels["day_type"] == "sunday", "coverage_class"] = "missing"
    figure = build_one(tables).service_chart
    assert figure is not None
    sunday = figure.panels[-1]
    words = [item.words for item in sunday.items if hasattr(item, "words")]
    assert words[0] == "Sunday, whole day: runs a day"
    assert not any(re.fullmatch(r"[\d.]+", word) and not re.fullmatch(r"20\d\d", word) for word in words)


@pytest.mark.parametrize(
    ("source", "foot"),
    [
        (
            "Source: a; own computation. Every place is invented.",
            "Source: a; own computation. Every place is invented.",
        ),
        (
            f"Source: {'a' * 60}; own computation. {'Every place is invented. ' * 3}",
            f"Source: {'a' * 60}; own computation.",
        ),
        (f"Source: {'a' * 95}; own computation.", f"Source: {'a' * 95}."),
    ],
)
def test_the_foot_of_a_sheet_holds_whole_sentences(source: str, foot: str) -> None:
    assert shorten_source(source).startswith(foot[:-1])
    assert len(shorten_source(source)) <= MAX_FOOT
    assert shorten_source(source).endswith(".")


def test_every_place_with_an_outline_is_marked_on_one_background() -> None:
    report = ReportData(build_profile_tables(), build_context())
    locator = build_locator(report)
    assert locator is not None
    background = locator.draw_background()
    assert {item.look for item in background.items} == {"d-land"}
    for place in report.places:
        mark, whole = locator.draw_mark(place), draw_locator(report, place)
        if mark is None:
            assert whole is None
            continue
        assert whole is not None
        assert whole.items == background.items + mark.items
        assert {item.look for item in mark.items} <= {"d-home", "d-place"}
        assert mark.items


def test_without_outlines_a_profile_says_that_it_has_no_map() -> None:
    tables = build_profile_tables()
    tables[d.GEOGRAPHY]["geometry_wkb"] = None
    assert "No map: the inputs hold no outline of this ward." in build_profile_file(tables, build_context(), CODE).html
