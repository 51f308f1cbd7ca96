"""Profiles: their numbers are those of the tables, what is missing is said, names stay text, bytes stay the same."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from pipeline.base.errors import ConfigError, UsageError
from pipeline.report import data as d
from pipeline.report.context import ReportContext
from pipeline.report.data import ReportData
from pipeline.report.drawing import Drawing
from pipeline.report.facts import Facts
from pipeline.report.profile_columns import LEGS, PROFILE_COLUMNS, USEFUL
from pipeline.report.profile_file import build_profile_file, write_css_string
from pipeline.report.profile_scores import list_parts
from pipeline.report.profile_subject import Subject
from pipeline.report.profile_views import read_minutes
from pipeline.report.profiles import Profile, ProfileBuilder
from pipeline.stages import chromium
from tests.support.profile_worlds import JOURNEYS, MARKUP, build_profile_tables
from tests.support.report_tables import build_context, build_tables

if TYPE_CHECKING:
    from pathlib import Path

CODE = "W0001"
CAP_S = 7_200


def build_one(
    tables: dict[str, pd.DataFrame] | None = None, context: ReportContext | None = None, code: str = CODE
) -> Profile:
    report = ReportData(build_profile_tables() if tables is None else tables, context or build_context())
    return ProfileBuilder(report, Facts(report)).build_profile(report.places[report.position[code]])


def read_text(html: str) -> str:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data)

    Reader().feed(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    return " ".join(" ".join(found).replace("\N{NO-BREAK SPACE}", " ").split())


def get_cells(profile: Profile, anchor: str) -> list[list[str]]:
    tables = (
        *(profile.key_numbers, profile.visits, *profile.changes, *profile.score_tables),
        *(*profile.more_times, *profile.more_service, *profile.more_changes, *profile.more_scores),
    )
    table = next(table for table in tables if table is not None and table.anchor == anchor)
    return [[cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in table.rows]


def test_every_minute_of_the_picture_follows_from_the_published_journeys() -> None:
    profile = build_one()
    figure = profile.time_blocks[0].figure
    assert figure is not None
    outward = figure.data[figure.data["direction"] == "outward"]
    assert len(outward) == 180
    for number, row in enumerate(outward.to_dict("records")):
        minute = 25_200 + 60 * number
        leave, arrive = next(journey for journey in JOURNEYS if journey[0] >= minute)
        if arrive - minute > CAP_S:
            assert pd.isna(row["travel_time_s"])
        else:
            assert row["travel_time_s"] == arrive - minute
            is_known = leave != JOURNEYS[-1][0]  # the last sets out after the window, nobody knows when
            assert row["wait_s"] == leave - minute if is_known else pd.isna(row["wait_s"])
    home = figure.data[figure.data["direction"] == "return"]
    assert home["travel_time_s"].isna().all()
    assert set(home["way"]) == {"none"}
    assert figure.headline.startswith("A hospital is 30 to ")
    assert "no journey at any minute" in figure.labels[1]


def test_a_walk_beats_a_bus_and_a_cap_cuts_both() -> None:
    row = {"journeys": "[[600,1200]]", "walk_time_s": 900.0, "cap_s": 3600, "window_start_s": 0, "window_minutes": 12}
    minutes = read_minutes({**row, "direction": "outward"})
    assert [m.total_s for m in minutes] == [900] * 6 + [840, 780, 720, 660, 600, 900]
    assert [m.is_walk for m in minutes] == [True] * 6 + [False] * 5 + [True]
    capped = read_minutes({**row, "direction": "outward", "cap_s": 700})
    assert [m.total_s for m in capped] == [None] * 9 + [660, 600, None]


def test_deadlines_count_the_wait_at_the_end() -> None:
    row = {"journeys": "[[0,600]]", "walk_time_s": None, "cap_s": 3600, "window_start_s": 540, "window_minutes": 4}
    minutes = read_minutes({**row, "direction": "arrive_by"})
    assert [(m.total_s, m.wait_s) for m in minutes] == [(None, 0), (600, 0), (660, 60), (720, 120)]


def test_parts_of_the_score_are_weights_times_points_and_add_up() -> None:
    tables = build_profile_tables()
    indicator = tables[d.INDICATOR]
    indicator["score"] = indicator["indicator"].map({"hospital_am": 80.0, "runs_weekday": 20.0})
    report = ReportData(tables, build_context())
    parts = list_parts(Subject(report, Facts(report), report.places[0]))
    assert [part.points for part in parts] == [0.25 * 80.0, 0.75 * 20.0]
    assert [part.weight_pct for part in parts] == [25.0, 75.0]


def test_scores_stand_beside_groups_peers_and_other_parameters() -> None:
    profile = build_one()
    figures = {figure.key: figure for figure in profile.charts}
    assert set(figures) == {"rank", "score", "score-parts"}
    boxes = figures["score"].data.set_index("of")
    assert boxes.loc["left behind wards"].tolist() == [40.0, 50.0, 60.0]
    assert get_cells(profile, "peers")[0][0] == "Harbour View"
    assert get_cells(profile, "sensitivity") == [
        ["slow walk: walking.speed_kmh 3.6 instead of 4.8", "Score (higher is worse)", "42.0", "43.5", "3", "4"]
    ]
    assert "61%" in profile.stability
    assert "tenths 1 to 3" in profile.stability


def test_visits_and_the_services_responsible_are_those_of_the_tables() -> None:
    profile = build_one()
    assert get_cells(profile, "visits")[0][2:] == ["81%", "81%", "37%", "not at half of the minutes", "150 min"]
    rows = get_cells(profile, "attribution-2010-2019")
    assert rows[0][2:] == [f"{MARKUP} (Coastal <i>Buses</i>): withdrawn", "+6.4", "12"]
    assert [row[2] for row in rows[1:]] == ["Services lost or cut, all together", "Whole change"]


def test_journeys_of_now_and_then_are_told() -> None:
    block = build_one().journeys[0]
    assert block.now.seconds == 1800
    assert block.before is not None
    assert not block.is_unchanged
    assert block.figure is not None
    assert "07:05 to 07:25" in block.now.words[1].replace("\N{NO-BREAK SPACE}", " ")
    same = build_profile_tables()
    same[LEGS].loc[same[LEGS]["route"].notna(), "route"] = "7"
    assert build_one(same).journeys[0].is_unchanged


def test_caveats_stand_only_where_they_apply() -> None:
    assert not any("street" in text for text in build_one().own_caveats)
    assert any("12% of the people live over 500 metres" in t for t in build_one(code="W0002").own_caveats)
    tables = build_profile_tables()
    tables[USEFUL]["people_unlinked_pct"] = 100.0
    assert any(text.startswith("No street of the map lies within 500 metres") for text in build_one(tables).own_caveats)
    times = build_profile_tables()
    frame = times[d.TRAVEL_TIME]
    mine = (frame["neighbourhood_code"] == CODE) & (frame["category"] == "stations") & (frame["window"] == "sunday")
    frame.loc[mine, ["reachable_pct", "reason"]] = [0.0, "no_route"]
    assert (
        "Cut off: no journey within 120 minutes at any minute (Sunday) to a railway station."
        in build_one(times).own_caveats
    )


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ((d.SCORE, d.INDICATOR), "No score was published for this ward."),
        ((d.JOBS,), "No jobs data exists for this area."),
        ((USEFUL, LEGS), "To the nearest by public transport or on foot: median by date"),
        ((d.SERVICE_LEVEL, d.SERVICE_CHANGE), "No service level was published for this ward."),
        (tuple(PROFILE_COLUMNS), "Rank"),
        ((d.TRAVEL_TIME, *PROFILE_COLUMNS), "No hospitals data exists for this area."),
    ],
)
def test_what_is_missing_is_said_and_the_rest_still_reads(lacking: tuple[str, ...], said: str) -> None:
    tables = {name: frame for name, frame in build_profile_tables().items() if name not in lacking}
    text = read_text(build_profile_file(tables, build_context(), CODE).html)
    assert said in text
    assert not re.search(r"\b(nan|NaN|None|<NA>)\b", text)


def test_one_snapshot_has_no_change_and_no_earlier_journey() -> None:
    context = build_context()
    alone = build_context(snapshots=context.snapshots[-1:])
    profile = build_one(context=alone)
    assert profile.changes == ()
    assert profile.journeys[0].before is None
    assert "With the timetables of" not in read_text(build_profile_file(build_profile_tables(), alone, CODE).html)


def test_a_file_of_its_own_needs_nothing_and_runs_nothing() -> None:
    html = build_profile_file(build_profile_tables(), build_context(), "W0012").html
    assert not re.search(r"""(src|href)=["'](?!data:)""", html)
    assert "<script" not in html
    assert MARKUP not in html
    assert "&lt;b onmouseover" in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_the_same_tables_give_the_same_profile_and_charts() -> None:
    first = build_profile_file(build_profile_tables(), build_context(), CODE)
    shuffled = {name: frame.sample(frac=1.0, random_state=5) for name, frame in build_profile_tables().items()}
    again = build_profile_file(shuffled, build_context(), CODE)
    assert first.html == again.html
    charts = first.build_charts()
    assert charts == again.build_charts()
    assert {name.rpartition(".")[2] for name in charts} == {"svg", "png", "csv"}
    assert "01-windows-hospitals.svg" in charts


