"""Newport's scores: complete tables, compared by the Welsh index of deprivation, which is no indicator."""

from __future__ import annotations

import pandas as pd
import pytest

from pipeline.base.load import load_project
from pipeline.base.notices import Notices
from pipeline.places.build import build_places
from pipeline.stages.scores import read_spec


@pytest.fixture(scope="module")
def newport(shared_data, tmp_path_factory):
    return load_project("newport", data=str(shared_data), outputs=tmp_path_factory.mktemp("newport"))


def test_ranks_of_deprivation_are_those_of_the_welsh_index_within_newport(newport, shared_data):
    notices = Notices()
    places = build_places(newport.area, newport.resolve, notices=notices).neighbourhoods
    index = pd.read_csv(shared_data / "newport/wimd2019-lsoa11.csv").set_index("lsoa11_code")["IMD_rank"]
    mine = places.set_index("neighbourhood_code")["deprivation_rank"]
    assert mine.notna().sum() == 95
    assert mine.sort_values().index.tolist() == index.loc[mine.index].sort_values().index.tolist()
    assert "neighbourhood_without_deprivation" not in notices.counts()


def test_deprivation_and_rurality_are_no_indicators(newport):
    for indicator in read_spec(newport).indicators:
        assert indicator.column not in {"deprivation_rank", "rurality"}
