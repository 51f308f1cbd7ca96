"""Links to the streets: distances, reasons, and the gate that holds a run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.base.config import Gates
from pipeline.base.errors import GateError
from pipeline.base.notices import Notices
from pipeline.scoring.travel_time import build_membership
from pipeline.stages.links import check_gate, compute_linked, list_links

CODES = ["A", "B", "C", "D"]


def _areas(people: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame({"neighbourhood_code": ["A", "A", "B", "B", "C"], "population": people})


def test_a_neighbourhood_is_linked_if_half_of_its_people_are():
    linked = np.array([True, False, True, False, False])
    member = build_membership(_areas([50, 50, 49, 51, 10]), CODES)
    assert compute_linked(linked, member).tolist() == [True, False, False, False]  # D has no small area


def test_every_point_that_is_not_joined_says_why():
    points = {
        "vertex": [3, -1, -1, -1],
        "link_cm": [1234, -1, -1, -1],
        "nearest_street_m": [12.34, 80.0, 700.0, np.inf],
    }
    stops = pd.DataFrame({"stop_id": list("abcd"), "stop_name": list("ABCD"), "location_type": [0, 0, 0, 1], **points})
    areas = pd.DataFrame({"small_area_code": list("efgh"), **points})
    ends = pd.DataFrame({"destination_id": list("ijkl"), "category": "shops", **points})
    table = list_links(stops, areas, ends, max_link_m=500)
    assert table["point_id"].tolist() == list("abcefghijkl")  # no vehicle calls at a station, so d is left out
    areas_listed = table[table["kind"] == "small_area"]
    reasons = areas_listed["reason"].astype(object).where(areas_listed["reason"].notna(), None)
    assert reasons.tolist() == [None, "isolated_piece", "too_far", "no_location"]
    assert areas_listed["link_m"].tolist()[0] == 12.34
    assert areas_listed["link_m"].isna().tolist() == [False, True, True, True]
    assert areas_listed["nearest_street_m"].isna().tolist() == [False, False, False, True]
    assert table.loc[table["kind"] == "destination", "category"].eq("shops").all()


def test_the_gate_holds_the_run_and_says_how_to_accept_it():
    linked, notices = np.array([True, True, False, True]), Notices()
    with pytest.raises(GateError) as caught:
        check_gate(linked, CODES, Gates(), notices, file="here.yaml")
    assert caught.value.exit_code == 6
    assert "75.0 % of the 4 neighbourhoods" in str(caught.value)
    assert "Not joined: C." in str(caught.value)
    assert "min_linked_pct: 75, reason: why" in str(caught.value)
    assert notices.counts() == {}
    accepted = Gates(min_linked_pct=75, reason="the extract is small")
    assert check_gate(linked, CODES, accepted, notices, file="here.yaml") == 75.0
    assert notices.counts() == {"linked_gate_lowered": 1}
    assert "the extract is small" in notices.to_frame()["detail"].iloc[0]


def test_nothing_is_noted_where_all_are_linked():
    notices = Notices()
    assert check_gate(np.ones(4, bool), CODES, Gates(), notices, file="here.yaml") == 100.0
    assert notices.counts() == {}