def test_charts_to_paste_say_what_they_show_and_where_it_is_from() -> None:
    charts = build_profile_file(build_profile_tables(), build_context(), CODE).build_charts()
    for name, content in charts.items():
        if name.endswith(".svg"):
            root = ET.fromstring(content)
            title, description = root[0].text or "", root[1].text or ""
            text = " ".join("".join(element.itertext()) for element in root.iter())
            assert title[:20] in text, name
            assert "Source: timetables of" in " ".join(text.split()), name
            assert len(description) > len(title), name
        elif name.endswith(".csv"):
            assert len(pd.read_csv(io.BytesIO(content))) > 0, name
        else:
            assert content.startswith(b"\x89PNG"), name


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(UsageError, match="There is no neighbourhood 'X'"):
        build_profile_file(build_tables(), build_context(), "X")


def test_texts_in_a_drawing_are_escaped_and_its_box_holds_its_shapes() -> None:
    drawing = Drawing(40, 20)
    drawing.add_text("t-sub", 1, 9, MARKUP)
    drawing.add_hatch(2, 2, 30, 10)
    svg = str(drawing.write_svg("<&>", is_alone=True, description="d"))
    root = ET.fromstring(svg)
    assert MARKUP in "".join(root.itertext())
    hatch = drawing.items[-1]
    assert all(2 <= x <= 32 and 2 <= y <= 12 for part in hatch.parts for x, y in part)  # type: ignore[union-attr]


def test_a_css_string_cannot_be_left() -> None:
    hostile = '"; } body { background: url(x) } </style><script>\\'
    written = write_css_string(hostile)
    assert written[0] == written[-1] == '"'
    assert not re.search(r'["<>{}]', written[1:-1])
    assert re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), written[1:-1]) == hostile


def test_without_chromium_a_pdf_is_refused_with_a_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    with pytest.raises(ConfigError, match="no Chromium was found") as caught:
        chromium.print_pdf("<p>", tmp_path / "a.pdf")
    assert "apt-get install chromium" in str(caught.value.cure)
    monkeypatch.setenv(chromium.VARIABLE, "no-such-browser")
    with pytest.raises(ConfigError, match="no-such-browser"):
        chromium.print_pdf("<p>", tmp_path / "a.pdf")
    assert not (tmp_path / "a.pdf").exists()
